#include <identity/conflict.hpp>

#include <core/hash.hpp>
#include <core/micros.hpp>
#include <core/text.hpp>
#include <fhir/json.hpp>
#include <fmt/format.h>
#include <identity/mpi_index.hpp>
#include <identity/patient.hpp>

#include <algorithm>
#include <array>

namespace identity {
namespace {

using core::ErrorCode;
using core::Instant;
using core::instant;
using core::micros;
using store::Row;

constexpr std::string_view kColumns =
    "SELECT sequence, patient, message, type, changed, event, print, stored, incoming, state, "
    "held, decided, decided_by, reason, applied FROM mpi_conflict ";

std::int64_t number(core::Sequence at) { return static_cast<std::int64_t>(at.value()); }
core::Sequence sequence(std::int64_t number) {
  return core::Sequence{static_cast<std::uint64_t>(number)};
}

Conflict read(const Row& row) {
  Conflict out;
  out.sequence = sequence(row.integer(0));
  out.patient = row.text(1);
  out.message = row.text(2);
  out.type = row.text(3);
  out.changed = row.text(4);
  out.event = row.text(5);
  out.print = row.text(6);
  out.stored = row.text(7);
  out.incoming = row.text(8);
  out.state = static_cast<ConflictState>(row.integer(9));
  out.held = instant(row.integer(10));
  if (!row.is_null(11)) out.decided = instant(row.integer(11));
  out.decided_by = row.text(12);
  out.reason = row.text(13);
  out.applied = sequence(row.integer(14));
  return out;
}

core::Result<std::vector<Conflict>> select(store::Records& records, std::string_view where,
                                           std::initializer_list<store::Param> params) {
  std::vector<Conflict> found;
  const auto done = records.db().query(
      fmt::format("{}{} ORDER BY sequence LIMIT {}", kColumns, where, kConflictsMax), params,
      [&found](const Row& row) {
        found.push_back(read(row));
        return true;
      });
  if (!done) return core::fail(done.error());
  return found;
}

/// Person as one line, for a hash.
std::string line_of(const Person& person) {
  const Person::Name none;
  const Person::Name& name = person.names.empty() ? none : person.names.front();
  std::string out;
  for (const std::string* part :
       {&name.family, &name.given, &person.birth_date, &person.sex, &person.national_id}) {
    for (const char one : core::ascii_lower(*part)) {
      if (one != ' ' && one != '-') out += one;
    }
    out += '|';
  }
  return out;
}

std::string masked(const std::string& value) {
  constexpr std::size_t kShown = 4;
  std::string out = value;
  for (std::size_t i = 0; i + kShown < out.size(); ++i) {
    if (out[i] >= '0' && out[i] <= '9') out[i] = '*';
  }
  return out;
}

/// The values of a person that are compared, as they were written.
std::array<std::string, kFields> values_of(const Person& person) {
  std::array<std::string, kFields> out;
  const auto at = [&out](Field field) -> std::string& {
    return out[static_cast<std::size_t>(field)];
  };
  if (!person.names.empty()) {
    at(Field::kGiven) = person.names.front().given;
    at(Field::kFamily) = person.names.front().family;
    at(Field::kMiddle) = person.names.front().middle;
  }
  at(Field::kBirthDate) = person.birth_date;
  at(Field::kSex) = person.sex;
  if (!person.addresses.empty()) {
    const Person::Address& address = person.addresses.front();
    at(Field::kStreet) = address.street;
    at(Field::kStreetNumber) = address.number;
    at(Field::kUnit) = address.unit;
    at(Field::kCity) = address.city;
    at(Field::kPostcode) = address.postcode;
    at(Field::kState) = address.state;
  }
  if (!person.phones.empty()) at(Field::kPhone) = person.phones.front();
  at(Field::kNationalId) = masked(person.national_id);
  return out;
}

Person read_person(const std::string& json) {
  fhir::Document memory;
  const auto tree = fhir::parse_json(json, memory);
  return tree ? person_of(**tree) : Person{};
}

}  // namespace

std::string_view to_text(ConflictState state) {
  switch (state) {
    case ConflictState::kOpen: return "open";
    case ConflictState::kAccepted: return "accepted";
    case ConflictState::kRejected: return "rejected";
  }
  return "?";
}

std::string fingerprint(const fhir::Node& patient) {
  const core::Digest digest = core::sha256(line_of(person_of(patient)));
  return core::to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

core::Status hold(store::Records& records, const Conflict& conflict) {
  const auto text = [](const std::string& one) { return store::Param{std::string_view(one)}; };
  return records.db().run(
      "INSERT INTO mpi_conflict (sequence, patient, message, type, changed, event, print, stored, "
      "incoming, state, held) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, ?10) ON CONFLICT "
      "(sequence) DO NOTHING",
      {number(conflict.sequence), text(conflict.patient), text(conflict.message),
       text(conflict.type), text(conflict.changed), text(conflict.event), text(conflict.print),
       text(conflict.stored), text(conflict.incoming), micros(conflict.held)});
}

core::Result<std::optional<Conflict>> find_conflict(store::Records& records, core::Sequence at) {
  auto found = select(records, "WHERE sequence = ?1", {number(at)});
  if (!found) return core::fail(found.error());
  if (found->empty()) return std::optional<Conflict>();
  return std::optional<Conflict>(std::move(found->front()));
}

core::Result<std::vector<Conflict>> list_conflicts(store::Records& records, bool all) {
  return all ? select(records, "", {}) : select(records, "WHERE state = 0", {});
}

core::Result<std::vector<Conflict>> conflicts_of(store::Records& records,
                                                 std::string_view patient) {
  return select(records, "WHERE patient = ?1", {patient});
}

core::Result<std::uint64_t> count_open_conflicts(store::Records& records) {
  std::uint64_t count = 0;
  const auto done = records.db().query("SELECT COUNT(*) FROM mpi_conflict WHERE state = 0", {},
                                       [&count](const Row& row) {
                                         count = static_cast<std::uint64_t>(row.integer(0));
                                         return false;
                                       });
  if (!done) return core::fail(done.error());
  return count;
}

core::Status may_decide_conflict(store::Records& records, core::Sequence at, bool accept) {
  const auto found = find_conflict(records, at);
  if (!found) return core::fail(found.error());
  if (!*found) return core::fail(ErrorCode::kNotFound, "no message of that number was held");
  // Accepted and not yet applied: whoever accepts it again has it applied.
  const Conflict& one = **found;
  const bool unfinished =
      accept && one.state == ConflictState::kAccepted && one.applied.value() == 0;
  if (one.state == ConflictState::kOpen || unfinished) return {};
  return core::fail(ErrorCode::kConflict,
                    fmt::format("it was {} by {}", to_text(one.state), one.decided_by));
}

core::Result<std::vector<Conflict>> decide_conflict(store::Records& records, core::Sequence at,
                                                    bool accept, std::string_view by,
                                                    std::string_view reason, core::Instant when) {
  std::vector<Conflict> decided;
  const auto found = find_conflict(records, at);
  if (!found) return core::fail(found.error());
  if (!*found) return decided;
  auto all = conflicts_of(records, (*found)->patient);
  if (!all) return core::fail(all.error());
  const auto state = accept ? ConflictState::kAccepted : ConflictState::kRejected;
  for (Conflict& one : *all) {
    if (one.state != ConflictState::kOpen || one.print != (*found)->print) continue;
    const auto done = records.db().run(
        "UPDATE mpi_conflict SET state = ?2, decided = ?3, decided_by = ?4, reason = ?5 WHERE "
        "sequence = ?1",
        {number(one.sequence), static_cast<std::int64_t>(state), micros(when), by, reason});
    if (!done) return core::fail(done.error());
    decided.push_back(std::move(one));
  }
  return decided;
}

core::Status note_conflict_applied(store::Records& records, core::Sequence held,
                                   core::Sequence applied) {
  return records.db().run(
      "UPDATE mpi_conflict SET applied = ?2 WHERE sequence = ?1 AND applied = 0",
      {number(held), number(applied)});
}

SideBySide side_by_side(const std::shared_ptr<const Model>& model, const Conflict& conflict) {
  const Person stored = read_person(conflict.stored), incoming = read_person(conflict.incoming);
  const auto left = values_of(stored), right = values_of(incoming);
  SideBySide out;
  std::optional<Match> match;
  if (model) {
    MpiIndex alone(model);
    match = alone.compare_pair(stored, incoming);
    out.weight = match->weight;
  }
  for (std::size_t i = 0; i < kFields; ++i) {
    if (left[i].empty() && right[i].empty()) continue;
    ComparedField field{std::string(to_text(static_cast<Field>(i))), left[i], right[i], {}, 0};
    if (match) {
      field.level = to_text(match->detail.levels[i]);
      field.weight = static_cast<double>(match->detail.weights[i]);
    } else {
      field.level = left[i].empty() || right[i].empty() ? "missing"
                    : core::iequals(left[i], right[i])  ? "exact"
                                                        : "differ";
    }
    out.fields.push_back(std::move(field));
  }
  return out;
}

}  // namespace identity
