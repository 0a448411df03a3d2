#pragma once
#include "segment.hpp"

#include <algorithm>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace store {

/// The newest entries in memory, for the applier that follows close behind. Thread: any.
class Tail {
 public:
  explicit Tail(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  void push(const std::vector<std::shared_ptr<const Entry>>& entries) {
    const std::lock_guard lock(mutex_);
    for (const auto& entry : entries) {
      bytes_ += bytes_of(*entry);
      entries_.push_back(entry);
    }
    while (bytes_ > bytes_max_ && !entries_.empty()) {
      bytes_ -= bytes_of(*entries_.front());
      entries_.pop_front();
    }
  }

  /// @return nullopt when what follows `after` is not, or no longer, here.
  std::optional<std::vector<Entry>> read(std::uint64_t after, std::size_t limit) const {
    std::vector<std::shared_ptr<const Entry>> found;
    {
      const std::lock_guard lock(mutex_);
      const auto first = position(after + 1);
      if (first == entries_.end() || (*first)->sequence.value() != after + 1) return std::nullopt;
      const auto left = static_cast<std::size_t>(entries_.end() - first);
      found.assign(first, first + static_cast<std::ptrdiff_t>(std::min(limit, left)));
    }
    std::vector<Entry> copies;   // copied after the lock is free
    copies.reserve(found.size());
    for (const auto& entry : found) copies.push_back(*entry);
    return copies;
  }

  std::shared_ptr<const Entry> find(std::uint64_t sequence) const {
    const std::lock_guard lock(mutex_);
    const auto at = position(sequence);
    return at == entries_.end() || (*at)->sequence.value() != sequence ? nullptr : *at;
  }

 private:
  using Entries = std::deque<std::shared_ptr<const Entry>>;
  Entries::const_iterator position(std::uint64_t sequence) const {
    return std::lower_bound(
        entries_.begin(), entries_.end(), sequence,
        [](const auto& entry, std::uint64_t s) { return entry->sequence.value() < s; });
  }

  const std::size_t bytes_max_;
  mutable std::mutex mutex_;
  Entries entries_;
  std::size_t bytes_ = 0;
};

}  // namespace store
