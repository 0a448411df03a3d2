#pragma once
#include <core/clock.hpp>
#include <core/ids.hpp>
#include <core/result.hpp>
#include <fhir/node.hpp>
#include <him/policy.hpp>
#include <store/records.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace him {

/// Where a deficiency stands (spec him.md section 2), in the order it goes through them. Open up to
/// suspended. Stored by number.
enum class State {
  kAssigned,
  kAvailable,
  kDue,
  kDelinquent,
  kWarned,      ///< the warning letter (L2) was written
  kSuspended,   ///< its owner's privileges are suspended for it
  kCompleted,
  kWaived,
  kCancelled
};
std::string_view to_text(State state);
bool is_open(State state);

/// The first of two times, of which either may not be.
inline std::optional<core::Instant> earlier_of(std::optional<core::Instant> one,
                                               std::optional<core::Instant> other) {
  return one && other ? std::min(*one, *other) : one ? one : other;
}

/// What a chart lacks, who owes it, by when, under which clause.
struct Deficiency {
  std::string id;                 ///< stable: UUIDv5 of rule | visit | subject
  std::string rule;               ///< "R06"
  std::string part;               ///< which part of the rule, "#2" for its second period; or empty
  std::string patient;            ///< Patient id
  std::string mrn;                ///< as the chart shows it, value only
  std::string visit;              ///< visit number; empty when none
  std::string encounter;          ///< Encounter id
  std::string subject;            ///< resource it is about ("DocumentReference/..."), may be empty
  std::string lacking_code, lacking;   ///< LOINC (or empty) and words
  std::string owner;              ///< who owes it: "Adams, Ruth (1001)", as much as is known, or a
                                  ///< role
  std::string owner_reference;    ///< "Practitioner/..." or empty (a role)
  State state = State::kAssigned;
  std::string severity;           ///< H, M, L
  std::string source;             ///< "42 CFR 482.24(c)(4)(vii)"
  core::Instant opened{};
  std::optional<core::Instant> due, closed;
  std::string opened_by, closed_by;   ///< "<feed>|<control id>" of the message, or "clock"
  core::Sequence opened_sequence, closed_sequence;
  std::string owner_name;             ///< in words, where the chart has them
  bool begun = false;                 ///< a document for it exists, not yet signed
  bool available = false;             ///< the previous step is done: its owner can act
  /// The step before it, somebody else's, is not done (the rule's `available:` does not hold): its
  /// owner is neither late nor written to until it is. The hospital's clock runs all the same.
  bool blocked = false;
  std::optional<core::Instant> asked_due;   ///< by hand: as it was set, before absences
  std::uint32_t spared = 0;           ///< bit n: its rule has no letter Ln written to its owner
  std::optional<core::Instant> hard_due;   ///< the hospital's clock, which no absence pauses
  /// By when its chart is to be complete (policy), for what arose before that, whenever it was
  /// heard of.
  std::optional<core::Instant> chart_due;
  core::Instant modified{};           ///< last change of what is said here
  std::string owner_id;               ///< business id of the owner ("1001"), else reference, else
                                      ///< "=role"
  std::string decision;               ///< why somebody waived, completed or reassigned it by hand
  bool reassigned = false;            ///< the owner was set by hand
  std::uint32_t letters = 0;          ///< bit n: letter Ln was written about it
  std::optional<core::Instant> warned, suspend_on, suspended;
  std::optional<core::Instant> retry; ///< the clock's next step waits until then for a silent feed
  std::int64_t judged = 0;            ///< mark of the verdict it follows from; 0: to be judged anew
  std::int64_t row = 0;               ///< where the records have it; 0: nowhere yet
  bool row_open = false;              ///< and whether it is open there
  std::optional<core::Instant> row_next;   ///< and when the clock alone changes it
  std::uint32_t row_letters = 0;      ///< and the letters that were written about it

  // Not kept with it: whose chart and where its visit is, filled in by list() where asked for.
  std::string patient_name;           ///< "Rivera, Ana"
  std::string service;                ///< hospital service (PV1-10) in words, else its code
  std::string service_codes;          ///< its codes, a blank between them
  std::string unit;                   ///< where the patient is, or was last (PV1-3)

  /// From when it is delinquent: its due time, or that of the chart.
  std::optional<core::Instant> late_from() const {
    return blocked ? hard_due : earlier_of(due, chart_due);
  }
  bool owed_by_person() const { return !owner_id.empty() && owner_id.front() != '='; }
  /// Whether its owner is written to as letter Ln says.
  bool calls_for(unsigned letter) const {
    return owed_by_person() && !blocked && (spared >> letter & 1u) == 0;
  }
};

/// Marks among the bits of Deficiency::letters that are no letters: it is old enough to be counted
/// for the quality file, and was told there as one of many charts.
inline constexpr std::uint32_t kGrownOld = 1u << 16, kFiledByCount = 1u << 17;

/// A feed as rules see it.
struct FeedFacts {
  std::string name;
  std::vector<std::string> messages;        ///< types it takes; empty: every type
  bool historical = false;                  ///< a back-load: opens and sends nothing
  std::optional<core::Instant> live_from;   ///< rules are silent about what happened before
  std::chrono::microseconds silent_after{}; ///< no message for so long: the feed is down; 0: never
};

/// The site that charts are kept for.
struct Site {
  core::TimeZone zone;            ///< dates without a time, midnights, letters
  std::vector<FeedFacts> feeds;   ///< empty: every message type is at hand (tests, what-if)
};

/// Rules compiled from `mappings/him/*.yaml`; checked at load like mappings. Immutable.
class RulePack {
 public:
  struct Finding {
    std::string file;
    int line = 0, column = 0;
    bool error = true;
    std::string text;
  };
  /// All *.yaml of the folder. nullptr when a finding is an error.
  static std::shared_ptr<const RulePack> load(const std::string& directory,
                                              std::vector<Finding>& findings);
  ~RulePack();
  std::vector<std::string> rule_ids() const;
  const std::string& hash() const;
  const Policy& policy() const;

  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  RulePack();
  std::unique_ptr<Impl> impl_;
};

/// What caused an evaluation.
struct Cause {
  core::Sequence sequence;
  std::string label;       ///< "<feed>|<control id>" or "clock"
  core::Instant now{};
  std::string_view type;   ///< "ADT^A02" of a message, else empty
  bool historical = false; ///< from a historical feed
  std::optional<core::Instant> event_time;   ///< when the message says that it happened
};

/// A deficiency that this evaluation opened, changed or closed.
struct Change {
  enum class Kind { kOpened, kChanged, kClosed } kind = Kind::kOpened;
  Deficiency deficiency;
};

/// A statement about a known patient that changes several identifying data at once.
struct Overlay {
  std::string changed;   ///< in words: "name, date of birth"
  std::string prior;     ///< given name that stood there
  std::string event;     ///< id of the chart event, once it is noted
};

/// Keeps the chart model (visits, documents, procedures, diagnoses, orders) beside the records, in
/// the
/// applier's transaction, and evaluates the rules over the visits that were touched. Fed with FHIR
/// resources alone, so v2 messages and FHIR writes fill it alike. Thread: the applier's.
class Charts {
 public:
  Charts(store::Records& records, std::shared_ptr<const RulePack> rules, Site site = {});
  ~Charts();

  /// A resource version was written (or removed: tree == nullptr). Notes the chart facts in it.
  core::Status touch(std::string_view type, std::string_view id, const fhir::Node* tree,
                     const Cause& cause);
  /// Patient `from` was merged into `into`: its chart rows follow.
  core::Status merge_patient(std::string_view from, std::string_view into, const Cause& cause);
  /// The merge of `retired` into `survivor` is taken back: `numbers` (it and what was retired into
  /// it) name `retired` again. Call before the resources that go back are touched; `back` names
  /// them ("Encounter/<id>").
  core::Status unmerge_patient(const std::vector<std::string>& numbers, std::string_view retired,
                               std::string_view survivor,
                               const std::vector<std::string>& back);
  /// A message of a feed was taken: what rules need to know of feeds that are down or behind.
  core::Status heard(std::string_view feed, const Cause& cause);
  /// Whether the pack's overlay rule (R48) would ask for a review of this statement about a patient
  /// that stands otherwise; it spares whom the rule exempts (newborns getting their name).
  core::Result<std::optional<Overlay>> overlay(std::string_view patient, const fhir::Node& stored,
                                               const fhir::Node& incoming, const Cause& cause);
  /// It was held back: the review opens with the next evaluate(). Fills in overlay.event.
  core::Status note_held(std::string_view patient, Overlay& overlay, const Cause& cause);
  /// Somebody decided about it: the review of that event is done.
  core::Result<std::vector<Change>> settle_held(std::string_view event, std::string_view decision,
                                                std::string_view by, const Cause& cause);
  /// Carries out a decision of the department (see him/command.hpp), then evaluates.
  core::Result<std::vector<Change>> command(const fhir::Node& order, const Cause& cause);
  /// Evaluates what was touched since the last call. Deterministic in (chart, rules, cause.now).
  core::Result<std::vector<Change>> evaluate(const Cause& cause);
  /// Evaluates what the clock made due up to cause.now (a deadline index, never a scan).
  core::Result<std::vector<Change>> sweep(const Cause& cause);
  /// What others are to be told besides changes, since the last call: letters written or sent
  /// (Communication), suspensions begun or ended (Flag), the rate of a month that is over
  /// (MeasureReport). Resources of no patient; each repeats its id when it is told again.
  std::vector<fhir::Node*> take_notices(fhir::Document& into);
  /// When sweep() has something to do next.
  core::Result<std::optional<core::Instant>> next_deadline();
  /// Discards what was touched (the transaction rolled back).
  void forget();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct ListFilter {
  /// Empty = any. `visit`: visit number or Encounter id; `owner`: id, number ("1001@NORTH" where
  /// two doctors have it), name, family name, both or reference.
  /// `mrn`: of whoever has the number now, also a retired one.
  std::string rule, patient, visit, mrn, owner, id;
  std::string service;   ///< code or words of PV1-10, letter case does not matter
  std::string unit;      ///< "4W": the location, or its first part
  std::optional<std::chrono::microseconds> older_than;   ///< open, or until closed, for so long
  bool open_only = false;
  bool places = false;   ///< fill in patient, service and unit (look-ups for each visit)
};
/// "30d", "12h", "90m", "2w"; nullopt when it is none.
std::optional<std::chrono::microseconds> age_from(std::string_view text);
/// As-of view: states as they are at `now`, changing nothing (also for a later `now` than the last
/// sweep:
/// what would open or turn delinquent by the clock is shown so). Ordered by due, rule, visit.
core::Result<std::vector<Deficiency>> list(store::Records& records, const RulePack& rules,
                                           const ListFilter& filter, core::Instant now,
                                           const Site& site = {});

/// What a filter names that nobody has heard of, with the nearest that is known: a rule, a visit, a
/// patient's number, an owner; empty when there is no such. For whoever wonders at an empty list.
core::Result<std::string> unknown_in(store::Records& records, const RulePack& rules,
                                     const ListFilter& filter);

/// Open deficiencies in the records, for status displays.
core::Result<std::uint64_t> count_open(store::Records& records);
/// Patients with open deficiencies of one rule.
core::Result<std::uint64_t> count_open(store::Records& records, std::string_view rule);

/// FHIR form: Task (code urn:chartwire:rule|R06, restriction.period.end = due) and DetectedIssue
/// (evidence), ids derived from the deficiency's id. Mentions no control id.
fhir::Node* to_task(const Deficiency& deficiency, fhir::Document& into);
fhir::Node* to_detected_issue(const Deficiency& deficiency, fhir::Document& into);

}  // namespace him
