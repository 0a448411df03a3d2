#pragma once
#include <fhir/json.hpp>
#include <hl7/message.hpp>
#include <mapping/mapper.hpp>
#include <mapping/mapping_set.hpp>

#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "paths.hpp"


/// Shared by the tests of mapping: the real schemas, small rule sets, messages by segments.
namespace mapping_test {

inline const schema::V2Schema& v2() {
  static const schema::V2Schema schema =
      schema::V2Schema::load(test::source_path("/schemas/hl7v2")).value();
  return schema;
}

inline const schema::R4& r4() {
  static const schema::R4 facts = schema::R4::load(test::source_path("/schemas/fhir/r4.txt")).value();
  return facts;
}

struct Compiled {
  std::shared_ptr<const mapping::MappingSet> set;
  std::vector<mapping::Diagnostic> found;

  std::string report() const {
    std::string out;
    for (const auto& d : found) out += d.render() + "\n";
    return out;
  }
  bool says(std::string_view text) const { return report().find(text) != std::string::npos; }
  std::size_t errors() const {
    std::size_t n = 0;
    for (const auto& d : found) n += d.severity == mapping::Diagnostic::Severity::kError;
    return n;
  }
};

inline Compiled compile(std::vector<std::pair<std::string, std::string>> texts) {
  Compiled out;
  mapping::MappingSet::Sources sources;
  sources.texts = std::move(texts);
  out.set = mapping::MappingSet::compile(sources, v2(), r4(), out.found);
  return out;
}

inline Compiled compile(std::string text) { return compile({{"t.yaml", std::move(text)}}); }

inline const Compiled& fixture() {
  static const Compiled compiled = [] {
    Compiled out;
    mapping::MappingSet::Sources sources;
    sources.directories = {test::source_path("/tests/unit/mapping/fixture")};
    out.set = mapping::MappingSet::compile(sources, v2(), r4(), out.found);
    return out;
  }();
  return compiled;
}

/// "MSH...\nPID..." with line feeds for segment ends.
inline hl7::Message message(std::string text) {
  for (char& c : text) {
    if (c == '\n') c = '\r';
  }
  auto parsed = hl7::Message::parse(std::move(text));
  if (!parsed) BOOST_FAIL(parsed.error().text());
  return std::move(*parsed);
}

/// Maps and keeps everything alive that the output points into.
struct Mapped {
  std::unique_ptr<hl7::Message> text;
  std::unique_ptr<mapping::Mapper> mapper;
  const mapping::MapOutput* out = nullptr;

  const mapping::Draft* draft(std::string_view type, std::size_t n = 0) const {
    for (const auto& d : out->drafts) {
      if (d.type == type && n-- == 0) return &d;
    }
    return nullptr;
  }
  std::size_t count(std::string_view type) const {
    std::size_t n = 0;
    for (const auto& d : out->drafts) n += d.type == type;
    return n;
  }
  std::string json(std::string_view type, std::size_t n = 0) const {
    std::string text;
    if (const auto* d = draft(type, n)) fhir::write_json(d->root, text);
    return text;
  }
  bool warned(std::string_view text_part) const {
    for (const auto& issue : out->issues) {
      if (issue.text.find(text_part) != std::string::npos) return true;
    }
    return false;
  }
};

inline Mapped map(const Compiled& compiled, std::string text,
                  const mapping::Environment& environment = {},
                  mapping::Mapper::Options options = {}) {
  BOOST_REQUIRE_MESSAGE(compiled.set, compiled.report());
  Mapped out;
  out.text = std::make_unique<hl7::Message>(message(std::move(text)));
  out.mapper = std::make_unique<mapping::Mapper>(compiled.set);
  const auto mapped = out.mapper->map(*out.text, environment, options);
  if (!mapped) BOOST_FAIL(mapped.error().text());
  out.out = *mapped;
  return out;
}

inline std::string adt(std::string segments) {
  return "MSH|^~\\&|APP|FAC|R|RF|20260304050607||ADT^A01^ADT_A01|C1|P|2.5.1\n" +
         std::move(segments);
}

inline std::string oru(std::string segments) {
  return "MSH|^~\\&|APP|FAC|R|RF|20260304050607||ORU^R01^ORU_R01|C1|P|2.5.1\n" +
         std::move(segments);
}

/// A set with one map of PID to Patient, for trying rules.
inline std::string patient_set(std::string_view rules, std::string_view more = {}) {
  std::string out =
      "aliases: a\n"
      "systems: {v2-0203: 'http://terminology.hl7.org/CodeSystem/v2-0203'}\n"
      "extensions: {note: ['urn:x:note', string], when: ['urn:x:when', dateTime], parts: ['urn:x:parts', Extension]}\n"
      "---\n"
      "datatype: XPN\nto: HumanName\nrules: {family: ^1.1, given: [^2, ^3]}\n---\n"
      "datatype: CX\nto: Identifier\nrules: {value: ^1, assigner.display: ^4.1}\nneed: value\n---\n"
      "datatype: CWE\nto: CodeableConcept\nrules: {coding: {when: ^1 valued, set: {code: ^1, display: ^2}}, text: ^9 | ^2}\n---\n"
      "datatype: XTN\nto: ContactPoint\nrules: {value: ^12 | ^1}\n---\n"
      "message: ADT\naccept: [ADT]\nplan: [{segment: PID, make: patient, map: P}]\n---\n"
      "map: P\nsegment: PID\nto: Patient\nkey: PID-3\nrules:\n";
  out += rules;
  if (!more.empty()) {
    out += "\n---\n";
    out += more;
  }
  return out;
}

}  // namespace mapping_test
