// Patient demographics queries (IHE PDQm, ITI-78: search on Patient) and the index's own rates, asked
// of the real binary.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <sstream>
#include <vector>

#include "harness.hpp"
#include "messages.hpp"

using namespace harness;

namespace {

struct Person {
  std::string number, authority, name, born, sex, address, phone;
};

const std::vector<Person> kPeople = {
    {"1", "NORTH", "VANDERMEER^HELENA^RUTH", "19710923", "F", "12 Elm Street^^Utica^NY^13501",
     "(315)555-0142"},
    {"2", "NORTH", "VANDERBILT^HENRY", "19710923", "M", "9 Oak Lane^^Albany^NY^12207",
     "(518)555-0100"},
    {"3", "SOUTH", "MEER^HELENA", "19800102", "F", "12 Elm Street^^Dallas^TX^75201",
     "(214)555-0199"},
};

struct Registry {
  TempDir dir;
  Engine engine;

  explicit Registry(const std::string& feed = "mpi: review")
      : engine(dir, {.feed_extra = feed}) {
    MllpPeer peer(engine.mllp_port());
    int count = 0;
    for (const Person& one : kPeople) {
      BOOST_REQUIRE_EQUAL(ack_code(peer.ask(text(one, "M" + std::to_string(++count)))), "AA");
    }
    engine.wait_applied();
  }
  static std::string text(const Person& one, const std::string& id) {
    return "MSH|^~\\&|REG|" + one.authority + "|CW|HUB|20260110080000||ADT^A04^ADT_A01|" + id +
           "|P|2.5.1\rEVN|A04|20260110080000\rPID|1||" + one.number + "^^^" + one.authority +
           "^MR||" + one.name + "||" + one.born + "|" + one.sex + "|||" + one.address + "||" +
           one.phone + "\rPV1|1|O|CLINIC\r";
  }
  std::string page(const std::string& query) {
    return http(engine.http_port(), "GET", "/fhir/r4/Patient?" + query).body;
  }
  /// Numbers of the people that are found, in order: "13".
  std::string found(const std::string& query) {
    const std::string body = page(query);
    std::string out;
    for (const Person& one : kPeople) {
      const std::string mark = "\"value\":\"" + one.number + "\"";
      if (body.find(mark) != body.npos) out += one.number;
    }
    return out;
  }
  std::string system_of(const std::string& number) {
    const std::string body = page("identifier=" + number);
    const std::size_t value = body.find("\"value\":\"" + number + "\"");
    const std::size_t from = body.find("\"system\":\"", value) + 10;
    return value == body.npos ? std::string() : body.substr(from, body.find('"', from) - from);
  }
  Output mpi(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "mpi");
    arguments.insert(arguments.end(), {"--config", engine.config_file()});
    return chartwire(arguments);
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_demographics_query_by_each_of_its_parameters) {
  Registry registry;
  const std::pair<const char*, const char*> kQueries[] = {
      {"family=vander", "12"},
      {"family=VANDERMEER", "1"},
      {"family:exact=vandermeer", ""},
      {"family:exact=VANDERMEER", "1"},
      {"family=nobody", ""},
      {"given=hel", "13"},
      {"given=ruth", "1"},
      {"given=helena&given=ruth", "1"},
      {"family=vander&given=hen", "2"},
      {"birthdate=1971-09-23", "12"},
      {"birthdate=1971-09", "12"},
      {"birthdate=ge1980-01-01", "3"},
      {"birthdate=ge1971-01-01&birthdate=lt1975-01-01", "12"},
      {"gender=female", "13"},
      {"gender=male,other", "2"},
      {"gender=female&birthdate=1971-09-23", "1"},
      {"address=12", "123"},
      {"address:contains=elm", "13"},
      {"address=dallas", "3"},
      {"address=12%20Elm%20Street", "13"},
      {"address-city=utica", "1"},
      {"address-city=utica,albany", "12"},
      {"address-state=NY", "12"},
      {"address-postalcode=13501", "1"},
      {"address-postalcode=75", "3"},
      {"address-country=US", ""},
      {"family=vandermeer&given=helena&birthdate=1971-09-23&gender=female&address-city=Utica&"
       "address-state=NY&address-postalcode=13501",
       "1"},
      {"active=false", ""},
      {"telecom=(315)555-0142", "1"},
  };
  for (const auto& [query, expected] : kQueries) {
    BOOST_TEST(registry.found(query) == expected, query << ": " << registry.page(query));
  }
  const std::string north = registry.system_of("1");
  BOOST_REQUIRE(!north.empty());
  BOOST_TEST(registry.found("identifier=1") == "1");
  BOOST_TEST(registry.found("identifier=" + north + "%7C1") == "1");
  BOOST_TEST(registry.found("identifier=" + north + "%7C") == "12");
  BOOST_TEST(registry.found("identifier=urn:no:such%7C1") == "");
  // By POST, as a client asks that keeps names out of its logs.
  const HttpAnswer posted =
      http(registry.engine.http_port(), "POST", "/fhir/r4/Patient/_search",
           "family=vandermeer&birthdate=1971-09-23", "application/x-www-form-urlencoded");
  BOOST_TEST(posted.status == 200);
  BOOST_TEST(posted.body.find("\"value\":\"1\"") != std::string::npos, posted.body);
  BOOST_TEST(posted.body.find("\"value\":\"2\"") == std::string::npos, posted.body);
  // An empty answer is a searchset, a wrong question an OperationOutcome.
  const std::string none = registry.page("family=nobody&_total=accurate");
  BOOST_TEST(none.find("\"searchset\"") != none.npos, none);
  BOOST_TEST(none.find("\"total\":0") != none.npos, none);
  const HttpAnswer wrong =
      http(registry.engine.http_port(), "GET", "/fhir/r4/Patient?birthdate=yesterday");
  BOOST_TEST(wrong.status == 400);
  BOOST_TEST(wrong.body.find("OperationOutcome") != std::string::npos, wrong.body);
}

BOOST_AUTO_TEST_CASE(the_rates_of_the_index) {
  Registry registry;
  const auto rates = [&registry] {
    const Output out = registry.mpi({"rates", "--json"});
    BOOST_REQUIRE_MESSAGE(out.exit == 0, out.err);
    const std::string api = http(registry.engine.http_port(), "GET", "/api/v1/mpi/rates").body;
    BOOST_TEST(api + "\n" == out.out, api);
    return out.out;
  };
  BOOST_TEST(json_text(rates(), "patients") == "3", rates());
  BOOST_TEST(json_text(rates(), "duplicates") == "0");
  // The first of them once more, under another number of the same authority.
  Person twice = kPeople[0];
  twice.number = "9";
  MllpPeer peer(registry.engine.mllp_port());
  BOOST_REQUIRE_EQUAL(ack_code(peer.ask(Registry::text(twice, "M9"))), "AA");
  registry.engine.wait_applied();
  const std::string now = rates();
  BOOST_TEST(json_text(now, "patients") == "4", now);
  BOOST_TEST(json_text(now, "duplicates") == "2", now);
  BOOST_TEST(json_text(now, "duplicate_percent").starts_with("50"), now);
  const std::string words = registry.mpi({"rates"}).out;
  BOOST_TEST(words.find("50.000 % of 4") != std::string::npos, words);
}
