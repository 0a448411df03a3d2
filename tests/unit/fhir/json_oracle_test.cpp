// RapidJSON as a second opinion on hundreds of thousands of damaged documents.
#include <rapidjson/document.h>

#include <random>

#include "help.hpp"

namespace {

constexpr const char* kSeeds[] = {
    R"({"resourceType":"Patient","id":"p1","active":true,"name":[{"family":"O\"Neil\u00e9","given":["A","B"]}],"multipleBirthInteger":-12,"x":[1.10,0.5e-3,null,false],"e":{}})",
    R"([[],{},"",0,-1,1e5,"\ud83d\ude00\n\/",[[[{"a":{"b":[1,2,3]}}]]]])",
    "{ \"a\" : [ 1 , 2 , { \"\xC3\xA9\" : \"\xE2\x82\xAC\" } ] , \"b\" : true }\n",
};

/// What RapidJSON takes although it must not be taken: lone low surrogates, duplicate names.
bool stricter_than_rapidjson(const core::Error& error) {
  return error.detail.find("surrogate") != std::string::npos ||
         error.detail.find("occurs twice") != std::string::npos;
}

std::string damaged(std::string text, std::mt19937& random) {
  constexpr std::string_view kBytes = "{}[]\":,\\0123456789eE.+-tfnu \n\x80\xC3\xED\xFF\x01";
  for (unsigned edits = 1 + random() % 2; edits > 0 && !text.empty(); --edits) {
    const std::size_t at = random() % text.size();
    switch (random() % 4) {
      case 0: text.erase(at, 1 + random() % 3); break;
      case 1: text.insert(at, 1, kBytes[random() % kBytes.size()]); break;
      case 2: text[at] = kBytes[random() % kBytes.size()]; break;
      default: text.insert(at, text.substr(random() % text.size(), random() % 6)); break;
    }
  }
  return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(json_oracle)

BOOST_AUTO_TEST_CASE(agrees_with_rapidjson) {
  std::mt19937 random(23);
  int taken = 0, refused = 0;
  fhir::Document document;
  for (int round = 0; round < 100000; ++round) {
    const std::string text = damaged(kSeeds[random() % std::size(kSeeds)], random);
    document.reset();
    const auto ours = fhir::parse_json(text, document);
    rapidjson::Document theirs;
    theirs.Parse<rapidjson::kParseValidateEncodingFlag | rapidjson::kParseNumbersAsStringsFlag>(
        text.data(), text.size());
    if (!ours.has_value() && stricter_than_rapidjson(ours.error())) continue;
    // It converts numbers even when it hands out their text; ours may have any size.
    if (theirs.GetParseError() == rapidjson::kParseErrorNumberTooBig) continue;
    BOOST_REQUIRE_MESSAGE(ours.has_value() == !theirs.HasParseError(), text);
    ++(ours.has_value() ? taken : refused);
  }
  BOOST_TEST(taken > 1000);
  BOOST_TEST(refused > 1000);
}

BOOST_AUTO_TEST_CASE(reads_the_same_strings) {
  std::mt19937 random(29);
  for (int round = 0; round < 20000; ++round) {
    std::string text = "\"";
    for (unsigned n = random() % 30; n > 0; --n) {
      constexpr const char* kPieces[] = {"a", "bc", "\\n", "\\u0041", "\\u20ac", "\\ud83d\\ude00",
                                         "\xC3\xA9", "\\\\", "\\\"", "longer plain text"};
      text += kPieces[random() % std::size(kPieces)];
    }
    text += '"';
    fhir::Document document;
    rapidjson::Document theirs;
    theirs.Parse(text.c_str());
    BOOST_REQUIRE(theirs.IsString());
    BOOST_REQUIRE(test::parse(text, document)->text ==
                  std::string_view(theirs.GetString(), theirs.GetStringLength()));
  }
}

BOOST_AUTO_TEST_SUITE_END()
