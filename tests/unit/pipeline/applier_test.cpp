// What stands in the records is a function of the journal alone: neither a store that fails in the
// middle of a transaction nor messages that cannot be applied change what becomes of the others.
#include <boost/test/unit_test.hpp>

#include <pipeline/knowledge.hpp>

#include <thread>

#include "applier.hpp"
#include "failing_records.hpp"
#include "stores.hpp"

using namespace pipeline;
using namespace std::chrono_literals;

namespace {

const EngineConfig& config() {
  static const EngineConfig loaded = [] {
    auto file = core::yaml::parse(R"(
listeners:
  - {name: adt, mllp: {bind: 127.0.0.1, port: 2575}, feed: hospital}
feeds:
  - {name: hospital, mapping: base, timezone: UTC}
routes:
  - {from: hospital, to: repository}
destinations:
  - {name: repository, fhir: {url: "http://127.0.0.1:9090/fhir"}}
store: {path: data}
)", "c.yaml");
    BOOST_REQUIRE(file.has_value());
    std::vector<ConfigProblem> problems;
    auto parsed = parse_config(*file, "/site", problems);
    BOOST_REQUIRE(parsed.has_value());
    return std::move(*parsed);
  }();
  return loaded;
}

std::shared_ptr<const Knowledge> knowledge() {
  static const std::shared_ptr<const Knowledge> loaded = [] {
    DataPaths paths;
    paths.schemas = test::source_path("/schemas");
    paths.mappings = test::source_path("/mappings");
    std::vector<std::string> findings;
    return Knowledge::load(paths, {"base"}, findings);
  }();
  BOOST_REQUIRE(loaded != nullptr);
  return loaded;
}

std::string adt(const std::string& trigger, int n, int patient, const std::string& merged = {}) {
  const std::string mrn = std::to_string(1000 + patient);
  std::string text = "MSH|^~\\&|REG|GENERAL|CW|HIM|202601" + std::to_string(10 + n / 100) + "0800" +
                     std::to_string(10 + n % 50) + "||ADT^" + trigger + "|C" + std::to_string(n) +
                     "|P|2.5.1\rEVN|" + trigger + "|20260110080000\rPID|1||" + mrn +
                     "^^^GENERAL^MR||Doe^Jane" + std::to_string(n) + "||19800101|F\r";
  if (!merged.empty()) return text + "MRG|" + merged + "^^^GENERAL^MR\r";
  return text + "PV1|1|I|4W^1^A|R|||1001^Adams^Ruth||||||||||||V" + mrn + "^^^GENERAL^VN\r";
}

/// MSH-9: "ADT^A01".
std::string type_of(const std::string& message) {
  std::size_t at = 0;
  for (int field = 1; field < 9; ++field) at = message.find('|', at) + 1;
  return message.substr(at, 7);
}

struct Run {
  test::Stores stores;
  core::Metrics metrics;
  ApplyWaiters waiters;

  explicit Run(const std::vector<std::string>& messages) {
    int n = 0;
    for (const std::string& message : messages) {
      store::Entry entry;
      entry.kind = store::EntryKind::kMessage;
      entry.raw = message;
      entry.feed = core::FeedName{"hospital"};
      entry.sender = "REG|GENERAL";
      entry.control_id = core::ControlId{"C" + std::to_string(n)};
      entry.type = type_of(message);
      entry.received = core::Instant{std::chrono::hours(24 * 365 * 56) + std::chrono::seconds(n++)};
      const auto stored = stores.journal->append_and_wait(std::move(entry));
      BOOST_REQUIRE((stored.outcome == store::Appended::Outcome::kStored));
    }
  }

  /// Applies the whole journal. @return what then stands in the records.
  std::string apply(test::FailingRecords::Fails fails) {
    test::FailingRecords records(*stores.records, std::move(fails));
    Applier applier({&config(), knowledge(), stores.journal.get(), &records, &metrics, &waiters,
                     nullptr});
    BOOST_REQUIRE(applier.start().has_value());
    const auto until = std::chrono::steady_clock::now() + 120s;
    while (applier.position() < stores.journal->head()) {
      BOOST_REQUIRE(std::chrono::steady_clock::now() < until);
      std::this_thread::sleep_for(5ms);
    }
    stores.journal->stop_waiting();
    applier.stop();
    return what_stands();
  }

  std::string what_stands() {
    std::string all;
    for (const char* sql :
         {"SELECT type,id,version,updated,sender,event_time,indexed FROM resource ORDER BY number",
          "SELECT sequence,state,error,lanes,resources,issues,control_id FROM message",
          "SELECT sequence,part,lanes,after,resources,identifier,state FROM outbox ORDER BY row",
          "SELECT resource,entries,0,0,0,0,0 FROM search_value ORDER BY resource",
          "SELECT rule,state,encounter,opened,closed,facts,0 FROM him_deficiency"}) {
      auto status = stores.records->db().query(sql, {}, [&](const store::Row& row) {
        for (int column = 0; column < 7; ++column) (all += row.text(column)) += '|';
        all += '\n';
        return true;
      });
      BOOST_REQUIRE(status.has_value());
    }
    return all;
  }
};

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
