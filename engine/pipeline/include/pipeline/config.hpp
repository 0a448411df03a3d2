#pragma once
#include <core/clock.hpp>
#include <core/ids.hpp>
#include <core/result.hpp>
#include <core/yaml.hpp>
#include <hl7/charset.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pipeline {

/// `listeners:` one entry. Off loopback only MLLP with `plaintext: true` and a `peers:` list.
struct ListenerConfig {
  enum class Kind { kMllp, kHttp } kind = Kind::kMllp;
  std::string name;
  std::string bind = "127.0.0.1";
  std::uint16_t port = 0;               ///< 0 = any free port, printed at start
  core::FeedName feed;                  ///< MLLP only
  int release = 1;                      ///< MLLP release: 2 adds commit blocks 06/15
  bool plaintext = false;
  std::vector<std::string> peers;       ///< addresses or CIDR blocks allowed to connect
  std::size_t frame_bytes_max = 16u << 20;
  std::size_t connections_max = 2000;
  std::chrono::milliseconds idle_timeout{0};          ///< 0 = unlimited
  std::chrono::milliseconds frame_timeout{30'000};    ///< progress within a frame
  std::chrono::milliseconds write_timeout{30'000};    ///< peer must take its ACK
};

struct FeedConfig {
  enum class Ack { kStored, kApplied };
  enum class Mpi { kOff, kReview, kLink };
  core::FeedName name;
  std::string mapping = "base";         ///< "base" or "base+<site>": overlays from mappings/sites/
  core::TimeZone zone;
  hl7::CharsetPolicy charset;
  Ack ack = Ack::kStored;
  std::chrono::milliseconds ack_timeout{10'000};      ///< for `ack: applied`
  std::vector<std::string> processing_ids{"P", "T", "D"};
  std::vector<std::string> accept;      ///< message types; empty = every type the schema knows
  bool strict = false;                  ///< refuse every structural fault, tolerate nothing
  /// What is done about a new number of this feed that may be somebody known: nothing, a pair for
  /// the review queue, or for certain ones a link.
  Mpi mpi = Mpi::kOff;
  bool ack_warnings = false;            ///< tolerances ride with a positive ACK as ERR severity W
  std::map<std::string, std::string> values;          ///< %name in mapping rules
  bool historical = false;              ///< a back-load: deficiencies neither open nor send letters
  std::optional<core::Instant> live_from;             ///< rules are silent about what came before
  /// No message for so long: the feed is down, what the clock alone would do waits. Unset: 24 h,
  /// and never on a simulated clock, where nobody sends in between. 0: never.
  std::optional<std::chrono::milliseconds> silent_after;
};

struct RouteConfig {
  core::FeedName from;
  core::DestinationName to;
  std::vector<std::string> processing_ids{"P"};       ///< T and D go out only where asked
};

struct DestinationConfig {
  enum class OnRefusal { kPark, kHold };
  core::DestinationName name;
  std::string url;                      ///< FHIR base, or HL7 v2: pipeline/v2_address.hpp
  std::string transform_at;             ///< file:line:column of `transform:`; empty without one
  std::size_t connections = 8;
  std::chrono::milliseconds timeout{30'000};
  OnRefusal on_refusal = OnRefusal::kPark;
  std::chrono::milliseconds retry_delay{500};
  std::chrono::milliseconds retry_delay_max{60'000};
  std::optional<std::chrono::seconds> max_age;        ///< older than this parks
};

/// chartwire.yaml, checked. Paths are absolute (resolved from the file's folder).
struct EngineConfig {
  std::string file;
  std::vector<ListenerConfig> listeners;
  std::vector<FeedConfig> feeds;
  std::vector<RouteConfig> routes;
  std::vector<DestinationConfig> destinations;
  std::string store_path = "data";
  std::uint64_t disk_free_min_bytes = 256u << 20;
  std::chrono::hours duplicates_window{24 * 7};
  std::string mappings;                 ///< folder with base/, him/, sites/; empty = shipped copy
  std::string name_space = "urn:chartwire:local";
  std::map<std::string, std::string, std::less<>> authorities;
  std::string text;                     ///< the file as read, to be journaled

  bool simulated = false;               ///< set by `serve --clock`, not by the file

  const FeedConfig* feed(const core::FeedName& name) const;
};


/// All problems of a file, each "file:line:column: text; hint".
struct ConfigProblem {
  std::string where, text, hint;
  std::string render() const;
};

/// Reads and checks a configuration: unknown keys (with the nearest name), types, ranges, duplicate
/// names, references to feeds and destinations, bind rules. nullopt when there is any problem.
std::optional<EngineConfig> load_config(const std::string& path,
                                        std::vector<ConfigProblem>& problems);
std::optional<EngineConfig> parse_config(const core::yaml::File& file, const std::string& directory,
                                         std::vector<ConfigProblem>& problems);

/// "250ms", "30s", "5m", "12h", "7d". kBadConfig otherwise.
core::Result<std::chrono::milliseconds> parse_duration(std::string_view text);
/// "512", "64KiB", "16MiB", "2GiB".
core::Result<std::uint64_t> parse_bytes(std::string_view text);

}  // namespace pipeline
