#include "help.hpp"

using namespace mapping_test;

BOOST_AUTO_TEST_SUITE(fixture_set)

BOOST_AUTO_TEST_CASE(the_examples_of_the_language_compile) {
  const Compiled& set = fixture();
  BOOST_TEST(set.errors() == 0, set.report());
  BOOST_REQUIRE(set.set);
  BOOST_TEST(set.set->rule_count() > 200u);
  BOOST_TEST(set.set->hash().size() == 64u);
  BOOST_TEST(set.set->accepts("ADT", "A01"));
  BOOST_TEST(set.set->accepts("ORU", "R01"));
  BOOST_TEST(!set.set->accepts("QRY", "A19"));
}

BOOST_AUTO_TEST_CASE(admission) {
  const Mapped m = map(fixture(), adt(
      "EVN||20260304050607\n"
      "PID|1||12345^^^HOSP^MR~777^^^STATE&1.2.3&ISO^PI||Doe^Jane^Q^Jr^Dr^^L||19800229|F|||12 Main&Main&12^Apt 3^Boston^MA^02110^USA^H||(555)555-2004^PRN^PH^^^555^5552004|||M|CAT\n"
      "PV1|1|I|2N^201^A^HOSP||||1001^Smith^John^^^Dr||||||||||||V1^^^HOSP^VN\n"
      "NK1|1|Doe^Mark|SPO|||N\n"
      "AL1|1|DA|PEN^Penicillin|SV|Rash~Hives\n"));
  BOOST_TEST(m.json("Patient").find("\"family\":\"Doe\"") != std::string::npos, m.json("Patient"));
  BOOST_TEST(m.json("Patient").find("\"birthDate\":\"1980-02-29\"") != std::string::npos);
  BOOST_TEST(m.json("Patient").find("\"gender\":\"female\"") != std::string::npos);
  BOOST_TEST(m.json("Patient").find("urn:oid:1.2.3") != std::string::npos);
  const auto* patient = m.draft("Patient");
  BOOST_REQUIRE(patient);
  BOOST_TEST(patient->keys.at(0) == "urn:chartwire:local/id/HOSP|12345");
  BOOST_TEST(patient->made_as == "patient");
  const auto* encounter = m.draft("Encounter");
  BOOST_REQUIRE(encounter);
  BOOST_TEST(encounter->keys.at(0) == "urn:chartwire:local/id/HOSP|V1");
  BOOST_TEST(m.json("Encounter").find("\"status\":\"in-progress\"") != std::string::npos,
             m.json("Encounter"));
  BOOST_TEST(m.count("Practitioner") == 1u);
  BOOST_TEST(m.draft("Practitioner")->shared);
  BOOST_TEST(m.draft("Practitioner")->inferred_authority);
  BOOST_TEST(m.draft("Practitioner")->keys.at(0) == "inferred:FAC|1001");
  BOOST_TEST(m.count("Location") == 1u);
  BOOST_TEST(m.count("RelatedPerson") == 1u);
  BOOST_TEST(m.count("AllergyIntolerance") == 1u);
  BOOST_TEST(m.json("AllergyIntolerance").find("Hives") != std::string::npos,
             m.json("AllergyIntolerance"));
  const auto index = patient - m.out->drafts.data();
  BOOST_TEST(encounter->patient == index);
  BOOST_TEST(m.json("Encounter").find("\"subject\":{\"reference\":\"\\u0001") != std::string::npos);
  for (const auto& d : m.out->drafts) {
    const auto faults = schema::validate(r4(), d.root);
    for (const auto& f : faults) {
      const bool placeholder = f.text.find("reference") != std::string::npos ||
                               f.path.find("reference") != std::string::npos;
      BOOST_TEST(placeholder, d.type << ": " << f.path << ": " << f.text);
    }
  }
}

BOOST_AUTO_TEST_CASE(results) {
  const Mapped m = map(fixture(), oru(
      "PID|1||12345^^^HOSP^MR||Doe^Jane\n"
      "ORC|RE|P1^LAB|F1^LAB\n"
      "OBR|1|P1^LAB|F1^LAB|24331-1^Lipid panel^LN|||20260301100000-0500|||||||||||||||20260301110000-0500||CH|F\n"
      "OBX|1|NM|2093-3^Cholesterol^LN|1|182|mg/dL^^UCUM|<200|N|||F\n"
      "NTE|1||first line\n"
      "NTE|2||second line\n"
      "OBX|2|NM|2571-8^Triglyceride^LN||>5|mg/dL|||||F\n"
      "OBX|3|SN|1-1^Ratio^L||^1^:^128||||||F\n"
      "OBX|4|CE|1-2^Colour^L||R^Red^L~B^Blue^L||||||F\n"
      "OBX|5|ST|1-3^Text^L||A & B~line two||||||X\n"));
  BOOST_TEST(m.count("Observation") == 5u);
  BOOST_TEST(m.count("DiagnosticReport") == 1u);
  BOOST_TEST(m.count("ServiceRequest") == 1u);
  const std::string first = m.json("Observation", 0);
  BOOST_TEST(first.find("\"valueQuantity\":{\"value\":182,\"unit\":\"mg/dL\"") != std::string::npos, first);
  BOOST_TEST(first.find("\"note\":[{\"text\":\"first line\\nsecond line\"}]") != std::string::npos, first);
  BOOST_TEST(m.json("Observation", 1).find("\"valueString\":\">5\"") != std::string::npos,
             m.json("Observation", 1));
  BOOST_TEST(m.json("Observation", 2).find("\"valueRatio\":{\"numerator\":{\"value\":1},\"denominator\":{\"value\":128}}") != std::string::npos,
             m.json("Observation", 2));
  BOOST_TEST(m.json("Observation", 3).find("\"component\":[{") != std::string::npos, m.json("Observation", 3));
  BOOST_TEST(m.json("Observation", 4).find("\"valueString\":\"A & B\\nline two\"") != std::string::npos,
             m.json("Observation", 4));
  BOOST_TEST(m.json("Observation", 4).find("\"status\":\"cancelled\"") != std::string::npos);
  const std::string report = m.json("DiagnosticReport");
  BOOST_TEST(report.find("\"result\":[{\"reference\":\"\\u0001") != std::string::npos, report);
  BOOST_TEST(report.find("\"issued\":\"2026-03-01T11:00:00-05:00\"") != std::string::npos, report);
  const auto& keys = m.draft("DiagnosticReport")->keys;
  BOOST_TEST(keys.at(0) == "urn:chartwire:local/id/LAB|F1/24331-1");
  BOOST_TEST(keys.size() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
