#pragma once
#include <mapping/mapper.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace cli {

/// `map --explain`: every leaf of the output with its source field and the rule that wrote it, then
/// the populated fields that no rule read, the codes no vocabulary knew and the rules of the maps
/// at work that wrote nothing. Meant for the analyst's
/// own terminal: it shows values.
void print_explanation(const hl7::Message& message, const mapping::MapOutput& output,
                       const std::shared_ptr<const mapping::MappingSet>& set, bool json);

/// A leaf's text; a reference to another draft reads as the draft it points to.
std::string shown_text(const mapping::MapOutput& output, std::string_view text);

}  // namespace cli
