#pragma once
#include <core/result.hpp>

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>

namespace core {

/// A point in time, UTC, microseconds.
using Instant = std::chrono::sys_time<std::chrono::microseconds>;

/// The one source of "now". Injected everywhere; nothing else reads the system clock for meaning.
/// Order and retry never depend on it. Thread: any.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;
};

class SystemClock final : public Clock {
 public:
  Instant now() const override;
};

/// A clock that moves only forward and only by hand (tests, `serve --clock`). Thread: any.
class SimulatedClock final : public Clock {
 public:
  explicit SimulatedClock(Instant start) : micros_(start.time_since_epoch().count()) {}
  Instant now() const override;
  /// @return false, changing nothing, when `to` lies before now.
  bool advance_to(Instant to);

 private:
  std::atomic<std::int64_t> micros_;
};

/// "2026-11-21T08:15:30.123456Z" (fraction dropped when zero).
std::string to_iso(Instant at);
/// ISO 8601 with zone ("Z", "+05", "+0500", "+05:00"), date alone = midnight UTC.
Result<Instant> from_iso(std::string_view text);

/// An IANA time zone ("America/New_York"), from the system's tzdata. Value type, cheap to copy.
class TimeZone {
 public:
  TimeZone();  ///< UTC
  /// kBadConfig with the nearest zone name when unknown.
  static Result<TimeZone> find(std::string_view name);
  const std::string& name() const;

  /// Seconds east of UTC at a local civil time. An ambiguous time takes the earlier instant and a
  /// time that does not exist (spring forward) the offset before the gap; both set `*unsure`.
  int offset_of_local(int year, int month, int day, int hour, int minute, int second,
                      bool* unsure = nullptr) const;
  /// Seconds east of UTC at an instant.
  int offset_at(Instant at) const;

 private:
  const void* zone_ = nullptr;
  const std::string* name_;
};

}  // namespace core
