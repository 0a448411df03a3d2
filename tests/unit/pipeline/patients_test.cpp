// Whom a message is about when its numbers point to several: two persons never become one Patient
// because they share a number, and a person known by any number is found by it.
#include <boost/test/unit_test.hpp>

#include "applier_run.hpp"

namespace {

struct Said {
  std::string numbers;       ///< PID-3
  std::string external;      ///< PID-2
  std::string name = "XANDER^IDA", born = "19550101";
  std::string trigger = "A04", former;   ///< MRG-1
};

struct Register {
  test::Run run;
  explicit Register(const std::vector<Said>& all) : run(texts(all)) { (void)run.apply(nullptr); }

  static std::vector<std::string> texts(const std::vector<Said>& all) {
    std::vector<std::string> out;
    for (const Said& said : all) {
      const std::string minute = std::to_string(100 + out.size()).substr(1);
      std::string text = "MSH|^~\\&|REG|GENERAL|CW|HIM|2026011008" + minute + "||ADT^" +
                         said.trigger + "|C0|P|2.5.1\rEVN||2026011008" + minute + "\rPID|1|" +
                         said.external + "|" + said.numbers + "||" + said.name + "||" + said.born +
                         "|F\r";
      if (!said.former.empty()) text += "MRG|" + said.former + "\r";
      out.push_back(text);
    }
    return out;
  }
  std::string ask(const std::string& sql) {
    std::string found;
    auto status = run.stores.records->db().query(sql, {}, [&](const store::Row& row) {
      (found += row.text(0)) += ' ';
      return true;
    });
    BOOST_REQUIRE(status.has_value());
    if (!found.empty()) found.pop_back();
    return found;
  }
  std::string id_of(const std::string& number, const std::string& authority = "GENERAL") {
    const auto found = run.stores.records->find_key(
        "Patient", "urn:chartwire:local/id/" + authority + "|" + number);
    BOOST_REQUIRE(found.has_value());
    return *found ? **found : std::string();
  }
  std::string patients() {
    return ask("SELECT COUNT(*) FROM resource r JOIN word w ON w.number = r.type"
               " WHERE w.text = 'Patient' AND r.deleted = 0");
  }
  /// Pairs that wait for a person.
  std::string pairs() { return ask("SELECT patient || '/' || other FROM mpi_pair WHERE state = 0"); }
};

const Said kIda{"999999999^^^SSA^SS~1^^^GENERAL^MR", "", "XANDER^IDA", "19550101", "A04", ""};

}  // namespace

BOOST_AUTO_TEST_SUITE(patients)

BOOST_AUTO_TEST_CASE(another_record_number_is_another_person) {
  // What they share: a social security number (of nobody), an enterprise number, PID-2.
  for (const auto& [shared, external] : std::vector<std::pair<std::string, std::string>>{
           {"999999999^^^SSA^SS~", ""}, {"E1^^^ENT^PI~", ""}, {"", "X1"}, {"", "X1^^^GENERAL"}}) {
    Register two({{shared + "1^^^GENERAL^MR", external},
                  {shared + "2^^^GENERAL^MR", external, "YATES^TOM", "19880808"},
                  {shared + "2^^^GENERAL^MR", external, "YATES^TOM", "19880808", "A08"}});
    BOOST_TEST(two.patients() == "2", shared << external);
    BOOST_REQUIRE(!two.id_of("1").empty());
    BOOST_REQUIRE(!two.id_of("2").empty());
    BOOST_TEST(two.id_of("1") != two.id_of("2"));
    BOOST_TEST(two.pairs() == two.id_of("2") + "/" + two.id_of("1"));
    BOOST_TEST(two.ask("SELECT guards FROM mpi_pair") == "4096");   // same-authority
    BOOST_TEST(two.ask("SELECT issues FROM message").find("belong to different patients") !=
               std::string::npos);
  }
  // Numbers without a type and PID-2 beside them, as v2.2 has it.
  Register old({{"1^^^GENERAL", "X1^^^GENERAL"}, {"2^^^GENERAL", "X1^^^GENERAL", "YATES^TOM"}});
  BOOST_TEST(old.id_of("1") != old.id_of("2"));
  BOOST_TEST(old.id_of("X1") == old.id_of("1"));
}

BOOST_AUTO_TEST_CASE(a_number_of_another_authority_is_the_same_person) {
  Register one({{"E1^^^ENT^PI~1^^^GENERAL^MR", ""}, {"E1^^^ENT^PI~7^^^NORTH^MR", ""}});
  BOOST_TEST(one.patients() == "1");
  BOOST_TEST(one.id_of("1") == one.id_of("7", "NORTH"));
  BOOST_TEST(one.pairs() == "");
}

BOOST_AUTO_TEST_CASE(a_record_number_may_come_later) {
  Register one({{"E1^^^ENT^PI", ""}, {"E1^^^ENT^PI~1^^^GENERAL^MR", ""}, {"E1^^^ENT^PI", ""}});
  BOOST_TEST(one.patients() == "1");
  BOOST_TEST(one.id_of("1") == one.id_of("E1", "ENT"));
}

BOOST_AUTO_TEST_CASE(numbers_of_one_message_are_one_person) {
  // Two numbers of one authority in use, the new one first.
  Register one({{"1^^^GENERAL^MR", ""}, {"2^^^GENERAL^MR~1^^^GENERAL^MR", ""}});
  BOOST_TEST(one.patients() == "1");
  BOOST_TEST(one.id_of("1") == one.id_of("2"));
}

BOOST_AUTO_TEST_CASE(a_changed_number_keeps_its_patient) {
  // A47: the former number is named, and all else is the same.
  Register one({kIda,
                {"999999999^^^SSA^SS~2^^^GENERAL^MR", "", kIda.name, kIda.born, "A47",
                 "1^^^GENERAL^MR"}});
  BOOST_TEST(one.patients() == "1");
  BOOST_TEST(one.id_of("1") == one.id_of("2"));
  BOOST_TEST(one.pairs() == "");
}

BOOST_AUTO_TEST_CASE(a_merge_into_a_number_nobody_knew_is_a_merge) {
  Register one({kIda,
                {"999999999^^^SSA^SS~2^^^GENERAL^MR", "", kIda.name, kIda.born, "A40",
                 "1^^^GENERAL^MR"}});
  BOOST_TEST(one.ask("SELECT retired || '/' || survivor FROM patient_redirect") ==
             one.id_of("1") + "/" + one.id_of("2"));
  BOOST_TEST(one.pairs() == "");
}

BOOST_AUTO_TEST_SUITE_END()
