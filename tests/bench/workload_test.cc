#include "bench/load/workload.h"

#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "domain/catalogue.h"
#include "domain/operation.h"
#include "domain/validation.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace muster::bench {
namespace {

using testing::AllOf;
using testing::Ge;
using testing::IsEmpty;
using testing::Le;
using testing::SizeIs;

// The shipped catalogue as the server reads it.
class WorkloadTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string text;
    google::protobuf::TextFormat::PrintToString(catalogue_, &text);
    std::vector<CatalogueFault> faults;
    known_ = Catalogue::Read({{"shipped", text}}, &faults);
    ASSERT_NE(known_, nullptr);
    OperationDirectory::Map operations;
    for (const v1::Operation& operation : catalogue_.operations()) {
      operations.emplace(operation.id(), std::make_shared<Operation>(operation, *known_));
    }
    operations_ = OperationDirectory(operations);
  }

  // What is wrong with a result, or looks odd.
  std::vector<std::string> Complaints(v1::OperationResult result) const {
    std::vector<std::string> complaints;
    FreshResultIds::Write(FreshResultIds::Take(1), result.mutable_result_id());
    ResultValues values;
    ValidatedResult validated;
    for (const FieldProblem& problem : ValidateResult(result, *known_, operations_, &values, &validated)) {
      complaints.push_back(problem.field + ": " + problem.reason);
    }
    for (const ResultWarning& warning : validated.warnings) {
      complaints.push_back(v1::WarningReason_Name(warning.reason));
    }
    return complaints;
  }

  const v1::Catalogue catalogue_ = ReadShippedCatalogue();
  std::shared_ptr<const Catalogue> known_;
  OperationDirectory operations_;
};

TEST_F(WorkloadTest, EveryResultIsValidAndWithoutWarnings) {
  Workload workload(catalogue_, 1);
  for (int count = 0; count < 5'000; ++count) {
    const v1::OperationResult result = workload.Make(workload.AnySender());
    EXPECT_THAT(Complaints(result), IsEmpty()) << result.ShortDebugString();
    EXPECT_THAT(result.figures(), SizeIs(Workload::kFiguresPerResult));
  }
}

TEST_F(WorkloadTest, ResultsAreAboutTwoHundredBytesAndOfManyForcesMetricsAndOperations) {
  constexpr int kResults = 5'000;
  Workload workload(catalogue_, 1);
  size_t bytes = 0;
  std::set<std::string> forces;
  std::set<std::string> operations;
  std::set<std::string> metrics;
  std::set<int> qualifiers;
  int uncounted = 0;
  for (int count = 0; count < kResults; ++count) {
    v1::OperationResult result = workload.Make(workload.AnySender());
    FreshResultIds::Write(0, result.mutable_result_id());
    bytes += result.ByteSizeLong();
    forces.insert(result.force());
    operations.insert(result.operation());
    for (const v1::Figure& figure : result.figures()) {
      metrics.insert(figure.metric());
      qualifiers.insert(figure.qualifier());
      uncounted += figure.has_value() ? 0 : 1;
    }
  }
  EXPECT_THAT(bytes / kResults, AllOf(Ge(180), Le(220)));
  EXPECT_GE(forces.size(), 50);
  EXPECT_EQ(operations.size(), catalogue_.operations_size());
  EXPECT_GE(metrics.size(), 35);
  EXPECT_EQ(qualifiers.size(), 4);
  EXPECT_GT(uncounted, 0);
}

TEST_F(WorkloadTest, TheSameSeedMakesTheSameResultsAndAnotherDoesNot) {
  const auto made_with = [this](uint64_t seed) {
    Workload workload(catalogue_, seed);
    return workload.Make(workload.AnySender()).SerializeAsString();
  };
  EXPECT_EQ(made_with(5), made_with(5));
  EXPECT_NE(made_with(5), made_with(6));
}

TEST_F(WorkloadTest, OneOfEachStatesEveryAdditiveMetricForEveryForceOfTheRegionAndPeriod) {
  const std::vector<v1::OperationResult> results =
      Workload(catalogue_, 1).MakeOneOfEach("county-lines-2023-02", "south-east");
  std::set<std::tuple<std::string, std::string, std::string>> cells;
  std::set<std::string> forces;
  for (const v1::OperationResult& result : results) {
    EXPECT_THAT(Complaints(result), IsEmpty()) << result.ShortDebugString();
    forces.insert(result.force());
    for (const v1::Figure& figure : result.figures()) {
      cells.emplace(result.force(), result.start_date() + result.end_date(), figure.metric());
    }
  }
  size_t additive = 0;
  for (const v1::Metric& metric : catalogue_.metrics()) {
    additive += metric.additivity() == v1::ADDITIVITY_ADDITIVE ? 1 : 0;
  }
  EXPECT_EQ(cells.size(), forces.size() * (7 + 1) * additive);
  EXPECT_TRUE(forces.contains("thames-valley"));
  EXPECT_FALSE(forces.contains("cumbria"));
}

TEST(FreshResultIdsTest, AreThirtyTwoDigitsAndNeverTheSame) {
  std::set<std::string> names;
  std::string name;
  for (int block = 0; block < 10; ++block) {
    const uint64_t first = FreshResultIds::Take(1'000);
    for (uint64_t number = first; number < first + 1'000; ++number) {
      FreshResultIds::Write(number, &name);
      EXPECT_THAT(name, testing::MatchesRegex("[0-9a-f]+"));
      EXPECT_THAT(name, SizeIs(32));
      names.insert(name);
    }
  }
  EXPECT_THAT(names, SizeIs(10'000));
}

}  // namespace
}  // namespace muster::bench
