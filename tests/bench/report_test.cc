#include "bench/report/report.h"

#include <ostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/report/percentile.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace muster::bench {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Optional;

Line IngestLine() {
  return {.suite = "ingest",
          .title = "streams",
          .unit = "results/s",
          .measured = {.name = "Muster", .samples = {150'000, 300'000, 160'000}},
          .reference = Series{.name = "RocksDB", .samples = {100'000, 100'000, 80'000}},
          .goal = Goal{.bound = Goal::Bound::kAtLeast, .ratio = 1.5}};
}

struct MedianCase {
  std::string name;
  std::vector<double> samples;
  double want;
  friend void PrintTo(const MedianCase& row, std::ostream* out) { *out << row.name; }
};

class MedianTest : public testing::TestWithParam<MedianCase> {};

TEST_P(MedianTest, IsTheMiddle) { EXPECT_DOUBLE_EQ(Median(GetParam().samples), GetParam().want); }

INSTANTIATE_TEST_SUITE_P(Samples, MedianTest,
                         testing::ValuesIn<MedianCase>({
                             {"One", {7}, 7},
                             {"OddAndUnsorted", {9, 1, 5}, 5},
                             {"EvenTakesTheMeanOfTheMiddleTwo", {4, 1, 3, 100}, 3.5},
                             {"AnOutlierDoesNotMoveIt", {1, 2, 3, 4, 1e9}, 3},
                         }),
                         [](const auto& row) { return row.param.name; });

TEST(MedianOfNothingTest, IsRefused) { EXPECT_THROW(Median({}), std::invalid_argument); }

struct PercentileCase {
  std::string name;
  std::vector<double> samples;
  double percent;
  double want;
  friend void PrintTo(const PercentileCase& row, std::ostream* out) { *out << row.name; }
};

class PercentileTest : public testing::TestWithParam<PercentileCase> {};

TEST_P(PercentileTest, IsASampleThatSoManyDoNotExceed) {
  EXPECT_DOUBLE_EQ(Percentile(GetParam().samples, GetParam().percent), GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(Samples, PercentileTest,
                         testing::ValuesIn<PercentileCase>({
                             {"One", {7}, 99, 7},
                             {"MedianOfTwoIsTheLower", {9, 1}, 50, 1},
                             {"JustAboveHalfIsTheUpper", {9, 1}, 50.1, 9},
                             {"All", {3, 1, 2}, 100, 3},
                             {"NinetyNineOfAHundredLeavesOutTheLargest",
                              [] {
                                std::vector<double> samples(99, 1);
                                samples.insert(samples.begin(), 1'000);
                                return samples;
                              }(),
                              99, 1},
                             {"NinetyNineOfFiftyIsTheLargest",
                              [] {
                                std::vector<double> samples(49, 1);
                                samples.insert(samples.begin(), 1'000);
                                return samples;
                              }(),
                              99, 1'000},
                         }),
                         [](const auto& row) { return row.param.name; });

TEST(PercentileOfNothingTest, IsRefused) {
  EXPECT_THROW(Percentile({}, 50), std::invalid_argument);
  EXPECT_THROW(Percentile({1}, 0), std::invalid_argument);
  EXPECT_THROW(Percentile({1}, 100.1), std::invalid_argument);
}

TEST(RatioTest, IsOfMediansAndOfEachRound) {
  EXPECT_THAT(Ratio(IngestLine()), Optional(1.6));
  EXPECT_THAT(RatiosByRound(IngestLine()), ElementsAre(1.5, 3, 2));
}

TEST(RatioTest, IsAbsentWithoutSomethingToCompareWith) {
  Line line = IngestLine();
  line.reference->samples.clear();
  EXPECT_EQ(Ratio(line), std::nullopt);
  EXPECT_THAT(RatiosByRound(line), IsEmpty());
  line.reference.reset();
  EXPECT_EQ(Ratio(line), std::nullopt);
}

struct VerdictCase {
  std::string name;
  Goal::Bound bound;
  double measured;
  Verdict want;
  friend void PrintTo(const VerdictCase& row, std::ostream* out) { *out << row.name; }
};

class JudgeTest : public testing::TestWithParam<VerdictCase> {};

TEST_P(JudgeTest, HoldsTheRatioAgainstTheGoal) {
  const Line line{.suite = "s",
                  .title = "t",
                  .unit = "ms",
                  .measured = {.name = "m", .samples = {GetParam().measured}},
                  .reference = Series{.name = "r", .samples = {2}},
                  .goal = Goal{.bound = GetParam().bound, .ratio = 1.5}};
  EXPECT_EQ(Judge(line), GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(Bounds, JudgeTest,
                         testing::ValuesIn<VerdictCase>({
                             {"AtLeastAndJust", Goal::Bound::kAtLeast, 3.0, Verdict::kMet},
                             {"AtLeastAndJustNot", Goal::Bound::kAtLeast, 2.99, Verdict::kMissed},
                             {"AtMostAndJust", Goal::Bound::kAtMost, 3.0, Verdict::kMet},
                             {"AtMostAndJustNot", Goal::Bound::kAtMost, 3.01, Verdict::kMissed},
                         }),
                         [](const auto& row) { return row.param.name; });

TEST(JudgeWithoutFiguresTest, IsVoidAndNeverMet) {
  Line line = IngestLine();
  line.measured.samples.clear();
  EXPECT_EQ(Judge(line), Verdict::kVoid);
  line.measured.samples = {0};
  line.reference->samples = {0};
  EXPECT_EQ(Judge(line), Verdict::kVoid);
  line.goal.reset();
  EXPECT_EQ(Judge(line), Verdict::kNoGoal);
}

TEST(ReportTest, TableSaysMediansRangesRatioAndVerdict) {
  Report report;
  report.AddCondition("processor", "2 x something");
  report.Add(IngestLine());
  report.AddAbsence({"peers", "no figures of DuckDB: it is not installed"});
  report.AddFailure({"peers", "PostgreSQL did not start"});
  std::ostringstream out;
  report.WriteTable(out);
  EXPECT_THAT(out.str(), HasSubstr("processor: 2 x something\n"));
  EXPECT_THAT(out.str(), HasSubstr("160,000 (150,000-300,000) results/s  RocksDB    100,000 (80,000-100,000)"));
  EXPECT_THAT(out.str(), HasSubstr("1.60 (1.50-3.00)  >= 1.50 met\n"));
  EXPECT_THAT(out.str(), HasSubstr("peers: no figures of DuckDB: it is not installed\n"));
  EXPECT_THAT(out.str(), HasSubstr("peers: VOID: PostgreSQL did not start\n"));
}

TEST(ReportTest, WhatCannotBeHadIsNoFailure) {
  Report report;
  report.AddAbsence({"peers", "no DuckDB"});
  EXPECT_FALSE(report.has_failures());
  report.AddFailure({"peers", "it broke"});
  EXPECT_TRUE(report.has_failures());
}

TEST(ReportTest, JsonHoldsEverySample) {
  Report report;
  report.AddCondition("kernel", "6.1");
  report.Add(IngestLine());
  report.AddFailure({"peers", "none"});
  std::ostringstream out;
  report.WriteJson(out);
  const nlohmann::json json = nlohmann::json::parse(out.str());
  EXPECT_EQ(json["conditions"]["kernel"], "6.1");
  const nlohmann::json& line = json["lines"][0];
  EXPECT_EQ(line["measured"]["samples"], nlohmann::json({150'000, 300'000, 160'000}));
  EXPECT_EQ(line["measured"]["median"], 160'000);
  EXPECT_EQ(line["reference"]["name"], "RocksDB");
  EXPECT_EQ(line["ratio"], 1.6);
  EXPECT_EQ(line["goal"]["bound"], "at_least");
  EXPECT_EQ(line["verdict"], "met");
  EXPECT_EQ(json["failures"][0]["suite"], "peers");
}

}  // namespace
}  // namespace muster::bench
