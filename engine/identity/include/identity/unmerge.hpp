#pragma once
#include <core/clock.hpp>
#include <core/ids.hpp>
#include <core/result.hpp>
#include <fhir/node.hpp>
#include <store/records.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace identity {

/// Why somebody must look at a resource after an unmerge. Numbers are stored.
enum class Doubt : std::uint8_t {
  kChangedSince = 0,   ///< went back with its number, but was changed while the two were one
  kCameSince = 1,      ///< came under the survivor's own number since the merge: stays there
  kWrittenByBoth = 2,  ///< the survivor's, written by messages that named the retired number
};
std::string_view to_text(Doubt doubt);   ///< "changed-since" "came-since" "written-by-both"

/// What taking a merge back means; nothing is written yet.
struct Detachment {
  std::string retired, survivor;         ///< survivor: with whom the resources stand now
  std::string parent;                    ///< whom it was merged into; perhaps retired itself since
  core::Sequence merged;                 ///< entry of the merge
  std::vector<std::string> numbers;      ///< `retired` and what was retired into it before
  std::vector<store::Resource> back;     ///< resources that go back to `retired`, as they are now
  struct Item {
    std::string type, id;
    Doubt doubt = Doubt::kChangedSince;
  };
  std::vector<Item> doubts;
};

/// Reads the merge journal: exactly the resources that the merge moved, and those that came under
/// the retired number since, go back; of what changed or came in between a list is made.
/// kNotFound when `retired` is not retired now.
core::Result<Detachment> plan_detach(store::Records& records, std::string_view retired);
/// Drops the redirect and gives the keys back (composite keys name their patient). Inside the
/// applier's transaction, before the resources are rewritten.
core::Status detach(store::Records& records, const Detachment& plan);
/// A resource came under a retired number.
core::Status note_late(store::Records& records, std::string_view number, std::string_view type,
                       std::string_view id, core::Sequence sequence);

struct UnmergeRecord {
  core::Sequence sequence, merged;
  std::string retired, survivor, by, reason;
  core::Instant at{};
};
struct UnmergeItem {
  core::Sequence sequence;
  std::string type, id, patient;
  Doubt doubt = Doubt::kChangedSince;
  std::string decided_by;                ///< empty: still to be looked at
};
struct RepairMessage {
  core::Sequence sequence;
  int number = 0;
  std::string trigger, body;             ///< "A43", ER7 with CR
};
core::Status store_unmerge(store::Records& records, const UnmergeRecord& record,
                           const Detachment& plan);
core::Status store_repair(store::Records& records, const RepairMessage& message);
/// Somebody looked at an item: it stays (`patient` empty) or stands with `patient` now. kNotFound.
core::Status settle_item(store::Records& records, core::Sequence sequence, std::string_view type,
                         std::string_view id, std::string_view patient, std::string_view by);
core::Result<std::vector<UnmergeRecord>> list_unmerges(store::Records& records, std::size_t limit);
core::Result<std::vector<UnmergeItem>> list_unmerge_items(store::Records& records,
                                                          core::Sequence sequence);
/// kNotFound.
core::Result<UnmergeItem> find_unmerge_item(store::Records& records, core::Sequence sequence,
                                            std::string_view type, std::string_view id);
core::Result<std::vector<RepairMessage>> list_repairs(store::Records& records,
                                                      core::Sequence sequence);

}  // namespace identity
