#include <arpa/inet.h>
#include <core/text.hpp>
#include <net/address.hpp>

#include <cstring>
#include <optional>

namespace net {
namespace {

using Bytes = std::array<std::uint8_t, 16>;
constexpr int kMappedBits = 96;   // ::ffff:0:0/96 holds IPv4

struct Parsed {
  Bytes bytes{};
  bool v4 = false;
};

std::optional<Parsed> parse_address(std::string_view text) {
  if (text == "localhost") text = "127.0.0.1";
  if (text.size() >= INET6_ADDRSTRLEN) return std::nullopt;
  const std::string copy(text);
  Parsed out;
  in_addr v4{};
  if (inet_pton(AF_INET, copy.c_str(), &v4) == 1) {
    out.v4 = true;
    out.bytes[10] = out.bytes[11] = 0xFF;
    std::memcpy(out.bytes.data() + 12, &v4, 4);
    return out;
  }
  if (inet_pton(AF_INET6, copy.c_str(), out.bytes.data()) == 1) return out;
  return std::nullopt;
}

bool same_prefix(const Bytes& a, const Bytes& b, int bits) {
  const auto whole = static_cast<std::size_t>(bits / 8);
  if (std::memcmp(a.data(), b.data(), whole) != 0) return false;
  const int rest = bits % 8;
  if (rest == 0) return true;
  const int mask = 0xFF << (8 - rest);
  return ((a[whole] ^ b[whole]) & mask & 0xFF) == 0;
}

}  // namespace

bool is_loopback(std::string_view address) {
  const auto parsed = parse_address(address);
  if (!parsed) return false;
  static const Bytes kV6{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  const bool v4 = same_prefix(parsed->bytes, Bytes{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF},
                              kMappedBits);
  return parsed->bytes == kV6 || (v4 && parsed->bytes[12] == 127);
}

core::Result<PeerList> PeerList::parse(const std::vector<std::string>& entries) {
  if (entries.size() > kPeerRangesMax) {
    return core::fail(core::ErrorCode::kBadConfig, "more than " + std::to_string(kPeerRangesMax) +
                                                       " peers");
  }
  PeerList list;
  for (const std::string& entry : entries) {
    const std::string_view text = core::trim(entry);
    const auto slash = text.find('/');
    const auto address = parse_address(text.substr(0, slash));
    if (!address) {
      return core::fail(core::ErrorCode::kBadConfig, "not an address or range: " + entry);
    }
    Range range{address->bytes, 128};
    if (slash != std::string_view::npos) {
      const auto bits = core::to_int(text.substr(slash + 1));
      if (!bits || *bits < 0 || *bits > (address->v4 ? 32 : 128)) {
        return core::fail(core::ErrorCode::kBadConfig, "bad prefix length: " + entry);
      }
      range.bits = static_cast<int>(*bits) + (address->v4 ? kMappedBits : 0);
      for (int bit = range.bits; bit < 128; ++bit) {
        if (range.bytes[static_cast<std::size_t>(bit / 8)] & (0x80 >> (bit % 8))) {
          return core::fail(core::ErrorCode::kBadConfig,
                            "bits set behind the prefix length: " + entry);
        }
      }
    }
    list.ranges_.push_back(range);
  }
  return list;
}

bool PeerList::allows(std::string_view address) const {
  if (ranges_.empty()) return true;
  const auto parsed = parse_address(address);
  if (!parsed) return false;
  for (const Range& range : ranges_) {
    if (same_prefix(parsed->bytes, range.bytes, range.bits)) return true;
  }
  return false;
}

}  // namespace net
