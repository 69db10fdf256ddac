// Checkpoints: what is written, when, and what happens when the disk refuses.
#include "aggregator/checkpointer.h"

#include <chrono>
#include <mutex>
#include <string>
#include <vector>

#include "tests/aggregator/aggregator_fixture.h"

namespace muster {
namespace {

using testing::_;
using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::chrono::hours kNever{1'000};

MATCHER_P3(Wrote, position, parts, replace, "") {
  *result_listener << "of position " << arg.position << ", " << (arg.replace ? "replacing" : "adding") << ", of "
                   << testing::PrintToString(arg.parts);
  return arg.position == position && arg.parts == parts && arg.replace == replace;
}

class CheckpointerTest : public AggregatorTest {
 protected:
  // Notes what it is told of.
  std::function<void(const absl::Status&)> Failed() {
    return [this](const absl::Status& status) {
      const std::lock_guard<std::mutex> lock(mutex_);
      told_.push_back(status);
    };
  }

  std::vector<absl::Status> told() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return told_;
  }

 private:
  std::mutex mutex_;
  std::vector<absl::Status> told_;  // Guarded by mutex_.
};

TEST_F(CheckpointerTest, OnlyWhatChangedIsWritten) {
  Checkpointer checkpointer(store(), cubes(), /*replace=*/false, kNever, Failed());
  Submit({Warrants("kent", "a", 1, 1), Warrants("essex", "a", 1, 1), Warrants("surrey", "a", 1, 1)});
  ASSERT_THAT(checkpointer.WriteNow(), IsOk());
  Submit({Warrants("essex", "a", 2, 5), Warrants("essex", "b", 1, 5)});
  ASSERT_THAT(checkpointer.WriteNow(), IsOk());
  Submit({Retraction("kent", "a", 2), Warrants("cumbria", "new", 1, 5)});
  ASSERT_THAT(checkpointer.WriteNow(), IsOk());
  using Parts = std::vector<std::string>;
  EXPECT_THAT(
      store().checkpoints(),
      ElementsAre(
          Wrote(3, Parts{"county-lines-2021-10 essex", "county-lines-2021-10 surrey", "county-lines-2021-10 kent"},
                false),
          Wrote(5, Parts{"county-lines-2021-10 essex"}, false),
          Wrote(7, Parts{"county-lines-2021-10 cumbria", "county-lines-2021-10 kent"}, false)));
  const std::vector<std::string> rows = Rows("group_by: GROUP_BY_FORCE");
  Start();
  EXPECT_EQ(store().replayed_count(), 0);
  EXPECT_EQ(Rows("group_by: GROUP_BY_FORCE"), rows);
  ExpectTheCubesEqualTheLog();
}

TEST_F(CheckpointerTest, ItSaysHowFarAndHowOldTheCheckpointIs) {
  const auto begin = std::chrono::steady_clock::now();
  Checkpointer checkpointer(store(), cubes(), /*replace=*/false, kNever, Failed());
  EXPECT_EQ(checkpointer.written_position(), std::nullopt);
  // Each age is read before the time that it is held against, which C++ does not promise of two arguments.
  auto age = checkpointer.age();
  EXPECT_LE(age, std::chrono::steady_clock::now() - begin);
  SubmitOne(Warrants("kent", "a", 1, 1));
  auto before = std::chrono::steady_clock::now();
  ASSERT_THAT(checkpointer.WriteNow(), IsOk());
  EXPECT_EQ(checkpointer.written_position(), 1);
  age = checkpointer.age();
  EXPECT_LE(age, std::chrono::steady_clock::now() - before);

  before = std::chrono::steady_clock::now();
  ASSERT_THAT(checkpointer.WriteNow(), IsOk());
  age = checkpointer.age();
  EXPECT_LE(age, std::chrono::steady_clock::now() - before) << "there was nothing to write";

  SubmitOne(Warrants("kent", "a", 2, 1));
  before = std::chrono::steady_clock::now();
  store().FailCheckpoints(absl::UnavailableError("no"));
  EXPECT_FALSE(checkpointer.WriteNow().ok());
  EXPECT_EQ(checkpointer.written_position(), 1);
  const auto since_before = std::chrono::steady_clock::now() - before;
  EXPECT_GE(checkpointer.age(), since_before) << "a write that failed makes it no younger";
}

TEST_F(CheckpointerTest, NothingIsWrittenWhereNothingHappened) {
  Checkpointer checkpointer(store(), cubes(), /*replace=*/false, kNever, Failed());
  SubmitOne(Warrants("kent", "a", 1, 1));
  ASSERT_THAT(checkpointer.WriteNow(), IsOk());
  SubmitOne(Warrants("kent", "a", 1, 1));  // A duplicate.
  ASSERT_THAT(checkpointer.WriteNow(), IsOk());
  EXPECT_THAT(store().checkpoints(), SizeIs(1));
}

TEST_F(CheckpointerTest, AChangeOfAnOperationMovesThePositionAlone) {
  Checkpointer checkpointer(store(), cubes(), /*replace=*/false, kNever, Failed());
  SubmitOne(Warrants("kent", "a", 1, 1));
  ASSERT_THAT(checkpointer.WriteNow(), IsOk());
  PutOperation(cubes().operations()->Find(kWeek)->proto);
  ASSERT_THAT(checkpointer.WriteNow(), IsOk());
  ASSERT_THAT(store().checkpoints(), SizeIs(2));
  EXPECT_THAT(store().checkpoints()[1], Wrote(2, std::vector<std::string>{}, false));
  Start();
  EXPECT_EQ(recovery_.checkpoint_position, 2);
}

TEST_F(CheckpointerTest, WhatDoesNotFitIsReplacedByTheFirstWriteAndKeptAfterwards) {
  Submit({Warrants("kent", "a", 1, 1), Warrants("essex", "a", 1, 1)});
  Start();  // Nothing has changed since; all must be written nevertheless.
  Checkpointer checkpointer(store(), cubes(), /*replace=*/true, kNever, Failed());
  ASSERT_THAT(checkpointer.WriteNow(), IsOk());
  SubmitOne(Warrants("kent", "a", 2, 2));
  ASSERT_THAT(checkpointer.WriteNow(), IsOk());
  using Parts = std::vector<std::string>;
  EXPECT_THAT(store().checkpoints(),
              ElementsAre(Wrote(2, Parts{"county-lines-2021-10 essex", "county-lines-2021-10 kent"}, true),
                          Wrote(3, Parts{"county-lines-2021-10 kent"}, false)));
}

// What was replayed at the start is in no checkpoint yet.
TEST_F(CheckpointerTest, WhatAStartReplayedIsWrittenNextTime) {
  {
    Checkpointer checkpointer(store(), cubes(), /*replace=*/false, kNever, Failed());
    Submit({Warrants("kent", "a", 1, 1), Warrants("essex", "a", 1, 1)});
    ASSERT_THAT(checkpointer.WriteNow(), IsOk());
  }
  SubmitOne(Warrants("essex", "a", 2, 2));
  Start();
  EXPECT_EQ(store().replayed_count(), 1);
  {
    Checkpointer checkpointer(store(), cubes(), /*replace=*/false, kNever, Failed());
    ASSERT_THAT(checkpointer.WriteNow(), IsOk());
    EXPECT_THAT(store().checkpoints(),
                ElementsAre(Wrote(3, std::vector<std::string>{"county-lines-2021-10 essex"}, false)));
  }
  Start();
  EXPECT_EQ(store().replayed_count(), 0);
  ExpectTheCubesEqualTheLog();
}

TEST_F(CheckpointerTest, AfterAWriteThatFailedTheNextWritesEverything) {
  Checkpointer checkpointer(store(), cubes(), /*replace=*/false, kNever, Failed());
  Submit({Warrants("kent", "a", 1, 1), Warrants("essex", "a", 1, 1)});
  ASSERT_THAT(checkpointer.WriteNow(), IsOk());
  SubmitOne(Warrants("kent", "a", 2, 2));
  store().FailCheckpoints(absl::ResourceExhaustedError("the disk is full"));
  EXPECT_THAT(checkpointer.WriteNow(), StatusIs(absl::StatusCode::kResourceExhausted, "the disk is full"));
  EXPECT_THAT(checkpointer.WriteNow(), StatusIs(absl::StatusCode::kResourceExhausted, _));
  store().FailCheckpoints(absl::OkStatus());
  ASSERT_THAT(checkpointer.WriteNow(), IsOk());
  using Parts = std::vector<std::string>;
  ASSERT_THAT(store().checkpoints(), SizeIs(2));
  EXPECT_THAT(store().checkpoints()[1],
              Wrote(3, Parts{"county-lines-2021-10 essex", "county-lines-2021-10 kent"}, true));
  EXPECT_THAT(told(), IsEmpty()) << "whoever asked was told";
  Start();
  EXPECT_EQ(store().replayed_count(), 0);
  ExpectTheCubesEqualTheLog();
}

TEST_F(CheckpointerTest, ItWritesByItselfAndTellsOfFailuresAndTriesAgain) {
  store().FailCheckpoints(absl::UnavailableError("the disk is away"));
  SubmitOne(Warrants("kent", "a", 1, 1));
  Checkpointer checkpointer(store(), cubes(), /*replace=*/false, std::chrono::milliseconds(1), Failed());
  store().AwaitTriedCheckpoints(2);
  store().FailCheckpoints(absl::OkStatus());
  SubmitOne(Warrants("kent", "b", 1, 1));
  store().AwaitCheckpointOf(2);
  checkpointer.Stop();
  EXPECT_THAT(told(), testing::Each(StatusIs(absl::StatusCode::kUnavailable, "the disk is away")));
  EXPECT_GE(told().size(), 2u);
  EXPECT_EQ(store().checkpoints().back().position, 2);
}

TEST_F(CheckpointerTest, AStopDoesNotWaitForTheIntervalAndLeavesOnlyWriteNow) {
  Checkpointer checkpointer(store(), cubes(), /*replace=*/false, kNever, Failed());
  SubmitOne(Warrants("kent", "a", 1, 1));
  checkpointer.Stop();
  checkpointer.Stop();
  EXPECT_THAT(store().checkpoints(), IsEmpty());
  ASSERT_THAT(checkpointer.WriteNow(), IsOk());
  EXPECT_THAT(store().checkpoints(), SizeIs(1));
}

// What comes in while it is being written is in the next one, and keeps nobody waiting.
TEST_F(CheckpointerTest, IngestAndQueriesGoOnWhileOneIsWritten) {
  SubmitOne(Warrants("kent", "a", 1, 1));
  store().HoldCheckpoints();
  Checkpointer checkpointer(store(), cubes(), /*replace=*/false, kNever, Failed());
  std::future<absl::Status> write = std::async(std::launch::async, [&] { return checkpointer.WriteNow(); });
  store().AwaitHeldCheckpoint();
  SubmitOne(Warrants("kent", "a", 2, 2));
  EXPECT_THAT(Rows("metrics: 'warrants-executed'"), ElementsAre("warrants-executed: 2 from 1/1"));
  store().Release();
  ASSERT_THAT(write.get(), IsOk());
  EXPECT_THAT(store().checkpoints(), ElementsAre(Field(&WrittenCheckpoint::position, 1)));
  Start();
  EXPECT_EQ(recovery_.checkpoint_position, 1);
  EXPECT_EQ(store().replayed_count(), 1);
  ExpectTheCubesEqualTheLog();
}

TEST_F(CheckpointerTest, OneIsWrittenWhileTheLogWaitsForTheDisk) {
  SubmitOne(Warrants("kent", "a", 1, 1));
  store().HoldAppends();
  DecisionsLater held = SubmitLater({Warrants("kent", "a", 2, 2)});
  store().AwaitHeldAppend();
  Checkpointer checkpointer(store(), cubes(), /*replace=*/false, kNever, Failed());
  ASSERT_THAT(checkpointer.WriteNow(), IsOk());
  EXPECT_THAT(store().checkpoints(), ElementsAre(Field(&WrittenCheckpoint::position, 1)));
  store().Release();
  EXPECT_THAT(held.get(), IsOk());
}

}  // namespace
}  // namespace muster
