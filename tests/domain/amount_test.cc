#include "domain/amount.h"

#include <limits>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace muster {

// How a failed expectation shows an amount.
void PrintTo(const Amount& amount, std::ostream* out) {
  *out << amount.sum << ", estimated " << amount.estimate_sum << ", at most " << amount.at_most_sum << "; counts "
       << amount.at_least_count << " " << amount.at_most_count << " " << amount.estimate_count << " "
       << amount.uncounted_count;
}

namespace {

constexpr v1::Qualifier kExact = v1::QUALIFIER_EXACT;
constexpr v1::Qualifier kAtLeast = v1::QUALIFIER_AT_LEAST;
constexpr v1::Qualifier kAtMost = v1::QUALIFIER_AT_MOST;
constexpr v1::Qualifier kEstimate = v1::QUALIFIER_ESTIMATE;

// A part of each kind, by a sign: = exact, > at least, < at most, ~ estimate, ? still to be counted. Their values are
// the digits of what they add up to.
Amount Part(char sign) {
  switch (sign) {
    case '=':
      return Amount::Stated(1, kExact);
    case '>':
      return Amount::Stated(20, kAtLeast);
    case '<':
      return Amount::Stated(300, kAtMost);
    case '~':
      return Amount::Stated(4'000, kEstimate);
    case '?':
      return Amount::Uncounted();
    default:
      ADD_FAILURE() << "no part is called " << sign;
      return {};
  }
}

// What parts of these kinds come to.
struct MixtureCase {
  std::string parts;
  int64_t sum;
  int64_t certain;
  std::optional<int64_t> at_most;
  v1::Qualifier qualifier;
  friend void PrintTo(const MixtureCase& row, std::ostream* out) { *out << "\"" << row.parts << "\""; }
};

std::string InWords(const std::string& parts) {
  static const std::map<char, std::string> kWords = {
      {'=', "Exact"}, {'>', "AtLeast"}, {'<', "AtMost"}, {'~', "Estimate"}, {'?', "Uncounted"}};
  std::string words;
  for (const char sign : parts) words += kWords.at(sign);
  return parts.empty() ? "Nothing" : words;
}

class MixtureTest : public testing::TestWithParam<MixtureCase> {
 protected:
  static Amount Sum() {
    Amount sum;
    for (const char sign : GetParam().parts) sum += Part(sign);
    return sum;
  }
};

TEST_P(MixtureTest, SaysWhatIsCertainWhatBoundsItAndHowToPrintIt) {
  const Amount sum = Sum();
  EXPECT_EQ(sum.sum, GetParam().sum);
  EXPECT_EQ(sum.AtLeast(), GetParam().certain);
  EXPECT_EQ(sum.AtMost(), GetParam().at_most ? std::optional<absl::int128>(*GetParam().at_most) : std::nullopt);
  EXPECT_EQ(sum.CarefulQualifier(), GetParam().qualifier);
}

TEST_P(MixtureTest, DoesNotDependOnTheOrder) {
  Amount backwards;
  for (auto sign = GetParam().parts.rbegin(); sign != GetParam().parts.rend(); ++sign) backwards += Part(*sign);
  EXPECT_EQ(backwards, Sum());
}

TEST_P(MixtureTest, GivesBackWhatWasWhenAPartIsTakenOut) {
  for (const char sign : std::string("=><~?")) {
    Amount sum = Sum();
    sum += Part(sign);
    EXPECT_NE(sum, Sum()) << sign;
    sum -= Part(sign);
    EXPECT_EQ(sum, Sum()) << sign;
  }
  Amount nothing = Sum();
  for (const char sign : GetParam().parts) nothing -= Part(sign);
  EXPECT_EQ(nothing, Amount());
}

// All 32 combinations.
INSTANTIATE_TEST_SUITE_P(Combinations, MixtureTest,
                         testing::ValuesIn<MixtureCase>({
                             {"", 0, 0, 0, kExact},
                             {"=", 1, 1, 1, kExact},
                             {">", 20, 20, std::nullopt, kAtLeast},
                             {"=>", 21, 21, std::nullopt, kAtLeast},
                             {"<", 300, 0, 300, kAtMost},
                             {"=<", 301, 1, 301, kAtMost},
                             {"><", 320, 20, std::nullopt, kEstimate},
                             {"=><", 321, 21, std::nullopt, kEstimate},
                             {"~", 4'000, 0, std::nullopt, kEstimate},
                             {"=~", 4'001, 1, std::nullopt, kEstimate},
                             {">~", 4'020, 20, std::nullopt, kEstimate},
                             {"=>~", 4'021, 21, std::nullopt, kEstimate},
                             {"<~", 4'300, 0, std::nullopt, kEstimate},
                             {"=<~", 4'301, 1, std::nullopt, kEstimate},
                             {"><~", 4'320, 20, std::nullopt, kEstimate},
                             {"=><~", 4'321, 21, std::nullopt, kEstimate},
                             {"?", 0, 0, std::nullopt, kAtLeast},
                             {"=?", 1, 1, std::nullopt, kAtLeast},
                             {">?", 20, 20, std::nullopt, kAtLeast},
                             {"=>?", 21, 21, std::nullopt, kAtLeast},
                             {"<?", 300, 0, std::nullopt, kEstimate},
                             {"=<?", 301, 1, std::nullopt, kEstimate},
                             {"><?", 320, 20, std::nullopt, kEstimate},
                             {"=><?", 321, 21, std::nullopt, kEstimate},
                             {"~?", 4'000, 0, std::nullopt, kEstimate},
                             {"=~?", 4'001, 1, std::nullopt, kEstimate},
                             {">~?", 4'020, 20, std::nullopt, kEstimate},
                             {"=>~?", 4'021, 21, std::nullopt, kEstimate},
                             {"<~?", 4'300, 0, std::nullopt, kEstimate},
                             {"=<~?", 4'301, 1, std::nullopt, kEstimate},
                             {"><~?", 4'320, 20, std::nullopt, kEstimate},
                             {"=><~?", 4'321, 21, std::nullopt, kEstimate},
                         }),
                         [](const auto& row) { return InWords(row.param.parts); });

TEST(AmountTest, AnUnsetQualifierMeansExact) {
  EXPECT_EQ(Amount::Stated(7, v1::QUALIFIER_UNSPECIFIED), Amount::Stated(7, kExact));
}

TEST(AmountTest, AZeroKeepsItsQualifier) {
  EXPECT_EQ(Amount::Stated(0, kAtLeast).CarefulQualifier(), kAtLeast);
  EXPECT_EQ(Amount::Stated(0, kAtMost).CarefulQualifier(), kAtMost);
  EXPECT_EQ(Amount::Stated(0, kEstimate).CarefulQualifier(), kEstimate);
  EXPECT_EQ(Amount::Stated(0, kEstimate).AtMost(), std::nullopt);
}

TEST(AmountTest, NotYetCountedIsNotZero) {
  EXPECT_NE(Amount::Uncounted(), Amount::Stated(0, kExact));
  EXPECT_EQ(Amount::Uncounted().sum, 0);
  EXPECT_EQ(Amount::Uncounted().uncounted_count, 1);
}

TEST(AmountTest, TheExampleOfCashComesOut) {
  // "Over 120,000", "about 66,000" and 25,595.
  Amount cash = Amount::Stated(12'000'000, kAtLeast);
  cash += Amount::Stated(6'600'000, kEstimate);
  cash += Amount::Stated(2'559'500, kExact);
  EXPECT_EQ(cash.sum, 21'159'500);
  EXPECT_EQ(cash.AtLeast(), 14'559'500);
  EXPECT_EQ(cash.AtMost(), std::nullopt);
  EXPECT_EQ(cash.estimate_sum, 6'600'000);
  EXPECT_EQ(cash.CarefulQualifier(), kEstimate);
}

TEST(AmountTest, AddsBeyondSixtyFourBits) {
  const int64_t large = std::numeric_limits<int64_t>::max();
  Amount sum;
  for (int i = 0; i < 3; ++i) sum += Amount::Stated(large, kAtMost);
  EXPECT_EQ(sum.sum, absl::int128(large) * 3);
  EXPECT_EQ(sum.AtMost(), absl::int128(large) * 3);
  EXPECT_EQ(sum.AtLeast(), 0);
  for (int i = 0; i < 3; ++i) sum -= Amount::Stated(large, kAtMost);
  EXPECT_EQ(sum, Amount());
}

}  // namespace
}  // namespace muster
