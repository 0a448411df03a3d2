#include "judge.hpp"

#include <core/hash.hpp>
#include <core/micros.hpp>
#include <core/text.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace him {
namespace {

using core::Instant;
using core::instant;
using std::chrono::microseconds;

constexpr core::Uuid kNameSpace{{0x6d, 0x1f, 0x0b, 0x52, 0x4e, 0x0c, 0x5a, 0x7e, 0x9b, 0x11, 0x3c,
                                 0x5d, 0x77, 0xa0, 0xd4, 0x21}};

std::optional<Instant> anchored(const Anchor& anchor, const Scope& scope) {
  for (const Expr& from : anchor.from) {
    const auto start = value(from, scope);
    std::int64_t sum = 0;
    if (start && !__builtin_add_overflow(*start, anchor.after, &sum)) return instant(sum);
  }
  return std::nullopt;
}

bool visit_is_void(const Chart& chart) {
  static constexpr std::size_t kStatus = slot(kVisitFields, "status");
  return any_text(chart.visit, kStatus, [](std::string_view status) {
    return status == "cancelled" || status == "entered-in-error";
  });
}

/// When that happened which fires the rule; nullopt when it did not happen, or was undone.
std::optional<Instant> event_time(const Rule& rule, const Chart& chart, const Fact* subject) {
  const auto time = [&](const Fact& fact, std::size_t which) {
    const auto micros = number_of(chart, fact, which);
    return micros ? instant(*micros) : fact.seen;
  };
  if (subject && !counts(*subject)) return std::nullopt;
  switch (rule.event) {
    case Event::kAdmitted:
      if (!flag_of(chart, chart.visit, slot(kVisitFields, "admitted"))) return std::nullopt;
      return time(chart.visit, slot(kVisitFields, "start"));
    case Event::kDischarged:
      if (!flag_of(chart, chart.visit, slot(kVisitFields, "discharged"))) return std::nullopt;
      return time(chart.visit, slot(kVisitFields, "end"));
    case Event::kDocument: return time(*subject, slot(kDocumentFields, "time"));
    case Event::kProcedure: return time(*subject, slot(kProcedureFields, "time"));
    case Event::kDiagnosis: return time(*subject, slot(kDiagnosisFields, "recorded"));
    case Event::kOrder: return time(*subject, slot(kOrderFields, "authored"));
    case Event::kResult: return time(*subject, slot(kResultFields, "time"));
    case Event::kAppointment: return time(*subject, slot(kAppointmentFields, "start"));
    case Event::kEvent: return time(*subject, slot(kEventFields, "time"));
    case Event::kPlanned:
      if (!flag_of(chart, chart.visit, slot(kVisitFields, "planned"))) return std::nullopt;
      return time(chart.visit, slot(kVisitFields, "start"));
  }
  return std::nullopt;
}

bool class_fits(const Rule& rule, const Chart& chart) {
  if (rule.classes.empty()) return true;
  return chart.has_visit &&
         any_text(chart.visit, slot(kVisitFields, "class"), [&rule](std::string_view code) {
           return std::find(rule.classes.begin(), rule.classes.end(), code) != rule.classes.end();
         });
}

bool far_enough(const Chart& chart, const Fact& document, Closes closes) {
  switch (closes) {
    case Closes::kSigned: return flag_of(chart, document, slot(kDocumentFields, "signed"));
    case Closes::kLegal: return flag_of(chart, document, slot(kDocumentFields, "legal"));
    case Closes::kTranscribed:
      return flag_of(chart, document, slot(kDocumentFields, "transcribed"));
    case Closes::kPresent: return true;
  }
  return false;
}

bool type_fits(const Alternative& way, const Fact& fact) {
  if (way.kind != Kind::kDocument) return true;
  return any_text(fact, slot(kDocumentFields, "type"), [&way](std::string_view code) {
    return std::find(way.types.begin(), way.types.end(), code) != way.types.end();
  });
}

/// Whether a fact of the chart meets this way; notes the newest document that is on its way to.
bool met_by_fact(const Alternative& way, const Scope& scope, Verdict& verdict) {
  const Chart& chart = *scope.chart;
  Scope inner = scope;
  for (const Fact& fact : chart.of(*way.kind)) {
    if (!counts(fact) || !type_fits(way, fact)) continue;
    inner.current[static_cast<std::size_t>(*way.kind)] = &fact;
    if (way.where && !holds(*way.where, inner)) continue;
    if (way.kind != Kind::kDocument || far_enough(chart, fact, way.closes)) return true;
    static constexpr std::size_t kTime = slot(kDocumentFields, "time");
    if (!verdict.begun ||
        number_of(chart, fact, kTime) >= number_of(chart, *verdict.begun, kTime)) {
      verdict.begun = &fact;
    }
  }
  return false;
}

bool met(const Rule& rule, const Scope& scope, Verdict& verdict, std::string& missing) {
  for (const Alternative& way : rule.any_of) {
    if (way.when && !holds(*way.when, scope)) continue;
    bool good = false;
    if (way.kind) {
      good = met_by_fact(way, scope, verdict);
    } else if (way.holds) {
      good = holds(*way.holds, scope);
    } else if (way.review) {
      good = false;
    } else {
      good = true;
      for (const Item& item : way.items) {
        if (holds(item.holds, scope)) continue;
        if (!missing.empty()) missing += ", ";
        missing += item.label;
        good = false;
      }
    }
    if (good) return true;
  }
  return false;
}

/// "Adams, Ruth (1001)", or as much of it as is known.
std::string in_words(const Person& who, std::string_view id) {
  if (who.name.empty()) return std::string(id.empty() ? who.reference : id);
  return id.empty() ? std::string(who.name) : fmt::format("{} ({})", who.name, id);
}

void set_owner(const Rule& rule, const Scope& scope, const ProviderIndex* providers,
               Verdict& verdict) {
  for (const OwnerStep& step : rule.owner) {
    if (!step.person) {
      verdict.owner = step.role;
      verdict.owner_id = "=" + step.role;
      return;
    }
    const auto who = person(*step.person, scope);
    if (!who) continue;
    std::string id(who->id);
    if (providers) {
      if (id.empty()) id = providers->number_of(who->reference);
      id = providers->of(id);
    }
    verdict.owner = in_words(*who, id);
    verdict.owner_name = who->name;
    verdict.owner_reference = who->reference;
    verdict.owner_id = id.empty() ? who->reference.empty() ? who->name : who->reference : id;
    return;
  }
}

/// The owner's clock stands still while the owner is away; the hospital's, and what must be before
/// a point in time (an operation), never do.
Instant with_pauses(Instant due, const Verdict& verdict, const Anchor& anchor,
                    const Circumstances& circumstances) {
  if (!circumstances.absences) return due;
  const auto mine = circumstances.absences->find(verdict.owner_id);
  if (mine == circumstances.absences->end()) return due;
  return paused(due - microseconds{anchor.after}, due, mine->second,
                circumstances.policy().absence_grace);
}

void set_due(const Rule& rule, const Scope& scope, const Circumstances& circumstances,
             Verdict& verdict) {
  const auto earlier = [&verdict](std::optional<Instant> other) {
    if (other && (!verdict.due || *other < *verdict.due)) verdict.due = other;
  };
  for (const Due& due : rule.due) {
    if (due.when && !holds(*due.when, scope)) continue;
    if (due.policy.from_opening) verdict.due_after_opening = due.policy.after;
    if (const auto policy = anchored(due.policy, scope)) {
      earlier(with_pauses(*policy, verdict, due.policy, circumstances));
    }
    for (const Expr& before : due.before) {
      if (const auto time = value(before, scope)) earlier(instant(*time));
    }
    if (due.hard) verdict.hard_due = anchored(*due.hard, scope);
    earlier(verdict.hard_due);
    return;
  }
}

void put_word(std::string& text, std::string_view word, std::string_view value) {
  if (const std::size_t at = text.find(word); at != std::string::npos) {
    text.replace(at, word.size(), value);
  }
}

void set_lacking(const Rule& rule, const std::string& missing, const Scope& scope,
                 Verdict& verdict) {
  verdict.lacking = rule.lacking;
  put_word(verdict.lacking, "{missing}", missing);
  if (verdict.lacking.find("{suspended}") != std::string::npos) {
    put_word(verdict.lacking, "{suspended}", suspended_names(*scope.chart, scope.subject));
  }
  if (!rule.repeat) return;
  const core::TimeZone utc;
  const core::TimeZone& zone = scope.zone ? *scope.zone : utc;
  const Instant begin = instant(scope.period[0]);
  const std::string day = core::to_iso(begin + std::chrono::seconds{zone.offset_at(begin)});
  put_word(verdict.lacking, "{period}", std::string_view(day).substr(0, 10));
}

/// Who owes what an operation left behind: the surgeon of the visit's last one.
const Fact* last_operation(const Chart& chart) {
  static constexpr std::size_t kTime = slot(kProcedureFields, "time");
  const Fact* last = nullptr;
  for (const Fact& one : chart.of(Kind::kProcedure)) {
    if (!counts(one) || !person_of(one, slot(kProcedureFields, "surgeon"))) continue;
    if (!last || number_of(chart, one, kTime) >= number_of(chart, *last, kTime)) last = &one;
  }
  return last;
}

bool is_historical(const Chart& chart, const Fact* subject) {
  return subject ? subject->historical : chart.visit.historical;
}

/// What follows once it is clear that the rule fires.
void conclude(const Rule& rule, const Chart& chart, Scope scope, const Circumstances& circumstances,
              Verdict& verdict) {
  verdict.fires = true;
  for (const Exemption& one : rule.exempt) {
    if (!holds(one.when, scope)) continue;
    verdict.exempt = true;
    verdict.exemption = &one.reason;
    return;
  }
  std::string missing;
  verdict.met = met(rule, scope, verdict, missing);
  if (verdict.met) return;
  const Fact* subject = verdict.subject;
  if (subject && subject->kind == Kind::kDocument && !verdict.begun) verdict.begun = subject;
  if (verdict.begun) scope.current[static_cast<std::size_t>(Kind::kDocument)] = verdict.begun;
  verdict.available = rule.available        ? holds(*rule.available, scope)
                      : rule.wants_document ? verdict.begun != nullptr
                                            : true;
  set_lacking(rule, missing, scope, verdict);
  if (!scope.current[static_cast<std::size_t>(Kind::kProcedure)]) {
    scope.current[static_cast<std::size_t>(Kind::kProcedure)] = last_operation(chart);
  }
  set_owner(rule, scope, circumstances.providers, verdict);
  if (is_historical(chart, subject)) {
    verdict.fires = false;
    verdict.mute = Mute::kHistorical;
  }
  set_due(rule, scope, circumstances, verdict);
}

/// The periods of a repeating rule up to now, each with a verdict of its own.
void consider_periods(const Rule& rule, const Chart& chart, Scope scope,
                      const Circumstances& circumstances, const Verdict& blank,
                      std::vector<Verdict>& out) {
  const Repeat& repeat = *rule.repeat;
  const auto first = anchored(repeat.from, scope);
  if (!first) return;
  const auto until = repeat.until ? value(*repeat.until, scope) : std::nullopt;
  std::int64_t begin = first->time_since_epoch().count();
  int number = 0;
  for (const Step& step : repeat.steps) {
    constexpr std::int64_t kDay = 86'400'000'000;
    for (std::int64_t i = 0; step.times == 0 || i < step.times; ++i) {
      if (++number > kPeriodsMax) return;
      const std::int64_t end = step.every % kDay == 0
                                   ? add_local_days(begin, static_cast<int>(step.every / kDay),
                                                    scope.zone)
                                   : begin + step.every;
      if (until && end > *until) return;
      Verdict verdict = blank;
      verdict.part = fmt::format("{}#{}", rule.part, number);
      verdict.by_time = true;
      const std::int64_t opens = repeat.lead > 0 ? std::max(begin, end - repeat.lead) : begin;
      if (circumstances.now < instant(opens)) {
        verdict.wake = instant(opens);
        out.push_back(std::move(verdict));
        return;
      }
      scope.period[0] = begin;
      scope.period[1] = end;
      // What was due before anybody told us of the visit is not ours to ask for.
      if (instant(begin) >= rule.effective_from && instant(end) > chart.visit.seen) {
        conclude(rule, chart, scope, circumstances, verdict);
        out.push_back(std::move(verdict));
      }
      begin = end;
    }
  }
}

void consider(const Rule& rule, const Terms& terms, const Chart& chart, const Fact* subject,
              const Circumstances& circumstances, std::vector<Verdict>& out) {
  const auto happened = event_time(rule, chart, subject);
  if (!happened) return;
  // A repeating rule is as old as its periods.
  const bool earlier = !rule.repeat && *happened < std::max(rule.effective_from, terms.since);
  if (earlier && !circumstances.audit) return;
  Scope scope;
  scope.chart = &chart;
  scope.subject = subject;
  scope.zone = circumstances.zone;
  if (subject) scope.current[static_cast<std::size_t>(subject->kind)] = subject;

  if (rule.when && !holds(*rule.when, scope)) return;
  Verdict verdict;
  verdict.rule = &rule;
  verdict.subject = subject;
  verdict.part = rule.part;
  verdict.mute = terms.silent ? Mute::kNeeds : earlier ? Mute::kEarlier : Mute::kNo;
  if (rule.wait) {
    const auto time = anchored(*rule.wait, scope);
    if (!time) return;
    verdict.by_time = true;
    if (circumstances.now < *time) {
      verdict.wake = time;
      out.push_back(std::move(verdict));
      return;
    }
  }
  if (rule.repeat) {
    return consider_periods(rule, chart, scope, circumstances, verdict, out);
  }
  conclude(rule, chart, scope, circumstances, verdict);
  out.push_back(std::move(verdict));
}

std::string reference_of(const Fact* subject) {
  return subject ? subject_reference(*subject) : std::string();
}

std::string chart_text(const Fact& fact, std::size_t which) {
  const fhir::Node* node = fact.stored[which];
  return node ? std::string(node->text) : std::string();
}

/// A new owner, or a new course of the same gap, starts without notices.
void forget_letters(Deficiency& out) {
  out.letters = 0;
  out.warned.reset();
  out.suspend_on.reset();
  out.suspended.reset();
}

/// Everything that follows from chart and rule, not from when it was noticed.
void refresh(Deficiency& out, const Verdict& verdict, const Chart& chart, Instant now) {
  const Rule& rule = *verdict.rule;
  out.rule = rule.id;
  out.part = verdict.part;
  out.patient = chart.patient;
  out.mrn = chart_text(chart.patient_fact, slot(kPatientFields, "mrn"));
  out.visit = chart_text(chart.visit, slot(kVisitFields, "number"));
  out.encounter = chart.encounter;
  out.subject = reference_of(verdict.subject);
  out.lacking_code = rule.lacking_code;
  out.lacking = verdict.lacking;
  if (!out.reassigned) {
    if (out.owner_id != verdict.owner_id) forget_letters(out);
    out.owner = verdict.owner;
    out.owner_name = verdict.owner_name;
    out.owner_reference = verdict.owner_reference;
    out.owner_id = verdict.owner_id;
  }
  out.begun = verdict.begun != nullptr;
  out.available = verdict.available;
  out.severity = rule.severity;
  out.source = rule.source;
  out.due = verdict.due;
  if (verdict.due_after_opening) {
    const bool goes_on = out.opened != Instant{} && out.state != State::kCancelled;
    out.due = (goes_on ? out.opened : now) + microseconds{*verdict.due_after_opening};
  }
  out.hard_due = verdict.hard_due;
}

bool same(const Deficiency& a, const Deficiency& b) {
  const auto all = [](const Deficiency& d) {
    return std::tie(d.patient, d.mrn, d.visit, d.encounter, d.subject, d.lacking_code, d.lacking,
                    d.owner, d.owner_name, d.owner_reference, d.state, d.begun, d.available,
                    d.severity, d.source, d.due, d.hard_due, d.opened, d.opened_by, d.closed,
                    d.closed_by, d.part, d.owner_id, d.warned, d.suspend_on, d.suspended);
  };
  return all(a) == all(b);
}

Change open_anew(Deficiency out, const Cause& cause, bool keep_opening, State state) {
  if (!keep_opening) {
    out.opened = cause.now;
    out.opened_by = cause.label;
    out.opened_sequence = cause.sequence;
  }
  out.closed.reset();
  out.closed_by.clear();
  out.closed_sequence = {};
  forget_letters(out);
  out.state = state;
  out.modified = cause.now;
  return {Change::Kind::kOpened, std::move(out)};
}

Change close(Deficiency out, State state, const Cause& cause) {
  out.state = state;
  out.closed = cause.now;
  out.closed_by = cause.label;
  out.closed_sequence = cause.sequence;
  out.modified = cause.now;
  return {Change::Kind::kClosed, std::move(out)};
}

/// Whether this feed brings the rule messages of that type ("ADT"; accepted types may be
/// "ADT^A01").
bool carries(const Rule& rule, const FeedFacts& feed, std::string_view type) {
  if (feed.historical) return false;
  if (!rule.feeds.empty() &&
      std::find(rule.feeds.begin(), rule.feeds.end(), feed.name) == rule.feeds.end()) {
    return false;
  }
  return feed.messages.empty() ||
         std::any_of(feed.messages.begin(), feed.messages.end(), [type](const std::string& one) {
           return std::string_view(one).substr(0, type.size()) == type;
         });
}

}  // namespace

std::string subject_reference(const Fact& subject) {
  constexpr std::string_view kTypes[] = {"Encounter",      "Patient",       "DocumentReference",
                                         "Procedure",      "Condition",     "ServiceRequest",
                                         "RelatedPerson",  "Coverage",      "DiagnosticReport",
                                         "Appointment",    "Event"};
  return fmt::format("{}/{}", kTypes[static_cast<std::size_t>(subject.kind)], subject.id);
}

std::vector<Terms> terms_of(const std::vector<Rule>& rules, const Site& site) {
  std::vector<Terms> all(rules.size());
  for (std::size_t i = 0; i < rules.size() && !site.feeds.empty(); ++i) {
    const Rule& rule = rules[i];
    for (const std::string& name : rule.feeds) {
      all[i].silent |= std::none_of(site.feeds.begin(), site.feeds.end(), [&](const FeedFacts& f) {
        return f.name == name && !f.historical;
      });
    }
    for (const std::string& type : rule.needs) {
      std::optional<Instant> since;
      for (const FeedFacts& feed : site.feeds) {
        if (!carries(rule, feed, type)) continue;
        const Instant live = feed.live_from.value_or(Instant{});
        since = since ? std::min(*since, live) : live;
      }
      if (!since) all[i].silent = true;
      if (since) all[i].since = std::max(all[i].since, *since);
    }
  }
  return all;
}

std::vector<Verdict> judge(const Circumstances& circumstances, const Chart& chart) {
  std::vector<Verdict> verdicts;
  if (chart.has_visit && visit_is_void(chart)) return verdicts;
  const std::vector<Rule>& rules = circumstances.rules();
  static const Terms kSpeaks;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const Rule& rule = rules[i];
    const Terms& terms = circumstances.terms ? (*circumstances.terms)[i] : kSpeaks;
    if (terms.silent && !circumstances.audit) continue;
    if (!circumstances.asks(rule)) continue;
    if (rule.subject && chart.of(*rule.subject).empty()) continue;
    if (!class_fits(rule, chart)) continue;
    if (!rule.subject) {
      if (chart.has_visit) consider(rule, terms, chart, nullptr, circumstances, verdicts);
      continue;
    }
    for (const Fact& subject : chart.of(*rule.subject)) {
      consider(rule, terms, chart, &subject, circumstances, verdicts);
    }
  }
  return verdicts;
}

std::string deficiency_id(const Verdict& verdict, const Chart& chart) {
  std::string name = fmt::format("{}|{}|{}", verdict.rule->id, chart.encounter,
                                 reference_of(verdict.subject));
  // A patient's events have no visit, but each an id of its own.
  if (!verdict.part.empty()) name += "|" + verdict.part;
  const core::Uuid id = core::uuid_v5(kNameSpace, name);
  core::Uuid visit;
  if (!core::Uuid::parse(chart.encounter, visit)) return id.text();
  return core::uuid_beside(id, visit).text();
}

State open_state(const Deficiency& deficiency, Instant now, const Policy& policy) {
  if (deficiency.due && now > *deficiency.due) return State::kDelinquent;
  if (deficiency.due && now >= *deficiency.due - policy.reminder_before) return State::kDue;
  return deficiency.available ? State::kAvailable : State::kAssigned;
}

State standing(const Deficiency& deficiency, Instant now, const Policy& policy) {
  const State by_time = open_state(deficiency, now, policy);
  if (by_time != State::kDelinquent) return by_time;
  if (deficiency.suspended && *deficiency.suspended <= now) return State::kSuspended;
  if (deficiency.warned && *deficiency.warned <= now) return State::kWarned;
  return by_time;
}

std::optional<Instant> next_change(const Deficiency& d, const Policy& policy,
                                   const core::TimeZone& zone) {
  if (!is_open(d.state)) return std::nullopt;
  std::optional<Instant> next;
  const auto at = [&next](Instant other) {
    if (!next || other < *next) next = other;
  };
  const auto wrote = [&d](Letter letter) {
    return (d.letters >> static_cast<unsigned>(letter) & 1u) != 0;
  };
  const bool person = d.owed_by_person();
  if (d.due && d.state < State::kDue) at(*d.due - policy.reminder_before);
  if (d.due && d.state == State::kDue) at(*d.due + microseconds{1});
  if (person && d.state < State::kDue && !wrote(Letter::kAssignment)) {
    at(letter_time(policy, d.opened + policy.assignment_after, zone));
  }
  if (person && d.due && d.state == State::kDue && !wrote(Letter::kReminder)) {
    at(letter_time(policy, std::max(*d.due - policy.reminder_before, d.opened), zone));
  }
  if (person && d.due && d.state == State::kDelinquent) {
    at(letter_time(policy, std::max(*d.due, d.opened), zone));
  }
  if (person && d.state == State::kWarned && d.suspend_on) at(*d.suspend_on);
  if (person && d.state >= State::kDelinquent && !wrote(Letter::kQualityFile)) {
    at(letter_time(policy, d.opened + policy.quality_file_after, zone));
  }
  return next && d.retry ? std::max(*next, *d.retry) : next;
}

std::optional<Change> reconcile(const std::optional<Deficiency>& stored, const Verdict* verdict,
                                const Chart& chart, const Cause& cause,
                                const Circumstances& circumstances) {
  const Policy& policy = circumstances.policy();
  const bool wanted = verdict && verdict->wanted();
  const bool waits =
      wanted && circumstances.held && circumstances.held(*verdict->rule, verdict->due);
  // A feed that is behind or down: how late it is cannot be told yet.
  const auto state_of = [&](const Deficiency& one) {
    const State state = standing(one, cause.now, policy);
    if (!waits || state <= State::kDue) return state;
    return one.available ? State::kAvailable : State::kAssigned;
  };
  if (!stored) {
    if (!wanted || circumstances.historical) return std::nullopt;
    if (waits && verdict->by_time && circumstances.by_clock) return std::nullopt;
    Deficiency fresh;
    fresh.id = deficiency_id(*verdict, chart);
    refresh(fresh, *verdict, chart, cause.now);
    const State state = state_of(fresh);
    if (waits) fresh.retry = cause.now + kHoldRetry;
    return open_anew(std::move(fresh), cause, false, state);
  }
  // What people decided stands until people decide otherwise.
  if (stored->state == State::kWaived) return std::nullopt;
  if (stored->state == State::kCompleted && !stored->decision.empty()) return std::nullopt;
  if (!wanted) {
    if (!is_open(stored->state)) return std::nullopt;
    const bool done = verdict && verdict->fires && !verdict->exempt && verdict->met;
    return close(*stored, done ? State::kCompleted : State::kCancelled, cause);
  }
  Deficiency next = *stored;
  refresh(next, *verdict, chart, cause.now);
  if (!is_open(stored->state)) {
    if (circumstances.historical) return std::nullopt;
    // A signature taken back reopens what was complete; a trigger that comes back opens it anew.
    const State state = open_state(next, cause.now, policy);
    return open_anew(std::move(next), cause, stored->state == State::kCompleted, state);
  }
  if (next.due != stored->due && (!next.due || *next.due > cause.now)) forget_letters(next);
  next.state = state_of(next);
  // An entry applied once more brings its old time along: the clock does not run backwards.
  if (next.due == stored->due && next.owner_id == stored->owner_id) {
    next.state = std::max(next.state, stored->state);
  }
  if (next.state < State::kDue) next.state = state_of(next);
  if (same(next, *stored)) return std::nullopt;
  if (waits) next.retry = cause.now + kHoldRetry;
  next.modified = std::max(next.modified, cause.now);
  return Change{Change::Kind::kChanged, std::move(next)};
}

}  // namespace him
