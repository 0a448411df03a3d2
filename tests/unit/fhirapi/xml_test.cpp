#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fhir/json.hpp>
#include <fhir/xml.hpp>
#include <fstream>
#include <iterator>
#include <pugixml.hpp>

#include "adapters/fhirapi/xml_model.hpp"
#include "paths.hpp"

namespace {

const schema::R4& r4() {
  static const schema::R4 loaded = [] {
    auto result = schema::R4::load(test::source_path("/schemas/fhir/r4.txt"));
    BOOST_REQUIRE(result.has_value());
    return std::move(*result);
  }();
  return loaded;
}
const fhirapi::XmlModel& model() {
  static const fhirapi::XmlModel made(r4());
  return made;
}
std::string to_xml(std::string_view json) {
  fhir::Document document;
  auto parsed = fhir::parse_json(json, document);
  BOOST_REQUIRE(parsed.has_value());
  auto xml = fhir::write_xml(*parsed, model());
  return xml ? *xml : "! " + xml.error().where;
}
std::string to_json(std::string_view xml) {
  fhir::Document document;
  auto parsed = fhir::parse_xml(xml, model(), document);
  if (!parsed) return "! " + parsed.error().text();
  std::string out;
  fhir::write_json(*parsed, out);
  return out;
}
bool refused(std::string_view xml) { return to_json(xml).starts_with("! "); }

constexpr std::string_view kHead = R"(<?xml version="1.0" encoding="UTF-8"?>)";

}  // namespace

BOOST_AUTO_TEST_SUITE(xml)

BOOST_AUTO_TEST_CASE(writes_in_the_order_of_the_definition) {
  const std::string xml = to_xml(
      R"({"resourceType":"Patient","birthDate":"1970","_birthDate":{"extension":[{"url":"u","valueString":"<&\"\n>"}]},)"
      R"("name":[{"given":["A",null,"C"],"_given":[null,{"id":"g2","extension":[{"url":"v","valueBoolean":true}]},null],"family":"F"}],)"
      R"("contained":[{"resourceType":"Organization","id":"o","name":"N"}],"id":"p","active":false})");
  BOOST_TEST(xml == std::string(kHead) +
      R"(<Patient xmlns="http://hl7.org/fhir"><id value="p"/><contained><Organization><id value="o"/><name value="N"/></Organization></contained>)"
      R"(<active value="false"/><name><family value="F"/><given value="A"/><given id="g2"><extension url="v"><valueBoolean value="true"/></extension></given><given value="C"/></name>)"
      R"(<birthDate value="1970"><extension url="u"><valueString value="&lt;&amp;&quot;&#10;&gt;"/></extension></birthDate></Patient>)");
}

BOOST_AUTO_TEST_CASE(reads_it_back) {
  for (const char* json :
       {R"({"resourceType":"Patient","id":"p","contained":[{"resourceType":"Organization","id":"o","name":"N"}],"active":false,"name":[{"id":"n","family":"F","given":["A",null,"C"],"_given":[null,{"id":"g2"},null]}],"birthDate":"1970","_birthDate":{"id":"b"}})",
        R"({"resourceType":"Observation","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>a &amp; <b>b</b></p></div>"},"status":"final","code":{"text":"t"},"valueQuantity":{"value":1.10,"unit":"mg"},"component":[{"code":{"text":"x"},"valueInteger":-3}]})",
        R"({"resourceType":"Bundle","type":"collection","total":1,"entry":[{"fullUrl":"urn:uuid:1","resource":{"resourceType":"Basic","code":{"coding":[{"code":"c"}]}}}]})",
        R"({"resourceType":"Patient","name":[{"_given":[{"id":"x"},{"id":"y"}]}],"_gender":{"extension":[{"url":"u","valueCode":"c"}]}})",
        R"({"resourceType":"Questionnaire","status":"draft","item":[{"linkId":"1","type":"group","item":[{"linkId":"2","type":"string","maxLength":5}]}]})"}) {
    BOOST_TEST(to_json(to_xml(json)) == json);
  }
}

BOOST_AUTO_TEST_CASE(other_peoples_bundles_survive) {
  const auto folder = std::filesystem::path(test::source_path("/../shared/corpus/ms-fhir-converter"));
  if (!std::filesystem::exists(folder)) {
    BOOST_TEST_MESSAGE("SKIPPED: the corpus is not there");
    return;
  }
  int same = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (file.path().extension() != ".json") continue;
    std::ifstream in(file.path(), std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
    fhir::Document document;
    auto tree = fhir::parse_json(text, document);
    BOOST_REQUIRE(tree.has_value());
    auto written = fhir::write_xml(*tree, model());
    if (!written) continue;   // some have elements that R4 does not know
    auto read = fhir::parse_xml(*written, model(), document);
    BOOST_REQUIRE_MESSAGE(read.has_value(), file.path().string());
    BOOST_TEST(fhir::equal(*tree, *read), file.path().string());
    ++same;
  }
  BOOST_TEST(same > 5);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_written) {
  BOOST_TEST(to_xml(R"({"resourceType":"Patient","nonsense":1})") == "! Patient.nonsense");
  BOOST_TEST(to_xml(R"({"resourceType":"Nonsense"})") == "! resourceType");
  for (const char* div : {"<div>no name space</div>", "<p xmlns=\\\"http://www.w3.org/1999/xhtml\\\">p</p>",
                          "<div xmlns=\\\"http://www.w3.org/1999/xhtml\\\"><p></div>",
                          "<div xmlns=\\\"http://www.w3.org/1999/xhtml\\\">&nbsp;</div>",
                          "<div xmlns=\\\"http://www.w3.org/1999/xhtml\\\"/><x/>", "text"}) {
    BOOST_TEST(to_xml(R"({"resourceType":"Patient","text":{"status":"generated","div":")" + std::string(div) + "\"}}") == "! div", div);
  }
  const std::string control = to_xml("{\"resourceType\":\"Patient\",\"id\":\"a\\u0001b\"}");
  BOOST_TEST(control.find("a\xEF\xBF\xBD" "b") != std::string::npos);
  pugi::xml_document check;
  BOOST_TEST(check.load_buffer(control.data(), control.size()));
}

BOOST_AUTO_TEST_CASE(refuses_what_pugixml_lets_pass) {
  const std::string good = R"(<Patient xmlns="http://hl7.org/fhir"><id value="p"/></Patient>)";
  BOOST_TEST(to_json(good) == R"({"resourceType":"Patient","id":"p"})");
  BOOST_TEST(to_json("<!-- c --> " + good + "\n<?pi x?>\n") == R"({"resourceType":"Patient","id":"p"})");
  using namespace std::string_literals;
  for (const std::string& bad :
       {"<!DOCTYPE Patient [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>" + good, "<!ENTITY x 'y'>" + good,
        good + good, good + "x", "x" + good, ""s, "   "s, "<!-- never ends " + good,
        "<?xml version=\"1.0\" encoding=\"UTF-16\"?>" + good, "\xFF" + good,
        R"(<Patient xmlns="http://hl7.org/fhir"><id value="p" value="q"/></Patient>)"s,
        R"(<Patient xmlns="http://hl7.org/fhir"><id value="&nbsp;"/></Patient>)"s,
        R"(<Patient xmlns="http://hl7.org/fhir"><id value="a & b"/></Patient>)"s,
        R"(<Patient xmlns="http://hl7.org/fhir"><id value="&#1;"/></Patient>)"s,
        R"(<Patient xmlns="http://hl7.org/fhir"><id value="&#xD800;"/></Patient>)"s,
        R"(<Patient xmlns="http://hl7.org/fhir"><id value="&#99999999999;"/></Patient>)"s,
        "<Patient xmlns=\"http://hl7.org/fhir\"><id value=\"a\x01\"/></Patient>"s,
        R"(<Patient><id value="p"/></Patient>)"s, R"(<Patient xmlns="urn:other"/>)"s,
        R"(<Nonsense xmlns="http://hl7.org/fhir"/>)"s}) {
    BOOST_TEST(refused(bad), bad);
  }
}

BOOST_AUTO_TEST_CASE(refuses_what_r4_does_not_know) {
  const auto patient = [](std::string_view inside) {
    return "<Patient xmlns=\"http://hl7.org/fhir\">" + std::string(inside) + "</Patient>";
  };
  for (const char* inside :
       {"<nonsense value=\"1\"/>", "<id value=\"1\"/><id value=\"2\"/>", "<id>text</id>", "text", "<id value=\"\"/>",
        "<id/>", "<active value=\"yes\"/>", "<multipleBirthInteger value=\"1x\"/>", "<multipleBirthInteger value=\" 1\"/>",
        "<id colour=\"red\" value=\"1\"/>", "<name/>", "<name url=\"u\"><family value=\"f\"/></name>",
        "<x:id xmlns:x=\"urn:y\" value=\"1\"/>", "<id xmlns=\"urn:y\" value=\"1\"/>", "<contained/>",
        "<contained><Patient/><Patient/></contained>", "<text><status value=\"generated\"/><div>x</div></text>",
        "<deceased value=\"true\"/>"}) {
    BOOST_TEST(refused(patient(inside)), inside);
  }
  BOOST_TEST(to_json(patient("<nonsense value=\"SECRET\"/>")).find("SECRET") == std::string::npos);
  std::string deep;
  for (int i = 0; i < 5000; ++i) deep += "<extension url=\"u\">";
  BOOST_TEST(refused(patient(deep)));
  for (int i = 0; i < 5000; ++i) deep += "</extension>";
  BOOST_TEST(refused(patient(deep)));
}

BOOST_AUTO_TEST_SUITE_END()
