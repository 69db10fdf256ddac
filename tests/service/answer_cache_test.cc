// Answers that are given again: for as long as they are right, and not once longer.
#include "service/answer_cache.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "aggregator/totals_query.h"
#include "tests/aggregator/aggregator_fixture.h"

namespace muster {
namespace {

constexpr char kOfTheWeek[] = "operations: 'county-lines-2021-10'";
constexpr char kOfAll[] = "metrics: 'warrants-executed'";

class AnswerCacheTest : public AggregatorTest {
 protected:
  void SetUp() override { Start(); }

  AnswerBasis BasisOf(const std::string& query_text) {
    FieldProblems problems;
    const std::optional<TotalsQuery> query =
        ParseTotalsQuery(QueryFromText(query_text), "query", cubes().catalogue(), *cubes().operations(), &problems);
    EXPECT_TRUE(query.has_value()) << query_text;
    v1::QueryTotalsResponse answer;
    AnswerBasis basis;
    EXPECT_THAT(ComputeTotals(cubes(), *query, &answer, &basis), IsOk());
    return basis;
  }

  void Keep(AnswerCache& cache, const std::string& question, const std::string& answer,
            const std::string& query_text = kOfTheWeek) {
    cache.Keep(question, grpc::Slice(answer), BasisOf(query_text));
  }

  static std::string Find(AnswerCache& cache, const std::string& question) {
    const std::optional<AnswerCache::Found> found = cache.Find(question);
    return found ? std::string(reinterpret_cast<const char*>(found->answer.begin()), found->answer.size()) : "nothing";
  }

  v1::OperationResult OfAnotherWeek(const std::string& result_id) {
    v1::OperationResult result = Warrants("kent", result_id, 1, 5);
    result.set_operation("county-lines-2023-02");
    result.set_start_date("2023-03-01");
    result.set_end_date("2023-03-01");
    return result;
  }
};

TEST_F(AnswerCacheTest, AnAnswerIsFoundUntilSomethingChangesThatItIsAbout) {
  AnswerCache cache(cubes(), {.max_answers = 10, .max_bytes = 1'000});
  SubmitOne(Warrants("kent", "a", 1, 5));
  Keep(cache, "week", "five");
  Keep(cache, "all", "also five", kOfAll);
  EXPECT_EQ(Find(cache, "week"), "five");
  EXPECT_EQ(Find(cache, "all"), "also five");
  EXPECT_EQ(Find(cache, "wee"), "nothing");

  SubmitOne(OfAnotherWeek("a"));
  EXPECT_EQ(Find(cache, "week"), "five") << "another operation does not concern it";
  EXPECT_EQ(cache.Find("week")->position, 2) << "and it stands for now";
  EXPECT_EQ(Find(cache, "all"), "nothing");

  SubmitOne(Warrants("kent", "a", 1, 5));
  EXPECT_EQ(Find(cache, "week"), "five") << "a duplicate changes nothing";
  SubmitOne(Warrants("kent", "a", 2, 6));
  EXPECT_EQ(Find(cache, "week"), "nothing");
  Keep(cache, "week", "six");
  EXPECT_EQ(Find(cache, "week"), "six");
  SubmitOne(Retraction("kent", "a", 3));
  EXPECT_EQ(Find(cache, "week"), "nothing");
}

TEST_F(AnswerCacheTest, AnAnswerAboutThePastIsFoundWhateverComesIn) {
  AnswerCache cache(cubes(), {.max_answers = 10, .max_bytes = 1'000});
  SubmitOne(Warrants("kent", "a", 1, 5));
  google::protobuf::Timestamp time;
  time.set_seconds(7);
  cache.KeepPast("week", grpc::Slice("five"), 1, time, "of whom");
  SubmitOne(Warrants("kent", "a", 2, 6));
  EXPECT_EQ(Find(cache, "week"), "five");
  const std::optional<AnswerCache::Found> found = cache.Find("week");
  EXPECT_EQ(found->position, 1);
  EXPECT_EQ(found->time.seconds(), 7);
  EXPECT_EQ(found->audit_object, "of whom");
  Keep(cache, "week", "six");
  EXPECT_EQ(Find(cache, "week"), "six") << "an answer to the same question takes its place";
  cache.KeepPast("too large", grpc::Slice(std::string(1'000, 'a')), 1, time);
  EXPECT_EQ(Find(cache, "too large"), "nothing");
}

TEST_F(AnswerCacheTest, AnAnswerIsNotFoundAfterItsOperationChangedOrANewOneCame) {
  AnswerCache cache(cubes(), {.max_answers = 10, .max_bytes = 1'000});
  const std::string created =
      "id: 'new' title: 'New' start_date: '2021-10-11' end_date: '2021-10-17' expected_metrics: 'arrests'";
  Keep(cache, "all", "none yet", kOfAll);
  PutOperation(OperationFromText(created));
  EXPECT_EQ(Find(cache, "all"), "nothing");
  Keep(cache, "new", "nobody", "operations: 'new'");
  Keep(cache, "week", "nobody either");
  PutOperation(OperationFromText(created + " expected_forces: 'kent'"));
  EXPECT_EQ(Find(cache, "new"), "nothing");
  EXPECT_EQ(Find(cache, "week"), "nobody either");
}

TEST_F(AnswerCacheTest, AnAnswerIsNotFoundOnceAForceThatIsMissingIsLate) {
  AnswerCache cache(cubes(), {.max_answers = 10, .max_bytes = 1'000});
  v1::Operation operation = OperationFromText(
      "id: 'new' title: 'New' start_date: '2021-10-11' end_date: '2021-10-17' expected_metrics: 'arrests'");
  operation.mutable_due_time()->set_seconds(now_us_ / 1'000'000 + 10);
  PutOperation(operation);
  Keep(cache, "new", "in time", "operations: 'new'");
  now_us_ = operation.due_time().seconds() * 1'000'000;
  EXPECT_EQ(Find(cache, "new"), "in time") << "to the last microsecond";
  ++now_us_;
  EXPECT_EQ(Find(cache, "new"), "nothing");
  Keep(cache, "new", "late", "operations: 'new'");
  now_us_ += 1'000'000'000;
  EXPECT_EQ(Find(cache, "new"), "late") << "and stays so";
}

TEST_F(AnswerCacheTest, WhatWasAskedForLongestAgoGoesFirst) {
  AnswerCache cache(cubes(), {.max_answers = 3, .max_bytes = 1'000});
  for (const char* const question : {"a", "b", "c"}) Keep(cache, question, question);
  EXPECT_EQ(Find(cache, "a"), "a");
  Keep(cache, "d", "d");
  EXPECT_EQ(Find(cache, "b"), "nothing");
  for (const char* const question : {"a", "c", "d"}) EXPECT_EQ(Find(cache, question), question);
}

TEST_F(AnswerCacheTest, ItsBytesAreBounded) {
  AnswerCache cache(cubes(), {.max_answers = 10, .max_bytes = 20});
  Keep(cache, "a", "123456789");  // 10 bytes with its question.
  Keep(cache, "b", "123456789");
  EXPECT_EQ(Find(cache, "a"), "123456789");
  Keep(cache, "b", "987654321");
  EXPECT_EQ(Find(cache, "b"), "987654321") << "a later answer takes the place of an earlier one";
  EXPECT_EQ(Find(cache, "a"), "123456789");
  Keep(cache, "c", "1");
  EXPECT_EQ(Find(cache, "b"), "nothing");
  EXPECT_EQ(Find(cache, "a"), "123456789");
  Keep(cache, "large", "1234567890123456");
  EXPECT_EQ(Find(cache, "large"), "nothing");
  EXPECT_EQ(Find(cache, "a"), "123456789") << "what does not fit alone puts out nothing else";
}

}  // namespace
}  // namespace muster
