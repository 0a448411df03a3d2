#pragma once
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace identity {

/// Texts kept once, each named by a number, with a count for its owner's use. Made for a million
/// names: no allocation a text, 16 bytes and its letters each. Texts are never given back (a name
/// that nobody bears any more costs its bytes until the index is built anew); at most 255 bytes.
/// Thread: one writer, or many readers.
class StringPool {
 public:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;

  std::uint32_t find(std::string_view text) const;
  std::uint32_t add(std::string_view text);
  std::string_view text(std::uint32_t token) const;
  std::uint32_t& count(std::uint32_t token) { return entries_[token].count; }
  std::uint32_t count(std::uint32_t token) const { return entries_[token].count; }
  std::size_t size() const { return entries_.size(); }
  std::size_t bytes() const;

 private:
  struct Entry {
    std::uint32_t chunk = 0, offset_and_size = 0;   ///< 24 bits offset, 8 bits size
    std::uint32_t count = 0, hash = 0;
  };
  static constexpr std::uint32_t kChunkBytes = 1u << 20;

  std::size_t slot_of(std::string_view text, std::uint32_t hash) const;
  void grow();

  std::vector<Entry> entries_;
  std::vector<std::uint32_t> slots_;   ///< token + 1; 0 = free; a power of two of them
  std::vector<std::unique_ptr<char[]>> chunks_;
  std::uint32_t used_ = kChunkBytes;   ///< of the last chunk
};

}  // namespace identity
