#pragma once
#include <boost/test/unit_test.hpp>
#include <pipeline/knowledge.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "applier.hpp"
#include "failing_records.hpp"
#include "stores.hpp"

// A journal of messages, and what the applier makes of it.
namespace test {

inline const pipeline::EngineConfig& config() {
  static const pipeline::EngineConfig loaded = [] {
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
    std::vector<pipeline::ConfigProblem> problems;
    auto parsed = pipeline::parse_config(*file, "/site", problems);
    BOOST_REQUIRE(parsed.has_value());
    return std::move(*parsed);
  }();
  return loaded;
}

inline std::shared_ptr<const pipeline::Knowledge> knowledge() {
  static const std::shared_ptr<const pipeline::Knowledge> loaded = [] {
    pipeline::DataPaths paths;
    paths.schemas = source_path("/schemas");
    paths.mappings = source_path("/mappings");
    std::vector<std::string> findings;
    auto made = pipeline::Knowledge::load(paths, {"base"}, findings);
    for (const std::string& finding : findings) BOOST_TEST_MESSAGE(finding);
    return made;
  }();
  BOOST_REQUIRE(loaded != nullptr);
  return loaded;
}

/// MSH-9: "ADT^A01".
inline std::string type_of(const std::string& message) {
  std::size_t at = 0;
  for (int field = 1; field < 9; ++field) at = message.find('|', at) + 1;
  return message.substr(at, 7);
}

struct Run {
  Stores stores;
  core::Metrics metrics;
  pipeline::ApplyWaiters waiters;

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
  std::string apply(FailingRecords::Fails fails) {
    FailingRecords records(*stores.records, std::move(fails));
    pipeline::Applier applier({&config(), knowledge(), stores.journal.get(), &records, &metrics, &waiters,
                     nullptr});
    BOOST_REQUIRE(applier.start().has_value());
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{120};
    while (applier.position() < stores.journal->head()) {
      BOOST_REQUIRE(std::chrono::steady_clock::now() < until);
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
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

}  // namespace test
