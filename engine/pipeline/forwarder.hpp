#pragma once
#include <mapping/mapper.hpp>
#include <pipeline/config.hpp>
#include <pipeline/knowledge.hpp>
#include <pipeline/v2_address.hpp>
#include <store/journal.hpp>

#include <map>
#include <memory>
#include <optional>

namespace pipeline {

/// What an HL7 v2 destination gets: the stored message, through the transformation of its feed's
/// mapping. Thread: one at a time (its dispatcher's).
class Forwarder {
 public:
  /// kBadConfig when a feed that is routed there has no such transformation.
  static core::Result<std::unique_ptr<Forwarder>> create(
      const EngineConfig& config, std::shared_ptr<const Knowledge> knowledge,
      const store::Journal& journal, const DestinationConfig& destination);

  /// The message of that sequence, ER7. kNotMapped when the transformation refuses it,
  /// kStoreCorrupt when it is no longer there.
  core::Result<std::string> message(core::Sequence sequence);

 private:
  Forwarder(const EngineConfig& config, std::shared_ptr<const Knowledge> knowledge,
            const store::Journal& journal, V2Address address);
  const EngineConfig& config_;
  std::shared_ptr<const Knowledge> knowledge_;
  const store::Journal& journal_;
  V2Address address_;
  std::map<std::string, std::unique_ptr<mapping::Mapper>> mappers_;   ///< by mapping name
};

/// Whether a message of that feed and type goes to the destination: always to FHIR; to HL7 v2 when
/// its transformation accepts the type.
bool goes_to(const DestinationConfig& destination, const FeedConfig& feed,
             const Knowledge& knowledge, const hl7::Message& message);

}  // namespace pipeline
