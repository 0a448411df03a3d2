#pragma once
#include <core/clock.hpp>
#include <him/deficiency.hpp>
#include <store/db.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "extract.hpp"
#include "fact.hpp"
#include "judge.hpp"

namespace him {

/// The tables of `schemas/store/records/0003_him.sql`: facts in, charts and deficiencies out.
/// Thread: the one of its Db. Reads work on a read-only connection.
class ChartStore {
 public:
  explicit ChartStore(store::Db& db) : db_(db) {}

  /// Where a fact stood before, so that the chart it left is judged again.
  struct Place {
    std::string patient, encounter;
  };
  struct Put {
    bool changed = false;
    std::optional<Place> before;   ///< nullopt: it is new
    std::string patient;           ///< whose it is now, after merges
    std::string facts;             ///< what was known before
  };
  core::Result<Put> put_visit(const Extract& visit, std::string_view id, std::string_view json,
                              const Cause& cause);
  core::Result<Put> put_fact(const Extract& fact, std::string_view id, std::string_view json,
                             const Cause& cause);
  core::Result<std::optional<Place>> remove(Kind kind, std::string_view id);

  /// Notes that document `newer` takes the place of `older` (empty: of none any more).
  /// @return the documents whose standing changed.
  core::Result<std::vector<std::string>> set_replaces(std::string_view newer,
                                                      std::string_view older);
  core::Result<std::optional<Place>> place_of(Kind kind, std::string_view id);

  /// Charts whose standing a change of the patient's own facts can alter: visits not over, visits
  /// that lack something, and the newest.
  core::Result<std::vector<std::string>> live_visits(std::string_view patient);
  core::Status merge_patient(std::string_view from, std::string_view into);
  /// See Charts::unmerge_patient().
  core::Status unmerge_patient(const std::vector<std::string>& numbers, std::string_view retired,
                               std::string_view survivor, const std::vector<std::string>& back);
  core::Result<std::vector<std::string>> visits_of(std::string_view patient);

  /// Loads one visit with everything on it. `chart` is cleared first; without the visit only its
  /// `encounter` is set.
  core::Status load_visit(std::string_view encounter, Chart& chart);
  /// The facts of a patient that name a visit which nobody has sent.
  core::Status load_stray(std::string_view patient, std::string_view encounter, Chart& chart);
  /// Loads the documents of a patient that belong to no visit: they name none, or one that is
  /// somebody else's.
  core::Status load_unfiled(std::string_view patient, Chart& chart);

  core::Result<std::vector<Deficiency>> of_visit(std::string_view encounter);
  /// The same in short, into a vector that is used again.
  core::Status standing_of(std::string_view encounter, std::vector<Standing>& into);
  core::Result<std::vector<Deficiency>> in_rows(const std::vector<std::int64_t>& rows);
  /// Keeps the mark alone of the verdict that it agrees with.
  core::Status set_judged(const Deficiency& deficiency);
  core::Result<std::vector<Deficiency>> of_unfiled(std::string_view patient);
  core::Result<std::vector<Deficiency>> due_to_change(core::Instant now);
  core::Result<std::vector<Deficiency>> select(const ListFilter& filter, core::Instant now);
  core::Result<std::vector<Deficiency>> open_of_owner(std::string_view owner_id);
  /// `next`: when the clock alone does something about it. Notes in `deficiency` what stands in its
  /// row now.
  core::Status save(Deficiency& deficiency, std::optional<core::Instant> next);

  struct Visit {
    std::string encounter, patient;
  };
  core::Result<std::vector<Visit>> planned_visits();
  /// By visit number or Encounter id.
  core::Result<std::optional<Visit>> visit_numbered(std::string_view number);
  /// Where a visit is: codes of its service, its location in words. Empty for an unknown one.
  struct Where {
    std::string service, unit;
  };
  core::Result<Where> where(std::string_view encounter);
  /// "Rivera, Ana"; empty for an unknown one.
  core::Result<std::string> patient_name(std::string_view patient);
  /// Visits begun or ended since `from`.
  core::Result<std::vector<Visit>> visits_since(core::Instant from);

  /// Keeps the chart's `wake` and `judged_under`.
  core::Status set_judged(const Chart& chart);
  core::Result<std::vector<std::string>> waking(core::Instant now);
  core::Result<std::optional<core::Instant>> next_time();

 private:
  core::Result<std::vector<Deficiency>> read_all(std::string_view sql,
                                                 std::initializer_list<store::Param> params);
  core::Status write(std::string_view sql, const Deficiency& deficiency,
                     std::optional<core::Instant> next);
  core::Status add(const Deficiency& deficiency, std::optional<core::Instant> next);
  core::Status change(const Deficiency& deficiency, std::optional<core::Instant> next);
  core::Result<std::string> survivor(std::string_view patient);
  /// What stands under that visit, and `with_patient` what is the patient's own.
  core::Status load_facts(std::string_view patient, std::string_view encounter, bool with_patient,
                          Chart& chart);
  template <class... Params>
  core::Result<std::vector<std::string>> ids(std::string_view sql, Params... params);

  store::Db& db_;
  fhir::Document memory_;   ///< of one row's facts
  std::string json_;
};

}  // namespace him
