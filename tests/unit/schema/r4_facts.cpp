#include "support.hpp"

#include <fstream>
#include "paths.hpp"

using schema_test::r4;

BOOST_AUTO_TEST_SUITE(r4_facts)

BOOST_AUTO_TEST_CASE(types) {
  BOOST_TEST(r4().is_resource("Patient"));
  BOOST_TEST(!r4().is_resource("DomainResource"));
  BOOST_TEST(!r4().is_resource("HumanName"));
  BOOST_TEST(r4().is_complex("HumanName"));
  BOOST_TEST(r4().is_primitive("instant"));
  BOOST_TEST(!r4().is_primitive("Patient"));
  BOOST_TEST(!r4().is_resource("Patient.contact"));
  // http://hl7.org/fhir/R4/valueset-resource-types.html has the two abstract ones as well.
  BOOST_TEST(r4().resource_types().size() == 146);
  BOOST_TEST(r4().codes("resource-types").size() == 148);
  for (const auto& code : r4().codes("resource-types")) {
    BOOST_TEST_CONTEXT(code) {
      BOOST_TEST((r4().is_resource(code) || code == "Resource" || code == "DomainResource"));
    }
  }
}

BOOST_AUTO_TEST_CASE(elements) {
  const schema::ElementDef* name = r4().child("Patient", "name");
  BOOST_REQUIRE((name != nullptr));
  BOOST_TEST(name->path == "Patient.name");
  BOOST_TEST((name->repeats && name->min == 0 && !name->choice));
  BOOST_TEST(name->types == std::vector<std::string>{"HumanName"},
             boost::test_tools::per_element());
  const schema::ElementDef* link = r4().child("Patient.link", "other");
  BOOST_REQUIRE((link != nullptr));
  BOOST_TEST(link->min == 1);
  const std::vector<std::string> targets = {"Patient", "RelatedPerson"};
  BOOST_TEST(link->targets == targets, boost::test_tools::per_element());
  BOOST_TEST(r4().child("Patient", "gender")->required_binding == "administrative-gender");
  BOOST_TEST((r4().child("Patient", "birthDay") == nullptr));
  BOOST_TEST((r4().child("NoSuchType", "id") == nullptr));
  BOOST_TEST((r4().child("Patient", "") == nullptr));
}

BOOST_AUTO_TEST_CASE(choices) {
  std::string_view type;
  const schema::ElementDef* deceased = r4().child("Patient", "deceasedBoolean", &type);
  BOOST_REQUIRE((deceased != nullptr));
  BOOST_TEST(deceased->path == "Patient.deceased[x]");
  BOOST_TEST(deceased->name == "deceased");
  BOOST_TEST(deceased->choice);
  BOOST_TEST(type == "boolean");
  BOOST_TEST((r4().child("Observation", "valueQuantity", &type) != nullptr));
  BOOST_TEST(type == "Quantity");
  BOOST_TEST((r4().child("Observation", "valueCodeableConcept", &type) != nullptr));
  BOOST_TEST(type == "CodeableConcept");
  BOOST_TEST((r4().child("Patient", "deceased") == nullptr));
  BOOST_TEST((r4().child("Patient", "deceasedString") == nullptr));
  BOOST_TEST((r4().child("Patient", "deceasedboolean") == nullptr));
}

BOOST_AUTO_TEST_CASE(inherited) {
  for (const char* name : {"id", "meta", "implicitRules", "language", "text", "contained",
                           "extension", "modifierExtension"}) {
    const schema::ElementDef* element = r4().child("Observation", name);
    BOOST_REQUIRE_MESSAGE(element != nullptr, name);
    BOOST_TEST(element->path == std::string("Observation.") + name);
  }
  BOOST_TEST((r4().child("Bundle", "text") == nullptr));
  BOOST_TEST((r4().child("Patient.contact", "modifierExtension") != nullptr));
  BOOST_TEST((r4().child("HumanName", "extension") != nullptr));
  BOOST_TEST((r4().child("HumanName", "modifierExtension") == nullptr));
  BOOST_TEST((r4().child("Age", "value") != nullptr));
  BOOST_TEST((r4().child("Timing.repeat", "bounds") == nullptr));
  BOOST_TEST((r4().child("Timing.repeat", "boundsPeriod") != nullptr));
  // id of a resource is an id, of an element a string.
  BOOST_TEST(r4().child("Patient", "id")->types.at(0) == "id");
  BOOST_TEST(r4().child("HumanName", "id")->types.at(0) == "string");
}

BOOST_AUTO_TEST_CASE(paths) {
  BOOST_TEST(r4().children("Patient.contact").size() > 5);
  BOOST_TEST((r4().child("Patient.name", "given") != nullptr));
  BOOST_TEST((r4().child("Patient.contact.name.period", "start") != nullptr));
  BOOST_TEST((r4().child("Questionnaire.item.item", "linkId") != nullptr));
  BOOST_TEST((r4().child("Questionnaire.item.item.item.item", "linkId") != nullptr));
  BOOST_TEST((r4().child("Bundle.entry.link", "relation") != nullptr));
  BOOST_TEST(r4().child("Bundle.entry", "resource")->types.at(0) == "Resource");
  BOOST_TEST(r4().children("string").empty());
  BOOST_TEST(r4().children("Patient.nothing").empty());
  for (const auto type : r4().resource_types()) {
    for (const schema::ElementDef& element : r4().children(type)) {
      BOOST_TEST_CONTEXT(element.path) {
        BOOST_TEST(!element.types.empty());
        BOOST_TEST(element.path.starts_with(std::string(type) + "."));
        if (element.types.at(0) == "BackboneElement") {
          BOOST_TEST(!r4().children(element.path).empty());
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(codes) {
  const auto genders = r4().codes("administrative-gender");
  const std::vector<std::string> expected = {"male", "female", "other", "unknown"};
  BOOST_TEST(std::vector<std::string>(genders.begin(), genders.end()) == expected,
             boost::test_tools::per_element());
  BOOST_TEST(r4().codes("observation-status").size() == 8);
  BOOST_TEST(r4().codes("contact-point-system").size() == 7);
  BOOST_TEST(r4().codes("mimetypes").empty());
  BOOST_TEST(r4().codes("no-such-set").empty());
}

BOOST_AUTO_TEST_CASE(search_parameters) {
  const auto params = r4().search_params("Patient");
  const auto find = [&](std::string_view name) -> const schema::R4::SearchParam* {
    for (const auto& one : params) if (one.name == name) return &one;
    return nullptr;
  };
  BOOST_REQUIRE((find("birthdate") != nullptr));
  BOOST_TEST(find("birthdate")->type == "date");
  BOOST_TEST(find("birthdate")->expression == "Patient.birthDate");
  BOOST_REQUIRE((find("identifier") != nullptr));
  BOOST_TEST(find("identifier")->type == "token");
  BOOST_REQUIRE((find("_lastUpdated") != nullptr));
  BOOST_TEST(std::is_sorted(params.begin(), params.end(),
                            [](const auto& a, const auto& b) { return a.name < b.name; }));
  for (const auto& one : r4().search_params("Observation")) {
    BOOST_TEST_CONTEXT(one.name) {
      BOOST_TEST(one.expression.find("Condition.") == std::string::npos);
      if (one.name == "patient") BOOST_TEST(one.type == "reference");
    }
  }
  BOOST_TEST(r4().search_params("Nothing").empty());
}

BOOST_AUTO_TEST_CASE(broken_files) {
  BOOST_TEST((schema::R4::load("/no/such/file").error().code == core::ErrorCode::kIo));
  const std::string path = test::build_path("/r4_broken.txt");
  for (const char* bad : {"", "e id 0 string\n", "X what\n", "R Patient -\ne id\n", "v x y\n"}) {
    std::ofstream(path) << bad;
    auto result = schema::R4::load(path);
    BOOST_TEST_CONTEXT(bad) {
      BOOST_REQUIRE(!result.has_value());
      BOOST_TEST((result.error().code == core::ErrorCode::kBadConfig));
    }
  }
  std::filesystem::remove(path);
}

BOOST_AUTO_TEST_SUITE_END()
