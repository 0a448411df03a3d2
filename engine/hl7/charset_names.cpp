#include "charset_names.hpp"

#include <core/text.hpp>

#include <array>

namespace hl7 {

namespace {

constexpr const char* kUtf8 = "UTF-8";
// JIS X 0201, 0208 and 0212 with ISO 2022 escapes; ICU's JIS8 also reads 8-bit half-width kana.
constexpr const char* kJis = "JIS8";

/// Table 0211 (HL7 v2.8.2) first, spellings met in the field after it.
constexpr auto kNames = std::to_array<CharsetName>({
    {"ASCII", nullptr},
    {"8859/1", "ISO-8859-1"},
    {"8859/2", "ISO-8859-2"},
    {"8859/3", "ISO-8859-3"},
    {"8859/4", "ISO-8859-4"},
    {"8859/5", "ISO-8859-5"},
    {"8859/6", "ISO-8859-6"},
    {"8859/7", "ISO-8859-7"},
    {"8859/8", "ISO-8859-8"},
    {"8859/9", "ISO-8859-9"},
    {"8859/10", "iso-8859_10-1998"},
    {"8859/11", "iso-8859_11-2001"},
    {"8859/13", "ISO-8859-13"},
    {"8859/14", "iso-8859_14-1998"},
    {"8859/15", "ISO-8859-15"},
    {"BIG-5", "Big5"},
    {"CNS 11643-1992", "EUC-TW"},
    {"GB 18030-2000", "gb18030"},
    {"ISO IR6", nullptr},
    {"ISO IR14", kJis, true},
    {"ISO IR87", kJis, true},
    {"ISO IR159", kJis, true},
    {"JIS X 0202", kJis, true},
    {"KS X 1001", "EUC-KR"},
    {"UNICODE", kUtf8},
    {"UNICODE UTF-8", kUtf8},
    {"UNICODE UTF-16", "UTF-16"},
    {"UNICODE UTF-32", "UTF-32"},
    {"US-ASCII", nullptr},
    {"UTF-8", kUtf8},
    {"UTF8", kUtf8},
    {"ISO-8859-1", "ISO-8859-1"},
    {"ISO IR100", "ISO-8859-1"},
    {"LATIN1", "ISO-8859-1"},
    {"WINDOWS-1252", "windows-1252"},
    {"CP1252", "windows-1252"},
    {"GB18030", "gb18030"},
});

}  // namespace

const CharsetName* find_charset(std::string_view name) {
  const std::string_view wanted = core::trim(name);
  for (const CharsetName& row : kNames) {
    if (core::iequals(row.hl7, wanted)) return &row;
  }
  return nullptr;
}

}  // namespace hl7
