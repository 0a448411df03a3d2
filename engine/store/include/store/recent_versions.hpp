#pragma once
#include <store/records.hpp>

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>

namespace store {

/// Resource versions that were written or read last, so that what is sent right after it was
/// written is not read from the disk again. Versions never change, so nothing here grows stale.
/// Bounded by bytes: the first in leaves first. Thread: any.
class RecentVersions {
 public:
  using Kept = std::shared_ptr<const Resource>;
  static constexpr std::size_t kBytesMax = 4u << 20;

  /// nullptr: this version is not known here.
  Kept find(const VersionRef& ref) const;
  void keep(Kept version);

  /// What one of them costs here.
  static std::size_t bytes_of(const Resource& version);

 private:
  struct Name {
    std::string_view type, id;   ///< of the kept version itself
    std::uint32_t version = 0;
    bool operator==(const Name&) const = default;
  };
  struct NameHash {
    std::size_t operator()(const Name& name) const;
  };
  static Name name_of(const Resource& version) {
    return {version.type, version.id, version.version};
  }

  mutable std::mutex mutex_;
  std::unordered_map<Name, Kept, NameHash> versions_;
  std::deque<Kept> order_;   ///< the first in first
  std::size_t bytes_ = 0;
};

}  // namespace store
