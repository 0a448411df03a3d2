#pragma once
#include <core/clock.hpp>
#include <fhir/node.hpp>
#include <him/letters.hpp>

#include <optional>
#include <string>
#include <variant>

namespace him {

/// A physician's privileges are suspended for records that are late, or are so no more.
struct Suspension {
  std::string owner_id, owner, owner_reference;
  core::Instant since{};
  std::optional<core::Instant> until;   ///< reinstated
};

/// What others are told beside deficiencies: a letter that was written or sent, a suspension that
/// began or ended, the rate of a month that is over.
using Notice = std::variant<LetterRecord, Suspension, Rate>;

/// As FHIR R4, with an id of its own that a later statement of the same thing repeats:
/// Communication (preparation until it is sent; physician and deficiencies by identifier), Flag on
/// the Practitioner (active, inactive), MeasureReport of urn:chartwire:measure:delinquency-rate.
/// `zone`: of the days of a month.
fhir::Node* to_resource(const Notice& notice, const core::TimeZone& zone, fhir::Document& into);

}  // namespace him
