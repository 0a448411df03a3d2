#include "help.hpp"
#include "profile.hpp"

/// What a sender uses, and how it changes.
using namespace mapping_test;
using cli::FeedProfile;

namespace {

FeedProfile learn(const std::vector<std::string>& messages) {
  FeedProfile out;
  for (const std::string& text : messages) out.add(message(text), v2());
  return out;
}

std::string drift(const FeedProfile& before, const FeedProfile& now) {
  std::string out;
  for (const auto& one : before.drift(now)) {
    out += one.what + " " + one.where + (one.detail.empty() ? "" : ": " + one.detail) + "\n";
  }
  return out;
}

std::vector<std::string> times(std::size_t n, const std::string& text) {
  return std::vector<std::string>(n, text);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(feed_profile)

BOOST_AUTO_TEST_CASE(no_patient_data_is_kept) {
  const FeedProfile profile = learn({adt(
      "PID|1||987654^^^HOSP^MR||Secretname^Jane||19811224|F||2106-3^White|1 Hidden St^^Town\n"
      "PV1|1|I|WARD^1^2||||77777^Doctorname^Al|||MED\nNTE|1||free words here\n"
      "IN1|1|Long free words|||||||||||||||123456789\nZPI|1|Zedname\n")});
  const std::string text = profile.yaml("adt");
  for (const char* secret : {"987654", "Secretname", "Jane", "1981", "Hidden", "Doctorname", "77777",
                             "free", "123456789", "Zedname", "White", "C1"}) {
    BOOST_TEST(text.find(secret) == std::string::npos, secret);
  }
  for (const char* known : {"'F': 1", "'2106-3': 1", "'MED': 1", "'2.5.1': 1", "'ADT^A01': 1",
                            "'ZPI':"}) {
    BOOST_TEST(text.find(known) != std::string::npos, known);
  }
}

BOOST_AUTO_TEST_CASE(it_reads_what_it_writes) {
  const FeedProfile profile = learn({adt("PID|||1~2||A^B|||F\nPV1||I\n"), oru("PID|||1|||||M\n")});
  const std::string text = profile.yaml("x");
  const auto again = FeedProfile::read(text, "p.yaml");
  BOOST_REQUIRE(again);
  BOOST_TEST(again->yaml("x") == text);
  BOOST_TEST(drift(*again, profile).empty());
  BOOST_TEST(!FeedProfile::read("a: b", "p.yaml"));
  BOOST_TEST(!FeedProfile::read("profile: x\nsegments: {PID: {fields: {abc: {in: 1}}}}", "p.yaml"));
}

BOOST_AUTO_TEST_CASE(new_things_are_drift) {
  const FeedProfile before = learn({adt("PID|||1||A^B|||F\n")});
  BOOST_TEST(drift(before, learn({adt("PID|||1||A^B|||F\n")})).empty());
  const std::string said = drift(before, learn({oru("PID|||1~2||A^B^C||19800101|M\nPV1||I\n")}));
  for (const char* one : {"new message type ORU^R01", "new field PID-7", "new component PID-5.3",
                          "repeats now PID-3", "longer PID-3: 3 bytes, 1 before",
                          "new code PID-8: M, 1 times", "new segment PV1: in 1 messages"}) {
    BOOST_TEST(said.find(one) != std::string::npos, one << " in\n" << said);
  }
}

BOOST_AUTO_TEST_CASE(what_was_usual_vanishes) {
  const FeedProfile before = learn(times(30, adt("PID|||1||A|||F\nPV1||I\n")));
  BOOST_TEST(drift(before, learn(times(19, adt("PID|||1||A\n")))).empty());
  const std::string said = drift(before, learn(times(20, adt("PID|||1||A\n"))));
  BOOST_TEST(said.find("field vanished PID-8: was in 30 of 30 segments, is in none of 20") !=
             std::string::npos);
  BOOST_TEST(said.find("segment vanished PV1") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(many_codes_are_not_listed) {
  std::vector<std::string> messages;
  for (std::size_t i = 0; i <= cli::kProfileCodesMax; ++i) {
    messages.push_back(adt("PV1||I||||||||C" + std::to_string(i) + "\n"));
  }
  const FeedProfile profile = learn(messages);
  BOOST_TEST(profile.yaml("x").find("codes: many") != std::string::npos);
  BOOST_TEST(profile.yaml("x").find("C7") == std::string::npos);
  BOOST_TEST(drift(profile, learn({adt("PV1||I||||||||NEW\n")})).find("new code") ==
             std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
