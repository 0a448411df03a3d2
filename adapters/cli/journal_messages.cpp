#include "journal_messages.hpp"

#include <core/text.hpp>
#include <hl7/charset.hpp>
#include <hl7/xml.hpp>

namespace cli {
namespace {

inline constexpr std::size_t kEntriesRead = 512;

core::Result<hl7::Message> parse(const store::Entry& entry, const pipeline::FeedConfig& feed) {
  const std::size_t at = entry.raw.find_first_not_of(" \t\r\n\xef\xbb\xbf");
  hl7::CharsetPolicy policy = feed.charset;
  if (!entry.charset.empty()) policy = {hl7::CharsetPolicy::Mode::kForce, entry.charset};
  hl7::Issues ignored;
  auto text = at != std::string::npos && entry.raw[at] == '<'
                  ? hl7::xml_to_er7(entry.raw)
                  : hl7::decode(entry.raw, policy, ignored);
  if (!text) return core::fail(text.error());
  return hl7::Message::parse(std::move(*text));
}

}  // namespace

bool set_from(JournalRange& range, const std::string& text) {
  if (text.empty()) return true;
  if (const auto number = core::to_int(text); number && *number > 0 && text.size() < 19 &&
                                              text.find('-') == text.npos) {
    range.from = static_cast<std::uint64_t>(*number);
    return true;
  }
  auto at = core::from_iso(text.size() == 10 ? text + "T00:00:00Z" : text);
  if (at) range.since = *at;
  return at.has_value();
}

core::Result<JournalRead> each_stored(
    const pipeline::EngineConfig& config, const JournalRange& range,
    const std::function<void(const store::Entry&, const pipeline::FeedConfig&,
                             const hl7::Message&)>& each) {
  auto journal = store::Journal::open_read_only(config.store_path + "/journal");
  if (!journal) return core::fail(journal.error());
  JournalRead read;
  core::Sequence after{range.from > 0 ? range.from - 1 : 0};
  const core::Sequence last = range.to > 0 ? core::Sequence{range.to} : (*journal)->head();
  while (after < last) {
    auto entries = (*journal)->read(after, kEntriesRead);
    if (!entries) return core::fail(entries.error());
    if (entries->empty()) break;
    for (const store::Entry& entry : *entries) {
      after = entry.sequence;
      if (entry.sequence > last) break;
      if (entry.kind != store::EntryKind::kMessage || entry.cites != 0) continue;
      if (!range.feed.empty() && entry.feed.value() != range.feed) continue;
      if (range.since && entry.received < *range.since) continue;
      const pipeline::FeedConfig* feed = config.feed(entry.feed);
      const auto message = feed ? parse(entry, *feed)
                                : core::Result<hl7::Message>(core::fail(
                                      core::ErrorCode::kNotMapped, "its feed is gone"));
      if (!message) {
        ++read.unreadable;
        continue;
      }
      ++read.messages;
      each(entry, *feed, *message);
    }
  }
  return read;
}

}  // namespace cli
