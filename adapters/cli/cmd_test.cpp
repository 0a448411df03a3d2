#include <CLI/CLI.hpp>
#include <fhir/json.hpp>
#include <mapping/mapper.hpp>

#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "command.hpp"
#include "golden.hpp"
#include "junit.hpp"
#include "rule_report.hpp"
#include "workbench.hpp"

namespace cli {
namespace {

struct Arguments {
  std::string config, mappings, name = "base", golden, junit;
  bool update = false, coverage = false;
};

void report(const Context& context, const std::string& place, const std::string& name, bool passed,
            const std::string& difference) {
  if (context.json) {
    std::string line = fmt::format("{{\"passed\":{},\"place\":", passed);
    fhir::write_json_string(place, line);
    line += ",\"name\":";
    fhir::write_json_string(name, line);
    line += ",\"difference\":";
    fhir::write_json_string(difference, line);
    print(line + "}");
  } else if (!passed) {
    print(fmt::format("FAILED {} {}\n{}", place, name, difference));
  }
}

void print_coverage(const Arguments& arguments,
                    const std::shared_ptr<const mapping::MappingSet>& set, Context& context) {
  RuleReport coverage(set);
  for (const mapping::TestMessage& test : mapping::test_messages(*set)) {
    coverage.run(test.text, test.environment);
  }
  if (!arguments.golden.empty()) {
    for (const std::string& file : message_files(arguments.golden)) {
      const mapping::Environment environment = environment_beside(file, {});
      const auto read = each_message(file, {}, [&](std::string_view text) {
        coverage.run(text, environment);
      });
      if (!read) complain(file + ": " + read.error().text());
    }
  }
  coverage.print_to(context);
}

void test(const Arguments& arguments, Context& context) {
  context.exit = kUsage;
  pipeline::DataPaths paths = shipped_data();
  if (!arguments.config.empty()) {
    auto config = read_config(arguments.config);
    if (!config) return;
    paths = data_for(*config);
  }
  if (!arguments.mappings.empty()) paths.mappings = arguments.mappings;
  auto knowledge = load_knowledge(paths, {arguments.name});
  if (!knowledge) return;
  const auto& set = knowledge->mappings.at(arguments.name);
  std::size_t passed = 0, failed = 0;
  std::vector<JunitCase> cases;
  const mapping::TestReport results = mapping::run_tests(*set, knowledge->v2, knowledge->r4);
  for (const auto& result : results.cases) {
    ++(result.passed ? passed : failed);
    report(context, fmt::format("{}:{}", result.file, result.line), result.name, result.passed,
           result.difference);
    cases.push_back({result.file, result.name, result.passed, result.difference});
  }
  if (!arguments.golden.empty()) {
    for (const GoldenResult& result : run_golden(arguments.golden, set, arguments.update)) {
      ++(result.passed ? passed : failed);
      report(context, result.folder, "", result.passed, result.difference);
      cases.push_back({arguments.golden, result.folder, result.passed, result.difference});
    }
  }
  if (!arguments.junit.empty()) {
    if (auto written = write_file(arguments.junit, junit_xml(cases)); !written) {
      return complain(written.error().text());
    }
  }
  if (arguments.coverage) print_coverage(arguments, set, context);
  if (!context.json) print(fmt::format("{} passed, {} failed", passed, failed));
  context.exit = failed > 0 ? kFindings : kOk;
}

}  // namespace

void add_test(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand(
      "test", "run the tests: blocks of the mappings, and golden folders");
  command->add_option("--config,-c", arguments->config, "take the mappings folder from it");
  command->add_option("--mappings", arguments->mappings, "mappings folder to test instead");
  command->add_option("--mapping", arguments->name, "\"base\" or \"base+<site>\"");
  command->add_option("--golden", arguments->golden,
                      "folder of cases: message.hl7 with expect.yaml, expected.json or both");
  command->add_flag("--update", arguments->update, "write expected.json from what is mapped now");
  command->add_option("--junit", arguments->junit, "write a JUnit report into this file");
  command->add_flag("--coverage", arguments->coverage,
                    "rules that no test made write, fields that no rule read");
  command->callback([arguments, &context] { test(*arguments, context); });
}

}  // namespace cli
