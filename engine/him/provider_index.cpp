#include "provider_index.hpp"

#include <core/micros.hpp>
#include <core/text.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace him {
namespace {

using core::instant;
using core::micros;

using store::Row;

bool is_personal_number(const fhir::Node& identifier) {
  constexpr std::string_view kPersonal[] = {"SS", "SB", "DL", "PPN", "TAX", "NI"};
  const fhir::Node* type = identifier.find("type");
  const fhir::Node* codings = type ? type->find("coding") : nullptr;
  for (const fhir::Item* item = codings ? codings->first_item : nullptr; item; item = item->next) {
    const std::string_view code = item->value->text_of("code");
    if (std::find(std::begin(kPersonal), std::end(kPersonal), code) != std::end(kPersonal)) {
      return true;
    }
  }
  return identifier.text_of("system") == "http://hl7.org/fhir/sid/us-ssn";
}

/// The authority in words: "NORTH" of "urn:site/id/NORTH", the number of an OID; "-" for none.
std::string_view label(std::string_view system) {
  constexpr std::string_view kId = "/id/", kOid = "urn:oid:";
  if (system.empty()) return "-";
  if (system.starts_with(kOid)) return system.substr(kOid.size());
  const std::size_t at = system.rfind(kId);
  return at == system.npos ? system : system.substr(at + kId.size());
}

/// Letters and digits of "Adams-Lee" up to the comma; what is not ASCII as it is.
std::string family_of(std::string_view name) {
  std::string out;
  for (const char c : name.substr(0, name.find(','))) {
    const bool other = static_cast<unsigned char>(c) >= 0x80;
    if (c >= 'A' && c <= 'Z') {
      out += static_cast<char>(c - 'A' + 'a');
    } else if (other || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      out += c;
    }
  }
  return out;
}

std::string_view initial_of(std::string_view name) {
  const std::size_t comma = name.find(',');
  const std::size_t at = comma == name.npos ? comma : name.find_first_not_of(' ', comma + 1);
  return at == name.npos ? std::string_view() : name.substr(at, 1);
}

bool one_name(std::string_view a, std::string_view b) {
  if (family_of(a).empty() || family_of(a) != family_of(b)) return false;
  return initial_of(a).empty() || initial_of(b).empty() ||
         core::iequals(initial_of(a), initial_of(b));
}

}  // namespace

core::Status ProviderIndex::load() {
  if (loaded_) return {};
  provider_.clear();
  numbers_.clear();
  physicians_.clear();
  auto done =
      db_.query("SELECT id, provider FROM him_provider", {}, [this](const Row& row) {
        provider_[std::string(row.text(0))] = row.text(1);
        return true;
      });
  if (done) {
    done = db_.query("SELECT reference, id FROM him_practitioner", {}, [this](const Row& row) {
      numbers_[std::string(row.text(0))] = row.text(1);
      return true;
    });
  }
  if (done) {
    done = db_.query("SELECT number, system, id, name FROM him_physician ORDER BY number, system",
                     {}, [this](const Row& row) {
                       physicians_[std::string(row.text(0))].push_back({std::string(row.text(1)),
                                                                        std::string(row.text(2)),
                                                                        std::string(row.text(3))});
                       return true;
                     });
  }
  loaded_ = done.has_value();
  return done;
}

const std::string& ProviderIndex::number_of(std::string_view reference) const {
  static const std::string kNone;
  const auto found = numbers_.find(reference);
  return found == numbers_.end() ? kNone : found->second;
}

core::Result<std::string> ProviderIndex::find(std::string_view words) const {
  if (const std::string& number = number_of(words); !number.empty()) return of(number);
  if (const auto known = physicians_.find(words); known != physicians_.end()) {
    std::map<std::string, const Number*> candidates;   // by id, with the fullest name
    for (const Number& one : known->second) {
      const Number*& best = candidates[of(one.id)];
      if (!best || best->name.size() < one.name.size()) best = &one;
    }
    if (candidates.size() == 1) return candidates.begin()->first;
    std::vector<std::string> all;
    for (const auto& [id, one] : candidates) {
      all.push_back(fmt::format("{}@{} ({})", words, label(one->system),
                                one->name.empty() ? "no name" : one->name));
    }
    return core::fail(core::ErrorCode::kBadRequest,
                      fmt::format("{} is the number of {} physicians, say which: {}", words,
                                  all.size(), fmt::join(all, ", ")));
  }
  const std::size_t at = words.rfind('@');
  if (at != words.npos) {
    const auto known = physicians_.find(words.substr(0, at));
    const std::string_view authority = words.substr(at + 1);
    for (std::size_t i = 0; known != physicians_.end() && i < known->second.size(); ++i) {
      const Number& one = known->second[i];
      if (core::iequals(label(one.system), authority) || one.system == authority) return of(one.id);
    }
  }
  return of(std::string(words));
}

bool ProviderIndex::knows(std::string_view words) const {
  if (physicians_.contains(words) || provider_.contains(words)) return true;
  if (!number_of(words).empty()) return true;
  const std::size_t at = words.rfind('@');
  const auto known = at == words.npos ? physicians_.end() : physicians_.find(words.substr(0, at));
  if (known == physicians_.end()) return false;
  return std::any_of(known->second.begin(), known->second.end(), [&](const Number& one) {
    return one.id == words || core::iequals(label(one.system), words.substr(at + 1)) ||
           one.system == words.substr(at + 1);
  });
}

std::string ProviderIndex::like(std::string_view words) const {
  std::vector<std::string_view> numbers;
  const std::string family = family_of(words);
  std::string_view found;
  for (const auto& [number, known] : physicians_) {
    numbers.push_back(number);
    const bool called = std::any_of(known.begin(), known.end(), [&family](const Number& one) {
      return !family.empty() && family_of(one.name) == family;
    });
    if (called && found.empty()) found = number;
  }
  if (found.empty()) found = core::nearest(words.substr(0, words.find('@')), numbers);
  if (found.empty()) return {};
  const std::string name = name_of(found);
  return name.empty() ? std::string(found) : fmt::format("{} ({})", found, name);
}

std::string ProviderIndex::owner_of(std::string_view words) const {
  auto found = find(words);
  return found ? std::move(*found) : of(std::string(words));
}

std::string ProviderIndex::name_of(std::string_view id) const {
  const auto named = [id](const std::vector<Number>& known) -> std::string {
    for (const Number& one : known) {
      if (one.id == id && !one.name.empty()) return one.name;
    }
    return {};
  };
  for (const std::string_view number : {id, id.substr(0, id.rfind('@'))}) {
    const auto known = physicians_.find(number);
    if (known == physicians_.end()) continue;
    if (std::string name = named(known->second); !name.empty()) return name;
  }
  return {};
}

/// The one of the same name, else the number alone where nobody else has it.
std::string ProviderIndex::new_id(std::string_view number, std::string_view system,
                                  std::string_view name, const std::vector<Number>& known) const {
  bool taken = false;
  for (const Number& one : known) {
    if (one_name(one.name, name)) return one.id;
    taken = taken || !one.system.empty();
  }
  if (system.empty() || !taken) return std::string(number);
  std::string id = fmt::format("{}@{}", number, label(system));
  for (const Number& one : known) {
    if (one.id == id) return fmt::format("{}@{}", number, system);   // another of that short name
  }
  return id;
}

core::Result<std::string> ProviderIndex::note_identifier(std::string_view number,
                                                         std::string_view system,
                                                         std::string_view name) {
  if (auto done = load(); !done) return core::fail(done.error());
  std::vector<Number>& known = physicians_[std::string(number)];
  const auto row = std::find_if(known.begin(), known.end(),
                                [&](const Number& one) { return one.system == system; });
  if (row != known.end() && (row->name == name || name.empty())) return row->id;
  const std::string id = row != known.end() ? row->id : new_id(number, system, name, known);
  const auto done = db_.run(
      "INSERT INTO him_physician (number, system, id, name) VALUES (?1, ?2, ?3, ?4) ON CONFLICT "
      "(number, system) DO UPDATE SET name = excluded.name",
      {number, system, std::string_view(id), name});
  if (!done) return core::fail(done.error());
  if (row != known.end()) {
    row->name = name;
  } else {
    known.push_back({std::string(system), id, std::string(name)});
  }
  return id;
}

core::Status ProviderIndex::note_number(std::string_view reference, std::string_view id) {
  if (auto done = load(); !done) return done;
  if (number_of(reference) == id) return {};
  numbers_[std::string(reference)] = id;
  return db_.run(
      "INSERT INTO him_practitioner (reference, id) VALUES (?1, ?2) ON CONFLICT (reference) DO "
      "UPDATE SET id = excluded.id",
      {reference, id});
}

const std::string& ProviderIndex::of(const std::string& id) const {
  const auto found = provider_.find(id);
  return found == provider_.end() ? id : found->second;
}

std::vector<std::string> ProviderIndex::aliases_of(std::string_view id) const {
  std::vector<std::string> found;
  for (const auto& [alias, provider] : provider_) {
    if (provider == id) found.push_back(alias);
  }
  for (const auto& [reference, number] : numbers_) {   // charts may name any of its resources
    if (of(number) == id) found.push_back(reference);
  }
  return found;
}

core::Result<std::string> ProviderIndex::join(std::string_view id, std::string_view other,
                                              std::string_view name, std::string_view how,
                                              core::Instant when) {
  if (auto done = load(); !done) return core::fail(done.error());
  const std::string into = of(std::string(id));
  const std::string from = of(std::string(other));
  if (into == from) return std::string();
  auto done = db_.run("UPDATE him_provider SET provider = ?1 WHERE provider = ?2",
                      {std::string_view(into), std::string_view(from)});
  if (done) {
    done = db_.run(
        "INSERT INTO him_provider (id, provider, name, how, joined) VALUES (?1, ?2, ?3, ?4, ?5) "
        "ON CONFLICT (id) DO UPDATE SET provider = excluded.provider, how = excluded.how",
        {std::string_view(from), std::string_view(into), name, how, micros(when)});
  }
  loaded_ = false;
  if (done) done = load();
  if (!done) return core::fail(done.error());
  return from;
}

core::Result<bool> ProviderIndex::part(std::string_view other) {
  if (auto done = load(); !done) return core::fail(done.error());
  if (!provider_.contains(other)) return false;
  auto done = db_.run("DELETE FROM him_provider WHERE id = ?1", {other});
  loaded_ = false;
  if (done) done = load();
  if (!done) return core::fail(done.error());
  return true;
}

core::Result<std::vector<std::string>> ProviderIndex::ids_in(const fhir::Node& practitioner,
                                                             std::string_view name) {
  std::vector<std::string> ids;
  const fhir::Node* list = practitioner.find("identifier");
  for (const fhir::Item* item = list ? list->first_item : nullptr; item; item = item->next) {
    const std::string_view value = item->value->text_of("value");
    if (value.empty() || is_personal_number(*item->value)) continue;
    if (ids.size() >= kProviderIdsMax) break;
    auto id = note_identifier(value, item->value->text_of("system"), name);
    if (!id) return core::fail(id.error());
    if (std::find(ids.begin(), ids.end(), *id) == ids.end()) ids.push_back(std::move(*id));
  }
  return ids;
}

core::Result<std::vector<Provider>> providers(store::Records& records) {
  std::map<std::string, Provider> found;
  const auto done = records.db().query(
      "SELECT id, provider, name, how, joined FROM him_provider ORDER BY provider, id", {},
      [&found](const Row& row) {
        Provider& one = found[std::string(row.text(1))];
        one.id = row.text(1);
        if (one.name.empty()) one.name = row.text(2);
        one.aliases.push_back(
            {std::string(row.text(0)), std::string(row.text(3)), instant(row.integer(4))});
        return true;
      });
  if (!done) return core::fail(done.error());
  std::vector<Provider> all;
  for (auto& [id, one] : found) all.push_back(std::move(one));
  return all;
}

}  // namespace him
