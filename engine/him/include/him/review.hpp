#pragma once
#include <core/clock.hpp>
#include <core/result.hpp>
#include <store/records.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace him {

/// Periodic review of all files (spec him.md section 1, duties 000, 003, 004): the visits ended
/// in a period are planned for a reviewer, marked when reviewed, and counted, so that nobody's file
/// is forgotten. Planned and marked by orders of him/command.hpp. Thread: any, with a reader of its
/// own. A visit that was cancelled, or whose discharge was taken back, belongs to no period.

/// `from` up to, not including, `end`.
struct ReviewPeriod {
  core::Instant from{}, end{};
};
/// Of "2026Q3", else of two days "2026-07-01" and "2026-09-30" (both belong to it) or two times
/// (the second does not). Days are the site's. kBadRequest.
core::Result<ReviewPeriod> review_period(std::string_view quarter, std::string_view from,
                                         std::string_view to, const core::TimeZone& zone);

/// How many of `population` files a plan takes: "" all of them, "30", "10%" (rounded up).
core::Result<std::uint64_t> sample_size(std::string_view sample, std::uint64_t population);

struct ReviewPlan {
  std::int64_t number = 0;
  ReviewPeriod period;
  std::string sample, reviewer, planned_by;
  core::Instant planned{};
  std::uint64_t population = 0;   ///< files of the period when it was planned
  std::uint64_t chosen = 0;       ///< files that this plan took, none that another had
};
/// Oldest first.
core::Result<std::vector<ReviewPlan>> review_plans(store::Records& records);

struct ReviewFile {
  std::string visit, encounter, patient;
  core::Instant ended{};
  bool planned = false;
  std::int64_t plan = 0;
  std::string reviewer;                    ///< who is to review it
  std::optional<core::Instant> reviewed;
  std::string reviewed_by, note;
  std::uint64_t open_items = 0;            ///< deficiencies that were open at the review
  std::string standing() const;            ///< "reviewed", "open", "unseen"
};
/// Every file of the period, by end and visit.
core::Result<std::vector<ReviewFile>> review_files(store::Records& records,
                                                   const ReviewPeriod& period);

/// The proof: reviewed + open + unseen = population; complete when nothing is unseen.
struct ReviewCoverage {
  ReviewPeriod period;
  std::uint64_t population = 0, reviewed = 0, open = 0, unseen = 0;
};
ReviewCoverage coverage_of(const ReviewPeriod& period, const std::vector<ReviewFile>& files);

}  // namespace him
