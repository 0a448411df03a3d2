#include <mapping/mapper.hpp>

#include "help.hpp"

/// Plans: scopes, nearness, notes, links, keys, overlays, test blocks, Bundles.
using namespace mapping_test;

namespace {

constexpr const char* kMaps =
    "datatype: XCN-Doctor\nto: Practitioner\nrules: {name: {when: ^2 valued, set: {family: ^2.1}}, identifier: {when: ^1 valued, set: {value: ^1}}}\n---\n"
    "datatype: PL-Place\nto: Location\nrules: {name: ^1.1}\n---\n"
    "map: P\nsegment: PID\nto: Patient\nkey: ['PID-3[^5=MR]', PID-3, PID-2]\nrules: {gender: =unknown}\n---\n"
    "map: E\nsegment: PV1\nto: Encounter\nkey: PV1-19\nrules: {status: =unknown, class: =AMB@http://x/y, subject: $patient, participant: {from: PV1-7, set: {individual: {from: this, as: XCN-Doctor, set: {display: ^2.1}}}}, location: {from: PV1-3, set: {location: {from: this, as: PL-Place}}}}\n---\n"
    "map: R\nsegment: OBR\nto: DiagnosticReport\nkey: 'OBR-3 | ORC-3 / OBR-4.1'\nrules: {status: =final, code: {set: {text: OBR-4.1}}, subject: $patient, encounter: $encounter}\n---\n"
    "map: O\nsegment: OBX\nto: Observation\nkey: [OBX-21, '$report / OBX-3.1 / OBX-4 / #']\nrules: {status: =final, code: {set: {text: OBX-3.1}}, subject: $patient, effectiveDateTime: OBX-14 | OBR-7, performer: {from: OBX-16, as: XCN-Doctor}, specimen: $specimen}\n---\n"
    "map: S\nsegment: SPM\nto: Specimen\nkey: SPM-2.2\nrules: {subject: $patient}\n---\n"
    "map: N\nsegment: NTE\nto: Observation\nextends: observation\nrules: {note: {when: NTE-3 valued, set: {text: {from: NTE-3, join: \"\\n\"}}}}\n---\n"
    "map: NR\nsegment: NTE\nto: DiagnosticReport\nextends: previous\nrules: {conclusion: {from: NTE-3, join: ' '}}\n---\n";

constexpr const char* kPlan =
    "message: ORU_R01\naccept: [ORU]\nplan:\n"
    "  - each: PATIENT_RESULT\n    do:\n"
    "      - {segment: PID, make: patient, map: P}\n"
    "      - {segment: PV1, make: encounter, map: E, need: key}\n"
    "      - each: ORDER_OBSERVATION\n        do:\n"
    "          - {segment: OBR, make: report, map: R}\n"
    "          - {segment: SPM, make: specimen, map: S, link: report.specimen}\n"
    "          - {segment: OBX, make: observation, map: O, link: report.result, in: OBSERVATION}\n"
    "          - {segment: NTE, map: N}\n"
    "          - {segment: NTE, map: NR}\n";

const Compiled& results() {
  static const Compiled compiled = compile(std::string(kMaps) + kPlan);
  return compiled;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(plans)

BOOST_AUTO_TEST_CASE(each_result_belongs_to_its_order_and_patient) {
  const Mapped m = map(results(), oru(
      "PID|1||1^^^A^MR\nOBR|1||F1^L|c1|||2026030101\nOBX|1|ST|a||x\nOBX|2|ST|a||y\n"
      "OBR|2||F2^L|c2|||2026030202\nOBX|1|ST|b||z\nSPM|1|^S1^\n"
      "PID|2||2^^^A^MR\nOBR|1||F3^L|c3\nOBX|1|ST|d||q\n"));
  BOOST_TEST(m.count("Patient") == 2u);
  BOOST_TEST(m.count("DiagnosticReport") == 3u);
  BOOST_TEST(m.count("Observation") == 4u);
  const auto number = [&](std::string_view type, std::size_t n) { return m.draft(type, n) - m.out->drafts.data(); };
  for (std::size_t n : {0u, 1u, 2u}) BOOST_TEST(m.draft("Observation", n)->patient == number("Patient", 0));
  BOOST_TEST(m.draft("Observation", 3)->patient == number("Patient", 1));
  BOOST_TEST(m.json("Observation", 0).find("2026-03-01T01") != std::string::npos);
  BOOST_TEST(m.json("Observation", 2).find("2026-03-02T02") != std::string::npos);
  BOOST_TEST(m.json("Observation", 2).find("specimen") != std::string::npos);
  BOOST_TEST(m.json("Observation", 0).find("specimen") == std::string::npos);
  const std::string report = std::to_string(number("DiagnosticReport", 0));
  BOOST_TEST(m.draft("Observation", 0)->keys.at(0) == "\x01" + report + "\x02/a//1");
  BOOST_TEST(m.draft("Observation", 1)->keys.at(0) == "\x01" + report + "\x02/a//2");
  BOOST_TEST(m.draft("DiagnosticReport", 0)->root->find("result")->count == 2u);
  BOOST_TEST(m.draft("DiagnosticReport", 1)->root->find("result")->count == 1u);
  BOOST_TEST(m.count("Encounter") == 0u);
}

BOOST_AUTO_TEST_CASE(other_repetitions_of_a_group_are_not_around) {
  const Mapped m = map(results(), oru(
      "PID|1||1^^^A^MR\nORC|RE||F1^L\nOBR|1|||c1|||2026030101\nOBX|1|ST|a||x\nSPM|1|^S1\n"
      "OBR|2|||c2\nOBX|1|ST|b||y\n"));
  // The second order has no specimen, no number and no time: the first one's are not its own.
  BOOST_TEST(m.json("Observation", 0).find("specimen") != std::string::npos);
  BOOST_TEST(m.json("Observation", 1).find("specimen") == std::string::npos);
  BOOST_TEST(m.json("Observation", 1).find("effectiveDateTime") == std::string::npos);
  BOOST_TEST(m.draft("DiagnosticReport", 0)->keys.at(0).find("F1") != std::string::npos);
  BOOST_TEST(m.draft("DiagnosticReport", 1)->keys.at(0).find("F1") == std::string::npos);
  BOOST_TEST(m.json("Observation", 1).find("subject") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_stands_before_comes_first) {
  // The order's own ORC stands in the group around, the one of a prior result in a group within.
  const Compiled compiled = compile(std::string(kMaps) +
      "message: OML_O21\naccept: [OML]\nplan:\n"
      "  - {segment: PID, make: patient, map: P, in: PATIENT}\n"
      "  - {segment: PV1, make: encounter, map: E}\n"
      "  - {segment: OBR, make: report, map: R, in: OBSERVATION_REQUEST}\n");
  BOOST_REQUIRE_MESSAGE(compiled.set, compiled.report());
  const Mapped m = map(compiled,
      "MSH|^~\\&|A|F|||20260101||OML^O21^OML_O21|1|P|2.5.1\nPID|1||1^^^A^MR\nORC|NW||F1^L\n"
      "OBR|1|||c1\nPID|1||1^^^A^MR\nORC|PR||F0^L\nOBR|1|||c0\nOBX|1|ST|a||x\n");
  BOOST_REQUIRE(m.count("DiagnosticReport") == 1u);
  BOOST_TEST(m.draft("DiagnosticReport", 0)->keys.at(0).find("F1") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(notes_go_to_what_stands_before_them) {
  const Mapped m = map(results(), oru(
      "PID|1||1^^^A^MR\nNTE|1||about the patient\nOBR|1||F1^L|c1\nNTE|1||about\nNTE|2||the order\n"
      "OBX|1|ST|a||x\nNTE|1||one\nNTE|2||two\nOBX|2|ST|b||y\n"));
  BOOST_TEST(m.json("Observation", 0).find("\"note\":[{\"text\":\"one\\ntwo\"}]") != std::string::npos, m.json("Observation", 0));
  BOOST_TEST(m.json("Observation", 1).find("note") == std::string::npos);
  BOOST_TEST(m.json("DiagnosticReport").find("\"conclusion\":\"about the order\"") != std::string::npos, m.json("DiagnosticReport"));
}

BOOST_AUTO_TEST_CASE(segments_outside_the_wanted_group) {
  const Mapped m = map(results(), oru("PID|1||1\nOBR|1||F1^L|c1\nOBX|1|ST|a||x\nSPM|1|^S1\nOBX|1|ST|s||of the specimen\n"));
  BOOST_TEST(m.count("Observation") == 1u);
}

BOOST_AUTO_TEST_CASE(a_doctor_is_made_once) {
  const Mapped m = map(results(), oru(
      "PID|1||1^^^A^MR\nPV1|1|I|W^1||||7^House~7^House^G~^Nameless||||||||||||V9\nOBR|1||F1^L|c1\n"
      "OBX|1|ST|a||x|||||||||||7^House\n"));
  BOOST_TEST(m.count("Practitioner") == 2u, m.json("Practitioner", 0) << m.json("Practitioner", 1));
  BOOST_TEST(m.draft("Practitioner", 0)->keys.at(0) == "inferred:FAC|7");
  BOOST_TEST(m.draft("Practitioner", 0)->patient == -1);
  BOOST_TEST(m.draft("Practitioner", 1)->keys.at(0).starts_with("message:FAC/C1/content/"));
  BOOST_TEST(m.json("Encounter").find("\"display\":\"House\"") != std::string::npos);
  BOOST_TEST(m.json("Observation").find("performer") != std::string::npos);
  BOOST_TEST(m.draft("Location")->keys.at(0) == "FAC/W/1");
}

BOOST_AUTO_TEST_CASE(key_ladders) {
  const auto keys = [&](std::string pid) { return map(results(), oru("PID|" + pid + "\nOBR|1||F1^L|c1\n")).draft("Patient")->keys; };
  const std::string ns = "urn:chartwire:local/id/";
  BOOST_TEST(keys("1||1^^^A^PI~2^^^B^MR") == (std::vector<std::string>{ns + "B|2", ns + "A|1"}), boost::test_tools::per_element());
  BOOST_TEST(keys("1|9^^^A|5^^^&1.2&ISO").at(0) == "urn:oid:1.2|5");
  BOOST_TEST(keys("1|9^^^A|5^^^&1.2&ISO").at(1) == ns + "A|9");
  BOOST_TEST(keys("1||5^^^&1.Edu&ISO").at(0) == ns + "1.Edu|5");
  BOOST_TEST(keys("1|9^^^A").size() == 1u);
  BOOST_TEST(keys("1||5").at(0) == "inferred:FAC|5");
  BOOST_TEST(keys("1||\"\"").at(0).starts_with("message:FAC/C1/content/"));
  BOOST_TEST(keys("1|| 5\\X01\\ ").at(0) == "inferred:FAC|5");
  mapping::Environment env;
  env.authorities["A"] = "urn:oid:9";
  BOOST_TEST(map(results(), oru("PID|1||1^^^A\nOBR|1"), env).draft("Patient")->keys.at(0) == "urn:oid:9|1");
}

BOOST_AUTO_TEST_CASE(one_accession_with_three_orders) {
  const Mapped m = map(results(), oru("PID|1||1\nOBR|1||F1^L|c1\nOBR|2||F1^L|c2\nOBR|3||F1^L|c1\n"));
  BOOST_TEST(m.count("DiagnosticReport") == 2u);
}

BOOST_AUTO_TEST_CASE(structures_without_the_groups) {
  const Mapped m = map(results(),
      "MSH|^~\\&|A|F|||2026||ORU^Z99^ZZZ_Z99|1|P|2.5.1\nPID|1||1\nOBR|1||F1^L|c1|||20260101\nOBX|1|ST|a||x\n"
      "OBR|2||F2^L|c2|||20260202\nOBX|1|ST|b||y");
  BOOST_TEST(m.count("DiagnosticReport") == 2u);
  const std::string second = m.json("DiagnosticReport", 1);
  BOOST_TEST(second.find("result") == std::string::npos, "no group is an OBSERVATION");
}

BOOST_AUTO_TEST_CASE(plan_choice) {
  const std::string text = std::string(kMaps) +
      "message: ANY\naccept: [ADT]\nplan: [{segment: PID, make: patient, map: P}]\n---\n"
      "message: ADT_A03\nplan: [{segment: PID, make: by_structure, map: P}]\n---\n"
      "message: CANCEL\naccept: ['ADT^A11']\nplan: [{segment: PID, make: by_event, map: P}]\n";
  const Compiled compiled = compile(text);
  BOOST_REQUIRE_MESSAGE(compiled.set, compiled.report());
  const auto made = [&](std::string type) {
    return std::string(map(compiled, "MSH|^~\\&|A|F|||2026||" + type + "|1|P|2.5.1\nPID|1||1").out->drafts.at(0).made_as);
  };
  BOOST_TEST(made("ADT^A01") == "patient");
  BOOST_TEST(made("ADT^A03") == "by_structure");
  BOOST_TEST(made("ADT^A11") == "by_event");
  BOOST_TEST(compiled.set->accepts("ADT", "A08"));
  BOOST_TEST(!compiled.set->accepts("ORU", "R01"));
  mapping::Mapper mapper(compiled.set);
  const auto oru_message = message(oru("PID|1"));
  BOOST_TEST((mapper.map(oru_message, {}).error().code == core::ErrorCode::kNotMapped));
  const auto old = message("MSH|^~\\&|A|F|||2026||ADT^A01|1|P|3.0\nPID|1");
  BOOST_TEST((mapper.map(old, {}).error().code == core::ErrorCode::kUnsupportedVersion));
}

BOOST_AUTO_TEST_CASE(two_plans_for_one_type) {
  const Compiled compiled = compile(std::string(kMaps) + "message: A\naccept: [ADT]\nplan: []\n---\nmessage: B\naccept: [ADT]\nplan: []\n");
  BOOST_TEST(compiled.says("message B: ADT is accepted by A too"), compiled.report());
}

BOOST_AUTO_TEST_CASE(extending_from_another_segment) {
  const Compiled compiled = compile(std::string(kMaps) +
      "map: PD\nsegment: PD1\nto: Patient\nextends: patient\nrules: {multipleBirthBoolean: {when: PD1-4 valued, from: =true}}\n---\n"
      "message: ADT\naccept: [ADT]\nplan:\n  - {segment: PID, make: patient, map: P}\n  - {segment: PD1, map: PD}\n");
  BOOST_REQUIRE_MESSAGE(compiled.set, compiled.report());
  BOOST_TEST(map(compiled, adt("PID|1||1\nPD1||||x")).json("Patient") ==
             "{\"resourceType\":\"Patient\",\"gender\":\"unknown\",\"multipleBirthBoolean\":true}");
}

BOOST_AUTO_TEST_CASE(overlays) {
  const std::string base = patient_set("  gender: {from: PID-8, vocab: Sex}\n  birthDate: PID-7\n  identifier: [PID-3]",
      "vocab: Sex\nto: x\nmap: {M: male, F: female}");
  const std::string site =
      "overlay: P\nrules: {birthDate: {when: length(PID-7) = 8, from: PID-7}, multipleBirthBoolean: PID-24}\nadd: {identifier: [PID-2]}\n---\n"
      "overlay: Sex\nmap: {X: other}\noff: [M]\n---\noverlay: ADT\nplan: [{segment: ZPI, extend: patient, map: Z}]\n---\n"
      "map: Z\nsegment: ZPI\nto: Patient\nextends: patient\nrules: {deceasedBoolean: ZPI-3}\n";
  const Compiled compiled = compile({{"base.yaml", base}, {"site.yaml", site}});
  BOOST_REQUIRE_MESSAGE(compiled.set, compiled.report());
  const Mapped m = map(compiled, adt("PID|1|2|3||||1980|X||||||||||||||||Y\nZPI|1|2|N"), {}, {.lineage = true});
  BOOST_TEST(m.json("Patient") ==
             "{\"resourceType\":\"Patient\",\"gender\":\"other\",\"identifier\":[{\"value\":\"3\"},{\"value\":\"2\"}],"
             "\"multipleBirthBoolean\":true,\"deceasedBoolean\":false}");
  const auto* twin = m.draft("Patient")->root->find("multipleBirthBoolean");
  BOOST_TEST(compiled.set->rule(m.out->lineage[twin->lineage - 1].rule).file == "site.yaml");
  const auto* gender = m.draft("Patient")->root->find("gender");
  BOOST_TEST(compiled.set->rule(m.out->lineage[gender->lineage - 1].rule).file == "base.yaml");
  BOOST_TEST(map(compiled, adt("PID|||3|||||M")).out->vocab_misses.size() == 1u);
  const Compiled off = compile({{"base.yaml", base}, {"site.yaml", "overlay: P\noff: [birthDat]\n"}});
  BOOST_TEST(off.says("P has no rule for \"birthDat\"; did you mean \"birthDate\"?"), off.report());
}

BOOST_AUTO_TEST_CASE(test_blocks) {
  const std::string tests =
      "tests:\n"
      "  - name: good\n    feed: {zone: America/New_York, ns: 'urn:s', authorities: {A: 'urn:oid:1'}}\n    message: |\n      PID|1||5^^^A||Doe^Jane||198001020304|F\n"
      "    produces: [Patient]\n    expect: {'Patient.name[0].family': Doe, Patient.name.given: [Jane], Patient.address: , Patient.%key: 'urn:oid:1|5'}\n"
      "    assert: ['Patient.name.exists()', 'Bundle.entry.count() = 1']\n"
      "  - name: bad\n    message: |\n      PID|1||5||Doe\n    expect: {Patient.name.family: Roe}\n    assert: ['Patient.gender.exists()']\n"
      "  - name: says nothing\n    message: |\n      PID|1||5\n"
      "  - name: no plan\n    type: ORU^R01\n    message: |\n      PID|1||5\n    produces: []\n";
  const Compiled compiled = compile(patient_set("  name: PID-5\n  birthDate: PID-7", tests));
  BOOST_REQUIRE_MESSAGE(compiled.set, compiled.report());
  const mapping::TestReport report = mapping::run_tests(*compiled.set, v2(), r4());
  BOOST_REQUIRE(report.cases.size() == 4u);
  BOOST_TEST(report.cases[0].passed, report.cases[0].difference);
  BOOST_TEST(report.cases[1].difference ==
             "Patient.name.family: expected \"Roe\", got \"Doe\"\ndoes not hold: Patient.gender.exists()\n");
  BOOST_TEST(report.cases[2].difference == "a test needs expect, assert, produces or warns\n");
  BOOST_TEST(report.cases[3].difference.find("no plan accepts") != std::string::npos, report.cases[3].difference);
  BOOST_TEST(report.failed == 3);
  BOOST_TEST(report.cases[1].name == "bad");
  BOOST_TEST(report.cases[1].line > 1);
}

BOOST_AUTO_TEST_CASE(bundles) {
  const Mapped m = map(results(), oru("PID|1||1^^^A^MR\nPV1|1|I|W^1||||7^House||||||||||||V9\nOBR|1||F1^L|c1\nOBX|1|ST|a||x\n"));
  mapping::Environment env;
  std::string text, again;
  mapping::write_bundle(*m.out, env, "f|a|b|C1|1", text);
  mapping::write_bundle(*m.out, env, "f|a|b|C1|1", again);
  BOOST_TEST(text == again);
  fhir::Document doc;
  const fhir::Node* bundle = fhir::parse_json(text, doc).value();
  const auto faults = schema::validate(r4(), bundle);
  for (const auto& f : faults) BOOST_TEST(false, f.path << ": " << f.text);
  BOOST_TEST(text.find(mapping::kDraftMark) == std::string::npos);
  BOOST_TEST(text.find("\\u0001") == std::string::npos);
  // Every reference names an entry.
  for (std::size_t at = text.find("\"reference\":\""); at != std::string::npos; at = text.find("\"reference\":\"", at + 1)) {
    const std::size_t begin = at + 13;
    const std::string target = text.substr(begin, text.find('"', begin) - begin);
    BOOST_TEST(text.find("\"fullUrl\":\"" + target + "\"") != std::string::npos, target);
  }
  const std::string id = mapping::proposed_id(env, "Patient", m.draft("Patient")->keys[0]).text();
  BOOST_TEST(text.find("\"url\":\"Patient/" + id + "\"") != std::string::npos);
  env.name_space = "urn:other";
  BOOST_TEST(mapping::proposed_id(env, "Patient", m.draft("Patient")->keys[0]).text() != id);
  const std::vector<std::string> ids{"A", "B"};
  BOOST_TEST(mapping::resolve_key("x\x01" "1\x02/y\x01" "0\x02", ids) == "xB/yA");
}

BOOST_AUTO_TEST_CASE(the_same_message_gives_the_same_output) {
  const std::string text = oru("PID|1||1^^^A^MR\nPV1|1|I|W^1||||7^House||||||||||||V9\nOBR|1||F1^L|c1\nOBX|1|ST|a||x\nNTE|1||n\n");
  const auto one = message(text);
  const auto other = message(oru("PID|1||2\nOBR|1||F9^L|c1\n"));
  mapping::Mapper mapper(results().set);
  const auto dump = [](const mapping::MapOutput& out) {
    std::string all;
    for (const auto& d : out.drafts) {
      fhir::write_json(d.root, all);
      for (const auto& key : d.keys) all += key;
    }
    return all;
  };
  const std::string first = dump(**mapper.map(one, {}));
  BOOST_TEST(dump(**mapper.map(other, {})) != first);
  BOOST_TEST(dump(**mapper.map(one, {})) == first);
  mapping::Mapper fresh(results().set);
  BOOST_TEST(dump(**fresh.map(one, {})) == first);
}

BOOST_AUTO_TEST_CASE(work_is_bounded) {
  std::string rule = "PID-3.1";
  for (int i = 0; i < 8; ++i) rule = "{from: PID-3, set: {extension: " + std::string(i ? rule : "{from: PID-3, set: {url: this}}") + ", url: =x}}";
  const Compiled compiled = compile(patient_set("  extension: " + rule));
  BOOST_REQUIRE_MESSAGE(compiled.set, compiled.report());
  std::string pid = "PID|||1";
  for (int i = 0; i < 60; ++i) pid += "~1";
  const auto text = message(adt(pid));
  mapping::Mapper mapper(compiled.set);
  const auto out = mapper.map(text, {});
  BOOST_REQUIRE(!out);
  BOOST_TEST((out.error().code == core::ErrorCode::kNotMapped));
}

BOOST_AUTO_TEST_SUITE_END()
