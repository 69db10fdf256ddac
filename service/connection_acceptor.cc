#include "service/connection_acceptor.h"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <utility>

namespace muster {
namespace {

// Of one socket before others, and those that have spoken, have their turn.
constexpr int kAcceptsInARow = 64;

void SetFirstBytes(int descriptor, int bytes) {
  setsockopt(descriptor, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof(bytes));
}

void Watch(int events, int descriptor, uint32_t what) {
  epoll_event event{};
  event.events = what;
  event.data.fd = descriptor;
  epoll_ctl(events, EPOLL_CTL_ADD, descriptor, &event);
}

bool IsNoDescriptorLeft(int error) { return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM; }

}  // namespace

ConnectionAcceptor::ConnectionAcceptor(const ListeningSockets& sockets, ConnectionAcceptorLimits limits,
                                       std::shared_ptr<const HeldBack> held_back,
                                       std::function<void(int listener, int connection)> pass_on,
                                       std::function<void(const ClosedConnections&)> tell)
    : sockets_(sockets),
      limits_(limits),
      held_back_(std::move(held_back)),
      pass_on_(std::move(pass_on)),
      tell_(std::move(tell)),
      events_(epoll_create1(EPOLL_CLOEXEC)),
      stop_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  Watch(events_, stop_, EPOLLIN);
  // Connections take it over: who sends less is not heard of.
  for (const int listener : sockets_.descriptors()) SetFirstBytes(listener, limits_.first_bytes);
  Listen(true);
  thread_ = std::thread([this] { Run(); });
}

ConnectionAcceptor::~ConnectionAcceptor() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(stop_, &one, sizeof(one));
  thread_.join();
  for (const Silent& silent : silent_) ::close(silent.descriptor);
  ::close(events_);
  ::close(stop_);
}

void ConnectionAcceptor::Listen(bool on) {
  if (on == listening_) return;
  listening_ = on;
  for (const int listener : sockets_.descriptors()) {
    if (on) {
      Watch(events_, listener, EPOLLIN);
    } else {
      epoll_ctl(events_, EPOLL_CTL_DEL, listener, nullptr);
    }
  }
}

void ConnectionAcceptor::Run() {
  std::array<epoll_event, 256> ready{};
  while (true) {
    const int count =
        epoll_wait(events_, ready.data(), static_cast<int>(ready.size()), MillisecondsToWait(Clock::now()));
    // Those that have spoken go first: whoever means it well is among them.
    bool listeners_ready = false;
    for (int index = 0; index < count; ++index) {
      const int descriptor = ready[static_cast<size_t>(index)].data.fd;
      if (descriptor == stop_) return;
      if (by_descriptor_.contains(descriptor)) {
        Heard(descriptor);
      } else {
        listeners_ready = true;
      }
    }
    if (listeners_ready) {
      for (const int listener : sockets_.descriptors()) Accept(listener);
    }
    const Clock::time_point now = Clock::now();
    if (!listening_ && now >= listen_again_) Listen(true);
    HearThoseHeldBack(now);
    CloseTheLate(now);
    Tell(now);
  }
}

int ConnectionAcceptor::MillisecondsToWait(Clock::time_point now) const {
  Clock::time_point next = Clock::time_point::max();
  if (!silent_.empty()) next = std::min(next, silent_.front().deadline);
  if (!waiting_.empty()) next = std::min(next, waiting_.begin()->first);
  if (!listening_) next = std::min(next, listen_again_);
  if (closed_.silent + closed_.crowded > 0) next = std::min(next, told_ + limits_.tell_interval);
  if (next == Clock::time_point::max()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - now);
  return static_cast<int>(std::max<int64_t>(0, left.count()));
}

void ConnectionAcceptor::Accept(int listener) {
  for (int taken = 0; taken < kAcceptsInARow; ++taken) {
    sockaddr_storage peer{};
    socklen_t size = sizeof(peer);
    const int descriptor = ::accept4(listener, reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      if (!IsNoDescriptorLeft(errno)) return;
      ++closed_.crowded;
      if (silent_.empty()) {
        Listen(false);
        listen_again_ = Clock::now() + limits_.no_descriptor_pause;
        return;
      }
      Close(silent_.begin());
      continue;
    }
    if (descriptor > limits_.max_descriptor) {
      ::close(descriptor);
      ++closed_.crowded;
      continue;
    }
    WaitFor({descriptor, listener, AddressOf(peer), Clock::now() + limits_.patience, next_number_++});
  }
}

void ConnectionAcceptor::WaitFor(Silent silent) {
  const int descriptor = silent.descriptor;
  const size_t of_address = ++of_address_[silent.address];
  silent_.push_back(std::move(silent));
  by_descriptor_[descriptor] = std::prev(silent_.end());
  Watch(events_, descriptor, EPOLLIN | EPOLLRDHUP);
  auto oldest = silent_.begin();
  if (of_address > limits_.max_silent_of_address) {
    while (oldest->address != silent_.back().address) ++oldest;
  } else if (silent_.size() <= limits_.max_silent) {
    return;
  }
  Close(oldest);
  ++closed_.silent;
}

ConnectionAcceptor::SilentOnes::iterator ConnectionAcceptor::Forget(SilentOnes::iterator silent) {
  epoll_ctl(events_, EPOLL_CTL_DEL, silent->descriptor, nullptr);
  by_descriptor_.erase(silent->descriptor);
  const auto of_address = of_address_.find(silent->address);
  if (--of_address->second == 0) of_address_.erase(of_address);
  return silent_.erase(silent);
}

void ConnectionAcceptor::Close(SilentOnes::iterator silent) {
  const int descriptor = silent->descriptor;
  Forget(silent);
  ::close(descriptor);
}

void ConnectionAcceptor::Heard(int descriptor) {
  const SilentOnes::iterator silent = by_descriptor_.at(descriptor);
  int bytes = 0;
  if (ioctl(descriptor, FIONREAD, &bytes) != 0 || bytes < limits_.first_bytes) {
    Close(silent);  // It has gone, or will never say more.
    return;
  }
  if (const Clock::time_point until = held_back_->Until(silent->address); until > Clock::now()) {
    epoll_ctl(events_, EPOLL_CTL_DEL, descriptor, nullptr);
    waiting_.emplace(until, Waiting{descriptor, silent->number});
    return;
  }
  const int listener = silent->listener;
  Forget(silent);
  SetFirstBytes(descriptor, 1);
  pass_on_(listener, descriptor);
}

void ConnectionAcceptor::HearThoseHeldBack(Clock::time_point now) {
  while (!waiting_.empty() && waiting_.begin()->first <= now) {
    const Waiting waiting = waiting_.begin()->second;
    waiting_.erase(waiting_.begin());
    const auto silent = by_descriptor_.find(waiting.descriptor);
    if (silent != by_descriptor_.end() && silent->second->number == waiting.number) Heard(waiting.descriptor);
  }
}

void ConnectionAcceptor::CloseTheLate(Clock::time_point now) {
  while (!silent_.empty() && silent_.front().deadline <= now) Close(silent_.begin());
}

void ConnectionAcceptor::Tell(Clock::time_point now) {
  if (closed_.silent + closed_.crowded == 0 || now - told_ < limits_.tell_interval) return;
  tell_(closed_);
  closed_ = {};
  told_ = now;
}

}  // namespace muster
