// Everything that can be wrong with a result or a call, and what the sender is told: where, why and how to mend it.
#include <chrono>
#include <functional>
#include <future>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/unknown_field_set.h"
#include "grpcpp/generic/generic_stub.h"
#include "service/limits.h"
#include "tests/service/server_fixture.h"

namespace muster {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// Arrests and a weight of heroin: nothing is wrong with it.
v1::OperationResult GoodResult(const std::string& result_id) {
  v1::OperationResult result = MakeResult(result_id, 1, 1);
  *result.add_figures() = MakeFigure("drugs-weight", 30, {"heroin"}, v1::UNIT_GRAM);
  return result;
}

std::string Repeated(int count, const std::string& text) {
  std::string all;
  for (int index = 0; index < count; ++index) all += text;
  return all;
}

void AddUnknownField(google::protobuf::Message* message) {
  message->GetReflection()->MutableUnknownFields(message)->AddVarint(999, 1);
}

// One difference from a good result.
struct BadResult {
  std::string name;
  std::function<void(v1::OperationResult&)> spoil;
  std::string path;  // Within the result; empty: the result itself.
  std::string reason;
  std::string mend;  // What the description must say.
  friend void PrintTo(const BadResult& row, std::ostream* out) { *out << row.name; }
};

class RefusedResultTest : public ServerTest, public testing::WithParamInterface<BadResult> {};

TEST_P(RefusedResultTest, IsToldWhereWhyAndHowToMendItAndSinksNoOther) {
  v1::OperationResult bad = GoodResult("bad");
  GetParam().spoil(bad);
  const v1::SubmitResultsResponse response = client().Submit({GoodResult("before"), bad, GoodResult("after")});

  EXPECT_EQ(response.receipts(0).outcome(), v1::OUTCOME_ACCEPTED);
  EXPECT_EQ(response.receipts(2).outcome(), v1::OUTCOME_ACCEPTED);
  EXPECT_EQ(response.position(), 2);
  EXPECT_EQ(client().TotalOf(kOctober2021, "arrests")->sum(), 2);

  const v1::Receipt& receipt = response.receipts(1);
  EXPECT_EQ(receipt.outcome(), v1::OUTCOME_REJECTED);
  EXPECT_EQ(receipt.result_id(), bad.result_id());
  EXPECT_EQ(receipt.revision(), bad.revision());
  EXPECT_EQ(receipt.position(), 0);
  EXPECT_FALSE(receipt.has_accept_time());
  EXPECT_EQ(receipt.digest(), "");
  EXPECT_THAT(receipt.warnings(), IsEmpty());
  const RichError error = ErrorOf(receipt.problem());
  EXPECT_EQ(error.code, grpc::INVALID_ARGUMENT);
  EXPECT_EQ(error.reason, "INVALID_RESULT");
  EXPECT_FALSE(error.has_retry) << "sending the same again cannot help";
  const std::string path = absl::StrCat("results[1]", GetParam().path.empty() ? "" : ".", GetParam().path);
  EXPECT_THAT(error.violations, ElementsAre(Violation{path, GetParam().reason}));
  EXPECT_THAT(error.descriptions, ElementsAre(HasSubstr(GetParam().mend)));
}

using Result = v1::OperationResult;

INSTANTIATE_TEST_SUITE_P(
    Identity, RefusedResultTest,
    testing::ValuesIn<BadResult>({
        {"OperationOneLetterOff", [](Result& r) { r.set_operation("county-lines-2021-1"); }, "operation",
         "UNKNOWN_OPERATION", "did you mean \"county-lines-2021-10\"?"},
        {"OperationNearNone", [](Result& r) { r.set_operation("sceptre"); }, "operation", "UNKNOWN_OPERATION",
         "ListOperations"},
        {"OperationMissing", [](Result& r) { r.clear_operation(); }, "operation", "UNKNOWN_OPERATION",
         "ListOperations"},
        {"ForceMisspelt", [](Result& r) { r.set_force("thames-vally"); }, "force", "UNKNOWN_FORCE",
         "did you mean \"thames-valley\"?"},
        {"ForceInCapitals", [](Result& r) { r.set_force("THAMES-VALLEY"); }, "force", "UNKNOWN_FORCE",
         "did you mean \"thames-valley\"?"},
        {"ForceByItsCode", [](Result& r) { r.set_force("E23000029"); }, "force", "UNKNOWN_FORCE", "\"E23000029\""},
        {"ForceMissing", [](Result& r) { r.clear_force(); }, "force", "UNKNOWN_FORCE", "\"\""},
        // Cut in the middle of a character it would make the error unreadable.
        {"ForceLongAndNotAscii", [](Result& r) { r.set_force(Repeated(79, "a") + Repeated(40, "é")); }, "force",
         "UNKNOWN_FORCE", "aaa…\""},
        {"RevisionZero", [](Result& r) { r.set_revision(0); }, "revision", "REVISION_TOO_LOW", "1 or more"},
        {"RevisionNegative", [](Result& r) { r.set_revision(-1); }, "revision", "REVISION_TOO_LOW", "is -1"},
        {"ResultIdMissing", [](Result& r) { r.clear_result_id(); }, "result_id", "RESULT_ID_MALFORMED", "1 to 64"},
        {"ResultIdOneTooLong", [](Result& r) { r.set_result_id(std::string(65, 'a')); }, "result_id",
         "RESULT_ID_MALFORMED", "1 to 64"},
        {"ResultIdWithSpace", [](Result& r) { r.set_result_id("day 1"); }, "result_id", "RESULT_ID_MALFORMED",
         "\"day 1\""},
        {"ResultIdWithSlash", [](Result& r) { r.set_result_id("day/1"); }, "result_id", "RESULT_ID_MALFORMED",
         "A-Z a-z 0-9 . _ : -"},
        {"ResultIdWithZeroByte", [](Result& r) { r.set_result_id(std::string("a\0b", 3)); }, "result_id",
         "RESULT_ID_MALFORMED", "1 to 64"},
        {"ResultIdNotAscii", [](Result& r) { r.set_result_id("jour-é"); }, "result_id", "RESULT_ID_MALFORMED",
         "1 to 64"},
        {"FieldOfAnotherVersion", [](Result& r) { AddUnknownField(&r); }, "", "UNKNOWN_FIELD", "version of the API"},
    }),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Period, RefusedResultTest,
    testing::ValuesIn<BadResult>({
        {"StartMissing", [](Result& r) { r.clear_start_date(); }, "start_date", "DATE_MISSING", "2021-10-15"},
        {"EndMissing", [](Result& r) { r.clear_end_date(); }, "end_date", "DATE_MISSING", "2021-10-15"},
        {"DateInWords", [](Result& r) { r.set_start_date("12 October 2021"); }, "start_date", "DATE_MALFORMED",
         "\"12 October 2021\""},
        {"DateInBritishOrder", [](Result& r) { r.set_end_date("12/10/2021"); }, "end_date", "DATE_MALFORMED",
         "2021-10-15"},
        {"DayThatThereIsNot", [](Result& r) { r.set_end_date("2021-10-32"); }, "end_date", "DATE_MALFORMED",
         "2021-10-32"},
        {"TwentyNinthOfFebruaryOfNoLeapYear", [](Result& r) { r.set_end_date("2021-02-29"); }, "end_date",
         "DATE_MALFORMED", "2021-02-29"},
        {"Reversed",
         [](Result& r) {
           r.set_start_date("2021-10-13");
           r.set_end_date("2021-10-12");
         },
         "end_date", "PERIOD_REVERSED", "2021-10-13"},
        {"DayBeforeTheWindow",
         [](Result& r) {
           r.set_start_date("2021-10-10");
           r.set_end_date("2021-10-10");
         },
         "start_date", "PERIOD_OUTSIDE_OPERATION", "2021-10-11 to 2021-10-17"},
        {"DayAfterTheWindow",
         [](Result& r) {
           r.set_start_date("2021-10-18");
           r.set_end_date("2021-10-18");
         },
         "start_date", "PERIOD_OUTSIDE_OPERATION", "2021-10-11 to 2021-10-17"},
        {"OneDayTooLong",
         [](Result& r) {
           r.set_start_date("2021-10-12");
           r.set_end_date("2022-10-13");
         },
         "end_date", "PERIOD_TOO_LONG", "at most 366"},
    }),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Kind, RefusedResultTest,
    testing::ValuesIn<BadResult>({
        {"NoFiguresAndNotNil", [](Result& r) { r.clear_figures(); }, "figures", "FIGURES_MISSING", "nil"},
        {"NilWithFigures", [](Result& r) { r.set_nil(true); }, "nil", "NIL_WITH_FIGURES", "2 figures"},
        {"RetractionWithoutReason", [](Result& r) { r.set_retracted(true); }, "reason", "REASON_MISSING", "why"},
        {"ReasonOneTooLong", [](Result& r) { r.set_reason(std::string(501, 'a')); }, "reason", "REASON_TOO_LONG",
         "at most 500"},
        {"OneFigureTooMany",
         [](Result& r) {
           while (r.figures_size() < 1'001) *r.add_figures() = r.figures(0);
         },
         "figures", "TOO_MANY_FIGURES", "at most 1000"},
    }),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Figure, RefusedResultTest,
    testing::ValuesIn<BadResult>({
        {"MetricMisspelt", [](Result& r) { r.mutable_figures(0)->set_metric("arests"); }, "figures[0].metric",
         "UNKNOWN_METRIC", "did you mean \"arrests\"?"},
        {"MetricMissing", [](Result& r) { r.mutable_figures(0)->clear_metric(); }, "figures[0].metric",
         "UNKNOWN_METRIC", "\"\""},
        {"CategoryMisspelt", [](Result& r) { r.mutable_figures(1)->set_categories(0, "herion"); },
         "figures[1].categories[0]", "UNKNOWN_CATEGORY", "did you mean \"heroin\"?"},
        {"CategoryOfAnotherMetric", [](Result& r) { r.mutable_figures(1)->set_categories(0, "knife"); },
         "figures[1].categories[0]", "CATEGORY_NOT_OF_METRIC", "only drug"},
        {"CategoryOfAMetricWithout",
         [](Result& r) { *r.mutable_figures(0) = MakeFigure("warrants-executed", 1, {"male"}); },
         "figures[0].categories[0]", "CATEGORY_NOT_OF_METRIC", "has none"},
        {"CategoryTwice", [](Result& r) { r.mutable_figures(1)->add_categories("heroin"); }, "figures[1].categories[1]",
         "CATEGORY_REPEATED", "name it once"},
        {"OneCategoryTooMany",
         [](Result& r) {
           while (r.figures(1).categories_size() < 65) r.mutable_figures(1)->add_categories("heroin");
         },
         "figures[1].categories", "TOO_MANY_CATEGORIES", "at most 64"},
        {"KilogramsOfPeople", [](Result& r) { r.mutable_figures(0)->set_unit(v1::UNIT_KILOGRAM); }, "figures[0].unit",
         "UNIT_NOT_OF_METRIC", "takes count"},
        {"PoundsOfHeroin", [](Result& r) { r.mutable_figures(1)->set_unit(v1::UNIT_POUND); }, "figures[1].unit",
         "UNIT_NOT_OF_METRIC", "kg"},
        {"UnitMissing", [](Result& r) { r.mutable_figures(1)->clear_unit(); }, "figures[1].unit", "UNIT_MISSING", "kg"},
        {"UnitUnknown", [](Result& r) { r.mutable_figures(1)->set_unit(static_cast<v1::Unit>(99)); }, "figures[1].unit",
         "UNKNOWN_UNIT", "is 99"},
        {"ValueNegative", [](Result& r) { r.mutable_figures(0)->set_value(-1); }, "figures[0].value", "VALUE_NEGATIVE",
         "higher revision"},
        {"ValueSmallestOfAll", [](Result& r) { r.mutable_figures(0)->set_value(std::numeric_limits<int64_t>::min()); },
         "figures[0].value", "VALUE_NEGATIVE", "0 or more"},
        {"ValueOneTooLarge", [](Result& r) { r.mutable_figures(0)->set_value(1'000'000'000'000'001); },
         "figures[0].value", "VALUE_TOO_LARGE", "at most 1000000000000000"},
        {"ValueLargestOfAll", [](Result& r) { r.mutable_figures(1)->set_value(std::numeric_limits<int64_t>::max()); },
         "figures[1].value", "VALUE_TOO_LARGE", "at most 1000000000000000"},
        {"ValueOneTooLargeInBaseUnits",
         [](Result& r) { *r.mutable_figures(1) = MakeFigure("drugs-weight", 1'000'000'001, {}, v1::UNIT_KILOGRAM); },
         "figures[1].value", "VALUE_TOO_LARGE", "at most 1000000000 in that unit"},
        {"QualifierUnknown", [](Result& r) { r.mutable_figures(0)->set_qualifier(static_cast<v1::Qualifier>(9)); },
         "figures[0].qualifier", "UNKNOWN_QUALIFIER", "estimate"},
        {"QualifierWithoutValue",
         [](Result& r) {
           r.mutable_figures(0)->clear_value();
           r.mutable_figures(0)->set_qualifier(v1::QUALIFIER_AT_LEAST);
         },
         "figures[0].qualifier", "QUALIFIER_WITHOUT_VALUE", "unset"},
        {"SameMetricTwice", [](Result& r) { *r.add_figures() = MakeFigure("arrests", 2); }, "figures[2]",
         "FIGURE_REPEATED", "figures[0]"},
        {"SameCategoriesInAnotherOrder",
         [](Result& r) {
           *r.mutable_figures(1) = MakeFigure("arrests", 1, {"male", "child"});
           *r.add_figures() = MakeFigure("arrests", 1, {"child", "male"});
         },
         "figures[2]", "FIGURE_REPEATED", "figures[1]"},
        {"FieldOfAnotherVersion", [](Result& r) { AddUnknownField(r.mutable_figures(1)); }, "figures[1]",
         "UNKNOWN_FIELD", "version of the API"},
    }),
    [](const auto& row) { return row.param.name; });

// The last that is still good, one step before a row above.
struct GoodEdge {
  std::string name;
  std::function<void(v1::OperationResult&)> change;
  int warning_count = 0;
  friend void PrintTo(const GoodEdge& row, std::ostream* out) { *out << row.name; }
};

class AcceptedResultTest : public ServerTest, public testing::WithParamInterface<GoodEdge> {};

TEST_P(AcceptedResultTest, IsStored) {
  v1::OperationResult result = GoodResult("edge");
  GetParam().change(result);
  const v1::Receipt receipt = client().SubmitOne(result);
  EXPECT_EQ(receipt.outcome(), result.retracted() ? v1::OUTCOME_RETRACTED : v1::OUTCOME_ACCEPTED)
      << receipt.problem().DebugString();
  EXPECT_THAT(receipt.warnings(), SizeIs(static_cast<size_t>(GetParam().warning_count)));
  EXPECT_EQ(client().Position(), 1);
}

INSTANTIATE_TEST_SUITE_P(
    Edges, AcceptedResultTest,
    testing::ValuesIn<GoodEdge>({
        {"Unchanged", [](Result&) {}},
        {"ResultIdOfOneByte", [](Result& r) { r.set_result_id("a"); }},
        {"ResultIdOfSixtyFourBytes", [](Result& r) { r.set_result_id(std::string(64, 'a')); }},
        {"ResultIdOfEveryKindOfCharacter", [](Result& r) { r.set_result_id("Az09._:-"); }},
        {"RevisionOfAll", [](Result& r) { r.set_revision(std::numeric_limits<int64_t>::max()); }},
        {"OperationFirstDay",
         [](Result& r) {
           r.set_start_date("2021-10-11");
           r.set_end_date("2021-10-11");
         }},
        {"OperationLastDay",
         [](Result& r) {
           r.set_start_date("2021-10-17");
           r.set_end_date("2021-10-17");
         }},
        {"PeriodPartlyOutside", [](Result& r) { r.set_end_date("2021-10-18"); }, 1},
        {"PeriodOfALeapYear", [](Result& r) { r.set_end_date("2022-10-12"); }, 1},
        {"ValueZero", [](Result& r) { r.mutable_figures(0)->set_value(0); }},
        {"ValueLargest", [](Result& r) { r.mutable_figures(0)->set_value(1'000'000'000'000'000); }},
        {"ValueLargestInKilograms",
         [](Result& r) { *r.mutable_figures(1) = MakeFigure("drugs-weight", 1'000'000'000, {}, v1::UNIT_KILOGRAM); }},
        {"ValueStillToBeCounted", [](Result& r) { r.mutable_figures(0)->clear_value(); }},
        {"ReasonOfFiveHundredBytes", [](Result& r) { r.set_reason(std::string(500, 'a')); }},
        {"RetractionOfNothing",
         [](Result& r) {
           r.set_retracted(true);
           r.set_reason("entered twice");
         }},
        {"NilWithoutFigures",
         [](Result& r) {
           r.clear_figures();
           r.set_nil(true);
         }},
        {"OneThousandFigures",
         [](Result& r) {
           const std::vector<std::string> drugs = {"crack-cocaine", "heroin",   "mdma",  "lsd",     "cannabis-herbal",
                                                   "amphetamine",   "ketamine", "spice", "class-c", "cannabis-resin"};
           r.clear_figures();
           for (unsigned set = 1; r.figures_size() < 1'000; ++set) {  // Every set of drugs is a figure of its own.
             v1::Figure& figure = *r.add_figures() = MakeFigure("drug-wraps", 1);
             for (size_t drug = 0; drug < drugs.size(); ++drug) {
               if ((set >> drug & 1U) != 0) figure.add_categories(drugs[drug]);
             }
           }
         }},
    }),
    [](const auto& row) { return row.param.name; });

using BadInputTest = ServerTest;

// As a catalogue that forgot a metric would make them: the answer must not outgrow a message.
TEST_F(BadInputTest, TheReceiptsOfAThousandBadResultsFitOneAnswer) {
  constexpr int kFigures = 60;
  v1::SubmitResultsRequest request;
  *request.add_results() = MakeResult("good", 1, 1);
  while (request.results_size() < kMaxResultsPerRequest) {
    v1::OperationResult& result = *request.add_results();
    result = MakeResult(absl::StrCat("r", request.results_size()), 1, 1);
    result.clear_figures();
    for (int figure = 0; figure < kFigures; ++figure) *result.add_figures() = MakeFigure("arrest-count", 1);
  }
  v1::SubmitResultsResponse response;
  ASSERT_THAT(client().TrySubmit(request, &response), IsOkCall());
  ASSERT_EQ(response.receipts_size(), kMaxResultsPerRequest);
  EXPECT_EQ(response.receipts(0).outcome(), v1::OUTCOME_ACCEPTED);
  int told_in_part = 0;
  for (int index = 1; index < response.receipts_size(); ++index) {
    const v1::Receipt& receipt = response.receipts(index);
    EXPECT_EQ(receipt.outcome(), v1::OUTCOME_REJECTED);
    const RichError error = ErrorOf(receipt.problem());
    EXPECT_EQ(error.reason, "INVALID_RESULT");
    ASSERT_FALSE(error.violations.empty()) << index;
    EXPECT_EQ(error.violations[0],
              (Violation{absl::StrCat("results[", index, "].figures[0].metric"), "UNKNOWN_METRIC"}));
    if (error.violations.size() == kFigures) continue;
    ++told_in_part;
    EXPECT_THAT(error.message, HasSubstr(absl::StrCat("of ", kFigures, " violations")));
  }
  EXPECT_GT(told_in_part, 0) << "all of them fit: this test must send more";
  EXPECT_EQ(ErrorOf(response.receipts(1).problem()).violations.size(), static_cast<size_t>(kFigures));
}

TEST_F(BadInputTest, TheWarningsOfAThousandResultsFitOneAnswer) {
  v1::SubmitResultsRequest request;
  while (request.results_size() < kMaxResultsPerRequest) {
    v1::OperationResult& result = *request.add_results();
    result = MakeResult(absl::StrCat("r", request.results_size()), 1, 1);
    result.set_start_date("2021-10-11");  // The same week again and again may be counted twice.
    result.set_end_date("2021-10-17");
    for (const v1::Metric& metric : ShippedCatalogue()->proto().metrics()) {
      if (metric.dimension() == v1::DIMENSION_COUNT && metric.id() != "arrests") {
        *result.add_figures() = MakeFigure(metric.id(), 1);
      }
    }
  }
  v1::SubmitResultsResponse response;
  for (const v1::Outcome outcome : {v1::OUTCOME_ACCEPTED, v1::OUTCOME_DUPLICATE}) {
    ASSERT_THAT(client().TrySubmit(request, &response), IsOkCall());
    ASSERT_EQ(response.receipts_size(), kMaxResultsPerRequest);
    EXPECT_THAT(response.receipts(0).warnings(), IsEmpty());
    for (int index = 1; index < response.receipts_size(); ++index) {
      EXPECT_EQ(response.receipts(index).outcome(), outcome);
      ASSERT_GT(response.receipts(index).warnings_size(), 0) << index;
      EXPECT_EQ(response.receipts(index).warnings(0).reason(), v1::WARNING_REASON_OVERLAPPING_PERIOD);
    }
    const auto& last = response.receipts(kMaxResultsPerRequest - 1).warnings();
    EXPECT_LT(last.size(), request.results(0).figures_size()) << "all of them fit: this test must send more";
    EXPECT_THAT(last[last.size() - 1].description(),
                HasSubstr(absl::StrCat(request.results(0).figures_size() - last.size(), " more warnings")));
  }
  // Nothing is lost: the result itself has them all.
  v1::GetResultRequest get;
  get.set_operation(kOctober2021);
  get.set_force("thames-valley");
  get.set_result_id("r1000");
  v1::GetResultResponse got;
  ASSERT_THAT(MUSTER_CALL(client(), ingest, GetResult, get, &got), IsOkCall());
  EXPECT_EQ(got.result().receipt().warnings_size(), request.results(999).figures_size());
}

TEST_F(BadInputTest, AMessageOfJustUnderFourMebibytesIsReadAndOneBeyondEndsItsCallOnly) {
  v1::SubmitResultsRequest request;
  *request.add_results() = MakeResult("r1", 1, 1);
  request.mutable_results(0)->set_reason(std::string(kMaxMessageBytes - 200, 'a'));
  v1::SubmitResultsResponse response;
  ASSERT_THAT(client().TrySubmit(request, &response), IsOkCall());
  EXPECT_THAT(ErrorOf(response.receipts(0).problem()).violations,
              ElementsAre(Violation{"results[0].reason", "REASON_TOO_LONG"}));
  request.mutable_results(0)->set_reason(std::string(kMaxMessageBytes, 'a'));
  EXPECT_EQ(client().TrySubmit(request, &response).error_code(), grpc::RESOURCE_EXHAUSTED);

  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
  const auto stream = client().ingest->StreamResults(&context);
  v1::StreamResultsRequest message;
  *message.mutable_results() = request.results();
  stream->Write(message);
  v1::StreamResultsResponse answer;
  EXPECT_FALSE(stream->Read(&answer));
  EXPECT_EQ(stream->Finish().error_code(), grpc::RESOURCE_EXHAUSTED);

  EXPECT_EQ(client().SubmitOne(MakeResult("r1", 1, 1)).outcome(), v1::OUTCOME_ACCEPTED);
  EXPECT_EQ(client().Position(), 1);
}

// Half a message of nothing but mistakes, 600,000 of them.
TEST_F(BadInputTest, ARequestFullOfMistakesIsAnswered) {
  v1::SubmitResultsRequest request;
  size_t bytes = 0;
  while (bytes < kMaxMessageBytes / 2) {
    v1::OperationResult& result = *request.add_results();
    result = MakeResult("r1", 1, 1);
    while (result.figures_size() < 1'000) {
      v1::Figure& figure = *result.add_figures() = MakeFigure("arrests", 1);
      while (figure.categories_size() < 64) figure.add_categories("x");
    }
    bytes += result.ByteSizeLong();
  }
  v1::SubmitResultsResponse response;
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_THAT(client().TrySubmit(request, &response), IsOkCall());
  std::cout << request.ByteSizeLong() << " bytes took "
            << std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() << " s" << std::endl;
  for (const v1::Receipt& receipt : response.receipts()) {
    EXPECT_EQ(receipt.outcome(), v1::OUTCOME_REJECTED);
    EXPECT_GE(ErrorOf(receipt.problem()).violations.size(), 1U);
  }
}

// A list so long that saying all of it would not fit: the first ones are told, quickly, and how many there are.
TEST_F(BadInputTest, ALongListOfViolationsIsCutAndSaysSo) {
  v1::UpdateOperationRequest update;
  update.mutable_operation()->set_id(kOctober2021);
  constexpr int kPaths = 200'000;
  for (int index = 0; index < kPaths; ++index) update.mutable_update_mask()->add_paths("id");
  v1::UpdateOperationResponse updated;
  const auto begin = std::chrono::steady_clock::now();
  const grpc::Status status = MUSTER_CALL(client(), catalogue, UpdateOperation, update, &updated);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
  EXPECT_THAT(status, FailsWith(grpc::INVALID_ARGUMENT, "INVALID_OPERATION"));
  const RichError error = ErrorOf(status);
  EXPECT_GE(error.violations.size(), 10U);
  EXPECT_THAT(error.message, HasSubstr(absl::StrCat(error.violations.size(), " of ", kPaths)));
  EXPECT_EQ(error.violations[0], (Violation{"update_mask.paths[0]", "FIELD_NOT_CHANGEABLE"}));
}

// Calls that are refused as a whole.
struct RefusedCall {
  std::string name;
  std::function<grpc::Status(Client&)> call;
  grpc::StatusCode code;
  std::string reason;
  std::vector<Violation> violations;
  friend void PrintTo(const RefusedCall& row, std::ostream* out) { *out << row.name; }
};

class RefusedCallTest : public ServerTest, public testing::WithParamInterface<RefusedCall> {};

TEST_P(RefusedCallTest, SaysWhyInOneErrorInfoAndEveryViolation) {
  const grpc::Status status = GetParam().call(client());
  EXPECT_THAT(status, FailsWith(GetParam().code, GetParam().reason));
  const RichError error = ErrorOf(status);
  EXPECT_THAT(error.violations, testing::UnorderedElementsAreArray(GetParam().violations));
  EXPECT_FALSE(error.message.empty());
  EXPECT_FALSE(error.has_retry) << "trying again cannot help";
  EXPECT_EQ(client().Position(), 0);
}

grpc::Status Stream(Client& client, const v1::StreamResultsRequest& request) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
  const auto stream = client.ingest->StreamResults(&context);
  stream->Write(request);
  v1::StreamResultsResponse answer;
  EXPECT_FALSE(stream->Read(&answer));
  return stream->Finish();
}

template <typename Request>
Request ManyResults(int count) {
  Request request;
  for (int index = 0; index < count; ++index) *request.add_results() = MakeResult(absl::StrCat("r", index), 1, 1);
  return request;
}

INSTANTIATE_TEST_SUITE_P(Ingest, RefusedCallTest,
                         testing::ValuesIn<RefusedCall>({
                             {"SubmitNothing",
                              [](Client& client) {
                                v1::SubmitResultsResponse response;
                                return client.TrySubmit({}, &response);
                              },
                              grpc::INVALID_ARGUMENT,
                              "NO_RESULTS",
                              {{"results", "NO_RESULTS"}}},
                             {"SubmitOneTooMany",
                              [](Client& client) {
                                v1::SubmitResultsResponse response;
                                return client.TrySubmit(ManyResults<v1::SubmitResultsRequest>(1'001), &response);
                              },
                              grpc::INVALID_ARGUMENT,
                              "TOO_MANY_RESULTS",
                              {{"results", "TOO_MANY_RESULTS"}}},
                             {"StreamNothing",
                              [](Client& client) { return Stream(client, {}); },
                              grpc::INVALID_ARGUMENT,
                              "NO_RESULTS",
                              {{"results", "NO_RESULTS"}}},
                             {"StreamOneTooMany",
                              [](Client& client) {
                                return Stream(client, ManyResults<v1::StreamResultsRequest>(1'001));
                              },
                              grpc::INVALID_ARGUMENT,
                              "TOO_MANY_RESULTS",
                              {{"results", "TOO_MANY_RESULTS"}}},
                         }),
                         [](const auto& row) { return row.param.name; });

// Bytes that are no message, as a client of another version, or one that does not know UTF-8, may send them.
struct Unreadable {
  std::string name;
  std::string bytes;
  friend void PrintTo(const Unreadable& row, std::ostream* out) { *out << row.name; }
};

class UnreadableMessageTest : public ServerTest, public testing::WithParamInterface<Unreadable> {
 protected:
  static grpc::ByteBuffer Buffer(const std::string& bytes) {
    const grpc::Slice slice(bytes);
    return {&slice, 1};
  }
  static std::string GoodMessage() {
    v1::StreamResultsRequest message;
    *message.add_results() = MakeResult("r1", 1, 1);
    return message.SerializeAsString();
  }
  grpc::Status Call(const std::string& method, const std::string& bytes) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
    const grpc::ByteBuffer request = Buffer(bytes);
    grpc::ByteBuffer response;
    std::promise<grpc::Status> done;
    stub_.UnaryCall(&context, method, grpc::StubOptions(), &request, &response,
                    [&done](grpc::Status status) { done.set_value(std::move(status)); });
    return done.get_future().get();
  }

  grpc::GenericStub stub_{client().channel};
};

TEST_P(UnreadableMessageTest, IsAnErrorOfTheCallersThatSaysSo) {
  for (const std::string method :
       {"/muster.v1.IngestService/SubmitResults", "/muster.v1.IngestService/GetResult",
        "/muster.v1.TotalsService/QueryTotals", "/muster.v1.CatalogueService/CreateOperation"}) {
    EXPECT_THAT(Call(method, GetParam().bytes), FailsWith(grpc::INVALID_ARGUMENT, "MALFORMED_MESSAGE")) << method;
  }
  EXPECT_THAT(Call("/muster.v1.IngestService/SubmitResults", GoodMessage()), IsOkCall());
  EXPECT_EQ(client().Position(), 1);
}

TEST_P(UnreadableMessageTest, EndsItsStreamAfterTheAnswersThatAreOwed) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
  grpc::CompletionQueue queue;
  const auto wait = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  const auto stream = stub_.PrepareCall(&context, "/muster.v1.IngestService/StreamResults", &queue);
  stream->StartCall(nullptr);
  ASSERT_TRUE(wait());
  for (const std::string& bytes : {GoodMessage(), GetParam().bytes}) {
    stream->Write(Buffer(bytes), nullptr);
    ASSERT_TRUE(wait());
  }
  grpc::ByteBuffer answer;
  stream->Read(&answer, nullptr);
  ASSERT_TRUE(wait());
  v1::StreamResultsResponse response;
  ASSERT_TRUE(grpc::SerializationTraits<v1::StreamResultsResponse>::Deserialize(&answer, &response).ok());
  EXPECT_EQ(response.receipts(0).outcome(), v1::OUTCOME_ACCEPTED);
  stream->Read(&answer, nullptr);
  EXPECT_FALSE(wait());
  grpc::Status status;
  stream->Finish(&status, nullptr);
  ASSERT_TRUE(wait());
  EXPECT_THAT(status, FailsWith(grpc::INVALID_ARGUMENT, "MALFORMED_MESSAGE"));
}

INSTANTIATE_TEST_SUITE_P(Bytes, UnreadableMessageTest,
                         testing::ValuesIn<Unreadable>({
                             {"CutShort", "\x0a\x50 abc"},
                             {"NoTagsAtAll", "\xff\xff\xff\xff"},
                             {"LatinOneText", "\x0a\x04\x0a\x02\x61\xe9"},  // "aé" as two bytes, in every first field.
                         }),
                         [](const auto& row) { return row.param.name; });

TEST_F(BadInputTest, ACallThatNobodyKnowsIsUnimplemented) {
  grpc::GenericStub stub(client().channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
  const grpc::Slice nothing("");
  const grpc::ByteBuffer request(&nothing, 1);
  grpc::ByteBuffer response;
  std::promise<grpc::Status> done;
  stub.UnaryCall(&context, "/muster.v1.IngestService/DeleteEverything", grpc::StubOptions(), &request, &response,
                 [&done](grpc::Status status) { done.set_value(std::move(status)); });
  EXPECT_EQ(done.get_future().get().error_code(), grpc::UNIMPLEMENTED);
}

}  // namespace
}  // namespace muster
