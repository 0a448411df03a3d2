#pragma once
#include <core/clock.hpp>
#include <core/ids.hpp>
#include <core/result.hpp>
#include <fhir/node.hpp>
#include <schema/r4.hpp>
#include <store/db.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace store {

/// A stored resource version. `body` has no meta.versionId/lastUpdated; readers add them.
struct Resource {
  std::string type, id;
  std::uint32_t version = 0;         ///< 1, 2, 3...
  core::Sequence sequence;           ///< journal entry that wrote it
  core::Instant updated{};
  bool deleted = false;
  std::string body;                  ///< compact JSON with resourceType and id
};

/// What wrote a version: kept beside it for staleness (judged between messages of one sender).
struct Stamp {
  core::Sequence sequence;
  core::Instant updated{};           ///< entry's received time
  std::string sender;                ///< MSH-3|MSH-4
  std::optional<core::Instant> event_time;   ///< EVN-2, else MSH-7
};

struct SearchQuery {
  struct Clause {
    std::string name;                ///< "identifier", "birthdate", "_id", "_lastUpdated"
    std::string modifier;            ///< "" or "exact", "missing", "not"...
    std::vector<std::string> values; ///< OR-ed, raw (prefixes, system|code inside)
  };
  std::string type;
  std::vector<Clause> clauses;       ///< AND-ed
  std::uint32_t count = 50;          ///< at most kSearchCountMax
  std::string after_id;              ///< page cursor: resources with id greater than this
};
inline constexpr std::uint32_t kSearchCountMax = 1000;

/// State of one journal entry after apply.
struct MessageState {
  core::Sequence sequence;
  /// kHeld: applied when somebody decides so (identity/conflict.hpp).
  enum class State { kApplied, kFailed, kSkipped, kHeld } state = State::kApplied;
  std::string feed, control_id, type, error;   ///< error: "slug: detail", no PHI
  std::string mapping_hash;
  core::Instant received{};
  std::vector<std::string> lanes;    ///< patient group ids, or "feed:<name>"
  std::uint32_t resources = 0;       ///< resources the message touched
  std::string issues;                ///< JSON array of warnings
};

/// A resource version named by an outbox row: frozen, since history never changes.
struct VersionRef {
  std::string type, id;
  std::uint32_t version = 0;
};

/// One thing to deliver. Order: (sequence, part) within each lane.
struct OutboxItem {
  std::int64_t row = 0;                      ///< assigned by the store, ascending
  core::DestinationName destination;
  core::Sequence sequence;
  int part = 0;                              ///< 0 shared resources, 1 the message's own Bundle
  std::vector<std::string> lanes;            ///< it is in the order of all of these
  std::vector<std::string> after;            ///< lanes it only waits for (shared resources it
                                             ///< names)
  std::vector<VersionRef> resources;         ///< in Bundle order
  std::string identifier;                    ///< Bundle.identifier.value
  std::string traceparent;
  core::Instant created{};
  enum class State { kPending, kParked, kHeld } state = State::kPending;
  int attempts = 0;
  std::string last_error;
};

class RecentVersions;

/// The records store: every projection of the journal, in `<dir>/records.db`. One writer (the
/// applier) inside begin()/commit(); readers open their own with open_read_only(). Idempotence: the
/// position moves in the same transaction as what it covers.
class Records {
 public:
  /// `recent`, when given, is told every version that was committed.
  static core::Result<std::unique_ptr<Records>> open(
      const std::string& directory, const schema::R4& r4,
      std::shared_ptr<RecentVersions> recent = nullptr);
  static core::Result<std::unique_ptr<Records>> open_read_only(const std::string& directory,
                                                               const schema::R4& r4);
  virtual ~Records() = default;

  virtual Db& db() = 0;      ///< for modules that keep tables of their own (identity, him)

  virtual core::Status begin() = 0;
  virtual core::Status commit(core::Sequence position) = 0;
  /// The log is being copied into the database, and the writer waits for what its last transaction
  /// left of it: short ones are better now.
  virtual bool commit_wanted() const { return false; }
  virtual void rollback() = 0;
  /// Undo of one entry inside the transaction: what came after savepoint() is taken back (also from
  /// any cache) by rollback_to_savepoint(); the next savepoint() replaces the former.
  virtual core::Status savepoint() = 0;
  virtual core::Status rollback_to_savepoint() = 0;
  virtual core::Result<core::Sequence> position() = 0;   ///< last applied journal sequence

  // Resources
  virtual core::Result<std::optional<Resource>> get(std::string_view type, std::string_view id) = 0;
  virtual core::Result<std::optional<Resource>> get_version(std::string_view type,
                                                            std::string_view id,
                                                            std::uint32_t version) = 0;
  virtual core::Result<std::vector<Resource>> history(std::string_view type, std::string_view id,
                                                      std::size_t limit) = 0;
  /// Writes a new version when `body` differs from the current one. `tree` is the same content,
  /// for the search index. @return the current version number and whether it is new.
  struct Put {
    std::uint32_t version = 0;
    bool changed = false, created = false;
  };
  virtual core::Result<Put> put(std::string_view type, std::string_view id, const std::string& body,
                                const fhir::Node* tree, const Stamp& stamp) = 0;
  virtual core::Result<Put> remove(std::string_view type, std::string_view id,
                                   const Stamp& stamp) = 0;
  /// As get(), without a copy: nullptr when there is none. Valid until the next call of any kind.
  virtual core::Result<const Resource*> look(std::string_view type, std::string_view id) = 0;
  /// The resource was stated again as it stands (it must be there): only the stale guard moves.
  virtual core::Result<Put> confirm(std::string_view type, std::string_view id,
                                    const Stamp& stamp) = 0;
  /// How a resource stands, without its body.
  struct Standing {
    std::uint32_t version = 0;   ///< 0: never written
    bool deleted = false;
    std::optional<core::Instant> last_event;   ///< that sender's newest, for the stale guard
    bool live() const { return version != 0 && !deleted; }
  };
  virtual core::Result<Standing> standing(std::string_view type, std::string_view id,
                                          std::string_view sender) = 0;
  virtual core::Result<std::vector<Resource>> search(const SearchQuery& query) = 0;
  virtual core::Result<std::uint64_t> count(const SearchQuery& query) = 0;

  // Keys: (type, key text) -> id. Adding an existing key of another id is kConflict.
  virtual core::Result<std::optional<std::string>> find_key(std::string_view type,
                                                            std::string_view key) = 0;
  /// @param under a rung above this key names the resource too, see claim_ladder()
  virtual core::Status add_key(std::string_view type, std::string_view key, std::string_view id,
                               bool under) = 0;
  /// @return whose key it is; nobody's becomes that of `proposed()`.
  virtual core::Result<std::string> claim_key(std::string_view type, std::string_view key,
                                              const std::function<std::string()>& proposed) = 0;
  /// The same with several keys of one resource, the surest first. The first that is known names
  /// it; but when surer ones of these are new and that resource is known by a surer one already,
  /// it is another. Keys that are nobody's become its own; others stay with their owners.
  virtual core::Result<std::string> claim_ladder(std::string_view type,
                                                 std::span<const std::string> keys,
                                                 const std::function<std::string()>& proposed) = 0;
  /// All keys of resource `from` name `into` from now on. Walks every key: for moves, not messages.
  virtual core::Status repoint_keys(std::string_view type, std::string_view from,
                                    std::string_view into) = 0;
  virtual core::Status remove_key(std::string_view type, std::string_view key) = 0;
  /// Keys that begin with a parent's id ("<parent>/..."), for merges.
  struct KeyRow {
    std::string type, key, id;
    bool under = false;   ///< see add_key()
  };
  virtual core::Result<std::vector<KeyRow>> keys_with_parent(std::string_view parent_id) = 0;

  /// Current resources that reference `target` ("Patient/<id>") anywhere the search index looks.
  virtual core::Result<std::vector<Resource>> referencing(std::string_view target,
                                                          std::size_t limit) = 0;

  // Message state
  virtual core::Status set_message(const MessageState& state) = 0;
  virtual core::Result<std::optional<MessageState>> message(core::Sequence sequence) = 0;
  virtual core::Result<std::vector<MessageState>> messages(std::size_t limit, core::Sequence before,
                                                           bool failed_only) = 0;

  // Outbox
  virtual core::Status enqueue(const OutboxItem& item) = 0;
  /// Pending and held items of a destination with row > after, ascending (a held item keeps its
  /// place in its lanes; parked ones have left them).
  virtual core::Result<std::vector<OutboxItem>> pending(const core::DestinationName& destination,
                                                        std::int64_t after_row,
                                                        std::size_t limit) = 0;
  /// Parked items of a destination with row > after, ascending.
  virtual core::Result<std::vector<OutboxItem>> parked(const core::DestinationName& destination,
                                                       std::int64_t after_row,
                                                       std::size_t limit) = 0;
  /// The item's row; outcomes are journaled by (destination, sequence, part), which a rebuild
  /// repeats.
  virtual core::Result<std::optional<std::int64_t>> outbox_row(
      const core::DestinationName& destination, core::Sequence sequence, int part) = 0;
  /// Final: delivered items leave the outbox; parked and held ones stay with their reason.
  virtual core::Status mark_delivered(std::int64_t row) = 0;
  virtual core::Status mark(std::int64_t row, OutboxItem::State state, int attempts,
                            std::string_view error) = 0;
  struct OutboxCounts {
    std::uint64_t pending = 0, parked = 0, held = 0;
    std::optional<core::Instant> oldest_pending;
  };
  virtual core::Result<OutboxCounts> outbox_counts(const core::DestinationName& destination) = 0;

  struct Counts {
    std::uint64_t resources = 0, versions = 0, messages = 0, failed = 0;
  };
  virtual core::Result<Counts> counts() = 0;
};

/// Names of the search parameters that are indexed for a type, besides _id and _lastUpdated.
std::vector<std::string> indexed_params(const schema::R4& r4, std::string_view type);

}  // namespace store
