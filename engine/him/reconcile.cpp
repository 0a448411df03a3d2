// What a verdict makes of the deficiency that stands in the records.
#include <core/hash.hpp>

#include <algorithm>
#include <bit>
#include <cstring>
#include <tuple>

#include "judge.hpp"

namespace him {
namespace {

using core::Instant;
using std::chrono::microseconds;

std::string_view chart_text(const Fact& fact, std::size_t which) {
  const fhir::Node* node = fact.stored[which];
  return node ? node->text : std::string_view();
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
  out.subject = subject_reference(verdict);
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
  out.blocked = verdict.blocked;
  out.spared = rule.spared;
  out.severity = rule.severity;
  out.source = rule.source;
  out.due = verdict.due;
  if (verdict.due_after_opening) {
    const bool goes_on = out.opened != Instant{} && out.state != State::kCancelled;
    out.due = (goes_on ? out.opened : now) + microseconds{*verdict.due_after_opening};
  }
  out.hard_due = verdict.hard_due;
  out.chart_due = verdict.chart_due;
  out.judged = verdict.judged;
}

bool same(const Deficiency& a, const Deficiency& b) {
  const auto all = [](const Deficiency& d) {
    return std::tie(d.patient, d.mrn, d.visit, d.encounter, d.subject, d.lacking_code, d.lacking,
                    d.owner, d.owner_name, d.owner_reference, d.state, d.begun, d.available,
                    d.blocked, d.spared, d.severity, d.source, d.due, d.hard_due, d.chart_due,
                    d.opened, d.opened_by, d.closed, d.closed_by, d.part, d.owner_id, d.warned,
                    d.suspend_on, d.suspended);
  };
  return all(a) == all(b);
}

void open_anew(Change& change, const Cause& cause, bool keep_opening, State state) {
  Deficiency& out = change.deficiency;
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
  change.kind = Change::Kind::kOpened;
}

void close(Change& change, State state, const Cause& cause) {
  Deficiency& out = change.deficiency;
  out.state = state;
  out.closed = cause.now;
  out.closed_by = cause.label;
  out.closed_sequence = cause.sequence;
  out.modified = cause.now;
  change.kind = Change::Kind::kClosed;
}

}  // namespace

std::int64_t mark_of(const Verdict& verdict, const Chart& chart) {
  constexpr std::size_t kBesidesTexts = 72;   // flags, times and the ends of texts
  thread_local std::string said;
  const Rule& rule = *verdict.rule;
  const std::string_view mrn = chart_text(chart.patient_fact, slot(kPatientFields, "mrn"));
  const std::string_view visit = chart_text(chart.visit, slot(kVisitFields, "number"));
  std::size_t room = kBesidesTexts + rule.id.size() + verdict.part.size() + chart.patient.size() +
                     mrn.size() + visit.size() + rule.lacking_code.size() +
                     verdict.lacking.size() + verdict.owner.size() + verdict.owner_name.size() +
                     verdict.owner_reference.size() + verdict.owner_id.size() +
                     rule.severity.size() + rule.source.size();
  if (verdict.subject) room += verdict.subject->id.size();
  if (said.size() < room) said.resize(room);
  char* at = said.data();
  const auto text = [&at](std::string_view one) {
    at = std::copy(one.begin(), one.end(), at);
    *at++ = '\0';
  };
  const auto number = [&at](std::int64_t one) {
    std::memcpy(at, &one, sizeof one);
    at += sizeof one;
  };
  const auto time = [&](const std::optional<Instant>& when) {
    *at++ = when ? '+' : '-';
    number(when ? when->time_since_epoch().count() : 0);
  };
  text(rule.id);
  text(verdict.part);
  if (verdict.subject) {
    *at++ = static_cast<char>('a' + static_cast<int>(verdict.subject->kind));
    text(verdict.subject->id);
  }
  text(chart.patient);
  text(mrn);
  text(visit);
  text(rule.lacking_code);
  text(verdict.lacking);
  text(verdict.owner);
  text(verdict.owner_name);
  text(verdict.owner_reference);
  text(verdict.owner_id);
  *at++ = verdict.begun ? 'b' : ' ';
  *at++ = verdict.available ? 'a' : verdict.blocked ? 'x' : ' ';
  number(rule.spared);
  text(rule.severity);
  text(rule.source);
  time(verdict.due);
  time(verdict.hard_due);
  time(verdict.chart_due);
  *at++ = verdict.due_after_opening ? '+' : '-';
  number(verdict.due_after_opening.value_or(0));
  const std::string_view all(said.data(), static_cast<std::size_t>(at - said.data()));
  return std::bit_cast<std::int64_t>(core::stable_hash(all) | 1);
}

State open_state(const Deficiency& deficiency, Instant now, const Policy& policy) {
  const auto late = deficiency.late_from();
  if (late && now > *late) return State::kDelinquent;
  if (late && now >= *late - policy.reminder_before) return State::kDue;
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
  const auto at = [&next](Instant other) { next = earlier_of(next, other); };
  const auto wrote = [&d](Letter letter) {
    return (d.letters >> static_cast<unsigned>(letter) & 1u) != 0;
  };
  const auto due_letter = [&](Letter letter) {
    return !wrote(letter) && d.calls_for(static_cast<unsigned>(letter));
  };
  const auto late = d.late_from();
  if (late && d.state < State::kDue) at(*late - policy.reminder_before);
  if (late && d.state == State::kDue) at(*late + microseconds{1});
  if (d.state < State::kDue && due_letter(Letter::kAssignment)) {
    at(letter_time(policy, d.opened + policy.assignment_after, zone));
  }
  if (late && d.state == State::kDue && due_letter(Letter::kReminder)) {
    at(letter_time(policy, std::max(*late - policy.reminder_before, d.opened), zone));
  }
  if (late && d.state == State::kDelinquent && due_letter(Letter::kWarning)) {
    at(letter_time(policy, std::max(*late, d.opened), zone));
  }
  if (d.state == State::kWarned && d.suspend_on && due_letter(Letter::kSuspension)) {
    at(*d.suspend_on);
  }
  if (d.state >= State::kDelinquent && due_letter(Letter::kQualityFile)) {
    at(letter_time(policy, d.opened + policy.quality_file_after, zone));
    if (policy.quality_file_charts > 0 && (d.letters & kGrownOld) == 0) {
      at(letter_time(policy, d.opened + policy.quality_file_charts_after, zone));
    }
  }
  return next && d.retry ? std::max(*next, *d.retry) : next;
}

bool follow_by_hand(const Deficiency& stored, const Chart& chart, const Cause& cause,
                    const Circumstances& circumstances, std::vector<Change>& changes) {
  if (!is_open(stored.state)) return false;
  Change change{Change::Kind::kChanged, stored};
  Deficiency& next = change.deficiency;
  const auto asked = next.asked_due ? next.asked_due : next.due;
  if (!asked) return false;
  next.asked_due = asked;
  next.due = with_pauses(*asked, next.owner_id, *asked - next.opened, circumstances);
  next.chart_due = chart_due_of(chart, next.opened, next.owner_id, circumstances);
  const auto late = next.late_from();
  if (late == stored.late_from()) return false;
  if (*late > cause.now) forget_letters(next);
  next.state = standing(next, cause.now, circumstances.policy());
  next.modified = std::max(next.modified, cause.now);
  changes.push_back(std::move(change));
  return true;
}

bool reconcile(const Deficiency* stored, const Verdict* verdict, const Chart& chart,
               const Cause& cause, const Circumstances& circumstances,
               std::vector<Change>& changes) {
  const Policy& policy = circumstances.policy();
  const bool wanted = verdict && verdict->wanted();
  const bool waits =
      wanted && circumstances.held && circumstances.held(*verdict->rule, verdict->first_due());
  // A feed that is behind or down: how late it is cannot be told yet.
  const auto state_of = [&](const Deficiency& one) {
    const State state = standing(one, cause.now, policy);
    if (!waits || state <= State::kDue) return state;
    return one.available ? State::kAvailable : State::kAssigned;
  };
  if (!stored) {
    if (!wanted || circumstances.historical) return false;
    if (waits && verdict->by_time && circumstances.by_clock) return false;
    Change& change = changes.emplace_back();
    Deficiency& fresh = change.deficiency;
    fresh.id = deficiency_id(*verdict, chart);
    refresh(fresh, *verdict, chart, cause.now);
    const State state = state_of(fresh);
    if (waits) fresh.retry = cause.now + kHoldRetry;
    open_anew(change, cause, false, state);
    return true;
  }
  // What people decided stands until people decide otherwise.
  if (stored->state == State::kWaived) return false;
  if (stored->state == State::kCompleted && !stored->decision.empty()) return false;
  const bool was_open = is_open(stored->state);
  if (!wanted && !was_open) return false;
  if (wanted && !was_open && circumstances.historical) return false;
  Change& change = changes.emplace_back(Change{Change::Kind::kChanged, *stored});
  Deficiency& next = change.deficiency;
  if (!wanted) {
    const bool done = verdict && verdict->fires && !verdict->exempt && verdict->met;
    close(change, done ? State::kCompleted : State::kCancelled, cause);
    return true;
  }
  refresh(next, *verdict, chart, cause.now);
  if (!was_open) {
    // A signature taken back reopens what was complete; a trigger that comes back opens it anew.
    const State state = open_state(next, cause.now, policy);
    open_anew(change, cause, stored->state == State::kCompleted, state);
    return true;
  }
  const auto late = next.late_from(), was_late = stored->late_from();
  if (late != was_late && (!late || *late > cause.now)) forget_letters(next);
  next.state = state_of(next);
  // An entry applied once more brings its old time along: the clock does not run backwards.
  if (late == was_late && next.owner_id == stored->owner_id) {
    next.state = std::max(next.state, stored->state);
  }
  if (next.state < State::kDue) next.state = state_of(next);
  if (same(next, *stored)) {
    changes.pop_back();
    return false;
  }
  if (waits) next.retry = cause.now + kHoldRetry;
  next.modified = std::max(next.modified, cause.now);
  return true;
}

}  // namespace him
