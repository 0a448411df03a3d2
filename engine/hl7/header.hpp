#pragma once
#include <core/result.hpp>
#include <hl7/message.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hl7 {

/// Printable ASCII that is neither letter nor digit nor blank (chapter 2.5.4).
constexpr bool is_delimiter_char(char c) {
  return c > ' ' && c <= '~' && !(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') &&
         !(c >= 'a' && c <= 'z');
}
/// Blank, tab, and the framing bytes an MLLP reader may have left over.
constexpr bool is_filler(char c) {
  return c == ' ' || c == '\t' || c == '\x0b' || c == '\x1c' || c == '\r' || c == '\n';
}

constexpr std::uint32_t packed_name(const char (&name)[4]) {
  return static_cast<std::uint32_t>((name[0] << 16) | (name[1] << 8) | name[2]);
}
inline constexpr std::uint32_t kMsh = packed_name("MSH");
inline constexpr std::uint32_t kFhs = packed_name("FHS");
inline constexpr std::uint32_t kBhs = packed_name("BHS");
/// Segments whose field 1 is the separator itself. `key` is detail::name_key().
constexpr bool is_header_key(std::uint32_t key) {
  return key == kMsh || key == kFhs || key == kBhs;
}

inline constexpr std::string_view kUtf8Mark = "\xef\xbb\xbf";

/// Where a message begins, and what it declares.
struct Start {
  std::size_t offset = 0;          ///< of "MSH", "FHS" or "BHS"
  std::size_t encoding_size = 0;   ///< characters of MSH-2
  Delimiters delimiters;
  bool text_before = false;        ///< more than blanks and a byte order mark
};

/// Finds the header within the first kTextBeforeMshMax bytes. kNoMsh, kBadEncodingCharacters.
core::Result<Start> find_start(std::string_view text);

/// Reads the delimiters of the header segment at `text`'s start; null when they are not legal.
/// @param encoding_size receives the length of MSH-2.
bool read_delimiters(std::string_view text, Delimiters& out, std::size_t& encoding_size);

}  // namespace hl7
