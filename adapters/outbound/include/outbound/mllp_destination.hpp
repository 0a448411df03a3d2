#pragma once
#include <net/runtime.hpp>
#include <pipeline/destination.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace outbound {

inline constexpr std::size_t kMllpPendingMax = 100'000;

struct MllpDestinationOptions {
  std::string name;            ///< from the configuration; in the log
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  std::chrono::milliseconds timeout{30'000};   ///< to connect, and for each acknowledgement
};

/// An HL7 v2 receiver as a destination: one connection, one message at a time, in the order they
/// came (v2.5.1 appendix C.4). Delivered: AA or CA with our MSH-10, or what MSH-15/16 leave
/// unanswered. A refusal (AE, AR, CE, CR) is permanent: the receiver has seen the message. A
/// connection that breaks or does not answer is transient; the message may arrive twice then.
/// Thread: deliver() and close() from any; `done` runs on an io thread, on the caller's when
/// refused at once. The destructor waits for the delivery in flight: not from an io thread. The
/// runtime outlives it.
class MllpDestination final : public pipeline::Destination {
 public:
  MllpDestination(net::Runtime& runtime, MllpDestinationOptions options);
  ~MllpDestination() override;

  void deliver(pipeline::Delivery delivery,
               std::function<void(pipeline::DeliveryOutcome)> done) override;
  void close() override;

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace outbound
