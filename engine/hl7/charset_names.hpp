#pragma once
#include <string_view>

namespace hl7 {

/// A row of table 0211: the HL7 name, and the ICU converter that reads it (null: plain ASCII).
struct CharsetName {
  std::string_view hl7;
  const char* icu;
  bool iso2022 = false;   ///< switched by escape sequences, so bytes below 128 are not plain
};

/// By HL7 name, or the usual other spellings of the same set; case and blanks around do not
/// matter. Null when the name is not in the table (ICU may still know it).
const CharsetName* find_charset(std::string_view name);

}  // namespace hl7
