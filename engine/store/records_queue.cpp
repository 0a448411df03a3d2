// Keys, message states, outbox.
#include "records_impl.hpp"

#include <core/hash.hpp>
#include <core/micros.hpp>
#include <core/text.hpp>

#include <algorithm>

namespace store {
namespace {

using core::instant;
using core::micros;

// A longer key keeps its beginning, so that its parent is found, and a hash of the whole.
constexpr std::size_t kKeyBytesMax = 512;
constexpr std::size_t kKeyBytesKept = 400;

std::int64_t number(core::Sequence sequence) {
  return static_cast<std::int64_t>(sequence.value());
}
core::Sequence sequence(std::int64_t number) {
  return core::Sequence{static_cast<std::uint64_t>(number)};
}

std::string stored_key(std::string_view key) {
  if (key.size() <= kKeyBytesMax) return std::string(key);
  const core::Digest digest = core::sha256(key);
  return std::string(key.substr(0, kKeyBytesKept)) + "#" +
         core::to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

}  // namespace

core::Result<std::optional<std::string>> RecordsImpl::find_key(std::string_view type,
                                                               std::string_view key) {
  const auto word = words_.find(type);
  if (!word) return core::fail(word.error());
  std::optional<std::string> id;
  if (*word == 0) return id;
  auto owner = key_owner(*word, key);
  if (!owner) return core::fail(owner.error());
  if (*owner) id = std::move((*owner)->id);
  return id;
}

core::Result<std::optional<KeyCache::Owner>> RecordsImpl::key_owner(std::int64_t type,
                                                                    std::string_view key) {
  std::optional<KeyCache::Owner> owner;
  if (writer_) {
    if (const KeyCache::Owner* known = keys_.find(type, key)) return std::optional(*known);
  }
  auto status = db_->query("SELECT id,under FROM resource_key WHERE type=?1 AND key=?2",
                           {type, stored_key(key)}, [&](const Row& row) {
                             owner = {std::string(row.text(0)), row.integer(1) != 0};
                             return false;
                           });
  if (!status) return core::fail(status.error());
  if (writer_ && owner) keys_.remember(type, key, *owner, false);
  return owner;
}

// @return false: it is somebody's.
core::Result<bool> RecordsImpl::insert_key(std::int64_t type, std::string_view key,
                                           std::string_view id, bool under) {
  auto status = db_->run(
      "INSERT INTO resource_key(type,key,id,under) VALUES(?1,?2,?3,?4) ON CONFLICT DO NOTHING",
      {type, stored_key(key), id, std::int64_t{under}});
  if (!status) return core::fail(status.error());
  if (db_->changes() != 1) return false;
  keys_.remember(type, key, {std::string(id), under}, true);
  return true;
}

core::Result<std::string> RecordsImpl::claim_key(std::string_view type, std::string_view key,
                                                 const std::function<std::string()>& proposed) {
  if (auto status = writable(); !status) return core::fail(status.error());
  const auto word = words_.number(type);
  if (!word) return core::fail(word.error());
  if (const KeyCache::Owner* known = keys_.find(*word, key)) return known->id;
  std::string id = proposed();
  const auto added = insert_key(*word, key, id, false);
  if (!added) return core::fail(added.error());
  if (*added) return id;
  auto known = find_key(type, key);
  if (!known) return core::fail(known.error());
  if (!*known) return core::fail(core::ErrorCode::kStoreCorrupt, "a key is there and is not");
  return std::move(**known);
}

// A rung below says whose it is only where none above says otherwise: two documents of one minute
// are two when their numbers differ, and one when the second message gives the number for the
// first time.
core::Result<std::string> RecordsImpl::claim_ladder(std::string_view type,
                                                    std::span<const std::string> keys,
                                                    const std::function<std::string()>& proposed) {
  if (auto status = writable(); !status) return core::fail(status.error());
  const auto word = words_.number(type);
  if (!word) return core::fail(word.error());
  std::string id;
  std::vector<std::optional<KeyCache::Owner>> owners;
  for (const std::string& key : keys) {
    auto owner = key_owner(*word, key);
    if (!owner) return core::fail(owner.error());
    const bool top = owners.empty();
    if (id.empty() && *owner && (top || !(*owner)->under)) id = (*owner)->id;
    owners.push_back(std::move(*owner));
  }
  if (id.empty()) id = proposed();
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const bool under = i > 0;
    core::Status status;
    if (!owners[i]) {
      const auto added = insert_key(*word, keys[i], id, under);
      if (!added) return core::fail(added.error());
    } else if (under && owners[i]->id == id && !owners[i]->under) {
      status = db_->run("UPDATE resource_key SET under=1 WHERE key=?2 AND type=?1",
                        {*word, stored_key(keys[i])});
      keys_.remember(*word, keys[i], {id, true}, true);
    }
    if (!status) return core::fail(status.error());
  }
  return id;
}

core::Status RecordsImpl::add_key(std::string_view type, std::string_view key, std::string_view id,
                                  bool under) {
  if (auto status = writable(); !status) return status;
  const auto word = words_.number(type);
  if (!word) return core::fail(word.error());
  const auto added = insert_key(*word, key, id, under);
  if (!added) return core::fail(added.error());
  if (*added) return {};
  const auto known = find_key(type, key);
  if (!known) return core::fail(known.error());
  if (*known && **known == id) return {};
  return core::fail(core::ErrorCode::kConflict, "the key belongs to another resource",
                    std::string(type));
}

core::Status RecordsImpl::repoint_keys(std::string_view type, std::string_view from,
                                       std::string_view into) {
  if (auto status = writable(); !status) return status;
  const auto word = words_.number(type);
  if (!word) return core::fail(word.error());
  keys_.changed();
  return db_->run("UPDATE resource_key SET id=?3 WHERE id=?2 AND type=?1", {*word, from, into});
}

core::Status RecordsImpl::remove_key(std::string_view type, std::string_view key) {
  if (auto status = writable(); !status) return status;
  const auto word = words_.number(type);
  if (!word) return core::fail(word.error());
  keys_.changed();
  return db_->run("DELETE FROM resource_key WHERE key=?2 AND type=?1", {*word, stored_key(key)});
}

core::Result<std::vector<Records::KeyRow>> RecordsImpl::keys_with_parent(
    std::string_view parent_id) {
  // '0' follows '/': all keys that begin with "<parent>/".
  const std::string from = std::string(parent_id) + "/", to = std::string(parent_id) + "0";
  std::vector<KeyRow> rows;
  core::Status damage;
  auto status = db_->query(
      "SELECT type,key,id,under FROM resource_key WHERE key>=?1 AND key<?2 ORDER BY type,key",
      {from, to}, [&](const Row& row) {
        auto type = words_.text(row.integer(0));
        if (!type) {
          damage = core::fail(type.error());
          return false;
        }
        rows.push_back({std::move(*type), std::string(row.text(1)), std::string(row.text(2)),
                        row.integer(3) != 0});
        return true;
      });
  if (!status) return core::fail(status.error());
  if (!damage) return core::fail(damage.error());
  return rows;
}

core::Status RecordsImpl::set_message(const MessageState& state) {
  if (auto status = writable(); !status) return status;
  const auto feed = words_.number(state.feed);
  const auto type = words_.number(state.type);
  const auto mapping = words_.number(state.mapping_hash);
  for (const auto* word : {&feed, &type, &mapping}) {
    if (!*word) return core::fail(word->error());
  }
  std::optional<std::int64_t> before;
  auto status = db_->query("SELECT state FROM message WHERE sequence=?1", {number(state.sequence)},
                           [&](const Row& row) {
                             before = row.integer(0);
                             return false;
                           });
  if (!status) return status;
  constexpr auto kFailed = static_cast<std::int64_t>(MessageState::State::kFailed);
  if (!before) ++tally(Tallies::kMessages);
  if (before && *before == kFailed) --tally(Tallies::kFailed);
  if (state.state == MessageState::State::kFailed) ++tally(Tallies::kFailed);
  return db_->run(
      "INSERT INTO message(sequence,state,feed,control_id,type,error,mapping,received,lanes,"
      "resources,issues) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)"
      " ON CONFLICT(sequence) DO UPDATE SET state=excluded.state,feed=excluded.feed,"
      "control_id=excluded.control_id,type=excluded.type,error=excluded.error,"
      "mapping=excluded.mapping,received=excluded.received,lanes=excluded.lanes,"
      "resources=excluded.resources,issues=excluded.issues",
      {number(state.sequence), static_cast<std::int64_t>(state.state), *feed, state.control_id,
       *type, state.error, *mapping, micros(state.received), join_lines(state.lanes),
       std::int64_t{state.resources}, state.issues});
}

core::Result<std::optional<MessageState>> RecordsImpl::message(core::Sequence at) {
  auto found = messages(1, core::next(at), false);
  if (!found) return core::fail(found.error());
  if (found->empty() || found->front().sequence != at) return std::optional<MessageState>{};
  return std::optional<MessageState>(std::move(found->front()));
}

core::Result<std::vector<MessageState>> RecordsImpl::messages(std::size_t limit,
                                                              core::Sequence before,
                                                              bool failed_only) {
  std::vector<MessageState> states;
  core::Status damage;
  const auto take = [&](const Row& row) {
    MessageState state;
    state.sequence = sequence(row.integer(0));
    state.state = static_cast<MessageState::State>(row.integer(1));
    state.control_id = row.text(3);
    state.error = row.text(5);
    state.received = instant(row.integer(7));
    state.lanes = split_lines(row.text(8));
    state.resources = static_cast<std::uint32_t>(row.integer(9));
    state.issues = row.text(10);
    for (const auto& [into, column] : {std::pair{&state.feed, 2}, std::pair{&state.type, 4},
                                       std::pair{&state.mapping_hash, 6}}) {
      auto text = words_.text(row.integer(column));
      if (text) {
        *into = std::move(*text);
      } else {
        damage = core::fail(text.error());
      }
    }
    states.push_back(std::move(state));
    return damage.has_value();
  };
  // 0: from the newest.
  const std::int64_t below = before.value() == 0 ? INT64_MAX : number(before);
  const auto count = static_cast<std::int64_t>(limit);
  auto status =
      failed_only
          ? db_->query("SELECT sequence,state,feed,control_id,type,error,mapping,received,lanes,"
                       "resources,issues FROM message WHERE state=1 AND sequence<?1"
                       " ORDER BY sequence DESC LIMIT ?2",
                       {below, count}, take)
          : db_->query("SELECT sequence,state,feed,control_id,type,error,mapping,received,lanes,"
                       "resources,issues FROM message WHERE sequence<?1"
                       " ORDER BY sequence DESC LIMIT ?2",
                       {below, count}, take);
  if (!status) return core::fail(status.error());
  if (!damage) return core::fail(damage.error());
  return states;
}

namespace {

std::string join_refs(const std::vector<VersionRef>& refs) {
  std::string out;
  for (const VersionRef& ref : refs) {
    if (!out.empty()) out += '\n';
    out.append(ref.type).append("/").append(ref.id).append("/");
    out += std::to_string(ref.version);
  }
  return out;
}

std::vector<VersionRef> split_refs(std::string_view text) {
  std::vector<VersionRef> refs;
  refs.reserve(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1);
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::size_t type = line.find('/'), id = line.rfind('/');
    if (type == id) continue;   // not "type/id/version"
    refs.push_back({std::string(line.substr(0, type)),
                    std::string(line.substr(type + 1, id - type - 1)),
                    static_cast<std::uint32_t>(core::to_int(line.substr(id + 1)).value_or(0))});
  }
  return refs;
}

}  // namespace

core::Status RecordsImpl::enqueue(const OutboxItem& item) {
  if (auto status = writable(); !status) return status;
  const auto destination = words_.number(item.destination.value());
  if (!destination) return core::fail(destination.error());
  ++tallies_.outbox[*destination][static_cast<std::size_t>(item.state)];
  return db_->run(
      "INSERT INTO outbox(row,destination,sequence,part,state,attempts,created,lanes,after,"
      "resources,identifier,traceparent,error) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)",
      {tally(Tallies::kNextOutbox)++, *destination, number(item.sequence), std::int64_t{item.part},
       static_cast<std::int64_t>(item.state), std::int64_t{item.attempts}, micros(item.created),
       join_lines(item.lanes), join_lines(item.after), join_refs(item.resources), item.identifier,
       item.traceparent, item.last_error});
}

core::Result<std::vector<OutboxItem>> RecordsImpl::outbox_items(
    std::string_view sql, const core::DestinationName& destination, std::int64_t after_row,
    std::size_t limit) {
  std::vector<OutboxItem> items;
  const auto word = words_.find(destination.value());
  if (!word) return core::fail(word.error());
  auto status = db_->query(
      sql, {*word, after_row, static_cast<std::int64_t>(limit)}, [&](const Row& row) {
        OutboxItem item;
        item.destination = destination;
        item.row = row.integer(0);
        item.sequence = sequence(row.integer(1));
        item.part = static_cast<int>(row.integer(2));
        item.state = static_cast<OutboxItem::State>(row.integer(3));
        item.attempts = static_cast<int>(row.integer(4));
        item.created = instant(row.integer(5));
        item.lanes = split_lines(row.text(6));
        item.after = split_lines(row.text(7));
        item.resources = split_refs(row.text(8));
        item.identifier = row.text(9);
        item.traceparent = row.text(10);
        item.last_error = row.text(11);
        items.push_back(std::move(item));
        return true;
      });
  if (!status) return core::fail(status.error());
  return items;
}

core::Result<std::vector<OutboxItem>> RecordsImpl::pending(
    const core::DestinationName& destination, std::int64_t after_row, std::size_t limit) {
  return outbox_items(
      "SELECT row,sequence,part,state,attempts,created,lanes,after,resources,identifier,"
      "traceparent,error FROM outbox WHERE destination=?1 AND state<>1 AND row>?2"
      " ORDER BY row LIMIT ?3",
      destination, after_row, limit);
}

core::Result<std::vector<OutboxItem>> RecordsImpl::parked(const core::DestinationName& destination,
                                                          std::int64_t after_row,
                                                          std::size_t limit) {
  return outbox_items(
      "SELECT row,sequence,part,state,attempts,created,lanes,after,resources,identifier,"
      "traceparent,error FROM outbox WHERE destination=?1 AND state=1 AND row>?2"
      " ORDER BY row LIMIT ?3",
      destination, after_row, limit);
}

core::Result<std::optional<std::int64_t>> RecordsImpl::outbox_row(
    const core::DestinationName& destination, core::Sequence at, int part) {
  const auto word = words_.find(destination.value());
  if (!word) return core::fail(word.error());
  std::optional<std::int64_t> found;
  auto status = db_->query(
      "SELECT row FROM outbox WHERE destination=?1 AND sequence=?2 AND part=?3 ORDER BY row LIMIT "
      "1",
      {*word, number(at), std::int64_t{part}}, [&](const Row& row) {
        found = row.integer(0);
        return false;
      });
  if (!status) return core::fail(status.error());
  return found;
}

core::Status RecordsImpl::mark_delivered(std::int64_t row) {
  if (auto status = writable(); !status) return status;
  std::int64_t destination = 0;
  std::size_t state = 0;
  auto status = db_->query("SELECT destination,state FROM outbox WHERE row=?1", {row},
                           [&](const Row& found) {
                             destination = found.integer(0);
                             state = static_cast<std::size_t>(found.integer(1));
                             return false;
                           });
  if (!status || destination == 0) return status;
  --tallies_.outbox[destination].at(state);
  return db_->run("DELETE FROM outbox WHERE row=?1", {row});
}

core::Status RecordsImpl::mark(std::int64_t row, OutboxItem::State state, int attempts,
                               std::string_view error) {
  if (auto status = writable(); !status) return status;
  std::int64_t destination = 0;
  std::size_t before = 0;
  auto status = db_->query("SELECT destination,state FROM outbox WHERE row=?1", {row},
                           [&](const Row& found) {
                             destination = found.integer(0);
                             before = static_cast<std::size_t>(found.integer(1));
                             return false;
                           });
  if (!status) return status;
  if (destination == 0) return core::fail(core::ErrorCode::kNotFound, "no such outbox row");
  --tallies_.outbox[destination].at(before);
  ++tallies_.outbox[destination].at(static_cast<std::size_t>(state));
  return db_->run("UPDATE outbox SET state=?2,attempts=?3,error=?4 WHERE row=?1",
                  {row, static_cast<std::int64_t>(state), std::int64_t{attempts}, error});
}

core::Result<Records::OutboxCounts> RecordsImpl::outbox_counts(
    const core::DestinationName& destination) {
  const auto word = words_.find(destination.value());
  if (!word) return core::fail(word.error());
  OutboxCounts counts;
  const auto now = tallies();
  if (!now) return core::fail(now.error());
  if (const auto at = now->outbox.find(*word); at != now->outbox.end()) {
    const auto value = [&](OutboxItem::State state) {
      return static_cast<std::uint64_t>(at->second[static_cast<std::size_t>(state)]);
    };
    counts.pending = value(OutboxItem::State::kPending);
    counts.parked = value(OutboxItem::State::kParked);
    counts.held = value(OutboxItem::State::kHeld);
  }
  if (counts.pending == 0) return counts;
  auto status = db_->query(
      "SELECT created FROM outbox WHERE destination=?1 AND state<>1 AND state=0"
      " ORDER BY row LIMIT 1",
      {*word}, [&](const Row& row) {
        counts.oldest_pending = instant(row.integer(0));
        return false;
      });
  if (!status) return core::fail(status.error());
  return counts;
}

}  // namespace store
