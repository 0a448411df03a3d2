#pragma once
#include <core/yaml.hpp>
#include <mapping/mapping_set.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace mapping {

/// A place in a source file. `file` belongs to the loader and outlives compilation.
struct Spot {
  const std::string* file = nullptr;
  core::yaml::Place place;

  Spot at(const core::yaml::Node& node) const { return {file, node.place}; }
  /// Inside a scalar: the quote of a quoted one takes a column.
  Spot inside(const core::yaml::Node& node, std::size_t offset) const {
    return {file, {node.place.line, node.place.column + static_cast<int>(offset) +
                                        (node.quoted ? 1 : 0)}};
  }
};

inline constexpr std::size_t kDiagnosticsMax = 1'000;

/// Collects findings; one finding of the same words at the same place once.
class Report {
 public:
  explicit Report(std::vector<Diagnostic>& out) : out_(out) {}

  void error(const Spot& spot, std::string text, std::string hint = {});
  void warning(const Spot& spot, std::string text, std::string hint = {});
  bool failed() const { return errors_ != 0; }

 private:
  void add(Diagnostic::Severity severity, const Spot& spot, std::string text, std::string hint);
  std::vector<Diagnostic>& out_;
  std::size_t errors_ = 0;
};

/// `did you mean "x"?` for the nearest candidate, or nothing.
std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace mapping
