#pragma once
#include <hl7/message.hpp>
#include <schema/v2.hpp>

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "program.hpp"

namespace mapping {

/// Something that stands in a group: a segment, or a resource made from one.
struct Stand {
  std::uint32_t order = 0;     ///< preorder number of its group
  std::uint32_t segment = 0;
  std::int32_t draft = -1;
};

/// Finds things by the tree of groups in O(depth * log n): groups are numbered in preorder, so
/// everything inside a group is one interval. Reused from message to message.
class MessageIndex {
 public:
  /// Numbers the names once.
  void prepare(const Program& program);
  void build(const hl7::Message& message, const schema::GroupTree& tree);

  /// Segments of that name inside a group, in message order.
  std::span<const Stand> segments(std::uint16_t name, std::uint32_t group) const;
  /// The segment of that name nearest to `segment`: the last before it in the smallest enclosing
  /// group that has one before it, else the first after it, again from the smallest group on. kNil
  /// when there is none. Other repetitions of a group around `segment` are not looked into: the
  /// order before is no part of this one.
  std::uint32_t nearest(std::uint16_t name, std::uint32_t group, std::uint32_t segment) const;
  /// The smallest enclosing group that holds such a segment; kNil when none does.
  std::uint32_t enclosing(std::uint16_t name, std::uint32_t group) const;

  void add_made(std::uint16_t name, std::uint32_t segment, std::int32_t draft);
  /// As nearest(), for made resources; -1 when there is none.
  std::int32_t nearest_made(std::uint16_t name, std::uint32_t group, std::uint32_t segment) const;
  /// What that very segment made, under that name (0xffff: any, the first); -1 when nothing.
  std::int32_t made_by(std::uint32_t segment, std::uint16_t name) const;

  std::uint32_t group_of(std::uint32_t segment) const { return tree_->group_of[segment]; }
  bool inside(std::uint32_t group, std::uint32_t outer) const {
    return order_[group] >= order_[outer] && order_[group] <= last_[outer];
  }
  std::uint16_t name_of(std::uint32_t segment) const { return name_of_[segment]; }
  /// hl7::SegmentView::fields_present() of a segment: many rows ask for it.
  std::uint64_t fields(std::uint32_t segment) const { return fields_[segment]; }
  std::uint32_t order(std::uint32_t group) const { return order_[group]; }
  std::uint32_t last(std::uint32_t group) const { return last_[group]; }
  std::uint32_t group_at(std::uint32_t order) const { return group_at_[order]; }

 private:
  static constexpr std::uint16_t kUnnamed = 0xffff;
  struct MadeBySegment {
    std::int32_t next = -1;
    std::uint16_t name = 0;
    std::int32_t draft = -1;
  };
  std::uint16_t id_of(std::string_view name) const;
  void number_groups();
  void number_runs();
  static std::span<const Stand> interval(std::span<const Stand> all, std::uint32_t first,
                                         std::uint32_t last);
  bool apart(const Stand& stand, std::uint32_t group) const;
  const Stand* nearest_in(std::span<const Stand> all, std::uint32_t group,
                          std::uint32_t segment) const;

  struct Name {
    std::uint32_t packed = 0;
    std::uint16_t id = kUnnamed;
  };
  std::vector<Name> names_;                  ///< open addressing by packed name
  std::size_t name_count_ = 0;
  const schema::GroupTree* tree_ = nullptr;
  std::vector<std::uint32_t> order_, last_, group_at_, stack_;
  std::vector<std::uint32_t> run_first_, run_last_;  ///< orders of a group's repetitions
  std::vector<std::uint16_t> name_of_;       ///< by segment
  std::vector<std::uint64_t> fields_;        ///< by segment
  std::vector<std::uint32_t> first_;         ///< by name: begin in stands_
  std::vector<Stand> stands_;
  std::vector<std::vector<Stand>> made_;     ///< by resource name, sorted
  std::vector<std::int32_t> made_head_;      ///< by segment
  std::vector<MadeBySegment> made_links_;
};

}  // namespace mapping
