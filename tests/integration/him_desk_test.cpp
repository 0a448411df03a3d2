// What the medical-records department does all day, on the real binary: audits, reviews, worklists.
#include <boost/test/unit_test.hpp>

#include "harness.hpp"
#include "messages.hpp"

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
  BOOST_TEST(desk.him({"audit", "V100"}).out.find("open") != std::string::npos);
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
  BOOST_TEST(desk.him({"provider", "join", "9009", "5005", "--by", "ann"}).exit == 0);
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
