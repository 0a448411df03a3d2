#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <net/byte_stream.hpp>

#include <cstddef>
#include <memory>
#include <utility>

namespace net {

/// Two ends of a connection in memory: what one writes, the other reads. `capacity` bytes fit in
/// each direction before a writer waits. Both ends belong to one executor. For tests: everything
/// above ByteStream runs on it without a socket.
std::pair<std::shared_ptr<ByteStream>, std::shared_ptr<ByteStream>> memory_stream_pair(
    const boost::asio::any_io_executor& executor, std::size_t capacity = 64 * 1024);

}  // namespace net
