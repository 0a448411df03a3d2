#pragma once
#include <core/result.hpp>

#include <cstddef>
#include <string_view>

namespace hl7 {

/// Refuses what pugixml would let pass: DOCTYPE, entities other than the five, attributes twice in
/// one element, characters XML 1.0 forbids (also as references), invalid UTF-8, a second root, text
/// outside it, processing instructions, depth above kXmlDepthMax. kBadXml with the line.
core::Status lint_xml(std::string_view xml);

/// "line 12", for error places.
std::string xml_line(std::string_view xml, std::size_t offset);

}  // namespace hl7
