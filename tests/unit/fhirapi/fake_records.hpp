#pragma once
#include <store/records.hpp>

#include <map>

namespace test {

/// Records in memory that remember the last query: what the FHIR face asks of a store, without one.
class FakeRecords final : public store::Records {
 public:
  std::vector<store::Resource> versions;   ///< oldest first
  std::vector<store::Resource> matches;    ///< what every search finds
  store::SearchQuery asked;
  bool broken = false;

  template <class T>
  core::Result<T> none() {
    return core::fail(core::ErrorCode::kInternal, "not part of this test");
  }

  core::Result<std::optional<store::Resource>> get(std::string_view type,
                                                   std::string_view id) override {
    if (broken) return core::fail(core::ErrorCode::kStoreUnavailable, "closed");
    std::optional<store::Resource> found;
    for (const auto& v : versions) {
      if (v.type == type && v.id == id) found = v;
    }
    return found;
  }
  core::Result<std::optional<store::Resource>> get_version(std::string_view type, std::string_view id,
                                                           std::uint32_t version) override {
    for (const auto& v : versions) {
      if (v.type == type && v.id == id && v.version == version) return v;
    }
    return std::nullopt;
  }
  core::Result<std::vector<store::Resource>> history(std::string_view type, std::string_view id,
                                                     std::size_t limit) override {
    std::vector<store::Resource> found;
    for (auto v = versions.rbegin(); v != versions.rend() && found.size() < limit; ++v) {
      if (v->type == type && v->id == id) found.push_back(*v);
    }
    return found;
  }
  core::Result<std::vector<store::Resource>> search(const store::SearchQuery& query) override {
    asked = query;
    std::vector<store::Resource> page;
    for (const auto& m : matches) {
      if (m.id > query.after_id && page.size() < query.count) page.push_back(m);
    }
    return page;
  }
  core::Result<std::uint64_t> count(const store::SearchQuery& query) override {
    asked = query;
    return matches.size();
  }

  store::Db& db() override { std::abort(); }
  core::Status begin() override { return {}; }
  core::Status commit(core::Sequence) override { return {}; }
  void rollback() override {}
  core::Status savepoint() override { return {}; }
  core::Status rollback_to_savepoint() override { return {}; }
  core::Result<core::Sequence> position() override { return none<core::Sequence>(); }
  core::Result<Put> put(std::string_view, std::string_view, const std::string&, const fhir::Node*,
                        const store::Stamp&) override {
    return none<Put>();
  }
  core::Result<Put> remove(std::string_view, std::string_view, const store::Stamp&) override {
    return none<Put>();
  }
  core::Result<Standing> standing(std::string_view, std::string_view, std::string_view) override {
    return none<Standing>();
  }
  core::Result<std::optional<std::string>> find_key(std::string_view, std::string_view) override {
    return none<std::optional<std::string>>();
  }
  core::Result<std::string> claim_key(std::string_view, std::string_view,
                                      const std::function<std::string()>&) override {
    return none<std::string>();
  }
  core::Status add_key(std::string_view, std::string_view, std::string_view, bool) override {
    return {};
  }
  core::Result<std::string> claim_ladder(std::string_view, std::span<const std::string>,
                                         const std::function<std::string()>&) override {
    return none<std::string>();
  }
  core::Result<const store::Resource*> look(std::string_view, std::string_view) override {
    return nullptr;
  }
  core::Result<Put> confirm(std::string_view, std::string_view, const store::Stamp&) override {
    return Put{};
  }
  core::Status repoint_keys(std::string_view, std::string_view, std::string_view) override {
    return {};
  }
  core::Status remove_key(std::string_view, std::string_view) override { return {}; }
  core::Result<std::vector<KeyRow>> keys_with_parent(std::string_view) override {
    return none<std::vector<KeyRow>>();
  }
  core::Result<std::vector<store::Resource>> referencing(std::string_view, std::size_t) override {
    return none<std::vector<store::Resource>>();
  }
  core::Status set_message(const store::MessageState&) override { return {}; }
  core::Result<std::optional<store::MessageState>> message(core::Sequence) override {
    return none<std::optional<store::MessageState>>();
  }
  core::Result<std::vector<store::MessageState>> messages(std::size_t, core::Sequence,
                                                          bool) override {
    return none<std::vector<store::MessageState>>();
  }
  core::Status enqueue(const store::OutboxItem&) override { return {}; }
  core::Result<std::vector<store::OutboxItem>> pending(const core::DestinationName&, std::int64_t,
                                                       std::size_t) override {
    return none<std::vector<store::OutboxItem>>();
  }
  core::Result<std::vector<store::OutboxItem>> parked(const core::DestinationName&, std::int64_t,
                                                      std::size_t) override {
    return none<std::vector<store::OutboxItem>>();
  }
  core::Result<std::optional<std::int64_t>> outbox_row(const core::DestinationName&, core::Sequence,
                                                       int) override {
    return none<std::optional<std::int64_t>>();
  }
  core::Status mark_delivered(std::int64_t) override { return {}; }
  core::Status mark(std::int64_t, store::OutboxItem::State, int, std::string_view) override {
    return {};
  }
  core::Result<OutboxCounts> outbox_counts(const core::DestinationName&) override {
    return none<OutboxCounts>();
  }
  core::Result<Counts> counts() override { return none<Counts>(); }
};

}  // namespace test
