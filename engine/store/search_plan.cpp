// FHIR search (http://hl7.org/fhir/R4/search.html) as SQL: the clause with the fewest matches in
// search.db leads, and whatever is not in there yet is a candidate too; then every clause is
// checked against the candidate's entries.
#include "records_impl.hpp"
#include "search_entry.hpp"

#include <fhir/reference.hpp>
#include <fhir/search_values.hpp>

#include <algorithm>
#include <deque>
#include <functional>
#include <optional>

namespace store {
namespace {

using core::ErrorCode;
using fhir::SearchKind;

constexpr std::size_t kClausesMax = 30;
constexpr std::size_t kValuesMax = 100;
// A clause that matches fewer resources than this may lead; with none, resources are walked by id.
constexpr std::int64_t kLeadMax = 20'000;

// SQL text and the values bound in it, numbered as they come.
class Sql {
 public:
  std::string text;

  std::string bind(std::int64_t value) {
    params_.emplace_back(value);
    return "?" + std::to_string(params_.size());
  }
  std::string bind(std::string value) {
    kept_.push_back(std::move(value));
    params_.emplace_back(std::string_view(kept_.back()));
    return "?" + std::to_string(params_.size());
  }
  std::span<const Param> params() const { return params_; }

 private:
  std::deque<std::string> kept_;
  std::vector<Param> params_;
};

enum class Special { kNone, kId, kLastUpdated };

struct Clause {
  Special special = Special::kNone;
  SearchKind kind = SearchKind::kToken;
  std::int64_t param = 0;          // 0: nothing was ever indexed under it
  std::string target_type;         // references: only these
  bool coarse = false;             // without rows of its own
  bool negated = false, contains = false, exact = false;
  std::optional<bool> missing;
  std::vector<std::string> values;
};

core::Error bad_search(const SearchQuery::Clause& clause, std::string_view why) {
  const std::string modifier = clause.modifier.empty() ? "" : ":" + clause.modifier;
  return {ErrorCode::kBadSearch, clause.name + modifier + ": " + std::string(why), {}};
}

core::Status read_modifier(const SearchQuery::Clause& from, const schema::R4* r4, Clause& into) {
  const std::string& modifier = from.modifier;
  const bool is_string = into.kind == SearchKind::kString && into.special == Special::kNone;
  if (modifier.empty()) return {};
  if (into.special != Special::kNone) return core::fail(bad_search(from, "no modifier fits"));
  if (modifier == "missing") {
    if (from.values.size() != 1 || (from.values[0] != "true" && from.values[0] != "false")) {
      return core::fail(bad_search(from, "true or false expected"));
    }
    into.missing = from.values[0] == "true";
  } else if (modifier == "not" && into.kind == SearchKind::kToken) {
    into.negated = true;
  } else if (modifier == "exact" && is_string) {
    into.exact = true;
  } else if (modifier == "contains" && is_string) {
    into.contains = true;
  } else if (into.kind == SearchKind::kReference && r4 && r4->is_resource(modifier)) {
    into.target_type = modifier;
  } else {
    return core::fail(bad_search(from, "the modifier is not supported"));
  }
  return {};
}

core::Result<Clause> read_clause(Words& words, SearchIndex& index, const std::string& type,
                                 const SearchQuery::Clause& from) {
  Clause clause;
  if (from.values.empty()) return core::fail(bad_search(from, "no value"));
  if (from.values.size() > kValuesMax) return core::fail(bad_search(from, "too many values"));
  clause.values = from.values;
  if (from.name == "_id") {
    clause.special = Special::kId;
  } else if (from.name == "_lastUpdated") {
    clause.special = Special::kLastUpdated;
    clause.kind = SearchKind::kDate;
  } else {
    const TypeParams& params = index.params_of(type);
    const auto found = params.by_name.find(from.name);
    if (found == params.by_name.end()) return core::fail(bad_search(from, "unknown parameter"));
    clause.kind = found->second.kind;
    clause.target_type = found->second.target_type;
    clause.coarse = found->second.coarse;
    auto word = words.find(type + "." + found->second.stored_as);
    if (!word) return core::fail(word.error());
    clause.param = *word;
  }
  if (auto status = read_modifier(from, &index.r4(), clause); !status) {
    return core::fail(status.error());
  }
  if (clause.kind == SearchKind::kDate && !clause.missing) {
    for (const std::string& value : clause.values) {
      if (!fhir::parse_date_query(value)) return core::fail(bad_search(from, "not a date"));
    }
  }
  return clause;
}

core::Result<std::vector<Clause>> read_clauses(Words& words, SearchIndex& index,
                                               const SearchQuery& query) {
  if (query.clauses.size() > kClausesMax) {
    return core::fail(ErrorCode::kBadSearch, "too many parameters");
  }
  std::vector<Clause> clauses;
  for (const SearchQuery::Clause& from : query.clauses) {
    auto clause = read_clause(words, index, query.type, from);
    if (!clause) return core::fail(clause.error());
    clauses.push_back(std::move(*clause));
  }
  return clauses;
}

// fhir::DateQuery::matches() in SQL; `low` and `high` are the columns of the stored span.
std::string date_condition(Sql& sql, const std::string& text, const std::string& low,
                           const std::string& high) {
  const fhir::DateQuery query = *fhir::parse_date_query(text);
  const auto start = [&] { return sql.bind(query.range.start); };
  const auto end = [&] { return sql.bind(query.range.end); };
  const auto within = [&] {
    return "(" + low + ">=" + start() + " AND " + high + "<=" + end() + ")";
  };
  using Prefix = fhir::DateQuery::Prefix;
  switch (query.prefix) {
    case Prefix::kEq: return within();
    case Prefix::kNe: return "NOT " + within();
    case Prefix::kGt: return high + ">" + end();
    case Prefix::kLt: return low + "<" + start();
    case Prefix::kGe: return "(" + high + ">" + end() + " OR " + within() + ")";
    case Prefix::kLe: return "(" + low + "<" + start() + " OR " + within() + ")";
    case Prefix::kSa: return low + ">=" + end();
    case Prefix::kEb: return high + "<=" + start();
    case Prefix::kAp: return "(" + low + "<" + end() + " AND " + high + ">" + start() + ")";
  }
  return "0=1";
}

core::Result<std::string> token_condition(Sql& sql, Words& words, const std::string& value) {
  const fhir::TokenQuery query = fhir::parse_token_query(value);
  if (query.code.empty() && (!query.system || query.system->empty())) return std::string("0=1");
  std::int64_t system = 0;
  if (query.system && !query.system->empty()) {
    const auto word = words.find(clean_search_text(*query.system));
    if (!word) return core::fail(word.error());
    if (*word == 0) return std::string("0=1");
    system = *word;
  }
  std::string condition;
  if (!query.code.empty()) condition = "code=" + sql.bind(clean_search_text(query.code));
  if (!query.system) return condition;
  return condition + (condition.empty() ? "" : " AND ") + "system=" + sql.bind(system);
}

/// What a reference names: the type's word, 0 when any will do; nullopt: nothing can match.
struct Target {
  std::int64_t type = 0;
  std::string id;
};
core::Result<std::optional<Target>> target_of(Words& words, const Clause& clause,
                                              const std::string& value) {
  const std::string text = fhir::unescape_search_value(value);
  const fhir::Reference reference = fhir::split_reference(text);
  const bool local = reference.base.empty() && !reference.type.empty();
  Target target;
  target.id = clean_search_text(local ? reference.id : std::string_view(text));
  const std::string_view stated = local ? reference.type : std::string_view();
  const std::string_view wanted = clause.target_type;
  if (!stated.empty() && !wanted.empty() && stated != wanted) return std::optional<Target>();
  const std::string_view type = stated.empty() ? wanted : stated;
  if (type.empty()) return std::optional<Target>(std::move(target));
  const auto word = words.find(type);
  if (!word) return core::fail(word.error());
  if (*word == 0) return std::optional<Target>();
  target.type = *word;
  return std::optional<Target>(std::move(target));
}

core::Result<std::string> reference_condition(Sql& sql, Words& words, const Clause& clause,
                                              const std::string& value) {
  const auto target = target_of(words, clause, value);
  if (!target) return core::fail(target.error());
  if (!*target) return std::string("0=1");
  std::string condition = "id=" + sql.bind((*target)->id);
  if ((*target)->type != 0) condition += " AND type=" + sql.bind((*target)->type);
  return condition;
}

std::string like_pattern(const std::string& part) {
  std::string pattern = "%";
  for (const char c : part) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern + "%";
}

std::string string_condition(Sql& sql, const Clause& clause, const std::string& value) {
  const std::string folded =
      clean_search_text(fhir::fold_search_text(fhir::unescape_search_value(value)));
  if (clause.exact) return "folded=" + sql.bind(folded);
  if (clause.contains) return "folded LIKE " + sql.bind(like_pattern(folded)) + " ESCAPE '\\'";
  // All that begins with it: up to the text followed by the last code point there is.
  return "folded>=" + sql.bind(folded) + " AND folded<" + sql.bind(folded + "\xF4\x8F\xBF\xBF");
}

const char* table_of(SearchKind kind) {
  switch (kind) {
    case SearchKind::kToken: return "search_token";
    case SearchKind::kReference: return "search_reference";
    case SearchKind::kDate: return "search_date";
    case SearchKind::kString: return "search_string";
  }
  return "";
}

core::Result<std::string> condition_of(Sql& sql, Words& words, const Clause& clause,
                                       const std::string& value) {
  switch (clause.kind) {
    case SearchKind::kToken: return token_condition(sql, words, value);
    case SearchKind::kReference: return reference_condition(sql, words, clause, value);
    case SearchKind::kDate: return date_condition(sql, value, "start", "finish");
    case SearchKind::kString: return string_condition(sql, clause, value);
  }
  return std::string("0=1");
}

// A query of the numbers of all resources that match one of the clause's values.
core::Result<std::string> matches(Sql& sql, Words& words, const Clause& clause) {
  std::string text;
  for (const std::string& value : clause.values) {
    if (!text.empty()) text += " UNION ALL ";
    text += std::string("SELECT resource FROM ") + table_of(clause.kind) +
            " WHERE param=" + sql.bind(clause.param) + " AND ";
    const auto condition = condition_of(sql, words, clause, value);
    if (!condition) return condition;
    text += *condition;
  }
  return text;
}

std::string as_blob(Sql& sql, std::string text) {
  return "CAST(" + sql.bind(std::move(text)) + " AS BLOB)";
}

core::Result<std::string> token_check(Sql& sql, Words& words, const std::string& lead,
                                      const std::string& value) {
  const fhir::TokenQuery query = fhir::parse_token_query(value);
  if (query.code.empty() && (!query.system || query.system->empty())) return std::string("0=1");
  if (!query.system) {
    return "entry_has_code(v.entries," + as_blob(sql, lead) + "," +
           as_blob(sql, clean_search_text(query.code)) + ")";
  }
  const auto word = words.find(clean_search_text(*query.system));
  if (!word) return core::fail(word.error());
  if (*word == 0 && !query.system->empty()) return std::string("0=1");
  std::string entry = lead + std::to_string(query.system->empty() ? 0 : *word) + kEntryField;
  if (!query.code.empty()) entry += clean_search_text(query.code) + kEntryEnd;
  return "instr(v.entries," + as_blob(sql, std::move(entry)) + ")>0";
}

core::Result<std::string> reference_check(Sql& sql, Words& words, const Clause& clause,
                                          const std::string& lead, const std::string& value) {
  const auto target = target_of(words, clause, value);
  if (!target) return core::fail(target.error());
  if (!*target) return std::string("0=1");
  const std::string& id = (*target)->id;
  if ((*target)->type == 0) {
    return "entry_has_code(v.entries," + as_blob(sql, lead) + "," + as_blob(sql, id) + ")";
  }
  return "instr(v.entries," +
         as_blob(sql, lead + std::to_string((*target)->type) + kEntryField + id + kEntryEnd) +
         ")>0";
}

std::string date_check(Sql& sql, const std::string& lead, const std::string& value) {
  const fhir::DateQuery query = *fhir::parse_date_query(value);
  return "entry_in_span(v.entries," + as_blob(sql, lead) + "," +
         sql.bind(static_cast<std::int64_t>(query.prefix)) + "," + sql.bind(query.range.start) +
         "," + sql.bind(query.range.end) + ")";
}

std::string string_check(Sql& sql, const Clause& clause, const std::string& lead,
                         const std::string& value) {
  const TextMatch how = clause.exact      ? TextMatch::kWhole
                        : clause.contains ? TextMatch::kPart
                                          : TextMatch::kBegin;
  return "entry_has_text(v.entries," + as_blob(sql, lead) + "," +
         sql.bind(static_cast<std::int64_t>(how)) + "," +
         as_blob(sql, clean_search_text(fhir::fold_search_text(
                          fhir::unescape_search_value(value)))) +
         ")";
}

// Whether an entry of the candidate's search_value fits.
core::Result<std::string> entry_check(Sql& sql, Words& words, const Clause& clause,
                                      const std::string& value) {
  const std::string lead = entries_of_param(clause.kind, clause.param);
  core::Result<std::string> condition = std::string();
  switch (clause.kind) {
    case SearchKind::kToken: condition = token_check(sql, words, lead, value); break;
    case SearchKind::kReference:
      condition = reference_check(sql, words, clause, lead, value);
      break;
    case SearchKind::kDate: condition = date_check(sql, lead, value); break;
    case SearchKind::kString: condition = string_check(sql, clause, lead, value); break;
  }
  if (!condition) return condition;
  return "EXISTS(SELECT 1 FROM search_value v WHERE v.resource=r.number AND " + *condition + ")";
}

std::string id_check(Sql& sql, const Clause& clause) {
  std::string list;
  for (const std::string& value : clause.values) {
    list += (list.empty() ? "" : ",") + sql.bind(fhir::unescape_search_value(value));
  }
  return "r.id IN (" + list + ")";
}

// A condition on resource r.
core::Result<std::string> check(Sql& sql, Words& words, const Clause& clause) {
  if (clause.special == Special::kId) return id_check(sql, clause);
  if (clause.missing) {
    return std::string(*clause.missing ? "NOT " : "") +
           "EXISTS(SELECT 1 FROM search_value v WHERE v.resource=r.number AND instr(v.entries,"
           "CAST(" +
           sql.bind(entries_of_param(clause.kind, clause.param)) + " AS BLOB))>0)";
  }
  std::string text;
  for (const std::string& value : clause.values) {
    if (!text.empty()) text += " OR ";
    if (clause.special == Special::kLastUpdated) {
      text += date_condition(sql, value, "r.updated", "(r.updated+1)");
      continue;
    }
    const auto condition = entry_check(sql, words, clause, value);
    if (!condition) return condition;
    text += *condition;
  }
  return (clause.negated ? "NOT (" : "(") + text + ")";
}

// The clause that leaves the fewest candidates; the number of clauses when none is selective.
core::Result<std::size_t> choose_lead(Db& rows, Words& words,
                                      const std::vector<Clause>& clauses) {
  std::size_t lead = clauses.size();
  std::int64_t fewest = kLeadMax;
  for (std::size_t i = 0; i < clauses.size(); ++i) {
    const Clause& clause = clauses[i];
    if (clause.special == Special::kId) return clauses.size();   // by id is best of all
    if (clause.special != Special::kNone || clause.negated || clause.missing || clause.coarse) {
      continue;
    }
    Sql sql;
    const auto found = matches(sql, words, clause);
    if (!found) return core::fail(found.error());
    std::int64_t count = 0;
    sql.text = "SELECT count(*) FROM (" + *found + " LIMIT " + sql.bind(fewest) + ")";
    auto status = rows.query_with(sql.text, sql.params(), [&](const Row& row) {
      count = row.integer(0);
      return false;
    });
    if (!status) return core::fail(status.error());
    if (count >= fewest) continue;
    fewest = count;
    lead = i;
  }
  return lead;
}

core::Status gather(Db& rows, Words& words, const Clause& clause, Lead& lead) {
  Sql sql;
  const auto found = matches(sql, words, clause);
  if (!found) return core::fail(found.error());
  sql.text = *found;
  return rows.query_with(sql.text, sql.params(), [&lead](const Row& row) {
    add_candidate(row.integer(0), lead);
    return true;
  });
}

core::Result<std::optional<Lead>> find_lead(SearchParts parts,
                                            const std::vector<Clause>& clauses) {
  if (clauses.empty()) return std::optional<Lead>{};
  return ask_rows(parts.rows, parts.trimmed, [&](Db& rows, Lead& lead) -> core::Result<bool> {
    const auto chosen = choose_lead(rows, parts.words, clauses);
    if (!chosen) return core::fail(chosen.error());
    if (*chosen == clauses.size()) return false;
    auto status = gather(rows, parts.words, clauses[*chosen], lead);
    return status ? core::Result<bool>(true) : core::fail(status.error());
  });
}

core::Result<std::string> from_where(Sql& sql, Words& words, std::int64_t type,
                                     const std::vector<Clause>& clauses,
                                     const std::optional<Lead>& lead) {
  std::string text = " FROM resource r";
  std::string where = " WHERE r.type=" + sql.bind(type) + " AND r.deleted=0";
  if (lead) {
    // CROSS JOIN keeps the order: candidates first, then their rows.
    text = " FROM (SELECT value AS number FROM json_each(" + sql.bind(lead->numbers) +
           ") UNION SELECT resource FROM search_change WHERE row>" + sql.bind(lead->position) +
           " AND type=" + sql.bind(type) + ") m CROSS JOIN resource r";
    where += " AND r.number=m.number";
  }
  for (const Clause& clause : clauses) {
    const auto condition = check(sql, words, clause);
    if (!condition) return condition;
    where += " AND " + *condition;
  }
  return text + where;
}

/// Runs `select` + FROM and WHERE of the query + `rest`.
core::Status run_query(SearchParts parts, const SearchQuery& query, const std::string& select,
                       const std::function<std::string(Sql&)>& rest,
                       const std::function<bool(const Row&)>& each) {
  const auto clauses = read_clauses(parts.words, parts.index, query);
  if (!clauses) return core::fail(clauses.error());
  const auto type = parts.words.find(query.type);
  if (!type) return core::fail(type.error());
  const auto lead = find_lead(parts, *clauses);
  if (!lead) return core::fail(lead.error());
  Sql sql;
  const auto found = from_where(sql, parts.words, *type, *clauses, *lead);
  if (!found) return core::fail(found.error());
  sql.text = select + *found + rest(sql);
  return parts.db.query_with(sql.text, sql.params(), each);
}

}  // namespace

core::Result<std::vector<SearchHit>> run_search(SearchParts parts, const SearchQuery& query) {
  std::vector<SearchHit> hits;
  auto status = run_query(
      parts, query, "SELECT r.row,r.id",
      [&query](Sql& sql) {
        return " AND r.id>" + sql.bind(query.after_id) + " ORDER BY r.id LIMIT " +
               sql.bind(static_cast<std::int64_t>(std::min(query.count, kSearchCountMax)));
      },
      [&hits](const Row& row) {
        hits.push_back({row.integer(0), std::string(row.text(1))});
        return true;
      });
  if (!status) return core::fail(status.error());
  return hits;
}

core::Result<std::uint64_t> count_search(SearchParts parts, const SearchQuery& query) {
  std::uint64_t count = 0;
  auto status = run_query(
      parts, query, "SELECT count(*)", [](Sql&) { return std::string(); },
      [&count](const Row& row) {
        count = static_cast<std::uint64_t>(row.integer(0));
        return true;
      });
  if (!status) return core::fail(status.error());
  return count;
}

bool needs_exact_check(const SearchQuery& query) {
  return std::any_of(query.clauses.begin(), query.clauses.end(),
                     [](const auto& clause) { return clause.modifier == "exact"; });
}

namespace {

bool has_leaf(const fhir::Node* node, const std::vector<std::string>& values) {
  if (node->is_leaf()) {
    return std::find(values.begin(), values.end(), node->text) != values.end();
  }
  for (const fhir::Member* m = node->first_member; m; m = m->next) {
    if (has_leaf(m->value, values)) return true;
  }
  for (const fhir::Item* item = node->first_item; item; item = item->next) {
    if (has_leaf(item->value, values)) return true;
  }
  return false;
}

}  // namespace

// The index holds folded text only; case and accents are compared with what the resource says.
bool passes_exact_check(SearchIndex& index, const SearchQuery& query, const fhir::Node* tree) {
  fhir::Document scratch;
  for (const SearchQuery::Clause& clause : query.clauses) {
    if (clause.modifier != "exact") continue;
    std::vector<std::string> wanted;
    for (const std::string& value : clause.values) {
      wanted.push_back(fhir::unescape_search_value(value));
    }
    const auto& params = index.params_of(query.type).extracted;
    const auto param = std::find_if(params.begin(), params.end(),
                                    [&](const auto& p) { return p.name == clause.name; });
    if (param == params.end()) return false;
    const auto nodes = param->path.evaluate(tree, scratch);
    if (std::none_of(nodes.begin(), nodes.end(),
                     [&](const fhir::Node* node) { return has_leaf(node, wanted); })) {
      return false;
    }
  }
  return true;
}

}  // namespace store
