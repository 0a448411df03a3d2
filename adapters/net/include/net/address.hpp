#pragma once
#include <core/result.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace net {

/// "127.0.0.0/8", "::1" or "localhost"; an address that is none gives false. Takes no port.
bool is_loopback(std::string_view address);

inline constexpr std::size_t kPeerRangesMax = 1'000;

/// Which addresses may connect: the `peers:` list of a listener. IPv4 and IPv6 addresses and CIDR
/// ranges; an IPv4 address that arrives mapped into IPv6 counts as IPv4. Thread: read by any.
class PeerList {
 public:
  /// Each entry "10.1.2.3", "10.1.0.0/16", "fd00::/8" or "localhost". kBadConfig names the entry
  /// that is wrong; bits set behind the prefix length are wrong too (10.1.2.3/16 is a slip).
  static core::Result<PeerList> parse(const std::vector<std::string>& entries);

  bool empty() const { return ranges_.empty(); }
  /// An empty list lets everybody in. `address` without port.
  bool allows(std::string_view address) const;

 private:
  struct Range {
    std::array<std::uint8_t, 16> bytes{};   ///< IPv4 as ::ffff:a.b.c.d
    int bits = 128;
  };
  std::vector<Range> ranges_;
};

}  // namespace net
