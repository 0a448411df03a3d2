// LD_PRELOAD layer: notes every write, sync, rename and unlink below POWER_CUT_DIR in POWER_CUT_LOG, so
// that the test can build the disk as it would be after a power cut at any instant. Writes to a file
// named "acks" are what the outside world saw.
//   POWER_CUT_FAIL_SYNC=n        the n-th sync of a file and all later ones fail with EIO
//   POWER_CUT_FULL_FROM=n, _TO=m writes n to m fail with ENOSPC
// Shared memory files (-shm) are left out: they do not survive a power cut. Built without sanitizers.
#include "op_log.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <cstring>
#include <string>
#include <unordered_map>

using faults::Op;
using faults::OpHead;

namespace {

constexpr int kFdsMax = 4096;
constexpr std::uint32_t kFolder = 0xffffffff, kAcks = 0xfffffffe;

struct Layer {
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  std::string dir;
  int log = -1;
  std::uint32_t files = 0;
  std::uint64_t syncs = 0, writes = 0;
  long fail_sync = 0, full_from = 0, full_to = 0;
  std::unordered_map<std::string, std::uint32_t> by_path;
  std::uint32_t by_fd[kFdsMax] = {};
};

long number(const char* name) {
  const char* text = std::getenv(name);
  return text ? std::atol(text) : 0;
}

Layer& layer() {
  static Layer* const made = [] {
    auto* l = new Layer;
    const char* dir = std::getenv("POWER_CUT_DIR");
    const char* log = std::getenv("POWER_CUT_LOG");
    if (dir && log) {
      l->dir = dir;
      l->log = static_cast<int>(
          syscall(SYS_openat, AT_FDCWD, log, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600));
    }
    l->fail_sync = number("POWER_CUT_FAIL_SYNC");
    l->full_from = number("POWER_CUT_FULL_FROM");
    l->full_to = number("POWER_CUT_FULL_TO");
    return l;
  }();
  return *made;
}

struct Lock {
  Lock() { pthread_mutex_lock(&layer().mutex); }
  ~Lock() { pthread_mutex_unlock(&layer().mutex); }
};


void note(Op op, std::uint32_t file, std::uint64_t offset, const void* bytes, std::size_t size) {
  const OpHead head{op, file, offset, size};
  iovec parts[2] = {{const_cast<OpHead*>(&head), sizeof head}, {const_cast<void*>(bytes), size}};
  if (syscall(SYS_writev, layer().log, parts, size ? 2 : 1) < 0) std::abort();
}

bool watched(const char* path) {
  const Layer& l = layer();
  if (l.log < 0 || !path || std::strncmp(path, l.dir.c_str(), l.dir.size()) != 0) return false;
  const std::size_t size = std::strlen(path);
  return size < 4 || std::strcmp(path + size - 4, "-shm") != 0;
}

std::uint32_t file_of(int fd) { return fd >= 0 && fd < kFdsMax ? layer().by_fd[fd] : 0; }

int open_noted(const char* path, int flags, mode_t mode) {
  if (!watched(path)) {
    const int fd = static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, flags, mode));
    if (fd >= 0 && fd < kFdsMax) layer().by_fd[fd] = 0;
    return fd;
  }
  const Lock lock;
  Layer& l = layer();
  struct stat info {};
  const bool existed = syscall(SYS_newfstatat, AT_FDCWD, path, &info, 0) == 0;
  const int fd = static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, flags, mode));
  if (fd < 0 || fd >= kFdsMax) return fd;
  const char* name = std::strrchr(path, '/');
  if (existed && S_ISDIR(info.st_mode)) {
    l.by_fd[fd] = kFolder;
  } else if (name && std::strcmp(name, "/acks") == 0) {
    l.by_fd[fd] = kAcks;
  } else {
    std::uint32_t& file = l.by_path[path];
    if (!existed || file == 0) {
      file = ++l.files;
      note(Op::kCreate, file, 0, path, std::strlen(path));
    }
    if (flags & O_TRUNC) note(Op::kTruncate, file, 0, nullptr, 0);
    l.by_fd[fd] = file;
  }
  return fd;
}

bool no_room() {
  Layer& l = layer();
  const long n = static_cast<long>(++l.writes);
  return l.full_from != 0 && n >= l.full_from && n <= l.full_to;
}

ssize_t write_noted(int fd, const void* bytes, std::size_t size, off_t offset) {
  const std::uint32_t file = file_of(fd);
  if (file == 0 || file == kFolder) return syscall(SYS_pwrite64, fd, bytes, size, offset);
  const Lock lock;
  if (no_room()) {
    errno = ENOSPC;
    return -1;
  }
  note(Op::kWrite, file, static_cast<std::uint64_t>(offset), bytes, size);
  return syscall(SYS_pwrite64, fd, bytes, size, offset);
}

int sync_noted(int fd, long call) {
  const std::uint32_t file = file_of(fd);
  if (file == 0 || file == kAcks) return static_cast<int>(syscall(call, fd));
  std::uint64_t token = 0;
  {
    const Lock lock;
    Layer& l = layer();
    token = ++l.syncs;
    if (file != kFolder && l.fail_sync != 0 && static_cast<long>(token) >= l.fail_sync) {
      errno = EIO;
      return -1;
    }
    note(Op::kSyncBegin, file, token, nullptr, 0);
  }
  const int result = static_cast<int>(syscall(call, fd));
  if (result == 0) {
    const Lock lock;
    note(file == kFolder ? Op::kFolderSync : Op::kSyncEnd, file, token, nullptr, 0);
  }
  return result;
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return open_noted(path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return open_noted(path, flags, mode);
}
int __open_2(const char* path, int flags) { return open_noted(path, flags, 0); }
int __open64_2(const char* path, int flags) { return open_noted(path, flags, 0); }

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  return write_noted(fd, bytes, size, offset);
}
ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t offset) {
  return write_noted(fd, bytes, size, offset);
}
ssize_t write(int fd, const void* bytes, size_t size) {
  const std::uint32_t file = file_of(fd);
  if (file == kAcks) {
    const Lock lock;
    note(Op::kAck, 0, 0, bytes, size);
    return syscall(SYS_write, fd, bytes, size);
  }
  if (file == 0 || file == kFolder) return syscall(SYS_write, fd, bytes, size);
  const off_t at = static_cast<off_t>(syscall(SYS_lseek, fd, 0, SEEK_CUR));
  const ssize_t written = write_noted(fd, bytes, size, at);
  if (written > 0) syscall(SYS_lseek, fd, at + written, SEEK_SET);
  return written;
}
static int truncate_noted(int fd, off64_t size) {
  const std::uint32_t file = file_of(fd);
  if (file != 0 && file != kFolder && file != kAcks) {
    const Lock lock;
    note(Op::kTruncate, file, static_cast<std::uint64_t>(size), nullptr, 0);
  }
  return static_cast<int>(syscall(SYS_ftruncate, fd, size));
}
int ftruncate(int fd, off_t size) noexcept { return truncate_noted(fd, size); }
int ftruncate64(int fd, off64_t size) noexcept { return truncate_noted(fd, size); }
int fsync(int fd) { return sync_noted(fd, SYS_fsync); }
int fdatasync(int fd) { return sync_noted(fd, SYS_fdatasync); }

int unlink(const char* path) noexcept {
  if (!watched(path)) return static_cast<int>(syscall(SYS_unlink, path));
  const Lock lock;
  note(Op::kUnlink, 0, 0, path, std::strlen(path));
  layer().by_path.erase(path);
  return static_cast<int>(syscall(SYS_unlink, path));
}
int rename(const char* from, const char* to) noexcept {
  if (!watched(from)) return static_cast<int>(syscall(SYS_rename, from, to));
  const Lock lock;
  const std::string both = std::string(from) + '\0' + to;
  note(Op::kRename, 0, 0, both.data(), both.size());
  Layer& l = layer();
  l.by_path[to] = l.by_path[from];
  l.by_path.erase(from);
  return static_cast<int>(syscall(SYS_rename, from, to));
}

int close(int fd) {
  if (fd >= 0 && fd < kFdsMax) layer().by_fd[fd] = 0;
  return static_cast<int>(syscall(SYS_close, fd));
}

}  // extern "C"
