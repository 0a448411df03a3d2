#pragma once
#include <hl7/message.hpp>
#include <pipeline/config.hpp>
#include <store/journal.hpp>

#include <functional>
#include <optional>
#include <string>

namespace cli {

/// Which stored messages a command looks at.
struct JournalRange {
  std::string feed;                    ///< empty: all
  std::uint64_t from = 0, to = 0;      ///< sequences; 0: from the first, to the head
  std::optional<core::Instant> since;  ///< received at or after
};

struct JournalRead {
  std::size_t messages = 0, unreadable = 0;
};

/// "123" (a sequence), "2026-01-31" or "2026-01-31T12:00:00Z" into the range. @return false when it
/// is none of these.
bool set_from(JournalRange& range, const std::string& text);

/// Calls `each` for every original message of the range (not for replays of one), decoded as its
/// feed says. Changes nothing; works beside a running engine. Errors: those of the journal.
core::Result<JournalRead> each_stored(
    const pipeline::EngineConfig& config, const JournalRange& range,
    const std::function<void(const store::Entry&, const pipeline::FeedConfig&,
                             const hl7::Message&)>& each);

}  // namespace cli
