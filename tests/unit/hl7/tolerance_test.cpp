#include "sample.hpp"

using sample::parse;
using sample::refusal;

namespace {

/// Parses tolerantly, expects one warning holding `hint`, and expects strict to refuse.
hl7::Message tolerated(const std::string& text, std::string_view hint) {
  hl7::Message m = parse(text);
  bool found = false;
  for (const auto& issue : m.issues()) {
    BOOST_TEST((issue.severity == hl7::Severity::kWarning));
    found = found || issue.text.find(hint) != std::string::npos;
  }
  BOOST_TEST(found, "no warning '" << hint << "'");
  BOOST_TEST(!hl7::has_error(m.issues()));
  BOOST_TEST(!hl7::Message::parse(text, {.strict = true}).has_value());
  BOOST_TEST(m.text() == text);
  return m;
}

const std::string kMsh = "MSH|^~\\&|A|B|||20260101||ADT^A01|1|P|2.5\r";

}  // namespace

BOOST_AUTO_TEST_SUITE(tolerance)

BOOST_AUTO_TEST_CASE(clean_text_passes_strict) {
  const auto m = hl7::Message::parse(sample::adt(), {.strict = true});
  BOOST_TEST(m.has_value());
}

BOOST_AUTO_TEST_CASE(line_ends) {
  std::string lf = sample::adt();
  std::replace(lf.begin(), lf.end(), '\r', '\n');
  const auto by_lf = tolerated(lf, "line feed instead");
  BOOST_TEST(by_lf.segment_count() == 6U);
  BOOST_TEST(by_lf.issues().size() == 1U);
  BOOST_TEST(by_lf.issues()[0].at.text() == "MSH[1]");
  std::string crlf;
  for (const char c : sample::adt()) crlf += c == '\r' ? "\r\n" : std::string(1, c);
  const auto by_crlf = tolerated(crlf, "line feed instead");
  BOOST_TEST(by_crlf.segment_count() == 6U);
  BOOST_TEST(by_crlf.issues().size() == 1U);
  BOOST_TEST(by_crlf.get("PID-5.1") == "DOE");
  BOOST_TEST(by_crlf.get("OBX[2]-5[3]") == "5");
}

BOOST_AUTO_TEST_CASE(line_feed_inside_a_field) {
  const auto m = tolerated(kMsh + "OBX|1|TX|A||line one\nline two|x\rOBX|2\r", "inside a field");
  BOOST_TEST(m.segment_count() == 3U);
  BOOST_TEST(m.get("OBX-5") == "line one\nline two");
  BOOST_TEST(m.get("OBX-6") == "x");
  BOOST_TEST(m.issues()[0].at.segment == "OBX");
  // A line feed before what can only be a segment ends one, also among carriage returns.
  const auto mixed = tolerated(kMsh + "PID|1\nPV1|1|I\r", "line feed instead");
  BOOST_TEST(mixed.get("PV1-2") == "I");
}

BOOST_AUTO_TEST_CASE(missing_last_end) {
  const auto m = tolerated(kMsh + "PID|1||77", "no carriage return");
  BOOST_TEST(m.get("PID-3") == "77");
  BOOST_TEST(m.issues()[0].at.text() == "PID[1]");
}

BOOST_AUTO_TEST_CASE(blank_lines_and_framing_bytes) {
  const auto m = tolerated(kMsh + "\r\rPID|1\r   \r\x1c\r\x0b\r", "blank lines");
  BOOST_TEST(m.segment_count() == 2U);
  const auto inside = parse(kMsh + "PID|1||a\x0b" "b\x1c\r");
  BOOST_TEST(inside.find("PID").field(3).raw() == "a\x0b" "b\x1c");
  BOOST_TEST(inside.issues().empty());
}

BOOST_AUTO_TEST_CASE(before_msh) {
  BOOST_TEST(tolerated(" \t\r\n" + kMsh, "before the header").get("MSH-10") == "1");
  BOOST_TEST(tolerated("\xef\xbb\xbf" + kMsh, "byte order mark").get("MSH-10") == "1");
  BOOST_TEST(tolerated("\x0b" + kMsh, "before the header").get("MSH-10") == "1");
  BOOST_TEST(tolerated("see MSH-9 below: " + kMsh, "text before").get("MSH-10") == "1");
}

BOOST_AUTO_TEST_CASE(blanks_around_segments) {
  const auto m = tolerated(kMsh + "PID|1||77  \t\r  PV1|1|I\r", "blanks around");
  BOOST_TEST(m.find("PID").field(3).raw() == "77");
  BOOST_TEST(m.find("PID").raw() == "PID|1||77");
  BOOST_TEST(m.get("PV1-2") == "I");
}

BOOST_AUTO_TEST_CASE(lower_case_names) {
  const auto m = tolerated("msh|^~\\&|A\rpid|1||77\rPid|2||78\r", "lower case");
  BOOST_TEST(m.get("PID-3") == "77");
  BOOST_TEST(m.get("PID[2]-3") == "78");
  BOOST_TEST(m.segment(1).name() == "pid");
  BOOST_TEST(m.segment(1).is("PID"));
  BOOST_TEST(m.get("MSH-3") == "A");
}

BOOST_AUTO_TEST_CASE(refusals) {
  using core::ErrorCode;
  for (const char* bad : {"1ID|1", "PI|1", "PIDX|1", "P D|1", "garbage", "|1", "PID^1", "\x01\x02\x03|"}) {
    BOOST_TEST((refusal(kMsh + bad + "\r") == ErrorCode::kBadSegmentName), bad);
  }
  BOOST_TEST((refusal(kMsh + "PID|1\r" + kMsh) == ErrorCode::kSegmentSequence));
  BOOST_TEST((refusal(kMsh + "ZZZ" + std::string(100'000, '|') + "\r") == ErrorCode::kTooManyFields));
  BOOST_TEST((refusal(kMsh + "ZZZ|" + std::string(100'000, '~') + "\r") == ErrorCode::kTooManyFields));
  BOOST_TEST((refusal(kMsh + std::string(1'000'000, '\r')) == ErrorCode::kTooManySegments));
  std::string many = kMsh;
  for (std::size_t i = 0; i < hl7::kSegmentsMax - 1; ++i) many += "ZZZ\r";
  const hl7::Message full = parse(many);
  BOOST_TEST(full.segment_count() == hl7::kSegmentsMax);
  BOOST_TEST(full.segment(99'999).occurrence() == 99'999);
  BOOST_TEST((refusal(many + "ZZZ\r") == ErrorCode::kTooManySegments));
  const hl7::Message wide = parse(kMsh + "ZZZ" + std::string(2000, '|') + "\r");
  BOOST_TEST(wide.find("ZZZ").field_count() == 2000);
  BOOST_TEST((refusal(kMsh + "ZZZ" + std::string(2001, '|') + "\r") == ErrorCode::kTooManyFields));
}

BOOST_AUTO_TEST_CASE(error_texts_hold_no_values) {
  const auto m = hl7::Message::parse(kMsh + "SECRETNAME|DOE^JOHN\r");
  BOOST_REQUIRE(!m.has_value());
  BOOST_TEST(m.error().text().find("SECRET") == std::string::npos);
  BOOST_TEST(m.error().where == "segment 2");
}

BOOST_AUTO_TEST_CASE(many_different_segment_names) {
  std::string text = kMsh;
  for (int i = 0; i < 300; ++i) {
    const std::string name = {'Z', static_cast<char>('A' + i % 26), static_cast<char>('A' + i / 26)};
    text += name + "|1\r" + name + "|2\r";
  }
  const auto m = parse(text);
  for (int i = 0; i < 300; ++i) {
    const std::string name = {'Z', static_cast<char>('A' + i % 26), static_cast<char>('A' + i / 26)};
    BOOST_REQUIRE(m.get(name + "[2]-1") == "2");
    BOOST_REQUIRE(!m.find(name, 3).present());
  }
}

BOOST_AUTO_TEST_SUITE_END()
