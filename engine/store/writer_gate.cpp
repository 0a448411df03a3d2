#include "writer_gate.hpp"

namespace store {
namespace {

// Few enough to copy while the writer waits.
constexpr int kHeldFramesMax = 256;
constexpr int kPassesMax = 4;

}  // namespace

core::Status copy_log(SqliteDb& db, WriterGate& gate) {
  gate.ask();
  for (int pass = 0; pass < kPassesMax; ++pass) {
    const auto wal = db.checkpoint();
    if (!wal) {
      gate.release();
      return core::fail(wal.error());
    }
    if (wal->frames - wal->copied <= kHeldFramesMax) break;
  }
  gate.hold();
  const auto wal = db.checkpoint();
  gate.release();
  return wal ? core::Status{} : core::fail(wal.error());
}

}  // namespace store
