// A judgement of one chart: what its verdicts make of the deficiencies that stand in the records.
#include <algorithm>

#include "judge.hpp"

namespace him {
namespace {

/// Deficiencies of rules that this pack does not have, or that are silent or not asked, are not
/// ours to close.
bool is_ours(const Circumstances& circumstances, std::string_view rule) {
  const std::vector<Rule>& rules = circumstances.rules();
  auto one = std::lower_bound(
      rules.begin(), rules.end(), rule,
      [](const Rule& other, std::string_view id) { return other.id < id; });
  for (; one != rules.end() && one->id == rule; ++one) {
    const auto at = static_cast<std::size_t>(one - rules.begin());
    const bool silent = circumstances.terms && (*circumstances.terms)[at].silent;
    if (!silent && circumstances.asks(*one)) return true;
  }
  return false;
}

void wake_at(Judgement& judgement, core::Instant at) {
  if (!judgement.wake || at < *judgement.wake) judgement.wake = at;
}

}  // namespace

bool is_about(const Deficiency& deficiency, const Verdict& verdict) {
  if (deficiency.rule != verdict.rule->id || deficiency.part != verdict.part) return false;
  if (!verdict.subject) return deficiency.subject.empty();
  const std::string_view subject = deficiency.subject;
  const std::string& id = verdict.subject->id;
  return subject.size() > id.size() && subject.ends_with(id) &&
         subject[subject.size() - id.size() - 1] == '/';
}

std::vector<std::int64_t> sift(const Circumstances& circumstances,
                               const std::vector<Standing>& standing, const Chart& chart,
                               core::Instant now, std::vector<Verdict>& verdicts,
                               Judgement& into) {
  std::vector<const Standing*> left;
  left.reserve(standing.size());
  for (const Standing& one : standing) left.push_back(&one);
  for (Verdict& verdict : verdicts) {
    if (verdict.wake) wake_at(into, *verdict.wake);
    if (!verdict.wanted()) continue;
    verdict.judged = mark_of(verdict, chart);
    const auto agrees = std::find_if(left.begin(), left.end(), [&](const Standing* one) {
      return one->judged == verdict.judged && one->stays(now);
    });
    if (agrees == left.end()) continue;
    left.erase(agrees);
    verdict.rule = nullptr;
  }
  // What is open may be done, and what is done may be wanted again; nothing else matters.
  std::vector<std::int64_t> rows;
  for (const Standing* one : left) {
    if (!is_ours(circumstances, one->rule) && one->rule != kByHand) continue;
    const auto wants = [one](const Verdict& verdict) {
      return verdict.rule && verdict.wanted() && verdict.rule->id == one->rule;
    };
    if (is_open(one->state) || std::any_of(verdicts.begin(), verdicts.end(), wants)) {
      rows.push_back(one->row);
    }
  }
  return rows;
}

void settle_verdicts(const Circumstances& circumstances, const Chart& chart,
                     const std::vector<Verdict>& verdicts, std::vector<Deficiency> stored,
                     const Cause& cause, Judgement& into) {
  std::vector<Deficiency*> left;
  left.reserve(stored.size());
  for (Deficiency& one : stored) left.push_back(&one);
  // What there is at most: a deficiency is a kilobyte, and dear to move.
  const auto speaks = [](const Verdict& one) { return one.rule != nullptr; };
  const auto spoken = std::count_if(verdicts.begin(), verdicts.end(), speaks);
  into.changes.reserve(stored.size() + static_cast<std::size_t>(spoken));
  for (const Verdict& verdict : verdicts) {
    if (!speaks(verdict)) continue;
    const auto mine = std::find_if(left.begin(), left.end(), [&](const Deficiency* one) {
      return is_about(*one, verdict);
    });
    Deficiency* existing = nullptr;
    if (mine != left.end()) {
      existing = *mine;
      left.erase(mine);
    } else if (!verdict.wanted()) {
      continue;
    }
    if (reconcile(existing, &verdict, chart, cause, circumstances, into.changes)) continue;
    if (!existing && verdict.by_time && circumstances.by_clock) {
      wake_at(into, cause.now + kHoldRetry);   // a needed feed is down: look again later
    } else if (existing && is_open(existing->state) && existing->judged != verdict.judged) {
      existing->judged = verdict.judged;
      into.agreed.push_back(std::move(*existing));
    }
  }
  for (const Deficiency* orphan : left) {
    if (orphan->rule == kByHand) {
      follow_by_hand(*orphan, chart, cause, circumstances, into.changes);
      continue;
    }
    if (!is_ours(circumstances, orphan->rule)) continue;
    reconcile(orphan, nullptr, chart, cause, circumstances, into.changes);
  }
}

Judgement judge_chart(const Circumstances& circumstances, const Chart& chart,
                      std::vector<Deficiency> stored, const Cause& cause) {
  Judgement out;
  std::vector<Verdict> verdicts = judge(circumstances, chart);
  sift(circumstances, {}, chart, cause.now, verdicts, out);
  settle_verdicts(circumstances, chart, verdicts, std::move(stored), cause, out);
  return out;
}

}  // namespace him
