#pragma once
#include <hl7/message.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>
#include "paths.hpp"

/// Messages and generators shared by the tests of hl7.
namespace sample {

inline std::string adt() {
  return "MSH|^~\\&|EPIC^1.2.3^ISO|HOSP&x^^L|CW|LAB~B|20260105120000-0500||ADT^A01^ADT_A01|MSG001|P|"
         "2.5.1|||AL|NE||UNICODE UTF-8\r"
         "EVN|A01|20260105115900\r"
         "PID|1||12345^^^HOSP&1.2.3&ISO^MR~999-99^^^SSA^SS||DOE^JOHN^Q||19700101|M|||1 MAIN ST^^X\r"
         "PV1|1|I|2N^201^A||||1234^SMITH&Jr^ANNA\r"
         "OBX|1|ST|A||a\\T\\b\\F\\c\r"
         "OBX|2|NM|B||\"\"~~5\r";
}

inline hl7::Message parse(std::string text) {
  auto message = hl7::Message::parse(std::move(text));
  if (!message) BOOST_FAIL(message.error().text());
  return std::move(*message);
}

inline core::ErrorCode refusal(std::string text, bool strict = false) {
  const auto message = hl7::Message::parse(std::move(text), {.strict = strict});
  BOOST_REQUIRE(!message.has_value());
  return message.error().code;
}

/// CW_SEED repeats a run; the seed is printed when a check fails (BOOST_TEST_CONTEXT).
inline unsigned seed() {
  static const unsigned value = [] {
    const char* given = std::getenv("CW_SEED");
    return given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 10))
                            : std::random_device{}();
  }();
  return value;
}

inline std::size_t below(std::mt19937& random, std::size_t n) {
  return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
}

/// Text that is rich in what a parser stumbles over.
inline std::string noise(std::mt19937& random, std::size_t size) {
  static constexpr std::string_view kRich = "|||^^~\\&#\r\r\n\"ABCPIDOBX019 \x0b\x1c\x00\xc3\xa9z";
  std::string out;
  for (std::size_t i = 0; i < size; ++i) out.push_back(kRich[below(random, kRich.size())]);
  return out;
}

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// ../shared/corpus beside the repository; empty where it is absent.
inline std::filesystem::path corpus() {
  const std::filesystem::path path = std::filesystem::path(test::source_path("/../shared/corpus"));
  return std::filesystem::is_directory(path) ? path : std::filesystem::path();
}

}  // namespace sample
