#pragma once
#include <mapping/inspect.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

/// `map --explain --html`: message and resources side by side; pointing at a field shows what was
/// made of it and by which rule, pointing at a leaf shows where it came from. One file without
/// external resources; everything from the message is escaped, and a content policy forbids the
/// page to load anything. It shows values: for the analyst's own screen.
class ExplainPage {
 public:
  explicit ExplainPage(std::shared_ptr<const mapping::MappingSet> set);
  void add(std::string_view title, const hl7::Message& message, const mapping::MapOutput& output);
  std::size_t messages() const { return sections_; }
  /// The page of all added messages.
  std::string html() const;

 private:
  void add_message(const hl7::Message& message);
  void add_resource(const mapping::MapOutput& output, std::size_t draft);
  void add_node(const mapping::MapOutput& output, std::string_view name, const fhir::Node& node,
                int depth);
  void add_notes(const mapping::MapOutput& output);

  std::shared_ptr<const mapping::MappingSet> set_;
  std::vector<mapping::RuleFacts> facts_;
  std::string body_;
  std::size_t sections_ = 0;
};

}  // namespace cli
