#pragma once
#include <him/deficiency.hpp>

#include <optional>
#include <string>
#include <vector>

#include "command.hpp"

namespace cli {

/// What `chartwire him` was asked for; one of these serves all of its sub-commands.
struct HimArguments {
  ConfigOptions config;
  him::ListFilter filter;
  std::string now;
  // decisions
  std::string id, by, reason, owner, owner_name, visit, lacking, due, from, to, document;
  // letters, rates, rules
  std::int64_t number = 0;
  bool html = false, unsent = false, all = false, is_new = false;
  std::string month;
  int months = 3;
  std::string before, after;
  // worklists, reviews
  bool csv = false;
  std::string older_than, quarter, sample, reviewer, note, other, recipient, text;
};

void him_deficiencies(const HimArguments& arguments, Context& context);
void him_jeopardy(const HimArguments& arguments, Context& context);
void him_letters(const HimArguments& arguments, Context& context);
/// Prints every letter that nobody has sent yet and journals that they are sent.
void him_letters_run(const HimArguments& arguments, Context& context);
void him_rate(const HimArguments& arguments, Context& context);
void him_chain(const HimArguments& arguments, Context& context);
void him_audit(const HimArguments& arguments, Context& context);
void him_review_coverage(const HimArguments& arguments, Context& context);
void him_review_list(const HimArguments& arguments, Context& context);
void him_review_plans(const HimArguments& arguments, Context& context);
void him_providers(const HimArguments& arguments, Context& context);
/// Absences that are not over, or all of them.
void him_absences(const HimArguments& arguments, Context& context);
void him_rules_diff(const HimArguments& arguments, Context& context);
/// An order of him/command.hpp, sent to the running engine.
void him_order(const std::string& action, const HimArguments& arguments, Context& context);

}  // namespace cli
