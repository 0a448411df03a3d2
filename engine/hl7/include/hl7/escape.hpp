#pragma once
#include <hl7/message.hpp>

#include <string>
#include <string_view>

namespace hl7 {

inline constexpr int kEscapeBlanksMax = 100;  ///< .sp and .sk ask for at most this many

/// Decodes escape sequences once (chapter 2.7):
///   \F\ \S\ \T\ \R\ \E\ \P\         the delimiter itself
///   \Xhh..\                         bytes in `delimiters.hex_charset`; odd, undecodable: kept raw
///   \.br\ \.sp n\                   line feed, n line feeds;  \.sk n\  n blanks
///   \.in\ \.ti\ \.fi\ \.nf\ \.ce\   dropped and counted;  \H\ \N\  dropped
///   \Z..\ \C..\ \M..\, unknown or unterminated: kept verbatim and counted
/// @param dropped is increased by what was counted; may be null.
std::string unescape(std::string_view raw, const Delimiters& delimiters, int* dropped = nullptr);

/// Escapes delimiters, the escape character and CR/LF/CRLF (\.br\) so that the text is one value.
/// Where the message declares no escape character, delimiters and line ends become blanks.
std::string escape(std::string_view text, const Delimiters& delimiters);

}  // namespace hl7
