#include "help.hpp"

/// What each construct of a rule does, on one PID.
using namespace mapping_test;

namespace {

std::string run(std::string_view rules, std::string pid, const mapping::Environment& env = {},
                std::string_view more = {}) {
  const Compiled compiled = compile(patient_set(rules, more));
  BOOST_REQUIRE_MESSAGE(compiled.set, compiled.report());
  std::string out = map(compiled, adt(std::move(pid)), env).json("Patient");
  const std::string head = "{\"resourceType\":\"Patient\"";
  BOOST_REQUIRE(out.starts_with(head));
  out = out.substr(head.size());
  if (out.starts_with(',')) out.erase(0, 1);
  out.pop_back();
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(rules)

BOOST_AUTO_TEST_CASE(lists) {
  BOOST_TEST(run("  name: [PID-5, PID-9]", "PID|||1||Doe^Jane~Roe^J||||Al^Ias") ==
             "\"name\":[{\"family\":\"Doe\",\"given\":[\"Jane\"]},{\"family\":\"Roe\",\"given\":[\"J\"]},{\"family\":\"Al\",\"given\":[\"Ias\"]}]");
  BOOST_TEST(run("  gender: [{when: PID-8 = F, from: =female}, =unknown]", "PID|||1|||||F") == "\"gender\":\"female\"");
  BOOST_TEST(run("  gender: [{when: PID-8 = F, from: =female}, =unknown]", "PID|||1|||||Q") == "\"gender\":\"unknown\"");
}

BOOST_AUTO_TEST_CASE(equal_items_stand_once) {
  BOOST_TEST(run("  identifier: [PID-3, PID-4]", "PID|||7^^^A|7^^^A") ==
             "\"identifier\":[{\"value\":\"7\",\"assigner\":{\"display\":\"A\"}}]");
}

BOOST_AUTO_TEST_CASE(gaps_keep_order) {
  BOOST_TEST(run("  identifier: PID-3", "PID|||1~~2") == "\"identifier\":[{\"value\":\"1\"},{\"value\":\"2\"}]");
}

BOOST_AUTO_TEST_CASE(selectors) {
  const std::string pid = "PID|||1^^^A^PI~2^^^B^MR";
  BOOST_TEST(run("  ext.note: 'PID-3[2].1'", pid) == "\"extension\":[{\"url\":\"urn:x:note\",\"valueString\":\"2\"}]");
  BOOST_TEST(run("  ext.note: 'PID-3[^5=MR].4'", pid) == "\"extension\":[{\"url\":\"urn:x:note\",\"valueString\":\"B\"}]");
  BOOST_TEST(run("  ext.note: {from: PID-3.1, where: 'this = 2'}", pid) == "\"extension\":[{\"url\":\"urn:x:note\",\"valueString\":\"2\"}]");
  BOOST_TEST(run("  ext.note: PID-4 | PID-3", pid).find("\"1\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(set_fill_also_need) {
  const std::string pid = "PID|||1||Doe^Jane";
  BOOST_TEST(run("  name: {from: PID-5, set: {family: =X}}", pid) == "\"name\":[{\"family\":\"X\",\"given\":[\"Jane\"]}]");
  BOOST_TEST(run("  name: {from: PID-5, fill: {family: =X, use: =usual}}", pid) ==
             "\"name\":[{\"family\":\"Doe\",\"given\":[\"Jane\"],\"use\":\"usual\"}]");
  BOOST_TEST(run("  name: {from: PID-5, also: {set: {text: 'PID-9[1].1.1'}}}", pid + "||||Alias") ==
             "\"name\":[{\"family\":\"Doe\",\"given\":[\"Jane\"],\"text\":\"Alias\"}]");
  BOOST_TEST(run("  name: {from: PID-5, need: use}", pid) == "");
  BOOST_TEST(run("  name: {from: PID-5, need: [family, given]}", pid).find("Doe") != std::string::npos);
  BOOST_TEST(run("  contact: {when: PID-9 valued, set: {name: {from: 'PID-9[1]', as: XPN}, gender: =female}}", pid + "||||A") ==
             "\"contact\":[{\"name\":{\"family\":\"A\"},\"gender\":\"female\"}]");
}

BOOST_AUTO_TEST_CASE(paths_and_extensions) {
  BOOST_TEST(run("  contact.name.text: PID-8\n  contact.gender: =male", "PID|||1|||||F") ==
             "\"contact\":[{\"name\":{\"text\":\"F\"},\"gender\":\"male\"}]");
  BOOST_TEST(run("  birthDate: PID-7\n  birthDate.ext.when: {when: length(PID-7) > 8, from: PID-7}", "PID|||1||||19800102030405+0100") ==
             "\"birthDate\":\"1980-01-02\",\"_birthDate\":{\"extension\":[{\"url\":\"urn:x:when\",\"valueDateTime\":\"1980-01-02T03:04:05+01:00\"}]}");
  BOOST_TEST(run("  ext.parts.ext.note: PID-8", "PID|||1|||||F") ==
             "\"extension\":[{\"url\":\"urn:x:parts\",\"extension\":[{\"url\":\"urn:x:note\",\"valueString\":\"F\"}]}]");
}

BOOST_AUTO_TEST_CASE(concat_and_join) {
  BOOST_TEST(run("  ext.note: {concat: '[{PID-5.1}, ]{PID-5.2}[ ({PID-9.1})]'}", "PID|||1||Doe^Jane").find("\"Doe, Jane\"") != std::string::npos);
  BOOST_TEST(run("  ext.note: {concat: 'x[{PID-9.1}]'}", "PID|||1||Doe^Jane") == "");
  BOOST_TEST(run("  ext.note: {from: PID-3.1, join: '+'}", "PID|||1~2~3").find("\"1+2+3\"") != std::string::npos);
  BOOST_TEST(run("  ext.note: {concat: '\\[{PID-8}\\]'}", "PID|||1|||||F").find("\"[F]\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(conditions) {
  const auto holds = [](std::string_view when, std::string pid) {
    return run("  gender: {when: '" + std::string(when) + "', from: =male}", std::move(pid)) != "";
  };
  const std::string pid = "PID|||123^^^A~4|\"\"||||F|||||||||||";
  BOOST_TEST(holds("PID-8 = F", pid));
  BOOST_TEST(!holds("PID-8 != F", pid));
  BOOST_TEST(holds("PID-8 in (M, F) and not PID-9 valued", pid));
  BOOST_TEST(holds("PID-8 not in (M) or PID-9 valued", pid));
  BOOST_TEST(holds("PID-4 deleted and PID-4 empty", pid));
  BOOST_TEST(!holds("PID-3 deleted", pid));
  BOOST_TEST(holds("count(PID-3) = 2", pid));
  BOOST_TEST(holds("count(PID) = 1", pid));
  BOOST_TEST(holds("length(PID-3) >= 3", pid));
  BOOST_TEST(holds("PID-3 > 99", pid));
  BOOST_TEST(!holds("PID-3 < 99", pid));
  BOOST_TEST(holds("PID-3 matches \"1*3\"", pid));
  BOOST_TEST(holds("PID-3 matches \"[0-2]?[!a-z]\"", pid));
  BOOST_TEST(!holds("PID-3 matches \"1*4\"", pid));
  BOOST_TEST(holds("(PID-8 = M or PID-8 = F) and (not (PID-9 valued))", pid));
  BOOST_TEST(holds("%type = ADT and %trigger = A01 and %version = 2.5.1 and %facility = FAC", pid));
  BOOST_TEST(holds("MSH-3 = APP", pid));
}

BOOST_AUTO_TEST_CASE(own_environment_values) {
  mapping::Environment env;
  env.values["flavour"] = "sweet";
  BOOST_TEST(run("  gender: {when: '%flavour = sweet', from: =male}", "PID|||1", env) == "\"gender\":\"male\"");
  BOOST_TEST(run("  gender: {when: '%flavour = sweet', from: =male}", "PID|||1") == "");
}

BOOST_AUTO_TEST_CASE(vocabularies) {
  const std::string vocab = "vocab: Sex\nfrom: HL70001\nto: urn:sex\ndefault: other\nmap: {M: male, F: female, U: ''}";
  const std::string rule = "  gender: {from: PID-8, vocab: Sex, default: =unknown}";
  BOOST_TEST(run(rule, "PID|||1|||||F", {}, vocab) == "\"gender\":\"female\"");
  BOOST_TEST(run(rule, "PID|||1|||||X", {}, vocab) == "\"gender\":\"other\"");
  BOOST_TEST(run(rule, "PID|||1", {}, vocab) == "\"gender\":\"unknown\"");
  BOOST_TEST(run("  gender: {from: PID-8, vocab: Sex}", "PID|||1|||||U", {}, vocab) == "");
  const std::string coded = "vocab: M\nto: urn:m\n{}map: {M: {code: MA, display: Married}}";
  const auto with = [&](std::string option) {
    std::string text = coded;
    text.replace(text.find("{}"), 2, option);
    return text;
  };
  const std::string marital = "  maritalStatus: {from: PID-16, vocab: M}";
  const std::string pid = "PID|||1|||||||||||||M^Sender";
  BOOST_TEST(run(marital, pid, {}, with("")) ==
             "\"maritalStatus\":{\"coding\":[{\"system\":\"urn:m\",\"code\":\"MA\",\"display\":\"Married\"}],\"text\":\"Sender\"}");
  BOOST_TEST(run(marital, pid, {}, with("keep: original\n")).find("\"code\":\"M\",\"display\":\"Sender\"") != std::string::npos);
  BOOST_TEST(run(marital, "PID|||1|||||||||||||Z^Zed", {}, with("")) ==
             "\"maritalStatus\":{\"coding\":[{\"code\":\"Z\",\"display\":\"Zed\"}],\"text\":\"Zed\"}");
  BOOST_TEST(run(marital, "PID|||1|||||||||||||m", {}, with("case: ignore\n")).find("\"MA\"") != std::string::npos);
  BOOST_TEST(run(marital, "PID|||1|||||||||||||Z^Zed^^M", {}, with("")).find("\"MA\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(vocabulary_misses) {
  for (const auto& [option, misses, issues] :
       {std::tuple{"warn", 1u, 1u}, std::tuple{"queue", 1u, 0u}, std::tuple{"ignore", 0u, 0u}, std::tuple{"error", 1u, 1u}}) {
    const Compiled compiled = compile(patient_set("  gender: {from: PID-8, vocab: Sex}",
        "vocab: Sex\nto: x\nunmapped: " + std::string(option) + "\nmap: {M: male}"));
    const Mapped m = map(compiled, adt("PID|||1|||||Q"));
    BOOST_TEST(m.out->vocab_misses.size() == misses, option);
    std::vector<hl7::Issue> told;
    for (const auto& issue : m.out->issues) {
      if (issue.code == core::ErrorCode::kTableValue) told.push_back(issue);
    }
    BOOST_TEST(told.size() == issues, option);
    if (!told.empty()) {
      BOOST_TEST((told[0].severity == hl7::Severity::kError) == (std::string(option) == "error"));
      BOOST_TEST(told[0].at.text() == "PID[1]-8[1]", told[0].at.text());
    }
  }
}

BOOST_AUTO_TEST_CASE(clearing) {
  BOOST_TEST(run("  gender: PID-8\n  maritalStatus: PID-16\n  name: PID-5", "PID|||1||\"\"|||\"\"||||||||\"\"") ==
             "\"gender\":null,\"maritalStatus\":null,\"name\":null");
  // A list is cleared when everything that it is made of says so.
  BOOST_TEST(run("  name: [PID-5, PID-9]", "PID|||1||\"\"") == "");
  BOOST_TEST(run("  name: [PID-5, PID-9]", "PID|||1||\"\"||||A^B") == "\"name\":[{\"family\":\"A\",\"given\":[\"B\"]}]");
  BOOST_TEST(run("  name: [PID-5, PID-9]", "PID|||1||\"\"||||\"\"") == "\"name\":null");
  BOOST_TEST(run("  gender: {from: PID-8, onNull: keep}", "PID|||1|||||\"\"") == "");
  BOOST_TEST(run("  gender: {when: PID-8 valued, from: =\"\"}", "PID|||1|||||F") == "\"gender\":null");
  BOOST_TEST(run("  gender: PID-8 | PID-9[1].1", "PID|||1|||||\"\"|male") == "\"gender\":\"male\"");
  BOOST_TEST(run("  name: {from: PID-5}", "PID|||1||\"\"^Jane") == "\"name\":[{\"given\":[\"Jane\"]}]");
}

BOOST_AUTO_TEST_CASE(a_rule_that_warns) {
  const Compiled compiled = compile(patient_set("  gender: [{when: PID-8 = F, from: =female}, {from: PID-8, warn: odd}]"));
  BOOST_TEST(!map(compiled, adt("PID|||1|||||F")).warned("odd"));
  BOOST_TEST(map(compiled, adt("PID|||1|||||other")).warned("odd"));
  BOOST_TEST(!map(compiled, adt("PID|||1")).warned("odd"));
}

BOOST_AUTO_TEST_CASE(fields_compared_with_fields) {
  const std::string_view same = "  active: {when: 'PID-8 = {PID-1}', from: =true}";
  BOOST_TEST(run(same, "PID|7||1|||||7") == "\"active\":true");
  BOOST_TEST(run(same, "PID|7||1|||||8") == "");
  BOOST_TEST(run("  active: {when: 'PID-8 > {PID-1}', from: =true}", "PID|7||1|||||10") == "\"active\":true");
  BOOST_TEST(run("  name: {from: PID-5, where: '^1 != {^2}'}", "PID|||1||A^A~A^B") ==
             "\"name\":[{\"family\":\"A\",\"given\":[\"B\"]}]");
  const Compiled wrong = compile(patient_set("  active: {when: 'PID-8 = {PID-99}', from: =true}"));
  BOOST_TEST(!wrong.set);
  BOOST_TEST(!compile(patient_set("  active: {when: 'PID-8 = {PID-1', from: =true}")).set);
}

BOOST_AUTO_TEST_CASE(an_hour_stays_beside_its_time) {
  BOOST_TEST(run("  deceasedDateTime: PID-29", "PID|||1||||||||||||||||||||||||||2026030410+0100") ==
             "\"deceasedDateTime\":\"2026-03-04T10:00:00+01:00\",\"_deceasedDateTime\":{\"extension\":"
             "[{\"url\":\"urn:chartwire:ext:time-as-sent\",\"valueString\":\"2026030410+0100\"}]}");
  BOOST_TEST(run("  deceasedDateTime: PID-29", "PID|||1||||||||||||||||||||||||||202603041015+0100") ==
             "\"deceasedDateTime\":\"2026-03-04T10:15:00+01:00\"");
}

BOOST_AUTO_TEST_CASE(dropped_repetition_is_told) {
  const Compiled compiled = compile(patient_set("  maritalStatus: 'PID-10[1]'"));
  BOOST_TEST(map(compiled, adt("PID|||1|||||||A~B")).warned("has no place in the resource"));
  BOOST_TEST(!map(compiled, adt("PID|||1|||||||A")).warned("has no place in the resource"));
}

BOOST_AUTO_TEST_CASE(texts) {
  BOOST_TEST(run("  ext.note: PID-23", "PID|||1||||||||||||||||||||A & B") .find("\"A & B\"") != std::string::npos);
  BOOST_TEST(run("  ext.note: PID-23", "PID|||1||||||||||||||||||||A\\T\\B\\.br\\C").find("\"A&B\\nC\"") != std::string::npos);
  BOOST_TEST(run("  gender: {from: PID-8, as: lower}", "PID|||1|||||MALE") == "\"gender\":\"male\"");
  BOOST_TEST(run("  ext.note: {from: 'PID-5[1]', as: text}", "PID|||1||Doe^Jane^^^Dr").find("\"Doe Jane Dr\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(registry) {
  mapping::Environment env;
  env.authorities = {{"HOSP", "urn:oid:1.2.3"}, {"1.2.3", "urn:oid:1.2.3"}};
  const std::string datatypes =
      "datatype: HD-uri\nto: uri\nregistry: [^2, ^1]\nrules: {value: {when: ^1 valued, concat: '{%ns}/{^1}'}}\n---\n"
      "datatype: CX-r\nto: Identifier\nrules: {value: ^1, system: {from: ^4, as: HD-uri}, assigner.identifier.system: {from: ^4, as: authority}}";
  const std::string rule = "  identifier: {from: PID-3, as: CX-r}";
  const auto by_name = run(rule, "PID|||1^^^HOSP", env, datatypes);
  BOOST_TEST(by_name == run(rule, "PID|||1^^^X&1.2.3&ISO", env, datatypes));
  BOOST_TEST(by_name.find("\"system\":\"urn:oid:1.2.3\"") != std::string::npos, by_name);
  BOOST_TEST(run(rule, "PID|||1^^^OTHER", env, datatypes).find("urn:chartwire:local/OTHER") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(lineage_and_unused_fields) {
  const Compiled compiled = compile(patient_set("  birthDate: PID-7\n  gender: =male\n  name: PID-5"));
  const Mapped m = map(compiled, adt("PID|1||9||Doe^Jane||19800102|F"), {}, {.explain = true});
  const fhir::Node* birth = m.draft("Patient")->root->find("birthDate");
  BOOST_REQUIRE(birth);
  BOOST_REQUIRE(birth->lineage > 0);
  const auto& from = m.out->lineage[birth->lineage - 1];
  BOOST_TEST(from.segment == 1u);
  BOOST_TEST(from.field == 7);
  BOOST_TEST(compiled.set->rule(from.rule).target == "Patient.birthDate");
  BOOST_TEST(compiled.set->rule(from.rule).map == "P");
  const fhir::Node* gender = m.draft("Patient")->root->find("gender");
  BOOST_TEST(m.out->lineage[gender->lineage - 1].segment == mapping::Lineage::kLiteral);
  const fhir::Node* family = m.draft("Patient")->root->find("name")->item(0)->find("family");
  const auto& part = m.out->lineage[family->lineage - 1];
  BOOST_TEST(part.field == 5);
  BOOST_TEST(part.repetition == 1);
  BOOST_TEST(part.component == 1);
  std::vector<std::string> unused;
  for (const auto& l : m.out->unused_fields) unused.push_back(l.text());
  const bool has_gender = std::find(unused.begin(), unused.end(), "PID[1]-8") != unused.end();
  BOOST_TEST(has_gender, "PID-8 was not read, so it is listed");
  for (const auto& one : unused) BOOST_TEST(one != "PID[1]-7");
}

BOOST_AUTO_TEST_SUITE_END()
