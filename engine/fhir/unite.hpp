#pragma once
#include <fhir/node.hpp>
#include <string_view>

namespace fhir {

/// The union of two lists (MergePolicy::List::kUnion), built in `into`. `name` says which business
/// key the items have. Cost n log n, so a hostile list is no trap.
Node* unite(std::string_view name, const Node* stored, const Node* incoming, Document& into);

}  // namespace fhir
