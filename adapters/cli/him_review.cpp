#include <admin/him_api.hpp>
#include <core/text.hpp>
#include <fmt/format.h>
#include <him/audit.hpp>
#include <him/review.hpp>

#include "him_view.hpp"

namespace cli {
namespace {

void print_line(const him::AuditLine& line, const View& view) {
  std::string words = line.finding == him::Finding::kOpen ? line.lacking : line.why;
  if (line.finding == him::Finding::kLater) words = "from " + when(line.from, view);
  if (line.finding == him::Finding::kOpen) words += ", " + line.owner;
  if (!words.empty()) words = ": " + words;
  if (!line.about.empty()) words += " (" + line.about + ")";
  print(fmt::format("{:<7} {:<10} {:<18} {:<11} {:<17} {:<38} {}", him::to_text(line.finding),
                    line.rule, line.part, line.state.empty() ? "-" : line.state,
                    when(line.due, view), line.source, line.title + words));
}

std::optional<him::ReviewPeriod> period_of(const HimArguments& arguments, const View& view,
                                           Context& context) {
  context.exit = kUsage;
  const auto period =
      him::review_period(arguments.quarter, arguments.from, arguments.to, view.site.zone);
  if (!period) {
    complain(period.error().detail);
    return std::nullopt;
  }
  context.exit = kUnreachable;
  return *period;
}

struct Reviewed {
  View view;
  him::ReviewPeriod period;
  std::vector<him::ReviewFile> files;
};

/// The files of the period that was asked for; nothing after a complaint.
std::optional<Reviewed> reviewed(const HimArguments& arguments, Context& context) {
  auto view = look(arguments, context);
  if (!view) return std::nullopt;
  const auto period = period_of(arguments, *view, context);
  if (!period) return std::nullopt;
  auto files = him::review_files(*view->records, *period);
  if (failed(files)) return std::nullopt;
  return Reviewed{std::move(*view), *period, std::move(*files)};
}

}  // namespace

void him_audit(const HimArguments& arguments, Context& context) {
  auto view = look(arguments, context);
  if (!view) return;
  const auto found = him::audit(*view->records, *view->knowledge->rules, arguments.visit, view->now,
                                view->site, arguments.all);
  if (!found && found.error().code == core::ErrorCode::kNotFound) context.exit = kUsage;
  if (failed(found)) return;
  if (!context.json) {
    print(fmt::format("visit {} ({}), MRN {}", found->visit, found->encounter, found->mrn));
    print(fmt::format("{:<7} {:<10} {:<18} {:<11} {:<17} {:<38} {}", "FINDING", "RULE", "PART",
                      "STATE", "DUE", "CLAUSE", "WHAT"));
  }
  std::size_t open = 0;
  for (const him::AuditLine& line : found->lines) {
    open += line.finding == him::Finding::kOpen ? 1 : 0;
    if (context.json) {
      print(admin::audit_line_json(line));
    } else {
      print_line(line, *view);
    }
  }
  if (!context.json) {
    print(fmt::format("{} of {} open", open, found->lines.size()));
  }
  context.exit = found->passed() ? kOk : kFindings;
}

void him_review_coverage(const HimArguments& arguments, Context& context) {
  const auto found = reviewed(arguments, context);
  if (!found) return;
  const him::ReviewCoverage sum = him::coverage_of(found->period, found->files);
  context.exit = sum.unseen == 0 ? kOk : kFindings;
  if (context.json) return print(admin::coverage_json(sum));
  print(fmt::format("reviewed {} + open {} + unseen {} = population {}", sum.reviewed, sum.open,
                    sum.unseen, sum.population));
  for (const him::ReviewFile& file : found->files) {
    if (!file.planned) print("unseen  " + file.visit + "  " + when(file.ended, found->view));
  }
}

void him_review_list(const HimArguments& arguments, Context& context) {
  const auto found = reviewed(arguments, context);
  if (!found) return;
  context.exit = kOk;
  for (const him::ReviewFile& file : found->files) {
    if (arguments.filter.open_only && file.reviewed) continue;
    if (!arguments.reviewer.empty() && !core::iequals(arguments.reviewer, file.reviewer)) continue;
    print(context.json
              ? admin::review_file_json(file)
              : fmt::format("{:<8} {:<14} {:<17} {:<20} {:<17} {:<20} {} open  {}",
                            file.standing(), file.visit, when(file.ended, found->view),
                            file.reviewer.empty() ? "-" : file.reviewer,
                            when(file.reviewed, found->view),
                            file.reviewed_by.empty() ? "-" : file.reviewed_by, file.open_items,
                            file.note));
  }
}

void him_review_plans(const HimArguments& arguments, Context& context) {
  auto view = look(arguments, context);
  if (!view) return;
  const auto plans = him::review_plans(*view->records);
  if (failed(plans)) return;
  context.exit = kOk;
  for (const him::ReviewPlan& plan : *plans) {
    print(context.json ? admin::review_plan_json(plan)
                       : fmt::format("{:>8}  {} up to {}  {} of {} ({})  {}  by {}", plan.number,
                                     when(plan.period.from, *view),
                                     when(plan.period.end, *view), plan.chosen, plan.population,
                                     plan.sample.empty() ? "all" : plan.sample,
                                     plan.reviewer, plan.planned_by));
  }
}

}  // namespace cli
