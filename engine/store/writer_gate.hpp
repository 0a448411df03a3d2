#pragma once
#include "sqlite_db.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>

namespace store {

/// Lets another thread stop the writer between two transactions, for the last few frames of a
/// checkpoint. The writer's transactions stand between enter() and leave().
class WriterGate {
 public:
  void enter() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !held_; });
    writing_ = true;
  }
  void leave() {
    {
      const std::lock_guard lock(mutex_);
      writing_ = false;
    }
    changed_.notify_all();
  }
  /// The writer should make its transactions short until release().
  void ask() { asked_.store(true, std::memory_order_relaxed); }
  bool asked() const { return asked_.load(std::memory_order_relaxed); }
  void hold() {
    std::unique_lock lock(mutex_);
    held_ = true;
    changed_.wait(lock, [this] { return !writing_; });
  }
  void release() {
    {
      const std::lock_guard lock(mutex_);
      held_ = false;
      asked_.store(false, std::memory_order_relaxed);
    }
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool writing_ = false, held_ = false;
  std::atomic<bool> asked_ = false;
};

/// Copies the log into the database over `db`, a connection of the caller's own: most of it beside
/// the writer, the rest while the writer waits at `gate`. The next transaction then starts the log
/// anew, overwriting blocks that exist already: the file stops growing, fsync gets cheaper.
/// A reader of an old state puts that off to the next call.
core::Status copy_log(SqliteDb& db, WriterGate& gate);

}  // namespace store
