#include <algorithm>
#include <core/text.hpp>
#include <fhir/bundle.hpp>
#include <fhir/json.hpp>
#include <fhir/outcome.hpp>
#include <fhir/reference.hpp>
#include <fhirapi/api.hpp>

#include "answer.hpp"
#include "capability.hpp"
#include "patient_operations.hpp"
#include "search.hpp"

namespace fhirapi {

namespace {

using core::ErrorCode;
using net::HttpRequest;
using net::HttpResponse;

void add_text(fhir::Document& d, fhir::Node* object, std::string_view name, std::string_view text) {
  d.add(object, name, d.string(text));
}

fhir::Node* bundle_of(fhir::Document& d, std::string_view type) {
  fhir::Node* bundle = d.object();
  add_text(d, bundle, "resourceType", "Bundle");
  add_text(d, bundle, "type", type);
  return bundle;
}

void add_link(fhir::Document& d, fhir::Node* links, std::string_view relation,
              const std::string& url) {
  fhir::Node* link = d.object();
  add_text(d, link, "relation", relation);
  add_text(d, link, "url", url);
  d.append(links, link);
}

std::string url_of(std::string_view base, const store::Resource& resource) {
  return std::string(base) + "/" + resource.type + "/" + resource.id;
}

HttpResponse versioned(HttpResponse response, const store::Resource& resource) {
  response.headers.emplace_back("ETag", etag_of(resource));
  response.headers.emplace_back("Last-Modified", http_date(resource.updated));
  return response;
}

/// Under `Prefer: handling=strict` unknown search parameters are refused.
bool strict_handling(const HttpRequest& request) {
  for (const std::string_view part : core::split(request.header("prefer"), ',')) {
    if (core::ascii_lower(core::trim(part)) == "handling=strict") return true;
  }
  return false;
}

/// The parameters of a search: of the URL, and of a form in the body.
core::Result<net::HttpPairs> search_parameters(const HttpRequest& request) {
  net::HttpPairs parameters = request.query;
  if (request.method != "POST" || request.body.empty()) return parameters;
  const std::string_view type = request.header("content-type");
  if (core::ascii_lower(core::trim(type.substr(0, type.find(';')))) !=
      "application/x-www-form-urlencoded") {
    return core::fail(ErrorCode::kUnsupportedMediaType,
                      "a search is posted as application/x-www-form-urlencoded");
  }
  std::string path;
  net::HttpPairs form;
  if (!net::decode_target("/?" + request.body, path, form)) {
    return core::fail(ErrorCode::kBadRequest, "the form is malformed");
  }
  parameters.insert(parameters.end(), form.begin(), form.end());
  return parameters;
}

void add_outcome_entry(fhir::Document& d, fhir::Node* entries, std::size_t ignored) {
  const fhir::OutcomeIssue issue{
      .severity = "warning",
      .code = "not-supported",
      .diagnostics = std::to_string(ignored) +
                     " search parameter(s) are unknown or not supported here and were left out; "
                     "the self link shows those that were used"};
  fhir::Node* entry = d.object();
  d.add(entry, "resource", fhir::make_outcome({&issue, 1}, d));
  fhir::Node* search = d.object();
  add_text(d, search, "mode", "outcome");
  d.add(entry, "search", search);
  d.append(entries, entry);
}

core::Status add_match(fhir::Document& d, fhir::Node* entries, std::string_view base,
                       const store::Resource& resource) {
  auto tree = with_meta(resource, d);
  if (!tree) return core::fail(tree.error());
  fhir::Node* entry = d.object();
  add_text(d, entry, "fullUrl", url_of(base, resource));
  d.add(entry, "resource", *tree);
  fhir::Node* search = d.object();
  add_text(d, search, "mode", "match");
  d.add(entry, "search", search);
  d.append(entries, entry);
  return {};
}

core::Status add_version(fhir::Document& d, fhir::Node* entries, std::string_view base,
                         const store::Resource& resource) {
  fhir::Node* entry = d.object();
  add_text(d, entry, "fullUrl", url_of(base, resource));
  if (!resource.deleted) {
    auto tree = with_meta(resource, d);
    if (!tree) return core::fail(tree.error());
    d.add(entry, "resource", *tree);
  }
  fhir::Node* request = d.object();
  add_text(d, request, "method", resource.deleted ? "DELETE" : "PUT");
  add_text(d, request, "url", resource.type + "/" + resource.id);
  d.add(entry, "request", request);
  fhir::Node* response = d.object();
  add_text(d, response, "status",
           resource.deleted ? "204" : resource.version == 1 ? "201" : "200");
  add_text(d, response, "etag", etag_of(resource));
  add_text(d, response, "lastModified", core::to_iso(resource.updated));
  d.add(entry, "response", response);
  d.append(entries, entry);
  return {};
}

}  // namespace

Api::Api(const schema::R4& r4, const core::Clock& clock, std::unique_ptr<store::Records> reader,
         Searchable searchable, Settings settings)
    : r4_(r4),
      clock_(clock),
      started_(clock_.now()),
      reader_(std::move(reader)),
      searchable_(std::move(searchable)),
      settings_(std::move(settings)) {}

Api::~Api() { pool_.join(); }

void Api::add_routes(net::HttpRouter& router) {
  const auto on_pool = [this](HttpRequest request) -> net::Awaitable<HttpResponse> {
    auto work = [this, request = std::move(request)] { return handle(request); };
    HttpResponse response = co_await net::offload(pool_, std::move(work));
    co_return response;
  };
  for (const char* method : {"GET", "POST", "PUT", "DELETE", "PATCH"}) {
    router.add(method, "/fhir/r4/{rest...}", on_pool);
  }
}

std::string Api::base_of(const HttpRequest& request) const {
  if (!settings_.public_url.empty()) return settings_.public_url;
  return "http://" + std::string(request.header("host")) + "/fhir/r4";
}

const std::vector<std::string>& Api::searchable(std::string_view type) {
  const auto known = searchable_cache_.find(type);
  if (known != searchable_cache_.end()) return known->second;
  return searchable_cache_.emplace(std::string(type), searchable_(type)).first->second;
}

HttpResponse Api::handle(const HttpRequest& request) {
  const Answer answer(request, r4_);
  if (!answer.acceptable()) {
    return answer.failure(ErrorCode::kNotAcceptable, "JSON and XML can be had");
  }
  const std::lock_guard lock(mutex_);
  return route(request);
}

/// Routes below /fhir/r4/ by hand, so that every refusal is an OperationOutcome.
HttpResponse Api::route(const HttpRequest& request) {
  const Answer answer(request, r4_);
  const std::string rest(request.param("rest"));
  const auto parts = core::split(rest, '/');
  const bool posted_search = parts.size() == 2 && parts[1] == "_search";
  if (parts.size() == 2 && parts[0] == "Patient" && parts[1].starts_with("$")) {
    return operation(request, parts[1]);
  }
  const bool get = request.method == "GET" || request.method == "HEAD";
  if (!get && !(posted_search && request.method == "POST")) {
    HttpResponse refused = answer.failure(ErrorCode::kMethodNotAllowed,
                                          "resources are written by messages, not here");
    refused.headers.emplace_back("Allow", posted_search ? "POST" : "GET, HEAD");
    return refused;
  }
  if (rest == "metadata") return metadata(request);
  if (!r4_.is_resource(parts[0])) {
    return answer.failure(ErrorCode::kNotFound, "there is no such resource type");
  }
  HttpRequest known = request;
  known.params = {{"type", std::string(parts[0])}};
  if (parts.size() == 1) return search(known);
  if (posted_search) {
    if (get) {
      HttpResponse refused = answer.failure(ErrorCode::kMethodNotAllowed, "_search is posted");
      refused.headers.emplace_back("Allow", "POST");
      return refused;
    }
    return search(known);
  }
  known.params.emplace_back("id", std::string(parts[1]));
  if (!fhir::is_valid_id(parts[1])) {
    return answer.failure(ErrorCode::kNotFound, "this is no resource id");
  }
  if (parts.size() == 2) return read(known);
  if (parts[2] == "_history" && parts.size() == 3) return history(known);
  if (parts[2] == "_history" && parts.size() == 4) {
    known.params.emplace_back("version", std::string(parts[3]));
    return read_version(known);
  }
  return answer.failure(ErrorCode::kNotFound, "there is no such operation");
}

/// What is asked about persons rather than about one resource.
HttpResponse Api::operation(const HttpRequest& request, std::string_view name) {
  const Answer answer(request, r4_);
  const bool match = name == "$match" && matcher_ != nullptr;
  if (!match && name != "$ihe-pix") {
    return answer.failure(ErrorCode::kNotFound, "there is no such operation");
  }
  const std::string_view method = match ? "POST" : "GET";
  if (request.method != method) {
    HttpResponse refused =
        answer.failure(ErrorCode::kMethodNotAllowed, "this operation is asked otherwise");
    refused.headers.emplace_back("Allow", method);
    return refused;
  }
  return match ? match_patients(request, r4_, *reader_, *matcher_, base_of(request))
               : cross_reference(request, r4_, *reader_);
}

HttpResponse Api::metadata(const HttpRequest& request) {
  fhir::Document document;
  const Searchable cached = [this](std::string_view type) { return searchable(type); };
  return Answer(request, r4_)
      .resource(capability_statement(r4_, cached, settings_, base_of(request), started_, document));
}

HttpResponse Api::read(const HttpRequest& request) {
  const Answer answer(request, r4_);
  auto found = reader_->get(request.param("type"), request.param("id"));
  if (!found) return answer.failure(found.error());
  if (!*found) return answer.failure(ErrorCode::kNotFound, "there is no such resource");
  const store::Resource& resource = **found;
  if (resource.deleted) {
    return versioned(answer.failure(ErrorCode::kGone, "the resource was deleted"), resource);
  }
  const std::string_view known = request.header("if-none-match");
  if (!known.empty() && etag_matches(known, etag_of(resource))) {
    return versioned(HttpResponse{.status = 304}, resource);
  }
  fhir::Document document;
  auto tree = with_meta(resource, document);
  if (!tree) return answer.failure(tree.error());
  return versioned(answer.resource(*tree), resource);
}

HttpResponse Api::read_version(const HttpRequest& request) {
  const Answer answer(request, r4_);
  const auto number = core::to_int(request.param("version"));
  if (!number || *number < 1 || *number > UINT32_MAX) {
    return answer.failure(ErrorCode::kNotFound, "there is no such version");
  }
  auto found = reader_->get_version(request.param("type"), request.param("id"),
                                    static_cast<std::uint32_t>(*number));
  if (!found) return answer.failure(found.error());
  if (!*found) return answer.failure(ErrorCode::kNotFound, "there is no such version");
  const store::Resource& resource = **found;
  if (resource.deleted) {
    return versioned(answer.failure(ErrorCode::kGone, "this version is the deletion"), resource);
  }
  fhir::Document document;
  auto tree = with_meta(resource, document);
  if (!tree) return answer.failure(tree.error());
  return versioned(answer.resource(*tree), resource);
}

HttpResponse Api::history(const HttpRequest& request) {
  const Answer answer(request, r4_);
  std::size_t limit = kPageDefault;
  if (const std::string* count = request.query_value("_count")) {
    const auto wanted = core::to_int(*count);
    if (!wanted || *wanted < 1) {
      return answer.failure(ErrorCode::kBadSearch, "_count is a positive number");
    }
    limit = static_cast<std::size_t>(std::min<std::int64_t>(*wanted, kPageMax));
  }
  auto versions = reader_->history(request.param("type"), request.param("id"), limit);
  if (!versions) return answer.failure(versions.error());
  if (versions->empty()) return answer.failure(ErrorCode::kNotFound, "there is no such resource");
  fhir::Document document;
  fhir::Node* bundle = bundle_of(document, "history");
  if (versions->size() < limit) {
    document.add(bundle, "total", document.number(std::to_string(versions->size())));
  }
  const std::string base = base_of(request);
  fhir::Node* links = document.array();
  add_link(document, links, "self", url_of(base, versions->front()) + "/_history");
  document.add(bundle, "link", links);
  fhir::Node* entries = document.array();
  for (const store::Resource& version : *versions) {
    if (const auto added = add_version(document, entries, base, version); !added) {
      return answer.failure(added.error());
    }
  }
  document.add(bundle, "entry", entries);
  return answer.resource(bundle);
}

HttpResponse Api::search(const HttpRequest& request) {
  const Answer answer(request, r4_);
  const std::string type(request.param("type"));
  const std::string base = base_of(request);
  const auto parameters = search_parameters(request);
  if (!parameters) return answer.failure(parameters.error());
  auto wanted =
      parse_search(r4_, type, *parameters, searchable(type), base, strict_handling(request));
  if (!wanted) return answer.failure(wanted.error());

  fhir::Document document;
  fhir::Node* bundle = bundle_of(document, "searchset");
  if (wanted->count_only || wanted->total) {
    store::SearchQuery all = wanted->query;
    all.after_id.clear();
    const auto total = reader_->count(all);
    if (!total) return answer.failure(total.error());
    document.add(bundle, "total", document.number(std::to_string(*total)));
  }
  fhir::Node* links = document.array();
  add_link(document, links, "self", base + "/" + type + query_string(wanted->used));
  document.add(bundle, "link", links);
  fhir::Node* entries = document.array();
  if (!wanted->count_only) {
    store::SearchQuery query = wanted->query;
    ++query.count;   // one more tells whether there is a next page
    auto found = reader_->search(query);
    if (!found) return answer.failure(found.error());
    if (found->size() > wanted->query.count) {
      found->resize(wanted->query.count);
      net::HttpPairs next = wanted->used;
      next.emplace_back("_cursor", found->back().id);
      add_link(document, links, "next", base + "/" + type + query_string(next));
    }
    for (const store::Resource& resource : *found) {
      if (const auto added = add_match(document, entries, base, resource); !added) {
        return answer.failure(added.error());
      }
    }
  }
  if (!wanted->ignored.empty()) add_outcome_entry(document, entries, wanted->ignored.size());
  if (entries->count > 0) document.add(bundle, "entry", entries);
  return answer.resource(bundle);
}

}  // namespace fhirapi
