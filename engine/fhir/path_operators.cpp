#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <core/text.hpp>
#include <fhir/date_range.hpp>

#include "path_eval.hpp"
#include "types.hpp"

namespace fhir::path {

namespace {

bool is_date_type(std::string_view type) {
  return same_type(type, "date") || same_type(type, "dateTime") || same_type(type, "instant");
}
bool both_dates(const Value& a, const Value& b) {
  return is_date_type(a.type) || is_date_type(b.type);
}

enum class Order { kLess, kEqual, kGreater, kUnknown };

Order order_of(double a, double b) {
  return a < b ? Order::kLess : a > b ? Order::kGreater : Order::kEqual;
}

/// Dates of other precision that overlap have no order: @2026 against @2026-03.
Order date_order(std::string_view a, std::string_view b) {
  const auto left = parse_date_range(a);
  const auto right = parse_date_range(b);
  if (!left || !right) return Order::kUnknown;
  if (*left == *right) return Order::kEqual;
  if (left->end <= right->start) return Order::kLess;
  if (right->end <= left->start) return Order::kGreater;
  return Order::kUnknown;
}

std::string_view unit_of(const Node* quantity) {
  const std::string_view code = quantity->text_of("code");
  return code.empty() ? quantity->text_of("unit") : code;
}

/// Quantities of one unit; others are not converted.
Order quantity_order(const Node* a, const Node* b) {
  const Node* left = a->find("value");
  const Node* right = b->find("value");
  const auto x = left ? to_number(left) : std::nullopt;
  const auto y = right ? to_number(right) : std::nullopt;
  const bool unit = unit_of(a) == unit_of(b) || a->text_of("unit") == b->text_of("unit");
  return x && y && unit ? order_of(*x, *y) : Order::kUnknown;
}

Order order_of(const Value& a, const Value& b) {
  if (a.node->kind != b.node->kind) return Order::kUnknown;
  switch (a.node->kind) {
    case Node::Kind::kNumber: {
      const auto x = to_number(a.node), y = to_number(b.node);
      return x && y ? order_of(*x, *y) : Order::kUnknown;
    }
    case Node::Kind::kString: {
      if (both_dates(a, b)) return date_order(a.node->text, b.node->text);
      const int order = a.node->text.compare(b.node->text);
      return order < 0 ? Order::kLess : order > 0 ? Order::kGreater : Order::kEqual;
    }
    case Node::Kind::kObject: return quantity_order(a.node, b.node);
    default: return Order::kUnknown;
  }
}

bool is_quantity(const Value& value) {
  if (same_type(value.type, "Quantity")) return true;
  const Node* number = value.node->find("value");
  return number && number->kind == Node::Kind::kNumber;
}

Truth equal_values(const Value& a, const Value& b) {
  if (a.node->kind != b.node->kind) return false;
  const bool dates = a.node->kind == Node::Kind::kString && both_dates(a, b);
  const bool numbers = a.node->kind == Node::Kind::kNumber;
  const bool quantities = a.node->is_object() && is_quantity(a) && is_quantity(b);
  if (!dates && !numbers && !quantities) return equal(a.node, b.node);
  const Order order = order_of(a, b);
  if (order == Order::kUnknown && dates) return {};
  return order == Order::kEqual;
}

/// Lower case, white space runs as one blank.
std::string folded(std::string_view text) {
  std::string result;
  for (const char c : core::ascii_lower(core::trim(text))) {
    const bool space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (!space) {
      result += c;
    } else if (result.back() != ' ') {
      result += ' ';
    }
  }
  return result;
}

bool equivalent_values(const Value& a, const Value& b) {
  if (a.node->kind == Node::Kind::kString && b.node->kind == Node::Kind::kString &&
      !both_dates(a, b)) {
    return folded(a.node->text) == folded(b.node->text);
  }
  return equal_values(a, b).value_or(false);
}

std::string text_of(double value) {
  std::array<char, 64> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  return {buffer.data(), end};
}

std::optional<std::int64_t> integer_of(const Node* node) {
  return node->kind == Node::Kind::kNumber ? core::to_int(node->text) : std::nullopt;
}

std::optional<std::int64_t> integers(Operator op, std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  switch (op) {
    case Operator::kPlus:
      if (__builtin_add_overflow(a, b, &result)) return {};
      return result;
    case Operator::kMinus:
      if (__builtin_sub_overflow(a, b, &result)) return {};
      return result;
    case Operator::kTimes:
      if (__builtin_mul_overflow(a, b, &result)) return {};
      return result;
    case Operator::kDiv:
    case Operator::kMod:
      if (b == 0 || b == -1) return {};
      return op == Operator::kDiv ? a / b : a % b;
    default: return {};
  }
}

std::optional<double> decimals(Operator op, double a, double b) {
  switch (op) {
    case Operator::kPlus: return a + b;
    case Operator::kMinus: return a - b;
    case Operator::kTimes: return a * b;
    default: break;
  }
  if (b == 0) return {};
  if (op == Operator::kDivide) return a / b;
  return op == Operator::kDiv ? std::trunc(a / b) : std::fmod(a, b);
}

}  // namespace

Truth Evaluator::equals(const Values& left, const Values& right) {
  if (left.empty() || right.empty()) return {};
  if (left.size() != right.size()) return false;
  Truth all = true;
  for (std::size_t n = 0; n < left.size(); ++n) {
    const Truth one = equal_values(left[n], right[n]);
    if (one == false) return false;
    if (!one) all.reset();
  }
  return all;
}

bool Evaluator::equivalent(const Values& left, const Values& right) {
  return left.size() == right.size() &&
         std::is_permutation(left.begin(), left.end(), right.begin(), equivalent_values);
}

bool Evaluator::contains(const Values& list, const Value& value) {
  return std::any_of(list.begin(), list.end(), [&value](const Value& item) {
    return equal_values(item, value).value_or(false);
  });
}

Truth Evaluator::compare(Operator op, const Values& left, const Values& right) {
  if (left.size() != 1 || right.size() != 1) return {};
  const Order order = order_of(left[0], right[0]);
  if (order == Order::kUnknown) return {};
  switch (op) {
    case Operator::kLess: return order == Order::kLess;
    case Operator::kGreater: return order == Order::kGreater;
    case Operator::kLessEqual: return order != Order::kGreater;
    default: return order != Order::kLess;
  }
}

/// Three-valued: `false and {}` is false, `true and {}` is empty.
Values Evaluator::logic(Operator op, Truth left, const Expr& right, const Scope& scope) {
  if (op == Operator::kAnd && left == false) return boolean(false);
  if (op == Operator::kOr && left == true) return boolean(true);
  if (op == Operator::kImplies && left == false) return boolean(true);
  const Truth other = truth(eval(right, scope));
  switch (op) {
    case Operator::kAnd:
      if (other == false) return boolean(false);
      return boolean(left && other ? other : Truth());
    case Operator::kOr:
      if (other == true) return boolean(true);
      return boolean(left && other ? other : Truth());
    case Operator::kXor: return boolean(left && other ? Truth(*left != *other) : Truth());
    default:  // implies
      if (left == true) return boolean(other);
      return boolean(other == true ? other : Truth());
  }
}

Values Evaluator::arithmetic(Operator op, const Values& left, const Values& right) {
  if (op == Operator::kConcat) {
    std::string joined(left.empty() ? std::string_view() : left[0].node->text);
    if (!right.empty()) joined += right[0].node->text;
    return left.size() > 1 || right.size() > 1 ? Values() : text(joined);
  }
  if (left.size() != 1 || right.size() != 1) return {};
  const Node* a = left[0].node;
  const Node* b = right[0].node;
  if (op == Operator::kPlus && a->kind == Node::Kind::kString && b->kind == Node::Kind::kString) {
    return text(std::string(a->text) + std::string(b->text));
  }
  const auto i = integer_of(a), j = integer_of(b);
  if (i && j) {
    if (const auto result = integers(op, *i, *j)) return number(std::to_string(*result));
  }
  const auto x = to_number(a), y = to_number(b);
  const auto result = x && y ? decimals(op, *x, *y) : std::nullopt;
  return result && std::isfinite(*result) ? number(text_of(*result)) : Values();
}

Values Evaluator::binary(const Expr& expr, const Scope& scope) {
  const Operator op = expr.op;
  const Values left = eval(*expr.args[0], scope);
  if (op <= Operator::kAnd) return logic(op, truth(left), *expr.args[1], scope);
  const Values right = eval(*expr.args[1], scope);
  const auto inverse = [](Truth value) { return value ? Truth(!*value) : value; };
  switch (op) {
    case Operator::kEqual: return boolean(equals(left, right));
    case Operator::kNotEqual: return boolean(inverse(equals(left, right)));
    case Operator::kEquivalent: return boolean(equivalent(left, right));
    case Operator::kNotEquivalent: return boolean(!equivalent(left, right));
    case Operator::kLess:
    case Operator::kGreater:
    case Operator::kLessEqual:
    case Operator::kGreaterEqual: return boolean(compare(op, left, right));
    case Operator::kIn:
      return left.size() == 1 ? boolean(contains(right, left[0])) : Values();
    case Operator::kContains:
      return right.size() == 1 ? boolean(contains(left, right[0])) : Values();
    case Operator::kUnion: {
      Values all = left;
      all.insert(all.end(), right.begin(), right.end());
      return distinct(std::move(all));
    }
    default: return arithmetic(op, left, right);
  }
}

}  // namespace fhir::path
