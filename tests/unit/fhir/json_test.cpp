#include <random>

#include "help.hpp"

using fhir::Document;

namespace {

bool good(std::string_view json) {
  Document document;
  return fhir::parse_json(json, document).has_value();
}
core::Error refusal(std::string_view json) {
  Document document;
  auto result = fhir::parse_json(json, document);
  BOOST_REQUIRE(!result.has_value());
  BOOST_TEST((result.error().code == core::ErrorCode::kBadJson));
  return result.error();
}
std::string written(std::string_view text) {
  std::string out = "=";
  fhir::write_json_string(text, out);
  return out.substr(1);
}
std::string again(std::string_view json) {
  Document document;
  return test::compact(test::parse(json, document));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(json)

BOOST_AUTO_TEST_CASE(accepts_what_rfc_8259_allows) {
  for (const char* json :
       {"null", "true", "false", "0", "-0", "-1.5e+10", "1E5", "\"\"", "[]", "{}", " [ 1 , 2 ] ",
        "\t\r\n{\"a\" : [ ] }\n", "\"\\ud83d\\ude00\"", "\"\\u0000\"", "\"\x7f\"",
        "\"\xF4\x8F\xBF\xBF\""}) {
    BOOST_TEST(good(json), json);
  }
}

BOOST_AUTO_TEST_CASE(refuses_what_it_does_not) {
  for (const char* json :
       {"", " ", "[1,]", "[,1]", "{\"a\":1,}", "{a:1}", "{'a':1}", "[1 2]", "{\"a\" 1}", "[1", "\"a",
        "01", "-", "+1", "1.", ".5", "1e", "0x10", "NaN", "Infinity", "nul", "TRUE", "\"\t\"",
        "\"\\x41\"", "\"\\u12\"", "\"\\u12g4\"", "[] []", "{} x", "// c\n1", "[1]/**/", "\xEF\xBB\xBF{}",
        "{1:2}", "[\"a\":1]", "}", "]", "{\"a\"}", "{\"a\":}", "\"\n\""}) {
    BOOST_TEST(!good(json), json);
  }
}

BOOST_AUTO_TEST_CASE(refuses_bad_unicode) {
  for (const char* json :
       {"\"\\ud83d\"", "\"\\ud83dx\"", "\"\\ude00\"", "\"\\ude00\\ud83d\"", "\"\\ud83d\\ud83d\"",
        "\"\xC0\x80\"", "\"\xE0\x80\x80\"", "\"\xED\xA0\x80\"", "\"\xF5\x80\x80\x80\"",
        "\"\xF4\x90\x80\x80\"", "\"\x80\"", "\"\xC3\"", "\"\xE2\x82\"", "{\"\xC3\":1}",
        "{\"\\udc00\":1}", "\"abcdefghijklmnop\xFF\"", "\"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\""}) {
    BOOST_TEST(!good(json), json);
  }
}

BOOST_AUTO_TEST_CASE(a_nul_byte_does_not_end_the_text) {
  using namespace std::string_view_literals;
  BOOST_TEST(!good("{}\0"sv));
  BOOST_TEST(!good("{}\0{}"sv));
  BOOST_TEST(!good("\"a\0b\""sv));
  BOOST_TEST(!good("[1\0]"sv));
}

BOOST_AUTO_TEST_CASE(refuses_duplicate_names) {
  BOOST_TEST(!good(R"({"a":1,"a":1})"));
  BOOST_TEST(!good(R"({"a":1,"b":2,"\u0061":3})"));
  BOOST_TEST(!good(R"([{"x":{"a":1,"a":2}}])"));
  BOOST_TEST(good(R"({"a":{"a":1},"b":{"a":1}})"));
  // Around the size where the way of looking changes, at every place.
  for (int size : {1, 2, 23, 24, 25, 26, 200}) {
    for (int twice = 0; twice < size; ++twice) {
      std::string json = "{";
      for (int i = 0; i < size; ++i) json += "\"n" + std::to_string(i) + "\":0,";
      const std::string last = "\"n" + std::to_string(twice) + "\":0}";
      BOOST_TEST(!good(json + last), size << " " << twice);
      BOOST_TEST(good(json + "\"other\":0}"));
    }
  }
}

BOOST_AUTO_TEST_CASE(large_hostile_objects_are_no_work) {
  std::string json = "{";
  for (int i = 0; i < 200000; ++i) json += "\"member" + std::to_string(i) + "\":0,";
  BOOST_TEST(good(json + "\"z\":0}"));
  BOOST_TEST(!good(json + "\"member7\":0}"));
}

BOOST_AUTO_TEST_CASE(depth_and_size_are_limited) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  BOOST_TEST(good(nested(fhir::kJsonDepthMax)));
  BOOST_TEST(!good(nested(fhir::kJsonDepthMax + 1)));
  BOOST_TEST(!good(nested(1000000)));
  std::string objects;
  for (std::size_t i = 0; i <= fhir::kJsonDepthMax; ++i) objects += "{\"a\":";
  BOOST_TEST(!good(objects));
  BOOST_TEST(!good(std::string(fhir::kJsonBytesMax + 1, ' ')));
}

BOOST_AUTO_TEST_CASE(a_refusal_names_the_place_and_no_data) {
  const core::Error error = refusal(R"({"family":"Secret","family":"Secret"})");
  BOOST_TEST(error.where.starts_with("offset "));
  BOOST_TEST(error.text().find("ecret") == std::string::npos);
  BOOST_TEST(refusal("[1,]").where == "offset 3");
}

BOOST_AUTO_TEST_CASE(numbers_keep_their_text) {
  for (const char* json : {"[1.10,1.0,100,-0,0.00,1e2,1E+02,12345678901234567890.123456789000]"}) {
    BOOST_TEST(again(json) == json);
  }
}

BOOST_AUTO_TEST_CASE(strings_are_unescaped_once_and_escaped_least) {
  Document document;
  BOOST_TEST(test::parse(R"("\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00\\n")", document)->text ==
             "\"\\/\b\f\n\r\t\xC3\xA9\xF0\x9F\x98\x80\\n");
  using namespace std::string_view_literals;
  BOOST_TEST(written("\"\\/\b\f\n\r\t\x01\x1f\x7f\xC3\xA9\0z"sv) ==
             "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\xC3\xA9\\u0000z\"");
  BOOST_TEST(written("") == "\"\"");
}

BOOST_AUTO_TEST_CASE(malformed_utf8_is_written_as_replacement) {
  BOOST_TEST(written("a\xFF" "b") == "\"a\xEF\xBF\xBD" "b\"");
  BOOST_TEST(written("caf\xE9 and more text") == "\"caf\xEF\xBF\xBD and more text\"");
  BOOST_TEST(written("\xE2\x82") == "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
  BOOST_TEST(written("\xE2\x82\xAC") == "\"\xE2\x82\xAC\"");
}

BOOST_AUTO_TEST_CASE(any_bytes_written_parse_back) {
  std::mt19937 random(11);
  const std::string alphabet("abcdefgh\"\\\n\x01\x1f\x20\x21\x22\x23\x5b\x5c\x5d\x7f\x80\xff\xc3\xa9\0", 24);
  for (int round = 0; round < 20000; ++round) {
    std::string text(random() % 40, ' ');
    for (char& c : text) {
      c = random() % 3 ? 'x' : alphabet[random() % alphabet.size()];
    }
    Document document;
    const fhir::Node* node = test::parse(written(text), document);
    std::string once(node->text);
    BOOST_TEST(test::parse(written(once), document)->text == once);
    if (text.find_first_of("\x80\xff\xc3\xa9") == std::string::npos) BOOST_REQUIRE(once == text);
  }
}

BOOST_AUTO_TEST_CASE(texts_of_every_length_cross_the_buffer) {
  for (std::size_t before = 4080; before < 4100; ++before) {
    for (std::size_t size : {0u, 1u, 7u, 8u, 9u, 17u, 3000u, 9000u}) {
      Document document;
      fhir::Node* list = document.array();
      document.append(list, document.string(std::string(before, 'a')));
      document.append(list, document.string(std::string(size, '"')));
      document.append(list, document.number(std::string(size + 1, '7')));
      std::string escaped;
      for (std::size_t i = 0; i < size; ++i) escaped += "\\\"";
      BOOST_REQUIRE(test::compact(list) == "[\"" + std::string(before, 'a') + "\",\"" + escaped +
                                               "\"," + std::string(size + 1, '7') + "]");
    }
  }
}

BOOST_AUTO_TEST_CASE(pretty_is_two_spaces) {
  Document document;
  BOOST_TEST(fhir::pretty_json(test::parse(R"({"a":[1,{"b":"c"}],"d":{},"e":[]})", document)) ==
             "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"c\"\n    }\n  ],\n  \"d\": {},\n  \"e\": []\n}\n");
}

BOOST_AUTO_TEST_CASE(other_peoples_bundles_survive_a_round_trip) {
  const auto folder = test::corpus() / "ms-fhir-converter";
  if (test::absent(folder)) return;
  int files = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (file.path().extension() != ".json") continue;
    Document document;
    const std::string text = test::read_file(file.path());
    std::string_view json = text;
    if (json.starts_with("\xEF\xBB\xBF")) json.remove_prefix(3);
    const fhir::Node* tree = test::parse(json, document);
    BOOST_TEST(fhir::equal(tree, test::parse(test::compact(tree), document)), file.path());
    BOOST_TEST(fhir::equal(tree, test::parse(fhir::pretty_json(tree), document)), file.path());
    ++files;
  }
  BOOST_TEST(files > 10);
}

BOOST_AUTO_TEST_SUITE_END()
