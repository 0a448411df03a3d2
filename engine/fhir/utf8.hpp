#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace fhir {

/// Eight bytes at once: the high bit of each byte of the result says whether that byte of `word`
/// is below `n` (n <= 0x80) or not ASCII. Exact for the lowest such byte, which is the one used.
inline std::uint64_t below_or_high(std::uint64_t word, std::uint8_t n) {
  constexpr std::uint64_t kOnes = 0x0101010101010101u;
  constexpr std::uint64_t kHighs = 0x8080808080808080u;
  return ((word - kOnes * n) | word) & kHighs;
}
inline std::uint64_t equal_to(std::uint64_t word, std::uint8_t byte) {
  constexpr std::uint64_t kOnes = 0x0101010101010101u;
  return below_or_high(word ^ (kOnes * byte), 1) & ~(word & 0x8080808080808080u);
}
/// Index of the lowest byte (in memory order) whose high bit is set, 8 when none is.
inline std::size_t first_flag(std::uint64_t flags) {
  static_assert(std::endian::native == std::endian::little, "the scans count from the low byte");
  return flags ? static_cast<std::size_t>(std::countr_zero(flags)) / 8 : 8;
}
inline std::uint64_t load_word(const char* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

/// Length of the well-formed UTF-8 sequence at `at` (Unicode 3.9 table 3-7), 0 when malformed.
inline std::size_t utf8_length(const char* at, const char* end) {
  const auto byte = [at](std::size_t n) { return static_cast<unsigned char>(at[n]); };
  const auto tail = [&byte](std::size_t n) { return (byte(n) & 0xC0u) == 0x80u; };
  const std::size_t left = static_cast<std::size_t>(end - at);
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  if (first < 0xC2) return 0;
  if (first < 0xE0) return left >= 2 && tail(1) ? 2 : 0;
  if (first < 0xF0) {
    if (left < 3 || !tail(1) || !tail(2)) return 0;
    if (first == 0xE0 && byte(1) < 0xA0) return 0;  // overlong
    if (first == 0xED && byte(1) > 0x9F) return 0;  // surrogates
    return 3;
  }
  if (first > 0xF4 || left < 4 || !tail(1) || !tail(2) || !tail(3)) return 0;
  if (first == 0xF0 && byte(1) < 0x90) return 0;
  if (first == 0xF4 && byte(1) > 0x8F) return 0;
  return 4;
}

/// Writes the sequence of a code point; returns the place behind it.
inline char* put_utf8(unsigned code, char* to) {
  const auto put = [&to](unsigned byte) { *to++ = static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
  return to;
}

inline bool valid_utf8(std::string_view text) {
  const char* at = text.data();
  const char* end = at + text.size();
  while (at != end) {
    if (end - at >= 8 && (load_word(at) & 0x8080808080808080u) == 0) {
      at += 8;
      continue;
    }
    const std::size_t length = utf8_length(at, end);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

}  // namespace fhir
