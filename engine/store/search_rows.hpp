#pragma once
#include "sqlite_db.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace store {

/// An entry of search_value (SearchIndex::add_entry()), read.
struct EntryRow {
  char kind = 0;                      ///< 't' token, 'r' reference, 'd' date, 's' string
  std::int64_t param = 0;
  std::int64_t word = 0;              ///< token: system; reference: type
  std::int64_t start = 0, finish = 0; ///< date
  std::string_view text;              ///< code, id or folded text
};
EntryRow read_entry(std::string_view entry);

/// search.db: what each value leads to. Thread: one at a time.
class SearchRows {
 public:
  /// The file is made when absent.
  static core::Result<std::unique_ptr<SearchRows>> open(const std::string& directory);
  /// nullptr when there is no such file yet.
  static core::Result<std::unique_ptr<SearchRows>> open_read_only(const std::string& directory);

  Db& db() { return *db_; }
  /// The last row of search_change that is in here.
  core::Result<std::int64_t> position();

  struct State {
    std::int64_t position = 0;        ///< as position()
    std::int64_t filled = 0;          ///< where the last reset() put it; 0: there was none
  };
  core::Result<State> state();

  struct Change {
    std::int64_t resource = 0;
    std::string gone, added;          ///< entries, each with kEntryEnd after it
  };
  /// Writes the changes, in their order, and the position in one transaction. `param` is left out
  /// where `coarse` says so.
  core::Status apply(const std::vector<Change>& changes, std::int64_t position,
                     const std::vector<std::int64_t>& coarse);
  /// Empties it; what comes after `position` is to be taken over.
  core::Status reset(std::int64_t position);

 private:
  explicit SearchRows(std::unique_ptr<SqliteDb> db) : db_(std::move(db)) {}
  core::Status set_position(std::int64_t position);
  std::unique_ptr<SqliteDb> db_;
};

}  // namespace store
