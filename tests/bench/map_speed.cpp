// Map speed on one core: messages/s of CPU time from a parsed message to the JSON of all its
// drafts, and with parsing, for an ADT and an ORU with 24 results, under the example rules.
//   map_speed [SECONDS_PER_FIGURE [RULES_DIRECTORY]]
#include <fhir/json.hpp>
#include <hl7/message.hpp>
#include <mapping/mapper.hpp>
#include <mapping/mapping_set.hpp>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include "paths.hpp"

namespace {

std::string make_adt() {
  return "MSH|^~\\&|EPIC|HOSPITAL^1.2.840.1^ISO|CHARTWIRE|HIM|20260105120000-0500||"
         "ADT^A01^ADT_A01|MSG0000001|P|2.5.1|||AL|NE|USA|UNICODE UTF-8\r"
         "EVN|A01|20260105115900-0500|||REG01^CLERK^ANNA|20260105115900-0500\r"
         "PID|1||123456^^^HOSPITAL&1.2.840.1&ISO^MR~999-99-9999^^^SSA^SS||EVERYWOMAN^EVE^E^^MRS^^L|"
         "JONES^JANE|19700101|F||2106-3^White^HL70005|"
         "1 MAIN STREET^APT 2^SPRINGFIELD^IL^62701^USA^H||^PRN^PH^^1^217^5551234~"
         "^NET^Internet^eve@example.org|^WPN^PH^^1^217^5559876|en^English|M|"
         "CHR|ACC777001^^^HOSPITAL^AN|999-99-9999|||N^Not Hispanic^HL70189\r"
         "NK1|1|EVERYMAN^ADAM^A|SPO^Spouse^HL70063|1 MAIN STREET^^SPRINGFIELD^IL^62701|"
         "^PRN^PH^^1^217^5551234||N^Next of kin^HL70131\r"
         "PV1|1|I|2NORTH^201^A^HOSPITAL|E|||1234567^SMITH^JOHN^A^^DR^^^NPI|"
         "7654321^DOE^JANE^^^DR|||MED||||7|||"
         "1234567^SMITH^JOHN^A|IP|V0001^^^HOSPITAL^VN|||||||||||||||||||||||||20260105115500-0500\r"
         "AL1|1|DA|00000741^OXYCODONE^L|MO|HIVES\r"
         "DG1|1||I10^Essential hypertension^I10||20260105|A\r";
}

std::string make_oru() {
  std::string text = make_adt().substr(0, make_adt().find("NK1"));
  text.replace(text.find("ADT^A01^ADT_A01"), 15, "ORU^R01^ORU_R01");
  text.erase(text.find("EVN"), text.find("PID") - text.find("EVN"));
  text += "OBR|1|ORD123^EPIC|ACC456^LAB|24323-8^Comprehensive metabolic panel^LN|||"
          "20260105100000-0500|||||||20260105101500-0500||1234567^SMITH^JOHN||||||"
          "20260105113000-0500||CH|F\r";
  for (int i = 1; i <= 24; ++i) {
    text += "OBX|" + std::to_string(i) + "|NM|" + std::to_string(2000 + i * 37) +
            "-4^Calcium [Mass/volume] in Serum or Plasma^LN^CA^Calcium^L||9." + std::to_string(i) +
            "|mg/dL^milligram per deciliter^UCUM|8.5-10.5|N|||F|||20260105100000-0500||"
            "LAB1^TECH^TOM||ANALYZER5\r";
  }
  return text;
}

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

template <class Work>
double per_second(double seconds, Work work) {
  for (int i = 0; i < 50; ++i) work();
  const double start = cpu_seconds();
  double spent = 0;
  long rounds = 0;
  while (spent < seconds) {
    for (int i = 0; i < 100; ++i) work();
    rounds += 100;
    spent = cpu_seconds() - start;
  }
  return static_cast<double>(rounds) / spent;
}

void measure(const char* name, const std::string& text, mapping::Mapper& mapper, double seconds) {
  const mapping::Environment environment;
  const auto message = hl7::Message::parse(text);
  std::string json;
  const auto map_once = [&](const hl7::Message& one) {
    const auto out = mapper.map(one, environment);
    if (!out) std::abort();
    json.clear();
    for (const mapping::Draft& draft : (*out)->drafts) fhir::write_json(draft.root, json);
    return (*out)->drafts.size();
  };
  const std::size_t drafts = map_once(*message);
  const double mapped = per_second(seconds, [&] { (void)mapper.map(*message, environment); });
  const double written = per_second(seconds, [&] { map_once(*message); });
  const double parsed = per_second(seconds, [&] { map_once(*hl7::Message::parse(text)); });
  std::printf("%s  %zu bytes -> %zu resources, %zu bytes JSON\n", name, text.size(), drafts,
              json.size());
  std::printf("  map                  %9.0f /s  %7.2f us\n", mapped, 1e6 / mapped);
  std::printf("  map + JSON           %9.0f /s  %7.2f us\n", written, 1e6 / written);
  std::printf("  parse + map + JSON   %9.0f /s  %7.2f us\n", parsed, 1e6 / parsed);
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 2.0;
  const std::string rules =
      argc > 2 ? argv[2] : test::source_path("/tests/unit/mapping/fixture");
  const auto v2 = schema::V2Schema::load(test::source_path("/schemas/hl7v2"));
  const auto r4 = schema::R4::load(test::source_path("/schemas/fhir/r4.txt"));
  if (!v2 || !r4) return 1;
  mapping::MappingSet::Sources sources;
  sources.directories = {rules};
  std::vector<mapping::Diagnostic> found;
  const double start = cpu_seconds();
  const auto set = mapping::MappingSet::compile(sources, *v2, *r4, found);
  const double compiled = cpu_seconds() - start;
  if (!set) {
    for (const auto& one : found) std::fprintf(stderr, "%s\n", one.render().c_str());
    return 1;
  }
  std::printf("%zu rules compiled in %.0f ms\n", set->rule_count(), compiled * 1e3);
  mapping::Mapper mapper(set);
  const std::string only = argc > 3 ? argv[3] : "";
  if (only != "oru") measure("ADT^A01", make_adt(), mapper, seconds);
  if (only != "adt") measure("ORU^R01", make_oru(), mapper, seconds);
  return 0;
}
