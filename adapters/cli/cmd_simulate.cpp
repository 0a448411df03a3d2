#include <CLI/CLI.hpp>
#include <pipeline/config.hpp>

#include <fmt/format.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "command.hpp"
#include "hospital.hpp"
#include "sender.hpp"

namespace cli {
namespace {

volatile std::sig_atomic_t interrupted = 0;

struct Arguments {
  Hospital::Options hospital;
  Sender::Options sender;
  std::string pathways, out, address, start, arrival = "10m";
  std::uint64_t messages = 0;
};

std::string default_pathways() {
  return (std::filesystem::path(shipped_data().schemas).parent_path() / "samples" / "pathways.yaml")
      .string();
}

/// Calls `take` for each message until it says stop, the limit, or Ctrl-C.
template <class Take>
std::uint64_t generate(Hospital& hospital, std::uint64_t limit, const Take& take) {
  SimulatedMessage message;
  std::uint64_t count = 0;
  while (interrupted == 0 && (limit == 0 || count < limit) && hospital.next(message)) {
    ++count;
    if (!take(message)) break;
  }
  return count;
}

void write_files(const Arguments& arguments, Hospital& hospital, Context& context) {
  std::error_code failed;
  std::filesystem::create_directories(arguments.out, failed);
  std::uint64_t number = 0;
  const std::uint64_t count =
      generate(hospital, arguments.messages, [&](const SimulatedMessage& message) {
        const std::string path = fmt::format("{}/{:07}.hl7", arguments.out, ++number);
        if (auto status = write_file(path, message.text); !status) {
          complain(status.error().text());
          context.exit = kUsage;
          return false;
        }
        return true;
      });
  if (context.exit == kOk) print(fmt::format("{} messages written to {}", count, arguments.out));
}

void send_messages(Arguments& arguments, Hospital& hospital, Context& context) {
  auto address = parse_address(arguments.address);
  if (!address) {
    complain(address.error().detail);
    context.exit = kUsage;
    return;
  }
  arguments.sender.host = address->first;
  arguments.sender.port = address->second;
  arguments.sender.retries = 8;   // a simulated feed outlives a restart of the engine
  Sender sender(arguments.sender, [&](const Sent& sent) {
    if (sent.result.state == mllp::SendResult::State::kRefused) {
      complain("refused " + sent.control_id + ": " + sent.result.text);
    }
  });
  if (auto status = sender.connect(); !status) {
    complain(status.error().text());
    context.exit = kUnreachable;
    return;
  }
  const auto began = std::chrono::steady_clock::now();
  generate(hospital, arguments.messages, [&](const SimulatedMessage& message) {
    return sender.push(message.patient, message.text, message.control_id);
  });
  const Sender::Totals totals = sender.finish();
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  if (context.json) {
    print(fmt::format("{{\"sent\":{},\"confirmed\":{},\"refused\":{},\"in_doubt\":{},"
                      "\"not_sent\":{},\"seconds\":{:.3f}}}",
                      totals.all(), totals.confirmed, totals.refused, totals.in_doubt,
                      totals.not_sent, seconds));
  } else {
    print(fmt::format("{} messages sent in {:.1f} s, {} acknowledged, {} refused, {} in doubt",
                      totals.all(), seconds, totals.confirmed, totals.refused, totals.in_doubt));
  }
  context.exit = totals.clean() ? kOk : totals.refused > 0 ? kFindings : kUnreachable;
}

void simulate(Arguments arguments, Context& context) {
  context.exit = kUsage;
  auto world =
      SimulatedWorld::load(arguments.pathways.empty() ? default_pathways() : arguments.pathways);
  if (!world) {
    complain(world.error().text());
    return;
  }
  // Visits begin a month back, so that some charts are late when they are looked at.
  arguments.hospital.start = core::SystemClock().now() - std::chrono::hours(24 * 30);
  if (!arguments.start.empty()) {
    auto at = core::from_iso(arguments.start);
    if (!at) {
      complain("--start: " + at.error().detail);
      return;
    }
    arguments.hospital.start = *at;
  }
  auto arrival = pipeline::parse_duration(arguments.arrival);
  if (!arrival || arrival->count() < 1000) {
    complain("--arrival is a duration of at least 1s, such as 10m");
    return;
  }
  arguments.hospital.arrival = std::chrono::duration_cast<std::chrono::seconds>(*arrival);
  if (arguments.out.empty() == arguments.address.empty()) {
    complain("say where the messages go: --out FOLDER or --send host:port");
    return;
  }
  if (!arguments.out.empty() && arguments.hospital.visits == 0 && arguments.messages == 0) {
    complain("--patients 0 never ends: add --messages N");
    return;
  }
  context.exit = kOk;
  std::signal(SIGINT, [](int) { interrupted = 1; });
  std::signal(SIGTERM, [](int) { interrupted = 1; });
  Hospital hospital(std::move(*world), arguments.hospital);
  if (arguments.out.empty()) {
    send_messages(arguments, hospital, context);
  } else {
    write_files(arguments, hospital, context);
  }
}

}  // namespace

void add_simulate(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  Hospital::Options& hospital = arguments->hospital;
  CLI::App* command = app.add_subcommand(
      "simulate", "a hospital: patients admitted, moved, resulted, documented, discharged");
  command->add_option("--seed", hospital.seed, "the same seed gives the same messages");
  command->add_option("--patients,--visits", hospital.visits, "visits to run; 0: without end");
  command->add_option("--new-percent", hospital.new_percent, "arrivals that are new patients")
      ->check(CLI::Range(0, 100));
  command->add_option("--arrival", arguments->arrival, "mean time between arrivals (simulated)");
  command->add_option("--start", arguments->start, "simulated start; default: 30 days ago");
  command->add_option("--messages", arguments->messages, "stop after that many; 0: no limit");
  command->add_option("--pathways", arguments->pathways, "YAML of pathways and panels");
  command->add_option("--out", arguments->out, "write one file a message into this folder");
  command->add_option("--send", arguments->address, "send over MLLP to host:port");
  command->add_option("--rate", arguments->sender.rate,
                      "messages a second; 0: as fast as answered");
  command->add_option("--connections", arguments->sender.connections)->check(CLI::Range(1, 1000));
  command->callback([arguments, &context] { simulate(*arguments, context); });
}

}  // namespace cli
