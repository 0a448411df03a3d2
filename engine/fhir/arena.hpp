#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fhir/node.hpp>
#include <memory>
#include <new>
#include <vector>

namespace fhir {

inline constexpr std::size_t kBlockBytesMax = 1u << 20;

/// Blocks in a row, filled one after the other; reset() goes back to the first.
struct Document::Arena {
  struct Block {
    std::unique_ptr<std::byte[]> bytes;
    std::size_t size = 0;
  };

  std::vector<Block> blocks;
  std::size_t current = 0;  ///< index of the block being filled
  std::byte* at = nullptr;
  std::byte* end = nullptr;
  std::size_t used_before = 0;  ///< bytes of the blocks before `current`
  std::size_t next_size;

  explicit Arena(std::size_t first) : next_size(std::max<std::size_t>(first, 256)) {}

  void enter(std::size_t index) {
    current = index;
    at = blocks[index].bytes.get();
    end = at + blocks[index].size;
  }

  /// A block that holds `bytes` with any alignment, kept ones first.
  [[gnu::noinline]] void grow(std::size_t bytes) {
    const std::size_t need = bytes + alignof(std::max_align_t);
    std::size_t next = 0;
    if (at) {
      used_before += blocks[current].size;
      next = current + 1;
    }
    while (next < blocks.size() && blocks[next].size < need) {
      used_before += blocks[next].size;
      ++next;
    }
    if (next == blocks.size()) {
      const std::size_t size = std::max(next_size, need);
      next_size = std::max(next_size, std::min(next_size * 2, kBlockBytesMax));
      // Not make_unique: that would clear memory which is about to be written.
      blocks.push_back({std::unique_ptr<std::byte[]>(new std::byte[size]), size});
    }
    enter(next);
  }

  void* take(std::size_t bytes, std::size_t align) {
    auto place = (reinterpret_cast<std::uintptr_t>(at) + align - 1) & ~(align - 1);
    if (!at || place + bytes > reinterpret_cast<std::uintptr_t>(end)) {
      grow(bytes);
      place = (reinterpret_cast<std::uintptr_t>(at) + align - 1) & ~(align - 1);
    }
    auto* result = at + (place - reinterpret_cast<std::uintptr_t>(at));
    at = result + bytes;
    return result;
  }

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

  void add(Node* object, std::string_view name, Node* value) {
    Member* made = make<Member>();
    made->name = name;
    made->value = value;
    (object->last_member ? object->last_member->next : object->first_member) = made;
    object->last_member = made;
    ++object->count;
  }
  void append(Node* array, Node* value) {
    Item* made = make<Item>();
    made->value = value;
    (array->last_item ? array->last_item->next : array->first_item) = made;
    array->last_item = made;
    ++array->count;
  }
};

}  // namespace fhir
