// Coverage: who was expected, who reported, how far they are, and whether they were late.
#include "aggregator/coverage.h"

#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/text_format.h"
#include "tests/aggregator/aggregator_fixture.h"

namespace muster {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Not;
using testing::SizeIs;

// "kent FINAL 2 results, late"
std::string InWords(const v1::ForceCoverage& one) {
  const std::string state = v1::CoverageState_Name(one.state()).substr(std::string("COVERAGE_STATE_").size());
  std::string words = absl::StrCat(one.force(), " ", state);
  if (one.result_count() != 0) absl::StrAppend(&words, " ", one.result_count());
  if (!one.covered_by().empty()) absl::StrAppend(&words, " by ", one.covered_by());
  if (one.late()) absl::StrAppend(&words, ", late");
  if (!one.expected()) absl::StrAppend(&words, ", unasked");
  return words;
}

// Results of the operation "week".
v1::OperationResult Of(v1::OperationResult result) {
  result.set_operation("week");
  return result;
}

v1::OperationResult Some(absl::string_view force, absl::string_view id = "r", int64_t revision = 1) {
  return Of(Warrants(force, id, revision, 1));
}

v1::OperationResult Final(absl::string_view force, absl::string_view id = "r", int64_t revision = 1) {
  v1::OperationResult result = Some(force, id, revision);
  result.set_final(true);
  return result;
}

v1::OperationResult Nil(absl::string_view force, absl::string_view id = "r", int64_t revision = 1) {
  v1::OperationResult result = Some(force, id, revision);
  result.clear_figures();
  result.set_nil(true);
  return result;
}

v1::OperationResult Back(absl::string_view force, absl::string_view id = "r", int64_t revision = 2) {
  return Of(Retraction(force, id, revision));
}

class CoverageTest : public AggregatorTest {
 protected:
  // An operation of kWeek's days that expects some forces.
  CoverageTest() { PutOperation(Week()); }

  static v1::Operation Week() {
    return OperationFromText(
        "id: 'week' title: 'Week' start_date: '2021-10-11' end_date: '2021-10-17' "
        "expected_forces: ['kent', 'surrey', 'gwent', 'south-wales'] expected_metrics: ['arrests', 'cash-seized']");
  }

  v1::Coverage Covered(absl::string_view request) {
    v1::GetCoverageRequest parsed;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(std::string(request), &parsed)) << request;
    FieldProblems problems;
    const std::optional<Scope> scope = ParseCoverageScope(parsed, catalogue(), *cubes().operations(), &problems);
    EXPECT_TRUE(problems.empty());
    v1::Coverage coverage;
    cubes().Read([&](const CubesView& view) { ComputeCoverage(view, catalogue(), *scope, &coverage); });
    return coverage;
  }

  std::vector<std::string> Forces(absl::string_view request = "operations: 'week'") {
    std::vector<std::string> words;
    const v1::Coverage coverage = Covered(request);
    for (const v1::ForceCoverage& one : coverage.forces()) words.push_back(InWords(one));
    return words;
  }

  // "expected 4, reported 2, final 1, missing kent surrey"
  std::string Counts(absl::string_view request = "operations: 'week'") {
    const v1::Coverage coverage = Covered(request);
    return absl::StrCat("expected ", coverage.expected_count(), ", reported ", coverage.reported_count(), ", final ",
                        coverage.final_count(), ", missing ", absl::StrJoin(coverage.missing_forces(), " "));
  }

  // The due time, in seconds from now.
  void SetDue(int64_t seconds) {
    v1::Operation operation = Week();
    operation.mutable_due_time()->set_seconds(now_us_ / 1'000'000 + seconds);
    PutOperation(operation);
  }
};

struct StateCase {
  std::string name;
  std::vector<v1::OperationResult> results;  // Of Kent.
  std::string want;
  std::string want_counts;  // Behind "expected 4, ".
  friend void PrintTo(const StateCase& row, std::ostream* out) { *out << row.name; }
};

class CoverageStateTest : public CoverageTest, public testing::WithParamInterface<StateCase> {};

TEST_P(CoverageStateTest, OfAnExpectedForce) {
  for (const v1::OperationResult& result : GetParam().results) SubmitOne(result);
  EXPECT_THAT(Forces(), Contains(GetParam().want));
  EXPECT_EQ(Counts(), absl::StrCat("expected 4, ", GetParam().want_counts));
}

constexpr char kMissing[] = "reported 0, final 0, missing surrey kent gwent south-wales";
constexpr char kProvisional[] = "reported 1, final 0, missing surrey gwent south-wales";
constexpr char kFinal[] = "reported 1, final 1, missing surrey gwent south-wales";

INSTANTIATE_TEST_SUITE_P(
    States, CoverageStateTest,
    testing::ValuesIn<StateCase>({
        {"Nothing", {}, "kent MISSING", kMissing},
        {"OneResult", {Some("kent")}, "kent PROVISIONAL 1", kProvisional},
        {"OneFinalResult", {Final("kent")}, "kent FINAL 1", kFinal},
        {"AllFinal", {Final("kent", "a"), Final("kent", "b")}, "kent FINAL 2", kFinal},
        {"NotAllFinal", {Final("kent", "a"), Some("kent", "b")}, "kent PROVISIONAL 2", kProvisional},
        {"NoLongerFinal", {Final("kent"), Some("kent", "r", 2)}, "kent PROVISIONAL 1", kProvisional},
        {"FinalAtLast", {Some("kent"), Final("kent", "r", 2)}, "kent FINAL 1", kFinal},
        {"Nil", {Nil("kent")}, "kent NIL 1", kFinal},
        {"AllNil", {Nil("kent", "a"), Nil("kent", "b")}, "kent NIL 2", kFinal},
        {"NilAndSome", {Nil("kent", "a"), Some("kent", "b")}, "kent PROVISIONAL 2", kProvisional},
        {"NilAndFinal", {Nil("kent", "a"), Final("kent", "b")}, "kent PROVISIONAL 2", kProvisional},
        {"Retracted", {Some("kent"), Back("kent")}, "kent RETRACTED", kMissing},
        {"RetractionFirst", {Back("kent")}, "kent RETRACTED", kMissing},
        {"PartlyRetracted", {Some("kent", "a"), Final("kent", "b"), Back("kent", "a")}, "kent FINAL 1", kFinal},
        {"BroughtBack", {Some("kent"), Back("kent"), Final("kent", "r", 3)}, "kent FINAL 1", kFinal},
    }),
    [](const auto& row) { return row.param.name; });

TEST_F(CoverageTest, AJointReturnCoversThoseWithoutResultsOfTheirOwn) {
  SubmitOne(Some("southern-wales-consortium"));
  SubmitOne(Some("gwent"));
  EXPECT_THAT(Forces(), ElementsAre("surrey MISSING", "kent MISSING", "gwent PROVISIONAL 1",
                                    "south-wales COVERED by southern-wales-consortium",
                                    "southern-wales-consortium PROVISIONAL 1, unasked"))
      << "Dyfed-Powys is covered, but not expected";
  EXPECT_EQ(Counts(), "expected 4, reported 2, final 1, missing surrey kent");
  SubmitOne(Back("gwent"));
  EXPECT_THAT(Forces(), Contains("gwent COVERED by southern-wales-consortium")) << "whose own was retracted";
  SubmitOne(Back("southern-wales-consortium"));
  EXPECT_THAT(Forces(), Contains("south-wales MISSING"));
  EXPECT_THAT(Forces(), Contains("gwent RETRACTED"));
}

TEST_F(CoverageTest, AJointReturnOfAnotherOperationCoversNobody) {
  SubmitOne(Warrants("southern-wales-consortium", "r", 1, 1));
  EXPECT_THAT(Forces(), Contains("south-wales MISSING"));
}

TEST_F(CoverageTest, WhoReportsUnaskedIsListedAndNotCounted) {
  SubmitOne(Final("british-transport-police"));
  SubmitOne(Back("essex"));
  EXPECT_THAT(Forces(), ElementsAre("essex RETRACTED, unasked", "surrey MISSING", "kent MISSING", "gwent MISSING",
                                    "south-wales MISSING", "british-transport-police FINAL 1, unasked"));
  EXPECT_EQ(Counts(), absl::StrCat("expected 4, ", kMissing));
}

TEST_F(CoverageTest, WithoutNamesTheTerritorialForcesAreExpected) {
  const v1::Coverage coverage = Covered(absl::StrCat("operations: '", kWeek, "'"));
  EXPECT_EQ(coverage.expected_count(), 43);
  EXPECT_THAT(coverage.missing_forces(), SizeIs(43));
  EXPECT_THAT(coverage.missing_forces(), Not(Contains("british-transport-police")));
}

TEST_F(CoverageTest, WithoutADueTimeNobodyIsLate) {
  now_us_ += int64_t{86'400'000'000} * 365;
  SubmitOne(Some("kent"));
  EXPECT_THAT(Forces(), Contains("kent PROVISIONAL 1"));
  EXPECT_THAT(Forces(), Contains("surrey MISSING"));
}

TEST_F(CoverageTest, WhoIsFirstHeardAfterTheDueTimeIsLateForGood) {
  SetDue(60);
  now_us_ += 60'000'000;  // On the dot.
  SubmitOne(Some("kent"));
  EXPECT_THAT(Forces(), ElementsAre("surrey MISSING", "kent PROVISIONAL 1", "gwent MISSING", "south-wales MISSING"));
  now_us_ += 1;
  SubmitOne(Some("surrey"));
  SubmitOne(Back("gwent"));
  EXPECT_THAT(Forces(), ElementsAre("surrey PROVISIONAL 1, late", "kent PROVISIONAL 1", "gwent RETRACTED, late",
                                    "south-wales MISSING, late"));
  SubmitOne(Some("kent", "r", 2));
  EXPECT_THAT(Forces(), Contains("kent PROVISIONAL 1")) << "a correction is not late";
  Start();
  EXPECT_THAT(Forces(), ElementsAre("surrey PROVISIONAL 1, late", "kent PROVISIONAL 1", "gwent RETRACTED, late",
                                    "south-wales MISSING, late"));
}

TEST_F(CoverageTest, WhoIsMissingIsLateOnceTheDueTimeHasPassed) {
  SetDue(60);
  now_us_ += 60'000'000;
  EXPECT_THAT(Forces(), Contains("kent MISSING"));
  now_us_ += 1;
  EXPECT_THAT(Forces(), Contains("kent MISSING, late"));
}

TEST_F(CoverageTest, WhoIsCoveredIsNotLate) {
  SetDue(60);
  SubmitOne(Some("southern-wales-consortium"));
  now_us_ += 3'600'000'000;
  EXPECT_THAT(Forces(), Contains("gwent COVERED by southern-wales-consortium"));
}

TEST_F(CoverageTest, ItIsKnownWhenAnythingWasLastHeard) {
  const auto heard = [this] {
    const v1::Coverage coverage = Covered("operations: 'week' forces: 'kent'");
    const google::protobuf::Timestamp& time = coverage.forces(0).last_heard_time();
    return time.seconds() * 1'000'000 + time.nanos() / 1'000;
  };
  EXPECT_FALSE(Covered("operations: 'week' forces: 'kent'").forces(0).has_last_heard_time());
  now_us_ += 1'000'001;
  SubmitOne(Some("kent"));
  EXPECT_EQ(heard(), now_us_);
  const int64_t first = now_us_;
  now_us_ += 5'000'000;
  SubmitOne(Some("kent"));
  EXPECT_EQ(heard(), first) << "a retry is nothing new";
  now_us_ += 5'000'000;
  SubmitOne(Back("kent"));
  EXPECT_EQ(heard(), now_us_) << "a retraction is";
}

TEST_F(CoverageTest, AForceIsInItsRegionOfTheOperationsLastDayUnlessTheRequestNamesAnother) {
  PutOperation(
      OperationFromText("id: 'move' title: 'Move' start_date: '2018-08-27' end_date: '2018-08-31' "
                        "expected_forces: ['kent', 'british-transport-police']"));
  PutOperation(
      OperationFromText("id: 'moved' title: 'Moved' start_date: '2018-08-27' end_date: '2018-09-01' "
                        "expected_forces: 'kent'"));
  const auto region_of = [this](absl::string_view request) {
    const v1::Coverage coverage = Covered(absl::StrCat("forces: 'kent' ", request));
    return coverage.forces().empty() ? "nobody" : coverage.forces(0).region();
  };
  EXPECT_EQ(region_of("operations: 'move'"), "south-east");
  EXPECT_EQ(region_of("operations: 'moved'"), "eastern");
  EXPECT_EQ(region_of("operations: 'move' regions_as_of: '2018-09-01'"), "eastern");
  EXPECT_EQ(region_of("operations: 'moved' regions_as_of: '2018-08-31'"), "south-east");
  EXPECT_EQ(region_of("operations: 'move' regions: 'eastern'"), "nobody");
  EXPECT_EQ(region_of("operations: 'move' regions: 'eastern' regions_as_of: '2018-09-01'"), "eastern");
  EXPECT_EQ(region_of("operations: 'move' regions_as_of: '2013-12-31'"), "");
  EXPECT_EQ(Counts("operations: 'move' regions: 'south-east'"), "expected 1, reported 0, final 0, missing kent")
      << "who is in no region is in none of them";
  EXPECT_EQ(Counts("operations: 'move'"), "expected 2, reported 0, final 0, missing kent british-transport-police");
}

TEST_F(CoverageTest, WithSeveralOperationsAForceCountsOnceInEachInOrderOfTime) {
  PutOperation(
      OperationFromText("id: 'zero' title: 'Before' start_date: '2020-10-11' end_date: '2020-10-17' "
                        "expected_forces: 'kent'"));
  PutOperation(
      OperationFromText("id: 'also' title: 'At the same time' start_date: '2021-10-11' "
                        "end_date: '2021-10-17' expected_forces: ['kent', 'essex']"));
  SubmitOne(Final("kent"));
  const v1::Coverage coverage = Covered("operations: ['week', 'zero', 'also'] forces: ['kent', 'surrey']");
  std::vector<std::string> listed;
  for (const v1::ForceCoverage& one : coverage.forces()) {
    listed.push_back(absl::StrCat(one.operation(), " ", InWords(one)));
  }
  EXPECT_THAT(listed,
              ElementsAre("zero kent MISSING", "also kent MISSING", "week surrey MISSING", "week kent FINAL 1"));
  EXPECT_EQ(Counts("operations: ['week', 'zero', 'also'] forces: ['kent', 'surrey']"),
            "expected 4, reported 1, final 1, missing kent kent surrey");
}

TEST_F(CoverageTest, ARequestThatNamesUnknownThingsIsToldAllOfThemWithTheirPlace) {
  v1::GetCoverageRequest request;
  request.add_operations("weeek");
  request.add_forces("kent");
  request.add_forces("kentt");
  request.add_regions("south");
  request.set_regions_as_of("2021-02-29");
  FieldProblems problems;
  EXPECT_FALSE(ParseCoverageScope(request, catalogue(), *cubes().operations(), &problems));
  std::vector<std::string> told;
  for (const FieldProblem& problem : problems) told.push_back(absl::StrCat(problem.field, " ", problem.reason));
  EXPECT_THAT(told, ElementsAre("operations[0] UNKNOWN_OPERATION", "regions[0] UNKNOWN_REGION",
                                "forces[1] UNKNOWN_FORCE", "regions_as_of DATE_MALFORMED"));
}

// What of a coverage may be seen.
struct SightCase {
  std::string name;
  std::vector<std::string> forces, regions;  // That may be shown.
  bool only_shown;
  std::string want_forces;
  std::string want_counts;
  friend void PrintTo(const SightCase& row, std::ostream* out) { *out << row.name; }
};

class CoverageSightTest : public CoverageTest, public testing::WithParamInterface<SightCase> {};

TEST_P(CoverageSightTest, NamesOnlyWhoMayBeShown) {
  Submit({Some("kent"), Final("gwent"), Some("essex")});
  Scope scope;
  scope.operations = {"week"};
  scope.shown = BodySet();
  for (const std::string& force : GetParam().forces) scope.shown.AddForce(*catalogue().FindForce(force));
  for (const std::string& region : GetParam().regions) scope.shown.AddRegion(*catalogue().FindRegion(region));
  scope.only_shown = GetParam().only_shown;
  v1::Coverage coverage;
  cubes().Read([&](const CubesView& view) { ComputeCoverage(view, catalogue(), scope, &coverage); });
  std::vector<std::string> words;
  for (const v1::ForceCoverage& one : coverage.forces()) words.push_back(InWords(one));
  EXPECT_EQ(absl::StrJoin(words, "; "), GetParam().want_forces);
  EXPECT_EQ(absl::StrCat(coverage.expected_count(), " ", coverage.reported_count(), " ", coverage.final_count(), ": ",
                         absl::StrJoin(coverage.missing_forces(), " ")),
            GetParam().want_counts);
}

INSTANTIATE_TEST_SUITE_P(
    Sights, CoverageSightTest,
    testing::ValuesIn<SightCase>({
        {"NobodyOfAll", {}, {}, false, "", "4 2 1: "},
        {"NobodyAtAll", {}, {}, true, "", "0 0 0: "},
        {"OneOfAll", {"kent"}, {}, false, "kent PROVISIONAL 1", "4 2 1: "},
        {"OneAlone", {"kent"}, {}, true, "kent PROVISIONAL 1", "1 1 0: "},
        {"OneThatIsMissing", {"surrey"}, {}, true, "surrey MISSING", "1 0 0: surrey"},
        // In 2021 Kent is no longer in the South East.
        {"ARegionAlone", {}, {"south-east"}, true, "surrey MISSING", "1 0 0: surrey"},
        {"TheRegionThatAForceMovedTo",
         {},
         {"eastern"},
         true,
         "essex PROVISIONAL 1, unasked; kent PROVISIONAL 1",
         "1 1 0: "},
        {"AForceAndARegion", {"gwent"}, {"south-east"}, false, "surrey MISSING; gwent FINAL 1", "4 2 1: surrey"},
    }),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace muster
