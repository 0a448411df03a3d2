#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <net/byte_stream.hpp>

#include <chrono>

namespace net {

/// Lets one coroutine wait for another on the same executor. Set once, it lets one wait() pass
/// (auto-reset); set again before that changes nothing. One waiter at a time.
/// Thread: the executor's only; from elsewhere post to it first.
class Event {
 public:
  explicit Event(const boost::asio::any_io_executor& executor) : timer_(executor) {}

  void set();
  Awaitable<void> wait();
  /// @return false when `limit` passed first.
  Awaitable<bool> wait_for(std::chrono::milliseconds limit);

 private:
  boost::asio::steady_timer timer_;
  bool set_ = false;
};

}  // namespace net
