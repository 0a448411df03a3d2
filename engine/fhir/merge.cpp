#include <algorithm>
#include <array>
#include <fhir/date_range.hpp>
#include <fhir/first_version.hpp>
#include <fhir/merge.hpp>
#include <string>

#include "unite.hpp"

namespace fhir {

namespace {

using Names = std::array<std::string_view, 10>;

/// Data types whose content comes from one field: nothing of an old value may stay beside a new.
constexpr std::array<Names, 13> kValueTypes = {
    Names{"coding", "text"},
    Names{"system", "version", "code", "display", "userSelected"},
    Names{"value", "comparator", "unit", "system", "code"},
    Names{"low", "high"},
    Names{"numerator", "denominator"},
    Names{"use", "type", "system", "value", "period", "assigner"},
    Names{"reference", "type", "identifier", "display"},
    Names{"use", "text", "family", "given", "prefix", "suffix", "period"},
    Names{"use", "type", "text", "line", "city", "district", "state", "postalCode", "country",
          "period"},
    Names{"system", "value", "use", "rank", "period"},
    Names{"contentType", "language", "data", "url", "size", "hash", "title", "creation"},
    Names{"status", "div"},
    Names{"origin", "period", "factor", "lowerLimit", "upperLimit", "dimensions", "data"},
};

std::string_view element_of(std::string_view name) {
  return name.starts_with('_') ? name.substr(1) : name;
}

bool all_in(const Node* object, const Names& names) {
  for (const Member* m = object->first_member; m; m = m->next) {
    const std::string_view name = element_of(m->name);
    if (name == "id" || name == "extension" || name.empty()) continue;
    if (std::find(names.begin(), names.end(), name) == names.end()) return false;
  }
  return true;
}

bool is_value(const Node* stored, const Node* incoming) {
  return std::any_of(kValueTypes.begin(), kValueTypes.end(), [&](const Names& names) {
    return all_in(stored, names) && all_in(incoming, names);
  });
}

/// As strip_nulls, but the nulls of the list itself stay: they hold the places of its values.
void strip_places(Node* node, Document& document) {
  if (!node->is_array()) return strip_nulls(node, document);
  for (Item* i = node->first_item; i; i = i->next) {
    if (i->value->is_leaf()) continue;
    strip_nulls(i->value, document);
    if (i->value->count == 0) i->value = document.null();
  }
}

bool kept_always(std::string_view name) {
  return name == "resourceType" || name == "id" || name == "meta";
}

/// `_name` of an element, without building the name.
const Member* sibling_of(const Node* object, std::string_view name) {
  for (const Member* m = object->first_member; m; m = m->next) {
    if (m->name.size() == name.size() + 1 && m->name[0] == '_' && m->name.substr(1) == name) {
      return m;
    }
  }
  return nullptr;
}

const Node* sibling_node(const Node* object, std::string_view name) {
  const Member* member = sibling_of(object, name);
  return member ? member->value : nullptr;
}

bool is_in(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool ends_before_start(const Node* period) {
  return fhir::ends_before_start(period->find("start"), period->find("end"));
}

class Merger {
 public:
  Merger(const MergePolicy& policy, Document& into) : policy_(policy), into_(into) {}

  Node* objects(const Node* stored, const Node* incoming, bool top) {
    Node* result = into_.object();
    for (const Member* m = stored->first_member; m; m = m->next) {
      const std::string_view name = element_of(m->name);
      if (name == m->name) {
        element(stored, incoming, name, top, result);
      } else if (!stored->find(name)) {
        element(stored, incoming, name, top, result);  // an extension without its value
      }
    }
    for (const Member* m = incoming->first_member; m; m = m->next) {
      const std::string_view name = element_of(m->name);
      if (stored->find(name) || sibling_of(stored, name)) continue;
      if (name != m->name && incoming->find(name)) continue;  // came with its element
      put_incoming(incoming, name, result);
    }
    if (!top && ends_before_start(result) && !ends_before_start(stored)) {
      into_.remove(result, "end");
      into_.remove(result, "_end");
    }
    return result;
  }

 private:
  /// Decides one element that `stored` has, by value, by extension or both.
  void element(const Node* stored, const Node* incoming, std::string_view name, bool top,
               Node* result) {
    const Node* old_value = stored->find(name);
    const Node* new_value = incoming->find(name);
    const Node* new_sibling = sibling_node(incoming, name);
    if (top && old_value && (name == "resourceType" || name == "id")) {
      return put(result, name, into_.clone(old_value));
    }
    if (top && is_in(policy_.keep, name)) return kept(stored, incoming, name, result);
    if (!new_value && new_sibling && new_sibling->kind == Node::Kind::kNull) {
      if (old_value) put(result, name, into_.clone(old_value));  // its extensions alone are cleared
      return;
    }
    if (!new_value && !new_sibling) {
      const bool gone = top ? removed_by_snapshot(name) : false;
      if (gone || ousted(name, old_value, incoming)) return;
      const Node* left =
          top && old_value ? without_gone(name, old_value, policy_, into_) : old_value;
      if (left == old_value) return put_stored(stored, name, result);
      if (left->count != 0) put(result, name, into_.clone(left));
      return;
    }
    const Node* old_sibling = sibling_node(stored, name);
    if (new_sibling || old_sibling) {
      if (!new_sibling && old_value && equal(old_value, new_value)) {
        return put_stored(stored, name, result);
      }
      return put_incoming(incoming, name, result);
    }
    const bool whole = policy_.mode == MergePolicy::Mode::kReplace && !(top && name == "meta");
    const Node* left = top ? without_gone(name, old_value, policy_, into_) : old_value;
    Node* made = one(name, left, new_value, whole);
    // A list made of both has them; what took the stored one's place may not mean all of it.
    if (top && made && policy_.list == MergePolicy::List::kReplace && !policy_.unite_person) {
      keep_unsaid(name, left, policy_, into_, made);
    }
    put_value(result, name, made, old_value);
  }

  /// The stored element stays; what it lacks of its parts it takes, unless it would contradict
  /// itself by that.
  void kept(const Node* stored, const Node* incoming, std::string_view name, Node* result) {
    const Node* old_value = stored->find(name);
    const Node* new_value = incoming->find(name);
    const bool parts = old_value && old_value->is_object() && new_value && new_value->is_object() &&
                       !sibling_of(stored, name) && !is_value(old_value, new_value);
    if (!parts) return put_stored(stored, name, result);
    Node* filled = into_.clone(old_value);
    for (const Member* m = new_value->first_member; m; m = m->next) {
      const std::string_view part = element_of(m->name);
      if (old_value->find(part) || sibling_of(old_value, part)) continue;
      if (part == m->name || !new_value->find(part)) put_incoming(new_value, part, filled);
    }
    const bool contradicts = ends_before_start(filled) && !ends_before_start(old_value);
    put(result, name, contradicts ? into_.clone(old_value) : filled);
  }

  Node* one(std::string_view name, const Node* stored, const Node* incoming, bool whole) {
    if (incoming->kind == Node::Kind::kNull) return nullptr;
    if (stored->is_array() && incoming->is_array()) {
      const bool extension = name == "extension" || name == "modifierExtension";
      if (policy_.list == MergePolicy::List::kUnion || (extension && !whole) ||
          (policy_.unite_person && name == "identifier")) {
        return unite(name, stored, incoming, into_);
      }
      if (policy_.unite_person && has_uses(name)) {
        return unite_by_use(name, stored, incoming, into_);
      }
    } else if (stored->is_object() && incoming->is_object() && !whole &&
               !is_value(stored, incoming)) {
      return objects(stored, incoming, false);
    }
    return stripped(incoming);
  }

  bool removed_by_snapshot(std::string_view name) const {
    if (policy_.mode != MergePolicy::Mode::kReplace || kept_always(name)) return false;
    return policy_.writable.empty() || is_in(policy_.writable, name);
  }

  /// Whether `incoming` has the same choice element in another type.
  static bool ousted(std::string_view name, const Node* value, const Node* incoming) {
    const Node any_type;  // an extension without a value
    const std::string_view base = choice_base(name, value ? value : &any_type);
    if (base.empty()) return false;
    for (const Member* m = incoming->first_member; m; m = m->next) {
      if (m->name.starts_with(base) && m->name != name && m->value->kind != Node::Kind::kNull &&
          choice_base(m->name, m->value) == base) {
        return true;
      }
    }
    return false;
  }

  Node* stripped(const Node* incoming) {
    Node* copy = into_.clone(incoming);
    strip_nulls(copy, into_);
    return copy;
  }
  Node* placed(const Node* incoming) {
    Node* copy = into_.clone(incoming);
    strip_places(copy, into_);
    return copy;
  }
  void put(Node* result, std::string_view name, Node* value) {
    into_.add(result, name, value, true);
  }
  /// What was emptied goes; what was stored empty stays as it was.
  void put_value(Node* result, std::string_view name, Node* value, const Node* stored) {
    if (!value) return;
    const bool emptied = !value->is_leaf() && value->count == 0;
    if (emptied && !(stored && equal(stored, value))) return;
    put(result, name, value);
  }
  void put_stored(const Node* stored, std::string_view name, Node* result) {
    if (const Node* value = stored->find(name)) put(result, name, into_.clone(value));
    if (const Member* sibling = sibling_of(stored, name)) {
      put(result, sibling->name, into_.clone(sibling->value));
    }
  }
  void put_incoming(const Node* incoming, std::string_view name, Node* result) {
    const Node* value = incoming->find(name);
    const Member* sibling = sibling_of(incoming, name);
    if (value && value->kind != Node::Kind::kNull) {
      // Beside `_name` a null in a list holds a place.
      put_value(result, name, sibling ? placed(value) : stripped(value), nullptr);
    }
    if (sibling && sibling->value->kind != Node::Kind::kNull) {
      put_value(result, sibling->name, placed(sibling->value), nullptr);
    }
  }

  const MergePolicy& policy_;
  Document& into_;
};

}  // namespace

void strip_nulls(Node* node, Document& document) {
  const auto gone = [](const Node* value) {
    return value->kind == Node::Kind::kNull || (!value->is_leaf() && value->count == 0);
  };
  if (node->is_object()) {
    for (const Member* m = node->first_member; m; m = m->next) {
      const bool holds_places =
          m->value->is_array() && (m->name.starts_with('_') || sibling_of(node, m->name));
      holds_places ? strip_places(m->value, document) : strip_nulls(m->value, document);
      if (gone(m->value)) document.remove(node, m->name);
    }
    return;
  }
  if (!node->is_array()) return;
  Item* before = nullptr;
  for (Item* i = node->first_item; i; i = i->next) {
    strip_nulls(i->value, document);
    if (!gone(i->value)) {
      before = i;
      continue;
    }
    (before ? before->next : node->first_item) = i->next;
    --node->count;
  }
  node->last_item = before;
}

Node* first_version(std::string_view type, std::string_view id, const Node* incoming,
                    Document& into) {
  Node* result = into.object();
  into.add(result, "resourceType", into.string(type));
  into.add(result, "id", into.string(id));
  const auto take = [&](const Member* member, bool holds_places) {
    Node* value = member->value;
    if (value->kind == Node::Kind::kNull) return;
    holds_places ? strip_places(value, into) : strip_nulls(value, into);
    if (value->is_leaf() || value->count != 0) into.add(result, member->name, value);
  };
  for (const Member* m = incoming->first_member; m; m = m->next) {
    const std::string_view name = element_of(m->name);
    if (name == "resourceType" || name == "id") continue;
    if (name != m->name) {
      if (!incoming->find(name)) take(m, true);   // else it came with its element
      continue;
    }
    const Member* sibling = sibling_of(incoming, name);
    take(m, sibling != nullptr);
    if (sibling) take(sibling, true);
  }
  return result;
}

Node* merge(const Node* stored, const Node* incoming, const MergePolicy& policy, Document& into) {
  if (!stored) {
    Node* copy = into.clone(incoming);
    strip_nulls(copy, into);
    return copy;
  }
  return Merger(policy, into).objects(stored, incoming, true);
}

}  // namespace fhir
