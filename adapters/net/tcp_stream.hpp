#pragma once
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <net/byte_stream.hpp>

#include <chrono>
#include <memory>
#include <string>

namespace net {

/// ByteStream over a TCP socket. One timer watches both directions and is re-armed lazily: it only
/// runs out when the earliest deadline may have passed, so that a busy connection sets no timers.
class TcpStream final : public ByteStream, public std::enable_shared_from_this<TcpStream> {
 public:
  explicit TcpStream(boost::asio::ip::tcp::socket socket);

  Awaitable<core::Result<std::size_t>> read_some(std::span<char> into,
                                                 std::chrono::milliseconds deadline) override;
  Awaitable<core::Result<void>> write_all(std::string_view bytes,
                                          std::chrono::milliseconds deadline) override;
  void end_input() override;
  void close() override;
  bool closed() const override { return !socket_.is_open(); }
  std::string peer() const override { return peer_; }
  boost::asio::any_io_executor executor() override { return socket_.get_executor(); }

 private:
  using TimePoint = std::chrono::steady_clock::time_point;
  void watch(TimePoint until);
  void arm();
  void on_timer();

  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer timer_;
  std::string peer_;
  TimePoint read_until_ = TimePoint::max();    ///< max: no read with a deadline is waiting
  TimePoint write_until_ = TimePoint::max();
  TimePoint armed_for_ = TimePoint::max();     ///< when the timer runs out; max: not running
  bool expired_ = false;
  bool input_ended_ = false;
};

/// "127.0.0.1:51234", "[::1]:51234".
std::string endpoint_text(const boost::asio::ip::tcp::endpoint& endpoint);
/// The address alone; IPv4 mapped into IPv6 as IPv4.
std::string address_text(const boost::asio::ip::tcp::endpoint& endpoint);

}  // namespace net
