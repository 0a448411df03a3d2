#include "message_index.hpp"

#include <algorithm>
#include <bit>

namespace mapping {

namespace {

std::uint32_t pack(std::string_view name) {
  std::uint32_t out = 0;
  for (char c : name) out = (out << 8) | static_cast<unsigned char>(c);
  return out;
}

bool before(const Stand& a, const Stand& b) {
  return a.order != b.order ? a.order < b.order : a.segment < b.segment;
}

}  // namespace

void MessageIndex::prepare(const Program& program) {
  name_count_ = program.segments.size();
  names_.assign(std::bit_ceil(name_count_ * 4 + 4), Name{});
  for (std::size_t i = 0; i < name_count_; ++i) {
    const std::string& name = program.segments[i];
    if (name.size() != 3) continue;
    const std::uint32_t packed = pack(name);
    std::size_t at = (packed * 2654435761u) & (names_.size() - 1);
    while (names_[at].packed != 0) at = (at + 1) & (names_.size() - 1);
    names_[at] = {packed, static_cast<std::uint16_t>(i)};
  }
  made_.resize(program.resources.size());
}

std::uint16_t MessageIndex::id_of(std::string_view name) const {
  if (name.size() != 3) return kUnnamed;
  const std::uint32_t packed = pack(name);
  std::size_t at = (packed * 2654435761u) & (names_.size() - 1);
  for (; names_[at].packed != 0; at = (at + 1) & (names_.size() - 1)) {
    if (names_[at].packed == packed) return names_[at].id;
  }
  return kUnnamed;
}

void MessageIndex::number_groups() {
  const auto count = tree_->groups.size();
  order_.assign(count, 0);
  last_.assign(count, 0);
  group_at_.clear();
  stack_.clear();
  // Iterative: a group number on the stack is entered, its complement is left.
  if (count != 0) stack_.push_back(0);
  while (!stack_.empty()) {
    const std::uint32_t top = stack_.back();
    stack_.pop_back();
    const bool leaving = top >= 0x80000000u;
    const std::uint32_t group = leaving ? ~top : top;
    if (leaving) {
      last_[group] = static_cast<std::uint32_t>(group_at_.size() - 1);
      continue;
    }
    order_[group] = static_cast<std::uint32_t>(group_at_.size());
    group_at_.push_back(group);
    const std::size_t mark = stack_.size();
    stack_.push_back(~group);
    for (std::uint32_t child = tree_->groups[group].first_child;
         child != schema::GroupTree::kNone; child = tree_->groups[child].next_sibling) {
      stack_.push_back(child);
    }
    std::reverse(stack_.begin() + static_cast<std::ptrdiff_t>(mark) + 1, stack_.end());
  }
}

/// Repetitions of one group stand side by side: one interval of orders for all of them.
void MessageIndex::number_runs() {
  constexpr std::uint32_t kNone = schema::GroupTree::kNone;
  run_first_.assign(order_.begin(), order_.end());
  run_last_.assign(last_.begin(), last_.end());
  for (const schema::GroupTree::Group& parent : tree_->groups) {
    for (std::uint32_t first = parent.first_child; first != kNone;) {
      const schema::StructureNode* def = tree_->groups[first].def;
      std::uint32_t end = first, last = first;
      for (; end != kNone && tree_->groups[end].def == def; end = tree_->groups[end].next_sibling) {
        last = end;
      }
      for (std::uint32_t one = first; one != end; one = tree_->groups[one].next_sibling) {
        run_first_[one] = order_[first];
        run_last_[one] = last_[last];
      }
      first = end;
    }
  }
}

void MessageIndex::build(const hl7::Message& message, const schema::GroupTree& tree) {
  tree_ = &tree;
  number_groups();
  number_runs();
  const std::uint32_t count = message.segment_count();
  name_of_.resize(count);
  fields_.resize(count);
  first_.assign(name_count_ + 1, 0);
  for (std::uint32_t i = 0; i < count; ++i) {
    const hl7::SegmentView segment = message.segment(i);
    name_of_[i] = id_of(segment.name());
    fields_[i] = segment.fields_present();
    if (name_of_[i] != kUnnamed) ++first_[name_of_[i] + 1u];
  }
  for (std::size_t n = 0; n < name_count_; ++n) first_[n + 1] += first_[n];
  stands_.resize(first_[name_count_]);
  // Counting sort by name keeps message order; `fill` positions are the starts, moved along.
  stack_.assign(first_.begin(), first_.end());
  for (std::uint32_t i = 0; i < count; ++i) {
    if (name_of_[i] == kUnnamed) continue;
    stands_[stack_[name_of_[i]]++] = {order_[tree.group_of[i]], i, -1};
  }
  for (std::size_t n = 0; n < name_count_; ++n) {
    if (first_[n + 1] - first_[n] < 2) continue;
    const auto from = stands_.begin() + first_[n], to = stands_.begin() + first_[n + 1];
    if (!std::is_sorted(from, to, before)) std::sort(from, to, before);
  }
  for (auto& list : made_) list.clear();
  made_head_.assign(count, -1);
  made_links_.clear();
}

std::span<const Stand> MessageIndex::interval(std::span<const Stand> all, std::uint32_t first,
                                              std::uint32_t last) {
  const auto from = std::partition_point(all.begin(), all.end(),
                                         [&](const Stand& s) { return s.order < first; });
  const auto to = std::partition_point(from, all.end(),
                                       [&](const Stand& s) { return s.order <= last; });
  return {from, to};
}

std::span<const Stand> MessageIndex::segments(std::uint16_t name, std::uint32_t group) const {
  const std::span<const Stand> all(stands_.data() + first_[name], first_[name + 1u] - first_[name]);
  if (all.empty()) return all;
  return interval(all, order_[group], last_[group]);
}

/// Whether it stands in another repetition of a group around `group`.
bool MessageIndex::apart(const Stand& stand, std::uint32_t group) const {
  for (std::uint32_t at = group; at != schema::GroupTree::kNone; at = tree_->groups[at].parent) {
    if (stand.order >= order_[at] && stand.order <= last_[at]) return false;
    if (stand.order >= run_first_[at] && stand.order <= run_last_[at]) return true;
  }
  return false;
}

const Stand* MessageIndex::nearest_in(std::span<const Stand> all, std::uint32_t group,
                                      std::uint32_t segment) const {
  if (all.empty()) return nullptr;
  if (all.size() == 1) return apart(all.front(), group) ? nullptr : &all.front();
  std::uint32_t inner = schema::GroupTree::kNone;
  const Stand* next = nullptr;
  for (std::uint32_t at = group; at != schema::GroupTree::kNone; at = tree_->groups[at].parent) {
    const bool outside = inner != schema::GroupTree::kNone;
    const auto found = interval(all, order_[at], outside ? run_first_[inner] - 1 : last_[at]);
    const auto after = std::partition_point(
        found.begin(), found.end(), [&](const Stand& s) { return s.segment <= segment; });
    if (after != found.begin()) return &*(after - 1);
    if (!next) {
      if (after != found.end()) next = &*after;
      const auto behind = outside ? interval(all, run_last_[inner] + 1, last_[at])
                                  : std::span<const Stand>();
      if (!behind.empty() && (!next || behind.front().segment < next->segment)) {
        next = &behind.front();
      }
    }
    inner = at;
  }
  return next;
}

std::uint32_t MessageIndex::nearest(std::uint16_t name, std::uint32_t group,
                                    std::uint32_t segment) const {
  const Stand* found = nearest_in(
      {stands_.data() + first_[name], first_[name + 1u] - first_[name]}, group, segment);
  return found ? found->segment : kNil;
}

std::uint32_t MessageIndex::enclosing(std::uint16_t name, std::uint32_t group) const {
  for (std::uint32_t at = group; at != schema::GroupTree::kNone; at = tree_->groups[at].parent) {
    if (!segments(name, at).empty()) return at;
  }
  return kNil;
}

void MessageIndex::add_made(std::uint16_t name, std::uint32_t segment, std::int32_t draft) {
  std::vector<Stand>& list = made_[name];
  const Stand made{order_[tree_->group_of[segment]], segment, draft};
  if (list.empty() || before(list.back(), made)) {
    list.push_back(made);
  } else {
    list.insert(std::upper_bound(list.begin(), list.end(), made, before), made);
  }
  made_links_.push_back({made_head_[segment], name, draft});
  made_head_[segment] = static_cast<std::int32_t>(made_links_.size() - 1);
}

std::int32_t MessageIndex::nearest_made(std::uint16_t name, std::uint32_t group,
                                        std::uint32_t segment) const {
  const Stand* found = nearest_in(made_[name], group, segment);
  return found ? found->draft : -1;
}

std::int32_t MessageIndex::made_by(std::uint32_t segment, std::uint16_t name) const {
  std::int32_t found = -1;
  for (std::int32_t i = made_head_[segment]; i >= 0;
       i = made_links_[static_cast<std::size_t>(i)].next) {
    const MadeBySegment& link = made_links_[static_cast<std::size_t>(i)];
    if (name == kUnnamed || link.name == name) found = link.draft;
  }
  return found;
}

}  // namespace mapping
