#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <core/result.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace net {

template <class T>
using Awaitable = boost::asio::awaitable<T>;

/// For waits that something else ends: a peer may stay silent for ever, and TCP keepalive finds
/// out when it is gone.
inline constexpr std::chrono::milliseconds kNoDeadline = std::chrono::milliseconds::max();

/// A connection as a stream of bytes: TCP, TLS or memory (tests). Everything above knows only this.
/// Owner: one coroutine reads, one writes; close() from the stream's executor only. Every wait has
/// a deadline; expiry gives kTimeout and leaves the stream closed.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  /// At least one byte. 0 = orderly end of stream. kUnreachable on reset, kTimeout on expiry.
  virtual Awaitable<core::Result<std::size_t>> read_some(std::span<char> into,
                                                         std::chrono::milliseconds deadline) = 0;
  /// All bytes, or an error. `bytes` must live until it returns.
  virtual Awaitable<core::Result<void>> write_all(std::string_view bytes,
                                                  std::chrono::milliseconds deadline) = 0;
  /// A waiting read, and each one after it, ends as if the peer had ended its side; writing goes
  /// on. This is how a drain lets what was received be answered. From the executor only.
  virtual void end_input() { close(); }
  virtual void close() = 0;
  virtual bool closed() const = 0;
  virtual std::string peer() const = 0;   ///< "127.0.0.1:51234"
  virtual boost::asio::any_io_executor executor() = 0;
};

}  // namespace net
