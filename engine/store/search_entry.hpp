#pragma once
#include "sqlite_db.hpp"

namespace store {

/// The SQL functions that read search_value.entries (see SearchIndex::add_entry()):
///   entry_has_code(entries, lead, code)              a token of that code, whatever its system
///                                                    or a reference to that id, of any type
///   entry_in_span(entries, lead, prefix, start, end) a date that fhir::DateQuery::matches
///   entry_has_text(entries, lead, how, text)         a text, compared as TextMatch says
///   entry_refers(entries, type, id)                  a reference, in whatever parameter
/// `lead` is what entries_of_param() makes. Thread: the connection's.
core::Status add_search_functions(SqliteDb& db);

enum class TextMatch { kBegin, kWhole, kPart };

}  // namespace store
