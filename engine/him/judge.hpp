#pragma once
#include <him/command.hpp>
#include <him/deficiency.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fact.hpp"
#include "provider_index.hpp"
#include "rule.hpp"

namespace him {

/// What a site's feeds let a rule say: nothing, or nothing of what happened before an instant.
struct Terms {
  bool silent = false;
  core::Instant since{};
};
/// One for each rule, in their order. Without feeds every rule speaks.
std::vector<Terms> terms_of(const std::vector<Rule>& rules, const Site& site);

using Absences = std::map<std::string, std::vector<Absence>, std::less<>>;   ///< by owner id

/// What a judgement depends on besides the chart.
struct Circumstances {
  const RulePack* pack = nullptr;
  const std::vector<Terms>* terms = nullptr;
  const Absences* absences = nullptr;
  const ProviderIndex* providers = nullptr;   ///< ids of one doctor; nullptr: each is its own
  const core::TimeZone* zone = nullptr;
  core::Instant now{};
  bool by_clock = false;
  bool historical = false;
  Kinds touched = kAllKinds;   ///< only rules that read one of these are asked
  bool audit = false;   ///< verdicts of rules that are mute are wanted too, marked so
  /// Whether a feed that the rule needs is down or behind, so that what the clock alone would do
  /// waits. Absent: never.
  std::function<bool(const Rule&, std::optional<core::Instant> due)> held;

  bool asks(const Rule& rule) const { return (rule.reads & touched) != 0; }
  const std::vector<Rule>& rules() const { return pack->impl().rules; }
  const Policy& policy() const { return pack->impl().policy; }
};

/// Why a rule says nothing about something that it speaks of.
enum class Mute : std::uint8_t {
  kNo,
  kNeeds,       ///< no feed brings what it needs
  kEarlier,     ///< it happened before the rule, or a feed that it needs, was there
  kHistorical   ///< known from a back-load alone
};

/// What one rule says about one subject of a chart, at one instant.
struct Verdict {
  const Rule* rule = nullptr;
  const Fact* subject = nullptr;            ///< nullptr: the visit
  std::string part;                         ///< the rule's, and which period
  bool fires = false, exempt = false, met = false;
  const std::string* exemption = nullptr;   ///< why it is exempt, in the pack's words
  Mute mute = Mute::kNo;                    ///< an audit hears of the mute ones too
  bool by_time = false;                     ///< fired because its time came
  std::optional<core::Instant> wake;        ///< would fire then, by the clock alone
  const Fact* begun = nullptr;              ///< a document on its way
  bool available = false;
  bool blocked = false;                     ///< see Deficiency
  std::string lacking;
  std::string owner, owner_name, owner_reference, owner_id;
  std::optional<core::Instant> due, hard_due, chart_due;
  std::optional<std::int64_t> due_after_opening;   ///< microseconds, where the rule counts so
  std::int64_t judged = 0;                  ///< mark of everything it says; never 0 once it is made

  std::optional<core::Instant> first_due() const {
    return blocked ? hard_due : earlier_of(due, chart_due);
  }
  bool wanted() const { return fires && !exempt && !met && mute == Mute::kNo; }
};

/// How long a step that waits for a silent feed waits before it looks again.
inline constexpr std::chrono::hours kHoldRetry{1};
inline constexpr std::string_view kByHand = "MANUAL";   ///< rule of what somebody added
inline constexpr int kPeriodsMax = 1000;  ///< of a repeating rule on one visit; later ones are mute

/// All rules over all their subjects. Pure: depends on nothing but its arguments.
std::vector<Verdict> judge(const Circumstances& circumstances, const Chart& chart);

/// "DocumentReference/<id>"
std::string subject_reference(const Fact& subject);
/// The same of a verdict's subject; empty when that is the visit.
std::string subject_reference(const Verdict& verdict);
/// Whether this deficiency is what the verdict speaks of: rules that speak of one fact each are
/// told apart by what it is.
bool is_about(const Deficiency& deficiency, const Verdict& verdict);

/// UUIDv5 of rule | encounter | subject, and the part where there are several.
std::string deficiency_id(const Verdict& verdict, const Chart& chart);

/// By when what a discharged visit's chart lacks is to be there, whatever its own due time is. No
/// absence is counted in. nullopt before the discharge, when the site has no such rule, or for what
/// `arose` only after that time.
std::optional<core::Instant> chart_deadline(const Chart& chart, core::Instant arose,
                                            const Policy& policy);

/// The owner's clock stands still while the owner is away; the hospital's, and what must be before
/// a point in time (an operation), never do. `after`: how long the clock ran until `due`.
core::Instant with_pauses(core::Instant due, std::string_view owner,
                          std::chrono::microseconds after, const Circumstances& circumstances);
/// chart_deadline() with the owner's absences.
std::optional<core::Instant> chart_due_of(const Chart& chart, core::Instant arose,
                                          std::string_view owner,
                                          const Circumstances& circumstances);

/// The state an open deficiency has at `now`, by its due time alone.
State open_state(const Deficiency& deficiency, core::Instant now, const Policy& policy);
/// The same, with the letters that went out.
State standing(const Deficiency& deficiency, core::Instant now, const Policy& policy);
/// When the clock alone does something about it next.
std::optional<core::Instant> next_change(const Deficiency& deficiency, const Policy& policy,
                                         const core::TimeZone& zone);

/// The mark of what a verdict says of this chart: two that differ in anything that a deficiency
/// takes from them have two marks.
std::int64_t mark_of(const Verdict& verdict, const Chart& chart);

/// An item that somebody added by hand follows its chart (the discharge) and its owner's absences.
/// @return whether something changed.
bool follow_by_hand(const Deficiency& stored, const Chart& chart, const Cause& cause,
                    const Circumstances& circumstances, std::vector<Change>& changes);

/// Brings the stored deficiency (nullptr: none yet) in line with the verdict (nullptr: its subject
/// is gone), and adds what changed to `changes`; the same verdict a second time changes nothing.
/// @return whether something changed.
bool reconcile(const Deficiency* stored, const Verdict* verdict, const Chart& chart,
               const Cause& cause, const Circumstances& circumstances,
               std::vector<Change>& changes);

/// What a judgement of a chart comes to.
struct Judgement {
  std::vector<Change> changes;
  std::optional<core::Instant> wake;   ///< when a rule would next fire by the clock alone
  std::vector<Deficiency> agreed;      ///< left as they are, under another mark (`judged`)
};
/// judge() and reconcile() over everything `stored` of this chart.
Judgement judge_chart(const Circumstances& circumstances, const Chart& chart,
                      std::vector<Deficiency> stored, const Cause& cause);

/// As much of a stored deficiency as tells whether a verdict leaves it as it is.
struct Standing {
  std::int64_t row = 0;
  std::string rule;
  std::int64_t judged = 0;
  State state = State::kAssigned;
  std::optional<core::Instant> next;   ///< when the clock alone changes it
  bool held = false;                   ///< the clock waits for a feed

  /// Whether a verdict of the same mark changes nothing about it at `now`.
  bool stays(core::Instant now) const { return is_open(state) && !held && (!next || now < *next); }
};
/// A judgement in two steps, so that only what it may change is read: sift() takes the rule from
/// the verdicts that `standing` agrees with, and says which rows the rest needs; settle_verdicts()
/// brings those in line. judge_chart() over everything comes to the same changes.
std::vector<std::int64_t> sift(const Circumstances& circumstances,
                               const std::vector<Standing>& standing, const Chart& chart,
                               core::Instant now, std::vector<Verdict>& verdicts, Judgement& into);
void settle_verdicts(const Circumstances& circumstances, const Chart& chart,
                     const std::vector<Verdict>& verdicts, std::vector<Deficiency> stored,
                     const Cause& cause, Judgement& into);

}  // namespace him
