#include "aggregator/thread_schedule.h"

#include <linux/sched.h>
#include <linux/sched/types.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

namespace muster {
namespace {

constexpr uint64_t kSliceNs = 100'000'000;  // The longest that Linux takes.

}  // namespace

void GiveWayToShortWork(int niceness) {
  // Of this thread alone, as Linux has it.
  const auto self = static_cast<id_t>(gettid());
  const int worse = std::max(niceness, getpriority(PRIO_PROCESS, self));
  sched_attr attributes{};  // glibc has no function for it.
  attributes.size = sizeof(attributes);
  attributes.sched_policy = SCHED_NORMAL;
  attributes.sched_nice = worse;
  attributes.sched_runtime = kSliceNs;
  if (syscall(SYS_sched_setattr, 0, &attributes, 0) != 0) {
    setpriority(PRIO_PROCESS, self, worse);
  }
}

}  // namespace muster
