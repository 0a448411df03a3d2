#include "apply_waiters.hpp"

namespace pipeline {
namespace {
inline constexpr std::size_t kFailuresKeptMax = 4096;
}

void ApplyWaiters::wait(core::Sequence sequence, std::chrono::steady_clock::time_point until,
                        Callback callback) {
  Applied result;
  {
    std::lock_guard lock(mutex_);
    if (sequence.value() > position_) {
      waiters_.emplace(sequence.value(), Waiter{until, std::move(callback)});
      return;
    }
    // The applier was quicker than the append callback.
    const auto failure = failures_.find(sequence.value());
    if (failure != failures_.end()) result = {Applied::Kind::kFailed, failure->second};
  }
  callback(std::move(result));
}

void ApplyWaiters::applied(core::Sequence sequence, Applied result) {
  std::vector<Callback> ready;
  {
    std::lock_guard lock(mutex_);
    if (result.kind == Applied::Kind::kFailed) {
      failures_[sequence.value()] = result.error;
      if (failures_.size() > kFailuresKeptMax) failures_.erase(failures_.begin());
    }
    const auto [first, last] = waiters_.equal_range(sequence.value());
    for (auto it = first; it != last; ++it) ready.push_back(std::move(it->second.callback));
    waiters_.erase(first, last);
  }
  for (Callback& callback : ready) callback(result);
}

void ApplyWaiters::applied_up_to(core::Sequence position) {
  std::vector<Callback> ready;
  {
    std::lock_guard lock(mutex_);
    position_ = position.value();
    const auto last = waiters_.upper_bound(position_);
    for (auto it = waiters_.begin(); it != last; ++it) {
      ready.push_back(std::move(it->second.callback));
    }
    waiters_.erase(waiters_.begin(), last);
  }
  for (Callback& callback : ready) callback({});
}

void ApplyWaiters::expire(std::chrono::steady_clock::time_point now) {
  std::vector<Callback> late;
  {
    std::lock_guard lock(mutex_);
    for (auto it = waiters_.begin(); it != waiters_.end();) {
      if (it->second.until <= now) {
        late.push_back(std::move(it->second.callback));
        it = waiters_.erase(it);
      } else {
        ++it;
      }
    }
  }
  for (Callback& callback : late) callback({Applied::Kind::kTimeout, {}});
}

bool ApplyWaiters::empty() const {
  std::lock_guard lock(mutex_);
  return waiters_.empty();
}

}  // namespace pipeline
