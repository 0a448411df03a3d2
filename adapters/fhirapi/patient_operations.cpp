#include "patient_operations.hpp"

#include <core/text.hpp>
#include <fhir/json.hpp>
#include <fmt/format.h>
#include <identity/matcher.hpp>
#include <identity/patient.hpp>

#include <algorithm>

#include "answer.hpp"

namespace fhirapi {
namespace {

using core::ErrorCode;
using fhir::Document;
using fhir::Node;
using net::HttpRequest;
using net::HttpResponse;

constexpr std::string_view kMatchGrade = "http://hl7.org/fhir/StructureDefinition/match-grade";
constexpr std::size_t kMatchesDefault = 20;

struct Wanted {
  const Node* patient = nullptr;
  bool certain_only = false;
  std::size_t count = kMatchesDefault;
};

core::Result<Wanted> read_wanted(const Node& parameters) {
  if (parameters.text_of("resourceType") != "Parameters") {
    return core::fail(ErrorCode::kBadRequest, "a Parameters resource is wanted");
  }
  Wanted wanted;
  const Node* list = parameters.find("parameter");
  for (const fhir::Item* item = list ? list->first_item : nullptr; item; item = item->next) {
    const std::string_view name = item->value->text_of("name");
    if (name == "resource") {
      wanted.patient = item->value->find("resource");
    } else if (name == "onlyCertainMatches") {
      wanted.certain_only = item->value->text_of("valueBoolean") == "true";
    } else if (name == "count") {
      const auto count = core::to_int(item->value->text_of("valueInteger"));
      if (!count || *count < 1) {
        return core::fail(ErrorCode::kBadRequest, "count is a positive number");
      }
      wanted.count = static_cast<std::size_t>(std::min<std::int64_t>(*count, kPageMax));
    }
  }
  if (wanted.patient == nullptr || wanted.patient->text_of("resourceType") != "Patient") {
    return core::fail(ErrorCode::kBadRequest, "the parameter `resource` is a Patient");
  }
  return wanted;
}

core::Status add_entry(Document& d, Node* entries, store::Records& records,
                       const identity::Match& match, std::string_view base) {
  auto found = records.get("Patient", match.id);
  if (!found) return core::fail(found.error());
  if (!*found || (*found)->deleted) return {};
  auto tree = with_meta(**found, d);
  if (!tree) return core::fail(tree.error());
  Node* entry = d.object();
  d.add(entry, "fullUrl", d.string(std::string(base) + "/Patient/" + match.id));
  d.add(entry, "resource", *tree);
  Node* grade = d.object();
  d.add(grade, "url", d.string(kMatchGrade));
  d.add(grade, "valueCode", d.string(identity::to_text(match.grade)));
  Node* extensions = d.array();
  d.append(extensions, grade);
  Node* search = d.object();
  d.add(search, "extension", extensions);
  d.add(search, "mode", d.string("match"));
  d.add(search, "score", d.number(fmt::format("{:.4f}", match.score)));
  d.add(entry, "search", search);
  d.append(entries, entry);
  return {};
}

core::Result<bool> knows_domain(store::Records& records, const std::string& system) {
  store::SearchQuery query;
  query.type = "Patient";
  query.count = 1;
  query.clauses.push_back({"identifier", "", {system + "|"}});
  auto any = records.search(query);
  if (!any) return core::fail(any.error());
  return !any->empty();
}

void add_parameter(Document& d, Node* list, std::string_view name, std::string_view kind,
                   Node* value) {
  Node* parameter = d.object();
  d.add(parameter, "name", d.string(name));
  d.add(parameter, kind, value);
  d.append(list, parameter);
}

/// The numbers of one Patient that were asked for. @return whether there was one.
bool add_numbers(Document& d, Node* list, const Node& patient, const std::string& source,
                 const std::vector<std::string>& targets) {
  bool any = false;
  const Node* numbers = patient.find("identifier");
  for (const fhir::Item* item = numbers ? numbers->first_item : nullptr; item; item = item->next) {
    const std::string system(item->value->text_of("system"));
    const std::string value(item->value->text_of("value"));
    if (system.empty() || item->value->text_of("use") == "old") continue;
    if (system + "|" + value == source) continue;
    const bool asked =
        targets.empty() || std::find(targets.begin(), targets.end(), system) != targets.end();
    if (!asked) continue;
    Node* identifier = d.object();
    d.add(identifier, "system", d.string(system));
    d.add(identifier, "value", d.string(value));
    add_parameter(d, list, "targetIdentifier", "valueIdentifier", identifier);
    any = true;
  }
  return any;
}

}  // namespace

HttpResponse match_patients(const HttpRequest& request, const schema::R4& r4,
                            store::Records& records, identity::Matcher& matcher,
                            std::string_view base) {
  const Answer answer(request, r4);
  const std::string_view type = request.header("content-type");
  if (type.find("json") == std::string_view::npos) {
    return answer.failure(ErrorCode::kUnsupportedMediaType, "Parameters are posted as FHIR JSON");
  }
  Document asked;
  const auto parameters = fhir::parse_json(request.body, asked);
  if (!parameters || !(*parameters)->is_object()) {
    return answer.failure(ErrorCode::kBadRequest, "the body is no JSON object");
  }
  const auto wanted = read_wanted(**parameters);
  if (!wanted) return answer.failure(wanted.error());
  const identity::Person person = identity::person_of(*wanted->patient);
  const auto matches = matcher.find(person, wanted->certain_only ? kPageMax : wanted->count);
  if (!matches) return answer.failure(matches.error());

  Document document;
  Node* bundle = document.object();
  document.add(bundle, "resourceType", document.string("Bundle"));
  document.add(bundle, "type", document.string("searchset"));
  Node* entries = document.array();
  for (const identity::Match& match : *matches) {
    if (entries->count >= wanted->count) break;
    if (match.grade == identity::Grade::kCertainlyNot) continue;
    if (wanted->certain_only && match.grade != identity::Grade::kCertain) continue;
    if (const auto added = add_entry(document, entries, records, match, base); !added) {
      return answer.failure(added.error());
    }
  }
  document.add(bundle, "total", document.number(std::to_string(entries->count)));
  if (entries->count > 0) document.add(bundle, "entry", entries);
  return answer.resource(bundle);
}

HttpResponse cross_reference(const HttpRequest& request, const schema::R4& r4,
                             store::Records& records) {
  const Answer answer(request, r4);
  const std::string* source = request.query_value("sourceIdentifier");
  const std::size_t bar = source ? source->find('|') : std::string::npos;
  if (bar == std::string::npos || bar == 0 || bar + 1 == source->size()) {
    return answer.failure(ErrorCode::kBadRequest, "sourceIdentifier is system|value");
  }
  std::vector<std::string> targets;
  for (const auto& [name, value] : request.query) {
    if (name == "targetSystem") targets.push_back(value);
  }
  for (const std::string& target : targets) {
    const auto known = knows_domain(records, target);
    if (!known) return answer.failure(known.error());
    if (!*known) return answer.failure(ErrorCode::kRefusedByPolicy, "targetSystem not found");
  }
  const auto people =
      identity::persons_numbered(records, source->substr(0, bar), source->substr(bar + 1));
  if (!people) return answer.failure(people.error());
  if (people->empty()) {
    return answer.failure(ErrorCode::kNotFound, "sourceIdentifier Patient Identifier not found");
  }
  Document document;
  Node* parameters = document.object();
  document.add(parameters, "resourceType", document.string("Parameters"));
  Node* list = document.array();
  for (const std::string& id : *people) {
    const auto found = records.get("Patient", id);
    if (!found) return answer.failure(found.error());
    if (!*found || (*found)->deleted) continue;
    const auto tree = fhir::parse_json((*found)->body, document);
    if (!tree) return answer.failure(ErrorCode::kStoreCorrupt, "a Patient cannot be read");
    if (!add_numbers(document, list, **tree, *source, targets)) continue;
    Node* reference = document.object();
    document.add(reference, "reference", document.string("Patient/" + id));
    add_parameter(document, list, "targetId", "valueReference", reference);
  }
  if (list->count > 0) document.add(parameters, "parameter", list);
  return answer.resource(parameters);
}

}  // namespace fhirapi
