#pragma once
#include <utility>

#include "apply_message.hpp"

namespace pipeline {

/// The state of one entry while it is applied.
struct MessageApply::Work {
  const store::Entry& entry;
  const mapping::MapOutput& output;
  const mapping::Environment& environment;
  store::Stamp stamp;
  him::Cause cause;
  std::vector<std::string> ids;        ///< by draft, empty until resolved
  std::vector<bool> resolving;
  std::vector<bool> skip;              ///< drafts that name something and are not written
  std::vector<std::pair<std::size_t, std::string>> late;   ///< Patient draft, its retired number
  ApplyResult result;
  std::vector<std::pair<std::string, const fhir::Node*>> new_patients;
  /// A visit that went to another patient after this message was sent: what the message says about
  /// it goes there too. References, all empty when there is none.
  struct {
    std::string visit, from, to;
  } moved;
};

}  // namespace pipeline
