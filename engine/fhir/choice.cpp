#include <algorithm>
#include <array>
#include <fhir/merge.hpp>

#include "types.hpp"

namespace fhir {

namespace {

struct TypeName {
  std::string_view name;  ///< as a suffix of a choice element
  bool leaf;              ///< a primitive type
};

// http://hl7.org/fhir/R4/datatypes.html#open
constexpr std::array kTypes = {
    TypeName{"Base64Binary", true},     TypeName{"Boolean", true},
    TypeName{"Canonical", true},        TypeName{"Code", true},
    TypeName{"Date", true},             TypeName{"DateTime", true},
    TypeName{"Decimal", true},          TypeName{"Id", true},
    TypeName{"Instant", true},          TypeName{"Integer", true},
    TypeName{"Markdown", true},         TypeName{"Oid", true},
    TypeName{"PositiveInt", true},      TypeName{"String", true},
    TypeName{"Time", true},             TypeName{"UnsignedInt", true},
    TypeName{"Uri", true},              TypeName{"Url", true},
    TypeName{"Uuid", true},             TypeName{"Address", false},
    TypeName{"Age", false},             TypeName{"Annotation", false},
    TypeName{"Attachment", false},      TypeName{"CodeableConcept", false},
    TypeName{"Coding", false},          TypeName{"ContactDetail", false},
    TypeName{"ContactPoint", false},    TypeName{"Contributor", false},
    TypeName{"Count", false},           TypeName{"DataRequirement", false},
    TypeName{"Distance", false},        TypeName{"Dosage", false},
    TypeName{"Duration", false},        TypeName{"Expression", false},
    TypeName{"HumanName", false},       TypeName{"Identifier", false},
    TypeName{"Meta", false},            TypeName{"Money", false},
    TypeName{"ParameterDefinition", false}, TypeName{"Period", false},
    TypeName{"Quantity", false},        TypeName{"Range", false},
    TypeName{"Ratio", false},           TypeName{"Reference", false},
    TypeName{"RelatedArtifact", false}, TypeName{"SampledData", false},
    TypeName{"Signature", false},       TypeName{"Timing", false},
    TypeName{"TriggerDefinition", false}, TypeName{"UsageContext", false},
};

}  // namespace

std::string_view choice_base(std::string_view name, const Node* value) {
  // No choice element repeats; and Task.reasonCode, a CodeableConcept, is no reason[x] of type
  // code.
  if (!value || value->is_array()) return {};
  std::size_t longest = 0;
  for (const TypeName& type : kTypes) {
    if (name.size() > type.name.size() && name.ends_with(type.name) &&
        (value->kind == Node::Kind::kNull || type.leaf == value->is_leaf())) {
      longest = std::max(longest, type.name.size());
    }
  }
  return longest ? name.substr(0, name.size() - longest) : std::string_view();
}

bool same_type(std::string_view a, std::string_view b) {
  return a.size() == b.size() && !a.empty() && (a[0] | 0x20) == (b[0] | 0x20) &&
         a.substr(1) == b.substr(1);
}

bool is_complex_type(std::string_view name) {
  if (name == "BackboneElement" || name == "Extension" || name == "Narrative") return true;
  return std::any_of(kTypes.begin(), kTypes.end(),
                     [name](const TypeName& type) { return !type.leaf && type.name == name; });
}

bool is_primitive_type(std::string_view name) {
  return std::any_of(kTypes.begin(), kTypes.end(), [name](const TypeName& type) {
    return type.leaf && same_type(type.name, name);
  });
}

bool type_derives(std::string_view type, std::string_view base) {
  struct Pair {
    std::string_view derived, base;
  };
  constexpr std::array kDerived = {
      Pair{"code", "string"},        Pair{"id", "string"},         Pair{"markdown", "string"},
      Pair{"canonical", "uri"},      Pair{"url", "uri"},           Pair{"oid", "uri"},
      Pair{"uuid", "uri"},           Pair{"unsignedInt", "integer"}, Pair{"positiveInt", "integer"},
      Pair{"Age", "Quantity"},       Pair{"Count", "Quantity"},    Pair{"Distance", "Quantity"},
      Pair{"Duration", "Quantity"},
  };
  if (same_type(type, base) || base == "Element") return true;
  return std::any_of(kDerived.begin(), kDerived.end(), [&](const Pair& pair) {
    return same_type(pair.derived, type) && same_type(pair.base, base);
  });
}

}  // namespace fhir
