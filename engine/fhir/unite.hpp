#pragma once
#include <cstddef>
#include <fhir/merge.hpp>
#include <fhir/node.hpp>
#include <string_view>

namespace fhir {

/// The union of two lists (MergePolicy::List::kUnion), built in `into`. `name` says which business
/// key the items have. Cost n log n, so a hostile list is no trap.
Node* unite(std::string_view name, const Node* stored, const Node* incoming, Document& into);

/// The stored list without the items of parts that are gone; `stored` itself when there are none.
const Node* without_gone(std::string_view name, const Node* stored, const MergePolicy& policy,
                         Document& into);
/// Appends to a list that took the stored one's place the items of parts that said nothing.
void keep_unsaid(std::string_view name, const Node* stored, const MergePolicy& policy,
                 Document& into, Node* list);

/// name, address, telecom.
bool has_uses(std::string_view name);
/// Such lists: the incoming items of a use take the place of the stored ones of it, unless each
/// says no more than one of those; what is stored of other uses stays.
Node* unite_by_use(std::string_view name, const Node* stored, const Node* incoming, Document& into);

/// The same for equal trees, whatever the order of their members.
std::size_t content_hash(const Node* node);

}  // namespace fhir
