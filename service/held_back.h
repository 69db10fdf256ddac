// Addresses from which a connection was cut off just now: the next ones from there wait for a moment.
#ifndef MUSTER_SERVICE_HELD_BACK_H_
#define MUSTER_SERVICE_HELD_BACK_H_

#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <map>
#include <mutex>
#include <string>

namespace muster {

// Of one end of a connection, without the port: bytes, as the kernel has them.
inline std::string AddressOf(const sockaddr_storage& peer) {
  if (peer.ss_family == AF_INET6) {
    const in6_addr& address = reinterpret_cast<const sockaddr_in6&>(peer).sin6_addr;
    return {reinterpret_cast<const char*>(&address), sizeof(address)};
  }
  const in_addr& address = reinterpret_cast<const sockaddr_in&>(peer).sin_addr;
  return {reinterpret_cast<const char*>(&address), sizeof(address)};
}

// Thread-safe. Addresses are those of AddressOf.
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
