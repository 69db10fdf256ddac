#include "service/wake_ups.h"

#include <utility>

namespace muster {

WakeUps::WakeUps() : thread_([this] { Run(); }) {}

WakeUps::~WakeUps() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void WakeUps::After(std::chrono::nanoseconds delay, absl::AnyInvocable<void()> wake) {
  const auto time = std::chrono::steady_clock::now() + delay;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    waiting_.emplace(time, std::move(wake));
  }
  changed_.notify_one();
}

void WakeUps::Run() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stopping_) {
    if (waiting_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const auto next = waiting_.begin();
    if (const auto time = next->first; std::chrono::steady_clock::now() < time) {
      changed_.wait_until(lock, time);
      continue;
    }
    absl::AnyInvocable<void()> wake = std::move(next->second);
    waiting_.erase(next);
    lock.unlock();
    wake();
    lock.lock();
  }
}

}  // namespace muster
