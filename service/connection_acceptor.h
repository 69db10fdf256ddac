// Takes connections, and holds those back that do not speak: they cost a descriptor here, and a connection of gRPC's
// some 30 µs and 10 KiB. It goes on when descriptors run out, after which the packaged gRPC takes no connection ever
// again (docs/security.md).
#ifndef MUSTER_SERVICE_CONNECTION_ACCEPTOR_H_
#define MUSTER_SERVICE_CONNECTION_ACCEPTOR_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>

#include "service/held_back.h"
#include "service/listening_sockets.h"

namespace muster {

struct ConnectionAcceptorLimits {
  int first_bytes;                     // A connection is passed on once it has sent so many; …
  std::chrono::milliseconds patience;  // … for so long it is waited for them.
  // Of connections that are waited for: in all, and of one address. Beyond it the oldest, or the oldest of that
  // address, is closed.
  size_t max_silent;
  size_t max_silent_of_address;
  int max_descriptor;  // A connection whose number would be higher is closed: there are too many.
  std::chrono::milliseconds no_descriptor_pause;  // When there is none for a connection, until it is tried again.
  std::chrono::milliseconds tell_interval;        // Between two words about connections that were closed.
};

// How many connections were closed, and why.
struct ClosedConnections {
  int silent = 0;   // Too many were waited for.
  int crowded = 0;  // The number of the descriptor was too high, or there was none.
};

// Owns the thread that does it.
class ConnectionAcceptor {
 public:
  // `sockets` must outlive this object. `pass_on` is given connections, which it closes in the end; `tell` is told of
  // those that were closed here since it was told last. Both are called on the acceptor's thread.
  //
  // Those of addresses that `held_back` knows wait a little longer, though they have spoken.
  ConnectionAcceptor(const ListeningSockets& sockets, ConnectionAcceptorLimits limits,
                     std::shared_ptr<const HeldBack> held_back,
                     std::function<void(int listener, int connection)> pass_on,
                     std::function<void(const ClosedConnections&)> tell);
  // Closes those that it waits for.
  ~ConnectionAcceptor();
  ConnectionAcceptor(const ConnectionAcceptor&) = delete;
  ConnectionAcceptor& operator=(const ConnectionAcceptor&) = delete;

 private:
  using Clock = std::chrono::steady_clock;

  // A connection that has not spoken yet.
  struct Silent {
    int descriptor;
    int listener;
    std::string address;  // Of the other end, without the port: as the kernel has it.
    Clock::time_point deadline;
    int64_t number;  // No other has it, as others may have its descriptor later.
  };
  using SilentOnes = std::list<Silent>;

  void Run();
  void Accept(int listener);
  void WaitFor(Silent silent);
  void Heard(int descriptor);
  void HearThoseHeldBack(Clock::time_point now);
  // Takes it off the list. Gives the one after it.
  SilentOnes::iterator Forget(SilentOnes::iterator silent);
  void Close(SilentOnes::iterator silent);
  void CloseTheLate(Clock::time_point now);
  void Tell(Clock::time_point now);
  // Until something must be done without an event; -1 for never.
  int MillisecondsToWait(Clock::time_point now) const;
  void Listen(bool on);

  const ListeningSockets& sockets_;
  const ConnectionAcceptorLimits limits_;
  const std::shared_ptr<const HeldBack> held_back_;
  const std::function<void(int, int)> pass_on_;
  const std::function<void(const ClosedConnections&)> tell_;
  const int events_;  // Of epoll.
  const int stop_;    // An eventfd.

  // Touched by the acceptor's thread alone.
  SilentOnes silent_;  // The oldest first, which is also the first to be late.
  std::unordered_map<int, SilentOnes::iterator> by_descriptor_;
  std::unordered_map<std::string, size_t> of_address_;
  int64_t next_number_ = 0;
  // Those that have spoken and are held back, by when they are heard again. They are among the silent ones.
  struct Waiting {
    int descriptor;
    int64_t number;
  };
  std::multimap<Clock::time_point, Waiting> waiting_;
  ClosedConnections closed_;  // And not told yet.
  Clock::time_point told_{};
  bool listening_ = false;
  Clock::time_point listen_again_{};

  std::thread thread_;  // Last: it uses the others.
};

}  // namespace muster

#endif  // MUSTER_SERVICE_CONNECTION_ACCEPTOR_H_
