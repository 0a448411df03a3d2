#include <fmt/format.h>

#include "help.hpp"

/// Every class of finding, by its words, and that good rules give none.
using namespace mapping_test;

namespace {

struct Case {
  const char* name;
  std::string rules;
  const char* text;
};

void check(const Case& one) {
  const Compiled compiled = compile(patient_set(one.rules));
  BOOST_TEST(!compiled.set, one.name);
  BOOST_TEST(compiled.says(one.text), one.name << ": wanted \"" << one.text << "\", got\n"
                                               << compiled.report());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(diagnostics)

BOOST_AUTO_TEST_CASE(rules_at_fault) {
  const Case kCases[] = {
      {"element", "  birthDay: PID-7", "Patient has no element \"birthDay\"; did you mean \"birthDate\"?"},
      {"child element", "  name.famly: PID-5.1", "did you mean \"family\"?"},
      {"segment", "  gender: PIX-8", "no segment \"PIX\""},
      {"field", "  gender: PID-99", "PID has no field 99"},
      {"component", "  birthDate: PID-5.77", "XPN has no component 77"},
      {"sub-component", "  birthDate: PID-5.1.9", "FN has no component 9"},
      {"child without value", "  gender: ^3", "^3 has no current value here"},
      {"literal", "  gender: =feminine", "\"feminine\" is no code of Patient.gender"},
      {"literal form", "  birthDate: =yesterday", "=yesterday is no valid date"},
      {"no source", "  gender: gender", "\"gender\" is no source"},
      {"system", "  maritalStatus: =M@v2-0230", "unknown system \"v2-0230\"; did you mean \"v2-0203\"?"},
      {"repetition", "  maritalStatus: PID-10", "PID-10 repeats, Patient.maritalStatus does not"},
      {"structured", "  birthDate: 'PID-5[1]'", "PID-5[1] is a XPN, but Patient.birthDate is a date"},
      {"rule key", "  gender: {form: PID-8}", "unknown key \"form\" in a rule; did you mean \"from\"?"},
      {"nothing", "  gender: {when: PID-8 valued}", "the rule for Patient.gender makes nothing"},
      {"datatype map", "  name: {from: PID-5, as: XNP}", "no data type map \"XNP\"; did you mean \"XPN\"?"},
      {"map type", "  address: {from: PID-11, as: XPN}", "XPN makes HumanName, but Patient.address is a Address"},
      {"missing map", "  address: PID-11", "no data type map \"XAD\" to make Patient.address"},
      {"function type", "  gender: {from: PID-8, as: date}", "`as: date` makes date, but Patient.gender is a code"},
      {"vocab", "  gender: {from: PID-8, vocab: Sex}", "no vocab \"Sex\""},
      {"extension", "  ext.nose: PID-8", "unknown extension \"nose\"; did you mean \"note\"?"},
      {"extension with parts", "  ext.parts: PID-8", "has parts, no value of its own"},
      {"choice", "  deceased: PID-30", "can have several types"},
      {"choice type", "  'deceased[x]': {from: PID-30}", "needs `type:`"},
      {"choice wrong type", "  'deceased[x]': {type: bolean, from: PID-30}", "cannot be a \"bolean\"; did you mean \"boolean\"?"},
      {"type on one", "  gender: {type: code, from: PID-8}", "has one type"},
      {"two on one choice", "  deceasedBoolean: PID-30\n  deceasedDateTime: PID-29", "write one choice and can both apply"},
      {"overlap", "  maritalStatus: PID-16\n  maritalStatus.text: PID-16.2", "overlap"},
      {"never reached", "  gender: [=unknown, PID-8]", "this rule is never reached"},
      {"required", "  communication: {from: PID-15, set: {preferred: =true}}", "Patient.communication.language is required, but no rule writes it"},
      {"required, conditional", "  communication: {from: PID-15, set: {language: {when: PID-15.1 valued, from: PID-15, as: CWE}}}", "every rule for it has a condition"},
      {"unbound", "  managingOrganization: $org", "no plan makes $org before this map runs"},
      {"reference source", "  gender: $patient", "$patient is a reference, but Patient.gender is a code"},
      {"children of primitive", "  gender: {from: PID-8, set: {code: this}}", "is a code and has no children"},
      {"join", "  maritalStatus: {from: PID-16, join: ','}", "`join` makes text"},
      {"condition", "  gender: {when: PID-8 == F, from: PID-8}", "\"==\" is not an operator"},
      {"condition end", "  gender: {when: PID-8 valued PID-9, from: PID-8}", "unexpected \"PID-9\" in the condition"},
      {"condition word", "  gender: {when: PID-8 exists, from: PID-8}", "expected valued, empty, deleted"},
      {"a field compared as a word", "  gender: {when: PID-8 != PID-10, from: PID-8}",
       "the field is {PID-10}"},
      {"parenthesis", "  gender: {when: '(PID-8 valued', from: PID-8}", "expected \")\""},
      {"concat", "  ext.note: {concat: 'a[{PID-8}'}", "the \"[\" is not closed"},
      {"concat brace", "  ext.note: {concat: 'a}'}", "\"}\" closes nothing"},
      {"plus", "  birthDate: {from: PID-7, plus: {fortnights: PID-1}}", "`plus` takes one unit"},
      {"plus target", "  gender: {from: PID-8, plus: {days: PID-1}}", "`plus` adds to a date or time"},
      {"where", "  gender: {where: this = F, concat: x}", "`where` needs `from`"},
      {"filter", "  identifier: 'PID-3[PID-8 = F]'", "PID-8 in a filter"},
      {"need", "  name: {from: PID-5, need: famly}", "did you mean \"family\"?"},
  };
  for (const Case& one : kCases) check(one);
}

BOOST_AUTO_TEST_CASE(places) {
  const Compiled compiled = compile("map: P\nsegment: PID\nto: Patient\nkey: PID-3\nrules:\n"
                                    "  birthDay: PID-7\n  gender: {when: PID-8 = F and PID-99 valued, from: PID-8}\n");
  BOOST_REQUIRE(compiled.found.size() >= 2u);
  BOOST_TEST(compiled.says("t.yaml:6:3: error: P: Patient has no element \"birthDay\""), compiled.report());
  BOOST_TEST(compiled.says("t.yaml:7:32: error: PID has no field 99"), compiled.report());
}

BOOST_AUTO_TEST_CASE(all_faults_are_reported) {
  const Compiled compiled = compile(patient_set("  a: PID-1\n  b: PID-1\n  c: PID-1\n  gender: PID-99"));
  BOOST_TEST(compiled.errors() == 4u, compiled.report());
}

BOOST_AUTO_TEST_CASE(yaml_faults_have_their_place) {
  const Compiled compiled = compile("map: P\nrules: {a: 1, a: 2}\n");
  BOOST_TEST(compiled.errors() >= 1u);
  BOOST_TEST(compiled.says("t.yaml:2:"), compiled.report());
}

BOOST_AUTO_TEST_CASE(documents_at_fault) {
  const auto says = [](std::string text, std::string_view what) {
    const Compiled compiled = compile(std::move(text));
    BOOST_TEST(compiled.says(what), "wanted \"" << what << "\", got\n" << compiled.report());
  };
  says("mapp: P\n", "unknown kind of document \"mapp\"; did you mean \"map\"?");
  says("map: P\nsegment: PID\nto: Pateint\nkey: PID-3\nrules: {}\n", "did you mean \"Patient\"?");
  says("map: P\nsegment: PID\nto: Patient\nrules: {gender: =male}\n", "P: `key:` is missing");
  says("map: P\nto: Patient\nkey: PID-3\nrules: {gender: =male}\n", "`segment:` is missing");
  says("map: P\nsegment: PID\nto: Patient\nkey: PID-3\nkeys: 1\nrules: {}\n", "unknown key \"keys\"");
  says("map: P\nsegment: PID\nto: Patient\nkey: PID-3\nmode: snapshot\nrules: {}\n", "mode is merge or replace");
  says("map: P\nsegment: PID\nto: Patient\nkey: PID-3\nrules: {}\n---\nmap: P\nsegment: PID\nto: Patient\nkey: PID-3\nrules: {}\n",
       "map P is already defined at t.yaml:1");
  says("datatype: A\nto: HumanName\nrules: {family: PID-5.1}\n", "PID-5.1 in a data type map");
  says("datatype: HD-x\nto: uri\nrules: {system: ^1}\n", "a uri has no element \"system\"");
  says("datatype: XPN-a\nto: HumanName\nrules: {family: ^99}\n", "XPN has no component 99");
  says("datatype: CX-a\nto: Identifier\nrules: {value: ^1, assigner: {from: ^4, as: HD-Org}}\n---\n"
       "datatype: HD-Org\nto: Organization\nrules: {name: ^1, identifier: {from: this, as: CX-a}}\n",
       "which leads back to it");
  says("vocab: V\nmap: [a]\n", "vocab V: expected `map:");
  says("vocab: V\nunmapped: shout\nmap: {a: b}\n", "unmapped cannot be \"shout\"");
  says("vocab: V\nmap: {a: b}\n", "warning: no rule uses vocab V");
  says("overlay: Nothing\nrules: {}\n", "overlay of \"Nothing\", which is not defined");
  says("message: X\naccept: [QQQ]\nplan: []\n", "no known structure or message type");
}

BOOST_AUTO_TEST_CASE(required_binding_of_a_vocab) {
  // The guide's own slip: a cell phone is a use, not a system.
  const Compiled compiled = compile(
      "vocab: TelecomSystem\nto: http://hl7.org/fhir/contact-point-system\nmap: {PH: phone, CP: mobile}\n---\n"
      "datatype: XTN\nto: ContactPoint\nrules: {system: {from: ^3, vocab: TelecomSystem}, value: ^1}\n");
  BOOST_TEST(compiled.says("vocab TelecomSystem sends CP to \"mobile\", which is no code of"), compiled.report());
}

BOOST_AUTO_TEST_CASE(literals_outside_a_table) {
  const Compiled compiled = compile(patient_set("  gender: {when: PID-8 = Q, from: =male}",
      "vocab: Sex\nfrom: HL70001\nto: x\nmap: {M: male, F: female}"));
  BOOST_TEST(compiled.set);
  BOOST_TEST(compiled.says("warning: P: \"Q\" is not in the table of PID-8"), compiled.report());
}

BOOST_AUTO_TEST_CASE(plans_at_fault) {
  const auto says = [](std::string plan, std::string_view what) {
    const Compiled compiled = compile(
        "map: P\nsegment: PID\nto: Patient\nkey: PID-3\nrules: {gender: =male}\n---\n"
        "map: O\nsegment: OBX\nto: Observation\nkey: OBX-21\nrules: {status: =final, code: {set: {text: OBX-3}}, subject: $patient, note: {set: {text: NTE-3}}}\n---\n"
        "map: A\nsegment: AL1\nto: AllergyIntolerance\nkey: AL1-3.1\nrules: {patient: $patient}\n---\n"
        "message: ORU_R01\naccept: [ORU]\nplan:\n" + plan);
    BOOST_TEST(compiled.says(what), "wanted \"" << what << "\", got\n" << compiled.report());
  };
  says("  - {segment: PID, make: patient, map: Q}\n", "no map \"Q\"");
  says("  - {segment: OBX, make: patient, map: P}\n", "P is a map of PID, not of OBX");
  says("  - {segment: PID, map: P}\n", "`make: name` or `extend: name` is missing");
  says("  - {segment: PID, make: patient, map: P, wen: x}\n", "unknown key \"wen\" in a row; did you mean \"when\"?");
  says("  - {segment: PID, extend: pacient, map: P}\n", "no row above makes \"pacient\"");
  says("  - {segment: AL1, make: a, map: A}\n", "no accepted structure has a segment \"AL1\"");
  says("  - {each: ORDER_OBSERVATIONS, do: []}\n", "no accepted structure has a group \"ORDER_OBSERVATIONS\"; did you mean \"ORDER_OBSERVATION\"?");
  says("  - {segment: PID, make: patient, map: P}\n  - {segment: OBX, make: o, map: O, link: patient.nme}\n",
       "Patient has no element \"nme\"");
  says("  - {segment: PID, make: patient, map: P}\n  - {segment: OBX, make: o, map: O, link: patient.generalPractitioner}\n",
       "Patient.generalPractitioner cannot refer to a Observation");
  says("  - {segment: PID, make: patient, map: P}\n  - {segment: OBX, make: o, map: O}\n",
       "NTE-3 is ambiguous: NTE repeats in");
  says("  - {segment: OBX, make: o, map: O}\n", "O: no plan makes $patient before this map runs");
  says("  - {segment: OBX, make: patient, map: O}\n  - {segment: OBX, make: o, map: O}\n",
       "$patient is a Observation, which Observation.subject cannot refer to");
  says("  - {segment: PID, make: patient, map: P, need: keys}\n", "a row can need: key");
}

BOOST_AUTO_TEST_CASE(a_thousand_rules) {
  std::string text = "datatype: XPN\nto: HumanName\nrules: {family: ^1.1}\n";
  for (int i = 0; i < 250; ++i) {
    text += fmt::format("---\nmap: P{}\nsegment: PID\nto: Patient\nkey: PID-3\nrules: {{gender: [{{when: PID-8 = F, from: =female}}, =unknown], name: PID-5, birthDate: PID-7, deceasedDateTime: PID-29}}\n", i);
  }
  const Compiled compiled = compile(std::move(text));
  BOOST_TEST(compiled.set, compiled.report());
  BOOST_TEST(compiled.set->rule_count() > 1000u);
}

BOOST_AUTO_TEST_SUITE_END()
