#pragma once
#include <hl7/message.hpp>

#include <string>
#include <string_view>

namespace hl7 {

/// Decodes escape sequences once (chapter 2.7). \F\ \S\ \T\ \R\ \E\ \P\ give their character; \Xhh..\
/// bytes (odd length or no UTF-8: kept raw); \.br\ line feed, \.sp n\ n line feeds, \.in\ \.ti\ \.fi\
/// \.nf\ \.ce\ \.sk n\ formatting dropped (.sk gives blanks); \H\ \N\ dropped; \Z..\ \C..\ \M..\
/// verbatim; an unterminated or unknown sequence stays verbatim.
/// @param dropped counts formatting commands dropped and sequences kept verbatim; may be null.
std::string unescape(std::string_view raw, const Delimiters& delimiters, int* dropped = nullptr);

/// Escapes delimiters, the escape character and CR/LF (\.br\) so that the text is one value.
std::string escape(std::string_view text, const Delimiters& delimiters);

}  // namespace hl7
