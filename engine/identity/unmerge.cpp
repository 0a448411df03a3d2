#include <identity/history.hpp>
#include <identity/identity.hpp>
#include <identity/unmerge.hpp>

#include <array>
#include <map>
#include <set>

namespace identity {
namespace {

using core::ErrorCode;
using store::Resource;
using store::Row;
using Name = std::pair<std::string, std::string>;   // type, id

constexpr std::array<std::string_view, 3> kDoubts = {"changed-since", "came-since",
                                                     "written-by-both"};

core::Sequence sequence_of(std::int64_t number) {
  return core::Sequence{static_cast<std::uint64_t>(number)};
}
std::int64_t number(core::Sequence sequence) {
  return static_cast<std::int64_t>(sequence.value());
}

/// Derived from the chart and written anew by whoever derives it: nobody's judgement is wanted.
bool is_derived(std::string_view type) {
  return type == "Task" || type == "DetectedIssue" || type == "Flag" || type == "Communication" ||
         type == "MeasureReport" || type == "Provenance";
}

core::Result<std::map<Name, std::uint32_t>> moved_by(store::Db& db, core::Sequence merged,
                                                     std::string_view retired) {
  std::map<Name, std::uint32_t> moved;
  auto status = db.query(
      "SELECT type, id, version_before FROM merge_moved WHERE sequence = ?1 AND from_patient = ?2",
      {number(merged), retired}, [&](const Row& row) {
        moved[{std::string(row.text(0)), std::string(row.text(1))}] =
            static_cast<std::uint32_t>(row.integer(2));
        return true;
      });
  if (!status) return core::fail(status.error());
  return moved;
}

core::Result<std::map<Name, core::Sequence>> late_under(store::Db& db,
                                                        const std::vector<std::string>& numbers) {
  std::map<Name, core::Sequence> late;
  for (const std::string& one : numbers) {
    auto status = db.query("SELECT type, id, sequence FROM identity_late WHERE number = ?1",
                           {std::string_view(one)}, [&](const Row& row) {
                             late[{std::string(row.text(0)), std::string(row.text(1))}] =
                                 sequence_of(row.integer(2));
                             return true;
                           });
    if (!status) return core::fail(status.error());
  }
  return late;
}

/// The entry that made a resource.
core::Result<core::Sequence> born(store::Records& records, const Resource& resource) {
  if (resource.version == 1) return resource.sequence;
  auto first = records.get_version(resource.type, resource.id, 1);
  if (!first) return core::fail(first.error());
  return *first ? (*first)->sequence : resource.sequence;
}

}  // namespace

std::string_view to_text(Doubt doubt) { return kDoubts[static_cast<std::size_t>(doubt)]; }

core::Result<Detachment> plan_detach(store::Records& records, std::string_view retired) {
  Detachment plan;
  plan.retired = std::string(retired);
  bool found = false;
  auto status = records.db().query(
      "SELECT sequence, survivor FROM patient_redirect WHERE retired = ?1", {retired},
      [&](const Row& row) {
        plan.merged = sequence_of(row.integer(0));
        plan.parent = std::string(row.text(1));
        found = true;
        return false;
      });
  if (!status) return core::fail(status.error());
  if (!found) return core::fail(ErrorCode::kNotFound, "this Patient is not merged into another");
  auto survivor = Identity(records).survivor(retired);
  if (!survivor) return core::fail(survivor.error());
  plan.survivor = std::move(*survivor);
  auto numbers = retired_under(records, retired);
  if (!numbers) return core::fail(numbers.error());
  plan.numbers = std::move(*numbers);
  auto moved = moved_by(records.db(), plan.merged, retired);
  if (!moved) return core::fail(moved.error());
  auto late = late_under(records.db(), plan.numbers);
  if (!late) return core::fail(late.error());
  auto standing = records.referencing("Patient/" + plan.survivor, kMovedMax + 1);
  if (!standing) return core::fail(standing.error());
  if (standing->size() > kMovedMax) {
    return core::fail(ErrorCode::kConflict, "the patient has too many resources to tell apart");
  }
  for (Resource& resource : *standing) {
    if (resource.type == "Patient" || resource.deleted) continue;
    const Name name{resource.type, resource.id};
    auto made = born(records, resource);
    if (!made) return core::fail(made.error());
    const auto came_late = late->find(name);
    const auto before = moved->find(name);
    if (before != moved->end()) {
      // The merge itself made one version.
      if (resource.version > before->second + 1 && !is_derived(resource.type)) {
        plan.doubts.push_back({resource.type, resource.id, Doubt::kChangedSince});
      }
      plan.back.push_back(std::move(resource));
    } else if (came_late != late->end() && came_late->second == *made) {
      plan.back.push_back(std::move(resource));
    } else if (!is_derived(resource.type)) {
      if (came_late != late->end()) {
        plan.doubts.push_back({resource.type, resource.id, Doubt::kWrittenByBoth});
      } else if (*made > plan.merged) {
        plan.doubts.push_back({resource.type, resource.id, Doubt::kCameSince});
      }
    }
  }
  if (late->contains({"Patient", plan.survivor})) {
    plan.doubts.push_back({"Patient", plan.survivor, Doubt::kWrittenByBoth});
  }
  return plan;
}

core::Status detach(store::Records& records, const Detachment& plan) {
  store::Db& db = records.db();
  auto status = db.run("DELETE FROM patient_redirect WHERE retired = ?1",
                       {std::string_view(plan.retired)});
  if (!status) return status;
  std::set<Name> back;
  for (const Resource& resource : plan.back) back.insert({resource.type, resource.id});
  auto keys = records.keys_with_parent(plan.survivor);
  if (!keys) return core::fail(keys.error());
  for (const auto& row : *keys) {
    if (!back.contains({row.type, row.id})) continue;
    std::string key = row.key;
    for (std::size_t at = key.find(plan.survivor); at != std::string::npos;
         at = key.find(plan.survivor, at + plan.retired.size())) {
      key.replace(at, plan.survivor.size(), plan.retired);
    }
    if (status = records.remove_key(row.type, row.key); !status) return status;
    auto known = records.find_key(row.type, key);
    if (!known) return core::fail(known.error());
    if (*known) continue;
    if (status = records.add_key(row.type, key, row.id, row.under); !status) return status;
  }
  for (const std::string& one : plan.numbers) {
    status = db.run("DELETE FROM identity_late WHERE number = ?1", {std::string_view(one)});
    if (!status) return status;
  }
  return {};
}

core::Status note_late(store::Records& records, std::string_view number_id, std::string_view type,
                       std::string_view id, core::Sequence sequence) {
  return records.db().run(
      "INSERT OR IGNORE INTO identity_late (number, type, id, sequence) VALUES (?1, ?2, ?3, ?4)",
      {number_id, type, id, number(sequence)});
}

core::Status store_unmerge(store::Records& records, const UnmergeRecord& record,
                           const Detachment& plan) {
  auto status = records.db().run(
      "INSERT OR IGNORE INTO unmerge (sequence, retired, survivor, merged, at, decided_by, reason)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
      {number(record.sequence), std::string_view(record.retired),
       std::string_view(record.survivor), number(record.merged),
       static_cast<std::int64_t>(record.at.time_since_epoch().count()),
       std::string_view(record.by), std::string_view(record.reason)});
  if (!status) return status;
  for (const Detachment::Item& item : plan.doubts) {
    const std::string& stands =
        item.doubt == Doubt::kChangedSince ? plan.retired : plan.survivor;
    status = records.db().run(
        "INSERT OR IGNORE INTO unmerge_item (sequence, type, id, patient, why, decided_by)"
        " VALUES (?1, ?2, ?3, ?4, ?5, '')",
        {number(record.sequence), std::string_view(item.type), std::string_view(item.id),
         std::string_view(stands), static_cast<std::int64_t>(item.doubt)});
    if (!status) return status;
  }
  return {};
}

core::Status store_repair(store::Records& records, const RepairMessage& message) {
  return records.db().run(
      "INSERT OR IGNORE INTO repair_message (sequence, number, trigger_event, body)"
      " VALUES (?1, ?2, ?3, ?4)",
      {number(message.sequence), std::int64_t{message.number}, std::string_view(message.trigger),
       std::string_view(message.body)});
}

core::Status settle_item(store::Records& records, core::Sequence sequence, std::string_view type,
                         std::string_view id, std::string_view patient, std::string_view by) {
  auto status = records.db().run(
      "UPDATE unmerge_item SET decided_by = ?4, patient = CASE WHEN ?5 = '' THEN patient ELSE ?5"
      " END WHERE sequence = ?1 AND type = ?2 AND id = ?3",
      {number(sequence), type, id, by, patient});
  if (status && records.db().changes() == 0) {
    return core::fail(ErrorCode::kNotFound, "there is no such item");
  }
  return status;
}

core::Result<std::vector<UnmergeRecord>> list_unmerges(store::Records& records, std::size_t limit) {
  std::vector<UnmergeRecord> found;
  auto status = records.db().query(
      "SELECT sequence, merged, retired, survivor, decided_by, reason, at FROM unmerge"
      " ORDER BY sequence DESC LIMIT ?1",
      {static_cast<std::int64_t>(limit)}, [&](const Row& row) {
        found.push_back({sequence_of(row.integer(0)), sequence_of(row.integer(1)),
                         std::string(row.text(2)), std::string(row.text(3)),
                         std::string(row.text(4)), std::string(row.text(5)),
                         core::Instant{std::chrono::microseconds{row.integer(6)}}});
        return true;
      });
  if (!status) return core::fail(status.error());
  return found;
}

core::Result<std::vector<UnmergeItem>> list_unmerge_items(store::Records& records,
                                                          core::Sequence sequence) {
  std::vector<UnmergeItem> found;
  auto status = records.db().query(
      "SELECT type, id, patient, why, decided_by FROM unmerge_item WHERE sequence = ?1"
      " ORDER BY type, id",
      {number(sequence)}, [&](const Row& row) {
        found.push_back({sequence, std::string(row.text(0)), std::string(row.text(1)),
                         std::string(row.text(2)), static_cast<Doubt>(row.integer(3)),
                         std::string(row.text(4))});
        return true;
      });
  if (!status) return core::fail(status.error());
  return found;
}

core::Result<UnmergeItem> find_unmerge_item(store::Records& records, core::Sequence sequence,
                                            std::string_view type, std::string_view id) {
  auto items = list_unmerge_items(records, sequence);
  if (!items) return core::fail(items.error());
  for (UnmergeItem& item : *items) {
    if (item.type == type && item.id == id) return std::move(item);
  }
  return core::fail(ErrorCode::kNotFound, "there is no such item");
}

core::Result<std::vector<RepairMessage>> list_repairs(store::Records& records,
                                                      core::Sequence sequence) {
  std::vector<RepairMessage> found;
  auto status = records.db().query(
      "SELECT number, trigger_event, body FROM repair_message WHERE sequence = ?1 ORDER BY number",
      {number(sequence)}, [&](const Row& row) {
        found.push_back({sequence, static_cast<int>(row.integer(0)), std::string(row.text(1)),
                         std::string(row.text(2))});
        return true;
      });
  if (!status) return core::fail(status.error());
  return found;
}

}  // namespace identity
