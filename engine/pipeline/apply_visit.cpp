// Who says what of a visit: registration tells of it, orders, results and documents only name it
// (plans: `keep:`).
#include <fhir/json.hpp>

#include "apply_message.hpp"
#include "apply_work.hpp"

namespace pipeline {
namespace {

using core::ErrorCode;
using fhir::Node;

/// Versions of one visit that are read to learn what was once said of it.
constexpr std::size_t kVersionsReadMax = 100;

constexpr std::string_view kStatusEvent = "urn:chartwire:ext:status-event";

Node* extension_of(const Node* tree, std::string_view url) {
  const Node* list = tree->find("extension");
  for (const fhir::Item* item = list ? list->first_item : nullptr; item; item = item->next) {
    if (item->value->text_of("url") == url) return item->value;
  }
  return nullptr;
}

}  // namespace

bool is_told_of(const Node& tree) {
  return tree.text_of("status") != "unknown" || extension_of(&tree, kStatusEvent);
}

core::Result<std::string> MessageApply::owner_of(const Node& visit) {
  const Node* subject = visit.find("subject");
  const std::string_view owner = subject ? subject->text_of("reference") : std::string_view();
  if (!owner.starts_with("Patient/")) return std::string();
  return identity_.survivor(owner.substr(8));
}

core::Result<bool> MessageApply::is_anothers(const Work& work, std::size_t draft,
                                             const Node& stored) {
  const mapping::Draft& said = work.output.drafts[draft];
  if (said.policy.keep.empty() || said.patient < 0) return false;
  const auto owner = owner_of(stored);
  if (!owner) return core::fail(owner.error());
  const std::string& stated = work.ids[static_cast<std::size_t>(said.patient)];
  if (owner->empty() || *owner == stated) return false;
  // Numbers of one person that are tied (A24, the index) are no two persons.
  const auto theirs = identity_.group_of(*owner), ours = identity_.group_of(stated);
  if (!theirs) return core::fail(theirs.error());
  if (!ours) return core::fail(ours.error());
  return *theirs != *ours;
}

core::Status MessageApply::leave_out_anothers(Work& work, std::vector<std::size_t>& drafts,
                                              const Node& stored) {
  for (std::size_t i = drafts.size(); i-- > 0;) {
    const auto anothers = is_anothers(work, drafts[i], stored);
    if (!anothers) return core::fail(anothers.error());
    if (!*anothers) continue;
    drafts.erase(drafts.begin() + static_cast<std::ptrdiff_t>(i));
    work.result.issues.push_back({hl7::Severity::kWarning, ErrorCode::kConflict,
                                  hl7::Location{"PV1", 1, 19, 0, 0, 0},
                                  "the visit is another patient's, not applied to it"});
  }
  return {};
}

core::Result<std::vector<const Node*>> MessageApply::versions_of(const std::string& visit) {
  const auto history = records_.history("Encounter", visit, kVersionsReadMax);
  if (!history) return core::fail(history.error());
  std::vector<const Node*> trees;
  for (const store::Resource& version : *history) {
    if (version.deleted) continue;
    const auto tree = fhir::parse_json(document_.keep(version.body), document_);
    if (!tree) return core::fail(ErrorCode::kStoreCorrupt, "stored resource is not JSON");
    trees.push_back(*tree);
  }
  return trees;
}

core::Status MessageApply::note_moved_visit(Work& work, std::size_t draft, const std::string& id,
                                            const Node& stored) {
  const mapping::Draft& said = work.output.drafts[draft];
  if (said.patient < 0) return {};
  const std::string& stated = work.ids[static_cast<std::size_t>(said.patient)];
  const auto now = owner_of(stored);
  if (!now) return core::fail(now.error());
  if (now->empty() || *now == stated) return {};
  if (!said.policy.keep.empty()) {
    // Who only names the visit may be wrong about whose it is: it must have been that patient's.
    const auto versions = versions_of(id);
    if (!versions) return core::fail(versions.error());
    bool was_theirs = false;
    for (const Node* version : *versions) {
      const auto owner = owner_of(*version);
      if (!owner) return core::fail(owner.error());
      was_theirs = was_theirs || *owner == stated;
    }
    if (!was_theirs) return {};
  }
  work.moved = {"Encounter/" + id, "Patient/" + stated, "Patient/" + *now};
  auto lane = identity_.group_of(*now);
  if (!lane) return core::fail(lane.error());
  work.result.add_lane(std::move(*lane));
  return {};
}

}  // namespace pipeline
