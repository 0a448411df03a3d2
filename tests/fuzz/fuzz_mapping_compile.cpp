// Any text as a rule file: it compiles, or every fault has a file, a place and words. What compiles
// also runs. Seeds: the example rules.
#include <mapping/mapper.hpp>
#include <mapping/mapping_set.hpp>

#include <string>

#include "check.hpp"
#include "paths.hpp"

namespace {

const schema::V2Schema& v2() {
  static const schema::V2Schema schema =
      schema::V2Schema::load(test::source_path("/schemas/hl7v2")).value();
  return schema;
}

const schema::R4& r4() {
  static const schema::R4 facts = schema::R4::load(test::source_path("/schemas/fhir/r4.txt")).value();
  return facts;
}

constexpr const char* kMessage =
    "MSH|^~\\&|A|B|||20260101||ORU^R01^ORU_R01|1|P|2.5.1\rPID|1||1^^^H^MR~2||Doe^Jane||1980|F\r"
    "PV1|1|I|2N^1||||7^House||||||||||||V1\rOBR|1|P|F|c^t\rOBX|1|NM|a^b||>5~6\rNTE|1||n\r";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  mapping::MappingSet::Sources sources;
  sources.texts.emplace_back("f.yaml",
                             std::string(reinterpret_cast<const char*>(data), size));
  std::vector<mapping::Diagnostic> found;
  const auto set = mapping::MappingSet::compile(sources, v2(), r4(), found);
  bool error = false;
  for (const auto& one : found) {
    error |= one.severity == mapping::Diagnostic::Severity::kError;
    check(one.file == "f.yaml" && one.line > 0 && one.column > 0, "a finding has its place");
    check(!one.text.empty() && !one.render().empty(), "a finding has words");
  }
  check((set == nullptr) == error, "no set exactly when there is an error");
  if (!set) return 0;
  const auto message = hl7::Message::parse(kMessage);
  mapping::Mapper mapper(set);
  const auto out = mapper.map(*message, {}, {.explain = true});
  if (out) {
    for (const auto& draft : (*out)->drafts) check(!draft.keys.empty(), "every draft has a key");
  }
  (void)mapping::run_tests(*set, v2(), r4());
  return 0;
}
