#include "r4_validate.hpp"

#include <charconv>
#include <initializer_list>
#include <optional>

// Invariants of severity error, by hand where a table cannot say them:
//   data types     att-1 cpt-2 qty-3 per-1 rng-2 rat-1 exp-1 tim-1 tim-2 tim-6 tim-7 tim-8 tim-10
//   resources      ait-1 ait-2 app-1 app-2 app-3 app-4 cmp-1 cmp-2 con-1 con-2 con-4 con-5 imm-1
//   lst-1 mad-1
//                  obs-3 obs-6 obs-7 org-1 org-2 org-3 pat-1 prr-1, inv-1 of Parameters
//   Bundle         in r4_bundle.cpp
namespace schema {

void check_bundle(const R4Check& check, const fhir::Node* bundle, const Place& at);

namespace {

using fhir::Item;
using fhir::Member;
using fhir::Node;

/// Whether the object has the element or its _ sibling. "value[x]" means any of a choice.
bool has(const Node* node, std::string_view element) {
  const bool choice = element.ends_with("[x]");
  if (choice) element.remove_suffix(3);
  for (const Member* member = node->first_member; member != nullptr; member = member->next) {
    std::string_view name = member->name;
    if (name.starts_with('_')) name.remove_prefix(1);
    if (!choice ? name == element
                : name.size() > element.size() && name.starts_with(element) &&
                      name[element.size()] >= 'A' && name[element.size()] <= 'Z') {
      return true;
    }
  }
  return false;
}

/// `first` asks for `second`.
struct Needs {
  std::string_view type, first, second;
};
constexpr Needs kNeeds[] = {
    {"Attachment", "data", "contentType"},     {"ContactPoint", "value", "system"},
    {"Quantity", "code", "system"},            {"Age", "code", "system"},
    {"Count", "code", "system"},               {"Distance", "code", "system"},
    {"Duration", "code", "system"},            {"Timing.repeat", "duration", "durationUnit"},
    {"Timing.repeat", "period", "periodUnit"}, {"Timing.repeat", "periodMax", "period"},
    {"Timing.repeat", "durationMax", "duration"}, {"Timing.repeat", "countMax", "count"},
    {"ServiceRequest", "orderDetail", "code"}, {"Appointment", "start", "end"},
    {"Appointment", "end", "start"},
};

struct Both {
  std::string_view type, first, second;
};
constexpr Both kNotBoth[] = {
    {"Observation", "dataAbsentReason", "value[x]"},
    {"List", "emptyReason", "entry"},
    {"Composition.section", "emptyReason", "entry"},
    {"Timing.repeat", "timeOfDay", "when"},
};

struct OneOf {
  std::string_view type;
  std::string_view names[4];
};
constexpr OneOf kOneOf[] = {
    {"Patient.contact", {"name", "telecom", "address", "organization"}},
    {"Observation.referenceRange", {"low", "high", "text"}},
    {"Organization", {"identifier", "name"}},
    {"Composition.section", {"text", "entry", "section"}},
    {"Condition.stage", {"summary", "assessment"}},
    {"Condition.evidence", {"code", "detail"}},
    {"Appointment.participant", {"type", "actor"}},
    {"Expression", {"expression", "reference"}},
    {"MedicationAdministration.dosage", {"dose", "rate[x]"}},
    {"Immunization.education", {"documentType", "reference"}},
};

void check_tables(const R4Check& check, std::string_view type, const Node* node, const Place& at) {
  for (const Needs& rule : kNeeds) {
    if (rule.type == type && has(node, rule.first) && !has(node, rule.second)) {
      check.fault(at, std::string(rule.first) + " without " + std::string(rule.second));
    }
  }
  for (const Both& rule : kNotBoth) {
    if (rule.type == type && has(node, rule.first) && has(node, rule.second)) {
      check.fault(at, std::string(rule.first) + " and " + std::string(rule.second) +
                          " exclude each other");
    }
  }
  for (const OneOf& rule : kOneOf) {
    if (rule.type != type) continue;
    bool found = false;
    std::string names;
    for (const std::string_view name : rule.names) {
      if (name.empty()) continue;
      found = found || has(node, name);
      names += (names.empty() ? "" : ", ") + std::string(name);
    }
    if (!found) check.fault(at, "needs one of " + names);
  }
}

bool has_coding(const Node* concept_node, std::string_view system,
                std::initializer_list<std::string_view> codes) {
  const Node* codings = concept_node == nullptr ? nullptr : concept_node->find("coding");
  const Item* item = codings == nullptr ? nullptr : codings->first_item;
  for (; item != nullptr; item = item->next) {
    if (item->value->text_of("system") != system) continue;
    for (const std::string_view code : codes) {
      if (item->value->text_of("code") == code) return true;
    }
  }
  return false;
}

int two_digits(std::string_view text, std::size_t at) {
  return (text[at] - '0') * 10 + (text[at + 1] - '0');
}

/// Seconds since some day of a complete dateTime (already found valid), nullopt for shorter ones.
std::optional<std::int64_t> seconds_of(std::string_view text) {
  if (text.size() < 20 || !valid_primitive("instant", text)) return std::nullopt;
  std::int64_t year = two_digits(text, 0) * 100 + two_digits(text, 2);
  std::int64_t month = two_digits(text, 5);
  if (month < 3) {
    month += 12;
    --year;
  }
  const std::int64_t days = year * 365 + year / 4 - year / 100 + year / 400 +
                            (month * 306 - 914) / 10 + two_digits(text, 8);
  std::int64_t seconds = days * 86400 + two_digits(text, 11) * 3600 + two_digits(text, 14) * 60 +
                         two_digits(text, 17);
  if (text.back() != 'Z') {
    const std::size_t zone = text.size() - 6;
    const int offset = two_digits(text, zone + 1) * 3600 + two_digits(text, zone + 4) * 60;
    seconds -= text[zone] == '-' ? -offset : offset;
  }
  return seconds;
}

/// Whether a date is surely after another, as far as both say.
bool is_after(std::string_view a, std::string_view b) {
  const auto seconds_a = seconds_of(a);
  const auto seconds_b = seconds_of(b);
  if (seconds_a && seconds_b) return *seconds_a > *seconds_b;
  std::size_t common = std::min({a.size(), b.size(), std::size_t{10}});
  // A date without a zone against one with: a day more or less proves nothing.
  if (common == 10 && (seconds_a || seconds_b)) common = 7;
  return a.substr(0, common) > b.substr(0, common);
}

std::optional<double> number_of(const Node* quantity) {
  const std::string_view text = quantity == nullptr ? "" : quantity->text_of("value");
  double value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || result.ec != std::errc()) return std::nullopt;
  return value;
}

void check_data_type(const R4Check& check, std::string_view type, const Node* node,
                     const Place& at) {
  if (type == "Period") {
    const std::string_view start = node->text_of("start");
    const std::string_view end = node->text_of("end");
    if (!start.empty() && !end.empty() && is_after(start, end)) {
      check.fault(at, "starts after its end");
    }
  } else if (type == "Range") {
    const Node* low = node->find("low");
    const Node* high = node->find("high");
    const auto a = number_of(low);
    const auto b = number_of(high);
    if (a && b && *a > *b && low->text_of("code") == high->text_of("code")) {
      check.fault(at, "low is above high");
    }
  } else if (type == "Ratio") {
    const bool numerator = has(node, "numerator");
    if (numerator != has(node, "denominator") || (!numerator && !has(node, "extension"))) {
      check.fault(at, "needs numerator and denominator");
    }
  }
}

constexpr std::string_view kTerminology = "http://terminology.hl7.org/CodeSystem/";

void check_status(const R4Check& check, std::string_view type, const Node* node, const Place& at) {
  const bool allergy = type == "AllergyIntolerance";
  const std::string base(kTerminology);
  const bool wrong =
      has_coding(node->find("verificationStatus"),
                 base + (allergy ? "allergyintolerance-verification" : "condition-ver-status"),
                 {"entered-in-error"});
  const bool clinical = has(node, "clinicalStatus");
  if (wrong && clinical) check.fault(at, "entered in error, so it has no clinicalStatus");
  if (allergy && !wrong && !clinical)
    check.fault(at, "clinicalStatus", "required element is missing");
  if (!allergy && has(node, "abatement[x]") &&
      !has_coding(node->find("clinicalStatus"), base + "condition-clinical",
                  {"resolved", "remission", "inactive"})) {
    check.fault(at, "abated, so clinicalStatus is resolved, remission or inactive");
  }
}

bool share_coding(const Node* a, const Node* b) {
  const Node* codings = a == nullptr ? nullptr : a->find("coding");
  const Item* item = codings == nullptr ? nullptr : codings->first_item;
  for (; item != nullptr; item = item->next) {
    const std::string_view code = item->value->text_of("code");
    if (!code.empty() && has_coding(b, item->value->text_of("system"), {code})) return true;
  }
  return false;
}

void check_observation(const R4Check& check, const Node* node, const Place& at) {
  const Node* components = node->find("component");
  if (components == nullptr || !has(node, "value[x]")) return;
  for (const Item* item = components->first_item; item != nullptr; item = item->next) {
    if (share_coding(item->value->find("code"), node->find("code"))) {
      check.fault(at, "component", "a component has the observation's code, which has a value");
    }
  }
}

void check_organization(const R4Check& check, const Node* node, const Place& at) {
  for (const char* name : {"telecom", "address"}) {
    const Node* list = node->find(name);
    const Item* item = list == nullptr ? nullptr : list->first_item;
    for (; item != nullptr; item = item->next) {
      if (item->value->text_of("use") == "home") {
        check.fault(at, name, "an organization has none of use home");
      }
    }
  }
}

void check_appointment(const R4Check& check, const Node* node, const Place& at) {
  const std::string_view status = node->text_of("status");
  if (!has(node, "start") && status != "proposed" && status != "cancelled" &&
      status != "waitlist") {
    check.fault(at, "start", "only a proposed, cancelled or wait-listed appointment has no time");
  }
  if (has(node, "cancelationReason") && status != "noshow" && status != "cancelled") {
    check.fault(at, "cancelationReason", "the appointment is not cancelled");
  }
}

void check_parameter(const R4Check& check, const Node* node, const Place& at) {
  const int count = (has(node, "part") ? 1 : 0) + (has(node, "value[x]") ? 1 : 0) +
                    (has(node, "resource") ? 1 : 0);
  if (count != 1) check.fault(at, "needs exactly one of value, resource, part");
}

}  // namespace

void check_invariants(const R4Check& check, std::string_view type, const fhir::Node* node,
                      const Place& at) {
  check_tables(check, type, node, at);
  check_data_type(check, type, node, at);
  if (type == "AllergyIntolerance" || type == "Condition") check_status(check, type, node, at);
  else if (type == "Observation") check_observation(check, node, at);
  else if (type == "Organization") check_organization(check, node, at);
  else if (type == "Appointment") check_appointment(check, node, at);
  else if (type == "Parameters.parameter") check_parameter(check, node, at);
  else if (type == "Bundle") check_bundle(check, node, at);
}

}  // namespace schema
