#include "chart_store.hpp"

#include <core/micros.hpp>

#include <fhir/json.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace him {
namespace {

using core::Instant;
using core::instant;
using core::micros;
using store::Param;
using store::Row;

std::int64_t number(Kind kind) { return static_cast<std::int64_t>(kind); }

std::string_view text_of(const Extract& fact, std::string_view name) {
  return fact.facts->text_of(name);
}

Param time_of(const Extract& visit, std::string_view name) {
  const fhir::Node* time = visit.facts->find(name);
  if (!time) return nullptr;
  std::int64_t value = 0;
  std::from_chars(time->text.data(), time->text.data() + time->text.size(), value);
  return value;
}

/// When a visit that is over ended; statistics count it then.
Param ended(const Extract& visit) {
  const std::string_view status = visit.facts->text_of("status");
  const bool over = status == "finished" || status == "unknown";
  return over ? time_of(visit, "end") : Param{nullptr};
}

std::string_view class_of(const Extract& visit) {
  const fhir::Node* codes = visit.facts->find("class");
  const fhir::Node* first = codes ? codes->item(0) : nullptr;
  return first ? first->text : std::string_view();
}

core::Error bad_facts() {
  return {core::ErrorCode::kStoreCorrupt, "chart facts are not readable", "him_fact"};
}

/// Reads a row's facts into `fact`, in the chart's memory.
bool read_facts(std::string_view json, Chart& chart, Fact& fact) {
  const auto object = fhir::parse_json(json, chart.memory);
  if (!object || !(*object)->is_object()) return false;
  bind(fact, *object);
  return true;
}

void clear(Chart& chart) {
  chart.encounter.clear();
  chart.patient.clear();
  chart.has_visit = false;
  chart.wake.reset();
  chart.judged_under = 0;
  chart.suspended = nullptr;
  chart.visit = Fact{};
  chart.patient_fact = Fact{};
  chart.patient_fact.kind = Kind::kPatient;
  for (auto& list : chart.facts) list.clear();
  chart.memory.reset();
}

}  // namespace

template <class... Params>
core::Result<std::vector<std::string>> ChartStore::ids(std::string_view sql, Params... params) {
  std::vector<std::string> found;
  const auto done = db_.query(sql, {params...}, [&found](const Row& row) {
    found.emplace_back(row.text(0));
    return true;
  });
  if (!done) return core::fail(done.error());
  return found;
}

core::Result<std::string> ChartStore::survivor(std::string_view patient) {
  constexpr int kHopsMax = 64;   // chains are flattened when they are made; this only ends a circle
  std::string current(patient);
  for (int hop = 0; hop < kHopsMax; ++hop) {
    const auto next = ids("SELECT survivor FROM him_retired WHERE patient = ?1",
                          Param{std::string_view(current)});
    if (!next) return core::fail(next.error());
    if (next->empty()) break;
    current = next->front();
  }
  return current;
}

core::Result<ChartStore::Put> ChartStore::put_visit(const Extract& visit, std::string_view id,
                                                    std::string_view json, const Cause& cause) {
  Put put;
  bool same_facts = false, wakes_up = false;
  auto done = db_.query("SELECT patient, facts, historical FROM him_visit WHERE encounter = ?1",
                        {id}, [&](const Row& row) {
                          put.before = Place{std::string(row.text(0)), std::string(id)};
                          put.facts = row.text(1);
                          same_facts = put.facts == json;
                          // A live message about it makes an old visit a present one.
                          wakes_up = row.integer(2) != 0 && !cause.historical;
                          return false;
                        });
  if (!done) return core::fail(done.error());
  if (put.before && same_facts && !wakes_up && put.before->patient == visit.patient) {
    put.patient = put.before->patient;
    return put;
  }
  auto patient = survivor(visit.patient);
  if (!patient) return core::fail(patient.error());
  put.patient = std::move(*patient);
  put.changed = !same_facts || wakes_up || !put.before || put.before->patient != put.patient;
  if (!put.changed) return put;
  if (put.before) {
    // An index is written anew when a column of it is assigned, be it to what stands there.
    done = db_.run(
        "UPDATE him_visit SET facts = ?6, class = ?8, historical = MIN(historical, ?9) WHERE "
        "encounter = ?1 AND patient = ?2 AND number = ?3 AND status = ?4 AND started IS ?5 AND "
        "ended IS ?7",
        {id, std::string_view(put.patient), text_of(visit, "number"), text_of(visit, "status"),
         time_of(visit, "start"), json, ended(visit), class_of(visit),
         std::int64_t{cause.historical}});
    if (!done) return core::fail(done.error());
    if (db_.changes() != 0) return put;
  }
  done = db_.run(
      "INSERT INTO him_visit (encounter, patient, number, status, started, seen, facts, ended, "
      "class, historical) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) "
      "ON CONFLICT (encounter) DO UPDATE SET "
      "patient = excluded.patient, number = excluded.number, status = excluded.status, "
      "started = excluded.started, facts = excluded.facts, ended = excluded.ended, "
      "class = excluded.class, historical = MIN(historical, excluded.historical)",
      {id, std::string_view(put.patient), text_of(visit, "number"), text_of(visit, "status"),
       time_of(visit, "start"), micros(cause.now), json, ended(visit), class_of(visit),
       std::int64_t{cause.historical}});
  if (!done) return core::fail(done.error());
  return put;
}

core::Result<ChartStore::Put> ChartStore::put_fact(const Extract& fact, std::string_view id,
                                                   std::string_view json, const Cause& cause) {
  Put put;
  std::int64_t seen = micros(cause.now);
  bool historical = cause.historical;
  bool same_facts = false;
  const auto known = [&](const Row& row, int first) {
    seen = row.integer(first);
    put.facts = row.text(first + 1);
    same_facts = put.facts == json;
    historical = historical && row.integer(first + 2) != 0;
    return false;
  };
  // Where it stands, as a rule. An equality of the id would make the index of ids the first choice,
  // which is one more tree to go through.
  auto done = db_.query(
      "SELECT seen, facts, historical FROM him_fact WHERE patient = ?1 AND encounter = ?2 AND "
      "kind = ?3 AND id BETWEEN ?4 AND ?4",
      {fact.patient, fact.encounter, number(fact.kind), id}, [&](const Row& row) {
        put.before = Place{std::string(fact.patient), std::string(fact.encounter)};
        return known(row, 0);
      });
  if (done && !put.before) {
    done = db_.query(
        "SELECT patient, encounter, seen, facts, historical FROM him_fact WHERE kind = ?1 AND "
        "id = ?2",
        {number(fact.kind), id}, [&](const Row& row) {
          put.before = Place{std::string(row.text(0)), std::string(row.text(1))};
          return known(row, 2);
        });
  }
  if (!done) return core::fail(done.error());
  if (!put.before && fact.settled) return put;   // nothing was open about it, nothing will be
  put.patient = std::string(fact.patient);
  if (!put.before || put.before->patient != fact.patient) {
    // The patient's own facts stay with the retired record; everything else follows the survivor.
    if (fact.kind != Kind::kPatient) {
      auto patient = survivor(fact.patient);
      if (!patient) return core::fail(patient.error());
      put.patient = std::move(*patient);
    }
  }
  const bool stays = put.before && put.before->patient == put.patient &&
                     put.before->encounter == fact.encounter;
  put.changed = !stays || !same_facts;
  if (!put.changed) return put;
  if (stays) {
    done = db_.run(
        "UPDATE him_fact SET facts = ?5, historical = ?6 WHERE patient = ?1 AND encounter = ?2 AND "
        "kind = ?3 AND id BETWEEN ?4 AND ?4",
        {std::string_view(put.patient), fact.encounter, number(fact.kind), id, json,
         std::int64_t{historical}});
    if (!done) return core::fail(done.error());
    return put;
  }
  if (put.before) {
    done = db_.run("DELETE FROM him_fact WHERE kind = ?1 AND id = ?2", {number(fact.kind), id});
    if (!done) return core::fail(done.error());
  }
  done = db_.run(
      "INSERT INTO him_fact (patient, encounter, kind, id, seen, replaced, facts, historical) "
      "VALUES "
      "(?1, ?2, ?3, ?4, ?5, CASE WHEN ?3 = 2 AND EXISTS (SELECT 1 FROM him_replaces WHERE older = "
      "?4) THEN 1 ELSE 0 END, ?6, ?7)",
      {std::string_view(put.patient), fact.encounter, number(fact.kind), id, seen, json,
       std::int64_t{historical}});
  if (!done) return core::fail(done.error());
  return put;
}

core::Result<std::optional<ChartStore::Place>> ChartStore::place_of(Kind kind,
                                                                    std::string_view id) {
  std::optional<Place> place;
  const auto take = [&](const Row& row) {
    place = Place{std::string(row.text(0)), std::string(row.text(1))};
    return false;
  };
  const auto done =
      kind == Kind::kVisit
          ? db_.query("SELECT patient, encounter FROM him_visit WHERE encounter = ?1", {id}, take)
          : db_.query("SELECT patient, encounter FROM him_fact WHERE kind = ?1 AND id = ?2",
                      {number(kind), id}, take);
  if (!done) return core::fail(done.error());
  return place;
}

core::Result<std::optional<ChartStore::Place>> ChartStore::remove(Kind kind, std::string_view id) {
  auto place = place_of(kind, id);
  if (!place || !*place) return place;
  const auto done =
      kind == Kind::kVisit
          ? db_.run("DELETE FROM him_visit WHERE encounter = ?1", {id})
          : db_.run("DELETE FROM him_fact WHERE kind = ?1 AND id = ?2", {number(kind), id});
  if (!done) return core::fail(done.error());
  return place;
}

core::Result<std::vector<std::string>> ChartStore::set_replaces(std::string_view newer,
                                                                std::string_view older) {
  auto touched = ids("SELECT older FROM him_replaces WHERE newer = ?1", Param{newer});
  if (!touched) return touched;
  if (!touched->empty() && touched->front() == older) return std::vector<std::string>();
  if (touched->empty() && older.empty()) return std::vector<std::string>();
  auto done = older.empty()
                  ? db_.run("DELETE FROM him_replaces WHERE newer = ?1", {newer})
                  : db_.run("INSERT INTO him_replaces (newer, older) VALUES (?1, ?2) "
                            "ON CONFLICT (newer) DO UPDATE SET older = excluded.older",
                            {newer, older});
  if (!done) return core::fail(done.error());
  if (!older.empty()) touched->emplace_back(older);
  for (const std::string& id : *touched) {
    done = db_.run(
        "UPDATE him_fact SET replaced = CASE WHEN EXISTS (SELECT 1 FROM him_replaces WHERE older = "
        "?1) THEN 1 ELSE 0 END WHERE kind = 2 AND id = ?1",
        {std::string_view(id)});
    if (!done) return core::fail(done.error());
  }
  return touched;
}

core::Result<std::vector<std::string>> ChartStore::live_visits(std::string_view patient) {
  return ids(
      "SELECT encounter FROM him_visit AS v WHERE patient = ?1 AND ("
      "status NOT IN ('finished', 'cancelled', 'entered-in-error') OR "
      "started = (SELECT MAX(started) FROM him_visit WHERE patient = ?1) OR "
      "EXISTS (SELECT 1 FROM him_deficiency AS d WHERE d.encounter = v.encounter AND "
      "d.closed IS NULL))",
      Param{patient});
}

core::Result<std::vector<std::string>> ChartStore::visits_of(std::string_view patient) {
  return ids("SELECT encounter FROM him_visit WHERE patient = ?1", Param{patient});
}

core::Status ChartStore::merge_patient(std::string_view from, std::string_view into) {
  const auto target = survivor(into);
  if (!target) return core::fail(target.error());
  const std::string_view to = *target;
  if (to == from) return {};   // merged back and forth: nothing moves
  core::Status done = db_.run(
      "INSERT INTO him_retired (patient, survivor) VALUES (?1, ?2) "
      "ON CONFLICT (patient) DO UPDATE SET survivor = excluded.survivor",
      {from, to});
  if (done) done = db_.run("UPDATE him_retired SET survivor = ?2 WHERE survivor = ?1", {from, to});
  if (done) done = db_.run("DELETE FROM him_retired WHERE patient = survivor");
  if (done) done = db_.run("UPDATE him_visit SET patient = ?2 WHERE patient = ?1", {from, to});
  if (done) {
    done = db_.run("UPDATE him_fact SET patient = ?2 WHERE patient = ?1 AND kind <> 1", {from, to});
  }
  // What is open follows when its visit is judged, as a change that is told to others.
  if (done) {
    done = db_.run(
        "UPDATE him_deficiency SET patient = ?2 WHERE patient = ?1 AND "
        "(closed IS NOT NULL OR encounter = '')",
        {from, to});
  }
  return done;
}

core::Status ChartStore::unmerge_patient(const std::vector<std::string>& numbers,
                                         std::string_view retired, std::string_view survivor,
                                         const std::vector<std::string>& back) {
  for (const std::string& number : numbers) {
    const bool itself = number == retired;
    auto done = itself ? db_.run("DELETE FROM him_retired WHERE patient = ?1", {retired})
                       : db_.run("UPDATE him_retired SET survivor = ?2 WHERE patient = ?1",
                                 {std::string_view(number), retired});
    if (!done) return done;
  }
  // What is open follows when its visit is judged, as a change that is told to others.
  for (const std::string& name : back) {
    const std::size_t slash = name.find('/');
    const std::string_view id = std::string_view(name).substr(slash + 1);
    auto done = db_.run(
        "UPDATE him_deficiency SET patient = ?1 WHERE patient = ?2 AND"
        " ((encounter = ?3 AND closed IS NOT NULL) OR (encounter = '' AND subject = ?4))",
        {retired, survivor, id, std::string_view(name)});
    if (!done) return done;
  }
  return {};
}

core::Status ChartStore::load_facts(std::string_view patient, std::string_view encounter,
                                    bool with_patient, Chart& chart) {
  bool sound = true;
  const auto take = [&](const Row& row) {
    const std::int64_t number = row.integer(0);
    if (number < 0 || number >= static_cast<std::int64_t>(kKindCount))
      return true;  // of a later release
    const auto kind = static_cast<Kind>(number);
    const bool filed_elsewhere = row.integer(6) != 0 && kind != Kind::kPatient &&
                                 kind != Kind::kContact && kind != Kind::kCoverage;
    if (filed_elsewhere) return true;
    if (kind == Kind::kPatient) chart.patient_fact = Fact{};
    Fact& fact = kind == Kind::kPatient
                     ? chart.patient_fact
                     : chart.facts[static_cast<std::size_t>(number)].emplace_back();
    fact.kind = kind;
    fact.id = row.text(1);
    fact.seen = instant(row.integer(2));
    fact.replaced = row.integer(3) != 0;
    fact.historical = row.integer(5) != 0;
    sound = read_facts(row.text(4), chart, fact);
    return sound;
  };
  const auto done =
      with_patient
          ? db_.query("SELECT kind, id, seen, replaced, facts, historical, 0 FROM him_fact WHERE "
                      "patient = ?1 AND encounter = ?2 UNION ALL "
                      "SELECT kind, id, seen, replaced, facts, historical, 1 FROM him_fact WHERE "
                      "patient = ?1 AND encounter = ''",
                      {patient, encounter}, take)
          : db_.query("SELECT kind, id, seen, replaced, facts, historical, 0 FROM him_fact WHERE "
                      "patient = ?1 AND encounter = ?2 ORDER BY kind, id",
                      {patient, encounter}, take);
  if (!done) return done;
  if (!sound) return core::fail(bad_facts());
  if (!with_patient) return {};
  // They come in the order of the table's key; nothing but ORDER BY promises that.
  const auto by_id = [](const Fact& one, const Fact& other) { return one.id < other.id; };
  for (auto& list : chart.facts) {
    if (!std::is_sorted(list.begin(), list.end(), by_id)) {
      std::sort(list.begin(), list.end(), by_id);
    }
  }
  return {};
}

core::Status ChartStore::load_visit(std::string_view encounter, Chart& chart) {
  clear(chart);
  chart.encounter = encounter;
  bool sound = true;
  const auto done = db_.query(
      "SELECT patient, seen, facts, historical, wake, judged_under FROM him_visit "
      "WHERE encounter = ?1",
      {encounter},
      [&](const Row& row) {
        chart.has_visit = true;
        chart.patient = row.text(0);
        chart.visit.id = chart.encounter;
        chart.visit.seen = instant(row.integer(1));
        chart.visit.historical = row.integer(3) != 0;
        if (!row.is_null(4)) chart.wake = instant(row.integer(4));
        chart.judged_under = row.integer(5);
        sound = read_facts(row.text(2), chart, chart.visit);
        return false;
      });
  if (!done) return done;
  if (!sound) return core::fail(bad_facts());
  if (!chart.has_visit) return {};
  return load_facts(chart.patient, encounter, true, chart);
}

core::Status ChartStore::load_stray(std::string_view patient, std::string_view encounter,
                                    Chart& chart) {
  clear(chart);
  chart.encounter = encounter;
  chart.patient = patient;
  return load_facts(patient, encounter, true, chart);
}

core::Result<std::vector<ChartStore::Visit>> ChartStore::planned_visits() {
  std::vector<Visit> found;
  const auto done = db_.query(
      "SELECT encounter, patient FROM him_visit WHERE status = 'planned'", {},
      [&found](const Row& row) {
        found.push_back({std::string(row.text(0)), std::string(row.text(1))});
        return true;
      });
  if (!done) return core::fail(done.error());
  return found;
}

core::Result<std::optional<ChartStore::Visit>> ChartStore::visit_numbered(std::string_view number) {
  std::optional<Visit> found;
  const auto take = [&found](const Row& row) {
    found = Visit{std::string(row.text(0)), std::string(row.text(1))};
    return false;
  };
  auto done =
      db_.query("SELECT encounter, patient FROM him_visit WHERE encounter = ?1", {number}, take);
  if (done && !found) {
    done = db_.query("SELECT encounter, patient FROM him_visit WHERE number = ?1 LIMIT 1", {number},
                     take);
  }
  if (!done) return core::fail(done.error());
  return found;
}

core::Result<ChartStore::Where> ChartStore::where(std::string_view encounter) {
  Where found;
  const auto done = db_.query(
      "SELECT facts FROM him_visit WHERE encounter = ?1", {encounter}, [&found](const Row& row) {
        fhir::Document memory;
        const auto facts = fhir::parse_json(row.text(0), memory);
        if (!facts) return false;
        const fhir::Node* codes = (*facts)->find("service");
        for (const fhir::Item* item = codes ? codes->first_item : nullptr; item;
             item = item->next) {
          if (!found.service.empty()) found.service += ' ';
          found.service += item->value->text;
        }
        found.unit = (*facts)->text_of("location");
        return false;
      });
  if (!done) return core::fail(done.error());
  return found;
}

core::Result<std::string> ChartStore::patient_name(std::string_view patient) {
  std::string name;
  const auto done = db_.query(
      "SELECT facts FROM him_fact WHERE kind = ?1 AND id = ?2",
      {static_cast<std::int64_t>(Kind::kPatient), patient}, [&name](const Row& row) {
        fhir::Document memory;
        const auto facts = fhir::parse_json(row.text(0), memory);
        if (!facts) return false;
        const std::string_view given = (*facts)->text_of("given");
        name = (*facts)->text_of("family");
        if (!given.empty()) name.append(name.empty() ? "" : ", ").append(given);
        return false;
      });
  if (!done) return core::fail(done.error());
  return name;
}

core::Result<std::vector<ChartStore::Visit>> ChartStore::visits_since(Instant from) {
  std::vector<Visit> found;
  const auto done = db_.query(
      "SELECT encounter, patient FROM him_visit WHERE started >= ?1 OR ended >= ?1 "
      "ORDER BY encounter",
      {micros(from)}, [&found](const Row& row) {
        found.push_back({std::string(row.text(0)), std::string(row.text(1))});
        return true;
      });
  if (!done) return core::fail(done.error());
  return found;
}

core::Status ChartStore::load_unfiled(std::string_view patient, Chart& chart) {
  clear(chart);
  chart.patient = patient;
  if (const auto facts = load_facts(patient, {}, false, chart); !facts) return facts;
  const auto of_others = ids(
      "SELECT DISTINCT fact.encounter FROM him_fact AS fact JOIN him_visit AS visit ON "
      "visit.encounter = fact.encounter WHERE fact.patient = ?1 AND fact.encounter <> '' AND "
      "visit.patient <> ?1 ORDER BY fact.encounter",
      Param{patient});
  if (!of_others) return core::fail(of_others.error());
  for (const std::string& encounter : *of_others) {
    if (const auto facts = load_facts(patient, encounter, false, chart); !facts) return facts;
  }
  return {};
}

core::Status ChartStore::set_judged(const Chart& chart) {
  const Param wake = chart.wake ? Param{micros(*chart.wake)} : Param{nullptr};
  return db_.run("UPDATE him_visit SET wake = ?2, judged_under = ?3 WHERE encounter = ?1",
                 {std::string_view(chart.encounter), wake, chart.judged_under});
}

core::Result<std::vector<std::string>> ChartStore::waking(Instant now) {
  return ids("SELECT encounter FROM him_visit WHERE wake <= ?1 ORDER BY wake, encounter",
             Param{micros(now)});
}

core::Result<std::optional<Instant>> ChartStore::next_time() {
  std::optional<Instant> next;
  const auto take = [&next](const Row& row) {
    if (!row.is_null(0) && (!next || instant(row.integer(0)) < *next)) {
      next = instant(row.integer(0));
    }
    return false;
  };
  auto done =
      db_.query("SELECT MIN(next_at) FROM him_deficiency WHERE next_at IS NOT NULL", {}, take);
  if (done) done = db_.query("SELECT MIN(wake) FROM him_visit WHERE wake IS NOT NULL", {}, take);
  if (!done) return core::fail(done.error());
  return next;
}

}  // namespace him
