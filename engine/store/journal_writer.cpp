#include "journal_writer.hpp"

#include <core/log.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace store {
namespace {

constexpr std::size_t kChunkEntriesMax = 1024;
constexpr std::size_t kChunkBytesMax = 8u << 20;
// Two hashes an entry: its key, and key and body together.
std::size_t hashes_of(std::uint64_t entries) { return static_cast<std::size_t>(entries) * 2; }

/// A new segment has room for the keys of this part of its entries; a doubling costs milliseconds.
constexpr std::uint64_t kPartAtFirst = 4;

}  // namespace

JournalWriter::JournalWriter(const Journal::Options& options, const core::Clock& clock, Tail& tail,
                             std::function<void(const SegmentName&)> on_new_segment,
                             std::function<void(const core::Error&)> on_fatal)
    : options_(options),
      clock_(clock),
      tail_(tail),
      on_new_segment_(std::move(on_new_segment)),
      on_fatal_(std::move(on_fatal)),
      keys_(0),
      batch_keys_(hashes_of(kChunkEntriesMax)),
      readers_(options.directory) {}

JournalWriter::~JournalWriter() {
  keeper_.reset();
  if (!db_) return;
  // So that the next start has no log to read. Failing is harmless: the log is still there.
  if (!fatal_) (void)db_->checkpoint_and_truncate();
  (void)high_water_.sync();
}

core::Status JournalWriter::open() {
  auto mark = HighWater::open(options_.directory, options_.sync);
  if (!mark) return core::fail(mark.error());
  high_water_ = std::move(*mark);
  auto names = list_segments(options_.directory);
  if (!names) return core::fail(names.error());
  segments_ = std::move(*names);
  keeper_ = std::make_unique<JournalKeeper>(
      options_.directory, options_.sync, gate_,
      [this](const core::Error& error) { fail_for_good(error); });
  if (auto status = open_newest(); !status) return status;
  if (auto status = check_high_water(); !status) return status;
  if (auto status = load_older(); !status) return status;
  high_water_.advance(next_ - 1);
  return high_water_.sync();
}

core::Status JournalWriter::open_newest() {
  if (segments_.empty()) return {};   // check_high_water() says whether that may be
  open_name_ = segments_.back();
  auto db = open_segment(segment_path(options_.directory, open_name_), options_.sync);
  if (!db) return core::fail(db.error());
  db_ = std::move(*db);
  const auto last = last_sequence(*db_);
  if (!last) return core::fail(last.error());
  next_ = *last == 0 ? open_name_.first : *last + 1;
  keys_ = KeyTable(hashes_of(next_ - open_name_.first));
  if (auto status = load_keys(*db_, keys_); !status) return status;
  // The first look made the log file anew, and its name must not be lost with the power.
  return options_.sync ? sync_folder(options_.directory) : core::Status{};
}

core::Status JournalWriter::check_high_water() {
  if (high_water_.value() >= next_) {
    const std::string accept = options_.directory + "/accept-loss";
    const std::string range =
        std::to_string(next_) + " to " + std::to_string(high_water_.value());
    if (::access(accept.c_str(), F_OK) != 0) {
      return core::fail(core::ErrorCode::kStoreCorrupt,
                        "entries " + range + " were acknowledged and are missing: restore the "
                        "journal's files, or accept the loss with an empty file accept-loss",
                        options_.directory);
    }
    core::log_error("journal-loss-accepted", {{"sequences", range}});
    if (auto status = begin_segment(high_water_.value() + 1); !status) return status;
    ::unlink(accept.c_str());
  }
  return db_ ? core::Status{} : begin_segment(next_);
}

// Newest first, until one lies wholly before the window: only those are opened at a start.
core::Status JournalWriter::load_older() {
  const core::Instant horizon = clock_.now() - options_.duplicates_window;
  for (auto name = segments_.rbegin(); name != segments_.rend(); ++name) {
    if (name->first == open_name_.first) continue;
    auto reader = readers_.get(*name);
    if (!reader) return core::fail(reader.error());
    auto seal = read_seal(**reader);
    if (!seal) return core::fail(seal.error());
    Older older{*name, nullptr, std::move(*seal)};
    if (!older.seal) {
      older.keys = std::make_unique<KeyTable>(0);
      if (auto status = load_keys(**reader, *older.keys); !status) return status;
      readers_.close(name->first);
      keeper_->seal(*name, nullptr);
    } else if (older.seal->received_max < horizon) {
      return {};
    }
    older_.push_back(std::move(older));
  }
  return {};
}

core::Status JournalWriter::begin_segment(std::uint64_t first) {
  SegmentName name{first, day_of(clock_.now())};
  if (!segments_.empty()) name.day = std::max(name.day, segments_.back().day);
  auto db = open_segment(segment_path(options_.directory, name), options_.sync);
  if (!db) return core::fail(db.error());
  // A look creates the log; then both names go to disk before anything is acknowledged from them.
  if (auto last = last_sequence(**db); !last) return core::fail(last.error());
  if (options_.sync) {
    if (auto status = sync_folder(options_.directory); !status) return status;
  }
  if (db_) {
    older_.insert(older_.begin(),
                  Older{open_name_, std::make_unique<KeyTable>(std::move(keys_)), std::nullopt});
    keeper_->seal(open_name_, std::move(db_));
  }
  keys_ = KeyTable(hashes_of(options_.segment_entries_max / kPartAtFirst));
  db_ = std::move(*db);
  open_name_ = name;
  next_ = first;
  segments_.push_back(name);
  const core::Instant horizon = clock_.now() - options_.duplicates_window;
  std::erase_if(older_, [&](const Older& o) { return o.seal && o.seal->received_max < horizon; });
  on_new_segment_(name);
  return high_water_.sync();
}

core::Status JournalWriter::rotate_if_due() {
  const std::uint64_t held = next_ - open_name_.first;
  const bool new_day = held > 0 && day_of(clock_.now()) > open_name_.day;
  if (held < options_.segment_entries_max && !new_day) return {};
  return begin_segment(next_);
}

void JournalWriter::adopt_sealed() {
  for (auto& [name, seal] : keeper_->take_sealed()) {
    for (Older& older : older_) {
      if (older.name.first != name.first) continue;
      older.keys.reset();
      older.seal = std::move(seal);
      break;
    }
  }
}

core::Status JournalWriter::ready_to_write() {
  if (fatal_) {
    return core::fail(core::ErrorCode::kStoreUnavailable, "stopped after a failed fsync");
  }
  const std::uint64_t room = free_bytes(options_.directory);
  const bool low = room / 2 < options_.disk_free_min_bytes;
  if (low && !low_on_room_) {
    core::log_warn("journal-room-low", {{"free_bytes", static_cast<std::int64_t>(room)}});
  }
  low_on_room_ = low;
  if (room < options_.disk_free_min_bytes) {
    return core::fail(core::ErrorCode::kDiskFull, "less than disk_free_min is free",
                      options_.directory);
  }
  return rotate_if_due();
}

std::size_t JournalWriter::store_some(std::span<Prepared> batch, std::vector<Appended>& results) {
  adopt_sealed();
  std::size_t count = 0, bytes = 0;
  while (count < batch.size() && count < kChunkEntriesMax && bytes < kChunkBytesMax) {
    bytes += batch[count].bytes();
    ++count;
  }
  std::span<Prepared> chunk = batch.first(count);
  chunk_first_ = next_;
  core::Status status = ready_to_write();
  if (status) {
    const std::uint64_t room = options_.segment_entries_max - (next_ - open_name_.first);
    if (chunk.size() > room) chunk = chunk.first(static_cast<std::size_t>(room));
    results.assign(chunk.size(), {});
    gate_.enter();
    status = write_chunk(chunk, results);
    gate_.leave();
  } else {
    results.assign(chunk.size(), {});
  }
  if (status) {
    publish(chunk, results);
  } else {
    if (db_->sync_failed()) fail_for_good(status.error());
    refuse(results, status.error());
  }
  return chunk.size();
}

void JournalWriter::refuse(std::span<Appended> results, const core::Error& error) {
  for (Appended& result : results) {
    // What replays an acknowledgement given before needs nothing of this transaction.
    const bool kept = result.outcome == Appended::Outcome::kDuplicate &&
                      result.sequence.value() < chunk_first_ && !fatal_;
    if (kept) continue;
    result = {};
    result.error = error;
  }
}

core::Status JournalWriter::write_chunk(std::span<Prepared> chunk, std::span<Appended> results) {
  chunk_ = chunk;
  chunk_first_ = next_;
  chunk_stored_.clear();
  batch_keys_.clear();
  core::Status status = db_->begin();
  if (!status) return status;
  for (std::size_t i = 0; status && i < chunk.size(); ++i) {
    status = write_one(chunk[i], results[i]);
    if (status && results[i].outcome == Appended::Outcome::kStored) chunk_stored_.push_back(i);
  }
  if (status) status = db_->commit();
  if (!status) {
    next_ = chunk_first_;
    if (db_->in_transaction()) (void)db_->rollback();
  }
  return status;
}

core::Status JournalWriter::write_one(Prepared& prepared, Appended& result) {
  Entry& entry = prepared.entry;
  entry.changed_body = false;
  if (prepared.key.unique) {
    const auto earlier = find_earlier(prepared);
    if (earlier && earlier->exact && earlier->entry->ack_positive) {
      result.outcome = Appended::Outcome::kDuplicate;
      result.sequence = earlier->entry->sequence;
      result.replayed_ack = earlier->entry->ack;
      return {};
    }
    entry.changed_body = earlier && !earlier->exact;
  }
  entry.sequence = core::Sequence{next_};
  if (auto status = insert_entry(*db_, prepared); !status) return status;
  if (prepared.key.unique) {
    batch_keys_.set(prepared.key.key_hash, next_);
    batch_keys_.set(prepared.key.exact_hash(), next_);
  }
  ++next_;
  result.outcome = Appended::Outcome::kStored;
  result.sequence = entry.sequence;
  result.changed_body = entry.changed_body;
  return {};
}

void JournalWriter::publish(std::span<Prepared> chunk, std::span<Appended> results) {
  std::vector<std::shared_ptr<const Entry>> stored;
  stored.reserve(chunk_stored_.size());
  for (const std::size_t i : chunk_stored_) {
    const EntryKey& key = chunk[i].key;
    if (key.unique) {
      keys_.set(key.key_hash, results[i].sequence.value());
      keys_.set(key.exact_hash(), results[i].sequence.value());
    }
    stored.push_back(std::make_shared<const Entry>(std::move(chunk[i].entry)));
  }
  if (stored.empty()) return;
  tail_.push(stored);
  high_water_.advance(next_ - 1);
  if (static_cast<std::uint64_t>(db_->wal_frames()) * kSegmentPageBytes >=
      options_.checkpoint_bytes) {
    keeper_->want_checkpoint(open_name_);
  }
}

void JournalWriter::fail_for_good(const core::Error& error) {
  if (fatal_.exchange(true)) return;
  core::log_error("journal-fsync-failed", {{"error", error.text()}});
  if (on_fatal_) on_fatal_(error);
}

}  // namespace store
