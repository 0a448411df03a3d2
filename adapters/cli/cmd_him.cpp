#include <CLI/CLI.hpp>

#include <memory>

#include "command.hpp"
#include "him_actions.hpp"

namespace cli {
namespace {

using Arguments = std::shared_ptr<HimArguments>;
using Action = void (*)(const HimArguments&, Context&);

/// A sub-command that looks at the store.
CLI::App* add_view(CLI::App& him, Context& context, const Arguments& arguments, const char* name,
                   const char* help, Action action) {
  CLI::App* command = him.add_subcommand(name, help);
  arguments->config.add_to(*command, false);
  command->add_option("--now", arguments->now,
                      "look as of that time (ISO 8601), changing nothing");
  command->callback([arguments, &context, action, command] {
    if (command->get_subcommands().empty()) action(*arguments, context);
  });
  return command;
}

/// A decision of the department, carried out by the running engine.
CLI::App* add_order(CLI::App& him, Context& context, const Arguments& arguments, const char* name,
                    const char* help, const char* action) {
  CLI::App* command = him.add_subcommand(name, help);
  arguments->config.add_to(*command, false);
  command->add_option("--by", arguments->by, "who decides (default: the login name)");
  command->callback([arguments, &context, action] { him_order(action, *arguments, context); });
  return command;
}

void add_list(CLI::App& him, Context& context, const Arguments& arguments) {
  CLI::App* list = add_view(him, context, arguments, "deficiencies",
                            "what charts lack, who owes it, by when", him_deficiencies);
  list->alias("deficiency");
  list->add_option("--id", arguments->filter.id, "only this deficiency");
  list->add_option("--rule", arguments->filter.rule, "only this rule, such as R06");
  list->add_option("--mrn", arguments->filter.mrn, "only this medical record number");
  list->add_option("--patient", arguments->filter.patient, "only this Patient id");
  list->add_option("--visit", arguments->filter.visit, "only this visit number");
  list->add_option("--owner,--physician", arguments->filter.owner,
                   "only this owner: number (1001@NORTH where two have it), name, family name");
  list->add_option("--service", arguments->filter.service,
                   "only this hospital service (PV1-10): code or words");
  list->add_option("--unit", arguments->filter.unit, "only this unit (PV1-3), such as 4W");
  list->add_option("--older-than", arguments->older_than, "open for longer than that, such as 30d");
  list->add_flag("--csv", arguments->csv, "for a spreadsheet (RFC 4180)");
  list->add_flag("--open", arguments->filter.open_only,
                 "leave out completed, waived and cancelled ones");
  CLI::App* same = list->add_subcommand("list", "the same");
  same->fallthrough();
  same->callback([arguments, &context] { him_deficiencies(*arguments, context); });
}

void add_reports(CLI::App& him, Context& context, const Arguments& arguments) {
  add_view(him, context, arguments, "jeopardy",
           "physicians with delinquent records, for the medical director", him_jeopardy);
  CLI::App* rate = add_view(him, context, arguments, "rate",
                            "delinquent charts per hundred discharges of a month", him_rate);
  rate->add_option("--month", arguments->month, "at the end of this month (2026-03)");
  rate->add_option("--months", arguments->months, "average the discharges of so many months")
      ->check(CLI::Range(1, 120));
  CLI::App* chain = add_view(him, context, arguments, "chain",
                             "the way of a visit's documents, step by step", him_chain);
  chain->add_option("visit,--visit", arguments->visit, "visit number, either way");
  CLI::App* letters = add_view(him, context, arguments, "letters", "the log of letters",
                               him_letters);
  letters->add_option("--number", arguments->number, "print this letter");
  letters->add_flag("--html", arguments->html, "as a page to print");
  letters->add_flag("--unsent", arguments->unsent, "only those nobody has sent");
  CLI::App* run = letters->add_subcommand("run", "print what nobody has sent, and mark it sent");
  run->fallthrough();
  run->add_option("--by", arguments->by, "who sends (default: the login name)");
  run->callback([arguments, &context] { him_letters_run(*arguments, context); });
}

void add_new(CLI::App& command, const Arguments& arguments) {
  command.add_flag("--new", arguments->is_new, "somebody whom no message has named yet");
}

void add_orders(CLI::App& him, Context& context, const Arguments& arguments) {
  const auto with_reason = [&](const char* name, const char* help) {
    CLI::App* command = add_order(him, context, arguments, name, help, name);
    command->add_option("id", arguments->id, "the deficiency's id")->required();
    command->add_option("--reason", arguments->reason, "why")->required();
    return command;
  };
  with_reason("waive", "close a deficiency that nobody will meet (committee, author departed)");
  with_reason("complete", "close a deficiency that was met on paper, or reviewed");
  with_reason("reopen", "open again what was closed by hand");
  CLI::App* reassign = with_reason("reassign", "another owner");
  reassign->add_option("--owner", arguments->owner, "physician's id")->required();
  reassign->add_option("--name", arguments->owner_name, "physician's name");
  add_new(*reassign, arguments);
  CLI::App* add = add_order(him, context, arguments, "add", "a deficiency by hand", "assign");
  add->alias("assign");
  add->add_option("--visit", arguments->visit, "visit number")->required();
  add->add_option("--owner", arguments->owner, "physician's id")->required();
  add->add_option("--name", arguments->owner_name, "physician's name");
  add->add_option("--lacking", arguments->lacking, "what is lacking")->required();
  add->add_option("--due", arguments->due, "until when (ISO 8601)")->required();
  add_new(*add, arguments);
  CLI::App* absence =
      add_order(him, context, arguments, "absence", "file a physician's absence", "absence");
  absence->add_option("--owner", arguments->owner, "physician's id")->required();
  absence->add_option("--from", arguments->from, "first day or moment away (ISO 8601)")->required();
  absence->add_option("--to", arguments->to, "day or moment of return (ISO 8601)")->required();
  add_new(*absence, arguments);
  CLI::App* withdraw = add_order(him, context, arguments, "absence-withdraw",
                                 "a filed absence is off; one that has begun ends now",
                                 "absence-withdraw");
  withdraw->add_option("--owner", arguments->owner, "physician's id")->required();
  withdraw->add_option("--from", arguments->from, "first day or moment of it")->required();
  add_view(him, context, arguments, "absences", "absences of physicians that are not over",
           him_absences)
      ->add_flag("--all", arguments->all, "those that are over too");
  CLI::App* request = add_order(him, context, arguments, "request",
                                "a letter that asks a patient or family for something", "request");
  request->add_option("--visit", arguments->visit, "visit number")->required();
  request->add_option("--recipient", arguments->recipient, "whom it is to")->required();
  request->add_option("--text", arguments->text, "what is asked for")->required();
  CLI::App* reviewed = add_order(him, context, arguments, "reviewed",
                                 "the department has reviewed a document", "reviewed");
  reviewed->add_option("document", arguments->document, "DocumentReference id")->required();
}

void add_period(CLI::App& command, const Arguments& arguments) {
  command.add_option("--quarter", arguments->quarter, "visits that ended in it (2026Q3)");
  command.add_option("--from", arguments->from, "first day, in place of a quarter");
  command.add_option("--to", arguments->to, "last day");
}

void add_review(CLI::App& him, Context& context, const Arguments& arguments) {
  CLI::App* audit = add_view(him, context, arguments, "audit",
                             "every applicable rule of one visit: pass, open, exempt", him_audit);
  audit->add_option("visit", arguments->visit, "visit number")->required();
  audit->add_flag("--all", arguments->all, "rules that do not concern it too");
  CLI::App* review = him.add_subcommand("review", "periodic review of all files");
  review->require_subcommand(1);
  CLI::App* plan = add_order(*review, context, arguments, "plan",
                             "give the files of a period to a reviewer", "review-plan");
  add_period(*plan, arguments);
  plan->add_option("--sample", arguments->sample, "only so many of them: 30, 10% (default: all)");
  plan->add_option("--reviewer", arguments->reviewer, "who reviews them")->required();
  CLI::App* done =
      add_order(*review, context, arguments, "done", "a file was reviewed", "review-visit");
  done->add_option("visit", arguments->visit, "visit number")->required();
  done->add_option("--note", arguments->note, "what was found");
  CLI::App* list = add_view(*review, context, arguments, "list", "the files of a period",
                            him_review_list);
  add_period(*list, arguments);
  list->add_option("--reviewer", arguments->reviewer, "only this reviewer's");
  list->add_flag("--open", arguments->filter.open_only, "only those not reviewed");
  CLI::App* coverage =
      add_view(*review, context, arguments, "coverage",
               "proof that all files were reviewed: 1 when one is unseen", him_review_coverage);
  add_period(*coverage, arguments);
  add_view(*review, context, arguments, "plans", "what was planned", him_review_plans);
}

void add_providers(CLI::App& him, Context& context, const Arguments& arguments) {
  add_view(him, context, arguments, "providers", "doctors who go by more than one id",
           him_providers);
  CLI::App* provider = him.add_subcommand("provider", "ids of one doctor");
  provider->require_subcommand(1);
  CLI::App* join = add_order(*provider, context, arguments, "join",
                             "two ids are one doctor's; the first is kept", "provider-join");
  join->add_option("id", arguments->owner, "the id to keep")->required();
  join->add_option("other", arguments->other, "the other id")->required();
  join->add_option("--name", arguments->owner_name, "the doctor's name");
  add_new(*join, arguments);
  CLI::App* part = add_order(*provider, context, arguments, "part",
                             "an id is a doctor of its own again", "provider-part");
  part->add_option("id", arguments->other, "the id that was joined")->required();
}

void add_rules(CLI::App& him, Context& context, const Arguments& arguments) {
  CLI::App* rules = him.add_subcommand("rules", "rule packs");
  rules->require_subcommand(1);
  CLI::App* diff = add_view(*rules, context, arguments, "diff",
                            "what a changed folder of packs would open, close or say otherwise",
                            him_rules_diff);
  diff->add_option("old", arguments->before, "folder of the packs in use")->required();
  diff->add_option("new", arguments->after, "folder of the changed packs")->required();
  diff->add_option("--from", arguments->from, "visits begun or ended since that day")->required();
}

}  // namespace

void add_him(CLI::App& app, Context& context) {
  CLI::App* him = app.add_subcommand("him", "health information management");
  him->require_subcommand(1);
  auto arguments = std::make_shared<HimArguments>();
  add_list(*him, context, arguments);
  add_reports(*him, context, arguments);
  add_orders(*him, context, arguments);
  add_review(*him, context, arguments);
  add_providers(*him, context, arguments);
  add_rules(*him, context, arguments);
  add_conflict_commands(*him, context);
}

}  // namespace cli
