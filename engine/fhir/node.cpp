#include <algorithm>
#include <cstring>
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
    : arena_(std::make_unique<Arena>(first_block_bytes)) {}
Document::~Document() = default;
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;

void Document::reset() {
  Arena& a = *arena_;
  std::size_t kept = 0;
  std::erase_if(a.blocks, [&kept](const Arena::Block& block) {
    if (kept + block.size > kArenaKeptBytesMax) return true;
    kept += block.size;
    return false;
  });
  a.used_before = 0;
  a.current = 0;
  a.at = a.end = nullptr;
  if (!a.blocks.empty()) a.enter(0);
}

std::size_t Document::bytes_used() const {
  const Arena& a = *arena_;
  if (!a.at) return 0;
  return a.used_before + static_cast<std::size_t>(a.at - a.blocks[a.current].bytes.get());
}

void* Document::allocate(std::size_t bytes, std::size_t align) {
  return arena_->take(bytes, align);
}

char* Document::room(std::size_t bytes) { return static_cast<char*>(allocate(bytes, 1)); }

std::string_view Document::keep(std::string_view text) {
  if (text.empty()) return {};
  char* copy = room(text.size());
  std::memcpy(copy, text.data(), text.size());
  return {copy, text.size()};
}

Node* Document::object() { return arena_->node(Node::Kind::kObject); }
Node* Document::array() { return arena_->node(Node::Kind::kArray); }
Node* Document::string(std::string_view text, bool copy) {
  return arena_->node(Node::Kind::kString, copy ? keep(text) : text);
}
Node* Document::number(std::string_view text, bool copy) {
  return arena_->node(Node::Kind::kNumber, copy ? keep(text) : text);
}
Node* Document::boolean(bool value) {
  return arena_->node(Node::Kind::kBool, value ? "true" : "false");
}
Node* Document::null() { return arena_->node(Node::Kind::kNull); }

void Document::set(Node* object, std::string_view name, Node* value, bool copy_name) {
  for (Member* m = object->first_member; m; m = m->next) {
    if (m->name == name) {
      m->value = value;
      return;
    }
  }
  add(object, name, value, copy_name);
}

void Document::add(Node* object, std::string_view name, Node* value, bool copy_name) {
  arena_->add(object, copy_name ? keep(name) : name, value);
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

void Document::append(Node* array, Node* value) { arena_->append(array, value); }

Node* Document::clone(const Node* from, bool copy_text) {
  if (!from) return nullptr;
  const std::string_view text = copy_text && from->is_leaf() ? keep(from->text) : from->text;
  Node* copy = arena_->node(from->kind, text);
  copy->lineage = from->lineage;
  for (const Member* m = from->first_member; m; m = m->next) {
    add(copy, m->name, clone(m->value, copy_text), copy_text);
  }
  for (const Item* i = from->first_item; i; i = i->next) append(copy, clone(i->value, copy_text));
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
