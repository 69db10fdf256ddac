#include "clients/cli/csv_results.h"

#include <fstream>
#include <ostream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"

namespace muster::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr char kHeader[] =
    "operation,force,result_id,revision,start_date,end_date,final,nil,retracted,reason,metric,categories,value,unit,"
    "qualifier\n";

// A file of one result with one figure, in row 2. Each row of the tables below changes one thing.
constexpr char kRow[] = "op,kent,week-1,1,2021-10-11,2021-10-17,true,,,,arrests,,61,count,exact\n";

std::string WithRow(const std::string& row) { return absl::StrCat(kHeader, row); }

std::vector<std::string> Problems(const std::string& text) {
  std::vector<std::string> problems;
  for (const FileProblem& problem : ReadResultsCsv(text).problems) problems.push_back(problem.Text());
  return problems;
}

v1::OperationResult OneResult(const std::string& text) {
  const ResultsFile file = ReadResultsCsv(text);
  EXPECT_THAT(Problems(text), IsEmpty());
  EXPECT_THAT(file.results, SizeIs(1));
  return file.results.empty() ? v1::OperationResult() : file.results.front();
}

TEST(ReadResultsCsvTest, ReadsOneFigure) {
  const v1::OperationResult result = OneResult(WithRow(kRow));
  EXPECT_EQ(result.operation(), "op");
  EXPECT_EQ(result.force(), "kent");
  EXPECT_EQ(result.result_id(), "week-1");
  EXPECT_EQ(result.revision(), 1);
  EXPECT_EQ(result.start_date(), "2021-10-11");
  EXPECT_EQ(result.end_date(), "2021-10-17");
  EXPECT_TRUE(result.final());
  EXPECT_FALSE(result.nil());
  ASSERT_EQ(result.figures_size(), 1);
  EXPECT_EQ(result.figures(0).metric(), "arrests");
  EXPECT_EQ(result.figures(0).value(), 61);
  EXPECT_EQ(result.figures(0).unit(), v1::UNIT_COUNT);
  EXPECT_EQ(result.figures(0).qualifier(), v1::QUALIFIER_EXACT);
  EXPECT_EQ(result.figures(0).categories_size(), 0);
}

// Files that mean the same as the plain one.
struct SameCase {
  std::string name;
  std::string text;
  friend void PrintTo(const SameCase& row, std::ostream* out) { *out << row.name; }
};

class ReadsTheSame : public testing::TestWithParam<SameCase> {};

TEST_P(ReadsTheSame, AsThePlainFile) {
  const v1::OperationResult plain = OneResult(WithRow(kRow));
  const v1::OperationResult other = OneResult(GetParam().text);
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(plain, other)) << other.DebugString();
}

INSTANTIATE_TEST_SUITE_P(
    Files, ReadsTheSame,
    testing::ValuesIn<SameCase>({
        {"ByteOrderMark", absl::StrCat("\xEF\xBB\xBF", WithRow(kRow))},
        {"ByteOrderMarkBeforeAQuote",
         absl::StrCat("\xEF\xBB\xBF", absl::StrReplaceAll(WithRow(kRow), {{"operation", "\"operation\""}}))},
        {"ByteOrderMarkAndCarriageReturns",
         absl::StrCat("\xEF\xBB\xBF", absl::StrReplaceAll(WithRow(kRow), {{"\n", "\r\n"}}))},
        {"HeaderQuotedAndSpaced", absl::StrReplaceAll(WithRow(kRow), {{"force,result_id", " \"force\" , result_id"}})},
        {"ManyBlankCells", absl::StrCat(kHeader, std::string(100'000, ','), "\n", kRow)},
        {"CarriageReturns", absl::StrReplaceAll(WithRow(kRow), {{"\n", "\r\n"}})},
        {"OldMacLineEnds", absl::StrReplaceAll(WithRow(kRow), {{"\n", "\r"}})},
        {"NoLastLineEnd", WithRow("op,kent,week-1,1,2021-10-11,2021-10-17,true,,,,arrests,,61,count,exact")},
        {"BlankRows", absl::StrCat("\n", kHeader, "\n\n", kRow, "\n,,,,,,,,,,,,,,\n")},
        {"Quoted", WithRow("\"op\",\"kent\",week-1,1,2021-10-11,2021-10-17,\"true\",,,,arrests,\"\",61,count,exact\n")},
        {"SpacesAroundCells", WithRow("op , kent,week-1, 1,2021-10-11,2021-10-17,true,,,,arrests, ,61,count,exact\n")},
        {"CapitalTrue", WithRow("op,kent,week-1,1,2021-10-11,2021-10-17,TRUE,FALSE,False,,arrests,,61,count,exact\n")},
        {"EmptyCellsOnTheRight", WithRow("op,kent,week-1,1,2021-10-11,2021-10-17,true,,,,arrests,,61,count,exact,,\n")},
        {"EmptyColumnsOnTheRight",
         absl::StrReplaceAll(WithRow(kRow), {{"qualifier\n", "qualifier,,\n"}, {"exact\n", "exact,,\n"}})},
        {"OtherOrder",
         "unit,value,operation,force,result_id,revision,start_date,end_date,final,metric,qualifier\n"
         "count,61,op,kent,week-1,1,2021-10-11,2021-10-17,true,arrests,exact\n"},
    }),
    [](const auto& row) { return row.param.name; });

// Cells of one figure, and what they mean.
struct FigureCase {
  std::string name;
  std::string cells;  // metric,categories,value,unit,qualifier
  std::string want;   // Of the figure.
  friend void PrintTo(const FigureCase& row, std::ostream* out) { *out << row.name; }
};

class ReadsFigure : public testing::TestWithParam<FigureCase> {};

TEST_P(ReadsFigure, AsMeant) {
  const v1::OperationResult result =
      OneResult(WithRow(absl::StrCat("op,kent,week-1,1,2021-10-11,2021-10-17,,,,,", GetParam().cells, "\n")));
  ASSERT_EQ(result.figures_size(), 1);
  EXPECT_EQ(result.figures(0).ShortDebugString(), GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(
    Cells, ReadsFigure,
    testing::ValuesIn<FigureCase>({
        {"Zero", "arrests,,0,count,", R"(metric: "arrests" value: 0 unit: UNIT_COUNT)"},
        {"NotYetCounted", "cash-seized,,,pounds,", R"(metric: "cash-seized" unit: UNIT_POUND)"},
        {"NotYetCountedWithoutUnit", "cash-seized,,,,", R"(metric: "cash-seized")"},
        {"FractionOfAGram", "drugs-weight,heroin,151.5,g,exact",
         R"(metric: "drugs-weight" value: 151500 unit: UNIT_MILLIGRAM qualifier: QUALIFIER_EXACT categories: "heroin")"},
        {"WholeKilograms", "drugs-weight,,30,kg,at_most",
         R"(metric: "drugs-weight" value: 30 unit: UNIT_KILOGRAM qualifier: QUALIFIER_AT_MOST)"},
        {"Pence", "cash-seized,,12.50,pounds,estimate",
         R"(metric: "cash-seized" value: 1250 unit: UNIT_PENNY qualifier: QUALIFIER_ESTIMATE)"},
        {"SeveralCategories", "drugs-weight,crack-cocaine+heroin + powder-cocaine,430,g,at_least",
         R"(metric: "drugs-weight" value: 430 unit: UNIT_GRAM qualifier: QUALIFIER_AT_LEAST categories: )"
         R"("crack-cocaine" categories: "heroin" categories: "powder-cocaine")"},
        {"LargestValue", "arrests,,1000000000000000,count,",
         R"(metric: "arrests" value: 1000000000000000 unit: UNIT_COUNT)"},
    }),
    [](const auto& row) { return row.param.name; });

// One row that differs in one cell from a good one, and the start of the only complaint about it.
struct BadCase {
  std::string name;
  std::string row;
  std::string want;
  friend void PrintTo(const BadCase& bad, std::ostream* out) { *out << bad.name; }
};

class ComplainsAbout : public testing::TestWithParam<BadCase> {};

TEST_P(ComplainsAbout, ExactlyTheSpoiledCell) {
  EXPECT_THAT(Problems(WithRow(GetParam().row)), ElementsAre(StartsWith(GetParam().want)));
  EXPECT_THAT(ReadResultsCsv(WithRow(GetParam().row)).results, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Rows, ComplainsAbout,
    testing::ValuesIn<BadCase>({
        {"NoOperation", ",kent,week-1,1,2021-10-11,2021-10-17,,,,,arrests,,61,count,", "row 2, column operation: "},
        {"NoForce", "op,,week-1,1,2021-10-11,2021-10-17,,,,,arrests,,61,count,", "row 2, column force: "},
        {"NoResultId", "op,kent,,1,2021-10-11,2021-10-17,,,,,arrests,,61,count,", "row 2, column result_id: "},
        {"NoRevision", "op,kent,week-1,,2021-10-11,2021-10-17,,,,,arrests,,61,count,", "row 2, column revision: "},
        {"RevisionZero", "op,kent,week-1,0,2021-10-11,2021-10-17,,,,,arrests,,61,count,", "row 2, column revision: "},
        {"RevisionFraction", "op,kent,week-1,1.0,2021-10-11,2021-10-17,,,,,arrests,,61,count,",
         "row 2, column revision: "},
        {"RevisionTooLarge", "op,kent,week-1,9223372036854775808,2021-10-11,2021-10-17,,,,,arrests,,61,count,",
         "row 2, column revision: "},
        {"NoStart", "op,kent,week-1,1,,2021-10-17,,,,,arrests,,61,count,", "row 2, column start_date: is empty"},
        {"BritishDate", "op,kent,week-1,1,2021-10-11,17/10/2021,,,,,arrests,,61,count,",
         "row 2, column end_date: is \"17/10/2021\"; must be a day such as 2021-10-15"},
        {"NoSuchDay", "op,kent,week-1,1,2021-02-29,2021-10-17,,,,,arrests,,61,count,", "row 2, column start_date: "},
        {"BooleanYes", "op,kent,week-1,1,2021-10-11,2021-10-17,yes,,,,arrests,,61,count,",
         "row 2, column final: is \"yes\""},
        {"BooleanOne", "op,kent,week-1,1,2021-10-11,2021-10-17,,1,,,arrests,,61,count,", "row 2, column nil: is \"1\""},
        {"NoMetric", "op,kent,week-1,1,2021-10-11,2021-10-17,,,,,,,61,count,", "row 2, column metric: is empty"},
        {"NoFigureAtAll", "op,kent,week-1,1,2021-10-11,2021-10-17,,,,,,,,,",
         "row 2, column metric: is empty; name what was counted, or set nil"},
        {"EmptyCategory", "op,kent,week-1,1,2021-10-11,2021-10-17,,,,,arrests,male+,61,count,",
         "row 2, column categories: "},
        {"Separators", "op,kent,week-1,1,2021-10-11,2021-10-17,,,,,arrests,,\"1,234\",count,",
         "row 2, column value: is \"1,234\"; must be a number such as 1234 or 151.5"},
        {"Currency", "op,kent,week-1,1,2021-10-11,2021-10-17,,,,,cash-seized,,£120,pounds,", "row 2, column value: "},
        {"Negative", "op,kent,week-1,1,2021-10-11,2021-10-17,,,,,arrests,,-1,count,", "row 2, column value: "},
        {"Words", "op,kent,week-1,1,2021-10-11,2021-10-17,,,,,arrests,,over 60,count,", "row 2, column value: "},
        {"Exponent", "op,kent,week-1,1,2021-10-11,2021-10-17,,,,,arrests,,1E+05,count,", "row 2, column value: "},
        {"ValueOneOverMax", "op,kent,week-1,1,2021-10-11,2021-10-17,,,,,arrests,,1000000000000001,count,",
         "row 2, column value: "},
        {"HalfAPerson", "op,kent,week-1,1,2021-10-11,2021-10-17,,,,,arrests,,0.5,count,",
         "row 2, column value: is \"0.5\", which is finer than 1 count"},
        {"TenthOfAMilligram", "op,kent,week-1,1,2021-10-11,2021-10-17,,,,,drugs-weight,,0.0001,g,",
         "row 2, column value: is \"0.0001\", which is finer than 1 mg"},
        {"NoUnit", "op,kent,week-1,1,2021-10-11,2021-10-17,,,,,arrests,,61,,", "row 2, column unit: is empty"},
        {"UnknownUnit", "op,kent,week-1,1,2021-10-11,2021-10-17,,,,,drugs-weight,,61,stone,",
         "row 2, column unit: is \"stone\"; must be count, mg, g"},
        {"CapitalUnit", "op,kent,week-1,1,2021-10-11,2021-10-17,,,,,drugs-weight,,61,KG,",
         "row 2, column unit: is \"KG\"; did you mean \"kg\"?"},
        {"UnknownQualifier", "op,kent,week-1,1,2021-10-11,2021-10-17,,,,,arrests,,61,count,over",
         "row 2, column qualifier: is \"over\"; must be exact, at_least"},
        {"NilWithFigure", "op,kent,week-1,1,2021-10-11,2021-10-17,,true,,,arrests,,,,",
         "row 2, column metric: is \"arrests\"; must be empty: a nil result"},
        {"RetractedWithUnit", "op,kent,week-1,2,,,,,true,sent in error,,,,count,",
         "row 2, column unit: is \"count\"; must be empty: a retracted result"},
        {"TooFewCells", "op,kent,week-1,1,2021-10-11,2021-10-17,,,,,arrests,,61,count",
         "row 2: has 14 cells, the header has 15"},
        {"TooManyCells", "op,kent,week-1,1,2021-10-11,2021-10-17,,,,,arrests,,1,234,count,exact",
         "row 2: has 16 cells, the header has 15; put cells with commas in quotes"},
        {"StrayQuote", "op,kent,week-1,1,2021-10-11,2021-10-17,,,,the \"usual\" one,arrests,,61,count,",
         "row 2: a quote stands alone"},
        {"OpenQuote", "op,kent,week-1,1,2021-10-11,2021-10-17,,,,\"late,arrests,,61,count,",
         "row 2: a quote stands alone"},
        {"Latin1", "op,kent,week-1,1,2021-10-11,2021-10-17,,,,caf\xE9,arrests,,61,count,",
         "row 2, column reason: is \"caf\xEF\xBF\xBD\", which is not UTF-8"},
        {"Latin1InAMetric", "op,kent,week-1,1,2021-10-11,2021-10-17,,,,,caf\xE9,,61,count,",
         "row 2, column metric: is \"caf\xEF\xBF\xBD\", which is not UTF-8"},
        {"Nul",
         absl::StrReplaceAll("op,kent,week-1,1,2021-10-11,2021-10-17,,,,late@,arrests,,61,count,",
                             {{"@", std::string(1, '\0')}}),
         "row 2, column reason: is \"late\xEF\xBF\xBD\", which has NUL bytes in it"},
        {"NulAlone",
         absl::StrReplaceAll("op,kent,week-1,1,2021-10-11,2021-10-17,,,,@,arrests,,61,count,",
                             {{"@", std::string(1, '\0')}}),
         "row 2, column reason: is \"\xEF\xBF\xBD\", which has NUL bytes in it"},
        {"HugeValue",
         absl::StrCat("op,kent,week-1,1,2021-10-11,2021-10-17,,,,,arrests,,", std::string(300'000, '9'), ",count,"),
         absl::StrCat("row 2, column value: is \"", std::string(59, '9'), "\xE2\x80\xA6\"; must be a number")},
        {"TextAfterAQuotedCell", "op,kent,week-1,1,2021-10-11,2021-10-17,,,,\"late\"r,arrests,,61,count,",
         "row 2: a quote stands alone"},
        {"EndOfFileMark", "\x1A", "row 2: has 1 cell, the header has 15"},
        {"EscapeSequence", "op,kent,week-1,1,2021-10-11,2021-10-17,,,,,arrests,,\x1B[31m61,count,",
         "row 2, column value: is \"\xEF\xBF\xBD[31m61\"; must be a number"},
    }),
    [](const auto& row) { return row.param.name; });

// Headers that cannot be read, with every reason.
TEST(ReadResultsCsvTest, NamesTheNearestColumn) {
  EXPECT_THAT(Problems(absl::StrReplaceAll(WithRow(kRow), {{"qualifier", "qualifer"}})),
              ElementsAre("row 1: unknown column \"qualifer\"; did you mean \"qualifier\"?"));
}

TEST(ReadResultsCsvTest, NamesEveryMissingColumn) {
  EXPECT_THAT(Problems("operation,force,result_id,revision,start_date,end_date,metric,extra\n"),
              ElementsAre("row 1: unknown column \"extra\"", "row 1: column \"value\" is missing",
                          "row 1: column \"unit\" is missing"));
}

TEST(ReadResultsCsvTest, RefusesAColumnThatIsThereTwice) {
  EXPECT_THAT(Problems(absl::StrReplaceAll(kHeader, {{"categories", "unit"}})),
              ElementsAre("row 1: column \"unit\" is there twice"));
}

// Files that are no CSV in UTF-8 at all, and the one thing that is said of each.
struct OtherFile {
  std::string name;
  std::string text;
  std::string want;
  friend void PrintTo(const OtherFile& row, std::ostream* out) { *out << row.name; }
};

class ExplainsFile : public testing::TestWithParam<OtherFile> {};

TEST_P(ExplainsFile, InOneLine) {
  EXPECT_THAT(Problems(GetParam().text), ElementsAre(StartsWith(GetParam().want)));
  EXPECT_THAT(ReadResultsCsv(GetParam().text).results, IsEmpty());
}

// Each byte of `text` followed by NUL, as UTF-16 has it.
std::string Widened(const std::string& text) {
  std::string wide;
  for (const char byte : text) wide.append({byte, '\0'});
  return wide;
}

INSTANTIATE_TEST_SUITE_P(
    Files, ExplainsFile,
    testing::ValuesIn<OtherFile>({
        {"Empty", "", "the file is empty; its first row must be operation,force"},
        {"OnlyALineEnd", "\r\n", "the file is empty"},
        {"OnlyBlankCells", ",,,\n,,\n", "the file is empty"},
        {"OnlyAByteOrderMark", "\xEF\xBB\xBF", "the file is empty"},
        {"Utf16", "\xFF\xFE" + Widened(WithRow(kRow)), "the file is UTF-16; save it as \"CSV UTF-8\""},
        {"Utf16BigEndian", "\xFE\xFF" + Widened(WithRow(kRow)), "the file is UTF-16"},
        {"Utf16WithoutAMark", Widened(WithRow(kRow)), "row 1: is \"o\xEF\xBF\xBDp"},
        {"Nuls", std::string(5, '\0'), "row 1: is \"\xEF\xBF\xBD"},
        {"Workbook", std::string("PK\x03\x04\x14\0\x06\0", 8), "the file is a workbook"},
        {"Tabs", absl::StrReplaceAll(WithRow(kRow), {{",", "\t"}}), "row 1: cells must be separated by commas"},
        {"Semicolons", absl::StrReplaceAll(WithRow(kRow), {{",", ";"}}), "row 1: cells must be separated by commas"},
    }),
    [](const auto& row) { return row.param.name; });

TEST(ReadResultsCsvTest, TextOfAnySizeIsReadWhole) {
  std::string reason;
  while (reason.size() < 3'000'000) absl::StrAppend(&reason, "a, \"\"quoted\"\"\nline; ");
  const v1::OperationResult result = OneResult(
      WithRow(absl::StrCat("op,kent,week-1,1,2021-10-11,2021-10-17,true,,,\"", reason, "\",arrests,,61,count,\n")));
  EXPECT_EQ(result.reason(), absl::StrReplaceAll(reason, {{"\"\"", "\""}}));
}

TEST(ReadResultsCsvTest, AHeaderAloneHoldsNothing) {
  EXPECT_THAT(Problems(kHeader), IsEmpty());
  EXPECT_THAT(ReadResultsCsv(kHeader).results, IsEmpty());
  EXPECT_THAT(Problems(absl::StrReplaceAll(kHeader, {{"\n", ""}})), IsEmpty());
}

TEST(ReadResultsCsvTest, FindsEveryProblemAtOnce) {
  EXPECT_THAT(Problems(absl::StrCat(kHeader,                                                                  //
                                    "op,kent,week-1,x,11/10/2021,2021-10-17,yes,,,,,,1,stone,over\n",         //
                                    "op,surrey,week-1,1,2021-10-11,2021-10-17,,,,,arrests,,8,count,exact\n",  //
                                    "op,sussex,week-1,1,2021-10-11,2021-10-17,,,,,arrests,,-8,count,exact\n")),
              ElementsAre(StartsWith("row 2, column revision:"), StartsWith("row 2, column final:"),
                          StartsWith("row 2, column start_date:"), StartsWith("row 2, column metric:"),
                          StartsWith("row 2, column unit:"), StartsWith("row 2, column qualifier:"),
                          StartsWith("row 4, column value:")));
}

TEST(ReadResultsCsvTest, LeavesOutOnlyResultsWithProblems) {
  const ResultsFile file =
      ReadResultsCsv(absl::StrCat(kHeader,                                                                    //
                                  "op,kent,week-1,1,2021-10-11,2021-10-17,,,,,arrests,,61,count,exact\n",     //
                                  "op,surrey,week-1,1,2021-10-11,2021-10-17,,,,,arrests,,8,count,exact\n",    //
                                  "op,kent,week-1,1,2021-10-11,2021-10-17,,,,,charges,,six,count,exact\n"));  //
  ASSERT_THAT(file.results, SizeIs(1));
  EXPECT_EQ(file.results[0].force(), "surrey");
  EXPECT_EQ(file.PlaceOf(0, "figures[0].unit").text, "row 3, column unit");
}

TEST(ReadResultsCsvTest, GathersLinesWhereverTheyStand) {
  const ResultsFile file =
      ReadResultsCsv(absl::StrCat(kHeader,                                                                       //
                                  "op,kent,week-1,1,2021-10-11,2021-10-17,,,,,arrests,,61,count,exact\n",        //
                                  "op,surrey,week-1,1,2021-10-11,2021-10-17,,,,,arrests,,8,count,exact\n",       //
                                  "op,kent,week-1,2,2021-10-11,2021-10-17,,,,,arrests,,62,count,exact\n",        //
                                  "op,kent,week-1,1,2021-10-11,2021-10-17,,,,,charges,adult,6,count,exact\n"));  //
  ASSERT_THAT(file.problems, IsEmpty());
  ASSERT_THAT(file.results, SizeIs(3));
  EXPECT_EQ(file.results[0].figures_size(), 2);
  EXPECT_EQ(file.results[1].force(), "surrey");
  EXPECT_EQ(file.results[2].revision(), 2);
  EXPECT_EQ(file.PlaceOf(0, "figures[1].categories[0]").text, "row 5, column categories");
  EXPECT_EQ(file.PlaceOf(0, "figures[1]").text, "row 5");
  EXPECT_EQ(file.PlaceOf(0, "figures").text, "row 2");
  EXPECT_EQ(file.PlaceOf(0, "start_date").text, "row 2, column start_date");
  EXPECT_EQ(file.PlaceOf(2, "").text, "row 4");
}

TEST(ReadResultsCsvTest, LinesOfOneResultMustAgree) {
  EXPECT_THAT(Problems(absl::StrCat(kHeader,                                                                     //
                                    "op,kent,week-1,1,2021-10-11,2021-10-17,true,,,,arrests,,61,count,exact\n",  //
                                    "op,kent,week-1,1,2021-10-11,2021-10-18,,,,late,charges,,6,count,exact\n")),
              ElementsAre("row 3, column end_date: is \"2021-10-18\", but row 2 of the same result says \"2021-10-17\"",
                          "row 3, column final: is \"false\", but row 2 of the same result says \"true\"",
                          "row 3, column reason: is \"late\", but row 2 of the same result says \"\""));
}

TEST(ReadResultsCsvTest, ANilResultIsOneLine) {
  const std::string nil = "op,kent,week-1,1,2021-10-11,2021-10-17,,true,,,,,,,\n";
  EXPECT_TRUE(OneResult(WithRow(nil)).nil());
  EXPECT_THAT(Problems(WithRow(absl::StrCat(nil, nil))),
              ElementsAre("row 3: a nil result has one line, and row 2 is it already"));
}

TEST(ReadResultsCsvTest, ARetractedResultNeedsNoPeriod) {
  const v1::OperationResult result = OneResult(WithRow("op,kent,week-1,2,,,,,true,counted twice,,,,,\n"));
  EXPECT_TRUE(result.retracted());
  EXPECT_EQ(result.reason(), "counted twice");
  EXPECT_EQ(result.figures_size(), 0);
}

TEST(ReadResultsCsvTest, CountsRowsAsASpreadsheetDoes) {
  // A blank row, and a cell of two lines: both are one row.
  EXPECT_THAT(Problems(absl::StrCat(kHeader, "\r\n",
                                    "op,kent,week-1,1,2021-10-11,2021-10-17,,,,\"two\r\nlines\",arrests,,61,count,\r\n",
                                    "op,kent,week-2,1,2021-10-11,2021-10-17,,,,,arrests,,x,count,\r\n")),
              ElementsAre(StartsWith("row 4, column value:")));
}

TEST(WriteResultsCsvTest, WhatIsWrittenReadsTheSame) {
  const ResultsFile file = ReadResultsCsv(absl::StrCat(
      kHeader,                                                                                                    //
      "op,kent,week-1,3,2021-10-11,2021-10-17,true,,,\"the \"\"usual\"\", late\",arrests,male,61,count,exact\n",  //
      "op,kent,week-1,3,2021-10-11,2021-10-17,true,,,\"the \"\"usual\"\", late\",drugs-weight,heroin+crack-cocaine,"
      "151.5,g,at_least\n",                                                                           //
      "op,kent,week-1,3,2021-10-11,2021-10-17,true,,,\"the \"\"usual\"\", late\",cash-seized,,,,\n",  //
      "op,surrey,week-1,1,2021-10-11,2021-10-17,,true,,,,,,,\n",                                      //
      "op,sussex,week-1,2,,,,,true,\"two\nlines\",,,,,\n"));
  ASSERT_THAT(file.problems, IsEmpty());
  const std::string written = WriteResultsCsv(file.results);
  const ResultsFile again = ReadResultsCsv(written);
  ASSERT_THAT(again.problems, IsEmpty()) << written;
  ASSERT_EQ(again.results.size(), file.results.size());
  EXPECT_EQ(WriteResultsCsv(again.results), written);
  for (size_t index = 0; index < file.results.size(); ++index) {
    v1::OperationResult before = file.results[index];
    // A qualifier that is unset means exact, and is written as that.
    for (v1::Figure& figure : *before.mutable_figures()) {
      if (figure.qualifier() == v1::QUALIFIER_UNSPECIFIED) figure.set_qualifier(v1::QUALIFIER_EXACT);
    }
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(before, again.results[index]));
  }
}

// The returns that ship are read without a problem, whole.
class ShippedReturns : public testing::TestWithParam<std::string> {};

TEST_P(ShippedReturns, AreRead) {
  std::ifstream stream(absl::StrCat(MUSTER_SOURCE_DIR, "/catalogue/examples/", GetParam()));
  ASSERT_TRUE(stream.is_open());
  std::stringstream text;
  text << stream.rdbuf();
  EXPECT_THAT(Problems(text.str()), IsEmpty());
  EXPECT_EQ(WriteResultsCsv(ReadResultsCsv(text.str()).results),
            WriteResultsCsv(ReadResultsCsv(WriteResultsCsv(ReadResultsCsv(text.str()).results)).results));
  EXPECT_FALSE(ReadResultsCsv(text.str()).results.empty());
}

INSTANTIATE_TEST_SUITE_P(Files, ShippedReturns,
                         testing::Values("returns-2019-05.csv", "returns-2021-10.csv", "returns-2023-02.csv"),
                         [](const auto& row) {
                           return absl::StrReplaceAll(row.param, {{"-", "_"}, {".", "_"}});
                         });

}  // namespace
}  // namespace muster::cli
