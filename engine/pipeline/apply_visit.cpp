// Who says what of a visit: registration tells of it, orders, results and documents only name it
// (plans: `keep:`).
#include "apply_work.hpp"

namespace pipeline {
namespace {

constexpr std::string_view kStatusEvent = "urn:chartwire:ext:status-event";

fhir::Node* extension_of(const fhir::Node* tree, std::string_view url) {
  const fhir::Node* list = tree->find("extension");
  for (const fhir::Item* item = list ? list->first_item : nullptr; item; item = item->next) {
    if (item->value->text_of("url") == url) return item->value;
  }
  return nullptr;
}

}  // namespace

bool is_told_of(const fhir::Node& tree) {
  return tree.text_of("status") != "unknown" || extension_of(&tree, kStatusEvent);
}

}  // namespace pipeline
