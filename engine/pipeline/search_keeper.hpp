#pragma once
#include <core/result.hpp>
#include <store/search_projection.hpp>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace pipeline {

/// Keeps search.db up with the records, a little behind: what comes in between is written at once,
/// in the order of its trees. Thread: one of its own, until it is destroyed.
class SearchKeeper {
 public:
  static core::Result<std::unique_ptr<SearchKeeper>> start(const std::string& directory);
  ~SearchKeeper();

 private:
  explicit SearchKeeper(std::unique_ptr<store::SearchProjection> projection);
  void run();

  std::unique_ptr<store::SearchProjection> projection_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace pipeline
