#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace store {

/// Hash -> newest sequence, open addressing, 12 bytes a slot. Equal hashes count as equal: whoever
/// asks verifies with the entry itself. The sequences of one table lie within 2^31 of the first
/// that came; others are not remembered. Thread: one at a time.
class KeyTable {
 public:
  /// `entries`: expected; it grows beyond that by doubling.
  explicit KeyTable(std::size_t entries);
  std::uint64_t find(std::uint64_t hash) const;   ///< 0 = absent
  void set(std::uint64_t hash, std::uint64_t sequence);
  void clear();
  std::size_t size() const { return used_; }

 private:
  std::size_t place(std::uint64_t hash) const;
  void grow();

  std::vector<std::uint64_t> hashes_;
  std::vector<std::uint32_t> sequences_;   ///< from base_; 0 = free
  std::uint64_t base_ = 0;
  std::size_t used_ = 0;
};

/// Says "surely not in that segment" for 99 of 100 keys that are not. 10 bits a key, 7 probes.
class Bloom {
 public:
  Bloom() = default;
  explicit Bloom(std::size_t keys);
  /// From stored bytes; an empty one answers "maybe" to everything.
  static Bloom from_bytes(std::string_view bytes);
  std::string_view bytes() const;
  void add(std::uint64_t hash);
  bool may_hold(std::uint64_t hash) const;

 private:
  std::vector<std::uint64_t> words_;
};

}  // namespace store
