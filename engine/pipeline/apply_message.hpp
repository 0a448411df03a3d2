#pragma once
#include <him/deficiency.hpp>
#include <identity/identity.hpp>
#include <identity/mpi.hpp>
#include <identity/unmerge.hpp>
#include <mapping/mapper.hpp>
#include <pipeline/config.hpp>
#include <store/journal.hpp>
#include <store/records.hpp>

#include <map>
#include <set>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "said_before.hpp"

namespace pipeline {

/// A resource version that an entry touched, in Bundle order.
struct TouchedResource {
  store::VersionRef ref;
  bool shared = false;    ///< owned by no patient: Practitioner, Organization, Location
  bool changed = false;
};

/// What applying one entry did.
struct ApplyResult {
  std::vector<TouchedResource> touched;
  std::vector<std::string> lanes;          ///< patient groups, or the feed's lane
  std::vector<std::string> shared_lanes;   ///< shared resources its Bundle refers to
  hl7::Issues issues;
  std::uint32_t opened = 0, closed = 0;    ///< deficiencies
  bool held = false;                       ///< nothing of the message was applied (overlay guard)

  /// One entry a resource, whatever touched it how often: its last version, changed if ever.
  void touch(store::VersionRef ref, bool shared, bool changed);
  bool changed() const;
  void add_lane(std::string lane);
  void add_lanes(const std::vector<std::string>& more);

 private:
  std::map<std::pair<std::string, std::string>, std::size_t> at_;   ///< (type, id) in touched
};

/// Applies mapped messages to the records inside the applier's transaction: resolves identity,
/// merges into current versions, guards against stale and backward states, evaluates deficiencies.
/// Idempotent: the same entry again gives the same records and no new version. Thread: the
/// applier's.
class MessageApply {
 public:
  /// `mpi` may be nullptr: then nobody is looked for.
  MessageApply(store::Records& records, him::Charts& charts, identity::Mpi* mpi);

  core::Result<ApplyResult> apply(const store::Entry& entry, const hl7::Message& message,
                                  const mapping::MapOutput& output, const DraftPrints& prints,
                                  const mapping::Environment& environment,
                                  identity::Mpi::Mode mode, bool historical);
  core::Result<std::pair<std::string, std::string>> tie(const std::string& a, const std::string& b,
                                                        bool together, ApplyResult& result);
  /// Lets two Patients name each other (link seealso) and adds their lanes.
  core::Status link_patients(const std::string& a, const std::string& b, const store::Stamp& stamp,
                             ApplyResult& result);
  /// Takes the links back on both sides (seealso alone: merges stay).
  core::Status unlink_patients(const std::string& a, const std::string& b,
                               const store::Stamp& stamp, ApplyResult& result);

  // Decisions of people about identity: the entry is a command.
  /// Retires `retired` into `survivor`, as an A40 would.
  core::Result<ApplyResult> merge_by_hand(const store::Entry& entry, const std::string& retired,
                                          const std::string& survivor);
  /// Takes a merge back. @return what it did; the plan it followed in *plan.
  core::Result<ApplyResult> unmerge_by_hand(const store::Entry& entry, const std::string& retired,
                                            identity::Detachment* plan);
  /// A resource goes from one Patient to another.
  core::Result<ApplyResult> move_by_hand(const store::Entry& entry, const std::string& type,
                                         const std::string& id, const std::string& from,
                                         const std::string& to);

  /// Writes what deficiency changes look like as FHIR and names their patients' lanes.
  core::Status write_changes(const std::vector<him::Change>& changes, const store::Stamp& stamp,
                             ApplyResult& result);
  /// Writes what others are to be told besides (him::Charts::take_notices()): of no patient.
  core::Status write_notices(const store::Stamp& stamp, ApplyResult& result);

  /// After the transaction, or a part of it, was undone.
  void forget() {
    said_.forget();
    conflicted_.reset();
  }
  /// A conflict was decided.
  void forget_conflicts() { conflicted_.reset(); }

 private:
  core::Status put_told(const fhir::Node* tree, bool shared, const store::Stamp& stamp,
                        ApplyResult& result);
  struct Work;
  core::Status guard_overlays(Work& work);
  core::Status guard_overlay(Work& work, std::size_t index);
  core::Status hold_message(Work& work, const std::string& patient,
                            const std::string& stored, const fhir::Node& incoming,
                            him::Overlay& overlay);
  core::Result<bool> has_conflicts(const std::string& patient);
  core::Status resolve_draft(Work& work, std::size_t index);
  core::Status write_drafts(Work& work);
  /// `drafts`: of this resource; those that are not to be applied are taken out.
  core::Status write_resource(Work& work, const std::string& type, const std::string& id,
                              std::vector<std::size_t>& drafts);
  fhir::Node* fold_in(Work& work, std::size_t index, fhir::Node* tree, const std::string& known);
  /// The message is older than what is stored of this visit; notes whose it is now.
  core::Status note_moved_visit(Work& work, std::size_t draft, const std::string& id,
                                const fhir::Node& stored);
  /// The patient whom a visit belongs to now, after merges; empty when it says none.
  core::Result<std::string> owner_of(const fhir::Node& visit);
  /// Whether a draft names a visit of somebody else than its own patient.
  core::Result<bool> is_anothers(const Work& work, std::size_t draft, const fhir::Node& stored);
  core::Status leave_out_anothers(Work& work, std::vector<std::size_t>& drafts,
                                  const fhir::Node& stored);
  /// The visit as it stood, newest first, in the scratch document.
  core::Result<std::vector<const fhir::Node*>> versions_of(const std::string& visit);
  /// What is older than what is stored (`stale`), or would take a result's status back, is not
  /// applied as a whole: a warning says so.
  core::Status set_aside(Work& work, store::VersionRef ref, const std::vector<std::size_t>& drafts,
                         fhir::Node* tree, bool stale);
  /// Takes from a message older than what is stored of a visit what nothing newer has said of it.
  /// @return whether there was something.
  core::Result<bool> fill_in(Work& work, const std::vector<std::size_t>& drafts,
                             const std::string& id, fhir::Node* stored);
  fhir::Node* unsaid_of(Work& work, std::size_t draft, const fhir::Node& stored,
                        const std::vector<const fhir::Node*>& before, bool with_status);
  /// What was said of the status when, for messages that come late. `before`: the status that
  /// stood.
  core::Status note_status(const Work& work, const std::string& id,
                           const std::vector<std::size_t>& drafts, std::string_view before,
                           const store::Records::Standing& standing);
  core::Status note_status_time(const Work& work, const std::string& id,
                                std::optional<core::Instant> when);
  /// @return the resource's version now.
  core::Result<std::uint32_t> put(Work& work, std::string_view type, std::string_view id,
                                  fhir::Node* tree, bool shared);
  core::Status merge_patients(Work& work);
  /// `mark`: the retired Patient is written as such (where no draft of the message does).
  core::Status merge_pair(Work& work, const std::string& retired, const std::string& survivor,
                          bool mark);
  core::Status mark_retired(Work& work, const std::string& retired, const std::string& survivor);
  core::Status prepare_numbers(Work& work);
  core::Status renumber(Work& work, std::size_t former, std::size_t main);
  core::Status move_number(Work& work, std::size_t moved, std::size_t main);
  core::Status reassign_number(Work& work, const std::string& raw, const std::string& goal);
  core::Status shift_owned(Work& work);
  core::Status absorb(Work& work, const std::string& type, const std::string& from,
                      const std::string& into);
  core::Status hand_over_numbers(Work& work, const std::string& type, const std::string& from,
                                 const std::string& into);
  core::Status move_owned(Work& work, const std::string& type, const std::string& id,
                          const std::string& owner);
  core::Status rewrite(Work& work, const store::Resource& resource, const std::string& from,
                       const std::string& to);
  core::Status settle_links(Work& work);
  core::Status note_late(Work& work);
  core::Status detach(Work& work, const identity::Detachment& plan);
  core::Status restore_patient(Work& work, const identity::Detachment& plan);
  core::Status drop_links(const store::Stamp& stamp, ApplyResult& result, const std::string& of,
                          std::string_view type, const std::vector<std::string>& others);
  core::Status put_own(const store::Stamp& stamp, ApplyResult& result, const std::string& id,
                       fhir::Node* tree);
  core::Status finish_command(Work& work, const std::vector<std::string>& patients);
  core::Result<std::vector<std::string>> keys_of(Work& work, std::size_t index);
  /// Whom or what the keys of a draft name, as numbered first (before merges); empty: nothing.
  core::Result<std::string> known_id(const mapping::Draft& draft,
                                     const std::vector<std::string>& keys);
  core::Status collect_lanes(Work& work);
  core::Status look_for_known(Work& work, identity::Mpi::Mode mode);
  core::Status note_rivals(Work& work, const std::string& id, const fhir::Node& tree);
  core::Status add_seealso(const std::string& to, const std::string& other,
                           const store::Stamp& stamp, ApplyResult& result);

  store::Records& records_;
  identity::Identity identity_;
  him::Charts& charts_;
  SaidBefore said_;
  identity::Mpi* mpi_;
  fhir::Document document_;     ///< scratch, reset per entry
  std::string body_;            ///< of the resource being written, reused
  std::optional<std::set<std::string, std::less<>>> conflicted_;   ///< Patients; read when needed
};

/// Rank of a result status: an incoming lower one never overwrites (DESIGN section 2, Staleness).
int result_status_rank(std::string_view status);

}  // namespace pipeline
