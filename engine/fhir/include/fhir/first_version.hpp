#pragma once
#include <fhir/node.hpp>

#include <string_view>

namespace fhir {

/// What merge() (fhir/merge.hpp) makes of a stored resource that has its type and id alone, from an
/// `incoming` of nobody else's: it is taken apart instead of copied, so its names and texts must
/// outlive `into`.
Node* first_version(std::string_view type, std::string_view id, const Node* incoming,
                    Document& into);

}  // namespace fhir
