#include "orders.hpp"

#include <core/hash.hpp>
#include <core/micros.hpp>
#include <core/text.hpp>
#include <fmt/format.h>

#include <algorithm>

#include "known.hpp"
#include "review_store.hpp"

namespace him {
namespace {

using core::ErrorCode;
using core::Instant;
using core::micros;
using fhir::Node;

constexpr std::string_view kActions[] = {"waive",    "complete", "reassign", "assign",
                                         "reopen",   "absence",  "absence-withdraw",
                                         "reviewed", "request", "letters-sent", "review-plan",
                                         "review-visit",
                                         "provider-join", "provider-part"};
constexpr std::size_t kTextMax = 2000;   ///< of a reason, a name

std::string why(const Node& order) {
  const std::string_view by = order.text_of("by"), reason = order.text_of("reason");
  return fmt::format("{} by {}{}{}", order.text_of("action"), by.empty() ? "?" : by,
                     reason.empty() ? "" : ": ", reason);
}

core::Status missing(std::string_view what) {
  return core::fail(ErrorCode::kBadRequest, fmt::format("\"{}\" is needed", what));
}

core::Result<Deficiency> named(ChartStore& charts, const Node& order, Instant now) {
  ListFilter filter;
  filter.id = order.text_of("id");
  if (filter.id.empty()) return core::fail(missing("id").error());
  auto found = charts.select(filter, now);
  if (!found) return core::fail(found.error());
  if (found->empty()) return core::fail(ErrorCode::kNotFound, "no deficiency has that id");
  return std::move(found->front());
}

/// A time; of a day, where it begins at the site.
std::optional<Instant> moment(std::string_view text, const core::TimeZone& zone) {
  const auto at = core::from_iso(text);
  if (!at) return std::nullopt;
  constexpr std::size_t kDay = std::string_view("2026-01-31").size();
  if (text.size() != kDay) return *at;
  const std::chrono::year_month_day day{std::chrono::floor<std::chrono::days>(*at)};
  return *at - std::chrono::seconds{zone.offset_of_local(
                   static_cast<int>(day.year()), static_cast<int>(unsigned{day.month()}),
                   static_cast<int>(unsigned{day.day()}), 0, 0, 0)};
}

core::Status check_withdrawal(store::Db& db, const Node& order, Instant now,
                              const core::TimeZone& zone) {
  if (order.text_of("owner").empty()) return missing("owner");
  const auto from = moment(order.text_of("from"), zone);
  if (!from) return missing("from");
  ProviderIndex index(db);
  if (auto done = index.load(); !done) return done;
  const std::string owner = index.owner_of(order.text_of("owner"));
  const auto all = absences_by_owner(db);
  if (!all) return core::fail(all.error());
  std::vector<std::string> others;
  if (const auto mine = all->find(owner); mine != all->end()) {
    for (const Absence& one : mine->second) {
      if (one.from == *from) {
        if (one.to > now) return {};
        return core::fail(ErrorCode::kRefusedByPolicy, "that absence is over");
      }
      if (one.to > now) others.push_back(core::to_iso(one.from));
    }
  }
  if (auto someone = check_practitioner(db, order, "owner"); others.empty() && !someone) {
    return someone;
  }
  return core::fail(ErrorCode::kNotFound,
                    fmt::format("{} has filed no absence from then{}{}", owner,
                                others.empty() ? "" : "; filed from ", fmt::join(others, ", ")));
}

core::Status check_absence(const RulePack& rules, const Node& order, Instant now,
                           const core::TimeZone& zone) {
  const auto from = moment(order.text_of("from"), zone);
  const auto to = moment(order.text_of("to"), zone);
  if (order.text_of("owner").empty()) return missing("owner");
  if (!from || !to || *to <= *from) {
    return core::fail(ErrorCode::kBadRequest, "\"from\" and \"to\" are times, the first earlier");
  }
  if (*from < now) {
    return core::fail(ErrorCode::kRefusedByPolicy, "an absence is filed before it begins");
  }
  if (*to - *from < rules.policy().absence_min) {
    return core::fail(ErrorCode::kRefusedByPolicy, "too short: such an absence pauses nothing");
  }
  return {};
}

core::Status check_provider(store::Db& db, const Node& order) {
  const bool joins = order.text_of("action") == "provider-join";
  const std::string owner(order.text_of("owner")), other(order.text_of("other"));
  if (joins && owner.empty()) return missing("owner");
  if (other.empty()) return missing("other");
  if (owner.starts_with('=') || other.starts_with('=')) {
    return core::fail(ErrorCode::kBadRequest, "a role is no provider");
  }
  ProviderIndex index(db);
  if (auto done = index.load(); !done) return done;
  const bool joined = index.of(other) != other;
  if (joins) {
    const auto kept = index.find(owner), from = index.find(other);
    if (!from) return core::fail(from.error());
    if (kept && *kept == *from) {
      return core::fail(ErrorCode::kRefusedByPolicy, "the two are one provider already");
    }
    auto someone = check_practitioner(db, order, "owner");
    return someone ? check_practitioner(db, order, "other") : someone;
  }
  if (joined) return {};
  auto someone = check_practitioner(db, order, "other");
  return someone ? core::fail(ErrorCode::kNotFound, "this id is joined to no other") : someone;
}

core::Status check_decision(store::Db& db, const Node& order, Instant now) {
  ChartStore charts(db);
  const std::string_view action = order.text_of("action");
  if (order.text_of("reason").empty()) return missing("reason");
  const auto about = named(charts, order, now);
  if (!about) return core::fail(about.error());
  const bool gives = action == "reassign";
  if (gives && order.text_of("owner").empty()) return missing("owner");
  const bool wants_open = action != "reopen";
  if (is_open(about->state) != wants_open) {
    return core::fail(ErrorCode::kRefusedByPolicy,
                      fmt::format("the deficiency is {}", to_text(about->state)));
  }
  return gives ? check_practitioner(db, order, "owner") : core::Status{};
}

core::Status check_assignment(store::Db& db, const Node& order, const core::TimeZone& zone) {
  if (order.text_of("lacking").empty()) return missing("lacking");
  if (order.text_of("owner").empty()) return missing("owner");
  if (!moment(order.text_of("due"), zone)) return missing("due");
  const auto visit = ChartStore(db).visit_numbered(order.text_of("visit"));
  if (!visit) return core::fail(visit.error());
  if (!*visit) return core::fail(no_such_visit(db, order.text_of("visit")));
  return check_practitioner(db, order, "owner");
}

core::Status check_request(store::Db& db, const Node& order) {
  for (const std::string_view field : {"visit", "recipient", "text"}) {
    if (order.text_of(field).empty()) return missing(field);
  }
  const auto visit = ChartStore(db).visit_numbered(order.text_of("visit"));
  if (!visit) return core::fail(visit.error());
  return *visit ? core::Status{} : core::fail(no_such_visit(db, order.text_of("visit")));
}

}  // namespace

core::Status check_command(store::Records& records, const RulePack& rules, const Node& order,
                           Instant now, const core::TimeZone& zone) {
  ChartStore charts(records.db());
  const std::string_view action = order.text_of("action");
  const std::vector<std::string_view> known(std::begin(kActions), std::end(kActions));
  if (std::find(known.begin(), known.end(), action) == known.end()) {
    return core::fail(ErrorCode::kBadRequest, fmt::format("no such action; known: {}",
                                                          fmt::join(known, ", ")));
  }
  for (const std::string_view text :
       {"by", "reason", "owner", "owner_name", "lacking", "how", "note", "reviewer", "sample",
        "recipient", "text"}) {
    if (order.text_of(text).size() > kTextMax) {
      return core::fail(ErrorCode::kBadRequest, fmt::format("\"{}\" is too long", text));
    }
  }
  if (order.text_of("by").empty()) return missing("by");
  if (const std::string_view owner = order.text_of("owner"); !owner.empty()) {
    ProviderIndex index(records.db());
    if (auto done = index.load(); !done) return done;
    if (auto one = index.find(owner); !one) return core::fail(one.error());
  }
  if (action == "absence") {
    const auto someone = check_practitioner(records.db(), order, "owner");
    return someone ? check_absence(rules, order, now, zone) : someone;
  }
  if (action == "absence-withdraw") return check_withdrawal(records.db(), order, now, zone);
  if (action == "provider-join" || action == "provider-part") {
    return check_provider(records.db(), order);
  }
  if (action == "request") {
    if (rules.policy().letters[static_cast<std::size_t>(Letter::kRequest)].body.empty()) {
      return core::fail(ErrorCode::kRefusedByPolicy, "the policy has no letter \"request\"");
    }
    return check_request(records.db(), order);
  }
  if (action == "review-plan") return check_review_plan(records.db(), order, zone);
  if (action == "review-visit") return check_review_visit(records.db(), order);
  if (action == "letters-sent") {
    return core::to_int(order.text_of("upto")) ? core::Status{} : missing("upto");
  }
  if (action == "reviewed") {
    const auto place = charts.place_of(Kind::kDocument, order.text_of("document"));
    if (!place) return core::fail(place.error());
    if (!*place) return core::fail(ErrorCode::kNotFound, "no document has that id");
    return {};
  }
  return action == "assign" ? check_assignment(records.db(), order, zone)
                            : check_decision(records.db(), order, now);
}

core::Result<std::vector<Absence>> absences(store::Records& records) {
  const auto all = absences_by_owner(records.db());
  if (!all) return core::fail(all.error());
  std::vector<Absence> flat;
  for (const auto& [owner, list] : *all) flat.insert(flat.end(), list.begin(), list.end());
  return flat;
}

core::Status Orders::carry_out(const Node& order, const Cause& cause, const Mark& mark,
                               std::vector<Change>& changes) {
  const std::string_view action = order.text_of("action");
  if (action == "absence") return absent(order, cause, mark);
  if (action == "absence-withdraw") return not_absent(order, cause, mark);
  if (action == "assign") return assign(order, cause, mark, changes);
  if (action == "reviewed") return reviewed(order, cause, mark);
  if (action == "letters-sent") return letters_sent(order, cause);
  if (action == "request") {
    const auto visit = charts_.visit_numbered(order.text_of("visit"));
    if (!visit) return core::fail(visit.error());
    if (!*visit) return {};
    return life_.request(order.text_of("recipient"), (*visit)->encounter, order.text_of("visit"),
                         order.text_of("text"), cause.now);
  }
  if (action == "provider-join" || action == "provider-part") return join(order, cause, mark);
  if (action == "review-plan" || action == "review-visit") return review(order, cause);
  return decide(order, cause, mark, changes);
}

core::Status Orders::review(const Node& order, const Cause& cause) {
  std::vector<Notice> notices;
  auto done = order.text_of("action") == "review-plan"
                  ? plan_review(db_, order, life_.zone(), cause, notices)
                  : review_visit(db_, order, cause, notices);
  for (Notice& one : notices) life_.add_notice(std::move(one));
  return done;
}

core::Status Orders::decide(const Node& order, const Cause& cause, const Mark& mark,
                            std::vector<Change>& changes) {
  const auto found = named(charts_, order, cause.now);
  if (!found) {
    return found.error().code == ErrorCode::kNotFound ||
                   found.error().code == ErrorCode::kBadRequest
               ? core::Status{}
               : core::fail(found.error());
  }
  Change change{Change::Kind::kChanged, *found};
  Deficiency& one = change.deficiency;
  const std::string_view action = order.text_of("action");
  if (is_open(one.state) != (action != "reopen")) return {};
  one.decision = why(order);
  one.judged = 0;
  one.modified = std::max(one.modified, cause.now);
  if (action == "waive" || action == "complete") {
    change.kind = Change::Kind::kClosed;
    one.state = action == "waive" ? State::kWaived : State::kCompleted;
    one.closed = cause.now;
    one.closed_by = cause.label;
    one.closed_sequence = cause.sequence;
  } else if (action == "reassign") {
    give_to(order, one);
    one.reassigned = true;
    one.letters = 0;
    one.warned.reset();
    one.suspend_on.reset();
    one.suspended.reset();
    one.state = open_state(one, cause.now, life_.policy());
  } else if (action == "reopen") {
    change.kind = Change::Kind::kOpened;
    one.decision.clear();
    one.closed.reset();
    one.closed_by.clear();
    one.closed_sequence = {};
    one.letters = 0;
    one.warned.reset();
    one.suspend_on.reset();
    one.suspended.reset();
    one.state = open_state(one, cause.now, life_.policy());
  } else {
    return {};
  }
  mark(one.patient, one.encounter);
  if (auto done = life_.save(one); !done) return done;
  changes.push_back(std::move(change));
  return {};
}

core::Status Orders::assign(const Node& order, const Cause& cause, const Mark& mark,
                            std::vector<Change>& changes) {
  constexpr core::Uuid kNameSpace{{0x8b, 0x31, 0x60, 0x0e, 0x95, 0x2d, 0x5c, 0x44, 0xa2, 0x7f, 0x18,
                                   0xd3, 0x0b, 0x6c, 0xe9, 0x52}};
  const auto visit = charts_.visit_numbered(order.text_of("visit"));
  if (!visit) return core::fail(visit.error());
  const auto due = moment(order.text_of("due"), life_.zone());
  if (!*visit || !due) return {};
  Change change{Change::Kind::kOpened, {}};
  Deficiency& one = change.deficiency;
  one.id = core::uuid_v5(kNameSpace, fmt::format("{}", cause.sequence.value())).text();
  one.rule = kByHand;
  one.patient = (*visit)->patient;
  one.encounter = (*visit)->encounter;
  one.visit = order.text_of("visit");
  one.lacking = order.text_of("lacking");
  give_to(order, one);
  one.severity = "M";
  one.source = "added by hand";
  one.decision = why(order);
  one.opened = cause.now;
  one.opened_by = cause.label;
  one.opened_sequence = cause.sequence;
  one.modified = cause.now;
  one.available = true;
  one.due = one.asked_due = *due;
  one.state = open_state(one, cause.now, life_.policy());
  Chart chart;
  if (auto done = charts_.load_visit(one.encounter, chart); !done) return done;
  if (const fhir::Node* mrn = chart.patient_fact.stored[slot(kPatientFields, "mrn")]) {
    one.mrn = mrn->text;
  }
  mark(one.patient, one.encounter);   // the chart and the owner's absences have their say
  if (auto done = life_.save(one); !done) return done;
  changes.push_back(std::move(change));
  return {};
}

core::Status Orders::absent(const Node& order, const Cause& cause, const Mark& mark) {
  const std::string known = owner_of(order);
  const std::string_view owner = known;
  const auto from = moment(order.text_of("from"), life_.zone());
  const auto to = moment(order.text_of("to"), life_.zone());
  if (!from || !to || owner.empty()) return {};
  const auto done = db_.run(
      "INSERT INTO him_absence (owner_id, starts, ends, filed, filed_by) VALUES (?1, ?2, ?3, ?4, "
      "?5) ON CONFLICT (owner_id, starts) DO UPDATE SET ends = excluded.ends",
      {owner, micros(*from), micros(*to), micros(cause.now), order.text_of("by")});
  return done ? judge_again(owner, mark) : done;
}

/// Before it has begun it never was; afterwards the physician is back from now on.
core::Status Orders::not_absent(const Node& order, const Cause& cause, const Mark& mark) {
  const std::string known = owner_of(order);
  const std::string_view owner = known;
  const auto from = moment(order.text_of("from"), life_.zone());
  if (!from || owner.empty()) return {};
  const auto done =
      *from >= cause.now
          ? db_.run("DELETE FROM him_absence WHERE owner_id = ?1 AND starts = ?2",
                    {owner, micros(*from)})
          : db_.run("UPDATE him_absence SET ends = ?3 WHERE owner_id = ?1 AND starts = ?2 AND "
                    "ends > ?3",
                    {owner, micros(*from), micros(cause.now)});
  return done ? judge_again(owner, mark) : done;
}

/// Everything that one physician owes: its due times follow absences.
core::Status Orders::judge_again(std::string_view owner, const Mark& mark) {
  life_.forget_absences();
  if (auto loaded = life_.load(); !loaded) return loaded;
  auto open = charts_.open_of_owner(owner);
  if (!open) return core::fail(open.error());
  for (const Deficiency& one : *open) mark(one.patient, one.encounter);
  return {};
}

core::Status Orders::reviewed(const Node& order, const Cause& cause, const Mark& mark) {
  const std::string_view document = order.text_of("document");
  const auto place = charts_.place_of(Kind::kDocument, document);
  if (!place) return core::fail(place.error());
  if (!*place) return {};
  mark((*place)->patient, (*place)->encounter);
  return db_.run(
      "INSERT INTO him_reviewed (document, at, reviewer) VALUES (?1, ?2, ?3) "
      "ON CONFLICT (document) DO NOTHING",
      {document, micros(cause.now), order.text_of("by")});
}

/// The id that the named owner is kept under.
std::string Orders::owner_of(const Node& order) const {
  return life_.providers().owner_of(order.text_of("owner"));
}

/// The owner that the order names, with the name that it says, or that is known.
void Orders::give_to(const Node& order, Deficiency& one) const {
  one.owner_id = owner_of(order);
  one.owner_name = order.text_of("owner_name");
  one.owner_reference.clear();
  if (one.owner_name.empty()) one.owner_name = life_.providers().name_of(one.owner_id);
  one.owner = one.owner_id.starts_with('=') ? one.owner_id.substr(1)
              : one.owner_name.empty()      ? one.owner_id
                                            : fmt::format("{} ({})", one.owner_name, one.owner_id);
}

core::Status Orders::join(const Node& order, const Cause& cause, const Mark& mark) {
  const std::string_view other = order.text_of("other");
  const bool joins = order.text_of("action") == "provider-join";
  const auto places = joins ? life_.join(owner_of(order), life_.providers().owner_of(other),
                                         order.text_of("owner_name"), order.text_of("by"),
                                         cause.now)
                            : life_.part(other);
  if (!places) return core::fail(places.error());
  for (const auto& [encounter, patient] : *places) mark(patient, encounter);
  return {};
}

core::Status Orders::letters_sent(const Node& order, const Cause& cause) {
  const auto upto = core::to_int(order.text_of("upto"));
  if (!upto) return {};
  const std::string how =
      fmt::format("{}, {}", order.text_of("by"),
                  order.text_of("how").empty() ? "printed" : order.text_of("how"));
  if (auto done = life_.revise_unsent(*upto, cause.now); !done) return done;
  auto unsent = letters_of(db_, 0, true);
  if (!unsent) return core::fail(unsent.error());
  for (LetterRecord& one : *unsent) {
    if (one.number > *upto) continue;
    one.sent = cause.now;
    life_.add_notice(std::move(one));
  }
  auto done = db_.run(
      "UPDATE him_letter SET sent = ?2, sent_how = ?3 WHERE number <= ?1 AND sent IS NULL AND "
      "cancelled IS NULL",
      {*upto, micros(cause.now), std::string_view(how)});
  if (done) done = db_.run("DELETE FROM him_letter_item WHERE letter <= ?1", {*upto});
  return done;
}

}  // namespace him
