// All cubes together: what a reader sees, what rests, and which times are given out.
#include "aggregator/cubes.h"

#include <atomic>
#include <functional>
#include <memory>
#include <ostream>
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

constexpr char kNew[] =
    "id: 'new' title: 'New' start_date: '2021-10-11' end_date: '2021-10-17' expected_metrics: 'arrests'";

// By themselves, with a clock that the test sets.
class CubesTest : public testing::Test {
 protected:
  AppliedEntry Entry(const std::string& force, const std::string& result_id, int64_t warrants,
                     int64_t accept_time_us = 1) {
    store::v1::LoggedResult logged;
    *logged.mutable_result() = Warrants(force, result_id, 1, warrants);
    absl::StatusOr<std::optional<Contribution>> added = ContributionOf(*ShippedCatalogue(), logged, &values_);
    EXPECT_THAT(added, IsOk());
    AppliedEntry applied;
    applied.operation = cubes_.NumberOf(kWeek);
    applied.force = *ShippedCatalogue()->FindForce(force);
    applied.change.added = *added;
    applied.change.accept_time_us = accept_time_us;
    return applied;
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
  ResultValues values_;  // Of all entries of the test.
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
  readers.reserve(3);
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
      }
    });
  }
  while (reads == 0) std::this_thread::yield();  // A busy machine may start the readers when all is written.
  for (int group = 0; group < 300; ++group) {
    cubes_.Apply({Entry("kent", absl::StrCat(group), 1), Entry("essex", absl::StrCat(group), 1)}, cubes_.BeginGroup());
    if (group % 10 == 0) cubes_.FreezeAll();
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(cubes_.position(), 600) << "the readers did not keep the writer out";
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
  EXPECT_EQ(AsOf(cubes_), 9'000) << "and no answer is of an earlier time than the one before it";
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
  EXPECT_EQ(cubes_.accept_time_us(), 8'000);
  EXPECT_EQ(AsOf(cubes_), 8'000);
  EXPECT_EQ(cubes_.BeginGroup(), 8'001);
}

TEST_F(CubesTest, AnOperationChangesInItsPlaceInTheLog) {
  AppliedEntry applied;
  applied.changed_operation = std::make_shared<const Operation>(OperationFromText(kNew), *ShippedCatalogue());
  const std::shared_ptr<const OperationDirectory> before = cubes_.operations();
  const size_t week = cubes_.NumberOf(kWeek);
  cubes_.Apply({applied}, cubes_.BeginGroup());
  EXPECT_EQ(cubes_.position(), 1);
  EXPECT_EQ(cubes_.operations()->Find("new"), applied.changed_operation);
  EXPECT_EQ(before->Find("new"), nullptr) << "whoever holds the directory keeps what they hold";
  const size_t number = cubes_.NumberOf("new");
  cubes_.Read([&](const CubesView& view) {
    ASSERT_EQ(view.operations.size(), number + 1);
    EXPECT_EQ(view.operations[number].operation, applied.changed_operation);
  });
  // Changed again, it keeps its number, and so do those before it.
  cubes_.Apply({applied}, cubes_.BeginGroup());
  EXPECT_EQ(cubes_.NumberOf("new"), number);
  EXPECT_EQ(cubes_.NumberOf(kWeek), week);
  EXPECT_THAT(cubes_.FreezeChanged().cubes, IsEmpty());
}

TEST_F(CubesTest, TheMomentIsThatAfterTheLatestGroupAndSaysWhatChanged) {
  const size_t week = cubes_.NumberOf(kWeek);
  const size_t other = cubes_.NumberOf("county-lines-2023-02");
  EXPECT_EQ(cubes_.Now({}).position, 0);
  EXPECT_EQ(cubes_.Now({}).changed_position, 0);
  cubes_.Apply({Entry("kent", "a", 1), Entry("essex", "a", 2)}, cubes_.BeginGroup());
  EXPECT_EQ(cubes_.Now({week}).position, 2);
  EXPECT_EQ(cubes_.Now({week}).changed_position, 2);
  EXPECT_EQ(cubes_.Now({other}).position, 2);
  EXPECT_EQ(cubes_.Now({other}).changed_position, 0);
  EXPECT_EQ(cubes_.Now({other, week}).changed_position, 2);
  EXPECT_EQ(cubes_.Now({}).changed_position, 2);

  AppliedEntry applied;
  applied.changed_operation = std::make_shared<const Operation>(OperationFromText(kNew), *ShippedCatalogue());
  cubes_.Apply({applied}, cubes_.BeginGroup());
  EXPECT_EQ(cubes_.Now({cubes_.NumberOf("new")}).changed_position, 3);
  EXPECT_EQ(cubes_.Now({week}).changed_position, 2);
  EXPECT_EQ(cubes_.Now({}).changed_position, 3);

  now_us_ = 5'000;
  const int64_t group = cubes_.BeginGroup();
  now_us_ = 9'000;
  EXPECT_EQ(cubes_.Now({}).as_of_time_us, group - 1) << "before the group that is being written";
  cubes_.Apply({Entry("kent", "b", 1)}, group);
  EXPECT_EQ(cubes_.Now({}).as_of_time_us, 9'000);
  now_us_ = 100;
  EXPECT_EQ(cubes_.Now({}).as_of_time_us, 9'000) << "and no answer is of an earlier time than the one before it";
}

TEST(ContributionOfTest, ARetractionHoldsNothingAndANilResultWhatItStatedAsZero) {
  store::v1::LoggedResult logged;
  ResultValues values;
  *logged.mutable_result() = Retraction("kent", "a", 2);
  absl::StatusOr<std::optional<Contribution>> held = ContributionOf(*ShippedCatalogue(), logged, &values);
  ASSERT_THAT(held, IsOk());
  EXPECT_FALSE(held->has_value());

  *logged.mutable_result() = Warrants("kent", "a", 1, 5);
  logged.mutable_result()->clear_figures();
  logged.mutable_result()->set_nil(true);
  logged.add_nil_metrics("cash-seized");
  logged.add_nil_metrics("arrests");
  held = ContributionOf(*ShippedCatalogue(), logged, &values);
  ASSERT_THAT(held, IsOk());
  ASSERT_TRUE(held->has_value());
  EXPECT_TRUE((*held)->nil);
  ASSERT_EQ((*held)->values.size(), 2u);
  EXPECT_EQ((*held)->values[0].metric, *ShippedCatalogue()->FindMetric("arrests")) << "by metric";
  EXPECT_EQ((*held)->values[0].nodes[0].amount, Amount());
  EXPECT_EQ((*held)->values[0].first_figure, std::nullopt);
  EXPECT_EQ((*held)->values[1].metric, *ShippedCatalogue()->FindMetric("cash-seized"));
}

TEST(ContributionOfTest, ValuesOfSeveralResultsStandBehindEachOtherAndStayRightWhileTheyGrow) {
  ResultValues values;
  std::vector<Contribution> held;
  for (int i = 0; i < 200; ++i) {
    store::v1::LoggedResult logged;
    *logged.mutable_result() = Warrants("kent", absl::StrCat(i), 1, i);
    logged.mutable_result()->set_final(i % 2 == 0);
    if (i % 3 == 0) {
      *logged.mutable_result()->add_figures() = logged.result().figures(0);
      logged.mutable_result()->mutable_figures(1)->set_metric("arrests");
    }
    const absl::StatusOr<std::optional<Contribution>> one = ContributionOf(*ShippedCatalogue(), logged, &values);
    ASSERT_THAT(one, IsOk());
    held.push_back(**one);
  }
  for (int i = 0; i < 200; ++i) {
    const Contribution& one = held[static_cast<size_t>(i)];
    ASSERT_EQ(one.values.size(), i % 3 == 0 ? 2u : 1u);
    EXPECT_EQ(one.final, i % 2 == 0);
    const MetricValues last = one.values[one.values.size() - 1];
    EXPECT_EQ(last.metric, *ShippedCatalogue()->FindMetric("warrants-executed"));
    ASSERT_THAT(last.nodes, SizeIs(1));
    EXPECT_EQ(last.nodes[0].amount.sum, i);
  }
}

TEST(ContributionOfTest, WhatTheCatalogueLostOrTheDiskSpoiledIsToldApart) {
  store::v1::LoggedResult logged;
  ResultValues values;
  *logged.mutable_result() = Warrants("kent", "a", 1, 5);
  logged.mutable_result()->mutable_figures(0)->set_metric("gone");
  EXPECT_THAT(ContributionOf(*ShippedCatalogue(), logged, &values),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("\"gone\"")));
  *logged.mutable_result() = Warrants("kent", "a", 1, 5);
  logged.mutable_result()->clear_end_date();
  EXPECT_THAT(ContributionOf(*ShippedCatalogue(), logged, &values), StatusIs(absl::StatusCode::kDataLoss, _));
}

class ReplayTest : public AggregatorTest {
 protected:
  ReplayTest() { StopApplier(); }

  absl::Status Replay(Cubes* cubes) { return ReplayInto(store(), store().last_position(), cubes); }
  // Into new cubes.
  absl::Status Replay() {
    Cubes cubes(ShippedCatalogue(), [] { return int64_t{0}; });
    return Replay(&cubes);
  }

  static v1::OperationResult OfNew(v1::OperationResult result) {
    result.set_operation("new");
    return result;
  }

  static int64_t WarrantsOf(const Cubes& cubes) {
    int64_t sum = 0;
    for (const FrozenForceCube& one : cubes.FreezeAll().cubes) {
      const Cell* const cell = one.cube->metric(*ShippedCatalogue()->FindMetric("warrants-executed")).whole.Find(0);
      if (cell != nullptr) sum += static_cast<int64_t>(cell->amount.sum);
    }
    return sum;
  }
};

TEST_F(ReplayTest, WhatARevisionReplacedGoesOutAndWhenItWasHeardIsOfEachEntry) {
  AppendToLog(Warrants("kent", "a", 1, 5));
  now_us_ += 10;
  store::v1::LogEntry entry;
  *entry.mutable_result()->mutable_result() = Retraction("kent", "a", 2);
  entry.mutable_result()->set_replaced_position(1);
  AppendToLog(entry);
  Cubes cubes(ShippedCatalogue(), [] { return int64_t{0}; });
  ASSERT_THAT(Replay(&cubes), IsOk());
  ASSERT_THAT(cubes.FreezeAll().cubes, SizeIs(1));
  const std::shared_ptr<const ForceCube> retracted = cubes.FreezeAll().cubes[0].cube;
  EXPECT_EQ(retracted->CellCount(), 0);
  EXPECT_EQ(retracted->result_count(), 0);
  EXPECT_EQ(retracted->retracted_count(), 1);
  EXPECT_EQ(retracted->first_heard_us(), now_us_ - 10);
  EXPECT_EQ(retracted->last_heard_us(), now_us_);
  EXPECT_EQ(cubes.FreezeAll().accept_time_us, now_us_);

  *entry.mutable_result()->mutable_result() = Warrants("kent", "a", 3, 7);
  entry.mutable_result()->set_replaced_position(2);
  AppendToLog(entry);
  ASSERT_THAT(Replay(&cubes), IsOk());
  const std::shared_ptr<const ForceCube> back = cubes.FreezeAll().cubes[0].cube;
  EXPECT_EQ(back->result_count(), 1);
  EXPECT_EQ(back->retracted_count(), 0);
  EXPECT_EQ(WarrantsOf(cubes), 7);
}

TEST_F(ReplayTest, AnOperationChangesInItsPlaceForWhatFollowsIt) {
  store::v1::LogEntry entry;
  *entry.mutable_operation()->mutable_operation() = OperationFromText(kNew);
  entry.mutable_operation()->mutable_operation()->set_change_position(77);  // Of another log.
  AppendToLog(Warrants("kent", "a", 1, 5));
  AppendToLog(entry);
  AppendToLog(OfNew(Warrants("essex", "a", 1, 7)));
  entry.mutable_operation()->mutable_operation()->set_closed(true);
  AppendToLog(entry);
  Cubes cubes(ShippedCatalogue(), [] { return int64_t{0}; });
  ASSERT_THAT(ReplayInto(store(), 3, &cubes), IsOk());
  EXPECT_EQ(cubes.operations()->Find("new")->proto.change_position(), 2);
  EXPECT_FALSE(cubes.operations()->Find("new")->proto.closed());
  EXPECT_EQ(WarrantsOf(cubes), 12);
  const FrozenCubes frozen = cubes.FreezeAll();
  ASSERT_THAT(frozen.cubes, SizeIs(2));
  EXPECT_EQ(frozen.cubes[1].operation, "new");
  EXPECT_EQ(frozen.cubes[1].number, cubes.NumberOf("new"));
  EXPECT_EQ(frozen.cubes[1].force, *ShippedCatalogue()->FindForce("essex"));
  ASSERT_THAT(ReplayInto(store(), 4, &cubes), IsOk());
  EXPECT_EQ(cubes.operations()->Find("new")->proto.change_position(), 4);
  EXPECT_TRUE(cubes.operations()->Find("new")->proto.closed());
}

// What is replayed is applied in batches; whatever is replaced and wherever one ends, the sums are right.
TEST_F(ReplayTest, WhereABatchEndsCannotBeSeen) {
  int64_t want = 0;
  std::vector<int64_t> counts(7, 0);
  std::vector<LogPosition> positions(7, 0);
  std::vector<int64_t> sums = {0};  // By position.
  std::vector<store::v1::LogEntry> entries;
  for (int i = 0; i < 2'100; ++i) {
    store::v1::LogEntry& entry = entries.emplace_back();
    const auto id = static_cast<size_t>(i) % counts.size();
    *entry.mutable_result()->mutable_result() = Warrants("kent", absl::StrCat(id), 1 + i, i % 50);
    entry.mutable_result()->set_replaced_position(positions[id]);
    want += i % 50 - counts[id];
    counts[id] = i % 50;
    positions[id] = i + 1;
    sums.push_back(want);
  }
  AppendToLog(entries);
  for (const LogPosition last : {1'023, 1'024, 1'025, 2'047, 2'048, 2'049, 2'100}) {
    Cubes cubes(ShippedCatalogue(), [] { return int64_t{0}; });
    ASSERT_THAT(ReplayInto(store(), last, &cubes), IsOk());
    EXPECT_EQ(cubes.position(), last);
    EXPECT_EQ(WarrantsOf(cubes), sums[static_cast<size_t>(last)]) << last;
  }
}

struct UnfitEntryCase {
  std::string name;
  std::function<void(store::v1::LogEntry&)> spoil;
  absl::StatusCode want;
  std::string want_message;
  friend void PrintTo(const UnfitEntryCase& row, std::ostream* out) { *out << row.name; }
};

class UnfitEntryTest : public ReplayTest, public testing::WithParamInterface<UnfitEntryCase> {};

TEST_P(UnfitEntryTest, EndsTheReplay) {
  AppendToLog(Warrants("kent", "a", 1, 1));
  store::v1::LogEntry entry;
  *entry.mutable_result()->mutable_result() = Warrants("kent", "b", 1, 1);
  AppendToLog(entry);
  ASSERT_THAT(Replay(), IsOk());
  entry.mutable_result()->mutable_result()->set_result_id("c");
  GetParam().spoil(entry);
  AppendToLog(entry);
  EXPECT_THAT(Replay(), StatusIs(GetParam().want, HasSubstr(GetParam().want_message)));
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, UnfitEntryTest,
    testing::ValuesIn<UnfitEntryCase>({
        {"AForceThatIsGone", [](auto& entry) { entry.mutable_result()->mutable_result()->set_force("gone"); },
         absl::StatusCode::kFailedPrecondition, "force \"gone\" at position 3"},
        {"AnOperationThatIsGone", [](auto& entry) { entry.mutable_result()->mutable_result()->set_operation("gone"); },
         absl::StatusCode::kFailedPrecondition, "operation \"gone\" at position 3"},
        {"AMetricThatIsGone",
         [](auto& entry) { entry.mutable_result()->mutable_result()->mutable_figures(0)->set_metric("gone"); },
         absl::StatusCode::kFailedPrecondition, "\"gone\""},
        {"ACategoryThatIsGone",
         [](auto& entry) { entry.mutable_result()->mutable_result()->mutable_figures(0)->add_categories("gone"); },
         absl::StatusCode::kFailedPrecondition, "a category of it"},
        {"AMetricOfANilThatIsGone",
         [](auto& entry) {
           entry.mutable_result()->mutable_result()->set_nil(true);
           entry.mutable_result()->add_nil_metrics("gone");
         },
         absl::StatusCode::kFailedPrecondition, "\"gone\""},
        {"NoPeriod", [](auto& entry) { entry.mutable_result()->mutable_result()->clear_start_date(); },
         absl::StatusCode::kDataLoss, "no period"},
        {"APeriodReversed", [](auto& entry) { entry.mutable_result()->mutable_result()->set_end_date("2021-10-14"); },
         absl::StatusCode::kDataLoss, "no period"},
        {"AnOperationThatNamesAForceThatIsGone",
         [](auto& entry) {
           *entry.mutable_operation()->mutable_operation() = OperationFromText(kNew);
           entry.mutable_operation()->mutable_operation()->add_expected_forces("gone");
         },
         absl::StatusCode::kFailedPrecondition, "\"new\" at position 3"},
    }),
    [](const auto& row) { return row.param.name; });

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
