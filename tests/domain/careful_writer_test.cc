#include "domain/careful_writer.h"

#include "gtest/gtest.h"
#include "tests/wording_cases.h"

namespace muster {
namespace {

class WriteCarefullyTest : public testing::TestWithParam<WordingCase<v1::Total>> {};

TEST_P(WriteCarefullyTest, Writes) {
  EXPECT_EQ(WriteCarefully(GetParam().message, GetParam().dimension).Text(), GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(Totals, WriteCarefullyTest,
                         testing::ValuesIn(ReadWordingCases<v1::Total>("tests/domain/careful_totals.json", "total")),
                         [](const auto& row) { return row.param.name; });

TEST(CarefulTotalTest, KeepsTheNumberApartFromItsCaveats) {
  v1::Total total;
  total.set_sum(21'159'500);
  total.set_qualifier(v1::QUALIFIER_ESTIMATE);
  total.set_at_least(14'559'500);
  const CarefulTotal written = WriteCarefully(total, v1::DIMENSION_MONEY);
  EXPECT_EQ(written.headline, "about £211,595");
  EXPECT_EQ(written.caveats, ", at least £145,595");
}

}  // namespace
}  // namespace muster
