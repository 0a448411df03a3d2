#include <core/hash.hpp>

#include <openssl/evp.h>
#include <sys/random.h>

#include <bit>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace core {
namespace {

static_assert(std::endian::native == std::endian::little, "stable_hash reads words as they lie");

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// Fetching an algorithm and making a context cost more than hashing a short message: once a thread.
void digest(const EVP_MD* algorithm, std::string_view first, std::string_view second,
            std::uint8_t* out) {
  thread_local const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  // These fail only when OpenSSL itself is broken or out of memory: a wrong digest must not pass.
  if (!context || EVP_DigestInit_ex(context.get(), algorithm, nullptr) != 1 ||
      EVP_DigestUpdate(context.get(), first.data(), first.size()) != 1 ||
      EVP_DigestUpdate(context.get(), second.data(), second.size()) != 1 ||
      EVP_DigestFinal_ex(context.get(), out, nullptr) != 1) {
    std::abort();
  }
}

void stamp(Uuid& id, std::uint8_t version) {
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0F) | version << 4);
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3F) | 0x80);
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// XXH64, after its public specification (github.com/Cyan4973/xxHash, doc/xxhash_spec.md).
constexpr std::uint64_t kPrime1 = 0x9E3779B185EBCA87ull;
constexpr std::uint64_t kPrime2 = 0xC2B2AE3D27D4EB4Full;
constexpr std::uint64_t kPrime3 = 0x165667B19E3779F9ull;
constexpr std::uint64_t kPrime4 = 0x85EBCA77C2B2AE63ull;
constexpr std::uint64_t kPrime5 = 0x27D4EB2F165667C5ull;

// Wrapping on purpose; UBSan's unsigned checks are off in every preset.
std::uint64_t mix_in(std::uint64_t lane, std::uint64_t word) {
  return std::rotl(lane + word * kPrime2, 31) * kPrime1;
}

template <class Word>
Word read_word(const char* at) {
  Word word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

}  // namespace

Digest sha256(std::string_view bytes) {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  Digest out{};
  digest(algorithm, bytes, {}, out.data());
  return out;
}

std::string Uuid::text() const {
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  out.reserve(36);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += digits[bytes[i] >> 4];
    out += digits[bytes[i] & 15];
  }
  return out;
}

bool Uuid::parse(std::string_view text, Uuid& out) {
  if (text.size() != 36) return false;
  Uuid id;
  std::size_t at = 0;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) {
      if (text[at++] != '-') return false;
    }
    const int high = hex_value(text[at]);
    const int low = hex_value(text[at + 1]);
    if (high < 0 || low < 0) return false;
    id.bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
    at += 2;
  }
  out = id;
  return true;
}

Uuid uuid_v5(const Uuid& name_space, std::string_view name) {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  std::array<std::uint8_t, 20> sha1{};
  const std::string_view space(reinterpret_cast<const char*>(name_space.bytes.data()), 16);
  digest(algorithm, space, name, sha1.data());
  Uuid id;
  std::memcpy(id.bytes.data(), sha1.data(), 16);
  stamp(id, 5);
  return id;
}

Uuid uuid_beside(Uuid id, const Uuid& neighbour) {
  std::memcpy(id.bytes.data(), neighbour.bytes.data(), 4);
  stamp(id, 8);
  return id;
}

Uuid uuid_v4() {
  Uuid id;
  std::size_t filled = 0;
  while (filled < id.bytes.size()) {
    const ssize_t got = getrandom(id.bytes.data() + filled, id.bytes.size() - filled, 0);
    if (got < 0 && errno != EINTR) std::abort();  // no random source: nothing may go on
    if (got > 0) filled += static_cast<std::size_t>(got);
  }
  stamp(id, 4);
  return id;
}

namespace {

/// What whole stretches of 32 bytes give.
std::uint64_t hash_stretches(std::string_view bytes, std::uint64_t seed) {
  std::array<std::uint64_t, 4> lanes{seed + kPrime1 + kPrime2, seed + kPrime2, seed,
                                     seed - kPrime1};
  const char* at = bytes.data();
  for (std::size_t n = bytes.size() / 32; n != 0; --n, at += 32) {
    for (std::size_t i = 0; i < 4; ++i) {
      lanes[i] = mix_in(lanes[i], read_word<std::uint64_t>(at + 8 * i));
    }
  }
  std::uint64_t hash = std::rotl(lanes[0], 1) + std::rotl(lanes[1], 7) + std::rotl(lanes[2], 12) +
                       std::rotl(lanes[3], 18);
  for (std::uint64_t lane : lanes) hash = (hash ^ mix_in(0, lane)) * kPrime1 + kPrime4;
  return hash;
}

/// By each seed; the bytes are read once.
template <std::size_t N>
std::array<std::uint64_t, N> hash_all(std::string_view bytes, std::array<std::uint64_t, N> all) {
  for (std::uint64_t& hash : all) {
    hash = bytes.size() >= 32 ? hash_stretches(bytes, hash) : hash + kPrime5;
    hash += bytes.size();
  }
  const char* at = bytes.data() + bytes.size() / 32 * 32;
  const char* const end = bytes.data() + bytes.size();
  for (; end - at >= 8; at += 8) {
    const std::uint64_t word = mix_in(0, read_word<std::uint64_t>(at));
    for (std::uint64_t& hash : all) hash = std::rotl(hash ^ word, 27) * kPrime1 + kPrime4;
  }
  if (end - at >= 4) {
    const std::uint64_t word = read_word<std::uint32_t>(at) * kPrime1;
    for (std::uint64_t& hash : all) hash = std::rotl(hash ^ word, 23) * kPrime2 + kPrime3;
    at += 4;
  }
  for (; at != end; ++at) {
    const std::uint64_t word = static_cast<std::uint8_t>(*at) * kPrime5;
    for (std::uint64_t& hash : all) hash = std::rotl(hash ^ word, 11) * kPrime1;
  }
  for (std::uint64_t& hash : all) {
    hash = (hash ^ hash >> 33) * kPrime2;
    hash = (hash ^ hash >> 29) * kPrime3;
    hash ^= hash >> 32;
  }
  return all;
}

}  // namespace

std::uint64_t stable_hash(std::string_view bytes, std::uint64_t seed) {
  return hash_all<1>(bytes, {seed})[0];
}

std::array<std::uint64_t, 2> stable_hashes(std::string_view bytes,
                                           std::array<std::uint64_t, 2> seeds) {
  return hash_all<2>(bytes, seeds);
}

}  // namespace core
