#include "lifecycle.hpp"

#include <core/micros.hpp>

#include <fhir/json.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace him {
namespace {

using core::Instant;
using core::instant;
using core::micros;
using store::Param;
using store::Row;

bool wrote(const Deficiency& one, Letter letter) {
  return (one.letters >> static_cast<unsigned>(letter) & 1u) != 0;
}
bool calls_for(const Deficiency& one, Letter letter) {
  return one.calls_for(static_cast<unsigned>(letter));
}

}  // namespace

std::string ids_json(const std::vector<Deficiency>& items) {
  std::string json = "[";
  for (const Deficiency& one : items) {
    if (json.size() > 1) json += ',';
    fhir::write_json_string(one.id, json);
  }
  return json + "]";
}

std::optional<Instant> suspension_named(Letter level, const std::vector<Deficiency>& items) {
  std::optional<Instant> day;
  for (const Deficiency& one : items) {
    if (level == Letter::kWarning && one.suspend_on) day = one.suspend_on;
  }
  return day;
}

core::Result<Absences> absences_by_owner(store::Db& db) {
  Absences all;
  const auto done = db.query(
      "SELECT owner_id, starts, ends, filed FROM him_absence ORDER BY owner_id, starts", {},
      [&all](const Row& row) {
        const std::string owner(row.text(0));
        all[owner].push_back({owner, instant(row.integer(1)), instant(row.integer(2)),
                              instant(row.integer(3))});
        return true;
      });
  if (!done) return core::fail(done.error());
  return all;
}

core::Instant paused(Instant start, Instant due, const std::vector<Absence>& absences,
                     std::chrono::microseconds grace) {
  for (const Absence& away : absences) {   // by their begin
    if (away.to <= start) continue;
    if (away.from > due) break;
    due += away.to - std::max(away.from, start);
    due = std::max(due, away.to + grace);
  }
  return due;
}

core::Status Lifecycle::load() {
  if (loaded_) return {};
  if (auto done = providers_.load(); !done) return done;
  auto away = absences_by_owner(db_);
  if (!away) return core::fail(away.error());
  absences_ = std::move(*away);
  owners_suspended_.clear();
  const auto done = db_.query("SELECT owner_id, owner_reference FROM him_suspended", {},
                              [this](const Row& row) {
                                owners_suspended_[std::string(row.text(0))] = row.text(1);
                                return true;
                              });
  index_suspended();
  loaded_ = done.has_value();
  return done;
}

void Lifecycle::index_suspended() {
  suspended_.clear();
  for (const auto& [id, reference] : owners_suspended_) {
    suspended_.insert(id);
    for (std::string& alias : providers_.aliases_of(id)) suspended_.insert(std::move(alias));
    if (!reference.empty()) suspended_.insert(reference);
  }
}

void Lifecycle::forget() {
  loaded_ = false;
  providers_.forget();
  altered_ = false;
  pending_.clear();
  grown_old_.clear();
  notices_.clear();
  reported_.reset();
  listed_.reset();
}

core::Status Lifecycle::save(Deficiency& deficiency) {
  return charts_.save(deficiency, next_change(deficiency, policy_, zone_));
}

Instant Lifecycle::suspension_day(const Deficiency& deficiency, Instant warned) const {
  const Instant day = warned + policy_.suspension_after;
  const auto mine = absences_.find(deficiency.owner_id);
  if (mine == absences_.end()) return day;
  // What was delinquent already when an absence was filed is not paused by it.
  std::vector<Absence> known = mine->second;
  std::erase_if(known, [&](const Absence& away) {
    return away.filed >= deficiency.late_from().value_or(deficiency.opened);
  });
  return paused(warned, day, known, policy_.absence_grace);
}

void Lifecycle::note(Letter letter, Deficiency& deficiency) {
  deficiency.letters |= 1u << static_cast<unsigned>(letter);
  pending_[{deficiency.owner_id, letter}].push_back(deficiency);
}

/// The letters of the day, once their hour has come.
void Lifecycle::step_letters(Deficiency& d, Instant now) {
  const auto hour_is_past = [&](Instant from) { return letter_time(policy_, from, zone_) <= now; };
  const auto due_letter = [&d](Letter letter) { return !wrote(d, letter) && calls_for(d, letter); };
  if (d.state < State::kDue && due_letter(Letter::kAssignment) &&
      hour_is_past(d.opened + policy_.assignment_after)) {
    note(Letter::kAssignment, d);
  }
  const auto late = d.late_from();
  if (late && d.state == State::kDue && due_letter(Letter::kReminder) &&
      hour_is_past(std::max(*late - policy_.reminder_before, d.opened))) {
    note(Letter::kReminder, d);
  }
  if (late && d.state == State::kDelinquent && calls_for(d, Letter::kWarning) &&
      hour_is_past(std::max(*late, d.opened))) {
    d.state = State::kWarned;
    d.warned = now;
    d.suspend_on = suspension_day(d, now);
    note(Letter::kWarning, d);
  }
  if (d.state < State::kDelinquent || !due_letter(Letter::kQualityFile)) return;
  if (hour_is_past(d.opened + policy_.quality_file_after)) {
    note(Letter::kQualityFile, d);
  } else if (policy_.quality_file_charts > 0 && (d.letters & kGrownOld) == 0 &&
             hour_is_past(d.opened + policy_.quality_file_charts_after)) {
    d.letters |= kGrownOld;
    grown_old_.insert(d.owner_id);
  }
}

/// @return whether others should hear of it.
bool Lifecycle::step(Deficiency& d, Instant now) {
  const State before = d.state;
  d.retry.reset();
  d.state = std::max(d.state, standing(d, now, policy_));
  if (d.state == State::kWarned && d.suspend_on && *d.suspend_on <= now &&
      calls_for(d, Letter::kSuspension)) {
    d.state = State::kSuspended;
    d.suspended = now;
    note(Letter::kSuspension, d);
  }
  step_letters(d, now);
  if (d.state != before) d.modified = std::max(d.modified, now);
  return d.state != before;
}

core::Status Lifecycle::suspend(const Deficiency& deficiency, Instant now) {
  if (owners_suspended_.contains(deficiency.owner_id)) return {};
  altered_ = true;
  owners_suspended_[deficiency.owner_id] = deficiency.owner_reference;
  index_suspended();
  add_notice(Suspension{deficiency.owner_id, deficiency.owner, deficiency.owner_reference, now,
                        std::nullopt});
  return db_.run(
      "INSERT INTO him_suspended (owner_id, owner, owner_reference, since) VALUES (?1, ?2, ?3, ?4) "
      "ON CONFLICT (owner_id) DO NOTHING",
      {std::string_view(deficiency.owner_id), std::string_view(deficiency.owner),
       std::string_view(deficiency.owner_reference), micros(now)});
}

core::Status Lifecycle::step_due(const Cause& cause,
                                 const std::function<bool(const Deficiency&)>& waits,
                                 std::vector<Change>& changes) {
  const auto due = charts_.due_to_change(cause.now);
  if (!due) return core::fail(due.error());
  for (const Deficiency& one : *due) {
    Change change{Change::Kind::kChanged, one};
    Deficiency& deficiency = change.deficiency;
    if (waits(deficiency)) {
      deficiency.retry = cause.now + kHoldRetry;
      if (auto done = save(deficiency); !done) return done;
      continue;
    }
    const bool visible = step(deficiency, cause.now);
    if (deficiency.state == State::kSuspended && one.state != State::kSuspended) {
      if (auto done = suspend(deficiency, cause.now); !done) return done;
    }
    if (auto done = save(deficiency); !done) return done;
    if (visible) changes.push_back(std::move(change));
  }
  return note_many_charts(cause.now);
}

/// The quality file hears too of a physician with many charts that are long delinquent; once, until
/// all of those are done.
core::Status Lifecycle::note_many_charts(Instant now) {
  for (const std::string& owner : std::exchange(grown_old_, {})) {
    auto open = charts_.open_of_owner(owner);
    if (!open) return core::fail(open.error());
    bool told = false;
    std::set<std::string_view> charts;
    for (const Deficiency& one : *open) {
      told |= (one.letters & kFiledByCount) != 0;
      if ((one.letters & kGrownOld) != 0) {
        charts.insert(one.encounter.empty() ? one.patient : one.encounter);
      }
    }
    if (told || static_cast<std::int64_t>(charts.size()) < policy_.quality_file_charts) continue;
    for (Deficiency& one : *open) {
      if ((one.letters & kGrownOld) == 0) continue;
      one.letters |= kFiledByCount;
      if (!wrote(one, Letter::kQualityFile)) note(Letter::kQualityFile, one);
      one.modified = std::max(one.modified, now);
      if (auto done = save(one); !done) return done;
    }
  }
  return {};
}

core::Result<std::optional<Suspension>> Lifecycle::suspension_of(const std::string& owner_id) {
  std::optional<Suspension> found;
  const auto done = db_.query(
      "SELECT owner, owner_reference, since FROM him_suspended WHERE owner_id = ?1",
      {std::string_view(owner_id)}, [&](const Row& row) {
        found = Suspension{owner_id, std::string(row.text(0)), std::string(row.text(1)),
                           instant(row.integer(2)), {}};
        return false;
      });
  if (!done) return core::fail(done.error());
  return found;
}

core::Result<bool> Lifecycle::reinstate(const std::string& owner_id, const Deficiency& last,
                                        Instant now) {
  bool owes = false;
  const auto done = db_.query(
      "SELECT 1 FROM him_deficiency WHERE owner_id = ?1 AND closed IS NULL AND suspended IS NOT "
      "NULL",
      {std::string_view(owner_id)}, [&owes](const Row&) {
        owes = true;
        return false;
      });
  if (!done) return core::fail(done.error());
  if (owes) return false;
  Deficiency about = last;
  auto ends = suspension_of(owner_id);
  if (!ends) return core::fail(ends.error());
  if (*ends) {
    about.owner = (*ends)->owner;
    about.owner_reference = (*ends)->owner_reference;
    about.suspended = (*ends)->since;
    (*ends)->until = now;
    add_notice(std::move(**ends));
  }
  if (auto gone = db_.run("DELETE FROM him_suspended WHERE owner_id = ?1",
                          {std::string_view(owner_id)});
      !gone) {
    return core::fail(gone.error());
  }
  owners_suspended_.erase(owner_id);
  index_suspended();
  about.owner_id = owner_id;
  note(Letter::kReinstatement, about);
  return true;
}

core::Result<bool> Lifecycle::settle(const std::vector<Change>& changes, const Cause& cause) {
  if (auto done = revise_letters(changes, cause.now); !done) return core::fail(done.error());
  if (!changes.empty()) {
    // With several owners of one change (a reassignment) the former one counts too; the suspended
    // are few, so all of them are looked at.
    const auto all = owners_suspended_;
    for (const auto& [owner, reference] : all) {
      const auto back = reinstate(owner, changes.back().deficiency, cause.now);
      if (!back) return core::fail(back.error());
      altered_ = altered_ || *back;
    }
  }
  const bool altered = std::exchange(altered_, false);
  if (altered) {
    if (auto done = write_letters(cause.now); !done) return core::fail(done.error());
  }
  return altered;
}

core::Result<std::vector<std::string>> Lifecycle::alerted_patients() {
  std::vector<std::string> found;
  const auto done = db_.query(
      "SELECT DISTINCT patient FROM him_deficiency WHERE encounter = '' AND closed IS NULL AND "
      "subject LIKE 'Appointment/%'",
      {}, [&found](const Row& row) {
        found.emplace_back(row.text(0));
        return true;
      });
  if (!done) return core::fail(done.error());
  return found;
}

core::Status Lifecycle::write_letters(Instant now) {
  for (const auto& [key, items] : pending_) {
    if (auto done = write(key.second, items, now); !done) return done;
  }
  pending_.clear();
  return {};
}

/// Whether a letter of the suspension that began then was sent, under any id of its physician.
core::Result<bool> Lifecycle::was_announced(const std::string& owner_id, Instant since) {
  bool sent = false;
  const auto done = db_.query(
      "SELECT owner_id FROM him_letter WHERE level = ?1 AND written >= ?2 AND sent IS NOT NULL",
      {static_cast<std::int64_t>(Letter::kSuspension), micros(since)}, [&](const Row& row) {
        sent = providers_.of(std::string(row.text(0))) == owner_id;
        return !sent;
      });
  if (!done) return core::fail(done.error());
  return sent;
}

/// What a letter says besides the steps that called for it. One of suspension names all that the
/// suspension stands on: what it asks for is what ends it.
core::Status Lifecycle::gather(Letter level, LetterFacts& facts) {
  const std::string owner = facts.items.front().owner_id;
  if (level == Letter::kSuspension) {
    auto open = charts_.open_of_owner(owner);
    if (!open) return core::fail(open.error());
    std::erase_if(*open, [](const Deficiency& one) { return !one.suspended; });
    if (!open->empty()) facts.items = std::move(*open);
    const auto standing = suspension_of(owner);
    if (!standing) return core::fail(standing.error());
    if (*standing) facts.since = (*standing)->since;
  }
  if (level == Letter::kReinstatement) {
    facts.since = facts.items.front().suspended;
    const auto told = was_announced(owner, facts.since.value_or(facts.now));
    if (!told) return core::fail(told.error());
    facts.unannounced = !*told;
  }
  std::stable_sort(facts.items.begin(), facts.items.end(),
                   [](const Deficiency& a, const Deficiency& b) {
                     return a.late_from().value_or(a.opened) < b.late_from().value_or(b.opened);
                   });
  for (const Deficiency& one : facts.items) {
    if (facts.patients.contains(one.patient)) continue;
    auto name = charts_.patient_name(one.patient);
    if (!name) return core::fail(name.error());
    facts.patients[one.patient] = std::move(*name);
  }
  return {};
}

core::Result<std::int64_t> Lifecycle::next_number() {
  std::int64_t number = 1;
  const auto last = db_.query("SELECT COALESCE(MAX(number), 0) FROM him_letter", {},
                              [&number](const Row& row) {
                                number = row.integer(0) + 1;
                                return false;
                              });
  if (!last) return core::fail(last.error());
  return number;
}

core::Status Lifecycle::write(Letter level, const std::vector<Deficiency>& items, Instant now) {
  LetterFacts facts;
  facts.now = now;
  facts.items = items;
  if (auto done = gather(level, facts); !done) return done;
  facts.owner = facts.items.front().owner;
  return file(level, facts.items.front().owner_id, facts);
}

/// Renders a letter and keeps it under the next number.
core::Status Lifecycle::file(Letter level, std::string_view owner_id, const LetterFacts& gathered) {
  const LetterTemplate& words = policy_.letters[static_cast<std::size_t>(level)];
  if (words.body.empty()) return {};   // the site sends none of this kind
  const auto number = next_number();
  if (!number) return core::fail(number.error());
  LetterFacts facts = gathered;
  facts.number = *number;
  const Rendered page = render_letter(policy_, words, facts, zone_);
  const std::string to = fmt::format("{}", fmt::join(words.to, ", "));
  LetterRecord letter;
  letter.number = *number;
  letter.level = level;
  letter.owner_id = owner_id;
  letter.owner = facts.owner;
  letter.title = words.title;
  letter.written = facts.now;
  // The end of a suspension asks for nothing.
  if (level == Letter::kReinstatement) facts.items.clear();
  for (const Deficiency& one : facts.items) letter.deficiencies.push_back(one.id);
  const std::string ids = ids_json(facts.items);
  const auto day = suspension_named(level, facts.items);
  letter.text = page.text;
  if (auto done = keep_items(letter); !done) return done;
  auto done = db_.run(
      "INSERT INTO him_letter (number, level, owner_id, owner, title, recipients, written, "
      "suspend_on, deficiencies, body, html) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
      {*number, static_cast<std::int64_t>(level), owner_id, std::string_view(facts.owner),
       std::string_view(words.title), std::string_view(to), micros(facts.now),
       day ? Param{micros(*day)} : Param{nullptr}, std::string_view(ids),
       std::string_view(page.text), std::string_view(page.html)});
  add_notice(std::move(letter));
  return done;
}

}  // namespace him
