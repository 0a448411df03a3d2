#include "r4_validate.hpp"

#include <array>
#include <bitset>

namespace schema {

std::string Place::text() const {
  std::string result;
  if (above != nullptr) result = above->text() + '.';
  result += name;
  if (index >= 0) result += '[' + std::to_string(index) + ']';
  return result;
}

namespace {

using fhir::Member;
using fhir::Node;
using Impl = R4Internals::Impl;

constexpr std::size_t kElementsMax = 128;  ///< elements of one type; R4's largest has about 60
constexpr int kDepthMax = 200;             ///< of the tree; parse_json allows less

std::string quoted(std::string_view name) { return '"' + std::string(name) + '"'; }

class Validator {
 public:
  Validator(const R4& r4, std::vector<Fault>& faults)
      : check_{R4Internals::of(r4), faults}, impl_(check_.r4) {
    resource_ = impl_.find_type("Resource");
    reference_ = impl_.find_type("Reference");
    extension_ = impl_.find_type("Extension");
    element_ = impl_.find_type("Element");
  }

  void run(const Node* resource) {
    if (resource == nullptr || !resource->is_object()) {
      check_.fault(Place{nullptr, "?"}, "a resource is a JSON object");
      return;
    }
    const std::string_view type = resource->text_of("resourceType");
    check_resource(resource, Place{nullptr, type.empty() ? "?" : type}, 0, nullptr);
  }

 private:
  /// Which elements of an object came, and under which name.
  struct Seen {
    std::bitset<kElementsMax> elements;
    std::array<std::uint16_t, kElementsMax> choice{};
  };

  void check_resource(const Node* node, const Place& at, int depth, const Node* container) {
    if (!node->is_object()) return check_.fault(at, "a resource is a JSON object");
    const std::string_view name = node->text_of("resourceType");
    const TypeIndex type = name.empty() ? kNoType : impl_.find_type(name);
    if (type == kNoType || impl_.types[type].kind != TypeEntry::Kind::kResource ||
        impl_.types[type].abstract) {
      return check_.fault(at, name.empty() ? "resourceType is missing"
                                           : quoted(name) + " is no R4 resource type");
    }
    const Node* before = container_;
    if (container == nullptr) container_ = node;
    else check_contained(node, at);
    std::unordered_set<std::string_view> urls;
    const auto* const urls_before = urls_;
    if (name == "Bundle" && list_urls(node, urls)) urls_ = &urls;
    check_object(node, type, at, depth, true);
    urls_ = urls_before;
    container_ = before;
  }

  /// fullUrls of a Bundle whose urn: references must be among them.
  static bool list_urls(const Node* bundle, std::unordered_set<std::string_view>& urls) {
    const std::string_view type = bundle->text_of("type");
    const Node* entries = bundle->find("entry");
    if (entries == nullptr || (type != "transaction" && type != "batch" && type != "message" &&
                               type != "document")) {
      return false;
    }
    for (const fhir::Item* item = entries->first_item; item != nullptr; item = item->next) {
      urls.insert(item->value->text_of("fullUrl"));
    }
    return true;
  }

  void check_contained(const Node* node, const Place& at) {
    if (node->find("contained") != nullptr) {
      check_.fault(at, "contained", "a contained resource contains none itself");
    }
    if (node->find("id") == nullptr) check_.fault(at, "id", "a contained resource needs an id");
    const Node* meta = node->find("meta");
    for (const char* name : {"versionId", "lastUpdated", "security"}) {
      if (meta != nullptr && meta->find(name) != nullptr) {
        check_.fault(at, "meta", std::string("a contained resource has no ") + name);
      }
    }
  }

  void check_object(const Node* node, TypeIndex type, const Place& at, int depth, bool resource) {
    if (!node->is_object()) return check_.fault(at, "must be a JSON object");
    if (node->count == (resource ? 1u : 0u)) {
      return check_.fault(at, resource ? "the resource has no content" : "empty object");
    }
    if (depth > kDepthMax) return check_.fault(at, "nested too deep");
    Seen seen;
    for (const Member* member = node->first_member; member != nullptr; member = member->next) {
      if (resource && member->name == "resourceType") continue;
      check_member(node, *member, type, at, depth, seen);
    }
    check_missing(type, at, seen);
    if (type == extension_) check_extension(node, at);
    check_invariants(check_, impl_.types[type].name, node, at);
  }

  void check_member(const Node* node, const Member& member, TypeIndex type, const Place& at,
                    int depth, Seen& seen) {
    const bool sibling = member.name.starts_with('_');
    const std::string_view name = sibling ? member.name.substr(1) : member.name;
    const Impl::ChildSlot* slot = impl_.find_child(type, name);
    const Place here{&at, member.name};
    if (slot == nullptr) return check_.fault(here, "unknown element");
    const ElementDef& element = impl_.elements[slot->element];
    const TypeIndex value_type = impl_.type_of(*slot);
    const bool primitive = impl_.types[value_type].kind == TypeEntry::Kind::kPrimitive;
    if (sibling && !primitive)
      return check_.fault(here, "only primitive elements have a _ sibling");
    const std::size_t ordinal = slot->element - impl_.types[type].begin;
    if (ordinal < kElementsMax) {
      if (element.choice && seen.elements[ordinal] && seen.choice[ordinal] != slot->type) {
        check_.fault(here, "more than one " + element.name + "[x]");
      }
      seen.elements[ordinal] = true;
      seen.choice[ordinal] = slot->type;
    }
    const Node* other = nullptr;
    if (primitive) {
      other = node->find(sibling ? name : std::string_view(sibling_name(name)));
    }
    if (element.repeats)
      return check_list(*member.value, other, *slot, sibling, at, member.name, depth);
    if (member.value->is_array()) return check_.fault(here, "does not repeat, so it is no array");
    check_value(member.value, *slot, sibling, here, depth);
  }

  std::string& sibling_name(std::string_view name) {
    scratch_.assign(1, '_');
    return scratch_ += name;
  }

  void check_list(const Node& list, const Node* other, const Impl::ChildSlot& slot, bool sibling,
                  const Place& at, std::string_view name, int depth) {
    const Place here{&at, name};
    if (!list.is_array()) return check_.fault(here, "repeats, so it must be an array");
    if (list.count == 0) return check_.fault(here, "empty array");
    if (other != nullptr && other->is_array() && other->count != list.count) {
      check_.fault(here, "differs in length from its _ sibling");
    }
    int index = 0;
    const fhir::Item* partner = other != nullptr ? other->first_item : nullptr;
    for (const fhir::Item* item = list.first_item; item != nullptr; item = item->next, ++index) {
      const Place place{&at, name, index};
      if (item->value->kind == Node::Kind::kNull) {
        const bool there = partner != nullptr && partner->value->kind != Node::Kind::kNull;
        if (!there) check_.fault(place, "null without a value in the sibling array");
      } else {
        check_value(item->value, slot, sibling, place, depth);
      }
      if (partner != nullptr) partner = partner->next;
    }
  }

  /// One value: not an array.
  void check_value(const Node* value, const Impl::ChildSlot& slot, bool sibling, const Place& at,
                   int depth) {
    const ElementDef& element = impl_.elements[slot.element];
    const TypeIndex type = impl_.type_of(slot);
    if (value->kind == Node::Kind::kNull) return check_.fault(at, "null");
    if (value->is_array()) return check_.fault(at, "array within an array");
    if (sibling) return check_object(value, element_, at, depth + 1, false);
    if (type == resource_ || impl_.types[type].kind == TypeEntry::Kind::kResource) {
      return check_resource(value, at, depth + 1,
                            element.name == "contained" ? container_ : nullptr);
    }
    if (impl_.types[type].kind == TypeEntry::Kind::kPrimitive) {
      check_primitive(value, impl_.types[type].name, at);
    } else {
      check_object(value, type, at, depth + 1, false);
    }
    if (type == reference_) check_reference_value(value, element, at);
    if (impl_.extras[slot.element].value_set >= 0) {
      check_binding(value, impl_.value_sets[static_cast<std::size_t>(
                               impl_.extras[slot.element].value_set)],
                    element, impl_.types[type].name, at);
    }
  }

  void check_primitive(const Node* value, std::string_view type, const Place& at) {
    if (!value->is_leaf()) {
      return check_.fault(at, "must be a " + std::string(type) + ", not a structure");
    }
    Node::Kind expected = Node::Kind::kString;
    if (type == "boolean") expected = Node::Kind::kBool;
    else if (type == "integer" || type == "decimal" || type == "positiveInt" ||
             type == "unsignedInt") {
      expected = Node::Kind::kNumber;
    }
    if (value->kind != expected) {
      const char* wanted = expected == Node::Kind::kBool     ? "boolean"
                           : expected == Node::Kind::kNumber ? "number"
                                                             : "string";
      return check_.fault(at, std::string("must be a JSON ") + wanted);
    }
    if (!valid_primitive(type, value->text)) {
      check_.fault(at, value->text.empty() ? "empty" : "is no valid " + std::string(type));
    }
  }

  void check_binding(const Node* value, const ValueSetEntry& set, const ElementDef& element,
                     std::string_view type, const Place& at) {
    if (!set.enumerated) return;
    bool good = true;
    if (value->kind == Node::Kind::kString) {
      good = set.has(value->text);
    } else if (type == "Coding") {
      good = set.has(value->text_of("system"), value->text_of("code"));
    } else if (type == "CodeableConcept") {
      good = false;
      const Node* codings = value->find("coding");
      const fhir::Item* item = codings == nullptr ? nullptr : codings->first_item;
      for (; item != nullptr && !good; item = item->next) {
        good = set.has(item->value->text_of("system"), item->value->text_of("code"));
      }
    }
    if (!good) check_.fault(at, "has no code of value set " + element.required_binding);
  }

  void check_missing(TypeIndex type, const Place& at, const Seen& seen) {
    const TypeEntry& entry = impl_.types[type];
    for (std::uint32_t i = 0; i < entry.count && i < kElementsMax; ++i) {
      const ElementDef& element = impl_.elements[entry.begin + i];
      if (element.min == 0 || seen.elements[i]) continue;
      check_.fault(at, element.name, element.choice ? "one of " + element.name + "[x] is required"
                                                    : "required element is missing");
    }
  }

  void check_extension(const Node* node, const Place& at) {
    int values = 0;
    for (const Member* member = node->first_member; member != nullptr; member = member->next) {
      const std::string_view name =
          member->name.starts_with('_') ? member->name.substr(1) : member->name;
      const bool counted = !member->name.starts_with('_') || node->find(name) == nullptr;
      if (name.starts_with("value") && counted) ++values;
    }
    const bool nested = node->find("extension") != nullptr;
    if (values == 0 && !nested) check_.fault(at, "an extension has a value or extensions");
    if (values > 0 && nested) check_.fault(at, "an extension has a value or extensions, not both");
  }

  void check_reference_value(const Node* value, const ElementDef& element, const Place& at) {
    check_reference(check_, element, value, at);
    const std::string_view text = value->text_of("reference");
    if (urls_ != nullptr && text.starts_with("urn:") && urls_->find(text) == urls_->end()) {
      check_.fault(at, "reference", "no entry of the Bundle has that fullUrl");
    }
    if (text.size() < 2 || text[0] != '#') return;
    const Node* contained = container_->find("contained");
    const fhir::Item* item = contained == nullptr ? nullptr : contained->first_item;
    for (; item != nullptr; item = item->next) {
      if (item->value->text_of("id") == text.substr(1)) return;
    }
    check_.fault(at, "reference", "no contained resource has that id");
  }

  R4Check check_;
  const Impl& impl_;
  TypeIndex resource_, reference_, extension_, element_;
  const Node* container_ = nullptr;   ///< the resource whose contained ones count
  const std::unordered_set<std::string_view>* urls_ = nullptr;   ///< of the innermost Bundle
  std::string scratch_;
};

}  // namespace

std::vector<Fault> validate(const R4& r4, const fhir::Node* resource) {
  std::vector<Fault> faults;
  Validator(r4, faults).run(resource);
  return faults;
}

}  // namespace schema
