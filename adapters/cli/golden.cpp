#include "golden.hpp"

#include <core/text.hpp>
#include <fhir/json.hpp>

#include <fmt/format.h>

#include <filesystem>
#include <set>

#include "command.hpp"

namespace cli {
namespace {

namespace fs = std::filesystem;

/// Differences listed per case before the rest is only counted.
inline constexpr int kDifferencesShownMax = 20;

struct Differ {
  std::string text;
  int count = 0;

  void add(const std::string& path, const std::string& what) {
    if (++count <= kDifferencesShownMax) text += "  " + path + ": " + what + "\n";
  }
};

std::string brief(const fhir::Node& node) {
  std::string json;
  fhir::write_json(&node, json);
  return json.size() > 120 ? json.substr(0, 117) + "..." : json;
}

void compare(Differ& differ, const std::string& path, const fhir::Node* expected,
             const fhir::Node* actual) {
  if (expected == nullptr || actual == nullptr) {
    if (expected != nullptr) differ.add(path, "missing, expected " + brief(*expected));
    if (actual != nullptr) differ.add(path, "unexpected " + brief(*actual));
    return;
  }
  if (expected->kind != actual->kind || (expected->is_leaf() && expected->text != actual->text)) {
    differ.add(path, "expected " + brief(*expected) + ", got " + brief(*actual));
    return;
  }
  for (const fhir::Member* member = expected->first_member; member; member = member->next) {
    compare(differ, path + "." + std::string(member->name), member->value,
            actual->find(member->name));
  }
  for (const fhir::Member* member = actual->first_member; member; member = member->next) {
    if (expected->find(member->name) == nullptr) {
      compare(differ, path + "." + std::string(member->name), nullptr, member->value);
    }
  }
  if (!expected->is_array()) return;
  for (std::uint32_t i = 0; i < std::max(expected->count, actual->count); ++i) {
    compare(differ, fmt::format("{}[{}]", path, i), expected->item(i), actual->item(i));
  }
}

core::Result<std::string> map_case(const fs::path& folder, mapping::Mapper& mapper) {
  mapping::Environment environment;
  if (auto zone = read_file((folder / "zone.txt").string())) {
    auto found = core::TimeZone::find(core::trim(*zone));
    if (!found) return core::fail(found.error());
    environment.zone = *found;
  }
  auto text = read_file((folder / "message.hl7").string());
  if (!text) return text;
  auto message = hl7::Message::parse(std::move(*text));
  if (!message) return core::fail(message.error());
  auto output = mapper.map(*message, environment);
  if (!output) return core::fail(output.error());
  std::string bundle;
  mapping::write_bundle(**output, environment, "golden|" + message->get("MSH-10"), bundle);
  return bundle;
}

GoldenResult run_case(const fs::path& folder, mapping::Mapper& mapper, bool update) {
  GoldenResult result{folder.filename().string(), false, ""};
  auto bundle = map_case(folder, mapper);
  if (!bundle) {
    result.difference = "  " + bundle.error().text() + "\n";
    return result;
  }
  fhir::Document document;
  auto actual = fhir::parse_json(*bundle, document);
  if (!actual) {
    result.difference = "  the Bundle is not JSON\n";
    return result;
  }
  const std::string expected_path = (folder / "expected.json").string();
  if (update) {
    result.passed = write_file(expected_path, fhir::pretty_json(*actual) + "\n").has_value();
    return result;
  }
  auto text = read_file(expected_path);
  auto expected = text ? fhir::parse_json(*text, document)
                       : core::Result<fhir::Node*>(core::fail(text.error()));
  if (!expected) {
    result.difference = "  " + expected.error().text() + "\n";
    return result;
  }
  Differ differ;
  compare(differ, "Bundle", *expected, *actual);
  if (differ.count > kDifferencesShownMax) {
    differ.text += fmt::format("  and {} more\n", differ.count - kDifferencesShownMax);
  }
  result.passed = differ.count == 0;
  result.difference = std::move(differ.text);
  return result;
}

}  // namespace

std::vector<GoldenResult> run_golden(const std::string& directory,
                                     const std::shared_ptr<const mapping::MappingSet>& set,
                                     bool update) {
  std::vector<GoldenResult> results;
  mapping::Mapper mapper(set);
  std::error_code failed;
  std::set<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(directory, failed)) {
    if (fs::exists(entry.path() / "message.hl7")) folders.insert(entry.path());
  }
  if (folders.empty()) results.push_back({directory, false, "  holds no case\n"});
  for (const fs::path& folder : folders) results.push_back(run_case(folder, mapper, update));
  return results;
}

}  // namespace cli
