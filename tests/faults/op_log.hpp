#pragma once
#include <cstdint>

namespace faults {

/// What the preloaded layer (power_cut_layer.cpp) notes about a program's file operations, in the order
/// in which they happened, each followed by `bytes` of payload.
enum class Op : std::uint32_t {
  kCreate = 1,     ///< file `file` appeared under the path in the payload
  kWrite = 2,      ///< payload at `offset`
  kTruncate = 3,   ///< to `offset` bytes
  kSyncBegin = 4,  ///< `offset` numbers the sync
  kSyncEnd = 5,    ///< it returned success: what was written before its begin is durable
  kFolderSync = 6, ///< names made or dropped before are durable
  kUnlink = 7,     ///< payload: path
  kRename = 8,     ///< payload: from, zero byte, to
  kAck = 9,        ///< payload: text that the outside world saw
};

struct OpHead {
  Op op{};
  std::uint32_t file = 0;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

}  // namespace faults
