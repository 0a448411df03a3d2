#include "group_plan.hpp"

#include <algorithm>
#include <string>

namespace schema {
namespace {

std::uint32_t pack(std::string_view name) {
  if (name.size() != 3) return 0;
  std::uint32_t key = 0;
  for (const char c : name) {
    const char upper = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    key = key << 8 | static_cast<std::uint8_t>(upper);
  }
  return key;
}

std::size_t slot_of(std::uint32_t key) { return (key * 0x9E3779B1u) >> 23; }  // 9 bits: kSlots
static_assert(GroupPlan::kSlots == 512);

class Builder {
 public:
  explicit Builder(GroupPlan& plan) : plan_(plan) {}

  void build(const StructureNode& root) {
    plan_.root = &root;
    add_group(root, 0, 0);
    plan_.symbol_count = names_.size();
    plan_.ranges.resize(plan_.groups.size() * names_.size());
    std::vector<std::vector<GroupPlan::Entry>> found(names_.size());
    for (GroupPlan::Index g = 0; g < plan_.groups.size(); ++g) {
      for (auto& list : found) list.clear();
      collect(g, found);
      for (std::size_t s = 0; s < names_.size(); ++s) {
        plan_.ranges[g * names_.size() + s] = {static_cast<std::uint32_t>(plan_.entries.size()),
                                               static_cast<std::uint32_t>(found[s].size())};
        plan_.entries.insert(plan_.entries.end(), found[s].begin(), found[s].end());
      }
    }
  }

 private:
  using Found = std::vector<std::vector<GroupPlan::Entry>>;

  void add_symbol(std::string_view name) {
    const std::uint32_t key = pack(name);
    if (key == 0 || names_.size() >= GroupPlan::kSymbolsMax) return;
    std::size_t at = slot_of(key);
    while (plan_.slots[at].symbol != GroupPlan::kNoSymbol) {
      if (plan_.slots[at].key == key) return;
      at = (at + 1) % GroupPlan::kSlots;
    }
    plan_.slots[at] = {key, static_cast<std::uint8_t>(names_.size())};
    names_.push_back(name);
  }

  GroupPlan::Index add_group(const StructureNode& def, GroupPlan::Index parent, std::size_t place) {
    const auto self = static_cast<GroupPlan::Index>(plan_.groups.size());
    plan_.groups.emplace_back();
    plan_.groups[self].def = &def;
    plan_.groups[self].parent = parent;
    plan_.groups[self].place = static_cast<std::uint8_t>(place);
    const std::size_t count = std::min(def.children.size(), kGroupChildrenMax);
    for (std::size_t c = 0; c < count; ++c) {
      const StructureNode& node = def.children[c];
      if (node.repeats) plan_.groups[self].repeats |= std::uint64_t{1} << c;
      if (node.required) plan_.groups[self].required |= std::uint64_t{1} << c;
      std::size_t begin = c;
      std::size_t end = c + 1;
      if (node.choice) {
        while (begin > 0 && def.children[begin - 1].choice) --begin;
        while (end < count && def.children[end].choice) ++end;
      }
      plan_.groups[self].run_begin[c] = static_cast<std::uint8_t>(begin);
      plan_.groups[self].run_end[c] = static_cast<std::uint8_t>(end);
      GroupPlan::Index child = GroupPlan::kNoGroup;
      if (node.is_group) child = add_group(node, self, c);
      else add_symbol(node.name);
      plan_.groups[self].child_group[c] = child;
    }
    return self;
  }

  /// All ways from group g: its own segments, and what lies inside each child group.
  void collect(GroupPlan::Index g, Found& found) {
    const StructureNode& def = *plan_.groups[g].def;
    const std::size_t count = std::min(def.children.size(), kGroupChildrenMax);
    for (std::size_t c = 0; c < count; ++c) {
      const GroupPlan::Index inner = plan_.groups[g].child_group[c];
      if (inner == GroupPlan::kNoGroup) {
        add(found, def.children[c].name,
            {static_cast<std::uint8_t>(c), static_cast<std::uint8_t>(c), g, Reach::kDirect,
             static_cast<std::uint8_t>(c)});
      } else {
        enter(inner, static_cast<std::uint8_t>(c), -1, Reach::kLead, found);
      }
    }
  }

  /// Adds the ways into group `inner`. `second`: child of the outermost group entered, -1 at it.
  /// @return whether everything in it is optional, so that what follows it can begin its parent.
  bool enter(GroupPlan::Index inner, std::uint8_t child, int second, Reach reach, Found& found) {
    const StructureNode& def = *plan_.groups[inner].def;
    const std::size_t count = std::min(def.children.size(), kGroupChildrenMax);
    bool nullable = true;
    bool choice_required = false;
    for (std::size_t c = 0; c < count; ++c) {
      const StructureNode& node = def.children[c];
      const auto at = static_cast<std::uint8_t>(second < 0 ? c : static_cast<std::size_t>(second));
      Reach here = reach;
      if (!nullable) here = Reach::kDeep;
      else if (plan_.groups[inner].run_begin[c] != 0) here = std::max(reach, Reach::kSkip);
      bool optional = !node.required || node.name == "ORC";
      if (node.is_group) {
        const bool empty = enter(plan_.groups[inner].child_group[c], child, at, here, found);
        optional = optional || empty;
      } else {
        add(found, node.name, {child, static_cast<std::uint8_t>(c), inner, here, at});
      }
      // Of a choice every alternative may begin the group; only then is its place passed.
      choice_required = choice_required || (node.choice && !optional);
      const bool run_ends = c + 1 == plan_.groups[inner].run_end[c];
      if (node.choice ? (run_ends && choice_required) : !optional) nullable = false;
      if (run_ends) choice_required = false;
    }
    return nullable;
  }

  /// Keeps, per child, the best way only.
  void add(Found& found, std::string_view name, GroupPlan::Entry entry) {
    const std::uint8_t symbol = plan_.symbol(name);
    if (symbol == GroupPlan::kNoSymbol) return;
    auto& list = found[symbol];
    if (!list.empty() && list.back().child == entry.child) {
      if (entry.reach < list.back().reach) list.back() = entry;
      return;
    }
    list.push_back(entry);
  }

  GroupPlan& plan_;
  std::vector<std::string_view> names_;
};

}  // namespace

std::uint8_t GroupPlan::symbol(std::string_view name) const {
  const std::uint32_t key = pack(name);
  if (key == 0) return kNoSymbol;
  for (std::size_t at = slot_of(key);; at = (at + 1) % kSlots) {
    if (slots[at].symbol == kNoSymbol || slots[at].key == key) return slots[at].symbol;
  }
}

std::shared_ptr<const GroupPlan> make_group_plan(const StructureNode& root) {
  auto plan = std::make_shared<GroupPlan>();
  Builder(*plan).build(root);
  return plan;
}

}  // namespace schema
