// Decisions about identity that people made: pairs of the review queue, merges taken back.
#include <core/log.hpp>
#include <core/text.hpp>
#include <fhir/json.hpp>
#include <fmt/format.h>
#include <identity/conflict.hpp>
#include <identity/history.hpp>

#include <algorithm>

#include "applier.hpp"
#include "forwarder.hpp"
#include "repair_messages.hpp"

namespace pipeline {

bool is_environment(const core::Error& error) {
  switch (error.code) {
    case core::ErrorCode::kDiskFull:
    case core::ErrorCode::kIo:
    case core::ErrorCode::kStoreUnavailable:
    case core::ErrorCode::kStoreLocked:
    case core::ErrorCode::kBusy:
      return true;
    default:
      return false;
  }
}

/// Checked before it was journaled; what came in between can make it impossible, and then it
/// changes nothing.
core::Status Applier::apply_mpi_command(const store::Entry& entry) {
  fhir::Document document;
  auto order = fhir::parse_json(entry.raw, document);
  if (!order) return {};  // written by ourselves and digest-checked: nothing a retry would mend
  if (auto status = mark(); !status) return status;
  auto done = carry_out(entry, **order);
  if (done || is_environment(done.error())) return done;
  core::log_warn("command-not-applied", {{"sequence", entry.sequence.value()},
                                         {"type", entry.type},
                                         {"reason", done.error().text()}});
  return undo_to_mark();
}

core::Status Applier::carry_out(const store::Entry& entry, const fhir::Node& order) {
  if (entry.type == kUnmerge) return unmerge(entry, order);
  if (entry.type == kSettle) return settle(entry, order);
  if (entry.type == kConflictDecision) return decide_conflict(entry, order);
  return entry.type == kPairDecision ? decide_pair(entry, order) : core::Status();
}

core::Status Applier::send_to_all(const store::Entry& entry, const ApplyResult& result) {
  const std::string identifier = "command|" + std::to_string(entry.sequence.value());
  counts_.opened += result.opened;
  counts_.closed += result.closed;
  return enqueue_to_all(entry, result, identifier, 1);
}

/// Keeps the messages by which other systems follow, and queues them for every HL7 v2 receiver that
/// is routed from a feed which told of one of the patients: no other was told of them at all.
core::Status Applier::send_messages(const store::Entry& entry,
                                    const std::vector<std::string>& patients,
                                    const std::vector<identity::RepairMessage>& messages) {
  const auto feeds = feeds_of(*parts_.records, patients);
  if (!feeds) return core::fail(feeds.error());
  for (const identity::RepairMessage& message : messages) {
    if (auto status = identity::store_repair(*parts_.records, message); !status) return status;
    for (const DestinationConfig& receiver : parts_.config->destinations) {
      const FeedConfig* feed = repair_feed(*parts_.config, receiver, *feeds);
      if (!feed) continue;
      auto parsed = hl7::Message::parse(message.body);
      if (!parsed || !goes_to(receiver, *feed, *parts_.knowledge, *parsed)) continue;
      store::OutboxItem item;
      item.destination = receiver.name;
      item.sequence = entry.sequence;
      item.part = message.number;
      item.created = entry.received;
      item.lanes = patients;
      item.identifier = fmt::format("repair|{}|{}", entry.sequence.value(), message.number);
      if (auto status = parts_.records->enqueue(item); !status) return status;
    }
  }
  return {};
}

core::Status Applier::decide_pair(const store::Entry& entry, const fhir::Node& order) {
  const std::string patient(order.text_of("patient"));
  const std::string other(order.text_of("other"));
  const std::string_view by = order.text_of("by");
  store::Records& records = *parts_.records;
  if (order.text_of("decision") == kUnlink) return unlink_pair(entry, patient, other, by);
  const auto state = identity::pair_state_of(order.text_of("decision"));
  if (!state) return {};
  if (*state == identity::PairState::kMerged) {
    const std::string survivor(order.text_of("survivor"));
    auto approves = identity::may_merge(records, patient, other, survivor, by);
    if (!approves) return core::fail(approves.error());
    if (!*approves) return identity::propose_merge(records, patient, other, survivor, by);
    auto merged = apply_.merge_by_hand(entry, survivor == patient ? other : patient, survivor);
    if (!merged) return core::fail(merged.error());
    const std::string retired = survivor == patient ? other : patient;
    auto status = identity::decide_pair(records, patient, other, *state, by, entry.sequence,
                                        entry.received);
    if (!status) return status;
    auto messages = merge_messages(records, *parts_.config, retired, survivor, entry.sequence,
                                   entry.received);
    if (!messages) return core::fail(messages.error());
    status = send_messages(entry, {survivor, retired}, *messages);
    return status ? send_to_all(entry, *merged) : status;
  }
  auto decided = identity::decide_pair(records, patient, other, *state, by, entry.sequence,
                                       entry.received);
  if (!decided || *state != identity::PairState::kLinked) return decided;
  return tie_pair(entry, patient, other, true);
}

core::Status Applier::unlink_pair(const store::Entry& entry, const std::string& patient,
                                  const std::string& other, std::string_view by) {
  store::Records& records = *parts_.records;
  if (auto may = identity::may_unlink(records, patient, other); !may) return may;
  auto parted = identity::part_pair(records, patient, other, by, entry.sequence, entry.received);
  return parted ? tie_pair(entry, patient, other, false) : parted;
}

/// Links two Patients, or parts them again, and tells whoever was told of them.
core::Status Applier::tie_pair(const store::Entry& entry, const std::string& patient,
                               const std::string& other, bool together) {
  // A message that says otherwise, and was written before, comes too late from now on.
  const auto [first, second] = std::minmax(patient, other);
  auto status = identity::note_event(
      *parts_.records,
      {entry.sequence, together ? identity::EventKind::kLink : identity::EventKind::kUnlink, first,
       second, entry.received});
  if (!status) return status;
  ApplyResult result;
  const store::Stamp stamp{entry.sequence, entry.received, "command", std::nullopt};
  status = together ? apply_.link_patients(patient, other, stamp, result)
                    : apply_.unlink_patients(patient, other, stamp, result);
  if (!status) return status;
  auto messages = link_messages(*parts_.records, *parts_.config, patient, other, together,
                                entry.sequence, entry.received);
  if (!messages) return core::fail(messages.error());
  status = send_messages(entry, {patient, other}, *messages);
  return status ? send_to_all(entry, result) : status;
}

core::Status Applier::unmerge(const store::Entry& entry, const fhir::Node& order) {
  identity::Detachment plan;
  auto done = apply_.unmerge_by_hand(entry, std::string(order.text_of("patient")), &plan);
  if (!done) return core::fail(done.error());
  const identity::UnmergeRecord record{
      entry.sequence, plan.merged,     plan.retired,
      plan.survivor,  std::string(order.text_of("by")), std::string(order.text_of("reason")),
      entry.received};
  auto status = identity::store_unmerge(*parts_.records, record, plan);
  if (status) status = identity::part_pair(*parts_.records, plan.retired, plan.survivor, record.by,
                                           entry.sequence, entry.received);
  if (!status) return status;
  auto repairs = repair_messages(*parts_.records, *parts_.config, plan, entry.sequence,
                                 entry.received);
  if (!repairs) return core::fail(repairs.error());
  status = send_messages(entry, {plan.survivor, plan.retired}, *repairs);
  return status ? send_to_all(entry, *done) : status;
}

core::Status Applier::decide_conflict(const store::Entry& entry, const fhir::Node& order) {
  const core::Sequence held{
      static_cast<std::uint64_t>(core::to_int(order.text_of("sequence")).value_or(0))};
  const std::string_view decision = order.text_of("decision"), by = order.text_of("by");
  const std::string_view reason = order.text_of("reason");
  auto decided = identity::decide_conflict(*parts_.records, held, decision == "accept", by, reason,
                                           entry.received);
  if (!decided) return core::fail(decided.error());
  apply_.forget_conflicts();
  const him::Cause cause{entry.sequence, "command|" + std::to_string(entry.sequence.value()),
                         entry.received};
  const std::string words =
      std::string(decision) + (reason.empty() ? "" : ": " + std::string(reason));
  for (const identity::Conflict& one : *decided) {
    auto changes = charts_.settle_held(one.event, words, by, cause);
    if (!changes) return core::fail(changes.error());
    if (auto sent = emit(*changes, entry, "command"); !sent) return sent;
  }
  return {};
}

core::Status Applier::settle(const store::Entry& entry, const fhir::Node& order) {
  const core::Sequence of{
      static_cast<std::uint64_t>(core::to_int(order.text_of("unmerge")).value_or(0))};
  const std::string type(order.text_of("type"));
  const std::string id(order.text_of("id"));
  const std::string to(order.text_of("to"));
  auto item = identity::find_unmerge_item(*parts_.records, of, type, id);
  if (!item) return core::fail(item.error());
  auto status = identity::settle_item(*parts_.records, of, type, id, to, order.text_of("by"));
  if (!status || to.empty() || to == item->patient) return status;
  auto moved = apply_.move_by_hand(entry, type, id, item->patient, to);
  return moved ? send_to_all(entry, *moved) : core::fail(moved.error());
}

}  // namespace pipeline
