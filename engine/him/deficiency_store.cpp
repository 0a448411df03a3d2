#include "chart_store.hpp"
#include "judge.hpp"

#include <core/micros.hpp>

// The columns of him_deficiency, in the order of read() and of the parameters below. A macro, since
// SQL text is always one literal.
#define HIM_COLUMNS                                                                             \
  "id, rule, patient, mrn, visit, encounter, subject, lacking_code, lacking, owner, owner_name, " \
  "owner_reference, state, begun, available, severity, source, opened, due, hard_due, closed, "   \
  "modified, opened_by, closed_by, opened_sequence, closed_sequence, part, owner_id, decision, "  \
  "reassigned, letters, warned, suspend_on, suspended, retry, number, judged"
// What may change while owner, visit and patient stay, but for `closed`.
#define HIM_MOVING                                                                              \
  "lacking_code = ?8, lacking = ?9, owner = ?10, owner_name = ?11, owner_reference = ?12, "      \
  "state = ?13, begun = ?14, available = ?15, severity = ?16, source = ?17, opened = ?18, "      \
  "due = ?19, hard_due = ?20, modified = ?22, opened_by = ?23, closed_by = ?24, "                \
  "opened_sequence = ?25, closed_sequence = ?26, decision = ?29, reassigned = ?30, "             \
  "letters = ?31, warned = ?32, suspend_on = ?33, suspended = ?34, retry = ?35, judged = ?37, "   \
  "next_at = ?38"
#define HIM_WHOSE "patient = ?3, mrn = ?4, visit = ?5, closed = ?21, owner_id = ?28"
#define HIM_WHERE_SAME                                                                          \
  " WHERE number = ?36 AND patient = ?3 AND mrn = ?4 AND visit = ?5 AND owner_id = ?28"

namespace him {
namespace {

using core::Instant;
using core::instant;
using core::micros;
using store::Param;
using store::Row;

std::optional<Instant> maybe(const Row& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return instant(row.integer(column));
}
Param maybe(const std::optional<Instant>& at) {
  return at ? Param{micros(*at)} : Param{nullptr};
}
core::Sequence sequence(std::int64_t number) {
  return core::Sequence{static_cast<std::uint64_t>(number)};
}

Deficiency read(const Row& row) {
  Deficiency out;
  out.id = row.text(0);
  out.rule = row.text(1);
  out.patient = row.text(2);
  out.mrn = row.text(3);
  out.visit = row.text(4);
  out.encounter = row.text(5);
  out.subject = row.text(6);
  out.lacking_code = row.text(7);
  out.lacking = row.text(8);
  out.owner = row.text(9);
  out.owner_name = row.text(10);
  out.owner_reference = row.text(11);
  out.state = static_cast<State>(row.integer(12));
  out.begun = row.integer(13) != 0;
  out.available = row.integer(14) != 0;
  out.severity = row.text(15);
  out.source = row.text(16);
  out.opened = instant(row.integer(17));
  out.due = maybe(row, 18);
  out.hard_due = maybe(row, 19);
  out.closed = maybe(row, 20);
  out.modified = instant(row.integer(21));
  out.opened_by = row.text(22);
  out.closed_by = row.text(23);
  out.opened_sequence = sequence(row.integer(24));
  out.closed_sequence = sequence(row.integer(25));
  out.part = row.text(26);
  out.owner_id = row.text(27);
  out.decision = row.text(28);
  out.reassigned = row.integer(29) != 0;
  out.letters = static_cast<std::uint32_t>(row.integer(30));
  out.warned = maybe(row, 31);
  out.suspend_on = maybe(row, 32);
  out.suspended = maybe(row, 33);
  out.retry = maybe(row, 34);
  out.row = row.integer(35);
  out.judged = row.integer(36);
  out.row_open = !out.closed;
  out.row_letters = out.letters;
  return out;
}

core::Result<std::vector<Deficiency>> read_all(store::Db& db, std::string_view sql,
                                               std::initializer_list<Param> params) {
  std::vector<Deficiency> found;
  const auto done = db.query(sql, params, [&found](const Row& row) {
    found.push_back(read(row));
    return true;
  });
  if (!done) return core::fail(done.error());
  return found;
}

core::Status write(store::Db& db, std::string_view sql, const Deficiency& d,
                   std::optional<Instant> next) {
  const auto text = [](const std::string& one) { return Param{std::string_view(one)}; };
  return db.run(sql, {text(d.id), text(d.rule), text(d.patient), text(d.mrn), text(d.visit),
                      text(d.encounter), text(d.subject), text(d.lacking_code), text(d.lacking),
                      text(d.owner), text(d.owner_name), text(d.owner_reference),
                      static_cast<std::int64_t>(d.state), std::int64_t{d.begun},
                      std::int64_t{d.available}, text(d.severity), text(d.source),
                      micros(d.opened), maybe(d.due), maybe(d.hard_due), maybe(d.closed),
                      micros(d.modified), text(d.opened_by), text(d.closed_by),
                      static_cast<std::int64_t>(d.opened_sequence.value()),
                      static_cast<std::int64_t>(d.closed_sequence.value()),
                      text(d.part), text(d.owner_id), text(d.decision),
                      std::int64_t{d.reassigned}, std::int64_t{d.letters}, maybe(d.warned),
                      maybe(d.suspend_on), maybe(d.suspended), maybe(d.retry), d.row, d.judged,
                      maybe(next)});
}

}  // namespace

core::Result<std::vector<Deficiency>> ChartStore::of_visit(std::string_view encounter) {
  return read_all(db_,
                  "SELECT " HIM_COLUMNS
                  " FROM him_deficiency WHERE encounter = ?1 ORDER BY number",
                  {encounter});
}

core::Status ChartStore::standing_of(std::string_view encounter, std::vector<Standing>& into) {
  into.clear();
  return db_.query(
      "SELECT number, rule, state, judged, next_at, retry FROM him_deficiency WHERE encounter = ?1 "
      "ORDER BY number",
      {encounter}, [&into](const Row& row) {
        Standing& one = into.emplace_back();
        one.row = row.integer(0);
        one.rule = row.text(1);
        one.state = static_cast<State>(row.integer(2));
        one.judged = row.integer(3);
        one.next = maybe(row, 4);
        one.held = !row.is_null(5);
        return true;
      });
}

core::Result<std::vector<Deficiency>> ChartStore::in_rows(const std::vector<std::int64_t>& rows) {
  std::vector<Deficiency> found;
  found.reserve(rows.size());
  for (const std::int64_t number : rows) {
    const auto done =
        db_.query("SELECT " HIM_COLUMNS " FROM him_deficiency WHERE number = ?1", {number},
                  [&found](const Row& row) {
                    found.push_back(read(row));
                    return false;
                  });
    if (!done) return core::fail(done.error());
  }
  return found;
}

core::Status ChartStore::set_judged(const Deficiency& deficiency) {
  return db_.run("UPDATE him_deficiency SET judged = ?2 WHERE number = ?1",
                 {deficiency.row, deficiency.judged});
}

core::Result<std::vector<Deficiency>> ChartStore::of_unfiled(std::string_view patient) {
  return read_all(db_,
                  "SELECT " HIM_COLUMNS
                  " FROM him_deficiency WHERE +encounter = '' AND patient = ?1 ORDER BY id",
                  {patient});
}

core::Result<std::vector<Deficiency>> ChartStore::due_to_change(Instant now) {
  return read_all(db_,
                  "SELECT " HIM_COLUMNS
                  " FROM him_deficiency WHERE next_at <= ?1 ORDER BY next_at, id",
                  {micros(now)});
}

core::Result<std::vector<Deficiency>> ChartStore::select(const ListFilter& filter, Instant now) {
  if (!filter.id.empty()) {
    return read_all(db_, "SELECT " HIM_COLUMNS " FROM him_deficiency WHERE id = ?1",
                    {std::string_view(filter.id)});
  }
  if (!filter.visit.empty()) {
    return read_all(db_,
                    "SELECT " HIM_COLUMNS
                    " FROM him_deficiency WHERE encounter IN (SELECT encounter FROM him_visit "
                    "WHERE number = ?1 UNION SELECT ?1)",
                    {std::string_view(filter.visit)});
  }
  if (!filter.patient.empty()) {
    return read_all(db_, "SELECT " HIM_COLUMNS " FROM him_deficiency WHERE patient = ?1",
                    {std::string_view(filter.patient)});
  }
  if (!filter.mrn.empty()) {
    return read_all(db_, "SELECT " HIM_COLUMNS " FROM him_deficiency WHERE mrn = ?1",
                    {std::string_view(filter.mrn)});
  }
  if (filter.open_only) {
    return read_all(db_,
                    "SELECT " HIM_COLUMNS " FROM him_deficiency WHERE closed IS NULL UNION ALL "
                    "SELECT " HIM_COLUMNS " FROM him_deficiency WHERE closed > ?1",
                    {micros(now)});
  }
  return read_all(db_, "SELECT " HIM_COLUMNS " FROM him_deficiency", {});
}

core::Result<std::vector<Deficiency>> ChartStore::open_of_owner(std::string_view owner_id) {
  return read_all(db_,
                  "SELECT " HIM_COLUMNS
                  " FROM him_deficiency WHERE owner_id = ?1 AND closed IS NULL ORDER BY id",
                  {owner_id});
}

core::Result<std::vector<Deficiency>> ChartStore::past_due(Instant now) {
  return read_all(db_,
                  "SELECT " HIM_COLUMNS
                  " FROM him_deficiency WHERE closed IS NULL AND due < ?1 ORDER BY due, id",
                  {micros(now)});
}

// SQLite writes an index anew when a column of it is assigned, be it to what stands there. Nearly
// always a deficiency is new, or goes on being the same owner's of the same patient, mostly open.
core::Status ChartStore::save(const Deficiency& deficiency, std::optional<Instant> next) {
  if (deficiency.row != 0) {
    const bool stays_open = deficiency.row_open && !deficiency.closed;
    auto done = stays_open
                    ? write(db_, "UPDATE him_deficiency SET " HIM_MOVING HIM_WHERE_SAME, deficiency,
                            next)
                    : write(db_, "UPDATE him_deficiency SET " HIM_MOVING ", closed = ?21"
                                 HIM_WHERE_SAME, deficiency, next);
    if (!done || db_.changes() != 0) return done;
    return write(db_, "UPDATE him_deficiency SET " HIM_WHOSE ", " HIM_MOVING " WHERE number = ?36",
                 deficiency, next);
  }
  return write(db_,
               "INSERT INTO him_deficiency (" HIM_COLUMNS
               ", next_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, "
               "?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, "
               "?31, ?32, ?33, ?34, ?35, NULL, ?37, ?38) "
               "ON CONFLICT (id) DO UPDATE SET " HIM_WHOSE ", " HIM_MOVING,
               deficiency, next);
}

}  // namespace him
