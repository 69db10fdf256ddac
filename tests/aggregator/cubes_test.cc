// All cubes together: what a reader sees, what rests, and which times are given out.
#include "aggregator/cubes.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/aggregator/aggregator_fixture.h"

namespace muster {
namespace {

using testing::_;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// By themselves, with a clock that the test sets.
class CubesTest : public testing::Test {
 protected:
  AppliedEntry Entry(const std::string& force, const std::string& result_id, int64_t warrants,
                     int64_t accept_time_us = 1) {
    LoggedEntry logged;
    logged.accept_time_us = accept_time_us;
    *logged.entry.mutable_result()->mutable_result() = Warrants(force, result_id, 1, warrants);
    absl::StatusOr<AppliedEntry> applied = AppliedEntryOf(*ShippedCatalogue(), logged, nullptr);
    EXPECT_THAT(applied, IsOk());
    return *std::move(applied);
  }

  int64_t AsOf(const Cubes& cubes) {
    int64_t as_of_us = 0;
    cubes.Read([&](const CubesView& view) { as_of_us = view.as_of_time_us; });
    return as_of_us;
  }

  static int64_t WarrantsOf(const FrozenForceCube& frozen) {
    const MetricIndex metric = *ShippedCatalogue()->FindMetric("warrants-executed");
    return static_cast<int64_t>(frozen.cube->metric(metric).whole.Find(0)->amount.sum);
  }

  static std::vector<std::string> NamesOf(const FrozenCubes& frozen) {
    std::vector<std::string> names;
    for (const FrozenForceCube& one : frozen.cubes) {
      names.push_back(absl::StrCat(one.operation, " ", ShippedCatalogue()->force(one.force).id()));
    }
    return names;
  }

  int64_t now_us_ = 1'000;
  Cubes cubes_{ShippedCatalogue(), [this] { return now_us_; }};
};

TEST_F(CubesTest, TheyStartWithTheOperationsThatShip) {
  EXPECT_EQ(cubes_.position(), 0);
  EXPECT_EQ(static_cast<int>(cubes_.operations()->operations().size()), ShippedCatalogue()->proto().operations_size());
  EXPECT_NE(cubes_.operations()->Find(kWeek), nullptr);
  EXPECT_EQ(cubes_.operations()->Find("county-lines-1999-10"), nullptr);
}

TEST_F(CubesTest, AGroupIsSeenAllAtOnceWithItsPosition) {
  cubes_.Apply({Entry("kent", "a", 1), Entry("essex", "a", 2)}, cubes_.BeginGroup());
  EXPECT_EQ(cubes_.position(), 2);
  cubes_.Read([](const CubesView& view) {
    EXPECT_EQ(view.position, 2);
    int64_t heard = 0;
    for (const OperationCubes& operation : view.operations) {
      for (const auto& cube : operation.forces) heard += cube != nullptr ? 1 : 0;
    }
    EXPECT_EQ(heard, 2);
  });
}

// Each group moves two forces by the same; whoever reads finds them equal, and the position never falls.
TEST_F(CubesTest, AReaderNeverSeesHalfAGroup) {
  std::atomic<bool> done{false};
  std::atomic<int> reads{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      LogPosition last = 0;
      while (!done) {
        cubes_.Read([&](const CubesView& view) {
          int64_t results[2] = {0, 0};
          for (const OperationCubes& operation : view.operations) {
            if (operation.operation->proto.id() != kWeek) continue;
            const char* const forces[] = {"kent", "essex"};
            for (size_t force = 0; force < 2; ++force) {
              const auto index = static_cast<size_t>(*ShippedCatalogue()->FindForce(forces[force]));
              if (operation.forces[index] != nullptr) results[force] = operation.forces[index]->result_count();
            }
          }
          EXPECT_EQ(results[0], results[1]);
          EXPECT_EQ(view.position, results[0] + results[1]);
          EXPECT_GE(view.position, last);
          last = view.position;
        });
        ++reads;
        reads.notify_all();
      }
    });
  }
  for (int group = 0; group < 300; ++group) {
    cubes_.Apply({Entry("kent", absl::StrCat(group), 1), Entry("essex", absl::StrCat(group), 1)}, cubes_.BeginGroup());
    if (group % 10 != 0) continue;
    cubes_.FreezeAll();
    const int so_far = reads;
    reads.wait(so_far);  // So that reads and groups meet whatever the machine is busy with.
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(cubes_.position(), 600) << "the readers did not keep the writer out";
  EXPECT_GE(reads, 30);
}

TEST_F(CubesTest, WhatIsFrozenStaysAsItWas) {
  cubes_.Apply({Entry("kent", "a", 1), Entry("essex", "a", 2)}, cubes_.BeginGroup());
  const FrozenCubes first = cubes_.FreezeAll();
  cubes_.Apply({Entry("kent", "b", 10)}, cubes_.BeginGroup());
  const FrozenCubes second = cubes_.FreezeAll();
  cubes_.Apply({Entry("kent", "c", 100), Entry("kent", "d", 100)}, cubes_.BeginGroup());
  ASSERT_THAT(NamesOf(first), ElementsAre("county-lines-2021-10 essex", "county-lines-2021-10 kent"));
  EXPECT_EQ(first.position, 2);
  EXPECT_EQ(WarrantsOf(first.cubes[1]), 1);
  EXPECT_EQ(second.position, 3);
  EXPECT_EQ(WarrantsOf(second.cubes[1]), 11);
  EXPECT_EQ(second.cubes[0].cube, first.cubes[0].cube) << "what did not change was not copied";
  EXPECT_EQ(WarrantsOf(cubes_.FreezeAll().cubes[1]), 211);
}

TEST_F(CubesTest, FreezingTheChangedTakesThoseSinceTheLastTime) {
  EXPECT_THAT(cubes_.FreezeChanged().cubes, IsEmpty());
  cubes_.Apply({Entry("kent", "a", 1), Entry("essex", "a", 2)}, cubes_.BeginGroup());
  EXPECT_THAT(NamesOf(cubes_.FreezeChanged()), ElementsAre("county-lines-2021-10 essex", "county-lines-2021-10 kent"));
  EXPECT_THAT(cubes_.FreezeChanged().cubes, IsEmpty());
  cubes_.Apply({Entry("kent", "b", 1)}, cubes_.BeginGroup());
  EXPECT_THAT(cubes_.FreezeAll().cubes, SizeIs(2)) << "which forgets nothing";
  EXPECT_THAT(NamesOf(cubes_.FreezeChanged()), ElementsAre("county-lines-2021-10 kent"));
}

TEST_F(CubesTest, AcceptTimesRiseEvenIfTheClockStandsOrFalls) {
  const int64_t first = cubes_.BeginGroup();
  EXPECT_EQ(first, 1'000);
  cubes_.Apply({Entry("kent", "a", 1)}, first);
  const int64_t second = cubes_.BeginGroup();
  EXPECT_EQ(second, 1'001);
  cubes_.Apply({Entry("kent", "b", 1)}, second);
  now_us_ = 10;
  const int64_t third = cubes_.BeginGroup();
  EXPECT_EQ(third, 1'002);
  cubes_.Apply({Entry("kent", "c", 1)}, third);
  now_us_ = 5'000;
  EXPECT_EQ(cubes_.BeginGroup(), 5'000);
}

TEST_F(CubesTest, NothingIsAcceptedAtATimeThatWasAnswered) {
  now_us_ = 2'000;
  EXPECT_EQ(AsOf(cubes_), 2'000);
  now_us_ = 1'500;  // Set back.
  const int64_t group = cubes_.BeginGroup();
  EXPECT_EQ(group, 2'001);
  // While it is being written it is not in, so the answer ends before it, however late it is.
  now_us_ = 9'000;
  EXPECT_EQ(AsOf(cubes_), 2'000);
  cubes_.Apply({Entry("kent", "a", 1)}, group);
  EXPECT_EQ(AsOf(cubes_), 9'000);
  now_us_ = 100;
  EXPECT_EQ(AsOf(cubes_), group) << "all of it is in";
}

TEST_F(CubesTest, AGroupWithNothingToWriteHoldsNoAnswerBack) {
  const int64_t group = cubes_.BeginGroup();
  now_us_ = 9'000;
  EXPECT_EQ(AsOf(cubes_), group - 1);
  cubes_.CancelGroup();
  EXPECT_EQ(AsOf(cubes_), 9'000);
}

TEST_F(CubesTest, AStartGoesOnAfterTheTimeOfTheCheckpoint) {
  cubes_.Restore(7, 8'000);
  EXPECT_EQ(cubes_.position(), 7);
  EXPECT_EQ(AsOf(cubes_), 8'000);
  EXPECT_EQ(cubes_.BeginGroup(), 8'001);
}

TEST_F(CubesTest, AnOperationChangesInItsPlaceInTheLog) {
  LoggedEntry logged;
  logged.position = 1;
  *logged.entry.mutable_operation()->mutable_operation() = OperationFromText(
      "id: 'new' title: 'New' start_date: '2021-10-11' end_date: '2021-10-17' expected_metrics: 'arrests'");
  const absl::StatusOr<AppliedEntry> applied = AppliedEntryOf(*ShippedCatalogue(), logged, nullptr);
  ASSERT_THAT(applied, IsOk());
  const std::shared_ptr<const OperationDirectory> before = cubes_.operations();
  cubes_.Apply({*applied}, cubes_.BeginGroup());
  EXPECT_EQ(cubes_.position(), 1);
  ASSERT_NE(cubes_.operations()->Find("new"), nullptr);
  EXPECT_EQ(cubes_.operations()->Find("new")->proto.change_position(), 1);
  EXPECT_EQ(before->Find("new"), nullptr) << "whoever holds the directory keeps what they hold";
  EXPECT_THAT(cubes_.FreezeChanged().cubes, IsEmpty());
}

TEST(ContributionOfTest, ARetractionHoldsNothingAndANilResultWhatItStatedAsZero) {
  store::v1::LoggedResult logged;
  *logged.mutable_result() = Retraction("kent", "a", 2);
  absl::StatusOr<std::optional<Contribution>> held = ContributionOf(*ShippedCatalogue(), logged);
  ASSERT_THAT(held, IsOk());
  EXPECT_FALSE(held->has_value());

  *logged.mutable_result() = Warrants("kent", "a", 1, 5);
  logged.mutable_result()->clear_figures();
  logged.mutable_result()->set_nil(true);
  logged.add_nil_metrics("cash-seized");
  logged.add_nil_metrics("arrests");
  held = ContributionOf(*ShippedCatalogue(), logged);
  ASSERT_THAT(held, IsOk());
  ASSERT_TRUE(held->has_value());
  EXPECT_TRUE((*held)->nil);
  ASSERT_THAT((*held)->values, SizeIs(2));
  EXPECT_EQ((*held)->values[0].metric, *ShippedCatalogue()->FindMetric("arrests")) << "by metric";
  EXPECT_EQ((*held)->values[0].nodes[0].amount, Amount());
}

TEST(ContributionOfTest, WhatTheCatalogueLostOrTheDiskSpoiledIsToldApart) {
  store::v1::LoggedResult logged;
  *logged.mutable_result() = Warrants("kent", "a", 1, 5);
  logged.mutable_result()->mutable_figures(0)->set_metric("gone");
  EXPECT_THAT(ContributionOf(*ShippedCatalogue(), logged),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("\"gone\"")));
  *logged.mutable_result() = Warrants("kent", "a", 1, 5);
  logged.mutable_result()->clear_end_date();
  EXPECT_THAT(ContributionOf(*ShippedCatalogue(), logged), StatusIs(absl::StatusCode::kDataLoss, _));
}

// A replay up to a position inside the log.
TEST_F(AggregatorTest, AReplayStopsWhereItIsToldAndGoesOnFromThere) {
  Submit({Warrants("kent", "a", 1, 1), Warrants("kent", "b", 1, 10)});
  Submit({Warrants("kent", "a", 2, 5), Retraction("kent", "b", 2), Warrants("kent", "c", 1, 100)});
  const auto warrants_of = [](const Cubes& cubes) {
    const Block& block =
        cubes.FreezeAll().cubes[0].cube->metric(*ShippedCatalogue()->FindMetric("warrants-executed")).whole;
    return static_cast<int64_t>(block.Find(0)->amount.sum);
  };
  Cubes replayed(ShippedCatalogue(), [] { return int64_t{0}; });
  std::vector<int64_t> sums;
  for (LogPosition last = 1; last <= 5; ++last) {
    ASSERT_THAT(ReplayInto(store(), last, &replayed), IsOk());
    EXPECT_EQ(replayed.position(), last);
    sums.push_back(warrants_of(replayed));
  }
  EXPECT_THAT(sums, ElementsAre(1, 11, 15, 5, 105));
  EXPECT_THAT(ReplayInto(store(), 5, &replayed), IsOk()) << "there is nothing to do";
  EXPECT_THAT(ReplayInto(store(), 6, &replayed), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("before 6")));
}

}  // namespace
}  // namespace muster
