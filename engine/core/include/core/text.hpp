#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace core {

std::string_view trim(std::string_view text);
std::string ascii_lower(std::string_view text);
std::string ascii_upper(std::string_view text);
bool iequals(std::string_view a, std::string_view b);
std::vector<std::string_view> split(std::string_view text, char separator);
std::optional<std::int64_t> to_int(std::string_view text);

/// The candidate with the smallest edit distance, for "did you mean"; empty when none is near
/// (distance above max(2, length/3)).
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates);

std::string to_hex(std::string_view bytes);
std::string to_base64(std::string_view bytes);
/// Standard alphabet, padding required, ASCII white space skipped; nullopt when malformed.
std::optional<std::string> from_base64(std::string_view text);

bool is_valid_utf8(std::string_view text);
/// Copies `text`, replacing each malformed byte by U+FFFD.
std::string scrub_utf8(std::string_view text);

}  // namespace core
