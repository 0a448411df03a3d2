#include <metrics/api.hpp>

namespace metrics {

namespace {

net::HttpResponse plain(int status, std::string body) {
  net::HttpResponse response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::move(body);
  return response;
}

}  // namespace

Api::Api(const core::Metrics& registry, std::vector<Check> checks)
    : registry_(registry), checks_(std::move(checks)) {}

Api::~Api() { pool_.join(); }

net::HttpResponse Api::metrics() const {
  net::HttpResponse response = plain(200, registry_.render());
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  return response;
}

net::HttpResponse Api::ready(bool verbose) const {
  bool all = true;
  std::string lines;
  for (const Check& check : checks_) {
    const core::Status status = check.run();
    all = all && status.has_value();
    lines += status ? "[+]" + check.name + " ok\n"
                    : "[-]" + check.name + " failed: " + status.error().text() + "\n";
  }
  const std::string verdict = all ? "ok\n" : "not ready\n";
  return plain(all ? 200 : 503, verbose ? lines + verdict : verdict);
}

void Api::add_routes(net::HttpRouter& router) {
  router.add("GET", "/livez", [](net::HttpRequest) -> net::Awaitable<net::HttpResponse> {
    co_return plain(200, "ok\n");
  });
  router.add("GET", "/metrics", [this](net::HttpRequest) -> net::Awaitable<net::HttpResponse> {
    auto work = [this] { return metrics(); };
    net::HttpResponse response = co_await net::offload(pool_, std::move(work));
    co_return response;
  });
  router.add("GET", "/readyz",
             [this](net::HttpRequest request) -> net::Awaitable<net::HttpResponse> {
               const bool verbose = request.query_value("verbose") != nullptr;
               auto work = [this, verbose] { return ready(verbose); };
               net::HttpResponse response = co_await net::offload(pool_, std::move(work));
               co_return response;
             });
}

}  // namespace metrics
