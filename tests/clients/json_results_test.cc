#include "clients/cli/json_results.h"

#include <limits>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

std::vector<std::string> Problems(const std::string& text) {
  std::vector<std::string> problems;
  for (const FileProblem& problem : ReadResultsJson(text).problems) problems.push_back(problem.Text());
  return problems;
}

constexpr char kKent[] =
    R"({"operation":"op","force":"kent","result_id":"week-1","revision":1,"start_date":"2021-10-11",)"
    R"("end_date":"2021-10-17","figures":[{"metric":"arrests","value":61,"unit":"UNIT_COUNT"}]})";
constexpr char kSurrey[] =
    R"({"operation":"op","force":"surrey","resultId":"week-1","revision":"1","start_date":"2021-10-11",)"
    R"("end_date":"2021-10-17","nil":true})";

// Every form of the same two results.
struct FormCase {
  std::string name;
  std::string text;
  std::string want_place;  // Of the unit of Kent's figure.
  friend void PrintTo(const FormCase& row, std::ostream* out) { *out << row.name; }
};

class ReadsForm : public testing::TestWithParam<FormCase> {};

TEST_P(ReadsForm, TwoResults) {
  const ResultsFile file = ReadResultsJson(GetParam().text);
  EXPECT_THAT(Problems(GetParam().text), IsEmpty());
  ASSERT_THAT(file.results, SizeIs(2));
  ASSERT_EQ(file.results[0].figures_size(), 1);
  EXPECT_EQ(file.results[0].figures(0).value(), 61);
  EXPECT_EQ(file.results[1].result_id(), "week-1");
  EXPECT_TRUE(file.results[1].nil());
  EXPECT_EQ(file.PlaceOf(0, "figures[0].unit").text, GetParam().want_place);
}

INSTANTIATE_TEST_SUITE_P(
    Forms, ReadsForm,
    testing::ValuesIn<FormCase>({
        {"Request", absl::StrCat("{\"results\":[", kKent, ",\n", kSurrey, "]}"), "results[0].figures[0].unit"},
        {"RequestWithByteOrderMark", absl::StrCat("\xEF\xBB\xBF{\"results\":[", kKent, ",", kSurrey, "]}"),
         "results[0].figures[0].unit"},
        {"List", absl::StrCat(" [", kKent, ",", kSurrey, "]\n"), "results[0].figures[0].unit"},
        {"Lines", absl::StrCat(kKent, "\n", kSurrey, "\n"), "line 1, figures[0].unit"},
        {"LinesWithByteOrderMark", absl::StrCat("\xEF\xBB\xBF", kKent, "\n", kSurrey), "line 1, figures[0].unit"},
        {"LinesWithCarriageReturns", absl::StrCat(kKent, "\r\n", kSurrey, "\r\n"), "line 1, figures[0].unit"},
        {"LinesWithoutALastEnd", absl::StrCat(kKent, "\n", kSurrey), "line 1, figures[0].unit"},
        {"LinesWithBlanks", absl::StrCat("\n\n", kKent, "\r\n\n", kSurrey), "line 3, figures[0].unit"},
    }),
    [](const auto& row) { return row.param.name; });

TEST(ReadResultsJsonTest, ReadsOneResultOverSeveralLines) {
  const ResultsFile file = ReadResultsJson("{\n  \"operation\": \"op\",\n  \"force\": \"kent\"\n}\n");
  EXPECT_THAT(file.problems, IsEmpty());
  ASSERT_THAT(file.results, SizeIs(1));
  EXPECT_EQ(file.results[0].force(), "kent");
}

TEST(ReadResultsJsonTest, TakesValidateOnlyFromARequest) {
  EXPECT_TRUE(ReadResultsJson(absl::StrCat("{\"results\":[", kKent, "],\"validate_only\":true}")).validate_only);
  EXPECT_FALSE(ReadResultsJson(absl::StrCat("{\"results\":[", kKent, "]}")).validate_only);
}

// Whole numbers as they may be written in a file.
struct NumberCase {
  std::string name;
  std::string text;
  int64_t want;
  friend void PrintTo(const NumberCase& row, std::ostream* out) { *out << row.name; }
};

class ReadsNumber : public testing::TestWithParam<NumberCase> {};

TEST_P(ReadsNumber, Exactly) {
  const std::string text = absl::StrCat(R"({"results":[{"revision":)", GetParam().text, "}]}");
  EXPECT_THAT(Problems(text), IsEmpty());
  const ResultsFile file = ReadResultsJson(text);
  ASSERT_THAT(file.results, SizeIs(1));
  EXPECT_EQ(file.results[0].revision(), GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(Numbers, ReadsNumber,
                         testing::ValuesIn<NumberCase>({
                             {"One", "1", 1},
                             {"InQuotes", "\"1\"", 1},
                             {"BeyondADouble", "9007199254740993", 9'007'199'254'740'993},
                             {"Nanoseconds", "1634567890123456789", 1'634'567'890'123'456'789},
                             {"Largest", "9223372036854775807", std::numeric_limits<int64_t>::max()},
                             {"LargestInQuotes", "\"9223372036854775807\"", std::numeric_limits<int64_t>::max()},
                             {"Least", "-9223372036854775808", std::numeric_limits<int64_t>::min()},
                             {"Null", "null", 0},
                         }),
                         [](const auto& row) { return row.param.name; });

// One result with one fault, inside {"results": [...]}, and the only complaint.
struct BadCase {
  std::string name;
  std::string result;
  std::string want;
  friend void PrintTo(const BadCase& row, std::ostream* out) { *out << row.name; }
};

class ComplainsAboutJson : public testing::TestWithParam<BadCase> {};

TEST_P(ComplainsAboutJson, ExactlyTheFault) {
  const std::string text = absl::StrCat("{\"results\":[", kSurrey, ",", GetParam().result, "]}");
  EXPECT_THAT(Problems(text), ElementsAre(StartsWith(GetParam().want)));
  EXPECT_THAT(ReadResultsJson(text).results, SizeIs(1)) << "the other result can still be checked further";
}

INSTANTIATE_TEST_SUITE_P(
    Results, ComplainsAboutJson,
    testing::ValuesIn<BadCase>({
        {"NoObject", "5", "results[1]: must be an object"},
        {"Null", "null", "results[1]: must be an object"},
        {"Misspelt", R"({"forse":"kent"})", "results[1]: unknown field \"forse\"; did you mean \"force\"?"},
        {"NumberForString", R"({"force":5})", "results[1].force: must be a string"},
        {"WordForRevision", R"({"revision":"first"})", "results[1].revision: must be a whole number"},
        {"WordForBoolean", R"({"nil":"yes"})", "results[1].nil: must be true or false"},
        {"FiguresNoList", R"({"figures":{"metric":"arrests"}})", "results[1].figures: must be a list of objects"},
        {"FigureNoObject", R"({"figures":[{"metric":"arrests"},61]})", "results[1].figures[1]: must be an object"},
        {"FigureMisspelt", R"({"figures":[{"metrc":"arrests"}]})",
         "results[1].figures[0]: unknown field \"metrc\"; did you mean \"metric\"?"},
        {"Fraction", R"({"figures":[{"value":151.5}]})", "results[1].figures[0].value: must be a whole number"},
        {"ValueInWords", R"({"figures":[{"value":"over 60"}]})", "results[1].figures[0].value: must be a whole number"},
        {"UnitByShortName", R"({"figures":[{"unit":"g"}]})",
         "results[1].figures[0].unit: must be one of UNIT_COUNT, UNIT_MILLIGRAM"},
        {"SameFieldByBothNames", R"({"result_id":"week-1","resultId":"week-2"})",
         "results[1].result_id: is there twice"},
        {"RevisionTooLarge", R"({"revision":9223372036854775808})", "results[1].revision: must be a whole number"},
        {"NotANumber", R"({"figures":[{"value":"NaN"}]})", "results[1].figures[0].value: must be a whole number"},
        {"Hexadecimal", R"({"figures":[{"value":"0x3d"}]})", "results[1].figures[0].value: must be a whole number"},
        {"SpaceBeforeNumber", R"({"figures":[{"value":" 61"}]})",
         "results[1].figures[0].value: must be a whole number"},
        {"BooleanForNumber", R"({"figures":[{"value":true}]})", "results[1].figures[0].value: must be a whole number"},
        {"UnitInLowerCase", R"({"figures":[{"unit":"unit_gram"}]})", "results[1].figures[0].unit: must be one of"},
        {"CategoryAlone", R"({"figures":[{"categories":"heroin"}]})",
         "results[1].figures[0].categories: must be a list of strings"},
        {"CategoryNumber", R"({"figures":[{"categories":[7]}]})",
         "results[1].figures[0].categories: must be a list of strings"},
    }),
    [](const auto& row) { return row.param.name; });

TEST(ReadResultsJsonTest, FindsEveryProblemAtOnce) {
  EXPECT_THAT(Problems(R"([{"force":1,"nil":"no","figures":[{"unit":"g","value":0.5},7]},{"revison":2}])"),
              ElementsAre(StartsWith("results[0].figures[0].unit:"), StartsWith("results[0].figures[0].value:"),
                          StartsWith("results[0].figures[1]:"), StartsWith("results[0].force:"),
                          StartsWith("results[0].nil:"), StartsWith("results[1]: unknown field")));
}

TEST(ReadResultsJsonTest, NamesLines) {
  EXPECT_THAT(Problems(absl::StrCat(kKent, "\n{\"force\":5}\n{\"force\":\n")),
              ElementsAre("line 2, force: must be a string", StartsWith("line 3: is no JSON:")));
}

TEST(ReadResultsJsonTest, ComplainsOnceAboutABrokenText) {
  EXPECT_THAT(Problems("{\"results\": [\n{\"force\": \"kent\",\n"), ElementsAre(StartsWith("is no JSON:")));
}

TEST(ReadResultsJsonTest, ComplainsAboutUnknownFieldsOfTheRequest) {
  EXPECT_THAT(Problems("{\"results\":[],\"validate\":true}"), ElementsAre(StartsWith("unknown field \"validate\"")));
}

TEST(ReadResultsJsonTest, ValidateOnlyIsABooleanByEitherName) {
  for (const char* const field : {"validate_only", "validateOnly"}) {
    EXPECT_TRUE(ReadResultsJson(absl::StrCat("{\"results\":[],\"", field, "\":true}")).validate_only);
    // A wish that cannot be understood must not be submitted for good.
    EXPECT_THAT(Problems(absl::StrCat("{\"results\":[],\"", field, "\":\"yes\"}")),
                ElementsAre("validate_only: must be true or false"));
  }
}

// Files that are no JSON in UTF-8, and the one thing that is said of each.
struct OtherFile {
  std::string name;
  std::string text;
  std::string want;
  friend void PrintTo(const OtherFile& row, std::ostream* out) { *out << row.name; }
};

class ExplainsJsonFile : public testing::TestWithParam<OtherFile> {};

TEST_P(ExplainsJsonFile, InOneLine) {
  EXPECT_THAT(Problems(GetParam().text), ElementsAre(StartsWith(GetParam().want)));
  EXPECT_THAT(ReadResultsJson(GetParam().text).results, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Files, ExplainsJsonFile,
    testing::ValuesIn<OtherFile>({
        {"Empty", "", "the file is empty"},
        {"OnlySpace", " \r\n\t", "the file is empty"},
        {"OnlyAByteOrderMark", "\xEF\xBB\xBF", "the file is empty"},
        {"Nuls", std::string(5, '\0'), "is no JSON: "},
        {"NulAtTheEnd", absl::StrCat("[", kKent, "]", std::string(1, '\0')), "is no JSON: "},
        {"Utf16", std::string("\xFF\xFE[\0]\0", 6), "is no JSON: "},
        {"Latin1", "[{\"reason\":\"caf\xE9\"}]", "is no JSON: "},
        {"HalfACharacter", R"([{"reason":"\ud800"}])", "is no JSON: "},
        {"Comment", "// Kent\n[]", "is no JSON: "},
        {"TwoTexts", "[][]", "is no JSON: "},
        {"SameFieldTwice", R"([{"force":"kent","force":"surrey"}])", "is no JSON: "},
        {"TooDeep", absl::StrCat(std::string(20'000, '['), std::string(20'000, ']')), "nests more than 24"},
        {"OneTooDeep", absl::StrCat("[{\"reason\":", std::string(23, '['), std::string(23, ']'), "}]"),
         "nests more than 24"},
        {"JustDeepEnough", absl::StrCat("[{\"reason\":", std::string(22, '['), std::string(22, ']'), "}]"),
         "results[0].reason: must be a string"},
        {"DeepOnlyInAString", absl::StrCat("[{\"forse\":\"\\\"", std::string(100, '['), "\"}]"),
         "results[0]: unknown field"},
        {"TooManyDigits", absl::StrCat("[{\"revision\":", std::string(100'000, '1'), "}]"), "is no JSON: "},
    }),
    [](const auto& row) { return row.param.name; });

TEST(ReadResultsJsonTest, TextOfAnySizeIsReadWhole) {
  const std::string reason(3'000'000, 'x');
  const ResultsFile file = ReadResultsJson(absl::StrCat("[{\"reason\":\"", reason, "\"}]"));
  ASSERT_THAT(file.results, SizeIs(1));
  EXPECT_EQ(file.results[0].reason(), reason);
}

TEST(ReadResultsJsonTest, ComplainsAboutABareValue) {
  EXPECT_THAT(Problems("5"), ElementsAre(StartsWith("must be an object")));
  EXPECT_THAT(Problems("{\"results\":5}"), ElementsAre("results: must be a list of objects"));
}

}  // namespace
}  // namespace muster::cli
