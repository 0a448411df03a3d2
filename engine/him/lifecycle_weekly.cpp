// What the department writes to others than its physicians: the weekly list of who is in jeopardy,
// and requests for information.
#include <core/micros.hpp>

#include "lifecycle.hpp"

namespace him {
namespace {

using core::Instant;
using core::instant;
using core::micros;
using store::Row;

constexpr int kWeek = 7;

/// The last hour of the list at or before `now`.
Instant last_list(const Policy& policy, Instant now, const core::TimeZone& zone) {
  const auto at = [&](int days) {
    return letter_time(policy, instant(local_midnight(micros(now), days, &zone)), zone);
  };
  const auto local = now + std::chrono::seconds{zone.offset_at(now)};
  const std::chrono::weekday day{std::chrono::floor<std::chrono::days>(local)};
  const int since = static_cast<int>((day.c_encoding() + kWeek - *policy.jeopardy_on) % kWeek);
  const Instant found = at(-since);
  return found <= now ? found : at(-since - kWeek);
}

}  // namespace

core::Result<std::optional<Instant>> Lifecycle::next_weekly() {
  std::optional<Instant> next;
  if (!policy_.jeopardy_on) return next;
  const auto take = [&](const Row& row) {
    if (row.is_null(0)) return false;
    // A list that was due is the last one of the hour a week later.
    const Instant from = instant(row.integer(0)) + std::chrono::hours{24 * kWeek + 12};
    next = last_list(policy_, from, zone_);
    return false;
  };
  auto done = db_.query("SELECT MAX(due) FROM him_weekly", {}, take);
  if (done && !next) done = db_.query("SELECT seen FROM him_visit LIMIT 1", {}, take);
  if (!done) return core::fail(done.error());
  return next;
}

core::Status Lifecycle::report(Instant now) {
  auto done = report_rate(now);
  return done ? report_jeopardy(now) : done;
}

core::Status Lifecycle::report_jeopardy(Instant now) {
  if (!policy_.jeopardy_on) return {};
  const Instant over = last_list(policy_, now, zone_);
  if (listed_ == over) return {};
  bool known = false;
  auto done = db_.query("SELECT 1 FROM him_weekly WHERE due >= ?1", {micros(over)},
                        [&known](const Row&) {
                          known = true;
                          return false;
                        });
  if (!done) return done;
  if (!known) {
    ListFilter filter;
    filter.open_only = true;
    const auto open = charts_.select(filter, now);
    if (!open) return core::fail(open.error());
    LetterFacts facts;
    facts.now = now;
    facts.owner = "medical-director";
    facts.physicians = jeopardy_of(*open, policy_, now, zone_);
    if (!facts.physicians.empty()) {
      if (done = file(Letter::kJeopardyList, "=medical-director", facts); !done) return done;
    }
    done = db_.run("INSERT INTO him_weekly (due, written) VALUES (?1, ?2)",
                   {micros(over), micros(now)});
    if (!done) return done;
  }
  listed_ = over;
  return {};
}

core::Status Lifecycle::request(std::string_view from, std::string_view encounter,
                                std::string_view visit, std::string_view text, Instant now) {
  LetterFacts facts;
  facts.now = now;
  facts.owner = from;
  facts.visit = visit;
  facts.text = text;
  Chart chart;
  if (auto done = charts_.load_visit(std::string(encounter), chart); !done) return done;
  auto name = charts_.patient_name(chart.patient);
  if (!name) return core::fail(name.error());
  facts.patient = std::move(*name);
  return file(Letter::kRequest, {}, facts);
}

}  // namespace him
