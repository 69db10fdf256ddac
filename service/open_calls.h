// Calls that have begun and are not over, by connection.
//
// A client may have so many calls under way on a connection, of which gRPC counts those that it has cancelled no more
// at once. They are not over yet for the server: the packaged gRPC reads and begins calls sooner than it is through
// with them, and whoever opens and cancels calls without end keeps it from everything else (docs/security.md). So a
// connection that has more calls here than it may have under way is cut off.
#ifndef MUSTER_SERVICE_OPEN_CALLS_H_
#define MUSTER_SERVICE_OPEN_CALLS_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"

namespace muster {

struct OpenCallsLimits {
  int64_t counted_from;   // With fewer calls open, on all connections together, those that begin are not counted.
  int max_of_connection;  // Calls that were counted; beyond it a connection is cut off.
};

// Thread-safe. As long as few calls are open it costs a call two atomic operations.
class OpenCalls {
 public:
  // `cut` closes a connection: "ipv4:127.0.0.1:43210", as gRPC names it. Called on a thread of gRPC's: it must be
  // quick.
  OpenCalls(OpenCallsLimits limits, std::function<void(const std::string& peer)> cut);
  OpenCalls(const OpenCalls&) = delete;
  OpenCalls& operator=(const OpenCalls&) = delete;

  // A call begins; `peer` tells of which connection. Gives what Ended is told of it.
  std::string Begun(absl::FunctionRef<std::string()> peer);
  // It is over. `counted` is what Begun gave.
  void Ended(const std::string& counted);

 private:
  const OpenCallsLimits limits_;
  const std::function<void(const std::string&)> cut_;
  std::atomic<int64_t> open_ = 0;

  std::mutex mutex_;
  absl::flat_hash_map<std::string, int> counted_;  // Guarded by mutex_; by peer.
};

}  // namespace muster

#endif  // MUSTER_SERVICE_OPEN_CALLS_H_
