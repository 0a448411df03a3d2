#pragma once
#include <core/clock.hpp>
#include <core/ids.hpp>
#include <core/result.hpp>
#include <fhir/node.hpp>
#include <identity/mpi_index.hpp>
#include <identity/person.hpp>
#include <store/records.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace identity {

/// What stands of a pair of Patients that may be one person. Numbers are stored.
enum class PairState : std::uint8_t {
  kOpen = 0,        ///< waits for a person
  kLinked = 1,      ///< one person; both Patients stay and name each other
  kMerged = 2,      ///< one was retired into the other
  kNotTheSame = 3,  ///< two persons
  kLater = 4,       ///< looked at and put off; still open
};
std::string_view to_text(PairState state);   ///< "open" "linked" "merged" "not-the-same" "later"
std::optional<PairState> pair_state_of(std::string_view text);

/// A row of the review queue.
struct Pair {
  std::string patient, other;      ///< Patient ids; `patient` arrived
  PairState state = PairState::kOpen;
  double weight = 0;
  GuardSet guards;
  std::uint32_t blocks = 0;
  std::string fields;              ///< JSON object, see to_json(Match)
  core::Sequence sequence;
  core::Instant found{};
  std::string decided_by;          ///< "" = nobody; "auto" = linked unattended
  std::string proposed_by;         ///< who proposed a merge that a second person must approve
  std::string survivor;            ///< whom that merge would keep
};

/// Review candidates kept of one arrival; the best ones.
inline constexpr std::size_t kPairsAnArrivalMax = 20;

/// Open pairs (also those put off), heaviest first; with `all` also decided ones.
core::Result<std::vector<Pair>> list_pairs(store::Records& records, bool all, std::size_t limit);

/// Whether decide_pair() would take a person's decision; its errors.
core::Status may_decide(store::Records& records, std::string_view patient, std::string_view other);
/// Whether a linked pair may be parted again: kNotFound when it is not linked.
core::Status may_unlink(store::Records& records, std::string_view patient, std::string_view other);
/// A person's decision on a stored pair (its ids in either order), or a merge that a message
/// brought. kNotFound when the pair is not known, kConflict when it is linked or merged already.
/// Inside a transaction of the records.
core::Status decide_pair(store::Records& records, std::string_view patient, std::string_view other,
                         PairState state, std::string_view by, core::Sequence sequence,
                         core::Instant at);

/// A merge out of the queue needs two persons: the first proposes, another one approves. @return
/// true when `by` would approve, false when they would propose. kNotFound for an unknown pair, one
/// that is merged already, or a survivor that is none of the two; kConflict when the proposal keeps
/// the other Patient; kRefusedByPolicy for who approves their own proposal.
core::Result<bool> may_merge(store::Records& records, std::string_view patient,
                             std::string_view other, std::string_view survivor,
                             std::string_view by);
core::Status propose_merge(store::Records& records, std::string_view patient,
                           std::string_view other, std::string_view survivor, std::string_view by);
/// After an unmerge, or when a link is undone, the two are known not to be the same, whether the
/// pair was known or not.
core::Status part_pair(store::Records& records, std::string_view patient, std::string_view other,
                       std::string_view by, core::Sequence sequence, core::Instant at);

/// Mpi::rival() where no index is kept: the pair waits unweighed.
core::Status note_rival(store::Records& records, std::string_view patient, std::string_view other,
                        core::Sequence sequence, core::Instant at);

/// How clean the index is.
struct Rates {
  std::uint64_t patients = 0;        ///< in use (neither deleted nor replaced)
  std::uint64_t open_pairs = 0;      ///< of the queue
  std::uint64_t duplicates = 0;      ///< Patients in open pairs of one authority: two numbers
  std::uint64_t overlaps = 0;        ///< Patients in open pairs across authorities
  std::uint64_t linked = 0;          ///< pairs decided to be one person across authorities
};
/// The rate of each is its Patients per Patient in use (AHIMA: goal at most 1 %). Overlays are
/// questions of the overlay guard, which the chart keeps (rule R48).
core::Result<Rates> rates(store::Records& records);

/// The master patient index beside the records: an index in memory that follows every Patient that
/// is written, and the table of pairs. Used by the applier inside its transaction, whose savepoints
/// it follows. Decisions are a function of the records alone: applied again after a crash they come
/// out the same. Thread: the applier's.
class Mpi {
 public:
  enum class Mode : std::uint8_t {
    kOff,       ///< Patients of this feed are known to the index, nothing is decided about them
    kReview,    ///< every candidate waits for a person
    kLink,      ///< certain ones are linked unattended
  };

  Mpi(store::Records& records, std::shared_ptr<const Model> model);

  /// Reads all Patients of the records.
  core::Status start();
  /// A Patient was written. Call with every version, in order.
  void touch(std::string_view id, const fhir::Node& patient);
  /// Looks for who a new Patient could be, stores the pairs found. @return the Patient it was
  /// linked to unattended, else empty.
  core::Result<std::string> arrived(std::string_view id, const fhir::Node& patient, Mode mode,
                                    core::Sequence sequence, core::Instant at);
  /// A new Patient shares a number with `other` without being taken for them (Identity::find): the
  /// pair waits for a person, whatever it weighs and whatever the feed's mode.
  core::Status rival(std::string_view id, const fhir::Node& patient, std::string_view other,
                     core::Sequence sequence, core::Instant at);
  void savepoint();
  /// Takes back what came since savepoint(); the records must have gone back already.
  core::Status undo_to_savepoint();
  /// The same since the last commit.
  core::Status undo_all();
  void committed();

  MpiIndex& index() { return index_; }

 private:
  core::Status store(std::string_view id, const Match& match, PairState state,
                     core::Sequence sequence, core::Instant at);
  core::Status reread(std::size_t from);

  store::Records& records_;
  MpiIndex index_;
  std::vector<std::string> touched_;   ///< ids since the last commit
  std::size_t savepoint_ = 0;          ///< of touched_
};

}  // namespace identity
