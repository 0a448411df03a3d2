// FHIR JSON and FHIRPath: whatever is taken must be written back as the same tree, in both styles; merging it
// with itself changes nothing, save that nulls and empty objects or arrays (no FHIR, json.html) may go, once; a
// "path" in it is run as FHIRPath.
#include <fhir/json.hpp>
#include <fhir/merge.hpp>
#include <fhir/path.hpp>

#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

bool has_nothing_in(const fhir::Node* node) {
  if (node->is_leaf() ? node->kind == fhir::Node::Kind::kNull : node->count == 0) return true;
  for (const fhir::Member* m = node->first_member; m; m = m->next) {
    if (has_nothing_in(m->value)) return true;
  }
  for (const fhir::Item* i = node->first_item; i; i = i->next) {
    if (has_nothing_in(i->value)) return true;
  }
  return false;
}

void check_path(const fhir::Node* tree) {
  const std::string_view expression = tree->text_of("path");
  if (expression.empty()) return;
  const auto path = fhir::Path::compile(expression);
  if (!path) return;
  fhir::Document scratch;
  path->test(tree, scratch);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fhir::Document document;
  document.reset();
  const auto parsed = fhir::parse_json({reinterpret_cast<const char*>(data), size}, document);
  if (!parsed) return 0;
  std::string compact;
  fhir::write_json(*parsed, compact);
  const auto again = fhir::parse_json(compact, document);
  require(again && fhir::equal(*parsed, *again));
  const auto pretty = fhir::parse_json(fhir::pretty_json(*parsed), document);
  require(pretty && fhir::equal(*parsed, *pretty));
  if ((*parsed)->is_object() && size < 4096) {
    const fhir::Node* merged = fhir::merge(*parsed, *parsed, {}, document);
    require(has_nothing_in(*parsed) || fhir::equal(merged, *parsed));
    require(fhir::equal(fhir::merge(merged, merged, {}, document), merged));
    check_path(*parsed);
  }
  return 0;
}
