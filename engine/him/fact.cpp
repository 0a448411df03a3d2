#include "fact.hpp"

#include <core/micros.hpp>
#include <core/text.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace him {
namespace {

using core::micros;

constexpr std::string_view kKindNames[] = {"visit",     "patient", "document", "procedure",
                                           "diagnosis", "order",   "contact",  "coverage",
                                           "result",    "appointment", "event"};
constexpr std::string_view kTypeNames[] = {"a text", "a code",    "a time",  "a duration",
                                           "a flag", "a number", "a person"};

std::string_view leaf(const Fact& fact, std::size_t slot) {
  const fhir::Node* node = fact.stored[slot];
  return node && node->is_leaf() ? node->text : std::string_view();
}

/// Of a time or an integer that is stored.
std::optional<std::int64_t> stored_number(const Fact& fact, std::size_t slot) {
  if ((fact.numeric >> slot & 1u) == 0) return std::nullopt;
  return fact.numbers[slot];
}

bool is_suspended(const Chart& chart, const Fact& fact, std::size_t who) {
  if (!chart.suspended || chart.suspended->empty()) return false;
  const auto person = person_of(fact, who);
  return person && (chart.suspended->contains(person->id) ||
                    chart.suspended->contains(person->reference));
}

bool visit_flag(const Chart& chart, const Fact& visit, std::size_t which) {
  if (which == slot(kVisitFields, "planned")) {
    return leaf(visit, slot(kVisitFields, "status")) == "planned";
  }
  if (which == slot(kVisitFields, "known")) {
    // Documents, orders and results name a visit without saying how it stands (PV1).
    const std::string_view status = leaf(visit, slot(kVisitFields, "status"));
    return chart.has_visit &&
           (status != "unknown" || visit.stored[slot(kVisitFields, "event")] != nullptr);
  }
  return is_suspended(chart, visit, slot(kVisitFields, "attending")) ||
         is_suspended(chart, visit, slot(kVisitFields, "admitting"));
}

bool visit_stands(const Fact& visit, std::size_t which) {
  static constexpr std::size_t kStatus = slot(kVisitFields, "status");
  static constexpr std::size_t kStart = slot(kVisitFields, "start");
  static constexpr std::size_t kEnd = slot(kVisitFields, "end");
  const std::string_view status = leaf(visit, kStatus);
  if (status == "planned" || status == "cancelled" || status == "entered-in-error") return false;
  if (which == slot(kVisitFields, "admitted")) return visit.stored[kStart] != nullptr;
  return status == "finished" || (status == "unknown" && visit.stored[kEnd] != nullptr);
}

std::optional<std::int64_t> visit_stay(const Fact& visit) {
  const auto start = stored_number(visit, slot(kVisitFields, "start"));
  const auto end = stored_number(visit, slot(kVisitFields, "end"));
  // A discharge before the admission is a contradiction, not a short stay.
  if (!start || !end || *end < *start) return std::nullopt;
  return *end - *start;
}

bool document_signed(const Fact& document) {
  const std::string_view completion = leaf(document, slot(kDocumentFields, "completion"));
  if (!completion.empty()) return completion == "AU" || completion == "LA";
  // Written through FHIR: "complete and verified by an appropriate person".
  const std::string_view status = leaf(document, slot(kDocumentFields, "doc_status"));
  return status == "final" || status == "amended";
}

bool document_cancelled(const Fact& document) {
  return leaf(document, slot(kDocumentFields, "status")) == "entered-in-error" ||
         leaf(document, slot(kDocumentFields, "doc_status")) == "entered-in-error" ||
         leaf(document, slot(kDocumentFields, "availability")) == "CA";
}

bool document_replaced(const Fact& document) {
  return document.replaced || leaf(document, slot(kDocumentFields, "status")) == "superseded";
}

/// Signed before it was dictated or typed: one of the times must be wrong.
bool document_contradicts(const Fact& document) {
  const auto signed_at = stored_number(document, slot(kDocumentFields, "authentication"));
  const auto typed = stored_number(document, slot(kDocumentFields, "transcription"));
  const auto begun = stored_number(document, slot(kDocumentFields, "origination"));
  if (signed_at && begun && *signed_at < *begun) return true;
  return (signed_at && typed && *signed_at < *typed) || (typed && begun && *typed < *begun);
}

bool document_flag(const Fact& document, std::size_t which) {
  if (which == slot(kDocumentFields, "contradicts")) return document_contradicts(document);
  if (which == slot(kDocumentFields, "signed")) return document_signed(document);
  if (which == slot(kDocumentFields, "cancelled")) return document_cancelled(document);
  if (which == slot(kDocumentFields, "replaced")) return document_replaced(document);
  if (which == slot(kDocumentFields, "counts")) return counts(document);
  const std::string_view completion = leaf(document, slot(kDocumentFields, "completion"));
  if (which == slot(kDocumentFields, "legal")) return completion == "LA";
  return document_signed(document) || (!completion.empty() && completion != "DI");
}

bool result_is_final(const Fact& result) {
  const std::string_view status = leaf(result, slot(kResultFields, "status"));
  return status == "final" || status == "amended" || status == "corrected" || status == "appended";
}

bool all_of(std::string_view text, bool (*good)(char)) {
  return std::all_of(text.begin(), text.end(), good);
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alnum(char c) { return is_digit(c) || (c >= 'A' && c <= 'Z'); }

/// ICD-10-CM (A00, A00.0 to A00.0000), ICD-9-CM (001.00, V30.00), also without their point.
bool is_icd(std::string_view code) {
  std::string bare;
  for (std::size_t i = 0; i < code.size(); ++i) {
    const char c = code[i] >= 'a' && code[i] <= 'z' ? static_cast<char>(code[i] - 32) : code[i];
    if (c == '.' && (i == 3 || i == 4)) continue;
    bare += c;
  }
  if (bare.size() < 3 || bare.size() > 7 || !all_of(bare, is_alnum)) return false;
  if (is_digit(bare[0])) return bare.size() <= 5 && all_of(bare, is_digit);
  return is_digit(bare[1]);
}

/// An entry of several codes (a local one beside) is good when one of them is.
bool well_formed(const Fact& diagnosis) {
  return any_text(diagnosis, slot(kDiagnosisFields, "code"),
                  [](std::string_view code) { return is_icd(code); });
}

std::int64_t document_time(const Fact& document) {
  for (const std::size_t which :
       {slot(kDocumentFields, "origination"), slot(kDocumentFields, "transcription"),
        slot(kDocumentFields, "date"), slot(kDocumentFields, "activity")}) {
    if (const auto value = stored_number(document, which)) return *value;
  }
  return micros(document.seen);
}

std::optional<std::int64_t> age_at(const Chart& chart) {
  using namespace std::chrono;
  const auto born = core::from_iso(leaf(chart.patient_fact, slot(kPatientFields, "birth_date")));
  const auto start = stored_number(chart.visit, slot(kVisitFields, "start"));
  if (!born || !start) return std::nullopt;
  const year_month_day birth{floor<days>(*born)};
  const year_month_day day{floor<days>(core::Instant{microseconds{*start}})};
  int years = static_cast<int>(day.year()) - static_cast<int>(birth.year());
  if (day.month() < birth.month() || (day.month() == birth.month() && day.day() < birth.day())) {
    --years;
  }
  return years;
}

constexpr std::span<const Field> fields(Kind kind) {
  switch (kind) {
    case Kind::kVisit: return kVisitFields;
    case Kind::kPatient: return kPatientFields;
    case Kind::kDocument: return kDocumentFields;
    case Kind::kProcedure: return kProcedureFields;
    case Kind::kDiagnosis: return kDiagnosisFields;
    case Kind::kOrder: return kOrderFields;
    case Kind::kContact: return kContactFields;
    case Kind::kCoverage: return kCoverageFields;
    case Kind::kResult: return kResultFields;
    case Kind::kAppointment: return kAppointmentFields;
    case Kind::kEvent: return kEventFields;
  }
  return {};
}

/// Where a field's number comes from, or how a derived flag is come by.
enum class Source : std::uint8_t {
  kText, kNumber, kSeen, kStay, kAge, kTime, kSuspended, kWellFormed, kFinal, kOther
};

constexpr Source source_of(const Field& field) {
  if (!field.derived) {
    return field.type == Type::kTime || field.type == Type::kInteger ? Source::kNumber
                                                                     : Source::kText;
  }
  constexpr std::pair<std::string_view, Source> kNames[] = {
      {"seen", Source::kSeen},   {"stay", Source::kStay},
      {"age", Source::kAge},     {"time", Source::kTime},
      {"final", Source::kFinal}, {"suspended", Source::kSuspended},
      {"well_formed", Source::kWellFormed}};
  for (const auto& [name, source] : kNames) {
    if (field.name == name) return source;
  }
  return Source::kOther;
}

constexpr auto kSources = [] {
  std::array<std::array<Source, kFieldsMax>, kKindCount> all{};
  for (std::size_t kind = 0; kind < kKindCount; ++kind) {
    const auto known = fields(static_cast<Kind>(kind));
    for (std::size_t i = 0; i < known.size(); ++i) all[kind][i] = source_of(known[i]);
  }
  return all;
}();

Source source_of(const Fact& fact, std::size_t which) {
  return kSources[static_cast<std::size_t>(fact.kind)][which];
}

}  // namespace

std::string_view name_of(Kind kind) { return kKindNames[static_cast<std::size_t>(kind)]; }
std::string_view name_of(Type type) { return kTypeNames[static_cast<std::size_t>(type)]; }

std::optional<Kind> kind_named(std::string_view name) {
  for (std::size_t i = 0; i < kKindCount; ++i) {
    if (kKindNames[i] == name) return static_cast<Kind>(i);
  }
  return std::nullopt;
}

std::span<const Field> fields_of(Kind kind) { return fields(kind); }

static_assert(std::size(kVisitFields) <= kFieldsMax && std::size(kPatientFields) <= kFieldsMax &&
              std::size(kDocumentFields) <= kFieldsMax &&
              std::size(kResultFields) <= kFieldsMax);

std::optional<std::size_t> field_named(Kind kind, std::string_view name) {
  const auto fields = fields_of(kind);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].name == name) return i;
  }
  return std::nullopt;
}

std::optional<std::int64_t> number_of(const Chart& chart, const Fact& fact, std::size_t slot) {
  switch (source_of(fact, slot)) {
    case Source::kText: return core::to_int(leaf(fact, slot));
    case Source::kNumber: return stored_number(fact, slot);
    case Source::kSeen: return micros(fact.seen);
    case Source::kStay: return visit_stay(fact);
    case Source::kAge: return age_at(chart);
    case Source::kTime: return document_time(fact);
    default: return std::nullopt;
  }
}

bool flag_of(const Chart& chart, const Fact& fact, std::size_t slot) {
  const Source source = source_of(fact, slot);
  if (source <= Source::kNumber) return leaf(fact, slot) == "true";
  if (fact.kind == Kind::kVisit) {
    const bool stands = slot == him::slot(kVisitFields, "admitted") ||
                        slot == him::slot(kVisitFields, "discharged");
    return stands ? visit_stands(fact, slot) : visit_flag(chart, fact, slot);
  }
  if (fact.kind == Kind::kDocument) return document_flag(fact, slot);
  if (source == Source::kSuspended) {
    return is_suspended(chart, fact, him::slot(kAppointmentFields, "practitioner"));
  }
  if (source == Source::kWellFormed) return well_formed(fact);
  if (source == Source::kFinal) return result_is_final(fact);
  return counts(fact);
}

bool is_valued(const Chart& chart, const Fact& fact, std::size_t slot) {
  const Field& field = fields_of(fact.kind)[slot];
  if (!field.derived) return fact.stored[slot] != nullptr;
  return field.type == Type::kFlag || number_of(chart, fact, slot).has_value();
}

bool counts(const Fact& fact) {
  const auto status_is = [&fact](std::size_t slot, auto... refused) {
    const std::string_view status = leaf(fact, slot);
    return ((status == refused) || ...);
  };
  switch (fact.kind) {
    case Kind::kDocument: return !document_cancelled(fact) && !document_replaced(fact);
    case Kind::kProcedure:
      return !status_is(slot(kProcedureFields, "status"), "not-done", "entered-in-error",
                        "preparation");
    case Kind::kDiagnosis:
      return !status_is(slot(kDiagnosisFields, "status"), "refuted", "entered-in-error");
    case Kind::kOrder:
      return !status_is(slot(kOrderFields, "status"), "revoked", "entered-in-error");
    case Kind::kCoverage:
      return !status_is(slot(kCoverageFields, "status"), "cancelled", "entered-in-error");
    case Kind::kResult:
      return !status_is(slot(kResultFields, "status"), "cancelled", "entered-in-error");
    case Kind::kAppointment:
      return !status_is(slot(kAppointmentFields, "status"), "cancelled", "entered-in-error",
                        "noshow");
    case Kind::kVisit: return visit_stands(fact, slot(kVisitFields, "admitted"));
    case Kind::kEvent:
    case Kind::kPatient:
    case Kind::kContact: return true;
  }
  return true;
}

std::string suspended_names(const Chart& chart, const Fact* subject) {
  std::vector<std::string_view> names;
  const auto add = [&](const Fact& fact, std::size_t who) {
    if (!is_suspended(chart, fact, who)) return;
    const auto person = person_of(fact, who);
    const std::string_view name = !person->name.empty() ? person->name
                                  : !person->id.empty() ? person->id
                                                        : person->reference;
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  if (subject && subject->kind == Kind::kAppointment) {
    add(*subject, slot(kAppointmentFields, "practitioner"));
  } else {
    add(chart.visit, slot(kVisitFields, "attending"));
    add(chart.visit, slot(kVisitFields, "admitting"));
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

std::optional<Person> person_of(const Fact& fact, std::size_t slot) {
  const fhir::Node* node = fact.stored[slot];
  if (node) node = node->item(0);
  if (!node || !node->is_object()) return std::nullopt;
  return Person{node->text_of("reference"), node->text_of("id"), node->text_of("name")};
}

namespace {

/// Nearly all are times of sixteen digits.
std::optional<std::int64_t> number_in(std::string_view text) {
  constexpr std::size_t kSurelyFits = 18;
  if (text.empty() || text.size() > kSurelyFits) return core::to_int(text);
  std::int64_t number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return core::to_int(text);
    number = number * 10 + (c - '0');
  }
  return number;
}

void read_number(Fact& fact, std::size_t slot) {
  const auto number = number_in(leaf(fact, slot));
  if (!number) return;
  fact.numbers[slot] = *number;
  fact.numeric |= std::uint32_t{1} << slot;
}

}  // namespace

void bind(Fact& fact, const fhir::Node* object) {
  const auto fields = fields_of(fact.kind);
  std::size_t expected = 0;
  for (const fhir::Member* member = object->first_member; member; member = member->next) {
    // Members are written in the fields' order, so the search rarely looks further than one on.
    for (std::size_t tried = 0; tried < fields.size(); ++tried) {
      const std::size_t at = (expected + tried) % fields.size();
      if (fields[at].name != member->name || fields[at].derived) continue;
      fact.stored[at] = member->value;
      if (source_of(fact, at) == Source::kNumber) read_number(fact, at);
      expected = at + 1;
      break;
    }
  }
}

}  // namespace him
