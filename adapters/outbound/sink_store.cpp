#include "sink_store.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace outbound {
namespace {

std::string counts_json(const std::map<std::string, std::uint64_t>& counts) {
  std::string out = "{";
  for (const auto& [type, count] : counts) {   // types are checked names, fit for JSON as they are
    out += fmt::format("{}\"{}\":{}", out.size() > 1 ? "," : "", type, count);
  }
  return out + "}";
}

}  // namespace

std::string SinkStats::json() const {
  return fmt::format(
      "{{\"requests\":{},\"transactions\":{},\"entries\":{},\"created\":{},\"updated\":{},"
      "\"unchanged\":{},\"deleted\":{},\"refused\":{},\"failed\":{},\"bytes\":{},\"evicted\":{},"
      "\"last_sequence\":{},\"kept\":{},\"received_by_type\":{},\"kept_by_type\":{}}}",
      requests, transactions, entries, created, updated, unchanged, deleted, refused, failed, bytes,
      evicted, last_sequence, kept, counts_json(received_by_type), counts_json(kept_by_type));
}

void SinkStore::erase(const std::string& key) {
  const auto at = slots_.find(key);
  if (at == slots_.end()) return;
  kept_bytes_ -= at->second.kept.text.size();
  --stats_.kept_by_type[at->second.type];
  order_.erase(at->second.place);
  slots_.erase(at);
}

void SinkStore::make_room() {
  while (!order_.empty() && (slots_.size() > resources_max_ || kept_bytes_ > bytes_max_)) {
    const std::string oldest = order_.front();
    erase(oldest);
    ++stats_.evicted;
  }
}

SinkWritten SinkStore::put(const SinkWrite& write) {
  ++stats_.received_by_type[write.type];
  const std::string key = write.type + "/" + write.id;
  const auto at = slots_.find(key);
  if (at == slots_.end()) {
    ++stats_.created;
    order_.push_back(key);
    slots_.emplace(key, Slot{{std::string(write.text), 1}, write.type, std::prev(order_.end())});
    kept_bytes_ += write.text.size();
    ++stats_.kept_by_type[write.type];
    make_room();
    return {201, 1};
  }
  Kept& kept = at->second.kept;
  if (kept.text == write.text) {
    ++stats_.unchanged;
    return {200, kept.version};
  }
  ++stats_.updated;
  kept_bytes_ += write.text.size();
  kept_bytes_ -= kept.text.size();
  kept.text = write.text;
  const std::uint64_t version = ++kept.version;
  order_.splice(order_.end(), order_, at->second.place);
  make_room();
  return {200, version};
}

SinkWritten SinkStore::remove(const SinkWrite& write) {
  ++stats_.deleted;
  erase(write.type + "/" + write.id);
  return {204, 0};
}

std::vector<SinkWritten> SinkStore::write(const std::vector<SinkWrite>& writes,
                                          std::size_t body_bytes, bool transaction,
                                          std::uint64_t sequence) {
  std::vector<SinkWritten> out;
  out.reserve(writes.size());
  const std::lock_guard lock(mutex_);
  ++stats_.requests;
  if (transaction) ++stats_.transactions;
  stats_.entries += writes.size();
  stats_.bytes += body_bytes;
  stats_.last_sequence = std::max(stats_.last_sequence, sequence);
  for (const SinkWrite& one : writes) {
    out.push_back(one.kind == SinkWrite::Kind::kPut ? put(one) : remove(one));
  }
  return out;
}

void SinkStore::count_request(bool refused, bool failed) {
  const std::lock_guard lock(mutex_);
  ++stats_.requests;
  if (refused) ++stats_.refused;
  if (failed) ++stats_.failed;
}

bool SinkStore::find(const std::string& type, const std::string& id, Kept& out) const {
  const std::lock_guard lock(mutex_);
  const auto at = slots_.find(type + "/" + id);
  if (at == slots_.end()) return false;
  out = at->second.kept;
  return true;
}

std::vector<std::string> SinkStore::newest(const std::string& type, std::size_t most) const {
  std::vector<std::string> out;
  const std::lock_guard lock(mutex_);
  for (auto key = order_.rbegin(); key != order_.rend() && out.size() < most; ++key) {
    const Slot& slot = slots_.at(*key);
    if (slot.type == type) out.push_back(slot.kept.text);
  }
  return out;
}

SinkStats SinkStore::stats() const {
  const std::lock_guard lock(mutex_);
  SinkStats out = stats_;
  out.kept = slots_.size();
  std::erase_if(out.kept_by_type, [](const auto& pair) { return pair.second == 0; });
  return out;
}

}  // namespace outbound
