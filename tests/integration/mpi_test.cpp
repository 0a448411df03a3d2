// The master patient index from messages over MLLP to the review queue: found, decided, remembered.
#include <boost/test/unit_test.hpp>

#include "harness.hpp"
#include "messages.hpp"

using namespace harness;

namespace {

struct Desk {
  TempDir dir;
  Engine engine;
  int count = 0;

  explicit Desk(const std::string& feed) : engine(dir, {.feed_extra = feed}) {}

  /// Registers somebody under a number of an authority.
  void register_person(const std::string& number, const std::string& authority,
                       const std::string& name = "VANDERMEER^HELENA^RUTH") {
    const std::string id = "M" + std::to_string(++count);
    MllpPeer peer(engine.mllp_port());
    const std::string ack = peer.ask(
        "MSH|^~\\&|REG|" + authority + "|CW|HUB|20260110080000||ADT^A04^ADT_A01|" + id +
        "|P|2.5.1\rEVN|A04|20260110080000\rPID|1||" + number + "^^^" + authority + "^MR||" + name +
        "||19710923|F|||12 Elm Street^^Utica^NY^13501||(315)555-0142||||||421-66-7788\r"
        "PV1|1|O|CLINIC\r");
    BOOST_REQUIRE_EQUAL(ack_code(ack), "AA");
    engine.wait_applied();
  }
  std::vector<std::string> queue(bool all = false) {
    std::vector<std::string> arguments = {"mpi", "queue", "--json", "--config",
                                          engine.config_file()};
    if (all) arguments.push_back("--all");
    const Output output = chartwire(arguments);
    BOOST_TEST(output.exit == 0, output.err);
    std::vector<std::string> lines;
    std::string rest = output.out;
    for (std::size_t end; (end = rest.find('\n')) != std::string::npos; rest.erase(0, end + 1)) {
      lines.push_back(rest.substr(0, end));
    }
    return lines;
  }
  int decide(const std::string& pair, const std::string& decision) {
    return chartwire({"mpi", "decide", json_text(pair, "patient"), json_text(pair, "other"),
                      decision, "--by", "ann", "--config", engine.config_file()})
        .exit;
  }
  std::string patients() {
    return http(engine.http_port(), "GET", "/fhir/r4/Patient?_count=50").body;
  }
};

std::size_t times(const std::string& text, const std::string& what) {
  std::size_t count = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
    ++count;
  }
  return count;
}

}  // namespace

BOOST_AUTO_TEST_CASE(without_the_word_nothing_is_looked_for) {
  Desk desk("");
  desk.register_person("1", "NORTH");
  desk.register_person("2", "SOUTH");
  BOOST_TEST(desk.queue(true).empty());
  BOOST_TEST(times(desk.patients(), "seealso") == 0u);
}

BOOST_AUTO_TEST_CASE(review_holds_a_pair_until_somebody_decides) {
  Desk desk("mpi: review");
  desk.register_person("1", "NORTH");
  desk.register_person("2", "SOUTH");
  auto queue = desk.queue();
  BOOST_REQUIRE_EQUAL(queue.size(), 1u);
  BOOST_TEST(json_text(queue[0], "state") == "open");
  BOOST_TEST(queue[0].find("\"family\":{\"level\":\"exact\"") != std::string::npos);
  BOOST_TEST(queue[0].find("VANDERMEER") == std::string::npos);
  BOOST_TEST(times(desk.patients(), "seealso") == 0u);
  BOOST_TEST(desk.decide(queue[0], "link") == 0);
  BOOST_TEST(desk.queue().empty());
  BOOST_TEST(times(desk.patients(), "seealso") == 2u);
  BOOST_TEST(desk.decide(queue[0], "not-the-same") == 1);   // linked already
  // What was decided outlives the engine, and a known number is not looked for again.
  desk.engine.kill9();
  desk.engine.start();
  desk.register_person("2", "SOUTH");
  BOOST_TEST(desk.queue().empty());
  const auto all = desk.queue(true);
  BOOST_REQUIRE_EQUAL(all.size(), 1u);
  BOOST_TEST(json_text(all[0], "state") == "linked");
  BOOST_TEST(json_text(all[0], "decided_by") == "ann");
}

BOOST_AUTO_TEST_CASE(certain_ones_are_linked_and_twins_are_not) {
  Desk desk("mpi: link");
  desk.register_person("1", "NORTH");
  desk.register_person("2", "SOUTH");
  desk.register_person("3", "EAST", "VANDERMEER^HENRIETTA");
  const auto all = desk.queue(true);
  BOOST_REQUIRE_EQUAL(all.size(), 3u);
  std::size_t linked = 0;
  for (const std::string& pair : all) {
    if (json_text(pair, "state") != "linked") {
      BOOST_TEST(pair.find("twins") != std::string::npos, pair);
      continue;
    }
    ++linked;
    BOOST_TEST(json_text(pair, "decided_by") == "auto");
  }
  BOOST_TEST(linked == 1u);
  BOOST_TEST(times(desk.patients(), "seealso") == 2u);
}

BOOST_AUTO_TEST_CASE(search_ranks_a_misspelled_name) {
  Desk desk("mpi: review");
  desk.register_person("1", "NORTH");
  const Output found = chartwire({"mpi", "search", "--family", "Vandermere", "--dob", "1971-09-23",
                                  "--json", "--config", desk.engine.config_file()});
  BOOST_TEST(found.exit == 0, found.err);
  BOOST_TEST(json_text(found.out.substr(0, found.out.find('\n')), "grade") == "probable",
             found.out);
  BOOST_TEST(chartwire({"mpi", "search", "--family", "Quisling", "--dob", "1901-02-03", "--config",
                        desk.engine.config_file()})
                 .exit == 1);
}

namespace {

/// Calls the command line; @return exit code.
int order(Desk& desk, std::vector<std::string> words) {
  words.insert(words.begin(), "mpi");
  words.insert(words.end(), {"--config", desk.engine.config_file()});
  return chartwire(words).exit;
}

std::string mpi(Desk& desk, const std::string& path) {
  return http(desk.engine.http_port(), "GET", "/api/v1/mpi/" + path).body;
}

void admit(Desk& desk, const std::string& number, const std::string& authority,
           const std::string& visit, const std::string& minute, const std::string& merged = {}) {
  const std::string id = "V" + std::to_string(++desk.count);
  const std::string trigger = merged.empty() ? "A01" : "A40";
  std::string text = "MSH|^~\\&|REG|" + authority + "|CW|HUB|202601110800" + minute + "||ADT^" +
                     trigger + "|" + id + "|P|2.5.1\rEVN|" + trigger + "|202601110800" + minute +
                     "\rPID|1||" + number + "^^^" + authority + "^MR||VANDERMEER^" +
                     (number == "1" ? "HELENA" : "HILDE") + "||19710923|F\r";
  text += merged.empty() ? "PV1|1|I|4W^1^A||||||||||||||||" + visit + "^^^" + authority + "^VN\r"
                         : "MRG|" + merged + "^^^" + authority + "^MR\r";
  MllpPeer peer(desk.engine.mllp_port());
  BOOST_REQUIRE_EQUAL(ack_code(peer.ask(text)), "AA");
  desk.engine.wait_applied();
}

std::string visits_of(Desk& desk, const std::string& patient) {
  const std::string body =
      http(desk.engine.http_port(), "GET", "/fhir/r4/Encounter?subject=Patient/" + patient).body;
  std::string out;
  for (const char* visit : {"VA", "VB", "VLATE", "VOWN"}) {
    if (body.find("\"" + std::string(visit) + "\"") != std::string::npos) {
      out += std::string(visit) + " ";
    }
  }
  return out;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_merge_out_of_the_queue_needs_two_persons) {
  Desk desk("mpi: review");
  desk.register_person("1", "NORTH");
  desk.register_person("2", "SOUTH");
  const auto queue = desk.queue();
  BOOST_REQUIRE_EQUAL(queue.size(), 1u);
  const std::string a = json_text(queue[0], "patient"), b = json_text(queue[0], "other");
  const auto merge = [&](const std::string& by, const std::string& survivor) {
    return order(desk, {"decide", a, b, "merge", "--survivor", survivor, "--by", by});
  };
  BOOST_TEST(merge("ann", "nobody") == 1);
  BOOST_TEST(merge("ann", b) == 0);
  BOOST_TEST(merge("Ann", b) == 3);          // one's own proposal
  BOOST_TEST(merge("ben", a) == 1);          // keeps the other one
  BOOST_REQUIRE_EQUAL(desk.queue().size(), 1u);
  BOOST_TEST(json_text(desk.queue()[0], "proposed_by") == "ann");
  BOOST_TEST(times(desk.patients(), "replaced-by") == 0u);
  desk.engine.kill9();
  desk.engine.start();
  BOOST_TEST(merge("ben", b) == 0);
  BOOST_TEST(desk.queue().empty());
  const std::string retired = http(desk.engine.http_port(), "GET", "/fhir/r4/Patient/" + a).body;
  BOOST_TEST(retired.find("\"replaced-by\"") != std::string::npos, retired);
  BOOST_TEST(retired.find("\"active\":false") != std::string::npos);
  BOOST_TEST(json_text(mpi(desk, "rates"), "patients") == "1");
}

namespace {

/// The first object of a list in an answer.
std::string first_of(const std::string& answer) {
  const std::size_t from = answer.find("[{");
  if (from == std::string::npos) return {};
  return answer.substr(from + 1, answer.find('}', from) - from);
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_unmerge_gives_back_exactly_what_came_under_each_number) {
  Desk desk("mpi: review");
  admit(desk, "1", "NORTH", "VA", "01");
  admit(desk, "2", "NORTH", "VB", "02");
  const auto id_of = [&](const std::string& number) {
    const std::string body = http(desk.engine.http_port(), "GET",
                                  "/fhir/r4/Patient?identifier=urn:chartwire:local/id/NORTH%7C" +
                                      number)
                                 .body;
    const std::size_t at = body.find("/Patient/");
    return at == std::string::npos ? std::string() : body.substr(at + 9, 36);
  };
  const std::string first = id_of("1"), second = id_of("2");
  const std::string before = http(desk.engine.http_port(), "GET", "/fhir/r4/Patient/" + first).body;
  admit(desk, "2", "NORTH", "", "03", "1");
  admit(desk, "1", "NORTH", "VLATE", "04");   // under the retired number
  admit(desk, "2", "NORTH", "VOWN", "05");    // under the survivor's own
  BOOST_TEST(visits_of(desk, second) == "VA VB VLATE VOWN ");
  const auto open_before = desk.engine.deficiencies({"--patient", first, "--open"}).size();
  BOOST_TEST(open_before == 0u);

  BOOST_TEST(order(desk, {"unmerge", second, "--by", "ann", "--reason", "x"}) == 1);
  BOOST_TEST(order(desk, {"unmerge", first, "--by", "ann", "--reason", "two women"}) == 0);
  BOOST_TEST(visits_of(desk, first) == "VA VLATE ");
  BOOST_TEST(visits_of(desk, second) == "VB VOWN ");
  const std::string after = http(desk.engine.http_port(), "GET", "/fhir/r4/Patient/" + first).body;
  BOOST_TEST(after.find("replaced-by") == std::string::npos);
  BOOST_TEST(after.find("HELENA") != std::string::npos);
  BOOST_TEST((before.find("\"active\"") == std::string::npos) ==
             (after.find("\"active\"") == std::string::npos));
  BOOST_TEST(desk.patients().find("\"replaces\"") == std::string::npos);
  BOOST_TEST(!desk.engine.deficiencies({"--patient", first, "--open"}).empty());
  // The pair is known to be two persons, and a number finds its own Patient again.
  admit(desk, "1", "NORTH", "VA", "06");
  BOOST_TEST(visits_of(desk, first) == "VA VLATE ");
  BOOST_TEST(order(desk, {"unmerge", first, "--by", "ann", "--reason", "again"}) == 1);

  // What came in between is listed, and goes where somebody sends it.
  const std::string list = mpi(desk, "unmerges");
  const std::string sequence = json_text(first_of(list), "sequence");
  const std::string items = mpi(desk, "unmerges/" + sequence);
  const std::size_t came = items.find("\"came-since\"");
  BOOST_REQUIRE_MESSAGE(came != std::string::npos, items);
  const std::size_t at = items.rfind("{\"type\":\"Encounter\"", came);
  BOOST_REQUIRE(at != std::string::npos);
  const std::string item = items.substr(at, items.find('}', at) - at + 1);
  BOOST_TEST(order(desk, {"settle", sequence, "Encounter/" + json_text(item, "id"), "--to", first,
                          "--by", "ann"}) == 0);
  BOOST_TEST(visits_of(desk, first) == "VA VLATE VOWN ");

  // Repair messages, which another engine of the same kind understands.
  const std::string repair = mpi(desk, "unmerges/" + sequence + "/messages");
  BOOST_TEST(repair.find("|ADT^A43^ADT_A43|") != std::string::npos, repair);
  BOOST_TEST(times(repair, "|ADT^A45^ADT_A45|") == 2u);
  BOOST_TEST(times(repair, "|ADT^A31^ADT_A05|") == 2u);
  BOOST_TEST(repair.find("MRG|1^^^NORTH^MR~2^^^NORTH^MR") != std::string::npos, repair);
  BOOST_TEST(chartwire({"mpi", "repair", sequence, "--config", desk.engine.config_file()}).exit ==
             0);
}

BOOST_AUTO_TEST_CASE(repair_messages_undo_the_merge_elsewhere) {
  Desk desk("mpi: review");
  admit(desk, "1", "NORTH", "VA", "01");
  admit(desk, "2", "NORTH", "VB", "02");
  admit(desk, "2", "NORTH", "", "03", "1");
  Desk other("mpi: review");
  admit(other, "1", "NORTH", "VA", "01");
  admit(other, "2", "NORTH", "VB", "02");
  admit(other, "2", "NORTH", "", "03", "1");
  const std::string body = http(desk.engine.http_port(), "GET",
                                "/fhir/r4/Patient?identifier=urn:chartwire:local/id/NORTH%7C1")
                               .body;
  const std::string first = body.substr(body.find("/Patient/") + 9, 36);
  BOOST_TEST(order(desk, {"unmerge", first, "--by", "ann", "--reason", "two women"}) == 0);
  const std::string list = mpi(desk, "unmerges");
  const std::string sequence = json_text(first_of(list), "sequence");
  std::string repair = mpi(desk, "unmerges/" + sequence + "/messages");
  BOOST_TEST(visits_of(other, first).empty());
  MllpPeer peer(other.engine.mllp_port());
  while (!repair.empty()) {
    const std::size_t end = repair.find("MSH|", 1);
    const std::string answer = peer.ask(repair.substr(0, end));
    BOOST_TEST(ack_code(answer) == "AA", answer + repair.substr(0, end));
    repair.erase(0, end);
  }
  other.engine.wait_applied();
  BOOST_TEST(visits_of(other, first) == "VA ");
}

namespace {

std::string query(Desk& desk, const std::string& trigger, const std::string& qpd) {
  MllpPeer peer(desk.engine.mllp_port());
  return peer.ask("MSH|^~\\&|PORTAL|WEB|CW|HUB|20260112080000||QBP^" + trigger +
                  "^QBP_Q21|Q" + std::to_string(++desk.count) + "|P|2.5.1\rQPD|" + trigger +
                  "^Query^IHE|T1|" + qpd + "\rRCP|I\r");
}

}  // namespace

BOOST_AUTO_TEST_CASE(queries_over_mllp_find_people_and_their_numbers) {
  Desk desk("mpi: link, accept: [ADT, QBP]");
  desk.register_person("1", "NORTH");
  desk.register_person("2", "SOUTH");
  // Candidates (Q22).
  const std::string found = query(desk, "Q22", "@PID.5.1^VANDERMEER~@PID.7^19710923");
  BOOST_TEST(field(found, "MSH-9") == "RSP^K22^RSP_K22", found);
  BOOST_TEST(ack_code(found) == "AA");
  BOOST_TEST(field(found, "QAK-1") == "T1");
  BOOST_TEST(field(found, "QAK-2") == "OK");
  BOOST_TEST(field(found, "QAK-4") == "2");
  BOOST_TEST(field(found, "QPD-2") == "T1");
  BOOST_TEST(field(found, "PID-5.1") == "VANDERMEER");
  BOOST_TEST(field(query(desk, "Q22", "@PID.5.1^QUISLING"), "QAK-2") == "NF");
  const std::string nothing = query(desk, "Q22", "@PID.12^ONEIDA");
  BOOST_TEST(ack_code(nothing) == "AE");
  BOOST_TEST(field(nothing, "QAK-2") == "AE");
  BOOST_TEST(field(nothing, "ERR-2") == "QPD^1^3^1^1");
  // Corresponding numbers (Q23): the two are linked by themselves.
  const std::string numbers = query(desk, "Q23", "1^^^NORTH^MR");
  BOOST_TEST(field(numbers, "MSH-9") == "RSP^K23^RSP_K23", numbers);
  BOOST_TEST(field(numbers, "QAK-2") == "OK");
  BOOST_TEST(field(numbers, "PID-3.1") == "2");
  BOOST_TEST(field(numbers, "PID-3.4") == "SOUTH");
  BOOST_TEST(field(query(desk, "Q23", "1^^^NORTH^MR|^^^NORTH"), "QAK-2") == "NF");
  const std::string unknown = query(desk, "Q23", "77^^^NORTH^MR");
  BOOST_TEST(ack_code(unknown) == "AE");
  BOOST_TEST(field(unknown, "ERR-2") == "QPD^1^3^1^1");
  BOOST_TEST(field(unknown, "ERR-3.1") == "204");
  BOOST_TEST(field(query(desk, "Q23", "1^^^ELSEWHERE^MR"), "ERR-2") == "QPD^1^3^1^4");
  BOOST_TEST(field(query(desk, "Q23", "1^^^NORTH^MR|^^^SOUTH~^^^NOWHERE"), "ERR-2") ==
             "QPD^1^4^2");
  // They are no messages of the record.
  BOOST_TEST(json_text(desk.engine.status(), "received") == "3");
}

BOOST_AUTO_TEST_CASE(a_query_sees_what_was_acknowledged_before_it) {
  Desk desk("accept: [ADT, QBP]");
  MllpPeer peer(desk.engine.mllp_port());
  for (int i = 0; i < 50; ++i) {
    const std::string number = std::to_string(500 + i);
    const std::string ack = peer.ask(
        "MSH|^~\\&|REG|NORTH|CW|HUB|20260110080000||ADT^A28^ADT_A05|N" + number +
        "|P|2.5.1\rEVN|A28|20260110080000\rPID|1||" + number + "^^^NORTH^MR||OKONKWO" + number +
        "^ADA||19710923|F\rPV1|1|N\r");
    BOOST_REQUIRE_EQUAL(ack_code(ack), "AA");
    const std::string found = query(desk, "Q22", "@PID.5.1^OKONKWO" + number);
    BOOST_TEST(field(found, "QAK-2") == "OK", found);
  }
}

BOOST_AUTO_TEST_CASE(a_feed_answers_queries_unless_it_takes_other_types_alone) {
  Desk open("");
  open.register_person("1", "NORTH");
  const std::string found = query(open, "Q22", "@PID.5.1^VANDERMEER");
  BOOST_TEST(field(found, "MSH-9") == "RSP^K22^RSP_K22", found);
  BOOST_TEST(field(found, "QAK-4") == "1");
  Desk closed("accept: [ADT]");
  closed.register_person("1", "NORTH");
  const std::string refused = query(closed, "Q22", "@PID.5.1^VANDERMEER");
  BOOST_TEST(ack_code(refused) == "AR", refused);
  BOOST_TEST(refused.find("VANDERMEER^") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(numbers_of_a_survivor_leave_out_what_was_retired) {
  Desk desk("mpi: link, accept: [ADT, QBP]");
  desk.register_person("1", "NORTH");
  desk.register_person("2", "SOUTH");
  desk.register_person("3", "NORTH", "VANDERMEER^HELEN");
  MllpPeer peer(desk.engine.mllp_port());
  BOOST_REQUIRE_EQUAL(ack_code(peer.ask(
                          "MSH|^~\\&|REG|NORTH|CW|HUB|20260110090000||ADT^A40^ADT_A39|MERGE|P|2.5.1"
                          "\rEVN|A40|20260110090000\rPID|1||1^^^NORTH^MR||VANDERMEER^HELENA^RUTH||"
                          "19710923|F\rMRG|3^^^NORTH^MR\r")),
                      "AA");
  desk.engine.wait_applied();
  const std::string of_survivor = query(desk, "Q23", "1^^^NORTH^MR");
  BOOST_TEST(field(of_survivor, "PID-3.1") == "2", of_survivor);
  BOOST_TEST(of_survivor.find("3^^^NORTH") == std::string::npos, of_survivor);
  // Whoever asks by the retired number learns the one in use.
  const std::string of_retired = query(desk, "Q23", "3^^^NORTH^MR");
  BOOST_TEST(field(of_retired, "QAK-2") == "OK", of_retired);
  BOOST_TEST(of_retired.find("PID|||1^^^NORTH") != std::string::npos, of_retired);
  BOOST_TEST(of_retired.find("2^^^SOUTH") != std::string::npos, of_retired);
}

BOOST_AUTO_TEST_CASE(match_and_cross_reference_over_fhir) {
  Desk desk("mpi: link");
  desk.register_person("1", "NORTH");
  desk.register_person("2", "SOUTH");
  desk.register_person("3", "EAST", "QUILL^TOBIAS");
  const auto match = [&](const std::string& patient, const std::string& more = "") {
    return http(desk.engine.http_port(), "POST", "/fhir/r4/Patient/$match",
                "{\"resourceType\":\"Parameters\",\"parameter\":[{\"name\":\"resource\","
                "\"resource\":{\"resourceType\":\"Patient\"," +
                    patient + "}}" + more + "]}",
                "application/fhir+json");
  };
  const HttpAnswer both = match(
      "\"name\":[{\"family\":\"Vandermeer\",\"given\":[\"Helena\"]}],"
      "\"birthDate\":\"1971-09-23\",\"gender\":\"female\"");
  BOOST_TEST(both.status == 200);
  BOOST_TEST(times(both.body, "StructureDefinition/match-grade") == 2u, both.body);
  BOOST_TEST(times(both.body, "\"score\":") == 2u);
  BOOST_TEST(both.body.find("QUILL") == std::string::npos);
  // A number alone is certain; a name alone is not.
  const std::string certain =
      ",{\"name\":\"onlyCertainMatches\",\"valueBoolean\":true}";
  const HttpAnswer number = match("\"identifier\":[{\"system\":"
                                  "\"urn:chartwire:local/id/EAST\",\"value\":\"3\"}]",
                                  certain);
  BOOST_TEST(number.body.find("\"certain\"") != std::string::npos, number.body);
  BOOST_TEST(times(number.body, "match-grade") == 1u);
  BOOST_TEST(times(match("\"name\":[{\"family\":\"Vandermeer\"}]", certain).body,
                   "match-grade") == 0u);
  BOOST_TEST(times(match("\"name\":[{\"family\":\"Vandermeer\",\"given\":[\"Helena\"]}],"
                         "\"birthDate\":\"1971-09-23\"",
                         ",{\"name\":\"count\",\"valueInteger\":1}")
                       .body,
                   "match-grade") == 1u);
  BOOST_TEST(http(desk.engine.http_port(), "POST", "/fhir/r4/Patient/$match", "{}",
                  "application/fhir+json")
                 .status == 400);
  // A later arrival is found as well; it was linked unattended, so both Patients are that person.
  desk.register_person("4", "WEST", "QUILL^TOBY");
  BOOST_TEST(times(match("\"identifier\":[{\"system\":\"urn:chartwire:local/id/WEST\","
                         "\"value\":\"4\"}]",
                         certain)
                       .body,
                   "match-grade") == 2u);
  BOOST_TEST(times(desk.patients(), "seealso") == 4u);

  const auto pix = [&](const std::string& query) {
    return http(desk.engine.http_port(), "GET", "/fhir/r4/Patient/$ihe-pix?" + query);
  };
  const std::string north = "sourceIdentifier=urn:chartwire:local/id/NORTH%7C1";
  const HttpAnswer all = pix(north);
  BOOST_TEST(all.status == 200);
  BOOST_TEST(all.body.find("{\"system\":\"urn:chartwire:local/id/SOUTH\",\"value\":\"2\"}") !=
                 std::string::npos,
             all.body);
  BOOST_TEST(all.body.find("\"targetId\"") != std::string::npos);
  BOOST_TEST(pix(north + "&targetSystem=urn:chartwire:local/id/SOUTH").status == 200);
  BOOST_TEST(pix(north + "&targetSystem=urn:nowhere").status == 403);
  BOOST_TEST(pix("sourceIdentifier=urn:chartwire:local/id/NORTH%7C99").status == 404);
  BOOST_TEST(pix("").status == 400);
}
