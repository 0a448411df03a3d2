#include "unite.hpp"

#include <algorithm>
#include <array>
#include <fhir/merge.hpp>
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

}  // namespace fhir
