#pragma once
#include <mapping/inspect.hpp>
#include <schema/r4.hpp>
#include <schema/v2.hpp>

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace cli::ig {

/// What mapped messages prove: which field, component or message segment wrote which FHIR element.
/// Built from lineage. A leaf proves a source when its value came from there, when a template put
/// it together from there, or, for a constant, when the rule's condition reads the source or the
/// same item holds a value from it. Paths have no indexes and compare without regard to case.
class Evidence {
 public:
  Evidence(const schema::V2Schema& v2, const schema::R4& r4, const mapping::MappingSet& set);

  /// `output` is of `message`, mapped with lineage.
  void add(const hl7::Message& message, const mapping::MapOutput& output);

  /// Whether an element at `path` (or below) of a `type` was written from the field; number 0: by
  /// any rule of that segment. With `constant` only that very constant counts.
  bool field(std::string_view segment, int number, std::string_view type, std::string_view path,
             std::string_view constant = {}) const;
  /// The same for a component of a v2 data type; sister types (CE, CWE) count.
  bool component(std::string_view datatype, int number, std::string_view type,
                 std::string_view path, std::string_view constant = {}) const;
  /// Whether the segment, at that place of the structure ("ADT_A01.PROCEDURE.PR1"; places that no
  /// version's structure has stand for the segment anywhere), wrote `path` of a `type`.
  bool message(std::string_view place, std::string_view type, std::string_view path) const;

 private:
  using Facts = std::map<std::string, std::set<std::string>, std::less<>>;
  /// A position in the message with the v2 types and components it is.
  struct Source {
    std::string field;                                    ///< "PID-5"; empty: unknown
    std::vector<std::pair<std::string, int>> components;  ///< ("XPN", 1), ("FN", 1)
  };
  struct Step {
    std::string type;
    std::size_t offset = 0;   ///< of what follows in the path
  };
  struct Leaf {
    const fhir::Node* node;
    std::string path;
    std::vector<Step> chain;
    bool literal;
    std::vector<Source> sources;
    std::string segment;      ///< of the rule's map
  };

  void walk(const fhir::Node& node, const std::string& path, const std::string& context,
            const std::vector<Step>& chain, std::vector<Leaf>& leaves);
  void describe(Leaf& leaf);
  void sources_of_rule(const mapping::RuleFacts& facts, const mapping::Lineage& at,
                       Leaf& leaf);
  void record(const Leaf& leaf, const Source& source, std::string_view constant);
  void record_item(const std::vector<Leaf>& leaves, std::size_t first, std::size_t end);
  void record_place(const Leaf& leaf);
  Source source_at(std::uint32_t segment, int field, int component, int subcomponent) const;
  void add_components(std::string_view type, int component, int subcomponent,
                      Source& out) const;
  std::vector<std::string> types_of(std::string_view segment, int field,
                                    std::uint32_t index) const;
  void group(const hl7::Message& message, const mapping::MapOutput& output);
  void know_structure(const std::string& id);

  const schema::V2Schema& v2_;
  const schema::R4& r4_;
  std::vector<mapping::RuleFacts> rules_;
  Facts fields_, components_, places_;
  std::set<std::string> known_places_, known_structures_;
  std::unordered_set<std::string> seen_;

  // Of the message being added.
  std::string own_name_;      ///< "ADT_A11" of MSH-9.1 and .2
  const hl7::Message* message_ = nullptr;
  const mapping::MapOutput* output_ = nullptr;
  const schema::V2Version* version_ = nullptr;
  std::vector<std::string> place_of_;   ///< by segment index
};

}  // namespace cli::ig
