#include <core/text.hpp>
#include <fhir/json.hpp>
#include <fmt/format.h>
#include <identity/patient.hpp>

namespace identity {
namespace {

using fhir::Node;

constexpr std::string_view kSocialSecurity = "http://hl7.org/fhir/sid/us-ssn";
/// Names and numbers of one Patient that are looked at.
constexpr std::size_t kEntriesMax = 50;

template <class Each>
void each_item(const Node* list, const Each& each) {
  if (list == nullptr || !list->is_array()) return;
  std::size_t seen = 0;
  for (const fhir::Item* item = list->first_item; item && seen < kEntriesMax; item = item->next) {
    ++seen;
    if (item->value->is_object()) each(*item->value);
  }
}

std::string leaf(const Node* node) {
  return node != nullptr && node->is_leaf() ? std::string(node->text) : std::string();
}

std::string item_text(const Node* list, std::size_t n) {
  return list == nullptr || !list->is_array() ? std::string() : leaf(list->item(n));
}

Person::Name name_of(const Node& node) {
  Person::Name name;
  const Node* given = node.find("given");
  name.given = item_text(given, 0);
  for (std::size_t i = 1; given != nullptr && given->is_array() && i < given->count; ++i) {
    if (!name.middle.empty()) name.middle += ' ';
    name.middle += item_text(given, i);
  }
  name.family = std::string(node.text_of("family"));
  name.suffix = item_text(node.find("suffix"), 0);
  return name;
}

bool is_current(std::string_view use) {
  return use.empty() || use == "official" || use == "usual" || use == "home";
}

void names(const Node& patient, Person& person) {
  std::vector<Person::Name> later;
  each_item(patient.find("name"), [&](const Node& node) {
    Person::Name name = name_of(node);
    if (name.given.empty() && name.family.empty()) return;
    if (is_current(node.text_of("use")) && person.names.empty()) {
      person.names.push_back(std::move(name));
    } else {
      later.push_back(std::move(name));
    }
  });
  for (Person::Name& name : later) person.names.push_back(std::move(name));
}

void addresses(const Node& patient, Person& person) {
  each_item(patient.find("address"), [&](const Node& node) {
    const Node* line = node.find("line");
    person.addresses.push_back({"", item_text(line, 0), item_text(line, 1),
                                std::string(node.text_of("city")),
                                std::string(node.text_of("postalCode")),
                                std::string(node.text_of("state"))});
  });
}

std::string type_code(const Node& identifier) {
  const Node* type = identifier.find("type");
  const Node* coding = type != nullptr ? type->find("coding") : nullptr;
  const Node* first = coding != nullptr && coding->is_array() ? coding->item(0) : nullptr;
  return first != nullptr ? std::string(first->text_of("code")) : std::string();
}

void numbers(const Node& patient, Person& person) {
  each_item(patient.find("identifier"), [&](const Node& node) {
    const std::string value(node.text_of("value"));
    const std::string system(node.text_of("system"));
    const std::string type = type_code(node);
    if (value.empty()) return;
    if (type == "SS" || system == kSocialSecurity) {
      if (person.national_id.empty()) person.national_id = value;
    } else if (type.empty() || type == "MR" || type == "PI") {
      // Kinds of number live beside each other: a PI never contradicts an MR.
      if (!system.empty()) {
        person.numbers.push_back({system + "|" + type, value, node.text_of("use") != "old"});
      }
    }
  });
}

}  // namespace

Person person_of(const Node& patient) {
  Person person;
  names(patient, person);
  addresses(patient, person);
  numbers(patient, person);
  each_item(patient.find("telecom"), [&](const Node& node) {
    if (node.text_of("system") == "email" || node.text_of("use") == "work") return;
    if (auto value = node.text_of("value"); !value.empty()) person.phones.emplace_back(value);
  });
  person.birth_date = std::string(patient.text_of("birthDate"));
  person.sex = std::string(patient.text_of("gender"));
  person.death_date = std::string(patient.text_of("deceasedDateTime")).substr(0, 10);
  person.deceased = !person.death_date.empty() || patient.text_of("deceasedBoolean") == "true";
  return person;
}

RecordNumbers record_numbers(const Node& patient) {
  RecordNumbers typed{{}, true}, untyped;
  each_item(patient.find("identifier"), [&](const Node& node) {
    const std::string type = type_code(node);
    if (node.text_of("use") == "old" || node.text_of("value").empty()) return;
    if (type == "MR") typed.values.emplace_back(node.text_of("value"));
    if (type.empty()) untyped.values.emplace_back(node.text_of("value"));
  });
  return typed.values.empty() ? untyped : typed;
}

bool is_replaced(const Node& patient) {
  bool replaced = false;
  each_item(patient.find("link"),
            [&](const Node& link) { replaced |= link.text_of("type") == "replaced-by"; });
  return replaced;
}

core::Status load_index(store::Records& records, MpiIndex& index) {
  store::SearchQuery query;
  query.type = "Patient";
  query.count = store::kSearchCountMax;
  fhir::Document document;
  while (true) {
    auto page = records.search(query);
    if (!page) return core::fail(page.error());
    for (const store::Resource& resource : *page) {
      document.reset();
      auto tree = fhir::parse_json(resource.body, document);
      if (!tree) return core::fail(core::ErrorCode::kStoreCorrupt, "stored Patient is not JSON");
      if (!is_replaced(**tree)) index.put(resource.id, person_of(**tree));
    }
    if (page->size() < query.count) return {};
    query.after_id = page->back().id;
  }
}

std::string to_json(const Match& match) {
  std::string guards;
  for (Guard guard : match.guards.list()) {
    guards += fmt::format("{}\"{}\"", guards.empty() ? "" : ",", to_text(guard));
  }
  std::string fields;
  for (std::size_t i = 0; i < kFields; ++i) {
    const auto field = static_cast<Field>(i);
    if (match.detail.level(field) == Level::kMissing) continue;
    fields += fmt::format("{}\"{}\":{{\"level\":\"{}\",\"weight\":{:.2f}}}",
                          fields.empty() ? "" : ",", to_text(field),
                          to_text(match.detail.level(field)),
                          static_cast<double>(match.detail.weights[i]));
  }
  return fmt::format("{{\"id\":\"{}\",\"grade\":\"{}\",\"weight\":{:.2f},\"score\":{:.6f},"
                     "\"guards\":[{}],\"fields\":{{{}}}}}",
                     match.id, to_text(match.grade), match.weight, match.score, guards, fields);
}

}  // namespace identity
