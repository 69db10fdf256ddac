// Charts of one line.
#include "clients/cli/charts.h"

#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster::cli {
namespace {

constexpr Terminal kUnicode = {.is_terminal = true, .columns = 80, .colour = false, .unicode = true};
constexpr Terminal kPlain = {.is_terminal = true, .columns = 80, .colour = false, .unicode = false};

TEST(BarTest, IsAsLongAsItsShareOfTheLargest) {
  EXPECT_EQ(Bar(100, 100, 4, kUnicode), "████");
  EXPECT_EQ(Bar(50, 100, 4, kUnicode), "██");
  EXPECT_EQ(Bar(40, 100, 4, kUnicode), "█▋");
  EXPECT_EQ(Bar(100, 100, 4, kPlain), "####");
  EXPECT_EQ(Bar(50, 100, 4, kPlain), "##");
}

TEST(BarTest, OfMoreThanNothingShowsAndOfNothingDoesNot) {
  EXPECT_EQ(Bar(1, 1'000'000'000'000'000, 4, kUnicode), "▏");
  EXPECT_EQ(Bar(1, 1'000'000'000'000'000, 4, kPlain), "#");
  EXPECT_EQ(Bar(0, 100, 4, kUnicode), "");
  EXPECT_EQ(Bar(0, 0, 4, kUnicode), "");
}

TEST(SparklineTest, HasOneMarkForEachValue) {
  const std::vector<int64_t> values = {0, 1, 4, 8, 2};
  EXPECT_EQ(Sparkline(values, kUnicode), " ▁▄█▂");
  EXPECT_EQ(Sparkline(values, kPlain), " .=#:");
  EXPECT_EQ(Sparkline({}, kUnicode), "");
  EXPECT_EQ(Sparkline(std::vector<int64_t>{0, 0}, kUnicode), "  ");
  EXPECT_EQ(Sparkline(std::vector<int64_t>{7}, kUnicode), "█");
}

v1::TotalsRow RowOf(const std::string& force, const std::string& date, int64_t sum) {
  v1::TotalsRow row;
  row.set_force(force);
  row.set_date(date);
  row.set_metric("arrests");
  row.mutable_total()->set_sum(sum);
  return row;
}

v1::QueryTotalsResponse AnswerOf(const std::vector<v1::TotalsRow>& rows) {
  v1::QueryTotalsResponse answer;
  for (const v1::TotalsRow& row : rows) *answer.add_rows() = row;
  return answer;
}

TEST(DailyCoursesTest, AllRowsSpanTheSameDays) {
  const DailyCourses courses(AnswerOf({RowOf("kent", "2021-10-11", 4), RowOf("kent", "2021-10-13", 8),
                                       RowOf("kent", "", 100), RowOf("essex", "2021-10-12", 1)}),
                             31);
  ASSERT_FALSE(courses.empty());
  EXPECT_EQ(courses.first_day(), "2021-10-11");
  EXPECT_EQ(courses.last_day(), "2021-10-13");
  EXPECT_EQ(courses.Of(RowOf("kent", "", 112), kUnicode), "▄ █");
  EXPECT_EQ(courses.Of(RowOf("essex", "", 1), kUnicode), " █ ");
  EXPECT_EQ(courses.Of(RowOf("surrey", "", 1), kUnicode), "");
}

TEST(DailyCoursesTest, OneDayOrTooManyHaveNone) {
  EXPECT_TRUE(DailyCourses(AnswerOf({}), 31).empty());
  EXPECT_TRUE(DailyCourses(AnswerOf({RowOf("kent", "2021-10-11", 4), RowOf("kent", "", 4)}), 31).empty());
  const v1::QueryTotalsResponse month = AnswerOf({RowOf("kent", "2021-10-01", 4), RowOf("kent", "2021-10-31", 4)});
  EXPECT_FALSE(DailyCourses(month, 31).empty());
  EXPECT_TRUE(DailyCourses(month, 30).empty());
}

}  // namespace
}  // namespace muster::cli
