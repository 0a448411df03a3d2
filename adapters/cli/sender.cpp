#include "sender.hpp"

#include <core/text.hpp>

#include <algorithm>
#include <chrono>
#include <future>

namespace cli {
namespace {

using core::ErrorCode;
using State = mllp::SendResult::State;

/// Messages waiting for one connection.
inline constexpr std::size_t kLineQueueMax = 64;

struct Job {
  std::string text, control_id;
};

net::Awaitable<void> connect_to(net::Runtime& runtime, mllp::ClientOptions options,
                                std::promise<core::Result<std::shared_ptr<mllp::Client>>>& into) {
  auto client = co_await mllp::Client::connect(runtime, std::move(options));
  into.set_value(std::move(client));
}

net::Awaitable<void> send_on(std::shared_ptr<mllp::Client> client, std::string text,
                             std::promise<mllp::SendResult>& into) {
  auto result = co_await client->send(std::move(text));
  into.set_value(std::move(result));
}

}  // namespace

struct Sender::Line {
  core::BoundedQueue<Job> queue{kLineQueueMax};
  boost::asio::any_io_executor executor;
  std::shared_ptr<mllp::Client> client;
  std::thread thread;
};

Sender::Sender(Options options, std::function<void(const Sent&)> report)
    : options_(std::move(options)), report_(std::move(report)) {}

Sender::~Sender() {
  finish();
  for (const auto& line : lines_) {
    if (!line->client) continue;
    auto client = line->client;
    runtime_.post(line->executor, [client] { client->close(); });
  }
  runtime_.wait_idle(std::chrono::seconds(2));
  runtime_.stop();
}

core::Status Sender::open(Line& line) {
  mllp::ClientOptions options;
  options.host = options_.host;
  options.port = options_.port;
  options.frames.commit_blocks = options_.release_2;
  std::promise<core::Result<std::shared_ptr<mllp::Client>>> promise;
  auto future = promise.get_future();
  runtime_.spawn(line.executor, "mllp-connect", connect_to(runtime_, options, promise));
  auto client = future.get();
  if (!client) return core::fail(client.error());
  line.client = std::move(*client);
  return {};
}

core::Status Sender::connect() {
  runtime_.start();
  for (std::size_t i = 0; i < options_.connections; ++i) {
    auto line = std::make_unique<Line>();
    line->executor = runtime_.executor();
    if (auto status = open(*line); !status) return status;
    lines_.push_back(std::move(line));
  }
  for (const auto& line : lines_) line->thread = std::thread([this, &line] { run(*line); });
  began_ = std::chrono::steady_clock::now();
  return {};
}

bool Sender::push(std::uint64_t key, std::string text, std::string control_id) {
  if (options_.rate > 0) {
    const auto due = began_ + std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                                  std::chrono::duration<double>(
                                      static_cast<double>(pushed_) / options_.rate));
    std::this_thread::sleep_until(due);
  }
  ++pushed_;
  Line& line = *lines_[key % lines_.size()];
  return line.queue.push({std::move(text), std::move(control_id)}) && !failed_;
}

Sender::Totals Sender::finish() {
  for (const auto& line : lines_) line->queue.close();
  for (const auto& line : lines_) {
    if (line->thread.joinable()) line->thread.join();
  }
  return totals();
}

Sender::Totals Sender::totals() const {
  std::lock_guard lock(mutex_);
  return totals_;
}

void Sender::run(Line& line) {
  while (auto job = line.queue.pop()) {
    Sent sent;
    if (failed_) {
      sent.control_id = job->control_id;
    } else {
      sent = send_one(line, job->text, job->control_id);
    }
    std::lock_guard lock(mutex_);
    switch (sent.result.state) {
      case State::kConfirmed: ++totals_.confirmed; break;
      case State::kRefused: ++totals_.refused; break;
      case State::kUnconfirmed: ++totals_.unconfirmed; break;
      case State::kInDoubt: ++totals_.in_doubt; break;
      case State::kNotSent: ++totals_.not_sent; break;
    }
    if (report_) report_(sent);
  }
}

Sent Sender::send_one(Line& line, const std::string& text, const std::string& control_id) {
  Sent sent;
  sent.control_id = control_id;
  const auto began = std::chrono::steady_clock::now();
  for (int attempt = 0;; ++attempt) {
    if (attempt > 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(std::min(100 << attempt, 3000)));
    }
    core::Status opened;
    if (!line.client) opened = open(line);
    if (opened) {
      std::promise<mllp::SendResult> promise;
      auto future = promise.get_future();
      runtime_.spawn(line.executor, "mllp-send", send_on(line.client, text, promise));
      sent.result = future.get();
    } else {
      sent.result.reason = opened.error();
    }
    const bool lost = sent.result.state == State::kInDoubt || sent.result.state == State::kNotSent;
    if (!lost) break;
    line.client.reset();
    if (attempt >= options_.retries) {
      failed_ = true;   // the peer is gone: what is still queued is not sent
      break;
    }
  }
  sent.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return sent;
}

core::Result<std::pair<std::string, std::uint16_t>> parse_address(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  const auto port =
      colon == std::string::npos ? std::nullopt : core::to_int(text.substr(colon + 1));
  if (!port || *port < 1 || *port > 65535 || colon == 0) {
    return core::fail(ErrorCode::kUsage, "an address is host:port, such as 127.0.0.1:2575");
  }
  std::string host = text.substr(0, colon);
  if (host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return std::pair{std::move(host), static_cast<std::uint16_t>(*port)};
}

}  // namespace cli
