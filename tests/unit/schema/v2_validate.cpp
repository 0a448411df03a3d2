#include "support.hpp"

using schema_test::v2;

namespace {

/// Issues of the segments (MSH put before) as "PID-7: kind", joined.
std::string issues_of(std::string_view segments, const char* version = "2.5.1",
                      bool strict = false) {
  std::string text = "MSH|^~\\&|A|B|C|D|20240101||ADT^A01|1|P|";
  text += version;
  text += '\r';
  for (const char c : segments) text += c == '\n' ? '\r' : c;
  auto message = hl7::Message::parse(text + '\r');
  BOOST_REQUIRE(message.has_value());
  hl7::Issues issues;
  schema::validate(*message, *v2().version(version), strict, issues);
  std::string result;
  for (const hl7::Issue& issue : issues) {
    BOOST_TEST((issue.severity ==
                (strict ? hl7::Severity::kError : hl7::Severity::kWarning)));
    result += (result.empty() ? "" : "; ") + issue.at.text() + ": " +
              std::string(core::entry(issue.code).slug);
  }
  return result;
}

const std::string kRequired(core::entry(core::ErrorCode::kRequiredFieldMissing).slug);
const std::string kType(core::entry(core::ErrorCode::kDataType).slug);
const std::string kTable(core::entry(core::ErrorCode::kTableValue).slug);
const std::string kLong(core::entry(core::ErrorCode::kTooLong).slug);
const std::string kCount(core::entry(core::ErrorCode::kCardinality).slug);

}  // namespace

BOOST_AUTO_TEST_SUITE(v2_validate)

BOOST_AUTO_TEST_CASE(clean) {
  BOOST_TEST(issues_of("PID|1||7^^^H&1.2.3&ISO^MR||DOE^JOHN||19700101|M\nPV1||I") == "");
  BOOST_TEST(issues_of("PID|1||7||DOE||197001010830-0500\nZZZ|what^ever|99") == "");
  BOOST_TEST(issues_of("PID|1||7||DOE||\"\"|\"\"") == "");
  BOOST_TEST(issues_of("OBX|1|NM|1||-1.50||||||F|||20240229") == "");
  BOOST_TEST(issues_of("PID|1||7||DOE||19700101", "2.2") == "");
}

BOOST_AUTO_TEST_CASE(required_fields) {
  BOOST_TEST(issues_of("PID|1||||DOE") == "PID[1]-3: " + kRequired);
  BOOST_TEST(issues_of("PID|1", "2.5.1", true) ==
             "PID[1]-3: " + kRequired + "; PID[1]-5: " + kRequired);
  BOOST_TEST(issues_of("PV1||I\nPV1|1") == "PV1[2]-2: " + kRequired);
}

BOOST_AUTO_TEST_CASE(forms) {
  BOOST_TEST(issues_of("PID|x||7||DOE||19700230") ==
             "PID[1]-1[1]: " + kType + "; PID[1]-7[1].1: " + kType);
  BOOST_TEST(issues_of("PID|1||7^^^^^^20231301||DOE") == "PID[1]-3[1].7: " + kType);
  BOOST_TEST(issues_of("PID|1||7~8^^^^^^2023-01-01||DOE") == "PID[1]-3[2].7: " + kType);
  BOOST_TEST(issues_of("OBX|1|NM|1||>5||||||F") == "OBX[1]-5[1]: " + kType);
  BOOST_TEST(issues_of("OBX|1|NM|1||5~6~x||||||F") == "OBX[1]-5[3]: " + kType);
  BOOST_TEST(issues_of("OBX|1|SN|1||>^5^-^x||||||F") == "OBX[1]-5[1].4: " + kType);
  BOOST_TEST(issues_of("OBX|1|QQ|1||5||||||F") ==
             "OBX[1]-2[1]: " + kTable + "; OBX[1]-2: " + kType);
  BOOST_TEST(issues_of("OBX|1||1||5||||||F") == "OBX[1]-2: " + kRequired);
  BOOST_TEST(issues_of("PID|1||7||DOE||19700230", "2.3") == "PID[1]-7[1].1: " + kType);
  BOOST_TEST(issues_of("PID|1||7||DOE||19700230", "2.7") == "PID[1]-7[1]: " + kType);
}

BOOST_AUTO_TEST_CASE(tables_repetitions_lengths) {
  BOOST_TEST(issues_of("OBX|1|ST|1||x||||||Q") == "OBX[1]-11[1]: " + kTable);
  // User-defined tables (IS) are the site's own affair.
  BOOST_TEST(issues_of("PID|1||7||DOE|||Q") == "");
  BOOST_TEST(issues_of("PID|1||7||DOE||19700101~19700102") == "PID[1]-7[2]: " + kCount);
  BOOST_TEST(issues_of("PID|1||7||DOE||||||||||||||" + std::string(17, '1')) ==
             "PID[1]-19[1]: " + kLong);
  // Characters count, not bytes.
  std::string umlauts;
  for (int i = 0; i < 16; ++i) umlauts += "\xC3\xBC";
  BOOST_TEST(issues_of("PID|1||7||DOE||||||||||||||" + umlauts) == "");
}

BOOST_AUTO_TEST_CASE(text_forms) {
  using schema::Form;
  using schema::valid_form;
  for (const char* good : {"2024", "202402", "20240229", "2024022910", "202402291030",
                           "20240229103059", "20240229103059.1234", "20240229103059.1+0100",
                           "20240229-0500", "2024022910-0500"}) {
    BOOST_TEST_CONTEXT(good) { BOOST_TEST(valid_form(Form::kDateTime, good)); }
  }
  for (const char* bad : {"", "24", "20241", "20241301", "20230229", "2024022", "202402292",
                          "2024022924", "202402291060", "20240229103061.", "20240229+1",
                          "20240229T10", "20240200", "2024022910305", "20240229 "}) {
    BOOST_TEST_CONTEXT(bad) { BOOST_TEST(!valid_form(Form::kDateTime, bad)); }
  }
  BOOST_TEST(valid_form(Form::kTime, "1030"));
  BOOST_TEST(valid_form(Form::kTime, "103059.5-0500"));
  BOOST_TEST(!valid_form(Form::kTime, "10:30"));
  BOOST_TEST(valid_form(Form::kDate, "20240229"));
  BOOST_TEST(!valid_form(Form::kDate, "2024022910"));
  BOOST_TEST(valid_form(Form::kNumber, "+.5"));
  BOOST_TEST(!valid_form(Form::kNumber, "1e5"));
  BOOST_TEST(!valid_form(Form::kNumber, "-"));
  BOOST_TEST(!valid_form(Form::kSequence, "-1"));
}

BOOST_AUTO_TEST_CASE(issues_are_limited) {
  std::string text;
  for (int i = 0; i < 500; ++i) text += "PID|x\n";
  auto message = hl7::Message::parse([&] {
    std::string m = "MSH|^~\\&|A|B|C|D|20240101||ADT^A01|1|P|2.5.1\r";
    for (const char c : text) m += c == '\n' ? '\r' : c;
    return m;
  }());
  BOOST_REQUIRE(message.has_value());
  hl7::Issues issues;
  schema::validate(*message, *v2().version("2.5.1"), false, issues);
  BOOST_TEST(issues.size() == schema::kFieldIssuesMax);
}

BOOST_AUTO_TEST_SUITE_END()
