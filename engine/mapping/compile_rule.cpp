#include <core/text.hpp>

#include <algorithm>
#include <fmt/format.h>

#include "compiler.hpp"

/// One rule: a source, or {when, from, as, vocab, ...}, against the element it writes.
namespace mapping {

using core::yaml::Node;

namespace {

constexpr std::string_view kRuleKeys[] = {"when", "where", "from", "as", "vocab", "default",
                                          "type", "set", "fill", "also", "concat", "join",
                                          "need", "plus", "onNull", "warn"};

bool is_key(std::string_view key) {
  return std::find(std::begin(kRuleKeys), std::end(kRuleKeys), key) != std::end(kRuleKeys);
}

std::string member_of(std::string_view base, std::string_view type) {
  std::string out(base);
  out += type;
  if (out.size() > base.size() && out[base.size()] >= 'a' && out[base.size()] <= 'z') {
    out[base.size()] = static_cast<char>(out[base.size()] - 32);
  }
  return out;
}

}  // namespace

std::uint32_t Compiler::add_info(const Spot& spot, std::string_view map, std::string_view target) {
  RuleInfo info;
  info.file = *spot.file;
  info.line = spot.place.line;
  info.column = spot.place.column;
  info.map = map;
  info.target = target;
  out_.infos.push_back(std::move(info));
  return static_cast<std::uint32_t>(out_.infos.size() - 1);
}

bool Compiler::decide_type(const Node& node, Element& element, const Scope& scope) {
  const Node* type = node.is_mapping() ? node.find("type") : nullptr;
  if (!element.open_choice) {
    if (type) {
      report_.error(scope.spot(*type), fault(scope, fmt::format("{} has one type", element.path)),
                    "`type:` is for a target like value[x]");
    }
    return !type;
  }
  const std::vector<std::string_view> types(element.def->types.begin(), element.def->types.end());
  if (!type) {
    report_.error(scope.spot(node), fault(scope, fmt::format("{} needs `type:`", element.path)));
    return false;
  }
  if (std::find(types.begin(), types.end(), type->scalar) == types.end()) {
    report_.error(scope.spot(*type),
                  fault(scope, fmt::format("{} cannot be a \"{}\"", element.path, type->scalar)),
                  did_you_mean(type->scalar, types));
    return false;
  }
  element.member = program_.strings.keep(member_of(element.choice, type->scalar));
  set_type(element, type->scalar, element.path);
  return true;
}

bool Compiler::compile_rule(const Node& node, Element element, const Scope& scope, Rule& out) {
  if (scope.depth > kNestingMax) {
    report_.error(scope.spot(node), fault(scope, "rules are nested too deeply"));
    return false;
  }
  if (out_.infos.size() >= kRulesMax) {
    report_.error(scope.spot(node), fault(scope, "too many rules"));
    return false;
  }
  out.info = add_info(scope.spot(node), scope.name, element.path);
  if (!decide_type(node, element, scope)) return false;
  out.member = element.member;
  out.url = element.url;
  out.prim = element.prim;
  out.coding = element.type == "Coding";
  out.clears = scope.clears && element.clearable && !element.repeats && element.url.empty() &&
               element.def && element.def->min == 0;
  out.all_repetitions = element.repeats;
  Scope inner = scope;
  inner.clears = false;
  ++inner.depth;
  if (node.is_mapping()) return compile_mapping(node, element, scope, out, inner);
  const auto from = source(node, scope, element.def);
  if (!from) return false;
  out.has_from = true;
  out.from = *from;
  if (!default_map(node, element, scope, types_of(*from, scope), out)) return false;
  check_repetition(node, element, scope, out, false);
  return check_value(node, element, scope, out);
}

bool Compiler::compile_mapping(const Node& node, Element& element, const Scope& scope, Rule& out,
                               Scope& inner) {
  bool good = true;
  for (std::size_t i = 0; i < node.entries.size(); ++i) {
    const std::string_view key = node.entries[i].first;
    if (is_key(key)) continue;
    report_.error({scope.file, node.key_places[i]},
                  fault(scope, fmt::format("unknown key \"{}\" in a rule", key)),
                  did_you_mean(key, {std::begin(kRuleKeys), std::end(kRuleKeys)}));
    good = false;
  }
  if (const Node* when = node.find("when")) {
    const auto cond = condition(*when, scope);
    good &= cond.has_value();
    if (cond) out.when = *cond;
  }
  if (const Node* from = node.find("from")) {
    const auto terms = source(*from, scope, element.def);
    if (!terms) return false;
    out.has_from = true;
    out.from = *terms;
    inner.types = types_of(*terms, scope);
    inner.has_current = true;
  }
  if (const Node* where = node.find("where")) {
    if (!out.has_from) {
      report_.error(scope.spot(*where), fault(scope, "`where` needs `from`"));
      return false;
    }
    const auto cond = condition(*where, inner);
    good &= cond.has_value();
    if (cond) out.where = *cond;
  }
  if (const Node* template_node = node.find("concat")) {
    const auto made = concat(*template_node, out.has_from ? inner : scope);
    good &= made.has_value();
    if (made) out.concat = *made;
  }
  if (const Node* join = node.find("join")) {
    out.has_join = true;
    out.join = program_.strings.keep(join->scalar);
    const Node* as = node.find("as");
    const bool encoded = element.prim == Prim::kBase64 && as && as->scalar == "encode-base64";
    if (!is_text(element.prim) && !encoded) {
      report_.error(scope.spot(*join), fault(scope, fmt::format("`join` makes text, but {} is a {}",
                                                                element.path, element.type)));
      good = false;
    }
  }
  if (const Node* warn = node.find("warn")) out.warn = program_.strings.keep(warn->scalar);
  if (const Node* on_null = node.find("onNull")) {
    if (on_null->scalar != "keep" && on_null->scalar != "clear") {
      report_.error(scope.spot(*on_null), fault(scope, "onNull is clear or keep"));
      good = false;
    }
    out.clears = out.clears && on_null->scalar != "keep";
  }
  good &= compile_plus(node, out.has_from ? inner : scope, out);
  good &= compile_as(node, element, scope, out);
  if (!good) return false;
  return compile_parts(node, element, scope, inner, out);
}

bool Compiler::compile_plus(const Node& node, const Scope& scope, Rule& out) {
  const Node* plus = node.find("plus");
  if (!plus) return true;
  static constexpr std::string_view kUnits[] = {"seconds", "minutes", "hours", "days",
                                                "weeks", "months", "years"};
  if (out.prim != Prim::kDate && out.prim != Prim::kDateTime && out.prim != Prim::kInstant) {
    report_.error(scope.spot(*plus), fault(scope, "`plus` adds to a date or time"));
    return false;
  }
  Plus made;
  if (plus->is_mapping() && plus->entries.size() == 1 &&
      std::find(std::begin(kUnits), std::end(kUnits), plus->entries[0].first) !=
          std::end(kUnits)) {
    const auto amount = source(plus->entries[0].second, scope, nullptr);
    if (!amount) return false;
    made.amount = *amount;
    made.unit = program_.strings.keep(plus->entries[0].first);
  } else if (plus->is_mapping() && plus->entries.size() == 2 && plus->find("amount") &&
             plus->find("unit")) {
    const auto amount = source(*plus->find("amount"), scope, nullptr);
    const auto unit = source(*plus->find("unit"), scope, nullptr);
    if (!amount || !unit) return false;
    made.amount = *amount;
    made.unit_terms = *unit;
  } else {
    report_.error(scope.spot(*plus), fault(scope, "`plus` takes one unit and its source"),
                  "plus: {minutes: PR1-7}, or {amount: TQ1-6.1, unit: TQ1-6.2}");
    return false;
  }
  out.plus = static_cast<std::uint32_t>(program_.pluses.size());
  program_.pluses.push_back(made);
  return true;
}

bool Compiler::compile_also(const Node& also, const Element& element, const Scope& scope,
                            const Scope& inner, std::vector<Rule>& extras) {
  const bool list = also.is_sequence();
  for (std::size_t i = 0; i < (list ? also.items.size() : 1); ++i) {
    Rule extra;
    Element same = element;
    same.repeats = false;
    same.url = {};
    if (compile_rule(list ? also.items[i] : also, same, inner, extra)) extras.push_back(extra);
  }
  if (element.prim == Prim::kComplex) return true;
  report_.error(scope.spot(also),
                fault(scope, fmt::format("{} has no parts for `also`", element.path)));
  return false;
}

bool Compiler::compile_parts(const Node& node, const Element& element, const Scope& scope,
                             const Scope& inner, Rule& out) {
  bool good = true;
  const auto nested = [&](std::string_view key, Range& into, std::vector<RuleDecl>& decls,
                          std::vector<Target>& targets) {
    const Node* part = node.find(key);
    if (!part) return;
    if (element.prim != Prim::kComplex || !part->is_mapping()) {
      report_.error(scope.spot(*part),
                    fault(scope, element.prim != Prim::kComplex
                                     ? fmt::format("{} is a {} and has no children", element.path,
                                                   element.type)
                                     : fmt::format("`{}` takes {{child: rule}}", key)));
      good = false;
      return;
    }
    for (std::size_t i = 0; i < part->entries.size(); ++i) {
      decls.push_back({part->entries[i].first, &part->entries[i].second,
                       {scope.file, part->key_places[i]}, {}});
    }
    targets = compile_targets(decls, element, inner, into);
  };
  std::vector<RuleDecl> set_rules, fill_rules;
  std::vector<Target> set_targets, fill_targets;
  nested("set", out.set, set_rules, set_targets);
  nested("fill", out.fill, fill_rules, fill_targets);
  if (const Node* need = node.find("need"); need && good) {
    out.need = compile_need(*need, element.context, scope);
  }
  std::vector<Rule> extras;
  if (const Node* also = node.find("also")) {
    good = compile_also(*also, element, scope, inner, extras) && good;
  }
  out.also = {static_cast<std::uint32_t>(program_.rules.size()),
              static_cast<std::uint32_t>(extras.size())};
  program_.rules.insert(program_.rules.end(), extras.begin(), extras.end());
  if (const Node* fallback = node.find("default")) {
    Rule made;
    Element same = element;
    same.open_choice = false;
    same.repeats = false;
    if (!compile_rule(*fallback, same, scope, made)) return false;
    made.url = {};
    out.default_rule = static_cast<std::uint32_t>(program_.rules.size());
    program_.rules.push_back(made);
  }
  if (!out.has_from && out.concat == kNil && out.set.count == 0 && good) {
    report_.error(scope.spot(node), fault(scope, fmt::format("the rule for {} makes nothing",
                                                             element.path)),
                  "give `from`, `concat` or `set`");
    return false;
  }
  if (!good || !default_map(node, element, scope, inner.types, out)) return false;
  if (element.prim == Prim::kComplex && out.map == kNil && !set_rules.empty() &&
      element.type != "Reference") {
    std::vector<RuleDecl> rules = set_rules;
    rules.insert(rules.end(), fill_rules.begin(), fill_rules.end());
    std::vector<Target> targets = set_targets;
    targets.insert(targets.end(), fill_targets.begin(), fill_targets.end());
    const bool plain = extras.empty() && out.function == Function::kNone;
    if (plain) check_required(element, rules, targets, scope.spot(node), scope.name);
  }
  check_repetition(node, element, scope, out, false);
  return check_value(node, element, scope, out);
}

void Compiler::check_repetition(const Node& node, const Element& element, const Scope& scope,
                                const Rule& rule, bool) {
  if (element.repeats || rule.has_join || !rule.has_from) return;
  if (rule.function == Function::kSampled) return;
  // count(FIELD) in the condition says that the author thought of it.
  std::set<std::pair<std::uint16_t, std::int16_t>> counted;
  std::function<void(std::uint32_t)> walk = [&](std::uint32_t cond) {
    const Cond& one = program_.conds[cond];
    if (one.op == Cond::Op::kAnd || one.op == Cond::Op::kOr || one.op == Cond::Op::kNot) {
      walk(one.a);
      if (one.op != Cond::Op::kNot) walk(one.b);
    } else if (one.op == Cond::Op::kCount) {
      counted.insert({program_.terms[one.a].segment, program_.terms[one.a].field});
    }
  };
  if (rule.when != kNil) walk(rule.when);
  for (std::uint32_t i = rule.from.first; i < rule.from.end(); ++i) {
    const Term& term = program_.terms[i];
    if (term.kind != Term::Kind::kField || term.index != 0 || term.filter != kNil) continue;
    if (counted.contains({term.segment, term.field})) continue;
    const FieldFacts* facts = facts_.field(program_.segments[term.segment], term.field);
    if (!facts || !facts->repeats || rule.where != kNil) continue;
    report_.error(scope.spot(node),
                  fault(scope, fmt::format("{} repeats, {} does not", term.written, element.path)),
                  fmt::format("write {}-{}[1], `join:` or a condition on count({}-{})",
                              program_.segments[term.segment], term.field,
                              program_.segments[term.segment], term.field));
  }
}

}  // namespace mapping
