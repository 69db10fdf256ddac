// Warnings that need what was accepted before: each with its near misses, whatever the groups, and after a start.
#include "aggregator/warning_book.h"

#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "aggregator/checkpointer.h"
#include "tests/aggregator/aggregator_fixture.h"

namespace muster {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::IsEmpty;

// "OVERLAPPING_PERIOD 0": the reason, and the figure if it is about one.
std::vector<std::string> InWords(const google::protobuf::RepeatedPtrField<store::v1::LoggedWarning>& warnings) {
  std::vector<std::string> words;
  for (const store::v1::LoggedWarning& warning : warnings) {
    std::string line = v1::WarningReason_Name(warning.reason()).substr(std::string("WARNING_REASON_").size());
    if (warning.has_figure_index()) absl::StrAppend(&line, " ", warning.figure_index());
    words.push_back(line);
  }
  return words;
}

std::vector<std::string> InWords(const Decision& decision) {
  if (decision.warned.empty()) return {};
  const store::v1::LoggedResult warned = WarnedOf(decision);
  EXPECT_FALSE(warned.warnings().empty()) << "it is there only where there is something to warn of";
  return InWords(warned.warnings());
}

v1::OperationResult On(v1::OperationResult result, int first_day, int last_day = 0) {
  result.set_start_date(absl::StrCat("2021-10-", first_day));
  result.set_end_date(absl::StrCat("2021-10-", last_day == 0 ? first_day : last_day));
  return result;
}

// Of Kent, one on each of these days.
v1::OperationResult Kent(absl::string_view id, int first_day, int last_day = 0, int64_t count = 1) {
  return On(Warrants("kent", id, 1, count), first_day, last_day);
}

v1::OperationResult Cash(v1::OperationResult result) {
  result.mutable_figures(0)->set_metric("cash-seized");
  result.mutable_figures(0)->set_unit(v1::UNIT_PENNY);
  return result;
}

v1::OperationResult Nil(v1::OperationResult result) {
  result.clear_figures();
  result.set_nil(true);
  return result;
}

v1::OperationResult Revised(v1::OperationResult result) {
  result.set_revision(result.revision() + 1);
  result.set_reason("recounted");
  return result;
}

v1::OperationResult Of(v1::OperationResult result, absl::string_view force) {
  result.set_force(std::string(force));
  return result;
}

v1::OperationResult With(v1::OperationResult result, const std::string& figures) {
  result.MergeFrom(ResultFromText(figures));
  return result;
}

v1::OperationResult In2022(v1::OperationResult result) {
  result.set_operation("county-lines-2022-03");
  result.set_start_date("2022-03-07");
  result.set_end_date("2022-03-07");
  return result;
}

struct WarningCase {
  std::string name;
  std::vector<v1::OperationResult> before;
  v1::OperationResult arrives;
  std::vector<std::string> want;
  friend void PrintTo(const WarningCase& row, std::ostream* out) { *out << row.name; }
};

class WarningsTest : public AggregatorTest {
 protected:
  // Of its receipt; what is kept with the result must say the same.
  std::vector<std::string> WarningsOf(const v1::OperationResult& result) {
    const Decision decision = SubmitOne(result);
    std::vector<std::string> words = InWords(decision);
    const store::v1::LoggedResult logged = LoggedAt(decision.position);
    EXPECT_EQ(InWords(logged.warnings()), words);
    EXPECT_EQ(logged.result().ShortDebugString(), result.ShortDebugString());
    if (!decision.warned.empty()) {
      EXPECT_EQ(WarnedOf(decision).ShortDebugString(), logged.ShortDebugString());
    }
    return words;
  }
};

class WarningTableTest : public WarningsTest, public testing::WithParamInterface<WarningCase> {};

TEST_P(WarningTableTest, OneAfterTheOtherAndAfterStarts) {
  const auto try_it = [this] { return InWords(Submit({GetParam().arrives}, /*validate_only=*/true).decisions[0]); };
  for (const v1::OperationResult& result : GetParam().before) SubmitOne(result);
  EXPECT_THAT(try_it(), ElementsAreArray(GetParam().want));
  Start();
  EXPECT_THAT(try_it(), ElementsAreArray(GetParam().want)) << "from the log";
  {
    Checkpointer checkpointer(store(), cubes(), /*replace=*/true, std::chrono::hours(1), [](const absl::Status&) {});
    ASSERT_THAT(checkpointer.WriteNow(), IsOk());
  }
  Start();
  EXPECT_EQ(store().replayed_count(), 0);
  EXPECT_THAT(try_it(), ElementsAreArray(GetParam().want)) << "from a checkpoint";
  EXPECT_THAT(WarningsOf(GetParam().arrives), ElementsAreArray(GetParam().want));
  EXPECT_THAT(WarningsOf(GetParam().arrives), ElementsAreArray(GetParam().want)) << "and in the receipt of a retry";
}

TEST_P(WarningTableTest, InOneRequestAndInOneGroup) {
  std::vector<v1::OperationResult> results = GetParam().before;
  results.push_back(GetParam().arrives);
  results.push_back(GetParam().arrives);  // A duplicate says the same.
  const Decisions tried = Submit(results, /*validate_only=*/true);
  EXPECT_THAT(InWords(tried.decisions[results.size() - 2]), ElementsAreArray(GetParam().want));
  EXPECT_EQ(tried.decisions.back().outcome, v1::OUTCOME_DUPLICATE);
  EXPECT_THAT(InWords(tried.decisions.back()), ElementsAreArray(GetParam().want));
  store().HoldAppends();
  DecisionsLater held = SubmitLater({Of(Kent("bystander", 11), "cumbria")});
  store().AwaitHeldAppend();
  std::vector<DecisionsLater> later;
  later.reserve(results.size());
  for (const v1::OperationResult& result : results) later.push_back(SubmitLater({result}));
  store().Release();
  const size_t accepted = results.size() - 1;
  EXPECT_THAT(InWords(later[accepted - 1].get()->decisions.back()), ElementsAreArray(GetParam().want));
  EXPECT_THAT(InWords(later.back().get()->decisions.back()), ElementsAreArray(GetParam().want));
  EXPECT_THAT(store().appended(), ElementsAre(1, accepted));
  EXPECT_THAT(InWords(LoggedAt(store().last_position()).warnings()), ElementsAreArray(GetParam().want));
}

// Several results of one and the same day are how events are reported; days that are counted in a longer period too are
// not.
INSTANTIATE_TEST_SUITE_P(
    OverlappingPeriod, WarningTableTest,
    testing::ValuesIn<WarningCase>({
        {"TheSameDay", {Kent("a", 12)}, Kent("b", 12), {}},
        {"SeveralOthersOfTheSameDay", {Kent("a", 12), Kent("b", 12)}, Kent("c", 12), {}},
        {"TheSameTwoDays", {Kent("a", 12, 13)}, Kent("b", 12, 13), {"OVERLAPPING_PERIOD 0"}},
        {"TheDayAfter", {Kent("a", 11, 12)}, Kent("b", 13), {}},
        {"TheDayBefore", {Kent("a", 12, 13)}, Kent("b", 11), {}},
        {"AfterADay", {Kent("a", 12)}, Kent("b", 13, 14), {}},
        {"BeforeADay", {Kent("a", 12)}, Kent("b", 10, 11), {"PERIOD_MISMATCH"}},
        {"ADayOfAWeek", {Kent("a", 11, 17)}, Kent("b", 14), {"OVERLAPPING_PERIOD 0"}},
        {"TheFirstDayOfAWeek", {Kent("a", 11, 17)}, Kent("b", 11), {"OVERLAPPING_PERIOD 0"}},
        {"TheLastDayOfAWeek", {Kent("a", 11, 17)}, Kent("b", 17), {"OVERLAPPING_PERIOD 0"}},
        {"AWeekOfADay", {Kent("a", 14)}, Kent("b", 11, 17), {"OVERLAPPING_PERIOD 0"}},
        {"AWeekThatBeginsOnADay", {Kent("a", 11)}, Kent("b", 11, 17), {"OVERLAPPING_PERIOD 0"}},
        {"AWeekThatEndsOnADay", {Kent("a", 17)}, Kent("b", 11, 17), {"OVERLAPPING_PERIOD 0"}},
        {"LastAndFirstDay", {Kent("a", 11, 13)}, Kent("b", 13, 17), {"OVERLAPPING_PERIOD 0"}},
        {"OneEndsBeforeTheOtherBegins", {Kent("a", 11, 12)}, Kent("b", 13, 17), {}},
        {"SeveralOthersWarnOnce", {Kent("a", 11, 12), Kent("b", 12, 13)}, Kent("c", 12), {"OVERLAPPING_PERIOD 0"}},
        {"TheSameDayWhileOtherDaysAreInALongOne", {Kent("a", 12), Kent("b", 13, 17)}, Kent("c", 12), {}},
        {"TheSameDayAndALongOne",
         {Kent("a", 12), Kent("b", 11, 17), Kent("c", 12)},
         Kent("d", 12),
         {"OVERLAPPING_PERIOD 0"}},
        {"ALongOneBesideDaysThatItDoesNotHold", {Kent("a", 11), Kent("b", 14)}, Kent("c", 12, 13), {}},
        {"AnotherForce", {Kent("a", 11, 17)}, Of(Kent("b", 12), "essex"), {}},
        {"AnotherMetric", {Kent("a", 11, 17)}, Cash(Kent("b", 12)), {}},
        {"AnotherOperation", {In2022(Kent("a", 12))}, Kent("b", 11, 17), {}},
        {"ACorrectionOfItself", {Kent("a", 12, 13)}, Revised(Kent("a", 12, 13, 2)), {}},
        {"ACorrectionToADayOfItself", {Kent("a", 12, 13)}, Revised(Kent("a", 12)), {}},
        {"ACorrectionBesideAnother",
         {Kent("a", 12, 13), Kent("b", 14)},
         Revised(Kent("b", 12)),
         {"OVERLAPPING_PERIOD 0"}},
        {"ACorrectionBesideAnotherOfTheDay", {Kent("a", 12), Kent("b", 13)}, Revised(Kent("b", 12)), {}},
        {"WhatMovedAway", {Kent("a", 12, 13), Revised(Kent("a", 14, 15))}, Kent("b", 12), {}},
        {"WhatMovedHere", {Kent("a", 12, 13), Revised(Kent("a", 14, 15))}, Kent("b", 14), {"OVERLAPPING_PERIOD 0"}},
        {"WhatBecameOneDay", {Kent("a", 12, 13), Revised(Kent("a", 12))}, Kent("b", 12), {}},
        {"WhatBecameSeveralDays", {Kent("a", 12), Revised(Kent("a", 12, 13))}, Kent("b", 12), {"OVERLAPPING_PERIOD 0"}},
        {"WhatWasRetracted", {Kent("a", 12, 13), Retraction("kent", "a", 2)}, Kent("b", 12), {}},
        {"WhatWasRetractedOfADay", {Kent("a", 12), Retraction("kent", "a", 2)}, Kent("b", 12, 13), {}},
        {"OneOfTwoRetracted",
         {Kent("a", 12, 13), Kent("b", 12, 13), Retraction("kent", "a", 2)},
         Kent("c", 12),
         {"OVERLAPPING_PERIOD 0"}},
        {"TwoOfTwoRetracted",
         {Kent("a", 12, 13), Kent("b", 12, 13), Retraction("kent", "a", 2), Retraction("kent", "b", 2)},
         Kent("c", 12),
         {}},
        {"WhatCameBack",
         {Kent("a", 12, 13), Retraction("kent", "a", 2), Revised(Revised(Kent("a", 12, 13)))},
         Kent("b", 12),
         {"OVERLAPPING_PERIOD 0"}},
        {"WhatCameBackAsADay",
         {Kent("a", 12, 13), Retraction("kent", "a", 2), Revised(Revised(Kent("a", 12)))},
         Kent("b", 12),
         {}},
        {"ARetraction", {Kent("a", 15, 16), Kent("b", 15)}, Retraction("kent", "b", 2), {}},
        {"BesideANil", {Nil(Kent("a", 12, 13))}, Kent("b", 12), {"OVERLAPPING_PERIOD 0"}},
        {"BesideANilOfTheDay", {Nil(Kent("a", 12))}, Kent("b", 12), {}},
        {"ANilBesideIt", {Kent("a", 12, 13)}, Nil(Kent("b", 12)), {}},
        {"EachMetricAtItsFirstFigure",
         {Kent("a", 12, 13), Cash(Kent("b", 12, 13))},
         With(Kent("c", 12),
              "figures { metric: 'charges' value: 1 unit: UNIT_COUNT } "
              "figures { metric: 'cash-seized' value: 1 unit: UNIT_PENNY }"),
         {"OVERLAPPING_PERIOD 0", "OVERLAPPING_PERIOD 2"}},
        {"InTheOrderOfFiguresNotOfMetrics",
         {Kent("a", 12, 13), Cash(Kent("b", 12, 13))},
         With(Cash(Kent("c", 12)), "figures { metric: 'warrants-executed' value: 1 unit: UNIT_COUNT }"),
         {"OVERLAPPING_PERIOD 0", "OVERLAPPING_PERIOD 1"}},
        {"OnlyTheMetricOfTheLongOne",
         {Kent("a", 12), Cash(Kent("b", 12, 13))},
         With(Kent("c", 12), "figures { metric: 'cash-seized' value: 1 unit: UNIT_PENNY }"),
         {"OVERLAPPING_PERIOD 1"}},
    }),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    CoveredByJointReturn, WarningTableTest,
    testing::ValuesIn<WarningCase>({
        {"AfterTheJointReturn",
         {Of(Kent("a", 12), "southern-wales-consortium")},
         Of(Kent("b", 12), "gwent"),
         {"COVERED_BY_JOINT_RETURN 0"}},
        {"TheJointReturnAfterwards",
         {Of(Kent("a", 12), "gwent")},
         Of(Kent("b", 12), "southern-wales-consortium"),
         {"COVERED_BY_JOINT_RETURN 0"}},
        {"ADayOfItsWeek",
         {Of(Kent("a", 11, 17), "southern-wales-consortium")},
         Of(Kent("b", 12), "dyfed-powys"),
         {"COVERED_BY_JOINT_RETURN 0"}},
        {"AWeekOfItsDay",
         {Of(Kent("a", 12), "southern-wales-consortium")},
         Of(Kent("b", 11, 17), "dyfed-powys"),
         {"COVERED_BY_JOINT_RETURN 0"}},
        {"BesideAnotherOfItsOwnDay",
         {Of(Kent("a", 12), "southern-wales-consortium"), Of(Kent("b", 12), "gwent")},
         Of(Kent("c", 12), "gwent"),
         {"COVERED_BY_JOINT_RETURN 0"}},
        {"TogetherWithAnOverlap",
         {Of(Kent("a", 12), "southern-wales-consortium"), Of(Kent("b", 12), "gwent")},
         Of(Kent("c", 12, 13), "gwent"),
         {"OVERLAPPING_PERIOD 0", "COVERED_BY_JOINT_RETURN 0"}},
        {"AnotherDay", {Of(Kent("a", 12), "southern-wales-consortium")}, Of(Kent("b", 13), "gwent"), {}},
        {"AnotherMetric", {Of(Kent("a", 12), "southern-wales-consortium")}, Of(Cash(Kent("b", 12)), "gwent"), {}},
        {"AForceThatItDoesNotCover", {Of(Kent("a", 12), "southern-wales-consortium")}, Kent("b", 12), {}},
        {"TwoForcesThatItCovers", {Of(Kent("a", 12), "south-wales")}, Of(Kent("b", 12), "gwent"), {}},
        {"Retracted",
         {Of(Kent("a", 12), "southern-wales-consortium"), Retraction("southern-wales-consortium", "a", 2)},
         Of(Kent("b", 12), "gwent"),
         {}},
    }),
    [](const auto& row) { return row.param.name; });

const std::vector<v1::OperationResult> kThreeOfTwo = {Kent("a", 11, 0, 2), Kent("b", 12, 0, 2), Kent("c", 13, 0, 2)};

std::vector<v1::OperationResult> Followed(std::vector<v1::OperationResult> results,
                                          const std::vector<v1::OperationResult>& more) {
  results.insert(results.end(), more.begin(), more.end());
  return results;
}

INSTANTIATE_TEST_SUITE_P(
    UnusualValue, WarningTableTest,
    testing::ValuesIn<WarningCase>({
        {"ElevenTimes", kThreeOfTwo, Kent("d", 14, 0, 22), {"UNUSUAL_VALUE 0"}},
        {"JustAboveTenTimes", kThreeOfTwo, Kent("d", 14, 0, 21), {"UNUSUAL_VALUE 0"}},
        {"ExactlyTenTimes", kThreeOfTwo, Kent("d", 14, 0, 20), {}},
        {"MuchLess", kThreeOfTwo, Kent("d", 14, 0, 0), {}},
        {"AtTwoResults", {Kent("a", 11, 0, 2), Kent("b", 12, 0, 2)}, Kent("d", 14, 0, 1'000'000), {}},
        {"TheMeanCounts",
         {Kent("a", 11, 0, 0), Kent("b", 12, 0, 0), Kent("c", 13, 0, 3)},
         Kent("d", 14, 0, 11),
         {"UNUSUAL_VALUE 0"}},
        {"TheMeanCountsNearly",
         {Kent("a", 11, 0, 0), Kent("b", 12, 0, 0), Kent("c", 13, 0, 3)},
         Kent("d", 14, 0, 10),
         {}},
        {"WhereZeroIsUsual", {Kent("a", 11, 0, 0), Kent("b", 12, 0, 0), Kent("c", 13, 0, 0)}, Kent("d", 14, 0, 99), {}},
        {"OfAllOperations",
         {In2022(Kent("a", 11, 0, 2)), Kent("b", 12, 0, 2), Kent("c", 13, 0, 2)},
         Kent("d", 14, 0, 21),
         {"UNUSUAL_VALUE 0"}},
        {"OfAnotherForce", kThreeOfTwo, Of(Kent("d", 14, 0, 21), "essex"), {}},
        {"OfAnotherMetric", kThreeOfTwo, Cash(Kent("d", 14, 0, 21)), {}},
        {"AtTwoBecauseOneWasRetracted", Followed(kThreeOfTwo, {Retraction("kent", "c", 2)}), Kent("d", 14, 0, 21), {}},
        {"ACorrectionDoesNotCountTwice",
         Followed(kThreeOfTwo, {Revised(Kent("c", 13, 0, 20))}),
         Kent("d", 14, 0, 81),
         {"UNUSUAL_VALUE 0"}},
        {"ACorrectionDoesNotCountTwiceNearly",
         Followed(kThreeOfTwo, {Revised(Kent("c", 13, 0, 20))}),
         Kent("d", 14, 0, 80),
         {}},
        {"ACorrectionIsMeasuredByTheOthers",
         Followed(kThreeOfTwo, {Kent("d", 14, 0, 1)}),
         Revised(Kent("d", 14, 0, 21)),
         {"UNUSUAL_VALUE 0"}},
        {"ACorrectionIsMeasuredByTheOthersNearly",
         Followed(kThreeOfTwo, {Kent("d", 14, 0, 1)}),
         Revised(Kent("d", 14, 0, 20)),
         {}},
        {"ANilCountsAsZero",
         {Kent("a", 11, 0, 3), Nil(Kent("b", 12)), Nil(Kent("c", 13))},
         Kent("d", 14, 0, 11),
         {"UNUSUAL_VALUE 0"}},
        {"KilogramsInAListOfGrams",
         {ResultFromText(
              "operation: 'county-lines-2021-10' force: 'kent' result_id: 'a' revision: 1 start_date: "
              "'2021-10-11' end_date: '2021-10-11' figures { metric: 'drugs-weight' value: 26 unit: UNIT_GRAM }"),
          ResultFromText(
              "operation: 'county-lines-2021-10' force: 'kent' result_id: 'b' revision: 1 start_date: "
              "'2021-10-12' end_date: '2021-10-12' figures { metric: 'drugs-weight' value: 14 unit: UNIT_GRAM }"),
          ResultFromText(
              "operation: 'county-lines-2021-10' force: 'kent' result_id: 'c' revision: 1 start_date: "
              "'2021-10-13' end_date: '2021-10-13' figures { metric: 'drugs-weight' value: 9 unit: UNIT_GRAM }")},
         ResultFromText("operation: 'county-lines-2021-10' force: 'kent' result_id: 'd' revision: 1 start_date: "
                        "'2021-10-14' end_date: '2021-10-14' figures { metric: 'drugs-weight' value: 26 "
                        "unit: UNIT_KILOGRAM categories: 'heroin' }"),
         {"UNUSUAL_VALUE 0"}},
        {"TogetherWithTheOthersByFigure",
         Followed(kThreeOfTwo, {Cash(Kent("e", 14, 15))}),
         With(Cash(Kent("d", 14)), "figures { metric: 'warrants-executed' value: 21 unit: UNIT_COUNT }"),
         {"OVERLAPPING_PERIOD 0", "UNUSUAL_VALUE 1"}},
    }),
    [](const auto& row) { return row.param.name; });

class LateTest : public WarningsTest {
 protected:
  LateTest() {
    v1::Operation operation = cubes().operations()->Find(kWeek)->proto;
    operation.mutable_due_time()->set_seconds(now_us_ / 1'000'000 + 60);
    PutOperation(operation);
  }
};

TEST_F(LateTest, OnlyAfterTheDueTimeAndAboutTheWholeResult) {
  EXPECT_THAT(WarningsOf(Kent("a", 11)), IsEmpty());
  now_us_ += 60'000'000;  // On the dot.
  EXPECT_THAT(WarningsOf(Kent("b", 12)), IsEmpty());
  now_us_ += 1;
  EXPECT_THAT(WarningsOf(Kent("c", 13)), ElementsAre("LATE"));
  EXPECT_THAT(WarningsOf(Nil(Kent("d", 14))), ElementsAre("LATE"));
  EXPECT_THAT(WarningsOf(Revised(Kent("a", 11, 12))), ElementsAre("OVERLAPPING_PERIOD 0", "LATE"));
  EXPECT_THAT(WarningsOf(Retraction("kent", "c", 2)), IsEmpty()) << "what no longer counts is not late";
  EXPECT_THAT(WarningsOf(Kent("b", 12)), IsEmpty()) << "a retry has the receipt of the first";
  EXPECT_THAT(WarningsOf(In2022(Kent("e", 11))), IsEmpty()) << "it has no due time";
}

TEST_F(LateTest, TheDueTimeIsTheOneThatStandsAtThatPlaceInTheLog) {
  now_us_ += 61'000'000;
  v1::Operation later = cubes().operations()->Find(kWeek)->proto;
  later.mutable_due_time()->set_seconds(now_us_ / 1'000'000 + 60);
  PutOperation(later);
  EXPECT_THAT(WarningsOf(Kent("a", 11)), IsEmpty());
}

// By the class itself: what is put in and taken out again leaves no trace.
TEST_F(WarningsTest, WhatIsTakenOutLeavesNoTraceInTheBook) {
  WarningBook book(&catalogue());
  const Operation& operation = *cubes().operations()->Find(kWeek);
  const ForceIndex kent = *catalogue().FindForce("kent");
  const size_t week = cubes().NumberOf(kWeek);
  std::vector<v1::OperationResult> results = kThreeOfTwo;
  results.push_back(Kent("d", 13, 14, 21));
  const CheckedResults checked = Validate(results);
  const auto contribution_of = [&](size_t index) {
    return Contribution{*checked[index].period, checked.ValuesOf(checked[index]), false, false};
  };
  for (size_t i = 0; i < kThreeOfTwo.size(); ++i) book.Add(week, kent, contribution_of(i), 1);
  const auto check = [&] {
    std::vector<v1::WarningReason> reasons;
    for (const ResultWarning& warning : book.Check(week, operation, kent, contribution_of(3), now_us_)) {
      EXPECT_EQ(warning.figure_index, 0);
      reasons.push_back(warning.reason);
    }
    return reasons;
  };
  EXPECT_THAT(check(), ElementsAre(v1::WARNING_REASON_OVERLAPPING_PERIOD, v1::WARNING_REASON_UNUSUAL_VALUE));
  EXPECT_THAT(check(), ElementsAre(v1::WARNING_REASON_OVERLAPPING_PERIOD, v1::WARNING_REASON_UNUSUAL_VALUE))
      << "to ask changes nothing";
  book.Add(week, kent, contribution_of(2), -1);
  EXPECT_THAT(check(), IsEmpty());
  book.Add(week, kent, contribution_of(2), 1);
  EXPECT_THAT(check(), ElementsAre(v1::WARNING_REASON_OVERLAPPING_PERIOD, v1::WARNING_REASON_UNUSUAL_VALUE));
}

TEST_F(WarningsTest, OfAnOperationThatTheBookNeverSawThereIsNothingToSay) {
  const WarningBook book(&catalogue());
  const CheckedResults checked = Validate({Kent("a", 11, 17)});
  EXPECT_THAT(book.Check(1'000, *cubes().operations()->Find(kWeek), *catalogue().FindForce("kent"),
                         {*checked[0].period, checked.ValuesOf(checked[0]), false, false}, now_us_),
              IsEmpty());
}

}  // namespace
}  // namespace muster
