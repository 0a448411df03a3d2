#include <algorithm>
#include <fhir/json.hpp>
#include <fhir/node.hpp>

#include "arena.hpp"

namespace fhir {

namespace {

/// Objects with more members are compared by sorting, so that hostile ones are not quadratic.
constexpr std::uint32_t kLinearMembersMax = 64;

}  // namespace

Node* Node::find(std::string_view name) const {
  for (const Member* m = first_member; m; m = m->next) {
    if (m->name == name) return m->value;
  }
  return nullptr;
}

Node* Node::item(std::size_t n) const {
  if (!is_array()) return n == 0 ? const_cast<Node*>(this) : nullptr;
  const Item* i = first_item;
  while (i && n--) i = i->next;
  return i ? i->value : nullptr;
}

std::string_view Node::text_of(std::string_view name) const {
  const Node* found = find(name);
  return found && found->is_leaf() ? found->text : std::string_view();
}

Document::Document(std::size_t first_block_bytes)
    : blocks_(std::make_unique<Blocks>(first_block_bytes)) {}
Document::~Document() = default;
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;

void Document::reset() {
  Blocks& b = *blocks_;
  std::size_t kept = 0;
  std::erase_if(b.all, [&kept](const Blocks::Block& block) {
    if (kept + block.size > kArenaKeptBytesMax) return true;
    kept += block.size;
    return false;
  });
  b.used_before = 0;
  b.current = 0;
  at_ = b.all.empty() ? nullptr : b.all[0].bytes.get();
  end_ = b.all.empty() ? nullptr : at_ + b.all[0].size;
}

std::size_t Document::bytes_used() const {
  if (!at_) return 0;
  const Blocks& b = *blocks_;
  return b.used_before + static_cast<std::size_t>(at_ - b.all[b.current].bytes.get());
}

[[gnu::noinline]] void* Document::take_more(std::size_t bytes, std::size_t align) {
  Blocks& b = *blocks_;
  b.grow(bytes, at_ != nullptr);
  at_ = b.all[b.current].bytes.get();
  end_ = at_ + b.all[b.current].size;
  return take(bytes, align);
}

bool Document::remove(Node* object, std::string_view name) {
  Member* before = nullptr;
  for (Member* m = object->first_member; m; before = m, m = m->next) {
    if (m->name != name) continue;
    (before ? before->next : object->first_member) = m->next;
    if (object->last_member == m) object->last_member = before;
    --object->count;
    return true;
  }
  return false;
}

Node* Document::clone(const Node* from, bool copy_text) {
  if (!from) return nullptr;
  Node* copy = node(from->kind);
  if (from->is_leaf()) copy->text = copy_text ? keep(from->text) : from->text;
  copy->lineage = from->lineage;
  for (const Member* m = from->first_member; m; m = m->next) {
    add(copy, m->name, clone(m->value, copy_text), copy_text);
  }
  for (const Item* i = from->first_item; i; i = i->next) append(copy, clone(i->value, copy_text));
  return copy;
}

Node* Document::copy_shared(const Node* from) {
  Node* copy = node(from->kind);
  copy->shared = true;
  if (from->is_leaf()) copy->text = keep(from->text);
  for (const Member* m = from->first_member; m; m = m->next) {
    add(copy, m->name, copy_shared(m->value));
  }
  for (const Item* i = from->first_item; i; i = i->next) append(copy, copy_shared(i->value));
  return copy;
}

namespace {

struct Written {
  Node* node;
  std::size_t begin, size;
};

/// As write_json(), with the place of every object and array.
void write_places(Node* node, std::string& out, std::vector<Written>& places) {
  if (node->is_leaf()) return write_json(node, out);
  const std::size_t begin = out.size();
  out += node->is_object() ? '{' : '[';
  for (const Member* m = node->first_member; m; m = m->next) {
    if (m != node->first_member) out += ',';
    write_json_string(m->name, out);
    out += ':';
    write_places(m->value, out, places);
  }
  for (const Item* i = node->first_item; i; i = i->next) {
    if (i != node->first_item) out += ',';
    write_places(i->value, out, places);
  }
  out += node->is_object() ? '}' : ']';
  places.push_back({node, begin, out.size() - begin});
}

}  // namespace

const Node* Document::share(const Node* from) {
  if (!from) return nullptr;
  Node* copy = copy_shared(from);
  std::string json;
  std::vector<Written> places;
  if (!copy->is_leaf()) write_places(copy, json, places);
  const std::string_view kept = keep(json);
  for (const Written& one : places) one.node->text = kept.substr(one.begin, one.size);
  return copy;
}

Node* Document::unshare(const Node* from) {
  Node* copy = node(from->kind);
  if (from->is_leaf()) copy->text = from->text;
  for (const Member* m = from->first_member; m; m = m->next) add(copy, m->name, m->value);
  for (const Item* i = from->first_item; i; i = i->next) append(copy, i->value);
  return copy;
}

namespace {

std::vector<const Member*> by_name(const Node* object) {
  std::vector<const Member*> members;
  members.reserve(object->count);
  for (const Member* m = object->first_member; m; m = m->next) members.push_back(m);
  std::sort(members.begin(), members.end(),
            [](const Member* a, const Member* b) { return a->name < b->name; });
  return members;
}

bool equal_objects(const Node* a, const Node* b) {
  const Member* x = a->first_member;
  const Member* y = b->first_member;
  // Most trees that are compared have their members in the same order.
  for (; x && y && x->name == y->name; x = x->next, y = y->next) {
    if (!equal(x->value, y->value)) return false;
  }
  if (!x) return true;
  if (a->count <= kLinearMembersMax) {
    for (; x; x = x->next) {
      const Node* other = b->find(x->name);
      if (!other || !equal(x->value, other)) return false;
    }
    return true;
  }
  const auto left = by_name(a);
  const auto right = by_name(b);
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](const Member* l, const Member* r) {
                      return l->name == r->name && equal(l->value, r->value);
                    });
}

}  // namespace

bool equal(const Node* a, const Node* b) {
  if (a == b) return true;
  if (!a || !b || a->kind != b->kind || a->count != b->count) return false;
  if (a->is_object()) return equal_objects(a, b);
  if (!a->is_array()) return a->text == b->text;
  const Item* x = a->first_item;
  const Item* y = b->first_item;
  for (; x && y; x = x->next, y = y->next) {
    if (!equal(x->value, y->value)) return false;
  }
  return !x && !y;
}

}  // namespace fhir
