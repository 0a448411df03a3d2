// What stands in the records is a function of the journal alone: neither a store that fails in the
// middle of a transaction nor messages that cannot be applied change what becomes of the others.
#include <boost/test/unit_test.hpp>

#include "applier_run.hpp"

using test::Run;

namespace {

std::string adt(const std::string& trigger, int n, int patient, const std::string& merged = {}) {
  const std::string mrn = std::to_string(1000 + patient);
  std::string text = "MSH|^~\\&|REG|GENERAL|CW|HIM|202601" + std::to_string(10 + n / 100) + "0800" +
                     std::to_string(10 + n % 50) + "||ADT^" + trigger + "|C" + std::to_string(n) +
                     "|P|2.5.1\rEVN|" + trigger + "|20260110080000\rPID|1||" + mrn +
                     "^^^GENERAL^MR||Doe^Jane" + std::to_string(n) + "||19800101|F\r";
  if (!merged.empty()) return text + "MRG|" + merged + "^^^GENERAL^MR\r";
  return text + "PV1|1|I|4W^1^A|R|||1001^Adams^Ruth||||||||||||V" + mrn + "^^^GENERAL^VN\r";
}

std::vector<std::string> mixed(bool with_bad_ones) {
  std::vector<std::string> messages;
  for (int n = 0; n < 300; ++n) {
    if (n > 60 && n % 20 == 7) {
      // The survivor into whom it retired: mapped, but not to be applied.
      if (with_bad_ones) messages.push_back(adt("A40", n, 5, "1003"));
    } else if (n == 60) {
      messages.push_back(adt("A40", n, 3, "1005"));
    } else {
      messages.push_back(adt(n < 9 ? "A01" : "A08", n, n % 9));
    }
  }
  return messages;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(applier)

BOOST_AUTO_TEST_CASE(a_store_that_fails_changes_nothing_of_the_outcome) {
  Run clean(mixed(true));
  const std::string expected = clean.apply(nullptr);
  BOOST_TEST(expected.size() > 10'000u);

  Run troubled(mixed(true));
  int calls = 0, failures = 0;
  const std::string got = troubled.apply([&](std::string_view call) {
    ++calls;
    const bool now = (call == "commit" && calls % 3 == 0 && failures < 2) || calls == 5 ||
                     calls == 300 || calls == 700 || calls == 1100 || calls == 1101;
    failures += now ? 1 : 0;
    return now;
  });
  BOOST_TEST(failures >= 4);
  BOOST_TEST((got == expected), "another outcome after the store failed");
}

BOOST_AUTO_TEST_CASE(what_kind_of_visit_it_is_registration_says) {
  const auto message = [](const std::string& type, const std::string& id, const std::string& kind) {
    return "MSH|^~\\&|REG|GENERAL|CW|HIM|20260110080000||" + type + "|" + id +
           "|P|2.5.1\rEVN||20260110080000\rPID|1||1000^^^GENERAL^MR||Doe^Jane||19800101|F\rPV1|1|" +
           kind + "^^^GENERAL^VN\r";
  };
  const std::string observed = "O|4W||||1001^Adams|||||||||||OBS|V1";
  const std::string plain = "O|4W||||1001^Adams||||||||||||V1";
  const std::string inpatient = "I|4W||||1001^Adams||||||||||||V1";
  const auto kind_after = [](std::vector<std::string> messages) {
    Run run(messages);
    (void)run.apply(nullptr);
    std::string found;
    auto status = run.stores.records->db().query("SELECT class FROM him_visit", {},
                                                 [&](const store::Row& row) {
                                                   found += row.text(0);
                                                   return true;
                                                 });
    BOOST_REQUIRE(status.has_value());
    return found;
  };
  const std::string arrival = message("ADT^A04^ADT_A01", "C0", observed);
  const std::string note = message("MDM^T01^MDM_T01", "C1", plain) +
                           "TXA|1|PN|TX|20260110090000|1001^Adams|||||||D1^DOC|||||AU||AV\r";
  // A document names the visit by a class of its own.
  BOOST_TEST(kind_after({arrival, note}) == "OBSENC");
  BOOST_TEST(kind_after({arrival, message("ADT^A06^ADT_A06", "C1", inpatient)}) == "IMP");
  // Until registration speaks, what is said last stands.
  BOOST_TEST(kind_after({note}) == "AMB");
}

BOOST_AUTO_TEST_CASE(messages_that_cannot_be_applied_are_marked_and_take_nobody_with_them) {
  Run run(mixed(true));
  (void)run.apply(nullptr);
  std::size_t failed = 0;
  const auto states =
      run.stores.records->messages(1000, core::Sequence{1'000'000}, true).value();
  for (const auto& state : states) {
    BOOST_TEST(state.type == "ADT^A40");
    BOOST_TEST(!state.error.empty());
    ++failed;
  }
  BOOST_TEST(failed == 12u);
  const auto counts = run.stores.records->counts().value();
  BOOST_TEST(counts.messages == 300u);
  BOOST_TEST(counts.failed == 12u);
  // Without them the resources are the same, version by version.
  Run good(mixed(false));
  (void)good.apply(nullptr);
  const auto versions = [](Run& of) {
    std::string all;
    auto status = of.stores.records->db().query(
        "SELECT type,id,version,deleted FROM resource ORDER BY type,id", {},
        [&](const store::Row& row) {
          for (int column = 0; column < 4; ++column) (all += row.text(column)) += '|';
          return true;
        });
    BOOST_REQUIRE(status.has_value());
    return all;
  };
  BOOST_TEST((versions(run) == versions(good)));
}

BOOST_AUTO_TEST_SUITE_END()
