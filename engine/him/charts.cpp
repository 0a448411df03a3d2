#include <core/hash.hpp>
#include <core/text.hpp>
#include <fhir/json.hpp>
#include <fmt/format.h>

#include <bit>
#include <iterator>
#include <map>
#include <set>

#include "carried.hpp"
#include "chart_store.hpp"
#include "feed_watch.hpp"
#include "judge.hpp"
#include "lifecycle.hpp"
#include "orders.hpp"

namespace him {
namespace {

constexpr std::string_view kOverlay = "overlay";   ///< code of the event that R48 is about

}  // namespace

struct Charts::Impl {
  Impl(store::Records& records, std::shared_ptr<const RulePack> pack, Site where)
      : charts(records.db()),
        rules(std::move(pack)),
        carried(records.db(), where),
        site(std::move(where)),
        feeds(records.db(), site),
        life(records.db(), charts, rules->impl().policy, site.zone),
        orders(records.db(), charts, life) {}

  ChartStore charts;
  std::shared_ptr<const RulePack> rules;
  Carried carried;
  Site site;
  std::vector<Terms> terms;
  bool settled = false;   ///< site and terms are those of `carried`
  std::int64_t judged_under = 0;   ///< hash of pack and terms
  FeedWatch feeds;
  Lifecycle life;
  Orders orders;
  struct Marked {
    std::string patient;
    Kinds touched = 0;   ///< kinds of which a fact is another now
  };
  std::map<std::string, Marked, std::less<>> visits;   ///< to judge again, by Encounter
  std::set<std::string, std::less<>> unfiled;   ///< patients whose documents without a visit are
  std::map<std::string, std::string, std::less<>> places;   ///< where visits were before
  Chart chart;
  std::vector<Standing> standing;   ///< of the chart
  fhir::Document scratch;
  std::string json;
  core::Instant latest{};   ///< an entry applied once more does not turn the clock back

  void mark(std::string_view patient, std::string_view encounter, Kinds touched = kAllKinds) {
    if (!encounter.empty()) {
      Marked& marked = visits[std::string(encounter)];
      if (!patient.empty() && !marked.patient.empty() && marked.patient != patient) {
        // It changed hands: what the one has on it is of no visit now, what the other has is.
        unfiled.emplace(marked.patient);
        unfiled.emplace(patient);
      }
      if (!patient.empty()) marked.patient = patient;
      marked.touched |= touched;
    } else if (!patient.empty()) {
      unfiled.emplace(patient);
    }
  }
  core::Status mark_live(std::string_view patient, Kind kind) {
    const auto live = charts.live_visits(patient);
    if (!live) return core::fail(live.error());
    for (const std::string& one : *live) mark(patient, one, touched_by(kind));
    return {};
  }
  /// Every deficiency names the visit and the patient.
  static Kinds touched_by(Kind kind) {
    return kind == Kind::kVisit || kind == Kind::kPatient ? kAllKinds : set_of(kind);
  }
  Circumstances circumstances(const Cause& cause, bool by_clock) {
    Circumstances out;
    out.pack = rules.get();
    out.terms = &terms;
    out.absences = &life.absences();
    out.providers = &life.providers();
    out.zone = &site.zone;
    latest = std::max(latest, cause.now);
    out.now = latest;
    out.by_clock = by_clock;
    out.historical = cause.historical;
    out.held = [this, now = cause.now](const Rule& rule, std::optional<core::Instant> due) {
      return feeds.holds_back(rule, due, now);
    };
    return out;
  }
  static bool is_personal(Kind kind) {
    return kind == Kind::kPatient || kind == Kind::kContact || kind == Kind::kCoverage;
  }

  /// What rules may speak about, by what the feeds bring.
  core::Status settle_terms() {
    if (settled) return {};
    const auto now = carried.site();
    if (!now) return core::fail(now.error());
    site.feeds = (*now)->feeds;
    terms = terms_of(rules->impl().rules, site);
    std::string under = rules->hash();
    for (const Terms& one : terms) {
      under += fmt::format("|{}{}", one.silent ? 's' : ' ', one.since.time_since_epoch().count());
    }
    judged_under = std::bit_cast<std::int64_t>(core::stable_hash(under) | 1);
    settled = true;
    return {};
  }

  core::Status remove(Kind kind, std::string_view id);
  core::Status note(const Extract& fact, std::string_view id, const Cause& cause);
  core::Status note_replacement(const Extract& document, std::string_view id);
  core::Status note_event(std::string_view patient, std::string_view encounter,
                          std::string_view code, std::string_view what, std::string_view prior,
                          const Cause& cause);
  core::Status note_overlay(const Extract& patient, const ChartStore::Put& put, const Cause& cause);
  core::Status note_trigger(const Cause& cause);
  core::Status note_provider(const fhir::Node& practitioner, std::string_view id,
                             const Cause& cause);
  core::Status mark_documents(const std::vector<std::string>& ids);
  core::Status store(Judgement& result, std::vector<Change>& out);
  core::Status judge_visit(const std::string& encounter, const Marked& marked, const Cause& cause,
                           bool by_clock, std::vector<Change>& out);
  core::Status judge_unfiled(const std::string& patient, const Cause& cause, bool by_clock,
                             std::vector<Change>& out);
  core::Status judge_marked(const Cause& cause, bool by_clock, std::vector<Change>& out);
  core::Status settle(const Cause& cause, bool by_clock, std::vector<Change>& changes);
  void forget() {
    visits.clear();
    unfiled.clear();
    places.clear();
  }
};

core::Status Charts::Impl::mark_documents(const std::vector<std::string>& ids) {
  for (const std::string& id : ids) {
    const auto place = charts.place_of(Kind::kDocument, id);
    if (!place) return core::fail(place.error());
    if (*place) mark((*place)->patient, (*place)->encounter, set_of(Kind::kDocument));
  }
  return {};
}

core::Status Charts::Impl::remove(Kind kind, std::string_view id) {
  const auto place = charts.remove(kind, id);
  if (!place) return core::fail(place.error());
  if (!*place) return {};
  if (is_personal(kind)) return mark_live((*place)->patient, kind);
  mark((*place)->patient, (*place)->encounter, touched_by(kind));
  if (kind != Kind::kDocument) return {};
  const auto others = charts.set_replaces(id, {});
  return others ? mark_documents(*others) : core::fail(others.error());
}

core::Status Charts::Impl::note_replacement(const Extract& document, std::string_view id) {
  std::string_view older = document.replaces;
  if (!older.empty()) {   // a replacement that was itself taken back replaces nothing
    Fact fact;
    fact.kind = Kind::kDocument;
    bind(fact, document.facts);
    if (flag_of(chart, fact, slot(kDocumentFields, "cancelled"))) older = {};
  }
  const auto others = charts.set_replaces(id, older);
  return others ? mark_documents(*others) : core::fail(others.error());
}

core::Status Charts::Impl::note(const Extract& fact, std::string_view id, const Cause& cause) {
  json.clear();
  fhir::write_json(fact.facts, json);
  auto put = fact.kind == Kind::kVisit ? charts.put_visit(fact, id, json, cause)
                                       : charts.put_fact(fact, id, json, cause);
  if (!put) return core::fail(put.error());
  if (!put->before && fact.settled) return {};
  if (fact.kind == Kind::kVisit && put->before && put->changed &&
      !rules->impl().event_codes.empty()) {
    fhir::Document memory;
    const auto known = fhir::parse_json(put->facts, memory);
    if (known) places[std::string(id)] = (*known)->text_of("location");
  }
  if (fact.kind == Kind::kPatient && put->changed && put->before) {
    if (auto done = note_overlay(fact, *put, cause); !done) return done;
  }
  if (is_personal(fact.kind)) {
    if (!put->changed) return {};
    if (put->before && put->before->patient != put->patient) {
      if (auto done = mark_live(put->before->patient, fact.kind); !done) return done;
    }
    return mark_live(put->patient, fact.kind);
  }
  // An unchanged fact may still have an event of its own to tell of: note_trigger().
  const Kinds touched = put->changed ? touched_by(fact.kind) : Kinds{0};
  if (put->before) mark(put->before->patient, put->before->encounter, touched);
  mark(put->patient, fact.kind == Kind::kVisit ? id : fact.encounter, touched);
  return fact.kind == Kind::kDocument ? note_replacement(fact, id) : core::Status{};
}

namespace {

std::string event_id(std::string_view patient, std::string_view encounter, std::string_view code,
                     const Cause& cause) {
  constexpr core::Uuid kEvents{{0x4a, 0x02, 0x5d, 0x19, 0x7c, 0x3e, 0x5b, 0x61, 0x8d, 0x40, 0x9e,
                                0x27, 0x11, 0xc5, 0x36, 0x0a}};
  const core::Instant when = cause.event_time.value_or(cause.now);
  return core::uuid_v5(kEvents, fmt::format("{}|{}|{}|{}", patient, encounter, code,
                                            when.time_since_epoch().count()))
      .text();
}

/// Which of name, birth date, sex and social security number another statement changes, when it is
/// two or more of them: another person's data may have come under this number.
std::string overlaid(const fhir::Node& before, const fhir::Node& after) {
  std::string changed;
  int count = 0;
  const auto differs = [&](std::string_view name) {
    const std::string_view was = before.text_of(name), is = after.text_of(name);
    return !was.empty() && !is.empty() && !core::iequals(was, is);
  };
  const auto note = [&](bool different, std::string_view words) {
    if (!different) return;
    ++count;
    changed += fmt::format("{}{}", changed.empty() ? "" : ", ", words);
  };
  note(differs("family") || differs("given"), "name");
  note(differs("birth_date"), "date of birth");
  note(differs("sex"), "sex");
  note(differs("ssn"), "social security number");
  return count < 2 ? std::string() : changed;
}

fhir::Node* event_facts(fhir::Document& memory, std::string_view code, std::string_view what,
                        std::string_view prior, core::Instant when) {
  fhir::Node* facts = memory.object();
  const auto put = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) memory.add(facts, name, memory.string(value));
  };
  put("code", code);
  memory.add(facts, "time", memory.number(fmt::format("{}", when.time_since_epoch().count())));
  put("what", what);
  put("prior", prior);
  return facts;
}

}  // namespace

/// Facts that the engine itself learns from what arrived, for rules to speak of.
core::Status Charts::Impl::note_event(std::string_view patient, std::string_view encounter,
                                      std::string_view code, std::string_view what,
                                      std::string_view prior, const Cause& cause) {
  const core::Instant when = cause.event_time.value_or(cause.now);
  const std::string id = event_id(patient, encounter, code, cause);
  const auto known = charts.place_of(Kind::kEvent, id);
  if (!known) return core::fail(known.error());
  if (*known) return {};   // heard before; what stood there then must not be lost
  Extract event;
  event.kind = Kind::kEvent;
  event.patient = patient;
  event.encounter = encounter;
  event.facts = event_facts(scratch, code, what, prior, when);
  std::string facts;
  fhir::write_json(event.facts, facts);
  const auto done = charts.put_fact(event, id, facts, cause);
  return done ? core::Status{} : core::fail(done.error());
}

core::Status Charts::Impl::note_overlay(const Extract& patient, const ChartStore::Put& put,
                                        const Cause& cause) {
  if (!rules->impl().event_codes.contains(kOverlay)) return {};
  if (!cause.type.ends_with("A08") && !cause.type.ends_with("A31")) return {};
  fhir::Document memory;
  const auto before = fhir::parse_json(put.facts, memory);
  if (!before) return {};
  const std::string changed = overlaid(**before, *patient.facts);
  if (changed.empty()) return {};
  unfiled.emplace(put.patient);
  return note_event(put.patient, {}, kOverlay, changed, (*before)->text_of("given"), cause);
}

/// The trigger event of the message itself, where a rule speaks of it.
core::Status Charts::Impl::note_trigger(const Cause& cause) {
  const std::size_t caret = cause.type.find('^');
  if (caret == cause.type.npos) return {};
  const std::string_view trigger = cause.type.substr(caret + 1, 3);
  if (!rules->impl().event_codes.contains(trigger)) return {};
  for (auto& [encounter, marked] : visits) {
    const std::string& patient = marked.patient;
    const auto place = places.find(encounter);
    const std::string_view prior = place == places.end() ? std::string_view() : place->second;
    if (patient.empty()) continue;
    if (auto done = note_event(patient, encounter, trigger, {}, prior, cause); !done) return done;
    marked.touched |= set_of(Kind::kEvent);
  }
  return {};
}

/// Charts name doctors by reference, people by number; a master file (MFN^M02) names the numbers of
/// one doctor.
core::Status Charts::Impl::note_provider(const fhir::Node& practitioner, std::string_view id,
                                         const Cause& cause) {
  const fhir::Node* names = practitioner.find("name");
  const fhir::Node* name = names ? names->item(0) : nullptr;
  const fhir::Node* given = name && name->find("given") ? name->find("given")->item(0) : nullptr;
  const std::string words =
      name ? fmt::format("{}{}{}", name->text_of("family"), given ? ", " : "",
                         given ? given->text : std::string_view())
           : std::string();
  if (auto done = life.load(); !done) return done;
  const auto found = life.providers().ids_in(practitioner, words);
  if (!found) return core::fail(found.error());
  const std::vector<std::string>& ids = *found;
  if (ids.empty()) return {};
  const std::string reference = fmt::format("Practitioner/{}", id);
  if (auto done = life.providers().note_number(reference, ids.front()); !done) return done;
  for (std::size_t i = 1; i < ids.size(); ++i) {
    const auto places = life.join(ids.front(), ids[i], words, reference, cause.now);
    if (!places) return core::fail(places.error());
    for (const auto& [encounter, patient] : *places) mark(patient, encounter);
  }
  return {};
}

core::Status Charts::Impl::store(Judgement& result, std::vector<Change>& out) {
  for (const Deficiency& one : result.agreed) {
    if (auto done = charts.set_judged(one); !done) return done;
  }
  for (Change& change : result.changes) {
    if (auto done = life.save(change.deficiency); !done) return done;
  }
  if (out.empty()) out.swap(result.changes);
  std::move(result.changes.begin(), result.changes.end(), std::back_inserter(out));
  return {};
}

core::Status Charts::Impl::judge_visit(const std::string& encounter, const Marked& marked,
                                       const Cause& cause, bool by_clock,
                                       std::vector<Change>& out) {
  if (marked.touched == 0) return {};
  if (auto done = charts.load_visit(encounter, chart); !done) return done;
  if (!chart.has_visit && !marked.patient.empty()) {
    if (auto done = charts.load_stray(marked.patient, encounter, chart); !done) return done;
  }
  // Who names the visit of another has something that belongs to none.
  if (chart.has_visit && !marked.patient.empty() && marked.patient != chart.patient) {
    unfiled.emplace(marked.patient);
  }
  chart.suspended = &life.suspended();
  auto around = circumstances(cause, by_clock);
  // Time, too, makes rules speak: then all of them are asked.
  const bool as_before = chart.has_visit && chart.judged_under == judged_under &&
                         !(chart.wake && *chart.wake <= cause.now);
  if (as_before && !by_clock) around.touched = marked.touched;
  if (auto done = charts.standing_of(encounter, standing); !done) return done;
  std::vector<Verdict> verdicts = judge(around, chart);
  Judgement result;
  auto stored = charts.in_rows(sift(around, standing, chart, cause.now, verdicts, result));
  if (!stored) return core::fail(stored.error());
  settle_verdicts(around, chart, verdicts, std::move(*stored), cause, result);
  if (auto done = store(result, out); !done) return done;
  if (!chart.has_visit) return {};
  const auto& wake = result.wake;
  const auto before = chart.wake;
  if (around.touched == kAllKinds) {
    chart.wake = wake;
  } else if (wake && (!before || *wake < *before)) {
    chart.wake = wake;   // the others' time stands
  }
  if (chart.wake == before && chart.judged_under == judged_under) return {};
  chart.judged_under = judged_under;
  return charts.set_judged(chart);
}

core::Status Charts::Impl::judge_unfiled(const std::string& patient, const Cause& cause,
                                         bool by_clock, std::vector<Change>& out) {
  if (auto done = charts.load_unfiled(patient, chart); !done) return done;
  chart.suspended = &life.suspended();
  auto stored = charts.of_unfiled(patient);
  if (!stored) return core::fail(stored.error());
  auto result = judge_chart(circumstances(cause, by_clock), chart, std::move(*stored), cause);
  return store(result, out);
}

core::Status Charts::Impl::judge_marked(const Cause& cause, bool by_clock,
                                        std::vector<Change>& out) {
  for (const auto& [encounter, marked] : visits) {
    if (auto done = judge_visit(encounter, marked, cause, by_clock, out); !done) return done;
  }
  for (const std::string& patient : unfiled) {
    if (auto done = judge_unfiled(patient, cause, by_clock, out); !done) return done;
  }
  return {};
}

/// Suspensions that began or ended with these changes, and what is planned with those physicians.
core::Status Charts::Impl::settle(const Cause& cause, bool by_clock, std::vector<Change>& changes) {
  const auto altered = life.settle(changes, cause);
  if (!altered) return core::fail(altered.error());
  if (!*altered) return {};
  forget();
  const auto planned = charts.planned_visits();
  if (!planned) return core::fail(planned.error());
  for (const auto& visit : *planned) mark(visit.patient, visit.encounter);
  const auto alerts = life.alerted_patients();
  if (!alerts) return core::fail(alerts.error());
  unfiled.insert(alerts->begin(), alerts->end());
  return judge_marked(cause, by_clock, changes);
}

Charts::Charts(store::Records& records, std::shared_ptr<const RulePack> rules, Site site)
    : impl_(std::make_unique<Impl>(records, std::move(rules), std::move(site))) {}
Charts::~Charts() = default;

core::Status Charts::touch(std::string_view type, std::string_view id, const fhir::Node* tree,
                           const Cause& cause) {
  if (type == "Practitioner" && tree) return impl_->note_provider(*tree, id, cause);
  const auto kind = kind_of_type(type);
  if (!kind) return {};
  if (!tree) return impl_->remove(*kind, id);
  impl_->scratch.reset();
  const auto fact = extract(type, id, tree, impl_->site.zone, impl_->scratch);
  if (!fact || fact->gone) return impl_->remove(*kind, id);
  return impl_->note(*fact, id, cause);
}

core::Status Charts::merge_patient(std::string_view from, std::string_view into, const Cause&) {
  if (from == into) return {};
  if (auto done = impl_->charts.merge_patient(from, into); !done) return done;
  const auto visits = impl_->charts.visits_of(into);
  if (!visits) return core::fail(visits.error());
  for (const std::string& one : *visits) impl_->mark(into, one);
  impl_->unfiled.emplace(into);
  return {};
}

core::Status Charts::unmerge_patient(const std::vector<std::string>& numbers,
                                     std::string_view retired, std::string_view survivor,
                                     const std::vector<std::string>& back) {
  auto done = impl_->charts.unmerge_patient(numbers, retired, survivor, back);
  if (!done) return done;
  impl_->unfiled.emplace(retired);
  impl_->unfiled.emplace(survivor);
  return {};
}

core::Status Charts::heard(std::string_view feed, const Cause& cause) {
  const auto news = impl_->carried.heard(feed, cause.type);
  if (!news) return core::fail(news.error());
  if (*news) impl_->settled = false;
  return impl_->feeds.heard(feed, cause);
}

core::Result<std::optional<Overlay>> Charts::overlay(std::string_view patient,
                                                     const fhir::Node& stored,
                                                     const fhir::Node& incoming,
                                                     const Cause& cause) {
  const std::optional<Overlay> none;
  if (cause.historical || !impl_->rules->impl().event_codes.contains(kOverlay)) return none;
  impl_->scratch.reset();
  const auto before = extract("Patient", patient, &stored, impl_->site.zone, impl_->scratch);
  const auto after = extract("Patient", patient, &incoming, impl_->site.zone, impl_->scratch);
  if (!before || !after) return none;
  Overlay found{overlaid(*before->facts, *after->facts),
                std::string(before->facts->text_of("given")), {}};
  if (found.changed.empty()) return none;
  // The rule itself says whom it spares: asked about the event that would be noted.
  if (auto done = impl_->settle_terms(); !done) return core::fail(done.error());
  Chart chart;
  chart.patient = patient;
  Fact event;
  event.kind = Kind::kEvent;
  event.seen = cause.now;
  bind(event, event_facts(chart.memory, kOverlay, found.changed, found.prior,
                          cause.event_time.value_or(cause.now)));
  chart.facts[static_cast<std::size_t>(Kind::kEvent)].push_back(std::move(event));
  for (const Verdict& verdict : judge(impl_->circumstances(cause, false), chart)) {
    if (verdict.wanted()) return std::optional<Overlay>(std::move(found));
  }
  return none;
}

core::Status Charts::note_held(std::string_view patient, Overlay& overlay, const Cause& cause) {
  impl_->scratch.reset();
  impl_->unfiled.emplace(patient);
  overlay.event = event_id(patient, {}, kOverlay, cause);
  return impl_->note_event(patient, {}, kOverlay, overlay.changed, overlay.prior, cause);
}

core::Result<std::vector<Change>> Charts::settle_held(std::string_view event,
                                                      std::string_view decision,
                                                      std::string_view by, const Cause& cause) {
  const auto place = impl_->charts.place_of(Kind::kEvent, event);
  if (!place) return core::fail(place.error());
  if (!*place) return std::vector<Change>();
  const auto stored = impl_->charts.of_unfiled((*place)->patient);
  if (!stored) return core::fail(stored.error());
  std::vector<Change> all;
  for (const Deficiency& one : *stored) {
    if (!is_open(one.state) || one.subject != fmt::format("Event/{}", event)) continue;
    fhir::Document memory;
    fhir::Node* order = memory.object();
    const auto put = [&](std::string_view name, std::string_view value) {
      memory.add(order, name, memory.string(value));
    };
    put("action", "complete");
    put("id", one.id);
    put("by", by);
    put("reason", decision);
    auto changes = command(*order, cause);
    if (!changes) return changes;
    std::move(changes->begin(), changes->end(), std::back_inserter(all));
  }
  return all;
}

core::Result<std::vector<Change>> Charts::evaluate(const Cause& cause) {
  std::vector<Change> changes;
  if (auto done = impl_->life.load(); !done) return core::fail(done.error());
  core::Status done = impl_->settle_terms();
  if (done) done = impl_->note_trigger(cause);
  if (done) done = impl_->judge_marked(cause, false, changes);
  if (done) done = impl_->settle(cause, false, changes);
  impl_->forget();
  if (!done) return core::fail(done.error());
  return changes;
}

core::Result<std::vector<Change>> Charts::sweep(const Cause& cause) {
  std::vector<Change> changes;
  if (auto done = impl_->life.load(); !done) return core::fail(done.error());
  if (auto done = impl_->settle_terms(); !done) return core::fail(done.error());
  const auto waking = impl_->charts.waking(cause.now);
  if (!waking) return core::fail(waking.error());
  for (const std::string& one : *waking) impl_->mark({}, one);
  core::Status done = impl_->judge_marked(cause, true, changes);
  if (done) {
    const std::vector<Rule>& rules = impl_->rules->impl().rules;
    done = impl_->life.step_due(
        cause,
        [&](const Deficiency& one) {
          return std::any_of(rules.begin(), rules.end(), [&](const Rule& rule) {
            return rule.id == one.rule && impl_->feeds.holds_back(rule, one.late_from(), cause.now);
          });
        },
        changes);
  }
  if (done) done = impl_->settle(cause, true, changes);
  if (done) done = impl_->life.write_letters(cause.now);
  if (done && !cause.historical) done = impl_->life.report(cause.now);
  impl_->forget();
  if (!done) return core::fail(done.error());
  return changes;
}

core::Result<std::vector<Change>> Charts::command(const fhir::Node& order, const Cause& cause) {
  std::vector<Change> changes;
  if (auto done = impl_->life.load(); !done) return core::fail(done.error());
  const auto mark = [this](std::string_view patient, std::string_view encounter) {
    impl_->mark(patient, encounter);
  };
  core::Status done = impl_->settle_terms();
  if (done) done = impl_->orders.carry_out(order, cause, mark, changes);
  if (done) done = impl_->judge_marked(cause, false, changes);
  if (done) done = impl_->settle(cause, false, changes);
  if (done) done = impl_->life.write_letters(cause.now);
  impl_->forget();
  if (!done) return core::fail(done.error());
  return changes;
}

std::vector<fhir::Node*> Charts::take_notices(fhir::Document& into) {
  std::vector<fhir::Node*> out;
  for (const Notice& one : impl_->life.take_notices()) {
    out.push_back(to_resource(one, impl_->site.zone, into));
  }
  return out;
}

core::Result<std::optional<core::Instant>> Charts::next_deadline() {
  auto next = impl_->charts.next_time();
  if (!next) return next;
  const auto report = impl_->life.next_report();
  if (!report) return core::fail(report.error());
  if (*report && (!*next || **report < **next)) *next = *report;
  return next;
}

void Charts::forget() {
  impl_->forget();
  impl_->life.forget();
  impl_->carried.forget();
  impl_->settled = false;
}

}  // namespace him
