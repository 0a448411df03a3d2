#include <algorithm>

#include "judge.hpp"

namespace him {
namespace {

/// Rules that speak of one fact each are told apart by what it is.
bool is_about(const Deficiency& deficiency, const Verdict& verdict) {
  if (deficiency.rule != verdict.rule->id) return false;
  if (!verdict.subject) return deficiency.subject.empty();
  const std::string_view subject = deficiency.subject;
  const std::string& id = verdict.subject->id;
  return subject.size() > id.size() && subject.ends_with(id) &&
         subject[subject.size() - id.size() - 1] == '/';
}

}  // namespace

std::vector<Change> judge_chart(const std::vector<Rule>& rules, const Chart& chart,
                                std::vector<Deficiency> stored, const Cause& cause,
                                std::optional<core::Instant>& wake) {
  std::vector<Change> changes;
  for (const Verdict& verdict : judge(rules, chart, cause.now)) {
    if (verdict.wake && (!wake || *verdict.wake < *wake)) wake = verdict.wake;
    const auto mine = std::find_if(stored.begin(), stored.end(), [&](const Deficiency& one) {
      return is_about(one, verdict);
    });
    std::optional<Deficiency> existing;
    if (mine != stored.end()) {
      existing = std::move(*mine);
      stored.erase(mine);
    }
    if (auto change = reconcile(existing, &verdict, chart, cause)) {
      changes.push_back(std::move(*change));
    }
  }
  for (const Deficiency& orphan : stored) {
    // Deficiencies of rules that this pack does not have are not ours to close.
    const bool known = std::any_of(rules.begin(), rules.end(),
                                   [&](const Rule& rule) { return rule.id == orphan.rule; });
    if (!known) continue;
    if (auto change = reconcile(orphan, nullptr, chart, cause))
      changes.push_back(std::move(*change));
  }
  return changes;
}

}  // namespace him
