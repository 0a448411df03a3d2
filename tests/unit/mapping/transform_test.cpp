#include "help.hpp"

/// HL7 v2 to HL7 v2: steps, values, delimiters, versions, and what the checker says.
using namespace mapping_test;

namespace {

std::string transform_set(std::string_view body) {
  return "vocab: SexOut\nfrom: HL70001\nto: ''\nunmapped: warn\nmap: {F: W, M: M}\n---\n"
         "vocab: ClassOut\nfrom: HL70004\nto: ''\ndefault: X\nmap: {I: '1'}\n---\n"
         "transform: out\n" + std::string(body);
}

struct Result {
  std::string text;
  std::size_t misses = 0;
};

std::string lines(std::string text) {
  for (char& c : text) c = c == '\r' ? '\n' : c;
  return text;
}

std::string run(std::string_view body, const std::string& segments, std::size_t* misses = nullptr) {
  const Compiled compiled = compile(transform_set(body));
  BOOST_REQUIRE_MESSAGE(compiled.set, compiled.report());
  mapping::Mapper mapper(compiled.set);
  const hl7::Message in = message(adt(segments));
  auto out = mapper.transform(in, "out", {});
  if (!out) return out.error().text();
  if (misses) *misses = out->vocab_misses.size();
  const std::string text = lines(out->text);
  return text.substr(text.find('\n') + 1);   // without MSH
}

}  // namespace

BOOST_AUTO_TEST_SUITE(transforms)

BOOST_AUTO_TEST_CASE(untouched_bytes_stay) {
  const std::string pid = "PID|||1^^^A&B&ISO~2^^^C||O\\T\\Hara^J\\.br\\||19800102";
  BOOST_TEST(run("keep: [PID]\n", pid + "\nPV1||I\n") == pid + "\n");
}

BOOST_AUTO_TEST_CASE(set_copy_and_delete) {
  BOOST_TEST(run("steps:\n  - segment: PID\n    set:\n      PID-2: PID-3[^5=MR]\n"
                 "      PID-8: {from: PID-8, vocab: SexOut}\n      PID-5.2: ='A&B'\n"
                 "      PID-18: {concat: '{PID-3[1].1}/{PID-7}'}\n"
                 "    delete: [PID-19, PID-3.4]\n",
                 "PID|||1^^^H^PI~2^^^H^MR||Doe^Jane||1980|F|||||||||||123\n") ==
             "PID||2^^^H^MR|1^^^^PI~2^^^^MR||Doe^A\\T\\B||1980|W||||||||||1/1980\n");
}

BOOST_AUTO_TEST_CASE(a_component_is_set_in_every_repetition) {
  BOOST_TEST(run("steps:\n  - {segment: PID, set: {PID-3.4: {when: '^5 = MR', from: =NEW}}}\n",
                 "PID|||1^^^H^PI~2^^^H^MR\n") == "PID|||1^^^H^PI~2^^^NEW^MR\n");
  BOOST_TEST(run("steps:\n  - {segment: PID, set: {'PID-3[2].1': =9, PID-5.1.1: =X}}\n",
                 "PID|||1^^^H~2||A&B^C\n") == "PID|||1^^^H~9||X&B^C\n");
}

BOOST_AUTO_TEST_CASE(first_alternative_that_yields) {
  const char* body = "steps:\n  - segment: PV1\n    set:\n      PV1-2: [{from: PV1-2, vocab: SexOut},"
                     " {from: PV1-2, vocab: ClassOut}]\n      PV1-18: {from: PV1-4, default: =Q}\n";
  BOOST_TEST(run(body, "PV1||I\n") == "PV1||1||||||||||||||||Q\n");
  BOOST_TEST(run(body, "PV1||Z||E\n") == "PV1||X||E||||||||||||||E\n");
}

BOOST_AUTO_TEST_CASE(codes_that_are_not_known_are_told) {
  std::size_t misses = 0;
  // Nothing yields: the field stays as it is.
  BOOST_TEST(run("steps:\n  - {segment: PID, set: {PID-8: {from: PID-8, vocab: SexOut}}}\n",
                 "PID|||1|||||U\n", &misses) == "PID|||1|||||U\n");
  BOOST_TEST(misses == 1);
}

BOOST_AUTO_TEST_CASE(null_is_passed_on_and_written) {
  BOOST_TEST(run("steps:\n  - {segment: PID, set: {PID-2: PID-4, PID-7: '=\"\"'}}\n",
                 "PID|||1|\"\"|||1980\n") == "PID||\"\"|1|\"\"|||\"\"\n");
}

BOOST_AUTO_TEST_CASE(segments_are_dropped_and_built) {
  const std::string in = "PID|||1\nPV1||I\nOBX|1|NM|A||5\nOBX|2|ST|B||x\nNTE|1||n\n";
  BOOST_TEST(run("steps:\n  - drop: NTE\n  - {drop: OBX, when: OBX-2 = ST}\n"
                 "  - {build: ZSC, after: PV1, set: {ZSC-1: PV1-2, ZSC-3.2: =k}}\n",
                 in) == "PID|||1\nPV1||I\nZSC|I||^k\nOBX|1|NM|A||5\n");
  BOOST_TEST(run("keep: [PID, OBX]\nsteps:\n  - {build: NTE, each: OBX, when: OBX-2 = NM,"
                 " set: {NTE-3: {concat: 'unit of {OBX-3}'}}}\n  - {build: ZEN, set: {ZEN-1: =e}}\n",
                 in) == "PID|||1\nOBX|1|NM|A||5\nNTE|||unit of A\nOBX|2|ST|B||x\nZEN|e\n");
  // Nothing to put in, or no anchor: no segment.
  BOOST_TEST(run("steps:\n  - {build: ZSC, before: PID, set: {ZSC-1: PID-9}}\n"
                 "  - {build: ZSD, before: AL1, set: {ZSD-1: =x}}\n", "PID|||1\n") == "PID|||1\n");
}

BOOST_AUTO_TEST_CASE(delimiters_change_and_values_do_not) {
  const Compiled compiled = compile(transform_set("encoding: '!:*/%'\n"));
  BOOST_REQUIRE_MESSAGE(compiled.set, compiled.report());
  mapping::Mapper mapper(compiled.set);
  const hl7::Message in = message(adt("PID|||1^^^A&B~2||O\\F\\x!y^a:b\\.br\\c\\T\\d%e/f\n"));
  const auto out = mapper.transform(in, "", {});
  BOOST_REQUIRE(out);
  auto again = hl7::Message::parse(out->text);
  BOOST_REQUIRE(again);
  BOOST_TEST(again->delimiters().component == ':');
  for (const char* path : {"PID-3[1].4.2", "PID-3[2].1", "PID-5.1", "PID-5.2", "MSH-9.2"}) {
    BOOST_TEST(again->get(path) == in.get(path), path);
  }
  BOOST_TEST(lines(out->text).starts_with("MSH!:*/%!APP!FAC!"));
}

BOOST_AUTO_TEST_CASE(an_older_version) {
  const Compiled compiled =
      compile(transform_set("version: '2.3'\nfit: true\naccept: ['ADT^A01']\n"));
  BOOST_REQUIRE_MESSAGE(compiled.set, compiled.report());
  mapping::Mapper mapper(compiled.set);
  std::string pid = "PID|||1" + std::string(35, '|') + "last";
  const hl7::Message in = message(adt(pid + "\nUAC|1\nZPI|z\n"));
  const auto out = mapper.transform(in, "out", {});
  BOOST_REQUIRE(out);
  BOOST_TEST(lines(out->text).find("|P|2.3\n") != std::string::npos);
  BOOST_TEST(out->text.find("last") == std::string::npos);
  BOOST_TEST(out->text.find("UAC") == std::string::npos);
  BOOST_TEST(out->text.find("ZPI|z") != std::string::npos);
  const hl7::Message other = message(oru("PID|||1\n"));
  BOOST_TEST(!mapper.transform(other, "out", {}));
  BOOST_TEST(!mapper.transform(other, "", {}));
  BOOST_TEST(!mapper.transform(in, "nowhere", {}));
}

BOOST_AUTO_TEST_CASE(faults_are_found_at_load) {
  const std::pair<const char*, const char*> cases[] = {
      {"steps: [{segment: PIX, set: {PIX-3: =a}}]", "no segment \"PIX\""},
      {"steps: [{segment: PID, set: {PID-99: =a}}]", "PID has no field 99"},
      {"steps: [{segment: PID, set: {PV1-2: =a}}]", "\"PV1-2\" is no field of PID"},
      {"steps: [{segment: PID, set: {PID-3.44: =a}}]", "PID-3 has no component 44"},
      {"steps: [{segment: PID, set: {'PID-8[2]': =a}}]", "PID-8 does not repeat"},
      {"steps: [{segment: PID, set: {PID-8: PID-88}}]", "PID has no field 88"},
      {"steps: [{segment: PID, set: {PID-8: {from: PID-8, vocab: SexOot}}}]", "did you mean"},
      {"steps: [{segment: PID, set: {PID-8: {from: PID-8, as: date}}}]", "`as: date` makes no"},
      {"steps: [{segment: PID, set: {PID-8: ^1}}]", "has no current value here"},
      {"steps: [{segment: PID, when: 'PID-8 =', set: {PID-8: =a}}]", "t.yaml:"},
      {"steps: [{segment: PID, set: {PID-8: {form: PID-8}}}]", "did you mean \"from\""},
      {"steps: [{segment: PID, sett: {PID-8: =a}}]", "did you mean \"set\""},
      {"steps: [{segment: PID}]", "changes nothing"},
      {"steps: [{segment: PID, drop: PID}]", "one of segment, drop, build"},
      {"steps: [{drop: MSH}]", "one MSH"},
      {"steps: [{segment: PID, after: PV1, set: {PID-8: =a}}]", "with `build`"},
      {"steps: [{segment: MSH, set: {MSH-2: =a}}]", "delimiters are not set"},
      {"steps: [{segment: PID, set: {PID-8: =a}, delete: [PID-8]}]", "set and deleted"},
      {"encoding: '|^~~&'", "five different signs"},
      {"version: '2.99'", "no HL7 version"},
      {"fit: true\nkeep: [PID]", "needs a `version`"},
      {"accept: [ADT]", "changes nothing"},
      {"stepps: []", "did you mean \"steps\""}};
  for (const auto& [body, said] : cases) {
    const Compiled compiled = compile(transform_set(std::string(body) + "\n"));
    BOOST_TEST(!compiled.set, body);
    BOOST_TEST(compiled.says(said), body << ": " << compiled.report());
  }
}

BOOST_AUTO_TEST_CASE(tests_are_data_here_too) {
  const std::string body =
      "keep: [PID]\nsteps:\n  - {segment: PID, set: {PID-8: =Q}}\n"
      "tests:\n"
      "  - {name: good, message: \"PID|||1\\nPV1||I\", expect: {PID-8: Q, PID-3.1: '1'},"
      " segments: [MSH, PID]}\n"
      "  - {name: bad, message: \"PID|||1\", expect: {PID-8: R}}\n";
  const Compiled compiled = compile(transform_set(body));
  BOOST_REQUIRE_MESSAGE(compiled.set, compiled.report());
  const auto report = mapping::run_tests(*compiled.set, v2(), r4());
  BOOST_REQUIRE(report.cases.size() == 2);
  BOOST_TEST(report.cases[0].passed, report.cases[0].difference);
  BOOST_TEST(report.cases[1].difference == "PID-8: expected \"R\", got \"Q\"\n");
}

BOOST_AUTO_TEST_SUITE_END()
