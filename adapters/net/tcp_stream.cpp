#include "tcp_stream.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

namespace net {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

// A peer that vanished without a word is found after 300 + 6 * 30 s: within the 10 minutes at
// which firewalls and cloud load balancers forget a silent connection.
constexpr int kKeepaliveIdleSeconds = 300;
constexpr int kKeepaliveIntervalSeconds = 30;
constexpr int kKeepaliveProbes = 6;
constexpr int kScrapReadsMax = 16;

std::chrono::steady_clock::time_point after(std::chrono::milliseconds deadline) {
  constexpr auto kYear = std::chrono::hours(24 * 365);
  if (deadline >= kYear) return std::chrono::steady_clock::time_point::max();
  return std::chrono::steady_clock::now() + deadline;
}

core::Error failure(const error_code& ec, bool expired, const std::string& peer) {
  if (expired) return {core::ErrorCode::kTimeout, "deadline passed", peer};
  return {core::ErrorCode::kUnreachable, ec.message(), peer};
}

void tune(asio::ip::tcp::socket& socket) {
  const int fd = socket.native_handle();
  const auto set = [fd](int level, int option, int value) {
    ::setsockopt(fd, level, option, &value, sizeof value);
  };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, kKeepaliveIdleSeconds);
  set(IPPROTO_TCP, TCP_KEEPINTVL, kKeepaliveIntervalSeconds);
  set(IPPROTO_TCP, TCP_KEEPCNT, kKeepaliveProbes);
}

}  // namespace

std::string address_text(const asio::ip::tcp::endpoint& endpoint) {
  const auto address = endpoint.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  }
  return address.to_string();
}

std::string endpoint_text(const asio::ip::tcp::endpoint& endpoint) {
  std::string address = address_text(endpoint);
  if (address.find(':') != std::string::npos) address = "[" + address + "]";
  return address + ":" + std::to_string(endpoint.port());
}

TcpStream::TcpStream(asio::ip::tcp::socket socket)
    : socket_(std::move(socket)), timer_(socket_.get_executor()) {
  error_code ec;
  const auto remote = socket_.remote_endpoint(ec);
  peer_ = ec ? "unknown" : endpoint_text(remote);
  socket_.non_blocking(true, ec);
  tune(socket_);
}

Awaitable<core::Result<std::size_t>> TcpStream::read_some(std::span<char> into,
                                                          std::chrono::milliseconds deadline) {
  if (input_ended_) co_return std::size_t{0};
  if (!socket_.is_open())
    co_return core::fail(failure(asio::error::bad_descriptor, expired_, peer_));
  read_until_ = after(deadline);
  watch(read_until_);
  auto buffer = asio::buffer(into.data(), into.size());
  auto [ec, n] = co_await socket_.async_read_some(buffer, asio::as_tuple(asio::use_awaitable));
  read_until_ = TimePoint::max();
  if (!ec) co_return n;
  if (ec == asio::error::eof || (input_ended_ && !expired_)) co_return std::size_t{0};
  co_return core::fail(failure(ec, expired_, peer_));
}

Awaitable<core::Result<void>> TcpStream::write_all(std::string_view bytes,
                                                   std::chrono::milliseconds deadline) {
  if (!socket_.is_open())
    co_return core::fail(failure(asio::error::bad_descriptor, expired_, peer_));
  // Nearly always the socket takes everything at once: then there is nothing to wait for.
  error_code ec;
  const std::size_t sent = socket_.write_some(asio::buffer(bytes.data(), bytes.size()), ec);
  if (ec && ec != asio::error::would_block && ec != asio::error::try_again) {
    co_return core::fail(failure(ec, false, peer_));
  }
  if (sent == bytes.size()) co_return core::Result<void>{};
  write_until_ = after(deadline);
  watch(write_until_);
  auto rest = asio::buffer(bytes.data() + sent, bytes.size() - sent);
  auto [write_ec, n] = co_await asio::async_write(socket_, rest,
                                                  asio::as_tuple(asio::use_awaitable));
  write_until_ = TimePoint::max();
  if (write_ec) co_return core::fail(failure(write_ec, expired_, peer_));
  co_return core::Result<void>{};
}

void TcpStream::end_input() {
  if (input_ended_) return;
  input_ended_ = true;
  error_code ec;
  // Wakes a waiting read with end of file; what the peer still sends is thrown away unread.
  socket_.shutdown(asio::ip::tcp::socket::shutdown_receive, ec);
}

void TcpStream::close() {
  if (!socket_.is_open()) return;
  timer_.cancel();
  error_code ec;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ec);
  // Closing with unread input resets the connection, which can destroy a reply on its way.
  std::array<char, 16 * 1024> scrap;
  for (int i = 0; i < kScrapReadsMax && !ec; ++i) {
    if (socket_.read_some(asio::buffer(scrap), ec) == 0) break;
  }
  socket_.close(ec);
}

void TcpStream::watch(TimePoint until) {
  if (until < armed_for_) arm();
}

void TcpStream::arm() {
  armed_for_ = std::min(read_until_, write_until_);
  if (armed_for_ == TimePoint::max()) return;
  timer_.expires_at(armed_for_);
  timer_.async_wait([weak = weak_from_this()](const error_code& ec) {
    if (ec) return;
    if (auto self = weak.lock()) self->on_timer();
  });
}

void TcpStream::on_timer() {
  armed_for_ = TimePoint::max();
  if (!socket_.is_open()) return;
  if (std::min(read_until_, write_until_) <= std::chrono::steady_clock::now()) {
    expired_ = true;
    close();
    return;
  }
  arm();
}

}  // namespace net
