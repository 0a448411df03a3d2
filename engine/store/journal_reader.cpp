#include "journal_reader.hpp"

#include "files.hpp"

#include <algorithm>

namespace store {
namespace {

// The segment that would hold the sequence: the last that begins at or before it.
std::size_t index_for(const std::vector<SegmentName>& names, std::uint64_t sequence) {
  const auto after = std::upper_bound(
      names.begin(), names.end(), sequence,
      [](std::uint64_t s, const SegmentName& name) { return s < name.first; });
  return after == names.begin() ? 0 : static_cast<std::size_t>(after - names.begin()) - 1;
}

}  // namespace

void JournalReader::set_segments(std::vector<SegmentName> names) {
  const std::lock_guard lock(mutex_);
  names_ = std::move(names);
}

void JournalReader::add_segment(const SegmentName& name) {
  const std::lock_guard lock(mutex_);
  names_.push_back(name);
}

core::Status JournalReader::refresh() {
  auto names = list_segments(folder_);
  if (!names) return core::fail(names.error());
  set_segments(std::move(*names));
  return {};
}

core::Result<std::vector<Entry>> JournalReader::read(std::uint64_t after, std::uint64_t last,
                                                     std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  std::vector<Entry> entries;
  std::size_t bytes = 0;
  for (std::size_t i = index_for(names_, after + 1); i < names_.size() && entries.size() < limit;
       ++i) {
    if (names_[i].first > last || bytes >= kReadBytesMax) break;
    const auto db = readers_.get(names_[i]);
    if (!db) return core::fail(db.error());
    std::vector<Entry> part;
    const auto status =
        load_entries(**db, after, limit - entries.size(), kReadBytesMax - bytes, part);
    if (!status) {
      if (entries.empty()) return core::fail(status.error());
      break;   // the next call meets the damaged one first
    }
    for (Entry& entry : part) {
      if (entry.sequence.value() > last) return entries;
      bytes += bytes_of(entry);
      after = entry.sequence.value();
      entries.push_back(std::move(entry));
    }
    // load_entries() also ends before a damaged entry: do not step over it into the next segment.
    const auto end = last_sequence(**db);
    if (!end) return core::fail(end.error());
    if (after < std::min(*end, last)) break;
  }
  return entries;
}

core::Result<std::optional<Entry>> JournalReader::find(std::uint64_t sequence) const {
  const std::lock_guard lock(mutex_);
  if (names_.empty() || sequence < names_.front().first) return std::optional<Entry>{};
  const auto db = readers_.get(names_[index_for(names_, sequence)]);
  if (!db) return core::fail(db.error());
  return load_entry(**db, sequence);
}

core::Result<std::vector<Entry>> JournalReader::find_control_id(const std::string& control_id,
                                                                std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  std::vector<Entry> found;
  const std::uint64_t hash = control_hash(control_id);
  for (auto name = names_.rbegin(); name != names_.rend() && found.size() < limit; ++name) {
    const auto db = readers_.get(*name);
    if (!db) return core::fail(db.error());
    const auto sequences = find_control_hash(**db, hash, limit - found.size());
    if (!sequences) return core::fail(sequences.error());
    for (const std::uint64_t sequence : *sequences) {
      auto entry = load_entry(**db, sequence);
      if (!entry) return core::fail(entry.error());
      if (*entry && (*entry)->control_id.value() == control_id) found.push_back(std::move(**entry));
    }
  }
  return found;
}

core::Result<std::uint64_t> JournalReader::last() const {
  const std::lock_guard lock(mutex_);
  if (names_.empty()) return std::uint64_t{0};
  const auto db = readers_.get(names_.back());
  if (!db) return core::fail(db.error());
  auto last = last_sequence(**db);
  if (last && *last == 0) return names_.back().first - 1;
  return last;
}

std::uint64_t JournalReader::first() const {
  const std::lock_guard lock(mutex_);
  return names_.empty() ? 0 : names_.front().first;
}

std::size_t JournalReader::count() const {
  const std::lock_guard lock(mutex_);
  return names_.size();
}

std::uint64_t JournalReader::bytes() const {
  std::vector<SegmentName> names;
  {
    const std::lock_guard lock(mutex_);
    names = names_;
  }
  std::uint64_t bytes = 0;
  for (const SegmentName& name : names) {
    const std::string path = segment_path(folder_, name);
    bytes += file_bytes(path) + file_bytes(path + "-wal");
  }
  return bytes;
}

}  // namespace store
