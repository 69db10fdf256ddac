// Asking for totals: page by page, with coverage, and what is refused.
#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "service/limits.h"
#include "tests/service/server_fixture.h"

namespace muster {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

v1::QueryTotalsRequest ByForceAndDay() {
  v1::QueryTotalsRequest request;
  request.mutable_query()->add_operations(kOctober2021);
  request.mutable_query()->add_group_by(v1::GROUP_BY_FORCE);
  request.mutable_query()->add_group_by(v1::GROUP_BY_DATE);
  return request;
}

class TotalsCallsTest : public ServerTest {
 protected:
  // Arrests and warrants of four forces on seven days: 56 rows by force and day.
  void SubmitAWeek() {
    std::vector<v1::OperationResult> results;
    for (const std::string force : {"kent", "surrey", "sussex", "thames-valley"}) {
      for (int day = 11; day <= 17; ++day) {
        v1::OperationResult result = MakeResult(absl::StrCat("day-", day), 1, day, force);
        result.set_start_date(absl::StrCat("2021-10-", day));
        result.set_end_date(result.start_date());
        *result.add_figures() = MakeFigure("warrants-executed", 1);
        results.push_back(result);
      }
    }
    client().Submit(results);
  }
  // All pages. The first one alone has coverage, and all are of one position.
  std::vector<std::string> RowsOfAllPages(v1::QueryTotalsRequest request, int page_size) {
    std::vector<std::string> rows;
    int64_t position = -1;
    request.set_page_size(page_size);
    v1::QueryTotalsResponse page;
    do {
      request.set_page_token(page.next_page_token());
      EXPECT_THAT(client().TryQuery(request, &page), IsOkCall());
      for (const v1::TotalsRow& row : page.rows()) rows.push_back(row.ShortDebugString());
      EXPECT_LE(page.rows_size(), page_size == 0 ? 1'000 : page_size);
      EXPECT_EQ(page.has_coverage(), request.page_token().empty());
      EXPECT_TRUE(position == -1 || position == page.position());
      position = page.position();
    } while (!page.next_page_token().empty() && rows.size() < 10'000);
    return rows;
  }
};

TEST_F(TotalsCallsTest, EveryPageSizeGivesTheSameRows) {
  SubmitAWeek();
  const std::vector<std::string> rows = RowsOfAllPages(ByForceAndDay(), 0);
  ASSERT_THAT(rows, SizeIs(56));
  for (const int page_size : {1, 2, 3, 55, 56, 57, 1'000'000}) {
    EXPECT_EQ(RowsOfAllPages(ByForceAndDay(), page_size), rows) << "pages of " << page_size;
  }
}

TEST_F(TotalsCallsTest, TheNextPageIsOfThePositionOfTheFirstWhateverComesIn) {
  SubmitAWeek();
  const std::vector<std::string> rows = RowsOfAllPages(ByForceAndDay(), 0);
  v1::QueryTotalsRequest request = ByForceAndDay();
  request.set_page_size(30);
  v1::QueryTotalsResponse first;
  ASSERT_THAT(client().TryQuery(request, &first), IsOkCall());
  client().SubmitOne(MakeResult("day-11", 2, 1'000, "sussex"));
  client().SubmitOne(MakeRetraction("day-12", 2, "sussex"));

  request.set_page_token(first.next_page_token());
  request.set_page_size(7);  // May change from page to page.
  std::vector<std::string> paged;
  for (const v1::TotalsRow& row : first.rows()) paged.push_back(row.ShortDebugString());
  v1::QueryTotalsResponse page;
  do {
    ASSERT_THAT(client().TryQuery(request, &page), IsOkCall());
    EXPECT_EQ(page.position(), first.position());
    EXPECT_EQ(page.as_of_time().seconds(), first.as_of_time().seconds());
    EXPECT_EQ(page.as_of_time().nanos(), first.as_of_time().nanos());
    for (const v1::TotalsRow& row : page.rows()) paged.push_back(row.ShortDebugString());
    request.set_page_token(page.next_page_token());
  } while (!page.next_page_token().empty());
  EXPECT_EQ(paged, rows);
  EXPECT_NE(RowsOfAllPages(ByForceAndDay(), 30), rows) << "a new first page sees what came in";
  request.set_page_token(first.next_page_token());
  EXPECT_THAT(client().TryQuery(request, &page), IsOkCall()) << "a page may be asked for again";
}

TEST_F(TotalsCallsTest, ATokenOfAnotherQueryOrOfNoneIsRefused) {
  SubmitAWeek();
  v1::QueryTotalsRequest request = ByForceAndDay();
  request.set_page_size(10);
  v1::QueryTotalsResponse page;
  ASSERT_THAT(client().TryQuery(request, &page), IsOkCall());
  const std::string token = page.next_page_token();

  v1::QueryTotalsRequest other = request;
  other.mutable_query()->add_forces("kent");
  other.set_page_token(token);
  grpc::Status status = client().TryQuery(other, &page);
  EXPECT_THAT(status, FailsWith(grpc::INVALID_ARGUMENT, "INVALID_PAGE_TOKEN"));
  EXPECT_THAT(ErrorOf(status).violations, ElementsAre(Violation{"page_token", "INVALID_PAGE_TOKEN"}));

  for (const std::string& bad :
       {std::string("x"), std::string(100'000, 'a'), absl::WebSafeBase64Escape("operations\na"),
        absl::WebSafeBase64Escape("totals\n1"), absl::WebSafeBase64Escape("totals\n1/x"),
        absl::WebSafeBase64Escape("totals\n-1/-1"), absl::WebSafeBase64Escape("totals\n1/2/3")}) {
    request.set_page_token(bad);
    status = client().TryQuery(request, &page);
    EXPECT_THAT(status, FailsWith(grpc::INVALID_ARGUMENT, "INVALID_PAGE_TOKEN")) << bad.substr(0, 80);
    EXPECT_THAT(ErrorOf(status).violations, ElementsAre(Violation{"page_token", "INVALID_PAGE_TOKEN"}));
  }
  // A row beyond the end, in an answer that is kept.
  std::string inside;
  ASSERT_TRUE(absl::WebSafeBase64Unescape(token, &inside));
  request.set_page_token(absl::WebSafeBase64Escape(absl::StrCat(inside, "00000")));
  EXPECT_THAT(client().TryQuery(request, &page), FailsWith(grpc::INVALID_ARGUMENT, "INVALID_PAGE_TOKEN"));
  request.set_page_token(token);
  EXPECT_THAT(client().TryQuery(request, &page), IsOkCall());
}

TEST_F(TotalsCallsTest, ATokenOfAnAnswerThatIsNoLongerKeptHasExpired) {
  SubmitAWeek();
  v1::QueryTotalsRequest request = ByForceAndDay();
  request.set_page_size(10);
  v1::QueryTotalsResponse page;
  ASSERT_THAT(client().TryQuery(request, &page), IsOkCall());
  const std::string token = page.next_page_token();
  v1::QueryTotalsRequest again = request;
  for (size_t others = 1; others < kMaxPagedAnswers; ++others) {
    ASSERT_THAT(client().TryQuery(again, &page), IsOkCall());
  }
  request.set_page_token(token);
  EXPECT_THAT(client().TryQuery(request, &page), IsOkCall()) << "the last that is kept";
  ASSERT_THAT(client().TryQuery(again, &page), IsOkCall());
  EXPECT_THAT(client().TryQuery(request, &page), FailsWith(grpc::ABORTED, "PAGE_EXPIRED"));
}

TEST_F(TotalsCallsTest, ATokenOfTheRunBeforeHasExpired) {
  SubmitAWeek();
  v1::QueryTotalsRequest request = ByForceAndDay();
  request.set_page_size(10);
  v1::QueryTotalsResponse page;
  ASSERT_THAT(client().TryQuery(request, &page), IsOkCall());
  request.set_page_token(page.next_page_token());
  Stop();
  Start();
  EXPECT_THAT(client().TryQuery(request, &page), FailsWith(grpc::ABORTED, "PAGE_EXPIRED"));
}

TEST_F(TotalsCallsTest, APageHasTenThousandRowsAtMost) {
  // Every day of every force with four metrics by sex and age.
  std::vector<v1::OperationResult> results;
  for (const v1::Force& force : ShippedCatalogue()->proto().forces()) {
    for (int day = 11; day <= 17; ++day) {
      v1::OperationResult result = MakeResult(absl::StrCat("day-", day), 1, 1, force.id());
      result.set_start_date(absl::StrCat("2021-10-", day));
      result.set_end_date(result.start_date());
      result.clear_figures();
      for (const std::string metric :
           {"arrests", "vulnerable-engaged", "vulnerable-identified", "vulnerable-safeguarded"}) {
        for (const std::string sex : {"male", "female"}) {
          for (const std::string age : {"adult", "child"}) {
            *result.add_figures() = MakeFigure(metric, 1'000'000'000, {sex, age});
          }
        }
      }
      results.push_back(result);
    }
  }
  client().Submit(results);
  v1::QueryTotalsRequest request = ByForceAndDay();
  request.mutable_query()->add_group_by(v1::GROUP_BY_CATEGORY);
  request.mutable_query()->add_group_by(v1::GROUP_BY_OPERATION);
  request.mutable_query()->add_group_by(v1::GROUP_BY_REGION);
  request.set_page_size(1'000'000);
  std::vector<int> rows;
  v1::QueryTotalsResponse page;
  do {
    request.set_page_token(page.next_page_token());
    ASSERT_THAT(client().TryQuery(request, &page), IsOkCall());
    rows.push_back(page.rows_size());
  } while (!page.next_page_token().empty());
  const int all = static_cast<int>(results.size()) * 4 * 9;
  EXPECT_THAT(rows, ElementsAre(10'000, all - 10'000));
}

TEST_F(TotalsCallsTest, CoverageComesWithEveryAnswerAndOnItsOwnAlike) {
  SubmitAWeek();
  v1::OperationResult final_result = MakeResult("week", 1, 1, "essex");
  final_result.set_final(true);
  v1::OperationResult nil = MakeResult("week", 1, 1, "norfolk");
  nil.clear_figures();
  nil.set_nil(true);
  client().Submit({final_result, nil, MakeResult("week", 1, 1, "suffolk"), MakeResult("week", 1, 1, "wiltshire"),
                   MakeResult("week", 1, 1, "british-transport-police")});
  client().SubmitOne(MakeRetraction("week", 2, "suffolk"));

  v1::TotalsQuery query;
  query.add_operations(kOctober2021);
  const v1::QueryTotalsResponse answer = client().Query(query);
  v1::GetCoverageRequest request;
  request.add_operations(kOctober2021);
  v1::GetCoverageResponse alone;
  ASSERT_THAT(MUSTER_CALL(client(), totals, GetCoverage, request, &alone), IsOkCall());
  EXPECT_EQ(alone.coverage().DebugString(), answer.coverage().DebugString());
  EXPECT_EQ(alone.position(), answer.position());

  const v1::Coverage& coverage = answer.coverage();
  EXPECT_EQ(coverage.expected_count(), 43);
  EXPECT_EQ(coverage.reported_count(), 7);  // Four of the week, Essex, Norfolk and Wiltshire.
  EXPECT_EQ(coverage.final_count(), 2);     // Essex; a nil that is not final counts as said.
  EXPECT_THAT(coverage.missing_forces(), SizeIs(36));
  EXPECT_THAT(coverage.missing_forces(), Contains("suffolk"));
  EXPECT_EQ(coverage.forces_size(), 44) << "all that are expected, and who reported unasked";
  for (const v1::ForceCoverage& force : coverage.forces()) {
    EXPECT_EQ(force.operation(), kOctober2021);
    EXPECT_EQ(force.expected(), force.force() != "british-transport-police");
    EXPECT_FALSE(force.late());
    const v1::CoverageState expected = force.force() == "essex"                 ? v1::COVERAGE_STATE_FINAL
                                       : force.force() == "norfolk"             ? v1::COVERAGE_STATE_NIL
                                       : force.force() == "suffolk"             ? v1::COVERAGE_STATE_RETRACTED
                                       : force.last_heard_time().seconds() == 0 ? v1::COVERAGE_STATE_MISSING
                                                                                : v1::COVERAGE_STATE_PROVISIONAL;
    EXPECT_EQ(force.state(), expected) << force.force();
    EXPECT_EQ(force.has_last_heard_time(), force.state() != v1::COVERAGE_STATE_MISSING) << force.force();
    if (force.force() == "kent") {
      EXPECT_EQ(force.result_count(), 7);
      EXPECT_EQ(force.region(), "eastern");
    }
  }

  // A query of one region has the coverage of that region.
  query.add_regions("eastern");
  const v1::QueryTotalsResponse eastern = client().Query(query);
  for (const v1::ForceCoverage& force : eastern.coverage().forces()) EXPECT_EQ(force.region(), "eastern");
  EXPECT_EQ(eastern.coverage().reported_count(), 3);  // Kent, Essex, Norfolk.
}

TEST_F(TotalsCallsTest, ADateFilterTakesWholeResultsAndCountsThoseThatItCuts) {
  SubmitAWeek();
  v1::OperationResult several_days = MakeResult("several", 1, 100, "kent");
  several_days.set_start_date("2021-10-12");
  several_days.set_end_date("2021-10-14");
  client().SubmitOne(several_days);
  v1::TotalsQuery query;
  query.add_metrics("arrests");
  query.set_start_date("2021-10-12");
  query.set_end_date("2021-10-14");
  EXPECT_EQ(client().Query(query).rows(0).total().sum(), 4 * (12 + 13 + 14) + 100);
  EXPECT_EQ(client().Query(query).cut_by_period_count(), 0);
  query.set_end_date("2021-10-13");
  EXPECT_EQ(client().Query(query).rows(0).total().sum(), 4 * (12 + 13));
  EXPECT_EQ(client().Query(query).cut_by_period_count(), 1);
}

TEST_F(TotalsCallsTest, AnEmptyStoreHasNoRowsAndAllForcesMissing) {
  v1::TotalsQuery query;
  query.add_operations(kOctober2021);
  const v1::QueryTotalsResponse answer = client().Query(query);
  EXPECT_THAT(answer.rows(), IsEmpty());
  EXPECT_EQ(answer.position(), 0);
  EXPECT_EQ(answer.coverage().expected_count(), 43);
  EXPECT_EQ(answer.coverage().reported_count(), 0);
  EXPECT_THAT(answer.coverage().missing_forces(), SizeIs(43));
  EXPECT_GT(answer.as_of_time().seconds(), 1'600'000'000);
}

// Queries that make no sense.
struct BadQuery {
  std::string name;
  std::function<void(v1::TotalsQuery&)> ask;
  std::vector<Violation> violations;
  std::string mend;  // What one of the descriptions must say.
  friend void PrintTo(const BadQuery& row, std::ostream* out) { *out << row.name; }
};

class RefusedQueryTest : public ServerTest, public testing::WithParamInterface<BadQuery> {};

TEST_P(RefusedQueryTest, IsToldEverythingAtOnce) {
  v1::QueryTotalsRequest request;
  GetParam().ask(*request.mutable_query());
  v1::QueryTotalsResponse response;
  const grpc::Status status = client().TryQuery(request, &response);
  EXPECT_THAT(status, FailsWith(grpc::INVALID_ARGUMENT, "INVALID_QUERY"));
  const RichError error = ErrorOf(status);
  EXPECT_THAT(error.violations, testing::UnorderedElementsAreArray(GetParam().violations));
  EXPECT_THAT(error.descriptions, Contains(HasSubstr(GetParam().mend)));
  EXPECT_FALSE(error.has_retry);
}

using Query = v1::TotalsQuery;

INSTANTIATE_TEST_SUITE_P(
    Fields, RefusedQueryTest,
    testing::ValuesIn<BadQuery>({
        {"OperationUnknown",
         [](Query& q) { q.add_operations("county-lines-2021-1"); },
         {{"query.operations[0]", "UNKNOWN_OPERATION"}},
         "did you mean \"county-lines-2021-10\"?"},
        {"RegionUnknown",
         [](Query& q) { q.add_regions("south-eest"); },
         {{"query.regions[0]", "UNKNOWN_REGION"}},
         "did you mean \"south-east\"?"},
        {"ForceUnknown",
         [](Query& q) {
           q.add_forces("kent");
           q.add_forces("sury");
         },
         {{"query.forces[1]", "UNKNOWN_FORCE"}},
         "did you mean \"surrey\"?"},
        {"MetricUnknown",
         [](Query& q) { q.add_metrics("arests"); },
         {{"query.metrics[0]", "UNKNOWN_METRIC"}},
         "did you mean \"arrests\"?"},
        {"CategoryUnknown",
         [](Query& q) { q.add_categories("herion"); },
         {{"query.categories[0]", "UNKNOWN_CATEGORY"}},
         "did you mean \"heroin\"?"},
        {"BreakdownUnknown",
         [](Query& q) { q.add_breakdowns("drugs"); },
         {{"query.breakdowns[0]", "UNKNOWN_BREAKDOWN"}},
         "did you mean \"drug\"?"},
        {"NameLongAndNotAscii",
         [](Query& q) { q.add_forces(std::string(79, 'a') + "\xc3\xa9\xc3\xa9"); },
         {{"query.forces[0]", "UNKNOWN_FORCE"}},
         "aaa…\""},
        {"StartOfNoDay",
         [](Query& q) { q.set_start_date("2021-02-29"); },
         {{"query.start_date", "DATE_MALFORMED"}},
         "2021-02-29"},
        {"EndInWords", [](Query& q) { q.set_end_date("today"); }, {{"query.end_date", "DATE_MALFORMED"}}, "2021-10-15"},
        {"Reversed",
         [](Query& q) {
           q.set_start_date("2021-10-12");
           q.set_end_date("2021-10-11");
         },
         {{"query.end_date", "PERIOD_REVERSED"}},
         "2021-10-12"},
        {"RegionsOfNoDay",
         [](Query& q) { q.set_regions_as_of("2021-13-01"); },
         {{"query.regions_as_of", "DATE_MALFORMED"}},
         "2021-13-01"},
        {"GroupedByNothing",
         [](Query& q) { q.add_group_by(v1::GROUP_BY_UNSPECIFIED); },
         {{"query.group_by[0]", "UNKNOWN_GROUP_BY"}},
         "operation, region, force, date or category"},
        {"GroupedByTheUnknown",
         [](Query& q) { q.add_group_by(static_cast<v1::GroupBy>(99)); },
         {{"query.group_by[0]", "UNKNOWN_GROUP_BY"}},
         "operation, region, force, date or category"},
        {"GroupedTwice",
         [](Query& q) {
           q.add_group_by(v1::GROUP_BY_FORCE);
           q.add_group_by(v1::GROUP_BY_FORCE);
         },
         {{"query.group_by[1]", "REPEATED"}},
         "once"},
        {"PercentagesOfTheCountry",
         [](Query& q) { q.add_metrics("first-time-arrest-percent"); },
         {{"query.metrics[0]", "NOT_ADDITIVE"}},
         "group by force and operation"},
        {"PercentagesByForceOfAllOperations",
         [](Query& q) {
           q.add_metrics("first-time-arrest-percent");
           q.add_group_by(v1::GROUP_BY_FORCE);
         },
         {{"query.metrics[0]", "NOT_ADDITIVE"}},
         "group by force and operation"},
        {"UnionOfPartsThatOverlap",
         [](Query& q) {
           q.add_metrics("drug-seizures");
           q.add_categories("heroin");
           q.add_categories("crack-cocaine");
         },
         {{"query.metrics[0]", "PARTS_OVERLAP"}},
         "group by category"},
        {"EverythingAtOnce",
         [](Query& q) {
           q.add_operations("none");
           q.add_regions("none");
           q.add_forces("kentt");
           q.add_metrics("none");
           q.add_categories("none");
           q.set_start_date("none");
           q.add_group_by(v1::GROUP_BY_UNSPECIFIED);
         },
         {{"query.operations[0]", "UNKNOWN_OPERATION"},
          {"query.regions[0]", "UNKNOWN_REGION"},
          {"query.forces[0]", "UNKNOWN_FORCE"},
          {"query.metrics[0]", "UNKNOWN_METRIC"},
          {"query.categories[0]", "UNKNOWN_CATEGORY"},
          {"query.start_date", "DATE_MALFORMED"},
          {"query.group_by[0]", "UNKNOWN_GROUP_BY"}},
         "did you mean \"kent\"?"},
    }),
    [](const auto& row) { return row.param.name; });

TEST_F(TotalsCallsTest, ABadQueryForCoverageIsToldEverythingAtOnce) {
  v1::GetCoverageRequest request;
  request.add_operations("none");
  request.add_regions("south-eest");
  request.add_forces("kentt");
  request.set_regions_as_of("now");
  v1::GetCoverageResponse response;
  const grpc::Status status = MUSTER_CALL(client(), totals, GetCoverage, request, &response);
  EXPECT_THAT(status, FailsWith(grpc::INVALID_ARGUMENT, "INVALID_QUERY"));
  EXPECT_THAT(ErrorOf(status).violations, testing::UnorderedElementsAre(Violation{"operations[0]", "UNKNOWN_OPERATION"},
                                                                        Violation{"regions[0]", "UNKNOWN_REGION"},
                                                                        Violation{"forces[0]", "UNKNOWN_FORCE"},
                                                                        Violation{"regions_as_of", "DATE_MALFORMED"}));
}

TEST_F(TotalsCallsTest, ANegativePageSizeIsRefused) {
  v1::QueryTotalsRequest request;
  request.set_page_size(-1);
  v1::QueryTotalsResponse response;
  EXPECT_THAT(client().TryQuery(request, &response), FailsWith(grpc::INVALID_ARGUMENT, "INVALID_PAGE_SIZE"));
}

TEST_F(TotalsCallsTest, PercentagesByForceOfOneOperationAreShownAsStated) {
  v1::OperationResult result = MakeResult("r1", 1, 1, "kent");
  *result.mutable_figures(0) = MakeFigure("first-time-arrest-percent", 40);
  client().SubmitOne(result);
  v1::TotalsQuery query;
  query.add_operations(kOctober2021);
  EXPECT_THAT(client().Query(query).rows(), IsEmpty()) << "it has no total of the country";
  query.add_group_by(v1::GROUP_BY_FORCE);
  query.add_metrics("first-time-arrest-percent");
  const v1::QueryTotalsResponse answer = client().Query(query);
  ASSERT_EQ(answer.rows_size(), 1);
  EXPECT_EQ(answer.rows(0).total().sum(), 40);
}

// Asked again and again, an answer is what it would be if it were asked for the first time: but for the position and
// time it is compared with the answer to a question that differs in the size of its pages, which nobody has asked.
TEST_F(TotalsCallsTest, AQuestionThatIsAskedAgainIsAnsweredAfresh) {
  SubmitAWeek();
  int new_size = 1'000;
  const auto ask = [&](int page_size) {
    v1::QueryTotalsRequest request = ByForceAndDay();
    request.set_page_size(page_size);
    v1::QueryTotalsResponse answer;
    EXPECT_THAT(client().TryQuery(request, &answer), IsOkCall());
    EXPECT_EQ(answer.position(), client().Position());
    EXPECT_TRUE(answer.has_as_of_time());
    answer.clear_as_of_time();
    return answer.DebugString();
  };
  const auto expect_fresh = [&](const std::string& when) {
    const std::string answer = ask(1'000);
    EXPECT_EQ(answer, ask(++new_size)) << when;
    EXPECT_EQ(answer, ask(1'000)) << when;
  };
  const std::string first = ask(1'000);
  expect_fresh("unchanged");
  client().SubmitOne(MakeResult("day-11", 2, 1'000, "sussex"));
  EXPECT_NE(ask(1'000), first);
  expect_fresh("after a correction");
  client().SubmitOne(MakeRetraction("day-12", 2, "sussex"));
  expect_fresh("after a retraction");
  v1::OperationResult other = MakeResult("other", 1, 5, "sussex");
  other.set_operation(kFebruary2023);
  other.set_start_date("2023-03-01");
  other.set_end_date("2023-03-01");
  EXPECT_EQ(client().SubmitOne(other).outcome(), v1::OUTCOME_ACCEPTED);
  expect_fresh("after a result of another operation");
  Stop();
  Start();
  expect_fresh("after a restart");
}

TEST_F(TotalsCallsTest, ATotalBeyondSixtyFourBitsIsAnErrorAndNoWrongNumber) {
  // 10^15 a result: 9,223 of them are the last that fit.
  int number = 0;
  const auto submit = [&](int count) {
    while (count > 0) {
      std::vector<v1::OperationResult> results;
      for (; count > 0 && results.size() < 1'000; --count) {
        results.push_back(MakeResult(absl::StrCat("r", number++), 1, 1'000'000'000'000'000, "kent"));
      }
      client().Submit(results);
    }
  };
  submit(9'223);
  EXPECT_EQ(client().TotalOf(kOctober2021, "arrests")->sum(), 9'223'000'000'000'000'000);
  submit(1);
  v1::QueryTotalsRequest request;
  request.mutable_query()->add_metrics("arrests");
  v1::QueryTotalsResponse response;
  const grpc::Status status = client().TryQuery(request, &response);
  EXPECT_THAT(status, FailsWith(grpc::OUT_OF_RANGE, "TOTAL_TOO_LARGE"));
  EXPECT_THAT(status.error_message(), HasSubstr("arrests"));
  request.mutable_query()->set_metrics(0, "charges");
  EXPECT_THAT(client().TryQuery(request, &response), IsOkCall()) << "others are served";
}

}  // namespace
}  // namespace muster
