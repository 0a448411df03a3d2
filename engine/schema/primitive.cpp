#include <schema/r4.hpp>

#include <array>
#include <cstddef>

namespace schema {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// Reads a text from the left; every step fails for good once one has failed.
class Scan {
 public:
  explicit Scan(std::string_view text) : text_(text) {}

  bool at_end() const { return at_ == text_.size(); }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (peek() != c || at_end()) return false;
    ++at_;
    return true;
  }
  /// Exactly `count` digits, or -1.
  int digits(int count) {
    int value = 0;
    for (int i = 0; i < count; ++i) {
      if (!is_digit(peek())) return -1;
      value = value * 10 + (text_[at_++] - '0');
    }
    return value;
  }
  /// As many digits as there are.
  std::size_t run_of_digits() {
    const std::size_t begin = at_;
    while (is_digit(peek())) ++at_;
    return at_ - begin;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

int days_in(int year, int month) {
  constexpr std::array<int, 13> days = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : days[static_cast<std::size_t>(month)];
}

/// YYYY, YYYY-MM or YYYY-MM-DD. @return 1 to 3 for how much of it there is, 0 for none.
int scan_date(Scan& scan) {
  const int year = scan.digits(4);
  if (year < 1) return 0;
  if (!scan.take('-')) return 1;
  const int month = scan.digits(2);
  if (month < 1 || month > 12) return 0;
  if (!scan.take('-')) return 2;
  const int day = scan.digits(2);
  return day >= 1 && day <= days_in(year, month) ? 3 : 0;
}

/// hh:mm:ss, fractions allowed; 60 for leap seconds.
bool scan_time(Scan& scan) {
  const int hour = scan.digits(2);
  if (hour < 0 || hour > 23 || !scan.take(':')) return false;
  const int minute = scan.digits(2);
  if (minute < 0 || minute > 59 || !scan.take(':')) return false;
  const int second = scan.digits(2);
  if (second < 0 || second > 60) return false;
  return !scan.take('.') || scan.run_of_digits() > 0;
}

bool scan_zone(Scan& scan) {
  if (scan.take('Z')) return true;
  if (!scan.take('+') && !scan.take('-')) return false;
  const int hour = scan.digits(2);
  if (hour < 0 || hour > 14 || !scan.take(':')) return false;
  const int minute = scan.digits(2);
  return minute >= 0 && minute <= 59 && (hour < 14 || minute == 0);
}

bool is_date(std::string_view text) {
  Scan scan(text);
  return scan_date(scan) != 0 && scan.at_end();
}

bool is_date_time(std::string_view text, bool instant) {
  Scan scan(text);
  const int parts = scan_date(scan);
  if (parts == 0) return false;
  if (scan.at_end()) return !instant;
  return parts == 3 && scan.take('T') && scan_time(scan) && scan_zone(scan) && scan.at_end();
}

/// 32 bits, no leading zeros; `min` 0 or 1 excludes signs.
bool is_integer(std::string_view text, int min) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  if (text.empty() || text.size() > 10 || (text.size() > 1 && text[0] == '0')) return false;
  std::int64_t value = 0;
  for (const char c : text) {
    if (!is_digit(c)) return false;
    value = value * 10 + (c - '0');
  }
  if (negative) value = -value;
  return value >= (min == 0 || min == 1 ? min : -2147483648LL) && value <= 2147483647LL &&
         !(negative && min >= 0);
}

bool is_decimal(std::string_view text) {
  Scan scan(text);
  scan.take('-');
  if (!scan.take('0') && scan.run_of_digits() == 0) return false;
  if (scan.take('.') && scan.run_of_digits() == 0) return false;
  if (scan.take('e') || scan.take('E')) {
    if (!scan.take('+')) scan.take('-');
    if (scan.run_of_digits() == 0) return false;
  }
  return scan.at_end();
}

constexpr std::size_t kStringBytesMax = 1024 * 1024;  // datatypes.html: strings up to 1 MB

bool is_string(std::string_view text, bool limited) {
  if (text.empty() || (limited && text.size() > kStringBytesMax)) return false;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\r' && c != '\n') return false;
  }
  return true;
}

bool is_uri(std::string_view text) {
  for (const char c : text) {
    if (is_blank(c) || static_cast<unsigned char>(c) < 0x20) return false;
  }
  return !text.empty();
}

bool is_code(std::string_view text) {
  if (!is_string(text, true) || is_blank(text.front()) || is_blank(text.back())) return false;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (is_blank(text[i]) && is_blank(text[i - 1])) return false;
  }
  return true;
}

bool is_id(std::string_view text) {
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!letter && !is_digit(c) && c != '-' && c != '.') return false;
  }
  return !text.empty() && text.size() <= 64;
}

bool is_oid(std::string_view text) {
  if (!text.starts_with("urn:oid:")) return false;
  Scan scan(text.substr(8));
  if (scan.peek() < '0' || scan.peek() > '2') return false;
  scan.digits(1);
  int arcs = 0;
  while (scan.take('.')) {
    ++arcs;
    if (!scan.take('0') && scan.run_of_digits() == 0) return false;
  }
  return arcs > 0 && scan.at_end();
}

bool is_uuid(std::string_view text) {
  if (!text.starts_with("urn:uuid:") || text.size() != 45) return false;
  text.remove_prefix(9);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool hex = is_digit(text[i]) || (text[i] >= 'a' && text[i] <= 'f');
    if (dash ? text[i] != '-' : !hex) return false;
  }
  return true;
}

bool is_base64(std::string_view text) {
  std::size_t letters = 0;
  std::size_t padding = 0;
  for (const char c : text) {
    if (is_blank(c)) continue;
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) ||
                        c == '+' || c == '/';
    if (c == '=') ++padding;
    else if (!letter || padding > 0) return false;
    ++letters;
  }
  return letters > 0 && letters % 4 == 0 && padding <= 2;
}

/// One <div> element of the XHTML name space; what is inside is the narrative's own affair.
bool is_xhtml(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  if (!text.starts_with("<div")) return false;
  const std::size_t end = text.find('>');
  if (end == std::string_view::npos) return false;
  const std::string_view open = text.substr(0, end);
  return open.find("http://www.w3.org/1999/xhtml") != std::string_view::npos &&
         (text.ends_with("</div>") || open.ends_with('/'));
}

}  // namespace

bool valid_primitive(std::string_view type, std::string_view text) {
  if (type == "code") return is_code(text);
  if (type == "string" || type == "markdown") return is_string(text, true);
  if (type == "uri" || type == "url" || type == "canonical") return is_uri(text);
  if (type == "dateTime") return is_date_time(text, false);
  if (type == "date") return is_date(text);
  if (type == "instant") return is_date_time(text, true);
  if (type == "id") return is_id(text);
  if (type == "boolean") return text == "true" || text == "false";
  if (type == "decimal") return is_decimal(text);
  if (type == "integer") return is_integer(text, -1);
  if (type == "positiveInt") return is_integer(text, 1);
  if (type == "unsignedInt") return is_integer(text, 0);
  if (type == "base64Binary") return is_base64(text);
  if (type == "time") {
    Scan scan(text);
    return scan_time(scan) && scan.at_end();
  }
  if (type == "oid") return is_oid(text);
  if (type == "uuid") return is_uuid(text);
  if (type == "xhtml") return is_xhtml(text);
  return false;
}

}  // namespace schema
