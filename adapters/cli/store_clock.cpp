#include "store_clock.hpp"

#include <core/log.hpp>
#include <fhir/json.hpp>
#include <store/journal.hpp>

#include <filesystem>

#include "command.hpp"

namespace cli {
namespace {

using core::ErrorCode;
using core::Instant;

/// Deadlines of one move: a lifetime of hourly ones.
inline constexpr int kStopsMax = 1'000'000;

std::string mark_file(const std::string& store_path) { return store_path + "/clock.json"; }

/// The time of the last journal entry: a crash in the middle of a move leaves it ahead of the mark.
std::optional<Instant> journal_time(const std::string& store_path) {
  auto journal = store::Journal::open_read_only(store_path + "/journal");
  if (!journal) return std::nullopt;
  auto last = (*journal)->find((*journal)->head());
  if (!last || !*last) return std::nullopt;
  return (*last)->received;
}

bool holds_something(const std::string& store_path) {
  std::error_code ignored;
  const std::filesystem::path journal = store_path + "/journal";
  return (std::filesystem::exists(journal, ignored) &&
          !std::filesystem::is_empty(journal, ignored)) ||
         std::filesystem::exists(store_path + "/records.db", ignored);
}

bool is_loopback(const std::string& bind) {
  return bind.rfind("127.", 0) == 0 || bind == "localhost" || bind == "::1";
}

core::Status refuse(std::string why) {
  return core::fail(ErrorCode::kRefusedByPolicy, std::move(why));
}

}  // namespace

std::optional<Instant> StoreClock::time_of(const std::string& store_path) {
  const auto text = read_file(mark_file(store_path));
  if (!text) return std::nullopt;
  fhir::Document memory;
  const auto mark = fhir::parse_json(*text, memory);
  if (!mark) return std::nullopt;
  const auto at = core::from_iso((*mark)->text_of("now"));
  return at ? std::optional(*at) : std::nullopt;
}

core::Result<std::unique_ptr<StoreClock>> StoreClock::open(const pipeline::EngineConfig& config,
                                                           std::optional<Instant> start) {
  auto marked = time_of(config.store_path);
  if (!marked && !start) return std::unique_ptr<StoreClock>();
  for (const auto& listener : config.listeners) {
    if (!is_loopback(listener.bind)) {
      return core::fail(refuse("a simulated store listens on loopback only").error());
    }
  }
  if (!marked && holds_something(config.store_path)) {
    return core::fail(refuse("--clock needs a new store: this one has lived in real time").error());
  }
  if (marked) {
    if (const auto journaled = journal_time(config.store_path); journaled && *journaled > *marked) {
      marked = journaled;
    }
    // The same command line after a restart: time goes on where it was, never back.
    if (start && *start < *marked) {
      core::log_warn("simulated-store-is-later", {{"clock", core::to_iso(*marked)}});
    }
  }
  std::error_code ignored;
  std::filesystem::create_directories(config.store_path, ignored);
  std::unique_ptr<StoreClock> clock(
      new StoreClock(mark_file(config.store_path), marked ? *marked : *start));
  if (auto status = clock->mark(); !status) return core::fail(status.error());
  return clock;
}

core::Status StoreClock::mark() const {
  const std::string text =
      "{\"simulated\":true,\"now\":\"" + core::to_iso(clock_.now()) + "\"}\n";
  if (auto status = write_file(file_ + ".new", text); !status) return status;
  std::error_code failed;
  std::filesystem::rename(file_ + ".new", file_, failed);
  return failed ? core::fail(ErrorCode::kIo, "cannot write the mark of a simulated store", file_)
                : core::Status{};
}

core::Result<Instant> StoreClock::advance(pipeline::Engine& engine, Instant to) {
  std::lock_guard lock(advancing_);
  if (to < clock_.now()) return core::fail(refuse("the clock only moves forward").error());
  for (int stop = 0; stop < kStopsMax; ++stop) {
    if (!engine.wait_applied(std::chrono::seconds(30))) {
      return core::fail(ErrorCode::kTimeout, "the journal is not applied yet");
    }
    const auto next = engine.next_deadline();
    if (!next || *next > to) break;
    clock_.advance_to(std::max(*next, clock_.now()));
    if (auto status = engine.tick(); !status) return core::fail(status.error());
  }
  clock_.advance_to(to);
  if (auto status = mark(); !status) return core::fail(status.error());
  return clock_.now();
}

}  // namespace cli
