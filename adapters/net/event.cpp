#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <net/event.hpp>

#include <algorithm>

namespace net {

namespace asio = boost::asio;

void Event::set() {
  if (set_) return;
  set_ = true;
  timer_.cancel();
}

Awaitable<void> Event::wait() {
  while (!set_) {
    // A timer at infinity costs no system call; set() cancels it.
    timer_.expires_at(asio::steady_timer::time_point::max());
    [[maybe_unused]] auto [ec] = co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  set_ = false;
}

Awaitable<bool> Event::wait_for(std::chrono::milliseconds limit) {
  const auto most = std::chrono::hours(24 * 365);
  if (!set_) {
    timer_.expires_after(std::min<std::chrono::milliseconds>(limit, most));
    [[maybe_unused]] auto [ec] = co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  const bool was_set = set_;
  set_ = false;
  co_return was_set;
}

}  // namespace net
