#pragma once
#include <core/clock.hpp>
#include <core/yaml.hpp>
#include <him/deficiency.hpp>
#include <him/policy.hpp>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "expr.hpp"

namespace him {

inline constexpr std::size_t kRulesMax = 500;
inline constexpr std::size_t kPartsMax = 20;
inline constexpr std::size_t kConditionsMax = 100;
inline constexpr std::size_t kListsMax = 200;
inline constexpr std::size_t kListWordsMax = 10'000;

/// What fires a rule, and with that what it is about: the visit itself, or each fact of a kind.
enum class Event : std::uint8_t {
  kAdmitted,
  kDischarged,
  kDocument,
  kProcedure,
  kDiagnosis,
  kOrder,
  kResult,
  kAppointment,
  kEvent,
  kPlanned   ///< the visit is expected
};
/// How far along a document must be to meet a requirement.
enum class Closes : std::uint8_t { kSigned, kLegal, kTranscribed, kPresent };

/// The first anchor that has a value, plus the offset.
struct Anchor {
  std::vector<Expr> from;
  std::int64_t after = 0;   ///< microseconds
  bool from_opening = false;   ///< counts from when it was noticed (`from: opened`)
};

struct Due {
  std::optional<Expr> when;     ///< this clock applies only then
  Anchor policy;                ///< the owner's clock
  std::vector<Expr> before;     ///< due no later than the earliest of these
  std::optional<Anchor> hard;   ///< the hospital's clock, which nothing pauses
};

/// One named thing that must hold ("telephone"); what does not is listed as lacking.
struct Item {
  std::string label;
  Expr holds;
};

/// One way to meet the requirement.
struct Alternative {
  std::optional<Expr> when;                 ///< this way is open only then
  std::optional<Kind> kind;                 ///< a fact of this kind; none: `items` or `holds`
  std::vector<std::string> types;           ///< kDocument: LOINC or table 0270
  std::optional<Expr> where;                ///< what else that fact must be
  bool addenda = false;                     ///< kDocument: an addendum may meet it too
  Closes closes = Closes::kSigned;
  std::vector<Item> items;
  std::optional<Expr> holds;
  bool review = false;                      ///< no message closes it, only somebody's decision
};

/// One stretch of a repeating rule: periods of this length, so many of them (0: without end).
struct Step {
  std::int64_t every = 0;   ///< microseconds; whole days are civil days of the site
  std::int64_t times = 0;
};

/// A rule that asks once for each period: progress notes, recertifications.
struct Repeat {
  Anchor from;                   ///< the first period begins
  std::optional<Expr> until;     ///< periods that end later do not count; not valued: no end yet
  std::vector<Step> steps;
  std::int64_t lead = 0;         ///< opens so long before the period's end; 0: at its begin
};

/// Who or what a rule does not ask for, and why.
struct Exemption {
  std::string reason;
  Expr when;
};

struct OwnerStep {
  std::optional<Expr> person;
  std::string role;
};

/// One rule, or one part of a rule that asks for several things ("R40", part "plan").
struct Rule {
  std::string id, part, title, source, severity, pack;
  core::Instant effective_from{};
  std::vector<std::string> needs;          ///< message types
  std::vector<std::string> feeds;          ///< feeds it needs by name; empty: any that carries them
  core::yaml::Place place{};
  std::optional<Repeat> repeat;
  Event event = Event::kAdmitted;
  std::optional<Kind> subject;             ///< kind of the facts the rule is about
  Kinds reads = kAllKinds;                 ///< what its verdict depends on: kinds_read()
  std::vector<std::string> classes;        ///< visit classes; empty: any, also no visit
  std::optional<Expr> when;
  std::optional<Anchor> wait;              ///< fires only when this time has come
  std::vector<Exemption> exempt;
  std::vector<Alternative> any_of;
  std::optional<Expr> available;           ///< absent: available once a document is begun
  bool wants_document = false;
  std::string lacking_code, lacking;       ///< "{missing}" stands for the labels that do not hold
  std::vector<OwnerStep> owner;
  std::vector<Due> due;                    ///< the first whose `when` holds
  std::uint32_t spared = 0;                ///< bit n: no letter Ln to whoever owes it
};

struct RulePack::Impl {
  std::vector<Rule> rules;                          ///< by id, then in the order of their parts
  std::set<std::string, std::less<>> event_codes;   ///< trigger events that rules speak of
  Policy policy;
  std::string hash;
};

/// What one file adds to a pack.
struct PackParts {
  std::vector<Rule>& rules;
  std::set<std::string, std::less<>>& event_codes;
  Policy& policy;
  bool& has_policy;
};

/// Reads one parsed file into `rules`, adding what is wrong with it to `findings`.
void read_rules(const core::yaml::File& file, std::vector<Rule>& rules,
                std::vector<RulePack::Finding>& findings);
void read_pack(const core::yaml::File& file, PackParts into,
               std::vector<RulePack::Finding>& findings);

/// The kinds of facts that can make the rule say something else, or say it in other words.
Kinds kinds_read(const Rule& rule);

/// Makes the parts of a rule read alike: its deficiencies are judged together. `rules`: by id.
void join_reads(std::vector<Rule>& rules);

/// Keys each mapping of a rule file may have ("rule", "due"...); the JSON Schema is tested against
/// it.
const std::map<std::string_view, std::vector<std::string_view>>& rule_keys();

/// Whether `code` is a LOINC code: digits, a dash, and the right check digit (mod 10).
bool is_loinc(std::string_view code);

}  // namespace him
