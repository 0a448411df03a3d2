#include <mapping/inspect.hpp>
#include <mapping/unmapped.hpp>

#include <algorithm>

#include "help.hpp"

/// What tools ask of a compiled set, and the counts of codes nobody mapped.
using namespace mapping_test;

BOOST_AUTO_TEST_SUITE(inspecting)

BOOST_AUTO_TEST_CASE(rules_name_what_they_read) {
  const Compiled compiled = compile(patient_set(
      "  name: {when: PID-9 valued, from: PID-5, set: {use: {from: =usual, when: ^7 = L}}}\n"
      "  ext.note: {concat: '{PID-23}, {PID-26.2}'}\n"));
  BOOST_REQUIRE_MESSAGE(compiled.set, compiled.report());
  const auto facts = mapping::rule_facts(*compiled.set);
  std::string said;
  for (std::size_t i = 0; i < facts.size(); ++i) {
    if (!facts[i].is_rule || facts[i].is_datatype) continue;
    said += compiled.set->rule(static_cast<std::uint32_t>(i)).target + ":";
    for (const auto& ref : facts[i].refs) {
      said += " " + ref.segment + "-" + std::to_string(ref.field) + "." +
              std::to_string(ref.component) + (ref.condition ? "?" : "");
    }
    said += facts[i].parent >= 0 ? " inside\n" : "\n";
    BOOST_TEST(facts[i].source == "PID");
    BOOST_TEST(facts[i].type == "Patient");
  }
  BOOST_TEST(said == "Patient.name: PID-5.0 PID-9.0?\n"
                     "Patient.name.use: -0.7? PID-5.0? PID-9.0? inside\n"
                     "Patient.ext.note: PID-23.0 PID-26.2\n");
}

BOOST_AUTO_TEST_CASE(explaining_tells_which_rules_wrote) {
  const Compiled compiled = compile(patient_set("  name: PID-5\n  birthDate: PID-7\n"
                                                "  gender: {from: PID-8, default: =unknown}\n"));
  mapping::MapOptions options;
  options.explain = true;
  const Mapped mapped = map(compiled, adt("PID|||1||Doe^Jane\n"), {}, options);
  const auto facts = mapping::rule_facts(*compiled.set);
  std::string wrote;
  for (std::size_t i = 0; i < facts.size(); ++i) {
    if (!facts[i].is_rule || facts[i].is_datatype) continue;
    wrote += compiled.set->rule(static_cast<std::uint32_t>(i)).target +
             (mapped.out->wrote[i] ? " yes\n" : " no\n");
  }
  BOOST_TEST(wrote == "Patient.name yes\nPatient.birthDate no\nPatient.gender yes\n"
                      "Patient.gender yes\n");
}

BOOST_AUTO_TEST_CASE(unmapped_codes_are_counted) {
  mapping::UnmappedTally tally;
  tally.add("adt", "C1", std::nullopt, {{"Sex", "Q", 0}, {"Sex", "Q", 0}, {"Race", "9", 0}});
  tally.add("adt", "C2", std::nullopt, {{"Sex", "Q", 0}});
  tally.add("lab", "C3", std::nullopt, {{"Sex", "Q", 0}, {"Sex", std::string(70, 'x'), 0}});
  const auto list = tally.list();
  BOOST_REQUIRE(list.size() == 4);
  BOOST_TEST(list[0].feed == "adt");
  BOOST_TEST(list[0].count == 3);
  BOOST_TEST(list[0].first_control_id == "C1");
  BOOST_TEST(list[0].last_control_id == "C2");
  BOOST_TEST(std::any_of(list.begin(), list.end(), [](const auto& one) {
    return one.code == mapping::kLongCode && one.feed == "lab";
  }));
}

BOOST_AUTO_TEST_CASE(the_tally_is_bounded) {
  mapping::UnmappedTally tally;
  for (std::size_t i = 0; i < mapping::kUnmappedCodesMax + 5; ++i) {
    tally.add("f", "C", std::nullopt, {{"V", std::to_string(i), 0}});
  }
  BOOST_TEST(tally.list().size() == mapping::kUnmappedCodesMax);
  BOOST_TEST(tally.dropped() == 5);
}

BOOST_AUTO_TEST_SUITE_END()
