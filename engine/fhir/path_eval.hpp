#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "path_expr.hpp"

namespace fhir::path {

/// Items that one evaluation may make, all together; what lies above is dropped.
inline constexpr std::size_t kItemsMax = 1'000'000;
/// Texts longer than this never match a regular expression.
inline constexpr std::size_t kMatchBytesMax = 64 * 1024;

/// An item of a collection.
struct Value {
  const Node* node = nullptr;   ///< never null; kNull for a primitive that has only extensions
  const Node* extra = nullptr;  ///< the object in `_name` of a primitive
  std::string_view type{};      ///< where known: suffix of the choice, type of the literal
};
using Values = std::vector<Value>;

/// Booleans of FHIRPath: nullopt is "empty".
using Truth = std::optional<bool>;

class Evaluator {
 public:
  Evaluator(const Node* root, Document& scratch) : root_{root}, scratch_(scratch) {}

  struct Scope {
    const Value* self;
    std::size_t index = 0;
  };

  Values run(const Expr& expr) { return eval(expr, Scope{&root_}); }
  static Truth truth(const Values& values);

 private:
  // path_eval.cpp
  Values eval(const Expr& expr, const Scope& scope);
  Values input(const Expr& expr, const Scope& scope);
  Values member(const Expr& expr, const Scope& scope);
  void step(const Value& from, std::string_view name, Values& out);
  void choice_step(const Value& from, std::string_view name, Values& out);
  void expand(const Node* node, const Node* extra, std::string_view type, Values& out);
  bool named_type(const Value& self, std::string_view name, Values& out);
  Values children(const Values& values);
  Values of_type(const Values& values, std::string_view type);
  Values negate(const Values& values);
  Values boolean(Truth value);
  Values number(std::string text);
  Values text(std::string_view text);

  // path_operators.cpp
  Values binary(const Expr& expr, const Scope& scope);
  Values logic(Operator op, Truth left, const Expr& right, const Scope& scope);
  Values arithmetic(Operator op, const Values& left, const Values& right);
  static Truth equals(const Values& left, const Values& right);
  static bool equivalent(const Values& left, const Values& right);
  static Truth compare(Operator op, const Values& left, const Values& right);
  static bool contains(const Values& list, const Value& value);

  // path_functions.cpp
  Values call(const Expr& expr, const Scope& scope);
  Values call_logical(const Expr& expr, const Values& in);
  Values call_subset(const Expr& expr, const Values& in, const Scope& scope);
  Values call_string(const Expr& expr, const Values& in, const Scope& scope);
  Values call_match(const Expr& expr, std::string_view subject, std::string_view argument);
  Values call_tree(const Expr& expr, const Values& in, const Scope& scope);
  Values where(const Expr& criteria, const Values& in);
  Values select(const Expr& projection, const Values& in);
  Values repeat(const Expr& projection, const Values& in);
  Values descendants(const Values& in);
  Values resolve(const Values& in);
  Values resolve_one(const Value& value);
  const Node* in_bundle(std::string_view reference) const;
  Values extension(const Values& in, std::string_view url);
  std::optional<std::string_view> string_argument(const Expr& expr, std::size_t n,
                                                  const Scope& scope);
  std::optional<std::int64_t> integer_argument(const Expr& expr, std::size_t n, const Scope& scope);

  bool room() { return ++made_ <= kItemsMax; }

  const Value root_;
  Document& scratch_;
  std::size_t made_ = 0;
};

/// @return whether `value` is of that type, judged by what is known of it, else by its shape.
bool is_type(const Value& value, std::string_view type);
/// Without the items that equal an earlier one.
Values distinct(Values values);
std::optional<double> to_number(const Node* node);

}  // namespace fhir::path
