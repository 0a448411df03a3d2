#include "resource_cache.hpp"

namespace store {

std::size_t ResourceCache::bytes_of(const Slot& slot) {
  return sizeof(Slot) + 2 * slot.name.size() + slot.current.resource.body.capacity() +
         slot.current.resource.type.size() + slot.current.resource.id.size() + 64;
}

Current* ResourceCache::find(const std::string& name) {
  // Asked for several times in a row: read, judged, written.
  if (!slots_.empty() && slots_.front().name == name) return &slots_.front().current;
  const auto place = places_.find(name);
  if (place == places_.end()) return nullptr;
  slots_.splice(slots_.begin(), slots_, place->second);
  return &slots_.front().current;
}

Current* ResourceCache::find_row(const std::string& name) {
  if (Current* whole = find(name)) return whole;
  const auto row = rows_.find(name);
  return row == rows_.end() ? nullptr : &row->second;
}

void ResourceCache::keep_row(Slot slot) {
  if (rows_.size() >= kRowsMax) rows_.clear();
  Resource& resource = slot.current.resource;
  for (std::string* text : {&resource.type, &resource.id, &resource.body}) {
    std::string().swap(*text);
  }
  rows_.insert_or_assign(std::move(slot.name), std::move(slot.current));
}

Current& ResourceCache::put(const std::string& name, Current current) {
  if (const auto place = places_.find(name); place != places_.end()) {
    bytes_ -= place->second->bytes;
    slots_.erase(place->second);
    places_.erase(place);
  }
  rows_.erase(name);
  slots_.push_front({name, std::move(current), 0});
  places_[name] = slots_.begin();
  slots_.front().bytes = bytes_of(slots_.front());
  bytes_ += slots_.front().bytes;
  while (bytes_ > kBytesMax && slots_.size() > 1) {
    bytes_ -= slots_.back().bytes;
    places_.erase(slots_.back().name);
    keep_row(std::move(slots_.back()));
    slots_.pop_back();
  }
  return slots_.front().current;
}

void ResourceCache::changed(const std::string& name) {
  touched_.push_back(name);
  const auto place = places_.find(name);
  if (place == places_.end()) return;
  Slot& slot = *place->second;
  bytes_ -= slot.bytes;
  slot.bytes = bytes_of(slot);
  bytes_ += slot.bytes;
}

void ResourceCache::undo(std::size_t keep) {
  for (; touched_.size() > keep; touched_.pop_back()) {
    rows_.erase(touched_.back());
    const auto place = places_.find(touched_.back());
    if (place == places_.end()) continue;
    bytes_ -= place->second->bytes;
    slots_.erase(place->second);
    places_.erase(place);
  }
}

}  // namespace store
