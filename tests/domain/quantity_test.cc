#include "domain/quantity.h"

#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace muster {

// How a failed expectation shows a quantity.
void PrintTo(const Quantity& quantity, std::ostream* out) {
  *out << quantity.value << " " << v1::Unit_Name(quantity.unit);
}

namespace {

constexpr int kNoEnumerator = 99;

struct UnitCase {
  std::string name;
  v1::Unit unit;
  v1::Dimension dimension;
  v1::Unit base_unit;
  int64_t base_units;
  friend void PrintTo(const UnitCase& row, std::ostream* out) { *out << row.name; }
};

class UnitTest : public testing::TestWithParam<UnitCase> {
 protected:
  static const UnitCase& row() { return GetParam(); }
};

TEST_P(UnitTest, HasADimensionABaseUnitAndASize) {
  EXPECT_EQ(DimensionOf(row().unit), row().dimension);
  EXPECT_EQ(BaseUnitOf(row().dimension), row().base_unit);
  EXPECT_EQ(BaseUnitsIn(row().unit), row().base_units);
}

TEST_P(UnitTest, FitsItsDimensionAndNoOther) {
  for (int number = v1::Dimension_MIN; number <= v1::Dimension_MAX; ++number) {
    const auto dimension = static_cast<v1::Dimension>(number);
    const bool percent_of_count = row().unit == v1::UNIT_COUNT && dimension == v1::DIMENSION_PERCENT;
    EXPECT_EQ(UnitFits(row().unit, dimension), dimension == row().dimension || percent_of_count)
        << v1::Dimension_Name(dimension);
  }
}

TEST_P(UnitTest, HasItsNameBothWays) {
  EXPECT_EQ(UnitName(row().unit), row().name);
  EXPECT_EQ(UnitFromName(row().name), row().unit);
}

const std::vector<UnitCase>& AllUnits() {
  static const std::vector<UnitCase> rows = {
      {"count", v1::UNIT_COUNT, v1::DIMENSION_COUNT, v1::UNIT_COUNT, 1},
      {"mg", v1::UNIT_MILLIGRAM, v1::DIMENSION_MASS, v1::UNIT_MILLIGRAM, 1},
      {"g", v1::UNIT_GRAM, v1::DIMENSION_MASS, v1::UNIT_MILLIGRAM, 1'000},
      {"kg", v1::UNIT_KILOGRAM, v1::DIMENSION_MASS, v1::UNIT_MILLIGRAM, 1'000'000},
      {"pence", v1::UNIT_PENNY, v1::DIMENSION_MONEY, v1::UNIT_PENNY, 1},
      {"pounds", v1::UNIT_POUND, v1::DIMENSION_MONEY, v1::UNIT_PENNY, 100},
      {"ml", v1::UNIT_MILLILITRE, v1::DIMENSION_VOLUME, v1::UNIT_MILLILITRE, 1},
      {"l", v1::UNIT_LITRE, v1::DIMENSION_VOLUME, v1::UNIT_MILLILITRE, 1'000},
      {"min", v1::UNIT_MINUTE, v1::DIMENSION_TIME, v1::UNIT_MINUTE, 1},
      {"h", v1::UNIT_HOUR, v1::DIMENSION_TIME, v1::UNIT_MINUTE, 60},
  };
  return rows;
}

INSTANTIATE_TEST_SUITE_P(Units, UnitTest, testing::ValuesIn(AllUnits()),
                         [](const auto& row) { return row.param.name; });

TEST(UnitsTest, EveryUnitOfTheApiIsInTheTable) {
  std::set<int> rows;
  for (const UnitCase& row : AllUnits()) rows.insert(row.unit);
  for (int number = v1::Unit_MIN; number <= v1::Unit_MAX; ++number) {
    EXPECT_EQ(rows.count(number), number == v1::UNIT_UNSPECIFIED ? 0 : 1) << v1::Unit_Name(number);
  }
}

TEST(UnitsTest, NoUnitHasNoDimensionNoSizeAndNoName) {
  for (const auto unit : {v1::UNIT_UNSPECIFIED, static_cast<v1::Unit>(kNoEnumerator), static_cast<v1::Unit>(-1)}) {
    EXPECT_EQ(DimensionOf(unit), v1::DIMENSION_UNSPECIFIED) << unit;
    EXPECT_EQ(BaseUnitsIn(unit), 0) << unit;
    EXPECT_EQ(UnitName(unit), "") << unit;
    for (int dimension = v1::Dimension_MIN; dimension <= v1::Dimension_MAX; ++dimension) {
      EXPECT_FALSE(UnitFits(unit, static_cast<v1::Dimension>(dimension))) << unit << " " << dimension;
    }
  }
}

TEST(UnitsTest, NoDimensionHasNoUnits) {
  for (const auto dimension : {v1::DIMENSION_UNSPECIFIED, static_cast<v1::Dimension>(kNoEnumerator)}) {
    EXPECT_EQ(BaseUnitOf(dimension), v1::UNIT_UNSPECIFIED) << dimension;
    EXPECT_EQ(UnitsOf(dimension), "") << dimension;
    for (const UnitCase& row : AllUnits()) EXPECT_FALSE(UnitFits(row.unit, dimension)) << row.name << " " << dimension;
  }
}

TEST(UnitsTest, PercentagesAreCounted) { EXPECT_EQ(BaseUnitOf(v1::DIMENSION_PERCENT), v1::UNIT_COUNT); }

TEST(UnitsTest, NearMissesAreNoNames) {
  for (const char* const name :
       {"", "KG", "Kg", " kg", "kg ", "kilogram", "k", "pound", "penny", "£", "litre", "hours"}) {
    EXPECT_EQ(UnitFromName(name), std::nullopt) << "\"" << name << "\"";
  }
}

TEST(UnitsTest, TheUnitsOfADimensionAreListedForPeople) {
  EXPECT_EQ(UnitsOf(v1::DIMENSION_COUNT), "count");
  EXPECT_EQ(UnitsOf(v1::DIMENSION_PERCENT), "count");
  EXPECT_EQ(UnitsOf(v1::DIMENSION_MONEY), "pence or pounds");
  EXPECT_EQ(UnitsOf(v1::DIMENSION_MASS), "mg, g or kg");
  EXPECT_EQ(UnitsOf(v1::DIMENSION_VOLUME), "ml or l");
  EXPECT_EQ(UnitsOf(v1::DIMENSION_TIME), "min or h");
}

TEST(QualifiersTest, HaveTheirNamesBothWays) {
  for (const auto& [qualifier, name] :
       {std::pair{v1::QUALIFIER_EXACT, "exact"}, std::pair{v1::QUALIFIER_AT_LEAST, "at_least"},
        std::pair{v1::QUALIFIER_AT_MOST, "at_most"}, std::pair{v1::QUALIFIER_ESTIMATE, "estimate"}}) {
    EXPECT_EQ(QualifierName(qualifier), name);
    EXPECT_EQ(QualifierFromName(name), qualifier) << name;
  }
}

TEST(QualifiersTest, UnsetIsCalledExact) { EXPECT_EQ(QualifierName(v1::QUALIFIER_UNSPECIFIED), "exact"); }

TEST(QualifiersTest, NearMissesAreNoNames) {
  for (const char* const name :
       {"", "Exact", "at least", "atleast", "at_least ", "about", "estimated", "unspecified"}) {
    EXPECT_EQ(QualifierFromName(name), std::nullopt) << "\"" << name << "\"";
  }
}

// What a text means in a unit; nullopt where it is no quantity.
struct ParseCase {
  std::string name;
  std::string text;
  v1::Unit unit;
  std::optional<Quantity> want;
  friend void PrintTo(const ParseCase& row, std::ostream* out) { *out << row.name; }
};

class ParseQuantityTest : public testing::TestWithParam<ParseCase> {};

TEST_P(ParseQuantityTest, ReadsExactlyWhatIsThere) {
  EXPECT_EQ(ParseQuantity(GetParam().text, GetParam().unit), GetParam().want);
}

constexpr v1::Unit kCount = v1::UNIT_COUNT;
constexpr v1::Unit kMilligram = v1::UNIT_MILLIGRAM;
constexpr v1::Unit kGram = v1::UNIT_GRAM;
constexpr v1::Unit kKilogram = v1::UNIT_KILOGRAM;
constexpr v1::Unit kPenny = v1::UNIT_PENNY;
constexpr v1::Unit kPound = v1::UNIT_POUND;
constexpr v1::Unit kMillilitre = v1::UNIT_MILLILITRE;
constexpr v1::Unit kLitre = v1::UNIT_LITRE;
constexpr v1::Unit kMinute = v1::UNIT_MINUTE;
constexpr v1::Unit kHour = v1::UNIT_HOUR;

INSTANTIATE_TEST_SUITE_P(WholeNumbers, ParseQuantityTest,
                         testing::ValuesIn<ParseCase>({
                             {"Zero", "0", kCount, Quantity{0, kCount}},
                             {"One", "1", kCount, Quantity{1, kCount}},
                             {"ThirtyKilograms", "30", kKilogram, Quantity{30, kKilogram}},
                             {"LeadingZeros", "007", kCount, Quantity{7, kCount}},
                             {"VeryManyLeadingZeros", std::string(100, '0') + "7", kCount, Quantity{7, kCount}},
                             // Never to a larger unit than the stated one.
                             {"ThousandGrams", "1000", kGram, Quantity{1'000, kGram}},
                             {"HundredPence", "100", kPenny, Quantity{100, kPenny}},
                             {"SixtyMinutes", "60", kMinute, Quantity{60, kMinute}},
                             {"Pence", "1250", kPenny, Quantity{1'250, kPenny}},
                         }),
                         [](const auto& row) { return row.param.name; });

// A fraction moves to the largest smaller unit in which it is whole.
INSTANTIATE_TEST_SUITE_P(Fractions, ParseQuantityTest,
                         testing::ValuesIn<ParseCase>({
                             {"GramsAndAHalf", "151.5", kGram, Quantity{151'500, kMilligram}},
                             {"OneMilligramInGrams", "0.001", kGram, Quantity{1, kMilligram}},
                             {"FinerThanAMilligramInGrams", "0.0001", kGram, std::nullopt},
                             {"KilogramsToGrams", "1.4", kKilogram, Quantity{1'400, kGram}},
                             {"OneGramInKilograms", "0.001", kKilogram, Quantity{1, kGram}},
                             {"KilogramsToMilligrams", "1.4705", kKilogram, Quantity{1'470'500, kMilligram}},
                             {"OneMilligramInKilograms", "0.000001", kKilogram, Quantity{1, kMilligram}},
                             {"FinerThanAMilligramInKilograms", "0.0000001", kKilogram, std::nullopt},
                             {"WholeInSpiteOfItsPoint", "30.000", kKilogram, Quantity{30, kKilogram}},
                             {"TrailingZeros", "151.500", kGram, Quantity{151'500, kMilligram}},
                             {"ZeroWithAPoint", "0.0", kKilogram, Quantity{0, kKilogram}},
                             {"PoundsAndPence", "12.50", kPound, Quantity{1'250, kPenny}},
                             {"PoundsAndOnePlace", "12.5", kPound, Quantity{1'250, kPenny}},
                             {"WholePounds", "12.00", kPound, Quantity{12, kPound}},
                             {"HalfAPenny", "12.505", kPound, std::nullopt},
                             {"ThreePlacesOfWholePence", "12.500", kPound, Quantity{1'250, kPenny}},
                             {"FractionOfAPenny", "0.5", kPenny, std::nullopt},
                             {"FractionOfACount", "1.5", kCount, std::nullopt},
                             {"WholeCountWithAPoint", "2.0", kCount, Quantity{2, kCount}},
                             {"FractionOfAMilligram", "0.5", kMilligram, std::nullopt},
                             {"LitresAndAHalf", "1.5", kLitre, Quantity{1'500, kMillilitre}},
                             {"FinerThanAMillilitre", "1.0005", kLitre, std::nullopt},
                             {"HoursAndAHalf", "1.5", kHour, Quantity{90, kMinute}},
                             {"ThreeMinutesInHours", "0.05", kHour, Quantity{3, kMinute}},
                             {"FinerThanAMinute", "0.01", kHour, std::nullopt},
                             {"FractionOfAMinute", "0.5", kMinute, std::nullopt},
                             {"NinePlaces", "1.000000000", kGram, Quantity{1, kGram}},
                             {"NinePlacesThatMatter", "1.000000001", kKilogram, std::nullopt},
                         }),
                         [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Bounds, ParseQuantityTest,
    testing::ValuesIn<ParseCase>({
        {"Largest", "1000000000000000", kCount, Quantity{kMaxFigureValue, kCount}},
        {"OneOver", "1000000000000001", kCount, std::nullopt},
        {"LargestWithAPoint", "1000000000000000.0", kCount, Quantity{kMaxFigureValue, kCount}},
        // The value is read in the unit that is stated; that 10^15 kg are too many milligrams, validation says better.
        {"LargestInStatedUnit", "1000000000000000", kKilogram, Quantity{kMaxFigureValue, kKilogram}},
        {"OneOverInStatedUnit", "1000000000000001", kKilogram, std::nullopt},
        // A fraction is bounded in the unit that it moves to.
        {"LargestInSmallerUnit", "9999999999999.99", kPound, Quantity{999'999'999'999'999, kPenny}},
        {"OverInSmallerUnit", "10000000000000.01", kPound, std::nullopt},
        {"LargestInMilligrams", "999999999999.999", kGram, Quantity{999'999'999'999'999, kMilligram}},
        {"OverInMilligrams", "1000000000000.001", kGram, std::nullopt},
        {"BeyondSixtyFourBits", "18446744073709551617", kCount, std::nullopt},
        {"BeyondHundredTwentyEightBits", "340282366920938463463374607431768211457", kCount, std::nullopt},
        {"ManyNines", std::string(1'000, '9'), kCount, std::nullopt},
        {"ManyPlaces", "0." + std::string(1'000, '9'), kCount, std::nullopt},
    }),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(NoNumbers, ParseQuantityTest,
                         testing::ValuesIn<ParseCase>({
                             {"Empty", "", kCount, std::nullopt},
                             {"Plus", "+1", kCount, std::nullopt},
                             {"Minus", "-1", kCount, std::nullopt},
                             {"MinusZero", "-0", kCount, std::nullopt},
                             {"ThousandsSeparator", "1,000", kCount, std::nullopt},
                             {"Underscore", "1_000", kCount, std::nullopt},
                             {"Apostrophe", "1'000", kCount, std::nullopt},
                             {"DecimalComma", "151,5", kGram, std::nullopt},
                             {"LeadingSpace", " 1", kCount, std::nullopt},
                             {"TrailingSpace", "1 ", kCount, std::nullopt},
                             {"InnerSpace", "1 000", kCount, std::nullopt},
                             {"NewLine", "1\n", kCount, std::nullopt},
                             {"ZeroByte", std::string("1\0", 2), kCount, std::nullopt},
                             {"LeadingPoint", ".5", kPound, std::nullopt},
                             {"TrailingPoint", "5.", kPound, std::nullopt},
                             {"OnlyAPoint", ".", kPound, std::nullopt},
                             {"TwoPoints", "1.5.0", kPound, std::nullopt},
                             {"PointBehindPoint", "1..5", kPound, std::nullopt},
                             {"Exponent", "1e3", kCount, std::nullopt},
                             {"ExponentWithAPoint", "1.5E3", kCount, std::nullopt},
                             {"Hexadecimal", "0x10", kCount, std::nullopt},
                             {"Infinity", "inf", kCount, std::nullopt},
                             {"NotANumber", "nan", kCount, std::nullopt},
                             {"Currency", "£12.50", kPound, std::nullopt},
                             {"UnitBehind", "30kg", kKilogram, std::nullopt},
                             {"Percent", "37%", kCount, std::nullopt},
                             {"ArabicIndicDigits", "٣٠", kKilogram, std::nullopt},
                             {"FullWidthDigits", "３０", kKilogram, std::nullopt},
                             {"Superscript", "3²", kCount, std::nullopt},
                             {"Half", "½", kKilogram, std::nullopt},
                             {"NoUnit", "1", v1::UNIT_UNSPECIFIED, std::nullopt},
                             {"UnknownUnit", "1", static_cast<v1::Unit>(kNoEnumerator), std::nullopt},
                         }),
                         [](const auto& row) { return row.param.name; });

struct FormatCase {
  std::string name;
  absl::int128 base_value;
  v1::Dimension dimension;
  std::string want;
  friend void PrintTo(const FormatCase& row, std::ostream* out) { *out << row.name; }
};

class FormatQuantityTest : public testing::TestWithParam<FormatCase> {};

TEST_P(FormatQuantityTest, WritesItExactlyInTheUnitThatReadsBest) {
  EXPECT_EQ(FormatQuantity(GetParam().base_value, GetParam().dimension), GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(Values, FormatQuantityTest,
                         testing::ValuesIn<FormatCase>({
                             {"CountZero", 0, v1::DIMENSION_COUNT, "0"},
                             {"Count", 230, v1::DIMENSION_COUNT, "230"},
                             {"CountBelowThousand", 999, v1::DIMENSION_COUNT, "999"},
                             {"CountThousand", 1'000, v1::DIMENSION_COUNT, "1,000"},
                             {"CountMillions", 1'234'567, v1::DIMENSION_COUNT, "1,234,567"},
                             {"CountNegative", -1'234, v1::DIMENSION_COUNT, "-1,234"},
                             {"CountBeyondSixtyFourBits", absl::int128(kMaxFigureValue) * kMaxFigureValue,
                              v1::DIMENSION_COUNT, "1,000,000,000,000,000,000,000,000,000,000"},
                             {"MoneyZero", 0, v1::DIMENSION_MONEY, "£0"},
                             {"MoneyPence", 5, v1::DIMENSION_MONEY, "£0.05"},
                             {"MoneyTenPence", 10, v1::DIMENSION_MONEY, "£0.10"},
                             {"MoneyPoundsAndPence", 1'250, v1::DIMENSION_MONEY, "£12.50"},
                             {"MoneyPounds", 12'409'500, v1::DIMENSION_MONEY, "£124,095"},
                             {"MassZero", 0, v1::DIMENSION_MASS, "0 g"},
                             {"MassMilligrams", 999, v1::DIMENSION_MASS, "999 mg"},
                             {"MassOneGram", 1'000, v1::DIMENSION_MASS, "1 g"},
                             {"MassGramsAndOneMilligram", 1'001, v1::DIMENSION_MASS, "1.001 g"},
                             {"MassGramsAndAHalf", 151'500, v1::DIMENSION_MASS, "151.5 g"},
                             {"MassGrams", 430'000, v1::DIMENSION_MASS, "430 g"},
                             {"MassBelowAKilogram", 999'999, v1::DIMENSION_MASS, "999.999 g"},
                             {"MassOneKilogram", 1'000'000, v1::DIMENSION_MASS, "1 kg"},
                             {"MassKilogramAndOneMilligram", 1'000'001, v1::DIMENSION_MASS, "1.000001 kg"},
                             {"MassKilogramsToTheGram", 1'470'500, v1::DIMENSION_MASS, "1.4705 kg"},
                             {"MassTonnes", absl::int128(1'234'500'000'000), v1::DIMENSION_MASS, "1,234,500 kg"},
                             {"VolumeZero", 0, v1::DIMENSION_VOLUME, "0 ml"},
                             {"VolumeMillilitres", 999, v1::DIMENSION_VOLUME, "999 ml"},
                             {"VolumeLitres", 1'500, v1::DIMENSION_VOLUME, "1.5 l"},
                             {"TimeZero", 0, v1::DIMENSION_TIME, "0 min"},
                             {"TimeMinutes", 59, v1::DIMENSION_TIME, "59 min"},
                             {"TimeOneHour", 60, v1::DIMENSION_TIME, "1 h"},
                             {"TimeHoursAndMinutes", 150, v1::DIMENSION_TIME, "2 h 30 min"},
                             {"TimeThousandHours", 60'001, v1::DIMENSION_TIME, "1,000 h 1 min"},
                             {"Percent", 37, v1::DIMENSION_PERCENT, "37%"},
                             {"NoDimension", 1'000, v1::DIMENSION_UNSPECIFIED, "1,000"},
                         }),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace muster
