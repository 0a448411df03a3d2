#include "key_table.hpp"

#include <bit>
#include <cstring>

namespace store {
namespace {

constexpr int kProbes = 7;
constexpr std::size_t kBitsPerKey = 10;

// The inputs are hashes already; this only spreads the bits that the table size would cut off.
std::uint64_t spread(std::uint64_t hash) { return (hash ^ hash >> 32) * 0x9E3779B97F4A7C15ull; }

}  // namespace

KeyTable::KeyTable(std::size_t entries) : slots_(std::bit_ceil(entries + entries / 4 + 16)) {}

std::size_t KeyTable::place(std::uint64_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = static_cast<std::size_t>(spread(hash) >> 20) & mask;
  while (slots_[at].sequence != 0 && slots_[at].hash != hash) at = (at + 1) & mask;
  return at;
}

std::uint64_t KeyTable::find(std::uint64_t hash) const { return slots_[place(hash)].sequence; }

void KeyTable::set(std::uint64_t hash, std::uint64_t sequence) {
  if (used_ * 10 >= slots_.size() * 8) grow();
  Slot& slot = slots_[place(hash)];
  if (slot.sequence == 0) ++used_;
  slot = {hash, sequence};
}

void KeyTable::clear() {
  if (used_ != 0) slots_.assign(slots_.size(), Slot{});
  used_ = 0;
}

void KeyTable::grow() {
  std::vector<Slot> old(slots_.size() * 2);
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.sequence != 0) slots_[place(slot.hash)] = slot;
  }
}

Bloom::Bloom(std::size_t keys) : words_((keys * kBitsPerKey + 63) / 64 + 1) {}

Bloom Bloom::from_bytes(std::string_view bytes) {
  Bloom bloom;
  bloom.words_.resize(bytes.size() / sizeof(std::uint64_t));
  if (bloom.words_.empty()) return bloom;
  std::memcpy(bloom.words_.data(), bytes.data(), bloom.words_.size() * sizeof(std::uint64_t));
  return bloom;
}

std::string_view Bloom::bytes() const {
  return {reinterpret_cast<const char*>(words_.data()), words_.size() * sizeof(std::uint64_t)};
}

void Bloom::add(std::uint64_t hash) {
  const std::uint64_t bits = words_.size() * 64;
  const std::uint64_t step = spread(hash) | 1;
  for (int i = 0; i < kProbes; ++i, hash += step) {
    const std::uint64_t bit = spread(hash) % bits;
    words_[bit / 64] |= std::uint64_t{1} << (bit % 64);
  }
}

bool Bloom::may_hold(std::uint64_t hash) const {
  if (words_.empty()) return true;
  const std::uint64_t bits = words_.size() * 64;
  const std::uint64_t step = spread(hash) | 1;
  for (int i = 0; i < kProbes; ++i, hash += step) {
    const std::uint64_t bit = spread(hash) % bits;
    if ((words_[bit / 64] >> (bit % 64) & 1) == 0) return false;
  }
  return true;
}

}  // namespace store
