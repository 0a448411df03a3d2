// The overlay guard: a message that would make another person of a known patient waits for somebody
// to decide (rule R48, identity/conflict.hpp).
#include <fhir/json.hpp>
#include <identity/conflict.hpp>

#include <algorithm>

#include "apply_work.hpp"

namespace pipeline {
namespace {

using core::ErrorCode;
using identity::Conflict;
using identity::ConflictState;

bool changes_persons(const std::string& type) { return type == "ADT^A08" || type == "ADT^A31"; }

}  // namespace

core::Status MessageApply::guard_overlays(Work& work) {
  for (std::size_t i = 0; i < work.output.drafts.size() && !work.result.held; ++i) {
    const mapping::Draft& draft = work.output.drafts[i];
    if (draft.type != "Patient" || draft.made_as != "patient") continue;
    if (auto status = guard_overlay(work, i); !status) return status;
  }
  return {};
}

/// Before anything is resolved: a held message must not leave as much as a key behind.
core::Status MessageApply::guard_overlay(Work& work, std::size_t index) {
  const mapping::Draft& draft = work.output.drafts[index];
  if (work.entry.cites != 0) {
    const core::Sequence held{work.entry.cites};
    auto conflict = identity::find_conflict(records_, held);
    if (!conflict) return core::fail(conflict.error());
    if (*conflict && (*conflict)->state == ConflictState::kAccepted) {
      return identity::note_conflict_applied(records_, held, work.entry.sequence);
    }
  }
  auto known = known_id(draft, draft.keys);
  if (!known) return core::fail(known.error());
  if (known->empty()) return {};
  const bool changes = changes_persons(work.entry.type);
  if (!changes) {
    auto some = has_conflicts(*known);
    if (!some || !*some) return some ? core::Status() : core::fail(some.error());
  }
  const auto patient = identity_.survivor(*known);
  if (!patient) return core::fail(patient.error());
  const auto standing = records_.standing("Patient", *patient, work.stamp.sender);
  if (!standing) return core::fail(standing.error());
  if (!standing->live()) return {};
  const auto said = [&] { return said_.statement(work.prints, {index}, work.ids); };
  // Too old to change anything is the stale guard's business; said before changes nothing.
  if (is_stale(work.stamp, *standing) ||
      said_.same("Patient/" + *patient, standing->version, said())) {
    return {};
  }
  auto current = records_.look("Patient", *patient);
  if (!current) return core::fail(current.error());
  if (*current == nullptr) return {};
  const std::string body = (*current)->body;
  auto stored = fhir::parse_json(body, document_);
  if (!stored) return core::fail(ErrorCode::kStoreCorrupt, "stored resource is not JSON");
  auto overlay = charts_.overlay(*patient, **stored, *draft.root, work.cause);
  if (!overlay) return core::fail(overlay.error());
  if (!*overlay) return {};
  auto conflicts = identity::conflicts_of(records_, *patient);
  if (!conflicts) return core::fail(conflicts.error());
  const std::string print = identity::fingerprint(*draft.root);
  const auto any = [&](const auto& test) {
    return std::any_of(conflicts->begin(), conflicts->end(), test);
  };
  const bool refused = any([&](const Conflict& one) {
    return one.state == ConflictState::kRejected && one.print == print;
  });
  const bool open =
      any([](const Conflict& one) { return one.state == ConflictState::kOpen; });
  if (changes && !refused) {
    return hold_message(work, *patient, body, *draft.root, **overlay);
  }
  if (!refused && !open) return {};
  // Who the patient is stays as it is; what happened to them is applied.
  work.ids[index] = *patient;
  work.skip[index] = true;
  work.result.issues.push_back(
      {hl7::Severity::kWarning, ErrorCode::kConflict, hl7::Location{"PID", 1, 0, 0, 0, 0},
       refused ? "Patient: these identifying data were rejected, not applied"
               : "Patient: identifying data wait for a decision, not applied"});
  return {};
}

core::Status MessageApply::hold_message(Work& work, const std::string& patient,
                                        const std::string& stored, const fhir::Node& incoming,
                                        him::Overlay& overlay) {
  if (auto noted = charts_.note_held(patient, overlay, work.cause); !noted) return noted;
  Conflict conflict;
  conflict.sequence = work.entry.sequence;
  conflict.patient = patient;
  conflict.message = work.cause.label;
  conflict.type = work.entry.type;
  conflict.changed = overlay.changed;
  conflict.event = overlay.event;
  conflict.print = identity::fingerprint(incoming);
  conflict.stored = stored;
  fhir::write_json(&incoming, conflict.incoming);
  conflict.held = work.entry.received;
  if (auto done = identity::hold(records_, conflict); !done) return done;
  forget_conflicts();
  work.result.held = true;
  work.result.issues.push_back({hl7::Severity::kWarning, ErrorCode::kConflict,
                                hl7::Location{"PID", 1, 0, 0, 0, 0},
                                "held: changes " + overlay.changed + " of a known patient"});
  auto changes = charts_.evaluate(work.cause);
  if (!changes) return core::fail(changes.error());
  if (auto done = write_changes(*changes, work.stamp, work.result); !done) return done;
  if (auto done = write_notices(work.stamp, work.result); !done) return done;
  auto group = identity_.group_of(patient);
  if (!group) return core::fail(group.error());
  work.result.add_lane(std::move(*group));
  return {};
}

core::Result<bool> MessageApply::has_conflicts(const std::string& patient) {
  if (!conflicted_) {
    conflicted_.emplace();
    const auto done = records_.db().query(
        "SELECT DISTINCT patient FROM mpi_conflict WHERE state <> 1", {},
        [this](const store::Row& row) {
          conflicted_->emplace(row.text(0));
          return true;
        });
    if (!done) {
      conflicted_.reset();
      return core::fail(done.error());
    }
  }
  if (conflicted_->empty()) return false;
  if (conflicted_->contains(patient)) return true;
  const auto survivor = identity_.survivor(patient);
  if (!survivor) return core::fail(survivor.error());
  return conflicted_->contains(*survivor);
}

}  // namespace pipeline
