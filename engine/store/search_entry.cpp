#include "search_entry.hpp"

#include <core/text.hpp>
#include <fhir/search_values.hpp>

#include "search_index.hpp"
#include "search_rows.hpp"

namespace store {
namespace {

std::string_view text_of(sqlite3_value* value) {
  const auto* bytes = static_cast<const char*>(sqlite3_value_blob(value));
  return bytes == nullptr ? std::string_view()
                          : std::string_view(bytes, static_cast<std::size_t>(
                                                        sqlite3_value_bytes(value)));
}

/// Calls `fits` with what follows `lead` in each entry that begins so, until it says yes.
template <class Fits>
bool any_entry(std::string_view entries, std::string_view lead, const Fits& fits) {
  for (std::size_t at = entries.find(lead); at != std::string_view::npos;
       at = entries.find(lead, at)) {
    at += lead.size();
    const std::size_t end = entries.find(kEntryEnd, at);
    if (fits(entries.substr(at, end - at))) return true;
    if (end == std::string_view::npos) return false;
    at = end;   // it also leads the next one
  }
  return false;
}

void has_code(sqlite3_context* context, int, sqlite3_value** values) {
  const std::string_view code = text_of(values[2]);
  const bool found = any_entry(text_of(values[0]), text_of(values[1]), [&](std::string_view one) {
    const std::size_t field = one.find(kEntryField);
    return field != std::string_view::npos && one.substr(field + 1) == code;
  });
  sqlite3_result_int(context, found ? 1 : 0);
}

void in_span(sqlite3_context* context, int, sqlite3_value** values) {
  fhir::DateQuery query;
  query.prefix = static_cast<fhir::DateQuery::Prefix>(sqlite3_value_int(values[2]));
  query.range.start = sqlite3_value_int64(values[3]);
  query.range.end = sqlite3_value_int64(values[4]);
  const bool found = any_entry(text_of(values[0]), text_of(values[1]), [&](std::string_view one) {
    const std::size_t field = one.find(kEntryField);
    if (field == std::string_view::npos) return false;
    const auto start = core::to_int(one.substr(0, field));
    const auto end = core::to_int(one.substr(field + 1));
    return start && end && query.matches(*start, *end);
  });
  sqlite3_result_int(context, found ? 1 : 0);
}

void has_text(sqlite3_context* context, int, sqlite3_value** values) {
  const auto how = static_cast<TextMatch>(sqlite3_value_int(values[2]));
  const std::string_view text = text_of(values[3]);
  const bool found = any_entry(text_of(values[0]), text_of(values[1]), [&](std::string_view one) {
    switch (how) {
      case TextMatch::kBegin: return one.starts_with(text);
      case TextMatch::kWhole: return one == text;
      case TextMatch::kPart: return one.find(text) != std::string_view::npos;
    }
    return false;
  });
  sqlite3_result_int(context, found ? 1 : 0);
}

void refers(sqlite3_context* context, int, sqlite3_value** values) {
  const std::int64_t type = sqlite3_value_int64(values[1]);
  const std::string_view id = text_of(values[2]);
  static constexpr char kMark[] = {kEntryEnd, 'r'};
  const std::string_view any_reference(kMark, sizeof kMark);
  const bool found =
      any_entry(text_of(values[0]), any_reference, [&](std::string_view one) {
        const EntryRow row = read_entry({one.data() - 1, one.size() + 1});   // with its 'r'
        return row.word == type && row.text == id;
      });
  sqlite3_result_int(context, found ? 1 : 0);
}

}  // namespace

core::Status add_search_functions(SqliteDb& db) {
  auto status = db.add_function("entry_has_code", 3, has_code);
  if (status) status = db.add_function("entry_in_span", 5, in_span);
  if (status) status = db.add_function("entry_has_text", 4, has_text);
  if (status) status = db.add_function("entry_refers", 3, refers);
  return status;
}

}  // namespace store
