// The cube of one force by itself: what goes in comes out again, and through a checkpoint.
#include "aggregator/force_cube.h"

#include <functional>
#include <limits>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include "tests/aggregator/aggregator_fixture.h"
#include "tests/domain/random_seed.h"

namespace muster {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

class ForceCubeTest : public testing::Test {
 protected:
  // Of a result whose fields are `text`: period and figures.
  Contribution Of(const std::string& text) {
    const v1::OperationResult result =
        ResultFromText("operation: 'county-lines-2021-10' force: 'kent' result_id: 'r' revision: 1 " + text);
    ValidatedResult valid;
    EXPECT_THAT(ValidateResult(result, catalogue(), operations_, &values_, &valid), IsEmpty()) << text;
    return {*valid.period, valid.values, result.final(), result.nil()};
  }

  Contribution Tenth(const std::string& figures) {
    return Of("start_date: '2021-10-11' end_date: '2021-10-11' " + figures);
  }

  static CubeChange Putting(Contribution contribution, int64_t accept_time_us = 1) {
    CubeChange change;
    change.added = contribution;
    change.accept_time_us = accept_time_us;
    return change;
  }

  static CubeChange Taking(Contribution contribution, int64_t accept_time_us = 1) {
    CubeChange change;
    change.removed = contribution;
    change.accept_time_us = accept_time_us;
    return change;
  }

  MetricIndex Metric(absl::string_view id) { return *catalogue().FindMetric(id); }
  // A node of a metric by its categories.
  int Node(absl::string_view metric, const std::vector<std::string>& categories) {
    std::array<int, Lattice::kAxes> coordinates{};
    for (const std::string& id : categories) {
      const auto place = catalogue().PlaceOf(Metric(metric), *catalogue().FindCategory(id));
      coordinates[static_cast<size_t>(place->axis)] = place->tree_node;
    }
    return catalogue().lattice(Metric(metric)).NodeAt(coordinates);
  }

  const Catalogue& catalogue() { return *ShippedCatalogue(); }

  const OperationDirectory operations_{OperationDirectory::Map{
      {kWeek, std::make_shared<const Operation>(
                  OperationFromText("id: 'county-lines-2021-10' start_date: '2021-10-11' end_date: '2021-10-17'"),
                  *ShippedCatalogue())}}};
  ResultValues values_;  // Of all contributions of the test.
};

constexpr char kArrests[] =
    "figures { metric: 'arrests' value: 9 unit: UNIT_COUNT } "
    "figures { metric: 'arrests' value: 4 unit: UNIT_COUNT categories: ['child', 'male'] }";

TEST_F(ForceCubeTest, ANewOneHoldsNothing) {
  const ForceCube cube(&catalogue());
  EXPECT_EQ(cube.CellCount(), 0);
  EXPECT_EQ(cube.result_count(), 0);
  EXPECT_EQ(cube.first_heard_us(), 0);
  EXPECT_THAT(cube.periods(), IsEmpty());
  EXPECT_EQ(cube.metric(Metric("arrests")).whole.Find(0), nullptr);
}

TEST_F(ForceCubeTest, ACellHoldsTheSumsOfItsNodeOverAllAndByPeriod) {
  ForceCube cube(&catalogue());
  cube.Apply(Putting(Tenth(kArrests)));
  cube.Apply(
      Putting(Of("start_date: '2021-10-12' end_date: '2021-10-14' final: true "
                 "figures { metric: 'arrests' value: 2 unit: UNIT_COUNT qualifier: QUALIFIER_AT_LEAST }")));
  const MetricCube& arrests = cube.metric(Metric("arrests"));
  const Cell& all = *arrests.whole.Find(0);
  EXPECT_EQ(all.amount.sum, 11);
  EXPECT_EQ(all.amount.at_least_count, 1);
  EXPECT_EQ(all.result_count, 2);
  EXPECT_EQ(all.not_broken_down[0], 5 + 2);
  const Cell& boys = *arrests.whole.Find(Node("arrests", {"male", "child"}));
  EXPECT_EQ(boys.amount.sum, 4);
  EXPECT_EQ(boys.result_count, 1);
  EXPECT_EQ(arrests.whole.Find(Node("arrests", {"female"})), nullptr);
  ASSERT_THAT(arrests.periods, SizeIs(2));
  EXPECT_EQ(arrests.periods[0].second.Find(0)->amount.sum, 9);
  EXPECT_EQ(arrests.periods[1].second.Find(0)->amount.sum, 2);
  EXPECT_EQ(cube.CellCount(), 5);
  EXPECT_EQ(cube.result_count(), 2);
  EXPECT_EQ(cube.final_count(), 1);
}

TEST_F(ForceCubeTest, AUnionCountsAResultOnceHoweverManyOfItsCategoriesItStates) {
  ForceCube cube(&catalogue());
  cube.Apply(
      Putting(Tenth("figures { metric: 'drug-wraps' value: 1 unit: UNIT_COUNT categories: 'heroin' } "
                    "figures { metric: 'drug-wraps' value: 2 unit: UNIT_COUNT categories: 'lsd' }")));
  cube.Apply(Putting(Tenth("figures { metric: 'drug-wraps' value: 3 unit: UNIT_COUNT categories: 'lsd' }")));
  cube.Apply(Putting(Tenth("figures { metric: 'drug-wraps' value: 4 unit: UNIT_COUNT categories: 'class-c' }")));
  const Block& wraps = cube.metric(Metric("drug-wraps")).whole;
  NodeSet nodes(catalogue().lattice(Metric("drug-wraps")).size());
  EXPECT_EQ(wraps.CountResults(nodes), 0);
  nodes.Add(Node("drug-wraps", {"heroin"}));
  EXPECT_EQ(wraps.CountResults(nodes), 1);
  nodes.Add(Node("drug-wraps", {"lsd"}));
  EXPECT_EQ(wraps.CountResults(nodes), 2);
  nodes.Add(Node("drug-wraps", {"ketamine"}));
  EXPECT_EQ(wraps.CountResults(nodes), 2);
}

TEST_F(ForceCubeTest, WhatGoesInComesOutAndLeavesNoEmptyCell) {
  const std::vector<Contribution> contributions = {
      Tenth(kArrests), Tenth("figures { metric: 'drugs-weight' categories: ['heroin', 'lsd'] }"),
      Of("start_date: '2021-10-11' end_date: '2021-10-13' final: true figures { metric: 'cash-seized' value: 3 "
         "unit: UNIT_POUND qualifier: QUALIFIER_AT_MOST }"),
      Of("start_date: '2021-10-11' end_date: '2021-10-13' nil: true"),
      Tenth("figures { metric: 'arrests' value: 0 unit: UNIT_COUNT qualifier: QUALIFIER_ESTIMATE }")};
  std::mt19937 random(RandomSeed());
  for (int round = 0; round < 50; ++round) {
    ForceCube cube(&catalogue());
    cube.Apply(Putting(contributions[0], 5));
    const ForceCube before = cube;
    std::vector<size_t> order = {0, 1, 2, 3, 4, 0, 2};
    std::shuffle(order.begin(), order.end(), random);
    for (const size_t i : order) cube.Apply(Putting(contributions[i], 5));
    EXPECT_FALSE(cube.Equals(before));
    std::shuffle(order.begin(), order.end(), random);
    for (const size_t i : order) cube.Apply(Taking(contributions[i], 5));
    EXPECT_TRUE(cube.Equals(before)) << cube.DifferenceFrom(before);
    EXPECT_EQ(cube.ToCheckpoint().SerializeAsString(), before.ToCheckpoint().SerializeAsString());
  }
}

TEST_F(ForceCubeTest, RetractionsAreCountedAndItIsKnownWhenAnythingWasHeard) {
  ForceCube cube(&catalogue());
  cube.Apply(Putting(Tenth(kArrests), 10));
  CubeChange retraction = Taking(Tenth(kArrests), 20);
  retraction.added_retraction = true;
  cube.Apply(retraction);
  EXPECT_EQ(cube.result_count(), 0);
  EXPECT_EQ(cube.retracted_count(), 1);
  EXPECT_EQ(cube.CellCount(), 0);
  CubeChange back = Putting(Tenth(kArrests), 30);
  back.removed_retraction = true;
  cube.Apply(back);
  EXPECT_EQ(cube.result_count(), 1);
  EXPECT_EQ(cube.retracted_count(), 0);
  EXPECT_EQ(cube.first_heard_us(), 10);
  EXPECT_EQ(cube.last_heard_us(), 30);
}

TEST_F(ForceCubeTest, ACheckpointHoldsAllOfIt) {
  ForceCube cube(&catalogue());
  cube.Apply(Putting(Tenth(kArrests), 10));
  cube.Apply(Putting(Of("start_date: '2021-10-12' end_date: '2021-10-12' " + std::string(kArrests)), 11));
  cube.Apply(Putting(Tenth("figures { metric: 'drugs-weight' categories: ['heroin', 'lsd'] }"), 12));
  const Contribution most =
      Tenth("figures { metric: 'drugs-weight' value: 1000000000 unit: UNIT_KILOGRAM qualifier: QUALIFIER_AT_MOST }");
  for (int i = 0; i < 10'000; ++i) cube.Apply(Putting(most, 13));  // 10^19 mg, which needs more than 64 bits.
  cube.Apply(Putting(Of("start_date: '2021-10-11' end_date: '2021-10-13' nil: true final: true"), 14));
  const absl::StatusOr<ForceCube> read = ForceCube::FromCheckpoint(&catalogue(), cube.ToCheckpoint());
  ASSERT_THAT(read, IsOk());
  EXPECT_TRUE(read->Equals(cube)) << read->DifferenceFrom(cube);
  EXPECT_EQ(read->DifferenceFrom(cube), "");
  EXPECT_EQ(read->metric(Metric("drugs-weight")).whole.Find(0)->amount.at_most_sum,
            absl::int128(1'000'000'000'000'000) * 10'000);
}

struct UnfitCase {
  std::string name;
  std::function<void(store::v1::CheckpointForceCube&)> spoil;
  friend void PrintTo(const UnfitCase& row, std::ostream* out) { *out << row.name; }
};

class UnfitCheckpointTest : public ForceCubeTest, public testing::WithParamInterface<UnfitCase> {};

TEST_P(UnfitCheckpointTest, IsDataLoss) {
  ForceCube cube(&catalogue());
  cube.Apply(Putting(Tenth(kArrests)));
  cube.Apply(Putting(Of("start_date: '2021-10-12' end_date: '2021-10-12' " + std::string(kArrests))));
  store::v1::CheckpointForceCube checkpoint = cube.ToCheckpoint();
  ASSERT_THAT(ForceCube::FromCheckpoint(&catalogue(), checkpoint), IsOk());
  GetParam().spoil(checkpoint);
  EXPECT_THAT(ForceCube::FromCheckpoint(&catalogue(), checkpoint), StatusIs(absl::StatusCode::kDataLoss, testing::_));
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, UnfitCheckpointTest,
    testing::ValuesIn<UnfitCase>({
        {"AMetricBelowTheFirst", [](auto& cube) { cube.mutable_blocks(0)->set_metric(-1); }},
        {"AMetricBeyondTheLast",
         [](auto& cube) { cube.mutable_blocks(0)->set_metric(ShippedCatalogue()->metric_count()); }},
        {"ANodeBelowTheFirst", [](auto& cube) { cube.mutable_blocks(0)->mutable_cells(0)->set_node(-1); }},
        {"ANodeBeyondTheLast", [](auto& cube) { cube.mutable_blocks(0)->mutable_cells(3)->set_node(9); }},
        {"ANodeTwice", [](auto& cube) { cube.mutable_blocks(0)->mutable_cells(1)->set_node(0); }},
        {"NodesOutOfOrder", [](auto& cube) { cube.mutable_blocks(0)->mutable_cells()->SwapElements(0, 1); }},
        {"ASetOfMoreNodes", [](auto& cube) { cube.mutable_blocks(0)->mutable_node_sets(0)->add_words(1); }},
        {"ASetOfNoNodes", [](auto& cube) { cube.mutable_blocks(0)->mutable_node_sets(0)->clear_words(); }},
        {"ASetTwice", [](auto& cube) { *cube.mutable_blocks(0)->add_node_sets() = cube.blocks(0).node_sets(0); }},
        {"PeriodsOutOfOrder", [](auto& cube) { cube.mutable_blocks()->SwapElements(0, 1); }},
        {"APeriodTwice", [](auto& cube) { *cube.add_blocks() = cube.blocks(1); }},
        {"APeriodWithoutResults", [](auto& cube) { cube.mutable_periods()->RemoveLast(); }},
        {"APeriodOfResultsTwice", [](auto& cube) { *cube.add_periods() = cube.periods(1); }},
        {"NoResultsOfABlock", [](auto& cube) { cube.mutable_blocks(0)->set_result_count(0); }},
        {"MoreResultsOfABlockThanCanBe",
         [](auto& cube) { cube.mutable_blocks(0)->set_result_count(std::numeric_limits<int64_t>::max()); }},
        {"NoResultsOfACell", [](auto& cube) { cube.mutable_blocks(0)->mutable_cells(0)->set_result_count(0); }},
        {"MoreResultsOfACellThanCanBe",
         [](auto& cube) {
           cube.mutable_blocks(0)->mutable_cells(0)->set_result_count(std::numeric_limits<int64_t>::max());
         }},
        {"ASumBelowZero", [](auto& cube) { cube.mutable_blocks(0)->mutable_cells(0)->mutable_sum()->set_high(-1); }},
        {"ASumThatIsTooLarge",
         [](auto& cube) {
           cube.mutable_blocks(0)->mutable_cells(0)->mutable_sum()->set_high(std::numeric_limits<int64_t>::max());
         }},
        {"MoreEstimatedThanStated",
         [](auto& cube) { cube.mutable_blocks(0)->mutable_cells(0)->mutable_estimate_sum()->set_low(1'000'000); }},
        {"FewerThanNoValuesToCount",
         [](auto& cube) { cube.mutable_blocks(0)->mutable_cells(0)->set_uncounted_count(-1); }},
        {"LessThanNothingLeft",
         [](auto& cube) { cube.mutable_blocks(0)->mutable_cells(0)->mutable_not_broken_down(0)->set_high(-1); }},
        {"NoResultsOfASet", [](auto& cube) { cube.mutable_blocks(0)->mutable_node_sets(0)->set_result_count(0); }},
        {"FewerThanNoResultsOfAPeriod", [](auto& cube) { cube.mutable_periods(0)->set_result_count(-1); }},
        {"FewerThanNoFinalResults", [](auto& cube) { cube.set_final_count(-1); }},
        {"MoreRetractionsThanCanBe", [](auto& cube) { cube.set_retracted_count(std::numeric_limits<int64_t>::max()); }},
        {"APeriodReversed", [](auto& cube) { cube.mutable_blocks(0)->set_last_day(cube.blocks(0).first_day() - 1); }},
    }),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace muster
