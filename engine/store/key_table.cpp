#include "key_table.hpp"

#include <bit>
#include <cstring>
#include <limits>

namespace store {
namespace {

constexpr int kProbes = 7;
constexpr std::size_t kBitsPerKey = 10;
constexpr std::uint64_t kReach = std::uint64_t{1} << 31;

// The inputs are hashes already; this only spreads the bits that the table size would cut off.
std::uint64_t spread(std::uint64_t hash) { return (hash ^ hash >> 32) * 0x9E3779B97F4A7C15ull; }

}  // namespace

KeyTable::KeyTable(std::size_t entries)
    : hashes_(std::bit_ceil(entries + entries / 4 + 16)), sequences_(hashes_.size()) {}

std::size_t KeyTable::place(std::uint64_t hash) const {
  const std::size_t mask = hashes_.size() - 1;
  std::size_t at = static_cast<std::size_t>(spread(hash) >> 20) & mask;
  while (sequences_[at] != 0 && hashes_[at] != hash) at = (at + 1) & mask;
  return at;
}

std::uint64_t KeyTable::find(std::uint64_t hash) const {
  const std::uint32_t found = sequences_[place(hash)];
  return found == 0 ? 0 : base_ + found;
}

void KeyTable::set(std::uint64_t hash, std::uint64_t sequence) {
  if (used_ == 0) base_ = sequence > kReach ? sequence - kReach : 0;
  if (sequence <= base_ || sequence - base_ > std::numeric_limits<std::uint32_t>::max()) return;
  if (used_ * 10 >= hashes_.size() * 8) grow();
  const std::size_t at = place(hash);
  if (sequences_[at] == 0) ++used_;
  hashes_[at] = hash;
  sequences_[at] = static_cast<std::uint32_t>(sequence - base_);
}

void KeyTable::clear() {
  if (used_ != 0) sequences_.assign(sequences_.size(), 0);
  used_ = 0;
}

void KeyTable::grow() {
  std::vector<std::uint64_t> hashes(hashes_.size() * 2);
  std::vector<std::uint32_t> sequences(hashes.size());
  hashes.swap(hashes_);
  sequences.swap(sequences_);
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    if (sequences[i] == 0) continue;
    const std::size_t at = place(hashes[i]);
    hashes_[at] = hashes[i];
    sequences_[at] = sequences[i];
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
