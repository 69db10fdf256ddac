#include "service/message_workers.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster {
namespace {

TEST(MessageWorkersTest, OneThreadKeepsTheOrder) {
  std::vector<int> done;
  {
    MessageWorkers workers(1);
    for (int i = 0; i < 5; ++i) workers.Run([&done, i] { done.push_back(i); });
  }
  EXPECT_THAT(done, testing::ElementsAre(0, 1, 2, 3, 4)) << "and the end waits for all of it";
}

TEST(MessageWorkersTest, WorksOnAsMuchAsItHasThreads) {
  constexpr int kThreads = 3;
  std::mutex mutex;
  std::condition_variable changed;
  int met = 0;
  MessageWorkers workers(kThreads);
  // None of them is done before all have begun.
  for (int i = 0; i < kThreads; ++i) {
    workers.Run([&] {
      std::unique_lock<std::mutex> lock(mutex);
      ++met;
      changed.notify_all();
      changed.wait(lock, [&] { return met >= kThreads; });
    });
  }
  std::unique_lock<std::mutex> lock(mutex);
  changed.wait(lock, [&] { return met >= kThreads; });
}

TEST(MessageWorkersTest, WorkMayGiveWork) {
  std::atomic<int> done = 0;
  {
    MessageWorkers workers(2);
    workers.Run([&] {
      ++done;
      workers.Run([&] { ++done; });
    });
  }
  EXPECT_EQ(done, 2);
}

}  // namespace
}  // namespace muster
