#include "clients/cli/table.h"

#include <ostream>
#include <string>
#include <vector>

#include "clients/cli/text.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster::cli {
namespace {

Terminal Plain(int columns) { return {columns > 0, columns, false}; }

Table Totals() {
  Table table({{.title = "Metric"},
               {.title = "Total", .right_aligned = true, .may_be_cut = false},
               {.title = "", .gap = 0},
               {.title = "Left", .right_aligned = true, .may_be_cut = false, .hide_if_empty = true}});
  table.AddRow({"Arrests", "230", "", ""});
  table.AddRow({"Cash seized", "about £124,095", ", at least £58,095", ""});
  return table;
}

TEST(TableTest, LinesUpNumbersAndLeavesOutEmptyColumns) {
  EXPECT_EQ(Totals().Render(Plain(0)),
            "Metric                Total\n"
            "Arrests                 230\n"
            "Cash seized  about £124,095, at least £58,095\n");
}

TEST(TableTest, ShowsAColumnThatHoldsSomething) {
  Table table = Totals();
  table.AddRow({"Drug wraps", "3,200", "", "41"});
  EXPECT_EQ(table.Render(Plain(0)),
            "Metric                Total                    Left\n"
            "Arrests                 230\n"
            "Cash seized  about £124,095, at least £58,095\n"
            "Drug wraps            3,200                      41\n");
}

TEST(TableTest, CutsTextButNeverNumbers) {
  EXPECT_EQ(Totals().Render(Plain(40)),
            "Metric                Total\n"
            "Arrests                 230\n"
            "Cash seized  about £124,095, at least £…\n");
  // Below twelve columns a cut text says nothing: the line is then longer than the terminal.
  EXPECT_EQ(Totals().Render(Plain(10)),
            "Metric                Total\n"
            "Arrests                 230\n"
            "Cash seized  about £124,095, at least …\n");
}

Table Results() {
  Table table({{.title = "Result"},
               {.title = "Figures", .right_aligned = true, .may_be_cut = false, .dispensable = true},
               {.title = "Revision", .right_aligned = true, .may_be_cut = false},
               {.title = "Accepted", .may_be_cut = false, .dispensable = true}});
  table.AddRow({"the week of the operation", "8", "1", "24 Nov 2026"});
  return table;
}

TEST(TableTest, LeavesOutWhatCanBeSparedTheLastFirst) {
  // 12 + 2 + 7 + 2 + 8 + 2 + 11 columns: all of it just fits.
  EXPECT_EQ(Results().Render(Plain(44)),
            "Result        Figures  Revision  Accepted\n"
            "the week of…        8         1  24 Nov 2026\n");
  EXPECT_EQ(Results().Render(Plain(43)),
            "Result                    Figures  Revision\n"
            "the week of the operati…        8         1\n"
            "(no room for: Accepted)\n");
  EXPECT_EQ(Results().Render(Plain(30)),
            "Result                Revision\n"
            "the week of the ope…         1\n"
            "(no room for: Figures, Accept…\n");
  // What cannot be spared stays, though the line is then longer than the terminal.
  EXPECT_EQ(Results().Render(Plain(15)),
            "Result        Revision\n"
            "the week of…         1\n"
            "(no room for: …\n");
}

TEST(TableTest, WrapsWhereNothingMayBeLost) {
  Table table({{.title = "Operation", .may_be_cut = false}, {.title = "county-lines-2021-10", .wraps = true}});
  table.AddRow({"Forces", "Kent, Surrey, Thames Valley"});
  table.AddRow({"State", "open"});
  EXPECT_EQ(table.Render(Plain(0)),
            "Operation  county-lines-2021-10\n"
            "Forces     Kent, Surrey, Thames Valley\n"
            "State      open\n");
  EXPECT_EQ(table.Render(Plain(25)),
            "Operation  county-lines-2\n"
            "           021-10\n"
            "Forces     Kent, Surrey,\n"
            "           Thames Valley\n"
            "State      open\n");
}

struct WrapCase {
  std::string name;
  std::string text;
  std::vector<std::string> want;  // In lines of five.
  friend void PrintTo(const WrapCase& row, std::ostream* out) { *out << row.name; }
};

class WrapToColumnsTest : public testing::TestWithParam<WrapCase> {};

TEST_P(WrapToColumnsTest, LosesNothing) { EXPECT_EQ(WrapToColumns(GetParam().text, 5), GetParam().want); }

INSTANTIATE_TEST_SUITE_P(Texts, WrapToColumnsTest,
                         testing::ValuesIn<WrapCase>({
                             {"Empty", "", {""}},
                             {"JustFits", "abcde", {"abcde"}},
                             {"TwoWordsJustFit", "ab cd", {"ab cd"}},
                             {"SecondWordDoesNotFit", "ab cde", {"ab", "cde"}},
                             {"LongWord", "abcdefg", {"abcde", "fg"}},
                             {"LongWordOfWholeLines", "abcdefghij", {"abcde", "fghij"}},
                             {"LongWordAfterAShortOne", "a bcdefghi", {"a", "bcdef", "ghi"}},
                             {"WordsAfterALongOne", "abcdefg h i", {"abcde", "fg h", "i"}},
                             {"CharactersNotBytes", "£££££ £", {"£££££", "£"}},
                             {"LongWordOfPounds", "££££££", {"£££££", "£"}},
                         }),
                         [](const auto& row) { return row.param.name; });

TEST(TableTest, ColoursTitlesAndCells) {
  Table table({{.title = "Force"}, {.title = "State"}});
  table.AddRow({"Surrey", Cell("missing", Colour::kRed)});
  EXPECT_EQ(table.Render({true, 80, true}),
            "\x1b[1mForce\x1b[0m   \x1b[1mState\x1b[0m\n"
            "Surrey  \x1b[31mmissing\x1b[0m\n");
}

TEST(TableTest, DoesNotObeyWhatOthersWrote) {
  Table table({{.title = "Title"}});
  table.AddRow({"a\x1b[2Jb\nc"});
  EXPECT_EQ(table.Render(Plain(0)), "Title\na\xEF\xBF\xBD[2Jb c\n");
}

TEST(TableTest, OrnamentsGoBeforeAnythingIsCut) {
  Table table({{.title = "Force"}, {.title = "Total", .may_be_cut = false}, {.title = "Bar", .ornament = true}});
  table.AddRow({"Thames Valley", "5", "#####"});
  EXPECT_THAT(table.Render(Plain(27)), testing::HasSubstr("#####"));
  EXPECT_EQ(table.Render(Plain(26)), "Force          Total\nThames Valley  5\n");
  EXPECT_THAT(table.Render(Plain(0)), testing::HasSubstr("#####"));
}

struct Utf8Case {
  std::string name;
  std::string text;
  bool want;
  friend void PrintTo(const Utf8Case& row, std::ostream* out) { *out << row.name; }
};

class IsUtf8Test : public testing::TestWithParam<Utf8Case> {};

TEST_P(IsUtf8Test, Tells) { EXPECT_EQ(IsUtf8(GetParam().text), GetParam().want); }

INSTANTIATE_TEST_SUITE_P(Texts, IsUtf8Test,
                         testing::ValuesIn<Utf8Case>({
                             {"Empty", "", true},
                             {"Ascii", "abc", true},
                             {"Pound", "£", true},
                             {"Emoji", "\xF0\x9F\x9A\x93", true},
                             {"Latin1", "\xA3", false},
                             {"Truncated", "\xE2\x82", false},
                             {"Overlong", "\xC0\xAF", false},
                             {"Surrogate", "\xED\xA0\x80", false},
                             {"BeyondUnicode", "\xF4\x90\x80\x80", false},
                             {"FiveBytes", "\xF8\x88\x80\x80\x80", false},
                         }),
                         [](const auto& row) { return row.param.name; });

TEST(CutToColumnsTest, CountsCharactersNotBytes) {
  EXPECT_EQ(CutToColumns("£££", 3), "£££");
  EXPECT_EQ(CutToColumns("££££", 3), "££…");
  EXPECT_EQ(CutToColumns("abc", 1), "…");
}

}  // namespace
}  // namespace muster::cli
