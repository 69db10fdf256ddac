#include "domain/civil_day.h"

#include <optional>
#include <ostream>
#include <set>
#include <string>

#include "absl/hash/hash_testing.h"
#include "gtest/gtest.h"

namespace muster {
namespace {

struct DayCase {
  std::string name;
  std::string text;
  std::optional<absl::CivilDay> want;
  friend void PrintTo(const DayCase& row, std::ostream* out) { *out << row.name; }
};

class ParseCivilDayTest : public testing::TestWithParam<DayCase> {};

TEST_P(ParseCivilDayTest, ReadsDaysThatExist) { EXPECT_EQ(ParseCivilDay(GetParam().text), GetParam().want); }

TEST_P(ParseCivilDayTest, WritesWhatItRead) {
  if (GetParam().want) {
    EXPECT_EQ(FormatCivilDay(*GetParam().want), GetParam().text);
  }
}

INSTANTIATE_TEST_SUITE_P(Days, ParseCivilDayTest,
                         testing::ValuesIn<DayCase>({
                             {"AnyDay", "2021-10-15", absl::CivilDay(2021, 10, 15)},
                             {"FirstOfYear", "2023-01-01", absl::CivilDay(2023, 1, 1)},
                             {"LastOfYear", "2023-12-31", absl::CivilDay(2023, 12, 31)},
                             {"FirstThatMayBeNamed", "1900-01-01", absl::CivilDay(1900, 1, 1)},
                             {"DayBeforeThat", "1899-12-31", std::nullopt},
                             {"LastThatMayBeNamed", "2999-12-31", absl::CivilDay(2999, 12, 31)},
                             {"DayAfterThat", "3000-01-01", std::nullopt},
                             {"YearZero", "0000-01-01", std::nullopt},
                             {"LeapDay", "2024-02-29", absl::CivilDay(2024, 2, 29)},
                             {"LeapDayOfNoLeapYear", "2023-02-29", std::nullopt},
                             {"LeapDayOfFourthCentury", "2000-02-29", absl::CivilDay(2000, 2, 29)},
                             {"LeapDayOfOtherCentury", "2100-02-29", std::nullopt},
                             {"ThirtiethOfFebruary", "2024-02-30", std::nullopt},
                             {"ThirtiethOfApril", "2023-04-30", absl::CivilDay(2023, 4, 30)},
                             {"ThirtyFirstOfApril", "2023-04-31", std::nullopt},
                             {"ThirtyFirstOfMay", "2023-05-31", absl::CivilDay(2023, 5, 31)},
                             {"ThirtySecondOfMay", "2023-05-32", std::nullopt},
                             {"MonthZero", "2023-00-10", std::nullopt},
                             {"MonthThirteen", "2023-13-10", std::nullopt},
                             {"DayZero", "2023-10-00", std::nullopt},
                             {"ClocksGoForward", "2024-03-31", absl::CivilDay(2024, 3, 31)},
                             {"ClocksGoBack", "2024-10-27", absl::CivilDay(2024, 10, 27)},
                         }),
                         [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(Forms, ParseCivilDayTest,
                         testing::ValuesIn<DayCase>({
                             {"Empty", "", std::nullopt},
                             {"Short", "2021-10-5", std::nullopt},
                             {"ShortMonth", "2021-1-05", std::nullopt},
                             {"ShortYear", "21-10-15", std::nullopt},
                             {"Long", "2021-10-150", std::nullopt},
                             {"LongYear", "02021-10-15", std::nullopt},
                             {"LeadingSpace", " 2021-10-15", std::nullopt},
                             {"TrailingSpace", "2021-10-15 ", std::nullopt},
                             {"SpaceForADigit", "2021-10- 5", std::nullopt},
                             {"SignForADigit", "2021-10-+5", std::nullopt},
                             {"NegativeYear", "-021-10-15", std::nullopt},
                             {"Slashes", "2021/10/15", std::nullopt},
                             {"Dots", "2021.10.15", std::nullopt},
                             {"British", "15-10-2021", std::nullopt},
                             {"BritishSlashes", "15/10/2021", std::nullopt},
                             {"NoHyphens", "20211015", std::nullopt},
                             {"Week", "2021-W41-5", std::nullopt},
                             {"Ordinal", "2021-288", std::nullopt},
                             {"Name", "2021-Oct-5", std::nullopt},
                             {"WithATime", "2021-10-15T00:00:00Z", std::nullopt},
                             {"MinusSign", "2021−10−15", std::nullopt},  // U+2212.
                             {"FullWidthDigits", "2021-10-１", std::nullopt},
                             {"ZeroByte", std::string("2021-10-1\0", 10), std::nullopt},
                         }),
                         [](const auto& row) { return row.param.name; });

TEST(DaysSinceEpochTest, CountsFromTheFirstDayOf1970) {
  EXPECT_EQ(DaysSinceEpoch(absl::CivilDay(1970, 1, 1)), 0);
  EXPECT_EQ(DaysSinceEpoch(absl::CivilDay(1970, 1, 2)), 1);
  EXPECT_EQ(DaysSinceEpoch(absl::CivilDay(1969, 12, 31)), -1);
  EXPECT_EQ(DaysSinceEpoch(absl::CivilDay(1900, 1, 1)), -25'567);
  EXPECT_EQ(DaysSinceEpoch(absl::CivilDay(2000, 3, 1)), 11'017);
  EXPECT_EQ(DaysSinceEpoch(absl::CivilDay(2999, 12, 31)), 376'199);
}

TEST(DaysSinceEpochTest, EveryDayThatMayBeNamedComesBack) {
  int32_t days = DaysSinceEpoch(absl::CivilDay(1900, 1, 1));
  for (absl::CivilDay day(1900, 1, 1); day <= absl::CivilDay(2999, 12, 31); ++day, ++days) {
    ASSERT_EQ(DaysSinceEpoch(day), days) << FormatCivilDay(day);
    ASSERT_EQ(CivilDayFromEpoch(days), day) << FormatCivilDay(day);
    ASSERT_EQ(ParseCivilDay(FormatCivilDay(day)), day) << FormatCivilDay(day);
  }
}

// Days of October 2021, for short.
Period October(int first, int last) { return {absl::CivilDay(2021, 10, first), absl::CivilDay(2021, 10, last)}; }

TEST(PeriodTest, IsOneDayOnlyIfItIs) {
  EXPECT_TRUE(October(11, 11).IsOneDay());
  EXPECT_FALSE(October(11, 12).IsOneDay());
}

TEST(PeriodTest, ContainsBothItsEnds) {
  const Period period = October(11, 17);
  EXPECT_FALSE(period.Contains(absl::CivilDay(2021, 10, 10)));
  EXPECT_TRUE(period.Contains(absl::CivilDay(2021, 10, 11)));
  EXPECT_TRUE(period.Contains(absl::CivilDay(2021, 10, 14)));
  EXPECT_TRUE(period.Contains(absl::CivilDay(2021, 10, 17)));
  EXPECT_FALSE(period.Contains(absl::CivilDay(2021, 10, 18)));
}

struct PairCase {
  std::string name;
  Period other;
  bool contained;  // Whether 11 to 17 October contains it.
  bool overlaps;
  friend void PrintTo(const PairCase& row, std::ostream* out) { *out << row.name; }
};

class PeriodPairTest : public testing::TestWithParam<PairCase> {};

TEST_P(PeriodPairTest, IsComparedByDaysInclusive) {
  const Period period = October(11, 17);
  EXPECT_EQ(period.Contains(GetParam().other), GetParam().contained);
  EXPECT_EQ(period.Overlaps(GetParam().other), GetParam().overlaps);
  EXPECT_EQ(GetParam().other.Overlaps(period), GetParam().overlaps);
}

INSTANTIATE_TEST_SUITE_P(Pairs, PeriodPairTest,
                         testing::ValuesIn<PairCase>({
                             {"Same", October(11, 17), true, true},
                             {"Within", October(12, 13), true, true},
                             {"FirstDay", October(11, 11), true, true},
                             {"LastDay", October(17, 17), true, true},
                             {"OneDayLonger", October(11, 18), false, true},
                             {"OneDayEarlier", October(10, 17), false, true},
                             {"Around", October(1, 31), false, true},
                             {"MeetsTheFirstDay", October(1, 11), false, true},
                             {"EndsTheDayBefore", October(1, 10), false, false},
                             {"MeetsTheLastDay", October(17, 31), false, true},
                             {"BeginsTheDayAfter", October(18, 31), false, false},
                         }),
                         [](const auto& row) { return row.param.name; });

TEST(PeriodTest, IsOrderedByFirstThenLastDay) {
  const std::set<Period> periods = {October(2, 2), October(1, 9), October(1, 3), October(2, 2)};
  EXPECT_EQ(std::vector<Period>(periods.begin(), periods.end()),
            (std::vector<Period>{October(1, 3), October(1, 9), October(2, 2)}));
  EXPECT_NE(October(1, 3), October(1, 4));
  EXPECT_NE(October(1, 3), October(2, 3));
}

TEST(PeriodTest, IsHashedByBothDays) {
  EXPECT_TRUE(absl::VerifyTypeImplementsAbslHashCorrectly(
      {October(1, 3), October(1, 9), October(3, 9), October(2, 2), October(1, 3)}));
}

}  // namespace
}  // namespace muster
