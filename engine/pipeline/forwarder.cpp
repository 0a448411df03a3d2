#include "forwarder.hpp"

#include <identity/unmerge.hpp>
#include <mapping/transforms.hpp>

#include <algorithm>

#include "map_stage.hpp"

namespace pipeline {

using core::ErrorCode;

Forwarder::Forwarder(const EngineConfig& config, std::shared_ptr<const Knowledge> knowledge,
                     const store::Journal& journal, const DestinationConfig& destination,
                     V2Address address)
    : config_(config), knowledge_(std::move(knowledge)), journal_(journal),
      destination_(destination), address_(std::move(address)) {}

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
      new Forwarder(config, std::move(knowledge), journal, destination, std::move(*address)));
}

core::Result<std::string> Forwarder::message(const store::OutboxItem& item,
                                             store::Records& records) {
  auto entry = journal_.find(item.sequence);
  if (!entry) return core::fail(entry.error());
  if (!*entry) return core::fail(ErrorCode::kStoreCorrupt, "the message is no longer there");
  if ((*entry)->kind == store::EntryKind::kCommand) {
    auto text = repair(item, records);
    std::set<std::string> routed;
    for (const FeedConfig& feed : config_.feeds) routed.insert(feed.name.value());
    const FeedConfig* feed = repair_feed(config_, destination_, routed);
    if (text && !feed) return core::fail(ErrorCode::kNotMapped, "no feed is routed there any more");
    return text ? transformed(std::move(*text), *feed) : std::move(text);
  }
  const FeedConfig* feed = config_.feed((*entry)->feed);
  if (!feed) return core::fail(ErrorCode::kStoreCorrupt, "its feed is no longer there");
  auto text = to_er7(**entry, *feed);
  return text ? transformed(std::move(*text), *feed) : std::move(text);
}

core::Result<std::string> Forwarder::repair(const store::OutboxItem& item,
                                            store::Records& records) const {
  auto messages = identity::list_repairs(records, item.sequence);
  if (!messages) return core::fail(messages.error());
  for (identity::RepairMessage& message : *messages) {
    if (message.number == item.part) return std::move(message.body);
  }
  return core::fail(ErrorCode::kStoreCorrupt, "the message is no longer there");
}

core::Result<std::string> Forwarder::transformed(std::string text, const FeedConfig& feed) {
  if (address_.transform.empty()) return text;
  auto message = hl7::Message::parse(std::move(text));
  if (!message) return core::fail(ErrorCode::kNotMapped, message.error().text());
  auto& mapper = mappers_[feed.mapping];
  if (!mapper) {
    mapper = std::make_unique<mapping::Mapper>(knowledge_->mappings.at(feed.mapping));
  }
  auto made = mapper->transform(*message, address_.transform, environment_of(config_, feed));
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

const FeedConfig* repair_feed(const EngineConfig& config, const DestinationConfig& destination,
                              const std::set<std::string>& feeds) {
  if (!V2Address::parse(destination.url)) return nullptr;
  for (const RouteConfig& route : config.routes) {
    const auto& ids = route.processing_ids;
    if (route.to != destination.name || !feeds.contains(route.from.value())) continue;
    if (std::find(ids.begin(), ids.end(), "P") != ids.end()) return config.feed(route.from);
  }
  return nullptr;
}

}  // namespace pipeline
