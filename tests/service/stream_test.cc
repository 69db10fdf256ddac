// Results that are handed in over a stream: answers in order, from many streams at once, and streams that end badly.
#include <algorithm>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/domain/random_seed.h"
#include "tests/service/server_fixture.h"

namespace muster {
namespace {

using testing::ElementsAre;

// One call of StreamResults.
class Stream {
 public:
  explicit Stream(Client& client) {
    context_.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
    stream_ = client.ingest->StreamResults(&context_);
  }

  bool Write(const std::vector<v1::OperationResult>& results) {
    v1::StreamResultsRequest request;
    for (const v1::OperationResult& result : results) *request.add_results() = result;
    return stream_->Write(request);
  }
  bool Read(v1::StreamResultsResponse* answer) { return stream_->Read(answer); }
  void HalfClose() { stream_->WritesDone(); }
  void Cancel() { context_.TryCancel(); }
  grpc::Status Finish() { return stream_->Finish(); }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::StreamResultsRequest, v1::StreamResultsResponse>> stream_;
};

using StreamTest = ServerTest;

TEST_F(StreamTest, MessagesSentAheadAreAnsweredInOrder) {
  constexpr int kMessages = 200;
  Stream stream(client());
  std::thread writer([&] {
    for (int index = 0; index < kMessages; ++index) {
      EXPECT_TRUE(
          stream.Write({MakeResult(absl::StrCat("a", index), 1, 1), MakeResult(absl::StrCat("b", index), 1, 2)}));
    }
    stream.HalfClose();
  });
  v1::StreamResultsResponse answer;
  int64_t next_position = 1;
  for (int index = 0; index < kMessages; ++index) {
    ASSERT_TRUE(stream.Read(&answer)) << index;
    ASSERT_EQ(answer.receipts_size(), 2);
    EXPECT_EQ(answer.receipts(0).result_id(), absl::StrCat("a", index));
    EXPECT_EQ(answer.receipts(0).position(), next_position++);
    EXPECT_EQ(answer.receipts(1).result_id(), absl::StrCat("b", index));
    EXPECT_EQ(answer.receipts(1).position(), next_position++);
    EXPECT_GE(answer.position(), next_position - 1);
  }
  EXPECT_FALSE(stream.Read(&answer));
  writer.join();
  EXPECT_THAT(stream.Finish(), IsOkCall());
  EXPECT_EQ(client().TotalOf(kOctober2021, "arrests")->sum(), 3 * kMessages);
}

TEST_F(StreamTest, AQueryAfterAReceiptSeesItsResult) {
  Stream stream(client());
  v1::StreamResultsResponse answer;
  Client other(address());
  for (int64_t count = 1; count <= 30; ++count) {
    ASSERT_TRUE(stream.Write({MakeResult(absl::StrCat("r", count), 1, 1)}));
    ASSERT_TRUE(stream.Read(&answer));
    v1::TotalsQuery query;
    query.add_metrics("arrests");
    const v1::QueryTotalsResponse totals = other.Query(query);
    EXPECT_GE(totals.position(), answer.position());
    EXPECT_EQ(totals.rows(0).total().sum(), count);
  }
  stream.HalfClose();
  EXPECT_THAT(stream.Finish(), IsOkCall());
}

TEST_F(StreamTest, ABadItemIsToldInItsReceiptAndTheStreamGoesOn) {
  Stream stream(client());
  v1::StreamResultsResponse answer;
  ASSERT_TRUE(stream.Write({MakeResult("good", 1, 1), MakeResult("bad", 0, 1)}));
  ASSERT_TRUE(stream.Read(&answer));
  EXPECT_EQ(answer.receipts(0).outcome(), v1::OUTCOME_ACCEPTED);
  EXPECT_EQ(answer.receipts(1).outcome(), v1::OUTCOME_REJECTED);
  EXPECT_THAT(ErrorOf(answer.receipts(1).problem()).violations,
              ElementsAre(Violation{"results[1].revision", "REVISION_TOO_LOW"}));
  ASSERT_TRUE(stream.Write({MakeResult("bad", 1, 1)}));
  ASSERT_TRUE(stream.Read(&answer));
  EXPECT_EQ(answer.receipts(0).outcome(), v1::OUTCOME_ACCEPTED);
  stream.HalfClose();
  EXPECT_FALSE(stream.Read(&answer));
  EXPECT_THAT(stream.Finish(), IsOkCall());
}

TEST_F(StreamTest, ValidateOnlyWritesNothing) {
  grpc::ClientContext context;
  const auto stream = client().ingest->StreamResults(&context);
  v1::StreamResultsRequest request;
  *request.add_results() = MakeResult("r1", 1, 1);
  request.set_validate_only(true);
  v1::StreamResultsResponse answer;
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(stream->Write(request));
    ASSERT_TRUE(stream->Read(&answer));
    EXPECT_EQ(answer.receipts(0).outcome(), v1::OUTCOME_ACCEPTED);
    EXPECT_EQ(answer.position(), 0);
  }
  stream->WritesDone();
  EXPECT_THAT(stream->Finish(), IsOkCall());
}

TEST_F(StreamTest, AStreamWithoutMessagesEndsWell) {
  Stream stream(client());
  stream.HalfClose();
  v1::StreamResultsResponse answer;
  EXPECT_FALSE(stream.Read(&answer));
  EXPECT_THAT(stream.Finish(), IsOkCall());
}

TEST_F(StreamTest, AnEmptyMessageEndsTheCallAfterTheEarlierAnswers) {
  Stream stream(client());
  ASSERT_TRUE(stream.Write({MakeResult("r1", 1, 1)}));
  ASSERT_TRUE(stream.Write({MakeResult("r2", 1, 1)}));
  ASSERT_TRUE(stream.Write({}));
  v1::StreamResultsResponse answer;
  for (const std::string id : {"r1", "r2"}) {
    ASSERT_TRUE(stream.Read(&answer));
    EXPECT_EQ(answer.receipts(0).result_id(), id);
  }
  EXPECT_FALSE(stream.Read(&answer));
  EXPECT_THAT(stream.Finish(), FailsWith(grpc::INVALID_ARGUMENT, "NO_RESULTS"));
  EXPECT_EQ(client().TotalOf(kOctober2021, "arrests")->sum(), 2);
}

TEST_F(StreamTest, AMessageOfTooManyResultsEndsTheCallAndIsNotTakenInPart) {
  Stream stream(client());
  std::vector<v1::OperationResult> results;
  results.reserve(1'001);
  for (int index = 0; index < 1'001; ++index) results.push_back(MakeResult(absl::StrCat("r", index), 1, 1));
  ASSERT_TRUE(stream.Write(results));
  v1::StreamResultsResponse answer;
  EXPECT_FALSE(stream.Read(&answer));
  EXPECT_THAT(stream.Finish(), FailsWith(grpc::INVALID_ARGUMENT, "TOO_MANY_RESULTS"));
  EXPECT_EQ(client().Position(), 0);
}

TEST_F(StreamTest, AClientThatCancelsMidWaySendsAgainAndIsCountedOnce) {
  constexpr int kMessages = 60;
  const auto message = [](int index) {
    return std::vector<v1::OperationResult>{MakeResult(absl::StrCat("r", index), 1, 1)};
  };
  for (int attempt = 0; attempt < 10; ++attempt) {
    Stream stream(client());
    std::thread writer([&] {
      for (int index = 0; index < kMessages && stream.Write(message(index)); ++index) {
      }
    });
    v1::StreamResultsResponse answer;
    for (int index = 0; index < attempt * 4; ++index) EXPECT_TRUE(stream.Read(&answer));
    stream.Cancel();
    writer.join();
    EXPECT_EQ(stream.Finish().error_code(), grpc::CANCELLED);
  }
  Stream stream(client());
  v1::StreamResultsResponse answer;
  for (int index = 0; index < kMessages; ++index) {
    ASSERT_TRUE(stream.Write(message(index)));
    ASSERT_TRUE(stream.Read(&answer));
    EXPECT_THAT(answer.receipts(0).outcome(), testing::AnyOf(v1::OUTCOME_ACCEPTED, v1::OUTCOME_DUPLICATE));
  }
  stream.HalfClose();
  EXPECT_THAT(stream.Finish(), IsOkCall());
  EXPECT_EQ(client().TotalOf(kOctober2021, "arrests")->sum(), kMessages);
  EXPECT_EQ(client().Verify().mismatch_count(), 0);
}

TEST_F(StreamTest, AStopAnswersWhatItTookAndEndsTheStream) {
  Stream stream(client());
  ASSERT_TRUE(stream.Write({MakeResult("r1", 1, 1)}));
  v1::StreamResultsResponse answer;
  ASSERT_TRUE(stream.Read(&answer));
  stream.HalfClose();
  EXPECT_FALSE(stream.Read(&answer));
  EXPECT_THAT(stream.Finish(), IsOkCall());
  Stop();
  Start();
  EXPECT_EQ(client().TotalOf(kOctober2021, "arrests")->sum(), 1);
}

TEST_F(StreamTest, AStopEndsAStreamThatWaitsForItsClient) {
  Stream stream(client());
  ASSERT_TRUE(stream.Write({MakeResult("r1", 1, 1)}));
  v1::StreamResultsResponse answer;
  ASSERT_TRUE(stream.Read(&answer));
  std::thread stop([this] { StopServer(); });
  EXPECT_FALSE(stream.Read(&answer));
  const grpc::Status status = stream.Finish();
  EXPECT_THAT(status, FailsWith(grpc::UNAVAILABLE, "STORE_UNAVAILABLE"));
  EXPECT_TRUE(ErrorOf(status).has_retry);
  Disconnect();  // Nobody looks after the connection any more, and the server would wait for it.
  stop.join();
  Stop();
  Start();
  EXPECT_EQ(client().SubmitOne(MakeResult("r1", 1, 1)).outcome(), v1::OUTCOME_DUPLICATE);
}

// Several revisions of many results of a few forces; the last of each result's revisions is the one that counts.
std::vector<v1::OperationResult> History(std::mt19937& random) {
  const std::vector<std::string> forces = {"thames-valley", "hampshire", "kent", "british-transport-police"};
  const std::vector<std::vector<std::string>> categories = {{}, {"male"}, {"female", "child"}, {"adult"}};
  const auto pick = [&random](size_t count) { return std::uniform_int_distribution<size_t>(0, count - 1)(random); };
  std::vector<v1::OperationResult> history;
  for (int number = 0; number < 120; ++number) {
    const std::string& force = forces[pick(forces.size())];
    const auto revisions = static_cast<int64_t>(1 + pick(4));
    for (int64_t revision = 1; revision <= revisions; ++revision) {
      if (pick(5) == 0) {
        history.push_back(MakeRetraction(absl::StrCat("r", number), revision, force));
        continue;
      }
      v1::OperationResult result =
          MakeResult(absl::StrCat("r", number), revision, static_cast<int64_t>(50 + pick(50)), force);
      const std::string day = absl::StrCat("2021-10-", 11 + pick(7));
      result.set_start_date(day);
      result.set_end_date(day);
      if (pick(2) == 0) {
        const std::vector<std::string>& part = categories[1 + pick(categories.size() - 1)];
        *result.add_figures() = MakeFigure("arrests", static_cast<int64_t>(pick(40)), part);
      }
      if (pick(2) == 0) {
        *result.add_figures() =
            MakeFigure("cash-seized", static_cast<int64_t>(pick(100'000)), {}, v1::UNIT_PENNY,
                       static_cast<v1::Qualifier>(pick(static_cast<size_t>(v1::Qualifier_MAX) + 1)));
      }
      history.push_back(std::move(result));
    }
  }
  return history;
}

std::string RowsOf(Client& client, const std::vector<v1::GroupBy>& group_by) {
  v1::TotalsQuery query;
  for (const v1::GroupBy by : group_by) query.add_group_by(by);
  std::string rows;
  for (const auto answer = client.Query(query); const v1::TotalsRow& row : answer.rows()) {
    absl::StrAppend(&rows, row.ShortDebugString(), "\n");
  }
  return rows;
}

TEST_F(StreamTest, EightStreamsInRandomOrderMakeTheTotalsOfOneByOne) {
  std::mt19937 random(RandomSeed());
  const std::vector<v1::OperationResult> history = History(random);

  const std::unique_ptr<Server> other = StartServer(folder().Path("one-by-one"));
  ASSERT_NE(other, nullptr);
  Client one_by_one(other->address());
  for (const v1::OperationResult& result : history) one_by_one.SubmitOne(result);

  // Every result goes over three streams.
  constexpr size_t kStreams = 8;
  std::vector<std::vector<v1::OperationResult>> shares(kStreams);
  for (const v1::OperationResult& result : history) {
    const size_t first = random() % kStreams;
    for (size_t copy = 0; copy < 3; ++copy) shares[(first + copy) % kStreams].push_back(result);
  }
  for (std::vector<v1::OperationResult>& share : shares) std::shuffle(share.begin(), share.end(), random);
  std::vector<std::thread> senders;
  senders.reserve(shares.size());
  for (const std::vector<v1::OperationResult>& share : shares) {
    senders.emplace_back([this, &share] {
      Client sender(address());
      Stream stream(sender);
      std::thread writer([&] {
        for (size_t begin = 0; begin < share.size(); begin += 5) {
          const auto first = share.begin() + static_cast<std::ptrdiff_t>(begin);
          EXPECT_TRUE(stream.Write({first, first + std::min<std::ptrdiff_t>(5, share.end() - first)}));
        }
        stream.HalfClose();
      });
      v1::StreamResultsResponse answer;
      size_t receipts = 0;
      while (stream.Read(&answer)) {
        for (const v1::Receipt& receipt : answer.receipts()) {
          EXPECT_EQ(receipt.result_id(), share[receipts++].result_id());
          EXPECT_NE(receipt.outcome(), v1::OUTCOME_CONFLICT);
          EXPECT_NE(receipt.outcome(), v1::OUTCOME_REJECTED) << receipt.problem().ShortDebugString();
        }
      }
      writer.join();
      EXPECT_EQ(receipts, share.size());
      EXPECT_THAT(stream.Finish(), IsOkCall());
    });
  }
  for (std::thread& sender : senders) sender.join();

  for (const std::vector<v1::GroupBy>& group_by :
       {std::vector<v1::GroupBy>{},
        {v1::GROUP_BY_REGION, v1::GROUP_BY_CATEGORY},
        {v1::GROUP_BY_OPERATION, v1::GROUP_BY_FORCE, v1::GROUP_BY_DATE, v1::GROUP_BY_CATEGORY}}) {
    const std::string rows = RowsOf(client(), group_by);
    EXPECT_NE(rows, "");
    EXPECT_EQ(rows, RowsOf(one_by_one, group_by));
  }
  EXPECT_EQ(client().Verify().mismatch_count(), 0);
}

}  // namespace
}  // namespace muster
