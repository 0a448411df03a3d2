#pragma once
#include <core/result.hpp>

#include <string>
#include <string_view>

namespace hl7 {

/// Strict conversion through ICU; kCharset for an unknown converter or bytes it does not define.
/// Converters are kept per thread. `icu_name` is an ICU name, never a table 0211 one.
core::Result<std::string> convert_to_utf8(std::string_view bytes, const char* icu_name);
core::Result<std::string> convert_from_utf8(std::string_view utf8, const char* icu_name);

/// @return whether ICU has a converter of that name (letters, digits and -_.:, at most 40).
bool has_converter(std::string_view name);
/// @return whether it leaves HL7's delimiters and segment names alone, so that a header could be
/// read before decoding. False for UTF-16, UTF-32, UTF-7, EBCDIC and their like.
bool keeps_ascii(const char* icu_name);

}  // namespace hl7
