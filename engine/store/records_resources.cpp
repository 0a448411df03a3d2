// Resources: current state, versions, stamps.
#include "codec.hpp"
#include "records_impl.hpp"

#include <core/micros.hpp>
#include <fhir/json.hpp>

#include <algorithm>
#include <bit>

namespace store {
namespace {

using core::instant;
using core::micros;

constexpr std::uint32_t kMarkEvery = 32;

std::int64_t as_signed(std::uint64_t value) { return std::bit_cast<std::int64_t>(value); }

core::Result<std::string> body_of(const Row& row, int packed, int body) {
  if (row.integer(packed) != 0) return unpack(row.text(body));
  return std::string(row.text(body));
}

}  // namespace

core::Result<std::optional<Current>> RecordsImpl::load_current(std::string_view type,
                                                               std::string_view id) {
  const auto word = words_.find(type);
  if (!word) return core::fail(word.error());
  std::optional<Current> found;
  if (*word == 0) return found;
  core::Status damage;
  auto status = db_->query(
      "SELECT r.number,r.version,r.row,r.deleted,r.updated,r.sender,r.event_time,r.indexed,"
      "v.sequence,v.packed,v.body FROM resource r JOIN version v ON v.row=r.row"
      " WHERE r.type=?1 AND r.id=?2",
      {*word, id}, [&](const Row& row) {
        found.emplace();
        Resource& resource = found->resource;
        resource.type = type;
        resource.id = id;
        found->number = row.integer(0);
        resource.version = static_cast<std::uint32_t>(row.integer(1));
        found->row = row.integer(2);
        resource.deleted = row.integer(3) != 0;
        resource.updated = instant(row.integer(4));
        found->sender = row.integer(5);
        found->event_time = row.integer(6);
        found->indexed = std::bit_cast<std::uint64_t>(row.integer(7));
        resource.sequence = core::Sequence{static_cast<std::uint64_t>(row.integer(8))};
        auto body = body_of(row, 9, 10);
        if (body) {
          resource.body = std::move(*body);
        } else {
          damage = core::fail(body.error());
        }
        return false;
      });
  if (!status) return core::fail(status.error());
  if (!damage) return core::fail(damage.error());
  if (!found) return found;
  if (const auto newer = confirmed_.find(found->number); newer != confirmed_.end()) {
    found->sender = newer->second.sender;
    found->event_time = newer->second.event_time;
  }
  return found;
}

// Leaves "Type/id" in name_.
core::Result<Current*> RecordsImpl::current(std::string_view type, std::string_view id) {
  name_.assign(type).append("/").append(id);
  if (writer_) {
    if (Current* known = cache_.find(name_)) return known;
    if (name_ == absent_) return nullptr;   // asked for twice: judged, then written
  }
  auto found = load_current(type, id);
  if (!found) return core::fail(found.error());
  if (!*found) {
    if (writer_) absent_ = name_;
    return nullptr;
  }
  if (writer_) return &cache_.put(name_, std::move(**found));
  loaded_ = std::move(*found);
  return &*loaded_;
}

core::Result<Current*> RecordsImpl::current_row(std::string_view type, std::string_view id) {
  name_.assign(type).append("/").append(id);
  if (writer_) {
    if (Current* known = cache_.find_row(name_)) return known;
  }
  return current(type, id);
}

core::Result<std::optional<Resource>> RecordsImpl::get(std::string_view type,
                                                       std::string_view id) {
  const auto now = current(type, id);
  if (!now) return core::fail(now.error());
  if (!*now) return std::optional<Resource>{};
  return std::optional<Resource>((*now)->resource);
}

core::Result<Records::Put> RecordsImpl::put(std::string_view type, std::string_view id,
                                            const std::string& body, const fhir::Node* tree,
                                            const Stamp& with) {
  if (auto status = writable(); !status) return core::fail(status.error());
  auto now = current(type, id);
  if (!now) return core::fail(now.error());
  Current* known = *now;
  if (!known || known->resource.deleted || known->resource.body != body) {
    return write_version(type, id, known, body, false, tree, with);
  }
  return confirm_current(*known, with);
}

// Nothing new in it, but it was said again: the stale guard must know when. name_ names it.
core::Result<Records::Put> RecordsImpl::confirm_current(Current& known, const Stamp& with) {
  const auto stamped = stamp(known, with);
  if (!stamped) return core::fail(stamped.error());
  if (*stamped) {
    cache_.changed(name_);
    confirmed_.insert_or_assign(known.number, Confirmed{known.sender, known.event_time});
    if (confirmed_.size() >= kConfirmedMax) {
      if (auto status = save_stamps(); !status) return core::fail(status.error());
    }
  }
  return Put{known.resource.version, false, false};
}

core::Status RecordsImpl::save_stamps() {
  for (const auto& [number, stamp] : confirmed_) {
    auto status = db_->run("UPDATE resource SET sender=?2,event_time=?3 WHERE number=?1",
                           {number, stamp.sender, stamp.event_time});
    if (!status) return status;
  }
  confirmed_.clear();
  return {};
}

core::Result<Records::Put> RecordsImpl::confirm(std::string_view type, std::string_view id,
                                                const Stamp& with) {
  if (auto status = writable(); !status) return core::fail(status.error());
  auto now = current_row(type, id);
  if (!now) return core::fail(now.error());
  if (!*now) return core::fail(core::ErrorCode::kNotFound, "no such resource", std::string(type));
  return confirm_current(**now, with);
}

core::Result<const Resource*> RecordsImpl::look(std::string_view type, std::string_view id) {
  const auto now = current(type, id);
  if (!now) return core::fail(now.error());
  return *now ? &(*now)->resource : nullptr;
}

core::Result<Records::Put> RecordsImpl::remove(std::string_view type, std::string_view id,
                                               const Stamp& with) {
  if (auto status = writable(); !status) return core::fail(status.error());
  auto now = current(type, id);
  if (!now) return core::fail(now.error());
  if (!*now) return Put{};
  if ((*now)->resource.deleted) return Put{(*now)->resource.version, false, false};
  return write_version(type, id, *now, {}, true, nullptr, with);
}

core::Result<Records::Put> RecordsImpl::write_version(std::string_view type, std::string_view id,
                                                      Current* now, const std::string& body,
                                                      bool deleted, const fhir::Node* tree,
                                                      const Stamp& with) {
  const std::string name = name_;
  const bool is_new = now == nullptr;
  if (is_new) {
    Current fresh;
    fresh.resource.type = type;
    fresh.resource.id = id;
    fresh.resource.deleted = true;   // until this version stands
    fresh.number = tally(Tallies::kNextResource)++;
    now = &cache_.put(name, std::move(fresh));
    absent_.clear();
  }
  // From here on a failure leaves the copy half changed: what undoes the transaction drops it.
  cache_.changed(name);
  Resource& resource = now->resource;
  const std::int64_t previous = now->row;
  const bool created = resource.deleted && !deleted;
  tally(Tallies::kResources) += created ? 1 : deleted ? -1 : 0;
  ++tally(Tallies::kVersions);
  now->row = tally(Tallies::kNextVersion)++;
  ++resource.version;
  resource.sequence = with.sequence;
  resource.updated = with.updated;
  resource.deleted = deleted;
  resource.body = body;
  const bool packed = pack_resource(body, packed_);
  auto status = db_->run(
      "INSERT INTO version(row,resource,version,previous,sequence,updated,deleted,packed,body)"
      " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)",
      {now->row, now->number, std::int64_t{resource.version}, previous,
       as_signed(with.sequence.value()), micros(with.updated), std::int64_t{deleted},
       std::int64_t{packed}, Blob{packed ? packed_ : body}});
  if (status && resource.version % kMarkEvery == 0) {
    status = db_->run("INSERT INTO version_mark(resource,version,row) VALUES(?1,?2,?3)",
                      {now->number, std::int64_t{resource.version}, now->row});
  }
  if (!status) return core::fail(status.error());
  const auto indexed = index(now->number, type, body, deleted ? nullptr : tree, now->indexed);
  if (!indexed) return core::fail(indexed.error());
  now->indexed = *indexed;
  if (const auto stamped = stamp(*now, with); !stamped) return core::fail(stamped.error());
  if (status = save_row(*now, is_new); !status) return core::fail(status.error());
  cache_.changed(name);   // its size is another now
  fresh_.add(resource);
  return Put{resource.version, true, created};
}

core::Result<std::uint64_t> RecordsImpl::index(std::int64_t number, std::string_view type,
                                               const std::string& body, const fhir::Node* tree,
                                               std::uint64_t before) {
  if (tree || body.empty()) return index_.update(number, type, tree, before);
  fhir::Document document;
  const auto parsed = fhir::parse_json(body, document);
  if (!parsed) return core::fail(parsed.error());
  return index_.update(number, type, *parsed, before);
}

core::Status RecordsImpl::save_row(const Current& now, bool is_new) {
  const Resource& resource = now.resource;
  if (!is_new) {
    confirmed_.erase(now.number);   // older than what is written here
    return db_->run(
        "UPDATE resource SET version=?2,row=?3,deleted=?4,updated=?5,sender=?6,event_time=?7,"
        "indexed=?8 WHERE number=?1",
        {now.number, std::int64_t{resource.version}, now.row, std::int64_t{resource.deleted},
         micros(resource.updated), now.sender, now.event_time, as_signed(now.indexed)});
  }
  const auto type = words_.number(resource.type);
  if (!type) return core::fail(type.error());
  return db_->run(
      "INSERT INTO resource(number,type,id,version,row,deleted,updated,sender,event_time,indexed)"
      " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)",
      {now.number, *type, resource.id, std::int64_t{resource.version}, now.row,
       std::int64_t{resource.deleted}, micros(resource.updated), now.sender, now.event_time,
       as_signed(now.indexed)});
}

// The last sender's newest time stands in the resource's own row, which is written anyway; only
// when senders take turns does a row of the stamp table move. @return whether the row changed.
core::Result<bool> RecordsImpl::stamp(Current& now, const Stamp& with) {
  if (!with.event_time) return false;
  const std::int64_t time = micros(*with.event_time);
  const auto sender = words_.number(with.sender);
  if (!sender) return core::fail(sender.error());
  if (now.sender == *sender) {
    if (time <= now.event_time) return false;
    now.event_time = time;
    return true;
  }
  std::int64_t newest = time;
  if (now.sender != 0) {
    auto status = db_->run(
        "INSERT INTO stamp(resource,sender,event_time) VALUES(?1,?2,?3)"
        " ON CONFLICT(resource,sender) DO UPDATE SET event_time=excluded.event_time",
        {now.number, now.sender, now.event_time});
    if (!status) return core::fail(status.error());
    const auto earlier = other_stamp(now.number, *sender);
    if (!earlier) return core::fail(earlier.error());
    if (*earlier) newest = std::max(newest, **earlier);
  }
  now.sender = *sender;
  now.event_time = newest;
  return true;
}

core::Result<std::optional<std::int64_t>> RecordsImpl::other_stamp(std::int64_t number,
                                                                   std::int64_t sender) {
  std::optional<std::int64_t> found;
  auto status = db_->query("SELECT event_time FROM stamp WHERE resource=?1 AND sender=?2",
                           {number, sender}, [&](const Row& row) {
                             found = row.integer(0);
                             return false;
                           });
  if (!status) return core::fail(status.error());
  return found;
}

core::Result<Records::Standing> RecordsImpl::standing(std::string_view type, std::string_view id,
                                                      std::string_view sender) {
  Standing standing;
  const auto now = current_row(type, id);
  if (!now) return core::fail(now.error());
  if (!*now) return standing;
  standing.version = (*now)->resource.version;
  standing.deleted = (*now)->resource.deleted;
  const auto word = words_.find(sender);
  if (!word) return core::fail(word.error());
  if (*word == 0) return standing;
  if ((*now)->sender == *word) {
    standing.last_event = instant((*now)->event_time);
    return standing;
  }
  const auto other = other_stamp((*now)->number, *word);
  if (!other) return core::fail(other.error());
  if (*other) standing.last_event = instant(**other);
  return standing;
}

core::Result<Resource> RecordsImpl::load_version(std::int64_t row, std::string type,
                                                 std::string id) {
  Resource resource;
  resource.type = std::move(type);
  resource.id = std::move(id);
  core::Status outcome =
      core::fail(core::ErrorCode::kStoreCorrupt, "a resource version is missing", "records.db");
  auto status = db_->query(
      "SELECT version,sequence,updated,deleted,packed,body FROM version WHERE row=?1", {row},
      [&](const Row& found) {
        resource.version = static_cast<std::uint32_t>(found.integer(0));
        resource.sequence = core::Sequence{static_cast<std::uint64_t>(found.integer(1))};
        resource.updated = instant(found.integer(2));
        resource.deleted = found.integer(3) != 0;
        auto body = body_of(found, 4, 5);
        outcome = body ? core::Status{} : core::fail(body.error());
        if (body) resource.body = std::move(*body);
        return false;
      });
  if (!status) return core::fail(status.error());
  if (!outcome) return core::fail(outcome.error());
  return resource;
}

core::Result<std::int64_t> RecordsImpl::previous_of(std::int64_t row) {
  std::int64_t previous = 0;
  auto status = db_->query("SELECT previous FROM version WHERE row=?1", {row},
                           [&](const Row& found) {
                             previous = found.integer(0);
                             return false;
                           });
  if (!status) return core::fail(status.error());
  return previous;
}

core::Result<std::optional<Resource>> RecordsImpl::get_version(std::string_view type,
                                                               std::string_view id,
                                                               std::uint32_t version) {
  const auto now = current(type, id);
  if (!now) return core::fail(now.error());
  if (!*now || version == 0 || version > (*now)->resource.version) {
    return std::optional<Resource>{};
  }
  if (version == (*now)->resource.version) return std::optional<Resource>((*now)->resource);
  std::int64_t row = (*now)->row;
  std::uint32_t at = (*now)->resource.version;
  auto status = db_->query(
      "SELECT version,row FROM version_mark WHERE resource=?1 AND version>=?2"
      " ORDER BY version LIMIT 1",
      {(*now)->number, std::int64_t{version}}, [&](const Row& mark) {
        at = static_cast<std::uint32_t>(mark.integer(0));
        row = mark.integer(1);
        return false;
      });
  if (!status) return core::fail(status.error());
  for (; at > version; --at) {
    const auto previous = previous_of(row);
    if (!previous) return core::fail(previous.error());
    row = *previous;
  }
  auto found = load_version(row, std::string(type), std::string(id));
  if (!found) return core::fail(found.error());
  return std::optional<Resource>(std::move(*found));
}

core::Result<std::vector<Resource>> RecordsImpl::history(std::string_view type,
                                                         std::string_view id, std::size_t limit) {
  std::vector<Resource> versions;
  const auto now = current(type, id);
  if (!now) return core::fail(now.error());
  std::int64_t row = *now ? (*now)->row : 0;
  while (row != 0 && versions.size() < limit) {
    auto version = load_version(row, std::string(type), std::string(id));
    if (!version) return core::fail(version.error());
    versions.push_back(std::move(*version));
    const auto previous = previous_of(row);
    if (!previous) return core::fail(previous.error());
    row = *previous;
  }
  return versions;
}

core::Result<std::vector<Resource>> RecordsImpl::search(const SearchQuery& query) {
  std::vector<Resource> found;
  SearchQuery page = query;
  const bool exact = needs_exact_check(query);
  fhir::Document document;
  SearchMoment moment(*db_);
  const auto parts = search_parts(moment);
  if (!parts) return core::fail(parts.error());
  for (;;) {
    const auto hits = run_search(*parts, page);
    if (!hits) return core::fail(hits.error());
    for (const SearchHit& hit : *hits) {
      auto resource = load_version(hit.row, query.type, hit.id);
      if (!resource) return core::fail(resource.error());
      if (exact) {
        document.reset();
        const auto tree = fhir::parse_json(resource->body, document);
        if (!tree || !passes_exact_check(index_, query, *tree)) continue;
      }
      found.push_back(std::move(*resource));
      if (found.size() == query.count) return found;
    }
    if (!exact || hits->size() < std::min(page.count, kSearchCountMax)) return found;
    page.after_id = hits->back().id;
  }
}

core::Result<std::uint64_t> RecordsImpl::count(const SearchQuery& query) {
  if (!needs_exact_check(query)) {
    SearchMoment moment(*db_);
    const auto parts = search_parts(moment);
    return parts ? count_search(*parts, query) : core::fail(parts.error());
  }
  std::uint64_t count = 0;
  SearchQuery page = query;
  page.count = kSearchCountMax;
  for (;;) {
    const auto found = search(page);
    if (!found) return core::fail(found.error());
    count += found->size();
    if (found->size() < kSearchCountMax) return count;
    page.after_id = found->back().id;
  }
}

}  // namespace store
