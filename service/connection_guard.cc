#include "service/connection_guard.h"

#include <arpa/inet.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace muster {
namespace {

constexpr uint8_t kEstablished = 1;  // TCP_ESTABLISHED, whose header does not go with that of tcp_info.

int64_t MemoryBytes() {
  std::ifstream file("/proc/self/statm");
  int64_t pages = 0;
  int64_t resident_pages = 0;
  file >> pages >> resident_pages;
  return resident_pages * sysconf(_SC_PAGESIZE);
}

// Of an address of the internet; 0 of any other.
int PortOf(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  return 0;
}

// Closes it for both sides, and throws away what it has sent: a socket that is shut down is read to its end.
void Cut(int descriptor) {
  sockaddr nobody{};
  nobody.sa_family = AF_UNSPEC;
  if (::connect(descriptor, &nobody, sizeof(nobody)) != 0) ::shutdown(descriptor, SHUT_RDWR);
}

std::string NameOf(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(address).sin_addr, text.data(), text.size());
    return absl::StrCat(text.data(), ":", PortOf(address));
  }
  const in6_addr& bytes = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&bytes)) {
    inet_ntop(AF_INET, &bytes.s6_addr[sizeof(bytes) - sizeof(in_addr)], text.data(), text.size());
    return absl::StrCat(text.data(), ":", PortOf(address));
  }
  inet_ntop(AF_INET6, &bytes, text.data(), text.size());
  return absl::StrCat("[", text.data(), "]:", PortOf(address));
}

// The same, from what gRPC calls it: "ipv6:%5B::1%5D:43210".
std::string NameOf(const std::string& grpc_peer) {
  const size_t colon = grpc_peer.find(':');
  return absl::StrReplaceAll(grpc_peer.substr(colon == std::string::npos ? 0 : colon + 1),
                             {{"%5B", "["}, {"%5D", "]"}, {"%25", "%"}});
}

}  // namespace

ConnectionGuard::ConnectionGuard(int port, ConnectionGuardLimits limits, std::shared_ptr<HeldBack> held_back,
                                 std::function<void(const std::string& peer)> cut,
                                 std::function<void(int closed)> crowded,
                                 std::function<void(const std::string& peer, int closed)> flooded)
    : port_(port),
      limits_(limits),
      held_back_(std::move(held_back)),
      cut_(std::move(cut)),
      crowded_(std::move(crowded)),
      flooded_(std::move(flooded)),
      task_(limits.interval, [this] { Look(); }) {}

ConnectionGuard::ByPeer ConnectionGuard::Connections() const {
  ByPeer connections;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", error)) {
    int descriptor = -1;
    if (!absl::SimpleAtoi(entry.path().filename().string(), &descriptor)) continue;
    sockaddr_storage ours{};
    socklen_t size = sizeof(ours);
    if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&ours), &size) != 0 || PortOf(ours) != port_) continue;
    sockaddr_storage theirs{};
    size = sizeof(theirs);
    if (getpeername(descriptor, reinterpret_cast<sockaddr*>(&theirs), &size) != 0) continue;  // It listens, say.
    tcp_info info{};
    size = sizeof(info);
    if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) continue;
    if (info.tcpi_state != kEstablished) continue;  // It was cut off before.
    connections[NameOf(theirs)] = {descriptor, info.tcpi_bytes_received, AddressOf(theirs)};
  }
  return connections;
}

void ConnectionGuard::CutOff(const std::string& grpc_peer) {
  {
    const std::lock_guard<std::mutex> lock(asked_mutex_);
    asked_.insert(NameOf(grpc_peer));
  }
  task_.RunNow();
}

bool ConnectionGuard::CutOffAsked() {
  std::set<std::string> asked;
  {
    const std::lock_guard<std::mutex> lock(asked_mutex_);
    asked.swap(asked_);
  }
  if (asked.empty()) return false;
  for (const auto& [peer, connection] : Connections()) {
    if (!asked.contains(peer)) continue;
    Cut(connection.descriptor);
    held_back_->Add(connection.address, HeldBack::Clock::now());
    ++cut_off_;
    cut_off_one_ = peer;
  }
  TellOfCut();
  return true;
}

void ConnectionGuard::TellOfCut() {
  if (cut_off_ == 0 || std::chrono::steady_clock::now() - told_of_cut_ < limits_.tell_interval) return;
  flooded_(cut_off_one_, cut_off_);
  cut_off_ = 0;
  told_of_cut_ = std::chrono::steady_clock::now();
}

void ConnectionGuard::Look() {
  if (CutOffAsked()) return;  // The others are looked at at regular times.
  TellOfCut();
  LookAtNumber();
  LookAtMemory();
}

void ConnectionGuard::LookAtNumber() {
  // Descriptors are counted sooner than looked at, and most of the time there are few.
  std::error_code error;
  const auto descriptors = std::distance(std::filesystem::directory_iterator("/proc/self/fd", error), {});
  if (descriptors > limits_.max_connections) {
    ByPeer connections = Connections();
    std::vector<Connection> least_first;
    least_first.reserve(connections.size());
    for (const auto& [peer, connection] : connections) least_first.push_back(connection);
    std::sort(least_first.begin(), least_first.end(),
              [](const Connection& a, const Connection& b) { return a.received_bytes < b.received_bytes; });
    for (size_t place = 0; place + static_cast<size_t>(limits_.max_connections) < least_first.size(); ++place) {
      ::shutdown(least_first[place].descriptor, SHUT_RDWR);
      ++closed_;
    }
  }
  if (closed_ == 0 || std::chrono::steady_clock::now() - told_ < limits_.tell_interval) return;
  crowded_(closed_);
  closed_ = 0;
  told_ = std::chrono::steady_clock::now();
}

void ConnectionGuard::LookAtMemory() {
  const int64_t memory = MemoryBytes();
  const auto least = std::min_element(seen_.begin(), seen_.end(),
                                      [](const Seen& a, const Seen& b) { return a.memory_bytes < b.memory_bytes; });
  const int64_t least_bytes = least == seen_.end() ? memory : least->memory_bytes;  // `least` does not outlive a look.
  const bool grows = least != seen_.end() && memory - least->memory_bytes > limits_.max_growth_bytes;
  // Looking at connections costs a microsecond each: they are seen when something is wrong, or may soon be.
  const bool may_grow = least != seen_.end() && memory - least->memory_bytes > limits_.max_growth_bytes / 8;
  seen_.push_back({memory, may_grow ? Connections() : ByPeer()});
  if (static_cast<int>(seen_.size()) > limits_.looks) seen_.pop_front();
  if (!grows) return;

  // What each sent since it was first seen.
  std::map<std::string, uint64_t> sent;
  uint64_t most = 0;
  uint64_t all = 0;
  const ByPeer& now = seen_.back().connections;
  for (const auto& [peer, connection] : now) {
    uint64_t before = 0;  // One that is new sent all of it just now.
    for (const Seen& seen : seen_) {
      const auto known = seen.connections.find(peer);
      if (known == seen.connections.end()) continue;
      before = &seen == &seen_.back() ? 0 : known->second.received_bytes;
      break;
    }
    sent[peer] = connection.received_bytes - std::min(before, connection.received_bytes);
    most = std::max(most, sent[peer]);
    all += sent[peer];
  }
  if (memory - least_bytes < limits_.growth_factor * static_cast<int64_t>(all)) return;
  if (most < static_cast<uint64_t>(limits_.least_sent_bytes)) return;
  for (const auto& [peer, bytes] : sent) {
    if (bytes < most / 2) continue;
    // Should gRPC have closed it meanwhile, the number may stand for another connection, which is made anew then; a
    // file is not touched by this.
    Cut(now.at(peer).descriptor);
    cut_(peer);
  }
}

}  // namespace muster
