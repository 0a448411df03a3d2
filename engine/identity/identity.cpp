#include <identity/identity.hpp>

#include <fhir/json.hpp>
#include <identity/patient.hpp>

#include <algorithm>

namespace identity {
namespace {

using core::ErrorCode;

core::Result<std::string> redirect_of(store::Db& db, std::string_view id) {
  std::string next;
  auto status = db.query("SELECT survivor FROM patient_redirect WHERE retired = ?1", {id},
                         [&](const store::Row& row) {
                           next = std::string(row.text(0));
                           return false;
                         });
  if (!status) return core::fail(status.error());
  return next;
}

}  // namespace

core::Result<std::string> Identity::survivor(std::string_view id) {
  std::string current(id);
  for (int step = 0; step < kRedirectsMax; ++step) {
    auto next = redirect_of(records_.db(), current);
    if (!next) return next;
    if (next->empty()) return current;
    current = std::move(*next);
  }
  return core::fail(ErrorCode::kConflict, "merge chain is a cycle or too long");
}

core::Result<Identity::Named> Identity::find(const std::vector<std::string>& keys,
                                             const fhir::Node& said) {
  Named named;
  for (const std::string& key : keys) {
    auto found = records_.find_key("Patient", key);
    if (!found) return core::fail(found.error());
    if (!*found) {
      named.unknown.push_back(key);
      continue;
    }
    auto owner = survivor(**found);
    if (!owner) return core::fail(owner.error());
    if (!named.id.empty()) {
      named.conflict |= named.id != *owner;
      continue;
    }
    // Named first by a number that is nobody's yet: is the owner of the next one the same person?
    const core::Result<bool> another =
        key == keys.front() ? core::Result<bool>(false) : is_another(*owner, keys, said);
    if (!another) return core::fail(another.error());
    if (*another) {
      named.conflict = true;
      const bool told = std::find(named.rivals.begin(), named.rivals.end(), *owner) !=
                        named.rivals.end();
      if (!told) named.rivals.push_back(std::move(*owner));
      continue;
    }
    named.number = std::move(**found);
    named.id = std::move(*owner);
  }
  return named;
}

core::Result<Identity::Named> Identity::resolve(const std::vector<std::string>& keys,
                                                const fhir::Node& said,
                                                std::string_view proposed) {
  auto named = find(keys, said);
  if (!named) return named;
  if (named->id.empty()) {
    // A proposed id may itself have been retired, when its key was renumbered away.
    auto owner = survivor(proposed);
    if (!owner) return core::fail(owner.error());
    named->id = std::move(*owner);
    named->number = named->id;
  }
  for (const std::string& key : named->unknown) {
    auto added = records_.add_key("Patient", key, named->id, false);
    if (!added) return core::fail(added.error());
  }
  return named;
}

/// Whether `owner`, known by one of the keys, has a record number in use that the message does not
/// know of, given by an authority whose number for this patient is another one.
core::Result<bool> Identity::is_another(const std::string& owner,
                                        const std::vector<std::string>& keys,
                                        const fhir::Node& said) {
  auto stored = records_.look("Patient", owner);
  if (!stored) return core::fail(stored.error());
  if (*stored == nullptr || (*stored)->deleted) return false;
  fhir::Document document;
  auto tree = fhir::parse_json((*stored)->body, document);
  if (!tree) return core::fail(ErrorCode::kStoreCorrupt, "stored Patient is not JSON");
  const RecordNumbers theirs = record_numbers(**tree);
  const RecordNumbers ours = record_numbers(said);
  const auto has = [](const std::vector<std::string>& all, std::string_view one) {
    return std::find(all.begin(), all.end(), one) != all.end();
  };
  bool other = false;
  for (const std::string& key : keys) {
    const std::size_t bar = key.find('|');
    if (bar == std::string::npos) continue;
    const std::string_view value = std::string_view(key).substr(bar + 1);
    if (ours.typed ? !has(ours.values, value) : key != keys.front()) continue;
    for (const std::string& number : theirs.values) {
      const std::string same_authority = key.substr(0, bar + 1) + number;
      if (has(keys, same_authority)) {
        if (theirs.typed) return false;
        continue;   // without a type it may be of any kind: no proof either way
      }
      auto known = records_.find_key("Patient", same_authority);
      if (!known) return core::fail(known.error());
      if (!*known) continue;
      auto holder = survivor(**known);
      if (!holder) return core::fail(holder.error());
      other |= *holder == owner;
    }
  }
  return other;
}

core::Result<Identity::Merge> Identity::merge(std::string_view from, std::string_view into,
                                              core::Sequence sequence) {
  Merge result;
  if (from == into) return core::fail(ErrorCode::kSelfMerge, "a patient cannot merge into itself");
  auto target = survivor(into);
  if (!target) return core::fail(target.error());
  auto source = survivor(from);
  if (!source) return core::fail(source.error());
  result.retired = std::string(from);
  result.survivor = *target;
  if (*source == *target) {
    // Either a replay of this merge, or the pair was merged the other way round before.
    if (*target == from) {
      return core::fail(ErrorCode::kConflict, "the pair was merged in the other direction before");
    }
    return result;
  }
  result.retired = *source;
  const auto number = static_cast<std::int64_t>(sequence.value());
  auto status = records_.db().run(
      "INSERT INTO patient_redirect (retired, survivor, sequence) VALUES (?1, ?2, ?3)",
      {std::string_view(*source), std::string_view(*target), number});
  if (!status) return core::fail(status.error());
  status = alias_composite_keys(*source, *target);
  if (!status) return core::fail(status.error());
  auto moved = records_.referencing("Patient/" + *source, kMovedMax + 1);
  if (!moved) return core::fail(moved.error());
  if (moved->size() > kMovedMax) {
    return core::fail(ErrorCode::kConflict, "the merge would move more resources than allowed");
  }
  result.changed = true;
  result.moved = std::move(*moved);
  return result;
}

core::Result<std::string> Identity::group_of(std::string_view patient_id) {
  auto in_force = survivor(patient_id);
  if (!in_force) return in_force;
  std::string leader = *in_force;
  auto status = records_.db().query("SELECT leader FROM patient_group WHERE patient = ?1",
                                    {std::string_view(*in_force)}, [&](const store::Row& row) {
                                      leader = std::string(row.text(0));
                                      return false;
                                    });
  if (!status) return core::fail(status.error());
  return leader;
}

core::Status Identity::repoint_keys(std::string_view type, const std::string& from,
                                    const std::string& into) {
  if (auto status = records_.repoint_keys(type, from, into); !status) return status;
  return alias_composite_keys(from, into);
}

core::Status Identity::alias_composite_keys(const std::string& from, const std::string& into) {
  // A key such as "<patient>/<allergen>" must find the moved resource under the survivor too.
  auto rows = records_.keys_with_parent(from);
  if (!rows) return core::fail(rows.error());
  for (const auto& row : *rows) {
    std::string key = row.key;
    for (std::size_t at = key.find(from); at != std::string::npos;
         at = key.find(from, at + into.size())) {
      key.replace(at, from.size(), into);
    }
    auto known = records_.find_key(row.type, key);
    if (!known) return core::fail(known.error());
    if (*known) continue;  // the survivor has its own; both stay
    auto added = records_.add_key(row.type, key, row.id, row.under);
    if (!added) return added;
  }
  return {};
}

core::Status Identity::note_moved(core::Sequence sequence, const store::Resource& before,
                                  std::string_view from, std::string_view into) {
  return records_.db().run(
      "INSERT OR IGNORE INTO merge_moved (sequence, type, id, from_patient, to_patient,"
      " version_before) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
      {static_cast<std::int64_t>(sequence.value()), std::string_view(before.type),
       std::string_view(before.id), from, into, static_cast<std::int64_t>(before.version)});
}

}  // namespace identity
