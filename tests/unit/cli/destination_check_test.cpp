#include <pipeline/destination_check.hpp>

#include "help.hpp"

/// `chartwire check`: what a destination asks of the mappings of the feeds that are routed there.
using namespace mapping_test;

namespace {

std::string problems_of(const std::string& destination, const std::string& routes) {
  const Compiled compiled = compile("transform: old-lab\nkeep: [PID]\n");
  BOOST_REQUIRE_MESSAGE(compiled.set, compiled.report());
  const Compiled none = compile("vocab: V\nto: ''\nmap: {a: b}\n");
  BOOST_REQUIRE_MESSAGE(none.set, none.report());
  const pipeline::Knowledge knowledge{
      schema::V2Schema::load(test::source_path("/schemas/hl7v2")).value(),
      schema::R4::load(test::source_path("/schemas/fhir/r4.txt")).value(),
      {{"base", compiled.set}, {"base+bare", none.set}}, nullptr, nullptr};
  auto file = core::yaml::parse("feeds:\n  - {name: adt, mapping: base}\n"
                                "  - {name: bare, mapping: base+bare}\n"
                                "destinations:\n  - " + destination + "\n" + routes, "c.yaml");
  BOOST_REQUIRE(file.has_value());
  std::vector<pipeline::ConfigProblem> found;
  const auto config = pipeline::parse_config(*file, "/site", found);
  std::string all;
  for (const auto& problem : found) all += problem.render() + "\n";
  BOOST_REQUIRE_MESSAGE(config.has_value(), all);
  for (const auto& problem : pipeline::check_destinations(*config, knowledge)) {
    all += problem.render() + "\n";
  }
  return all;
}

const char* const kRoute = "routes:\n  - {from: adt, to: lab}\n";

}  // namespace

BOOST_AUTO_TEST_SUITE(destination_check)

BOOST_AUTO_TEST_CASE(a_transformation_that_is_there) {
  BOOST_TEST(problems_of("{name: lab, mllp: {port: 6661, transform: old-lab}}", kRoute) == "");
  BOOST_TEST(problems_of("{name: lab, mllp: {port: 6661}}", kRoute) == "");
  BOOST_TEST(problems_of("{name: lab, fhir: {url: 'http://127.0.0.1:1/'}}", kRoute) == "");
}

BOOST_AUTO_TEST_CASE(a_misspelt_transformation_has_its_place_and_the_nearest_name) {
  BOOST_TEST(problems_of("{name: lab, mllp: {port: 6661, transform: old-lap}}", kRoute) ==
             "c.yaml:5:47: error: destination lab: mapping \"base\" has no transformation "
             "\"old-lap\"; did you mean \"old-lab\"?\n");
}

BOOST_AUTO_TEST_CASE(each_feed_that_is_routed_there_needs_it) {
  const std::string both = std::string(kRoute) + "  - {from: bare, to: lab}\n";
  BOOST_TEST(problems_of("{name: lab, mllp: {port: 6661, transform: old-lab}}", both) ==
             "c.yaml:5:47: error: destination lab: mapping \"base+bare\" has no transformation "
             "\"old-lab\"\n");
}

BOOST_AUTO_TEST_CASE(without_a_route_every_feed_is_asked) {
  const std::string all = problems_of("{name: lab, mllp: {port: 6661, transform: nothing}}", "");
  BOOST_TEST(all.find("mapping \"base\" has no") != std::string::npos);
  BOOST_TEST(all.find("mapping \"base+bare\" has no") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
