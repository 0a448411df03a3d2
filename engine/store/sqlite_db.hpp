#pragma once
#include <store/db.hpp>

#include <sqlite3.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace store {

/// What only this driver can do, for the journal. Thread: one at a time, like Db.
class SqliteDb final : public Db {
 public:
  struct Tuning {
    int page_bytes = 4096;             ///< only heeded when the file is made
    int checkpoint_pages = 4096;       ///< automatic checkpoint on commit; 0 = never
    bool sync = true;                  ///< false: nothing is ever synced (tests)
  };
  static core::Result<std::unique_ptr<SqliteDb>> open(const std::string& path,
                                                      const Options& options, const Tuning& tuning);
  ~SqliteDb() override;
  SqliteDb(const SqliteDb&) = delete;
  SqliteDb& operator=(const SqliteDb&) = delete;

  core::Status run(std::string_view sql, std::initializer_list<Param> params) override;
  core::Status query(std::string_view sql, std::initializer_list<Param> params,
                     const std::function<bool(const Row&)>& each) override;
  core::Status query_with(std::string_view sql, std::span<const Param> params,
                          const std::function<bool(const Row&)>& each) override;
  core::Status script(const std::string& sql) override;
  std::int64_t last_insert_id() const override;
  std::int64_t changes() const override;

  /// A deterministic function for SQL of this connection.
  core::Status add_function(const char* name, int arguments,
                            void (*function)(sqlite3_context*, int, sqlite3_value**));

  bool in_transaction() const;
  /// Whether the last failure was one of fsync: what reached the disk is then unknown.
  bool sync_failed() const { return sync_failed_; }

  struct Wal {
    int frames = 0;        ///< in the log
    int copied = 0;        ///< of them, already in the database file
  };
  /// Copies what it can from the log without waiting for anybody.
  core::Result<Wal> checkpoint();
  /// Copies everything and empties the log, waiting for readers up to the busy timeout.
  core::Status checkpoint_and_truncate();
  /// Frames in the log after this connection's last commit.
  int wal_frames() const { return wal_frames_; }

 private:
  struct Statement;
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const;
  };
  class Lease;

  SqliteDb() = default;
  core::Status configure(const Options& options, const Tuning& tuning, bool is_new);
  core::Result<Statement*> prepare(std::string_view sql);
  core::Status bind(Statement& statement, std::span<const Param> params);
  core::Error error(int code);
  void drop_idle_statements();

  sqlite3* handle_ = nullptr;
  std::string path_;
  bool sync_failed_ = false;
  int wal_frames_ = 0;
  std::unordered_map<std::string, std::unique_ptr<Statement>, TextHash, std::equal_to<>>
      statements_;
  // Literals keep their address: most look-ups end here, with one comparison and no hash.
  std::array<Statement*, 256> quick_{};
};

}  // namespace store
