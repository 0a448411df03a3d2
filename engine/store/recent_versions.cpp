#include <core/hash.hpp>
#include <store/recent_versions.hpp>

namespace store {

std::size_t RecentVersions::NameHash::operator()(const Name& name) const {
  return static_cast<std::size_t>(core::stable_hash(name.id, name.version) ^ name.type.size());
}

std::size_t RecentVersions::bytes_of(const Resource& version) {
  constexpr std::size_t kOverhead = 128;   // of the map's node, the queue's place and the pointer's
  return sizeof version + version.body.capacity() + version.id.capacity() + kOverhead;
}

RecentVersions::Kept RecentVersions::find(const VersionRef& ref) const {
  std::lock_guard lock(mutex_);
  const auto known = versions_.find({ref.type, ref.id, ref.version});
  return known == versions_.end() ? nullptr : known->second;
}

void RecentVersions::keep(Kept version) {
  const std::size_t bytes = bytes_of(*version);
  if (bytes > kBytesMax) return;
  std::lock_guard lock(mutex_);
  if (!versions_.try_emplace(name_of(*version), version).second) return;
  order_.push_back(std::move(version));
  bytes_ += bytes;
  while (bytes_ > kBytesMax) {
    const Kept first = std::move(order_.front());
    order_.pop_front();
    bytes_ -= bytes_of(*first);
    versions_.erase(name_of(*first));
  }
}

}  // namespace store
