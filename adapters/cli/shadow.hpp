#pragma once
#include <mapping/mapper.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "command.hpp"

namespace cli {

/// Control ids kept as examples of one group of differences.
inline constexpr std::size_t kShadowExamplesMax = 3;

/// `replay --shadow`: stored messages through the mapping in force and through another one, side by
/// side; nothing is written anywhere.
struct ShadowOptions {
  std::string mapping;      ///< a mappings folder, or "base+<site>"
  std::string from, feed;
  std::uint64_t to = 0;
  bool values = false;      ///< show an example's values: patient data on the analyst's screen
};
void run_shadow(const ShadowOptions& options, const pipeline::EngineConfig& config,
                Context& context);

/// Field-level differences of two outputs for the same messages, grouped by the rule that wrote (or
/// no longer writes) the element. Repetitions compare as a set: their order is no difference.
class ShadowDiff {
 public:
  struct Group {
    std::uint64_t added = 0, removed = 0, changed = 0, messages = 0;
    std::vector<std::string> examples;      ///< control ids
    std::string before, after;              ///< values of the first example
  };
  struct Key {
    std::string rule;                       ///< "file:line MAP target"
    std::string path;                       ///< "Patient.name.family"
    auto operator<=>(const Key&) const = default;
  };

  /// Either output may be nullptr: that mapping refused the message.
  void add(const std::string& control_id, const mapping::MappingSet& old_set,
           const mapping::MapOutput* before, const mapping::MappingSet& new_set,
           const mapping::MapOutput* after);
  const std::map<Key, Group>& groups() const { return groups_; }
  std::uint64_t messages() const { return messages_; }
  std::uint64_t differing() const { return differing_; }

 private:
  struct Leaf {
    std::string text, rule;
  };
  /// By resource and path without indexes.
  using Leaves = std::map<std::pair<std::string, std::string>, std::vector<Leaf>>;
  static Leaves leaves_of(const mapping::MappingSet& set, const mapping::MapOutput* output);
  void compare(const std::string& control_id, const std::string& path, std::vector<Leaf> before,
               std::vector<Leaf> after, std::set<Key>& touched);
  void note(const std::string& control_id, Key key, const Leaf* before, const Leaf* after,
            std::set<Key>& touched);

  std::map<Key, Group> groups_;
  std::uint64_t messages_ = 0, differing_ = 0;
};

}  // namespace cli
