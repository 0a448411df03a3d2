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

/// message.hl7, whose segments may end as lines of a text file do.
core::Result<std::string> read_message(const fs::path& folder) {
  auto text = read_file((folder / "message.hl7").string());
  if (!text) return text;
  std::string out;
  for (std::size_t i = 0; i < text->size(); ++i) {
    const char c = (*text)[i];
    if (c == '\n' && i > 0 && (*text)[i - 1] == '\r') continue;
    out += c == '\n' ? '\r' : c;
  }
  return out;
}

core::Result<std::string> map_case(const fs::path& folder, mapping::Mapper& mapper) {
  mapping::Environment environment;
  if (auto zone = read_file((folder / "zone.txt").string())) {
    auto found = core::TimeZone::find(core::trim(*zone));
    if (!found) return core::fail(found.error());
    environment.zone = *found;
  }
  auto text = read_message(folder);
  if (!text) return text;
  auto message = hl7::Message::parse(std::move(*text));
  if (!message) return core::fail(message.error());
  auto output = mapper.map(*message, environment);
  if (!output) return core::fail(output.error());
  std::string bundle;
  mapping::write_bundle(**output, environment, "golden|" + message->get("MSH-10"), bundle);
  return bundle;
}

/// Two blanks before every line, as differences are shown.
std::string indented(std::string_view text) {
  std::string out;
  for (std::string_view line : core::split(text, '\n')) {
    if (!line.empty()) out += fmt::format("  {}\n", line);
  }
  return out;
}

/// expect.yaml: the keys of a `tests:` entry, by hand and so not touched by `update`.
void check_expectations(const fs::path& folder, mapping::Mapper& mapper, GoldenResult& result) {
  const auto file = core::yaml::load((folder / "expect.yaml").string());
  auto text = read_message(folder);
  if (!file || !text || file->documents.size() != 1) {
    result.difference = !file   ? "  " + file.error().text() + "\n"
                        : !text ? "  " + text.error().text() + "\n"
                                : "  expect.yaml is not one document\n";
    return;
  }
  const auto held = mapping::run_test(file->documents.front(), std::move(*text), mapper);
  result.passed = held.passed;
  result.difference = indented(held.difference);
}

GoldenResult run_case(const fs::path& folder, const std::string& name, mapping::Mapper& mapper,
                      bool update) {
  GoldenResult result{name, false, ""};
  if (fs::exists(folder / "expect.yaml")) {
    check_expectations(folder, mapper, result);
    if (!result.passed || !fs::exists(folder / "expected.json")) return result;
    result.passed = false;
  }
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
  for (const auto& entry : fs::recursive_directory_iterator(directory, failed)) {
    if (entry.path().filename() == "message.hl7") folders.insert(entry.path().parent_path());
  }
  if (folders.empty()) results.push_back({directory, false, "  holds no case\n"});
  for (const fs::path& folder : folders) {
    const std::string name = folder.lexically_relative(directory).string();
    results.push_back(run_case(folder, name, mapper, update));
  }
  return results;
}

}  // namespace cli
