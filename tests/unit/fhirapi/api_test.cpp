#include <boost/test/unit_test.hpp>
#include <fhir/json.hpp>
#include <fhir/xml.hpp>
#include <fhirapi/api.hpp>

#include "adapters/fhirapi/xml_model.hpp"
#include "fake_records.hpp"
#include "paths.hpp"

using net::HttpRequest;
using net::HttpResponse;

namespace {

const schema::R4& r4() {
  static const schema::R4 loaded = [] {
    auto result = schema::R4::load(test::source_path("/schemas/fhir/r4.txt"));
    BOOST_REQUIRE(result.has_value());
    return std::move(*result);
  }();
  return loaded;
}

store::Resource resource(std::string type, std::string id, std::uint32_t version,
                         std::string rest = "", bool deleted = false) {
  store::Resource made;
  made.type = type;
  made.id = id;
  made.version = version;
  made.deleted = deleted;
  made.updated = *core::from_iso("2026-11-21T08:15:30.25Z");
  if (!deleted) made.body = R"({"resourceType":")" + type + R"(","id":")" + id + "\"" + rest + "}";
  return made;
}

struct Fixture {
  core::SimulatedClock clock{*core::from_iso("2026-11-21T00:00:00Z")};
  test::FakeRecords* records = new test::FakeRecords;
  fhirapi::Api api{r4(), clock, std::unique_ptr<store::Records>(records),
                   [](std::string_view type) -> std::vector<std::string> {
                     if (type == "Patient") return {"identifier", "birthdate", "family", "gender"};
                     return {"code", "date", "patient", "subject", "status"};
                   }};
  fhir::Document document;

  HttpResponse send(HttpRequest request) {
    const auto question = request.target.find('?');
    BOOST_REQUIRE(net::decode_target(request.target, request.path, request.query));
    (void)question;
    request.headers.emplace_back("Host", "h:1");
    BOOST_REQUIRE(request.path.starts_with("/fhir/r4/"));
    request.params = {{"rest", request.path.substr(9)}};
    return api.handle(request);
  }
  HttpResponse get(std::string path, net::HttpPairs headers = {}) {
    HttpRequest request;
    request.method = "GET";
    request.target = "/fhir/r4/" + path;
    request.headers = std::move(headers);
    return send(std::move(request));
  }
  /// The body, held against R4 by the validator.
  const fhir::Node* body(const HttpResponse& response) {
    auto parsed = fhir::parse_json(response.body, document);
    BOOST_REQUIRE_MESSAGE(parsed.has_value(), response.body);
    for (const auto& fault : schema::validate(r4(), *parsed)) {
      BOOST_ERROR(fault.path + ": " + fault.text);
    }
    return *parsed;
  }
  void refused(const HttpResponse& response, int status) {
    BOOST_TEST(response.status == status);
    BOOST_TEST(body(response)->text_of("resourceType") == "OperationOutcome");
  }
  std::string link(const fhir::Node* bundle, std::string_view relation) {
    const fhir::Node* links = bundle->find("link");
    for (const fhir::Item* i = links->first_item; i; i = i->next) {
      if (i->value->text_of("relation") == relation) return std::string(i->value->text_of("url"));
    }
    return "";
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(fhirapi, Fixture)

BOOST_AUTO_TEST_CASE(reads_the_current_version) {
  records->versions = {resource("Patient", "p1", 1),
                       resource("Patient", "p1", 2, R"(,"gender":"male","meta":{"source":"urn:x"})")};
  const HttpResponse response = get("Patient/p1");
  BOOST_TEST(response.status == 200);
  BOOST_TEST(response.content_type == "application/fhir+json; charset=utf-8");
  BOOST_TEST(response.header("etag") == "W/\"2\"");
  BOOST_TEST(response.header("last-modified") == "Sat, 21 Nov 2026 08:15:30 GMT");
  const fhir::Node* meta = body(response)->find("meta");
  BOOST_TEST(meta->text_of("versionId") == "2");
  BOOST_TEST(meta->text_of("lastUpdated") == "2026-11-21T08:15:30.250000Z");
  BOOST_TEST(meta->text_of("source") == "urn:x");
}

BOOST_AUTO_TEST_CASE(conditional_reads) {
  records->versions = {resource("Patient", "p1", 2)};
  for (const char* known : {"W/\"2\"", "\"2\"", "W/\"1\", W/\"2\"", "*"}) {
    const HttpResponse response = get("Patient/p1", {{"If-None-Match", known}});
    BOOST_TEST(response.status == 304, known);
    BOOST_TEST(response.body.empty());
    BOOST_TEST(response.header("etag") == "W/\"2\"");
  }
  BOOST_TEST(get("Patient/p1", {{"If-None-Match", "W/\"1\""}}).status == 200);
}

BOOST_AUTO_TEST_CASE(never_there_and_deleted_differ) {
  records->versions = {resource("Patient", "p1", 1), resource("Patient", "p1", 2, "", true)};
  refused(get("Patient/p2"), 404);
  refused(get("Patient/p1"), 410);
  refused(get("Nonsense/p1"), 404);
  refused(get("Patient/p1/$everything"), 404);
  refused(get("Patient/p1/_history/7"), 404);
  refused(get("Patient/p1/_history/x"), 404);
  refused(get("Patient/p1/_history/2"), 410);
  refused(get("Patient/a%20b"), 404);
  BOOST_TEST(get("Patient/p1/_history/1").status == 200);
  records->broken = true;
  refused(get("Patient/p1"), 503);
}

BOOST_AUTO_TEST_CASE(history_of_a_resource) {
  records->versions = {resource("Patient", "p1", 1), resource("Patient", "p1", 2),
                       resource("Patient", "p1", 3, "", true)};
  const HttpResponse response = get("Patient/p1/_history");
  const fhir::Node* bundle = body(response);
  BOOST_TEST(bundle->text_of("type") == "history");
  BOOST_TEST(bundle->text_of("total") == "3");
  const fhir::Node* entries = bundle->find("entry");
  BOOST_REQUIRE(entries->count == 3u);
  BOOST_TEST(entries->item(0)->find("request")->text_of("method") == "DELETE");
  BOOST_TEST(!entries->item(0)->find("resource"));
  BOOST_TEST(entries->item(1)->find("resource")->find("meta")->text_of("versionId") == "2");
  BOOST_TEST(entries->item(2)->find("response")->text_of("status") == "201");
  BOOST_TEST(body(get("Patient/p1/_history?_count=1"))->find("entry")->count == 1u);
  refused(get("Patient/p1/_history?_count=x"), 400);
  refused(get("Patient/p9/_history"), 404);
}

BOOST_AUTO_TEST_CASE(search_pages) {
  for (int n = 1; n <= 5; ++n) records->matches.push_back(resource("Patient", "p" + std::to_string(n), 1));
  HttpResponse response = get("Patient?gender=male&_count=2");
  const fhir::Node* bundle = body(response);
  BOOST_TEST(bundle->text_of("type") == "searchset");
  BOOST_TEST(link(bundle, "self") == "http://h:1/fhir/r4/Patient?gender=male&_count=2");
  std::string next = link(bundle, "next");
  BOOST_TEST(next == "http://h:1/fhir/r4/Patient?gender=male&_count=2&_cursor=p2");
  BOOST_TEST(bundle->find("entry")->count == 2u);
  BOOST_TEST(bundle->find("entry")->item(0)->text_of("fullUrl") == "http://h:1/fhir/r4/Patient/p1");
  std::vector<std::string> ids;
  std::string path = "Patient?gender=male&_count=2";
  for (int page = 0; page < 10 && !path.empty(); ++page) {
    bundle = body(get(path));
    const fhir::Node* entries = bundle->find("entry");
    for (const fhir::Item* i = entries->first_item; i; i = i->next) {
      ids.emplace_back(i->value->find("resource")->text_of("id"));
    }
    next = link(bundle, "next");
    path = next.empty() ? "" : next.substr(std::string("http://h:1/fhir/r4/").size());
  }
  BOOST_TEST((ids == std::vector<std::string>{"p1", "p2", "p3", "p4", "p5"}));
  BOOST_TEST(body(get("Patient?_total=accurate&_cursor=p4"))->text_of("total") == "5");
  BOOST_TEST(records->asked.after_id == "p4");
  bundle = body(get("Patient?_summary=count"));
  BOOST_TEST(bundle->text_of("total") == "5");
  BOOST_TEST(!bundle->find("entry"));
  BOOST_TEST(body(get("Patient?_count=0"))->text_of("total") == "5");
  get("Patient?_count=100000");
  BOOST_TEST(records->asked.count == fhirapi::kPageMax + 1);
}

BOOST_AUTO_TEST_CASE(search_clauses) {
  get("Patient?identifier=urn:oid:1%7C7,b%5C,c&birthdate=ge1970&birthdate=lt1980-02&family:exact=O%27Neil&gender:missing=true");
  const auto& clauses = records->asked.clauses;
  BOOST_REQUIRE(clauses.size() == 5u);
  BOOST_TEST(clauses[0].name == "identifier");
  BOOST_TEST((clauses[0].values == std::vector<std::string>{"urn:oid:1|7", "b\\,c"}));
  BOOST_TEST(clauses[1].values[0] == "ge1970");
  BOOST_TEST(clauses[2].values[0] == "lt1980-02");
  BOOST_TEST(clauses[3].modifier == "exact");
  BOOST_TEST(clauses[4].modifier == "missing");
}

BOOST_AUTO_TEST_CASE(references_take_every_form) {
  const auto asked = [this](std::string query) {
    BOOST_TEST(get("Observation?" + query).status == 200);
    return records->asked.clauses.at(0).values;
  };
  using Values = std::vector<std::string>;
  BOOST_TEST((asked("patient=1") == Values{"Patient/1"}));
  BOOST_TEST((asked("patient=Patient/1,2") == Values{"Patient/1", "Patient/2"}));
  BOOST_TEST((asked("subject:Group=1") == Values{"Group/1"}));
  BOOST_TEST((asked("subject=http://h:1/fhir/r4/Patient/1") == Values{"Patient/1"}));
  BOOST_TEST((asked("subject=http://other/Patient/1") == Values{"http://other/Patient/1"}));
  BOOST_TEST((asked("subject=1") == Values{"Patient/1", "Group/1", "Device/1", "Location/1"}));
}

BOOST_AUTO_TEST_CASE(unknown_parameters) {
  records->matches = {resource("Patient", "p1", 1)};
  const fhir::Node* bundle = body(get("Patient?nonsense=SECRET&gender=male&_sort=name"));
  BOOST_TEST(link(bundle, "self") == "http://h:1/fhir/r4/Patient?gender=male");
  const fhir::Node* entries = bundle->find("entry");
  BOOST_REQUIRE(entries->count == 2u);
  BOOST_TEST(entries->item(1)->find("search")->text_of("mode") == "outcome");
  BOOST_TEST(entries->item(1)->find("resource")->text_of("resourceType") == "OperationOutcome");
  const HttpResponse strict = get("Patient?nonsense=SECRET", {{"Prefer", "return=minimal, handling=strict"}});
  refused(strict, 400);
  BOOST_TEST(strict.body.find("SECRET") == std::string::npos);
  BOOST_TEST(get("Patient?gender=male", {{"Prefer", "handling=strict"}}).status == 200);
  refused(get("Patient?gender:above=male"), 400);
  refused(get("Patient?birthdate=nonsense"), 400);
  refused(get("Patient?birthdate=1970-02-30"), 400);
  refused(get("Patient?gender:missing=maybe"), 400);
  std::string many = "Patient?_id=1";
  for (int i = 0; i < 60; ++i) many += "&_id=1";
  refused(get(many), 400);
}

BOOST_AUTO_TEST_CASE(search_by_post) {
  HttpRequest request;
  request.method = "POST";
  request.target = "/fhir/r4/Patient/_search?gender=male";
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
  request.body = "identifier=a%7Cb&_count=3";
  BOOST_TEST(send(request).status == 200);
  BOOST_REQUIRE(records->asked.clauses.size() == 2u);
  BOOST_TEST(records->asked.clauses[1].values[0] == "a|b");
  request.headers[0].second = "application/json";
  refused(send(request), 415);
  request.headers[0].second = "application/x-www-form-urlencoded";
  request.body = "a=%zz";
  refused(send(request), 400);
  refused(get("Patient/_search"), 405);
}

BOOST_AUTO_TEST_CASE(writing_is_refused) {
  for (const char* method : {"PUT", "POST", "DELETE", "PATCH"}) {
    HttpRequest request;
    request.method = method;
    request.target = "/fhir/r4/Patient/p1";
    const HttpResponse response = send(request);
    refused(response, 405);
    BOOST_TEST(response.header("allow") == "GET, HEAD");
  }
}

BOOST_AUTO_TEST_CASE(formats) {
  records->versions = {resource("Patient", "p1", 1)};
  const auto type_of = [this](std::string path, net::HttpPairs headers = {}) {
    const HttpResponse response = get(path, std::move(headers));
    return std::to_string(response.status) + " " + response.content_type.substr(0, response.content_type.find(';'));
  };
  BOOST_TEST(type_of("Patient/p1", {{"Accept", "*/*"}}) == "200 application/fhir+json");
  BOOST_TEST(type_of("Patient/p1", {{"Accept", "application/fhir+xml"}}) == "200 application/fhir+xml");
  BOOST_TEST(type_of("Patient/p1", {{"Accept", "application/xml;q=0.5, application/json"}}) == "200 application/fhir+json");
  BOOST_TEST(type_of("Patient/p1", {{"Accept", "text/html, application/xml;q=0.9, */*;q=0.8"}}) == "200 application/fhir+xml");
  BOOST_TEST(type_of("Patient/p1", {{"Accept", "text/html"}}).starts_with("406"));
  BOOST_TEST(type_of("Patient/p1", {{"Accept", "application/fhir+json; fhirVersion=3.0"}}).starts_with("406"));
  BOOST_TEST(type_of("Patient/p1", {{"Accept", "application/fhir+json; fhirVersion=4.0"}}).starts_with("200"));
  BOOST_TEST(type_of("Patient/p1?_format=xml", {{"Accept", "application/json"}}) == "200 application/fhir+xml");
  BOOST_TEST(type_of("Patient/p1?_format=application/fhir+json") == "200 application/fhir+json");
  BOOST_TEST(type_of("Patient/p1?_format=ttl").starts_with("406"));
  BOOST_TEST(type_of("Patient/p9?_format=xml") == "404 application/fhir+xml");
  BOOST_TEST(get("Patient/p1?_pretty=true").body.find("\n  \"id\"") != std::string::npos);
  const HttpResponse xml = get("Patient/p1?_format=xml");
  const auto read = fhir::parse_xml(xml.body, fhirapi::XmlModel(r4()), document);
  BOOST_REQUIRE(read.has_value());
  BOOST_TEST(fhir::equal(*read, body(get("Patient/p1"))));
}

BOOST_AUTO_TEST_CASE(metadata_tells_what_is_there) {
  const fhir::Node* statement = body(get("metadata"));
  BOOST_TEST(statement->text_of("fhirVersion") == "4.0.1");
  const fhir::Node* resources = statement->find("rest")->item(0)->find("resource");
  BOOST_TEST(resources->count == r4().resource_types().size());
  for (const fhir::Item* i = resources->first_item; i; i = i->next) {
    if (i->value->text_of("type") != "Patient") continue;
    std::string names;
    const fhir::Node* params = i->value->find("searchParam");
    for (const fhir::Item* p = params->first_item; p; p = p->next) {
      names += std::string(p->value->text_of("name")) + ":" + std::string(p->value->text_of("type")) + " ";
    }
    BOOST_TEST(names == "_id:token _lastUpdated:date birthdate:date family:string gender:token identifier:token ");
  }
  BOOST_TEST(get("metadata?_format=xml").status == 200);
}

BOOST_AUTO_TEST_SUITE_END()
