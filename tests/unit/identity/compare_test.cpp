#include <boost/test/unit_test.hpp>

#include "help.hpp"

#include <fold.hpp>
#include <levels.hpp>
#include <similar.hpp>

using namespace identity;
using identity_test::person;

namespace {

std::string code(std::uint32_t packed) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(packed >> shift & 255);
  return out;
}

Level date(std::uint32_t a, std::uint32_t b) { return date_level(a, b); }

struct Pairs {
  std::shared_ptr<const Model> model = identity_test::shipped_model();
  MpiIndex index{model};
  Match of(const Person& a, const Person& b) { return index.compare_pair(a, b); }
};

}  // namespace

BOOST_AUTO_TEST_CASE(folding_takes_case_accents_and_scripts_away) {
  BOOST_TEST(fold("O'Brien-Müller") == "obrien muller");
  BOOST_TEST(fold("  ŁUKASZ   Ångström ") == "lukasz angstrom");
  BOOST_TEST(fold("Иванов") == "ivanov");
  BOOST_TEST(fold("Straße") == "strasse");
  BOOST_TEST(fold("St. John's") == "st johns");
  BOOST_TEST(fold("\xff\xfe") == "");
  BOOST_TEST(fold(std::string(500, 'a')).size() == kTextBytesMax);
  BOOST_TEST(fold_joined("van der Berg") == "vanderberg");
}

// The examples of the American Soundex as the National Archives publish them.
BOOST_AUTO_TEST_CASE(soundex_of_the_archives) {
  for (const auto& [name, expected] : std::vector<std::pair<std::string, std::string>>{
           {"washington", "W252"}, {"lee", "L000"}, {"gutierrez", "G362"}, {"pfister", "P236"},
           {"jackson", "J250"}, {"tymczak", "T522"}, {"ashcraft", "A261"}, {"vandeusen", "V532"}}) {
    std::string got = code(soundex(name));
    got[0] = static_cast<char>(got[0] - 32);
    BOOST_TEST(got == expected, name << " " << got);
  }
  BOOST_TEST(soundex("") == 0u);
  BOOST_TEST(soundex("42") == 0u);
}

// Jaro-Winkler values as Winkler's own papers give them.
BOOST_AUTO_TEST_CASE(jaro_winkler_of_the_papers) {
  const auto near = [](double a, double b) { return std::abs(a - b) < 0.001; };
  BOOST_TEST(near(jaro_winkler("martha", "marhta"), 0.961));
  BOOST_TEST(near(jaro_winkler("dwayne", "duane"), 0.840));
  BOOST_TEST(near(jaro_winkler("dixon", "dicksonx"), 0.813));
  BOOST_TEST(jaro_winkler("abc", "xyz") == 0);
  BOOST_TEST(edit_distance("caitlin", "caitlni", 2) == 1u);
  BOOST_TEST(edit_distance("ca", "abc", 3) == 3u);
  BOOST_TEST(edit_distance("kitten", "sitting", 5) == 3u);
  BOOST_TEST(edit_distance("kitten", "sitting", 1) == 2u);
}

BOOST_AUTO_TEST_CASE(dates_near_and_far) {
  BOOST_CHECK(date(19800402, 19800402) == Level::kExact);
  BOOST_CHECK(date(19800402, 19800204) == Level::kNear);   // day and month swapped
  BOOST_CHECK(date(19800402, 19800420) == Level::kNear);   // two digits swapped
  BOOST_CHECK(date(19800402, 19900402) == Level::kNear);   // one digit
  BOOST_CHECK(date(19800402, 19800000) == Level::kNear);   // only the year is known
  BOOST_CHECK(date(19800402, 19810000) == Level::kDiffer);
  BOOST_CHECK(date(19800402, 19770913) == Level::kDiffer);
  BOOST_CHECK(date(19800402, 0) == Level::kMissing);
}

BOOST_FIXTURE_TEST_CASE(missing_weighs_nothing, Pairs) {
  const Match match = of(person("Ann", "Smith", ""), person("Ann", "Smith", "19800402"));
  BOOST_CHECK(match.detail.level(Field::kBirthDate) == Level::kMissing);
  BOOST_TEST(match.detail.group(Group::kBirth) == 0.0F);
  BOOST_TEST(match.detail.group(Group::kPlace) == 0.0F);
}

BOOST_FIXTURE_TEST_CASE(names_in_each_others_place_are_near, Pairs) {
  const Match match = of(person("Mariana", "Petrov", "19800402"),
                         person("Petrow", "Mariana", "19800402"));
  BOOST_TEST(match.detail.names_swapped);
  BOOST_CHECK(match.detail.level(Field::kGiven) == Level::kNear);
  BOOST_CHECK(match.detail.level(Field::kFamily) == Level::kNear);
}

BOOST_FIXTURE_TEST_CASE(nicknames_and_spellings_are_near, Pairs) {
  for (const auto& [a, b] : std::vector<std::pair<std::string, std::string>>{
           {"Bob", "Robert"}, {"Katie", "Catherine"}, {"Steven", "Stephen"}, {"J", "John"},
           {"Mary Ann", "Mary"}, {"Jon-Paul", "Jonpaul"}, {"José", "Jose"}}) {
    const Match match = of(person(a, "Smith", "19800402"), person(b, "Smith", "19800402"));
    BOOST_TEST(match.detail.agrees(Field::kGiven), a << " " << b);
    BOOST_TEST(!match.guards.has(Guard::kTwins), a << " " << b);
  }
}

BOOST_FIXTURE_TEST_CASE(a_common_name_weighs_less_than_a_rare_one, Pairs) {
  for (int i = 0; i < 3000; ++i) {
    index.put(std::to_string(i), person(i % 2 ? "John" : "Given" + std::to_string(i),
                                        "Family" + std::to_string(i), "19500101"));
  }
  const float common = of(person("John", "A", ""), person("John", "A", "")).detail.weights[0];
  const float rare = of(person("Zebedee", "A", ""), person("Zebedee", "A", "")).detail.weights[0];
  BOOST_TEST(common < rare - 3);
}

BOOST_FIXTURE_TEST_CASE(placeholders_are_no_evidence, Pairs) {
  for (const char* id : {"999-99-9999", "000000000", "123-45-6789", "1111111", "1234567"}) {
    const Match match = of(person("", "", "", id), person("", "", "", id));
    BOOST_CHECK(match.detail.level(Field::kNationalId) == Level::kMissing);
  }
  const Match match = of(person("", "", "1900-01-01"), person("", "", "19000101"));
  BOOST_CHECK(match.detail.level(Field::kBirthDate) == Level::kMissing);
}

BOOST_FIXTURE_TEST_CASE(former_names_and_addresses_count, Pairs) {
  Person married = person("Ella", "Jones", "19800402", "", "9 Oak Road", "Troy", "12180");
  married.names.push_back({"Ella", "", "Abernathy", ""});
  married.addresses.push_back({"", "12 Elm Street", "", "Utica", "13501", ""});
  const Person before = person("Ella", "Abernathy", "19800402");
  BOOST_CHECK(of(married, before).detail.level(Field::kFamily) == Level::kExact);
  const Person there = person("Ella", "Jones", "19800402", "", "12 Elm St", "Utica", "13501");
  BOOST_CHECK(of(married, there).detail.level(Field::kStreet) == Level::kExact);
}
