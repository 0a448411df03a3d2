// What a message that says less leaves of what is known about a person (HL7 v2 chapter 2: an empty
// field changes nothing, "" takes away), and that naming somebody is not telling all about them.
#include <boost/test/unit_test.hpp>

#include "applier_run.hpp"

namespace {

const char* const kFull =
    "PID|1||1^^^GENERAL^MR~9^^^STATE^PI||ROE^Rita^Q^^^^L~OLD^Rita^^^^^M|MOM^Ma|19700101|F||"
    "2106-3^White^HL70005|1 Main^^Town^NY^10001||555-1^PRN|555-2^WPN||M|CAT||123-45-6789|DL1^NY";

/// A patient told of in full, then what else is said.
struct Told {
  test::Run run;
  explicit Told(const std::vector<std::pair<std::string, std::string>>& more)
      : run(texts(more)) {
    (void)run.apply(nullptr);
  }
  static std::vector<std::string> texts(
      const std::vector<std::pair<std::string, std::string>>& more) {
    std::vector<std::string> out{text("ADT^A28^ADT_A05", kFull, 0)};
    for (const auto& [type, rest] : more) {
      out.push_back(text(type, rest, static_cast<int>(out.size())));
    }
    return out;
  }
  static std::string text(const std::string& type, const std::string& rest, int minute) {
    const std::string at = "2026011008" + std::to_string(100 + minute).substr(1);
    return "MSH|^~\\&|REG|GENERAL|CW|HIM|" + at + "||" + type + "|C" + std::to_string(minute) +
           "|P|2.5.1\r" + (type.starts_with("ADT") ? "EVN||" + at + "\r" : "") + rest + "\r";
  }
  std::string id() {
    const auto id = run.stores.records->find_key("Patient", "urn:chartwire:local/id/GENERAL|1");
    BOOST_REQUIRE((id.has_value() && id->has_value()));
    return **id;
  }
  std::string body() {
    const auto found = run.stores.records->get("Patient", id());
    BOOST_REQUIRE((found.has_value() && found->has_value()));
    return (*found)->body;
  }
  /// Of who was merged into that patient.
  std::string retired() {
    const auto found = run.stores.records->referencing("Patient/" + id(), 10);
    BOOST_REQUIRE(found.has_value());
    for (const store::Resource& one : *found) {
      if (one.type == "Patient") return one.body;
    }
    return {};
  }
};

void holds(const std::string& body, const std::vector<const char*>& words) {
  for (const char* word : words) BOOST_TEST((body.find(word) != body.npos), word << " in " << body);
}
void lacks(const std::string& body, const std::vector<const char*>& words) {
  for (const char* word : words) BOOST_TEST((body.find(word) == body.npos), word << " in " << body);
}

const std::vector<const char*> kAll = {"123-45-6789", "\"DL1\"", "\"9\"", "\"555-1\"", "\"555-2\"",
                                       "1 Main", "\"OLD\"", "us-core-race", "mothersMaidenName",
                                       "patient-religion", "1970-01-01"};

}  // namespace

BOOST_AUTO_TEST_SUITE(details)

BOOST_AUTO_TEST_CASE(whoever_names_a_person_wipes_nothing) {
  const std::string result = "PID|1||1^^^GENERAL^MR||Roe^Rita\rOBR|1|P1|F1|1^X^L|||20260110\r"
                             "OBX|1|NM|2951-2^Na^LN||140|||||F";
  const std::string before = Told({}).body();
  holds(before, kAll);
  BOOST_TEST(Told({{"ORU^R01^ORU_R01", result}}).body() == before);
  // Neither does a merge, of who goes on or of who ends.
  std::string other = kFull;
  other.replace(other.find("1^^^GENERAL"), 1, "2").replace(other.find("123-45"), 6, "999-99");
  Told merged({{"ADT^A28^ADT_A05", other},
               {"ADT^A40^ADT_A39", "PID|1||1^^^GENERAL^MR||Roe^Rita\rMRG|2^^^GENERAL^MR"}});
  holds(merged.body(), kAll);
  holds(merged.retired(), {"999-99-6789", "\"DL1\"", "\"OLD\"", "replaced-by"});
}

BOOST_AUTO_TEST_CASE(an_empty_field_leaves_what_it_made) {
  const std::string body =
      Told({{"ADT^A08^ADT_A01", "PID|1||1^^^GENERAL^MR||Roe^Rita^^^^^L|||||||||555-9^WPN"}}).body();
  holds(body, {"123-45-6789", "\"DL1\"", "\"555-1\"", "\"555-9\"", "1 Main", "us-core-race",
               "1970-01-01"});
  lacks(body, {"\"555-2\"", "\"OLD\""});   // the field was told anew
}

BOOST_AUTO_TEST_CASE(two_quotes_take_away_what_the_field_made) {
  const std::string gone = R"("")";
  Told told({{"ADT^A08^ADT_A01",
              "PID|1||1^^^GENERAL^MR||Roe^Rita^^^^^L|" + gone + "||F||" + gone + "|" + gone +
                  "||" + gone + "||||||" + gone}});
  lacks(told.body(), {"us-core-race", "mothersMaidenName", "1 Main", "\"555-1\"", "123-45-6789"});
  holds(told.body(), {"\"555-2\"", "\"DL1\"", "patient-religion", "1970-01-01"});
  Told all({{"ADT^A08^ADT_A01", "PID|1||1^^^GENERAL^MR||Roe^Rita^^^^^L||||||||" + gone + "|" + gone +
                                    "|||" + gone}});
  lacks(all.body(), {"telecom", "patient-religion"});
  holds(all.body(), {"us-core-race", "1 Main"});
}

BOOST_AUTO_TEST_SUITE_END()
