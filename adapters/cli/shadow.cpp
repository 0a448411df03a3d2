#include "shadow.hpp"

#include <algorithm>
#include <filesystem>
#include <functional>

#include <fmt/format.h>

#include "journal_messages.hpp"
#include "workbench.hpp"

namespace cli {
namespace {

/// A reference to another draft, told by what that draft is: indexes differ between two mappings.
std::string told(const mapping::MapOutput& output, std::string_view text) {
  if (text.empty() || text.front() != mapping::kDraftMark) return std::string(text);
  const auto index = static_cast<std::size_t>(std::atoi(std::string(text.substr(1)).c_str()));
  if (index >= output.drafts.size()) return std::string(text);
  return fmt::format("{}|{}", output.drafts[index].type, output.drafts[index].keys.front());
}

std::string rule_text(const mapping::MappingSet& set, const mapping::MapOutput& output,
                      const fhir::Node& leaf) {
  if (leaf.lineage == 0 || leaf.lineage > output.lineage.size()) return "(engine)";
  const mapping::RuleInfo& info = set.rule(output.lineage[leaf.lineage - 1].rule);
  return fmt::format("{}:{} {} {}", info.file, info.line, info.map, info.target);
}

}  // namespace

ShadowDiff::Leaves ShadowDiff::leaves_of(const mapping::MappingSet& set,
                                         const mapping::MapOutput* output) {
  Leaves out;
  if (!output) return out;
  for (const mapping::Draft& draft : output->drafts) {
    const std::string resource = fmt::format("{}|{}", draft.type, draft.keys.front());
    const std::function<void(const fhir::Node&, const std::string&)> walk =
        [&](const fhir::Node& node, const std::string& path) {
          if (node.is_leaf()) {
            out[{resource, path}].push_back({told(*output, node.text),
                                             rule_text(set, *output, node)});
            return;
          }
          for (const fhir::Member* member = node.first_member; member; member = member->next) {
            walk(*member->value, fmt::format("{}.{}", path, member->name));
          }
          for (const fhir::Item* item = node.first_item; item; item = item->next) {
            walk(*item->value, path);
          }
        };
    walk(*draft.root, std::string(draft.type));
  }
  return out;
}

void ShadowDiff::note(const std::string& control_id, Key key, const Leaf* before,
                      const Leaf* after, std::set<Key>& touched) {
  Group& group = groups_[key];
  ++(before && after ? group.changed : before ? group.removed : group.added);
  if (group.messages == 0 && group.before.empty() && group.after.empty()) {
    if (before) group.before = before->text;
    if (after) group.after = after->text;
  }
  if (!touched.insert(key).second) return;
  ++group.messages;
  if (group.examples.size() < kShadowExamplesMax) group.examples.push_back(control_id);
}

void ShadowDiff::compare(const std::string& control_id, const std::string& path,
                         std::vector<Leaf> before, std::vector<Leaf> after,
                         std::set<Key>& touched) {
  // What both say is no difference, wherever it stands in the list.
  for (auto old = before.begin(); old != before.end();) {
    const auto same = std::find_if(after.begin(), after.end(),
                                   [&](const Leaf& leaf) { return leaf.text == old->text; });
    if (same == after.end()) {
      ++old;
      continue;
    }
    after.erase(same);
    old = before.erase(old);
  }
  const std::size_t pairs = std::min(before.size(), after.size());
  for (std::size_t i = 0; i < std::max(before.size(), after.size()); ++i) {
    const Leaf* was = i < before.size() ? &before[i] : nullptr;
    const Leaf* is = i < after.size() ? &after[i] : nullptr;
    note(control_id, {i < pairs || is ? is->rule : was->rule, path}, was, is, touched);
  }
}

void ShadowDiff::add(const std::string& control_id, const mapping::MappingSet& old_set,
                     const mapping::MapOutput* before, const mapping::MappingSet& new_set,
                     const mapping::MapOutput* after) {
  ++messages_;
  Leaves old_leaves = leaves_of(old_set, before);
  Leaves new_leaves = leaves_of(new_set, after);
  std::set<Key> touched;
  if ((before == nullptr) != (after == nullptr)) {
    const Leaf refused{"refused", ""}, mapped{"mapped", ""};
    note(control_id, {"(whether it maps at all)", "message"}, before ? &mapped : &refused,
         after ? &mapped : &refused, touched);
  }
  for (auto& [key, leaves] : old_leaves) {
    const auto other = new_leaves.find(key);
    std::vector<Leaf> now;
    if (other != new_leaves.end()) now = std::move(other->second);
    if (other != new_leaves.end()) new_leaves.erase(other);
    compare(control_id, key.second, std::move(leaves), std::move(now), touched);
  }
  for (auto& [key, leaves] : new_leaves) {
    compare(control_id, key.second, {}, std::move(leaves), touched);
  }
  differing_ += !touched.empty();
}

namespace {

/// Another set for each feed's mapping: its own name in another folder, or one name for all.
std::shared_ptr<const pipeline::Knowledge> load_other(const ShadowOptions& options,
                                                      const pipeline::EngineConfig& config) {
  pipeline::DataPaths paths = data_for(config);
  std::error_code ignored;
  if (!std::filesystem::is_directory(options.mapping, ignored)) {
    return load_knowledge(paths, {options.mapping});
  }
  paths.mappings = options.mapping;
  return load_knowledge(paths, mapping_names(config));
}

struct Pair {
  std::shared_ptr<const mapping::MappingSet> old_set, new_set;
  std::unique_ptr<mapping::Mapper> before, after;
  mapping::Environment environment;
};

void print_groups(const ShadowOptions& options, const Context& context, const ShadowDiff& diff) {
  for (const auto& [key, group] : diff.groups()) {
    std::string examples;
    for (const std::string& id : group.examples) examples += (examples.empty() ? "" : ", ") + id;
    if (!context.json) {
      print(fmt::format("{}\n    {}: {} added, {} removed, {} changed in {} messages ({})",
                        key.rule, key.path, group.added, group.removed, group.changed,
                        group.messages, examples));
      if (options.values) print(fmt::format("    \"{}\" -> \"{}\"", group.before, group.after));
      continue;
    }
    std::string line = "{";
    json_member(line, "rule", key.rule);
    json_member(line, "path", key.path);
    line += fmt::format(",\"added\":{},\"removed\":{},\"changed\":{},\"messages\":{}", group.added,
                        group.removed, group.changed, group.messages);
    json_member(line, "examples", examples);
    if (options.values) {
      json_member(line, "before", group.before);
      json_member(line, "after", group.after);
    }
    print(line + "}");
  }
}

}  // namespace

void run_shadow(const ShadowOptions& options, const pipeline::EngineConfig& config,
                Context& context) {
  context.exit = kUsage;
  JournalRange range;
  range.feed = options.feed;
  range.to = options.to;
  if (options.mapping.empty() || !set_from(range, options.from)) {
    return complain("a shadow run needs --mapping FOLDER|NAME; --from takes a sequence or a date");
  }
  const auto old_knowledge = load_knowledge(data_for(config), mapping_names(config));
  const auto new_knowledge = load_other(options, config);
  if (!old_knowledge || !new_knowledge) return;
  std::map<std::string, Pair> pairs;
  for (const pipeline::FeedConfig& feed : config.feeds) {
    Pair& pair = pairs[feed.name.value()];
    const auto& other = new_knowledge->mappings;
    const auto named = other.find(feed.mapping);
    pair.old_set = old_knowledge->mappings.at(feed.mapping);
    pair.new_set = named != other.end() ? named->second : other.begin()->second;
    pair.before = std::make_unique<mapping::Mapper>(pair.old_set);
    pair.after = std::make_unique<mapping::Mapper>(pair.new_set);
    pair.environment = environment_of(config, feed);
  }
  ShadowDiff diff;
  mapping::MapOptions lineage;
  lineage.lineage = true;
  const auto read = each_stored(config, range, [&](const store::Entry& entry,
                                                   const pipeline::FeedConfig& feed,
                                                   const hl7::Message& message) {
    Pair& pair = pairs.at(feed.name.value());
    const auto before = pair.before->map(message, pair.environment, lineage);
    const auto after = pair.after->map(message, pair.environment, lineage);
    diff.add(entry.control_id.value(), *pair.old_set, before ? *before : nullptr, *pair.new_set,
             after ? *after : nullptr);
  });
  if (!read) {
    context.exit = kUnreachable;
    return complain(read.error().text());
  }
  print_groups(options, context, diff);
  print(context.json
            ? fmt::format("{{\"messages\":{},\"differing\":{},\"unreadable\":{}}}",
                          diff.messages(), diff.differing(), read->unreadable)
            : fmt::format("{} messages, {} map differently, {} groups of differences",
                          diff.messages(), diff.differing(), diff.groups().size()));
  context.exit = diff.differing() > 0 ? kFindings : kOk;
}

}  // namespace cli
