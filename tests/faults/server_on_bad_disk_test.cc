// The whole server on a disk that fails, or stands still.
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "grpcpp/generic/async_generic_service.h"
#include "gtest/gtest.h"
#include "service/limits.h"
#include "service/server.h"
#include "tests/faults/faulty_disk.h"
#include "tests/faults/journal.h"
#include "tests/faults/memory_folder.h"
#include "tests/faults/running_muster.h"
#include "tests/service/http_get.h"
#include "tests/service/server_fixture.h"

namespace muster {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::AnyOf;
using testing::IsEmpty;
using testing::SizeIs;

// A context of one call with a deadline.
struct Context : grpc::ClientContext {
  explicit Context(milliseconds deadline) { set_deadline(std::chrono::system_clock::now() + deadline); }
};

class ServerOnBadDiskTest : public testing::Test {
 protected:
  ServerOnBadDiskTest() : journal_(ShippedCatalogue()) { Start(); }

  void Start(milliseconds checkpoint_interval = kCheckpointInterval) {
    ServerOptions options;
    options.store_directory = folder_.Path("store");
    options.listen_address = "127.0.0.1:0";
    options.catalogue = ShippedCatalogue();
    options.checkpoint_interval = checkpoint_interval;
    options.environment = disk_.environment();
    absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(options);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    client_ = std::make_unique<Client>(server_->address());
  }
  void Stop() {
    client_.reset();
    server_.reset();
  }

  // The whole journey of results, with a journal.
  grpc::Status Submit(const v1::SubmitResultsRequest& request, milliseconds deadline = seconds(60)) {
    for (const v1::OperationResult& result : request.results()) journal_.Send(result);
    Context context(deadline);
    v1::SubmitResultsResponse response;
    grpc::Status status = client_->ingest->SubmitResults(&context, request, &response);
    if (status.ok()) Acknowledge(request, response);
    return status;
  }
  grpc::Status Submit(const v1::OperationResult& result) {
    v1::SubmitResultsRequest request;
    *request.add_results() = result;
    return Submit(request);
  }
  void Acknowledge(const v1::SubmitResultsRequest& request, const v1::SubmitResultsResponse& response) {
    ASSERT_EQ(request.results_size(), response.receipts_size());
    for (int i = 0; i < request.results_size(); ++i) {
      journal_.Acknowledge(request.results(i), response.receipts(i).outcome());
    }
  }

  // A request as large as they come: 1,000 results of about 570 bytes, under ids of their own.
  static v1::SubmitResultsRequest LargeRequest(int number) {
    v1::SubmitResultsRequest request;
    for (int i = 0; i < kMaxResultsPerRequest; ++i) {
      *request.add_results() = MakeResult(absl::StrCat("large-", number, "-", i), 1, 1);
      request.mutable_results()->rbegin()->set_reason(std::string(480, 'r'));
    }
    return request;
  }

  HealthCheckResponse::ServingStatus Health(const std::string& service) {
    const auto health = grpc::health::v1::Health::NewStub(client_->channel);
    Context context(seconds(60));
    HealthCheckRequest request;
    request.set_service(service);
    HealthCheckResponse response;
    EXPECT_THAT(health->Check(&context, request, &response), IsOkCall());
    return response.status();
  }

  // After the server has stopped: both laws hold of what it left.
  void ExpectTheLaws() {
    StoreOptions options;
    options.directory = folder_.Path("store");
    options.environment = disk_.environment();
    const auto muster = RunningMuster::Start(options, ShippedCatalogue());
    ASSERT_TRUE(muster.ok()) << muster.status();
    EXPECT_THAT(journal_.BrokenLaws((*muster)->store(), (*muster)->cubes()), IsEmpty());
  }

  const MemoryFolder folder_;
  FaultyDisk disk_{folder_.Path("lost"), 1};
  Journal journal_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<Client> client_;
};

// Nobody need submit anything for health to say so.
TEST_F(ServerOnBadDiskTest, AFailedSyncOfACheckpointIsToldToHealth) {
  ASSERT_THAT(Submit(MakeResult("before", 1, 5)), IsOkCall());
  Stop();
  Start(seconds(2));  // It writes a checkpoint then, whatever happened.
  disk_.FailAt(DiskAction::kSync, 1, DiskError::kInputOutput, true);
  const auto health = grpc::health::v1::Health::NewStub(client_->channel);
  Context context(seconds(60));
  const auto watch = health->Watch(&context, HealthCheckRequest());
  HealthCheckResponse seen;
  ASSERT_TRUE(watch->Read(&seen));
  EXPECT_EQ(seen.status(), HealthCheckResponse::SERVING);

  ASSERT_TRUE(watch->Read(&seen)) << "it went on serving";
  EXPECT_EQ(seen.status(), HealthCheckResponse::NOT_SERVING);
  EXPECT_THAT(Submit(MakeResult("after", 1, 7)), FailsWith(grpc::UNAVAILABLE, "STORE_UNAVAILABLE"));
  EXPECT_EQ(client_->TotalOf(kOctober2021, "arrests")->sum(), 5);

  context.TryCancel();
  Stop();
  disk_.Restart();
  ExpectTheLaws();
}

TEST_F(ServerOnBadDiskTest, AFailedSyncIsToldToCallersAndToHealthAndEndsWithAStart) {
  ASSERT_THAT(Submit(MakeResult("before", 1, 5)), IsOkCall());
  EXPECT_EQ(Health(""), HealthCheckResponse::SERVING);

  disk_.FailAt(DiskAction::kSync, 1, DiskError::kInputOutput, false);
  const grpc::Status refused = Submit(MakeResult("refused", 1, 7));
  EXPECT_THAT(refused, FailsWith(grpc::UNAVAILABLE, "STORE_UNAVAILABLE"));
  EXPECT_TRUE(ErrorOf(refused).has_retry);
  // The disk is good again, but what it holds is not known.
  EXPECT_THAT(Submit(MakeResult("after", 1, 11)), FailsWith(grpc::UNAVAILABLE, "STORE_UNAVAILABLE"));
  for (const char* const service : {"", "muster.v1.IngestService", "muster.v1.TotalsService"}) {
    EXPECT_EQ(Health(service), HealthCheckResponse::NOT_SERVING) << service;
  }
  // Reading goes on.
  EXPECT_EQ(client_->TotalOf(kOctober2021, "arrests")->sum(), 5);
  v1::GetResultRequest request;
  request.set_operation(kOctober2021);
  request.set_force("thames-valley");
  request.set_result_id("before");
  v1::GetResultResponse response;
  EXPECT_THAT(MUSTER_CALL(*client_, ingest, GetResult, request, &response), IsOkCall());

  Stop();
  disk_.Restart();
  Start();
  EXPECT_EQ(Health(""), HealthCheckResponse::SERVING);
  EXPECT_THAT(Submit(MakeResult("refused", 1, 7)), IsOkCall());
  EXPECT_EQ(client_->TotalOf(kOctober2021, "arrests")->sum(), 12);
  Stop();
  ExpectTheLaws();
}

// Calls that are under way all at once.
class Calls {
 public:
  explicit Calls(Client& client) : client_(client) {}
  ~Calls() { AwaitAll(); }
  Calls(const Calls&) = delete;
  Calls& operator=(const Calls&) = delete;

  // `accepted` is called on a thread of gRPC.
  void Submit(const v1::SubmitResultsRequest& request, milliseconds deadline,
              const std::function<void(const v1::SubmitResultsResponse&)>& accepted) {
    OneCall<v1::SubmitResultsResponse>* const call = Begin<v1::SubmitResultsResponse>(deadline);
    client_.ingest->async()->SubmitResults(&call->context, &request, &call->response,
                                           [this, call, accepted](const grpc::Status& status) {
                                             if (status.ok()) accepted(call->response);
                                             End(status);
                                           });
  }
  void Get(const v1::GetResultRequest& request, milliseconds deadline) {
    OneCall<v1::GetResultResponse>* const call = Begin<v1::GetResultResponse>(deadline);
    client_.ingest->async()->GetResult(&call->context, &request, &call->response,
                                       [this](const grpc::Status& status) { End(status); });
  }

  void CancelAll() {
    for (const std::shared_ptr<Context>& context : contexts_) context->TryCancel();
  }

  void AwaitAll() { AwaitUntilUnderWay(0); }
  // Returns when no more than `most` are under way.
  void AwaitUntilUnderWay(int most) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return under_way_ <= most; });
  }
  void AwaitOne() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !ended_.empty(); });
  }
  // Of the calls that have ended.
  std::vector<grpc::Status> ended() const {
    const std::lock_guard lock(mutex_);
    return ended_;
  }

 private:
  template <typename Response>
  struct OneCall {
    explicit OneCall(milliseconds deadline) : context(deadline) {}
    Context context;
    Response response;
  };

  template <typename Response>
  OneCall<Response>* Begin(milliseconds deadline) {
    const auto call = std::make_shared<OneCall<Response>>(deadline);
    contexts_.emplace_back(call, &call->context);
    const std::lock_guard lock(mutex_);
    ++under_way_;
    return call.get();
  }
  void End(const grpc::Status& status) {
    const std::lock_guard lock(mutex_);
    --under_way_;
    ended_.push_back(status);
    changed_.notify_all();
  }

  Client& client_;
  // Each keeps its call, and the channel too: were the last of them to go on gRPC's thread, that thread would wait for
  // itself to end.
  std::vector<std::shared_ptr<Context>> contexts_;

  mutable std::mutex mutex_;  // Guards what follows.
  std::condition_variable changed_;
  int under_way_ = 0;
  std::vector<grpc::Status> ended_;
};

class ServerOnStoppedDiskTest : public ServerOnBadDiskTest, public testing::WithParamInterface<DiskAction> {};

TEST_P(ServerOnStoppedDiskTest, ShedsWhatItHasNoRoomForAnswersQueriesAndThenGoesOn) {
  ASSERT_THAT(Submit(MakeResult("before", 1, 5)), IsOkCall());
  disk_.Hold(GetParam());

  // Whoever sets a deadline is free again when it passes.
  v1::SubmitResultsRequest small;
  *small.add_results() = MakeResult("waiting", 1, 7);
  const auto begin = steady_clock::now();
  EXPECT_EQ(Submit(small, milliseconds(200)).error_code(), grpc::DEADLINE_EXCEEDED);
  EXPECT_LT(steady_clock::now() - begin, seconds(5));
  disk_.AwaitHeld(1);

  // What waits is bounded in bytes, of which a message counts at least twice: then nothing more is taken, and said so.
  std::vector<v1::SubmitResultsRequest> requests;
  requests.reserve(80);
  for (int i = 0; i < 80; ++i) requests.push_back(LargeRequest(i));
  const auto most_waiting = static_cast<int>((kMaxQueuedBytes / 4 * 5 + 2 * kMaxGroupBytes) /
                                             (2 * static_cast<int64_t>(requests.front().ByteSizeLong())));
  ASSERT_LT(most_waiting, 75);
  Calls calls(*client_);
  for (const v1::SubmitResultsRequest& request : requests) {
    for (const v1::OperationResult& result : request.results()) journal_.Send(result);
    calls.Submit(request, seconds(60),
                 [&](const v1::SubmitResultsResponse& response) { Acknowledge(request, response); });
  }
  calls.AwaitOne();
  const grpc::Status first = calls.ended().front();
  EXPECT_THAT(first, FailsWith(grpc::RESOURCE_EXHAUSTED, "QUEUE_FULL"));
  EXPECT_TRUE(ErrorOf(first).has_retry);

  // Questions are answered all the while, and the server is well.
  EXPECT_EQ(client_->TotalOf(kOctober2021, "arrests")->sum(), 5);
  EXPECT_EQ(client_->Verify().mismatches_size(), 0);
  EXPECT_EQ(Health(""), HealthCheckResponse::SERVING);

  calls.AwaitUntilUnderWay(most_waiting);
  for (const grpc::Status& status : calls.ended()) EXPECT_EQ(status.error_code(), grpc::RESOURCE_EXHAUSTED);
  Context context(seconds(60));
  EXPECT_THAT(client_->SubmitNothing(&context), FailsWith(grpc::RESOURCE_EXHAUSTED, "QUEUE_FULL"))
      << "what there is no room for is not even received";

  disk_.Release();
  calls.AwaitAll();
  int taken = 0;
  for (const grpc::Status& status : calls.ended()) {
    if (status.error_code() != grpc::RESOURCE_EXHAUSTED) {
      EXPECT_THAT(status, IsOkCall());
      ++taken;
    }
  }
  EXPECT_GT(taken, 0);
  EXPECT_LE(taken, most_waiting);
  // What was shed may be sent again at once, and what nobody waited for was taken.
  EXPECT_THAT(Submit(requests.back()), IsOkCall());
  EXPECT_THAT(Submit(small), IsOkCall());
  Stop();
  disk_.Restart();
  ExpectTheLaws();
}

INSTANTIATE_TEST_SUITE_P(Actions, ServerOnStoppedDiskTest, testing::Values(DiskAction::kWrite, DiskAction::kSync),
                         [](const auto& row) { return row.param == DiskAction::kWrite ? "Writes" : "Syncs"; });

// Reads of the disk wait, and as many calls as may wait for them do.
class ReadersOnStoppedDiskTest : public ServerOnBadDiskTest {
 protected:
  static constexpr int kRequests = 10;
  static constexpr int kRefused = 20;  // Calls beyond the bound.

  ReadersOnStoppedDiskTest() {
    for (int i = 0; i < kRequests; ++i) EXPECT_THAT(Submit(LargeRequest(i)), IsOkCall());
    // Nothing of them is in memory afterwards but the totals and where they stand in the log.
    Stop();
    Start();
    // No two of them are read at one go.
    for (int i = 0; i < kMaxDiskReads + kRefused; ++i) {
      v1::GetResultRequest& request = requests_.emplace_back();
      request.set_operation(kOctober2021);
      request.set_force("thames-valley");
      request.set_result_id(absl::StrCat("large-", i % kRequests, "-", i / kRequests * 32));
    }
  }

  // Returns when the server has taken as many as it takes, and refused the others. Every tenth call has a second more
  // than that deadline: when the client sees these end, the server has met the others' deadline too, by its own clock.
  void HoldReads(Calls* calls, milliseconds deadline = seconds(60)) {
    disk_.Hold(DiskAction::kRead);
    for (size_t i = 0; i < requests_.size(); ++i) {
      calls->Get(requests_[i], i % 10 == 0 ? deadline + seconds(1) : deadline);
    }
    calls->AwaitUntilUnderWay(kMaxDiskReads);
    const std::vector<grpc::Status> refused = calls->ended();
    ASSERT_THAT(refused, SizeIs(kRefused));
    for (const grpc::Status& status : refused) {
      ASSERT_THAT(status, FailsWith(grpc::RESOURCE_EXHAUSTED, "READS_FULL"));
      EXPECT_TRUE(ErrorOf(status).has_retry);
    }
  }

  std::vector<v1::GetResultRequest> requests_;
};

TEST_F(ReadersOnStoppedDiskTest, WhoeverWaitsToReadTheDiskKeepsNobodyFromTheTotals) {
  Calls calls(*client_);
  HoldReads(&calls);
  EXPECT_EQ(client_->TotalOf(kOctober2021, "arrests")->sum(), kRequests * kMaxResultsPerRequest);
  EXPECT_EQ(Health(""), HealthCheckResponse::SERVING);
  // What is wrong with a question is said without the disk.
  v1::GetResultResponse got;
  EXPECT_THAT(MUSTER_CALL(*client_, ingest, GetResult, v1::GetResultRequest(), &got),
              FailsWith(grpc::INVALID_ARGUMENT, "INVALID_REQUEST"));
  v1::ListResultsRequest list;
  list.set_operation(kOctober2021);
  list.set_force("thames-valley");
  v1::ListResultsResponse page;
  EXPECT_THAT(MUSTER_CALL(*client_, ingest, ListResults, list, &page),
              FailsWith(grpc::RESOURCE_EXHAUSTED, "READS_FULL"));

  disk_.Release();
  calls.AwaitAll();
  std::vector<grpc::Status> statuses = calls.ended();
  statuses.erase(statuses.begin(), statuses.begin() + kRefused);
  EXPECT_THAT(statuses, SizeIs(kMaxDiskReads));
  for (const grpc::Status& status : statuses) EXPECT_THAT(status, IsOkCall());
  EXPECT_THAT(MUSTER_CALL(*client_, ingest, ListResults, list, &page), IsOkCall());
}

TEST_F(ReadersOnStoppedDiskTest, AStopAnswersThoseThatWaitAtOnce) {
  Calls calls(*client_);
  HoldReads(&calls);
  std::thread stop([this] { server_->Stop(); });
  calls.AwaitUntilUnderWay(kDiskReadThreads);
  const std::vector<grpc::Status> statuses = calls.ended();
  EXPECT_GE(statuses.size(), requests_.size() - kDiskReadThreads);
  for (size_t i = kRefused; i < statuses.size(); ++i) {
    EXPECT_THAT(statuses[i], FailsWith(grpc::UNAVAILABLE, "SERVER_STOPPING"));
    EXPECT_TRUE(ErrorOf(statuses[i]).has_retry);
  }
  disk_.Release();
  stop.join();
  calls.AwaitAll();
  const std::vector<grpc::Status> all = calls.ended();
  // Not every thread need have begun a read when the stop came: what it had not begun was answered like the others.
  for (size_t i = statuses.size(); i < all.size(); ++i) {
    EXPECT_THAT(all[i], AnyOf(IsOkCall(), FailsWith(grpc::UNAVAILABLE, "SERVER_STOPPING")));
  }
  Stop();
  disk_.Restart();
  ExpectTheLaws();
}

// How a call ends of which the read still waits.
struct AbandonedRead {
  std::string name;
  milliseconds deadline;
  bool is_cancelled;
  friend void PrintTo(const AbandonedRead& row, std::ostream* out) { *out << row.name; }
};

class AbandonedReadsTest : public ReadersOnStoppedDiskTest, public testing::WithParamInterface<AbandonedRead> {};

TEST_P(AbandonedReadsTest, AreNotDone) {
  Calls calls(*client_);
  HoldReads(&calls, GetParam().deadline);
  if (GetParam().is_cancelled) calls.CancelAll();
  calls.AwaitAll();
  // The server takes up what comes in over one connection in its order: after this answer it has heard of their end.
  EXPECT_EQ(client_->TotalOf(kOctober2021, "arrests")->sum(), kRequests * kMaxResultsPerRequest);
  const int64_t reads = disk_.Count(DiskAction::kRead);
  disk_.Release();
  // One that comes after all of them.
  grpc::Status status;
  do {
    v1::GetResultResponse got;
    status = MUSTER_CALL(*client_, ingest, GetResult, requests_.front(), &got);
  } while (status.error_code() == grpc::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status, IsOkCall());
  // Each takes one at least. Some were under way, those with more time may be read, and the server has reads of its
  // own.
  EXPECT_LT(disk_.Count(DiskAction::kRead) - reads, kMaxDiskReads / 2);
}

INSTANTIATE_TEST_SUITE_P(Ends, AbandonedReadsTest,
                         testing::ValuesIn<AbandonedRead>({
                             {"Cancelled", seconds(60), true},
                             {"DeadlinePassed", seconds(2), false},
                         }),
                         [](const auto& row) { return row.param.name; });

// A port that nobody listens on.
int FreePort() {
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  grpc::AsyncGenericService service;
  const auto queue = builder.AddCompletionQueue();
  builder.RegisterAsyncGenericService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  server->Shutdown();
  queue->Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue->Next(&tag, &ok)) {
  }
  return port;
}

// A server that starts on a disk that stands still.
class StartingTest : public testing::Test {
 protected:
  StartingTest() {
    options_.store_directory = folder_.Path("store");
    options_.listen_address = absl::StrCat("127.0.0.1:", FreePort());
    options_.metrics_listen_address = absl::StrCat("127.0.0.1:", FreePort());
    options_.catalogue = ShippedCatalogue();
    options_.environment = disk_.environment();
    disk_.Hold(DiskAction::kRead);
    disk_.Hold(DiskAction::kWrite);
    start_ = std::thread([this] {
      absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(options_);
      EXPECT_TRUE(server.ok()) << server.status();
      if (server.ok()) server_ = *std::move(server);
    });
    disk_.AwaitHeld(1);
  }
  ~StartingTest() override {
    disk_.Release();
    if (start_.joinable()) start_.join();
  }

  MemoryFolder folder_;
  FaultyDisk disk_{folder_.Path("disk"), 1};
  ServerOptions options_;
  std::unique_ptr<Server> server_;
  std::thread start_;
};

TEST_F(StartingTest, HealthSaysNotServingAndNothingIsServedUntilTheStoreIsThere) {
  Client client(options_.listen_address);
  const auto health = grpc::health::v1::Health::NewStub(client.channel);
  const auto state_of = [&](const std::string& service) {
    Context context(seconds(60));
    HealthCheckRequest request;
    request.set_service(service);
    HealthCheckResponse response;
    EXPECT_THAT(health->Check(&context, request, &response), IsOkCall());
    return response.status();
  };
  EXPECT_EQ(state_of(""), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(state_of("muster.v1.IngestService"), HealthCheckResponse::NOT_SERVING);
  Context watch_context(seconds(60));
  const auto watch = health->Watch(&watch_context, HealthCheckRequest());
  HealthCheckResponse watched;
  ASSERT_TRUE(watch->Read(&watched));
  EXPECT_EQ(watched.status(), HealthCheckResponse::NOT_SERVING);

  v1::SubmitResultsRequest request;
  *request.add_results() = MakeResult("r1", 1, 7);
  v1::SubmitResultsResponse response;
  const grpc::Status refused = client.TrySubmit(request, &response);
  EXPECT_THAT(refused, FailsWith(grpc::UNAVAILABLE, "SERVER_STARTING"));
  EXPECT_TRUE(ErrorOf(refused).has_retry);
  Context stream_context(seconds(60));
  const auto stream = client.ingest->StreamResults(&stream_context);
  v1::StreamResultsResponse answer;
  EXPECT_FALSE(stream->Read(&answer));
  EXPECT_THAT(stream->Finish(), FailsWith(grpc::UNAVAILABLE, "SERVER_STARTING"));
  const std::string metrics = HttpGet(options_.metrics_listen_address, "/metrics");
  EXPECT_THAT(metrics, testing::HasSubstr("muster_state{state=\"starting\"} 1\n"));
  EXPECT_THAT(metrics, testing::Not(testing::HasSubstr("muster_log_position")));

  disk_.Release();
  start_.join();
  ASSERT_NE(server_, nullptr);
  EXPECT_EQ(server_->address(), options_.listen_address);
  EXPECT_FALSE(watch->Read(&watched)) << "the next server tells what follows";
  EXPECT_FALSE(watch->Finish().ok());
  Client after(options_.listen_address);
  EXPECT_EQ(after.SubmitOne(MakeResult("r1", 1, 7)).outcome(), v1::OUTCOME_ACCEPTED);
  EXPECT_THAT(HttpGet(options_.metrics_listen_address, "/metrics"),
              testing::HasSubstr("muster_state{state=\"serving\"} 1\n"));
}

TEST_F(StartingTest, ASecondServerOnItsAddressIsRefusedAtOnce) {
  ServerOptions second = options_;
  second.store_directory = folder_.Path("other");
  second.environment = nullptr;
  second.metrics_listen_address.clear();
  EXPECT_EQ(Server::Start(second).status().code(), absl::StatusCode::kUnavailable);
  disk_.Release();
  start_.join();
  EXPECT_NE(server_, nullptr);
}

}  // namespace
}  // namespace muster
