#include <CLI/CLI.hpp>

#include <memory>

#include "command.hpp"
#include "coverage.hpp"
#include "profile_command.hpp"
#include "unmapped.hpp"

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

void add_unmapped(CLI::App& mapping, Context& context) {
  auto options = std::make_shared<UnmappedOptions>();
  CLI::App* command = mapping.add_subcommand(
      "unmapped", "codes no vocabulary knew, as a work list with rows to paste");
  command->add_option("files", options->files, "HL7 files or folders to run");
  command->add_option("--config,-c", options->config,
                      "a configuration: its running engine's counts, else its journal");
  command->add_option("--feed", options->feed, "only this feed");
  command->add_option("--from", options->from, "read the journal from this sequence or date");
  command->add_option("--mappings", options->mappings, "mappings folder to use instead");
  command->add_flag("--rows", options->rows, "print only the overlay to paste");
  command->callback([options, &context] { report_unmapped(*options, context); });
}

void add_profile(CLI::App& app, Context& context) {
  auto options = std::make_shared<ProfileOptions>();
  CLI::App* command = app.add_subcommand(
      "profile", "learn what a sender really uses, or how it drifts from a former profile");
  command->add_option("sources", options->sources, "HL7 files or folders; with --config a feed")
      ->required();
  command->add_option("--config,-c", options->config, "the configuration of the feed");
  command->add_option("--from", options->from, "stored messages from this sequence or date");
  command->add_option("--name", options->name, "name of the profile");
  command->add_option("--out", options->out, "write the profile into this file");
  command->add_option("--against", options->against, "list the differences from this profile");
  command->callback([options, &context] { run_profile(*options, context); });
}

}  // namespace

void add_mapping(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("mapping", "what the mapping carries and what it misses");
  command->require_subcommand(1);
  add_coverage(*command, context);
  add_unmapped(*command, context);
  add_profile(app, context);
}

}  // namespace cli
