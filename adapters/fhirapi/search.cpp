#include "search.hpp"

#include <fhirapi/api.hpp>

#include <algorithm>
#include <array>
#include <core/text.hpp>
#include <fhir/reference.hpp>
#include <fhir/search_values.hpp>

namespace fhirapi {

namespace {

using core::ErrorCode;
using fhir::SearchKind;

constexpr std::size_t kTargetsMax = 20;   ///< types a bare reference id is tried as

const schema::R4::SearchParam* find_param(const schema::R4& r4, std::string_view type,
                                          std::string_view name) {
  for (const auto& param : r4.search_params(type)) {
    if (param.name == name) return &param;
  }
  return nullptr;
}

/// Types that a reference parameter may point to, from `resolve() is X` or from the element.
std::vector<std::string> targets_of(const schema::R4& r4, std::string_view type,
                                    std::string_view expression) {
  constexpr std::string_view kIs = "resolve() is ";
  if (const auto at = expression.find(kIs); at != std::string_view::npos) {
    std::string_view name = expression.substr(at + kIs.size());
    return {std::string(name.substr(0, name.find_first_of(" )|")))};
  }
  if (expression.find_first_of(" (|") != std::string_view::npos) return {};
  std::string path(type);
  const schema::ElementDef* element = nullptr;
  const auto steps = core::split(expression, '.');
  for (std::size_t n = 1; n < steps.size(); ++n) {
    element = r4.child(path, steps[n]);
    if (!element) return {};
    path = element->path;
  }
  return element ? element->targets : std::vector<std::string>();
}

/// A reference as the index has it: "Type/id", other servers' URLs as they are.
void put_reference(std::string_view value, std::string_view base,
                   const std::vector<std::string>& targets, std::vector<std::string>& out) {
  if (value.starts_with(base) && value.size() > base.size() && value[base.size()] == '/') {
    value.remove_prefix(base.size() + 1);
  }
  const bool bare = fhir::is_valid_id(value);
  if (!bare || targets.empty() || targets.size() > kTargetsMax) {
    out.emplace_back(value);
    return;
  }
  for (const std::string& target : targets) out.push_back(target + "/" + std::string(value));
}

bool known_modifier(SearchKind kind, std::string_view modifier) {
  if (modifier.empty() || modifier == "missing") return true;
  if (kind == SearchKind::kString) return modifier == "exact" || modifier == "contains";
  return kind == SearchKind::kToken && modifier == "not";
}

class Parser {
 public:
  Parser(const schema::R4& r4, std::string_view type, const std::vector<std::string>& searchable,
         std::string_view base)
      : r4_(r4), type_(type), searchable_(searchable), base_(base) {
    request_.query.type = type;
    request_.query.count = kPageDefault;
  }

  core::Status take(const std::string& key, const std::string& value) {
    if (result_parameter(key, value)) return {};
    const auto colon = key.find(':');
    const std::string name = key.substr(0, colon);
    const std::string modifier = colon == std::string::npos ? "" : key.substr(colon + 1);
    const auto kind = kind_of(name);
    if (!kind) {
      request_.ignored.push_back(name);
      return {};
    }
    if (value.empty()) return {};   // R4 3.1.1.3: a parameter without value is left out
    if (request_.query.clauses.size() == kSearchClausesMax) {
      return core::fail(ErrorCode::kBadSearch, "too many search parameters");
    }
    auto clause = clause_of(*kind, name, modifier, value);
    if (!clause) return core::fail(clause.error());
    request_.query.clauses.push_back(std::move(*clause));
    request_.used.emplace_back(key, value);
    return {};
  }

  SearchRequest finish() { return std::move(request_); }

 private:
  /// What shapes the answer and selects nothing. @return whether `key` is one of these.
  bool result_parameter(const std::string& key, const std::string& value) {
    if (key == "_format" || key == "_pretty") return true;
    if (key == "_cursor") {
      request_.query.after_id = value;
      return true;
    }
    if (key == "_count") {
      const auto count = core::to_int(value);
      if (!count || *count < 0) return false;
      if (*count == 0) request_.count_only = true;
      request_.query.count =
          static_cast<std::uint32_t>(std::clamp<std::int64_t>(*count, 1, kPageMax));
    } else if (key == "_summary" && (value == "count" || value == "false")) {
      request_.count_only = request_.count_only || value == "count";
    } else if (key == "_total" &&
               (value == "accurate" || value == "none" || value == "estimate")) {
      request_.total = value != "none";
    } else {
      return false;
    }
    request_.used.emplace_back(key, value);
    return true;
  }

  std::optional<SearchKind> kind_of(const std::string& name) {
    if (name == "_id") return SearchKind::kToken;
    if (name == "_lastUpdated") return SearchKind::kDate;
    if (std::find(searchable_.begin(), searchable_.end(), name) == searchable_.end()) return {};
    const auto* param = find_param(r4_, type_, name);
    return param ? fhir::search_kind(param->type) : std::nullopt;
  }

  core::Result<store::SearchQuery::Clause> clause_of(SearchKind kind, const std::string& name,
                                                     std::string modifier,
                                                     const std::string& value) {
    store::SearchQuery::Clause clause{.name = name};
    std::vector<std::string> targets;
    if (kind == SearchKind::kReference) {
      if (r4_.is_resource(modifier)) {
        targets = {std::exchange(modifier, {})};   // subject:Patient=1
      } else if (const auto* param = find_param(r4_, type_, name)) {
        targets = targets_of(r4_, type_, param->expression);
      }
    }
    if (!known_modifier(kind, modifier)) {
      return core::fail(ErrorCode::kBadSearch, "the modifier of " + name + " is not supported");
    }
    clause.modifier = modifier;
    if (modifier == "missing" && value != "true" && value != "false") {
      return core::fail(ErrorCode::kBadSearch, name + ":missing takes true or false");
    }
    for (std::string& part : fhir::split_search_values(value)) {
      if (modifier.empty() && kind == SearchKind::kDate && !fhir::parse_date_query(part)) {
        return core::fail(ErrorCode::kBadSearch, name + " is no date, or has an unknown prefix");
      }
      if (modifier.empty() && kind == SearchKind::kReference) {
        put_reference(part, base_, targets, clause.values);
      } else {
        clause.values.push_back(std::move(part));
      }
    }
    if (clause.values.size() > kSearchValuesOredMax) {
      return core::fail(ErrorCode::kBadSearch, name + " has too many values");
    }
    return clause;
  }

  const schema::R4& r4_;
  const std::string type_;
  const std::vector<std::string>& searchable_;
  const std::string_view base_;
  SearchRequest request_;
};

}  // namespace

core::Result<SearchRequest> parse_search(const schema::R4& r4, std::string_view type,
                                         const net::HttpPairs& parameters,
                                         const std::vector<std::string>& searchable,
                                         std::string_view base, bool strict) {
  Parser parser(r4, type, searchable, base);
  for (const auto& [key, value] : parameters) {
    if (const auto status = parser.take(key, value); !status) return core::fail(status.error());
  }
  SearchRequest request = parser.finish();
  if (strict && !request.ignored.empty()) {
    // A name comes from the request, so it may hold anything: known ones alone are repeated.
    return core::fail(ErrorCode::kBadSearch, "a search parameter is unknown or not supported here");
  }
  return request;
}

std::string query_string(const net::HttpPairs& parameters) {
  static constexpr std::string_view kPlain = "-._~:/,|$!*'()@";
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  const auto put = [&out](std::string_view text) {
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      const bool letter =
          (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
      if (letter || kPlain.find(c) != std::string_view::npos) {
        out += c;
      } else {
        out += {'%', kHex[byte >> 4], kHex[byte & 15]};
      }
    }
  };
  for (const auto& [key, value] : parameters) {
    out += out.empty() ? '?' : '&';
    put(key);
    out += '=';
    put(value);
  }
  return out;
}

}  // namespace fhirapi
