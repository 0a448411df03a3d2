#include "files.hpp"

#include <core/hash.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <limits>

namespace store {

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = other.fd_;
    other.fd_ = -1;
  }
  return *this;
}

void Descriptor::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

core::Error system_failure(const std::string& what, const std::string& path) {
  const int cause = errno;
  const bool no_room = cause == ENOSPC || cause == EFBIG || cause == EDQUOT;
  return {no_room ? core::ErrorCode::kDiskFull : core::ErrorCode::kStoreUnavailable,
          what + ": " + std::strerror(cause), path};
}

core::Status make_folder(const std::string& path) {
  for (std::size_t at = 1; at <= path.size(); ++at) {
    if (at != path.size() && path[at] != '/') continue;
    const std::string part = path.substr(0, at);
    if (::mkdir(part.c_str(), 0700) == 0) {
      const std::size_t slash = part.find_last_of('/');
      const std::string parent =
          slash == std::string::npos ? "." : slash == 0 ? "/" : part.substr(0, slash);
      if (auto status = sync_folder(parent); !status) return status;
    } else if (errno != EEXIST) {
      return core::fail(system_failure("cannot make the folder", part));
    }
  }
  if (::access(path.c_str(), R_OK | W_OK | X_OK) != 0) {
    return core::fail(system_failure("cannot write in the folder", path));
  }
  return {};
}

core::Status sync_folder(const std::string& path) {
  const Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder || ::fsync(folder.get()) != 0) {
    return core::fail(system_failure("cannot sync the folder", path));
  }
  return {};
}

core::Result<Descriptor> lock_folder(const std::string& path) {
  const std::string file = path + "/lock";
  Descriptor lock(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock) return core::fail(system_failure("cannot open the lock", file));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) {
      return core::fail(core::ErrorCode::kStoreLocked, "another process runs on this store", file);
    }
    return core::fail(system_failure("cannot lock", file));
  }
  return lock;
}

std::uint64_t free_bytes(const std::string& path) {
  struct statvfs info {};
  if (::statvfs(path.c_str(), &info) != 0) return std::numeric_limits<std::uint64_t>::max();
  return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
}

std::uint64_t file_bytes(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
}

namespace {

struct Mark {
  std::uint64_t sequence = 0;
  std::uint64_t check = 0;
};

std::uint64_t check_of(std::uint64_t sequence) {
  return core::stable_hash({reinterpret_cast<const char*>(&sequence), sizeof sequence}, 1);
}

}  // namespace

core::Result<HighWater> HighWater::open(const std::string& folder, bool sync) {
  const std::string path = folder + "/high-water";
  HighWater mark;
  mark.sync_ = sync;
  mark.file_ = Descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!mark.file_) return core::fail(system_failure("cannot open", path));
  Mark read{};
  const ssize_t got = ::pread(mark.file_.get(), &read, sizeof read, 0);
  // A torn mark is no mark: the segments themselves still tell the last sequence.
  if (got == sizeof read && read.check == check_of(read.sequence)) mark.value_ = read.sequence;
  return mark;
}

void HighWater::advance(std::uint64_t sequence) {
  value_ = sequence;
  const Mark mark{sequence, check_of(sequence)};
  // Best effort: a mark that lags is allowed.
  [[maybe_unused]] const ssize_t written = ::pwrite(file_.get(), &mark, sizeof mark, 0);
}

core::Status HighWater::sync() {
  if (sync_ && ::fsync(file_.get()) != 0) {
    return core::fail(system_failure("cannot sync", "high-water"));
  }
  return {};
}

}  // namespace store
