#include <core/micros.hpp>
#include <core/text.hpp>
#include <fhir/json.hpp>

#include <algorithm>
#include <charconv>

#include "chart_store.hpp"
#include "judge.hpp"

// The columns of him_deficiency, in the order of read() and of the parameters below. A macro, since
// SQL text is always one literal. What no statement asks for is in `facts`: each column costs a
// parameter and a place in the row, whatever the statement is about.
#define HIM_COLUMNS                                                                              \
  "number, encounter, rule, state, judged, next_at, retry, id, patient, mrn, subject, owner_id, " \
  "opened, due, late, closed, suspended, facts"
// What may change while owner, visit and patient stay, but for the indexed times.
#define HIM_MOVING                                                                              \
  "state = ?4, judged = ?5, retry = ?7, opened = ?13, due = ?14, late = ?15, "                   \
  "suspended = ?17, facts = ?18"
#define HIM_WHOSE "patient = ?9, mrn = ?10, closed = ?16, owner_id = ?12, next_at = ?6"
#define HIM_WHERE_SAME " WHERE number = ?1 AND patient = ?9 AND mrn = ?10 AND owner_id = ?12"

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

/// Writes the members of `facts`, leaving out what says nothing.
class FactsOut {
 public:
  explicit FactsOut(std::string& out) : out_(out) { out_ += '{'; }

  void operator()(std::string_view name, const std::string& text) {
    if (text.empty()) return;
    member(name);
    fhir::write_json_string(text, out_);
  }
  void operator()(std::string_view name, bool is) {
    if (!is) return;
    member(name);
    out_ += "true";
  }
  void operator()(std::string_view name, std::uint32_t bits) { number(name, bits); }
  void operator()(std::string_view name, core::Sequence at) {
    number(name, static_cast<std::int64_t>(at.value()));
  }
  void operator()(std::string_view name, Instant at) { number(name, micros(at)); }
  void operator()(std::string_view name, const std::optional<Instant>& at) {
    if (at) (*this)(name, *at);
  }
  void end() { out_ += '}'; }

 private:
  void member(std::string_view name) {
    char text[32];   // longer than any name
    char* end = text;
    if (out_.size() > 1) *end++ = ',';
    *end++ = '"';
    end = std::copy(name.begin(), name.end(), end);
    *end++ = '"';
    *end++ = ':';
    out_.append(text, end);
  }
  void number(std::string_view name, std::int64_t value) {
    if (value == 0) return;
    member(name);
    char digits[20];
    out_.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
  }
  std::string& out_;
};

/// Reads them into a deficiency that has none yet. They stand in the order in which they are asked
/// for, so each is looked for where the last one was found.
class FactsIn {
 public:
  explicit FactsIn(const fhir::Node* object) : next_(object->first_member) {}

  void operator()(std::string_view name, std::string& text) {
    if (const fhir::Node* one = take(name)) text = one->text;
  }
  void operator()(std::string_view name, bool& is) {
    if (const fhir::Node* one = take(name)) is = one->text == "true";
  }
  void operator()(std::string_view name, std::uint32_t& bits) {
    if (const auto value = number(name)) bits = static_cast<std::uint32_t>(*value);
  }
  void operator()(std::string_view name, core::Sequence& at) {
    if (const auto value = number(name)) at = core::Sequence{static_cast<std::uint64_t>(*value)};
  }
  void operator()(std::string_view name, Instant& at) {
    if (const auto micros = number(name)) at = instant(*micros);
  }
  void operator()(std::string_view name, std::optional<Instant>& at) {
    if (const auto micros = number(name)) at = instant(*micros);
  }
  /// Those not taken yet: they stood in another order, or are of a later release.
  const fhir::Member* rest() const { return next_; }

 private:
  const fhir::Node* take(std::string_view name) {
    if (!next_ || next_->name != name) return nullptr;
    const fhir::Node* value = next_->value;
    next_ = next_->next;
    return value->is_leaf() ? value : nullptr;
  }
  std::optional<std::int64_t> number(std::string_view name) {
    const fhir::Node* one = take(name);
    return one ? core::to_int(one->text) : std::nullopt;
  }
  const fhir::Member* next_;
};

/// One list of what `facts` holds, for both ways.
template <class Facts, class One>
void each_fact(Facts& facts, One& d) {
  facts("visit", d.visit);
  facts("lacking_code", d.lacking_code);
  facts("lacking", d.lacking);
  facts("owner", d.owner);
  facts("owner_name", d.owner_name);
  facts("owner_reference", d.owner_reference);
  facts("begun", d.begun);
  facts("available", d.available);
  facts("blocked", d.blocked);
  facts("spared", d.spared);
  facts("asked_due", d.asked_due);
  facts("severity", d.severity);
  facts("source", d.source);
  facts("hard_due", d.hard_due);
  facts("chart_due", d.chart_due);
  facts("modified", d.modified);
  facts("opened_by", d.opened_by);
  facts("closed_by", d.closed_by);
  facts("opened_sequence", d.opened_sequence);
  facts("closed_sequence", d.closed_sequence);
  facts("part", d.part);
  facts("decision", d.decision);
  facts("reassigned", d.reassigned);
  facts("letters", d.letters);
  facts("warned", d.warned);
  facts("suspend_on", d.suspend_on);
}

core::Error bad_row() {
  return {core::ErrorCode::kStoreCorrupt, "a deficiency is not readable", "him_deficiency"};
}

bool read(const Row& row, fhir::Document& memory, Deficiency& out) {
  out.row = row.integer(0);
  out.encounter = row.text(1);
  out.rule = row.text(2);
  out.state = static_cast<State>(row.integer(3));
  out.judged = row.integer(4);
  out.row_next = maybe(row, 5);
  out.retry = maybe(row, 6);
  out.id = row.text(7);
  out.patient = row.text(8);
  out.mrn = row.text(9);
  out.subject = row.text(10);
  out.owner_id = row.text(11);
  out.opened = instant(row.integer(12));
  out.due = maybe(row, 13);
  out.closed = maybe(row, 15);
  out.suspended = maybe(row, 16);
  memory.reset();
  const auto facts = fhir::parse_json(row.text(17), memory);
  if (!facts || !(*facts)->is_object()) return false;
  // Written by another hand they may stand in any order: then each member is looked at alone.
  FactsIn in(*facts);
  each_fact(in, out);
  for (const fhir::Member* one = in.rest(); one; one = one->next) {
    fhir::Node alone;
    fhir::Member member{one->name, one->value, nullptr};
    alone.first_member = &member;
    FactsIn again(&alone);
    each_fact(again, out);
  }
  out.row_open = !out.closed;
  out.row_letters = out.letters;
  return true;
}

}  // namespace

core::Result<std::vector<Deficiency>> ChartStore::read_all(std::string_view sql,
                                                           std::initializer_list<Param> params) {
  std::vector<Deficiency> found;
  bool sound = true;
  const auto done = db_.query(sql, params, [&](const Row& row) {
    sound = read(row, memory_, found.emplace_back());
    return sound;
  });
  if (!done) return core::fail(done.error());
  if (!sound) return core::fail(bad_row());
  return found;
}

core::Status ChartStore::write(std::string_view sql, const Deficiency& d,
                               std::optional<Instant> next) {
  json_.clear();
  FactsOut facts(json_);
  each_fact(facts, d);
  facts.end();
  const auto text = [](const std::string& one) { return Param{std::string_view(one)}; };
  return db_.run(sql, {d.row != 0 ? Param{d.row} : Param{nullptr}, text(d.encounter), text(d.rule),
                       static_cast<std::int64_t>(d.state), d.judged, maybe(next), maybe(d.retry),
                       text(d.id), text(d.patient), text(d.mrn), text(d.subject), text(d.owner_id),
                       micros(d.opened), maybe(d.due), maybe(d.late_from()), maybe(d.closed),
                       maybe(d.suspended), text(json_)});
}

core::Result<std::vector<Deficiency>> ChartStore::of_visit(std::string_view encounter) {
  return read_all("SELECT " HIM_COLUMNS
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
  bool sound = true;
  for (const std::int64_t number : rows) {
    const auto done =
        db_.query("SELECT " HIM_COLUMNS " FROM him_deficiency WHERE number = ?1", {number},
                  [&](const Row& row) {
                    sound = read(row, memory_, found.emplace_back()) && sound;
                    return false;
                  });
    if (!done) return core::fail(done.error());
  }
  if (!sound) return core::fail(bad_row());
  return found;
}

core::Status ChartStore::set_judged(const Deficiency& deficiency) {
  return db_.run("UPDATE him_deficiency SET judged = ?2 WHERE number = ?1",
                 {deficiency.row, deficiency.judged});
}

core::Result<std::vector<Deficiency>> ChartStore::of_unfiled(std::string_view patient) {
  return read_all("SELECT " HIM_COLUMNS
                  " FROM him_deficiency WHERE +encounter = '' AND patient = ?1 ORDER BY id",
                  {patient});
}

core::Result<std::vector<Deficiency>> ChartStore::due_to_change(Instant now) {
  return read_all("SELECT " HIM_COLUMNS
                  " FROM him_deficiency WHERE next_at <= ?1 ORDER BY next_at, id",
                  {micros(now)});
}

core::Result<std::vector<Deficiency>> ChartStore::select(const ListFilter& filter, Instant now) {
  if (!filter.id.empty()) {
    return read_all("SELECT " HIM_COLUMNS " FROM him_deficiency WHERE id = ?1",
                    {std::string_view(filter.id)});
  }
  if (!filter.visit.empty()) {
    return read_all("SELECT " HIM_COLUMNS
                    " FROM him_deficiency WHERE encounter IN (SELECT encounter FROM him_visit "
                    "WHERE number = ?1 UNION SELECT ?1)",
                    {std::string_view(filter.visit)});
  }
  if (!filter.patient.empty()) {
    return read_all("SELECT " HIM_COLUMNS " FROM him_deficiency WHERE patient = ?1",
                    {std::string_view(filter.patient)});
  }
  if (!filter.mrn.empty()) {
    return read_all("SELECT " HIM_COLUMNS " FROM him_deficiency WHERE mrn = ?1",
                    {std::string_view(filter.mrn)});
  }
  if (filter.open_only) {
    return read_all("SELECT " HIM_COLUMNS " FROM him_deficiency WHERE closed IS NULL UNION ALL "
                    "SELECT " HIM_COLUMNS " FROM him_deficiency WHERE closed > ?1",
                    {micros(now)});
  }
  return read_all("SELECT " HIM_COLUMNS " FROM him_deficiency", {});
}

core::Result<std::vector<Deficiency>> ChartStore::open_of_owner(std::string_view owner_id) {
  return read_all("SELECT " HIM_COLUMNS
                  " FROM him_deficiency WHERE owner_id = ?1 AND closed IS NULL ORDER BY id",
                  {owner_id});
}

// SQLite writes an index anew when a column of it is assigned, be it to what stands there. Nearly
// always a deficiency is new, or goes on being the same owner's of the same patient, mostly open.
core::Status ChartStore::save(Deficiency& deficiency, std::optional<Instant> next) {
  auto done = deficiency.row != 0 ? change(deficiency, next) : add(deficiency, next);
  deficiency.row_open = !deficiency.closed;
  deficiency.row_next = next;
  return done;
}

core::Status ChartStore::change(const Deficiency& deficiency, std::optional<Instant> next) {
  const bool stays_open = deficiency.row_open && !deficiency.closed;
  auto done =
      stays_open && next == deficiency.row_next
          ? write("UPDATE him_deficiency SET " HIM_MOVING HIM_WHERE_SAME, deficiency, next)
      : stays_open
          ? write("UPDATE him_deficiency SET " HIM_MOVING ", next_at = ?6" HIM_WHERE_SAME,
                  deficiency, next)
          : write("UPDATE him_deficiency SET " HIM_MOVING ", next_at = ?6, closed = ?16"
                  HIM_WHERE_SAME, deficiency, next);
  if (!done || db_.changes() != 0) return done;
  return write("UPDATE him_deficiency SET " HIM_WHOSE ", " HIM_MOVING " WHERE number = ?1",
               deficiency, next);
}

core::Status ChartStore::add(const Deficiency& deficiency, std::optional<Instant> next) {
  return write("INSERT INTO him_deficiency (" HIM_COLUMNS
               ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, "
               "?17, ?18) ON CONFLICT (id) DO UPDATE SET " HIM_WHOSE ", " HIM_MOVING,
               deficiency, next);
}

}  // namespace him
