#pragma once
#include <core/clock.hpp>
#include <core/result.hpp>
#include <him/deficiency.hpp>
#include <store/records.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace him {

/// One letter of the department's log. Numbers grow by one without gaps; a letter is written in the
/// transaction of the step that calls for it, so neither a crash nor a repeated entry doubles it.
struct LetterRecord {
  std::int64_t number = 0;
  Letter level = Letter::kAssignment;
  std::string owner_id, owner, title, recipients;   ///< recipients: comma-separated
  core::Instant written{};
  std::optional<core::Instant> suspend_on, sent;
  std::string sent_how;                             ///< who sent it, and how
  /// Not to be sent: what it asks for was done before anybody sent it. Its number stays its own.
  std::optional<core::Instant> cancelled;
  std::string cancelled_why;
  std::vector<std::string> deficiencies;            ///< ids
  std::string text, html;                           ///< UTF-8; the HTML prints on A4 and Letter
};
/// @param number 0: all, oldest first. `unsent_only`: those nobody has sent yet, or cancelled. What
/// such a letter asks for is what is still open of it.
core::Result<std::vector<LetterRecord>> letters(store::Records& records, std::int64_t number,
                                                bool unsent_only);

/// A physician whose privileges are at stake.
struct Jeopardy {
  std::string owner_id, owner;
  std::uint64_t delinquent = 0;       ///< items past due
  std::uint64_t charts = 0;           ///< visits they belong to
  core::Instant oldest_due{};
  bool suspended = false;
  std::optional<core::Instant> suspension;   ///< since when, or on which day it comes; without a
                                             ///< warning yet: if it went out at `now`
};
/// Longest overdue first.
core::Result<std::vector<Jeopardy>> jeopardy(store::Records& records, const RulePack& rules,
                                             core::Instant now, const Site& site);

/// Delinquent charts of a month's end per hundred discharges of an average month.
struct Rate {
  std::uint64_t delinquent_charts = 0;   ///< discharged longer ago than the policy says, still open
  std::uint64_t discharges = 0;          ///< inpatient discharges of the months counted
  int months = 3;                        ///< the denominator is discharges / months
  core::Instant from{}, end{};           ///< the months counted
  std::optional<double> percent;         ///< nullopt: no discharges
  std::string level;                     ///< "", "alarm", "severe"
};
/// `month` is any instant of the month at whose end charts are counted.
core::Result<Rate> delinquency_rate(store::Records& records, const RulePack& rules,
                                    core::Instant month, int months, const Site& site);

/// One step of a document's way: dictated, transcribed, signed, legally authenticated, reviewed.
struct ChainStep {
  std::string step, owner;
  bool done = false;
  std::optional<core::Instant> at, due;   ///< when it was done, or is due
};
struct Chain {
  std::string document, visit, type, completion;
  std::vector<ChainStep> steps;
};
/// Chains of the documents of a visit (number or Encounter id), as they are at `now`.
core::Result<std::vector<Chain>> document_chains(store::Records& records, const RulePack& rules,
                                                 const std::string& visit, core::Instant now,
                                                 const Site& site);

/// What a changed rule pack would open, close or say otherwise, over visits begun or ended since
/// `from`; by visit, rule and part.
struct RuleDifference {
  enum class Kind { kOpens, kCloses, kAlters } kind = Kind::kOpens;
  Deficiency deficiency;   ///< as the changed pack has it; kCloses: as the other had it
  Deficiency before;       ///< kAlters: as it was
  /// kAlters: "due", "owner", "severity", "lacking", "source", of what differs.
  std::vector<std::string> altered;
};
core::Result<std::vector<RuleDifference>> rules_diff(store::Records& records,
                                                     const RulePack& before, const RulePack& after,
                                                     core::Instant from, core::Instant now,
                                                     const Site& site);

}  // namespace him
