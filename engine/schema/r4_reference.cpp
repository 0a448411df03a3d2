#include "r4_validate.hpp"

#include <algorithm>

namespace schema {
namespace {

/// The type in "Patient/1", "https://host/fhir/Patient/1/_history/2"; empty when the text is no
/// such reference (urn:, fragment, conditional or another kind of URL).
struct TypeAndId {
  std::string_view type, id;
};
TypeAndId split_reference(std::string_view text) {
  if (text.starts_with("urn:") || text.starts_with('#')) return {};
  if (const std::size_t history = text.find("/_history/"); history != std::string_view::npos) {
    text = text.substr(0, history);
  }
  const std::size_t slash = text.rfind('/');
  if (slash == std::string_view::npos || slash == 0) return {};
  const std::size_t before = text.rfind('/', slash - 1);
  const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
  return {text.substr(begin, slash - begin), text.substr(slash + 1)};
}

}  // namespace

void check_reference(const R4Check& check, const ElementDef& element, const fhir::Node* reference,
                     const Place& at) {
  const std::string_view text = reference->text_of("reference");
  const std::string_view stated = reference->text_of("type");
  const auto allowed = [&](std::string_view type) {
    return element.targets.empty() || std::find(element.targets.begin(), element.targets.end(),
                                                type) != element.targets.end();
  };
  if (!stated.empty() && stated.find('/') == std::string_view::npos && !allowed(stated)) {
    check.fault(at, "type", "a reference to " + std::string(stated) + " is not allowed here");
  }
  if (text.empty()) return;
  if ((text.starts_with("urn:uuid:") && !valid_primitive("uuid", text)) ||
      (text.starts_with("urn:oid:") && !valid_primitive("oid", text))) {
    return check.fault(at, "reference", "is a malformed urn");
  }
  const bool absolute = text.find("://") != std::string_view::npos;
  // "Patient?identifier=..." in a transaction: resolved by the server.
  const std::size_t query = absolute ? std::string_view::npos : text.find('?');
  const TypeAndId parts = query == std::string_view::npos
      ? split_reference(text)
      : TypeAndId{text.substr(0, query), {}};
  const TypeIndex type = parts.type.empty() ? kNoType : check.r4.find_type(parts.type);
  const bool known = type != kNoType && check.r4.types[type].kind == TypeEntry::Kind::kResource &&
                     !check.r4.types[type].abstract;
  if (!known) {
    const bool other = absolute || text.starts_with("urn:") || text.starts_with('#');
    if (!other) check.fault(at, "reference", "is neither Type/id, nor a URL, nor a fragment");
    return;
  }
  if (query == std::string_view::npos && !absolute && !valid_primitive("id", parts.id)) {
    check.fault(at, "reference", "the id in it is none");
  }
  if (!allowed(parts.type)) {
    check.fault(at, "reference", "a reference to " + std::string(parts.type) +
                                     " is not allowed here");
  }
  if (!stated.empty() && stated.find('/') == std::string_view::npos && stated != parts.type) {
    check.fault(at, "type", "differs from the type in the reference");
  }
}

}  // namespace schema
