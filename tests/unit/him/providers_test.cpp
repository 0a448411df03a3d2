// One doctor under several ids is one person, and documents follow the attending of record.
#include <boost/test/unit_test.hpp>
#include <fhir/json.hpp>
#include <him/command.hpp>
#include <him/letters.hpp>
#include <him/providers.hpp>

#include <set>

#include "ward.hpp"

using test::Fields;
using test::Ward;

namespace {

const char* const kJoin =
    R"({"action":"provider-join","owner":"1001","other":"2002","owner_name":"Adams, Ruth",
        "by":"Ito","new":"true"})";

/// Two patients leave, each with a summary to write by the same doctor under another id.
void discharge_two(Ward& ward) {
  for (const std::string number : {"1", "2"}) {
    const Fields stay = {{"id", "V" + number},
                         {"patient", "P" + number},
                         {"start", "2026-03-02T08:00:00Z"},
                         {"attending", number == "1" ? "1001 Adams, Ruth" : "2002 Adams, R."}};
    ward.message("2026-03-02T08:05:00Z", {{"visit", stay}});
    Fields leave = stay;
    leave["status"] = "finished";
    leave["end"] = "2026-03-06T09:30:00Z";
    ward.message("2026-03-06T10:00:00Z", {{"visit", leave}});
  }
}

std::string owners(Ward& ward, const std::string& now) {
  const auto found = him::jeopardy(ward.records(), ward.rules(), test::at(now), ward.site());
  BOOST_REQUIRE(found.has_value());
  std::string all;
  for (const auto& one : *found) {
    all += one.owner_id + ":" + std::to_string(one.charts) + " ";
  }
  return all;
}

void master_file(Ward& ward, const std::string& json) {
  fhir::Document memory;
  const auto tree = fhir::parse_json(json, memory);
  BOOST_REQUIRE(tree.has_value());
  const him::Cause cause{core::Sequence{900}, "mfn|1", test::at("2026-03-01T08:00:00Z")};
  BOOST_REQUIRE(ward.records().begin().has_value());
  BOOST_REQUIRE(ward.charts()
                    .touch("Practitioner", (*tree)->text_of("id"), *tree, cause)
                    .has_value());
  BOOST_REQUIRE(ward.charts().evaluate(cause).has_value());
  BOOST_REQUIRE(ward.records().commit(core::Sequence{900}).has_value());
}

bool refused(Ward& ward, const std::string& json) {
  fhir::Document memory;
  const auto order = fhir::parse_json(json, memory);
  return !him::check_command(ward.records(), ward.rules(), **order,
                             test::at("2026-03-20T08:00:00Z"));
}

}  // namespace

BOOST_AUTO_TEST_CASE(one_doctor_under_two_ids_is_one_person) {
  Ward ward;
  discharge_two(ward);
  ward.run_until("2026-03-20T08:00:00Z");
  const std::string now = "2026-03-20T08:00:00Z";
  BOOST_TEST(owners(ward, now) == "1001:1 2002:1 ");
  const auto before = ward.one("R06", now, "V2");
  BOOST_TEST((before.state == him::State::kWarned));
  ward.command(now, kJoin);
  BOOST_TEST(owners(ward, now) == "1001:2 ");
  const auto after = ward.one("R06", now, "V2");
  BOOST_TEST(after.owner_id == "1001");
  // What it was told stays told: the warning, and the day of suspension.
  BOOST_TEST((after.state == him::State::kWarned));
  BOOST_TEST((after.suspend_on == before.suspend_on));
  BOOST_TEST(after.letters == before.letters);
  him::ListFilter filter;
  filter.rule = "R06";
  filter.owner = "2002";   // whichever id is named
  BOOST_TEST(ward.list(now, filter).size() == 2u);
  BOOST_TEST(refused(ward, kJoin));
  BOOST_TEST(refused(ward, R"({"action":"provider-part","other":"7","by":"Ito"})"));
  BOOST_TEST(refused(ward, R"({"action":"provider-join","owner":"7","other":"=coding","by":"Ito"})"));

  // Suspended under either, and once.
  ward.restart();
  ward.run_until("2026-04-20T08:00:00Z");
  ward.message("2026-04-20T08:00:00Z",
               {{"visit", {{"id", "V3"}, {"status", "planned"}, {"start", "2026-04-25T08:00:00Z"},
                           {"attending", "2002 Adams, R."}}}});
  bool alerted = false;
  for (const auto& one : ward.list("2026-04-20T08:00:00Z")) {
    alerted = alerted || (one.rule == "R-SUSPENDED" && one.visit == "V3");
  }
  BOOST_TEST(alerted);
  const auto letters = him::letters(ward.records(), 0, false);
  BOOST_REQUIRE(letters.has_value());
  std::set<std::int64_t> hours;
  for (const auto& one : *letters) {
    if (one.level != him::Letter::kSuspension || one.written <= test::at(now)) continue;
    BOOST_TEST(one.owner_id == "1001");
    BOOST_TEST(hours.insert(one.written.time_since_epoch().count()).second);
  }
  BOOST_TEST(!hours.empty());

  ward.command("2026-04-21T08:00:00Z", R"({"action":"provider-part","other":"2002","by":"Ito"})");
  BOOST_TEST(ward.one("R06", "2026-04-21T08:00:00Z", "V2").owner_id == "2002");
  BOOST_TEST(ward.one("R06", "2026-04-21T08:00:00Z", "V1").owner_id == "1001");
}

BOOST_AUTO_TEST_CASE(absence_under_one_id_pauses_both) {
  Ward ward;
  ward.command("2026-03-01T08:00:00Z", kJoin);
  ward.command("2026-03-01T08:00:00Z", R"({"action":"absence","owner":"2002",
    "from":"2026-03-07T00:00:00Z","to":"2026-03-17T00:00:00Z","by":"Ito"})");
  discharge_two(ward);
  const auto away = ward.one("R06", "2026-03-06T11:00:00Z", "V1");
  BOOST_TEST((away.due > test::at("2026-03-17T00:00:00Z")));
  const auto both = him::absences(ward.records());
  BOOST_REQUIRE(both.has_value());
  BOOST_REQUIRE_EQUAL(both->size(), 1u);
  BOOST_TEST(both->front().owner_id == "1001");
}

BOOST_AUTO_TEST_CASE(master_file_joins_the_ids_of_a_practitioner) {
  Ward ward;
  discharge_two(ward);
  master_file(ward, R"({"resourceType":"Practitioner","id":"p1","name":[{"family":"Adams",
    "given":["Ruth"]}],"identifier":[{"value":"1001"},{"value":"2002"},
    {"value":"421667788","type":{"coding":[{"code":"SS"}]}}]})");
  BOOST_TEST(ward.one("R06", "2026-03-07T08:00:00Z", "V2").owner_id == "1001");
  const auto known = him::providers(ward.records());
  BOOST_REQUIRE(known.has_value());
  BOOST_REQUIRE_EQUAL(known->size(), 1u);
  BOOST_TEST(known->front().name == "Adams, Ruth");
  BOOST_REQUIRE_EQUAL(known->front().aliases.size(), 1u);
  BOOST_TEST(known->front().aliases.front().id == "2002");
  BOOST_TEST(known->front().aliases.front().how == "Practitioner/p1");
  // A chain: a third id comes by hand, under an id that is no longer the one kept.
  ward.command("2026-03-07T09:00:00Z",
               R"({"action":"provider-join","owner":"2002","other":"3003","by":"Ito","new":"true"})");
  BOOST_TEST(him::providers(ward.records())->front().aliases.size() == 2u);
}

BOOST_AUTO_TEST_CASE(unstarted_documents_follow_the_attending_of_record) {
  Ward ward;
  ward.message("2026-03-02T08:05:00Z", {{"visit", {{"start", "2026-03-02T08:00:00Z"},
                                                   {"attending", "1001 Adams, Ruth"}}}});
  ward.message("2026-03-02T09:00:00Z",
               {{"document", {{"types", "HP"}, {"completion", "DO"}, {"author", "1001 Adams, Ruth"}}}});
  ward.message("2026-03-06T10:00:00Z", {{"visit", {{"status", "finished"},
                                                   {"end", "2026-03-06T09:30:00Z"}}}});
  BOOST_TEST(ward.one("R06", "2026-03-06T11:00:00Z").owner_id == "1001");
  ward.message("2026-03-06T12:00:00Z", {{"visit", {{"attending", "4004 Baker, Omar"}}}}, "ADT^A54");
  BOOST_TEST(ward.one("R06", "2026-03-06T13:00:00Z").owner_id == "4004");
  const auto started = ward.one("R01", "2026-03-06T13:00:00Z");
  BOOST_TEST(started.begun);
  BOOST_TEST(started.owner_id == "1001");
}

BOOST_AUTO_TEST_CASE(rules_know_a_doctor_by_the_number_whether_charts_do_or_not) {
  Ward ward;
  for (const std::string id : {"RES7", "1001"}) {
    master_file(ward, R"({"resourceType":"Practitioner","id":"p-)" + id +
                          R"(","identifier":[{"value":")" + id + R"("}]})");
  }
  const std::string resident = "@RES7 Young, Pat", attending = "@1001 Adams, Ruth";
  ward.message("2026-03-02T08:05:00Z",
               {{"visit", {{"start", "2026-03-02T08:00:00Z"}, {"attending", attending}}},
                {"document", {{"types", "PR"}, {"completion", "AU"}, {"author", resident},
                              {"authenticator", resident}}}});
  BOOST_TEST(ward.open("R22", "2026-03-02T09:00:00Z"));
  ward.message("2026-03-02T10:00:00Z", {{"document", {{"authenticator", attending}}}});
  BOOST_TEST(ward.state("R22", "2026-03-02T11:00:00Z") == "completed");
}
