#include <boost/test/unit_test.hpp>
#include <pipeline/config.hpp>

using namespace pipeline;

namespace {

struct Loaded {
  std::optional<EngineConfig> config;
  std::vector<ConfigProblem> problems;
  std::string all;
};

Loaded load(const std::string& text) {
  Loaded loaded;
  auto file = core::yaml::parse(text, "c.yaml");
  BOOST_REQUIRE(file.has_value());
  loaded.config = parse_config(*file, "/site", loaded.problems);
  for (const ConfigProblem& problem : loaded.problems) loaded.all += problem.render() + "\n";
  return loaded;
}

const char* const kSmallest = R"(
listeners:
  - {name: adt, mllp: {bind: 127.0.0.1, port: 2575}, feed: hospital}
  - {name: web, http: {bind: 127.0.0.1, port: 8080}}
feeds:
  - {name: hospital, mapping: base, timezone: America/New_York}
routes:
  - {from: hospital, to: repository}
destinations:
  - {name: repository, fhir: {url: "http://127.0.0.1:9090/fhir"}}
store: {path: data}
)";

}  // namespace

BOOST_AUTO_TEST_SUITE(config)

BOOST_AUTO_TEST_CASE(the_smallest_configuration_loads) {
  const Loaded loaded = load(kSmallest);
  BOOST_TEST(loaded.all == "");
  BOOST_REQUIRE(loaded.config.has_value());
  BOOST_TEST(loaded.config->listeners.size() == 2u);
  BOOST_TEST(loaded.config->listeners[0].port == 2575);
  BOOST_TEST(loaded.config->feeds[0].zone.name() == "America/New_York");
  BOOST_TEST(loaded.config->store_path == "/site/data");
}

BOOST_AUTO_TEST_CASE(an_unknown_key_names_its_place_and_the_nearest_key) {
  const Loaded loaded = load("feeds:\n  - {name: a, timezon: UTC}\n");
  BOOST_TEST(!loaded.config.has_value());
  BOOST_TEST(loaded.all.find("c.yaml:2:") != std::string::npos);
  BOOST_TEST(loaded.all.find("feed has no key \"timezon\"") != std::string::npos);
  BOOST_TEST(loaded.all.find("did you mean \"timezone\"?") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(all_problems_are_reported_at_once) {
  const Loaded loaded = load(
      "listeners:\n  - {name: a, mllp: {port: 70000}, feed: nobody}\n"
      "routes:\n  - {from: x, to: y}\n"
      "destinations:\n  - {name: d, fhir: {url: 'ftp://x'}, on_refusal: parked}\n");
  BOOST_TEST(loaded.problems.size() >= 5u);
  BOOST_TEST(loaded.all.find("port must be a whole number from 0 to 65535") != std::string::npos);
  BOOST_TEST(loaded.all.find("no feed is named \"nobody\"") != std::string::npos);
  BOOST_TEST(loaded.all.find("url must start with http://") != std::string::npos);
  BOOST_TEST(loaded.all.find("did you mean \"park\"?") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(ports_off_loopback_are_refused_unless_guarded) {
  const auto listener = [](const std::string& keys) {
    return load("listeners:\n  - {name: a, mllp: {port: 1, " + keys +
                "}, feed: f}\nfeeds:\n  - {name: f}\n");
  };
  BOOST_TEST(!listener("bind: 0.0.0.0").config.has_value());
  BOOST_TEST(!listener("bind: 0.0.0.0, plaintext: true").config.has_value());
  BOOST_TEST(!listener("bind: 0.0.0.0, peers: [10.0.0.1]").config.has_value());
  BOOST_TEST(listener("bind: 0.0.0.0, plaintext: true, peers: [10.0.0.1]").config.has_value());
  BOOST_TEST(!load("listeners:\n  - {name: w, http: {bind: 0.0.0.0, port: 1}}\n").config.has_value());
}

BOOST_AUTO_TEST_CASE(names_are_unique) {
  const Loaded loaded = load("feeds:\n  - {name: a}\n  - {name: a}\n");
  BOOST_TEST(loaded.all.find("two feeds are named \"a\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(durations_and_sizes_have_units_and_bounds) {
  using std::chrono::milliseconds;
  BOOST_TEST(parse_duration("250ms").value().count() == 250);
  BOOST_TEST(parse_duration("5m").value().count() == 300'000);
  BOOST_TEST(parse_duration("7d").value().count() == 604'800'000);
  for (const char* bad : {"", "5", "m", "-5s", "5 s", "99999999999999d", "5y"}) {
    BOOST_TEST(!parse_duration(bad).has_value(), bad);
  }
  BOOST_TEST(parse_bytes("16MiB").value() == 16u << 20);
  for (const char* bad : {"", "MiB", "-1KiB", "5MB", "99999999999TiB"}) {
    BOOST_TEST(!parse_bytes(bad).has_value(), bad);
  }
}

BOOST_AUTO_TEST_CASE(two_documents_are_no_configuration) {
  BOOST_TEST(!load("feeds: []\n---\nfeeds: []\n").config.has_value());
}

BOOST_AUTO_TEST_SUITE_END()
