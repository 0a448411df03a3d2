#pragma once
#include <core/yaml.hpp>

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "report.hpp"

namespace mapping {

using StringMap = std::map<std::string, std::string, std::less<>>;

/// A node and the file it stands in.
struct Placed {
  const core::yaml::Node* node = nullptr;
  Spot spot;
  explicit operator bool() const { return node != nullptr; }
};

/// One `target: rule` line, with the file it came from (an overlay's own, where one replaced it).
struct RuleDecl {
  std::string_view target;
  const core::yaml::Node* value = nullptr;
  Spot spot;
  std::vector<Placed> added;   ///< an overlay's `add`, after the own rules
};

/// A `map:` or `datatype:` document with its overlays applied.
struct MapDecl {
  std::string_view name;
  bool is_datatype = false;
  Spot spot;
  Placed segment, to, key, mode, list, on_null, extends, need, registry, from, partial,
      items;
  std::vector<RuleDecl> rules;
};

struct VocabDecl {
  std::string_view name;
  Spot spot;
  const core::yaml::Node* node = nullptr;
  std::vector<Placed> added_rows;   ///< `map:` of overlays
  std::vector<Placed> removed;      ///< `off:` of overlays
};

struct PlanDecl {
  std::string_view name;
  Spot spot;
  Placed accept;
  std::vector<Placed> rows;         ///< `plan:` lists, overlays' after the own one
};

struct TransformDecl {
  std::string_view name;
  Spot spot;
  const core::yaml::Node* node = nullptr;
};

struct ExtensionDecl {
  std::string url, type;
  bool single = false;
  Spot spot;
};

struct TestDecl {
  const std::string* file = nullptr;
  core::yaml::Node node;            ///< the whole `tests:` list
  std::string transform;            ///< of the transformation it stands in; empty: of mapping
};

/// All source files, read and sorted into declarations. Owns the YAML trees they point into.
class Documents {
 public:
  explicit Documents(Report& report) : report_(report) {}

  /// Takes what core::yaml::parse() made of the source of that name.
  void add(std::string name, core::Result<core::yaml::File> parsed);
  /// Applies overlays; call once after the last add().
  void finish();

  StringMap systems;
  std::map<std::string, ExtensionDecl, std::less<>> extensions;
  StringMap values;                 ///< declared %names and their defaults
  std::vector<MapDecl> maps;
  std::vector<VocabDecl> vocabs;
  std::vector<PlanDecl> plans;
  std::vector<TransformDecl> transforms;
  std::vector<TestDecl> tests;

 private:
  void document(const std::string& file, const core::yaml::Node& node);
  void aliases(const std::string& file, const core::yaml::Node& node);
  void extension(const std::string& file, const core::yaml::Entry& entry, core::yaml::Place place);
  void vocab(const std::string& file, const core::yaml::Node& node);
  void map(const std::string& file, const core::yaml::Node& node, bool is_datatype);
  void plan(const std::string& file, const core::yaml::Node& node);
  void transform(const std::string& file, const core::yaml::Node& node);
  void overlay(const Placed& overlay);
  void overlay_map(MapDecl& decl, const Placed& overlay);
  void overlay_vocab(VocabDecl& decl, const Placed& overlay);
  void overlay_plan(PlanDecl& decl, const Placed& overlay);
  void merge_rules(MapDecl& decl, const Placed& overlay);
  void add_rules(MapDecl& decl, const Placed& overlay);
  void turn_off(MapDecl& decl, const Placed& overlay);
  void check_keys(const std::string& file, const core::yaml::Node& node,
                  std::initializer_list<std::string_view> allowed);
  void duplicate(const Spot& spot, std::string_view kind, std::string_view name, const Spot& first);

  Report& report_;
  std::deque<std::string> names_;
  std::deque<core::yaml::File> files_;
  std::vector<Placed> overlays_;
};

}  // namespace mapping
