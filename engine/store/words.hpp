#pragma once
#include <store/db.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace store {

/// Texts that repeat (types, senders, code systems, feeds), stored once and named by a number from
/// 1. Undone with the transaction that added them. Thread: the connection's.
class Words {
 public:
  static constexpr std::size_t kCachedMax = 20'000;
  explicit Words(Db& db) : db_(db) {}

  /// The text's number, given now when it is new.
  core::Result<std::int64_t> number(std::string_view text);
  /// 0 when nothing was ever stored under this text.
  core::Result<std::int64_t> find(std::string_view text);
  core::Result<std::string> text(std::int64_t number);

  void begin() { added_.clear(); mark_ = 0; }
  void savepoint() { mark_ = added_.size(); }
  void undo_to_savepoint() { undo(mark_); }
  void undo_all() { undo(0); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  void remember(std::string_view text, std::int64_t number);
  void undo(std::size_t keep);

  Db& db_;
  std::unordered_map<std::string, std::int64_t, Hash, std::equal_to<>> numbers_;
  std::unordered_map<std::int64_t, std::string> texts_;
  std::vector<std::string> added_;
  std::size_t mark_ = 0;
};

}  // namespace store
