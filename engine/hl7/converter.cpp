#include "converter.hpp"

#include <unicode/ucnv.h>
#include <unicode/ucnv_err.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <cstdint>
#include <memory>

namespace hl7 {

namespace {

struct Close {
  void operator()(UConverter* converter) const { ucnv_close(converter); }
};
using Converter = std::unique_ptr<UConverter, Close>;

Converter open(const char* name) {
  UErrorCode error = U_ZERO_ERROR;
  Converter converter(ucnv_open(name, &error));
  if (U_FAILURE(error)) return nullptr;
  ucnv_setToUCallBack(converter.get(), UCNV_TO_U_CALLBACK_STOP, nullptr, nullptr, nullptr, &error);
  ucnv_setFromUCallBack(converter.get(), UCNV_FROM_U_CALLBACK_STOP, nullptr, nullptr, nullptr,
                        &error);
  ucnv_setFallback(converter.get(), false);
  return U_SUCCESS(error) ? std::move(converter) : nullptr;
}

/// The converter a thread used last: a feed's messages all come in one set.
struct Cached {
  std::string name;
  Converter converter;
};

UConverter* cached(const char* name) {
  thread_local Cached last;
  if (last.name != name || last.converter == nullptr) {
    last.converter = open(name);
    last.name = name;
  }
  if (last.converter != nullptr) ucnv_reset(last.converter.get());
  return last.converter.get();
}

core::Result<std::string> from_latin1(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() + bytes.size() / 8);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out.push_back(c);
    } else {
      out.push_back(static_cast<char>(0xC0 | (byte >> 6)));
      out.push_back(static_cast<char>(0x80 | (byte & 0x3F)));
    }
  }
  return out;
}

core::Result<icu::UnicodeString> decode_all(UConverter* converter, std::string_view bytes) {
  icu::UnicodeString text;
  const char* source = bytes.data();
  const char* const end = source + bytes.size();
  UErrorCode error = U_ZERO_ERROR;
  do {
    UChar buffer[1024];
    UChar* target = buffer;
    error = U_ZERO_ERROR;
    ucnv_toUnicode(converter, &target, buffer + 1024, &source, end, nullptr, true, &error);
    text.append(buffer, 0, static_cast<std::int32_t>(target - buffer));
  } while (error == U_BUFFER_OVERFLOW_ERROR);
  if (U_FAILURE(error)) {
    const auto at = static_cast<std::size_t>(source - bytes.data());
    return core::fail(core::ErrorCode::kCharset,
                      "bytes before offset " + std::to_string(at) +
                          " are not defined in the character set");
  }
  return text;
}

}  // namespace

core::Result<std::string> convert_to_utf8(std::string_view bytes, const char* icu_name) {
  if (std::string_view(icu_name) == "ISO-8859-1") return from_latin1(bytes);
  UConverter* converter = cached(icu_name);
  if (converter == nullptr) {
    return core::fail(core::ErrorCode::kCharset, "no such character set");
  }
  auto text = decode_all(converter, bytes);
  if (!text) return core::fail(std::move(text.error()));
  std::string out;
  text->toUTF8String(out);
  return out;
}

core::Result<std::string> convert_from_utf8(std::string_view utf8, const char* icu_name) {
  UConverter* converter = cached(icu_name);
  if (converter == nullptr) {
    return core::fail(core::ErrorCode::kCharset, "no such character set");
  }
  const auto text = icu::UnicodeString::fromUTF8(
      icu::StringPiece(utf8.data(), static_cast<std::int32_t>(utf8.size())));
  const UChar* source = text.getBuffer();
  const UChar* const end = source + text.length();
  std::string out;
  UErrorCode error = U_ZERO_ERROR;
  do {
    char buffer[1024];
    char* target = buffer;
    error = U_ZERO_ERROR;
    ucnv_fromUnicode(converter, &target, buffer + sizeof buffer, &source, end, nullptr, true,
                     &error);
    out.append(buffer, static_cast<std::size_t>(target - buffer));
  } while (error == U_BUFFER_OVERFLOW_ERROR);
  if (U_FAILURE(error)) {
    return core::fail(core::ErrorCode::kCharset,
                      "a character does not exist in the character set");
  }
  return out;
}

bool has_converter(std::string_view name) {
  const bool plain = !name.empty() && name.size() <= 40 &&
                     std::all_of(name.begin(), name.end(), [](char c) {
                       return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' ||
                              c == ':';
                     });
  return plain && cached(std::string(name).c_str()) != nullptr;
}

bool keeps_ascii(const char* icu_name) {
  UConverter* converter = cached(icu_name);
  if (converter == nullptr) return false;
  switch (ucnv_getType(converter)) {
    case UCNV_SBCS:
    case UCNV_DBCS:
    case UCNV_MBCS:
    case UCNV_LATIN_1:
    case UCNV_US_ASCII:
    case UCNV_UTF8: break;
    case UCNV_ISO_2022: return true;   // starts in ASCII
    default: return false;
  }
  std::string ascii = "\r\n";
  for (char c = ' '; c < 0x7F; ++c) ascii.push_back(c);
  auto text = decode_all(converter, ascii);
  if (!text || text->length() != static_cast<std::int32_t>(ascii.size())) return false;
  for (std::size_t i = 0; i < ascii.size(); ++i) {
    const UChar got = text->charAt(static_cast<std::int32_t>(i));
    // Japanese and Korean sets show a currency sign or an overline for these two.
    if (got != static_cast<UChar>(ascii[i]) && ascii[i] != '\\' && ascii[i] != '~') return false;
  }
  return true;
}

}  // namespace hl7
