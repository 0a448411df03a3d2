#include "documents.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace mapping {

using core::yaml::Node;

void Documents::add(std::string name, core::Result<core::yaml::File> parsed) {
  names_.push_back(std::move(name));
  const std::string& file = names_.back();
  if (!parsed) {
    Spot spot{&file, {1, 1}};
    // "name:line:column" is what the parser gives; take the numbers back.
    const std::string& where = parsed.error().where;
    if (const std::size_t colon = where.rfind(':'); colon != where.npos && colon > 0) {
      const std::size_t before = where.rfind(':', colon - 1);
      if (before != where.npos) {
        spot.place.line = std::atoi(where.c_str() + before + 1);
        spot.place.column = std::atoi(where.c_str() + colon + 1);
      }
    }
    report_.error(spot, parsed.error().detail);
    return;
  }
  files_.push_back(std::move(*parsed));
  for (const Node& node : files_.back().documents) {
    if (!node.is_null()) document(file, node);
  }
}

void Documents::check_keys(const std::string& file, const Node& node,
                           std::initializer_list<std::string_view> allowed) {
  for (std::size_t i = 0; i < node.entries.size(); ++i) {
    const std::string_view key = node.entries[i].first;
    if (std::find(allowed.begin(), allowed.end(), key) != allowed.end()) continue;
    report_.error({&file, node.key_places[i]}, fmt::format("unknown key \"{}\"", key),
                  did_you_mean(key, std::vector<std::string_view>(allowed)));
  }
}

void Documents::document(const std::string& file, const Node& node) {
  const Spot spot{&file, node.place};
  if (!node.is_mapping() || node.entries.empty()) {
    report_.error(spot, "a document must be a mapping");
    return;
  }
  const std::string_view kind = node.entries.front().first;
  if (const Node* tests_node = node.find("tests")) {
    tests.push_back({&file, *tests_node,
                     kind == "transform" ? node.entries.front().second.scalar : std::string()});
    if (!tests_node->is_sequence()) report_.error(spot.at(*tests_node), "tests must be a list");
  }
  if (kind == "aliases") return aliases(file, node);
  if (kind == "vocab") return vocab(file, node);
  if (kind == "datatype") return map(file, node, true);
  if (kind == "map") return map(file, node, false);
  if (kind == "message") return plan(file, node);
  if (kind == "transform") return transform(file, node);
  if (kind == "overlay") {
    overlays_.push_back({&node, spot});
    return;
  }
  if (kind == "tests") return check_keys(file, node, {"tests"});
  report_.error(spot, fmt::format("unknown kind of document \"{}\"", kind),
                did_you_mean(kind, {"aliases", "vocab", "datatype", "map", "message", "transform",
                                    "overlay", "tests"}));
}

void Documents::aliases(const std::string& file, const Node& node) {
  check_keys(file, node, {"aliases", "systems", "extensions", "values", "tests"});
  for (const auto& [section, into] : {std::pair<const char*, StringMap*>{"systems", &systems},
                                      std::pair<const char*, StringMap*>{"values", &values}}) {
    const Node* list = node.find(section);
    if (!list) continue;
    for (const auto& [name, value] : list->entries) (*into)[name] = value.scalar;
  }
  const Node* list = node.find("extensions");
  if (!list) return;
  for (std::size_t i = 0; i < list->entries.size(); ++i) {
    extension(file, list->entries[i], list->key_places[i]);
  }
}

void Documents::extension(const std::string& file, const core::yaml::Entry& entry,
                          core::yaml::Place place) {
  const Node& value = entry.second;
  const bool shaped = value.is_sequence() && (value.items.size() == 2 || value.items.size() == 3) &&
                      std::all_of(value.items.begin(), value.items.end(),
                                  [](const Node& n) { return n.is_scalar(); });
  if (!shaped || (value.items.size() == 3 && value.items[2].scalar != "single")) {
    report_.error({&file, place}, fmt::format("extension {}: expected [url, type]", entry.first),
                  "or [url, type, single]; type Extension for one with parts");
    return;
  }
  extensions[entry.first] = {value.items[0].scalar, value.items[1].scalar, value.items.size() == 3,
                             {&file, place}};
}

void Documents::duplicate(const Spot& spot, std::string_view kind, std::string_view name,
                          const Spot& first) {
  report_.error(spot, fmt::format("{} {} is already defined at {}:{}", kind, name, *first.file,
                                  first.place.line),
                "to change it, write `overlay: NAME`");
}

void Documents::vocab(const std::string& file, const Node& node) {
  check_keys(file, node, {"vocab", "from", "to", "default", "unmapped", "keep", "case", "map",
                          "tests"});
  const std::string_view name = node.entries.front().second.scalar;
  for (const VocabDecl& old : vocabs) {
    if (old.name == name) return duplicate({&file, node.place}, "vocab", name, old.spot);
  }
  VocabDecl decl;
  decl.name = name;
  decl.spot = {&file, node.place};
  decl.node = &node;
  vocabs.push_back(std::move(decl));
}

void Documents::map(const std::string& file, const Node& node, bool is_datatype) {
  check_keys(file, node, is_datatype
                 ? std::initializer_list<std::string_view>{"datatype", "from", "to", "key", "rules",
                                                           "need", "registry", "mode", "list",
                                                           "onNull", "tests"}
                 : std::initializer_list<std::string_view>{"map", "segment", "to", "key", "rules",
                                                           "mode", "list", "onNull", "extends",
                                                           "partial", "need", "items", "tests"});
  const std::string_view name = node.entries.front().second.scalar;
  const Spot spot{&file, node.place};
  for (const MapDecl& old : maps) {
    if (old.name == name) return duplicate(spot, "map", name, old.spot);
  }
  MapDecl decl;
  decl.name = name;
  decl.is_datatype = is_datatype;
  decl.spot = spot;
  auto put = [&](Placed& into, std::string_view key) {
    if (const Node* found = node.find(key)) into = {found, spot.at(*found)};
  };
  put(decl.segment, "segment");
  put(decl.to, "to");
  put(decl.key, "key");
  put(decl.mode, "mode");
  put(decl.list, "list");
  put(decl.on_null, "onNull");
  put(decl.extends, "extends");
  put(decl.need, "need");
  put(decl.registry, "registry");
  put(decl.from, "from");
  put(decl.partial, "partial");
  put(decl.items, "items");
  const Node* rules = node.find("rules");
  if (!rules || !rules->is_mapping()) {
    report_.error(spot, fmt::format("{}: no rules", name), "write `rules: {target: source, ...}`");
  } else {
    for (std::size_t i = 0; i < rules->entries.size(); ++i) {
      decl.rules.push_back({rules->entries[i].first, &rules->entries[i].second,
                            {&file, rules->key_places[i]}, {}});
    }
  }
  maps.push_back(std::move(decl));
}

void Documents::transform(const std::string& file, const Node& node) {
  check_keys(file, node, {"transform", "accept", "version", "encoding", "fit", "keep", "steps",
                          "tests"});
  const std::string_view name = node.entries.front().second.scalar;
  const Spot spot{&file, node.place};
  for (const TransformDecl& old : transforms) {
    if (old.name == name) return duplicate(spot, "transform", name, old.spot);
  }
  transforms.push_back({name, spot, &node});
}

void Documents::plan(const std::string& file, const Node& node) {
  check_keys(file, node, {"message", "accept", "plan", "tests"});
  const std::string_view name = node.entries.front().second.scalar;
  const Spot spot{&file, node.place};
  for (const PlanDecl& old : plans) {
    if (old.name == name) return duplicate(spot, "message", name, old.spot);
  }
  PlanDecl decl;
  decl.name = name;
  decl.spot = spot;
  if (const Node* accept = node.find("accept")) decl.accept = {accept, spot.at(*accept)};
  const Node* rows = node.find("plan");
  if (!rows || !rows->is_sequence()) {
    report_.error(spot, fmt::format("message {}: no plan", name), "write `plan: [rows]`");
  } else {
    decl.rows.push_back({rows, spot.at(*rows)});
  }
  plans.push_back(std::move(decl));
}

}  // namespace mapping
