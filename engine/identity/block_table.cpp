#include "block_table.hpp"

namespace identity {

BlockTable::Block BlockTable::find(std::uint64_t hash) const {
  if (slots_.empty()) return {};
  const std::size_t mask = slots_.size() - 1;
  const std::uint32_t mark = mark_of(hash);
  for (std::size_t slot = place_of(mark, mask); slots_[slot].mark != 0; slot = (slot + 1) & mask) {
    if (slots_[slot].mark == mark) return slots_[slot].block;
  }
  return {};
}

BlockTable::Block& BlockTable::at(std::uint64_t hash) {
  if ((used_ + 1) * 4 > slots_.size() * 3) grow();
  const std::size_t mask = slots_.size() - 1;
  const std::uint32_t mark = mark_of(hash);
  std::size_t slot = place_of(mark, mask);
  for (; slots_[slot].mark != 0; slot = (slot + 1) & mask) {
    if (slots_[slot].mark == mark) return slots_[slot].block;
  }
  ++used_;
  slots_[slot].mark = mark;
  return slots_[slot].block;
}

void BlockTable::grow() {
  std::vector<Slot> wider(slots_.empty() ? 64 : slots_.size() * 2);
  const std::size_t mask = wider.size() - 1;
  for (const Slot& one : slots_) {
    if (one.mark == 0) continue;
    std::size_t slot = place_of(one.mark, mask);
    while (wider[slot].mark != 0) slot = (slot + 1) & mask;
    wider[slot] = one;
  }
  slots_.swap(wider);
}

}  // namespace identity
