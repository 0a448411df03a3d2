#pragma once
#include <core/ids.hpp>
#include <core/result.hpp>
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

  /// Finds the Patient of the first key that is known (following merges), or takes `proposed` as a
  /// new one; records every key of the ladder. A later key that belongs to somebody else stays with
  /// them and sets *conflict: two active numbers are a question for a person, never a silent merge.
  /// *retired, when given, gets the id of a retired number that led there; else it is left alone.
  core::Result<std::string> resolve(const std::vector<std::string>& keys, std::string_view proposed,
                                    bool* conflict, std::string* retired = nullptr);

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

  store::Records& records_;
};

}  // namespace identity
