#pragma once
#include <core/result.hpp>
#include <hl7/issue.hpp>

#include <string>
#include <string_view>

namespace hl7 {

/// How a feed reads bytes. HL7 table 0211 names in MSH-18 are often wrong, hence a policy per feed.
struct CharsetPolicy {
  enum class Mode {
    kTrust,  ///< MSH-18 decides; empty means ASCII (bytes above 127: UTF-8 if valid, else 8859-1)
    kForce,  ///< `charset` decides, MSH-18 is ignored
    kSniff,  ///< valid UTF-8 is UTF-8, else `charset` (default ISO-8859-1)
  };
  Mode mode = Mode::kTrust;
  std::string charset;  ///< a table 0211 name ("8859/1", "UNICODE UTF-8") or one ICU knows
};

/// The message as UTF-8 (a byte order mark is removed). Multi-byte sets (Shift-JIS, GB 18030, Big5)
/// carry delimiters in trail bytes, hence decoding comes before splitting. Adds a warning for a
/// mismatch between MSH-18 and the bytes. kCharset when the name is unknown or bytes do not decode.
core::Result<std::string> decode(std::string bytes, const CharsetPolicy& policy, Issues& issues);

/// UTF-8 into the named set; kCharset when a character does not exist there (never lossy).
core::Result<std::string> encode(std::string_view utf8, std::string_view charset);

/// @return whether the name is in table 0211 or known to ICU.
bool is_known_charset(std::string_view name);

}  // namespace hl7
