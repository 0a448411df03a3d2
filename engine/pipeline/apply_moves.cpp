// Identity events at apply beyond the plain merge: numbers that change (A46 to A51) or move to
// another person (A43), accounts and visits that move (A44, A45) or are merged (A35, A36, A41,
// A42), links (A24, A37). HL7 v2.5.1 chapter 3.3.18, 3.3.24, 3.3.34 to 3.3.51.
#include <fhir/json.hpp>
#include <identity/history.hpp>
#include <identity/unmerge.hpp>

#include <algorithm>

#include "apply_message.hpp"
#include "apply_work.hpp"
#include "resolve_tree.hpp"

namespace pipeline {
namespace {

using core::ErrorCode;
using Keys = std::vector<std::string>;

constexpr std::size_t kNone = static_cast<std::size_t>(-1);

/// Drafts of a plan that only name something (`make:` words of mappings/base/messages/adt.yaml).
enum class Role { kNothing, kFormer, kMovedNumber, kSource };

Role role_of(const mapping::Draft& draft) {
  const std::string_view name = draft.made_as;
  if (name == "former_number" || name == "former_account" || name == "former_visit") {
    return Role::kFormer;
  }
  if (name == "moved_number") return Role::kMovedNumber;
  return name == "source" ? Role::kSource : Role::kNothing;
}

bool is_main(const mapping::Draft& draft) {
  return draft.made_as == "patient" || draft.made_as == "account" || draft.made_as == "encounter";
}

/// The draft that draft `of` speaks about: the nearest main one of its type before it.
std::size_t main_before(const mapping::MapOutput& output, std::size_t of, std::string_view type) {
  for (std::size_t i = of; i-- > 0;) {
    if (output.drafts[i].type == type && is_main(output.drafts[i])) return i;
  }
  return kNone;
}

/// What MRG-1 named as former numbers stays with whom it came from.
void drop_former(const mapping::Draft& draft, fhir::Document& document) {
  const fhir::Node* list = draft.root->find("identifier");
  if (!list || !list->is_array()) return;
  fhir::Node* kept = document.array();
  for (const fhir::Item* item = list->first_item; item; item = item->next) {
    if (item->value->text_of("use") != "old") document.append(kept, item->value);
  }
  if (kept->count > 0) document.set(draft.root, "identifier", kept);
}

hl7::Issue unknown_source() {
  return {hl7::Severity::kWarning, ErrorCode::kUnknownKey, hl7::Location{"MRG", 1, 1, 0, 0, 0},
          "nothing is known under the former number; it is noted"};
}

}  // namespace

core::Result<Keys> MessageApply::keys_of(Work& work, std::size_t index) {
  Keys keys;
  for (const std::string& key : work.output.drafts[index].keys) {
    for (std::size_t parent : drafts_named_in(key)) {
      if (parent >= work.ids.size()) {
        return core::fail(ErrorCode::kInternal, "resource key names no draft");
      }
      if (auto status = resolve_draft(work, parent); !status) return core::fail(status.error());
    }
    keys.push_back(mapping::resolve_key(key, work.ids));
  }
  return keys;
}

core::Result<std::string> MessageApply::known_id(const mapping::Draft& draft, const Keys& keys) {
  const std::string_view type = draft.type;
  if (type == "Patient") {
    auto named = identity_.find(keys, *draft.root);
    if (!named) return core::fail(named.error());
    return std::move(named->number);
  }
  for (const std::string& key : keys) {
    auto found = records_.find_key(type, key);
    if (!found) return core::fail(found.error());
    if (*found) return std::move(**found);
  }
  return std::string();
}

core::Status MessageApply::prepare_numbers(Work& work) {
  bool moved = false;
  for (std::size_t i = 0; i < work.output.drafts.size(); ++i) {
    const Role role = role_of(work.output.drafts[i]);
    if (role == Role::kNothing) continue;
    work.skip[i] = true;
    if (role == Role::kSource) continue;
    const std::size_t main = main_before(work.output, i, work.output.drafts[i].type);
    if (main == kNone) continue;
    core::Status status = role == Role::kFormer ? renumber(work, i, main)
                                                : move_number(work, i, main);
    if (!status) return status;
    moved = moved || role == Role::kMovedNumber;
  }
  if (moved || work.entry.type != "ADT^A43") return {};
  // PID and MRG with one number are one draft: the number is its first holder's own again.
  for (std::size_t i = 0; i < work.output.drafts.size(); ++i) {
    const mapping::Draft& draft = work.output.drafts[i];
    if (draft.type != "Patient" || draft.made_as != "patient") continue;
    if (auto status = move_number(work, i, i); !status) return status;
  }
  return {};
}

/// The same person, account or visit under another number: both numbers name one resource.
core::Status MessageApply::renumber(Work& work, std::size_t former, std::size_t main) {
  const std::string type(work.output.drafts[main].type);
  auto before = keys_of(work, former);
  auto after = keys_of(work, main);
  if (!before) return core::fail(before.error());
  if (!after) return core::fail(after.error());
  auto old_id = known_id(work.output.drafts[former], *before);
  auto new_id = known_id(work.output.drafts[main], *after);
  if (!old_id) return core::fail(old_id.error());
  if (!new_id) return core::fail(new_id.error());
  if (!old_id->empty() && new_id->empty()) {
    for (const std::string& key : *after) {
      if (auto added = records_.add_key(type, key, *old_id, false); !added) return added;
    }
  }
  if (auto status = resolve_draft(work, main); !status) return status;
  work.ids[former] = work.ids[main];
  if (old_id->empty()) {
    work.result.issues.push_back(unknown_source());
    for (const std::string& key : *before) {
      auto known = records_.find_key(type, key);
      if (!known) return core::fail(known.error());
      if (*known) continue;
      if (auto added = records_.add_key(type, key, work.ids[main], false); !added) return added;
    }
    return {};
  }
  if (new_id->empty() || *old_id == *new_id) return {};
  // Both numbers were in use: what was kept under the former one is the same thing.
  if (type == "Patient") return merge_pair(work, *old_id, work.ids[main], true);
  return absorb(work, type, *old_id, work.ids[main]);
}

/// A43: the number of MRG-1 belongs to the patient whom the other numbers of PID-3 name.
core::Status MessageApply::move_number(Work& work, std::size_t moved, std::size_t main) {
  auto numbers = keys_of(work, moved);
  auto stated = keys_of(work, main);
  if (!numbers) return core::fail(numbers.error());
  if (!stated) return core::fail(stated.error());
  const auto is_in = [](const Keys& keys, const std::string& key) {
    return std::find(keys.begin(), keys.end(), key) != keys.end();
  };
  Keys target, moving;
  for (const std::string& key : *stated) {
    if (!is_in(*numbers, key)) target.push_back(key);
  }
  for (const std::string& key : *numbers) {
    if (is_in(*stated, key)) moving.push_back(key);
  }
  if (moving.empty()) {
    moving = *numbers;
  } else {
    drop_former(work.output.drafts[main], document_);   // PID-3 says what moves; MRG-1 from whom
  }
  auto raw = known_id(work.output.drafts[moved], moving);
  if (!raw) return core::fail(raw.error());
  if (target.empty() && raw->empty()) return {};   // nothing but an ordinary statement about it
  if (raw->empty()) {
    work.result.issues.push_back(unknown_source());
    *raw = mapping::proposed_id(work.environment, "Patient", moving.front()).text();
    for (const std::string& key : moving) {
      if (auto added = records_.add_key("Patient", key, *raw, false); !added) return added;
    }
  }
  identity::Event event{work.entry.sequence, identity::EventKind::kMove, *raw, {},
                        work.stamp.event_time.value_or(work.entry.received)};
  if (moved != main) work.ids[moved] = *raw;
  event.into = *raw;
  if (!target.empty()) {
    const std::string proposed =
        mapping::proposed_id(work.environment, "Patient", target.front()).text();
    auto found = identity_.resolve(target, *work.output.drafts[main].root, proposed);
    if (!found) return core::fail(found.error());
    event.into = std::move(found->id);
    work.ids[main] = event.into;
  }
  auto late = identity::overtaken(records_, event);
  if (!late) return core::fail(late.error());
  if (*late) return {};   // a later message said otherwise about this number
  if (auto status = reassign_number(work, *raw, event.into); !status) return status;
  return identity::note_event(records_, event);
}

core::Status MessageApply::reassign_number(Work& work, const std::string& raw,
                                           const std::string& goal) {
  auto holder = identity_.survivor(raw);
  if (!holder) return core::fail(holder.error());
  if (*holder == goal && raw != goal) return {};   // there already
  auto lane = identity_.group_of(raw);
  if (!lane) return core::fail(lane.error());
  work.result.add_lane(*lane);
  if (*holder != raw) {
    auto plan = identity::plan_detach(records_, raw);
    if (!plan) return core::fail(plan.error());
    if (auto status = detach(work, *plan); !status) return status;
  }
  return raw == goal ? core::Status() : merge_pair(work, raw, goal, true);
}

/// Accounts and visits that change hands, or are merged into another; after drafts are resolved.
core::Status MessageApply::shift_owned(Work& work) {
  bool moves = false;
  for (const mapping::Draft& draft : work.output.drafts) moves |= draft.made_as == "source";
  for (std::size_t i = 0; i < work.output.drafts.size(); ++i) {
    const mapping::Draft& draft = work.output.drafts[i];
    if (draft.type != "Account" && draft.type != "Encounter") continue;
    if (moves && is_main(draft) && draft.patient >= 0) {
      const std::string& owner = work.ids[static_cast<std::size_t>(draft.patient)];
      if (auto status = move_owned(work, std::string(draft.type), work.ids[i], owner); !status) {
        return status;
      }
    }
    if (draft.made_as != "former") continue;
    std::size_t main = kNone;
    for (std::size_t j = 0; j < work.output.drafts.size(); ++j) {
      const mapping::Draft& other = work.output.drafts[j];
      if (other.type == draft.type && is_main(other) && (main == kNone || j < i)) main = j;
    }
    if (main == kNone) continue;
    if (work.ids[main] == work.ids[i]) {
      work.skip[i] = true;   // merged before: what the draft says is about a resource long gone
      continue;
    }
    if (auto status = absorb(work, std::string(draft.type), work.ids[i], work.ids[main]); !status) {
      return status;
    }
  }
  return {};
}

/// What refers to `from` refers to `into`, and so do the numbers that named it.
core::Status MessageApply::absorb(Work& work, const std::string& type, const std::string& from,
                                  const std::string& into) {
  const std::string old_name = type + "/" + from;
  const std::string new_name = type + "/" + into;
  auto around = records_.referencing(old_name, identity::kMovedMax + 1);
  if (!around) return core::fail(around.error());
  if (around->size() > identity::kMovedMax) {
    return core::fail(ErrorCode::kConflict, "the merge would move more resources than allowed");
  }
  for (const store::Resource& resource : *around) {
    if (resource.deleted || (resource.type == type && resource.id == into)) continue;
    if (auto status = rewrite(work, resource, old_name, new_name); !status) return status;
  }
  if (auto status = hand_over_numbers(work, type, from, into); !status) return status;
  return identity_.repoint_keys(type, from, into);
}

/// The numbers of what was merged are former numbers of what it was merged into.
core::Status MessageApply::hand_over_numbers(Work& work, const std::string& type,
                                             const std::string& from, const std::string& into) {
  auto gone = records_.get(type, from);
  auto kept = records_.get(type, into);
  if (!gone) return core::fail(gone.error());
  if (!kept) return core::fail(kept.error());
  if (!*gone || !*kept || (*kept)->deleted) return {};
  auto before = fhir::parse_json((*gone)->body, document_);
  auto after = fhir::parse_json((*kept)->body, document_);
  if (!before || !after) {
    return core::fail(ErrorCode::kStoreCorrupt, "stored resource is not JSON");
  }
  const fhir::Node* numbers = (*before)->find("identifier");
  if (numbers == nullptr || !numbers->is_array()) return {};
  fhir::Node* all = document_.array();
  const fhir::Node* own = (*after)->find("identifier");
  for (const fhir::Item* item = own ? own->first_item : nullptr; item; item = item->next) {
    document_.append(all, item->value);
  }
  for (const fhir::Item* item = numbers->first_item; item; item = item->next) {
    document_.set(item->value, "use", document_.string("old"));
    document_.append(all, item->value);
  }
  document_.set(*after, "identifier", all);
  const auto version = put(work, type, into, *after, false);
  return version ? core::Status() : core::fail(version.error());
}

core::Status MessageApply::rewrite(Work& work, const store::Resource& resource,
                                   const std::string& from, const std::string& to) {
  auto parsed = fhir::parse_json(resource.body, document_);
  if (!parsed) return core::fail(ErrorCode::kStoreCorrupt, "stored resource is not JSON");
  redirect_references(*parsed, from, to, document_);
  const auto plain = [](std::string_view name) {   // patients by id alone
    return name.starts_with("Patient/") ? name.substr(8) : name;
  };
  auto noted = identity_.note_moved(work.entry.sequence, resource, plain(from), plain(to));
  if (!noted) return noted;
  const auto version = put(work, resource.type, resource.id, *parsed, false);
  return version ? core::Status() : core::fail(version.error());
}

/// An account or a visit goes to `owner`, with everything on it. Whom it is taken from is in the
/// records, whatever the message believes.
core::Status MessageApply::move_owned(Work& work, const std::string& type, const std::string& id,
                                      const std::string& owner) {
  auto current = records_.get(type, id);
  if (!current) return core::fail(current.error());
  if (!*current || (*current)->deleted) return {};
  auto tree = fhir::parse_json((*current)->body, document_);
  if (!tree) return core::fail(ErrorCode::kStoreCorrupt, "stored resource is not JSON");
  const fhir::Node* subject = (*tree)->find("subject");
  if (subject != nullptr && subject->is_array()) subject = subject->item(0);   // Account
  const std::string before(subject ? subject->text_of("reference") : "");
  const std::string after = "Patient/" + owner;
  if (before == after || !before.starts_with("Patient/")) return {};
  const std::string source = before.substr(8);
  auto lane = identity_.group_of(source);
  if (!lane) return core::fail(lane.error());
  work.result.add_lane(std::move(*lane));
  if (auto status = rewrite(work, **current, before, after); !status) return status;
  auto around = records_.referencing(type + "/" + id, identity::kMovedMax + 1);
  if (!around) return core::fail(around.error());
  if (around->size() > identity::kMovedMax) {
    return core::fail(ErrorCode::kConflict, "the move would take more resources than allowed");
  }
  for (const store::Resource& resource : *around) {
    if (resource.deleted || resource.type == "Patient") continue;
    const bool visit = type == "Account" && resource.type == "Encounter";
    auto status = visit ? move_owned(work, "Encounter", resource.id, owner)
                        : rewrite(work, resource, before, after);
    if (!status) return status;
  }
  return identity_.alias_composite_keys(source, owner);
}

/// A24 and A37: the later word on a pair stands, whichever message arrived first.
core::Status MessageApply::settle_links(Work& work) {
  const bool tied = work.entry.type == "ADT^A24";
  if (!tied && work.entry.type != "ADT^A37") return {};
  // By the numbers as they are, not by whom they belong to now: a merge in between changes nothing.
  std::vector<std::string> pair;
  for (std::size_t i = 0; i < work.output.drafts.size(); ++i) {
    if (work.output.drafts[i].type != "Patient") continue;
    auto keys = keys_of(work, i);
    if (!keys) return core::fail(keys.error());
    auto id = known_id(work.output.drafts[i], *keys);
    if (!id) return core::fail(id.error());
    if (std::find(pair.begin(), pair.end(), *id) == pair.end()) pair.push_back(std::move(*id));
  }
  if (pair.size() != 2) return {};
  std::sort(pair.begin(), pair.end());
  const identity::Event event{
      work.entry.sequence, tied ? identity::EventKind::kLink : identity::EventKind::kUnlink,
      pair[0], pair[1], work.stamp.event_time.value_or(work.entry.received)};
  auto late = identity::overtaken(records_, event);
  if (!late) return core::fail(late.error());
  if (auto status = identity::note_event(records_, event); !status) return status;
  // Called late or not: the draft of a late link has written what no longer holds.
  const bool stands = *late ? !tied : tied;
  return stands ? link_patients(pair[0], pair[1], work.stamp, work.result)
                : unlink_patients(pair[0], pair[1], work.stamp, work.result);
}

}  // namespace pipeline
