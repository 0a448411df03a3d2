#include "explain.hpp"

#include <fhir/json.hpp>

#include <fmt/format.h>

#include "command.hpp"
#include "rule_report.hpp"

namespace cli {
namespace {

struct Explainer {
  const hl7::Message& message;
  const mapping::MapOutput& output;
  const mapping::MappingSet& set;
  bool json;
};

std::string source_of(const Explainer& explain, const mapping::Lineage& lineage) {
  if (lineage.segment == mapping::Lineage::kLiteral) return "literal";
  hl7::Location at;
  const hl7::SegmentView segment = explain.message.segment(lineage.segment);
  at.segment = std::string(segment.name());
  at.occurrence = segment.occurrence();
  at.field = lineage.field;
  at.repetition = lineage.repetition;
  at.component = lineage.component;
  at.subcomponent = lineage.subcomponent;
  return at.text();
}

void print_leaf(const Explainer& explain, const std::string& path, const fhir::Node& leaf) {
  const std::string value = shown_text(explain.output, leaf.text);
  std::string source = "-", rule = "-";
  if (leaf.lineage != 0 && leaf.lineage <= explain.output.lineage.size()) {
    const mapping::Lineage& lineage = explain.output.lineage[leaf.lineage - 1];
    source = source_of(explain, lineage);
    const mapping::RuleInfo& info = explain.set.rule(lineage.rule);
    rule = fmt::format("{}:{}", info.file, info.line);
  }
  if (!explain.json) {
    print(fmt::format("{:<58} {:<20} {:<44} {}", path, source, rule, value));
    return;
  }
  std::string line = "{\"path\":";
  fhir::write_json_string(path, line);
  for (const auto& [name, text] :
       {std::pair{"value", value}, {"source", source}, {"rule", rule}}) {
    line += fmt::format(",\"{}\":", name);
    fhir::write_json_string(text, line);
  }
  print(line + "}");
}

void walk(const Explainer& explain, const std::string& path, const fhir::Node& node) {
  if (node.is_leaf()) {
    print_leaf(explain, path, node);
    return;
  }
  for (const fhir::Member* member = node.first_member; member; member = member->next) {
    walk(explain, path + "." + std::string(member->name), *member->value);
  }
  int index = 0;
  for (const fhir::Item* item = node.first_item; item; item = item->next) {
    walk(explain, fmt::format("{}[{}]", path, index++), *item->value);
  }
}

void print_notes(const Explainer& explain) {
  for (const hl7::Location& at : explain.output.unused_fields) {
    print(explain.json ? fmt::format("{{\"unused\":\"{}\"}}", at.text())
                       : "unused field      " + at.text());
  }
  for (const mapping::VocabMiss& miss : explain.output.vocab_misses) {
    if (!explain.json) {
      print(fmt::format("code not mapped   {} {}", miss.table, miss.code));
      continue;
    }
    std::string line = "{\"unmapped\":";
    fhir::write_json_string(miss.code, line);
    line += ",\"vocab\":";
    fhir::write_json_string(miss.table, line);
    print(line + "}");
  }
  for (const hl7::Issue& issue : explain.output.issues) {
    if (!explain.json) {
      print(fmt::format("warning           {} {}", issue.at.text(), issue.text));
      continue;
    }
    std::string line = "{\"warning\":";
    fhir::write_json_string(issue.text, line);
    line += ",\"at\":";
    fhir::write_json_string(issue.at.text(), line);
    print(line + "}");
  }
}

void print_silent(const Explainer& explain) {
  for (const std::uint32_t id : silent_rules(mapping::rule_facts(explain.set),
                                             explain.output.wrote)) {
    const mapping::RuleInfo& info = explain.set.rule(id);
    const std::string place = fmt::format("{}:{}", info.file, info.line);
    if (!explain.json) {
      print(fmt::format("rule wrote nothing {} {} {}", place, info.map, info.target));
      continue;
    }
    std::string line = "{\"silent\":";
    fhir::write_json_string(place, line);
    line += ",\"map\":";
    fhir::write_json_string(info.map, line);
    line += ",\"target\":";
    fhir::write_json_string(info.target, line);
    print(line + "}");
  }
}

}  // namespace

std::string shown_text(const mapping::MapOutput& output, std::string_view text) {
  if (text.empty() || text.front() != mapping::kDraftMark) return std::string(text);
  const auto index = static_cast<std::size_t>(std::atoi(std::string(text.substr(1)).c_str()));
  if (index >= output.drafts.size()) return std::string(text);
  return fmt::format("-> {}[{}]", output.drafts[index].type, index);
}

void print_explanation(const hl7::Message& message, const mapping::MapOutput& output,
                       const std::shared_ptr<const mapping::MappingSet>& set, bool json) {
  const Explainer explain{message, output, *set, json};
  for (std::size_t i = 0; i < output.drafts.size(); ++i) {
    const mapping::Draft& draft = output.drafts[i];
    walk(explain, fmt::format("{}[{}]", draft.type, i), *draft.root);
  }
  print_notes(explain);
  print_silent(explain);
}

}  // namespace cli
