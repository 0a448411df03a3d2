#include <algorithm>
#include <fhir/xml.hpp>
#include <vector>

#include "xml_text.hpp"

namespace fhir {

namespace {

constexpr std::string_view kFhirNamespace = "http://hl7.org/fhir";

/// An element of an object: its value, what stands in `_name`, and what R4 says.
struct Part {
  std::string_view name;
  const Node* value = nullptr;
  const Node* extra = nullptr;
  XmlTypes::Element element;
};

class Writer {
 public:
  Writer(const XmlTypes& types, std::string& out) : types_(types), out_(out) {}

  bool resource(const Node* node, bool root) {
    const std::string_view type = node->text_of("resourceType");
    if (!types_.is_resource(type)) return fail("resourceType");
    ++depth_;
    out_.append("<").append(type);
    if (root) out_.append(" xmlns=\"").append(kFhirNamespace).append("\"");
    std::vector<Part> parts;
    if (!collect(node, type, parts)) return false;
    close_start(parts.empty());
    for (const Part& part : parts) {
      if (!each(part)) return false;
    }
    if (!parts.empty()) out_.append("</").append(type).append(">");
    --depth_;
    return true;
  }

  const std::string& failed() const { return failed_; }

 private:
  bool fail(std::string_view where) {
    if (failed_.empty()) failed_ = where;
    return false;
  }
  bool fail_in(std::string_view type, std::string_view name) {
    return fail(std::string(type) + "." + std::string(name));
  }
  void close_start(bool empty) { out_ += empty ? "/>" : ">"; }
  void attribute(std::string_view name, std::string_view value) {
    out_.append(" ").append(name).append("=\"");
    escape_xml(value, out_);
    out_ += '"';
  }

  /// The elements of an object in the order of their definition.
  bool collect(const Node* node, std::string_view type, std::vector<Part>& parts) {
    for (const Member* m = node->first_member; m; m = m->next) {
      if (m->name == "resourceType") continue;
      const bool extra = m->name.starts_with('_');
      const std::string_view name = extra ? m->name.substr(1) : m->name;
      auto part = std::find_if(parts.begin(), parts.end(),
                               [name](const Part& other) { return other.name == name; });
      if (part == parts.end()) {
        Part made{.name = name};
        if (!types_.find(type, name, made.element)) return fail_in(type, name);
        parts.push_back(std::move(made));
        part = parts.end() - 1;
      }
      (extra ? part->extra : part->value) = m->value;
    }
    std::stable_sort(parts.begin(), parts.end(), [](const Part& a, const Part& b) {
      return a.element.order < b.element.order;
    });
    return true;
  }

  bool each(const Part& part) {
    const bool list =
        (part.value && part.value->is_array()) || (part.extra && part.extra->is_array());
    if (!list) return one(part, part.value, part.extra);
    const std::size_t count =
        std::max(part.value ? part.value->count : 0u,
                 part.extra && part.extra->is_array() ? part.extra->count : 0u);
    const Item* value = part.value ? part.value->first_item : nullptr;
    const Item* extra = part.extra ? part.extra->first_item : nullptr;
    for (std::size_t n = 0; n < count; ++n) {
      if (!one(part, value ? value->value : nullptr, extra ? extra->value : nullptr)) return false;
      value = value ? value->next : nullptr;
      extra = extra ? extra->next : nullptr;
    }
    return true;
  }

  bool one(const Part& part, const Node* value, const Node* extra) {
    using Kind = XmlTypes::Element::Kind;
    if (depth_ > kXmlDepthMax) return fail(part.name);
    const auto open_close = [&](const auto& inside) {
      out_.append("<").append(part.name).append(">");
      if (!inside()) return false;
      out_.append("</").append(part.name).append(">");
      return true;
    };
    switch (part.element.kind) {
      case Kind::kXhtml: return value && value->is_leaf() && xhtml(part, value->text);
      case Kind::kResource:
        if (!value || !value->is_object()) return fail(part.name);
        return open_close([&] { return resource(value, false); });
      case Kind::kObject:
        if (!value || !value->is_object()) return fail(part.name);
        return object(part.name, value, part.element.type, nullptr);
      default: {
        const bool nothing = !value || value->kind == Node::Kind::kNull;
        if (value && !value->is_leaf()) return fail(part.name);
        static const Node kEmpty{.kind = Node::Kind::kObject};
        const Node* inner = extra && extra->is_object() ? extra : &kEmpty;
        if (nothing && inner == &kEmpty) return true;
        return object(part.name, inner, "Element", nothing ? nullptr : &value->text);
      }
    }
  }

  bool object(std::string_view name, const Node* node, std::string_view type,
              const std::string_view* value) {
    ++depth_;
    std::vector<Part> parts;
    if (!collect(node, type, parts)) return false;
    out_.append("<").append(name);
    const auto attributed = [type](const Part& part) {
      return part.name == "id" || (part.name == "url" && type == "Extension");
    };
    for (const Part& part : parts) {
      if (attributed(part) && part.value) attribute(part.name, part.value->text);
    }
    if (value) attribute("value", *value);
    std::erase_if(parts, attributed);
    close_start(parts.empty());
    for (const Part& part : parts) {
      if (!each(part)) return false;
    }
    if (!parts.empty()) out_.append("</").append(name).append(">");
    --depth_;
    return true;
  }

  /// Narrative goes out as it is, once it is known to be one well-formed div.
  bool xhtml(const Part& part, std::string_view text) {
    pugi::xml_document document;
    if (!load_xml(text, document)) return fail(part.name);
    const pugi::xml_node div = document.document_element();
    for (const pugi::xml_node node : document) {
      const bool text_only = node.type() == pugi::node_element || node.type() == pugi::node_pcdata;
      if (!text_only) return fail(part.name);
    }
    const bool good = std::string_view(div.name()) == "div" &&
                      std::string_view(div.attribute("xmlns").value()) ==
                          "http://www.w3.org/1999/xhtml";
    if (!good) return fail(part.name);
    out_ += text;
    return true;
  }

  const XmlTypes& types_;
  std::string& out_;
  std::string failed_;
  int depth_ = 0;
};

}  // namespace

core::Result<std::string> write_xml(const Node* resource, const XmlTypes& types) {
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
  Writer writer(types, out);
  if (writer.resource(resource, true)) return out;
  return core::fail(core::ErrorCode::kBadResource, "the resource cannot be written as XML",
                    writer.failed());
}

}  // namespace fhir
