// Random histories of results, corrections, retractions and retries, compared with the plain model for every grouping.
#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "aggregator/verification.h"
#include "tests/aggregator/aggregator_fixture.h"
#include "tests/aggregator/plain_model.h"
#include "tests/aggregator/random_results.h"
#include "tests/domain/random_seed.h"

namespace muster {
namespace {

constexpr int kHistoriesOfTest = 50;

class RandomHistoriesTest : public AggregatorTest, public testing::WithParamInterface<int> {};

TEST_P(RandomHistoriesTest, GiveTheTotalsOfThePlainModelForEveryGrouping) {
  const uint32_t seed = RandomSeed();
  PlainModel all(catalogue().proto());  // Of all histories; slow to ask.
  for (int history = 0; history < kHistoriesOfTest; ++history) {
    SCOPED_TRACE(absl::StrCat("MUSTER_SEED=", seed, ", history ", history));
    std::seed_seq seeds{seed, static_cast<uint32_t>(GetParam()), static_cast<uint32_t>(history)};
    std::mt19937 random(seeds);
    ResultMaker maker(catalogue().proto(), &random);
    PlainModel model(catalogue().proto());
    std::vector<v1::Operation> operations;
    for (const int year : {2023, 2018}) {
      operations.push_back(MakeOperation(absl::StrCat("week-", year, "-", history), absl::CivilDay(year, 8, 27)));
      PutOperation(operations.back());
      model.AddOperation(operations.back());
      all.AddOperation(operations.back());
    }

    std::vector<v1::OperationResult> sent;
    for (int submission = 0, count = 1 + maker.Below(8); submission < count; ++submission) {
      std::vector<v1::OperationResult> results;
      for (int i = 0, size = 1 + maker.Below(6); i < size; ++i) {
        const bool retry = !sent.empty() && maker.OneIn(5);
        results.push_back(retry ? maker.OneOf(sent) : maker.Result(operations));
        sent.push_back(results.back());
        auto& figures = *results.back().mutable_figures();
        std::shuffle(figures.begin(), figures.end(), random);
        for (v1::Figure& figure : figures) {
          std::shuffle(figure.mutable_categories()->begin(), figure.mutable_categories()->end(), random);
        }
      }
      const bool validate_only = maker.OneIn(5);
      PlainModel trial = model;
      PlainModel& decides = validate_only ? trial : model;
      std::vector<v1::Outcome> want, got;
      for (const v1::OperationResult& result : results) {
        want.push_back(decides.Submit(result));
        if (!validate_only) all.Submit(result);
      }
      for (const Decision& decision : Submit(results, validate_only).decisions) got.push_back(decision.outcome);
      ASSERT_EQ(got, want);
    }

    for (unsigned groupings = 0; groupings < 32; ++groupings) {
      for (const bool filtered : {false, true}) {
        const v1::TotalsQuery query = maker.Query(operations, groupings, filtered);
        const absl::StatusOr<v1::QueryTotalsResponse> answer = Query(query);
        ASSERT_THAT(answer, IsOk());
        ASSERT_EQ(Comparable(answer->rows()), Comparable(model.Totals(query))) << query.DebugString();
        ASSERT_EQ(answer->cut_by_period_count(), model.CutByPeriod(query)) << query.DebugString();
      }
    }
  }

  // All of them together, as they stand, after a start from the log, and recomputed.
  v1::TotalsQuery everything;
  everything.add_group_by(v1::GROUP_BY_REGION);
  everything.add_group_by(v1::GROUP_BY_CATEGORY);
  const std::vector<std::string> want = Comparable(all.Totals(everything));
  EXPECT_EQ(Comparable(Query(everything)->rows()), want);
  Start();
  EXPECT_EQ(Comparable(Query(everything)->rows()), want);
  const absl::StatusOr<VerificationReport> report = VerifyCubes(store(), cubes());
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->mismatch_count, 0);
  EXPECT_GT(report->cell_count, 0);
}

INSTANTIATE_TEST_SUITE_P(Thousand, RandomHistoriesTest, testing::Range(0, 1'000 / kHistoriesOfTest),
                         [](const auto& row) { return absl::StrCat("From", row.param * kHistoriesOfTest); });

}  // namespace
}  // namespace muster
