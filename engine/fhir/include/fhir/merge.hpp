#pragma once
#include <fhir/node.hpp>

#include <cstdint>
#include <span>
#include <string_view>

namespace fhir {

/// Items of a list that one field makes, told by their kind: the use of a name, address, telephone,
/// the type of an identifier, the end of an extension's url.
struct ListPart {
  std::string_view list;
  std::string_view kinds;   ///< "|home|mobile|"; "*": every item
};

/// How an incoming resource changes the stored one (mapping.md section 2: mode, list, onNull).
struct MergePolicy {
  /// replace: members the producer's map can write but did not are removed (a snapshot), and an
  /// element that came takes the stored one's place whole.
  /// merge: what did not come stays (empty in HL7 v2 = no change).
  enum class Mode { kMerge, kReplace } mode = Mode::kMerge;
  /// replace: an incoming list takes the place of the stored one. union: items are added unless an
  /// equal one (or one with the same business key: identifier system+value, extension url,
  /// coding system+code, telecom system+value+use) is there, which is replaced.
  enum class List { kReplace, kUnion } list = List::kReplace;
  /// The producer names a person and does not mean to tell all that is known: `identifier` lists
  /// are united whatever `list` says; of `name`, `address` and `telecom` an item takes the place of
  /// those of its use alone, and only where it says something that they do not.
  bool unite_person = false;
  /// Top-level names whose stored values stay: the producer speaks of a thing that others tell of.
  /// An object that is no data type of one field (Period) takes what it lacks.
  std::span<const std::string_view> keep{};
  /// What the fields of `parts` say, a bit each: an empty one leaves the stored items of its kinds
  /// where the list is replaced, an HL7 `""` takes them away.
  std::span<const ListPart> parts{};
  std::uint32_t parts_empty = 0, parts_gone = 0;
  /// Top-level names that Mode::kReplace may remove; empty means all. resourceType, id and meta
  /// are never removed.
  std::span<const std::string_view> writable{};
};

/// Merges `incoming` into `stored` (both objects; `stored` may be nullptr), building in `into`.
///  * A node of kind kNull in `incoming` clears that element (HL7 `""`); an object or list left
///    empty by it goes too.
///  * Elements that come from one field (CodeableConcept, Coding, Quantity, Range, Ratio,
///    Identifier, Reference, HumanName, Address, ContactPoint, Attachment, told by their member
///    names) are replaced whole, so that no old text stays beside a new code. Other objects
///    (Period, backbone elements) are merged member by member.
///  * A choice element (value[x], onset[x]...) replaces its siblings of other types.
///  * `_name` belongs to `name`: when the element comes with another value or with its own `_name`,
///    both are taken from `incoming`; a list that has one is replaced, never united.
///  * A Period that would end before its start, by what came beside what is stored, has no end
///    (per-1).
///  * With Mode::kMerge, `extension` lists are always united by url: each url is its own element.
///  * resourceType and id stay as stored.
/// merge(x, x) equals x and merge(merge(s, i), i) equals merge(s, i).
/// @return the merged tree; equal to `stored` when nothing changed. It shares nothing with its
/// sources but lives in `into`.
Node* merge(const Node* stored, const Node* incoming, const MergePolicy& policy, Document& into);

/// Removes in place all that kNull marks, and what is empty then: a resource as it would be stored.
void strip_nulls(Node* object, Document& document);

/// The choice element a member belongs to ("value" for valueQuantity), judged by its name and the
/// kind of its value; empty when it is none.
std::string_view choice_base(std::string_view name, const Node* value);

}  // namespace fhir
