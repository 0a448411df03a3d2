#pragma once
#include <mapping/mapper.hpp>
#include <pipeline/config.hpp>
#include <pipeline/knowledge.hpp>
#include <pipeline/v2_address.hpp>
#include <store/journal.hpp>
#include <store/records.hpp>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

namespace pipeline {

/// What an HL7 v2 destination gets: the stored message, or one of our own about a merge, through
/// the transformation of its feed's mapping. Thread: one at a time (its dispatcher's).
class Forwarder {
 public:
  /// kBadConfig when a feed that is routed there has no such transformation.
  static core::Result<std::unique_ptr<Forwarder>> create(
      const EngineConfig& config, std::shared_ptr<const Knowledge> knowledge,
      const store::Journal& journal, const DestinationConfig& destination);

  /// What a row of the outbox stands for, ER7: the message of its sequence, or, where that is a
  /// command, the message of that number which it gave rise to (repair_messages.hpp), read from
  /// `records`. kNotMapped when the transformation refuses it, kStoreCorrupt when it is no longer
  /// there.
  core::Result<std::string> message(const store::OutboxItem& item, store::Records& records);

 private:
  Forwarder(const EngineConfig& config, std::shared_ptr<const Knowledge> knowledge,
            const store::Journal& journal, const DestinationConfig& destination,
            V2Address address);
  core::Result<std::string> repair(const store::OutboxItem& item, store::Records& records) const;
  core::Result<std::string> transformed(std::string text, const FeedConfig& feed);

  const EngineConfig& config_;
  std::shared_ptr<const Knowledge> knowledge_;
  const store::Journal& journal_;
  const DestinationConfig& destination_;
  V2Address address_;
  std::map<std::string, std::unique_ptr<mapping::Mapper>> mappers_;   ///< by mapping name
};

/// Whether a message of that feed and type goes to the destination: always to FHIR; to HL7 v2 when
/// its transformation accepts the type.
bool goes_to(const DestinationConfig& destination, const FeedConfig& feed,
             const Knowledge& knowledge, const hl7::Message& message);

/// The feed, of these, in whose name a message of our own goes to an HL7 v2 destination: the first
/// whose production messages (MSH-11 P) are routed there; nullptr when none is, or it is no HL7 v2.
const FeedConfig* repair_feed(const EngineConfig& config, const DestinationConfig& destination,
                              const std::set<std::string>& feeds);

}  // namespace pipeline
