#pragma once
#include <core/yaml.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rule.hpp"

namespace him {

/// Reads the mappings of one rule file, collecting everything wrong with it, each with its place.
class RuleReader {
 public:
  RuleReader(const core::yaml::File& file, std::vector<RulePack::Finding>& findings,
             PackParts into)
      : file_(file), findings_(findings), into_(into) {}

  void read();

 private:
  using Node = core::yaml::Node;
  using Place = core::yaml::Place;

  void error(Place place, std::string text);
  void warning(Place place, std::string text);

  /// Refuses keys that `what` does not have. @return false when `node` is no mapping at all.
  bool check_keys(const Node& node, std::string_view what);
  const Node* need(const Node& node, std::string_view key, std::string_view what);
  std::string text(const Node& node, std::string_view what);
  std::string need_text(const Node& node, std::string_view key, std::string_view what);
  std::vector<std::string> words(const Node& node, std::string_view what);
  std::optional<std::int64_t> duration(const Node& node);
  std::optional<Expr> condition(const Node& node, const Context& context);
  std::optional<Expr> value(const Node& node, Type type, const Context& context);
  void add_fault(const Node& node, const ParseFault& fault);
  template <class T>
  std::optional<T> choice(const Node& node, std::string_view what,
                          std::initializer_list<std::pair<std::string_view, T>> choices);

  void read_lists(const Node& node);
  void read_conditions(const Node& node);
  void report_unused(const Node& root);
  void read_rule(const Node& node);
  void read_parts(const Node& node, const Node& parts);
  void read_one(const Node& node, const std::string& part);
  void read_needs(const Node& node, Rule& rule);
  void read_repeat(const Node& node, Rule& rule);
  void read_policy(const Node& node);
  void read_letters(const Node& node, Policy& policy);
  void read_identity(const Node& node, Rule& rule);
  void read_trigger(const Node& node, Rule& rule);
  void read_exempt(const Node& node, Rule& rule);
  void read_requires(const Node& node, Rule& rule);
  std::optional<Alternative> read_alternative(const Node& node, const Rule& rule);
  void read_fact(const Node& node, Kind kind, const Context& context, Alternative& out);
  void read_document_types(const Node& node, Alternative& out);
  void read_items(const Node& node, const Context& context, Alternative& out);
  void read_lacking(const Node& node, Rule& rule);
  void read_owner(const Node& node, Rule& rule);
  void read_letters(const Node& node, Rule& rule);
  void read_dues(const Node& node, Rule& rule);
  std::optional<Due> read_due(const Node& node, const Rule& rule);
  std::optional<Anchor> read_anchor(const Node& node, std::string_view what,
                                    const Context& context);
  std::vector<Expr> read_times(const Node& node, const Context& context);
  void check_needs(const Node& node, const Rule& rule);
  Context context_of(const Rule& rule);

  const core::yaml::File& file_;
  std::vector<RulePack::Finding>& findings_;
  PackParts into_;
  Lists lists_;
  Conditions conditions_;
  std::map<std::string, bool, std::less<>> used_lists_;
  std::string pack_;
};

}  // namespace him
