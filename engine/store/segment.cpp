#include "segment.hpp"

#include "codec.hpp"
#include "files.hpp"

#include <core/text.hpp>

#include <dirent.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>

namespace store {
namespace {

constexpr int kLockWaitMs = 1000;
constexpr int kAppendCacheKib = 2048;
constexpr int kReadCacheKib = 1024;

constexpr std::int64_t kAckPositive = 1, kChangedBody = 2, kRawPacked = 4;

std::int64_t as_signed(std::uint64_t value) { return std::bit_cast<std::int64_t>(value); }
std::uint64_t as_unsigned(std::int64_t value) { return std::bit_cast<std::uint64_t>(value); }

std::string_view bytes_view(const core::Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

bool read_digest(std::string_view bytes, core::Digest& out) {
  if (bytes.size() != out.size()) return false;
  std::memcpy(out.data(), bytes.data(), out.size());
  return true;
}

std::int64_t flags_of(const Entry& entry, bool packed) {
  return (entry.ack_positive ? kAckPositive : 0) | (entry.changed_body ? kChangedBody : 0) |
         (packed ? kRawPacked : 0);
}

// SHA-256 guards the message; this guards what stands around it.
std::uint64_t seal_of(const Entry& entry, std::int64_t flags) {
  const std::array<std::int64_t, 5> numbers{
      as_signed(entry.sequence.value()), static_cast<std::int64_t>(entry.kind),
      entry.received.time_since_epoch().count(), flags, as_signed(entry.cites)};
  std::uint64_t hash = core::stable_hash(
      {reinterpret_cast<const char*>(numbers.data()), sizeof numbers}, entry.ack.size());
  for (std::string_view text :
       {std::string_view(entry.feed.value()), std::string_view(entry.peer),
        std::string_view(entry.sender), std::string_view(entry.control_id.value()),
        std::string_view(entry.type), std::string_view(entry.config_hash),
        bytes_view(entry.digest), bytes_view(entry.body_digest), std::string_view(entry.ack)}) {
    hash = core::stable_hash(text, hash);
  }
  return hash;
}

constexpr std::string_view kInsertEntry =
    "INSERT INTO entry(sequence,kind,received,flags,cites,feed,peer,sender,control_id,type,"
    "config_hash,seal,digest,body_digest,ack,raw) "
    "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16)";
constexpr std::string_view kInsertKey =
    "INSERT INTO entry_key(sequence,control_hash,key_hash,body_prefix) VALUES(?1,?2,?3,?4)";
constexpr std::string_view kSelectOne =
    "SELECT sequence,kind,received,flags,cites,feed,peer,sender,control_id,type,config_hash,seal,"
    "digest,body_digest,ack,raw FROM entry WHERE sequence=?1";
constexpr std::string_view kSelectAfter =
    "SELECT sequence,kind,received,flags,cites,feed,peer,sender,control_id,type,config_hash,seal,"
    "digest,body_digest,ack,raw FROM entry WHERE sequence>?1 ORDER BY sequence LIMIT ?2";

core::Result<Entry> entry_of(const Row& row) {
  Entry entry;
  const auto damaged = [&](const char* what) {
    return core::fail(core::ErrorCode::kStoreCorrupt, what,
                      "journal:" + std::to_string(entry.sequence.value()));
  };
  entry.sequence = core::Sequence{as_unsigned(row.integer(0))};
  entry.kind = static_cast<EntryKind>(row.integer(1));
  entry.received = core::Instant{std::chrono::microseconds{row.integer(2)}};
  const std::int64_t flags = row.integer(3);
  entry.ack_positive = (flags & kAckPositive) != 0;
  entry.changed_body = (flags & kChangedBody) != 0;
  entry.cites = as_unsigned(row.integer(4));
  entry.feed = core::FeedName{std::string(row.text(5))};
  entry.peer = row.text(6);
  entry.sender = row.text(7);
  entry.control_id = core::ControlId{std::string(row.text(8))};
  entry.type = row.text(9);
  entry.config_hash = row.text(10);
  entry.ack = row.text(14);
  if (!read_digest(row.text(12), entry.digest) || !read_digest(row.text(13), entry.body_digest) ||
      seal_of(entry, flags) != as_unsigned(row.integer(11))) {
    return damaged("an entry's description does not match its hash");
  }
  if ((flags & kRawPacked) != 0) {
    auto raw = unpack(row.text(15));
    if (!raw) return damaged("an entry cannot be unpacked");
    entry.raw = std::move(*raw);
  } else {
    entry.raw = row.text(15);
  }
  if (core::sha256(entry.raw) != entry.digest) {
    return damaged("an entry does not match its digest");
  }
  return entry;
}

}  // namespace

std::string segment_path(const std::string& folder, const SegmentName& name) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{name.day}}};
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "/journal-%012llu-%04d%02u%02u.db",
                static_cast<unsigned long long>(name.first), static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return folder + text.data();
}

namespace {

bool number(std::string_view text, auto& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

std::optional<SegmentName> parse_name(std::string_view file) {
  if (!file.starts_with("journal-") || !file.ends_with(".db")) return std::nullopt;
  const auto parts = core::split(file.substr(8, file.size() - 8 - 3), '-');
  SegmentName name;
  int year = 0;
  unsigned month = 0, day = 0;
  if (parts.size() != 2 || parts[1].size() != 8 || !number(parts[0], name.first) ||
      !number(parts[1].substr(0, 4), year) || !number(parts[1].substr(4, 2), month) ||
      !number(parts[1].substr(6, 2), day)) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{month},
                                         std::chrono::day{day}};
  if (!date.ok() || name.first == 0) return std::nullopt;
  name.day = static_cast<std::int32_t>(std::chrono::sys_days{date}.time_since_epoch().count());
  return name;
}

}  // namespace

core::Result<std::vector<SegmentName>> list_segments(const std::string& folder) {
  struct CloseFolder {
    void operator()(DIR* dir) const { ::closedir(dir); }
  };
  const std::unique_ptr<DIR, CloseFolder> dir(::opendir(folder.c_str()));
  if (!dir) return core::fail(system_failure("cannot list", folder));
  std::vector<SegmentName> names;
  while (const dirent* file = ::readdir(dir.get())) {
    if (const auto name = parse_name(file->d_name)) names.push_back(*name);
  }
  std::sort(names.begin(), names.end(), [](const SegmentName& a, const SegmentName& b) {
    return a.first != b.first ? a.first < b.first : a.day < b.day;
  });
  return names;
}

std::int32_t day_of(core::Instant at) {
  return static_cast<std::int32_t>(
      std::chrono::floor<std::chrono::days>(at).time_since_epoch().count());
}

std::uint64_t EntryKey::exact_hash() const {
  const std::array<std::uint64_t, 2> both{key_hash, body_prefix};
  return core::stable_hash({reinterpret_cast<const char*>(both.data()), sizeof both});
}

std::uint64_t control_hash(const std::string& control_id) { return core::stable_hash(control_id); }

EntryKey key_of(const Entry& entry) {
  EntryKey key;
  const std::string& control_id = entry.control_id.value();
  key.searchable = !control_id.empty();
  if (!key.searchable) return key;
  key.control_hash = control_hash(control_id);
  key.unique = entry.kind == EntryKind::kMessage && entry.cites == 0;
  if (!key.unique) return key;
  // Chained seeds keep "a" + "bc" apart from "ab" + "c".
  key.key_hash = core::stable_hash(
      entry.feed.value(), core::stable_hash(control_id, core::stable_hash(entry.sender)));
  std::memcpy(&key.body_prefix, entry.body_digest.data(), sizeof key.body_prefix);
  return key;
}

bool same_key(const Entry& a, const Entry& b) {
  return a.control_id == b.control_id && a.sender == b.sender && a.feed == b.feed;
}

std::size_t bytes_of(const Entry& entry) {
  return sizeof(Entry) + entry.raw.size() + entry.ack.size() + entry.peer.size() +
         entry.sender.size() + entry.config_hash.size();
}

std::size_t Prepared::bytes() const { return bytes_of(entry) + packed.size(); }

core::Result<std::unique_ptr<SqliteDb>> open_segment(const std::string& path, bool sync) {
  Db::Options options;
  options.full_sync = true;
  options.busy_timeout_ms = kLockWaitMs;
  options.cache_kib = kAppendCacheKib;
  auto db = SqliteDb::open(path, options,
                           {.page_bytes = kSegmentPageBytes, .checkpoint_pages = 0, .sync = sync});
  if (!db) return db;
  if (auto status = migrate(**db, "journal"); !status) return core::fail(status.error());
  return db;
}

core::Status insert_entry(SqliteDb& db, const Prepared& prepared) {
  const Entry& e = prepared.entry;
  const bool packed = !prepared.packed.empty();
  const std::int64_t flags = flags_of(e, packed);
  const std::int64_t sequence = as_signed(e.sequence.value());
  auto status = db.run(
      kInsertEntry,
      {sequence, static_cast<std::int64_t>(e.kind), e.received.time_since_epoch().count(), flags,
       as_signed(e.cites), e.feed.value(), e.peer, e.sender, e.control_id.value(), e.type,
       e.config_hash, as_signed(seal_of(e, flags)), Blob{bytes_view(e.digest)},
       Blob{bytes_view(e.body_digest)}, Blob{e.ack}, Blob{packed ? prepared.packed : e.raw}});
  if (!status || !prepared.key.searchable) return status;
  const EntryKey& key = prepared.key;
  if (!key.unique)
    return db.run(kInsertKey, {sequence, as_signed(key.control_hash), nullptr, nullptr});
  return db.run(kInsertKey, {sequence, as_signed(key.control_hash), as_signed(key.key_hash),
                             as_signed(key.body_prefix)});
}

core::Result<std::optional<Entry>> load_entry(SqliteDb& db, std::uint64_t sequence) {
  std::optional<Entry> found;
  std::optional<core::Error> damage;
  auto status = db.query(kSelectOne, {as_signed(sequence)}, [&](const Row& row) {
    auto entry = entry_of(row);
    if (entry) {
      found = std::move(*entry);
    } else {
      damage = entry.error();
    }
    return false;
  });
  if (!status) return core::fail(status.error());
  if (damage) return core::fail(*damage);
  return found;
}

core::Status load_entries(SqliteDb& db, std::uint64_t after, std::size_t limit,
                          std::size_t bytes_max, std::vector<Entry>& into) {
  std::optional<core::Error> damage;
  std::size_t bytes = 0;
  auto status =
      db.query(kSelectAfter, {as_signed(after), static_cast<std::int64_t>(limit)},
               [&](const Row& row) {
                 auto entry = entry_of(row);
                 if (!entry) {
                   damage = entry.error();
                   return false;
                 }
                 bytes += bytes_of(*entry);
                 into.push_back(std::move(*entry));
                 return bytes < bytes_max;
               });
  if (!status) return status;
  if (damage && into.empty()) return core::fail(*damage);
  return {};
}

core::Result<std::uint64_t> last_sequence(SqliteDb& db) {
  std::uint64_t last = 0;
  auto status = db.query("SELECT max(sequence) FROM entry", {}, [&](const Row& row) {
    last = as_unsigned(row.integer(0));
    return false;
  });
  if (!status) return core::fail(status.error());
  return last;
}

core::Result<std::vector<std::uint64_t>> find_control_hash(SqliteDb& db, std::uint64_t hash,
                                                           std::size_t limit) {
  std::vector<std::uint64_t> found;
  auto status = db.query(
      "SELECT sequence FROM entry_key WHERE control_hash=?1 ORDER BY sequence DESC LIMIT ?2",
      {as_signed(hash), static_cast<std::int64_t>(limit)}, [&](const Row& row) {
        found.push_back(as_unsigned(row.integer(0)));
        return true;
      });
  if (!status) return core::fail(status.error());
  return found;
}

core::Result<std::optional<Seal>> read_seal(SqliteDb& db) {
  std::optional<Seal> seal;
  auto status =
      db.query("SELECT last_sequence,received_max,bloom FROM segment_seal WHERE one=1", {},
               [&](const Row& row) {
                 seal.emplace();
                 seal->last = as_unsigned(row.integer(0));
                 seal->received_max = core::Instant{std::chrono::microseconds{row.integer(1)}};
                 seal->bloom = Bloom::from_bytes(row.text(2));
                 return false;
               });
  if (!status) return core::fail(status.error());
  return seal;
}

core::Result<Seal> write_seal(SqliteDb& db) {
  Seal seal;
  std::int64_t oldest = 0, newest = 0, keys = 0;
  auto status = db.query("SELECT min(received),max(received),max(sequence) FROM entry", {},
                         [&](const Row& row) {
                           oldest = row.integer(0);
                           newest = row.integer(1);
                           seal.last = as_unsigned(row.integer(2));
                           return false;
                         });
  if (!status) return core::fail(status.error());
  status = db.query("SELECT count(*) FROM entry_key", {}, [&](const Row& row) {
    keys = row.integer(0);
    return false;
  });
  if (!status) return core::fail(status.error());
  seal.received_max = core::Instant{std::chrono::microseconds{newest}};
  seal.bloom = Bloom(static_cast<std::size_t>(keys));
  status = db.query("SELECT key_hash FROM entry_key WHERE key_hash IS NOT NULL", {},
                    [&](const Row& row) {
                      seal.bloom.add(as_unsigned(row.integer(0)));
                      return true;
                    });
  if (!status) return core::fail(status.error());

  if (status = db.begin(); !status) return core::fail(status.error());
  status = db.script(
      "CREATE INDEX IF NOT EXISTS entry_key_by_control ON entry_key(control_hash);"
      "CREATE INDEX IF NOT EXISTS entry_key_by_key ON entry_key(key_hash,body_prefix)"
      " WHERE key_hash IS NOT NULL;");
  if (status) {
    status = db.run(
        "INSERT OR REPLACE INTO segment_seal(one,last_sequence,received_min,received_max,bloom)"
        " VALUES(1,?1,?2,?3,?4)",
        {as_signed(seal.last), oldest, newest, Blob{seal.bloom.bytes()}});
  }
  if (status) status = db.commit();
  if (!status) {
    core::Error error = status.error();
    if (db.in_transaction()) (void)db.rollback();
    return core::fail(std::move(error));
  }
  return seal;
}

core::Status load_keys(SqliteDb& db, KeyTable& into) {
  EntryKey key;
  return db.query("SELECT sequence,key_hash,body_prefix FROM entry_key WHERE key_hash IS NOT NULL",
                  {}, [&](const Row& row) {
                    const std::uint64_t sequence = as_unsigned(row.integer(0));
                    key.key_hash = as_unsigned(row.integer(1));
                    key.body_prefix = as_unsigned(row.integer(2));
                    into.set(key.key_hash, sequence);
                    into.set(key.exact_hash(), sequence);
                    return true;
                  });
}

core::Result<SqliteDb*> SegmentReaders::get(const SegmentName& name) {
  for (auto at = open_.begin(); at != open_.end(); ++at) {
    if (at->first != name.first) continue;
    open_.splice(open_.begin(), open_, at);
    return open_.front().db.get();
  }
  Db::Options options;
  options.read_only = true;
  options.cache_kib = kReadCacheKib;
  auto db = SqliteDb::open(segment_path(folder_, name), options, {});
  if (!db) return core::fail(db.error());
  if (open_.size() >= kOpenMax) open_.pop_back();
  open_.push_front({name.first, std::move(*db)});
  return open_.front().db.get();
}

void SegmentReaders::close(std::uint64_t first) {
  open_.remove_if([first](const Open& open) { return open.first == first; });
}

}  // namespace store
