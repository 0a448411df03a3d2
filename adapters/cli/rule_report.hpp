#pragma once
#include <mapping/inspect.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "command.hpp"

namespace cli {

/// Rules that wrote nothing although their map did, outermost ones only: a rule inside a silent
/// rule is not named again. Indices of MappingSet::rule.
std::vector<std::uint32_t> silent_rules(const std::vector<mapping::RuleFacts>& facts,
                                        const std::vector<bool>& wrote, bool all_maps = false);

/// Which rules and fields a body of messages exercises (`test --coverage`).
class RuleReport {
 public:
  explicit RuleReport(std::shared_ptr<const mapping::MappingSet> set);
  /// Runs one message; what cannot be mapped is left out.
  void run(std::string_view text, const mapping::Environment& environment);
  /// Silent rules by file, fields that no rule read, then counts by map and over all.
  void print_to(const Context& context) const;

 private:
  struct Field {
    std::uint64_t populated = 0, unread = 0;   ///< segments
  };
  void print_rules(const Context& context) const;
  void print_fields(const Context& context) const;

  std::shared_ptr<const mapping::MappingSet> set_;
  mapping::Mapper mapper_;
  std::vector<mapping::RuleFacts> facts_;
  std::vector<bool> wrote_;
  std::map<std::string, Field> fields_;   ///< "PID-5"
  std::uint64_t messages_ = 0;
};

}  // namespace cli
