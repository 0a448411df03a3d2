#include <algorithm>
#include <fmt/format.h>

#include "documents.hpp"

/// Overlays: a site's changes to a base set, applied before anything is compiled.
namespace mapping {

using core::yaml::Node;

void Documents::finish() {
  for (const Placed& one : overlays_) overlay(one);
}

void Documents::overlay(const Placed& overlay) {
  const Node& node = *overlay.node;
  const std::string_view name = node.entries.front().second.scalar;
  for (MapDecl& decl : maps) {
    if (decl.name == name) return overlay_map(decl, overlay);
  }
  for (VocabDecl& decl : vocabs) {
    if (decl.name == name) return overlay_vocab(decl, overlay);
  }
  for (PlanDecl& decl : plans) {
    if (decl.name == name) return overlay_plan(decl, overlay);
  }
  std::vector<std::string_view> names;
  for (const MapDecl& decl : maps) names.push_back(decl.name);
  for (const VocabDecl& decl : vocabs) names.push_back(decl.name);
  for (const PlanDecl& decl : plans) names.push_back(decl.name);
  report_.error(overlay.spot, fmt::format("overlay of \"{}\", which is not defined", name),
                did_you_mean(name, names));
}

void Documents::overlay_map(MapDecl& decl, const Placed& overlay) {
  const Node& node = *overlay.node;
  check_keys(*overlay.spot.file, node, {"overlay", "rules", "add", "off", "key", "mode", "list",
                                        "onNull", "need", "registry", "items", "tests"});
  auto put = [&](Placed& into, std::string_view key) {
    if (const Node* found = node.find(key)) into = {found, overlay.spot.at(*found)};
  };
  put(decl.key, "key");
  put(decl.mode, "mode");
  put(decl.list, "list");
  put(decl.on_null, "onNull");
  put(decl.need, "need");
  put(decl.registry, "registry");
  put(decl.items, "items");
  turn_off(decl, overlay);
  merge_rules(decl, overlay);
  add_rules(decl, overlay);
}

void Documents::turn_off(MapDecl& decl, const Placed& overlay) {
  const Node* off = overlay.node->find("off");
  if (!off) return;
  for (const Node& target : off->items) {
    const auto gone = std::remove_if(decl.rules.begin(), decl.rules.end(), [&](const RuleDecl& r) {
      return r.target == target.scalar;
    });
    if (gone == decl.rules.end()) {
      std::vector<std::string_view> names;
      for (const RuleDecl& rule : decl.rules) names.push_back(rule.target);
      report_.error(overlay.spot.at(target),
                    fmt::format("{} has no rule for \"{}\"", decl.name, target.scalar),
                    did_you_mean(target.scalar, names));
    }
    decl.rules.erase(gone, decl.rules.end());
  }
}

void Documents::merge_rules(MapDecl& decl, const Placed& overlay) {
  const Node* rules = overlay.node->find("rules");
  if (!rules) return;
  for (std::size_t i = 0; i < rules->entries.size(); ++i) {
    const RuleDecl fresh{rules->entries[i].first, &rules->entries[i].second,
                         {overlay.spot.file, rules->key_places[i]}, {}};
    const auto old = std::find_if(decl.rules.begin(), decl.rules.end(), [&](const RuleDecl& r) {
      return r.target == fresh.target;
    });
    if (old == decl.rules.end()) {
      decl.rules.push_back(fresh);
    } else {
      *old = fresh;
    }
  }
}

void Documents::add_rules(MapDecl& decl, const Placed& overlay) {
  const Node* added = overlay.node->find("add");
  if (!added) return;
  for (std::size_t i = 0; i < added->entries.size(); ++i) {
    const auto& [target, value] = added->entries[i];
    const Spot spot{overlay.spot.file, added->key_places[i]};
    const auto old = std::find_if(decl.rules.begin(), decl.rules.end(),
                                  [&](const RuleDecl& r) { return r.target == target; });
    if (old == decl.rules.end()) {
      decl.rules.push_back({target, &value, spot, {}});
      continue;
    }
    old->added.push_back({&value, overlay.spot.at(value)});
  }
}

void Documents::overlay_vocab(VocabDecl& decl, const Placed& overlay) {
  check_keys(*overlay.spot.file, *overlay.node, {"overlay", "map", "off", "tests"});
  if (const Node* rows = overlay.node->find("map")) {
    decl.added_rows.push_back({rows, overlay.spot.at(*rows)});
  }
  if (const Node* off = overlay.node->find("off")) {
    decl.removed.push_back({off, overlay.spot.at(*off)});
  }
}

void Documents::overlay_plan(PlanDecl& decl, const Placed& overlay) {
  check_keys(*overlay.spot.file, *overlay.node, {"overlay", "plan", "tests"});
  if (const Node* rows = overlay.node->find("plan")) {
    decl.rows.push_back({rows, overlay.spot.at(*rows)});
  }
}

}  // namespace mapping
