#include <boost/test/unit_test.hpp>

#include <cmath>

#include "help.hpp"

using namespace identity;

namespace {

std::vector<ModelProblem> problems_of(const std::string& weights, const std::string& names = "") {
  std::vector<ModelProblem> problems;
  auto w = core::yaml::parse(weights, "weights.yaml");
  auto n = core::yaml::parse(names.empty() ? "suffixes: {jr: [junior]}\n" : names, "names.yaml");
  BOOST_REQUIRE(w);
  BOOST_REQUIRE(n);
  const auto model = read_model(*w, *n, problems);
  BOOST_TEST((model == nullptr) == !problems.empty());
  return problems;
}

std::string shipped_weights() {
  return identity_test::read_text(identity_test::source_path("mappings/identity/weights.yaml"));
}

/// The shipped weights with one text in the place of another.
std::string with(const std::string& from, const std::string& to) {
  std::string text = shipped_weights();
  const std::size_t at = text.find(from);
  BOOST_REQUIRE_MESSAGE(at != std::string::npos, from);
  return text.replace(at, from.size(), to);
}

std::size_t line_of(const std::string& what) {
  const std::string text = shipped_weights();
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(text.find(what));
  return 1 + static_cast<std::size_t>(std::count(text.begin(), end, '\n'));
}

}  // namespace

BOOST_AUTO_TEST_CASE(shipped_model_loads_and_weighs) {
  const auto model = identity_test::shipped_model();
  const Model::FieldModel& birth = model->of(Field::kBirthDate);
  BOOST_TEST(birth.weight[0] == std::log2(birth.m[0] / birth.u[0]));
  // Agreement speaks for, difference against one person, whatever the field.
  for (const Model::FieldModel& field : model->fields) {
    BOOST_TEST(field.weight[0] > 0);
    BOOST_TEST(field.weight[2] < 0);
    BOOST_TEST(field.weight[0] >= field.weight[1]);
  }
}

BOOST_AUTO_TEST_CASE(written_weights_read_back_the_same) {
  const auto model = identity_test::shipped_model();
  auto file = core::yaml::parse(write_weights(*model, "again"), "again.yaml");
  BOOST_REQUIRE(file);
  auto names = core::yaml::load(identity_test::source_path("mappings/identity/names.yaml"));
  BOOST_REQUIRE(names);
  std::vector<ModelProblem> problems;
  const auto again = read_model(*file, *names, problems);
  BOOST_REQUIRE(again != nullptr);
  BOOST_TEST(write_weights(*again, "x") == write_weights(*model, "x"));
}

BOOST_AUTO_TEST_CASE(faults_are_told_with_their_place) {
  struct Case {
    std::string from, to, expect;
  };
  const std::vector<Case> cases = {
      {"auto: 20", "auto: 12", "auto must be above probable"},
      {"prior: -12", "prio: -12", "did you mean 'prior'?"},
      {"similarity: 0.88", "similarity: high", "must be a number"},
      {"gain_max: 3", "gain_max: -3", "must lie between"},
      {"  unit: {m: ", "  unit: {mm: ", "unknown key 'mm'"},
      {"[family_sound, birth_year]", "[family_sond, birth_year]", "did you mean 'family_sound'?"},
      {"meets: family sound and postcode", "meets: nobody", "must name a key further up"},
      {"frequency: true", "frequency: maybe", "must be true or false"},
  };
  for (const Case& one : cases) {
    const auto problems = problems_of(with(one.from, one.to));
    BOOST_REQUIRE_MESSAGE(!problems.empty(), one.to);
    BOOST_TEST(problems[0].text.find(one.expect) != std::string::npos, problems[0].text);
    const std::string line = ":" + std::to_string(line_of(one.from)) + ":";
    BOOST_TEST(problems[0].where.starts_with("weights.yaml" + line), problems[0].where);
  }
}

BOOST_AUTO_TEST_CASE(shares_must_sum_to_one) {
  const auto problems = problems_of(with("sex: {m: [0.980000", "sex: {m: [0.880000"));
  BOOST_REQUIRE_EQUAL(problems.size(), 1u);
  BOOST_TEST(problems[0].text.find("sum to 0.9000") != std::string::npos, problems[0].text);
}

BOOST_AUTO_TEST_CASE(nickname_sets_are_checked) {
  const auto problems = problems_of(shipped_weights(), "nicknames:\n  - [bob, robert]\n  - [al]\n");
  BOOST_REQUIRE_EQUAL(problems.size(), 1u);
  BOOST_TEST(problems[0].where.starts_with("names.yaml:3:"), problems[0].where);
}

BOOST_AUTO_TEST_CASE(nicknames_join_forms_of_one_name_only) {
  const auto model = identity_test::shipped_model();
  BOOST_TEST(model->same_nickname("bob", "robert"));
  BOOST_TEST(model->same_nickname("peggy", "margaret"));
  BOOST_TEST(!model->same_nickname("bob", "william"));
  BOOST_TEST(!model->same_nickname("ella", "emma"));
}
