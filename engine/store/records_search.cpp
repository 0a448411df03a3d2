// What search.db and records.db are to each other, and who refers to a resource.
#include "records_impl.hpp"

#include <core/log.hpp>

#include <algorithm>

namespace store {

core::Result<SearchRows*> RecordsImpl::rows() {
  if (rows_) return rows_.get();
  auto opened = SearchRows::open_read_only(directory_);
  if (!opened) return core::fail(opened.error());
  rows_ = std::move(*opened);
  return rows_.get();
}

core::Result<SearchParts> RecordsImpl::search_parts(SearchMoment& moment) {
  const auto at_hand = rows();
  if (!at_hand) return core::fail(at_hand.error());
  const auto trimmed = moment.begin();
  if (!trimmed) return core::fail(trimmed.error());
  return SearchParts{*db_, words_, index_, *at_hand, *trimmed};
}

/// After a power cut records.db may be behind search.db; an old copy or none of it may stand beside
/// records.db. Then search.db is filled anew.
core::Status RecordsImpl::check_search() {
  auto rows = SearchRows::open(directory_);
  if (!rows) return core::fail(rows.error());
  const auto position = (*rows)->position();
  if (!position) return core::fail(position.error());
  const std::int64_t next = tally(Tallies::kNextChange);
  if (*position < next && *position >= tally(Tallies::kChangesTrimmed)) return {};
  core::log_info("search-rows-filled-anew", {});
  // Above whatever number was in use: killed before the reset, the next start comes here again.
  const std::int64_t base = std::max(next - 1, *position) + 1;
  std::int64_t last = base;
  core::Status status = begin();
  if (status) status = db_->run("DELETE FROM search_change", {});
  if (status) {
    status = db_->run(
        "INSERT INTO search_change(row,resource,type)"
        " SELECT ?1+s.resource,s.resource,r.type FROM search_value s"
        " JOIN resource r ON r.number=s.resource ORDER BY s.resource",
        {base});
  }
  if (status) {
    status = db_->query("SELECT max(row) FROM search_change", {}, [&last](const Row& row) {
      last = std::max(last, row.integer(0));
      return false;
    });
  }
  tally(Tallies::kNextChange) = last + 1;
  tally(Tallies::kChangesTrimmed) = base;
  if (status) status = commit(core::Sequence{static_cast<std::uint64_t>(
                           tally(Tallies::kPosition))});
  if (status) status = (*rows)->reset(base);
  if (!status && open_) rollback();
  return status;
}

core::Status RecordsImpl::forget_changes() {
  const auto at_hand = rows();
  if (!at_hand) return core::fail(at_hand.error());
  if (*at_hand == nullptr) return {};
  const auto position = (*at_hand)->position();
  if (!position) return core::fail(position.error());
  if (*position <= tally(Tallies::kChangesTrimmed)) return {};
  tally(Tallies::kChangesTrimmed) = *position;
  return db_->run("DELETE FROM search_change WHERE row<=?1", {*position});
}

core::Result<std::vector<Resource>> RecordsImpl::referencing(std::string_view target,
                                                             std::size_t limit) {
  const std::size_t slash = target.find('/');
  std::vector<Resource> found;
  if (slash == std::string_view::npos) return found;
  const auto type = words_.find(target.substr(0, slash));
  if (!type) return core::fail(type.error());
  const auto names = referrers(*type, target.substr(slash + 1), limit);
  if (!names) return core::fail(names.error());
  for (const auto& [row, word, id] : *names) {
    auto name = words_.text(word);
    if (!name) return core::fail(name.error());
    auto resource = load_version(row, std::move(*name), id);
    if (!resource) return core::fail(resource.error());
    found.push_back(std::move(*resource));
  }
  return found;
}

/// In the order in which the resources were first written.
core::Result<std::vector<RecordsImpl::Referrer>> RecordsImpl::referrers(std::int64_t type,
                                                                        std::string_view id,
                                                                        std::size_t limit) {
  SearchMoment moment(*db_);
  const auto parts = search_parts(moment);
  if (!parts) return core::fail(parts.error());
  const auto lead = ask_rows(
      parts->rows, parts->trimmed, [&](Db& rows, Lead& named) -> core::Result<bool> {
        auto status = rows.query(
            "SELECT DISTINCT resource FROM search_reference WHERE id=?1 AND type=?2", {id, type},
            [&named](const Row& row) {
              add_candidate(row.integer(0), named);
              return true;
            });
        return status ? core::Result<bool>(true) : core::fail(status.error());
      });
  if (!lead) return core::fail(lead.error());
  std::vector<Referrer> found;
  const auto take = [&found](const Row& row) {
    found.push_back({row.integer(0), row.integer(1), std::string(row.text(2))});
    return true;
  };
  const auto most = static_cast<std::int64_t>(limit);
  auto status =
      *lead ? db_->query(
                  "SELECT r.row,r.type,r.id FROM (SELECT value AS number FROM json_each(?1)"
                  " UNION SELECT resource FROM search_change WHERE row>?2) m"
                  " CROSS JOIN resource r JOIN search_value v ON v.resource=r.number"
                  " WHERE r.number=m.number AND r.deleted=0"
                  " AND entry_refers(v.entries,?3,CAST(?4 AS BLOB)) ORDER BY r.number LIMIT ?5",
                  {(*lead)->numbers, (*lead)->position, type, id, most}, take)
            : db_->query(
                  "SELECT r.row,r.type,r.id FROM resource r"
                  " JOIN search_value v ON v.resource=r.number WHERE r.deleted=0"
                  " AND entry_refers(v.entries,?1,CAST(?2 AS BLOB)) ORDER BY r.number LIMIT ?3",
                  {type, id, most}, take);
  if (!status) return core::fail(status.error());
  return found;
}

}  // namespace store
