#pragma once
#include <cstddef>
#include <fhir/node.hpp>
#include <string_view>

namespace fhir {

/// The union of two lists (MergePolicy::List::kUnion), built in `into`. `name` says which business
/// key the items have. Cost n log n, so a hostile list is no trap.
Node* unite(std::string_view name, const Node* stored, const Node* incoming, Document& into);

/// The same for equal trees, whatever the order of their members.
std::size_t content_hash(const Node* node);

}  // namespace fhir
