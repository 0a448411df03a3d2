#include <CLI/CLI.hpp>
#include <core/text.hpp>
#include <fhir/json.hpp>

#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <thread>

#include "bench.hpp"
#include "command.hpp"
#include "hospital.hpp"

namespace cli {
namespace {

namespace fs = std::filesystem;
using bench::Child;

struct Arguments {
  std::string folder, connections = "1,8,64,512";
  int seconds = 5;
  bool check = false, stages_only = false;
};

/// One figure against its floor. Floors of speed are ratios: they stand for the machine that they
/// were set on, and are multiplied by the pace of this one in the same minute.
struct Floor {
  std::string name;
  double value = 0, floor = 0;
  bool less = false;   ///< must stay below
  double pace = 1;     ///< bench::JsonRate::pace(); 1 where speed does not matter
  double limit() const { return less ? floor / pace : floor * pace; }
  bool ok() const { return less ? value < limit() : value >= limit(); }
};

struct Run {
  const Arguments& arguments;
  Context& context;
  std::string folder;
  std::vector<Floor> floors;
  std::uint16_t mllp = 0, web = 0, sink_port = 0;
  std::uint64_t control = 0;
};

std::uint16_t port_in(const std::string& line, const std::string& name) {
  const std::size_t at = line.find(name);
  const std::size_t colon = at == std::string::npos ? at : line.find(':', at);
  if (colon == std::string::npos) return 0;
  return static_cast<std::uint16_t>(std::atoi(line.c_str() + colon + 1));
}

void say(Run& run, const std::string& text, const std::string& json) {
  print(run.context.json ? json : text);
}

std::string write_config(const Run& run, const std::string& name) {
  const std::string path = run.folder + "/" + name + ".yaml";
  const std::string text = fmt::format(
      "listeners:\n"
      "  - {{name: adt, mllp: {{port: 0}}, feed: hospital}}\n"
      "  - {{name: web, http: {{port: 0}}}}\n"
      "feeds:\n  - {{name: hospital, mapping: base, timezone: America/New_York}}\n"
      "routes:\n  - {{from: hospital, to: repository}}\n"
      "destinations:\n  - {{name: repository, fhir: {{url: \"http://127.0.0.1:{}/fhir\", "
      "connections: 16}}}}\n"
      "store: {{path: {}}}\n",
      run.sink_port, name);
  return write_file(path, text) ? path : std::string();
}

/// A number of the engine's status, summed over destinations for queue figures.
std::int64_t status_number(const Run& run, const std::string& name, bool of_destination) {
  auto answer = call_engine({"127.0.0.1", run.web}, "GET", "/api/v1/status", "");
  fhir::Document document;
  if (!answer) return -1;
  auto tree = fhir::parse_json(*answer, document);
  if (!tree) return -1;
  const fhir::Node* node = *tree;
  if (of_destination) {
    const fhir::Node* destinations = node->find("destinations");
    node = destinations != nullptr ? destinations->item(0) : nullptr;
  }
  return node != nullptr ? core::to_int(node->text_of(name)).value_or(-1) : -1;
}

/// Waits until everything acknowledged is delivered. @return seconds it took.
double wait_delivered(const Run& run) {
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 60'000; ++i) {
    if (status_number(run, "lag", false) == 0 && status_number(run, "pending", true) == 0) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

void report_load(Run& run, const std::string& what, std::size_t connections,
                 const bench::LoadResult& load, double delivered, double lag, const Child& engine,
                 double fsyncs, const bench::JsonRate& json) {
  say(run,
      fmt::format(
          "{:<10} {:>4} conns  {:>7.0f} ACK/s  p50 {:>6.2f}  p99 {:>7.2f}  p99.9 {:>7.2f} ms  "
          "{:>7.0f} delivered/s  lag {:>5.2f} s  RSS {:>4} MB  fsync {:>6.0f}/s  "
          "JSON {:>3.0f} MB/s  failed {}",
          what, connections, load.per_second(), load.p50_ms, load.p99_ms, load.p999_ms, delivered,
          lag, engine.peak_rss_kib() / 1024, fsyncs, json.write_mb, load.failed),
      fmt::format(
          "{{\"run\":\"{}\",\"connections\":{},\"acked_per_second\":{:.1f},\"p50_ms\":{:.3f},"
          "\"p99_ms\":{:.3f},\"p999_ms\":{:.3f},\"delivered_per_second\":{:.1f},"
          "\"lag_seconds\":{:.3f},\"rss_mb\":{},\"fsync_per_second\":{:.0f},"
          "\"json_write_mb_per_second\":{:.0f},\"json_parse_mb_per_second\":{:.0f},\"failed\":{}}}",
          what, connections, load.per_second(), load.p50_ms, load.p99_ms, load.p999_ms, delivered,
          lag, engine.peak_rss_kib() / 1024, fsyncs, json.write_mb, json.parse_mb,
          load.failed));
}

struct Measured {
  bench::LoadResult load;
  double fsyncs = 0, delivered = 0;   ///< a second
  bench::JsonRate json;
};

/// Runs the load until all of it is delivered, between two looks at the yardstick, and reports it.
Measured measure(Run& run, const std::string& what, const bench::LoadOptions& options,
                 const Child& engine) {
  Measured found;
  found.fsyncs = bench::fsync_rate(run.folder);
  const bench::JsonRate json_before = bench::json_rate();
  const std::int64_t before = status_number(run, "delivered", true);
  found.load = bench::run_load(options);
  const double lag = wait_delivered(run);
  found.delivered = static_cast<double>(status_number(run, "delivered", true) - before) /
                    (found.load.seconds + lag);
  found.json = bench::faster(json_before, bench::json_rate());
  report_load(run, what, options.connections, found.load, found.delivered, lag, engine,
              found.fsyncs, found.json);
  return found;
}

void load_adt(Run& run, std::size_t connections, Child& engine) {
  const double cpu_before = engine.cpu_seconds();
  bench::LoadOptions options;
  options.port = run.mllp;
  options.connections = connections;
  options.duration = std::chrono::seconds(run.arguments.seconds);
  const std::uint64_t base = (run.control += 100'000'000);
  options.message = [base, connections](std::size_t connection, std::uint64_t n) {
    return bench::sample_adt(base + n * connections + connection, connection);
  };
  const auto [load, fsyncs, delivered, json] = measure(run, "ADT", options, engine);
  say(run,
      fmt::format("           engine CPU {:.1f} us a message",
                  (engine.cpu_seconds() - cpu_before) * 1e6 / static_cast<double>(load.acked)),
      fmt::format("{{\"cpu_us_per_message\":{:.1f}}}",
                  (engine.cpu_seconds() - cpu_before) * 1e6 / static_cast<double>(load.acked)));
  if (load.failed > 0) run.floors.push_back({"no failed message", -1, 0});
  if (connections == 64) {
    const double by_disk = 0.6 * 64 * fsyncs, by_pace = json.pace();
    const bool slow_disk = by_disk < 15'000 * by_pace;
    run.floors.push_back({"ACK/s at 64 connections", load.per_second(),
                          slow_disk ? by_disk : 15'000, false, slow_disk ? 1 : by_pace});
  }
  if (connections == 32) {
    run.floors.push_back({"delivered/s, repeated ADT at 32 connections", delivered, 3'500, false,
                          json.pace()});
    run.floors.push_back({"ACK p99 at 32 connections, ms", load.p99_ms, 11, true,
                          json.pace()});
  }
}

void load_simulated(Run& run, Child& engine) {
  auto world = SimulatedWorld::load(
      (fs::path(shipped_data().schemas).parent_path() / "samples" / "pathways.yaml").string());
  if (!world) {
    complain(world.error().text());
    return;
  }
  Hospital::Options options;
  options.visits = 0;
  options.new_percent = 30;
  options.seed = 77;
  options.start = core::SystemClock().now() - std::chrono::hours(24 * 30);
  Hospital hospital(std::move(*world), options);
  // Made beforehand: what is measured is the engine.
  constexpr std::size_t kConnections = 32;
  std::vector<std::vector<std::string>> lanes(kConnections);
  SimulatedMessage message;
  const std::size_t total = static_cast<std::size_t>(run.arguments.seconds) * 4000;
  for (std::size_t i = 0; i < total && hospital.next(message); ++i) {
    lanes[message.patient % kConnections].push_back(message.text);
  }
  bench::LoadOptions load_options;
  load_options.port = run.mllp;
  load_options.connections = kConnections;
  load_options.duration = std::chrono::seconds(run.arguments.seconds);
  load_options.messages_max = std::min_element(lanes.begin(), lanes.end(), [](auto& a, auto& b) {
                                return a.size() < b.size();
                              })->size();
  load_options.message = [&lanes](std::size_t connection, std::uint64_t n) {
    return lanes[connection][n];
  };
  const Measured found = measure(run, "simulate", load_options, engine);
  run.floors.push_back({"delivered/s, simulated with 30 % new patients", found.delivered,
                        1'500, false, found.json.pace()});
}

void stages(Run& run) {
  auto knowledge = load_knowledge(shipped_data(), {"base"});
  if (!knowledge) return;
  const bench::StageResult result = bench::run_stages(*knowledge, "base");
  const bench::Paced &adt = result.map_adt, &oru = result.map_oru;
  say(run,
      fmt::format("yardstick  JSON of 5 KB written {:.0f} and parsed {:.0f} MB/s by RapidJSON: "
                  "{:.2f} of the pace that floors were set at",
                  adt.json.write_mb, adt.json.parse_mb, adt.json.pace()),
      fmt::format("{{\"json_write_mb_per_second\":{:.0f},\"json_parse_mb_per_second\":{:.0f},"
                  "\"pace\":{:.3f}}}",
                  adt.json.write_mb, adt.json.parse_mb, adt.json.pace()));
  say(run,
      fmt::format("parse      {:.0f} MB/s ADT, {:.0f} MB/s ORU (every boundary, one core)\n"
                  "map        {:.0f} ADT/s, {:.0f} ORU/s (to serialised JSON, one core)\n"
                  "stage us   index {:.2f}  group {:.2f}  digest {:.2f}  ack {:.2f}  map {:.2f}",
                  result.parse_adt_mb, result.parse_oru_mb, adt.value, oru.value, result.check_us,
                  result.group_us, result.digest_us, result.ack_us,
                  1e6 / std::max(adt.value, 1.0)),
      fmt::format("{{\"parse_adt_mb_per_second\":{:.0f},\"parse_oru_mb_per_second\":{:.0f},"
                  "\"map_adt_per_second\":{:.0f},\"map_oru_per_second\":{:.0f},\"index_us\":{:.3f},"
                  "\"group_us\":{:.3f},\"digest_us\":{:.3f},\"ack_us\":{:.3f}}}",
                  result.parse_adt_mb, result.parse_oru_mb, adt.value, oru.value, result.check_us,
                  result.group_us, result.digest_us, result.ack_us));
  run.floors.push_back({"parse MB/s", result.parse_adt_mb, 500});
  run.floors.push_back({"map ADT/s", adt.value, 40'000, false, adt.json.pace()});
  run.floors.push_back({"map ORU/s", oru.value, 12'000, false, oru.json.pace()});
}

/// From starting the process to its first acknowledgement, on what is stored by then.
void startup(Run& run, const std::string& config) {
  const auto began = std::chrono::steady_clock::now();
  Child engine({"serve", "--config", config});
  run.mllp = port_in(engine.first_line(), "adt=");
  bench::LoadOptions options;
  options.port = run.mllp;
  options.messages_max = 1;
  const std::uint64_t id = ++run.control;
  options.message = [id](std::size_t, std::uint64_t) { return bench::sample_adt(id, 1); };
  const bench::LoadResult one = bench::run_load(options);
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  say(run, fmt::format("start to first ACK {:.0f} ms", seconds * 1000),
      fmt::format("{{\"start_to_first_ack_ms\":{:.1f}}}", seconds * 1000));
  run.floors.push_back({"start to first ACK, s", one.acked == 1 ? seconds : 1e9, 0.5, true});
}

void whole_path(Run& run) {
  Child sink({"sink", "--port", "0", "--quiet"});
  run.sink_port = port_in(sink.first_line(), "127.0.0.1");
  const std::string config = write_config(run, "data");
  {
    Child engine({"serve", "--config", config});
    if (!engine.started() || run.sink_port == 0) {
      complain("the engine or the sink did not start");
      run.floors.push_back({"engine starts", -1, 0});
      return;
    }
    run.mllp = port_in(engine.first_line(), "adt=");
    run.web = port_in(engine.first_line(), "web=");
    std::vector<std::size_t> counts;
    for (std::string_view part : core::split(run.arguments.connections, ',')) {
      counts.push_back(static_cast<std::size_t>(core::to_int(part).value_or(1)));
    }
    if (run.arguments.check && std::find(counts.begin(), counts.end(), 32u) == counts.end()) {
      counts.push_back(32);
    }
    for (std::size_t connections : counts) load_adt(run, connections, engine);
    load_simulated(run, engine);
    run.floors.push_back({"peak RSS of the engine, MB",
                          static_cast<double>(engine.peak_rss_kib()) / 1024, 150, true});
  }
  startup(run, config);
}

void run_bench(const Arguments& arguments, Context& context) {
  Run run{arguments, context, arguments.folder, {}};
  const bool own = run.folder.empty();
  if (own)
    run.folder =
        (fs::temp_directory_path() / fmt::format("chartwire-bench-{}", ::getpid())).string();
  std::error_code failed;
  fs::create_directories(run.folder, failed);
  stages(run);
  if (!arguments.stages_only) whole_path(run);
  if (own) fs::remove_all(run.folder, failed);
  context.exit = kOk;
  if (!arguments.check) return;
  for (const Floor& floor : run.floors) {
    say(run,
        fmt::format("{} {:<46} {:>10.1f} {:<2} {:>8.1f}{}", floor.ok() ? "ok  " : "LOW ",
                    floor.name, floor.value, floor.less ? "<" : ">=", floor.limit(),
                    floor.pace == 1 ? std::string()
                                    : fmt::format("  ({:.0f} at the pace of {:.2f})", floor.floor,
                                                  floor.pace)),
        fmt::format("{{\"floor\":\"{}\",\"ok\":{},\"value\":{:.2f},\"limit\":{:.2f},"
                    "\"floor_at_full_pace\":{:.2f},\"pace\":{:.3f}}}",
                    floor.name, floor.ok(), floor.value, floor.limit(), floor.floor, floor.pace));
    if (!floor.ok()) context.exit = kFindings;
  }
}

}  // namespace

void add_bench(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand(
      "bench",
      "measure parse, map and the whole path MLLP -> fsync -> ACK -> records -> FHIR sink");
  command->add_option("--folder", arguments->folder, "store here and keep it; default: temporary");
  command->add_option("--connections", arguments->connections,
                      "numbers of senders, comma separated");
  command->add_option("--seconds", arguments->seconds, "of each load")->check(CLI::Range(1, 600));
  command->add_flag("--stages", arguments->stages_only, "parse and map only");
  command->add_flag("--check", arguments->check, "exit 1 when a figure lies below its floor");
  add_mpi_bench(*command, context);
  command->callback([arguments, command, &context] {
    if (command->get_subcommands().empty()) run_bench(*arguments, context);
  });
}

}  // namespace cli
