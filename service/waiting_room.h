// Calls that bring results wait here for room, before they are received.
#ifndef MUSTER_SERVICE_WAITING_ROOM_H_
#define MUSTER_SERVICE_WAITING_ROOM_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "aggregator/applier.h"
#include "service/wake_ups.h"

namespace muster {

struct WaitingRoomLimits {
  size_t max_calls;
  std::chrono::milliseconds max_wait;
  std::chrono::milliseconds look_interval;  // Between two looks at the clock, while somebody waits.
};

// Keeps who comes in the order in which they came. A call that waits costs a few kilobytes and no processor time: its
// client has sent no more than flow control lets it, and does not ask again meanwhile. Thread-safe.
class WaitingRoom {
 public:
  // With room that is kept for the call, or why there is none.
  using LetIn = absl::AnyInvocable<void(absl::StatusOr<Applier::Room>)>;

  // Keeps room for one call, as Applier::KeepRoom. Thread-safe.
  using KeepRoom = std::function<absl::StatusOr<Applier::Room>()>;

  // To outlive all calls.
  WaitingRoom(KeepRoom keep_room, WaitingRoomLimits limits) : keep_room_(std::move(keep_room)), limits_(limits) {}

  // Calls `let_in` once: at once if there is room and nobody waits, or when too many do (RESOURCE_EXHAUSTED); else
  // later, from any thread, when there is room or there was none for too long.
  void Enter(LetIn let_in);

  // Lets in whom there is room for. To be called when there may be more than before.
  void Look();

  // How many wait.
  size_t count() const { return count_.load(std::memory_order_relaxed); }

  // Refuses who waits, and who comes, with `status`.
  void Close(const absl::Status& status);

 private:
  struct Waiting {
    std::chrono::steady_clock::time_point since;
    LetIn let_in;
  };

  void LookAgain();

  const KeepRoom keep_room_;
  const WaitingRoomLimits limits_;
  std::atomic<size_t> count_ = 0;  // Of waiting_, for those who need not wait.

  std::mutex mutex_;             // Guards what follows; never held over a call of let_in.
  std::deque<Waiting> waiting_;  // The first came first.
  absl::Status closed_;
  std::atomic<bool> is_closed_ = false;  // Whether closed_ says so; for those who need not wait.
  bool looks_again_ = false;             // A wake-up is on its way.

  WakeUps wake_ups_;  // Last: what it calls needs the others.
};

}  // namespace muster

#endif  // MUSTER_SERVICE_WAITING_ROOM_H_
