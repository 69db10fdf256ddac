#include "clients/cli/times.h"

#include <ostream>
#include <string>

#include "google/protobuf/util/time_util.h"
#include "gtest/gtest.h"

namespace muster::cli {
namespace {

using google::protobuf::util::TimeUtil;

google::protobuf::Timestamp Time(const std::string& text) {
  google::protobuf::Timestamp time;
  EXPECT_TRUE(TimeUtil::FromString(text, &time)) << text;
  return time;
}

struct TimeTextCase {
  std::string name;
  std::string time;
  std::string want;
  friend void PrintTo(const TimeTextCase& row, std::ostream* out) { *out << row.name; }
};

class TimeForPeopleTest : public testing::TestWithParam<TimeTextCase> {};

TEST_P(TimeForPeopleTest, IsOfLondon) { EXPECT_EQ(TimeForPeople(Time(GetParam().time)), GetParam().want); }

INSTANTIATE_TEST_SUITE_P(Times, TimeForPeopleTest,
                         testing::ValuesIn<TimeTextCase>({
                             {"Summer", "2021-10-15T13:02:11.5Z", "15 Oct 2021 14:02 BST"},
                             {"Winter", "2021-12-15T13:02:59Z", "15 Dec 2021 13:02 GMT"},
                             {"DayOfOneDigit", "2023-03-05T09:05:00Z", "5 Mar 2023 09:05 GMT"},
                             {"NextDayInLondon", "2021-07-31T23:30:00Z", "1 Aug 2021 00:30 BST"},
                             {"JustBeforeSummer", "2021-03-28T00:59:59Z", "28 Mar 2021 00:59 GMT"},
                             {"JustInSummer", "2021-03-28T01:00:00Z", "28 Mar 2021 02:00 BST"},
                             {"JustBeforeWinter", "2021-10-31T00:59:59Z", "31 Oct 2021 01:59 BST"},
                             {"JustInWinter", "2021-10-31T01:00:00Z", "31 Oct 2021 01:00 GMT"},
                             {"Midnight", "2024-02-29T00:00:00Z", "29 Feb 2024 00:00 GMT"},
                         }),
                         [](const auto& row) { return row.param.name; });

TEST(TimeForProgramsTest, IsUtcToTheLastDigit) {
  EXPECT_EQ(TimeForPrograms(Time("2021-10-15T13:02:11Z")), "2021-10-15T13:02:11Z");
  EXPECT_EQ(TimeForPrograms(Time("2021-10-15T14:02:11.500+01:00")), "2021-10-15T13:02:11.500Z");
  EXPECT_EQ(TimeForPrograms(Time("2021-10-15T13:02:11.000000001Z")), "2021-10-15T13:02:11.000000001Z");
}

class ParsesTime : public testing::TestWithParam<TimeTextCase> {};

TEST_P(ParsesTime, AsMeant) {
  const auto time = ParseTime(GetParam().time);
  ASSERT_TRUE(time.has_value());
  EXPECT_EQ(TimeForPrograms(*time), GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(Texts, ParsesTime,
                         testing::ValuesIn<TimeTextCase>({
                             {"DayIsItsEnd", "2021-12-15", "2021-12-15T23:59:59Z"},
                             {"DayInSummer", "2021-10-15", "2021-10-15T22:59:59Z"},
                             {"DayOfOneHourLess", "2021-03-28", "2021-03-28T22:59:59Z"},
                             {"DayOfOneHourMore", "2021-10-31", "2021-10-31T23:59:59Z"},
                             {"LeapDay", "2024-02-29", "2024-02-29T23:59:59Z"},
                             {"LondonInSummer", "2021-10-15T17:00", "2021-10-15T16:00:00Z"},
                             {"LondonInWinter", "2021-12-15T17:00", "2021-12-15T17:00:00Z"},
                             {"LondonWithSeconds", "2021-10-15T17:00:30", "2021-10-15T16:00:30Z"},
                             {"Utc", "2021-10-15T16:00:00Z", "2021-10-15T16:00:00Z"},
                             {"UtcWithoutSeconds", "2021-10-15T16:00Z", "2021-10-15T16:00:00Z"},
                             {"WithOffset", "2021-10-15T17:00:00+01:00", "2021-10-15T16:00:00Z"},
                             {"OffsetWithoutSeconds", "2021-10-15T17:00-05:00", "2021-10-15T22:00:00Z"},
                             {"Fraction", "2021-10-15T16:00:00.25Z", "2021-10-15T16:00:00.250Z"},
                         }),
                         [](const auto& row) { return row.param.name; });

struct NoTimeCase {
  std::string name;
  std::string text;
  friend void PrintTo(const NoTimeCase& row, std::ostream* out) { *out << row.name; }
};

class RefusesTime : public testing::TestWithParam<NoTimeCase> {};

TEST_P(RefusesTime, ThatIsNone) { EXPECT_FALSE(ParseTime(GetParam().text).has_value()); }

INSTANTIATE_TEST_SUITE_P(Texts, RefusesTime,
                         testing::ValuesIn<NoTimeCase>({
                             {"Empty", ""},
                             {"Word", "tomorrow"},
                             {"British", "15/10/2021"},
                             {"NoSuchDay", "2021-02-29"},
                             {"NoSuchDayWithTime", "2021-02-29T17:00"},
                             {"NoSuchHour", "2021-10-15T24:30"},
                             {"NoSuchMinute", "2021-10-15T17:60"},
                             {"HourAlone", "2021-10-15T17"},
                             {"SpaceForT", "2021-10-15 17:00"},
                             {"TimeAlone", "17:00"},
                             {"SomethingBehind", "2021-10-15T17:00Zulu"},
                             {"InfiniteFuture", "infinite-future"},
                             {"InfinitePast", "infinite-past"},
                         }),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace muster::cli
