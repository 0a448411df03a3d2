#include "convert.hpp"

#include <core/hash.hpp>
#include <core/text.hpp>

#include <algorithm>
#include <chrono>
#include <cstring>

namespace mapping {

namespace {

bool digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return c >= '0' && c <= '9'; });
}

int two(std::string_view text, std::size_t at) {
  return (text[at] - '0') * 10 + (text[at + 1] - '0');
}

int days_in(int year, int month) {
  static constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[month - 1];
}

/// Takes "+0500", "-05", "+05:00" or "Z" off the end.
bool take_offset(std::string_view& text, Stamp& out) {
  if (text.ends_with('Z')) {
    text.remove_suffix(1);
    out.has_offset = true;
    return true;
  }
  const std::size_t sign = text.find_last_of("+-");
  if (sign == text.npos) return true;
  std::string_view zone = text.substr(sign + 1);
  char plain[4] = {'0', '0', '0', '0'};
  if (zone.size() == 5 && zone[2] == ':') {
    std::memcpy(plain, zone.data(), 2);
    std::memcpy(plain + 2, zone.data() + 3, 2);
  } else if (zone.size() == 4 || zone.size() == 2) {
    std::memcpy(plain, zone.data(), zone.size());
  } else {
    return false;
  }
  const std::string_view all(plain, 4);
  if (!digits(all)) return false;
  const int hours = two(all, 0), minutes = two(all, 2);
  if (hours > 14 || minutes > 59) return false;
  out.offset_seconds = (text[sign] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
  out.has_offset = true;
  text = text.substr(0, sign);
  return true;
}

bool take_fraction(std::string_view& text, Stamp& out) {
  const std::size_t dot = text.find('.');
  if (dot == text.npos) return true;
  out.fraction = text.substr(dot + 1);
  text = text.substr(0, dot);
  if (out.fraction.empty()) return true;
  return digits(out.fraction) && out.fraction.size() <= 9;
}

bool clock_in_range(const Stamp& s) {
  return s.hour <= 23 && s.minute <= 59 && s.second <= 60;
}

char* put(char* at, int value, int width) {
  for (int i = width - 1; i >= 0; --i) {
    at[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  return at + width;
}

}  // namespace

std::optional<Stamp> parse_stamp(std::string_view text) {
  Stamp out;
  text = core::trim(text);
  if (!take_offset(text, out) || !take_fraction(text, out) || !digits(text)) return std::nullopt;
  if (text.size() < 4 || text.size() > 14 || text.size() % 2 != 0) return std::nullopt;
  out.year = two(text, 0) * 100 + two(text, 2);
  out.parts = static_cast<int>(text.size() / 2) - 1;
  if (out.parts > 1) out.month = two(text, 4);
  if (out.parts > 2) out.day = two(text, 6);
  if (out.parts > 3) out.hour = two(text, 8);
  if (out.parts > 4) out.minute = two(text, 10);
  if (out.parts > 5) out.second = two(text, 12);
  if (out.parts < 6 && !out.fraction.empty()) return std::nullopt;
  if (out.year < 1 || out.month < 1 || out.month > 12 || out.day < 1 ||
      out.day > days_in(out.year, out.month) || !clock_in_range(out)) {
    return std::nullopt;
  }
  return out;
}

std::optional<Stamp> parse_time(std::string_view text) {
  text = core::trim(text);
  Stamp out;
  std::string_view rest = text;
  if (!take_offset(rest, out) || !take_fraction(rest, out) || !digits(rest)) return std::nullopt;
  if (rest.size() > 6) {
    const auto stamp = parse_stamp(text);
    return stamp && stamp->parts > 3 ? stamp : std::nullopt;
  }
  if (rest.size() % 2 != 0) return std::nullopt;
  out.hour = two(rest, 0);
  if (rest.size() > 2) out.minute = two(rest, 2);
  if (rest.size() > 4) out.second = two(rest, 4);
  out.parts = 3 + static_cast<int>(rest.size() / 2);
  if (!clock_in_range(out)) return std::nullopt;
  return out;
}

bool add_units(Stamp& stamp, std::int64_t amount, std::string_view unit) {
  struct Unit {
    std::string_view name;
    std::int64_t seconds;   ///< 0: months
    int months;
    int parts;              ///< precision it needs
  };
  static constexpr Unit kUnits[] = {
      {"seconds", 1, 0, 6}, {"s", 1, 0, 6}, {"sec", 1, 0, 6}, {"S", 1, 0, 6},
      {"SEC", 1, 0, 6},
      {"minutes", 60, 0, 5}, {"min", 60, 0, 5}, {"M", 60, 0, 5}, {"MIN", 60, 0, 5},
      {"Min", 60, 0, 5}, {"Minutes", 60, 0, 5}, {"MINUTES", 60, 0, 5}, {"minute", 60, 0, 5},
      {"HR", 3600, 0, 4}, {"hrs", 3600, 0, 4}, {"hour", 3600, 0, 4}, {"day", 86400, 0, 3},
      {"hours", 3600, 0, 4}, {"h", 3600, 0, 4}, {"hr", 3600, 0, 4}, {"H", 3600, 0, 4},
      {"days", 86400, 0, 3}, {"d", 86400, 0, 3}, {"D", 86400, 0, 3},
      {"weeks", 604800, 0, 3}, {"wk", 604800, 0, 3}, {"W", 604800, 0, 3},
      {"months", 0, 1, 2}, {"mo", 0, 1, 2}, {"L", 0, 1, 2},
      {"years", 0, 12, 1}, {"a", 0, 12, 1}, {"yr", 0, 12, 1}, {"Y", 0, 12, 1}};
  const auto found = std::find_if(std::begin(kUnits), std::end(kUnits),
                                  [&](const Unit& u) { return u.name == unit; });
  // A hundred years in seconds: more is a slip, and the calendar ends at 9999.
  if (found == std::end(kUnits) || stamp.parts < found->parts || amount > 3'200'000'000 ||
      amount < -3'200'000'000) {
    return false;
  }
  using namespace std::chrono;
  if (found->months != 0) {
    const std::int64_t total = stamp.year * 12 + (stamp.month - 1) + amount * found->months;
    if (total < 12 || total >= 120'000) return false;
    stamp.year = static_cast<int>(total / 12);
    stamp.month = static_cast<int>(total % 12) + 1;
    stamp.day = std::min(stamp.day, days_in(stamp.year, stamp.month));
    return true;
  }
  if (amount > 100'000'000'000 / found->seconds || amount < -100'000'000'000 / found->seconds) {
    return false;
  }
  const sys_seconds start = sys_days(year{stamp.year} / stamp.month / stamp.day) +
                            hours{stamp.hour} + minutes{stamp.minute} + seconds{stamp.second};
  const sys_seconds moved = start + seconds{amount * found->seconds};
  const auto day = floor<days>(moved);
  const year_month_day date{day};
  const hh_mm_ss clock{moved - day};
  if (int(date.year()) < 1 || int(date.year()) > 9999) return false;
  stamp.year = int(date.year());
  stamp.month = static_cast<int>(unsigned(date.month()));
  stamp.day = static_cast<int>(unsigned(date.day()));
  stamp.hour = static_cast<int>(clock.hours().count());
  stamp.minute = static_cast<int>(clock.minutes().count());
  stamp.second = static_cast<int>(clock.seconds().count());
  return true;
}

void Offsets::start(const core::TimeZone& zone, std::optional<int> message_offset_seconds) {
  // The feed's zone knows summer time, which the offset of one moment does not.
  fixed_ = zone.name() == "UTC" || zone.name() == "Etc/UTC";
  fixed_seconds_ = message_offset_seconds.value_or(0);
  zone_ = &zone;
  if (zone_name_ != zone.name()) {
    zone_name_ = zone.name();
    known_.fill({});
  }
}

int Offsets::at(const Stamp& s, bool& unsure) {
  if (fixed_) return fixed_seconds_;
  const std::uint64_t minute =
      ((static_cast<std::uint64_t>(s.year) * 13 + static_cast<std::uint64_t>(s.month)) * 32 +
       static_cast<std::uint64_t>(s.day)) * 1440 +
      static_cast<std::uint64_t>(s.hour * 60 + s.minute);
  Known& known = known_[minute % known_.size()];
  if (known.key != minute) {
    known.key = minute;
    known.unsure = false;
    known.seconds = zone_->offset_of_local(s.year, s.month, s.day, s.hour, s.minute, 0,
                                           &known.unsure);
  }
  unsure |= known.unsure;
  return known.seconds;
}

std::string_view write_time(const Stamp& s, Prim prim, Offsets& offsets, TimeText& out,
                            bool& unsure) {
  char* at = out.data();
  const bool clock = prim == Prim::kTime || (prim != Prim::kDate && s.parts > 3);
  if (prim == Prim::kInstant && s.parts < 6) return {};
  if (prim != Prim::kTime) {
    at = put(at, s.year, 4);
    if (s.parts > 1) {
      *at++ = '-';
      at = put(at, s.month, 2);
    }
    if (s.parts > 2) {
      *at++ = '-';
      at = put(at, s.day, 2);
    }
    if (!clock) return {out.data(), static_cast<std::size_t>(at - out.data())};
    *at++ = 'T';
  }
  at = put(at, s.hour, 2);
  *at++ = ':';
  at = put(at, s.minute, 2);
  *at++ = ':';
  at = put(at, s.second, 2);
  if (!s.fraction.empty()) {
    *at++ = '.';
    std::memcpy(at, s.fraction.data(), s.fraction.size());
    at += s.fraction.size();
  }
  if (prim != Prim::kTime) {
    const int offset = s.has_offset ? s.offset_seconds : offsets.at(s, unsure);
    const int minutes = (offset < 0 ? -offset : offset) / 60;
    *at++ = offset < 0 ? '-' : '+';
    at = put(at, minutes / 60, 2);
    *at++ = ':';
    at = put(at, minutes % 60, 2);
  }
  return {out.data(), static_cast<std::size_t>(at - out.data())};
}

std::optional<std::string_view> to_decimal(std::string_view text, std::string& scratch) {
  text = core::trim(text);
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  const std::size_t dot = rest.find('.');
  std::string_view whole = rest.substr(0, dot);
  std::string_view part = dot == rest.npos ? std::string_view() : rest.substr(dot + 1);
  if ((whole.empty() && part.empty()) || (!whole.empty() && !digits(whole)) ||
      (!part.empty() && !digits(part))) {
    return std::nullopt;
  }
  const bool clean = !text.starts_with('+') && !whole.empty() &&
                     (whole.size() == 1 || whole[0] != '0') && (dot == rest.npos || !part.empty());
  if (clean) return text;
  while (whole.size() > 1 && whole[0] == '0') whole.remove_prefix(1);
  scratch.clear();
  if (negative) scratch += '-';
  scratch += whole.empty() ? std::string_view("0") : whole;
  if (!part.empty()) {
    scratch += '.';
    scratch += part;
  }
  return scratch;
}

bool is_oid(std::string_view text) {
  if (text.size() < 3 || text[0] < '0' || text[0] > '2' || text[1] != '.') return false;
  for (std::string_view arc : core::split(text, '.')) {
    if (!digits(arc) || (arc.size() > 1 && arc[0] == '0')) return false;
  }
  return true;
}

bool is_uuid(std::string_view text) {
  core::Uuid parsed;
  return text.size() == 36 && core::Uuid::parse(text, parsed);
}

std::optional<bool> to_boolean(std::string_view text) {
  text = core::trim(text);
  for (std::string_view yes : {"Y", "T", "1", "YES", "TRUE"}) {
    if (core::iequals(text, yes)) return true;
  }
  for (std::string_view no : {"N", "F", "0", "NO", "FALSE"}) {
    if (core::iequals(text, no)) return false;
  }
  return std::nullopt;
}

std::string_view mime_type(std::string_view main, std::string_view sub, std::string& scratch) {
  struct Known {
    std::string_view sub, type;
  };
  static constexpr Known kKnown[] = {
      {"pdf", "application/pdf"}, {"x-pdf", "application/pdf"}, {"jpeg", "image/jpeg"},
      {"jpg", "image/jpeg"}, {"png", "image/png"}, {"gif", "image/gif"}, {"tiff", "image/tiff"},
      {"tif", "image/tiff"}, {"g3fax", "image/g3fax"}, {"bmp", "image/bmp"},
      {"html", "text/html"}, {"htm", "text/html"}, {"xml", "text/xml"}, {"sgml", "text/sgml"},
      {"plain", "text/plain"}, {"text", "text/plain"}, {"txt", "text/plain"},
      {"rtf", "application/rtf"}, {"dicom", "application/dicom"},
      {"octet-stream", "application/octet-stream"}, {"msword", "application/msword"},
      {"doc", "application/msword"}, {"postscript", "application/postscript"},
      {"ps", "application/postscript"}, {"x-hl7-cda-level-one", "text/xml"},
      {"json", "application/json"}, {"mpeg", "video/mpeg"}, {"mp4", "video/mp4"},
      {"basic", "audio/basic"}, {"wav", "audio/wav"}};
  if (sub.find('/') != sub.npos) {
    scratch = core::ascii_lower(sub);
    return scratch;
  }
  for (const Known& one : kKnown) {
    if (core::iequals(one.sub, sub)) return one.type;
  }
  if (sub.empty() && (core::iequals(main, "TEXT") || core::iequals(main, "TX") ||
                      core::iequals(main, "FT"))) {
    return "text/plain";
  }
  return {};
}

}  // namespace mapping
