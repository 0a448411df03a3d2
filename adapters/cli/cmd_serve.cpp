#include <CLI/CLI.hpp>
#include <core/clock.hpp>
#include <core/log.hpp>

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <memory>
#include <optional>
#include <thread>

#include "command.hpp"
#include "service.hpp"

namespace cli {
namespace {

volatile std::sig_atomic_t stop_requested = 0;

/// How long a drain waits for the stages after SIGTERM.
inline constexpr std::chrono::seconds kDrainGrace{8};

struct Arguments {
  ConfigOptions config;
  std::string clock;
};

/// A core dump would hold patient data; a full disk or limit must be an error, not a signal.
void prepare_process() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  ::umask(077);
  std::signal(SIGXFSZ, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGINT, [](int) { stop_requested = 1; });
  std::signal(SIGTERM, [](int) { stop_requested = 1; });
}

void serve(const Arguments& arguments, Context& context) {
  prepare_process();
  context.exit = kUsage;
  auto config = arguments.config.read();
  if (!config) return;
  auto knowledge = load_knowledge(data_for(*config), mapping_names(*config));
  if (!knowledge) return;
  std::optional<core::Instant> simulated;
  if (!arguments.clock.empty()) {
    auto at = core::from_iso(arguments.clock);
    if (!at) {
      complain("--clock: " + at.error().detail + " (write 2026-11-21T08:00:00Z)");
      return;
    }
    simulated = *at;
  }
  auto service = Service::start(std::move(*config), std::move(knowledge), simulated);
  if (!service) {
    complain(service.error().text());
    switch (service.error().code) {
      case core::ErrorCode::kRefusedByPolicy: context.exit = kRefused; break;
      case core::ErrorCode::kBadConfig: context.exit = kUsage; break;
      default: context.exit = kUnreachable; break;
    }
    return;
  }
  print((*service)->ready_line(context.json));
  while (stop_requested == 0 && !(*service)->failed()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  // After a failed fsync nothing may look durable any more: end at once, recover from the journal.
  if ((*service)->failed()) ::_exit(kUnreachable);
  core::log_info("draining");
  (*service)->drain(kDrainGrace);
  core::log_info("stopped");
  context.exit = kOk;
}

}  // namespace

void add_serve(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("serve", "run the engine");
  arguments->config.add_to(*command, true);
  command->add_option("--clock", arguments->clock,
                      "run a new store at this time (ISO 8601), moved by POST /api/v1/clock; the "
                      "store stays simulated");
  command->callback([arguments, &context] { serve(*arguments, context); });
}

}  // namespace cli
