// The master patient index at apply: who a new Patient could be, and links between Patients.
#include <fhir/json.hpp>
#include <fhir/merge.hpp>

#include "apply_message.hpp"
#include "apply_work.hpp"
#include "resolve_tree.hpp"

namespace pipeline {

core::Status MessageApply::look_for_known(Work& work, identity::Mpi::Mode mode) {
  for (const auto& [id, tree] : work.new_patients) {
    auto known = mpi_->arrived(id, *tree, mode, work.entry.sequence, work.entry.received);
    if (!known) return core::fail(known.error());
    if (known->empty()) continue;
    if (auto status = link_patients(id, *known, work.stamp, work.result); !status) return status;
  }
  return {};
}

core::Status MessageApply::link_patients(const std::string& a, const std::string& b,
                                         const store::Stamp& stamp, ApplyResult& result) {
  if (auto status = add_seealso(a, b, stamp, result); !status) return status;
  return add_seealso(b, a, stamp, result);
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
  std::string body;
  fhir::write_json(tree, body);
  store::Stamp unguarded = stamp;
  unguarded.event_time.reset();   // ours, not a sender's: never stale
  auto put = records_.put("Patient", to, body, tree, unguarded);
  if (!put) return core::fail(put.error());
  if (put->changed && mpi_ != nullptr) mpi_->touch(to, *tree);
  result.touch({"Patient", to, put->version}, false, put->changed);
  auto group = identity_.group_of(to);
  if (!group) return core::fail(group.error());
  result.add_lane(std::move(*group));
  return {};
}

}  // namespace pipeline
