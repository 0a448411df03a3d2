#include "sample.hpp"

#include <hl7/escape.hpp>

namespace {

std::string decoded(std::string_view raw, int counted = 0, hl7::Delimiters d = {}) {
  int seen = 0;
  std::string text = hl7::unescape(raw, d, &seen);
  BOOST_TEST(seen == counted, raw << ": counted " << seen);
  return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(escapes)

BOOST_AUTO_TEST_CASE(characters) {
  BOOST_TEST(decoded("a\\F\\b\\S\\c\\T\\d\\R\\e\\E\\f") == "a|b^c&d~e\\f");
  BOOST_TEST(decoded("\\P\\") == "#");
  BOOST_TEST(decoded("\\E\\F\\E\\") == "\\F\\");   // decoded once, not twice
  const hl7::Delimiters odd{.field = '$', .component = '%', .repetition = '*', .escape = '!',
                            .subcomponent = '@', .truncation = '+'};
  BOOST_TEST(decoded("!F!!S!!R!!E!!T!!P!\\F\\", 0, odd) == "$%*!@+\\F\\");
}

BOOST_AUTO_TEST_CASE(formatting) {
  BOOST_TEST(decoded("a\\.br\\b\\.sp\\c\\.sp3\\d\\.sp+2\\e") == "a\nb\nc\n\n\nd\n\ne");
  BOOST_TEST(decoded("a\\.sk 4\\b\\.sk2\\c") == "a    b  c");
  BOOST_TEST(decoded("\\.in+4\\a\\.ti-2\\b\\.fi\\c\\.nf\\d\\.ce\\e", 5) == "abcde");
  BOOST_TEST(decoded("\\H\\bold\\N\\ plain") == "bold plain");
  BOOST_TEST(decoded("\\.BR\\") == "\n");
  BOOST_TEST(decoded("\\.sp1000000000\\", 1) == "\\.sp1000000000\\");   // no bomb
  BOOST_TEST(decoded("\\.xx\\", 1) == "\\.xx\\");
}

BOOST_AUTO_TEST_CASE(kept_verbatim) {
  BOOST_TEST(decoded("\\Zabc\\x", 1) == "\\Zabc\\x");
  BOOST_TEST(decoded("\\C2842\\\\M12\\", 2) == "\\C2842\\\\M12\\");
  BOOST_TEST(decoded("a\\", 1) == "a\\");
  BOOST_TEST(decoded("a\\F", 1) == "a\\F");
  BOOST_TEST(decoded("\\\\", 2) == "\\\\");
  BOOST_TEST(decoded("C:\\dir\\T\\x", 1) == "C:\\dir&x");   // a stray one does not eat the next
}

BOOST_AUTO_TEST_CASE(hexadecimal) {
  BOOST_TEST(decoded("\\X41\\\\X6a6B\\") == "Ajk");
  BOOST_TEST(decoded("\\XC3A9\\") == "\xc3\xa9");
  BOOST_TEST(decoded("\\XC3\\\\XA9\\") == "\xc3\xa9");   // one character in two sequences
  BOOST_TEST(decoded("\\X4\\", 1) == "\\X4\\");
  BOOST_TEST(decoded("\\X\\", 1) == "\\X\\");
  BOOST_TEST(decoded("\\XZZ\\", 1) == "\\XZZ\\");
  BOOST_TEST(decoded("\\XE9\\", 1) == "\\XE9\\");
  BOOST_TEST(decoded("\\X41\\\\XFF\\\\X42\\", 1) == "A\\XFF\\B");
  BOOST_TEST(decoded("a\\X0D\\b\\X41", 1) == "a\rb\\X41");
}

BOOST_AUTO_TEST_CASE(hexadecimal_in_the_declared_set) {
  const std::string text = "MSH|^~\\&||||||||1|P|2.5||||||8859/1\rOBX|1|ST|||caf\\XE9\\|\\XC3A9\\\r";
  const auto m = sample::parse(text);
  BOOST_TEST(m.get("OBX-5") == "caf\xc3\xa9");
  BOOST_TEST(m.get("OBX-6") == "\xc3\x83\xc2\xa9");
  const auto sjis = sample::parse("MSH|^~\\&||||||||1|P|2.5||||||GB 18030-2000\rOBX|1|ST|||\\XD6D0\\\r");
  BOOST_TEST(sjis.get("OBX-5") == "\xe4\xb8\xad");
}

BOOST_AUTO_TEST_CASE(smuggled_segment_stays_text) {
  const auto m = sample::parse("MSH|^~\\&|A\rOBX|1|ST|||x\\X0D\\PID|1\r");
  BOOST_TEST(m.segment_count() == 2U);
  BOOST_TEST(m.get("OBX-5") == "x\rPID");
  BOOST_TEST(hl7::escape(m.get("OBX-5"), m.delimiters()) == "x\\.br\\PID");
}

BOOST_AUTO_TEST_CASE(huge_sequences_end) {
  std::string raw = "\\X";
  raw.append(4'000'000, 'F');
  raw += "\\";
  BOOST_TEST(decoded(raw, 1) == raw);
  std::string runs;
  for (int i = 0; i < 300'000; ++i) runs += "\\XFF\\";   // all undecodable, in one pass
  BOOST_TEST(decoded(runs, 300'000) == runs);
  const std::string strays(1'000'000, '\\');
  BOOST_TEST(decoded(strays, 1'000'000) == strays);
}

BOOST_AUTO_TEST_CASE(no_escape_character_declared) {
  const hl7::Delimiters none{.escape = 0, .subcomponent = 0};
  BOOST_TEST(decoded("a\\F\\b", 0, none) == "a\\F\\b");
  BOOST_TEST(hl7::escape("a|b&c\rd", none) == "a b&c d");
}

BOOST_AUTO_TEST_CASE(line_ends_become_breaks) {
  BOOST_TEST(hl7::escape("a\rb\nc\r\nd", {}) == "a\\.br\\b\\.br\\c\\.br\\d");
}

BOOST_AUTO_TEST_CASE(round_trip) {
  std::mt19937 random(sample::seed());
  const hl7::Delimiters with_truncation{.truncation = '#'};
  for (int round = 0; round < 3000; ++round) {
    std::string text = sample::noise(random, sample::below(random, 60));
    std::erase(text, '\r');   // CR comes back as LF
    for (const hl7::Delimiters& d : {hl7::Delimiters{}, with_truncation}) {
      const std::string encoded = hl7::escape(text, d);
      BOOST_TEST_CONTEXT("CW_SEED=" << sample::seed() << " round " << round) {
        BOOST_REQUIRE(encoded.find_first_of("|^~&\r\n") == std::string::npos);
        BOOST_REQUIRE(hl7::unescape(encoded, d) == text);
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
