#ifdef CW_WITH_METRICS
#include <boost/test/unit_test.hpp>
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <metrics/api.hpp>

BOOST_AUTO_TEST_SUITE(probes)

BOOST_AUTO_TEST_CASE(metrics_are_prometheus_text) {
  core::Metrics registry;
  registry.counter("chartwire_things_total", "Things.").add(3);
  const metrics::Api api(registry, {});
  const net::HttpResponse response = api.metrics();
  BOOST_TEST(response.status == 200);
  BOOST_TEST(response.content_type == "text/plain; version=0.0.4; charset=utf-8");
  BOOST_TEST(response.body.find("\nchartwire_things_total 3") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(readiness_names_what_fails_and_recovers) {
  core::Metrics registry;
  bool full = true;
  const metrics::Api api(registry,
                         {{"journal", [] { return core::Status(); }},
                          {"disk", [&full]() -> core::Status {
                             if (full) return core::fail(core::ErrorCode::kDiskFull, "12 MB left");
                             return {};
                           }}});
  net::HttpResponse response = api.ready(true);
  BOOST_TEST(response.status == 503);
  BOOST_TEST(response.body == "[+]journal ok\n[-]disk failed: disk-full: 12 MB left\nnot ready\n");
  BOOST_TEST(api.ready(false).body == "not ready\n");
  full = false;
  response = api.ready(true);
  BOOST_TEST(response.status == 200);
  BOOST_TEST(response.body == "[+]journal ok\n[+]disk ok\nok\n");
  BOOST_TEST(metrics::Api(registry, {}).ready(false).status == 200);
}

BOOST_AUTO_TEST_CASE(a_router_serves_them) {
  boost::asio::io_context io;   // outlives the pool of the API, whose thread wakes it
  core::Metrics registry;
  metrics::Api api(registry, {{"store", [] { return core::Status(); }}});
  net::HttpRouter router;
  api.add_routes(router);
  std::vector<int> statuses;
  for (const char* path : {"/metrics", "/livez", "/readyz", "/nothing"}) {
    net::HttpRequest request;
    request.method = "GET";
    request.target = path;
    request.path = path;
    boost::asio::co_spawn(io, router.handle(request), [&statuses](std::exception_ptr error, net::HttpResponse r) {
      BOOST_TEST(!error);
      statuses.push_back(r.status);
    });
  }
  io.run();
  std::sort(statuses.begin(), statuses.end());
  BOOST_TEST((statuses == std::vector<int>{200, 200, 200, 404}));
}

BOOST_AUTO_TEST_SUITE_END()
#endif
