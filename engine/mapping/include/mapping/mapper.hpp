#pragma once
#include <core/clock.hpp>
#include <core/hash.hpp>
#include <core/result.hpp>
#include <fhir/merge.hpp>
#include <fhir/node.hpp>
#include <hl7/message.hpp>
#include <mapping/mapping_set.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mapping {

/// What a feed brings besides the message. Shared, immutable while mapping.
struct Environment {
  core::TimeZone zone;                    ///< for times without offset (else MSH-7's offset first)
  std::string name_space = "urn:chartwire:local";  ///< %ns: URI prefix of the tenant's private
                                                   ///< names
  /// Authority registry: namespace id, OID or name -> one URI (mapping.md section 3).
  std::map<std::string, std::string, std::less<>> authorities;
  /// %name values usable in rules ("severityIs" -> "criticality").
  std::map<std::string, std::string, std::less<>> values;
};

/// Placeholders: mapping emits keys, apply resolves them. A reference to another draft of the same
/// message is the string "\x01<n>", n = its index in MapOutput::drafts; the same marker inside a
/// key's text ("\x01" "0\x02/PCN") stands for that draft's resolved id.
inline constexpr char kDraftMark = '\x01';
inline constexpr char kDraftEnd = '\x02';

/// A resource as one message states it.
struct Draft {
  std::string_view type;        ///< "Patient"
  fhir::Node* root = nullptr;   ///< without id; references hold placeholders
  /// The key ladder, valued entries only, best first: the first names the resource, all are
  /// recorded as its keys. Never empty: what has no key of its own gets parent key + content.
  std::vector<std::string> keys;
  std::string_view made_as;     ///< the plan's name: "patient", "report"; empty for linked
                                ///< resources
  std::uint32_t map_rule = 0;   ///< RuleInfo of the map
  std::int32_t patient = -1;    ///< draft index of the Patient it belongs to; -1 = none (shared)
  bool shared = false;          ///< Practitioner, PractitionerRole, Organization, Location...
  /// States only a change of a resource that is known already (map key `partial: true`); nothing is
  /// made of it when there is none.
  bool partial = false;
  bool inferred_authority = false;  ///< key used MSH-4 for a missing assigning authority
  fhir::MergePolicy policy;
};

/// Where a leaf came from; index in MapOutput::lineage is fhir::Node::lineage (1-based).
struct Lineage {
  std::uint32_t segment = 0;    ///< segment index in the message; kLiteral for a constant
  std::int16_t field = 0, repetition = 0, component = 0, subcomponent = 0;
  std::uint32_t rule = 0;
  static constexpr std::uint32_t kLiteral = 0xffffffff;
};

struct VocabMiss {
  std::string table;            ///< vocab name
  std::string code;
  std::uint32_t rule = 0;
};

/// Result of one message. Lives in the Mapper until its next map(); nodes are in `document`.
struct MapOutput {
  fhir::Document document;
  std::shared_ptr<const void> recalled;  ///< keeps texts alive that nodes share with a Recall
  std::vector<Draft> drafts;
  std::vector<Lineage> lineage;          ///< filled when lineage was asked for
  std::vector<VocabMiss> vocab_misses;
  hl7::Issues issues;                    ///< grouping tolerances, dropped repetitions, bad values
  std::string_view structure;            ///< structure id used for grouping

  /// Explain only: populated fields that no rule read.
  std::vector<hl7::Location> unused_fields;
  /// Explain only: by rule (index of MappingSet::rule), whether it wrote something.
  std::vector<bool> wrote;
};

/// Result of a transformation: a whole message, ER7, segments ended by CR.
struct V2Output {
  std::string text;
  std::string_view transform;            ///< its name
  std::vector<VocabMiss> vocab_misses;
  hl7::Issues issues;
};

/// What rules made of values before, and what segments of one shape become. Feeds say the same
/// things again and again (physicians, wards, codes, units) and build their segments alike, and a
/// copy costs a fraction of running the rules; results never differ. May serve
/// several Mappers of one set and environment, whose outputs stay whole when it changes or goes.
/// Bounded: about 10 MB. Thread: one map() at a time among the Mappers that share it.
class Recall {
 public:
  Recall();
  ~Recall();
  Recall(Recall&&) noexcept;
  Recall& operator=(Recall&&) noexcept;

 private:
  friend class Mapper;
  struct State;
  std::unique_ptr<State> state_;
};

struct MapOptions {
  bool lineage = false;
  bool explain = false;    ///< lineage + unused_fields
  Recall* recall = nullptr;  ///< nullptr: one of the Mapper's own
};

/// Runs plans over messages. One per worker thread; reuses its memory. Pure: same message, set and
/// environment give the same output, bit for bit.
class Mapper {
 public:
  using Options = MapOptions;
  explicit Mapper(std::shared_ptr<const MappingSet> set);
  ~Mapper();
  Mapper(const Mapper&) = delete;
  Mapper& operator=(const Mapper&) = delete;

  /// kNotMapped when no plan accepts the message; kUnsupportedVersion when MSH-12 is no 2.x.
  core::Result<const MapOutput*> map(const hl7::Message& message, const Environment& environment,
                                     Options options = {});

  /// HL7 v2 to HL7 v2 by the set's transformation of that name (mappings/README.md); an empty name
  /// stands for the first that accepts the message. Sources read the message as it came; what no
  /// step names keeps its bytes. Errors: kNotMapped when there is none, or it does not accept the
  /// message.
  core::Result<V2Output> transform(const hl7::Message& message, std::string_view name,
                                   const Environment& environment);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The id first proposed for a key: UUIDv5(tenant, Type | key), beside the parent's when the key
/// begins with one (core::uuid_beside). Records hold the truth afterwards.
core::Uuid proposed_id(const Environment& environment, std::string_view type, std::string_view key);

/// Replaces draft markers in a key by ids.
std::string resolve_key(std::string_view key, std::span<const std::string> ids_by_draft);

/// The message's own resources as one transaction Bundle (what `chartwire map` prints): ids
/// proposed
/// from keys, references resolved, MessageHeader first when present. Drafts with equal ids merged.
void write_bundle(const MapOutput& output, const Environment& environment,
                  std::string_view identifier, std::string& out);

}  // namespace mapping
