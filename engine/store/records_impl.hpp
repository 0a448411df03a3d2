#pragma once
#include "fresh_versions.hpp"
#include "key_cache.hpp"
#include "log_keeper.hpp"
#include "resource_cache.hpp"
#include "search_index.hpp"
#include "search_lead.hpp"
#include "search_rows.hpp"
#include "sqlite_db.hpp"
#include "words.hpp"

#include <store/records.hpp>

#include <array>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace store {

/// Counters that move in the transaction of what they count; kept in table meta.
struct Tallies {
  enum Name { kPosition, kNextResource, kNextVersion, kNextOutbox, kResources, kVersions, kMessages,
              kFailed, kNextChange, kChangesTrimmed, kNames };
  static constexpr std::array<std::string_view, kNames> kText = {
      "position",        "next_resource",  "next_version",   "next_outbox",
      "count.resources", "count.versions", "count.messages", "count.failed",
      "next_change",     "changes_trimmed"};
  std::array<std::int64_t, kNames> values{};
  /// By destination word: how many outbox rows are in each OutboxItem::State.
  std::map<std::int64_t, std::array<std::int64_t, 3>> outbox;
  bool operator==(const Tallies&) const = default;
};

/// What a search works with, within a SearchMoment. `rows`: nullptr when there is no search.db.
struct SearchParts {
  Db& db;
  Words& words;
  SearchIndex& index;
  SearchRows* rows;
  std::int64_t trimmed;   ///< up to this row search_change was forgotten: search.db has it
};

class RecordsImpl final : public Records {
 public:
  RecordsImpl(std::unique_ptr<SqliteDb> db, const std::string& directory, const schema::R4& r4,
              bool writer, std::shared_ptr<RecentVersions> recent);
  ~RecordsImpl() override;
  core::Status start();

  Db& db() override { return *db_; }

  core::Status begin() override;
  core::Status commit(core::Sequence position) override;
  bool commit_wanted() const override { return gate_.asked(); }
  void rollback() override;
  core::Status savepoint() override;
  core::Status rollback_to_savepoint() override;
  core::Result<core::Sequence> position() override;

  core::Result<std::optional<Resource>> get(std::string_view type, std::string_view id) override;
  core::Result<std::optional<Resource>> get_version(std::string_view type, std::string_view id,
                                                    std::uint32_t version) override;
  core::Result<std::vector<Resource>> history(std::string_view type, std::string_view id,
                                              std::size_t limit) override;
  core::Result<Put> put(std::string_view type, std::string_view id, const std::string& body,
                        const fhir::Node* tree, const Stamp& stamp) override;
  core::Result<Put> remove(std::string_view type, std::string_view id, const Stamp& stamp) override;
  core::Result<const Resource*> look(std::string_view type, std::string_view id) override;
  core::Result<Put> confirm(std::string_view type, std::string_view id,
                            const Stamp& stamp) override;
  core::Result<Standing> standing(std::string_view type, std::string_view id,
                                  std::string_view sender) override;
  core::Result<std::vector<Resource>> search(const SearchQuery& query) override;
  core::Result<std::uint64_t> count(const SearchQuery& query) override;

  core::Result<std::optional<std::string>> find_key(std::string_view type,
                                                    std::string_view key) override;
  core::Status add_key(std::string_view type, std::string_view key, std::string_view id,
                       bool under) override;
  core::Result<std::string> claim_ladder(std::string_view type, std::span<const std::string> keys,
                                         const std::function<std::string()>& proposed) override;
  core::Result<std::string> claim_key(std::string_view type, std::string_view key,
                                      const std::function<std::string()>& proposed) override;
  core::Status repoint_keys(std::string_view type, std::string_view from,
                            std::string_view into) override;
  core::Status remove_key(std::string_view type, std::string_view key) override;
  core::Result<std::vector<KeyRow>> keys_with_parent(std::string_view parent_id) override;
  core::Result<std::vector<Resource>> referencing(std::string_view target,
                                                  std::size_t limit) override;

  core::Status set_message(const MessageState& state) override;
  core::Result<std::optional<MessageState>> message(core::Sequence sequence) override;
  core::Result<std::vector<MessageState>> messages(std::size_t limit, core::Sequence before,
                                                   bool failed_only) override;

  core::Status enqueue(const OutboxItem& item) override;
  core::Result<std::vector<OutboxItem>> pending(const core::DestinationName& destination,
                                                std::int64_t after_row,
                                                std::size_t limit) override;
  core::Result<std::vector<OutboxItem>> parked(const core::DestinationName& destination,
                                               std::int64_t after_row, std::size_t limit) override;
  core::Result<std::optional<std::int64_t>> outbox_row(const core::DestinationName& destination,
                                                       core::Sequence sequence, int part) override;
  core::Status mark_delivered(std::int64_t row) override;
  core::Status mark(std::int64_t row, OutboxItem::State state, int attempts,
                    std::string_view error) override;
  core::Result<OutboxCounts> outbox_counts(const core::DestinationName& destination) override;
  core::Result<Counts> counts() override;

 private:
  core::Status writable() const;
  core::Result<Tallies> load_tallies();
  core::Status save_tallies();
  std::int64_t& tally(Tallies::Name name) { return tallies_.values[name]; }
  core::Result<Tallies> tallies();   // the reader's: fresh
  void give_back_room();
  core::Result<SearchRows*> rows();
  core::Result<SearchParts> search_parts(SearchMoment& moment);
  core::Status check_search();
  core::Status forget_changes();
  struct Referrer {
    std::int64_t row = 0, type = 0;
    std::string id;
  };
  core::Result<std::vector<Referrer>> referrers(std::int64_t type, std::string_view id,
                                                std::size_t limit);

  // A resource's row with its current body; null when there is none. Valid until the next call.
  core::Result<Current*> current(std::string_view type, std::string_view id);
  // The same where a row without its body, type and id will do.
  core::Result<Current*> current_row(std::string_view type, std::string_view id);
  core::Result<std::optional<Current>> load_current(std::string_view type, std::string_view id);
  core::Result<Put> write_version(std::string_view type, std::string_view id, Current* now,
                                  const std::string& body, bool deleted, const fhir::Node* tree,
                                  const Stamp& stamp);
  core::Result<Put> confirm_current(Current& known, const Stamp& stamp);
  core::Status save_stamps();
  core::Result<std::uint64_t> index(std::int64_t number, std::string_view type,
                                    const std::string& body, const fhir::Node* tree,
                                    std::uint64_t before);
  core::Result<bool> insert_key(std::int64_t type, std::string_view key, std::string_view id,
                                bool under);
  core::Result<std::optional<KeyCache::Owner>> key_owner(std::int64_t type, std::string_view key);
  core::Result<bool> stamp(Current& now, const Stamp& stamp);
  core::Result<std::optional<std::int64_t>> other_stamp(std::int64_t number, std::int64_t sender);
  core::Status save_row(const Current& now, bool is_new);
  core::Result<Resource> load_version(std::int64_t row, std::string type, std::string id);
  core::Result<std::int64_t> previous_of(std::int64_t row);

  core::Result<std::vector<OutboxItem>> outbox_items(std::string_view sql,
                                                     const core::DestinationName& destination,
                                                     std::int64_t after_row, std::size_t limit);

  std::unique_ptr<SqliteDb> db_;
  const std::string directory_;
  const bool writer_;
  std::unique_ptr<SearchRows> rows_;   ///< opened by the first that asks
  Tallies tallies_;
  Words words_;
  ResourceCache cache_;
  KeyCache keys_;
  SearchIndex index_;
  FreshVersions fresh_;
  std::optional<Current> loaded_;   // the reader's one place for current()
  std::string name_;                // "Type/id", reused
  std::string absent_;              // the writer's: looked for last and not there
  /// Stamps of the open transaction that are not in their rows yet, by resource number: a doctor or
  /// ward that each message confirms is written once a transaction.
  struct Confirmed {
    std::int64_t sender = 0, event_time = 0;
  };
  static constexpr std::size_t kConfirmedMax = 4096;
  std::unordered_map<std::int64_t, Confirmed> confirmed_;
  std::string packed_;

  bool open_ = false, has_savepoint_ = false;
  Tallies saved_, marked_;
  std::uint64_t commits_ = 0;
  WriterGate gate_;
  std::unique_ptr<LogKeeper> keeper_;   ///< the writer's; ends before what it uses
};

/// Search as SQL; used by RecordsImpl::search() and count().
struct SearchHit {
  std::int64_t row = 0;
  std::string id;
};
core::Result<std::vector<SearchHit>> run_search(SearchParts parts, const SearchQuery& query);
core::Result<std::uint64_t> count_search(SearchParts parts, const SearchQuery& query);
/// Clauses whose values must be compared with the resource itself (:exact).
bool needs_exact_check(const SearchQuery& query);
bool passes_exact_check(SearchIndex& index, const SearchQuery& query, const fhir::Node* tree);

/// One a line; the parts hold no line ends.
std::string join_lines(const std::vector<std::string>& parts);
std::vector<std::string> split_lines(std::string_view text);

}  // namespace store
