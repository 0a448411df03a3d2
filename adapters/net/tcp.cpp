#include "tcp_stream.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <net/event.hpp>
#include <net/tcp.hpp>

#include <algorithm>
#include <vector>

namespace net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using TimePoint = std::chrono::steady_clock::time_point;

namespace {

/// Outlives the caller: a system resolver that hangs cannot be cancelled, only abandoned.
struct Lookup {
  explicit Lookup(const asio::any_io_executor& executor) : resolver(executor), done(executor) {}
  tcp::resolver resolver;
  Event done;
  std::vector<tcp::endpoint> endpoints;
  error_code ec;
};

std::chrono::milliseconds left(TimePoint until) {
  const auto rest = until - std::chrono::steady_clock::now();
  return std::max(std::chrono::milliseconds(0),
                  std::chrono::duration_cast<std::chrono::milliseconds>(rest));
}

Awaitable<core::Result<std::vector<tcp::endpoint>>> look_up(std::string host, std::uint16_t port,
                                                            TimePoint until) {
  error_code ec;
  const auto address = asio::ip::make_address(host, ec);
  if (!ec) co_return std::vector<tcp::endpoint>{tcp::endpoint(address, port)};
  auto executor = co_await asio::this_coro::executor;
  auto lookup = std::make_shared<Lookup>(executor);
  const std::string service = std::to_string(port);
  lookup->resolver.async_resolve(host, service,
                                 [lookup](const error_code& e, tcp::resolver::results_type found) {
                                   lookup->ec = e;
                                   for (const auto& row : found) {
                                     lookup->endpoints.push_back(row.endpoint());
                                   }
                                   lookup->done.set();
                                 });
  const bool answered = co_await lookup->done.wait_for(left(until));
  if (!answered) {
    lookup->resolver.cancel();
    co_return core::fail(core::ErrorCode::kTimeout, "name resolution took too long");
  }
  if (lookup->ec) co_return core::fail(core::ErrorCode::kUnreachable, lookup->ec.message());
  co_return std::move(lookup->endpoints);
}

Awaitable<error_code> connect_one(tcp::socket& socket, tcp::endpoint endpoint, TimePoint until) {
  auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, until);
  bool expired = false;
  timer.async_wait([&socket, &expired](const error_code& ec) {
    if (ec) return;
    expired = true;
    error_code ignored;
    socket.close(ignored);
  });
  auto [ec] = co_await socket.async_connect(endpoint, asio::as_tuple(asio::use_awaitable));
  if (timer.cancel() == 0 && !expired) {
    // The timer's handler is already queued and refers to this frame: let it run first.
    while (!expired) {
      asio::steady_timer turn(executor, std::chrono::milliseconds(0));
      [[maybe_unused]] auto [t] = co_await turn.async_wait(asio::as_tuple(asio::use_awaitable));
    }
  }
  co_return expired ? error_code(asio::error::timed_out) : ec;
}

}  // namespace

Awaitable<core::Result<std::shared_ptr<ByteStream>>> connect_tcp(
    std::string host, std::uint16_t port, std::chrono::milliseconds deadline) {
  const TimePoint until =
      std::chrono::steady_clock::now() + std::min<std::chrono::milliseconds>(
                                             deadline, std::chrono::hours(24));
  const std::string where = host + ":" + std::to_string(port);
  auto endpoints = co_await look_up(host, port, until);
  if (!endpoints) {
    core::Error error = std::move(endpoints.error());
    error.where = where;
    co_return core::fail(std::move(error));
  }
  auto executor = co_await asio::this_coro::executor;
  error_code last = asio::error::host_not_found;
  for (const tcp::endpoint& endpoint : *endpoints) {
    tcp::socket socket(executor);
    const error_code ec = co_await connect_one(socket, endpoint, until);
    if (!ec) co_return std::make_shared<TcpStream>(std::move(socket));
    last = ec;
    if (ec == asio::error::timed_out) break;
  }
  const bool late = last == asio::error::timed_out;
  co_return core::fail(late ? core::ErrorCode::kTimeout : core::ErrorCode::kUnreachable,
                       last.message(), where);
}

}  // namespace net
