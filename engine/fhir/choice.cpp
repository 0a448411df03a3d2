#include <algorithm>
#include <array>
#include <fhir/merge.hpp>

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
  // No choice element repeats; and Task.reasonCode, a CodeableConcept, is no reason[x] of type code.
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

}  // namespace fhir
