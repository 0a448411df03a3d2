// What messages do to deficiencies over time: reopening, undoing, moving, merging, and that hearing
// something twice, or in another order, makes no difference.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <random>

#include "ward.hpp"

using him::State;
using test::Fields;
using test::Ward;

namespace {

const Fields kAdmitted = {{"start", "2026-03-02T08:00:00Z"}};
const Fields kDischarged = {{"status", "finished"}, {"end", "2026-03-06T09:30:00Z"}};
const Fields kSigned = {{"types", "HP"}, {"completion", "AU"}};

int open_count(Ward& ward, const std::string& now) {
  him::ListFilter filter;
  filter.open_only = true;
  return static_cast<int>(ward.list(now, filter).size());
}

}  // namespace

BOOST_AUTO_TEST_CASE(signature_taken_back_reopens_the_same_deficiency) {
  Ward ward(test::core_rules());
  ward.message("2026-03-02T08:05:00Z", {{"visit", kAdmitted}});
  const him::Deficiency first = ward.one("R01", "2026-03-02T09:00:00Z");
  ward.message("2026-03-02T10:00:00Z", {{"document", kSigned}});
  BOOST_TEST(ward.state("R01", "2026-03-02T10:00:00Z") == "completed");
  const auto changes =
      ward.message("2026-03-02T11:00:00Z", {{"document", {{"status", "entered-in-error"}}}});
  BOOST_REQUIRE_EQUAL(changes.size(), 1);
  BOOST_TEST((changes[0].kind == him::Change::Kind::kOpened));
  const him::Deficiency again = ward.one("R01", "2026-03-02T11:00:00Z");
  BOOST_TEST(again.id == first.id);
  BOOST_TEST((again.due == first.due));
  BOOST_TEST((again.opened == first.opened));
  BOOST_TEST(again.opened_by == first.opened_by);
  BOOST_TEST(!again.closed.has_value());
  BOOST_TEST(again.closed_by.empty());
  BOOST_TEST(again.closed_sequence.value() == 0);
}

BOOST_AUTO_TEST_CASE(cancelled_admission_cancels_what_is_open_and_nothing_else) {
  Ward ward(test::core_rules());
  ward.message("2026-03-02T08:05:00Z",
               {{"visit", kAdmitted},
                {"visit", {{"id", "V2"}, {"start", "2026-03-02T08:00:00Z"}}},
                {"document", {{"types", "PR"}, {"completion", "DO"}}},
                {"procedure", {{"type", "P"}, {"time", "2026-03-02T10:00:00Z"}}}});
  for (const std::string rule : {"R01", "R09", "R21", "R32"}) {
    BOOST_TEST(ward.open(rule, "2026-03-02T09:00:00Z"), rule);
  }
  ward.message("2026-03-02T09:00:00Z", {{"visit", {{"status", "cancelled"}}}});   // A11
  for (const std::string rule : {"R01", "R09", "R21", "R32"}) {
    BOOST_TEST(ward.state(rule, "2026-03-02T09:00:00Z") == "cancelled", rule);
  }
  BOOST_TEST(ward.open("R01", "2026-03-02T09:00:00Z", "V2"));
}

BOOST_AUTO_TEST_CASE(discharge_taken_back_and_given_again) {
  Ward ward(test::core_rules());
  ward.message("2026-03-02T08:05:00Z", {{"visit", kAdmitted}});
  ward.message("2026-03-06T10:00:00Z", {{"visit", kDischarged}});
  const std::string id = ward.one("R06", "2026-03-06T10:00:00Z").id;
  for (const std::string rule : {"R06", "R26", "R31"}) {
    BOOST_TEST(ward.open(rule, "2026-03-06T10:00:00Z"), rule);
  }
  ward.message("2026-03-06T11:00:00Z", {{"visit", {{"status", "in-progress"}, {"end", ""}}}});
  for (const std::string rule : {"R06", "R26", "R31"}) {
    BOOST_TEST(ward.state(rule, "2026-03-06T11:00:00Z") == "cancelled", rule);
  }
  BOOST_TEST(ward.open("R01", "2026-03-06T11:00:00Z"));
  ward.message("2026-03-08T10:00:00Z",
               {{"visit", {{"status", "finished"}, {"end", "2026-03-08T09:00:00Z"}}}});
  const him::Deficiency again = ward.one("R06", "2026-03-08T10:00:00Z");
  BOOST_TEST(again.id == id);
  BOOST_TEST((again.due == test::at("2026-03-15T09:00:00Z")));
  BOOST_TEST(again.opened_by == "ward|M4");
  BOOST_TEST(!again.closed.has_value());
}

BOOST_AUTO_TEST_CASE(corrected_admission_time_moves_the_due_time) {
  Ward ward(test::core_rules());
  ward.message("2026-03-02T08:05:00Z", {{"visit", kAdmitted}});
  const auto changes =
      ward.message("2026-03-02T09:00:00Z", {{"visit", {{"start", "2026-03-02T06:00:00Z"}}}});
  BOOST_REQUIRE(!changes.empty());
  BOOST_TEST((changes[0].kind == him::Change::Kind::kChanged));
  const him::Deficiency moved = ward.one("R01", "2026-03-02T09:00:00Z");
  BOOST_TEST((moved.due == test::at("2026-03-03T06:00:00Z")));
  BOOST_TEST(moved.opened_by == "ward|M1");
}

BOOST_AUTO_TEST_CASE(a_document_moved_to_its_visit_closes_there) {
  Ward ward(test::core_rules());
  ward.message("2026-03-02T08:05:00Z", {{"visit", kAdmitted}});
  Fields unfiled = kSigned;
  unfiled["completion"] = "DO";
  unfiled["visit"] = "none";
  ward.message("2026-03-02T09:00:00Z", {{"document", unfiled}});
  BOOST_TEST(ward.open("R21", "2026-03-02T09:00:00Z", ""));
  ward.message("2026-03-02T10:00:00Z", {{"document", {{"visit", "V1"}, {"completion", "AU"}}}});
  BOOST_TEST(ward.state("R01", "2026-03-02T10:00:00Z") == "completed");
  BOOST_TEST(!ward.open("R21", "2026-03-02T10:00:00Z", ""));
}

BOOST_AUTO_TEST_CASE(r21_is_about_each_document_alone) {
  const auto hear = [](const Fields& other) {
    Ward ward(test::core_rules());
    ward.message("2026-03-02T08:05:00Z",
                 {{"visit", kAdmitted}, {"visit", {{"id", "V2"}, {"start", "2026-03-02T08:00:00Z"}}}});
    ward.message("2026-03-02T09:00:00Z", {{"document", {{"types", "PR"}, {"completion", "DO"}}}});
    ward.message("2026-03-02T10:00:00Z", {{"document", other}});
    return ward.one("R21", "2026-03-02T11:00:00Z");
  };
  for (const Fields& other :
       {Fields{{"id", "D2"}, {"types", "PR"}, {"completion", "AU"}},
        Fields{{"id", "D2"}, {"types", "PR"}, {"completion", "AU"}, {"visit", "V2"}},
        Fields{{"id", "D2"}, {"types", "PR"}, {"completion", "AU"}, {"patient", "P2"}},
        Fields{{"id", "D2"}, {"types", "HP"}, {"completion", "AU"}}}) {
    const him::Deficiency found = hear(other);
    BOOST_TEST(him::is_open(found.state));
    BOOST_TEST(found.subject == "DocumentReference/D1");
  }
  BOOST_TEST((hear({{"completion", "PA"}}).state == State::kAvailable));
  BOOST_TEST((hear({{"completion", "AU"}}).state == State::kCompleted));
  // Written through FHIR, without the state of TXA-17.
  BOOST_TEST((hear({{"completion", ""}, {"doc_status", "final"}}).state == State::kCompleted));
  BOOST_TEST((hear({{"completion", ""}, {"doc_status", "preliminary"}}).state != State::kCompleted));
}

BOOST_AUTO_TEST_CASE(each_operation_has_its_own_report) {
  Ward ward(test::core_rules());
  ward.message("2026-03-02T08:05:00Z",
               {{"visit", kAdmitted},
                {"procedure", {{"id", "A"}, {"type", "P"}, {"time", "2026-03-03T09:00:00Z"}}},
                {"procedure", {{"id", "B"}, {"type", "P"}, {"time", "2026-03-06T09:00:00Z"}}}});
  const auto lacking = [&ward] {
    std::string found;
    him::ListFilter filter;
    filter.rule = "R09";
    filter.open_only = true;
    for (const him::Deficiency& one : ward.list("2026-03-08T09:00:00Z", filter)) {
      found += one.subject + " ";
    }
    return found;
  };
  BOOST_TEST(lacking() == "Procedure/A Procedure/B ");
  ward.message("2026-03-07T09:00:00Z",
               {{"document", {{"types", "OP"}, {"completion", "AU"},
                              {"activity", "2026-03-06T09:00:00Z"}}}});
  BOOST_TEST(lacking() == "Procedure/A ");
  ward.message("2026-03-07T10:00:00Z",
               {{"document", {{"id", "D2"}, {"types", "OP"}, {"completion", "AU"},
                              {"activity", "2026-03-03T09:00:00Z"}}}});
  BOOST_TEST(lacking().empty());
}

BOOST_AUTO_TEST_CASE(a_replacement_taken_back_gives_the_old_document_its_standing) {
  Ward ward(test::core_rules());
  ward.message("2026-03-02T08:05:00Z", {{"visit", kAdmitted}, {"document", kSigned}});
  BOOST_TEST(ward.state("R01", "2026-03-02T09:00:00Z") == "none");
  ward.message("2026-03-02T09:00:00Z",
               {{"document", {{"id", "D2"}, {"types", "HP"}, {"completion", "DO"},
                              {"replaces", "D1"}}}});
  BOOST_TEST(ward.open("R01", "2026-03-02T09:00:00Z"));
  ward.message("2026-03-02T10:00:00Z", {{"document", {{"id", "D2"}, {"status", "entered-in-error"}}}});
  BOOST_TEST(ward.state("R01", "2026-03-02T10:00:00Z") == "completed");
}

BOOST_AUTO_TEST_CASE(a_merge_takes_the_charts_along) {
  Ward ward(test::core_rules());
  ward.message("2026-03-02T08:05:00Z",
               {{"patient", {{"id", "P1"}, {"mrn", "100"}}},
                {"patient", {{"id", "P2"}, {"mrn", "200"}}},
                {"visit", kAdmitted}});
  const std::string id = ward.one("R01", "2026-03-02T09:00:00Z").id;
  const auto changes = ward.merge("P1", "P2", "2026-03-02T09:00:00Z");
  BOOST_TEST(!changes.empty());
  const him::Deficiency moved = ward.one("R01", "2026-03-02T09:00:00Z");
  BOOST_TEST(moved.id == id);
  BOOST_TEST(moved.patient == "P2");
  BOOST_TEST(moved.mrn == "200");
  // A resource that still names the retired patient reaches the survivor's chart.
  ward.message("2026-03-02T10:00:00Z", {{"document", kSigned}});
  BOOST_TEST(ward.state("R01", "2026-03-02T10:00:00Z") == "completed");
}

BOOST_AUTO_TEST_CASE(removed_resources_leave_the_chart) {
  Ward ward(test::core_rules());
  ward.message("2026-03-02T08:05:00Z", {{"visit", kAdmitted}, {"document", kSigned}});
  BOOST_TEST(ward.state("R01", "2026-03-02T09:00:00Z") == "none");
  ward.remove("DocumentReference", "D1", "2026-03-02T09:00:00Z");
  BOOST_TEST(ward.open("R01", "2026-03-02T09:00:00Z"));
  ward.remove("Encounter", "enc-V1", "2026-03-02T10:00:00Z");
  BOOST_TEST(ward.state("R01", "2026-03-02T10:00:00Z") == "cancelled");
}

BOOST_AUTO_TEST_CASE(hearing_a_message_again_changes_nothing) {
  Ward ward(test::core_rules());
  ward.message("2026-03-02T08:05:00Z", {{"patient", {{"mrn", "100"}}}, {"visit", kAdmitted}});
  ward.sweep("2026-03-05T08:00:00Z");
  BOOST_TEST(ward.state("R01", "2026-03-05T08:00:00Z") == "delinquent");
  const him::Deficiency before = ward.one("R01", "2026-03-05T08:00:00Z");
  // Its old time comes along, and does not turn back the clock.
  BOOST_TEST(ward.repeat_last().empty());
  const him::Deficiency after = ward.one("R01", "2026-03-05T08:00:00Z");
  BOOST_TEST((after.opened == before.opened));
  BOOST_TEST((after.modified == before.modified));
  BOOST_TEST(ward.sweep("2026-03-05T08:00:00Z").empty());
}

BOOST_AUTO_TEST_CASE(a_rolled_back_message_leaves_no_trace) {
  Ward ward(test::core_rules());
  fhir::Document memory;
  const fhir::Node* visit = test::build("visit", kAdmitted, memory);
  BOOST_REQUIRE(ward.records().begin().has_value());
  const him::Cause cause{core::Sequence{1}, "ward|M1", test::at("2026-03-02T08:05:00Z")};
  BOOST_REQUIRE(ward.charts().touch("Encounter", visit->text_of("id"), visit, cause).has_value());
  ward.records().rollback();
  ward.charts().forget();
  BOOST_TEST(ward.message("2026-03-02T09:00:00Z", {}).empty());
  BOOST_TEST(ward.list("2026-03-05T08:00:00Z").empty());
}

BOOST_AUTO_TEST_CASE(the_order_of_independent_messages_does_not_matter) {
  const std::vector<Ward::Resources> messages = {
      {{"patient", {{"id", "P1"}, {"mrn", "100"}, {"family", "Rivera"}}}},
      {{"visit", {{"start", "2026-03-02T08:00:00Z"}, {"status", "finished"},
                  {"end", "2026-03-06T09:30:00Z"}, {"disposition", "01"}}}},
      {{"visit", {{"id", "V2"}, {"start", "2026-03-02T08:00:00Z"}}}},
      {{"document", {{"id", "D1"}, {"types", "HP"}, {"completion", "AU"}}}},
      {{"document", {{"id", "D2"}, {"types", "DS"}, {"completion", "AU"},
                     {"origination", "2026-03-06T09:00:00Z"}}}},
      {{"document", {{"id", "D3"}, {"types", "DS"}, {"completion", "DO"}, {"replaces", "D2"},
                     {"origination", "2026-03-06T09:00:00Z"}}}},
      {{"document", {{"id", "D4"}, {"types", "HP"}, {"completion", "AU"}, {"visit", "V2"},
                     {"status", "entered-in-error"}}}},
      {{"procedure", {{"type", "P"}, {"time", "2026-03-03T09:00:00Z"}}}},
      {{"diagnosis", {{"type", "F"}, {"priority", "1"}}}},
      {{"contact", {{"name", "Rivera"}}}}};
  const auto outcome = [](Ward& ward) {
    std::string text;
    him::ListFilter filter;
    filter.open_only = true;
    for (const him::Deficiency& one : ward.list("2026-03-20T08:00:00Z", filter)) {
      text += one.id + one.rule + one.visit + one.subject + one.lacking + one.owner + one.mrn +
              core::to_iso(*one.due) + std::string(him::to_text(one.state)) + "\n";
    }
    return text;
  };
  std::string expected;
  std::mt19937 random(20260302);
  auto order = messages;
  for (int round = 0; round < 25; ++round) {
    Ward ward(test::core_rules());
    for (const auto& message : order) ward.message("2026-03-10T08:00:00Z", message);
    if (round == 0) expected = outcome(ward);
    BOOST_TEST(outcome(ward) == expected);
    std::shuffle(order.begin(), order.end(), random);
  }
  BOOST_TEST(expected.find("R06") != std::string::npos);
  BOOST_TEST(expected.find("R26") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(several_visits_are_told_apart) {
  Ward ward(test::core_rules());
  for (int i = 0; i < 20; ++i) {
    const std::string n = std::to_string(i);
    ward.message("2026-03-02T08:05:00Z",
                 {{"patient", {{"id", "P" + n}, {"mrn", "M" + n}}},
                  {"visit", {{"id", "V" + n}, {"patient", "P" + n},
                             {"start", "2026-03-02T08:00:00Z"}}}});
  }
  BOOST_TEST(open_count(ward, "2026-03-02T09:00:00Z") == 40);   // R01 and R32 each
  him::ListFilter filter;
  filter.mrn = "M7";
  filter.rule = "R01";
  const auto found = ward.list("2026-03-02T09:00:00Z", filter);
  BOOST_REQUIRE_EQUAL(found.size(), 1);
  BOOST_TEST(found[0].patient == "P7");
}

BOOST_AUTO_TEST_CASE(what_is_said_of_the_patient_alone_is_judged_at_once) {
  Ward ward(test::core_rules());
  ward.message("2026-03-02T08:05:00Z",
               {{"patient", {{"family", "Rivera"}, {"given", "Ana"}, {"birth_date", "1980-04-02"},
                             {"sex", "female"}, {"city", "Albany"}, {"phone", "5185550100"}}},
                {"visit", {{"start", "2026-03-02T08:00:00Z"}}}});
  ward.message("2026-03-06T10:00:00Z",
               {{"visit", {{"status", "finished"}, {"end", "2026-03-06T09:30:00Z"},
                           {"disposition", "20"}}}});
  BOOST_TEST(ward.open("R31", "2026-03-06T10:00:00Z"));   // died, and nobody says so of the patient
  // An A31 that names the patient and no visit.
  ward.message("2026-03-06T12:00:00Z", {{"patient", {{"deceased", "true"}}}}, "ADT^A31");
  BOOST_TEST(!ward.open("R31", "2026-03-06T12:00:00Z"));
  ward.message("2026-03-06T13:00:00Z", {{"patient", {{"deceased", "false"}}}}, "ADT^A31");
  BOOST_TEST(ward.open("R31", "2026-03-06T13:00:00Z"));
}
