#include <boost/test/unit_test.hpp>
#include <hl7http/endpoint.hpp>

BOOST_AUTO_TEST_CASE(content_types) {
  using hl7http::parse_content_type;
  BOOST_TEST(parse_content_type("application/hl7-v2+er7").er7);
  BOOST_TEST(parse_content_type("Application/HL7-v2+ER7; Charset=\"utf-8\"").charset == "utf-8");
  BOOST_TEST(parse_content_type("application/hl7-v2+xml;charset=utf-8").xml);
  for (const char* other : {"", "text/plain", "application/json", "application/hl7-v2+er7x"}) {
    BOOST_TEST(!parse_content_type(other).er7, other);
    BOOST_TEST(!parse_content_type(other).xml, other);
  }
}
