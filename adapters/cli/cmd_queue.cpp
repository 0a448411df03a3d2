#include <CLI/CLI.hpp>
#include <fhir/json.hpp>

#include <fmt/format.h>

#include <memory>

#include "command.hpp"

namespace cli {
namespace {

struct Arguments {
  ConfigOptions config;
  std::string destination, reason;
  std::uint64_t sequence = 0;
  int part = 1;
  bool parked = false;
};

std::optional<RunningEngine> engine_of(const Arguments& arguments, Context& context) {
  context.exit = kUsage;
  auto config = arguments.config.read();
  if (!config) return std::nullopt;
  auto running = find_running(*config);
  if (!running) {
    complain("no engine is running on this store");
    context.exit = kUnreachable;
  }
  return running;
}

void ask(const Arguments& arguments, Context& context, const std::string& method,
         const std::string& target, const std::string& body) {
  auto running = engine_of(arguments, context);
  if (!running) return;
  auto answer = call_engine(*running, method, target, body);
  if (!answer) {
    complain(answer.error().text());
    context.exit = answer.error().code == core::ErrorCode::kUnreachable ? kUnreachable : kFindings;
    return;
  }
  context.exit = kOk;
  if (context.json) {
    print(*answer);
    return;
  }
  fhir::Document document;
  auto tree = fhir::parse_json(*answer, document);
  print(tree ? fhir::pretty_json(*tree) : *answer);
}

void decide(const Arguments& arguments, Context& context, const std::string& what) {
  std::string body = "{\"reason\":";
  fhir::write_json_string(arguments.reason, body);
  ask(arguments, context, "POST",
      fmt::format("/api/v1/queues/{}/{}/{}/{}", arguments.destination, arguments.sequence,
                  arguments.part, what),
      body + "}");
}

void add_item_options(CLI::App& command, Arguments& arguments) {
  arguments.config.add_to(command, false);
  command.add_option("destination", arguments.destination)->required();
  command.add_option("sequence", arguments.sequence, "journal sequence of the item")->required();
  command.add_option("--part", arguments.part, "0 shared resources, 1 the message's Bundle");
}

}  // namespace

void add_queue(CLI::App& app, Context& context) {
  CLI::App* queue = app.add_subcommand("queue", "what waits for destinations, and mending it");
  queue->require_subcommand(1);
  auto arguments = std::make_shared<Arguments>();
  CLI::App* status = queue->add_subcommand("status", "engine and destinations at a glance");
  arguments->config.add_to(*status, false);
  status->callback([=, &context] { ask(*arguments, context, "GET", "/api/v1/status", ""); });
  CLI::App* list = queue->add_subcommand("list", "items of one destination");
  arguments->config.add_to(*list, false);
  list->add_option("destination", arguments->destination)->required();
  list->add_flag("--parked", arguments->parked, "those a destination refused");
  list->callback([=, &context] {
    ask(*arguments, context, "GET",
        "/api/v1/queues/" + arguments->destination + (arguments->parked ? "?parked=true" : ""), "");
  });
  CLI::App* retry = queue->add_subcommand("retry", "send a held or parked item again");
  add_item_options(*retry, *arguments);
  retry->callback([=, &context] { decide(*arguments, context, "retry"); });
  CLI::App* skip = queue->add_subcommand("skip", "give an item up; its patient's later ones flow");
  add_item_options(*skip, *arguments);
  skip->add_option("--reason", arguments->reason, "kept in the journal")->required();
  skip->callback([=, &context] { decide(*arguments, context, "skip"); });
}

}  // namespace cli
