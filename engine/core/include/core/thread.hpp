#pragma once

namespace core {

enum class ThreadWork {
  kAnswer,       ///< somebody waits for it: connections, the journal
  kApply,        ///< there is one of it and the rest waits for it: yields to what answers senders
  kBackground,   ///< mapping, indexing, delivering: yields to both
};

/// Call first in a thread: names it for top, perf and debuggers (at most 15 characters), and gives
/// background work less of the processor when there is not enough for all. Never fails.
void begin_thread(const char* name, ThreadWork work);

}  // namespace core
