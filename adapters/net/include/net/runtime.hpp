#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <core/metrics.hpp>
#include <net/byte_stream.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace net {

inline constexpr std::size_t kIoThreadsMax = 64;

/// The io threads. Each has its own queue, and whatever is bound to one executor runs on one thread
/// only: a connection needs neither lock nor strand. Nothing that runs here may block.
///
/// Lifetime: longer than every listener, client and callback that posts to it.
/// Thread: any; start() and stop() from the owner's thread, which is none of the io threads.
class Runtime {
 public:
  /// `threads` 0 = one per core. Failures of tasks are counted in
  /// chartwire_net_task_failures_total{task} when `metrics` is given.
  explicit Runtime(std::size_t threads = 0, core::Metrics* metrics = nullptr);
  ~Runtime();   ///< stop()
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  void start();
  /// Ends the threads. Tasks still waiting are destroyed where they wait, so stop listeners and
  /// close clients first (wait_idle() tells when nothing is left).
  void stop();

  std::size_t thread_count() const;
  /// The next thread in turn: call it once per connection.
  boost::asio::any_io_executor executor();
  boost::asio::any_io_executor executor(std::size_t thread);

  /// Runs a coroutine. An exception leaving it is our own bug: logged and counted, never lost.
  /// `name` is a fixed kebab-case word (log, metrics).
  void spawn(boost::asio::any_io_executor executor, std::string name, Awaitable<void> task);
  /// Runs `work` on that executor, soon.
  void post(boost::asio::any_io_executor executor, std::function<void()> work);

  std::size_t running() const;        ///< tasks spawned and not ended
  std::uint64_t failures() const;     ///< tasks that ended by an exception
  /// Waits until no task is left. @return false when `limit` passed first.
  bool wait_idle(std::chrono::milliseconds limit);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Pauses a coroutine.
Awaitable<void> sleep_for(std::chrono::milliseconds duration);

}  // namespace net
