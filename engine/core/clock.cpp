#include <core/clock.hpp>

#include <fmt/format.h>

namespace core {
namespace {

using std::chrono::floor;
using std::chrono::microseconds;

/// Reads an ISO 8601 text from the left; any wrong step makes it fail for good.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  int digits(std::size_t count) {
    int value = 0;
    if (rest_.size() < count) ok_ = false;
    for (std::size_t i = 0; ok_ && i < count; ++i) {
      ok_ = rest_[i] >= '0' && rest_[i] <= '9';
      value = value * 10 + (rest_[i] - '0');
    }
    if (ok_) rest_.remove_prefix(count);
    return ok_ ? value : 0;
  }
  bool accept(char c) {
    if (!ok_ || rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char c) { ok_ = accept(c) && ok_; }
  /// Digits after the point, as microseconds; what is finer is cut off.
  std::int64_t fraction() {
    std::int64_t value = 0;
    std::size_t count = 0;
    while (count < rest_.size() && rest_[count] >= '0' && rest_[count] <= '9') {
      if (count < 6) value = value * 10 + (rest_[count] - '0');
      ++count;
    }
    ok_ = ok_ && count > 0 && count <= 12;
    for (std::size_t i = count; i < 6; ++i) value *= 10;
    if (ok_) rest_.remove_prefix(count);
    return value;
  }
  bool empty() const { return rest_.empty(); }
  bool ok() const { return ok_; }
  void fail() { ok_ = false; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

std::chrono::seconds read_zone(Reader& in) {
  using namespace std::chrono;
  if (in.accept('Z')) return seconds{0};
  const bool west = in.accept('-');
  if (!west) in.expect('+');
  const int hour = in.digits(2);
  int minute = 0;
  if (in.accept(':') || !in.empty()) minute = in.digits(2);
  if (hour > 14 || minute > 59) in.fail();
  const seconds offset = hours{hour} + minutes{minute};
  return west ? -offset : offset;
}

microseconds read_time_of_day(Reader& in) {
  using namespace std::chrono;
  const int hour = in.digits(2);
  in.expect(':');
  const int minute = in.digits(2);
  int second = 0;
  std::int64_t micros = 0;
  if (in.accept(':')) {
    second = in.digits(2);
    if (in.accept('.') || in.accept(',')) micros = in.fraction();
  }
  // 60 is a leap second, which UTC as counted here does not have: it is the next minute's first.
  if (hour > 23 || minute > 59 || second > 60) in.fail();
  return hours{hour} + minutes{minute} + seconds{second} + microseconds{micros};
}

}  // namespace

Instant SystemClock::now() const { return floor<microseconds>(std::chrono::system_clock::now()); }

Instant SimulatedClock::now() const {
  return Instant{microseconds{micros_.load(std::memory_order_acquire)}};
}

bool SimulatedClock::advance_to(Instant to) {
  const std::int64_t wanted = to.time_since_epoch().count();
  std::int64_t now = micros_.load();
  while (wanted >= now) {
    if (micros_.compare_exchange_weak(now, wanted)) return true;
  }
  return false;
}

std::string to_iso(Instant at) {
  const auto day = floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss<microseconds> time(at - day);
  std::string out =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  time.hours().count(), time.minutes().count(), time.seconds().count());
  if (time.subseconds().count() != 0) out += fmt::format(".{:06}", time.subseconds().count());
  out += 'Z';
  return out;
}

Result<Instant> from_iso(std::string_view text) {
  using namespace std::chrono;
  Reader in(text);
  const int y = in.digits(4);
  in.expect('-');
  const int m = in.digits(2);
  in.expect('-');
  const int d = in.digits(2);
  const year_month_day date{year{y}, month{static_cast<unsigned>(m)},
                            day{static_cast<unsigned>(d)}};
  microseconds time{0};
  if (in.ok() && !in.empty()) {
    if (!in.accept('T')) in.expect(' ');
    time = read_time_of_day(in);
    time -= read_zone(in);
  }
  if (!in.ok() || !in.empty() || !date.ok()) {
    return fail(ErrorCode::kDataType, "not an ISO 8601 date or date-time with zone");
  }
  return Instant{sys_days{date}.time_since_epoch() + time};
}

}  // namespace core
