#include "help.hpp"

/// HL7 texts into FHIR primitives: the date and number cases of mapping.md section 4.
using namespace mapping_test;

namespace {

/// The value of an extension of that type, "" when there is none.
std::string value(std::string_view type, std::string text, const mapping::Environment& env = {},
                  std::string sent = "20260304050607", std::string as = "") {
  const std::string set =
      "aliases: a\nextensions: {x: ['urn:x', " + std::string(type) + "]}\n---\n"
      "message: ADT\naccept: [ADT]\nplan: [{segment: PID, make: patient, map: P}]\n---\n"
      "map: P\nsegment: PID\nto: Patient\nkey: PID-1\nrules: {ext.x: {from: PID-23" + as + "}}\n";
  const Compiled compiled = compile(set);
  BOOST_REQUIRE_MESSAGE(compiled.set, compiled.report());
  const Mapped m = map(compiled, "MSH|^~\\&|A|F|||" + sent + "||ADT^A01^ADT_A01|1|P|2.5.1\nPID|1||||||||||||||||||||||" + text, env);
  const fhir::Node* list = m.draft("Patient")->root->find("extension");
  if (!list) {
    for (const auto& issue : m.out->issues) {
      if (issue.code == core::ErrorCode::kDataType) return "warned";
    }
    return "";
  }
  const fhir::Node* last = list->item(0)->first_member->next->value;   // behind url
  return std::string(last->text) + (last->kind == fhir::Node::Kind::kString ? "" : "!");
}

mapping::Environment zone(std::string_view name) {
  mapping::Environment env;
  env.zone = core::TimeZone::find(name).value();
  return env;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(conversions)

BOOST_AUTO_TEST_CASE(precision_is_kept) {
  BOOST_TEST(value("dateTime", "2026") == "2026");
  BOOST_TEST(value("dateTime", "202603") == "2026-03");
  BOOST_TEST(value("dateTime", "20260304") == "2026-03-04");
  BOOST_TEST(value("date", "20260304050607") == "2026-03-04");
  BOOST_TEST(value("date", "2026") == "2026");
}

BOOST_AUTO_TEST_CASE(hours_and_minutes_are_padded) {
  BOOST_TEST(value("dateTime", "2026030405+0100") == "2026-03-04T05:00:00+01:00");
  BOOST_TEST(value("dateTime", "202603040506+01") == "2026-03-04T05:06:00+01:00");
  BOOST_TEST(value("dateTime", "20260304050607.1234-0530") == "2026-03-04T05:06:07.1234-05:30");
  BOOST_TEST(value("dateTime", "20260304050607+00") == "2026-03-04T05:06:07+00:00");
}

BOOST_AUTO_TEST_CASE(zones) {
  BOOST_TEST(value("dateTime", "20260304050607") == "2026-03-04T05:06:07+00:00");
  BOOST_TEST(value("dateTime", "20260304050607", zone("America/New_York")) == "2026-03-04T05:06:07-05:00");
  BOOST_TEST(value("dateTime", "20260704050607", zone("America/New_York")) == "2026-07-04T05:06:07-04:00");
  BOOST_TEST(value("dateTime", "20260304050607", {}, "20260304050607+0300") == "2026-03-04T05:06:07+03:00");
  BOOST_TEST(value("dateTime", "20260304050607", zone("America/New_York"), "20260304050607+0300") == "2026-03-04T05:06:07-05:00");
  BOOST_TEST(value("dateTime", "20260304050607+0200", zone("America/New_York")) == "2026-03-04T05:06:07+02:00");
}

BOOST_AUTO_TEST_CASE(instants_need_seconds) {
  BOOST_TEST(value("instant", "20260304050607+0100") == "2026-03-04T05:06:07+01:00");
  BOOST_TEST(value("instant", "202603040506+0100") == "warned");
  BOOST_TEST(value("instant", "20260304") == "warned");
  const auto planned = [](std::string text) {
    return value("instant", std::move(text), {}, "20260304050607", ", as: planned-instant");
  };
  BOOST_TEST(planned("202603040506+0100") == "2026-03-04T05:06:00+01:00");
  BOOST_TEST(planned("20260304050607+0100") == "2026-03-04T05:06:07+01:00");
  BOOST_TEST(planned("2026030405") == "warned");
}

BOOST_AUTO_TEST_CASE(impossible_times) {
  for (const char* text : {"0000", "20230231", "20231301", "2023023", "20260304250000", "yesterday",
                           "20260304050607+9900", "202603040506.5", "20260230"}) {
    BOOST_TEST(value("dateTime", text) == "warned", text);
  }
  BOOST_TEST(value("dateTime", "20240229") == "2024-02-29");
}

BOOST_AUTO_TEST_CASE(times_of_day) {
  BOOST_TEST(value("time", "1430") == "14:30:00");
  BOOST_TEST(value("time", "14") == "14:00:00");
  BOOST_TEST(value("time", "143059.5") == "14:30:59.5");
  BOOST_TEST(value("time", "20260304143059") == "14:30:59");
  BOOST_TEST(value("time", "2567") == "warned");
}

BOOST_AUTO_TEST_CASE(sums) {
  const std::string plus = ", plus: {minutes: PID-24}";
  BOOST_TEST(value("dateTime", "202602282350+0000|20", {}, "2026", plus) == "2026-03-01T00:10:00+00:00");
  BOOST_TEST(value("dateTime", "20260228|20", {}, "2026", plus) == "warned");
  const std::string unit = ", plus: {amount: PID-24, unit: PID-25}";
  BOOST_TEST(value("date", "20240131|1|mo", {}, "2026", unit) == "2024-02-29");
  BOOST_TEST(value("date", "20240131|2|wk", {}, "2026", unit) == "2024-02-14");
  BOOST_TEST(value("dateTime", "2024013110+0000|-11|h", {}, "2026", unit) == "2024-01-30T23:00:00+00:00");
}

BOOST_AUTO_TEST_CASE(numbers) {
  BOOST_TEST(value("decimal", "1.10") == "1.10!");
  BOOST_TEST(value("decimal", "+5") == "5!");
  BOOST_TEST(value("decimal", ".5") == "0.5!");
  BOOST_TEST(value("decimal", "-007.0") == "-7.0!");
  BOOST_TEST(value("decimal", "5.") == "5!");
  for (const char* text : {">5", "POS", "1,5", "1e5", "--5", "", "."}) {
    BOOST_TEST(value("decimal", text) == "", text);
  }
  BOOST_TEST(value("integer", "-3") == "-3!");
  BOOST_TEST(value("positiveInt", "0") == "");
  BOOST_TEST(value("unsignedInt", "0") == "0!");
  BOOST_TEST(value("positiveInt", "3.00") == "3!");
  BOOST_TEST(value("integer", "99999999999") == "");
}

BOOST_AUTO_TEST_CASE(booleans_and_texts) {
  BOOST_TEST(value("boolean", "Y") == "true!");
  BOOST_TEST(value("boolean", "n") == "false!");
  BOOST_TEST(value("boolean", "maybe") == "warned");
  BOOST_TEST(value("string", "  two  ") == "  two");
  BOOST_TEST(value("string", "   ") == "");
  BOOST_TEST(value("code", " a  b ") == "a b");
  BOOST_TEST(value("uri", "a b") == "a%20b");
  BOOST_TEST(value("uri", "urn:oid:1.2.840") == "urn:oid:1.2.840");
  for (const char* text : {"urn:oid:1.Edu", "urn:oid:3.1", "urn:oid:1.02", "urn:oid:1", "urn:uuid:12"}) {
    BOOST_TEST(value("uri", text) == "", text);
  }
  BOOST_TEST(value("string", "a\\X01\\b") == "ab");
}

BOOST_AUTO_TEST_CASE(functions) {
  BOOST_TEST(value("base64Binary", "QUJD") == "QUJD");
  BOOST_TEST(value("base64Binary", "Q*") == "warned");
  BOOST_TEST(value("base64Binary", "ABC", {}, "2026", ", as: encode-base64") == "QUJD");
  BOOST_TEST(value("code", "PDF", {}, "2026", ", as: mime") == "application/pdf");
  BOOST_TEST(value("decimal", "3.5-5.0", {}, "2026", ", as: range-low") == "3.5!");
  BOOST_TEST(value("decimal", "3.5 - 5.0", {}, "2026", ", as: range-high") == "5.0!");
  BOOST_TEST(value("decimal", "<=200", {}, "2026", ", as: range-high") == "200!");
  BOOST_TEST(value("decimal", "<200", {}, "2026", ", as: range-low") == "");
  BOOST_TEST(value("decimal", "-2-4", {}, "2026", ", as: range-low") == "-2!");
  BOOST_TEST(value("decimal", "negative", {}, "2026", ", as: range-low") == "");
}

BOOST_AUTO_TEST_CASE(attachments_and_samples) {
  const std::string set =
      "message: ORU_R01\naccept: [ORU]\nplan: [{segment: OBX, make: o, map: O}]\n---\n"
      "aliases: a\nextensions: {att: ['urn:att', Attachment]}\n---\n"
      "map: O\nsegment: OBX\nto: Observation\nkey: OBX-1\nrules:\n  status: =final\n  code: {set: {text: OBX-3}}\n"
      "  ext.att: {when: OBX-2 = ED, from: OBX-5, set: {contentType: {from: this, as: mime}, data: {from: this, as: ed-data}}}\n"
      "  'value[x]':\n    - {when: OBX-2 = NA, type: SampledData, from: OBX-5, as: sampled, set: {origin: {set: {value: =0}}, period: =1}}\n";
  const Compiled compiled = compile(set);
  const auto obx = [&](std::string type, std::string text) {
    return map(compiled, oru("PID|1\nOBR|1\nOBX|1|" + type + "|c||" + text)).json("Observation");
  };
  BOOST_TEST(obx("ED", "^AP^PDF^Base64^QUJD").find("\"contentType\":\"application/pdf\",\"data\":\"QUJD\"") != std::string::npos);
  BOOST_TEST(obx("ED", "^TEXT^plain^A^ABC").find("\"data\":\"QUJD\"") != std::string::npos);
  BOOST_TEST(obx("ED", "^TEXT^plain^Hex^414243").find("\"data\":\"QUJD\"") != std::string::npos);
  BOOST_TEST(obx("NA", "1^2^^4").find("\"dimensions\":1,\"data\":\"1 2 E 4\"") != std::string::npos, obx("NA", "1^2^^4"));
  BOOST_TEST(obx("NA", "1^2~3^4").find("\"dimensions\":2,\"data\":\"1 2 3 4\"") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
