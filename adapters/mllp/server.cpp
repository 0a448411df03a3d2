#include "connection.hpp"
#include "shared.hpp"

#include <mllp/server.hpp>

namespace mllp {

struct Server::Impl {
  std::shared_ptr<Shared> shared;
  std::unique_ptr<net::Listener> listener;
};

core::Result<std::unique_ptr<Server>> Server::open(net::Runtime& runtime, core::Metrics& metrics,
                                                   net::ListenOptions listen,
                                                   ServerOptions options,
                                                   pipeline::InboundHandler& handler) {
  auto shared =
      std::make_shared<Shared>(runtime, metrics, listen.name, std::move(options), handler);
  auto serve = [shared](std::shared_ptr<net::ByteStream> stream) {
    return Connection::run(std::make_shared<Connection>(shared, std::move(stream)));
  };
  auto listener = net::Listener::open(runtime, metrics, std::move(listen), serve);
  if (!listener) return core::fail(std::move(listener.error()));
  std::unique_ptr<Server> server(new Server);
  server->impl_ = std::make_unique<Impl>();
  server->impl_->shared = std::move(shared);
  server->impl_->listener = std::move(*listener);
  return server;
}

Server::~Server() = default;

void Server::start() { impl_->listener->start(); }
std::size_t Server::stop(std::chrono::milliseconds grace) {
  impl_->shared->draining = true;
  return impl_->listener->stop(grace);
}
std::uint16_t Server::port() const { return impl_->listener->port(); }
const net::Listener& Server::listener() const { return *impl_->listener; }

}  // namespace mllp
