// Published results of three weeks, and what a regional coordinator must read from them.
#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_join.h"
#include "clients/cli/csv_results.h"
#include "tests/domain/random_seed.h"
#include "tests/service/server_fixture.h"

namespace muster {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr v1::Unit kPounds = v1::UNIT_POUND;
constexpr v1::Qualifier kExact = v1::QUALIFIER_EXACT;
constexpr v1::Qualifier kAtLeast = v1::QUALIFIER_AT_LEAST;
constexpr v1::Qualifier kEstimate = v1::QUALIFIER_ESTIMATE;

// One force's return of one week.
v1::OperationResult Week(const std::string& operation, const std::string& force, bool final,
                         const std::vector<v1::Figure>& figures) {
  v1::OperationResult result;
  result.set_operation(operation);
  result.set_force(force);
  result.set_result_id("week-1");
  result.set_revision(1);
  const bool in_2021 = operation == kOctober2021;
  result.set_start_date(in_2021 ? "2021-10-11" : "2023-02-27");
  result.set_end_date(in_2021 ? "2021-10-17" : "2023-03-05");
  result.set_final(final);
  for (const v1::Figure& figure : figures) *result.add_figures() = figure;
  return result;
}

class PublishedFiguresTest : public ServerTest {
 protected:
  void SubmitFebruary2023() {
    Take(
        {Week(kFebruary2023, "thames-valley", false,
              {MakeFigure("arrests", 102), MakeFigure("cash-seized", 66'000, {}, kPounds, kEstimate),
               MakeFigure("drug-wraps", 400, {"powder-cocaine", "heroin", "crack-cocaine"}, v1::UNIT_COUNT, kAtLeast)}),
         Week(kFebruary2023, "hampshire", true,
              {MakeFigure("arrests", 93), MakeFigure("cash-seized", 25'595, {}, kPounds),
               MakeFigure("drugs-weight", 151'500, {"crack-cocaine"}, v1::UNIT_MILLIGRAM),
               MakeFigure("drugs-weight", 25, {"heroin"}, v1::UNIT_GRAM)}),
         Week(kFebruary2023, "sussex", true,
              {MakeFigure("arrests", 27), MakeFigure("cash-seized", 15'500, {}, kPounds, kAtLeast),
               MakeFigure("drug-wraps", 182, {"crack-cocaine"}), MakeFigure("drug-wraps", 121, {"heroin"}),
               MakeFigure("drug-wraps", 71, {"powder-cocaine"})}),
         Week(kFebruary2023, "surrey", true,
              {MakeFigure("arrests", 8), MakeFigure("cash-seized", 17'000, {}, kPounds, kAtLeast),
               MakeFigure("drug-wraps", 168, {"crack-cocaine"})}),
         Week(kFebruary2023, "west-mercia", true,
              {MakeFigure("arrests", 60), MakeFigure("cash-seized", 7'000, {}, kPounds, kEstimate)})});
  }

  void SubmitOctober2021() {
    Take({Week(kOctober2021, "thames-valley", true,
               {MakeFigure("arrests", 61), MakeFigure("cash-seized", 120'000, {}, kPounds, kAtLeast),
                MakeFigure("drugs-weight", 430, {"crack-cocaine", "heroin", "powder-cocaine"}, v1::UNIT_GRAM,
                           kAtLeast)}),
          Week(kOctober2021, "hampshire", true,
               {MakeFigure("arrests", 43), MakeFigure("arrests", 7, {"child"}),
                MakeFigure("cash-seized", 50'272, {}, kPounds)}),
          Week(kOctober2021, "sussex", true,
               {MakeFigure("arrests", 31), MakeFigure("cash-seized", 7'000, {}, kPounds, kAtLeast)}),
          Week(kOctober2021, "northumbria", true,
               {MakeFigure("arrests", 28), MakeFigure("arrests", 22, {"male", "adult"}),
                MakeFigure("arrests", 3, {"female", "adult"}), MakeFigure("arrests", 2, {"male", "child"})})});
  }

  void Take(const std::vector<v1::OperationResult>& results) {
    for (const auto answer = client().Submit(results); const v1::Receipt& receipt : answer.receipts()) {
      EXPECT_EQ(receipt.outcome(), v1::OUTCOME_ACCEPTED) << receipt.DebugString();
      EXPECT_THAT(receipt.warnings(), IsEmpty()) << receipt.DebugString();
    }
  }

  v1::QueryTotalsResponse Ask(const std::string& operation, const std::string& metric, const std::string& region,
                              bool by_category = false) {
    v1::TotalsQuery query;
    query.add_operations(operation);
    query.add_metrics(metric);
    if (!region.empty()) query.add_regions(region);
    if (by_category) query.add_group_by(v1::GROUP_BY_CATEGORY);
    return client().Query(query);
  }

  // What a query by category answers, by the categories of its rows.
  std::map<std::string, v1::Total> AskByCategory(const std::string& operation, const std::string& metric,
                                                 const std::string& region) {
    std::map<std::string, v1::Total> totals;
    for (const auto answer = Ask(operation, metric, region, true); const v1::TotalsRow& row : answer.rows()) {
      totals[absl::StrJoin(row.categories(), "+")] = row.total();
    }
    return totals;
  }
};

TEST_F(PublishedFiguresTest, TheSouthEastInFebruary2023) {
  SubmitFebruary2023();
  const v1::QueryTotalsResponse arrests = Ask(kFebruary2023, "arrests", "south-east");
  ASSERT_EQ(arrests.rows_size(), 1);
  EXPECT_EQ(arrests.rows(0).total().sum(), 230);
  EXPECT_EQ(arrests.rows(0).total().qualifier(), kExact);
  EXPECT_EQ(arrests.rows(0).total().at_least(), 230);
  EXPECT_EQ(arrests.rows(0).total().at_most(), 230);
  EXPECT_EQ(arrests.rows(0).total().force_count(), 4);
  EXPECT_EQ(arrests.coverage().expected_count(), 4);
  EXPECT_EQ(arrests.coverage().reported_count(), 4);
  EXPECT_EQ(arrests.coverage().final_count(), 3);  // Thames Valley's is provisional.
  EXPECT_THAT(arrests.coverage().missing_forces(), IsEmpty());

  const v1::Total cash = Ask(kFebruary2023, "cash-seized", "south-east").rows(0).total();
  EXPECT_EQ(cash.unit(), v1::UNIT_PENNY);
  EXPECT_EQ(cash.sum(), 12'409'500);
  EXPECT_EQ(cash.at_least(), 5'809'500);
  EXPECT_FALSE(cash.has_at_most());
  EXPECT_EQ(cash.estimate(), 6'600'000);
  EXPECT_EQ(cash.qualifier(), kEstimate);

  const std::optional<v1::Total> country = client().TotalOf(kFebruary2023, "arrests");
  EXPECT_EQ(country->sum(), 290);
  EXPECT_EQ(country->force_count(), 5);
}

TEST_F(PublishedFiguresTest, DrugWrapsByCategoryWithWhatWasNotBrokenDown) {
  SubmitFebruary2023();
  const std::map<std::string, v1::Total> wraps = AskByCategory(kFebruary2023, "drug-wraps", "south-east");
  std::map<std::string, std::pair<int64_t, int64_t>> found;  // Sum, not broken down.
  for (const auto& [categories, total] : wraps) found[categories] = {total.sum(), total.not_broken_down()};
  EXPECT_THAT(found,
              ElementsAre(Pair("", Pair(942, 0)), Pair("class-a", Pair(942, 400)), Pair("crack-cocaine", Pair(350, 0)),
                          Pair("heroin", Pair(121, 0)), Pair("powder-cocaine", Pair(71, 0))));
  EXPECT_EQ(wraps.at("").qualifier(), kAtLeast);
  EXPECT_EQ(wraps.at("heroin").qualifier(), kExact);
}

TEST_F(PublishedFiguresTest, TheSouthEastInOctober2021WithoutSurrey) {
  SubmitOctober2021();
  const v1::QueryTotalsResponse arrests = Ask(kOctober2021, "arrests", "south-east");
  EXPECT_EQ(arrests.rows(0).total().sum(), 135);
  EXPECT_EQ(arrests.coverage().expected_count(), 4);
  EXPECT_EQ(arrests.coverage().reported_count(), 3);
  EXPECT_THAT(arrests.coverage().missing_forces(), ElementsAre("surrey"));

  const v1::Total cash = Ask(kOctober2021, "cash-seized", "south-east").rows(0).total();
  EXPECT_EQ(cash.sum(), 17'727'200);
  EXPECT_EQ(cash.at_least(), 17'727'200);
  EXPECT_FALSE(cash.has_at_most());
  EXPECT_EQ(cash.qualifier(), kAtLeast);
  EXPECT_EQ(client().TotalOf(kOctober2021, "arrests")->sum(), 163);
}

TEST_F(PublishedFiguresTest, PartsBelowTheirTotalLeaveTheRestNotBrokenDown) {
  SubmitOctober2021();
  const std::map<std::string, v1::Total> arrests = AskByCategory(kOctober2021, "arrests", "north-east");
  EXPECT_EQ(arrests.at("").sum(), 28);
  EXPECT_EQ(arrests.at("").not_broken_down(), 1);
  EXPECT_EQ(arrests.at("male").sum(), 24);
  EXPECT_EQ(arrests.at("female").sum(), 3);
  EXPECT_EQ(arrests.at("adult").sum(), 25);
  EXPECT_EQ(arrests.at("child").sum(), 2);
  EXPECT_EQ(arrests.at("male+adult").sum(), 22);
  EXPECT_EQ(arrests.at("male+child").sum(), 2);
  EXPECT_EQ(arrests.at("female+adult").sum(), 3);
  EXPECT_EQ(arrests.count("female+child"), 0U);
}

TEST_F(PublishedFiguresTest, SeveralDrugsTogetherCountUnderTheirClassAndUnderNone) {
  SubmitOctober2021();
  const std::map<std::string, v1::Total> weight = AskByCategory(kOctober2021, "drugs-weight", "south-east");
  ASSERT_EQ(weight.size(), 2U);
  EXPECT_EQ(weight.at("class-a").sum(), 430'000);
  EXPECT_EQ(weight.at("class-a").unit(), v1::UNIT_MILLIGRAM);
  EXPECT_EQ(weight.at("class-a").qualifier(), kAtLeast);
  EXPECT_EQ(weight.at("class-a").not_broken_down(), 430'000);
  EXPECT_EQ(weight.at("").sum(), 430'000);
  EXPECT_FALSE(client().TotalOf(kOctober2021, "drugs-weight", {"heroin"}).has_value());
}

TEST_F(PublishedFiguresTest, WeightsAreExactToTheMilligram) {
  SubmitFebruary2023();
  EXPECT_EQ(client().TotalOf(kFebruary2023, "drugs-weight", {"crack-cocaine"})->sum(), 151'500);
  EXPECT_EQ(client().TotalOf(kFebruary2023, "drugs-weight")->sum(), 176'500);
  Take({Week(kFebruary2023, "essex", true, {MakeFigure("drugs-weight", 30, {}, v1::UNIT_KILOGRAM)})});
  EXPECT_EQ(client().TotalOf(kFebruary2023, "drugs-weight")->sum(), 30'176'500);
  EXPECT_EQ(client().TotalOf(kFebruary2023, "drugs-weight")->qualifier(), kExact);
}

TEST_F(PublishedFiguresTest, ATotalOfAllQualifiersReadsAsACarefulWriterWouldSayIt) {
  Take({Week(kFebruary2023, "thames-valley", true, {MakeFigure("cash-seized", 120'000, {}, kPounds, kAtLeast)}),
        Week(kFebruary2023, "hampshire", true, {MakeFigure("cash-seized", 66'000, {}, kPounds, kEstimate)}),
        Week(kFebruary2023, "sussex", true, {MakeFigure("cash-seized", 25'595, {}, kPounds)})});
  v1::Total cash = *client().TotalOf(kFebruary2023, "cash-seized");
  EXPECT_EQ(cash.sum(), 21'159'500);
  EXPECT_EQ(cash.at_least(), 14'559'500);
  EXPECT_FALSE(cash.has_at_most());
  EXPECT_EQ(cash.qualifier(), kEstimate);
}

TEST_F(PublishedFiguresTest, AtMostIsABoundOfWhichNothingIsCertain) {
  Take({Week(kFebruary2023, "thames-valley", true,
             {MakeFigure("cash-seized", 1'000, {}, kPounds, v1::QUALIFIER_AT_MOST)}),
        Week(kFebruary2023, "hampshire", true, {MakeFigure("cash-seized", 500, {}, kPounds)})});
  const v1::Total cash = *client().TotalOf(kFebruary2023, "cash-seized");
  EXPECT_EQ(cash.sum(), 150'000);
  EXPECT_EQ(cash.at_least(), 50'000);
  EXPECT_EQ(cash.at_most(), 150'000);
  EXPECT_EQ(cash.qualifier(), v1::QUALIFIER_AT_MOST);
}

TEST_F(PublishedFiguresTest, WhatIsStillToBeCountedIsNotZeroAndTakesTheUpperBoundAway) {
  v1::Figure uncounted;
  uncounted.set_metric("cash-seized");
  Take({Week(kFebruary2023, "thames-valley", true, {uncounted}),
        Week(kFebruary2023, "hampshire", true, {MakeFigure("cash-seized", 500, {}, kPounds)})});
  const v1::Total cash = *client().TotalOf(kFebruary2023, "cash-seized");
  EXPECT_EQ(cash.sum(), 50'000);
  EXPECT_EQ(cash.uncounted_count(), 1);
  EXPECT_EQ(cash.force_count(), 2);
  EXPECT_FALSE(cash.has_at_most());
  EXPECT_EQ(cash.qualifier(), kAtLeast);
}

TEST_F(PublishedFiguresTest, ABodyInNoRegionIsInTheCountryOnly) {
  SubmitFebruary2023();
  Take({Week(kFebruary2023, "british-transport-police", true, {MakeFigure("arrests", 5)})});
  v1::TotalsQuery query;
  query.add_operations(kFebruary2023);
  query.add_metrics("arrests");
  query.add_group_by(v1::GROUP_BY_REGION);
  std::vector<std::pair<std::string, int64_t>> rows;
  for (const auto answer = client().Query(query); const v1::TotalsRow& row : answer.rows()) {
    rows.emplace_back(row.region(), row.total().sum());
  }
  EXPECT_THAT(rows, ElementsAre(Pair("west-midlands-region", 60), Pair("south-east", 230), Pair("", 5)));
  EXPECT_EQ(client().TotalOf(kFebruary2023, "arrests")->sum(), 295);
}

// Kent moved from the South East to the Eastern region in 2018.
TEST_F(PublishedFiguresTest, KentCountsInTheRegionOfTheDayUnlessTheQueryNamesAnother) {
  v1::CreateOperationRequest create;
  create.mutable_operation()->set_id("county-lines-2017-11");
  create.mutable_operation()->set_title("A week of 2017");
  create.mutable_operation()->set_start_date("2017-11-06");
  create.mutable_operation()->set_end_date("2017-11-12");
  v1::CreateOperationResponse created;
  ASSERT_THAT(MUSTER_CALL(client(), catalogue, CreateOperation, create, &created), IsOkCall());
  v1::OperationResult result = Week(kFebruary2023, "kent", true, {MakeFigure("arrests", 20)});
  Take({result});
  result = Week(create.operation().id(), "kent", true, {MakeFigure("arrests", 17)});
  result.set_start_date("2017-11-06");
  result.set_end_date("2017-11-12");
  Take({result});

  const auto regions = [this](const std::string& operation, const std::string& as_of) {
    v1::TotalsQuery query;
    query.add_operations(operation);
    query.add_metrics("arrests");
    query.add_group_by(v1::GROUP_BY_REGION);
    query.set_regions_as_of(as_of);
    const v1::QueryTotalsResponse response = client().Query(query);
    std::map<std::string, int64_t> found;
    for (const v1::TotalsRow& row : response.rows()) found[row.region()] = row.total().sum();
    for (const v1::ForceCoverage& force : response.coverage().forces()) {
      if (force.force() != "kent") continue;
      EXPECT_EQ(found.count(force.region()), 1U) << force.region();
    }
    return found;
  };
  EXPECT_THAT(regions("county-lines-2017-11", ""), ElementsAre(Pair("south-east", 17)));
  EXPECT_THAT(regions(kFebruary2023, ""), ElementsAre(Pair("eastern", 20)));
  EXPECT_THAT(regions("county-lines-2017-11", "2023-03-01"), ElementsAre(Pair("eastern", 17)));
  EXPECT_THAT(regions(kFebruary2023, "2017-11-06"), ElementsAre(Pair("south-east", 20)));

  const v1::QueryTotalsResponse south_east = Ask("county-lines-2017-11", "arrests", "south-east");
  EXPECT_EQ(south_east.rows(0).total().sum(), 17);
  EXPECT_EQ(south_east.coverage().expected_count(), 5);
  EXPECT_THAT(Ask(kFebruary2023, "arrests", "south-east").rows(), IsEmpty());
}

TEST_F(PublishedFiguresTest, AJointReturnCoversItsForces) {
  Take({Week(kFebruary2023, "southern-wales-consortium", true, {MakeFigure("arrests", 46)})});
  const v1::QueryTotalsResponse response = Ask(kFebruary2023, "arrests", "southern-wales");
  EXPECT_EQ(response.rows(0).total().sum(), 46);
  EXPECT_EQ(response.coverage().expected_count(), 3);
  EXPECT_EQ(response.coverage().reported_count(), 3);
  for (const v1::ForceCoverage& force : response.coverage().forces()) {
    if (!force.expected()) continue;
    EXPECT_EQ(force.state(), v1::COVERAGE_STATE_COVERED) << force.force();
    EXPECT_EQ(force.covered_by(), "southern-wales-consortium");
  }
}

// The returns that ship, as the command line would send them.
std::vector<v1::OperationResult> ShippedReturns() {
  std::vector<v1::OperationResult> results;
  for (const std::string week : {"2019-05", "2021-10", "2023-02"}) {
    const std::string path = MUSTER_SOURCE_DIR "/catalogue/examples/returns-" + week + ".csv";
    std::ifstream in(path, std::ios::binary);
    EXPECT_TRUE(in) << path;
    cli::ResultsFile file = cli::ReadResultsCsv(std::string(std::istreambuf_iterator<char>(in), {}));
    EXPECT_THAT(file.problems, IsEmpty()) << path;
    EXPECT_FALSE(file.results.empty()) << path;
    std::move(file.results.begin(), file.results.end(), std::back_inserter(results));
  }
  return results;
}

class ShippedReturnsTest : public PublishedFiguresTest {
 protected:
  static std::string EveryTotal(Client& client) {
    v1::TotalsQuery query;
    for (const v1::GroupBy by :
         {v1::GROUP_BY_OPERATION, v1::GROUP_BY_REGION, v1::GROUP_BY_FORCE, v1::GROUP_BY_DATE, v1::GROUP_BY_CATEGORY}) {
      query.add_group_by(by);
    }
    std::string rows;
    for (const auto answer = client.Query(query); const v1::TotalsRow& row : answer.rows()) {
      rows += row.ShortDebugString() + "\n";
    }
    EXPECT_NE(rows, "");
    return rows;
  }
};

// In every grouping, in pages of two.
TEST_F(ShippedReturnsTest, EveryTotalIsExplainedByTheResultsThatAddUpToIt) {
  Take(ShippedReturns());
  int rows = 0;
  int pages = 0;
  for (const std::vector<v1::GroupBy>& grouping :
       std::vector<std::vector<v1::GroupBy>>{{},
                                             {v1::GROUP_BY_REGION},
                                             {v1::GROUP_BY_FORCE},
                                             {v1::GROUP_BY_DATE},
                                             {v1::GROUP_BY_CATEGORY},
                                             {v1::GROUP_BY_OPERATION, v1::GROUP_BY_REGION, v1::GROUP_BY_FORCE,
                                              v1::GROUP_BY_DATE, v1::GROUP_BY_CATEGORY}}) {
    v1::ExplainTotalRequest request;
    for (const v1::GroupBy by : grouping) request.mutable_query()->add_group_by(by);
    request.set_page_size(2);
    for (const v1::QueryTotalsResponse answer = client().Query(request.query());
         const v1::TotalsRow& row : answer.rows()) {
      *request.mutable_row() = row;
      request.clear_page_token();
      v1::Total sum;
      do {
        v1::ExplainTotalResponse page;
        ASSERT_THAT(MUSTER_CALL(client(), totals, ExplainTotal, request, &page), IsOkCall()) << row.ShortDebugString();
        for (const v1::Total& one : page.contributions()) {
          sum.set_sum(sum.sum() + one.sum());
          sum.set_at_least(sum.at_least() + one.at_least());
          sum.set_estimate(sum.estimate() + one.estimate());
          sum.set_result_count(sum.result_count() + one.result_count());
        }
        EXPECT_EQ(page.results_size(), page.contributions_size());
        request.set_page_token(page.next_page_token());
        ++pages;
      } while (!request.page_token().empty());
      EXPECT_EQ(sum.sum(), row.total().sum()) << row.ShortDebugString();
      EXPECT_EQ(sum.at_least(), row.total().at_least()) << row.ShortDebugString();
      EXPECT_EQ(sum.estimate(), row.total().estimate()) << row.ShortDebugString();
      EXPECT_EQ(sum.result_count(), row.total().result_count()) << row.ShortDebugString();
      ++rows;
    }
  }
  EXPECT_GT(rows, 60);
  EXPECT_GT(pages, rows) << "some have several pages";
}

TEST_F(ShippedReturnsTest, TheSouthEastOfBothWeeksReadsAsWasPublished) {
  Take(ShippedReturns());
  const v1::QueryTotalsResponse arrests = Ask(kFebruary2023, "arrests", "south-east");
  EXPECT_EQ(arrests.rows(0).total().sum(), 230);
  EXPECT_EQ(arrests.coverage().expected_count(), 4);
  EXPECT_EQ(arrests.coverage().reported_count(), 4);
  const v1::Total cash = Ask(kFebruary2023, "cash-seized", "south-east").rows(0).total();
  EXPECT_EQ(cash.sum(), 12'409'500);
  EXPECT_EQ(cash.at_least(), 5'809'500);
  EXPECT_FALSE(cash.has_at_most());
  EXPECT_EQ(cash.qualifier(), kEstimate);
  const std::map<std::string, v1::Total> wraps = AskByCategory(kFebruary2023, "drug-wraps", "south-east");
  EXPECT_EQ(wraps.at("").sum(), 942);
  EXPECT_EQ(wraps.at("class-a").not_broken_down(), 400);
  EXPECT_EQ(wraps.at("crack-cocaine").sum(), 350);
  EXPECT_EQ(wraps.at("heroin").sum(), 121);
  EXPECT_EQ(wraps.at("powder-cocaine").sum(), 71);
  EXPECT_EQ(AskByCategory(kFebruary2023, "drugs-weight", "south-east").at("crack-cocaine").sum(), 151'500);

  const v1::QueryTotalsResponse october = Ask(kOctober2021, "arrests", "south-east");
  EXPECT_EQ(october.rows(0).total().sum(), 135);
  EXPECT_EQ(october.coverage().expected_count(), 4);
  EXPECT_EQ(october.coverage().reported_count(), 3);
  EXPECT_THAT(october.coverage().missing_forces(), ElementsAre("surrey"));
  const std::map<std::string, v1::Total> northumbria = AskByCategory(kOctober2021, "arrests", "north-east");
  EXPECT_EQ(northumbria.at("").sum(), 28);
  EXPECT_EQ(northumbria.at("").not_broken_down(), 1);
  const std::map<std::string, v1::Total> weight = AskByCategory(kOctober2021, "drugs-weight", "south-east");
  EXPECT_GE(weight.at("class-a").sum(), 430'000);
  EXPECT_EQ(weight.at("class-a").not_broken_down(), 430'000);
  EXPECT_EQ(client().Verify().mismatch_count(), 0);
}

TEST_F(ShippedReturnsTest, SentTwiceTheyAreDuplicatesAndNothingMoves) {
  const std::vector<v1::OperationResult> returns = ShippedReturns();
  const v1::SubmitResultsResponse first = client().Submit(returns);
  const std::string totals = EveryTotal(client());
  const v1::SubmitResultsResponse second = client().Submit(returns);
  EXPECT_EQ(second.position(), first.position());
  EXPECT_EQ(second.position(), static_cast<int64_t>(returns.size()));
  for (int index = 0; index < second.receipts_size(); ++index) {
    v1::Receipt receipt = second.receipts(index);
    EXPECT_EQ(receipt.outcome(), v1::OUTCOME_DUPLICATE);
    receipt.set_outcome(v1::OUTCOME_ACCEPTED);
    EXPECT_EQ(receipt.DebugString(), first.receipts(index).DebugString());
  }
  EXPECT_EQ(EveryTotal(client()), totals);
}

TEST_F(ShippedReturnsTest, ACorrectionARetractionAndAReinstatementMoveTheTotalsExactly) {
  const std::vector<v1::OperationResult> returns = ShippedReturns();
  Take(returns);
  const std::string totals = EveryTotal(client());
  const auto found = std::find_if(returns.begin(), returns.end(), [](const v1::OperationResult& result) {
    return result.operation() == kFebruary2023 && result.force() == "hampshire";
  });
  ASSERT_NE(found, returns.end());
  v1::OperationResult hampshire = *found;

  hampshire.set_revision(2);
  for (v1::Figure& figure : *hampshire.mutable_figures()) {
    if (figure.metric() == "arrests") figure.set_value(95);
    if (figure.metric() == "cash-seized") figure.set_qualifier(kEstimate);
  }
  EXPECT_EQ(client().SubmitOne(hampshire).outcome(), v1::OUTCOME_REVISED);
  EXPECT_EQ(Ask(kFebruary2023, "arrests", "south-east").rows(0).total().sum(), 232);
  v1::Total cash = Ask(kFebruary2023, "cash-seized", "south-east").rows(0).total();
  EXPECT_EQ(cash.sum(), 12'409'500);
  EXPECT_EQ(cash.at_least(), 5'809'500 - 2'559'500);
  EXPECT_EQ(cash.estimate(), 6'600'000 + 2'559'500);

  v1::OperationResult retraction = hampshire;
  retraction.set_revision(3);
  retraction.clear_figures();
  retraction.set_retracted(true);
  retraction.set_reason("belongs to another week");
  EXPECT_EQ(client().SubmitOne(retraction).outcome(), v1::OUTCOME_RETRACTED);
  const v1::QueryTotalsResponse without = Ask(kFebruary2023, "arrests", "south-east");
  EXPECT_EQ(without.rows(0).total().sum(), 137);
  EXPECT_EQ(without.coverage().reported_count(), 3);
  EXPECT_THAT(without.coverage().missing_forces(), ElementsAre("hampshire"));
  cash = Ask(kFebruary2023, "cash-seized", "south-east").rows(0).total();
  EXPECT_EQ(cash.sum(), 12'409'500 - 2'559'500);
  EXPECT_EQ(cash.at_least(), 5'809'500 - 2'559'500);
  EXPECT_EQ(cash.estimate(), 6'600'000);
  EXPECT_FALSE(client().TotalOf(kFebruary2023, "drugs-weight", {"spice"}).has_value()) << "Hampshire's alone";

  v1::OperationResult again = *found;
  again.set_revision(4);
  EXPECT_EQ(client().SubmitOne(again).outcome(), v1::OUTCOME_REVISED);
  EXPECT_EQ(EveryTotal(client()), totals);
  EXPECT_EQ(client().Verify().mismatch_count(), 0);
}

TEST_F(ShippedReturnsTest, EightConnectionsInRandomOrderMakeTheTotalsOfOneByOne) {
  const std::vector<v1::OperationResult> returns = ShippedReturns();
  const std::unique_ptr<Server> other = StartServer(folder().Path("one-by-one"));
  ASSERT_NE(other, nullptr);
  Client one_by_one(other->address());
  for (const v1::OperationResult& result : returns) one_by_one.SubmitOne(result);

  const uint32_t seed = RandomSeed();
  std::vector<std::thread> senders;
  for (uint32_t connection = 0; connection < 8; ++connection) {
    senders.emplace_back([this, &returns, seed, connection] {
      std::vector<v1::OperationResult> shuffled = returns;  // Everything, eight times.
      std::mt19937 random(seed + connection);
      std::shuffle(shuffled.begin(), shuffled.end(), random);
      Client sender(address());
      for (const v1::OperationResult& result : shuffled) {
        EXPECT_THAT(sender.SubmitOne(result).outcome(), testing::AnyOf(v1::OUTCOME_ACCEPTED, v1::OUTCOME_DUPLICATE));
      }
    });
  }
  for (std::thread& sender : senders) sender.join();
  EXPECT_EQ(client().Position(), static_cast<int64_t>(returns.size()));
  EXPECT_EQ(EveryTotal(client()), EveryTotal(one_by_one));
  EXPECT_EQ(client().Verify().mismatch_count(), 0);
}

}  // namespace
}  // namespace muster
