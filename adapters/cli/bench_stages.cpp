#include <core/hash.hpp>
#include <fhir/json.hpp>
#include <hl7/ack.hpp>
#include <mapping/mapper.hpp>

#include <fmt/format.h>

#include "bench.hpp"

namespace cli::bench {
namespace {

inline constexpr std::chrono::milliseconds kStageTime{700};
inline constexpr std::size_t kMessages = 5'000;   ///< made before mapping is measured

/// Calls a second, once `work` has been done some times.
template <class Work>
double rate(const Work& work) {
  for (int i = 0; i < 100; ++i) work();
  return calls_per_second(kStageTime, work);
}

double scan_mb(const std::string& text) {
  std::uint64_t seen = 0;
  const double calls = rate([&] { seen += hl7::scan_boundaries(text, {}).fields; });
  return seen > 0 ? calls * static_cast<double>(text.size()) / 1e6 : 0;
}

/// A mapper remembers what values gave: no message comes twice soon, and each has its own patient.
Paced map_rate(const std::shared_ptr<const mapping::MappingSet>& set,
               std::string (*sample)(std::uint64_t control, std::uint64_t patient)) {
  mapping::Mapper mapper(set);
  std::vector<std::string> texts;
  for (std::uint64_t i = 0; i < kMessages; ++i) texts.push_back(sample(i, i));
  std::size_t next = 0;
  const mapping::Environment environment;
  std::string out;
  std::uint64_t bytes = 0;
  const auto map = [&] {
    auto message = hl7::Message::parse(texts[next++ % kMessages]);
    auto output = mapper.map(*message, environment);
    if (!output) return;
    out.clear();
    for (const mapping::Draft& draft : (*output)->drafts) fhir::write_json(draft.root, out);
    bytes += out.size();
  };
  Paced found = paced([&] { return rate(map); });
  if (bytes == 0) found.value = 0;
  return found;
}

}  // namespace

StageResult run_stages(const pipeline::Knowledge& knowledge, const std::string& mapping) {
  const std::string adt = sample_adt(1, 1), oru = sample_oru(2, 1);
  const auto& set = knowledge.mappings.at(mapping);
  StageResult result;
  result.parse_adt_mb = scan_mb(adt);
  result.parse_oru_mb = scan_mb(oru);
  result.map_adt = map_rate(set, sample_adt);
  result.map_oru = map_rate(set, sample_oru);
  result.digest_us = 1e6 / rate([&] { (void)core::sha256(adt); });
  auto message = hl7::Message::parse(adt);
  const schema::StructureDef* structure = knowledge.v2.newest().structure("ADT_A01");
  schema::GroupTree tree;
  hl7::Issues issues;
  result.group_us = 1e6 / rate([&] {
    issues.clear();
    schema::group(*message, *structure, tree, issues);
  });
  result.check_us = 1e6 / rate([&] { (void)hl7::Message::parse(adt); });
  result.ack_us = 1e6 / rate([&] {
    hl7::AckContent content;
    content.control_id = "CW1";
    (void)hl7::build_ack(*message, content);
  });
  return result;
}

std::string sample_adt(std::uint64_t control, std::uint64_t patient) {
  return fmt::format(
      "MSH|^~\\&|REG|GENERAL|CHARTWIRE|HIM|20260110080000||ADT^A01^ADT_A01|B{0:012}|P|2.5.1\r"
      "EVN|A01|20260110080000|||1001^Adams^Ruth\r"
      "PID|1||{1}^^^GENERAL^MR~999{1}^^^STATE^PI||Rivera^Ana^Maria^^Ms||19800402|F||2106-3^White^"
      "CDCREC|"
      "12 Oak St^Apt 4^Albany^NY^12207^USA^H||^PRN^PH^^1^518^5550100~^PRN^Internet^ana@example.org|"
      "^WPN^PH^^1^518^5550101|en^English^ISO639|M|CHR|V{1}^^^GENERAL^VN|||||||||||||N\r"
      "NK1|1|Rivera^Luis^^^Mr|SPO^Spouse^HL70063|12 Oak "
      "St^^Albany^NY^12207^USA|^PRN^PH^^1^518^5550102\r"
      "PV1|1|I|4W^101^A^GENERAL|R|||1001^Adams^Ruth^^^Dr^^^GENERAL|1002^Brown^Peter^^^Dr^^^GENERAL|"
      "|MED|"
      "|||1|||1001^Adams^Ruth^^^Dr^^^GENERAL||V{1}^^^GENERAL^VN|||||||||||||||||||||||||"
      "20260110080000\r"
      "AL1|1|DA|70618^Penicillin^RXNORM|SV|Hives\r"
      "DG1|1||I50.9^Heart failure, unspecified^I10||20260110|A\r"
      "IN1|1|PLAN01^General Plan|INS01|General Insurance|PO Box 1^^Albany^NY^12201\r",
      control, 100'000 + patient);
}

std::string sample_oru(std::uint64_t control, std::uint64_t patient) {
  std::string text = fmt::format(
      "MSH|^~\\&|LAB|GENERAL|CHARTWIRE|HIM|20260110093000||ORU^R01^ORU_R01|B{0:012}|P|2.5.1\r"
      "PID|1||{1}^^^GENERAL^MR||Rivera^Ana^Maria||19800402|F\r"
      "PV1|1|I|4W^101^A|R|||1001^Adams^Ruth||||||||||||V{1}^^^GENERAL^VN\r"
      "ORC|RE|P{0}^REG|F{0}^LAB||CM||||20260110090000|||1001^Adams^Ruth\r"
      "OBR|1|P{0}^REG|F{0}^LAB|24323-8^Comprehensive metabolic panel^LN|||20260110090000|||||||||"
      "1001^Adams^Ruth||||||20260110093000||LAB|F\r",
      control, 100'000 + patient);
  for (int i = 1; i <= 24; ++i) {
    text += fmt::format(
        "OBX|{0}|NM|{1}-{2}^Component {0} of the metabolic panel^LN^L{0}^Local name "
        "{0}^99LAB||{3}.{2}|"
        "mg/dL^milligram per deciliter^UCUM|{3}.0-{4}.0|N|||F|||20260110090000||1010^Tech^Lee\r",
        i, 2340 + i, i % 10, 10 + i, 20 + i);
  }
  return text;
}

}  // namespace cli::bench
