#include <algorithm>
#include <chrono>
#include <fhir/date_range.hpp>

namespace fhir {

namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kMinute = 60 * kSecond;

/// Takes exactly `digits` digits off the front.
bool take_number(std::string_view& text, std::size_t digits, int& value) {
  if (text.size() < digits) return false;
  value = 0;
  for (std::size_t n = 0; n < digits; ++n) {
    if (text[n] < '0' || text[n] > '9') return false;
    value = value * 10 + (text[n] - '0');
  }
  text.remove_prefix(digits);
  return true;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

std::int64_t at_midnight(std::chrono::year_month_day day) {
  using std::chrono::microseconds;
  return std::chrono::time_point_cast<microseconds>(std::chrono::sys_days(day))
      .time_since_epoch()
      .count();
}

/// Fraction of a second: its value, and the width its last digit means.
bool take_fraction(std::string_view& text, std::int64_t& micros, std::int64_t& width) {
  std::size_t digits = 0;
  micros = 0;
  width = kSecond;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') {
    if (digits < 6) {
      width /= 10;
      micros += (text[digits] - '0') * width;
    }
    ++digits;
  }
  text.remove_prefix(digits);
  return digits > 0;
}

bool take_zone(std::string_view& text, std::int64_t& offset) {
  offset = 0;
  if (text.empty() || take(text, 'Z')) return true;
  const std::int64_t sign = text.front() == '-' ? -1 : 1;
  int hours = 0, minutes = 0;
  if (!take(text, '+') && !take(text, '-')) return false;
  if (!take_number(text, 2, hours) || !take(text, ':') || !take_number(text, 2, minutes)) {
    return false;
  }
  offset = sign * (hours * 60 + minutes) * kMinute;
  return hours <= 14 && minutes <= 59;
}

std::optional<DateRange> with_time(std::string_view text, std::int64_t midnight) {
  int hour = 0, minute = 0, second = 0;
  std::int64_t micros = 0, width = kMinute, offset = 0;
  if (!take_number(text, 2, hour) || !take(text, ':') || !take_number(text, 2, minute)) return {};
  if (take(text, ':')) {
    if (!take_number(text, 2, second)) return {};
    width = kSecond;
    if (take(text, '.') && !take_fraction(text, micros, width)) return {};
  }
  if (hour > 23 || minute > 59 || second > 60 || !take_zone(text, offset) || !text.empty()) {
    return {};
  }
  const std::int64_t start =
      midnight + (hour * 60 + minute) * kMinute + second * kSecond + micros - offset;
  return DateRange{start, start + width};
}

}  // namespace

std::optional<DateRange> parse_date_range(std::string_view text) {
  using namespace std::chrono;
  int y = 0, m = 1, d = 1;
  if (!take_number(text, 4, y) || y == 0) return {};
  if (text.empty()) {
    return DateRange{at_midnight(year(y) / 1 / 1), at_midnight(year(y + 1) / 1 / 1)};
  }
  if (!take(text, '-') || !take_number(text, 2, m) || m < 1 || m > 12) return {};
  const year_month month_of = year(y) / m;
  if (text.empty()) {
    return DateRange{at_midnight(month_of / 1), at_midnight((month_of + months(1)) / 1)};
  }
  if (!take(text, '-') || !take_number(text, 2, d)) return {};
  const year_month_day date = month_of / d;
  if (!date.ok()) return {};
  const std::int64_t midnight = at_midnight(date);
  if (text.empty()) return DateRange{midnight, midnight + 24 * 60 * kMinute};
  if (!take(text, 'T')) return {};
  return with_time(text, midnight);
}

namespace {

constexpr std::size_t kToSecond = 19;   // YYYY-MM-DDThh:mm:ss

std::string_view offset_of(std::string_view time) {
  const std::size_t at = time.size() > kToSecond ? time.find_first_of("Z+-", kToSecond) : time.npos;
  return at == time.npos ? std::string_view() : time.substr(at);
}

/// Whether one FHIR dateTime lies before another. Of one offset they compare as texts, as far as
/// both are given; where one has no offset, nothing is known.
bool is_before(std::string_view time, std::string_view other) {
  if (offset_of(time) != offset_of(other)) {
    if (offset_of(time).empty() || offset_of(other).empty()) return false;
    const auto one = parse_date_range(time), two = parse_date_range(other);
    return one && two && one->start / kSecond < two->start / kSecond;
  }
  const std::size_t common = std::min({time.size(), other.size(), kToSecond});
  return time.substr(0, common) < other.substr(0, common);
}

}  // namespace

bool ends_before_start(const Node* start, const Node* end) {
  return start && end && start->kind == Node::Kind::kString && end->kind == Node::Kind::kString &&
         is_before(end->text, start->text);
}

}  // namespace fhir
