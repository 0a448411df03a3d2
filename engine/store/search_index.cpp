#include "search_index.hpp"

#include <core/hash.hpp>
#include <core/log.hpp>
#include <core/text.hpp>
#include <store/records.hpp>

#include <algorithm>
#include <array>
#include <charconv>

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

// What demographics queries ask for besides (IHE PDQm), of Patients alone.
constexpr std::array<std::string_view, 7> kDemographics = {
    "address", "address-city", "address-country", "address-postalcode", "address-state", "telecom",
    "active"};

constexpr std::array<std::string_view, 5> kCoarseTokens = {"category", "class", "clinical-status",
                                                           "gender", "intent"};

char letter_of(fhir::SearchKind kind) {
  switch (kind) {
    case fhir::SearchKind::kToken: return 't';
    case fhir::SearchKind::kReference: return 'r';
    case fhir::SearchKind::kDate: return 'd';
    case fhir::SearchKind::kString: return 's';
  }
  return '?';
}

void append_number(std::int64_t number, std::string& out) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}

bool is_clean(std::string_view text) {
  return text.size() <= fhir::kSearchTextBytesMax &&
         std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < ' '; });
}

void append_clean(std::string_view text, std::string& out) {
  const std::size_t from = out.size();
  out.append(text.substr(0, fhir::kSearchTextBytesMax));
  for (std::size_t i = from; i < out.size(); ++i) {
    if (static_cast<unsigned char>(out[i]) < ' ') out[i] = ' ';
  }
}

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
    const bool asked = type == "Patient" && has(kDemographics, param.name);
    if (!kind || (!asked && !is_indexed(*kind, param.name))) continue;
    std::string base, target;
    if (*kind == fhir::SearchKind::kReference &&
        split_type_filter(param.expression, base, target)) {
      const auto same = std::find_if(all.begin(), all.end(), [&](const auto& other) {
        return other.expression == base && other.type == param.type;
      });
      if (same != all.end()) {
        params.by_name[param.name] = {*kind, same->name, target, false};
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
    params.by_name[param.name] = {*kind, param.name, {}, is_coarse(*kind, param.name)};
  }
  params.words.assign(params.extracted.size(), 0);
  return params;
}

}  // namespace

bool is_coarse(fhir::SearchKind kind, std::string_view param) {
  return kind == fhir::SearchKind::kToken && has(kCoarseTokens, param);
}

std::string clean_search_text(std::string_view text) {
  std::string out;
  append_clean(text, out);
  return out;
}

TypeParams& SearchIndex::known_params(std::string_view type) {
  const auto known = types_.find(type);
  if (known != types_.end()) return known->second;
  return types_.emplace(std::string(type), load_params(r4_, type)).first->second;
}

void SearchIndex::forget() {
  for (auto& [type, params] : types_) params.words.assign(params.extracted.size(), 0);
}

core::Result<std::int64_t> SearchIndex::word_of(std::string_view type, TypeParams& params,
                                                std::size_t place) {
  std::int64_t& word = params.words.at(place);
  if (word != 0) return word;
  auto number = words_.number(std::string(type) + "." + params.extracted.at(place).name);
  if (!number) return number;
  word = *number;
  return number;
}

// One line of text an entry, so that old and new can be compared without asking the tables:
// kind and parameter, then system and code, or type and id, or start and finish, or the text.
core::Status SearchIndex::add_entry(std::int64_t param, const fhir::SearchValue& value) {
  std::int64_t word = 0;
  std::string_view text = value.code;
  if (value.kind == fhir::SearchKind::kToken && !value.system.empty()) {
    auto system = is_clean(value.system) ? words_.number(value.system)
                                         : words_.number(clean_search_text(value.system));
    if (!system) return core::fail(system.error());
    word = *system;
  } else if (!value.type.empty()) {
    auto target = words_.number(value.type);
    if (!target) return core::fail(target.error());
    word = *target;
    text.remove_prefix(value.type.size() + 1);
  }
  text_ += letter_of(value.kind);
  append_number(param, text_);
  text_ += kEntryField;
  switch (value.kind) {
    case fhir::SearchKind::kToken:
    case fhir::SearchKind::kReference:
      append_number(word, text_);
      text_ += kEntryField;
      append_clean(text, text_);
      break;
    case fhir::SearchKind::kDate:
      append_number(value.start, text_);
      text_ += kEntryField;
      append_number(value.end, text_);
      break;
    case fhir::SearchKind::kString: append_clean(text, text_); break;
  }
  return {};
}

// Leaves the entries in now_, sorted, each once; they stand in text_.
core::Status SearchIndex::collect(std::string_view type, const fhir::Node* tree) {
  now_.clear();
  text_.clear();
  if (!tree) return {};
  scratch_.reset();
  values_.clear();
  TypeParams& params = known_params(type);
  fhir::search_values(params.extracted, tree, scratch_, values_);
  ends_.clear();
  for (const fhir::SearchValue& value : values_) {
    const auto param = word_of(type, params, value.place);
    if (!param) return core::fail(param.error());
    if (auto status = add_entry(*param, value); !status) return status;
    ends_.push_back(text_.size());
  }
  std::size_t from = 0;
  for (const std::size_t end : ends_) {
    now_.push_back(std::string_view(text_).substr(from, end - from));
    from = end;
  }
  std::sort(now_.begin(), now_.end());
  now_.erase(std::unique(now_.begin(), now_.end()), now_.end());
  return {};
}

core::Result<std::string> SearchIndex::stored_entries(std::int64_t resource) {
  std::string entries;
  auto status = db_.query("SELECT entries FROM search_value WHERE resource=?1", {resource},
                          [&](const Row& row) {
                            entries = row.text(0);
                            return false;
                          });
  if (!status) return core::fail(status.error());
  return entries;
}

core::Result<std::uint64_t> SearchIndex::update(std::int64_t resource, std::string_view type,
                                                const fhir::Node* tree, std::uint64_t before) {
  if (auto status = collect(type, tree); !status) return core::fail(status.error());
  joined_.assign(1, kEntryEnd);
  for (const std::string_view entry : now_) joined_.append(entry) += kEntryEnd;
  const std::uint64_t hash =
      now_.empty() ? 0 : core::stable_hash(std::string_view(joined_).substr(1)) | 1;
  if (hash == before) return hash;

  std::string stored;
  std::vector<std::string_view> old;
  if (before != 0) {
    auto found = stored_entries(resource);
    if (!found) return core::fail(found.error());
    stored = std::move(*found);
    for (const std::string_view part : core::split(stored, kEntryEnd)) {
      if (!part.empty()) old.push_back(part);
    }
  }
  core::Status status = note_change(resource, type, old);
  if (!status) return core::fail(status.error());
  if (now_.empty()) {
    status = db_.run("DELETE FROM search_value WHERE resource=?1", {resource});
  } else if (before == 0) {
    status = db_.run("INSERT OR REPLACE INTO search_value(resource,entries) VALUES(?1,?2)",
                     {resource, Blob{joined_}});
  } else {
    status = db_.run("UPDATE search_value SET entries=?2 WHERE resource=?1",
                     {resource, Blob{joined_}});
  }
  if (!status) return core::fail(status.error());
  return hash;
}

namespace {

// What is in `from` and not in `other`, both sorted, each with kEntryEnd after it.
void difference(const std::vector<std::string_view>& from,
                const std::vector<std::string_view>& other, std::string& out) {
  out.clear();
  auto at = other.begin();
  for (const std::string_view one : from) {
    while (at != other.end() && *at < one) ++at;
    if (at == other.end() || *at != one) out.append(one) += kEntryEnd;
  }
}

Param blob_or_null(const std::string& bytes) {
  return bytes.empty() ? Param{nullptr} : Param{Blob{bytes}};
}

}  // namespace

core::Status SearchIndex::note_change(std::int64_t resource, std::string_view type,
                                      const std::vector<std::string_view>& old) {
  const auto word = words_.number(type);
  if (!word) return core::fail(word.error());
  difference(old, now_, gone_);
  difference(now_, old, added_);
  // A new resource's are those of search_value: not written twice.
  const Param added = old.empty() ? Param{nullptr} : Param{Blob{added_}};
  return db_.run(
      "INSERT INTO search_change(row,resource,type,gone,added) VALUES(?1,?2,?3,?4,?5)",
      {next_change_++, resource, *word, blob_or_null(gone_), added});
}

std::string entries_of_param(fhir::SearchKind kind, std::int64_t param) {
  std::string text(1, kEntryEnd);
  text += letter_of(kind);
  append_number(param, text);
  text += kEntryField;
  return text;
}

std::vector<std::string> indexed_params(const schema::R4& r4, std::string_view type) {
  std::vector<std::string> names;
  for (const auto& [name, param] : load_params(r4, type).by_name) names.push_back(name);
  return names;
}

}  // namespace store
