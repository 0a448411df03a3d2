#include <core/text.hpp>

#include <charconv>
#include <fmt/format.h>

#include "expression.hpp"

/// Conditions, and the patterns of `matches`.
namespace mapping {

namespace {

/// A number as people write it; from_chars would also take "inf" and hexadecimal.
bool to_number(std::string_view text, double& out) {
  if (text.empty() || text.find_first_not_of("+-.0123456789") != text.npos) return false;
  if (text.front() == '+') text.remove_prefix(1);
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), out);
  return fault == std::errc() && end == text.data() + text.size();
}

/// "RXA-3", "^4", "$order", "%trigger": meant as a reference, most likely.
bool looks_like_field(std::string_view word) {
  const auto digit = [&](std::size_t at) {
    return at < word.size() && word[at] >= '0' && word[at] <= '9';
  };
  if (word.size() < 2) return false;
  if (word[0] == '$' || word[0] == '%') return true;
  if (word[0] == '^') return digit(1);
  const auto capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  return word.size() >= 5 && capital(word[0]) && (capital(word[1]) || digit(1)) &&
         (capital(word[2]) || digit(2)) && word[3] == '-' && digit(4);
}

}  // namespace

std::optional<std::uint32_t> Expression::condition() {
  if (text_.size() > kExpressionBytesMax) {
    fail("longer than an expression may be");
    return std::nullopt;
  }
  const auto out = disjunction();
  if (out && !at_end()) {
    fail(fmt::format("unexpected \"{}\" in the condition", text_.substr(at_)));
    return std::nullopt;
  }
  return out;
}

/// Parts joined by one word, from the left.
std::optional<std::uint32_t> Expression::joined(std::string_view word, Cond::Op op,
                                                Part part) {
  auto left = (this->*part)();
  while (left && take_word(word)) {
    const auto right = (this->*part)();
    if (!right) return std::nullopt;
    Cond both;
    both.op = op;
    both.a = *left;
    both.b = *right;
    left = add(both);
  }
  return left;
}

std::optional<std::uint32_t> Expression::disjunction() {
  return joined("or", Cond::Op::kOr, &Expression::conjunction);
}

std::optional<std::uint32_t> Expression::conjunction() {
  return joined("and", Cond::Op::kAnd, &Expression::negation);
}

std::optional<std::uint32_t> Expression::negation() {
  if (++depth_ > kExpressionDepthMax) {
    fail("nested too deeply");
    return std::nullopt;
  }
  std::optional<std::uint32_t> out;
  if (take_word("not")) {
    const auto inner = negation();
    if (inner) {
      Cond negated;
      negated.op = Cond::Op::kNot;
      negated.a = *inner;
      out = add(negated);
    }
  } else {
    out = primary();
  }
  --depth_;
  return out;
}

std::optional<std::uint32_t> Expression::primary() {
  if (take("(")) {
    const auto inner = disjunction();
    if (!inner) return std::nullopt;
    if (!take(")")) {
      fail("expected \")\"");
      return std::nullopt;
    }
    return inner;
  }
  if (peek_word("count")) return counting(Cond::Op::kCount);
  if (peek_word("length")) return counting(Cond::Op::kLength);
  return comparison();
}

std::optional<Compare> Expression::comparator() {
  if (take("!=")) return Compare::kNe;
  if (take("<=")) return Compare::kLe;
  if (take(">=")) return Compare::kGe;
  if (take("==")) {
    at_ -= 2;
    fail("\"==\" is not an operator", "write \"=\"");
    return std::nullopt;
  }
  if (take("=")) return Compare::kEq;
  if (take("<")) return Compare::kLt;
  if (take(">")) return Compare::kGt;
  return std::nullopt;
}

std::optional<std::uint32_t> Expression::counting(Cond::Op op) {
  take_word(op == Cond::Op::kCount ? "count" : "length");
  if (!take("(")) {
    fail("expected \"(\"");
    return std::nullopt;
  }
  skip();
  const std::size_t start = at_;
  auto ref = reference();
  if (!ref) return std::nullopt;
  ref->offset = static_cast<std::uint16_t>(start);
  ref->written = program_.strings.keep(text_.substr(start, at_ - start));
  if (!take(")")) {
    fail("expected \")\"");
    return std::nullopt;
  }
  const auto compare = comparator();
  if (!compare) {
    fail("expected =, !=, <, >, <= or >=");
    return std::nullopt;
  }
  skip();
  int value = 0;
  const char* first = text_.data() + at_;
  const auto [end, fault] = std::from_chars(first, text_.data() + text_.size(), value);
  if (fault != std::errc() || value < 0) {
    fail("expected a whole number");
    return std::nullopt;
  }
  at_ += static_cast<std::size_t>(end - first);
  Cond out;
  out.op = op;
  out.compare = *compare;
  out.number = value;
  out.a = add(*ref);
  return add(out);
}

std::optional<Literal> Expression::condition_literal() {
  skip();
  Literal out;
  if (here() == '"' || here() == '\'') {
    const auto text = quoted();
    if (!text) return std::nullopt;
    out.text = program_.strings.keep(*text);
  } else {
    std::size_t end = at_;
    while (end < text_.size() && std::string_view(" \t\n(),[]|=<>\"'").find(text_[end]) ==
                                     std::string_view::npos) {
      ++end;
    }
    if (end == at_) {
      fail("expected a value");
      return std::nullopt;
    }
    out.text = program_.strings.keep(text_.substr(at_, end - at_));
    at_ = end;
  }
  out.numeric = to_number(out.text, out.number);
  return out;
}

bool Expression::literal_list(Cond& out) {
  if (!take("(")) return fail("expected \"(\" after \"in\"");
  std::vector<Literal> found;
  do {
    const auto one = condition_literal();
    if (!one) return false;
    found.push_back(*one);
  } while (take(","));
  if (!take(")")) return fail("expected \",\" or \")\"");
  out.literals = {static_cast<std::uint32_t>(program_.literals.size()),
                  static_cast<std::uint32_t>(found.size())};
  program_.literals.insert(program_.literals.end(), found.begin(), found.end());
  return true;
}

std::optional<std::uint32_t> Expression::comparison() {
  skip();
  const std::size_t start = at_;
  auto ref = reference();
  if (!ref) return std::nullopt;
  ref->offset = static_cast<std::uint16_t>(start);
  ref->written = program_.strings.keep(text_.substr(start, at_ - start));
  Cond out;
  out.a = add(*ref);
  if (take_word("valued")) {
    out.op = Cond::Op::kValued;
  } else if (take_word("empty")) {
    out.op = Cond::Op::kEmpty;
  } else if (take_word("deleted")) {
    out.op = Cond::Op::kDeleted;
  } else if (peek_word("in") || peek_word("not")) {
    const bool negated = take_word("not");
    if (!take_word("in")) {
      fail("expected \"in\" after \"not\"");
      return std::nullopt;
    }
    out.op = Cond::Op::kIn;
    if (!literal_list(out)) return std::nullopt;
    if (negated) {
      Cond outer;
      outer.op = Cond::Op::kNot;
      outer.a = add(out);
      return add(outer);
    }
  } else if (take_word("matches")) {
    const auto pattern = condition_literal();
    if (!pattern) return std::nullopt;
    const auto compiled = glob(pattern->text);
    if (!compiled) return std::nullopt;
    out.op = Cond::Op::kMatches;
    out.glob = *compiled;
  } else {
    const auto compare = comparator();
    if (!compare) {
      fail("expected valued, empty, deleted, in, not in, matches, =, !=, <, >, <= or >=");
      return std::nullopt;
    }
    out.compare = *compare;
    if (!right_side(out)) return std::nullopt;
  }
  return add(out);
}

/// What a reference is compared with: a literal, or `{another reference}`.
bool Expression::right_side(Cond& out) {
  if (!take("{")) {
    out.op = Cond::Op::kCompare;
    skip();
    const bool quoted = here() == '"' || here() == '\'';
    const auto value = condition_literal();
    if (!value) return false;
    if (!quoted && looks_like_field(value->text)) {
      return fail(fmt::format("\"{0}\" would be compared as a word; the field is {{{0}}}, the word "
                              "stands in quotes", value->text));
    }
    out.literals = {static_cast<std::uint32_t>(program_.literals.size()), 1};
    program_.literals.push_back(*value);
    return true;
  }
  out.op = Cond::Op::kSame;
  skip();
  const std::size_t start = at_;
  auto other = reference();
  if (!other) return false;
  other->offset = static_cast<std::uint16_t>(start);
  other->written = program_.strings.keep(text_.substr(start, at_ - start));
  if (!take("}")) return fail("expected \"}\"");
  out.b = add(*other);
  return true;
}

std::optional<std::uint32_t> Expression::glob(std::string_view pattern) {
  Glob out;
  auto reject = [this](std::string what) {
    fail(std::move(what));
    return std::nullopt;
  };
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '*') {
      out.stars |= 1ull << out.length;
      continue;
    }
    if (static_cast<std::size_t>(out.length) >= kGlobSymbolsMax) return reject("pattern too long");
    const std::uint64_t bit = 1ull << out.length;
    if (c == '?') {
      for (auto& mask : out.accepts) mask |= bit;
    } else if (c == '[') {
      const std::size_t end = pattern.find(']', i + 2);
      if (end == pattern.npos) return reject("the pattern's \"[\" is not closed");
      std::string_view set = pattern.substr(i + 1, end - i - 1);
      const bool negated = set.front() == '^' || set.front() == '!';
      if (negated) set.remove_prefix(1);
      std::array<bool, 256> members{};
      for (std::size_t k = 0; k < set.size(); ++k) {
        const auto low = static_cast<unsigned char>(set[k]);
        const bool span = k + 2 < set.size() && set[k + 1] == '-';
        const auto high = span ? static_cast<unsigned char>(set[k + 2]) : low;
        for (unsigned v = low; v <= high; ++v) members[v] = true;
        if (span) k += 2;
      }
      for (std::size_t v = 0; v < 256; ++v) {
        if (members[v] != negated) out.accepts[v] |= bit;
      }
      i = end;
    } else {
      const char wanted = c == '\\' && i + 1 < pattern.size() ? pattern[++i] : c;
      out.accepts[static_cast<unsigned char>(wanted)] |= bit;
    }
    ++out.length;
  }
  program_.globs.push_back(out);
  return static_cast<std::uint32_t>(program_.globs.size() - 1);
}

}  // namespace mapping
