#include "help.hpp"

/// Rows that ask for the n-th segment, resources that need an element, notes after a segment that
/// only extends, periods, and joined Base64.
using namespace mapping_test;

namespace {

constexpr const char* kRules =
    "datatype: CX\nto: Identifier\nrules: {value: ^1}\n---\n"
    "datatype: CWE\nto: CodeableConcept\nrules: {text: ^2}\n---\n"
    "map: P\nsegment: PID\nto: Patient\nkey: PID-3\nrules: {gender: =unknown}\n---\n"
    "map: F\nsegment: PID\nto: Patient\nextends: first\n"
    "rules: {link: {set: {other: $second, type: =seealso}}}\n---\n"
    "map: E\nsegment: PV1\nto: Encounter\nkey: PV1-19\nneed: [identifier, period.start]\n"
    "rules: {status: =unknown, class: =AMB@http://x/y, subject: $patient, "
    "identifier: {when: PV1-19 valued, set: {value: PV1-19.1}}, "
    "period.start: PV1-44, period.end: 'PV1-45[1]'}\n---\n"
    "map: E2\nsegment: PV2\nto: Encounter\nextends: encounter\n"
    "rules: {reasonCode: {when: PV2-3 valued, set: {text: PV2-3.2}}}\n---\n"
    "map: N\nsegment: NTE\nto: Encounter\nextends: encounter\n"
    "rules: {type: {when: NTE-3 valued, set: {text: {from: NTE-3, join: ', '}}}}\n---\n"
    "map: D\nsegment: OBX\nto: DocumentReference\nkey: OBX-3.1\n"
    "rules: {status: =current, content: {set: {attachment: {set: "
    "{data: {from: OBX-5, join: \"\\n\", as: encode-base64}}}}}}\n---\n"
    "message: ADT\naccept: [ADT]\nplan:\n"
    "  - {segment: PID, make: patient, map: P}\n"
    "  - {segment: PID, nth: 1, make: first, map: P}\n"
    "  - {segment: PID, nth: 2, make: second, map: P}\n"
    "  - {segment: PID, nth: 1, extend: first, map: F, when: count(PID) = 2}\n"
    "  - {segment: PV1, make: encounter, map: E}\n"
    "  - {segment: PV2, extend: encounter, map: E2}\n"
    "  - {segment: NTE, extend: encounter, map: N}\n"
    "  - {segment: OBX, make: document, map: D}\n";

const Compiled& rules() {
  static const Compiled compiled = compile(kRules);
  return compiled;
}

Mapped mapped(const std::string& segments) { return map(rules(), adt("PID|1||1\n" + segments)); }

/// PV1-19, 44 and 45.
std::string visit(const std::string& start, const std::string& end) {
  return "PV1|1|I" + std::string(17, '|') + "V1" + std::string(25, '|') + start + "|" + end + "\n";
}

std::string period(const std::string& start, const std::string& end) {
  return mapped(visit(start, end)).json("Encounter");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(rows)

BOOST_AUTO_TEST_CASE(the_nth_segment_alone) {
  const Mapped m = mapped("PID|2||2\n");
  BOOST_TEST(m.json("Patient", 0).find("seealso") != std::string::npos);
  BOOST_TEST(m.json("Patient", 1).find("seealso") == std::string::npos);
  const std::string bad_row = "  - {segment: PID, nth: 0, make: x, map: P}\n";
  const Compiled bad = compile(kRules + bad_row);
  BOOST_TEST(bad.says("nth is a number from 1 to"));
}

BOOST_AUTO_TEST_CASE(a_resource_without_what_it_needs_is_left_out) {
  const Mapped without = mapped(visit("", ""));
  BOOST_TEST(without.count("Encounter") == 0u);
  BOOST_TEST(without.warned("without what it needs"));
  BOOST_TEST(period("20260314", "").find("\"2026-03-14\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_period_does_not_end_before_it_starts) {
  const auto ends = [](const std::string& json) {
    return json.find("\"end\"") != std::string::npos;
  };
  BOOST_TEST(ends(period("20260314", "20260315")));
  BOOST_TEST(!ends(period("20260314", "20260313")));
  BOOST_TEST(ends(period("20260314", "2026")));
  BOOST_TEST(ends(period("20260314101500-0500", "20260314101600-0500")));
  BOOST_TEST(!ends(period("20260314101500-0500", "20260314101400-0500")));
  // By the clock on the wall it ends before, in truth an hour later - and the other way round.
  BOOST_TEST(ends(period("20260314101500+0100", "20260314091600-0100")));
  BOOST_TEST(!ends(period("20260314101500-0500", "20260314111500+0000")));
}

BOOST_AUTO_TEST_CASE(a_note_after_a_segment_that_extends_belongs_to_what_it_extends) {
  const Mapped m = mapped(visit("20260314", "") + "PV2|||X^Why\nNTE|1||one\nNTE|2||two\n");
  BOOST_TEST(m.json("Encounter").find("\"one, two\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(joined_text_as_base64) {
  const Mapped m = mapped("OBX|1|TX|D1||one~two\n");
  BOOST_TEST(m.json("DocumentReference").find("\"b25lCnR3bw==\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_row_may_only_name_somebody) {
  std::string text = kRules;
  const std::string row = "  - {segment: PID, make: patient, map: P}\n";
  const std::size_t at = text.find(row);
  BOOST_REQUIRE(at != std::string::npos);
  BOOST_TEST(!mapped("").out->drafts[0].policy.unite_person);
  text.replace(at, row.size(), "  - {segment: PID, make: patient, map: P, unite: person}\n");
  const Compiled adding = compile(text);
  BOOST_REQUIRE_MESSAGE(adding.set, adding.report());
  BOOST_TEST(map(adding, adt("PID|1||1\n")).out->drafts[0].policy.unite_person);
  text.replace(text.find("unite: person"), 13, "unite: name");
  BOOST_TEST(compile(text).says("a row can unite: person"));
}

BOOST_AUTO_TEST_CASE(a_row_may_keep_off_what_others_tell_of) {
  std::string text = kRules;
  const std::string row = "  - {segment: PID, make: patient, map: P}\n";
  BOOST_TEST(mapped("").out->drafts[0].policy.keep.empty());
  text.replace(text.find(row), row.size(),
               "  - {segment: PID, make: patient, map: P, keep: [gender, birthDate]}\n");
  const Compiled naming = compile(text);
  BOOST_REQUIRE_MESSAGE(naming.set, naming.report());
  const auto keep = map(naming, adt("PID|1||1\n")).out->drafts[0].policy.keep;
  BOOST_REQUIRE(keep.size() == 2u);
  BOOST_TEST(keep[0] == "gender");
  BOOST_TEST(keep[1] == "birthDate");
  text.replace(text.find("birthDate]"), 10, "birthdate]");
  BOOST_TEST(compile(text).says("did you mean \"birthDate\""));
}

BOOST_AUTO_TEST_SUITE_END()
