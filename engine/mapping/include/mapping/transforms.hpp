#pragma once
#include <mapping/mapping_set.hpp>

#include <string_view>
#include <vector>

namespace mapping {

/// Whether the set has a transformation of that name.
bool has_transform(const MappingSet& set, std::string_view name);
/// Their names, in the order they are written; they live as long as the set.
std::vector<std::string_view> transform_names(const MappingSet& set);
/// Whether it takes messages of that type and event.
bool transform_accepts(const MappingSet& set, std::string_view name, std::string_view type,
                       std::string_view trigger);

}  // namespace mapping
