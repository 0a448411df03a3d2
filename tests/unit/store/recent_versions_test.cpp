#include <store/recent_versions.hpp>

#include <boost/test/unit_test.hpp>

using store::RecentVersions;

namespace {

RecentVersions::Kept version(const std::string& id, std::uint32_t number, std::string body) {
  auto resource = std::make_shared<store::Resource>();
  resource->type = "Patient";
  resource->id = id;
  resource->version = number;
  resource->body = std::move(body);
  return resource;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(recent_versions)

BOOST_AUTO_TEST_CASE(only_the_very_version_is_found) {
  RecentVersions recent;
  BOOST_TEST(recent.find({"Patient", "p", 1}) == nullptr);
  recent.keep(version("p", 1, "one"));
  recent.keep(version("p", 2, "two"));
  BOOST_REQUIRE(recent.find({"Patient", "p", 1}) != nullptr);
  BOOST_TEST(recent.find({"Patient", "p", 1})->body == "one");
  BOOST_TEST(recent.find({"Patient", "p", 2})->body == "two");
  BOOST_TEST(recent.find({"Patient", "p", 3}) == nullptr);
  BOOST_TEST(recent.find({"Practitioner", "p", 1}) == nullptr);
}

BOOST_AUTO_TEST_CASE(it_is_bounded_and_what_was_handed_out_stays_whole) {
  RecentVersions recent;
  const std::string quarter(RecentVersions::kBytesMax / 4, 'x');
  recent.keep(version("0", 1, quarter));
  const auto first = recent.find({"Patient", "0", 1});
  BOOST_REQUIRE(first != nullptr);
  for (int i = 1; i < 10; ++i) recent.keep(version(std::to_string(i), 1, quarter));
  BOOST_TEST(recent.find({"Patient", "0", 1}) == nullptr);
  BOOST_TEST(recent.find({"Patient", "6", 1}) == nullptr, "the first in leaves first");
  BOOST_TEST(recent.find({"Patient", "9", 1}) != nullptr);
  BOOST_TEST(first->body == quarter);
  recent.keep(version("h", 1, std::string(RecentVersions::kBytesMax, 'x')));
  BOOST_TEST(recent.find({"Patient", "h", 1}) == nullptr, "too large to be kept");
  BOOST_TEST(recent.find({"Patient", "9", 1}) != nullptr);
}

BOOST_AUTO_TEST_SUITE_END()
