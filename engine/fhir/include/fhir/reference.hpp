#pragma once
#include <string_view>

namespace fhir {

/// The parts of Reference.reference (http://hl7.org/fhir/R4/references.html#literal). Views into
/// the text that was split; all empty when it names no resource (urn:uuid:..., #contained).
struct Reference {
  std::string_view base;     ///< "http://host/fhir/" of an absolute URL
  std::string_view type;     ///< "Patient"
  std::string_view id;
  std::string_view version;  ///< of ".../_history/3"
};

Reference split_reference(std::string_view text);

/// [A-Za-z0-9\-\.]{1,64}
bool is_valid_id(std::string_view id);

}  // namespace fhir
