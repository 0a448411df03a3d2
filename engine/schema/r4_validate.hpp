#pragma once
#include "r4_impl.hpp"

#include <fhir/node.hpp>

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace schema {

/// Where the validator is, as a chain on the stack; the text is made only for a fault.
struct Place {
  const Place* above = nullptr;
  std::string_view name;
  int index = -1;   ///< of a repeating element

  std::string text() const;
};

/// What the checks of one validate() share.
struct R4Check {
  const R4Internals::Impl& r4;
  std::vector<Fault>& faults;

  void fault(const Place& at, std::string text) const {
    if (faults.size() < kFaultsMax) faults.push_back({at.text(), std::move(text)});
  }
  void fault(const Place& above, std::string_view child, std::string text) const {
    fault(Place{&above, child}, std::move(text));
  }
};

/// Rules between elements of one object: the invariants of data types and resources, and of a
/// Bundle.
void check_invariants(const R4Check& check, std::string_view type, const fhir::Node* node,
                      const Place& at);
/// Reference.reference: its form, and the resource types it may name.
void check_reference(const R4Check& check, const ElementDef& element, const fhir::Node* reference,
                     const Place& at);

}  // namespace schema
