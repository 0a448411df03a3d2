#include <core/text.hpp>

#include <algorithm>
#include <fmt/format.h>

#include "compiler.hpp"

/// `transform:` documents: HL7 v2 to HL7 v2, checked against the same field facts as maps.
namespace mapping {

using core::yaml::Node;

namespace {

constexpr std::string_view kStepKeys[] = {"segment", "drop", "build", "when", "set", "delete",
                                          "after", "before", "each"};
constexpr std::string_view kRuleKeys[] = {"when", "where", "from", "vocab", "default", "concat",
                                          "as", "join"};

template <std::size_t N>
std::vector<std::string_view> all_of(const std::string_view (&keys)[N]) {
  return {std::begin(keys), std::end(keys)};
}

/// "PID-3[2].4.1" -> its numbers; false when it is no such path.
bool parse_path(std::string_view text, std::string& segment, V2Rule& out) {
  if (text.size() < 5 || text[3] != '-') return false;
  segment = text.substr(0, 3);
  std::size_t at = 4;
  const auto number = [&](std::int16_t& into) {
    const std::size_t begin = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    const auto value = core::to_int(text.substr(begin, at - begin));
    if (!value || *value < 1 || *value > kNthMax) return false;
    into = static_cast<std::int16_t>(*value);
    return true;
  };
  if (!number(out.field)) return false;
  if (at < text.size() && text[at] == '[') {
    ++at;
    if (!number(out.repetition) || at >= text.size() || text[at++] != ']') return false;
  }
  for (std::int16_t* part : {&out.component, &out.subcomponent}) {
    if (at >= text.size()) return true;
    if (text[at++] != '.' || !number(*part)) return false;
  }
  return at == text.size();
}

}  // namespace

bool Compiler::known_segment(const Node& node, const Scope& scope, std::uint16_t& out) {
  const std::string& name = node.scalar;
  const bool shaped = name.size() == 3 && core::ascii_upper(name) == name;
  if (!shaped || (!name.starts_with('Z') && !facts_.has_segment(name))) {
    report_.error(scope.spot(node), fault(scope, fmt::format("no segment \"{}\"", name)),
                  did_you_mean(name, facts_.segment_names()));
    return false;
  }
  if (program_.segments.size() >= kSegmentNamesMax) return false;
  out = program_.segments.id(name);
  return true;
}

void Compiler::compile_transforms() {
  for (const TransformDecl& decl : documents_.transforms) compile_transform(decl);
}

void Compiler::compile_transform(const TransformDecl& decl) {
  Scope scope;
  scope.file = decl.spot.file;
  scope.name = decl.name;
  Transform out;
  out.name = program_.strings.keep(decl.name);
  out.info = add_info(decl.spot, decl.name, "");
  if (const Node* accept = decl.node->find("accept")) {
    for (const Node& one : accept->items) out.accept.push_back(one.scalar);
  }
  if (const Node* version = decl.node->find("version")) {
    out.version = program_.strings.keep(version->scalar);
    bool exact = false;
    if (!out_.v2->version(version->scalar, &exact) || !exact) {
      std::string known;
      for (const std::string& id : out_.v2->versions()) known += (known.empty() ? "" : ", ") + id;
      report_.error(scope.spot(*version), fault(scope, fmt::format("no HL7 version \"{}\"",
                                                                   version->scalar)), known);
    }
  }
  if (const Node* encoding = decl.node->find("encoding")) compile_encoding(*encoding, scope, out);
  if (const Node* fit = decl.node->find("fit")) {
    out.fit = fit->scalar == "true";
    if (out.version.empty() || (fit->scalar != "true" && fit->scalar != "false")) {
      report_.error(scope.spot(*fit), fault(scope, "`fit: true` needs a `version`"));
    }
  }
  if (const Node* keep = decl.node->find("keep")) {
    for (const Node& one : keep->items) {
      std::uint16_t name = 0;
      if (known_segment(one, scope, name)) out.keep.push_back(name);
    }
  }
  std::vector<V2Step> steps;
  if (const Node* list = decl.node->find("steps")) {
    for (const Node& node : list->items) {
      V2Step step;
      if (compile_step(node, scope, step)) steps.push_back(step);
    }
  }
  out.steps = {static_cast<std::uint32_t>(program_.v2_steps.size()),
               static_cast<std::uint32_t>(steps.size())};
  program_.v2_steps.insert(program_.v2_steps.end(), steps.begin(), steps.end());
  if (steps.empty() && out.keep.empty() && out.version.empty() && out.encoding.empty()) {
    report_.error(decl.spot, fault(scope, "a transformation that changes nothing"),
                  "give steps, keep, version or encoding");
  }
  program_.transforms.push_back(std::move(out));
}

void Compiler::compile_encoding(const Node& node, const Scope& scope, Transform& out) {
  const std::string& text = node.scalar;
  bool good = text.size() == 5;
  for (std::size_t i = 0; good && i < text.size(); ++i) {
    const char c = text[i];
    const bool letter = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    good = c > ' ' && c < 0x7f && !letter && c != '"' && text.find(c, i + 1) == text.npos;
  }
  if (!good) {
    report_.error(scope.spot(node), fault(scope, "encoding is five different signs"),
                  "field, component, repetition, escape, subcomponent: '|^~\\&'");
    return;
  }
  out.encoding = program_.strings.keep(text);
}

bool Compiler::compile_step(const Node& node, const Scope& scope, V2Step& out) {
  bool good = true;
  for (std::size_t i = 0; i < node.entries.size(); ++i) {
    const std::string_view key = node.entries[i].first;
    if (std::find(std::begin(kStepKeys), std::end(kStepKeys), key) != std::end(kStepKeys)) continue;
    report_.error({scope.file, node.key_places[i]},
                  fault(scope, fmt::format("unknown key \"{}\" in a step", key)),
                  did_you_mean(key, all_of(kStepKeys)));
    good = false;
  }
  const Node* drop = node.find("drop");
  const Node* build = node.find("build");
  const Node* change = node.find("segment");
  if ((drop != nullptr) + (build != nullptr) + (change != nullptr) != 1) {
    report_.error(scope.spot(node), fault(scope, "a step has one of segment, drop, build"));
    return false;
  }
  out.kind = drop ? V2Step::Kind::kDrop : build ? V2Step::Kind::kBuild : V2Step::Kind::kChange;
  const Node& named = drop ? *drop : build ? *build : *change;
  if (!known_segment(named, scope, out.segment)) return false;
  if (program_.segments[out.segment] == "MSH" && !change) {
    report_.error(scope.spot(named),
                  fault(scope, "a message has one MSH: neither dropped nor built"));
    return false;
  }
  if (const Node* when = node.find("when")) {
    const auto cond = condition(*when, scope);
    if (!cond) return false;
    out.when = *cond;
  }
  if (!compile_place(node, scope, out)) return false;
  if (drop && (node.find("set") || node.find("delete"))) {
    report_.error(scope.spot(node), fault(scope, "a dropped segment has no fields to change"));
    return false;
  }
  return (drop != nullptr || compile_v2_targets(node, scope, out)) && good;
}

bool Compiler::compile_place(const Node& node, const Scope& scope, V2Step& out) {
  static constexpr std::pair<const char*, V2Step::Place> kPlaces[] = {
      {"before", V2Step::Place::kBefore},
      {"after", V2Step::Place::kAfter},
      {"each", V2Step::Place::kEach}};
  for (const auto& [key, place] : kPlaces) {
    const Node* found = node.find(key);
    if (!found) continue;
    if (out.kind != V2Step::Kind::kBuild || out.place != V2Step::Place::kEnd) {
      report_.error(scope.spot(*found), fault(scope, fmt::format(
                        "`{}` says where one segment is built: with `build`, and alone", key)));
      return false;
    }
    out.place = place;
    if (!known_segment(*found, scope, out.anchor)) return false;
  }
  return true;
}

bool Compiler::compile_v2_targets(const Node& node, const Scope& scope, V2Step& out) {
  std::vector<std::vector<V2Rule>> targets;
  std::set<std::string_view> written;
  bool good = true;
  if (const Node* set = node.find("set")) {
    for (std::size_t i = 0; i < set->entries.size(); ++i) {
      const core::yaml::Entry& entry = set->entries[i];
      const Spot spot{scope.file, set->key_places[i]};
      V2Rule base;
      if (!compile_v2_target(entry, spot, scope, out.segment, base)) return false;
      written.insert(entry.first);
      Scope inner = scope;
      inner.has_current = base.component != 0 && out.kind == V2Step::Kind::kChange;
      const FieldFacts* facts = facts_.field(program_.segments[out.segment], base.field);
      if (inner.has_current && facts) inner.types = facts->types;
      const bool list = entry.second.is_sequence();
      std::vector<V2Rule> rules;
      for (std::size_t k = 0; k < (list ? entry.second.items.size() : 1); ++k) {
        V2Rule rule = base;
        const Node& one = list ? entry.second.items[k] : entry.second;
        rule.info = add_info(scope.spot(one), scope.name, entry.first);
        good = compile_v2_rule(one, inner, rule) && good;
        rules.push_back(rule);
      }
      targets.push_back(std::move(rules));
    }
  }
  if (const Node* gone = node.find("delete")) {
    for (const Node& one : gone->items) {
      V2Rule rule;
      if (!compile_v2_target({one.scalar, one}, scope.spot(one), scope, out.segment, rule)) {
        return false;
      }
      if (written.contains(one.scalar)) {
        report_.error(scope.spot(one), fault(scope, fmt::format("{} is set and deleted",
                                                                one.scalar)));
        good = false;
      }
      rule.remove = true;
      rule.info = add_info(scope.spot(one), scope.name, one.scalar);
      targets.push_back({rule});
    }
  }
  if (targets.empty()) {
    report_.error(scope.spot(node), fault(scope, "the step changes nothing"),
                  "give `set` or `delete`");
    return false;
  }
  out.targets = {static_cast<std::uint32_t>(program_.v2_targets.size()),
                 static_cast<std::uint32_t>(targets.size())};
  for (const std::vector<V2Rule>& rules : targets) {
    program_.v2_targets.push_back({{static_cast<std::uint32_t>(program_.v2_rules.size()),
                                    static_cast<std::uint32_t>(rules.size())}});
    program_.v2_rules.insert(program_.v2_rules.end(), rules.begin(), rules.end());
  }
  return good;
}

bool Compiler::compile_v2_target(const core::yaml::Entry& entry, const Spot& spot,
                                 const Scope& scope, std::uint16_t segment, V2Rule& out) {
  const std::string& own = program_.segments[segment];
  std::string name;
  if (!parse_path(entry.first, name, out) || name != own) {
    report_.error(spot, fault(scope, fmt::format("\"{}\" is no field of {}", entry.first, own)),
                  fmt::format("write {}-3, {}-3[2], {}-3.4 or {}-3.4.1", own, own, own, own));
    return false;
  }
  if (own == "MSH" && out.field <= 2) {
    report_.error(spot, fault(scope, "the delimiters are not set like a field"),
                  "write `encoding: '|^~\\&'`");
    return false;
  }
  if (own.starts_with('Z')) return true;
  const FieldFacts* facts = facts_.field(own, out.field);
  if (!facts) {
    report_.error(spot, fault(scope, fmt::format("{} has no field {}", own, out.field)),
                  fmt::format("{} ends at {}-{}", own, own, facts_.field_max(own)));
    return false;
  }
  if (out.repetition > 1 && !facts->repeats) {
    report_.error(spot, fault(scope, fmt::format("{}-{} does not repeat", own, out.field)));
    return false;
  }
  if (out.component == 0 || facts->types.empty()) return true;
  const int most = facts_.is_composite(facts->types) ? facts_.component_max(facts->types) : 1;
  if (out.component <= most) return true;
  report_.error(spot, fault(scope, fmt::format("{}-{} has no component {}", own, out.field,
                                               out.component)),
                fmt::format("its type {} has {}", facts->types.front(), most));
  return false;
}

bool Compiler::compile_v2_rule(const Node& node, const Scope& scope, V2Rule& out) {
  if (!node.is_mapping()) {
    const auto from = source(node, scope, nullptr);
    if (from) out.from = *from;
    return out.has_from = from.has_value();
  }
  bool good = true;
  for (std::size_t i = 0; i < node.entries.size(); ++i) {
    const std::string_view key = node.entries[i].first;
    if (std::find(std::begin(kRuleKeys), std::end(kRuleKeys), key) != std::end(kRuleKeys)) continue;
    report_.error({scope.file, node.key_places[i]},
                  fault(scope, fmt::format("unknown key \"{}\" in a rule", key)),
                  did_you_mean(key, all_of(kRuleKeys)));
    good = false;
  }
  Scope inner = scope;
  const auto cond = [&](const char* key, const Scope& at, std::uint32_t& into) {
    const Node* found = node.find(key);
    if (!found) return;
    const auto made = condition(*found, at);
    good &= made.has_value();
    if (made) into = *made;
  };
  cond("when", scope, out.when);
  if (const Node* from = node.find("from")) {
    const auto terms = source(*from, scope, nullptr);
    if (!terms) return false;
    out.has_from = true;
    out.from = *terms;
    inner.has_current = true;
    inner.types = types_of(*terms, scope);
  }
  cond("where", inner, out.where);
  if (const Node* made = node.find("concat")) {
    const auto pieces = concat(*made, out.has_from ? inner : scope);
    good &= pieces.has_value();
    if (pieces) out.concat = *pieces;
  }
  if (const Node* vocab = node.find("vocab")) {
    out.vocab = find_vocab(*vocab, scope);
    good &= out.vocab != kNil;
  }
  if (const Node* fallback = node.find("default")) {
    const auto terms = source(*fallback, scope, nullptr);
    good &= terms.has_value();
    if (terms) out.fallback = *terms;
  }
  if (const Node* join = node.find("join")) {
    out.has_join = true;
    out.join = program_.strings.keep(join->scalar);
  }
  if (const Node* as = node.find("as")) {
    static constexpr std::pair<std::string_view, Function> kFunctions[] = {
        {"text", Function::kText}, {"upper", Function::kUpper}, {"lower", Function::kLower}};
    const auto found = std::find_if(std::begin(kFunctions), std::end(kFunctions),
                                    [&](const auto& one) { return one.first == as->scalar; });
    if (found == std::end(kFunctions)) {
      report_.error(scope.spot(*as), fault(scope, fmt::format("`as: {}` makes no HL7 v2 value",
                                                              as->scalar)), "text, upper, lower");
      return false;
    }
    out.function = found->second;
  }
  if (!out.has_from && out.concat == kNil) {
    report_.error(scope.spot(node), fault(scope, "the rule makes nothing"),
                  "give `from` or `concat`");
    return false;
  }
  return good;
}

}  // namespace mapping
