#include <core/hash.hpp>
#include <core/text.hpp>

#include <boost/test/unit_test.hpp>

#include <set>

namespace {
std::string hex(const core::Digest& digest) {
  return core::to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}
}  // namespace

BOOST_AUTO_TEST_SUITE(hash)

// FIPS 180-4 examples.
BOOST_AUTO_TEST_CASE(sha256_vectors) {
  BOOST_TEST(hex(core::sha256("")) ==
             "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  BOOST_TEST(hex(core::sha256("abc")) ==
             "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  BOOST_TEST(hex(core::sha256(std::string(1000000, 'a'))) ==
             "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

// RFC 9562 appendix A.4.
BOOST_AUTO_TEST_CASE(uuid_v5_vector) {
  core::Uuid dns;
  BOOST_REQUIRE(core::Uuid::parse("6BA7B810-9dad-11d1-80b4-00c04fd430c8", dns));
  BOOST_TEST(dns.text() == "6ba7b810-9dad-11d1-80b4-00c04fd430c8");
  BOOST_TEST(core::uuid_v5(dns, "www.example.com").text() ==
             "2ed6657d-e927-568b-95e1-2665a8aea6a2");
}

BOOST_AUTO_TEST_CASE(uuid_beside_sorts_with_its_neighbour) {
  core::Uuid parent;
  BOOST_REQUIRE(core::Uuid::parse("6ba7b810-9dad-11d1-80b4-00c04fd430c8", parent));
  std::set<core::Uuid> seen;
  for (int i = 0; i < 1000; ++i) {
    const core::Uuid id = core::uuid_beside(core::uuid_v5(parent, std::to_string(i)), parent);
    BOOST_TEST(id.text().starts_with("6ba7b810-"));
    BOOST_TEST((id.bytes[6] >> 4) == 8);
    BOOST_TEST((id.bytes[8] >> 6) == 2);
    BOOST_TEST(seen.insert(id).second);
  }
}

BOOST_AUTO_TEST_CASE(uuid_v4_is_random_and_marked) {
  std::set<core::Uuid> seen;
  for (int i = 0; i < 1000; ++i) {
    const core::Uuid id = core::uuid_v4();
    BOOST_TEST((id.bytes[6] >> 4) == 4);
    BOOST_TEST((id.bytes[8] >> 6) == 2);
    BOOST_TEST(seen.insert(id).second);
  }
}

BOOST_AUTO_TEST_CASE(uuid_refusals) {
  core::Uuid id = core::uuid_v4();
  const core::Uuid before = id;
  for (const char* wrong :
       {"", "6ba7b810-9dad-11d1-80b4-00c04fd430c", "6ba7b8109dad-11d1-80b4-00c04fd430c8-",
        "6ba7b810-9dad-11d1-80b4-00c04fd430cg", "{6ba7b810-9dad-11d1-80b4-00c04fd430c8}"}) {
    BOOST_TEST(!core::Uuid::parse(wrong, id), wrong);
  }
  BOOST_TEST((id == before));
}

// The published test values of XXH64.
BOOST_AUTO_TEST_CASE(stable_hash_vectors) {
  BOOST_TEST(core::stable_hash("") == 0xEF46DB3751D8E999ull);
  BOOST_TEST(core::stable_hash("a") == 0xD24EC4F1A98C6E5Bull);
  BOOST_TEST(core::stable_hash("abc") == 0x44BC2CF5AD770999ull);
  BOOST_TEST(core::stable_hash("Nobody inspects the spammish repetition") == 0xFBCEA83C8A378BF1ull);
}

BOOST_AUTO_TEST_CASE(two_seeds_at_once_give_what_each_gives) {
  std::string text;
  for (int i = 0; i < 80; ++i, text += static_cast<char>('a' + i % 26)) {
    const auto both = core::stable_hashes(text, {7, ~0ull});
    BOOST_TEST(both[0] == core::stable_hash(text, 7));
    BOOST_TEST(both[1] == core::stable_hash(text, ~0ull));
  }
}

BOOST_AUTO_TEST_CASE(stable_hash_spreads) {
  std::array<int, 64> lanes{};
  for (int i = 0; i < 64000; ++i) ++lanes[core::stable_hash("MRN" + std::to_string(i)) % 64];
  for (int count : lanes) BOOST_TEST((count > 800 && count < 1200));
  BOOST_TEST(core::stable_hash("abc", 1) != core::stable_hash("abc"));
}

BOOST_AUTO_TEST_SUITE_END()
