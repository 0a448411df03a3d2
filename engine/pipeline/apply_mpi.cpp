// The master patient index at apply: who a new Patient could be, and links between Patients.
#include <fhir/json.hpp>
#include <fhir/merge.hpp>
#include <identity/history.hpp>

#include <algorithm>

#include "apply_message.hpp"
#include "apply_work.hpp"
#include "resolve_tree.hpp"

namespace pipeline {

core::Status MessageApply::look_for_known(Work& work, identity::Mpi::Mode mode) {
  for (const auto& [id, tree] : work.new_patients) {
    if (auto status = note_rivals(work, id, *tree); !status) return status;
    if (mpi_ == nullptr) continue;
    auto known = mpi_->arrived(id, *tree, mode, work.entry.sequence, work.entry.received);
    if (!known) return core::fail(known.error());
    if (known->empty()) continue;
    if (auto status = link_patients(id, *known, work.stamp, work.result); !status) return status;
  }
  return {};
}

/// Pairs a new Patient with those whom one of its numbers named and it was not taken for.
core::Status MessageApply::note_rivals(Work& work, const std::string& id, const fhir::Node& tree) {
  for (const auto& [draft, other] : work.rivals) {
    if (work.ids[draft] != id) continue;
    const auto in_force = identity_.survivor(other);   // this message may have merged it
    if (!in_force) return core::fail(in_force.error());
    if (*in_force == id) continue;
    auto noted = mpi_ != nullptr
                     ? mpi_->rival(id, tree, *in_force, work.entry.sequence, work.entry.received)
                     : identity::note_rival(records_, id, *in_force, work.entry.sequence,
                                            work.entry.received);
    if (!noted) return noted;
  }
  return {};
}

/// Ties two patients together or apart. The lanes of both, and from then on of the group they make,
/// wait for this message. @return who stands for each of them now.
core::Result<std::pair<std::string, std::string>> MessageApply::tie(const std::string& a,
                                                                    const std::string& b,
                                                                    bool together,
                                                                    ApplyResult& result) {
  auto leaders = identity::set_tie(records_, a, b, together);
  if (!leaders) return core::fail(leaders.error());
  result.add_lanes(*leaders);
  auto first = identity_.survivor(a);
  auto second = identity_.survivor(b);
  if (!first) return core::fail(first.error());
  if (!second) return core::fail(second.error());
  return std::pair(std::move(*first), std::move(*second));
}

core::Status MessageApply::link_patients(const std::string& a, const std::string& b,
                                         const store::Stamp& stamp, ApplyResult& result) {
  const auto tied = tie(a, b, true, result);
  if (!tied) return core::fail(tied.error());
  const auto& [first, second] = *tied;
  if (first == second) return {};
  if (auto status = add_seealso(first, second, stamp, result); !status) return status;
  return add_seealso(second, first, stamp, result);
}

core::Status MessageApply::unlink_patients(const std::string& a, const std::string& b,
                                           const store::Stamp& stamp, ApplyResult& result) {
  const auto tied = tie(a, b, false, result);
  if (!tied) return core::fail(tied.error());
  const auto& [first, second] = *tied;
  for (const auto& [of, other] : {std::pair{&first, &second}, std::pair{&second, &first}}) {
    auto status = drop_links(stamp, result, *of, "seealso", {*other, a, b});
    if (!status) return status;
  }
  return {};
}

/// Removes the links of one type from a Patient that lead to any of `others`.
core::Status MessageApply::drop_links(const store::Stamp& stamp, ApplyResult& result,
                                      const std::string& of, std::string_view type,
                                      const std::vector<std::string>& others) {
  auto current = records_.get("Patient", of);
  if (!current) return core::fail(current.error());
  if (!*current || (*current)->deleted) return {};
  auto stored = fhir::parse_json((*current)->body, document_);
  if (!stored) return core::fail(core::ErrorCode::kStoreCorrupt, "stored resource is not JSON");
  fhir::Node* tree = *stored;
  const fhir::Node* links = tree->find("link");
  if (links == nullptr || !links->is_array()) return {};
  fhir::Node* kept = document_.array();
  for (const fhir::Item* item = links->first_item; item; item = item->next) {
    const fhir::Node* other = item->value->find("other");
    const std::string_view to = other ? other->text_of("reference") : std::string_view();
    const bool named = std::any_of(others.begin(), others.end(), [&](const std::string& id) {
      return to == "Patient/" + id;
    });
    if (!named || item->value->text_of("type") != type) document_.append(kept, item->value);
  }
  if (kept->first_item == nullptr) {
    document_.remove(tree, "link");
  } else {
    document_.set(tree, "link", kept);
  }
  return put_own(stamp, result, of, tree);
}

/// Writes a Patient that we, not a sender, changed: never stale.
core::Status MessageApply::put_own(const store::Stamp& stamp, ApplyResult& result,
                                   const std::string& id, fhir::Node* tree) {
  std::string body;
  fhir::write_json(tree, body);
  store::Stamp unguarded = stamp;
  unguarded.event_time.reset();
  auto put = records_.put("Patient", id, body, tree, unguarded);
  if (!put) return core::fail(put.error());
  if (put->changed && mpi_ != nullptr) mpi_->touch(id, *tree);
  result.touch({"Patient", id, put->version}, false, put->changed);
  auto group = identity_.group_of(id);
  if (!group) return core::fail(group.error());
  result.add_lane(std::move(*group));
  return {};
}

core::Status MessageApply::add_seealso(const std::string& to, const std::string& other,
                                       const store::Stamp& stamp, ApplyResult& result) {
  auto current = records_.get("Patient", to);
  if (!current) return core::fail(current.error());
  if (!*current || (*current)->deleted) {
    return core::fail(core::ErrorCode::kNotFound, "there is no such Patient");
  }
  auto stored = fhir::parse_json((*current)->body, document_);
  if (!stored) return core::fail(core::ErrorCode::kStoreCorrupt, "stored resource is not JSON");
  fhir::Node* incoming = document_.object();
  fhir::Node* links = document_.array();
  document_.append(links, patient_link(document_, "Patient/" + other, "seealso"));
  document_.set(incoming, "link", links);
  fhir::MergePolicy policy;
  policy.list = fhir::MergePolicy::List::kUnion;
  fhir::Node* tree = fhir::merge(*stored, incoming, policy, document_);
  return put_own(stamp, result, to, tree);
}

}  // namespace pipeline
