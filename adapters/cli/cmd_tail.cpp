#include <CLI/CLI.hpp>
#include <fhir/json.hpp>
#include <hl7/message.hpp>
#include <store/journal.hpp>

#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <memory>
#include <thread>

#include "command.hpp"

namespace cli {
namespace {

volatile std::sig_atomic_t interrupted = 0;

struct Arguments {
  ConfigOptions config;
  std::uint64_t lines = 10;
  bool follow = false;
};

std::string_view kind_of(store::EntryKind kind) {
  switch (kind) {
    case store::EntryKind::kMessage: return "message";
    case store::EntryKind::kConfig: return "config";
    case store::EntryKind::kDelivery: return "delivery";
    case store::EntryKind::kTick: return "tick";
    case store::EntryKind::kCommand: return "command";
    case store::EntryKind::kRejected: return "rejected";
  }
  return "?";
}

/// "AA", "CA", "AR"... as it was answered.
std::string ack_code(const store::Entry& entry) {
  if (entry.ack.empty()) return "-";
  auto ack = hl7::Message::parse(entry.ack.substr(0, entry.ack.find('\x1d')));
  return ack ? ack->get("MSA-1") : "?";
}

void print_entry(const store::Entry& entry, bool json) {
  const std::string code = ack_code(entry);
  if (!json) {
    print(fmt::format("{:>9} {} {:<8} {:<12} {:<8} {:<24} {:<3} {}{}", entry.sequence.value(),
                      core::to_iso(entry.received), kind_of(entry.kind), entry.feed.value(),
                      entry.type, entry.control_id.value(), code, entry.raw.size(),
                      entry.changed_body ? " changed-body" : ""));
    return;
  }
  std::string line = fmt::format("{{\"sequence\":{},\"received\":\"{}\",\"kind\":\"{}\"",
                                 entry.sequence.value(), core::to_iso(entry.received),
                                 kind_of(entry.kind));
  for (const auto& [name, value] : {std::pair{"feed", entry.feed.value()},
                                    {"type", entry.type},
                                    {"control_id", entry.control_id.value()},
                                    {"peer", entry.peer},
                                    {"ack", code}}) {
    line += fmt::format(",\"{}\":", name);
    fhir::write_json_string(value, line);
  }
  line += fmt::format(",\"bytes\":{},\"changed_body\":{},\"cites\":{}}}", entry.raw.size(),
                      entry.changed_body, entry.cites);
  print(line);
}

void tail(const Arguments& arguments, Context& context) {
  context.exit = kUsage;
  auto config = arguments.config.read();
  if (!config) return;
  auto journal = store::Journal::open_read_only(config->store_path + "/journal");
  if (!journal) {
    complain("cannot open the journal: " + journal.error().text());
    context.exit = kUnreachable;
    return;
  }
  const std::uint64_t head = (*journal)->head().value();
  core::Sequence after{head > arguments.lines ? head - arguments.lines : 0};
  std::signal(SIGINT, [](int) { interrupted = 1; });
  context.exit = kOk;
  while (interrupted == 0) {
    auto entries = (*journal)->read(after, 256);
    if (!entries) {
      complain(entries.error().text());
      context.exit = kFindings;
      return;
    }
    for (const store::Entry& entry : *entries) {
      print_entry(entry, context.json);
      after = entry.sequence;
    }
    if (!entries->empty()) continue;
    if (!arguments.follow) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

}  // namespace

void add_tail(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("tail", "the last journal entries, without message bodies");
  arguments->config.add_to(*command, false);
  command->add_option("-n,--lines", arguments->lines, "how many");
  command->add_flag("-f,--follow", arguments->follow, "go on with what arrives");
  command->callback([arguments, &context] { tail(*arguments, context); });
}

}  // namespace cli
