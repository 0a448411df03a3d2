#include <algorithm>
#include <fmt/format.h>

#include "compiler.hpp"

/// Rules that could fight or never run: a choice element written twice, an element and its child
/// both written, a rule after one that always yields.
namespace mapping {

namespace {

/// More alternatives than this are not worth the proof: the rules count as overlapping.
constexpr std::size_t kConjunctionsMax = 64;

bool clash(const Atom& a, const Atom& b) {
  using Kind = Atom::Kind;
  if (a.ref != b.ref) {
    // A field without value has no valued component.
    const bool inside = b.ref.size() > a.ref.size() && b.ref.starts_with(a.ref) &&
                        (b.ref[a.ref.size()] == '.' || b.ref[a.ref.size()] == '[');
    return inside && a.kind == Kind::kEmpty && (b.kind == Kind::kValued || b.kind == Kind::kIn);
  }
  if (a.kind == Kind::kEmpty) return b.kind == Kind::kValued || b.kind == Kind::kIn;
  if (a.kind != Kind::kIn) return false;
  if (b.kind == Kind::kIn) {
    return std::none_of(a.values.begin(), a.values.end(),
                        [&](std::string_view v) { return b.values.contains(v); });
  }
  if (b.kind == Kind::kNotIn) {
    return std::all_of(a.values.begin(), a.values.end(),
                       [&](std::string_view v) { return b.values.contains(v); });
  }
  return false;
}

bool contradictory(const Conjunction& a, const Conjunction& b) {
  for (const Atom& x : a) {
    for (const Atom& y : b) {
      if (clash(x, y) || clash(y, x)) return true;
    }
  }
  return false;
}

Disjunction both(const Disjunction& a, const Disjunction& b) {
  Disjunction out;
  if (a.size() * b.size() > kConjunctionsMax) return {{}};   // "sometimes": proves nothing
  for (const Conjunction& x : a) {
    for (const Conjunction& y : b) {
      Conjunction joined = x;
      joined.insert(joined.end(), y.begin(), y.end());
      out.push_back(std::move(joined));
    }
  }
  return out;
}

Disjunction either(Disjunction a, const Disjunction& b) {
  a.insert(a.end(), b.begin(), b.end());
  if (a.size() > kConjunctionsMax) return {{}};
  return a;
}

}  // namespace

Disjunction Compiler::expand(std::uint32_t cond, bool negated) const {
  const Cond& one = program_.conds[cond];
  switch (one.op) {
    case Cond::Op::kNot:
      return expand(one.a, !negated);
    case Cond::Op::kAnd:
    case Cond::Op::kOr: {
      const bool conjunction = (one.op == Cond::Op::kAnd) != negated;
      const Disjunction left = expand(one.a, negated), right = expand(one.b, negated);
      return conjunction ? both(left, right) : either(left, right);
    }
    default:
      break;
  }
  Atom atom;
  atom.ref = program_.terms[one.a].written;
  for (std::uint32_t i = one.literals.first; i < one.literals.end(); ++i) {
    atom.values.insert(program_.literals[i].text);
  }
  const bool differs = one.op == Cond::Op::kCompare && one.compare == Compare::kNe;
  const bool equals = one.op == Cond::Op::kIn ||
                      (one.op == Cond::Op::kCompare && one.compare == Compare::kEq);
  if (one.op == Cond::Op::kValued || one.op == Cond::Op::kEmpty) {
    atom.kind = (one.op == Cond::Op::kValued) != negated ? Atom::Kind::kValued
                                                         : Atom::Kind::kEmpty;
  } else if (equals || differs) {
    atom.kind = equals != negated ? Atom::Kind::kIn : Atom::Kind::kNotIn;
    // `= ""` also holds for what is not there.
    if (atom.values.contains("")) atom.kind = Atom::Kind::kOther;
  } else if (one.op == Cond::Op::kLength && !negated &&
             (one.compare == Compare::kGt || one.compare == Compare::kGe)) {
    atom.kind = Atom::Kind::kValued;
  }
  return {{atom}};
}

Disjunction Compiler::yields_when(const Rule& rule) const {
  Disjunction out{{}};
  if (rule.when != kNil) out = expand(rule.when, false);
  if (!rule.has_from || rule.default_rule != kNil) return out;
  Disjunction sources;
  for (std::uint32_t i = rule.from.first; i < rule.from.end(); ++i) {
    const Term& term = program_.terms[i];
    Conjunction one;
    if (term.kind == Term::Kind::kField || term.kind == Term::Kind::kChild) {
      Atom atom;
      atom.kind = Atom::Kind::kValued;
      atom.ref = term.written;
      one.push_back(std::move(atom));
    }
    sources.push_back(std::move(one));
  }
  return both(out, sources);
}

bool Compiler::exclude(const Rule& a, const Rule& b) const {
  for (const Conjunction& x : yields_when(a)) {
    for (const Conjunction& y : yields_when(b)) {
      if (!contradictory(x, y) && !contradictory(x, x) && !contradictory(y, y)) return false;
    }
  }
  return true;
}

bool Compiler::always_yields(const Rule& rule) const {
  if (rule.when != kNil || rule.where != kNil) return false;
  if (rule.default_rule != kNil) return always_yields(program_.rules[rule.default_rule]);
  if (rule.need.count != 0 || rule.set.count != 0) return false;
  for (std::uint32_t i = rule.from.first; i < rule.from.end(); ++i) {
    const Term& term = program_.terms[i];
    const bool literal = term.kind == Term::Kind::kLiteral || term.kind == Term::Kind::kCoding;
    if (literal && !term.text.empty() && (rule.vocab == kNil)) return true;
  }
  return false;
}

void Compiler::check_reachable(const Target& target, const std::vector<Spot>& spots,
                               std::string_view map) {
  if (target.repeats) return;
  for (std::uint32_t i = 0; i + 1 < target.rules.count; ++i) {
    if (!always_yields(program_.rules[target.rules.first + i])) continue;
    report_.error(spots[i + 1], fmt::format("{}: this rule is never reached", map),
                  fmt::format("the one at line {} always yields", spots[i].place.line));
    return;
  }
}

void Compiler::check_choices(const std::vector<RuleDecl>& rules,
                             const std::vector<Target>& targets,
                             const std::vector<Element>& elements, std::string_view map) {
  for (std::size_t i = 0; i < targets.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      const std::string_view a = rules[k].target, b = rules[i].target;
      const bool inner = a.size() != b.size() &&
                         (b.starts_with(std::string(a) + ".") ||
                          a.starts_with(std::string(b) + "."));
      const Element& outer = a.size() < b.size() ? elements[k] : elements[i];
      if (inner && !outer.repeats && outer.prim == Prim::kComplex && outer.url.empty() &&
          outer.def) {
        report_.error(rules[i].spot, fmt::format("{}: \"{}\" and \"{}\" overlap", map, a, b),
                      "write the child with `set:` inside the other rule");
        continue;
      }
      // The first steps decide: effectiveDateTime against effectivePeriod.start.
      const std::string_view first_a = a.substr(0, a.find('.')), first_b = b.substr(0, b.find('.'));
      if (first_a == first_b) continue;
      const std::string_view choice = elements[k].first_choice;
      if (choice.empty() || choice != elements[i].first_choice) continue;
      bool apart = true;
      for (std::uint32_t x = targets[k].rules.first; x < targets[k].rules.end(); ++x) {
        for (std::uint32_t y = targets[i].rules.first; y < targets[i].rules.end(); ++y) {
          apart &= exclude(program_.rules[x], program_.rules[y]);
        }
      }
      if (!apart) {
        report_.error(rules[i].spot,
                      fmt::format("{}: \"{}\" and \"{}\" write one choice and can both apply", map,
                                  a, b),
                      "give them conditions that exclude each other");
      }
    }
  }
}

}  // namespace mapping
