#include <core/text.hpp>
#include <mapping/transforms.hpp>
#include <pipeline/destination_check.hpp>
#include <pipeline/v2_address.hpp>

#include <set>

namespace pipeline {
namespace {

struct Want {
  const DestinationConfig& destination;
  std::string name;   ///< of the transformation
};

void check_in(const Want& want, const std::string& mapping_name, const Knowledge& knowledge,
              std::vector<ConfigProblem>& problems) {
  const auto found = knowledge.mappings.find(mapping_name);
  if (found == knowledge.mappings.end()) return;
  if (mapping::has_transform(*found->second, want.name)) return;
  const auto names = mapping::transform_names(*found->second);
  const std::string_view near = core::nearest(want.name, names);
  problems.push_back({want.destination.transform_at,
                      "destination " + want.destination.name.value() + ": mapping \"" +
                          mapping_name + "\" has no transformation \"" + want.name + "\"",
                      near.empty() ? "" : "did you mean \"" + std::string(near) + "\"?"});
}

}  // namespace

std::vector<ConfigProblem> check_destinations(const EngineConfig& config,
                                              const Knowledge& knowledge) {
  std::vector<ConfigProblem> problems;
  for (const DestinationConfig& destination : config.destinations) {
    const auto address = V2Address::parse(destination.url);
    if (!address || address->transform.empty()) continue;
    std::set<std::string> mappings;
    for (const RouteConfig& route : config.routes) {
      const FeedConfig* feed = route.to == destination.name ? config.feed(route.from) : nullptr;
      if (feed) mappings.insert(feed->mapping);
    }
    if (mappings.empty()) {
      for (const FeedConfig& feed : config.feeds) mappings.insert(feed.mapping);
    }
    for (const std::string& name : mappings) {
      check_in({destination, address->transform}, name, knowledge, problems);
    }
  }
  return problems;
}

}  // namespace pipeline
