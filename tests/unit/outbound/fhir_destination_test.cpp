#include <unit/outbound/outbound_fixture.hpp>

#include <algorithm>
#include <atomic>

using namespace std::chrono_literals;
using Kind = pipeline::DeliveryOutcome::Kind;

BOOST_AUTO_TEST_SUITE(fhir_destination)

BOOST_FIXTURE_TEST_CASE(policy_and_configuration, OutboundFixture) {
  const auto code = [&](outbound::FhirDestinationOptions options) {
    auto made = outbound::FhirDestination::create(runtime, clock, std::move(options));
    return made ? core::ErrorCode::kInternal : made.error().code;
  };
  using enum core::ErrorCode;
  BOOST_TEST((code({.url = "nonsense"}) == kBadConfig));
  BOOST_TEST((code({.url = "http://127.0.0.1/fhir", .connections = 0}) == kBadConfig));
  BOOST_TEST((code({.url = "http://127.0.0.1/fhir", .connections = 1000}) == kBadConfig));
  BOOST_TEST((code({.url = "https://repository.example/fhir"}) == kBadConfig));
  BOOST_TEST((code({.url = "http://repository.example/fhir"}) == kRefusedByPolicy));
  BOOST_TEST((code({.url = "http://10.0.0.1/fhir"}) == kRefusedByPolicy));
  for (const char* url :
       {"http://169.254.169.254/", "http://[fe80::1]/", "http://[::ffff:169.254.169.254]/"}) {
    BOOST_TEST((code({.url = url, .plaintext_off_loopback = true}) == kRefusedByPolicy), url);
  }
  // kInternal stands for "made", which names no server that would be asked here.
  BOOST_TEST(
      (code({.url = "http://febo.example/fhir", .plaintext_off_loopback = true}) == kInternal));
  BOOST_TEST((code({.url = "http://localhost:1/fhir"}) == kInternal));
}

BOOST_FIXTURE_TEST_CASE(the_request_on_the_wire, OutboundFixture) {
  std::string seen;
  raw::ScriptedServer server([&](raw::Socket& socket, int n) {
    if (n > 0) return;
    seen = socket.read_until("{\"a\":1}");
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  });
  open_destination(server.port());
  BOOST_TEST((deliver("{\"a\":1}", 42).kind == Kind::kDelivered));
  BOOST_TEST(seen.starts_with("POST /fhir HTTP/1.1\r\n"));
  for (const char* line :
       {"Content-Type: application/fhir+json", "X-Chartwire-Sequence: 42", "Content-Length: 7",
        "Authorization: Bearer t",
        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}) {
    BOOST_TEST(seen.find(std::string("\r\n") + line + "\r\n") != std::string::npos, line);
  }
  BOOST_TEST(seen.ends_with("\r\n\r\n{\"a\":1}"));
}

BOOST_FIXTURE_TEST_CASE(bundles_reach_a_sink_over_few_connections, OutboundFixture) {
  open_sink();
  open_destination(sink->port(), 4);
  for (std::uint64_t i = 1; i <= 500; ++i) {
    const std::string id = "p" + std::to_string(i % 50);
    const std::string version =
        R"("extension":[{"url":"urn:n","valueInteger":)" + std::to_string(i) + "}]";
    send(transaction(put_entry("Patient/" + id, patient(id, version))), i);
  }
  BOOST_REQUIRE(wait_for(500));
  for (const auto& outcome : outcomes)
    BOOST_TEST((outcome.kind == Kind::kDelivered), outcome.reason);
  const auto stats = sink->stats();
  BOOST_TEST(stats.transactions == 500);
  BOOST_TEST(stats.created == 50);
  BOOST_TEST(stats.last_sequence == 500);
  const double opened =
      metrics.counter("chartwire_net_accepted_total", "", {{"listener", "sink"}}).value();
  BOOST_TEST(opened <= 4);
}

BOOST_FIXTURE_TEST_CASE(one_connection_keeps_the_order_of_deliver, OutboundFixture) {
  open_sink();
  open_destination(sink->port(), 1);
  for (std::uint64_t i = 1; i <= 100; ++i) {
    const std::string version =
        R"("extension":[{"url":"urn:n","valueInteger":)" + std::to_string(i) + "}]";
    send(transaction(put_entry("Patient/p", patient("p", version))), i);
  }
  BOOST_REQUIRE(wait_for(100));
  BOOST_TEST(sink->resource("Patient", "p").find(":100}") != std::string::npos);
  BOOST_TEST(sink->stats().updated == 99);
}

BOOST_FIXTURE_TEST_CASE(done_may_deliver_again, OutboundFixture) {
  open_sink();
  open_destination(sink->port(), 1);
  std::atomic<int> chain{0};
  std::function<void(pipeline::DeliveryOutcome)> next = [&](pipeline::DeliveryOutcome outcome) {
    if (outcome.kind != Kind::kDelivered || ++chain == 50) return;
    destination->deliver({core::Sequence{1}, 0, transaction(""), ""}, next);
  };
  destination->deliver({core::Sequence{1}, 0, transaction(""), ""}, next);
  BOOST_TEST(test::eventually([&] { return chain == 50; }));
}

BOOST_FIXTURE_TEST_CASE(down_and_up_again, OutboundFixture) {
  open_sink();
  open_destination(sink->port());
  BOOST_TEST((deliver(transaction("")).kind == Kind::kDelivered));
  BOOST_REQUIRE(sink->set_down(true).has_value());
  const auto down = deliver(transaction(""));
  BOOST_TEST((down.kind == Kind::kTransient));
  BOOST_TEST(down.http_status == 0);
  BOOST_TEST(down.reason.starts_with("unreachable"), down.reason);
  BOOST_REQUIRE(sink->set_down(false).has_value());
  BOOST_TEST((deliver(transaction("")).kind == Kind::kDelivered));
}

BOOST_FIXTURE_TEST_CASE(busy_and_poison, OutboundFixture) {
  open_sink({.faults = {.fail_first = 1, .retry_after = "3", .reject_text = "poison"}});
  open_destination(sink->port());
  const auto busy = deliver(transaction(""));
  BOOST_TEST((busy.kind == Kind::kTransient));
  BOOST_TEST(busy.http_status == 503);
  BOOST_TEST((busy.retry_after == 3s));
  BOOST_TEST((deliver(transaction("")).kind == Kind::kDelivered));
  const auto poison = deliver(transaction(put_entry("Patient/p", patient("p", R"("x":"poison")"))));
  BOOST_TEST((poison.kind == Kind::kPermanent));
  BOOST_TEST(poison.http_status == 422);
  BOOST_TEST((deliver(transaction("")).kind == Kind::kDelivered));
}

BOOST_FIXTURE_TEST_CASE(a_silent_server_is_transient, OutboundFixture) {
  std::atomic<bool> release{false};
  raw::ScriptedServer server([&](raw::Socket& socket, int) {
    if (socket.read_until("}").empty()) return;
    test::eventually([&] { return release.load(); });
  });
  open_destination(server.port(), 1, {.read_deadline = 50ms});
  const auto outcome = deliver("{}");
  BOOST_TEST((outcome.kind == Kind::kTransient));
  BOOST_TEST(outcome.reason.starts_with("timeout"), outcome.reason);
  release = true;
}

BOOST_FIXTURE_TEST_CASE(close_fails_what_is_left_as_transient, OutboundFixture) {
  std::atomic<bool> asked{false}, release{false};
  raw::ScriptedServer server([&](raw::Socket& socket, int) {
    if (socket.read_until("}").empty()) return;
    asked = true;
    test::eventually([&] { return release.load(); });
  });
  open_destination(server.port(), 1);
  for (std::uint64_t i = 1; i <= 10; ++i) send("{}", i);
  BOOST_TEST(test::eventually([&] { return asked.load(); }));
  destination->close();
  send("{}", 11);
  BOOST_REQUIRE(wait_for(11));
  for (const auto& outcome : outcomes) BOOST_TEST((outcome.kind == Kind::kTransient));
  destination.reset();
  release = true;
  BOOST_TEST(outcomes.size() == 11);
}

BOOST_AUTO_TEST_CASE(a_runtime_that_never_runs_still_answers) {
  std::atomic<int> answered{0};
  core::SystemClock clock;
  {
    net::Runtime runtime(1);
    auto made = outbound::FhirDestination::create(
        runtime, clock, {.url = "http://127.0.0.1:1/fhir", .connections = 1});
    BOOST_REQUIRE(made.has_value());
    for (int i = 0; i < 3; ++i)
      (*made)->deliver({}, [&](pipeline::DeliveryOutcome) { ++answered; });
    runtime.start();
    made->reset();
  }
  BOOST_TEST(answered == 3);
}

BOOST_AUTO_TEST_SUITE_END()
