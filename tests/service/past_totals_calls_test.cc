// Totals as they stood: the same question has the same answer for ever, and the future has none.
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"
#include "tests/service/server_fixture.h"

namespace muster {
namespace {

using google::protobuf::util::TimeUtil;
using testing::ElementsAre;
using testing::SizeIs;

v1::QueryTotalsRequest ByForceAt(int64_t position) {
  v1::QueryTotalsRequest request;
  request.mutable_query()->add_operations(kOctober2021);
  request.mutable_query()->add_metrics("arrests");
  request.mutable_query()->add_group_by(v1::GROUP_BY_FORCE);
  request.mutable_query()->set_as_of_position(position);
  return request;
}

class PastTotalsCallsTest : public ServerTest {
 protected:
  // Fails the test if it is not answered.
  v1::QueryTotalsResponse Ask(const v1::QueryTotalsRequest& request) {
    v1::QueryTotalsResponse response;
    EXPECT_THAT(client().TryQuery(request, &response), IsOkCall());
    return response;
  }
  std::vector<std::string> SumsAt(int64_t position) {
    std::vector<std::string> sums;
    const v1::QueryTotalsResponse answer = Ask(ByForceAt(position));
    EXPECT_EQ(answer.position(), position);
    for (const v1::TotalsRow& row : answer.rows()) sums.push_back(absl::StrCat(row.force(), " ", row.total().sum()));
    return sums;
  }
};

TEST_F(PastTotalsCallsTest, EveryPositionHasItsTotalsWhateverComesIn) {
  const v1::Receipt first = client().SubmitOne(MakeResult("r1", 1, 5, "kent"));
  client().SubmitOne(MakeResult("r1", 1, 10, "essex"));
  EXPECT_THAT(SumsAt(1), ElementsAre("kent 5"));
  EXPECT_THAT(SumsAt(2), ElementsAre("essex 10", "kent 5"));
  client().SubmitOne(MakeResult("r1", 2, 6, "kent"));
  client().SubmitOne(MakeRetraction("r1", 2, "essex"));
  const std::string then = Ask(ByForceAt(1)).SerializeAsString();
  EXPECT_THAT(SumsAt(1), ElementsAre("kent 5"));
  EXPECT_THAT(SumsAt(3), ElementsAre("essex 10", "kent 6"));
  EXPECT_THAT(SumsAt(4), ElementsAre("kent 6"));
  EXPECT_EQ(TimeUtil::ToString(Ask(ByForceAt(1)).as_of_time()), TimeUtil::ToString(first.accept_time()))
      << "the accept time of the entry";

  Stop();
  Start();
  EXPECT_EQ(Ask(ByForceAt(1)).SerializeAsString(), then) << "after a restart";
  client().SubmitOne(MakeResult("r2", 1, 1, "kent"));
  EXPECT_EQ(Ask(ByForceAt(1)).SerializeAsString(), then) << "and after more";
}

TEST_F(PastTotalsCallsTest, ATimeStandsForItselfAndForWhatWasAcceptedByThen) {
  const v1::Receipt first = client().SubmitOne(MakeResult("r1", 1, 5, "kent"));
  v1::QueryTotalsRequest request = ByForceAt(0);
  const v1::QueryTotalsResponse now = Ask(request);
  client().SubmitOne(MakeResult("r1", 1, 10, "essex"));
  *request.mutable_query()->mutable_as_of_time() = now.as_of_time();
  const v1::QueryTotalsResponse then = Ask(request);
  EXPECT_EQ(then.SerializeAsString(), now.SerializeAsString()) << "what was answered then";
  *request.mutable_query()->mutable_as_of_time() =
      TimeUtil::MicrosecondsToTimestamp(TimeUtil::TimestampToMicroseconds(first.accept_time()) - 1);
  const v1::QueryTotalsResponse before = Ask(request);
  EXPECT_EQ(before.position(), 0);
  EXPECT_THAT(before.rows(), SizeIs(0));
  EXPECT_EQ(before.coverage().expected_count(), 43);
  EXPECT_EQ(before.coverage().reported_count(), 0);
  request.mutable_query()->mutable_as_of_time()->set_seconds(-1);
  EXPECT_EQ(Ask(request).as_of_time().seconds(), -1) << "also before 1970";
}

TEST_F(PastTotalsCallsTest, OfWhatPositionsSayTheTimeThatWasAnsweredIsTheLast) {
  client().SubmitOne(MakeResult("r1", 1, 5, "kent"));
  v1::QueryTotalsRequest request = ByForceAt(0);
  *request.mutable_query()->mutable_as_of_time() = TimeUtil::NanosecondsToTimestamp(
      TimeUtil::TimestampToNanoseconds(Ask(ByForceAt(0)).as_of_time()) + 3'600'000'000'000);
  v1::QueryTotalsResponse response;
  const grpc::Status status = client().TryQuery(request, &response);
  EXPECT_THAT(status, FailsWith(grpc::INVALID_ARGUMENT, "INVALID_QUERY"));
  EXPECT_THAT(ErrorOf(status).violations, ElementsAre(Violation{"query.as_of_time", "IN_FUTURE"}));
}

TEST_F(PastTotalsCallsTest, PagesOfThePastNeverExpireAndAreTheSameForEver) {
  std::vector<v1::OperationResult> results;
  for (const std::string force : {"kent", "surrey", "sussex", "essex", "hampshire"}) {
    results.push_back(MakeResult("r1", 1, 7, force));
  }
  client().Submit(results);
  const auto pages = [&] {
    std::vector<std::string> bytes;
    v1::QueryTotalsRequest request = ByForceAt(5);
    request.set_page_size(2);
    do {
      const v1::QueryTotalsResponse page = Ask(request);
      EXPECT_EQ(page.has_coverage(), request.page_token().empty());
      EXPECT_LE(page.rows_size(), 2);
      bytes.push_back(page.SerializeAsString());
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty() && bytes.size() < 10);
    return bytes;
  };
  const std::vector<std::string> before = pages();
  ASSERT_THAT(before, SizeIs(3));
  client().SubmitOne(MakeResult("r1", 2, 8, "surrey"));
  Stop();
  Start();
  EXPECT_EQ(pages(), before);

  v1::QueryTotalsRequest request = ByForceAt(5);
  request.set_page_size(2);
  const std::string token = Ask(request).next_page_token();
  v1::QueryTotalsResponse response;
  v1::QueryTotalsRequest other = ByForceAt(4);
  other.set_page_token(token);
  EXPECT_THAT(client().TryQuery(other, &response), FailsWith(grpc::INVALID_ARGUMENT, "INVALID_PAGE_TOKEN"))
      << "of another moment";
  other = ByForceAt(0);
  other.set_page_token(token);
  EXPECT_THAT(client().TryQuery(other, &response), FailsWith(grpc::INVALID_ARGUMENT, "INVALID_PAGE_TOKEN")) << "of now";
  std::string inside;
  ASSERT_TRUE(absl::WebSafeBase64Unescape(token, &inside));
  for (const std::string& bad :
       {std::string("x"), absl::WebSafeBase64Escape("totals\n1/2"), absl::WebSafeBase64Escape("totals-as-of\n2"),
        absl::WebSafeBase64Escape("totals-as-of\n/2"), absl::WebSafeBase64Escape(absl::StrCat(inside, "000")),
        absl::WebSafeBase64Escape(absl::StrCat(inside, "x")),
        absl::WebSafeBase64Escape(absl::StrCat(inside.substr(0, inside.find('/')), "/-1"))}) {
    request.set_page_token(bad);
    const grpc::Status status = client().TryQuery(request, &response);
    EXPECT_THAT(status, FailsWith(grpc::INVALID_ARGUMENT, "INVALID_PAGE_TOKEN")) << bad;
    EXPECT_THAT(ErrorOf(status).violations, ElementsAre(Violation{"page_token", "INVALID_PAGE_TOKEN"}));
  }
}

TEST_F(PastTotalsCallsTest, AnOperationThatThereWasNotYetIsUnknown) {
  client().SubmitOne(MakeResult("r1", 1, 5, "kent"));
  v1::CreateOperationRequest create;
  v1::Operation& operation = *create.mutable_operation();
  operation.set_id("made-later");
  operation.set_title("Made later");
  operation.set_start_date("2021-10-11");
  operation.set_end_date("2021-10-17");
  v1::CreateOperationResponse created;
  ASSERT_THAT(MUSTER_CALL(client(), catalogue, CreateOperation, create, &created), IsOkCall());
  v1::QueryTotalsRequest request;
  request.mutable_query()->add_operations("made-later");
  request.mutable_query()->set_as_of_position(2);
  EXPECT_EQ(Ask(request).coverage().expected_count(), 43);
  request.mutable_query()->set_as_of_position(1);
  v1::QueryTotalsResponse response;
  const grpc::Status status = client().TryQuery(request, &response);
  EXPECT_THAT(status, FailsWith(grpc::INVALID_ARGUMENT, "INVALID_QUERY"));
  EXPECT_THAT(ErrorOf(status).violations, ElementsAre(Violation{"query.operations[0]", "UNKNOWN_OPERATION"}));
}

// What is asked at the same time, from everywhere, while results come in.
TEST_F(PastTotalsCallsTest, ManyAtOnceGetTheSameAnswers) {
  for (int i = 1; i <= 20; ++i) client().SubmitOne(MakeResult(absl::StrCat("r", i), 1, 1, "kent"));
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([this, thread] {
      Client own(address());
      for (int position = 1 + thread % 2; position <= 20; ++position) {
        v1::QueryTotalsResponse response;
        ASSERT_THAT(own.TryQuery(ByForceAt(position), &response), IsOkCall());
        ASSERT_EQ(response.rows_size(), 1);
        EXPECT_EQ(response.rows(0).total().sum(), position);
      }
    });
  }
  for (int i = 21; i <= 40; ++i) client().SubmitOne(MakeResult(absl::StrCat("r", i), 1, 1, "kent"));
  for (std::thread& thread : threads) thread.join();
}

// Each asks for no moment that there is. The log ends at 1.
struct BadMoment {
  std::string name;
  std::function<void(v1::TotalsQuery&)> spoil;
  std::vector<Violation> want;
  friend void PrintTo(const BadMoment& row, std::ostream* out) { *out << row.name; }
};

class BadMomentTest : public ServerTest, public testing::WithParamInterface<BadMoment> {};

TEST_P(BadMomentTest, IsRefusedWithEveryViolation) {
  client().SubmitOne(MakeResult("r1", 1, 5, "kent"));
  v1::QueryTotalsRequest request;
  GetParam().spoil(*request.mutable_query());
  v1::QueryTotalsResponse response;
  const grpc::Status status = client().TryQuery(request, &response);
  EXPECT_THAT(status, FailsWith(grpc::INVALID_ARGUMENT, "INVALID_QUERY"));
  EXPECT_EQ(ErrorOf(status).violations, GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(Fields, BadMomentTest,
                         testing::ValuesIn<BadMoment>({
                             {"PositionOfTheFuture",
                              [](auto& query) { query.set_as_of_position(2); },
                              {{"query.as_of_position", "IN_FUTURE"}}},
                             {"PositionBelowZero",
                              [](auto& query) { query.set_as_of_position(-1); },
                              {{"query.as_of_position", "POSITION_MALFORMED"}}},
                             {"TimeOfTheFuture",
                              [](auto& query) { query.mutable_as_of_time()->set_seconds(200'000'000'000); },
                              {{"query.as_of_time", "IN_FUTURE"}}},
                             {"NoTime",
                              [](auto& query) { query.mutable_as_of_time()->set_nanos(-1); },
                              {{"query.as_of_time", "TIME_MALFORMED"}}},
                             {"Both",
                              [](auto& query) {
                                query.set_as_of_position(1);
                                query.mutable_as_of_time();
                              },
                              {{"query.as_of_time", "TWO_MOMENTS"}}},
                             {"AndMore",
                              [](auto& query) {
                                query.set_as_of_position(2);
                                query.add_metrics("no-metric");
                              },
                              {{"query.as_of_position", "IN_FUTURE"}, {"query.metrics[0]", "UNKNOWN_METRIC"}}},
                         }),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace muster
