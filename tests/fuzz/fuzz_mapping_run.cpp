// Any message through the example rules: bounded, the same twice, a Bundle that parses and whose
// references are resolved. Input that is no message is tried as the body of one.
#include <fhir/json.hpp>
#include <mapping/mapper.hpp>
#include <mapping/mapping_set.hpp>

#include <algorithm>
#include <string>

#include "check.hpp"
#include "paths.hpp"

namespace {

std::shared_ptr<const mapping::MappingSet> rules() {
  static const schema::V2Schema v2 =
      schema::V2Schema::load(test::source_path("/schemas/hl7v2")).value();
  static const schema::R4 r4 = schema::R4::load(test::source_path("/schemas/fhir/r4.txt")).value();
  static const auto set = [] {
    mapping::MappingSet::Sources sources;
    sources.directories = {test::source_path("/tests/unit/mapping/fixture")};
    std::vector<mapping::Diagnostic> found;
    return mapping::MappingSet::compile(sources, v2, r4, found);
  }();
  return set;
}

std::string text_of(const unsigned char* data, std::size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  std::replace(text.begin(), text.end(), '\n', '\r');
  if (text.starts_with("MSH")) return text;
  const char* type = size % 2 != 0 ? "ORU^R01^ORU_R01" : "ADT^A01^ADT_A01";
  return std::string("MSH|^~\\&|A|B|||20260101||") + type + "|1|P|2.5.1\r" + text;
}

std::string bundle_of(mapping::Mapper& mapper, const hl7::Message& message) {
  const auto out = mapper.map(message, {}, {.explain = true});
  if (!out) return {};
  for (const auto& draft : (*out)->drafts) {
    check(!draft.keys.empty() && !draft.keys[0].empty(), "every draft has a key");
    check(draft.patient < static_cast<int>((*out)->drafts.size()), "the patient is a draft");
  }
  std::string text;
  mapping::write_bundle(**out, {}, "x", text);
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  static mapping::Mapper mapper(rules());
  const auto message = hl7::Message::parse(text_of(data, size));
  if (!message) return 0;
  const std::string first = bundle_of(mapper, *message);
  check(first == bundle_of(mapper, *message), "the same message gives the same Bundle");
  if (first.empty()) return 0;
  fhir::Document doc;
  check(fhir::parse_json(first, doc).has_value(), "the Bundle is JSON");
  check(first.find("\"reference\":\"\\u0001") == std::string::npos, "references are resolved");
  return 0;
}
