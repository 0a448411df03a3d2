#include "workbench.hpp"

#include <fhir/json.hpp>
#include <hl7/batch.hpp>
#include <hl7/xml.hpp>
#include <mapping/inspect.hpp>

#include <algorithm>
#include <filesystem>

namespace cli {

namespace fs = std::filesystem;

mapping::Environment environment_of(const pipeline::EngineConfig& config,
                                    const pipeline::FeedConfig& feed) {
  mapping::Environment out;
  out.name_space = config.name_space;
  out.authorities = config.authorities;
  out.zone = feed.zone;
  for (const auto& [key, value] : feed.values) out.values[key] = value;
  return out;
}

std::optional<Workbench> Workbench::open(const Choice& choice) {
  Workbench out;
  pipeline::DataPaths paths = shipped_data();
  std::string name = choice.mapping.empty() ? "base" : choice.mapping;
  if (!choice.config.empty()) {
    auto config = read_config(choice.config);
    if (!config) return std::nullopt;
    paths = data_for(*config);
    out.environment.name_space = config->name_space;
    out.environment.authorities = config->authorities;
    const pipeline::FeedConfig* feed =
        !choice.feed.empty()    ? config->feed(core::FeedName{choice.feed})
        : config->feeds.empty() ? nullptr
                                : &config->feeds.front();
    if (feed == nullptr && !choice.feed.empty()) {
      complain("no feed is named \"" + choice.feed + "\"");
      return std::nullopt;
    }
    if (feed != nullptr) {
      out.feed = feed->name.value();
      if (choice.mapping.empty()) name = feed->mapping;
      out.environment = environment_of(*config, *feed);
      out.charset = feed->charset;
    }
  }
  if (!choice.mappings.empty()) paths.mappings = choice.mappings;
  out.mappings = paths.mappings;
  out.knowledge = load_knowledge(paths, {name});
  if (!out.knowledge) return std::nullopt;
  out.set = out.knowledge->mappings.at(name);
  return out;
}

mapping::Environment environment_beside(const std::string& file,
                                        const mapping::Environment& own) {
  const fs::path beside = fs::path(file).parent_path() / "expect.yaml";
  std::error_code ignored;
  if (fs::path(file).filename() != "message.hl7" || !fs::exists(beside, ignored)) return own;
  const auto expected = core::yaml::load(beside.string());
  mapping::Environment out = own;
  if (!expected || expected->documents.empty()) return own;
  return mapping::test_environment(expected->documents.front(), out) ? out : own;
}

std::vector<std::string> message_files(const std::string& path) {
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) return {path};
  std::vector<std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(path, ignored)) {
    const std::string extension = entry.path().extension().string();
    if (extension == ".hl7" || extension == ".er7" || extension == ".xml") {
      out.push_back(entry.path().string());
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

core::Status each_message(const std::string& file, const hl7::CharsetPolicy& charset,
                          const std::function<void(std::string_view)>& each) {
  auto bytes = read_file(file);
  if (!bytes) return core::fail(bytes.error());
  const std::size_t at = bytes->find_first_not_of(" \t\r\n\xef\xbb\xbf");
  hl7::Issues issues;
  auto text = at != std::string::npos && (*bytes)[at] == '<'
                  ? hl7::xml_to_er7(*bytes)
                  : hl7::decode(std::move(*bytes), charset, issues);
  if (!text) return core::fail(text.error());
  const auto batch = hl7::split_batch(*text);
  if (!batch) return core::fail(batch.error());
  for (const std::string_view message : batch->messages) each(message);
  return {};
}

void json_member(std::string& line, std::string_view name, std::string_view text) {
  if (!line.empty() && line.back() != '{' && line.back() != '[') line += ',';
  fhir::write_json_string(name, line);
  line += ':';
  fhir::write_json_string(text, line);
}

}  // namespace cli
