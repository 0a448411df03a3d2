#include "presence.hpp"

#include "program.hpp"

namespace mapping {

namespace {

/// Either of the two.
Presence either(Presence a, const Presence& b) {
  a.fields |= b.fields;
  a.children |= b.children;
  a.always |= b.always;
  return a;
}

constexpr Presence kNever{0, 0, false};
constexpr Presence kAlways{};

class Finder {
 public:
  Finder(Program& program, std::uint16_t segment) : p_(program), segment_(segment) {}

  void fill(Range targets) {
    for (std::uint32_t i = targets.first; i < targets.end(); ++i) {
      Presence found = kNever;
      const Range rules = p_.targets[i].rules;
      for (std::uint32_t r = rules.first; r < rules.end(); ++r) {
        fill(p_.rules[r]);
        found = either(found, of(p_.rules[r]));
      }
      p_.targets[i].presence = found;
    }
  }

  /// What must be there for the condition to hold.
  Presence of_condition(std::uint32_t index) const {
    const Cond& cond = p_.conds[index];
    switch (cond.op) {
      case Cond::Op::kAnd: {
        const Presence first = of_condition(cond.a);
        return first.always ? of_condition(cond.b) : first;
      }
      case Cond::Op::kOr: return either(of_condition(cond.a), of_condition(cond.b));
      case Cond::Op::kValued:
      case Cond::Op::kDeleted: return of(p_.terms[cond.a]);
      case Cond::Op::kCompare:
        if (cond.compare != Compare::kEq || !all_valued(cond.literals)) return kAlways;
        return of(p_.terms[cond.a]);
      case Cond::Op::kIn:
        return all_valued(cond.literals) ? of(p_.terms[cond.a]) : kAlways;
      default: return kAlways;
    }
  }

 private:
  void fill(const Rule& rule) {
    fill(rule.set);
    fill(rule.fill);
    for (std::uint32_t i = rule.also.first; i < rule.also.end(); ++i) fill(p_.rules[i]);
    if (rule.default_rule != kNil) fill(p_.rules[rule.default_rule]);
  }

  Presence of(const Term& term) const {
    Presence out = kNever;
    if (term.kind == Term::Kind::kField && term.segment == segment_ && term.occurrence == 0 &&
        term.field > 0 && term.field < kPresenceBits) {
      out.fields = 1ull << term.field;
    } else if (term.kind == Term::Kind::kChild && term.component > 0 &&
               term.component < kPresenceBits) {
      out.children = 1ull << term.component;
    } else {
      out.always = true;
    }
    return out;
  }

  Presence of_terms(Range terms) const {
    Presence out = kNever;
    for (std::uint32_t i = terms.first; i < terms.end(); ++i) out = either(out, of(p_.terms[i]));
    return out;
  }

  /// A template yields when one of its references does.
  Presence of_template(Range pieces) const {
    Presence out = kNever;
    for (std::uint32_t i = pieces.first; i < pieces.end(); ++i) {
      if (p_.pieces[i].kind == Piece::Kind::kRef) out = either(out, of_terms(p_.pieces[i].terms));
    }
    return out;
  }

  bool all_valued(Range literals) const {
    for (std::uint32_t i = literals.first; i < literals.end(); ++i) {
      if (p_.literals[i].text.empty()) return false;
    }
    return true;
  }

  Presence of_source(const Rule& rule) const {
    if (rule.function == Function::kSampled) return kAlways;
    if (rule.has_from) return of_terms(rule.from);
    if (rule.concat != kNil) return of_template(p_.templates[rule.concat]);
    if (rule.shape != Rule::Shape::kComplex || rule.map != kNil || rule.vocab != kNil ||
        rule.also.count != 0) {
      return kAlways;
    }
    // An object built of parts: one of the parts. fill() has seen them before.
    Presence out = kNever;
    for (std::uint32_t i = rule.set.first; i < rule.set.end(); ++i) {
      out = either(out, p_.targets[i].presence);
    }
    return out;
  }

  Presence of(const Rule& rule) const {
    if (rule.default_rule != kNil) return kAlways;
    const Presence source = of_source(rule);
    return source.always && rule.when != kNil ? of_condition(rule.when) : source;
  }

  Program& p_;
  std::uint16_t segment_;
};

}  // namespace

void find_plain(Program& program) {
  for (Rule& rule : program.rules) {
    const bool text = rule.prim == Prim::kString || rule.prim == Prim::kMarkdown ||
                      rule.prim == Prim::kCode || rule.prim == Prim::kId || rule.prim == Prim::kUri;
    const bool bare = rule.when == kNil && rule.where == kNil && rule.concat == kNil &&
                      rule.plus == kNil && rule.map == kNil && rule.vocab == kNil &&
                      rule.default_rule == kNil && rule.function == Function::kNone &&
                      rule.set.count == 0 && rule.fill.count == 0 && rule.also.count == 0 &&
                      rule.warn.empty();
    if (rule.shape != Rule::Shape::kPrimitive || !text || !bare || !rule.has_from ||
        rule.has_join || rule.from.count != 1) {
      continue;
    }
    const Term& term = program.terms[rule.from.first];
    rule.plain = term.kind == Term::Kind::kChild && term.filter == kNil && term.index == 0 &&
                 term.component > 0;
  }
}

void find_presence(Program& program) {
  for (std::size_t i = 0; i < program.maps.size(); ++i) {
    const MapInfo& map = program.maps[i];
    // A data type map runs for whatever segment its value stands in.
    Finder(program, map.is_datatype ? kNoSegment : map.segment).fill(map.targets);
  }
  for (Row& row : program.rows) {
    if (row.when != kNil) row.presence = Finder(program, row.segment).of_condition(row.when);
  }
}

}  // namespace mapping
