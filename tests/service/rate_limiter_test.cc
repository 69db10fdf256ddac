#include "service/rate_limiter.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/errors.h"
#include "service/limits.h"
#include "service/wake_ups.h"
#include "tests/service/server_fixture.h"

namespace muster {
namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): 10ms.
using testing::HasSubstr;

const TokenBucket::Time kStart(std::chrono::hours(1));

TEST(TokenBucketTest, GivesItsBurstAtOnceAndThenWhatFillsUp) {
  TokenBucket bucket({.per_second = 100, .burst = 3});
  for (int call = 0; call < 4; ++call) EXPECT_EQ(bucket.TakeUnlessInDebt(1, kStart), 0ns) << call;
  // The fourth was on credit: a bucket is in debt once more was taken than there is.
  EXPECT_EQ(bucket.TakeUnlessInDebt(1, kStart), 10ms);
  EXPECT_EQ(bucket.TakeUnlessInDebt(1, kStart + 9ms), 1ms);
  EXPECT_EQ(bucket.TakeUnlessInDebt(1, kStart + 10ms), 0ns);
  EXPECT_EQ(bucket.TakeUnlessInDebt(1, kStart + 10ms), 10ms);
}

TEST(TokenBucketTest, WhatIsRefusedCostsNothing) {
  TokenBucket bucket({.per_second = 100, .burst = 1});
  EXPECT_EQ(bucket.Take(2, kStart), 10ms);
  for (int call = 0; call < 1'000; ++call) EXPECT_EQ(bucket.TakeUnlessInDebt(1, kStart), 10ms);
  EXPECT_EQ(bucket.TakeUnlessInDebt(1, kStart + 10ms), 0ns);
}

TEST(TokenBucketTest, TakesMoreThanThereIsAndSaysForHowLong) {
  TokenBucket bucket({.per_second = 1'000, .burst = 100});
  EXPECT_EQ(bucket.Take(100, kStart), 0ns);
  EXPECT_EQ(bucket.Take(500, kStart), 500ms);
  EXPECT_EQ(bucket.Take(500, kStart + 400ms), 600ms);
  EXPECT_FALSE(bucket.IsFull(kStart + 1'099ms));
  EXPECT_TRUE(bucket.IsFull(kStart + 1'100ms));
}

TEST(TokenBucketTest, ARestFillsItOnlyToTheBurst) {
  TokenBucket bucket({.per_second = 100, .burst = 2});
  EXPECT_EQ(bucket.Take(2, kStart), 0ns);
  EXPECT_EQ(bucket.Take(3, kStart + 1h), 10ms);
}

TEST(TokenBucketTest, ThreadsTakeNoMoreTogetherThanOne) {
  constexpr int kThreads = 4;
  constexpr int kBurst = 40'000;
  TokenBucket bucket({.per_second = 1, .burst = kBurst});
  std::atomic<int> taken{0};
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&] {
      for (int call = 0; call < kBurst; ++call) taken += bucket.TakeUnlessInDebt(1, kStart) == 0ns ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken, kBurst + 1);
}

Caller CallerOf(CallerRole role, const std::string& name) {
  return {.role = role, .name = name, .certificate_serial = "0a"};
}

constexpr RateLimits kFew = {.calls = {.per_second = 1, .burst = 1}, .bytes = {.per_second = 10, .burst = 100}};
constexpr RateLimits kMany = {.calls = {.per_second = 1'000, .burst = 1'000},
                              .bytes = {.per_second = 1'000'000, .burst = 1'000'000}};

TEST(RateLimiterTest, EachRoleAndNameHasItsOwnRateWhateverItsCertificate) {
  RateLimiter rates(kFew, kMany);
  const std::shared_ptr<CallerRate> kent = rates.Of(CallerOf(CallerRole::kForce, "kent"));
  Caller renewed = CallerOf(CallerRole::kForce, "kent");
  renewed.certificate_serial = "0b";
  EXPECT_EQ(rates.Of(renewed), kent);
  EXPECT_NE(rates.Of(CallerOf(CallerRole::kForce, "essex")), kent);
  EXPECT_NE(rates.Of(CallerOf(CallerRole::kAnalyst, "kent")), kent);
  EXPECT_EQ(rates.size(), 3);
}

TEST(RateLimiterTest, OnlyTheLocalOperatorHasTheRateOfTheLocalOperator) {
  RateLimiter rates(kFew, kMany);
  const auto calls_of = [&](const Caller& caller) {
    int calls = 0;
    while (calls < 100 && rates.Of(caller)->TakeCall(kStart).ok()) ++calls;
    return calls;
  };
  EXPECT_EQ(calls_of({.role = CallerRole::kOperator, .name = "local", .certificate_serial = "", .is_local = true}),
            100);
  EXPECT_EQ(calls_of(CallerOf(CallerRole::kOperator, "jo")), 2);
  EXPECT_EQ(calls_of({.role = CallerRole::kAnalyst, .name = "local", .certificate_serial = ""}), 2);
}

TEST(RateLimiterTest, ARefusalNamesTheCallerAndTheLimitAndSaysWhenToTryAgain) {
  CallerRate rate(CallerOf(CallerRole::kForce, "kent"), kFew);
  EXPECT_TRUE(rate.TakeCall(kStart).ok());
  EXPECT_TRUE(rate.TakeCall(kStart).ok());
  const grpc::Status refused = ToGrpcStatus(rate.TakeCall(kStart));
  EXPECT_THAT(refused, FailsWith(grpc::RESOURCE_EXHAUSTED, "CALLER_RATE_EXCEEDED"));
  google::rpc::Status status;
  ASSERT_TRUE(status.ParseFromString(refused.error_details()));
  google::rpc::QuotaFailure quota;
  google::rpc::RetryInfo retry;
  for (const google::protobuf::Any& detail : status.details()) {
    if (detail.Is<google::rpc::QuotaFailure>()) detail.UnpackTo(&quota);
    if (detail.Is<google::rpc::RetryInfo>()) detail.UnpackTo(&retry);
  }
  ASSERT_EQ(quota.violations_size(), 1);
  EXPECT_EQ(quota.violations(0).subject(), "force kent");
  EXPECT_THAT(quota.violations(0).description(), HasSubstr("1 calls a second"));
  EXPECT_EQ(retry.retry_delay().seconds(), 1);

  // Bytes are another matter.
  EXPECT_TRUE(rate.TakeMessage(150, kStart).ok());
  EXPECT_THAT(ToGrpcStatus(rate.TakeMessage(1, kStart)), FailsWith(grpc::RESOURCE_EXHAUSTED, "CALLER_RATE_EXCEEDED"));
  EXPECT_EQ(rate.TakeStreamMessage(10, kStart), 6s);
  EXPECT_TRUE(rate.TakeMessage(1, kStart + 6s).ok());
}

TEST(RateLimiterTest, ForgetsWhoHasNotCalledForAWhileAndNobodyElse) {
  RateLimiter rates(kFew, kMany);
  const std::shared_ptr<CallerRate> busy = rates.Of(CallerOf(CallerRole::kForce, "kent"));
  ASSERT_TRUE(busy->TakeCall(std::chrono::steady_clock::now() + 1h).ok());
  for (int caller = 0; caller < 10'000; ++caller) rates.Of(CallerOf(CallerRole::kAnalyst, absl::StrCat("a", caller)));
  EXPECT_LT(rates.size(), 2'000);
  EXPECT_EQ(rates.Of(CallerOf(CallerRole::kForce, "kent")), busy);
}

TEST(WakeUpsTest, CallsInTheOrderOfTimesAndNotBeforeThem) {
  std::mutex mutex;
  std::condition_variable called;
  std::vector<int> order;
  WakeUps wake_ups;
  const auto start = std::chrono::steady_clock::now();
  const auto call = [&](int number) {
    return [&, number] {
      const std::lock_guard<std::mutex> lock(mutex);
      order.push_back(number);
      called.notify_one();
    };
  };
  wake_ups.After(40ms, call(3));
  wake_ups.After(20ms, call(2));
  wake_ups.After(0ms, call(1));
  std::unique_lock<std::mutex> lock(mutex);
  called.wait(lock, [&] { return order.size() == 3; });
  EXPECT_GE(std::chrono::steady_clock::now() - start, 40ms);
  EXPECT_THAT(order, testing::ElementsAre(1, 2, 3));
}

TEST(WakeUpsTest, CallsNothingWhenItIsGone) {
  bool called = false;
  {
    WakeUps wake_ups;
    wake_ups.After(1h, [&] { called = true; });
  }
  EXPECT_FALSE(called);
}

// What every message costs. Far above what it is, so that a busy machine is no failure; a lock that everybody waits for
// or a look-up by message would be above it.
TEST(CallerRateTest, AMessageCostsLittle) {
  constexpr int kMessages = 1'000'000;
  CallerRate rate(CallerOf(CallerRole::kForce, "kent"), kMany);
  const auto begin = std::chrono::steady_clock::now();
  for (int message = 0; message < kMessages; ++message) {
    rate.TakeStreamMessage(200, std::chrono::steady_clock::now());
  }
  const auto each = (std::chrono::steady_clock::now() - begin) / kMessages;
  RecordProperty("nanoseconds_each", static_cast<int>(each.count()));
  EXPECT_LT(each, 2us);
}

}  // namespace
}  // namespace muster
