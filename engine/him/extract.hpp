#pragma once
#include <core/clock.hpp>
#include <fhir/node.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fact.hpp"

namespace him {

/// The chart facts in one FHIR resource. `facts` is an object whose members are the stored fields
/// of
/// `kind`, in the fields' order: times as microseconds, codes as arrays of text, people as objects.
struct Extract {
  Kind kind = Kind::kVisit;
  std::string_view patient;     ///< Patient id, empty when it names none
  std::string_view encounter;   ///< Encounter id; empty: belongs to the patient alone
  std::string_view replaces;    ///< document it takes the place of (id)
  bool gone = false;            ///< says of itself that it is no more (an inactive contact)
  bool settled = false;         ///< of interest only when something was open about it before
  fhir::Node* facts = nullptr;
};

/// @return nullopt for resource types that hold no chart fact. Views live as long as `tree` and
/// `into`. Dates without a time are the start of that day in `zone`.
std::optional<Extract> extract(std::string_view type, std::string_view id, const fhir::Node* tree,
                               const core::TimeZone& zone, fhir::Document& into);

/// The kind that a resource type fills, if any.
std::optional<Kind> kind_of_type(std::string_view resource_type);

/// "DocumentReference/7" gives "7" for that type, also with a base URL or a version; else empty.
std::string_view id_in_reference(std::string_view reference, std::string_view type);

/// FHIR date, dateTime or instant; a partial date is its first day.
std::optional<core::Instant> read_time(std::string_view text, const core::TimeZone& zone);

}  // namespace him
