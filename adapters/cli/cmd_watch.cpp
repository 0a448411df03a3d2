#include <CLI/CLI.hpp>
#include <core/text.hpp>
#include <fhir/json.hpp>

#include <unistd.h>

#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <thread>

#include "command.hpp"

namespace cli {
namespace {

volatile std::sig_atomic_t interrupted = 0;

struct Arguments {
  ConfigOptions config;
  std::uint64_t seconds = 0;
};

/// The numbers of one line, read from the engine's status and metrics, since it started.
struct Sample {
  std::int64_t received = 0, acknowledged = 0, applied = 0, deficiencies = 0;
  std::int64_t delivered = 0, pending = 0, parked = 0, held = 0;   ///< of all destinations
  std::string trouble;
};

std::int64_t number(const fhir::Node& node, std::string_view name) {
  return core::to_int(node.text_of(name)).value_or(0);
}

/// Sum of a metric over its labels, in Prometheus' text form.
std::int64_t sum(std::string_view metrics, std::string_view name) {
  double out = 0;
  for (std::string_view line : core::split(metrics, '\n')) {
    if (!line.starts_with(name)) continue;
    const std::string_view rest = line.substr(name.size());
    const std::size_t blank = rest.rfind(' ');
    if (rest.empty() || (rest[0] != '{' && rest[0] != ' ') || blank == rest.npos) continue;
    out += std::strtod(std::string(rest.substr(blank + 1)).c_str(), nullptr);
  }
  return static_cast<std::int64_t>(out);
}

core::Result<Sample> take(const RunningEngine& engine) {
  auto answer = call_engine(engine, "GET", "/api/v1/status", "");
  if (!answer) return core::fail(answer.error());
  fhir::Document document;
  auto tree = fhir::parse_json(*answer, document);
  if (!tree) return core::fail(tree.error());
  Sample sample;
  auto metrics = call_engine(engine, "GET", "/metrics", "");
  if (!metrics) return core::fail(metrics.error());
  sample.received = sum(*metrics, "chartwire_messages_received_total");
  // Kept, and answered so; a duplicate gets the answer that its first copy got.
  sample.acknowledged = sum(*metrics, "chartwire_messages_stored_total") +
                        sum(*metrics, "chartwire_messages_duplicate_total");
  sample.applied = sum(*metrics, "chartwire_messages_applied_total");
  sample.deficiencies = number(**tree, "open_deficiencies");
  if ((*tree)->text_of("ready") != "yes") sample.trouble = std::string((*tree)->text_of("ready"));
  const fhir::Node* destinations = (*tree)->find("destinations");
  for (const fhir::Item* item = destinations ? destinations->first_item : nullptr; item;
       item = item->next) {
    sample.pending += number(*item->value, "pending");
    sample.parked += number(*item->value, "parked");
    sample.held += number(*item->value, "held");
    sample.delivered += number(*item->value, "delivered");
    if (item->value->text_of("unreachable") == "true") {
      sample.trouble += fmt::format(" {} unreachable", item->value->text_of("name"));
    }
  }
  return sample;
}

void show(const Sample& sample, bool json) {
  if (json) {
    std::string line = fmt::format(
        "{{\"received\":{},\"acknowledged\":{},\"applied\":{},\"delivered\":{},\"queued\":{},"
        "\"parked\":{},\"held\":{},"
        "\"open_deficiencies\":{},\"trouble\":",
        sample.received, sample.acknowledged, sample.applied, sample.delivered, sample.pending,
        sample.parked, sample.held, sample.deficiencies);
    fhir::write_json_string(sample.trouble, line);
    print(line + "}");
    return;
  }
  const bool terminal = ::isatty(STDOUT_FILENO) == 1;
  const std::string line = fmt::format(
      "received {:>7}  acknowledged {:>7}  applied {:>7}  delivered {:>7}  queued {:>4}  "
      "parked {:>2}  held {:>2}  open deficiencies {:>5}  {}",
      sample.received, sample.acknowledged, sample.applied, sample.delivered, sample.pending,
      sample.parked, sample.held, sample.deficiencies, sample.trouble);
  std::fputs(terminal ? "\r\x1b[K" : "", stdout);
  std::fputs(line.c_str(), stdout);
  std::fputs(terminal ? "" : "\n", stdout);
  std::fflush(stdout);
}

void watch(const Arguments& arguments, Context& context) {
  context.exit = kUsage;
  auto config = arguments.config.read();
  if (!config) return;
  auto engine = find_running(*config);
  if (!engine) {
    complain("no engine is running on this store");
    context.exit = kUnreachable;
    return;
  }
  std::signal(SIGINT, [](int) { interrupted = 1; });
  std::signal(SIGTERM, [](int) { interrupted = 1; });
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(arguments.seconds);
  context.exit = kOk;
  while (interrupted == 0 &&
         (arguments.seconds == 0 || std::chrono::steady_clock::now() < until)) {
    auto sample = take(*engine);
    if (!sample) {
      complain(sample.error().text());
      context.exit = kUnreachable;
      return;
    }
    show(*sample, context.json);
    for (int i = 0; i < 10 && interrupted == 0; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }
}

}  // namespace

void add_watch(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("watch", "what flows through a running engine, live");
  arguments->config.add_to(*command, false);
  command->add_option("--seconds", arguments->seconds, "stop after that many (0: until Ctrl-C)");
  command->callback([arguments, &context] { watch(*arguments, context); });
}

}  // namespace cli
