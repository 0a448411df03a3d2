#include "apply_message.hpp"

#include <core/hash.hpp>
#include <fhir/first_version.hpp>
#include <fhir/json.hpp>
#include <fhir/merge.hpp>
#include <identity/history.hpp>

#include <algorithm>

#include "apply_work.hpp"
#include "event_time.hpp"
#include "resolve_tree.hpp"

namespace pipeline {
namespace {

using core::ErrorCode;

bool is_result(std::string_view type) {
  return type == "DiagnosticReport" || type == "Observation";
}

/// A message that names a retired number as such makes this draft (plans: `make: merged`).
bool is_merged_draft(const mapping::Draft& draft) {
  return draft.type == "Patient" && draft.made_as == "merged";
}

}  // namespace

void ApplyResult::touch(store::VersionRef ref, bool shared, bool changed) {
  const auto [known, fresh] = at_.try_emplace({ref.type, ref.id}, touched.size());
  if (fresh) {
    touched.push_back({std::move(ref), shared, changed});
    return;
  }
  TouchedResource& entry = touched[known->second];
  entry.ref.version = ref.version;
  entry.changed = entry.changed || changed;
}

bool ApplyResult::changed() const {
  return std::any_of(touched.begin(), touched.end(), [](const auto& one) { return one.changed; });
}

void ApplyResult::add_lane(std::string lane) {
  if (std::find(lanes.begin(), lanes.end(), lane) == lanes.end()) lanes.push_back(std::move(lane));
}

void ApplyResult::add_lanes(const std::vector<std::string>& more) {
  for (const std::string& lane : more) add_lane(lane);
}

int result_status_rank(std::string_view status) {
  if (status == "registered") return 1;
  if (status == "partial") return 2;
  if (status == "preliminary") return 2;
  if (status == "final") return 3;
  if (status == "amended" || status == "corrected" || status == "appended") return 4;
  if (status == "cancelled" || status == "entered-in-error") return 5;
  return 0;  // unknown says nothing about order
}

MessageApply::MessageApply(store::Records& records, him::Charts& charts, identity::Mpi* mpi)
    : records_(records), identity_(records), charts_(charts), mpi_(mpi) {}

core::Result<ApplyResult> MessageApply::apply(const store::Entry& entry,
                                              const hl7::Message& message,
                                              const mapping::MapOutput& output,
                                              const DraftPrints& prints,
                                              const mapping::Environment& environment,
                                              identity::Mpi::Mode mode, bool historical) {
  document_.reset();
  Work work{entry, output, prints, environment, {}, {}, {}, {}, {}, {}, {}, {}};
  work.stamp = {entry.sequence, entry.received, entry.sender,
                event_time(message, environment.zone)};
  work.cause = {entry.sequence, entry.feed.value() + "|" + entry.control_id.value(),
                entry.received, entry.type, historical, work.stamp.event_time};
  if (auto heard = charts_.heard(entry.feed.value(), work.cause); !heard) {
    return core::fail(heard.error());
  }
  work.ids.resize(output.drafts.size());
  work.resolving.resize(output.drafts.size());
  work.skip.resize(output.drafts.size());
  work.result.issues = output.issues;
  if (auto status = guard_overlays(work); !status) return core::fail(status.error());
  if (work.result.held) return std::move(work.result);
  if (auto status = prepare_numbers(work); !status) return core::fail(status.error());
  for (std::size_t i = 0; i < output.drafts.size(); ++i) {
    if (auto status = resolve_draft(work, i); !status) return core::fail(status.error());
  }
  if (auto status = merge_patients(work); !status) return core::fail(status.error());
  if (auto status = shift_owned(work); !status) return core::fail(status.error());
  if (auto status = write_drafts(work); !status) return core::fail(status.error());
  if (auto status = settle_links(work); !status) return core::fail(status.error());
  if (auto status = note_late(work); !status) return core::fail(status.error());
  if (auto status = look_for_known(work, mode); !status) return core::fail(status.error());
  auto changes = charts_.evaluate(work.cause);
  if (!changes) return core::fail(changes.error());
  if (auto status = write_changes(*changes, work.stamp, work.result); !status) {
    return core::fail(status.error());
  }
  if (auto status = write_notices(work.stamp, work.result); !status) {
    return core::fail(status.error());
  }
  if (auto status = collect_lanes(work); !status) return core::fail(status.error());
  return std::move(work.result);
}

core::Status MessageApply::resolve_draft(Work& work, std::size_t index) {
  if (!work.ids[index].empty()) return {};
  if (work.resolving[index]) {
    return core::fail(ErrorCode::kNotMapped, "resource keys refer to each other in a circle");
  }
  work.resolving[index] = true;
  const mapping::Draft& draft = work.output.drafts[index];
  for (const std::string& key : draft.keys) {
    for (std::size_t parent : drafts_named_in(key)) {
      if (parent >= work.ids.size()) {
        return core::fail(ErrorCode::kInternal, "resource key names no draft");
      }
      if (auto status = resolve_draft(work, parent); !status) return status;
    }
  }
  std::vector<std::string> keys;
  for (const std::string& key : draft.keys) keys.push_back(mapping::resolve_key(key, work.ids));
  if (keys.empty()) return core::fail(ErrorCode::kNotMapped, "a resource came without a key");
  const auto proposed = [&] {
    return mapping::proposed_id(work.environment, draft.type, keys.front()).text();
  };
  core::Result<std::string> id;
  if (draft.type == "MessageHeader") {
    id = proposed();   // no record, so no key of one
  } else if (draft.type == "Patient" && !is_merged_draft(draft)) {
    auto named = identity_.resolve(keys, *draft.root, proposed());
    if (!named) return core::fail(named.error());
    if (named->number != named->id) work.late.emplace_back(index, std::move(named->number));
    for (std::string& other : named->rivals) work.rivals.emplace_back(index, std::move(other));
    id = std::move(named->id);
    if (named->conflict) {
      work.result.issues.push_back({hl7::Severity::kWarning, ErrorCode::kDuplicateKey,
                                    hl7::Location{"PID", 1, 3, 0, 0, 0},
                                    "identifiers belong to different patients"});
    }
  } else {
    // A retired number keeps naming the retired resource, whatever it redirects to.
    id = keys.size() == 1 ? records_.claim_key(draft.type, keys.front(), proposed)
                          : records_.claim_ladder(draft.type, keys, proposed);
  }
  if (!id) return core::fail(id.error());
  work.ids[index] = std::move(*id);
  return {};
}

core::Status MessageApply::write_drafts(Work& work) {
  // Two drafts of one resource (the same doctor twice) become one version.
  struct Group {
    std::string_view type;
    const std::string* id;
    std::vector<std::size_t> drafts;
  };
  std::vector<Group> groups;
  groups.reserve(work.output.drafts.size());
  for (std::size_t i = 0; i < work.output.drafts.size(); ++i) {
    const std::string_view type = work.output.drafts[i].type;
    // A MessageHeader is about the message, not about a patient: it is no record.
    if (type == "MessageHeader" || work.skip[i]) continue;
    const auto same = std::find_if(groups.begin(), groups.end(), [&](const Group& group) {
      return *group.id == work.ids[i] && group.type == type;
    });
    if (same != groups.end()) {
      same->drafts.push_back(i);
    } else {
      groups.push_back({type, &work.ids[i], {i}});
    }
  }
  // Who made changes is said after them, and only where some were made (FHIR Provenance: "creating,
  // revising, deleting"): the journal knows who sent a message that changed nothing.
  const auto source = std::stable_partition(groups.begin(), groups.end(), [](const Group& group) {
    return group.type != "Provenance";
  });
  for (auto group = groups.begin(); group != groups.end(); ++group) {
    if (group == source && !work.result.changed()) break;
    auto status = write_resource(work, std::string(group->type), *group->id, group->drafts);
    if (!status) return status;
  }
  return {};
}

core::Status MessageApply::write_resource(Work& work, const std::string& type,
                                          const std::string& id,
                                          std::vector<std::size_t>& drafts) {
  const std::string name = type + "/" + id;
  const bool shared = work.output.drafts[drafts.front()].shared;
  if (shared) work.result.shared_lanes.push_back(name);
  const auto standing = records_.standing(type, id, work.stamp.sender);
  if (!standing) return core::fail(standing.error());
  const bool known = standing->live();
  const bool stale = known && is_stale(work.stamp, *standing);
  const std::uint32_t version_before = known ? standing->version : 0;
  const SaidBefore::Statement statement = said_.statement(work.prints, drafts, work.ids);
  if (known && !stale && said_.same(name, version_before, statement)) {
    auto put = records_.confirm(type, id, work.stamp);
    if (!put) return core::fail(put.error());
    work.result.touch({type, id, put->version}, shared, put->changed);
    return {};
  }
  fhir::Node* tree = nullptr;
  std::string body, status_before;
  bool whole = true;   // every draft is applied
  if (known) {
    auto current = records_.look(type, id);
    if (!current) return core::fail(current.error());
    if (*current == nullptr) return core::fail(ErrorCode::kStoreCorrupt, "a resource is missing");
    body = (*current)->body;
    auto parsed = fhir::parse_json(body, document_);
    if (!parsed) return core::fail(ErrorCode::kStoreCorrupt, "stored resource is not JSON");
    tree = *parsed;
    const std::string_view incoming = work.output.drafts[drafts.front()].root->text_of("status");
    const int before = result_status_rank(tree->text_of("status"));
    const int after = result_status_rank(incoming);
    const bool backward = is_result(type) && after != 0 && after < before;
    if (stale && type == "Encounter") {
      if (auto noted = note_moved_visit(work, drafts.front(), id, *tree); !noted) return noted;
    }
    if (type == "Encounter" && work.moved.visit != name) {
      const std::size_t all = drafts.size();
      if (auto left = leave_out_anothers(work, drafts, *tree); !left) return left;
      whole = drafts.size() == all;
      if (drafts.empty()) {
        work.result.touch({type, id, version_before}, shared, false);
        return {};
      }
    }
    if (stale || backward) {
      return set_aside(work, {type, id, version_before}, drafts, tree, stale);
    }
  } else {
    if (work.output.drafts[drafts.front()].partial) return {};   // nothing known to change
  }
  if (tree) status_before = tree->text_of("status");
  for (std::size_t index : drafts) tree = fold_in(work, index, tree, body);
  const auto version = put(work, type, id, tree, shared);
  if (!version) return core::fail(version.error());
  if (known && type == "Encounter") {
    auto noted = note_status(work, id, drafts, status_before, *standing);
    if (!noted) return noted;
  }
  if (whole) said_.note(name, *version, statement);
  return {};
}

core::Status MessageApply::set_aside(Work& work, store::VersionRef ref,
                                     const std::vector<std::size_t>& drafts, fhir::Node* tree,
                                     bool stale) {
  core::Result<bool> filled = false;
  if (stale && ref.type == "Encounter") filled = fill_in(work, drafts, ref.id, tree);
  if (!filled) return core::fail(filled.error());
  work.result.issues.push_back(
      {hl7::Severity::kWarning, ErrorCode::kConflict, {},
       ref.type + (*filled ? ": older than what is stored, only what that lacks applied"
                   : stale ? ": older than what is stored, not applied"
                           : ": status would go backward, not applied")});
  const bool shared = work.output.drafts[drafts.front()].shared;
  if (!*filled) work.result.touch(std::move(ref), shared, false);
  return {};
}

/// What one draft says, merged into `tree`; nullptr: it is the first that is said of the resource.
/// `known`: what is stored now; empty when it is new.
fhir::Node* MessageApply::fold_in(Work& work, std::size_t index, fhir::Node* tree,
                                  const std::string& known) {
  const mapping::Draft& draft = work.output.drafts[index];
  fhir::Node* incoming = resolve_tree(draft.root, work.output, work.ids, document_);
  if (!work.moved.visit.empty() && refers_to(incoming, work.moved.visit)) {
    redirect_references(incoming, work.moved.from, work.moved.to, document_);
  }
  // "unknown" says nothing of the state: what is known stays.
  if (tree && incoming->text_of("status") == "unknown" && !tree->text_of("status").empty()) {
    document_.remove(incoming, "status");
  }
  // Orders, results and documents name a visit, often by a class and times of their own; but
  // nobody else tells of one that they alone have named.
  fhir::MergePolicy policy = draft.policy;
  if (tree && !is_told_of(*tree)) policy.keep = {};
  const bool late = std::any_of(work.late.begin(), work.late.end(),
                                [&](const auto& one) { return one.first == index; });
  if (!known.empty() && (late || known.find("\"use\":\"old\"") != std::string::npos)) {
    keep_former_numbers(tree, incoming, late, document_);
  }
  // Which links go is settle_links()' to say: others than the one that is undone stay.
  if (draft.type == "Patient" && work.entry.type == "ADT^A37") document_.remove(incoming, "link");
  if (!tree) return fhir::first_version(draft.type, work.ids[index], incoming, document_);
  return fhir::merge(tree, incoming, policy, document_);
}

core::Result<std::uint32_t> MessageApply::put(Work& work, std::string_view type,
                                              std::string_view id, fhir::Node* tree,
                                              bool shared) {
  body_.clear();
  fhir::write_json(tree, body_);
  auto put = records_.put(type, id, body_, tree, work.stamp);
  if (!put) return core::fail(put.error());
  if (put->changed) {
    if (auto status = charts_.touch(type, id, tree, work.cause); !status) {
      return core::fail(status.error());
    }
    if (type == "Patient") {
      if (mpi_ != nullptr) mpi_->touch(id, *tree);
      if (put->created) work.new_patients.emplace_back(std::string(id), tree);
    }
  }
  work.result.touch({std::string(type), std::string(id), put->version}, shared, put->changed);
  return put->version;
}

core::Status MessageApply::merge_patients(Work& work) {
  std::size_t survivor = work.output.drafts.size();
  for (std::size_t i = 0; i < work.output.drafts.size(); ++i) {
    const mapping::Draft& draft = work.output.drafts[i];
    if (draft.type != "Patient") continue;
    if (!is_merged_draft(draft)) {
      survivor = i;
      continue;
    }
    if (survivor >= work.output.drafts.size()) {
      return core::fail(ErrorCode::kRequiredSegmentMissing,
                        "a merge without its surviving patient");
    }
    const identity::Event event{work.entry.sequence, identity::EventKind::kMerge, work.ids[i],
                                work.ids[survivor],
                                work.stamp.event_time.value_or(work.entry.received)};
    auto late = identity::overtaken(records_, event);
    if (!late) return core::fail(late.error());
    if (*late) {
      work.skip[i] = true;
      work.result.issues.push_back({hl7::Severity::kWarning, ErrorCode::kConflict,
                                    hl7::Location{"MRG", 1, 1, 0, 0, 0},
                                    "a later message gave this number to somebody else"});
      continue;
    }
    auto status = merge_pair(work, work.ids[i], work.ids[survivor], false);
    if (status) status = identity::note_event(records_, event);
    if (!status) return status;
  }
  return {};
}

core::Status MessageApply::merge_pair(Work& work, const std::string& retired,
                                      const std::string& survivor, bool mark) {
  auto merge = identity_.merge(retired, survivor, work.entry.sequence);
  if (!merge) return core::fail(merge.error());
  if (!merge->changed) return {};
  for (const store::Resource& resource : merge->moved) {
    if (resource.type == "Patient" || resource.deleted) continue;
    auto status = rewrite(work, resource, "Patient/" + merge->retired,
                          "Patient/" + merge->survivor);
    if (!status) return status;
  }
  if (auto status = charts_.merge_patient(merge->retired, merge->survivor, work.cause); !status) {
    return status;
  }
  auto noted = identity::decide_pair(records_, merge->retired, merge->survivor,
                                     identity::PairState::kMerged, "message",
                                     work.entry.sequence, work.entry.received);
  if (!noted && noted.error().code != ErrorCode::kNotFound &&
      noted.error().code != ErrorCode::kConflict) {
    return noted;
  }
  // The survivor says whom it replaces (FHIR Patient.link).
  auto current = records_.get("Patient", merge->survivor);
  if (!current) return core::fail(current.error());
  fhir::Node* stored = nullptr;
  if (*current) {
    auto parsed = fhir::parse_json((*current)->body, document_);
    if (!parsed) return core::fail(ErrorCode::kStoreCorrupt, "stored resource is not JSON");
    stored = *parsed;
  } else {
    stored = document_.object();
    document_.set(stored, "resourceType", document_.string("Patient"));
    document_.set(stored, "id", document_.string(merge->survivor));
  }
  fhir::Node* link = patient_link(document_, "Patient/" + merge->retired, "replaces");
  fhir::Node* incoming = document_.object();
  fhir::Node* links = document_.array();
  document_.append(links, link);
  document_.set(incoming, "link", links);
  fhir::MergePolicy policy;
  policy.list = fhir::MergePolicy::List::kUnion;
  fhir::Node* tree = fhir::merge(stored, incoming, policy, document_);
  const auto version = put(work, "Patient", merge->survivor, tree, false);
  if (!version) return core::fail(version.error());
  if (mark) {
    auto marked = mark_retired(work, merge->retired, merge->survivor);
    if (!marked) return marked;
  }
  auto leaders = identity::regroup(records_, merge->retired);
  if (!leaders) return core::fail(leaders.error());
  work.result.add_lanes(*leaders);
  return {};
}

core::Status MessageApply::write_changes(const std::vector<him::Change>& changes,
                                         const store::Stamp& stamp, ApplyResult& result) {
  for (const him::Change& change : changes) {
    if (change.kind == him::Change::Kind::kOpened) ++result.opened;
    if (change.kind == him::Change::Kind::kClosed) ++result.closed;
    for (const fhir::Node* tree : {him::to_detected_issue(change.deficiency, document_),
                                   him::to_task(change.deficiency, document_)}) {
      if (auto status = put_told(tree, false, stamp, result); !status) return status;
    }
    auto group = identity_.group_of(change.deficiency.patient);
    if (!group) return core::fail(group.error());
    result.add_lane(std::move(*group));
  }
  return {};
}

/// A resource of ours.
core::Status MessageApply::put_told(const fhir::Node* tree, bool shared, const store::Stamp& stamp,
                                    ApplyResult& result) {
  body_.clear();
  fhir::write_json(tree, body_);
  const std::string type(tree->text_of("resourceType"));
  const std::string id(tree->text_of("id"));
  store::Stamp unguarded = stamp;
  unguarded.event_time.reset();  // ours, not a sender's: never stale
  auto put = records_.put(type, id, body_, tree, unguarded);
  if (!put) return core::fail(put.error());
  result.touch({type, id, put->version}, shared, put->changed);
  return {};
}

core::Status MessageApply::write_notices(const store::Stamp& stamp, ApplyResult& result) {
  for (const fhir::Node* tree : charts_.take_notices(document_)) {
    if (auto status = put_told(tree, true, stamp, result); !status) return status;
  }
  return {};
}

core::Status MessageApply::collect_lanes(Work& work) {
  std::set<std::string> lanes(work.result.lanes.begin(), work.result.lanes.end());
  for (std::size_t i = 0; i < work.output.drafts.size(); ++i) {
    const mapping::Draft& draft = work.output.drafts[i];
    if (draft.type != "Patient" || work.ids[i].empty()) continue;
    auto group = identity_.group_of(work.ids[i]);
    if (!group) return core::fail(group.error());
    lanes.insert(std::move(*group));
    // A merge is a barrier over both patients: what is still queued for the retired one goes first.
    if (is_merged_draft(draft)) lanes.insert(work.ids[i]);
  }
  if (lanes.empty()) lanes.insert("feed:" + work.entry.feed.value());
  work.result.lanes.assign(lanes.begin(), lanes.end());
  return {};
}

}  // namespace pipeline
