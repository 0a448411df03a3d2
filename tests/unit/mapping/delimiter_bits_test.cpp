// What parts a field is found as by comparing byte by byte, from and up to any place of any text.
#include "delimiter_bits.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <random>
#include <string>

BOOST_AUTO_TEST_SUITE(delimiter_bits)

BOOST_AUTO_TEST_CASE(the_next_separator_is_the_one_that_a_walk_finds) {
  std::minstd_rand random(7);   // the same texts each time
  for (const std::string& signs : {std::string("^&~"), std::string("#\0*", 3)}) {
    hl7::Delimiters delimiters;
    delimiters.component = signs[0];
    delimiters.subcomponent = signs[1];
    delimiters.repetition = signs[2];
    // Separators, their neighbours, bytes with the high bit, and long stretches with none.
    const std::string bytes = signs + "|\\a\r" + std::string(1, static_cast<char>(signs[0] | 0x80)) +
                              std::string(40, 'x');
    mapping::DelimiterBits bits;
    for (std::size_t size = 0; size < 200; ++size) {
      std::string text(size, ' ');
      for (char& c : text) c = bytes[random() % bytes.size()];
      bits.start(text, delimiters);
      for (std::size_t from = 0; from <= size; from += 1 + random() % 3) {
        for (const std::size_t to : {from, std::min(from + random() % 80, size), size}) {
          const char* expected = text.data() + from;
          while (expected != text.data() + to && signs.find(*expected) == signs.npos) ++expected;
          BOOST_REQUIRE(bits.next(text.data() + from, text.data() + to) == expected);
        }
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
