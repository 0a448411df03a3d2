#include "xml_model.hpp"

#include <algorithm>
#include <array>

namespace fhirapi {

bool XmlModel::find(std::string_view type, std::string_view name, Element& out) const {
  std::string_view found_type;
  const schema::ElementDef* def = r4_.child(type, name, &found_type);
  if (!def) return false;
  const auto all = r4_.children(type);
  const bool listed = !all.empty() && def >= all.data() && def < all.data() + all.size();
  out.order = listed ? static_cast<int>(def - all.data()) : static_cast<int>(all.size());
  out.repeats = def->repeats;
  const std::string value_type(!found_type.empty() ? found_type
                               : def->types.empty() ? std::string_view()
                                                    : std::string_view(def->types.front()));
  using Kind = Element::Kind;
  constexpr std::array<std::string_view, 4> kNumbers = {"integer", "decimal", "positiveInt",
                                                        "unsignedInt"};
  const bool number = std::find(kNumbers.begin(), kNumbers.end(), value_type) != kNumbers.end();
  if (value_type == "xhtml") {
    out.kind = Kind::kXhtml;
  } else if (value_type == "Resource" || r4_.is_resource(value_type)) {
    out.kind = Kind::kResource;
  } else if (r4_.is_primitive(value_type)) {
    out.kind = number                      ? Kind::kNumber
               : value_type == "boolean"   ? Kind::kBoolean
                                           : Kind::kString;
  } else {
    out.kind = Kind::kObject;
    const bool backbone = value_type == "BackboneElement" || value_type == "Element";
    out.type = backbone ? def->path : value_type;
  }
  return true;
}

}  // namespace fhirapi
