#include "service.hpp"

#include <admin/api.hpp>
#include <admin/him_api.hpp>
#include <admin/mpi_api.hpp>
#include <core/log.hpp>
#include <fhirapi/api.hpp>
#include <hl7http/endpoint.hpp>
#include <metrics/api.hpp>
#include <mllp/server.hpp>
#include <net/http_router.hpp>
#include <net/listener.hpp>
#include <net/runtime.hpp>
#include <outbound/fhir_destination.hpp>
#include <outbound/mllp_destination.hpp>
#include <pipeline/v2_address.hpp>
#include <pipeline/site.hpp>

#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <thread>

#include "command.hpp"
#include "store_clock.hpp"

namespace cli {
namespace {

using core::ErrorCode;
using pipeline::ListenerConfig;

/// On two cores the disk, the applier and the senders need their share too.
std::size_t io_threads() { return std::max(1u, std::thread::hardware_concurrency() / 2); }

bool is_loopback(const std::string& bind) {
  return bind.rfind("127.", 0) == 0 || bind == "localhost" || bind == "::1";
}

}  // namespace

struct Service::Impl {
  pipeline::EngineConfig config;
  std::shared_ptr<const pipeline::Knowledge> knowledge;
  core::SystemClock system_clock;
  std::unique_ptr<StoreClock> simulated;
  const core::Clock* clock = &system_clock;
  core::Metrics metrics;
  std::atomic<bool> failed{false};
  std::atomic<bool> drained{false};
  std::unique_ptr<net::Runtime> runtime;
  std::unique_ptr<pipeline::Engine> engine;
  net::HttpRouter router;
  std::unique_ptr<fhirapi::Api> fhir;
  std::unique_ptr<admin::Api> admin;
  std::unique_ptr<admin::HimApi> him;
  std::unique_ptr<admin::MpiApi> mpi;
  std::unique_ptr<hl7http::Endpoint> hl7http;
  std::unique_ptr<::metrics::Api> health;
  std::vector<std::unique_ptr<mllp::Server>> mllp;
  std::vector<std::shared_ptr<net::HttpServer>> http_servers;
  std::vector<std::unique_ptr<net::Listener>> http;
  std::map<std::string, std::pair<std::string, std::uint16_t>> ports;   ///< listener -> bind, port

  core::Status start_engine();
  core::Status add_routes();
  core::Status open_listeners();
  core::Status open_mllp(const ListenerConfig& listener);
  core::Status open_http(const ListenerConfig& listener);
  void write_engine_file();
  void gauge_queues();
};

Service::Service() : impl_(std::make_unique<Impl>()) {}
Service::~Service() { drain(std::chrono::milliseconds(0)); }

core::Result<std::unique_ptr<Service>> Service::start(
    pipeline::EngineConfig config, std::shared_ptr<const pipeline::Knowledge> knowledge,
    std::optional<core::Instant> simulated_start) {
  std::unique_ptr<Service> service(new Service());
  Impl& impl = *service->impl_;
  impl.config = std::move(config);
  auto simulated = StoreClock::open(impl.config, simulated_start);
  if (!simulated) return core::fail(simulated.error());
  if (*simulated) {
    impl.simulated = std::move(*simulated);
    impl.clock = &impl.simulated->clock();
    impl.config.simulated = true;
  }
  impl.knowledge = std::move(knowledge);
  impl.runtime = std::make_unique<net::Runtime>(io_threads(), &impl.metrics);
  impl.runtime->start();
  for (auto step : {&Impl::start_engine, &Impl::add_routes, &Impl::open_listeners}) {
    if (auto status = (impl.*step)(); !status) return core::fail(status.error());
  }
  impl.gauge_queues();
  for (const auto& server : impl.mllp) server->start();
  for (const auto& listener : impl.http) listener->start();
  impl.write_engine_file();
  if (impl.simulated && simulated_start && *simulated_start > impl.clock->now()) {
    if (auto moved = impl.simulated->advance(*impl.engine, *simulated_start); !moved) {
      return core::fail(moved.error());
    }
  }
  core::log_info("ready", {{"listeners", impl.ports.size()},
                           {"feeds", impl.config.feeds.size()},
                           {"destinations", impl.config.destinations.size()}});
  return service;
}

core::Status Service::Impl::start_engine() {
  std::error_code failed_to_create;
  std::filesystem::create_directories(config.store_path, failed_to_create);
  if (failed_to_create) {
    return core::fail(ErrorCode::kIo, "cannot create the store's folder", config.store_path);
  }
  core::Error destination_error;
  bool destinations_ok = true;
  pipeline::Engine::Options options;
  options.config = config;
  options.knowledge = knowledge;
  options.clock = clock;
  options.metrics = &metrics;
  options.on_fatal = [this](const core::Error&) { failed = true; };
  std::map<std::string, std::unique_ptr<pipeline::Destination>> made;
  for (const pipeline::DestinationConfig& destination : config.destinations) {
    if (const auto address = pipeline::V2Address::parse(destination.url)) {
      made[destination.name.value()] = std::make_unique<outbound::MllpDestination>(
          *runtime, outbound::MllpDestinationOptions{destination.name.value(), address->host,
                                                     address->port, destination.timeout});
      continue;
    }
    outbound::FhirDestinationOptions out;
    out.name = destination.name.value();
    out.url = destination.url;
    out.connections = destination.connections;
    out.http.read_deadline = destination.timeout;
    out.http.write_deadline = destination.timeout;
    auto created = outbound::FhirDestination::create(*runtime, *clock, std::move(out));
    if (!created) {
      destinations_ok = false;
      destination_error = created.error();
      break;
    }
    made[destination.name.value()] = std::move(*created);
  }
  if (!destinations_ok) return core::fail(destination_error);
  options.make_destination = [&made](const pipeline::DestinationConfig& destination) {
    return std::move(made.at(destination.name.value()));
  };
  auto started = pipeline::Engine::start(std::move(options));
  if (!started) return core::fail(started.error());
  engine = std::move(*started);
  return {};
}

core::Status Service::Impl::add_routes() {
  for (int i = 0; i < 2; ++i) {
    auto reader = store::Records::open_read_only(config.store_path, knowledge->r4);
    if (!reader) return core::fail(reader.error());
    if (i == 0) {
      fhir = std::make_unique<fhirapi::Api>(
          knowledge->r4, *clock, std::move(*reader),
          [this](std::string_view type) { return store::indexed_params(knowledge->r4, type); });
      fhir->set_matcher(std::make_unique<identity::Matcher>(
          [this] { return store::Records::open_read_only(config.store_path, knowledge->r4); },
          knowledge->mpi));
    } else {
      admin = std::make_unique<admin::Api>(*engine, knowledge, *clock, std::move(*reader));
    }
  }
  auto him_reader = store::Records::open_read_only(config.store_path, knowledge->r4);
  if (!him_reader) return core::fail(him_reader.error());
  admin::HimApi::Advance advance;
  if (simulated) {
    advance = [this](core::Instant to) { return simulated->advance(*engine, to); };
  }
  him = std::make_unique<admin::HimApi>(*engine, knowledge, *clock, std::move(*him_reader),
                                        pipeline::him_site(config), std::move(advance));
  auto mpi_reader = store::Records::open_read_only(config.store_path, knowledge->r4);
  if (!mpi_reader) return core::fail(mpi_reader.error());
  mpi = std::make_unique<admin::MpiApi>(*engine, std::move(*mpi_reader), knowledge->mpi);
  fhir->add_routes(router);
  admin->add_routes(router);
  mpi->add_routes(router);
  him->add_routes(router);
  std::vector<core::FeedName> feeds;
  for (const auto& feed : config.feeds) feeds.push_back(feed.name);
  hl7http = std::make_unique<hl7http::Endpoint>(engine->handler(), std::move(feeds));
  hl7http->add_routes(router);
  health = std::make_unique<::metrics::Api>(metrics, std::vector<::metrics::Check>{
      {"engine", [this]() -> core::Status {
         const std::string why = engine->not_ready();
         if (why.empty()) return {};
         return core::fail(ErrorCode::kStoreUnavailable, why);
       }}});
  health->add_routes(router);
  return {};
}

core::Status Service::Impl::open_listeners() {
  for (const ListenerConfig& listener : config.listeners) {
    auto status =
        listener.kind == ListenerConfig::Kind::kMllp ? open_mllp(listener) : open_http(listener);
    if (!status) return status;
  }
  return {};
}

core::Status Service::Impl::open_mllp(const ListenerConfig& listener) {
  net::ListenOptions listen;
  listen.name = listener.name;
  listen.bind = listener.bind;
  listen.port = listener.port;
  listen.peers = listener.peers;
  listen.connections_max = listener.connections_max;
  listen.off_loopback = listener.plaintext && !listener.peers.empty();
  mllp::ServerOptions options;
  options.feed = listener.feed;
  options.frames.frame_bytes_max = listener.frame_bytes_max;
  options.frames.commit_blocks = listener.release == 2;
  options.idle_deadline = listener.idle_timeout;
  options.frame_deadline = listener.frame_timeout;
  options.write_deadline = listener.write_timeout;
  if (listen.off_loopback && !is_loopback(listener.bind)) {
    core::log_warn("plaintext-off-loopback", {{"listener", listener.name}});
  }
  auto server = mllp::Server::open(*runtime, metrics, std::move(listen), std::move(options),
                                   engine->handler());
  if (!server) return core::fail(server.error());
  ports[listener.name] = {listener.bind, (*server)->port()};
  mllp.push_back(std::move(*server));
  return {};
}

core::Status Service::Impl::open_http(const ListenerConfig& listener) {
  net::ListenOptions listen;
  listen.name = listener.name;
  listen.bind = listener.bind;
  listen.port = listener.port;
  listen.connections_max = listener.connections_max;
  auto server = net::HttpServer::create(
      listener.name, [this](net::HttpRequest request) { return router.handle(std::move(request)); },
      {}, metrics);
  auto opened = net::Listener::open(*runtime, metrics, std::move(listen),
                                    [server](std::shared_ptr<net::ByteStream> stream) {
                                      return server->serve(std::move(stream));
                                    });
  if (!opened) return core::fail(opened.error());
  ports[listener.name] = {listener.bind, (*opened)->port()};
  http_servers.push_back(std::move(server));
  http.push_back(std::move(*opened));
  return {};
}

void Service::Impl::write_engine_file() {
  std::string host, port = "0";
  for (const ListenerConfig& listener : config.listeners) {
    if (listener.kind != ListenerConfig::Kind::kHttp || !host.empty()) continue;
    host = listener.bind == "localhost" ? "127.0.0.1" : listener.bind;
    port = std::to_string(ports.at(listener.name).second);
  }
  const std::string text = fmt::format(
      "{{\"pid\":{},\"http_host\":\"{}\",\"http_port\":{}}}\n", ::getpid(), host, port);
  if (auto status = write_file(config.store_path + "/engine.json", text); !status) {
    core::log_warn("engine-file-not-written", {{"reason", status.error().text()}});
  }
}

/// Depths that are read when somebody looks, not pushed.
void Service::Impl::gauge_queues() {
  core::Gauge& lag = metrics.gauge("chartwire_apply_lag_entries",
                                   "Journal entries not yet applied to the records");
  core::Gauge& deficiencies = metrics.gauge("chartwire_open_deficiencies", "Open deficiencies");
  core::Gauge& disk = metrics.gauge("chartwire_disk_free_bytes", "Free space of the store's disk");
  metrics.on_scrape([this, &lag, &deficiencies, &disk] {
    const pipeline::EngineStatus status = engine->status();
    lag.set(static_cast<double>(status.journal.head.value() - status.applied.value()));
    deficiencies.set(static_cast<double>(status.open_deficiencies));
    disk.set(static_cast<double>(status.journal.disk_free_bytes));
    for (const auto& destination : status.destinations) {
      const core::Labels labels{{"destination", destination.name.value()}};
      metrics.gauge("chartwire_outbox_pending", "Bundles waiting", labels)
          .set(static_cast<double>(destination.pending));
      metrics.gauge("chartwire_outbox_parked", "Bundles a destination refused", labels)
          .set(static_cast<double>(destination.parked));
      metrics.gauge("chartwire_outbox_held", "Bundles that hold their patient", labels)
          .set(static_cast<double>(destination.held));
    }
  });
}

std::string Service::ready_line(bool json) const {
  std::string line = json ? "{\"event\":\"ready\"" : "ready";
  for (const auto& [name, at] : impl_->ports) {
    line += fmt::format(fmt::runtime(json ? ",\"{}\":\"{}:{}\"" : " {}={}:{}"), name, at.first,
                        at.second);
  }
  return json ? line + "}" : line;
}

std::uint16_t Service::port(const std::string& listener) const {
  return impl_->ports.at(listener).second;
}
pipeline::Engine& Service::engine() { return *impl_->engine; }
core::Metrics& Service::metrics() { return impl_->metrics; }
bool Service::failed() const { return impl_->failed; }

void Service::drain(std::chrono::milliseconds grace) {
  if (impl_->drained.exchange(true)) return;
  for (const auto& server : impl_->mllp) server->stop(grace);
  for (const auto& listener : impl_->http) listener->stop(grace);
  if (impl_->engine) impl_->engine->drain(grace);
  impl_->mllp.clear();
  impl_->http.clear();
  impl_->admin.reset();
  impl_->him.reset();
  impl_->fhir.reset();
  impl_->hl7http.reset();
  impl_->engine.reset();
  if (impl_->runtime) {
    impl_->runtime->wait_idle(grace);
    impl_->runtime->stop();
  }
  std::error_code ignored;
  std::filesystem::remove(impl_->config.store_path + "/engine.json", ignored);
}

}  // namespace cli
