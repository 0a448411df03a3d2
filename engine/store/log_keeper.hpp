#pragma once
#include "writer_gate.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace store {

/// The thread that copies the log of records.db, so that the writer neither copies nor waits for
/// the disk. What it fails at is logged once and tried again with each want(): until it works, the
/// log keeps everything.
class LogKeeper {
 public:
  /// `path`: the database that goes with `gate`, which outlives this.
  LogKeeper(std::string path, WriterGate& gate);
  ~LogKeeper();
  LogKeeper(const LogKeeper&) = delete;
  LogKeeper& operator=(const LogKeeper&) = delete;

  /// The log has grown: copy it. Returns at once.
  void want();

 private:
  void loop();
  core::Status copy();
  void tell(const core::Status& outcome);

  const std::string path_;
  WriterGate& gate_;
  std::unique_ptr<SqliteDb> db_;   // the keeper's thread only, as the next
  bool failing_ = false;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false, wanted_ = false;
  std::thread thread_;
};

}  // namespace store
