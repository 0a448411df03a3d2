#pragma once
#include <store/records.hpp>

#include <functional>
#include <string_view>

namespace test {

/// Records on a store that fails now and then: `fails` is asked before each write by its name.
class FailingRecords final : public store::Records {
 public:
  using Fails = std::function<bool(std::string_view call)>;
  FailingRecords(store::Records& inner, Fails fails) : inner_(inner), fails_(std::move(fails)) {}

  store::Db& db() override { return inner_.db(); }
  core::Status begin() override { return failed("begin") ? full() : inner_.begin(); }
  core::Status commit(core::Sequence position) override {
    if (!failed("commit")) return inner_.commit(position);
    inner_.rollback();   // as a commit that fails does
    return full();
  }
  void rollback() override { inner_.rollback(); }
  core::Status savepoint() override { return inner_.savepoint(); }
  core::Status rollback_to_savepoint() override { return inner_.rollback_to_savepoint(); }
  core::Result<core::Sequence> position() override { return inner_.position(); }

  core::Result<std::optional<store::Resource>> get(std::string_view type,
                                                   std::string_view id) override {
    return inner_.get(type, id);
  }
  core::Result<std::optional<store::Resource>> get_version(std::string_view type,
                                                           std::string_view id,
                                                           std::uint32_t version) override {
    return inner_.get_version(type, id, version);
  }
  core::Result<std::vector<store::Resource>> history(std::string_view type, std::string_view id,
                                                     std::size_t limit) override {
    return inner_.history(type, id, limit);
  }
  core::Result<Put> put(std::string_view type, std::string_view id, const std::string& body,
                        const fhir::Node* tree, const store::Stamp& stamp) override {
    if (failed("put")) return core::fail(full().error());
    return inner_.put(type, id, body, tree, stamp);
  }
  core::Result<Put> remove(std::string_view type, std::string_view id,
                           const store::Stamp& stamp) override {
    return inner_.remove(type, id, stamp);
  }
  core::Result<const store::Resource*> look(std::string_view type, std::string_view id) override {
    return inner_.look(type, id);
  }
  core::Result<Put> confirm(std::string_view type, std::string_view id,
                            const store::Stamp& stamp) override {
    return inner_.confirm(type, id, stamp);
  }
  core::Result<Standing> standing(std::string_view type, std::string_view id,
                                  std::string_view sender) override {
    return inner_.standing(type, id, sender);
  }
  core::Result<std::vector<store::Resource>> search(const store::SearchQuery& query) override {
    return inner_.search(query);
  }
  core::Result<std::uint64_t> count(const store::SearchQuery& query) override {
    return inner_.count(query);
  }
  core::Result<std::optional<std::string>> find_key(std::string_view type,
                                                    std::string_view key) override {
    return inner_.find_key(type, key);
  }
  core::Status add_key(std::string_view type, std::string_view key, std::string_view id,
                       bool under) override {
    return inner_.add_key(type, key, id, under);
  }
  core::Result<std::string> claim_ladder(std::string_view type, std::span<const std::string> keys,
                                         const std::function<std::string()>& proposed) override {
    return inner_.claim_ladder(type, keys, proposed);
  }
  core::Result<std::string> claim_key(std::string_view type, std::string_view key,
                                      const std::function<std::string()>& proposed) override {
    return inner_.claim_key(type, key, proposed);
  }
  core::Status repoint_keys(std::string_view type, std::string_view from,
                            std::string_view into) override {
    return inner_.repoint_keys(type, from, into);
  }
  core::Status remove_key(std::string_view type, std::string_view key) override {
    return inner_.remove_key(type, key);
  }
  core::Result<std::vector<KeyRow>> keys_with_parent(std::string_view parent_id) override {
    return inner_.keys_with_parent(parent_id);
  }
  core::Result<std::vector<store::Resource>> referencing(std::string_view target,
                                                         std::size_t limit) override {
    return inner_.referencing(target, limit);
  }
  core::Status set_message(const store::MessageState& state) override {
    return failed("set_message") ? full() : inner_.set_message(state);
  }
  core::Result<std::optional<store::MessageState>> message(core::Sequence sequence) override {
    return inner_.message(sequence);
  }
  core::Result<std::vector<store::MessageState>> messages(std::size_t limit, core::Sequence before,
                                                          bool failed_only) override {
    return inner_.messages(limit, before, failed_only);
  }
  core::Status enqueue(const store::OutboxItem& item) override {
    return failed("enqueue") ? full() : inner_.enqueue(item);
  }
  core::Result<std::vector<store::OutboxItem>> pending(const core::DestinationName& destination,
                                                       std::int64_t after_row,
                                                       std::size_t limit) override {
    return inner_.pending(destination, after_row, limit);
  }
  core::Result<std::vector<store::OutboxItem>> parked(const core::DestinationName& destination,
                                                      std::int64_t after_row,
                                                      std::size_t limit) override {
    return inner_.parked(destination, after_row, limit);
  }
  core::Result<std::optional<std::int64_t>> outbox_row(const core::DestinationName& destination,
                                                       core::Sequence sequence,
                                                       int part) override {
    return inner_.outbox_row(destination, sequence, part);
  }
  core::Status mark_delivered(std::int64_t row) override { return inner_.mark_delivered(row); }
  core::Status mark(std::int64_t row, store::OutboxItem::State state, int attempts,
                    std::string_view error) override {
    return inner_.mark(row, state, attempts, error);
  }
  core::Result<OutboxCounts> outbox_counts(const core::DestinationName& destination) override {
    return inner_.outbox_counts(destination);
  }
  core::Result<Counts> counts() override { return inner_.counts(); }

 private:
  bool failed(std::string_view call) { return fails_ && fails_(call); }
  static core::Status full() {
    return core::fail(core::ErrorCode::kDiskFull, "no space left", "records.db");
  }

  store::Records& inner_;
  Fails fails_;
};

}  // namespace test
