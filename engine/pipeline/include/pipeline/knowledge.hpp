#pragma once
#include <core/result.hpp>
#include <him/deficiency.hpp>
#include <identity/model.hpp>
#include <mapping/mapping_set.hpp>
#include <schema/r4.hpp>
#include <schema/v2.hpp>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace pipeline {

/// Where the shipped data lies: `schemas/` and `mappings/`.
struct DataPaths {
  std::string schemas;
  std::string mappings;
};

/// Everything the engine knows before the first message: schemas, compiled mappings by their name
/// in
/// `feeds: mapping:`, deficiency rules. Immutable; shared by all threads; replaced whole on reload.
struct Knowledge {
  schema::V2Schema v2;
  schema::R4 r4;
  std::map<std::string, std::shared_ptr<const mapping::MappingSet>> mappings;
  std::shared_ptr<const him::RulePack> rules;
  /// Weights of the master patient index; nullptr when the mappings have no folder identity/.
  std::shared_ptr<const identity::Model> mpi;

  /// @param names mapping names to compile: "base", "base+<site>".
  /// @param findings rendered diagnostics, warnings too; nullptr is returned when one is an error.
  static std::shared_ptr<const Knowledge> load(const DataPaths& paths,
                                               const std::set<std::string>& names,
                                               std::vector<std::string>& findings);
  /// Hash over mappings and rules.
  std::string hash() const;
};

}  // namespace pipeline
