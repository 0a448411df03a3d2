#include "event_time.hpp"

#include <array>
#include <string>

namespace pipeline {
namespace {

/// Reads up to `digits` decimal digits; -1 when one is none.
int number(std::string_view text) {
  int value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

std::optional<int> offset_seconds(std::string_view zone) {
  if (zone.size() != 3 && zone.size() != 5) return std::nullopt;
  const int hours = number(zone.substr(1, 2));
  const int minutes = zone.size() == 5 ? number(zone.substr(3, 2)) : 0;
  if (hours < 0 || hours > 14 || minutes < 0 || minutes > 59) return std::nullopt;
  const int seconds = hours * 3600 + minutes * 60;
  return zone.front() == '-' ? -seconds : seconds;
}

}  // namespace

std::optional<core::Instant> hl7_instant(std::string_view text, const core::TimeZone& zone) {
  using namespace std::chrono;
  std::optional<int> offset;
  if (const std::size_t sign = text.find_first_of("+-"); sign != std::string_view::npos) {
    offset = offset_seconds(text.substr(sign));
    if (!offset) return std::nullopt;
    text = text.substr(0, sign);
  }
  std::string_view fraction;
  if (const std::size_t dot = text.find('.'); dot != std::string_view::npos) {
    fraction = text.substr(dot + 1);
    text = text.substr(0, dot);
  }
  if (text.size() < 4 || text.size() > 14 || text.size() % 2 != 0) return std::nullopt;
  std::array<int, 6> part{number(text.substr(0, 4)), 1, 1, 0, 0, 0};
  for (std::size_t i = 1, at = 4; at < text.size(); ++i, at += 2) {
    part[i] = number(text.substr(at, 2));
  }
  const year_month_day date{year{part[0]}, month{static_cast<unsigned>(part[1])},
                            day{static_cast<unsigned>(part[2])}};
  if (part[0] < 1 || !date.ok() || part[3] < 0 || part[3] > 23 || part[4] < 0 || part[4] > 59 ||
      part[5] < 0 || part[5] > 59) {
    return std::nullopt;
  }
  int micros = 0;
  if (!fraction.empty()) {
    std::string six(fraction.substr(0, 6));
    six.resize(6, '0');
    micros = number(six);
    if (micros < 0) return std::nullopt;
  }
  const int east =
      offset ? *offset : zone.offset_of_local(part[0], part[1], part[2], part[3], part[4], part[5]);
  return core::Instant{sys_days{date}} + hours{part[3]} + minutes{part[4]} + seconds{part[5]} +
         microseconds{micros} - seconds{east};
}

std::optional<core::Instant> event_time(const hl7::Message& message, const core::TimeZone& zone) {
  const hl7::SegmentView evn = message.find("EVN");
  if (evn.present()) {
    if (auto at = hl7_instant(evn.field(2).child(1).raw(), zone)) return at;
  }
  return hl7_instant(message.segment(0).field(7).child(1).raw(), zone);
}

}  // namespace pipeline
