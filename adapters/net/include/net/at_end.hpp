#pragma once
#include <utility>

namespace net {

/// Runs its action when the scope ends, also when a coroutine ends by an exception or is destroyed
/// where it waits. The action must not throw.
template <class Action>
class AtEnd {
 public:
  explicit AtEnd(Action action) : action_(std::move(action)) {}
  ~AtEnd() { action_(); }
  AtEnd(const AtEnd&) = delete;
  AtEnd& operator=(const AtEnd&) = delete;

 private:
  Action action_;
};

}  // namespace net
