#pragma once
#include <boost/test/unit_test.hpp>
#include <outbound/fhir_destination.hpp>
#include <outbound/sink.hpp>
#include <unit/net/await.hpp>
#include <unit/net/http_raw.hpp>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

/// A runtime, and what the tests of this module ask of it.
struct OutboundFixture {
  OutboundFixture() { runtime.start(); }
  ~OutboundFixture() {
    destination.reset();
    sink.reset();
    runtime.stop();
  }
  outbound::Sink& open_sink(outbound::SinkOptions options = {}) {
    auto opened = outbound::Sink::open(runtime, metrics, clock, std::move(options));
    BOOST_REQUIRE(opened.has_value());
    sink = std::move(*opened);
    return *sink;
  }
  outbound::FhirDestination& open_destination(std::uint16_t port, std::size_t connections = 4,
                                              net::HttpClientOptions http = {}) {
    outbound::FhirDestinationOptions options{
        .name = "repository",
        .url = "http://127.0.0.1:" + std::to_string(port) + "/fhir",
        .connections = connections,
        .http = http,
        .headers = {{"Authorization", "Bearer t"}}};
    auto made = outbound::FhirDestination::create(runtime, clock, std::move(options));
    BOOST_REQUIRE(made.has_value());
    destination = std::move(*made);
    return *destination;
  }

  /// Delivers and waits.
  pipeline::DeliveryOutcome deliver(std::string body, std::uint64_t sequence = 1) {
    const auto before = outcomes.size();
    send(std::move(body), sequence);
    BOOST_REQUIRE(wait_for(before + 1));
    const std::lock_guard lock(mutex);
    return outcomes.back();
  }
  void send(std::string body, std::uint64_t sequence) {
    destination->deliver({core::Sequence{sequence}, 0, std::move(body),
                          "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
                         [this](pipeline::DeliveryOutcome outcome) {
                           const std::lock_guard lock(mutex);
                           outcomes.push_back(std::move(outcome));
                         });
  }
  bool wait_for(std::size_t count) {
    return test::eventually([&] {
      const std::lock_guard lock(mutex);
      return outcomes.size() >= count;
    });
  }

  core::SystemClock clock;
  core::Metrics metrics;
  net::Runtime runtime{2, &metrics};
  std::unique_ptr<outbound::Sink> sink;
  std::unique_ptr<outbound::FhirDestination> destination;
  std::mutex mutex;
  std::vector<pipeline::DeliveryOutcome> outcomes;
};

inline std::string patient(const std::string& id, const std::string& more = R"("active":true)") {
  return R"({"resourceType":"Patient","id":")" + id + R"(",)" + more + "}";
}
inline std::string put_entry(const std::string& url, const std::string& resource) {
  return R"({"resource":)" + resource + R"(,"request":{"method":"PUT","url":")" + url + R"("}})";
}
inline std::string transaction(const std::string& entries) {
  return R"({"resourceType":"Bundle","type":"transaction","entry":[)" + entries + "]}";
}
