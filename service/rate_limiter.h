// How much each caller may ask of the server: calls and bytes, by a bucket of each that fills again all the time.
#ifndef MUSTER_SERVICE_RATE_LIMITER_H_
#define MUSTER_SERVICE_RATE_LIMITER_H_

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "service/caller.h"

namespace muster {

// What a caller may use: `per_second` for good, and `burst` at once after a rest. Both above 0.
struct Rate {
  int64_t per_second;
  int64_t burst;
};

struct RateLimits {
  Rate calls;
  Rate bytes;  // Of messages that come in.
};

// A token bucket, said as the time until which what was taken lasts at the rate. Thread-safe, without a lock; taking
// costs some ten nanoseconds.
class TokenBucket {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit TokenBucket(Rate rate);

  // Takes `amount`, of which there may be less: then the bucket is in debt. Gives how long it is in debt; zero for not.
  std::chrono::nanoseconds Take(int64_t amount, Time now);
  // The same, but takes nothing while the bucket is in debt.
  std::chrono::nanoseconds TakeUnlessInDebt(int64_t amount, Time now);
  // Whether nothing is missing.
  bool IsFull(Time now) const;

 private:
  // In nanoseconds.
  int64_t Cost(int64_t amount) const;

  const double nanoseconds_each_;
  const int64_t burst_nanoseconds_;
  std::atomic<int64_t> used_until_;  // Of the steady clock, in nanoseconds.
};

// What one caller uses, over all its connections. Thread-safe.
class CallerRate {
 public:
  CallerRate(const Caller& caller, RateLimits limits);

  // One call. RESOURCE_EXHAUSTED, CALLER_RATE_EXCEEDED, with QuotaFailure and RetryInfo, while there were too many.
  absl::Status TakeCall(TokenBucket::Time now);
  // A message of a single call. The same, while there were too many bytes.
  absl::Status TakeMessage(int64_t bytes, TokenBucket::Time now);
  // A message of a stream, which is there already: gives how long nothing more should be read.
  std::chrono::nanoseconds TakeStreamMessage(int64_t bytes, TokenBucket::Time now);

  // Whether it is as if the caller had never called.
  bool IsUnused(TokenBucket::Time now) const { return calls_.IsFull(now) && bytes_.IsFull(now); }

 private:
  const std::string subject_;  // "force thames-valley".
  const RateLimits limits_;
  TokenBucket calls_;
  TokenBucket bytes_;
};

// The rates of all callers. Thread-safe.
class RateLimiter {
 public:
  // `local` is for the local operator, who is on the server's own machine; `others` for each other caller.
  RateLimiter(RateLimits others, RateLimits local);

  // Of a caller, whom its role and name make out: all its certificates share one. Those who have not called for a while
  // are forgotten, so the memory is bounded by how many callers call.
  std::shared_ptr<CallerRate> Of(const Caller& caller);

  // How many callers are remembered.
  size_t size() const;

 private:
  using ByName = absl::flat_hash_map<std::string, std::shared_ptr<CallerRate>>;

  // Forgets who is as if it had never called. With mutex_ held.
  void ForgetUnused(TokenBucket::Time now);

  const RateLimits others_;
  const RateLimits local_;

  mutable std::mutex mutex_;
  std::array<ByName, 4> callers_;  // Guarded by mutex_; by role.
  size_t count_ = 0;               // Guarded by mutex_.
  size_t sweep_at_;                // Guarded by mutex_: with so many callers it is looked who may be forgotten.
};

}  // namespace muster

#endif  // MUSTER_SERVICE_RATE_LIMITER_H_
