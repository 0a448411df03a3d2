#pragma once
#include <mapping/mapping_set.hpp>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "documents.hpp"
#include "program.hpp"

namespace mapping {

/// What a compiled set holds.
struct MappingSet::Impl {
  Program program;
  std::vector<RuleInfo> infos;
  std::vector<TestDecl> tests;
  std::vector<std::pair<std::string, std::string>> sources;
  std::unique_ptr<Documents> documents;   ///< owns file names and test trees
  StringMap values;                       ///< defaults of %names
  std::string hash;
  const schema::V2Schema* v2 = nullptr;
  const schema::R4* r4 = nullptr;

  /// The plan of a message: by trigger, by structure, by type; kNil when none.
  std::uint32_t plan_of(std::string_view structure, std::string_view type,
                        std::string_view trigger) const;
};

}  // namespace mapping
