#include <boost/test/unit_test.hpp>

#include "sent_before.hpp"

using pipeline::SentBefore;

namespace {

store::Resource version(const std::string& id, std::uint32_t number, std::string body) {
  store::Resource resource;
  resource.type = "Patient";
  resource.id = id;
  resource.version = number;
  resource.body = std::move(body);
  return resource;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sent_before)

BOOST_AUTO_TEST_CASE(only_the_very_version_is_found) {
  SentBefore sent;
  BOOST_TEST(sent.find({"Patient", "p", 1}) == nullptr);
  sent.keep(version("p", 1, "one"));
  BOOST_REQUIRE(sent.find({"Patient", "p", 1}) != nullptr);
  BOOST_TEST(sent.find({"Patient", "p", 1})->body == "one");
  BOOST_TEST(sent.find({"Patient", "p", 2}) == nullptr);
  BOOST_TEST(sent.find({"Practitioner", "p", 1}) == nullptr);
  sent.keep(version("p", 2, "two"));
  BOOST_TEST(sent.find({"Patient", "p", 1}) == nullptr, "one version a resource");
  BOOST_TEST(sent.find({"Patient", "p", 2})->body == "two");
}

BOOST_AUTO_TEST_CASE(it_is_bounded_and_what_was_handed_out_stays_whole) {
  SentBefore sent;
  const auto first = sent.keep(version("0", 1, std::string(SentBefore::kBytesMax / 4, 'x')));
  for (int i = 1; i < 10; ++i) {
    sent.keep(version(std::to_string(i), 1, std::string(SentBefore::kBytesMax / 4, 'x')));
  }
  BOOST_TEST(sent.find({"Patient", "0", 1}) == nullptr);
  BOOST_TEST(sent.find({"Patient", "9", 1}) != nullptr);
  BOOST_TEST(first->body.size() == SentBefore::kBytesMax / 4);
  const auto huge = sent.keep(version("h", 1, std::string(SentBefore::kBytesMax, 'x')));
  BOOST_TEST(huge->body.size() == SentBefore::kBytesMax);
  BOOST_TEST(sent.find({"Patient", "h", 1}) == nullptr);
}

BOOST_AUTO_TEST_SUITE_END()
