#pragma once
#include <store/recent_versions.hpp>

#include <memory>
#include <utility>
#include <vector>

namespace store {

/// The versions of the open transaction; others are told of them once they are there for good.
class FreshVersions {
 public:
  explicit FreshVersions(std::shared_ptr<RecentVersions> told) : told_(std::move(told)) {}

  void add(const Resource& version) {
    // What finds no room would only drive out what is asked for first.
    if (!told_ || bytes_ > RecentVersions::kBytesMax / 2) return;
    versions_.push_back(std::make_shared<const Resource>(version));
    bytes_ += RecentVersions::bytes_of(version);
  }
  void begin() { undo(0); }
  void savepoint() { mark_ = versions_.size(); }
  void undo_to_savepoint() { undo(mark_); }
  void commit() {
    for (RecentVersions::Kept& version : versions_) told_->keep(std::move(version));
    undo(0);
  }

 private:
  void undo(std::size_t keep) {
    versions_.resize(keep);
    if (keep == 0) mark_ = bytes_ = 0;
  }

  const std::shared_ptr<RecentVersions> told_;
  std::vector<RecentVersions::Kept> versions_;
  std::size_t mark_ = 0, bytes_ = 0;
};

}  // namespace store
