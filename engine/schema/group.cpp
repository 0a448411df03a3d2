#include <schema/v2.hpp>

#include "group_plan.hpp"

#include <array>
#include <bit>
#include <string>

namespace schema {
namespace {

using Entry = GroupPlan::Entry;

/// One grouping run: a stack of open groups, innermost last.
class Grouper {
 public:
  Grouper(const hl7::Message& message, const GroupPlan& plan, GroupTree& out, hl7::Issues& issues)
      : message_(message), plan_(plan), out_(out), issues_(issues) {}

  void run() {
    const std::uint32_t count = message_.segment_count();
    out_.groups.clear();
    out_.group_of.assign(count, 0);
    out_.groups.push_back({.def = plan_.root});
    frames_[0] = {};
    depth_ = 1;
    for (std::uint32_t i = 0; i < count; ++i) out_.group_of[i] = place(i);
    while (depth_ > 0) close();
  }

 private:
  struct Frame {
    GroupPlan::Index group = 0;
    std::uint8_t at = 0;          ///< current child
    std::uint32_t instance = 0;   ///< in the tree
    std::uint64_t filled = 0;     ///< children that have come (a choice: all of its run)
    std::uint64_t blocked = 0;    ///< of these, the ones that may come only once
  };
  static constexpr std::uint64_t bit(unsigned child) { return std::uint64_t{1} << child; }

  const GroupPlan::Group& group_of(const Frame& frame) const { return plan_.groups[frame.group]; }

  std::uint32_t place(std::uint32_t index) {
    const std::string_view name = message_.segment(index).name();
    const std::uint8_t symbol = plan_.symbol(name);
    if (symbol == GroupPlan::kNoSymbol) {
      if (name.empty() || name[0] != 'Z') {
        warn(index, core::ErrorCode::kSegmentSequence, "is not part of the structure");
      }
      return frames_[depth_ - 1].instance;
    }
    std::uint32_t instance = GroupTree::kNone;
    if (in_order(index, symbol, false, instance) || in_order(index, symbol, true, instance) ||
        // A misplaced note belongs to what it follows, not to a place far out that lists notes.
        (name != "NTE" &&
         (out_of_order(index, symbol, instance) || deep(index, symbol, instance)))) {
      return instance;
    }
    warn(index, core::ErrorCode::kSegmentSequence, "has no place here");
    return frames_[depth_ - 1].instance;
  }

  /// A place at or after the current one, from the innermost group outwards. `skipping`: also
  /// groups begun after their optional nodes.
  bool in_order(std::uint32_t index, std::uint8_t symbol, bool skipping, std::uint32_t& instance) {
    for (std::size_t level = depth_; level-- > 0;) {
      const Frame& frame = frames_[level];
      for (const Entry& way : plan_.ways(frame.group, symbol)) {
        if (way.child < frame.at || (frame.blocked & bit(way.child)) != 0) continue;
        if (skipping ? way.reach != Reach::kSkip : way.reach > Reach::kLead) continue;
        if (skipping && !may_repeat(level, way)) continue;
        instance = go(level, way);
        return true;
      }
      if (!skipping && fill_hole(index, level, symbol, instance)) return true;
    }
    return false;
  }

  /// Whether a group that is open at level + 1 may begin anew after its optional nodes: only when
  /// the place in it is taken, else the segment is merely late (a DG1 after the IN1 of one visit).
  bool may_repeat(std::size_t level, const Entry& way) const {
    if (way.child != frames_[level].at || level + 1 >= depth_) return true;
    return (frames_[level + 1].blocked & bit(way.second)) != 0;
  }

  /// An empty required place before the current one, unless the segment begins repetitions.
  bool fill_hole(std::uint32_t index, std::size_t level, std::uint8_t symbol,
                 std::uint32_t& instance) {
    const Frame& frame = frames_[level];
    const GroupPlan::Group& group = group_of(frame);
    for (const Entry& way : plan_.ways(frame.group, symbol)) {
      if (way.child >= frame.at || way.reach != Reach::kDirect) continue;
      if ((group.required & bit(way.child)) == 0 || (frame.filled & bit(way.child)) != 0) continue;
      if (level > 0 && group.run_begin[way.child] == 0 &&
          (group_of(frames_[level - 1]).repeats & bit(group.place)) != 0) {
        continue;
      }
      warn(index, core::ErrorCode::kSegmentSequence, "comes late");
      instance = go(level, way);
      return true;
    }
    return false;
  }

  /// Any place of that name in an open group, or the start of one of its groups.
  bool out_of_order(std::uint32_t index, std::uint8_t symbol, std::uint32_t& instance) {
    for (std::size_t level = depth_; level-- > 0;) {
      const Frame& frame = frames_[level];
      for (const Entry& way : plan_.ways(frame.group, symbol)) {
        if (way.reach > Reach::kLead) continue;
        const bool taken = (frame.blocked & bit(way.child)) != 0;
        warn(index, taken ? core::ErrorCode::kCardinality : core::ErrorCode::kSegmentSequence,
             taken ? "repeats what may stand once" : "is out of order");
        if (way.reach == Reach::kDirect) {
          fill(frames_[level], way.child);
          instance = frame.instance;
        } else {
          instance = go(level, way);
        }
        return true;
      }
    }
    return false;
  }

  /// A place inside a group that the segment cannot begin. Ahead, that group is opened; behind, its
  /// last instance takes the segment and what is open stays open.
  bool deep(std::uint32_t index, std::uint8_t symbol, std::uint32_t& instance) {
    for (std::size_t level = depth_; level-- > 0;) {
      const Frame& frame = frames_[level];
      const Entry* behind = nullptr;
      for (const Entry& way : plan_.ways(frame.group, symbol)) {
        if (way.child > frame.at) {
          warn(index, core::ErrorCode::kSegmentSequence, "stands without what should precede it");
          instance = go(level, way);
          return true;
        }
        behind = &way;
      }
      if (behind != nullptr) {
        warn(index, core::ErrorCode::kSegmentSequence, "is out of order");
        instance = attach_behind(level, *behind);
        return true;
      }
    }
    return false;
  }

  /// Closes what is deeper than `level`, then follows the way, opening its groups.
  std::uint32_t go(std::size_t level, const Entry& way) {
    while (depth_ > level + 1) close();
    std::array<GroupPlan::Index, kStructureDepthMax + 2> path;
    std::size_t steps = 0;
    for (GroupPlan::Index g = way.target; g != frames_[level].group; g = plan_.groups[g].parent) {
      path[steps++] = g;
    }
    while (steps > 0) {
      const GroupPlan::Index g = path[--steps];
      Frame& parent = frames_[depth_ - 1];
      step_to(parent, plan_.groups[g].place);
      frames_[depth_] = {.group = g, .instance = add_instance(parent.instance, g)};
      ++depth_;
    }
    step_to(frames_[depth_ - 1], way.target_child);
    return frames_[depth_ - 1].instance;
  }

  std::uint32_t attach_behind(std::size_t level, const Entry& way) {
    std::array<GroupPlan::Index, kStructureDepthMax + 2> path;
    std::size_t steps = 0;
    for (GroupPlan::Index g = way.target; g != frames_[level].group; g = plan_.groups[g].parent) {
      path[steps++] = g;
    }
    std::uint32_t instance = frames_[level].instance;
    while (steps > 0) {
      const GroupPlan::Index g = path[--steps];
      const std::uint32_t found = latest(g);
      const bool here = found != GroupTree::kNone && out_.groups[found].parent == instance;
      instance = here ? found : add_instance(instance, g);
    }
    fill(frames_[level], way.child);
    return instance;
  }

  /// The newest instance of a group, by a table that only messages in disorder pay for.
  std::uint32_t latest(GroupPlan::Index group) {
    if (latest_.empty()) {
      latest_.assign(plan_.groups.size(), GroupTree::kNone);
      for (std::uint32_t i = 0; i < out_.groups.size(); ++i) note_latest(i);
    }
    return latest_[group];
  }
  void note_latest(std::uint32_t instance) {
    for (GroupPlan::Index g = 0; g < plan_.groups.size(); ++g) {
      if (plan_.groups[g].def == out_.groups[instance].def) latest_[g] = instance;
    }
  }

  std::uint32_t add_instance(std::uint32_t parent, GroupPlan::Index group) {
    const auto self = static_cast<std::uint32_t>(out_.groups.size());
    out_.groups.push_back({.def = plan_.groups[group].def, .parent = parent});
    GroupTree::Group& above = out_.groups[parent];
    if (above.last_child == GroupTree::kNone) above.first_child = self;
    else out_.groups[above.last_child].next_sibling = self;
    above.last_child = self;
    if (!latest_.empty()) latest_[group] = self;
    return self;
  }

  void step_to(Frame& frame, std::uint8_t child) {
    frame.at = group_of(frame).run_begin[child];
    fill(frame, child);
  }

  void fill(Frame& frame, std::uint8_t child) {
    const GroupPlan::Group& group = group_of(frame);
    const bool once = (group.repeats & bit(child)) == 0;
    for (unsigned c = group.run_begin[child]; c < group.run_end[child]; ++c) {
      frame.filled |= bit(c);
      if (once) frame.blocked |= bit(c);
    }
  }

  void close() {
    const Frame& frame = frames_[--depth_];
    const GroupPlan::Group& group = group_of(frame);
    std::uint64_t missing = group.required & ~frame.filled;
    while (missing != 0) {
      const auto child = static_cast<unsigned>(std::countr_zero(missing));
      for (unsigned c = group.run_begin[child]; c < group.run_end[child]; ++c) missing &= ~bit(c);
      report_missing(group, child);
    }
  }

  void report_missing(const GroupPlan::Group& group, unsigned child) {
    if (++errors_ > kGroupIssuesMax) return;
    const StructureNode* node = &group.def->children[child];
    std::string text = node->name;
    for (unsigned c = child + 1; c < group.run_end[child]; ++c) {
      text += " or " + group.def->children[c].name;
    }
    text += " is missing in " + group.def->name;
    while (node->is_group) node = &node->children.front();
    hl7::Issue issue;
    issue.severity = hl7::Severity::kError;
    issue.code = core::ErrorCode::kRequiredSegmentMissing;
    issue.at.segment = node->name;
    issue.at.occurrence = 1;
    issue.text = std::move(text);
    issues_.push_back(std::move(issue));
  }

  void warn(std::uint32_t index, core::ErrorCode code, std::string_view what) {
    if (++warnings_ > kGroupIssuesMax) return;
    const hl7::SegmentView segment = message_.segment(index);
    hl7::Issue issue;
    issue.severity = hl7::Severity::kWarning;
    issue.code = code;
    issue.at.segment = std::string(segment.name());
    issue.at.occurrence = segment.occurrence();
    issue.text = std::string(segment.name()) + " " + std::string(what);
    issues_.push_back(std::move(issue));
  }

  const hl7::Message& message_;
  const GroupPlan& plan_;
  GroupTree& out_;
  hl7::Issues& issues_;
  std::array<Frame, kStructureDepthMax + 2> frames_;
  std::size_t depth_ = 0;
  std::size_t warnings_ = 0;
  std::size_t errors_ = 0;
  std::vector<std::uint32_t> latest_;
};

}  // namespace

void group(const hl7::Message& message, const StructureDef& structure, GroupTree& out,
           hl7::Issues& issues) {
  if (structure.plan && structure.plan->root == &structure.root) {
    Grouper(message, *structure.plan, out, issues).run();
  } else {
    Grouper(message, *make_group_plan(structure.root), out, issues).run();
  }
}

}  // namespace schema
