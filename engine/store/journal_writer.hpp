#pragma once
#include "files.hpp"
#include "journal_keeper.hpp"
#include "key_table.hpp"
#include "segment.hpp"
#include "tail.hpp"

#include <core/clock.hpp>
#include <store/journal.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace store {

/// What the append thread does: decides duplicates, writes and commits batches, rotates segments.
/// Thread: open() before the threads start, then the append thread only.
class JournalWriter {
 public:
  JournalWriter(const Journal::Options& options, const core::Clock& clock, Tail& tail,
                std::function<void(const SegmentName&)> on_new_segment,
                std::function<void(const core::Error&)> on_fatal);
  ~JournalWriter();

  core::Status open();
  const std::vector<SegmentName>& segments() const { return segments_; }
  std::uint64_t head() const { return next_ - 1; }

  /// Stores as much of a batch's beginning as belongs in one transaction, at least one entry. What
  /// it reports stored is durable, in the tail and in head() when it returns.
  /// @return how many were dealt with; `results` has one for each, in order.
  std::size_t store_some(std::span<Prepared> batch, std::vector<Appended>& results);

  /// No more positive results: an fsync failed somewhere. Any thread.
  void fail_for_good(const core::Error& error);

 private:
  // A segment that gets no more entries: its keys until it is sealed, then the filter alone.
  struct Older {
    SegmentName name;
    std::unique_ptr<KeyTable> keys;
    std::optional<Seal> seal;
  };
  struct Earlier {
    std::shared_ptr<const Entry> entry;
    bool exact = false;
  };

  core::Status open_newest();
  core::Status check_high_water();
  core::Status load_older();
  core::Status begin_segment(std::uint64_t first);
  core::Status rotate_if_due();
  void adopt_sealed();

  void refuse(std::span<Appended> results, const core::Error& error);
  core::Status write_chunk(std::span<Prepared> chunk, std::span<Appended> results);
  core::Status write_one(Prepared& prepared, Appended& result);
  void publish(std::span<Prepared> chunk, std::span<Appended> results);
  core::Status ready_to_write();

  std::optional<Earlier> find_earlier(const Prepared& prepared);
  std::optional<Earlier> verified(const Prepared& prepared, const SegmentName* in,
                                  std::uint64_t sequence, bool exact);
  std::optional<Earlier> find_in_batch(const Prepared& prepared);
  std::optional<Earlier> find_in_older(Older& older, const Prepared& prepared, bool exact);
  bool may_hold(const Older& older, const Prepared& prepared) const;
  bool in_window(const Entry& earlier, const Entry& now) const;

  const Journal::Options& options_;
  const core::Clock& clock_;
  Tail& tail_;
  const std::function<void(const SegmentName&)> on_new_segment_;
  const std::function<void(const core::Error&)> on_fatal_;

  HighWater high_water_;
  std::vector<SegmentName> segments_;    // all, ascending
  SegmentName open_name_;
  std::unique_ptr<SqliteDb> db_;
  KeyTable keys_;                        // of the open segment
  KeyTable batch_keys_;                  // of the transaction that is open: sequence -> chunk
  std::span<Prepared> chunk_;
  std::uint64_t chunk_first_ = 0;        // sequence that the chunk began with
  std::vector<std::size_t> chunk_stored_;  // index into chunk_ by sequence - chunk_first_
  std::vector<Older> older_;             // within the duplicates window, newest first
  std::vector<Older*> suspects_;
  SegmentReaders readers_;
  std::uint64_t next_ = 1;
  bool low_on_room_ = false;

  std::atomic<bool> fatal_ = false;
  WriterGate gate_;
  std::unique_ptr<JournalKeeper> keeper_;
};

}  // namespace store
