#pragma once
#include <core/result.hpp>
#include <pugixml.hpp>
#include <string>
#include <string_view>

namespace fhir {

/// What pugixml lets pass and XML 1.0 does not, or what we never want: bad UTF-8, control
/// characters, DOCTYPE and other declarations, entities besides the five. kBadXml with the offset.
core::Status check_xml_text(std::string_view xml);

/// check_xml_text(), then one root element with no text beside it and no attribute twice anywhere.
core::Status load_xml(std::string_view xml, pugi::xml_document& document);

/// Appends an attribute value, escaped.
void escape_xml(std::string_view text, std::string& out);

}  // namespace fhir
