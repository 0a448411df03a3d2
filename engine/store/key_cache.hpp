#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace store {

/// The writer's copy of resource keys it met last: senders name the same doctor, ward and visit in
/// message after message. Bounded: begins anew at its limit. What a transaction or savepoint added
/// leaves with its undo. Thread: the connection's.
class KeyCache {
 public:
  static constexpr std::size_t kEntriesMax = 16'384;
  static constexpr std::size_t kKeyBytesMax = 512;   ///< longer ones are not worth their room

  struct Owner {
    std::string id;
    bool under = false;   ///< a rung above this key names it too
  };

  /// nullptr: not known here. Valid until the next remember() or undo.
  const Owner* find(std::int64_t type, std::string_view key) {
    const auto at = ids_.find(name(type, key));
    return at == ids_.end() ? nullptr : &at->second;
  }
  /// @param added or changed in the open transaction, so that its undo takes it back
  void remember(std::int64_t type, std::string_view key, Owner owner, bool added) {
    if (key.size() > kKeyBytesMax) return;
    if (ids_.size() >= kEntriesMax) ids_.clear();
    const std::string& text = name(type, key);
    ids_.insert_or_assign(text, std::move(owner));
    if (added) added_.push_back(text);
  }

  /// Keys were changed or removed: what is remembered from here on may be taken back too.
  void changed() {
    ids_.clear();
    changed_ = true;
  }

  void begin() { added_.clear(); mark_ = 0; changed_ = false; }
  void savepoint() { mark_ = added_.size(); }
  void undo_to_savepoint() { undo(mark_); }
  void undo_all() { undo(0); }

 private:
  const std::string& name(std::int64_t type, std::string_view key) {
    name_.assign(reinterpret_cast<const char*>(&type), sizeof type).append(key);
    return name_;
  }
  void undo(std::size_t keep) {
    if (changed_) ids_.clear();
    for (; added_.size() > keep; added_.pop_back()) ids_.erase(added_.back());
  }

  std::unordered_map<std::string, Owner> ids_;
  std::vector<std::string> added_;
  std::size_t mark_ = 0;
  bool changed_ = false;
  std::string name_;
};

}  // namespace store
