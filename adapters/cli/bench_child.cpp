#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "bench.hpp"

namespace cli::bench {
namespace {

inline constexpr int kStartDeadlineMs = 60'000;

/// A value of /proc/<pid>/status in KiB.
std::uint64_t status_kib(pid_t pid, const std::string& name) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/status");
  std::string line;
  while (std::getline(in, line)) {
    if (line.rfind(name + ":", 0) == 0)
      return std::strtoull(line.c_str() + name.size() + 1, nullptr, 10);
  }
  return 0;
}

}  // namespace

Child::Child(const std::vector<std::string>& arguments) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return;
  std::vector<std::string> all{"chartwire"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& argument : all) argv.push_back(argument.data());
  argv.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::setenv("CHARTWIRE_LOG_LEVEL", "error", 0);
    ::execv("/proc/self/exe", argv.data());
    ::_exit(127);
  }
  ::close(ends[1]);
  out_ = ends[0];
  char c;
  pollfd ready{out_, POLLIN, 0};
  while (::poll(&ready, 1, kStartDeadlineMs) > 0 && ::read(out_, &c, 1) == 1 && c != '\n') {
    first_line_ += c;
  }
}

Child::~Child() { stop(); }

void Child::stop() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGTERM);
  char drain[4096];
  while (::read(out_, drain, sizeof drain) > 0) {
  }
  ::waitpid(pid_, nullptr, 0);
  ::close(out_);
  pid_ = -1;
}

std::uint64_t Child::peak_rss_kib() const { return status_kib(pid_, "VmHWM"); }

double Child::cpu_seconds() const {
  std::ifstream in("/proc/" + std::to_string(pid_) + "/stat");
  std::string text((std::istreambuf_iterator<char>(in)), {});
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::istringstream fields(text.substr(name_end + 2));
  std::string skipped;
  double user = 0, system = 0;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  fields >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace cli::bench
