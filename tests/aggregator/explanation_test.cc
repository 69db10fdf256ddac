// What single results add to a row, and that it comes to the row.
#include "aggregator/explanation.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "aggregator/rewinder.h"
#include "google/protobuf/text_format.h"
#include "tests/aggregator/aggregator_fixture.h"
#include "tests/aggregator/random_results.h"
#include "tests/domain/random_seed.h"

namespace muster {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class ExplanationTest : public AggregatorTest {
 protected:
  TotalsQuery Parsed(const v1::TotalsQuery& query) {
    FieldProblems problems;
    std::optional<TotalsQuery> parsed = ParseTotalsQuery(query, "query", catalogue(), *cubes().operations(), &problems);
    EXPECT_TRUE(parsed.has_value()) << query.DebugString();
    return *std::move(parsed);
  }

  // The labels of a row that are wrong: "row.force NOT_IN_QUERY".
  std::vector<std::string> Problems(const std::string& query_text, const std::string& row_text) {
    v1::TotalsRow row;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(row_text, &row)) << row_text;
    FieldProblems problems;
    const std::optional<ExplainedRow> resolved = ExplainedRow::Resolve(Parsed(QueryFromText(query_text)), row, "row",
                                                                       catalogue(), *cubes().operations(), &problems);
    EXPECT_EQ(resolved.has_value(), problems.empty());
    std::vector<std::string> texts;
    for (const FieldProblem& problem : problems) texts.push_back(absl::StrCat(problem.field, " ", problem.reason));
    return texts;
  }

  // What each standing result adds to a row as things stood at a position, which must be something.
  std::vector<v1::Total> Contributions(const v1::TotalsQuery& query, const v1::TotalsRow& row, LogPosition at) {
    std::vector<v1::Total> contributions;
    FieldProblems problems;
    std::optional<ExplainedRow> resolved =
        ExplainedRow::Resolve(Parsed(query), row, "row", catalogue(), *cubes().operations(), &problems);
    for (const FieldProblem& problem : problems) ADD_FAILURE() << problem.field << " " << problem.description;
    if (!resolved) return contributions;
    const std::vector<LogPosition> positions = store().ListStanding(resolved->Forces(), at, 0, 1'000'000);
    EXPECT_TRUE(std::is_sorted(positions.begin(), positions.end()));
    const absl::StatusOr<std::vector<LoggedEntry>> entries = store().ReadEntries(positions);
    EXPECT_THAT(entries, IsOk());
    for (const LoggedEntry& entry : *entries) {
      absl::StatusOr<std::optional<v1::Total>> contribution = resolved->ContributionOf(entry.entry.result());
      EXPECT_THAT(contribution, IsOk());
      if (contribution.ok() && *contribution) contributions.push_back(**contribution);
    }
    return contributions;
  }

  // The law, in every component that is a sum.
  void ExpectToComeTo(const v1::TotalsRow& row, const std::vector<v1::Total>& contributions) {
    v1::Total sum;
    sum.set_sum(0);
    sum.set_at_most(0);
    bool has_bound = true;
    for (const v1::Total& one : contributions) {
      sum.set_sum(sum.sum() + one.sum());
      sum.set_at_least(sum.at_least() + one.at_least());
      sum.set_at_most(sum.at_most() + one.at_most());
      has_bound = has_bound && one.has_at_most();
      sum.set_estimate(sum.estimate() + one.estimate());
      sum.set_result_count(sum.result_count() + one.result_count());
      sum.set_uncounted_count(sum.uncounted_count() + one.uncounted_count());
      sum.set_not_broken_down(sum.not_broken_down() + one.not_broken_down());
      EXPECT_EQ(one.unit(), row.total().unit());
      EXPECT_EQ(one.force_count(), 1);
    }
    const v1::Total& total = row.total();
    const std::string what = row.ShortDebugString();
    EXPECT_EQ(sum.sum(), total.sum()) << what;
    EXPECT_EQ(sum.at_least(), total.at_least()) << what;
    EXPECT_EQ(has_bound, total.has_at_most()) << what;
    if (has_bound) {
      EXPECT_EQ(sum.at_most(), total.at_most()) << what;
    }
    EXPECT_EQ(sum.estimate(), total.estimate()) << what;
    EXPECT_EQ(sum.result_count(), total.result_count()) << what;
    EXPECT_EQ(sum.uncounted_count(), total.uncounted_count()) << what;
    if (catalogue().axes(*catalogue().FindMetric(row.metric())).size() < 2) {
      EXPECT_EQ(sum.not_broken_down(), total.not_broken_down()) << what;
    }
  }
};

TEST_F(ExplanationTest, OfRandomHistoriesEveryRowIsWhatItsResultsAddUpTo) {
  constexpr int kHistories = 8;
  const uint32_t seed = RandomSeed();
  int64_t rows = 0;
  for (int history = 0; history < kHistories; ++history) {
    SCOPED_TRACE(absl::StrCat("MUSTER_SEED=", seed, ", history ", history));
    std::seed_seq seeds{seed, static_cast<uint32_t>(history)};
    std::mt19937 random(seeds);
    ResultMaker maker(catalogue().proto(), &random);
    std::vector<v1::Operation> operations;
    for (const int year : {2023, 2018}) {
      operations.push_back(MakeOperation(absl::StrCat("week-", year, "-", history), absl::CivilDay(year, 8, 27)));
      PutOperation(operations.back());
    }
    const LogPosition begin = cubes().position();
    for (int submission = 0; submission < 6; ++submission) {
      std::vector<v1::OperationResult> results;
      for (int i = 0, size = 1 + maker.Below(6); i < size; ++i) results.push_back(maker.Result(operations));
      Submit(results);
    }
    for (unsigned groupings = 0; groupings < 32; ++groupings) {
      const v1::TotalsQuery query = maker.Query(operations, groupings, maker.OneIn(2));
      const absl::StatusOr<v1::QueryTotalsResponse> answer = Query(query);
      ASSERT_THAT(answer, IsOk());
      for (const v1::TotalsRow& row : answer->rows()) {
        ExpectToComeTo(row, Contributions(query, row, answer->position()));
        ++rows;
      }
      // The same as it stood.
      const LogPosition at = begin + maker.Below(static_cast<int>(answer->position() - begin + 1));
      if (at == 0) continue;
      Rewinder rewinder(store(), cubes(), {});
      const absl::StatusOr<PastCubes> past = rewinder.At({.position = at}, {});
      ASSERT_THAT(past, IsOk());
      v1::QueryTotalsResponse then;
      ASSERT_THAT(ComputeTotals(past->View(), catalogue(), Parsed(query), &then), IsOk());
      for (const v1::TotalsRow& row : then.rows()) ExpectToComeTo(row, Contributions(query, row, at));
      if (testing::Test::HasFailure()) return;
    }
  }
  EXPECT_GT(rows, 1'000);
}

TEST_F(ExplanationTest, AResultThatDoesNotTouchTheRowIsNotThere) {
  v1::OperationResult nil = Warrants("surrey", "nil", 1, 1);
  nil.clear_figures();
  nil.set_nil(true);
  v1::OperationResult long_one = Warrants("kent", "long", 1, 4);
  long_one.set_start_date("2021-10-12");
  long_one.set_end_date("2021-10-13");
  Submit({Warrants("kent", "a", 1, 5), Warrants("essex", "a", 1, 7), Retraction("kent", "gone", 1), long_one, nil});
  const auto explained = [&](const std::string& query_text, const std::string& row_text) {
    v1::TotalsRow row;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(row_text, &row));
    std::vector<int64_t> sums;
    for (const v1::Total& total : Contributions(QueryFromText(query_text), row, cubes().position())) {
      sums.push_back(total.sum());
    }
    return sums;
  };
  EXPECT_THAT(explained("metrics: 'warrants-executed'", "metric: 'warrants-executed'"),
              UnorderedElementsAre(5, 7, 4, 0))
      << "of a nil return the zero counts as well";
  EXPECT_THAT(explained("group_by: GROUP_BY_FORCE", "metric: 'warrants-executed' force: 'kent'"), ElementsAre(5, 4));
  EXPECT_THAT(explained("group_by: GROUP_BY_DATE", "metric: 'warrants-executed' date: '2021-10-15'"),
              ElementsAre(5, 7, 0));
  EXPECT_THAT(explained("group_by: GROUP_BY_DATE", "metric: 'warrants-executed'"), ElementsAre(4));
  EXPECT_THAT(explained("group_by: GROUP_BY_REGION", "metric: 'warrants-executed' region: 'eastern'"),
              UnorderedElementsAre(5, 7, 4));
  EXPECT_THAT(explained("group_by: GROUP_BY_REGION", "metric: 'warrants-executed'"), IsEmpty());
  EXPECT_THAT(explained("start_date: '2021-10-13'", "metric: 'warrants-executed'"), testing::Not(testing::Contains(4)));
  EXPECT_THAT(explained("", "metric: 'arrests'"), ElementsAre(0));
}

struct LabelCase {
  std::string name;
  std::string query;
  std::string row;
  std::vector<std::string> want;
};

TEST_F(ExplanationTest, LabelsThatNoRowOfTheQueryHasAreAllNamed) {
  for (const LabelCase& one : std::vector<LabelCase>{
           {"Good", "", "metric: 'arrests'", {}},
           {"Empty", "", "", {"row.metric REQUIRED"}},
           {"UnknownMetric", "", "metric: 'arests'", {"row.metric NOT_IN_QUERY"}},
           {"OtherMetric", "metrics: 'arrests'", "metric: 'cash-seized'", {"row.metric NOT_IN_QUERY"}},
           {"NotGrouped",
            "",
            "metric: 'arrests' operation: 'county-lines-2021-10' region: 'eastern' force: 'kent' date: '2021-10-15'",
            {"row.operation NOT_GROUPED_BY", "row.region NOT_GROUPED_BY", "row.force NOT_GROUPED_BY",
             "row.date NOT_GROUPED_BY"}},
           {"NotCategorised", "", "metric: 'arrests' categories: 'child'", {"row.categories NOT_IN_QUERY"}},
           {"Categorised", "group_by: GROUP_BY_CATEGORY", "metric: 'arrests' categories: 'child'", {}},
           {"OtherOrder", "group_by: GROUP_BY_CATEGORY", "metric: 'arrests' categories: ['child', 'male']", {}},
           {"SameOrder", "group_by: GROUP_BY_CATEGORY", "metric: 'arrests' categories: ['male', 'child']", {}},
           {"CategoryOfAnother",
            "group_by: GROUP_BY_CATEGORY",
            "metric: 'arrests' categories: 'heroin'",
            {"row.categories NOT_IN_QUERY"}},
           {"NoForce", "group_by: GROUP_BY_FORCE", "metric: 'arrests'", {"row.force REQUIRED"}},
           {"NoRegionIsARow", "group_by: GROUP_BY_REGION", "metric: 'arrests'", {}},
           {"NoDateIsARow", "group_by: GROUP_BY_DATE", "metric: 'arrests'", {}},
           {"BadDate", "group_by: GROUP_BY_DATE", "metric: 'arrests' date: '15/10'", {"row.date DATE_MALFORMED"}},
           {"OutOfScope",
            "forces: 'kent' regions: 'eastern' operations: 'county-lines-2021-10' group_by: [GROUP_BY_FORCE, "
            "GROUP_BY_REGION, GROUP_BY_OPERATION]",
            "metric: 'arrests' force: 'essex' region: 'south-east' operation: 'county-lines-2023-02'",
            {"row.operation NOT_IN_QUERY", "row.region NOT_IN_QUERY", "row.force NOT_IN_QUERY"}}}) {
    EXPECT_EQ(Problems(one.query, one.row), one.want) << one.name;
  }
}

}  // namespace
}  // namespace muster
