#pragma once
#include <core/error.hpp>
#include <core/ids.hpp>

#include <functional>
#include <string>
#include <vector>

namespace pipeline {

/// One message (or batch) as a transport received it.
struct Inbound {
  core::FeedName feed;
  std::string peer;             ///< "127.0.0.1:51234"
  std::string bytes;            ///< without framing, exactly as they came
  std::string content_charset;  ///< HTTP charset parameter, overrides MSH-18; usually empty
  bool xml = false;             ///< HL7 v2.xml
};

/// What to write back. Order is kept by the transport.
struct Reply {
  std::vector<std::string> messages;  ///< 0..n HL7 messages; none when MSH-15/16 say NE
  bool stored = false;                ///< durable: MLLP release 2 answers 06, else 15
  bool close_after = false;
};

/// Where transports hand in what they received. Thread: any. Never blocks for the disk; may block
/// briefly when queues are full, which is how a slow disk slows its senders.
class InboundHandler {
 public:
  virtual ~InboundHandler() = default;
  /// `done` runs exactly once, on any thread, after the message is durable or refused.
  virtual void submit(Inbound inbound, std::function<void(Reply)> done) = 0;
  /// A frame that never became a message (too long, bad trailer). `prefix` is what is known of its
  /// beginning, so that a refusal can name its control id.
  virtual void submit_fault(core::FeedName feed, std::string peer, core::Error fault,
                            std::string prefix, std::function<void(Reply)> done) = 0;
};

}  // namespace pipeline
