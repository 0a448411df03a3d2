#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pipeline {

/// An HL7 v2 receiver as DestinationConfig::url holds it: "mllp://host:port/transformation".
/// Without a transformation messages go out as they came.
struct V2Address {
  std::string host;         ///< without brackets
  std::uint16_t port = 0;
  std::string transform;    ///< empty: none

  /// nullopt for other schemes and for what is no such address.
  static std::optional<V2Address> parse(std::string_view url);
  std::string text() const;
  bool loopback() const;    ///< an address of this machine, or "localhost"
};

}  // namespace pipeline
