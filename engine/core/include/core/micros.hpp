#pragma once
#include <core/clock.hpp>

#include <chrono>
#include <cstdint>

namespace core {

/// An instant as stores keep it: microseconds since 1970, UTC.
constexpr std::int64_t micros(Instant at) { return at.time_since_epoch().count(); }
constexpr Instant instant(std::int64_t micros) {
  return Instant{std::chrono::microseconds{micros}};
}

}  // namespace core
