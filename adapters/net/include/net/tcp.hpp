#pragma once
#include <core/result.hpp>
#include <net/byte_stream.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace net {

/// Connects on the calling coroutine's executor, trying each address of the host in turn. The
/// deadline covers name resolution too. Errors: kUnreachable (refused, unknown host), kTimeout;
/// `where` = "host:port". The stream has TCP_NODELAY and keepalive (a dead peer is found within
/// 8 minutes).
Awaitable<core::Result<std::shared_ptr<ByteStream>>> connect_tcp(
    std::string host, std::uint16_t port, std::chrono::milliseconds deadline);

}  // namespace net
