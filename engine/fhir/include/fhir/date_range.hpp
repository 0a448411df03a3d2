#pragma once
#include <fhir/node.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace fhir {

/// The span of time that a date of FHIR means (http://hl7.org/fhir/R4/search.html#date): "2026-03"
/// is all of March. Microseconds since 1970 UTC; `end` is the first instant after it.
struct DateRange {
  std::int64_t start = 0;
  std::int64_t end = 0;
  friend bool operator==(const DateRange&, const DateRange&) = default;
};

/// date, dateTime or instant, also with minutes only ("2026-03-01T10:30Z"). A text without zone is
/// read as UTC. Years 1 to 9999; a leap second counts as the first instant of the next minute.
/// nullopt when malformed or no day of the calendar.
std::optional<DateRange> parse_date_range(std::string_view text);

/// per-1 of Period, of its two members, to the second. false where one is missing, or the order is
/// not known because one alone has an offset.
bool ends_before_start(const Node* start, const Node* end);

}  // namespace fhir
