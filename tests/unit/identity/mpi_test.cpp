// The index beside the records: what is decided about arrivals, kept, and taken back.
#include <boost/test/unit_test.hpp>
#include <fhir/json.hpp>
#include <identity/mpi.hpp>
#include <identity/patient.hpp>
#include <unistd.h>

#include <filesystem>

#include "help.hpp"

using namespace identity;

namespace {

const schema::R4& r4() {
  static const schema::R4 facts = [] {
    auto loaded = schema::R4::load(identity_test::source_path("schemas/fhir/r4.txt"));
    BOOST_REQUIRE(loaded.has_value());
    return std::move(*loaded);
  }();
  return facts;
}

const std::string kHelena =
    R"("name":[{"family":"Vandermeer","given":["Helena","Ruth"]}],"gender":"female",)"
    R"("birthDate":"1971-09-23","address":[{"line":["12 Elm Street"],"city":"Utica",)"
    R"("postalCode":"13501"}],"telecom":[{"system":"phone","use":"home","value":"(315) 555-0142"}])";

struct Desk {
  std::string path;
  std::unique_ptr<store::Records> records;
  std::unique_ptr<Mpi> mpi;
  core::Sequence sequence{1};
  core::Instant at{std::chrono::microseconds(1'700'000'000'000'000)};
  fhir::Document document;

  Desk() {
    path = (std::filesystem::temp_directory_path() /
            ("chartwire-mpi-" + std::to_string(::getpid())))
               .string();
    std::filesystem::remove_all(path);
    std::filesystem::create_directories(path);
    auto made = store::Records::open(path, r4());
    BOOST_REQUIRE(made.has_value());
    records = std::move(*made);
    fresh();
    BOOST_REQUIRE(records->begin().has_value());
  }
  ~Desk() {
    mpi.reset();
    records.reset();
    std::filesystem::remove_all(path);
  }
  /// As after a restart: the index is read anew.
  void fresh() {
    mpi = std::make_unique<Mpi>(*records, identity_test::shipped_model());
    BOOST_REQUIRE(mpi->start().has_value());
  }
  /// Writes a Patient of one number and says to whom it was linked.
  std::string write(const std::string& id, const std::string& authority, const std::string& number,
                    const std::string& rest, Mpi::Mode mode) {
    document.reset();
    auto tree = fhir::parse_json(R"({"resourceType":"Patient","id":")" + id +
                                     R"(","identifier":[{"type":{"coding":[{"code":"MR"}]},)"
                                     R"("system":"urn:)" + authority + R"(","value":")" + number +
                                     R"("},{"system":"http://hl7.org/fhir/sid/us-ssn","value":)"
                                     R"("421-66-7788"}],)" + rest + "}",
                                 document);
    BOOST_REQUIRE(tree.has_value());
    std::string body;
    fhir::write_json(*tree, body);
    store::Stamp stamp;
    stamp.sequence = sequence;
    stamp.updated = at;
    BOOST_REQUIRE(records->put("Patient", id, body, *tree, stamp).has_value());
    mpi->touch(id, **tree);
    auto linked = mpi->arrived(id, **tree, mode, sequence, at);
    BOOST_REQUIRE(linked.has_value());
    return *linked;
  }
  std::vector<Pair> pairs(bool all = false) {
    auto listed = list_pairs(*records, all, 100);
    BOOST_REQUIRE(listed.has_value());
    return *listed;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(a_patient_is_read_as_a_person, Desk) {
  auto tree = fhir::parse_json(
      R"({"resourceType":"Patient","name":[{"use":"maiden","family":"Old"},)"
      R"({"use":"official","family":"Jones","given":["Ella","May"],"suffix":["Jr"]}],)"
      R"("identifier":[{"type":{"coding":[{"code":"SS"}]},"value":"412-55-6677"},)"
      R"({"type":{"coding":[{"code":"MR"}]},"system":"urn:a","value":"7","use":"old"}],)"
      R"("deceasedDateTime":"2019-02-03T10:00:00Z","birthDate":"1931-07-14","gender":"female",)"
      R"("telecom":[{"system":"email","value":"x@y"},{"use":"home","value":"5185550100"}],)"
      R"("address":[{"line":["7 Oak St","Apt 2"],"city":"Troy","postalCode":"12180"}]})",
      document);
  BOOST_REQUIRE(tree.has_value());
  const Person person = person_of(**tree);
  BOOST_REQUIRE_EQUAL(person.names.size(), 2u);
  BOOST_TEST(person.names[0].family == "Jones");
  BOOST_TEST(person.names[0].middle == "May");
  BOOST_TEST(person.names[0].suffix == "Jr");
  BOOST_TEST(person.names[1].family == "Old");
  BOOST_TEST(person.national_id == "412-55-6677");
  BOOST_REQUIRE_EQUAL(person.numbers.size(), 1u);
  BOOST_TEST(!person.numbers[0].active);
  BOOST_TEST(person.deceased);
  BOOST_TEST(person.death_date == "2019-02-03");
  BOOST_REQUIRE_EQUAL(person.phones.size(), 1u);
  BOOST_TEST(person.addresses[0].unit == "Apt 2");
}

BOOST_FIXTURE_TEST_CASE(certain_ones_are_linked_only_where_the_feed_says_so, Desk) {
  BOOST_TEST(write("one", "hospital", "1", kHelena, Mpi::Mode::kLink) == "");
  BOOST_TEST(write("two", "clinic", "C1", kHelena, Mpi::Mode::kOff) == "");
  BOOST_TEST(pairs(true).empty());
  BOOST_TEST(mpi->index().remove("two"));
  BOOST_TEST(write("three", "lab", "L1", kHelena, Mpi::Mode::kReview) == "");
  BOOST_REQUIRE_EQUAL(pairs().size(), 1u);
  BOOST_CHECK(pairs()[0].state == PairState::kOpen);
  BOOST_TEST(mpi->index().remove("three"));
  BOOST_TEST(write("four", "home", "H1", kHelena, Mpi::Mode::kLink) == "one");
  const auto all = pairs(true);
  BOOST_REQUIRE_EQUAL(all.size(), 2u);
  BOOST_TEST(all[0].fields.find("\"birth_date\":{\"level\":\"exact\"") != std::string::npos);
  BOOST_TEST(pairs().size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(two_numbers_of_one_authority_wait_for_a_person, Desk) {
  write("one", "hospital", "1", kHelena, Mpi::Mode::kLink);
  BOOST_TEST(write("two", "hospital", "2", kHelena, Mpi::Mode::kLink) == "");
  BOOST_REQUIRE_EQUAL(pairs().size(), 1u);
  BOOST_TEST(pairs()[0].guards.has(Guard::kSameAuthority));
}

BOOST_FIXTURE_TEST_CASE(decisions_are_kept_and_final, Desk) {
  write("one", "hospital", "1", kHelena, Mpi::Mode::kReview);
  write("two", "clinic", "C1", kHelena, Mpi::Mode::kReview);
  const core::Sequence later{9};
  BOOST_TEST(decide_pair(*records, "one", "two", PairState::kLater, "ann", later, at).has_value());
  BOOST_REQUIRE_EQUAL(pairs().size(), 1u);
  BOOST_CHECK(pairs()[0].state == PairState::kLater);
  BOOST_TEST(decide_pair(*records, "one", "two", PairState::kLinked, "ann", later, at).has_value());
  BOOST_TEST(pairs().empty());
  BOOST_TEST(pairs(true)[0].decided_by == "ann");
  const auto again = decide_pair(*records, "two", "one", PairState::kNotTheSame, "bob", later, at);
  BOOST_REQUIRE(!again);
  BOOST_CHECK(again.error().code == core::ErrorCode::kConflict);
  BOOST_TEST(
      decide_pair(*records, "one", "two", PairState::kMerged, "message", later, at).has_value());
  BOOST_TEST(!decide_pair(*records, "one", "nobody", PairState::kLater, "ann", later, at));
}

BOOST_FIXTURE_TEST_CASE(a_pair_judged_to_be_two_is_not_asked_again, Desk) {
  write("one", "hospital", "1", kHelena, Mpi::Mode::kReview);
  write("two", "clinic", "C1", kHelena, Mpi::Mode::kReview);
  BOOST_REQUIRE(
      decide_pair(*records, "one", "two", PairState::kNotTheSame, "ann", sequence, at).has_value());
  BOOST_TEST(write("two", "clinic", "C1", kHelena, Mpi::Mode::kLink) == "");
  BOOST_TEST(pairs().empty());
  BOOST_REQUIRE_EQUAL(pairs(true).size(), 1u);
  BOOST_CHECK(pairs(true)[0].state == PairState::kNotTheSame);
}

BOOST_FIXTURE_TEST_CASE(the_index_follows_the_transaction, Desk) {
  write("one", "hospital", "1", kHelena, Mpi::Mode::kReview);
  BOOST_REQUIRE(records->commit(sequence).has_value());
  mpi->committed();
  BOOST_REQUIRE(records->begin().has_value());
  BOOST_REQUIRE(records->savepoint().has_value());
  mpi->savepoint();
  write("two", "clinic", "C1", kHelena, Mpi::Mode::kReview);
  BOOST_TEST(mpi->index().persons() == 2u);
  BOOST_REQUIRE(records->rollback_to_savepoint().has_value());
  BOOST_REQUIRE(mpi->undo_to_savepoint().has_value());
  BOOST_TEST(mpi->index().persons() == 1u);
  BOOST_TEST(pairs(true).empty());
  write("three", "lab", "L1", kHelena, Mpi::Mode::kReview);
  BOOST_TEST(pairs().size() == 1u);
  records->rollback();
  BOOST_REQUIRE(mpi->undo_all().has_value());
  BOOST_TEST(mpi->index().persons() == 1u);
  BOOST_TEST(mpi->index().contains("one"));
  fresh();
  BOOST_TEST(mpi->index().persons() == 1u);
}

BOOST_FIXTURE_TEST_CASE(a_replaced_patient_is_nobody, Desk) {
  write("one", "hospital", "1", kHelena, Mpi::Mode::kReview);
  write("two", "clinic", "C1",
        kHelena + R"(,"link":[{"other":{"reference":"Patient/one"},"type":"replaced-by"}])",
        Mpi::Mode::kLink);
  BOOST_TEST(mpi->index().persons() == 1u);
  BOOST_TEST(pairs(true).empty());
}
