// Totals beside those of an earlier operation.
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "aggregator/totals_query.h"
#include "tests/aggregator/aggregator_fixture.h"
#include "tests/aggregator/plain_model.h"
#include "tests/aggregator/random_results.h"
#include "tests/domain/random_seed.h"

namespace muster {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// 27 February to 5 March 2023; kWeek is the week before it.
constexpr char kNow[] = "county-lines-2023-02";

v1::OperationResult WarrantsOn(absl::string_view operation, absl::string_view day, absl::string_view force,
                               int64_t count) {
  v1::OperationResult result = Warrants(force, absl::StrCat("r-", day), 1, count);
  result.set_operation(std::string(operation));
  result.set_start_date(std::string(day));
  result.set_end_date(std::string(day));
  return result;
}

class BaselineTest : public AggregatorTest {
 protected:
  BaselineTest() {
    Submit({WarrantsOn(kNow, "2023-02-27", "kent", 5), WarrantsOn(kNow, "2023-02-28", "essex", 7),
            WarrantsOn(kNow, "2023-03-01", "cumbria", 1),
            // The first, second and last day.
            WarrantsOn(kWeek, "2021-10-11", "kent", 50), WarrantsOn(kWeek, "2021-10-12", "kent", 60),
            WarrantsOn(kWeek, "2021-10-17", "surrey", 9)});
  }
  std::vector<std::string> Beside(absl::string_view rest) {
    return Rows(
        absl::StrCat("metrics: 'warrants-executed' operations: '", kNow, "' baseline_operation: '", kWeek, "' ", rest));
  }
};

TEST_F(BaselineTest, EveryRowStandsBesideTheSameOfTheEarlierOperation) {
  EXPECT_THAT(Beside(""), ElementsAre("warrants-executed: 13 from 3/3 | 119 from 3/2"));
  EXPECT_THAT(Beside("group_by: GROUP_BY_FORCE"),
              ElementsAre("cumbria warrants-executed: 1 from 1/1", "essex warrants-executed: 7 from 1/1",
                          "surrey warrants-executed: nothing | 9 from 1/1",
                          "kent warrants-executed: 5 from 1/1 | 110 from 2/1"));
  EXPECT_THAT(Beside("group_by: GROUP_BY_REGION"), ElementsAre("north-west warrants-executed: 1 from 1/1",
                                                               "eastern warrants-executed: 12 from 2/2 | 110 from 2/1",
                                                               "south-east warrants-executed: nothing | 9 from 1/1"));
  EXPECT_THAT(Beside("group_by: GROUP_BY_OPERATION"),
              ElementsAre("county-lines-2023-02 warrants-executed: 13 from 3/3 | 119 from 3/2"));
}

TEST_F(BaselineTest, DaysAreThoseAtTheSameDistanceFromTheFirst) {
  EXPECT_THAT(Beside("group_by: GROUP_BY_DATE"), ElementsAre("2023-02-27 warrants-executed: 5 from 1/1 | 50 from 1/1",
                                                             "2023-02-28 warrants-executed: 7 from 1/1 | 60 from 1/1",
                                                             "2023-03-01 warrants-executed: 1 from 1/1",
                                                             "2023-03-05 warrants-executed: nothing | 9 from 1/1"));
  EXPECT_THAT(Beside("start_date: '2023-02-28' end_date: '2023-02-28'"),
              ElementsAre("warrants-executed: 7 from 1/1 | 60 from 1/1"));
  EXPECT_THAT(Beside("start_date: '2023-03-05'"), ElementsAre("warrants-executed: nothing | 9 from 1/1"));
  EXPECT_THAT(Beside("end_date: '2023-02-26'"), IsEmpty());
}

TEST_F(BaselineTest, MayComeAfterTheOperation) {
  EXPECT_THAT(Rows(absl::StrCat("metrics: 'warrants-executed' operations: '", kWeek, "' baseline_operation: '", kNow,
                                "' group_by: GROUP_BY_DATE start_date: '2021-10-12' end_date: '2021-10-13'")),
              ElementsAre("2021-10-12 warrants-executed: 60 from 1/1 | 7 from 1/1",
                          "2021-10-13 warrants-executed: nothing | 1 from 1/1"));
}

TEST_F(BaselineTest, ZeroIsNotNothing) {
  SubmitOne(WarrantsOn(kNow, "2023-03-02", "surrey", 0));
  EXPECT_THAT(Beside("forces: 'surrey'"), ElementsAre("warrants-executed: 0 from 1/1 | 9 from 1/1"));
}

TEST_F(BaselineTest, CoverageIsThatOfTheOperationAlone) {
  const absl::StatusOr<v1::QueryTotalsResponse> answer =
      Query(QueryFromText(absl::StrCat("operations: '", kNow, "' baseline_operation: '", kWeek, "'")));
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->coverage().reported_count(), 3);
  for (const v1::ForceCoverage& force : answer->coverage().forces()) EXPECT_EQ(force.operation(), kNow);
}

// What an answer rests on is both operations.
TEST_F(BaselineTest, AChangeOfEitherOperationEndsTheAnswer) {
  FieldProblems problems;
  const std::optional<TotalsQuery> query =
      ParseTotalsQuery(QueryFromText(absl::StrCat("operations: '", kNow, "' baseline_operation: '", kWeek, "'")),
                       "query", catalogue(), *cubes().operations(), &problems);
  ASSERT_TRUE(query);
  const auto basis = [&] {
    v1::QueryTotalsResponse answer;
    AnswerBasis rests_on;
    EXPECT_THAT(ComputeTotals(cubes(), *query, &answer, &rests_on), IsOk());
    return rests_on;
  };
  for (const char* const operation : {kNow, kWeek}) {
    const AnswerBasis before = basis();
    EXPECT_TRUE(before.HoldsAt(cubes().Now(before.operations)));
    SubmitOne(WarrantsOn(operation, operation == kNow ? "2023-03-03" : "2021-10-13", "kent", 1));
    EXPECT_FALSE(before.HoldsAt(cubes().Now(before.operations))) << operation;
  }
  v1::Operation other = cubes().operations()->Find(kWeek)->proto;
  other.set_id("another");
  const AnswerBasis before = basis();
  PutOperation(other);
  EXPECT_TRUE(before.HoldsAt(cubes().Now(before.operations))) << "another does not matter";
}

struct BadBaseline {
  std::string name;
  std::string query;
  std::vector<std::string> want;
};

class BadBaselineTest : public AggregatorTest, public testing::WithParamInterface<BadBaseline> {};

TEST_P(BadBaselineTest, IsNamed) {
  FieldProblems problems;
  EXPECT_FALSE(
      ParseTotalsQuery(QueryFromText(GetParam().query), "query", catalogue(), *cubes().operations(), &problems));
  std::vector<std::string> found;
  for (const FieldProblem& problem : problems) found.push_back(absl::StrCat(problem.field, " ", problem.reason));
  EXPECT_EQ(found, GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(
    Queries, BadBaselineTest,
    testing::ValuesIn<BadBaseline>({
        {"Unknown",
         "operations: 'county-lines-2023-02' baseline_operation: 'county-lines-1823-02'",
         {"query.baseline_operation UNKNOWN_OPERATION"}},
        {"OfAll",
         "baseline_operation: 'county-lines-2021-10'",
         {"query.baseline_operation BASELINE_NEEDS_ONE_OPERATION"}},
        {"OfTwo",
         "operations: ['county-lines-2023-02', 'county-lines-2021-10'] baseline_operation: 'county-lines-2021-10'",
         {"query.baseline_operation BASELINE_NEEDS_ONE_OPERATION"}},
        {"OfItself",
         "operations: 'county-lines-2021-10' baseline_operation: 'county-lines-2021-10'",
         {"query.baseline_operation BASELINE_IS_THE_OPERATION"}},
        {"UnknownOfAll",
         "baseline_operation: 'no'",
         {"query.baseline_operation UNKNOWN_OPERATION", "query.baseline_operation BASELINE_NEEDS_ONE_OPERATION"}},
    }),
    [](const auto& row) { return row.param.name; });

// Each row's total is that of the query without a baseline, and its baseline that of the same question asked of the
// baseline alone.
TEST_F(BaselineTest, AgreesWithThePlainModelAskedTwice) {
  const uint32_t seed = RandomSeed();
  for (int history = 0; history < 20; ++history) {
    SCOPED_TRACE(absl::StrCat("MUSTER_SEED=", seed, ", history ", history));
    std::seed_seq seeds{seed, static_cast<uint32_t>(history)};
    std::mt19937 random(seeds);
    ResultMaker maker(catalogue().proto(), &random);
    PlainModel model(catalogue().proto());
    std::vector<v1::Operation> operations;
    for (const int year : {2023, 2018}) {
      operations.push_back(MakeOperation(absl::StrCat("week-", year, "-", history), absl::CivilDay(year, 8, 27)));
      PutOperation(operations.back());
      model.AddOperation(operations.back());
    }
    const absl::CivilDay first(2023, 8, 27);
    const int64_t days = first - absl::CivilDay(2018, 8, 27);
    std::vector<v1::OperationResult> results;
    results.reserve(30);
    for (int i = 0; i < 30; ++i) results.push_back(maker.Result(operations));
    for (const v1::OperationResult& result : results) model.Submit(result);
    Submit(results);
    for (unsigned groupings = 0; groupings < 32; ++groupings) {
      v1::TotalsQuery query = maker.Query({operations[0]}, groupings, maker.OneIn(2));
      query.clear_operations();
      query.add_operations(operations[0].id());
      v1::TotalsQuery of_baseline = query;
      of_baseline.set_operations(0, operations[1].id());
      const auto shifted = [&](const std::string& day, int64_t by) {
        absl::CivilDay parsed;
        if (!absl::ParseCivilTime(day, &parsed)) return std::string();
        return absl::FormatCivilTime(parsed + by);
      };
      of_baseline.set_start_date(shifted(query.start_date(), -days));
      of_baseline.set_end_date(shifted(query.end_date(), -days));
      // By all that names a row.
      std::map<std::string, v1::TotalsRow> want;
      const auto row_of = [&](v1::TotalsRow row) -> v1::TotalsRow& {
        row.clear_total();
        const std::string name = Comparable(std::vector<v1::TotalsRow>{row}).front();
        return want.emplace(name, row).first->second;
      };
      for (const v1::TotalsRow& row : model.Totals(query)) *row_of(row).mutable_total() = row.total();
      for (v1::TotalsRow row : model.Totals(of_baseline)) {
        const v1::Total total = row.total();
        if (!row.operation().empty()) row.set_operation(operations[0].id());
        row.set_date(shifted(row.date(), days));
        *row_of(row).mutable_baseline() = total;
      }
      std::vector<v1::TotalsRow> rows;
      rows.reserve(want.size());
      for (const auto& [name, row] : want) rows.push_back(row);
      query.set_baseline_operation(operations[1].id());
      const absl::StatusOr<v1::QueryTotalsResponse> answer = Query(query);
      ASSERT_THAT(answer, IsOk());
      ASSERT_EQ(Comparable(answer->rows()), Comparable(rows)) << query.DebugString();
    }
  }
}

}  // namespace
}  // namespace muster
