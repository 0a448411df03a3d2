#pragma once
#include <schema/r4.hpp>

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "documents.hpp"
#include "expression.hpp"
#include "impl.hpp"
#include "report.hpp"
#include "v2_facts.hpp"

namespace mapping {

/// A FHIR element while compiling: what a rule writes to.
struct Element {
  const schema::ElementDef* def = nullptr;  ///< null for the value of an extension
  std::string type;                         ///< "HumanName", "code", "BackboneElement"
  std::string context;                      ///< where its children are: type or path
  std::string path;                         ///< "Patient.name.use", for people
  Prim prim = Prim::kComplex;
  bool repeats = false;
  bool open_choice = false;                 ///< value[x]: the rule's `type:` decides
  std::string_view member;                  ///< JSON member
  std::string_view choice;                  ///< base name, for a choice
  std::string_view first_choice;            ///< the same of its path's first step
  std::string_view url;                     ///< extension
  bool clearable = false;                   ///< no array above it
};

/// A use of a term that is checked once plans are known.
struct TermUse {
  std::uint32_t term = 0;
  Spot spot;
  const schema::ElementDef* target = nullptr;   ///< of a $resource
};

/// Where an expression stands.
struct Scope {
  const std::string* file = nullptr;
  std::uint32_t map = kNil;        ///< index in Program::maps; kNil in a plan
  std::string_view name;           ///< of the map, for messages
  bool in_datatype = false;
  bool has_current = false;        ///< `this` and ^n mean something
  bool clears = false;             ///< HL7 "" may become null here
  int depth = 0;
  V2Types types;                   ///< of the current value; empty = unknown

  Spot spot(const core::yaml::Node& node) const { return {file, node.place}; }
};

/// One alternative condition of a rule, for proving that two rules exclude each other.
struct Atom {
  enum class Kind { kValued, kEmpty, kIn, kNotIn, kOther } kind = Kind::kOther;
  std::string ref;
  std::set<std::string_view> values;
};
using Conjunction = std::vector<Atom>;
using Disjunction = std::vector<Conjunction>;

/// Compiles declarations into a Program, reporting every fault it finds.
class Compiler {
 public:
  Compiler(MappingSet::Impl& out, Documents& documents, Report& report);
  void run();

 private:
  // compile_map.cpp
  void declare_maps();
  void compile_map(std::uint32_t index);
  Scope scope_of(const MapDecl& decl, std::uint32_t index, MapInfo& map);
  void compile_primitive(const MapDecl& decl, const Element& root, const Scope& scope,
                         MapInfo& map);
  Range compile_registry(const Placed& registry, Scope scope);
  void compile_policy(const MapDecl& decl, MapInfo& map);
  void compile_parts(const MapDecl& decl, MapInfo& map, Scope scope);
  void compile_keys(const MapDecl& decl, MapInfo& map, const Scope& scope);
  bool compile_rung(const Spot& spot, const core::yaml::Node& node, const Scope& scope, Rung& out);
  std::vector<Target> compile_targets(const std::vector<RuleDecl>& rules, const Element& parent,
                                      const Scope& scope, Range& out);
  Range compile_need(const core::yaml::Node& node, const std::string& context, const Scope& scope);
  void check_required(const Element& element, const std::vector<RuleDecl>& rules,
                      const std::vector<Target>& targets, const Spot& spot, std::string_view map);
  void check_cycles();
  KeyKind key_kind(const V2Types& types) const;

  // compile_target.cpp
  bool resolve(const Element& parent, std::string_view target, const Spot& spot,
               std::string_view map, Element& out, Range& steps, std::string_view& first);
  bool step_into(Element& at, std::string_view name, const Spot& spot, std::string_view map);
  bool step_extension(Element& at, std::string_view name, const Spot& spot, std::string_view map);
  void set_type(Element& element, std::string_view type, std::string_view parent_path);
  std::vector<std::string_view> child_names(const std::string& context) const;

  // compile_rule.cpp
  bool compile_rule(const core::yaml::Node& node, Element element, const Scope& scope, Rule& out);
  bool compile_mapping(const core::yaml::Node& node, Element& element, const Scope& scope,
                       Rule& out, Scope& inner);
  bool decide_type(const core::yaml::Node& node, Element& element, const Scope& scope);
  bool compile_also(const core::yaml::Node& also, const Element& element, const Scope& scope,
                    const Scope& inner, std::vector<Rule>& extras);
  bool compile_parts(const core::yaml::Node& node, const Element& element, const Scope& scope,
                     const Scope& inner, Rule& out);
  bool compile_as(const core::yaml::Node& node, const Element& element, const Scope& scope,
                  Rule& out);
  bool compile_plus(const core::yaml::Node& node, const Scope& scope, Rule& out);
  bool default_map(const core::yaml::Node& node, const Element& element, const Scope& scope,
                   const V2Types& types, Rule& out);
  bool check_value(const core::yaml::Node& node, const Element& element, const Scope& scope,
                   const Rule& rule);
  bool check_literal(const Spot& spot, const Element& element, const Scope& scope,
                     const Term& term);
  void check_repetition(const core::yaml::Node& node, const Element& element, const Scope& scope,
                        const Rule& rule, bool in_list);
  bool check_map_type(const Spot& spot, const Element& element, const Scope& scope,
                      std::uint32_t map);
  std::uint32_t add_info(const Spot& spot, std::string_view map, std::string_view target);

  // compile_expression.cpp
  std::optional<Range> source(const core::yaml::Node& node, const Scope& scope,
                              const schema::ElementDef* target);
  std::optional<std::uint32_t> condition(const core::yaml::Node& node, const Scope& scope);
  std::optional<std::uint32_t> concat(const core::yaml::Node& node, const Scope& scope);
  void check_terms(std::size_t first, const core::yaml::Node& node, const Scope& scope,
                   const schema::ElementDef* target);
  bool check_term(Term& term, const Spot& spot, const Scope& scope);
  bool check_field(Term& term, const Spot& spot);
  bool check_components(const Term& term, const V2Types& types, const Spot& spot);
  void check_filter(std::uint32_t cond, const V2Types& types, const Spot& spot);
  void check_condition_literals(std::uint32_t cond, const Scope& scope,
                                const core::yaml::Node& node);
  V2Types types_of(const Term& term, const Scope& scope);
  V2Types types_of(Range terms, const Scope& scope);
  std::string fault(const Scope& scope, std::string_view text) const;

  // compile_vocab.cpp
  void compile_vocabs();
  void compile_vocab(const VocabDecl& decl);
  bool vocab_row(const core::yaml::Entry& entry, const Spot& spot, VocabRow& out);
  std::uint32_t find_vocab(const core::yaml::Node& node, const Scope& scope);
  void check_binding(const Spot& spot, const Element& element, const Scope& scope,
                     const Vocab& vocab);
  void check_code(const Spot& spot, const Element& element, const Scope& scope,
                  std::string_view code);
  void warn_unused();

  // compile_plan.cpp
  void compile_plans();
  void compile_plan(const PlanDecl& decl);
  Range compile_rows(const core::yaml::Node& node, const Scope& scope);
  bool compile_row(const core::yaml::Node& node, const Scope& scope, Row& out);
  bool compile_each(const core::yaml::Node& node, const Scope& scope, Row& out);
  void compile_choice_of_segments(const core::yaml::Node& node, const Scope& scope, Row& out);
  bool compile_segment(const core::yaml::Node& node, const Scope& scope, Row& out);
  bool compile_extend(const core::yaml::Node& node, const Scope& scope, Row& out);
  bool compile_link(const core::yaml::Node& node, const Scope& scope, Row& row);
  Range texts(const core::yaml::Node& node);
  void bind(const TermUse& use, std::string_view row_segment);
  void check_unambiguous(const TermUse& use, std::string_view row_segment);
  void check_bound();

  // compile_transform.cpp: HL7 v2 to HL7 v2
  void compile_transforms();
  void compile_transform(const TransformDecl& decl);
  void compile_encoding(const core::yaml::Node& node, const Scope& scope, Transform& out);
  bool compile_step(const core::yaml::Node& node, const Scope& scope, V2Step& out);
  bool compile_place(const core::yaml::Node& node, const Scope& scope, V2Step& out);
  bool compile_v2_targets(const core::yaml::Node& node, const Scope& scope, V2Step& out);
  bool compile_v2_target(const core::yaml::Entry& entry, const Spot& spot, const Scope& scope,
                         std::uint16_t segment, V2Rule& out);
  bool compile_v2_rule(const core::yaml::Node& node, const Scope& scope, V2Rule& out);
  bool known_segment(const core::yaml::Node& node, const Scope& scope, std::uint16_t& out);

  // check_choice.cpp
  void check_choices(const std::vector<RuleDecl>& rules, const std::vector<Target>& targets,
                     const std::vector<Element>& elements, std::string_view map);
  void check_reachable(const Target& target, const std::vector<Spot>& spots, std::string_view map);
  bool always_yields(const Rule& rule) const;
  bool exclude(const Rule& a, const Rule& b) const;
  Disjunction yields_when(const Rule& rule) const;
  Disjunction expand(std::uint32_t cond, bool negated) const;

  MappingSet::Impl& out_;
  Program& program_;
  Documents& documents_;
  Report& report_;
  const schema::R4& r4_;
  V2Facts facts_;
  std::map<std::string_view, std::uint32_t> map_index_;
  std::map<std::string_view, std::uint32_t> vocab_index_;
  std::vector<bool> vocab_used_, map_used_;
  std::vector<std::vector<std::uint32_t>> map_edges_;   ///< data type maps each map uses
  std::vector<std::vector<TermUse>> uses_;              ///< by map
  std::vector<TermUse> plan_uses_;                      ///< of `when` in a plan's rows

  struct Ambiguity {
    TermUse use;
    std::string text, hint;
  };
  std::map<std::uint32_t, Ambiguity> ambiguous_;        ///< by term
  std::set<std::uint32_t> unambiguous_;

  // While compiling one plan.
  std::vector<const schema::StructureDef*> structures_;
  std::map<std::uint16_t, std::string> made_;           ///< resource name -> type
  std::set<std::pair<std::uint32_t, std::uint16_t>> bound_, unbound_;   ///< (map, name)
  std::map<std::pair<std::uint32_t, std::uint16_t>, TermUse> first_use_;
};

/// The FHIR primitive of that name, kComplex for everything else.
Prim prim_of(std::string_view type);
bool is_text(Prim prim);

}  // namespace mapping
