// What those who watch totals may take.
#ifndef MUSTER_SERVICE_WATCHER_LIMITS_H_
#define MUSTER_SERVICE_WATCHER_LIMITS_H_

#include <chrono>
#include <cstddef>

#include "service/limits.h"

namespace muster {

struct WatcherLimits {
  int max_watchers = kMaxWatchers;
  int max_watchers_per_caller = kMaxWatchersPerCaller;
  size_t max_rows_of_question = kMaxRowsOfWatchedQuestion;
  size_t max_rows = kMaxWatchedRows;                      // Of all questions together.
  std::chrono::milliseconds interval = kWatchInterval;    // Between two moments that a watcher is told of, at least.
  std::chrono::milliseconds heartbeat = kWatchHeartbeat;  // Between two messages, at most.
  std::chrono::milliseconds patience = kWatcherPatience;  // With a reader that takes nothing, while changes wait.
  std::chrono::milliseconds rights_interval = kWatcherRightsInterval;
  std::chrono::milliseconds memory = kWatchedQuestionMemory;  // Of a question that nobody watches any more.
};

}  // namespace muster

#endif  // MUSTER_SERVICE_WATCHER_LIMITS_H_
