// The sockets that clients connect to.
#ifndef MUSTER_SERVICE_LISTENING_SOCKETS_H_
#define MUSTER_SERVICE_LISTENING_SOCKETS_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace muster {

// Immutable. They are there until this object goes: who connects while nobody takes connections waits for the next who
// does.
class ListeningSockets {
 public:
  // Listens on every address that `host` stands for: "127.0.0.1", "muster.example", "[::1]". "[::]" and "0.0.0.0" are
  // all addresses of the machine, of either kind. With port 0 it is a free one. UNAVAILABLE if there is none to listen
  // on.
  static absl::StatusOr<std::unique_ptr<ListeningSockets>> Open(const std::string& host, int port);
  ~ListeningSockets();
  ListeningSockets(const ListeningSockets&) = delete;
  ListeningSockets& operator=(const ListeningSockets&) = delete;

  // They do not block. There is one at least.
  const std::vector<int>& descriptors() const { return descriptors_; }
  int port() const { return port_; }

 private:
  ListeningSockets(std::vector<int> descriptors, int port) : descriptors_(std::move(descriptors)), port_(port) {}

  const std::vector<int> descriptors_;
  const int port_;
};

}  // namespace muster

#endif  // MUSTER_SERVICE_LISTENING_SOCKETS_H_
