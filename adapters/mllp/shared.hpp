#pragma once
#include <core/metrics.hpp>
#include <mllp/server.hpp>
#include <net/runtime.hpp>
#include <pipeline/inbound.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mllp {

enum class CloseReason {
  kPeerClosed, kReset, kDrain, kIdle, kFrameTimeout, kWriteTimeout, kHttp, kTls, kJunk, kTooLong,
  kMemory, kHandler,
};
inline constexpr std::array<std::string_view, 12> kCloseReasons = {
    "peer-closed", "reset", "drain", "idle", "frame-timeout", "write-timeout", "http", "tls",
    "junk", "too-long", "memory", "handler"};

inline constexpr std::array<std::string_view, 9> kAnomalies = {
    "junk-bytes", "empty", "double-start", "restart", "missing-return", "inner-end", "inner-start",
    "too-long", "unframed"};
std::array<std::uint64_t, kAnomalies.size()> anomalies_of(const FrameCounters& counters);

/// What the connections of one listener share. Thread: any.
class Shared {
 public:
  Shared(net::Runtime& runtime, core::Metrics& metrics, const std::string& listener,
         ServerOptions options, pipeline::InboundHandler& handler);

  bool reserve(std::size_t bytes);   ///< of options.large_frames_bytes_max
  void release(std::size_t bytes);
  /// Counts, and logs at powers of two, so that a peer cannot flood the log.
  void note_anomaly(std::size_t kind, std::uint64_t times, const std::string& peer);

  net::Runtime& runtime;
  pipeline::InboundHandler& handler;
  const ServerOptions options;
  const std::string listener;
  core::Counter &frames, &replies, &undelivered;
  std::array<core::Counter*, kCloseReasons.size()> closed{};
  std::atomic<bool> draining{false};

 private:
  std::array<core::Counter*, kAnomalies.size()> anomalies_{};
  std::array<std::atomic<std::uint64_t>, kAnomalies.size()> anomaly_counts_{};
  std::atomic<std::size_t> reserved_{0};
};

}  // namespace mllp
