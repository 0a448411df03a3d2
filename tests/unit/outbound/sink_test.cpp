#include <unit/outbound/outbound_fixture.hpp>

#include <rapidjson/document.h>

using namespace std::chrono_literals;

namespace {

struct SinkFixture : OutboundFixture {
  explicit SinkFixture(outbound::SinkOptions options = {}) { open_sink(std::move(options)); }

  std::string ask(const std::string& method, const std::string& target,
                  const std::string& body = {}, const std::string& fields = {}) {
    return raw::exchange(sink->port(), method + " " + target + " HTTP/1.1\r\nHost: x\r\n" + fields +
                                           "Content-Length: " + std::to_string(body.size()) +
                                           "\r\nConnection: close\r\n\r\n" + body);
  }
};

std::string body_of(const std::string& answer) {
  return answer.substr(answer.find("\r\n\r\n") + 4);
}
std::string status_of(const std::string& answer) { return answer.substr(9, 3); }

}  // namespace

BOOST_AUTO_TEST_SUITE(sink)

BOOST_FIXTURE_TEST_CASE(transaction_and_what_is_kept, SinkFixture) {
  // The text stays as sent: decimals keep their digits, members their order.
  const std::string observation =
      R"({ "valueQuantity": {"value": 1.10, "unit":"mg\u002fdl"}, )"
      R"("id":"o1",  "resourceType":"Observation" })";
  const std::string body = transaction(put_entry("Patient/p1", patient("p1")) + "," +
                                       put_entry("Observation/o1", observation));
  const std::string answer = ask("POST", "/fhir", body, "X-Chartwire-Sequence: 7\r\n");
  BOOST_TEST(status_of(answer) == "200");
  rapidjson::Document response;
  response.Parse(body_of(answer).c_str());
  BOOST_REQUIRE(!response.HasParseError());
  BOOST_TEST(response["type"].GetString() == "transaction-response");
  BOOST_REQUIRE(response["entry"].Size() == 2);
  BOOST_TEST(response["entry"][0]["response"]["status"].GetString() == "201 Created");
  BOOST_TEST(response["entry"][1]["response"]["location"].GetString() ==
             "Observation/o1/_history/1");
  BOOST_TEST(response["entry"][1]["response"]["etag"].GetString() == "W/\"1\"");
  BOOST_TEST(body_of(ask("GET", "/fhir/Observation/o1")) == observation);
  BOOST_TEST(sink->resource("Patient", "p1") == patient("p1"));
  const auto stats = sink->stats();
  BOOST_TEST(stats.transactions == 1);
  BOOST_TEST(stats.entries == 2);
  BOOST_TEST(stats.last_sequence == 7);
  BOOST_TEST(stats.bytes == body.size());
  BOOST_TEST(stats.kept_by_type.at("Observation") == 1);
}

BOOST_FIXTURE_TEST_CASE(versions_move_only_with_the_text, SinkFixture) {
  const std::string one = transaction(put_entry("Patient/p", patient("p")));
  const std::string two = transaction(put_entry("Patient/p", patient("p", R"("active":false)")));
  ask("POST", "/fhir", one);
  BOOST_TEST(ask("POST", "/fhir", one).find("\"200 OK\"") != std::string::npos);
  BOOST_TEST(ask("GET", "/fhir/Patient/p").find("ETag: W/\"1\"\r\n") != std::string::npos);
  ask("POST", "/fhir", two);
  BOOST_TEST(ask("GET", "/fhir/Patient/p").find("ETag: W/\"2\"\r\n") != std::string::npos);
  const auto stats = sink->stats();
  BOOST_TEST(stats.created == 1);
  BOOST_TEST(stats.unchanged == 1);
  BOOST_TEST(stats.updated == 1);
}

BOOST_FIXTURE_TEST_CASE(single_writes, SinkFixture) {
  BOOST_TEST(status_of(ask("PUT", "/fhir/Patient/p", patient("p"))) == "201");
  BOOST_TEST(status_of(ask("PUT", "/fhir/Patient/p", patient("p"))) == "200");
  BOOST_TEST(status_of(ask("PUT", "/fhir/Patient/q", patient("p"))) == "400");
  BOOST_TEST(status_of(ask("PUT", "/fhir/Group/p", patient("p"))) == "400");
  const std::string made = ask("POST", "/fhir/Patient", R"({"resourceType":"Patient"})");
  BOOST_TEST(status_of(made) == "201");
  BOOST_TEST(made.find("Location: /fhir/Patient/") != std::string::npos);
  BOOST_TEST(status_of(ask("DELETE", "/fhir/Patient/p")) == "204");
  BOOST_TEST(status_of(ask("GET", "/fhir/Patient/p")) == "404");
  BOOST_TEST(sink->stats().kept == 1);
}

BOOST_FIXTURE_TEST_CASE(a_transaction_is_taken_whole_or_not, SinkFixture) {
  const std::string good = put_entry("Patient/p", patient("p"));
  for (
      const std::string& bad : std::vector<std::string>{
          put_entry("Patient/q", patient("p")), put_entry("Group/p", patient("p")),
          put_entry("Patient", patient("p")), put_entry("Patient?identifier=a|b", patient("p")),
          put_entry("Patient/p/x", patient("p")), put_entry("Patient/p", patient("p")),
          put_entry("patient/q", patient("q")), R"({"request":{"method":"PUT","url":"Patient/q"}})",
          R"({"resource":{"resourceType":"Patient","id":"q"}})",
          R"({"resource":{"resourceType":"Patient"},)"
          R"("request":{"method":"GET","url":"Patient/q"}})"}) {
    const std::string answer = ask("POST", "/fhir", transaction(good + "," + bad));
    BOOST_TEST(status_of(answer) == "400", bad);
    BOOST_TEST(answer.find("OperationOutcome") != std::string::npos);
  }
  BOOST_TEST(sink->stats().kept == 0);
  BOOST_TEST(sink->stats().refused == 10);
}

BOOST_FIXTURE_TEST_CASE(what_is_no_transaction, SinkFixture) {
  std::string deep = R"({"resourceType":"Bundle","type":"transaction","x":)";
  for (int i = 0; i < 100'000; ++i) deep += "[";
  for (const std::string& bad : std::vector<std::string>{
           "", "{", "[]", "null", "{} {}", patient("p"),
           R"({"resourceType":"Bundle","type":"batch"})", deep,
           std::string("{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"x\":\"\xff\"}"),
           transaction("") + "x"}) {
    BOOST_TEST(status_of(ask("POST", "/fhir", bad)) == "400", bad.substr(0, 80));
  }
  // Members that look like a Bundle's frame but stand elsewhere are not taken for it.
  const std::string nested = transaction(put_entry(
      "Basic/b",
      R"({"resourceType":"Basic","id":"b",)"
      R"("entry":[{"resource":{"resourceType":"Patient","id":"x"}}],)"
      R"("contained":[{"resourceType":"Patient","id":"c"}]})"));
  BOOST_TEST(status_of(ask("POST", "/fhir", nested)) == "200");
  BOOST_TEST(sink->stats().kept == 1);
  BOOST_TEST(status_of(ask("POST", "/fhir", transaction(""))) == "200");
}

BOOST_AUTO_TEST_CASE(memory_has_a_cap) {
  SinkFixture f({.resources_max = 10, .resource_bytes_max = 1000});
  for (int i = 0; i < 30; ++i) {
    const std::string id = "p" + std::to_string(i);
    f.ask("PUT", "/fhir/Patient/" + id, patient(id));
  }
  auto stats = f.sink->stats();
  BOOST_TEST(stats.kept == 10);
  BOOST_TEST(stats.created == 30);
  BOOST_TEST(stats.evicted == 20);
  BOOST_TEST(f.sink->resource("Patient", "p0") == "");
  BOOST_TEST(f.sink->resource("Patient", "p29") == patient("p29"));
  f.ask("PUT", "/fhir/Patient/big", patient("big", R"("x":")" + std::string(900, 'x') + "\""));
  BOOST_TEST(f.sink->stats().kept <= 2);
  BOOST_TEST(f.sink->resource("Patient", "big") != "");
}

BOOST_FIXTURE_TEST_CASE(shows_itself, SinkFixture) {
  for (int i = 0; i < 30; ++i) {
    const std::string id = "p" + std::to_string(i);
    ask("PUT", "/fhir/Patient/" + id, patient(id));
  }
  rapidjson::Document stats, list, about;
  stats.Parse(body_of(ask("GET", "/stats")).c_str());
  BOOST_REQUIRE(stats.IsObject());
  BOOST_TEST(stats["created"].GetInt() == 30);
  BOOST_TEST(stats["received_by_type"]["Patient"].GetInt() == 30);
  list.Parse(body_of(ask("GET", "/fhir/Patient")).c_str());
  BOOST_REQUIRE(list.IsObject());
  BOOST_TEST(list["entry"].Size() == 20);
  BOOST_TEST(list["entry"][0]["resource"]["id"].GetString() == "p29");
  about.Parse(body_of(ask("GET", "/fhir/metadata")).c_str());
  BOOST_REQUIRE(about.IsObject());
  BOOST_TEST(about["fhirVersion"].GetString() == "4.0.1");
}

BOOST_AUTO_TEST_CASE(fails_on_purpose) {
  SinkFixture f({.seed = 3, .faults = {.fail_rate = 0.5, .fail_status = 429, .retry_after = "9"}});
  int failed = 0;
  for (int i = 0; i < 100; ++i) {
    const std::string answer = f.ask("POST", "/fhir", transaction(""));
    if (status_of(answer) != "429") continue;
    ++failed;
    BOOST_TEST(answer.find("Retry-After: 9\r\n") != std::string::npos);
  }
  BOOST_TEST((failed > 20 && failed < 80));
  BOOST_TEST(f.sink->stats().failed == failed);
  BOOST_TEST(f.sink->stats().transactions == 100 - failed);
  f.sink->set_faults({.delay = 1ms});
  BOOST_TEST(status_of(f.ask("POST", "/fhir", transaction(""))) == "200");
}

BOOST_FIXTURE_TEST_CASE(options_are_checked, OutboundFixture) {
  for (const outbound::SinkOptions& bad :
       {outbound::SinkOptions{.base = "fhir"}, outbound::SinkOptions{.base = "/fhir/"},
        outbound::SinkOptions{.faults = {.fail_rate = 1.5}},
        outbound::SinkOptions{.faults = {.fail_status = 200}},
        outbound::SinkOptions{.bind = "0.0.0.0"}}) {
    BOOST_TEST(!outbound::Sink::open(runtime, metrics, clock, bad).has_value());
  }
  open_sink({.base = ""});
  BOOST_TEST(
      raw::exchange(sink->port(), "POST / HTTP/1.0\r\nContent-Length: 57\r\n\r\n" + transaction(""))
          .starts_with("HTTP/1.1 200"));
}

BOOST_AUTO_TEST_SUITE_END()
