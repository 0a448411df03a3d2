#include <algorithm>

#include "rule.hpp"

namespace him {
namespace {

Kinds kinds_read(const Expr& expr) {
  Kinds kinds = set_of(expr.kind);
  for (const Expr& part : expr.parts) kinds |= kinds_read(part);
  return kinds;
}

Kinds kinds_read(const std::optional<Expr>& expr) { return expr ? kinds_read(*expr) : Kinds{0}; }

Kinds kinds_read(const std::vector<Expr>& all) {
  Kinds kinds = 0;
  for (const Expr& one : all) kinds |= kinds_read(one);
  return kinds;
}

Kinds kinds_read(const Alternative& way) {
  Kinds kinds = kinds_read(way.when) | kinds_read(way.where) | kinds_read(way.holds);
  if (way.kind) kinds |= set_of(*way.kind);
  for (const Item& item : way.items) kinds |= kinds_read(item.holds);
  return kinds;
}

Kinds kinds_read(const Due& due) {
  return kinds_read(due.when) | kinds_read(due.policy.from) | kinds_read(due.before) |
         (due.hard ? kinds_read(due.hard->from) : Kinds{0});
}

}  // namespace

// Visit and patient are part of every verdict: class, number, MRN.
Kinds kinds_read(const Rule& rule) {
  Kinds kinds = set_of(Kind::kVisit) | set_of(Kind::kPatient);
  if (rule.subject) kinds |= set_of(*rule.subject);
  if (rule.wants_document) kinds |= set_of(Kind::kDocument);
  kinds |= kinds_read(rule.when) | kinds_read(rule.available);
  if (rule.wait) kinds |= kinds_read(rule.wait->from);
  if (rule.repeat) kinds |= kinds_read(rule.repeat->from.from) | kinds_read(rule.repeat->until);
  for (const Exemption& one : rule.exempt) kinds |= kinds_read(one.when);
  for (const Alternative& way : rule.any_of) kinds |= kinds_read(way);
  for (const OwnerStep& step : rule.owner) kinds |= kinds_read(step.person);
  for (const Due& due : rule.due) kinds |= kinds_read(due);
  return kinds;
}

void join_reads(std::vector<Rule>& rules) {
  for (auto from = rules.begin(); from != rules.end();) {
    const auto to = std::find_if(from, rules.end(),
                                 [&from](const Rule& rule) { return rule.id != from->id; });
    Kinds all = 0;
    for (auto one = from; one != to; ++one) all |= one->reads;
    for (; from != to; ++from) from->reads = all;
  }
}

}  // namespace him
