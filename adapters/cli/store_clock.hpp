#pragma once
#include <core/clock.hpp>
#include <pipeline/config.hpp>
#include <pipeline/engine.hpp>

#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace cli {

/// The clock of a simulated store, and the mark `clock.json` that makes a store simulated for ever.
/// Thread: any.
class StoreClock {
 public:
  /// @return nullptr for a store on the system clock. A simulated store goes on at the time it had
  /// reached, or at `start` where that is later. kRefusedByPolicy: `start` on a store that holds
  /// something and bears no mark, or a listener off loopback.
  static core::Result<std::unique_ptr<StoreClock>> open(const pipeline::EngineConfig& config,
                                                        std::optional<core::Instant> start);

  const core::Clock& clock() const { return clock_; }
  /// Moves time forward, stopping at each deadline on the way as if it had passed by itself.
  /// @return the time it is then. kRefusedByPolicy: backward.
  core::Result<core::Instant> advance(pipeline::Engine& engine, core::Instant to);

  /// The time of a simulated store, for commands that look at it from outside; nullopt: system
  /// clock.
  static std::optional<core::Instant> time_of(const std::string& store_path);

 private:
  StoreClock(std::string file, core::Instant now) : file_(std::move(file)), clock_(now) {}
  core::Status mark() const;

  std::string file_;
  core::SimulatedClock clock_;
  std::mutex advancing_;
};

}  // namespace cli
