#include "extract.hpp"

#include <core/text.hpp>
#include <fmt/format.h>

#include <initializer_list>
#include <vector>

namespace him {
namespace {

using fhir::Node;

constexpr std::string_view kLoinc = "http://loinc.org";
constexpr std::string_view kV2 = "http://terminology.hl7.org/CodeSystem/v2-";
constexpr std::string_view kSsn = "http://hl7.org/fhir/sid/us-ssn";
constexpr std::string_view kExtension = "urn:chartwire:ext:";
constexpr std::size_t kCodesMax = 64;   ///< of one element; a chart needs a few
constexpr std::size_t kSignersMax = 16;   ///< of one document

const Node* at(const Node* node, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    if (!node) return nullptr;
    node = node->find(name);
    if (node) node = node->item(0);
  }
  return node;
}

std::string_view text_at(const Node* node, std::initializer_list<std::string_view> names) {
  const Node* found = at(node, names);
  return found && found->is_leaf() ? found->text : std::string_view();
}

/// Calls `each` for the items of a member that is an array, or once for a single value.
template <class Each>
void for_items(const Node* node, std::string_view name, const Each& each) {
  const Node* member = node ? node->find(name) : nullptr;
  if (!member) return;
  if (!member->is_array()) return each(member);
  for (const fhir::Item* item = member->first_item; item; item = item->next) each(item->value);
}

/// Calls `each` for our extensions of that name.
template <class Each>
void for_extensions(const Node* tree, std::string_view name, const Each& each) {
  for_items(tree, "extension", [&](const Node* one) {
    const std::string_view url = one->text_of("url");
    if (url.starts_with(kExtension) && url.substr(kExtension.size()) == name) each(one);
  });
}

const Node* extension(const Node* tree, std::string_view name) {
  const Node* found = nullptr;
  for_extensions(tree, name, [&](const Node* one) { found = found ? found : one; });
  return found;
}

/// Text of an extension's value[x], whatever its type.
std::string_view extension_text(const Node* tree, std::string_view name) {
  const Node* one = extension(tree, name);
  if (!one) return {};
  for (const fhir::Member* member = one->first_member; member; member = member->next) {
    if (member->name.starts_with("value") && member->value->is_leaf()) return member->value->text;
  }
  return {};
}

bool is_code_of(const Node* concept_node, std::string_view code) {
  bool found = false;
  for_items(concept_node, "coding",
            [&](const Node* one) { found = found || one->text_of("code") == code; });
  return found;
}

/// Builds the facts object member by member, leaving out what has no value.
class Facts {
 public:
  Facts(Kind kind, const core::TimeZone& zone, fhir::Document& into)
      : kind_(kind), zone_(zone), into_(into), object_(into.object()) {}

  Node* object() const { return object_; }

  void text(std::string_view name, std::string_view value) {
    if (!value.empty()) into_.add(object_, name, into_.string(value, false));
  }
  void time(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    if (const auto instant = read_time(value, zone_)) {
      into_.add(object_, name,
                into_.number(fmt::format("{}", instant->time_since_epoch().count())));
    }
  }
  void integer(std::string_view name, std::string_view value) {
    if (const auto number = core::to_int(value)) {
      into_.add(object_, name, into_.number(fmt::format("{}", *number)));
    }
  }
  void flag(std::string_view name, bool value) {
    if (value) into_.add(object_, name, into_.boolean(true));
  }
  void digits(std::string_view name, std::string_view value) {
    std::string kept;
    for (const char c : value) {
      if (c >= '0' && c <= '9') kept += c;
    }
    // A number without a digit is still something that was written there.
    text(name, into_.keep(kept.empty() ? value : std::string_view(kept)));
  }
  /// Codes of one or many CodeableConcepts (or of a Coding); only what `plain` lets through stands
  /// bare, codes of other systems keep their system.
  void codes(std::string_view name, const Node* holder, std::string_view member,
             bool (*plain)(std::string_view system)) {
    Node* list = into_.array();
    for_items(holder, member, [&](const Node* one) {
      if (one->is_leaf()) return add_code({}, one->text, plain, list);
      if (one->find("code")) {
        return add_code(one->text_of("system"), one->text_of("code"), plain, list);
      }
      for_items(one, "coding", [&](const Node* coding) {
        add_code(coding->text_of("system"), coding->text_of("code"), plain, list);
      });
    });
    if (list->count > 0) into_.add(object_, name, list);
  }
  void sections(const Node* tree);
  /// `reference` is a Reference: its target, the business identifier it carries and its words.
  void person(std::string_view name, const Node* reference) {
    if (Node* one = person_of(reference)) into_.add(object_, name, one);
  }
  /// Several of them; one alone is written as person() does.
  void persons(std::string_view name, const std::vector<const Node*>& references) {
    Node* list = into_.array();
    for (const Node* reference : references) {
      if (Node* one = person_of(reference)) into_.append(list, one);
    }
    if (list->count > 0) into_.add(object_, name, list->count == 1 ? list->item(0) : list);
  }
  const core::TimeZone& zone() const { return zone_; }
  Extract done(std::string_view patient, std::string_view encounter) const {
    Extract out;
    out.kind = kind_;
    out.patient = patient;
    out.encounter = encounter;
    out.facts = object_;
    return out;
  }

 private:
  Node* person_of(const Node* reference) {
    if (!reference || !reference->is_object()) return nullptr;
    Node* person = into_.object();
    const auto put = [&](std::string_view key, std::string_view value) {
      if (!value.empty()) into_.add(person, key, into_.string(value, false));
    };
    put("reference", reference->text_of("reference"));
    put("id", text_at(reference, {"identifier", "value"}));
    put("name", reference->text_of("display"));
    return person->count > 0 ? person : nullptr;
  }
  void add_code(std::string_view system, std::string_view code, bool (*plain)(std::string_view),
                Node* list) {
    if (code.empty() || list->count >= kCodesMax) return;
    if (system.empty() || plain(system)) return into_.append(list, into_.string(code, false));
    into_.append(list, into_.string(fmt::format("{}|{}", system, code)));
  }

  Kind kind_;
  const core::TimeZone& zone_;
  fhir::Document& into_;
  Node* object_;
};

bool any_system(std::string_view) { return true; }
bool document_system(std::string_view system) {
  return system == kLoinc || (system.starts_with(kV2) && system.substr(kV2.size()) == "0270");
}

std::string_view subject_of(const Node* tree, std::string_view member) {
  return id_in_reference(text_at(tree, {member, "reference"}), "Patient");
}
std::string_view encounter_of(const Node* tree) {
  return id_in_reference(text_at(tree, {"encounter", "reference"}), "Encounter");
}

/// Value of the identifier of a type (v2-0203), else of the first when `or_first`.
std::string_view identifier(const Node* tree, std::string_view type, bool or_first) {
  std::string_view typed, first;
  for_items(tree, "identifier", [&](const Node* one) {
    const std::string_view value = one->text_of("value");
    if (value.empty() || one->text_of("use") == "old") return;
    if (first.empty()) first = value;
    if (typed.empty() && one->find("type") && is_code_of(one->find("type"), type)) typed = value;
  });
  return typed.empty() && or_first ? first : typed;
}

const Node* participant(const Node* tree, std::string_view code) {
  const Node* found = nullptr;
  for_items(tree, "participant", [&](const Node* one) {
    bool match = false;
    for_items(one, "type", [&](const Node* type) { match = match || is_code_of(type, code); });
    const bool ended = !text_at(one, {"period", "end"}).empty();
    if (match && !ended && !found) found = one->find("individual");
  });
  return found;
}

/// Where the patient is: the last place that is not left, as far as it is named.
std::string_view place_of(const Node* tree) {
  std::string_view found;
  for_items(tree, "location", [&](const Node* one) {
    if (one->text_of("status") == "completed") return;
    const Node* place = one->find("location");
    std::string_view words = place ? place->text_of("display") : std::string_view();
    if (words.empty()) words = text_at(place, {"identifier", "value"});
    if (words.empty() && place) words = place->text_of("reference");
    if (!words.empty()) found = words;
  });
  return found;
}

Extract visit(std::string_view id, const Node* tree, Facts facts) {
  const Node* stay = tree->find("hospitalization");
  facts.text("number", identifier(tree, "VN", true));
  facts.codes("class", tree, "class", any_system);
  facts.text("original_class", extension_text(tree, "patient-class-original"));
  facts.text("status", tree->text_of("status"));
  facts.time("start", text_at(tree, {"period", "start"}));
  facts.time("end", text_at(tree, {"period", "end"}));
  facts.person("attending", participant(tree, "ATND"));
  facts.person("admitting", participant(tree, "ADM"));
  facts.person("referring", participant(tree, "REF"));
  facts.person("consulting", participant(tree, "CON"));
  facts.codes("disposition", stay, "dischargeDisposition", any_system);
  facts.codes("admit_source", stay, "admitSource", any_system);
  facts.codes("admission_type", tree, "type", any_system);
  facts.codes("service", tree, "serviceType", any_system);
  facts.text("location", place_of(tree));
  facts.text("event", extension_text(tree, "status-event"));
  facts.codes("financial_class", extension(tree, "financial-class"), "valueCode", any_system);
  return facts.done(subject_of(tree, "subject"), id);
}

std::string_view phone_of(const Node* tree) {
  std::string_view found;
  for_items(tree, "telecom", [&](const Node* one) {
    const std::string_view system = one->text_of("system");
    if (found.empty() && (system.empty() || system == "phone" || system == "sms")) {
      found = one->text_of("value");
    }
  });
  return found;
}

std::string_view name_of(const Node* tree) {
  const std::string_view family = text_at(tree, {"name", "family"});
  if (!family.empty()) return family;
  const std::string_view given = text_at(tree, {"name", "given"});
  return given.empty() ? text_at(tree, {"name", "text"}) : given;
}

Extract patient(std::string_view id, const Node* tree, Facts facts) {
  std::string_view ssn = identifier(tree, "SS", false);
  for_items(tree, "identifier", [&](const Node* one) {
    if (ssn.empty() && one->text_of("system") == kSsn) ssn = one->text_of("value");
  });
  // An old or maiden name does not make up for a missing current one, so the first name decides.
  const std::string_view street = text_at(tree, {"address", "line"});
  const std::string_view died = tree->text_of("deceasedDateTime");
  facts.text("mrn", identifier(tree, "MR", true));
  facts.text("family", text_at(tree, {"name", "family"}));
  facts.text("given", text_at(tree, {"name", "given"}));
  facts.text("birth_date", tree->text_of("birthDate"));
  facts.text("sex", tree->text_of("gender"));
  facts.text("address", street.empty() ? text_at(tree, {"address", "city"}) : street);
  facts.digits("phone", phone_of(tree));
  facts.digits("ssn", ssn);
  facts.flag("deceased", !died.empty() || tree->text_of("deceasedBoolean") == "true");
  facts.time("deceased_time", died);
  facts.text("contact", name_of(at(tree, {"contact"})));
  facts.text("living_will", extension_text(tree, "living-will"));
  facts.text("advance_directive", extension_text(tree, "advance-directive"));
  facts.text("autopsy", extension_text(tree, "autopsy"));
  facts.text("coroner", extension_text(tree, "coroner"));
  return facts.done(id, {});
}

/// Long enough for any report; an attachment that is longer is read so far.
constexpr std::size_t kReportBytesMax = 64 * 1024;

/// Which of the things that an operative report must name (42 CFR 482.51(b)(6)) its text speaks of.
void report_sections(const Node* tree, Node* list, fhir::Document& into) {
  constexpr std::pair<std::string_view, std::string_view> kWords[] = {
      {"diagnosis", "diagnos"},     {"findings", "finding"},  {"technique", "technique"},
      {"technique", "description"}, {"specimen", "specimen"}, {"specimen", "tissue"},
      {"surgeon", "surgeon"}};
  std::string text;
  for_items(tree, "content", [&](const Node* content) {
    const std::string_view type = text_at(content, {"attachment", "contentType"});
    if (text.size() >= kReportBytesMax || (!type.empty() && !type.starts_with("text/"))) return;
    const std::string_view data = text_at(content, {"attachment", "data"});
    std::size_t take = std::min(data.size(), kReportBytesMax / 3 * 4);
    take -= take % 4;
    if (const auto plain = core::from_base64(data.substr(0, take))) text += *plain + "\n";
    text += text_at(content, {"attachment", "title"});
    text += '\n';
  });
  const std::string lower = core::ascii_lower(text);
  std::string_view last;
  for (const auto& [section, word] : kWords) {
    if (section == last || lower.find(word) == lower.npos) continue;
    into.append(list, into.string(section));
    last = section;
  }
  // A title alone is no text; a scan can be judged by no machine.
  if (lower.size() > 200 || list->count > 0) into.append(list, into.string("text"));
}

void Facts::sections(const Node* tree) {
  Node* list = into_.array();
  report_sections(tree, list, into_);
  if (list->count > 0) into_.add(object_, "sections", list);
}

/// Who signed, in the order of the signatures. FHIR R4 has one authenticator; all of TXA-22 are in
/// an extension, each with its time.
struct Signatures {
  std::vector<const Node*> who, undated;
  std::string_view first;   ///< the earliest time of them
};

Signatures signatures_of(const Node* tree, const core::TimeZone& zone) {
  Signatures all;
  all.first = extension_text(tree, "authentication-time");
  for_extensions(tree, "document-signer", [&](const Node* one) {
    const Node* who = one->find("valueReference");
    if (!who || all.who.size() >= kSignersMax) return;
    all.who.push_back(who);
    const std::string_view when = extension_text(who, "signature-time");
    if (when.empty()) all.undated.push_back(who);
    const auto at = read_time(when, zone), first = read_time(all.first, zone);
    if (at && (!first || *at < *first)) all.first = when;
  });
  if (all.who.size() < 2) {
    all.who.assign(1, tree->find("authenticator"));
    all.undated.clear();
    if (all.first.empty()) all.undated = all.who;
  }
  return all;
}

Extract document(std::string_view, const Node* tree, Facts facts) {
  facts.codes("type", tree, "type", document_system);
  const std::string_view number = text_at(tree, {"masterIdentifier", "value"});
  facts.text("number", number.empty() ? identifier(tree, "", true) : number);
  facts.text("status", tree->text_of("status"));
  facts.text("doc_status", tree->text_of("docStatus"));
  facts.text("completion", extension_text(tree, "document-completion"));
  facts.text("availability", extension_text(tree, "document-availability"));
  facts.time("activity", extension_text(tree, "activity-time"));
  facts.time("origination", extension_text(tree, "origination-time"));
  facts.time("transcription", extension_text(tree, "transcription-time"));
  facts.time("edit", extension_text(tree, "edit-time"));
  const Signatures signatures = signatures_of(tree, facts.zone());
  facts.time("authentication", signatures.first);
  facts.time("date", tree->text_of("date"));
  facts.person("author", at(tree, {"author"}));
  const Node* assigned = extension(tree, "assigned-authenticator");
  facts.person("assigned", assigned ? assigned->find("valueReference") : nullptr);
  facts.persons("authenticator", signatures.who);
  facts.persons("undated", signatures.undated);
  const Node* typist = extension(tree, "transcriptionist");
  facts.person("transcriptionist", typist ? typist->find("valueReference") : nullptr);
  std::string_view replaces, appends;
  for_items(tree, "relatesTo", [&](const Node* one) {
    const std::string_view target =
        id_in_reference(text_at(one, {"target", "reference"}), "DocumentReference");
    if (one->text_of("code") == "replaces" && replaces.empty()) replaces = target;
    if (one->text_of("code") == "appends" && appends.empty()) appends = target;
  });
  facts.text("appends", appends);
  facts.text("author_role", extension_text(tree, "author-role"));
  const Node* speaker = extension(tree, "activity-provider");
  facts.person("dictated_by", speaker ? speaker->find("valueReference") : nullptr);
  if (tree->find("type") && (is_code_of(tree->find("type"), "OP") ||
                             is_code_of(tree->find("type"), "11504-8"))) {
    facts.sections(tree);
  }
  const std::string_view encounter =
      id_in_reference(text_at(tree, {"context", "encounter", "reference"}), "Encounter");
  Extract out = facts.done(subject_of(tree, "subject"), encounter);
  out.replaces = replaces;
  return out;
}

const Node* performer(const Node* tree, std::string_view function) {
  const Node* found = nullptr;
  for_items(tree, "performer", [&](const Node* one) {
    if (!found && one->find("function") && is_code_of(one->find("function"), function)) {
      found = one->find("actor");
    }
  });
  return found;
}

Extract procedure(std::string_view, const Node* tree, Facts facts) {
  const std::string_view moment = tree->text_of("performedDateTime");
  facts.codes("code", tree, "code", any_system);
  facts.time("time", moment.empty() ? text_at(tree, {"performedPeriod", "start"}) : moment);
  facts.text("functional_type", extension_text(tree, "procedure-functional-type"));
  facts.codes("category", tree, "category", any_system);
  facts.text("status", tree->text_of("status"));
  facts.person("surgeon", performer(tree, "304292004"));
  facts.person("anaesthetist", performer(tree, "88189002"));
  facts.text("location", text_at(tree, {"location", "display"}));
  facts.text("anaesthesia", extension_text(tree, "anesthesia-code"));
  facts.time("end", text_at(tree, {"performedPeriod", "end"}));
  return facts.done(subject_of(tree, "subject"), encounter_of(tree));
}

Extract diagnosis(std::string_view, const Node* tree, Facts facts) {
  facts.codes("code", tree, "code", any_system);
  facts.text("type", extension_text(tree, "diagnosis-type"));
  facts.integer("priority", extension_text(tree, "diagnosis-priority"));
  facts.text("status", text_at(tree, {"verificationStatus", "coding", "code"}));
  facts.time("recorded", tree->text_of("recordedDate"));
  facts.person("asserter", tree->find("asserter"));
  facts.text("poa", extension_text(tree, "present-on-admission"));
  return facts.done(subject_of(tree, "subject"), encounter_of(tree));
}

Extract order(std::string_view, const Node* tree, Facts facts) {
  facts.codes("code", tree, "code", any_system);
  facts.codes("category", tree, "category", any_system);
  facts.text("status", tree->text_of("status"));
  facts.time("authored", tree->text_of("authoredOn"));
  facts.person("requester", tree->find("requester"));
  facts.person("performer", at(tree, {"performer"}));
  facts.text("mode", extension_text(tree, "authorization-mode"));
  const Node* verifier = extension(tree, "verified-by");
  facts.person("verified", verifier ? verifier->find("valueReference") : nullptr);
  return facts.done(subject_of(tree, "subject"), encounter_of(tree));
}

/// Sections of anatomical pathology (table 0074): a report of theirs may be what a chart must hold.
bool is_pathology(const Node* tree) {
  bool found = false;
  for_items(tree, "category", [&](const Node* one) {
    for (const std::string_view section : {"SP", "PAT", "CP", "AU"}) {
      found = found || is_code_of(one, section);
    }
  });
  return found || (tree->find("code") && is_code_of(tree->find("code"), "11529-5"));
}

Extract result(std::string_view, const Node* tree, Facts facts) {
  const std::string_view moment = tree->text_of("effectiveDateTime");
  const std::string_view status = tree->text_of("status");
  facts.codes("code", tree, "code", any_system);
  facts.codes("category", tree, "category", any_system);
  facts.text("status", status);
  facts.time("time", moment.empty() ? text_at(tree, {"effectivePeriod", "start"}) : moment);
  facts.time("issued", tree->text_of("issued"));
  facts.person("interpreter", at(tree, {"resultsInterpreter"}));
  facts.text("specimen", text_at(tree, {"specimen", "reference"}));
  Extract out = facts.done(subject_of(tree, "subject"), encounter_of(tree));
  const bool over = status == "final" || status == "amended" || status == "corrected" ||
                    status == "appended" || status == "cancelled";
  out.settled = over && !is_pathology(tree);
  return out;
}

Extract appointment(std::string_view, const Node* tree, Facts facts) {
  std::string_view patient;
  const Node* with = nullptr;
  for_items(tree, "participant", [&](const Node* one) {
    const Node* actor = one->find("actor");
    if (!actor) return;
    const std::string_view who = actor->text_of("reference");
    if (patient.empty()) patient = id_in_reference(who, "Patient");
    if (!with && !id_in_reference(who, "Practitioner").empty()) with = actor;
  });
  facts.text("status", tree->text_of("status"));
  facts.time("start", tree->text_of("start"));
  facts.codes("type", tree, tree->find("appointmentType") ? "appointmentType" : "serviceType",
              any_system);
  facts.person("practitioner", with);
  return facts.done(patient, {});
}

Extract contact(std::string_view, const Node* tree, Facts facts) {
  facts.text("name", name_of(tree));
  facts.codes("relationship", tree, "relationship", any_system);
  facts.digits("phone", phone_of(tree));
  Extract out = facts.done(subject_of(tree, "patient"), {});
  out.gone = tree->text_of("active") == "false";
  return out;
}

Extract coverage(std::string_view, const Node* tree, Facts facts) {
  facts.text("status", tree->text_of("status"));
  facts.codes("type", tree, "type", any_system);
  const std::string_view payor = text_at(tree, {"payor", "display"});
  facts.text("payor", payor.empty() ? text_at(tree, {"payor", "reference"}) : payor);
  facts.text("member", tree->text_of("subscriberId"));
  return facts.done(subject_of(tree, "beneficiary"), {});
}

using Extractor = Extract (*)(std::string_view, const Node*, Facts);
struct Source {
  std::string_view type;
  Kind kind;
  Extractor extractor;
};
constexpr Source kSources[] = {
    {"Encounter", Kind::kVisit, visit},
    {"Patient", Kind::kPatient, patient},
    {"DocumentReference", Kind::kDocument, document},
    {"Procedure", Kind::kProcedure, procedure},
    {"Condition", Kind::kDiagnosis, diagnosis},
    {"ServiceRequest", Kind::kOrder, order},
    {"RelatedPerson", Kind::kContact, contact},
    {"Coverage", Kind::kCoverage, coverage},
    {"DiagnosticReport", Kind::kResult, result},
    {"Appointment", Kind::kAppointment, appointment},
};

}  // namespace

std::optional<Kind> kind_of_type(std::string_view resource_type) {
  for (const Source& source : kSources) {
    if (source.type == resource_type) return source.kind;
  }
  return std::nullopt;
}

std::optional<Extract> extract(std::string_view type, std::string_view id, const Node* tree,
                               const core::TimeZone& zone, fhir::Document& into) {
  for (const Source& source : kSources) {
    if (source.type == type) return source.extractor(id, tree, Facts(source.kind, zone, into));
  }
  return std::nullopt;
}

std::string_view id_in_reference(std::string_view reference, std::string_view type) {
  if (const std::size_t history = reference.find("/_history/"); history != reference.npos) {
    reference = reference.substr(0, history);
  }
  const std::size_t slash = reference.rfind('/');
  if (slash == reference.npos) return {};
  const std::string_view before = reference.substr(0, slash);
  if (!before.ends_with(type)) return {};
  if (before.size() > type.size() && before[before.size() - type.size() - 1] != '/') return {};
  return reference.substr(slash + 1);
}

std::optional<core::Instant> read_time(std::string_view text, const core::TimeZone& zone) {
  const bool whole_day = text.size() <= 10;
  std::string padded(text);
  if (text.size() == 4) padded += "-01-01";
  if (text.size() == 7) padded += "-01";
  auto instant = core::from_iso(padded);
  if (!instant) return std::nullopt;
  if (whole_day) {
    using namespace std::chrono;
    const year_month_day day{floor<days>(*instant)};
    *instant -= seconds{zone.offset_of_local(static_cast<int>(day.year()),
                                             static_cast<int>(static_cast<unsigned>(day.month())),
                                             static_cast<int>(static_cast<unsigned>(day.day())), 0,
                                             0, 0)};
  }
  return *instant;
}

}  // namespace him
