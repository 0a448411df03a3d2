// FHIRPath N1 grammar (http://hl7.org/fhirpath/N1/grammar.html) by precedence climbing.
#include <algorithm>
#include <array>
#include <core/text.hpp>
#include <fhir/date_range.hpp>

#include "path_expr.hpp"
#include "path_lexer.hpp"

namespace fhir::path {

namespace {

constexpr std::size_t kExpressionBytesMax = 8192;
constexpr int kNestingMax = 60;
constexpr std::size_t kNodesMax = 1000;

using F = Function;
constexpr std::array kFunctions = {
    FunctionEntry{"where", F::kWhere, 1, 1},
    FunctionEntry{"exists", F::kExists, 0, 1},
    FunctionEntry{"empty", F::kEmpty, 0, 0},
    FunctionEntry{"all", F::kAll, 1, 1},
    FunctionEntry{"any", F::kAny, 0, 1},
    FunctionEntry{"first", F::kFirst, 0, 0},
    FunctionEntry{"last", F::kLast, 0, 0},
    FunctionEntry{"tail", F::kTail, 0, 0},
    FunctionEntry{"skip", F::kSkip, 1, 1},
    FunctionEntry{"take", F::kTake, 1, 1},
    FunctionEntry{"count", F::kCount, 0, 0},
    FunctionEntry{"distinct", F::kDistinct, 0, 0},
    FunctionEntry{"select", F::kSelect, 1, 1},
    FunctionEntry{"repeat", F::kRepeat, 1, 1},
    FunctionEntry{"resolve", F::kResolve, 0, 0},
    FunctionEntry{"extension", F::kExtension, 1, 1},
    FunctionEntry{"matches", F::kMatches, 1, 1},
    FunctionEntry{"startsWith", F::kStartsWith, 1, 1},
    FunctionEntry{"endsWith", F::kEndsWith, 1, 1},
    FunctionEntry{"contains", F::kContains, 1, 1},
    FunctionEntry{"substring", F::kSubstring, 1, 2},
    FunctionEntry{"indexOf", F::kIndexOf, 1, 1},
    FunctionEntry{"length", F::kLength, 0, 0},
    FunctionEntry{"upper", F::kUpper, 0, 0},
    FunctionEntry{"lower", F::kLower, 0, 0},
    FunctionEntry{"replace", F::kReplace, 2, 2},
    FunctionEntry{"toString", F::kToString, 0, 0},
    FunctionEntry{"toInteger", F::kToInteger, 0, 0},
    FunctionEntry{"hasValue", F::kHasValue, 0, 0},
    FunctionEntry{"iif", F::kIif, 2, 3},
    FunctionEntry{"union", F::kUnion, 1, 1},
    FunctionEntry{"not", F::kNot, 0, 0},
    FunctionEntry{"children", F::kChildren, 0, 0},
    FunctionEntry{"descendants", F::kDescendants, 0, 0},
    FunctionEntry{"is", F::kIs, 1, 1},
    FunctionEntry{"as", F::kAs, 1, 1},
    FunctionEntry{"ofType", F::kOfType, 1, 1},
};

struct OperatorEntry {
  std::string_view text;
  Operator op;
  int strength;
};
using O = Operator;
constexpr std::array kOperators = {
    OperatorEntry{"implies", O::kImplies, 1}, OperatorEntry{"or", O::kOr, 2},
    OperatorEntry{"xor", O::kXor, 2},         OperatorEntry{"and", O::kAnd, 3},
    OperatorEntry{"in", O::kIn, 4},           OperatorEntry{"contains", O::kContains, 4},
    OperatorEntry{"=", O::kEqual, 5},         OperatorEntry{"!=", O::kNotEqual, 5},
    OperatorEntry{"~", O::kEquivalent, 5},    OperatorEntry{"!~", O::kNotEquivalent, 5},
    OperatorEntry{"<", O::kLess, 6},          OperatorEntry{">", O::kGreater, 6},
    OperatorEntry{"<=", O::kLessEqual, 6},    OperatorEntry{">=", O::kGreaterEqual, 6},
    OperatorEntry{"|", O::kUnion, 7},         OperatorEntry{"is", O::kIs, 8},
    OperatorEntry{"as", O::kAs, 8},           OperatorEntry{"+", O::kPlus, 9},
    OperatorEntry{"-", O::kMinus, 9},         OperatorEntry{"&", O::kConcat, 9},
    OperatorEntry{"*", O::kTimes, 10},        OperatorEntry{"/", O::kDivide, 10},
    OperatorEntry{"div", O::kDiv, 10},        OperatorEntry{"mod", O::kMod, 10},
};
constexpr int kUnaryStrength = 11;

class Parser {
 public:
  explicit Parser(std::string_view text) : lexer_(text) { advance(); }

  core::Result<ExprPtr> run() {
    ExprPtr expr = expression(0);
    if (expr && token_.kind != Token::Kind::kEnd) expr = fail("unexpected '" + token_.text + "'");
    if (expr) return expr;
    return core::fail(core::ErrorCode::kUsage, error_, "column " + std::to_string(error_at_ + 1));
  }

 private:
  void advance() { token_ = lexer_.next(); }
  bool is_symbol(std::string_view text) const {
    return token_.kind == Token::Kind::kSymbol && token_.text == text;
  }
  bool take_symbol(std::string_view text) {
    if (!is_symbol(text)) return false;
    advance();
    return true;
  }
  ExprPtr fail(std::string why) { return fail_at(std::move(why), token_.at); }
  ExprPtr fail_at(std::string why, std::size_t at) {
    if (error_.empty()) {
      error_ = token_.kind == Token::Kind::kBad ? token_.text : std::move(why);
      error_at_ = at;
    }
    return nullptr;
  }
  ExprPtr make(Expr::Kind kind) {
    if (++nodes_ > kNodesMax) return fail("the expression has too many parts");
    auto expr = std::make_unique<Expr>();
    expr->kind = kind;
    return expr;
  }
  const OperatorEntry* current_operator() const {
    if (token_.kind != Token::Kind::kSymbol && token_.kind != Token::Kind::kName) return nullptr;
    const auto found = std::find_if(kOperators.begin(), kOperators.end(),
                                    [this](const auto& o) { return o.text == token_.text; });
    return found == kOperators.end() ? nullptr : &*found;
  }

  ExprPtr expression(int least);
  ExprPtr unary();
  ExprPtr postfix();
  ExprPtr term();
  ExprPtr name_term();
  ExprPtr variable();
  ExprPtr number(std::string text);
  ExprPtr literal(Node::Kind kind, std::string text, std::string type);
  ExprPtr invocation(ExprPtr base);
  ExprPtr call(const Token& name, ExprPtr base);
  ExprPtr finish_call(const Token& name, const FunctionEntry& entry, ExprPtr call);
  bool type_name(std::string& type);

  Lexer lexer_;
  Token token_;
  std::string error_;
  std::size_t error_at_ = 0;
  int depth_ = 0;
  std::size_t nodes_ = 0;
};

ExprPtr Parser::expression(int least) {
  if (++depth_ > kNestingMax) return fail("nested too deeply");
  ExprPtr left = unary();
  for (const OperatorEntry* entry = current_operator(); left && entry && entry->strength >= least;
       entry = current_operator()) {
    const OperatorEntry op = *entry;
    advance();
    const bool type = op.op == O::kIs || op.op == O::kAs;
    ExprPtr joined = make(type ? Expr::Kind::kType : Expr::Kind::kBinary);
    if (!joined) return nullptr;
    joined->op = op.op;
    joined->args.push_back(std::move(left));
    if (type) {
      if (!type_name(joined->type)) return fail("a type name is missing");
    } else {
      ExprPtr right = expression(op.strength + 1);
      if (!right) return nullptr;
      joined->args.push_back(std::move(right));
    }
    left = std::move(joined);
  }
  --depth_;
  return left;
}

ExprPtr Parser::unary() {
  if (take_symbol("+")) return expression(kUnaryStrength);
  if (!is_symbol("-")) return postfix();
  advance();
  ExprPtr negated = make(Expr::Kind::kNegate);
  ExprPtr operand = expression(kUnaryStrength);
  if (!negated || !operand) return nullptr;
  negated->args.push_back(std::move(operand));
  return negated;
}

ExprPtr Parser::postfix() {
  ExprPtr left = term();
  while (left) {
    if (take_symbol(".")) {
      left = invocation(std::move(left));
    } else if (take_symbol("[")) {
      ExprPtr indexer = make(Expr::Kind::kIndexer);
      ExprPtr index = expression(0);
      if (!indexer || !index) return nullptr;
      if (!take_symbol("]")) return fail("no ]");
      indexer->args.push_back(std::move(left));
      indexer->args.push_back(std::move(index));
      left = std::move(indexer);
    } else {
      break;
    }
  }
  return left;
}

ExprPtr Parser::term() {
  const Token token = token_;
  switch (token.kind) {
    case Token::Kind::kString:
      advance();
      return literal(Node::Kind::kString, token.text, "");
    case Token::Kind::kDate:
      if (!parse_date_range(token.text)) return fail("this is no date");
      advance();
      return literal(Node::Kind::kString, token.text, "dateTime");
    case Token::Kind::kTime:
      advance();
      return literal(Node::Kind::kString, token.text, "time");
    case Token::Kind::kNumber:
      advance();
      return number(token.text);
    case Token::Kind::kName:
    case Token::Kind::kQuotedName: return name_term();
    default: break;
  }
  if (take_symbol("(")) {
    ExprPtr inner = expression(0);
    if (inner && !take_symbol(")")) return fail("no )");
    return inner;
  }
  if (take_symbol("{")) return take_symbol("}") ? make(Expr::Kind::kEmpty) : fail("no }");
  return fail("an expression is missing");
}

ExprPtr Parser::name_term() {
  if (token_.kind == Token::Kind::kName) {
    if (token_.text[0] == '$' || token_.text[0] == '%') return variable();
    if (token_.text == "true" || token_.text == "false") {
      const Token token = token_;
      advance();
      return literal(Node::Kind::kBool, token.text, "");
    }
  }
  return invocation(nullptr);
}

ExprPtr Parser::variable() {
  const std::string name = token_.text;
  const std::size_t at = token_.at;
  advance();
  if (name == "$this") return make(Expr::Kind::kThis);
  if (name == "$index") return make(Expr::Kind::kIndex);
  if (name == "%context" || name == "%resource" || name == "%rootResource") {
    return make(Expr::Kind::kRoot);
  }
  if (name == "%ucum") return literal(Node::Kind::kString, "http://unitsofmeasure.org", "");
  if (name == "%sct") return literal(Node::Kind::kString, "http://snomed.info/sct", "");
  if (name == "%loinc") return literal(Node::Kind::kString, "http://loinc.org", "");
  return fail_at("there is no variable " + name, at);
}

ExprPtr Parser::literal(Node::Kind kind, std::string text, std::string type) {
  ExprPtr expr = make(Expr::Kind::kLiteral);
  if (!expr) return nullptr;
  expr->text = std::move(text);
  expr->type = std::move(type);
  expr->literal.kind = kind;
  expr->literal.text = expr->text;
  return expr;
}

/// A number, or with a unit behind it a Quantity: 5 'mg', 3 days.
ExprPtr Parser::number(std::string text) {
  static constexpr std::array<std::string_view, 16> kPeriods = {
      "year",  "years",  "month",   "months",  "week",   "weeks",   "day",         "days",
      "hour",  "hours",  "minute",  "minutes", "second", "seconds", "millisecond", "milliseconds"};
  const bool period = token_.kind == Token::Kind::kName &&
                      std::find(kPeriods.begin(), kPeriods.end(), token_.text) != kPeriods.end();
  if (token_.kind != Token::Kind::kString && !period) {
    return literal(Node::Kind::kNumber, std::move(text), "");
  }
  const std::size_t digits = text.size();
  ExprPtr expr = literal(Node::Kind::kObject, text + token_.text, "Quantity");
  advance();
  if (!expr) return nullptr;
  const std::string_view all = expr->text;
  expr->quantity = std::make_unique<Node[]>(2);
  expr->quantity_members = std::make_unique<Member[]>(2);
  Node* parts = expr->quantity.get();
  Member* members = expr->quantity_members.get();
  parts[0].kind = Node::Kind::kNumber;
  parts[0].text = all.substr(0, digits);
  parts[1].kind = Node::Kind::kString;
  parts[1].text = all.substr(digits);
  members[0] = {"value", &parts[0], &members[1]};
  members[1] = {"unit", &parts[1], nullptr};
  expr->literal.text = {};
  expr->literal.count = 2;
  expr->literal.first_member = &members[0];
  expr->literal.last_member = &members[1];
  return expr;
}

/// What follows a dot, or starts a term: a member or a function.
ExprPtr Parser::invocation(ExprPtr base) {
  const Token name = token_;
  if (name.kind != Token::Kind::kName && name.kind != Token::Kind::kQuotedName) {
    return fail("a name is missing");
  }
  if (name.kind == Token::Kind::kName && (name.text[0] == '$' || name.text[0] == '%')) {
    return fail("a variable cannot follow a dot");
  }
  advance();
  if (is_symbol("(")) return call(name, std::move(base));
  ExprPtr member = make(Expr::Kind::kMember);
  if (!member) return nullptr;
  member->text = name.text;
  if (base) member->args.push_back(std::move(base));
  return member;
}

ExprPtr Parser::call(const Token& name, ExprPtr base) {
  const FunctionEntry* entry = find_function(name.text);
  if (!entry) {
    const std::string_view near = core::nearest(name.text, function_names());
    return fail_at("there is no function " + name.text + "()" +
                       (near.empty() ? "" : "; did you mean " + std::string(near) + "()?"),
                   name.at);
  }
  advance();  // (
  ExprPtr expr = make(Expr::Kind::kCall);
  if (!expr) return nullptr;
  expr->function = entry->function;
  expr->args.push_back(std::move(base));
  const bool takes_type = entry->function == F::kIs || entry->function == F::kAs ||
                          entry->function == F::kOfType;
  if (takes_type) {
    if (!type_name(expr->type)) return fail("a type name is missing");
    if (!take_symbol(")")) return fail("no )");
    return expr;
  }
  while (!is_symbol(")")) {
    if (expr->args.size() > 1 && !take_symbol(",")) return fail("no comma or )");
    ExprPtr argument = expression(0);
    if (!argument) return nullptr;
    expr->args.push_back(std::move(argument));
  }
  advance();
  return finish_call(name, *entry, std::move(expr));
}

ExprPtr Parser::finish_call(const Token& name, const FunctionEntry& entry, ExprPtr expr) {
  const std::size_t count = expr->args.size() - 1;
  if (count < entry.arguments_min || count > entry.arguments_max) {
    return fail_at(name.text + "() does not take " + std::to_string(count) + " arguments", name.at);
  }
  const bool literal = count > 0 && expr->args[1]->kind == Expr::Kind::kLiteral;
  if (entry.function == F::kMatches && literal) {
    expr->pattern = compile_pattern(expr->args[1]->text);
    if (!expr->pattern) return fail_at("the regular expression is malformed", name.at);
  }
  return expr;
}

/// `Patient`, `FHIR.Patient`, `System.String`.
bool Parser::type_name(std::string& type) {
  const auto is_name = [this] {
    return (token_.kind == Token::Kind::kName && token_.text[0] != '$' && token_.text[0] != '%') ||
           token_.kind == Token::Kind::kQuotedName;
  };
  if (!is_name()) return false;
  type = token_.text;
  advance();
  if ((type == "FHIR" || type == "System") && take_symbol(".")) {
    if (!is_name()) return false;
    type = token_.text;
    advance();
  }
  return true;
}

}  // namespace

const FunctionEntry* find_function(std::string_view name) {
  const auto found = std::find_if(kFunctions.begin(), kFunctions.end(),
                                  [name](const FunctionEntry& f) { return f.name == name; });
  return found == kFunctions.end() ? nullptr : &*found;
}

std::vector<std::string_view> function_names() {
  std::vector<std::string_view> names;
  for (const FunctionEntry& f : kFunctions) names.push_back(f.name);
  return names;
}

core::Result<ExprPtr> parse(std::string_view text) {
  if (text.size() > kExpressionBytesMax) {
    return core::fail(core::ErrorCode::kUsage, "the expression is too long",
                      "column " + std::to_string(kExpressionBytesMax));
  }
  return Parser(text).run();
}

}  // namespace fhir::path
