#include <net/runtime.hpp>
#include <net/tcp.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "bench.hpp"

namespace cli::bench {
namespace {

using Clock = std::chrono::steady_clock;
inline constexpr std::chrono::seconds kAckDeadline{30};

/// What all connections of a run share; each adds its own part once, at its end.
struct Shared {
  const LoadOptions& options;
  net::Runtime& runtime;
  Clock::time_point until;
  std::mutex mutex;
  std::vector<std::uint32_t> micros;
  std::uint64_t failed = 0;
};

/// MSA-1 is AA and MSA-2 the id of what was sent.
bool confirms(std::string_view reply, std::string_view control_id) {
  const std::size_t msa = reply.find("\rMSA|AA|");
  return msa != std::string_view::npos &&
         reply.substr(msa + 8, control_id.size()) == control_id;
}

std::string_view control_id_of(std::string_view message) {
  std::size_t at = 0;
  for (int bars = 0; bars < 9 && at != std::string_view::npos; ++bars)
    at = message.find('|', at + 1);
  return message.substr(at + 1, message.find('|', at + 1) - at - 1);
}

net::Awaitable<bool> exchange(net::ByteStream& stream, const std::string& message) {
  std::string frame = "\x0b" + message + "\x1c\r";
  auto written = co_await stream.write_all(frame, kAckDeadline);
  if (!written) co_return false;
  std::string reply;
  char chunk[4096];
  while (!reply.ends_with("\x1c\r")) {
    auto read = co_await stream.read_some(chunk, kAckDeadline);
    if (!read || *read == 0) co_return false;
    reply.append(chunk, *read);
  }
  co_return confirms(reply, control_id_of(message));
}

net::Awaitable<void> sender(Shared& shared, std::size_t number) {
  std::vector<std::uint32_t> micros;
  std::uint64_t failed = 0;
  auto stream = co_await net::connect_tcp("127.0.0.1", shared.options.port, kAckDeadline);
  for (std::uint64_t n = 0; stream && Clock::now() < shared.until; ++n) {
    if (shared.options.messages_max != 0 && n >= shared.options.messages_max) break;
    const std::string message = shared.options.message(number, n);
    const Clock::time_point began = Clock::now();
    const bool good = co_await exchange(**stream, message);
    if (!good) {
      ++failed;
      break;
    }
    micros.push_back(static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - began).count()));
  }
  if (!stream) ++failed;
  if (stream) (*stream)->close();
  std::lock_guard lock(shared.mutex);
  shared.failed += failed;
  shared.micros.insert(shared.micros.end(), micros.begin(), micros.end());
}

double quantile(const std::vector<std::uint32_t>& sorted, double q) {
  if (sorted.empty()) return 0;
  const auto index = static_cast<std::size_t>(q * static_cast<double>(sorted.size() - 1));
  return sorted[index] / 1000.0;
}

}  // namespace

LoadResult run_load(const LoadOptions& options) {
  net::Runtime runtime(1);
  const Clock::time_point began = Clock::now();
  Shared shared{options, runtime, began + options.duration, {}, {}, 0};
  runtime.start();
  for (std::size_t i = 0; i < options.connections; ++i) {
    runtime.spawn(runtime.executor(), "bench-load", sender(shared, i));
  }
  runtime.wait_idle(std::chrono::hours(1));
  LoadResult result;
  result.seconds = std::chrono::duration<double>(Clock::now() - began).count();
  runtime.stop();
  std::sort(shared.micros.begin(), shared.micros.end());
  result.acked = shared.micros.size();
  result.failed = shared.failed;
  result.p50_ms = quantile(shared.micros, 0.50);
  result.p99_ms = quantile(shared.micros, 0.99);
  result.p999_ms = quantile(shared.micros, 0.999);
  return result;
}

}  // namespace cli::bench
