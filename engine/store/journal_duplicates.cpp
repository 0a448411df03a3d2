// Duplicate detection of the journal writer: the batch being built, the open segment's table, then
// older segments within the window through their filter and index. Hashes only suggest: what is
// decided here was compared with the stored entry itself.
#include "journal_writer.hpp"

#include <core/log.hpp>

#include <bit>

namespace store {
namespace {

core::Result<std::uint64_t> look_up(SqliteDb& db, const EntryKey& key, bool exact) {
  std::uint64_t found = 0;
  const auto take = [&](const Row& row) {
    found = std::bit_cast<std::uint64_t>(row.integer(0));
    return false;
  };
  const auto key_hash = std::bit_cast<std::int64_t>(key.key_hash);
  const auto status =
      exact ? db.query("SELECT sequence FROM entry_key WHERE key_hash=?1 AND body_prefix=?2"
                       " ORDER BY sequence DESC LIMIT 1",
                       {key_hash, std::bit_cast<std::int64_t>(key.body_prefix)}, take)
            : db.query("SELECT sequence FROM entry_key WHERE key_hash=?1"
                       " ORDER BY body_prefix DESC LIMIT 1",
                       {key_hash}, take);
  if (!status) return core::fail(status.error());
  return found;
}

// The copy that arrives now is whole: storing it once more is the safe side.
std::nullopt_t unreadable(const core::Error& error) {
  core::log_error("journal-duplicate-check-failed", {{"error", error.text()}});
  return std::nullopt;
}

}  // namespace

bool JournalWriter::in_window(const Entry& earlier, const Entry& now) const {
  return earlier.received + options_.duplicates_window >= now.received;
}

// `in`: the older segment, or null for the open one.
std::optional<JournalWriter::Earlier> JournalWriter::verified(const Prepared& prepared,
                                                              const SegmentName* in,
                                                              std::uint64_t sequence, bool exact) {
  if (sequence == 0) return std::nullopt;
  std::shared_ptr<const Entry> entry = tail_.find(sequence);
  if (!entry) {
    SqliteDb* db = db_.get();
    if (in) {
      const auto reader = readers_.get(*in);
      if (!reader) return unreadable(reader.error());
      db = *reader;
    }
    auto loaded = load_entry(*db, sequence);
    if (!loaded) return unreadable(loaded.error());
    if (!*loaded) return std::nullopt;
    entry = std::make_shared<const Entry>(std::move(**loaded));
  }
  if (!same_key(*entry, prepared.entry) || !in_window(*entry, prepared.entry)) return std::nullopt;
  if (exact && entry->body_digest != prepared.entry.body_digest) return std::nullopt;
  return Earlier{std::move(entry), exact};
}

std::optional<JournalWriter::Earlier> JournalWriter::find_in_batch(const Prepared& prepared) {
  for (const bool exact : {true, false}) {
    const std::uint64_t hash = exact ? prepared.key.exact_hash() : prepared.key.key_hash;
    const std::uint64_t sequence = batch_keys_.find(hash);
    if (sequence == 0) continue;
    const Entry& entry = chunk_[chunk_stored_[sequence - chunk_first_]].entry;
    if (!same_key(entry, prepared.entry)) continue;
    if (exact && entry.body_digest != prepared.entry.body_digest) continue;
    return Earlier{std::make_shared<const Entry>(entry), exact};
  }
  return std::nullopt;
}

std::optional<JournalWriter::Earlier> JournalWriter::find_in_older(Older& older,
                                                                   const Prepared& prepared,
                                                                   bool exact) {
  const EntryKey& key = prepared.key;
  if (older.keys) {
    return verified(prepared, &older.name,
                    older.keys->find(exact ? key.exact_hash() : key.key_hash), exact);
  }
  const auto reader = readers_.get(older.name);
  if (!reader) return unreadable(reader.error());
  const auto sequence = look_up(**reader, key, exact);
  if (!sequence) return unreadable(sequence.error());
  return verified(prepared, &older.name, *sequence, exact);
}

bool JournalWriter::may_hold(const Older& older, const Prepared& prepared) const {
  if (older.keys) return older.keys->find(prepared.key.key_hash) != 0;
  return older.seal->received_max + options_.duplicates_window >= prepared.entry.received &&
         older.seal->bloom.may_hold(prepared.key.key_hash);
}

// A copy of the same body anywhere in the window wins over a nearer entry with another body: a
// sender may repeat either of two messages that share a control id.
std::optional<JournalWriter::Earlier> JournalWriter::find_earlier(const Prepared& prepared) {
  auto best = find_in_batch(prepared);
  if (best && best->exact) return best;
  suspects_.clear();
  for (Older& older : older_) {
    if (may_hold(older, prepared)) suspects_.push_back(&older);
  }
  for (const bool exact : {true, false}) {
    if (!exact && best) return best;
    const std::uint64_t hash = exact ? prepared.key.exact_hash() : prepared.key.key_hash;
    if (auto found = verified(prepared, nullptr, keys_.find(hash), exact)) return found;
    for (Older* older : suspects_) {
      if (auto found = find_in_older(*older, prepared, exact)) return found;
    }
  }
  return std::nullopt;
}

}  // namespace store
