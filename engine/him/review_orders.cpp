#include <core/hash.hpp>
#include <fmt/format.h>

#include <algorithm>

#include "chart_store.hpp"
#include "review_store.hpp"

namespace him {
namespace {

using core::ErrorCode;
using fhir::Node;
using store::Row;

std::int64_t micros(core::Instant at) { return at.time_since_epoch().count(); }

core::Result<ReviewPeriod> period_of(const Node& order, const core::TimeZone& zone) {
  return review_period(order.text_of("quarter"), order.text_of("from"), order.text_of("to"), zone);
}

/// A sample nobody can steer: the files in the order of a hash of plan and visit.
void shuffle(std::vector<ReviewFile>& files, std::int64_t plan) {
  constexpr core::Uuid kDraw{{0x2e, 0x71, 0x9c, 0x04, 0xd3, 0x58, 0x5f, 0x1a, 0xb6, 0x83, 0x60,
                              0xe1, 0x4f, 0x27, 0x98, 0xca}};
  std::vector<std::pair<std::string, ReviewFile>> drawn;
  drawn.reserve(files.size());
  for (ReviewFile& file : files) {
    std::string lot = core::uuid_v5(kDraw, fmt::format("{}|{}", plan, file.encounter)).text();
    drawn.emplace_back(std::move(lot), std::move(file));
  }
  std::sort(drawn.begin(), drawn.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  for (std::size_t i = 0; i < files.size(); ++i) files[i] = std::move(drawn[i].second);
}

struct Review {
  bool reviewed = false;
  std::string by;
};
core::Result<Review> review_of(store::Db& db, const std::string& encounter) {
  Review found;
  const auto done =
      db.query("SELECT reviewed, reviewed_by FROM him_review WHERE encounter = ?1",
               {std::string_view(encounter)}, [&found](const Row& row) {
                 found.reviewed = !row.is_null(0);
                 found.by = row.text(1);
                 return false;
               });
  if (!done) return core::fail(done.error());
  return found;
}

}  // namespace

core::Status check_review_plan(store::Db& db, const Node& order, const core::TimeZone& zone) {
  const auto period = period_of(order, zone);
  if (!period) return core::fail(period.error());
  if (order.text_of("reviewer").empty()) {
    return core::fail(ErrorCode::kBadRequest, "\"reviewer\" is needed");
  }
  const auto files = files_of(db, *period);
  if (!files) return core::fail(files.error());
  const auto size = sample_size(order.text_of("sample"), files->size());
  return size ? core::Status{} : core::fail(size.error());
}

core::Status check_review_visit(store::Db& db, const Node& order) {
  const auto visit = ChartStore(db).visit_numbered(order.text_of("visit"));
  if (!visit) return core::fail(visit.error());
  if (!*visit) return core::fail(ErrorCode::kNotFound, "no visit has that number");
  const auto known = review_of(db, (*visit)->encounter);
  if (!known) return core::fail(known.error());
  if (known->reviewed) {
    return core::fail(ErrorCode::kRefusedByPolicy,
                      fmt::format("reviewed already by {}", known->by));
  }
  return {};
}

core::Status plan_review(store::Db& db, const Node& order, const core::TimeZone& zone,
                         const Cause& cause) {
  const auto number = static_cast<std::int64_t>(cause.sequence.value());
  const auto period = period_of(order, zone);
  if (!period) return {};
  auto files = files_of(db, *period);
  if (!files) return core::fail(files.error());
  const std::uint64_t population = files->size();
  const auto wanted = sample_size(order.text_of("sample"), population);
  if (!wanted) return {};
  std::erase_if(*files, [](const ReviewFile& file) { return file.planned; });
  shuffle(*files, number);
  if (files->size() > *wanted) files->resize(*wanted);
  bool known = false;
  auto done = db.query("SELECT 1 FROM him_review_plan WHERE number = ?1", {number},
                       [&known](const Row&) {
                         known = true;
                         return false;
                       });
  if (!done || known) return done;
  const std::string_view reviewer = order.text_of("reviewer");
  done = db.run(
      "INSERT INTO him_review_plan (number, starts, ends, sample, reviewer, planned, planned_by, "
      "population, chosen) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
      {number, micros(period->from), micros(period->end), order.text_of("sample"), reviewer,
       micros(cause.now), order.text_of("by"), static_cast<std::int64_t>(population),
       static_cast<std::int64_t>(files->size())});
  for (const ReviewFile& file : *files) {
    if (!done) break;
    done = db.run("INSERT INTO him_review (encounter, plan, reviewer) VALUES (?1, ?2, ?3) "
                  "ON CONFLICT (encounter) DO NOTHING",
                  {std::string_view(file.encounter), number, reviewer});
  }
  return done;
}

core::Status review_visit(store::Db& db, const Node& order, const Cause& cause) {
  const auto visit = ChartStore(db).visit_numbered(order.text_of("visit"));
  if (!visit) return core::fail(visit.error());
  if (!*visit) return {};
  const std::string_view encounter = (*visit)->encounter;
  const std::string_view by = order.text_of("by");
  auto done = db.run(
      "INSERT INTO him_review (encounter, plan, reviewer) VALUES (?1, 0, ?2) "
      "ON CONFLICT (encounter) DO NOTHING",
      {encounter, by});
  if (done) {
    done = db.run(
        "UPDATE him_review SET reviewed = ?2, reviewed_by = ?3, note = ?4, open_items = (SELECT "
        "COUNT(*) FROM him_deficiency WHERE encounter = ?1 AND closed IS NULL) WHERE encounter = "
        "?1 AND reviewed IS NULL",
        {encounter, micros(cause.now), by, order.text_of("note")});
  }
  return done;
}

}  // namespace him
