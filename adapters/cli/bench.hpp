#pragma once
#include <pipeline/knowledge.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

#include "yardstick.hpp"

namespace cli::bench {

/// A program of ours beside the measurement, so that its memory and CPU are its own.
class Child {
 public:
  /// Starts this very binary with `arguments`; waits for its first line of output.
  explicit Child(const std::vector<std::string>& arguments);
  ~Child();   ///< SIGTERM, then waits
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  const std::string& first_line() const { return first_line_; }
  std::uint64_t peak_rss_kib() const;    ///< VmHWM
  double cpu_seconds() const;            ///< user + system so far
  bool started() const { return !first_line_.empty(); }
  void stop();

 private:
  pid_t pid_ = -1;
  int out_ = -1;
  std::string first_line_;
};

/// What a load run measured. Latency counts from the write of a message to its whole ACK.
struct LoadResult {
  std::uint64_t acked = 0, failed = 0;
  double seconds = 0;
  double p50_ms = 0, p99_ms = 0, p999_ms = 0;
  double per_second() const { return seconds > 0 ? static_cast<double>(acked) / seconds : 0; }
};

struct LoadOptions {
  std::uint16_t port = 0;
  std::size_t connections = 1;
  std::chrono::milliseconds duration{5000};
  std::uint64_t messages_max = 0;        ///< 0: until the duration is over
  /// Text of the n-th message of a connection, with a control id of its own.
  std::function<std::string(std::size_t connection, std::uint64_t n)> message;
};
/// Closed loop: one message in flight on each connection. Every ACK is checked (AA, MSA-2).
LoadResult run_load(const LoadOptions& options);

/// The repeated ADT of the floors: about 1 KB, control id and MRN vary.
std::string sample_adt(std::uint64_t control, std::uint64_t patient);
/// A result with 24 OBX, about 4.9 KB.
std::string sample_oru(std::uint64_t control, std::uint64_t patient);

struct StageResult {
  double parse_adt_mb = 0, parse_oru_mb = 0;          ///< MB/s, one core, every boundary
  Paced map_adt, map_oru;                             ///< messages/s to serialised JSON
  double check_us = 0, digest_us = 0, ack_us = 0, group_us = 0;
};
StageResult run_stages(const pipeline::Knowledge& knowledge, const std::string& mapping);

}  // namespace cli::bench
