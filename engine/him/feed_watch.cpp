#include "feed_watch.hpp"

#include <core/micros.hpp>

#include <algorithm>

namespace him {
namespace {

using core::Instant;
using core::instant;
using core::micros;
using namespace std::chrono_literals;

/// A feed is behind when a message arrives so long after it was written...
constexpr auto kBehind = 1h;
/// ...and has caught up when none of those came for so long.
constexpr auto kCaughtUp = 15min;
/// How exactly the time of the last message is kept on disk.
constexpr auto kSaveEvery = 1min;

bool is_needed(const Rule& rule, const FeedFacts& feed) {
  if (feed.historical) return false;
  if (!rule.feeds.empty() &&
      std::find(rule.feeds.begin(), rule.feeds.end(), feed.name) == rule.feeds.end()) {
    return false;
  }
  if (feed.messages.empty()) return true;
  return std::any_of(rule.needs.begin(), rule.needs.end(), [&feed](const std::string& type) {
    return std::any_of(feed.messages.begin(), feed.messages.end(),
                       [&type](const std::string& one) { return one.starts_with(type); });
  });
}

}  // namespace

void FeedWatch::load() {
  loaded_ = true;
  (void)db_.query("SELECT feed, received, event FROM him_feed", {}, [this](const store::Row& row) {
    const Instant received = instant(row.integer(1));
    last_[std::string(row.text(0))] = {received, instant(row.integer(2)), received};
    return true;
  });
}

core::Status FeedWatch::heard(std::string_view feed, const Cause& cause) {
  if (!loaded_) load();
  Last& last = last_[std::string(feed)];
  const Instant event = cause.event_time.value_or(cause.now);
  const bool behind = cause.now - event > kBehind;
  const bool was_behind = last.received - last.event > kBehind;
  last.received = std::max(last.received, cause.now);
  last.event = event;
  if (behind == was_behind && last.received - last.saved < kSaveEvery) return {};
  last.saved = last.received;
  return db_.run(
      "INSERT INTO him_feed (feed, received, event) VALUES (?1, ?2, ?3) "
      "ON CONFLICT (feed) DO UPDATE SET received = ?2, event = ?3",
      {feed, micros(last.received), micros(last.event)});
}

bool FeedWatch::holds_back(const Rule& rule, std::optional<Instant> due, Instant now) {
  if (site_.feeds.empty()) return false;
  if (!loaded_) load();
  for (const FeedFacts& feed : site_.feeds) {
    if (!is_needed(rule, feed)) continue;
    const auto found = last_.find(feed.name);
    const bool known = found != last_.end();
    if (feed.silent_after.count() > 0) {
      // Silent from the day it went live counts too: then nothing at all is known.
      if (!known || now - found->second.received > feed.silent_after) return true;
    }
    if (!known || !due) continue;
    const Last& last = found->second;
    const bool behind = last.received - last.event > kBehind && now - last.received < kCaughtUp;
    if (behind && last.event < *due) return true;
  }
  return false;
}

}  // namespace him
