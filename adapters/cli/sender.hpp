#pragma once
#include <core/bounded_queue.hpp>
#include <mllp/client.hpp>
#include <net/runtime.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace cli {

/// What became of one message.
struct Sent {
  std::string control_id;
  mllp::SendResult result;
  double seconds = 0;      ///< from the first attempt to the answer
};

/// Sends messages over several MLLP connections, one in flight on each; what shares a key stays in
/// order on one connection. Blocking: for command-line tools. Thread: push() and finish() from one.
class Sender {
 public:
  struct Options {
    std::string host = "127.0.0.1";
    std::uint16_t port = 2575;
    std::size_t connections = 1;
    double rate = 0;                 ///< messages a second in all; 0 = as fast as answered
    int retries = 0;                 ///< after a lost connection, when the outcome is in doubt
    bool release_2 = false;
  };
  struct Totals {
    std::uint64_t confirmed = 0, refused = 0, unconfirmed = 0, in_doubt = 0, not_sent = 0;
    std::uint64_t all() const { return confirmed + refused + unconfirmed + in_doubt + not_sent; }
    bool clean() const { return refused + in_doubt + not_sent == 0; }
  };

  /// @param report called for every message, from the connections' threads, one at a time.
  Sender(Options options, std::function<void(const Sent&)> report);
  ~Sender();

  /// @return whether all connections could be made.
  core::Status connect();
  /// Waits for room and for the rate. @return false when every connection is gone.
  bool push(std::uint64_t key, std::string text, std::string control_id);
  /// Waits for all answers.
  Totals finish();
  Totals totals() const;

 private:
  struct Line;
  void run(Line& line);
  Sent send_one(Line& line, const std::string& text, const std::string& control_id);
  core::Status open(Line& line);

  Options options_;
  std::function<void(const Sent&)> report_;
  net::Runtime runtime_{1};
  std::vector<std::unique_ptr<Line>> lines_;
  mutable std::mutex mutex_;
  Totals totals_;
  std::atomic<bool> failed_{false};
  std::chrono::steady_clock::time_point began_{};
  std::uint64_t pushed_ = 0;
};

/// "host:port", "[::1]:port".
core::Result<std::pair<std::string, std::uint16_t>> parse_address(const std::string& text);

}  // namespace cli
