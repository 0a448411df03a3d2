// Febrl data sets 1 and 2, which others made: precision and recall at the auto-link threshold.
#include <boost/test/unit_test.hpp>
#include <identity/train.hpp>

#include <filesystem>

#include "help.hpp"

using namespace identity;

namespace {

std::vector<PersonRow> rows_of(int set) {
  const std::string path = identity_test::source_path("../shared/corpus/febrl/dataset" +
                                                      std::to_string(set) + ".csv");
  if (!std::filesystem::exists(path)) {
    BOOST_TEST_MESSAGE("skipped: no " + path);
    return {};
  }
  auto rows = read_people(identity_test::read_text(path));
  BOOST_REQUIRE_MESSAGE(rows.has_value(), "the file of people is not read");
  return *rows;
}

void check(int set, bool with_number, double recall_min) {
  auto rows = rows_of(set);
  if (rows.empty()) return;
  if (!with_number) {
    for (PersonRow& row : rows) row.person.national_id.clear();
  }
  const Evaluation found = evaluate(identity_test::shipped_model(), rows, {});
  BOOST_TEST_MESSAGE(to_json(found));
  BOOST_TEST(found.automatic.precision == 1.0);
  BOOST_TEST(found.automatic.false_pairs == 0u);
  BOOST_TEST(found.automatic.recall >= recall_min);
  BOOST_TEST(found.unattended.false_pairs == 0u);
  BOOST_TEST(found.best.f1 >= found.automatic.f1);
}

}  // namespace

BOOST_AUTO_TEST_CASE(febrl_1) { check(1, true, 0.995); }
BOOST_AUTO_TEST_CASE(febrl_2) { check(2, true, 0.995); }
BOOST_AUTO_TEST_CASE(febrl_1_without_national_id) { check(1, false, 0.985); }
BOOST_AUTO_TEST_CASE(febrl_2_without_national_id) { check(2, false, 0.985); }

// Two files: originals against duplicates.
BOOST_AUTO_TEST_CASE(febrl_originals_against_duplicates) {
  std::vector<PersonRow> originals;
  std::vector<PersonRow> duplicates;
  for (PersonRow& row : rows_of(1)) {
    (row.id.ends_with("-org") ? originals : duplicates).push_back(std::move(row));
  }
  if (originals.empty()) return;
  const Evaluation found = evaluate(identity_test::shipped_model(), originals, duplicates);
  BOOST_TEST(found.true_pairs == 500u);
  BOOST_TEST(found.automatic.false_pairs == 0u);
  BOOST_TEST(found.automatic.recall >= 0.995);
}

// The fit that once went astray: sparse, without numbers, nobody saying who is who.
BOOST_AUTO_TEST_CASE(training_without_national_ids_stays_sound) {
  auto rows = rows_of(2);
  if (rows.empty()) return;
  std::vector<Person> people;
  for (PersonRow& row : rows) {
    row.person.national_id.clear();
    people.push_back(row.person);
  }
  const auto trained = train(identity_test::shipped_model(), people, {.random_pairs = 20'000});
  BOOST_REQUIRE(trained);
  BOOST_TEST(trained->matches <= static_cast<double>(people.size()));
  const Evaluation found = evaluate(trained->model, rows, {});
  BOOST_TEST(found.automatic.false_pairs == 0u);
  BOOST_TEST(found.automatic.recall >= 0.985);
}

BOOST_AUTO_TEST_CASE(training_twice_gives_the_same_model) {
  std::vector<Person> people;
  for (int i = 0; i < 300; ++i) {
    const std::string n = std::to_string(i % 200);
    people.push_back(identity_test::person("Given" + n, "Family" + n,
                                           "19" + std::to_string(10 + i % 80) + "0101"));
  }
  const auto model = identity_test::shipped_model();
  const auto one = train(model, people, {.random_pairs = 5'000});
  const auto two = train(model, people, {.random_pairs = 5'000});
  BOOST_REQUIRE(one);
  BOOST_REQUIRE(two);
  BOOST_TEST(write_weights(*one->model, "") == write_weights(*two->model, ""));
  BOOST_TEST(!train(model, {people.begin(), people.begin() + 50}, {}));
}
