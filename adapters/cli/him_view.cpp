#include "him_view.hpp"

#include <fhir/json.hpp>
#include <fmt/format.h>
#include <pipeline/site.hpp>
#include <store/journal.hpp>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
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

}  // namespace

std::string when(const std::optional<core::Instant>& at, const View& view) {
  if (!at) return "-";
  const std::chrono::seconds offset{view.site.zone.offset_at(*at)};
  std::string text = core::to_iso(*at + offset).substr(0, 16);
  std::replace(text.begin(), text.end(), 'T', ' ');
  return text;
}

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
    if (answer.error().code == core::ErrorCode::kRefusedByPolicy) context.exit = kRefused;
    if (answer.error().code == core::ErrorCode::kBadRequest) context.exit = kUsage;
    return false;
  }
  context.exit = kOk;
  if (context.json) print(*answer);
  return true;
}

}  // namespace cli
