#include "string_pool.hpp"

#include <core/hash.hpp>

#include <cstring>

namespace identity {
namespace {

constexpr std::size_t kSlotsFirst = 64;
constexpr std::size_t kTextMax = 255;

std::uint32_t hash_of(std::string_view text) {
  return static_cast<std::uint32_t>(core::stable_hash(text));
}

}  // namespace

std::string_view StringPool::text(std::uint32_t token) const {
  const Entry& entry = entries_[token];
  return {chunks_[entry.chunk].get() + (entry.offset_and_size >> 8), entry.offset_and_size & 255};
}

std::size_t StringPool::slot_of(std::string_view text, std::uint32_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = hash & mask;
  while (slots_[slot] != 0) {
    const std::uint32_t token = slots_[slot] - 1;
    if (entries_[token].hash == hash && this->text(token) == text) break;
    slot = (slot + 1) & mask;
  }
  return slot;
}

std::uint32_t StringPool::find(std::string_view text) const {
  if (slots_.empty()) return kNone;
  text = text.substr(0, kTextMax);
  const std::uint32_t found = slots_[slot_of(text, hash_of(text))];
  return found == 0 ? kNone : found - 1;
}

std::uint32_t StringPool::add(std::string_view text) {
  text = text.substr(0, kTextMax);
  if ((entries_.size() + 1) * 4 > slots_.size() * 3) grow();
  const std::uint32_t hash = hash_of(text);
  const std::size_t slot = slot_of(text, hash);
  if (slots_[slot] != 0) return slots_[slot] - 1;
  if (kChunkBytes - used_ < text.size()) {
    chunks_.push_back(std::make_unique<char[]>(kChunkBytes));
    used_ = 0;
  }
  if (!text.empty()) std::memcpy(chunks_.back().get() + used_, text.data(), text.size());
  entries_.push_back({static_cast<std::uint32_t>(chunks_.size() - 1),
                      used_ << 8 | static_cast<std::uint32_t>(text.size()), 0, hash});
  used_ += static_cast<std::uint32_t>(text.size());
  slots_[slot] = static_cast<std::uint32_t>(entries_.size());
  return static_cast<std::uint32_t>(entries_.size() - 1);
}

void StringPool::grow() {
  std::vector<std::uint32_t> wider(slots_.empty() ? kSlotsFirst : slots_.size() * 2);
  const std::size_t mask = wider.size() - 1;
  for (std::uint32_t token = 0; token < entries_.size(); ++token) {
    std::size_t slot = entries_[token].hash & mask;
    while (wider[slot] != 0) slot = (slot + 1) & mask;
    wider[slot] = token + 1;
  }
  slots_.swap(wider);
}

std::size_t StringPool::bytes() const {
  return entries_.capacity() * sizeof(Entry) + slots_.capacity() * 4 +
         chunks_.size() * kChunkBytes;
}

}  // namespace identity
