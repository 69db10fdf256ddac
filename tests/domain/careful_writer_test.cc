#include "domain/careful_writer.h"

#include <ostream>
#include <string>

#include "gtest/gtest.h"

namespace muster {
namespace {

// An exact total of one result; each row changes what it is about.
v1::Total Exact(int64_t sum) {
  v1::Total total;
  total.set_sum(sum);
  total.set_qualifier(v1::QUALIFIER_EXACT);
  total.set_at_least(sum);
  total.set_at_most(sum);
  total.set_result_count(1);
  total.set_force_count(1);
  return total;
}

v1::Total AtLeast(int64_t sum, int64_t uncounted = 0) {
  v1::Total total = Exact(sum);
  total.set_qualifier(v1::QUALIFIER_AT_LEAST);
  total.clear_at_most();
  total.set_uncounted_count(uncounted);
  return total;
}

v1::Total AtMost(int64_t sum, int64_t certain) {
  v1::Total total = Exact(sum);
  total.set_qualifier(v1::QUALIFIER_AT_MOST);
  total.set_at_least(certain);
  return total;
}

v1::Total Mixed(int64_t sum, int64_t certain, int64_t uncounted = 0) {
  v1::Total total = Exact(sum);
  total.set_qualifier(v1::QUALIFIER_ESTIMATE);
  total.set_at_least(certain);
  total.clear_at_most();
  total.set_estimate(sum - certain);
  total.set_uncounted_count(uncounted);
  return total;
}

v1::Total Bounded(v1::Total total, int64_t at_most) {
  total.set_at_most(at_most);
  return total;
}

v1::Total Unqualified(v1::Total total) {
  total.clear_qualifier();
  return total;
}

v1::Total NotAdding(int64_t results, int64_t uncounted = 0) {
  v1::Total total;
  total.set_result_count(results);
  total.set_uncounted_count(uncounted);
  return total;
}

struct WrittenCase {
  std::string name;
  v1::Total total;
  v1::Dimension dimension;
  std::string want;
  friend void PrintTo(const WrittenCase& row, std::ostream* out) { *out << row.name; }
};

class WriteCarefullyTest : public testing::TestWithParam<WrittenCase> {};

TEST_P(WriteCarefullyTest, Writes) {
  EXPECT_EQ(WriteCarefully(GetParam().total, GetParam().dimension).Text(), GetParam().want);
}

constexpr v1::Dimension kCount = v1::DIMENSION_COUNT;
constexpr v1::Dimension kMoney = v1::DIMENSION_MONEY;
constexpr v1::Dimension kMass = v1::DIMENSION_MASS;

INSTANTIATE_TEST_SUITE_P(
    Totals, WriteCarefullyTest,
    testing::ValuesIn<WrittenCase>({
        {"Exact", Exact(230), kCount, "230"},
        {"QualifierUnsetIsExact", Unqualified(Exact(230)), kCount, "230"},
        {"Zero", Exact(0), kCount, "0"},
        {"ZeroMoney", Exact(0), kMoney, "£0"},
        {"ExactMass", Exact(151'500), kMass, "151.5 g"},
        {"ExactPercent", Exact(37), v1::DIMENSION_PERCENT, "37%"},
        {"Over", AtLeast(12'000'000), kMoney, "at least £120,000"},
        {"UpTo", AtMost(30'000'000, 0), kMass, "at most 30 kg"},
        {"UpToPartlyCertain", AtMost(30'000'000, 10'000'000), kMass, "at most 30 kg, at least 10 kg"},
        {"About", Mixed(6'600'000, 0), kMoney, "about £66,000"},
        // Over 120,000, about 66,000 and 25,595.
        {"Mixture", Mixed(21'159'500, 14'559'500), kMoney, "about £211,595, at least £145,595"},
        {"MixtureAllCertain", Mixed(500, 500), kCount, "at least 500"},
        {"MixtureWithBound", Bounded(Mixed(50, 30), 60), kCount, "about 50, at least 30, at most 60"},
        {"MixtureBoundedBySum", Bounded(Mixed(50, 30), 50), kCount, "about 50, at least 30"},
        {"OneUncounted", AtLeast(430'000, 1), kMass, "at least 430 g, and 1 value still to be counted"},
        {"SomeUncounted", AtLeast(12'000'000, 2), kMoney, "at least £120,000, and 2 values still to be counted"},
        {"MixtureUncounted", Mixed(90, 40, 2), kCount, "about 90, at least 40, and 2 values still to be counted"},
        {"OnlyUncounted", AtLeast(0, 1), kMoney, "1 value still to be counted"},
        {"ManyUncounted", AtLeast(0, 1'200), kMoney, "1,200 values still to be counted"},
        {"DoesNotAddUp", NotAdding(3), v1::DIMENSION_PERCENT, "no total (3 results do not add up)"},
        {"DoesNotAddUpUncounted", NotAdding(3, 1), v1::DIMENSION_PERCENT,
         "no total (3 results do not add up), and 1 value still to be counted"},
    }),
    [](const auto& row) { return row.param.name; });

TEST(CarefulTotalTest, KeepsTheNumberApartFromItsCaveats) {
  const CarefulTotal written = WriteCarefully(Mixed(21'159'500, 14'559'500), kMoney);
  EXPECT_EQ(written.headline, "about £211,595");
  EXPECT_EQ(written.caveats, ", at least £145,595");
}

}  // namespace
}  // namespace muster
