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
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "service/held_back.h"
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
// there are too many of these, those that sent least; and those that it is told to. Who did nothing bad loses a
// connection by it at worst, makes another, and sends again. Owns the thread that looks.
class ConnectionGuard {
 public:
  // `cut` is told of every connection that is closed for memory, on the guard's thread: "127.0.0.1:43210". `crowded` is
  // told how many were closed for their number since it was told last; `flooded` how many because it was told to, and
  // of one of them who it was.
  //
  // `held_back` is given the addresses of those that are closed because it was told to.
  ConnectionGuard(int port, ConnectionGuardLimits limits, std::shared_ptr<HeldBack> held_back,
                  std::function<void(const std::string& peer)> cut, std::function<void(int closed)> crowded,
                  std::function<void(const std::string& peer, int closed)> flooded);
  ConnectionGuard(const ConnectionGuard&) = delete;
  ConnectionGuard& operator=(const ConnectionGuard&) = delete;

  // Closes a connection, soon, and holds back who comes from its address: "ipv4:127.0.0.1:43210", as gRPC names it.
  // What it has sent and gRPC has not read is thrown away. From any thread, and quick.
  void CutOff(const std::string& grpc_peer);

 private:
  // A connection of this process.
  struct Connection {
    int descriptor = -1;
    uint64_t received_bytes = 0;  // Since it was made.
    std::string address;          // Of the other end, without the port: as the kernel has it.
  };
  using ByPeer = std::map<std::string, Connection>;

  void Look();
  void TellOfCut();
  // Whether there were any.
  bool CutOffAsked();
  void LookAtMemory();
  void LookAtNumber();
  ByPeer Connections() const;

  const int port_;
  const ConnectionGuardLimits limits_;
  const std::shared_ptr<HeldBack> held_back_;
  const std::function<void(const std::string&)> cut_;
  const std::function<void(int)> crowded_;
  const std::function<void(const std::string&, int)> flooded_;

  std::mutex asked_mutex_;
  std::set<std::string> asked_;  // Guarded by asked_mutex_: who is to be cut off.

  // Touched by the guard's thread alone.
  struct Seen {
    int64_t memory_bytes;
    ByPeer connections;
  };
  std::deque<Seen> seen_;  // The oldest first.
  int closed_ = 0;         // For their number, and not told yet.
  std::chrono::steady_clock::time_point told_{};
  int cut_off_ = 0;          // Because it was told to, and not told yet.
  std::string cut_off_one_;  // The last of them.
  std::chrono::steady_clock::time_point told_of_cut_{};

  RepeatedTask task_;  // Last: it uses the others.
};

}  // namespace muster

#endif  // MUSTER_SERVICE_CONNECTION_GUARD_H_
