#include "log_keeper.hpp"

#include <core/log.hpp>
#include <core/thread.hpp>

#include <utility>

namespace store {

LogKeeper::LogKeeper(std::string path, WriterGate& gate)
    : path_(std::move(path)), gate_(gate), thread_([this] { loop(); }) {}

LogKeeper::~LogKeeper() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void LogKeeper::want() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(wanted_, true)) return;
  }
  wake_.notify_all();
}

void LogKeeper::loop() {
  core::begin_thread("cw-keep", core::ThreadWork::kApply);
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stop_ || wanted_; });
      if (stop_) return;
    }
    tell(copy());
    // What was wanted meanwhile is done, or will be wanted again by the next transaction.
    const std::lock_guard lock(mutex_);
    wanted_ = false;
  }
}

void LogKeeper::tell(const core::Status& outcome) {
  if (!outcome && !failing_) {
    core::log_error("records-checkpoint-failed", {{"error", outcome.error().text()}});
  } else if (outcome && failing_) {
    core::log_info("records-checkpoint-works-again");
  }
  failing_ = !outcome;
}

core::Status LogKeeper::copy() {
  if (!db_) {
    Db::Options options;
    options.cache_kib = 256;   // a checkpoint reads past it
    auto db = SqliteDb::open(path_, options, {.checkpoint_pages = 0});
    if (!db) return core::fail(db.error());
    db_ = std::move(*db);
  }
  return copy_log(*db_, gate_);
}

}  // namespace store
