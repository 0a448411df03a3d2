#include "him_actions.hpp"

#include <admin/api.hpp>
#include <admin/him_api.hpp>
#include <core/text.hpp>
#include <fmt/format.h>
#include <him/command.hpp>

#include <chrono>

#include "him_view.hpp"

namespace cli {
namespace {

void print_table(const std::vector<him::Deficiency>& found) {
  print(fmt::format("{:<5} {:<10} {:<3} {:<12} {:<12} {:<17} {:<17} {:<24} {}", "RULE", "STATE",
                    "SEV", "MRN", "VISIT", "OPENED", "DUE", "OWNER", "LACKING"));
  for (const him::Deficiency& item : found) {
    print(fmt::format("{:<5} {:<10} {:<3} {:<12} {:<12} {:<17} {:<17} {:<24} {}", item.rule,
                      him::to_text(item.state), item.severity, item.mrn, item.visit,
                      when(item.opened), when(item.due), item.owner, item.lacking));
  }
}

void print_letter(const him::LetterRecord& letter, const HimArguments& arguments, bool json) {
  if (json) {
    print(admin::letter_json(letter, true));
  } else {
    print(arguments.html ? letter.html : letter.text);
  }
}

}  // namespace

void him_deficiencies(const HimArguments& arguments, Context& context) {
  context.exit = kUsage;
  him::ListFilter filter = arguments.filter;
  filter.places = context.json || arguments.csv;
  if (!arguments.older_than.empty()) {
    filter.older_than = him::age_from(arguments.older_than);
    if (!filter.older_than) return complain("--older-than: write an age such as 30d");
  }
  auto view = look(arguments, context);
  if (!view) return;
  const auto found =
      him::list(*view->records, *view->knowledge->rules, filter, view->now, view->site);
  if (failed(found, context)) return;
  if (arguments.csv) {
    const std::string text = admin::deficiencies_csv(*found, view->now);
    std::fwrite(text.data(), 1, text.size(), stdout);
  } else if (context.json) {
    for (const him::Deficiency& item : *found) print(admin::deficiency_json(item));
  } else {
    print_table(*found);
  }
  context.exit = kOk;
}

void him_jeopardy(const HimArguments& arguments, Context& context) {
  auto view = look(arguments, context);
  if (!view) return;
  const auto found =
      him::jeopardy(*view->records, *view->knowledge->rules, view->now, view->site);
  if (failed(found, context)) return;
  if (!context.json) {
    print(fmt::format("{:<30} {:>6} {:>6} {:<17} {:<10} {}", "PHYSICIAN", "ITEMS", "CHARTS",
                      "OLDEST DUE", "AGE", "SUSPENSION"));
  }
  for (const him::Jeopardy& one : *found) {
    const auto days = std::chrono::floor<std::chrono::days>(view->now - one.oldest_due).count();
    print(context.json
              ? admin::jeopardy_json(one)
              : fmt::format("{:<30} {:>6} {:>6} {:<17} {:<10} {}{}", one.owner, one.delinquent,
                            one.charts, when(one.oldest_due), fmt::format("{} d", days),
                            one.suspended ? "suspended since " : "", when(one.suspension)));
  }
  context.exit = kOk;
}

void him_letters(const HimArguments& arguments, Context& context) {
  auto view = look(arguments, context);
  if (!view) return;
  const auto found = him::letters(*view->records, arguments.number, arguments.unsent);
  if (failed(found, context)) return;
  if (arguments.number > 0 && found->empty()) {
    complain("no letter has that number");
    context.exit = kFindings;
    return;
  }
  context.exit = kOk;
  for (const him::LetterRecord& letter : *found) {
    if (arguments.number > 0) return print_letter(letter, arguments, context.json);
    print(context.json
              ? admin::letter_json(letter, false)
              : fmt::format("{:>6} {} {:<17} {:<30} {} {}", letter.number,
                            him::to_text(letter.level), when(letter.written), letter.owner,
                            letter.title,
                            letter.sent ? "(sent " + when(letter.sent) + ")" : "(not sent)"));
  }
}

void him_letters_run(const HimArguments& arguments, Context& context) {
  auto view = look(arguments, context);
  if (!view) return;
  const auto found = him::letters(*view->records, 0, true);
  if (failed(found, context)) return;
  if (found->empty()) {
    print(context.json ? "{\"sent\":0}" : "0 sent");
    context.exit = kOk;
    return;
  }
  // Sent when the engine has it in its journal; then they are printed. A crash in between leaves
  // letters marked that `him letters --number` prints again, never two of the same in the post.
  const std::string order = order_json({{"action", "letters-sent"},
                                        {"upto", std::to_string(found->back().number)},
                                        {"how", "printed"},
                                        {"by", arguments.by.empty() ? login() : arguments.by}});
  Context quiet = context;
  quiet.json = false;
  if (!send_order(view->config, order, quiet)) {
    context.exit = quiet.exit;
    return;
  }
  for (const him::LetterRecord& letter : *found) print_letter(letter, arguments, context.json);
  print(context.json ? fmt::format("{{\"sent\":{}}}", found->size())
                     : fmt::format("{} sent", found->size()));
  context.exit = kOk;
}

void him_rate(const HimArguments& arguments, Context& context) {
  auto view = look(arguments, context);
  if (!view) return;
  core::Instant month = view->now;
  if (!arguments.month.empty()) {
    const auto at = core::from_iso(arguments.month + "-15");
    if (!at || arguments.month.size() != 7) {
      complain("--month: write 2026-03");
      context.exit = kUsage;
      return;
    }
    month = *at;
  }
  const auto rate = him::delinquency_rate(*view->records, *view->knowledge->rules, month,
                                          arguments.months, view->site);
  if (failed(rate, context)) return;
  context.exit = kOk;
  if (context.json) return print(admin::rate_json(*rate));
  print(fmt::format(
      "{} delinquent charts / ({} discharges / {} months = {:.2f}) = {}{}", rate->delinquent_charts,
      rate->discharges, rate->months, static_cast<double>(rate->discharges) / rate->months,
      rate->percent ? fmt::format("{:.2f} %", *rate->percent) : "n/a",
      rate->level.empty() ? "" : "  (" + rate->level + ")"));
}

void him_chain(const HimArguments& arguments, Context& context) {
  auto view = look(arguments, context);
  if (!view) return;
  const auto found = him::document_chains(*view->records, *view->knowledge->rules, arguments.visit,
                                          view->now, view->site);
  if (failed(found, context)) return;
  context.exit = kOk;
  for (const him::Chain& chain : *found) {
    if (context.json) {
      print(admin::chain_json(chain));
      continue;
    }
    print(fmt::format("{} ({}) {}", chain.document, chain.type, chain.completion));
    for (const him::ChainStep& step : chain.steps) {
      print(fmt::format("  {} {:<22} {:<30} {}", step.done ? "+" : "-", step.step, step.owner,
                        step.done ? when(step.at) : "due " + when(step.due)));
    }
  }
}

void him_rules_diff(const HimArguments& arguments, Context& context) {
  auto view = look(arguments, context);
  if (!view) return;
  context.exit = kUsage;
  const auto from = core::from_iso(arguments.from);
  if (!from) return complain("--from: write 2026-01-31");
  std::shared_ptr<const him::RulePack> packs[2];
  for (const int which : {0, 1}) {
    std::vector<him::RulePack::Finding> findings;
    packs[which] = him::RulePack::load(which == 0 ? arguments.before : arguments.after, findings);
    for (const auto& one : findings) {
      if (one.error) {
        complain(fmt::format("{}:{}:{}: {}", one.file, one.line, one.column, one.text));
      }
    }
    if (!packs[which]) return;
  }
  const auto found =
      him::rules_diff(*view->records, *packs[0], *packs[1], *from, view->now, view->site);
  if (failed(found, context)) return;
  std::size_t opens = 0;
  for (const him::RuleDifference& one : *found) {
    opens += one.opens ? 1 : 0;
    const auto& d = one.deficiency;
    if (context.json) {
      print(fmt::format("{{\"change\":\"{}\",\"deficiency\":{}}}", one.opens ? "open" : "close",
                        admin::deficiency_json(d)));
    } else {
      print(fmt::format("{} {:<5} {:<12} {:<17} {:<24} {}", one.opens ? "+" : "-", d.rule, d.visit,
                        when(d.due), d.owner, d.lacking));
    }
  }
  if (!context.json) {
    print(fmt::format("{} would open, {} would close", opens, found->size() - opens));
  }
  context.exit = found->empty() ? kOk : kFindings;
}

void him_providers(const HimArguments& arguments, Context& context) {
  auto view = look(arguments, context);
  if (!view) return;
  const auto found = him::providers(*view->records);
  if (failed(found, context)) return;
  context.exit = kOk;
  for (const him::Provider& one : *found) {
    if (context.json) {
      print(admin::provider_json(one));
      continue;
    }
    print(fmt::format("{}  {}", one.id, one.name.empty() ? "-" : one.name));
    for (const auto& alias : one.aliases) {
      print(fmt::format("  = {:<20} {}  {}", alias.id, when(alias.joined), alias.how));
    }
  }
}

void him_order(const std::string& action, const HimArguments& arguments, Context& context) {
  context.exit = kUsage;
  auto config = arguments.config.read();
  if (!config) return;
  send_order(*config,
             order_json({{"action", action},
                         {"id", arguments.id},
                         {"by", arguments.by.empty() ? login() : arguments.by},
                         {"reason", arguments.reason},
                         {"owner", arguments.owner},
                         {"owner_name", arguments.owner_name},
                         {"visit", arguments.visit},
                         {"lacking", arguments.lacking},
                         {"due", arguments.due},
                         {"from", arguments.from},
                         {"to", arguments.to},
                         {"quarter", arguments.quarter},
                         {"sample", arguments.sample},
                         {"reviewer", arguments.reviewer},
                         {"note", arguments.note},
                         {"other", arguments.other},
                         {"document", arguments.document}}),
             context);
}

}  // namespace cli
