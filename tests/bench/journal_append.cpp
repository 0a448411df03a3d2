// Appends per second of the journal, and of the machine's fsync beside it.
//   journal_append [folder] [seconds per run]
// Prints one line a run: producers, window (appends in flight for each), entries/s, p50/p99 ms.
#include <core/clock.hpp>
#include <core/log.hpp>
#include <store/journal.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

namespace {

using Steady = std::chrono::steady_clock;

double seconds_since(Steady::time_point begin) {
  return std::chrono::duration<double>(Steady::now() - begin).count();
}

void print_fsync_rate(const std::string& folder, double seconds) {
  const std::string path = folder + "/fsync";
  const int fd = ::open(path.c_str(), O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return;
  const std::string page(4096, 'x');
  std::vector<double> times;
  const auto begin = Steady::now();
  while (seconds_since(begin) < seconds) {
    const auto from = Steady::now();
    if (::write(fd, page.data(), page.size()) < 0 || ::fdatasync(fd) != 0) break;
    times.push_back(seconds_since(from) * 1e3);
  }
  const double took = seconds_since(begin);
  ::close(fd);
  std::sort(times.begin(), times.end());
  if (times.empty()) return;
  std::printf("fdatasync of 4 KiB, file growing: %.0f/s, p50 %.3f ms, p99 %.3f ms\n",
              static_cast<double>(times.size()) / took, times[times.size() / 2],
              times[times.size() * 99 / 100]);
}

store::Entry message(std::uint64_t number, std::size_t bytes) {
  store::Entry entry;
  entry.feed = core::FeedName{"hospital"};
  entry.peer = "127.0.0.1:50000";
  entry.sender = "ADT|HOSPITAL";
  const std::string id = "MSG" + std::to_string(number);
  entry.control_id = core::ControlId{id};
  entry.type = "ADT^A08";
  entry.config_hash = std::string(64, 'c');
  entry.raw = "MSH|^~\\&|ADT|HOSPITAL|EHR|HOSPITAL|20260301101500||ADT^A08^ADT_A01|" + id + "|P|2.5.1\r";
  std::uint64_t seed = number * 2654435761u + 1;
  while (entry.raw.size() < bytes) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    entry.raw += "PID|1||" + std::to_string(seed >> 40) + "^^^HOSP^MR||DOE^JANE^" +
                 std::to_string(seed >> 50 & 1023) + "||19700506|F|||1 MAIN ST^^SPRINGFIELD^IL\r";
  }
  entry.raw.resize(bytes);
  entry.ack = "MSH|^~\\&|EHR|HOSPITAL|ADT|HOSPITAL|20260301101500||ACK^A08^ACK|A" + id +
              "|P|2.5.1\rMSA|AA|" + id + "\r";
  entry.ack_positive = true;
  return entry;
}

struct Producer {
  std::vector<double> times;
  std::uint64_t stored = 0;
};

void produce(store::Journal& journal, std::atomic<std::uint64_t>& next, int window,
             Steady::time_point until, Producer& result) {
  std::counting_semaphore<> room(window);
  std::atomic<std::uint64_t> stored = 0;
  std::vector<double> times(1u << 20);
  std::atomic<std::size_t> measured = 0;
  while (Steady::now() < until) {
    room.acquire();
    const auto from = Steady::now();
    journal.append(message(next++, 1009), [&, from](store::Appended done) {
      if (done.outcome == store::Appended::Outcome::kStored) ++stored;
      const std::size_t at = measured++;
      if (at < times.size()) times[at] = seconds_since(from) * 1e3;
      room.release();
    });
  }
  for (int i = 0; i < window; ++i) room.acquire();
  times.resize(std::min(measured.load(), times.size()));
  result.times = std::move(times);
  result.stored = stored;
}

bool run(store::Journal& journal, std::atomic<std::uint64_t>& next, int producers, int window,
         double seconds) {
  std::vector<Producer> results(static_cast<std::size_t>(producers));
  std::vector<std::thread> threads;
  const auto begin = Steady::now();
  const auto until = begin + std::chrono::microseconds(static_cast<std::int64_t>(seconds * 1e6));
  for (Producer& result : results) {
    threads.emplace_back([&] { produce(journal, next, window, until, result); });
  }
  for (auto& thread : threads) thread.join();
  const double took = seconds_since(begin);
  std::uint64_t stored = 0;
  std::vector<double> times;
  for (Producer& result : results) {
    stored += result.stored;
    times.insert(times.end(), result.times.begin(), result.times.end());
  }
  if (times.empty()) return false;
  std::sort(times.begin(), times.end());
  std::printf("%4d producers, window %3d: %8.0f entries/s, p50 %7.3f ms, p99 %7.3f ms, max %7.1f ms\n",
              producers, window, static_cast<double>(stored) / took, times[times.size() / 2],
              times[times.size() * 99 / 100], times.back());
  std::fflush(stdout);
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  std::string folder = argc > 1 ? argv[1] : "";
  const double seconds = argc > 2 ? std::atof(argv[2]) : 3;
  const bool temporary = folder.empty();
  if (temporary) {
    folder = (std::filesystem::temp_directory_path() / "journal-append-XXXXXX").string();
    if (!::mkdtemp(folder.data())) return 2;
  }
  std::filesystem::create_directories(folder);
  core::set_log(core::LogFormat::kText, core::LogLevel::kWarn);
  print_fsync_rate(folder, 1);
  const core::SystemClock clock;
  store::Journal::Options options;
  options.directory = folder + "/journal";
  const auto opening = Steady::now();
  auto journal = store::Journal::open(options, clock);
  if (!journal) {
    std::fprintf(stderr, "%s\n", journal.error().text().c_str());
    return 2;
  }
  std::printf("opened %llu entries in %.1f ms\n",
              static_cast<unsigned long long>((*journal)->head().value()),
              seconds_since(opening) * 1e3);
  std::atomic<std::uint64_t> next = (*journal)->head().value() + 1;
  bool ok = true;
  for (const auto& [producers, window] :
       {std::pair{1, 1}, {8, 1}, {32, 1}, {2, 64}, {4, 256}, {1, 1}}) {
    ok = run(**journal, next, producers, window, seconds) && ok;
  }
  const auto stats = (*journal)->stats();
  std::printf("%llu entries in %llu segments, %.0f bytes an entry\n",
              static_cast<unsigned long long>(stats.head.value()),
              static_cast<unsigned long long>(stats.segments),
              static_cast<double>(stats.bytes) / static_cast<double>(stats.head.value()));
  journal->reset();
  if (temporary) std::filesystem::remove_all(folder);
  return ok ? 0 : 1;
}
