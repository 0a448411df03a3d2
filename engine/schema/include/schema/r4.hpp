#pragma once
#include <core/result.hpp>
#include <fhir/node.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace schema {

/// One element of an R4 type ("Patient.contact.name").
struct ElementDef {
  std::string path;                    ///< "Patient.deceased[x]" for a choice
  std::string name;                    ///< last step, without [x]
  int min = 0;
  bool repeats = false;                ///< max > 1
  bool choice = false;
  std::vector<std::string> types;      ///< "string", "HumanName", "Reference", "BackboneElement"
  std::vector<std::string> targets;    ///< allowed resource types of a Reference; empty = any
  std::string required_binding;        ///< value set of a required binding; empty otherwise
};

/// FHIR R4 facts (http://hl7.org/fhir/R4) from schemas/fhir/r4.txt. Immutable. Thread: any.
class R4 {
 public:
  static core::Result<R4> load(const std::string& file);
  R4(R4&&) noexcept;
  R4& operator=(R4&&) noexcept;
  ~R4();

  bool is_resource(std::string_view type) const;
  bool is_primitive(std::string_view type) const;
  bool is_complex(std::string_view type) const;    ///< data type such as HumanName
  std::vector<std::string_view> resource_types() const;

  /// Direct child elements of a type or backbone path ("Patient", "Patient.contact", "HumanName").
  std::span<const ElementDef> children(std::string_view type_or_path) const;
  /// Child by its JSON name, choice resolved: ("Observation", "valueQuantity") gives value[x] with
  /// *type = "Quantity". nullptr when there is none.
  const ElementDef* child(std::string_view type_or_path, std::string_view json_name,
                          std::string_view* type = nullptr) const;
  /// Codes of a required binding's value set; empty when the set is not enumerated.
  std::span<const std::string> codes(std::string_view value_set) const;

  struct SearchParam {
    std::string name, type, expression;   ///< type token, reference, date, string, ...
  };
  std::span<const SearchParam> search_params(std::string_view resource_type) const;

 private:
  R4();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A fault of a resource against R4: where (FHIRPath) and what, in words without data.
struct Fault {
  std::string path, text;
};
/// Structure, cardinality, JSON types, primitive formats (dates, ids, codes...), required bindings,
/// reference target types, choice used once. Empty = clean.
std::vector<Fault> validate(const R4& r4, const fhir::Node* resource);

/// @return whether `text` has the lexical form of the primitive type ("date", "instant", "code"...).
bool valid_primitive(std::string_view type, std::string_view text);

}  // namespace schema
