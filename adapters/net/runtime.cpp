#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <core/log.hpp>
#include <core/thread.hpp>
#include <net/runtime.hpp>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace net {

namespace asio = boost::asio;

namespace {

struct IoThread {
  asio::io_context context{1};   // run by one thread, posted to by any
  asio::executor_work_guard<asio::io_context::executor_type> guard{context.get_executor()};
  std::thread thread;
};

std::string reason_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "unknown exception";
  }
}

}  // namespace

struct Runtime::Impl {
  std::vector<std::unique_ptr<IoThread>> threads;
  core::Metrics* metrics = nullptr;
  std::atomic<std::size_t> next{0};
  std::atomic<std::uint64_t> failures{0};
  std::mutex mutex;
  std::condition_variable idle;
  std::size_t running = 0;
  bool started = false, stopped = false;

  void begin() {
    std::lock_guard lock(mutex);
    ++running;
  }
  void end(const std::string& name, const std::exception_ptr& error) {
    if (error) {
      ++failures;
      core::log_error("task-failed", {{"task", name}, {"reason", reason_of(error)}});
      if (metrics) {
        metrics->counter("chartwire_net_task_failures_total",
                         "Tasks that ended by an exception", {{"task", name}}).add();
      }
    }
    std::lock_guard lock(mutex);
    if (--running == 0) idle.notify_all();
  }
};

Runtime::Runtime(std::size_t threads, core::Metrics* metrics) : impl_(std::make_unique<Impl>()) {
  if (threads == 0) threads = std::max(1u, std::thread::hardware_concurrency());
  threads = std::min(threads, kIoThreadsMax);
  impl_->metrics = metrics;
  for (std::size_t i = 0; i < threads; ++i) impl_->threads.push_back(std::make_unique<IoThread>());
}

Runtime::~Runtime() { stop(); }

void Runtime::start() {
  if (impl_->started) return;
  impl_->started = true;
  for (auto& io : impl_->threads) {
    io->thread = std::thread([context = &io->context] {
      core::begin_thread("cw-net", core::ThreadWork::kAnswer);
      context->run();
    });
  }
}

void Runtime::stop() {
  if (impl_->stopped) return;
  impl_->stopped = true;
  for (auto& io : impl_->threads) {
    io->guard.reset();
    io->context.stop();
  }
  for (auto& io : impl_->threads) {
    if (io->thread.joinable()) io->thread.join();
  }
}

std::size_t Runtime::thread_count() const { return impl_->threads.size(); }

asio::any_io_executor Runtime::executor() {
  return executor(impl_->next.fetch_add(1, std::memory_order_relaxed));
}

asio::any_io_executor Runtime::executor(std::size_t thread) {
  return impl_->threads[thread % impl_->threads.size()]->context.get_executor();
}

void Runtime::spawn(asio::any_io_executor executor, std::string name, Awaitable<void> task) {
  impl_->begin();
  asio::co_spawn(std::move(executor), std::move(task),
                 [impl = impl_.get(), name = std::move(name)](const std::exception_ptr& error) {
                   impl->end(name, error);
                 });
}

void Runtime::post(asio::any_io_executor executor, std::function<void()> work) {
  asio::post(executor, std::move(work));
}

std::size_t Runtime::running() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->running;
}

std::uint64_t Runtime::failures() const { return impl_->failures; }

bool Runtime::wait_idle(std::chrono::milliseconds limit) {
  std::unique_lock lock(impl_->mutex);
  return impl_->idle.wait_for(lock, limit, [this] { return impl_->running == 0; });
}

Awaitable<void> sleep_for(std::chrono::milliseconds duration) {
  auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, duration);
  [[maybe_unused]] auto [ec] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

}  // namespace net
