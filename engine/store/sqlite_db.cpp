#include "sqlite_db.hpp"

#include <core/hash.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace store {
namespace {

int limit_to_int(std::size_t size) {
  return size > 0x7fffffff ? 0x7fffffff : static_cast<int>(size);
}

core::ErrorCode code_of(int result, int system_error) {
  const bool no_room =
      system_error == ENOSPC || system_error == EFBIG || system_error == EDQUOT;
  switch (result & 0xff) {
    case SQLITE_FULL: return core::ErrorCode::kDiskFull;
    case SQLITE_IOERR:
      return no_room ? core::ErrorCode::kDiskFull : core::ErrorCode::kStoreUnavailable;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL: return core::ErrorCode::kStoreLocked;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return core::ErrorCode::kStoreCorrupt;
    case SQLITE_CONSTRAINT: return core::ErrorCode::kConflict;
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_NOMEM:
      return no_room ? core::ErrorCode::kDiskFull : core::ErrorCode::kStoreUnavailable;
    case SQLITE_TOOBIG: return core::ErrorCode::kTooLong;
    default: return core::ErrorCode::kInternal;
  }
}

bool is_sync_failure(int result) {
  return result == SQLITE_IOERR_FSYNC || result == SQLITE_IOERR_DIR_FSYNC;
}

class SqliteRow final : public Row {
 public:
  explicit SqliteRow(sqlite3_stmt* statement) : statement_(statement) {}
  std::int64_t integer(int column) const override {
    return sqlite3_column_int64(statement_, column);
  }
  std::string_view text(int column) const override {
    const void* bytes = sqlite3_column_blob(statement_, column);
    const int size = sqlite3_column_bytes(statement_, column);
    return bytes ? std::string_view(static_cast<const char*>(bytes), static_cast<std::size_t>(size))
                 : std::string_view("", 0);
  }
  bool is_null(int column) const override {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
  }

 private:
  sqlite3_stmt* statement_;
};

}  // namespace

struct SqliteDb::Statement {
  ~Statement() { sqlite3_finalize(handle); }
  sqlite3_stmt* handle = nullptr;
  std::string sql;
  int parameters = 0;
  bool busy = false;
  bool cached = false;
};

// Holds a statement while it steps; one that is already stepping (a query within a query) is not
// shared but prepared once more, and that copy ends with its lease.
class SqliteDb::Lease {
 public:
  explicit Lease(Statement* statement) : statement_(statement) { statement_->busy = true; }
  ~Lease() {
    sqlite3_reset(statement_->handle);
    statement_->busy = false;
    if (!statement_->cached) delete statement_;
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

 private:
  Statement* statement_;
};

std::size_t SqliteDb::TextHash::operator()(std::string_view text) const {
  return core::stable_hash(text);
}

core::Result<std::unique_ptr<Db>> Db::open(const std::string& path, const Options& options) {
  auto opened = SqliteDb::open(path, options, {});
  if (!opened) return core::fail(opened.error());
  return std::unique_ptr<Db>(std::move(*opened));
}

core::Result<std::unique_ptr<SqliteDb>> SqliteDb::open(const std::string& path,
                                                       const Options& options,
                                                       const Tuning& tuning) {
  // What a savepoint would undo goes to a temporary file above 64 KiB, unless told otherwise before
  // the library starts; the applier sets one for each message after a failure.
  static const int kept_in_memory = sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, -1);
  // Counting its memory costs a lock with each allocation.
  static const int not_counted = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  (void)kept_in_memory;
  (void)not_counted;
  bool is_new = false;
  if (!options.read_only) {
    // SQLite would make the file readable by all; its log and shared memory inherit this mode.
    const int made = ::open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    if (made >= 0) {
      is_new = true;
      ::close(made);
    } else if (errno != EEXIST) {
      const auto code =
          errno == ENOSPC ? core::ErrorCode::kDiskFull : core::ErrorCode::kStoreUnavailable;
      return core::fail(code, std::string("cannot create: ") + std::strerror(errno), path);
    }
  }
  std::unique_ptr<SqliteDb> db(new SqliteDb);
  db->path_ = path;
  const int flags = (options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) |
                    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int result = sqlite3_open_v2(path.c_str(), &db->handle_, flags, nullptr);
  if (result != SQLITE_OK) return core::fail(db->error(result));
  if (auto status = db->configure(options, tuning, is_new); !status) {
    return core::fail(status.error());
  }
  return db;
}

core::Status SqliteDb::configure(const Options& options, const Tuning& tuning, bool is_new) {
  sqlite3_busy_timeout(handle_, options.busy_timeout_ms);
  std::string sql = "PRAGMA mmap_size=0;PRAGMA temp_store=MEMORY;PRAGMA cache_size=-" +
                    std::to_string(options.cache_kib) + ";";
  if (is_new) {
    sql += "PRAGMA page_size=" + std::to_string(tuning.page_bytes) + ";";
    if (options.incremental_vacuum) sql += "PRAGMA auto_vacuum=INCREMENTAL;";
  }
  if (!options.read_only) {
    const char* level = !tuning.sync ? "OFF" : options.full_sync ? "FULL" : "NORMAL";
    sql += std::string("PRAGMA journal_mode=WAL;PRAGMA synchronous=") + level + ";";
    sql += "PRAGMA wal_autocheckpoint=" + std::to_string(tuning.checkpoint_pages) + ";";
  }
  if (auto status = script(sql); !status) return status;
  if (!options.read_only && tuning.checkpoint_pages == 0) {
    // The automatic checkpoint is itself such a hook, so ours would replace it.
    sqlite3_wal_hook(
        handle_,
        [](void* self, sqlite3*, const char*, int frames) {
          static_cast<SqliteDb*>(self)->wal_frames_ = frames;
          return SQLITE_OK;
        },
        this);
  }
  return {};
}

SqliteDb::~SqliteDb() {
  statements_.clear();
  sqlite3_close_v2(handle_);
}

core::Error SqliteDb::error(int code) {
  if (!handle_) return {core::ErrorCode::kStoreUnavailable, "out of memory", path_};
  const int extended = code == SQLITE_OK ? sqlite3_extended_errcode(handle_) : code;
  if (is_sync_failure(extended)) sync_failed_ = true;
  const int system_error = sqlite3_system_errno(handle_);
  std::string detail = sqlite3_errmsg(handle_);
  if ((extended & 0xff) == SQLITE_IOERR || (extended & 0xff) == SQLITE_CANTOPEN) {
    detail +=
        std::string(" [") + std::to_string(extended) + ", " + std::strerror(system_error) + "]";
  }
  return {code_of(extended, system_error), std::move(detail), path_};
}

core::Result<SqliteDb::Statement*> SqliteDb::prepare(std::string_view sql) {
  const std::size_t slot =
      (reinterpret_cast<std::uintptr_t>(sql.data()) >> 3 ^ sql.size()) % quick_.size();
  Statement* found = quick_[slot];
  if (!found || found->sql != sql) {
    const auto at = statements_.find(sql);
    found = at == statements_.end() ? nullptr : at->second.get();
  }
  if (found && !found->busy) return quick_[slot] = found;

  auto fresh = std::make_unique<Statement>();
  fresh->sql = sql;
  const int result = sqlite3_prepare_v3(handle_, fresh->sql.data(), limit_to_int(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &fresh->handle, nullptr);
  if (result != SQLITE_OK) return core::fail(error(result));
  fresh->parameters = sqlite3_bind_parameter_count(fresh->handle);
  if (found) return fresh.release();  // freed by its lease
  if (statements_.size() >= kStatementsMax) drop_idle_statements();
  fresh->cached = true;
  Statement* kept = fresh.get();
  statements_.emplace(kept->sql, std::move(fresh));
  return quick_[slot] = kept;
}

void SqliteDb::drop_idle_statements() {
  quick_.fill(nullptr);
  std::erase_if(statements_, [](const auto& entry) { return !entry.second->busy; });
}

core::Status SqliteDb::bind(Statement& statement, std::span<const Param> params) {
  if (statement.parameters != static_cast<int>(params.size())) {
    return core::fail(core::ErrorCode::kInternal, "wrong number of parameters", statement.sql);
  }
  int index = 0;
  for (const Param& param : params) {
    ++index;
    int result = SQLITE_OK;
    sqlite3_stmt* handle = statement.handle;
    if (const auto* number = std::get_if<std::int64_t>(&param)) {
      result = sqlite3_bind_int64(handle, index, *number);
    } else if (const auto* text = std::get_if<std::string_view>(&param)) {
      result = sqlite3_bind_text64(handle, index, text->data() ? text->data() : "", text->size(),
                                   SQLITE_STATIC, SQLITE_UTF8);
    } else if (const auto* blob = std::get_if<Blob>(&param)) {
      const auto bytes = blob->bytes;
      result = sqlite3_bind_blob64(handle, index, bytes.data() ? bytes.data() : "", bytes.size(),
                                   SQLITE_STATIC);
    } else if (const auto* real = std::get_if<double>(&param)) {
      result = sqlite3_bind_double(handle, index, *real);
    } else {
      result = sqlite3_bind_null(handle, index);
    }
    if (result != SQLITE_OK) return core::fail(error(result));
  }
  return {};
}

core::Status SqliteDb::run(std::string_view sql, std::initializer_list<Param> params) {
  auto statement = prepare(sql);
  if (!statement) return core::fail(statement.error());
  const Lease lease(*statement);
  if (auto status = bind(**statement, {params.begin(), params.size()}); !status) return status;
  int result;
  do {
    result = sqlite3_step((*statement)->handle);
  } while (result == SQLITE_ROW);
  if (result != SQLITE_DONE) return core::fail(error(result));
  return {};
}

core::Status SqliteDb::query(std::string_view sql, std::initializer_list<Param> params,
                             const std::function<bool(const Row&)>& each) {
  return query_with(sql, {params.begin(), params.size()}, each);
}

core::Status SqliteDb::query_with(std::string_view sql, std::span<const Param> params,
                                  const std::function<bool(const Row&)>& each) {
  auto statement = prepare(sql);
  if (!statement) return core::fail(statement.error());
  const Lease lease(*statement);
  if (auto status = bind(**statement, params); !status) return status;
  const SqliteRow row((*statement)->handle);
  for (;;) {
    const int result = sqlite3_step((*statement)->handle);
    if (result == SQLITE_DONE) return {};
    if (result != SQLITE_ROW) return core::fail(error(result));
    if (!each(row)) return {};
  }
}

core::Status SqliteDb::script(const std::string& sql) {
  const int result = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (result != SQLITE_OK) return core::fail(error(result));
  return {};
}

std::int64_t SqliteDb::last_insert_id() const { return sqlite3_last_insert_rowid(handle_); }
std::int64_t SqliteDb::changes() const { return sqlite3_changes64(handle_); }
core::Status SqliteDb::add_function(const char* name, int arguments,
                                    void (*function)(sqlite3_context*, int, sqlite3_value**)) {
  const int code = sqlite3_create_function(handle_, name, arguments,
                                           SQLITE_UTF8 | SQLITE_DETERMINISTIC, nullptr, function,
                                           nullptr, nullptr);
  return code == SQLITE_OK ? core::Status{} : core::fail(error(code));
}

bool SqliteDb::in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

core::Result<SqliteDb::Wal> SqliteDb::checkpoint() {
  Wal wal;
  const int result = sqlite3_wal_checkpoint_v2(handle_, nullptr, SQLITE_CHECKPOINT_PASSIVE,
                                               &wal.frames, &wal.copied);
  if (result != SQLITE_OK) return core::fail(error(result));
  return wal;
}

core::Status SqliteDb::checkpoint_and_truncate() {
  const int result =
      sqlite3_wal_checkpoint_v2(handle_, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  if (result != SQLITE_OK) return core::fail(error(result));
  return {};
}

}  // namespace store
