#include <boost/test/unit_test.hpp>
#include <outbound/fhir_destination.hpp>

using namespace std::chrono_literals;
using outbound::classify;
using outbound::parse_retry_after;
using Kind = pipeline::DeliveryOutcome::Kind;

namespace {

// RFC 9110, 5.6.7: the three forms of one instant.
const core::Instant kNow = *core::from_iso("1994-11-06T08:49:07Z");

net::HttpResponse response(int status, std::string body = {}, net::HttpPairs headers = {}) {
  return {status, std::move(headers), "application/fhir+json", std::move(body)};
}
Kind kind(int status, std::string body = {}) {
  return classify(response(status, std::move(body)), kNow).kind;
}

std::string bundle(const std::string& statuses) {
  return R"({"resourceType":"Bundle","type":"transaction-response","entry":[)" + statuses + "]}";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(classification)

BOOST_AUTO_TEST_CASE(retry_after) {
  BOOST_TEST((parse_retry_after("120", kNow) == 120s));
  BOOST_TEST((parse_retry_after(" 0 ", kNow) == 0s));
  BOOST_TEST((parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", kNow) == 30s));
  BOOST_TEST((parse_retry_after("Sunday, 06-Nov-94 08:49:37 GMT", kNow) == 30s));
  BOOST_TEST((parse_retry_after("Sun Nov  6 08:49:37 1994", kNow) == 30s));
  BOOST_TEST((parse_retry_after("Sun, 06 Nov 1994 08:49:00 GMT", kNow) == 0s));
  BOOST_TEST((parse_retry_after("Sun, 06 Nov 2044 08:49:37 GMT", kNow) == 24h));
  BOOST_TEST((parse_retry_after("99999999999999999999", kNow) == 24h));
  const auto in_2026 = *core::from_iso("2026-11-06T08:49:07Z");
  BOOST_TEST((parse_retry_after("Friday, 06-Nov-26 08:49:37 GMT", in_2026) == 30s));
  BOOST_TEST((parse_retry_after("Sunday, 06-Nov-94 08:49:37 GMT", in_2026) == 0s));
  for (const char* wrong :
       {"", "soon", "-1", "1.5", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 25:49:37 GMT", "Sun, 06 Nuv 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49 GMT", "Sun, 06 Nov 1994", "06-Nov-94",
        "Sun, 6x Nov 1994 08:49:37 GMT", "a b c d e", "a b c d e f"}) {
    BOOST_TEST(!parse_retry_after(wrong, kNow).has_value(), wrong);
  }
}

BOOST_AUTO_TEST_CASE(statuses) {
  for (const int status : {200, 201, 202, 204})
    BOOST_TEST((kind(status) == Kind::kDelivered), status);
  for (const int status : {301, 302, 307, 408, 425, 429, 500, 502, 503, 504, 507, 599, 401, 407}) {
    BOOST_TEST((kind(status) == Kind::kTransient), status);
  }
  for (const int status : {400, 403, 404, 405, 409, 410, 412, 413, 415, 422, 451}) {
    BOOST_TEST((kind(status) == Kind::kPermanent), status);
  }
  BOOST_TEST(classify(response(503), kNow).reason == "http 503");
  BOOST_TEST(classify(response(422), kNow).http_status == 422);
}

BOOST_AUTO_TEST_CASE(retry_after_is_taken_from_transient_answers) {
  const auto busy = classify(response(429, "", {{"retry-AFTER", "7"}}), kNow);
  BOOST_TEST((busy.retry_after == 7s));
  BOOST_TEST(!classify(response(503), kNow).retry_after.has_value());
  BOOST_TEST(!classify(response(422, "", {{"Retry-After", "7"}}), kNow).retry_after.has_value());
}

BOOST_AUTO_TEST_CASE(a_200_must_come_from_a_fhir_server) {
  BOOST_TEST((kind(200, bundle("")) == Kind::kDelivered));
  BOOST_TEST((kind(200, R"({"resourceType":"Bundle","type":"transaction-response"})") ==
              Kind::kDelivered));
  BOOST_TEST((
      kind(200, bundle(R"({"response":{"status":"201 Created"}},{"response":{"status":"200"}})")) ==
      Kind::kDelivered));
  for (const char* body :
       {"<html>Log in</html>", "{", "[]", "null", "\"Bundle\"", "{}", R"({"resourceType":1})",
        R"({"resourceType":"OperationOutcome"})", R"({"resourceType":"Bundle"} x)"}) {
    const auto outcome = classify(response(200, body), kNow);
    BOOST_TEST((outcome.kind == Kind::kTransient), body);
    BOOST_TEST(outcome.reason == "http 200 without a Bundle");
  }
  BOOST_TEST((kind(200, std::string(1'000'000, '[')) == Kind::kTransient));
}

BOOST_AUTO_TEST_CASE(entries_that_failed) {
  const auto refused =
      classify(response(200, bundle(R"({"response":{"status":"422 Unprocessable"}})")), kNow);
  BOOST_TEST((refused.kind == Kind::kPermanent));
  BOOST_TEST(refused.reason == "an entry was answered 422");
  BOOST_TEST((kind(200, bundle(R"({"response":{"status":"503"}})")) == Kind::kTransient));
  BOOST_TEST((kind(200, bundle(R"({"response":{"status":"409 Conflict"}})")) == Kind::kTransient));
  BOOST_TEST((kind(200, bundle(R"({"response":{}},{},7,{"response":{"status":"x"}})")) ==
              Kind::kDelivered));
}

BOOST_AUTO_TEST_SUITE_END()
