#include "clients/cpp/retry.h"

#include <algorithm>
#include <chrono>
#include <random>

#include "absl/time/clock.h"
#include "clients/cpp/error_details.h"

namespace muster {
namespace {

double SystemRandom() {
  thread_local std::mt19937_64 engine{std::random_device{}()};
  return std::uniform_real_distribution<double>(0.0, 1.0)(engine);
}

}  // namespace

ClientClock SystemClock() {
  return {[] { return absl::Now(); },
          [] { return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch()); },
          [](absl::Duration duration) { absl::SleepFor(duration); }, SystemRandom};
}

bool MayRetry(const absl::Status& status) {
  if (absl::IsUnavailable(status)) return true;
  if (absl::IsResourceExhausted(status)) return RetryDelayOf(status).has_value();
  // Said by gRPC, not by Muster: a server that stops ends the calls that it has not yet begun in this way.
  return absl::IsCancelled(status) && !ErrorInfoOf(status).has_value();
}

bool RetryWaits::Wait(const absl::Status& status) {
  absl::Duration longest = policy_.first_backoff;
  for (int wait = 0; wait < waits_ && longest < policy_.max_backoff; ++wait) longest *= 2;
  longest = std::min(longest, policy_.max_backoff);
  // On top of what the server asked for, so that those it sent away together do not return together.
  const absl::Duration wait =
      RetryDelayOf(status).value_or(absl::ZeroDuration()) + longest * std::clamp(clock_.random(), 0.0, 1.0);
  if (wait >= TimeLeft()) return false;
  clock_.sleep(wait);
  ++waits_;
  return true;
}

}  // namespace muster
