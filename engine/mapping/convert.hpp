#pragma once
#include <core/clock.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "program.hpp"

namespace mapping {

/// An HL7 time stamp, YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ] (chapter 2.A.22), checked
/// against the calendar.
struct Stamp {
  int year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0;
  int parts = 0;                     ///< 1 year ... 6 second
  std::string_view fraction;         ///< digits as written
  bool has_offset = false;
  int offset_seconds = 0;
};
/// nullopt: not a time stamp, or a day that does not exist.
std::optional<Stamp> parse_stamp(std::string_view text);
/// HH[MM[SS[.S...]]] with the offset ignored; a longer value gives its time of day.
std::optional<Stamp> parse_time(std::string_view text);
/// Adds n units ("minutes", or UCUM and HL7 abbreviations). false when the unit is unknown or the
/// stamp is not that precise.
bool add_units(Stamp& stamp, std::int64_t amount, std::string_view unit);

/// Offsets of local times: the feed's zone, else MSH-7's own offset, else UTC. Remembers recent
/// answers: a time zone look-up costs more than the rest of the conversion.
class Offsets {
 public:
  void start(const core::TimeZone& zone, std::optional<int> message_offset_seconds);
  int at(const Stamp& stamp, bool& unsure);
  /// The one offset of all local times; nullopt: the zone's, as the time is.
  std::optional<int> fixed() const { return fixed_ ? std::optional(fixed_seconds_) : std::nullopt; }

 private:
  struct Known {
    std::uint64_t key = 0;
    int seconds = 0;
    bool unsure = false;
  };
  const core::TimeZone* zone_ = nullptr;
  std::string zone_name_;
  bool fixed_ = true;
  int fixed_seconds_ = 0;
  std::array<Known, 64> known_{};
};

/// Longest text of any FHIR date or time.
inline constexpr std::size_t kTimeTextMax = 48;
using TimeText = std::array<char, kTimeTextMax>;

/// Writes a stamp as date, dateTime, instant or time; empty when it is not precise enough.
std::string_view write_time(const Stamp& stamp, Prim prim, Offsets& offsets, TimeText& out,
                            bool& unsure);

/// Lexical NM -> JSON number: "+5" 5, ".5" 0.5, "007" 7, "1.10" as is. nullopt for ">5".
/// The result is a view into `text` or `scratch`.
std::optional<std::string_view> to_decimal(std::string_view text, std::string& scratch);

/// "1.2.840": arcs without leading zeros, the first one 0, 1 or 2.
bool is_oid(std::string_view text);
/// 8-4-4-4-12 hexadecimal digits.
bool is_uuid(std::string_view text);

std::optional<bool> to_boolean(std::string_view text);

/// text/plain and the like from ED.2 and ED.3, or from a subtype alone; empty when unknown.
std::string_view mime_type(std::string_view main, std::string_view sub, std::string& scratch);

}  // namespace mapping
