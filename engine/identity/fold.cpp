#include "fold.hpp"

#include <core/text.hpp>
#include <unicode/translit.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <memory>

namespace identity {
namespace {

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// Text of any script in plain Latin letters; what cannot be written so is dropped later.
std::string to_ascii(std::string_view text) {
  // Making a transliterator costs milliseconds; using one from several threads is not promised.
  static thread_local const std::unique_ptr<icu::Transliterator> latin = [] {
    UErrorCode error = U_ZERO_ERROR;
    std::unique_ptr<icu::Transliterator> made(icu::Transliterator::createInstance(
        "Any-Latin; Latin-ASCII", UTRANS_FORWARD, error));
    return U_SUCCESS(error) ? std::move(made) : nullptr;
  }();
  if (latin == nullptr) return std::string(text);
  auto unicode = icu::UnicodeString::fromUTF8(
      icu::StringPiece(text.data(), static_cast<std::int32_t>(text.size())));
  latin->transliterate(unicode);
  std::string out;
  unicode.toUTF8String(out);
  return out;
}

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

char sound_of(char c) {
  static constexpr char kCodes[] = "01230120022455012623010202";
  return kCodes[c - 'a'];
}

}  // namespace

std::string fold(std::string_view text) {
  text = text.substr(0, kTextBytesMax);
  std::string scratch;
  if (!is_ascii(text)) {
    scratch = to_ascii(core::scrub_utf8(text));
    text = scratch;
  }
  std::string out;
  out.reserve(text.size());
  bool gap = false;
  for (char c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    if (is_letter_or_digit(c)) {
      if (gap && !out.empty()) out += ' ';
      gap = false;
      out += c;
    } else if (c != '\'' && c != '.' && c != '`') {
      gap = true;
    }
  }
  if (out.size() > kTextBytesMax) out.resize(kTextBytesMax);
  return out;
}

std::string fold_joined(std::string_view text) {
  std::string out = fold(text);
  std::erase(out, ' ');
  return out;
}

std::string digits_of(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c >= '0' && c <= '9') out += c;
  }
  return out;
}

std::uint32_t soundex(std::string_view folded) {
  char code[4] = {0, '0', '0', '0'};
  int filled = 0;
  char last = 0;
  for (char c : folded) {
    if (c < 'a' || c > 'z') continue;
    const char sound = sound_of(c);
    if (filled == 0) {
      code[filled++] = c;
    } else if (sound != '0' && sound != last) {
      code[filled++] = sound;
    }
    // h and w do not part two letters of one sound, vowels do.
    if (c != 'h' && c != 'w') last = sound;
    if (filled == 4) break;
  }
  if (filled == 0) return 0;
  std::uint32_t packed = 0;
  for (char c : code) packed = packed << 8 | static_cast<unsigned char>(c);
  return packed;
}

}  // namespace identity
