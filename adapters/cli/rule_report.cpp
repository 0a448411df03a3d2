#include "rule_report.hpp"

#include <set>

#include <fmt/format.h>

#include "workbench.hpp"

namespace cli {

std::vector<std::uint32_t> silent_rules(const std::vector<mapping::RuleFacts>& facts,
                                        const std::vector<bool>& wrote, bool all_maps) {
  std::set<std::string_view> maps;
  for (std::size_t i = 0; i < facts.size() && i < wrote.size(); ++i) {
    if (facts[i].is_rule && wrote[i]) maps.insert(facts[i].map);
  }
  std::vector<std::uint32_t> out;
  for (std::size_t i = 0; i < facts.size() && i < wrote.size(); ++i) {
    const mapping::RuleFacts& rule = facts[i];
    if (!rule.is_rule || wrote[i] || (!all_maps && !maps.contains(rule.map))) continue;
    if (rule.parent >= 0 && !wrote[static_cast<std::size_t>(rule.parent)]) continue;
    out.push_back(static_cast<std::uint32_t>(i));
  }
  return out;
}

RuleReport::RuleReport(std::shared_ptr<const mapping::MappingSet> set)
    : set_(std::move(set)), mapper_(set_), facts_(mapping::rule_facts(*set_)),
      wrote_(facts_.size(), false) {}

void RuleReport::run(std::string_view text, const mapping::Environment& environment) {
  auto message = hl7::Message::parse(std::string(text));
  if (!message) return;
  mapping::MapOptions options;
  options.explain = true;
  const auto output = mapper_.map(*message, environment, options);
  if (!output) return;
  ++messages_;
  const std::vector<bool>& wrote = (*output)->wrote;
  for (std::size_t i = 0; i < wrote.size(); ++i) wrote_[i] = wrote_[i] || wrote[i];
  for (std::uint32_t s = 0; s < message->segment_count(); ++s) {
    const hl7::SegmentView segment = message->segment(s);
    for (int f = 1; f <= segment.field_count(); ++f) {
      if (!segment.field(f).valued()) continue;
      ++fields_[fmt::format("{}-{}", segment.name(), f)].populated;
    }
  }
  for (const hl7::Location& at : (*output)->unused_fields) {
    ++fields_[fmt::format("{}-{}", at.segment, at.field)].unread;
  }
}

void RuleReport::print_rules(const Context& context) const {
  for (const std::uint32_t id : silent_rules(facts_, wrote_, true)) {
    const mapping::RuleInfo& info = set_->rule(id);
    const std::string place = fmt::format("{}:{}", info.file, info.line);
    if (!context.json) {
      print(fmt::format("untested rule   {} {} {}", place, info.map, info.target));
      continue;
    }
    std::string line = "{";
    json_member(line, "untested", place);
    json_member(line, "map", info.map);
    json_member(line, "target", info.target);
    print(line + "}");
  }
  std::map<std::string, std::pair<std::size_t, std::size_t>> maps;
  for (std::size_t i = 0; i < facts_.size(); ++i) {
    if (!facts_[i].is_rule) continue;
    auto& [rules, written] = maps[facts_[i].map];
    ++rules;
    written += wrote_[i];
  }
  for (const auto& [name, counts] : maps) {
    if (!context.json) {
      print(fmt::format("map             {:<40} {:>4} of {:>4} rules wrote something", name,
                        counts.second, counts.first));
      continue;
    }
    std::string line = "{";
    json_member(line, "map", name);
    print(line + fmt::format(",\"rules\":{},\"written\":{}}}", counts.first, counts.second));
  }
}

void RuleReport::print_fields(const Context& context) const {
  for (const auto& [name, field] : fields_) {
    if (field.unread == 0) continue;
    print(context.json ? fmt::format("{{\"field\":\"{}\",\"populated\":{},\"unread\":{}}}", name,
                                     field.populated, field.unread)
                       : fmt::format("field not read  {:<10} {} of {} times", name, field.unread,
                                     field.populated));
  }
}

void RuleReport::print_to(const Context& context) const {
  print_rules(context);
  print_fields(context);
  std::size_t rules = 0, written = 0, read = 0;
  for (std::size_t i = 0; i < facts_.size(); ++i) {
    rules += facts_[i].is_rule;
    written += facts_[i].is_rule && wrote_[i];
  }
  for (const auto& [name, field] : fields_) read += field.unread < field.populated;
  print(context.json
            ? fmt::format("{{\"messages\":{},\"rules\":{},\"written\":{},\"fields\":{},"
                          "\"read\":{}}}",
                          messages_, rules, written, fields_.size(), read)
            : fmt::format("coverage: {} messages, {} of {} rules wrote something, {} of {} "
                          "populated fields were read",
                          messages_, written, rules, read, fields_.size()));
}

}  // namespace cli
