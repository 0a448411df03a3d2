#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <random>

#include "help.hpp"

#include <string_pool.hpp>

using namespace identity;
using identity_test::person;

namespace {

std::string text_of(const std::vector<Match>& matches) {
  std::string out;
  for (const Match& match : matches) {
    out += match.id + " " + std::to_string(match.weight) + " " +
           std::to_string(match.guards.bits()) + "\n";
  }
  return out;
}

std::vector<std::pair<std::string, Person>> town(int persons) {
  std::vector<std::pair<std::string, Person>> out;
  const char* given[] = {"Ann", "Bert", "Cora", "Dan", "Eve", "Finn", "Gus"};
  const char* family[] = {"Adler", "Brown", "Cole", "Dunn", "Egan"};
  for (int i = 0; i < persons; ++i) {
    const int year = 1930 + i % 60;
    out.emplace_back("p" + std::to_string(i),
                     person(given[i % 7], family[i % 5],
                            std::to_string(year) + "0" + std::to_string(1 + i % 9) + "11",
                            i % 3 ? std::to_string(200000000 + i * 77) : "",
                            std::to_string(i % 40) + " Elm Street", i % 2 ? "Troy" : "Rome",
                            "1218" + std::to_string(i % 10)));
  }
  return out;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_order_of_adding_does_not_matter) {
  auto people = town(400);
  const auto model = identity_test::shipped_model();
  MpiIndex straight(model);
  for (const auto& [id, one] : people) straight.put(id, one);
  std::mt19937 dice(7);
  std::shuffle(people.begin(), people.end(), dice);
  MpiIndex shuffled(model);
  for (const auto& [id, one] : people) shuffled.put(id, one);
  for (const auto& [id, one] : town(400)) {
    BOOST_REQUIRE_EQUAL(text_of(straight.search(one, {})), text_of(shuffled.search(one, {})));
  }
}

BOOST_AUTO_TEST_CASE(changing_and_removing_leave_no_trace) {
  const auto people = town(300);
  const auto model = identity_test::shipped_model();
  MpiIndex index(model);
  MpiIndex fresh(model);
  for (const auto& [id, one] : people) {
    index.put(id, person("Old", "Name", "19991231", "123400" + id.substr(1)));
    index.put("gone" + id, one);
  }
  for (const auto& [id, one] : people) {
    index.put(id, one);
    BOOST_REQUIRE(index.remove("gone" + id));
    BOOST_REQUIRE(!index.remove("gone" + id));
    fresh.put(id, one);
  }
  BOOST_TEST(index.persons() == people.size());
  BOOST_TEST(!index.contains("gonep1"));
  for (const auto& [id, one] : people) {
    BOOST_REQUIRE_EQUAL(text_of(index.search(one, {})), text_of(fresh.search(one, {})));
  }
  BOOST_TEST(index.search(person("Old", "Name", "19991231"), {}).empty());
}

BOOST_AUTO_TEST_CASE(former_names_go_with_their_person) {
  MpiIndex index(identity_test::shipped_model());
  Person married = person("Ella", "Jones", "19800402");
  married.names.push_back({"Ella", "", "Abernathy", ""});
  index.put("ella", married);
  const Person before = person("Ella", "Abernathy", "19800402");
  const auto found = index.search(before, {});
  BOOST_REQUIRE_EQUAL(found.size(), 1u);
  BOOST_TEST(found[0].detail.weight > 15);
  BOOST_TEST(index.remove("ella"));
  BOOST_TEST(index.search(before, {}).empty());
}

BOOST_AUTO_TEST_CASE(a_number_that_many_share_names_nobody) {
  MpiIndex index(identity_test::shipped_model());
  for (int i = 0; i < 12; ++i) {
    index.put(std::to_string(i), person("Given" + std::to_string(i), "Other" + std::to_string(i),
                                        "19" + std::to_string(50 + i) + "0304", "412345678"));
  }
  const auto found = index.search(person("Zoe", "Quist", "20010203", "412345678"), {});
  BOOST_TEST(found.empty(), text_of(found));
}

BOOST_AUTO_TEST_CASE(two_numbers_of_one_authority_are_never_linked_unattended) {
  MpiIndex index(identity_test::shipped_model());
  Person one =
      person("Helena", "Vandermeer", "19710923", "421667788", "12 Elm Street", "Utica", "13501");
  one.numbers.push_back({"HOSP", "1", true});
  index.put("one", one);
  Person again = one;
  again.numbers = {{"CLINIC", "9", true}};
  BOOST_CHECK(index.decide(again, {}).kind == Decision::Kind::kLink);
  again.numbers.push_back({"HOSP", "2", true});
  const Decision decision = index.decide(again, {});
  BOOST_CHECK(decision.kind == Decision::Kind::kReview);
  BOOST_TEST(decision.matches[0].guards.has(Guard::kSameAuthority));
}

BOOST_AUTO_TEST_CASE(two_equal_candidates_are_a_question) {
  MpiIndex index(identity_test::shipped_model());
  const Person one =
      person("Helena", "Vandermeer", "19710923", "421667788", "12 Elm Street", "Utica", "13501");
  index.put("one", one);
  index.put("two", one);
  const Decision decision = index.decide(one, {});
  BOOST_CHECK(decision.kind == Decision::Kind::kReview);
  BOOST_REQUIRE_EQUAL(decision.matches.size(), 2u);
  BOOST_TEST(decision.matches[0].guards.has(Guard::kAmbiguous));
  // Once somebody said that "two" is another person, the question is answered.
  MpiIndex::Options options;
  options.not_the_same = [](std::string_view id) { return id == "two"; };
  const Decision known = index.decide(one, options);
  BOOST_REQUIRE(known.kind == Decision::Kind::kLink);
  BOOST_TEST(known.matches[known.linked].id == "one");
  BOOST_TEST(known.matches.size() == 1u);
}

BOOST_AUTO_TEST_CASE(relatives_are_no_case_for_review) {
  MpiIndex index(identity_test::shipped_model());
  index.put("wife", person("Anna", "Petrov", "19550101", "", "29 Garden Street", "Troy", "12180"));
  const Person husband =
      person("Boris", "Petrov", "19530418", "", "29 Garden Street", "Troy", "12180");
  BOOST_TEST(!index.search(husband, {.weight_min = 8}).empty());
  BOOST_CHECK(index.decide(husband, {}).kind == Decision::Kind::kNew);
}

BOOST_AUTO_TEST_CASE(options_bound_the_answer) {
  MpiIndex index(identity_test::shipped_model());
  for (const auto& [id, one] : town(200)) index.put(id, one);
  const Person asked = town(1)[0].second;
  const auto all = index.search(asked, {});
  BOOST_REQUIRE(all.size() > 3);
  MpiIndex::Options options;
  options.count = 2;
  BOOST_TEST(index.search(asked, options).size() == 2u);
  options.except = all[0].id;
  BOOST_TEST(index.search(asked, options)[0].id == all[1].id);
  options.weight_min = all[1].weight;
  options.except = {};
  for (const Match& match : index.search(asked, options)) BOOST_TEST(match.weight >= all[1].weight);
  BOOST_TEST(index.bytes() > 0u);
}

BOOST_AUTO_TEST_CASE(pools_keep_a_text_once) {
  StringPool pool;
  std::vector<std::uint32_t> tokens;
  for (int i = 0; i < 5000; ++i) tokens.push_back(pool.add("text " + std::to_string(i)));
  for (int i = 0; i < 5000; ++i) {
    BOOST_REQUIRE_EQUAL(pool.add("text " + std::to_string(i)), tokens[static_cast<std::size_t>(i)]);
    BOOST_REQUIRE_EQUAL(pool.text(tokens[static_cast<std::size_t>(i)]),
                        "text " + std::to_string(i));
  }
  BOOST_TEST(pool.size() == 5000u);
  BOOST_TEST(pool.find("no such") == StringPool::kNone);
}

BOOST_AUTO_TEST_CASE(files_of_people_are_checked) {
  const auto good = read_people("rec_id, given_name, surname\nrec-1-org, \"Ann, B\", Smith\n\n");
  BOOST_REQUIRE(good);
  BOOST_TEST(good->at(0).person.names[0].given == "Ann, B");
  BOOST_TEST(good->at(0).entity == "rec-1");
  const auto narrow = read_people("rec_id, given_name\nrec-1, Ann\nrec-2\n");
  BOOST_REQUIRE(!narrow);
  BOOST_TEST(narrow.error().where == "line 3");
  BOOST_TEST(!read_people("given_name\nAnn\n"));
}
