#include <core/log.hpp>
#include <core/text.hpp>
#include <net/address.hpp>
#include <outbound/fhir_destination.hpp>

#include <fmt/format.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace outbound {
namespace {

using pipeline::Delivery;
using pipeline::DeliveryOutcome;
// Longer than a connection may take to open, which close() cannot interrupt.
constexpr std::chrono::seconds kFhirCloseWait{15};

using Done = std::function<void(DeliveryOutcome)>;

DeliveryOutcome transient(std::string reason) {
  return {DeliveryOutcome::Kind::kTransient, 0, {}, std::move(reason)};
}

/// A delivery and who waits for it. Dropped unanswered (a runtime that stops), it still answers.
struct Job {
  Delivery delivery;
  Done done;

  Job(Delivery d, Done f) : delivery(std::move(d)), done(std::move(f)) {}
  Job(Job&& other) noexcept
      : delivery(std::move(other.delivery)), done(std::exchange(other.done, nullptr)) {}
  Job& operator=(Job&&) = delete;
  ~Job() {
    if (done) answer(transient("stopped"));
  }
  void answer(DeliveryOutcome outcome) {
    const Done call = std::exchange(done, nullptr);
    try {
      call(std::move(outcome));
    } catch (const std::exception& error) {
      core::log_error("delivery-callback-failed", {{"error", error.what()}});
    }
  }
};

// The addresses cloud platforms keep their credentials behind, and nothing a repository has.
bool is_link_local(const std::string& host) {
  if (host.find(':') == std::string::npos) return host.starts_with("169.254.");
  const std::string text = core::ascii_lower(host);
  return text.starts_with("fe8") || text.starts_with("fe9") || text.starts_with("fea") ||
         text.starts_with("feb") || text.find(":169.254.") != std::string::npos;
}

}  // namespace

struct FhirDestination::State {
  /// A connection, living on one io thread.
  struct Slot {
    boost::asio::any_io_executor executor;
    net::HttpClient client;
  };

  net::Runtime& runtime;
  const core::Clock& clock;
  FhirDestinationOptions options;
  std::string target;
  std::vector<std::unique_ptr<Slot>> slots;

  std::mutex mutex;
  std::condition_variable quiet;
  std::vector<Slot*> idle;
  std::deque<Job> pending;
  std::size_t busy = 0;
  bool closing = false;

  State(net::Runtime& r, const core::Clock& c, FhirDestinationOptions o)
      : runtime(r), clock(c), options(std::move(o)) {}

  net::Awaitable<DeliveryOutcome> send(Slot& slot, const Delivery& delivery);
  /// The next job for a slot that became free, or none and the slot rests.
  std::optional<Job> next(Slot& slot);

  /// Counts a slot as busy until the coroutine that holds it ends, even one that never began.
  class Busy {
   public:
    explicit Busy(std::shared_ptr<State> state) : state_(std::move(state)) { ++state_->busy; }
    Busy(Busy&&) = default;
    ~Busy() {
      if (!state_) return;
      const std::lock_guard lock(state_->mutex);
      --state_->busy;
      state_->quiet.notify_all();
    }

   private:
    std::shared_ptr<State> state_;
  };
  static net::Awaitable<void> work(std::shared_ptr<State> state, Slot* slot, Job job, Busy busy);
};

net::Awaitable<DeliveryOutcome> FhirDestination::State::send(Slot& slot, const Delivery& delivery) {
  net::HttpCall call;
  call.method = "POST";
  call.target = target;
  call.headers = options.headers;
  call.headers.emplace_back("Content-Type", "application/fhir+json");
  call.headers.emplace_back("Accept", "application/fhir+json");
  call.headers.emplace_back("Prefer", "return=minimal");
  call.headers.emplace_back("X-Chartwire-Sequence", std::to_string(delivery.sequence.value()));
  if (!delivery.traceparent.empty()) call.headers.emplace_back("traceparent", delivery.traceparent);
  call.body = delivery.body;
  call.idempotent = true;
  const core::Result<net::HttpResponse> response = co_await slot.client.request(std::move(call));
  if (!response) co_return transient(response.error().text());
  co_return classify(*response, clock.now());
}

std::optional<Job> FhirDestination::State::next(Slot& slot) {
  const std::lock_guard lock(mutex);
  if (!pending.empty() && !closing) {
    std::optional<Job> job(std::move(pending.front()));
    pending.pop_front();
    return job;
  }
  idle.push_back(&slot);
  return std::nullopt;
}

net::Awaitable<void> FhirDestination::State::work(std::shared_ptr<State> state, Slot* slot,
                                                  Job first, Busy) {
  std::optional<Job> job(std::move(first));
  while (job) {
    DeliveryOutcome outcome = transient("closed");
    bool closing = false;
    {
      const std::lock_guard lock(state->mutex);
      closing = state->closing;
    }
    if (!closing) outcome = co_await state->send(*slot, job->delivery);
    job->answer(std::move(outcome));
    job.reset();
    std::optional<Job> following = state->next(*slot);
    if (following) job.emplace(std::move(*following));
  }
}

FhirDestination::FhirDestination(std::shared_ptr<State> state) : state_(std::move(state)) {}

core::Result<std::unique_ptr<FhirDestination>> FhirDestination::create(
    net::Runtime& runtime, const core::Clock& clock, FhirDestinationOptions options) {
  using core::ErrorCode;
  core::Result<net::HttpUrl> url = net::HttpUrl::parse(options.url);
  if (!url) return core::fail(std::move(url.error()));
  if (options.connections < 1 || options.connections > kFhirConnectionsMax) {
    return core::fail(ErrorCode::kBadConfig,
                      fmt::format("connections must be 1 to {}", kFhirConnectionsMax));
  }
  if (url->tls && !options.connect) {
    return core::fail(ErrorCode::kBadConfig, "an https destination needs TLS settings");
  }
  if (is_link_local(url->host)) {
    return core::fail(ErrorCode::kRefusedByPolicy, "link-local addresses are no destination");
  }
  if (!url->tls && !net::is_loopback(url->host) && !options.plaintext_off_loopback) {
    return core::fail(ErrorCode::kRefusedByPolicy, "plain http leaves loopback: use https");
  }
  auto state = std::make_shared<State>(runtime, clock, std::move(options));
  state->target = url->path.empty() ? "/" : url->path;
  for (std::size_t i = 0; i < state->options.connections; ++i) {
    const auto executor = runtime.executor();
    state->slots.push_back(std::make_unique<State::Slot>(
        State::Slot{executor, net::HttpClient(*url, state->options.http, state->options.connect)}));
    state->idle.push_back(state->slots.back().get());
  }
  return std::unique_ptr<FhirDestination>(new FhirDestination(std::move(state)));
}

void FhirDestination::deliver(Delivery delivery, Done done) {
  Job job(std::move(delivery), std::move(done));
  State::Slot* slot = nullptr;
  std::optional<State::Busy> busy;
  {
    const std::lock_guard lock(state_->mutex);
    if (!state_->closing) {
      if (!state_->idle.empty()) {
        slot = state_->idle.back();
        state_->idle.pop_back();
        busy.emplace(state_);
      } else if (state_->pending.size() < kFhirPendingMax) {
        state_->pending.push_back(std::move(job));
        return;
      }
    }
  }
  if (!slot) return job.answer(transient("closed or too much waiting"));
  auto work = State::work(state_, slot, std::move(job), std::move(*busy));
  state_->runtime.spawn(slot->executor, "fhir-delivery", std::move(work));
}

void FhirDestination::close() {
  std::deque<Job> left;
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->closing) return;
    state_->closing = true;
    left.swap(state_->pending);
  }
  for (Job& job : left) job.answer(transient("closed"));
  for (const auto& slot : state_->slots) {
    state_->runtime.post(slot->executor,
                         [state = state_, one = slot.get()] { one->client.close(); });
  }
}

FhirDestination::~FhirDestination() {
  close();
  std::unique_lock lock(state_->mutex);
  // Bounded, because a runtime stopped too early never ends them; they answer when it goes.
  state_->quiet.wait_for(lock, kFhirCloseWait, [this] { return state_->busy == 0; });
}

}  // namespace outbound
