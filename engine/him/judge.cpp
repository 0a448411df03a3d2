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

constexpr std::size_t kVerdictsExpected = 48;   ///< of an ordinary chart

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

/// When the visit began, ended or is to begin, as rules are fired by it. The same for all of them.
struct VisitTimes {
  std::optional<Instant> admitted, discharged, planned;
};

Instant time_in(const Chart& chart, const Fact& fact, std::size_t which) {
  const auto micros = number_of(chart, fact, which);
  return micros ? instant(*micros) : fact.seen;
}

VisitTimes visit_times(const Chart& chart) {
  const Fact& visit = chart.visit;
  VisitTimes out;
  if (flag_of(chart, visit, slot(kVisitFields, "admitted"))) {
    out.admitted = time_in(chart, visit, slot(kVisitFields, "start"));
  }
  if (flag_of(chart, visit, slot(kVisitFields, "discharged"))) {
    out.discharged = time_in(chart, visit, slot(kVisitFields, "end"));
  }
  if (flag_of(chart, visit, slot(kVisitFields, "planned"))) {
    out.planned = time_in(chart, visit, slot(kVisitFields, "start"));
  }
  return out;
}

/// When that happened which fires the rule; nullopt when it did not happen, or was undone.
std::optional<Instant> event_time(const Rule& rule, const Chart& chart, const VisitTimes& visit,
                                  const Fact* subject) {
  const auto time = [&](std::size_t which) { return time_in(chart, *subject, which); };
  switch (rule.event) {
    case Event::kAdmitted: return visit.admitted;
    case Event::kDischarged: return visit.discharged;
    case Event::kPlanned: return visit.planned;
    case Event::kDocument: return time(slot(kDocumentFields, "time"));
    case Event::kProcedure: return time(slot(kProcedureFields, "time"));
    case Event::kDiagnosis: return time(slot(kDiagnosisFields, "recorded"));
    case Event::kOrder: return time(slot(kOrderFields, "authored"));
    case Event::kResult: return time(slot(kResultFields, "time"));
    case Event::kAppointment: return time(slot(kAppointmentFields, "start"));
    case Event::kEvent: return time(slot(kEventFields, "time"));
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

/// An addendum does not stand for the document that it adds to, unless the rule says so.
bool stands_alone(const Alternative& way, const Chart& chart, const Fact& fact) {
  return way.kind != Kind::kDocument || way.addenda ||
         !is_valued(chart, fact, slot(kDocumentFields, "appends"));
}

/// Whether a fact of the chart meets this way; notes the newest document that is on its way to.
bool met_by_fact(const Alternative& way, const Scope& scope, Verdict& verdict) {
  const Chart& chart = *scope.chart;
  if (chart.of(*way.kind).empty()) return false;
  Scope inner = scope;
  for (const Fact& fact : chart.of(*way.kind)) {
    if (!counts(fact) || !type_fits(way, fact) || !stands_alone(way, chart, fact)) continue;
    inner.current[static_cast<std::size_t>(*way.kind)] = &fact;
    if (way.where && !holds_for_a_signer(*way.where, inner, &fact)) continue;
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
      good = holds_for_a_signer(*way.holds, scope, scope.subject);
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
  std::string words(who.name);
  if (!id.empty()) words.append(" (").append(id).append(")");
  return words;
}

void set_owner(const Rule& rule, const Scope& scope, const ProviderIndex* providers,
               Verdict& verdict) {
  for (const OwnerStep& step : rule.owner) {
    if (!step.person) {
      verdict.owner = step.role;
      verdict.owner_id.assign(1, '=').append(step.role);
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
    if (id.empty()) id = who->reference.empty() ? who->name : who->reference;
    verdict.owner_id = std::move(id);
    return;
  }
}

/// @return when the owner's clock began to run, where it is known.
std::optional<Instant> set_due(const Rule& rule, const Scope& scope,
                               const Circumstances& circumstances, Verdict& verdict) {
  const auto no_later = [&verdict](std::optional<Instant> than) {
    verdict.due = earlier_of(verdict.due, than);
  };
  for (const Due& due : rule.due) {
    if (due.when && !holds(*due.when, scope)) continue;
    if (due.policy.from_opening) verdict.due_after_opening = due.policy.after;
    const microseconds after{due.policy.after};
    const auto policy = anchored(due.policy, scope);
    if (policy) no_later(with_pauses(*policy, verdict.owner_id, after, circumstances));
    for (const Expr& before : due.before) {
      if (const auto time = value(before, scope)) no_later(instant(*time));
    }
    if (due.hard) verdict.hard_due = anchored(*due.hard, scope);
    no_later(verdict.hard_due);
    if (policy) return *policy - after;
    break;
  }
  return std::nullopt;
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
  put_word(verdict.lacking, "{period}", local_day(instant(scope.period[0]), zone));
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

/// What follows once it is clear that the rule fires, for something that arose then. `scope` is of
/// use to nobody afterwards.
void conclude(const Rule& rule, const Chart& chart, Scope& scope, Instant arose,
              const Circumstances& circumstances, Verdict& verdict) {
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
  verdict.blocked = rule.available && !verdict.available;
  set_lacking(rule, missing, scope, verdict);
  if (!scope.current[static_cast<std::size_t>(Kind::kProcedure)]) {
    scope.current[static_cast<std::size_t>(Kind::kProcedure)] = last_operation(chart);
  }
  set_owner(rule, scope, circumstances.providers, verdict);
  if (is_historical(chart, subject)) {
    verdict.fires = false;
    verdict.mute = Mute::kHistorical;
  }
  const auto began = set_due(rule, scope, circumstances, verdict);
  // What waits for another's step arises with it: his time is not the owner's.
  if (rule.available && began) arose = std::max(arose, *began);
  verdict.chart_due = chart_due_of(chart, arose, verdict.owner_id, circumstances);
}

/// A verdict is half a kilobyte: it is made where it stays.
Verdict& add_verdict(const Rule& rule, const Fact* subject, Mute mute, std::vector<Verdict>& out) {
  Verdict& verdict = out.emplace_back();
  verdict.rule = &rule;
  verdict.subject = subject;
  verdict.mute = mute;
  if (!rule.part.empty()) verdict.part = rule.part;
  return verdict;
}

/// The periods of a repeating rule up to now, each with a verdict of its own.
void consider_periods(const Rule& rule, const Chart& chart, Scope& scope,
                      const Circumstances& circumstances, Mute mute, std::vector<Verdict>& out) {
  const Repeat& repeat = *rule.repeat;
  const auto first = anchored(repeat.from, scope);
  if (!first) return;
  const auto until = repeat.until ? value(*repeat.until, scope) : std::nullopt;
  std::int64_t begin = first->time_since_epoch().count();
  int number = 0;
  const auto add = [&]() -> Verdict& {
    Verdict& verdict = add_verdict(rule, scope.subject, mute, out);
    verdict.part = fmt::format("{}#{}", rule.part, number);
    verdict.by_time = true;
    return verdict;
  };
  for (const Step& step : repeat.steps) {
    constexpr std::int64_t kDay = 86'400'000'000;
    for (std::int64_t i = 0; step.times == 0 || i < step.times; ++i) {
      if (++number > kPeriodsMax) return;
      const std::int64_t end = step.every % kDay == 0
                                   ? add_local_days(begin, static_cast<int>(step.every / kDay),
                                                    scope.zone)
                                   : begin + step.every;
      if (until && end > *until) return;
      const std::int64_t opens = repeat.lead > 0 ? std::max(begin, end - repeat.lead) : begin;
      if (circumstances.now < instant(opens)) {
        add().wake = instant(opens);
        return;
      }
      // What was due before anybody told us of the visit is not ours to ask for.
      if (instant(begin) >= rule.effective_from && instant(end) > chart.visit.seen) {
        scope.period[0] = begin;
        scope.period[1] = end;
        Scope inner = scope;
        conclude(rule, chart, inner, instant(opens), circumstances, add());
      }
      begin = end;
    }
  }
}

void consider(const Rule& rule, const Terms& terms, const Chart& chart, const Fact* subject,
              Instant happened, const Circumstances& circumstances, std::vector<Verdict>& out) {
  // A repeating rule is as old as its periods.
  const bool earlier = !rule.repeat && happened < std::max(rule.effective_from, terms.since);
  if (earlier && !circumstances.audit) return;
  Scope scope;
  scope.chart = &chart;
  scope.subject = subject;
  scope.zone = circumstances.zone;
  scope.providers = circumstances.providers;
  if (subject) scope.current[static_cast<std::size_t>(subject->kind)] = subject;

  if (rule.when && !holds(*rule.when, scope)) return;
  const Mute mute = terms.silent ? Mute::kNeeds : earlier ? Mute::kEarlier : Mute::kNo;
  std::optional<Instant> time;
  if (rule.wait) {
    time = anchored(*rule.wait, scope);
    if (!time) return;
  }
  const bool waits = time && circumstances.now < *time;
  if (rule.repeat && !waits) {
    return consider_periods(rule, chart, scope, circumstances, mute, out);
  }
  Verdict& verdict = add_verdict(rule, subject, mute, out);
  verdict.by_time = time.has_value();
  if (waits) {
    verdict.wake = time;
    return;
  }
  const Instant arose = time ? std::max(happened, *time) : happened;
  conclude(rule, chart, scope, arose, circumstances, verdict);
}

/// The facts of a chart that rules may be about: those that count.
class Subjects {
 public:
  explicit Subjects(const Chart& chart) : chart_(chart) {}

  const std::vector<const Fact*>& of(Kind kind) {
    auto& found = found_[static_cast<std::size_t>(kind)];
    if ((looked_ & set_of(kind)) != 0) return found;
    looked_ |= set_of(kind);
    found.reserve(chart_.of(kind).size());
    for (const Fact& one : chart_.of(kind)) {
      if (counts(one)) found.push_back(&one);
    }
    return found;
  }

 private:
  const Chart& chart_;
  Kinds looked_ = 0;
  std::array<std::vector<const Fact*>, kKindCount> found_;
};

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

std::optional<Instant> chart_deadline(const Chart& chart, Instant arose, const Policy& policy) {
  static constexpr std::size_t kDischarged = slot(kVisitFields, "discharged");
  if (policy.chart_due_after.count() == 0 || !flag_of(chart, chart.visit, kDischarged)) return {};
  const auto end = number_of(chart, chart.visit, slot(kVisitFields, "end"));
  if (!end) return {};
  const Instant deadline = instant(*end) + policy.chart_due_after;
  if (arose >= deadline) return {};
  return deadline;
}

Instant with_pauses(Instant due, std::string_view owner, microseconds after,
                    const Circumstances& circumstances) {
  if (!circumstances.absences) return due;
  const auto mine = circumstances.absences->find(owner);
  if (mine == circumstances.absences->end()) return due;
  return paused(due - after, due, mine->second, circumstances.policy().absence_grace);
}

std::optional<Instant> chart_due_of(const Chart& chart, Instant arose, std::string_view owner,
                                    const Circumstances& circumstances) {
  const Policy& policy = circumstances.policy();
  const auto end = chart_deadline(chart, arose, policy);
  if (!end) return std::nullopt;
  return with_pauses(*end, owner, policy.chart_due_after, circumstances);
}

std::string subject_reference(const Fact& subject) {
  constexpr std::string_view kTypes[] = {"Encounter",      "Patient",       "DocumentReference",
                                         "Procedure",      "Condition",     "ServiceRequest",
                                         "RelatedPerson",  "Coverage",      "DiagnosticReport",
                                         "Appointment",    "Event"};
  std::string reference(kTypes[static_cast<std::size_t>(subject.kind)]);
  reference += '/';
  reference += subject.id;
  return reference;
}

std::string subject_reference(const Verdict& verdict) {
  return verdict.subject ? subject_reference(*verdict.subject) : std::string();
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
  verdicts.reserve(kVerdictsExpected);
  const std::vector<Rule>& rules = circumstances.rules();
  static const Terms kSpeaks;
  const VisitTimes times = visit_times(chart);
  Subjects subjects(chart);
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const Rule& rule = rules[i];
    if (!circumstances.asks(rule)) continue;
    const Terms& terms = circumstances.terms ? (*circumstances.terms)[i] : kSpeaks;
    if (terms.silent && !circumstances.audit) continue;
    if (rule.subject && chart.of(*rule.subject).empty()) continue;
    if (!rule.subject && !chart.has_visit) continue;
    if (!class_fits(rule, chart)) continue;
    const auto look = [&](const Fact* subject) {
      const auto happened = event_time(rule, chart, times, subject);
      if (happened) consider(rule, terms, chart, subject, *happened, circumstances, verdicts);
    };
    if (!rule.subject) {
      look(nullptr);
      continue;
    }
    for (const Fact* subject : subjects.of(*rule.subject)) look(subject);
  }
  return verdicts;
}

std::string deficiency_id(const Verdict& verdict, const Chart& chart) {
  // A patient's events have no visit, but each an id of its own.
  std::string name = verdict.rule->id;
  name.append("|").append(chart.encounter).append("|").append(subject_reference(verdict));
  if (!verdict.part.empty()) name.append("|").append(verdict.part);
  const core::Uuid id = core::uuid_v5(kNameSpace, name);
  core::Uuid visit;
  if (!core::Uuid::parse(chart.encounter, visit)) return id.text();
  return core::uuid_beside(id, visit).text();
}

}  // namespace him
