#pragma once
#include <core/result.hpp>
#include <fhir/node.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// FHIR R4 as data (http://hl7.org/fhir/R4): which elements a type has, what they may hold, which
/// codes; and a resource held against it.
namespace schema {

/// One element of an R4 type ("Patient.contact.name"). Inherited ones (id, extension, text...) are
/// there for every type, under its own path.
struct ElementDef {
  std::string path;                    ///< "Patient.deceased[x]" for a choice
  std::string name;                    ///< last step, without [x]
  int min = 0;
  bool repeats = false;                ///< max > 1
  bool choice = false;
  /// "string", "HumanName", "Reference", "Resource" (any), or "BackboneElement" / "Element": then
  /// the children are those of the path. An element that takes another's content
  /// (Questionnaire.item.item) is a BackboneElement too.
  std::vector<std::string> types;
  std::vector<std::string> targets;    ///< allowed resource types of a Reference; empty = any
  std::string required_binding;        ///< value set of a required binding; empty otherwise
};

/// FHIR R4 facts from schemas/fhir/r4.txt. Immutable. Thread: any. What it returns lives as long as
/// the R4, also if that moves. Cost: a few milliseconds to load; lookups by hash.
class R4 {
 public:
  /// Errors: kIo; kBadConfig with file:line.
  static core::Result<R4> load(const std::string& file);
  R4(R4&&) noexcept;
  R4& operator=(R4&&) noexcept;
  ~R4();

  bool is_resource(std::string_view type) const;   ///< not the abstract ones
  bool is_primitive(std::string_view type) const;
  bool is_complex(std::string_view type) const;    ///< data type such as HumanName
  std::vector<std::string_view> resource_types() const;

  /// Direct child elements of a type or path ("Patient", "Patient.contact", "HumanName"; also
  /// "Patient.name", then those of its type). Empty for primitives and what does not exist.
  std::span<const ElementDef> children(std::string_view type_or_path) const;
  /// Child by its JSON name, choice resolved: ("Observation", "valueQuantity") gives value[x] with
  /// *type = "Quantity". nullptr when there is none.
  const ElementDef* child(std::string_view type_or_path, std::string_view json_name,
                          std::string_view* type = nullptr) const;
  /// Codes of a required binding's value set; empty when the set is not enumerated (mimetypes,
  /// currencies, ucum-units, LL379-9).
  std::span<const std::string> codes(std::string_view value_set) const;

  struct SearchParam {
    std::string name, type, expression;   ///< type token, reference, date, string, ...
  };
  /// Of the resource and of all resources (_id, _lastUpdated...), sorted by name. The expression
  /// holds only what starts at that resource; "" when the standard gives none (_text).
  std::span<const SearchParam> search_params(std::string_view resource_type) const;

 private:
  friend struct R4Internals;
  R4();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A fault of a resource against R4: where (FHIRPath) and what, in words without data.
struct Fault {
  std::string path, text;
};
inline constexpr std::size_t kFaultsMax = 100;   ///< listed per resource or bundle
/// Holds a resource, or a Bundle with all its entries, to R4: unknown elements, cardinality, JSON
/// types, empty values, primitive formats with real calendar dates, required bindings, reference
/// target types, choices used once, extensions, contained resources, references into them, what a
/// Bundle of its type must have, and the invariants of data types and of the resources we write
/// (list in r4_invariants.cpp). Empty = clean. Not checked: profiles, other invariants, narrative
/// beyond its outer element.
std::vector<Fault> validate(const R4& r4, const fhir::Node* resource);

/// @return whether `text` has the lexical form of the primitive type ("date", "instant",
/// "code"...), as in http://hl7.org/fhir/R4/datatypes.html, dates being real ones. false for
/// unknown types.
bool valid_primitive(std::string_view type, std::string_view text);

}  // namespace schema
