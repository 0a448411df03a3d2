#pragma once
#include <algorithm>
#include <cstddef>
#include <fhir/node.hpp>
#include <memory>
#include <vector>

namespace fhir {

inline constexpr std::size_t kBlockBytesMax = 1u << 20;

/// The memory of a Document: blocks in a row, filled one after the other.
struct Document::Blocks {
  struct Block {
    std::unique_ptr<std::byte[]> bytes;
    std::size_t size = 0;
  };

  std::vector<Block> all;
  std::size_t current = 0;      ///< index of the block being filled
  std::size_t used_before = 0;  ///< bytes of the blocks before `current`
  std::size_t next_size;

  explicit Blocks(std::size_t first) : next_size(std::max<std::size_t>(first, 256)) {}

  /// Makes a block current that holds `bytes` with any alignment, kept ones first.
  void grow(std::size_t bytes, bool started) {
    const std::size_t need = bytes + alignof(std::max_align_t);
    std::size_t next = 0;
    if (started) {
      used_before += all[current].size;
      next = current + 1;
    }
    while (next < all.size() && all[next].size < need) {
      used_before += all[next].size;
      ++next;
    }
    if (next == all.size()) {
      const std::size_t size = std::max(next_size, need);
      next_size = std::max(next_size, std::min(next_size * 2, kBlockBytesMax));
      // Not make_unique: that would clear memory which is about to be written.
      all.push_back({std::unique_ptr<std::byte[]>(new std::byte[size]), size});
    }
    current = next;
  }
};

}  // namespace fhir
