// Numbers that are merged, moved, changed and linked, over MLLP: whatever order messages arrive in,
// and however often, the same persons come out, and late messages reach them.
#include <fhir/json.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "harness.hpp"
#include "messages.hpp"

using namespace harness;

namespace {

/// One hospital of its own name space: its messages disturb no other's.
struct Hospital {
  Engine& engine;
  MllpPeer& peer;
  std::string name;
  int sent = 0;

  struct Event {
    std::string trigger, number, visit, merged, more;   ///< `more`: MRG-2 and beyond, or "visit"
    int minute = 0;
    std::string account;
  };

  std::string cx(const std::string& value) const {
    return value.empty() ? value : value + "^^^" + name;
  }
  std::string text(const Event& event) {
    const std::string minute = std::to_string(100 + event.minute).substr(1);
    const std::string when = "2026011008" + minute + "00";
    std::string out = "MSH|^~\\&|REG|" + name + "|CW|HUB|" + when + "||ADT^" + event.trigger +
                      "|" + name + "-" + std::to_string(++sent) + "|P|2.5.1\rEVN|" +
                      event.trigger + "|" + when + "\r";
    const std::string pid = "PID|1||" + cx(event.number) + "^MR||Novak^" + event.number +
                            "||19800402|F||||||||||" + cx(event.account) + "\r";
    out += pid;
    if (event.trigger == "A24" || event.trigger == "A37") {
      return out + "PID|2||" + cx(event.merged) + "^MR||Novak^" + event.merged + "||19800402|F\r";
    }
    const std::string more = event.more == "visit" ? "|||" + cx(event.visit) : event.more;
    if (!event.merged.empty()) out += "MRG|" + cx(event.merged) + "^MR|" + more + "\r";
    if (!event.visit.empty()) {
      out += "PV1|1|I|4W^101^A||||1001^Adams^Ruth||||||||||||" + cx(event.visit) + "\r";
    }
    return out;
  }
  void send(const Event& event) {
    const std::string ack = peer.ask(text(event));
    BOOST_REQUIRE_EQUAL(ack_code(ack), "AA");
  }
  std::string search(const std::string& type, const std::string& value) const {
    return http(engine.http_port(), "GET",
                "/fhir/r4/" + type + "?identifier=urn:chartwire:local/id/" + name + "%7C" + value)
        .body;
  }
  /// Patient id of a visit, by the visit's number.
  std::string patient_of(const std::string& visit) const {
    const std::string body = search("Encounter", visit);
    const std::string mark = "\"subject\":{\"reference\":\"Patient/";
    const std::size_t at = body.find(mark);
    return at == std::string::npos ? "" : body.substr(at + mark.size(), 36);
  }
  std::string patient(const std::string& id) const {
    return http(engine.http_port(), "GET", "/fhir/r4/Patient/" + id).body;
  }
  /// Persons as sets of visits, and which of them are linked.
  std::string graph(const std::vector<std::string>& visits) const {
    std::map<std::string, std::string> persons;
    for (const std::string& visit : visits) persons[patient_of(visit)] += visit + " ";
    std::set<std::string> lines;
    for (const auto& [id, names] : persons) {
      const std::string body = patient(id);
      std::string line = names;
      if (body.find("\"active\":false") != std::string::npos) line += "retired! ";
      for (const auto& [other, others] : persons) {
        const std::string link = "\"reference\":\"Patient/" + other + "\"},\"type\":\"seealso\"";
        if (body.find(link) != std::string::npos) line += "= " + others;
      }
      lines.insert(line);
    }
    std::string out;
    for (const std::string& line : lines) out += "[" + line + "]";
    return out;
  }
};

using Event = Hospital::Event;

/// Times are minutes of one morning. Numbers a b c are one person, d became f, g was given to e by
/// mistake to a first; visit h moved from c to e.
const std::vector<Event> kStory = {
    {"A01", "a", "Va", "", "", 1, ""},     {"A01", "b", "Vb", "", "", 2, ""},
    {"A01", "c", "Vc", "", "", 3, ""},     {"A01", "d", "Vd", "", "", 4, ""},
    {"A01", "e", "Ve", "", "", 5, ""},     {"A01", "g", "Vg", "", "", 6, ""},
    {"A01", "c", "Vh", "", "", 7, ""},     {"A40", "b", "", "a", "", 10, ""},
    {"A40", "c", "", "b", "", 11, ""},     {"A47", "f", "", "d", "", 12, ""},
    {"A01", "f", "Vf", "", "", 13, ""},    {"A40", "a", "", "g", "", 14, ""},
    {"A43", "e", "", "g", "", 15, ""},     {"A01", "a", "Vlate", "", "", 16, ""},
    {"A24", "c", "", "e", "", 17, ""},     {"A37", "c", "", "e", "", 18, ""},
    {"A24", "f", "", "e", "", 19, ""},     {"A45", "e", "Vh", "c", "visit", 20, ""},
};
const std::vector<std::string> kVisits = {"Va", "Vb", "Vc", "Vd", "Ve", "Vf", "Vg", "Vh", "Vlate"};
const std::string kEnd =
    "[Va Vb Vc Vlate ][Vd Vf = Ve Vg Vh ][Ve Vg Vh = Vd Vf ]";

}  // namespace

BOOST_AUTO_TEST_CASE(any_order_any_repetition_one_graph) {
  TempDir dir;
  Engine engine(dir, {});
  MllpPeer peer(engine.mllp_port());
  std::mt19937 random(20260110);
  constexpr int kOrders = 40;
  for (int order = 0; order < kOrders; ++order) {
    Hospital hospital{engine, peer, "H" + std::to_string(order)};
    std::vector<Event> events = kStory;
    if (order > 0) {
      // Some come twice, under another control id.
      for (std::size_t i = 0; i < kStory.size(); ++i) {
        if (random() % 3 == 0) events.push_back(kStory[i]);
      }
      std::shuffle(events.begin(), events.end(), random);
    }
    std::string story;
    for (const Event& event : events) {
      story += event.trigger + " " + event.merged + ">" + event.number + event.visit + ", ";
      hospital.send(event);
    }
    engine.wait_applied();
    BOOST_TEST(hospital.graph(kVisits) == kEnd, order << ": " << hospital.graph(kVisits) << story);
  }
  BOOST_TEST(http(engine.http_port(), "GET", "/api/v1/messages?failed=true").body ==
             "{\"messages\":[]}");
}

BOOST_AUTO_TEST_CASE(a_number_goes_back_to_whom_it_belongs) {
  TempDir dir;
  Engine engine(dir, {});
  MllpPeer peer(engine.mllp_port());
  Hospital hospital{engine, peer, "X"};
  hospital.send({"A01", "a", "Va", "", "", 1, ""});
  hospital.send({"A01", "b", "Vb", "", "", 2, ""});
  engine.wait_applied();
  const std::string own = hospital.patient_of("Va");
  hospital.send({"A40", "b", "", "a", "", 3, ""});
  hospital.send({"A01", "a", "Vlate", "", "", 4, ""});
  engine.wait_applied();
  BOOST_TEST(hospital.patient_of("Va") == hospital.patient_of("Vb"));
  BOOST_TEST(hospital.patient_of("Vlate") == hospital.patient_of("Vb"));
  // The same number in PID and MRG: it is that person's own again.
  hospital.send({"A43", "a", "", "a", "", 5, ""});
  engine.wait_applied();
  BOOST_TEST(hospital.patient_of("Va") == own);
  BOOST_TEST(hospital.patient_of("Vlate") == own);
  BOOST_TEST(hospital.patient_of("Vb") != own);
  BOOST_TEST(hospital.patient(own).find("replaced-by") == std::string::npos);
  BOOST_TEST(hospital.patient(own).find("\"active\":false") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(accounts_and_visits_move_and_merge) {
  TempDir dir;
  Engine engine(dir, {});
  MllpPeer peer(engine.mllp_port());
  Hospital hospital{engine, peer, "Y"};
  const auto cx = [&](const std::string& value) { return hospital.cx(value); };
  hospital.send({"A01", "a", "V1", "", "", 1, "AC1"});
  hospital.send({"A01", "a", "V2", "", "", 2, "AC2"});
  hospital.send({"A01", "b", "V3", "", "", 3, ""});
  hospital.send({"A01", "c", "V4", "", "", 4, "AC4"});
  engine.wait_applied();
  const std::string a = hospital.patient_of("V1"), b = hospital.patient_of("V3");
  // A44: account AC1 was b's all along, and so are the visits on it.
  hospital.send({"A44", "b", "", "a", "|" + cx("AC1"), 5, "AC1"});
  engine.wait_applied();
  BOOST_TEST(hospital.patient_of("V1") == b);
  BOOST_TEST(hospital.patient_of("V2") == a);
  // A45: visit V2 as well.
  hospital.send({"A45", "b", "V2", "a", "|||" + cx("V2"), 6, ""});
  engine.wait_applied();
  BOOST_TEST(hospital.patient_of("V2") == b);
  // A50: V3 is called V30 from now on; a late message by the old number finds it.
  hospital.send({"A50", "b", "V30", "b", "|||" + cx("V3"), 7, ""});
  hospital.send({"A08", "b", "V3", "", "", 8, ""});
  engine.wait_applied();
  const auto id_of = [&](const std::string& visit) {
    const std::string body = hospital.search("Encounter", visit);
    const std::size_t at = body.find("Encounter/");
    return at == std::string::npos ? std::string() : body.substr(at + 10, 36);
  };
  BOOST_TEST(id_of("V3") == id_of("V30"));
  // A42: V2 and V30 were one stay.
  const std::string survivor = id_of("V30");
  hospital.send({"A42", "b", "V30", "b", "|||" + cx("V2"), 9, ""});
  hospital.send({"A08", "b", "V2", "", "", 10, ""});
  engine.wait_applied();
  const std::string kept =
      http(engine.http_port(), "GET", "/fhir/r4/Encounter/" + survivor).body;
  BOOST_TEST(kept.find("\"V2\"") != std::string::npos, kept);
  BOOST_TEST(kept.find("cancelled") == std::string::npos);
  // A41: account AC4 into AC9, the visit follows.
  hospital.send({"A41", "c", "", "c", "|" + cx("AC4"), 11, "AC9"});
  engine.wait_applied();
  const std::string accounts = hospital.search("Account", "AC9");
  const std::size_t at = accounts.find("Account/");
  BOOST_REQUIRE(at != std::string::npos);
  BOOST_TEST(hospital.search("Encounter", "V4").find(accounts.substr(at, 44)) !=
             std::string::npos);
  BOOST_TEST(http(engine.http_port(), "GET", "/api/v1/messages?failed=true").body ==
             "{\"messages\":[]}");
}

BOOST_AUTO_TEST_CASE(what_comes_late_about_a_moved_visit_reaches_its_new_owner) {
  TempDir dir;
  Engine engine(dir, {});
  MllpPeer peer(engine.mllp_port());
  Hospital hospital{engine, peer, "Z"};
  const auto diagnosis = [&](const Event& event, const std::string& code) {
    return ack_code(peer.ask(hospital.text(event) + "DG1|1||" + code + "^Words^I10|||A\r"));
  };
  // The move is heard of before the visit: it came by another line.
  hospital.send({"A01", "e", "Ve", "", "", 1, ""});
  hospital.send({"A45", "e", "Vh", "c", "visit", 20, ""});
  BOOST_TEST(diagnosis({"A01", "c", "Vh", "", "", 2, ""}, "I10") == "AA");
  // One that is heard of after it stays with the visit too, late as it is.
  BOOST_TEST(diagnosis({"A08", "c", "Vh", "", "", 3, ""}, "E11.9") == "AA");
  engine.wait_applied();
  const std::string owner = hospital.patient_of("Ve");
  BOOST_TEST(hospital.patient_of("Vh") == owner);
  const std::string conditions = http(engine.http_port(), "GET", "/fhir/r4/Condition").body;
  BOOST_TEST(conditions.find("I10") != std::string::npos);
  std::size_t count = 0;
  const std::string mark = "\"subject\":{\"reference\":\"Patient/";
  for (std::size_t at = conditions.find(mark); at != std::string::npos;
       at = conditions.find(mark, at + 1)) {
    BOOST_TEST(conditions.substr(at + mark.size(), 36) == owner);
    ++count;
  }
  BOOST_TEST(count == 2u);
}
