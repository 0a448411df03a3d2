#include "search_rows.hpp"

#include <core/text.hpp>

#include <algorithm>
#include <tuple>
#include <unistd.h>

#include "search_index.hpp"

namespace store {
namespace {

constexpr int kWriterCacheKib = 2 * 1024;
constexpr int kReaderCacheKib = 1024;

struct Operation {
  EntryRow row;
  std::int64_t resource = 0;
  std::uint32_t order = 0;
  bool add = false;
};

/// Where it stands in the tree of its kind.
auto place_of(const Operation& one) {
  const EntryRow& row = one.row;
  const bool by_text = row.kind == 'r';
  return std::tuple(row.kind, by_text ? row.text : std::string_view(), row.param, row.text,
                    row.start, row.finish, one.resource, row.word);
}

void collect(std::string_view entries, std::int64_t resource, bool add,
             const std::vector<std::int64_t>& coarse, std::vector<Operation>& out) {
  for (const std::string_view entry : core::split(entries, kEntryEnd)) {
    if (entry.empty()) continue;
    const EntryRow row = read_entry(entry);
    if (row.kind == 't' && std::binary_search(coarse.begin(), coarse.end(), row.param)) continue;
    out.push_back({row, resource, static_cast<std::uint32_t>(out.size()), add});
  }
}

core::Status write(Db& db, const Operation& one) {
  const EntryRow& row = one.row;
  switch (row.kind) {
    case 't':
      return db.run(one.add ? "INSERT OR IGNORE INTO search_token(param,code,resource,system)"
                              " VALUES(?1,?2,?3,?4)"
                            : "DELETE FROM search_token"
                              " WHERE param=?1 AND code=?2 AND resource=?3 AND system=?4",
                    {row.param, row.text, one.resource, row.word});
    case 'r':
      return db.run(one.add ? "INSERT OR IGNORE INTO search_reference(id,param,resource,type)"
                              " VALUES(?1,?2,?3,?4)"
                            : "DELETE FROM search_reference"
                              " WHERE id=?1 AND param=?2 AND resource=?3 AND type=?4",
                    {row.text, row.param, one.resource, row.word});
    case 'd':
      return db.run(one.add ? "INSERT OR IGNORE INTO search_date(param,start,finish,resource)"
                              " VALUES(?1,?2,?3,?4)"
                            : "DELETE FROM search_date"
                              " WHERE param=?1 AND start=?2 AND finish=?3 AND resource=?4",
                    {row.param, row.start, row.finish, one.resource});
    default:
      return db.run(one.add ? "INSERT OR IGNORE INTO search_string(param,folded,resource)"
                              " VALUES(?1,?2,?3)"
                            : "DELETE FROM search_string"
                              " WHERE param=?1 AND folded=?2 AND resource=?3",
                    {row.param, row.text, one.resource});
  }
}

std::string path_in(const std::string& directory) { return directory + "/search.db"; }

}  // namespace

EntryRow read_entry(std::string_view entry) {
  const auto number = [](std::string_view text) { return core::to_int(text).value_or(0); };
  EntryRow row;
  row.kind = entry.front();
  const std::size_t first = std::min(entry.find(kEntryField), entry.size() - 1);
  row.param = number(entry.substr(1, first - 1));
  const std::string_view rest = entry.substr(first + 1);
  if (row.kind == 's') {
    row.text = rest;
    return row;
  }
  const std::size_t second = rest.find(kEntryField);
  const std::string_view head = rest.substr(0, second);
  const std::string_view tail =
      second == std::string_view::npos ? std::string_view() : rest.substr(second + 1);
  if (row.kind == 'd') {
    row.start = number(head);
    row.finish = number(tail);
  } else {
    row.word = number(head);
    row.text = tail;
  }
  return row;
}

core::Result<std::unique_ptr<SearchRows>> SearchRows::open(const std::string& directory) {
  Db::Options options;
  options.cache_kib = kWriterCacheKib;
  // records.db forgets its changes once they are in here: that must hold over a power cut.
  options.full_sync = true;
  auto db = SqliteDb::open(path_in(directory), options, {});
  if (!db) return core::fail(db.error());
  if (auto status = migrate(**db, "search"); !status) return core::fail(status.error());
  return std::unique_ptr<SearchRows>(new SearchRows(std::move(*db)));
}

core::Result<std::unique_ptr<SearchRows>> SearchRows::open_read_only(
    const std::string& directory) {
  if (::access(path_in(directory).c_str(), F_OK) != 0) return std::unique_ptr<SearchRows>();
  Db::Options options;
  options.cache_kib = kReaderCacheKib;
  options.read_only = true;
  auto db = SqliteDb::open(path_in(directory), options, {});
  if (!db) return core::fail(db.error());
  return std::unique_ptr<SearchRows>(new SearchRows(std::move(*db)));
}

core::Result<std::int64_t> SearchRows::position() {
  const auto now = state();
  return now ? core::Result<std::int64_t>(now->position) : core::fail(now.error());
}

core::Result<SearchRows::State> SearchRows::state() {
  State state;
  auto status = db_->query("SELECT name,value FROM meta WHERE name IN ('position','filled')", {},
                           [&state](const Row& row) {
                             (row.text(0) == "filled" ? state.filled : state.position) =
                                 row.integer(1);
                             return true;
                           });
  if (!status) return core::fail(status.error());
  return state;
}

core::Status SearchRows::set_position(std::int64_t position) {
  return db_->run("UPDATE meta SET value=?1 WHERE name='position'", {position});
}

core::Status SearchRows::apply(const std::vector<Change>& changes, std::int64_t position,
                               const std::vector<std::int64_t>& coarse) {
  std::vector<Operation> all;
  for (const Change& change : changes) {
    collect(change.gone, change.resource, false, coarse, all);
    collect(change.added, change.resource, true, coarse, all);
  }
  std::sort(all.begin(), all.end(), [](const Operation& a, const Operation& b) {
    return std::tuple(place_of(a), a.order) < std::tuple(place_of(b), b.order);
  });
  core::Status status = db_->begin();
  for (std::size_t i = 0; status && i < all.size(); ++i) {
    // Of what came and went in between, the last counts.
    if (i + 1 < all.size() && place_of(all[i]) == place_of(all[i + 1])) continue;
    status = write(*db_, all[i]);
  }
  if (status) status = set_position(position);
  if (status) status = db_->commit();
  if (!status && db_->in_transaction()) (void)db_->rollback();
  return status;
}

core::Status SearchRows::reset(std::int64_t position) {
  core::Status status = db_->begin();
  for (const char* sql : {"DELETE FROM search_token", "DELETE FROM search_reference",
                          "DELETE FROM search_date", "DELETE FROM search_string"}) {
    if (status) status = db_->run(sql, {});
  }
  if (status) status = set_position(position);
  if (status) {
    status = db_->run("INSERT OR REPLACE INTO meta(name,value) VALUES('filled',?1)", {position});
  }
  if (status) status = db_->commit();
  if (!status && db_->in_transaction()) (void)db_->rollback();
  return status;
}

}  // namespace store
