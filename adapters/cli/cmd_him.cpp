#include <CLI/CLI.hpp>
#include <admin/api.hpp>
#include <him/deficiency.hpp>
#include <store/journal.hpp>

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <thread>

#include "command.hpp"

namespace cli {
namespace {

/// How long a listing waits for a running engine to apply what it had journaled when asked.
inline constexpr std::chrono::seconds kApplyWait{5};

struct Arguments {
  ConfigOptions config;
  him::ListFilter filter;
  std::string now;
};

/// A list right after a send should show what that send did.
void wait_for_apply(const pipeline::EngineConfig& config, store::Records& records) {
  auto journal = store::Journal::open_read_only(config.store_path + "/journal");
  if (!journal) return;
  const core::Sequence head = (*journal)->head();
  const auto until = std::chrono::steady_clock::now() + kApplyWait;
  const bool running = find_running(config).has_value();
  while (true) {
    auto position = records.position();
    if (!position || *position >= head) return;
    if (!running || std::chrono::steady_clock::now() >= until) {
      complain(std::to_string(head.value() - position->value()) +
               " journal entries are not applied yet; the list may lack them");
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

std::string when(const std::optional<core::Instant>& at) {
  return at ? core::to_iso(*at).substr(0, 16) : "-";
}

void print_table(const std::vector<him::Deficiency>& found) {
  print(fmt::format("{:<5} {:<10} {:<3} {:<12} {:<12} {:<17} {:<17} {:<24} {}", "RULE", "STATE",
                    "SEV", "MRN", "VISIT", "OPENED", "DUE", "OWNER", "LACKING"));
  for (const him::Deficiency& item : found) {
    print(fmt::format("{:<5} {:<10} {:<3} {:<12} {:<12} {:<17} {:<17} {:<24} {}", item.rule,
                      him::to_text(item.state), item.severity, item.mrn, item.visit,
                      when(item.opened), when(item.due), item.owner, item.lacking));
  }
}

void deficiencies(const Arguments& arguments, Context& context) {
  context.exit = kUsage;
  auto config = arguments.config.read();
  if (!config) return;
  const core::SystemClock clock;
  core::Instant now = clock.now();
  if (!arguments.now.empty()) {
    auto at = core::from_iso(arguments.now);
    if (!at) {
      complain("--now: " + at.error().detail + " (write 2026-11-21T08:00:00Z)");
      return;
    }
    now = *at;
  }
  auto knowledge = load_knowledge(data_for(*config), mapping_names(*config));
  if (!knowledge) return;
  auto records = open_records(*config, knowledge->r4);
  if (!records) {
    context.exit = kUnreachable;
    return;
  }
  wait_for_apply(*config, *records);
  auto found = him::list(*records, *knowledge->rules, arguments.filter, now);
  if (!found) {
    complain(found.error().text());
    context.exit = kUnreachable;
    return;
  }
  if (context.json) {
    for (const him::Deficiency& item : *found) print(admin::deficiency_json(item));
  } else {
    print_table(*found);
  }
  context.exit = kOk;
}

}  // namespace

void add_him(CLI::App& app, Context& context) {
  CLI::App* him = app.add_subcommand("him", "health information management");
  him->require_subcommand(1);
  auto arguments = std::make_shared<Arguments>();
  CLI::App* list = him->add_subcommand("deficiencies", "what charts lack, who owes it, by when");
  list->alias("deficiency");
  arguments->config.add_to(*list, false);
  list->add_option("--now", arguments->now, "look as of that time (ISO 8601), changing nothing");
  list->add_option("--rule", arguments->filter.rule, "only this rule, such as R06");
  list->add_option("--mrn", arguments->filter.mrn, "only this medical record number");
  list->add_option("--patient", arguments->filter.patient, "only this Patient id");
  list->add_option("--visit", arguments->filter.visit, "only this visit number");
  list->add_option("--owner", arguments->filter.owner, "only this owner");
  list->add_flag("--open", arguments->filter.open_only,
                 "leave out completed, waived and cancelled ones");
  list->callback([arguments, &context] { deficiencies(*arguments, context); });
}

}  // namespace cli
