#include <core/text.hpp>

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

#include "visit.hpp"

/// Texts into FHIR primitives, with lineage; the built-in functions of `as:`.
namespace mapping {

using fhir::Node;

void Mapper::Impl::issue(core::ErrorCode code, const Origin& at, std::string_view text,
                         hl7::Severity severity) {
  if (out_.issues.size() >= kIssuesMax) return;
  hl7::Issue found;
  found.severity = severity;
  found.code = code;
  found.text = text;
  if (at.segment != Lineage::kLiteral) {
    const hl7::SegmentView segment = message_->segment(at.segment);
    found.at.segment = segment.name();
    found.at.occurrence = segment.occurrence();
    found.at.field = at.field;
    found.at.repetition = at.repetition;
    found.at.component = at.component;
    found.at.subcomponent = at.subcomponent;
  }
  out_.issues.push_back(std::move(found));
}

Node* Mapper::Impl::mark(Node* node, const Rule& rule, const Val& from) {
  if (options_.lineage && node) {
    out_.lineage.push_back({from.at.segment, from.at.field, from.at.repetition, from.at.component,
                            from.at.subcomponent, rule.info});
    node->lineage = static_cast<std::uint32_t>(out_.lineage.size());
  }
  return node;
}

Node* Mapper::Impl::literal(std::string_view text, const Rule& rule) {
  return mark(out_.document.string(text, false), rule, Val());
}

namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

bool all_blank(std::string_view text) { return std::all_of(text.begin(), text.end(), is_blank); }

/// FHIR strings hold no control characters but tab, carriage return and line feed.
bool clean(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return (u < 0x20 && u != '\t' && u != '\n' && u != '\r') || u == 0x7f;
  });
}

bool is_uri_char(char c) {
  const auto u = static_cast<unsigned char>(c);
  return u > 0x20 && u != 0x7f && std::strchr("\"<>\\^`{|}", c) == nullptr;
}

}  // namespace

Node* Mapper::Impl::text_leaf(Prim prim, std::string_view text) {
  fhir::Document& doc = out_.document;
  if (prim == Prim::kString || prim == Prim::kMarkdown) {
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    if (text.empty() || all_blank(text)) return nullptr;
    if (clean(text)) return doc.string(text);
    lowered_.clear();
    for (char c : text) {
      if (clean({&c, 1})) lowered_ += c;
    }
    return lowered_.empty() ? nullptr : doc.string(lowered_);
  }
  text = core::trim(text);
  if (text.empty()) return nullptr;
  if (prim == Prim::kUri) {
    // A sender's "ISO" or "UUID" is a claim; what does not keep it yields to the next rule.
    if (text.starts_with("urn:oid:") && !is_oid(text.substr(8))) return nullptr;
    if (text.starts_with("urn:uuid:") && !is_uuid(text.substr(9))) return nullptr;
    if (std::all_of(text.begin(), text.end(), is_uri_char)) return doc.string(text);
    lowered_.clear();
    for (char c : text) {
      if (is_uri_char(c)) {
        lowered_ += c;
      } else {
        fmt::format_to(std::back_inserter(lowered_), "%{:02X}", static_cast<unsigned char>(c));
      }
    }
    return doc.string(lowered_);
  }
  // A code has single inner blanks and nothing else that is white.
  const bool spaced = std::adjacent_find(text.begin(), text.end(), [](char a, char b) {
                        return is_blank(a) && is_blank(b);
                      }) != text.end();
  if (!spaced && clean(text) && text.find_first_of("\t\r\n") == text.npos) return doc.string(text);
  lowered_.clear();
  for (char c : text) {
    if (!clean({&c, 1})) continue;
    const bool blank = is_blank(c);
    if (blank && !lowered_.empty() && lowered_.back() == ' ') continue;
    lowered_ += blank ? ' ' : c;
  }
  return doc.string(lowered_);
}

Node* Mapper::Impl::integer_leaf(Prim prim, std::string_view text) {
  const auto number = to_decimal(text, lowered_);
  if (!number) return nullptr;
  std::string_view digits = *number;
  // "3.00" is a whole number, too.
  if (const std::size_t dot = digits.find('.'); dot != digits.npos) {
    if (digits.find_first_not_of('0', dot + 1) != digits.npos) return nullptr;
    digits = digits.substr(0, dot);
  }
  const auto value = core::to_int(digits);
  const std::int64_t least = prim == Prim::kPositiveInt   ? 1
                             : prim == Prim::kUnsignedInt ? 0
                                                          : -2147483648ll;
  if (!value || *value < least || *value > 2147483647ll) return nullptr;
  return out_.document.number(*value == 0 ? "0" : digits);
}

Node* Mapper::Impl::time_leaf(const Rule& rule, Prim prim, std::string_view text, const Val& from) {
  // A message says one time many times over.
  const bool whole = rule.plus == kNil && rule.function != Function::kPlannedInstant;
  LastTime& last = last_time_;
  if (whole && last.prim == prim && last.text == text && !text.empty()) {
    return out_.document.string(last.out);
  }
  auto stamp = prim == Prim::kTime ? parse_time(text) : parse_stamp(text);
  if (!stamp) {
    issue(core::ErrorCode::kDataType, from.at, "not a date or time, or a day that does not exist");
    return nullptr;
  }
  if (rule.plus != kNil) {
    const Plus& plus = p_.pluses[rule.plus];
    const Val amount = first_valued(plus.amount, from);
    std::string amount_text(core::trim(text_of(amount, scratch2_)));
    std::string_view unit = plus.unit;
    if (plus.unit_terms.count != 0) {
      unit = core::trim(text_of(first_valued(plus.unit_terms, from), scratch2_));
    }
    const auto number = core::to_int(amount_text);
    if (!number || !add_units(*stamp, *number, unit)) {
      if (!amount_text.empty()) {
        issue(core::ErrorCode::kDataType, from.at, "cannot add a duration to this time");
      }
      return nullptr;
    }
  }
  // What is planned to the minute is planned for its first second.
  if (rule.function == Function::kPlannedInstant && stamp->parts == 5) stamp->parts = 6;
  bool unsure = false;
  [[clang::uninitialized]] TimeText buffer;
  const std::string_view out = write_time(*stamp, prim, offsets_, buffer, unsure);
  if (unsure) {
    issue(core::ErrorCode::kDataType, from.at,
          "this local time is ambiguous or skipped by summer time", hl7::Severity::kInformation);
  }
  if (out.empty()) {
    issue(core::ErrorCode::kDataType, from.at, "not precise to the second, which an instant needs");
    return nullptr;
  }
  // FHIR has no hours alone: what was sent is kept beside a time that claims more.
  constexpr int kHour = 4;
  const bool timed = prim == Prim::kDateTime || prim == Prim::kInstant;
  if (stamp->parts == kHour && timed && rule.plus == kNil) as_sent_ = text;
  if (whole && !unsure && as_sent_.empty()) {
    last.prim = prim;
    last.text = text;   // into the room it has
    last.out = out;
  }
  return out_.document.string(out);
}

/// `_member` beside a member: the text that came for it.
void Mapper::Impl::place_as_sent(Node* parent, std::string_view member,
                                 std::string_view as_sent) {
  fhir::Document& doc = out_.document;
  note_lost();                  // the memo keeps the element alone
  mark_text_.assign("_").append(member);
  Node* extension = doc.object();
  doc.add(extension, "url", doc.string("urn:chartwire:ext:time-as-sent", false));
  doc.add(extension, "valueString", doc.string(as_sent));
  Node* list = doc.array();
  doc.append(list, extension);
  Node* beside = doc.object();
  doc.add(beside, "extension", list);
  doc.set(parent, doc.string(mark_text_)->text, beside);
}

Node* Mapper::Impl::leaf(const Rule& rule, Prim prim, std::string_view text, const Val& from) {
  if (text.empty()) return nullptr;
  Node* out = nullptr;
  switch (prim) {
    case Prim::kString: case Prim::kMarkdown: case Prim::kCode: case Prim::kId: case Prim::kUri:
      out = text_leaf(prim, text);
      break;
    case Prim::kDate: case Prim::kDateTime: case Prim::kInstant: case Prim::kTime:
      // A literal is written as FHIR writes it.
      out = from.kind == Val::Kind::kHl7 || rule.concat != kNil ? time_leaf(rule, prim, text, from)
                                                                : out_.document.string(text);
      break;
    case Prim::kBoolean:
      if (const auto value = to_boolean(text)) {
        out = out_.document.boolean(*value);
      } else {
        issue(core::ErrorCode::kDataType, from.at, "neither yes nor no");
      }
      break;
    case Prim::kDecimal:
      if (const auto value = to_decimal(text, lowered_)) out = out_.document.number(*value);
      break;
    case Prim::kInteger: case Prim::kPositiveInt: case Prim::kUnsignedInt:
      out = integer_leaf(prim, text);
      break;
    case Prim::kBase64:
      // Literal or message: it has to be Base64 already.
      if (core::from_base64(text)) {
        lowered_.clear();
        for (char c : text) {
          if (!is_blank(c)) lowered_ += c;
        }
        out = out_.document.string(lowered_);
      } else {
        issue(core::ErrorCode::kDataType, from.at, "not Base64");
      }
      break;
    case Prim::kComplex:
      break;
  }
  return mark(out, rule, from);
}

Node* Mapper::Impl::base64_leaf(const Rule&, std::string_view text) {
  return text.empty() ? nullptr : out_.document.string(core::to_base64(text));
}

/// ED.5 by what ED.4 says it is: Base64 as it stands, A as text, Hex as bytes.
Node* Mapper::Impl::ed_data(const Rule& rule, const Val& value) {
  const Val data = child_of(value, 5, 0);
  const std::string encoding(text_of(child_of(value, 4, 0), scratch_));
  if (core::iequals(encoding, "A")) {
    return mark(base64_leaf(rule, data.v.text(scratch_)), rule, data);
  }
  const std::string_view text = text_of(data, scratch_);
  if (core::iequals(encoding, "Hex")) {
    std::string bytes;
    const auto digit = [](char c) {
      if (c >= '0' && c <= '9') return c - '0';
      const int low = c | 32;
      return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
    };
    int high = -1;
    for (char c : text) {
      if (is_blank(c)) continue;
      const int d = digit(c);
      if (d < 0) {
        issue(core::ErrorCode::kDataType, data.at, "not hexadecimal");
        return nullptr;
      }
      if (high < 0) {
        high = d;
      } else {
        bytes += static_cast<char>(high * 16 + d);
        high = -1;
      }
    }
    return mark(base64_leaf(rule, bytes), rule, data);
  }
  return leaf(rule, Prim::kBase64, text, data);
}

/// NA: the numbers of all repetitions, a gap as E. One repetition is one series; several are points
/// of as many dimensions as the widest has numbers.
Node* Mapper::Impl::sampled(const Rule& rule, const Val& current) {
  joined_.clear();
  Val source;
  int width = 1, repetitions = 0;
  for (std::uint32_t i = rule.from.first; i < rule.from.end() && repetitions == 0; ++i) {
    visit(p_.terms[i], current, [&](const Val& value) {
      if (repetitions++ == 0) source = value;
      const int count = value.v.child_count();
      width = std::max(width, count);
      for (int n = 1; n <= count && joined_.size() < kOutputBytesMax; ++n) {
        const auto number = to_decimal(text_of(child_of(value, n, 0), scratch_), lowered_);
        if (!joined_.empty()) joined_ += ' ';
        joined_ += number ? *number : std::string_view("E");
      }
      return false;
    });
  }
  const int dimensions = repetitions > 1 ? width : 1;
  if (joined_.empty()) return nullptr;
  Node* object = out_.document.object();
  out_.document.add(object, "dimensions",
                    mark(out_.document.number(fmt::format_int(dimensions).c_str()), rule, source));
  out_.document.add(object, "data", mark(out_.document.string(joined_), rule, source));
  return object;
}

/// "3.5-5.0", "<5", ">=10": the lower or upper end of a reference range, when it reads as one.
Node* Mapper::Impl::range_leaf(const Rule& rule, std::string_view text) {
  text = core::trim(text);
  const bool low = rule.function == Function::kRangeLow;
  std::string_view number;
  if (text.starts_with('<') || text.starts_with('>')) {
    const bool upper = text.front() == '<';
    if (upper == low) return nullptr;
    number = text.substr(text.starts_with("<=") || text.starts_with(">=") ? 2 : 1);
  } else {
    const std::size_t dash = text.find('-', 1);
    if (dash == text.npos) return nullptr;
    const std::string_view first = text.substr(0, dash), last = text.substr(dash + 1);
    if (!to_decimal(low ? last : first, lowered_)) return nullptr;
    number = low ? first : last;
  }
  const auto value = to_decimal(number, lowered_);
  return value ? out_.document.number(*value) : nullptr;
}

Node* Mapper::Impl::function_leaf(const Rule& rule, const Val& value, const Val& outer) {
  switch (rule.function) {
    case Function::kText: {
      lowered_.clear();
      std::string joined;
      const int count = value.kind == Val::Kind::kHl7 ? value.v.child_count() : 1;
      for (int n = 1; n <= count; ++n) {
        const std::string_view one = core::trim(text_of(child_of(value, n, 0), scratch_));
        if (one.empty()) continue;
        if (!joined.empty()) joined += ' ';
        joined += one;
      }
      return leaf(rule, rule.prim, joined, value);
    }
    case Function::kMime: {
      // ^3 alone, or a whole ED/RP whose second component names the family.
      const bool whole = value.kind == Val::Kind::kHl7 && value.v.child_count() >= 3;
      const Val sub_value = whole ? child_of(value, 3, 0) : value;
      const std::string sub(core::trim(text_of(sub_value, scratch_)));
      std::string main;
      if (outer.kind == Val::Kind::kHl7) main = text_of(child_of(outer, 2, 0), scratch_);
      if (whole) main = text_of(child_of(value, 2, 0), scratch_);
      std::string lower;
      const std::string_view type = mime_type(main, sub, lower);
      if (type.empty()) {
        issue(core::ErrorCode::kTableValue, value.at, "no media type is known for this data");
        return nullptr;
      }
      return leaf(rule, rule.prim, type, value);
    }
    case Function::kEncodeBase64: return mark(base64_leaf(rule, whole_text(value, scratch_)), rule,
                                              value);
    case Function::kEdData: return ed_data(rule, value);
    case Function::kRegistry:
    case Function::kAuthority: {
      std::string uri;
      if (!authority(value, rule.function == Function::kRegistry, uri)) return nullptr;
      return leaf(rule, rule.prim, uri, value);
    }
    case Function::kRangeLow:
    case Function::kRangeHigh: return mark(range_leaf(rule, whole_text(value, scratch_)), rule,
                                           value);
    case Function::kLower:
      return leaf(rule, rule.prim, core::ascii_lower(text_of(value, scratch_)), value);
    case Function::kUpper:
      return leaf(rule, rule.prim, core::ascii_upper(text_of(value, scratch_)), value);
    default: return leaf(rule, rule.prim, text_of(value, scratch_), value);
  }
}

const VocabRow* Mapper::Impl::look_up(const Rule& rule, const Val& value) {
  const Vocab& vocab = p_.vocabs[rule.vocab];
  const std::string_view code = core::trim(text_of(value, scratch_));
  if (const VocabRow* row = vocab.find(code)) return row;
  if (value.kind == Val::Kind::kHl7) {
    // The alternate triplet of a CWE may be the one the table knows.
    const std::string_view other = core::trim(text_of(child_of(value, 4, 0), scratch2_));
    if (!other.empty() && value.v.level() < hl7::Value::Level::kComponent) {
      if (const VocabRow* row = vocab.find(other)) return row;
    }
  }
  missed(vocab, code, rule, value);
  return nullptr;
}

void Mapper::Impl::missed(const Vocab& vocab, std::string_view code, const Rule& rule,
                          const Val& value) {
  const std::size_t said = said_so_far();
  say_missed(vocab, code, rule.info, value.at);
  if (!shape_ || said == said_so_far()) return;
  shape_missed(code, rule, value.at);
  shape_->said += said_so_far() - said;
}

void Mapper::Impl::say_missed(const Vocab& vocab, std::string_view code, std::uint32_t info,
                              const Origin& at) {
  if (vocab.unmapped == Vocab::Unmapped::kIgnore || out_.vocab_misses.size() >= kIssuesMax) return;
  out_.vocab_misses.push_back({std::string(vocab.name), std::string(code), info});
  if (vocab.unmapped == Vocab::Unmapped::kQueue) return;
  issue(core::ErrorCode::kTableValue, at,
        fmt::format("this code is not in vocabulary {}", vocab.name),
        vocab.unmapped == Vocab::Unmapped::kError ? hl7::Severity::kError
                                                  : hl7::Severity::kWarning);
}

}  // namespace mapping
