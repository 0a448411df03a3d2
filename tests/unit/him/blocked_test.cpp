// Whom the clock spares: who waits for somebody else's step, who has no privileges to lose, and who
// is away from what the department gave them by hand.
#include <boost/test/unit_test.hpp>
#include <him/letters.hpp>

#include "ward.hpp"

using test::Ward;

namespace {

const char* const kChain = R"(
pack: t
rules:
  - id: SIGN
    title: Signature
    source: bylaws
    severity: H
    effective_from: 2000-01-01
    needs: [MDM]
    trigger: {event: document}
    requires: {holds: subject.signed}
    available: subject.transcribed
    lacking: {text: Signature}
    owner: [subject.author, =medical-records]
    due:
      from: [subject.transcription, subject.time]
      after: 7d
      hard: {from: visit.end, after: 30d}
  - id: TYPE
    title: Transcription
    source: policy
    severity: M
    effective_from: 2000-01-01
    needs: [MDM]
    trigger: {event: document}
    requires: {holds: subject.transcribed}
    lacking: {text: Transcription}
    owner: [subject.assigned, =transcription]
    letters: [L0, L1]
    due: {from: subject.time, after: 24h}
policy:
  letters:
    L0: {title: Assignment, body: '{{owner}}: {{items}}'}
    L1: {title: Reminder, body: '{{owner}}: {{items}}'}
    L2: {title: Warning, body: '{{owner}}: {{items}}'}
    L3: {title: Suspension, body: '{{owner}}: {{items}}'}
    L4: {title: Reinstatement, body: '{{owner}}: {{items}}'}
    L5: {title: Quality, body: '{{owner}}: {{items}}'}
)";

/// "L0 1001, L1 1001"
std::string log(Ward& ward) {
  const auto all = him::letters(ward.records(), 0, false);
  BOOST_REQUIRE(all.has_value());
  std::string out;
  for (const auto& one : *all) {
    out += (out.empty() ? "" : ", ") + std::string(him::to_text(one.level)) + " " + one.owner_id;
  }
  return out;
}

void dictate(Ward& ward) {
  ward.message("2026-03-02T08:05:00Z", {{"patient", {{"mrn", "100"}}},
                                        {"visit", {{"start", "2026-03-02T08:00:00Z"},
                                                   {"end", "2026-03-02T20:00:00Z"},
                                                   {"status", "finished"}}}});
  ward.message("2026-03-03T08:05:00Z",
               {{"document", {{"types", "PR"}, {"completion", "DI"},
                              {"origination", "2026-03-03T08:00:00Z"},
                              {"author", "1001 Adams, Ruth"}, {"assigned", "77 Typist, Tess"}}}});
}

std::size_t in_jeopardy(Ward& ward, const std::string& now) {
  const auto found = him::jeopardy(ward.records(), ward.rules(), test::at(now), ward.site());
  BOOST_REQUIRE(found.has_value());
  return found->size();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(spared)

BOOST_AUTO_TEST_CASE(nobody_is_written_to_about_what_waits_for_another) {
  Ward ward(test::rules_from(kChain));
  dictate(ward);
  // The typist is reminded, though never of privileges; the author hears nothing.
  ward.run_until("2026-03-29T18:00:00Z");
  BOOST_TEST(log(ward) == "L1 77");
  BOOST_TEST(ward.state("TYPE", "2026-03-29T18:00:00Z") == "delinquent");
  BOOST_TEST(ward.state("SIGN", "2026-03-29T18:00:00Z") == "assigned");
  BOOST_TEST(in_jeopardy(ward, "2026-03-29T18:00:00Z") == 0u);
  // The hospital's thirty days are over all the same: delinquent, and nobody's privileges at stake.
  ward.run_until("2026-06-01T18:00:00Z");
  BOOST_TEST(ward.state("SIGN", "2026-06-01T18:00:00Z") == "delinquent");
  BOOST_TEST(log(ward) == "L1 77");
  BOOST_TEST(in_jeopardy(ward, "2026-06-01T18:00:00Z") == 0u);
  // Typed at last: now it is the author's.
  ward.message("2026-06-02T09:00:00Z", {{"document", {{"completion", "DO"},
                                                      {"transcription", "2026-06-02T08:00:00Z"}}}});
  ward.sweep("2026-06-02T18:00:00Z");
  BOOST_TEST(log(ward) == "L1 77, L2 1001");
  BOOST_TEST(ward.state("SIGN", "2026-06-02T18:00:00Z") == "warned");
  BOOST_TEST(in_jeopardy(ward, "2026-06-02T18:00:00Z") == 1u);
}

BOOST_AUTO_TEST_CASE(the_owners_time_begins_with_the_step_before) {
  Ward ward(test::rules_from(kChain));
  dictate(ward);
  ward.run_until("2026-03-24T18:00:00Z");
  // By now the chart was to be complete (21 days): that is not counted against the author.
  ward.message("2026-03-25T09:00:00Z", {{"document", {{"completion", "DO"},
                                                      {"transcription", "2026-03-25T08:00:00Z"}}}});
  BOOST_TEST(ward.state("SIGN", "2026-03-25T09:00:00Z") == "available");
  BOOST_TEST((ward.one("SIGN", "2026-03-25T09:00:00Z").due == test::at("2026-04-01T08:00:00Z")));
  ward.run_until("2026-03-26T18:00:00Z");
  BOOST_TEST(log(ward) == "L1 77, L0 1001");   // now there is something to assign
  ward.run_until("2026-04-01T18:00:00Z");
  BOOST_TEST(log(ward) == "L1 77, L0 1001, L1 1001, L2 1001");
}

BOOST_AUTO_TEST_CASE(an_absence_pauses_what_was_added_by_hand) {
  Ward ward(test::rules_from(kChain));
  dictate(ward);
  ward.command("2026-03-05T08:00:00Z",
               R"({"action":"assign","by":"ann","visit":"V1","lacking":"Query","owner":"1001",)"
               R"("due":"2026-03-20T08:00:00Z","reason":"paper"})");
  const auto due = [&](const std::string& now) {
    return core::to_iso(ward.one("MANUAL", now).due.value());
  };
  BOOST_TEST(due("2026-03-06T08:00:00Z").starts_with("2026-03-20T08:00"));
  // Its chart's day is the earlier one here, too (21 days after the discharge, on the 23rd).
  ward.command("2026-03-10T08:00:00Z",
               R"({"action":"absence","by":"ann","owner":"1001","from":"2026-03-12T00:00:00Z",)"
               R"("to":"2026-03-26T00:00:00Z"})");
  BOOST_TEST(due("2026-03-11T08:00:00Z").starts_with("2026-04-03T08:00"));
  ward.run_until("2026-03-30T18:00:00Z");
  BOOST_TEST(ward.state("MANUAL", "2026-03-30T18:00:00Z") == "available");
  // Back early: the rest of the absence never was.
  ward.command("2026-03-31T08:00:00Z",
               R"({"action":"absence","by":"ann","owner":"1001","from":"2026-04-02T00:00:00Z",)"
               R"("to":"2026-04-12T00:00:00Z"})");
  BOOST_TEST(due("2026-03-31T09:00:00Z").starts_with("2026-04-15T00:00"));
  ward.command("2026-04-01T08:00:00Z",
               R"({"action":"absence-withdraw","by":"ann","owner":"1001",)"
               R"("from":"2026-04-02T00:00:00Z"})");
  BOOST_TEST(due("2026-04-01T09:00:00Z").starts_with("2026-04-03T08:00"));
}

BOOST_AUTO_TEST_CASE(a_discharge_gives_what_was_added_by_hand_the_day_of_its_chart) {
  Ward ward(test::rules_from(kChain));
  ward.message("2026-03-02T08:05:00Z", {{"patient", {{"mrn", "100"}}},
                                        {"visit", {{"start", "2026-03-02T08:00:00Z"}}}});
  ward.command("2026-03-05T08:00:00Z",
               R"({"action":"assign","by":"ann","visit":"V1","lacking":"Query","owner":"=him",)"
               R"("due":"2026-06-20T08:00:00Z","reason":"paper"})");
  BOOST_TEST(!ward.one("MANUAL", "2026-03-06T08:00:00Z").chart_due.has_value());
  ward.message("2026-03-07T08:05:00Z", {{"visit", {{"end", "2026-03-07T08:00:00Z"},
                                                   {"status", "finished"}}}});
  BOOST_TEST((ward.one("MANUAL", "2026-03-08T08:00:00Z").chart_due ==
              test::at("2026-03-28T08:00:00Z")));
  BOOST_TEST(ward.state("MANUAL", "2026-03-29T08:00:00Z") == "delinquent");
}

BOOST_AUTO_TEST_SUITE_END()
