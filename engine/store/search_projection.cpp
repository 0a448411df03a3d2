#include <store/search_projection.hpp>

#include <algorithm>
#include <vector>

#include "search_index.hpp"
#include "search_rows.hpp"

namespace store {
namespace {

constexpr int kReaderCacheKib = 1024;
// Of entries in one transaction: a few megabytes of rows to sort.
constexpr std::size_t kStepBytes = std::size_t{1} << 20;

class Projection final : public SearchProjection {
 public:
  Projection(std::unique_ptr<SqliteDb> records, std::unique_ptr<SearchRows> rows)
      : records_(std::move(records)), rows_(std::move(rows)) {}

  core::Result<std::size_t> step() override {
    const auto position = rows_->position();
    if (!position) return core::fail(position.error());
    changes_.clear();
    std::int64_t last = *position;
    std::size_t bytes = 0;
    auto status = records_->query(
        "SELECT c.row,c.resource,c.gone,c.added,CASE WHEN c.added IS NULL THEN s.entries END"
        " FROM search_change c LEFT JOIN search_value s ON s.resource=c.resource"
        " WHERE c.row>?1 ORDER BY c.row LIMIT ?2",
        {*position, static_cast<std::int64_t>(kStepChanges)}, [&](const Row& row) {
          last = row.integer(0);
          changes_.push_back({row.integer(1), std::string(row.text(2)),
                              std::string(row.text(row.is_null(3) ? 4 : 3))});
          bytes += changes_.back().gone.size() + changes_.back().added.size();
          return bytes < kStepBytes;
        });
    if (!status) return core::fail(status.error());
    if (changes_.empty()) return std::size_t{0};
    if (status = learn_coarse(); !status) return core::fail(status.error());
    if (status = rows_->apply(changes_, last, coarse_); !status) return core::fail(status.error());
    return bytes < kStepBytes ? changes_.size() : kStepChanges;
  }

 private:
  // Words are only ever added.
  core::Status learn_coarse() {
    std::int64_t last = known_words_;
    auto status = records_->query(
        "SELECT number,text FROM word WHERE number>?1 ORDER BY number", {known_words_},
        [&](const Row& row) {
          last = row.integer(0);
          const std::string_view name = row.text(1);
          const std::size_t dot = name.find('.');
          if (dot != std::string_view::npos &&
              is_coarse(fhir::SearchKind::kToken, name.substr(dot + 1))) {
            coarse_.push_back(last);
          }
          return true;
        });
    if (status) known_words_ = last;
    return status;
  }

  std::unique_ptr<SqliteDb> records_;
  std::unique_ptr<SearchRows> rows_;
  std::vector<SearchRows::Change> changes_;
  std::vector<std::int64_t> coarse_;   ///< words of parameters without rows of their own, sorted
  std::int64_t known_words_ = 0;
};

}  // namespace

core::Result<std::unique_ptr<SearchProjection>> SearchProjection::open(
    const std::string& directory) {
  auto rows = SearchRows::open(directory);
  if (!rows) return core::fail(rows.error());
  Db::Options options;
  options.cache_kib = kReaderCacheKib;
  options.read_only = true;
  auto records = SqliteDb::open(directory + "/records.db", options, {});
  if (!records) return core::fail(records.error());
  return std::unique_ptr<SearchProjection>(
      new Projection(std::move(*records), std::move(*rows)));
}

}  // namespace store
