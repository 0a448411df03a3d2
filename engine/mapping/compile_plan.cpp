#include <algorithm>
#include <core/text.hpp>
#include <fmt/format.h>

#include "compiler.hpp"

/// Message plans: which segments make which resources, in which groups.
namespace mapping {

using core::yaml::Node;

namespace {

constexpr std::string_view kEachKeys[] = {"each", "do", "when"};
constexpr std::string_view kRowKeys[] = {"segment", "make", "map", "when", "extend", "link",
                                         "need", "run", "in", "nth", "stray", "unite", "keep",
                                         "outside"};

void visit_segments(const schema::StructureNode& node, std::string_view name, bool repeats,
                    std::vector<bool>& found) {
  const bool many = repeats || node.repeats;
  if (!node.is_group && node.name == name) found.push_back(many);
  for (const schema::StructureNode& child : node.children) {
    visit_segments(child, name, many, found);
  }
}

bool has_group(const schema::StructureNode& node, std::string_view name) {
  if (node.is_group && node.name == name) return true;
  return std::any_of(node.children.begin(), node.children.end(),
                     [&](const schema::StructureNode& child) { return has_group(child, name); });
}

void group_names(const schema::StructureNode& node, std::vector<std::string_view>& out) {
  if (node.is_group) out.push_back(node.name);
  for (const schema::StructureNode& child : node.children) group_names(child, out);
}

bool has_segment(const schema::StructureNode& node, std::string_view name) {
  std::vector<bool> found;
  visit_segments(node, name, false, found);
  return !found.empty();
}

/// The groups from the root down to the parent of a segment's first place.
bool path_to(const schema::StructureNode& node, std::string_view name,
             std::vector<const schema::StructureNode*>& path) {
  path.push_back(&node);
  for (const schema::StructureNode& child : node.children) {
    if (!child.is_group && child.name == name) return true;
  }
  for (const schema::StructureNode& child : node.children) {
    if (path_to(child, name, path)) return true;
  }
  path.pop_back();
  return false;
}

}  // namespace

void Compiler::compile_plans() {
  for (const PlanDecl& decl : documents_.plans) compile_plan(decl);
}

Range Compiler::texts(const Node& node) {
  const Range out{static_cast<std::uint32_t>(program_.texts.size()),
                  static_cast<std::uint32_t>(node.is_sequence() ? node.items.size() : 1)};
  if (!node.is_sequence()) program_.texts.push_back(program_.strings.keep(node.scalar));
  for (const Node& item : node.items) {
    program_.texts.push_back(program_.strings.keep(item.scalar));
  }
  return out;
}

void Compiler::compile_plan(const PlanDecl& decl) {
  Plan plan;
  plan.name = program_.strings.keep(decl.name);
  plan.info = add_info(decl.spot, decl.name, "");
  if (decl.accept) {
    const Node& node = *decl.accept.node;
    for (std::size_t i = 0; i < (node.is_sequence() ? node.items.size() : 1); ++i) {
      plan.accept.push_back(node.is_sequence() ? node.items[i].scalar : node.scalar);
    }
  }
  for (const Plan& other : program_.plans) {
    for (const std::string& one : plan.accept) {
      if (std::find(other.accept.begin(), other.accept.end(), one) == other.accept.end()) continue;
      report_.error(decl.accept.spot, fmt::format("message {}: {} is accepted by {} too", decl.name,
                                                  one, other.name));
    }
  }
  structures_ = facts_.structures(decl.name, plan.accept);
  made_.clear();
  if (structures_.empty()) {
    report_.error(decl.accept ? decl.accept.spot : decl.spot,
                  fmt::format("message {}: no known structure or message type", decl.name),
                  "name a structure (ORU_R01) or accept types (ADT) or events (ADT^A40)");
  }
  std::vector<std::uint32_t> order;
  for (const Placed& rows : decl.rows) {
    Scope scope;
    scope.file = rows.spot.file;
    const Range range = compile_rows(*rows.node, scope);
    for (std::uint32_t i = range.first; i < range.end(); ++i) {
      order.push_back(program_.row_order[i]);
    }
  }
  plan.rows = {static_cast<std::uint32_t>(program_.row_order.size()),
               static_cast<std::uint32_t>(order.size())};
  program_.row_order.insert(program_.row_order.end(), order.begin(), order.end());
  program_.plans.push_back(std::move(plan));
}

Range Compiler::compile_rows(const Node& node, const Scope& scope) {
  std::vector<std::uint32_t> order;
  if (!node.is_sequence() || scope.depth > kNestingMax) {
    report_.error(scope.spot(node), node.is_sequence() ? "groups are nested too deeply"
                                                       : "expected a list of rows");
    return {};
  }
  for (const Node& item : node.items) {
    Row row;
    if (!compile_row(item, scope, row)) continue;
    row.id = static_cast<std::uint32_t>(program_.rows.size());
    order.push_back(row.id);
    program_.rows.push_back(row);
  }
  const Range out{static_cast<std::uint32_t>(program_.row_order.size()),
                  static_cast<std::uint32_t>(order.size())};
  program_.row_order.insert(program_.row_order.end(), order.begin(), order.end());
  return out;
}

bool Compiler::compile_row(const Node& node, const Scope& scope, Row& out) {
  const bool each = node.is_mapping() && node.find("each");
  if (!node.is_mapping() || (!each && !node.find("segment"))) {
    report_.error(scope.spot(node), "a row is {segment: ..., make: ..., map: ...} or "
                                    "{each: GROUP, do: [...]}");
    return false;
  }
  const std::vector<std::string_view> allowed =
      each ? std::vector<std::string_view>(std::begin(kEachKeys), std::end(kEachKeys))
           : std::vector<std::string_view>(std::begin(kRowKeys), std::end(kRowKeys));
  for (std::size_t i = 0; i < node.entries.size(); ++i) {
    const std::string_view key = node.entries[i].first;
    if (std::find(allowed.begin(), allowed.end(), key) != allowed.end()) continue;
    report_.error({scope.file, node.key_places[i]}, fmt::format("unknown key \"{}\" in a row", key),
                  did_you_mean(key, allowed));
  }
  const std::size_t first_use = plan_uses_.size();
  if (const Node* when = node.find("when")) {
    const auto cond = condition(*when, scope);
    if (!cond) return false;
    out.when = *cond;
  }
  const bool good = each ? compile_each(node, scope, out) : compile_segment(node, scope, out);
  if (good && !each) {
    for (std::size_t i = first_use; i < plan_uses_.size(); ++i) {
      check_unambiguous(plan_uses_[i], program_.segments[out.segment]);
    }
  }
  return good;
}

bool Compiler::compile_each(const Node& node, const Scope& scope, Row& out) {
  out.kind = Row::Kind::kEach;
  const Node& each = *node.find("each");
  out.groups = texts(each);
  bool known = structures_.empty();
  std::vector<std::string_view> names;
  for (const schema::StructureDef* structure : structures_) {
    group_names(structure->root, names);
    for (std::uint32_t i = out.groups.first; i < out.groups.end(); ++i) {
      known |= has_group(structure->root, program_.texts[i]);
    }
  }
  if (!known) {
    const std::string_view name = program_.texts[out.groups.first];
    report_.error(scope.spot(each), fmt::format("no accepted structure has a group \"{}\"", name),
                  did_you_mean(name, names));
  }
  const Node* rows = node.find("do");
  if (!rows) {
    report_.error(scope.spot(node), "`each` needs `do: [rows]`");
    return false;
  }
  Scope inner = scope;
  ++inner.depth;
  out.rows = compile_rows(*rows, inner);
  return true;
}

/// Which of the segments a row means, and whether a run of them counts as one.
void Compiler::compile_choice_of_segments(const Node& node, const Scope& scope, Row& out) {
  out.by_predecessor = node.find("segment")->scalar == "NTE";
  out.one_per_run = out.by_predecessor;
  if (const Node* run = node.find("run")) {
    if (run->scalar != "one" && run->scalar != "each") {
      report_.error(scope.spot(*run), "run is one or each");
    }
    out.one_per_run = run->scalar == "one";
  }
  if (const Node* need = node.find("need")) {
    out.need_key = need->scalar == "key";
    if (!out.need_key) report_.error(scope.spot(*need), "a row can need: key");
  }
  if (const Node* unite = node.find("unite")) {
    out.unite_person = unite->scalar == "person";
    if (!out.unite_person) report_.error(scope.spot(*unite), "a row can unite: person");
  }
  if (const Node* keep = node.find("keep")) {
    out.keep = texts(*keep);
    const std::string_view type = program_.maps[out.map].type;
    for (std::uint32_t i = out.keep.first; i < out.keep.end(); ++i) {
      if (r4_.child(type, program_.texts[i])) continue;
      std::vector<std::string_view> names;
      for (const schema::ElementDef& one : r4_.children(type)) names.push_back(one.name);
      report_.error(scope.spot(*keep),
                    fmt::format("{} has no element \"{}\"", type, program_.texts[i]),
                    did_you_mean(program_.texts[i], names));
    }
  }
  if (const Node* nth = node.find("nth")) {
    const auto number = core::to_int(nth->scalar);
    if (!number || *number < 1 || *number > kNthMax) {
      report_.error(scope.spot(*nth), fmt::format("nth is a number from 1 to {}", kNthMax));
    } else {
      out.nth = static_cast<std::uint16_t>(*number);
    }
  }
  if (const Node* in = node.find("in")) out.groups = texts(*in);
  if (const Node* outside = node.find("outside")) {
    if (out.groups.count != 0) report_.error(scope.spot(*outside), "a row has `in` or `outside`");
    out.groups = texts(*outside);
    out.outside = true;
  }
}

bool Compiler::compile_segment(const Node& node, const Scope& scope, Row& out) {
  const Node& segment = *node.find("segment");
  out.segment = program_.segments.id(segment.scalar);
  const bool known = structures_.empty() || segment.scalar.starts_with('Z') ||
                     std::any_of(structures_.begin(), structures_.end(), [&](const auto* one) {
                       return has_segment(one->root, segment.scalar);
                     });
  if (!known && !facts_.has_segment(segment.scalar)) {
    report_.error(scope.spot(segment), fmt::format("no segment \"{}\"", segment.scalar),
                  did_you_mean(segment.scalar, facts_.segment_names()));
    return false;
  }
  const Node* stray = node.find("stray");
  if (!known && !(stray && stray->scalar == "true")) {
    report_.error(scope.spot(segment), fmt::format("no accepted structure has a segment \"{}\"",
                                                   segment.scalar));
  }
  const Node* map = node.find("map");
  const auto found = map ? map_index_.find(map->scalar) : map_index_.end();
  if (found == map_index_.end() || program_.maps[found->second].is_datatype) {
    std::vector<std::string_view> names;
    for (const auto& [name, index] : map_index_) {
      if (!program_.maps[index].is_datatype) names.push_back(name);
    }
    report_.error(scope.spot(map ? *map : node),
                  map ? fmt::format("no map \"{}\"", map->scalar)
                      : std::string("`map:` is missing"),
                  map ? did_you_mean(map->scalar, names) : "");
    return false;
  }
  out.map = found->second;
  map_used_[out.map] = true;
  const MapInfo& info = program_.maps[out.map];
  if (info.segment != out.segment && !info.type.empty()) {
    report_.error(scope.spot(*map), fmt::format("{} is a map of {}, not of {}", info.name,
                                                program_.segments[info.segment], segment.scalar));
  }
  compile_choice_of_segments(node, scope, out);
  if (!compile_extend(node, scope, out)) return false;
  const Range uses{0, static_cast<std::uint32_t>(uses_[out.map].size())};
  for (std::uint32_t i = uses.first; i < uses.end(); ++i) {
    const TermUse use = uses_[out.map][i];
    const Term& term = program_.terms[use.term];
    if (term.kind == Term::Kind::kResource) {
      const std::pair<std::uint32_t, std::uint16_t> key{out.map, term.name};
      first_use_.emplace(key, use);
      const bool is_made = made_.contains(term.name);
      (is_made ? bound_ : unbound_).insert(key);
      if (is_made) bind(use, segment.scalar);
    } else {
      check_unambiguous(use, segment.scalar);
    }
  }
  if (const Node* make = node.find("make")) {
    out.make = program_.resources.id(make->scalar);
    made_[out.make] = program_.maps[out.map].type;
  }
  return compile_link(node, scope, out);
}

bool Compiler::compile_extend(const Node& node, const Scope& scope, Row& out) {
  const Node* extend = node.find("extend");
  const Node* make = node.find("make");
  const MapDecl& decl = documents_.maps[out.map];
  if (extend && make) {
    report_.error(scope.spot(node), "a row has `make` or `extend`, not both");
    return false;
  }
  if (make) return true;
  std::string_view name = extend ? std::string_view(extend->scalar)
                          : decl.extends ? std::string_view(decl.extends.node->scalar)
                                         : std::string_view();
  if (name.empty()) {
    report_.error(scope.spot(node), "`make: name` or `extend: name` is missing");
    return false;
  }
  if (name == "previous") {
    out.extend_previous = true;
    out.by_predecessor = true;
    return true;
  }
  out.extend = program_.resources.id(name);
  const auto found = made_.find(out.extend);
  const Spot spot = scope.spot(extend ? *extend : node);
  if (found == made_.end()) {
    std::vector<std::string_view> names;
    for (const auto& [id, type] : made_) names.push_back(program_.resources[id]);
    report_.error(spot, fmt::format("no row above makes \"{}\"", name), did_you_mean(name, names));
    return false;
  }
  const MapInfo& info = program_.maps[out.map];
  if (found->second != info.type) {
    report_.error(spot, fmt::format("{} extends a {}, but {} is a {}", info.name, info.type, name,
                                    found->second));
    return false;
  }
  return true;
}

bool Compiler::compile_link(const Node& node, const Scope& scope, Row& row) {
  const Node* link = node.find("link");
  if (!link) return true;
  std::vector<Link> links;
  for (std::size_t i = 0; i < (link->is_sequence() ? link->items.size() : 1); ++i) {
    const Node& one = link->is_sequence() ? link->items[i] : *link;
    const std::size_t dot = one.scalar.find('.');
    const std::string_view name = std::string_view(one.scalar).substr(0, dot);
    Link made;
    made.name = program_.resources.id(name);
    const auto owner = made_.find(made.name);
    if (dot == std::string::npos || owner == made_.end()) {
      report_.error(scope.spot(one), fmt::format("link \"{}\": no row above makes \"{}\"",
                                                 one.scalar, name),
                    "a link is NAME.element of a resource made above");
      continue;
    }
    Element root, element;
    root.type = root.context = root.path = owner->second;
    std::string_view first;
    if (!resolve(root, std::string_view(one.scalar).substr(dot + 1), scope.spot(one), "link",
                 element, made.steps, first)) {
      continue;
    }
    const std::string& type = program_.maps[row.map].type.empty()
                                  ? owner->second
                                  : std::string(program_.maps[row.map].type);
    const bool fits = element.type == "Reference" &&
                      (element.def->targets.empty() ||
                       std::find(element.def->targets.begin(), element.def->targets.end(), type) !=
                           element.def->targets.end());
    if (!fits) {
      report_.error(scope.spot(one), fmt::format("link: {} cannot refer to a {}", element.path,
                                                 type));
      continue;
    }
    made.member = element.member;
    made.repeats = element.repeats;
    made.info = add_info(scope.spot(one), "link", element.path);
    links.push_back(made);
  }
  row.links = {static_cast<std::uint32_t>(program_.links.size()),
               static_cast<std::uint32_t>(links.size())};
  program_.links.insert(program_.links.end(), links.begin(), links.end());
  return true;
}

void Compiler::bind(const TermUse& use, std::string_view) {
  const Term& term = program_.terms[use.term];
  if (!use.target || use.target->targets.empty()) return;
  const std::string& type = made_[term.name];
  const auto& allowed = use.target->targets;
  if (std::find(allowed.begin(), allowed.end(), type) != allowed.end()) return;
  report_.error(use.spot, fmt::format("{} is a {}, which {} cannot refer to", term.written, type,
                                      use.target->path));
}

void Compiler::check_unambiguous(const TermUse& use, std::string_view row_segment) {
  const Term& term = program_.terms[use.term];
  const std::string& name = program_.segments[term.segment];
  if (term.kind == Term::Kind::kResource || name == row_segment || term.occurrence != 0 ||
      term.kind == Term::Kind::kSegment) {
    return;
  }
  for (const schema::StructureDef* structure : structures_) {
    std::vector<const schema::StructureNode*> path;
    if (!path_to(structure->root, row_segment, path)) continue;
    // Climb from the row's group to the first group that holds the segment.
    while (!path.empty()) {
      std::vector<bool> places;
      for (const schema::StructureNode& child : path.back()->children) {
        visit_segments(child, name, false, places);
      }
      if (places.empty()) {
        path.pop_back();
        continue;
      }
      if (std::all_of(places.begin(), places.end(), [](bool repeats) { return repeats; })) {
        Ambiguity& found = ambiguous_[use.term];
        found.use = use;
        found.text = fmt::format("{} is ambiguous: {} repeats in {} beside {}", term.written, name,
                                 structure->id, row_segment);
        found.hint = fmt::format("write {}[1]-{}", name, term.field);
      } else {
        unambiguous_.insert(use.term);
      }
      break;
    }
  }
}

/// A map serves many structures; a reference is at fault when none of them makes it clear.
void Compiler::check_bound() {
  for (const auto& [term, found] : ambiguous_) {
    if (!unambiguous_.contains(term)) report_.error(found.use.spot, found.text, found.hint);
  }
  for (const auto& key : unbound_) {
    if (bound_.contains(key)) continue;
    const TermUse& use = first_use_[key];
    std::vector<std::string_view> names;
    for (std::size_t i = 0; i < program_.resources.size(); ++i) {
      if (i != key.second) names.push_back(program_.resources[i]);
    }
    report_.error(use.spot,
                  fmt::format("{}: no plan makes {} before this map runs",
                              program_.maps[key.first].name, program_.terms[use.term].written),
                  did_you_mean(program_.resources[key.second], names));
  }
}

}  // namespace mapping
