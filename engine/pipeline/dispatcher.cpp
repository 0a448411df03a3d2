#include "dispatcher.hpp"

#include <core/log.hpp>
#include <core/thread.hpp>
#include <fhir/bundle.hpp>
#include <fhir/json.hpp>

#include <algorithm>

namespace pipeline {
namespace {

using namespace std::chrono_literals;

inline constexpr std::size_t kReadAtOnce = 256;
inline constexpr int kBreakerFailures = 3;
/// Outcomes wait this long for company before they are journaled.
inline constexpr std::chrono::milliseconds kOutcomeDelay = 20ms;
inline constexpr std::chrono::milliseconds kIdleWait = 1000ms;

}  // namespace

Dispatcher::Dispatcher(Parts parts)
    : parts_(std::move(parts)),
      random_(std::random_device{}()),
      delivered_(parts_.metrics->counter("chartwire_deliveries_total", "Bundles delivered",
                                         {{"destination", parts_.config->name.value()}})),
      attempts_(parts_.metrics->counter("chartwire_delivery_attempts_total", "Bundles sent",
                                        {{"destination", parts_.config->name.value()}})),
      transient_(parts_.metrics->counter("chartwire_delivery_retries_total",
                                         "Attempts that failed and are tried again",
                                         {{"destination", parts_.config->name.value()}})),
      refused_(parts_.metrics->counter("chartwire_delivery_refused_total",
                                       "Bundles a destination refused for good",
                                       {{"destination", parts_.config->name.value()}})),
      queue_(parts_.metrics->gauge("chartwire_delivery_window",
                                   "Queued Bundles in memory; the rest waits on disk",
                                   {{"destination", parts_.config->name.value()}})) {}

Dispatcher::~Dispatcher() { stop(0ms); }

void Dispatcher::start() {
  thread_ = std::thread([this] {
    core::begin_thread("cw-deliver", core::ThreadWork::kBackground);
    run();
  });
}

void Dispatcher::wake(bool reload) {
  {
    std::lock_guard lock(mutex_);
    woken_ = true;
    reload_ = reload_ || reload;
  }
  wake_.notify_one();
}

void Dispatcher::run() {
  std::unique_lock lock(mutex_);
  woken_ = true;
  while (wait_for_work(lock)) {
    take_completions();
    release_due(std::chrono::steady_clock::now());
    refill(lock);
    send_ready(lock);
    flush_outcomes(lock, false);
    queue_.set(static_cast<double>(items_.size()));
  }
}

bool Dispatcher::wait_for_work(std::unique_lock<std::mutex>& lock) {
  if (!stopping_ && !woken_ && completions_.empty()) {
    const SteadyTime now = std::chrono::steady_clock::now();
    SteadyTime until = now + kIdleWait;
    if (!timers_.empty()) until = std::min(until, timers_.begin()->first);
    if (!outcomes_.empty()) until = std::min(until, first_outcome_ + kOutcomeDelay);
    if (failures_in_a_row_ >= kBreakerFailures && !ready_.empty() && in_flight_ == 0) {
      until = std::min(until, probe_at_);
    }
    wake_.wait_until(lock, until,
                     [this] { return stopping_ || woken_ || !completions_.empty(); });
  }
  return !stopping_;
}

void Dispatcher::refill(std::unique_lock<std::mutex>& lock) {
  if (reload_) {
    cursor_ = 0;
    spilled_.clear();
    held_unseen_.clear();
    for (const auto& [row, item] : items_) {
      if (item.phase == Phase::kHeld) held_unseen_.insert(row);
    }
    reload_ = false;
    woken_ = true;
  }
  if (woken_) exhausted_ = false;
  woken_ = false;
  while (!exhausted_ && !stopping_ && (items_.size() < kWindow || !held_unseen_.empty())) {
    const std::int64_t from = cursor_;
    lock.unlock();
    auto found = parts_.reader->pending(parts_.config->name, from, kReadAtOnce);
    lock.lock();
    if (!found) {
      last_error_ = found.error().text();
      core::log_error("outbox-read-failed", {{"destination", parts_.config->name.value()},
                                             {"reason", found.error().text()}});
      return;
    }
    exhausted_ = found->size() < kReadAtOnce;
    if (reload_ || cursor_ != from) return;
    for (store::OutboxItem& item : *found) {
      cursor_ = std::max(cursor_, item.row);
      held_unseen_.erase(item.row);
      insert(std::move(item));
    }
    forget_decided();
  }
  prune_finals();
}

/// A held item that is not in the outbox any more was given up by an operator: its lanes flow on.
void Dispatcher::forget_decided() {
  while (!held_unseen_.empty() && (exhausted_ || *held_unseen_.begin() <= cursor_)) {
    const std::int64_t row = *held_unseen_.begin();
    held_unseen_.erase(held_unseen_.begin());
    const auto at = items_.find(row);
    if (at == items_.end()) continue;
    const Item item = std::move(at->second);
    items_.erase(at);
    leave_lanes(item);
  }
}

void Dispatcher::insert(store::OutboxItem outbox) {
  const std::int64_t row = outbox.row;
  if (finals_.contains(row)) return;
  if (const auto known = items_.find(row); known != items_.end()) {
    // Read again after an operator's command: a held item may have been released.
    if (known->second.phase == Phase::kHeld && outbox.state != store::OutboxItem::State::kHeld) {
      known->second.phase = Phase::kWaiting;
      check_ready(row);
    }
    return;
  }
  for (const std::string& lane : outbox.lanes) {
    if (!spilled_.contains(lane) && !blocked_and_full(lane)) continue;
    for (const std::string& every : outbox.lanes) spilled_.emplace(every, row);
    return;
  }
  for (const std::string& lane : outbox.after) {
    const auto at = spilled_.find(lane);
    if (at == spilled_.end() || at->second > row) continue;
    for (const std::string& every : outbox.lanes) spilled_.emplace(every, row);
    return;
  }
  for (const std::string& lane : outbox.lanes) lanes_[lane].insert(row);
  for (const std::string& lane : outbox.after) after_[lane].insert(row);
  Item item;
  item.phase = outbox.state == store::OutboxItem::State::kHeld ? Phase::kHeld : Phase::kWaiting;
  item.outbox = std::move(outbox);
  items_.emplace(row, std::move(item));
  check_ready(row);
}

bool Dispatcher::blocked_and_full(const std::string& lane) const {
  const auto rows = lanes_.find(lane);
  if (rows == lanes_.end() || rows->second.size() < kBlockedLaneMax) return false;
  const Phase head = items_.at(*rows->second.begin()).phase;
  return head == Phase::kBackOff || head == Phase::kHeld;
}

/// Behind a blocked head only the first items stay in memory, so that one patient's backlog cannot
/// fill the window; the rest is read again when the lane flows.
void Dispatcher::trim_lanes(const Item& head) {
  for (const std::string& lane : head.outbox.lanes) {
    while (blocked_and_full(lane)) {
      const std::int64_t row = *lanes_[lane].rbegin();
      const Item dropped = std::move(items_.at(row));
      items_.erase(row);
      ready_.erase(row);
      for (const std::string& every : dropped.outbox.after) {
        after_[every].erase(row);
        if (after_[every].empty()) after_.erase(every);
      }
      for (const std::string& every : dropped.outbox.lanes) {
        lanes_[every].erase(row);
        if (lanes_[every].empty()) lanes_.erase(every);
        const auto [at, fresh] = spilled_.emplace(every, row);
        if (!fresh) at->second = std::min(at->second, row);
      }
    }
  }
}

void Dispatcher::check_ready(std::int64_t row) {
  const auto at = items_.find(row);
  if (at == items_.end() || at->second.phase != Phase::kWaiting) return;
  for (const std::string& lane : at->second.outbox.lanes) {
    if (*lanes_[lane].begin() != row) return;
  }
  for (const std::string& lane : at->second.outbox.after) {
    const auto rows = lanes_.find(lane);
    if (rows != lanes_.end() && *rows->second.begin() < row) return;
  }
  at->second.phase = Phase::kReady;
  ready_.insert(row);
}

void Dispatcher::leave_lanes(const Item& item) {
  const std::int64_t row = item.outbox.row;
  for (const std::string& lane : item.outbox.after) {
    const auto waiting = after_.find(lane);
    if (waiting == after_.end()) continue;
    waiting->second.erase(row);
    if (waiting->second.empty()) after_.erase(waiting);
  }
  std::vector<std::int64_t> recheck;
  for (const std::string& lane : item.outbox.lanes) {
    auto& rows = lanes_[lane];
    rows.erase(row);
    if (!rows.empty()) recheck.push_back(*rows.begin());
    if (const auto waiting = after_.find(lane); waiting != after_.end()) {
      recheck.insert(recheck.end(), waiting->second.begin(), waiting->second.end());
    }
    if (!rows.empty()) continue;
    lanes_.erase(lane);
    if (const auto spill = spilled_.find(lane); spill != spilled_.end()) {
      // The lane flows again: read its later rows from disk.
      cursor_ = std::min(cursor_, spill->second - 1);
      spilled_.erase(spill);
      woken_ = true;
    }
  }
  for (std::int64_t other : recheck) check_ready(other);
}

void Dispatcher::finish(std::int64_t row, const std::string& state, const std::string& reason) {
  const auto at = items_.find(row);
  if (at == items_.end()) return;
  const Item item = std::move(at->second);
  if (outcomes_.empty()) first_outcome_ = std::chrono::steady_clock::now();
  outcomes_.push_back({item.outbox.sequence, item.outbox.part, state, reason, item.outbox.attempts,
                       row});
  finals_[row] = 0;
  items_.erase(at);
  leave_lanes(item);
}

void Dispatcher::take_completions() {
  std::vector<std::pair<std::int64_t, DeliveryOutcome>> batch;
  batch.swap(completions_);
  for (const auto& [row, outcome] : batch) completed(row, outcome);
}

void Dispatcher::completed(std::int64_t row, const DeliveryOutcome& outcome) {
  const auto at = items_.find(row);
  if (at == items_.end()) return;
  Item& item = at->second;
  ++item.outbox.attempts;
  switch (outcome.kind) {
    case DeliveryOutcome::Kind::kDelivered:
      failures_in_a_row_ = 0;
      delivered_.add();
      last_delivered_ = parts_.clock->now();
      finish(row, "delivered", "");
      return;
    case DeliveryOutcome::Kind::kTransient:
      last_error_ = outcome.reason;
      back_off(item, outcome);
      return;
    case DeliveryOutcome::Kind::kPermanent:
      break;
  }
  failures_in_a_row_ = 0;
  last_error_ = outcome.reason;
  refused_.add();
  const bool hold = parts_.config->on_refusal == DestinationConfig::OnRefusal::kHold;
  core::log_error(hold ? "delivery-held" : "delivery-parked",
                  {{"destination", parts_.config->name.value()},
                   {"sequence", item.outbox.sequence.value()},
                   {"attempts", item.outbox.attempts},
                   {"reason", outcome.reason}});
  if (!hold) {
    finish(row, "parked", outcome.reason);
    return;
  }
  item.phase = Phase::kHeld;   // stays at the head of its lanes until an operator acts
  trim_lanes(item);
  if (outcomes_.empty()) first_outcome_ = std::chrono::steady_clock::now();
  outcomes_.push_back({item.outbox.sequence, item.outbox.part, "held", outcome.reason,
                       item.outbox.attempts, row});
}

void Dispatcher::back_off(Item& item, const DeliveryOutcome& outcome) {
  transient_.add();
  const auto& max_age = parts_.config->max_age;
  if (max_age && parts_.clock->now() - item.outbox.created > *max_age) {
    core::log_error("delivery-parked", {{"destination", parts_.config->name.value()},
                                        {"sequence", item.outbox.sequence.value()},
                                        {"reason", "older than max_age"}});
    finish(item.outbox.row, "parked", "older than max_age: " + outcome.reason);
    return;
  }
  const int doublings = std::min(item.outbox.attempts - 1, 16);
  auto delay = std::min(parts_.config->retry_delay * (std::int64_t{1} << doublings),
                        parts_.config->retry_delay_max);
  // Full jitter on the upper half keeps many lanes from knocking at once.
  std::uniform_int_distribution<std::int64_t> jitter(delay.count() / 2, delay.count());
  delay = std::chrono::milliseconds(jitter(random_));
  if (outcome.retry_after) delay = std::max(delay, *outcome.retry_after);
  const SteadyTime now = std::chrono::steady_clock::now();
  if (outcome.http_status == 0) {
    if (++failures_in_a_row_ >= kBreakerFailures) probe_at_ = now + delay;
    if (failures_in_a_row_ == kBreakerFailures) {
      core::log_warn("destination-unreachable", {{"destination", parts_.config->name.value()},
                                                 {"reason", outcome.reason}});
    }
  } else {
    failures_in_a_row_ = 0;
  }
  item.phase = Phase::kBackOff;
  item.next_attempt = now + delay;
  timers_.emplace(item.next_attempt, item.outbox.row);
  trim_lanes(item);
}

void Dispatcher::release_due(SteadyTime now) {
  while (!timers_.empty() && timers_.begin()->first <= now) {
    const std::int64_t row = timers_.begin()->second;
    timers_.erase(timers_.begin());
    const auto at = items_.find(row);
    if (at == items_.end() || at->second.phase != Phase::kBackOff) continue;
    at->second.phase = Phase::kWaiting;
    check_ready(row);
  }
}

void Dispatcher::send_ready(std::unique_lock<std::mutex>& lock) {
  while (!stopping_ && !ready_.empty() && in_flight_ < parts_.config->connections) {
    if (failures_in_a_row_ >= kBreakerFailures &&
        (in_flight_ > 0 || std::chrono::steady_clock::now() < probe_at_)) {
      return;   // one probe at a time while the destination is unreachable
    }
    const std::int64_t row = *ready_.begin();
    ready_.erase(ready_.begin());
    Item& item = items_.at(row);
    item.phase = Phase::kInFlight;
    ++in_flight_;
    attempts_.add();
    // Stays where it is: nobody but this thread takes items out or changes them.
    const store::OutboxItem& outbox = item.outbox;
    lock.unlock();
    Delivery delivery;
    delivery.sequence = outbox.sequence;
    delivery.part = outbox.part;
    delivery.traceparent = outbox.traceparent;
    auto bundle = parts_.message ? parts_.message(outbox, *parts_.reader) : bundle_of(outbox);
    const auto done = [this, row](DeliveryOutcome outcome) {
      {
        std::lock_guard guard(mutex_);
        --in_flight_;
        completions_.emplace_back(row, std::move(outcome));
      }
      wake_.notify_one();
    };
    if (bundle) {
      delivery.body = std::move(*bundle);
      parts_.destination->deliver(std::move(delivery), done);
    } else {
      // Corrupt history is parked, never delivered; a busy store is tried again.
      const bool corrupt = bundle.error().code == core::ErrorCode::kStoreCorrupt ||
                           bundle.error().code == core::ErrorCode::kNotMapped;
      DeliveryOutcome outcome;
      outcome.kind =
          corrupt ? DeliveryOutcome::Kind::kPermanent : DeliveryOutcome::Kind::kTransient;
      outcome.http_status = corrupt ? 0 : 599;
      outcome.reason = bundle.error().text();
      done(std::move(outcome));
    }
    lock.lock();
  }
}

core::Result<std::string> Dispatcher::bundle_of(const store::OutboxItem& item) {
  std::vector<store::RecentVersions::Kept> resources;
  resources.reserve(item.resources.size());
  for (const store::VersionRef& ref : item.resources) {
    if (auto known = parts_.recent->find(ref)) {
      resources.push_back(std::move(known));
      continue;
    }
    auto version = parts_.reader->get_version(ref.type, ref.id, ref.version);
    if (!version) return core::fail(version.error());
    if (!*version) {
      return core::fail(core::ErrorCode::kStoreCorrupt, "a queued resource version is missing");
    }
    resources.push_back(std::make_shared<const store::Resource>(std::move(**version)));
    parts_.recent->keep(resources.back());
  }
  std::vector<fhir::BundleEntry> entries;
  entries.reserve(resources.size());
  for (const store::RecentVersions::Kept& resource : resources) {
    fhir::BundleEntry& entry = entries.emplace_back();
    entry.type = resource->type;
    entry.id = resource->id;
    if (resource->deleted) {
      entry.method = "DELETE";
    } else {
      entry.json = resource->body;
    }
  }
  const std::string base = parts_.config->url + "/";
  fhir::BundleHead head;
  head.identifier_system = "urn:chartwire:message";
  head.identifier_value = item.identifier;
  head.base = base;
  std::string bundle;
  fhir::write_bundle(head, entries, bundle);
  return bundle;
}

void Dispatcher::flush_outcomes(std::unique_lock<std::mutex>& lock, bool wait) {
  while (!outcomes_.empty()) {
    const bool due = wait || outcomes_.size() >= kOutcomesPerEntry ||
                     std::chrono::steady_clock::now() >= first_outcome_ + kOutcomeDelay;
    if (!due) return;
    const std::size_t count = std::min(outcomes_.size(), kOutcomesPerEntry);
    std::string json = "{\"destination\":";
    fhir::write_json_string(parts_.config->name.value(), json);
    json += ",\"outcomes\":[";
    auto rows = std::make_shared<std::vector<std::int64_t>>();
    for (std::size_t i = 0; i < count; ++i) {
      const Outcome& outcome = outcomes_[i];
      json += i == 0 ? "{\"sequence\":" : ",{\"sequence\":";
      json += std::to_string(outcome.sequence.value()) + ",\"part\":" +
              std::to_string(outcome.part) + ",\"state\":\"" + outcome.state + "\"";
      if (outcome.state != "delivered") {
        json += ",\"attempts\":" + std::to_string(outcome.attempts) + ",\"reason\":";
        fhir::write_json_string(outcome.reason, json);
      }
      json += '}';
      if (outcome.state != "held") rows->push_back(outcome.row);
    }
    json += "]}";
    outcomes_.erase(outcomes_.begin(), outcomes_.begin() + static_cast<std::ptrdiff_t>(count));
    first_outcome_ = std::chrono::steady_clock::now();
    store::Entry entry;
    entry.kind = store::EntryKind::kDelivery;
    entry.received = parts_.clock->now();
    entry.type = "delivery";
    entry.raw = std::move(json);
    const auto appended = [this, rows](const store::Appended& result) {
      // Not journaled: after a restart these go out again, which at-least-once allows.
      std::lock_guard guard(mutex_);
      const std::uint64_t sequence = result.sequence.value();
      if (sequence == 0) return;
      for (std::int64_t row : *rows) {
        finals_[row] = sequence;
        journaled_.emplace_back(sequence, row);
      }
    };
    lock.unlock();
    if (wait) {
      appended(parts_.journal->append_and_wait(std::move(entry)));
    } else {
      parts_.journal->append(std::move(entry), appended);
    }
    lock.lock();
  }
}

void Dispatcher::prune_finals() {
  const std::uint64_t applied = parts_.applied().value();
  while (!journaled_.empty() && journaled_.front().first <= applied) {
    const auto [sequence, row] = journaled_.front();
    journaled_.pop_front();
    const auto final = finals_.find(row);
    if (final != finals_.end() && final->second == sequence) finals_.erase(final);
  }
}

void Dispatcher::stop(std::chrono::milliseconds grace) {
  if (!thread_.joinable()) return;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, grace, [this] { return in_flight_ == 0; });
  lock.unlock();
  parts_.destination->close();   // pending ones complete as transient
  lock.lock();
  wake_.wait(lock, [this] { return in_flight_ == 0; });
  take_completions();
  flush_outcomes(lock, true);
  lock.unlock();
  parts_.journal->flush();   // no callback of ours is left behind
}

DestinationStatus Dispatcher::status() const {
  DestinationStatus status;
  std::lock_guard lock(mutex_);
  status.name = parts_.config->name;
  status.in_flight = in_flight_;
  status.breaker_open = failures_in_a_row_ >= kBreakerFailures;
  status.last_error = last_error_;
  status.last_delivered = last_delivered_;
  status.delivered = static_cast<std::uint64_t>(delivered_.value());
  for (const auto& [row, item] : items_) {
    if (item.phase == Phase::kBackOff) ++status.backing_off;
  }
  return status;
}

}  // namespace pipeline
