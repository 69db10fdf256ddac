// How things stand with those who watch totals, for metrics.
#ifndef MUSTER_SERVICE_WATCHER_COUNTS_H_
#define MUSTER_SERVICE_WATCHER_COUNTS_H_

#include <cstdint>

namespace muster {

struct WatcherCounts {
  int64_t watchers = 0;   // Now.
  int64_t questions = 0;  // That they ask; those included that are remembered for readers that come back.
  int64_t messages = 0;   // Sent since the start.
  int64_t too_slow = 0;   // Dropped since the start.
};

}  // namespace muster

#endif  // MUSTER_SERVICE_WATCHER_COUNTS_H_
