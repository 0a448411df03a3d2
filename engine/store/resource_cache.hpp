#pragma once
#include <store/records.hpp>

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <unordered_map>
#include <vector>

namespace store {

/// A resource as it stands, with what its row says beside the API's fields.
struct Current {
  Resource resource;
  std::int64_t number = 0, row = 0;
  std::int64_t sender = 0;        ///< word; 0 = never stamped
  std::int64_t event_time = 0;
  std::uint64_t indexed = 0;      ///< hash of the search values; 0 = none
};

/// The writer's copy of what it read or wrote last, so that a busy chart is not read and unpacked
/// for each of its messages. Bounded by bytes, the least recently used leaves first; what its row
/// says stays longer, without type, id and body. What a transaction or savepoint changed leaves
/// with its undo.
class ResourceCache {
 public:
  static constexpr std::size_t kBytesMax = 8u << 20;
  static constexpr std::size_t kRowsMax = 12'000;

  Current* find(const std::string& name);
  /// One without a body will do. Stays where it is until the next put() or undo.
  Current* find_row(const std::string& name);
  /// The entry stays where it is until the next put() or undo.
  Current& put(const std::string& name, Current current);
  /// The entry was changed in place.
  void changed(const std::string& name);

  void begin() { touched_.clear(); mark_ = 0; }
  void savepoint() { mark_ = touched_.size(); }
  void undo_to_savepoint() { undo(mark_); }
  void undo_all() { undo(0); }

 private:
  struct Slot {
    std::string name;
    Current current;
    std::size_t bytes = 0;
  };
  void undo(std::size_t keep);
  void keep_row(Slot slot);
  static std::size_t bytes_of(const Slot& slot);

  std::list<Slot> slots_;   // most recent first
  std::unordered_map<std::string, std::list<Slot>::iterator> places_;
  std::unordered_map<std::string, Current> rows_;   ///< of those that left; begins anew when full
  std::vector<std::string> touched_;
  std::size_t mark_ = 0, bytes_ = 0;
};

}  // namespace store
