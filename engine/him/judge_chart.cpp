#include <algorithm>

#include "judge.hpp"

namespace him {

bool is_about(const Deficiency& deficiency, const Verdict& verdict) {
  if (deficiency.rule != verdict.rule->id || deficiency.part != verdict.part) return false;
  if (!verdict.subject) return deficiency.subject.empty();
  const std::string_view subject = deficiency.subject;
  const std::string& id = verdict.subject->id;
  return subject.size() > id.size() && subject.ends_with(id) &&
         subject[subject.size() - id.size() - 1] == '/';
}

std::vector<Change> judge_chart(const Circumstances& circumstances, const Chart& chart,
                                std::vector<Deficiency> stored, const Cause& cause,
                                std::optional<core::Instant>& wake) {
  std::vector<Change> changes;
  const std::vector<Rule>& rules = circumstances.rules();
  const auto wake_at = [&wake](core::Instant at) {
    if (!wake || at < *wake) wake = at;
  };
  for (const Verdict& verdict : judge(circumstances, chart)) {
    if (verdict.wake) wake_at(*verdict.wake);
    const auto mine = std::find_if(stored.begin(), stored.end(), [&](const Deficiency& one) {
      return is_about(one, verdict);
    });
    std::optional<Deficiency> existing;
    if (mine != stored.end()) {
      existing = std::move(*mine);
      stored.erase(mine);
    } else if (!verdict.wanted()) {
      continue;
    }
    if (auto change = reconcile(existing, &verdict, chart, cause, circumstances)) {
      changes.push_back(std::move(*change));
    } else if (!existing && verdict.by_time && circumstances.by_clock) {
      wake_at(cause.now + kHoldRetry);   // a needed feed is down: look again later
    }
  }
  for (const Deficiency& orphan : stored) {
    // Deficiencies of rules that this pack does not have, or that are silent, are not ours to
    // close.
    bool ours = false;
    for (std::size_t i = 0; i < rules.size(); ++i) {
      const bool silent = circumstances.terms && (*circumstances.terms)[i].silent;
      ours = ours || (rules[i].id == orphan.rule && !silent && circumstances.asks(rules[i]));
    }
    if (!ours) continue;
    if (auto change = reconcile(orphan, nullptr, chart, cause, circumstances))
      changes.push_back(std::move(*change));
  }
  return changes;
}

}  // namespace him
