#pragma once
#include <core/clock.hpp>
#include <core/metrics.hpp>
#include <pipeline/engine.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <string>

namespace cli {

/// The engine with everything around it: listeners, destinations, read access, admin API, metrics.
/// What `serve` runs and `bench` measures. Thread: the owner's.
/// With `simulated_start` (or on a store once started so: it stays simulated for ever) time stands
/// still until POST /api/v1/clock moves it. kRefusedByPolicy: on a store that holds something
/// and is not simulated, or off loopback.
class Service {
 public:
  static core::Result<std::unique_ptr<Service>> start(
      pipeline::EngineConfig config, std::shared_ptr<const pipeline::Knowledge> knowledge,
      std::optional<core::Instant> simulated_start = std::nullopt);
  ~Service();

  /// "ready adt=127.0.0.1:2575 web=127.0.0.1:8080", or the same as JSON.
  std::string ready_line(bool json) const;
  std::uint16_t port(const std::string& listener) const;
  pipeline::Engine& engine();
  core::Metrics& metrics();
  /// Durability can no longer be promised; the process must end.
  bool failed() const;
  /// Stops taking messages, lets what is under way finish, closes. Idempotent.
  void drain(std::chrono::milliseconds grace);

 private:
  Service();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cli
