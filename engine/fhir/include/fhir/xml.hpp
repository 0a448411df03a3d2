#pragma once
#include <core/result.hpp>
#include <fhir/node.hpp>

#include <string>
#include <string_view>

namespace fhir {

inline constexpr std::size_t kXmlBytesMax = 32u << 20;
inline constexpr int kXmlDepthMax = 100;

/// What FHIR XML needs to know of R4 and JSON does not say: the order of elements, which repeat,
/// which are numbers. Implemented over schema::R4 by whoever speaks XML. Thread: as the
/// implementor.
class XmlTypes {
 public:
  struct Element {
    enum class Kind { kString, kNumber, kBoolean, kObject, kXhtml, kResource } kind = Kind::kObject;
    bool repeats = false;
    int order = 0;       ///< place among its siblings
    std::string type;    ///< under which its own children are asked for ("HumanName")
  };
  virtual ~XmlTypes() = default;
  virtual bool is_resource(std::string_view type) const = 0;
  /// Child by its JSON name ("valueQuantity"). @return false when there is none.
  virtual bool find(std::string_view type, std::string_view name, Element& out) const = 0;
};

/// A resource as FHIR XML (http://hl7.org/fhir/R4/xml.html), UTF-8, elements in the order of the
/// definition. kBadResource with the path of what R4 does not know or of a narrative that is no
/// well-formed XHTML. Characters that XML cannot hold become U+FFFD.
core::Result<std::string> write_xml(const Node* resource, const XmlTypes& types);

/// Strict FHIR XML: UTF-8 only; refused are DOCTYPE, entities besides the five, control characters,
/// duplicate attributes, a second root, other name spaces, unknown elements and attributes, text
/// between elements, an element repeated that may not be, depth above kXmlDepthMax.
/// kBadXml, kBadResource with the path.
core::Result<Node*> parse_xml(std::string_view xml, const XmlTypes& types, Document& into);

}  // namespace fhir
