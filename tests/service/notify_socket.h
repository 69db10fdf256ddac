// A service manager as a program sees it: a socket that it writes messages to.
#ifndef MUSTER_TESTS_SERVICE_NOTIFY_SOCKET_H_
#define MUSTER_TESTS_SERVICE_NOTIFY_SOCKET_H_

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>

#include "tests/service/child_process.h"

namespace muster {

class NotifySocket {
 public:
  // `path` must be short, and free.
  explicit NotifySocket(const std::string& path) : socket_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (socket_ < 0 || path.size() >= sizeof address.sun_path) throw std::runtime_error("no socket");
    std::copy(path.begin(), path.end(), &address.sun_path[0]);
    // The interface of sockets is older than templates.
    if (bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error("cannot bind " + path);
    }
  }
  ~NotifySocket() { close(socket_); }
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;

  // The next message; absent if none comes in time.
  std::optional<std::string> Next(std::chrono::milliseconds within = kProcessDeadline) const {
    pollfd waiting{socket_, POLLIN, 0};
    if (poll(&waiting, 1, static_cast<int>(within.count())) != 1) return std::nullopt;
    std::array<char, 4096> bytes{};
    const ssize_t size = recv(socket_, bytes.data(), bytes.size(), 0);
    if (size < 0) return std::nullopt;
    return std::string(bytes.data(), static_cast<size_t>(size));
  }

 private:
  const int socket_;
};

}  // namespace muster

#endif  // MUSTER_TESTS_SERVICE_NOTIFY_SOCKET_H_
