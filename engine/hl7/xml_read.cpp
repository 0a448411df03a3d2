#include <hl7/xml.hpp>

#include "header.hpp"
#include "xml_lint.hpp"

#include <hl7/escape.hpp>

#include <pugixml.hpp>

#include <algorithm>
#include <charconv>
#include <vector>

namespace hl7 {

namespace {

constexpr int kComponentsMax = 1'000;
constexpr std::size_t kNone = std::string_view::npos;
constexpr std::string_view kNamespace = "urn:hl7-org:v2xml";

std::string_view local_name(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  const std::size_t colon = name.find(':');
  return colon == kNone ? name : name.substr(colon + 1);
}

bool is_blank_text(const pugi::xml_node& node) {
  return std::string_view(node.value()).find_first_not_of(" \t\r\n") == kNone;
}
bool is_element(const pugi::xml_node& node) { return node.type() == pugi::node_element; }
bool is_escape(const pugi::xml_node& node) {
  return is_element(node) && local_name(node) == "escape";
}

/// "CX.4" -> 4; 0 when there is no such number.
int number_of(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot == kNone) return 0;
  int n = 0;
  const auto [end, error] = std::from_chars(name.data() + dot + 1, name.data() + name.size(), n);
  return error == std::errc() && end == name.data() + name.size() && n > 0 ? n : 0;
}

class Er7Writer {
 public:
  explicit Er7Writer(std::string_view xml) : xml_(xml) {}

  core::Result<std::string> run(const pugi::xml_node& root) {
    for (const pugi::xml_attribute& each : root.attributes()) {
      const std::string_view name = each.name();
      if (name == "xmlns" && std::string_view(each.value()) != kNamespace) {
        return refuse("a namespace other than urn:hl7-org:v2xml", root);
      }
    }
    if (auto status = container(root); !status) return core::fail(std::move(status.error()));
    if (segments_ == 0) return core::fail(core::ErrorCode::kNoMsh, "no segment in the document");
    return std::move(out_);
  }

 private:
  tl::unexpected<core::Error> refuse(std::string detail, const pugi::xml_node& node) const {
    const auto at = static_cast<std::size_t>(std::max<std::ptrdiff_t>(node.offset_debug(), 0));
    return core::fail(core::ErrorCode::kBadXml, std::move(detail), xml_line(xml_, at));
  }

  /// The message or a group. Depth is bounded by lint_xml().
  core::Status container(const pugi::xml_node& node) {
    for (const pugi::xml_node& child : node.children()) {
      if (!is_element(child)) {
        if (!is_blank_text(child)) return refuse("text outside a field", node);
        continue;
      }
      auto status = detail::name_key(local_name(child)) != 0 ? segment(child) : container(child);
      if (!status) return status;
    }
    return {};
  }

  core::Status segment(const pugi::xml_node& node) {
    const std::string_view name = local_name(node);
    const bool is_header = is_header_key(detail::name_key(name));
    if (segments_ == 0) {
      if (!is_header) return core::fail(core::ErrorCode::kNoMsh, "the first segment is not MSH");
      if (auto status = take_delimiters(node, name); !status) return status;
    }
    if (++segments_ > kSegmentsMax) {
      return core::fail(core::ErrorCode::kTooManySegments,
                        "more than " + std::to_string(kSegmentsMax) + " segments");
    }
    std::vector<std::string> fields;
    std::vector<std::size_t> repetitions;
    for (const pugi::xml_node& child : node.children()) {
      if (!is_element(child)) {
        if (!is_blank_text(child)) return refuse("text outside a field", node);
        continue;
      }
      const std::string_view field = local_name(child);
      const int n = number_of(field);
      if (n == 0 || !field.starts_with(name) || field.rfind('.') != name.size()) {
        return refuse("an element that is no field of its segment", child);
      }
      if (n > static_cast<int>(kFieldsMax)) {
        return core::fail(core::ErrorCode::kTooManyFields,
                          "more than " + std::to_string(kFieldsMax) + " fields", std::string(name));
      }
      if (is_header && n <= 2) continue;   // take_delimiters() has read them
      if (auto status = repetition(child, static_cast<std::size_t>(n), fields, repetitions);
          !status) {
        return status;
      }
    }
    put(name, is_header, fields);
    return {};
  }

  core::Status repetition(const pugi::xml_node& node, std::size_t n,
                          std::vector<std::string>& fields, std::vector<std::size_t>& counts) {
    if (fields.size() < n) {
      fields.resize(n);
      counts.resize(n);
    }
    if (++counts[n - 1] > 1) fields[n - 1].push_back(d_.repetition);
    if (counts[n - 1] > kRepetitionsMax) return refuse("too many repetitions of a field", node);
    return value(node, d_.component, fields[n - 1]);
  }

  core::Status take_delimiters(const pugi::xml_node& node, std::string_view name) {
    std::string header(name);
    std::string separator = "|";
    std::string encoding = "^~\\&";
    for (const pugi::xml_node& child : node.children()) {
      if (!is_element(child)) continue;
      if (number_of(local_name(child)) == 1) separator = child.text().get();
      if (number_of(local_name(child)) == 2) encoding = child.text().get();
    }
    header.append(separator).append(encoding).append(separator);
    std::size_t size = 0;
    if (separator.size() != 1 || !read_delimiters(header, d_, size) || size != encoding.size()) {
      return core::fail(core::ErrorCode::kBadEncodingCharacters,
                        "MSH.1 and MSH.2 are no legal delimiters", "MSH-2");
    }
    encoding_ = encoding;
    return {};
  }

  void put(std::string_view name, bool is_header, const std::vector<std::string>& fields) {
    out_.append(name);
    std::size_t first = 0;
    if (is_header) {
      out_.append(1, d_.field).append(encoding_);
      first = 2;
    }
    for (std::size_t i = first; i < fields.size(); ++i) out_.append(1, d_.field).append(fields[i]);
    out_.push_back('\r');
  }

  /// A field, component or sub-component: its parts, or text with escapes.
  core::Status value(const pugi::xml_node& node, char separator, std::string& out) {
    const bool has_parts = std::any_of(node.begin(), node.end(), [](const pugi::xml_node& child) {
      return is_element(child) && !is_escape(child);
    });
    if (!has_parts) return text(node, out);
    if (separator == 0) return refuse("more levels than field, component, sub-component", node);
    std::vector<std::string> parts;
    std::vector<bool> given;
    for (const pugi::xml_node& child : node.children()) {
      if (!is_element(child) && is_blank_text(child)) continue;   // indentation
      const int n = is_element(child) ? number_of(local_name(child)) : 0;
      if (n == 0 || n > kComponentsMax) return refuse("text or an element beside components", node);
      const auto at = static_cast<std::size_t>(n - 1);
      if (parts.size() <= at) {
        parts.resize(at + 1);
        given.resize(at + 1);
      }
      if (given[at]) return refuse("a component given twice", child);
      given[at] = true;
      const char below = separator == d_.component ? d_.subcomponent : '\0';
      if (auto status = value(child, below, parts[at]); !status) return status;
    }
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (i > 0) out.push_back(separator);
      out.append(parts[i]);
    }
    return {};
  }

  core::Status text(const pugi::xml_node& node, std::string& out) {
    // Blanks alone are indentation; beside text or an escape they belong to the value.
    if (node.first_child() == node.last_child() && is_blank_text(node.first_child()) &&
        !is_element(node.first_child())) {
      return {};
    }
    for (const pugi::xml_node& child : node.children()) {
      if (!is_escape(child)) {
        out.append(escape(child.value(), d_));
        continue;
      }
      const std::string_view sequence = child.attribute("V").value();
      if (sequence.empty() || d_.escape == 0 || escape(sequence, d_) != sequence) {
        return refuse("an escape element without a usable V", child);
      }
      out.append(1, d_.escape).append(sequence).append(1, d_.escape);
    }
    return {};
  }

  std::string_view xml_;
  Delimiters d_;
  std::string encoding_;
  std::string out_;
  std::size_t segments_ = 0;
};

}  // namespace

core::Result<std::string> xml_to_er7(std::string_view xml) {
  if (xml.size() > kTextBytesMax) {
    return core::fail(core::ErrorCode::kTooLong, "more bytes than a message may have");
  }
  if (auto status = lint_xml(xml); !status) return core::fail(std::move(status.error()));
  pugi::xml_document document;
  const pugi::xml_parse_result parsed =
      document.load_buffer(xml.data(), xml.size(), pugi::parse_default | pugi::parse_ws_pcdata,
                           pugi::encoding_utf8);
  if (!parsed) {
    return core::fail(core::ErrorCode::kBadXml, parsed.description(),
                      xml_line(xml, static_cast<std::size_t>(
                                        std::max<std::ptrdiff_t>(parsed.offset, 0))));
  }
  return Er7Writer(xml).run(document.document_element());
}

}  // namespace hl7
