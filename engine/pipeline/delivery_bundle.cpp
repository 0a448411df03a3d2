#include "delivery_bundle.hpp"

#include <fhir/json.hpp>

namespace pipeline {

std::string delivery_bundle(std::string_view base, std::string_view identifier,
                            const std::vector<store::Resource>& resources) {
  std::size_t bytes = 256;
  for (const store::Resource& resource : resources) bytes += resource.body.size() + 256;
  std::string out;
  out.reserve(bytes);
  out += R"({"resourceType":"Bundle","identifier":{"system":"urn:chartwire:message","value":)";
  fhir::write_json_string(identifier, out);
  out += R"(},"type":"transaction","entry":[)";
  bool first = true;
  for (const store::Resource& resource : resources) {
    const std::string url = resource.type + "/" + resource.id;
    out += first ? "{" : ",{";
    first = false;
    if (!resource.deleted) {
      out += R"("fullUrl":)";
      fhir::write_json_string(std::string(base) + "/" + url, out);
      out += R"(,"resource":)" + resource.body + ",";
    }
    out += R"("request":{"method":)";
    out += resource.deleted ? "\"DELETE\"" : "\"PUT\"";
    out += R"(,"url":)";
    fhir::write_json_string(url, out);
    out += "}}";
  }
  out += "]}";
  return out;
}

}  // namespace pipeline
