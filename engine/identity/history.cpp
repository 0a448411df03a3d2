#include <identity/history.hpp>
#include <identity/identity.hpp>

#include <algorithm>
#include <set>

namespace identity {
namespace {

using store::Db;
using store::Row;

std::int64_t number(EventKind kind) { return static_cast<std::int64_t>(kind); }
std::int64_t micros(core::Instant at) { return at.time_since_epoch().count(); }

core::Result<std::vector<std::string>> texts(Db& db, std::string_view sql, std::string_view a,
                                             std::string_view b = {}) {
  std::vector<std::string> found;
  const auto take = [&](const Row& row) {
    found.emplace_back(row.text(0));
    return true;
  };
  auto status = b.empty() ? db.query(sql, {a}, take) : db.query(sql, {a, b}, take);
  if (!status) return core::fail(status.error());
  return found;
}

/// The Patient and all that are tied to it, by surviving ids.
core::Result<std::set<std::string>> component(store::Records& records, const std::string& start) {
  Identity identity(records);
  std::set<std::string> seen{start};
  std::vector<std::string> open{start};
  while (!open.empty() && seen.size() < kGroupMax) {
    const auto numbers = retired_under(records, open.back());
    open.pop_back();
    if (!numbers) return core::fail(numbers.error());
    for (const std::string& one : *numbers) {
      auto tied = texts(records.db(),
                        "SELECT b FROM patient_tie WHERE a = ?1"
                        " UNION SELECT a FROM patient_tie WHERE b = ?1",
                        one);
      if (!tied) return core::fail(tied.error());
      for (const std::string& other : *tied) {
        auto in_force = identity.survivor(other);
        if (!in_force) return core::fail(in_force.error());
        if (seen.insert(*in_force).second) open.push_back(*in_force);
      }
    }
  }
  return seen;
}

/// Writes the group rows of a component. Leaders before and after go into `leaders`.
core::Status lead(Db& db, const std::set<std::string>& members, std::set<std::string>& leaders) {
  for (const std::string& member : members) {
    auto before = texts(db, "SELECT leader FROM patient_group WHERE patient = ?1", member);
    if (!before) return core::fail(before.error());
    leaders.insert(before->empty() ? member : before->front());
    const std::string& leader = *members.begin();
    leaders.insert(leader);
    auto status =
        members.size() == 1
            ? db.run("DELETE FROM patient_group WHERE patient = ?1", {std::string_view(member)})
            : db.run("INSERT INTO patient_group (patient, leader) VALUES (?1, ?2)"
                     " ON CONFLICT (patient) DO UPDATE SET leader = excluded.leader",
                     {std::string_view(member), std::string_view(leader)});
    if (!status) return status;
  }
  return {};
}

core::Result<std::vector<std::string>> reorder(store::Records& records,
                                               const std::set<std::string>& starts) {
  Identity identity(records);
  std::set<std::string> leaders, todo;
  for (const std::string& start : starts) {
    auto in_force = identity.survivor(start);
    if (!in_force) return core::fail(in_force.error());
    todo.insert(*in_force);
    // Whoever shared its group may stand alone now.
    auto mates = texts(records.db(),
                       "SELECT patient FROM patient_group WHERE leader ="
                       " (SELECT leader FROM patient_group WHERE patient = ?1)",
                       start);
    if (!mates) return core::fail(mates.error());
    for (const std::string& mate : *mates) {
      auto survivor = identity.survivor(mate);
      if (!survivor) return core::fail(survivor.error());
      if (*survivor == mate) todo.insert(mate);
    }
    if (*in_force == start) continue;
    auto gone = records.db().run("DELETE FROM patient_group WHERE patient = ?1",
                                 {std::string_view(start)});
    if (!gone) return core::fail(gone.error());
  }
  while (!todo.empty()) {
    auto members = component(records, *todo.begin());
    if (!members) return core::fail(members.error());
    if (auto status = lead(records.db(), *members, leaders); !status) {
      return core::fail(status.error());
    }
    todo.erase(todo.begin());
    for (const std::string& member : *members) todo.erase(member);
  }
  return std::vector<std::string>(leaders.begin(), leaders.end());
}

}  // namespace

core::Status note_event(store::Records& records, const Event& event) {
  return records.db().run(
      "INSERT OR IGNORE INTO identity_event (sequence, kind, from_id, into_id, said)"
      " VALUES (?1, ?2, ?3, ?4, ?5)",
      {static_cast<std::int64_t>(event.sequence.value()), number(event.kind),
       std::string_view(event.from), std::string_view(event.into), micros(event.said)});
}

core::Result<bool> overtaken(store::Records& records, const Event& event) {
  bool later = false;
  const auto any = [&](const Row&) {
    later = true;
    return false;
  };
  core::Status status;
  if (event.kind == EventKind::kLink || event.kind == EventKind::kUnlink) {
    status = records.db().query(
        "SELECT 1 FROM identity_event WHERE from_id = ?1 AND into_id = ?2 AND kind IN (2, 3)"
        " AND said > ?3 LIMIT 1",
        {std::string_view(event.from), std::string_view(event.into), micros(event.said)}, any);
  } else if (event.kind == EventKind::kMerge) {
    status = records.db().query(
        "SELECT 1 FROM identity_event WHERE from_id = ?1 AND kind IN (1, 4) AND said > ?2 LIMIT 1",
        {std::string_view(event.from), micros(event.said)}, any);
  } else {
    status = records.db().query(
        "SELECT 1 FROM identity_event WHERE from_id = ?1 AND kind IN (0, 1, 4) AND said > ?2"
        " LIMIT 1",
        {std::string_view(event.from), micros(event.said)}, any);
  }
  if (!status) return core::fail(status.error());
  return later;
}

core::Result<std::vector<std::string>> set_tie(store::Records& records, std::string_view a,
                                               std::string_view b, bool tied) {
  if (a == b) return std::vector<std::string>();
  const auto [less, more] = std::minmax(a, b);
  auto status =
      tied ? records.db().run("INSERT OR IGNORE INTO patient_tie (a, b) VALUES (?1, ?2)",
                              {less, more})
           : records.db().run("DELETE FROM patient_tie WHERE a = ?1 AND b = ?2", {less, more});
  if (!status) return core::fail(status.error());
  return reorder(records, {std::string(a), std::string(b)});
}

core::Result<std::vector<std::string>> regroup(store::Records& records, std::string_view patient) {
  return reorder(records, {std::string(patient)});
}

core::Result<std::vector<std::string>> retired_under(store::Records& records,
                                                     std::string_view number) {
  return texts(records.db(),
               "WITH RECURSIVE under(id) AS (SELECT ?1 UNION SELECT r.retired"
               " FROM patient_redirect r JOIN under ON r.survivor = under.id)"
               " SELECT id FROM under",
               number);
}

}  // namespace identity
