#include <fhir/json.hpp>
#include <fhir/xml.hpp>

#include "xml_text.hpp"

namespace fhir {

namespace {

constexpr std::string_view kFhirNamespace = "http://hl7.org/fhir";

bool is_json_number(std::string_view text) {
  Document scratch(256);
  const auto parsed = parse_json(text, scratch);
  return parsed && (*parsed)->kind == Node::Kind::kNumber && text.front() != ' ' &&
         text.back() != ' ';
}

struct StringSink final : pugi::xml_writer {
  std::string out;
  void write(const void* data, std::size_t size) override {
    out.append(static_cast<const char*>(data), size);
  }
};

class Reader {
 public:
  Reader(const XmlTypes& types, Document& into) : types_(types), into_(into) {}

  Node* resource(pugi::xml_node node, std::string_view where) {
    const std::string_view type = node.name();
    if (!types_.is_resource(type)) return fail("unknown resource type", where);
    Node* made = into_.object();
    into_.add(made, "resourceType", into_.string(type));
    const std::string path = where.empty() ? std::string(type) : std::string(where);
    for (auto a = node.first_attribute(); a; a = a.next_attribute()) {
      const std::string_view name = a.name();
      if (name != "xmlns" && !name.starts_with("xmlns:") && name != "xsi:schemaLocation") {
        return fail("unknown attribute", path);
      }
    }
    return children(node, type, path, made) ? made : nullptr;
  }

  core::Error error() const { return {code_, error_, where_}; }

 private:
  Node* fail(std::string_view why, std::string_view where,
             core::ErrorCode code = core::ErrorCode::kBadResource) {
    if (error_.empty()) {
      error_ = why;
      where_ = where;
      code_ = code;
    }
    return nullptr;
  }

  bool children(pugi::xml_node node, std::string_view type, const std::string& path, Node* object) {
    for (const pugi::xml_node child : node) {
      if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata) {
        const std::string_view text = child.value();
        if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) continue;
        return fail("text between elements", path) != nullptr;
      }
      if (child.type() != pugi::node_element) continue;
      const std::string_view name = child.name();
      const std::string where = path + "." + std::string(name);
      XmlTypes::Element element;
      const std::string_view space = child.attribute("xmlns").value();
      const bool foreign = !space.empty() && space != kFhirNamespace && name != "div";
      if (foreign || !types_.find(type, name, element)) {
        return fail("unknown element", where) != nullptr;
      }
      if (!one(child, element, where, object)) return false;
    }
    return true;
  }

  bool one(pugi::xml_node node, const XmlTypes::Element& element, const std::string& where,
           Node* object) {
    using Kind = XmlTypes::Element::Kind;
    const std::string_view name = node.name();
    Node* value = nullptr;
    switch (element.kind) {
      case Kind::kXhtml: value = xhtml(node, where); break;
      case Kind::kResource: value = inner_resource(node, where); break;
      case Kind::kObject: value = complex(node, element.type, where); break;
      default: return primitive(node, element, where, object);
    }
    return value && put(object, name, element.repeats, value, where);
  }

  Node* xhtml(pugi::xml_node node, const std::string& where) {
    if (std::string_view(node.attribute("xmlns").value()) != "http://www.w3.org/1999/xhtml") {
      return fail("the div is not XHTML", where);
    }
    StringSink sink;
    node.print(sink, "", pugi::format_raw | pugi::format_no_declaration, pugi::encoding_utf8);
    return into_.string(sink.out);
  }

  Node* inner_resource(pugi::xml_node node, const std::string& where) {
    Node* made = nullptr;
    for (const pugi::xml_node child : node) {
      if (child.type() != pugi::node_element) continue;
      if (made) return fail("more than one resource", where);
      made = resource(child, where);
      if (!made) return nullptr;
    }
    return made ? made : fail("no resource", where);
  }

  Node* complex(pugi::xml_node node, std::string_view type, const std::string& where) {
    Node* made = into_.object();
    for (auto a = node.first_attribute(); a; a = a.next_attribute()) {
      const std::string_view name = a.name();
      if (name.starts_with("xmlns")) continue;
      if (name != "id" && !(name == "url" && type == "Extension")) {
        return fail("unknown attribute", where);
      }
      into_.add(made, name == "id" ? "id" : "url", into_.string(a.value()));
    }
    if (!children(node, type, where, made)) return nullptr;
    return made->count > 0 ? made : fail("an empty element", where);
  }

  bool primitive(pugi::xml_node node, const XmlTypes::Element& element, const std::string& where,
                 Node* object) {
    using Kind = XmlTypes::Element::Kind;
    Node* value = nullptr;
    Node* extra = into_.object();
    for (auto a = node.first_attribute(); a; a = a.next_attribute()) {
      const std::string_view name = a.name();
      const std::string_view text = a.value();
      if (name == "value") {
        if (element.kind == Kind::kBoolean && text != "true" && text != "false") {
          return fail("no boolean", where) != nullptr;
        }
        if (element.kind == Kind::kNumber && !is_json_number(text)) {
          return fail("no number", where) != nullptr;
        }
        if (text.empty()) return fail("an empty value", where) != nullptr;
        value = element.kind == Kind::kNumber    ? into_.number(text)
                : element.kind == Kind::kBoolean ? into_.boolean(text == "true")
                                                 : into_.string(text);
      } else if (name == "id") {
        into_.add(extra, "id", into_.string(text));
      } else if (!name.starts_with("xmlns")) {
        return fail("unknown attribute", where) != nullptr;
      }
    }
    if (!children(node, "Element", where, extra)) return false;
    if (!value && extra->count == 0) return fail("an empty element", where) != nullptr;
    return put_primitive(object, node.name(), element.repeats, value,
                         extra->count > 0 ? extra : nullptr, where);
  }

  bool put(Node* object, std::string_view name, bool repeats, Node* value,
           const std::string& where) {
    Node* there = object->find(name);
    if (!repeats) {
      if (there) return fail("occurs more than once", where) != nullptr;
      into_.add(object, name, value, true);
      return true;
    }
    if (!there) {
      there = into_.array();
      into_.add(object, name, there, true);
    }
    into_.append(there, value);
    return true;
  }

  /// Values and extensions of a list stand in two arrays, place by place.
  bool put_primitive(Node* object, std::string_view name, bool repeats, Node* value, Node* extra,
                     const std::string& where) {
    const std::string sibling = "_" + std::string(name);
    if (!repeats) {
      if (object->find(name) || object->find(sibling)) {
        return fail("occurs more than once", where) != nullptr;
      }
      if (value) into_.add(object, name, value, true);
      if (extra) into_.add(object, sibling, extra, true);
      return true;
    }
    Node* values = object->find(name);
    Node* extras = object->find(sibling);
    const std::uint32_t before = values ? values->count : extras ? extras->count : 0;
    const auto fill = [&](Node*& list, std::string_view list_name) {
      if (list) return;
      list = into_.array();
      into_.add(object, list_name, list, true);
      for (std::uint32_t n = 0; n < before; ++n) into_.append(list, into_.null());
    };
    if (value || values) {
      fill(values, name);
      into_.append(values, value ? value : into_.null());
    }
    if (extra || extras) {
      fill(extras, sibling);
      into_.append(extras, extra ? extra : into_.null());
    }
    return true;
  }

  const XmlTypes& types_;
  Document& into_;
  std::string error_, where_;
  core::ErrorCode code_ = core::ErrorCode::kBadResource;
};

}  // namespace

core::Result<Node*> parse_xml(std::string_view xml, const XmlTypes& types, Document& into) {
  pugi::xml_document document;
  if (auto status = load_xml(xml, document); !status) return core::fail(status.error());
  const pugi::xml_node root = document.document_element();
  if (std::string_view(root.attribute("xmlns").value()) != kFhirNamespace) {
    return core::fail(core::ErrorCode::kBadXml, "the root is not in FHIR's name space");
  }
  Reader reader(types, into);
  Node* made = reader.resource(root, {});
  if (!made) return core::fail(reader.error());
  return made;
}

}  // namespace fhir
