#include "domain/validation.h"

#include <functional>
#include <limits>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "domain/quantity.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/domain/problem.h"
#include "tests/domain/shipped_catalogue.h"

namespace muster {

// How a failed expectation shows a warning.
void PrintTo(const ResultWarning& warning, std::ostream* out) {
  *out << v1::WarningReason_Name(warning.reason);
  if (warning.figure_index) *out << " at figures[" << *warning.figure_index << "]";
}

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

using Spoil = std::function<void(v1::OperationResult&)>;

constexpr char kOperation[] = "county-lines-2021-10";  // 11 to 17 October 2021.
constexpr int kNoEnumerator = 99;

const OperationDirectory& Operations() {
  static const OperationDirectory operations = [] {
    OperationDirectory directory;
    for (const v1::Operation& operation : ShippedCatalogue().proto().operations()) {
      directory = directory.With(std::make_shared<Operation>(operation, ShippedCatalogue()));
    }
    return directory;
  }();
  return operations;
}

v1::Figure* AddFigure(v1::OperationResult& result, const std::string& metric, int64_t value, v1::Unit unit,
                      const std::vector<std::string>& categories = {},
                      v1::Qualifier qualifier = v1::QUALIFIER_UNSPECIFIED) {
  v1::Figure* const figure = result.add_figures();
  figure->set_metric(metric);
  figure->set_value(value);
  figure->set_unit(unit);
  figure->set_qualifier(qualifier);
  for (const std::string& category : categories) figure->add_categories(category);
  return figure;
}

v1::Figure* AddCount(v1::OperationResult& result, const std::string& metric, int64_t value,
                     const std::vector<std::string>& categories = {},
                     v1::Qualifier qualifier = v1::QUALIFIER_UNSPECIFIED) {
  return AddFigure(result, metric, value, v1::UNIT_COUNT, categories, qualifier);
}

v1::OperationResult WithoutFigures() {
  v1::OperationResult result;
  result.set_operation(kOperation);
  result.set_force("thames-valley");
  result.set_result_id("week-41");
  result.set_revision(1);
  result.set_start_date("2021-10-11");
  result.set_end_date("2021-10-17");
  return result;
}

// A result with nothing wrong and nothing odd; the rows of the tables spoil one thing of it.
v1::OperationResult Valid() {
  v1::OperationResult result = WithoutFigures();
  AddCount(result, "arrests", 61);
  AddFigure(result, "drugs-weight", 430, v1::UNIT_GRAM, {"heroin", "crack-cocaine"}, v1::QUALIFIER_AT_LEAST);
  result.add_figures()->set_metric("cash-seized");  // Seized, not yet counted.
  return result;
}

v1::Figure& Arrests(v1::OperationResult& result) { return *result.mutable_figures(0); }
v1::Figure& Drugs(v1::OperationResult& result) { return *result.mutable_figures(1); }
v1::Figure& Cash(v1::OperationResult& result) { return *result.mutable_figures(2); }

// The same as a retraction without dates and figures.
void Retract(v1::OperationResult& result) {
  result.set_retracted(true);
  result.set_reason("counted twice");
  result.clear_start_date();
  result.clear_end_date();
  result.clear_figures();
}

void MakeNil(v1::OperationResult& result) {
  result.set_nil(true);
  result.clear_figures();
}

void AddUnknownField(google::protobuf::Message& message) {
  message.GetReflection()->MutableUnknownFields(&message)->AddVarint(1'000, 1);
}

// So many figures of which no two say the same: two metrics by the sets of nine drugs.
void AddManyFigures(v1::OperationResult& result, int count) {
  const std::vector<std::string> drugs = {"crack-cocaine",   "powder-cocaine", "heroin",      "mdma",    "lsd",
                                          "cannabis-herbal", "cannabis-resin", "amphetamine", "ketamine"};
  for (const char* const metric : {"drug-wraps", "pills"}) {
    for (unsigned set = 1; set < 512; ++set) {
      if (count-- <= 0) return;
      std::vector<std::string> categories;
      for (size_t drug = 0; drug < drugs.size(); ++drug) {
        if ((set >> drug & 1U) != 0) categories.push_back(drugs[drug]);
      }
      AddCount(result, metric, 1, categories);
    }
  }
}

// What a valid result says; its values stay as long as the program runs.
ValidatedResult Accepted(const v1::OperationResult& result) {
  static ResultValues values;
  ValidatedResult validated;
  const FieldProblems problems = ValidateResult(result, ShippedCatalogue(), Operations(), &values, &validated);
  if (!problems.empty()) ADD_FAILURE() << testing::PrintToString(ProblemsOf(problems));
  return validated;
}

FieldProblems Refused(const v1::OperationResult& result) {
  ResultValues values;
  ValidatedResult validated;
  FieldProblems problems = ValidateResult(result, ShippedCatalogue(), Operations(), &values, &validated);
  EXPECT_TRUE(values.empty());  // Nothing of it is left where others will be.
  return problems;
}

struct InvalidCase {
  std::string name;
  Spoil spoil;
  std::vector<Problem> want;
  friend void PrintTo(const InvalidCase& row, std::ostream* out) { *out << row.name; }
};

const auto kRowName = [](const auto& row) { return row.param.name; };

class ValidateResultRefuses : public testing::TestWithParam<InvalidCase> {};

TEST_P(ValidateResultRefuses, ExactlyWhatIsWrong) {
  v1::OperationResult result = Valid();
  GetParam().spoil(result);
  EXPECT_EQ(ProblemsOf(Refused(result)), GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(
    Result, ValidateResultRefuses,
    testing::ValuesIn<InvalidCase>({
        {"OperationUnknown", [](auto& r) { r.set_operation("county-lines"); }, {{"operation", "UNKNOWN_OPERATION"}}},
        {"OperationEmpty", [](auto& r) { r.clear_operation(); }, {{"operation", "UNKNOWN_OPERATION"}}},
        {"OperationInCapitals",
         [](auto& r) { r.set_operation("County-Lines-2021-10"); },
         {{"operation", "UNKNOWN_OPERATION"}}},
        {"ForceUnknown", [](auto& r) { r.set_force("thames"); }, {{"force", "UNKNOWN_FORCE"}}},
        {"ForceEmpty", [](auto& r) { r.clear_force(); }, {{"force", "UNKNOWN_FORCE"}}},
        {"ForceByName", [](auto& r) { r.set_force("Thames Valley"); }, {{"force", "UNKNOWN_FORCE"}}},
        {"ForceByCode", [](auto& r) { r.set_force("E23000029"); }, {{"force", "UNKNOWN_FORCE"}}},
        {"ForceIsARegion", [](auto& r) { r.set_force("south-east"); }, {{"force", "UNKNOWN_FORCE"}}},
        {"IdEmpty", [](auto& r) { r.clear_result_id(); }, {{"result_id", "RESULT_ID_MALFORMED"}}},
        {"IdOneTooLong",
         [](auto& r) { r.set_result_id(std::string(65, 'a')); },
         {{"result_id", "RESULT_ID_MALFORMED"}}},
        {"IdWithASpace", [](auto& r) { r.set_result_id("week 41"); }, {{"result_id", "RESULT_ID_MALFORMED"}}},
        {"IdWithASlash", [](auto& r) { r.set_result_id("week/41"); }, {{"result_id", "RESULT_ID_MALFORMED"}}},
        {"IdWithAZeroByte",
         [](auto& r) { r.set_result_id(std::string("a\0b", 3)); },
         {{"result_id", "RESULT_ID_MALFORMED"}}},
        {"IdWithAnUmlaut", [](auto& r) { r.set_result_id("süd"); }, {{"result_id", "RESULT_ID_MALFORMED"}}},
        {"RevisionZero", [](auto& r) { r.set_revision(0); }, {{"revision", "REVISION_TOO_LOW"}}},
        {"RevisionNegative",
         [](auto& r) { r.set_revision(std::numeric_limits<int64_t>::min()); },
         {{"revision", "REVISION_TOO_LOW"}}},
        {"FieldOfALaterApi", [](auto& r) { AddUnknownField(r); }, {{"", "UNKNOWN_FIELD"}}},
    }),
    kRowName);

INSTANTIATE_TEST_SUITE_P(
    Period, ValidateResultRefuses,
    testing::ValuesIn<InvalidCase>({
        {"StartMissing", [](auto& r) { r.clear_start_date(); }, {{"start_date", "DATE_MISSING"}}},
        {"EndMissing", [](auto& r) { r.clear_end_date(); }, {{"end_date", "DATE_MISSING"}}},
        {"StartMalformed", [](auto& r) { r.set_start_date("11/10/2021"); }, {{"start_date", "DATE_MALFORMED"}}},
        {"EndThatDoesNotExist", [](auto& r) { r.set_end_date("2021-10-32"); }, {{"end_date", "DATE_MALFORMED"}}},
        {"Reversed", [](auto& r) { r.set_end_date("2021-10-10"); }, {{"end_date", "PERIOD_REVERSED"}}},
        {"DayBeforeTheWindow",
         [](auto& r) {
           r.set_start_date("2021-10-10");
           r.set_end_date("2021-10-10");
         },
         {{"start_date", "PERIOD_OUTSIDE_OPERATION"}}},
        {"DayAfterTheWindow",
         [](auto& r) {
           r.set_start_date("2021-10-18");
           r.set_end_date("2021-10-18");
         },
         {{"start_date", "PERIOD_OUTSIDE_OPERATION"}}},
        {"AnotherYear",
         [](auto& r) {
           r.set_start_date("2022-10-11");
           r.set_end_date("2022-10-17");
         },
         {{"start_date", "PERIOD_OUTSIDE_OPERATION"}}},
        {"OneDayTooLong", [](auto& r) { r.set_end_date("2022-10-12"); }, {{"end_date", "PERIOD_TOO_LONG"}}},
        {"RetractionWithOneDate",
         [](auto& r) {
           Retract(r);
           r.set_start_date("2021-10-11");
         },
         {{"end_date", "DATE_MISSING"}}},
        {"RetractionReversed",
         [](auto& r) {
           Retract(r);
           r.set_start_date("2021-10-12");
           r.set_end_date("2021-10-11");
         },
         {{"end_date", "PERIOD_REVERSED"}}},
        {"NilWithoutDates",
         [](auto& r) {
           MakeNil(r);
           r.clear_start_date();
           r.clear_end_date();
         },
         {{"start_date", "DATE_MISSING"}, {"end_date", "DATE_MISSING"}}},
    }),
    kRowName);

INSTANTIATE_TEST_SUITE_P(
    ReasonAndNil, ValidateResultRefuses,
    testing::ValuesIn<InvalidCase>({
        {"ReasonOneTooLong", [](auto& r) { r.set_reason(std::string(501, 'a')); }, {{"reason", "REASON_TOO_LONG"}}},
        {"RetractedWithoutAReason",
         [](auto& r) {
           Retract(r);
           r.clear_reason();
         },
         {{"reason", "REASON_MISSING"}}},
        {"FiguresMissing", [](auto& r) { r.clear_figures(); }, {{"figures", "FIGURES_MISSING"}}},
        {"NilWithFigures", [](auto& r) { r.set_nil(true); }, {{"nil", "NIL_WITH_FIGURES"}}},
        {"NilWithAFigureOfZero",
         [](auto& r) {
           MakeNil(r);
           AddCount(r, "arrests", 0);
         },
         {{"nil", "NIL_WITH_FIGURES"}}},
        // A figure that is wrong is wrong in a retraction too, which does not count it.
        {"RetractedWithAWrongFigure",
         [](auto& r) {
           Retract(r);
           AddCount(r, "arrest", 1);
         },
         {{"figures[0].metric", "UNKNOWN_METRIC"}}},
    }),
    kRowName);

INSTANTIATE_TEST_SUITE_P(
    Figures, ValidateResultRefuses,
    testing::ValuesIn<InvalidCase>({
        {"OneTooMany",
         [](auto& r) {
           r.clear_figures();
           AddManyFigures(r, 1'001);
         },
         {{"figures", "TOO_MANY_FIGURES"}}},
        {"Repeated", [](auto& r) { AddCount(r, "arrests", 61); }, {{"figures[3]", "FIGURE_REPEATED"}}},
        {"RepeatedWithAnotherValue", [](auto& r) { AddCount(r, "arrests", 7); }, {{"figures[3]", "FIGURE_REPEATED"}}},
        {"RepeatedInAnotherUnit",
         [](auto& r) {
           AddFigure(r, "drugs-weight", 1, v1::UNIT_KILOGRAM, {"heroin", "crack-cocaine"});
         },
         {{"figures[3]", "FIGURE_REPEATED"}}},
        {"RepeatedInAnotherOrder",
         [](auto& r) {
           AddFigure(r, "drugs-weight", 1, v1::UNIT_GRAM, {"crack-cocaine", "heroin"});
         },
         {{"figures[3]", "FIGURE_REPEATED"}}},
        {"RepeatedNotYetCounted",
         [](auto& r) { r.add_figures()->set_metric("cash-seized"); },
         {{"figures[3]", "FIGURE_REPEATED"}}},
        {"RepeatedInOtherWords",  // Class A and heroin is class A.
         [](auto& r) {
           AddFigure(r, "drugs-weight", 1, v1::UNIT_GRAM, {"class-a"});
           AddFigure(r, "drugs-weight", 2, v1::UNIT_GRAM, {"heroin", "class-a"});
         },
         {{"figures[4]", "FIGURE_REPEATED"}}},
        {"Thrice",
         [](auto& r) {
           AddCount(r, "arrests", 1);
           AddCount(r, "arrests", 2);
         },
         {{"figures[3]", "FIGURE_REPEATED"}, {"figures[4]", "FIGURE_REPEATED"}}},
        {"MetricUnknown", [](auto& r) { Arrests(r).set_metric("arrest"); }, {{"figures[0].metric", "UNKNOWN_METRIC"}}},
        {"MetricEmpty", [](auto& r) { Arrests(r).clear_metric(); }, {{"figures[0].metric", "UNKNOWN_METRIC"}}},
        {"MetricWithUnderscore",
         [](auto& r) { Cash(r).set_metric("cash_seized"); },
         {{"figures[2].metric", "UNKNOWN_METRIC"}}},
        {"FieldOfALaterApi", [](auto& r) { AddUnknownField(Drugs(r)); }, {{"figures[1]", "UNKNOWN_FIELD"}}},
    }),
    kRowName);

INSTANTIATE_TEST_SUITE_P(
    Value, ValidateResultRefuses,
    testing::ValuesIn<InvalidCase>({
        {"Negative", [](auto& r) { Arrests(r).set_value(-1); }, {{"figures[0].value", "VALUE_NEGATIVE"}}},
        {"MostNegative",
         [](auto& r) { Drugs(r).set_value(std::numeric_limits<int64_t>::min()); },
         {{"figures[1].value", "VALUE_NEGATIVE"}}},
        {"OneOver",
         [](auto& r) { Arrests(r).set_value(kMaxFigureValue + 1); },
         {{"figures[0].value", "VALUE_TOO_LARGE"}}},
        {"LargestOfAll",
         [](auto& r) { Drugs(r).set_value(std::numeric_limits<int64_t>::max()); },
         {{"figures[1].value", "VALUE_TOO_LARGE"}}},
        {"OneOverInBaseUnits",
         [](auto& r) { Drugs(r).set_value(1'000'000'000'001); },
         {{"figures[1].value", "VALUE_TOO_LARGE"}}},
        {"OneKilogramOver",
         [](auto& r) {
           Drugs(r).set_value(1'000'000'001);
           Drugs(r).set_unit(v1::UNIT_KILOGRAM);
         },
         {{"figures[1].value", "VALUE_TOO_LARGE"}}},
        {"OnePoundOver",
         [](auto& r) {
           Cash(r).set_value(10'000'000'000'001);
           Cash(r).set_unit(v1::UNIT_POUND);
         },
         {{"figures[2].value", "VALUE_TOO_LARGE"}}},
        {"LargestInKilograms",
         [](auto& r) {
           Drugs(r).set_value(kMaxFigureValue);
           Drugs(r).set_unit(v1::UNIT_KILOGRAM);
         },
         {{"figures[1].value", "VALUE_TOO_LARGE"}}},
        {"UnitMissing", [](auto& r) { Arrests(r).clear_unit(); }, {{"figures[0].unit", "UNIT_MISSING"}}},
        {"UnitUnknown",
         [](auto& r) { Arrests(r).set_unit(static_cast<v1::Unit>(kNoEnumerator)); },
         {{"figures[0].unit", "UNKNOWN_UNIT"}}},
        {"UnitUnknownWithoutAValue",
         [](auto& r) { Cash(r).set_unit(static_cast<v1::Unit>(kNoEnumerator)); },
         {{"figures[2].unit", "UNKNOWN_UNIT"}}},
        {"GramsOfPeople",
         [](auto& r) { Arrests(r).set_unit(v1::UNIT_GRAM); },
         {{"figures[0].unit", "UNIT_NOT_OF_METRIC"}}},
        {"PoundsOfDrugs",
         [](auto& r) { Drugs(r).set_unit(v1::UNIT_POUND); },
         {{"figures[1].unit", "UNIT_NOT_OF_METRIC"}}},
        {"CountOfDrugs",
         [](auto& r) { Drugs(r).set_unit(v1::UNIT_COUNT); },
         {{"figures[1].unit", "UNIT_NOT_OF_METRIC"}}},
        {"UnitOfNothing",
         [](auto& r) { Cash(r).set_unit(v1::UNIT_GRAM); },
         {{"figures[2].unit", "UNIT_NOT_OF_METRIC"}}},
        {"QualifierUnknown",
         [](auto& r) { Arrests(r).set_qualifier(static_cast<v1::Qualifier>(kNoEnumerator)); },
         {{"figures[0].qualifier", "UNKNOWN_QUALIFIER"}}},
        {"QualifierOfNothing",
         [](auto& r) { Cash(r).set_qualifier(v1::QUALIFIER_AT_LEAST); },
         {{"figures[2].qualifier", "QUALIFIER_WITHOUT_VALUE"}}},
        {"EstimateOfNothing",
         [](auto& r) { Cash(r).set_qualifier(v1::QUALIFIER_ESTIMATE); },
         {{"figures[2].qualifier", "QUALIFIER_WITHOUT_VALUE"}}},
    }),
    kRowName);

INSTANTIATE_TEST_SUITE_P(
    Categories, ValidateResultRefuses,
    testing::ValuesIn<InvalidCase>({
        {"Unknown",
         [](auto& r) { Drugs(r).set_categories(1, "cocaine"); },
         {{"figures[1].categories[1]", "UNKNOWN_CATEGORY"}}},
        {"Empty", [](auto& r) { Drugs(r).add_categories(""); }, {{"figures[1].categories[2]", "UNKNOWN_CATEGORY"}}},
        {"IsABreakdown",
         [](auto& r) { Drugs(r).set_categories(0, "drug"); },
         {{"figures[1].categories[0]", "UNKNOWN_CATEGORY"}}},
        {"OfAnotherBreakdown",
         [](auto& r) { Drugs(r).add_categories("male"); },
         {{"figures[1].categories[2]", "CATEGORY_NOT_OF_METRIC"}}},
        {"OfAMetricWithoutBreakdowns",
         [](auto& r) { Cash(r).add_categories("heroin"); },
         {{"figures[2].categories[0]", "CATEGORY_NOT_OF_METRIC"}}},
        {"Twice",
         [](auto& r) { Drugs(r).add_categories("heroin"); },
         {{"figures[1].categories[2]", "CATEGORY_REPEATED"}}},
        {"OneTooMany",
         [](auto& r) {
           while (Drugs(r).categories_size() < 65) Drugs(r).add_categories("heroin");
         },
         {{"figures[1].categories", "TOO_MANY_CATEGORIES"}}},
    }),
    kRowName);

INSTANTIATE_TEST_SUITE_P(
    ManyThings, ValidateResultRefuses,
    testing::ValuesIn<InvalidCase>({
        {"EverythingAtOnce",
         [](auto& r) {
           r.set_operation("?");
           r.set_force("?");
           r.set_result_id("?");
           r.set_revision(0);
           r.set_start_date("?");
           r.clear_end_date();
           r.set_nil(true);
           r.set_retracted(true);
           AddUnknownField(r);
           Arrests(r).set_value(-1);
           Arrests(r).set_unit(v1::UNIT_GRAM);
           Arrests(r).set_qualifier(static_cast<v1::Qualifier>(kNoEnumerator));
           Drugs(r).set_metric("?");
           Drugs(r).clear_unit();
           Drugs(r).set_categories(1, "?");
           Drugs(r).add_categories("heroin");
           AddUnknownField(Drugs(r));
           Cash(r).set_qualifier(v1::QUALIFIER_AT_MOST);
           AddCount(r, "charges", 1, {"adult"});
           AddCount(r, "charges", 2, {"adult"});
         },
         {{"operation", "UNKNOWN_OPERATION"},
          {"force", "UNKNOWN_FORCE"},
          {"result_id", "RESULT_ID_MALFORMED"},
          {"revision", "REVISION_TOO_LOW"},
          {"start_date", "DATE_MALFORMED"},
          {"end_date", "DATE_MISSING"},
          {"reason", "REASON_MISSING"},
          {"nil", "NIL_WITH_FIGURES"},
          {"figures[0].unit", "UNIT_NOT_OF_METRIC"},
          {"figures[0].value", "VALUE_NEGATIVE"},
          {"figures[0].qualifier", "UNKNOWN_QUALIFIER"},
          {"figures[1].metric", "UNKNOWN_METRIC"},
          {"figures[1].unit", "UNIT_MISSING"},
          {"figures[1].categories[1]", "UNKNOWN_CATEGORY"},
          {"figures[1].categories[2]", "CATEGORY_REPEATED"},
          {"figures[1]", "UNKNOWN_FIELD"},
          {"figures[2].qualifier", "QUALIFIER_WITHOUT_VALUE"},
          {"figures[4]", "FIGURE_REPEATED"},
          {"", "UNKNOWN_FIELD"}}},
        {"TooLongAndOutside",
         [](auto& r) {
           r.set_start_date("2019-01-01");
           r.set_end_date("2020-12-31");
         },
         {{"end_date", "PERIOD_TOO_LONG"}, {"start_date", "PERIOD_OUTSIDE_OPERATION"}}},
        {"NothingAtAll",
         [](auto& r) { r.Clear(); },
         {{"operation", "UNKNOWN_OPERATION"},
          {"force", "UNKNOWN_FORCE"},
          {"result_id", "RESULT_ID_MALFORMED"},
          {"revision", "REVISION_TOO_LOW"},
          {"start_date", "DATE_MISSING"},
          {"end_date", "DATE_MISSING"},
          {"figures", "FIGURES_MISSING"}}},
        {"AFigureOfNothing", [](auto& r) { r.add_figures(); }, {{"figures[3].metric", "UNKNOWN_METRIC"}}},
    }),
    kRowName);

struct ValidCase {
  std::string name;
  Spoil change;
  friend void PrintTo(const ValidCase& row, std::ostream* out) { *out << row.name; }
};

// What comes near to being refused and is not; nor is it worth a warning.
class ValidateResultAccepts : public testing::TestWithParam<ValidCase> {};

TEST_P(ValidateResultAccepts, WithoutAWarning) {
  v1::OperationResult result = Valid();
  GetParam().change(result);
  EXPECT_THAT(Accepted(result).warnings, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    NearMisses, ValidateResultAccepts,
    testing::ValuesIn<ValidCase>({
        {"AsItIs", [](auto& /*r*/) {}},
        {"IdOfOneByte", [](auto& r) { r.set_result_id("7"); }},
        {"IdOf64Bytes", [](auto& r) { r.set_result_id(std::string(64, 'Z')); }},
        {"IdOfEverySign", [](auto& r) { r.set_result_id("aA-zZ_0.9:"); }},
        {"IdOfAHyphen", [](auto& r) { r.set_result_id("-"); }},
        {"LargestRevision", [](auto& r) { r.set_revision(std::numeric_limits<int64_t>::max()); }},
        {"FirstDayOfTheWindow", [](auto& r) { r.set_end_date("2021-10-11"); }},
        {"LastDayOfTheWindow", [](auto& r) { r.set_start_date("2021-10-17"); }},
        {"ReasonOf500Bytes", [](auto& r) { r.set_reason(std::string(500, 'a')); }},
        {"ReasonWithoutARetraction", [](auto& r) { r.set_reason("a late arrest"); }},
        {"Final", [](auto& r) { r.set_final(true); }},
        {"Nil", [](auto& r) { MakeNil(r); }},
        {"Retraction", [](auto& r) { Retract(r); }},
        {"RetractionWithEverything",
         [](auto& r) {
           r.set_retracted(true);
           r.set_reason("counted twice");
         }},
        {"ThousandFigures",
         [](auto& r) {
           r.clear_figures();
           AddManyFigures(r, 1'000);
         }},
        {"Zero", [](auto& r) { Arrests(r).set_value(0); }},
        {"LargestValue", [](auto& r) { Arrests(r).set_value(kMaxFigureValue); }},
        {"LargestInGrams", [](auto& r) { Drugs(r).set_value(1'000'000'000'000); }},
        {"LargestInKilograms",
         [](auto& r) {
           Drugs(r).set_value(1'000'000'000);
           Drugs(r).set_unit(v1::UNIT_KILOGRAM);
         }},
        {"LargestInMilligrams",
         [](auto& r) {
           Drugs(r).set_value(kMaxFigureValue);
           Drugs(r).set_unit(v1::UNIT_MILLIGRAM);
         }},
        {"LargestInPounds",
         [](auto& r) {
           Cash(r).set_value(10'000'000'000'000);
           Cash(r).set_unit(v1::UNIT_POUND);
         }},
        {"UnitOfWhatIsNotYetCounted", [](auto& r) { Cash(r).set_unit(v1::UNIT_POUND); }},
        {"ExactlyNotYetCounted", [](auto& r) { Cash(r).set_qualifier(v1::QUALIFIER_EXACT); }},
        {"PercentagesAreCounts", [](auto& r) { AddCount(r, "first-time-arrest-percent", 37); }},
        {"PartOfAGroup", [](auto& r) { AddFigure(r, "drugs-weight", 1, v1::UNIT_GRAM, {"heroin"}); }},
        {"AnotherGroup",
         [](auto& r) {
           AddFigure(r, "drugs-weight", 1, v1::UNIT_GRAM, {"heroin", "lsd"});
         }},
        {"SameCategoriesOfAnotherMetric",
         [](auto& r) {
           AddCount(r, "pills", 1, {"heroin", "crack-cocaine"});
         }},
        {"ACategoryOfEachBreakdown",
         [](auto& r) {
           AddCount(r, "arrests", 2, {"male", "child"});
         }},
        {"EveryCategoryOfABreakdown",
         [](auto& r) {
           Drugs(r).clear_categories();
           const auto& breakdowns = ShippedCatalogue().proto().breakdowns();
           for (const v1::Category& category : breakdowns[*ShippedCatalogue().FindBreakdown("drug")].categories()) {
             Drugs(r).add_categories(category.id());
           }
         }},
        {"AConsortium", [](auto& r) { r.set_force("southern-wales-consortium"); }},
        {"ABodyInNoRegion", [](auto& r) { r.set_force("british-transport-police"); }},
    }),
    kRowName);

// A period of 366 days is the longest; it is far beyond the window, and so warns.
TEST(ValidateResultTest, AYearIsNotTooLong) {
  v1::OperationResult result = Valid();
  result.set_end_date("2022-10-11");
  EXPECT_THAT(Accepted(result).warnings, ElementsAre(ResultWarning{v1::WARNING_REASON_PERIOD_MISMATCH, std::nullopt}));
}

TEST(ValidateResultTest, AClosedOperationIsForTheRevisionRules) {
  v1::Operation closed = Operations().Find(kOperation)->proto;
  closed.set_closed(true);
  const OperationDirectory operations = Operations().With(std::make_shared<Operation>(closed, ShippedCatalogue()));
  ResultValues values;
  ValidatedResult validated;
  EXPECT_THAT(ValidateResult(Valid(), ShippedCatalogue(), operations, &values, &validated), IsEmpty());
}

TEST(ValidateResultTest, AnAcceptedResultIsReadyToBeStored) {
  const ValidatedResult validated = Accepted(Valid());
  EXPECT_EQ(validated.digest, DigestOf(Valid()));
  EXPECT_EQ(validated.force, ShippedCatalogue().FindForce("thames-valley"));
  EXPECT_EQ(validated.period, (Period{absl::CivilDay(2021, 10, 11), absl::CivilDay(2021, 10, 17)}));
  ASSERT_EQ(validated.values.size(), 3U);
  EXPECT_EQ(validated.values[0].metric, ShippedCatalogue().FindMetric("arrests"));
  EXPECT_EQ(validated.values[0].nodes[0].amount, Amount::Stated(61, v1::QUALIFIER_EXACT));
  EXPECT_EQ(validated.values[1].metric, ShippedCatalogue().FindMetric("drugs-weight"));
  EXPECT_EQ(validated.values[1].nodes[0].amount, Amount::Stated(430'000, v1::QUALIFIER_AT_LEAST));
  EXPECT_EQ(validated.values[2].metric, ShippedCatalogue().FindMetric("cash-seized"));
  EXPECT_EQ(validated.values[2].nodes[0].amount, Amount::Uncounted());
}

TEST(ValidateResultTest, ANilResultHasNoValuesOfItsOwn) {
  v1::OperationResult result = Valid();
  MakeNil(result);
  EXPECT_EQ(Accepted(result).values.size(), 0U);
}

TEST(ValidateResultTest, ARetractionHasNoValuesAndMayHaveNoPeriod) {
  v1::OperationResult result = Valid();
  result.set_retracted(true);
  result.set_reason("counted twice");
  EXPECT_EQ(Accepted(result).values.size(), 0U);
  EXPECT_TRUE(Accepted(result).period.has_value());
  Retract(result);
  EXPECT_EQ(Accepted(result).period, std::nullopt);
}

TEST(ValidateResultTest, ValuesOfSeveralResultsStandBehindEachOther) {
  ResultValues values;
  std::vector<ValidatedResult> validated(3);
  for (ValidatedResult& one : validated) {
    ASSERT_THAT(ValidateResult(Valid(), ShippedCatalogue(), Operations(), &values, &one), IsEmpty());
  }
  EXPECT_EQ(values.size(), 9U);
  for (const ValidatedResult& one : validated) {
    ASSERT_EQ(one.values.size(), 3U);
    EXPECT_EQ(one.values[2].nodes[0].amount, Amount::Uncounted());
  }
}

TEST(ValidateResultTest, NothingOfAResultStaysInTheNext) {
  ResultValues values;
  ValidatedResult validated;
  v1::OperationResult odd = Valid();
  odd.set_end_date("2022-10-11");
  ASSERT_THAT(ValidateResult(odd, ShippedCatalogue(), Operations(), &values, &validated), IsEmpty());
  ASSERT_FALSE(validated.warnings.empty());
  v1::OperationResult retraction = Valid();
  Retract(retraction);
  ASSERT_THAT(ValidateResult(retraction, ShippedCatalogue(), Operations(), &values, &validated), IsEmpty());
  EXPECT_THAT(validated.warnings, IsEmpty());
  EXPECT_EQ(validated.period, std::nullopt);
  EXPECT_EQ(validated.values.size(), 0U);
}

TEST(ValidateResultTest, NamesWhatMayBeMeant) {
  v1::OperationResult result = Valid();
  result.set_operation("county-lines-2021-11");
  result.set_force("thames valley");
  Arrests(result).set_metric("arests");
  Drugs(result).set_categories(0, "heroine");
  const FieldProblems problems = Refused(result);
  ASSERT_THAT(problems, SizeIs(4));
  // Three weeks are one digit away: the first in the alphabet.
  EXPECT_THAT(problems[0].description, HasSubstr("did you mean \"county-lines-2021-10\"?"));
  EXPECT_THAT(problems[1].description, HasSubstr("did you mean \"thames-valley\"?"));
  EXPECT_THAT(problems[2].description, HasSubstr("did you mean \"arrests\"?"));
  EXPECT_THAT(problems[3].description, HasSubstr("did you mean \"heroin\"?"));
}

TEST(ValidateResultTest, NamesNothingWhereNothingIsNear) {
  v1::OperationResult result = Valid();
  result.set_force("starfleet");
  ASSERT_THAT(Refused(result), SizeIs(1));
  EXPECT_THAT(Refused(result)[0].description, Not(HasSubstr("did you mean")));
}

TEST(ValidateResultTest, SaysTheUnitsThatTheMetricTakes) {
  v1::OperationResult result = Valid();
  Drugs(result).set_unit(v1::UNIT_POUND);
  ASSERT_THAT(Refused(result), SizeIs(1));
  EXPECT_THAT(Refused(result)[0].description, HasSubstr("mg, g or kg"));
}

// However long a wrong word is, what is said about it is short, and still text.
TEST(ValidateResultTest, QuotesNoMoreThanAScreenOfIt) {
  v1::OperationResult result = Valid();
  std::string word = "a";  // Odd, so that a cut at 80 bytes falls into the middle of a letter.
  for (int i = 0; i < 100'000; ++i) word += "ü";
  result.set_force(word);
  const FieldProblems problems = Refused(result);
  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_LT(problems[0].description.size(), 200U);
  v1::Warning as_text;
  as_text.set_description(problems[0].description);
  EXPECT_TRUE(as_text.ParseFromString(as_text.SerializeAsString())) << "no UTF-8";
}

// Warnings that the result alone gives rise to.
struct WarningCase {
  std::string name;
  Spoil fill;  // A result without figures.
  std::vector<ResultWarning> want;
  friend void PrintTo(const WarningCase& row, std::ostream* out) { *out << row.name; }
};

class ValidateResultWarns : public testing::TestWithParam<WarningCase> {};

TEST_P(ValidateResultWarns, OfWhatIsPossibleButOdd) {
  v1::OperationResult result = WithoutFigures();
  GetParam().fill(result);
  EXPECT_EQ(Accepted(result).warnings, GetParam().want);
}

constexpr v1::WarningReason kPeriod = v1::WARNING_REASON_PERIOD_MISMATCH;
constexpr v1::WarningReason kSum = v1::WARNING_REASON_BREAKDOWN_SUM_MISMATCH;
constexpr v1::WarningReason kDisagree = v1::WARNING_REASON_BREAKDOWNS_DISAGREE;
constexpr v1::Qualifier kAtLeast = v1::QUALIFIER_AT_LEAST;
constexpr v1::Qualifier kAtMost = v1::QUALIFIER_AT_MOST;
constexpr v1::Qualifier kEstimate = v1::QUALIFIER_ESTIMATE;

void SetPeriod(v1::OperationResult& result, const std::string& first, const std::string& last) {
  result.set_start_date(first);
  result.set_end_date(last);
  AddCount(result, "stop-searches", 1);
}

INSTANTIATE_TEST_SUITE_P(
    Period, ValidateResultWarns,
    testing::ValuesIn<WarningCase>({
        {"TheWindowItself", [](auto& r) { SetPeriod(r, "2021-10-11", "2021-10-17"); }, {}},
        {"ADayTooEarly", [](auto& r) { SetPeriod(r, "2021-10-10", "2021-10-17"); }, {{kPeriod, {}}}},
        {"ADayTooLate", [](auto& r) { SetPeriod(r, "2021-10-11", "2021-10-18"); }, {{kPeriod, {}}}},
        {"TouchesTheFirstDay", [](auto& r) { SetPeriod(r, "2021-10-04", "2021-10-11"); }, {{kPeriod, {}}}},
        {"TouchesTheLastDay", [](auto& r) { SetPeriod(r, "2021-10-17", "2021-10-24"); }, {{kPeriod, {}}}},
        {"Around", [](auto& r) { SetPeriod(r, "2021-10-01", "2021-10-31"); }, {{kPeriod, {}}}},
        {"ANilResultToo",
         [](auto& r) {
           SetPeriod(r, "2021-10-01", "2021-10-31");
           MakeNil(r);
         },
         {{kPeriod, {}}}},
    }),
    kRowName);

INSTANTIATE_TEST_SUITE_P(
    Parts, ValidateResultWarns,
    testing::ValuesIn<WarningCase>({
        {"PartsBelowTheirTotal",  // Northumbria: one of 28 is not broken down.
         [](auto& r) {
           AddCount(r, "arrests", 28);
           AddCount(r, "arrests", 22, {"male", "adult"});
           AddCount(r, "arrests", 3, {"female", "adult"});
           AddCount(r, "arrests", 2, {"male", "child"});
         },
         {}},
        {"PartsEqualToTheirTotal",
         [](auto& r) {
           AddCount(r, "arrests", 25);
           AddCount(r, "arrests", 22, {"male"});
           AddCount(r, "arrests", 3, {"female"});
         },
         {}},
        {"PartsOneAboveTheirTotal",
         [](auto& r) {
           AddCount(r, "arrests", 24);
           AddCount(r, "arrests", 22, {"male"});
           AddCount(r, "arrests", 3, {"female"});
         },
         {{kSum, 0}}},
        {"TheTotalStatedLast",
         [](auto& r) {
           AddCount(r, "arrests", 22, {"male"});
           AddCount(r, "arrests", 3, {"female"});
           AddCount(r, "arrests", 24);
         },
         {{kSum, 2}}},
        {"APartAboveItsTotalFurtherDown",
         [](auto& r) {
           AddFigure(r, "drugs-weight", 900, v1::UNIT_GRAM);
           AddFigure(r, "drugs-weight", 1, v1::UNIT_KILOGRAM, {"cannabis-resin"});
         },
         {{kSum, 0}}},
        {"InGramsAndKilograms",
         [](auto& r) {
           AddFigure(r, "drugs-weight", 1'000, v1::UNIT_GRAM);
           AddFigure(r, "drugs-weight", 1, v1::UNIT_KILOGRAM, {"cannabis-resin"});
         },
         {}},
        {"AboveATotalOfAtLeast",
         [](auto& r) {
           AddCount(r, "arrests", 20, {}, kAtLeast);
           AddCount(r, "arrests", 22, {"male"});
         },
         {}},
        {"AboveATotalOfAtMost",
         [](auto& r) {
           AddCount(r, "arrests", 20, {}, kAtMost);
           AddCount(r, "arrests", 22, {"male"});
         },
         {{kSum, 0}}},
        {"AboveAnEstimate",
         [](auto& r) {
           AddCount(r, "arrests", 20, {}, kEstimate);
           AddCount(r, "arrests", 22, {"male"});
         },
         {{kSum, 0}}},
        {"AboveATotalStillToBeCounted",
         [](auto& r) {
           r.add_figures()->set_metric("arrests");
           AddCount(r, "arrests", 22, {"male"});
         },
         {}},
        {"PartsOfAtMostMayBeLess",
         [](auto& r) {
           AddCount(r, "arrests", 20);
           AddCount(r, "arrests", 15, {"male"}, kAtMost);
           AddCount(r, "arrests", 15, {"female"});
         },
         {}},
        {"PartsOfAtLeastAreNotLess",
         [](auto& r) {
           AddCount(r, "arrests", 20);
           AddCount(r, "arrests", 6, {"male"}, kAtLeast);
           AddCount(r, "arrests", 15, {"female"});
         },
         {{kSum, 0}}},
        {"AGroupAboveItsTotal",
         [](auto& r) {
           AddFigure(r, "drugs-weight", 400, v1::UNIT_GRAM, {"class-a"});
           AddFigure(r, "drugs-weight", 430, v1::UNIT_GRAM, {"heroin", "crack-cocaine"});
         },
         {{kSum, 0}}},
        {"TwoTotals",
         [](auto& r) {
           AddFigure(r, "drugs-weight", 10, v1::UNIT_GRAM);
           AddFigure(r, "drugs-weight", 20, v1::UNIT_GRAM, {"class-a"});
           AddFigure(r, "drugs-weight", 30, v1::UNIT_GRAM, {"heroin"});
         },
         {{kSum, 1}, {kSum, 0}}},
        {"PartsThatMayOverlap",  // A seizure with two drugs counts once in all and once under each.
         [](auto& r) {
           AddCount(r, "drug-seizures", 5);
           AddCount(r, "drug-seizures", 5, {"class-a"});
           AddCount(r, "drug-seizures", 5, {"class-b"});
         },
         {}},
        {"APartThatMayOverlapButIsAboveItsTotal",
         [](auto& r) {
           AddCount(r, "drug-seizures", 5);
           AddCount(r, "drug-seizures", 6, {"class-a"});
         },
         {{kSum, 0}}},
        {"AnotherMetricIsNoPart",
         [](auto& r) {
           AddCount(r, "arrests", 5);
           AddCount(r, "charges", 6);
         },
         {}},
    }),
    kRowName);

INSTANTIATE_TEST_SUITE_P(Breakdowns, ValidateResultWarns,
                         testing::ValuesIn<WarningCase>({
                             {"OneOfThem",
                              [](auto& r) {
                                AddCount(r, "arrests", 22, {"male"});
                                AddCount(r, "arrests", 3, {"female"});
                              },
                              {}},
                             {"BothEqual",
                              [](auto& r) {
                                AddCount(r, "arrests", 22, {"male"});
                                AddCount(r, "arrests", 3, {"female"});
                                AddCount(r, "arrests", 20, {"adult"});
                                AddCount(r, "arrests", 5, {"child"});
                              },
                              {}},
                             {"OneApart",
                              [](auto& r) {
                                AddCount(r, "charges", 1);
                                AddCount(r, "arrests", 22, {"male"});
                                AddCount(r, "arrests", 3, {"female"});
                                AddCount(r, "arrests", 20, {"adult"});
                                AddCount(r, "arrests", 4, {"child"});
                              },
                              {{kDisagree, 1}}},
                             {"OneApartUnderAStatedTotal",
                              [](auto& r) {
                                AddCount(r, "arrests", 25);
                                AddCount(r, "arrests", 22, {"male"});
                                AddCount(r, "arrests", 3, {"female"});
                                AddCount(r, "arrests", 20, {"adult"});
                                AddCount(r, "arrests", 4, {"child"});
                              },
                              {}},
                             {"StatedByPairs",  // One value along both.
                              [](auto& r) {
                                AddCount(r, "arrests", 22, {"male", "adult"});
                                AddCount(r, "arrests", 3, {"female", "child"});
                              },
                              {}},
                             {"BothOfTwoMetrics",
                              [](auto& r) {
                                for (const char* const metric : {"arrests", "vulnerable-safeguarded"}) {
                                  AddCount(r, metric, 2, {"male"});
                                  AddCount(r, metric, 3, {"child"});
                                }
                              },
                              {{kDisagree, 0}, {kDisagree, 2}}},
                             {"WithAPeriodAndASum",
                              [](auto& r) {
                                r.set_end_date("2021-10-18");
                                AddCount(r, "arrests", 2, {"male"});
                                AddCount(r, "arrests", 3, {"child"});
                                AddCount(r, "pills", 1);
                                AddCount(r, "pills", 2, {"mdma"});
                              },
                              {{kPeriod, {}}, {kDisagree, 0}, {kSum, 2}}},
                         }),
                         kRowName);

TEST(ValidateResultTest, ARetractionWarnsOfNothingItDoesNotCount) {
  v1::OperationResult result = WithoutFigures();
  result.set_retracted(true);
  result.set_reason("counted twice");
  AddCount(result, "arrests", 1);
  AddCount(result, "arrests", 2, {"male"});
  EXPECT_THAT(Accepted(result).warnings, IsEmpty());
}

TEST(DescribeWarningTest, HasWordsForEveryReason) {
  v1::OperationResult result = Valid();
  std::vector<std::string> seen;
  for (int number = 1; number <= v1::WarningReason_MAX; ++number) {
    const auto reason = static_cast<v1::WarningReason>(number);
    ASSERT_TRUE(v1::WarningReason_IsValid(number));
    const std::string words = DescribeWarning({reason, 0}, result);
    EXPECT_FALSE(words.empty()) << v1::WarningReason_Name(reason);
    EXPECT_THAT(seen, Not(testing::Contains(words))) << v1::WarningReason_Name(reason);
    seen.push_back(words);
  }
  EXPECT_EQ(DescribeWarning({v1::WARNING_REASON_UNSPECIFIED, 0}, result), "");
}

TEST(DescribeWarningTest, NamesTheMetricWhereItIsAboutOne) {
  for (const auto reason : {v1::WARNING_REASON_BREAKDOWN_SUM_MISMATCH, v1::WARNING_REASON_BREAKDOWNS_DISAGREE,
                            v1::WARNING_REASON_OVERLAPPING_PERIOD, v1::WARNING_REASON_COVERED_BY_JOINT_RETURN,
                            v1::WARNING_REASON_UNUSUAL_VALUE}) {
    EXPECT_THAT(DescribeWarning({reason, 1}, Valid()), HasSubstr("\"drugs-weight\"")) << v1::WarningReason_Name(reason);
  }
}

TEST(DescribeWarningTest, SaysTheDaysWhereItIsAboutThem) {
  for (const auto reason : {v1::WARNING_REASON_PERIOD_MISMATCH, v1::WARNING_REASON_OVERLAPPING_PERIOD}) {
    const std::string words = DescribeWarning({reason, std::nullopt}, Valid());
    EXPECT_THAT(words, HasSubstr("2021-10-11"));
    EXPECT_THAT(words, HasSubstr("2021-10-17"));
  }
}

// What is kept on disk names figures by number; a number that is none must not be looked up.
TEST(DescribeWarningTest, TakesAnIndexOfNoFigure) {
  for (const int index : {-1, 3, std::numeric_limits<int>::max()}) {
    EXPECT_THAT(DescribeWarning({v1::WARNING_REASON_UNUSUAL_VALUE, index}, Valid()), Not(IsEmpty())) << index;
  }
}

TEST(IsResultIdTest, TakesExactlyTheBytesThatTheApiNames) {
  const std::string allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-";
  for (int byte = 0; byte < 256; ++byte) {
    const std::string id(1, static_cast<char>(byte));
    EXPECT_EQ(IsResultId(id), allowed.find(id) != std::string::npos) << byte;
    EXPECT_EQ(IsResultId("a" + id), allowed.find(id) != std::string::npos) << byte;
  }
}

}  // namespace
}  // namespace muster
