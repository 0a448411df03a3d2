// The audit protocol of a visit, the periodic review of all files, and worklists.
#include <boost/test/unit_test.hpp>
#include <fhir/json.hpp>
#include <him/audit.hpp>
#include <him/command.hpp>
#include <him/review.hpp>

#include <algorithm>
#include <map>

#include "ward.hpp"

using him::Finding;
using test::Fields;
using test::Ward;

namespace {

const Fields kAdmitted = {{"start", "2026-03-02T08:00:00Z"}};
const Fields kDischarged = {{"status", "finished"}, {"end", "2026-03-06T09:30:00Z"}};

him::Audit audit(Ward& ward, const std::string& visit, const std::string& now, bool every = false) {
  auto found = him::audit(ward.records(), ward.rules(), visit, test::at(now), ward.site(), every);
  BOOST_REQUIRE_MESSAGE(found.has_value(), (found ? "" : found.error().text()));
  return std::move(*found);
}

him::AuditLine line(const him::Audit& protocol, const std::string& rule) {
  for (const auto& one : protocol.lines) {
    if (one.rule == rule) return one;
  }
  return {};
}

void discharge(Ward& ward, const std::string& visit, const std::string& end) {
  ward.message(end, {{"visit", {{"id", visit}, {"start", "2026-01-02T08:00:00Z"},
                                {"status", "finished"}, {"end", end}}}});
}

him::ReviewPeriod quarter(const std::string& name, const core::TimeZone& zone = {}) {
  const auto period = him::review_period(name, "", "", zone);
  BOOST_REQUIRE(period.has_value());
  return *period;
}

him::ReviewCoverage coverage(Ward& ward, const std::string& name) {
  const auto files = him::review_files(ward.records(), quarter(name));
  BOOST_REQUIRE(files.has_value());
  return him::coverage_of(quarter(name), *files);
}

core::Status check(Ward& ward, const std::string& json) {
  fhir::Document memory;
  const auto order = fhir::parse_json(json, memory);
  BOOST_REQUIRE(order.has_value());
  return him::check_command(ward.records(), ward.rules(), **order, test::at("2026-04-05T08:00:00Z"));
}

}  // namespace

BOOST_AUTO_TEST_CASE(audit_tells_pass_open_exempt_and_why) {
  Ward ward(test::core_rules());
  ward.message("2026-03-02T08:05:00Z", {{"visit", kAdmitted}});
  ward.message("2026-03-02T10:00:00Z", {{"document", {{"types", "HP"}, {"completion", "AU"}}}});
  ward.message("2026-03-06T10:00:00Z", {{"visit", kDischarged}});
  const him::Audit protocol = audit(ward, "V1", "2026-03-07T08:00:00Z");
  BOOST_TEST(!protocol.passed());
  const auto history = line(protocol, "R01");
  BOOST_TEST((history.finding == Finding::kPass));
  BOOST_TEST(history.why == "closed by ward|M2");
  BOOST_TEST(history.source.find("482.22") != std::string::npos);
  const auto summary = line(protocol, "R06");
  BOOST_TEST((summary.finding == Finding::kOpen));
  BOOST_TEST(!summary.lacking.empty());
  BOOST_TEST(summary.deficiency == ward.one("R06", "2026-03-07T08:00:00Z").id);
  BOOST_TEST((summary.due == ward.one("R06", "2026-03-07T08:00:00Z").due));
  // Nothing was operated on: the rule does not concern this visit.
  BOOST_TEST(line(protocol, "R09").rule.empty());
  const him::Audit all = audit(ward, "V1", "2026-03-07T08:00:00Z", true);
  BOOST_TEST((line(all, "R09").finding == Finding::kNone));
  for (const std::string& id : ward.rules().rule_ids()) BOOST_TEST(line(all, id).rule == id);
}

BOOST_AUTO_TEST_CASE(audit_names_the_exemption_the_decision_and_the_silence) {
  Ward ward(test::shipped_rules());
  ward.message("2026-03-02T08:05:00Z",
               {{"visit", kAdmitted}, {"document", {{"types", "HP"}, {"completion", "AU"},
                                                    {"activity", "2026-02-20T08:00:00Z"}}}});
  ward.message("2026-03-06T10:00:00Z",
               {{"visit", {{"status", "finished"}, {"end", "2026-03-06T09:30:00Z"},
                           {"disposition", "20"}}}});
  const std::string id = ward.one("R06", "2026-03-06T11:00:00Z").id;
  ward.command("2026-03-06T12:00:00Z", R"({"action":"waive","id":")" + id +
                                           R"(","by":"Ito","reason":"author dead"})");
  const him::Audit protocol = audit(ward, "V1", "2026-03-07T08:00:00Z");
  BOOST_TEST((line(protocol, "R06").finding == Finding::kPass));
  BOOST_TEST(line(protocol, "R06").why.find("author dead") != std::string::npos);
  const auto instructions = line(protocol, "R44");   // the patient died: none are owed
  BOOST_TEST((instructions.finding == Finding::kExempt));
  BOOST_TEST(!instructions.why.empty());

  him::Site orders_only;
  him::FeedFacts feed;
  feed.name = "ward";
  feed.messages = {"ADT"};
  orders_only.feeds = {feed};
  Ward deaf(test::core_rules(), orders_only);
  deaf.message("2026-03-02T08:05:00Z", {{"visit", kAdmitted}});
  const auto history = line(audit(deaf, "V1", "2026-03-07T08:00:00Z"), "R01");
  BOOST_TEST((history.finding == Finding::kSilent));
  BOOST_TEST(history.why.find("MDM") != std::string::npos);
  const auto none = him::audit(deaf.records(), deaf.rules(), "V9",
                               test::at("2026-03-07T08:00:00Z"), deaf.site());
  BOOST_REQUIRE(!none);
  BOOST_TEST((none.error().code == core::ErrorCode::kNotFound));
}

BOOST_AUTO_TEST_CASE(periods_are_days_of_the_site) {
  const auto zone = core::TimeZone::find("America/New_York");
  BOOST_REQUIRE(zone.has_value());
  const auto first = quarter("2026Q1", *zone);
  BOOST_TEST((first.from == test::at("2026-01-01T05:00:00Z")));
  BOOST_TEST((first.end == test::at("2026-04-01T04:00:00Z")));
  BOOST_TEST((quarter("2026q4").end == test::at("2027-01-01T00:00:00Z")));
  const auto days = him::review_period("", "2026-03-08", "2026-03-08", *zone);
  BOOST_REQUIRE(days.has_value());
  BOOST_TEST((days->end - days->from == std::chrono::hours(23)));   // clocks go forward
  for (const char* bad : {"2026Q5", "2026Q0", "26Q1", "2026-1", "x"}) {
    BOOST_TEST(!him::review_period(bad, "", "", *zone), bad);
  }
  BOOST_TEST(!him::review_period("", "2026-03-08", "2026-03-07", *zone));
  BOOST_TEST(!him::review_period("", "2026-03-08", "", *zone));
  BOOST_TEST(him::sample_size("10%", 25).value() == 3);
  BOOST_TEST(him::sample_size("30", 25).value() == 25);
  BOOST_TEST(him::sample_size("", 25).value() == 25);
  for (const char* bad : {"0", "101%", "-3", "half"}) BOOST_TEST(!him::sample_size(bad, 25), bad);
}

BOOST_AUTO_TEST_CASE(every_file_of_a_period_is_accounted_for) {
  Ward ward(test::core_rules());
  for (int i = 0; i < 20; ++i) {
    discharge(ward, "V" + std::to_string(i), "2026-02-" + std::to_string(10 + i % 10) + "T10:00:00Z");
  }
  discharge(ward, "V90", "2026-04-01T00:00:00Z");   // the next quarter
  auto sum = coverage(ward, "2026Q1");
  BOOST_TEST(sum.population == 20u);
  BOOST_TEST(sum.unseen == 20u);
  ward.command("2026-04-02T08:00:00Z", R"({"action":"review-plan","quarter":"2026Q1","sample":"25%",
    "reviewer":"Okafor","by":"Ito"})");
  sum = coverage(ward, "2026Q1");
  BOOST_TEST(sum.open == 5u);
  BOOST_TEST(sum.unseen == 15u);
  ward.command("2026-04-02T08:00:00Z",
               R"({"action":"review-plan","quarter":"2026Q1","reviewer":"Lund","by":"Ito"})");
  sum = coverage(ward, "2026Q1");
  BOOST_TEST(sum.open == 20u);
  BOOST_TEST(sum.unseen == 0u);
  ward.command("2026-04-05T08:00:00Z",
               R"({"action":"review-visit","visit":"V3","by":"Okafor","note":"summary is late"})");
  BOOST_TEST(!check(ward, R"({"action":"review-visit","visit":"V3","by":"Lund"})"));
  BOOST_TEST(check(ward, R"({"action":"review-visit","visit":"V4","by":"Lund"})").has_value());
  BOOST_TEST(!check(ward, R"({"action":"review-visit","visit":"V404","by":"Lund"})"));
  BOOST_TEST(!check(ward, R"({"action":"review-plan","quarter":"2026Q1","by":"Lund"})"));
  // A late discharge of that quarter, and one taken back.
  discharge(ward, "V50", "2026-03-30T10:00:00Z");
  ward.message("2026-04-06T08:00:00Z",
               {{"visit", {{"id", "V7"}, {"status", "in-progress"}, {"end", ""}}}});
  ward.restart();
  sum = coverage(ward, "2026Q1");
  BOOST_TEST(sum.population == 20u);
  BOOST_TEST(sum.reviewed == 1u);
  BOOST_TEST(sum.open == 18u);
  BOOST_TEST(sum.unseen == 1u);
  const auto files = him::review_files(ward.records(), quarter("2026Q1"));
  BOOST_REQUIRE(files.has_value());
  const auto mine = std::find_if(files->begin(), files->end(),
                                 [](const auto& one) { return one.visit == "V3"; });
  BOOST_REQUIRE(mine != files->end());
  BOOST_TEST(mine->reviewed_by == "Okafor");
  BOOST_TEST((mine->reviewed == test::at("2026-04-05T08:00:00Z")));
  BOOST_TEST(mine->note == "summary is late");
  BOOST_TEST(mine->open_items > 0u);
  const auto plans = him::review_plans(ward.records());
  BOOST_REQUIRE(plans.has_value());
  BOOST_REQUIRE_EQUAL(plans->size(), 2u);
  BOOST_TEST(plans->front().chosen == 5u);
  BOOST_TEST(plans->back().chosen == 15u);
}

namespace {

/// What others are told of reviews: the last resource of each type, as JSON.
struct Ear {
  Ward& ward;
  std::map<std::string, std::string> last;
  std::string types;   ///< of what came since the last listen()

  void listen() {
    types.clear();
    fhir::Document memory;
    std::map<std::string, const fhir::Node*> latest;
    for (const fhir::Node* one : ward.charts().take_notices(memory)) {
      const std::string type(one->text_of("resourceType"));
      if (type != "Group" && type != "List" && type != "MeasureReport") continue;
      types += type + " ";
      latest[type] = one;
    }
    for (const auto& [type, one] : latest) {
      for (const auto& fault : schema::validate(test::r4(), one)) {
        BOOST_ERROR(type << "." << fault.path << ": " << fault.text);
      }
      last[type].clear();
      fhir::write_json(one, last[type]);
    }
  }
  std::size_t count(const std::string& type, const std::string& text) const {
    const std::string& json = last.at(type);
    std::size_t found = 0;
    for (std::size_t at = json.find(text); at != json.npos; at = json.find(text, at + 1)) ++found;
    return found;
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_review_is_told_as_group_list_and_report) {
  Ward ward(test::core_rules());
  for (const char* visit : {"V1", "V2", "V3"}) discharge(ward, visit, "2026-02-10T10:00:00Z");
  Ear ear{ward, {}, {}};
  ward.command("2026-04-02T08:00:00Z",
               R"({"action":"review-plan","quarter":"2026Q1","reviewer":"Lund","by":"Ito"})");
  ear.listen();
  BOOST_TEST(ear.types == "List Group MeasureReport ");
  BOOST_TEST(ear.count("List", R"("reference":"Encounter/)") == 3u);
  BOOST_TEST(ear.count("List", R"("code":"open")") == 3u);
  BOOST_TEST(ear.count("Group", R"("reference":"Patient/)") == 1u);
  BOOST_TEST(ear.count("Group", R"("period":{"start":"2026-01-01","end":"2026-03-31"})") == 1u);
  BOOST_TEST(ear.count("MeasureReport", R"("status":"pending")") == 1u);
  BOOST_TEST(ear.count("MeasureReport", R"("code":"open"}]},"count":3)") == 1u);
  discharge(ward, "V90", "2026-03-30T10:00:00Z");   // late: nobody has planned it
  for (const char* visit : {"V1", "V2", "V3"}) {
    ward.command("2026-04-05T08:00:00Z",
                 std::string(R"({"action":"review-visit","by":"Lund","visit":")") + visit + "\"}");
    ear.listen();
    BOOST_TEST(ear.types == "List MeasureReport ");
  }
  BOOST_TEST(ear.count("List", R"("code":"reviewed")") == 3u);
  BOOST_TEST(ear.count("MeasureReport", R"("code":"numerator"}]},"count":3)") == 1u);
  BOOST_TEST(ear.count("MeasureReport", R"("code":"unseen"}]},"count":1)") == 1u);
  BOOST_TEST(ear.count("MeasureReport", R"("status":"pending")") == 1u);
  // Reviewed without a plan, it counts all the same.
  ward.command("2026-04-06T08:00:00Z", R"({"action":"review-visit","visit":"V90","by":"Lund"})");
  ear.listen();
  BOOST_TEST(ear.types == "MeasureReport ");
  BOOST_TEST(ear.count("MeasureReport", R"("status":"complete")") == 1u);
  BOOST_TEST(ear.count("MeasureReport", R"("value":100.0)") == 1u);
}

BOOST_AUTO_TEST_CASE(a_large_review_is_told_in_parts) {
  Ward ward(test::core_rules());
  for (int i = 0; i < 503; ++i) {
    discharge(ward, "V" + std::to_string(i), "2026-02-10T10:00:00Z");
  }
  Ear ear{ward, {}, {}};
  ward.command("2026-04-02T08:00:00Z",
               R"({"action":"review-plan","quarter":"2026Q1","reviewer":"Lund","by":"Ito"})");
  ear.listen();
  BOOST_TEST(ear.types == "List Group List Group MeasureReport ");
  BOOST_TEST(ear.count("List", R"("reference":"Encounter/)") == 3u);
  BOOST_TEST(ear.count("List", "(2 of 2)") == 1u);
  const std::string second = ear.last.at("List");
  const std::size_t at = second.find(R"("display":"V)") + 11;
  const std::string visit = second.substr(at, second.find('"', at) - at);
  ward.command("2026-04-05T08:00:00Z",
               R"({"action":"review-visit","by":"Lund","visit":")" + visit + "\"}");
  ear.listen();   // its own part, with the others of it
  BOOST_TEST(ear.count("List", R"("code":"reviewed")") == 1u);
  BOOST_TEST(ear.count("List", R"("reference":"Encounter/)") == 3u);
}

BOOST_AUTO_TEST_CASE(worklists_by_service_unit_and_age) {
  Ward ward(test::core_rules());
  ward.message("2026-03-02T08:05:00Z",
               {{"visit", {{"start", "2026-03-02T08:00:00Z"}, {"service", "MED"},
                           {"location", "4W 12 A"}}},
                {"visit", {{"id", "V2"}, {"start", "2026-03-02T08:00:00Z"}, {"service", "SUR"},
                           {"location", "4WEST 1"}}}});
  const auto visits = [&](const him::ListFilter& filter, const std::string& now) {
    std::string found;
    for (const auto& one : ward.list(now, filter)) {
      if (one.rule == "R01") found += one.visit + " ";
    }
    return found;
  };
  him::ListFilter filter;
  filter.service = "med";
  BOOST_TEST(visits(filter, "2026-03-02T09:00:00Z") == "V1 ");
  filter = {};
  filter.unit = "4W";
  BOOST_TEST(visits(filter, "2026-03-02T09:00:00Z") == "V1 ");
  filter.unit = "4west";
  BOOST_TEST(visits(filter, "2026-03-02T09:00:00Z") == "V2 ");
  filter = {};
  filter.older_than = him::age_from("2d");
  BOOST_TEST(visits(filter, "2026-03-04T08:00:00Z").empty());
  BOOST_TEST(visits(filter, "2026-03-04T08:05:00Z") == "V1 V2 ");
  BOOST_TEST(!him::age_from("2"));
}
