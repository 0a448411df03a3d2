#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "fact.hpp"

namespace him {

inline constexpr int kExpressionDepthMax = 32;
inline constexpr std::size_t kExpressionBytesMax = 4096;

/// Named lists of a pack: `lists: {inpatient: [IMP, ACUTE]}`, used as `@inpatient`.
using Lists = std::map<std::string, std::vector<std::string>, std::less<>>;

/// A compiled condition or value over a chart (the language is described in
/// mappings/him/README.md).
/// Comparisons ignore letter case. A comparison with something not valued is false. Immutable.
struct Expr {
  enum class Op : std::uint8_t {
    kAnd,
    kOr,
    kNot,
    kFlag,
    kValued,
    kCompare,
    kIn,
    kLike,  // conditions
    kAny,
    kNone,
    kEvery,  // conditions over facts of a kind
    kField,
    kText,
    kNumber,
    kPlus,
    kMinus,
    kPeriod,
    kDayStart,
    kDayEnd,
    kCount,
    kFirst,
    kLast  // values
  };
  enum class Order : std::uint8_t { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual };

  Op op = Op::kAnd;
  Type type = Type::kFlag;           ///< of the result
  Order order = Order::kEqual;
  bool of_subject = false;           ///< kField: of the fact the rule is about
  Kind kind = Kind::kVisit;          ///< kField, and what a quantifier runs over
  std::size_t slot = 0;              ///< kField, kFirst, kLast
  std::int64_t number = 0;           ///< kNumber: microseconds for durations and times
  std::vector<std::string> texts;    ///< kText (one), kIn, kLike
  std::vector<Expr> parts;
};

class ProviderIndex;

/// The facts in reach while an expression runs: the visit, the patient, the subject, and of each
/// other kind the one that a quantifier or the rule has in hand.
struct Scope {
  const Chart* chart = nullptr;
  const Fact* subject = nullptr;
  const core::TimeZone* zone = nullptr;      ///< whose midnights count; nullptr: UTC
  std::int64_t period[2] = {0, 0};           ///< of a repeating rule: from, up to (microseconds)
  std::array<const Fact*, kKindCount> current{};
  const ProviderIndex* providers = nullptr;  ///< numbers of whom charts know by a reference alone
};

bool holds(const Expr& expr, const Scope& scope);
/// The same for what is required of a document: where several people signed it, it must hold with
/// one of them as the one who did.
bool holds_for_a_signer(const Expr& expr, const Scope& scope, const Fact* document);
/// Value of a time, duration or integer expression.
std::optional<std::int64_t> value(const Expr& expr, const Scope& scope);
/// The person a field expression names.
std::optional<Person> person(const Expr& expr, const Scope& scope);

/// Named conditions of a pack: `conditions: {operation: any(procedure where ...)}`.
using Conditions = std::map<std::string, Expr, std::less<>>;

/// Local midnight at or before `micros`, plus `days` civil days; a day of 23 hours is a day too.
std::int64_t local_midnight(std::int64_t micros, int days, const core::TimeZone* zone);
/// The day it is there: "2026-11-21".
std::string local_day(core::Instant at, const core::TimeZone& zone);
/// The same local time `days` days on.
std::int64_t add_local_days(std::int64_t micros, int days, const core::TimeZone* zone);

/// What an expression may name where it stands.
struct Context {
  const Lists* lists = nullptr;
  const Conditions* conditions = nullptr;
  bool repeats = false;                        ///< period.start and period.end mean something
  std::array<bool, kKindCount> bound{};        ///< kinds with one fact in hand (visit, patient
                                               ///< always)
  std::optional<Kind> subject;                 ///< kind of `subject.`
  std::map<std::string, bool, std::less<>>* used_lists = nullptr;
  std::set<std::string, std::less<>>* event_codes = nullptr;  ///< words event.code is compared with
};
/// Why a text is no expression: `offset` bytes into it.
struct ParseFault {
  std::size_t offset = 0;
  std::string text;
};
std::optional<Expr> parse_condition(std::string_view text, const Context& context,
                                    ParseFault& fault);
/// A value of the type `wanted` ("visit.start", "first(procedure.time where ...)").
std::optional<Expr> parse_value(std::string_view text, Type wanted, const Context& context,
                                ParseFault& fault);
/// "24h", "7d", "30m", "2w": microseconds. A number without unit is refused.
std::optional<std::int64_t> parse_duration(std::string_view text);

/// `*` any run, `?` one character; letter case does not matter.
bool like(std::string_view text, std::string_view pattern);

}  // namespace him
