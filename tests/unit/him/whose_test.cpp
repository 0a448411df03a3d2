// Whose a document is, and who signed it.
#include <boost/test/unit_test.hpp>

#include "ward.hpp"

using test::Fields;
using test::Ward;

namespace {

const Fields kVisit{{"start", "2026-03-02T08:00:00Z"}, {"attending", "1001 Adams, Ruth"}};

Fields note(Fields more) {
  Fields all{{"types", "PR"}, {"completion", "AU"}, {"author", "RES7 Young, Pat"},
             {"authenticator", "RES7 Young, Pat"}};
  for (auto& [name, value] : more) all[name] = value;
  return all;
}

/// Open deficiencies of a rule: "V1/P1", "/P2" without a visit.
std::string open(Ward& ward, const std::string& rule) {
  std::string all;
  for (const him::Deficiency& one : ward.list("2026-03-03T12:00:00Z")) {
    if (one.rule == rule && him::is_open(one.state)) all += one.visit + "/" + one.patient + " ";
  }
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(whose)

BOOST_AUTO_TEST_CASE(one_of_several_who_signed_is_enough_for_a_co_signature) {
  const auto after = [](const std::string& signers) {
    Ward ward;
    ward.message("2026-03-02T08:05:00Z", {{"visit", kVisit}});
    ward.message("2026-03-03T08:05:00Z", {{"document", note({{"signers", signers}})}});
    return ward.state("R22", "2026-03-03T09:00:00Z");
  };
  BOOST_TEST(after("RES7 Young, Pat;1001 Adams, Ruth") == "none");
  BOOST_TEST(after("1001 Adams, Ruth;RES7 Young, Pat") == "none");
  BOOST_TEST(after("RES7 Young, Pat;RES8 Moss, Bo;1001 Adams, Ruth") == "none");
  BOOST_TEST(after("RES7 Young, Pat;RES8 Moss, Bo") == "available");
  BOOST_TEST(after("RES7 Young, Pat") == "available");
}

BOOST_AUTO_TEST_CASE(a_later_co_signature_completes_what_was_open) {
  Ward ward;
  ward.message("2026-03-02T08:05:00Z", {{"visit", kVisit}, {"document", note({})}});
  BOOST_TEST(ward.open("R22", "2026-03-02T09:00:00Z"));
  ward.message("2026-03-02T10:00:00Z",
               {{"document", {{"signers", "RES7 Young, Pat;1001 Adams, Ruth"}}}});
  BOOST_TEST(ward.state("R22", "2026-03-02T11:00:00Z") == "completed");
  // Signed anew by the trainee alone.
  ward.message("2026-03-02T12:00:00Z", {{"document", {{"signers", "RES7 Young, Pat"}}}});
  BOOST_TEST(ward.open("R22", "2026-03-02T13:00:00Z"));
}

BOOST_AUTO_TEST_CASE(a_document_that_names_the_visit_of_another_patient_is_of_no_visit) {
  Ward ward;
  ward.message("2026-03-02T08:05:00Z", {{"visit", kVisit}, {"document", note({})}});
  ward.message("2026-03-02T09:00:00Z",
               {{"document", note({{"id", "D2"}, {"patient", "P2"}, {"types", "HP"}})}});
  BOOST_TEST(open(ward, "R22") == "V1/P1 /P2 ");
  BOOST_TEST(open(ward, "R47") == "/P2 ");
  BOOST_TEST(open(ward, "R01") == "V1/P1 ");
  // It was that patient's visit all along (A45): what was of no visit has one, and the other way round.
  ward.message("2026-03-02T10:00:00Z", {{"visit", {{"patient", "P2"}}}});
  BOOST_TEST(open(ward, "R47") == "/P1 ");
  BOOST_TEST(open(ward, "R22") == "/P1 V1/P2 ");
  // The two are one person.
  ward.merge("P1", "P2", "2026-03-02T11:00:00Z");
  BOOST_TEST(open(ward, "R47") == "");
  BOOST_TEST(open(ward, "R22") == "V1/P2 V1/P2 ");
}

BOOST_AUTO_TEST_SUITE_END()
