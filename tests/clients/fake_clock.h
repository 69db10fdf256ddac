// Time that passes only in sleep.
#ifndef MUSTER_TESTS_CLIENTS_FAKE_CLOCK_H_
#define MUSTER_TESTS_CLIENTS_FAKE_CLOCK_H_

#include <mutex>
#include <vector>

#include "absl/time/time.h"
#include "clients/cpp/retry.h"

namespace muster {

// Begins at the same moment each time. Thread-safe.
class FakeClock {
 public:
  // For a client. `this` must outlive it.
  ClientClock Functions() {
    return {[this] { return Now(); },
            [this] {
              const std::lock_guard<std::mutex> lock(mutex_);
              return elapsed_;
            },
            [this](absl::Duration duration) {
              const std::lock_guard<std::mutex> lock(mutex_);
              now_ += duration;
              elapsed_ += duration;
              sleeps_.push_back(duration);
            },
            [this] {
              const std::lock_guard<std::mutex> lock(mutex_);
              return random_;
            }};
  }

  absl::Time Now() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return now_;
  }
  // Sets the clock to another time, in which none passes.
  void Set(absl::Time now) {
    const std::lock_guard<std::mutex> lock(mutex_);
    now_ = now;
  }
  std::vector<absl::Duration> Sleeps() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return sleeps_;
  }
  // What is drawn from now on; at first 1, the longest wait.
  void SetRandom(double random) {
    const std::lock_guard<std::mutex> lock(mutex_);
    random_ = random;
  }

 private:
  mutable std::mutex mutex_;
  absl::Time now_ = absl::FromUnixSeconds(1'700'000'000);
  absl::Duration elapsed_;
  std::vector<absl::Duration> sleeps_;
  double random_ = 1.0;
};

}  // namespace muster

#endif  // MUSTER_TESTS_CLIENTS_FAKE_CLOCK_H_
