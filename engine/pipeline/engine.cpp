#include <pipeline/engine.hpp>

#include <core/log.hpp>
#include <core/text.hpp>
#include <core/thread.hpp>
#include <fhir/json.hpp>
#include <identity/conflict.hpp>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "applier.hpp"
#include "apply_waiters.hpp"
#include "dispatcher.hpp"
#include "forwarder.hpp"
#include "intake.hpp"
#include "search_keeper.hpp"

namespace pipeline {
namespace {

using namespace std::chrono_literals;
using core::ErrorCode;

/// How often the ticker looks at the clock; due times are minutes and days.
inline constexpr std::chrono::milliseconds kTickInterval = 200ms;

}  // namespace

struct Engine::Impl {
  Options options;
  std::string config_hash;
  ApplyWaiters waiters;
  mapping::UnmappedTally unmapped;
  std::unique_ptr<store::Journal> journal;
  const std::shared_ptr<store::RecentVersions> recent = std::make_shared<store::RecentVersions>();
  std::unique_ptr<store::Records> records;        // the applier's
  mutable std::mutex status_mutex;
  std::unique_ptr<store::Records> status_reader;  // under status_mutex
  std::unique_ptr<SearchKeeper> search;
  std::unique_ptr<Applier> applier;
  std::vector<std::unique_ptr<Dispatcher>> dispatchers;
  std::atomic<bool> dispatchers_stand{false};   ///< the list is whole: the applier may walk it
  std::unique_ptr<Intake> intake;
  std::atomic<bool> draining{false};
  std::atomic<bool> fatal{false};
  std::mutex tick_mutex;
  std::condition_variable tick_wake;
  bool stop_ticking = false;
  std::int64_t last_tick = 0;   // micros of the last journaled tick
  std::thread ticker;

  core::Status open();
  core::Status catch_up();
  core::Status start_dispatchers();
  void journal_config();
  void tick_loop();
  void tick_if_due();
};

Engine::Engine() : impl_(std::make_unique<Impl>()) {}
Engine::~Engine() { drain(0ms); }

core::Result<std::unique_ptr<Engine>> Engine::start(Options options) {
  std::unique_ptr<Engine> engine(new Engine());
  Impl& impl = *engine->impl_;
  impl.options = std::move(options);
  const core::Digest digest =
      core::sha256(impl.options.config.text + impl.options.knowledge->hash());
  impl.config_hash = core::to_hex({reinterpret_cast<const char*>(digest.data()), 16});
  if (auto status = impl.open(); !status) return core::fail(status.error());
  impl.journal_config();
  if (auto status = impl.catch_up(); !status) return core::fail(status.error());
  if (auto status = impl.start_dispatchers(); !status) return core::fail(status.error());
  impl.intake = std::make_unique<Intake>(Intake::Parts{
      &impl.options.config, impl.options.knowledge, impl.journal.get(), impl.options.clock,
      impl.options.metrics, &impl.waiters, impl.config_hash});
  impl.ticker = std::thread([&impl] {
    core::begin_thread("cw-clock", core::ThreadWork::kBackground);
    impl.tick_loop();
  });
  return engine;
}

core::Status Engine::Impl::open() {
  store::Journal::Options journal_options;
  journal_options.directory = options.config.store_path + "/journal";
  journal_options.duplicates_window = options.config.duplicates_window;
  journal_options.disk_free_min_bytes = options.config.disk_free_min_bytes;
  journal_options.sync = options.sync;
  journal_options.metrics = options.metrics;
  journal_options.on_fatal = [this](const core::Error& error) {
    fatal = true;
    core::log_error("journal-fatal", {{"reason", error.text()}});
    if (options.on_fatal) options.on_fatal(error);
  };
  auto opened = store::Journal::open(std::move(journal_options), *options.clock);
  if (!opened) return core::fail(opened.error());
  journal = std::move(*opened);
  const schema::R4& r4 = options.knowledge->r4;
  auto store = store::Records::open(options.config.store_path, r4, recent);
  if (!store) return core::fail(store.error());
  records = std::move(*store);
  auto keeper = SearchKeeper::start(options.config.store_path);
  if (!keeper) return core::fail(keeper.error());
  search = std::move(*keeper);
  auto reader = store::Records::open_read_only(options.config.store_path, r4);
  if (!reader) return core::fail(reader.error());
  status_reader = std::move(*reader);
  auto position = records->position();
  if (!position) return core::fail(position.error());
  if (*position > journal->head()) {
    return core::fail(ErrorCode::kStoreCorrupt,
                      "the records are ahead of the journal: they belong to another journal");
  }
  return {};
}

void Engine::Impl::journal_config() {
  store::Entry entry;
  entry.kind = store::EntryKind::kConfig;
  entry.received = options.clock->now();
  entry.type = "config";
  entry.config_hash = config_hash;
  // The sources travel as a JSON object of file name and text, so that a replay can compile them.
  entry.raw = "{\"chartwire.yaml\":";
  fhir::write_json_string(options.config.text, entry.raw);
  for (const auto& [name, set] : options.knowledge->mappings) {
    for (const auto& [file, text] : set->source_texts()) {
      entry.raw += ",";
      fhir::write_json_string(file, entry.raw);
      entry.raw += ":";
      fhir::write_json_string(text, entry.raw);
    }
  }
  entry.raw += "}";
  const store::Appended appended = journal->append_and_wait(std::move(entry));
  if (appended.outcome == store::Appended::Outcome::kRefused) {
    core::log_warn("config-not-journaled", {{"reason", appended.error.text()}});
  }
}

core::Status Engine::Impl::catch_up() {
  Applier::Parts parts;
  parts.config = &options.config;
  parts.knowledge = options.knowledge;
  parts.journal = journal.get();
  parts.records = records.get();
  parts.metrics = options.metrics;
  parts.waiters = &waiters;
  parts.unmapped = &unmapped;
  parts.on_commit = [this] {
    // The applier catches up while they are still being made; they read all that waits at start.
    if (!dispatchers_stand.load(std::memory_order_acquire)) return;
    for (const auto& dispatcher : dispatchers) dispatcher->wake();
  };
  applier = std::make_unique<Applier>(std::move(parts));
  return applier->start();
}

core::Status Engine::Impl::start_dispatchers() {
  for (const DestinationConfig& config : options.config.destinations) {
    auto reader = store::Records::open_read_only(options.config.store_path, options.knowledge->r4);
    if (!reader) return core::fail(reader.error());
    Dispatcher::Parts parts;
    parts.config = &config;
    parts.destination = options.make_destination(config);
    parts.reader = std::move(*reader);
    parts.recent = recent;
    parts.journal = journal.get();
    parts.clock = options.clock;
    parts.metrics = options.metrics;
    parts.applied = [this] { return applier->position(); };
    if (V2Address::parse(config.url)) {
      auto forwarder = Forwarder::create(options.config, options.knowledge, *journal, config);
      if (!forwarder) return core::fail(forwarder.error());
      parts.message = [shared = std::shared_ptr<Forwarder>(std::move(*forwarder))](
                          const store::OutboxItem& item, store::Records& records) {
        return shared->message(item, records);
      };
    }
    dispatchers.push_back(std::make_unique<Dispatcher>(std::move(parts)));
  }
  dispatchers_stand.store(true, std::memory_order_release);
  return {};
}

void Engine::Impl::tick_loop() {
  // Sending begins when the records have caught up: until then the outbox still names what earlier
  // outcomes in the journal have finished.
  const core::Sequence head = journal->head();
  bool sending = false;
  std::unique_lock lock(tick_mutex);
  while (!stop_ticking) {
    lock.unlock();
    if (!sending && applier->position() >= head) {
      for (const auto& dispatcher : dispatchers) dispatcher->start();
      sending = true;
    }
    waiters.expire(std::chrono::steady_clock::now());
    tick_if_due();
    lock.lock();
    tick_wake.wait_for(lock, sending ? kTickInterval : 5ms, [this] { return stop_ticking; });
  }
}

void Engine::Impl::tick_if_due() {
  const auto deadline = applier->next_deadline();
  const core::Instant now = options.clock->now();
  if (!deadline || *deadline > now || draining) return;
  if (now.time_since_epoch().count() == last_tick) return;
  // One tick at a time: the deadline moves when the last one has been applied.
  if (applier->position() < journal->head()) return;
  last_tick = now.time_since_epoch().count();
  store::Entry entry;
  entry.kind = store::EntryKind::kTick;
  entry.received = now;
  entry.type = "tick";
  journal->append_and_wait(std::move(entry));
}

InboundHandler& Engine::handler() { return *impl_->intake; }
const EngineConfig& Engine::config() const { return impl_->options.config; }
store::Journal& Engine::journal() { return *impl_->journal; }
const mapping::UnmappedTally& Engine::unmapped() const { return impl_->unmapped; }

std::string Engine::not_ready() const {
  if (impl_->fatal) return "the journal failed: restart needed";
  if (impl_->draining) return "draining";
  const auto stats = impl_->journal->stats();
  if (stats.disk_free_bytes < impl_->options.config.disk_free_min_bytes) {
    return "disk full: less than disk_free_min is free";
  }
  const std::string trouble = impl_->applier->trouble();
  return trouble.empty() ? "" : "records: " + trouble;
}

EngineStatus Engine::status() const {
  EngineStatus status;
  status.journal = impl_->journal->stats();
  status.applied = impl_->applier->position();
  status.trouble = impl_->applier->trouble();
  status.draining = impl_->draining;
  std::lock_guard lock(impl_->status_mutex);
  for (const auto& dispatcher : impl_->dispatchers) {
    DestinationStatus destination = dispatcher->status();
    if (auto counts = impl_->status_reader->outbox_counts(destination.name)) {
      destination.pending = counts->pending;
      destination.parked = counts->parked;
      destination.held = counts->held;
      destination.oldest_pending = counts->oldest_pending;
    }
    status.destinations.push_back(std::move(destination));
  }
  if (auto open = him::count_open(*impl_->status_reader)) status.open_deficiencies = *open;
  return status;
}

bool Engine::wait_applied(std::chrono::milliseconds timeout) const {
  const core::Sequence head = impl_->journal->head();
  const auto until = std::chrono::steady_clock::now() + timeout;
  while (impl_->applier->position() < head) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

core::Result<core::Sequence> Engine::replay(core::Sequence original) {
  auto found = impl_->journal->find(original);
  if (!found) return core::fail(found.error());
  if (!*found || (*found)->kind != store::EntryKind::kMessage) {
    return core::fail(ErrorCode::kNotFound, "no message has that sequence");
  }
  const core::Sequence root{(*found)->cites != 0 ? (*found)->cites : original.value()};
  auto free = look([&](store::Records& records) -> core::Status {
    auto conflict = identity::find_conflict(records, root);
    if (!conflict) return core::fail(conflict.error());
    if (!*conflict || (*conflict)->state != identity::ConflictState::kOpen) return {};
    return core::fail(ErrorCode::kRefusedByPolicy,
                      "it is held until somebody accepts or rejects it (mpi conflicts)");
  });
  if (!free) return core::fail(free.error());
  store::Entry copy = std::move(**found);
  copy.cites = copy.cites != 0 ? copy.cites : original.value();
  copy.received = impl_->options.clock->now();
  copy.config_hash = impl_->config_hash;
  const store::Appended appended = impl_->journal->append_and_wait(std::move(copy));
  if (appended.outcome == store::Appended::Outcome::kRefused) return core::fail(appended.error);
  return appended.sequence;
}

core::Status Engine::decide(const core::DestinationName& destination, core::Sequence sequence,
                            int part, const std::string& state, const std::string& reason) {
  if (state != "pending" && state != "delivered") {
    return core::fail(ErrorCode::kUsage,
                      "state is \"pending\" (send again) or \"delivered\" (skip)");
  }
  store::Entry entry;
  entry.kind = store::EntryKind::kCommand;
  entry.received = impl_->options.clock->now();
  entry.type = "outbox";
  entry.raw = "{\"destination\":";
  fhir::write_json_string(destination.value(), entry.raw);
  entry.raw += ",\"outcomes\":[{\"sequence\":" + std::to_string(sequence.value()) +
               ",\"part\":" + std::to_string(part) + ",\"state\":\"" + state +
               "\",\"attempts\":0,\"reason\":";
  fhir::write_json_string(reason, entry.raw);
  entry.raw += "}]}";
  const store::Appended appended = impl_->journal->append_and_wait(std::move(entry));
  if (appended.outcome == store::Appended::Outcome::kRefused) return core::fail(appended.error);
  if (!wait_applied(10s)) return core::fail(ErrorCode::kTimeout, "not applied yet");
  for (const auto& dispatcher : impl_->dispatchers) dispatcher->wake(true);
  return {};
}

/// Journals a decision and waits until it is applied.
core::Result<core::Sequence> Engine::command(std::string_view type, std::string order) {
  store::Entry entry;
  entry.kind = store::EntryKind::kCommand;
  entry.received = impl_->options.clock->now();
  entry.type = std::string(type);
  entry.raw = std::move(order);
  const store::Appended appended = impl_->journal->append_and_wait(std::move(entry));
  if (appended.outcome == store::Appended::Outcome::kRefused) return core::fail(appended.error);
  if (!wait_applied(10s)) return core::fail(ErrorCode::kTimeout, "not applied yet");
  for (const auto& dispatcher : impl_->dispatchers) dispatcher->wake();
  return appended.sequence;
}

core::Result<core::Sequence> Engine::him_command(std::string order) {
  return command("him", std::move(order));
}

core::Status Engine::look(const std::function<core::Status(store::Records&)>& at) const {
  std::lock_guard lock(impl_->status_mutex);
  return at(*impl_->status_reader);
}

core::Status Engine::tick() {
  store::Entry entry;
  entry.kind = store::EntryKind::kTick;
  entry.received = impl_->options.clock->now();
  entry.type = "tick";
  const store::Appended appended = impl_->journal->append_and_wait(std::move(entry));
  if (appended.outcome == store::Appended::Outcome::kRefused) return core::fail(appended.error);
  if (!wait_applied(30s)) return core::fail(ErrorCode::kTimeout, "not applied yet");
  return {};
}

std::optional<core::Instant> Engine::next_deadline() const {
  return impl_->applier->next_deadline();
}

void Engine::drain(std::chrono::milliseconds grace) {
  if (impl_->draining.exchange(true)) return;
  if (impl_->ticker.joinable()) {
    {
      std::lock_guard lock(impl_->tick_mutex);
      impl_->stop_ticking = true;
    }
    impl_->tick_wake.notify_one();
    impl_->ticker.join();
  }
  if (impl_->journal) impl_->journal->flush();
  if (impl_->applier && grace > 0ms) wait_applied(grace);
  for (const auto& dispatcher : impl_->dispatchers) dispatcher->stop(grace);
  if (impl_->applier && grace > 0ms) wait_applied(grace);
  if (impl_->journal) impl_->journal->stop_waiting();
  if (impl_->applier) impl_->applier->stop();
  impl_->waiters.expire(std::chrono::steady_clock::time_point::max());
}

}  // namespace pipeline
