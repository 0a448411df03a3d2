#pragma once
#include <fhir/node.hpp>

namespace fhir {

/// How an incoming resource changes the stored one (mapping.md section 2: mode, list, onNull).
struct MergePolicy {
  /// replace: members the producer's map can write but did not are removed (a snapshot).
  /// merge: what did not come stays (empty in HL7 v2 = no change).
  enum class Mode { kMerge, kReplace } mode = Mode::kMerge;
  /// replace: an incoming list takes the place of the stored one. union: items are added unless an
  /// equal one (or one with the same business key: identifier system+value, extension url,
  /// coding system+code, telecom system+value+use) is there, which is replaced.
  enum class List { kReplace, kUnion } list = List::kReplace;
};

/// Merges `incoming` into `stored` (both objects), building in `into`. A node of kind kNull in
/// `incoming` clears that element (HL7 `""`). A choice element (value[x], onset[x]...) replaces its
/// siblings of other types. @return the merged tree; equal to `stored` when nothing changed.
Node* merge(const Node* stored, const Node* incoming, const MergePolicy& policy, Document& into);

}  // namespace fhir
