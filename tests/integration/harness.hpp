#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace harness {

/// A folder of its own below the build folder, removed at the end unless the test failed.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  void write(const std::string& name, const std::string& text) const;

 private:
  std::string path_;
};

/// A program of ours: started with pipes for stdout, stderr into a file. Ended by pid at the latest in
/// the destructor.
class Process {
 public:
  Process(std::vector<std::string> arguments, const std::string& stderr_file,
          const std::map<std::string, std::string>& environment = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// The next line of stdout; nullopt at its end or after the deadline.
  std::optional<std::string> read_line(std::chrono::seconds deadline = std::chrono::seconds(60));
  std::string read_rest();
  void kill(int signal);
  /// Waits for the end. @return exit code, or 128 + signal.
  int wait();
  pid_t pid() const { return pid_; }
  bool running();

 private:
  pid_t pid_ = -1;
  int out_ = -1;
  std::string buffer_;
  std::optional<int> status_;
};

struct Output {
  int exit = -1;
  std::string out;
  std::string err;
};
/// Runs `chartwire <arguments>` to its end.
Output chartwire(const std::vector<std::string>& arguments);
std::string chartwire_path();

/// A blocking MLLP sender on loopback. Fails the test (throws) when the engine does not answer within
/// a generous deadline.
class MllpPeer {
 public:
  explicit MllpPeer(std::uint16_t port);
  ~MllpPeer();
  MllpPeer(MllpPeer&&) noexcept;

  void send_raw(std::string_view bytes);
  void send(std::string_view message);   ///< framed
  /// The next framed message. Empty when the peer closed the connection.
  std::string receive();
  std::string ask(std::string_view message);
  /// @return whether nothing (more) comes before the connection closes.
  bool closed();

 private:
  int socket_ = -1;
  std::string buffer_;
};

struct HttpAnswer {
  int status = 0;
  std::string headers;
  std::string body;
};
/// One HTTP exchange on loopback with Connection: close.
HttpAnswer http(std::uint16_t port, const std::string& method, const std::string& target,
                const std::string& body = {}, const std::string& content_type = {},
                const std::string& more_headers = {});

struct EngineOptions {
  std::string config;   ///< YAML; empty: one feed, sink destination when sink_port is set
  std::uint16_t sink_port = 0;
  std::string destination_extra;   ///< YAML of more destination keys, such as "on_refusal: hold"
  std::string feed_extra;          ///< more feed keys
  std::string mllp_extra;          ///< more mllp keys
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;
};

/// `chartwire serve` on a configuration with free ports.
class Engine {
 public:
  using Options = EngineOptions;
  explicit Engine(const TempDir& dir, Options options = {});
  ~Engine();

  std::uint16_t mllp_port() const { return ports_.at("adt"); }
  std::uint16_t http_port() const { return ports_.at("web"); }
  std::uint16_t port(const std::string& listener) const { return ports_.at(listener); }
  const std::string& config_file() const { return config_file_; }
  std::string data() const;
  /// Waits until `/api/v1/status` says that everything journaled is applied and nothing is pending.
  void wait_applied();
  void wait_delivered();
  std::string status();
  /// `chartwire him deficiencies --json`, one object a line, parsed by the caller.
  std::vector<std::string> deficiencies(const std::vector<std::string>& more = {});
  void kill9();
  int stop();   ///< SIGTERM and wait
  Process& process() { return *process_; }
  void start();

 private:
  const TempDir& dir_;
  Options options_;
  std::string config_file_;
  std::map<std::string, std::uint16_t> ports_;
  std::unique_ptr<Process> process_;
};

/// `chartwire sink` on a free port.
class Sink {
 public:
  explicit Sink(const TempDir& dir, std::vector<std::string> arguments = {});
  std::uint16_t port() const { return port_; }
  std::string stats() { return http(port_, "GET", "/stats").body; }
  void stop() { process_.reset(); }

 private:
  std::unique_ptr<Process> process_;
  std::uint16_t port_ = 0;
};

/// Waits (up to a minute) until `condition` holds. @return whether it did.
bool eventually(const std::function<bool()>& condition);
/// A member of a flat JSON object, as text; empty when absent or null.
std::string json_text(const std::string& object, const std::string& name);

}  // namespace harness
