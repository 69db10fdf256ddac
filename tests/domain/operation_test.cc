#include "domain/operation.h"

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/domain/problem.h"
#include "tests/domain/shipped_catalogue.h"

namespace muster {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Spoil = std::function<void(v1::Operation&)>;

v1::Operation Valid() {
  v1::Operation operation;
  operation.set_id("county-lines-2026-10");
  operation.set_title("County Lines Intensification Week, October 2026");
  operation.set_start_date("2026-10-05");
  operation.set_end_date("2026-10-11");
  operation.mutable_due_time()->set_seconds(1'792'000'000);
  operation.add_expected_forces("surrey");
  operation.add_expected_forces("kent");
  operation.add_expected_metrics("arrests");
  operation.add_expected_metrics("cash-seized");
  return operation;
}

struct OperationCase {
  std::string name;
  Spoil spoil;
  std::vector<Problem> want;
  friend void PrintTo(const OperationCase& row, std::ostream* out) { *out << row.name; }
};

const auto kRowName = [](const auto& row) { return row.param.name; };

class CheckOperationTest : public testing::TestWithParam<OperationCase> {};

TEST_P(CheckOperationTest, NamesWhatIsWrongAndNothingElse) {
  v1::Operation operation = Valid();
  GetParam().spoil(operation);
  EXPECT_EQ(ProblemsOf(CheckOperation(operation, ShippedCatalogue(), "")), GetParam().want);

  std::vector<Problem> below_path = GetParam().want;
  for (Problem& problem : below_path) problem.field = "operation." + problem.field;
  EXPECT_EQ(ProblemsOf(CheckOperation(operation, ShippedCatalogue(), "operation")), below_path);
}

INSTANTIATE_TEST_SUITE_P(
    Wrong, CheckOperationTest,
    testing::ValuesIn<OperationCase>({
        {"IdEmpty", [](auto& o) { o.clear_id(); }, {{"id", "OPERATION_ID_MALFORMED"}}},
        {"IdWithCapitals", [](auto& o) { o.set_id("County-lines"); }, {{"id", "OPERATION_ID_MALFORMED"}}},
        {"IdOneTooLong", [](auto& o) { o.set_id(std::string(65, 'a')); }, {{"id", "OPERATION_ID_MALFORMED"}}},
        {"TitleEmpty", [](auto& o) { o.clear_title(); }, {{"title", "TITLE_LENGTH"}}},
        {"TitleOneTooLong", [](auto& o) { o.set_title(std::string(201, 'a')); }, {{"title", "TITLE_LENGTH"}}},
        {"StartMissing", [](auto& o) { o.clear_start_date(); }, {{"start_date", "DATE_MALFORMED"}}},
        {"StartMalformed", [](auto& o) { o.set_start_date("5 October"); }, {{"start_date", "DATE_MALFORMED"}}},
        {"EndMissing", [](auto& o) { o.clear_end_date(); }, {{"end_date", "DATE_MALFORMED"}}},
        {"EndThatDoesNotExist", [](auto& o) { o.set_end_date("2026-10-32"); }, {{"end_date", "DATE_MALFORMED"}}},
        {"Reversed", [](auto& o) { o.set_end_date("2026-10-04"); }, {{"end_date", "PERIOD_REVERSED"}}},
        {"OneDayTooLong", [](auto& o) { o.set_end_date("2027-10-06"); }, {{"end_date", "PERIOD_TOO_LONG"}}},
        {"DueBeforeTheYearOne",
         [](auto& o) { o.mutable_due_time()->set_seconds(-62'135'596'801); },
         {{"due_time", "TIME_MALFORMED"}}},
        {"DueAfterTheYear9999",
         [](auto& o) { o.mutable_due_time()->set_seconds(253'402'300'800); },
         {{"due_time", "TIME_MALFORMED"}}},
        {"DueWithNegativeNanos",
         [](auto& o) { o.mutable_due_time()->set_nanos(-1); },
         {{"due_time", "TIME_MALFORMED"}}},
        {"DueWithAWholeSecondOfNanos",
         [](auto& o) { o.mutable_due_time()->set_nanos(1'000'000'000); },
         {{"due_time", "TIME_MALFORMED"}}},
        {"ForceUnknown", [](auto& o) { o.set_expected_forces(1, "kemt"); }, {{"expected_forces[1]", "UNKNOWN_FORCE"}}},
        {"ForceEmpty", [](auto& o) { o.add_expected_forces(""); }, {{"expected_forces[2]", "UNKNOWN_FORCE"}}},
        {"ForceIsARegion",
         [](auto& o) { o.add_expected_forces("south-east"); },
         {{"expected_forces[2]", "UNKNOWN_FORCE"}}},
        {"ForceRepeated", [](auto& o) { o.add_expected_forces("surrey"); }, {{"expected_forces[2]", "REPEATED"}}},
        {"MetricUnknown",
         [](auto& o) { o.set_expected_metrics(0, "arrest"); },
         {{"expected_metrics[0]", "UNKNOWN_METRIC"}}},
        {"MetricRepeated", [](auto& o) { o.add_expected_metrics("arrests"); }, {{"expected_metrics[2]", "REPEATED"}}},
        {"UnknownTwiceIsUnknownTwice",
         [](auto& o) {
           o.set_expected_forces(0, "narnia");
           o.set_expected_forces(1, "narnia");
         },
         {{"expected_forces[0]", "UNKNOWN_FORCE"}, {"expected_forces[1]", "UNKNOWN_FORCE"}}},
        {"Everything",
         [](auto& o) {
           o.set_id("?");
           o.set_title("");
           o.set_start_date("soon");
           o.set_end_date("later");
           o.mutable_due_time()->set_nanos(-1);
           o.set_expected_forces(0, "narnia");
           o.set_expected_metrics(1, "arrests");
         },
         {{"id", "OPERATION_ID_MALFORMED"},
          {"title", "TITLE_LENGTH"},
          {"start_date", "DATE_MALFORMED"},
          {"end_date", "DATE_MALFORMED"},
          {"due_time", "TIME_MALFORMED"},
          {"expected_forces[0]", "UNKNOWN_FORCE"},
          {"expected_metrics[1]", "REPEATED"}}},
    }),
    kRowName);

INSTANTIATE_TEST_SUITE_P(NearMisses, CheckOperationTest,
                         testing::ValuesIn<OperationCase>({
                             {"AsItIs", [](auto& /*o*/) {}, {}},
                             {"IdOf64Bytes", [](auto& o) { o.set_id(std::string(64, 'a')); }, {}},
                             {"TitleOfOneByte", [](auto& o) { o.set_title("W"); }, {}},
                             {"TitleOf200Bytes", [](auto& o) { o.set_title(std::string(200, 'a')); }, {}},
                             {"OneDay", [](auto& o) { o.set_end_date("2026-10-05"); }, {}},
                             {"AYear", [](auto& o) { o.set_end_date("2027-10-05"); }, {}},  // 366 days.
                             {"NoDueTime", [](auto& o) { o.clear_due_time(); }, {}},
                             {"FirstDueTime", [](auto& o) { o.mutable_due_time()->set_seconds(-62'135'596'800); }, {}},
                             {"LastDueTime",
                              [](auto& o) {
                                o.mutable_due_time()->set_seconds(253'402'300'799);
                                o.mutable_due_time()->set_nanos(999'999'999);
                              },
                              {}},
                             {"DueBeforeTheWindow", [](auto& o) { o.mutable_due_time()->set_seconds(0); }, {}},
                             {"NobodyNamed", [](auto& o) { o.clear_expected_forces(); }, {}},
                             {"NoMetricNamed", [](auto& o) { o.clear_expected_metrics(); }, {}},
                             // What only the log may say is not looked at here.
                             {"Closed", [](auto& o) { o.set_closed(true); }, {}},
                             {"Changed", [](auto& o) { o.set_change_position(7); }, {}},
                         }),
                         kRowName);

TEST(CheckOperationTest, SaysWhichNameMayBeMeant) {
  v1::Operation operation = Valid();
  operation.set_expected_forces(1, "thames valley");
  operation.set_expected_metrics(0, "arests");
  const FieldProblems problems = CheckOperation(operation, ShippedCatalogue(), "");
  ASSERT_EQ(problems.size(), 2U);
  EXPECT_THAT(problems[0].description, HasSubstr("did you mean \"thames-valley\"?"));
  EXPECT_THAT(problems[1].description, HasSubstr("did you mean \"arrests\"?"));
}

TEST(OperationTest, HasItsWindowAndDueTime) {
  v1::Operation proto = Valid();
  proto.mutable_due_time()->set_nanos(5);
  const Operation operation(proto, ShippedCatalogue());
  EXPECT_EQ(operation.window, (Period{absl::CivilDay(2026, 10, 5), absl::CivilDay(2026, 10, 11)}));
  EXPECT_EQ(operation.due_time, absl::FromUnixSeconds(1'792'000'000) + absl::Nanoseconds(5));
  proto.clear_due_time();
  EXPECT_EQ(Operation(proto, ShippedCatalogue()).due_time, std::nullopt);
}

TEST(OperationTest, ExpectsWhomItNamesInTheOrderOfTheCatalogue) {
  const Operation operation(Valid(), ShippedCatalogue());
  EXPECT_THAT(operation.expected_forces,
              ElementsAre(*ShippedCatalogue().FindForce("surrey"), *ShippedCatalogue().FindForce("kent")));
  v1::Operation turned = Valid();
  turned.mutable_expected_forces()->SwapElements(0, 1);
  EXPECT_EQ(Operation(turned, ShippedCatalogue()).expected_forces, operation.expected_forces);
}

TEST(OperationTest, ExpectsTheTerritorialForcesWhereItNamesNobody) {
  v1::Operation proto = Valid();
  proto.clear_expected_forces();
  EXPECT_EQ(Operation(proto, ShippedCatalogue()).expected_forces, ShippedCatalogue().territorial_forces());
}

std::shared_ptr<const Operation> Named(const std::string& id, const std::string& title = "A week") {
  v1::Operation proto = Valid();
  proto.set_id(id);
  proto.set_title(title);
  return std::make_shared<Operation>(proto, ShippedCatalogue());
}

TEST(OperationDirectoryTest, FindsByWholeIdOnly) {
  const OperationDirectory directory = OperationDirectory().With(Named("week-one")).With(Named("week-two"));
  ASSERT_NE(directory.Find("week-one"), nullptr);
  EXPECT_EQ(directory.Find("week-one")->proto.id(), "week-one");
  for (const char* const id : {"", "week", "week-on", "week-one ", "Week-one", "week-three"}) {
    EXPECT_EQ(directory.Find(id), nullptr) << id;
  }
}

TEST(OperationDirectoryTest, NamesTheNearest) {
  const OperationDirectory directory = OperationDirectory().With(Named("week-one")).With(Named("week-two"));
  EXPECT_EQ(directory.Nearest("week-ome"), "week-one");
  EXPECT_EQ(directory.Nearest("fortnight"), "");
  EXPECT_EQ(OperationDirectory().Nearest("week-one"), "");
}

TEST(OperationDirectoryTest, AChangeMakesAnotherDirectoryAndLeavesThisOne) {
  const OperationDirectory empty;
  const OperationDirectory before = empty.With(Named("week-one", "Before"));
  const OperationDirectory after = before.With(Named("week-one", "After")).With(Named("week-two"));
  EXPECT_THAT(empty.operations(), IsEmpty());
  EXPECT_EQ(before.operations().size(), 1U);
  EXPECT_EQ(before.Find("week-one")->proto.title(), "Before");
  EXPECT_EQ(after.operations().size(), 2U);
  EXPECT_EQ(after.Find("week-one")->proto.title(), "After");
}

}  // namespace
}  // namespace muster
