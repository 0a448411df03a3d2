#include <core/text.hpp>
#include <outbound/fhir_destination.hpp>

#include <algorithm>
#include <array>

namespace outbound {
namespace {

using namespace std::chrono;

std::optional<int> digits(std::string_view text, std::size_t least, std::size_t most) {
  if (text.size() < least || text.size() > most) return std::nullopt;
  if (text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  return static_cast<int>(*core::to_int(text));
}

std::optional<unsigned> month_number(std::string_view name) {
  constexpr std::array<std::string_view, 12> names{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto at = std::find(names.begin(), names.end(), name);
  if (at == names.end()) return std::nullopt;
  return static_cast<unsigned>(at - names.begin()) + 1;
}

std::optional<seconds> time_of_day(std::string_view text) {
  const auto parts = core::split(text, ':');
  if (parts.size() != 3) return std::nullopt;
  const auto hour = digits(parts[0], 2, 2);
  const auto minute = digits(parts[1], 2, 2);
  const auto second = digits(parts[2], 2, 2);
  if (!hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 60)
    return std::nullopt;
  return hours{*hour} + minutes{*minute} + seconds{*second};
}

// Two digits mean the year that lies no more than 50 years ahead.
int full_year(int two, int this_year) {
  const int year = this_year / 100 * 100 + two;
  return year > this_year + 50 ? year - 100 : year;
}

// "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"
std::optional<sys_seconds> http_date(std::string_view text, core::Instant now) {
  std::vector<std::string_view> words;
  for (const auto word : core::split(text, ' ')) {
    if (!word.empty()) words.push_back(word);
  }
  std::string_view day_text, month_text, year_text, clock_text;
  if (words.size() == 6 && words[5] == "GMT") {
    day_text = words[1], month_text = words[2], year_text = words[3], clock_text = words[4];
  } else if (words.size() == 4 && words[3] == "GMT") {
    const auto parts = core::split(words[1], '-');
    if (parts.size() != 3) return std::nullopt;
    day_text = parts[0], month_text = parts[1], year_text = parts[2], clock_text = words[2];
  } else if (words.size() == 5) {
    day_text = words[2], month_text = words[1], year_text = words[4], clock_text = words[3];
  } else {
    return std::nullopt;
  }
  const auto day_number = digits(day_text, 1, 2);
  const auto month_in_year = month_number(month_text);
  auto year_number = digits(year_text, 2, 4);
  const auto clock = time_of_day(clock_text);
  if (!day_number || !month_in_year || !year_number || !clock) return std::nullopt;
  if (year_text.size() == 2) {
    const year_month_day today{floor<days>(now)};
    year_number = full_year(*year_number, static_cast<int>(today.year()));
  }
  const year_month_day date{year{*year_number}, month{*month_in_year},
                            day{static_cast<unsigned>(*day_number)}};
  if (!date.ok()) return std::nullopt;
  return sys_days{date} + *clock;
}

}  // namespace

std::optional<milliseconds> parse_retry_after(std::string_view text, core::Instant now) {
  text = core::trim(text);
  if (text.empty()) return std::nullopt;
  const milliseconds most = kRetryAfterMax;
  if (text.find_first_not_of("0123456789") == std::string_view::npos) {
    const auto value = core::to_int(text);
    if (!value || *value > most / seconds{1}) return most;
    return seconds{*value};
  }
  const auto date = http_date(text, now);
  if (!date) return std::nullopt;
  const auto wait = ceil<milliseconds>(*date - now);
  return std::clamp(wait, milliseconds{0}, most);
}

}  // namespace outbound
