// Appends to a journal and says what was acknowledged, one "sequence number" line each, on <acks>.
//   journal_child <journal folder> <acks file or -> key=value...
// first=N  number of the first message; count=N messages (0: until killed), each sent until stored
// producers=N  sync=0|1  segment=N  checkpoint=BYTES
// fsize=BYTES  file size limit, lifted after `lift` refusals
// Exit: 0 done, 3 another process holds the store, 4 cannot open, 5 stopped after a failed fsync,
// 6 the same, but something was still reported stored.
#include <core/clock.hpp>
#include <core/log.hpp>
#include <store/journal.hpp>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "child_message.hpp"

namespace {

using Outcome = store::Appended::Outcome;

std::map<std::string, long> settings(int argc, char** argv) {
  std::map<std::string, long> values{{"first", 0},     {"count", 0},      {"producers", 4},
                                     {"sync", 1},      {"segment", 0},    {"checkpoint", 0},
                                     {"fsize", 0},     {"lift", 0}};
  for (int i = 3; i < argc; ++i) {
    const std::string text = argv[i];
    const std::size_t equals = text.find('=');
    values[text.substr(0, equals)] = std::atol(text.c_str() + equals + 1);
  }
  return values;
}

void limit_file_size(rlim_t bytes) {
  rlimit limit{};
  getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = bytes;
  setrlimit(RLIMIT_FSIZE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  auto options = settings(argc, argv);
  std::signal(SIGXFSZ, SIG_IGN);
  core::set_log(core::LogFormat::kText, core::LogLevel::kError);
  const std::string acks_path = argv[2];
  const int acks = acks_path == "-"
                       ? 1
                       : ::open(acks_path.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
  if (acks < 0) return 2;

  std::atomic<bool> fatal = false;
  std::atomic<long> refused = 0;
  const core::SystemClock clock;
  store::Journal::Options journal_options;
  journal_options.directory = argv[1];
  journal_options.disk_free_min_bytes = 0;
  journal_options.sync = options["sync"] != 0;
  if (options["segment"] != 0) {
    journal_options.segment_entries_max = static_cast<std::uint64_t>(options["segment"]);
  }
  if (options["checkpoint"] != 0) {
    journal_options.checkpoint_bytes = static_cast<std::uint64_t>(options["checkpoint"]);
  }
  journal_options.on_fatal = [&](const core::Error&) { fatal = true; };
  auto journal = store::Journal::open(journal_options, clock);
  if (!journal) {
    std::fprintf(stderr, "%s\n", journal.error().text().c_str());
    return journal.error().code == core::ErrorCode::kStoreLocked ? 3 : 4;
  }
  if (options["fsize"] != 0) limit_file_size(static_cast<rlim_t>(options["fsize"]));

  std::atomic<long> next = options["first"];
  const long end = options["count"] == 0 ? -1 : options["first"] + options["count"];
  const auto produce = [&] {
    while (!fatal) {
      const long number = next++;
      if (end >= 0 && number >= end) return;
      bool stored = false;
      while (!stored && !fatal) {
        const auto done = (*journal)->append_and_wait(faults::child_message(number));
        stored = done.outcome != Outcome::kRefused;
        if (!stored && ++refused == options["lift"]) limit_file_size(RLIM_INFINITY);
        if (!stored) continue;
        const std::string line =
            std::to_string(done.sequence.value()) + " " + std::to_string(number) + "\n";
        if (::write(acks, line.data(), line.size()) < 0) return;
      }
    }
  };
  std::vector<std::thread> threads;
  for (long p = 0; p < options["producers"]; ++p) threads.emplace_back(produce);
  for (auto& thread : threads) thread.join();
  if (fatal) {
    // What a failed fsync left behind decides nothing any more.
    const auto late = (*journal)->append_and_wait(faults::child_message(1'000'000));
    return late.outcome == Outcome::kRefused ? 5 : 6;
  }
  std::fprintf(stderr, "refused %ld\n", refused.load());
  return 0;
}
