#include <hl7/charset.hpp>

#include "charset_names.hpp"
#include "converter.hpp"
#include "header.hpp"
#include "scan.hpp"

#include <core/text.hpp>

#include <optional>

namespace hl7 {

namespace {

constexpr const char* kUtf8 = "UTF-8";
constexpr const char* kLatin1 = "ISO-8859-1";
constexpr char kEscapeByte = '\x1b';   // starts an ISO 2022 switch

/// What MSH-18 says: its first repetition, or, where that is empty (ASCII), the first ISO 2022 set.
std::string_view declared_name(std::string_view bytes) {
  const auto start = find_start(bytes);
  if (!start) return {};
  std::string_view header = bytes.substr(start->offset);
  header = header.substr(0, header.find_first_of("\r\n"));
  if (detail::name_key(header.substr(0, 3)) != kMsh) return {};
  for (int separators = 0; separators < 17; ++separators) {
    const std::size_t at = header.find(start->delimiters.field);
    if (at == std::string_view::npos) return {};
    header.remove_prefix(at + 1);
  }
  const Value field(header.substr(0, header.find(start->delimiters.field)), Value::Level::kField,
                    &start->delimiters);
  const std::string_view first = core::trim(field.child(1).raw());
  if (!first.empty()) return first;
  for (const Value each : field.repetitions()) {
    const CharsetName* row = find_charset(each.child(1).raw());
    if (row != nullptr && row->iso2022) return row->hl7;
  }
  return {};
}

void warn(Issues& issues, std::string text) {
  issues.push_back({.severity = Severity::kWarning,
                    .code = core::ErrorCode::kCharset,
                    .at = {.segment = "MSH", .occurrence = 1, .field = 18},
                    .text = std::move(text)});
}

core::Error unknown_name() {
  return {core::ErrorCode::kCharset, "unknown or unusable character set name", "MSH-18"};
}

/// A name resolved: `icu` null means ASCII.
struct Set {
  const char* icu = nullptr;
  bool iso2022 = false;
};

/// @param own receives the name when it is none of the table's.
std::optional<Set> resolve(std::string_view name, std::string& own) {
  if (const CharsetName* row = find_charset(name)) return Set{row->icu, row->iso2022};
  own = std::string(core::trim(name));
  if (!has_converter(own)) return std::nullopt;
  return Set{own.c_str(), true};   // not known to leave bytes below 128 alone
}

bool is_utf8(const Set& set) { return set.icu != nullptr && std::string_view(set.icu) == kUtf8; }

/// Everything decode() found out before choosing.
struct Input {
  std::string bytes;
  bool ascii = false;
  bool utf8 = false;    ///< valid UTF-8
  bool marked = false;  ///< had a byte order mark
};

core::Result<std::string> convert(Input&& input, const Set& set) {
  if (set.icu == nullptr || is_utf8(set)) {
    if (input.utf8) return std::move(input.bytes);
    return core::fail(core::ErrorCode::kCharset, set.icu == nullptr ? "bytes are not ASCII"
                                                                    : "bytes are not valid UTF-8");
  }
  if (input.ascii && (!set.iso2022 || input.bytes.find(kEscapeByte) == std::string::npos) &&
      keeps_ascii(set.icu)) {
    return std::move(input.bytes);
  }
  return convert_to_utf8(input.bytes, set.icu);
}

/// UTF-8 where it is valid, else `otherwise`; says which.
core::Result<std::string> sniff(Input&& input, const Set& otherwise, Issues& issues,
                                const char* why) {
  if (why != nullptr) {
    warn(issues, std::string(why) + (input.utf8 ? ", read as UTF-8" : ", read as ISO-8859-1"));
  }
  if (input.utf8) return std::move(input.bytes);
  return convert(std::move(input), otherwise);
}

core::Result<std::string> decode_trusting(Input&& input, std::string_view name, Issues& issues) {
  std::string own;
  const auto set = name.empty() ? Set{} : resolve(name, own);
  if (!set || (set->icu != nullptr && !input.marked && !keeps_ascii(set->icu))) {
    return core::fail(unknown_name());
  }
  if (input.marked) {
    if (!is_utf8(*set) && !name.empty() && !input.ascii) {
      warn(issues, "a UTF-8 byte order mark contradicts the declared character set");
    }
    return convert(std::move(input), {.icu = kUtf8});
  }
  if (set->icu == nullptr) {
    const char* why = name.empty() ? "no character set declared, bytes above 127 found"
                                   : "ASCII declared, bytes above 127 found";
    return sniff(std::move(input), {.icu = kLatin1}, issues, input.ascii ? nullptr : why);
  }
  if (!is_utf8(*set) && input.utf8 && !input.ascii) {
    warn(issues, "the bytes form valid UTF-8, another character set is declared");
  }
  return convert(std::move(input), *set);
}

core::Result<std::string> decode_forced(Input&& input, const Set& set, std::string_view declared,
                                        Issues& issues) {
  std::string own;
  const auto said = declared.empty() ? Set{} : resolve(declared, own);
  const bool same = said && std::string_view(said->icu == nullptr ? "" : said->icu) ==
                                std::string_view(set.icu == nullptr ? "" : set.icu);
  if (!same && !input.ascii) {
    warn(issues, "the declared character set is not the one this feed is read with");
  }
  return convert(std::move(input), set);
}

}  // namespace

core::Result<std::string> decode(std::string bytes, const CharsetPolicy& policy, Issues& issues) {
  if (bytes.size() > kTextBytesMax) {
    return core::fail(core::ErrorCode::kTooLong, "more bytes than a message may have");
  }
  Input input{.bytes = std::move(bytes)};
  if (input.bytes.starts_with(kUtf8Mark)) {
    input.bytes.erase(0, kUtf8Mark.size());
    input.marked = true;
  }
  input.ascii = scan::best().is_ascii(input.bytes);
  input.utf8 = input.ascii || core::is_valid_utf8(input.bytes);
  const std::string name(declared_name(input.bytes));
  std::string own;
  switch (policy.mode) {
    case CharsetPolicy::Mode::kTrust: return decode_trusting(std::move(input), name, issues);
    case CharsetPolicy::Mode::kForce: {
      const auto set = resolve(policy.charset, own);
      if (!set) return core::fail(unknown_name());
      return decode_forced(std::move(input), *set, name, issues);
    }
    case CharsetPolicy::Mode::kSniff: {
      const auto set = policy.charset.empty() ? Set{.icu = kLatin1} : resolve(policy.charset, own);
      if (!set) return core::fail(unknown_name());
      const bool declares_utf8 = find_charset(name) != nullptr &&
                                 is_utf8({.icu = find_charset(name)->icu});
      if (!input.ascii && input.utf8 != declares_utf8) {
        warn(issues, input.utf8 ? "the bytes form valid UTF-8, which is not declared"
                                : "UTF-8 declared, but the bytes are not valid UTF-8");
      }
      return sniff(std::move(input), *set, issues, nullptr);
    }
  }
  return core::fail(core::ErrorCode::kInternal, "no such character set policy");
}

core::Result<std::string> encode(std::string_view utf8, std::string_view charset) {
  if (utf8.size() > kTextBytesMax) {
    return core::fail(core::ErrorCode::kTooLong, "more bytes than a message may have");
  }
  std::string own;
  const auto set = resolve(charset, own);
  if (!set) return core::fail(unknown_name());
  const bool ascii = scan::best().is_ascii(utf8);
  if (!ascii && !core::is_valid_utf8(utf8)) {
    return core::fail(core::ErrorCode::kCharset, "the text is not valid UTF-8");
  }
  if (set->icu == nullptr) {
    if (ascii) return std::string(utf8);
    return core::fail(core::ErrorCode::kCharset, "a character does not exist in ASCII");
  }
  if (is_utf8(*set)) return std::string(utf8);
  return convert_from_utf8(utf8, set->icu);
}

bool is_known_charset(std::string_view name) {
  std::string own;
  return resolve(name, own).has_value();
}

}  // namespace hl7
