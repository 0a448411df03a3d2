#include <core/yaml.hpp>
#include <mapping/overlay_report.hpp>

#include <deque>
#include <map>

#include <fmt/format.h>

/// What overlays touch, told from the files alone: an overlay whose base no longer compiles is told
/// of, too.
namespace mapping {

namespace {

using core::yaml::Node;

/// The same content gives the same line, however it is laid out.
std::string one_line(const Node& node) {
  std::string out;
  switch (node.kind) {
    case Node::Kind::kNull: return "~";
    case Node::Kind::kScalar: return node.scalar;
    case Node::Kind::kSequence:
      for (const Node& item : node.items) out += (out.empty() ? "" : ", ") + one_line(item);
      return "[" + out + "]";
    case Node::Kind::kMapping:
      for (const auto& [key, value] : node.entries) {
        out += (out.empty() ? "" : ", ") + key + ": " + one_line(value);
      }
      return "{" + out + "}";
  }
  return out;
}

struct Base {
  std::string file, text;
  int line = 0;
};
/// By name of the document and key of the rule, code or setting.
using Bases = std::map<std::pair<std::string, std::string>, Base>;

struct Sources {
  std::deque<core::yaml::File> files;
  std::vector<std::pair<const core::yaml::File*, const Node*>> overlays;
  Bases bases;
};

void add_bases(const core::yaml::File& file, const Node& node, Bases& out) {
  const std::string& name = node.entries.front().second.scalar;
  const auto add = [&](const std::string& key, const Node& value, core::yaml::Place place) {
    out.try_emplace({name, key}, Base{file.name, one_line(value), place.line});
  };
  for (std::size_t i = 1; i < node.entries.size(); ++i) {
    const auto& [key, value] = node.entries[i];
    if (key == "tests") continue;
    if (key != "rules" && key != "map") {
      add(key, value, node.key_places[i]);
      continue;
    }
    for (std::size_t k = 0; k < value.entries.size(); ++k) {
      add(value.entries[k].first, value.entries[k].second, value.key_places[k]);
    }
  }
}

core::Status read(const MappingTexts& texts, Sources& out) {
  for (const auto& [name, text] : texts) {
    auto file = core::yaml::parse(text, name);
    if (!file) return core::fail(file.error());
    out.files.push_back(std::move(*file));
    const core::yaml::File& kept = out.files.back();
    for (const Node& node : kept.documents) {
      if (!node.is_mapping() || node.entries.empty()) continue;
      if (node.entries.front().first == "overlay") {
        out.overlays.emplace_back(&kept, &node);
      } else {
        add_bases(kept, node, out.bases);
      }
    }
  }
  return {};
}

void touches_of(const Sources& sources, const core::yaml::File& file, const Node& node,
                std::vector<OverlayTouch>& out) {
  const std::string& name = node.entries.front().second.scalar;
  const auto touch = [&](const std::string& target, core::yaml::Place place,
                         std::string_view over_base, std::string_view over_nothing) {
    OverlayTouch one;
    one.file = file.name;
    one.line = place.line;
    one.overlay = name;
    one.target = target;
    const auto base = sources.bases.find({name, target});
    one.change = base != sources.bases.end() ? over_base : over_nothing;
    if (base != sources.bases.end()) {
      one.base_file = base->second.file;
      one.base_line = base->second.line;
      one.base_text = base->second.text;
    }
    out.push_back(std::move(one));
  };
  for (std::size_t i = 1; i < node.entries.size(); ++i) {
    const auto& [key, value] = node.entries[i];
    if (key == "tests") continue;
    if (key == "off") {
      for (const Node& item : value.items) touch(item.scalar, item.place, "removes", "removes");
    } else if (key == "rules" || key == "map" || key == "add") {
      for (std::size_t k = 0; k < value.entries.size(); ++k) {
        touch(value.entries[k].first, value.key_places[k],
              key == "add" ? "appends to" : "replaces", "adds");
      }
    } else {
      touch(key, node.key_places[i], key == "plan" ? "appends to" : "replaces", "adds");
    }
  }
}

}  // namespace

core::Result<std::vector<OverlayTouch>> overlay_touches(const MappingTexts& texts) {
  Sources sources;
  if (auto done = read(texts, sources); !done) return core::fail(done.error());
  std::vector<OverlayTouch> out;
  for (const auto& [file, node] : sources.overlays) touches_of(sources, *file, *node, out);
  return out;
}

core::Result<std::vector<OverlayChange>> overlay_changes(const MappingTexts& before,
                                                         const MappingTexts& now) {
  Sources old;
  if (auto done = read(before, old); !done) return core::fail(done.error());
  auto touches = overlay_touches(now);
  if (!touches) return core::fail(touches.error());
  std::vector<OverlayChange> out;
  for (OverlayTouch& touch : *touches) {
    const auto base = old.bases.find({touch.overlay, touch.target});
    const std::string was = base == old.bases.end() ? std::string() : base->second.text;
    if (was == touch.base_text) continue;
    std::string is = touch.base_text;
    out.push_back({std::move(touch), was, std::move(is)});
  }
  return out;
}

}  // namespace mapping
