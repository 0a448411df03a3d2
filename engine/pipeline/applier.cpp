#include "applier.hpp"

#include <core/hash.hpp>
#include <core/log.hpp>
#include <core/text.hpp>
#include <core/thread.hpp>
#include <fhir/json.hpp>
#include <pipeline/site.hpp>

#include <algorithm>
#include <chrono>

#include "forwarder.hpp"

namespace pipeline {
namespace {

using core::ErrorCode;

inline constexpr std::chrono::milliseconds kRetryDelay{500};

/// W3C trace context derived from the entry, so that a repeated apply names the same trace.
std::string traceparent(const store::Entry& entry, int part) {
  const std::string seed = std::to_string(entry.sequence.value()) + "/" + std::to_string(part);
  const core::Digest trace = core::sha256(
      std::string_view(reinterpret_cast<const char*>(entry.digest.data()), entry.digest.size()));
  const core::Digest span = core::sha256(seed);
  return "00-" + core::to_hex({reinterpret_cast<const char*>(trace.data()), 16}) + "-" +
         core::to_hex({reinterpret_cast<const char*>(span.data()), 8}) + "-01";
}

std::string issues_json(const hl7::Issues& issues) {
  std::string json = "[";
  for (const hl7::Issue& issue : issues) {
    if (json.size() > 1) json += ',';
    json += "{\"code\":";
    fhir::write_json_string(core::entry(issue.code).slug, json);
    json += ",\"at\":";
    fhir::write_json_string(issue.at.text(), json);
    json += ",\"text\":";
    fhir::write_json_string(issue.text, json);
    json += "}";
  }
  return json + "]";
}

/// "<feed>|<MSH-3.1>|<MSH-4.1>|<MSH-10>|<sequence>"
std::string bundle_identifier(const MappedEntry& slot) {
  const hl7::Header header = hl7::read_header(*slot.message);
  return slot.entry.feed.value() + "|" + header.sending_application.child(1).text() + "|" +
         header.sending_facility.child(1).text() + "|" + slot.entry.control_id.value() + "|" +
         std::to_string(slot.entry.sequence.value());
}

/// The index costs memory and a pass over all Patients at start: only where a feed wants it.
std::unique_ptr<identity::Mpi> make_mpi(const Applier::Parts& parts) {
  const auto& feeds = parts.config->feeds;
  const bool wanted = std::any_of(feeds.begin(), feeds.end(), [](const FeedConfig& feed) {
    return feed.mpi != FeedConfig::Mpi::kOff;
  });
  if (!wanted || parts.knowledge->mpi == nullptr) return nullptr;
  return std::make_unique<identity::Mpi>(*parts.records, parts.knowledge->mpi);
}

identity::Mpi::Mode mode_of(const FeedConfig& feed) {
  switch (feed.mpi) {
    case FeedConfig::Mpi::kOff: return identity::Mpi::Mode::kOff;
    case FeedConfig::Mpi::kReview: return identity::Mpi::Mode::kReview;
    case FeedConfig::Mpi::kLink: return identity::Mpi::Mode::kLink;
  }
  return identity::Mpi::Mode::kOff;
}

/// The destination of that name when it takes HL7 v2, else nullptr.
const DestinationConfig* v2_receiver(const EngineConfig& config,
                                     const core::DestinationName& name) {
  for (const DestinationConfig& one : config.destinations) {
    if (one.name == name && V2Address::parse(one.url)) return &one;
  }
  return nullptr;
}

}  // namespace

Applier::Applier(Parts parts)
    : parts_(std::move(parts)),
      charts_(*parts_.records, parts_.knowledge->rules, him_site(*parts_.config)),
      mpi_(make_mpi(parts_)),
      apply_(*parts_.records, charts_, mpi_.get()),
      stage_(*parts_.config, parts_.knowledge, *parts_.journal, parts_.unmapped),
      applied_(parts_.metrics->counter("chartwire_entries_applied_total",
                                       "Journal entries applied to the records")),
      messages_(parts_.metrics->counter("chartwire_messages_applied_total",
                                        "Messages applied to the records")),
      failed_(parts_.metrics->counter("chartwire_messages_failed_total",
                                      "Stored messages that could not be mapped or applied")),
      opened_(parts_.metrics->counter("chartwire_deficiencies_opened_total",
                                      "Chart deficiencies opened")),
      closed_(parts_.metrics->counter("chartwire_deficiencies_closed_total",
                                      "Chart deficiencies closed")),
      batch_seconds_(parts_.metrics->histogram(
          "chartwire_apply_batch_seconds", "Time of one apply transaction", {},
          {0.001, 0.005, 0.02, 0.1, 0.5, 2})) {}

Applier::~Applier() { stop(); }

core::Status Applier::start() {
  auto position = parts_.records->position();
  if (!position) return core::fail(position.error());
  position_ = position->value();
  if (mpi_ != nullptr) {
    if (auto status = mpi_->start(); !status) return status;
  }
  parts_.waiters->applied_up_to(*position);
  commit_effects();
  stage_.start(*position);
  thread_ = std::thread([this] {
    core::begin_thread("cw-apply", core::ThreadWork::kApply);
    run();
  });
  return {};
}

void Applier::stop() {
  stopping_ = true;
  stage_.stop();
  if (thread_.joinable()) thread_.join();
}

std::string Applier::trouble() const {
  std::lock_guard lock(mutex_);
  return trouble_;
}

std::optional<core::Instant> Applier::next_deadline() const {
  std::lock_guard lock(mutex_);
  return deadline_;
}

void Applier::run() {
  std::vector<MappedEntry*> batch;
  while (MappedEntry* first = stage_.next(true)) {
    do {
      batch.assign(1, first);
      while (batch.size() < MapStage::kSlots) {
        MappedEntry* more = stage_.next(false);
        if (more == nullptr) break;
        batch.push_back(more);
      }
      const core::Sequence last = batch.back()->entry.sequence;
      core::Status status = apply_batch(batch);
      const bool full = in_transaction_ >= kTransactionEntries || !parts_.waiters->empty() ||
                        parts_.records->commit_wanted();
      if (status && full) status = commit(last);
      for (MappedEntry* slot : batch) stage_.release(slot);
      if (!status && !recover(status.error(), last)) return;
      first = stage_.next(false);
    } while (first != nullptr);
    // Nothing more is mapped: what is done becomes visible.
    if (!open_) continue;
    const core::Sequence last = applied_to_;
    if (auto status = commit(last); !status && !recover(status.error(), last)) return;
  }
}

/// The store, or an entry, failed in the middle of a transaction: everything since the last commit
/// is read again from the journal and applied, until the store lets it. @return false when stopped
/// before.
bool Applier::recover(core::Error error, core::Sequence last) {
  while (!stopping_) {
    undo();
    if (is_environment(error)) {
      core::log_error("apply-failed",
                      {{"reason", error.text()}, {"sequence", position_.load() + 1}});
      {
        std::lock_guard lock(mutex_);
        trouble_ = error.text();
      }
      std::this_thread::sleep_for(kRetryDelay);
    } else {
      careful_ = kCarefulEntries;
    }
    core::Status status;
    while (status && position_ < last.value() && !stopping_) {
      auto entries = stage_.map_again(core::Sequence{position_.load()}, last);
      if (!entries) {
        status = core::fail(entries.error());
        break;
      }
      std::vector<MappedEntry*> batch;
      for (const auto& entry : *entries) batch.push_back(entry.get());
      status = apply_batch(batch);
      if (status) status = commit(batch.back()->entry.sequence);
    }
    if (status) return position_ >= last.value();
    error = status.error();
  }
  undo();
  return false;
}

void Applier::undo() {
  parts_.records->rollback();
  charts_.forget();
  apply_.forget();
  if (mpi_ != nullptr) {
    if (auto undone = mpi_->undo_all(); !undone) {
      core::log_error("apply-failed", {{"reason", undone.error().text()}});
    }
  }
  open_ = false;
  in_transaction_ = 0;
  outcomes_.clear();
  counts_ = {};
}

/// Without savepoints: one costs a copy of each page that is touched below it. Only when an entry
/// fails is the transaction begun anew with one for each entry.
core::Status Applier::apply_batch(const std::vector<MappedEntry*>& batch) {
  const auto began = std::chrono::steady_clock::now();
  if (!open_) {
    if (auto status = parts_.records->begin(); !status) return status;
    open_ = true;
  }
  if (auto status = apply_entries(batch); !status) return status;
  in_transaction_ += batch.size();
  careful_ -= std::min(careful_, batch.size());
  applied_to_ = batch.back()->entry.sequence;
  batch_seconds_.observe(
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
  return {};
}

core::Status Applier::apply_entries(const std::vector<MappedEntry*>& batch) {
  for (MappedEntry* slot : batch) {
    if (auto status = apply_entry(*slot); !status) return status;
  }
  return {};
}

core::Status Applier::mark() {
  if (auto status = parts_.records->savepoint(); !status) return status;
  if (mpi_ != nullptr) mpi_->savepoint();
  return {};
}

core::Status Applier::undo_to_mark() {
  charts_.forget();
  apply_.forget();
  if (auto status = parts_.records->rollback_to_savepoint(); !status) return status;
  return mpi_ != nullptr ? mpi_->undo_to_savepoint() : core::Status();
}

core::Status Applier::commit(core::Sequence position) {
  if (auto status = parts_.records->commit(position); !status) return status;
  open_ = false;
  position_ = position.value();
  if (mpi_ != nullptr) mpi_->committed();
  applied_.add(static_cast<double>(in_transaction_));
  messages_.add(static_cast<double>(counts_.messages));
  failed_.add(static_cast<double>(counts_.failed));
  opened_.add(static_cast<double>(counts_.opened));
  closed_.add(static_cast<double>(counts_.closed));
  in_transaction_ = 0;
  counts_ = {};
  commit_effects();
  for (auto& [sequence, outcome] : outcomes_) parts_.waiters->applied(sequence, outcome);
  outcomes_.clear();
  parts_.waiters->applied_up_to(position);
  if (parts_.on_commit) parts_.on_commit();
  return {};
}

void Applier::commit_effects() {
  auto deadline = charts_.next_deadline();
  std::lock_guard lock(mutex_);
  trouble_.clear();
  deadline_ = deadline ? *deadline : std::nullopt;
}

core::Status Applier::apply_entry(MappedEntry& slot) {
  switch (slot.entry.kind) {
    case store::EntryKind::kMessage:
      return apply_message(slot);
    case store::EntryKind::kTick:
      return apply_tick(slot.entry);
    case store::EntryKind::kDelivery:
      return apply_delivery(slot.entry);
    case store::EntryKind::kCommand:
      return apply_command(slot.entry);
    case store::EntryKind::kConfig:
    case store::EntryKind::kRejected:
      return {};
  }
  return {};
}

core::Status Applier::apply_message(MappedEntry& slot) {
  if (slot.error) return fail_message(slot, *slot.error);
  if (careful_ > 0) {
    if (auto status = mark(); !status) return status;
  }
  auto result = apply_.apply(slot.entry, *slot.message, *slot.output, slot.prints,
                             *slot.environment, mode_of(*slot.feed), slot.feed->historical);
  core::Status routed;
  if (result) routed = route(slot, *result);
  if (!result || !routed) {
    const core::Error error = result ? routed.error() : result.error();
    if (careful_ == 0 || is_environment(error)) return core::fail(error);
    if (auto status = undo_to_mark(); !status) return status;
    return fail_message(slot, error);
  }
  ++counts_.messages;
  counts_.opened += result->opened;
  counts_.closed += result->closed;
  store::MessageState state;
  state.sequence = slot.entry.sequence;
  state.feed = slot.entry.feed.value();
  state.control_id = slot.entry.control_id.value();
  state.type = slot.entry.type;
  state.mapping_hash = parts_.knowledge->mappings.at(slot.feed->mapping)->hash();
  state.received = slot.entry.received;
  if (result->held) state.state = store::MessageState::State::kHeld;
  state.lanes = result->lanes;
  state.resources = static_cast<std::uint32_t>(result->touched.size());
  state.issues = issues_json(result->issues);
  return parts_.records->set_message(state);
}

core::Status Applier::fail_message(MappedEntry& slot, const core::Error& error) {
  ++counts_.failed;
  core::log_warn("message-not-applied", {{"feed", slot.entry.feed.value()},
                                         {"sequence", slot.entry.sequence.value()},
                                         {"type", slot.entry.type},
                                         {"reason", error.text()}});
  store::MessageState state;
  state.sequence = slot.entry.sequence;
  state.state = store::MessageState::State::kFailed;
  state.feed = slot.entry.feed.value();
  state.control_id = slot.entry.control_id.value();
  state.type = slot.entry.type;
  state.error = error.text();
  state.received = slot.entry.received;
  state.lanes = {"feed:" + slot.entry.feed.value()};
  state.issues = "[]";
  outcomes_.push_back({slot.entry.sequence, {Applied::Kind::kFailed, state.error}});
  return parts_.records->set_message(state);
}

core::Status Applier::route(const MappedEntry& slot, const ApplyResult& result) {
  const std::string identifier = bundle_identifier(slot);
  for (const RouteConfig& rule : parts_.config->routes) {
    if (rule.from != slot.entry.feed) continue;
    const auto& ids = rule.processing_ids;
    if (std::find(ids.begin(), ids.end(), slot.processing_id) == ids.end()) continue;
    if (const DestinationConfig* receiver = v2_receiver(*parts_.config, rule.to)) {
      if (auto status = forward(*receiver, slot, result); !status) return status;
      continue;
    }
    if (auto status = enqueue(rule.to, slot.entry, result, identifier, 1); !status) return status;
  }
  return {};
}

/// The message itself goes to an HL7 v2 receiver, once: a replay changes records, not what others
/// have been told. One that only the replay made applicable goes out then.
core::Status Applier::forward(const DestinationConfig& receiver, const MappedEntry& slot,
                              const ApplyResult& result) {
  if (!slot.feed || !slot.message || result.held) return {};
  if (!goes_to(receiver, *slot.feed, *parts_.knowledge, *slot.message)) return {};
  if (slot.entry.cites != 0) {
    auto first = parts_.records->message(core::Sequence{slot.entry.cites});
    if (!first) return core::fail(first.error());
    using State = store::MessageState::State;
    const State before = *first ? (*first)->state : State::kFailed;
    if (before != State::kFailed && before != State::kHeld) return {};
  }
  store::OutboxItem item;
  item.destination = receiver.name;
  item.sequence = slot.entry.sequence;
  item.part = 1;
  item.created = slot.entry.received;
  item.lanes = result.lanes;
  item.identifier = bundle_identifier(slot);
  item.traceparent = traceparent(slot.entry, item.part);
  return parts_.records->enqueue(item);
}

core::Status Applier::enqueue(const core::DestinationName& destination, const store::Entry& entry,
                              const ApplyResult& result, const std::string& identifier, int part) {
  store::OutboxItem shared;
  store::OutboxItem own;
  for (const TouchedResource& touched : result.touched) {
    if (!touched.shared) {
      own.resources.push_back(touched.ref);
    } else if (touched.changed) {
      shared.resources.push_back(touched.ref);
      shared.lanes.push_back(touched.ref.type + "/" + touched.ref.id);
    }
  }
  for (store::OutboxItem* item : {&shared, &own}) {
    if (item->resources.empty()) continue;
    item->destination = destination;
    item->sequence = entry.sequence;
    item->created = entry.received;
    item->part = item == &shared ? 0 : part;
    item->traceparent = traceparent(entry, item->part);
    if (item == &own) {
      item->lanes = result.lanes;
      item->after = result.shared_lanes;
      item->identifier = identifier;
    } else {
      const std::string& from = entry.feed.value().empty() ? entry.type : entry.feed.value();
      item->identifier = from + "|shared|" + std::to_string(entry.sequence.value());
    }
    if (auto status = parts_.records->enqueue(*item); !status) return status;
  }
  return {};
}

/// What no feed's routes decide about: for every receiver of resources.
core::Status Applier::enqueue_to_all(const store::Entry& entry, const ApplyResult& result,
                                     const std::string& identifier, int part) {
  for (const DestinationConfig& destination : parts_.config->destinations) {
    if (V2Address::parse(destination.url)) continue;   // it gets messages, not resources
    if (auto status = enqueue(destination.name, entry, result, identifier, part); !status) {
      return status;
    }
  }
  return {};
}

core::Status Applier::apply_tick(const store::Entry& entry) {
  const him::Cause cause{entry.sequence, "clock", entry.received};
  auto changes = charts_.sweep(cause);
  if (!changes) return core::fail(changes.error());
  return emit(*changes, entry, "clock");
}

/// Sends on what no message, but the clock or the department changed.
core::Status Applier::emit(const std::vector<him::Change>& changes, const store::Entry& entry,
                           std::string_view label) {
  const store::Stamp stamp{entry.sequence, entry.received, std::string(label), std::nullopt};
  int part = 0;
  for (const him::Change& change : changes) {
    ApplyResult result;
    if (auto status = apply_.write_changes({change}, stamp, result); !status) return status;
    counts_.opened += result.opened;
    counts_.closed += result.closed;
    ++part;
    const std::string identifier =
        std::string(label) + "|" + std::to_string(entry.sequence.value()) + "|" +
        std::to_string(part);
    if (auto status = enqueue_to_all(entry, result, identifier, part); !status) return status;
  }
  ApplyResult told;
  if (auto status = apply_.write_notices(stamp, told); !status) return status;
  return enqueue_to_all(entry, told, {}, part + 1);
}

core::Status Applier::apply_delivery(const store::Entry& entry) {
  fhir::Document document;
  auto tree = fhir::parse_json(entry.raw, document);
  if (!tree) return {};  // written by ourselves and digest-checked: nothing a retry would mend
  const core::DestinationName destination{std::string((*tree)->text_of("destination"))};
  const fhir::Node* items = (*tree)->find("outcomes");
  for (const fhir::Item* item = items ? items->first_item : nullptr; item; item = item->next) {
    const fhir::Node& outcome = *item->value;
    const auto sequence = core::to_int(outcome.text_of("sequence")).value_or(0);
    const auto part = core::to_int(outcome.text_of("part")).value_or(0);
    auto row = parts_.records->outbox_row(
        destination, core::Sequence{static_cast<std::uint64_t>(sequence)}, static_cast<int>(part));
    if (!row) return core::fail(row.error());
    if (!*row) continue;
    const std::string_view state = outcome.text_of("state");
    core::Status status;
    if (state == "delivered") {
      status = parts_.records->mark_delivered(**row);
    } else {
      const auto attempts = core::to_int(outcome.text_of("attempts")).value_or(0);
      status = parts_.records->mark(**row,
                                    state == "parked" ? store::OutboxItem::State::kParked
                                    : state == "held" ? store::OutboxItem::State::kHeld
                                                      : store::OutboxItem::State::kPending,
                                    static_cast<int>(attempts), outcome.text_of("reason"));
    }
    if (!status) return status;
  }
  return {};
}

core::Status Applier::apply_command(const store::Entry& entry) {
  if (entry.type.starts_with("mpi-")) return apply_mpi_command(entry);
  if (entry.type == "him") {
    fhir::Document document;
    const auto order = fhir::parse_json(entry.raw, document);
    if (!order) return {};  // checked before it was journaled
    const him::Cause cause{entry.sequence, "command|" + std::to_string(entry.sequence.value()),
                           entry.received};
    auto changes = charts_.command(**order, cause);
    if (!changes) return core::fail(changes.error());
    return emit(*changes, entry, "command");
  }
  // Operator decisions about the outbox share the form of delivery outcomes.
  return apply_delivery(entry);
}

}  // namespace pipeline
