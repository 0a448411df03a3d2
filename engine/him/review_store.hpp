#pragma once
#include <fhir/node.hpp>
#include <him/deficiency.hpp>
#include <him/review.hpp>
#include <store/db.hpp>

namespace him {

core::Result<std::vector<ReviewFile>> files_of(store::Db& db, const ReviewPeriod& period);

/// Whether a review order can be carried out: kBadRequest, kNotFound, kRefusedByPolicy.
core::Status check_review_plan(store::Db& db, const fhir::Node& order, const core::TimeZone& zone);
core::Status check_review_visit(store::Db& db, const fhir::Node& order);
/// Carries it out; twice is once.
core::Status plan_review(store::Db& db, const fhir::Node& order, const core::TimeZone& zone,
                         const Cause& cause);
core::Status review_visit(store::Db& db, const fhir::Node& order, const Cause& cause);

}  // namespace him
