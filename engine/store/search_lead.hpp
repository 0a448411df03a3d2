#pragma once
#include "search_rows.hpp"
#include "sqlite_db.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace store {

/// One moment of records.db, while it lives. A search takes it before it asks search.db: what
/// search.db lacks by then stands in search_change, since what was forgotten there is in search.db
/// already. Within the writer's transaction that is so anyway. Thread: the connection's.
class SearchMoment {
 public:
  explicit SearchMoment(SqliteDb& db) : db_(db) {}
  ~SearchMoment();
  SearchMoment(const SearchMoment&) = delete;
  SearchMoment& operator=(const SearchMoment&) = delete;

  /// Begins it. @return up to which row search_change was forgotten.
  core::Result<std::int64_t> begin();

 private:
  SqliteDb& db_;
  bool ours_ = false;
};

/// Resources that may match: those that search.db named as it stood at `position`, and all that
/// changed since.
struct Lead {
  std::int64_t position = 0;
  std::string numbers = "[]";   ///< a JSON array of resource numbers
};

/// Asks search.db at one moment of it. `gather` fills Lead::numbers; false: nothing leads.
/// @return nullopt when nothing leads, there is no search.db, or it was filled anew after the
/// caller's moment, whose changes it then passes over: all resources are to be looked at.
/// @param trimmed of SearchMoment::begin()
core::Result<std::optional<Lead>> ask_rows(
    SearchRows* rows, std::int64_t trimmed,
    const std::function<core::Result<bool>(Db& rows, Lead& lead)>& gather);

/// Adds a number to Lead::numbers.
void add_candidate(std::int64_t number, Lead& lead);

}  // namespace store
