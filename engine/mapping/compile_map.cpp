#include <algorithm>
#include <fmt/format.h>

#include "compiler.hpp"

/// Segment maps and data type maps.
namespace mapping {

using core::yaml::Node;

namespace {

bool is_shared(std::string_view type) {
  static constexpr std::string_view kTypes[] = {
      "Practitioner", "PractitionerRole", "Organization", "Location", "HealthcareService",
      "Endpoint", "Medication", "Substance", "Device", "OrganizationAffiliation"};
  return std::find(std::begin(kTypes), std::end(kTypes), type) != std::end(kTypes);
}

}  // namespace

Compiler::Compiler(MappingSet::Impl& out, Documents& documents, Report& report)
    : out_(out), program_(out.program), documents_(documents), report_(report), r4_(*out.r4),
      facts_(*out.v2) {}

void Compiler::run() {
  compile_vocabs();
  declare_maps();
  for (std::uint32_t i = 0; i < program_.maps.size(); ++i) {
    if (!program_.maps[i].type.empty()) compile_map(i);
  }
  check_cycles();
  compile_plans();
  check_bound();
  compile_transforms();
  find_presence(program_);
  find_plain(program_);
  warn_unused();
}

void Compiler::declare_maps() {
  for (const MapDecl& decl : documents_.maps) {
    MapInfo map;
    map.name = program_.strings.keep(decl.name);
    map.is_datatype = decl.is_datatype;
    map.info = add_info(decl.spot, decl.name, decl.to ? decl.to.node->scalar : "");
    if (!decl.to) {
      report_.error(decl.spot, fmt::format("{}: `to:` is missing", decl.name));
    } else {
      const std::string& type = decl.to.node->scalar;
      map.is_resource = r4_.is_resource(type);
      const bool is_type = r4_.is_complex(type) || r4_.is_primitive(type);
      if (map.is_resource || (decl.is_datatype && is_type)) {
        map.type = program_.strings.keep(type);
        map.prim = prim_of(type);
        map.shared = is_shared(type);
      } else {
        report_.error(decl.to.spot, fmt::format("{}: FHIR R4 has no {} \"{}\"", decl.name,
                                                decl.is_datatype ? "type" : "resource", type),
                      did_you_mean(type, r4_.resource_types()));
      }
    }
    map_index_[map.name] = static_cast<std::uint32_t>(program_.maps.size());
    program_.maps.push_back(map);
  }
  map_used_.assign(program_.maps.size(), false);
  map_edges_.resize(program_.maps.size());
  uses_.resize(program_.maps.size());
}

namespace {

bool is_parted(std::string_view list) {
  return list == "identifier" || list == "name" || list == "address" || list == "telecom" ||
         list == "extension";
}

}  // namespace

void Compiler::compile_policy(const MapDecl& decl, MapInfo& map) {
  using Policy = fhir::MergePolicy;
  const auto choose = [&](const Placed& placed, std::string_view key, std::string_view first,
                          std::string_view second) {
    if (!placed || placed.node->scalar == first) return false;
    if (placed.node->scalar != second) {
      report_.error(placed.spot, fmt::format("{}: {} is {} or {}", decl.name, key, first, second));
    }
    return true;
  };
  if (choose(decl.mode, "mode", "merge", "replace")) map.policy.mode = Policy::Mode::kReplace;
  if (choose(decl.list, "list", "replace", "union")) map.policy.list = Policy::List::kUnion;
  choose(decl.on_null, "onNull", "clear", "keep");
}

Scope Compiler::scope_of(const MapDecl& decl, std::uint32_t index, MapInfo& map) {
  Scope scope;
  scope.file = decl.spot.file;
  scope.map = index;
  scope.name = map.name;
  scope.in_datatype = scope.has_current = decl.is_datatype;
  if (decl.is_datatype) {
    const std::string type(decl.from ? std::string_view(decl.from.node->scalar)
                                     : map.name.substr(0, map.name.find('-')));
    if (facts_.is_datatype(type)) {
      scope.types = {program_.strings.keep(type)};
      map.key = key_kind(scope.types);
      // An Organization made of an EI is who issued the number, not the thing numbered.
      if (map.key == KeyKind::kEi && map.type == "Organization") map.key = KeyKind::kEiAuthority;
    } else if (decl.from) {
      report_.error(decl.from.spot, fmt::format("{}: no v2 data type \"{}\"", map.name, type));
    }
    return scope;
  }
  const std::string_view segment =
      decl.segment ? std::string_view(decl.segment.node->scalar) : std::string_view();
  if (segment.size() != 3) {
    report_.error(decl.segment ? decl.segment.spot : decl.spot,
                  fmt::format("{}: `segment:` is missing", map.name));
  } else if (!segment.starts_with('Z') && !facts_.has_segment(segment)) {
    report_.error(decl.segment.spot, fmt::format("{}: no segment \"{}\"", map.name, segment),
                  did_you_mean(segment, facts_.segment_names()));
  }
  map.segment = program_.segments.id(segment);
  scope.clears = map.policy.mode == fhir::MergePolicy::Mode::kMerge &&
                 (!decl.on_null || decl.on_null.node->scalar != "keep");
  return scope;
}

/// A primitive has one child: its value.
void Compiler::compile_primitive(const MapDecl& decl, const Element& root, const Scope& scope,
                                 MapInfo& map) {
  std::vector<Rule> rules;
  const auto compile = [&](const Node& node, const std::string* file) {
    Scope at = scope;
    at.file = file;
    for (std::size_t i = 0; i < (node.is_sequence() ? node.items.size() : 1); ++i) {
      Rule made;
      if (compile_rule(node.is_sequence() ? node.items[i] : node, root, at, made)) {
        rules.push_back(made);
      }
    }
  };
  for (const RuleDecl& rule : decl.rules) {
    if (rule.target != "value") {
      report_.error(rule.spot, fmt::format("{}: a {} has no element \"{}\"", map.name, map.type,
                                           rule.target), "write the rules under `value`");
      continue;
    }
    compile(*rule.value, rule.spot.file);
    for (const Placed& more : rule.added) compile(*more.node, more.spot.file);
  }
  Target target;
  target.rules = {static_cast<std::uint32_t>(program_.rules.size()),
                  static_cast<std::uint32_t>(rules.size())};
  program_.rules.insert(program_.rules.end(), rules.begin(), rules.end());
  map.targets = {static_cast<std::uint32_t>(program_.targets.size()), 1};
  program_.targets.push_back(target);
}

Range Compiler::compile_registry(const Placed& registry, Scope scope) {
  scope.file = registry.spot.file;
  std::vector<Term> terms;
  const Node& node = *registry.node;
  for (std::size_t i = 0; i < (node.is_sequence() ? node.items.size() : 1); ++i) {
    const auto found = source(node.is_sequence() ? node.items[i] : node, scope, nullptr);
    if (!found) continue;
    for (std::uint32_t t = found->first; t < found->end(); ++t) terms.push_back(program_.terms[t]);
  }
  const Range out{static_cast<std::uint32_t>(program_.terms.size()),
                  static_cast<std::uint32_t>(terms.size())};
  program_.terms.insert(program_.terms.end(), terms.begin(), terms.end());
  return out;
}

void Compiler::compile_map(std::uint32_t index) {
  const MapDecl& decl = documents_.maps[index];
  MapInfo map = program_.maps[index];
  compile_policy(decl, map);
  Scope scope = scope_of(decl, index, map);
  Element root;
  root.type = root.context = root.path = map.type;
  root.prim = map.prim;
  root.clearable = !decl.is_datatype;
  if (map.prim != Prim::kComplex) {
    compile_primitive(decl, root, scope, map);
  } else {
    const auto targets = compile_targets(decl.rules, root, scope, map.targets);
    const bool extends = decl.extends.node != nullptr;
    map.partial = decl.partial && decl.partial.node->scalar == "true";
    if (decl.partial && !map.partial && decl.partial.node->scalar != "false") {
      report_.error(decl.partial.spot, fmt::format("{}: partial is true or false", map.name));
    }
    if (!extends && !map.partial) check_required(root, decl.rules, targets, decl.spot, map.name);
  }
  if (decl.need) {
    Scope at = scope;
    at.file = decl.need.spot.file;
    map.need = compile_need(*decl.need.node, std::string(map.type), at);
  }
  if (decl.registry) {
    map.registry = compile_registry(decl.registry, scope);
    if (map.prim == Prim::kComplex) {
      report_.error(decl.registry.spot, fmt::format("{}: `registry` is for a map to a uri",
                                                    map.name));
    }
  }
  if (decl.items) compile_parts(decl, map, scope);
  if (map.is_resource) compile_keys(decl, map, scope);
  program_.maps[index] = map;
}

/// `items: {telecom: {PID-14: [work]}}`: which items of a list a field makes.
void Compiler::compile_parts(const MapDecl& decl, MapInfo& map, Scope scope) {
  scope.file = decl.items.spot.file;
  const Node& lists = *decl.items.node;
  map.parts.first = static_cast<std::uint32_t>(program_.parts.size());
  for (std::size_t l = 0; l < lists.entries.size(); ++l) {
    const std::string& list = lists.entries[l].first;
    const Node& fields = lists.entries[l].second;
    if (!is_parted(list)) {
      report_.error(scope.spot(fields), fmt::format("{}: items of \"{}\" have no kinds", map.name,
                                                    list),
                    "identifier, name, address, telecom and extension have");
      continue;
    }
    for (const auto& [field, kinds] : fields.entries) {
      fhir::ListPart part;
      part.list = program_.strings.keep(list);
      std::string words = "|";
      for (std::size_t i = 0; i < (kinds.is_sequence() ? kinds.items.size() : 1); ++i) {
        words += (kinds.is_sequence() ? kinds.items[i] : kinds).scalar + "|";
      }
      part.kinds = words == "|*|" ? "*" : program_.strings.keep(words);
      const auto asked = [&](const char* word) {
        Node text = kinds;
        text.kind = Node::Kind::kScalar;
        text.scalar = field + word;
        return condition(text, scope).value_or(kNil);
      };
      program_.parts.push_back(part);
      program_.part_conds.push_back({asked(" empty"), asked(" deleted")});
    }
  }
  map.parts.count = static_cast<std::uint32_t>(program_.parts.size()) - map.parts.first;
  constexpr std::uint32_t kPartsMax = 32;   // bits of MergePolicy
  if (map.parts.count <= kPartsMax) return;
  report_.error(decl.items.spot, fmt::format("{}: items of more than {} fields", map.name,
                                             kPartsMax));
  map.parts.count = 0;
}

void Compiler::compile_keys(const MapDecl& decl, MapInfo& map, const Scope& scope) {
  if (!decl.key) {
    if (!decl.is_datatype && !decl.extends) {
      report_.error(decl.spot, fmt::format("{}: `key:` is missing", map.name),
                    "without one every message makes a new resource");
    }
    return;
  }
  Scope at = scope;
  at.file = decl.key.spot.file;
  const Node& node = *decl.key.node;
  std::vector<Rung> rungs;
  for (std::size_t i = 0; i < (node.is_sequence() ? node.items.size() : 1); ++i) {
    Rung rung;
    if (compile_rung(at.spot(node), node.is_sequence() ? node.items[i] : node, at, rung)) {
      rungs.push_back(rung);
    }
  }
  map.rungs = {static_cast<std::uint32_t>(program_.rungs.size()),
               static_cast<std::uint32_t>(rungs.size())};
  program_.rungs.insert(program_.rungs.end(), rungs.begin(), rungs.end());
}

bool Compiler::compile_rung(const Spot&, const Node& node, const Scope& scope, Rung& out) {
  const std::size_t first = program_.terms.size();
  Expression parser(program_, documents_.systems, node.scalar);
  const auto rung = node.is_scalar() ? parser.rung() : std::nullopt;
  if (!rung) {
    report_.error(scope.spot(node).inside(node, parser.error_offset()),
                  fault(scope, node.is_scalar() ? parser.error() : "expected a key"),
                  parser.hint());
    return false;
  }
  check_terms(first, node, scope, nullptr);
  out = *rung;
  return true;
}

std::vector<Target> Compiler::compile_targets(const std::vector<RuleDecl>& rules,
                                              const Element& parent, const Scope& scope,
                                              Range& out) {
  std::vector<Target> targets;
  std::vector<Element> elements;
  for (const RuleDecl& decl : rules) {
    Target target;
    Element element;
    if (!resolve(parent, decl.target, decl.spot, scope.name, element, target.steps,
                 target.first_member)) {
      targets.push_back(target);
      elements.push_back({});
      continue;
    }
    target.repeats = element.repeats;
    target.choice = element.choice;
    target.clears = scope.clears && element.clearable && element.repeats && element.url.empty() &&
                    target.steps.count == 0 && element.def && element.def->min == 0;
    target.distinct = element.repeats && element.prim == Prim::kComplex && element.url.empty();
    std::vector<Rule> made;
    std::vector<Spot> spots;
    const auto compile = [&](const Node& node, const std::string* file) {
      Scope at = scope;
      at.file = file;
      Rule rule;
      if (compile_rule(node, element, at, rule)) {
        made.push_back(rule);
        spots.push_back({file, node.place});
      }
    };
    const auto compile_all = [&](const Node& node, const std::string* file) {
      if (!node.is_sequence()) return compile(node, file);
      for (const Node& item : node.items) compile(item, file);
    };
    compile_all(*decl.value, decl.spot.file);
    for (const Placed& more : decl.added) compile_all(*more.node, more.spot.file);
    target.rules = {static_cast<std::uint32_t>(program_.rules.size()),
                    static_cast<std::uint32_t>(made.size())};
    program_.rules.insert(program_.rules.end(), made.begin(), made.end());
    check_reachable(target, spots, scope.name);
    targets.push_back(target);
    elements.push_back(std::move(element));
  }
  out = {static_cast<std::uint32_t>(program_.targets.size()),
         static_cast<std::uint32_t>(targets.size())};
  program_.targets.insert(program_.targets.end(), targets.begin(), targets.end());
  check_choices(rules, targets, elements, scope.name);
  return targets;
}

Range Compiler::compile_need(const Node& node, const std::string& context, const Scope& scope) {
  std::vector<Range> paths;
  for (std::size_t i = 0; i < (node.is_sequence() ? node.items.size() : 1); ++i) {
    const Node& one = node.is_sequence() ? node.items[i] : node;
    Element at;
    at.context = context;
    at.path = context;
    Range steps;
    std::string_view first;
    if (!resolve(at, one.scalar, scope.spot(one), scope.name, at, steps, first)) continue;
    Range path{static_cast<std::uint32_t>(program_.members.size()), 0};
    for (std::uint32_t s = steps.first; s < steps.end(); ++s) {
      program_.members.push_back(program_.steps[s].name);
    }
    program_.members.push_back(at.open_choice ? at.choice : at.member);
    path.count = static_cast<std::uint32_t>(program_.members.size()) - path.first;
    paths.push_back(path);
  }
  Range out{static_cast<std::uint32_t>(program_.paths.size()),
            static_cast<std::uint32_t>(paths.size())};
  program_.paths.insert(program_.paths.end(), paths.begin(), paths.end());
  return out;
}

void Compiler::check_required(const Element& element, const std::vector<RuleDecl>& rules,
                              const std::vector<Target>& targets, const Spot& spot,
                              std::string_view map) {
  for (const schema::ElementDef& child : r4_.children(element.context)) {
    if (child.min == 0) continue;
    bool any = false, sure = false;
    for (std::size_t i = 0; i < rules.size(); ++i) {
      const std::string_view target = rules[i].target.substr(0, rules[i].target.find('.'));
      const bool same = target == child.name ||
                        (child.choice && target.starts_with(child.name) &&
                         (target == child.name + "[x]" ||
                          r4_.child(element.context, target) == &child));
      if (!same) continue;
      any = true;
      for (std::uint32_t r = targets[i].rules.first; r < targets[i].rules.end(); ++r) {
        sure |= program_.rules[r].when == kNil;
      }
      sure |= child.choice && targets[i].rules.count > 1;
    }
    if (sure) continue;
    report_.error(spot, fmt::format("{}: {}.{} is required, but {}", map, element.path, child.name,
                                    any ? "every rule for it has a condition"
                                        : "no rule writes it"),
                  any ? "add a last rule without `when`, or a `default`" : "");
  }
}

void Compiler::check_cycles() {
  // Depth-first over `as`: a map that reaches itself would never end.
  std::vector<int> height(program_.maps.size(), 0);   // 0 new, -1 open, else depth below it
  std::function<int(std::uint32_t)> visit = [&](std::uint32_t map) {
    if (height[map] != 0) return height[map];
    height[map] = -1;
    int most = 0;
    for (std::uint32_t next : map_edges_[map]) {
      const int below = visit(next);
      if (below < 0) {
        report_.error(documents_.maps[map].spot,
                      fmt::format("{} uses {}, which leads back to it", program_.maps[map].name,
                                  program_.maps[next].name));
        continue;
      }
      most = std::max(most, below);
    }
    height[map] = most + 1;
    return most + 1;
  };
  for (std::uint32_t i = 0; i < program_.maps.size(); ++i) {
    if (visit(i) > kNestingMax) {
      report_.error(documents_.maps[i].spot, fmt::format("{}: data type maps nest too deeply",
                                                         program_.maps[i].name));
      return;
    }
  }
}

}  // namespace mapping
