#include "service/waiting_room.h"

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;

class WaitingRoomTest : public testing::Test {
 protected:
  // The clock is looked at seldom enough that nobody but the test lets anybody in.
  void Open(WaitingRoomLimits limits = {.max_calls = 3, .max_wait = hours(1), .look_interval = hours(1)}) {
    room_ = std::make_unique<WaitingRoom>(
        [this]() -> absl::StatusOr<Applier::Room> {
          const std::lock_guard<std::mutex> lock(mutex_);
          if (!refused_.ok()) return refused_;
          if (free_ == 0) return Applier::Full();
          --free_;
          return Applier::Room{7};
        },
        limits);
  }
  void Enter(const std::string& name) {
    room_->Enter([this, name](const absl::StatusOr<Applier::Room>& room) {
      const std::lock_guard<std::mutex> lock(mutex_);
      events_.push_back(name +
                        (room.ok() ? " in" : std::string(": ") + absl::StatusCodeToString(room.status().code())));
      EXPECT_EQ(room.ok() ? room->period : 7, 7) << "what was kept";
    });
  }
  void Free(int count) {
    const std::lock_guard<std::mutex> lock(mutex_);
    free_ = count;
  }
  void Refuse(const absl::Status& status) {
    const std::lock_guard<std::mutex> lock(mutex_);
    refused_ = status;
  }
  std::vector<std::string> events() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return events_;
  }

  std::mutex mutex_;  // Guards what follows.
  int free_ = 0;
  absl::Status refused_;
  std::vector<std::string> events_;

  std::unique_ptr<WaitingRoom> room_;  // Last: it calls what uses the others.
};

TEST_F(WaitingRoomTest, WhereThereIsRoomNobodyWaits) {
  Open();
  Free(2);
  Enter("a");
  Enter("b");
  EXPECT_THAT(events(), ElementsAre("a in", "b in"));
}

TEST_F(WaitingRoomTest, WhoWaitsIsLetInInTheOrderOfComing) {
  Open();
  Enter("a");
  Enter("b");
  Free(1);
  Enter("c");
  EXPECT_THAT(events(), IsEmpty()) << "nobody overtakes who waits";
  room_->Look();
  EXPECT_THAT(events(), ElementsAre("a in"));
  room_->Look();
  EXPECT_THAT(events(), ElementsAre("a in")) << "there is no more room";
  Free(5);
  room_->Look();
  EXPECT_THAT(events(), ElementsAre("a in", "b in", "c in"));
  Enter("d");
  EXPECT_THAT(events(), ElementsAre("a in", "b in", "c in", "d in"));
}

TEST_F(WaitingRoomTest, OfMoreThanMayWaitTheNextIsRefusedAtOnce) {
  Open();
  for (const char* const name : {"a", "b", "c", "d"}) Enter(name);
  EXPECT_THAT(events(), ElementsAre("d: RESOURCE_EXHAUSTED"));
  Free(1);
  room_->Look();
  Enter("e");
  EXPECT_THAT(events(), ElementsAre("d: RESOURCE_EXHAUSTED", "a in")) << "e waits in the place of a";
}

TEST_F(WaitingRoomTest, WhoHasWaitedLongEnoughIsRefused) {
  Open({.max_calls = 3, .max_wait = milliseconds(0), .look_interval = milliseconds(1)});
  std::promise<absl::StatusCode> refused;
  room_->Enter([&](const absl::StatusOr<Applier::Room>& room) { refused.set_value(room.status().code()); });
  EXPECT_EQ(refused.get_future().get(), absl::StatusCode::kResourceExhausted) << "without anybody who looks";
}

TEST_F(WaitingRoomTest, RoomIsFoundWithoutAnybodyWhoSaysSo) {
  Open({.max_calls = 3, .max_wait = hours(1), .look_interval = milliseconds(1)});
  std::promise<bool> let_in;
  room_->Enter([&](const absl::StatusOr<Applier::Room>& room) { let_in.set_value(room.ok()); });
  Free(1);
  EXPECT_TRUE(let_in.get_future().get());
}

TEST_F(WaitingRoomTest, ADiskThatRefusedIsToldToAllAtOnce) {
  Open();
  Enter("a");
  Enter("b");
  Refuse(absl::UnavailableError("the disk refused"));
  room_->Look();
  Enter("c");
  EXPECT_THAT(events(), ElementsAre("a: UNAVAILABLE", "b: UNAVAILABLE", "c: UNAVAILABLE"));
}

TEST_F(WaitingRoomTest, AStopRefusesWhoWaitsAndWhoComes) {
  Open();
  Enter("a");
  room_->Close(absl::UnavailableError("stopping"));
  Free(1);
  Enter("b");
  EXPECT_THAT(events(), ElementsAre("a: UNAVAILABLE", "b: UNAVAILABLE")) << "though there were room";
}

TEST_F(WaitingRoomTest, EveryoneOfManyIsAnsweredOnce) {
  constexpr int kThreads = 8;
  constexpr int kEach = 2'000;
  Open({.max_calls = 64, .max_wait = milliseconds(1), .look_interval = milliseconds(1)});
  std::atomic<int> answered = 0;
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kEach; ++i) {
        room_->Enter([&](const absl::StatusOr<Applier::Room>&) { ++answered; });
        if (thread == 0) {
          Free(i % 50);
          room_->Look();
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  room_->Close(absl::UnavailableError("stopping"));
  while (answered < kThreads * kEach) std::this_thread::yield();
  room_.reset();
  EXPECT_EQ(answered, kThreads * kEach);
}

}  // namespace
}  // namespace muster
