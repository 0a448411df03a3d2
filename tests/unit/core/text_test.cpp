#include <core/text.hpp>

#include <boost/test/unit_test.hpp>

#include <random>

using core::from_base64;
using core::is_valid_utf8;

BOOST_AUTO_TEST_SUITE(text)

BOOST_AUTO_TEST_CASE(small_helpers) {
  BOOST_TEST(core::trim(" \t a b \r\n") == "a b");
  BOOST_TEST(core::trim("  ") == "");
  BOOST_TEST(core::ascii_lower("ÄBC-Z1") == "Äbc-z1");
  BOOST_TEST(core::ascii_upper("abc{z") == "ABC{Z");
  BOOST_TEST(core::iequals("Content-Type", "content-TYPE"));
  BOOST_TEST(!core::iequals("a", "ab"));
  const auto parts = core::split("a||b|", '|');
  BOOST_TEST(parts.size() == 4);
  BOOST_TEST(parts[1] == "");
  BOOST_TEST(core::split("", '|').size() == 1);
}

BOOST_AUTO_TEST_CASE(integers) {
  BOOST_TEST(core::to_int("-9223372036854775808").value() == INT64_MIN);
  BOOST_TEST(core::to_int("007").value() == 7);
  for (const char* wrong : {"", " 1", "1 ", "+1", "1.0", "0x1", "9223372036854775808", "-", "１"}) {
    BOOST_TEST(!core::to_int(wrong).has_value(), wrong);
  }
}

BOOST_AUTO_TEST_CASE(nearest_word) {
  const std::vector<std::string_view> keys{"listeners", "feeds", "routes", "destinations", "store"};
  BOOST_TEST(core::nearest("listener", keys) == "listeners");
  BOOST_TEST(core::nearest("destnations", keys) == "destinations");
  BOOST_TEST(core::nearest("fedes", keys) == "feeds");
  BOOST_TEST(core::nearest("completely-else", keys) == "");
  BOOST_TEST(core::nearest("", keys) == "");
  BOOST_TEST(core::nearest("x", {"ab"}) == "");
  BOOST_TEST(core::nearest(std::string(5000, 'a'), keys) == "");
}

// RFC 4648 section 10.
BOOST_AUTO_TEST_CASE(base64_vectors) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : vectors) {
    BOOST_TEST(core::to_base64(plain) == coded);
    BOOST_TEST(from_base64(coded).value() == plain);
  }
  BOOST_TEST(from_base64(" Zm9v\r\nYmFy\t").value() == "foobar");
}

BOOST_AUTO_TEST_CASE(base64_refusals) {
  for (const char* wrong : {"Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm8=Zm8=", "=",
                            "====", "Zm9v=", "Zm9v====", "Zm-_", "Zm9v!", "Z=g="}) {
    BOOST_TEST(!from_base64(wrong).has_value(), wrong);
  }
}

BOOST_AUTO_TEST_CASE(base64_round_trip) {
  std::mt19937 random(7);
  for (int i = 0; i < 300; ++i) {
    std::string bytes(random() % 70, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    BOOST_TEST((from_base64(core::to_base64(bytes)) == bytes));
  }
  BOOST_TEST(core::to_hex(std::string("\x00\xff\x1a", 3)) == "00ff1a");
}

// Markus Kuhn's UTF-8 stress cases, by kind.
BOOST_AUTO_TEST_CASE(utf8) {
  for (const char* good : {"", "plain ascii of more than eight", "Grüße, 你好, 😀", "\xED\x9F\xBF",
                           "\xEE\x80\x80", "\xF4\x8F\xBF\xBF", "\xC2\x80", "\xE0\xA0\x80"}) {
    BOOST_TEST(is_valid_utf8(good), good);
    BOOST_TEST(core::scrub_utf8(good) == good);
  }
  for (const char* bad :
       {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xE0\x80\xAF", "\xF0\x80\x80\xAF", "\xED\xA0\x80",
        "\xED\xBF\xBF", "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80", "\xFE", "\xFF", "abc\xC3",
        "\xE4\xBD", "\xF0\x9F\x98", "12345678\xC3(", "\xE4\xBD(", "\xF0\x9F(\x80"}) {
    BOOST_TEST(!is_valid_utf8(bad), core::to_hex(bad));
    BOOST_TEST(is_valid_utf8(core::scrub_utf8(bad)));
  }
  BOOST_TEST(core::scrub_utf8("a\xC3z\xE4\xBD") == "a\xEF\xBF\xBDz\xEF\xBF\xBD\xEF\xBF\xBD");
}

BOOST_AUTO_TEST_SUITE_END()
