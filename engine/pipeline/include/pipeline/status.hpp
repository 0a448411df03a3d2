#pragma once
#include <core/clock.hpp>
#include <core/ids.hpp>
#include <store/journal.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pipeline {

/// What operators watch of one destination.
struct DestinationStatus {
  core::DestinationName name;
  std::uint64_t pending = 0, parked = 0, held = 0;   ///< whole outbox
  std::uint64_t in_flight = 0, backing_off = 0;      ///< in memory
  bool breaker_open = false;                         ///< unreachable: probing
  std::optional<core::Instant> oldest_pending, last_delivered;
  std::string last_error;
  std::uint64_t delivered = 0;
};

/// The engine at a glance.
struct EngineStatus {
  store::Journal::Stats journal;
  core::Sequence applied;
  std::string trouble;              ///< why the applier waits; empty while all is well
  bool draining = false;
  std::uint64_t open_deficiencies = 0;
  std::vector<DestinationStatus> destinations;
};

}  // namespace pipeline
