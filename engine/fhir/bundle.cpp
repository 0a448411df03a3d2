#include <charconv>
#include <fhir/bundle.hpp>
#include <fhir/json.hpp>

namespace fhir {

namespace {

void member(std::string_view before, std::string_view value, std::string& out) {
  out += before;
  write_json_string(value, out);
}

void write_full_url(const BundleHead& head, const BundleEntry& entry, std::string& out) {
  if (!entry.full_url.empty()) return member("\"fullUrl\":", entry.full_url, out);
  std::string url;
  if (head.base.empty()) {
    url.append("urn:uuid:").append(entry.id);
  } else {
    url.append(head.base).append(entry.type).append("/").append(entry.id);
  }
  member("\"fullUrl\":", url, out);
}

void write_entry(const BundleHead& head, const BundleEntry& entry, std::string& out) {
  out += '{';
  // What is deleted has no resource whose URL could be told.
  if (!entry.json.empty()) {
    write_full_url(head, entry, out);
    out.append(",\"resource\":").append(entry.json).append(",");
  }
  member("\"request\":{\"method\":", entry.method, out);
  std::string url(entry.type);
  if (entry.method != "POST") url.append("/").append(entry.id);
  member(",\"url\":", url, out);
  out += "}}";
}

std::string first_error(const Node* outcome) {
  const Node* issues = outcome ? outcome->find("issue") : nullptr;
  for (const Item* i = issues ? issues->first_item : nullptr; i; i = i->next) {
    const std::string_view severity = i->value->text_of("severity");
    if (severity != "error" && severity != "fatal") continue;
    const std::string_view diagnostics = i->value->text_of("diagnostics");
    const Node* details = i->value->find("details");
    if (!diagnostics.empty() || !details) return std::string(diagnostics);
    return std::string(details->text_of("text"));
  }
  return {};
}

}  // namespace

void write_bundle(const BundleHead& head, const std::vector<BundleEntry>& entries,
                  std::string& out) {
  std::size_t size = out.size() + 512;
  for (const BundleEntry& entry : entries) size += entry.json.size() + 256;
  out.reserve(size);
  out += "{\"resourceType\":\"Bundle\"";
  if (!head.id.empty()) member(",\"id\":", head.id, out);
  if (!head.identifier_value.empty()) {
    out += ",\"identifier\":{";
    if (!head.identifier_system.empty()) {
      member("\"system\":", head.identifier_system, out);
      out += ',';
    }
    member("\"value\":", head.identifier_value, out);
    out += '}';
  }
  member(",\"type\":", head.type, out);
  if (!head.timestamp.empty()) member(",\"timestamp\":", head.timestamp, out);
  if (!entries.empty()) {
    char before = '[';
    out += ",\"entry\":";
    for (const BundleEntry& entry : entries) {
      out += before;
      write_entry(head, entry, out);
      before = ',';
    }
    out += ']';
  }
  out += '}';
}

core::Result<std::vector<EntryOutcome>> parse_transaction_response(std::string_view json) {
  Document document;
  auto parsed = parse_json(json, document);
  if (!parsed) return core::fail(parsed.error());
  const Node* bundle = *parsed;
  const std::string_view type = bundle->text_of("type");
  if (bundle->text_of("resourceType") != "Bundle" ||
      (type != "transaction-response" && type != "batch-response")) {
    return core::fail(core::ErrorCode::kBadResource, "the answer is no transaction response");
  }
  std::vector<EntryOutcome> outcomes;
  const Node* entries = bundle->find("entry");
  for (const Item* i = entries ? entries->first_item : nullptr; i; i = i->next) {
    if (outcomes.size() == kBundleEntriesMax) {
      return core::fail(core::ErrorCode::kBadResource, "the answer has too many entries");
    }
    EntryOutcome& outcome = outcomes.emplace_back();
    const Node* response = i->value->find("response");
    if (!response) continue;
    const std::string_view status = response->text_of("status");
    std::from_chars(status.data(), status.data() + status.size(), outcome.status);
    outcome.location = response->text_of("location");
    outcome.etag = response->text_of("etag");
    outcome.diagnostics = first_error(response->find("outcome"));
  }
  return outcomes;
}

}  // namespace fhir
