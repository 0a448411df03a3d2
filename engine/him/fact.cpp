#include "fact.hpp"

#include <charconv>

namespace him {
namespace {

constexpr std::string_view kKindNames[] = {"visit",     "patient", "document", "procedure",
                                           "diagnosis", "order",   "contact",  "coverage"};
constexpr std::string_view kTypeNames[] = {"a text", "a code",    "a time",  "a duration",
                                           "a flag", "a number", "a person"};

std::string_view leaf(const Fact& fact, std::size_t slot) {
  const fhir::Node* node = fact.stored[slot];
  return node && node->is_leaf() ? node->text : std::string_view();
}

std::optional<std::int64_t> stored_number(const Fact& fact, std::size_t slot) {
  const std::string_view text = leaf(fact, slot);
  std::int64_t value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::int64_t micros(core::Instant at) { return at.time_since_epoch().count(); }

bool visit_flag(const Fact& visit, std::size_t which) {
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
  if (!start || !end) return std::nullopt;
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

bool document_flag(const Fact& document, std::size_t which) {
  if (which == slot(kDocumentFields, "signed")) return document_signed(document);
  if (which == slot(kDocumentFields, "cancelled")) return document_cancelled(document);
  if (which == slot(kDocumentFields, "replaced")) return document_replaced(document);
  if (which == slot(kDocumentFields, "counts")) return counts(document);
  const std::string_view completion = leaf(document, slot(kDocumentFields, "completion"));
  if (which == slot(kDocumentFields, "legal")) return completion == "LA";
  return document_signed(document) || (!completion.empty() && completion != "DI");
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

std::optional<std::int64_t> derived_number(const Chart& chart, const Fact& fact,
                                           std::string_view name) {
  if (name == "seen") return micros(fact.seen);
  if (name == "stay") return visit_stay(fact);
  if (name == "age") return age_at(chart);
  if (name == "time") return document_time(fact);
  return std::nullopt;
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

std::span<const Field> fields_of(Kind kind) {
  switch (kind) {
    case Kind::kVisit: return kVisitFields;
    case Kind::kPatient: return kPatientFields;
    case Kind::kDocument: return kDocumentFields;
    case Kind::kProcedure: return kProcedureFields;
    case Kind::kDiagnosis: return kDiagnosisFields;
    case Kind::kOrder: return kOrderFields;
    case Kind::kContact: return kContactFields;
    case Kind::kCoverage: return kCoverageFields;
  }
  return {};
}

static_assert(std::size(kVisitFields) <= kFieldsMax && std::size(kPatientFields) <= kFieldsMax &&
              std::size(kDocumentFields) <= kFieldsMax);

std::optional<std::size_t> field_named(Kind kind, std::string_view name) {
  const auto fields = fields_of(kind);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].name == name) return i;
  }
  return std::nullopt;
}

std::optional<std::int64_t> number_of(const Chart& chart, const Fact& fact, std::size_t slot) {
  const Field& field = fields_of(fact.kind)[slot];
  return field.derived ? derived_number(chart, fact, field.name) : stored_number(fact, slot);
}

bool flag_of(const Chart&, const Fact& fact, std::size_t slot) {
  const Field& field = fields_of(fact.kind)[slot];
  if (!field.derived) return leaf(fact, slot) == "true";
  if (fact.kind == Kind::kVisit) return visit_flag(fact, slot);
  if (fact.kind == Kind::kDocument) return document_flag(fact, slot);
  return counts(fact);
}

bool is_valued(const Chart& chart, const Fact& fact, std::size_t slot) {
  const Field& field = fields_of(fact.kind)[slot];
  if (!field.derived) return fact.stored[slot] != nullptr;
  return field.type == Type::kFlag || derived_number(chart, fact, field.name).has_value();
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
    case Kind::kVisit: return visit_flag(fact, slot(kVisitFields, "admitted"));
    case Kind::kPatient:
    case Kind::kContact: return true;
  }
  return true;
}

std::optional<Person> person_of(const Fact& fact, std::size_t slot) {
  const fhir::Node* node = fact.stored[slot];
  if (!node || !node->is_object()) return std::nullopt;
  return Person{node->text_of("reference"), node->text_of("id"), node->text_of("name")};
}

void bind(Fact& fact, const fhir::Node* object) {
  const auto fields = fields_of(fact.kind);
  std::size_t expected = 0;
  for (const fhir::Member* member = object->first_member; member; member = member->next) {
    // Members are written in the fields' order, so the search rarely looks further than one on.
    for (std::size_t tried = 0; tried < fields.size(); ++tried) {
      const std::size_t at = (expected + tried) % fields.size();
      if (fields[at].name != member->name || fields[at].derived) continue;
      fact.stored[at] = member->value;
      expected = at + 1;
      break;
    }
  }
}

}  // namespace him
