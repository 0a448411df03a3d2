#include "map_stage.hpp"

#include <core/log.hpp>
#include <core/text.hpp>
#include <core/thread.hpp>
#include <hl7/charset.hpp>
#include <hl7/xml.hpp>

#include <chrono>

namespace pipeline {
namespace {

using core::ErrorCode;

inline constexpr std::chrono::milliseconds kReadRetryDelay{200};

/// The sequence of an entry that is stored but cannot be read: "journal:<sequence>".
std::optional<core::Sequence> damaged(const core::Error& error) {
  constexpr std::string_view kPlace = "journal:";
  if (error.code != ErrorCode::kStoreCorrupt || !error.where.starts_with(kPlace)) return {};
  const auto sequence = core::to_int(std::string_view(error.where).substr(kPlace.size()));
  if (!sequence || *sequence <= 0) return {};
  return core::Sequence{static_cast<std::uint64_t>(*sequence)};
}

}  // namespace

core::Result<std::string> to_er7(const store::Entry& entry, const FeedConfig& feed) {
  const std::size_t at = entry.raw.find_first_not_of(" \t\r\n\xef\xbb\xbf");
  if (at != std::string::npos && entry.raw[at] == '<') return hl7::xml_to_er7(entry.raw);
  hl7::CharsetPolicy policy = feed.charset;
  if (!entry.charset.empty()) policy = {hl7::CharsetPolicy::Mode::kForce, entry.charset};
  hl7::Issues ignored;  // reported to the sender when the message came
  return hl7::decode(entry.raw, policy, ignored);
}

mapping::Environment environment_of(const EngineConfig& config, const FeedConfig& feed) {
  mapping::Environment out;
  out.zone = feed.zone;
  out.name_space = config.name_space;
  out.authorities = config.authorities;
  for (const auto& [name, value] : feed.values) out.values[name] = value;
  return out;
}

MapStage::MapStage(const EngineConfig& config, std::shared_ptr<const Knowledge> knowledge,
                   const store::Journal& journal, mapping::UnmappedTally* unmapped)
    : config_(config), knowledge_(std::move(knowledge)), journal_(journal), unmapped_(unmapped) {
  for (const FeedConfig& feed : config.feeds) {
    environments_.emplace(feed.name, environment_of(config, feed));
  }
}

MapStage::~MapStage() { stop(); }

void MapStage::start(core::Sequence after) {
  for (std::size_t i = 0; i < kSlots; ++i) {
    slots_.push_back(std::make_unique<MappedEntry>());
    free_.push(slots_.back().get());
  }
  thread_ = std::thread([this, after] {
    core::begin_thread("cw-map", core::ThreadWork::kBackground);
    run(after);
  });
}

void MapStage::stop() {
  stopping_ = true;
  free_.close();
  ready_.close();
  if (thread_.joinable()) thread_.join();
}

MappedEntry* MapStage::next(bool wait) {
  auto slot = wait ? ready_.pop() : ready_.try_pop();
  return slot ? *slot : nullptr;
}

void MapStage::release(MappedEntry* slot) { free_.push(slot); }

void MapStage::run(core::Sequence after) {
  while (!stopping_) {
    if (!journal_.wait_beyond(after)) return;
    auto entries = journal_.read(after, kSlots);
    if (!entries && damaged(entries.error())) {
      // Trying again would not mend it, and what stands behind it must not wait.
      core::log_error("journal-entry-damaged", {{"reason", entries.error().text()}});
      auto slot = free_.pop();
      if (!slot) return;
      after = *damaged(entries.error());
      park(**slot, after, entries.error());
      if (!ready_.push(*slot)) return;
      continue;
    }
    if (!entries) {
      core::log_error("journal-read-failed", {{"reason", entries.error().text()}});
      std::this_thread::sleep_for(kReadRetryDelay);
      continue;
    }
    for (store::Entry& entry : *entries) {
      auto slot = free_.pop();
      if (!slot) return;
      after = entry.sequence;
      (*slot)->entry = std::move(entry);
      map_into(**slot, &recalls_[(*slot)->entry.feed]);
      if (!ready_.push(*slot)) return;
    }
  }
}

/// An entry of which nothing is known but its number, marked failed for the operator to see.
void MapStage::park(MappedEntry& slot, core::Sequence sequence, const core::Error& error) {
  slot.message.reset();
  slot.output = nullptr;
  slot.feed = nullptr;
  slot.environment = nullptr;
  slot.entry = {};
  slot.entry.sequence = sequence;
  slot.entry.kind = store::EntryKind::kMessage;
  slot.error = error;
}

core::Result<std::vector<std::unique_ptr<MappedEntry>>> MapStage::map_again(core::Sequence after,
                                                                            core::Sequence last) {
  std::vector<std::unique_ptr<MappedEntry>> mapped;
  auto entries = journal_.read(after, kSlots);
  if (!entries) {
    const auto sequence = damaged(entries.error());
    if (!sequence) return core::fail(entries.error());
    mapped.push_back(std::make_unique<MappedEntry>());
    park(*mapped.back(), *sequence, entries.error());
    return mapped;
  }
  for (store::Entry& entry : *entries) {
    if (entry.sequence > last) break;
    mapped.push_back(std::make_unique<MappedEntry>());
    mapped.back()->entry = std::move(entry);
    map_into(*mapped.back(), nullptr);
  }
  if (mapped.empty()) {
    return core::fail(ErrorCode::kStoreUnavailable, "the journal lacks entries it had", "journal");
  }
  return mapped;
}

void MapStage::map_into(MappedEntry& slot, mapping::Recall* recall) {
  slot.message.reset();
  slot.output = nullptr;
  slot.error.reset();
  slot.feed = nullptr;
  slot.environment = nullptr;
  slot.processing_id = "P";
  if (slot.entry.kind != store::EntryKind::kMessage) return;
  slot.feed = config_.feed(slot.entry.feed);
  if (slot.feed == nullptr) {
    slot.error = core::Error{ErrorCode::kNotMapped, "its feed is no longer configured", ""};
    return;
  }
  slot.environment = &environments_.at(slot.entry.feed);
  auto text = to_er7(slot.entry, *slot.feed);
  if (!text) {
    slot.error = text.error();
    return;
  }
  auto message = hl7::Message::parse(std::move(*text));
  if (!message) {
    slot.error = message.error();
    return;
  }
  slot.message = std::move(*message);
  const hl7::Header header = hl7::read_header(*slot.message);
  const std::string_view id = header.processing_id.substr(0, header.processing_id.find('^'));
  if (!id.empty()) slot.processing_id = std::string(id);
  auto& mapper = slot.mappers[slot.feed->mapping];
  if (!mapper) {
    mapper = std::make_unique<mapping::Mapper>(knowledge_->mappings.at(slot.feed->mapping));
  }
  mapping::MapOptions options;
  options.recall = recall;
  auto mapped = mapper->map(*slot.message, *slot.environment, options);
  if (mapped) {
    slot.output = *mapped;
    slot.prints.take(*slot.output);
    if (unmapped_) {
      unmapped_->add(slot.entry.feed.value(), slot.entry.control_id.value(), slot.entry.received,
                     slot.output->vocab_misses);
    }
  } else {
    slot.error = mapped.error();
  }
}

}  // namespace pipeline
