#include "repair_messages.hpp"

#include <fhir/json.hpp>
#include <fmt/format.h>

#include "patient_er7.hpp"

namespace pipeline {
namespace {

using fhir::Node;

std::string digits(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c >= '0' && c <= '9') out += c;
  }
  return out;
}

class Writer {
 public:
  Writer(core::Sequence sequence, core::Instant at) : sequence_(sequence) {
    when_ = digits(core::to_iso(at)).substr(0, 14) + "+0000";
  }

  identity::RepairMessage message(std::string_view trigger, std::string_view structure,
                                  std::string body) {
    identity::RepairMessage out;
    out.sequence = sequence_;
    out.number = ++count_;
    out.trigger = std::string(trigger);
    out.body = fmt::format(
        "MSH|^~\\&|CHARTWIRE|HIM|||{}||ADT^{}^{}|CWU{}-{}|P|2.5.1\rEVN|{}|{}\r{}", when_, trigger,
        structure, sequence_.value(), count_, trigger, when_, body);
    return out;
  }

 private:
  core::Sequence sequence_;
  std::string when_;
  int count_ = 0;
};

core::Result<const Node*> read(store::Records& records, const std::string& id,
                               fhir::Document& document) {
  auto found = records.get("Patient", id);
  if (!found) return core::fail(found.error());
  if (!*found || (*found)->deleted) return nullptr;
  auto tree = fhir::parse_json((*found)->body, document);
  if (!tree) return core::fail(core::ErrorCode::kStoreCorrupt, "stored Patient is not JSON");
  return *tree;
}

}  // namespace

core::Result<std::vector<identity::RepairMessage>> repair_messages(
    store::Records& records, const EngineConfig& config, const identity::Detachment& plan,
    core::Sequence sequence, core::Instant at) {
  fhir::Document document;
  auto retired = read(records, plan.retired, document);
  auto survivor = read(records, plan.survivor, document);
  if (!retired) return core::fail(retired.error());
  if (!survivor) return core::fail(survivor.error());
  std::vector<identity::RepairMessage> out;
  if (*retired == nullptr || *survivor == nullptr) return out;   // never seen: nothing to repair
  Writer writer(sequence, at);
  const PatientEr7 er7(config);
  const std::string pid = er7.pid(**retired);
  const std::string from = er7.numbers(**survivor);
  out.push_back(writer.message(
      "A43", "ADT_A43", pid + "MRG|" + er7.numbers(**retired) + "~" + from + "\r"));
  for (const store::Resource& resource : plan.back) {
    if (resource.type != "Encounter") continue;
    auto visit = fhir::parse_json(resource.body, document);
    if (!visit) return core::fail(core::ErrorCode::kStoreCorrupt, "stored Encounter is not JSON");
    const std::string numbers = er7.numbers(**visit);
    if (numbers.empty()) continue;
    const std::string number = numbers.substr(0, numbers.find('~'));
    const Node* kind = (*visit)->find("class");
    const std::string_view code = kind ? kind->text_of("code") : std::string_view();
    const std::string_view patient_class = code == "IMP" ? "I" : code == "EMER" ? "E" : "O";
    out.push_back(writer.message(
        "A45", "ADT_A45",
        fmt::format("{}MRG|{}||||{}\rPV1|1|{}{}{}\r", pid, from, number, patient_class,
                    std::string(17, '|'), number)));
  }
  for (const Node* patient : {*retired, *survivor}) {
    out.push_back(writer.message("A31", "ADT_A05", er7.pid(*patient) + "PV1|1|N\r"));
  }
  return out;
}

core::Result<std::vector<identity::RepairMessage>> merge_messages(
    store::Records& records, const EngineConfig& config, const std::string& retired,
    const std::string& survivor, core::Sequence sequence, core::Instant at) {
  fhir::Document document;
  auto from = read(records, retired, document);
  auto into = read(records, survivor, document);
  if (!from) return core::fail(from.error());
  if (!into) return core::fail(into.error());
  std::vector<identity::RepairMessage> out;
  if (*from == nullptr || *into == nullptr) return out;
  const PatientEr7 er7(config);
  const std::string old = er7.numbers(**from);
  if (old.empty()) return out;   // nobody knows it by a number
  out.push_back(Writer(sequence, at).message(
      "A40", "ADT_A39", er7.pid(**into) + "MRG|" + old + "\r"));
  return out;
}

core::Result<std::vector<identity::RepairMessage>> link_messages(
    store::Records& records, const EngineConfig& config, const std::string& patient,
    const std::string& other, bool together, core::Sequence sequence, core::Instant at) {
  fhir::Document document;
  auto one = read(records, patient, document);
  auto two = read(records, other, document);
  if (!one) return core::fail(one.error());
  if (!two) return core::fail(two.error());
  std::vector<identity::RepairMessage> out;
  if (*one == nullptr || *two == nullptr) return out;
  const PatientEr7 er7(config);
  // A record without a number is one that no receiver could look for.
  if (er7.numbers(**one).empty() || er7.numbers(**two).empty()) return out;
  out.push_back(Writer(sequence, at).message(together ? "A24" : "A37",
                                             together ? "ADT_A24" : "ADT_A37",
                                             er7.pid(**one) + er7.pid(**two)));
  return out;
}

core::Result<std::set<std::string>> feeds_of(store::Records& records,
                                             const std::vector<std::string>& patients) {
  std::set<std::string> found;
  for (const std::string& patient : patients) {
    const auto versions = records.history("Patient", patient, kFeedVersionsMax);
    if (!versions) return core::fail(versions.error());
    for (const store::Resource& version : *versions) {
      const auto message = records.message(version.sequence);
      if (!message) return core::fail(message.error());
      if (*message) found.insert((*message)->feed);
    }
  }
  return found;
}

}  // namespace pipeline
