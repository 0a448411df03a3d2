#include <pipeline/site.hpp>

namespace pipeline {
namespace {

/// On the system clock a feed that says nothing for a day is taken to be down.
inline constexpr std::chrono::hours kSilentAfter{24};

}  // namespace

him::Site him_site(const EngineConfig& config) {
  him::Site site;
  if (!config.feeds.empty()) site.zone = config.feeds.front().zone;
  for (const FeedConfig& feed : config.feeds) {
    him::FeedFacts facts;
    facts.name = feed.name.value();
    facts.messages = feed.accept;
    facts.historical = feed.historical;
    facts.live_from = feed.live_from;
    if (feed.silent_after) {
      facts.silent_after = *feed.silent_after;
    } else if (!config.simulated) {
      facts.silent_after = kSilentAfter;
    }
    site.feeds.push_back(std::move(facts));
  }
  return site;
}

}  // namespace pipeline
