#include "clients/cli/text.h"

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "clients/cli/csv_text.h"
#include "clients/cli/progress_bar.h"
#include "gtest/gtest.h"

namespace muster::cli {
namespace {

struct TextCase {
  std::string name;
  std::string text;
  std::string want;
  friend void PrintTo(const TextCase& row, std::ostream* out) { *out << row.name; }
};

class PrintableTest : public testing::TestWithParam<TextCase> {};

TEST_P(PrintableTest, HasNothingThatATerminalObeys) { EXPECT_EQ(Printable(GetParam().text), GetParam().want); }

INSTANTIATE_TEST_SUITE_P(Texts, PrintableTest,
                         testing::ValuesIn<TextCase>({
                             {"Empty", "", ""},
                             {"Plain", "430 g, £12", "430 g, £12"},
                             {"Emoji", "\xF0\x9F\x9A\x93", "\xF0\x9F\x9A\x93"},
                             {"LineFeed", "a\nb", "a b"},
                             {"CarriageReturn", "a\rb",
                              "a\xEF\xBF\xBD"
                              "b"},
                             {"Tab", "a\tb",
                              "a\xEF\xBF\xBD"
                              "b"},
                             {"Escape", "\x1b[2J", "\xEF\xBF\xBD[2J"},
                             {"Delete", "\x7f", "\xEF\xBF\xBD"},
                             {"EscapeOfEightBits", "\xC2\x9B", "\xEF\xBF\xBD"},
                             {"NoBreakSpace", "\xC2\xA0", "\xC2\xA0"},
                             {"Nul", std::string("a\0b", 3),
                              "a\xEF\xBF\xBD"
                              "b"},
                             {"Latin1", "caf\xE9!", "caf\xEF\xBF\xBD!"},
                             {"Truncated", "\xE2\x82", "\xEF\xBF\xBD\xEF\xBF\xBD"},
                         }),
                         [](const auto& row) { return row.param.name; });

struct NumberCase {
  std::string name;
  int64_t number;
  std::string want;  // Of Counted, in results.
  friend void PrintTo(const NumberCase& row, std::ostream* out) { *out << row.name; }
};

class CountedTest : public testing::TestWithParam<NumberCase> {};

TEST_P(CountedTest, Says) { EXPECT_EQ(Counted(GetParam().number, "result"), GetParam().want); }

INSTANTIATE_TEST_SUITE_P(Numbers, CountedTest,
                         testing::ValuesIn<NumberCase>({
                             {"None", 0, "0 results"},
                             {"One", 1, "1 result"},
                             {"Two", 2, "2 results"},
                             {"JustBelowAThousand", 999, "999 results"},
                             {"Thousand", 1'000, "1,000 results"},
                             {"Million", 1'234'567, "1,234,567 results"},
                         }),
                         [](const auto& row) { return row.param.name; });

TEST(CountedTest, TakesAPluralOfItsOwn) {
  EXPECT_EQ(Counted(1, "log entry", "log entries"), "1 log entry");
  EXPECT_EQ(Counted(2'000, "log entry", "log entries"), "2,000 log entries");
}

class CsvLineTest : public testing::TestWithParam<TextCase> {};

// What is written as one cell among others, and that it reads back.
TEST_P(CsvLineTest, QuotesWhatMustBe) {
  const std::vector<std::string> cells = {"first", GetParam().text, "last"};
  const std::string line = CsvLine(cells);
  EXPECT_EQ(line, "first," + GetParam().want + ",last\n");
  const CsvRows read = ReadCsv(line);
  EXPECT_EQ(read.problem, "");
  ASSERT_EQ(read.rows.size(), 1U);
  EXPECT_EQ(read.rows[0].cells, cells);
}

INSTANTIATE_TEST_SUITE_P(Cells, CsvLineTest,
                         testing::ValuesIn<TextCase>({
                             {"Empty", "", ""},
                             {"Plain", "arrests", "arrests"},
                             {"SpaceInside", "at least", "at least"},
                             {"SpaceBefore", " a", "\" a\""},
                             {"SpaceBehind", "a ", "\"a \""},
                             {"TabBefore", "\ta", "\"\ta\""},
                             {"Comma", "1,234", "\"1,234\""},
                             {"Quote", "the \"usual\" one", "\"the \"\"usual\"\" one\""},
                             {"QuoteAlone", "\"", "\"\"\"\""},
                             {"LineFeed", "a\nb", "\"a\nb\""},
                             {"CarriageReturn", "a\rb", "\"a\rb\""},
                             {"Pounds", "£5", "£5"},
                         }),
                         [](const auto& row) { return row.param.name; });

struct ProgressCase {
  std::string name;
  int64_t done;
  int64_t total;
  int columns;
  std::string want;
  friend void PrintTo(const ProgressCase& row, std::ostream* out) { *out << row.name; }
};

class RenderProgressTest : public testing::TestWithParam<ProgressCase> {};

TEST_P(RenderProgressTest, FitsTheLine) {
  const std::string line = RenderProgress("Submitting", GetParam().done, GetParam().total, GetParam().columns);
  EXPECT_EQ(line, GetParam().want);
  // Below that, the numbers alone are longer.
  if (GetParam().columns >= 40) {
    EXPECT_LT(DisplayColumns(line), GetParam().columns);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Lines, RenderProgressTest,
    testing::ValuesIn<ProgressCase>({
        {"Start", 0, 10'000, 60, "Submitting [............................]   0%  0 of 10,000"},
        {"Half", 5'000, 10'000, 60, "Submitting [############............]  50%  5,000 of 10,000"},
        {"JustNotDone", 9'999, 10'000, 60, "Submitting [#######################.]  99%  9,999 of 10,000"},
        {"Done", 10'000, 10'000, 60, "Submitting [#######################] 100%  10,000 of 10,000"},
        {"NothingToDo", 0, 0, 60, "Submitting [#################################] 100%  0 of 0"},
        {"Wide", 1, 4, 200, "Submitting [##########..............................]  25%  1 of 4"},
        {"Narrow", 5'000, 10'000, 40, "Submitting  50%  5,000 of 10,000"},
        {"VeryNarrow", 5'000, 10'000, 1, "Submitting  50%  5,000 of 10,000"},
        {"Huge", 1'000'000'000'000'000, 1'000'000'000'000'001, 80,
         "Submitting [############.]  99%  1,000,000,000,000,000 of 1,000,000,000,000,001"},
    }),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace muster::cli
