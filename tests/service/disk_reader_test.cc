// The threads that read the disk for calls. Here reads are functions that wait until they are let go.
#include "service/disk_reader.h"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/errors.h"
#include "tests/service/server_fixture.h"

namespace muster {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// Reads that wait for Release(), and what became of them.
class DiskReaderTest : public testing::Test {
 protected:
  // A read of that name that waits; `is_wanted` is asked when its turn has come.
  DiskRead Waiting(
      const std::string& name, const std::function<bool()>& is_wanted = [] { return true; }) {
    return {.is_wanted = is_wanted,
            .read =
                [this, name] {
                  std::unique_lock lock(mutex_);
                  begun_.push_back(name);
                  changed_.notify_all();
                  changed_.wait(lock, [this] { return released_; });
                  return absl::OkStatus();
                },
            .done =
                [this, name](const absl::Status& status) {
                  const std::lock_guard lock(mutex_);
                  ended_.push_back({name, ToGrpcStatus(status), std::this_thread::get_id()});
                  changed_.notify_all();
                }};
  }
  void Release() {
    const std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }
  void AwaitBegun(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return begun_.size() >= count; });
  }
  void AwaitEnded(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ended_.size() >= count; });
  }

  // In the order in which they were begun.
  std::vector<std::string> begun() const {
    const std::lock_guard lock(mutex_);
    return begun_;
  }
  struct Ended {
    std::string name;
    grpc::Status status;
    std::thread::id thread;
  };
  std::vector<Ended> ended() const {
    const std::lock_guard lock(mutex_);
    return ended_;
  }

 private:
  mutable std::mutex mutex_;  // Guards what follows.
  std::condition_variable changed_;
  bool released_ = false;
  std::vector<std::string> begun_;
  std::vector<Ended> ended_;
};

TEST_F(DiskReaderTest, ReadsInTheOrderInWhichTheyCame) {
  DiskReader reader({.threads = 1, .max_reads = 100});
  std::vector<std::string> names;
  for (int i = 0; i < 100; ++i) {
    names.push_back(absl::StrCat("read-", i));
    reader.Read(Waiting(names.back()));
  }
  Release();
  AwaitEnded(100);
  EXPECT_EQ(begun(), names);
  for (const Ended& one : ended()) {
    EXPECT_THAT(one.status, IsOkCall());
    EXPECT_NE(one.thread, std::this_thread::get_id()) << one.name;
  }
}

TEST_F(DiskReaderTest, ReadsAsManyAtOnceAsItHasThreads) {
  DiskReader reader({.threads = 3, .max_reads = 100});
  for (int i = 0; i < 3; ++i) reader.Read(Waiting("held"));
  AwaitBegun(3);  // None of them ends before all are under way.
  reader.Read(Waiting("waits"));
  EXPECT_THAT(begun(), ElementsAre("held", "held", "held"));
  Release();
  AwaitEnded(4);
  EXPECT_THAT(begun(), ElementsAre("held", "held", "held", "waits"));
}

TEST_F(DiskReaderTest, RefusesAtOnceWhatIsBeyondTheBound) {
  DiskReader reader({.threads = 1, .max_reads = 3});
  for (int i = 0; i < 3; ++i) reader.Read(Waiting("taken"));
  ASSERT_THAT(ended(), IsEmpty());
  reader.Read(Waiting("refused"));
  ASSERT_THAT(ended(), SizeIs(1));
  const Ended refused = ended().front();
  EXPECT_EQ(refused.name, "refused");
  EXPECT_EQ(refused.thread, std::this_thread::get_id());
  EXPECT_THAT(refused.status, FailsWith(grpc::RESOURCE_EXHAUSTED, "READS_FULL"));
  EXPECT_TRUE(ErrorOf(refused.status).has_retry);

  Release();
  AwaitEnded(4);
  reader.Read(Waiting("later"));
  AwaitEnded(5);
  EXPECT_THAT(ended().back().status, IsOkCall());
  EXPECT_THAT(begun(), ElementsAre("taken", "taken", "taken", "later"));
}

TEST_F(DiskReaderTest, DoesNotReadWhatNobodyWaitsForAnyMore) {
  std::atomic<bool> is_wanted = true;
  DiskReader reader({.threads = 1, .max_reads = 10});
  reader.Read(Waiting("first"));
  reader.Read(Waiting("given up", [&] { return is_wanted.load(); }));
  reader.Read(Waiting("last"));
  AwaitBegun(1);
  is_wanted = false;  // While it waits.
  Release();
  AwaitEnded(3);
  EXPECT_THAT(begun(), ElementsAre("first", "last"));
  EXPECT_EQ(ended()[1].name, "given up");
  EXPECT_THAT(ended()[1].status, FailsWith(grpc::CANCELLED, "CALL_CANCELLED"));
}

TEST_F(DiskReaderTest, WhoeverHasAnAnswerMayAskAgainAtOnce) {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<absl::Status> answers;
  DiskReader reader({.threads = 1, .max_reads = 1});
  std::function<DiskRead()> make = [&] {
    return DiskRead{.is_wanted = [] { return true; },
                    .read = [] { return absl::OkStatus(); },
                    .done =
                        [&](const absl::Status& status) {
                          bool again = false;
                          {
                            const std::lock_guard lock(mutex);
                            answers.push_back(status);
                            again = answers.size() < 100;
                            changed.notify_all();
                          }
                          if (again) reader.Read(make());
                        }};
  };
  reader.Read(make());
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return answers.size() == 100; });
  EXPECT_THAT(answers, Each(absl::OkStatus()));
}

TEST_F(DiskReaderTest, CloseAnswersWhatWaitsThoughTheDiskDoesNot) {
  DiskReader reader({.threads = 1, .max_reads = 10});
  reader.Read(Waiting("under way"));
  AwaitBegun(1);
  reader.Read(Waiting("waits"));
  reader.Read(Waiting("waits too"));

  reader.Close();
  ASSERT_THAT(ended(), SizeIs(2));
  reader.Read(Waiting("too late"));
  ASSERT_THAT(ended(), SizeIs(3));
  for (const Ended& one : ended()) {
    EXPECT_THAT(one.status, FailsWith(grpc::UNAVAILABLE, "SERVER_STOPPING")) << one.name;
    EXPECT_TRUE(ErrorOf(one.status).has_retry);
  }

  Release();
  reader.Stop();
  ASSERT_THAT(ended(), SizeIs(4)) << "Stop did not wait";
  EXPECT_EQ(ended().back().name, "under way");
  EXPECT_THAT(ended().back().status, IsOkCall());
  EXPECT_THAT(begun(), ElementsAre("under way"));
}

TEST_F(DiskReaderTest, AnswersEveryReadOnceThoughItIsStoppedMeanwhile) {
  constexpr int kAskers = 4;
  constexpr int kReadsOfOne = 500;
  std::vector<std::atomic<int>> answers(kAskers * kReadsOfOne);
  std::atomic<int> answered = 0;
  std::atomic<int> others = 0;
  {
    DiskReader reader({.threads = 2, .max_reads = 8});
    std::vector<std::thread> askers;
    askers.reserve(kAskers);
    for (int asker = 0; asker < kAskers; ++asker) {
      askers.emplace_back([&, asker] {
        for (int i = 0; i < kReadsOfOne; ++i) {
          const int number = asker * kReadsOfOne + i;
          reader.Read({.is_wanted = [number] { return number % 5 != 0; },
                       .read = [] { return absl::OkStatus(); },
                       .done =
                           [&, number](const absl::Status& status) {
                             ++answers[number];
                             ++answered;
                             answered.notify_all();
                             if (!status.ok() && !absl::IsCancelled(status) && !absl::IsResourceExhausted(status) &&
                                 !absl::IsUnavailable(status)) {
                               ++others;
                             }
                           }});
        }
      });
    }
    for (int seen = 0; seen < kReadsOfOne; seen = answered) answered.wait(seen);
    reader.Stop();
    for (std::thread& asker : askers) asker.join();
  }
  EXPECT_EQ(answered, kAskers * kReadsOfOne);
  for (size_t number = 0; number < answers.size(); ++number) EXPECT_EQ(answers[number], 1) << number;
  EXPECT_EQ(others, 0);
}

}  // namespace
}  // namespace muster
