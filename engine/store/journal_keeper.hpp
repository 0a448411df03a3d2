#pragma once
#include "segment.hpp"
#include "writer_gate.hpp"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace store {

/// The thread for what must not delay an acknowledgement: checkpoints of the open segment, sealing
/// of full ones.
class JournalKeeper {
 public:
  /// `on_sync_failure`: an fsync failed; called on the keeper's thread.
  JournalKeeper(std::string folder, bool sync, WriterGate& gate,
                std::function<void(const core::Error&)> on_sync_failure);
  ~JournalKeeper();

  /// The open segment's log has grown: copy it. Cheap to call again while one runs.
  void want_checkpoint(const SegmentName& open);
  /// Takes over a segment that gets no more entries. `db` may be null: then it is opened.
  void seal(const SegmentName& name, std::unique_ptr<SqliteDb> db);
  /// What has been sealed since the last call.
  std::vector<std::pair<SegmentName, Seal>> take_sealed();

 private:
  struct Work {
    SegmentName name;
    std::unique_ptr<SqliteDb> db;
  };
  void loop();
  void checkpoint(const SegmentName& open);
  bool seal_one(Work& work);
  void failed(const char* event, const core::Error& error, bool sync_failed);

  const std::string folder_;
  const bool sync_;
  WriterGate& gate_;
  const std::function<void(const core::Error&)> on_sync_failure_;

  std::unique_ptr<SqliteDb> db_;    // on the open segment; the keeper's thread only
  std::uint64_t db_first_ = 0;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false, checkpoint_wanted_ = false;
  SegmentName open_;
  std::vector<Work> to_seal_;
  std::vector<std::pair<SegmentName, Seal>> sealed_;
  std::atomic<bool> has_sealed_ = false, checkpoint_pending_ = false;
  std::thread thread_;
};

}  // namespace store
