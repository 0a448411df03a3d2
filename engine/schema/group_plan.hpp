#pragma once
#include <schema/v2.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace schema {

/// How a segment gets from a group to its place, best first.
enum class Reach : std::uint8_t {
  kDirect,  ///< the group lists it
  kLead,    ///< it is the first node of every group entered
  kSkip,    ///< begins those groups after optional nodes (and ORC)
  kDeep,    ///< somewhere inside, after required nodes
};

struct GroupPlan {
  using Index = std::uint16_t;
  static constexpr std::uint8_t kNoSymbol = 0xff;
  static constexpr std::size_t kSlots = 512;  ///< of the name table; twice kSymbolsMax at least
  static constexpr std::size_t kSymbolsMax = 250;

  /// A way to place a segment: through child `child` of the group asked, to child `target_child` of
  /// group `target` (the group itself for kDirect).
  struct Entry {
    std::uint8_t child, target_child;
    Index target;
    Reach reach;
    std::uint8_t second;  ///< child of the group entered first (for `child` a group)
  };
  struct Group {
    const StructureNode* def = nullptr;
    Index parent = 0;
    std::uint8_t place = 0;            ///< child number in the parent
    std::uint64_t repeats = 0;         ///< children that repeat
    std::uint64_t required = 0;
    std::array<std::uint8_t, kGroupChildrenMax> run_begin{};  ///< first of its choice, or itself
    std::array<std::uint8_t, kGroupChildrenMax> run_end{};    ///< one past its last
    std::array<Index, kGroupChildrenMax> child_group{};       ///< kNoGroup for segments
  };
  static constexpr Index kNoGroup = 0xffff;

  const StructureNode* root = nullptr;
  std::vector<Group> groups;  ///< in preorder; 0 is the root

  /// Symbol of a segment name as written, kNoSymbol when the structure does not have it.
  std::uint8_t symbol(std::string_view name) const;
  /// Ways from `group`, ordered by child, then by reach.
  std::span<const Entry> ways(Index group, std::uint8_t symbol) const {
    const Range& range = ranges[group * symbol_count + symbol];
    return {entries.data() + range.begin, range.count};
  }

  struct Range {
    std::uint32_t begin = 0;
    std::uint32_t count = 0;
  };
  struct Slot {
    std::uint32_t key = 0;
    std::uint8_t symbol = kNoSymbol;
  };
  std::size_t symbol_count = 0;
  std::array<Slot, kSlots> slots{};
  std::vector<Range> ranges;
  std::vector<Entry> entries;
};

/// Limits are those of parse_structure(); what is beyond them is left out of the plan, so its
/// segments count as unknown.
std::shared_ptr<const GroupPlan> make_group_plan(const StructureNode& root);

}  // namespace schema
