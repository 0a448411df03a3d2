#include "support.hpp"

#include <map>

BOOST_AUTO_TEST_SUITE(r4_primitives)

BOOST_AUTO_TEST_CASE(forms) {
  using List = std::vector<std::string>;
  struct Row {
    const char* type;
    List good, bad;
  };
  const std::string long_id(64, 'a');
  const Row rows[] = {
      {"boolean", {"true", "false"}, {"", "True", "1"}},
      {"integer",
       {"0", "-1", "2147483647", "-2147483648"},
       {"", "-", "01", "1.0", "2147483648", "-2147483649", "+1", "1e3", "99999999999"}},
      {"positiveInt", {"1", "2147483647"}, {"0", "-1", ""}},
      {"unsignedInt", {"0", "7"}, {"-1", "-0", "00"}},
      {"decimal",
       {"0", "-0.10", "1.10", "12e5", "1.0E-7"},
       {"", ".5", "1.", "01", "1e", "NaN", "+1"}},
      {"string", {"a", " a ", "\xC3\xA9", "a\tb\nc"}, {"", "a\x01", std::string("a\0b", 3)}},
      {"code", {"a", "a b"}, {"", " a", "a ", "a  b", "a\nb "}},
      {"id", {"1", "A-b.9", long_id}, {"", "a_b", "a/b", long_id + "a"}},
      {"uri", {"urn:oid:1.2", "http://x/y?z#a", "x"}, {"", "a b", "a\t"}},
      {"oid",
       {"urn:oid:2.16.840.1", "urn:oid:1.0"},
       {"2.16", "urn:oid:3.1", "urn:oid:1", "urn:oid:1.01"}},
      {"uuid",
       {"urn:uuid:c757873d-ec9a-4326-a141-556f43239520"},
       {"c757873d-ec9a-4326-a141-556f43239520", "urn:uuid:C757873D-ec9a-4326-a141-556f43239520",
        "urn:uuid:c757873dec9a-4326-a141-556f432395200"}},
      {"base64Binary", {"YQ==", "YWI=", "YWJj", "YW\nJj"}, {"", "YQ=", "Y", "YQ==YQ==", "Y-=="}},
      {"date",
       {"2024", "2024-02", "2024-02-29", "1900-02-28", "2000-02-29", "0001-01-01"},
       {"", "24", "2024-13", "2024-00", "2023-02-29", "1900-02-29", "2024-04-31", "2024-2-1",
        "0000", "2024-02-29T", "20240229", "2024-", "2024-02-00"}},
      {"dateTime",
       {"2024", "2024-02-29", "2024-02-29T23:59:59Z", "2024-02-29T00:00:00.123-05:00",
        "2016-12-31T23:59:60+14:00"},
       {"2024-02-29T10:00Z", "2024-02-29T10:00:00", "2024-02-30T10:00:00Z", "2024-02T10:00:00Z",
        "2024-02-29T24:00:00Z", "2024-02-29T10:60:00Z", "2024-02-29T10:00:61Z",
        "2024-02-29T10:00:00+15:00", "2024-02-29T10:00:00.Z", "2024-02-29 10:00:00Z"}},
      {"instant", {"2024-02-29T10:00:00Z"}, {"2024-02-29", "2024", ""}},
      {"time", {"10:00:00", "23:59:59.9"}, {"10:00", "24:00:00", "10:00:00Z"}},
      {"xhtml",
       {"<div xmlns=\"http://www.w3.org/1999/xhtml\">a</div>"},
       {"", "text", "<div>a</div>", "<p xmlns=\"http://www.w3.org/1999/xhtml\">a</p>"}},
      {"nothing", {}, {"x"}},
  };
  for (const Row& row : rows) {
    for (const auto& text : row.good) {
      BOOST_TEST_CONTEXT(row.type << " good: " << text) {
        BOOST_TEST(schema::valid_primitive(row.type, text));
      }
    }
    for (const auto& text : row.bad) {
      BOOST_TEST_CONTEXT(row.type << " bad: " << text) {
        BOOST_TEST(!schema::valid_primitive(row.type, text));
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
