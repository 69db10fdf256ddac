#include "bench/rate.h"

#include <atomic>
#include <chrono>
#include <set>
#include <stdexcept>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster::bench {
namespace {

TEST(MeasureRateTest, CountsWhatAllThreadsGetDone) {
  constexpr int kThreads = 3;
  std::atomic<int> made{0};
  const double rate = MeasureRate(kThreads, 0.01, 0.2, [&](int /*thread*/) -> Worker {
    ++made;
    return [] {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      return 10;
    };
  });
  EXPECT_EQ(made, kThreads);
  EXPECT_GT(rate, 0);
  // No thread can do more than one piece in a millisecond; one may end just after the warm-up.
  EXPECT_LE(rate, kThreads * 10 * (1'000 + 1 / 0.2));
}

TEST(MeasureRateTest, EveryWorkerHasANumberOfItsOwn) {
  std::atomic<int> sum{0};
  MeasureRate(4, 0, 0.01, [&](int thread) -> Worker {
    sum += 1 << thread;
    return [] { return 1; };
  });
  EXPECT_EQ(sum, 0b1111);
}

TEST(MeasureRateTest, AWorkerThatFailsEndsAllAndIsTold) {
  std::atomic<int> pieces{0};
  const auto measure = [&] {
    MeasureRate(2, 60, 60, [&](int thread) -> Worker {
      return [&pieces, thread] {
        if (thread == 1 && ++pieces == 3) throw std::runtime_error("the disk is full");
        return 1;
      };
    });
  };
  EXPECT_THAT(measure, testing::ThrowsMessage<std::runtime_error>("the disk is full"));
}

TEST(MeasureRateTest, AWorkerThatCannotBeMadeIsTold) {
  const auto measure = [] {
    MeasureRate(2, 60, 60, [](int thread) -> Worker {
      if (thread == 0) throw std::runtime_error("no connection");
      return [] { return 1; };
    });
  };
  EXPECT_THAT(measure, testing::ThrowsMessage<std::runtime_error>("no connection"));
}

}  // namespace
}  // namespace muster::bench
