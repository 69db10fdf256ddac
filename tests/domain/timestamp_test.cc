#include "domain/timestamp.h"

#include <cstdint>
#include <limits>
#include <string>

#include "gtest/gtest.h"

namespace muster {
namespace {

struct Row {
  std::string name;
  int64_t time_us;
  int64_t seconds;
  int32_t nanos;
};

class TimestampOfTest : public testing::TestWithParam<Row> {};

TEST_P(TimestampOfTest, CountsNanosecondsForward) {
  const google::protobuf::Timestamp timestamp = TimestampOf(GetParam().time_us);
  EXPECT_EQ(timestamp.seconds(), GetParam().seconds);
  EXPECT_EQ(timestamp.nanos(), GetParam().nanos);
}

INSTANTIATE_TEST_SUITE_P(
    Times, TimestampOfTest,
    testing::Values(Row{"TheEpoch", 0, 0, 0}, Row{"JustAfterIt", 1, 0, 1'000}, Row{"JustBeforeIt", -1, -1, 999'999'000},
                    Row{"ASecondBefore", -1'000'000, -1, 0}, Row{"MoreThanASecondBefore", -1'000'001, -2, 999'999'000},
                    Row{"TheLatest", std::numeric_limits<int64_t>::max(), 9'223'372'036'854, 775'807'000},
                    Row{"TheEarliest", std::numeric_limits<int64_t>::min(), -9'223'372'036'855, 224'192'000}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace muster
