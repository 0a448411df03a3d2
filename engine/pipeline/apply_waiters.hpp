#pragma once
#include <core/ids.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace pipeline {

/// What became of an entry, for feeds that answer after apply.
struct Applied {
  enum class Kind { kApplied, kFailed, kTimeout } kind = Kind::kApplied;
  std::string error;   ///< kFailed: no PHI
};

/// Senders waiting for their message to be applied (`ack: applied`). Thread: any.
class ApplyWaiters {
 public:
  using Callback = std::function<void(Applied)>;

  void wait(core::Sequence sequence, std::chrono::steady_clock::time_point until,
            Callback callback);
  /// Called by the applier after commit, in order.
  void applied(core::Sequence sequence, Applied result);
  /// Everything up to `position` that is still waiting was applied without a word.
  void applied_up_to(core::Sequence position);
  /// Answers those whose time is up with kTimeout.
  void expire(std::chrono::steady_clock::time_point now);
  bool empty() const;

 private:
  struct Waiter {
    std::chrono::steady_clock::time_point until;
    Callback callback;
  };
  mutable std::mutex mutex_;
  std::multimap<std::uint64_t, Waiter> waiters_;
  std::uint64_t position_ = 0;
  std::map<std::uint64_t, std::string> failures_;   ///< recent, bounded
};

}  // namespace pipeline
