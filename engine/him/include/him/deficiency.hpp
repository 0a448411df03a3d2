#pragma once
#include <core/clock.hpp>
#include <core/ids.hpp>
#include <core/result.hpp>
#include <fhir/node.hpp>
#include <store/records.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace him {

/// Where a deficiency stands (spec him.md section 2). Open: assigned, available, due, delinquent.
enum class State { kAssigned, kAvailable, kDue, kDelinquent, kCompleted, kWaived, kCancelled };
std::string_view to_text(State state);
bool is_open(State state);

/// What a chart lacks, who owes it, by when, under which clause.
struct Deficiency {
  std::string id;                 ///< stable: UUIDv5 of rule | visit | subject
  std::string rule;               ///< "R06"
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
  std::optional<core::Instant> hard_due;   ///< the hospital's clock, which no absence pauses
  core::Instant modified{};           ///< last change of what is said here
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
};

/// A deficiency that this evaluation opened, changed or closed.
struct Change {
  enum class Kind { kOpened, kChanged, kClosed } kind = Kind::kOpened;
  Deficiency deficiency;
};

/// Keeps the chart model (visits, documents, procedures, diagnoses, orders) beside the records, in
/// the
/// applier's transaction, and evaluates the rules over the visits that were touched. Fed with FHIR
/// resources alone, so v2 messages and FHIR writes fill it alike. Thread: the applier's.
class Charts {
 public:
  /// `zone` gives dates without a time their midnight.
  Charts(store::Records& records, std::shared_ptr<const RulePack> rules, core::TimeZone zone = {});
  ~Charts();

  /// A resource version was written (or removed: tree == nullptr). Notes the chart facts in it.
  core::Status touch(std::string_view type, std::string_view id, const fhir::Node* tree,
                     const Cause& cause);
  /// Patient `from` was merged into `into`: its chart rows follow.
  core::Status merge_patient(std::string_view from, std::string_view into, const Cause& cause);
  /// Evaluates what was touched since the last call. Deterministic in (chart, rules, cause.now).
  core::Result<std::vector<Change>> evaluate(const Cause& cause);
  /// Evaluates what the clock made due up to cause.now (a deadline index, never a scan).
  core::Result<std::vector<Change>> sweep(const Cause& cause);
  /// When sweep() has something to do next.
  core::Result<std::optional<core::Instant>> next_deadline();
  /// Discards what was touched (the transaction rolled back).
  void forget();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct ListFilter {
  /// Empty = any. `visit`: visit number or Encounter id; `owner`: id, name, both or reference.
  std::string rule, patient, visit, mrn, owner;
  bool open_only = false;
};
/// As-of view: states as they are at `now`, changing nothing (also for a later `now` than the last
/// sweep:
/// what would open or turn delinquent by the clock is shown so). Ordered by due, rule, visit.
core::Result<std::vector<Deficiency>> list(store::Records& records, const RulePack& rules,
                                           const ListFilter& filter, core::Instant now);

/// Open deficiencies in the records, for status displays.
core::Result<std::uint64_t> count_open(store::Records& records);

/// FHIR form: Task (code urn:chartwire:rule|R06, restriction.period.end = due) and DetectedIssue
/// (evidence), ids derived from the deficiency's id. Mentions no control id.
fhir::Node* to_task(const Deficiency& deficiency, fhir::Document& into);
fhir::Node* to_detected_issue(const Deficiency& deficiency, fhir::Document& into);

}  // namespace him
