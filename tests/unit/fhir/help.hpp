#pragma once
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fhir/json.hpp>
#include <fstream>
#include <iterator>
#include <string>
#include "paths.hpp"

namespace test {

/// Parses what must be good.
inline fhir::Node* parse(std::string_view json, fhir::Document& into) {
  auto result = fhir::parse_json(json, into);
  BOOST_REQUIRE_MESSAGE(result.has_value(), (result ? std::string() : result.error().text()));
  return *result;
}
inline std::string compact(const fhir::Node* node) {
  std::string out;
  fhir::write_json(node, out);
  return out;
}
inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
/// Other people's sample data, beside the repository; absent in a plain clone.
inline std::filesystem::path corpus() {
  return std::filesystem::path(test::source_path("/../shared")) / "corpus";
}
/// Says that a test ran without its data.
inline bool absent(const std::filesystem::path& path) {
  if (std::filesystem::exists(path)) return false;
  BOOST_TEST_MESSAGE("SKIPPED: " << path.filename() << " is not there");
  return true;
}

}  // namespace test
