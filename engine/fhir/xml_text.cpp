#include "xml_text.hpp"

#include <array>
#include <algorithm>
#include <charconv>
#include <cstring>
#include <fhir/xml.hpp>

#include "utf8.hpp"

namespace fhir {

namespace {

core::Status bad(std::string why, std::size_t offset) {
  return core::fail(core::ErrorCode::kBadXml, std::move(why), "offset " + std::to_string(offset));
}

bool xml_character(unsigned code) {
  return code == 0x9 || code == 0xA || code == 0xD || (code >= 0x20 && code <= 0xD7FF) ||
         (code >= 0xE000 && code <= 0xFFFD) || (code >= 0x10000 && code <= 0x10FFFF);
}

/// "&amp;" or "&#x20;" at the front of `text`.
bool good_entity(std::string_view text) {
  const auto end = text.substr(0, 12).find(';');
  if (end == std::string_view::npos) return false;
  const std::string_view name = text.substr(1, end - 1);
  constexpr std::array<std::string_view, 5> kNames = {"lt", "gt", "amp", "quot", "apos"};
  if (std::find(kNames.begin(), kNames.end(), name) != kNames.end()) return true;
  if (!name.starts_with('#')) return false;
  const bool hex = name.starts_with("#x");
  const char* from = name.data() + (hex ? 2 : 1);
  const char* to = name.data() + name.size();
  unsigned code = 0;
  const auto read = std::from_chars(from, to, code, hex ? 16 : 10);
  return from != to && read.ec == std::errc() && read.ptr == to && xml_character(code);
}

/// Skips a comment or CDATA section that begins at `at`; npos when it does not end, `at` when there
/// is none.
std::size_t skip_section(std::string_view xml, std::size_t at) {
  constexpr std::string_view kComment = "<!--", kCdata = "<![CDATA[";
  const bool comment = xml.substr(at).starts_with(kComment);
  if (!comment && !xml.substr(at).starts_with(kCdata)) return at;
  const std::string_view close = comment ? "-->" : "]]>";
  const auto end = xml.find(close, at + (comment ? kComment.size() : kCdata.size()));
  return end == std::string_view::npos ? end : end + close.size();
}

core::Status check_node(pugi::xml_node node, int depth) {
  if (depth > kXmlDepthMax)
    return bad("nested too deeply", static_cast<std::size_t>(node.offset_debug()));
  for (auto a = node.first_attribute(); a; a = a.next_attribute()) {
    for (auto b = a.next_attribute(); b; b = b.next_attribute()) {
      if (std::strcmp(a.name(), b.name()) == 0) {
        return bad("an attribute occurs twice", static_cast<std::size_t>(node.offset_debug()));
      }
    }
  }
  for (const pugi::xml_node child : node) {
    if (child.type() != pugi::node_element) continue;
    if (auto status = check_node(child, depth + 1); !status) return status;
  }
  return {};
}

bool is_space(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

bool other_encoding(pugi::xml_node declaration) {
  std::string name = declaration.attribute("encoding").value();
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  return !name.empty() && name != "utf-8" && name != "us-ascii";
}

}  // namespace

core::Status check_xml_text(std::string_view xml) {
  if (xml.size() > kXmlBytesMax) return bad("longer than the limit", kXmlBytesMax);
  if (!valid_utf8(xml)) return bad("malformed UTF-8", 0);
  for (std::size_t at = 0; at < xml.size(); ++at) {
    const char c = xml[at];
    if (c == '<' && xml.substr(at + 1).starts_with('!')) {
      const std::size_t end = skip_section(xml, at);
      if (end == at) return bad("DOCTYPE and other declarations are not taken", at);
      if (end == std::string_view::npos) return bad("a comment or section does not end", at);
      const auto inside = xml.substr(at, end - at);
      const auto control = std::find_if(inside.begin(), inside.end(), [](char x) {
        return static_cast<unsigned char>(x) < 0x20 && x != '\t' && x != '\n' && x != '\r';
      });
      if (control != inside.end()) return bad("a control character", at);
      at = end - 1;
    } else if (c == '&' && !good_entity(xml.substr(at))) {
      return bad("an unknown or malformed entity", at);
    } else if (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r') {
      return bad("a control character", at);
    }
  }
  return {};
}

core::Status load_xml(std::string_view xml, pugi::xml_document& document) {
  if (auto status = check_xml_text(xml); !status) return status;
  constexpr unsigned kFlags =
      pugi::parse_default | pugi::parse_fragment | pugi::parse_declaration | pugi::parse_ws_pcdata;
  const auto result = document.load_buffer(xml.data(), xml.size(), kFlags, pugi::encoding_utf8);
  if (!result) return bad(result.description(), static_cast<std::size_t>(result.offset));
  int roots = 0;
  for (const pugi::xml_node node : document) {
    const bool text = node.type() == pugi::node_pcdata || node.type() == pugi::node_cdata;
    if (text && !is_space(node.value())) return bad("text outside the root element", 0);
    if (node.type() == pugi::node_declaration && other_encoding(node)) {
      return bad("the declared encoding is not UTF-8", 0);
    }
    if (node.type() == pugi::node_element) ++roots;
  }
  if (roots != 1) return bad("there must be one root element", 0);
  return check_node(document.document_element(), 1);
}

void escape_xml(std::string_view text, std::string& out) {
  const char* at = text.data();
  const char* end = at + text.size();
  while (at != end) {
    const std::size_t length = utf8_length(at, end);
    const auto byte = static_cast<unsigned char>(*at);
    const std::string_view sequence(at, length ? length : 1);
    at += sequence.size();
    const bool unfit = length == 0 || sequence == "\xEF\xBF\xBE" || sequence == "\xEF\xBF\xBF" ||
                       (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r');
    if (unfit) {
      out += "\xEF\xBF\xBD";
      continue;
    }
    switch (byte) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\t': out += "&#9;"; break;
      case '\n': out += "&#10;"; break;
      case '\r': out += "&#13;"; break;
      default: out += sequence;
    }
  }
}

}  // namespace fhir
