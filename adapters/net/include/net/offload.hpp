#pragma once
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <net/byte_stream.hpp>

#include <utility>

namespace net {

/// Runs `work` on a pool thread and comes back to the caller's executor: for what blocks (stores,
/// fsync) and may not run on an io thread. `work` must not throw.
template <class Work>
Awaitable<std::invoke_result_t<Work>> offload(boost::asio::thread_pool& pool, Work work) {
  const boost::asio::any_io_executor home = co_await boost::asio::this_coro::executor;
  auto there = boost::asio::bind_executor(pool.get_executor(), boost::asio::use_awaitable);
  co_await boost::asio::post(std::move(there));
  auto result = work();
  auto back = boost::asio::bind_executor(home, boost::asio::use_awaitable);
  co_await boost::asio::post(std::move(back));
  co_return result;
}

}  // namespace net
