#pragma once
#include <core/result.hpp>
#include <pipeline/config.hpp>
#include <pipeline/knowledge.hpp>
#include <store/records.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace cli {

/// Exit codes of every command (DESIGN section 6).
enum Exit : int { kOk = 0, kFindings = 1, kUsage = 2, kRefused = 3, kUnreachable = 4 };

/// What every command shares: --json, and the exit code it leaves.
struct Context {
  bool json = false;
  int exit = kOk;
};

// Each adds its sub-command; the callback runs after parsing and sets context.exit.
void add_serve(CLI::App& app, Context& context);
void add_check(CLI::App& app, Context& context);
void add_map(CLI::App& app, Context& context);
void add_test(CLI::App& app, Context& context);
void add_send(CLI::App& app, Context& context);
void add_simulate(CLI::App& app, Context& context);
void add_him(CLI::App& app, Context& context);
void add_sink(CLI::App& app, Context& context);
void add_replay(CLI::App& app, Context& context);
void add_tail(CLI::App& app, Context& context);
void add_queue(CLI::App& app, Context& context);
void add_doctor(CLI::App& app, Context& context);
void add_bench(CLI::App& app, Context& context);
void add_watch(CLI::App& app, Context& context);
void add_mpi(CLI::App& app, Context& context);
void add_mapping(CLI::App& app, Context& context);
/// `mpi conflicts`, `mpi conflict`; the same below `him`
void add_conflict_commands(CLI::App& parent, Context& context);
/// `bench mpi`
void add_mpi_bench(CLI::App& bench, Context& context);

/// Folders shipped with the binary: CHARTWIRE_SHARE, else <binary>/../share/chartwire.
pipeline::DataPaths shipped_data();
/// The same with `mappings:` of a configuration where it names one.
pipeline::DataPaths data_for(const pipeline::EngineConfig& config);

/// Prints problems on stderr. nullopt after a problem.
std::optional<pipeline::EngineConfig> read_config(const std::string& path);
/// Mapping names that feeds use; "base" when there is none.
std::set<std::string> mapping_names(const pipeline::EngineConfig& config);
/// Loads knowledge, printing findings on stderr (warnings only with `verbose`).
std::shared_ptr<const pipeline::Knowledge> load_knowledge(const pipeline::DataPaths& paths,
                                                          const std::set<std::string>& names,
                                                          bool verbose = false);

/// "chartwire: <text>" on stderr.
void complain(const std::string& text);
/// One line on stdout, flushed.
void print(const std::string& line);

core::Result<std::string> read_file(const std::string& path);
core::Status write_file(const std::string& path, const std::string& text);

/// Where a running engine listens, from `<store>/engine.json` which serve writes.
struct RunningEngine {
  std::string http_host;
  std::uint16_t http_port = 0;
};
std::optional<RunningEngine> find_running(const pipeline::EngineConfig& config);
/// A blocking call to its admin API. @return the body of a 2xx answer.
core::Result<std::string> call_engine(const RunningEngine& engine, const std::string& method,
                                      const std::string& target, const std::string& body);

/// Read-only records of a configuration's store; nullptr after printing why.
std::unique_ptr<store::Records> open_records(const pipeline::EngineConfig& config,
                                             const schema::R4& r4);

/// Options that most commands take: --config, --data.
struct ConfigOptions {
  std::string config, data;
  void add_to(CLI::App& command, bool config_required);
  /// nullopt after printing why.
  std::optional<pipeline::EngineConfig> read() const;
};

}  // namespace cli
