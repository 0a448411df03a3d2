#include "sample.hpp"

#include <hl7/charset.hpp>

using hl7::CharsetPolicy;
using Mode = hl7::CharsetPolicy::Mode;

namespace {

std::string msh(const std::string& charset, const std::string& name) {
  return "MSH|^~\\&||||||||1|P|2.5||||||" + charset + "\rPID|||||" + name + "\r";
}

/// Name as read, and how many warnings came with it; "!" when refused.
std::string name_of(std::string bytes, const CharsetPolicy& policy, std::size_t warnings = 0) {
  hl7::Issues issues;
  auto text = hl7::decode(std::move(bytes), policy, issues);
  if (!text) {
    BOOST_TEST((text.error().code == core::ErrorCode::kCharset));
    return "!";
  }
  BOOST_TEST(issues.size() == warnings);
  for (const auto& issue : issues) BOOST_TEST((issue.severity == hl7::Severity::kWarning));
  return sample::parse(std::move(*text)).get("PID-5");
}

const std::string kCafe = "caf\xc3\xa9";
const std::string kCafeLatin = "caf\xe9";

}  // namespace

BOOST_AUTO_TEST_SUITE(charset)

BOOST_AUTO_TEST_CASE(nothing_to_do_does_not_copy) {
  for (const std::string& text : {msh("", "DOE"), msh("UNICODE UTF-8", kCafe), msh("8859/1", "DOE")}) {
    std::string bytes = text;
    const void* before = bytes.data();
    hl7::Issues issues;
    const auto out = hl7::decode(std::move(bytes), {}, issues);
    BOOST_REQUIRE(out.has_value());
    BOOST_TEST(static_cast<const void*>(out->data()) == before);
    BOOST_TEST(*out == text);
    BOOST_TEST(issues.empty());
  }
}

BOOST_AUTO_TEST_CASE(trust) {
  BOOST_TEST(name_of(msh("8859/1", kCafeLatin), {}) == kCafe);
  BOOST_TEST(name_of(msh("UNICODE UTF-8", kCafe), {}) == kCafe);
  BOOST_TEST(name_of(msh("UNICODE UTF-8", kCafeLatin), {}) == "!");
  BOOST_TEST(name_of(msh("", kCafe), {}, 1) == kCafe);
  BOOST_TEST(name_of(msh("", kCafeLatin), {}, 1) == kCafe);
  BOOST_TEST(name_of(msh("ASCII", kCafeLatin), {}, 1) == kCafe);
  BOOST_TEST(name_of(msh("8859/1", kCafe), {}, 1) == "caf\xc3\x83\xc2\xa9");   // declared, so obeyed
  BOOST_TEST(name_of(msh("KLINGON", "DOE"), {}) == "!");
  BOOST_TEST(name_of(msh("8859/15", "\xa4"), {}) == "\xe2\x82\xac");
  BOOST_TEST(name_of(msh("8859/5", "\xb0"), {}) == "\xd0\x90");
  BOOST_TEST(name_of(msh("WINDOWS-1252", "\x80"), {}) == "\xe2\x82\xac");
  BOOST_TEST(name_of(msh("CP1252", "\x93"), {}) == "\xe2\x80\x9c");
  BOOST_TEST(name_of(msh("windows-1251", "\xc0"), {}) == "\xd0\x90");   // ICU's own name
  BOOST_TEST(name_of(msh("8859/3", "\xa5"), {}) == "!");                // a hole in the set
  BOOST_TEST(name_of(msh("8859/1~8859/2^x", kCafeLatin), {}) == kCafe);
}

BOOST_AUTO_TEST_CASE(multi_byte_sets_carry_delimiters) {
  // Trail bytes 5C and 7C are the escape character and the field separator.
  BOOST_TEST(name_of(msh("Shift_JIS", "\x95\x5c\x83\x7c"), {}) == "\xe8\xa1\xa8\xe3\x83\x9d");
  BOOST_TEST(name_of(msh("BIG-5", "\xa5\x5c"), {}) == "\xe5\x8a\x9f");
  BOOST_TEST(name_of(msh("GB 18030-2000", "\xd6\xd0\x81\x30\x84\x36"), {}) == "\xe4\xb8\xad\xc2\xa5");
  BOOST_TEST(name_of(msh("KS X 1001", "\xb1\xe8"), {}) == "\xea\xb9\x80");
  BOOST_TEST(name_of(msh("CNS 11643-1992", "\xc4\xe3"), {}) == "\xe4\xb8\xad");
}

BOOST_AUTO_TEST_CASE(japanese_iso_2022) {
  const std::string kanji = "\x1b$B;3ED\x1b(B";
  BOOST_TEST(name_of(msh("ISO IR87", kanji), {}) == "\xe5\xb1\xb1\xe7\x94\xb0");
  BOOST_TEST(name_of(msh("~ISO IR87", kanji), {}) == "\xe5\xb1\xb1\xe7\x94\xb0");
  BOOST_TEST(name_of(msh("~ISO IR87", "YAMADA"), {}) == "YAMADA");
  BOOST_TEST(name_of(msh("", kanji), {}) == kanji);   // nothing declared: bytes as they came
}

BOOST_AUTO_TEST_CASE(sets_that_hide_the_header_are_refused) {
  for (const char* name : {"UTF-7", "UNICODE UTF-16", "UTF-32", "SCSU", "BOCU-1", "ibm-37", "HZ",
                           "../../etc/passwd", "ibm-943,swaplfnl"}) {
    BOOST_TEST(name_of(msh(name, "DOE"), {}) == "!", name);
  }
}

BOOST_AUTO_TEST_CASE(byte_order_mark) {
  hl7::Issues issues;
  const auto text = hl7::decode("\xef\xbb\xbf" + msh("", kCafe), {}, issues);
  BOOST_REQUIRE(text.has_value());
  BOOST_TEST(text->starts_with("MSH"));
  BOOST_TEST(issues.empty());
  BOOST_TEST(name_of("\xef\xbb\xbf" + msh("8859/1", kCafe), {}, 1) == kCafe);
  BOOST_TEST(name_of("\xef\xbb\xbf" + msh("", kCafeLatin), {}) == "!");
}

BOOST_AUTO_TEST_CASE(force) {
  const CharsetPolicy latin{.mode = Mode::kForce, .charset = "8859/1"};
  BOOST_TEST(name_of(msh("UNICODE UTF-8", kCafeLatin), latin, 1) == kCafe);
  BOOST_TEST(name_of(msh("8859/1", kCafeLatin), latin) == kCafe);
  BOOST_TEST(name_of(msh("KLINGON", "DOE"), latin) == "DOE");
  BOOST_TEST(name_of(msh("KLINGON", kCafeLatin), latin, 1) == kCafe);
  BOOST_TEST(name_of(msh("", kCafeLatin), {.mode = Mode::kForce, .charset = "UTF-8"}) == "!");
  BOOST_TEST(name_of(msh("", "DOE"), {.mode = Mode::kForce, .charset = "nonsense"}) == "!");
  std::string wide;
  for (const char c : msh("", "DOE")) wide += std::string(1, c) + '\0';
  BOOST_TEST(name_of(wide, {.mode = Mode::kForce, .charset = "UTF-16LE"}) == "DOE");
}

BOOST_AUTO_TEST_CASE(sniff) {
  const CharsetPolicy plain{.mode = Mode::kSniff};
  BOOST_TEST(name_of(msh("UNICODE UTF-8", kCafe), plain) == kCafe);
  BOOST_TEST(name_of(msh("8859/1", kCafe), plain, 1) == kCafe);
  BOOST_TEST(name_of(msh("8859/1", kCafeLatin), plain) == kCafe);
  BOOST_TEST(name_of(msh("UNICODE UTF-8", kCafeLatin), plain, 1) == kCafe);
  BOOST_TEST(name_of(msh("", "\x80"), {.mode = Mode::kSniff, .charset = "CP1252"}) ==
             "\xe2\x82\xac");
}

BOOST_AUTO_TEST_CASE(encoding_is_never_lossy) {
  BOOST_TEST(hl7::encode(kCafe, "8859/1").value() == kCafeLatin);
  BOOST_TEST(hl7::encode(kCafe, "UNICODE UTF-8").value() == kCafe);
  BOOST_TEST(hl7::encode("\xe2\x82\xac", "8859/15").value() == "\xa4");
  BOOST_TEST(hl7::encode("\xe5\xb1\xb1", "ISO IR87").value() == "\x1b$B;3\x1b(B");
  for (const char* set : {"8859/1", "ASCII", "8859/2"}) {
    BOOST_TEST(!hl7::encode("\xe2\x82\xac", set).has_value(), set);
  }
  BOOST_TEST(!hl7::encode("x", "KLINGON").has_value());
  BOOST_TEST(!hl7::encode("\xff", "8859/1").has_value());
}

BOOST_AUTO_TEST_CASE(known_names) {
  for (const char* name :
       {"ASCII", "8859/1", "8859/2", "8859/3", "8859/4", "8859/5", "8859/6", "8859/7", "8859/8",
        "8859/9", "8859/10", "8859/11", "8859/13", "8859/14", "8859/15", "BIG-5", "CNS 11643-1992",
        "GB 18030-2000", "ISO IR14", "ISO IR87", "ISO IR159", "ISO IR6", "JIS X 0202", "KS X 1001",
        "UNICODE", "UNICODE UTF-8", "UNICODE UTF-16", "UNICODE UTF-32", "unicode utf-8", "CP1252",
        "WINDOWS-1252", "windows-1251", "Shift_JIS", "koi8-r"}) {
    BOOST_TEST(hl7::is_known_charset(name), name);
    if (std::string_view(name).find("UTF-") != std::string_view::npos) continue;
    hl7::Issues issues;   // the converter behind the name exists
    const auto text = hl7::decode("\xff\xff", {.mode = Mode::kForce, .charset = name}, issues);
    BOOST_TEST((text.has_value() || text.error().detail.find("no such") == std::string::npos), name);
  }
  for (const char* name : {"", " ", "KLINGON", "8859/12", "../utf-8", "UTF-8,version=1"}) {
    BOOST_TEST(!hl7::is_known_charset(name), name);
  }
}

BOOST_AUTO_TEST_CASE(random_bytes_never_crash) {
  std::mt19937 random(sample::seed());
  const char* const sets[] = {"", "8859/1", "BIG-5", "ISO IR87", "GB 18030-2000", "KS X 1001",
                              "Shift_JIS", "UNICODE UTF-8", "UTF-7", "CNS 11643-1992"};
  for (int round = 0; round < 2000; ++round) {
    std::string name;
    for (std::size_t i = sample::below(random, 40); i > 0; --i) {
      name.push_back(static_cast<char>(sample::below(random, 256)));
    }
    for (const Mode mode : {Mode::kTrust, Mode::kForce, Mode::kSniff}) {
      hl7::Issues issues;
      const char* set = sets[sample::below(random, std::size(sets))];
      const auto text = hl7::decode(msh(set, name), {.mode = mode, .charset = set}, issues);
      if (!text) BOOST_REQUIRE((text.error().code == core::ErrorCode::kCharset));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
