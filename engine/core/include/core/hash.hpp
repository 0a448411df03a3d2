#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace core {

/// SHA-256. Thread: any.
using Digest = std::array<std::uint8_t, 32>;
Digest sha256(std::string_view bytes);

/// An RFC 4122 UUID, kept as its 16 bytes.
struct Uuid {
  std::array<std::uint8_t, 16> bytes{};
  auto operator<=>(const Uuid&) const = default;
  std::string text() const;  ///< 8-4-4-4-12, lower case
  static bool parse(std::string_view text, Uuid& out);
};
/// Version 5 (SHA-1 of name space and name): the same name always gives the same id.
Uuid uuid_v5(const Uuid& name_space, std::string_view name);
/// The id with the first 32 bits of another, as version 8 (RFC 9562 section 5.8): what hangs on one
/// parent sorts together, so that an index ordered by id keeps a chart on few pages. 90 bits of the
/// id's own remain.
Uuid uuid_beside(Uuid id, const Uuid& neighbour);
/// Version 4 from the system's random source.
Uuid uuid_v4();

/// 64-bit non-cryptographic hash, the same on every run and machine (lane choice, hash tables).
std::uint64_t stable_hash(std::string_view bytes, std::uint64_t seed = 0);
/// The same by two seeds at once.
std::array<std::uint64_t, 2> stable_hashes(std::string_view bytes,
                                           std::array<std::uint64_t, 2> seeds);

}  // namespace core
