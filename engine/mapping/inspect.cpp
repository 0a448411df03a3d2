#include <mapping/inspect.hpp>

#include <algorithm>

#include "impl.hpp"

/// A compiled set, told to tools.
namespace mapping {

namespace {

/// Walks a map's targets with all that stands around each rule.
class Collector {
 public:
  Collector(const Program& program, std::vector<RuleFacts>& out) : p_(program), out_(out) {}

  void map(const MapInfo& map, const std::string& source) {
    map_ = &map;
    source_ = source;
    std::vector<SourceRef> around;
    targets(map.targets, around, -1, 0);
  }

 private:
  void targets(Range range, const std::vector<SourceRef>& around, std::int64_t parent,
               int depth) {
    for (std::uint32_t i = range.first; i < range.end(); ++i) {
      const Range rules = p_.targets[i].rules;
      for (std::uint32_t r = rules.first; r < rules.end(); ++r) {
        rule(p_.rules[r], around, parent, depth);
      }
    }
  }

  void rule(const Rule& rule, const std::vector<SourceRef>& around, std::int64_t parent,
            int depth) {
    if (depth > kNestingMax || rule.info >= out_.size()) return;
    RuleFacts& facts = out_[rule.info];
    facts.map = map_->name;
    facts.source = source_;
    facts.is_datatype = map_->is_datatype;
    facts.is_rule = true;
    facts.parent = parent;
    facts.type = map_->type;
    std::vector<SourceRef> own;
    terms(rule.from, false, own);
    if (rule.concat != kNil) pieces(p_.templates[rule.concat], own);
    if (rule.plus != kNil) {
      terms(p_.pluses[rule.plus].amount, false, own);
      terms(p_.pluses[rule.plus].unit_terms, false, own);
    }
    parts(rule.function, own);
    condition(rule.when, own);
    condition(rule.where, own);
    std::vector<SourceRef> all = around;
    for (SourceRef ref : own) {
      // What stands inside reads components of this rule's value, not of the one around.
      const bool inner = ref.segment.empty();
      ref.condition = true;
      if (!inner) all.push_back(std::move(ref));
    }
    facts.refs = std::move(own);
    facts.refs.insert(facts.refs.end(), around.begin(), around.end());
    targets(rule.set, all, rule.info, depth + 1);
    targets(rule.fill, all, rule.info, depth + 1);
    for (std::uint32_t i = rule.also.first; i < rule.also.end(); ++i) {
      this->rule(p_.rules[i], all, rule.info, depth + 1);
    }
    if (rule.default_rule == kNil) return;
    this->rule(p_.rules[rule.default_rule], all, rule.info, depth + 1);
  }

  void term(const Term& term, bool condition, std::vector<SourceRef>& out) {
    SourceRef ref;
    ref.condition = condition;
    switch (term.kind) {
      case Term::Kind::kField:
        ref.segment = p_.segments[term.segment];
        ref.field = term.field;
        break;
      case Term::Kind::kChild:
      case Term::Kind::kThis: break;
      default: return;
    }
    ref.component = term.component;
    ref.subcomponent = term.subcomponent;
    out.push_back(std::move(ref));
  }

  void terms(Range range, bool condition, std::vector<SourceRef>& out) {
    for (std::uint32_t i = range.first; i < range.end(); ++i) term(p_.terms[i], condition, out);
  }

  /// Functions of a whole value read these components of it.
  static void parts(Function function, std::vector<SourceRef>& out) {
    std::pair<int, int> range{0, -1};
    if (function == Function::kMime) range = {2, 4};
    if (function == Function::kEdData) range = {4, 5};
    if (function == Function::kRegistry || function == Function::kAuthority) range = {1, 4};
    if (function == Function::kText || function == Function::kSampled) range = {1, 9};
    const std::size_t whole = out.size();
    for (std::size_t i = 0; i < whole; ++i) {
      for (int n = range.first; n <= range.second; ++n) {
        SourceRef part = out[i];
        if (part.subcomponent != 0) continue;
        (part.component == 0 ? part.component : part.subcomponent) = n;
        out.push_back(std::move(part));
      }
    }
  }

  void pieces(Range range, std::vector<SourceRef>& out) {
    for (std::uint32_t i = range.first; i < range.end(); ++i) {
      terms(p_.pieces[i].terms, false, out);
    }
  }

  void condition(std::uint32_t index, std::vector<SourceRef>& out) {
    if (index == kNil) return;
    const Cond& cond = p_.conds[index];
    if (cond.op == Cond::Op::kAnd || cond.op == Cond::Op::kOr || cond.op == Cond::Op::kNot) {
      condition(cond.a, out);
      if (cond.op != Cond::Op::kNot) condition(cond.b, out);
      return;
    }
    if (cond.a != kNil) term(p_.terms[cond.a], true, out);
    if (cond.op == Cond::Op::kSame) term(p_.terms[cond.b], true, out);
  }

  const Program& p_;
  std::vector<RuleFacts>& out_;
  const MapInfo* map_ = nullptr;
  std::string source_;
};

}  // namespace

std::vector<RuleFacts> rule_facts(const MappingSet& set) {
  const MappingSet::Impl& impl = set.impl();
  const Program& program = impl.program;
  std::vector<RuleFacts> out(impl.infos.size());
  for (std::size_t i = 0; i < out.size(); ++i) out[i].map = impl.infos[i].map;
  Collector collector(program, out);
  for (std::size_t i = 0; i < program.maps.size(); ++i) {
    const MapInfo& map = program.maps[i];
    std::string source;
    if (!map.is_datatype) {
      source = program.segments[map.segment];
    } else {
      const MapDecl& decl = impl.documents->maps[i];
      source = decl.from ? decl.from.node->scalar
                         : std::string(map.name.substr(0, map.name.find('-')));
    }
    collector.map(map, source);
  }
  return out;
}

std::vector<VocabFacts> vocab_facts(const MappingSet& set) {
  const MappingSet::Impl& impl = set.impl();
  std::vector<VocabFacts> out;
  for (const Vocab& vocab : impl.program.vocabs) {
    VocabFacts facts;
    facts.name = vocab.name;
    facts.table = vocab.table;
    facts.to = vocab.to;
    facts.fallback = vocab.fallback;
    facts.has_fallback = vocab.has_fallback;
    const RuleInfo& info = impl.infos[vocab.info];
    facts.file = info.file;
    facts.line = info.line;
    for (const VocabRow& row : vocab.rows()) {
      facts.rows.push_back({std::string(row.from), std::string(row.code),
                            std::string(row.system.empty() ? vocab.to : row.system),
                            std::string(row.display)});
    }
    out.push_back(std::move(facts));
  }
  return out;
}

}  // namespace mapping
