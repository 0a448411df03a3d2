#pragma once
#include <core/result.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <vector>

namespace fhir {

struct Node;

/// A member of an object, in written order. `name` points into the document's arena or to text
/// that outlives it (plan literals).
struct Member {
  std::string_view name;
  Node* value = nullptr;
  Member* next = nullptr;
};
struct Item {
  Node* value = nullptr;
  Item* next = nullptr;
};

/// One JSON value of a resource. Plain data in an arena: never owned, never freed singly.
/// Numbers keep their written text (FHIR decimals: 1.10 stays 1.10).
struct Node {
  enum class Kind : std::uint8_t { kObject, kArray, kString, kNumber, kBool, kNull };

  Kind kind = Kind::kNull;
  /// Several trees point here (Document::share): neither this nor what is below may be changed. A
  /// shared object or array has its compact JSON in `text`.
  bool shared = false;
  std::uint32_t lineage = 0;  ///< the producer's mark of where a leaf came from; 0 = none
  std::uint32_t count = 0;    ///< members or items
  std::string_view text;      ///< string (unescaped), number as written, "true"/"false"
  Member* first_member = nullptr;
  Member* last_member = nullptr;
  Item* first_item = nullptr;
  Item* last_item = nullptr;

  bool is_object() const { return kind == Kind::kObject; }
  bool is_array() const { return kind == Kind::kArray; }
  bool is_leaf() const { return !is_object() && !is_array(); }
  /// Member by name, nullptr when absent (or no object).
  Node* find(std::string_view name) const;
  /// n-th item, 0-based; nullptr beyond the end. For a non-array, item 0 is the node itself.
  Node* item(std::size_t n) const;
  /// Text of a leaf member, empty when absent.
  std::string_view text_of(std::string_view name) const;
};

/// Memory that reset() keeps for the next message; what lies above is given back.
inline constexpr std::size_t kArenaKeptBytesMax = 4u << 20;

/// Owns the arena in which a tree lives. reset() keeps the memory for the next message, so a
/// worker reuses one Document without allocating. Thread: one at a time. Moving keeps nodes valid;
/// a moved-from Document may only be assigned to or destroyed.
class Document {
 public:
  explicit Document(std::size_t first_block_bytes = 16 * 1024);
  ~Document();
  Document(Document&&) noexcept;
  Document& operator=(Document&&) noexcept;

  void reset();
  std::size_t bytes_used() const;

  Node* object() { return node(Node::Kind::kObject); }
  Node* array() { return node(Node::Kind::kArray); }
  /// `copy`: false when the text outlives the document (plan literals, the source message).
  Node* string(std::string_view text, bool copy = true) {
    return node(Node::Kind::kString, copy ? keep(text) : text);
  }
  Node* number(std::string_view text, bool copy = true) {
    return node(Node::Kind::kNumber, copy ? keep(text) : text);
  }
  Node* boolean(bool value) { return node(Node::Kind::kBool, value ? "true" : "false"); }
  Node* null() { return node(Node::Kind::kNull); }
  std::string_view keep(std::string_view text) {  ///< copies into the arena
    if (text.empty()) return {};
    char* copy = room(text.size());
    std::memcpy(copy, text.data(), text.size());
    return {copy, text.size()};
  }
  /// Room for so many nodes, members or items side by side, for the caller to construct.
  template <class T>
  T* room_for(std::size_t count) {
    return static_cast<T*>(take(sizeof(T) * count, alignof(T)));
  }
  /// Uninitialised text space in the arena.
  char* room(std::size_t bytes) { return static_cast<char*>(take(bytes, 1)); }

  /// Adds or replaces a member; keeps the place of a replaced one.
  void set(Node* object, std::string_view name, Node* value, bool copy_name = false) {
    for (Member* m = object->first_member; m; m = m->next) {
      if (m->name == name) {
        m->value = value;
        return;
      }
    }
    add(object, name, value, copy_name);
  }
  /// As set(), for a name known to be new: does not look for an equal one.
  void add(Node* object, std::string_view name, Node* value, bool copy_name = false) {
    Member* made = make<Member>();
    made->name = copy_name ? keep(name) : name;
    made->value = value;
    (object->last_member ? object->last_member->next : object->first_member) = made;
    object->last_member = made;
    ++object->count;
  }
  bool remove(Node* object, std::string_view name);
  void append(Node* array, Node* value) {
    Item* made = make<Item>();
    made->value = value;
    (array->last_item ? array->last_item->next : array->first_item) = made;
    array->last_item = made;
    ++array->count;
  }
  /// Deep copy into this document. `copy_text`: false when the names and texts of `from` outlive
  /// this document.
  Node* clone(const Node* from, bool copy_text = true);
  /// Deep copy for trees of other documents to point to while this one lives, with its JSON written
  /// once for all of them. Names are not copied: they outlive this document.
  const Node* share(const Node* from);
  /// A copy of a shared node that may be changed; what is below it stays shared.
  Node* unshare(const Node* from);

 private:
  friend class JsonReader;  // builds its nodes without a call for each
  struct Blocks;

  void* take(std::size_t bytes, std::size_t align) {
    const auto now = reinterpret_cast<std::uintptr_t>(at_);
    const std::size_t skip = (0 - now) & (align - 1);
    if (static_cast<std::size_t>(end_ - at_) < bytes + skip) return take_more(bytes, align);
    std::byte* result = at_ + skip;
    at_ = result + bytes;
    return result;
  }
  void* take_more(std::size_t bytes, std::size_t align);
  template <class T>
  T* make() {
    return new (take(sizeof(T), alignof(T))) T();
  }
  Node* node(Node::Kind kind, std::string_view text = {}) {
    Node* made = make<Node>();
    made->kind = kind;
    made->text = text;
    return made;
  }
  Node* copy_shared(const Node* from);

  std::byte* at_ = nullptr;       ///< free space of the block being filled
  std::byte* end_ = nullptr;
  std::unique_ptr<Blocks> blocks_;
};

/// Same content: object member order does not matter, array order does, numbers by written text.
bool equal(const Node* a, const Node* b);

}  // namespace fhir
