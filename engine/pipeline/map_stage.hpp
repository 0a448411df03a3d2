#pragma once
#include <core/bounded_queue.hpp>
#include <mapping/mapper.hpp>
#include <mapping/unmapped.hpp>
#include <pipeline/config.hpp>
#include <pipeline/knowledge.hpp>
#include <store/journal.hpp>

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "draft_prints.hpp"

namespace pipeline {

/// A journal entry read back as a message and mapped: everything before current records are needed.
struct MappedEntry {
  store::Entry entry;
  std::optional<hl7::Message> message;
  const mapping::MapOutput* output = nullptr;   ///< owned by this slot's mapper
  DraftPrints prints;                           ///< of the output's drafts
  const mapping::Environment* environment = nullptr;
  const FeedConfig* feed = nullptr;             ///< nullptr: the feed is gone from the
                                                ///< configuration
  std::string processing_id;                    ///< MSH-11.1, P when empty
  std::optional<core::Error> error;             ///< why there is no output
  std::map<std::string, std::unique_ptr<mapping::Mapper>> mappers;   ///< by mapping name
};

/// A stored message as UTF-8 ER7, whatever it came as.
core::Result<std::string> to_er7(const store::Entry& entry, const FeedConfig& feed);
/// What a feed's messages are mapped with.
mapping::Environment environment_of(const EngineConfig& config, const FeedConfig& feed);

/// Reads entries of the journal in order, decodes, parses and maps them one step ahead of the
/// applier.
/// A fixed ring of slots bounds memory and reuses each mapper's arena. Thread: one of its own;
/// next() and release() from the applier.
class MapStage {
 public:
  static constexpr std::size_t kSlots = 24;

  /// `unmapped`, where given, outlives it and counts codes no vocabulary knew.
  MapStage(const EngineConfig& config, std::shared_ptr<const Knowledge> knowledge,
           const store::Journal& journal, mapping::UnmappedTally* unmapped = nullptr);
  ~MapStage();

  void start(core::Sequence after);
  /// Entries in order. With `wait` false it returns nullptr when none is ready; with `wait` true,
  /// nullptr only when stopped.
  MappedEntry* next(bool wait);
  void release(MappedEntry* slot);
  void stop();

  /// Up to kSlots entries after `after`, none beyond `last`, read and mapped once more by the
  /// caller: what a failed transaction takes again. Never empty. Errors: of the journal.
  core::Result<std::vector<std::unique_ptr<MappedEntry>>> map_again(core::Sequence after,
                                                                    core::Sequence last);
  /// Decodes, parses and maps one entry into a slot. `recall`: that of the thread's, or nullptr.
  void map_into(MappedEntry& slot, mapping::Recall* recall);
  static void park(MappedEntry& slot, core::Sequence sequence, const core::Error& error);

 private:
  void run(core::Sequence after);

  const EngineConfig& config_;
  std::shared_ptr<const Knowledge> knowledge_;
  const store::Journal& journal_;
  mapping::UnmappedTally* unmapped_;
  std::map<core::FeedName, mapping::Environment> environments_;
  std::map<core::FeedName, mapping::Recall> recalls_;   ///< of cw-map
  std::vector<std::unique_ptr<MappedEntry>> slots_;
  core::BoundedQueue<MappedEntry*> free_{kSlots};
  core::BoundedQueue<MappedEntry*> ready_{kSlots};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace pipeline
