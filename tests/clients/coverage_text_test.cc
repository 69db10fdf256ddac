#include "clients/cli/coverage_text.h"

#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster::cli {
namespace {

using ::testing::ElementsAre;

constexpr v1::CoverageState kFinal = v1::COVERAGE_STATE_FINAL;
constexpr v1::CoverageState kProvisional = v1::COVERAGE_STATE_PROVISIONAL;
constexpr v1::CoverageState kNil = v1::COVERAGE_STATE_NIL;
constexpr v1::CoverageState kCovered = v1::COVERAGE_STATE_COVERED;
constexpr v1::CoverageState kRetracted = v1::COVERAGE_STATE_RETRACTED;
constexpr v1::CoverageState kMissing = v1::COVERAGE_STATE_MISSING;

Names NamesOfForces() {
  v1::Catalogue catalogue;
  for (const auto& [id, name] : std::vector<std::pair<std::string, std::string>>{
           {"thames-valley", "Thames Valley"}, {"kent", "Kent"}, {"surrey", "Surrey"}, {"sussex", "Sussex"}}) {
    v1::Force& force = *catalogue.add_forces();
    force.set_id(id);
    force.set_name(name);
  }
  return Names(catalogue);
}

v1::ForceCoverage Force(const std::string& id, v1::CoverageState state, const std::string& operation = "op") {
  v1::ForceCoverage force;
  force.set_operation(operation);
  force.set_force(id);
  force.set_state(state);
  force.set_expected(true);
  return force;
}

v1::ForceCoverage Late(v1::ForceCoverage force) {
  force.set_late(true);
  return force;
}

v1::ForceCoverage Unasked(v1::ForceCoverage force) {
  force.set_expected(false);
  return force;
}

// Forces that are counted and not named.
struct PartlyNamedCase {
  std::string name;
  std::vector<v1::ForceCoverage> forces;
  std::string want;
  friend void PrintTo(const PartlyNamedCase& row, std::ostream* out) { *out << row.name; }
};

class PartlyNamedTest : public testing::TestWithParam<PartlyNamedCase> {};

TEST_P(PartlyNamedTest, SaysHowManyAreNotShown) {
  v1::Coverage coverage;
  for (const v1::ForceCoverage& force : GetParam().forces) *coverage.add_forces() = force;
  coverage.set_expected_count(43);
  coverage.set_reported_count(38);
  EXPECT_THAT(CoverageLines(coverage, NamesOfForces(), Terminal()), ElementsAre(GetParam().want));
}

INSTANTIATE_TEST_SUITE_P(
    Coverages, PartlyNamedTest,
    testing::ValuesIn<PartlyNamedCase>({
        {"Nobody", {}, "38 of 43 expected reports; 43 are of forces not shown to you"},
        {"OneThatReported", {Force("kent", kFinal)}, "38 of 43 expected reports; 42 are of forces not shown to you"},
        {"OneThatIsMissing",
         {Force("kent", kMissing), Force("surrey", kNil)},
         "38 of 43 expected reports; 41 are of forces not shown to you; missing of the others: Kent"},
        {"TwoOperations",
         {Force("kent", kMissing, "a"), Force("kent", kMissing, "b")},
         "38 of 43 expected reports; 41 are of forces not shown to you; missing of the others: a: Kent, b: Kent"},
    }),
    [](const auto& row) { return row.param.name; });

struct CoverageCase {
  std::string name;
  std::vector<v1::ForceCoverage> forces;
  std::vector<std::string> want;
  friend void PrintTo(const CoverageCase& row, std::ostream* out) { *out << row.name; }
};

std::vector<v1::ForceCoverage> ManyForces(int count, v1::CoverageState state) {
  std::vector<v1::ForceCoverage> forces;
  for (int number = 1; number <= count; ++number) forces.push_back(Force(absl::StrCat("f", number), state));
  return forces;
}

class CoverageLinesTest : public testing::TestWithParam<CoverageCase> {};

TEST_P(CoverageLinesTest, SayWhoIsIn) {
  v1::Coverage coverage;
  for (const v1::ForceCoverage& force : GetParam().forces) *coverage.add_forces() = force;
  EXPECT_EQ(CoverageLines(coverage, NamesOfForces(), Terminal()), GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(
    Coverages, CoverageLinesTest,
    testing::ValuesIn<CoverageCase>({
        {"Nobody", {}, {"no force is expected to report"}},
        {"OneOfOne", {Force("kent", kFinal)}, {"1 of 1 force: Kent"}},
        {"NoneOfOne", {Force("kent", kMissing)}, {"0 of 1 force; missing: Kent"}},
        {"SomeMissing",
         {Force("thames-valley", kFinal), Force("kent", kMissing), Force("sussex", kFinal), Force("surrey", kMissing)},
         {"2 of 4 forces: Thames Valley, Sussex; missing: Kent, Surrey"}},
        {"NilAndCoveredAreReports", {Force("kent", kNil), Force("surrey", kCovered)}, {"2 of 2 forces: Kent, Surrey"}},
        {"RetractedIsMissing", {Force("kent", kRetracted)}, {"0 of 1 force; missing: Kent"}},
        {"Provisional",
         {Force("kent", kProvisional), Force("surrey", kFinal)},
         {"2 of 2 forces: Kent, Surrey; 1 provisional"}},
        {"Late",
         {Late(Force("kent", kFinal)), Late(Force("surrey", kMissing))},
         {"1 of 2 forces: Kent; 2 late; missing: Surrey"}},
        {"AlsoReported",
         {Force("kent", kFinal), Unasked(Force("surrey", kFinal))},
         {"1 of 1 force: Kent; also reported: Surrey"}},
        {"OnlyWhoWasNotAsked",
         {Unasked(Force("surrey", kProvisional))},
         {"no force is expected to report; also reported: Surrey"}},
        {"NotAskedAndSilent", {Force("kent", kFinal), Unasked(Force("surrey", kMissing))}, {"1 of 1 force: Kent"}},
        {"NameUnknown", {Force("essex", kFinal)}, {"1 of 1 force: essex"}},
        {"EightAreNamed", ManyForces(8, kFinal), {"8 of 8 forces: f1, f2, f3, f4, f5, f6, f7, f8"}},
        {"NineAreNot", ManyForces(9, kFinal), {"9 of 9 forces"}},
        {"MissingAreAlwaysNamed",
         ManyForces(9, kMissing),
         {"0 of 9 forces; missing: f1, f2, f3, f4, f5, f6, f7, f8, f9"}},
        {"TwoOperations",
         {Force("kent", kFinal, "op-1"), Force("kent", kMissing, "op-2")},
         {"op-1: 1 of 1 force: Kent", "op-2: 0 of 1 force; missing: Kent"}},
        {"ThreeOperations",
         {Force("kent", kFinal, "op-1"), Force("kent", kFinal, "op-2"), Force("kent", kFinal, "op-3")},
         {"op-1: 1 of 1 force: Kent", "op-2: 1 of 1 force: Kent", "op-3: 1 of 1 force: Kent"}},
    }),
    [](const auto& row) { return row.param.name; });

TEST(CoverageLinesTest, ManyOperationsAreOneLine) {
  v1::Coverage coverage;
  for (const char* const operation : {"op-1", "op-2", "op-3", "op-4"}) {
    *coverage.add_forces() = Force("kent", kFinal, operation);
  }
  coverage.set_expected_count(1'720);
  coverage.set_reported_count(1'204);
  EXPECT_THAT(
      CoverageLines(coverage, NamesOfForces(), Terminal()),
      ElementsAre("1,204 of 1,720 expected reports over 4 operations; `muster coverage` says whose are missing"));
}

TEST(CoverageLinesTest, MissingForcesAreRedAndNamesAreNotObeyed) {
  v1::Coverage coverage;
  *coverage.add_forces() = Force("kent", kMissing);
  *coverage.add_forces() = Force("\x1b[2J", kMissing);
  EXPECT_THAT(CoverageLines(coverage, NamesOfForces(), {true, 80, true}),
              ElementsAre("0 of 2 forces; missing: \x1b[31mKent, \xEF\xBF\xBD[2J\x1b[0m"));
}

struct StateCase {
  std::string name;
  v1::CoverageState state;
  std::string want;
  Colour want_colour;
  friend void PrintTo(const StateCase& row, std::ostream* out) { *out << row.name; }
};

class StateTextTest : public testing::TestWithParam<StateCase> {};

TEST_P(StateTextTest, SaysIt) {
  v1::ForceCoverage force = Force("kent", GetParam().state);
  force.set_covered_by("surrey");
  EXPECT_EQ(StateText(force, NamesOfForces()), GetParam().want);
  EXPECT_EQ(StateColour(GetParam().state), GetParam().want_colour);
}

INSTANTIATE_TEST_SUITE_P(States, StateTextTest,
                         testing::ValuesIn<StateCase>({
                             {"Final", kFinal, "final", Colour::kGreen},
                             {"Provisional", kProvisional, "provisional", Colour::kYellow},
                             {"Nil", kNil, "nil", Colour::kGreen},
                             {"Covered", kCovered, "covered by Surrey", Colour::kGreen},
                             {"Retracted", kRetracted, "retracted", Colour::kRed},
                             {"Missing", kMissing, "missing", Colour::kRed},
                             {"NotSaid", v1::COVERAGE_STATE_UNSPECIFIED, "unknown", Colour::kRed},
                         }),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace muster::cli
