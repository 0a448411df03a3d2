#include <mapping/unmapped.hpp>

#include <algorithm>

namespace mapping {

void UnmappedTally::add(std::string_view feed, std::string_view control_id,
                        std::optional<core::Instant> when, const std::vector<VocabMiss>& misses) {
  if (misses.empty()) return;
  const std::lock_guard lock(mutex_);
  for (const VocabMiss& miss : misses) {
    const std::string_view code =
        miss.code.size() > kUnmappedCodeBytesMax ? kLongCode : std::string_view(miss.code);
    Key key{std::string(feed), miss.table, std::string(code)};
    auto at = counts_.find(key);
    if (at == counts_.end()) {
      if (counts_.size() >= kUnmappedCodesMax) {
        ++dropped_;
        continue;
      }
      Unmapped fresh;
      fresh.feed = feed;
      fresh.vocab = miss.table;
      fresh.code = code;
      fresh.first_control_id = control_id;
      fresh.first_seen = when;
      at = counts_.emplace(std::move(key), std::move(fresh)).first;
    }
    Unmapped& one = at->second;
    ++one.count;
    one.last_control_id = control_id;
    one.last_seen = when;
  }
}

std::vector<Unmapped> UnmappedTally::list() const {
  std::vector<Unmapped> out;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, one] : counts_) out.push_back(one);
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const Unmapped& a, const Unmapped& b) { return a.count > b.count; });
  return out;
}

std::uint64_t UnmappedTally::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

}  // namespace mapping
