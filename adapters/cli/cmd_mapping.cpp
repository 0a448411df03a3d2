#include <CLI/CLI.hpp>

#include <memory>

#include "command.hpp"
#include "coverage.hpp"

namespace cli {
namespace {

void add_coverage(CLI::App& mapping, Context& context) {
  auto options = std::make_shared<CoverageOptions>();
  CLI::App* command = mapping.add_subcommand(
      "coverage", "hold the official V2-to-FHIR tables against what messages prove");
  command->add_option("--ig", options->tables, "folder with messages/, segments/, datatypes/, "
                                               "codesystems/ of the official tables")
      ->required();
  command->add_option("--mappings", options->mappings, "mappings folder to judge instead");
  command->add_option("--messages", options->messages, "HL7 files or folders to run, too");
  command->add_flag("--all", options->all, "list declined and corrected rows, too");
  command->callback([options, &context] { report_coverage(*options, context); });
}

}  // namespace

void add_mapping(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("mapping", "what the mapping carries and what it misses");
  command->require_subcommand(1);
  add_coverage(*command, context);
}

}  // namespace cli
