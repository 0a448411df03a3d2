#include <core/hash.hpp>
#include <core/micros.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "chart_store.hpp"
#include "known.hpp"
#include "review_store.hpp"

namespace him {
namespace {

using core::ErrorCode;
using core::micros;
using fhir::Node;
using store::Row;

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

/// The files of a plan; their order never changes.
core::Result<std::vector<std::string>> encounters_of(store::Db& db, std::int64_t plan) {
  std::vector<std::string> found;
  const auto done = db.query("SELECT encounter FROM him_review WHERE plan = ?1 ORDER BY encounter",
                             {plan}, [&found](const Row& row) {
                               found.emplace_back(row.text(0));
                               return true;
                             });
  if (!done) return core::fail(done.error());
  return found;
}

/// Part `part` of a plan as it is now.
core::Result<ReviewPart> part_of(store::Db& db, const ReviewPlan& plan,
                                 const std::vector<std::string>& encounters, std::size_t part) {
  const std::size_t first = part * kReviewPartMax;
  const std::size_t end = std::min(first + kReviewPartMax, encounters.size());
  ReviewPart out{plan, part, (encounters.size() + kReviewPartMax - 1) / kReviewPartMax, {}};
  const auto done = db.query(
      "SELECT r.encounter, COALESCE(v.number, ''), COALESCE(v.patient, ''), r.reviewed FROM "
      "him_review AS r LEFT JOIN him_visit AS v ON v.encounter = r.encounter WHERE r.plan = ?1 AND "
      "r.encounter >= ?2 AND r.encounter <= ?3 ORDER BY r.encounter",
      {plan.number, std::string_view(encounters[first]), std::string_view(encounters[end - 1])},
      [&out](const Row& row) {
        ReviewFile file;
        file.encounter = row.text(0);
        file.visit = row.text(1);
        file.patient = row.text(2);
        file.planned = true;
        if (!row.is_null(3)) file.reviewed = core::instant(row.integer(3));
        out.files.push_back(std::move(file));
        return true;
      });
  if (!done) return core::fail(done.error());
  return out;
}

core::Status tell_coverage(store::Db& db, const ReviewPeriod& period, core::Instant now,
                           std::vector<Notice>& notices) {
  ReviewReport report{{period}, now};
  const auto count = [](const Row& row, int column) {
    return static_cast<std::uint64_t>(row.integer(column));
  };
  const auto done = db.query(
      "SELECT COUNT(*), COUNT(r.encounter), COUNT(r.reviewed) FROM him_visit AS v LEFT JOIN "
      "him_review AS r ON r.encounter = v.encounter WHERE v.ended >= ?1 AND v.ended < ?2 AND "
      "v.status NOT IN ('cancelled', 'entered-in-error')",
      {micros(period.from), micros(period.end)}, [&](const Row& row) {
        ReviewCoverage& sum = report.coverage;
        sum.population = count(row, 0);
        sum.reviewed = count(row, 2);
        sum.open = count(row, 1) - sum.reviewed;
        sum.unseen = sum.population - count(row, 1);
        return false;
      });
  if (done) notices.emplace_back(report);
  return done;
}

core::Status tell_plan(store::Db& db, std::int64_t number, core::Instant now,
                       std::vector<Notice>& notices) {
  const auto plans = plans_of(db);
  if (!plans) return core::fail(plans.error());
  for (const ReviewPlan& plan : *plans) {
    if (plan.number != number) continue;
    const auto encounters = encounters_of(db, number);
    if (!encounters) return core::fail(encounters.error());
    for (std::size_t part = 0; part * kReviewPartMax < encounters->size(); ++part) {
      auto files = part_of(db, plan, *encounters, part);
      if (!files) return core::fail(files.error());
      notices.emplace_back(*files);
      files->patients = true;
      notices.emplace_back(std::move(*files));
    }
    return tell_coverage(db, plan.period, now, notices);
  }
  return {};
}

core::Status tell_reviewed(store::Db& db, const std::string& encounter, core::Instant now,
                           std::vector<Notice>& notices) {
  std::int64_t number = 0, ended = 0;
  const auto found = db.query(
      "SELECT r.plan, COALESCE(v.ended, 0) FROM him_review AS r LEFT JOIN him_visit AS v ON "
      "v.encounter = r.encounter WHERE r.encounter = ?1",
      {std::string_view(encounter)}, [&](const Row& row) {
        number = row.integer(0);
        ended = row.integer(1);
        return false;
      });
  if (!found) return found;
  const auto plans = plans_of(db);
  if (!plans) return core::fail(plans.error());
  std::set<std::pair<core::Instant, core::Instant>> told;   // two plans may share a period
  for (const ReviewPlan& plan : *plans) {
    if (plan.number == number) {
      const auto encounters = encounters_of(db, number);
      if (!encounters) return core::fail(encounters.error());
      const auto at = std::lower_bound(encounters->begin(), encounters->end(), encounter);
      const auto rank = static_cast<std::size_t>(at - encounters->begin());
      auto files = part_of(db, plan, *encounters, rank / kReviewPartMax);
      if (!files) return core::fail(files.error());
      notices.emplace_back(std::move(*files));
    }
    const ReviewPeriod& period = plan.period;
    if (ended < micros(period.from) || ended >= micros(period.end)) continue;
    if (!told.emplace(period.from, period.end).second) continue;
    if (auto done = tell_coverage(db, period, now, notices); !done) return done;
  }
  return {};
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
  if (!*visit) return core::fail(no_such_visit(db, order.text_of("visit")));
  const auto known = review_of(db, (*visit)->encounter);
  if (!known) return core::fail(known.error());
  if (known->reviewed) {
    return core::fail(ErrorCode::kRefusedByPolicy,
                      fmt::format("reviewed already by {}", known->by));
  }
  return {};
}

core::Status plan_review(store::Db& db, const Node& order, const core::TimeZone& zone,
                         const Cause& cause, std::vector<Notice>& notices) {
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
  if (done) done = tell_plan(db, number, cause.now, notices);
  return done;
}

core::Status review_visit(store::Db& db, const Node& order, const Cause& cause,
                          std::vector<Notice>& notices) {
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
  return done ? tell_reviewed(db, std::string(encounter), cause.now, notices) : done;
}

}  // namespace him
