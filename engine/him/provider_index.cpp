#include "provider_index.hpp"

#include <algorithm>

namespace him {
namespace {

using store::Row;

std::int64_t micros(core::Instant at) { return at.time_since_epoch().count(); }
core::Instant instant(std::int64_t micros) {
  return core::Instant{std::chrono::microseconds{micros}};
}

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

}  // namespace

core::Status ProviderIndex::load() {
  if (loaded_) return {};
  provider_.clear();
  numbers_.clear();
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
  loaded_ = done.has_value();
  return done;
}

const std::string& ProviderIndex::number_of(std::string_view reference) const {
  static const std::string kNone;
  const auto found = numbers_.find(reference);
  return found == numbers_.end() ? kNone : found->second;
}

std::string ProviderIndex::owner_of(std::string_view words) const {
  const std::string& number = number_of(words);
  return of(number.empty() ? std::string(words) : number);
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

std::vector<std::string> ProviderIndex::ids_in(const fhir::Node& practitioner) {
  std::vector<std::string> ids;
  const fhir::Node* list = practitioner.find("identifier");
  for (const fhir::Item* item = list ? list->first_item : nullptr; item; item = item->next) {
    const std::string_view value = item->value->text_of("value");
    if (value.empty() || is_personal_number(*item->value)) continue;
    if (std::find(ids.begin(), ids.end(), value) != ids.end()) continue;
    if (ids.size() < kProviderIdsMax) ids.emplace_back(value);
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
