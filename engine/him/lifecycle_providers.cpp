// One doctor under two ids: what is kept under the one goes to the other.
#include "lifecycle.hpp"

namespace him {

using Places = std::vector<std::pair<std::string, std::string>>;

core::Result<Places> Lifecycle::charts_owed_by(const std::string& id) {
  auto open = charts_.open_of_owner(id);
  if (!open) return core::fail(open.error());
  Places found;
  for (const Deficiency& one : *open) found.emplace_back(one.encounter, one.patient);
  return found;
}

core::Status Lifecycle::rename_owner(const std::string& from, const std::string& into,
                                     core::Instant now) {
  const std::string_view a = from, b = into;
  // What others know of the one is said of the other from now on.
  auto ends = suspension_of(from);
  if (!ends) return core::fail(ends.error());
  auto done = db_.run(
      "UPDATE him_deficiency SET owner_id = ?2, judged = 0 WHERE owner_id = ?1", {a, b});
  // Away is away: the longer of two absences that begin together.
  if (done) {
    done = db_.run(
        "INSERT INTO him_absence (owner_id, starts, ends, filed, filed_by) SELECT ?2, starts, "
        "ends, filed, filed_by FROM him_absence WHERE owner_id = ?1 ON CONFLICT (owner_id, starts) "
        "DO UPDATE SET ends = MAX(ends, excluded.ends)",
        {a, b});
  }
  if (done) done = db_.run("DELETE FROM him_absence WHERE owner_id = ?1", {a});
  // Suspended under one id is suspended; since the earlier day.
  if (done) {
    done = db_.run(
        "INSERT INTO him_suspended (owner_id, owner, owner_reference, since) SELECT ?2, owner, "
        "owner_reference, since FROM him_suspended WHERE owner_id = ?1 ON CONFLICT (owner_id) DO "
        "UPDATE SET since = MIN(since, excluded.since)",
        {a, b});
  }
  if (done) done = db_.run("DELETE FROM him_suspended WHERE owner_id = ?1", {a});
  if (!done || !*ends) return done;
  (*ends)->until = now;
  add_notice(std::move(**ends));
  auto goes_on = suspension_of(into);
  if (!goes_on) return core::fail(goes_on.error());
  if (*goes_on) add_notice(std::move(**goes_on));
  return {};
}

core::Result<Places> Lifecycle::join(std::string_view id, std::string_view other,
                                     std::string_view name, std::string_view how,
                                     core::Instant now) {
  const auto from = providers_.join(id, other, name, how, now);
  if (!from) return core::fail(from.error());
  if (from->empty()) return Places();
  const std::string into = providers_.of(*from);
  if (auto done = rename_owner(*from, into, now); !done) return core::fail(done.error());
  loaded_ = false;
  altered_ = true;
  if (auto done = load(); !done) return core::fail(done.error());
  return charts_owed_by(into);
}

core::Result<Places> Lifecycle::part(std::string_view other) {
  const std::string kept = providers_.of(std::string(other));
  const auto parted = providers_.part(other);
  if (!parted) return core::fail(parted.error());
  if (!*parted) return Places();
  loaded_ = false;
  if (auto done = load(); !done) return core::fail(done.error());
  return charts_owed_by(kept);
}

}  // namespace him
