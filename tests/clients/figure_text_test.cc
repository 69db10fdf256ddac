#include "clients/cli/figure_text.h"

#include <optional>
#include <ostream>
#include <string>

#include "gtest/gtest.h"

namespace muster::cli {
namespace {

struct FigureCase {
  std::string name;
  std::optional<int64_t> value;
  v1::Unit unit;
  v1::Qualifier qualifier;
  v1::Dimension dimension;
  std::string want;
  friend void PrintTo(const FigureCase& row, std::ostream* out) { *out << row.name; }
};

class FigureTextTest : public testing::TestWithParam<FigureCase> {};

TEST_P(FigureTextTest, Says) {
  v1::Figure figure;
  if (GetParam().value.has_value()) figure.set_value(*GetParam().value);
  figure.set_unit(GetParam().unit);
  figure.set_qualifier(GetParam().qualifier);
  EXPECT_EQ(FigureText(figure, GetParam().dimension), GetParam().want);
}

constexpr v1::Qualifier kUnset = v1::QUALIFIER_UNSPECIFIED;
constexpr v1::Qualifier kExact = v1::QUALIFIER_EXACT;
constexpr v1::Qualifier kAtLeast = v1::QUALIFIER_AT_LEAST;
constexpr v1::Qualifier kAtMost = v1::QUALIFIER_AT_MOST;
constexpr v1::Qualifier kAbout = v1::QUALIFIER_ESTIMATE;
constexpr v1::Dimension kCount = v1::DIMENSION_COUNT;
constexpr v1::Dimension kMass = v1::DIMENSION_MASS;
constexpr v1::Dimension kMoney = v1::DIMENSION_MONEY;
constexpr v1::Dimension kTime = v1::DIMENSION_TIME;
constexpr v1::Dimension kVolume = v1::DIMENSION_VOLUME;

INSTANTIATE_TEST_SUITE_P(
    Figures, FigureTextTest,
    testing::ValuesIn<FigureCase>({
        {"Count", 61, v1::UNIT_COUNT, kUnset, kCount, "61"},
        {"CountSaidToBeExact", 61, v1::UNIT_COUNT, kExact, kCount, "61"},
        {"Zero", 0, v1::UNIT_COUNT, kUnset, kCount, "0"},
        {"NotYetCounted", std::nullopt, v1::UNIT_COUNT, kUnset, kCount, "not yet counted"},
        {"NotYetCountedWithoutUnit", std::nullopt, v1::UNIT_UNSPECIFIED, kUnset, kMoney, "not yet counted"},
        {"Thousands", 1'234'567, v1::UNIT_COUNT, kAtLeast, kCount, "at least 1,234,567"},
        {"Grams", 430, v1::UNIT_GRAM, kUnset, kMass, "430 g"},
        {"GramsAtLeast", 430, v1::UNIT_GRAM, kAtLeast, kMass, "at least 430 g"},
        {"GramsFromMilligrams", 151'500, v1::UNIT_MILLIGRAM, kUnset, kMass, "151.5 g"},
        {"Milligrams", 15, v1::UNIT_MILLIGRAM, kUnset, kMass, "15 mg"},
        {"JustBelowAKilogram", 999, v1::UNIT_GRAM, kUnset, kMass, "999 g"},
        {"Kilogram", 1, v1::UNIT_KILOGRAM, kAtMost, kMass, "at most 1 kg"},
        {"KilogramsFromGrams", 1'470, v1::UNIT_GRAM, kUnset, kMass, "1.47 kg"},
        {"Pounds", 124'095, v1::UNIT_POUND, kUnset, kMoney, "£124,095"},
        {"PoundsAbout", 66'000, v1::UNIT_POUND, kAbout, kMoney, "about £66,000"},
        {"PoundsFromPence", 6'600'000, v1::UNIT_PENNY, kAbout, kMoney, "about £66,000"},
        {"PoundsAndPence", 1'250, v1::UNIT_PENNY, kUnset, kMoney, "£12.50"},
        {"OnePenny", 1, v1::UNIT_PENNY, kUnset, kMoney, "£0.01"},
        {"HalfAnHour", 150, v1::UNIT_MINUTE, kUnset, kTime, "2 h 30 min"},
        {"Litres", 1'500, v1::UNIT_MILLILITRE, kUnset, kVolume, "1.5 l"},
        {"PerCent", 37, v1::UNIT_COUNT, kAbout, v1::DIMENSION_PERCENT, "about 37%"},
        {"LargestMass", 1'000'000'000'000'000, v1::UNIT_KILOGRAM, kUnset, kMass, "1,000,000,000,000,000 kg"},
    }),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace muster::cli
