#include "explain_html.hpp"
#include "help.hpp"
#include "junit.hpp"
#include "rule_report.hpp"
#include "shadow.hpp"
#include "unmapped.hpp"

/// Reports for analysts: pages, JUnit, shadow runs, work lists.
using namespace mapping_test;

namespace {

const char* kRules = "  name: PID-5\n  birthDate: PID-7\n  gender: {from: PID-8, vocab: Sex}\n";
const char* kVocab = "vocab: Sex\nfrom: HL70001\nto: http://hl7.org/fhir/administrative-gender\n"
                     "default: unknown\nmap: {F: female, M: male}\n";

mapping::MapOptions explained() {
  mapping::MapOptions options;
  options.explain = true;
  return options;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(tools)

BOOST_AUTO_TEST_CASE(a_page_escapes_everything) {
  const Compiled compiled = compile(patient_set(kRules, kVocab));
  const Mapped mapped = map(compiled, adt("PID|||<b>1\"'||<script>x</script>^J|||Q|||a&b\n"), {},
                            explained());
  cli::ExplainPage page(compiled.set);
  page.add("<title>", *mapped.text, *mapped.out);
  const std::string html = page.html();
  BOOST_TEST(html.find("<script>x") == std::string::npos);
  BOOST_TEST(html.find("<b>") == std::string::npos);
  BOOST_TEST(html.find("&lt;script&gt;x") != std::string::npos);
  BOOST_TEST(html.find("&lt;title&gt;") != std::string::npos);
  BOOST_TEST(html.find("default-src 'none'") != std::string::npos);
  for (const char* outside : {"http-equiv=\"refresh", "src=", "href=", "url(", "innerHTML", "@import"}) {
    BOOST_TEST(html.find(outside) == std::string::npos, outside);
  }
  // Source and leaf carry the same key; the rule is named; what was left over is listed.
  BOOST_TEST(html.find("data-k=\"1.5.1.1\" title=\"PID-5.1\"") != std::string::npos);
  BOOST_TEST(html.find("<div class=\"leaf\" tabindex=\"0\" data-k=\"1.5.1.1\"") !=
             std::string::npos);
  BOOST_TEST(html.find("Codes that no vocabulary knew (1)") != std::string::npos);
  BOOST_TEST(html.find("Populated fields that no rule read") != std::string::npos);
  BOOST_TEST(html.find("class=\"unread\" data-k=\"1.11.1.1\"") != std::string::npos);
  BOOST_TEST(html.find("Rules that wrote nothing") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(silent_rules_are_the_outermost) {
  const Compiled compiled = compile(patient_set(
      "  name: {from: PID-5, set: {text: ^2}}\n"
      "  contact: {when: PID-6 valued, set: {name: {set: {text: 'PID-6[1].1'}}}}\n"));
  BOOST_REQUIRE_MESSAGE(compiled.set, compiled.report());
  const Mapped mapped = map(compiled, adt("PID|||1||Doe\n"), {}, explained());
  std::string said;
  for (const auto id : cli::silent_rules(mapping::rule_facts(*compiled.set), mapped.out->wrote)) {
    if (compiled.set->rule(id).map == "P") said += compiled.set->rule(id).target + "\n";
  }
  BOOST_TEST(said == "Patient.name.text\nPatient.contact\n");
}

BOOST_AUTO_TEST_CASE(junit) {
  const std::string xml = cli::junit_xml({{"a.yaml", "one & two", true, ""},
                                          {"a.yaml", "three", false, "x: expected \"<y>\"\n"}});
  BOOST_TEST(xml.find("<testsuites name=\"chartwire\" tests=\"2\" failures=\"1\">") !=
             std::string::npos);
  BOOST_TEST(xml.find("name=\"one &amp; two\"/>") != std::string::npos);
  BOOST_TEST(xml.find("<failure message=\"differs\">x: expected &quot;&lt;y&gt;&quot;&#10;"
                      "</failure>") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_shadow_run_groups_by_rule) {
  const Compiled old_set = compile(patient_set(kRules, kVocab));
  const Compiled new_set = compile(patient_set(
      "  name: [PID-9, PID-5]\n  birthDate: PID-7\n  gender: =other\n  active: ='true'\n"));
  BOOST_REQUIRE_MESSAGE(new_set.set, new_set.report());
  mapping::MapOptions lineage;
  lineage.lineage = true;
  cli::ShadowDiff diff;
  for (const char* pid : {"PID|||1||Doe^J||1980|F|Al\n", "PID|||1||Doe^J||1980|O\n"}) {
    const Mapped before = map(old_set, adt(pid), {}, lineage);
    const Mapped after = map(new_set, adt(pid), {}, lineage);
    diff.add("C1", *old_set.set, before.out, *new_set.set, after.out);
  }
  std::string said;
  for (const auto& [key, group] : diff.groups()) {
    said += key.path + " +" + std::to_string(group.added) + " -" + std::to_string(group.removed) +
            " ~" + std::to_string(group.changed) + " in " + std::to_string(group.messages) + "\n";
    BOOST_TEST(key.rule.find("t.yaml:") == 0u);
  }
  // The name of PID-5 moved to the second place, which is no difference.
  BOOST_TEST(said.find("Patient.active +2 -0 ~0 in 2") != std::string::npos);
  BOOST_TEST(said.find("Patient.gender +0 -0 ~2 in 2") != std::string::npos);
  BOOST_TEST(said.find("Patient.name.family +1 -0 ~0 in 1") != std::string::npos);
  BOOST_TEST(said.find("birthDate") == std::string::npos);
  BOOST_TEST(diff.differing() == 2);
}

BOOST_AUTO_TEST_CASE(a_message_that_no_longer_maps) {
  const Compiled set = compile(patient_set(kRules, kVocab));
  const Mapped before = map(set, adt("PID|||1\n"));
  cli::ShadowDiff diff;
  diff.add("C1", *set.set, before.out, *set.set, nullptr);
  bool told = false;
  for (const auto& [key, group] : diff.groups()) told |= key.path == "message";
  BOOST_TEST(told);
}

BOOST_AUTO_TEST_CASE(rows_to_paste_compile) {
  const Compiled set = compile(patient_set(kRules, kVocab));
  mapping::UnmappedTally tally;
  tally.add("adt", "C1", std::nullopt, {{"Sex", "it's", 0}, {"Sex", "Q", 0}});
  tally.add("lab", "C2", std::nullopt, {{"Sex", "Q", 0}});
  const std::string rows = cli::vocab_rows(tally.list(), mapping::vocab_facts(*set.set));
  BOOST_TEST(rows.find("  'Q': ''    # 2 times from adt, lab") != std::string::npos);
  BOOST_TEST(rows.find("targets so far: female, male") != std::string::npos);
  const Compiled again = compile({{"t.yaml", patient_set(kRules, kVocab)}, {"site.yaml", rows}});
  BOOST_TEST(again.set, again.report());
}

BOOST_AUTO_TEST_SUITE_END()
