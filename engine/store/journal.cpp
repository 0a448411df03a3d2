#include "append_queue.hpp"
#include "codec.hpp"
#include "files.hpp"
#include "journal_reader.hpp"
#include "journal_writer.hpp"
#include "tail.hpp"

#include <core/log.hpp>
#include <core/thread.hpp>
#include <store/journal.hpp>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <semaphore>
#include <thread>

namespace store {
namespace {

constexpr std::chrono::milliseconds kPollPause{100};

Appended refused(core::ErrorCode code, std::string detail) {
  Appended result;
  result.error = {code, std::move(detail), {}};
  return result;
}

struct Counters {
  explicit Counters(core::Metrics& metrics)
      : stored(metrics.counter("chartwire_journal_entries_total", "Entries stored")),
        duplicates(metrics.counter("chartwire_journal_duplicates_total",
                                   "Messages answered with the acknowledgement stored before")),
        refused(metrics.counter("chartwire_journal_refused_total", "Entries that were not stored")),
        commits(metrics.histogram("chartwire_journal_commit_seconds",
                                  "Time of one group commit with its fsync", {},
                                  {0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05,
                                   0.1, 0.5, 2})) {}
  core::Counter &stored, &duplicates, &refused;
  core::Histogram& commits;
};

class JournalImpl final : public Journal {
 public:
  JournalImpl(Options options, const core::Clock& clock)
      : options_(std::move(options)),
        clock_(clock),
        tail_(options_.tail_bytes_max),
        reader_(options_.directory),
        writer_(options_, clock, tail_,
                [this](const SegmentName& name) { reader_.add_segment(name); },
                [this](const core::Error& error) {
                  if (options_.on_fatal) options_.on_fatal(error);
                }),
        queue_(options_.queue_entries_max, options_.queue_bytes_max) {
    if (options_.metrics) counters_.emplace(*options_.metrics);
  }

  core::Status start() {
    if (auto status = make_folder(options_.directory); !status) return status;
    auto lock = lock_folder(options_.directory);
    if (!lock) return core::fail(lock.error());
    lock_ = std::move(*lock);
    if (auto status = writer_.open(); !status) return status;
    reader_.set_segments(writer_.segments());
    head_ = writer_.head();
    thread_ = std::thread([this] {
      core::begin_thread("cw-journal", core::ThreadWork::kAnswer);
      loop();
    });
    return {};
  }

  ~JournalImpl() override {
    queue_.close();
    if (thread_.joinable()) thread_.join();
    JournalImpl::stop_waiting();
  }

  void append(Entry entry, std::function<void(Appended)> done) override {
    if (entry.raw.size() > kEntryBytesMax) {
      return done(refused(core::ErrorCode::kTooLong, "larger than a journal entry may be"));
    }
    Prepared prepared;
    if (entry.received == core::Instant{}) entry.received = clock_.now();
    if (entry.digest == core::Digest{}) entry.digest = core::sha256(entry.raw);
    if (entry.body_digest == core::Digest{}) entry.body_digest = entry.digest;
    pack(entry.raw, prepared.packed);
    prepared.key = key_of(entry);
    prepared.entry = std::move(entry);
    prepared.done = std::move(done);
    if (!queue_.push(prepared)) {
      prepared.done(refused(core::ErrorCode::kDraining, "the journal is closing"));
    }
  }

  Appended append_and_wait(Entry entry) override {
    Appended result;
    std::binary_semaphore done(0);
    append(std::move(entry), [&](Appended appended) {
      result = std::move(appended);
      done.release();
    });
    done.acquire();
    return result;
  }

  void flush() override { queue_.flush(); }

  core::Sequence head() const override { return core::Sequence{head_.load()}; }

  core::Result<std::vector<Entry>> read(core::Sequence after, std::size_t limit) const override {
    const std::uint64_t head = head_.load();
    if (after.value() >= head || limit == 0) return std::vector<Entry>{};
    if (auto recent = tail_.read(after.value(), limit)) return std::move(*recent);
    return reader_.read(after.value(), head, limit);
  }

  bool wait_beyond(core::Sequence after) const override {
    std::unique_lock lock(head_mutex_);
    head_moved_.wait(lock, [&] { return stopped_ || head_.load() > after.value(); });
    return head_.load() > after.value();
  }

  void stop_waiting() override {
    {
      const std::lock_guard lock(head_mutex_);
      stopped_ = true;
    }
    head_moved_.notify_all();
  }

  core::Result<std::optional<Entry>> find(core::Sequence sequence) const override {
    if (sequence.value() == 0 || sequence.value() > head_.load()) return std::optional<Entry>{};
    if (const auto entry = tail_.find(sequence.value())) return std::optional<Entry>(*entry);
    return reader_.find(sequence.value());
  }

  core::Result<std::vector<Entry>> find_control_id(const std::string& control_id,
                                                   std::size_t limit) const override {
    return reader_.find_control_id(control_id, limit);
  }

  Stats stats() const override {
    Stats stats;
    stats.first = core::Sequence{reader_.first()};
    stats.head = head();
    stats.segments = reader_.count();
    stats.bytes = reader_.bytes();
    stats.queued = queue_.size();
    stats.disk_free_bytes = free_bytes(options_.directory);
    return stats;
  }

 private:
  void loop() {
    std::vector<Prepared> batch;
    std::vector<Appended> results;
    while (queue_.take(batch)) {
      std::span<Prepared> rest(batch);
      while (!rest.empty()) {
        const auto began = std::chrono::steady_clock::now();
        const std::size_t count = writer_.store_some(rest, results);
        if (counters_) {
          const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
          counters_->commits.observe(took.count());
        }
        publish_head();
        for (std::size_t i = 0; i < count; ++i) answer(rest[i], std::move(results[i]));
        queue_.finished(count);
        rest = rest.subspan(count);
      }
    }
  }

  void publish_head() {
    const std::uint64_t head = writer_.head();
    if (head == head_.load()) return;
    {
      const std::lock_guard lock(head_mutex_);
      head_ = head;
    }
    head_moved_.notify_all();
  }

  void answer(Prepared& prepared, Appended result) {
    if (counters_) {
      switch (result.outcome) {
        case Appended::Outcome::kStored: counters_->stored.add(); break;
        case Appended::Outcome::kDuplicate: counters_->duplicates.add(); break;
        case Appended::Outcome::kRefused: counters_->refused.add(); break;
      }
    }
    // Moved out first: what the callback holds may end with the call, and this slot lives on.
    const auto done = std::move(prepared.done);
    done(std::move(result));
  }

  const Options options_;
  const core::Clock& clock_;
  std::optional<Counters> counters_;
  Descriptor lock_;
  Tail tail_;
  JournalReader reader_;
  JournalWriter writer_;
  AppendQueue queue_;
  std::atomic<std::uint64_t> head_ = 0;
  mutable std::mutex head_mutex_;
  mutable std::condition_variable head_moved_;
  bool stopped_ = false;
  std::thread thread_;
};

// For commands beside a running engine: everything is asked of the files each time.
class ReadOnlyJournal final : public Journal {
 public:
  explicit ReadOnlyJournal(const std::string& folder) : folder_(folder), reader_(folder) {}

  core::Status start() {
    if (auto status = reader_.refresh(); !status) return status;
    const auto last = reader_.last();
    return last ? core::Status{} : core::fail(last.error());
  }

  void append(Entry, std::function<void(Appended)> done) override {
    done(refused(core::ErrorCode::kRefusedByPolicy, "the journal is open for reading only"));
  }
  Appended append_and_wait(Entry) override {
    return refused(core::ErrorCode::kRefusedByPolicy, "the journal is open for reading only");
  }
  void flush() override {}

  core::Sequence head() const override {
    (void)reader_.refresh();
    const auto last = reader_.last();
    return core::Sequence{last ? *last : 0};
  }
  core::Result<std::vector<Entry>> read(core::Sequence after, std::size_t limit) const override {
    return reader_.read(after.value(), head().value(), limit);
  }
  bool wait_beyond(core::Sequence after) const override {
    std::unique_lock lock(mutex_);
    for (;;) {
      if (head().value() > after.value()) return true;
      if (wake_.wait_for(lock, kPollPause, [this] { return stopped_; })) return false;
    }
  }
  void stop_waiting() override {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    wake_.notify_all();
  }
  core::Result<std::optional<Entry>> find(core::Sequence sequence) const override {
    if (sequence.value() > head().value()) return std::optional<Entry>{};
    return reader_.find(sequence.value());
  }
  core::Result<std::vector<Entry>> find_control_id(const std::string& control_id,
                                                   std::size_t limit) const override {
    if (auto status = reader_.refresh(); !status) return core::fail(status.error());
    return reader_.find_control_id(control_id, limit);
  }
  Stats stats() const override {
    Stats stats;
    stats.head = head();
    stats.first = core::Sequence{reader_.first()};
    stats.segments = reader_.count();
    stats.bytes = reader_.bytes();
    stats.disk_free_bytes = free_bytes(folder_);
    return stats;
  }

 private:
  const std::string folder_;
  mutable JournalReader reader_;
  mutable std::mutex mutex_;
  mutable std::condition_variable wake_;
  bool stopped_ = false;
};

}  // namespace

core::Result<std::unique_ptr<Journal>> Journal::open(Options options, const core::Clock& clock) {
  auto journal = std::make_unique<JournalImpl>(std::move(options), clock);
  if (auto status = journal->start(); !status) return core::fail(status.error());
  return std::unique_ptr<Journal>(std::move(journal));
}

core::Result<std::unique_ptr<Journal>> Journal::open_read_only(const std::string& directory) {
  auto journal = std::make_unique<ReadOnlyJournal>(directory);
  if (auto status = journal->start(); !status) return core::fail(status.error());
  return std::unique_ptr<Journal>(std::move(journal));
}

}  // namespace store
