#include "forwarder.hpp"

#include <mapping/transforms.hpp>

#include "map_stage.hpp"

namespace pipeline {

using core::ErrorCode;

Forwarder::Forwarder(const EngineConfig& config, std::shared_ptr<const Knowledge> knowledge,
                     const store::Journal& journal, V2Address address)
    : config_(config), knowledge_(std::move(knowledge)), journal_(journal),
      address_(std::move(address)) {}

core::Result<std::unique_ptr<Forwarder>> Forwarder::create(
    const EngineConfig& config, std::shared_ptr<const Knowledge> knowledge,
    const store::Journal& journal, const DestinationConfig& destination) {
  auto address = V2Address::parse(destination.url);
  if (!address) return core::fail(ErrorCode::kBadConfig, "no address of an HL7 v2 receiver");
  for (const RouteConfig& route : config.routes) {
    const FeedConfig* feed = config.feed(route.from);
    if (route.to != destination.name || !feed || address->transform.empty()) continue;
    if (mapping::has_transform(*knowledge->mappings.at(feed->mapping), address->transform)) {
      continue;
    }
    return core::fail(ErrorCode::kBadConfig,
                      "destination " + destination.name.value() + ": the mapping of feed " +
                          feed->name.value() + " has no transformation \"" + address->transform +
                          "\"");
  }
  return std::unique_ptr<Forwarder>(
      new Forwarder(config, std::move(knowledge), journal, std::move(*address)));
}

core::Result<std::string> Forwarder::message(core::Sequence sequence) {
  auto entry = journal_.find(sequence);
  if (!entry) return core::fail(entry.error());
  const FeedConfig* feed = *entry ? config_.feed((*entry)->feed) : nullptr;
  if (!feed) {
    return core::fail(ErrorCode::kStoreCorrupt, "the message or its feed is no longer there");
  }
  auto text = to_er7(**entry, *feed);
  if (!text || address_.transform.empty()) return text;
  auto message = hl7::Message::parse(std::move(*text));
  if (!message) return core::fail(ErrorCode::kNotMapped, message.error().text());
  auto& mapper = mappers_[feed->mapping];
  if (!mapper) {
    mapper = std::make_unique<mapping::Mapper>(knowledge_->mappings.at(feed->mapping));
  }
  auto made = mapper->transform(*message, address_.transform, environment_of(config_, *feed));
  if (!made) return core::fail(ErrorCode::kNotMapped, made.error().text());
  return std::move(made->text);
}

bool goes_to(const DestinationConfig& destination, const FeedConfig& feed,
             const Knowledge& knowledge, const hl7::Message& message) {
  const auto address = V2Address::parse(destination.url);
  if (!address || address->transform.empty()) return true;
  const hl7::Header header = hl7::read_header(message);
  return mapping::transform_accepts(*knowledge.mappings.at(feed.mapping), address->transform,
                                    header.type, header.trigger);
}

}  // namespace pipeline
