#pragma once
#include <core/result.hpp>
#include <hl7/ack.hpp>
#include <mllp/frame_decoder.hpp>
#include <net/byte_stream.hpp>
#include <net/runtime.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace mllp {

struct ClientOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 2575;
  std::size_t window = 1;   ///< messages sent and not yet confirmed; release 2 allows one
  /// frames.commit_blocks: release 2, each message is confirmed by 06 before anything else.
  FrameOptions frames;
  std::chrono::milliseconds connect_deadline{10'000};
  std::chrono::milliseconds write_deadline{30'000};
  std::chrono::milliseconds ack_deadline{30'000};
  /// Enhanced mode: for the application acknowledgement after the accept one.
  std::chrono::milliseconds application_deadline{60'000};
};

struct SendResult {
  enum class State {
    kConfirmed,     ///< AA or CA with our control id (and, release 2, 06)
    kRefused,       ///< AE, AR, CE, CR with our control id, or commit block 15
    kUnconfirmed,   ///< sent; MSH-15/16 ask for no answer on success, and no refusal came
    kInDoubt,       ///< sent, perhaps in part, and never answered: it may or may not be stored
    kNotSent,       ///< the connection ended before its first byte
  };
  State state = State::kNotSent;
  std::optional<hl7::AckCode> code;    ///< of the last acknowledgement
  std::string text;                    ///< MSA-3 or the first ERR text; for operators
  std::string accept_ack, application_ack;   ///< as they came
  bool application_pending = false;    ///< accepted, and the application ACK did not come in time
  core::Error reason;                  ///< kInDoubt, kNotSent
};

struct ClientCounters {
  std::uint64_t sent = 0;
  std::uint64_t mismatched = 0;   ///< acknowledgements of nothing that waits: they confirm nothing
  std::uint64_t unreadable = 0;   ///< frames that are no acknowledgement
};

/// An MLLP client: one connection, messages in order, acknowledgements matched by MSA-2 alone. An
/// acknowledgement with another id never confirms anything. One that does not come in time closes
/// the connection, so that it cannot be taken for that of a later message, and leaves everything
/// unanswered in doubt. Whether to send such a message again is the caller's decision.
/// Thread: the executor it was connected on; send() by as many coroutines as wanted.
class Client {
 public:
  /// Errors as net::connect_tcp.
  static net::Awaitable<core::Result<std::shared_ptr<Client>>> connect(net::Runtime& runtime,
                                                                       ClientOptions options);
  /// Over a stream that is connected already.
  static std::shared_ptr<Client> over(net::Runtime& runtime,
                                      std::shared_ptr<net::ByteStream> stream,
                                      ClientOptions options);
  ~Client();   ///< close()

  /// Sends one message (ER7, without framing) when the window has room, and waits for what MSH-15
  /// and MSH-16 ask for: in original mode one application acknowledgement. A message without
  /// MSH-10 can be refused but never confirmed.
  net::Awaitable<SendResult> send(std::string message);

  bool connected() const;
  /// Ends the connection; what waits is in doubt.
  void close();
  ClientCounters counters() const;

  struct Impl;

 private:
  explicit Client(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;
};

}  // namespace mllp
