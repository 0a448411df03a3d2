#include "tcp_stream.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <core/log.hpp>
#include <net/address.hpp>
#include <net/at_end.hpp>
#include <net/listener.hpp>

#include <condition_variable>
#include <mutex>
#include <unordered_map>

namespace net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr int kBacklog = 4'096;
constexpr auto kAcceptPause = std::chrono::milliseconds(50);
// Past this a connection that was closed and still does not end is our own bug.
constexpr auto kCloseWaitMax = std::chrono::seconds(30);

bool out_of_resources(const error_code& ec) {
  return ec == asio::error::no_descriptors || ec == asio::error::no_memory ||
         ec == asio::error::no_buffer_space ||
         ec == boost::system::errc::too_many_files_open_in_system;
}

}  // namespace

struct Listener::State {
  State(Runtime& r, core::Metrics& m, ListenOptions o, Serve s)
      : runtime(r), options(std::move(o)), serve(std::move(s)), executor(runtime.executor()),
        acceptor(executor), open_connections(m.gauge("chartwire_net_connections",
            "Connections open now", {{"listener", options.name}})),
        accepted(m.counter("chartwire_net_accepted_total", "Connections accepted",
                           {{"listener", options.name}})),
        refused_peer(refused(m, "peer")), refused_limit(refused(m, "limit")),
        pauses(m.counter("chartwire_net_accept_pauses_total",
                         "Times accepting paused for want of descriptors or memory",
                         {{"listener", options.name}})) {}

  core::Counter& refused(core::Metrics& m, const char* reason) const {
    return m.counter("chartwire_net_refused_total", "Connections closed at once",
                     {{"listener", options.name}, {"reason", reason}});
  }

  Runtime& runtime;
  const ListenOptions options;
  const Serve serve;
  PeerList peers;
  asio::any_io_executor executor;   // of the acceptor
  tcp::acceptor acceptor;
  std::uint16_t port = 0;
  core::Gauge& open_connections;
  core::Counter &accepted, &refused_peer, &refused_limit, &pauses;

  mutable std::mutex mutex;
  std::condition_variable changed;
  std::unordered_map<std::uint64_t, std::shared_ptr<TcpStream>> streams;
  std::map<std::string, std::uint64_t> refused_peers;
  std::uint64_t next_id = 1;
  bool accepting = false;
  bool stopping = false;

  core::Status bind();
  bool admit(const tcp::socket& socket);
  void note_refused(const std::string& address);
  void adopt(const std::shared_ptr<State>& self, tcp::socket socket,
             const asio::any_io_executor& on);
  void forget(std::uint64_t id);
  static Awaitable<void> accept_loop(std::shared_ptr<State> self);
  static Awaitable<void> connection(std::shared_ptr<State> self, std::uint64_t id,
                                    std::shared_ptr<TcpStream> stream);
};

core::Status Listener::State::bind() {
  const std::string where = options.bind + ":" + std::to_string(options.port);
  error_code ec;
  const auto address =
      asio::ip::make_address(options.bind == "localhost" ? "127.0.0.1" : options.bind, ec);
  if (ec) return core::fail(core::ErrorCode::kBadConfig, "bind is not an address", where);
  if (!is_loopback(options.bind) && !options.off_loopback) {
    return core::fail(core::ErrorCode::kRefusedByPolicy,
                      "a listener off loopback needs TLS, or plaintext with a peers list", where);
  }
  const tcp::endpoint endpoint(address, options.port);
  acceptor.open(endpoint.protocol(), ec);
  if (!ec) acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec) acceptor.bind(endpoint, ec);
  if (!ec) acceptor.listen(kBacklog, ec);
  if (ec) return core::fail(core::ErrorCode::kIo, "cannot listen: " + ec.message(), where);
  port = acceptor.local_endpoint(ec).port();
  return {};
}

void Listener::State::note_refused(const std::string& address) {
  std::uint64_t times = 1;
  {
    std::lock_guard lock(mutex);
    if (refused_peers.size() < kRefusedPeersKept || refused_peers.contains(address)) {
      times = ++refused_peers[address];
    }
  }
  // Powers of two: a peer that hammers the port does not flood the log.
  if ((times & (times - 1)) != 0) return;
  core::log_warn("peer-refused",
                 {{"listener", options.name}, {"peer", address}, {"times", times}});
}

bool Listener::State::admit(const tcp::socket& socket) {
  error_code ec;
  const auto remote = socket.remote_endpoint(ec);
  if (ec) return false;   // gone already
  if (const std::string address = address_text(remote); !peers.allows(address)) {
    refused_peer.add();
    note_refused(address);
    return false;
  }
  std::lock_guard lock(mutex);
  if (stopping) return false;
  if (streams.size() < options.connections_max) return true;
  refused_limit.add();
  return false;
}

void Listener::State::adopt(const std::shared_ptr<State>& self, tcp::socket socket,
                            const asio::any_io_executor& on) {
  accepted.add();
  open_connections.add(1);
  auto stream = std::make_shared<TcpStream>(std::move(socket));
  std::uint64_t id = 0;
  {
    std::lock_guard lock(mutex);
    id = next_id++;
    streams.emplace(id, stream);
  }
  runtime.spawn(on, "connection", connection(self, id, std::move(stream)));
}

void Listener::State::forget(std::uint64_t id) {
  open_connections.add(-1);
  std::lock_guard lock(mutex);
  streams.erase(id);
  if (streams.empty()) changed.notify_all();
}

Awaitable<void> Listener::State::connection(std::shared_ptr<State> self, std::uint64_t id,
                                            std::shared_ptr<TcpStream> stream) {
  AtEnd end([&self, id, &stream] {
    stream->close();
    self->forget(id);
  });
  co_await self->serve(stream);
}

Awaitable<void> Listener::State::accept_loop(std::shared_ptr<State> self) {
  AtEnd end([&self] {
    std::lock_guard lock(self->mutex);
    self->accepting = false;
    self->changed.notify_all();
  });
  bool paused = false;
  while (self->acceptor.is_open()) {
    const auto on = self->runtime.executor();
    auto [ec, socket] = co_await self->acceptor.async_accept(
        on, asio::as_tuple(asio::use_awaitable));
    if (!ec) {
      paused = false;
      const bool welcome = self->admit(socket);
      if (welcome) self->adopt(self, std::move(socket), on);
      continue;
    }
    if (ec == asio::error::operation_aborted || ec == asio::error::bad_descriptor) break;
    if (!out_of_resources(ec)) continue;   // the peer gave up meanwhile
    if (!paused) {
      paused = true;
      self->pauses.add();
      core::log_error("accept-paused",
                      {{"listener", self->options.name}, {"reason", ec.message()}});
    }
    co_await sleep_for(kAcceptPause);
  }
}

core::Result<std::unique_ptr<Listener>> Listener::open(Runtime& runtime, core::Metrics& metrics,
                                                       ListenOptions options, Serve serve) {
  auto peers = PeerList::parse(options.peers);
  if (!peers) {
    core::Error error = std::move(peers.error());
    error.where = options.name;
    return core::fail(std::move(error));
  }
  auto state = std::make_shared<State>(runtime, metrics, std::move(options), std::move(serve));
  state->peers = std::move(*peers);
  if (auto bound = state->bind(); !bound) return core::fail(std::move(bound.error()));
  return std::unique_ptr<Listener>(new Listener(std::move(state)));
}

Listener::Listener(std::shared_ptr<State> state) : state_(std::move(state)) {}

Listener::~Listener() { stop(std::chrono::milliseconds(0)); }

void Listener::start() {
  {
    std::lock_guard lock(state_->mutex);
    if (state_->accepting || state_->stopping) return;
    state_->accepting = true;
  }
  state_->runtime.spawn(state_->executor, "accept", State::accept_loop(state_));
}

std::size_t Listener::stop(std::chrono::milliseconds grace) {
  const auto state = state_;
  std::unique_lock lock(state->mutex);
  if (state->stopping) return 0;
  state->stopping = true;
  if (!state->accepting) {
    error_code ec;
    state->acceptor.close(ec);
  } else {
    state->runtime.post(state->executor, [state] {
      error_code ec;
      state->acceptor.close(ec);
    });
    state->changed.wait_for(lock, kCloseWaitMax, [&] { return !state->accepting; });
  }
  const auto none = [&] { return state->streams.empty(); };
  for (const auto& [id, stream] : state->streams) {
    state->runtime.post(stream->executor(), [stream] { stream->end_input(); });
  }
  if (state->changed.wait_for(lock, grace, none)) return 0;
  const std::size_t left = state->streams.size();
  for (const auto& [id, stream] : state->streams) {
    state->runtime.post(stream->executor(), [stream] { stream->close(); });
  }
  core::log_warn("connections-closed-at-stop",
                 {{"listener", state->options.name}, {"count", left}});
  if (!state->changed.wait_for(lock, kCloseWaitMax, none)) {
    core::log_error("connections-do-not-end",
                    {{"listener", state->options.name}, {"count", state->streams.size()}});
  }
  return left;
}

std::uint16_t Listener::port() const { return state_->port; }
const ListenOptions& Listener::options() const { return state_->options; }

std::size_t Listener::connections() const {
  std::lock_guard lock(state_->mutex);
  return state_->streams.size();
}

std::map<std::string, std::uint64_t> Listener::refused_peers() const {
  std::lock_guard lock(state_->mutex);
  return state_->refused_peers;
}

}  // namespace net
