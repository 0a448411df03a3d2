#include <core/micros.hpp>
#include <fhir/json.hpp>
#include <him/letters.hpp>

#include <algorithm>
#include <map>
#include <set>

#include "judge.hpp"
#include "lifecycle.hpp"

namespace him {
namespace {

using core::Instant;
using core::instant;
using core::micros;
using store::Row;

/// First instant of the month `months` after the one that `at` lies in, in local time.
Instant month_start(Instant at, int months, const core::TimeZone& zone) {
  using namespace std::chrono;
  const Instant local = at + seconds{zone.offset_at(at)};
  const year_month_day day{floor<days>(local)};
  const year_month month = year_month{day.year(), day.month()} + std::chrono::months{months};
  const int offset = zone.offset_of_local(
      static_cast<int>(month.year()), static_cast<int>(static_cast<unsigned>(month.month())), 1, 0,
      0, 0);
  return Instant{sys_days{month / 1}} - seconds{offset};
}

LetterRecord read_letter(const Row& row) {
  LetterRecord out;
  out.number = row.integer(0);
  out.level = static_cast<Letter>(row.integer(1));
  out.owner_id = row.text(2);
  out.owner = row.text(3);
  out.title = row.text(4);
  out.recipients = row.text(5);
  out.written = instant(row.integer(6));
  if (!row.is_null(7)) out.suspend_on = instant(row.integer(7));
  if (!row.is_null(8)) out.sent = instant(row.integer(8));
  out.sent_how = row.text(9);
  fhir::Document memory;
  if (const auto ids = fhir::parse_json(row.text(10), memory); ids && (*ids)->is_array()) {
    for (const fhir::Item* item = (*ids)->first_item; item; item = item->next) {
      out.deficiencies.emplace_back(item->value->text);
    }
  }
  out.text = row.text(11);
  out.html = row.text(12);
  if (!row.is_null(13)) out.cancelled = instant(row.integer(13));
  out.cancelled_why = row.text(14);
  return out;
}

core::Result<std::int64_t> count(store::Db& db, std::string_view sql, std::int64_t from,
                                 std::int64_t to) {
  std::int64_t found = 0;
  const auto done = db.query(sql, {from, to}, [&found](const Row& row) {
    found = row.integer(0);
    return false;
  });
  if (!done) return core::fail(done.error());
  return found;
}

}  // namespace

core::Result<std::vector<LetterRecord>> letters(store::Records& records, std::int64_t number,
                                                bool unsent_only) {
  return letters_of(records.db(), number, unsent_only);
}

core::Result<std::vector<LetterRecord>> letters_of(store::Db& db, std::int64_t number,
                                                   bool unsent_only) {
  constexpr std::string_view kColumns =
      "SELECT number, level, owner_id, owner, title, recipients, written, suspend_on, sent, "
      "sent_how, deficiencies, body, html, cancelled, cancelled_why FROM him_letter ";
  std::vector<LetterRecord> found;
  const auto take = [&found](const Row& row) {
    found.push_back(read_letter(row));
    return true;
  };
  const std::string where =
      number > 0    ? "WHERE number = ?1"
      : unsent_only ? "WHERE sent IS NULL AND cancelled IS NULL AND number > ?1 ORDER BY number"
                    : "WHERE number > ?1 ORDER BY number";
  const auto done = db.query(std::string(kColumns) + where, {number}, take);
  if (!done) return core::fail(done.error());
  return found;
}

core::Result<std::vector<Jeopardy>> jeopardy(store::Records& records, const RulePack& rules,
                                             Instant now, const Site& site) {
  ListFilter filter;
  filter.open_only = true;
  const auto open = list(records, rules, filter, now, site);
  if (!open) return core::fail(open.error());
  return jeopardy_of(*open, rules.policy(), now, site.zone);
}

std::vector<Jeopardy> jeopardy_of(const std::vector<Deficiency>& open, const Policy& policy,
                                  Instant now, const core::TimeZone& zone) {
  std::map<std::string, Jeopardy> by_owner;
  std::map<std::string, std::set<std::string>> charts;
  for (const Deficiency& one : open) {
    // Whom no letter warns, no suspension threatens.
    constexpr auto kWarns = static_cast<unsigned>(Letter::kWarning);
    if (!is_open(one.state) || one.state < State::kDelinquent || !one.calls_for(kWarns)) continue;
    auto [place, fresh] = by_owner.try_emplace(one.owner_id);
    Jeopardy& entry = place->second;
    entry.owner_id = one.owner_id;
    entry.owner = one.owner;
    const Instant late = one.late_from().value_or(one.opened);
    if (fresh || late < entry.oldest_due) entry.oldest_due = late;
    ++entry.delinquent;
    charts[one.owner_id].insert(one.encounter.empty() ? one.patient : one.encounter);
    std::optional<Instant> day = one.suspend_on;
    if (one.suspended) day = one.suspended;
    if (!day) day = letter_time(policy, now, zone) + policy.suspension_after;
    const bool better = one.suspended && !entry.suspended;
    if (better || !entry.suspension ||
        (entry.suspended == one.suspended.has_value() && *day < *entry.suspension)) {
      entry.suspension = day;
    }
    entry.suspended = entry.suspended || one.suspended.has_value();
  }
  std::vector<Jeopardy> out;
  for (auto& [owner, entry] : by_owner) {
    entry.charts = charts[owner].size();
    out.push_back(std::move(entry));
  }
  std::stable_sort(out.begin(), out.end(), [](const Jeopardy& a, const Jeopardy& b) {
    return a.oldest_due < b.oldest_due;
  });
  return out;
}

core::Result<Rate> delinquency_rate(store::Records& records, const RulePack& rules, Instant month,
                                    int months, const Site& site) {
  return rate_of(records.db(), rules.policy(), month, months, site.zone);
}

core::Result<Rate> rate_of(store::Db& db, const Policy& policy, Instant month, int months,
                           const core::TimeZone& zone) {
  Rate rate;
  rate.months = std::max(1, months);
  rate.end = month_start(month, 1, zone);
  rate.from = month_start(month, 1 - rate.months, zone);
  const auto discharges =
      count(db,
            "SELECT COUNT(*) FROM him_visit WHERE ended >= ?1 AND ended < ?2 AND class IN ('IMP', "
            "'ACUTE', 'NONAC') AND status NOT IN ('cancelled', 'entered-in-error')",
            micros(rate.from), micros(rate.end));
  if (!discharges) return core::fail(discharges.error());
  // A chart counts once, whatever it lacks, when its patient left longer ago than the policy says.
  const auto charts = count(
      db,
      "SELECT COUNT(*) FROM him_visit AS v WHERE ended < ?1 AND class IN ('IMP', 'ACUTE', "
      "'NONAC') AND status NOT IN ('cancelled', 'entered-in-error') AND EXISTS (SELECT 1 FROM "
      "him_deficiency AS d WHERE d.encounter = v.encounter AND d.opened < ?2 AND d.late < ?2 "
      "AND (d.closed IS NULL OR d.closed >= ?2))",
      micros(rate.end - policy.delinquent_chart_after), micros(rate.end));
  if (!charts) return core::fail(charts.error());
  rate.discharges = static_cast<std::uint64_t>(*discharges);
  rate.delinquent_charts = static_cast<std::uint64_t>(*charts);
  if (rate.discharges > 0) {
    const double average = static_cast<double>(rate.discharges) / rate.months;
    rate.percent = 100.0 * static_cast<double>(rate.delinquent_charts) / average;
    if (*rate.percent > static_cast<double>(policy.alarm_percent)) rate.level = "alarm";
    if (*rate.percent > static_cast<double>(policy.severe_percent)) rate.level = "severe";
  }
  return rate;
}

core::Result<std::optional<Instant>> Lifecycle::next_report() {
  std::optional<Instant> next;
  const auto take = [&](const Row& row) {
    if (!row.is_null(0)) next = month_start(instant(row.integer(0)), 1, zone_);
    return false;
  };
  auto done = db_.query("SELECT MAX(month_end) FROM him_rate", {}, take);
  // With the first visit the months begin to count. Until one of them is over, any will do.
  if (done && !next) done = db_.query("SELECT seen FROM him_visit LIMIT 1", {}, take);
  if (!done) return core::fail(done.error());
  const auto weekly = next_weekly();
  if (!weekly) return weekly;
  return earlier_of(next, *weekly);
}

core::Status Lifecycle::report_rate(Instant now) {
  const Instant over = month_start(now, 0, zone_);
  if (reported_ == over) return {};
  bool known = false;
  auto done = db_.query("SELECT 1 FROM him_rate WHERE month_end = ?1", {micros(over)},
                        [&known](const Row&) {
                          known = true;
                          return false;
                        });
  if (!done) return done;
  if (!known) {
    auto rate = rate_of(db_, policy_, over - std::chrono::hours{12}, Rate().months, zone_);
    if (!rate) return core::fail(rate.error());
    if (rate->percent) add_notice(std::move(*rate));
    done = db_.run("INSERT INTO him_rate (month_end, reported) VALUES (?1, ?2)",
                   {micros(over), micros(now)});
    if (!done) return done;
  }
  reported_ = over;
  return {};
}

}  // namespace him
