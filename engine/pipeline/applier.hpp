#pragma once
#include <core/metrics.hpp>
#include <pipeline/config.hpp>
#include <pipeline/knowledge.hpp>
#include <store/journal.hpp>
#include <store/records.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "apply_message.hpp"
#include "apply_waiters.hpp"
#include "map_stage.hpp"

namespace identity {
struct RepairMessage;
}

namespace pipeline {

/// Journal types of decisions about identity, JSON objects:
/// on a pair of Patients {"patient", "other", "decision", "by"[, "survivor"]};
/// a merge taken back {"patient", "by", "reason"};
/// an item that an unmerge left in doubt {"unmerge", "type", "id", "to", "by"}, `to` empty: it
/// stays where it is.
inline constexpr std::string_view kPairDecision = "mpi-pair";
inline constexpr std::string_view kUnlink = "unlink";   ///< a decision on a linked pair
inline constexpr std::string_view kUnmerge = "mpi-unmerge";
inline constexpr std::string_view kSettle = "mpi-settle";
/// On a message that the overlay guard holds: {"sequence", "decision": "accept" | "reject", "by",
/// "reason"}. What is accepted follows as replays.
inline constexpr std::string_view kConflictDecision = "mpi-conflict";

/// Failures of the store, not of the entry: the whole batch is tried again.
bool is_environment(const core::Error& error);

/// The one writer of the records: takes mapped entries in journal order and applies them, many in a
/// transaction that also moves the position. A transaction ends when nothing more is mapped, so
/// that a quiet feed's message is visible at once, or is full. Thread: one of its own.
class Applier {
 public:
  /// Entries in one transaction while there is a backlog: pages that many of them touch are written
  /// once. More would change more pages than the writer keeps in memory (store/records.cpp): those
  /// would go to the log in the middle of it, be read back, and go there again.
  static constexpr std::size_t kTransactionEntries = 128;
  /// After one that could not be applied, this many get a savepoint each: bad entries come in runs,
  /// and each costs its transaction once more.
  static constexpr std::size_t kCarefulEntries = 4096;

  struct Parts {
    const EngineConfig* config;
    std::shared_ptr<const Knowledge> knowledge;
    store::Journal* journal;
    store::Records* records;
    core::Metrics* metrics;
    ApplyWaiters* waiters;
    std::function<void()> on_commit;   ///< wakes dispatchers
    mapping::UnmappedTally* unmapped = nullptr;   ///< outlives the applier
  };
  explicit Applier(Parts parts);
  ~Applier();

  core::Status start();
  void stop();
  core::Sequence position() const { return core::Sequence{position_.load()}; }
  /// Empty while all is well, else why the applier cannot go on (it retries by itself).
  std::string trouble() const;
  /// When the clock next makes a deficiency change; set after each commit.
  std::optional<core::Instant> next_deadline() const;

 private:
  void run();
  core::Status apply_batch(const std::vector<MappedEntry*>& batch);
  core::Status apply_entries(const std::vector<MappedEntry*>& batch);
  core::Status mark();
  core::Status undo_to_mark();
  core::Status commit(core::Sequence position);
  void undo();
  bool recover(core::Error error, core::Sequence last);
  core::Status apply_entry(MappedEntry& slot);
  core::Status apply_message(MappedEntry& slot);
  core::Status fail_message(MappedEntry& slot, const core::Error& error);
  core::Status apply_tick(const store::Entry& entry);
  core::Status apply_delivery(const store::Entry& entry);
  core::Status apply_command(const store::Entry& entry);
  core::Status emit(const std::vector<him::Change>& changes, const store::Entry& entry,
                    std::string_view label);
  core::Status route(const MappedEntry& slot, const ApplyResult& result);
  core::Status forward(const DestinationConfig& receiver, const MappedEntry& slot,
                       const ApplyResult& result);
  core::Status enqueue(const core::DestinationName& destination, const store::Entry& entry,
                       const ApplyResult& result, const std::string& identifier, int part);
  core::Status enqueue_to_all(const store::Entry& entry, const ApplyResult& result,
                              const std::string& identifier, int part);
  void commit_effects();

  Parts parts_;
  core::Status apply_mpi_command(const store::Entry& entry);
  core::Status carry_out(const store::Entry& entry, const fhir::Node& order);
  core::Status decide_pair(const store::Entry& entry, const fhir::Node& order);
  core::Status unlink_pair(const store::Entry& entry, const std::string& patient,
                           const std::string& other, std::string_view by);
  core::Status tie_pair(const store::Entry& entry, const std::string& patient,
                        const std::string& other, bool together);
  core::Status unmerge(const store::Entry& entry, const fhir::Node& order);
  core::Status settle(const store::Entry& entry, const fhir::Node& order);
  core::Status decide_conflict(const store::Entry& entry, const fhir::Node& order);
  core::Status send_to_all(const store::Entry& entry, const ApplyResult& result);
  core::Status send_messages(const store::Entry& entry, const std::vector<std::string>& patients,
                             const std::vector<identity::RepairMessage>& messages);

  him::Charts charts_;
  std::unique_ptr<identity::Mpi> mpi_;   ///< nullptr when no feed asks for it
  MessageApply apply_;
  MapStage stage_;
  core::Counter& applied_;
  core::Counter& messages_;
  core::Counter& failed_;
  core::Counter& opened_;
  core::Counter& closed_;
  core::Histogram& batch_seconds_;
  // Of the open transaction.
  struct Counts {
    std::size_t messages = 0, failed = 0, opened = 0, closed = 0;
  };
  bool open_ = false;
  std::size_t in_transaction_ = 0;
  core::Sequence applied_to_;
  std::size_t careful_ = 0;   ///< that many entries get a savepoint each
  Counts counts_;
  std::vector<std::pair<core::Sequence, Applied>> outcomes_;
  std::atomic<std::uint64_t> position_{0};
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  std::string trouble_;
  std::optional<core::Instant> deadline_;
  std::thread thread_;
};

}  // namespace pipeline
