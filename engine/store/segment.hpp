#pragma once
#include "key_table.hpp"
#include "sqlite_db.hpp"

#include <core/clock.hpp>
#include <store/journal.hpp>

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace store {

inline constexpr int kSegmentPageBytes = 4096;

/// The name of a segment file: its first sequence and the UTC day it was begun.
struct SegmentName {
  std::uint64_t first = 0;
  std::int32_t day = 0;   ///< days since 1970
};
std::string segment_path(const std::string& folder, const SegmentName& name);
/// Ascending by first sequence; files with other names are left alone.
core::Result<std::vector<SegmentName>> list_segments(const std::string& folder);
std::int32_t day_of(core::Instant at);

/// What duplicates and searches are keyed by.
struct EntryKey {
  std::uint64_t control_hash = 0;
  std::uint64_t key_hash = 0;       ///< sender, control id, feed
  std::uint64_t body_prefix = 0;    ///< of body_digest
  bool searchable = false;          ///< has a control id
  bool unique = false;              ///< takes part in duplicate detection
  /// Hash of key and body together.
  std::uint64_t exact_hash() const;
};
std::uint64_t control_hash(const std::string& control_id);
EntryKey key_of(const Entry& entry);
/// Same sender, control id and feed.
bool same_key(const Entry& a, const Entry& b);

/// An entry on its way in: hashed and packed on its producer's thread.
struct Prepared {
  Entry entry;
  EntryKey key;
  std::string packed;     ///< empty: raw is stored as it is
  std::function<void(Appended)> done;
  std::size_t bytes() const;
};

/// Memory an entry takes, about.
std::size_t bytes_of(const Entry& entry);

core::Result<std::unique_ptr<SqliteDb>> open_segment(const std::string& path, bool sync);
core::Status insert_entry(SqliteDb& db, const Prepared& prepared);
/// kStoreCorrupt with where = "journal:<sequence>" when a digest does not fit.
core::Result<std::optional<Entry>> load_entry(SqliteDb& db, std::uint64_t sequence);
/// Up to `limit` entries and about `bytes_max` bytes. A damaged one ends the list; as the first it
/// is the error.
core::Status load_entries(SqliteDb& db, std::uint64_t after, std::size_t limit,
                          std::size_t bytes_max, std::vector<Entry>& into);
core::Result<std::uint64_t> last_sequence(SqliteDb& db);
/// Newest first.
core::Result<std::vector<std::uint64_t>> find_control_hash(SqliteDb& db, std::uint64_t hash,
                                                           std::size_t limit);

/// What sealing wrote about a segment.
struct Seal {
  std::uint64_t last = 0;
  core::Instant received_max{};
  Bloom bloom;
};
core::Result<std::optional<Seal>> read_seal(SqliteDb& db);
/// Indexes a segment that gets no more entries and notes its bounds. Safe to repeat after a crash.
core::Result<Seal> write_seal(SqliteDb& db);
/// Fills the duplicates table of a segment that has no seal.
core::Status load_keys(SqliteDb& db, KeyTable& into);

/// Open read-only connections, the least recently used closed first. Thread: one at a time.
class SegmentReaders {
 public:
  static constexpr std::size_t kOpenMax = 8;
  explicit SegmentReaders(std::string folder) : folder_(std::move(folder)) {}
  core::Result<SqliteDb*> get(const SegmentName& name);
  void close(std::uint64_t first);

 private:
  struct Open {
    std::uint64_t first = 0;
    std::unique_ptr<SqliteDb> db;
  };
  std::string folder_;
  std::list<Open> open_;   // most recent first
};

}  // namespace store
