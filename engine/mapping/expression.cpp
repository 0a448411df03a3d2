#include "expression.hpp"

#include <core/text.hpp>

#include <charconv>
#include <fmt/format.h>

/// Sources and key rungs; conditions and templates are in their own files.
namespace mapping {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_name(char c) {
  return is_digit(c) || is_upper(c) || (c >= 'a' && c <= 'z') || c == '_';
}

EnvName env_name(std::string_view name) {
  if (name == "type") return EnvName::kType;
  if (name == "trigger") return EnvName::kTrigger;
  if (name == "structure") return EnvName::kStructure;
  if (name == "version") return EnvName::kVersion;
  if (name == "control") return EnvName::kControl;
  if (name == "facility") return EnvName::kFacility;
  if (name == "application") return EnvName::kApplication;
  if (name == "ns") return EnvName::kNameSpace;
  if (name == "zone") return EnvName::kZone;
  return EnvName::kValue;
}

}  // namespace

bool Expression::fail(std::string what, std::string hint) {
  if (error_.empty()) {
    error_ = std::move(what);
    hint_ = std::move(hint);
    error_offset_ = at_;
  }
  return false;
}

void Expression::skip() {
  while (at_ < text_.size() && std::string_view(" \t\n").find(text_[at_]) != text_.npos) ++at_;
}

bool Expression::at_end() {
  skip();
  return at_ >= text_.size();
}

bool Expression::take(std::string_view token) {
  skip();
  if (!text_.substr(at_).starts_with(token)) return false;
  at_ += token.size();
  return true;
}

bool Expression::peek_word(std::string_view word) const {
  std::size_t at = at_;
  while (at < text_.size() && (text_[at] == ' ' || text_[at] == '\t' || text_[at] == '\n')) ++at;
  if (!text_.substr(at).starts_with(word)) return false;
  const std::size_t after = at + word.size();
  return after >= text_.size() || !is_name(text_[after]);
}

bool Expression::take_word(std::string_view word) {
  if (!peek_word(word)) return false;
  skip();
  at_ += word.size();
  return true;
}

std::uint32_t Expression::add(Term term) {
  term.in_filter = filtering_ > 0;
  program_.terms.push_back(term);
  return static_cast<std::uint32_t>(program_.terms.size() - 1);
}

std::uint32_t Expression::add(const Cond& cond) {
  program_.conds.push_back(cond);
  return static_cast<std::uint32_t>(program_.conds.size() - 1);
}

std::optional<std::int16_t> Expression::number() {
  int value = 0;
  const char* first = text_.data() + at_;
  const auto [end, fault] = std::from_chars(first, text_.data() + text_.size(), value);
  if (fault != std::errc() || value < 1 || value > 9999) {
    fail("expected a number from 1 to 9999");
    return std::nullopt;
  }
  at_ += static_cast<std::size_t>(end - first);
  return static_cast<std::int16_t>(value);
}

std::optional<Range> Expression::source() {
  if (text_.size() > kExpressionBytesMax) {
    fail("longer than an expression may be");
    return std::nullopt;
  }
  auto out = alternatives("");
  if (out && !at_end()) {
    fail(fmt::format("unexpected \"{}\" after the source", text_.substr(at_)));
    return std::nullopt;
  }
  return out;
}

std::optional<Range> Expression::alternatives(std::string_view stops) {
  // Filters add terms of their own, so the alternatives are gathered first and stored together.
  std::vector<Term> terms;
  do {
    auto one = term(stops);
    if (!one) return std::nullopt;
    terms.push_back(*one);
  } while (take("|"));
  Range out{static_cast<std::uint32_t>(program_.terms.size()),
            static_cast<std::uint32_t>(terms.size())};
  for (const Term& each : terms) add(each);
  return out;
}

std::optional<Term> Expression::term(std::string_view stops) {
  skip();
  const std::size_t start = at_;
  auto out = here() == '=' ? literal(stops) : reference();
  if (!out) return std::nullopt;
  out->offset = static_cast<std::uint16_t>(start);
  out->written = program_.strings.keep(core::trim(text_.substr(start, at_ - start)));
  return out;
}

std::optional<Term> Expression::literal(std::string_view stops) {
  ++at_;
  std::string_view text;
  if (here() == '"' || here() == '\'') {
    const auto inside = quoted();
    if (!inside) return std::nullopt;
    text = *inside;
  } else {
    std::size_t end = at_;
    while (end < text_.size() && text_[end] != '|' && stops.find(text_[end]) == stops.npos) ++end;
    text = core::trim(text_.substr(at_, end - at_));
    at_ = end;
  }
  Term out;
  out.kind = Term::Kind::kLiteral;
  out.text = program_.strings.keep(text);
  const std::size_t sign = text.find('@');
  if (sign == text.npos || sign == 0) return out;
  const std::string_view system = text.substr(sign + 1);
  const auto alias = systems_.find(system);
  const bool uri = system.find("://") != system.npos || system.starts_with("urn:");
  if (alias == systems_.end() && !uri) {
    // An address like a@b.c is text; a bare word was meant to be a system.
    if (system.find('.') != system.npos || system.empty()) return out;
    std::vector<std::string_view> names;
    for (const auto& [name, target] : systems_) names.push_back(name);
    const std::string_view near = core::nearest(system, names);
    fail(fmt::format("unknown system \"{}\"", system),
         near.empty() ? "" : fmt::format("did you mean \"{}\"?", near));
    return std::nullopt;
  }
  out.kind = Term::Kind::kCoding;
  out.text = program_.strings.keep(text.substr(0, sign));
  out.system = program_.strings.keep(alias == systems_.end() ? system : alias->second);
  return out;
}

std::optional<std::string_view> Expression::quoted() {
  const char quote = here();
  const std::size_t end = text_.find(quote, at_ + 1);
  if (end == text_.npos) {
    fail("the quote is not closed");
    return std::nullopt;
  }
  const std::string_view inside = text_.substr(at_ + 1, end - at_ - 1);
  at_ = end + 1;
  return inside;
}

std::optional<Term> Expression::reference() {
  skip();
  Term out;
  const char c = here();
  if (c == '^') {
    ++at_;
    out.kind = Term::Kind::kChild;
    const auto n = number();
    if (!n) return std::nullopt;
    out.component = *n;
    if (here() == '.') {
      ++at_;
      const auto sub = number();
      if (!sub) return std::nullopt;
      out.subcomponent = *sub;
    }
    return out;
  }
  if (c == '$' || c == '%') {
    std::size_t end = ++at_;
    while (end < text_.size() && is_name(text_[end])) ++end;
    const std::string_view name = text_.substr(at_, end - at_);
    if (name.empty()) {
      fail(fmt::format("expected a name after \"{}\"", c));
      return std::nullopt;
    }
    at_ = end;
    if (c == '$') {
      out.kind = Term::Kind::kResource;
      out.name = program_.resources.id(name);
    } else {
      out.kind = Term::Kind::kEnv;
      out.env = env_name(name);
      out.text = program_.strings.keep(name);
    }
    return out;
  }
  if (peek_word("this")) {
    at_ += 4;
    out.kind = Term::Kind::kThis;
    return out;
  }
  if (!field_reference(out)) return std::nullopt;
  return out;
}

bool Expression::field_reference(Term& out) {
  std::size_t end = at_;
  while (end < text_.size() && (is_upper(text_[end]) || is_digit(text_[end]))) ++end;
  const std::string_view name = text_.substr(at_, end - at_);
  if (name.size() != 3 || !is_upper(name[0])) {
    std::size_t stop = at_;
    while (stop < text_.size() && text_[stop] != ' ') ++stop;
    return fail(fmt::format("\"{}\" is no source", text_.substr(at_, stop - at_)),
                "a source is a field (PID-3.1), ^n, this, =text, $resource or %name");
  }
  at_ = end;
  out.kind = Term::Kind::kSegment;
  out.segment = program_.segments.id(name);
  if (program_.segments.size() > kSegmentNamesMax) return fail("too many segment names");
  if (here() == '[' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1])) {
    ++at_;
    const auto n = number();
    if (!n) return false;
    if (here() != ']') return fail("expected \"]\"");
    ++at_;
    out.occurrence = *n;
  }
  if (here() != '-') return true;
  ++at_;
  const auto field = number();
  if (!field) return false;
  out.kind = Term::Kind::kField;
  out.field = *field;
  return selector(out) && components(out);
}

bool Expression::selector(Term& out) {
  if (here() != '[') return true;
  ++at_;
  if (is_digit(here())) {
    const auto n = number();
    if (!n) return false;
    out.index = *n;
    out.first_only = true;
  } else {
    if (++depth_ > kExpressionDepthMax) return fail("nested too deeply");
    ++filtering_;
    const auto filter = disjunction();
    --filtering_;
    --depth_;
    if (!filter) return false;
    out.filter = *filter;
  }
  skip();
  if (here() != ']') return fail("expected \"]\"");
  ++at_;
  return true;
}

bool Expression::components(Term& out) {
  if (here() != '.') return true;
  ++at_;
  const auto component = number();
  if (!component) return false;
  out.component = *component;
  if (here() != '.') return true;
  ++at_;
  const auto sub = number();
  if (!sub) return false;
  out.subcomponent = *sub;
  return true;
}

std::optional<Rung> Expression::rung() {
  std::vector<KeyPart> parts;
  do {
    KeyPart part;
    part.optional = !parts.empty() && take("?");
    skip();
    if (here() == '#') {
      if (part.optional) {
        fail("an ordinal is always there: \"/ #\"");
        return std::nullopt;
      }
      ++at_;
      part.kind = KeyPart::Kind::kOrdinal;
    } else {
      const auto terms = alternatives("/");
      if (!terms) return std::nullopt;
      part.terms = *terms;
    }
    parts.push_back(part);
  } while (take("/"));
  if (!at_end()) {
    fail(fmt::format("unexpected \"{}\" in the key", text_.substr(at_)));
    return std::nullopt;
  }
  Rung out;
  out.parts = {static_cast<std::uint32_t>(program_.key_parts.size()),
               static_cast<std::uint32_t>(parts.size())};
  program_.key_parts.insert(program_.key_parts.end(), parts.begin(), parts.end());
  return out;
}

}  // namespace mapping
