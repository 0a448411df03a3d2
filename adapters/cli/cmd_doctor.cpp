#include <CLI/CLI.hpp>
#include <fhir/json.hpp>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>

#include "command.hpp"

namespace cli {
namespace {

/// A service with many senders needs descriptors: below this doctor warns.
inline constexpr rlim_t kDescriptorsWanted = 4096;
inline constexpr int kSyncsMeasured = 50;

struct Findings {
  Context& context;
  int errors = 0, warnings = 0;

  void say(std::string_view level, const std::string& check, const std::string& text) {
    if (level == "error") ++errors;
    if (level == "warning") ++warnings;
    if (!context.json) {
      print(fmt::format("{:<8} {:<14} {}", level, check, text));
      return;
    }
    std::string line = fmt::format("{{\"level\":\"{}\",\"check\":\"{}\",\"text\":", level, check);
    fhir::write_json_string(text, line);
    print(line + "}");
  }
};

/// Median of small fdatasyncs in the store's folder, in microseconds; negative when it cannot
/// write.
double sync_micros(const std::string& folder) {
  const std::string path = folder + "/.doctor-sync";
  const int file = ::open(path.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600);
  if (file < 0) return -1;
  std::vector<double> micros;
  const std::string block(4096, 'x');
  for (int i = 0; i < kSyncsMeasured; ++i) {
    const auto began = std::chrono::steady_clock::now();
    if (::write(file, block.data(), block.size()) < 0 || ::fdatasync(file) != 0) break;
    micros.push_back(
        std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - began)
            .count());
  }
  ::close(file);
  ::unlink(path.c_str());
  if (micros.empty()) return -1;
  std::sort(micros.begin(), micros.end());
  return micros[micros.size() / 2];
}

void check_store(Findings& findings, const pipeline::EngineConfig& config) {
  std::error_code failed;
  std::filesystem::create_directories(config.store_path, failed);
  const double micros = sync_micros(config.store_path);
  if (micros < 0) {
    findings.say("error", "store", "cannot write in " + config.store_path);
    return;
  }
  findings.say(micros > 20'000 ? "warning" : "ok", "fsync",
               fmt::format("one durable write takes {:.0f} us; a lone sender gets at most {:.0f} "
                           "acknowledgements a second",
                           micros, 1e6 / micros));
  struct statvfs disk {};
  if (::statvfs(config.store_path.c_str(), &disk) == 0) {
    const std::uint64_t free = std::uint64_t{disk.f_bavail} * disk.f_frsize;
    const bool low = free < config.disk_free_min_bytes;
    findings.say(low ? "error" : free < 4 * config.disk_free_min_bytes ? "warning" : "ok", "disk",
                 fmt::format("{} MiB free, new messages are refused below {} MiB", free >> 20,
                             config.disk_free_min_bytes >> 20));
  }
}

void check_limits(Findings& findings) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  findings.say(limit.rlim_cur < kDescriptorsWanted ? "warning" : "ok", "descriptors",
               fmt::format("{} open files allowed", limit.rlim_cur));
}

void check_engine(Findings& findings, const pipeline::EngineConfig& config) {
  const auto running = find_running(config);
  if (!running) {
    findings.say("ok", "engine", "not running on this store");
    return;
  }
  auto answer = call_engine(*running, "GET", "/api/v1/status", "");
  if (!answer) {
    findings.say("error", "engine", answer.error().text());
    return;
  }
  fhir::Document document;
  auto tree = fhir::parse_json(*answer, document);
  const std::string ready(tree ? (*tree)->text_of("ready") : "unreadable answer");
  findings.say(ready == "yes" ? "ok" : "error", "engine",
               ready == "yes" ? "running and ready" : "running, not ready: " + ready);
  const fhir::Node* destinations = tree ? (*tree)->find("destinations") : nullptr;
  for (const fhir::Item* item = destinations ? destinations->first_item : nullptr; item;
       item = item->next) {
    const fhir::Node& destination = *item->value;
    const bool bad = destination.text_of("unreachable") == "true" ||
                     destination.text_of("held") != "0" || destination.text_of("parked") != "0";
    findings.say(
        bad ? "warning" : "ok", "destination",
        fmt::format("{}: {} pending, {} held, {} parked{}", destination.text_of("name"),
                    destination.text_of("pending"), destination.text_of("held"),
                    destination.text_of("parked"),
                    destination.text_of("last_error").empty()
                        ? ""
                        : ", last error: " + std::string(destination.text_of("last_error"))));
  }
}

void doctor(const ConfigOptions& options, Context& context) {
  Findings findings{context};
  auto config = options.read();
  context.exit = kUsage;
  if (!config) {
    findings.say("error", "configuration", "does not load, see above");
    return;
  }
  findings.say("ok", "configuration", config->file.empty() ? "none, store only" : config->file);
  auto knowledge = load_knowledge(data_for(*config), mapping_names(*config));
  if (knowledge) {
    std::size_t rules = 0;
    for (const auto& [name, set] : knowledge->mappings) rules += set->rule_count();
    findings.say("ok", "mappings", fmt::format("{} mapping rules, {} deficiency rules", rules,
                                               knowledge->rules->rule_ids().size()));
  } else {
    findings.say("error", "mappings", "do not load, see above");
  }
  check_store(findings, *config);
  check_limits(findings);
  check_engine(findings, *config);
  context.exit = findings.errors + findings.warnings > 0 ? kFindings : kOk;
}

}  // namespace

void add_doctor(CLI::App& app, Context& context) {
  auto options = std::make_shared<ConfigOptions>();
  CLI::App* command =
      app.add_subcommand("doctor", "check configuration, disk, limits and the running engine");
  options->add_to(*command, false);
  command->callback([options, &context] { doctor(*options, context); });
}

}  // namespace cli
