// How a change is told.
#include "clients/cli/comparison_text.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace muster::cli {
namespace {

struct ChangeCase {
  std::string name;
  std::string row;
  v1::Dimension dimension;
  std::string want;
};

class ChangeTextTest : public testing::TestWithParam<ChangeCase> {};

TEST_P(ChangeTextTest, SaysNoMoreThanIsKnown) {
  v1::TotalsRow row;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(GetParam().row, &row));
  EXPECT_EQ(ChangeText(row, GetParam().dimension), GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, ChangeTextTest,
    testing::ValuesIn<ChangeCase>({
        {"More", "total { sum: 162 qualifier: QUALIFIER_EXACT } baseline { sum: 150 qualifier: QUALIFIER_EXACT }",
         v1::DIMENSION_COUNT, "+12 (+8%)"},
        {"Fewer", "total { sum: 50 qualifier: QUALIFIER_EXACT } baseline { sum: 150 qualifier: QUALIFIER_EXACT }",
         v1::DIMENSION_COUNT, "-100 (-67%)"},
        {"HalfAPercentIsOne",
         "total { sum: 201 qualifier: QUALIFIER_EXACT } baseline { sum: 200 qualifier: QUALIFIER_EXACT }",
         v1::DIMENSION_COUNT, "+1 (+1%)"},
        {"LessThanHalfAPercent",
         "total { sum: 20099 qualifier: QUALIFIER_EXACT } baseline { sum: 20000 qualifier: QUALIFIER_EXACT }",
         v1::DIMENSION_COUNT, "+99 (+0%)"},
        {"Same", "total { sum: 5 qualifier: QUALIFIER_EXACT } baseline { sum: 5 qualifier: QUALIFIER_EXACT }",
         v1::DIMENSION_COUNT, "no change"},
        {"FromZeroThereIsNoPercentage",
         "total { sum: 5 qualifier: QUALIFIER_EXACT } baseline { sum: 0 qualifier: QUALIFIER_EXACT }",
         v1::DIMENSION_COUNT, "+5"},
        {"ToZero", "total { sum: 0 qualifier: QUALIFIER_EXACT } baseline { sum: 5 qualifier: QUALIFIER_EXACT }",
         v1::DIMENSION_COUNT, "-5 (-100%)"},
        {"OneIsAnEstimate",
         "total { sum: 2500000 qualifier: QUALIFIER_ESTIMATE } baseline { sum: 2000000 qualifier: QUALIFIER_EXACT }",
         v1::DIMENSION_MONEY, "about +£5,000 (+25%)"},
        {"TheOtherIsAtLeast",
         "total { sum: 5 qualifier: QUALIFIER_EXACT } baseline { sum: 5 qualifier: QUALIFIER_AT_LEAST }",
         v1::DIMENSION_COUNT, "about the same"},
        {"NotStatedNow", "baseline { sum: 5 qualifier: QUALIFIER_EXACT }", v1::DIMENSION_COUNT, ""},
        {"NotStatedThen", "total { sum: 5 qualifier: QUALIFIER_EXACT }", v1::DIMENSION_COUNT, ""},
        {"NoSum", "total { qualifier: QUALIFIER_EXACT } baseline { sum: 5 qualifier: QUALIFIER_EXACT }",
         v1::DIMENSION_COUNT, ""},
        {"TheLargest",
         "total { sum: 9223372036854775807 qualifier: QUALIFIER_EXACT } baseline { sum: 0 qualifier: QUALIFIER_EXACT }",
         v1::DIMENSION_COUNT, "+9,223,372,036,854,775,807"},
    }),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace muster::cli
