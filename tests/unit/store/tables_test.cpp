#include "codec.hpp"
#include "key_table.hpp"

#include <boost/test/unit_test.hpp>

#include <random>
#include <unordered_map>

BOOST_AUTO_TEST_SUITE(tables)

BOOST_AUTO_TEST_CASE(the_key_table_is_a_map) {
  std::mt19937_64 random(1);
  std::unordered_map<std::uint64_t, std::uint64_t> oracle;
  store::KeyTable table(10);   // grows many times
  for (std::uint64_t s = 1; s <= 50'000; ++s) {
    const std::uint64_t hash = random() % 3 == 0 ? random() % 1000 : random();
    table.set(hash, s);
    oracle[hash] = s;
  }
  BOOST_TEST(table.size() == oracle.size());
  for (const auto& [hash, sequence] : oracle) BOOST_REQUIRE(table.find(hash) == sequence);
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t hash = random();
    if (!oracle.contains(hash)) BOOST_REQUIRE(table.find(hash) == 0u);
  }
  table.clear();
  BOOST_TEST(table.find(oracle.begin()->first) == 0u);
}

BOOST_AUTO_TEST_CASE(a_key_table_stands_anywhere_in_the_sequences) {
  const std::uint64_t first = (std::uint64_t{1} << 40) - 3;
  store::KeyTable table(4);
  for (std::uint64_t i = 0; i < 100; ++i) table.set(i * 7 + 1, first + i);
  table.set(3, first - 5);   // an earlier one that comes late
  for (std::uint64_t i = 0; i < 100; ++i) BOOST_TEST(table.find(i * 7 + 1) == first + i);
  BOOST_TEST(table.find(3) == first - 5);
  table.set(4, first + (std::uint64_t{1} << 33));
  BOOST_TEST(table.find(4) == 0u);
  table.clear();
  table.set(4, 1);
  BOOST_TEST(table.find(4) == 1u);
}

BOOST_AUTO_TEST_CASE(the_filter_never_denies_what_it_holds_and_rarely_claims_what_it_does_not) {
  std::mt19937_64 random(2);
  std::vector<std::uint64_t> keys(20'000);
  for (auto& key : keys) key = random();
  store::Bloom bloom(keys.size());
  for (const auto key : keys) bloom.add(key);
  const store::Bloom read = store::Bloom::from_bytes(bloom.bytes());
  for (const auto key : keys) BOOST_REQUIRE(read.may_hold(key));
  int wrong = 0;
  for (int i = 0; i < 20'000; ++i) wrong += read.may_hold(random()) ? 1 : 0;
  BOOST_TEST(wrong < 20'000 * 2 / 100);
  BOOST_TEST(store::Bloom().may_hold(1));   // no filter denies nothing
}

BOOST_AUTO_TEST_CASE(packing_gives_back_the_same_and_refuses_damage) {
  std::string packed;
  BOOST_TEST(!store::pack("short", packed));
  std::string text;
  for (int i = 0; i < 200; ++i) text += "OBX|" + std::to_string(i) + "|NM|718-7^HGB^LN||13.4|g/dL\r";
  BOOST_REQUIRE(store::pack(text, packed));
  BOOST_TEST(packed.size() < text.size() / 2);
  BOOST_TEST(store::unpack(packed).value() == text);
  std::mt19937 random(3);
  std::string noise(1000, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  BOOST_TEST(!store::pack(noise, packed));
  BOOST_TEST(!store::unpack(noise).has_value());
  BOOST_TEST(!store::unpack("").has_value());
  BOOST_REQUIRE(store::pack(text, packed));
  BOOST_TEST(!store::unpack(std::string_view(packed).substr(0, packed.size() / 2)).has_value());
}

BOOST_AUTO_TEST_CASE(resources_are_packed_with_what_they_have_in_common) {
  const std::string body =
      R"({"resourceType":"Observation","id":"0b0ad67c-6d3c-58d4-9d4c-0b3a6a6a5c11","status":"final",)"
      R"("category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category",)"
      R"("code":"laboratory","display":"Laboratory"}]}],"code":{"coding":[{"code":"718-7",)"
      R"("display":"Hemoglobin","system":"http://loinc.org"}],"text":"Hemoglobin"},)"
      R"("subject":{"reference":"Patient/4b7a3f51-6c57-5d0d-8d7e-3a6f0f9f8f11"},)"
      R"("valueQuantity":{"value":13.4,"unit":"g/dL"}})";
  std::string alone, shared;
  BOOST_TEST(!store::pack(body, alone), "a short message is kept as it is");
  BOOST_REQUIRE(store::pack_resource(body, shared));
  BOOST_TEST(shared.size() * 3 < body.size());
  BOOST_TEST(store::unpack(shared).value() == body);
  BOOST_TEST(!store::unpack(std::string_view(shared).substr(0, shared.size() / 2)).has_value());
  // The number of the dictionary stands in the frame, after magic and descriptor.
  std::string unknown = shared;
  BOOST_REQUIRE(unknown.size() > 6);
  BOOST_REQUIRE(unknown[5] == 1);
  unknown[5] = 77;
  BOOST_TEST(!store::unpack(unknown).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
