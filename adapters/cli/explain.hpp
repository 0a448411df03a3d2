#pragma once
#include <mapping/mapper.hpp>

#include <memory>

namespace cli {

/// `map --explain`: every leaf of the output with its source field and the rule that wrote it, then
/// the populated fields that no rule read and the codes no vocabulary knew. Meant for the analyst's
/// own terminal: it shows values.
void print_explanation(const hl7::Message& message, const mapping::MapOutput& output,
                       const std::shared_ptr<const mapping::MappingSet>& set, bool json);

}  // namespace cli
