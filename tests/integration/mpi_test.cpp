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
