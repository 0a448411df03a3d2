// What the department writes besides the letters of single records: the quality file of who has many
// old charts, the weekly list, requests for information.
#include <boost/test/unit_test.hpp>
#include <fhir/json.hpp>
#include <him/command.hpp>
#include <him/letters.hpp>

#include "ward.hpp"

using test::Ward;

namespace {

const char* const kRules = R"(
pack: t
rules:
  - id: R06
    title: Discharge summary
    source: 42 CFR 482.24(c)(4)(vii)
    severity: H
    effective_from: 2000-01-01
    needs: [ADT]
    trigger: {event: discharged}
    requires: {document: [18842-5, DS]}
    lacking: {code: 18842-5, text: Discharge summary}
    owner: [visit.attending, =medical-records]
    due: {from: visit.end, after: 7d}
policy:
  hospital: Test & Hope
  suspension_after: 400d
  quality_file_charts: 3
  quality_file_charts_after: 60d
  jeopardy_on: monday
  letters:
    L5: {title: Quality, to: [quality-file], body: '{{owner}} {{count}}: {{items}}'}
    jeopardy: {title: Jeopardy, to: [medical-director], body: "{{count}}\n\n{{items}}"}
    request: {title: Request, body: 'To {{owner}}: {{patient}}, {{visit}}: {{text}} {{number}}'}
)";

void discharge(Ward& ward, const std::string& visit, const std::string& at,
               const std::string& attending = "1001 Adams, Ruth") {
  ward.message(at, {{"patient", {{"mrn", "100"}, {"family", "Rivera"}, {"given", "Ana"}}},
                    {"visit", {{"id", visit}, {"start", at}, {"end", at}, {"status", "finished"},
                               {"attending", attending}}}});
}

std::vector<him::LetterRecord> letters(Ward& ward, him::Letter level) {
  auto found = him::letters(ward.records(), 0, false);
  BOOST_REQUIRE(found.has_value());
  std::erase_if(*found, [level](const auto& one) { return one.level != level; });
  return std::move(*found);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(reports)

BOOST_AUTO_TEST_CASE(many_old_charts_are_told_to_the_quality_file_once) {
  Ward ward(test::rules_from(kRules));
  discharge(ward, "V1", "2026-01-05T10:00:00Z");
  discharge(ward, "V2", "2026-01-06T10:00:00Z");
  discharge(ward, "V9", "2026-01-06T11:00:00Z", "2002 Baker, Ann");
  discharge(ward, "V3", "2026-01-12T10:00:00Z");
  discharge(ward, "V4", "2026-01-20T10:00:00Z");
  ward.run_until("2026-03-13T17:00:00Z");   // the third is sixty days old
  BOOST_TEST(letters(ward, him::Letter::kQualityFile).empty());
  ward.run_until("2026-03-13T18:00:00Z");
  auto all = letters(ward, him::Letter::kQualityFile);
  BOOST_REQUIRE_EQUAL(all.size(), 1u);
  BOOST_TEST(all[0].text.find("Adams, Ruth (1001) 3:") != std::string::npos, all[0].text);
  BOOST_TEST(all[0].recipients == "quality-file");
  // A fourth one is no news, nor is half a year of those that were told; that of the fourth is.
  ward.restart();
  ward.run_until("2026-07-20T18:00:00Z");
  BOOST_TEST(letters(ward, him::Letter::kQualityFile).size() == 2u);   // V9, by its age
  ward.run_until("2026-08-20T18:00:00Z");
  all = letters(ward, him::Letter::kQualityFile);
  BOOST_REQUIRE_EQUAL(all.size(), 3u);
  BOOST_TEST(all[1].owner_id == "2002");
  BOOST_TEST(all[2].text.find("visit V4") != std::string::npos, all[2].text);
}

BOOST_AUTO_TEST_CASE(the_weekly_list_names_who_is_in_jeopardy) {
  Ward ward(test::rules_from(kRules));
  discharge(ward, "V1", "2026-01-05T10:00:00Z");   // a Monday; overdue on the next one
  discharge(ward, "V2", "2026-01-06T10:00:00Z", "2002 Baker, Ann");
  ward.run_until("2026-01-12T17:59:00Z");
  BOOST_TEST(letters(ward, him::Letter::kJeopardyList).empty());   // nobody was, a week ago
  ward.run_until("2026-01-12T18:00:00Z");
  auto all = letters(ward, him::Letter::kJeopardyList);
  BOOST_REQUIRE_EQUAL(all.size(), 1u);
  BOOST_TEST(all[0].owner == "medical-director");
  BOOST_TEST(all[0].recipients == "medical-director");
  BOOST_TEST(all[0].text.find("Adams, Ruth (1001): 1 delinquent in 1 charts, the oldest due "
                              "2026-01-12") != std::string::npos, all[0].text);
  BOOST_TEST(all[0].text.find("Baker") == std::string::npos);
  ward.sweep("2026-01-12T18:30:00Z");
  ward.restart();
  ward.sweep("2026-01-13T18:00:00Z");
  BOOST_TEST(letters(ward, him::Letter::kJeopardyList).size() == 1u);
  // The engine was down for two Mondays: one list, of today.
  ward.sweep("2026-01-28T09:00:00Z");
  all = letters(ward, him::Letter::kJeopardyList);
  BOOST_REQUIRE_EQUAL(all.size(), 2u);
  BOOST_TEST(all[1].text.starts_with("Jeopardy\n\n2\n"), all[1].text);
  BOOST_TEST(all[1].html.find("<td>Baker, Ann (2002)</td>") != std::string::npos);
  const auto next = ward.charts().next_deadline();
  BOOST_REQUIRE((next.has_value() && next->has_value()));
  BOOST_TEST((**next <= test::at("2026-02-02T18:00:00Z")));
}

BOOST_AUTO_TEST_CASE(somebody_is_asked_for_information) {
  Ward ward(test::rules_from(kRules));
  discharge(ward, "V1", "2026-01-05T10:00:00Z");
  ward.command("2026-01-06T10:00:00Z",
               R"({"action":"request","by":"ann","visit":"V1","recipient":"Mrs <Rivera>",)"
               R"("text":"The consent & the old record"})");
  const auto all = letters(ward, him::Letter::kRequest);
  BOOST_REQUIRE_EQUAL(all.size(), 1u);
  BOOST_TEST(all[0].text ==
             "Request\n\nTo Mrs <Rivera>: Rivera, Ana, V1: The consent & the old record 1");
  BOOST_TEST(all[0].html.find("Mrs &lt;Rivera&gt;") != std::string::npos);
  BOOST_TEST(!all[0].sent.has_value());
  fhir::Document memory;
  bool told = false;
  for (const fhir::Node* one : ward.charts().take_notices(memory)) {
    std::string body;
    fhir::write_json(one, body);
    if (one->text_of("resourceType") != "Communication") continue;
    told = true;
    BOOST_TEST(body.find(R"("code":"request")") != std::string::npos, body);
    BOOST_TEST(body.find(R"("recipient":[{"display":"Mrs <Rivera>"}])") != std::string::npos, body);
  }
  BOOST_TEST(told);
  const auto refused = [&](const char* json) {
    const auto order = fhir::parse_json(json, memory);
    const auto good = him::check_command(ward.records(), ward.rules(), **order,
                                         test::at("2026-01-06T10:00:00Z"));
    return good ? std::string() : good.error().text();
  };
  BOOST_TEST(refused(R"({"action":"request","by":"a","visit":"V1","text":"x"})")
                 .find("\"recipient\" is needed") != std::string::npos);
  BOOST_TEST(refused(R"({"action":"request","by":"a","visit":"V7","recipient":"x","text":"x"})")
                 .find("no visit has that number") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
