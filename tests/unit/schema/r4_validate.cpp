#include "support.hpp"

#include <fhir/json.hpp>

using schema_test::r4;

namespace {

/// Faults as "path: text", joined.
std::string faults_of(std::string_view json) {
  fhir::Document document;
  auto root = fhir::parse_json(json, document);
  BOOST_REQUIRE_MESSAGE(root.has_value(), json);
  std::string text;
  for (const schema::Fault& fault : schema::validate(r4(), *root)) {
    text += (text.empty() ? "" : "; ") + fault.path + ": " + fault.text;
  }
  return text;
}

struct Case {
  const char* json;
  const char* faults;   ///< exactly
};

void check(const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    BOOST_TEST_CONTEXT(one.json) { BOOST_TEST(faults_of(one.json) == one.faults); }
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(r4_validate)

BOOST_AUTO_TEST_CASE(clean) {
  check({
      {R"({"resourceType":"Patient","id":"1","active":true,"name":[{"family":"A","given":["B",
           "C"]}],
           "deceasedDateTime":"2024-02-29","multipleBirthInteger":2,"birthDate":"1970",
           "_birthDate":{"extension":[{"url":"http://x/t","valueDateTime":"1970-01-01T10:00:00Z"}]},
           "generalPractitioner":[{"reference":"Practitioner/9"},{"display":"x"}]})",
       ""},
      {R"({"resourceType":"Patient","name":[{"given":[null,"B"],
           "_given":[{"extension":[{"url":"http://x/y","valueCode":"masked"}]},null]}]})",
       ""},
      {R"({"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"o",
           "name":"A"}],
           "managingOrganization":{"reference":"#o"}})",
       ""},
      {R"({"resourceType":"Questionnaire","status":"draft","item":[{"linkId":"1","type":"group",
           "item":[{"linkId":"1.1","type":"group","item":[{"linkId":"1.1.1",
           "type":"string"}]}]}]})",
       ""},
      {R"({"resourceType":"Observation","status":"final","code":{"text":"x"},
           "_valueString":{"extension":[{"url":"http://x/y","valueCode":"unknown"}]}})",
       ""},
      {R"({"resourceType":"Basic","code":{"text":"x"},"extension":[{"url":"http://x/y",
           "extension":[{"url":"a","valueString":"1"},{"url":"b","valueInteger":2}]}]})",
       ""},
  });
}

BOOST_AUTO_TEST_CASE(structure) {
  check({
      {R"({"id":"1"})", "?: resourceType is missing"},
      {R"([])", "?: a resource is a JSON object"},
      {R"({"resourceType":"Person2","id":"1"})", "Person2: \"Person2\" is no R4 resource type"},
      {R"({"resourceType":"DomainResource","id":"1"})",
       "DomainResource: \"DomainResource\" is no R4 resource type"},
      {R"({"resourceType":"Patient"})", "Patient: the resource has no content"},
      {R"({"resourceType":"Patient","birthDay":"1970"})", "Patient.birthDay: unknown element"},
      {R"({"resourceType":"Patient","name":[{"family":"A","middle":"B"}]})",
       "Patient.name[0].middle: unknown element"},
      {R"({"resourceType":"Patient","name":{"family":"A"}})",
       "Patient.name: repeats, so it must be an array"},
      {R"({"resourceType":"Patient","gender":["male"]})",
       "Patient.gender: does not repeat, so it is no array"},
      {R"({"resourceType":"Patient","name":[]})", "Patient.name: empty array"},
      {R"({"resourceType":"Patient","name":[{}]})", "Patient.name[0]: empty object"},
      {R"({"resourceType":"Patient","name":[null]})",
       "Patient.name[0]: null without a value in the sibling array"},
      {R"({"resourceType":"Patient","name":[[{"family":"A"}]]})",
       "Patient.name[0]: array within an array"},
      {R"({"resourceType":"Patient","gender":null})", "Patient.gender: null"},
      {R"({"resourceType":"Patient","name":["A"]})", "Patient.name[0]: must be a JSON object"},
      {R"({"resourceType":"Patient","gender":{"a":1}})",
       "Patient.gender: must be a code, not a structure"},
      {R"({"resourceType":"Patient","deceasedBoolean":true,"deceasedDateTime":"2024"})",
       "Patient.deceasedDateTime: more than one deceased[x]"},
      {R"({"resourceType":"Patient","deceasedBoolean":true,
           "_deceasedDateTime":{"extension":[{"url":"http://x","valueCode":"a"}]}})",
       "Patient._deceasedDateTime: more than one deceased[x]"},
      {R"({"resourceType":"Patient","_name":[{"id":"1"}]})",
       "Patient._name: only primitive elements have a _ sibling"},
      {R"({"resourceType":"Patient","_birthDate":{"value":"1"}})",
       "Patient._birthDate.value: unknown element"},
      {R"({"resourceType":"Patient","name":[{"given":["A","B"],"_given":[null]}]})",
       "Patient.name[0].given: differs in length from its _ sibling; "
       "Patient.name[0]._given: differs in length from its _ sibling"},
      {R"({"resourceType":"Observation","code":{"text":"x"}})",
       "Observation.status: required element is missing"},
      {R"({"resourceType":"Patient","link":[{"type":"seealso"}]})",
       "Patient.link[0].other: required element is missing"},
      {R"({"resourceType":"MedicationRequest","status":"active","intent":"order",
           "subject":{"reference":"Patient/1"}})",
       "MedicationRequest.medication: one of medication[x] is required"},
  });
}

BOOST_AUTO_TEST_CASE(values) {
  check({
      {R"({"resourceType":"Patient","active":"true"})", "Patient.active: must be a JSON boolean"},
      {R"({"resourceType":"Patient","multipleBirthInteger":"2"})",
       "Patient.multipleBirthInteger: must be a JSON number"},
      {R"({"resourceType":"Patient","multipleBirthInteger":2.5})",
       "Patient.multipleBirthInteger: is no valid integer"},
      {R"({"resourceType":"Patient","birthDate":1970})",
       "Patient.birthDate: must be a JSON string"},
      {R"({"resourceType":"Patient","birthDate":"2023-02-29"})",
       "Patient.birthDate: is no valid date"},
      {R"({"resourceType":"Patient","birthDate":""})", "Patient.birthDate: empty"},
      {R"({"resourceType":"Patient","id":"a b"})", "Patient.id: is no valid id"},
      {R"({"resourceType":"Patient","gender":"F"})",
       "Patient.gender: has no code of value set administrative-gender"},
      {R"({"resourceType":"Patient","telecom":[{"system":"mobile","value":"1"}]})",
       "Patient.telecom[0].system: has no code of value set contact-point-system"},
      {R"({"resourceType":"Patient","meta":{"lastUpdated":"2024-01-01"},"active":true})",
       "Patient.meta.lastUpdated: is no valid instant"},
      {R"({"resourceType":"Encounter","status":"finished","class":{"code":"IMP"},
           "period":{"start":"2024-01-02T10:00:00Z","end":"2024-01-01"}})",
       ""},
      {R"({"resourceType":"AllergyIntolerance","patient":{"reference":"Patient/1"},
           "clinicalStatus":{"coding":[{"system":"http://x","code":"active"}]}})",
       "AllergyIntolerance.clinicalStatus: has no code of value set allergyintolerance-clinical"},
      {R"({"resourceType":"AllergyIntolerance","patient":{"reference":"Patient/1"},
           "clinicalStatus":{"coding":[{"system":"http://x","code":"1"},{"system":
           "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical",
           "code":"active"}]}})",
       ""},
  });
}

BOOST_AUTO_TEST_CASE(references) {
  const auto patient = [](const char* reference) {
    return faults_of(std::string(R"({"resourceType":"Patient","managingOrganization":)") +
                     reference + "}");
  };
  BOOST_TEST(patient(R"({"reference":"Organization/1"})") == "");
  BOOST_TEST(patient(R"({"reference":"Organization/1/_history/2"})") == "");
  BOOST_TEST(patient(R"({"reference":"https://h/fhir/Organization/1"})") == "");
  BOOST_TEST(patient(R"({"reference":"urn:uuid:c757873d-ec9a-4326-a141-556f43239520"})") == "");
  BOOST_TEST(patient(R"({"reference":"Organization?identifier=a|b"})") == "");
  BOOST_TEST(patient(R"({"identifier":{"value":"1"},"type":"Organization"})") == "");
  const std::string where = "Patient.managingOrganization.";
  BOOST_TEST(patient(R"({"reference":"Practitioner/1"})") ==
             where + "reference: a reference to Practitioner is not allowed here");
  BOOST_TEST(patient(R"({"reference":"https://h/fhir/Practitioner/1"})") ==
             where + "reference: a reference to Practitioner is not allowed here");
  BOOST_TEST(patient(R"({"reference":"Practitioner?identifier=1"})") ==
             where + "reference: a reference to Practitioner is not allowed here");
  BOOST_TEST(patient(R"({"reference":"Organisation/1"})") ==
             where + "reference: is neither Type/id, nor a URL, nor a fragment");
  BOOST_TEST(patient(R"({"reference":"urn:uuid:1"})") == where + "reference: is a malformed urn");
  BOOST_TEST(patient(R"({"reference":"1"})") ==
             where + "reference: is neither Type/id, nor a URL, nor a fragment");
  BOOST_TEST(patient(R"({"reference":"Organization/a_b"})") ==
             where + "reference: the id in it is none");
  BOOST_TEST(patient(R"({"reference":"#o"})") ==
             where + "reference: no contained resource has that id");
  BOOST_TEST(patient(R"({"reference":"Organization/1","type":"Patient"})") ==
             where + "type: a reference to Patient is not allowed here; " + where +
                 "type: differs from the type in the reference");
}

BOOST_AUTO_TEST_CASE(extensions_and_contained) {
  check({
      {R"({"resourceType":"Patient","extension":[{"valueString":"a"}]})",
       "Patient.extension[0].url: required element is missing"},
      {R"({"resourceType":"Patient","extension":[{"url":"http://x"}]})",
       "Patient.extension[0]: an extension has a value or extensions"},
      {R"({"resourceType":"Patient","extension":[{"url":"http://x","valueString":"a",
           "extension":[{"url":"b","valueString":"c"}]}]})",
       "Patient.extension[0]: an extension has a value or extensions, not both"},
      {R"({"resourceType":"Patient","extension":[{"url":"http://x","valueString":"a",
           "valueCode":"b"}]})",
       "Patient.extension[0].valueCode: more than one value[x]"},
      {R"({"resourceType":"Patient","contained":[{"resourceType":"Organization","name":"A"}]})",
       "Patient.contained[0].id: a contained resource needs an id"},
      {R"({"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"o","name":"A",
           "contained":[{"resourceType":"Organization","id":"p","name":"A"}]}]})",
       "Patient.contained[0].contained: a contained resource contains none itself"},
      {R"({"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"o",
           "nam":"A"}]})",
       "Patient.contained[0].nam: unknown element; Patient.contained[0]: needs one of identifier, "
       "name"},
  });
}

BOOST_AUTO_TEST_CASE(invariants) {
  check({
      {R"({"resourceType":"Patient","telecom":[{"value":"1"}]})",
       "Patient.telecom[0]: value without system"},
      {R"({"resourceType":"Patient","contact":[{"gender":"male"}]})",
       "Patient.contact[0]: needs one of name, telecom, address, organization"},
      {R"({"resourceType":"Patient","name":[{"family":"A","period":{"start":"2024-02",
           "end":"2024-01"}}]})",
       "Patient.name[0].period: starts after its end"},
      {R"({"resourceType":"Patient","name":[{"family":"A",
           "period":{"start":"2024-01-01T23:30:00-05:00","end":"2024-01-02T04:00:00Z"}}]})",
       "Patient.name[0].period: starts after its end"},
      {R"({"resourceType":"Patient","name":[{"family":"A",
           "period":{"start":"2024-01-02T00:30:00+05:00","end":"2024-01-01T23:00:00Z"}}]})",
       ""},
      {R"({"resourceType":"Observation","status":"final","code":{"text":"x"},
           "valueQuantity":{"value":1,"code":"mg"}})",
       "Observation.valueQuantity: code without system"},
      {R"({"resourceType":"Observation","status":"final","code":{"text":"x"},"valueString":"1",
           "dataAbsentReason":{"text":"x"}})",
       "Observation: dataAbsentReason and value[x] exclude each other"},
      {R"({"resourceType":"Observation","status":"final","code":{"coding":[{"system":"s",
           "code":"c"}]},
           "valueString":"1","component":[{"code":{"coding":[{"system":"s","code":"c"}]}}]})",
       "Observation.component: a component has the observation's code, which has a value"},
      {R"({"resourceType":"Observation","status":"final","code":{"text":"x"},
           "valueRatio":{"numerator":{"value":1}}})",
       "Observation.valueRatio: needs numerator and denominator"},
      {R"({"resourceType":"Observation","status":"final","code":{"text":"x"},
           "valueRange":{"low":{"value":9},"high":{"value":10}}})",
       ""},
      {R"({"resourceType":"Observation","status":"final","code":{"text":"x"},
           "referenceRange":[{"low":{"value":11},"high":{"value":10}}]})",
       ""},
      {R"({"resourceType":"AllergyIntolerance","patient":{"reference":"Patient/1"}})",
       "AllergyIntolerance.clinicalStatus: required element is missing"},
      {R"({"resourceType":"Condition","subject":{"reference":"Patient/1"},
           "abatementDateTime":"2024",
           "clinicalStatus":{"coding":[{"system":
           "http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]}})",
       "Condition: abated, so clinicalStatus is resolved, remission or inactive"},
      {R"({"resourceType":"Organization","name":"A","telecom":[{"system":"phone","value":"1",
           "use":"home"}]})",
       "Organization.telecom: an organization has none of use home"},
      {R"({"resourceType":"Parameters","parameter":[{"name":"a"}]})",
       "Parameters.parameter[0]: needs exactly one of value, resource, part"},
  });
}

BOOST_AUTO_TEST_CASE(bundles) {
  const auto bundle = [](const char* entry, const char* type = "transaction") {
    return faults_of(std::string(R"({"resourceType":"Bundle","type":")") + type +
                     R"(","entry":[)" + entry + "]}");
  };
  const std::string good = R"({"fullUrl":"urn:uuid:c757873d-ec9a-4326-a141-556f43239520","resource":
      {"resourceType":"Patient","id":"1","active":true},"request":{"method":"PUT",
           "url":"Patient/1"}})";
  BOOST_TEST(bundle(good.c_str()) == "");
  BOOST_TEST(bundle(R"({"resource":{"resourceType":"Patient","id":"1","aktive":true},
                        "request":{"method":"PUT","url":"Patient/1"}})") ==
             "Bundle.entry[0].resource.aktive: unknown element");
  BOOST_TEST(bundle(R"({"resource":{"resourceType":"Patient","id":"1"}})") ==
             "Bundle.entry[0].request: required element is missing");
  BOOST_TEST(bundle(R"({"resource":{"resourceType":"Patient","id":"1"},
                        "request":{"method":"PUT","url":"Patient/2"}})") ==
             "Bundle.entry[0].request: its url names another id than the resource has");
  BOOST_TEST(bundle(R"({"resource":{"resourceType":"Patient","id":"1"},
                        "request":{"method":"PUT","url":"Person/1"}})") ==
             "Bundle.entry[0].request: its url names another type than the resource has");
  BOOST_TEST(bundle(R"({"resource":{"resourceType":"Patient","id":"1"},
                        "request":{"method":"PUT","url":"Patient"}})") ==
             "Bundle.entry[0].request: PUT without an id");
  BOOST_TEST(bundle(R"({"request":{"method":"DELETE","url":"Patient/1"}})") == "");
  BOOST_TEST(bundle((good + "," + good).c_str()) == "Bundle.entry[1].fullUrl: is not unique");
  BOOST_TEST(bundle(R"({"resource":{"resourceType":"Patient","managingOrganization":
      {"reference":"urn:uuid:c757873d-ec9a-4326-a141-556f43239521"}},
      "request":{"method":"POST","url":"Patient"}})") ==
             "Bundle.entry[0].resource.managingOrganization.reference: "
             "no entry of the Bundle has that fullUrl");
  BOOST_TEST(bundle(R"({"resource":{"resourceType":"Patient","id":"1"},"search":{"mode":"match"}})",
                    "searchset") == "");
  BOOST_TEST(bundle(R"({"resource":{"resourceType":"Patient","id":"1"}})", "message") ==
             "Bundle.entry: a message begins with its MessageHeader");
  BOOST_TEST(bundle(R"({"fullUrl":"http://x"})", "collection") ==
             "Bundle.entry[0]: needs a resource, request or response");
}

BOOST_AUTO_TEST_CASE(faults_are_limited) {
  std::string json = R"({"resourceType":"Patient","name":[)";
  for (int i = 0; i < 1000; ++i) json += (i > 0 ? ",{}" : "{}");
  json += "]}";
  fhir::Document document;
  auto root = fhir::parse_json(json, document);
  BOOST_REQUIRE(root.has_value());
  BOOST_TEST(schema::validate(r4(), *root).size() == schema::kFaultsMax);
  BOOST_TEST(schema::validate(r4(), nullptr).size() == 1);
}

BOOST_AUTO_TEST_SUITE_END()
