#include "search_keeper.hpp"

#include <core/log.hpp>
#include <core/thread.hpp>

#include <chrono>

namespace pipeline {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kPause = 500ms;    ///< when nothing more waits
constexpr std::chrono::milliseconds kRetry = 5'000ms;  ///< after a failure

}  // namespace

core::Result<std::unique_ptr<SearchKeeper>> SearchKeeper::start(const std::string& directory) {
  auto projection = store::SearchProjection::open(directory);
  if (!projection) return core::fail(projection.error());
  return std::unique_ptr<SearchKeeper>(new SearchKeeper(std::move(*projection)));
}

SearchKeeper::SearchKeeper(std::unique_ptr<store::SearchProjection> projection)
    : projection_(std::move(projection)), thread_([this] { run(); }) {}

SearchKeeper::~SearchKeeper() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void SearchKeeper::run() {
  core::begin_thread("cw-search", core::ThreadWork::kBackground);
  bool failing = false;
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    const auto done = projection_->step();
    if (!done && !failing) {
      core::log_error("search-rows-failed", {{"reason", done.error().text()}});
    }
    failing = !done;
    lock.lock();
    if (done && *done >= store::SearchProjection::kStepChanges) continue;
    wake_.wait_for(lock, failing ? kRetry : kPause, [this] { return stopping_; });
  }
}

}  // namespace pipeline
