#include <core/log.hpp>

#include <boost/test/unit_test.hpp>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace {

/// Puts a pipe in the place of stderr.
class PipeAsStderr {
 public:
  PipeAsStderr() {
    BOOST_REQUIRE(::pipe(ends_) == 0);
    saved_ = ::dup(STDERR_FILENO);
    ::dup2(ends_[1], STDERR_FILENO);
    ::close(ends_[1]);
  }
  ~PipeAsStderr() {
    ::dup2(saved_, STDERR_FILENO);
    ::close(saved_);
    close_reader();
    core::set_log(core::LogFormat::kText, core::LogLevel::kWarn);
  }
  void close_reader() {
    if (ends_[0] >= 0) ::close(ends_[0]);
    ends_[0] = -1;
  }
  std::string read_all() {
    ::fcntl(ends_[0], F_SETFL, O_NONBLOCK);
    std::string out;
    char block[4096];
    for (ssize_t got; (got = ::read(ends_[0], block, sizeof block)) > 0;) {
      out.append(block, static_cast<std::size_t>(got));
    }
    return out;
  }

 private:
  int ends_[2] = {-1, -1};
  int saved_ = -1;
};

std::string logged(core::LogFormat format, const std::function<void()>& act) {
  PipeAsStderr pipe;
  core::set_log(format, core::LogLevel::kInfo);
  act();
  return pipe.read_all();
}

std::string after(const std::string& line, const std::string& mark) {
  const auto at = line.find(mark);
  return at == std::string::npos ? "" : line.substr(at);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(log_lines)

BOOST_AUTO_TEST_CASE(json_line) {
  const std::string line = logged(core::LogFormat::kJson, [] {
    core::log_info("journal-opened",
                   {{"path", "a\"b\\c\nd\x7f"}, {"entries", 42}, {"ok", true}, {"s", 0.5}});
  });
  BOOST_TEST(line.starts_with("{\"ts\":\"2"));
  BOOST_TEST(
      after(line, "\"level\"") ==
      "\"level\":\"info\",\"event\":\"journal-opened\",\"path\":\"a\\\"b\\\\c\\u000ad\\u007f\","
      "\"entries\":42,\"ok\":true,\"s\":0.5}\n");
}

BOOST_AUTO_TEST_CASE(text_line_cannot_be_forged) {
  const std::string line = logged(core::LogFormat::kText, [] {
    core::log_warn("peer-refused", {{"peer", "10.0.0.1"}, {"name", "x\n2026 error forged a=b"}});
  });
  BOOST_TEST(after(line, "warn") ==
             "warn  peer-refused peer=10.0.0.1 name=\"x\\u000a2026 error forged a=b\"\n");
}

BOOST_AUTO_TEST_CASE(levels) {
  PipeAsStderr pipe;
  core::set_log(core::LogFormat::kJson, core::LogLevel::kWarn);
  core::log_info("quiet");
  core::log(core::LogLevel::kDebug, "quiet");
  core::log_error("loud");
  const std::string out = pipe.read_all();
  BOOST_TEST(out.find("quiet") == std::string::npos);
  BOOST_TEST(out.find("\"level\":\"error\",\"event\":\"loud\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(environment) {
  PipeAsStderr pipe;
  ::setenv("CHARTWIRE_LOG", "json", 1);
  ::setenv("CHARTWIRE_LOG_LEVEL", "debug", 1);
  core::configure_log_from_environment();
  core::log(core::LogLevel::kDebug, "seen");
  ::unsetenv("CHARTWIRE_LOG");
  ::unsetenv("CHARTWIRE_LOG_LEVEL");
  core::configure_log_from_environment();  // no terminal: JSON, info
  core::log(core::LogLevel::kDebug, "unseen");
  const std::string out = pipe.read_all();
  BOOST_TEST(out.starts_with("{"));
  BOOST_TEST(out.find("\"seen\"") != std::string::npos);
  BOOST_TEST(out.find("unseen") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(long_and_broken_values_keep_the_line_whole) {
  const std::string line = logged(core::LogFormat::kJson, [] {
    const std::string big(100000, '"');
    core::log_info("big", {{"a", big}, {"b", big}, {"c", big}, {"bad", "\xff\xc3("}, {"last", 1}});
  });
  BOOST_TEST(line.size() <= 4096);
  BOOST_TEST(line.ends_with("\"last\":1}\n"));
  BOOST_TEST(line.find("\"bad\":\"\xEF\xBF\xBD\xEF\xBF\xBD(\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(closed_pipe_is_survived_with_the_default_sigpipe) {
  BOOST_REQUIRE(::signal(SIGPIPE, SIG_DFL) != SIG_ERR);
  PipeAsStderr pipe;
  core::set_log(core::LogFormat::kJson, core::LogLevel::kInfo);
  pipe.close_reader();
  for (int i = 0; i < 100; ++i) core::log_info("into-nothing", {{"i", i}});
  sigset_t pending;
  sigpending(&pending);
  BOOST_TEST(sigismember(&pending, SIGPIPE) == 0);
}

BOOST_AUTO_TEST_CASE(closed_stderr_is_survived) {
  PipeAsStderr pipe;
  ::close(STDERR_FILENO);
  core::set_log(core::LogFormat::kText, core::LogLevel::kInfo);
  for (int i = 0; i < 10; ++i) core::log_info("into-nothing");
}

BOOST_AUTO_TEST_CASE(full_pipe_drops_lines_and_recovers) {
  PipeAsStderr pipe;
  core::set_log(core::LogFormat::kJson, core::LogLevel::kInfo);
  const std::string value(900, 'x');
  for (int i = 0; i < 5000; ++i) core::log_info("flood", {{"v", value}});  // 5 MB into 64 KiB
  const std::string first = pipe.read_all();
  BOOST_TEST(first.size() < 100000);
  BOOST_TEST(first.ends_with("}\n"));
  core::log_info("back");
  BOOST_TEST(pipe.read_all().find("\"back\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(lines_of_many_threads_do_not_mix) {
  const std::string out = logged(core::LogFormat::kJson, [] {
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([] {
        for (int i = 0; i < 50; ++i) core::log_info("tick", {{"v", std::string(100, 'y')}});
      });
    }
    for (auto& thread : threads) thread.join();
  });
  std::size_t lines = 0;
  for (std::size_t at = 0; at < out.size(); ++lines) {
    const std::size_t end = out.find('\n', at);
    BOOST_REQUIRE(end != std::string::npos);
    BOOST_TEST(out.substr(at, 7) == "{\"ts\":\"");
    BOOST_TEST(out[end - 1] == '}');
    at = end + 1;
  }
  BOOST_TEST(lines == 200);
}

BOOST_AUTO_TEST_SUITE_END()
