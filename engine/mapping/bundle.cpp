#include <fhir/json.hpp>
#include <fhir/merge.hpp>
#include <mapping/mapper.hpp>

#include <charconv>
#include <fmt/format.h>

#include "resolve.hpp"

/// Drafts as one transaction Bundle, with the ids their keys propose.
namespace mapping {

using fhir::Node;

namespace {

/// The name space under which a tenant's ids are made: a UUID of its URI.
core::Uuid tenant_space(const Environment& environment) {
  // Asked for each resource of each message; an engine has one name space, tests have a few.
  thread_local std::string last;
  thread_local core::Uuid space;
  if (!last.empty() && last == environment.name_space) return space;
  // RFC 4122 appendix C: the name space for URLs.
  core::Uuid urls;
  core::Uuid::parse("6ba7b811-9dad-11d1-80b4-00c04fd430c8", urls);
  last = environment.name_space;
  space = core::uuid_v5(urls, environment.name_space);
  return space;
}

}  // namespace

core::Uuid proposed_id(const Environment& environment, std::string_view type,
                       std::string_view key) {
  const core::Uuid id =
      core::uuid_v5(tenant_space(environment), fmt::format("{} | {}", type, key));
  // A key that begins with its parent's id: the child's stands beside it.
  constexpr std::size_t kUuidBytes = 36;
  core::Uuid parent;
  if (key.size() <= kUuidBytes || key[kUuidBytes] != '/' ||
      !core::Uuid::parse(key.substr(0, kUuidBytes), parent)) {
    return id;
  }
  return core::uuid_beside(id, parent);
}

std::string resolve_key(std::string_view key, std::span<const std::string> ids_by_draft) {
  std::string out;
  for (std::size_t at = 0; at < key.size();) {
    const std::size_t mark = key.find(kDraftMark, at);
    const std::size_t end = mark == key.npos ? mark : key.find(kDraftEnd, mark);
    if (end == key.npos) {
      out += key.substr(at);
      break;
    }
    out += key.substr(at, mark - at);
    std::size_t number = 0;
    const char* first = key.data() + mark + 1;
    const auto parsed = std::from_chars(first, key.data() + end, number);
    if (parsed.ec == std::errc() && number < ids_by_draft.size()) out += ids_by_draft[number];
    at = end + 1;
  }
  return out;
}

std::vector<std::string> ids_of(const MapOutput& output, const Environment& environment) {
  std::vector<std::string> ids(output.drafts.size());
  // A key may hold other drafts' marks: those are resolved first, however they are ordered.
  std::vector<int> state(output.drafts.size(), 0);
  std::vector<std::size_t> stack;
  for (std::size_t start = 0; start < output.drafts.size(); ++start) {
    stack.push_back(start);
    while (!stack.empty()) {
      const std::size_t at = stack.back();
      const std::string& key = output.drafts[at].keys.front();
      bool waits = false;
      if (state[at] == 0) {
        state[at] = 1;
        for (std::size_t mark = key.find(kDraftMark); mark != key.npos;
             mark = key.find(kDraftMark, mark + 1)) {
          std::size_t number = 0;
          std::from_chars(key.data() + mark + 1, key.data() + key.size(), number);
          if (number < state.size() && state[number] == 0) {
            stack.push_back(number);
            waits = true;
          }
        }
      }
      if (waits) continue;
      stack.pop_back();
      if (state[at] == 2) continue;
      state[at] = 2;
      ids[at] = proposed_id(environment, output.drafts[at].type, resolve_key(key, ids)).text();
    }
  }
  return ids;
}

Node* resolved(const Node* from, fhir::Document& doc,
               const std::function<std::string(std::size_t)>& reference) {
  if (from->is_leaf()) {
    if (from->kind == Node::Kind::kNull) return nullptr;
    if (from->kind == Node::Kind::kString && from->text.starts_with(kDraftMark)) {
      std::size_t number = 0;
      std::from_chars(from->text.data() + 1, from->text.data() + from->text.size(), number);
      Node* text = doc.string(reference(number));
      text->lineage = from->lineage;
      return text;
    }
    return doc.clone(from);
  }
  Node* out = from->is_array() ? doc.array() : doc.object();
  for (const fhir::Member* m = from->first_member; m; m = m->next) {
    if (Node* value = resolved(m->value, doc, reference)) doc.add(out, m->name, value, true);
  }
  for (const fhir::Item* i = from->first_item; i; i = i->next) {
    if (Node* value = resolved(i->value, doc, reference)) doc.append(out, value);
  }
  return out->count == 0 ? nullptr : out;
}

/// A PUT of the resource, with its type and id first.
static Node* bundle_entry(std::string_view type, const std::string& id, const Node& from,
                          fhir::Document& doc) {
  Node* resource = doc.object();
  doc.add(resource, "resourceType", doc.string(type));
  doc.add(resource, "id", doc.string(id));
  for (const fhir::Member* m = from.first_member; m; m = m->next) {
    if (m->name != "resourceType") doc.add(resource, m->name, m->value);
  }
  Node* request = doc.object();
  doc.add(request, "method", doc.string("PUT"));
  doc.add(request, "url", doc.string(fmt::format("{}/{}", type, id)));
  Node* item = doc.object();
  doc.add(item, "fullUrl", doc.string("urn:uuid:" + id));
  doc.add(item, "resource", resource);
  doc.add(item, "request", request);
  return item;
}

void write_bundle(const MapOutput& output, const Environment& environment,
                  std::string_view identifier, std::string& out) {
  fhir::Document doc;
  const std::vector<std::string> ids = ids_of(output, environment);
  const auto reference = [&](std::size_t draft) {
    if (draft >= ids.size()) return std::string();
    // A partial draft has no entry of its own: the server knows the resource or it does not.
    if (output.drafts[draft].partial) {
      return fmt::format("{}/{}", output.drafts[draft].type, ids[draft]);
    }
    return "urn:uuid:" + ids[draft];
  };
  struct Entry {
    std::size_t draft;
    Node* resource;
  };
  std::vector<Entry> entries;
  for (std::size_t i = 0; i < output.drafts.size(); ++i) {
    if (output.drafts[i].partial) continue;
    Node* node = resolved(output.drafts[i].root, doc, reference);
    if (!node) continue;
    bool known = false;
    for (Entry& entry : entries) {
      if (ids[entry.draft] != ids[i] || output.drafts[entry.draft].type != output.drafts[i].type) {
        continue;
      }
      fhir::MergePolicy policy;
      policy.list = fhir::MergePolicy::List::kUnion;
      entry.resource = fhir::merge(entry.resource, node, policy, doc);
      known = true;
      break;
    }
    if (known) continue;
    const Entry entry{i, node};
    if (output.drafts[i].type == "MessageHeader") {
      entries.insert(entries.begin(), entry);
    } else {
      entries.push_back(entry);
    }
  }
  Node* bundle = doc.object();
  doc.add(bundle, "resourceType", doc.string("Bundle"));
  if (!identifier.empty()) {
    Node* id = doc.object();
    doc.add(id, "system", doc.string("urn:chartwire:message"));
    doc.add(id, "value", doc.string(identifier));
    doc.add(bundle, "identifier", id);
  }
  doc.add(bundle, "type", doc.string("transaction"));
  Node* list = doc.array();
  for (const Entry& entry : entries) {
    doc.append(list, bundle_entry(output.drafts[entry.draft].type, ids[entry.draft],
                                  *entry.resource, doc));
  }
  if (list->count != 0) doc.add(bundle, "entry", list);
  fhir::write_json(bundle, out);
}

}  // namespace mapping
