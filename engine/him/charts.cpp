#include <fhir/json.hpp>

#include <iterator>
#include <set>

#include "chart_store.hpp"
#include "judge.hpp"

namespace him {

struct Charts::Impl {
  Impl(store::Records& records, std::shared_ptr<const RulePack> pack, core::TimeZone time_zone)
      : charts(records.db()), rules(std::move(pack)), zone(std::move(time_zone)) {}

  ChartStore charts;
  std::shared_ptr<const RulePack> rules;
  core::TimeZone zone;
  std::set<std::string, std::less<>> visits;    ///< to judge again, by Encounter id
  std::set<std::string, std::less<>> unfiled;   ///< patients whose documents without a visit are
  Chart chart;
  fhir::Document scratch;
  std::string json;

  void mark(std::string_view patient, std::string_view encounter) {
    if (!encounter.empty()) {
      visits.emplace(encounter);
    } else if (!patient.empty()) {
      unfiled.emplace(patient);
    }
  }
  core::Status mark_live(std::string_view patient) {
    const auto live = charts.live_visits(patient);
    if (!live) return core::fail(live.error());
    visits.insert(live->begin(), live->end());
    return {};
  }
  static bool is_personal(Kind kind) {
    return kind == Kind::kPatient || kind == Kind::kContact || kind == Kind::kCoverage;
  }

  core::Status remove(Kind kind, std::string_view id);
  core::Status note(const Extract& fact, std::string_view id, const Cause& cause);
  core::Status note_replacement(const Extract& document, std::string_view id);
  core::Status mark_documents(const std::vector<std::string>& ids);
  core::Status store(const std::vector<Change>& changes);
  core::Status judge_visit(const std::string& encounter, const Cause& cause,
                           std::vector<Change>& out);
  core::Status judge_unfiled(const std::string& patient, const Cause& cause,
                             std::vector<Change>& out);
};

core::Status Charts::Impl::mark_documents(const std::vector<std::string>& ids) {
  for (const std::string& id : ids) {
    const auto place = charts.place_of(Kind::kDocument, id);
    if (!place) return core::fail(place.error());
    if (*place) mark((*place)->patient, (*place)->encounter);
  }
  return {};
}

core::Status Charts::Impl::remove(Kind kind, std::string_view id) {
  const auto place = charts.remove(kind, id);
  if (!place) return core::fail(place.error());
  if (!*place) return {};
  if (is_personal(kind)) return mark_live((*place)->patient);
  mark((*place)->patient, (*place)->encounter);
  if (kind != Kind::kDocument) return {};
  const auto others = charts.set_replaces(id, {});
  return others ? mark_documents(*others) : core::fail(others.error());
}

core::Status Charts::Impl::note_replacement(const Extract& document, std::string_view id) {
  // A replacement that was itself taken back replaces nothing.
  Fact fact;
  fact.kind = Kind::kDocument;
  bind(fact, document.facts);
  const bool stands = !flag_of(chart, fact, slot(kDocumentFields, "cancelled"));
  const auto others =
      charts.set_replaces(id, stands ? document.replaces : std::string_view());
  return others ? mark_documents(*others) : core::fail(others.error());
}

core::Status Charts::Impl::note(const Extract& fact, std::string_view id, const Cause& cause) {
  json.clear();
  fhir::write_json(fact.facts, json);
  auto put = fact.kind == Kind::kVisit ? charts.put_visit(fact, id, json, cause.now)
                                       : charts.put_fact(fact, id, json, cause.now);
  if (!put) return core::fail(put.error());
  if (is_personal(fact.kind)) {
    if (!put->changed) return {};
    if (put->before && put->before->patient != put->patient) {
      if (auto done = mark_live(put->before->patient); !done) return done;
    }
    return mark_live(put->patient);
  }
  if (put->before) mark(put->before->patient, put->before->encounter);
  mark(put->patient, fact.kind == Kind::kVisit ? id : fact.encounter);
  return fact.kind == Kind::kDocument ? note_replacement(fact, id) : core::Status{};
}

core::Status Charts::Impl::store(const std::vector<Change>& changes) {
  for (const Change& change : changes) {
    if (auto done = charts.save(change.deficiency); !done) return done;
  }
  return {};
}

core::Status Charts::Impl::judge_visit(const std::string& encounter, const Cause& cause,
                                       std::vector<Change>& out) {
  if (auto done = charts.load_visit(encounter, chart); !done) return done;
  auto stored = charts.of_visit(encounter);
  if (!stored) return core::fail(stored.error());
  std::optional<core::Instant> wake;
  auto changes = judge_chart(rules->impl().rules, chart, std::move(*stored), cause, wake);
  if (auto done = store(changes); !done) return done;
  std::move(changes.begin(), changes.end(), std::back_inserter(out));
  return chart.has_visit ? charts.set_wake(encounter, wake) : core::Status{};
}

core::Status Charts::Impl::judge_unfiled(const std::string& patient, const Cause& cause,
                                         std::vector<Change>& out) {
  if (auto done = charts.load_unfiled(patient, chart); !done) return done;
  auto stored = charts.of_unfiled(patient);
  if (!stored) return core::fail(stored.error());
  std::optional<core::Instant> wake;
  auto changes = judge_chart(rules->impl().rules, chart, std::move(*stored), cause, wake);
  if (auto done = store(changes); !done) return done;
  std::move(changes.begin(), changes.end(), std::back_inserter(out));
  return {};
}

Charts::Charts(store::Records& records, std::shared_ptr<const RulePack> rules, core::TimeZone zone)
    : impl_(std::make_unique<Impl>(records, std::move(rules), std::move(zone))) {}
Charts::~Charts() = default;

core::Status Charts::touch(std::string_view type, std::string_view id, const fhir::Node* tree,
                           const Cause& cause) {
  const auto kind = kind_of_type(type);
  if (!kind) return {};
  if (!tree) return impl_->remove(*kind, id);
  impl_->scratch.reset();
  const auto fact = extract(type, id, tree, impl_->zone, impl_->scratch);
  if (!fact || fact->gone) return impl_->remove(*kind, id);
  return impl_->note(*fact, id, cause);
}

core::Status Charts::merge_patient(std::string_view from, std::string_view into, const Cause&) {
  if (from == into) return {};
  if (auto done = impl_->charts.merge_patient(from, into); !done) return done;
  const auto visits = impl_->charts.visits_of(into);
  if (!visits) return core::fail(visits.error());
  impl_->visits.insert(visits->begin(), visits->end());
  impl_->unfiled.emplace(into);
  return {};
}

core::Result<std::vector<Change>> Charts::evaluate(const Cause& cause) {
  std::vector<Change> changes;
  core::Status done;
  for (const std::string& encounter : impl_->visits) {
    if (done) done = impl_->judge_visit(encounter, cause, changes);
  }
  for (const std::string& patient : impl_->unfiled) {
    if (done) done = impl_->judge_unfiled(patient, cause, changes);
  }
  forget();
  if (!done) return core::fail(done.error());
  return changes;
}

core::Result<std::vector<Change>> Charts::sweep(const Cause& cause) {
  const auto waking = impl_->charts.waking(cause.now);
  if (!waking) return core::fail(waking.error());
  impl_->visits.insert(waking->begin(), waking->end());
  auto changes = evaluate(cause);
  if (!changes) return changes;
  const auto due = impl_->charts.due_to_change(cause.now);
  if (!due) return core::fail(due.error());
  for (const Deficiency& one : *due) {
    Change change{Change::Kind::kChanged, one};
    change.deficiency.state = std::max(one.state, open_state(one, cause.now));
    change.deficiency.modified = std::max(one.modified, cause.now);
    if (auto done = impl_->charts.save(change.deficiency); !done) return core::fail(done.error());
    changes->push_back(std::move(change));
  }
  return changes;
}

core::Result<std::optional<core::Instant>> Charts::next_deadline() {
  return impl_->charts.next_time();
}

void Charts::forget() {
  impl_->visits.clear();
  impl_->unfiled.clear();
}

}  // namespace him
