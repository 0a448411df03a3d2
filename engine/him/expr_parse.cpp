#include <core/text.hpp>
#include <fmt/format.h>

#include "expr.hpp"

namespace him {
namespace {

struct Token {
  enum class Kind { kWord, kQuoted, kSign, kEnd } kind = Kind::kEnd;
  std::string_view text;
  std::size_t offset = 0;
  bool is(std::string_view what) const { return kind != Kind::kQuoted && text == what; }
};

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t'; }
bool is_sign(char c) { return std::string_view("()<>=!,").find(c) != std::string_view::npos; }

/// Words are everything between blanks and signs, so that 34117-2, Z38.0 and 48h are words; plus
/// and minus therefore stand between blanks.
bool tokenize(std::string_view text, std::vector<Token>& tokens, ParseFault& fault) {
  for (std::size_t i = 0; i < text.size();) {
    if (is_space(text[i])) {
      ++i;
      continue;
    }
    const std::size_t start = i;
    if (text[i] == '"') {
      const std::size_t end = text.find('"', i + 1);
      if (end == text.npos) {
        fault = {start, "this quotation mark is never closed"};
        return false;
      }
      tokens.push_back({Token::Kind::kQuoted, text.substr(i + 1, end - i - 1), start});
      i = end + 1;
    } else if (is_sign(text[i])) {
      ++i;
      if (i < text.size() && text[i] == '=' && text[start] != '(' && text[start] != ',') ++i;
      tokens.push_back({Token::Kind::kSign, text.substr(start, i - start), start});
    } else {
      while (i < text.size() && !is_space(text[i]) && !is_sign(text[i]) && text[i] != '"') ++i;
      tokens.push_back({Token::Kind::kWord, text.substr(start, i - start), start});
    }
  }
  tokens.push_back({Token::Kind::kEnd, {}, text.size()});
  return true;
}

/// Thrown and caught within this file: the first thing wrong ends the parse.
struct Stop {
  ParseFault fault;
};
[[noreturn]] void stop(const Token& token, std::string text) {
  throw Stop{{token.offset, std::move(text)}};
}

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates) {
  const std::string_view near = core::nearest(word, candidates);
  return near.empty() ? std::string() : fmt::format("; did you mean \"{}\"?", near);
}

std::optional<Expr::Order> order_named(std::string_view text) {
  using Order = Expr::Order;
  constexpr std::pair<std::string_view, Order> kOrders[] = {
      {"=", Order::kEqual},      {"!=", Order::kNotEqual}, {"<", Order::kLess},
      {"<=", Order::kLessEqual}, {">", Order::kGreater},   {">=", Order::kGreaterEqual}};
  for (const auto& [name, order] : kOrders) {
    if (name == text) return order;
  }
  return std::nullopt;
}

class Parser {
 public:
  Parser(std::vector<Token> tokens, const Context& context)
      : tokens_(std::move(tokens)), context_(context) {}

  Expr whole_condition() {
    Expr expr = disjunction();
    expect_end();
    return expr;
  }
  Expr whole_value(Type wanted) {
    const Token start = peek();
    Expr expr = sum();
    expect_end();
    if (expr.type != wanted) {
      stop(start,
           fmt::format("this is {}, {} is needed here", name_of(expr.type), name_of(wanted)));
    }
    return expr;
  }

 private:
  const Token& peek(std::size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  Token take() {
    const Token token = peek();
    if (at_ + 1 < tokens_.size()) ++at_;
    return token;
  }
  bool accept(std::string_view what) {
    if (!peek().is(what)) return false;
    take();
    return true;
  }
  void expect(std::string_view what) {
    if (!accept(what)) stop(peek(), fmt::format("\"{}\" is missing here", what));
  }
  void expect_end() {
    if (peek().kind != Token::Kind::kEnd) {
      stop(peek(), fmt::format("\"{}\" was not expected here", peek().text));
    }
  }

  Expr disjunction() {
    if (++depth_ > kExpressionDepthMax) stop(peek(), "nested too deeply");
    Expr expr = conjunction();
    if (peek().is("or")) {
      Expr all{.op = Expr::Op::kOr};
      all.parts.push_back(std::move(expr));
      while (accept("or")) all.parts.push_back(conjunction());
      expr = std::move(all);
    }
    --depth_;
    return expr;
  }
  Expr conjunction() {
    Expr expr = primary();
    if (!peek().is("and")) return expr;
    Expr all{.op = Expr::Op::kAnd};
    all.parts.push_back(std::move(expr));
    while (accept("and")) all.parts.push_back(primary());
    return all;
  }
  Expr primary() {
    if (++depth_ > kExpressionDepthMax) stop(peek(), "nested too deeply");
    Expr expr = primary_inside();
    --depth_;
    return expr;
  }
  Expr primary_inside() {
    if (accept("not")) return negated(primary());
    if (accept("(")) {
      Expr expr = disjunction();
      expect(")");
      return expr;
    }
    if (peek(1).is("(")) {
      if (peek().is("any")) return quantifier(Expr::Op::kAny);
      if (peek().is("none")) return quantifier(Expr::Op::kNone);
      if (peek().is("every")) return quantifier(Expr::Op::kEvery);
    }
    if (peek().kind == Token::Kind::kWord && context_.conditions) {
      const auto named = context_.conditions->find(peek().text);
      if (named != context_.conditions->end()) {
        take();
        return named->second;
      }
    }
    return predicate();
  }
  static Expr negated(Expr expr) {
    Expr out{.op = Expr::Op::kNot};
    out.parts.push_back(std::move(expr));
    return out;
  }

  /// any(kind where condition)
  Expr quantifier(Expr::Op op) {
    const Token word = take();
    expect("(");
    Expr expr{.op = op};
    expr.kind = kind(take());
    where(expr);
    if (op == Expr::Op::kEvery && expr.parts.empty()) stop(word, "every(...) needs a `where`");
    return expr;
  }
  void where(Expr& expr) {
    if (accept("where")) {
      const bool before = std::exchange(context_.bound[static_cast<std::size_t>(expr.kind)], true);
      expr.parts.push_back(disjunction());
      context_.bound[static_cast<std::size_t>(expr.kind)] = before;
    }
    expect(")");
  }
  Kind kind(const Token& word) {
    const auto found = kind_named(word.text);
    if (!found || *found == Kind::kVisit || *found == Kind::kPatient) {
      stop(word, fmt::format("\"{}\" is no kind of fact that a chart has several of{}", word.text,
                             did_you_mean(word.text, {"document", "procedure", "diagnosis", "order",
                                                      "contact", "coverage", "result",
                                                      "appointment", "event"})));
    }
    return *found;
  }

  Expr predicate() {
    const Token start = peek();
    Expr left = sum();
    if (peek().is("valued") || peek().is("empty")) {
      const bool valued = take().is("valued");
      Expr expr{.op = Expr::Op::kValued};
      expr.parts.push_back(std::move(left));
      return valued ? expr : negated(std::move(expr));
    }
    const bool negate = accept("not");
    if (peek().is("in") || peek().is("like")) {
      Expr expr = membership(start, std::move(left));
      return negate ? negated(std::move(expr)) : expr;
    }
    if (negate) stop(peek(), "`in` or `like` is missing after `not`");
    if (const auto order = order_named(peek().text); order && peek().kind == Token::Kind::kSign) {
      return comparison(start, std::move(left), *order);
    }
    if (left.op == Expr::Op::kField && left.type == Type::kFlag) {
      left.op = Expr::Op::kFlag;
      return left;
    }
    stop(peek(), fmt::format("\"{}\" is {}: compare it, or ask whether it is `valued` or `empty`",
                             start.text, name_of(left.type)));
  }

  static void need_words(const Token& start, const Expr& left) {
    const bool words =
        left.type == Type::kText || left.type == Type::kCodes || left.type == Type::kPerson;
    if (left.op != Expr::Op::kField || !words) {
      stop(start, fmt::format("\"{}\" is {}, it cannot be looked up among words", start.text,
                              name_of(left.type)));
    }
  }

  Expr membership(const Token& start, Expr left) {
    need_words(start, left);
    Expr expr{.op = take().is("like") ? Expr::Op::kLike : Expr::Op::kIn};
    expr.parts.push_back(left);
    if (peek().kind == Token::Kind::kQuoted || !peek().is("(")) {
      add_words(expr.texts, take());
    } else {
      expect("(");
      do {
        add_words(expr.texts, take());
      } while (accept(","));
      expect(")");
    }
    note_event(left, expr.texts);
    return expr;
  }
  void note_event(const Expr& field, const std::vector<std::string>& words) {
    if (!context_.event_codes || field.op != Expr::Op::kField || field.kind != Kind::kEvent) return;
    if (field.slot == slot(kEventFields, "code")) {
      context_.event_codes->insert(words.begin(), words.end());
    }
  }
  /// "subject.author" on the right of = is a field, everything else a word.
  bool is_field(const Token& token) const {
    const std::size_t dot = token.text.find('.');
    if (token.kind != Token::Kind::kWord || dot == token.text.npos) return false;
    const std::string_view owner = token.text.substr(0, dot);
    return owner == "subject" ? context_.subject.has_value() : kind_named(owner).has_value();
  }
  void add_words(std::vector<std::string>& words, const Token& token) {
    if (token.kind == Token::Kind::kEnd || token.kind == Token::Kind::kSign) {
      stop(token, "a word or a @list is missing here");
    }
    if (token.kind == Token::Kind::kQuoted || !token.text.starts_with('@')) {
      words.emplace_back(token.text);
      return;
    }
    const std::string_view name = token.text.substr(1);
    const auto list = context_.lists->find(name);
    if (list == context_.lists->end()) {
      std::vector<std::string_view> names;
      for (const auto& [one, unused] : *context_.lists) names.push_back(one);
      stop(token, fmt::format("there is no list \"{}\"{}", name, did_you_mean(name, names)));
    }
    if (context_.used_lists) (*context_.used_lists)[list->first] = true;
    words.insert(words.end(), list->second.begin(), list->second.end());
  }

  Expr comparison(const Token& start, Expr left, Expr::Order order) {
    take();
    const Token right_start = peek();
    Expr expr{.op = Expr::Op::kCompare, .order = order};
    if (left.type == Type::kText || left.type == Type::kCodes || left.type == Type::kPerson) {
      need_words(start, left);
      if (order != Expr::Order::kEqual && order != Expr::Order::kNotEqual) {
        stop(start, fmt::format("\"{}\" is {}: only = and != work on it", start.text,
                                name_of(left.type)));
      }
      expr.parts.push_back(left);
      if (is_field(right_start)) {
        expr.parts.push_back(field(take()));
        need_words(right_start, expr.parts[1]);
        return expr;
      }
      expr.parts.push_back(literal(take()));
      note_event(left, expr.parts[1].texts);
      return expr;
    }
    if (left.type == Type::kFlag) stop(start, "a flag stands alone, it is not compared");
    Expr right = sum();
    if (right.type != left.type) {
      stop(right_start, fmt::format("this is {}, but \"{}\" is {}", name_of(right.type), start.text,
                                    name_of(left.type)));
    }
    expr.parts.push_back(std::move(left));
    expr.parts.push_back(std::move(right));
    return expr;
  }
  static Expr literal(const Token& token) {
    if (token.kind == Token::Kind::kEnd || token.kind == Token::Kind::kSign) {
      stop(token, "a word is missing here");
    }
    Expr expr{.op = Expr::Op::kText, .type = Type::kText};
    expr.texts.emplace_back(token.text);
    return expr;
  }

  Expr sum() {
    const Token start = peek();
    Expr left = operand();
    while (peek().is("+") || peek().is("-")) {
      const bool plus = take().is("+");
      const Token right_start = peek();
      Expr right = operand();
      const Type type = sum_type(start, left.type, right_start, right.type, plus);
      Expr expr{.op = plus ? Expr::Op::kPlus : Expr::Op::kMinus, .type = type};
      expr.parts.push_back(std::move(left));
      expr.parts.push_back(std::move(right));
      left = std::move(expr);
    }
    return left;
  }
  static Type sum_type(const Token& left_at, Type left, const Token& right_at, Type right,
                       bool plus) {
    if (left == Type::kTime && right == Type::kDuration) return Type::kTime;
    if (left == Type::kTime && right == Type::kTime && !plus) return Type::kDuration;
    if (left == Type::kDuration && right == Type::kDuration) return Type::kDuration;
    if (left != Type::kTime && left != Type::kDuration) {
      stop(left_at, fmt::format("this is {}: only times and durations add up", name_of(left)));
    }
    stop(right_at, fmt::format("{} {} {} has no meaning", name_of(left), plus ? "plus" : "minus",
                               name_of(right)));
  }

  Expr operand() {
    const Token token = take();
    if (token.kind != Token::Kind::kWord) {
      stop(token, "a field such as visit.start is missing here");
    }
    if (peek().is("(")) {
      if (token.text == "count") return aggregate(Expr::Op::kCount);
      if (token.text == "first") return aggregate(Expr::Op::kFirst);
      if (token.text == "last") return aggregate(Expr::Op::kLast);
      if (token.text == "day_start") return day(Expr::Op::kDayStart);
      if (token.text == "day_end") return day(Expr::Op::kDayEnd);
      stop(token, fmt::format("there is no function \"{}\"{}", token.text,
                              did_you_mean(token.text, {"any", "none", "every", "count", "first",
                                                        "last", "day_start", "day_end"})));
    }
    if (const auto duration = parse_duration(token.text)) {
      return Expr{.op = Expr::Op::kNumber, .type = Type::kDuration, .number = *duration};
    }
    if (const auto number = core::to_int(token.text)) {
      return Expr{.op = Expr::Op::kNumber, .type = Type::kInteger, .number = *number};
    }
    return field(token);
  }
  /// day_start(time), day_end(time): the local midnight before, and after
  Expr day(Expr::Op op) {
    expect("(");
    const Token start = peek();
    Expr expr{.op = op, .type = Type::kTime};
    expr.parts.push_back(sum());
    if (expr.parts[0].type != Type::kTime) {
      stop(start, fmt::format("this is {}, a time is needed here", name_of(expr.parts[0].type)));
    }
    expect(")");
    return expr;
  }
  /// count(kind where ...), first(kind.field where ...)
  Expr aggregate(Expr::Op op) {
    expect("(");
    Expr expr{.op = op, .type = Type::kInteger};
    const Token word = take();
    if (op == Expr::Op::kCount) {
      expr.kind = kind(word);
    } else {
      const std::size_t dot = word.text.find('.');
      expr.kind = kind({word.kind, word.text.substr(0, dot), word.offset});
      const Field& found = field_of(word, expr.kind, dot, expr.slot);
      if (found.type != Type::kTime && found.type != Type::kInteger) {
        stop(word, fmt::format("\"{}\" is {}: first and last work on times and numbers", word.text,
                               name_of(found.type)));
      }
      expr.type = found.type;
    }
    where(expr);
    return expr;
  }

  const Field& field_of(const Token& word, Kind kind, std::size_t dot, std::size_t& slot) {
    const std::string_view name =
        dot == word.text.npos ? std::string_view() : word.text.substr(dot + 1);
    const auto found = field_named(kind, name);
    if (!found) {
      std::vector<std::string_view> names;
      for (const Field& one : fields_of(kind)) names.push_back(one.name);
      stop(word, fmt::format("{} has no field \"{}\"{}", name_of(kind), name,
                             did_you_mean(name, names)));
    }
    slot = *found;
    return fields_of(kind)[slot];
  }
  Expr period(const Token& word, std::size_t dot) {
    if (!context_.repeats) stop(word, "only a rule with `repeat` has a period");
    const std::string_view name =
        dot == word.text.npos ? std::string_view() : word.text.substr(dot + 1);
    if (name != "start" && name != "end") {
      stop(word, "a period has a start and an end: period.start, period.end");
    }
    return Expr{.op = Expr::Op::kPeriod, .type = Type::kTime, .slot = name == "end" ? 1u : 0u};
  }
  Expr field(const Token& word) {
    const std::size_t dot = word.text.find('.');
    const std::string_view owner = word.text.substr(0, dot);
    if (owner == "period") return period(word, dot);
    Expr expr{.op = Expr::Op::kField};
    if (owner == "subject") {
      if (!context_.subject) stop(word, "this rule is about the visit, it has no other subject");
      expr.kind = *context_.subject;
      expr.of_subject = true;
    } else {
      const auto kind = kind_named(owner);
      if (!kind) {
        stop(word, fmt::format(
                       "\"{}\" is neither a field nor a duration{}", word.text,
                       did_you_mean(owner, {"visit", "patient", "document", "procedure",
                                            "diagnosis", "order", "contact", "coverage",
                                            "result", "appointment", "event",
                                            "subject"})));
      }
      expr.kind = *kind;
      const bool always = *kind == Kind::kVisit || *kind == Kind::kPatient;
      if (!always && !context_.bound[static_cast<std::size_t>(*kind)]) {
        stop(word, fmt::format("no one {0} is meant here: use any({0} where ...) or the like",
                               name_of(*kind)));
      }
    }
    expr.type = field_of(word, expr.kind, dot, expr.slot).type;
    return expr;
  }

  std::vector<Token> tokens_;
  Context context_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

template <class Parse>
std::optional<Expr> parse(std::string_view text, const Context& context, ParseFault& fault,
                          const Parse& run) {
  if (text.size() > kExpressionBytesMax) {
    fault = {0, fmt::format("longer than {} characters", kExpressionBytesMax)};
    return std::nullopt;
  }
  std::vector<Token> tokens;
  if (!tokenize(text, tokens, fault)) return std::nullopt;
  try {
    Parser parser(std::move(tokens), context);
    return run(parser);
  } catch (const Stop& stopped) {
    fault = stopped.fault;
    return std::nullopt;
  }
}

}  // namespace

std::optional<Expr> parse_condition(std::string_view text, const Context& context,
                                    ParseFault& fault) {
  return parse(text, context, fault, [](Parser& parser) { return parser.whole_condition(); });
}

std::optional<Expr> parse_value(std::string_view text, Type wanted, const Context& context,
                                ParseFault& fault) {
  return parse(text, context, fault,
               [wanted](Parser& parser) { return parser.whole_value(wanted); });
}

std::optional<std::int64_t> parse_duration(std::string_view text) {
  if (text.size() < 2) return std::nullopt;
  const auto number = core::to_int(text.substr(0, text.size() - 1));
  constexpr std::int64_t kMinute = 60'000'000;
  constexpr std::int64_t kNumberMax = 1'000'000;   // a million weeks still fits the clock
  if (!number || *number < 0 || *number > kNumberMax) return std::nullopt;
  switch (text.back()) {
    case 'm': return *number * kMinute;
    case 'h': return *number * 60 * kMinute;
    case 'd': return *number * 24 * 60 * kMinute;
    case 'w': return *number * 7 * 24 * 60 * kMinute;
    default: return std::nullopt;
  }
}

}  // namespace him
