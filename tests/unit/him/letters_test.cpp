// From reminder to suspension and back: letters, clocks that pause and clocks that do not,
// decisions of the department, alerts, and that nothing of it happens twice.
#include <boost/test/unit_test.hpp>
#include <him/command.hpp>
#include <fhir/json.hpp>
#include <him/letters.hpp>

#include <algorithm>
#include <map>

#include "ward.hpp"

using test::Ward;

namespace {

const std::string kAdams = "1001 Adams, Ruth";

/// Discharged on 6 March at 09:30: a summary is due on the 13th at 09:30, letters go out at 18:00.
void discharge(Ward& ward, const std::string& visit = "V1") {
  ward.message("2026-03-02T08:05:00Z",
               {{"patient", {{"mrn", "100"}, {"family", "Rivera"}, {"given", "Ana"}}},
                {"visit", {{"id", visit}, {"start", "2026-03-02T08:00:00Z"},
                           {"attending", kAdams}}}});
  ward.message("2026-03-06T10:00:00Z",
               {{"visit", {{"id", visit}, {"status", "finished"}, {"disposition", "01"},
                           {"end", "2026-03-06T09:30:00Z"}}}});
}

std::vector<him::LetterRecord> letters(Ward& ward) {
  auto found = him::letters(ward.records(), 0, false);
  BOOST_REQUIRE(found.has_value());
  return std::move(*found);
}

/// "L1@2026-03-10T18:00:00Z" of every letter that names the discharge summary, or nothing at all.
std::string log(Ward& ward) {
  const std::string summary = ward.one("R06", "2026-03-06T10:01:00Z").id;
  std::string out;
  for (const auto& one : letters(ward)) {
    const bool ours = one.deficiencies.empty() ||
                      std::find(one.deficiencies.begin(), one.deficiencies.end(), summary) !=
                          one.deficiencies.end();
    if (!ours) continue;
    out +=
        std::string(him::to_text(one.level)) + "@" + core::to_iso(one.written).substr(5, 11) + " ";
  }
  return out;
}

const char* const kOneRule = R"(
pack: test
rules:
  - id: R06
    title: Discharge summary
    source: 42 CFR 482.24(c)(4)(vii)
    severity: H
    effective_from: 2000-01-01
    needs: [ADT, MDM]
    trigger: {event: discharged}
    requires: {document: [18842-5, DS]}
    lacking: {code: 18842-5, text: Discharge <summary>}
    owner: [visit.attending, =medical-records]
    due: {from: visit.end, after: 7d, hard: {from: visit.end, after: 30d}}
  - id: ALERT
    title: Suspended physician
    source: bylaws
    severity: H
    effective_from: 2000-01-01
    needs: [ADT]
    trigger: {event: planned}
    requires: {holds: not visit.suspended}
    lacking: {text: Physician with privileges}
    owner: [=admitting]
    due: {from: visit.seen, after: 0m}
policy:
  hospital: Test & Hope
  letters:
    L0: {title: Assignment, body: '{{number}} {{owner}}: {{items}}'}
    L1: {title: Reminder, body: "{{date}} {{owner}}\n\n{{items}}\n\n{{hospital}}"}
    L2: {title: Warning, body: 'Suspension on {{suspend_on}}: {{items}}'}
    L3: {title: Suspension, to: [director, admitting], body: '{{count}}: {{items}}'}
    L4: {title: Reinstatement, body: '{{owner}} is reinstated.'}
    L5: {title: Quality, body: '{{items}}'}
)";


}  // namespace

BOOST_AUTO_TEST_CASE(the_life_of_a_deficiency_with_its_letters) {
  Ward ward(test::rules_from(kOneRule));
  discharge(ward);
  BOOST_TEST(ward.state("R06", "2026-03-06T10:00:00Z") == "assigned");
  ward.run_until("2026-03-07T17:59:59Z");
  BOOST_TEST(log(ward) == "");
  ward.run_until("2026-03-07T18:00:00Z");
  BOOST_TEST(log(ward) == "L0@03-07T18:00 ");
  ward.run_until("2026-03-10T18:00:00Z");
  BOOST_TEST(ward.state("R06", "2026-03-10T18:00:00Z") == "due");
  BOOST_TEST(log(ward) == "L0@03-07T18:00 L1@03-10T18:00 ");
  ward.run_until("2026-03-13T17:59:00Z");
  BOOST_TEST(ward.state("R06", "2026-03-13T17:59:00Z") == "delinquent");
  ward.run_until("2026-03-13T18:00:00Z");   // the same day
  BOOST_TEST(ward.state("R06", "2026-03-13T18:00:00Z") == "warned");
  ward.run_until("2026-03-23T17:59:00Z");
  BOOST_TEST(ward.state("R06", "2026-03-23T17:59:00Z") == "warned");
  ward.run_until("2026-03-23T18:00:00Z");
  BOOST_TEST(ward.state("R06", "2026-03-23T18:00:00Z") == "suspended");
  ward.message("2026-03-25T10:00:00Z", {{"document", {{"types", "DS"}, {"completion", "AU"}}}});
  BOOST_TEST(ward.state("R06", "2026-03-25T10:00:00Z") == "completed");
  BOOST_TEST(log(ward) ==
             "L0@03-07T18:00 L1@03-10T18:00 L2@03-13T18:00 L3@03-23T18:00 L4@03-25T10:00 ");
  const auto all = letters(ward);
  BOOST_REQUIRE_EQUAL(all.size(), 5);
  for (std::size_t i = 0; i < all.size(); ++i) {
    BOOST_TEST(all[i].number == static_cast<std::int64_t>(i) + 1);
  }
  BOOST_TEST(all[0].text == "Assignment\n\n1 Adams, Ruth (1001):   - Discharge <summary>; "
                            "Rivera, Ana, record 100, visit V1; due 2026-03-13 09:30");
  BOOST_TEST(all[1].html.find("<td>Discharge &lt;summary&gt;</td>") != std::string::npos);
  BOOST_TEST(all[1].html.find("<p>Test &amp; Hope</p>") != std::string::npos);
  BOOST_TEST(all[2].text.starts_with("Warning\n\nSuspension on 2026-03-23:"));
  BOOST_TEST((all[2].suspend_on == test::at("2026-03-23T18:00:00Z")));
  BOOST_TEST(all[3].recipients == "director, admitting");
  BOOST_TEST(all[4].text == "Reinstatement\n\nAdams, Ruth (1001) is reinstated.");
}

BOOST_AUTO_TEST_CASE(others_are_told_of_letters_suspensions_and_rates_once) {
  Ward ward(test::rules_from(kOneRule));
  discharge(ward);
  fhir::Document memory;
  std::map<std::string, std::string> last;   // by id: status
  std::string types;
  const auto listen = [&] {
    for (const fhir::Node* one : ward.charts().take_notices(memory)) {
      types += std::string(one->text_of("resourceType")).substr(0, 1) + " ";
      last[std::string(one->text_of("id"))] = one->text_of("status");
    }
  };
  ward.run_until("2026-03-23T18:00:00Z");
  listen();
  BOOST_TEST(types == "C C C F C ");   // assignment, reminder, warning; suspended, and its letter
  ward.run_until("2026-03-23T19:00:00Z");
  listen();
  BOOST_TEST(types == "C C C F C ");
  ward.message("2026-03-25T10:00:00Z", {{"document", {{"types", "DS"}, {"completion", "AU"}}}});
  listen();
  // Nobody had sent the four letters: they are cancelled.
  BOOST_TEST(types == "C C C F C C C C C F C ");
  BOOST_TEST(last.size() == 6u);   // the end of the suspension is the same Flag
  ward.sweep("2026-04-01T05:00:00Z");
  ward.sweep("2026-04-02T05:00:00Z");
  listen();
  BOOST_TEST(types == "C C C F C C C C C F C M ");
  ward.command("2026-04-02T06:00:00Z",
               R"({"action": "letters-sent", "upto": "5", "by": "clerk", "how": "fax"})");
  listen();
  BOOST_TEST(last.size() == 7u);
  for (const auto& [id, status] : last) {
    const bool ended = status == "completed" || status == "not-done" || status == "inactive" ||
                       status == "complete";
    BOOST_TEST(ended, status);
  }
}

BOOST_AUTO_TEST_CASE(no_letter_is_written_twice) {
  Ward ward(test::rules_from(kOneRule));
  discharge(ward);
  ward.run_until("2026-03-24T00:00:00Z");
  const std::string before = log(ward);
  BOOST_TEST(ward.sweep("2026-03-24T00:00:00Z").empty());
  BOOST_TEST(ward.repeat_last().empty());
  ward.restart();
  BOOST_TEST(ward.sweep("2026-03-24T00:00:01Z").empty());
  BOOST_TEST(ward.repeat_last().empty());
  BOOST_TEST(log(ward) == before);
  BOOST_TEST(ward.state("R06", "2026-03-24T00:00:01Z") == "suspended");
}

BOOST_AUTO_TEST_CASE(a_rolled_back_step_leaves_no_letter_and_loses_no_date) {
  Ward ward(test::rules_from(kOneRule));
  discharge(ward);
  BOOST_REQUIRE(ward.records().begin().has_value());
  const him::Cause cause{core::Sequence{99}, "clock", test::at("2026-03-10T18:00:00Z")};
  BOOST_REQUIRE(ward.charts().sweep(cause).has_value());
  ward.records().rollback();
  ward.charts().forget();
  BOOST_TEST(letters(ward).empty());
  ward.run_until("2026-03-13T18:00:00Z");
  BOOST_TEST(log(ward) == "L0@03-07T18:00 L1@03-10T18:00 L2@03-13T18:00 ");
}

BOOST_AUTO_TEST_CASE(one_letter_names_all_that_falls_due_that_day) {
  Ward ward(test::rules_from(kOneRule));
  discharge(ward);
  discharge(ward, "V2");
  ward.run_until("2026-03-13T18:00:00Z");
  BOOST_REQUIRE_EQUAL(letters(ward).size(), 3);
  for (const auto& one : letters(ward)) BOOST_TEST(one.deficiencies.size() == 2u);
}

BOOST_AUTO_TEST_CASE(an_alert_when_a_suspended_physician_is_planned_for) {
  Ward ward(test::rules_from(kOneRule));
  ward.message("2026-03-05T08:00:00Z",
               {{"visit", {{"id", "V9"}, {"status", "planned"}, {"start", "2026-04-10T08:00:00Z"},
                           {"attending", kAdams}}}});
  discharge(ward);
  BOOST_TEST(ward.state("ALERT", "2026-03-20T08:00:00Z", "V9") == "none");
  ward.run_until("2026-03-23T18:00:00Z");
  BOOST_TEST(ward.open("ALERT", "2026-03-23T18:00:00Z", "V9"));   // it was planned before
  ward.message("2026-03-24T08:00:00Z",
               {{"visit", {{"id", "V8"}, {"status", "planned"}, {"start", "2026-04-10T08:00:00Z"},
                           {"admitting", kAdams}}}});
  BOOST_TEST(ward.open("ALERT", "2026-03-24T08:00:00Z", "V8"));
  ward.message("2026-03-25T10:00:00Z", {{"document", {{"types", "DS"}, {"completion", "AU"}}}});
  BOOST_TEST(ward.state("ALERT", "2026-03-25T10:00:00Z", "V8") == "completed");
  BOOST_TEST(ward.state("ALERT", "2026-03-25T10:00:00Z", "V9") == "completed");
}

BOOST_AUTO_TEST_CASE(an_absence_pauses_the_physician_and_never_the_hospital) {
  Ward ward(test::rules_from(kOneRule));
  discharge(ward);
  ward.command("2026-03-07T08:00:00Z",
               R"({"action":"absence","owner":"1001","from":"2026-03-10T00:00:00Z",
                   "to":"2026-03-15T00:00:00Z","by":"clerk"})");
  // Five days later, and no earlier than three days after the return.
  BOOST_TEST((ward.one("R06", "2026-03-08T08:00:00Z").due == test::at("2026-03-18T09:30:00Z")));
  ward.command("2026-03-08T08:00:00Z",
               R"({"action":"absence","owner":"1001","from":"2026-03-16T00:00:00Z",
                   "to":"2026-06-01T00:00:00Z","by":"clerk"})");
  BOOST_TEST((ward.one("R06", "2026-03-08T08:00:00Z").due == test::at("2026-04-05T09:30:00Z")));
}

BOOST_AUTO_TEST_CASE(an_absence_pauses_the_day_of_the_chart_too) {
  std::string rules = kOneRule;
  const std::string own = "{from: visit.end, after: 7d";
  BOOST_REQUIRE(rules.find(own) != rules.npos);
  rules.replace(rules.find(own), own.size(), "{from: visit.end, after: 25d");
  Ward ward(test::rules_from(rules));
  discharge(ward);   // on the 6th: the chart's day is the 27th
  BOOST_TEST(ward.state("R06", "2026-03-27T09:31:00Z") == "delinquent");
  ward.command("2026-03-07T08:00:00Z",
               R"({"action":"absence","owner":"1001","from":"2026-03-10T00:00:00Z",
                   "to":"2026-03-13T00:00:00Z","by":"clerk"})");
  BOOST_TEST(ward.state("R06", "2026-03-30T09:30:00Z") == "due");
  BOOST_TEST(ward.state("R06", "2026-03-30T09:31:00Z") == "delinquent");
}

BOOST_AUTO_TEST_CASE(an_absence_filed_when_delinquent_pauses_nothing) {
  const auto suspended_by = [](const std::string& filed, const std::string& day) {
    Ward ward(test::rules_from(kOneRule));
    discharge(ward);
    ward.run_until(filed);
    ward.command(filed, R"({"action":"absence","owner":"1001","from":"2026-03-20T00:00:00Z",
                            "to":"2026-03-24T00:00:00Z","by":"clerk"})");
    ward.run_until(day);
    return ward.state("R06", day) == "suspended";
  };
  // Due on the 13th, warned that evening. Filed the day after: the tenth day stays.
  BOOST_TEST(suspended_by("2026-03-14T08:00:00Z", "2026-03-23T18:00:00Z"));
  // Filed while there was time: four days later.
  BOOST_TEST(!suspended_by("2026-03-12T08:00:00Z", "2026-03-26T18:00:00Z"));
  BOOST_TEST(suspended_by("2026-03-12T08:00:00Z", "2026-03-27T18:00:00Z"));
}

BOOST_AUTO_TEST_CASE(every_letter_of_suspension_names_all_that_it_stands_on) {
  std::string rules = kOneRule;
  rules.replace(rules.find("{{count}}: {{items}}"), 20, "Since {{since}}: {{items}}");
  Ward ward(test::rules_from(rules));
  discharge(ward);
  ward.run_until("2026-03-15T08:00:00Z");
  ward.message("2026-03-15T10:00:00Z",
               {{"visit", {{"id", "V2"}, {"patient", "P2"}, {"start", "2026-03-02T08:00:00Z"},
                           {"attending", kAdams}, {"status", "finished"}, {"disposition", "01"},
                           {"end", "2026-03-08T09:30:00Z"}}}});
  ward.run_until("2026-03-27T18:00:00Z");
  std::vector<him::LetterRecord> all = letters(ward);
  std::erase_if(all, [](const auto& one) { return one.level != him::Letter::kSuspension; });
  BOOST_REQUIRE_EQUAL(all.size(), 2u);
  BOOST_TEST(all[0].deficiencies.size() == 1u);
  BOOST_TEST(all[1].deficiencies.size() == 2u);
  // The day on which it began, and whom it is about: in the second letter too.
  BOOST_TEST(all[1].text.find("Since 2026-03-23") != std::string::npos, all[1].text);
  BOOST_TEST(all[1].text.find("Rivera, Ana, record 100, visit V1") != std::string::npos,
             all[1].text);
  BOOST_TEST(all[1].text.starts_with("Suspension\n"));
  BOOST_TEST(all[1].text.find("Copies to: director, admitting") != std::string::npos);
  BOOST_TEST(all[1].html.find("<td>Rivera, Ana</td>") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(absences_that_pause_nothing) {
  using core::Instant;
  const Instant start = test::at("2026-03-01T00:00:00Z"), due = test::at("2026-03-08T00:00:00Z");
  const auto away = [](const std::string& from, const std::string& to) {
    return std::vector<him::Absence>{{"1", test::at(from), test::at(to), test::at(from)}};
  };
  const auto grace = std::chrono::hours(72);
  BOOST_TEST((him::paused(start, due, {}, grace) == due));
  BOOST_TEST((
      him::paused(start, due, away("2026-02-01T00:00:00Z", "2026-02-20T00:00:00Z"), grace) == due));
  BOOST_TEST((
      him::paused(start, due, away("2026-03-09T00:00:00Z", "2026-03-20T00:00:00Z"), grace) == due));
  // Away at the begin: what was not away counts, and three days remain after the return.
  BOOST_TEST((him::paused(start, due, away("2026-02-20T00:00:00Z", "2026-03-04T00:00:00Z"),
                          grace) == test::at("2026-03-11T00:00:00Z")));
  BOOST_TEST((him::paused(start, due, away("2026-03-07T12:00:00Z", "2026-03-20T12:00:00Z"),
                          grace) == test::at("2026-03-23T12:00:00Z")));
}

BOOST_AUTO_TEST_CASE(decisions_of_the_department_stand) {
  Ward ward(test::rules_from(kOneRule));
  discharge(ward);
  const std::string id = ward.one("R06", "2026-03-06T10:01:00Z").id;
  const auto order = [&id](const std::string& action, const std::string& more = "") {
    return R"({"action":")" + action + R"(","id":")" + id + R"(","by":"x","reason":"y")" + more +
           "}";
  };
  ward.command("2026-03-07T08:00:00Z", order("waive"));
  ward.message("2026-03-08T08:00:00Z", {{"visit", {{"id", "V1"}, {"disposition", "03"}}}});
  BOOST_TEST(ward.state("R06", "2026-03-20T08:00:00Z") == "waived");
  ward.command("2026-03-09T08:00:00Z", order("reopen"));
  BOOST_TEST(ward.open("R06", "2026-03-09T08:00:00Z"));
  ward.command("2026-03-10T08:00:00Z",
               order("reassign", R"(,"owner":"2002","owner_name":"Brown, Lee","new":"true")"));
  ward.message("2026-03-11T08:00:00Z", {{"visit", {{"id", "V1"}, {"disposition", "01"}}}});
  BOOST_TEST(ward.one("R06", "2026-03-11T08:00:00Z").owner == "Brown, Lee (2002)");
  BOOST_TEST((ward.one("R06", "2026-03-11T08:00:00Z").due == test::at("2026-03-13T09:30:00Z")));
  ward.command("2026-03-12T08:00:00Z", order("complete"));
  ward.message("2026-03-12T09:00:00Z", {{"visit", {{"id", "V1"}, {"disposition", "03"}}}});
  BOOST_TEST(ward.state("R06", "2026-03-12T09:00:00Z") == "completed");
  ward.command("2026-03-12T10:00:00Z",
               R"({"action":"assign","visit":"V1","owner":"1001","lacking":"Page 2",
                   "due":"2026-03-20T08:00:00Z","by":"x","new":"true"})");
  BOOST_TEST(ward.one("MANUAL", "2026-03-12T10:00:00Z").lacking == "Page 2");
  BOOST_TEST(ward.one("MANUAL", "2026-03-12T10:00:00Z").mrn == "100");
}

BOOST_AUTO_TEST_CASE(orders_that_cannot_be_carried_out_are_refused) {
  Ward ward(test::rules_from(kOneRule));
  discharge(ward);
  const auto code = [&ward](const std::string& json) {
    fhir::Document memory;
    const auto order = fhir::parse_json(json, memory);
    BOOST_REQUIRE(order.has_value());
    const auto done = him::check_command(ward.records(), ward.rules(), **order,
                                         test::at("2026-03-07T08:00:00Z"));
    return done ? core::ErrorCode::kUsage : done.error().code;
  };
  using core::ErrorCode;
  BOOST_TEST((code(R"({"action":"forgive","by":"x"})") == ErrorCode::kBadRequest));
  BOOST_TEST((code(R"({"action":"waive","by":"x","reason":"y"})") == ErrorCode::kBadRequest));
  BOOST_TEST(
      (code(R"({"action":"waive","id":"no","by":"x","reason":"y"})") == ErrorCode::kNotFound));
  BOOST_TEST((code(R"({"action":"reviewed","document":"no","by":"x"})") == ErrorCode::kNotFound));
  // Filed after it began; shorter than three days.
  BOOST_TEST((code(R"({"action":"absence","owner":"1","new":"true","from":"2026-03-06T00:00:00Z",
      "to":"2026-03-20T00:00:00Z","by":"x"})") == ErrorCode::kRefusedByPolicy));
  BOOST_TEST((code(R"({"action":"absence","owner":"1","new":"true","from":"2026-03-10T00:00:00Z",
      "to":"2026-03-12T00:00:00Z","by":"x"})") == ErrorCode::kRefusedByPolicy));
}

BOOST_AUTO_TEST_CASE(an_outage_suspends_nobody) {
  him::Site site;
  site.feeds = {{"ward", {}, false, {}, std::chrono::hours(24)}};
  Ward ward(test::rules_from(kOneRule), site);
  discharge(ward);
  ward.run_until("2026-04-20T08:00:00Z");   // nothing was heard since 6 March
  BOOST_TEST(letters(ward).empty());
  ward.message("2026-04-20T09:00:00Z", {});
  ward.run_until("2026-04-20T18:00:00Z");
  BOOST_TEST(log(ward) == "L2@04-20T09:00 ");
  BOOST_TEST(ward.state("R06", "2026-04-20T18:00:00Z") == "warned");
}

BOOST_AUTO_TEST_CASE(a_historical_feed_opens_nothing) {
  Ward ward(test::rules_from(kOneRule));
  const auto hear = [&ward](const std::string& now, const test::Fields& visit, bool historical) {
    return ward.message(now, {{"visit", visit}}, "ADT^A03", historical);
  };
  BOOST_TEST(hear("2026-03-06T10:00:00Z",
                  {{"start", "2026-03-02T08:00:00Z"}, {"attending", kAdams},
                   {"status", "finished"}, {"end", "2026-03-06T09:30:00Z"}}, true).empty());
  ward.run_until("2026-04-20T08:00:00Z");
  BOOST_TEST(ward.state("R06", "2026-04-20T08:00:00Z") == "none");
  BOOST_TEST(letters(ward).empty());
  // A live message about the same visit makes it a present one.
  hear("2026-04-21T08:00:00Z", {{"disposition", "01"}}, false);
  BOOST_TEST(ward.open("R06", "2026-04-21T08:00:00Z"));
}

BOOST_AUTO_TEST_CASE(rules_are_silent_without_their_feeds_and_before_them) {
  const auto state = [](std::vector<him::FeedFacts> feeds) {
    him::Site site;
    site.feeds = std::move(feeds);
    Ward ward(test::rules_from(kOneRule), site);
    discharge(ward);
    return ward.state("R06", "2026-03-06T11:00:00Z");
  };
  BOOST_TEST(state({{"a", {"ADT^A01", "ADT"}}, {"m", {"MDM"}}}) == "assigned");
  BOOST_TEST(state({{"a", {"ADT"}}}) == "none");
  BOOST_TEST(state({{"a", {"ADT"}}, {"m", {"MDM"}, true}}) == "none");
  BOOST_TEST(state({{"a", {}, false, test::at("2026-03-07T00:00:00Z")}}) == "none");
  BOOST_TEST(state({{"a", {}, false, test::at("2026-03-06T00:00:00Z")}}) == "assigned");
}

BOOST_AUTO_TEST_CASE(jeopardy_and_rate) {
  Ward ward(test::rules_from(kOneRule));
  discharge(ward);
  discharge(ward, "V2");
  ward.message("2026-03-10T08:00:00Z",
               {{"visit", {{"id", "V3"}, {"start", "2026-03-09T08:00:00Z"}, {"attending", kAdams},
                           {"status", "finished"}, {"end", "2026-03-10T08:00:00Z"}}},
                {"document", {{"visit", "V3"}, {"types", "DS"}, {"completion", "AU"}}}});
  ward.run_until("2026-03-13T18:00:00Z");
  auto list = him::jeopardy(ward.records(), ward.rules(), test::at("2026-03-14T08:00:00Z"), {});
  BOOST_REQUIRE(list.has_value());
  BOOST_REQUIRE_EQUAL(list->size(), 1);
  BOOST_TEST(list->front().owner == "Adams, Ruth (1001)");
  BOOST_TEST(list->front().charts == 2u);
  BOOST_TEST((list->front().suspension == test::at("2026-03-23T18:00:00Z")));
  BOOST_TEST(!list->front().suspended);
  const auto rate = [&ward](const std::string& month) {
    auto found =
        him::delinquency_rate(ward.records(), ward.rules(), test::at(month), 3, ward.site());
    BOOST_REQUIRE(found.has_value());
    return *found;
  };
  // At the end of March no chart is older than 30 days; at the end of April two are, over 3 / 3.
  BOOST_TEST(rate("2026-03-15T00:00:00Z").delinquent_charts == 0u);
  const him::Rate april = rate("2026-04-15T00:00:00Z");
  BOOST_TEST(april.delinquent_charts == 2u);
  BOOST_TEST(april.discharges == 3u);
  BOOST_TEST(*april.percent == 200.0);
  BOOST_TEST(april.level == "alarm");
  BOOST_TEST(!rate("2025-04-15T00:00:00Z").percent.has_value());
}

BOOST_AUTO_TEST_CASE(the_way_of_a_document) {
  Ward ward;
  discharge(ward);
  ward.message("2026-03-06T11:00:00Z",
               {{"document", {{"types", "DS"}, {"completion", "DI"}, {"author", kAdams},
                              {"origination", "2026-03-06T10:30:00Z"}}}});
  const auto chain = [&ward](const std::string& now) {
    auto found =
        him::document_chains(ward.records(), ward.rules(), "V1", test::at(now), ward.site());
    BOOST_REQUIRE(found.has_value());
    BOOST_REQUIRE_EQUAL(found->size(), 1);
    return found->front();
  };
  const him::Chain dictated = chain("2026-03-06T11:00:00Z");
  BOOST_REQUIRE_EQUAL(dictated.steps.size(), 5);
  BOOST_TEST(dictated.steps[0].done);
  BOOST_TEST(dictated.steps[1].owner == "transcription");
  BOOST_TEST((dictated.steps[1].due == test::at("2026-03-07T10:30:00Z")));
  BOOST_TEST(dictated.steps[2].owner == "Adams, Ruth (1001)");
  ward.message("2026-03-08T11:00:00Z",
               {{"document", {{"completion", "DO"}, {"transcription", "2026-03-08T10:30:00Z"}}}});
  // The signer's seven days begin when there is something to sign.
  BOOST_TEST((chain("2026-03-08T11:00:00Z").steps[2].due == test::at("2026-03-15T10:30:00Z")));
  ward.message("2026-03-09T11:00:00Z",
               {{"document", {{"completion", "LA"}, {"authentication", "2026-03-09T10:30:00Z"}}}});
  const him::Chain sealed = chain("2026-03-09T11:00:00Z");
  BOOST_TEST(sealed.steps[3].done);
  BOOST_TEST(!sealed.steps[4].done);   // reviewed is never derived
  ward.command("2026-03-10T08:00:00Z", R"({"action":"reviewed","document":"D1","by":"Hill"})");
  BOOST_TEST(chain("2026-03-10T08:00:00Z").steps[4].done);
  BOOST_TEST(chain("2026-03-10T08:00:00Z").steps[4].owner == "Hill");
  // An addendum begins a way of its own, and the chart lacks its signature.
  ward.message("2026-03-12T08:00:00Z",
               {{"document", {{"id", "D2"}, {"types", "DS"}, {"completion", "DO"},
                              {"author", kAdams}, {"appends", "D1"}}}});
  bool lacks = false;
  for (const auto& one : ward.list("2026-03-12T09:00:00Z")) {
    lacks = lacks || (one.rule == "R21" && one.subject == "DocumentReference/D2" &&
                      him::is_open(one.state));
  }
  BOOST_TEST(lacks);
}

BOOST_AUTO_TEST_CASE(what_a_changed_rule_would_do) {
  Ward ward(test::rules_from(kOneRule));
  discharge(ward);
  std::string changed = kOneRule;
  changed.replace(changed.find("needs: [ADT, MDM]"), 17, "needs: [ADT, MDM]\n    exempt:\n"
                  "      - {reason: short, when: visit.stay < 5d}");
  const auto diff = [&ward](const std::string& after, const std::string& from) {
    auto found = him::rules_diff(ward.records(), ward.rules(), *test::rules_from(after),
                                 test::at(from), test::at("2026-03-20T00:00:00Z"), ward.site());
    BOOST_REQUIRE(found.has_value());
    return std::move(*found);
  };
  BOOST_TEST(diff(kOneRule, "2026-01-01").empty());
  const auto closes = diff(changed, "2026-01-01");
  BOOST_REQUIRE_EQUAL(closes.size(), 1);
  BOOST_TEST((closes[0].kind == him::RuleDifference::Kind::kCloses));
  BOOST_TEST(closes[0].deficiency.rule == "R06");
  BOOST_TEST(diff(changed, "2026-03-07").empty());
  std::string sooner = kOneRule;
  sooner.replace(sooner.find("after: 7d"), 9, "after: 3d");
  const auto alters = diff(sooner, "2026-01-01");
  BOOST_REQUIRE_EQUAL(alters.size(), 1);
  BOOST_TEST((alters[0].kind == him::RuleDifference::Kind::kAlters));
  BOOST_TEST(alters[0].altered == std::vector<std::string>{"due"}, boost::test_tools::per_element());
  BOOST_TEST((alters[0].before.due == test::at("2026-03-13T09:30:00Z")));
  BOOST_TEST((alters[0].deficiency.due == test::at("2026-03-09T09:30:00Z")));
  BOOST_TEST(alters[0].deficiency.owner == "Adams, Ruth (1001)");
  BOOST_TEST(ward.open("R06", "2026-03-06T11:00:00Z"));   // and changes nothing
}
