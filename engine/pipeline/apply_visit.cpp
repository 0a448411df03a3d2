// Who says what of a visit: registration tells of it, orders, results and documents only name it
// (plans: `keep:`), and a message that comes late tells what nobody has told since.
#include <fhir/date_range.hpp>
#include <fhir/json.hpp>
#include <fhir/merge.hpp>

#include <algorithm>

#include "apply_message.hpp"
#include "apply_work.hpp"
#include "resolve_tree.hpp"

namespace pipeline {
namespace {

using core::ErrorCode;
using fhir::Node;

/// Versions of one visit that are read to learn what was once said of it.
constexpr std::size_t kVersionsReadMax = 100;

constexpr std::string_view kStatusEvent = "urn:chartwire:ext:status-event";
constexpr std::string_view kPatientClass = "urn:chartwire:ext:patient-class-original";

/// Among the senders in the stamps of a visit: when the message happened that said its status last,
/// noted once there are newer ones that said nothing of it (A08, documents).
constexpr std::string_view kStatusSaid = "status";

Node* extension_of(const Node* tree, std::string_view url) {
  const Node* list = tree->find("extension");
  for (const fhir::Item* item = list ? list->first_item : nullptr; item; item = item->next) {
    if (item->value->text_of("url") == url) return item->value;
  }
  return nullptr;
}

using Befores = std::vector<const Node*>;

Befores below(const Befores& all, std::string_view name) {
  Befores found;
  for (const Node* one : all) {
    if (const Node* child = one->find(name)) found.push_back(child);
  }
  return found;
}

/// Extensions of a url that nobody has used of this visit.
void leave_unsaid_extensions(Node* incoming, const Befores& before, fhir::Document& document) {
  const Node* list = incoming->find("extension");
  if (!list || !list->is_array()) return;
  Node* left = document.array();
  for (const fhir::Item* item = list->first_item; item; item = item->next) {
    const std::string_view url = item->value->text_of("url");
    const bool said = std::any_of(before.begin(), before.end(),
                                  [url](const Node* one) { return extension_of(one, url); });
    if (!said) document.append(left, item->value);
  }
  left->count == 0 ? (void)document.remove(incoming, "extension")
                   : document.set(incoming, "extension", left);
}

/// Leaves in `incoming` only what never stood in `before` (the versions; the first is the one that
/// stands): what is gone was taken away by a newer word.
void leave_unsaid(Node* incoming, const Befores& before, fhir::Document& document) {
  for (const fhir::Member* m = incoming->first_member; m; m = m->next) {
    const std::string_view name = m->name.starts_with('_') ? m->name.substr(1) : m->name;
    if (name == "extension" && m->value->is_array()) continue;
    const Befores values = below(before, name);
    const bool parts = name == "period" || name == "hospitalization";
    if (parts && m->value->is_object()) {
      leave_unsaid(m->value, values, document);
      if (m->value->count == 0) document.remove(incoming, m->name);
    } else if (m->value->kind == Node::Kind::kNull || !values.empty() ||
               !below(before, "_" + std::string(name)).empty()) {
      document.remove(incoming, m->name);
    }
  }
  leave_unsaid_extensions(incoming, before, document);
}

void add_extension(Node* tree, Node* extension, fhir::Document& document) {
  Node* list = tree->find("extension");
  if (!list) document.set(tree, "extension", list = document.array());
  if (!extension_of(tree, extension->text_of("url"))) document.append(list, extension);
}

/// Takes a member out of the object; nullptr when it has none, or an emptied one.
Node* taken(Node* object, std::string_view name, fhir::Document& document) {
  Node* value = object->find(name);
  if (!value) return nullptr;
  document.remove(object, name);
  return value->kind == Node::Kind::kNull ? nullptr : value;
}

void drop(Node* object, std::string_view parent, std::string_view name, fhir::Document& document) {
  Node* inner = object->find(parent);
  if (!inner || !inner->is_object()) return;
  document.remove(inner, name);
  if (inner->count == 0) document.remove(object, parent);
}

void drop_discharge(Node* visit, fhir::Document& document) {
  drop(visit, "period", "end", document);
  drop(visit, "hospitalization", "dischargeDisposition", document);
}

/// A13: clears the discharge that it cancels.
bool takes_back(const Node& said) {
  const Node* period = said.find("period");
  const Node* end = period ? period->find("end") : nullptr;
  const std::string_view status = said.text_of("status");
  return end && end->kind == Node::Kind::kNull && status != "unknown" && status != "finished";
}

bool is_no_class(const Node* visit) {
  const Node* kind = visit->find("class");
  return !kind || kind->text_of("code") == "UNK";
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

core::Status MessageApply::note_status_time(const Work& work, const std::string& id,
                                            std::optional<core::Instant> when) {
  if (!when) return {};
  store::Stamp stamp = work.stamp;
  stamp.sender = kStatusSaid;
  stamp.event_time = when;
  const auto noted = records_.confirm("Encounter", id, stamp);
  return noted ? core::Status() : core::fail(noted.error());
}

core::Status MessageApply::note_status(const Work& work, const std::string& id,
                                       const std::vector<std::size_t>& drafts,
                                       std::string_view before,
                                       const store::Records::Standing& standing) {
  const bool says = std::any_of(drafts.begin(), drafts.end(), [&](std::size_t index) {
    const std::string_view status = work.output.drafts[index].root->text_of("status");
    return !status.empty() && status != "unknown";
  });
  if (!says && before == "unknown") return {};
  const auto said = records_.standing("Encounter", id, kStatusSaid);
  if (!said) return core::fail(said.error());
  if (says == said->last_event.has_value()) {
    return note_status_time(work, id, says ? work.stamp.event_time : standing.last_event);
  }
  return {};
}

fhir::Node* MessageApply::unsaid_of(Work& work, std::size_t draft, const Node& stored,
                                    const std::vector<const Node*>& before, bool with_status) {
  const mapping::Draft& said = work.output.drafts[draft];
  Node* incoming = resolve_tree(said.root, work.output, work.ids, document_);
  // Nobody but documents spoke of it: of what they leave to registration this is the first word.
  const bool named_only = said.policy.keep.empty() && !is_told_of(stored);
  Node* status = taken(incoming, "status", document_);
  Node* kind = taken(incoming, "class", document_);
  Node* period = named_only ? taken(incoming, "period", document_) : nullptr;
  Node* sent_as = extension_of(incoming, kPatientClass);
  leave_unsaid(incoming, before, document_);
  if (status && with_status && status->text != "unknown") {
    document_.set(incoming, "status", status);
  }
  if (kind && (named_only || is_no_class(&stored))) {
    document_.set(incoming, "class", kind);
    if (sent_as) add_extension(incoming, sent_as, document_);
  }
  if (period && period->is_object()) {
    leave_unsaid(period, {}, document_);
    document_.set(incoming, "period", period);
  }
  // Who is not discharged (A13 may have been heard first) gets no discharge from older days.
  const Node* stands = incoming->find("status") ? incoming : &stored;
  if (stands->text_of("status") != "finished") drop_discharge(incoming, document_);
  const Node* span = stored.find("period");
  const Node* begun = incoming->find("period");
  const Node* start = begun ? begun->find("start") : nullptr;
  if (span && start && fhir::ends_before_start(start, span->find("end"))) {
    drop(incoming, "period", "start", document_);
  }
  return incoming;
}

core::Result<bool> MessageApply::fill_in(Work& work, const std::vector<std::size_t>& drafts,
                                         const std::string& id, Node* stored) {
  if (!work.moved.visit.empty()) return false;
  const auto before = versions_of(id);
  if (!before) return core::fail(before.error());
  const auto said = records_.standing("Encounter", id, kStatusSaid);
  if (!said) return core::fail(said.error());
  const bool with_status = stored->text_of("status") == "unknown" ||
                           (said->last_event && *said->last_event <= *work.stamp.event_time);
  const Node* was = stored;
  bool status_said = false;
  for (const std::size_t index : drafts) {
    const mapping::Draft& draft = work.output.drafts[index];
    if (draft.partial || draft.made_as != "encounter") continue;
    if (with_status && takes_back(*draft.root)) {
      stored = document_.clone(stored);
      drop_discharge(stored, document_);
    }
    Node* incoming = unsaid_of(work, index, *stored, *before, with_status);
    status_said = status_said || incoming->find("status");
    stored = fhir::merge(stored, incoming, fhir::MergePolicy{}, document_);
  }
  // Said again as it stands is said too: what is older says nothing against it.
  if (status_said) {
    auto noted = note_status_time(work, id, work.stamp.event_time);
    if (!noted) return core::fail(noted.error());
  }
  if (fhir::equal(was, stored)) return false;
  const auto version = put(work, "Encounter", id, stored, false);
  return version ? core::Result<bool>(true) : core::fail(version.error());
}

}  // namespace pipeline
