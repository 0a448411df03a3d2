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
  Engine engine;
  int count = 0;

  explicit Ward(EngineOptions options = simulated()) : engine(dir, std::move(options)) {}

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
  void complete_all() {
    for (const std::string& line : engine.deficiencies({"--open"})) {
      if (json_text(line, "owner").find("Adams") == std::string::npos) continue;
      const Output done = him({"complete", json_text(line, "id"), "--reason", "on paper"});
      BOOST_TEST(done.exit == 0, done.err);
    }
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
  const Output first = ward.him({"letters", "run"});
  BOOST_TEST(first.exit == 0);
  BOOST_TEST(first.out.find("due 2026-") != std::string::npos);
  BOOST_TEST(ward.him({"letters", "run"}).out == "0 sent\n");
  ward.engine.wait_applied();
  BOOST_TEST(ward.told("Communication?status=completed").find("L3") != std::string::npos);
  BOOST_TEST(ward.told("Communication?status=preparation").find("L3") == std::string::npos);
  // Everything that is owed gets done by hand: reinstated at once.
  ward.complete_all();
  BOOST_TEST(ward.letters().find("L4") != std::string::npos);
  BOOST_TEST(ward.told("Flag").find("\"status\":\"active\"") == std::string::npos);
  BOOST_TEST(ward.told("Flag").find("\"status\":\"inactive\"") != std::string::npos);
  BOOST_TEST(ward.him({"deficiencies", "--rule", "R-SUSPENDED", "--open", "--json"}).out.empty());
}

BOOST_AUTO_TEST_CASE(what_was_done_before_a_letter_went_out_is_not_asked_for) {
  Ward ward;
  ward.admit_and_discharge();
  ward.move_to("2026-02-20T12:00:00Z");
  BOOST_TEST(ward.letters().find("L3") != std::string::npos);
  ward.complete_all();
  const Output run = ward.him({"letters", "run", "--json"});
  BOOST_TEST(run.exit == 0, run.err);
  BOOST_TEST(run.out.find("\"level\":\"L3\"") == std::string::npos, run.out);
  BOOST_TEST(run.out.find("\"level\":\"L4\"") != std::string::npos, run.out);
  BOOST_TEST(ward.him({"letters"}).out.find("(cancelled ") != std::string::npos);
  ward.engine.wait_applied();
  BOOST_TEST(ward.told("Communication?status=not-done").find("L3") != std::string::npos);
}

namespace {

/// The only resource of a type that a sink has, empty when it has none or several.
std::string only(Sink& sink, const std::string& type) {
  const std::string page = http(sink.port(), "GET", "/fhir/" + type).body;
  const std::string mark = "\"resourceType\":\"" + type + "\"";
  const std::size_t at = page.find(mark);
  if (at == page.npos || page.find(mark, at + 1) != page.npos) return {};
  return page.substr(at);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_fhir_receiver_hears_of_letters_suspensions_and_rates) {
  TempDir far;
  Sink sink(far);
  EngineOptions options = simulated();
  options.sink_port = sink.port();
  Ward ward(options);
  ward.admit_and_discharge();
  ward.move_to("2026-01-31T12:00:00Z");
  ward.engine.wait_delivered();
  const std::string month = only(sink, "MeasureReport");   // December: nobody was discharged
  BOOST_TEST(month.empty(), month);
  ward.move_to("2026-02-20T12:00:00Z");
  ward.engine.wait_delivered();
  const std::string rate = only(sink, "MeasureReport");
  BOOST_TEST(rate.find("urn:chartwire:measure:delinquency-rate") != rate.npos, rate);
  BOOST_TEST(rate.find("\"start\":\"2025-11-01\",\"end\":\"2026-01-31\"") != rate.npos, rate);
  const std::string flag = only(sink, "Flag");
  BOOST_TEST(flag.find("\"status\":\"active\"") != flag.npos, flag);
  BOOST_TEST(flag.find("Adams") != flag.npos, flag);
  std::string letters = http(sink.port(), "GET", "/fhir/Communication").body;
  BOOST_TEST(letters.find("\"code\":\"L3\"") != letters.npos, letters);
  BOOST_TEST(letters.find("\"status\":\"completed\"") == letters.npos, letters);
  // The same resources, told again as they change; also when the engine dies in between.
  BOOST_TEST(ward.him({"letters", "run"}).exit == 0);
  ward.complete_all();
  ward.engine.kill9();
  ward.engine.start();
  ward.engine.wait_applied();
  ward.engine.wait_delivered();
  letters = http(sink.port(), "GET", "/fhir/Communication").body;
  BOOST_TEST(letters.find("\"status\":\"completed\"") != letters.npos, letters);
  const std::string ended = only(sink, "Flag");
  const std::size_t id = flag.find("\"status\"");
  BOOST_TEST(ended.substr(0, id) == flag.substr(0, id));   // the same one
  BOOST_TEST(ended.find("\"status\":\"inactive\"") != ended.npos, ended);
  // Nothing is due any more and no message comes: the end of the month alone wakes the clock.
  ward.move_to("2026-03-01T12:00:00Z");
  BOOST_TEST(eventually([&] {
    const std::string all = http(sink.port(), "GET", "/fhir/MeasureReport").body;
    return all.find("\"end\":\"2026-02-28\"") != all.npos;
  }));
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
