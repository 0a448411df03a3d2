#pragma once
#include "segment.hpp"

#include <condition_variable>
#include <mutex>
#include <utility>
#include <vector>

namespace store {

/// Two buffers: producers fill one while the append thread works on the other, so that a commit
/// takes everything that arrived during the last. Bounded by entries and bytes. Thread: any.
class AppendQueue {
 public:
  AppendQueue(std::size_t entries_max, std::size_t bytes_max)
      : entries_max_(entries_max), bytes_max_(bytes_max) {}

  /// Waits for room. @return false, leaving `prepared` as it was, when closed.
  bool push(Prepared& prepared) {
    const std::size_t bytes = prepared.bytes();
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] {
      return closed_ || waiting_.empty() ||
             (waiting_.size() < entries_max_ && bytes_ + bytes <= bytes_max_);
    });
    if (closed_) return false;
    bytes_ += bytes;
    ++pushed_;
    waiting_.push_back(std::move(prepared));
    const bool wake = taker_sleeps_;
    lock.unlock();
    if (wake) ready_.notify_one();
    return true;
  }

  /// Waits for work and swaps it in. @return false when closed and empty.
  bool take(std::vector<Prepared>& into) {
    into.clear();
    std::unique_lock lock(mutex_);
    taker_sleeps_ = true;
    ready_.wait(lock, [this] { return closed_ || !waiting_.empty(); });
    taker_sleeps_ = false;
    if (waiting_.empty()) return false;
    into.swap(waiting_);
    bytes_ = 0;
    lock.unlock();
    room_.notify_all();
    return true;
  }

  /// The taker finished that many.
  void finished(std::size_t count) {
    {
      const std::lock_guard lock(mutex_);
      finished_ += count;
    }
    done_.notify_all();
  }

  /// Waits until all that was pushed before the call is finished.
  void flush() {
    std::unique_lock lock(mutex_);
    const std::uint64_t goal = pushed_;
    done_.wait(lock, [&] { return finished_ >= goal; });
  }

  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    ready_.notify_all();
    room_.notify_all();
  }

  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(pushed_ - finished_);
  }

 private:
  const std::size_t entries_max_, bytes_max_;
  mutable std::mutex mutex_;
  std::condition_variable ready_, room_, done_;
  std::vector<Prepared> waiting_;
  std::size_t bytes_ = 0;
  std::uint64_t pushed_ = 0, finished_ = 0;
  bool closed_ = false, taker_sleeps_ = false;
};

}  // namespace store
