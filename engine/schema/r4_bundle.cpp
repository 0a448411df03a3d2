#include "r4_validate.hpp"

#include <unordered_set>

// bdl-1 to bdl-5, bdl-7 to bdl-12, and what a server asks of a transaction's request lines
// (http://hl7.org/fhir/R4/http.html#transaction).
namespace schema {
namespace {

using fhir::Item;
using fhir::Node;

struct BundleKind {
  bool asks, answers, searchset, history;
};

BundleKind kind_of(std::string_view type) {
  BundleKind kind{};
  kind.history = type == "history";
  kind.searchset = type == "searchset";
  kind.asks = kind.history || type == "batch" || type == "transaction";
  kind.answers = kind.history || type == "batch-response" || type == "transaction-response";
  return kind;
}

/// "PUT Patient/1" must carry a Patient with that id; "POST Patient" a Patient.
void check_request(const R4Check& check, const Node* entry, const Place& at) {
  const Node* request = entry->find("request");
  if (request == nullptr) return;
  const std::string_view method = request->text_of("method");
  const std::string_view url = request->text_of("url");
  const Node* resource = entry->find("resource");
  if (method != "PUT" && method != "POST") return;
  if (resource == nullptr) return check.fault(at, "resource", "the request needs one");
  const std::string_view path = url.substr(0, url.find('?'));
  const std::size_t slash = path.find('/');
  const std::string_view type = path.substr(0, slash);
  if (type.starts_with('$') || path.find('$') != std::string_view::npos) return;
  if (type != resource->text_of("resourceType")) {
    check.fault(at, "request", "its url names another type than the resource has");
  }
  if (method != "PUT" || slash == std::string_view::npos) {
    if (method == "PUT" && url.find('?') == std::string_view::npos) {
      check.fault(at, "request", "PUT without an id");
    }
    return;
  }
  if (path.substr(slash + 1) != resource->text_of("id")) {
    check.fault(at, "request", "its url names another id than the resource has");
  }
}

void check_entry(const R4Check& check, const Node* entry, const BundleKind& kind, const Place& at) {
  const bool resource = entry->find("resource") != nullptr;
  const bool request = entry->find("request") != nullptr;
  const bool response = entry->find("response") != nullptr;
  if (!resource && !request && !response) check.fault(at, "needs a resource, request or response");
  if (request != kind.asks) {
    check.fault(at, "request", kind.asks ? "required element is missing"
                                         : "only in a batch, transaction or history");
  }
  if (response != kind.answers) {
    check.fault(at, "response", kind.answers ? "required element is missing"
                                             : "only in a response or history");
  }
  if (entry->find("search") != nullptr && !kind.searchset) {
    check.fault(at, "search", "only in a searchset");
  }
  if (entry->text_of("fullUrl").find("/_history/") != std::string_view::npos) {
    check.fault(at, "fullUrl", "names a version");
  }
  if (!kind.history) check_request(check, entry, at);
}

}  // namespace

void check_bundle(const R4Check& check, const fhir::Node* bundle, const Place& at) {
  const std::string_view type = bundle->text_of("type");
  const BundleKind kind = kind_of(type);
  if (bundle->find("total") != nullptr && !kind.searchset && !kind.history) {
    check.fault(at, "total", "only in a searchset or history");
  }
  const Node* entries = bundle->find("entry");
  const Item* first = entries == nullptr ? nullptr : entries->first_item;
  std::unordered_set<std::string> urls;
  int index = 0;
  for (const Item* item = first; item != nullptr; item = item->next, ++index) {
    const Place place{&at, "entry", index};
    check_entry(check, item->value, kind, place);
    std::string url(item->value->text_of("fullUrl"));
    if (url.empty() || kind.history) continue;
    const Node* resource = item->value->find("resource");
    const Node* meta = resource == nullptr ? nullptr : resource->find("meta");
    if (meta != nullptr) url.append(1, ' ').append(meta->text_of("versionId"));
    if (!urls.insert(std::move(url)).second) check.fault(place, "fullUrl", "is not unique");
  }
  const Node* lead = first == nullptr ? nullptr : first->value->find("resource");
  const std::string_view lead_type = lead == nullptr ? "" : lead->text_of("resourceType");
  if (type == "message" && lead_type != "MessageHeader") {
    check.fault(at, "entry", "a message begins with its MessageHeader");
  }
  if (type == "document") {
    const Node* identifier = bundle->find("identifier");
    if (lead_type != "Composition")
      check.fault(at, "entry", "a document begins with its Composition");
    if (identifier == nullptr || identifier->text_of("system").empty() ||
        identifier->text_of("value").empty()) {
      check.fault(at, "identifier", "a document needs one with system and value");
    }
    if (bundle->find("timestamp") == nullptr) check.fault(at, "timestamp", "a document needs one");
  }
}

}  // namespace schema
