#include <core/thread.hpp>

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

namespace core {

namespace {
// A third of the share of a thread that answers (the kernel's weights: 335 to 1024).
constexpr int kBackgroundNice = 5;
}  // namespace

void begin_thread(const char* name, ThreadWork work) {
  pthread_setname_np(pthread_self(), name);
  if (work == ThreadWork::kAnswer) return;
  // On Linux a nice value belongs to a thread; lowering it needs no privilege.
  const auto self = static_cast<id_t>(gettid());
  const int now = getpriority(PRIO_PROCESS, self);
  setpriority(PRIO_PROCESS, self, now + kBackgroundNice);
}

}  // namespace core
