#include <fhir/bundle.hpp>
#include <fhir/outcome.hpp>

#include "help.hpp"

BOOST_AUTO_TEST_SUITE(bundle)

BOOST_AUTO_TEST_CASE(a_transaction) {
  std::string out;
  fhir::write_bundle({.identifier_system = "urn:chartwire:message", .identifier_value = "a|\"b\""},
                     {{.type = "Patient", .id = "1", .json = R"({"resourceType":"Patient","id":"1"})"},
                      {.type = "Basic", .id = "2", .method = "DELETE"},
                      {.type = "Task", .id = "3", .json = "{}", .full_url = "http://x/Task/3", .method = "POST"}},
                     out);
  fhir::Document d;
  test::parse(out, d);
  BOOST_TEST(out ==
             R"({"resourceType":"Bundle","identifier":{"system":"urn:chartwire:message","value":"a|\"b\""},"type":"transaction","entry":[)"
             R"({"fullUrl":"urn:uuid:1","resource":{"resourceType":"Patient","id":"1"},"request":{"method":"PUT","url":"Patient/1"}},)"
             R"({"request":{"method":"DELETE","url":"Basic/2"}},)"
             R"({"fullUrl":"http://x/Task/3","resource":{},"request":{"method":"POST","url":"Task"}}]})");
}

BOOST_AUTO_TEST_CASE(an_empty_one_has_no_entry_list) {
  std::string out;
  fhir::write_bundle({.type = "batch", .id = "i", .timestamp = "2026-01-01T00:00:00Z"}, {}, out);
  BOOST_TEST(out == R"({"resourceType":"Bundle","id":"i","type":"batch","timestamp":"2026-01-01T00:00:00Z"})");
}

BOOST_AUTO_TEST_CASE(full_urls_have_the_base) {
  std::string out;
  fhir::write_bundle({.base = "http://h/fhir/"}, {{.type = "Patient", .id = "1", .json = "{}"}}, out);
  BOOST_TEST(out.find(R"("fullUrl":"http://h/fhir/Patient/1")") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(responses) {
  const auto outcomes = fhir::parse_transaction_response(
      R"({"resourceType":"Bundle","type":"transaction-response","entry":[
         {"response":{"status":"201 Created","location":"Patient/1/_history/1","etag":"W/\"1\""}},
         {"response":{"status":"422","outcome":{"resourceType":"OperationOutcome","issue":[
            {"severity":"warning","diagnostics":"w"},{"severity":"error","details":{"text":"e"}}]}}},{}]})");
  BOOST_REQUIRE(outcomes.has_value());
  BOOST_REQUIRE(outcomes->size() == 3u);
  BOOST_TEST((*outcomes)[0].status == 201);
  BOOST_TEST((*outcomes)[0].location == "Patient/1/_history/1");
  BOOST_TEST((*outcomes)[0].etag == "W/\"1\"");
  BOOST_TEST((*outcomes)[1].status == 422);
  BOOST_TEST((*outcomes)[1].diagnostics == "e");
  BOOST_TEST((*outcomes)[2].status == 0);
  BOOST_TEST(!fhir::parse_transaction_response(R"({"resourceType":"OperationOutcome"})").has_value());
  BOOST_TEST(!fhir::parse_transaction_response("<html>").has_value());
  BOOST_TEST(!fhir::parse_transaction_response("[]").has_value());
}

BOOST_AUTO_TEST_CASE(outcomes) {
  BOOST_TEST(fhir::outcome_json({core::ErrorCode::kGone, "was deleted", ""}) ==
             R"({"resourceType":"OperationOutcome","issue":[{"severity":"error","code":")" +
                 std::string(core::entry(core::ErrorCode::kGone).fhir_type) +
                 R"(","diagnostics":"was deleted"}]})");
  const std::string placed = fhir::outcome_json({core::ErrorCode::kBadResource, "d", "Patient.name[0]"});
  BOOST_TEST(placed.find(R"("expression":["Patient.name[0]"])") != std::string::npos);
  const std::string offset = fhir::outcome_json({core::ErrorCode::kBadJson, "d", "offset 3"});
  BOOST_TEST(offset.find("\"diagnostics\":\"d (offset 3)\"") != std::string::npos);
  const std::string bare = fhir::outcome_json({core::ErrorCode::kNotFound, "", ""});
  BOOST_TEST(bare.find(core::entry(core::ErrorCode::kNotFound).meaning) != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
