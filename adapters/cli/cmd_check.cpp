#include <CLI/CLI.hpp>
#include <fhir/json.hpp>
#include <pipeline/destination_check.hpp>

#include <memory>

#include "command.hpp"
#include "overlays.hpp"

namespace cli {
namespace {

struct Arguments {
  std::string config, mappings, before;
  bool overlays = false;
};

void print_finding(const Context& context, const std::string& text, bool error) {
  if (!context.json) {
    print(text);
    return;
  }
  std::string line =
      "{\"severity\":\"" + std::string(error ? "error" : "warning") + "\",\"finding\":";
  fhir::write_json_string(text, line);
  print(line + "}");
}

void check(const Arguments& arguments, Context& context) {
  pipeline::DataPaths paths = shipped_data();
  std::set<std::string> names{"base"};
  int errors = 0, warnings = 0;
  std::optional<pipeline::EngineConfig> config;
  if (!arguments.config.empty()) {
    std::vector<pipeline::ConfigProblem> problems;
    config = pipeline::load_config(arguments.config, problems);
    for (const auto& problem : problems) print_finding(context, problem.render(), true);
    errors += static_cast<int>(problems.size());
    if (config) {
      paths = data_for(*config);
      names = mapping_names(*config);
    }
  }
  if (!arguments.mappings.empty()) paths.mappings = arguments.mappings;
  std::vector<std::string> findings;
  auto knowledge = pipeline::Knowledge::load(paths, names, findings);
  for (const std::string& finding : findings) {
    const bool warning = finding.find(": warning: ") != std::string::npos;
    ++(warning ? warnings : errors);
    print_finding(context, finding, !warning);
  }
  if (knowledge == nullptr && errors == 0) {
    ++errors;
    print_finding(context, "mappings could not be loaded from " + paths.mappings, true);
  }
  if (config && knowledge) {
    for (const auto& problem : pipeline::check_destinations(*config, *knowledge)) {
      ++errors;
      print_finding(context, problem.render(), true);
    }
  }
  if (!context.json) {
    std::size_t rules = 0;
    if (knowledge) {
      for (const auto& [name, set] : knowledge->mappings) rules += set->rule_count();
    }
    print("checked: " + std::to_string(rules) + " mapping rules, " +
          std::to_string(knowledge ? knowledge->rules->rule_ids().size() : 0) +
          " deficiency rules, " + std::to_string(errors) + " errors, " + std::to_string(warnings) +
          " warnings");
  }
  // A configuration that cannot run is a configuration error, whatever file it stands in.
  context.exit = errors > 0 ? kUsage : warnings > 0 ? kFindings : kOk;
  if (arguments.overlays && knowledge) {
    report_overlays(*knowledge, arguments.before, config ? &*config : nullptr, context);
  }
}

}  // namespace

void add_check(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand(
      "check", "check a configuration, its mappings and its deficiency rules");
  command->add_option("--config,-c", arguments->config, "chartwire.yaml");
  command->add_option("--mappings", arguments->mappings, "mappings folder to check instead");
  command->add_flag("--overlays", arguments->overlays,
                    "list what overlays touch, and what of it changed since the engine last ran");
  command->add_option("--before", arguments->before,
                      "for --overlays: the mappings folder to compare with instead");
  command->callback([arguments, &context] { check(*arguments, context); });
}

}  // namespace cli
