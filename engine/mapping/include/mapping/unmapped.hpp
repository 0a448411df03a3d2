#pragma once
#include <core/clock.hpp>
#include <mapping/mapper.hpp>

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace mapping {

/// Codes counted one by one; further ones only add to `dropped`. A longer code is no code but text
/// that someone typed, and is counted under kLongCode.
inline constexpr std::size_t kUnmappedCodesMax = 20'000;
inline constexpr std::size_t kUnmappedCodeBytesMax = 64;
inline constexpr std::string_view kLongCode = "(text)";

/// A code that met no row of its vocabulary, with the messages it was first and last seen in.
struct Unmapped {
  std::string feed, vocab, code;
  std::uint64_t count = 0;
  std::string first_control_id, last_control_id;
  std::optional<core::Instant> first_seen, last_seen;   ///< when a journal knows
};

/// Counts by feed, vocabulary and code what mapping left to a default: an analyst's work list.
/// Thread: any. Bounded: about 5 MB.
class UnmappedTally {
 public:
  void add(std::string_view feed, std::string_view control_id, std::optional<core::Instant> when,
           const std::vector<VocabMiss>& misses);
  /// Most frequent first; equal ones by feed, vocabulary, code.
  std::vector<Unmapped> list() const;
  /// Occurrences of codes beyond kUnmappedCodesMax.
  std::uint64_t dropped() const;

 private:
  using Key = std::tuple<std::string, std::string, std::string>;
  mutable std::mutex mutex_;
  std::map<Key, Unmapped> counts_;
  std::uint64_t dropped_ = 0;
};

}  // namespace mapping
