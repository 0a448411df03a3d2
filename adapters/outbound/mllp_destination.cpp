#include <mllp/client.hpp>
#include <outbound/mllp_destination.hpp>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace outbound {
namespace {

using pipeline::DeliveryOutcome;
using Done = std::function<void(DeliveryOutcome)>;

/// Longer than a connection may take to open, which close() cannot interrupt.
constexpr std::chrono::seconds kMllpCloseWait{15};

DeliveryOutcome transient(std::string reason) {
  return {DeliveryOutcome::Kind::kTransient, 0, {}, std::move(reason)};
}

/// What an acknowledgement means. MSA-3 and ERR may quote the message: reasons name codes only.
DeliveryOutcome outcome_of(const mllp::SendResult& sent) {
  using State = mllp::SendResult::State;
  switch (sent.state) {
    case State::kConfirmed:
    case State::kUnconfirmed: return {DeliveryOutcome::Kind::kDelivered, 0, {}, ""};
    case State::kRefused:
      return {DeliveryOutcome::Kind::kPermanent, 0, {},
              "refused with " + std::string(sent.code ? hl7::to_text(*sent.code) : "15")};
    case State::kInDoubt:
    case State::kNotSent: break;
  }
  return transient(sent.reason.text());
}

struct Job {
  pipeline::Delivery delivery;
  Done done;
};

}  // namespace

struct MllpDestination::State {
  net::Runtime& runtime;
  const MllpDestinationOptions options;
  const boost::asio::any_io_executor executor;
  std::shared_ptr<mllp::Client> client;   ///< of the executor

  std::mutex mutex;
  std::condition_variable quiet;
  std::deque<Job> pending;
  bool working = false, closing = false;

  State(net::Runtime& r, MllpDestinationOptions o)
      : runtime(r), options(std::move(o)), executor(r.executor()) {}

  std::optional<Job> next();
  net::Awaitable<DeliveryOutcome> send(std::string message);
  static net::Awaitable<void> work(std::shared_ptr<State> state);
};

std::optional<Job> MllpDestination::State::next() {
  const std::lock_guard lock(mutex);
  if (pending.empty() || closing) {
    working = false;
    quiet.notify_all();
    return std::nullopt;
  }
  std::optional<Job> job(std::move(pending.front()));
  pending.pop_front();
  return job;
}

net::Awaitable<DeliveryOutcome> MllpDestination::State::send(std::string message) {
  if (!client || !client->connected()) {
    mllp::ClientOptions connection;
    connection.host = options.host;
    connection.port = options.port;
    connection.connect_deadline = options.timeout;
    connection.write_deadline = options.timeout;
    connection.ack_deadline = options.timeout;
    connection.application_deadline = options.timeout;
    auto connected = co_await mllp::Client::connect(runtime, connection);
    if (!connected) co_return transient(connected.error().text());
    client = std::move(*connected);
  }
  const mllp::SendResult sent = co_await client->send(std::move(message));
  co_return outcome_of(sent);
}

net::Awaitable<void> MllpDestination::State::work(std::shared_ptr<State> state) {
  std::optional<Job> job = state->next();
  while (job) {
    DeliveryOutcome outcome = co_await state->send(std::move(job->delivery.body));
    job->done(std::move(outcome));
    job = state->next();
  }
}

MllpDestination::MllpDestination(net::Runtime& runtime, MllpDestinationOptions options)
    : state_(std::make_shared<State>(runtime, std::move(options))) {}

void MllpDestination::deliver(pipeline::Delivery delivery, Done done) {
  bool begin = false;
  {
    const std::lock_guard lock(state_->mutex);
    if (!state_->closing && state_->pending.size() < kMllpPendingMax) {
      state_->pending.push_back({std::move(delivery), std::move(done)});
      begin = !std::exchange(state_->working, true);
      done = nullptr;
    }
  }
  if (done) return done(transient("closed or too much waiting"));
  if (begin) state_->runtime.spawn(state_->executor, "mllp-delivery", State::work(state_));
}

void MllpDestination::close() {
  std::deque<Job> left;
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->closing) return;
    state_->closing = true;
    left.swap(state_->pending);
  }
  for (Job& job : left) job.done(transient("closed"));
  state_->runtime.post(state_->executor, [state = state_] {
    if (state->client) state->client->close();
  });
}

MllpDestination::~MllpDestination() {
  close();
  std::unique_lock lock(state_->mutex);
  // Bounded, because a runtime stopped too early never ends it.
  state_->quiet.wait_for(lock, kMllpCloseWait, [this] { return !state_->working; });
}

}  // namespace outbound
