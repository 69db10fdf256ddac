// Calls functions when a time has come, by the steady clock: gRPC's own alarms go by the clock that can be set.
#ifndef MUSTER_SERVICE_WAKE_UPS_H_
#define MUSTER_SERVICE_WAKE_UPS_H_

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "absl/functional/any_invocable.h"

namespace muster {

// Owns the thread that calls. Thread-safe.
class WakeUps {
 public:
  WakeUps();
  // Calls nothing any more.
  ~WakeUps();
  WakeUps(const WakeUps&) = delete;
  WakeUps& operator=(const WakeUps&) = delete;

  // Calls `wake` once, no earlier than after `delay`; it must be quick. Not at all if this object goes before.
  void After(std::chrono::nanoseconds delay, absl::AnyInvocable<void()> wake);

 private:
  void Run();

  std::mutex mutex_;  // Guards what follows; never held over a call.
  std::condition_variable changed_;
  std::multimap<std::chrono::steady_clock::time_point, absl::AnyInvocable<void()>> waiting_;
  bool stopping_ = false;

  std::thread thread_;
};

}  // namespace muster

#endif  // MUSTER_SERVICE_WAKE_UPS_H_
