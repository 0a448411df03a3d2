#include <CLI/CLI.hpp>
#include <core/metrics.hpp>
#include <net/runtime.hpp>
#include <outbound/sink.hpp>

#include <csignal>
#include <memory>
#include <thread>

#include "command.hpp"

namespace cli {
namespace {

volatile std::sig_atomic_t interrupted = 0;

struct Arguments {
  outbound::SinkOptions options;
  std::uint64_t delay_ms = 0, seconds = 0;
  bool quiet = false;
};

void sink(const Arguments& arguments, Context& context) {
  net::Runtime runtime(1);
  core::Metrics metrics;
  const core::SystemClock clock;
  outbound::SinkOptions options = arguments.options;
  options.faults.delay = std::chrono::milliseconds(arguments.delay_ms);
  runtime.start();
  auto sink = outbound::Sink::open(runtime, metrics, clock, options);
  if (!sink) {
    complain(sink.error().text());
    context.exit = sink.error().code == core::ErrorCode::kRefusedByPolicy ? kRefused : kUsage;
    return;
  }
  std::signal(SIGINT, [](int) { interrupted = 1; });
  std::signal(SIGTERM, [](int) { interrupted = 1; });
  print("sink (a demonstration and test double) at http://127.0.0.1:" +
        std::to_string((*sink)->port()));
  std::uint64_t seen = 0;
  for (std::uint64_t ticks = 0; interrupted == 0; ++ticks) {
    if (arguments.seconds != 0 && ticks >= arguments.seconds * 10) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    const outbound::SinkStats stats = (*sink)->stats();
    if (!arguments.quiet && ticks % 10 == 0 && stats.requests != seen) {
      seen = stats.requests;
      print(stats.json());
    }
  }
  (*sink)->stop(std::chrono::seconds(2));
  print((*sink)->stats().json());
  runtime.wait_idle(std::chrono::seconds(2));
  runtime.stop();
  context.exit = kOk;
}

}  // namespace

void add_sink(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  outbound::SinkOptions& options = arguments->options;
  options.port = 9090;
  CLI::App* command = app.add_subcommand(
      "sink", "a receiving end for demonstrations and tests: takes FHIR transactions, counts them");
  command->add_option("--port", options.port, "0 takes any free port");
  command->add_option("--base", options.base, "path of the FHIR base");
  command->add_option("--fail-rate", options.faults.fail_rate, "share of requests that fail");
  command->add_option("--fail-status", options.faults.fail_status, "how they fail");
  command->add_option("--fail-first", options.faults.fail_first, "the first N requests fail");
  command->add_option("--retry-after", options.faults.retry_after, "sent with failures");
  command->add_option("--reject-text", options.faults.reject_text,
                      "a request that contains it gets 422, always");
  command->add_option("--delay-ms", arguments->delay_ms, "before each answer");
  command->add_option("--seconds", arguments->seconds, "stop after that many (0: until Ctrl-C)");
  command->add_flag("--quiet", arguments->quiet, "only the first and the last line");
  command->callback([arguments, &context] { sink(*arguments, context); });
}

}  // namespace cli
