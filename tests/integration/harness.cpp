#include "harness.hpp"

#include <fhir/json.hpp>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace harness {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

/// Generous: a test waits for what must come, it never measures how long it took.
constexpr int kAnswerDeadlineMs = 60'000;

std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

int connect_to(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    ::close(fd);
    throw std::runtime_error("cannot connect to port " + std::to_string(port));
  }
  return fd;
}

/// Appends what comes next. @return false at the end of the stream.
bool read_more(int fd, std::string& into, int deadline_ms = kAnswerDeadlineMs) {
  pollfd wait{fd, POLLIN, 0};
  if (::poll(&wait, 1, deadline_ms) <= 0) throw std::runtime_error("no answer in time");
  char chunk[65536];
  const ssize_t n = ::read(fd, chunk, sizeof chunk);
  if (n <= 0) return false;
  into.append(chunk, static_cast<std::size_t>(n));
  return true;
}

void write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) throw std::runtime_error("connection lost while sending");
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

}  // namespace

TempDir::TempDir() {
  static std::atomic<int> number{0};
  path_ = (fs::temp_directory_path() / ("chartwire-test-" + std::to_string(::getpid()) + "-" +
                                        std::to_string(++number)))
              .string();
  fs::create_directories(path_);
}

TempDir::~TempDir() {
  std::error_code ignored;
  if (std::getenv("CW_KEEP_TEMP") == nullptr) fs::remove_all(path_, ignored);
}

void TempDir::write(const std::string& name, const std::string& text) const {
  std::ofstream out(file(name), std::ios::binary);
  out << text;
}

Process::Process(std::vector<std::string> arguments, const std::string& stderr_file,
                 const std::map<std::string, std::string>& environment) {
  int pipe_ends[2];
  if (::pipe2(pipe_ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe failed");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::dup2(pipe_ends[1], STDOUT_FILENO);
    const int err = ::open(stderr_file.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
    ::dup2(err, STDERR_FILENO);
    for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  ::close(pipe_ends[1]);
  out_ = pipe_ends[0];
}

Process::~Process() {
  if (pid_ > 0 && !status_) {
    ::kill(pid_, SIGKILL);
    wait();
  }
  if (out_ >= 0) ::close(out_);
}

std::optional<std::string> Process::read_line(std::chrono::seconds deadline) {
  while (true) {
    const std::size_t end = buffer_.find('\n');
    if (end != std::string::npos) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      return line;
    }
    pollfd ready{out_, POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(deadline.count() * 1000)) <= 0) return std::nullopt;
    char chunk[4096];
    const ssize_t n = ::read(out_, chunk, sizeof chunk);
    if (n <= 0) return std::nullopt;
    buffer_.append(chunk, static_cast<std::size_t>(n));
  }
}

std::string Process::read_rest() {
  char chunk[65536];
  ssize_t n;
  while ((n = ::read(out_, chunk, sizeof chunk)) > 0) {
    buffer_.append(chunk, static_cast<std::size_t>(n));
  }
  return std::move(buffer_);
}

void Process::kill(int signal) {
  if (!status_) ::kill(pid_, signal);
}

int Process::wait() {
  if (!status_) {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  return *status_;
}

bool Process::running() {
  if (status_) return false;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) == pid_) {
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return false;
  }
  return true;
}

std::string chartwire_path() { return CW_CHARTWIRE; }

Output chartwire(const std::vector<std::string>& arguments) {
  static std::atomic<int> number{0};
  const std::string errors = (fs::temp_directory_path() /
                              ("chartwire-err-" + std::to_string(::getpid()) + "-" +
                               std::to_string(++number)))
                                 .string();
  std::vector<std::string> all{chartwire_path()};
  all.insert(all.end(), arguments.begin(), arguments.end());
  Output output;
  {
    Process process(all, errors);
    output.out = process.read_rest();
    output.exit = process.wait();
  }
  output.err = slurp(errors);
  fs::remove(errors);
  return output;
}

MllpPeer::MllpPeer(std::uint16_t port) : socket_(connect_to(port)) {}
MllpPeer::MllpPeer(MllpPeer&& other) noexcept
    : socket_(other.socket_), buffer_(std::move(other.buffer_)) {
  other.socket_ = -1;
}
MllpPeer::~MllpPeer() {
  if (socket_ >= 0) ::close(socket_);
}

void MllpPeer::send_raw(std::string_view bytes) { write_all(socket_, bytes); }

void MllpPeer::send(std::string_view message) {
  send_raw("\x0b" + std::string(message) + "\x1c\r");
}

std::string MllpPeer::receive() {
  while (true) {
    const std::size_t end = buffer_.find("\x1c\r");
    if (end != std::string::npos) {
      const std::size_t begin = buffer_.find('\x0b');
      std::string message = buffer_.substr(begin + 1, end - begin - 1);
      buffer_.erase(0, end + 2);
      return message;
    }
    if (!read_more(socket_, buffer_)) return {};
  }
}

std::string MllpPeer::ask(std::string_view message) {
  send(message);
  return receive();
}

bool MllpPeer::closed() {
  std::string rest;
  while (read_more(socket_, rest)) {
  }
  return rest.empty();
}

HttpAnswer http(std::uint16_t port, const std::string& method, const std::string& target,
                const std::string& body, const std::string& content_type,
                const std::string& more_headers) {
  const int fd = connect_to(port);
  std::string request = method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n" +
                        "Connection: close\r\n" + more_headers;
  if (!content_type.empty()) request += "Content-Type: " + content_type + "\r\n";
  if (!body.empty() || method == "POST" || method == "PUT") {
    request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  }
  write_all(fd, request + "\r\n" + body);
  std::string all;
  while (read_more(fd, all)) {
  }
  ::close(fd);
  HttpAnswer answer;
  const std::size_t split = all.find("\r\n\r\n");
  if (all.size() > 12) answer.status = std::atoi(all.c_str() + 9);
  answer.headers = all.substr(0, split);
  if (split != std::string::npos) answer.body = all.substr(split + 4);
  return answer;
}

Engine::Engine(const TempDir& dir, Options options) : dir_(dir), options_(std::move(options)) {
  config_file_ = dir_.file("chartwire.yaml");
  if (options_.config.empty()) {
    const auto more = [](const std::string& extra) { return extra.empty() ? "" : ", " + extra; };
    std::string yaml =
        "listeners:\n"
        "  - {name: adt, mllp: {bind: 127.0.0.1, port: 0" + more(options_.mllp_extra) +
        "}, feed: hospital}\n"
        "  - {name: web, http: {bind: 127.0.0.1, port: 0}}\n"
        "feeds:\n"
        "  - {name: hospital, mapping: base, timezone: America/New_York" +
        more(options_.feed_extra) + "}\n";
    if (options_.sink_port != 0) {
      yaml += "routes:\n  - {from: hospital, to: repository}\n"
              "destinations:\n  - {name: repository, fhir: {url: \"http://127.0.0.1:" +
              std::to_string(options_.sink_port) + "/fhir\"}" + more(options_.destination_extra) +
              "}\n";
    }
    options_.config = yaml + "store: {path: data, disk_free_min: 1MiB}\n";
  }
  dir_.write("chartwire.yaml", options_.config);
  start();
}

void Engine::start() {
  std::vector<std::string> arguments{chartwire_path(), "serve", "--config", config_file_};
  arguments.insert(arguments.end(), options_.arguments.begin(), options_.arguments.end());
  process_ = std::make_unique<Process>(arguments, dir_.file("serve.log"), options_.environment);
  while (auto line = process_->read_line()) {
    if (line->rfind("ready", 0) != 0) continue;
    std::istringstream words(line->substr(5));
    std::string word;
    while (words >> word) {
      const std::size_t equals = word.find('='), colon = word.rfind(':');
      if (equals == std::string::npos) continue;
      ports_[word.substr(0, equals)] =
          static_cast<std::uint16_t>(std::atoi(word.c_str() + colon + 1));
    }
    return;
  }
  throw std::runtime_error("serve did not get ready:\n" + slurp(dir_.file("serve.log")));
}

Engine::~Engine() = default;

std::string Engine::data() const { return dir_.file("data"); }
std::string Engine::status() { return http(http_port(), "GET", "/api/v1/status").body; }

void Engine::wait_applied() {
  if (!eventually([this] { return json_text(status(), "lag") == "0"; })) {
    throw std::runtime_error("not applied in time: " + status());
  }
}

void Engine::wait_delivered() {
  wait_applied();
  if (!eventually([this] {
        const std::string now = status();
        return now.find("\"pending\":0,") != std::string::npos && json_text(now, "lag") == "0";
      })) {
    throw std::runtime_error("not delivered in time: " + status());
  }
}

std::vector<std::string> Engine::deficiencies(const std::vector<std::string>& more) {
  std::vector<std::string> arguments{"him", "deficiencies", "--json", "--config", config_file_};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const Output output = chartwire(arguments);
  if (output.exit != 0) throw std::runtime_error("him deficiencies failed: " + output.err);
  std::vector<std::string> lines;
  std::istringstream in(output.out);
  std::string line;
  while (std::getline(in, line)) lines.push_back(line);
  return lines;
}

void Engine::kill9() {
  process_->kill(SIGKILL);
  process_->wait();
}

int Engine::stop() {
  process_->kill(SIGTERM);
  return process_->wait();
}

Sink::Sink(const TempDir& dir, std::vector<std::string> arguments) {
  std::vector<std::string> all{chartwire_path(), "sink", "--port", "0"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  process_ = std::make_unique<Process>(all, dir.file("sink.log"));
  const auto line = process_->read_line();
  if (!line) throw std::runtime_error("sink did not start: " + slurp(dir.file("sink.log")));
  port_ = static_cast<std::uint16_t>(std::atoi(line->c_str() + line->rfind(':') + 1));
}

bool eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 3000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(20ms);
  }
  return false;
}

std::string json_text(const std::string& object, const std::string& name) {
  fhir::Document document;
  auto tree = fhir::parse_json(object, document);
  if (!tree) return {};
  const fhir::Node* found = (*tree)->find(name);
  return found != nullptr && found->kind != fhir::Node::Kind::kNull ? std::string(found->text) : "";
}

}  // namespace harness
