#include "capability.hpp"

#include <algorithm>

namespace fhirapi {

namespace {

/// Shorthand for building trees; names and codes are literals, values are copied.
class Builder {
 public:
  explicit Builder(fhir::Document& document) : d_(document) {}

  fhir::Node* object() { return d_.object(); }
  void text(fhir::Node* object, std::string_view name, std::string_view value) {
    d_.add(object, name, d_.string(value));
  }
  void flag(fhir::Node* object, std::string_view name, bool value) {
    d_.add(object, name, d_.boolean(value));
  }
  fhir::Node* list(fhir::Node* object, std::string_view name) {
    fhir::Node* made = d_.array();
    d_.add(object, name, made);
    return made;
  }
  fhir::Node* item(fhir::Node* list) {
    fhir::Node* made = d_.object();
    d_.append(list, made);
    return made;
  }
  fhir::Node* child(fhir::Node* object, std::string_view name) {
    fhir::Node* made = d_.object();
    d_.add(object, name, made);
    return made;
  }
  void codes(fhir::Node* object, std::string_view name,
             std::initializer_list<std::string_view> values) {
    fhir::Node* made = list(object, name);
    for (const std::string_view value : values) d_.append(made, d_.string(value));
  }

 private:
  fhir::Document& d_;
};

void add_param(Builder& b, fhir::Node* list, std::string_view name, std::string_view type) {
  fhir::Node* param = b.item(list);
  b.text(param, "name", name);
  b.text(param, "type", type);
}

void add_resource(Builder& b, fhir::Node* list, const schema::R4& r4, std::string_view type,
                  const Searchable& searchable) {
  fhir::Node* resource = b.item(list);
  b.text(resource, "type", type);
  fhir::Node* interactions = b.list(resource, "interaction");
  for (std::string_view code : {"read", "vread", "history-instance", "search-type"}) {
    b.text(b.item(interactions), "code", code);
  }
  b.text(resource, "versioning", "versioned");
  b.flag(resource, "readHistory", true);
  if (type == "Patient") {
    fhir::Node* operations = b.list(resource, "operation");
    fhir::Node* match = b.item(operations);
    b.text(match, "name", "match");
    b.text(match, "definition", "http://hl7.org/fhir/OperationDefinition/Patient-match");
    fhir::Node* pix = b.item(operations);
    b.text(pix, "name", "ihe-pix");
    b.text(pix, "definition", "https://profiles.ihe.net/ITI/PIXm/OperationDefinition/IHE.PIXm.pix");
  }
  fhir::Node* params = b.list(resource, "searchParam");
  add_param(b, params, "_id", "token");
  add_param(b, params, "_lastUpdated", "date");
  const auto names = searchable(type);
  for (const auto& param : r4.search_params(type)) {
    if (std::find(names.begin(), names.end(), param.name) != names.end()) {
      add_param(b, params, param.name, param.type);
    }
  }
}

}  // namespace

fhir::Node* capability_statement(const schema::R4& r4, const Searchable& searchable,
                                 const Settings& settings, std::string_view base,
                                 core::Instant started, fhir::Document& document) {
  Builder b(document);
  fhir::Node* statement = b.object();
  b.text(statement, "resourceType", "CapabilityStatement");
  b.text(statement, "status", "active");
  b.text(statement, "date", core::to_iso(started));
  b.text(statement, "kind", "instance");
  fhir::Node* software = b.child(statement, "software");
  b.text(software, "name", "Chartwire");
  b.text(software, "version", settings.version);
  fhir::Node* implementation = b.child(statement, "implementation");
  b.text(implementation, "description", "Chartwire, records of this installation");
  b.text(implementation, "url", base);
  b.text(statement, "fhirVersion", "4.0.1");
  b.codes(statement, "format", {"application/fhir+json", "application/fhir+xml", "json", "xml"});
  fhir::Node* rest = b.item(b.list(statement, "rest"));
  b.text(rest, "mode", "server");
  fhir::Node* resources = b.list(rest, "resource");
  for (const std::string_view type : r4.resource_types()) {
    add_resource(b, resources, r4, type, searchable);
  }
  return statement;
}

}  // namespace fhirapi
