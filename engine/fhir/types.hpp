#pragma once
#include <string_view>

namespace fhir {

/// Judgements about R4 type names, without the definitions (those are `schema`'s).

/// A data type that is an object: "Quantity", "CodeableConcept", "BackboneElement".
bool is_complex_type(std::string_view name);
/// "dateTime" or, as a choice suffix, "DateTime".
bool is_primitive_type(std::string_view name);
/// Same type, whatever the case of the first letter.
bool same_type(std::string_view a, std::string_view b);
/// Whether `type` is `base` or derived from it: code is a string, Age is a Quantity.
bool type_derives(std::string_view type, std::string_view base);

}  // namespace fhir
