// Parse speed of hl7 on one core: prints MB/s of CPU time for an ADT and an ORU built here.
//   hl7_parse [SECONDS_PER_FIGURE]
#include <hl7/message.hpp>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

namespace {

std::string make_adt() {
  return "MSH|^~\\&|EPIC|HOSPITAL^1.2.840.1^ISO|CHARTWIRE|HIM|20260105120000-0500||ADT^A01^ADT_A01|"
         "MSG0000001|P|2.5.1|||AL|NE|USA|UNICODE UTF-8\r"
         "EVN|A01|20260105115900-0500|||REG01^CLERK^ANNA|20260105115900-0500\r"
         "PID|1||123456^^^HOSPITAL&1.2.840.1&ISO^MR~999-99-9999^^^SSA^SS||EVERYWOMAN^EVE^E^^MRS^^L|"
         "JONES^JANE|19700101|F||2106-3^White^HL70005|1 MAIN STREET^APT 2^SPRINGFIELD^IL^62701^USA^H||"
         "^PRN^PH^^1^217^5551234~^NET^Internet^eve@example.org|^WPN^PH^^1^217^5559876|en^English|M|"
         "CHR|ACC777001^^^HOSPITAL^AN|999-99-9999|||N^Not Hispanic^HL70189\r"
         "NK1|1|EVERYMAN^ADAM^A|SPO^Spouse^HL70063|1 MAIN STREET^^SPRINGFIELD^IL^62701|^PRN^PH^^1^217"
         "^5551234||N^Next of kin^HL70131\r"
         "PV1|1|I|2NORTH^201^A^HOSPITAL|E|||1234567^SMITH^JOHN^A^^DR^^^NPI|7654321^DOE^JANE^^^DR|||MED||"
         "||7|||1234567^SMITH^JOHN^A|IP|V0001^^^HOSPITAL^VN|||||||||||||||||||||||||20260105115500-0500\r"
         "AL1|1|DA|00000741^OXYCODONE^L|MO|HIVES\r"
         "DG1|1||I10^Essential hypertension^I10||20260105|A\r";
}

std::string make_oru() {
  std::string text = make_adt().substr(0, make_adt().find("NK1"));
  text.replace(text.find("ADT^A01^ADT_A01"), 15, "ORU^R01^ORU_R01");
  text += "OBR|1|ORD123^EPIC|ACC456^LAB|24323-8^Comprehensive metabolic panel^LN|||20260105100000-0500||||"
          "|||20260105101500-0500||1234567^SMITH^JOHN||||||20260105113000-0500||CH|F\r";
  for (int i = 1; i <= 24; ++i) {
    text += "OBX|" + std::to_string(i) + "|NM|" + std::to_string(2000 + i * 37) +
            "-4^Calcium [Mass/volume] in Serum or Plasma^LN^CA^Calcium^L||9." + std::to_string(i) +
            "|mg/dL^milligram per deciliter^UCUM|8.5-10.5|N|||F|||20260105100000-0500||LAB1^TECH^TOM|"
            "|ANALYZER5\r";
  }
  return text;
}

/// Keeps the compiler from dropping what was computed.
volatile std::uint64_t sink = 0;

std::uint64_t parse_only(const std::string& text) {
  const auto message = hl7::Message::parse(text);
  return message->segment_count();
}

std::uint64_t scan(const std::string& text) {
  const auto counts = hl7::scan_boundaries(text, {});
  return counts.fields + counts.components + counts.repetitions + counts.subcomponents;
}

/// Every field, repetition, component and sub-component as a view, as a greedy mapper would.
std::uint64_t parse_and_walk(const std::string& text) {
  const auto message = hl7::Message::parse(text);
  std::uint64_t total = 0;
  for (std::uint32_t s = 0; s < message->segment_count(); ++s) {
    const hl7::SegmentView segment = message->segment(s);
    for (int f = 1; f <= segment.field_count(); ++f) {
      for (const hl7::Value repetition : segment.field(f).repetitions()) {
        for (const hl7::Value component : repetition.children()) {
          for (const hl7::Value part : component.children()) total += part.raw().size();
        }
      }
    }
  }
  return total;
}

/// CPU time, so that other load on the machine matters less.
double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

template <class Work>
void measure(const char* what, const char* kind, const std::string& text, double seconds, Work work) {
  const double begin = cpu_seconds();
  std::uint64_t rounds = 0;
  double spent = 0;
  while (spent < seconds) {
    for (int i = 0; i < 256; ++i) sink = sink + work(text);
    rounds += 256;
    spent = cpu_seconds() - begin;
  }
  const double bytes = static_cast<double>(rounds) * static_cast<double>(text.size());
  std::printf("%-16s %-4s %6zu bytes %8.0f MB/s %10.0f messages/s\n", what, kind, text.size(),
              bytes / spent / 1e6, static_cast<double>(rounds) / spent);
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::strtod(argv[1], nullptr) : 0.5;
  const std::pair<const char*, std::string> samples[] = {{"ADT", make_adt()}, {"ORU", make_oru()}};
  for (const auto& [kind, text] : samples) {
    measure("parse", kind, text, seconds, parse_only);
    measure("parse+walk all", kind, text, seconds, parse_and_walk);
    measure("scan_boundaries", kind, text, seconds, scan);
  }
  return 0;
}
