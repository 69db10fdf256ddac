// Milestones: what is written when, that totals as they stood start from them, and what happens without them.
#include "aggregator/milestones.h"

#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "aggregator/checkpointer.h"
#include "aggregator/rewinder.h"
#include "aggregator/verification.h"
#include "tests/aggregator/aggregator_fixture.h"
#include "tests/storage/raw_family.h"

namespace muster {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr MilestoneLimits kEveryTen = {.distance = 10, .max_bytes_per_entry = 32};

class MilestonesTest : public AggregatorTest {
 protected:
  MilestonesTest() { NewWriter(); }

  void NewWriter(MilestoneLimits limits = kEveryTen) {
    writer_ = std::make_unique<MilestoneWriter>(store(), cubes().shared_catalogue(), limits);
  }
  void Restart() {
    writer_.reset();
    Start();
    NewWriter();
  }
  MilestoneWriter& writer() { return *writer_; }

  // So many results of a force, in one group.
  void SubmitSome(int count, absl::string_view force = "kent") {
    std::vector<v1::OperationResult> results;
    results.reserve(static_cast<size_t>(count));
    for (int i = 0; i < count; ++i) results.push_back(Warrants(force, absl::StrCat("r", ++submitted_), 1, 1));
    Submit(results);
  }
  void Write() { ASSERT_THAT(writer().Write(cubes().Snapshot()), IsOk()); }

  // The number of warrants at a position, asked of a new rewinder, and how many entries that replayed.
  struct Rewound {
    int64_t sum = 0;
    int64_t replayed = 0;
  };
  Rewound At(LogPosition position, const std::vector<std::string>& operations = {}) {
    const int64_t before = store().replayed_count();
    Rewinder rewinder(store(), cubes(), {}, [this](const absl::Status& status) { damages_.push_back(status); });
    const absl::StatusOr<PastCubes> past = rewinder.At({.position = position}, operations);
    EXPECT_THAT(past, IsOk());
    if (!past.ok()) return {};
    EXPECT_EQ(past->View().position, position);
    FieldProblems problems;
    const auto query = ParseTotalsQuery(QueryFromText("metrics: 'warrants-executed'"), "query", catalogue(),
                                        past->operations(), &problems);
    v1::QueryTotalsResponse answer;
    EXPECT_THAT(ComputeTotals(past->View(), catalogue(), *query, &answer), IsOk());
    return {answer.rows_size() == 0 ? 0 : answer.rows(0).total().sum(), store().replayed_count() - before};
  }
  std::vector<LogPosition> Positions() {
    std::vector<LogPosition> positions;
    for (LogPosition last = store().last_position(); last > 0;) {
      const auto found = store().FindMilestone(last);
      EXPECT_THAT(found, IsOk());
      if (!found.ok() || !found->has_value()) break;
      positions.insert(positions.begin(), (*found)->position());
      last = positions.front() - 1;
    }
    return positions;
  }

  std::vector<absl::Status> damages_;

 private:
  std::unique_ptr<MilestoneWriter> writer_;
  int submitted_ = 0;
};

TEST_F(MilestonesTest, OnlyWhatChangedSinceTheOneBeforeIsWritten) {
  Submit({Warrants("kent", "a", 1, 1), Warrants("essex", "a", 1, 1)});
  Write();
  SubmitOne(Warrants("essex", "a", 2, 5));
  Write();
  PutOperation(cubes().operations()->Find(kWeek)->proto);
  Write();
  Restart();  // Now only the bytes tell what has changed.
  SubmitOne(Warrants("surrey", "a", 1, 1));
  Write();
  std::vector<std::vector<std::string>> parts;
  for (const WrittenCheckpoint& written : store().milestones()) parts.push_back(written.parts);
  EXPECT_THAT(parts, ElementsAre(ElementsAre("county-lines-2021-10 surrey")));
  EXPECT_THAT(Positions(), ElementsAre(2, 3, 4, 5));
  for (const auto& [position, sum] : std::vector<std::pair<LogPosition, int64_t>>{{2, 2}, {3, 6}, {4, 6}, {5, 7}}) {
    const Rewound rewound = At(position);
    EXPECT_EQ(rewound.sum, sum) << position;
    EXPECT_EQ(rewound.replayed, 0) << position;
  }
}

TEST_F(MilestonesTest, WhatDidNotChangeIsTheSameObjectAndIsNotWrittenAgain) {
  Submit({Warrants("kent", "a", 1, 1), Warrants("essex", "a", 1, 1)});
  Write();
  SubmitOne(Warrants("essex", "a", 2, 5));
  Write();
  PutOperation(cubes().operations()->Find(kWeek)->proto);
  Write();
  std::vector<std::vector<std::string>> parts;
  for (const WrittenCheckpoint& written : store().milestones()) parts.push_back(written.parts);
  EXPECT_THAT(parts, ElementsAre(ElementsAre("county-lines-2021-10 essex", "county-lines-2021-10 kent"),
                                 ElementsAre("county-lines-2021-10 essex"), IsEmpty()));
}

TEST_F(MilestonesTest, ReplaysBeginAtTheNearestBefore) {
  for (int i = 0; i < 4; ++i) {
    SubmitSome(10);
    Write();
  }
  SubmitSome(3);
  for (const LogPosition position : {1, 9, 10, 11, 25, 40, 43}) {
    const Rewound rewound = At(position);
    EXPECT_EQ(rewound.sum, position);
    EXPECT_LE(rewound.replayed, position % 10 + 1) << position;
    EXPECT_EQ(At(position, {kWeek}).sum, position) << "of one operation";
  }
  ASSERT_THAT(store().DropMilestones(), IsOk());
  EXPECT_EQ(At(43).sum, 43);
  EXPECT_GE(At(43).replayed, 43) << "from the beginning";
  Restart();
  EXPECT_EQ(At(11).sum, 11);
}

TEST_F(MilestonesTest, OperationsAreKeptAsTheyStood) {
  v1::Operation operation = cubes().operations()->Find(kWeek)->proto;
  operation.set_title("First");
  PutOperation(operation);
  SubmitOne(Warrants("kent", "a", 1, 1));
  Write();  // 2
  operation.set_title("Second");
  PutOperation(operation);
  Write();  // 3
  for (const auto& [position, title] : std::vector<std::pair<LogPosition, std::string>>{{2, "First"}, {3, "Second"}}) {
    Rewinder rewinder(store(), cubes(), {});
    const int64_t replayed = store().replayed_count();
    for (const std::vector<std::string>& operations : {std::vector<std::string>{}, {kWeek}, {"county-lines-2023-02"}}) {
      EXPECT_EQ(rewinder.At({.position = position}, operations)->operations().Find(kWeek)->proto.title(), title);
    }
    EXPECT_EQ(store().replayed_count(), replayed);
  }
}

TEST_F(MilestonesTest, OneIsDueAfterSoManyEntriesIfThereIsRoom) {
  const auto is_due = [&] { return *writer().IsDue(cubes().position()); };
  SubmitSome(9);
  EXPECT_FALSE(is_due());
  SubmitSome(1);
  EXPECT_TRUE(is_due());
  store().PretendMilestoneBytes(32 * 10);
  EXPECT_TRUE(is_due());
  store().PretendMilestoneBytes(32 * 10 + 1);
  EXPECT_FALSE(is_due());
  SubmitSome(1);
  EXPECT_TRUE(is_due()) << "more log, more room";
  Write();
  EXPECT_FALSE(is_due());
  SubmitSome(9);
  EXPECT_FALSE(is_due());
  SubmitSome(1);
  EXPECT_TRUE(is_due());
}

TEST_F(MilestonesTest, TheCheckpointerWritesThoseThatAreDue) {
  constexpr std::chrono::hours kNever{1'000};
  Checkpointer checkpointer(
      store(), cubes(), /*replace=*/false, kNever, [](const absl::Status&) {}, &writer());
  SubmitSome(9);
  ASSERT_THAT(checkpointer.WriteNow(), IsOk());
  EXPECT_THAT(Positions(), IsEmpty());
  SubmitSome(5);
  ASSERT_THAT(checkpointer.WriteNow(), IsOk());
  ASSERT_THAT(checkpointer.WriteNow(), IsOk());
  EXPECT_THAT(Positions(), ElementsAre(14));
  SubmitSome(10);
  store().FailMilestones(absl::ResourceExhaustedError("the disk is full"));
  EXPECT_THAT(checkpointer.WriteNow(), StatusIs(absl::StatusCode::kResourceExhausted, testing::_));
  store().FailMilestones(absl::OkStatus());
  EXPECT_EQ(store().checkpoints().back().position, 24) << "the checkpoint does not need it";
  ASSERT_THAT(checkpointer.WriteNow(), IsOk());
  EXPECT_THAT(Positions(), ElementsAre(14, 24));
}

// A store of before there were milestones, or one that results came into faster than milestones were written.
TEST_F(MilestonesTest, GapsAreFilled) {
  SubmitSome(35);
  Submit({Retraction("kent", "r1", 2), Retraction("kent", "r35", 2)});
  const auto fill = [&] { return *writer().FillOne(store().last_position(), [] { return true; }); };
  EXPECT_TRUE(fill());
  EXPECT_THAT(Positions(), ElementsAre(10, 20)) << "to the end of the log there are fewer than two distances";
  EXPECT_FALSE(fill());
  SubmitSome(8);
  Write();  // 45
  EXPECT_TRUE(fill());
  EXPECT_THAT(Positions(), ElementsAre(10, 20, 30, 45));
  EXPECT_FALSE(fill());
  for (LogPosition position = 1; position <= 37; ++position) {
    EXPECT_EQ(At(position).sum, position <= 35 ? position : 70 - position) << position;
  }
  ASSERT_THAT(store().DropMilestones(), IsOk());
  store().PretendMilestoneBytes(1'000'000);
  EXPECT_FALSE(fill()) << "there is no room";
}

TEST_F(MilestonesTest, TheFillerFillsThemByItself) {
  SubmitSome(30);
  MilestoneFiller filler(store(), writer(), std::chrono::milliseconds(1),
                         [](const absl::Status& status) { ADD_FAILURE() << status.ToString(); });
  while (Positions() != std::vector<LogPosition>{10, 20}) std::this_thread::yield();
  filler.Stop();
  filler.Stop();
}

TEST_F(MilestonesTest, ThoseOfAnotherCatalogueAreDropped) {
  SubmitSome(5);
  Write();
  ASSERT_THAT(DropUnfitMilestones(store(), catalogue(), /*all=*/false), IsOk());
  EXPECT_THAT(Positions(), ElementsAre(5)) << "it fits";
  store::v1::Milestone other = **store().FindMilestone(5);
  other.set_position(4);
  other.set_catalogue_digest("of another");
  ASSERT_THAT(store().WriteMilestone(other, {}, {}), IsOk());
  EXPECT_EQ(At(4).sum, 4) << "and is not used";
  other = **store().FindMilestone(5);
  other.set_rules_version(99);
  ASSERT_THAT(store().WriteMilestone(other, {}, {}), IsOk());
  EXPECT_EQ(At(5).sum, 5);
  EXPECT_THAT(damages_, IsEmpty());
  ASSERT_THAT(DropUnfitMilestones(store(), catalogue(), /*all=*/false), IsOk());
  EXPECT_THAT(Positions(), IsEmpty());
  Write();
  ASSERT_THAT(DropUnfitMilestones(store(), catalogue(), /*all=*/true), IsOk());
  EXPECT_THAT(Positions(), IsEmpty());
}

// Whatever of a milestone is damaged: it is named, and the answer is right, from the one before or from the log.
TEST_F(MilestonesTest, ADamagedOneIsLedRound) {
  SubmitSome(30);
  const std::string at("\0\0\0\0\0\0\0\x14", 8);  // Position 20.
  const std::vector<std::pair<std::string, std::string>> kRecords = {
      {"milestone", at + "M"},
      {"operation", at + "O" + kWeek},
      {"cube", at + "P" + kWeek + std::string(1, '\0') + "kent"}};
  for (const auto& [name, key] : kRecords) {
    SCOPED_TRACE(name);
    ASSERT_THAT(store().DropMilestones(), IsOk());
    ASSERT_TRUE(*writer().FillOne(30, [] { return true; }));
    ASSERT_THAT(Positions(), ElementsAre(10, 20));
    EXPECT_EQ(VerifyCubes(store(), cubes())->mismatch_count, 0);
    StopApplier();
    Close();
    {
      RawFamily family(StorePath(), "milestone");
      ASSERT_EQ(family.FirstKey(key), key);
      family.Put(key, "garbage");
    }
    Restart();
    damages_.clear();
    EXPECT_EQ(At(25).sum, 25);
    EXPECT_THAT(damages_, ElementsAre(StatusIs(absl::StatusCode::kDataLoss, testing::HasSubstr("position 20"))));
    EXPECT_EQ(At(15).sum, 15);
    EXPECT_THAT(damages_, SizeIs(1)) << "of which the one before knows nothing";
    const absl::StatusOr<VerificationReport> report = VerifyCubes(store(), cubes());
    ASSERT_THAT(report, IsOk());
    EXPECT_EQ(report->mismatch_count, 1);
  }
}

// What is kept is wrong and looks right: only the fold of the log can tell.
TEST_F(MilestonesTest, AWrongOneIsFoundByTheFold) {
  SubmitSome(10);
  Submit({Warrants("essex", "a", 1, 1)});
  Write();
  EXPECT_EQ(VerifyCubes(store(), cubes())->mismatch_count, 0);
  store::v1::Milestone milestone = **store().FindMilestone(11);
  MilestoneOperationPart part{.operation = kWeek, .record = *store().ReadMilestoneOperation(11, kWeek)};
  // The cube of one force under the name of another.
  const store::v1::CheckpointForceCube kent = *store().ReadMilestoneCube(11, kWeek, "kent");
  ASSERT_THAT(store().WriteMilestone(milestone, {part}, {CheckpointPart{kWeek, "essex", kent}}), IsOk());
  absl::StatusOr<VerificationReport> report = VerifyCubes(store(), cubes());
  ASSERT_THAT(report, IsOk());
  ASSERT_THAT(report->mismatches, SizeIs(1));
  EXPECT_EQ(report->mismatches[0].force, "essex");
  EXPECT_THAT(report->mismatches[0].description, testing::HasSubstr("in the milestone at position 11: "));
  // A force that is left out.
  part.record.mutable_cubes()->RemoveLast();
  ASSERT_THAT(store().WriteMilestone(milestone, {part}, {}), IsOk());
  EXPECT_GE(VerifyCubes(store(), cubes())->mismatch_count, 1);
}

}  // namespace
}  // namespace muster
