#include "service/rate_limiter.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "domain/check.h"
#include "service/errors.h"

namespace muster {
namespace {

// With so many callers it is first looked who may be forgotten.
constexpr size_t kFirstSweep = 1'024;

constexpr double kNanosecondsInSecond = 1e9;

int64_t Nanoseconds(TokenBucket::Time time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

absl::string_view NameOf(CallerRole role) {
  switch (role) {
    case CallerRole::kForce:
      return "force";
    case CallerRole::kUnit:
      return "unit";
    case CallerRole::kAnalyst:
      return "analyst";
    case CallerRole::kOperator:
      return "operator";
  }
  return "caller";
}

}  // namespace

TokenBucket::TokenBucket(Rate rate)
    : nanoseconds_each_(kNanosecondsInSecond / static_cast<double>(rate.per_second)),
      burst_nanoseconds_(Cost(rate.burst)),
      used_until_(0) {
  MUSTER_CHECK(rate.per_second > 0 && rate.burst > 0);
}

int64_t TokenBucket::Cost(int64_t amount) const {
  return static_cast<int64_t>(static_cast<double>(amount) * nanoseconds_each_);
}

std::chrono::nanoseconds TokenBucket::Take(int64_t amount, Time now) {
  const int64_t now_nanoseconds = Nanoseconds(now);
  const int64_t cost = Cost(amount);
  int64_t used_until = used_until_.load(std::memory_order_relaxed);
  int64_t after = 0;
  do {
    after = std::max(used_until, now_nanoseconds) + cost;
  } while (!used_until_.compare_exchange_weak(used_until, after, std::memory_order_relaxed));
  return std::chrono::nanoseconds(std::max<int64_t>(0, after - now_nanoseconds - burst_nanoseconds_));
}

std::chrono::nanoseconds TokenBucket::TakeUnlessInDebt(int64_t amount, Time now) {
  const int64_t now_nanoseconds = Nanoseconds(now);
  const int64_t cost = Cost(amount);
  int64_t used_until = used_until_.load(std::memory_order_relaxed);
  while (true) {
    const int64_t begin = std::max(used_until, now_nanoseconds);
    const int64_t debt = begin - now_nanoseconds - burst_nanoseconds_;
    if (debt > 0) return std::chrono::nanoseconds(debt);
    if (used_until_.compare_exchange_weak(used_until, begin + cost, std::memory_order_relaxed)) {
      return std::chrono::nanoseconds(0);
    }
  }
}

bool TokenBucket::IsFull(Time now) const { return used_until_.load(std::memory_order_relaxed) <= Nanoseconds(now); }

CallerRate::CallerRate(const Caller& caller, RateLimits limits)
    : subject_(absl::StrCat(NameOf(caller.role), " ", caller.name)),
      limits_(limits),
      calls_(limits.calls),
      bytes_(limits.bytes) {}

absl::Status CallerRate::TakeCall(TokenBucket::Time now) {
  const std::chrono::nanoseconds debt = calls_.TakeUnlessInDebt(1, now);
  if (debt.count() == 0) return absl::OkStatus();
  return CallerRateExceeded(
      subject_, debt,
      absl::StrCat("makes more than ", limits_.calls.per_second, " calls a second; send several results in one call"));
}

absl::Status CallerRate::TakeMessage(int64_t bytes, TokenBucket::Time now) {
  const std::chrono::nanoseconds debt = bytes_.TakeUnlessInDebt(bytes, now);
  if (debt.count() == 0) return absl::OkStatus();
  return CallerRateExceeded(subject_, debt,
                            absl::StrCat("sends more than ", limits_.bytes.per_second, " bytes a second"));
}

std::chrono::nanoseconds CallerRate::TakeStreamMessage(int64_t bytes, TokenBucket::Time now) {
  return bytes_.Take(bytes, now);
}

RateLimiter::RateLimiter(RateLimits others, RateLimits local)
    : others_(others), local_(local), sweep_at_(kFirstSweep) {}

std::shared_ptr<CallerRate> RateLimiter::Of(const Caller& caller) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ByName& by_name = callers_[static_cast<size_t>(caller.role)];
  const auto known = by_name.find(caller.name);
  if (known != by_name.end()) return known->second;
  if (count_ >= sweep_at_) ForgetUnused(std::chrono::steady_clock::now());
  auto rate = std::make_shared<CallerRate>(caller, caller.is_local ? local_ : others_);
  by_name.emplace(caller.name, rate);
  ++count_;
  return rate;
}

void RateLimiter::ForgetUnused(TokenBucket::Time now) {
  count_ = 0;
  for (ByName& by_name : callers_) {
    for (auto place = by_name.begin(); place != by_name.end();) {
      if (place->second.use_count() == 1 && place->second->IsUnused(now)) {
        by_name.erase(place++);
      } else {
        ++place;
      }
    }
    count_ += by_name.size();
  }
  sweep_at_ = std::max(kFirstSweep, 2 * count_);
}

size_t RateLimiter::size() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return count_;
}

}  // namespace muster
