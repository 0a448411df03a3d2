#pragma once
#include <cstdint>
#include <vector>

namespace identity {

/// Blocking key -> first node of its list and how many nodes it has. Twelve bytes a slot: keys
/// whose hashes agree in their upper half become one block, which costs a few comparisons and
/// loses nothing. Thread: one writer, or many readers.
class BlockTable {
 public:
  struct Block {
    std::uint32_t head = kNone;
    std::uint32_t count = 0;
  };
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;

  /// An empty block when the key is not known.
  Block find(std::uint64_t hash) const;
  /// The block of a key, made when absent. The reference dies at the next call.
  Block& at(std::uint64_t hash);
  std::size_t bytes() const { return slots_.capacity() * sizeof(Slot); }

 private:
  struct Slot {
    std::uint32_t mark = 0;   ///< upper half of the hash, never 0 when in use
    Block block;
  };
  static std::uint32_t mark_of(std::uint64_t hash) {
    const auto mark = static_cast<std::uint32_t>(hash >> 32);
    return mark == 0 ? 1 : mark;
  }
  /// Both halves take part in the place, so that growing needs the stored half only.
  static std::size_t place_of(std::uint32_t mark, std::size_t mask) {
    return (mark * std::uint64_t{0x9E3779B97F4A7C15} >> 20) & mask;
  }
  void grow();

  std::vector<Slot> slots_;
  std::size_t used_ = 0;
};

}  // namespace identity
