#include "build_chart.hpp"

#include <boost/test/unit_test.hpp>
#include <core/text.hpp>

#include <initializer_list>
#include <set>

namespace test {
namespace {

using fhir::Document;
using fhir::Node;

const std::string kExtension = "urn:chartwire:ext:";
const std::string kV2 = "http://terminology.hl7.org/CodeSystem/v2-";

struct Builder {
  Builder(const std::string& type, const Fields& values, Document& memory)
      : fields(values), doc(memory), root(memory.object()) {
    put(root, "resourceType", type);
  }
  ~Builder() {
    for (const auto& [name, value] : fields) {
      BOOST_TEST(used.contains(name), "no field \"" << name << "\" here");
    }
  }
  std::string get(const std::string& name, const std::string& otherwise = {}) {
    used.insert(name);
    const auto found = fields.find(name);
    return found == fields.end() ? otherwise : found->second;
  }
  void put(Node* at, const std::string& name, const std::string& value) {
    if (!value.empty()) doc.add(at, doc.keep(name), doc.string(value));
  }
  Node* child(Node* at, const std::string& name) {
    Node* made = doc.object();
    doc.add(at, doc.keep(name), made);
    return made;
  }
  Node* item(Node* at, const std::string& name) {
    Node* list = at->find(name);
    if (!list) doc.add(at, doc.keep(name), list = doc.array());
    Node* made = doc.object();
    doc.append(list, made);
    return made;
  }
  void extension(const std::string& name, const std::string& type, const std::string& value) {
    if (value.empty()) return;
    Node* one = item(root, "extension");
    put(one, "url", kExtension + name);
    if (type == "valueInteger") {
      doc.add(one, "valueInteger", doc.number(value));
    } else {
      put(one, type, value);
    }
  }
  void refer(Node* at, const std::string& name, const std::string& target) {
    if (!target.empty()) put(child(at, name), "reference", target);
  }
  /// "1001 Adams, Ruth"; "@1001 Adams, Ruth" is known by the reference alone, as v2 feeds have it.
  void person_into(Node* reference, const std::string& words) {
    const std::size_t blank = words.find(' ');
    const bool alone = words.front() == '@';
    const std::string id = words.substr(alone ? 1 : 0, blank - (alone ? 1 : 0));
    put(reference, "reference", "Practitioner/p-" + id);
    if (!alone) put(child(reference, "identifier"), "value", id);
    if (blank != std::string::npos) put(reference, "display", words.substr(blank + 1));
  }
  void codings(Node* concept_node, const std::string& words, const std::string& system) {
    for (const auto code : core::split(words, ' ')) {
      if (code.empty()) continue;
      Node* coding = item(concept_node, "coding");
      const bool loinc = code.find('-') != code.npos && code.front() >= '0' && code.front() <= '9';
      put(coding, "system", loinc ? "http://loinc.org" : system);
      put(coding, "code", std::string(code));
    }
  }
  void typed_identifier(const std::string& type, const std::string& value) {
    if (value.empty()) return;
    Node* one = item(root, "identifier");
    codings(child(one, "type"), type, kV2 + "0203");
    put(one, "value", value);
  }
  void patient_and_visit(bool in_context) {
    refer(root, "subject", "Patient/" + get("patient", "P1"));
    const std::string visit = get("visit", "V1");
    if (visit == "none") return;
    if (in_context) {
      put(item(child(root, "context"), "encounter"), "reference", "Encounter/enc-" + visit);
    } else {
      refer(root, "encounter", "Encounter/enc-" + visit);
    }
  }

  const Fields& fields;
  Document& doc;
  Node* root;
  std::set<std::string> used;
};

Node* visit(const Fields& fields, Document& doc) {
  Builder b("Encounter", fields, doc);
  const std::string id = b.get("id", "V1");
  b.put(b.root, "id", "enc-" + id);
  b.typed_identifier("VN", id);
  b.put(b.root, "status", b.get("status", "in-progress"));
  b.put(b.child(b.root, "class"), "code", b.get("class", "IMP"));
  b.refer(b.root, "subject", "Patient/" + b.get("patient", "P1"));
  for (const auto& [name, code] : {std::pair{"attending", "ATND"}, std::pair{"admitting", "ADM"},
                                   std::pair{"consulting", "CON"}}) {
    const std::string words = b.get(name);
    if (words.empty()) continue;
    Node* one = b.item(b.root, "participant");
    b.codings(b.item(one, "type"), code,
              "http://terminology.hl7.org/CodeSystem/v3-ParticipationType");
    b.person_into(b.child(one, "individual"), words);
  }
  const std::string start = b.get("start"), end = b.get("end");
  if (!start.empty() || !end.empty()) {
    Node* period = b.child(b.root, "period");
    b.put(period, "start", start);
    b.put(period, "end", end);
  }
  const std::string type = b.get("admission_type"), disposition = b.get("disposition");
  if (!type.empty()) b.codings(b.item(b.root, "type"), type, kV2 + "0007");
  const std::string service = b.get("service"), place = b.get("location");
  if (!service.empty()) b.codings(b.child(b.root, "serviceType"), service, kV2 + "0069");
  if (!place.empty()) {
    b.put(b.child(b.item(b.root, "location"), "location"), "display", place);
  }
  b.extension("financial-class", "valueCode", b.get("financial_class"));
  const std::string source = b.get("admit_source");
  if (!source.empty()) {
    b.codings(b.child(b.child(b.root, "hospitalization"), "admitSource"), source, kV2 + "0023");
  }
  if (!disposition.empty()) {
    Node* stay = b.root->find("hospitalization");
    b.codings(b.child(stay ? stay : b.child(b.root, "hospitalization"), "dischargeDisposition"),
              disposition, kV2 + "0112");
  }
  return b.root;
}

Node* patient(const Fields& fields, Document& doc) {
  Builder b("Patient", fields, doc);
  b.put(b.root, "id", b.get("id", "P1"));
  b.typed_identifier("MR", b.get("mrn", "100"));
  b.typed_identifier("SS", b.get("ssn"));
  const std::string family = b.get("family"), given = b.get("given");
  if (!family.empty() || !given.empty()) {
    Node* name = b.item(b.root, "name");
    b.put(name, "family", family);
    if (!given.empty()) {
      Node* list = doc.array();
      doc.append(list, doc.string(given));
      doc.add(name, "given", list);
    }
  }
  b.put(b.root, "birthDate", b.get("birth_date"));
  b.put(b.root, "gender", b.get("sex"));
  if (const std::string city = b.get("city"); !city.empty()) {
    b.put(b.item(b.root, "address"), "city", city);
  }
  if (const std::string phone = b.get("phone"); !phone.empty()) {
    Node* one = b.item(b.root, "telecom");
    b.put(one, "system", "phone");
    b.put(one, "value", phone);
  }
  b.put(b.root, "deceasedDateTime", b.get("deceased_time"));
  b.extension("living-will", "valueCode", b.get("living_will"));
  b.extension("advance-directive", "valueCode", b.get("advance_directive"));
  b.extension("autopsy", "valueCode", b.get("autopsy"));
  b.extension("coroner", "valueCode", b.get("coroner"));
  if (b.get("deceased") == "true") doc.add(b.root, "deceasedBoolean", doc.boolean(true));
  return b.root;
}

Node* document(const Fields& fields, Document& doc) {
  Builder b("DocumentReference", fields, doc);
  b.put(b.root, "id", b.get("id", "D1"));
  b.put(b.root, "status", b.get("status", "current"));
  b.put(b.root, "docStatus", b.get("doc_status"));
  b.codings(b.child(b.root, "type"), b.get("types"), b.get("system", kV2 + "0270"));
  b.extension("document-completion", "valueCode", b.get("completion"));
  b.extension("document-availability", "valueCode", b.get("availability"));
  for (const std::string name : {"activity", "origination", "transcription", "authentication"}) {
    b.extension(name + "-time", "valueDateTime", b.get(name));
  }
  if (const std::string words = b.get("author"); !words.empty()) {
    b.person_into(b.item(b.root, "author"), words);
  }
  if (const std::string words = b.get("authenticator"); !words.empty()) {
    b.person_into(b.child(b.root, "authenticator"), words);
  }
  const std::string signers = b.get("signers");
  for (const auto words : core::split(signers, ';')) {
    if (words.empty()) continue;
    Node* signature = b.item(b.root, "extension");
    b.put(signature, "url", kExtension + "document-signer");
    const std::size_t time = words.find('@');   // "1001 Adams, Ruth@2026-03-03T08:00:00Z"
    Node* who = b.child(signature, "valueReference");
    b.person_into(who, std::string(words.substr(0, time)));
    if (time == words.npos) continue;
    Node* when = b.item(who, "extension");
    b.put(when, "url", kExtension + "signature-time");
    b.put(when, "valueDateTime", std::string(words.substr(time + 1)));
  }
  b.extension("author-role", "valueCode", b.get("author_role"));
  if (const std::string text = b.get("text"); !text.empty()) {
    Node* attachment = b.child(b.item(b.root, "content"), "attachment");
    b.put(attachment, "contentType", "text/plain");
    b.put(attachment, "data", core::to_base64(text));
  }
  if (const std::string parent = b.get("appends"); !parent.empty()) {
    Node* one = b.item(b.root, "relatesTo");
    b.put(one, "code", "appends");
    b.refer(one, "target", "DocumentReference/" + parent);
  }
  if (const std::string words = b.get("assigned"); !words.empty()) {
    Node* one = b.item(b.root, "extension");
    b.put(one, "url", kExtension + "assigned-authenticator");
    b.person_into(b.child(one, "valueReference"), words);
  }
  if (const std::string older = b.get("replaces"); !older.empty()) {
    Node* one = b.item(b.root, "relatesTo");
    b.put(one, "code", "replaces");
    b.refer(one, "target", "DocumentReference/" + older);
  }
  b.patient_and_visit(true);
  return b.root;
}

Node* procedure(const Fields& fields, Document& doc) {
  Builder b("Procedure", fields, doc);
  b.put(b.root, "id", b.get("id", "PR1"));
  b.put(b.root, "status", b.get("status", "completed"));
  b.codings(b.child(b.root, "code"),
            b.get("code", "0DTJ4ZZ") == "none" ? "" : b.get("code", "0DTJ4ZZ"),
            "http://hl7.org/fhir/sid/icd-10-pcs");
  b.put(b.root, "performedDateTime", b.get("time"));
  b.extension("procedure-functional-type", "valueCode", b.get("type"));
  for (const auto& [name, function] : {std::pair{"surgeon", "304292004"},
                                       std::pair{"anaesthetist", "88189002"}}) {
    const std::string words = b.get(name);
    if (words.empty()) continue;
    Node* one = b.item(b.root, "performer");
    b.codings(b.child(one, "function"), function, "http://snomed.info/sct");
    b.person_into(b.child(one, "actor"), words);
  }
  b.extension("anesthesia-code", "valueCode", b.get("anaesthesia"));
  b.patient_and_visit(false);
  return b.root;
}

Node* diagnosis(const Fields& fields, Document& doc) {
  Builder b("Condition", fields, doc);
  b.put(b.root, "id", b.get("id", "DX1"));
  b.codings(b.child(b.root, "code"), b.get("code", "I50.9"), "http://hl7.org/fhir/sid/icd-10-cm");
  b.extension("diagnosis-type", "valueCode", b.get("type"));
  b.extension("diagnosis-priority", "valueInteger", b.get("priority"));
  b.extension("present-on-admission", "valueCode", b.get("poa"));
  if (const std::string status = b.get("status"); !status.empty()) {
    b.codings(b.child(b.root, "verificationStatus"), status,
              "http://terminology.hl7.org/CodeSystem/condition-ver-status");
  }
  b.patient_and_visit(false);
  return b.root;
}

Node* contact(const Fields& fields, Document& doc) {
  Builder b("RelatedPerson", fields, doc);
  b.put(b.root, "id", b.get("id", "C1"));
  b.refer(b.root, "patient", "Patient/" + b.get("patient", "P1"));
  if (const std::string name = b.get("name"); !name.empty()) {
    b.put(b.item(b.root, "name"), "family", name);
  }
  return b.root;
}

Node* order(const Fields& fields, Document& doc) {
  Builder b("ServiceRequest", fields, doc);
  b.put(b.root, "id", b.get("id", "O1"));
  b.put(b.root, "status", b.get("status", "active"));
  b.put(b.root, "intent", "order");
  b.codings(b.child(b.root, "code"), b.get("code"), "urn:local");
  if (const std::string words = b.get("category"); !words.empty()) {
    b.codings(b.item(b.root, "category"), words, "urn:local");
  }
  b.put(b.root, "authoredOn", b.get("authored"));
  for (const auto& name : {"requester", "performer"}) {
    const std::string words = b.get(name);
    if (words.empty()) continue;
    const bool list = std::string_view(name) == "performer";
    b.person_into(list ? b.item(b.root, name) : b.child(b.root, name), words);
  }
  b.extension("authorization-mode", "valueCode", b.get("mode"));
  if (const std::string words = b.get("verified"); !words.empty()) {
    Node* one = b.item(b.root, "extension");
    b.put(one, "url", kExtension + "verified-by");
    b.person_into(b.child(one, "valueReference"), words);
  }
  b.patient_and_visit(false);
  return b.root;
}

Node* result(const Fields& fields, Document& doc) {
  Builder b("DiagnosticReport", fields, doc);
  b.put(b.root, "id", b.get("id", "RES1"));
  b.put(b.root, "status", b.get("status", "preliminary"));
  b.codings(b.child(b.root, "code"), b.get("code", "718-7"), "urn:local");
  if (const std::string words = b.get("category"); !words.empty()) {
    b.codings(b.item(b.root, "category"), words, kV2 + "0074");
  }
  b.put(b.root, "effectiveDateTime", b.get("time"));
  b.put(b.root, "issued", b.get("issued"));
  if (const std::string words = b.get("interpreter"); !words.empty()) {
    b.person_into(b.item(b.root, "resultsInterpreter"), words);
  }
  b.patient_and_visit(false);
  return b.root;
}

Node* coverage(const Fields& fields, Document& doc) {
  Builder b("Coverage", fields, doc);
  b.put(b.root, "id", b.get("id", "COV1"));
  b.put(b.root, "status", b.get("status", "active"));
  b.refer(b.root, "beneficiary", "Patient/" + b.get("patient", "P1"));
  if (const std::string words = b.get("payor"); !words.empty()) {
    b.put(b.item(b.root, "payor"), "display", words);
  }
  if (const std::string words = b.get("type"); !words.empty()) {
    b.codings(b.child(b.root, "type"), words, "urn:local");
  }
  return b.root;
}

Node* appointment(const Fields& fields, Document& doc) {
  Builder b("Appointment", fields, doc);
  b.put(b.root, "id", b.get("id", "APT1"));
  b.put(b.root, "status", b.get("status", "booked"));
  b.put(b.root, "start", b.get("start"));
  b.put(b.child(b.item(b.root, "participant"), "actor"), "reference",
        "Patient/" + b.get("patient", "P1"));
  if (const std::string words = b.get("practitioner"); !words.empty()) {
    b.person_into(b.child(b.item(b.root, "participant"), "actor"), words);
  }
  return b.root;
}

}  // namespace

Node* build(const std::string& kind, const Fields& fields, Document& into) {
  if (kind == "visit") return visit(fields, into);
  if (kind == "patient") return patient(fields, into);
  if (kind == "document") return document(fields, into);
  if (kind == "procedure") return procedure(fields, into);
  if (kind == "diagnosis") return diagnosis(fields, into);
  if (kind == "contact") return contact(fields, into);
  if (kind == "order") return order(fields, into);
  if (kind == "result") return result(fields, into);
  if (kind == "coverage") return coverage(fields, into);
  if (kind == "appointment") return appointment(fields, into);
  BOOST_FAIL("no kind of resource: " << kind);
  return nullptr;
}

}  // namespace test
