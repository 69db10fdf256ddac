#include "clients/cli/json_results.h"

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

TEST(ReadResultsJsonTest, KeepsLargeNumbersExact) {
  const ResultsFile file = ReadResultsJson(R"({"results":[{"revision":1634567890123456789}]})");
  ASSERT_THAT(file.results, SizeIs(1));
  EXPECT_EQ(file.results[0].revision(), 1634567890123456789);
}

// One result with one fault, inside {"results": [...]}, and the only complaint.
struct BadCase {
  std::string name;
  std::string result;
  std::string want;
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

TEST(ReadResultsJsonTest, ComplainsAboutAnEmptyFile) { EXPECT_THAT(Problems(" \n"), ElementsAre("the file is empty")); }

TEST(ReadResultsJsonTest, ComplainsAboutABareValue) {
  EXPECT_THAT(Problems("5"), ElementsAre(StartsWith("must be an object")));
  EXPECT_THAT(Problems("{\"results\":5}"), ElementsAre("results: must be a list of objects"));
}

}  // namespace
}  // namespace muster::cli
