#pragma once
#include <core/clock.hpp>
#include <core/ids.hpp>
#include <core/result.hpp>
#include <fhir/node.hpp>
#include <identity/model.hpp>
#include <store/records.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace identity {

/// Overlays held before they do harm (spec him.md section 3: two persons, one number). A message
/// that would change several identifying data of a known patient at once is kept in the journal and
/// not applied; what it would have changed waits here for a decision. Accepted: the message is
/// applied as a replay. Rejected: what it says about who the patient is, is never applied; a later
/// message that says exactly the same leaves the Patient as it is and is applied otherwise.
enum class ConflictState : std::uint8_t { kOpen = 0, kAccepted = 1, kRejected = 2 };
std::string_view to_text(ConflictState state);

struct Conflict {
  core::Sequence sequence;         ///< the held message
  std::string patient;             ///< Patient id it named
  std::string message, type;       ///< "<feed>|<control id>", "ADT^A08"
  std::string changed;             ///< in words: "name, date of birth"
  std::string event;               ///< chart event whose review (R48) is open meanwhile
  std::string print;               ///< fingerprint(incoming)
  std::string stored, incoming;    ///< Patients, JSON
  ConflictState state = ConflictState::kOpen;
  core::Instant held{};
  std::optional<core::Instant> decided;
  std::string decided_by, reason;
  core::Sequence applied;          ///< the replay that carried an accepted one out; 0 = none yet
};

/// Conflicts listed or of one patient at most; further ones are read when these are decided.
inline constexpr std::size_t kConflictsMax = 1000;

/// What a Patient says about who it is: hash of name, birth date, sex and national number, letter
/// case and blanks aside.
std::string fingerprint(const fhir::Node& patient);

/// Inside a transaction of the records; the same one twice is one.
core::Status hold(store::Records& records, const Conflict& conflict);
/// By the number of the held message.
core::Result<std::optional<Conflict>> find_conflict(store::Records& records, core::Sequence at);
/// Oldest first; `all`: decided ones too.
core::Result<std::vector<Conflict>> list_conflicts(store::Records& records, bool all);
core::Result<std::vector<Conflict>> conflicts_of(store::Records& records, std::string_view patient);
/// Open ones in the records.
core::Result<std::uint64_t> count_open_conflicts(store::Records& records);

/// Whether it can be decided so: kNotFound, kConflict when it is decided otherwise already.
core::Status may_decide_conflict(store::Records& records, core::Sequence at, bool accept);
/// Decides it, and with it every open conflict of the patient that says the same. @return those
/// that were open, oldest first.
core::Result<std::vector<Conflict>> decide_conflict(store::Records& records, core::Sequence at,
                                                    bool accept, std::string_view by,
                                                    std::string_view reason, core::Instant when);
core::Status note_conflict_applied(store::Records& records, core::Sequence held,
                                   core::Sequence applied);

/// One field of both sides.
struct ComparedField {
  std::string field;               ///< "given", "birth_date"
  std::string stored, incoming;    ///< a national number but for its last four digits as "*"
  std::string level;               ///< "exact", "near", "differ", "missing"
  double weight = 0;               ///< bits
};
struct SideBySide {
  std::vector<ComparedField> fields;   ///< those with a value on either side
  std::optional<double> weight;        ///< sum; nullopt without a model
};
/// `model` may be nullptr: then nothing is weighed.
SideBySide side_by_side(const std::shared_ptr<const Model>& model, const Conflict& conflict);

}  // namespace identity
