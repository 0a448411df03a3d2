#include "him_actions.hpp"

#include <admin/api.hpp>
#include <admin/him_api.hpp>
#include <core/text.hpp>
#include <fmt/format.h>
#include <him/command.hpp>

#include <algorithm>
#include <chrono>

#include "him_view.hpp"

namespace cli {
namespace {

/// Columns as wide as what stands in them; times are the site's.
void print_table(const std::vector<him::Deficiency>& found, const View& view) {
  std::vector<std::vector<std::string>> rows{{"RULE", "STATE", "SEV", "MRN", "VISIT", "OPENED",
                                              "DUE", "OWNER", "LACKING", "ID"}};
  for (const him::Deficiency& one : found) {
    rows.push_back({one.rule, std::string(him::to_text(one.state)), one.severity, one.mrn,
                    one.visit, when(one.opened, view), when(one.due, view), one.owner, one.lacking,
                    one.id});
  }
  std::vector<std::size_t> width(rows.front().size(), 0);
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) width[i] = std::max(width[i], row[i].size());
  }
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i + 1 < row.size(); ++i) {
      line += fmt::format("{:<{}}  ", row[i], width[i]);
    }
    print(line + row.back());
  }
}

/// What a decision did: the item it names, or all that the absent physician owes.
void show_outcome(const HimArguments& arguments, Context& context) {
  HimArguments about;
  about.config = arguments.config;
  about.filter.id = arguments.id;
  if (arguments.id.empty()) {
    about.filter.owner = arguments.owner;
    about.filter.open_only = true;
  }
  him_deficiencies(about, context);
}

std::string counted(std::uint64_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

void print_letter(const him::LetterRecord& letter, const HimArguments& arguments, bool json) {
  if (json) {
    print(admin::letter_json(letter, true));
  } else {
    if (letter.cancelled) complain("this letter is cancelled: " + letter.cancelled_why);
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
  if (found->empty()) {
    const auto strange = him::unknown_in(*view->records, *view->knowledge->rules, filter);
    if (strange && !strange->empty()) complain(*strange);
  }
  if (arguments.csv) {
    const std::string text = admin::deficiencies_csv(*found, view->now);
    std::fwrite(text.data(), 1, text.size(), stdout);
  } else if (context.json) {
    for (const him::Deficiency& item : *found) print(admin::deficiency_json(item));
  } else {
    print_table(*found, *view);
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
                            one.charts, when(one.oldest_due, *view), fmt::format("{} d", days),
                            one.suspended ? "suspended since " : "", when(one.suspension, *view)));
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
    const std::string sent = letter.sent ? "(sent " + when(letter.sent, *view) + ")"
                             : letter.cancelled
                                 ? fmt::format("(cancelled {}: {})", when(letter.cancelled, *view),
                                               letter.cancelled_why)
                                 : "(not sent)";
    print(context.json
              ? admin::letter_json(letter, false)
              : fmt::format("{:>6} {:<8} {:<17} {:<30} {} {}", letter.number,
                            him::to_text(letter.level), when(letter.written, *view), letter.owner,
                            letter.title, sent));
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
  // As they stand now: what a message has completed in between is not asked for any more.
  const auto sent = him::letters(*view->records, 0, false);
  if (failed(sent, context)) return;
  const std::string line(72, '-');
  std::size_t count = 0;
  for (const him::LetterRecord& letter : *sent) {
    const bool ours = std::any_of(found->begin(), found->end(), [&letter](const auto& one) {
      return one.number == letter.number;
    });
    if (!ours || !letter.sent) continue;
    ++count;
    print_letter(letter, arguments, context.json);
    if (!context.json && !arguments.html) print(line);
  }
  print(context.json ? fmt::format("{{\"sent\":{}}}", count) : fmt::format("{} sent", count));
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
  const std::string end = when(rate->end, *view).substr(0, 10);
  print(fmt::format("{} at the end of the month ({}) / ({} / {} = {:.2f}) = {}{}{}",
                    counted(rate->delinquent_charts, "delinquent chart"), end,
                    counted(rate->discharges, "discharge"),
                    counted(static_cast<std::uint64_t>(rate->months), "month"),
                    static_cast<double>(rate->discharges) / rate->months,
                    rate->percent ? fmt::format("{:.2f} %", *rate->percent) : "n/a",
                    rate->level.empty() ? "" : "  (" + rate->level + ")",
                    view->now < rate->end ? "  the month is not over" : ""));
}

void him_chain(const HimArguments& arguments, Context& context) {
  context.exit = kUsage;
  if (arguments.visit.empty()) return complain("him chain: of which visit? Give its number");
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
      const std::string time = step.done  ? when(step.at, *view)
                               : step.due ? "due " + when(step.due, *view)
                                          : "";
      print(fmt::format("  {} {:<22} {:<30} {}", step.done ? "+" : "-", step.step, step.owner,
                        time));
    }
  }
}

namespace {

void print_difference(const him::RuleDifference& one, const View& view) {
  using Kind = him::RuleDifference::Kind;
  const auto& d = one.deficiency;
  const char mark = one.kind == Kind::kOpens ? '+' : one.kind == Kind::kCloses ? '-' : '~';
  std::string was;
  for (const std::string& what : one.altered) {
    const auto& b = one.before;
    was += fmt::format("{}{} {}", was.empty() ? "  (was: " : ", ", what,
                       what == "due"        ? when(b.due, view)
                       : what == "owner"    ? b.owner
                       : what == "severity" ? b.severity
                       : what == "lacking"  ? b.lacking
                                            : b.source);
  }
  if (!was.empty()) was += ")";
  print(fmt::format("{} {:<11} {:<1} {:<12} {:<12} due {:<16}  {:<26} {}{}", mark, d.rule,
                    d.severity, d.mrn, d.visit, when(d.due, view), d.owner, d.lacking, was));
}

std::string difference_json(const him::RuleDifference& one) {
  using Kind = him::RuleDifference::Kind;
  const bool alters = one.kind == Kind::kAlters;
  return fmt::format("{{\"change\":\"{}\",\"deficiency\":{}{}}}",
                     alters                     ? "alter"
                     : one.kind == Kind::kOpens ? "open"
                                                : "close",
                     admin::deficiency_json(one.deficiency),
                     alters ? fmt::format(",\"altered\":[\"{}\"],\"before\":{}",
                                          fmt::join(one.altered, "\",\""),
                                          admin::deficiency_json(one.before))
                            : "");
}

}  // namespace

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
  std::size_t counts[3] = {};
  for (const him::RuleDifference& one : *found) {
    ++counts[static_cast<std::size_t>(one.kind)];
    if (context.json) {
      print(difference_json(one));
    } else {
      print_difference(one, *view);
    }
  }
  if (!context.json) {
    print(fmt::format("{} would open, {} would close, {} would change", counts[0], counts[1],
                      counts[2]));
  }
  context.exit = found->empty() ? kOk : kFindings;
}

void him_absences(const HimArguments& arguments, Context& context) {
  auto view = look(arguments, context);
  if (!view) return;
  const auto found = him::absences(*view->records);
  if (failed(found, context)) return;
  context.exit = kOk;
  for (const him::Absence& one : *found) {
    if (one.to <= view->now && !arguments.all) continue;
    print(context.json
              ? fmt::format("{{\"owner_id\":\"{}\",\"from\":\"{}\",\"to\":\"{}\","
                            "\"filed\":\"{}\"}}",
                            one.owner_id, core::to_iso(one.from), core::to_iso(one.to),
                            core::to_iso(one.filed))
              : fmt::format("{:<20} {} to {}  filed {}", one.owner_id, when(one.from, *view),
                            when(one.to, *view), when(one.filed, *view)));
  }
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
      print(fmt::format("  = {:<20} {}  {}", alias.id, when(alias.joined, *view), alias.how));
    }
  }
}

void him_order(const std::string& action, const HimArguments& arguments, Context& context) {
  context.exit = kUsage;
  auto config = arguments.config.read();
  if (!config) return;
  const bool done = send_order(
      *config, order_json({{"action", action},
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
                         {"document", arguments.document},
                         {"recipient", arguments.recipient},
                         {"text", arguments.text},
                         {"new", arguments.is_new ? "true" : ""}}),
      context);
  const bool about_items = !arguments.id.empty() || action.starts_with("absence");
  if (done && about_items && !context.json) show_outcome(arguments, context);
}

}  // namespace cli
