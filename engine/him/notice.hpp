#pragma once
#include <core/clock.hpp>
#include <fhir/node.hpp>
#include <him/letters.hpp>
#include <him/review.hpp>

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace him {

/// A physician's privileges are suspended for records that are late, or are so no more.
struct Suspension {
  std::string owner_id, owner, owner_reference;
  core::Instant since{};
  std::optional<core::Instant> until;   ///< reinstated
};

/// So many files of a plan at most are in one List, and their patients in one Group.
inline constexpr std::size_t kReviewPartMax = 500;
/// Files of one review plan: who they are of (when it was planned), or how far their review is.
struct ReviewPart {
  ReviewPlan plan;
  std::size_t part = 0, parts = 1;   ///< `part` from 0
  std::vector<ReviewFile> files;
  bool patients = false;             ///< a Group of the patients, else a List of the visits
};
/// What of a planned period is reviewed, as of `at`.
struct ReviewReport {
  ReviewCoverage coverage;
  core::Instant at{};
};

/// What others are told beside deficiencies: a letter that was written or sent, a suspension that
/// began or ended, the rate of a month that is over, the review of files.
using Notice = std::variant<LetterRecord, Suspension, Rate, ReviewPart, ReviewReport>;

/// As FHIR R4, with an id of its own that a later statement of the same thing repeats:
/// Communication (preparation until it is sent; physician and deficiencies by identifier), Flag on
/// the Practitioner (active, inactive), MeasureReport of urn:chartwire:measure:delinquency-rate;
/// of reviews Group, List and MeasureReport of urn:chartwire:measure:file-review.
/// `zone`: of the days of a month.
fhir::Node* to_resource(const Notice& notice, const core::TimeZone& zone, fhir::Document& into);

fhir::Node* write(const ReviewPart& part, const core::TimeZone& zone, fhir::Document& into);
fhir::Node* write(const ReviewReport& report, const core::TimeZone& zone, fhir::Document& into);

}  // namespace him
