#pragma once
#include <core/result.hpp>

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace store {

/// SQL in a portable subset, through one small interface: SQLite today, PostgreSQL as a second
/// driver. Parameters are ?1, ?2...; SQL text is always a literal, values always bound.
/// A string_view binds as text (UTF-8), a Blob as bytes. Both must live until the call returns.
struct Blob {
  std::string_view bytes;
};
using Param = std::variant<std::nullptr_t, std::int64_t, double, std::string_view, Blob>;

/// Prepared statements kept a connection; beyond it idle ones are dropped.
inline constexpr std::size_t kStatementsMax = 256;

/// One row while stepping. Views die at the next row.
class Row {
 public:
  virtual ~Row() = default;
  virtual std::int64_t integer(int column) const = 0;
  virtual std::string_view text(int column) const = 0;   ///< also blobs
  virtual bool is_null(int column) const = 0;
};

/// A connection with its cache of prepared statements. Thread: one at a time.
/// Errors: kDiskFull (also a file size limit), kStoreLocked (busy longer than the timeout),
/// kStoreCorrupt, kConflict (a constraint), kStoreUnavailable (input/output, permissions),
/// kInternal (wrong SQL or parameter count). Details carry the driver's words, never bound values.
class Db {
 public:
  struct Options {
    bool read_only = false;
    bool full_sync = false;     ///< synchronous=FULL, else NORMAL
    int busy_timeout_ms = 5000;
    int cache_kib = 16 * 1024;
    bool incremental_vacuum = false;   ///< only heeded when the file is made
  };
  /// Makes the file (mode 0600) when absent and not read_only. WAL journal.
  static core::Result<std::unique_ptr<Db>> open(const std::string& path, const Options& options);
  virtual ~Db() = default;

  /// Runs a statement without rows (rows are skipped); statements are cached by their text.
  virtual core::Status run(std::string_view sql, std::initializer_list<Param> params = {}) = 0;
  /// Calls `each` per row; returning false stops. `each` may use this connection.
  virtual core::Status query(std::string_view sql, std::initializer_list<Param> params,
                             const std::function<bool(const Row&)>& each) = 0;
  /// The same, for parameters put together at run time.
  virtual core::Status query_with(std::string_view sql, std::span<const Param> params,
                                  const std::function<bool(const Row&)>& each) = 0;
  /// Several statements at once (migrations).
  virtual core::Status script(const std::string& sql) = 0;
  virtual std::int64_t last_insert_id() const = 0;
  virtual std::int64_t changes() const = 0;

  core::Status begin() { return run("BEGIN IMMEDIATE"); }
  core::Status commit() { return run("COMMIT"); }
  core::Status rollback() { return run("ROLLBACK"); }
};

/// Applies the numbered migrations of one store ("records", "journal") that are not in it yet, in
/// the order of their file names, each in a transaction together with the note that it was applied:
/// killed anywhere, the next start goes on where it stopped. Files are
/// schemas/store/<store>/NNNN_name.sql,
/// embedded in the binary at build time. A file once released is never edited: add another.
/// kStoreUnavailable when the store has migrations that this binary does not know (it is older).
core::Status migrate(Db& db, std::string_view store);

}  // namespace store
