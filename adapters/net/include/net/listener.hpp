#pragma once
#include <core/metrics.hpp>
#include <core/result.hpp>
#include <net/byte_stream.hpp>
#include <net/runtime.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace net {

struct ListenOptions {
  std::string name;                    ///< from the configuration; label of logs and metrics
  std::string bind = "127.0.0.1";      ///< an address or "localhost"
  std::uint16_t port = 0;              ///< 0: the system chooses, see Listener::port()
  std::vector<std::string> peers;      ///< who may connect, see PeerList; empty: anybody
  std::size_t connections_max = 10'000;   ///< one more is closed at once and counted
  /// Off loopback a listener needs TLS, or `plaintext: true` with a peers list: the caller has
  /// checked that and says so here, else open() gives kRefusedByPolicy.
  bool off_loopback = false;
};

/// Serves one accepted connection; the stream is closed when it returns.
using Serve = std::function<Awaitable<void>(std::shared_ptr<ByteStream>)>;

inline constexpr std::size_t kRefusedPeersKept = 64;

/// A listening TCP port: accepts, checks the peer, hands each connection to `serve` as a coroutine
/// on one io thread. Out of descriptors (EMFILE) it pauses and goes on when there are some again.
/// Metrics: chartwire_net_connections{listener}, chartwire_net_accepted_total{listener},
/// chartwire_net_refused_total{listener,reason=peer|limit}, chartwire_net_accept_pauses_total.
/// Thread: any but the io threads; the runtime and the metrics outlive it.
class Listener {
 public:
  /// Binds and listens: from here on the system queues connections; start() serves them. Errors:
  /// kBadConfig (address, peers), kRefusedByPolicy, kIo (port in use) with `where` = address:port.
  static core::Result<std::unique_ptr<Listener>> open(Runtime& runtime, core::Metrics& metrics,
                                                      ListenOptions options, Serve serve);
  ~Listener();   ///< stop() without grace

  void start();
  /// Stops accepting, ends the input of every connection so that it can answer what it received,
  /// waits up to `grace` for them, closes the rest and waits for these too.
  /// @return the number of connections that had to be closed.
  std::size_t stop(std::chrono::milliseconds grace);

  std::uint16_t port() const;
  const ListenOptions& options() const;
  std::size_t connections() const;
  /// Addresses turned away by the peers list and how often, at most kRefusedPeersKept.
  std::map<std::string, std::uint64_t> refused_peers() const;

  struct State;

 private:
  explicit Listener(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace net
