#pragma once
#include <core/clock.hpp>
#include <core/ids.hpp>
#include <core/result.hpp>
#include <store/records.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace identity {

/// What was said about a number. Numbers are stored.
enum class EventKind : std::uint8_t {
  kMerge = 0,    ///< retired into another one (A18 A30 A34 A36 A39 A40, or by the review queue)
  kMove = 1,     ///< given to another person (A43)
  kLink = 2,     ///< one person with another one, both in use (A24, or by the review queue)
  kUnlink = 3,   ///< two persons after all (A37)
  kUnmerge = 4,  ///< a merge taken back by hand
};

struct Event {
  core::Sequence sequence;
  EventKind kind = EventKind::kMerge;
  std::string from, into;   ///< Patient ids; of links the lesser id is `from`
  core::Instant said{};     ///< event time (EVN-2, else MSH-7), else arrival
};

/// Notes what was said; the same saying of the same entry once.
core::Status note_event(store::Records& records, const Event& event);

/// Whether a saying about `event.from` that is newer than `event` stands against it, so that it
/// came too late to count: against a merge a later move or unmerge, against a move any later move,
/// merge or unmerge, against a link or an unlink a later one of the same pair.
/// Messages that overtook each other so come to the same end as in their own order.
core::Result<bool> overtaken(store::Records& records, const Event& event);

/// Ties two Patients as one person, or unties them, and puts the groups in order (Identity::
/// group_of). @return the leaders of all groups it touched, before and after: lanes to join.
core::Result<std::vector<std::string>> set_tie(store::Records& records, std::string_view a,
                                               std::string_view b, bool tied);
/// Puts the groups in order after `patient` was retired, or came back.
core::Result<std::vector<std::string>> regroup(store::Records& records, std::string_view patient);

/// `number` and every Patient id that was retired into it, directly or by way of others.
core::Result<std::vector<std::string>> retired_under(store::Records& records,
                                                     std::string_view number);

/// Patients of one person beyond this are a mistake of somebody's: the group stops there.
inline constexpr std::size_t kGroupMax = 500;

}  // namespace identity
