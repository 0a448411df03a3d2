#pragma once
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <net/runtime.hpp>

#include <chrono>
#include <functional>
#include <stdexcept>
#include <thread>
#include <utility>

/// For tests of what runs on io threads.
namespace test {

inline constexpr std::chrono::seconds kPatience{60};   // a test hangs no longer than this

/// Runs the coroutine on an io thread and waits for what it returns.
template <class T>
T await(net::Runtime& runtime, net::Awaitable<T> task) {
  auto future = boost::asio::co_spawn(runtime.executor(), std::move(task), boost::asio::use_future);
  if (future.wait_for(kPatience) != std::future_status::ready) {
    throw std::runtime_error("the coroutine does not end");
  }
  return future.get();
}

/// Waits until the condition holds. @return false when patience ends first.
inline bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace test
