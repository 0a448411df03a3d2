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
  ApplyResult result;
  std::vector<std::pair<std::string, const fhir::Node*>> new_patients;
};

}  // namespace pipeline
