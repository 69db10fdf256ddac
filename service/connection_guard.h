// Cuts off who makes gRPC pile up memory, and who holds more connections than there is room for. The packaged gRPC
// takes in a call that is cancelled at once long before it is through with it, some 20 KiB each, and bounds neither
// their number nor their memory; and if no descriptor is left for a connection, it never takes another one
// (docs/security.md).
#ifndef MUSTER_SERVICE_CONNECTION_GUARD_H_
#define MUSTER_SERVICE_CONNECTION_GUARD_H_

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>

#include "service/repeated_task.h"

namespace muster {

struct ConnectionGuardLimits {
  std::chrono::milliseconds interval;  // It looks so often, …
  int looks;                           // … and compares with so many looks before.
  int64_t max_growth_bytes;  // Of the process's memory since then: nothing that it does well needs as much so soon.
  int64_t least_sent_bytes;  // Whoever sent less since then is not to blame.
  // Nor is anybody for growth of less than so many times what all sent: results that wait take about what they came as.
  int64_t growth_factor;
  int max_connections;                      // Beyond them those that sent least are closed.
  std::chrono::milliseconds tell_interval;  // Between two words about too many connections.
};

// While the memory of this process grows faster than it may, closes the connections to `port` that sent most; and while
// there are too many of these, those that sent least. Who did nothing bad loses a connection by it at worst, makes
// another, and sends again. Owns the thread that looks.
class ConnectionGuard {
 public:
  // `cut` is told of every connection that is closed for memory, on the guard's thread: "127.0.0.1:43210". `crowded` is
  // told how many were closed for their number since it was told last.
  ConnectionGuard(int port, ConnectionGuardLimits limits, std::function<void(const std::string& peer)> cut,
                  std::function<void(int closed)> crowded);
  ConnectionGuard(const ConnectionGuard&) = delete;
  ConnectionGuard& operator=(const ConnectionGuard&) = delete;

 private:
  // A connection of this process.
  struct Connection {
    int descriptor = -1;
    uint64_t received_bytes = 0;  // Since it was made.
  };
  using ByPeer = std::map<std::string, Connection>;

  void Look();
  void LookAtMemory();
  void LookAtNumber();
  ByPeer Connections() const;

  const int port_;
  const ConnectionGuardLimits limits_;
  const std::function<void(const std::string&)> cut_;
  const std::function<void(int)> crowded_;

  // Touched by the guard's thread alone.
  struct Seen {
    int64_t memory_bytes;
    ByPeer connections;
  };
  std::deque<Seen> seen_;  // The oldest first.
  int closed_ = 0;         // For their number, and not told yet.
  std::chrono::steady_clock::time_point told_{};

  RepeatedTask task_;  // Last: it uses the others.
};

}  // namespace muster

#endif  // MUSTER_SERVICE_CONNECTION_GUARD_H_
