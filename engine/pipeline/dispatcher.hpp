#pragma once
#include <core/metrics.hpp>
#include <pipeline/config.hpp>
#include <pipeline/destination.hpp>
#include <pipeline/status.hpp>
#include <store/journal.hpp>
#include <store/recent_versions.hpp>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace pipeline {

/// Sends one destination's outbox: in order within each lane, parallel across lanes, at least once.
/// A transient failure holds its lanes and retries with back-off; a refusal parks the item or holds
/// its lanes by policy; a dead destination is probed, not hammered. Memory is a fixed window of
/// items; the rest of the queue stays on disk. Outcomes are journaled in batches, then applied.
/// Thread: one of its own; every public member from any.
class Dispatcher {
 public:
  static constexpr std::size_t kWindow = 2048;        ///< items in memory, at about 2 KB
  static constexpr std::size_t kBlockedLaneMax = 32;  ///< of them behind one blocked head
  static constexpr std::size_t kOutcomesPerEntry = 256;

  struct Parts {
    const DestinationConfig* config;
    std::unique_ptr<Destination> destination;
    std::unique_ptr<store::Records> reader;    ///< its own read-only connection
    std::shared_ptr<store::RecentVersions> recent;   ///< what the applier wrote last
    store::Journal* journal;
    const core::Clock* clock;
    core::Metrics* metrics;
    std::function<core::Sequence()> applied;   ///< the applier's position
    /// Makes what goes out of an item that names no resources (HL7 v2); empty for FHIR.
    std::function<core::Result<std::string>(const store::OutboxItem&, store::Records&)>
        message;
  };
  explicit Dispatcher(Parts parts);
  ~Dispatcher();

  void start();
  /// New items may be there. `reload`: items before the cursor changed (operator command).
  void wake(bool reload = false);
  /// Stops sending, waits for what is in flight up to `grace`, journals outcomes.
  void stop(std::chrono::milliseconds grace);
  DestinationStatus status() const;

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  enum class Phase { kWaiting, kReady, kInFlight, kBackOff, kHeld };
  struct Item {
    store::OutboxItem outbox;
    Phase phase = Phase::kWaiting;
    SteadyTime next_attempt{};
  };
  struct Outcome {
    core::Sequence sequence;
    int part = 0;
    std::string state, reason;
    int attempts = 0;
    std::int64_t row = 0;
  };

  void run();
  bool wait_for_work(std::unique_lock<std::mutex>& lock);
  void refill(std::unique_lock<std::mutex>& lock);
  void insert(store::OutboxItem item);
  void forget_decided();
  void check_ready(std::int64_t row);
  bool blocked_and_full(const std::string& lane) const;
  void trim_lanes(const Item& head);
  void leave_lanes(const Item& item);
  void finish(std::int64_t row, const std::string& state, const std::string& reason);
  void take_completions();
  void completed(std::int64_t row, const DeliveryOutcome& outcome);
  void back_off(Item& item, const DeliveryOutcome& outcome);
  void release_due(SteadyTime now);
  void send_ready(std::unique_lock<std::mutex>& lock);
  core::Result<std::string> bundle_of(const store::OutboxItem& item);
  void flush_outcomes(std::unique_lock<std::mutex>& lock, bool wait);
  void prune_finals();

  Parts parts_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool woken_ = false, reload_ = false, stopping_ = false;
  std::map<std::int64_t, Item> items_;                       ///< the window, by row
  std::unordered_map<std::string, std::set<std::int64_t>> lanes_;   ///< rows of each lane in memory
  std::unordered_map<std::string, std::set<std::int64_t>> after_;   ///< who only waits for a lane
  std::unordered_map<std::string, std::int64_t> spilled_;    ///< blocked lanes with rows left on
                                                             ///< disk
  std::set<std::int64_t> ready_;
  std::set<std::int64_t> held_unseen_;  ///< held in memory, not met yet since the last reload
  std::multimap<SteadyTime, std::int64_t> timers_;
  /// Decided rows, with the journal sequence of the outcome; they leave when that is applied.
  std::unordered_map<std::int64_t, std::uint64_t> finals_;
  std::deque<std::pair<std::uint64_t, std::int64_t>> journaled_;   ///< (sequence, row), ascending
  std::vector<Outcome> outcomes_;
  SteadyTime first_outcome_{};
  std::vector<std::pair<std::int64_t, DeliveryOutcome>> completions_;
  std::int64_t cursor_ = 0;
  bool exhausted_ = false;              ///< nothing beyond the cursor when last asked
  std::size_t in_flight_ = 0;
  int failures_in_a_row_ = 0;           ///< of the transport: opens the breaker
  SteadyTime probe_at_{};
  std::string last_error_;
  std::optional<core::Instant> last_delivered_;
  std::mt19937_64 random_;
  core::Counter& delivered_;
  core::Counter& attempts_;
  core::Counter& transient_;
  core::Counter& refused_;
  core::Gauge& queue_;
  std::thread thread_;
};

}  // namespace pipeline
