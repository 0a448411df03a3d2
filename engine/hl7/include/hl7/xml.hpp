#pragma once
#include <core/result.hpp>
#include <hl7/message.hpp>

#include <functional>
#include <string>
#include <string_view>

namespace hl7 {

inline constexpr std::size_t kXmlDepthMax = 64;

/// HL7 v2 XML encoding (v2.xml, urn:hl7-org:v2xml) to ER7 text. Groups are flattened: order alone
/// carries them in ER7. Refuses DOCTYPE, unknown entities, duplicate attributes, control
/// characters, invalid UTF-8, depth above kXmlDepthMax (kBadXml with line).
core::Result<std::string> xml_to_er7(std::string_view xml);

/// Names needed to write v2.xml, supplied by whoever knows the schema.
struct XmlNames {
  std::string root;   ///< message structure id: "ADT_A01", "ACK"
  /// Data type of a field ("CX" for PID-3), empty when unknown (then written as one text).
  std::function<std::string(std::string_view segment, int field)> field_type;
  /// Data type of a component ("HD" for CX.4); empty when unknown or primitive.
  std::function<std::string(std::string_view type, int component)> component_type;
};
/// ER7 to v2.xml; segments stand flat under the root (groups are added by schema when known).
std::string to_xml(const Message& message, const XmlNames& names);

}  // namespace hl7
