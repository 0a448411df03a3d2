// Debian builds libdate-tz to read the system's tzdata (USE_OS_TZDB=1), which has no code to fetch
// anything; the header must be told the same, or its layouts differ from the library's.
#define USE_OS_TZDB 1
#include <core/clock.hpp>
#include <core/text.hpp>
#include <date/tz.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <exception>

namespace core {
namespace {

const date::time_zone* as_zone(const void* zone) {
  return static_cast<const date::time_zone*>(zone);
}

const std::string& utc_name() {
  static const std::string name = "UTC";
  return name;
}

// "america/new york" and "New_York" are meant as America/New_York; else the smallest edit distance.
std::string_view suggest(std::string_view wanted, const date::tzdb& database) {
  std::string word = ascii_lower(wanted);
  std::replace(word.begin(), word.end(), ' ', '_');
  std::vector<std::string> lowered;
  lowered.reserve(database.zones.size());
  for (const auto& zone : database.zones) lowered.push_back(ascii_lower(zone.name()));
  for (std::size_t i = 0; i < lowered.size(); ++i) {
    const std::string_view city = std::string_view(lowered[i]).substr(lowered[i].rfind('/') + 1);
    if (lowered[i] == word || city == word) return database.zones[i].name();
  }
  const std::string_view near = nearest(word, {lowered.begin(), lowered.end()});
  for (std::size_t i = 0; i < lowered.size() && !near.empty(); ++i) {
    if (lowered[i] == near) return database.zones[i].name();
  }
  return {};
}

/// A time between two changes of a zone's clocks, when one offset holds.
struct Stretch {
  const void* zone = nullptr;
  std::int64_t begin = 0, end = 0;   ///< seconds since 1970 UTC
  int offset = 0;
};

/// A local time this far from both ends is neither doubled nor left out: no zone ever moved its
/// clocks by more than a day.
constexpr std::int64_t kEdgeSeconds = 2 * 86'400;

/// The stretches a thread asked for last: the zone's own tables are searched, and names copied,
/// each time, and most times of a message and of a visit lie within the same half year.
struct Stretches {
  std::array<Stretch, 4> known;
  std::size_t oldest = 0;

  /// The first of the zone for which `holds`.
  template <class Holds>
  const Stretch* find(const void* zone, const Holds& holds) const {
    const auto at = std::find_if(known.begin(), known.end(), [&](const Stretch& one) {
      return one.zone == zone && holds(one);
    });
    return at == known.end() ? nullptr : &*at;
  }
  void keep(const void* zone, const date::sys_info& info) {
    const auto seconds = [](const auto& at) { return std::int64_t{at.time_since_epoch().count()}; };
    const Stretch made{zone, seconds(info.begin), seconds(info.end),
                       static_cast<int>(info.offset.count())};
    // A local time near an end is asked of the zone each time: once is enough to know the stretch.
    if (find(zone, [&](const Stretch& one) { return one.begin == made.begin; })) return;
    known[oldest++ % known.size()] = made;
  }
};

Stretches& stretches() {
  thread_local Stretches mine;
  return mine;
}

}  // namespace

TimeZone::TimeZone() : name_(&utc_name()) {}

Result<TimeZone> TimeZone::find(std::string_view name) {
  TimeZone out;
  if (name == "UTC" || name == "Z") return out;
  try {
    const date::tzdb& database = date::get_tzdb();
    const auto at =
        std::lower_bound(database.zones.begin(), database.zones.end(), name,
                         [](const auto& zone, auto wanted) { return zone.name() < wanted; });
    if (at == database.zones.end() || at->name() != name) {
      std::string detail = "unknown time zone";
      const std::string_view near = suggest(name, database);
      if (!near.empty()) detail.append("; did you mean ").append(near).append("?");
      return fail(ErrorCode::kBadConfig, std::move(detail));
    }
    at->get_info(date::sys_seconds{});  // reads the zone's file now, where a failure has a place
    out.zone_ = &*at;
    out.name_ = &at->name();
    return out;
  } catch (const std::exception&) {
    return fail(ErrorCode::kBadConfig, "cannot read the system's time zones (package tzdata)");
  }
}

const std::string& TimeZone::name() const { return *name_; }

int TimeZone::offset_of_local(int year, int month, int day, int hour, int minute, int second,
                              bool* unsure) const {
  if (unsure) *unsure = false;
  if (!zone_) return 0;
  const date::year_month_day date{date::year{std::clamp(year, 1, 9999)},
                                  date::month{static_cast<unsigned>(std::clamp(month, 1, 12))},
                                  date::day{static_cast<unsigned>(std::clamp(day, 1, 31))}};
  const auto local = date::local_days{date} + std::chrono::hours{hour} +
                     std::chrono::minutes{minute} + std::chrono::seconds{second};
  const std::int64_t at = local.time_since_epoch().count();
  const Stretch* known = stretches().find(zone_, [at](const Stretch& one) {
    const std::int64_t there = at - one.offset;
    return there >= one.begin + kEdgeSeconds && there < one.end - kEdgeSeconds;
  });
  if (known) return known->offset;
  const date::local_info info = as_zone(zone_)->get_info(local);
  if (info.result == date::local_info::unique) stretches().keep(zone_, info.first);
  if (unsure) *unsure = info.result != date::local_info::unique;
  return static_cast<int>(info.first.offset.count());
}

int TimeZone::offset_at(Instant at) const {
  if (!zone_) return 0;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(at);
  const std::int64_t there = seconds.time_since_epoch().count();
  const Stretch* known = stretches().find(
      zone_, [there](const Stretch& one) { return there >= one.begin && there < one.end; });
  if (known) return known->offset;
  const date::sys_info info = as_zone(zone_)->get_info(seconds);
  stretches().keep(zone_, info);
  return static_cast<int>(info.offset.count());
}

}  // namespace core
