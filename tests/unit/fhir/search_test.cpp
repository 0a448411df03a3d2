#include <fhir/reference.hpp>
#include <fhir/search_values.hpp>

#include "help.hpp"

using fhir::DateRange;
using fhir::Document;
using fhir::SearchKind;
using fhir::SearchParameter;

namespace {

constexpr std::int64_t kSecond = 1'000'000, kDay = 86'400 * kSecond;

std::string indexed(SearchKind kind, std::string_view expression, std::string_view json) {
  Document document, scratch;
  auto path = fhir::Path::compile(expression);
  BOOST_REQUIRE(path.has_value());
  std::vector<SearchParameter> parameters;
  parameters.push_back({"p", kind, std::move(*path)});
  std::vector<fhir::SearchValue> values;
  fhir::search_values(parameters, test::parse(json, document), scratch, values);
  std::string out;
  for (const auto& value : values) {
    BOOST_TEST(value.param == "p");
    if (!out.empty()) out += ' ';
    if (kind == SearchKind::kDate) {
      const auto days = [](std::int64_t at) {
        return at == fhir::kTimeBegin ? "-" : at == fhir::kTimeEnd ? "+" : std::to_string(at / kDay);
      };
      out += days(value.start) + ".." + days(value.end);
    } else {
      if (!value.system.empty()) out.append(value.system) += '|';
      out += value.code;
    }
  }
  return out;
}
bool dated(std::string_view query, std::string_view value) {
  auto parsed = fhir::parse_date_query(query);
  BOOST_REQUIRE(parsed.has_value());
  const auto range = fhir::parse_date_range(value);
  BOOST_REQUIRE(range.has_value());
  return parsed->matches(range->start, range->end);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(search)

BOOST_AUTO_TEST_CASE(date_ranges) {
  BOOST_TEST((fhir::parse_date_range("1970") == DateRange{0, 365 * kDay}));
  BOOST_TEST((fhir::parse_date_range("1972-02") == DateRange{761 * kDay, 790 * kDay}));
  BOOST_TEST((fhir::parse_date_range("1970-01-02") == DateRange{kDay, 2 * kDay}));
  BOOST_TEST((fhir::parse_date_range("1970-01-01T00:01Z") == DateRange{60 * kSecond, 120 * kSecond}));
  BOOST_TEST((fhir::parse_date_range("1970-01-01T00:00:01") == DateRange{kSecond, 2 * kSecond}));
  BOOST_TEST((fhir::parse_date_range("1970-01-01T01:00:00.5+01:00") == DateRange{500'000, 600'000}));
  BOOST_TEST((fhir::parse_date_range("1969-12-31T19:00:00.123456789-05:00") == DateRange{123'456, 123'457}));
  BOOST_TEST((fhir::parse_date_range("1969-12-31") == DateRange{-kDay, 0}));
  for (const char* bad : {"", "197", "1970-13", "1970-00", "1970-02-30", "1970-1-1", "1970-01-01T", "1970-01-01T10",
                          "1970-01-01T24:00", "1970-01-01T10:60", "1970-01-01 10:00", "1970-01-01T10:00:00.Z",
                          "1970-01-01T10:00+1", "1970-01-01T10:00+15:00", "1970-01-01T10:00Zx", "19700101", "0000"}) {
    BOOST_TEST(!fhir::parse_date_range(bad).has_value(), bad);
  }
}

BOOST_AUTO_TEST_CASE(tokens) {
  const auto token = [](std::string_view path, std::string_view json) {
    return indexed(SearchKind::kToken, path, json);
  };
  BOOST_TEST(token("identifier", R"({"identifier":[{"system":"urn:oid:1","value":"a"},{"value":"b"},{"system":"x:y"}]})") ==
             "urn:oid:1|a b");
  BOOST_TEST(token("code", R"({"code":{"coding":[{"system":"http://loinc.org","code":"1-8"},{"code":"L"},{"system":"http://loinc.org","code":"1-8"}],"text":"t"}})") ==
             "http://loinc.org|1-8 L");
  BOOST_TEST(token("class", R"({"class":{"system":"s:","code":"IMP"}})") == "s:|IMP");
  BOOST_TEST(token("status | active", R"({"status":"final","active":true})") == "final true");
  BOOST_TEST(token("telecom", R"({"telecom":[{"system":"phone","value":"555"}]})") == "555");
  BOOST_TEST(token("Patient.deceased.exists() and Patient.deceased != false",
                   R"({"resourceType":"Patient","deceasedDateTime":"2020"})") == "true");
}

BOOST_AUTO_TEST_CASE(references) {
  BOOST_TEST(indexed(SearchKind::kReference, "s",
                     R"({"s":[{"reference":"Patient/1"},{"reference":"Patient/1/_history/2"},{"reference":"http://x.org/fhir/Patient/1"},
                              {"reference":"urn:uuid:5"},{"reference":"#c"},{"display":"d"},"http://canonical|1"]})") ==
             "Patient/1 http://x.org/fhir/Patient/1 urn:uuid:5 http://canonical|1");
  BOOST_TEST(indexed(SearchKind::kReference, "Observation.subject.where(resolve() is Patient)",
                     R"({"resourceType":"Observation","subject":{"reference":"Group/1"}})").empty());
  const auto parts = fhir::split_reference("https://h/fhir/Patient/a.b-1/_history/3");
  BOOST_TEST(parts.base == "https://h/fhir/");
  BOOST_TEST(parts.type == "Patient");
  BOOST_TEST(parts.id == "a.b-1");
  BOOST_TEST(parts.version == "3");
  for (const char* none : {"", "Patient", "urn:uuid:1/2", "Patient/a b", "patient/1", "Patient/", "/1",
                           "ftp://x/Patient/1", "_history/2", "/_history/2", "Patient/_history/2", "Patient/1/_history/2/3", "Patient/12345678901234567890123456789012345678901234567890123456789012345"}) {
    BOOST_TEST(fhir::split_reference(none).id.empty(), none);
  }
}

BOOST_AUTO_TEST_CASE(dates) {
  const auto date = [](std::string_view json) { return indexed(SearchKind::kDate, "d", json); };
  BOOST_TEST(date(R"({"d":"1970-01-05"})") == "4..5");
  BOOST_TEST(date(R"({"d":{"start":"1970-01-05"}})") == "4..+");
  BOOST_TEST(date(R"({"d":{"end":"1970-01-05"}})") == "-..5");
  BOOST_TEST(date(R"({"d":{"start":"1970-01-02","end":"1970-01-05"}})") == "1..5");
  BOOST_TEST(date(R"({"d":{"event":["1970-01-09","1970-01-03"]}})") == "2..9");
  BOOST_TEST(date(R"({"d":{"repeat":{"boundsPeriod":{"start":"1970-01-02"}}}})") == "1..+");
  BOOST_TEST(date(R"({"d":["nonsense",{}]})").empty());
}

BOOST_AUTO_TEST_CASE(strings) {
  BOOST_TEST(indexed(SearchKind::kString, "name",
                     R"({"name":[{"use":"official","family":"Müller-Ångström","given":["Ève"," Åsa  B"],"period":{"start":"2020"}},"Plain"]})") ==
             "muller-angstrom eve asa b plain");
  BOOST_TEST(fhir::fold_search_text("\xC3\x86sop STRA\xC3\x9F" "E") == "aesop strasse");
  BOOST_TEST(fhir::fold_search_text("e\xCC\x81\xD0\x96") == "e\xD0\xB6");
  BOOST_TEST(fhir::fold_search_text("\xC4\xB0\xC5\xBB\xC5\xBF" "\xFF") == "izs");
  BOOST_TEST(fhir::fold_search_text(" \t\n ").empty());
}

BOOST_AUTO_TEST_CASE(a_resource_has_a_limit_of_entries) {
  std::string json = R"({"identifier":[{"value":"x"})";
  for (int i = 0; i < 5000; ++i) json += R"(,{"value":")" + std::to_string(i) + "\"}";
  const std::string all = indexed(SearchKind::kToken, "identifier", json + "]}");
  BOOST_TEST(static_cast<std::size_t>(std::count(all.begin(), all.end(), ' ')) == fhir::kSearchValuesMax - 1);
}

BOOST_AUTO_TEST_CASE(token_queries) {
  const fhir::SearchValue with{.system = "s", .code = "c"}, without{.code = "c"};
  const auto matches = [](std::string_view query, const fhir::SearchValue& value) {
    return fhir::parse_token_query(query).matches(value);
  };
  BOOST_TEST(matches("c", with));
  BOOST_TEST(matches("c", without));
  BOOST_TEST(matches("s|c", with));
  BOOST_TEST(!matches("s|c", without));
  BOOST_TEST(matches("|c", without));
  BOOST_TEST(!matches("|c", with));
  BOOST_TEST(matches("s|", with));
  BOOST_TEST(!matches("t|", with));
  BOOST_TEST(!matches("C", with));
  BOOST_TEST(!matches("|", without));
  BOOST_TEST(fhir::parse_token_query("a\\|b|c\\,d").system.value() == "a|b");
  BOOST_TEST(fhir::parse_token_query("a\\|b|c\\,d").code == "c,d");
  const auto parts = fhir::split_search_values("a\\,b,c\\\\,,d");
  BOOST_REQUIRE(parts.size() == 4u);
  BOOST_TEST(fhir::unescape_search_value(parts[0]) == "a,b");
  BOOST_TEST(fhir::unescape_search_value(parts[1]) == "c\\");
  BOOST_TEST(parts[2].empty());
}

BOOST_AUTO_TEST_CASE(date_queries) {
  // The examples of http://hl7.org/fhir/R4/search.html#prefix.
  BOOST_TEST(dated("eq2013-01-14", "2013-01-14T00:00"));
  BOOST_TEST(dated("2013-01-14", "2013-01-14T10:00"));
  BOOST_TEST(!dated("eq2013-01-14", "2013-01-15T00:00"));
  BOOST_TEST(dated("ne2013-01-14", "2013-01-15T00:00"));
  BOOST_TEST(!dated("ne2013-01-14", "2013-01-14T10:00"));
  BOOST_TEST(dated("lt2013-01-14T10:00", "2013-01-14"));
  BOOST_TEST(!dated("gt2013-01-14T23:59:59.9999", "2013-01-13"));
  BOOST_TEST(dated("gt2013-01-14T10:00", "2013-01-14"));
  BOOST_TEST(dated("ge2013-03-14", "2013-03-14"));
  BOOST_TEST(dated("ge2013-03-14", "2013-03-15"));
  BOOST_TEST(!dated("ge2013-03-14", "2013-03-13"));
  BOOST_TEST(dated("le2013-03-14", "2013-03-14"));
  BOOST_TEST(!dated("le2013-03-14", "2013-03-15"));
  BOOST_TEST(dated("sa2013-03-14", "2013-03-15"));
  BOOST_TEST(!dated("sa2013-03-14", "2013-03-14T23:00"));
  BOOST_TEST(dated("eb2013-03-14", "2013-03-13"));
  BOOST_TEST(!dated("eb2013-03-14", "2013"));
  BOOST_TEST(dated("ap2013-03-14", "2013-03"));
  BOOST_TEST(!dated("eq2013-03-14", "2013-03"));
  BOOST_TEST(dated("eq2013", "2013-03"));
  for (const char* bad : {"", "xx2013", "ge", "2013-02-30", "eq eq"}) {
    BOOST_TEST(!fhir::parse_date_query(bad).has_value(), bad);
  }
}

BOOST_AUTO_TEST_SUITE_END()
