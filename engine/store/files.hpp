#pragma once
#include <core/result.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace store {

/// A file descriptor that closes itself.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { reset(); }
  Descriptor(Descriptor&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  Descriptor& operator=(Descriptor&& other) noexcept;
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void reset();

 private:
  int fd_ = -1;
};

/// An error that names errno's meaning: kDiskFull for want of room, else kStoreUnavailable.
core::Error system_failure(const std::string& what, const std::string& path);

/// Makes the folder and its missing parents, mode 0700, and checks that it can be written.
core::Status make_folder(const std::string& path);
/// Makes new, removed and renamed names in the folder durable.
core::Status sync_folder(const std::string& path);
/// Exclusive for the life of the descriptor; kStoreLocked when another process holds it.
core::Result<Descriptor> lock_folder(const std::string& path);

/// Free bytes for us on the folder's volume; the largest number when that cannot be told.
std::uint64_t free_bytes(const std::string& path);
std::uint64_t file_bytes(const std::string& path);

/// `<folder>/high-water`: the highest sequence that was ever durable. Written after each commit
/// without
/// an fsync, so it may lag behind (power cut) but never lead: when it names more than the segments
/// hold, acknowledged entries were lost (a write-ahead log removed by hand, an old copy restored).
class HighWater {
 public:
  static core::Result<HighWater> open(const std::string& folder, bool sync);
  std::uint64_t value() const { return value_; }
  void advance(std::uint64_t sequence);
  core::Status sync();

 private:
  Descriptor file_;
  std::uint64_t value_ = 0;
  bool sync_ = true;
};

}  // namespace store
