#include <him/review.hpp>

#include <core/micros.hpp>
#include <core/text.hpp>

#include <algorithm>

#include "review_store.hpp"

namespace him {
namespace {

using core::ErrorCode;
using core::Instant;
using core::instant;
using core::micros;
using store::Row;

Instant local_day(int year, unsigned month, unsigned day, const core::TimeZone& zone) {
  using namespace std::chrono;
  const year_month_day date{std::chrono::year{year}, std::chrono::month{month},
                            std::chrono::day{day}};
  const int offset = zone.offset_of_local(year, static_cast<int>(month), static_cast<int>(day), 0,
                                          0, 0);
  return Instant{sys_days{date}} - seconds{offset};
}

/// "2026-07-01", `days` later; nullopt when the text is something else.
std::optional<Instant> day_of(std::string_view text, int days, const core::TimeZone& zone) {
  using namespace std::chrono;
  if (text.size() != 10) return std::nullopt;
  const auto at = core::from_iso(text);
  if (!at) return std::nullopt;
  const year_month_day date{floor<std::chrono::days>(*at) + std::chrono::days{days}};
  return local_day(static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                   static_cast<unsigned>(date.day()), zone);
}

core::Error bad(const char* what) { return {ErrorCode::kBadRequest, what, {}}; }

core::Result<ReviewPeriod> quarter_period(std::string_view text, const core::TimeZone& zone) {
  constexpr int kFirstYear = 1900, kLastYear = 9998;
  const auto year = text.size() == 6 ? core::to_int(text.substr(0, 4)) : std::nullopt;
  const char quarter = text.size() == 6 ? text[5] : '0';
  const bool letter = text.size() == 6 && (text[4] == 'Q' || text[4] == 'q');
  if (!year || *year < kFirstYear || *year > kLastYear || !letter || quarter < '1' ||
      quarter > '4') {
    return core::fail(bad("write a quarter as 2026Q3"));
  }
  const auto first = static_cast<unsigned>(quarter - '1') * 3 + 1;
  const int whole = static_cast<int>(*year);
  const bool last = first == 10;
  return ReviewPeriod{local_day(whole, first, 1, zone),
                      local_day(last ? whole + 1 : whole, last ? 1 : first + 3, 1, zone)};
}

}  // namespace

core::Result<ReviewPeriod> review_period(std::string_view quarter, std::string_view from,
                                         std::string_view to, const core::TimeZone& zone) {
  if (!quarter.empty()) return quarter_period(quarter, zone);
  if (from.empty() || to.empty()) return core::fail(bad("name a quarter, or from and to"));
  auto begin = day_of(from, 0, zone), end = day_of(to, 1, zone);
  if (!begin) {
    if (const auto at = core::from_iso(from)) begin = *at;
  }
  if (!end) {
    if (const auto at = core::from_iso(to)) end = *at;
  }
  if (!begin || !end || *end <= *begin) {
    return core::fail(bad("from and to are days or times, the first earlier"));
  }
  return ReviewPeriod{*begin, *end};
}

core::Result<std::uint64_t> sample_size(std::string_view sample, std::uint64_t population) {
  if (sample.empty()) return population;
  const bool share = sample.back() == '%';
  const auto number = core::to_int(share ? sample.substr(0, sample.size() - 1) : sample);
  if (!number || *number < 1 || (share && *number > 100)) {
    return core::fail(bad("a sample is a number of files, or a share such as 10%"));
  }
  const auto wanted = static_cast<std::uint64_t>(*number);
  return share ? (population * wanted + 99) / 100 : std::min(wanted, population);
}

std::string ReviewFile::standing() const {
  if (reviewed) return "reviewed";
  return planned ? "open" : "unseen";
}

core::Result<std::vector<ReviewFile>> files_of(store::Db& db, const ReviewPeriod& period) {
  std::vector<ReviewFile> found;
  const auto done = db.query(
      "SELECT v.number, v.encounter, v.patient, v.ended, r.plan, r.reviewer, r.reviewed, "
      "r.reviewed_by, r.note, r.open_items FROM him_visit AS v LEFT JOIN him_review AS r ON "
      "r.encounter = v.encounter WHERE v.ended >= ?1 AND v.ended < ?2 AND v.status NOT IN "
      "('cancelled', 'entered-in-error') ORDER BY v.ended, v.number, v.encounter",
      {micros(period.from), micros(period.end)}, [&found](const Row& row) {
        ReviewFile file;
        file.visit = row.text(0);
        file.encounter = row.text(1);
        file.patient = row.text(2);
        file.ended = instant(row.integer(3));
        file.planned = !row.is_null(4);
        if (file.planned) {
          file.plan = row.integer(4);
          file.reviewer = row.text(5);
          if (!row.is_null(6)) file.reviewed = instant(row.integer(6));
          file.reviewed_by = row.text(7);
          file.note = row.text(8);
          file.open_items = static_cast<std::uint64_t>(row.integer(9));
        }
        found.push_back(std::move(file));
        return true;
      });
  if (!done) return core::fail(done.error());
  return found;
}

core::Result<std::vector<ReviewFile>> review_files(store::Records& records,
                                                   const ReviewPeriod& period) {
  return files_of(records.db(), period);
}

core::Result<std::vector<ReviewPlan>> review_plans(store::Records& records) {
  return plans_of(records.db());
}

core::Result<std::vector<ReviewPlan>> plans_of(store::Db& db) {
  std::vector<ReviewPlan> found;
  const auto done = db.query(
      "SELECT number, starts, ends, sample, reviewer, planned, planned_by, population, chosen FROM "
      "him_review_plan ORDER BY number",
      {}, [&found](const Row& row) {
        ReviewPlan plan;
        plan.number = row.integer(0);
        plan.period = {instant(row.integer(1)), instant(row.integer(2))};
        plan.sample = row.text(3);
        plan.reviewer = row.text(4);
        plan.planned = instant(row.integer(5));
        plan.planned_by = row.text(6);
        plan.population = static_cast<std::uint64_t>(row.integer(7));
        plan.chosen = static_cast<std::uint64_t>(row.integer(8));
        found.push_back(std::move(plan));
        return true;
      });
  if (!done) return core::fail(done.error());
  return found;
}

ReviewCoverage coverage_of(const ReviewPeriod& period, const std::vector<ReviewFile>& files) {
  ReviewCoverage out;
  out.period = period;
  out.population = files.size();
  for (const ReviewFile& file : files) {
    out.reviewed += file.reviewed ? 1 : 0;
    out.open += file.planned && !file.reviewed ? 1 : 0;
    out.unseen += file.planned ? 0 : 1;
  }
  return out;
}

}  // namespace him
