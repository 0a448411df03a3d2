#pragma once
#include <utility>

#include "apply_message.hpp"

namespace pipeline {

/// Older than what its sender said of the resource last (DESIGN section 2, Staleness).
inline bool is_stale(const store::Stamp& stamp, const store::Records::Standing& standing) {
  return stamp.event_time && standing.last_event && *standing.last_event > *stamp.event_time;
}

/// Whether somebody has told of a thing, not only named it: said how it stands, or which event of
/// registration it went through.
bool is_told_of(const fhir::Node& tree);

/// The state of one entry while it is applied.
struct MessageApply::Work {
  const store::Entry& entry;
  const mapping::MapOutput& output;
  const DraftPrints& prints;           ///< of its drafts
  const mapping::Environment& environment;
  store::Stamp stamp;
  him::Cause cause;
  std::vector<std::string> ids;        ///< by draft, empty until resolved
  std::vector<bool> resolving;
  std::vector<bool> skip;              ///< drafts that name something and are not written
  std::vector<std::pair<std::size_t, std::string>> late;   ///< Patient draft, its retired number
  /// Patient draft, a Patient who has one of its numbers and is not taken for it.
  std::vector<std::pair<std::size_t, std::string>> rivals;
  ApplyResult result;
  std::vector<std::pair<std::string, const fhir::Node*>> new_patients;
  /// A visit that went to another patient after this message was sent: what the message says about
  /// it goes there too. References, all empty when there is none.
  struct {
    std::string visit, from, to;
  } moved;
};

}  // namespace pipeline
