#pragma once
#include <mapping/mapping_set.hpp>

#include <string_view>

namespace mapping {

/// Whether the set has a transformation of that name.
bool has_transform(const MappingSet& set, std::string_view name);
/// Whether it takes messages of that type and event.
bool transform_accepts(const MappingSet& set, std::string_view name, std::string_view type,
                       std::string_view trigger);

}  // namespace mapping
