#pragma once
#include <core/result.hpp>
#include <cstdint>
#include <fhir/path.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fhir::path {

enum class Function : std::uint8_t {
  kWhere, kExists, kEmpty, kAll, kAny, kFirst, kLast, kTail, kSkip, kTake, kCount, kDistinct,
  kSelect, kRepeat, kResolve, kExtension, kMatches, kStartsWith, kEndsWith, kContains, kSubstring,
  kIndexOf, kLength, kUpper, kLower, kReplace, kToString, kToInteger, kHasValue, kIif, kUnion, kNot,
  kChildren, kDescendants, kIs, kAs, kOfType,
};

struct FunctionEntry {
  std::string_view name;
  Function function;
  std::uint8_t arguments_min, arguments_max;
};
/// nullptr when there is none of that name.
const FunctionEntry* find_function(std::string_view name);
std::vector<std::string_view> function_names();

enum class Operator : std::uint8_t {
  kImplies, kOr, kXor, kAnd, kIn, kContains, kEqual, kNotEqual, kEquivalent, kNotEquivalent, kLess,
  kGreater, kLessEqual, kGreaterEqual, kUnion, kIs, kAs, kPlus, kMinus, kConcat, kTimes, kDivide,
  kDiv, kMod,
};

/// A node of a compiled expression.
struct Pattern;

struct Expr {
  enum class Kind : std::uint8_t {
    kLiteral,  ///< `literal`, with `type`
    kEmpty,    ///< {}
    kThis, kIndex, kRoot,
    kMember,   ///< `text` of args[0], or of $this when there are no args
    kIndexer,  ///< args[0] [ args[1] ]
    kCall,     ///< `function` of args[0] (null: $this) with args[1...]
    kBinary,   ///< args[0] `op` args[1]
    kType,     ///< args[0] is/as `type`
    kNegate,
  };
  Kind kind = Kind::kEmpty;
  Operator op{};
  Function function{};
  std::string text;          ///< member name, or the storage of the literal
  std::string type;          ///< of is/as/ofType, without name space; of a date literal
  Node literal;
  std::unique_ptr<Node[]> quantity;      ///< value and unit of a quantity literal
  std::unique_ptr<Member[]> quantity_members;
  std::shared_ptr<const Pattern> pattern;   ///< matches() with a literal
  std::vector<std::unique_ptr<Expr>> args;
};
using ExprPtr = std::unique_ptr<Expr>;

core::Result<ExprPtr> parse(std::string_view text);

/// A regular expression (ICU's syntax); nullptr when malformed. Threads may share it.
std::shared_ptr<const Pattern> compile_pattern(std::string_view pattern);
/// nullopt when the search took too many steps and was given up.
std::optional<bool> found_in(const Pattern& pattern, std::string_view subject);

}  // namespace fhir::path
