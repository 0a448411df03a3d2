#include "known.hpp"

#include <core/text.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "chart_store.hpp"
#include "provider_index.hpp"

namespace him {
namespace {

using core::ErrorCode;
using store::Row;

inline constexpr std::int64_t kCandidatesMax = 2000;   ///< visit numbers that one is compared with

/// Visit numbers that begin like this one.
core::Result<std::vector<std::string>> visits_beginning(store::Db& db, std::string_view start) {
  std::vector<std::string> found;
  const std::string end = std::string(start) + "\x7f";
  const auto done = db.query(
      "SELECT DISTINCT number FROM him_visit WHERE number >= ?1 AND number < ?2 AND number <> '' "
      "ORDER BY number LIMIT ?3",
      {start, std::string_view(end), kCandidatesMax}, [&found](const Row& row) {
        found.emplace_back(row.text(0));
        return true;
      });
  if (!done) return core::fail(done.error());
  return found;
}

/// What is wrong in a number is rarely its beginning: the fewest candidates first.
std::string visit_like(store::Db& db, std::string_view number) {
  const std::size_t length = number.size();
  for (const std::size_t kept : {length - length / 4, length / 2, std::size_t{0}}) {
    const auto found = visits_beginning(db, number.substr(0, kept));
    if (!found) return {};   // the message does without it
    const std::vector<std::string_view> candidates(found->begin(), found->end());
    if (const auto near = core::nearest(number, candidates); !near.empty()) {
      return std::string(near);
    }
  }
  return {};
}

/// kBadRequest: nobody goes by it, and who nearly does.
core::Status known_owner(store::Db& db, std::string_view owner) {
  if (owner.starts_with('=')) return {};
  ProviderIndex index(db);
  if (auto done = index.load(); !done) return done;
  bool known = index.knows(owner);
  if (!known) {   // whom charts know by a name or a reference alone
    const auto done = db.query(
        "SELECT 1 FROM him_deficiency WHERE owner_id = ?1 AND closed IS NULL LIMIT 1", {owner},
        [&known](const Row&) {
          known = true;
          return false;
        });
    if (!done) return done;
  }
  if (known) return {};
  const std::string like = index.like(owner);
  return core::fail(ErrorCode::kBadRequest,
                    fmt::format("no practitioner is known by {}{}", owner,
                                like.empty() ? "" : "; did you mean " + like + "?"));
}

}  // namespace

core::Status check_practitioner(store::Db& db, const fhir::Node& order, std::string_view field) {
  if (order.text_of("new") == "true") return {};
  auto known = known_owner(db, order.text_of(field));
  if (!known && known.error().code == ErrorCode::kBadRequest) {
    known.error().detail += " (of somebody new, say so: --new, \"new\": \"true\")";
  }
  return known;
}

core::Result<std::string> unknown_in(store::Records& records, const RulePack& rules,
                                     const ListFilter& filter) {
  store::Db& db = records.db();
  const std::vector<std::string> ids = rules.rule_ids();
  if (!filter.rule.empty() && std::find(ids.begin(), ids.end(), filter.rule) == ids.end()) {
    const auto near = core::nearest(filter.rule, {ids.begin(), ids.end()});
    return fmt::format("no rule is called {}{}", filter.rule,
                       near.empty() ? std::string() : fmt::format("; did you mean {}?", near));
  }
  if (!filter.visit.empty()) {
    const auto visit = ChartStore(db).visit_numbered(filter.visit);
    if (!visit) return core::fail(visit.error());
    if (!*visit) return no_such_visit(db, filter.visit).detail;
  }
  if (!filter.mrn.empty()) {
    store::SearchQuery query;
    query.type = "Patient";
    query.clauses = {{"identifier", "", {filter.mrn}}};
    const auto patients = records.search(query);
    if (!patients) return core::fail(patients.error());
    if (patients->empty()) return fmt::format("no patient has the number {}", filter.mrn);
  }
  if (filter.owner.empty()) return std::string();
  const auto owner = known_owner(db, filter.owner);
  return owner ? std::string() : owner.error().detail;
}

core::Error no_such_visit(store::Db& db, std::string_view number) {
  const std::string like = visit_like(db, number);
  return {ErrorCode::kNotFound,
          like.empty() ? "no visit has that number"
                       : fmt::format("no visit has that number; did you mean {}?", like),
          {}};
}

}  // namespace him
