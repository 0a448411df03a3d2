#pragma once
#include <core/clock.hpp>
#include <fhir/node.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace him {

/// The kinds of chart facts that rules speak of. Stored by number: append only.
enum class Kind : std::uint8_t {
  kVisit, kPatient, kDocument, kProcedure, kDiagnosis, kOrder, kContact, kCoverage, kResult,
  kAppointment, kEvent
};
inline constexpr std::size_t kKindCount = 11;
/// A set of kinds.
using Kinds = std::uint32_t;
constexpr Kinds set_of(Kind kind) { return Kinds{1} << static_cast<unsigned>(kind); }
inline constexpr Kinds kAllKinds = (Kinds{1} << kKindCount) - 1;
std::string_view name_of(Kind kind);
std::optional<Kind> kind_named(std::string_view name);

/// What a field holds, so that a comparison that cannot work is refused when rules are loaded.
enum class Type : std::uint8_t { kText, kCodes, kTime, kDuration, kFlag, kInteger, kPerson };
std::string_view name_of(Type type);

/// One fact a rule may name: "document.completion". Derived ones are computed, not stored.
struct Field {
  std::string_view name;
  Type type = Type::kText;
  bool derived = false;
  std::string_view meaning;   ///< for the analysts' manual, checked against it by a test
};
inline constexpr std::size_t kFieldsMax = 32;
std::span<const Field> fields_of(Kind kind);
std::optional<std::size_t> field_named(Kind kind, std::string_view name);
/// Slot of a field known to exist; looked up at compile time.
consteval std::size_t slot(std::span<const Field> fields, std::string_view name) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].name == name) return i;
  }
  throw "no such field";
}

inline constexpr Field kVisitFields[] = {
    {"number", Type::kText, false, "visit number (PV1-19)"},
    {"class", Type::kCodes, false, "IMP, ACUTE, NONAC, OBSENC, EMER, AMB, PRENC (PV1-2)"},
    {"original_class", Type::kText, false, "patient class as sent (PV1-2)"},
    {"status", Type::kText, false, "planned, in-progress, finished, cancelled..."},
    {"start", Type::kTime, false, "T0: admission (PV1-44, else EVN-6, else EVN-2)"},
    {"end", Type::kTime, false, "TD: discharge (PV1-45, else EVN-6, else EVN-2 of the A03)"},
    {"attending", Type::kPerson, false, "attending physician (PV1-7)"},
    {"admitting", Type::kPerson, false, "admitting physician (PV1-17)"},
    {"referring", Type::kPerson, false, "referring physician (PV1-8)"},
    {"consulting", Type::kPerson, false, "first consultant (PV1-9)"},
    {"disposition", Type::kCodes, false, "discharge disposition (PV1-36, table 0112)"},
    {"admit_source", Type::kCodes, false, "admit source (PV1-14)"},
    {"admission_type", Type::kCodes, false,
     "admission type (PV1-4, table 0007: N newborn, L labour)"},
    {"service", Type::kCodes, false, "hospital service (PV1-10)"},
    {"location", Type::kText, false, "assigned location (PV1-3)"},
    {"event", Type::kText, false, "trigger event that last changed the status"},
    {"financial_class", Type::kCodes, false, "financial class (PV1-20, table 0064)"},
    {"stay", Type::kDuration, true, "end minus start; not valued when the end lies before it"},
    {"admitted", Type::kFlag, true, "has begun and was not cancelled"},
    {"discharged", Type::kFlag, true, "has ended and the discharge stands"},
    {"planned", Type::kFlag, true, "is expected and has not begun (A05)"},
    {"known", Type::kFlag, true, "somebody sent the visit itself"},
    {"suspended", Type::kFlag, true, "its attending or admitting physician is suspended now"},
    {"seen", Type::kTime, true, "when the store first heard of it"},
};

inline constexpr Field kPatientFields[] = {
    {"mrn", Type::kText, false, "medical record number (PID-3, type MR)"},
    {"family", Type::kText, false, "family name (PID-5.1)"},
    {"given", Type::kText, false, "first given name (PID-5.2)"},
    {"birth_date", Type::kText, false, "date of birth, YYYY-MM-DD (PID-7)"},
    {"sex", Type::kText, false, "male, female, other, unknown (PID-8)"},
    {"address", Type::kText, false, "street, else city (PID-11)"},
    {"phone", Type::kText, false, "first telephone, digits only (PID-13)"},
    {"ssn", Type::kText, false, "social security number, digits only (PID-19, PID-3 type SS)"},
    {"deceased", Type::kFlag, false, "known to be dead (PID-29, PID-30)"},
    {"deceased_time", Type::kTime, false, "time of death (PID-29)"},
    {"contact", Type::kText, false, "name of a contact written inside the Patient"},
    {"living_will", Type::kText, false, "living will code (PD1-7, table 0315)"},
    {"advance_directive", Type::kText, false, "advance directive code (PD1-15, table 0435)"},
    {"autopsy", Type::kText, false, "autopsy indicator (PDA-6): Y, N"},
    {"coroner", Type::kText, false, "coroner indicator (PDA-9): Y, N"},
    {"age", Type::kInteger, true, "whole years at the visit's start"},
    {"seen", Type::kTime, true, "when the store first heard of it"},
};

inline constexpr Field kDocumentFields[] = {
    {"type", Type::kCodes, false,
     "LOINC and table 0270 codes (TXA-2, OBX-3); others as system|code"},
    {"number", Type::kText, false, "unique document number (TXA-12)"},
    {"status", Type::kText, false, "current, superseded, entered-in-error"},
    {"doc_status", Type::kText, false, "preliminary, final, amended, entered-in-error"},
    {"completion", Type::kText, false, "DI DO IP IN PA AU LA (TXA-17)"},
    {"availability", Type::kText, false, "AV, CA, OB, UN (TXA-19)"},
    {"activity", Type::kTime, false, "when the procedure or examination took place (TXA-4)"},
    {"origination", Type::kTime, false, "when it was dictated or written (TXA-6)"},
    {"transcription", Type::kTime, false, "when it was transcribed (TXA-7)"},
    {"edit", Type::kTime, false, "when it was last edited (TXA-8)"},
    {"authentication", Type::kTime, false,
     "when it was signed (TXA-22.15), the earliest of several"},
    {"date", Type::kTime, false, "the resource's own date"},
    {"author", Type::kPerson, false, "originator (TXA-9)"},
    {"assigned", Type::kPerson, false, "assigned authenticator (TXA-10)"},
    {"authenticator", Type::kPerson, false, "who signed (TXA-22); several, see below"},
    {"undated", Type::kPerson, false, "who signed without a time (TXA-22.15)"},
    {"transcriptionist", Type::kPerson, false, "who transcribed (TXA-11)"},
    {"appends", Type::kText, false, "document it is an addendum to"},
    {"author_role", Type::kText, false, "degree or role of the originator (TXA-9.7)"},
    {"dictated_by", Type::kPerson, false, "primary activity provider, who dictated (TXA-5)"},
    {"sections", Type::kCodes, false,
     "what an operative report speaks of: diagnosis, findings, technique, specimen, surgeon; text"},
    {"signed", Type::kFlag, true, "completion AU or LA; without TXA-17, final or amended"},
    {"legal", Type::kFlag, true, "completion LA"},
    {"transcribed", Type::kFlag, true, "beyond dictation: any completion but blank and DI"},
    {"cancelled", Type::kFlag, true, "T11 or availability CA"},
    {"replaced", Type::kFlag, true, "T09, T10: another document took its place"},
    {"contradicts", Type::kFlag, true, "its own times cannot be: signed before it was dictated"},
    {"counts", Type::kFlag, true, "neither cancelled nor replaced"},
    {"time", Type::kTime, true, "origination, else transcription, date, activity, else seen"},
    {"seen", Type::kTime, true, "when the store first heard of it"},
};

inline constexpr Field kProcedureFields[] = {
    {"code", Type::kCodes, false, "procedure code (PR1-3)"},
    {"time", Type::kTime, false, "procedure time (PR1-5)"},
    {"functional_type", Type::kText, false, "A, P, I, D (PR1-6, table 0230)"},
    {"category", Type::kCodes, false, "category codes of the resource"},
    {"status", Type::kText, false, "completed, in-progress, not-done, entered-in-error"},
    {"surgeon", Type::kPerson, false, "surgeon (PR1-11, else ROL or PRT)"},
    {"anaesthetist", Type::kPerson, false, "anaesthetist (PR1-8)"},
    {"location", Type::kText, false, "where it was done"},
    {"anaesthesia", Type::kText, false, "anaesthesia code (PR1-9, table 0019)"},
    {"end", Type::kTime, false, "when it ended"},
    {"counts", Type::kFlag, true, "was done and is not entered in error"},
    {"seen", Type::kTime, true, "when the store first heard of it"},
};

inline constexpr Field kDiagnosisFields[] = {
    {"code", Type::kCodes, false, "diagnosis code (DG1-3)"},
    {"type", Type::kText, false, "A admitting, W working, F final (DG1-6)"},
    {"priority", Type::kInteger, false, "1 is principal (DG1-15)"},
    {"status", Type::kText, false, "verification status"},
    {"recorded", Type::kTime, false, "when it was recorded (DG1-5, DG1-19)"},
    {"asserter", Type::kPerson, false, "who made it (DG1-16)"},
    {"poa", Type::kText, false, "present on admission (DG1-26): Y, N, U, W, 1"},
    {"well_formed", Type::kFlag, true, "its code has the shape of ICD-10 or ICD-9"},
    {"counts", Type::kFlag, true, "not deleted, refuted or entered in error"},
    {"seen", Type::kTime, true, "when the store first heard of it"},
};

inline constexpr Field kOrderFields[] = {
    {"code", Type::kCodes, false, "what is ordered (OBR-4)"},
    {"category", Type::kCodes, false, "category codes of the resource"},
    {"status", Type::kText, false, "active, completed, revoked, entered-in-error..."},
    {"authored", Type::kTime, false, "when it was ordered (ORC-9)"},
    {"requester", Type::kPerson, false, "who ordered (ORC-12)"},
    {"performer", Type::kPerson, false, "who is to do it"},
    {"mode", Type::kText, false, "how it was given (ORC-30, table 0483): PH telephone, VC voice"},
    {"verified", Type::kPerson, false, "who verified it (ORC-11)"},
    {"counts", Type::kFlag, true, "neither revoked nor entered in error"},
    {"seen", Type::kTime, true, "when the store first heard of it"},
};

inline constexpr Field kContactFields[] = {
    {"name", Type::kText, false, "name of the contact (NK1-2)"},
    {"relationship", Type::kCodes, false, "relationship codes (NK1-3)"},
    {"phone", Type::kText, false, "telephone, digits only (NK1-5)"},
    {"seen", Type::kTime, true, "when the store first heard of it"},
};

inline constexpr Field kCoverageFields[] = {
    {"status", Type::kText, false, "active, cancelled, draft, entered-in-error"},
    {"type", Type::kCodes, false, "plan type (IN1-47)"},
    {"payor", Type::kText, false, "insurer (IN1-3, IN1-4)"},
    {"member", Type::kText, false, "policy or subscriber number (IN1-36)"},
    {"counts", Type::kFlag, true, "neither cancelled nor entered in error"},
    {"seen", Type::kTime, true, "when the store first heard of it"},
};

inline constexpr Field kResultFields[] = {
    {"code", Type::kCodes, false, "what was examined (OBR-4)"},
    {"category", Type::kCodes, false, "diagnostic service section (OBR-24, table 0074)"},
    {"status", Type::kText, false, "registered, partial, preliminary, final, amended (OBR-25)"},
    {"time", Type::kTime, false, "when the specimen was taken (OBR-7)"},
    {"issued", Type::kTime, false, "when it was reported (OBR-22)"},
    {"interpreter", Type::kPerson, false, "principal interpreter (OBR-32)"},
    {"specimen", Type::kText, false, "its specimen, when it names one"},
    {"final", Type::kFlag, true, "final, or changed since"},
    {"counts", Type::kFlag, true, "neither cancelled nor entered in error"},
    {"seen", Type::kTime, true, "when the store first heard of it"},
};

inline constexpr Field kAppointmentFields[] = {
    {"status", Type::kText, false, "proposed, booked, arrived, cancelled, noshow..."},
    {"start", Type::kTime, false, "when it begins (SCH-11, AIS-4)"},
    {"type", Type::kCodes, false, "appointment type and service (SCH-8, AIS-3)"},
    {"practitioner", Type::kPerson, false, "whom it is with (AIP-3)"},
    {"suspended", Type::kFlag, true, "that practitioner is suspended now"},
    {"counts", Type::kFlag, true, "neither cancelled nor entered in error"},
    {"seen", Type::kTime, true, "when the store first heard of it"},
};

inline constexpr Field kEventFields[] = {
    {"code", Type::kText, false, "trigger event (A02, P12), or overlay, late-data"},
    {"time", Type::kTime, false, "when it happened (EVN-2)"},
    {"what", Type::kText, false, "what it changed, in words"},
    {"prior", Type::kText, false, "what stood there before"},
    {"counts", Type::kFlag, true, "always"},
    {"seen", Type::kTime, true, "when the store first heard of it"},
};

/// One fact of a chart, with its stored values as views into the document it was read with.
struct Fact {
  Kind kind = Kind::kVisit;
  std::string id;
  core::Instant seen{};
  bool replaced = false;                                ///< documents only
  bool historical = false;                              ///< known from a historical feed alone
  std::array<const fhir::Node*, kFieldsMax> stored{};   ///< by slot; nullptr = not valued
  /// Of the stored times and integers, read once: rules ask for them again and again. Only those in
  /// `numeric` (bits by slot) are set.
  std::array<std::int64_t, kFieldsMax> numbers{};
  std::uint32_t numeric = 0;
};
static_assert(kFieldsMax <= 32);

/// What one evaluation looks at: a visit with everything on it, or (no visit) a patient's documents
/// that belong to no visit. The facts' values live in `memory`.
struct Chart {
  std::string encounter, patient;
  bool has_visit = false;
  /// Of the last judgement: when to judge the visit again, and under which pack and terms that was.
  std::optional<core::Instant> wake;
  std::int64_t judged_under = 0;
  /// Ids and references of physicians who are suspended now; nullptr: nobody.
  const std::set<std::string, std::less<>>* suspended = nullptr;
  Fact visit, patient_fact;
  std::array<std::vector<Fact>, kKindCount> facts;   ///< by kind; visit and patient not repeated
  fhir::Document memory;

  const std::vector<Fact>& of(Kind kind) const { return facts[static_cast<std::size_t>(kind)]; }
};

/// Value of a time or integer field, stored or derived.
std::optional<std::int64_t> number_of(const Chart& chart, const Fact& fact, std::size_t slot);
bool flag_of(const Chart& chart, const Fact& fact, std::size_t slot);
bool is_valued(const Chart& chart, const Fact& fact, std::size_t slot);
/// Whether `test` holds for any text of a text or codes field, or for the id of a person.
template <class Test>
bool any_text(const Fact& fact, std::size_t slot, const Test& test) {
  const fhir::Node* node = fact.stored[slot];
  if (!node) return false;
  if (node->is_object()) return test(node->text_of("id"));
  if (!node->is_array()) return test(node->text);
  for (const fhir::Item* item = node->first_item; item; item = item->next) {
    if (test(item->value->text)) return true;
  }
  return false;
}
/// A cancelled, replaced, not-done... fact never meets a requirement nor fires a rule.
bool counts(const Fact& fact);

/// Who a person field names; of several, the first. The texts live in the chart's memory.
struct Person {
  std::string_view reference, id, name;
};
std::optional<Person> person_of(const Fact& fact, std::size_t slot);
/// Who of those the appointment, or else the visit, names is suspended now; in words.
std::string suspended_names(const Chart& chart, const Fact* subject);

/// Points the fact's slots at the members of `object`; a name no longer known is passed over.
void bind(Fact& fact, const fhir::Node* object);

}  // namespace him
