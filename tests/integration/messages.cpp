#include "messages.hpp"

#include <hl7/message.hpp>

namespace harness {
namespace {

std::string msh(const std::string& type, const std::string& when, const std::string& id,
                const std::string& version = "2.5.1") {
  return "MSH|^~\\&|REG|GENERAL|CHARTWIRE|HIM|" + when + "||" + type + "|" + id + "|P|" + version +
         "\r";
}

std::string pid(const std::string& mrn, const std::string& family) {
  return "PID|1||" + mrn + "^^^GENERAL^MR||" + family + "^Ana||19800402|F|||12 Oak St^^Albany^NY^"
         "12207^USA||(518)555-0100\r";
}

std::string pv1(const std::string& patient_class, const std::string& visit,
                const std::string& admitted, const std::string& discharged,
                const std::string& disposition) {
  return "PV1|1|" + patient_class + "|4W^101^A|R|||1001^Adams^Ruth|||MED|||||||1001^Adams^Ruth||" +
         visit + "^^^GENERAL^VN" + std::string(17, '|') + disposition + "||||||||" + admitted +
         "|" + discharged + "\r";
}

}  // namespace

std::string Adt::text() const {
  std::string out = msh("ADT^" + trigger, event_time, control_id, version);
  out += "EVN|" + trigger + "|" + event_time + "\r" + pid(mrn, family);
  if (!merged_mrn.empty()) return out + "MRG|" + merged_mrn + "^^^GENERAL^MR\r";
  if (trigger == "A01" || trigger == "A04") {
    out += "NK1|1|Rivera^Luis|SPO|12 Oak St^^Albany^NY^12207^USA|(518)555-0101\r";
  }
  return out + pv1(patient_class, visit, admitted, discharged, disposition) + more;
}

std::string Mdm::text() const {
  std::string out = msh("MDM^" + trigger, event_time, control_id);
  out += "EVN|" + trigger + "|" + event_time + "\r" + pid(mrn, "Rivera") +
         pv1("I", visit, "20260110080000", "", "");
  const bool is_signed = status == "AU" || status == "LA";
  const std::string signer =
      is_signed ? "1001^Adams^Ruth" + std::string(12, '^') + event_time : std::string();
  out += "TXA|1|" + type + "|TX|" + event_time + "|1001^Adams^Ruth|" + event_time + "|" +
         event_time + "||1001^Adams^Ruth|1001^Adams^Ruth||" + number + "^DOC|" +
         (parent.empty() ? "" : parent + "^DOC") + "||||" + status + "||" + availability + "|||" +
         signer + "\r";
  if (trigger == "T02" || trigger == "T10") {
    out += "OBX|1|TX|" + type + "^Note||Seen and examined.||||||F\r";
  }
  return out;
}

std::string Oru::text() const {
  return msh("ORU^R01", event_time, control_id) + pid(mrn, "Rivera") +
         pv1("I", visit, "20260110080000", "", "") + "ORC|RE|P1^REG|" + filler + "^LAB\r" +
         "OBR|1|P1^REG|" + filler + "^LAB|718-7^Hemoglobin^LN|||" + event_time +
         "|||||||||1001^Adams^Ruth||||||" + event_time + "||LAB|" + status + "\r" +
         "OBX|1|NM|718-7^Hemoglobin^LN||" + value + "|g/dL^^UCUM|11.5-17.5|L|||" + status + "\r";
}

std::string field(const std::string& message, const std::string& path) {
  auto parsed = hl7::Message::parse(message);
  return parsed ? parsed->get(path) : std::string();
}

std::string ack_code(const std::string& ack) { return field(ack, "MSA-1"); }
std::string ack_id(const std::string& ack) { return field(ack, "MSA-2"); }

}  // namespace harness
