#include <boost/test/unit_test.hpp>
#include <net/address.hpp>

BOOST_AUTO_TEST_SUITE(address)

BOOST_AUTO_TEST_CASE(loopback_is_told_from_the_rest) {
  for (const char* yes : {"127.0.0.1", "127.255.0.3", "::1", "localhost", "::ffff:127.0.0.1"}) {
    BOOST_TEST(net::is_loopback(yes), yes);
  }
  for (const char* no : {"0.0.0.0", "::", "10.0.0.1", "128.0.0.1", "::2", "", "localhost.evil.org",
                         "127.0.0.1:80", "127.1", "fe80::1"}) {
    BOOST_TEST(!net::is_loopback(no), no);
  }
}

BOOST_AUTO_TEST_CASE(peers_by_address_and_range) {
  const auto list = net::PeerList::parse({"10.1.2.3", "192.168.4.0/22", "fd00:1::/32", "::1"});
  BOOST_REQUIRE(list);
  for (const char* yes : {"10.1.2.3", "::ffff:10.1.2.3", "192.168.4.0", "192.168.7.255",
                          "fd00:1:2::3", "::1"}) {
    BOOST_TEST(list->allows(yes), yes);
  }
  for (const char* no : {"10.1.2.4", "192.168.3.255", "192.168.8.0", "fd00:2::1", "::2",
                         "127.0.0.1", "", "nonsense"}) {
    BOOST_TEST(!list->allows(no), no);
  }
}

BOOST_AUTO_TEST_CASE(empty_list_lets_all_in_and_zero_bits_match_one_family) {
  BOOST_TEST(net::PeerList{}.allows("203.0.113.9"));
  const auto v4 = net::PeerList::parse({"0.0.0.0/0"});
  BOOST_REQUIRE(v4);
  BOOST_TEST(v4->allows("203.0.113.9"));
  BOOST_TEST(!v4->allows("2001:db8::1"));
}

BOOST_AUTO_TEST_CASE(wrong_entries_are_named) {
  for (const char* bad : {"10.1.2", "10.1.2.3/33", "10.1.2.3/-1", "10.1.2.3/16", "fd00::/129",
                          "host.example", "10.0.0.0/", "10.0.0.0/8/8", ""}) {
    const auto list = net::PeerList::parse({"127.0.0.1", bad});
    BOOST_REQUIRE_MESSAGE(!list, bad);
    BOOST_TEST((list.error().code == core::ErrorCode::kBadConfig));
    BOOST_TEST(list.error().detail.find(bad) != std::string::npos);
  }
}

BOOST_AUTO_TEST_SUITE_END()
