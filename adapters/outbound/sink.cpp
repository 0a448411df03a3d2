#include "sink_store.hpp"

#include <core/hash.hpp>
#include <core/text.hpp>
#include <net/http_router.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <set>

namespace outbound {
namespace {

constexpr std::size_t kSinkListedMax = 20;
constexpr std::string_view kFhirJson = "application/fhir+json";

net::HttpResponse outcome(int status, std::string_view issue, std::string_view text) {
  return {status,
          {},
          std::string(kFhirJson),
          fmt::format("{{\"resourceType\":\"OperationOutcome\",\"issue\":[{{\"severity\":\"error\","
                      "\"code\":\"{}\",\"diagnostics\":\"{}\"}}]}}",
                      issue, text)};
}

bool is_type(std::string_view type) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return !type.empty() && type.size() <= 64 && type[0] >= 'A' && type[0] <= 'Z' &&
         std::all_of(type.begin(), type.end(), letter);
}

// http://hl7.org/fhir/R4/datatypes.html#id
bool is_id(std::string_view id) {
  return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.';
  });
}

/// Why an entry cannot be taken; empty when it can and `out` is filled.
std::string_view plan_entry(const ScannedEntry& entry, SinkWrite& out) {
  const std::string_view url = entry.url;
  const std::size_t slash = url.find('/');
  out.type = url.substr(0, slash);
  out.id = slash == std::string_view::npos ? std::string_view{} : url.substr(slash + 1);
  if (!is_type(out.type)) return "request.url names no type (Type/id is what is understood here)";
  if (entry.method == "POST" && out.id.empty()) out.id = core::uuid_v4().text();
  if (!is_id(out.id)) return "request.url names no id";
  if (entry.method == "DELETE") {
    out.kind = SinkWrite::Kind::kDelete;
    return {};
  }
  if (entry.method != "PUT" && entry.method != "POST") return "request.method is not taken here";
  if (entry.resource.text.empty()) return "the entry has no resource";
  if (entry.resource.type != out.type) return "resourceType differs from request.url";
  if (entry.method == "PUT" && entry.resource.id != out.id) return "id differs from request.url";
  out.text = entry.resource.text;
  return {};
}

std::string etag(std::uint64_t version) { return fmt::format("W/\"{}\"", version); }

std::string transaction_response(const std::vector<SinkWrite>& writes,
                                 const std::vector<SinkWritten>& written) {
  std::string out = "{\"resourceType\":\"Bundle\",\"type\":\"transaction-response\",\"entry\":[";
  for (std::size_t i = 0; i < writes.size(); ++i) {
    const SinkWritten& done = written[i];
    fmt::format_to(std::back_inserter(out), "{}{{\"response\":{{\"status\":\"{} {}\"", i ? "," : "",
                   done.status, net::http_reason(done.status));
    if (done.version > 0) {
      fmt::format_to(std::back_inserter(out),
                     ",\"location\":\"{}/{}/_history/{}\",\"etag\":\"W/\\\"{}\\\"\"",
                     writes[i].type, writes[i].id, done.version, done.version);
    }
    out += "}}";
  }
  return out + "]}";
}

}  // namespace

struct Sink::Impl : std::enable_shared_from_this<Sink::Impl> {
  using Answer = net::Awaitable<net::HttpResponse>;

  net::Runtime& runtime;
  core::Metrics& metrics;
  const core::Clock& clock;
  SinkOptions options;
  SinkStore store;
  net::HttpRouter router;
  std::shared_ptr<net::HttpServer> server;
  std::unique_ptr<net::Listener> listener;
  std::uint16_t port = 0;

  std::mutex fault_mutex;
  std::mt19937 random;
  std::uint64_t asked = 0;

  Impl(net::Runtime& r, core::Metrics& m, const core::Clock& c, SinkOptions o)
      : runtime(r),
        metrics(m),
        clock(c),
        options(std::move(o)),
        store(options.resources_max, options.resource_bytes_max),
        random(options.seed) {}

  void add_routes();
  core::Status listen();
  /// A fault on purpose, or nothing.
  std::optional<net::HttpResponse> fault(const net::HttpRequest& request);
  Answer write(net::HttpRequest request, bool bundle);
  net::HttpResponse take_transaction(const net::HttpRequest& request, const ScannedBody& body);
  net::HttpResponse take_single(const net::HttpRequest& request, const ScannedBody& body);
  net::HttpResponse refuse(std::string_view why) {
    store.count_request(true, false);
    return outcome(400, "invalid", why);
  }
  net::HttpResponse read(const net::HttpRequest& request) const;
  net::HttpResponse list(const net::HttpRequest& request) const;
  net::HttpResponse metadata() const;
};

std::optional<net::HttpResponse> Sink::Impl::fault(const net::HttpRequest& request) {
  const std::lock_guard lock(fault_mutex);
  const SinkFaults& faults = options.faults;
  if (!faults.reject_text.empty() && request.body.find(faults.reject_text) != std::string::npos) {
    store.count_request(false, true);
    return outcome(422, "processing", "refused on purpose");
  }
  const double dice = std::uniform_real_distribution<double>(0, 1)(random);
  if (asked++ >= faults.fail_first && dice >= faults.fail_rate) return std::nullopt;
  store.count_request(false, true);
  net::HttpResponse response = outcome(faults.fail_status, "transient", "failed on purpose");
  if (!faults.retry_after.empty()) response.headers.emplace_back("Retry-After", faults.retry_after);
  return response;
}

net::HttpResponse Sink::Impl::take_transaction(const net::HttpRequest& request,
                                               const ScannedBody& body) {
  if (body.resource.type != "Bundle") return refuse("not a Bundle");
  if (body.bundle_type != "transaction") return refuse("not a transaction");
  std::vector<SinkWrite> writes(body.entries.size());
  std::set<std::string> targets;
  for (std::size_t i = 0; i < writes.size(); ++i) {
    const std::string_view why = plan_entry(body.entries[i], writes[i]);
    if (!why.empty()) return refuse(fmt::format("entry {}: {}", i, why));
    // http://hl7.org/fhir/R4/http.html#trules: a resource may occur once only.
    if (!targets.insert(writes[i].type + "/" + writes[i].id).second) {
      return refuse(fmt::format("entry {}: the same resource occurs twice", i));
    }
  }
  const auto sequence = core::to_int(request.header("X-Chartwire-Sequence")).value_or(0);
  const auto written = store.write(writes, request.body.size(), true,
                                   sequence > 0 ? static_cast<std::uint64_t>(sequence) : 0);
  return {200, {}, std::string(kFhirJson), transaction_response(writes, written)};
}

net::HttpResponse Sink::Impl::take_single(const net::HttpRequest& request,
                                          const ScannedBody& body) {
  ScannedEntry entry{request.method, std::string(request.param("type")), body.resource};
  if (request.method != "POST") entry.url.append("/").append(request.param("id"));
  std::vector<SinkWrite> writes(1);
  const std::string_view why = plan_entry(entry, writes[0]);
  if (!why.empty()) return refuse(why);
  const SinkWritten written = store.write(writes, request.body.size(), false, 0)[0];
  net::HttpResponse response{written.status, {}, "", ""};
  if (written.version > 0) {
    response.headers.emplace_back("ETag", etag(written.version));
    response.headers.emplace_back(
        "Location", fmt::format("{}/{}/{}/_history/{}", options.base, writes[0].type, writes[0].id,
                                written.version));
  }
  return response;
}

Sink::Impl::Answer Sink::Impl::write(net::HttpRequest request, bool bundle) {
  std::chrono::milliseconds delay{0};
  {
    const std::lock_guard lock(fault_mutex);
    delay = options.faults.delay;
  }
  if (delay.count() > 0) co_await net::sleep_for(delay);
  if (auto failed = fault(request)) co_return std::move(*failed);
  const bool needs_body = request.method != "DELETE";
  core::Result<ScannedBody> body =
      needs_body ? scan_body(request.body) : core::Result<ScannedBody>(ScannedBody{});
  if (!body) co_return refuse(body.error().detail);
  co_return bundle ? take_transaction(request, *body) : take_single(request, *body);
}

net::HttpResponse Sink::Impl::read(const net::HttpRequest& request) const {
  SinkStore::Kept kept;
  const std::string type(request.param("type"));
  const std::string id(request.param("id"));
  if (!store.find(type, id, kept)) return outcome(404, "not-found", "not kept here");
  return {200, {{"ETag", etag(kept.version)}}, std::string(kFhirJson), std::move(kept.text)};
}

net::HttpResponse Sink::Impl::list(const net::HttpRequest& request) const {
  std::string out = "{\"resourceType\":\"Bundle\",\"type\":\"searchset\",\"entry\":[";
  bool first = true;
  for (const std::string& text : store.newest(std::string(request.param("type")), kSinkListedMax)) {
    out.append(first ? "" : ",").append("{\"resource\":").append(text).append("}");
    first = false;
  }
  return {200, {}, std::string(kFhirJson), out + "]}"};
}

net::HttpResponse Sink::Impl::metadata() const {
  return {200,
          {},
          std::string(kFhirJson),
          fmt::format("{{\"resourceType\":\"CapabilityStatement\",\"status\":\"active\","
                      "\"date\":\"{}\",\"kind\":\"instance\",\"software\":{{\"name\":\"chartwire "
                      "sink\"}},\"implementation\":{{\"description\":\"A demonstration and test "
                      "double: keeps what it is sent in memory\"}},\"fhirVersion\":\"4.0.1\","
                      "\"format\":[\"json\"],\"rest\":[{{\"mode\":\"server\",\"interaction\":"
                      "[{{\"code\":\"transaction\"}}]}}]}}",
                      core::to_iso(clock.now()))};
}

void Sink::Impl::add_routes() {
  const std::string base = options.base;
  const auto now = [](net::HttpResponse response) -> Answer { co_return response; };
  // The router belongs to this object, and every connection keeps this object alive.
  router.add("GET", "/stats", [this, now](net::HttpRequest) {
    return now({200, {}, "application/json", store.stats().json() + "\n"});
  });
  router.add("POST", base.empty() ? "/" : base,
             [this](net::HttpRequest request) { return write(std::move(request), true); });
  router.add("GET", base + "/metadata", [this, now](net::HttpRequest) { return now(metadata()); });
  router.add("GET", base + "/{type}",
             [this, now](net::HttpRequest request) { return now(list(request)); });
  router.add("GET", base + "/{type}/{id}",
             [this, now](net::HttpRequest request) { return now(read(request)); });
  router.add("POST", base + "/{type}",
             [this](net::HttpRequest request) { return write(std::move(request), false); });
  for (const char* method : {"PUT", "DELETE"}) {
    router.add(method, base + "/{type}/{id}",
               [this](net::HttpRequest request) { return write(std::move(request), false); });
  }
}

core::Status Sink::Impl::listen() {
  net::ListenOptions listen{.name = "sink", .bind = options.bind, .port = port};
  auto self = weak_from_this();
  auto opened =
      net::Listener::open(runtime, metrics, std::move(listen),
                          [self](std::shared_ptr<net::ByteStream> stream) -> net::Awaitable<void> {
                            const std::shared_ptr<Impl> kept = self.lock();
                            if (kept) co_await kept->server->serve(std::move(stream));
                          });
  if (!opened) return core::fail(std::move(opened.error()));
  listener = std::move(*opened);
  listener->start();
  port = listener->port();
  return {};
}

Sink::Sink(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

core::Result<std::unique_ptr<Sink>> Sink::open(net::Runtime& runtime, core::Metrics& metrics,
                                               const core::Clock& clock, SinkOptions options) {
  const SinkFaults& faults = options.faults;
  if (!options.base.empty() && (options.base.front() != '/' || options.base.back() == '/')) {
    return core::fail(core::ErrorCode::kBadConfig, "base begins with a slash and ends without one");
  }
  if (!(faults.fail_rate >= 0 && faults.fail_rate <= 1) || faults.fail_status < 400 ||
      faults.fail_status > 599) {
    return core::fail(core::ErrorCode::kBadConfig, "fail rate is 0 to 1, fail status 400 to 599");
  }
  auto impl = std::make_shared<Impl>(runtime, metrics, clock, std::move(options));
  impl->port = impl->options.port;
  impl->add_routes();
  impl->server = net::HttpServer::create(
      "sink", [raw = impl.get()](net::HttpRequest r) { return raw->router.handle(std::move(r)); },
      {.body_bytes_max = impl->options.body_bytes_max}, metrics);
  core::Status listening = impl->listen();
  if (!listening) return core::fail(std::move(listening.error()));
  return std::unique_ptr<Sink>(new Sink(std::move(impl)));
}

Sink::~Sink() { stop(std::chrono::milliseconds(0)); }

void Sink::stop(std::chrono::milliseconds grace) {
  if (impl_->listener) impl_->listener->stop(grace);
  impl_->listener.reset();
}

core::Status Sink::set_down(bool down) {
  if (down) {
    stop(std::chrono::milliseconds(0));
    return {};
  }
  return impl_->listener ? core::Status{} : impl_->listen();
}

void Sink::set_faults(SinkFaults faults) {
  const std::lock_guard lock(impl_->fault_mutex);
  impl_->options.faults = std::move(faults);
  impl_->asked = 0;
}

SinkStats Sink::stats() const { return impl_->store.stats(); }
std::uint16_t Sink::port() const { return impl_->port; }

std::string Sink::resource(const std::string& type, const std::string& id) const {
  SinkStore::Kept kept;
  return impl_->store.find(type, id, kept) ? std::move(kept.text) : std::string();
}

}  // namespace outbound
