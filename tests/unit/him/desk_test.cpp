// What the department does by hand, and what that undoes: letters nobody has sent, absences, the
// month's report.
#include <boost/test/unit_test.hpp>
#include <fhir/json.hpp>
#include <him/command.hpp>
#include <him/letters.hpp>

#include "ward.hpp"

using test::Ward;

namespace {

const std::string kAdams = "1001 Adams, Ruth";

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
    lacking: {code: 18842-5, text: Discharge summary}
    owner: [visit.attending, =medical-records]
    due: {from: visit.end, after: 7d, hard: {from: visit.end, after: 30d}}
policy:
  letters:
    L1: {title: Reminder, body: "{{count}}: {{items}}"}
    L2: {title: Warning, body: 'Suspension on {{suspend_on}}: {{items}}'}
    L3: {title: Suspension, body: 'Suspended since {{since}}: {{items}}'}
    L4:
      title: Reinstatement
      body: 'Suspended since {{since}}, reinstated {{date}}.{{unannounced}}'
      unannounced: ' No letter said so.'
)";

void discharge(Ward& ward, const std::string& visit) {
  ward.message("2026-03-02T08:05:00Z",
               {{"patient", {{"mrn", "100"}, {"family", "Rivera"}, {"given", "Ana"}}},
                {"visit", {{"id", visit}, {"start", "2026-03-02T08:00:00Z"},
                           {"attending", kAdams}}}});
  ward.message("2026-03-06T10:00:00Z",
               {{"visit", {{"id", visit}, {"status", "finished"}, {"disposition", "01"},
                           {"end", "2026-03-06T09:30:00Z"}}}});
}

void sign(Ward& ward, const std::string& visit, const std::string& now) {
  ward.message(now, {{"document", {{"id", "D" + visit}, {"visit", visit}, {"types", "DS"},
                                   {"completion", "AU"}}}});
}

std::vector<him::LetterRecord> letters(Ward& ward, bool unsent_only = false) {
  auto found = him::letters(ward.records(), 0, unsent_only);
  BOOST_REQUIRE(found.has_value());
  return std::move(*found);
}

/// Status of every resource that others were told of since the last call, by its type's letter.
std::string told(Ward& ward) {
  fhir::Document memory;
  std::string out;
  for (const fhir::Node* one : ward.charts().take_notices(memory)) {
    out += std::string(one->text_of("resourceType").substr(0, 1)) + ":" +
           std::string(one->text_of("status")) + " ";
  }
  return out;
}

core::Status check(Ward& ward, const std::string& now, const std::string& json) {
  fhir::Document memory;
  const auto order = fhir::parse_json(json, memory);
  BOOST_REQUIRE(order.has_value());
  return him::check_command(ward.records(), ward.rules(), **order, test::at(now));
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_unsent_letter_asks_only_for_what_is_still_lacking) {
  Ward ward(test::rules_from(kOneRule));
  discharge(ward, "V1");
  discharge(ward, "V2");
  ward.run_until("2026-03-10T18:00:00Z");
  auto all = letters(ward);
  BOOST_REQUIRE_EQUAL(all.size(), 1u);
  BOOST_TEST(all[0].text.starts_with("Reminder\n\n2: "));
  told(ward);
  sign(ward, "V1", "2026-03-11T09:00:00Z");
  all = letters(ward);
  BOOST_REQUIRE_EQUAL(all[0].deficiencies.size(), 1u);
  BOOST_TEST(all[0].deficiencies[0] == ward.one("R06", "2026-03-11T09:00:00Z", "V2").id);
  BOOST_TEST(all[0].text.starts_with("Reminder\n\n1: "));
  BOOST_TEST(all[0].text.find("V1") == std::string::npos);
  BOOST_TEST(all[0].html.find("<td>V1</td>") == std::string::npos);
  BOOST_TEST((all[0].written == test::at("2026-03-10T18:00:00Z")));
  BOOST_TEST(told(ward) == "C:preparation ");
  sign(ward, "V2", "2026-03-11T10:00:00Z");
  BOOST_TEST(told(ward) == "C:not-done ");
  BOOST_TEST(letters(ward, true).empty());
  all = letters(ward);
  BOOST_REQUIRE(all[0].cancelled.has_value());
  BOOST_TEST((*all[0].cancelled == test::at("2026-03-11T10:00:00Z")));
  BOOST_TEST(!all[0].cancelled_why.empty());
  // Its number stays its own, and nothing marks it sent.
  ward.command("2026-03-12T09:00:00Z", R"({"action": "letters-sent", "upto": "9", "by": "clerk"})");
  BOOST_TEST(!letters(ward)[0].sent.has_value());
  discharge(ward, "V3");
  ward.run_until("2026-03-12T18:00:00Z");
  BOOST_REQUIRE_EQUAL(letters(ward).size(), 2u);
  BOOST_TEST(letters(ward)[1].number == 2);
}

BOOST_AUTO_TEST_CASE(a_letter_that_was_sent_stays_as_it_was_sent) {
  Ward ward(test::rules_from(kOneRule));
  discharge(ward, "V1");
  ward.run_until("2026-03-10T18:00:00Z");
  ward.command("2026-03-11T08:00:00Z", R"({"action": "letters-sent", "upto": "1", "by": "clerk"})");
  const std::string as_sent = letters(ward)[0].text;
  sign(ward, "V1", "2026-03-11T09:00:00Z");
  BOOST_TEST(!letters(ward)[0].cancelled.has_value());
  BOOST_TEST(letters(ward)[0].text == as_sent);
}

BOOST_AUTO_TEST_CASE(a_letter_does_not_ask_one_for_what_is_anothers_now) {
  Ward ward(test::rules_from(kOneRule));
  discharge(ward, "V1");
  ward.run_until("2026-03-13T18:00:00Z");
  BOOST_REQUIRE_EQUAL(letters(ward, true).size(), 2u);   // reminder, warning
  const std::string id = ward.one("R06", "2026-03-13T18:00:00Z").id;
  ward.command("2026-03-14T08:00:00Z", R"({"action": "reassign", "owner": "1002", "by": "clerk",)"
                                       R"("new": "true", "reason": "on call", "id": ")" + id + "\"}");
  BOOST_TEST(letters(ward, true).empty());
  ward.run_until("2026-03-14T18:00:00Z");   // the new one is warned in a letter of their own
  BOOST_REQUIRE_EQUAL(letters(ward, true).size(), 1u);
  BOOST_TEST(letters(ward, true)[0].owner_id == "1002");
}

BOOST_AUTO_TEST_CASE(an_absence_is_off_or_ends_early) {
  Ward ward(test::rules_from(kOneRule));
  discharge(ward, "V1");
  const auto due = [&ward](const char* now) { return *ward.one("R06", now).due; };
  const auto before = due("2026-03-06T10:00:00Z");
  const std::string filed = R"({"action": "absence", "owner": "1001", "by": "clerk", )"
                            R"("from": "2026-03-09T00:00:00Z", "to": "2026-03-19T00:00:00Z"})";
  const std::string off = R"({"action": "absence-withdraw", "owner": "1001", "by": "clerk", )"
                          R"("from": "2026-03-09T00:00:00Z"})";
  BOOST_TEST(!check(ward, "2026-03-07T08:00:00Z", off));   // nothing is filed yet
  ward.command("2026-03-07T08:00:00Z", filed);
  BOOST_TEST((due("2026-03-07T08:00:00Z") > before));
  ward.command("2026-03-08T08:00:00Z", off);
  BOOST_TEST((due("2026-03-08T08:00:00Z") == before));
  BOOST_TEST(him::absences(ward.records())->empty());
  // Back after two days of ten: the clock stood still for two, and three days of grace follow.
  ward.command("2026-03-08T09:00:00Z", filed);
  ward.command("2026-03-11T00:00:00Z", off);
  BOOST_REQUIRE_EQUAL(him::absences(ward.records())->size(), 1u);
  BOOST_TEST((due("2026-03-11T00:00:00Z") == before + std::chrono::hours(48)));
  const auto over = check(ward, "2026-03-11T00:00:01Z", off);
  BOOST_REQUIRE(!over);
  BOOST_TEST((over.error().code == core::ErrorCode::kRefusedByPolicy));
}

BOOST_AUTO_TEST_CASE(nobody_unknown_is_away) {
  Ward ward(test::rules_from(kOneRule));
  discharge(ward, "V1");
  fhir::Document memory;
  const auto doctor = fhir::parse_json(
      R"({"resourceType":"Practitioner","id":"p1","identifier":[{"system":"urn:x/id/NORTH",)"
      R"("value":"1002"}],"name":[{"family":"Brown","given":["Peter"]}]})", memory);
  BOOST_REQUIRE(ward.charts()
                    .touch("Practitioner", "p1", *doctor,
                           {core::Sequence{50}, "x", test::at("2026-03-06T11:00:00Z")})
                    .has_value());
  const auto file = [&](const std::string& owner, const std::string& more = {}) {
    return check(ward, "2026-03-07T08:00:00Z",
                 R"({"action": "absence", "by": "clerk", "from": "2026-03-09", "to": "2026-03-19", )"
                 R"("owner": ")" + owner + "\"" + more + "}");
  };
  BOOST_TEST(file("1001").has_value());   // owes something
  for (const char* one : {"1002", "1002@NORTH", "Practitioner/p1"}) {
    BOOST_TEST(file(one).has_value(), one);
  }
  for (const char* one : {"1020", "Brown", "1002@SOUTH"}) {
    const auto refused = file(one);
    BOOST_REQUIRE_MESSAGE(!refused, one);
    BOOST_TEST((refused.error().code == core::ErrorCode::kBadRequest));
    BOOST_TEST(refused.error().detail.find("1002 (Brown, Peter)") != std::string::npos,
               refused.error().detail);
  }
  BOOST_TEST(file("4711", R"(, "new": "true")").has_value());
}

BOOST_AUTO_TEST_CASE(numbers_that_nobody_has_are_refused) {
  Ward ward(test::rules_from(kOneRule));
  discharge(ward, "V1204");
  const std::string id = ward.one("R06", "2026-03-07T08:00:00Z", "V1204").id;
  const auto refusal = [&ward](const std::string& order) {
    const auto done = check(ward, "2026-03-07T08:00:00Z", "{\"by\": \"clerk\", " + order + "}");
    return done ? std::string("taken") : done.error().detail;
  };
  const std::string to_visit = R"("action": "assign", "lacking": "Page 2", "due": "2026-04-01", )";
  const std::string give = R"("action": "reassign", "reason": "x", "id": ")" + id + "\", ";
  BOOST_TEST(refusal(to_visit + R"("visit": "V1204", "owner": "1001")") == "taken");
  BOOST_TEST(refusal(to_visit + R"("visit": "V1204", "owner": "=coding")") == "taken");
  BOOST_TEST(refusal(to_visit + R"("visit": "V1204", "owner": "9", "new": "true")") == "taken");
  BOOST_TEST(refusal(give + R"("owner": "1001")") == "taken");
  const auto names = [](const std::string& text, const char* what) {
    return text.find(what) != std::string::npos;
  };
  for (const std::string& order : {to_visit + R"("visit": "V1204", )", give}) {
    const std::string why = refusal(order + R"("owner": "1O01")");
    BOOST_TEST(names(why, "no practitioner is known by 1O01"), why);
  }
  for (const char* mistyped : {"V1240", "V120", "V12044", "X1204"}) {
    const std::string visit = std::string(R"("visit": ")") + mistyped + "\"";
    for (const std::string& order : {to_visit + R"("owner": "1001", )" + visit,
                                     R"("action": "review-visit", )" + visit}) {
      BOOST_TEST(names(refusal(order), "did you mean V1204?"), refusal(order));
    }
  }
  BOOST_TEST(refusal(R"("action": "review-visit", "visit": "88888888")") ==
             "no visit has that number");
  BOOST_TEST(names(refusal(R"("action": "provider-join", "owner": "1001", "other": "7")"),
                   "known by 7"));
  BOOST_TEST(names(refusal(R"("action": "provider-part", "other": "7")"), "known by 7"));
  BOOST_TEST(names(refusal(R"("action": "absence-withdraw", "owner": "7", "from": "2026-04-01")"),
                   "known by 7"));
}

BOOST_AUTO_TEST_CASE(a_reinstatement_says_when_no_letter_of_suspension_went_before) {
  const auto last_words = [](bool sent) {
    Ward ward(test::rules_from(kOneRule));
    discharge(ward, "V1");
    ward.run_until("2026-03-23T18:00:00Z");
    if (sent) {
      ward.command("2026-03-24T08:00:00Z",
                   R"({"action": "letters-sent", "upto": "3", "by": "clerk"})");
    }
    sign(ward, "V1", "2026-03-25T10:00:00Z");
    const auto all = letters(ward);
    BOOST_REQUIRE_EQUAL(all.size(), 4u);
    BOOST_TEST((all[2].level == him::Letter::kSuspension));
    BOOST_TEST(all[2].cancelled.has_value() == !sent);
    BOOST_TEST((all[3].level == him::Letter::kReinstatement));
    return all[3].text;
  };
  const std::string plain = "Reinstatement\n\nSuspended since 2026-03-23, reinstated 2026-03-25.";
  BOOST_TEST(last_words(true) == plain);
  BOOST_TEST(last_words(false) == plain + " No letter said so.");
}

BOOST_AUTO_TEST_CASE(the_clock_wakes_for_the_end_of_a_month) {
  Ward ward(test::rules_from(kOneRule));
  const auto next = [&ward] {
    const auto at = ward.charts().next_deadline();
    BOOST_REQUIRE(at.has_value());
    return *at ? core::to_iso(**at) : std::string("never");
  };
  BOOST_TEST(next() == "never");
  discharge(ward, "V1");
  sign(ward, "V1", "2026-03-06T11:00:00Z");   // nothing is lacking: only the month goes on
  ward.sweep("2026-03-06T11:00:00Z");
  told(ward);
  BOOST_TEST(next() == "2026-04-01T00:00:00Z");
  ward.sweep(next());
  BOOST_TEST(told(ward) == "M:complete ");
  BOOST_TEST(next() == "2026-05-01T00:00:00Z");
  ward.restart();
  BOOST_TEST(next() == "2026-05-01T00:00:00Z");
  ward.sweep("2026-04-02T00:00:00Z");
  BOOST_TEST(told(ward) == "");
}
