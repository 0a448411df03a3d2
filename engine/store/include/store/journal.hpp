#pragma once
#include <core/clock.hpp>
#include <core/hash.hpp>
#include <core/ids.hpp>
#include <core/metrics.hpp>
#include <core/result.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace store {

/// Inputs that change state, and effects that must not repeat (DESIGN: the journal is the truth).
enum class EntryKind : std::uint8_t {
  kMessage = 1,    ///< an HL7 message as received
  kConfig = 2,     ///< an activated configuration with its content (YAML bundle in `raw`)
  kDelivery = 3,   ///< delivery outcomes, a batch as JSON in `raw`
  kTick = 4,       ///< the clock passed a due time; `received` is the time meant
  kCommand = 5,    ///< operator or HIM command as JSON in `raw`
  kRejected = 6,   ///< refused input kept for inspection (quarantine); changes no state
};

struct Entry {
  core::Sequence sequence;
  EntryKind kind = EntryKind::kMessage;
  core::Instant received{};
  core::FeedName feed;
  std::string peer;            ///< "127.0.0.1:51234", "file:..." ; no PHI
  std::string sender;          ///< MSH-3 | MSH-4, raw, joined by '|'
  core::ControlId control_id;
  std::string type;            ///< "ADT^A01"
  std::string raw;             ///< bytes as they came (kept zstd-compressed)
  std::string charset;         ///< HTTP charset parameter, overrides MSH-18; usually empty
  core::Digest digest{};       ///< SHA-256 of raw; verified on read
  core::Digest body_digest{};  ///< without MSH-7 and MSH-13: for duplicates
  std::string ack;             ///< what was answered
  bool ack_positive = false;
  bool changed_body = false;   ///< same key as an earlier entry in the window, other body
  std::string config_hash;     ///< configuration in force when it came
  std::uint64_t cites = 0;     ///< re-run, edit or replay of that sequence; 0 = original
};

/// What became of an append.
struct Appended {
  enum class Outcome { kStored, kDuplicate, kRefused } outcome = Outcome::kRefused;
  core::Sequence sequence;     ///< of the entry, or of the original for kDuplicate
  std::string replayed_ack;    ///< kDuplicate: the stored positive ACK
  bool changed_body = false;
  core::Error error;           ///< kRefused: kDiskFull, kStoreLocked, kStoreUnavailable...
};

/// A message above this is refused (kTooLong).
inline constexpr std::size_t kEntryBytesMax = 64u << 20;
/// One read() returns about this much at most, however many entries were asked for.
inline constexpr std::size_t kReadBytesMax = 32u << 20;

/// The ordered, durable log, in segment files `<dir>/journal-<first sequence>-<UTC date>.db`
/// (SQLite,
/// WAL, synchronous=FULL), rotating by UTC day or kSegmentEntriesMax, forward only: a clock set
/// back
/// never reopens one. One append thread group-commits whatever arrived while the last fsync ran;
/// checkpoints and the sealing of full segments (indexes, Bloom filter) run on another. Beside
/// them: `lock` (flock: one process), `high-water` (highest durable sequence, never reused).
///
/// Promises. An entry is reported kStored only after its fsync. What cannot be stored is reported
/// kRefused (kDiskFull, kStoreLocked, kStoreUnavailable, kTooLong) and later appends are tried
/// again,
/// so a healed disk is taken up unaided. After a failed fsync nothing is ever reported stored again
/// and Options::on_fatal is called once: the process must end and recover by reading the log.
/// Files are mode 0600 in folders of mode 0700.
///
/// A sequence that `high-water` names but no segment holds means lost entries (a `-wal` file
/// removed
/// while down, an old copy restored): open() refuses with kStoreCorrupt and says which. Restore the
/// files, or accept the loss by making an empty file `<dir>/accept-loss`; it is removed when
/// honoured.
///
/// A process with a file size limit must ignore SIGXFSZ, else the kernel ends it instead of failing
/// the write. Thread: any; callbacks run on the append thread, quickly, and must not wait for
/// appends.
class Journal {
 public:
  static constexpr std::uint64_t kSegmentEntriesMax = 200'000;

  struct Options {
    std::string directory;
    std::chrono::hours duplicates_window{24 * 7};
    std::size_t queue_entries_max = 4096;      ///< append() blocks above it
    std::size_t queue_bytes_max = 64u << 20;   ///< and above this, unless nothing is queued
    std::size_t tail_bytes_max = 16u << 20;    ///< recent entries kept in memory for the applier
    std::uint64_t disk_free_min_bytes = 256u << 20;   ///< below: refuse (kDiskFull)
    std::uint64_t segment_entries_max = kSegmentEntriesMax;   ///< smaller only in tests
    std::uint64_t checkpoint_bytes = 16u << 20;   ///< log size above which it is copied and begun
                                                  ///< anew
    bool sync = true;                          ///< false only to show that the power-cut test can
                                               ///< fail
    /// An fsync or commit failed in a way that leaves durability unknown: the process must stop.
    /// Called once, on the append thread or the one that checkpoints.
    std::function<void(const core::Error&)> on_fatal;
    core::Metrics* metrics = nullptr;          ///< must outlive the journal
  };
  /// Takes an exclusive lock on the folder (kStoreLocked when another process has it).
  /// `clock` must outlive the journal.
  static core::Result<std::unique_ptr<Journal>> open(Options options, const core::Clock& clock);
  /// For commands beside a running engine: reads only, no lock; append() refuses.
  static core::Result<std::unique_ptr<Journal>> open_read_only(const std::string& directory);
  /// Stores what is queued, then stops.
  virtual ~Journal() = default;

  /// `received`, `digest` and `body_digest` are filled in when they are empty (now, SHA-256 of raw,
  /// the same); `sequence` and `changed_body` are assigned. Entries without a control id are never
  /// duplicates. Packs and hashes on the caller's thread.
  /// Queues; `done` is called after the entry is durable, or refused. Only kMessage entries with
  /// cites == 0 take part in duplicate detection: key sender + control id + feed, body digest.
  virtual void append(Entry entry, std::function<void(Appended)> done) = 0;
  /// Waits for append().
  virtual Appended append_and_wait(Entry entry) = 0;
  /// Returns after everything queued so far is durable.
  virtual void flush() = 0;

  virtual core::Sequence head() const = 0;   ///< last durable sequence
  /// Entries after `after`, ascending, from memory where possible. Empty at the head. Every digest
  /// is verified: a damaged entry ends the list, and when it would be the first the error is
  /// kStoreCorrupt
  /// with where = "journal:<sequence>", so that the reader can park it and go on behind it.
  virtual core::Result<std::vector<Entry>> read(core::Sequence after, std::size_t limit) const = 0;
  /// Waits until head() > after or stop() is called. @return false when stopped.
  /// (Opened read-only: looks ten times a second.)
  virtual bool wait_beyond(core::Sequence after) const = 0;
  virtual void stop_waiting() = 0;
  virtual core::Result<std::optional<Entry>> find(core::Sequence sequence) const = 0;
  /// Newest first, over all segments.
  virtual core::Result<std::vector<Entry>> find_control_id(const std::string& control_id,
                                                           std::size_t limit) const = 0;
  struct Stats {
    core::Sequence first, head;                ///< first: of the oldest segment kept
    std::uint64_t segments = 0, bytes = 0, queued = 0;
    std::uint64_t disk_free_bytes = 0;
  };
  virtual Stats stats() const = 0;
};

}  // namespace store
