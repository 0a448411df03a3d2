#include <core/micros.hpp>
#include <fmt/format.h>
#include <him/letters.hpp>

#include <algorithm>
#include <map>
#include <tuple>

#include "judge.hpp"
#include "known.hpp"
#include "lifecycle.hpp"
#include "outlook.hpp"

namespace him {
namespace {

using core::Instant;
using core::instant;
using store::Row;

std::string leaf(const Fact& fact, std::size_t which) {
  const fhir::Node* node = fact.stored[which];
  return node && node->is_leaf() ? std::string(node->text) : std::string();
}

std::optional<Instant> time_at(const Chart& chart, const Fact& fact, std::size_t which) {
  const auto micros = number_of(chart, fact, which);
  return micros ? std::optional(instant(*micros)) : std::nullopt;
}

std::string who(const Fact& fact, std::initializer_list<std::size_t> ladder, std::string role) {
  for (const std::size_t which : ladder) {
    const auto person = person_of(fact, which);
    if (!person) continue;
    if (person->name.empty())
      return std::string(person->id.empty() ? person->reference : person->id);
    return person->id.empty() ? std::string(person->name)
                              : fmt::format("{} ({})", person->name, person->id);
  }
  return role;
}

/// The clock of a step that is not done is the deficiency that stands for it.
void add_clock(ChainStep& step, const std::vector<Deficiency>& open, const std::string& document,
               std::string_view rule) {
  for (const Deficiency& one : open) {
    if (one.rule != rule || one.subject != "DocumentReference/" + document) continue;
    step.due = one.due;
    step.owner = one.owner;
  }
}

ChainStep review_of(store::Db& db, const std::string& document) {
  ChainStep step{"reviewed", "medical-records", false, {}, {}};
  (void)db.query("SELECT at, reviewer FROM him_reviewed WHERE document = ?1",
                 {std::string_view(document)}, [&step](const Row& row) {
                   step.done = true;
                   step.at = instant(row.integer(0));
                   step.owner = row.text(1);
                   return false;
                 });
  return step;
}

Chain chain_of(store::Db& db, const Chart& chart, const Fact& document,
               const std::vector<Deficiency>& open) {
  constexpr auto& fields = kDocumentFields;
  static constexpr std::size_t kAuthor = slot(fields, "author");
  Chain out;
  out.document = document.id;
  out.visit = leaf(chart.visit, slot(kVisitFields, "number"));
  out.completion = leaf(document, slot(fields, "completion"));
  if (const fhir::Node* types = document.stored[slot(fields, "type")]; types && types->item(0)) {
    out.type = types->item(0)->text;
  }
  const bool transcribed = flag_of(chart, document, slot(fields, "transcribed"));
  const bool signed_now = flag_of(chart, document, slot(fields, "signed"));
  const bool begun = transcribed || out.completion == "DI";
  ChainStep dictated{
      "dictated", who(document, {slot(fields, "dictated_by"), kAuthor}, "author"), begun, {}, {}};
  if (begun) dictated.at = time_at(chart, document, slot(fields, "origination"));
  ChainStep typed{"transcribed",
                  who(document, {slot(fields, "transcriptionist")}, "transcription"),
                  transcribed,
                  {},
                  {}};
  if (transcribed) typed.at = time_at(chart, document, slot(fields, "transcription"));
  if (!transcribed) add_clock(typed, open, document.id, "R23");
  ChainStep sealed{
      "signed", who(document, {slot(fields, "assigned"), kAuthor}, "author"), signed_now, {}, {}};
  if (signed_now) {
    sealed.owner =
        who(document, {slot(fields, "authenticator"), slot(fields, "assigned"), kAuthor}, "author");
    sealed.at = time_at(chart, document, slot(fields, "authentication"));
  } else {
    add_clock(sealed, open, document.id, "R21");
  }
  ChainStep legal{"legally authenticated",
                  sealed.owner,
                  flag_of(chart, document, slot(fields, "legal")),
                  {},
                  {}};
  if (legal.done) legal.at = sealed.at;
  out.steps = {dictated, typed, sealed, legal, review_of(db, document.id)};
  return out;
}

}  // namespace

core::Result<std::vector<Chain>> document_chains(store::Records& records, const RulePack& rules,
                                                 const std::string& visit, Instant now,
                                                 const Site& site) {
  ChartStore charts(records.db());
  const auto found = charts.visit_numbered(visit);
  if (!found) return core::fail(found.error());
  if (!*found) return core::fail(no_such_visit(records.db(), visit));
  Chart chart;
  if (auto done = charts.load_visit((*found)->encounter, chart); !done) {
    return core::fail(done.error());
  }
  ListFilter filter;
  filter.visit = (*found)->encounter;
  filter.open_only = true;
  const auto open = list(records, rules, filter, now, site);
  if (!open) return core::fail(open.error());
  std::vector<Chain> out;
  for (const Fact& document : chart.of(Kind::kDocument)) {
    if (counts(document)) out.push_back(chain_of(records.db(), chart, document, *open));
  }
  return out;
}

namespace {

using ById = std::map<std::string, Deficiency>;

std::vector<std::string> what_differs(const Deficiency& a, const Deficiency& b) {
  std::vector<std::string> found;
  if (a.due != b.due || a.hard_due != b.hard_due) found.emplace_back("due");
  if (a.owner_id != b.owner_id) found.emplace_back("owner");
  if (a.severity != b.severity) found.emplace_back("severity");
  if (a.lacking != b.lacking || a.lacking_code != b.lacking_code) found.emplace_back("lacking");
  if (a.source != b.source) found.emplace_back("source");
  return found;
}

void compare(ById was, ById is, std::vector<RuleDifference>& out) {
  using Kind = RuleDifference::Kind;
  const std::size_t first = out.size();
  for (auto& [id, one] : is) {
    const auto old = was.find(id);
    if (old == was.end()) {
      out.push_back({Kind::kOpens, std::move(one), {}, {}});
      continue;
    }
    std::vector<std::string> altered = what_differs(old->second, one);
    if (!altered.empty()) {
      out.push_back({Kind::kAlters, std::move(one), old->second, std::move(altered)});
    }
    was.erase(old);
  }
  for (auto& [id, one] : was) out.push_back({Kind::kCloses, std::move(one), {}, {}});
  const auto order = [](const RuleDifference& one) {
    return std::tie(one.deficiency.rule, one.deficiency.part, one.deficiency.id);
  };
  std::sort(out.begin() + static_cast<std::ptrdiff_t>(first), out.end(),
            [&order](const auto& a, const auto& b) { return order(a) < order(b); });
}

}  // namespace

core::Result<std::vector<RuleDifference>> rules_diff(store::Records& records,
                                                     const RulePack& before, const RulePack& after,
                                                     Instant from, Instant now, const Site& site) {
  ChartStore charts(records.db());
  const auto visits = charts.visits_since(from);
  if (!visits) return core::fail(visits.error());
  const auto outlook = Outlook::of(records, site);
  if (!outlook) return core::fail(outlook.error());
  std::vector<RuleDifference> out;
  Chart chart;
  const auto what_opens = [&](const RulePack& pack) {
    ById by_id;
    auto result = judge_chart((*outlook)->at(now, pack), chart, {}, {{}, "rules diff", now});
    for (Change& one : result.changes) {
      by_id[one.deficiency.id] = std::move(one.deficiency);
    }
    return by_id;
  };
  for (const auto& visit : *visits) {
    if (auto done = charts.load_visit(visit.encounter, chart); !done) {
      return core::fail(done.error());
    }
    compare(what_opens(before), what_opens(after), out);
  }
  return out;
}

}  // namespace him
