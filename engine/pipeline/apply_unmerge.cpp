// Merges taken back, and what people decide about identity.
#include <fhir/json.hpp>
#include <fhir/merge.hpp>
#include <identity/history.hpp>
#include <identity/unmerge.hpp>

#include "apply_message.hpp"
#include "apply_work.hpp"
#include "resolve_tree.hpp"

namespace pipeline {
namespace {

using core::ErrorCode;

const DraftPrints& no_prints() {
  static const DraftPrints prints;
  return prints;
}

const mapping::MapOutput& no_output() {
  static const mapping::MapOutput output;
  return output;
}
const mapping::Environment& no_environment() {
  static const mapping::Environment environment;
  return environment;
}

std::string command_label(const store::Entry& entry) {
  return "command|" + std::to_string(entry.sequence.value());
}

}  // namespace

/// What came under a retired number is noted, so that an unmerge can send it back.
core::Status MessageApply::note_late(Work& work) {
  for (const auto& [patient, number] : work.late) {
    for (std::size_t i = 0; i < work.output.drafts.size(); ++i) {
      const mapping::Draft& draft = work.output.drafts[i];
      const bool own = i == patient || draft.patient == static_cast<std::int32_t>(patient);
      if (!own || draft.shared || work.skip[i] || draft.type == "MessageHeader") continue;
      auto noted = identity::note_late(records_, number, draft.type, work.ids[i],
                                       work.entry.sequence);
      if (!noted) return noted;
    }
  }
  return {};
}

core::Status MessageApply::mark_retired(Work& work, const std::string& retired,
                                        const std::string& survivor) {
  auto current = records_.get("Patient", retired);
  if (!current) return core::fail(current.error());
  if (!*current || (*current)->deleted) return {};
  auto stored = fhir::parse_json((*current)->body, document_);
  if (!stored) return core::fail(ErrorCode::kStoreCorrupt, "stored resource is not JSON");
  fhir::Node* incoming = document_.object();
  fhir::Node* links = document_.array();
  document_.append(links, patient_link(document_, "Patient/" + survivor, "replaced-by"));
  document_.set(incoming, "active", document_.boolean(false));
  document_.set(incoming, "link", links);
  fhir::MergePolicy policy;
  policy.list = fhir::MergePolicy::List::kUnion;
  return put_own(work.stamp, work.result, retired,
                 fhir::merge(*stored, incoming, policy, document_));
}

core::Status MessageApply::detach(Work& work, const identity::Detachment& plan) {
  if (auto status = identity::detach(records_, plan); !status) return status;
  std::vector<std::string> names;
  for (const store::Resource& resource : plan.back) {
    names.push_back(resource.type + "/" + resource.id);
  }
  auto status = charts_.unmerge_patient(plan.numbers, plan.retired, plan.survivor, names);
  if (!status) return status;
  for (const store::Resource& resource : plan.back) {
    status = rewrite(work, resource, "Patient/" + plan.survivor, "Patient/" + plan.retired);
    if (!status) return status;
  }
  if (status = restore_patient(work, plan); !status) return status;
  for (const std::string& one : {plan.retired, plan.survivor}) {
    auto leaders = identity::regroup(records_, one);
    if (!leaders) return core::fail(leaders.error());
    work.result.add_lanes(*leaders);
  }
  return {};
}

/// The Patient that comes back is as active as it was, and nobody replaces it.
core::Status MessageApply::restore_patient(Work& work, const identity::Detachment& plan) {
  for (const std::string& other : {plan.parent, plan.survivor}) {
    auto dropped = drop_links(work.stamp, work.result, other, "replaces", {plan.retired});
    if (!dropped) return dropped;
  }
  auto current = records_.get("Patient", plan.retired);
  if (!current) return core::fail(current.error());
  if (!*current || (*current)->deleted) return {};
  std::string active;
  for (std::uint32_t version = (*current)->version; version > 0; --version) {
    auto before = records_.get_version("Patient", plan.retired, version);
    if (!before) return core::fail(before.error());
    if (!*before || !((*before)->sequence < plan.merged)) continue;
    auto tree = fhir::parse_json((*before)->body, document_);
    if (tree) active = std::string((*tree)->text_of("active"));
    break;
  }
  auto stored = fhir::parse_json((*current)->body, document_);
  if (!stored) return core::fail(ErrorCode::kStoreCorrupt, "stored resource is not JSON");
  if (active.empty()) {
    document_.remove(*stored, "active");
  } else {
    document_.set(*stored, "active", document_.boolean(active == "true"));
  }
  if (auto put = put_own(work.stamp, work.result, plan.retired, *stored); !put) return put;
  return drop_links(work.stamp, work.result, plan.retired, "replaced-by",
                    {plan.parent, plan.survivor});
}

core::Status MessageApply::finish_command(Work& work, const std::vector<std::string>& patients) {
  auto changes = charts_.evaluate(work.cause);
  if (!changes) return core::fail(changes.error());
  if (auto status = write_changes(*changes, work.stamp, work.result); !status) return status;
  if (auto status = write_notices(work.stamp, work.result); !status) return status;
  for (const std::string& patient : patients) {
    auto group = identity_.group_of(patient);
    if (!group) return core::fail(group.error());
    work.result.add_lane(std::move(*group));
    work.result.add_lane(patient);
  }
  return {};
}

core::Result<ApplyResult> MessageApply::merge_by_hand(const store::Entry& entry,
                                                      const std::string& retired,
                                                      const std::string& survivor) {
  document_.reset();
  Work work{entry, no_output(), no_prints(), no_environment(), {}, {}, {}, {}, {}, {}, {}, {}};
  work.stamp = {entry.sequence, entry.received, "command", std::nullopt};
  work.cause = {entry.sequence, command_label(entry), entry.received};
  auto status = merge_pair(work, retired, survivor, true);
  if (status) {
    status = identity::note_event(records_, {entry.sequence, identity::EventKind::kMerge, retired,
                                             survivor, entry.received});
  }
  if (status) status = finish_command(work, {retired, survivor});
  if (!status) return core::fail(status.error());
  return std::move(work.result);
}

core::Result<ApplyResult> MessageApply::unmerge_by_hand(const store::Entry& entry,
                                                        const std::string& retired,
                                                        identity::Detachment* plan) {
  document_.reset();
  Work work{entry, no_output(), no_prints(), no_environment(), {}, {}, {}, {}, {}, {}, {}, {}};
  work.stamp = {entry.sequence, entry.received, "command", std::nullopt};
  work.cause = {entry.sequence, command_label(entry), entry.received};
  auto planned = identity::plan_detach(records_, retired);
  if (!planned) return core::fail(planned.error());
  auto status = detach(work, *planned);
  if (status) {
    status = identity::note_event(records_, {entry.sequence, identity::EventKind::kUnmerge, retired,
                                             planned->survivor, entry.received});
  }
  if (status) status = finish_command(work, {planned->retired, planned->survivor});
  if (!status) return core::fail(status.error());
  *plan = std::move(*planned);
  return std::move(work.result);
}

core::Result<ApplyResult> MessageApply::move_by_hand(const store::Entry& entry,
                                                     const std::string& type,
                                                     const std::string& id,
                                                     const std::string& from,
                                                     const std::string& to) {
  document_.reset();
  Work work{entry, no_output(), no_prints(), no_environment(), {}, {}, {}, {}, {}, {}, {}, {}};
  work.stamp = {entry.sequence, entry.received, "command", std::nullopt};
  work.cause = {entry.sequence, command_label(entry), entry.received};
  auto current = records_.get(type, id);
  if (!current) return core::fail(current.error());
  if (!*current || (*current)->deleted) {
    return core::fail(ErrorCode::kNotFound, "there is no such resource");
  }
  auto status = type == "Encounter" || type == "Account"
                    ? move_owned(work, type, id, to)
                    : rewrite(work, **current, "Patient/" + from, "Patient/" + to);
  if (status) status = finish_command(work, {from, to});
  if (!status) return core::fail(status.error());
  return std::move(work.result);
}

}  // namespace pipeline
