#pragma once
#include <core/ids.hpp>
#include <core/metrics.hpp>
#include <core/result.hpp>
#include <mllp/frame_decoder.hpp>
#include <net/byte_stream.hpp>
#include <net/listener.hpp>
#include <net/runtime.hpp>
#include <pipeline/inbound.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace mllp {

struct ServerOptions {
  core::FeedName feed;
  /// frames.commit_blocks makes this a release 2 listener: each frame is answered by 0B 06 1C 0D
  /// once stored, by 0B 15 1C 0D otherwise, before any HL7 reply.
  FrameOptions frames;
  /// Frames of one connection handed in and not yet answered; at either limit its socket is not
  /// read any more, which slows its sender.
  std::size_t window_frames_max = 64;
  std::size_t window_bytes_max = std::size_t{8} << 20;
  /// Frames above 64 KiB of all connections together, from their first byte to their answer. A
  /// frame that finds no room waits, unread, within frame_deadline.
  std::size_t large_frames_bytes_max = std::size_t{512} << 20;

  std::chrono::milliseconds idle_deadline{0};          ///< between frames; 0: unlimited (keepalive)
  std::chrono::milliseconds frame_deadline{30'000};    ///< without progress inside a frame
  std::chrono::milliseconds frame_total_deadline{600'000};   ///< for one frame, whatever progress
  std::chrono::milliseconds write_deadline{30'000};    ///< for the peer to take its answers
};

/// An MLLP listener (HL7 v2.5.1 appendix C.4, release 2 as an option): a coroutine per connection
/// reads, splits, hands each frame to the handler and writes the replies in the order of the
/// frames,
/// several ready ones in one write. What cannot be read gets its refusal from the handler too
/// (submit_fault); HTTP and TLS on this port are closed. A frame cut off by a closing peer is
/// dropped, its length and hash logged; replies that could not be written are counted as
/// undelivered: the message is stored, and its repetition gets the stored reply.
///
/// Metrics, each with {listener}: chartwire_mllp_frames_total, chartwire_mllp_replies_total,
/// chartwire_mllp_ack_undelivered_total, chartwire_mllp_anomalies_total{kind},
/// chartwire_mllp_closed_total{reason} with the reasons peer-closed, reset, drain, idle,
/// frame-timeout, write-timeout, http, tls, junk, too-long, memory, handler.
/// Thread: any but the io threads. Lifetime: runtime, metrics and handler outlive it.
class Server {
 public:
  /// Errors as net::Listener::open.
  static core::Result<std::unique_ptr<Server>> open(net::Runtime& runtime, core::Metrics& metrics,
                                                    net::ListenOptions listen,
                                                    ServerOptions options,
                                                    pipeline::InboundHandler& handler);
  ~Server();

  void start();
  /// Stops reading, answers what was handed in, then closes; see net::Listener::stop.
  std::size_t stop(std::chrono::milliseconds grace);
  std::uint16_t port() const;
  const net::Listener& listener() const;

 private:
  Server() = default;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mllp
