#include <CLI/CLI.hpp>
#include <fhir/json.hpp>
#include <hl7/batch.hpp>
#include <hl7/charset.hpp>
#include <hl7/xml.hpp>
#include <mapping/mapper.hpp>

#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "command.hpp"
#include "explain.hpp"
#include "explain_html.hpp"
#include "workbench.hpp"

namespace cli {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::vector<std::string> files;
  std::string out, feed, config, mappings, html, to, transform;
  bool explain = false, summary = false;
};

/// Everything one run needs: rules, environment, and where output goes.
struct Run {
  const Arguments& arguments;
  Context& context;
  std::shared_ptr<const pipeline::Knowledge> knowledge;
  std::unique_ptr<mapping::Mapper> mapper;
  mapping::Environment environment;
  hl7::CharsetPolicy charset;
  std::map<std::string, std::uint64_t> types;   ///< --summary
  std::uint64_t messages = 0, failed = 0;
  std::unique_ptr<ExplainPage> page;            ///< --html into one file
};

bool prepare(Run& run) {
  const Arguments& arguments = run.arguments;
  pipeline::DataPaths paths = shipped_data();
  std::string name = "base";
  if (!arguments.config.empty()) {
    auto config = read_config(arguments.config);
    if (!config) return false;
    paths = data_for(*config);
    run.environment.name_space = config->name_space;
    run.environment.authorities = config->authorities;
    const pipeline::FeedConfig* feed =
        arguments.feed.empty() ? (config->feeds.empty() ? nullptr : &config->feeds.front())
                               : config->feed(core::FeedName{arguments.feed});
    if (feed == nullptr && !arguments.feed.empty()) {
      complain("no feed is named \"" + arguments.feed + "\"");
      return false;
    }
    if (feed != nullptr) {
      name = feed->mapping;
      run.environment.zone = feed->zone;
      run.charset = feed->charset;
      for (const auto& [key, value] : feed->values) run.environment.values[key] = value;
    }
  }
  if (!arguments.mappings.empty()) paths.mappings = arguments.mappings;
  run.knowledge = load_knowledge(paths, {name});
  if (!run.knowledge) return false;
  run.mapper = std::make_unique<mapping::Mapper>(run.knowledge->mappings.at(name));
  return true;
}

/// The file as UTF-8 ER7, whatever it was.
core::Result<std::string> text_of(const Run& run, const std::string& path) {
  auto bytes = read_file(path);
  if (!bytes) return bytes;
  const std::size_t at = bytes->find_first_not_of(" \t\r\n\xef\xbb\xbf");
  if (at != std::string::npos && (*bytes)[at] == '<') return hl7::xml_to_er7(*bytes);
  hl7::Issues issues;
  return hl7::decode(std::move(*bytes), run.charset, issues);
}

std::string identifier_of(const Run& run, const hl7::Message& message, std::uint64_t number) {
  const hl7::Header header = hl7::read_header(message);
  return (run.arguments.feed.empty() ? "map" : run.arguments.feed) + "|" +
         header.sending_application.child(1).text() + "|" +
         header.sending_facility.child(1).text() + "|" + std::string(header.control_id) + "|" +
         std::to_string(number);
}

bool is_folder(const std::string& path) {
  std::error_code ignored;
  return path.ends_with('/') || fs::is_directory(path, ignored);
}

/// Into a page of its own below a folder, or onto the one page of this run.
core::Status explain_html(Run& run, const hl7::Message& message,
                          const mapping::MapOutput& output, const std::string& title) {
  const auto& set = run.knowledge->mappings.begin()->second;
  if (!is_folder(run.arguments.html)) {
    if (!run.page) run.page = std::make_unique<ExplainPage>(set);
    run.page->add(title, message, output);
    return {};
  }
  ExplainPage page(set);
  page.add(title, message, output);
  std::error_code ignored;
  fs::create_directories(run.arguments.html, ignored);
  return write_file(run.arguments.html + "/" + title + ".html", page.html());
}

/// HL7 v2 to HL7 v2: to stdout with segments as lines, or into a file as it would be sent.
core::Status transform_one(Run& run, const hl7::Message& message, const std::string& out_path) {
  auto made = run.mapper->transform(message, run.arguments.transform, run.environment);
  if (!made) return core::fail(made.error());
  ++run.messages;
  for (const mapping::VocabMiss& miss : made->vocab_misses) {
    complain(miss.table + " does not know the code \"" + miss.code + "\"");
  }
  if (!out_path.empty()) return write_file(out_path, made->text);
  if (run.context.json) {
    std::string line = "{";
    json_member(line, "transform", made->transform);
    json_member(line, "message", made->text);
    print(line + "}");
    return {};
  }
  for (char& c : made->text) c = c == '\r' ? '\n' : c;
  print(made->text.substr(0, made->text.size() - 1));
  return {};
}

core::Status map_one(Run& run, std::string_view text, const std::string& title,
                     const std::string& out_path) {
  auto message = hl7::Message::parse(std::string(text));
  if (!message) return core::fail(message.error());
  if (run.arguments.to == "v2") return transform_one(run, *message, out_path);
  mapping::MapOptions options;
  options.explain = options.lineage = run.arguments.explain || !run.arguments.html.empty();
  auto mapped = run.mapper->map(*message, run.environment, options);
  if (!mapped) return core::fail(mapped.error());
  const mapping::MapOutput& output = **mapped;
  ++run.messages;
  for (const mapping::Draft& draft : output.drafts) ++run.types[std::string(draft.type)];
  std::string bundle;
  mapping::write_bundle(output, run.environment, identifier_of(run, *message, run.messages),
                        bundle);
  if (!out_path.empty()) {
    fhir::Document document;
    auto tree = fhir::parse_json(bundle, document);
    if (!tree) return core::fail(tree.error());
    if (auto status = write_file(out_path, fhir::pretty_json(*tree) + "\n"); !status) return status;
  }
  if (!run.arguments.html.empty()) return explain_html(run, *message, output, title);
  if (run.arguments.explain) {
    print_explanation(*message, output, run.knowledge->mappings.begin()->second, run.context.json);
  } else if (out_path.empty() && !run.arguments.summary) {
    fhir::Document document;
    auto tree = fhir::parse_json(bundle, document);
    print(run.context.json || !tree ? bundle : fhir::pretty_json(*tree));
  }
  return {};
}

void map_file(Run& run, const std::string& path) {
  const auto report = [&](const core::Error& error) {
    ++run.failed;
    complain(path + ": " + error.text());
  };
  auto text = text_of(run, path);
  if (!text) return report(text.error());
  auto batch = hl7::split_batch(*text);
  if (!batch) return report(batch.error());
  const std::string stem = fs::path(path).stem().string();
  for (std::size_t i = 0; i < batch->messages.size(); ++i) {
    std::string out_path;
    const std::string number = batch->messages.size() > 1 ? "-" + std::to_string(i + 1) : "";
    const std::string title = stem + number;
    if (!run.arguments.out.empty()) {
      const char* extension = run.arguments.to == "v2" ? ".hl7" : ".json";
      out_path = run.arguments.out + "/" + stem + number + extension;
    }
    const auto status = map_one(run, batch->messages[i], title, out_path);
    if (!status) report(status.error());
  }
}

void print_summary(const Run& run) {
  if (run.context.json) {
    std::string line = fmt::format("{{\"messages\":{},\"failed\":{},\"resources\":{{", run.messages,
                                   run.failed);
    bool first = true;
    for (const auto& [type, count] : run.types) {
      line += fmt::format("{}\"{}\":{}", first ? "" : ",", type, count);
      first = false;
    }
    print(line + "}}");
    return;
  }
  print(fmt::format("{} messages mapped, {} failed", run.messages, run.failed));
  for (const auto& [type, count] : run.types) print(fmt::format("  {:<24} {}", type, count));
}

void map_files(const Arguments& arguments, Context& context) {
  context.exit = kUsage;
  Run run{arguments, context, {}, {}, {}, {}, {}, 0, 0, {}};
  if (!prepare(run)) return;
  if (!arguments.out.empty()) {
    std::error_code failed;
    fs::create_directories(arguments.out, failed);
    if (failed) {
      complain("cannot create " + arguments.out);
      return;
    }
  }
  for (const std::string& path : arguments.files) {
    std::error_code ignored;
    if (!fs::is_directory(path, ignored)) {
      map_file(run, path);
      continue;
    }
    std::set<std::string> files;
    for (const auto& entry : fs::directory_iterator(path, ignored)) {
      const std::string extension = entry.path().extension().string();
      if (extension == ".hl7" || extension == ".xml" || extension == ".txt") {
        files.insert(entry.path().string());
      }
    }
    for (const std::string& file : files) map_file(run, file);
  }
  if (run.page) {
    if (auto written = write_file(arguments.html, run.page->html()); !written) {
      ++run.failed;
      complain(written.error().text());
    }
  }
  if (arguments.summary) print_summary(run);
  context.exit = run.failed > 0 ? kFindings : kOk;
}

}  // namespace

void add_map(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("map", "map messages to FHIR transaction Bundles, without a store");
  command->add_option("files", arguments->files, "HL7 files (ER7, v2.xml, batches) or folders")
      ->required();
  command->add_option("--out", arguments->out, "write <stem>.json files into this folder");
  command->add_option("--config,-c", arguments->config,
                      "take zone, mapping and name space from it");
  command->add_option("--feed", arguments->feed, "the feed whose settings apply");
  command->add_option("--mappings", arguments->mappings, "mappings folder to use instead");
  command->add_flag("--explain", arguments->explain,
                    "each leaf with its source field and rule; fields no rule used");
  command->add_option("--html", arguments->html,
                      "write the explanation as a page: into this file, or one a message into "
                      "this folder");
  command->add_option("--to", arguments->to, "fhir (default) or v2: another HL7 v2 message")
      ->check(CLI::IsMember({"fhir", "v2"}));
  command->add_option("--transform", arguments->transform,
                      "for --to v2: the transformation; default: the first that accepts");
  command->add_flag("--summary", arguments->summary, "count resources by type");
  command->callback([arguments, &context] { map_files(*arguments, context); });
}

}  // namespace cli
