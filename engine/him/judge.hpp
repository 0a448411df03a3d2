#pragma once
#include <him/deficiency.hpp>

#include <optional>
#include <string>
#include <vector>

#include "fact.hpp"
#include "rule.hpp"

namespace him {

/// How long before its due time a deficiency counts as due.
inline constexpr std::chrono::hours kDueLead{72};

/// What one rule says about one subject of a chart, at one instant.
struct Verdict {
  const Rule* rule = nullptr;
  const Fact* subject = nullptr;            ///< nullptr: the visit
  bool fires = false, exempt = false, met = false;
  std::optional<core::Instant> wake;        ///< would fire then, by the clock alone
  const Fact* begun = nullptr;              ///< a document on its way
  bool available = false;
  std::string lacking;
  std::string owner, owner_name, owner_reference;
  std::optional<core::Instant> due, hard_due;

  bool wanted() const { return fires && !exempt && !met; }
};

/// All rules over all their subjects. Pure: depends on nothing but its arguments.
std::vector<Verdict> judge(const std::vector<Rule>& rules, const Chart& chart, core::Instant now);

/// UUIDv5 of rule | encounter | subject.
std::string deficiency_id(const Rule& rule, const Chart& chart, const Fact* subject);

/// The state an open deficiency has at `now`, by its due time alone.
State open_state(const Deficiency& deficiency, core::Instant now);
/// When the clock alone changes the state next.
std::optional<core::Instant> next_change(const Deficiency& deficiency);

/// Brings the stored deficiency (nullopt: none yet) in line with the verdict (nullptr: its subject
/// is gone). @return what changed; the same verdict a second time changes nothing.
std::optional<Change> reconcile(const std::optional<Deficiency>& stored, const Verdict* verdict,
                                const Chart& chart, const Cause& cause);

/// judge() and reconcile() over everything `stored` of this chart. `wake`: when a rule would next
/// fire by the clock alone.
std::vector<Change> judge_chart(const std::vector<Rule>& rules, const Chart& chart,
                                std::vector<Deficiency> stored, const Cause& cause,
                                std::optional<core::Instant>& wake);

}  // namespace him
