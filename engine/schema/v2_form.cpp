#include <schema/v2.hpp>

namespace schema {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes exactly `count` digits off the front; -1 when they are not there.
int take_digits(std::string_view& text, std::size_t count) {
  if (text.size() < count) return -1;
  int value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (!is_digit(text[i])) return -1;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool starts_part(std::string_view text) { return !text.empty() && is_digit(text[0]); }

int days_in(int year, int month) {
  constexpr int days[] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : days[month];
}

/// YYYY[MM[DD]] off the front. `day`: whether it had a day.
bool take_date(std::string_view& text, bool& day) {
  const int year = take_digits(text, 4);
  if (year < 0) return false;
  day = false;
  if (!starts_part(text)) return true;
  const int month = take_digits(text, 2);
  if (month < 1 || month > 12) return false;
  if (!starts_part(text)) return true;
  const int number = take_digits(text, 2);
  day = true;
  return number >= 1 && number <= days_in(year, month);
}

/// HH[MM[SS[.S...]]] off the front.
bool take_time(std::string_view& text) {
  const int hour = take_digits(text, 2);
  if (hour < 0 || hour > 23) return false;
  if (!starts_part(text)) return true;
  const int minute = take_digits(text, 2);
  if (minute < 0 || minute > 59) return false;
  if (!starts_part(text)) return true;
  const int second = take_digits(text, 2);
  if (second < 0 || second > 60) return false;
  if (text.empty() || text[0] != '.') return true;
  text.remove_prefix(1);
  if (!starts_part(text)) return false;
  while (starts_part(text)) text.remove_prefix(1);
  return true;
}

/// [+-]HHMM at the end, or nothing.
bool take_zone(std::string_view text) {
  if (text.empty()) return true;
  if (text[0] != '+' && text[0] != '-') return false;
  text.remove_prefix(1);
  const int hour = take_digits(text, 2);
  const int minute = take_digits(text, 2);
  return hour >= 0 && hour <= 14 && minute >= 0 && minute <= 59 && text.empty();
}

bool is_date_time(std::string_view text) {
  bool day = false;
  if (!take_date(text, day)) return false;
  if (day && starts_part(text) && !take_time(text)) return false;
  return take_zone(text);
}

bool is_number(std::string_view text) {
  if (text.front() == '+' || text.front() == '-') text.remove_prefix(1);
  std::size_t digits = 0;
  bool point = false;
  for (const char c : text) {
    if (is_digit(c)) ++digits;
    else if (c == '.' && !point) point = true;
    else return false;
  }
  return digits > 0;
}

}  // namespace

bool valid_form(Form form, std::string_view text) {
  if (text.empty()) return false;
  bool day = false;
  switch (form) {
    case Form::kNumber: return is_number(text);
    case Form::kSequence:
      for (const char c : text) {
        if (!is_digit(c)) return false;
      }
      return true;
    case Form::kDate: return take_date(text, day) && text.empty();
    case Form::kTime: return take_time(text) && take_zone(text);
    case Form::kDateTime: return is_date_time(text);
    case Form::kComposite:
    case Form::kText:
    case Form::kVaries: return true;
  }
  return true;
}

}  // namespace schema
