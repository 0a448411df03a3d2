// Opening, transactions, counters.
#include "files.hpp"
#include "records_impl.hpp"
#include "search_entry.hpp"

#include <core/log.hpp>

#include <cstdlib>

namespace store {
namespace {

// Holds the pages that one transaction changes (Applier::kTransactionEntries): more of them would
// be written twice.
constexpr int kWriterCacheKib = 12 * 1024;
constexpr int kReaderCacheKib = 4 * 1024;
// 48 MiB of log before it is copied into the database: pages that change often are copied once.
constexpr int kLogPages = 12288;
// Now and then free pages go back to the file system, a few at a time.
constexpr std::uint64_t kVacuumEveryCommits = 256;
constexpr std::int64_t kFreePagesKept = 8192;
// So often what search.db has by now leaves search_change.
constexpr std::uint64_t kForgetEveryCommits = 16;

}  // namespace

RecordsImpl::RecordsImpl(std::unique_ptr<SqliteDb> db, const std::string& directory,
                         const schema::R4& r4, bool writer, std::shared_ptr<RecentVersions> recent)
    : db_(std::move(db)),
      directory_(directory),
      writer_(writer),
      words_(*db_),
      index_(*db_, words_, r4, tallies_.values[Tallies::kNextChange]),
      fresh_(std::move(recent)) {
  if (writer_) keeper_ = std::make_unique<LogKeeper>(directory_ + "/records.db", gate_);
}

RecordsImpl::~RecordsImpl() {
  if (open_) rollback();
}

core::Result<std::unique_ptr<Records>> Records::open(const std::string& directory,
                                                     const schema::R4& r4,
                                                     std::shared_ptr<RecentVersions> recent) {
  if (auto status = make_folder(directory); !status) return core::fail(status.error());
  Db::Options options;
  options.cache_kib = kWriterCacheKib;
  options.incremental_vacuum = true;
  auto db = SqliteDb::open(directory + "/records.db", options,
                           {.checkpoint_pages = 0});
  if (!db) return core::fail(db.error());
  if (auto status = migrate(**db, "records"); !status) return core::fail(status.error());
  auto records = std::make_unique<RecordsImpl>(std::move(*db), directory, r4, true,
                                               std::move(recent));
  if (auto status = records->start(); !status) return core::fail(status.error());
  return std::unique_ptr<Records>(std::move(records));
}

core::Result<std::unique_ptr<Records>> Records::open_read_only(const std::string& directory,
                                                               const schema::R4& r4) {
  Db::Options options;
  options.cache_kib = kReaderCacheKib;
  options.read_only = true;
  auto db = SqliteDb::open(directory + "/records.db", options, {});
  if (!db) return core::fail(db.error());
  auto records = std::make_unique<RecordsImpl>(std::move(*db), directory, r4, false, nullptr);
  if (auto status = records->start(); !status) return core::fail(status.error());
  return std::unique_ptr<Records>(std::move(records));
}

core::Status RecordsImpl::start() {
  if (auto status = add_search_functions(*db_); !status) return status;
  auto loaded = load_tallies();
  if (!loaded) return core::fail(loaded.error());
  tallies_ = saved_ = *loaded;
  return writer_ ? check_search() : core::Status{};
}

core::Status RecordsImpl::writable() const {
  if (open_) return {};
  return core::fail(writer_ ? core::ErrorCode::kInternal : core::ErrorCode::kRefusedByPolicy,
                    "written outside begin() and commit()");
}

core::Status RecordsImpl::begin() {
  if (!writer_) return core::fail(core::ErrorCode::kRefusedByPolicy, "opened for reading only");
  if (open_) return core::fail(core::ErrorCode::kInternal, "begin() within a transaction");
  gate_.enter();
  if (auto status = db_->begin(); !status) {
    gate_.leave();
    return status;
  }
  open_ = true;
  has_savepoint_ = false;
  words_.begin();
  cache_.begin();
  keys_.begin();
  fresh_.begin();
  return {};
}

core::Status RecordsImpl::commit(core::Sequence position) {
  if (auto status = writable(); !status) return status;
  tally(Tallies::kPosition) = static_cast<std::int64_t>(position.value());
  core::Status status = ++commits_ % kForgetEveryCommits == 0 ? forget_changes() : core::Status{};
  if (status) status = save_stamps();
  if (status) status = save_tallies();
  if (status) status = db_->commit();
  if (!status) {
    rollback();
    return status;
  }
  open_ = false;
  gate_.leave();
  if (db_->wal_frames() >= kLogPages) keeper_->want();
  fresh_.commit();
  saved_ = tallies_;
  give_back_room();
  return {};
}

void RecordsImpl::rollback() {
  if (!open_) return;
  open_ = false;
  if (db_->in_transaction()) (void)db_->rollback();
  gate_.leave();
  words_.undo_all();
  index_.forget();
  cache_.undo_all();
  keys_.undo_all();
  confirmed_.clear();
  tallies_ = saved_;
}

core::Status RecordsImpl::savepoint() {
  if (auto status = writable(); !status) return status;
  if (auto status = save_stamps(); !status) return status;
  if (has_savepoint_) {
    if (auto status = db_->run("RELEASE entry", {}); !status) return status;
    has_savepoint_ = false;
  }
  if (auto status = db_->run("SAVEPOINT entry", {}); !status) return status;
  has_savepoint_ = true;
  marked_ = tallies_;
  words_.savepoint();
  cache_.savepoint();
  fresh_.savepoint();
  keys_.savepoint();
  return {};
}

core::Status RecordsImpl::rollback_to_savepoint() {
  if (!open_ || !has_savepoint_) {
    return core::fail(core::ErrorCode::kInternal, "no savepoint to go back to");
  }
  if (auto status = db_->run("ROLLBACK TO entry", {}); !status) return status;
  tallies_ = marked_;
  words_.undo_to_savepoint();
  index_.forget();
  cache_.undo_to_savepoint();
  fresh_.undo_to_savepoint();
  keys_.undo_to_savepoint();
  confirmed_.clear();   // those before it are in their rows
  return {};
}

core::Result<core::Sequence> RecordsImpl::position() {
  const auto now = tallies();
  if (!now) return core::fail(now.error());
  return core::Sequence{static_cast<std::uint64_t>(now->values[Tallies::kPosition])};
}

core::Result<Tallies> RecordsImpl::tallies() {
  if (writer_) return tallies_;
  return load_tallies();
}

namespace {

// "outbox.<state>.<destination word>"
std::string outbox_name(std::int64_t destination, std::size_t state) {
  return "outbox." + std::to_string(state) + "." + std::to_string(destination);
}

}  // namespace

core::Result<Tallies> RecordsImpl::load_tallies() {
  Tallies tallies;
  for (const auto next : {Tallies::kNextResource, Tallies::kNextVersion, Tallies::kNextOutbox,
                          Tallies::kNextChange}) {
    tallies.values[next] = 1;
  }
  auto status = db_->query("SELECT name,value FROM meta", {}, [&](const Row& row) {
    const std::string_view name = row.text(0);
    for (std::size_t i = 0; i < Tallies::kNames; ++i) {
      if (name == Tallies::kText[i]) tallies.values[i] = row.integer(1);
    }
    if (name.starts_with("outbox.") && name.size() > 9) {
      const auto state = static_cast<std::size_t>(name[7] - '0');
      const std::int64_t destination = std::atoll(std::string(name.substr(9)).c_str());
      if (state < 3) tallies.outbox[destination][state] = row.integer(1);
    }
    return true;
  });
  if (!status) return core::fail(status.error());
  return tallies;
}

core::Status RecordsImpl::save_tallies() {
  const auto save = [&](std::string_view name, std::int64_t value) {
    return db_->run(
        "INSERT INTO meta(name,value) VALUES(?1,?2)"
        " ON CONFLICT(name) DO UPDATE SET value=excluded.value",
        {name, value});
  };
  for (std::size_t i = 0; i < Tallies::kNames; ++i) {
    if (tallies_.values[i] == saved_.values[i]) continue;
    if (auto status = save(Tallies::kText[i], tallies_.values[i]); !status) return status;
  }
  for (const auto& [destination, states] : tallies_.outbox) {
    const auto before = saved_.outbox.find(destination);
    for (std::size_t state = 0; state < states.size(); ++state) {
      if (before != saved_.outbox.end() && before->second[state] == states[state]) continue;
      if (auto status = save(outbox_name(destination, state), states[state]); !status) {
        return status;
      }
    }
  }
  return {};
}

void RecordsImpl::give_back_room() {
  if (commits_ % kVacuumEveryCommits != 0) return;
  std::int64_t free_pages = 0;
  auto status = db_->query("PRAGMA freelist_count", {}, [&](const Row& row) {
    free_pages = row.integer(0);
    return false;
  });
  if (status && free_pages > kFreePagesKept)
    status = db_->run("PRAGMA incremental_vacuum(1024)", {});
  if (!status) core::log_warn("records-vacuum-failed", {{"error", status.error().text()}});
}

core::Result<Records::Counts> RecordsImpl::counts() {
  const auto now = tallies();
  if (!now) return core::fail(now.error());
  const auto value = [&](Tallies::Name name) {
    return static_cast<std::uint64_t>(now->values[name]);
  };
  return Counts{value(Tallies::kResources), value(Tallies::kVersions), value(Tallies::kMessages),
                value(Tallies::kFailed)};
}

std::string join_lines(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) {
    if (!out.empty()) out += '\n';
    out += part;
  }
  return out;
}

std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return parts;
}

}  // namespace store
