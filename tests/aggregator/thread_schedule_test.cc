#include "aggregator/thread_schedule.h"

#include <sys/resource.h>
#include <unistd.h>

#include <thread>

#include "gtest/gtest.h"

namespace muster {
namespace {

int Niceness() { return getpriority(PRIO_PROCESS, static_cast<id_t>(gettid())); }

TEST(ThreadScheduleTest, IsOfTheCallingThreadAlone) {
  const int before = Niceness();
  ASSERT_LE(before, 17) << "the tests must not be the very last themselves";
  int within = -1;
  std::thread([&] {
    GiveWayToShortWork(before + 2);
    within = Niceness();
  }).join();
  EXPECT_EQ(within, before + 2);
  EXPECT_EQ(Niceness(), before);
}

TEST(ThreadScheduleTest, NeverRaisesAPriority) {
  const int before = Niceness();
  ASSERT_LE(before, 17);
  int within = -1;
  std::thread([&] {
    GiveWayToShortWork(before + 2);
    GiveWayToShortWork(before);
    within = Niceness();
  }).join();
  EXPECT_EQ(within, before + 2);
}

}  // namespace
}  // namespace muster
