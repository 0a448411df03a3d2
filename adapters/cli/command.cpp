#include "command.hpp"

#include <CLI/CLI.hpp>
#include <cli/run.hpp>
#include <core/text.hpp>
#include <fhir/json.hpp>
#include <net/http_client.hpp>
#include <net/runtime.hpp>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>

namespace cli {
namespace {

namespace fs = std::filesystem;
using core::ErrorCode;

void add_all(CLI::App& app, Context& context) {
  for (auto add : {add_serve, add_check, add_map, add_test, add_send, add_simulate, add_him,
                   add_sink, add_replay, add_tail, add_queue, add_doctor, add_bench,
                   add_watch, add_mpi, add_mapping}) {
    add(app, context);
  }
}

net::Awaitable<void> call(net::HttpClient& client, net::HttpCall request,
                          std::promise<core::Result<net::HttpResponse>>& into) {
  auto response = co_await client.request(std::move(request));
  into.set_value(std::move(response));
}

}  // namespace

int run(int argc, char** argv) {
  CLI::App app{"Chartwire: an HL7 v2 and FHIR integration engine with a chart-deficiency store",
               "chartwire"};
  app.set_version_flag("--version", CHARTWIRE_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  Context context;
  app.add_flag("--json", context.json, "print one JSON object a line");
  add_all(app, context);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kOk : kUsage;
  }
  return context.exit;
}

pipeline::DataPaths shipped_data() {
  if (const char* share = std::getenv("CHARTWIRE_SHARE")) {
    return {std::string(share) + "/schemas", std::string(share) + "/mappings"};
  }
  std::error_code ignored;
  const fs::path binary = fs::read_symlink("/proc/self/exe", ignored);
  const fs::path share = binary.parent_path().parent_path() / "share" / "chartwire";
  return {(share / "schemas").string(), (share / "mappings").string()};
}

pipeline::DataPaths data_for(const pipeline::EngineConfig& config) {
  pipeline::DataPaths paths = shipped_data();
  if (!config.mappings.empty()) paths.mappings = config.mappings;
  return paths;
}

std::optional<pipeline::EngineConfig> read_config(const std::string& path) {
  std::vector<pipeline::ConfigProblem> problems;
  auto config = pipeline::load_config(path, problems);
  for (const auto& problem : problems) std::fprintf(stderr, "%s\n", problem.render().c_str());
  return config;
}

std::set<std::string> mapping_names(const pipeline::EngineConfig& config) {
  std::set<std::string> names;
  for (const auto& feed : config.feeds) names.insert(feed.mapping);
  if (names.empty()) names.insert("base");
  return names;
}

std::shared_ptr<const pipeline::Knowledge> load_knowledge(const pipeline::DataPaths& paths,
                                                          const std::set<std::string>& names,
                                                          bool verbose) {
  std::vector<std::string> findings;
  auto knowledge = pipeline::Knowledge::load(paths, names, findings);
  for (const std::string& finding : findings) {
    const bool warning = finding.find(": warning: ") != std::string::npos;
    if (verbose || !warning) std::fprintf(stderr, "%s\n", finding.c_str());
  }
  return knowledge;
}

void complain(const std::string& text) { std::fprintf(stderr, "chartwire: %s\n", text.c_str()); }

void print(const std::string& line) {
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fputc('\n', stdout);
  std::fflush(stdout);
}

core::Result<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return core::fail(ErrorCode::kIo, "cannot read the file", path);
  std::ostringstream text;
  text << in.rdbuf();
  if (in.bad()) return core::fail(ErrorCode::kIo, "reading the file failed", path);
  return std::move(text).str();
}

core::Status write_file(const std::string& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text;
  out.flush();
  if (!out) return core::fail(ErrorCode::kIo, "cannot write the file", path);
  return {};
}

std::optional<RunningEngine> find_running(const pipeline::EngineConfig& config) {
  auto text = read_file(config.store_path + "/engine.json");
  if (!text) return std::nullopt;
  fhir::Document document;
  auto tree = fhir::parse_json(*text, document);
  if (!tree) return std::nullopt;
  const auto pid = core::to_int((*tree)->text_of("pid"));
  const auto port = core::to_int((*tree)->text_of("http_port"));
  if (!pid || !port || *port == 0) return std::nullopt;
  std::error_code ignored;
  if (!fs::exists("/proc/" + std::to_string(*pid), ignored)) return std::nullopt;
  return RunningEngine{std::string((*tree)->text_of("http_host")),
                       static_cast<std::uint16_t>(*port)};
}

core::Result<std::string> call_engine(const RunningEngine& engine, const std::string& method,
                                      const std::string& target, const std::string& body) {
  net::Runtime runtime(1);
  runtime.start();
  net::HttpUrl url;
  url.host = engine.http_host;
  url.port = engine.http_port;
  net::HttpClient client(url, {});
  net::HttpCall request;
  request.method = method;
  request.target = target;
  request.body = body;
  if (!body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  std::promise<core::Result<net::HttpResponse>> promise;
  auto future = promise.get_future();
  runtime.spawn(runtime.executor(), "cli-call", call(client, std::move(request), promise));
  auto response = future.get();
  runtime.wait_idle(std::chrono::seconds(1));
  runtime.stop();
  if (!response) return core::fail(response.error());
  if (response->status / 100 != 2) {
    const bool refused = response->status == 403;
    fhir::Document memory;
    const auto answer = fhir::parse_json(response->body, memory);
    const std::string_view detail = answer ? (*answer)->text_of("detail") : std::string_view();
    return core::fail(refused ? ErrorCode::kRefusedByPolicy : ErrorCode::kBadRequest,
                      detail.empty() ? "the engine answered " + std::to_string(response->status) +
                                           ": " + response->body
                                     : std::string(detail));
  }
  return std::move(response->body);
}

std::unique_ptr<store::Records> open_records(const pipeline::EngineConfig& config,
                                             const schema::R4& r4) {
  auto records = store::Records::open_read_only(config.store_path, r4);
  if (records) return std::move(*records);
  complain("cannot open the records: " + records.error().text());
  return nullptr;
}

void ConfigOptions::add_to(CLI::App& command, bool config_required) {
  auto* option = command.add_option("--config,-c", config, "chartwire.yaml");
  if (config_required) {
    option->required();
  } else {
    option->default_str("chartwire.yaml");
  }
  command.add_option("--data", data, "store folder, in place of the configuration's");
}

std::optional<pipeline::EngineConfig> ConfigOptions::read() const {
  std::error_code missing;
  if (config.empty() && !data.empty() && !fs::exists("chartwire.yaml", missing)) {
    pipeline::EngineConfig bare;   // a store folder alone is enough to look at it
    bare.store_path = fs::absolute(data, missing).lexically_normal().string();
    return bare;
  }
  auto read = read_config(config.empty() ? "chartwire.yaml" : config);
  if (read && !data.empty()) {
    std::error_code ignored;
    read->store_path = fs::absolute(data, ignored).lexically_normal().string();
  }
  return read;
}

}  // namespace cli
