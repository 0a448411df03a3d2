// Letters and suspension on the real binary with a simulated clock: moved from outside, killed in the
// middle, restarted; every letter is written once and no due date is lost.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <filesystem>

#include "harness.hpp"
#include "messages.hpp"

using namespace harness;

namespace {

const char* const kStart = "2026-01-10T12:00:00Z";

EngineOptions simulated() {
  EngineOptions options;
  options.arguments = {"--clock", kStart};
  return options;
}

/// A hospital whose time stands still until it is moved.
struct Ward {
  TempDir dir;
  Engine engine{dir, simulated()};
  int count = 0;

  template <class Message>
  void send(Message message) {
    message.control_id = "C" + std::to_string(++count);
    MllpPeer peer(engine.mllp_port());
    BOOST_REQUIRE_EQUAL(ack_code(peer.ask(message.text())), "AA");
    engine.wait_applied();
  }
  HttpAnswer move(const std::string& to) {
    return http(engine.http_port(), "POST", "/api/v1/clock", "{\"now\":\"" + to + "\"}",
                "application/json");
  }
  void move_to(const std::string& to) { BOOST_REQUIRE_EQUAL(move(to).status, 200); }
  void admit_and_discharge() {
    send(Adt{});
    Adt leave;
    leave.trigger = "A03";
    leave.event_time = leave.discharged = "20260113100000";
    leave.disposition = "01";
    move_to("2026-01-13T15:00:00Z");
    send(leave);
  }
  std::string state(const std::string& rule) {
    for (const std::string& line : engine.deficiencies()) {
      if (json_text(line, "rule") == rule && json_text(line, "part").empty()) {
        return json_text(line, "state");
      }
    }
    return "none";
  }
  Output him(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "him");
    arguments.insert(arguments.end(), {"--config", engine.config_file()});
    return chartwire(arguments);
  }
  /// What others are told, as the engine's own FHIR face has it.
  std::string told(const std::string& what) {
    return http(engine.http_port(), "GET", "/fhir/r4/" + what).body;
  }
  /// "L1 L2" of the log, oldest first.
  std::string letters() {
    std::string found;
    const Output out = him({"letters", "--json"});
    for (std::size_t at = out.out.find("\"level\":\""); at != std::string::npos;
         at = out.out.find("\"level\":\"", at + 1)) {
      found += out.out.substr(at + 9, 2) + " ";
    }
    return found;
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(letters_suspension_and_reinstatement_by_a_moved_clock) {
  Ward ward;
  ward.admit_and_discharge();
  BOOST_TEST(ward.state("R06") == "assigned");
  ward.move_to("2026-01-20T16:00:00Z");
  BOOST_TEST(ward.state("R06") == "delinquent");
  ward.move_to("2026-01-21T12:00:00Z");
  BOOST_TEST(ward.state("R06") == "warned");
  BOOST_TEST(ward.letters().find("L2") != std::string::npos);
  const Output jeopardy = ward.him({"jeopardy", "--json"});
  BOOST_TEST(jeopardy.out.find("Adams") != std::string::npos);
  ward.move_to("2026-02-20T12:00:00Z");
  BOOST_TEST(ward.state("R06") == "suspended");
  BOOST_TEST(ward.letters().find("L3") != std::string::npos);
  BOOST_TEST(ward.told("Flag").find("\"status\":\"active\"") != std::string::npos);
  BOOST_TEST(ward.told("Communication?category=L3").find("Adams") != std::string::npos);
  BOOST_TEST(ward.told("MeasureReport").find("delinquency-rate") != std::string::npos);
  // Planned with the suspended physician: an alert.
  Adt planned;
  planned.trigger = "A05";
  planned.visit = "V300";
  planned.patient_class = "P";
  planned.event_time = planned.admitted = "20260220080000";
  ward.send(planned);
  BOOST_TEST(ward.him({"deficiencies", "--rule", "R-SUSPENDED", "--open", "--json"})
                 .out.find("V300") != std::string::npos);
  // Everything that is owed gets done by hand: reinstated at once.
  for (const std::string& line : ward.engine.deficiencies({"--open"})) {
    if (json_text(line, "owner").find("Adams") == std::string::npos) continue;
    const Output done = ward.him({"complete", json_text(line, "id"), "--reason", "on paper"});
    BOOST_TEST(done.exit == 0, done.err);
  }
  BOOST_TEST(ward.letters().find("L4") != std::string::npos);
  BOOST_TEST(ward.told("Flag").find("\"status\":\"active\"") == std::string::npos);
  BOOST_TEST(ward.told("Flag").find("\"status\":\"inactive\"") != std::string::npos);
  BOOST_TEST(ward.told("Communication?status=completed").find("L3") == std::string::npos);
  BOOST_TEST(ward.him({"deficiencies", "--rule", "R-SUSPENDED", "--open", "--json"}).out.empty());
  const Output first = ward.him({"letters", "run"});
  BOOST_TEST(first.exit == 0);
  BOOST_TEST(first.out.find("due 2026-") != std::string::npos);
  BOOST_TEST(ward.him({"letters", "run"}).out == "0 sent\n");
  ward.engine.wait_applied();
  BOOST_TEST(ward.told("Communication?status=completed").find("L3") != std::string::npos);
  BOOST_TEST(ward.told("Communication?status=preparation").find("L3") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(killed_again_and_again_every_letter_is_written_once) {
  Ward calm;
  calm.admit_and_discharge();
  calm.move_to("2026-02-20T12:00:00Z");
  const std::string expected = calm.letters();
  BOOST_TEST(expected.find("L3") != std::string::npos);

  Ward ward;
  ward.admit_and_discharge();
  for (const char* to : {"2026-01-17T00:00:00Z", "2026-01-20T15:00:01Z", "2026-01-20T23:00:00Z",
                         "2026-01-31T00:00:00Z", "2026-02-20T12:00:00Z"}) {
    ward.move_to(to);
    ward.engine.kill9();
    ward.engine.start();
    ward.engine.wait_applied();
  }
  ward.move_to("2026-02-20T12:00:00Z");
  BOOST_TEST(ward.letters() == expected);
  BOOST_TEST(ward.state("R06") == "suspended");
  // The last message of the journal once more.
  const HttpAnswer replayed =
      http(ward.engine.http_port(), "POST", "/api/v1/messages/2/replay", "{}", "application/json");
  BOOST_TEST(replayed.status / 100 == 2);
  ward.engine.wait_applied();
  BOOST_TEST(ward.letters() == expected);
}

BOOST_AUTO_TEST_CASE(time_goes_forward_on_simulated_stores_alone) {
  Ward ward;
  BOOST_TEST(ward.move("2026-01-09T12:00:00Z").status == 403);
  BOOST_TEST(ward.move("tomorrow").status == 400);
  ward.move_to("2026-01-11T12:00:00Z");
  ward.engine.stop();
  // Marked for ever: without --clock, too, its time stands where it was.
  ward.engine.start();
  BOOST_TEST(http(ward.engine.http_port(), "GET", "/api/v1/clock").body.find(
                 "\"now\":\"2026-01-11T12:00:00Z\",\"simulated\":true") != std::string::npos);

  TempDir dir;
  Engine real(dir);
  BOOST_TEST(http(real.http_port(), "POST", "/api/v1/clock", "{\"now\":\"2036-01-01T00:00:00Z\"}",
                  "application/json").status == 409);
  real.stop();
  const Output refused =
      chartwire({"serve", "--config", real.config_file(), "--clock", kStart});
  BOOST_TEST(refused.exit == 3);
}
