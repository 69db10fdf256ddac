// When a failed attempt is worth another, and how long to wait before it.
#ifndef MUSTER_CLIENTS_CPP_RETRY_H_
#define MUSTER_CLIENTS_CPP_RETRY_H_

#include <functional>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace muster {

// What a client takes from the outside beside the network; tests put in their own. Every function may be
// called from any thread.
struct ClientClock {
  std::function<absl::Time()> now;
  std::function<absl::Duration()> elapsed;  // Since some moment, whatever the clock is set to meanwhile.
  std::function<void(absl::Duration)> sleep;
  std::function<double()> random;  // Evenly in [0, 1).
};

// The system's clock, sleep and randomness.
ClientClock SystemClock();

struct RetryPolicy {
  // The longest first wait; each further one may be twice as long, up to `max_backoff`. Every wait is drawn
  // evenly between nothing and that ("full jitter"), so that clients which failed together do not return together.
  absl::Duration first_backoff = absl::Milliseconds(100);
  absl::Duration max_backoff = absl::Seconds(10);

  // Attempts of a client that has not yet heard anything from its server, whose address may be wrong. 0: as
  // many as fit before the deadline. Once the server was heard, only the deadline counts.
  int max_attempts_before_contact = 0;
};

// Whether trying again may help: UNAVAILABLE, RESOURCE_EXHAUSTED where the server says when (RetryInfo), and CANCELLED
// without a reason, which is a server that stops. It is safe for every call of Muster: none counts anything twice.
// Never ask about a call that this client itself has cancelled.
bool MayRetry(const absl::Status& status);

// The waits of one call, and how long it still has: its deadline stays as far away as it was at the start, whatever the
// clock is set to meanwhile. Not thread-safe: one call makes one.
class RetryWaits {
 public:
  // `policy` and `clock` are not owned and must outlive this object.
  RetryWaits(const RetryPolicy& policy, const ClientClock& clock, absl::Time deadline)
      : policy_(policy), clock_(clock), end_(clock.elapsed() + (deadline - clock.now())) {}

  // Until the deadline; negative after it.
  absl::Duration TimeLeft() const { return end_ - clock_.elapsed(); }

  // Waits before another attempt after `status`, at least as long as the server asked for. False at once, without
  // waiting, if the deadline would pass meanwhile.
  bool Wait(const absl::Status& status);

  // The attempt got somewhere: the next wait is a first one again.
  void Progressed() { waits_ = 0; }

  // Waits since the start or the last progress.
  int waits() const { return waits_; }

 private:
  const RetryPolicy& policy_;
  const ClientClock& clock_;
  const absl::Duration end_;  // As clock_.elapsed() will have it.
  int waits_ = 0;
};

}  // namespace muster

#endif  // MUSTER_CLIENTS_CPP_RETRY_H_
