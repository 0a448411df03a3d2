#include "judge.hpp"

#include <core/hash.hpp>
#include <core/text.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace him {
namespace {

using core::Instant;
using std::chrono::microseconds;

constexpr core::Uuid kNameSpace{{0x6d, 0x1f, 0x0b, 0x52, 0x4e, 0x0c, 0x5a, 0x7e, 0x9b, 0x11, 0x3c,
                                 0x5d, 0x77, 0xa0, 0xd4, 0x21}};

Instant instant(std::int64_t micros) { return Instant{microseconds{micros}}; }

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
  if (chart.has_visit && visit_is_void(chart)) return std::nullopt;
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
std::string in_words(const Person& who) {
  if (who.name.empty()) return std::string(who.id.empty() ? who.reference : who.id);
  return who.id.empty() ? std::string(who.name) : fmt::format("{} ({})", who.name, who.id);
}

void set_owner(const Rule& rule, const Scope& scope, Verdict& verdict) {
  for (const OwnerStep& step : rule.owner) {
    if (!step.person) {
      verdict.owner = step.role;
      return;
    }
    const auto who = person(*step.person, scope);
    if (!who) continue;
    verdict.owner = in_words(*who);
    verdict.owner_name = who->name;
    verdict.owner_reference = who->reference;
    return;
  }
}

void set_due(const Rule& rule, const Scope& scope, Verdict& verdict) {
  const auto earlier = [&verdict](std::optional<Instant> other) {
    if (other && (!verdict.due || *other < *verdict.due)) verdict.due = other;
  };
  for (const Due& due : rule.due) {
    if (due.when && !holds(*due.when, scope)) continue;
    earlier(anchored(due.policy, scope));
    for (const Expr& before : due.before) {
      if (const auto time = value(before, scope)) earlier(instant(*time));
    }
    if (due.hard) verdict.hard_due = anchored(*due.hard, scope);
    earlier(verdict.hard_due);
    return;
  }
}

void set_lacking(const Rule& rule, const std::string& missing, Verdict& verdict) {
  constexpr std::string_view kMissing = "{missing}";
  verdict.lacking = rule.lacking;
  if (const std::size_t at = verdict.lacking.find(kMissing); at != std::string::npos) {
    verdict.lacking.replace(at, kMissing.size(), missing);
  }
}

Verdict consider(const Rule& rule, const Chart& chart, const Fact* subject, Instant now) {
  Verdict verdict;
  verdict.rule = &rule;
  verdict.subject = subject;
  Scope scope;
  scope.chart = &chart;
  scope.subject = subject;
  if (subject) scope.current[static_cast<std::size_t>(subject->kind)] = subject;

  const auto happened = event_time(rule, chart, subject);
  if (!happened || *happened < rule.effective_from || !class_fits(rule, chart)) return verdict;
  if (rule.when && !holds(*rule.when, scope)) return verdict;
  if (rule.wait) {
    const auto time = anchored(*rule.wait, scope);
    if (!time) return verdict;
    if (now < *time) {
      verdict.wake = time;
      return verdict;
    }
  }
  verdict.fires = true;
  verdict.exempt = std::any_of(rule.exempt.begin(), rule.exempt.end(),
                               [&scope](const Expr& one) { return holds(one, scope); });
  if (verdict.exempt) return verdict;
  std::string missing;
  verdict.met = met(rule, scope, verdict, missing);
  if (verdict.met) return verdict;

  if (subject && subject->kind == Kind::kDocument && !verdict.begun) verdict.begun = subject;
  if (verdict.begun) scope.current[static_cast<std::size_t>(Kind::kDocument)] = verdict.begun;
  verdict.available = rule.available        ? holds(*rule.available, scope)
                      : rule.wants_document ? verdict.begun != nullptr
                                            : true;
  set_lacking(rule, missing, verdict);
  set_owner(rule, scope, verdict);
  set_due(rule, scope, verdict);
  return verdict;
}

std::string reference_of(const Fact* subject) {
  if (!subject) return {};
  constexpr std::string_view kTypes[] = {"Encounter",      "Patient",       "DocumentReference",
                                         "Procedure",      "Condition",     "ServiceRequest",
                                         "RelatedPerson",  "Coverage"};
  return fmt::format("{}/{}", kTypes[static_cast<std::size_t>(subject->kind)], subject->id);
}

std::string chart_text(const Fact& fact, std::size_t which) {
  const fhir::Node* node = fact.stored[which];
  return node ? std::string(node->text) : std::string();
}

/// Everything that follows from chart and rule, not from when it was noticed.
void refresh(Deficiency& out, const Verdict& verdict, const Chart& chart) {
  const Rule& rule = *verdict.rule;
  out.rule = rule.id;
  out.patient = chart.patient;
  out.mrn = chart_text(chart.patient_fact, slot(kPatientFields, "mrn"));
  out.visit = chart_text(chart.visit, slot(kVisitFields, "number"));
  out.encounter = chart.encounter;
  out.subject = reference_of(verdict.subject);
  out.lacking_code = rule.lacking_code;
  out.lacking = verdict.lacking;
  out.owner = verdict.owner;
  out.owner_name = verdict.owner_name;
  out.owner_reference = verdict.owner_reference;
  out.begun = verdict.begun != nullptr;
  out.available = verdict.available;
  out.severity = rule.severity;
  out.source = rule.source;
  out.due = verdict.due;
  out.hard_due = verdict.hard_due;
}

bool same(const Deficiency& a, const Deficiency& b) {
  const auto all = [](const Deficiency& d) {
    return std::tie(d.patient, d.mrn, d.visit, d.encounter, d.subject, d.lacking_code, d.lacking,
                    d.owner, d.owner_name, d.owner_reference, d.state, d.begun, d.available,
                    d.severity, d.source, d.due, d.hard_due, d.opened, d.opened_by, d.closed,
                    d.closed_by);
  };
  return all(a) == all(b);
}

Change open_anew(Deficiency out, const Cause& cause, bool keep_opening) {
  if (!keep_opening) {
    out.opened = cause.now;
    out.opened_by = cause.label;
    out.opened_sequence = cause.sequence;
  }
  out.closed.reset();
  out.closed_by.clear();
  out.closed_sequence = {};
  out.state = open_state(out, cause.now);
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

}  // namespace

std::vector<Verdict> judge(const std::vector<Rule>& rules, const Chart& chart, Instant now) {
  std::vector<Verdict> verdicts;
  for (const Rule& rule : rules) {
    if (!rule.subject) {
      if (chart.has_visit) verdicts.push_back(consider(rule, chart, nullptr, now));
      continue;
    }
    for (const Fact& subject : chart.of(*rule.subject)) {
      verdicts.push_back(consider(rule, chart, &subject, now));
    }
  }
  return verdicts;
}

std::string deficiency_id(const Rule& rule, const Chart& chart, const Fact* subject) {
  return core::uuid_v5(kNameSpace, fmt::format("{}|{}|{}", rule.id, chart.encounter,
                                               reference_of(subject)))
      .text();
}

State open_state(const Deficiency& deficiency, Instant now) {
  if (deficiency.due && now > *deficiency.due) return State::kDelinquent;
  if (deficiency.due && now >= *deficiency.due - kDueLead) return State::kDue;
  return deficiency.available ? State::kAvailable : State::kAssigned;
}

std::optional<Instant> next_change(const Deficiency& deficiency) {
  if (!is_open(deficiency.state) || !deficiency.due) return std::nullopt;
  if (deficiency.state == State::kDelinquent) return std::nullopt;
  if (deficiency.state == State::kDue) return *deficiency.due + microseconds{1};
  return *deficiency.due - kDueLead;
}

std::optional<Change> reconcile(const std::optional<Deficiency>& stored, const Verdict* verdict,
                                const Chart& chart, const Cause& cause) {
  const bool wanted = verdict && verdict->wanted();
  if (!stored) {
    if (!wanted) return std::nullopt;
    Deficiency fresh;
    fresh.id = deficiency_id(*verdict->rule, chart, verdict->subject);
    refresh(fresh, *verdict, chart);
    return open_anew(std::move(fresh), cause, false);
  }
  if (stored->state == State::kWaived) return std::nullopt;
  if (!wanted) {
    if (!is_open(stored->state)) return std::nullopt;
    const bool done = verdict && verdict->fires && !verdict->exempt && verdict->met;
    return close(*stored, done ? State::kCompleted : State::kCancelled, cause);
  }
  Deficiency next = *stored;
  refresh(next, *verdict, chart);
  if (!is_open(stored->state)) {
    // A signature taken back reopens what was complete; a trigger that comes back opens it anew.
    return open_anew(std::move(next), cause, stored->state == State::kCompleted);
  }
  next.state = open_state(next, cause.now);
  // An entry applied once more brings its old time along: the clock does not run backwards.
  if (next.due == stored->due) next.state = std::max(next.state, stored->state);
  if (next.state < State::kDue) next.state = open_state(next, cause.now);
  if (same(next, *stored)) return std::nullopt;
  next.modified = std::max(next.modified, cause.now);
  return Change{Change::Kind::kChanged, std::move(next)};
}

}  // namespace him
