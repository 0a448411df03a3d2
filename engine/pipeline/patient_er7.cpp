#include "patient_er7.hpp"

#include <core/text.hpp>
#include <fmt/format.h>
#include <hl7/escape.hpp>

#include <algorithm>

namespace pipeline {
namespace {

using fhir::Node;

const Node* first(const Node* list) {
  return list != nullptr && list->is_array() ? list->item(0) : nullptr;
}

std::string digits(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c >= '0' && c <= '9') out += c;
  }
  return out;
}

}  // namespace

std::string PatientEr7::safe(std::string_view text) { return hl7::escape(text, hl7::Delimiters()); }

std::string PatientEr7::cx(const Node& identifier) const {
  const std::string_view system = identifier.text_of("system");
  std::string authority;
  const std::string own = config_.name_space + "/id/";
  constexpr std::string_view kOid = "urn:oid:";
  const auto known = std::find_if(config_.authorities.begin(), config_.authorities.end(),
                                  [&](const auto& one) { return one.second == system; });
  if (known != config_.authorities.end()) {
    authority = safe(known->first);
  } else if (system.starts_with(own)) {
    authority = safe(system.substr(own.size()));
  } else if (system.starts_with(kOid)) {
    authority = "&" + safe(system.substr(kOid.size())) + "&ISO";
  } else if (!system.empty()) {
    authority = "&" + safe(system) + "&URI";
  }
  const Node* type = identifier.find("type");
  const Node* coding = type ? first(type->find("coding")) : nullptr;
  return safe(identifier.text_of("value")) + "^^^" + authority + "^" +
         safe(coding ? coding->text_of("code") : "");
}

bool PatientEr7::is_number(const Node& identifier) {
  return identifier.text_of("system") != "http://hl7.org/fhir/sid/us-ssn";
}

std::string PatientEr7::numbers(const Node& resource) const {
  std::string out;
  const Node* list = resource.find("identifier");
  for (const fhir::Item* item = list ? list->first_item : nullptr; item; item = item->next) {
    const Node& one = *item->value;
    if (one.text_of("use") == "old" || one.text_of("value").empty()) continue;
    if (!is_number(one)) continue;
    out += (out.empty() ? "" : "~") + cx(one);
  }
  return out;
}

std::string PatientEr7::pid(const Node& patient) const {
  const Node* name = first(patient.find("name"));
  std::string person;
  if (name != nullptr) {
    const Node* given = name->find("given");
    person = safe(name->text_of("family"));
    for (std::size_t i = 0; given && i < std::min<std::size_t>(given->count, 2); ++i) {
      person += "^" + safe(given->item(i)->text);
    }
  }
  std::string home;
  if (const Node* address = first(patient.find("address"))) {
    const Node* line = first(address->find("line"));
    home = safe(line ? line->text : "") + "^^" + safe(address->text_of("city")) + "^" +
           safe(address->text_of("state")) + "^" + safe(address->text_of("postalCode"));
  }
  const std::string_view gender = patient.text_of("gender");
  const std::string_view sex = gender == "male" ? "M" : gender == "female" ? "F"
                             : gender == "other" ? "O" : gender.empty() ? "" : "U";
  const Node* phone = first(patient.find("telecom"));
  return fmt::format("PID|1||{}||{}||{}|{}|||{}||{}\r", numbers(patient), person,
                     digits(patient.text_of("birthDate")), sex, home,
                     safe(phone ? phone->text_of("value") : ""));
}

std::string PatientEr7::system_of(std::string_view name, std::string_view universal,
                                  std::string_view kind) const {
  for (const std::string_view one : {universal, name}) {
    if (const auto known = config_.authorities.find(one); known != config_.authorities.end()) {
      return known->second;
    }
  }
  if (!universal.empty() && kind == "ISO") return "urn:oid:" + std::string(universal);
  if (!universal.empty() && (kind == "UUID" || kind == "GUID")) {
    return "urn:uuid:" + std::string(universal);
  }
  if (!universal.empty() && kind == "URI") return std::string(universal);
  const std::string_view own = name.empty() ? universal : name;
  return own.empty() ? std::string() : config_.name_space + "/id/" + std::string(own);
}

}  // namespace pipeline
