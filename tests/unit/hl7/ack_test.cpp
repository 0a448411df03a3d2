#include "sample.hpp"

#include <hl7/ack.hpp>

#include <core/clock.hpp>

using hl7::AckCode;
using hl7::Severity;

namespace {

hl7::AckContent content(AckCode code, hl7::Issues issues = {}) {
  return {.code = code,
          .issues = std::move(issues),
          .control_id = "CW1",
          .now = core::from_iso("2026-01-05T17:00:01.500Z").value()};
}

std::string request(const std::string& version, const std::string& control_id = "MSG001") {
  return "MSH|^~\\&|EPIC^1.2^ISO|HOSP|CW|LAB|20260105||ADT^A01^ADT_A01|" + control_id + "|P|" + version +
         "\r";
}

std::string ack(const std::string& text, const hl7::AckContent& c) {
  return hl7::build_ack(sample::parse(text), c);
}

/// The ACK parsed again: strictly well formed.
hl7::Message strict(const std::string& text) {
  auto m = hl7::Message::parse(text, {.strict = true});
  if (!m) BOOST_FAIL(m.error().text());
  return std::move(*m);
}

const hl7::Issue kMissing{.severity = Severity::kError,
                          .code = core::ErrorCode::kRequiredFieldMissing,
                          .at = {.segment = "PID", .occurrence = 1, .field = 3},
                          .text = "PID-3 is required"};
const hl7::Issue kLate{.severity = Severity::kWarning,
                       .code = core::ErrorCode::kTableValue,
                       .at = {.segment = "PV1", .occurrence = 2, .field = 2, .repetition = 3,
                              .component = 1, .subcomponent = 2},
                       .text = "unknown class"};

}  // namespace

BOOST_AUTO_TEST_SUITE(acknowledgement)

BOOST_AUTO_TEST_CASE(header_is_swapped_with_all_components) {
  BOOST_TEST(ack(sample::adt(), content(AckCode::kAA)) ==
             "MSH|^~\\&|CW|LAB~B|EPIC^1.2.3^ISO|HOSP&x^^L|20260105170001+0000||ACK^A01^ACK|CW1|P|2.5.1|"
             "|||||UNICODE UTF-8\rMSA|AA|MSG001\r");
}

BOOST_AUTO_TEST_CASE(type_by_version) {
  const std::pair<const char*, const char*> wanted[] = {
      {"2.1", "ACK"}, {"2.2", "ACK"}, {"2.3", "ACK^A01"}, {"2.3.1", "ACK^A01"},
      {"2.4", "ACK^A01^ACK"}, {"2.5", "ACK^A01^ACK"}, {"2.8.1", "ACK^A01^ACK"}};
  for (const auto& [version, type] : wanted) {
    const auto m = strict(ack(request(version), content(AckCode::kAA)));
    BOOST_TEST(m.get("MSH-9") == type);
    BOOST_TEST(m.get("MSH-12") == version);
  }
  const auto no_trigger = strict(ack("MSH|^~\\&|||||||QRY|1|T^A|2.5^USA\r", content(AckCode::kAA)));
  BOOST_TEST(no_trigger.get("MSH-9") == "ACK");
  BOOST_TEST(no_trigger.find("MSH").field(11).raw() == "T^A");
  BOOST_TEST(no_trigger.find("MSH").field(12).raw() == "2.5^USA");
}

BOOST_AUTO_TEST_CASE(unknown_version_and_empty_processing_id) {
  for (const char* version : {"", "9.9", "2.", "<x>"}) {
    const auto m = strict(ack("MSH|^~\\&|||||||ADT^A01|1||" + std::string(version) + "\r",
                              content(AckCode::kAR, {kMissing})));
    BOOST_TEST(m.get("MSH-12") == "2.5.1");
    BOOST_TEST(m.get("MSH-11") == "P");
    BOOST_TEST(m.get("ERR-3.1") == "101");
  }
}

BOOST_AUTO_TEST_CASE(control_id_is_byte_exact) {
  const std::string hostile[] = {"a\\F\\b", "x^y&z~w", "caf\xc3\xa9 \xff\x01", std::string(5000, 'x'),
                                 "<script>'; DROP--", "\\", "\"\"", "a b "};
  for (const std::string& id : hostile) {
    const std::string text = ack(request("2.5.1", id), content(AckCode::kAA));
    const auto m = sample::parse(text);
    BOOST_TEST(text.find("\rMSA|AA|" + id + "\r") != std::string::npos);
    BOOST_TEST(m.segment_count() == 2U);
  }
}

BOOST_AUTO_TEST_CASE(echo_never_ends_a_frame) {
  const std::string text = ack("MSH|^~\\&|a\x1c|b\x1c||||||c\x1c|d\x1c|2.5.1||||||e\x1c\r",
                               content(AckCode::kAA));
  BOOST_TEST(text.find("\x1c\r") == std::string::npos);
  const auto m = sample::parse(text);
  BOOST_TEST(m.find("MSA").field(2).raw() == "c\x1c");
}

BOOST_AUTO_TEST_CASE(other_delimiters_are_kept) {
  const std::string text =
      ack("MSH$%*!@$A%x$B$C$D$20260105$$ADT%A01$7!E!$P$2.5.1\r",
          content(AckCode::kAE, {{.code = core::ErrorCode::kDataType, .at = {.segment = "PID"},
                                  .text = "costs $5 | 6%"}}));
  const auto m = strict(text);
  BOOST_TEST(text.starts_with("MSH$%*!@$C$D$A%x$B$"));
  BOOST_TEST(m.find("MSA").field(2).raw() == "7!E!");
  BOOST_TEST(m.get("ERR-8") == "costs $5 | 6%");
  BOOST_TEST(m.get("ERR-2.2") == "1");
}

BOOST_AUTO_TEST_CASE(errors_from_2_5) {
  const auto m = strict(ack(request("2.5.1"), content(AckCode::kAE, {kLate, kMissing})));
  BOOST_TEST(m.get("MSA-1") == "AE");
  BOOST_TEST(m.get("MSA-3") == "PID-3 is required");
  const auto first = m.find("ERR", 1);
  BOOST_TEST(first.field(1).empty());
  BOOST_TEST(first.field(2).raw() == "PID^1^3^1");
  BOOST_TEST(first.field(3).raw() == "101^Required field missing^HL70357");
  BOOST_TEST(first.field(4).raw() == "E");
  BOOST_TEST(first.field(5).child(1).raw() == core::entry(kMissing.code).slug);
  BOOST_TEST(first.field(7).text().ends_with(" at PID[1]-3"));
  BOOST_TEST(first.field(8).text() == "PID-3 is required");
  const auto second = m.find("ERR", 2);
  BOOST_TEST(second.field(2).raw() == "PV1^2^2^3^1^2");
  BOOST_TEST(second.field(3).raw() == "103^Table value not found^HL70357");
  BOOST_TEST(second.field(4).raw() == "W");
  BOOST_TEST(strict(ack(request("2.7"), content(AckCode::kAE, {kMissing}))).get("MSA-3") == "");
}

BOOST_AUTO_TEST_CASE(warnings_ride_with_a_positive_ack) {
  const auto m = strict(ack(request("2.5.1"), content(AckCode::kAA, {kLate})));
  BOOST_TEST(m.get("MSA-1") == "AA");
  BOOST_TEST(m.get("MSA-3") == "");
  BOOST_TEST(m.get("ERR-4") == "W");
  const auto old = strict(ack(request("2.3"), content(AckCode::kAA, {kLate})));
  BOOST_TEST(!old.find("ERR").present());   // ERR-1 knows no severity
}

BOOST_AUTO_TEST_CASE(errors_up_to_2_4) {
  for (const char* version : {"2.1", "2.3", "2.4"}) {
    const auto m = strict(ack(request(version),
                              content(AckCode::kAR, {kMissing, kLate,
                                                     {.code = core::ErrorCode::kUnsupportedType}})));
    BOOST_TEST(m.find("ERR").raw() ==
               "ERR|PID^1^3^101&Required field missing&HL70357~"
               "^^^200&Unsupported message type&HL70357");
    BOOST_TEST(!m.find("ERR", 2).present());
    BOOST_TEST(m.get("MSA-3") == "PID-3 is required");
  }
}

BOOST_AUTO_TEST_CASE(many_issues_are_capped_errors_first) {
  hl7::Issues issues(50, kLate);
  issues.push_back(kMissing);
  const auto m = strict(ack(request("2.6"), content(AckCode::kAE, issues)));
  BOOST_TEST(m.segment_count() == 2 + hl7::kAckIssuesMax);
  BOOST_TEST(m.get("ERR-4") == "E");
}

BOOST_AUTO_TEST_CASE(long_text_and_sequence_number) {
  auto c = content(AckCode::kAE, {{.code = core::ErrorCode::kDataType,
                                   .text = std::string(79, 'a') + "\xc3\xa9" + "tail\rPID|1"}});
  c.expected_sequence = "42";
  const auto m = strict(ack(request("2.3.1"), c));
  BOOST_TEST(m.get("MSA-3") == std::string(79, 'a'));   // 80 bytes would cut a character
  BOOST_TEST(m.get("MSA-4") == "42");
  const auto all = strict(ack(request("2.6"), c));
  BOOST_TEST(all.segment_count() == 3U);
  BOOST_TEST(all.get("ERR-8").ends_with("tail\nPID|1"));
}

BOOST_AUTO_TEST_CASE(without_header) {
  const auto m = strict(hl7::build_ack_without_header(
      content(AckCode::kAR, {{.code = core::ErrorCode::kNoMsh}})));
  BOOST_TEST(m.get("MSA-1") == "AR");
  BOOST_TEST(m.get("MSA-2") == "");
  BOOST_TEST(m.get("MSH-9") == "ACK");
  BOOST_TEST(m.get("MSH-10") == "CW1");
  BOOST_TEST(m.get("MSH-12") == "2.5.1");
  BOOST_TEST(m.get("ERR-3.1") == std::to_string(core::entry(core::ErrorCode::kNoMsh).hl7));
  BOOST_TEST(!m.get("ERR-8").empty());
}

BOOST_AUTO_TEST_CASE(modes) {
  const auto mode = [](const std::string& accept, const std::string& application) {
    const auto m = sample::parse("MSH|^~\\&||||||||1|P|2.5|||" + accept + "|" + application + "\r");
    return hl7::ack_mode(hl7::read_header(m));
  };
  const auto original = mode("", "");
  BOOST_TEST((!original.enhanced && original.application_on_success && original.application_on_error));
  BOOST_TEST((!original.accept_on_success && !original.accept_on_error));
  const auto both = mode("AL", "NE");
  BOOST_TEST((both.enhanced && both.accept_on_success && both.accept_on_error));
  BOOST_TEST((!both.application_on_success && !both.application_on_error));
  const auto mixed = mode("ER", "SU");
  BOOST_TEST((!mixed.accept_on_success && mixed.accept_on_error));
  BOOST_TEST((mixed.application_on_success && !mixed.application_on_error));
  const auto half = mode("", "al");
  BOOST_TEST((half.enhanced && !half.accept_on_error && half.application_on_success));
  BOOST_TEST(mode("??", "").accept_on_success);
}

BOOST_AUTO_TEST_CASE(reading_one) {
  for (const AckCode code : {AckCode::kAA, AckCode::kAE, AckCode::kAR, AckCode::kCA, AckCode::kCE,
                             AckCode::kCR}) {
    const auto got = hl7::read_ack(strict(ack(request("2.5.1"), content(code, {kMissing}))));
    BOOST_REQUIRE(got.has_value());
    BOOST_TEST((got->code == code));
    BOOST_TEST(hl7::is_positive(got->code) == (hl7::to_text(code)[1] == 'A'));
    BOOST_TEST(got->control_id == "MSG001");
    BOOST_TEST(got->text == "PID-3 is required");
  }
  const auto by_err = hl7::read_ack(strict(ack(request("2.8"), content(AckCode::kAE, {kMissing}))));
  BOOST_TEST(by_err->text == "PID-3 is required");
  for (const char* bad : {"PID|1\r", "MSA|ZZ|1\r", "MSA\r", "MSA||1\r"}) {
    const auto got = hl7::read_ack(sample::parse(std::string("MSH|^~\\&\r") + bad));
    BOOST_REQUIRE(!got.has_value());
    BOOST_TEST((got.error().code == core::ErrorCode::kDataType));
  }
}

BOOST_AUTO_TEST_SUITE_END()
