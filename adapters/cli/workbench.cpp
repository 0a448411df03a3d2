#include "workbench.hpp"

#include <fhir/json.hpp>
#include <hl7/batch.hpp>
#include <hl7/xml.hpp>

#include <algorithm>
#include <filesystem>

namespace cli {

namespace fs = std::filesystem;

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
      out.environment.zone = feed->zone;
      out.charset = feed->charset;
      for (const auto& [key, value] : feed->values) out.environment.values[key] = value;
    }
  }
  if (!choice.mappings.empty()) paths.mappings = choice.mappings;
  out.mappings = paths.mappings;
  out.knowledge = load_knowledge(paths, {name});
  if (!out.knowledge) return std::nullopt;
  out.set = out.knowledge->mappings.at(name);
  return out;
}

std::vector<std::string> message_files(const std::string& path) {
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) return {path};
  std::vector<std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(path, ignored)) {
    const std::string extension = entry.path().extension().string();
    if (extension == ".hl7" || extension == ".er7" || extension == ".xml" ||
        extension == ".txt") {
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
