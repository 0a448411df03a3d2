#pragma once
#include <fhir/node.hpp>
#include <him/deficiency.hpp>
#include <him/review.hpp>
#include <store/db.hpp>

#include <vector>

#include "notice.hpp"

namespace him {

/// As review_plans().
core::Result<std::vector<ReviewPlan>> plans_of(store::Db& db);
core::Result<std::vector<ReviewFile>> files_of(store::Db& db, const ReviewPeriod& period);

/// Whether a review order can be carried out: kBadRequest, kNotFound, kRefusedByPolicy.
core::Status check_review_plan(store::Db& db, const fhir::Node& order, const core::TimeZone& zone);
core::Status check_review_visit(store::Db& db, const fhir::Node& order);
/// Carries it out; twice is once. What others are to hear of it: the plan's Groups, Lists and
/// report; of a reviewed file its List, and the reports of the planned periods that it ended in.
core::Status plan_review(store::Db& db, const fhir::Node& order, const core::TimeZone& zone,
                         const Cause& cause, std::vector<Notice>& notices);
core::Status review_visit(store::Db& db, const fhir::Node& order, const Cause& cause,
                          std::vector<Notice>& notices);

}  // namespace him
