// Rule packs are checked when they are loaded: what cannot work is refused with its place and a hint.
#include <boost/test/unit_test.hpp>
#include <core/yaml.hpp>
#include <fhir/json.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "rule.hpp"
#include "ward.hpp"
#include "paths.hpp"

namespace {

const std::string kGood = R"(pack: test
lists:
  inpatient: [IMP, ACUTE]
rules:
  - id: T01
    title: A title
    source: policy
    severity: H
    effective_from: 2026-01-01
    needs: [ADT, MDM]
    trigger: {event: admitted, class: '@inpatient', when: visit.stay < 48h}
    exempt:
      - {reason: 'a reason', when: visit.location = OR}
    requires:
      document:
        types: [34117-2, HP]
        where: document.activity >= visit.start - 30d
    lacking: {code: 34117-2, text: A report}
    owner: [document.assigned, visit.attending, =registration]
    due: {from: visit.start, after: 24h, before: first(procedure.time where procedure.code = x)}
)";

std::vector<him::RulePack::Finding> findings_of(const std::string& yaml) {
  std::vector<him::RulePack::Finding> findings;
  const auto file = core::yaml::parse(yaml, "t.yaml");
  BOOST_REQUIRE_MESSAGE(file.has_value(), (file ? "" : file.error().text()));
  std::vector<him::Rule> rules;
  him::read_rules(*file, rules, findings);
  return findings;
}

std::string replaced(const std::string& from, const std::string& to) {
  std::string text = kGood;
  const std::size_t at = text.find(from);
  BOOST_REQUIRE_MESSAGE(at != text.npos, from);
  return text.replace(at, from.size(), to);
}

/// The first finding as "line:column: text".
std::string first(const std::string& from, const std::string& to) {
  const auto findings = findings_of(replaced(from, to));
  if (findings.empty()) return "";
  const auto& one = findings.front();
  return std::to_string(one.line) + ":" + std::to_string(one.column) + ": " + one.text;
}

bool starts(const std::string& text, const std::string& with) {
  const bool good = text.starts_with(with);
  if (!good) BOOST_TEST_MESSAGE("got: " << text);
  return good;
}

std::string read(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_good_pack_has_nothing_to_say) {
  const auto findings = findings_of(kGood);
  for (const auto& one : findings) BOOST_TEST_MESSAGE(one.line << ": " << one.text);
  BOOST_TEST(findings.empty());
}

BOOST_AUTO_TEST_CASE(unknown_words_are_refused_with_the_nearest) {
  BOOST_TEST(starts(first("severity: H", "severty: H"),
                    "8:5: rule has no key \"severty\"; did you mean \"severity\"?"));
  BOOST_TEST(starts(first("event: admitted", "event: admited"),
                    "11:22: event \"admited\" is unknown; did you mean \"admitted\"?"));
  BOOST_TEST(starts(first("visit.stay < 48h", "visit.staay < 48h"),
                    "11:59: visit has no field \"staay\"; did you mean \"stay\"?"));
  BOOST_TEST(starts(first("visit.stay < 48h", "vist.stay < 48h"),
                    "11:59: \"vist.stay\" is neither a field nor a duration; did you mean \"visit\"?"));
  BOOST_TEST(starts(first("'@inpatient'", "'@inpatent'"),
                    "11:39: there is no list \"inpatent\"; did you mean \"inpatient\"?"));
  BOOST_TEST(starts(first("[ADT, MDM]", "[ADT, MDN]"),
                    "10:12: \"MDN\" is no message type; did you mean \"MDM\"?"));
  BOOST_TEST(starts(first("first(procedure.time", "frist(procedure.time"),
                    "20:50: there is no function \"frist\"; did you mean \"first\"?"));
}

BOOST_AUTO_TEST_CASE(what_cannot_work_is_refused) {
  BOOST_TEST(starts(first("visit.stay < 48h", "visit.stay < visit.start"),
                    "11:72: this is a time, but \"visit.stay\" is a duration"));
  BOOST_TEST(starts(first("visit.stay < 48h", "visit.start + visit.end valued"),
                    "11:73: a time plus a time has no meaning"));
  BOOST_TEST(starts(first("visit.stay < 48h", "visit.class < 48h"),
                    "11:59: \"visit.class\" is a code: only = and != work on it"));
  BOOST_TEST(starts(first("visit.stay < 48h", "document.signed"),
                    "11:59: no one document is meant here: use any(document where ...)"));
  BOOST_TEST(starts(first("visit.stay < 48h", "subject.signed"),
                    "11:59: this rule is about the visit"));
  BOOST_TEST(starts(first("visit.stay < 48h", "visit.stay"), "11:69: \"visit.stay\" is a duration"));
  BOOST_TEST(starts(first("visit.stay < 48h", "(visit.stay < 48h"), "11:76: \")\" is missing here"));
  BOOST_TEST(starts(first("34117-2, HP", "34117-3, HP"),
                    "16:16: \"34117-3\" is no LOINC code: its check digit is wrong"));
  BOOST_TEST(starts(first("34117-2, HP", "34117-2, HX"), "16:16: \"HX\" is neither a LOINC code"));
  BOOST_TEST(starts(first("after: 24h", "after: 24"), "20:37: a duration is a number with m, h, d"));
  BOOST_TEST(starts(first("from: visit.start,", "from: visit.stay,"),
                    "20:17: this is a duration, a time is needed here"));
  BOOST_TEST(starts(first(", =registration]", "]"), "19:12: the last step of an owner ladder"));
  BOOST_TEST(starts(first("document.assigned", "visit.class"),
                    "19:13: this is a code, a person is needed here"));
  BOOST_TEST(starts(first("severity: H", "severity: high"), "8:15: severity \"high\" is unknown"));
  BOOST_TEST(starts(first("2026-01-01", "2026-13-01"), "9:21: effective_from is a day"));
  BOOST_TEST(starts(first("id: T01", "id: t01"), "5:9: a rule id is 2 to 16 capital letters"));
  BOOST_TEST(starts(first("    source: policy\n", ""), "5:5: rule needs \"source\""));
  BOOST_TEST(starts(first("text: A report", "text: 'Lacks {missing}'"), "18:36: {missing} needs"));
  BOOST_TEST(starts(first("reason: 'a reason', ", ""), "13:9: exempt needs \"reason\""));
  BOOST_TEST(starts(first("severity: H", "severity: H\n    letters: [L0, L9]"),
                    "9:14: \"L9\" is none of the letters L0, L1, L2, L3, L5"));
  BOOST_TEST(starts(first("severity: H", "severity: H\n    letters: [L0, L2]"),
                    "9:14: L2 threatens with what L3 carries out"));
}

BOOST_AUTO_TEST_CASE(doubtful_rules_are_warned_of) {
  const auto needs = findings_of(replaced("[ADT, MDM]", "[ADT]"));
  BOOST_REQUIRE_EQUAL(needs.size(), 1);
  BOOST_TEST(!needs[0].error);
  const auto unused = findings_of(replaced("class: '@inpatient'", "class: IMP"));
  BOOST_REQUIRE_EQUAL(unused.size(), 1);
  BOOST_TEST(!unused[0].error);
  BOOST_TEST(unused[0].line == 3);
}

BOOST_AUTO_TEST_CASE(a_rule_may_be_there_once) {
  const std::string again = kGood + kGood.substr(kGood.find("  - id"));
  const auto findings = findings_of(again);
  BOOST_REQUIRE_EQUAL(findings.size(), 1);
  BOOST_TEST(findings[0].text == "rule T01 is there twice (also in pack test)");
  BOOST_TEST(findings[0].line == 21);
}

BOOST_AUTO_TEST_CASE(deep_and_long_conditions_are_refused) {
  std::string deep(40, '(');
  deep += "visit.stay < 48h" + std::string(40, ')');
  BOOST_TEST(first("visit.stay < 48h", deep).find("nested too deeply") != std::string::npos);
  std::string nots;
  for (int i = 0; i < 40; ++i) nots += "not ";
  BOOST_TEST(first("visit.stay < 48h", nots + "visit.admitted").find("nested") != std::string::npos);
  const std::string tail(5000, 'x');
  BOOST_TEST(first("visit.stay < 48h", "visit.number = " + tail).find("longer than") !=
             std::string::npos);
}

/// Every seventh byte of the file, each with the file's head and the one rule that it lies in: the
/// other rules would be read anew each time, and say nothing new.
BOOST_AUTO_TEST_CASE(any_damage_to_a_rule_file_is_survived) {
  const std::string shipped = read(test::source_path("/mappings/him/acute.yaml"));
  const std::string mark = "\n  - id: ";
  const std::size_t head = shipped.find(mark) + 1;
  BOOST_REQUIRE(head != 0u);
  int refused = 0;
  for (std::size_t i = 0; i < shipped.size(); i += 7) {
    const std::size_t within = std::max(i, head);
    const std::size_t begin = shipped.rfind(mark, within) + 1;
    const std::size_t end = shipped.find(mark, within);
    std::string damaged =
        shipped.substr(0, head) + shipped.substr(begin, end == shipped.npos ? end : end + 1 - begin);
    damaged[i < head ? i : head + (i - begin)] = "()'\"@:x- "[i % 9];
    const auto file = core::yaml::parse(damaged, "t.yaml");
    if (!file) continue;
    std::vector<him::Rule> rules;
    std::vector<him::RulePack::Finding> findings;
    him::read_rules(*file, rules, findings);
    for (const auto& one : findings) {
      if (!one.error) continue;
      ++refused;
      BOOST_REQUIRE(one.line > 0);
      BOOST_REQUIRE(one.column > 0);
    }
  }
  BOOST_TEST(refused > 100);
}

BOOST_AUTO_TEST_CASE(folders_are_loaded_whole_or_not_at_all) {
  std::vector<him::RulePack::Finding> findings;
  BOOST_TEST(!him::RulePack::load(test::source_path("/no/such/folder"), findings));
  BOOST_REQUIRE_EQUAL(findings.size(), 1);
  const auto rules = test::shipped_rules();
  const auto ids = rules->rule_ids();
  for (const char* id : {"R01", "R06", "R09", "R21", "R26", "R31", "R32"}) {
    BOOST_TEST((std::find(ids.begin(), ids.end(), id) != ids.end()), id);
  }
  BOOST_TEST(rules->hash().size() == 64u);
  BOOST_TEST(test::rules_from(kGood)->hash() != rules->hash());
  BOOST_TEST(test::rules_from(kGood)->hash() == test::rules_from(kGood + "# a remark\n")->hash());
}

BOOST_AUTO_TEST_CASE(editors_know_the_same_keys) {
  fhir::Document memory;
  const auto schema =
      fhir::parse_json(read(test::source_path("/schemas/config/rules.schema.json")), memory);
  BOOST_REQUIRE(schema.has_value());
  for (const auto& [what, keys] : him::rule_keys()) {
    const fhir::Node* part = what == "file" ? *schema : (*schema)->find("definitions")->find(what);
    BOOST_REQUIRE_MESSAGE(part, what);
    std::vector<std::string_view> known;
    const fhir::Node* properties = part->find("properties");
    for (const auto* m = properties->first_member; m; m = m->next) known.push_back(m->name);
    std::vector<std::string_view> wanted = keys;
    std::sort(known.begin(), known.end());
    std::sort(wanted.begin(), wanted.end());
    BOOST_TEST(known == wanted, "keys of " << what);
  }
}

BOOST_AUTO_TEST_CASE(the_manual_names_every_fact) {
  const std::string manual = read(test::source_path("/mappings/him/README.md"));
  for (std::size_t i = 0; i < him::kKindCount; ++i) {
    const auto kind = static_cast<him::Kind>(i);
    for (const him::Field& field : him::fields_of(kind)) {
      const std::string row = "| `" + std::string(him::name_of(kind)) + "." +
                              std::string(field.name) + "` | " +
                              std::string(him::name_of(field.type)) + " | " +
                              std::string(field.meaning) + " |";
      BOOST_TEST(manual.find(row) != std::string::npos, "the manual lacks: " << row);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_manuals_example_works) {
  const std::string manual = read(test::source_path("/mappings/him/README.md"));
  const std::size_t start = manual.find("```yaml\n") + 8;
  const auto findings = findings_of(manual.substr(start, manual.find("```", start) - start));
  for (const auto& one : findings) BOOST_ERROR(one.line << ":" << one.column << ": " << one.text);
}

BOOST_AUTO_TEST_CASE(words_with_wild_cards) {
  BOOST_TEST(him::like("Baby Boy", "BABY *"));
  BOOST_TEST(!him::like("Babylon", "BABY *"));
  BOOST_TEST(him::like("", "*"));
  BOOST_TEST(him::like("abcabd", "*ab?"));
  BOOST_TEST(!him::like("abcabd", "*abc"));
  BOOST_TEST(!him::like("a", ""));
  BOOST_TEST(him::is_loinc("34117-2"));
  BOOST_TEST(him::is_loinc("11504-8"));
  BOOST_TEST(!him::is_loinc("11504-9"));
  BOOST_TEST(!him::is_loinc("-8"));
}
