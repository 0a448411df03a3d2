// Letters that nobody has sent yet, when what they ask for is done meanwhile.
#include <core/micros.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "lifecycle.hpp"

namespace him {
namespace {

using core::Instant;
using core::micros;
using store::Param;
using store::Row;

/// A letter that spoke of it speaks no more: it is closed, another's, or not as late as it was.
bool has_left_letters(const Deficiency& one) {
  return one.row_letters != 0 && (!is_open(one.state) || (one.row_letters & ~one.letters) != 0);
}

}  // namespace

core::Status Lifecycle::revise_letters(const std::vector<Change>& changes, Instant now) {
  std::set<std::int64_t> concerned;
  for (const Change& change : changes) {
    if (!has_left_letters(change.deficiency)) continue;
    const auto done = db_.query("SELECT letter FROM him_letter_item WHERE deficiency = ?1",
                                {std::string_view(change.deficiency.id)},
                                [&concerned](const Row& row) {
                                  concerned.insert(row.integer(0));
                                  return true;
                                });
    if (!done) return done;
  }
  for (const std::int64_t number : concerned) {
    if (auto done = revise(number, now); !done) return done;
  }
  return {};
}

core::Status Lifecycle::revise_unsent(std::int64_t upto, Instant now) {
  std::vector<std::int64_t> all;
  auto done = db_.query("SELECT DISTINCT letter FROM him_letter_item WHERE letter <= ?1 ORDER BY "
                        "letter",
                        {upto}, [&all](const Row& row) {
                          all.push_back(row.integer(0));
                          return true;
                        });
  for (const std::int64_t number : all) {
    if (done) done = revise(number, now);
  }
  return done;
}

/// Brings one unsent letter in line with what it still asks for.
core::Status Lifecycle::revise(std::int64_t number, Instant now) {
  auto found = letters_of(db_, number, false);
  if (!found) return core::fail(found.error());
  if (found->empty() || found->front().sent || found->front().cancelled) return {};
  LetterRecord& letter = found->front();
  const std::string& owner = providers_.of(letter.owner_id);
  const std::size_t asked = letter.deficiencies.size();
  std::vector<Deficiency> left;
  for (const std::string& id : letter.deficiencies) {
    ListFilter filter;
    filter.id = id;
    auto item = charts_.select(filter, now);
    if (!item) return core::fail(item.error());
    if (item->empty()) continue;
    const Deficiency& one = item->front();
    const bool stands = is_open(one.state) && providers_.of(one.owner_id) == owner &&
                        (one.letters >> static_cast<unsigned>(letter.level) & 1u) != 0;
    if (stands) left.push_back(std::move(item->front()));
  }
  if (left.size() == asked) return {};
  return left.empty() ? cancel(std::move(letter), now) : rewrite(std::move(letter), left);
}

core::Status Lifecycle::cancel(LetterRecord letter, Instant now) {
  letter.cancelled = now;
  letter.cancelled_why = letter.deficiencies.size() == 1
                             ? "what it asks for was done or settled before it was sent"
                             : "everything it asks for was done or settled before it was sent";
  auto done = db_.run(
      "UPDATE him_letter SET cancelled = ?2, cancelled_why = ?3 WHERE number = ?1",
      {letter.number, micros(now), std::string_view(letter.cancelled_why)});
  if (done) done = db_.run("DELETE FROM him_letter_item WHERE letter = ?1", {letter.number});
  add_notice(std::move(letter));
  return done;
}

core::Status Lifecycle::rewrite(LetterRecord letter, const std::vector<Deficiency>& left) {
  const LetterTemplate& words = policy_.letters[static_cast<std::size_t>(letter.level)];
  LetterFacts facts;
  facts.number = letter.number;
  facts.now = letter.written;
  facts.items = left;
  if (auto done = gather(letter.level, facts); !done) return done;
  facts.owner = facts.items.front().owner;
  const Rendered page = render_letter(policy_, words, facts, zone_);
  letter.deficiencies.clear();
  for (const Deficiency& one : facts.items) letter.deficiencies.push_back(one.id);
  letter.suspend_on = suspension_named(letter.level, facts.items);
  letter.text = page.text;
  const std::string ids = ids_json(facts.items);
  auto done = db_.run(
      "UPDATE him_letter SET deficiencies = ?2, body = ?3, html = ?4, suspend_on = ?5 WHERE "
      "number = ?1",
      {letter.number, std::string_view(ids), std::string_view(page.text),
       std::string_view(page.html),
       letter.suspend_on ? Param{micros(*letter.suspend_on)} : Param{nullptr}});
  if (done) done = db_.run("DELETE FROM him_letter_item WHERE letter = ?1", {letter.number});
  if (done) done = keep_items(letter);
  add_notice(std::move(letter));
  return done;
}

core::Status Lifecycle::keep_items(const LetterRecord& letter) {
  for (const std::string& id : letter.deficiencies) {
    const auto done = db_.run(
        "INSERT INTO him_letter_item (deficiency, letter) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        {std::string_view(id), letter.number});
    if (!done) return done;
  }
  return {};
}

}  // namespace him
