#pragma once
#include <core/ids.hpp>
#include <core/result.hpp>
#include <fhir/node.hpp>
#include <store/records.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace identity {

/// A merge chain longer than this is refused: no real chart was ever merged so often.
inline constexpr int kRedirectsMax = 64;
/// Resources one merge moves; beyond it the merge is refused and held for a person.
inline constexpr std::size_t kMovedMax = 20'000;

/// Patients by (authority, MRN) and their merges, over the records store. Used by the applier
/// inside its transaction; a read-only Records serves lookups. Thread: one at a time.
class Identity {
 public:
  explicit Identity(store::Records& records) : records_(records) {}

  /// The Patient id in force for `id`: follows merges to the survivor.
  core::Result<std::string> survivor(std::string_view id);

  /// Whom the numbers of a message name.
  struct Named {
    std::string id;        ///< the Patient in force; empty when nobody is known by them
    std::string number;    ///< the Patient first named so: `id`, or one retired into it
    bool conflict = false;   ///< some of the numbers are somebody else's
    /// Patients who share a number with this one, yet have another record number of an authority
    /// that gave this one's: two persons, or one with two charts. A person decides.
    std::vector<std::string> rivals;
    std::vector<std::string> unknown;   ///< keys of nobody
  };
  /// Finds the Patient of the first key that is known, following merges. A number below the first
  /// (a social security or enterprise number, PID-2) is shared by mistake, or placeholder for many:
  /// it does not lead to whom another record number of the same authority is in use for.
  /// @param said  the Patient as the message has it; its types tell record numbers from others
  core::Result<Named> find(const std::vector<std::string>& keys, const fhir::Node& said);
  /// find(), or else `proposed` as a new one; records the keys that are nobody's yet. A key that
  /// belongs to somebody else stays with them: two active numbers are a question for a person,
  /// never a silent merge.
  core::Result<Named> resolve(const std::vector<std::string>& keys, const fhir::Node& said,
                              std::string_view proposed);

  /// What a merge did, for the resources to rewrite and to send.
  struct Merge {
    bool changed = false;            ///< false: already merged so (replay)
    std::string retired, survivor;   ///< Patient ids
    std::vector<store::Resource> moved;   ///< resources to point to the survivor, as they are now
  };
  /// A40: retires `from` into `into` (chapter 3.3.40; loser active=false, replaced-by). Both ids
  /// may be
  /// retired already; chains follow. kSelfMerge when both are one; kConflict for a reversed pair.
  core::Result<Merge> merge(std::string_view from, std::string_view into, core::Sequence sequence);
  /// Notes that a merge moved a resource, for exact undo.
  core::Status note_moved(core::Sequence sequence, const store::Resource& before,
                          std::string_view from, std::string_view into);

  /// The group of a Patient: what lanes are named after. Tied Patients (seealso) share one, named
  /// after the least of their ids; any other is a group of its own.
  core::Result<std::string> group_of(std::string_view patient_id);

  /// A key such as "<from>/<allergen>" finds the same resource as "<into>/<allergen>" too, unless
  /// that is another one's.
  core::Status alias_composite_keys(const std::string& from, const std::string& into);
  /// Keys of a resource that was merged into another of its type find that one from now on.
  core::Status repoint_keys(std::string_view type, const std::string& from,
                            const std::string& into);

 private:
  core::Result<bool> is_another(const std::string& owner, const std::vector<std::string>& keys,
                                const fhir::Node& said);

  store::Records& records_;
};

}  // namespace identity
