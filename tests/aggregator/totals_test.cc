// Totals: every filter and grouping by itself, and what a total says of its parts.
#include "aggregator/totals.h"

#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"
#include "tests/aggregator/aggregator_fixture.h"

namespace muster {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class TotalsTest : public AggregatorTest {
 protected:
  // A result of one force. Its fields beside are `text`: operation, period, figures.
  void SubmitOf(absl::string_view force, absl::string_view text) {
    v1::OperationResult result = ResultFromText(text);
    result.set_force(std::string(force));
    result.set_result_id(absl::StrCat("r", ++next_id_));
    result.set_revision(1);
    EXPECT_EQ(SubmitOne(result).outcome, v1::OUTCOME_ACCEPTED);
  }

  int next_id_ = 0;
};

// The results that the filters and groupings below are asked of.
class TotalsOfThreeWeeksTest : public TotalsTest {
 protected:
  TotalsOfThreeWeeksTest() {
    PutOperation(
        OperationFromText("id: 'drugs-2017-03' title: 'Drugs' start_date: '2017-03-06' end_date: '2017-03-12'"));
    SubmitOf("kent",
             "operation: 'drugs-2017-03' start_date: '2017-03-06' end_date: '2017-03-06' "
             "figures { metric: 'arrests' value: 1 unit: UNIT_COUNT }");
    SubmitOf("kent",
             "operation: 'county-lines-2023-02' start_date: '2023-02-27' end_date: '2023-02-27' "
             "figures { metric: 'arrests' value: 2 unit: UNIT_COUNT categories: 'child' }");
    SubmitOf("kent",
             "operation: 'county-lines-2023-02' start_date: '2023-02-27' end_date: '2023-03-05' "
             "figures { metric: 'arrests' value: 40 unit: UNIT_COUNT } "
             "figures { metric: 'arrests' value: 4 unit: UNIT_COUNT categories: ['male', 'child'] }");
    SubmitOf("surrey",
             "operation: 'county-lines-2023-02' start_date: '2023-02-28' end_date: '2023-02-28' "
             "figures { metric: 'arrests' value: 100 unit: UNIT_COUNT categories: 'male' } "
             "figures { metric: 'cash-seized' value: 7 unit: UNIT_POUND }");
    SubmitOf("surrey",
             "operation: 'county-lines-2021-10' start_date: '2021-10-11' end_date: '2021-10-11' "
             "figures { metric: 'arrests' value: 1000 unit: UNIT_COUNT } "
             "figures { metric: 'drug-wraps' value: 60 unit: UNIT_COUNT categories: 'heroin' } "
             "figures { metric: 'drug-wraps' value: 5 unit: UNIT_COUNT categories: 'cannabis-resin' } "
             "figures { metric: 'drug-wraps' value: 3 unit: UNIT_COUNT categories: ['lsd', 'crack-cocaine'] }");
    SubmitOf("british-transport-police",
             "operation: 'county-lines-2021-10' start_date: '2021-10-11' end_date: '2021-10-11' "
             "figures { metric: 'arrests' value: 20000 unit: UNIT_COUNT }");
  }
};

struct QueryCase {
  std::string name;
  std::string query;
  std::vector<std::string> want;  // Rows, in their order.
  friend void PrintTo(const QueryCase& row, std::ostream* out) { *out << row.name; }
};

class FilterAndGroupTest : public TotalsOfThreeWeeksTest, public testing::WithParamInterface<QueryCase> {};

TEST_P(FilterAndGroupTest, GiveTheseRows) { EXPECT_THAT(Rows(GetParam().query), ElementsAreArray(GetParam().want)); }

// The arrests are 1 + 2 + 40 + 100 + 1000 + 20000.
INSTANTIATE_TEST_SUITE_P(
    Filters, FilterAndGroupTest,
    testing::ValuesIn<QueryCase>({
        {"NoneIsTheCountryByMetric",
         "",
         {"arrests: 21143 from 6/3, not broken down 21137", "drug-wraps: 68 from 1/1", "cash-seized: 700 from 1/1"}},
        {"Operation",
         "metrics: 'arrests' operations: 'county-lines-2021-10'",
         {"arrests: 21000 from 2/2, not broken down 21000"}},
        {"TwoOperations",
         "metrics: 'arrests' operations: ['drugs-2017-03', 'county-lines-2021-10']",
         {"arrests: 21001 from 3/3, not broken down 21001"}},
        {"OperationWithoutResults", "operations: 'county-lines-2022-03'", {}},
        {"Region", "metrics: 'arrests' regions: 'south-east'", {"arrests: 1101 from 3/2, not broken down 1101"}},
        {"TwoRegionsLeaveOutBodiesInNone",
         "metrics: 'arrests' regions: ['south-east', 'eastern']",
         {"arrests: 1143 from 5/2, not broken down 1137"}},
        {"RegionWithoutResults", "regions: 'london'", {}},
        {"Force", "metrics: 'arrests' forces: 'kent'", {"arrests: 43 from 3/1, not broken down 39"}},
        {"TwoForces",
         "metrics: 'arrests' forces: ['kent', 'british-transport-police']",
         {"arrests: 20043 from 4/2, not broken down 20039"}},
        {"ForceAndRegion",
         "metrics: 'arrests' forces: 'kent' regions: 'south-east'",
         {"arrests: 1 from 1/1, not broken down 1"}},
        {"ForceOfAnotherRegion", "forces: 'surrey' regions: 'eastern'", {}},
        {"MetricsComeInTheOrderOfTheCatalogue",
         "metrics: ['cash-seized', 'drug-wraps']",
         {"drug-wraps: 68 from 1/1", "cash-seized: 700 from 1/1"}},
        {"MetricWithoutResults", "metrics: 'charges'", {}},
        {"Category", "categories: 'child'", {"arrests child: 6 from 2/1, not broken down 2"}},
        {"CategoriesOfTwoBreakdownsAreBoth", "categories: ['child', 'male']", {"arrests male child: 4 from 1/1"}},
        {"CategoriesOfOneBreakdownAreTheirUnion",
         "categories: ['heroin', 'cannabis']",
         {"drug-wraps heroin cannabis: 65 from 1/1"}},
        {"CategoryWithinAnotherAddsNothing",
         "categories: ['heroin', 'class-a']",
         {"drug-wraps class-a: 63 from 1/1, "
          "not broken down 3"}},
        {"CategoryWithoutResults", "categories: 'ketamine'", {}},
        {"CategoriesOfNoCommonMetric", "categories: ['heroin', 'male']", {}},
        {"FirstDay", "metrics: 'arrests' start_date: '2023-02-28'", {"arrests: 100 from 1/1, not broken down 100"}},
        {"FirstDayIsInclusive",
         "metrics: 'arrests' start_date: '2023-02-27'",
         {"arrests: 142 from 3/2, not broken down 136"}},
        {"LastDay", "metrics: 'arrests' end_date: '2021-10-10'", {"arrests: 1 from 1/1, not broken down 1"}},
        {"LastDayIsInclusive",
         "metrics: 'arrests' end_date: '2021-10-11'",
         {"arrests: 21001 from 3/3, not broken down 21001"}},
        {"OneDay",
         "metrics: 'arrests' start_date: '2023-02-27' end_date: '2023-02-27'",
         {"arrests: 2 from 1/1, not broken down 2"}},
        {"OneDayTooFewForAWeek",
         "metrics: 'arrests' start_date: '2023-02-27' end_date: '2023-03-04' forces: 'kent'",
         {"arrests: 2 from 1/1, not broken down 2"}},
        {"AWholeWeek",
         "metrics: 'arrests' start_date: '2023-02-27' end_date: '2023-03-05' forces: 'kent'",
         {"arrests: 42 from 2/1, not broken down 38"}},
        {"Everything",
         "metrics: 'arrests' operations: 'county-lines-2023-02' regions: 'eastern' forces: 'kent' categories: 'child' "
         "start_date: '2023-02-27' end_date: '2023-03-05'",
         {"arrests child: 6 from 2/1, not broken down 2"}},
    }),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Groupings, FilterAndGroupTest,
    testing::ValuesIn<QueryCase>({
        {"ByOperationInOrderOfTime",
         "metrics: 'arrests' group_by: GROUP_BY_OPERATION",
         {"drugs-2017-03 arrests: 1 from 1/1, not broken down 1",
          "county-lines-2021-10 arrests: 21000 from 2/2, not broken down 21000",
          "county-lines-2023-02 arrests: 142 from 3/2, not broken down 136"}},
        {"ByRegionWithThoseInNoneLast",
         "metrics: 'arrests' group_by: GROUP_BY_REGION",
         {"eastern arrests: 42 from 2/1, not broken down 38", "south-east arrests: 1101 from 3/2, not broken down 1101",
          "arrests: 20000 from 1/1, not broken down 20000"}},
        {"ByRegionOfRegions",
         "metrics: 'arrests' group_by: GROUP_BY_REGION regions: 'eastern'",
         {"eastern arrests: 42 from 2/1, not broken down 38"}},
        {"ByForce",
         "metrics: 'arrests' group_by: GROUP_BY_FORCE",
         {"surrey arrests: 1100 from 2/1, not broken down 1100", "kent arrests: 43 from 3/1, not broken down 39",
          "british-transport-police arrests: 20000 from 1/1, not broken down 20000"}},
        {"ByDateWithSeveralDaysLast",
         "metrics: 'arrests' group_by: GROUP_BY_DATE",
         {"2017-03-06 arrests: 1 from 1/1, not broken down 1",
          "2021-10-11 arrests: 21000 from 2/2, not broken down 21000",
          "2023-02-27 arrests: 2 from 1/1, not broken down 2", "2023-02-28 arrests: 100 from 1/1, not broken down 100",
          "arrests: 40 from 1/1, not broken down 36"}},
        {"ByCategoryWithParentsFirst",
         "metrics: 'drug-wraps' group_by: GROUP_BY_CATEGORY",
         {"drug-wraps: 68 from 1/1", "drug-wraps class-a: 63 from 1/1, not broken down 3",
          "drug-wraps heroin: 60 from 1/1", "drug-wraps class-b: 5 from 1/1", "drug-wraps cannabis: 5 from 1/1",
          "drug-wraps cannabis-resin: 5 from 1/1"}},
        {"ByCategoriesOfTwoBreakdowns",
         "metrics: 'arrests' group_by: GROUP_BY_CATEGORY operations: 'county-lines-2023-02'",
         {"arrests: 142 from 3/2, not broken down 136", "arrests child: 6 from 2/1, not broken down 2",
          "arrests male: 104 from 2/2, not broken down 100", "arrests male child: 4 from 1/1"}},
        {"ByCategoriesOfOneOfTwoBreakdowns",
         "metrics: 'arrests' group_by: GROUP_BY_CATEGORY breakdowns: 'age' operations: 'county-lines-2023-02'",
         {"arrests: 142 from 3/2, not broken down 136", "arrests child: 6 from 2/1"}},
        {"ByCategoriesBelowOne",
         "group_by: GROUP_BY_CATEGORY categories: 'class-b'",
         {"drug-wraps class-b: 5 from 1/1", "drug-wraps cannabis: 5 from 1/1",
          "drug-wraps cannabis-resin: 5 from 1/1"}},
        {"ByCategoriesOfOneBreakdownWithinOneOfTheOther",
         "group_by: GROUP_BY_CATEGORY breakdowns: 'sex' categories: 'child'",
         {"arrests child: 6 from 2/1, not broken down 2", "arrests male child: 4 from 1/1"}},
        {"BreakdownsSayWhatIsNotBrokenDownAlsoWithoutCategories",
         "metrics: 'arrests' breakdowns: 'sex' operations: 'county-lines-2023-02'",
         {"arrests: 142 from 3/2, not broken down 38"}},
        {"ByCategoriesOfABreakdownThatTheMetricLacks",
         "metrics: 'cash-seized' group_by: GROUP_BY_CATEGORY breakdowns: 'sex'",
         {"cash-seized: 700 from 1/1"}},
        {"ByAllOfThem",
         "metrics: 'arrests' forces: 'kent' group_by: [GROUP_BY_CATEGORY, GROUP_BY_DATE, GROUP_BY_FORCE, "
         "GROUP_BY_REGION, GROUP_BY_OPERATION] breakdowns: 'age'",
         {"drugs-2017-03 south-east kent 2017-03-06 arrests: 1 from 1/1, not broken down 1",
          "county-lines-2023-02 eastern kent 2023-02-27 arrests: 2 from 1/1",
          "county-lines-2023-02 eastern kent 2023-02-27 arrests child: 2 from 1/1",
          "county-lines-2023-02 eastern kent arrests: 40 from 1/1, not broken down 36",
          "county-lines-2023-02 eastern kent arrests child: 4 from 1/1"}},
    }),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    DatedRegions, FilterAndGroupTest,
    testing::ValuesIn<QueryCase>({
        {"KentIn2017",
         "metrics: 'arrests' forces: 'kent' operations: 'drugs-2017-03' group_by: GROUP_BY_REGION",
         {"south-east arrests: 1 from 1/1, not broken down 1"}},
        {"KentIn2023",
         "metrics: 'arrests' forces: 'kent' operations: 'county-lines-2023-02' group_by: GROUP_BY_REGION",
         {"eastern arrests: 42 from 2/1, not broken down 38"}},
        {"AsOfTheDayBeforeItMoved",
         "metrics: 'arrests' forces: 'kent' regions_as_of: '2018-08-31' group_by: GROUP_BY_REGION",
         {"south-east arrests: 43 from 3/1, not broken down 39"}},
        {"AsOfTheDayOnWhichItMoved",
         "metrics: 'arrests' forces: 'kent' regions_as_of: '2018-09-01' group_by: GROUP_BY_REGION",
         {"eastern arrests: 43 from 3/1, not broken down 39"}},
        {"AsOfADayOnWhichItWasInNone",
         "metrics: 'arrests' forces: 'kent' regions_as_of: '2013-12-31' group_by: GROUP_BY_REGION",
         {"arrests: 43 from 3/1, not broken down 39"}},
        {"AFilterAsOfThen",
         "metrics: 'arrests' regions: 'south-east' regions_as_of: '2018-08-31'",
         {"arrests: 1143 from 5/2, not broken down 1137"}},
        {"AFilterAsOfLater",
         "metrics: 'arrests' regions: 'south-east' regions_as_of: '2018-09-01'",
         {"arrests: 1100 from 2/1, not broken down 1100"}},
        {"TheCountryIsTheSame",
         "metrics: 'arrests' regions_as_of: '2018-08-31'",
         {"arrests: 21143 from 6/3, not broken down 21137"}},
    }),
    [](const auto& row) { return row.param.name; });

TEST_F(TotalsTest, AResultOfSeveralDaysIsInTheRegionOfItsLast) {
  PutOperation(OperationFromText("id: 'move' title: 'Move' start_date: '2018-08-27' end_date: '2018-09-02'"));
  const auto submit = [this](const std::string& first, const std::string& last, const std::string& value) {
    SubmitOf("kent", absl::StrCat("operation: 'move' start_date: '", first, "' end_date: '", last,
                                  "' figures { metric: 'cash-seized' unit: UNIT_PENNY value: ", value, " }"));
  };
  submit("2018-08-30", "2018-08-31", "1");
  EXPECT_THAT(Rows("group_by: GROUP_BY_REGION"), ElementsAre("south-east cash-seized: 1 from 1/1"));
  submit("2018-08-31", "2018-09-01", "20");
  submit("2018-09-01", "2018-09-01", "300");
  EXPECT_THAT(Rows("group_by: GROUP_BY_REGION"),
              ElementsAre("eastern cash-seized: 320 from 2/1", "south-east cash-seized: 1 from 1/1"));
  EXPECT_THAT(Rows("regions: 'eastern'"), ElementsAre("cash-seized: 320 from 2/1"));
  EXPECT_THAT(Rows("regions: 'south-east'"), ElementsAre("cash-seized: 1 from 1/1"));
  EXPECT_THAT(Rows(""), ElementsAre("cash-seized: 321 from 3/1"));
}

TEST_F(TotalsTest, TheEdgesOfADateFilterCountWhatTheyCut) {
  for (const auto& [first, last] : std::vector<std::pair<int, int>>{{11, 11}, {11, 12}, {12, 13}, {12, 16}, {14, 15}}) {
    SubmitOf("kent", absl::StrCat("operation: 'county-lines-2021-10' start_date: '2021-10-", first,
                                  "' end_date: '2021-10-", last, "' figures { metric: 'cash-seized' }"));
  }
  SubmitOf("surrey", "operation: 'county-lines-2021-10' start_date: '2021-10-11' end_date: '2021-10-17' nil: true");
  const auto cut_by = [this](absl::string_view query) { return Query(QueryFromText(query))->cut_by_period_count(); };
  EXPECT_EQ(cut_by(""), 0);
  EXPECT_EQ(cut_by("start_date: '2021-10-11' end_date: '2021-10-17'"), 0);
  EXPECT_EQ(cut_by("start_date: '2021-10-12'"), 2) << "11 to 12, and Surrey's";
  EXPECT_EQ(cut_by("end_date: '2021-10-12'"), 3) << "12 to 13, 12 to 16, and Surrey's";
  EXPECT_EQ(cut_by("start_date: '2021-10-13' end_date: '2021-10-14'"), 4) << "all but the first two";
  EXPECT_EQ(cut_by("start_date: '2021-10-17'"), 1) << "one day of a week is a cut, too";
  EXPECT_EQ(cut_by("start_date: '2021-10-18'"), 0);
  EXPECT_EQ(cut_by("start_date: '2021-10-13' end_date: '2021-10-14' forces: 'kent'"), 3);
  EXPECT_EQ(cut_by("start_date: '2021-10-13' end_date: '2021-10-14' regions: 'south-east'"), 1) << "Kent is elsewhere";
  EXPECT_EQ(cut_by("start_date: '2021-10-13' end_date: '2021-10-14' operations: 'county-lines-2022-03'"), 0);
  EXPECT_EQ(cut_by("start_date: '2021-10-13' end_date: '2021-10-14' metrics: 'charges'"), 4) << "whatever its metrics";
}

// What is stated of cash by several forces, and what the total of it says.
struct MixtureCase {
  std::string name;
  std::vector<std::string> figures;  // Fields of a figure of cash-seized.
  std::string want;
  friend void PrintTo(const MixtureCase& row, std::ostream* out) { *out << row.name; }
};

class MixtureTest : public TotalsTest, public testing::WithParamInterface<MixtureCase> {};

TEST_P(MixtureTest, KeepsItsMeaning) {
  const std::vector<std::string> forces = {"kent", "surrey", "sussex", "hampshire"};
  for (size_t i = 0; i < GetParam().figures.size(); ++i) {
    SubmitOf(forces[i], absl::StrCat("operation: 'county-lines-2021-10' start_date: '2021-10-11' end_date: "
                                     "'2021-10-17' figures { metric: 'cash-seized' ",
                                     GetParam().figures[i], " }"));
  }
  const absl::StatusOr<v1::QueryTotalsResponse> answer = Query(v1::TotalsQuery());
  ASSERT_THAT(answer, IsOk());
  ASSERT_THAT(answer->rows(), SizeIs(1));
  EXPECT_EQ(answer->rows(0).total().ShortDebugString(), GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(
    Qualifiers, MixtureTest,
    testing::ValuesIn<MixtureCase>({
        {"Exact",
         {"value: 5 unit: UNIT_POUND", "value: 7 unit: UNIT_PENNY qualifier: QUALIFIER_EXACT"},
         "sum: 507 unit: UNIT_PENNY qualifier: QUALIFIER_EXACT at_least: 507 at_most: 507 result_count: 2 "
         "force_count: 2"},
        {"ExactZeroIsATotal",
         {"value: 0 unit: UNIT_POUND"},
         "sum: 0 unit: UNIT_PENNY qualifier: QUALIFIER_EXACT at_most: 0 result_count: 1 force_count: 1"},
        {"OverIsCertainAndHasNoBound",
         {"value: 5 unit: UNIT_PENNY", "value: 7 unit: UNIT_PENNY qualifier: QUALIFIER_AT_LEAST"},
         "sum: 12 unit: UNIT_PENNY qualifier: QUALIFIER_AT_LEAST at_least: 12 result_count: 2 force_count: 2"},
        {"UpToIsABoundOfWhichNothingIsCertain",
         {"value: 5 unit: UNIT_PENNY", "value: 7 unit: UNIT_PENNY qualifier: QUALIFIER_AT_MOST"},
         "sum: 12 unit: UNIT_PENNY qualifier: QUALIFIER_AT_MOST at_least: 5 at_most: 12 result_count: 2 "
         "force_count: 2"},
        {"AboutIsNeither",
         {"value: 5 unit: UNIT_PENNY", "value: 7 unit: UNIT_PENNY qualifier: QUALIFIER_ESTIMATE"},
         "sum: 12 unit: UNIT_PENNY qualifier: QUALIFIER_ESTIMATE at_least: 5 estimate: 7 result_count: 2 "
         "force_count: 2"},
        {"OverAboutAndExact",
         {"value: 120000 unit: UNIT_POUND qualifier: QUALIFIER_AT_LEAST",
          "value: 66000 unit: UNIT_POUND qualifier: QUALIFIER_ESTIMATE", "value: 25595 unit: UNIT_POUND"},
         "sum: 21159500 unit: UNIT_PENNY qualifier: QUALIFIER_ESTIMATE at_least: 14559500 estimate: 6600000 "
         "result_count: 3 force_count: 3"},
        {"OverAndUpToAreAnEstimateTogether",
         {"value: 5 unit: UNIT_PENNY qualifier: QUALIFIER_AT_LEAST",
          "value: 7 unit: UNIT_PENNY qualifier: QUALIFIER_AT_MOST"},
         "sum: 12 unit: UNIT_PENNY qualifier: QUALIFIER_ESTIMATE at_least: 5 result_count: 2 force_count: 2"},
        {"WhatIsToBeCountedIsNotZero",
         {""},
         "sum: 0 unit: UNIT_PENNY qualifier: QUALIFIER_AT_LEAST result_count: 1 force_count: 1 uncounted_count: 1"},
        {"WhatIsToBeCountedTakesTheBoundAway",
         {"value: 5 unit: UNIT_PENNY", "", ""},
         "sum: 5 unit: UNIT_PENNY qualifier: QUALIFIER_AT_LEAST at_least: 5 result_count: 3 force_count: 3 "
         "uncounted_count: 2"},
        {"WhatIsToBeCountedBesideUpToIsAnEstimate",
         {"value: 5 unit: UNIT_PENNY qualifier: QUALIFIER_AT_MOST", ""},
         "sum: 5 unit: UNIT_PENNY qualifier: QUALIFIER_ESTIMATE result_count: 2 force_count: 2 uncounted_count: 1"},
    }),
    [](const auto& row) { return row.param.name; });

TEST_F(TotalsTest, AForceAndAResultAreCountedOnceInARowHoweverTheyWereSummed) {
  for (const char* const day : {"2021-10-11", "2021-10-12"}) {
    SubmitOf("kent", absl::StrCat("operation: 'county-lines-2021-10' start_date: '", day, "' end_date: '", day,
                                  "' figures { metric: 'weapons-seized' value: 1 unit: UNIT_COUNT categories: 'knife' }"
                                  " figures { metric: 'weapons-seized' value: 2 unit: UNIT_COUNT categories: 'axe' }"));
  }
  SubmitOf("kent",
           "operation: 'county-lines-2023-02' start_date: '2023-02-27' end_date: '2023-02-27' "
           "figures { metric: 'weapons-seized' value: 4 unit: UNIT_COUNT categories: 'crossbow' }");
  EXPECT_THAT(Rows(""), ElementsAre("weapons-seized: 10 from 3/1"));
  EXPECT_THAT(Rows("categories: ['knife', 'axe']"), ElementsAre("weapons-seized knife axe: 6 from 2/1"));
  EXPECT_THAT(Rows("categories: ['knife', 'axe', 'crossbow'] start_date: '2021-10-12'"),
              ElementsAre("weapons-seized knife axe crossbow: 7 from 2/1"));
  EXPECT_THAT(Rows("categories: ['knife', 'firearm']"), ElementsAre("weapons-seized firearm knife: 2 from 2/1"))
      << "categories come in the order of the catalogue";
}

TEST_F(TotalsTest, PercentagesAreShownAsStatedAndNeverAddUp) {
  for (const char* const force : {"kent", "surrey"}) {
    SubmitOf(force,
             "operation: 'county-lines-2021-10' start_date: '2021-10-11' end_date: '2021-10-11' "
             "figures { metric: 'first-time-arrest-percent' value: 40 unit: UNIT_COUNT } "
             "figures { metric: 'arrests' value: 10 unit: UNIT_COUNT }");
  }
  SubmitOf("surrey",
           "operation: 'county-lines-2021-10' start_date: '2021-10-12' end_date: '2021-10-12' "
           "figures { metric: 'first-time-arrest-percent' value: 50 unit: UNIT_COUNT }");
  EXPECT_THAT(Rows(""), ElementsAre("arrests: 20 from 2/2, not broken down 20")) << "left out where it would be added";
  EXPECT_THAT(Rows("group_by: GROUP_BY_FORCE"), SizeIs(2)) << "by force alone it would be added over operations";
  EXPECT_THAT(
      Rows("group_by: GROUP_BY_FORCE operations: 'county-lines-2021-10'"),
      ElementsAre("surrey arrests: 10 from 1/1, not broken down 10",
                  "surrey first-time-arrest-percent: no sum from 2/1", "kent arrests: 10 from 1/1, not broken down 10",
                  "kent first-time-arrest-percent: 40 from 1/1"));
  EXPECT_THAT(Rows("metrics: 'first-time-arrest-percent' group_by: [GROUP_BY_FORCE, GROUP_BY_OPERATION, GROUP_BY_DATE] "
                   "forces: 'surrey'"),
              ElementsAre("county-lines-2021-10 surrey 2021-10-11 first-time-arrest-percent: 40 from 1/1",
                          "county-lines-2021-10 surrey 2021-10-12 first-time-arrest-percent: 50 from 1/1"));
  FieldProblems problems;
  EXPECT_FALSE(ParseTotalsQuery(QueryFromText("metrics: 'first-time-arrest-percent' group_by: GROUP_BY_FORCE"), "query",
                                catalogue(), *cubes().operations(), &problems));
  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_EQ(problems[0].reason, "NOT_ADDITIVE");
}

TEST_F(TotalsTest, PartsThatMayOverlapAreNeverSummedIntoATotal) {
  SubmitOf("kent",
           "operation: 'county-lines-2021-10' start_date: '2021-10-11' end_date: '2021-10-11' "
           "figures { metric: 'drug-seizures' value: 10 unit: UNIT_COUNT } "
           "figures { metric: 'drug-seizures' value: 8 unit: UNIT_COUNT categories: 'heroin' } "
           "figures { metric: 'drug-seizures' value: 7 unit: UNIT_COUNT categories: 'crack-cocaine' }");
  SubmitOf("surrey",
           "operation: 'county-lines-2021-10' start_date: '2021-10-11' end_date: '2021-10-11' "
           "figures { metric: 'drug-seizures' value: 3 unit: UNIT_COUNT categories: 'heroin' }");
  EXPECT_THAT(Rows("group_by: GROUP_BY_CATEGORY"),
              ElementsAre("drug-seizures: 10 from 1/1", "drug-seizures crack-cocaine: 7 from 1/1",
                          "drug-seizures heroin: 11 from 2/2"))
      << "class A was stated by nobody, so it has no row";
  EXPECT_THAT(Rows("categories: 'heroin'"), ElementsAre("drug-seizures heroin: 11 from 2/2"));
  EXPECT_THAT(Rows("categories: ['heroin', 'lsd']"), IsEmpty()) << "a union has no total";
  FieldProblems problems;
  EXPECT_FALSE(ParseTotalsQuery(QueryFromText("metrics: 'drug-seizures' categories: ['heroin', 'lsd']"), "query",
                                catalogue(), *cubes().operations(), &problems));
  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_EQ(problems[0].reason, "PARTS_OVERLAP");
  EXPECT_THAT(Rows("metrics: 'drug-seizures' categories: ['heroin', 'class-a']"), IsEmpty())
      << "one within the other is no union; nobody stated class A";
}

TEST_F(TotalsTest, ATotalBeyondSixtyFourBitsIsAnErrorThatNamesItAndNarrowerOnesAreThere) {
  // Each is the most that a figure may say, 10^15 in the metric's unit; 9,223 of them fit 2^63, 9,224 do not.
  constexpr int kFit = 9'223;
  std::vector<v1::OperationResult> results;
  for (int i = 0; i <= kFit; ++i) {
    results.push_back(Warrants(i < kFit ? "kent" : "surrey", absl::StrCat(i), 1, 1'000'000'000'000'000));
    results.back().mutable_figures(0)->set_metric("cannabis-plants");
    if (results.size() == 1'000 || i == kFit) Submit(std::exchange(results, {}));
  }
  const absl::StatusOr<v1::QueryTotalsResponse> answer = Query(v1::TotalsQuery());
  EXPECT_THAT(answer, StatusIs(absl::StatusCode::kOutOfRange, HasSubstr("\"cannabis-plants\"")));
  EXPECT_THAT(Rows("metrics: 'arrests'"), IsEmpty()) << "other questions are answered";
  EXPECT_THAT(Rows("group_by: GROUP_BY_FORCE"), ElementsAre("surrey cannabis-plants: 1000000000000000 from 1/1",
                                                            "kent cannabis-plants: 9223000000000000000 from 9223/1"));
  SubmitOne(Retraction("kent", "0", 2));
  EXPECT_THAT(Rows(""), ElementsAre("cannabis-plants: 9223000000000000000 from 9223/2")) << "exact again";
}

TEST_F(TotalsOfThreeWeeksTest, AllNumbersOfAnAnswerAreOfOnePositionAndTime) {
  const absl::StatusOr<v1::QueryTotalsResponse> answer = Query(QueryFromText("operations: 'county-lines-2021-10'"));
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->position(), 7);
  EXPECT_GE(google::protobuf::util::TimeUtil::TimestampToMicroseconds(answer->as_of_time()), now_us_);
  EXPECT_EQ(answer->coverage().expected_count(), 43);
  EXPECT_EQ(answer->coverage().reported_count(), 1) << "of the forces and operations of the query";
}

// Whose results may count.
struct ShownCase {
  std::string name;
  std::vector<std::string> forces, regions;  // That may be shown.
  bool only_shown;
  std::string query;
  std::vector<std::string> want;
  int64_t want_cut;
  friend void PrintTo(const ShownCase& row, std::ostream* out) { *out << row.name; }
};

class ShownTest : public TotalsOfThreeWeeksTest, public testing::WithParamInterface<ShownCase> {};

TEST_P(ShownTest, LeavesTheOthersOut) {
  FieldProblems problems;
  std::optional<TotalsQuery> query =
      ParseTotalsQuery(QueryFromText(GetParam().query), "query", catalogue(), *cubes().operations(), &problems);
  ASSERT_TRUE(query.has_value());
  query->scope.shown = BodySet();
  for (const std::string& force : GetParam().forces) query->scope.shown.AddForce(*catalogue().FindForce(force));
  for (const std::string& region : GetParam().regions) query->scope.shown.AddRegion(*catalogue().FindRegion(region));
  query->scope.only_shown = GetParam().only_shown;
  v1::QueryTotalsResponse answer;
  ASSERT_TRUE(ComputeTotals(cubes(), *query, &answer).ok());
  EXPECT_THAT(RowsInWords(answer.rows()), ElementsAreArray(GetParam().want));
  EXPECT_EQ(answer.cut_by_period_count(), GetParam().want_cut);
}

INSTANTIATE_TEST_SUITE_P(
    Bodies, ShownTest,
    testing::ValuesIn<ShownCase>({
        {"NobodyIsShownAndAllCount",
         {},
         {},
         false,
         "metrics: 'arrests' start_date: '2023-02-28' end_date: '2023-02-28'",
         {"arrests: 100 from 1/1, not broken down 100"},
         1},
        {"NobodyCounts", {}, {}, true, "metrics: 'arrests' start_date: '2023-02-28' end_date: '2023-02-28'", {}, 0},
        {"OneForce",
         {"surrey"},
         {},
         true,
         "metrics: 'arrests' start_date: '2023-02-28' end_date: '2023-02-28' group_by: GROUP_BY_FORCE",
         {"surrey arrests: 100 from 1/1, not broken down 100"},
         0},
        // Kent left the South East in 2018, and no day that a query names brings it back.
        {"ARegionAsItWas",
         {},
         {"south-east"},
         true,
         "metrics: 'arrests' group_by: [GROUP_BY_OPERATION, GROUP_BY_FORCE] regions_as_of: '2017-03-06'",
         {"drugs-2017-03 kent arrests: 1 from 1/1, not broken down 1",
          "county-lines-2021-10 surrey arrests: 1000 from 1/1, not broken down 1000",
          "county-lines-2023-02 surrey arrests: 100 from 1/1, not broken down 100"},
         0},
    }),
    [](const auto& row) { return row.param.name; });

// Rows are written without protobuf's messages, and must be what those would be.
TEST_F(TotalsOfThreeWeeksTest, RowsTravelAsProtobufWritesThem) {
  SubmitOf("essex",
           "operation: 'county-lines-2023-02' start_date: '2023-02-28' end_date: '2023-02-28' "
           "figures { metric: 'cash-seized' value: 10000000000000 unit: UNIT_POUND qualifier: QUALIFIER_AT_MOST } "
           "figures { metric: 'drugs-weight' unit: UNIT_GRAM } "
           "figures { metric: 'arrests' value: 0 unit: UNIT_COUNT } "
           "figures { metric: 'warrants-executed' value: 5 unit: UNIT_COUNT qualifier: QUALIFIER_ESTIMATE }");
  for (const char* const text : {
           "",
           "group_by: [GROUP_BY_OPERATION, GROUP_BY_REGION, GROUP_BY_FORCE, GROUP_BY_DATE, GROUP_BY_CATEGORY]",
           "group_by: [GROUP_BY_FORCE, GROUP_BY_OPERATION]",
           "metrics: 'drug-wraps' categories: ['heroin', 'lsd']",
           "operations: 'county-lines-2023-02' baseline_operation: 'county-lines-2021-10' group_by: GROUP_BY_FORCE",
           "operations: 'county-lines-2023-02' baseline_operation: 'county-lines-2021-10' group_by: GROUP_BY_DATE",
       }) {
    FieldProblems problems;
    const std::optional<TotalsQuery> query =
        ParseTotalsQuery(QueryFromText(text), "query", catalogue(), *cubes().operations(), &problems);
    ASSERT_TRUE(query.has_value()) << text;
    v1::QueryTotalsResponse rest;
    TotalsRows rows;
    ASSERT_TRUE(ComputeTotals(cubes(), *query, &rest, &rows, nullptr).ok());
    EXPECT_EQ(rest.rows_size(), 0);
    EXPECT_GT(rows.count, 0) << text;
    v1::QueryTotalsResponse answer;
    rows.AppendTo(&answer);
    EXPECT_EQ(answer.rows_size(), rows.count) << text;
    EXPECT_EQ(answer.SerializeAsString(), rows.bytes) << text << ": " << answer.ShortDebugString();
  }
}

}  // namespace
}  // namespace muster
