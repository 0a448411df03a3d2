#include "journal_keeper.hpp"

#include <core/log.hpp>

#include <chrono>
#include <iterator>

namespace store {
namespace {

constexpr std::chrono::seconds kRetryPause{5};

}  // namespace

JournalKeeper::JournalKeeper(std::string folder, bool sync, WriterGate& gate,
                             std::function<void(const core::Error&)> on_sync_failure)
    : folder_(std::move(folder)),
      sync_(sync),
      gate_(gate),
      on_sync_failure_(std::move(on_sync_failure)),
      thread_([this] { loop(); }) {}

JournalKeeper::~JournalKeeper() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void JournalKeeper::want_checkpoint(const SegmentName& open) {
  if (checkpoint_pending_.exchange(true)) return;
  {
    const std::lock_guard lock(mutex_);
    checkpoint_wanted_ = true;
    open_ = open;
  }
  wake_.notify_all();
}

void JournalKeeper::seal(const SegmentName& name, std::unique_ptr<SqliteDb> db) {
  {
    const std::lock_guard lock(mutex_);
    to_seal_.push_back({name, std::move(db)});
  }
  wake_.notify_all();
}

std::vector<std::pair<SegmentName, Seal>> JournalKeeper::take_sealed() {
  if (!has_sealed_.load(std::memory_order_acquire)) return {};
  const std::lock_guard lock(mutex_);
  has_sealed_ = false;
  return std::exchange(sealed_, {});
}

void JournalKeeper::loop() {
  bool pause = false;
  for (;;) {
    std::vector<Work> work;
    bool checkpoint_now = false;
    SegmentName open;
    {
      std::unique_lock lock(mutex_);
      const auto due = [&] { return stop_ || checkpoint_wanted_ || (!pause && !to_seal_.empty()); };
      if (pause) {
        wake_.wait_for(lock, kRetryPause, due);
      } else {
        wake_.wait(lock, due);
      }
      if (stop_) return;
      checkpoint_now = std::exchange(checkpoint_wanted_, false);
      open = open_;
      work.swap(to_seal_);
    }
    if (checkpoint_now) {
      checkpoint(open);
      checkpoint_pending_ = false;
    }
    pause = false;
    if (!work.empty() && !seal_one(work.front())) {
      pause = true;
    } else if (!work.empty()) {
      work.erase(work.begin());
    }
    // One at a time, so that a checkpoint never waits for several.
    const std::lock_guard lock(mutex_);
    std::move(to_seal_.begin(), to_seal_.end(), std::back_inserter(work));
    to_seal_.swap(work);
  }
}

void JournalKeeper::checkpoint(const SegmentName& open) {
  if (!db_ || db_first_ != open.first) {
    auto db = open_segment(segment_path(folder_, open), sync_);
    if (!db) return failed("journal-checkpoint-failed", db.error(), false);
    db_ = std::move(*db);
    db_first_ = open.first;
  }
  const auto copied = copy_log(*db_, gate_);
  if (!copied) failed("journal-checkpoint-failed", copied.error(), db_->sync_failed());
}

bool JournalKeeper::seal_one(Work& work) {
  if (db_first_ == work.name.first) {
    db_.reset();   // else the log could not be removed when the segment closes
    db_first_ = 0;
  }
  if (!work.db) {
    auto db = open_segment(segment_path(folder_, work.name), sync_);
    if (!db) {
      failed("journal-seal-failed", db.error(), false);
      return db.error().code == core::ErrorCode::kStoreCorrupt;   // no use in trying again
    }
    work.db = std::move(*db);
  }
  auto seal = write_seal(*work.db);
  if (!seal) {
    failed("journal-seal-failed", seal.error(), work.db->sync_failed());
    return seal.error().code == core::ErrorCode::kStoreCorrupt;
  }
  // A reader may hold the log: then it stays until that reader closes, which loses nothing.
  const auto emptied = work.db->checkpoint_and_truncate();
  if (!emptied && emptied.error().code != core::ErrorCode::kStoreLocked) {
    failed("journal-checkpoint-failed", emptied.error(), work.db->sync_failed());
  }
  work.db.reset();
  const std::lock_guard lock(mutex_);
  sealed_.emplace_back(work.name, std::move(*seal));
  has_sealed_.store(true, std::memory_order_release);
  return true;
}

void JournalKeeper::failed(const char* event, const core::Error& error, bool sync_failed) {
  core::log_error(event, {{"error", error.text()}});
  if (sync_failed) on_sync_failure_(error);
}

}  // namespace store
