#include "him_actions.hpp"

#include <admin/api.hpp>
#include <admin/him_api.hpp>
#include <fhir/json.hpp>
#include <fmt/format.h>
#include <him/command.hpp>
#include <pipeline/site.hpp>
#include <store/journal.hpp>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <thread>

#include "store_clock.hpp"

namespace cli {
namespace {

/// How long a listing waits for a running engine to apply what it had journaled when asked.
inline constexpr std::chrono::seconds kApplyWait{5};

/// A list right after a send should show what that send did.
void wait_for_apply(const pipeline::EngineConfig& config, store::Records& records) {
  auto journal = store::Journal::open_read_only(config.store_path + "/journal");
  if (!journal) return;
  const core::Sequence head = (*journal)->head();
  const auto until = std::chrono::steady_clock::now() + kApplyWait;
  const bool running = find_running(config).has_value();
  while (true) {
    auto position = records.position();
    if (!position || *position >= head) return;
    if (!running || std::chrono::steady_clock::now() >= until) {
      complain(std::to_string(head.value() - position->value()) +
               " journal entries are not applied yet; the list may lack them");
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

std::string when(const std::optional<core::Instant>& at) {
  return at ? core::to_iso(*at).substr(0, 16) : "-";
}

/// Configuration, rules and records of a store that is looked at.
struct View {
  pipeline::EngineConfig config;
  std::shared_ptr<const pipeline::Knowledge> knowledge;
  std::unique_ptr<store::Records> records;
  him::Site site;
  core::Instant now{};
};

/// nullopt after printing why; `context.exit` is set.
std::optional<View> look(const HimArguments& arguments, Context& context) {
  context.exit = kUsage;
  auto config = arguments.config.read();
  if (!config) return std::nullopt;
  View view;
  view.config = std::move(*config);
  const auto simulated = StoreClock::time_of(view.config.store_path);
  view.config.simulated = simulated.has_value();
  view.now = simulated.value_or(core::SystemClock().now());
  if (!arguments.now.empty()) {
    auto at = core::from_iso(arguments.now);
    if (!at) {
      complain("--now: " + at.error().detail + " (write 2026-11-21T08:00:00Z)");
      return std::nullopt;
    }
    view.now = *at;
  }
  view.knowledge = load_knowledge(data_for(view.config), mapping_names(view.config));
  if (!view.knowledge) return std::nullopt;
  view.records = open_records(view.config, view.knowledge->r4);
  context.exit = kUnreachable;
  if (!view.records) return std::nullopt;
  wait_for_apply(view.config, *view.records);
  view.site = pipeline::him_site(view.config);
  return view;
}

template <class T>
bool failed(const core::Result<T>& result) {
  if (!result) complain(result.error().text());
  return !result.has_value();
}

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

std::string login() {
  const char* name = std::getenv("USER");
  return name && *name ? name : fmt::format("uid {}", ::getuid());
}

std::string order_json(const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string json = "{";
  for (const auto& [name, value] : fields) {
    if (value.empty()) continue;
    if (json.size() > 1) json += ',';
    fhir::write_json_string(name, json);
    json += ':';
    fhir::write_json_string(value, json);
  }
  return json + "}";
}

/// @return whether the engine took it; context.exit says why not.
bool send_order(const pipeline::EngineConfig& config, const std::string& json, Context& context) {
  const auto running = find_running(config);
  context.exit = kUnreachable;
  if (!running) {
    complain("no engine is running on this store: decisions go through it");
    return false;
  }
  const auto answer = call_engine(*running, "POST", "/api/v1/him/commands", json);
  if (!answer) {
    complain(answer.error().text());
    const std::string& words = answer.error().detail;
    const bool answered = answer.error().code == core::ErrorCode::kBadRequest;
    if (answered) context.exit = words.find("answered 403") != words.npos ? kRefused : kUsage;
    return false;
  }
  context.exit = kOk;
  if (context.json) print(*answer);
  return true;
}

}  // namespace

void him_deficiencies(const HimArguments& arguments, Context& context) {
  auto view = look(arguments, context);
  if (!view) return;
  const auto found = him::list(*view->records, *view->knowledge->rules, arguments.filter, view->now,
                               view->site);
  if (failed(found)) return;
  if (context.json) {
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
  if (failed(found)) return;
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
  if (failed(found)) return;
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
  if (failed(found)) return;
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
  if (failed(rate)) return;
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
  if (failed(found)) return;
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
  context.exit = kUnreachable;
  if (failed(found)) return;
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
                         {"document", arguments.document}}),
             context);
}

}  // namespace cli
