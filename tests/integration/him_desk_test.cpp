// What the medical-records department does all day, on the real binary: audits, reviews, worklists.
#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "harness.hpp"
#include "messages.hpp"
#include "paths.hpp"

using namespace harness;

namespace {

const char* const kAdams = "1001^Adams^Ruth";

/// An ADT with another attending physician (XCN).
struct Attended {
  Adt adt;
  std::string attending;
  std::string control_id;
  std::string text() {
    adt.control_id = control_id;
    std::string out = adt.text();
    const std::string was = kAdams;
    for (std::size_t at = out.find(was); at != std::string::npos;
         at = out.find(was, at + attending.size())) {
      out.replace(at, was.size(), attending);
    }
    return out;
  }
};

struct Desk {
  TempDir dir;
  Engine engine{dir, [] {
                  EngineOptions options;
                  options.arguments = {"--clock", "2026-01-11T12:00:00Z"};
                  return options;
                }()};
  int count = 0;

  template <class Message>
  void send(Message message) {
    message.control_id = "K" + std::to_string(++count);
    MllpPeer peer(engine.mllp_port());
    BOOST_REQUIRE_EQUAL(ack_code(peer.ask(message.text())), "AA");
    engine.wait_applied();
  }
  void discharge(const std::string& mrn, const std::string& visit, const std::string& day,
                 const std::string& attending = kAdams) {
    Adt admit;
    admit.mrn = mrn;
    admit.visit = visit;
    send(Attended{admit, attending});
    Adt leave = admit;
    leave.trigger = "A03";
    leave.event_time = leave.discharged = day + "100000";
    leave.disposition = "01";
    send(Attended{leave, attending});
  }
  Output him(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "him");
    arguments.insert(arguments.end(), {"--config", engine.config_file()});
    return chartwire(arguments);
  }
  HttpAnswer get(const std::string& target) {
    return http(engine.http_port(), "GET", "/api/v1/him/" + target);
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(audit_of_a_visit_by_command_and_api) {
  Desk desk;
  desk.discharge("100", "V100", "20260110");
  Mdm history;
  desk.send(history);
  const Output out = desk.him({"audit", "V100", "--json"});
  BOOST_TEST(out.exit == 1);
  BOOST_TEST(out.out.find("{\"finding\":\"pass\",\"rule\":\"R01\"") != std::string::npos);
  BOOST_TEST(out.out.find("{\"finding\":\"open\",\"rule\":\"R06\"") != std::string::npos);
  BOOST_TEST(out.out.find("482.24") != std::string::npos);
  const std::string words = desk.him({"audit", "V100"}).out;
  BOOST_TEST(words.find("open") != std::string::npos);
  // People know a document by what it is and its day.
  BOOST_TEST(words.find("DocumentReference/") == std::string::npos, words);
  BOOST_TEST(out.out.find("\"about\":\"History and physical note, 2026-01-10") !=
                 std::string::npos, out.out);
  const HttpAnswer answer = desk.get("audit/V100");
  BOOST_TEST(answer.status == 200);
  BOOST_TEST(answer.body.find("\"passed\":false") != std::string::npos);
  BOOST_TEST(desk.him({"audit", "V404"}).exit == 2);
  BOOST_TEST(desk.get("audit/V404").status == 404);
}

BOOST_AUTO_TEST_CASE(all_files_of_a_quarter_are_reviewed_across_a_crash) {
  Desk desk;
  desk.discharge("100", "V100", "20260110");
  desk.discharge("101", "V101", "20260110");
  const Output before = desk.him({"review", "coverage", "--quarter", "2026Q1", "--json"});
  BOOST_TEST(before.exit == 1);
  BOOST_TEST(before.out.find("\"population\":2,\"reviewed\":0,\"open\":0,\"unseen\":2") !=
             std::string::npos);
  BOOST_TEST(desk.him({"review", "plan", "--quarter", "2026Q1", "--reviewer", "Okafor"}).exit == 0);
  BOOST_TEST(desk.him({"review", "done", "V101", "--by", "Okafor", "--note", "complete"}).exit == 0);
  desk.engine.kill9();
  desk.engine.start();
  const Output after = desk.him({"review", "coverage", "--from", "2026-01-01", "--to", "2026-03-31",
                                 "--json"});
  BOOST_TEST(after.exit == 0);
  BOOST_TEST(after.out.find("\"population\":2,\"reviewed\":1,\"open\":1,\"unseen\":0") !=
             std::string::npos);
  BOOST_TEST(desk.him({"review", "done", "V101", "--by", "Lund"}).exit == 3);
  const Output list = desk.him({"review", "list", "--quarter", "2026Q1", "--open", "--json"});
  BOOST_TEST(list.out.find("\"visit\":\"V100\"") != std::string::npos);
  BOOST_TEST(list.out.find("V101") == std::string::npos);
  BOOST_TEST(desk.get("review/coverage?quarter=2026Q1").body.find("\"complete\":true") !=
             std::string::npos);
  BOOST_TEST(desk.get("review/plans").body.find("\"chosen\":2") != std::string::npos);
  BOOST_TEST(desk.him({"review", "coverage", "--quarter", "2026Q7"}).exit == 2);
}

BOOST_AUTO_TEST_CASE(worklists_leave_as_csv) {
  Desk desk;
  desk.discharge("100", "V100", "20260110");
  const Output out = desk.him({"deficiencies", "--rule", "R06", "--csv", "--open"});
  BOOST_TEST(out.exit == 0);
  BOOST_TEST(out.out.find("rule,part,state,severity,mrn,visit,service,unit") == 0u);
  // A name with a comma stands in quotes, lines end as the standard says.
  BOOST_TEST(out.out.find(",\"Adams, ") != std::string::npos);
  BOOST_TEST(out.out.find("\r\nR06,,assigned,H,100,V100,") != std::string::npos);
  const HttpAnswer answer =
      http(desk.engine.http_port(), "GET", "/api/v1/deficiencies?rule=R06&open=true&format=csv");
  BOOST_TEST(answer.body == out.out);
  BOOST_TEST(answer.headers.find("text/csv") != std::string::npos);
  BOOST_TEST(desk.him({"deficiencies", "--unit", "9X", "--json"}).out.empty());
  BOOST_TEST(desk.him({"deficiencies", "--older-than", "1d", "--open", "--json"}).out.empty());
  BOOST_TEST(desk.him({"deficiencies", "--older-than", "1d", "--open", "--json", "--now",
                       "2026-01-13T12:00:00Z"}).out.find("R06") != std::string::npos);
  BOOST_TEST(desk.him({"deficiencies", "--older-than", "soon"}).exit == 2);
}

BOOST_AUTO_TEST_CASE(a_doctor_of_two_ids_by_master_file_and_by_hand) {
  Desk desk;
  desk.discharge("100", "V100", "20260110");
  const auto owner = [&] {
    const Output out = desk.him({"deficiencies", "--rule", "R06", "--open", "--json"});
    return json_text(out.out.substr(0, out.out.find('\n')), "owner_id");
  };
  BOOST_TEST(owner() == "1001");
  MllpPeer peer(desk.engine.mllp_port());
  const std::string ack = peer.ask(
      "MSH|^~\\&|REG|GENERAL|CHARTWIRE|HIM|20260110120000||MFN^M02^MFN_M02|K90|P|2.5.1\r"
      "MFI|PRA||UPD|||NE\rMFE|MUP|||9009|CE\r"
      "STF|9009^^STAFF|1001^^^GENERAL^EI|Adams^Ruth|P\rPRA|9009^^STAFF\r");
  BOOST_REQUIRE_EQUAL(ack_code(ack), "AA");
  desk.engine.wait_applied();
  BOOST_TEST(owner() == "9009", desk.him({"providers", "--json"}).out);
  BOOST_TEST(desk.him({"provider", "join", "9009", "5005", "--by", "ann"}).exit == 2);   // unheard of
  BOOST_TEST(desk.him({"provider", "join", "9009", "5005", "--by", "ann", "--new"}).exit == 0);
  desk.engine.kill9();
  desk.engine.start();
  const Output known = desk.him({"providers", "--json"});
  BOOST_TEST(known.out.find("{\"id\":\"9009\",\"name\":\"Adams, Ruth\"") == 0u, known.out);
  BOOST_TEST(known.out.find("{\"id\":\"5005\",\"how\":\"ann\"") != std::string::npos);
  BOOST_TEST(desk.get("providers").body.find("\"id\":\"5005\"") != std::string::npos);
  BOOST_TEST(desk.him({"provider", "join", "5005", "1001", "--by", "ann"}).exit == 3);
  BOOST_TEST(desk.him({"deficiencies", "--rule", "R06", "--owner", "1001", "--json"})
                 .out.find("R06") != std::string::npos);
  BOOST_TEST(desk.him({"provider", "part", "1001", "--by", "ann"}).exit == 0);
  BOOST_TEST(owner() == "1001");
}

BOOST_AUTO_TEST_CASE(one_number_of_two_authorities_is_two_doctors) {
  Desk desk;
  desk.discharge("100", "V100", "20260110", "1001^Adams^Ruth^^^^^^NORTH");
  desk.discharge("101", "V101", "20260110", "1001^Brown^Lee^^^^^^SOUTH");
  // The same doctor, as another system of the house writes her.
  desk.discharge("102", "V102", "20260110", "1001^ADAMS^R^^^^^^DICTATION");
  const auto summaries = [&](const std::string& owner) {
    const Output out = desk.him({"deficiencies", "--rule", "R06", "--json", "--owner", owner});
    std::string visits;
    for (std::size_t at = out.out.find("\"visit\":\""); at != std::string::npos;
         at = out.out.find("\"visit\":\"", at + 1)) {
      visits += out.out.substr(at + 9, 4) + " ";
    }
    return out.exit == 0 ? visits : "exit " + std::to_string(out.exit) + ": " + out.err;
  };
  BOOST_TEST(summaries("1001@NORTH") == "V100 V102 ");
  BOOST_TEST(summaries("1001@dictation") == "V100 V102 ");
  BOOST_TEST(summaries("1001@SOUTH") == "V101 ");
  BOOST_TEST(summaries("brown") == "V101 ");
  const std::string asked = summaries("1001");
  BOOST_TEST(asked.find("exit 2") == 0u, asked);
  BOOST_TEST(asked.find("1001@NORTH (Adams, Ruth)") != std::string::npos, asked);
  BOOST_TEST(asked.find("1001@SOUTH (Brown, Lee)") != std::string::npos, asked);
  // An absence is nobody's until it is said whose; then only that doctor's clock stands still.
  const auto away = [&](const std::string& owner) {
    return desk.him({"absence", "--owner", owner, "--from", "2026-01-13", "--to", "2026-01-23",
                     "--by", "ann"});
  };
  const Output refused = away("1001");
  BOOST_TEST(refused.exit == 2);
  BOOST_TEST(refused.err.find("1001@SOUTH (Brown, Lee)") != std::string::npos, refused.err);
  BOOST_TEST(away("1001@SOUTH").exit == 0);
  const auto due = [&](const std::string& visit) {
    const Output out = desk.him({"deficiencies", "--rule", "R06", "--json", "--visit", visit});
    return json_text(out.out.substr(0, out.out.find('\n')), "due").substr(0, 10);
  };
  BOOST_TEST(due("V100") == "2026-01-17");
  BOOST_TEST(due("V101") > "2026-01-23");
  BOOST_TEST(due("V102") == "2026-01-17");
  desk.engine.kill9();
  desk.engine.start();
  BOOST_TEST(summaries("1001@SOUTH") == "V101 ");
  // A number that only one doctor has needs no authority.
  desk.discharge("103", "V103", "20260110", "3003^Hale^Iris^^^^^^NORTH");
  BOOST_TEST(summaries("3003") == "V103 ");
  BOOST_TEST(summaries("3003@NORTH") == "V103 ");
}

BOOST_AUTO_TEST_CASE(what_a_decision_did_is_shown_and_kept) {
  Desk desk;
  desk.discharge("100", "V100", "20260110");
  const auto summary = [&] {
    const Output out = desk.him({"deficiencies", "--rule", "R06", "--json"});
    return out.out.substr(0, out.out.find('\n'));
  };
  BOOST_TEST(json_text(summary(), "patient_name") == "Rivera, Ana");
  BOOST_TEST(json_text(summary(), "service") == "Medical Services", summary());
  BOOST_TEST(json_text(summary(), "service_codes").find("MED") != std::string::npos);
  for (const char* service : {"med", "medical services"}) {
    BOOST_TEST(desk.him({"deficiencies", "--rule", "R06", "--service", service, "--json"}).out ==
               summary() + "\n");
  }
  BOOST_TEST(desk.him({"deficiencies", "--service", "sur", "--json"}).out.empty());
  const std::string id = json_text(summary(), "id");
  // Times are the site's, and the line names the id that a decision wants.
  const std::string line = desk.him({"deficiencies", "--rule", "R06"}).out;
  BOOST_TEST(line.find("2026-01-17 10:00  Adams, Ruth (1001)") != std::string::npos, line);
  BOOST_TEST(line.find(id) != std::string::npos, line);
  const auto decide = [&](std::vector<std::string> order) {
    order.insert(order.end(), {"--by", "ann", "--reason", "committee"});
    return desk.him(order);
  };
  const Output given = decide({"reassign", id, "--owner", "3003", "--name", "Hale, Iris", "--new"});
  BOOST_TEST(given.out.find("Hale, Iris (3003)") != std::string::npos, given.out);
  const Output back = decide({"reassign", id, "--owner", "1001"});   // the name is known
  const Output mistyped = decide({"reassign", id, "--owner", "1010"});
  BOOST_TEST(mistyped.exit == 2);
  BOOST_TEST(mistyped.err.find("did you mean 1001 (Adams, Ruth)?") != std::string::npos,
             mistyped.err);
  const Output elsewhere = desk.him({"add", "--visit", "V10", "--owner", "1001", "--lacking",
                                     "Page 2", "--due", "2026-02-01", "--by", "ann"});
  BOOST_TEST(elsewhere.exit == 2);
  BOOST_TEST(elsewhere.err.find("did you mean V100?") != std::string::npos, elsewhere.err);
  const Output nothing = desk.him({"deficiencies", "--visit", "V101", "--json"});
  BOOST_TEST(nothing.exit == 0);
  BOOST_TEST(nothing.err.find("did you mean V100?") != std::string::npos, nothing.err);
  BOOST_TEST(back.out.find("Adams, Ruth (1001)") != std::string::npos, back.out);
  BOOST_TEST(decide({"waive", id}).out.find("waived") != std::string::npos);
  BOOST_TEST(json_text(summary(), "decision") == "waive by ann: committee");
  const Output again = decide({"waive", id});
  BOOST_TEST(again.exit == 3);
  BOOST_TEST(again.err == "chartwire: refused-by-policy: the deficiency is waived\n");
  const Output away = desk.him({"absence", "--owner", "1001", "--from", "2026-01-13", "--to",
                                "2026-01-20", "--by", "ann"});
  BOOST_TEST(away.exit == 0, away.err);
  BOOST_TEST(away.out.find("Adams, Ruth (1001)") != std::string::npos, away.out);
  // Days are the site's.
  BOOST_TEST(desk.him({"absences"}).out.find("1001                 2026-01-13 00:00 to "
                                             "2026-01-20 00:00") == 0u);
  BOOST_TEST(desk.him({"absences", "--now", "2026-02-01T00:00:00Z"}).out.empty());
  BOOST_TEST(!desk.him({"absences", "--now", "2026-02-01T00:00:00Z", "--all"}).out.empty());
  BOOST_TEST(desk.him({"chain", "V100"}).exit == 0);
}

BOOST_AUTO_TEST_CASE(a_changed_pack_is_compared_with_the_one_in_use) {
  namespace fs = std::filesystem;
  Desk desk;
  desk.discharge("100", "V100", "20260110");
  const std::string shipped = test::source_path("/mappings/him");
  const std::string changed = desk.dir.path() + "/packs";
  fs::copy(shipped, changed);
  const auto diff = [&](std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"rules", "diff", shipped, changed, "--from", "2026-01-01"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return desk.him(arguments);
  };
  const Output same = diff();
  BOOST_TEST(same.exit == 0);
  BOOST_TEST(same.out == "0 would open, 0 would close, 0 would change\n");
  std::ifstream in(changed + "/acute.yaml");
  std::string text{std::istreambuf_iterator<char>(in), {}};
  const std::size_t r44 = text.find("  - id: R44"), r45 = text.find("  - id: R45");
  text.erase(r44, r45 - r44);
  text.replace(text.find("after: 7d"), 9, "after: 3d");
  std::ofstream(changed + "/acute.yaml") << text;
  std::ofstream(changed + "/local.yaml")
      << "pack: local\nrules:\n  - id: L01\n    title: Nursing note\n    source: Policy 3\n"
         "    severity: L\n    effective_from: 2026-01-01\n    needs: [ADT, MDM]\n"
         "    trigger: {event: discharged}\n    requires: {document: [TXA-2|NN]}\n"
         "    lacking: {text: Nursing note}\n    owner: [=nursing]\n"
         "    due: {from: visit.end, after: 24h}\n";
  const Output found = diff();
  BOOST_TEST(found.exit == 1);
  BOOST_TEST(found.out.find("+ L01") != std::string::npos, found.out);
  BOOST_TEST(found.out.find("- R44") != std::string::npos, found.out);
  BOOST_TEST(found.out.find("~ R06") != std::string::npos, found.out);
  BOOST_TEST(found.out.find("due 2026-01-13 10:00") != std::string::npos, found.out);
  BOOST_TEST(found.out.find("(was: due 2026-01-17 10:00)") != std::string::npos, found.out);
  BOOST_TEST(found.out.find("1 would open, 1 would close, 1 would change") != std::string::npos);
  const Output json = diff({"--json"});
  BOOST_TEST(json.out.find("\"change\":\"alter\"") != std::string::npos, json.out);
  BOOST_TEST(json.out.find("\"altered\":[\"due\"]") != std::string::npos);
  // A pack that cannot work: where, and what was meant.
  std::ofstream(changed + "/local.yaml") << "pack: local\nrules:\n  - id: L01\n    severity: LOW\n";
  const Output bad = diff();
  BOOST_TEST(bad.exit == 2);
  BOOST_TEST(bad.err.find("local.yaml:4:15: severity \"LOW\" is unknown; did you mean \"L\"?") !=
             std::string::npos, bad.err);
}
