#include "search_index.hpp"

#include <core/hash.hpp>
#include <core/log.hpp>
#include <core/text.hpp>
#include <fhir/reference.hpp>
#include <store/records.hpp>

#include <algorithm>
#include <array>
#include <iterator>

namespace store {
namespace {

// Every parameter costs a write for each resource that has it, so only these; all references are
// kept, because a merge must find whatever points to a patient.
constexpr std::array<std::string_view, 9> kTokens = {
    "identifier", "code", "status", "category", "class", "type", "gender", "clinical-status",
    "intent"};
constexpr std::array<std::string_view, 11> kDates = {
    "date",   "birthdate", "issued",  "period",  "onset-date", "recorded-date",
    "authored", "authored-on", "created", "recorded", "identified"};
constexpr std::array<std::string_view, 3> kStrings = {"name", "family", "given"};

constexpr char kField = '\x1f';
constexpr char kEnd = '\x1e';

template <std::size_t N>
bool has(const std::array<std::string_view, N>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

bool is_indexed(fhir::SearchKind kind, std::string_view name) {
  switch (kind) {
    case fhir::SearchKind::kToken: return has(kTokens, name);
    case fhir::SearchKind::kDate: return has(kDates, name);
    case fhir::SearchKind::kString: return has(kStrings, name);
    case fhir::SearchKind::kReference: return true;
  }
  return false;
}

// "Encounter.subject.where(resolve() is Patient)" -> "Encounter.subject", "Patient"
bool split_type_filter(std::string_view expression, std::string& base, std::string& type) {
  constexpr std::string_view kWhere = ".where(resolve() is ";
  const std::size_t at = expression.find(kWhere);
  if (at == std::string_view::npos || !expression.ends_with(")")) return false;
  base = expression.substr(0, at);
  type = expression.substr(at + kWhere.size());
  type.pop_back();
  return type.find_first_of(" |()") == std::string::npos;
}

TypeParams load_params(const schema::R4& r4, std::string_view type) {
  TypeParams params;
  const auto all = r4.search_params(type);
  for (const schema::R4::SearchParam& param : all) {
    const auto kind = fhir::search_kind(param.type);
    if (!kind || !is_indexed(*kind, param.name)) continue;
    std::string base, target;
    if (*kind == fhir::SearchKind::kReference &&
        split_type_filter(param.expression, base, target)) {
      const auto same = std::find_if(all.begin(), all.end(), [&](const auto& other) {
        return other.expression == base && other.type == param.type;
      });
      if (same != all.end()) {
        params.by_name[param.name] = {*kind, same->name, target};
        continue;
      }
    }
    auto path = fhir::Path::compile(param.expression);
    if (!path) {
      core::log_warn("search-parameter-not-indexed",
                     {{"type", type}, {"name", param.name}, {"error", path.error().text()}});
      continue;
    }
    params.extracted.push_back({param.name, *kind, std::move(*path)});
    params.by_name[param.name] = {*kind, param.name, {}};
  }
  return params;
}

}  // namespace

std::string clean_search_text(std::string_view text) {
  std::string out(text.substr(0, fhir::kSearchTextBytesMax));
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  return out;
}

const TypeParams& SearchIndex::params_of(std::string_view type) {
  const auto known = types_.find(type);
  if (known != types_.end()) return known->second;
  return types_.emplace(std::string(type), load_params(r4_, type)).first->second;
}

// One line of text an entry, so that old and new can be compared without asking the tables:
// kind and parameter, then system and code, or type and id, or start and finish, or the text.
core::Result<std::string> SearchIndex::entry_of(std::string_view type,
                                                const fhir::SearchValue& value) {
  auto param = words_.number(std::string(type) + "." + std::string(value.param));
  if (!param) return core::fail(param.error());
  std::string entry = std::to_string(*param) + kField;
  std::int64_t word = 0;
  switch (value.kind) {
    case fhir::SearchKind::kToken: {
      if (!value.system.empty()) {
        auto system = words_.number(clean_search_text(value.system));
        if (!system) return core::fail(system.error());
        word = *system;
      }
      return "t" + entry + std::to_string(word) + kField + clean_search_text(value.code);
    }
    case fhir::SearchKind::kReference: {
      const fhir::Reference reference = fhir::split_reference(value.code);
      const bool local = reference.base.empty() && !reference.type.empty();
      if (local) {
        auto target = words_.number(reference.type);
        if (!target) return core::fail(target.error());
        word = *target;
      }
      return "r" + entry + std::to_string(word) + kField +
             clean_search_text(local ? reference.id : std::string_view(value.code));
    }
    case fhir::SearchKind::kDate:
      return "d" + entry + std::to_string(value.start) + kField + std::to_string(value.end);
    case fhir::SearchKind::kString: return "s" + entry + clean_search_text(value.code);
  }
  return entry;
}

core::Result<std::vector<std::string>> SearchIndex::entries_of(std::string_view type,
                                                               const fhir::Node* tree) {
  std::vector<std::string> entries;
  if (!tree) return entries;
  scratch_.reset();
  values_.clear();
  fhir::search_values(params_of(type).extracted, tree, scratch_, values_);
  entries.reserve(values_.size());
  for (const fhir::SearchValue& value : values_) {
    auto entry = entry_of(type, value);
    if (!entry) return core::fail(entry.error());
    entries.push_back(std::move(*entry));
  }
  std::sort(entries.begin(), entries.end());
  entries.erase(std::unique(entries.begin(), entries.end()), entries.end());
  return entries;
}

core::Result<std::vector<std::string>> SearchIndex::stored_entries(std::int64_t resource) {
  std::vector<std::string> entries;
  auto status = db_.query("SELECT entries FROM search_value WHERE resource=?1", {resource},
                          [&](const Row& row) {
                            for (std::string_view part : core::split(row.text(0), kEnd)) {
                              if (!part.empty()) entries.emplace_back(part);
                            }
                            return false;
                          });
  if (!status) return core::fail(status.error());
  return entries;
}

core::Result<std::uint64_t> SearchIndex::update(std::int64_t resource, std::string_view type,
                                                const fhir::Node* tree, std::uint64_t before) {
  const auto now = entries_of(type, tree);
  if (!now) return core::fail(now.error());
  std::string joined;
  for (const std::string& entry : *now) joined.append(entry) += kEnd;
  const std::uint64_t hash = now->empty() ? 0 : core::stable_hash(joined) | 1;
  if (hash == before) return hash;

  std::vector<std::string> old;
  if (before != 0) {
    auto stored = stored_entries(resource);
    if (!stored) return core::fail(stored.error());
    old = std::move(*stored);
  }
  std::vector<std::string> gone, added;
  std::set_difference(old.begin(), old.end(), now->begin(), now->end(), std::back_inserter(gone));
  std::set_difference(now->begin(), now->end(), old.begin(), old.end(),
                      std::back_inserter(added));
  core::Status status;
  for (const std::string& entry : gone) {
    if (status = write(resource, entry, false); !status) return core::fail(status.error());
  }
  for (const std::string& entry : added) {
    if (status = write(resource, entry, true); !status) return core::fail(status.error());
  }
  if (status = note(resource, *now, joined); !status) return core::fail(status.error());
  return hash;
}

core::Status SearchIndex::note(std::int64_t resource, const std::vector<std::string>& entries,
                               const std::string& joined) {
  if (entries.empty()) return db_.run("DELETE FROM search_value WHERE resource=?1", {resource});
  std::vector<std::string_view> params;
  for (const std::string& entry : entries) {
    params.push_back(std::string_view(entry).substr(1, entry.find(kField) - 1));
  }
  std::sort(params.begin(), params.end());
  params.erase(std::unique(params.begin(), params.end()), params.end());
  std::string list = ",";
  for (std::string_view param : params) list.append(param) += ',';
  return db_.run(
      "INSERT INTO search_value(resource,params,entries) VALUES(?1,?2,?3)"
      " ON CONFLICT(resource) DO UPDATE SET params=excluded.params,entries=excluded.entries",
      {resource, list, Blob{joined}});
}

core::Status SearchIndex::write(std::int64_t resource, const std::string& entry, bool add) {
  const auto fields = core::split(std::string_view(entry).substr(1), kField);
  const std::int64_t param = core::to_int(fields.at(0)).value_or(0);
  const auto number = [&](std::size_t n) { return core::to_int(fields.at(n)).value_or(0); };
  switch (entry.front()) {
    case 't':
      return db_.run(add ? "INSERT INTO search_token(param,code,resource,system)"
                           " VALUES(?1,?2,?3,?4) ON CONFLICT DO NOTHING"
                         : "DELETE FROM search_token"
                           " WHERE param=?1 AND code=?2 AND resource=?3 AND system=?4",
                     {param, fields.at(2), resource, number(1)});
    case 'r':
      return db_.run(add ? "INSERT INTO search_reference(param,id,type,resource)"
                           " VALUES(?1,?2,?3,?4) ON CONFLICT DO NOTHING"
                         : "DELETE FROM search_reference"
                           " WHERE param=?1 AND id=?2 AND type=?3 AND resource=?4",
                     {param, fields.at(2), number(1), resource});
    case 'd':
      return db_.run(add ? "INSERT INTO search_date(resource,param,start,finish)"
                           " VALUES(?1,?2,?3,?4) ON CONFLICT DO NOTHING"
                         : "DELETE FROM search_date"
                           " WHERE resource=?1 AND param=?2 AND start=?3 AND finish=?4",
                     {resource, param, number(1), number(2)});
    default:
      return db_.run(add ? "INSERT INTO search_string(param,folded,resource)"
                           " VALUES(?1,?2,?3) ON CONFLICT DO NOTHING"
                         : "DELETE FROM search_string WHERE param=?1 AND folded=?2 AND resource=?3",
                     {param, fields.at(1), resource});
  }
}

std::vector<std::string> indexed_params(const schema::R4& r4, std::string_view type) {
  std::vector<std::string> names;
  for (const auto& [name, param] : load_params(r4, type).by_name) names.push_back(name);
  return names;
}

}  // namespace store
