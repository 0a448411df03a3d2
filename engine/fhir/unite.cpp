#include "unite.hpp"

#include <algorithm>
#include <array>
#include <fhir/merge.hpp>
#include <cstdint>
#include <functional>
#include <vector>

namespace fhir {

namespace {

using Key = std::array<std::string_view, 3>;

/// What makes two items of that list the same thing; false when the item has no such key.
bool business_key(std::string_view list, const Node* item, Key& key) {
  if (!item->is_object()) return false;
  if (list == "identifier") {
    key = {item->text_of("system"), item->text_of("value"), {}};
    return !key[1].empty();
  }
  if (list == "extension" || list == "modifierExtension") {
    key = {item->text_of("url"), {}, {}};
    return !key[0].empty();
  }
  if (list == "coding" || list == "tag" || list == "security") {
    key = {item->text_of("system"), item->text_of("code"), {}};
    return !key[1].empty();
  }
  if (list == "telecom") {
    key = {item->text_of("system"), item->text_of("value"), item->text_of("use")};
    return !key[1].empty();
  }
  return false;
}

std::size_t mix(std::size_t a, std::size_t b) {
  return a ^ (b + 0x9E3779B97F4A7C15u + (a << 6) + (a >> 2));
}

struct Entry {
  const Node* item = nullptr;
  Key key;
  bool keyed = false;
  std::size_t hash = 0;
  std::size_t index = 0;
  std::size_t used = 0;  ///< on the first of equal hashes: how many of them were taken
};

std::vector<Entry> entries_of(std::string_view list, const Node* array) {
  std::vector<Entry> entries;
  entries.reserve(array->count);
  for (const Item* i = array->first_item; i; i = i->next) {
    Entry entry{.item = i->value, .index = entries.size()};
    entry.keyed = business_key(list, i->value, entry.key);
    const std::hash<std::string_view> hash;
    entry.hash = entry.keyed
                     ? mix(mix(hash(entry.key[0]), hash(entry.key[1])), hash(entry.key[2])) | 1u
                     : content_hash(i->value) & ~std::size_t{1};
    entries.push_back(entry);
  }
  return entries;
}

bool by_hash(const Entry& a, const Entry& b) {
  return a.hash != b.hash ? a.hash < b.hash : a.index < b.index;
}

bool same(const Entry& a, const Entry& b) {
  if (a.keyed != b.keyed) return false;
  return a.keyed ? a.key == b.key : equal(a.item, b.item);
}

}  // namespace

std::size_t content_hash(const Node* node) {
  const std::hash<std::string_view> hash;
  std::size_t sum = static_cast<std::size_t>(node->kind);
  for (const Member* m = node->first_member; m; m = m->next) {
    sum += mix(hash(m->name), content_hash(m->value));
  }
  for (const Item* i = node->first_item; i; i = i->next) sum = mix(sum, content_hash(i->value));
  return node->is_leaf() ? mix(sum, hash(node->text)) : sum;
}

Node* unite(std::string_view name, const Node* stored, const Node* incoming, Document& into) {
  std::vector<Entry> old = entries_of(name, stored);
  std::vector<const Node*> result;
  for (const Entry& entry : old) result.push_back(entry.item);
  std::sort(old.begin(), old.end(), by_hash);

  std::vector<Entry*> matched;  // first of each run of stored entries that something came for
  for (const Entry& entry : entries_of(name, incoming)) {
    if (entry.item->kind == Node::Kind::kNull) continue;
    const auto run = std::lower_bound(old.begin(), old.end(), Entry{.hash = entry.hash}, by_hash);
    const bool there = run != old.end() && run->hash == entry.hash && same(*run, entry);
    if (there && !entry.keyed) continue;
    if (there && run->used == 0) matched.push_back(&*run);
    const auto slot = there ? run + static_cast<std::ptrdiff_t>(run->used) : old.end();
    // The n-th with a key takes the place of the n-th that is stored.
    if (slot != old.end() && slot->hash == entry.hash) {
      result[slot->index] = entry.item;
      ++run->used;
    } else {
      result.push_back(entry.item);
    }
  }
  for (const Entry* first : matched) {
    const Entry* past = old.data() + old.size();
    for (const Entry* left = first + first->used; left < past && left->hash == first->hash;
         ++left) {
      result[left->index] = nullptr;
    }
  }
  Node* list = into.array();
  for (const Node* item : result) {
    if (!item) continue;
    Node* copy = into.clone(item);
    strip_nulls(copy, into);
    if (copy->is_leaf() || copy->count > 0) into.append(list, copy);
  }
  return list;
}

bool has_uses(std::string_view name) {
  return name == "name" || name == "address" || name == "telecom";
}

namespace {

using Use = std::array<std::string_view, 2>;

Use use_of(std::string_view list, const Node* item) {
  const std::string_view use = item->text_of("use");
  if (list == "telecom") return {use, item->text_of("system")};
  if (list == "address") {
    const std::string_view type = item->text_of("type");
    return {use == "home" ? std::string_view() : use, type == "postal" ? type : std::string_view()};
  }
  // What a person is called mostly is mostly sent without saying so.
  return {use == "official" || use == "usual" ? std::string_view() : use, {}};
}

bool same_letters(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [&](char x, char y) {
           return lower(x) == lower(y);
         });
}

bool says_no_more(const Node* incoming, const Node* stored) {
  if (incoming->kind == Node::Kind::kNull) return true;
  if (incoming->kind != stored->kind) return false;
  for (const Member* m = incoming->first_member; m; m = m->next) {
    const Node* known = stored->find(m->name);
    if (m->name != "use" && (!known || !says_no_more(m->value, known))) return false;
  }
  const Item* known = stored->first_item;
  for (const Item* i = incoming->first_item; i; i = i->next, known = known->next) {
    if (!known || !says_no_more(i->value, known->value)) return false;
  }
  return !incoming->is_leaf() || same_letters(incoming->text, stored->text);
}

}  // namespace

Node* unite_by_use(std::string_view name, const Node* stored, const Node* incoming,
                   Document& into) {
  const auto any = [&](const Node* list, const Use& use, auto&& holds) {
    for (const Item* i = list->first_item; i; i = i->next) {
      if (i->value->is_object() && use_of(name, i->value) == use && holds(i->value)) return true;
    }
    return false;
  };
  /// Whether the incoming items of that use tell what is not known.
  const auto tells = [&](const Use& use) {
    return any(incoming, use, [&](const Node* item) {
      return !any(stored, use, [&](const Node* known) { return says_no_more(item, known); });
    });
  };
  Node* list = into.array();
  const auto add = [&](const Node* item) {
    Node* copy = into.clone(item);
    strip_nulls(copy, into);
    if (copy->is_leaf() || copy->count > 0) into.append(list, copy);
  };
  const auto add_all = [&](const Use& use) {
    for (const Item* i = incoming->first_item; i; i = i->next) {
      if (i->value->is_object() && use_of(name, i->value) == use) add(i->value);
    }
  };
  std::vector<Use> done;   // uses whose incoming items are in their place
  for (const Item* i = stored->first_item; i; i = i->next) {
    const Use use = i->value->is_object() ? use_of(name, i->value) : Use();
    if (!i->value->is_object() || !tells(use)) {
      add(i->value);
    } else if (std::find(done.begin(), done.end(), use) == done.end()) {
      done.push_back(use);
      add_all(use);
    }
  }
  for (const Item* i = incoming->first_item; i; i = i->next) {
    if (!i->value->is_object()) continue;
    const Use use = use_of(name, i->value);
    if (any(stored, use, [](const Node*) { return true; })) continue;
    add(i->value);
  }
  return list;
}

namespace {

std::string_view kind_of(std::string_view list, const Node* item) {
  if (list == "extension") {
    const std::string_view url = item->text_of("url");
    return url.substr(url.rfind('/') + 1);
  }
  if (list != "identifier") return item->text_of("use");
  const Node* type = item->find("type");
  const Node* codings = type && type->is_object() ? type->find("coding") : nullptr;
  const bool coded = codings && codings->is_array() && codings->first_item &&
                     codings->first_item->value->is_object();
  return coded ? codings->first_item->value->text_of("code") : std::string_view();
}

/// Whether the item is of a part that has its bit in `bits`.
bool is_of(std::string_view list, const Node* item, const MergePolicy& policy, std::uint32_t bits) {
  if (!item->is_object()) return false;
  const std::string_view kind = kind_of(list, item);
  for (std::size_t i = 0; i < policy.parts.size(); ++i) {
    const ListPart& part = policy.parts[i];
    if ((bits >> i & 1u) == 0 || part.list != list) continue;
    if (part.kinds == "*") return true;
    const std::size_t at = kind.empty() ? std::string_view::npos : part.kinds.find(kind);
    if (at != std::string_view::npos && at > 0 && part.kinds[at - 1] == '|' &&
        part.kinds[at + kind.size()] == '|') {
      return true;
    }
  }
  return false;
}

}  // namespace

const Node* without_gone(std::string_view name, const Node* stored, const MergePolicy& policy,
                         Document& into) {
  if (policy.parts_gone == 0 || !stored->is_array()) return stored;
  Node* left = into.array();
  for (const Item* i = stored->first_item; i; i = i->next) {
    if (!is_of(name, i->value, policy, policy.parts_gone)) into.append(left, into.clone(i->value));
  }
  return left->count == stored->count ? stored : left;
}

void keep_unsaid(std::string_view name, const Node* stored, const MergePolicy& policy,
                 Document& into, Node* list) {
  if (policy.parts_empty == 0 || !stored->is_array() || !list->is_array()) return;
  for (const Item* i = stored->first_item; i; i = i->next) {
    if (!is_of(name, i->value, policy, policy.parts_empty)) continue;
    bool there = false;
    for (const Item* j = list->first_item; j && !there; j = j->next) {
      there = equal(i->value, j->value);
    }
    if (!there) into.append(list, into.clone(i->value));
  }
}

}  // namespace fhir
