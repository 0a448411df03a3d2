// Promises 2, 3 and 4: what leaves, in which order, and what happens when a destination fails.
#include <boost/test/unit_test.hpp>

#include <fhir/json.hpp>

#include "harness.hpp"
#include "messages.hpp"

using namespace harness;

namespace {

Adt message(const std::string& id, const std::string& mrn, const std::string& trigger = "A01") {
  Adt adt;
  adt.control_id = id;
  adt.mrn = mrn;
  adt.visit = "V" + mrn;
  adt.trigger = trigger;
  return adt;
}

std::string patient_at(std::uint16_t port, const std::string& base, const std::string& mrn) {
  const std::string page = http(port, "GET", base + "/Patient?identifier=" + mrn).body;
  const std::size_t at = page.find("\"resourceType\":\"Patient\"");
  return at == std::string::npos ? std::string() : page.substr(at);
}

std::string id_of(const std::string& resource) {
  const std::size_t at = resource.find("\"id\":\"");
  return resource.substr(at + 6, 36);
}

/// A destination that records each Bundle: the sink keeps resources, so the tests ask it for them.
struct Flow {
  TempDir dir;
  Sink sink;
  Engine engine;
  MllpPeer peer;
  explicit Flow(std::vector<std::string> sink_arguments = {}, const std::string& extra = {})
      : sink(dir, std::move(sink_arguments)), engine(dir, options(sink.port(), extra)),
        peer(engine.mllp_port()) {}
  static Engine::Options options(std::uint16_t port, const std::string& extra) {
    Engine::Options out;
    out.sink_port = port;
    out.destination_extra = extra;
    return out;
  }
  void send(const std::string& text) { BOOST_REQUIRE_EQUAL(ack_code(peer.ask(text)), "AA"); }
  std::string count(const std::string& name) { return json_text(sink.stats(), name); }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_message_arrives_as_its_whole_current_resources) {
  Flow flow;
  flow.send(message("D1", "100").text());
  Oru thin;
  thin.control_id = "D2";
  std::string text = thin.text();
  // The laboratory knows only number and name.
  const std::size_t pid = text.find("PID|");
  text.replace(pid, text.find('\r', pid) - pid, "PID|1||100^^^GENERAL^MR||Rivera^Ana");
  flow.send(text);
  flow.engine.wait_delivered();
  const std::string ours = patient_at(flow.engine.http_port(), "/fhir/r4", "100");
  BOOST_REQUIRE(!ours.empty());
  const std::string theirs =
      http(flow.sink.port(), "GET", "/fhir/Patient/" + id_of(ours)).body;
  BOOST_TEST(theirs.find("12 Oak St") != std::string::npos);
  BOOST_TEST(theirs.find("1980-04-02") != std::string::npos);
  BOOST_TEST(flow.count("refused") == "0");
  BOOST_TEST(std::atoi(flow.count("transactions").c_str()) >= 2);
}

BOOST_AUTO_TEST_CASE(a_message_that_changes_nothing_still_sends_its_bundle) {
  Flow flow;
  flow.send(message("N1", "100").text());
  flow.engine.wait_delivered();
  const int before = std::atoi(flow.count("transactions").c_str());
  flow.send(message("N2", "100").text());
  flow.engine.wait_delivered();
  BOOST_TEST(std::atoi(flow.count("transactions").c_str()) == before + 1);
}

BOOST_AUTO_TEST_CASE(a_down_destination_loses_nothing) {
  Flow flow({"--fail-first", "5"}, "retry: {delay: 20ms, delay_max: 100ms}");
  for (int i = 0; i < 20; ++i) {
    flow.send(message("F" + std::to_string(i), std::to_string(100 + i % 4)).text());
  }
  flow.engine.wait_delivered();
  BOOST_TEST(flow.count("failed") == "5");
  BOOST_TEST(std::atoi(flow.count("transactions").c_str()) >= 20);
}

BOOST_AUTO_TEST_CASE(a_refused_message_parks_and_its_patient_flows_on) {
  Flow flow({"--reject-text", "POISON"});
  flow.send(message("P1", "100").text());
  Adt poison = message("P2", "100", "A08");
  poison.family = "POISON";
  flow.send(poison.text());
  flow.send(message("P3", "100", "A08").text());
  flow.send(message("P4", "200").text());
  flow.engine.wait_delivered();
  const std::string status = flow.engine.status();
  BOOST_TEST(status.find("\"parked\":1,") != std::string::npos);
  const std::string ours = patient_at(flow.engine.http_port(), "/fhir/r4", "100");
  BOOST_TEST(http(flow.sink.port(), "GET", "/fhir/Patient/" + id_of(ours)).body.find("Rivera") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_refused_message_holds_its_patient_until_an_operator_acts) {
  Flow flow({"--reject-text", "POISON"}, "on_refusal: hold");
  Adt poison = message("H1", "100");
  poison.family = "POISON";
  flow.send(poison.text());
  flow.send(message("H2", "100", "A08").text());
  flow.send(message("H3", "200").text());
  BOOST_REQUIRE(eventually([&] {
    const std::string status = flow.engine.status();
    return status.find("\"held\":1,") != std::string::npos &&
           status.find("\"pending\":1,") != std::string::npos;
  }));
  // Restart does not release it.
  BOOST_TEST(flow.engine.stop() == 0);
  flow.engine.start();
  flow.engine.wait_applied();
  BOOST_TEST(flow.engine.status().find("\"held\":1,") != std::string::npos);
  // The operator gives it up: the patient's later message goes out.
  const std::string page =
      http(flow.engine.http_port(), "GET", "/api/v1/queues/repository").body;
  const std::size_t held = page.find("\"state\":\"held\"");
  BOOST_REQUIRE(held != std::string::npos);
  const std::size_t at = page.rfind("\"sequence\":", held) + 11;
  const std::string sequence = page.substr(at, page.find(',', at) - at);
  const HttpAnswer skipped =
      http(flow.engine.http_port(), "POST", "/api/v1/queues/repository/" + sequence + "/1/skip",
           "{\"reason\":\"wrong name, corrected since\"}", "application/json");
  BOOST_TEST(skipped.status == 200);
  flow.engine.wait_delivered();
  BOOST_TEST(flow.engine.status().find("\"held\":0,") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(merge_retires_the_loser_and_later_messages_reach_the_survivor) {
  Flow flow;
  flow.send(message("M1", "100").text());
  flow.send(message("M2", "200").text());
  flow.engine.wait_applied();
  const std::string survivor = id_of(patient_at(flow.engine.http_port(), "/fhir/r4", "100"));
  const std::string retired = id_of(patient_at(flow.engine.http_port(), "/fhir/r4", "200"));
  Adt merge = message("M3", "100", "A40");
  merge.merged_mrn = "200";
  merge.event_time = "20260111080000";
  flow.send(merge.text());
  flow.engine.wait_delivered();
  const std::string loser =
      http(flow.engine.http_port(), "GET", "/fhir/r4/Patient/" + retired).body;
  BOOST_TEST(loser.find("\"active\":false") != std::string::npos);
  BOOST_TEST(loser.find("replaced-by") != std::string::npos);
  BOOST_TEST(loser.find("Patient/" + survivor) != std::string::npos);
  // The loser's visit now belongs to the survivor, here and at the destination.
  const std::string visits =
      http(flow.engine.http_port(), "GET", "/fhir/r4/Encounter?patient=" + survivor).body;
  BOOST_TEST(visits.find("V200") != std::string::npos);
  Adt late = message("M4", "200", "A08");
  late.event_time = "20260111090000";
  late.family = "Latecomer";
  flow.send(late.text());
  flow.engine.wait_delivered();
  const std::string name =
      http(flow.engine.http_port(), "GET", "/fhir/r4/Patient/" + survivor).body;
  BOOST_TEST(name.find("Latecomer") != std::string::npos);
  BOOST_TEST(
      http(flow.sink.port(), "GET", "/fhir/Patient/" + retired).body.find("replaced-by") !=
      std::string::npos);
}

BOOST_AUTO_TEST_CASE(stale_and_backward_results_do_not_overwrite) {
  Flow flow;
  Oru oru;
  oru.control_id = "S1";
  oru.status = "F";
  oru.event_time = "20260110100000";
  flow.send(oru.text());
  oru.control_id = "S2";
  oru.status = "P";
  oru.value = "9.9";
  oru.event_time = "20260110110000";
  flow.send(oru.text());
  oru.control_id = "S3";
  oru.status = "C";
  oru.value = "7.4";
  oru.event_time = "20260110090000";   // older than what is stored
  flow.send(oru.text());
  flow.engine.wait_applied();
  const std::string found =
      http(flow.engine.http_port(), "GET", "/fhir/r4/Observation?code=718-7").body;
  BOOST_TEST(found.find("\"value\":7.2") != std::string::npos);
  BOOST_TEST(found.find("9.9") == std::string::npos);
  BOOST_TEST(found.find("7.4") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(deficiencies_leave_as_task_and_detected_issue) {
  Flow flow;
  flow.send(message("T1", "100").text());
  flow.engine.wait_delivered();
  const std::string tasks = http(flow.sink.port(), "GET", "/fhir/Task").body;
  BOOST_TEST(tasks.find("urn:chartwire:rule") != std::string::npos);
  BOOST_TEST(tasks.find("R01") != std::string::npos);
  BOOST_TEST(tasks.find("restriction") != std::string::npos);
  BOOST_TEST(http(flow.sink.port(), "GET", "/fhir/DetectedIssue").body.find("R01") !=
             std::string::npos);
}
