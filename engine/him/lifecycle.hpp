#pragma once
#include <him/deficiency.hpp>
#include <him/letters.hpp>
#include <store/db.hpp>

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chart_store.hpp"
#include "judge.hpp"
#include "notice.hpp"
#include "provider_index.hpp"

namespace him {

core::Result<Absences> absences_by_owner(store::Db& db);
/// As letters().
core::Result<std::vector<LetterRecord>> letters_of(store::Db& db, std::int64_t number,
                                                   bool unsent_only);
std::string ids_json(const std::vector<Deficiency>& items);
/// The day that a warning over these threatens with.
std::optional<core::Instant> suspension_named(Letter level, const std::vector<Deficiency>& items);
/// As delinquency_rate().
core::Result<Rate> rate_of(store::Db& db, const Policy& policy, core::Instant month, int months,
                           const core::TimeZone& zone);

/// What one letter speaks of.
struct LetterFacts {
  std::int64_t number = 0;
  core::Instant now{};
  std::optional<core::Instant> since;            ///< of the suspension
  std::vector<Deficiency> items;                 ///< at least one
  std::map<std::string, std::string> patients;   ///< names by Patient id
  bool unannounced = false;                      ///< it ended before its letter was sent
  std::vector<Jeopardy> physicians;              ///< of the weekly list, in place of items
  std::string owner;                             ///< whom it is to, in words
  std::string patient, visit, text;              ///< of a request
};
/// As jeopardy(), of what is open.
std::vector<Jeopardy> jeopardy_of(const std::vector<Deficiency>& open, const Policy& policy,
                                  core::Instant now, const core::TimeZone& zone);

/// What happens to a deficiency with time: due, delinquent, warned, suspended; the letters of each
/// step, and the end of a suspension. Everything in the transaction of the entry that caused it.
/// Thread: the one of its Db.
class Lifecycle {
 public:
  Lifecycle(store::Db& db, ChartStore& charts, const Policy& policy, const core::TimeZone& zone)
      : db_(db), charts_(charts), policy_(policy), zone_(zone), providers_(db) {}

  /// Reads absences and suspensions once; forget() makes the next call read them again.
  core::Status load();
  void forget();
  void forget_absences() { loaded_ = false; }
  const Absences& absences() const { return absences_; }
  const ProviderIndex& providers() const { return providers_; }
  ProviderIndex& providers() { return providers_; }
  /// Two ids are one doctor's from now on: whatever is kept under the one goes to the other.
  /// @return the visits (Encounter, patient) to judge again.
  core::Result<std::vector<std::pair<std::string, std::string>>> join(
      std::string_view id, std::string_view other, std::string_view name, std::string_view how,
      core::Instant now);
  /// `other` is a doctor of its own again; what documents say decides what it owes.
  core::Result<std::vector<std::pair<std::string, std::string>>> part(std::string_view other);
  /// Ids and references of who is suspended now.
  const std::set<std::string, std::less<>>& suspended() const { return suspended_; }
  const Policy& policy() const { return policy_; }
  const core::TimeZone& zone() const { return zone_; }

  core::Status save(Deficiency& deficiency);
  /// Takes every step whose time has come, of what the deadline index names. What `waits` for a
  /// feed is looked at again later.
  core::Status step_due(const Cause& cause, const std::function<bool(const Deficiency&)>& waits,
                        std::vector<Change>& changes);
  /// Ends the suspension of whoever owes nothing any more. @return whether anybody's standing
  /// changed since the last call.
  core::Result<bool> settle(const std::vector<Change>& changes, const Cause& cause);
  /// Patients with an alert about an appointment.
  core::Result<std::vector<std::string>> alerted_patients();
  /// One letter for each physician and kind, over all that the steps since the last call named.
  core::Status write_letters(core::Instant now);
  /// Unsent letters name what is left of their items, or are cancelled, when these changed.
  core::Status revise_letters(const std::vector<Change>& changes, core::Instant now);
  /// The same for all of them, up to a number.
  core::Status revise_unsent(std::int64_t upto, core::Instant now);
  /// When a month ends whose rate is not reported yet; nothing where there never was a visit.
  core::Result<std::optional<core::Instant>> next_report();
  /// Once for each month that is over, when first asked after it: the rate of its end. Once a week,
  /// on the policy's day: who is in jeopardy, where somebody is.
  core::Status report(core::Instant now);
  /// Asks somebody for information about a visit.
  core::Status request(std::string_view from, std::string_view encounter, std::string_view visit,
                       std::string_view text, core::Instant now);
  /// What others are to be told, since the last call.
  std::vector<Notice> take_notices() { return std::exchange(notices_, {}); }
  void add_notice(Notice notice) { notices_.push_back(std::move(notice)); }
  /// The day of suspension of a warning given at `warned`.
  core::Instant suspension_day(const Deficiency& deficiency, core::Instant warned) const;

 private:
  bool step(Deficiency& deficiency, core::Instant now);
  void step_letters(Deficiency& deficiency, core::Instant now);
  void note(Letter letter, Deficiency& deficiency);
  void index_suspended();
  core::Status suspend(const Deficiency& deficiency, core::Instant now);
  core::Result<bool> reinstate(const std::string& owner_id, const Deficiency& last,
                               core::Instant now);
  core::Status gather(Letter level, LetterFacts& facts);
  core::Result<bool> was_announced(const std::string& owner_id, core::Instant since);
  core::Status write(Letter level, const std::vector<Deficiency>& items, core::Instant now);
  core::Status file(Letter level, std::string_view owner_id, const LetterFacts& facts);
  core::Result<std::int64_t> next_number();
  core::Status note_many_charts(core::Instant now);
  core::Result<std::optional<core::Instant>> next_weekly();
  core::Status report_rate(core::Instant now);
  core::Status report_jeopardy(core::Instant now);
  core::Status revise(std::int64_t number, core::Instant now);
  core::Status cancel(LetterRecord letter, core::Instant now);
  core::Status rewrite(LetterRecord letter, const std::vector<Deficiency>& left);
  core::Status keep_items(const LetterRecord& letter);

  store::Db& db_;
  ChartStore& charts_;
  const Policy& policy_;
  const core::TimeZone& zone_;
  core::Status rename_owner(const std::string& from, const std::string& into, core::Instant now);
  core::Result<std::optional<Suspension>> suspension_of(const std::string& owner_id);
  core::Result<std::vector<std::pair<std::string, std::string>>> charts_owed_by(
      const std::string& id);

  ProviderIndex providers_;
  bool loaded_ = false, altered_ = false;
  Absences absences_;
  std::map<std::string, std::string> owners_suspended_;   ///< id, reference
  std::set<std::string, std::less<>> suspended_;          ///< both, for rules to look up
  std::map<std::pair<std::string, Letter>, std::vector<Deficiency>> pending_;
  std::set<std::string> grown_old_;   ///< owners of what is to be counted for the quality file
  std::vector<Notice> notices_;
  std::optional<core::Instant> listed_;   ///< the last weekly list
  std::optional<core::Instant> reported_;   ///< end of the last month that was
};

/// The words of a letter, as text and as a page to print.
struct Rendered {
  std::string text, html;
};
Rendered render_letter(const Policy& policy, const LetterTemplate& words, const LetterFacts& facts,
                       const core::TimeZone& zone);

}  // namespace him
