#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace identity {

/// Longer texts are cut before they are folded: no name or street is that long.
inline constexpr std::size_t kTextBytesMax = 64;

/// Lower case Latin letters and digits with single blanks between words, from any script (ICU
/// Any-Latin; Latin-ASCII): "O'Brien-Müller" -> "obrien muller". Apostrophes and full stops
/// vanish, every other sign parts words. Thread: any.
std::string fold(std::string_view text);
/// The same without blanks.
std::string fold_joined(std::string_view text);
/// Decimal digits only.
std::string digits_of(std::string_view text);

/// American Soundex (letter and three digits) of folded text, packed in four bytes; 0 when it has
/// no letter. Blanks are skipped.
std::uint32_t soundex(std::string_view folded);

}  // namespace identity
