#include <core/thread.hpp>

#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace core {

namespace {
// A third and a ninth of the share of a thread that answers (the kernel's weights: 335 and 110 to
// 1024).
constexpr int kApplyNice = 5, kBackgroundNice = 10;
// Whoever asks for short turns is let in soon when others compute (Linux 6.12 and later; earlier
// ones do not look at it).
constexpr std::uint64_t kAnswerTurnNanoseconds = 100'000;

// linux/sched/types.h; glibc 2.36 does not declare it.
struct SchedulingRequest {
  std::uint32_t size = sizeof(SchedulingRequest);
  std::uint32_t policy = 0;   // as ever
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime = 0, deadline = 0, period = 0;
};

void ask_for_short_turns() {
  SchedulingRequest request;
  request.nice = getpriority(PRIO_PROCESS, static_cast<id_t>(gettid()));
  request.runtime = kAnswerTurnNanoseconds;
  (void)syscall(SYS_sched_setattr, 0, &request, 0);
}
}  // namespace

void begin_thread(const char* name, ThreadWork work) {
  pthread_setname_np(pthread_self(), name);
  if (work == ThreadWork::kAnswer) return ask_for_short_turns();
  // On Linux a nice value belongs to a thread; lowering it needs no privilege.
  const auto self = static_cast<id_t>(gettid());
  const int now = getpriority(PRIO_PROCESS, self);
  const int more = work == ThreadWork::kApply ? kApplyNice : kBackgroundNice;
  setpriority(PRIO_PROCESS, self, now + more);
}

}  // namespace core
