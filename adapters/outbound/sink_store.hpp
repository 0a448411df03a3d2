#pragma once
#include "bundle_scan.hpp"

#include <outbound/sink.hpp>

#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace outbound {

/// One write into the sink, checked and ready.
struct SinkWrite {
  enum class Kind { kPut, kDelete } kind = Kind::kPut;
  std::string type;
  std::string id;
  std::string_view text;
};

struct SinkWritten {
  int status = 200;
  std::uint64_t version = 0;
};

/// What a sink keeps: resources by "Type/id", the oldest making room for new ones. Thread: any.
class SinkStore {
 public:
  SinkStore(std::size_t resources_max, std::size_t bytes_max)
      : resources_max_(resources_max), bytes_max_(bytes_max) {}

  std::vector<SinkWritten> write(const std::vector<SinkWrite>& writes, std::size_t body_bytes,
                                 bool transaction, std::uint64_t sequence);
  void count_request(bool refused, bool failed);

  struct Kept {
    std::string text;
    std::uint64_t version = 0;
  };
  bool find(const std::string& type, const std::string& id, Kept& out) const;
  /// The newest first.
  std::vector<std::string> newest(const std::string& type, std::size_t most) const;
  SinkStats stats() const;

 private:
  struct Slot {
    Kept kept;
    std::string type;
    std::list<std::string>::iterator place;
  };

  SinkWritten put(const SinkWrite& write);
  SinkWritten remove(const SinkWrite& write);
  void make_room();
  void erase(const std::string& key);

  const std::size_t resources_max_;
  const std::size_t bytes_max_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Slot> slots_;
  std::list<std::string> order_;   ///< keys, oldest first
  std::size_t kept_bytes_ = 0;
  SinkStats stats_;
};

}  // namespace outbound
