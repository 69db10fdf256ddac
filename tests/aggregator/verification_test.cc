// The law, and that a breach of it is found and named.
#include "aggregator/verification.h"

#include <atomic>
#include <functional>
#include <ostream>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "tests/aggregator/aggregator_fixture.h"

namespace muster {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class VerificationTest : public AggregatorTest {
 protected:
  // Three forces in kWeek; of Kent arrests by sex and age on two days, and cash.
  void SubmitSome() {
    Submit({ResultFromText("operation: 'county-lines-2021-10' force: 'kent' result_id: 'a' revision: 1 final: true "
                           "start_date: '2021-10-12' end_date: '2021-10-12' "
                           "figures { metric: 'arrests' value: 9 unit: UNIT_COUNT } "
                           "figures { metric: 'arrests' value: 4 unit: UNIT_COUNT categories: ['child', 'male'] } "
                           "figures { metric: 'cash-seized' value: 5 unit: UNIT_POUND qualifier: QUALIFIER_ESTIMATE }"),
            ResultFromText("operation: 'county-lines-2021-10' force: 'kent' result_id: 'b' revision: 1 "
                           "start_date: '2021-10-13' end_date: '2021-10-14' "
                           "figures { metric: 'arrests' value: 1 unit: UNIT_COUNT }"),
            Warrants("essex", "a", 1, 3), Warrants("surrey", "a", 1, 3)});
  }

  ForceIndex Force(absl::string_view id) { return *catalogue().FindForce(id); }

  store::v1::CheckpointForceCube CubeOf(absl::string_view force) {
    for (const FrozenForceCube& one : cubes().FreezeAll().cubes) {
      if (one.operation == kWeek && one.force == Force(force)) return one.cube->ToCheckpoint();
    }
    return {};
  }

  void Plant(const std::string& operation, ForceIndex force, const store::v1::CheckpointForceCube& cube) {
    absl::StatusOr<ForceCube> wrong = ForceCube::FromCheckpoint(&catalogue(), cube);
    ASSERT_THAT(wrong, IsOk());
    cubes().RestoreCube(operation, force, *std::move(wrong));
  }

  VerificationReport Verify() {
    const absl::StatusOr<VerificationReport> report = VerifyCubes(store(), cubes());
    EXPECT_THAT(report, IsOk());
    return report.ok() ? *report : VerificationReport();
  }
};

TEST_F(VerificationTest, NothingEqualsNothing) {
  const VerificationReport report = Verify();
  EXPECT_EQ(report.position, 0);
  EXPECT_EQ(report.cell_count, 0);
  EXPECT_EQ(report.mismatch_count, 0);
}

TEST_F(VerificationTest, WhatTheWriterMadeEqualsTheLogAndEveryCellIsCounted) {
  SubmitSome();
  const VerificationReport report = Verify();
  EXPECT_EQ(report.position, 4);
  // Arrests of 12 October: all, male, child, male children; of 13 to 14 October: all; cash; twice warrants.
  EXPECT_EQ(report.cell_count, 4 + 1 + 1 + 2);
  EXPECT_EQ(report.mismatch_count, 0);
  EXPECT_THAT(report.mismatches, IsEmpty());
}

struct PlantedCase {
  std::string name;
  std::function<void(store::v1::CheckpointForceCube&)> spoil;
  std::string want;
  friend void PrintTo(const PlantedCase& row, std::ostream* out) { *out << row.name; }
};

class PlantedFaultTest : public VerificationTest, public testing::WithParamInterface<PlantedCase> {};

TEST_P(PlantedFaultTest, IsFoundAndNamed) {
  SubmitSome();
  store::v1::CheckpointForceCube cube = CubeOf("kent");
  ASSERT_EQ(cube.blocks_size(), 3);  // Two of arrests, one of cash.
  GetParam().spoil(cube);
  Plant(kWeek, Force("kent"), cube);
  const VerificationReport report = Verify();
  EXPECT_EQ(report.mismatch_count, 1);
  ASSERT_THAT(report.mismatches, SizeIs(1));
  EXPECT_EQ(report.mismatches[0].operation, kWeek);
  EXPECT_EQ(report.mismatches[0].force, "kent");
  EXPECT_THAT(report.mismatches[0].description, HasSubstr(GetParam().want));
}

void AddOne(store::v1::Int128* integer) { integer->set_low(integer->low() + 1); }
void TakeOne(store::v1::Int128* integer) { integer->set_low(integer->low() - 1); }

INSTANTIATE_TEST_SUITE_P(
    Kinds, PlantedFaultTest,
    testing::ValuesIn<PlantedCase>({
        {"OneTooMany", [](auto& cube) { AddOne(cube.mutable_blocks(0)->mutable_cells(0)->mutable_sum()); },
         "arrests over all periods: a sum of 11 in base units from 2 results in 4 cells, but a sum of 10"},
        {"OneTooManyInACategory", [](auto& cube) { AddOne(cube.mutable_blocks(0)->mutable_cells(1)->mutable_sum()); },
         "arrests"},
        // More than the sum would be damage, which is found on reading.
        {"TooLittleEstimated",
         [](auto& cube) { TakeOne(cube.mutable_blocks(2)->mutable_cells(0)->mutable_estimate_sum()); }, "cash-seized"},
        {"TooMuchAtMost", [](auto& cube) { AddOne(cube.mutable_blocks(0)->mutable_cells(0)->mutable_at_most_sum()); },
         "arrests"},
        {"AnUpperBoundGone", [](auto& cube) { cube.mutable_blocks(1)->mutable_cells(0)->set_at_least_count(1); },
         "arrests"},
        {"AnEstimateThatIsNone", [](auto& cube) { cube.mutable_blocks(2)->mutable_cells(0)->set_estimate_count(0); },
         "cash-seized"},
        {"AValueToBeCounted", [](auto& cube) { cube.mutable_blocks(2)->mutable_cells(0)->set_uncounted_count(1); },
         "cash-seized"},
        {"NotBrokenDown",
         [](auto& cube) { AddOne(cube.mutable_blocks(0)->mutable_cells(0)->mutable_not_broken_down(1)); }, "arrests"},
        {"ACellLost", [](auto& cube) { cube.mutable_blocks(0)->mutable_cells()->RemoveLast(); }, "in 3 cells"},
        {"ACountOfResults", [](auto& cube) { cube.mutable_blocks(1)->mutable_cells(0)->set_result_count(2); },
         "arrests"},
        {"ABlocksCountOfResults", [](auto& cube) { cube.mutable_blocks(1)->set_result_count(2); }, "from 3 results"},
        {"TheResultsOfAUnion", [](auto& cube) { cube.mutable_blocks(0)->mutable_node_sets(0)->set_result_count(2); },
         "arrests"},
        {"AnotherPeriod",
         [](auto& cube) {
           cube.mutable_blocks(2)->set_first_day(cube.blocks(1).first_day());
           cube.mutable_blocks(2)->set_last_day(cube.blocks(1).last_day());
         },
         "cash-seized for 2021-10-13 to 2021-10-14"},
        {"AMetricLost", [](auto& cube) { cube.mutable_blocks()->RemoveLast(); },
         "cash-seized over all periods: no total from 0 results in 0 cells, but a sum of 500"},
        {"AResultTooManyOfAPeriod", [](auto& cube) { cube.mutable_periods(1)->set_result_count(2); }, "heard"},
        {"FinalOnes", [](auto& cube) { cube.set_final_count(2); }, "2 results (2 final"},
        {"NilOnes", [](auto& cube) { cube.set_nil_count(1); }, "1 nil"},
        {"RetractedOnes", [](auto& cube) { cube.set_retracted_count(1); }, "1 retracted"},
        {"FirstHeard", [](auto& cube) { cube.set_first_heard_us(1); }, "heard"},
        {"LastHeard", [](auto& cube) { cube.set_last_heard_us(1); }, "heard"},
    }),
    [](const auto& row) { return row.param.name; });

TEST_F(VerificationTest, ACubeThatTheLogKnowsNothingOfIsFound) {
  SubmitSome();
  Plant("county-lines-2022-03", Force("sussex"), CubeOf("surrey"));
  const VerificationReport report = Verify();
  ASSERT_THAT(report.mismatches, SizeIs(1));
  EXPECT_EQ(report.mismatches[0].operation, "county-lines-2022-03");
  EXPECT_EQ(report.mismatches[0].force, "sussex");
}

TEST_F(VerificationTest, ACubeThatIsMissingIsFound) {
  SubmitSome();
  // A checkpoint without one of its parts, as if it were whole.
  store::v1::CheckpointHeader header;
  header.set_position(store().last_position());
  header.set_catalogue_digest(catalogue().digest());
  header.set_rules_version(kCubeRulesVersion);
  ASSERT_THAT(store().WriteCheckpoint(header, {{kWeek, "kent", CubeOf("kent")}, {kWeek, "surrey", CubeOf("surrey")}},
                                      /*replace=*/true),
              IsOk());
  Start();
  ASSERT_EQ(recovery_.checkpoint_position, 4);
  const VerificationReport report = Verify();
  ASSERT_THAT(report.mismatches, SizeIs(1));
  EXPECT_EQ(report.mismatches[0].operation, kWeek);
  EXPECT_EQ(report.mismatches[0].force, "essex");
  EXPECT_THAT(report.mismatches[0].description, AllOf(HasSubstr("warrants-executed"), HasSubstr("but a sum of 3")));
}

TEST_F(VerificationTest, AllAreCountedAndTheFirstHundredListed) {
  SubmitOne(Warrants("essex", "a", 1, 3));
  const store::v1::CheckpointForceCube wrong = CubeOf("essex");
  int64_t planted = 0;
  for (const char* const operation : {"county-lines-2022-03", "county-lines-2023-02"}) {
    for (ForceIndex force = 0; force < catalogue().force_count(); ++force, ++planted) Plant(operation, force, wrong);
  }
  ASSERT_GT(planted, static_cast<int64_t>(VerificationReport::kMaxListed));
  const VerificationReport report = Verify();
  EXPECT_EQ(report.mismatch_count, planted);
  EXPECT_THAT(report.mismatches, SizeIs(VerificationReport::kMaxListed));
}

TEST_F(VerificationTest, IngestAndQueriesGoOnMeanwhile) {
  std::atomic<bool> submitted{false};
  std::thread submitting([&] {
    for (int i = 0; i < 200; ++i) SubmitOne(Warrants(i % 2 == 0 ? "kent" : "essex", absl::StrCat(i / 5), 1 + i % 5, i));
    submitted = true;
  });
  LogPosition last = 0;
  bool more = true;
  while (more) {
    more = !submitted;
    const VerificationReport report = Verify();
    EXPECT_EQ(report.mismatch_count, 0);
    EXPECT_GE(report.position, last);
    last = report.position;
  }
  submitting.join();
  EXPECT_EQ(last, 200);
}

TEST_F(VerificationTest, ALogThatCannotBeReadIsNoVerdict) {
  SubmitSome();
  store().FailReads(absl::DataLossError("a table is damaged"));
  EXPECT_THAT(VerifyCubes(store(), cubes()), StatusIs(absl::StatusCode::kDataLoss, "a table is damaged"));
}

}  // namespace
}  // namespace muster
