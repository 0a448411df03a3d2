#include <algorithm>
#include <fmt/format.h>

#include "compiler.hpp"

/// Expressions in their place: parsed, then every reference checked against the v2 facts.
namespace mapping {

using core::yaml::Node;

std::string Compiler::fault(const Scope& scope, std::string_view text) const {
  return scope.name.empty() ? std::string(text) : fmt::format("{}: {}", scope.name, text);
}

namespace {

constexpr std::string_view kEnvNames[] = {"type", "trigger", "structure", "version", "control",
                                          "facility", "application", "ns", "zone"};

bool is_free_text(const V2Types& types) {
  return std::all_of(types.begin(), types.end(), [](std::string_view type) {
    return type == "ST" || type == "TX" || type == "FT" || type == "GTS" || type == "SNM";
  });
}

}  // namespace

std::optional<Range> Compiler::source(const Node& node, const Scope& scope,
                                      const schema::ElementDef* target) {
  if (!node.is_scalar()) {
    report_.error(scope.spot(node), fault(scope, "expected a source"),
                  "a source is a field (PID-3.1), ^n, this, =text, $resource or %name");
    return std::nullopt;
  }
  const std::size_t first = program_.terms.size();
  Expression parser(program_, documents_.systems, node.scalar);
  const auto out = parser.source();
  if (!out) {
    report_.error(scope.spot(node).inside(node, parser.error_offset()),
                  fault(scope, parser.error()), parser.hint());
    return std::nullopt;
  }
  check_terms(first, node, scope, target);
  return out;
}

std::optional<std::uint32_t> Compiler::condition(const Node& node, const Scope& scope) {
  const std::size_t first = program_.terms.size();
  Expression parser(program_, documents_.systems, node.scalar);
  const auto out = node.is_scalar() ? parser.condition() : std::nullopt;
  if (!out) {
    report_.error(scope.spot(node).inside(node, parser.error_offset()),
                  fault(scope, node.is_scalar() ? parser.error() : "expected a condition"),
                  parser.hint());
    return std::nullopt;
  }
  check_terms(first, node, scope, nullptr);
  check_condition_literals(*out, scope, node);
  return out;
}

std::optional<std::uint32_t> Compiler::concat(const Node& node, const Scope& scope) {
  const std::size_t first = program_.terms.size();
  Expression parser(program_, documents_.systems, node.scalar);
  const auto out = node.is_scalar() ? parser.concat() : std::nullopt;
  if (!out) {
    report_.error(scope.spot(node).inside(node, parser.error_offset()),
                  fault(scope, node.is_scalar() ? parser.error() : "expected a template"),
                  parser.hint());
    return std::nullopt;
  }
  check_terms(first, node, scope, nullptr);
  return out;
}

void Compiler::check_terms(std::size_t first, const Node& node, const Scope& scope,
                           const schema::ElementDef* target) {
  for (std::size_t i = first; i < program_.terms.size(); ++i) {
    if (program_.terms[i].in_filter) continue;
    const Spot spot = scope.spot(node).inside(node, program_.terms[i].offset);
    if (!check_term(program_.terms[i], spot, scope)) continue;
    const Term& term = program_.terms[i];
    const V2Types types = types_of(term, scope);
    program_.terms[i].key = key_kind(types);
    program_.terms[i].whole_text =
        (term.kind == Term::Kind::kField || term.kind == Term::Kind::kChild ||
         term.kind == Term::Kind::kThis) && term.subcomponent == 0 && is_free_text(types);
    if (term.filter != kNil) {
      V2Types field_types;
      if (const FieldFacts* facts = facts_.field(program_.segments[term.segment], term.field)) {
        field_types = facts->types;
      }
      check_filter(term.filter, field_types, spot);
    }
    if (term.kind == Term::Kind::kField || term.kind == Term::Kind::kSegment ||
        term.kind == Term::Kind::kResource) {
      const TermUse use{static_cast<std::uint32_t>(i), spot, target};
      (scope.map == kNil ? plan_uses_ : uses_[scope.map]).push_back(use);
    }
  }
}

bool Compiler::check_term(Term& term, const Spot& spot, const Scope& scope) {
  switch (term.kind) {
    case Term::Kind::kField:
    case Term::Kind::kSegment:
      if (scope.in_datatype) {
        report_.error(spot, fault(scope, fmt::format("{} in a data type map", term.written)),
                      "a data type map sees only its value: use ^n or this");
        return false;
      }
      return check_field(term, spot);
    case Term::Kind::kChild:
    case Term::Kind::kThis:
      if (!scope.has_current) {
        report_.error(spot, fault(scope, fmt::format("{} has no current value here", term.written)),
                      "name the field, or use `where:` for a condition on each repetition");
        return false;
      }
      return term.kind == Term::Kind::kThis || check_components(term, scope.types, spot);
    case Term::Kind::kEnv:
      if (term.env == EnvName::kValue && !documents_.values.contains(term.text)) {
        std::vector<std::string_view> names(std::begin(kEnvNames), std::end(kEnvNames));
        for (const auto& [name, value] : documents_.values) names.push_back(name);
        std::string hint = did_you_mean(term.text, names);
        report_.warning(spot, fault(scope, fmt::format("%{} is not declared", term.text)),
                        hint.empty() ? "declare it under `values:` in an aliases document" : hint);
      }
      return true;
    case Term::Kind::kResource:
    case Term::Kind::kLiteral:
    case Term::Kind::kCoding:
      return true;
  }
  return true;
}

bool Compiler::check_field(Term& term, const Spot& spot) {
  const std::string& segment = program_.segments[term.segment];
  if (segment.starts_with('Z')) return true;
  if (!facts_.has_segment(segment)) {
    report_.error(spot, fmt::format("no segment \"{}\"", segment),
                  did_you_mean(segment, facts_.segment_names()));
    return false;
  }
  if (term.kind == Term::Kind::kSegment) return true;
  const FieldFacts* facts = facts_.field(segment, term.field);
  if (!facts) {
    report_.error(spot, fmt::format("{} has no field {}", segment, term.field),
                  fmt::format("{} ends at {}-{}", segment, segment, facts_.field_max(segment)));
    return false;
  }
  return check_components(term, facts->types, spot);
}

bool Compiler::check_components(const Term& term, const V2Types& types, const Spot& spot) {
  if (types.empty() || term.component == 0) return true;
  const int most = facts_.component_max(types);
  if (term.component > most) {
    report_.error(spot, fmt::format("{}: {} has no component {}", term.written, types.front(),
                                    term.component),
                  fmt::format("it has {}", most));
    return false;
  }
  if (term.subcomponent == 0) return true;
  const V2Types inner = facts_.component(types, term.component);
  if (inner.empty()) return true;
  const int inner_most = facts_.component_max(inner);
  if (term.subcomponent > inner_most) {
    report_.error(spot, fmt::format("{}: {} has no component {}", term.written, inner.front(),
                                    term.subcomponent),
                  fmt::format("it has {}", inner_most));
    return false;
  }
  return true;
}

void Compiler::check_filter(std::uint32_t cond, const V2Types& types, const Spot& spot) {
  const Cond& one = program_.conds[cond];
  switch (one.op) {
    case Cond::Op::kAnd:
    case Cond::Op::kOr:
      check_filter(one.a, types, spot);
      check_filter(one.b, types, spot);
      return;
    case Cond::Op::kNot:
      check_filter(one.a, types, spot);
      return;
    default:
      break;
  }
  const auto check = [&](const Term& term) {
    if (term.kind == Term::Kind::kChild) {
      check_components(term, types, spot);
    } else if (term.kind != Term::Kind::kThis && term.kind != Term::Kind::kEnv) {
      report_.error(spot, fmt::format("{} in a filter", term.written),
                    "a filter looks at the repetition: use ^n or this");
    }
  };
  check(program_.terms[one.a]);
  if (one.op == Cond::Op::kSame) check(program_.terms[one.b]);
}

V2Types Compiler::types_of(const Term& term, const Scope& scope) {
  V2Types types;
  switch (term.kind) {
    case Term::Kind::kField:
      if (const FieldFacts* facts = facts_.field(program_.segments[term.segment], term.field)) {
        types = facts->types;
      }
      break;
    case Term::Kind::kChild:
    case Term::Kind::kThis:
      types = scope.types;
      break;
    default:
      return {};
  }
  if (term.component != 0 && !types.empty()) types = facts_.component(types, term.component);
  if (term.subcomponent != 0 && !types.empty()) types = facts_.component(types, term.subcomponent);
  return types;
}

V2Types Compiler::types_of(Range terms, const Scope& scope) {
  V2Types out;
  for (std::uint32_t i = terms.first; i < terms.end(); ++i) {
    const Term& term = program_.terms[i];
    if (term.kind == Term::Kind::kLiteral || term.kind == Term::Kind::kCoding) continue;
    const V2Types types = types_of(term, scope);
    if (types.empty()) return {};
    for (std::string_view type : types) {
      if (std::find(out.begin(), out.end(), type) == out.end()) out.push_back(type);
    }
  }
  return out;
}

KeyKind Compiler::key_kind(const V2Types& types) const {
  for (std::string_view type : types) {
    if (type == "CX") return KeyKind::kCx;
    if (type == "EI") return KeyKind::kEi;
    if (type == "XCN" || type == "CNN" || type == "CN") return KeyKind::kXcn;
    if (type == "XON") return KeyKind::kXon;
    if (type == "PL") return KeyKind::kPl;
    if (type == "HD") return KeyKind::kHd;
  }
  return KeyKind::kPlain;
}

void Compiler::check_condition_literals(std::uint32_t cond, const Scope& scope, const Node& node) {
  const Cond& one = program_.conds[cond];
  if (one.op == Cond::Op::kAnd || one.op == Cond::Op::kOr || one.op == Cond::Op::kNot) {
    check_condition_literals(one.a, scope, node);
    if (one.op != Cond::Op::kNot) check_condition_literals(one.b, scope, node);
    return;
  }
  const bool equality = one.op == Cond::Op::kIn ||
                        (one.op == Cond::Op::kCompare && (one.compare == Compare::kEq ||
                                                          one.compare == Compare::kNe));
  const Term& term = program_.terms[one.a];
  if (!equality || term.kind != Term::Kind::kField || term.component > 1) return;
  const FieldFacts* facts = facts_.field(program_.segments[term.segment], term.field);
  if (!facts) return;
  // A table is known by the vocabularies that translate it: what none of them lists is a slip.
  std::vector<std::string_view> codes;
  for (std::string_view table : facts->tables) {
    for (const Vocab& vocab : program_.vocabs) {
      if (vocab.table.empty() || !vocab.table.ends_with(table)) continue;
      for (const VocabRow& row : vocab.rows()) codes.push_back(row.from);
    }
  }
  if (codes.empty()) return;
  for (std::uint32_t i = one.literals.first; i < one.literals.end(); ++i) {
    const std::string_view text = program_.literals[i].text;
    if (text.empty() || std::find(codes.begin(), codes.end(), text) != codes.end()) continue;
    report_.warning(scope.spot(node).inside(node, term.offset),
                    fault(scope, fmt::format("\"{}\" is not in the table of {}", text,
                                             term.written)),
                    did_you_mean(text, codes));
  }
}

}  // namespace mapping
