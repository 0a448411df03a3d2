#include "sent_before.hpp"

#include <utility>

namespace pipeline {
namespace {

std::size_t bytes_of(const store::Resource& resource) {
  constexpr std::size_t kOverhead = 128;   // of the map's node and the pointer's
  return sizeof resource + resource.body.capacity() + 2 * resource.id.size() + kOverhead;
}

}  // namespace

SentBefore::Kept SentBefore::find(const store::VersionRef& ref) {
  const auto known = last_.find(name_of(ref.type, ref.id));
  if (known == last_.end() || known->second->version != ref.version) return nullptr;
  return known->second;
}

SentBefore::Kept SentBefore::keep(store::Resource resource) {
  auto kept = std::make_shared<const store::Resource>(std::move(resource));
  const std::size_t bytes = bytes_of(*kept);
  if (bytes_ + bytes > kBytesMax) {
    last_.clear();
    bytes_ = 0;
  }
  if (bytes > kBytesMax) return kept;
  Kept& place = last_[name_of(kept->type, kept->id)];
  if (place) bytes_ -= bytes_of(*place);
  bytes_ += bytes;
  return place = kept;
}

}  // namespace pipeline
