#pragma once
#include <boost/test/unit_test.hpp>
#include <core/log.hpp>
#include <core/metrics.hpp>
#include <net/http_router.hpp>
#include <net/listener.hpp>
#include <net/runtime.hpp>
#include <unit/net/http_raw.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>

/// A real server on a free port, with a few routes to look at what arrives.
struct HttpFixture {
  explicit HttpFixture(net::HttpLimits limits = {}) {
    runtime.start();
    add_routes();
    server = net::HttpServer::create(
        "web", [this](net::HttpRequest r) { return router.handle(std::move(r)); }, limits, metrics);
    auto opened = net::Listener::open(runtime, metrics, {.name = "web"}, [this](auto stream) {
      return server->serve(std::move(stream));
    });
    BOOST_REQUIRE(opened.has_value());
    listener = std::move(*opened);
    listener->start();
    port = listener->port();
  }
  ~HttpFixture() {
    listener->stop(std::chrono::milliseconds(0));
    listener.reset();
    runtime.stop();
  }
  void add_routes() {
    using Answer = net::Awaitable<net::HttpResponse>;
    router.add("GET", "/hello", [](net::HttpRequest) -> Answer {
      co_return net::HttpResponse{200, {}, "text/plain", "hello"};
    });
    router.add("POST", "/echo", [](net::HttpRequest request) -> Answer {
      co_return net::HttpResponse{200, {}, "text/plain", request.body};
    });
    router.add("GET", "/show/{type}/{id}", [](net::HttpRequest request) -> Answer {
      std::string out(request.param("type"));
      out.append(" ").append(request.param("id"));
      for (const auto& [name, value] : request.query) out += "|" + name + "=" + value;
      for (const auto& [name, value] : request.headers) {
        if (name != "Host") out += "|" + name + ": " + value;
      }
      co_return net::HttpResponse{200, {}, "text/plain", out};
    });
    router.add("GET", "/boom", [](net::HttpRequest) -> Answer {
      throw std::runtime_error("a bug");
      co_return net::HttpResponse{};
    });
    router.add("GET", "/inject", [](net::HttpRequest) -> Answer {
      co_return net::HttpResponse{200, {{"X-A", "b\r\nX-Forged: 1"}}, "text/plain", "x"};
    });
    router.add("GET", "/big", [](net::HttpRequest) -> Answer {
      co_return net::HttpResponse{
          200, {{"Cache-Control", "max-age=60"}}, "text/plain", std::string(300'000, 'b')};
    });
    router.add("DELETE", "/gone", [](net::HttpRequest) -> Answer {
      co_return net::HttpResponse{204, {}, "", ""};
    });
  }
  std::string ask(std::string_view bytes) { return raw::exchange(port, bytes); }
  void check_good_request_served() {
    const std::string answer = ask("GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    BOOST_TEST(answer.starts_with("HTTP/1.1 200 OK\r\n"), answer);
    BOOST_TEST(answer.ends_with("\r\n\r\nhello"));
  }
  double refused(const std::string& reason) {
    return metrics
        .counter("chartwire_http_refused_total", "", {{"listener", "web"}, {"reason", reason}})
        .value();
  }

  core::Metrics metrics;
  net::Runtime runtime{2, &metrics};
  net::HttpRouter router;
  std::shared_ptr<net::HttpServer> server;
  std::unique_ptr<net::Listener> listener;
  std::uint16_t port = 0;
};

inline std::size_t count(std::string_view text, std::string_view what) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string_view::npos; ++at) ++found;
  return found;
}
