#include <CLI/CLI.hpp>
#include <core/text.hpp>
#include <store/journal.hpp>

#include <fmt/format.h>

#include <memory>

#include "command.hpp"
#include "shadow.hpp"

namespace cli {
namespace {

struct Arguments {
  ConfigOptions config;
  std::string start;         ///< --from: a sequence, or a date for a shadow run
  std::uint64_t from = 0, to = 0;
  std::string feed, mapping;
  bool failed = false, dry_run = false, shadow = false, values = false;
};

/// Sequences of original messages in the range that match.
core::Result<std::vector<core::Sequence>> choose(const Arguments& arguments,
                                                 const store::Journal& journal,
                                                 store::Records& records) {
  std::vector<core::Sequence> chosen;
  core::Sequence after{arguments.from > 0 ? arguments.from - 1 : 0};
  const core::Sequence last =
      arguments.to > 0 ? core::Sequence{arguments.to} : journal.head();
  while (true) {
    auto entries = journal.read(after, 512);
    if (!entries) return core::fail(entries.error());
    if (entries->empty()) return chosen;
    for (const store::Entry& entry : *entries) {
      after = entry.sequence;
      if (entry.sequence > last) return chosen;
      if (entry.kind != store::EntryKind::kMessage || entry.cites != 0) continue;
      if (!arguments.feed.empty() && entry.feed.value() != arguments.feed) continue;
      if (arguments.failed) {
        auto state = records.message(entry.sequence);
        if (!state) return core::fail(state.error());
        if (!*state || (*state)->state != store::MessageState::State::kFailed) continue;
      }
      chosen.push_back(entry.sequence);
    }
  }
}

void replay(Arguments& arguments, Context& context) {
  context.exit = kUsage;
  auto config = arguments.config.read();
  if (!config) return;
  if (arguments.shadow) {
    return run_shadow({arguments.mapping, arguments.start, arguments.feed, arguments.to,
                       arguments.values},
                      *config, context);
  }
  const auto number = core::to_int(arguments.start);
  if (!arguments.start.empty() && (!number || *number < 1)) {
    return complain("--from takes a sequence; a date needs --shadow");
  }
  arguments.from = static_cast<std::uint64_t>(number.value_or(0));
  if (arguments.from == 0 && !arguments.failed) {
    complain("name what to replay: --from N [--to N], or --failed");
    return;
  }
  auto knowledge = load_knowledge(data_for(*config), mapping_names(*config));
  if (!knowledge) return;
  context.exit = kUnreachable;
  auto journal = store::Journal::open_read_only(config->store_path + "/journal");
  if (!journal) {
    complain("cannot open the journal: " + journal.error().text());
    return;
  }
  auto records = open_records(*config, knowledge->r4);
  if (!records) return;
  auto chosen = choose(arguments, **journal, *records);
  if (!chosen) {
    complain(chosen.error().text());
    return;
  }
  const auto running = find_running(*config);
  if (!running && !arguments.dry_run) {
    complain("no engine is running on this store; start it with: chartwire serve");
    return;
  }
  context.exit = kOk;
  for (core::Sequence sequence : *chosen) {
    if (arguments.dry_run) {
      print(context.json ? fmt::format("{{\"sequence\":{}}}", sequence.value())
                         : fmt::format("would replay {}", sequence.value()));
      continue;
    }
    auto answer = call_engine(*running, "POST",
                              fmt::format("/api/v1/messages/{}/replay", sequence.value()), "{}");
    if (!answer) {
      complain(fmt::format("sequence {}: {}", sequence.value(), answer.error().text()));
      context.exit = kUnreachable;
      return;
    }
    print(context.json ? *answer : fmt::format("replayed {}: {}", sequence.value(), *answer));
  }
  if (!context.json) print(fmt::format("{} messages", chosen->size()));
}

}  // namespace

void add_replay(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand(
      "replay", "apply stored messages again, through the mappings in force now");
  arguments->config.add_to(*command, false);
  command->add_option("--from", arguments->start, "first sequence (with --shadow also a date)");
  command->add_option("--to", arguments->to, "last sequence (default: the head)");
  command->add_option("--feed", arguments->feed, "only this feed");
  command->add_flag("--failed", arguments->failed, "only messages that could not be applied");
  command->add_flag("--shadow", arguments->shadow,
                    "change nothing: show what another mapping would make differently");
  command->add_option("--mapping", arguments->mapping,
                      "for --shadow: a mappings folder, or \"base+<site>\"");
  command->add_flag("--values", arguments->values,
                    "for --shadow: show an example's values (patient data)");
  command->add_flag("--dry-run", arguments->dry_run, "list, change nothing");
  command->callback([arguments, &context] { replay(*arguments, context); });
}

}  // namespace cli
