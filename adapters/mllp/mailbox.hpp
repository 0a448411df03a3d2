#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <core/metrics.hpp>
#include <pipeline/inbound.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace mllp {

/// Carries replies from the handler's threads to a connection's thread; many replies between two
/// looks cost one wake-up. Outlives the connection: what comes too late is counted as undelivered.
/// Thread: put() from any; the rest on the connection's executor.
class Mailbox : public std::enable_shared_from_this<Mailbox> {
 public:
  using Letter = std::pair<std::uint64_t, pipeline::Reply>;   ///< number of the frame, its reply

  /// `wake` runs on the executor when there is something to take, never after close().
  Mailbox(boost::asio::any_io_executor executor, core::Counter& undelivered,
          std::function<void()> wake)
      : executor_(std::move(executor)), undelivered_(undelivered), wake_(std::move(wake)) {}

  void put(std::uint64_t number, pipeline::Reply reply);
  std::vector<Letter> take();
  void close();

 private:
  boost::asio::any_io_executor executor_;
  core::Counter& undelivered_;
  std::function<void()> wake_;
  std::mutex mutex_;
  std::vector<Letter> letters_;
  bool waking_ = false;
  bool closed_ = false;
};

}  // namespace mllp
