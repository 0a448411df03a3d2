#include <array>
#include <core/text.hpp>
#include <fhir/search_values.hpp>

#include "utf8.hpp"

namespace fhir {

namespace {

/// U+00C0 to U+017F without accents; a digit stands for two letters.
constexpr std::string_view kLatin =
    "aaaaaa1ceeeeiiiidnooooo*ouuuuy42aaaaaa1ceeeeiiiidnooooo/ouuuuy4y"
    "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiii55jjkkklllllll"
    "lllnnnnnnnnnoooooo33rrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";
constexpr std::array<std::string_view, 5> kPairs = {"ae", "ss", "oe", "th", "ij"};
static_assert(kLatin.size() == 0x180 - 0xC0);

/// The code point of a well-formed sequence.
unsigned decode(std::string_view sequence) {
  const auto byte = [sequence](std::size_t n) {
    return static_cast<unsigned>(static_cast<unsigned char>(sequence[n]));
  };
  switch (sequence.size()) {
    case 1: return byte(0);
    case 2: return (byte(0) & 0x1F) << 6 | (byte(1) & 0x3F);
    case 3: return (byte(0) & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
    default:
      return (byte(0) & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 |
             (byte(3) & 0x3F);
  }
}

void put_folded(unsigned code, std::string& out) {
  if (code >= 0x300 && code <= 0x36F) return;  // combining accents
  if (code >= 0xC0 && code < 0x180) {
    const char letter = kLatin[code - 0xC0];
    if (letter >= '1' && letter <= '5') {
      out += kPairs[static_cast<std::size_t>(letter - '1')];
    } else {
      out += letter;
    }
    return;
  }
  if (code >= 0x410 && code <= 0x42F) code += 0x20;                                  // Cyrillic
  if (code >= 0x391 && code <= 0x3A9) code += 0x20;                                  // Greek
  char bytes[4];
  out.append(bytes, put_utf8(code, bytes));
}

constexpr std::array<std::pair<std::string_view, DateQuery::Prefix>, 9> kPrefixes = {{
    {"eq", DateQuery::Prefix::kEq}, {"ne", DateQuery::Prefix::kNe}, {"gt", DateQuery::Prefix::kGt},
    {"lt", DateQuery::Prefix::kLt}, {"ge", DateQuery::Prefix::kGe}, {"le", DateQuery::Prefix::kLe},
    {"sa", DateQuery::Prefix::kSa}, {"eb", DateQuery::Prefix::kEb}, {"ap", DateQuery::Prefix::kAp},
}};

}  // namespace

std::string fold_search_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  const char* at = text.data();
  const char* end = at + text.size();
  while (at != end) {
    const char c = *at;
    if (static_cast<unsigned char>(c) >= 0x80) {
      const std::size_t length = utf8_length(at, end);
      if (length) put_folded(decode({at, length}), out);
      at += length ? length : 1;
      continue;
    }
    ++at;
    const bool space = static_cast<unsigned char>(c) <= ' ';
    if (!space) {
      out += c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::vector<std::string> split_search_values(std::string_view text) {
  std::vector<std::string> parts(1);
  for (std::size_t n = 0; n < text.size(); ++n) {
    if (text[n] == ',') {
      parts.emplace_back();
      continue;
    }
    parts.back() += text[n];
    if (text[n] == '\\' && n + 1 < text.size()) parts.back() += text[++n];
  }
  return parts;
}

std::string unescape_search_value(std::string_view text) {
  std::string out;
  for (std::size_t n = 0; n < text.size(); ++n) {
    const bool escape = text[n] == '\\' && n + 1 < text.size() &&
                        std::string_view(",|$\\").find(text[n + 1]) != std::string_view::npos;
    out += escape ? text[++n] : text[n];
  }
  return out;
}

TokenQuery parse_token_query(std::string_view value) {
  for (std::size_t n = 0; n < value.size(); ++n) {
    if (value[n] == '\\') {
      ++n;
    } else if (value[n] == '|') {
      return {unescape_search_value(value.substr(0, n)),
              unescape_search_value(value.substr(n + 1))};
    }
  }
  return {std::nullopt, unescape_search_value(value)};
}

bool TokenQuery::matches(const SearchValue& value) const {
  if (system && *system != value.system) return false;
  return code.empty() ? system && !system->empty() : code == value.code;
}

core::Result<DateQuery> parse_date_query(std::string_view value) {
  DateQuery query;
  for (const auto& [text, prefix] : kPrefixes) {
    if (!value.starts_with(text)) continue;
    query.prefix = prefix;
    value.remove_prefix(2);
    break;
  }
  const auto range = parse_date_range(value);
  if (!range) return core::fail(core::ErrorCode::kBadSearch, "malformed date or prefix");
  query.range = *range;
  return query;
}

bool DateQuery::matches(std::int64_t start, std::int64_t end) const {
  const bool contained = range.start <= start && end <= range.end;
  switch (prefix) {
    case Prefix::kEq: return contained;
    case Prefix::kNe: return !contained;
    case Prefix::kGt: return end > range.end;
    case Prefix::kLt: return start < range.start;
    case Prefix::kGe: return end > range.end || contained;
    case Prefix::kLe: return start < range.start || contained;
    case Prefix::kSa: return start >= range.end;
    case Prefix::kEb: return end <= range.start;
    case Prefix::kAp: return start < range.end && range.start < end;
  }
  return false;
}

}  // namespace fhir
