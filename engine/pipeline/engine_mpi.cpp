// Decisions about identity on their way into the journal: checked, then written, then applied.
#include <fhir/json.hpp>
#include <identity/conflict.hpp>
#include <identity/mpi.hpp>
#include <identity/unmerge.hpp>
#include <pipeline/engine.hpp>

#include <initializer_list>
#include <utility>

#include "applier.hpp"

namespace pipeline {
namespace {

using core::ErrorCode;

std::string order_of(std::initializer_list<std::pair<std::string_view, std::string_view>> members) {
  std::string out = "{";
  for (const auto& [name, value] : members) {
    if (out.size() > 1) out += ',';
    fhir::write_json_string(name, out);
    out += ':';
    fhir::write_json_string(value, out);
  }
  return out + "}";
}

core::Status named(const std::string& by) {
  return by.empty() ? core::fail(ErrorCode::kUsage, "who decides must be named") : core::Status();
}

}  // namespace

core::Status Engine::decide_pair(const std::string& patient, const std::string& other,
                                 const std::string& decision, const std::string& by,
                                 const std::string& survivor) {
  const bool merge = decision == "merge", unlink = decision == kUnlink;
  if (!merge && !unlink && decision != "link" && decision != "not-the-same" &&
      decision != "later") {
    return core::fail(ErrorCode::kUsage,
                      "decide \"link\", \"unlink\", \"merge\", \"not-the-same\" or \"later\"");
  }
  if (auto status = named(by); !status) return status;
  auto allowed = look([&](store::Records& records) -> core::Status {
    if (unlink) return identity::may_unlink(records, patient, other);
    if (!merge) return identity::may_decide(records, patient, other);
    auto may = identity::may_merge(records, patient, other, survivor, by);
    return may ? core::Status() : core::fail(may.error());
  });
  if (!allowed) return allowed;
  std::string stored = decision;
  if (merge) stored = "merged";
  if (decision == "link") stored = "linked";
  auto done = command(kPairDecision, order_of({{"patient", patient},
                                               {"other", other},
                                               {"decision", stored},
                                               {"survivor", survivor},
                                               {"by", by}}));
  return done ? core::Status() : core::fail(done.error());
}

core::Result<core::Sequence> Engine::unmerge(const std::string& patient, const std::string& by,
                                             const std::string& reason) {
  if (auto status = named(by); !status) return core::fail(status.error());
  auto possible = look([&](store::Records& records) -> core::Status {
    auto plan = identity::plan_detach(records, patient);
    return plan ? core::Status() : core::fail(plan.error());
  });
  if (!possible) return core::fail(possible.error());
  return command(kUnmerge, order_of({{"patient", patient}, {"by", by}, {"reason", reason}}));
}

core::Status Engine::decide_conflict(core::Sequence held, const std::string& decision,
                                     const std::string& by, const std::string& reason) {
  const bool accept = decision == "accept";
  if (!accept && decision != "reject") {
    return core::fail(ErrorCode::kUsage, "decide \"accept\" or \"reject\"");
  }
  if (auto status = named(by); !status) return status;
  auto possible = look([&](store::Records& records) -> core::Status {
    return identity::may_decide_conflict(records, held, accept);
  });
  if (!possible) return possible;
  auto done = command(kConflictDecision, order_of({{"sequence", std::to_string(held.value())},
                                                   {"decision", decision},
                                                   {"by", by},
                                                   {"reason", reason}}));
  if (!done || !accept) return done ? core::Status() : core::fail(done.error());
  // What is accepted is applied as replays. Should one fail, accepting it again repeats it.
  std::vector<core::Sequence> accepted;
  auto found = look([&](store::Records& records) -> core::Status {
    auto first = identity::find_conflict(records, held);
    if (!first) return core::fail(first.error());
    auto all = identity::conflicts_of(records, *first ? (*first)->patient : std::string());
    if (!all) return core::fail(all.error());
    for (const identity::Conflict& one : *all) {
      const bool wanted = one.state == identity::ConflictState::kAccepted &&
                          one.applied.value() == 0 && one.print == (*first)->print;
      if (wanted) accepted.push_back(one.sequence);
    }
    return {};
  });
  if (!found) return found;
  for (const core::Sequence one : accepted) {
    if (auto replayed = replay(one); !replayed) return core::fail(replayed.error());
  }
  return wait_applied(std::chrono::seconds(30))
             ? core::Status()
             : core::fail(ErrorCode::kTimeout, "not applied yet");
}

core::Status Engine::settle_unmerge(core::Sequence unmerge, const std::string& type,
                                    const std::string& id, const std::string& to,
                                    const std::string& by) {
  if (auto status = named(by); !status) return status;
  auto possible = look([&](store::Records& records) -> core::Status {
    auto item = identity::find_unmerge_item(records, unmerge, type, id);
    if (!item) return core::fail(item.error());
    auto unmerges = identity::list_unmerges(records, 10'000);
    if (!unmerges) return core::fail(unmerges.error());
    for (const auto& one : *unmerges) {
      if (one.sequence != unmerge) continue;
      if (to.empty() || to == one.retired || to == one.survivor) return {};
    }
    return core::fail(ErrorCode::kNotFound, "it goes to one of the two Patients, or stays");
  });
  if (!possible) return possible;
  const std::string number = std::to_string(unmerge.value());
  auto done = command(
      kSettle,
      order_of({{"unmerge", number}, {"type", type}, {"id", id}, {"to", to}, {"by", by}}));
  return done ? core::Status() : core::fail(done.error());
}

}  // namespace pipeline
