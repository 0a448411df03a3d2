#pragma once
#include <mapping/mapper.hpp>

#include <functional>
#include <string>
#include <vector>

namespace mapping {

/// The id each draft's first key proposes, by draft.
std::vector<std::string> ids_of(const MapOutput& output, const Environment& environment);

/// A copy of a draft's tree with draft marks replaced by `reference(number)` and cleared elements
/// left out; nullptr when nothing remains.
fhir::Node* resolved(const fhir::Node* from, fhir::Document& doc,
                     const std::function<std::string(std::size_t)>& reference);

}  // namespace mapping
