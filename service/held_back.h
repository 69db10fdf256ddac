// Addresses from which a connection was cut off just now: the next ones from there wait for a moment.
#ifndef MUSTER_SERVICE_HELD_BACK_H_
#define MUSTER_SERVICE_HELD_BACK_H_

#include <chrono>
#include <map>
#include <mutex>
#include <string>

namespace muster {

// Thread-safe. Addresses are bytes, as the kernel has them.
class HeldBack {
 public:
  using Clock = std::chrono::steady_clock;

  explicit HeldBack(std::chrono::milliseconds pause) : pause_(pause) {}
  HeldBack(const HeldBack&) = delete;
  HeldBack& operator=(const HeldBack&) = delete;

  // Connections of this address are held back from now on for the pause.
  void Add(const std::string& address, Clock::time_point now) {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::erase_if(until_, [now](const auto& one) { return one.second <= now; });
    until_[address] = now + pause_;
  }
  // Until when, or the past if they are not.
  Clock::time_point Until(const std::string& address) const {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto place = until_.find(address);
    return place == until_.end() ? Clock::time_point{} : place->second;
  }

 private:
  const std::chrono::milliseconds pause_;
  mutable std::mutex mutex_;
  std::map<std::string, Clock::time_point> until_;  // Guarded by mutex_.
};

}  // namespace muster

#endif  // MUSTER_SERVICE_HELD_BACK_H_
