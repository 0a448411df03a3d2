#pragma once
#include <mapping/mapper.hpp>
#include <mapping/mapping_set.hpp>

#include <cstdint>
#include <string>
#include <vector>

/// What tools ask of a compiled set: which fields a rule reads, what its vocabularies hold, the
/// messages of its tests. For reports, not for the data path: everything is copied. Thread: any.
namespace mapping {

/// A field, or a component of the value at hand, that a rule reads.
struct SourceRef {
  std::string segment;        ///< "PID"; empty: a component of the value
  int field = 0, component = 0, subcomponent = 0;   ///< for a component of the value: no field
  bool condition = false;     ///< only `when` or `where` reads it (own, or of a rule around)
};

/// What one rule is, beside mapping::RuleInfo; the index is the rule's id in lineage.
struct RuleFacts {
  std::string map;            ///< name of the map it stands in
  std::string source;         ///< segment, or v2 data type of a data type map
  bool is_datatype = false;
  bool is_rule = false;       ///< false: the id stands for a map, a row of a plan, a link
  std::int64_t parent = -1;   ///< the rule whose `set`, `fill`, `also`, `default` it stands in
  std::string type;           ///< FHIR type the map makes
  std::vector<SourceRef> refs;
};
std::vector<RuleFacts> rule_facts(const MappingSet& set);

struct VocabFacts {
  struct Row {
    std::string from, code, system, display;   ///< `code` empty: known, without a target
  };
  std::string name, table, to;   ///< table "HL70085"
  std::string fallback;
  bool has_fallback = false;
  std::string file;
  int line = 0;
  std::vector<Row> rows;
};
std::vector<VocabFacts> vocab_facts(const MappingSet& set);

/// A message of a `tests:` block with the environment the test gives it; those of transformations
/// are left out.
struct TestMessage {
  std::string file, name;
  int line = 0;
  std::string text;           ///< ER7
  Environment environment;
};
std::vector<TestMessage> test_messages(const MappingSet& set);
/// What `feed:` of a test (or of a golden folder's expect.yaml) says, into `out`.
/// Errors: kBadMapping for an unknown key, kBadConfig for an unknown zone.
core::Status test_environment(const core::yaml::Node& test, Environment& out);

}  // namespace mapping
