#pragma once
#include "segment.hpp"

#include <core/result.hpp>
#include <store/journal.hpp>

#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace store {

/// Reads over all segments of a folder, each through its own read-only connection (no ATTACH).
/// Thread: any; one look-up at a time.
class JournalReader {
 public:
  explicit JournalReader(std::string folder) : folder_(folder), readers_(std::move(folder)) {}

  void set_segments(std::vector<SegmentName> names);
  void add_segment(const SegmentName& name);
  /// Lists the folder again, for readers beside a running engine.
  core::Status refresh();

  /// Entries in (after, last], as Journal::read().
  core::Result<std::vector<Entry>> read(std::uint64_t after, std::uint64_t last,
                                        std::size_t limit) const;
  core::Result<std::optional<Entry>> find(std::uint64_t sequence) const;
  core::Result<std::vector<Entry>> find_control_id(const std::string& control_id,
                                                   std::size_t limit) const;
  /// Highest sequence in the newest segment; one less than its first when it is empty.
  core::Result<std::uint64_t> last() const;
  std::uint64_t first() const;
  std::size_t count() const;
  std::uint64_t bytes() const;

 private:
  const std::string folder_;
  mutable std::mutex mutex_;
  std::vector<SegmentName> names_;   // ascending
  mutable SegmentReaders readers_;
};

}  // namespace store
