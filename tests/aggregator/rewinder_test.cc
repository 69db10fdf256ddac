// The cubes as they stood: equal to the fold of the log up to there, whatever came in later.
#include "aggregator/rewinder.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "aggregator/milestones.h"
#include "tests/aggregator/aggregator_fixture.h"
#include "tests/aggregator/plain_model.h"
#include "tests/aggregator/random_results.h"
#include "tests/domain/random_seed.h"

namespace muster {
namespace {

using testing::ElementsAre;

AskedMoment AtPosition(LogPosition position) { return {.position = position}; }
AskedMoment AtTime(int64_t time_us) { return {.time_us = time_us}; }

class RewinderTest : public AggregatorTest {
 protected:
  RewinderTest() : rewinder_(std::make_unique<Rewinder>(store(), cubes(), RewinderLimits())) {}

  // Forgets what is kept.
  void NewRewinder(RewinderLimits limits = {}) { rewinder_ = std::make_unique<Rewinder>(store(), cubes(), limits); }
  Rewinder& rewinder() { return *rewinder_; }

  // As it stood. Fails the test where the query is wrong or cannot be answered.
  v1::QueryTotalsResponse QueryAt(const AskedMoment& moment, const v1::TotalsQuery& query) {
    v1::QueryTotalsResponse answer;
    const absl::StatusOr<PastCubes> past =
        rewinder_->At(moment, {query.operations().begin(), query.operations().end()});
    EXPECT_THAT(past, IsOk());
    if (!past.ok()) return answer;
    FieldProblems problems;
    const std::optional<TotalsQuery> parsed =
        ParseTotalsQuery(query, "query", catalogue(), past->operations(), &problems);
    for (const FieldProblem& problem : problems) ADD_FAILURE() << problem.field << ": " << problem.description;
    if (!parsed) return answer;
    EXPECT_THAT(ComputeTotals(past->View(), catalogue(), *parsed, &answer), IsOk());
    return answer;
  }
  std::vector<std::string> RowsAt(const AskedMoment& moment, absl::string_view query_text) {
    return RowsInWords(QueryAt(moment, QueryFromText(query_text)).rows());
  }

 private:
  std::unique_ptr<Rewinder> rewinder_;
};

constexpr char kByForce[] = "metrics: 'warrants-executed' group_by: GROUP_BY_FORCE";

TEST_F(RewinderTest, EveryPositionIsAsItStood) {
  Submit({Warrants("kent", "a", 1, 1), Warrants("essex", "a", 1, 10)});
  Submit({Warrants("kent", "a", 2, 2)});
  Submit({Retraction("kent", "a", 3), Warrants("essex", "b", 1, 5)});
  const std::vector<std::vector<std::string>> kWant = {
      {"kent warrants-executed: 1 from 1/1"},
      {"essex warrants-executed: 10 from 1/1", "kent warrants-executed: 1 from 1/1"},
      {"essex warrants-executed: 10 from 1/1", "kent warrants-executed: 2 from 1/1"},
      {"essex warrants-executed: 10 from 1/1"},
      {"essex warrants-executed: 15 from 2/1"}};
  // Forwards, then backwards from what is kept, then each by itself.
  for (LogPosition position = 1; position <= 5; ++position) {
    EXPECT_EQ(RowsAt(AtPosition(position), kByForce), kWant[static_cast<size_t>(position - 1)]) << position;
  }
  NewRewinder();
  for (LogPosition position = 5; position >= 1; --position) {
    EXPECT_EQ(RowsAt(AtPosition(position), kByForce), kWant[static_cast<size_t>(position - 1)]) << position;
  }
  for (LogPosition position = 1; position <= 5; ++position) {
    NewRewinder({.max_kept_bytes = 0});
    EXPECT_EQ(RowsAt(AtPosition(position), kByForce), kWant[static_cast<size_t>(position - 1)]) << position;
  }
  EXPECT_EQ(Rows(kByForce), kWant.back()) << "what is served now is not touched";
  ExpectTheCubesEqualTheLog();
}

TEST_F(RewinderTest, ATimeIsThePositionOfTheNewestEntryAcceptedByThen) {
  const int64_t begin = now_us_;
  Submit({Warrants("kent", "a", 1, 1), Warrants("kent", "b", 1, 1)});  // At one time.
  now_us_ = begin + 1'000;
  Submit({Warrants("kent", "c", 1, 1)});
  now_us_ = begin + 2'000;
  struct Row {
    int64_t time_us;
    LogPosition want;
  };
  for (const Row& row : std::vector<Row>{{-1, 0},
                                         {begin - 1, 0},
                                         {begin, 2},
                                         {begin + 1, 2},
                                         {begin + 999, 2},
                                         {begin + 1'000, 3},
                                         {begin + 2'000, 3}}) {
    EXPECT_EQ(*LastAcceptedBy(store(), 3, row.time_us), row.want) << row.time_us - begin;
    const absl::StatusOr<PastCubes> past = rewinder().At(AtTime(row.time_us), {});
    ASSERT_THAT(past, IsOk());
    EXPECT_EQ(past->View().position, row.want) << row.time_us - begin;
    EXPECT_EQ(past->View().as_of_time_us, row.time_us) << "the time that was asked for";
  }
  EXPECT_EQ(*LastAcceptedBy(store(), 1, begin), 1) << "no entry behind the last is looked at";
  EXPECT_EQ(*LastAcceptedBy(store(), 0, begin), 0);
  EXPECT_EQ(rewinder().At(AtPosition(1), {})->as_of_time_us, begin) << "of a position it is its accept time";
}

TEST_F(RewinderTest, TheFutureIsRefusedAndWhatIsAnsweredNeverChanges) {
  SubmitOne(Warrants("kent", "a", 1, 1));
  EXPECT_THAT(rewinder().At(AtPosition(2), {}), StatusIs(absl::StatusCode::kInvalidArgument, testing::_));
  EXPECT_THAT(rewinder().At(AtTime(now_us_ + 1), {}), StatusIs(absl::StatusCode::kInvalidArgument, testing::_));

  // The time of an answer is behind every group that comes later, though the clock stands.
  const v1::QueryTotalsResponse before = QueryAt(AtTime(now_us_), QueryFromText(kByForce));
  EXPECT_EQ(before.position(), 1);
  SubmitOne(Warrants("kent", "b", 1, 1));
  NewRewinder();
  EXPECT_EQ(QueryAt(AtTime(now_us_), QueryFromText(kByForce)).SerializeAsString(), before.SerializeAsString());
}

// A group that is being written has its time already; until it is there, that time is not to be had.
TEST_F(RewinderTest, TheTimeOfAGroupThatIsBeingWrittenIsTheFuture) {
  SubmitOne(Warrants("kent", "a", 1, 1));
  now_us_ += 1'000;
  store().HoldAppends();
  DecisionsLater held = SubmitLater({Warrants("kent", "b", 1, 1)});
  store().AwaitHeldAppend();
  const int64_t group_us = now_us_;
  now_us_ += 1'000;
  EXPECT_THAT(rewinder().At(AtTime(group_us), {}), StatusIs(absl::StatusCode::kInvalidArgument, testing::_));
  EXPECT_EQ(rewinder().At(AtTime(group_us - 1), {})->View().position, 1);
  store().Release();
  ASSERT_THAT(held.get(), IsOk());
  EXPECT_EQ(rewinder().At(AtTime(group_us), {})->View().position, 2);
}

TEST_F(RewinderTest, OperationsAreAsTheyStoodThen) {
  v1::Operation operation = cubes().operations()->Find(kWeek)->proto;
  SubmitOne(Warrants("kent", "a", 1, 1));  // Position 1.
  operation.set_title("Renamed");
  operation.add_expected_forces("kent");
  operation.add_expected_forces("surrey");
  operation.mutable_due_time()->set_seconds(now_us_ / 1'000'000 - 10);
  PutOperation(operation);  // 2
  SubmitOne(Warrants("essex", "a", 1, 1));
  v1::Operation made = operation;
  made.set_id("made-later");
  PutOperation(made);  // 4
  operation.mutable_due_time()->set_seconds(now_us_ / 1'000'000 + 10);
  operation.set_closed(true);
  PutOperation(operation);  // 5
  const auto title_at = [&](LogPosition position) {
    return rewinder().At(AtPosition(position), {})->operations().Find(kWeek)->proto.title();
  };
  const std::string shipped = title_at(1);
  EXPECT_NE(shipped, "Renamed");
  EXPECT_EQ(title_at(2), "Renamed");
  EXPECT_EQ(rewinder().At(AtPosition(3), {})->operations().Find("made-later"), nullptr);
  EXPECT_NE(rewinder().At(AtPosition(4), {})->operations().Find("made-later"), nullptr);
  EXPECT_FALSE(rewinder().At(AtPosition(4), {})->operations().Find(kWeek)->proto.closed());
  EXPECT_TRUE(rewinder().At(AtPosition(5), {})->operations().Find(kWeek)->proto.closed());

  const v1::TotalsQuery query = QueryFromText(absl::StrCat("operations: '", kWeek, "'"));
  const auto coverage_at = [&](LogPosition position) { return QueryAt(AtPosition(position), query).coverage(); };
  EXPECT_EQ(coverage_at(1).expected_count(), 43);
  EXPECT_THAT(coverage_at(1).missing_forces(), testing::Contains("surrey"));
  EXPECT_THAT(coverage_at(2).missing_forces(), ElementsAre("surrey"));
  const auto late_at = [&](LogPosition position) {
    const v1::Coverage coverage = coverage_at(position);
    for (const v1::ForceCoverage& force : coverage.forces()) {
      if (force.force() == "surrey") return force.late();
    }
    return false;
  };
  EXPECT_FALSE(late_at(1));
  EXPECT_TRUE(late_at(2)) << "it was due, as the operation stood then";
  EXPECT_FALSE(late_at(5)) << "the time was put off";
  EXPECT_EQ(title_at(1), shipped);
}

TEST_F(RewinderTest, CubesOfSomeOperationsAreWholeAndThoseOfOthersAreNotLookedAt) {
  v1::Operation other = cubes().operations()->Find(kWeek)->proto;
  other.set_id("another-week");
  PutOperation(other);
  v1::OperationResult result = Warrants("kent", "a", 1, 7);
  SubmitOne(result);
  result.set_operation("another-week");
  SubmitOne(result);
  const auto counted = [](const PastCubes& past) {
    std::map<std::string, int> forces;
    for (const OperationCubes& cubes : past.View().operations) {
      const auto is_there = [](const auto& cube) { return cube != nullptr; };
      const auto count = std::count_if(cubes.forces.begin(), cubes.forces.end(), is_there);
      if (count > 0) forces[cubes.operation->proto.id()] = static_cast<int>(count);
    }
    return forces;
  };
  using Counted = std::map<std::string, int>;
  EXPECT_EQ(counted(*rewinder().At(AtPosition(3), {"another-week"})), (Counted{{"another-week", 1}}));
  EXPECT_EQ(counted(*rewinder().At(AtPosition(3), {kWeek, kWeek})), (Counted{{kWeek, 1}}))
      << "what is kept of another operation is no help";
  EXPECT_EQ(counted(*rewinder().At(AtPosition(3), {})), (Counted{{"another-week", 1}, {kWeek, 1}}));
  const int64_t replayed = store().replayed_count();
  EXPECT_EQ(rewinder().At(AtPosition(3), {kWeek})->View().position, 3);
  EXPECT_EQ(store().replayed_count(), replayed) << "what is kept of all is enough for one";
}

TEST_F(RewinderTest, WhatIsKeptIsBoundedAndIsNotMadeAgain) {
  for (int i = 0; i < 10; ++i) SubmitOne(Warrants("kent", absl::StrCat("r", i), 1, 1));
  const auto replays_of = [&](LogPosition position) {
    const int64_t before = store().replayed_count();
    EXPECT_THAT(RowsAt(AtPosition(position), "metrics: 'warrants-executed'"),
                ElementsAre(absl::StrCat("warrants-executed: ", position, " from ", position, "/1")));
    return store().replayed_count() - before;
  };
  EXPECT_GE(replays_of(5), 5);
  EXPECT_EQ(replays_of(5), 0) << "it is kept";
  EXPECT_LE(replays_of(7), 3) << "from the nearest that is kept";
  EXPECT_GE(replays_of(4), 4) << "a later one is no help";
  NewRewinder({.max_kept_bytes = 64 << 20, .max_kept = 2});
  replays_of(5), replays_of(7), replays_of(5), replays_of(9);
  EXPECT_EQ(replays_of(5), 0);
  EXPECT_GT(replays_of(7), 0) << "what was asked for the longest time ago went";
}

TEST_F(RewinderTest, AReplayThatNobodyWaitsForEnds) {
  std::vector<v1::OperationResult> results;
  results.reserve(900);
  for (int i = 0; i < 900; ++i) results.push_back(Warrants("kent", absl::StrCat("r", i), 1, 1));
  Submit(results);
  for (v1::OperationResult& result : results) result.set_force("essex");
  Submit(results);
  int asked = 0;
  EXPECT_THAT(rewinder().At(AtPosition(1'800), {}, [&] { return ++asked > 1; }),
              StatusIs(absl::StatusCode::kCancelled, testing::_));
  EXPECT_LT(store().replayed_count(), 1'100);
  EXPECT_EQ(rewinder().At(AtPosition(1'800), {}, [] { return true; })->View().position, 1'800);
}

TEST_F(RewinderTest, WhatCannotBeReadIsAnErrorAndNotKept) {
  Submit({Warrants("kent", "a", 1, 1), Warrants("kent", "b", 1, 1)});
  store().FailReads(absl::DataLossError("a byte is wrong"));
  EXPECT_THAT(rewinder().At(AtPosition(2), {}), StatusIs(absl::StatusCode::kDataLoss, "a byte is wrong"));
  EXPECT_THAT(rewinder().At(AtTime(now_us_), {}), StatusIs(absl::StatusCode::kDataLoss, "a byte is wrong"));
  store().FailReads(absl::OkStatus());
  EXPECT_EQ(rewinder().At(AtPosition(2), {})->View().position, 2);
}

// What somebody asks for, against a log that ends at 5, where nothing is known of what comes after a second past the
// epoch.
struct MomentCase {
  std::string name;
  LogPosition position = 0;
  std::optional<std::pair<int64_t, int32_t>> time;  // Seconds and nanoseconds.
  AskedMoment want;
  std::vector<std::string> problems;
};

class ParseMomentTest : public testing::TestWithParam<MomentCase> {};

TEST_P(ParseMomentTest, ReadsItOrSaysWhatIsWrong) {
  const MomentCase& row = GetParam();
  google::protobuf::Timestamp time;
  if (row.time) {
    time.set_seconds(row.time->first);
    time.set_nanos(row.time->second);
  }
  FieldProblems problems;
  const AskedMoment moment = ParseMoment(row.position, "p", row.time ? &time : nullptr, "t",
                                         {.position = 5, .as_of_time_us = 1'000'000}, &problems);
  std::vector<std::string> found;
  for (const FieldProblem& problem : problems) found.push_back(absl::StrCat(problem.field, " ", problem.reason));
  EXPECT_EQ(found, row.problems);
  if (!row.problems.empty()) return;
  EXPECT_EQ(moment, row.want);
}

INSTANTIATE_TEST_SUITE_P(Fields, ParseMomentTest,
                         testing::ValuesIn<MomentCase>({
                             {"Neither", 0, std::nullopt, {}, {}},
                             {"First", 1, std::nullopt, {.position = 1}, {}},
                             {"Newest", 5, std::nullopt, {.position = 5}, {}},
                             {"OneBehindTheNewest", 6, std::nullopt, {}, {"p IN_FUTURE"}},
                             {"BelowZero", -1, std::nullopt, {}, {"p POSITION_MALFORMED"}},
                             {"Epoch", 0, {{0, 0}}, {.time_us = 0}, {}},
                             {"Now", 0, {{1, 0}}, {.time_us = 1'000'000}, {}},
                             {"NowAndLessThanAMicrosecond", 0, {{1, 999}}, {.time_us = 1'000'000}, {}},
                             {"NowAndAMicrosecond", 0, {{1, 1'000}}, {}, {"t IN_FUTURE"}},
                             {"BeforeTheEpoch", 0, {{-1, 999'999'999}}, {.time_us = -1}, {}},
                             {"Year1", 0, {{-62'135'596'800, 0}}, {.time_us = -62'135'596'800'000'000}, {}},
                             {"BeforeYear1", 0, {{-62'135'596'801, 0}}, {}, {"t TIME_MALFORMED"}},
                             {"AfterYear9999", 0, {{253'402'300'800, 0}}, {}, {"t TIME_MALFORMED"}},
                             {"NanosecondsBelowZero", 0, {{0, -1}}, {}, {"t TIME_MALFORMED"}},
                             {"NanosecondsOfASecond", 0, {{0, 1'000'000'000}}, {}, {"t TIME_MALFORMED"}},
                             {"Both", 1, {{0, 0}}, {}, {"t TWO_MOMENTS"}},
                             {"BothAndWrong", 6, {{9, 0}}, {}, {"p IN_FUTURE", "t TWO_MOMENTS"}},
                         }),
                         [](const auto& row) { return row.param.name; });

// Random histories: at random positions the totals are those of the plain model of the log up to there, and stay the
// same bytes.
constexpr int kHistoriesOfTest = 50;
constexpr int kPositionsOfHistory = 4;

class RandomPastTest : public RewinderTest, public testing::WithParamInterface<int> {};

TEST_P(RandomPastTest, EqualsThePlainModelOfTheLogUpToThereForEver) {
  const uint32_t seed = RandomSeed();
  struct Answered {
    AskedMoment moment;
    v1::TotalsQuery query;
    std::string answer;
  };
  std::vector<Answered> answered;
  for (int history = 0; history < kHistoriesOfTest; ++history) {
    SCOPED_TRACE(absl::StrCat("MUSTER_SEED=", seed, ", history ", history));
    std::seed_seq seeds{seed, static_cast<uint32_t>(GetParam()), static_cast<uint32_t>(history)};
    std::mt19937 random(seeds);
    ResultMaker maker(catalogue().proto(), &random);
    std::vector<v1::Operation> operations;
    for (const int year : {2023, 2018}) {
      operations.push_back(MakeOperation(absl::StrCat("week-", year, "-", history), absl::CivilDay(year, 8, 27)));
      PutOperation(operations.back());
    }
    const LogPosition first = store().last_position();
    for (int submission = 0, count = 1 + maker.Below(8); submission < count; ++submission) {
      std::vector<v1::OperationResult> results;
      for (int i = 0, size = 1 + maker.Below(6); i < size; ++i) results.push_back(maker.Result(operations));
      Submit(results);
    }
    const LogPosition last = store().last_position();
    for (int i = 0; i < kPositionsOfHistory; ++i) {
      if (maker.OneIn(3)) NewRewinder({.max_kept_bytes = maker.OneIn(2) ? size_t{64} << 20 : 0});
      const LogPosition position = first + maker.Below(static_cast<int>(last - first + 1));
      PlainModel model(catalogue().proto());
      for (const v1::Operation& operation : operations) model.AddOperation(operation);
      for (LogPosition logged = first + 1; logged <= position; ++logged) model.Submit(LoggedAt(logged).result());
      const v1::TotalsQuery query = maker.Query(operations, static_cast<unsigned>(maker.Below(32)), maker.OneIn(2));
      const v1::QueryTotalsResponse answer = QueryAt(AtPosition(position), query);
      ASSERT_EQ(answer.position(), position);
      ASSERT_EQ(Comparable(answer.rows()), Comparable(model.Totals(query))) << query.DebugString();
      ASSERT_EQ(answer.cut_by_period_count(), model.CutByPeriod(query)) << query.DebugString();
      answered.push_back({AtPosition(position), query, answer.SerializeAsString()});
    }
  }
  const auto expect_the_same_answers = [&](const std::string& when) {
    for (const Answered& one : answered) {
      ASSERT_EQ(QueryAt(one.moment, one.query).SerializeAsString(), one.answer) << when << ", " << one.moment.position;
    }
  };
  NewRewinder();
  expect_the_same_answers("after more has come in");
  MilestoneWriter writer(store(), cubes().shared_catalogue(), {.distance = 50, .max_bytes_per_entry = 1'000'000});
  ASSERT_TRUE(*writer.FillOne(store().last_position(), [] { return true; }));
  NewRewinder({.max_kept_bytes = 0});
  expect_the_same_answers("with milestones");
  ASSERT_THAT(store().DropMilestones(), IsOk());
  NewRewinder();
  expect_the_same_answers("without them");
  Start();
  NewRewinder();
  expect_the_same_answers("after a restart");
}

INSTANTIATE_TEST_SUITE_P(TwoHundred, RandomPastTest, testing::Range(0, 200 / kHistoriesOfTest),
                         [](const auto& row) { return absl::StrCat("From", row.param * kHistoriesOfTest); });

}  // namespace
}  // namespace muster
