// What the clock alone does: states, the deadline index, as-of views, rules that wait.
#include <boost/test/unit_test.hpp>

#include <algorithm>

#include "ward.hpp"

using test::Fields;
using test::Ward;

namespace {

std::string next(Ward& ward) {
  const auto found = ward.charts().next_deadline();
  BOOST_REQUIRE(found.has_value());
  return *found ? core::to_iso(**found) : "never";
}

const char* const kWaiting = R"(
pack: test
rules:
  - id: T01
    title: Observation notice
    source: 42 CFR 489.20(y)
    severity: H
    effective_from: 2026-01-01
    needs: [ADT]
    trigger:
      event: admitted
      class: OBSENC
      when: not visit.discharged
      wait: {from: visit.start, after: 24h}
    requires: {order: {where: order.code = MOON}}
    lacking: {text: Notice}
    owner: [=case-management]
    due: {from: visit.start, after: 36h}
)";

/// The rate of a month is reported at its end, whatever else there is to do.
const std::string kMonthOver = "2026-04-01T00:00:00Z";

}  // namespace

BOOST_AUTO_TEST_CASE(states_follow_the_clock_and_sweeps_tell_of_each_step) {
  Ward ward(test::core_rules());
  ward.message("2026-03-02T08:05:00Z",
               {{"visit", {{"start", "2026-03-02T08:00:00Z"}}},
                {"document", {{"types", "HP"}, {"completion", "AU"}}},
                {"patient", {{"family", "Rivera"}, {"given", "Ana"}, {"birth_date", "1980-04-02"},
                             {"sex", "female"}, {"city", "Albany"}, {"phone", "5185550143"}}},
                {"contact", {{"name", "Rivera"}}}});
  BOOST_TEST(next(ward) == kMonthOver);
  ward.message("2026-03-06T10:00:00Z",
               {{"visit", {{"status", "finished"}, {"end", "2026-03-06T09:30:00Z"},
                           {"disposition", "01"}}},
                {"diagnosis", {{"type", "F"}, {"priority", "1"}}}});
  BOOST_TEST(next(ward) == "2026-03-10T09:30:00Z");   // R06, three days before it is due
  BOOST_TEST(ward.sweep("2026-03-10T09:29:59Z").empty());
  auto changes = ward.sweep("2026-03-10T09:30:00Z");
  BOOST_REQUIRE_EQUAL(changes.size(), 1);
  BOOST_TEST((changes[0].deficiency.state == him::State::kDue));
  BOOST_TEST((changes[0].kind == him::Change::Kind::kChanged));
  BOOST_TEST(next(ward) == "2026-03-13T09:30:00.000001Z");
  BOOST_TEST(ward.sweep("2026-03-13T09:30:00Z").empty());
  changes = ward.sweep("2026-03-13T09:30:00.000001Z");
  BOOST_REQUIRE_EQUAL(changes.size(), 1);
  BOOST_TEST((changes[0].deficiency.state == him::State::kDelinquent));
  BOOST_TEST(changes[0].deficiency.opened_by == "ward|M2");
  BOOST_TEST(next(ward) == kMonthOver);
}

BOOST_AUTO_TEST_CASE(a_late_sweep_goes_straight_to_the_last_state) {
  Ward ward(test::core_rules());
  ward.message("2026-03-02T08:05:00Z", {{"visit", {{"start", "2026-03-02T08:00:00Z"}}}});
  const auto changes = ward.sweep("2026-05-01T00:00:00Z");
  BOOST_REQUIRE_EQUAL(changes.size(), 2);   // R01 and R32
  for (const auto& one : changes) BOOST_TEST((one.deficiency.state == him::State::kDelinquent));
  BOOST_TEST(ward.sweep("2026-05-01T00:00:00Z").empty());
}

BOOST_AUTO_TEST_CASE(an_admission_heard_of_late_is_delinquent_at_once) {
  Ward ward(test::core_rules());
  const auto changes =
      ward.message("2026-03-05T08:05:00Z", {{"visit", {{"start", "2026-03-02T08:00:00Z"}}}});
  BOOST_REQUIRE(!changes.empty());
  BOOST_TEST((changes[0].deficiency.state == him::State::kDelinquent));
  BOOST_TEST(next(ward) == kMonthOver);
  // Asked for a moment before the store knew of it: what is known now, at that moment.
  BOOST_TEST(ward.state("R01", "2026-03-02T09:00:00Z") == "due");
}

BOOST_AUTO_TEST_CASE(as_of_views_change_nothing_and_work_on_a_read_only_connection) {
  Ward ward(test::core_rules());
  ward.message("2026-03-02T08:05:00Z", {{"visit", {{"start", "2026-03-02T08:00:00Z"}}}});
  ward.message("2026-03-02T12:00:00Z", {{"document", {{"types", "HP"}, {"completion", "AU"}}}});
  auto reader = store::Records::open_read_only(ward.folder(), test::r4());
  BOOST_REQUIRE(reader.has_value());
  him::ListFilter filter;
  filter.rule = "R01";
  const auto state = [&](const std::string& now) {
    const auto found = him::list(**reader, ward.rules(), filter, test::at(now));
    BOOST_REQUIRE(found.has_value());
    BOOST_REQUIRE_EQUAL(found->size(), 1);
    return std::string(him::to_text((*found)[0].state));
  };
  BOOST_TEST(state("2026-03-02T11:00:00Z") == "due");          // before it was signed
  BOOST_TEST(state("2026-03-02T12:00:00Z") == "completed");
  BOOST_TEST(state("2027-03-02T12:00:00Z") == "completed");
  filter.rule = "R32";
  BOOST_TEST(state("2026-03-06T12:00:00Z") == "delinquent");   // unidentified: 72 h
  BOOST_TEST(state("2026-03-02T12:00:00Z") == "due");
  filter.open_only = true;
  filter.rule.clear();
  const auto open = him::list(**reader, ward.rules(), filter, test::at("2026-03-02T11:00:00Z"));
  BOOST_REQUIRE(open.has_value());
  BOOST_TEST(open->size() == 2u);
  const auto count = him::count_open(**reader);
  BOOST_REQUIRE(count.has_value());
  BOOST_TEST(*count == 1u);
}

BOOST_AUTO_TEST_CASE(a_waiting_rule_is_opened_by_the_clock) {
  Ward ward(test::rules_from(kWaiting));
  BOOST_TEST(ward.message("2026-03-02T08:05:00Z",
                          {{"visit", {{"class", "OBSENC"}, {"start", "2026-03-02T08:00:00Z"}}},
                           {"visit", {{"id", "V2"}, {"class", "OBSENC"},
                                      {"start", "2026-03-02T08:00:00Z"}}}})
                 .empty());
  BOOST_TEST(next(ward) == "2026-03-03T08:00:00Z");
  BOOST_TEST(ward.state("T01", "2026-03-03T07:59:59Z") == "none");
  const him::Deficiency ahead = ward.one("T01", "2026-03-03T09:00:00Z");   // not swept yet
  BOOST_TEST((ahead.state == him::State::kDue));
  BOOST_TEST(ahead.opened_by == "clock");
  BOOST_TEST(ward.state("T01", "2026-03-05T09:00:00Z") == "delinquent");
  BOOST_TEST(next(ward) == "2026-03-03T08:00:00Z");

  // The second leaves before: nothing opens for it.
  ward.message("2026-03-02T20:00:00Z",
               {{"visit", {{"id", "V2"}, {"status", "finished"}, {"end", "2026-03-02T19:00:00Z"}}}});
  const auto changes = ward.sweep("2026-03-03T08:00:00Z");
  BOOST_REQUIRE_EQUAL(changes.size(), 1);
  BOOST_TEST((changes[0].kind == him::Change::Kind::kOpened));
  BOOST_TEST(changes[0].deficiency.visit == "V1");
  BOOST_TEST(changes[0].deficiency.opened_by == "clock");
  ward.message("2026-03-03T10:00:00Z", {{"order", {{"code", "MOON"}}}});
  BOOST_TEST(ward.state("T01", "2026-03-05T09:00:00Z") == "completed");
}

BOOST_AUTO_TEST_CASE(rules_are_silent_about_what_was_before_them) {
  Ward ward(test::rules_from(kWaiting));
  ward.message("2026-03-02T08:05:00Z",
               {{"visit", {{"class", "OBSENC"}, {"start", "2025-12-31T08:00:00Z"}}}});
  BOOST_TEST(next(ward) == kMonthOver);
  BOOST_TEST(ward.list("2026-04-01T00:00:00Z").empty());
}

BOOST_AUTO_TEST_CASE(what_a_chart_still_lacks_at_day_21_is_delinquent) {
  Ward ward(test::core_rules());
  ward.message("2026-03-02T08:05:00Z", {{"visit", {{"start", "2026-03-02T08:00:00Z"}}}});
  ward.message("2026-03-06T10:00:00Z",
               {{"visit", {{"status", "finished"}, {"end", "2026-03-06T09:30:00Z"}}}});
  const auto due = test::at("2026-04-05T09:30:00Z");   // the final diagnosis, 30 days after
  BOOST_TEST((ward.one("R26", "2026-03-27T09:30:00Z").due == due));
  BOOST_TEST(ward.state("R26", "2026-03-27T09:30:00Z") == "due");
  const auto changes = ward.sweep("2026-03-27T09:30:00.000001Z");
  const auto mine = std::find_if(changes.begin(), changes.end(), [](const him::Change& one) {
    return one.deficiency.rule == "R26";
  });
  BOOST_REQUIRE((mine != changes.end()));
  BOOST_TEST((mine->deficiency.state == him::State::kDelinquent));
  BOOST_TEST((mine->deficiency.due == due));
  // What comes up after that day has the time that it is given.
  const Fields addendum = {{"id", "late"}, {"types", "PR"}, {"completion", "DO"},
                           {"activity", "2026-03-28T07:30:00Z"}};
  ward.message("2026-03-28T08:00:00Z", {{"document", addendum}});
  BOOST_TEST(ward.state("R21", "2026-03-28T09:00:00Z") != "delinquent");
  // Back in bed, nothing is late for that reason.
  ward.message("2026-03-29T08:00:00Z", {{"visit", {{"status", "in-progress"}, {"end", ""}}}});
  BOOST_TEST(ward.state("R26", "2026-03-29T08:00:00Z") == "cancelled");
}

BOOST_AUTO_TEST_CASE(the_day_of_the_chart_counts_from_what_happened_not_from_hearing_of_it) {
  Ward ward(test::core_rules());
  // A stay that nobody told us of before day 24; a note of it was dictated in time, one was not.
  const std::string heard = "2026-03-30T08:00:00Z";
  ward.message(heard, {{"visit", {{"start", "2026-03-02T08:00:00Z"}, {"status", "finished"},
                                  {"end", "2026-03-06T09:30:00Z"}}},
                       {"document", {{"id", "old"}, {"types", "PR"}, {"completion", "DO"},
                                     {"activity", "2026-03-27T09:29:59Z"}}},
                       {"document", {{"id", "new"}, {"types", "PR"}, {"completion", "DO"},
                                     {"activity", "2026-03-27T09:30:00Z"}}}});
  const auto day_21 = test::at("2026-03-27T09:30:00Z");
  const auto coding = ward.one("R26", heard);
  BOOST_TEST((coding.due == test::at("2026-04-05T09:30:00Z")));
  BOOST_TEST((coding.late_from() == day_21));
  BOOST_TEST(ward.state("R26", heard) == "delinquent");
  him::ListFilter notes;
  notes.rule = "R21";
  for (const him::Deficiency& one : ward.list(heard, notes)) {
    const bool in_time = one.subject == "DocumentReference/old";
    BOOST_TEST((one.chart_due == (in_time ? std::optional(day_21) : std::nullopt)));
    BOOST_TEST((one.state == him::State::kDelinquent) == in_time);
  }
  BOOST_TEST(ward.list(heard, notes).size() == 2);
}
