#include "clients/cpp/client.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <limits>
#include <mutex>
#include <optional>
#include <ostream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/cpp/error_details.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"
#include "tests/clients/fake_clock.h"
#include "tests/clients/fake_server.h"
#include "tests/clients/rich_status.h"

namespace muster {
namespace {

using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::SizeIs;

const google::rpc::Status& Unavailable() {
  static const auto* const status =
      new google::rpc::Status(RichStatus(absl::StatusCode::kUnavailable, "STORE_UNAVAILABLE"));
  return *status;
}

MATCHER_P(HasCode, code, "") {
  *result_listener << "is " << arg.ToString();
  return arg.code() == code;
}

class ClientTest : public testing::Test {
 protected:
  ClientTest() : client_(OptionsFor(fake_.address())) {}

  ClientOptions OptionsFor(const std::string& address) {
    ClientOptions options;
    options.server_address = address;
    options.clock = clock_.Functions();
    return options;
  }
  absl::Time In(absl::Duration duration) const { return clock_.Now() + duration; }
  // GetOperation, which stands for every unary call: all go the same way.
  absl::Status Get(absl::Duration timeout = absl::Seconds(60)) {
    return client_.GetOperation({}, In(timeout)).status();
  }

  FakeClock clock_;
  FakeServer fake_;
  MusterClient client_;
};

// --- Deadlines ---

// Every call of the client, without a deadline.
struct Call {
  std::string name;
  std::function<absl::Status(MusterClient&, absl::Time deadline)> make;
  friend void PrintTo(const Call& row, std::ostream* out) { *out << row.name; }
};

std::vector<Call> EveryCall() {
  return {
      {"SubmitResults", [](auto& client, auto deadline) { return client.SubmitResults({}, deadline).status(); }},
      {"SubmitAll",
       [](auto& client, auto deadline) {
         const std::vector<v1::OperationResult> results(1);
         return client.SubmitAll(results, {}, deadline, [](auto, const auto&) {}).status();
       }},
      {"GetResult", [](auto& client, auto deadline) { return client.GetResult({}, deadline).status(); }},
      {"ListResults", [](auto& client, auto deadline) { return client.ListResults({}, deadline).status(); }},
      {"ListAllResults",
       [](auto& client, auto deadline) { return client.ListAllResults("op", "kent", deadline).status(); }},
      {"QueryTotals", [](auto& client, auto deadline) { return client.QueryTotals({}, deadline).status(); }},
      {"QueryAllTotals", [](auto& client, auto deadline) { return client.QueryAllTotals({}, deadline).status(); }},
      {"GetCoverage", [](auto& client, auto deadline) { return client.GetCoverage({}, deadline).status(); }},
      {"GetCatalogue", [](auto& client, auto deadline) { return client.GetCatalogue({}, deadline).status(); }},
      {"ListOperations", [](auto& client, auto deadline) { return client.ListOperations({}, deadline).status(); }},
      {"ListAllOperations", [](auto& client, auto deadline) { return client.ListAllOperations(deadline).status(); }},
      {"GetOperation", [](auto& client, auto deadline) { return client.GetOperation({}, deadline).status(); }},
      {"CreateOperation", [](auto& client, auto deadline) { return client.CreateOperation({}, deadline).status(); }},
      {"UpdateOperation", [](auto& client, auto deadline) { return client.UpdateOperation({}, deadline).status(); }},
      {"CloseOperation", [](auto& client, auto deadline) { return client.CloseOperation({}, deadline).status(); }},
      {"ReopenOperation", [](auto& client, auto deadline) { return client.ReopenOperation({}, deadline).status(); }},
      {"IsServing", [](auto& client, auto deadline) { return client.IsServing(deadline).status(); }},
      {"GetServerInfo", [](auto& client, auto deadline) { return client.GetServerInfo({}, deadline).status(); }},
      {"VerifyTotals", [](auto& client, auto deadline) { return client.VerifyTotals({}, deadline).status(); }},
      {"Backup", [](auto& client, auto deadline) { return client.Backup({}, deadline).status(); }},
  };
}

class EveryCallTest : public ClientTest, public testing::WithParamInterface<Call> {};

TEST_P(EveryCallTest, NeedsADeadline) {
  EXPECT_THAT(GetParam().make(client_, absl::InfiniteFuture()), HasCode(absl::StatusCode::kInvalidArgument));
  EXPECT_FALSE(client_.ReachedServer());
}

TEST_P(EveryCallTest, IsNotBegunOnceItsDeadlineHasPassed) {
  for (const absl::Duration timeout : {-absl::Seconds(1), absl::ZeroDuration()}) {
    EXPECT_THAT(GetParam().make(client_, In(timeout)), HasCode(absl::StatusCode::kDeadlineExceeded));
  }
  EXPECT_FALSE(client_.ReachedServer());
  EXPECT_THAT(clock_.Sleeps(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Calls, EveryCallTest, testing::ValuesIn(EveryCall()),
                         [](const auto& row) { return row.param.name; });

TEST_F(ClientTest, TheServerIsToldWhatIsLeftOfTheDeadline) {
  fake_.get_operation.ThenStatus(RichStatus(absl::StatusCode::kUnavailable, "", absl::Seconds(3'000)));
  fake_.get_operation.ThenAnswer({});
  clock_.SetRandom(0.0);
  EXPECT_TRUE(Get(absl::Seconds(3'600)).ok());
  // gRPC rounds up what it sends, by up to three in a hundred.
  EXPECT_THAT(fake_.get_operation.TimeLeft(),
              ElementsAre(testing::AllOf(Ge(std::chrono::seconds(3'500)), Le(std::chrono::seconds(3'700))),
                          testing::AllOf(Ge(std::chrono::seconds(500)), Le(std::chrono::seconds(700)))));
}

TEST_F(ClientTest, AnAnswerThatDoesNotComeIsWaitedForUntilTheDeadlineOnly) {
  std::promise<void> over;
  // The handler may outlive this function by a moment.
  fake_.get_operation.Then([is_over = over.get_future().share()](auto&, const auto&, auto&) {
    is_over.wait();
    return grpc::Status::OK;
  });
  EXPECT_THAT(Get(absl::Milliseconds(200)), HasCode(absl::StatusCode::kDeadlineExceeded));
  EXPECT_THAT(clock_.Sleeps(), IsEmpty());
  over.set_value();
}

// --- Trying again ---

TEST_F(ClientTest, UnavailableIsTriedAgainLaterEachTime) {
  for (int attempt = 0; attempt < 3; ++attempt) fake_.get_operation.ThenStatus(Unavailable());
  v1::GetOperationResponse response;
  response.mutable_operation()->set_id("op");
  fake_.get_operation.ThenAnswer(response);
  v1::GetOperationRequest request;
  request.set_operation("op");
  const auto answer = client_.GetOperation(request, In(absl::Seconds(60)));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->operation().id(), "op");
  EXPECT_THAT(clock_.Sleeps(), ElementsAre(absl::Milliseconds(100), absl::Milliseconds(200), absl::Milliseconds(400)));
  ASSERT_THAT(fake_.get_operation.Requests(), SizeIs(4));
  for (const v1::GetOperationRequest& sent : fake_.get_operation.Requests()) EXPECT_EQ(sent.operation(), "op");
}

TEST_F(ClientTest, TheServerSaysHowLongToWait) {
  fake_.get_operation.ThenStatus(RichStatus(absl::StatusCode::kResourceExhausted, "QUEUE_FULL", absl::Seconds(7)));
  fake_.get_operation.ThenAnswer({});
  EXPECT_TRUE(Get().ok());
  EXPECT_THAT(clock_.Sleeps(), ElementsAre(absl::Seconds(7) + absl::Milliseconds(100)));
}

TEST_F(ClientTest, ACallThatAStoppingServerCancelsIsTriedAgain) {
  fake_.get_operation.Then([](auto&, const auto&, auto&) { return grpc::Status::CANCELLED; });
  fake_.get_operation.ThenAnswer({});
  EXPECT_TRUE(Get().ok());
  EXPECT_THAT(clock_.Sleeps(), SizeIs(1));
}

TEST_F(ClientTest, WhatIsRefusedForGoodIsNotTriedAgainAndKeepsItsDetails) {
  google::rpc::Status refused = RichStatus(absl::StatusCode::kInvalidArgument, "INVALID_QUERY");
  google::rpc::BadRequest bad_request;
  bad_request.add_field_violations()->set_field("query.metrics[0]");
  refused.add_details()->PackFrom(bad_request);
  fake_.get_operation.ThenStatus(refused);
  const absl::Status status = Get();
  EXPECT_THAT(status, HasCode(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(status.message(), "said by the server");
  ASSERT_TRUE(ErrorInfoOf(status).has_value());
  EXPECT_EQ(ErrorInfoOf(status)->reason(), "INVALID_QUERY");
  ASSERT_THAT(FieldViolationsOf(status), SizeIs(1));
  EXPECT_EQ(FieldViolationsOf(status)[0].field(), "query.metrics[0]");
  EXPECT_THAT(fake_.get_operation.Requests(), SizeIs(1));
  EXPECT_THAT(clock_.Sleeps(), IsEmpty());
}

TEST_F(ClientTest, AStatusWithoutDetailsKeepsCodeAndText) {
  fake_.get_operation.Then([](auto&, const auto&, auto&) {
    return grpc::Status(grpc::StatusCode::NOT_FOUND, "not here", "\xFF\xFF no status at all");
  });
  const absl::Status status = Get();
  EXPECT_THAT(status, HasCode(absl::StatusCode::kNotFound));
  EXPECT_EQ(status.message(), "not here");
  EXPECT_FALSE(ErrorInfoOf(status).has_value());
}

TEST_F(ClientTest, GivesUpBeforeAWaitThatTheDeadlineWouldCut) {
  for (int attempt = 0; attempt < 20; ++attempt) fake_.get_operation.ThenStatus(Unavailable());
  // Waits of 100, 200 and 400 ms fit; the next would be of 800.
  const absl::Status status = Get(absl::Seconds(1));
  EXPECT_THAT(status, HasCode(absl::StatusCode::kUnavailable));
  EXPECT_EQ(ErrorInfoOf(status)->reason(), "STORE_UNAVAILABLE");
  EXPECT_THAT(fake_.get_operation.Requests(), SizeIs(4));
  EXPECT_THAT(clock_.Sleeps(), SizeIs(3));
}

TEST_F(ClientTest, GivesUpAtOnceWhenTheServerAsksForMoreThanIsLeft) {
  fake_.get_operation.ThenStatus(RichStatus(absl::StatusCode::kResourceExhausted, "QUEUE_FULL", absl::Seconds(61)));
  EXPECT_THAT(Get(absl::Seconds(60)), HasCode(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(clock_.Sleeps(), IsEmpty());
}

TEST_F(ClientTest, AnAddressWhereNobodyEverAnsweredIsGivenUpAfterSomeAttempts) {
  ClientOptions options = OptionsFor("127.0.0.1:1");
  options.retry.max_attempts_before_contact = 3;
  MusterClient nobody(options);
  EXPECT_THAT(nobody.GetOperation({}, In(absl::Hours(1))).status(), HasCode(absl::StatusCode::kUnavailable));
  EXPECT_THAT(clock_.Sleeps(), SizeIs(2));
  EXPECT_FALSE(nobody.ReachedServer());
}

// A listener that takes a connection and then says nothing, as a very busy server does for a while.
class SilentListener {
 public:
  SilentListener() : listening_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(listening_, any, size), 0);
    EXPECT_EQ(listen(listening_, 8), 0);
    EXPECT_EQ(getsockname(listening_, any, &size), 0);
    address_ = absl::StrCat("127.0.0.1:", ntohs(address.sin_port));
  }
  ~SilentListener() { Close(); }
  SilentListener(const SilentListener&) = delete;
  SilentListener& operator=(const SilentListener&) = delete;

  const std::string& address() const { return address_; }
  // Whether anybody connects within that time; the connection stays open.
  bool Accept(std::chrono::milliseconds within) {
    pollfd waiting = {listening_, POLLIN, 0};
    if (poll(&waiting, 1, static_cast<int>(within.count())) != 1) return false;
    connections_.push_back(accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC));
    return true;
  }
  void Close() {
    for (const int connection : connections_) close(connection);
    connections_.clear();
    if (listening_ >= 0) close(std::exchange(listening_, -1));
  }

 private:
  int listening_;
  std::string address_;
  std::vector<int> connections_;
};

TEST_F(ClientTest, ABusyServerHasTimeToTakeAConnection) {
  SilentListener busy;
  ClientOptions options = OptionsFor(busy.address());
  options.retry.max_attempts_before_contact = 1;
  MusterClient client(options);
  std::future<absl::Status> call =
      std::async(std::launch::async, [&] { return client.GetOperation({}, In(absl::Hours(1))).status(); });
  ASSERT_TRUE(busy.Accept(std::chrono::seconds(30)));
  EXPECT_FALSE(busy.Accept(std::chrono::milliseconds(500))) << "it was given up and tried anew";
  busy.Close();
  EXPECT_THAT(call.get(), HasCode(absl::StatusCode::kUnavailable));
}

TEST_F(ClientTest, AServerThatWasHeardIsTriedUntilTheDeadline) {
  ClientOptions options = OptionsFor(fake_.address());
  options.retry.max_attempts_before_contact = 2;
  MusterClient client(options);
  for (int attempt = 0; attempt < 5; ++attempt) fake_.get_operation.ThenStatus(Unavailable());
  fake_.get_operation.ThenAnswer({});
  EXPECT_TRUE(client.GetOperation({}, In(absl::Hours(1))).ok());
  EXPECT_TRUE(client.ReachedServer());
  EXPECT_THAT(clock_.Sleeps(), SizeIs(5));
}

// --- Pages ---

TEST_F(ClientTest, PagesOfOperationsAreOneAnswer) {
  for (const char* const next : {"second", "third", ""}) {
    v1::ListOperationsResponse page;
    page.add_operations()->set_id(absl::StrCat("before-", next));
    page.set_next_page_token(next);
    fake_.list_operations.ThenAnswer(page);
  }
  const auto all = client_.ListAllOperations(In(absl::Seconds(60)));
  ASSERT_TRUE(all.ok()) << all.status();
  ASSERT_EQ(all->operations_size(), 3);
  EXPECT_EQ(all->operations(1).id(), "before-third");
  EXPECT_EQ(all->next_page_token(), "");
  std::vector<std::string> tokens;
  for (const auto& request : fake_.list_operations.Requests()) tokens.push_back(request.page_token());
  EXPECT_THAT(tokens, ElementsAre("", "second", "third"));
}

TEST_F(ClientTest, PagesOfResultsAreOneAnswerAndAPageIsTriedAgainAlone) {
  v1::ListResultsResponse page;
  page.add_results()->mutable_result()->set_result_id("first");
  page.set_next_page_token("second");
  fake_.list_results.ThenAnswer(page);
  fake_.list_results.ThenStatus(Unavailable());
  page.mutable_results(0)->mutable_result()->set_result_id("last");
  page.clear_next_page_token();
  fake_.list_results.ThenAnswer(page);
  const auto all = client_.ListAllResults("op", "kent", In(absl::Seconds(60)));
  ASSERT_TRUE(all.ok()) << all.status();
  ASSERT_EQ(all->results_size(), 2);
  EXPECT_EQ(all->results(0).result().result_id(), "first");
  EXPECT_EQ(all->results(1).result().result_id(), "last");
  ASSERT_THAT(fake_.list_results.Requests(), SizeIs(3));
  EXPECT_EQ(fake_.list_results.Requests()[2].page_token(), "second");
  EXPECT_EQ(fake_.list_results.Requests()[2].force(), "kent");
}

v1::QueryTotalsResponse TotalsPage(const std::string& metric, int64_t position, const std::string& next) {
  v1::QueryTotalsResponse page;
  page.add_rows()->set_metric(metric);
  page.set_position(position);
  page.set_next_page_token(next);
  return page;
}

TEST_F(ClientTest, PagesOfTotalsAreOfOnePosition) {
  const google::rpc::Status expired = RichStatus(absl::StatusCode::kAborted, "PAGE_EXPIRED");
  fake_.query_totals.ThenAnswer(TotalsPage("old", 7, "second"));
  fake_.query_totals.ThenStatus(expired);
  fake_.query_totals.ThenAnswer(TotalsPage("arrests", 8, "second"));
  fake_.query_totals.ThenAnswer(TotalsPage("charges", 8, ""));
  v1::TotalsQuery query;
  query.add_metrics("arrests");
  const auto all = client_.QueryAllTotals(query, In(absl::Seconds(60)));
  ASSERT_TRUE(all.ok()) << all.status();
  ASSERT_EQ(all->rows_size(), 2);
  EXPECT_EQ(all->rows(0).metric(), "arrests");
  EXPECT_EQ(all->rows(1).metric(), "charges");
  EXPECT_EQ(all->position(), 8);
  EXPECT_EQ(all->next_page_token(), "");
  std::vector<std::string> tokens;
  for (const auto& request : fake_.query_totals.Requests()) {
    tokens.push_back(request.page_token());
    EXPECT_EQ(request.query().metrics_size(), 1);
  }
  EXPECT_THAT(tokens, ElementsAre("", "second", "", "second"));
}

TEST_F(ClientTest, TotalsThatNeverStandStillAreGivenUpAtTheDeadline) {
  for (int attempt = 0; attempt < 20; ++attempt) {
    fake_.query_totals.ThenAnswer(TotalsPage("arrests", attempt, "second"));
    fake_.query_totals.ThenStatus(RichStatus(absl::StatusCode::kAborted, "PAGE_EXPIRED"));
  }
  EXPECT_THAT(client_.QueryAllTotals({}, In(absl::Seconds(1))).status(), HasCode(absl::StatusCode::kAborted));
  EXPECT_THAT(clock_.Sleeps(), SizeIs(3));
}

// --- Submitting many ---

std::vector<v1::OperationResult> ManyResults(int count) {
  std::vector<v1::OperationResult> results(static_cast<size_t>(count));
  for (int number = 0; number < count; ++number) {
    results[static_cast<size_t>(number)].set_result_id(absl::StrCat("result-", number));
  }
  return results;
}

// The answer that takes every result of a message, as a server gives it: paths count from 0 in each message.
v1::StreamResultsResponse TakeAll(const v1::StreamResultsRequest& request, int64_t position) {
  v1::StreamResultsResponse response;
  for (int index = 0; index < request.results_size(); ++index) {
    v1::Receipt& receipt = *response.add_receipts();
    receipt.set_result_id(request.results(index).result_id());
    receipt.set_outcome(v1::OUTCOME_ACCEPTED);
    receipt.add_warnings()->set_field(absl::StrCat("results[", index, "].figures[0]"));
  }
  response.set_position(position);
  return response;
}

// What became of one SubmitAll.
struct Submitted {
  absl::StatusOr<int64_t> position;
  std::vector<size_t> first_indices;
  std::vector<std::string> result_ids;
  std::vector<std::string> warning_fields;
};

class SubmitAllTest : public ClientTest {
 protected:
  SubmitAllTest() { options_.batch.max_results = 10; }
  void TearDown() override { fake_.Stop(); }  // Streams end later than their client, and use members of this class.

  Submitted Submit(const std::vector<v1::OperationResult>& results, absl::Duration timeout = absl::Seconds(60)) {
    Submitted submitted = {0, {}, {}, {}};
    submitted.position =
        client_.SubmitAll(results, options_, In(timeout), [&](size_t first_index, const auto& receipts) {
          submitted.first_indices.push_back(first_index);
          for (const v1::Receipt& receipt : receipts) {
            submitted.result_ids.push_back(receipt.result_id());
            submitted.warning_fields.push_back(receipt.warnings(0).field());
          }
        });
    return submitted;
  }

  // A stream that takes `count` messages and then ends with `status`; all there are, if there are fewer. Positions go
  // on from stream to stream.
  void ThenTake(int count, const grpc::Status& status) {
    fake_.ThenStream([this, count, status](ResultsStream& stream) {
      v1::StreamResultsRequest request;
      for (int taken = 0; taken < count && stream.Read(&request); ++taken) {
        stream.Write(TakeAll(request, Note(request)));
      }
      return status;
    });
  }
  // Keeps a message, and returns the position after it.
  int64_t Note(const v1::StreamResultsRequest& request) {
    const std::lock_guard<std::mutex> lock(mutex_);
    messages_.push_back(request);
    position_ += request.results_size();
    return position_;
  }
  // Of all streams.
  std::vector<v1::StreamResultsRequest> Messages() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return messages_;
  }

  static std::vector<std::string> Ids(int first, int end) {
    std::vector<std::string> ids;
    for (int number = first; number < end; ++number) ids.push_back(absl::StrCat("result-", number));
    return ids;
  }
  std::vector<int> MessageSizes() const {
    std::vector<int> sizes;
    for (const auto& message : Messages()) sizes.push_back(message.results_size());
    return sizes;
  }

  SubmitAllOptions options_;  // 10 results a message.

 private:
  mutable std::mutex mutex_;  // Streams come one after another, but each on a thread of the server's.
  std::vector<v1::StreamResultsRequest> messages_;
  int64_t position_ = 0;
};

constexpr int kAllMessages = std::numeric_limits<int>::max();

TEST_F(SubmitAllTest, CutsIntoMessagesAndGivesReceiptsInOrderWithTheirPlaces) {
  ThenTake(kAllMessages, grpc::Status::OK);
  const Submitted submitted = Submit(ManyResults(25));
  ASSERT_TRUE(submitted.position.ok()) << submitted.position.status();
  EXPECT_EQ(*submitted.position, 25);
  EXPECT_THAT(MessageSizes(), ElementsAre(10, 10, 5));
  EXPECT_THAT(submitted.first_indices, ElementsAre(0, 10, 20));
  EXPECT_EQ(submitted.result_ids, Ids(0, 25));
  for (size_t index = 0; index < 25; ++index) {
    EXPECT_EQ(submitted.warning_fields[index], absl::StrCat("results[", index, "].figures[0]"));
  }
  EXPECT_EQ(fake_.StreamCount(), 1);
}

TEST_F(SubmitAllTest, PlacesCountFromWhereTheListBegins) {
  options_.first_index = 1'000;
  ThenTake(kAllMessages, grpc::Status::OK);
  const Submitted submitted = Submit(ManyResults(11));
  EXPECT_THAT(submitted.first_indices, ElementsAre(1'000, 1'010));
  EXPECT_EQ(submitted.warning_fields.front(), "results[1000].figures[0]");
  EXPECT_EQ(submitted.warning_fields.back(), "results[1010].figures[0]");
}

TEST_F(SubmitAllTest, CutsByBytesToo) {
  options_.batch.max_bytes = 4'000;
  std::vector<v1::OperationResult> results = ManyResults(4);
  for (v1::OperationResult& result : results) result.set_reason(std::string(1'500, 'x'));
  ThenTake(kAllMessages, grpc::Status::OK);
  EXPECT_TRUE(Submit(results).position.ok());
  EXPECT_THAT(MessageSizes(), ElementsAre(2, 2));
}

TEST_F(SubmitAllTest, AMessageOfTheLargestSizeIsTakenByTheLimitsOfAServer) {
  options_.batch = BatchLimits();
  std::vector<v1::OperationResult> results = ManyResults(7);
  for (v1::OperationResult& result : results) result.set_reason(std::string(1'000'000, 'x'));
  ThenTake(kAllMessages, grpc::Status::OK);  // gRPC's own limit is 4 MiB, as Muster's.
  const Submitted submitted = Submit(results);
  ASSERT_TRUE(submitted.position.ok()) << submitted.position.status();
  EXPECT_THAT(MessageSizes(), ElementsAre(3, 3, 1));
}

TEST_F(SubmitAllTest, ValidateOnlyIsSaidInEveryMessage) {
  options_.validate_only = true;
  ThenTake(kAllMessages, grpc::Status::OK);
  EXPECT_TRUE(Submit(ManyResults(25)).position.ok());
  ASSERT_THAT(Messages(), SizeIs(3));
  for (const auto& message : Messages()) EXPECT_TRUE(message.validate_only());
}

TEST_F(SubmitAllTest, NothingIsSentWhereThereIsNothing) {
  const Submitted submitted = Submit({});
  ASSERT_TRUE(submitted.position.ok());
  EXPECT_EQ(*submitted.position, 0);
  EXPECT_EQ(fake_.StreamCount(), 0);
}

TEST_F(SubmitAllTest, NothingIsSentIfAResultIsTooLarge) {
  options_.batch.max_bytes = 1'000;
  std::vector<v1::OperationResult> results = ManyResults(3);
  results[1].set_reason(std::string(1'000, 'x'));
  EXPECT_THAT(Submit(results).position.status(), HasCode(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(fake_.StreamCount(), 0);
}

// How a stream may break after some answers, such that the rest is sent again.
struct Break {
  std::string name;
  grpc::Status status;
  friend void PrintTo(const Break& row, std::ostream* out) { *out << row.name; }
};

class BrokenStreamTest : public SubmitAllTest, public testing::WithParamInterface<Break> {};

TEST_P(BrokenStreamTest, OnlyWhatIsNotAcknowledgedIsSentAgain) {
  ThenTake(1, GetParam().status);
  ThenTake(0, GetParam().status);
  ThenTake(1, GetParam().status);
  ThenTake(kAllMessages, grpc::Status::OK);
  clock_.SetRandom(1.0);
  const Submitted submitted = Submit(ManyResults(40));
  ASSERT_TRUE(submitted.position.ok()) << submitted.position.status();
  EXPECT_EQ(*submitted.position, 40);
  EXPECT_EQ(submitted.result_ids, Ids(0, 40));
  EXPECT_THAT(submitted.first_indices, ElementsAre(0, 10, 20, 30));
  EXPECT_EQ(fake_.StreamCount(), 4);
  // Whatever got somewhere begins with a short wait again.
  const absl::Duration asked = RetryDelayOf(StatusFromProto([&] {
                                 google::rpc::Status status;
                                 status.ParseFromString(GetParam().status.error_details());
                                 return status;
                               }()))
                                   .value_or(absl::ZeroDuration());
  EXPECT_THAT(clock_.Sleeps(), ElementsAre(asked + absl::Milliseconds(100), asked + absl::Milliseconds(200),
                                           asked + absl::Milliseconds(100)));
}

INSTANTIATE_TEST_SUITE_P(Ends, BrokenStreamTest,
                         testing::ValuesIn<Break>({
                             {"Unavailable", grpc::Status(grpc::StatusCode::UNAVAILABLE, "")},
                             {"QueueFull",
                              ToGrpc(RichStatus(absl::StatusCode::kResourceExhausted, "QUEUE_FULL", absl::Seconds(2)))},
                             {"Cancelled", grpc::Status::CANCELLED},
                             {"EndedEarly", grpc::Status::OK},
                         }),
                         [](const auto& row) { return row.param.name; });

TEST_F(SubmitAllTest, WhatIsRefusedForGoodLeavesWhatWasAcknowledged) {
  ThenTake(2, ToGrpc(RichStatus(absl::StatusCode::kInvalidArgument, "INVALID_REQUEST")));
  const Submitted submitted = Submit(ManyResults(40));
  EXPECT_THAT(submitted.position.status(), HasCode(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(ErrorInfoOf(submitted.position.status())->reason(), "INVALID_REQUEST");
  EXPECT_EQ(submitted.result_ids, Ids(0, 20));
  EXPECT_EQ(fake_.StreamCount(), 1);
}

TEST_F(SubmitAllTest, GivesUpAtTheDeadlineAndKeepsWhatWasAcknowledged) {
  ThenTake(1, grpc::Status(grpc::StatusCode::UNAVAILABLE, ""));
  for (int stream = 0; stream < 20; ++stream) ThenTake(0, grpc::Status(grpc::StatusCode::UNAVAILABLE, ""));
  const Submitted submitted = Submit(ManyResults(20), absl::Seconds(1));
  EXPECT_THAT(submitted.position.status(), HasCode(absl::StatusCode::kUnavailable));
  EXPECT_EQ(submitted.result_ids, Ids(0, 10));
}

TEST_F(SubmitAllTest, AnErrorAfterTheLastReceiptIsNone) {
  ThenTake(2, ToGrpc(RichStatus(absl::StatusCode::kInternal, "")));
  const Submitted submitted = Submit(ManyResults(20));
  ASSERT_TRUE(submitted.position.ok()) << submitted.position.status();
  EXPECT_EQ(*submitted.position, 20);
}

TEST_F(SubmitAllTest, ReceiptsThatDoNotFitTheMessageAreAnErrorAndNeverGuessedAt) {
  for (const int receipts : {9, 11, 0}) {
    fake_.ThenStream([receipts](ResultsStream& stream) {
      v1::StreamResultsRequest request;
      stream.Read(&request);
      v1::StreamResultsResponse response;
      for (int receipt = 0; receipt < receipts; ++receipt) response.add_receipts();
      stream.Write(response);
      while (stream.Read(&request)) continue;  // Until the client has gone.
      return grpc::Status::OK;
    });
    const Submitted submitted = Submit(ManyResults(40));
    EXPECT_THAT(submitted.position.status(), HasCode(absl::StatusCode::kInternal)) << receipts;
    EXPECT_THAT(submitted.first_indices, IsEmpty());
  }
  EXPECT_EQ(fake_.StreamCount(), 3);
}

TEST_F(SubmitAllTest, MoreAnswersThanMessagesAreAnError) {
  fake_.ThenStream([](ResultsStream& stream) {
    v1::StreamResultsRequest request;
    stream.Read(&request);
    stream.Write(TakeAll(request, 10));
    stream.Write(TakeAll(request, 20));
    return grpc::Status::OK;
  });
  const Submitted submitted = Submit(ManyResults(10));
  EXPECT_THAT(submitted.position.status(), HasCode(absl::StatusCode::kInternal));
  EXPECT_EQ(submitted.result_ids, Ids(0, 10));
}

TEST_F(SubmitAllTest, SendsAheadOfTheAnswersAsFarAsItMay) {
  options_.max_messages_in_flight = 3;
  std::atomic<int> most_unanswered = 0;
  std::atomic<bool> waited_in_vain = false;
  fake_.ThenStream([&](ResultsStream& stream) {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<v1::StreamResultsRequest> unanswered;
    bool all_sent = false;
    std::thread reader([&] {
      v1::StreamResultsRequest request;
      while (stream.Read(&request)) {
        const std::lock_guard<std::mutex> lock(mutex);
        unanswered.push_back(request);
        most_unanswered = std::max(most_unanswered.load(), static_cast<int>(unanswered.size()));
        changed.notify_all();
      }
      const std::lock_guard<std::mutex> lock(mutex);
      all_sent = true;
      changed.notify_all();
    });
    // Answers nothing until as much is on its way as may be.
    while (true) {
      std::unique_lock<std::mutex> lock(mutex);
      const bool enough =
          changed.wait_for(lock, std::chrono::seconds(30), [&] { return unanswered.size() >= 3 || all_sent; });
      if (!enough) waited_in_vain = true;
      if (unanswered.empty()) {
        if (all_sent) break;
        continue;
      }
      const v1::StreamResultsResponse answer = TakeAll(unanswered.front(), 1);
      unanswered.erase(unanswered.begin());
      lock.unlock();
      stream.Write(answer);
    }
    reader.join();
    return grpc::Status::OK;
  });
  const Submitted submitted = Submit(ManyResults(200));
  EXPECT_TRUE(submitted.position.ok()) << submitted.position.status();
  EXPECT_EQ(submitted.result_ids, Ids(0, 200));
  EXPECT_EQ(most_unanswered, 3);
  EXPECT_FALSE(waited_in_vain);
}

}  // namespace
}  // namespace muster
