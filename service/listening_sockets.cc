#include "service/listening_sockets.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "service/limits.h"

namespace muster {
namespace {

bool SetOption(int descriptor, int level, int name, int value) {
  return setsockopt(descriptor, level, name, &value, sizeof(value)) == 0;
}

// The port that the socket has; 0 if it has none.
int PortOf(int descriptor) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  return ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                                             : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

// -1, and errno, if that address cannot be listened on.
int Listen(const addrinfo& address) {
  const int descriptor = ::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return -1;
  // Connections take these over. Two servers on one port would each get half the calls, so it is not shared.
  const bool is_set = SetOption(descriptor, SOL_SOCKET, SO_REUSEADDR, 1) &&
                      SetOption(descriptor, IPPROTO_TCP, TCP_NODELAY, 1) &&
                      SetOption(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT,
                                static_cast<int>(std::chrono::milliseconds(kKeepaliveTimeout).count())) &&
                      (address.ai_family != AF_INET6 || SetOption(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, 0));
  if (is_set && ::bind(descriptor, address.ai_addr, address.ai_addrlen) == 0 && ::listen(descriptor, SOMAXCONN) == 0) {
    return descriptor;
  }
  const int error = errno;
  ::close(descriptor);
  errno = error;
  return -1;
}

// What getaddrinfo finds; empty if nothing.
struct Addresses {
  Addresses(const std::string& host, int port) {
    addrinfo hints{};
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    hints.ai_socktype = SOCK_STREAM;
    if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &first) != 0) first = nullptr;
  }
  ~Addresses() {
    if (first != nullptr) freeaddrinfo(first);
  }
  Addresses(const Addresses&) = delete;
  Addresses& operator=(const Addresses&) = delete;

  addrinfo* first = nullptr;
};

void SetPort(int port, sockaddr* address) {
  if (address->sa_family == AF_INET6) {
    reinterpret_cast<sockaddr_in6*>(address)->sin6_port = htons(static_cast<uint16_t>(port));
  } else {
    reinterpret_cast<sockaddr_in*>(address)->sin_port = htons(static_cast<uint16_t>(port));
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<ListeningSockets>> ListeningSockets::Open(const std::string& host, int port) {
  const bool is_bracketed = absl::StartsWith(host, "[") && absl::EndsWith(host, "]");
  const std::string bare = is_bracketed ? host.substr(1, host.size() - 2) : host;
  std::vector<std::string> hosts = {bare};
  // A socket of IPv6 takes connections of IPv4 too, where the machine has both.
  if (bare == "0.0.0.0" || bare == "::") hosts = {"::", "0.0.0.0"};
  std::vector<int> descriptors;
  int error = EADDRNOTAVAIL;
  for (const std::string& one : hosts) {
    if (!descriptors.empty()) break;
    const Addresses addresses(one, port);
    for (addrinfo* address = addresses.first; address != nullptr; address = address->ai_next) {
      if (address->ai_family != AF_INET && address->ai_family != AF_INET6) continue;
      SetPort(port, address->ai_addr);
      const int descriptor = Listen(*address);
      if (descriptor < 0) {
        error = errno;
        continue;
      }
      port = PortOf(descriptor);  // All have the same.
      descriptors.push_back(descriptor);
    }
  }
  if (descriptors.empty()) {
    return absl::UnavailableError(absl::StrCat("Cannot listen on ", host, ":", port, ": ", std::strerror(error)));
  }
  return std::unique_ptr<ListeningSockets>(new ListeningSockets(std::move(descriptors), port));
}

ListeningSockets::~ListeningSockets() {
  for (const int descriptor : descriptors_) ::close(descriptor);
}

}  // namespace muster
