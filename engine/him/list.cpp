#include <core/text.hpp>
#include <fhir/json.hpp>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <tuple>

#include "chart_store.hpp"
#include "judge.hpp"
#include "lifecycle.hpp"
#include "outlook.hpp"

namespace him {
namespace {

using core::Instant;

/// What the deficiency was, or will be, at `now`, unless a message comes in between.
void move_to(Deficiency& one, const Policy& policy, Instant now) {
  // Closed after `now`, and known before it: at `now` it was open.
  if (one.closed && *one.closed > now && one.opened <= now) {
    one.closed.reset();
    one.closed_by.clear();
    one.closed_sequence = {};
    one.state = standing(one, now, policy);
  }
  if (is_open(one.state)) one.state = standing(one, now, policy);
}

/// "4W 12 A", "4W-12-A": the unit is what stands before the room.
bool is_unit(std::string_view place, std::string_view unit) {
  if (!core::iequals(place.substr(0, unit.size()), unit)) return false;
  return place.size() == unit.size() ||
         std::string_view(" -/,^|").find(place[unit.size()]) != std::string_view::npos;
}

bool has_word(std::string_view words, std::string_view wanted) {
  for (const std::string_view word : core::split(words, ' ')) {
    if (core::iequals(word, wanted)) return true;
  }
  return false;
}

/// What a person reads: the words of a coding, else its code, once.
std::string service_words(store::Records& records, const std::string& encounter,
                          const std::string& codes) {
  const std::string code = codes.substr(0, codes.find(' '));
  const auto found = records.look("Encounter", encounter);
  if (!found || *found == nullptr) return code;
  fhir::Document memory;
  const auto tree = fhir::parse_json((*found)->body, memory);
  const fhir::Node* service = tree ? (*tree)->find("serviceType") : nullptr;
  if (!service) return code;
  if (const std::string_view text = service->text_of("text"); !text.empty()) {
    return std::string(text);
  }
  const fhir::Node* codings = service->find("coding");
  for (const fhir::Item* item = codings ? codings->first_item : nullptr; item; item = item->next) {
    const std::string_view display = item->value->text_of("display");
    if (!display.empty()) return std::string(display);
  }
  return code;
}

/// Patient, service and unit of the visits, each looked up once.
core::Status add_places(store::Records& records, ChartStore& charts,
                        std::vector<Deficiency>& found) {
  struct Place {
    std::string words;
    ChartStore::Where where;
  };
  std::map<std::string, Place> visits;
  std::map<std::string, std::string> names;
  for (Deficiency& one : found) {
    auto [name, unnamed] = names.try_emplace(one.patient);
    if (unnamed) {
      auto known = charts.patient_name(one.patient);
      if (!known) return core::fail(known.error());
      name->second = std::move(*known);
    }
    one.patient_name = name->second;
    if (one.encounter.empty()) continue;
    auto [place, fresh] = visits.try_emplace(one.encounter);
    if (fresh) {
      auto where = charts.where(one.encounter);
      if (!where) return core::fail(where.error());
      place->second = {service_words(records, one.encounter, where->service), std::move(*where)};
    }
    one.service = place->second.words;
    one.service_codes = place->second.where.service;
    one.unit = place->second.where.unit;
  }
  return {};
}

bool fits_place(const Deficiency& one, const ListFilter& filter, Instant now) {
  const auto age = std::min(now, one.closed.value_or(now)) - one.opened;
  if (filter.older_than && age < *filter.older_than) return false;
  if (!filter.service.empty() && !has_word(one.service_codes, filter.service) &&
      !core::iequals(one.service, filter.service)) {
    return false;
  }
  return filter.unit.empty() || is_unit(one.unit, filter.unit);
}

/// "Stone" of "Stone, Marcus"; empty without a comma.
std::string_view family_name(std::string_view name) {
  const std::size_t comma = name.find(',');
  return comma == name.npos ? std::string_view() : name.substr(0, comma);
}

/// Whose deficiencies a record number asks for: of each authority that gave it, who has it now,
/// also where it was retired.
core::Result<std::set<std::string>> patients_numbered(store::Records& records,
                                                      const std::string& number) {
  store::SearchQuery query;
  query.type = "Patient";
  query.clauses = {{"identifier", "", {number}}};
  const auto found = records.search(query);
  if (!found) return core::fail(found.error());
  std::set<std::string> ids;
  for (const store::Resource& one : *found) {
    std::string current = one.id;
    for (bool retired = true; retired && ids.insert(current).second;) {
      retired = false;
      const auto done = records.db().query(
          "SELECT survivor FROM patient_redirect WHERE retired = ?1", {std::string_view(current)},
          [&](const store::Row& row) {
            current = row.text(0);
            retired = true;
            return false;
          });
      if (!done) return core::fail(done.error());
    }
  }
  return ids;
}

/// select(), where a number stands for whoever has it.
core::Result<std::vector<Deficiency>> select(store::Records& records, ChartStore& charts,
                                             const ListFilter& filter,
                                             std::set<std::string>& patients, Instant now) {
  if (!filter.mrn.empty()) {
    auto named = patients_numbered(records, filter.mrn);
    if (!named) return core::fail(named.error());
    patients = std::move(*named);
  }
  if (patients.empty() || !filter.visit.empty() || !filter.id.empty()) {
    return charts.select(filter, now);
  }
  std::vector<Deficiency> all;
  for (const std::string& patient : patients) {
    ListFilter of_patient;
    of_patient.patient = patient;
    auto some = charts.select(of_patient, now);
    if (!some) return some;
    std::move(some->begin(), some->end(), std::back_inserter(all));
  }
  return all;
}

bool fits(const Deficiency& one, const ListFilter& filter,
          const std::set<std::string>& patients) {
  const auto same = [](const std::string& wanted, const std::string& value) {
    return wanted.empty() || wanted == value;
  };
  const bool owner = filter.owner.empty() || core::iequals(filter.owner, one.owner) ||
                     core::iequals(filter.owner, one.owner_name) ||
                     core::iequals(filter.owner, family_name(one.owner_name)) ||
                     filter.owner == one.owner_reference || filter.owner == one.owner_id ||
                     one.owner.ends_with("(" + filter.owner + ")");
  const bool visit = same(filter.visit, one.visit) || filter.visit == one.encounter;
  const bool mrn = same(filter.mrn, one.mrn) || patients.contains(one.patient);
  return owner && visit && mrn && same(filter.id, one.id) && same(filter.rule, one.rule) &&
         same(filter.patient, one.patient) &&
         (!filter.open_only || is_open(one.state));
}

/// Adds what the clock alone opens up to `now` and no sweep has written yet.
core::Status add_awakened(ChartStore& charts, const Circumstances& circumstances,
                          std::vector<Deficiency>& into) {
  const Instant now = circumstances.now;
  const auto visits = charts.waking(now);
  if (!visits) return core::fail(visits.error());
  Chart chart;
  for (const std::string& encounter : *visits) {
    if (auto done = charts.load_visit(encounter, chart); !done) return done;
    auto stored = charts.of_visit(encounter);
    if (!stored) return core::fail(stored.error());
    const Cause cause{{}, "clock", now};
    auto result = judge_chart(circumstances, chart, std::move(*stored), cause);
    for (Change& change : result.changes) {
      std::erase_if(into, [&](const Deficiency& one) { return one.id == change.deficiency.id; });
      into.push_back(std::move(change.deficiency));
    }
  }
  return {};
}

}  // namespace

std::optional<std::chrono::microseconds> age_from(std::string_view text) {
  const auto micros = parse_duration(text);
  if (!micros) return std::nullopt;
  return std::chrono::microseconds{*micros};
}

core::Result<std::uint64_t> count_open(store::Records& records, std::string_view rule) {
  std::uint64_t count = 0;
  const auto done = records.db().query(
      "SELECT COUNT(DISTINCT patient) FROM him_deficiency WHERE rule = ?1 AND closed IS NULL",
      {rule}, [&count](const store::Row& row) {
        count = static_cast<std::uint64_t>(row.integer(0));
        return false;
      });
  if (!done) return core::fail(done.error());
  return count;
}

core::Result<std::uint64_t> count_open(store::Records& records) {
  std::uint64_t count = 0;
  const auto done =
      records.db().query("SELECT COUNT(*) FROM him_deficiency WHERE closed IS NULL", {},
                         [&count](const store::Row& row) {
                           count = static_cast<std::uint64_t>(row.integer(0));
                           return false;
                         });
  if (!done) return core::fail(done.error());
  return count;
}

core::Result<std::vector<Deficiency>> list(store::Records& records, const RulePack& rules,
                                           const ListFilter& filter, Instant now,
                                           const Site& site) {
  ChartStore charts(records.db());
  std::set<std::string> patients;
  auto found = select(records, charts, filter, patients, now);
  if (!found) return found;
  const auto outlook = Outlook::of(records, site);
  if (!outlook) return core::fail(outlook.error());
  if (auto done = add_awakened(charts, (*outlook)->at(now, rules), *found); !done) {
    return core::fail(done.error());
  }
  for (Deficiency& one : *found) move_to(one, rules.policy(), now);
  ListFilter wanted = filter;
  auto owner = (*outlook)->providers().find(filter.owner);   // whatever id of a doctor is named
  if (!owner) return core::fail(owner.error());
  wanted.owner = std::move(*owner);
  std::erase_if(*found, [&](const Deficiency& one) { return !fits(one, wanted, patients); });
  if (filter.places || !filter.service.empty() || !filter.unit.empty()) {
    if (auto done = add_places(records, charts, *found); !done) return core::fail(done.error());
  }
  std::erase_if(*found, [&](const Deficiency& one) { return !fits_place(one, filter, now); });
  const auto order = [](const Deficiency& one) {
    // What has no due time comes last.
    return std::tuple(!one.due.has_value(), one.due.value_or(Instant{}), std::string_view(one.rule),
                      std::string_view(one.visit), std::string_view(one.id));
  };
  std::sort(found->begin(), found->end(), [&order](const Deficiency& a, const Deficiency& b) {
    return order(a) < order(b);
  });
  return found;
}

}  // namespace him
