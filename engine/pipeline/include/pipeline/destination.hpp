#pragma once
#include <core/ids.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace pipeline {

/// One thing on its way out, complete.
struct Delivery {
  core::Sequence sequence;
  int part = 0;
  std::string body;          ///< the transaction Bundle, JSON
  std::string traceparent;   ///< W3C Trace Context
};

struct DeliveryOutcome {
  enum class Kind { kDelivered, kTransient, kPermanent } kind = Kind::kTransient;
  int http_status = 0;
  std::optional<std::chrono::milliseconds> retry_after;
  std::string reason;        ///< for operators: "http 503", "connection refused"; no PHI
};

/// Where Bundles go. Implementations live in adapters/outbound. Thread: deliver() from any; `done`
/// runs exactly once, on any thread; close() makes pending deliveries fail as transient.
class Destination {
 public:
  virtual ~Destination() = default;
  virtual void deliver(Delivery delivery, std::function<void(DeliveryOutcome)> done) = 0;
  virtual void close() = 0;
};

}  // namespace pipeline
