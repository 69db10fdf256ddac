// Results on their way to the writer: all that is known of each, however many stand behind each other.
#include "aggregator/checked_results.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "domain/digest.h"
#include "tests/aggregator/aggregator_fixture.h"

namespace muster {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// Of kWeek on one day, unless `fields` say otherwise.
v1::OperationResult Of(absl::string_view fields) {
  v1::OperationResult result = Warrants("", "", 0, 0);
  result.clear_figures();
  result.MergeFrom(ResultFromText(fields));
  return result;
}

class CheckedResultsTest : public testing::Test {
 protected:
  // Results that differ in all that is kept of them.
  static std::vector<v1::OperationResult> Several() {
    v1::OperationResult retraction_without_dates = Retraction("surrey", "r", 7);
    retraction_without_dates.clear_start_date();
    retraction_without_dates.clear_end_date();
    return {
        Warrants("kent", "a", 1, 5),
        // Of two metrics, stated the other way round, with parts above their total.
        Of("force: 'thames-valley' result_id: 'A-much-longer_id.of:a-result' revision: 12 final: true "
           "figures { metric: 'cash-seized' value: 3 unit: UNIT_POUND } "
           "figures { metric: 'arrests' value: 4 unit: UNIT_COUNT } "
           "figures { metric: 'arrests' value: 9 unit: UNIT_COUNT categories: ['child', 'male'] }"),
        Of("force: 'essex' result_id: 'nil' revision: 2 nil: true"),
        retraction_without_dates,
        Retraction("kent", "back", 3),
        // Partly outside of the operation's days.
        Of("force: 'essex' result_id: 'long' revision: 1 end_date: '2021-10-18' "
           "figures { metric: 'drugs-weight' categories: ['heroin', 'lsd'] }"),
        Warrants("kent", "a", 1, 5),
    };
  }

  // Adds what must be valid.
  void Add(CheckedResults* checked, const std::vector<v1::OperationResult>& results) {
    for (const v1::OperationResult& result : results) {
      EXPECT_THAT(checked->Add(result, catalogue(), operations_), IsEmpty()) << result.ShortDebugString();
    }
  }

  // That all of it is as in a validation of each result by itself.
  void ExpectToHold(const CheckedResults& checked, const std::vector<v1::OperationResult>& results) {
    ASSERT_EQ(checked.size(), results.size());
    EXPECT_EQ(checked.empty(), results.empty());
    for (size_t i = 0; i < results.size(); ++i) {
      SCOPED_TRACE(absl::StrCat(i, ": ", results[i].ShortDebugString()));
      ExpectToHold(checked, checked[i], results[i]);
    }
  }

  void ExpectToHold(const CheckedResults& checked, const CheckedResults::Result& one,
                    const v1::OperationResult& result) {
    ResultValues values;
    ValidatedResult alone;
    ASSERT_THAT(ValidateResult(result, catalogue(), operations_, &values, &alone), IsEmpty());
    EXPECT_EQ(one.revision, result.revision());
    EXPECT_EQ(one.force, *catalogue().FindForce(result.force()));
    EXPECT_EQ(one.retracted, result.retracted());
    EXPECT_EQ(one.final, result.final());
    EXPECT_EQ(one.nil, result.nil());
    EXPECT_EQ(one.period, alone.period);
    EXPECT_EQ(one.digest, DigestOf(result));
    EXPECT_EQ(checked.KeyOf(one), KeyOf(result));
    EXPECT_THAT(checked.WarningsOf(one), testing::ElementsAreArray(alone.warnings));

    store::v1::LoggedResult logged;
    ASSERT_TRUE(logged.ParseFromString(std::string(checked.HeadOf(one))));
    store::v1::LoggedResult want;
    *want.mutable_result() = result;
    want.set_digest(std::string(one.digest.begin(), one.digest.end()));
    EXPECT_EQ(logged.ShortDebugString(), want.ShortDebugString());

    const ValuesView got = checked.ValuesOf(one);
    ASSERT_EQ(got.size(), alone.values.size());
    for (size_t i = 0; i < got.size(); ++i) {
      EXPECT_EQ(got[i].metric, alone.values[i].metric);
      EXPECT_EQ(got[i].first_figure, alone.values[i].first_figure);
      ASSERT_EQ(got[i].nodes.size(), alone.values[i].nodes.size());
      for (size_t node = 0; node < got[i].nodes.size(); ++node) {
        EXPECT_EQ(got[i].nodes[node].node, alone.values[i].nodes[node].node);
        EXPECT_EQ(got[i].nodes[node].amount, alone.values[i].nodes[node].amount);
        EXPECT_EQ(got[i].nodes[node].not_broken_down, alone.values[i].nodes[node].not_broken_down);
      }
    }
  }

  static const Catalogue& catalogue() { return *ShippedCatalogue(); }

  const OperationDirectory operations_{OperationDirectory::Map{
      {kWeek, std::make_shared<const Operation>(
                  OperationFromText("id: 'county-lines-2021-10' start_date: '2021-10-11' end_date: '2021-10-17'"),
                  *ShippedCatalogue())}}};
};

TEST_F(CheckedResultsTest, ANewOneHoldsNothing) {
  const CheckedResults checked;
  EXPECT_TRUE(checked.empty());
  EXPECT_EQ(checked.size(), 0u);
  EXPECT_EQ(checked.bytes(), 0);
}

TEST_F(CheckedResultsTest, WhatIsKnownOfEachStandsBehindEachOther) {
  CheckedResults checked;
  const std::vector<v1::OperationResult> results = Several();
  Add(&checked, results);
  ExpectToHold(checked, results);

  // By the letter, so that a fault that validation shares is not missed.
  EXPECT_THAT(checked.WarningsOf(checked[0]), IsEmpty());
  EXPECT_THAT(checked.WarningsOf(checked[1]), ElementsAre(ResultWarning{v1::WARNING_REASON_BREAKDOWN_SUM_MISMATCH, 1}));
  EXPECT_THAT(checked.WarningsOf(checked[5]), ElementsAre(ResultWarning{v1::WARNING_REASON_PERIOD_MISMATCH, {}}));
  const ValuesView two = checked.ValuesOf(checked[1]);
  ASSERT_EQ(two.size(), 2u);
  EXPECT_EQ(two[0].metric, *catalogue().FindMetric("arrests")) << "by metric";
  EXPECT_EQ(two[0].first_figure, 1);
  EXPECT_THAT(two[0].nodes, SizeIs(4)) << "all, male, child, boys";
  EXPECT_EQ(two[0].nodes[0].amount.sum, 4);
  EXPECT_EQ(two[1].metric, *catalogue().FindMetric("cash-seized"));
  EXPECT_EQ(two[1].first_figure, 0);
  EXPECT_EQ(two[1].nodes[0].amount.sum, 300);
  EXPECT_EQ(checked.ValuesOf(checked[2]).size(), 0u) << "the operation says what is zero";
  EXPECT_EQ(checked.ValuesOf(checked[3]).size(), 0u);
  EXPECT_FALSE(checked[3].period.has_value());
  EXPECT_TRUE(checked[4].period.has_value());
  EXPECT_EQ(checked.ValuesOf(checked[5])[0].nodes[0].amount.uncounted_count, 1);
}

TEST_F(CheckedResultsTest, EqualKeysHaveEqualHashesWhereverTheyStand) {
  CheckedResults checked;
  Add(&checked, {Warrants("kent", "a", 1, 5), Warrants("essex", "a", 1, 5), Warrants("kent", "b", 1, 5),
                 Warrants("kent", "a", 2, 6), Warrants("kent", "A", 1, 5)});
  CheckedResults other;
  Add(&other, {Retraction("kent", "a", 9)});
  EXPECT_EQ(checked[0].key_hash, checked[3].key_hash);
  EXPECT_EQ(checked[0].key_hash, other[0].key_hash);
  EXPECT_NE(checked[0].key_hash, checked[1].key_hash);
  EXPECT_NE(checked[0].key_hash, checked[2].key_hash);
  EXPECT_NE(checked[0].key_hash, checked[4].key_hash);
}

TEST_F(CheckedResultsTest, ARefusedResultLeavesNothing) {
  const std::vector<v1::OperationResult> results = Several();
  CheckedResults without;
  Add(&without, results);

  CheckedResults checked;
  for (const v1::OperationResult& result : results) {
    // Each with a warning and figures that are right, so that there is something to leave.
    v1::OperationResult refused = Several()[5];
    *refused.add_figures() = Several()[1].figures(0);
    refused.set_revision(0);
    EXPECT_THAT(checked.Add(refused, catalogue(), operations_),
                ElementsAre(testing::Field(&FieldProblem::reason, "REVISION_TOO_LOW")));
    refused = Several()[1];
    refused.set_force("nobody");
    EXPECT_THAT(checked.Add(refused, catalogue(), operations_),
                ElementsAre(testing::Field(&FieldProblem::reason, "UNKNOWN_FORCE")));
    refused = Several()[1];
    refused.mutable_figures(2)->set_value(-1);
    EXPECT_THAT(checked.Add(refused, catalogue(), operations_),
                ElementsAre(testing::Field(&FieldProblem::reason, "VALUE_NEGATIVE")));
    Add(&checked, {result});
  }
  ExpectToHold(checked, results);
  EXPECT_EQ(checked.bytes(), without.bytes());
}

TEST_F(CheckedResultsTest, ClearKeepsNothingOfWhatWasThere) {
  CheckedResults checked;
  Add(&checked, Several());
  checked.Clear();
  EXPECT_TRUE(checked.empty());
  EXPECT_EQ(checked.bytes(), 0);
  const std::vector<v1::OperationResult> results = {Several()[5], Several()[2], Warrants("surrey", "z", 3, 8)};
  Add(&checked, results);
  ExpectToHold(checked, results);
  CheckedResults fresh;
  Add(&fresh, results);
  EXPECT_EQ(checked.bytes(), fresh.bytes());
}

TEST_F(CheckedResultsTest, WhatItTakesGrowsWithItsResults) {
  CheckedResults checked;
  int64_t bytes = 0;
  for (const v1::OperationResult& result : Several()) {
    Add(&checked, {result});
    EXPECT_GE(checked.bytes() - bytes, static_cast<int64_t>(result.ByteSizeLong()));
    bytes = checked.bytes();
  }
}

// Short ones too, whose bytes would stand in the string itself.
TEST_F(CheckedResultsTest, MovedItsViewsAreRightAndItTakesMore) {
  for (const size_t count : {size_t{0}, size_t{1}, Several().size()}) {
    std::vector<v1::OperationResult> results = Several();
    results.resize(count);
    auto checked = std::make_unique<CheckedResults>();
    Add(checked.get(), results);
    CheckedResults moved = std::move(*checked);
    checked.reset();  // Nothing may point back into it.
    ExpectToHold(moved, results);
    results.push_back(Several()[1]);
    Add(&moved, {results.back()});
    ExpectToHold(moved, results);

    CheckedResults assigned;
    Add(&assigned, {Warrants("cumbria", "other", 1, 1)});
    assigned = std::move(moved);
    ExpectToHold(assigned, results);
  }
}

TEST_F(CheckedResultsTest, WhatWasMovedFromCanBeUsedAgainOnceCleared) {
  CheckedResults checked;
  Add(&checked, Several());
  const CheckedResults moved = std::move(checked);
  checked.Clear();
  Add(&checked, {Warrants("cumbria", "other", 1, 1)});
  ExpectToHold(checked, {Warrants("cumbria", "other", 1, 1)});
  ExpectToHold(moved, Several());
}

}  // namespace
}  // namespace muster
