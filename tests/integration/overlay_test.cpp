// A message that would make another person of a known patient is held before it does harm, decided by
// a person, and stays decided through crashes and a rebuild from the journal.
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <filesystem>
#include <thread>

#include "harness.hpp"
#include "messages.hpp"

using namespace harness;

namespace {

const char* const kStored = "Rivera^Ana||19800402|F";

struct Desk {
  TempDir dir;
  Engine engine{dir};
  int count = 0;

  std::string text_of(Adt message, const std::string& person = {}) {
    message.control_id = "O" + std::to_string(++count);
    std::string text = message.text();
    const std::size_t at = text.find(kStored);
    if (!person.empty()) text.replace(at, std::string(kStored).size(), person);
    return text;
  }
  void send(const Adt& message, const std::string& person = {}) {
    MllpPeer peer(engine.mllp_port());
    BOOST_REQUIRE_EQUAL(ack_code(peer.ask(text_of(message, person))), "AA");
    engine.wait_applied();
  }
  static Adt event(const std::string& trigger, const std::string& time) {
    Adt message;
    message.trigger = trigger;
    message.event_time = time;
    return message;
  }
  std::string patient() { return get("/fhir/r4/Patient?identifier=100"); }
  std::string get(const std::string& target) {
    return http(engine.http_port(), "GET", target).body;
  }
  bool is_called(const std::string& family) {
    return patient().find("\"family\":\"" + family + "\"") != std::string::npos;
  }
  Output run(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--config", engine.config_file()});
    return chartwire(arguments);
  }
  std::vector<std::string> conflicts(bool all = false) {
    std::vector<std::string> arguments = {"mpi", "conflicts", "--json"};
    if (all) arguments.push_back("--all");
    const Output out = run(arguments);
    BOOST_TEST(out.exit == 0, out.err);
    std::vector<std::string> lines;
    std::string rest = out.out;
    for (std::size_t end; (end = rest.find('\n')) != std::string::npos; rest.erase(0, end + 1)) {
      lines.push_back(rest.substr(0, end));
    }
    return lines;
  }
  std::string review() {
    for (const std::string& line : engine.deficiencies()) {
      if (json_text(line, "rule") == "R48") return json_text(line, "state");
    }
    return "none";
  }
  int decide(const std::string& conflict, const std::string& decision) {
    return run({"mpi", "conflict", json_text(conflict, "sequence"), decision, "--by", "ann",
                "--reason", "asked at the desk"})
        .exit;
  }
};

const char* const kOther = "Novak^Petra||19551231|F";

}  // namespace

BOOST_AUTO_TEST_CASE(an_overlay_is_held_and_applied_when_accepted) {
  Desk desk;
  desk.send(Adt{});
  desk.send(desk.event("A08", "20260110090000"), kOther);
  BOOST_TEST(desk.is_called("Rivera"));
  BOOST_TEST(!desk.is_called("Novak"));
  auto found = desk.conflicts();
  BOOST_REQUIRE_EQUAL(found.size(), 1u);
  BOOST_TEST(json_text(found[0], "changed") == "name, date of birth");
  BOOST_TEST(found[0].find("{\"field\":\"family\",\"stored\":\"Rivera\",\"incoming\":\"Novak\","
                           "\"level\":\"differ\",\"weight\":-") != std::string::npos);
  BOOST_TEST(desk.run({"him", "conflicts", "--json"}).out == found[0] + "\n");
  BOOST_TEST(desk.get("/api/v1/mpi/conflicts").find(found[0]) != std::string::npos);
  const std::string held = json_text(found[0], "sequence");
  BOOST_TEST(desk.get("/api/v1/messages/" + held).find("\"state\":\"held\"") != std::string::npos);
  BOOST_TEST(desk.review() != "none");
  BOOST_TEST(desk.review() != "completed");
  // What follows keeps happening to the patient; who it is waits.
  Adt leave = desk.event("A03", "20260112100000");
  leave.discharged = leave.event_time;
  desk.send(leave, kOther);
  BOOST_TEST(desk.is_called("Rivera"));
  BOOST_TEST(desk.get("/fhir/r4/Encounter?identifier=V100").find("\"status\":\"finished\"") !=
             std::string::npos);
  BOOST_TEST(http(desk.engine.http_port(), "POST", "/api/v1/messages/" + held + "/replay").status ==
             403);

  desk.engine.kill9();
  desk.engine.start();
  BOOST_REQUIRE_EQUAL(desk.conflicts().size(), 1u);
  BOOST_TEST(desk.decide(found[0], "accept") == 0);
  BOOST_TEST(desk.is_called("Novak"));
  BOOST_TEST(desk.review() == "completed");
  BOOST_TEST(desk.conflicts().empty());
  BOOST_TEST(desk.decide(found[0], "reject") == 1);
  // The message that was held says what became of it.
  const std::string outcome = desk.get("/api/v1/messages/" + held);
  BOOST_TEST(json_text(outcome, "state") == "accepted", outcome);
  BOOST_TEST(json_text(outcome, "decided_by") == "ann");
  BOOST_TEST(json_text(outcome, "reason") == "asked at the desk");
  const std::string carrier = json_text(outcome, "applied");
  BOOST_TEST(json_text(desk.get("/api/v1/messages/" + carrier), "state") == "applied");
  BOOST_TEST(desk.get("/api/v1/messages").find(outcome) != std::string::npos);

  // The same from the journal alone.
  desk.engine.stop();
  for (const auto& entry : std::filesystem::directory_iterator(desk.engine.data())) {
    if (entry.path().filename().string().starts_with("records")) {
      std::filesystem::remove_all(entry.path());
    }
  }
  desk.engine.start();
  desk.engine.wait_applied();
  BOOST_TEST(desk.is_called("Novak"));
  found = desk.conflicts(true);
  BOOST_REQUIRE_EQUAL(found.size(), 1u);
  BOOST_TEST(json_text(found[0], "state") == "accepted");
  BOOST_TEST(json_text(found[0], "applied") != "0");
  BOOST_TEST(desk.review() == "completed");
}

BOOST_AUTO_TEST_CASE(what_was_rejected_is_never_applied) {
  Desk desk;
  desk.send(Adt{});
  desk.send(desk.event("A08", "20260110090000"), kOther);
  desk.send(desk.event("A31", "20260110091000"), kOther);
  const auto found = desk.conflicts();
  BOOST_REQUIRE_EQUAL(found.size(), 2u);
  BOOST_TEST(desk.decide(found[0], "reject") == 0);
  BOOST_TEST(desk.conflicts().empty());   // both said the same
  for (const std::string& one : found) {
    const std::string outcome = desk.get("/api/v1/messages/" + json_text(one, "sequence"));
    BOOST_TEST(json_text(outcome, "state") == "rejected", outcome);
    BOOST_TEST(outcome.find("\"applied\":") == std::string::npos);
  }
  BOOST_TEST(desk.is_called("Rivera"));
  BOOST_TEST(desk.review() == "completed");
  // The sender has not heard of it: the visit changes, the person does not, nothing is asked again.
  Adt moved = desk.event("A08", "20260110100000");
  moved.patient_class = "O";
  desk.send(moved, kOther);
  BOOST_TEST(desk.conflicts().empty());
  BOOST_TEST(desk.is_called("Rivera"));
  BOOST_TEST(desk.get("/fhir/r4/Encounter?identifier=V100").find("\"AMB\"") != std::string::npos);
  // One thing corrected, a newborn that gets its name: nobody is asked.
  desk.send(desk.event("A08", "20260110110000"), "Rivera^Anna||19800402|F");
  BOOST_TEST(desk.patient().find("\"Anna\"") != std::string::npos);
  Adt born;
  born.mrn = "200";
  born.visit = "V200";
  desk.send(born, "Rivera^BABY GIRL||20260110|U");
  born.trigger = "A08";
  born.event_time = "20260111080000";
  desk.send(born, "Moreno^Lucia||20260110|F");
  BOOST_TEST(desk.conflicts().empty());
  BOOST_TEST(desk.get("/fhir/r4/Patient?identifier=200").find("\"Moreno\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(sixty_four_first_admissions_at_once_are_one_person) {
  constexpr int kSenders = 64;
  Desk desk;
  std::vector<std::string> texts;
  for (int i = 0; i < kSenders; ++i) {
    Adt admit;
    admit.visit = "V" + std::to_string(1000 + i);
    texts.push_back(desk.text_of(admit));
  }
  std::vector<MllpPeer> peers;
  for (int i = 0; i < kSenders; ++i) peers.emplace_back(desk.engine.mllp_port());
  std::atomic<int> waiting{kSenders}, accepted{0};
  std::vector<std::thread> senders;
  for (std::size_t i = 0; i < kSenders; ++i) {
    senders.emplace_back([&, i] {
      --waiting;
      while (waiting > 0) std::this_thread::yield();
      if (ack_code(peers[i].ask(texts[i])) == "AA") ++accepted;
    });
  }
  for (std::thread& one : senders) one.join();
  BOOST_TEST(accepted == kSenders);
  desk.engine.wait_applied();
  const std::string people = desk.get("/fhir/r4/Patient?_summary=count");
  BOOST_TEST(json_text(people, "total") == "1", people);
  const std::string bundle = desk.get("/fhir/r4/Encounter?_count=1");
  const std::size_t subject = bundle.find("\"reference\":\"Patient/");
  BOOST_REQUIRE(subject != std::string::npos);
  const std::string id = bundle.substr(subject + 21, 36);
  const std::string visits =
      desk.get("/fhir/r4/Encounter?_summary=count&patient=Patient/" + id);
  BOOST_TEST(json_text(visits, "total") == "64", visits);
  // One person: everything of it waits in one lane.
  const std::string messages = desk.get("/api/v1/messages?limit=100");
  std::size_t lanes = 0;
  for (std::size_t at = messages.find("\"lanes\":["); at != std::string::npos;
       at = messages.find("\"lanes\":[", at + 1)) {
    BOOST_TEST(messages.substr(at, 11 + id.size()) == "\"lanes\":[\"" + id + "\"");
    ++lanes;
  }
  BOOST_TEST(lanes == 64u);
}
