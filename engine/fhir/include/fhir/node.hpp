#pragma once
#include <core/result.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
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

  Node* object();
  Node* array();
  /// `copy`: false when the text outlives the document (plan literals, the source message).
  Node* string(std::string_view text, bool copy = true);
  Node* number(std::string_view text, bool copy = true);
  Node* boolean(bool value);
  Node* null();
  std::string_view keep(std::string_view text);  ///< copies into the arena
  char* room(std::size_t bytes);                 ///< uninitialised text space in the arena

  /// Adds or replaces a member; keeps the place of a replaced one.
  void set(Node* object, std::string_view name, Node* value, bool copy_name = false);
  /// As set(), for a name known to be new: does not look for an equal one.
  void add(Node* object, std::string_view name, Node* value, bool copy_name = false);
  bool remove(Node* object, std::string_view name);
  void append(Node* array, Node* value);
  /// Deep copy into this document. `copy_text`: false when the names and texts of `from` outlive
  /// this document.
  Node* clone(const Node* from, bool copy_text = true);

 private:
  friend class JsonReader;  // builds its nodes without a call for each
  void* allocate(std::size_t bytes, std::size_t align);
  struct Arena;
  std::unique_ptr<Arena> arena_;
};

/// Same content: object member order does not matter, array order does, numbers by written text.
bool equal(const Node* a, const Node* b);

}  // namespace fhir
