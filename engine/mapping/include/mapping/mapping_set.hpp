#pragma once
#include <core/result.hpp>
#include <core/yaml.hpp>
#include <schema/r4.hpp>
#include <schema/v2.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mapping {

/// A finding of the checker, with its place and, where one is near, the right name.
struct Diagnostic {
  enum class Severity { kWarning, kError } severity = Severity::kError;
  std::string file;
  int line = 0, column = 0;
  std::string text;   ///< "PID-Patient: Patient has no element "birthDay""
  std::string hint;   ///< "did you mean "birthDate"?"
  std::string render() const;  ///< file:line:column: error: text; hint
};

/// What one rule is, for --explain and lineage.
struct RuleInfo {
  std::string file;
  int line = 0, column = 0;
  std::string map;     ///< "PID-Patient"
  std::string target;  ///< "Patient.birthDate"
};

/// Compiled mapping rules: plans, segment maps, data type maps, vocabularies. Immutable, shared by
/// all threads. The language is described in mappings/README.md.
class MappingSet {
 public:
  struct Sources {
    std::vector<std::string> directories;   ///< all *.yaml below, in order; later ones overlay
    /// In place of files (tests, replayed configurations): name and text.
    std::vector<std::pair<std::string, std::string>> texts;
  };
  /// Compiles and checks everything; all findings go to `diagnostics`. nullptr when one is an
  /// error. `v2` and `r4` must outlive the set.
  static std::shared_ptr<const MappingSet> compile(const Sources& sources,
                                                   const schema::V2Schema& v2, const schema::R4& r4,
                                                   std::vector<Diagnostic>& diagnostics);
  ~MappingSet();

  std::size_t rule_count() const;
  const RuleInfo& rule(std::uint32_t id) const;
  /// Hash over all source text: every message remembers which one it was mapped with.
  const std::string& hash() const;
  /// The sources themselves, to be journaled when they become active.
  const std::vector<std::pair<std::string, std::string>>& source_texts() const;
  /// @return whether a plan accepts this type and trigger.
  bool accepts(std::string_view type, std::string_view trigger) const;

  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  MappingSet();
  std::unique_ptr<Impl> impl_;
};

/// Runs the `tests:` blocks of the set's files. One line a test; `failed` counts.
struct TestReport {
  struct Case {
    std::string file, name;
    int line = 0;
    bool passed = false;
    std::string difference;   ///< readable diff by FHIR path
  };
  std::vector<Case> cases;
  int failed = 0;
};
TestReport run_tests(const MappingSet& set, const schema::V2Schema& v2, const schema::R4& r4);

class Mapper;

/// Holds one message (ER7) against the keys of a `tests:` entry: feed, produces, expect, assert,
/// warns. What golden folders with an expect.yaml do.
TestReport::Case run_test(const core::yaml::Node& test, std::string message, Mapper& mapper);

}  // namespace mapping
