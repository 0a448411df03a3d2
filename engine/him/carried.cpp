#include "carried.hpp"

#include <algorithm>
#include <string>

namespace him {
namespace {

std::string_view message_type(std::string_view type) { return type.substr(0, type.find('^')); }

bool has(const std::vector<std::string>& types, std::string_view type) {
  return std::find(types.begin(), types.end(), type) != types.end();
}

}  // namespace

core::Result<const Site*> Carried::site() {
  if (loaded_) return &site_;
  site_ = declared_;
  for (FeedFacts& feed : site_.feeds) {
    if (!feed.messages.empty()) continue;
    feed.messages = {"ADT", "MDM"};
    const auto done = db_.query("SELECT type FROM him_carried WHERE feed = ?1 ORDER BY type",
                                {std::string_view(feed.name)}, [&feed](const store::Row& row) {
                                  feed.messages.emplace_back(row.text(0));
                                  return true;
                                });
    if (!done) return core::fail(done.error());
  }
  loaded_ = true;
  return &site_;
}

core::Result<bool> Carried::heard(std::string_view feed, std::string_view type) {
  const auto now = site();
  if (!now) return core::fail(now.error());
  const std::string_view kind = message_type(type);
  for (std::size_t i = 0; i < site_.feeds.size(); ++i) {
    if (site_.feeds[i].name != feed || !declared_.feeds[i].messages.empty()) continue;
    if (kind.empty() || has(site_.feeds[i].messages, kind)) return false;
    site_.feeds[i].messages.emplace_back(kind);
    const auto done = db_.run("INSERT OR IGNORE INTO him_carried (feed, type) VALUES (?1, ?2)",
                              {feed, kind});
    if (!done) return core::fail(done.error());
    return true;
  }
  return false;
}

}  // namespace him
