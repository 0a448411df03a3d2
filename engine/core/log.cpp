#include <core/clock.hpp>
#include <core/log.hpp>
#include <core/text.hpp>

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <iterator>
#include <mutex>

namespace core {
namespace {

// A pipe that poll() calls writable takes this much (PIPE_BUF) without blocking and in one piece.
constexpr std::size_t kLogLineBytesMax = 4096;
constexpr std::size_t kLogValueBytesMax = 1024;
// A reader that is merely slow gets this long; one that does not read at all is not waited for
// twice.
constexpr int kLogWaitMs = 20;

std::atomic<LogFormat> format_in_use{LogFormat::kJson};
std::atomic<LogLevel> least_in_use{LogLevel::kInfo};

using Buffer = fmt::memory_buffer;

void append(Buffer& out, std::string_view text) {
  out.append(text.data(), text.data() + text.size());
}

std::string_view level_name(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return "debug";
    case LogLevel::kInfo: return "info";
    case LogLevel::kWarn: return "warn";
    case LogLevel::kError: return "error";
  }
  return "error";
}

// Cuts at a character's boundary; what is no UTF-8 becomes U+FFFD.
std::string presentable(std::string_view value) {
  std::string text = scrub_utf8(value.substr(0, kLogValueBytesMax));
  if (value.size() > kLogValueBytesMax) text += "...";
  return text;
}

void append_quoted(Buffer& out, std::string_view value) {
  out.push_back('"');
  for (const char c : presentable(value)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (byte < 0x20 || byte == 0x7F) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

bool needs_quotes(std::string_view value) {
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7F || c == '"' || c == '\\' || c == '=') return true;
  }
  return value.empty() || value.size() > kLogValueBytesMax;
}

void append_value(Buffer& out, const LogField& field, LogFormat format) {
  if (const auto* text = std::get_if<std::string_view>(&field.value)) {
    if (format == LogFormat::kText && !needs_quotes(*text)) {
      append(out, *text);
    } else {
      append_quoted(out, *text);
    }
  } else if (const auto* whole = std::get_if<std::int64_t>(&field.value)) {
    fmt::format_to(std::back_inserter(out), "{}", *whole);
  } else if (const auto* number = std::get_if<double>(&field.value)) {
    if (std::isfinite(*number)) {
      fmt::format_to(std::back_inserter(out), "{}", *number);
    } else {
      append(out, "null");
    }
  } else {
    append(out, std::get<bool>(field.value) ? "true" : "false");
  }
}

void append_field(Buffer& out, const LogField& field, LogFormat format) {
  Buffer one;
  if (format == LogFormat::kJson) {
    one.push_back(',');
    append_quoted(one, field.name);
    one.push_back(':');
  } else {
    one.push_back(' ');
    append(one, field.name);
    one.push_back('=');
  }
  append_value(one, field, format);
  // A line stays whole JSON: a field that no longer fits is left out, not cut.
  if (out.size() + one.size() + 2 <= kLogLineBytesMax) out.append(one);
}

Buffer make_line(LogFormat format, LogLevel level, std::string_view event,
                 std::initializer_list<LogField> fields) {
  Buffer out;
  const std::string at = to_iso(SystemClock{}.now());
  if (format == LogFormat::kJson) {
    fmt::format_to(std::back_inserter(out), R"({{"ts":"{}","level":"{}","event":)", at,
                   level_name(level));
    append_quoted(out, event);
  } else {
    fmt::format_to(std::back_inserter(out), "{} {:<5} {}", at, level_name(level), event);
  }
  for (const LogField& field : fields) append_field(out, field, format);
  if (format == LogFormat::kJson) out.push_back('}');
  out.push_back('\n');
  return out;
}

/// Keeps a closed pipe from ending the process, whatever the program does about SIGPIPE.
class NoBrokenPipe {
 public:
  NoBrokenPipe() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoBrokenPipe() {
    if (!was_pending_) {
      const timespec none{};
      while (sigtimedwait(&pipe_, nullptr, &none) < 0 && errno == EINTR) {
      }
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoBrokenPipe(const NoBrokenPipe&) = delete;
  NoBrokenPipe& operator=(const NoBrokenPipe&) = delete;

 private:
  sigset_t pipe_{}, before_{};
  bool was_pending_ = false;
};

/// The only writer to stderr: one line at a time, dropped when nobody takes it.
class Writer {
 public:
  void write(std::string_view line) {
    const std::lock_guard lock(mutex_);
    pollfd target{STDERR_FILENO, POLLOUT, 0};
    const int ready = ::poll(&target, 1, stuck_ ? 0 : kLogWaitMs);
    stuck_ = ready <= 0 || !(target.revents & POLLOUT);
    if (stuck_) return;
    const NoBrokenPipe guard;
    while (!line.empty()) {
      const ssize_t done = ::write(STDERR_FILENO, line.data(), line.size());
      if (done < 0 && errno == EINTR) continue;
      if (done <= 0) return;
      line.remove_prefix(static_cast<std::size_t>(done));
    }
  }

 private:
  std::mutex mutex_;
  bool stuck_ = false;
};

Writer& writer() {
  static Writer* const one = new Writer;  // outlives every static that might still log
  return *one;
}

}  // namespace

void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  if (level < least_in_use.load(std::memory_order_relaxed)) return;
  const int kept = errno;
  try {
    const Buffer line =
        make_line(format_in_use.load(std::memory_order_relaxed), level, event, fields);
    writer().write({line.data(), line.size()});
  } catch (...) {
    // Out of memory for a log line: the service goes on without it.
  }
  errno = kept;
}

void set_log(LogFormat format, LogLevel least) {
  format_in_use = format;
  least_in_use = least;
}

void configure_log_from_environment() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string_view(value ? value : "");
  };
  const std::string_view format = variable("CHARTWIRE_LOG");
  const bool text = format == "text" || (format != "json" && isatty(STDERR_FILENO) == 1);
  LogLevel least = LogLevel::kInfo;
  for (const LogLevel level : {LogLevel::kDebug, LogLevel::kWarn, LogLevel::kError}) {
    if (variable("CHARTWIRE_LOG_LEVEL") == level_name(level)) least = level;
  }
  set_log(text ? LogFormat::kText : LogFormat::kJson, least);
}

}  // namespace core
