#include "resolve_tree.hpp"

#include <core/text.hpp>

namespace pipeline {

std::vector<std::size_t> drafts_named_in(std::string_view key) {
  std::vector<std::size_t> found;
  for (std::size_t at = key.find(mapping::kDraftMark); at != std::string_view::npos;
       at = key.find(mapping::kDraftMark, at + 1)) {
    const std::size_t end = key.find(mapping::kDraftEnd, at);
    const auto number = core::to_int(key.substr(at + 1, end - at - 1));
    if (number && *number >= 0) found.push_back(static_cast<std::size_t>(*number));
  }
  return found;
}

fhir::Node* resolve_tree(const fhir::Node* from, const mapping::MapOutput& output,
                         const std::vector<std::string>& ids, fhir::Document& into) {
  switch (from->kind) {
    case fhir::Node::Kind::kObject: {
      fhir::Node* object = into.object();
      for (const fhir::Member* member = from->first_member; member; member = member->next) {
        into.add(object, member->name, resolve_tree(member->value, output, ids, into));
      }
      return object;
    }
    case fhir::Node::Kind::kArray: {
      fhir::Node* array = into.array();
      for (const fhir::Item* item = from->first_item; item; item = item->next) {
        into.append(array, resolve_tree(item->value, output, ids, into));
      }
      return array;
    }
    case fhir::Node::Kind::kString:
      if (!from->text.empty() && from->text.front() == mapping::kDraftMark) {
        const auto index = core::to_int(from->text.substr(1));
        if (index && *index >= 0 && static_cast<std::size_t>(*index) < ids.size()) {
          const auto i = static_cast<std::size_t>(*index);
          return into.string(std::string(output.drafts[i].type) + "/" + ids[i]);
        }
      }
      return into.string(from->text, false);
    case fhir::Node::Kind::kNumber:
      return into.number(from->text, false);
    case fhir::Node::Kind::kBool:
      return into.boolean(from->text == "true");
    case fhir::Node::Kind::kNull:
      break;
  }
  return into.null();
}

void redirect_references(fhir::Node* tree, std::string_view from, std::string_view to,
                         fhir::Document& document) {
  for (fhir::Member* member = tree->first_member; member; member = member->next) {
    if (member->name == "reference" && member->value->is_leaf() && member->value->text == from) {
      member->value = document.string(to);
    } else {
      redirect_references(member->value, from, to, document);
    }
  }
  for (fhir::Item* item = tree->first_item; item; item = item->next) {
    redirect_references(item->value, from, to, document);
  }
}

bool refers_to(const fhir::Node* tree, std::string_view name) {
  for (const fhir::Member* member = tree->first_member; member; member = member->next) {
    const fhir::Node* value = member->value;
    if (member->name == "reference" && value->is_leaf() && value->text == name) return true;
    if (refers_to(value, name)) return true;
  }
  for (const fhir::Item* item = tree->first_item; item; item = item->next) {
    if (refers_to(item->value, name)) return true;
  }
  return false;
}

fhir::Node* patient_link(fhir::Document& document, std::string_view reference,
                         std::string_view type) {
  fhir::Node* other = document.object();
  document.set(other, "reference", document.string(reference));
  fhir::Node* link = document.object();
  document.set(link, "other", other);
  document.set(link, "type", document.string(type));
  return link;
}

namespace {

bool is_old(const fhir::Node& identifier) { return identifier.text_of("use") == "old"; }

const fhir::Node* find_number(const fhir::Node* list, const fhir::Node& identifier) {
  for (const fhir::Item* item = list->first_item; item; item = item->next) {
    if (item->value->text_of("value") == identifier.text_of("value") &&
        item->value->text_of("system") == identifier.text_of("system")) {
      return item->value;
    }
  }
  return nullptr;
}

}  // namespace

void keep_former_numbers(const fhir::Node* stored, fhir::Node* incoming, bool by_former,
                         fhir::Document& document) {
  const fhir::Node* known = stored->find("identifier");
  const fhir::Node* stated = incoming->find("identifier");
  if (known == nullptr || !known->is_array() || stated == nullptr || !stated->is_array()) return;
  bool renames = false;
  for (const fhir::Item* item = stated->first_item; item; item = item->next) {
    renames = renames || is_old(*item->value);
    const fhir::Node* same = find_number(known, *item->value);
    by_former = by_former || (same != nullptr && is_old(*same));
  }
  if (by_former && !renames) {
    document.remove(incoming, "identifier");
    return;
  }
  fhir::Node* all = document.array();
  for (const fhir::Item* item = stated->first_item; item; item = item->next) {
    document.append(all, item->value);
  }
  for (const fhir::Item* item = known->first_item; item; item = item->next) {
    if (is_old(*item->value) && find_number(stated, *item->value) == nullptr) {
      document.append(all, item->value);
    }
  }
  document.set(incoming, "identifier", all);
}

}  // namespace pipeline
