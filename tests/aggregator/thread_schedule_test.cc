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
  int within = -1;
  std::thread([&within] {
    GiveWayToShortWork(10);
    within = Niceness();
  }).join();
  EXPECT_EQ(within, 10);
  EXPECT_EQ(Niceness(), before);
}

TEST(ThreadScheduleTest, NeverRaisesAPriority) {
  int within = -1;
  std::thread([&within] {
    GiveWayToShortWork(7);
    GiveWayToShortWork(0);
    within = Niceness();
  }).join();
  EXPECT_EQ(within, 7);
}

}  // namespace
}  // namespace muster
