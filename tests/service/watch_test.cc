// Watching totals: snapshot and changes, breaks, readers that are slow, and what may end a watch.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "clients/cpp/client.h"
#include "clients/cpp/followed_totals.h"
#include "google/protobuf/util/message_differencer.h"
#include "tests/service/http_get.h"
#include "tests/service/named_callers.h"
#include "tests/service/server_fixture.h"

namespace muster {
namespace {

using google::protobuf::util::MessageDifferencer;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::ElementsAre;
using testing::IsEmpty;

v1::TotalsQuery ArrestsByForce() {
  v1::TotalsQuery query;
  query.add_operations(kOctober2021);
  query.add_metrics("arrests");
  query.add_group_by(v1::GROUP_BY_FORCE);
  return query;
}

// One call of WatchTotals.
class Watch {
 public:
  explicit Watch(Client& client, const v1::TotalsQuery& query = ArrestsByForce(), const std::string& resume_token = "",
                 const std::string& caller = "")
      : context_(ContextOf(caller)) {
    v1::WatchTotalsRequest request;
    *request.mutable_query() = query;
    request.set_resume_token(resume_token);
    stream_ = client.totals->WatchTotals(context_.get(), request);
  }
  ~Watch() {
    if (!finished_) {
      context_->TryCancel();
      stream_->Finish();
    }
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // The next moment; false if the watch has ended.
  bool Next() {
    v1::WatchTotalsResponse message;
    while (stream_->Read(&message)) {
      ++messages_;
      if (followed_.Take(message)) return true;
    }
    return false;
  }
  // Moments until one of this position or later.
  bool NextUntil(int64_t position) {
    while (followed_.totals().position() < position) {
      if (!Next()) return false;
    }
    return true;
  }
  void Cancel() { context_->TryCancel(); }
  grpc::Status Finish() {
    finished_ = true;
    return stream_->Finish();
  }
  grpc::Status WaitForEnd() {
    while (Next()) {
    }
    return Finish();
  }

  const FollowedTotals& followed() const { return followed_; }
  const v1::QueryTotalsResponse& totals() const { return followed_.totals(); }
  // "kent 7"; "kent gone".
  std::vector<std::string> Changed() const {
    std::vector<std::string> texts;
    for (const v1::TotalsRow& row : followed_.changed_rows()) {
      texts.push_back(absl::StrCat(row.force(), " ", row.has_total() ? absl::StrCat(row.total().sum()) : "gone"));
    }
    return texts;
  }
  int messages() const { return messages_; }

 private:
  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientReader<v1::WatchTotalsResponse>> stream_;
  FollowedTotals followed_;
  int messages_ = 0;
  bool finished_ = false;
};

class WatchTest : public testing::Test {
 protected:
  // Starts a server on the store of this test, which tells callers apart by name.
  void Start(const WatcherLimits& limits = {}, const std::string& address = "127.0.0.1:0",
             const std::string& policy_file = "") {
    Stop();
    ServerOptions options;
    options.store_directory = folder_.Path("store");
    options.listen_address = address;
    options.catalogue = ShippedCatalogue();
    options.identify = IdentifyByName;
    options.policy_file = policy_file;
    options.watcher_limits = limits;
    options.metrics_listen_address = "127.0.0.1:0";
    absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(options);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    client_ = std::make_unique<Client>(server_->address());
  }
  void Stop() {
    client_.reset();
    server_.reset();
  }
  Server& server() { return *server_; }
  Client& client() { return *client_; }
  const TemporaryFolder& folder() const { return folder_; }

  std::string WritePolicy(const std::string& text) {
    std::string path = folder().Path("policy.textproto");
    const std::string fresh = path + ".new";
    std::ofstream(fresh) << text;
    std::rename(fresh.c_str(), path.c_str());
    return path;
  }

  // The totals are what a query answers at the same position, to which nothing is being added.
  void ExpectEqualsQuery(const Watch& watch, const v1::TotalsQuery& query = ArrestsByForce()) {
    v1::QueryTotalsRequest request;
    *request.mutable_query() = query;
    request.set_page_size(10'000);
    v1::QueryTotalsResponse want;
    ASSERT_THAT(client().TryQuery(request, &want), IsOkCall());
    ASSERT_EQ(want.next_page_token(), "");
    ASSERT_EQ(watch.totals().position(), want.position());
    *want.mutable_as_of_time() = watch.totals().as_of_time();
    EXPECT_TRUE(MessageDifferencer::Equals(watch.totals(), want)) << watch.totals().DebugString() << want.DebugString();
  }

  double Metric(const std::string& name) { return MetricOf(server().metrics_address(), name); }
  static double MetricOf(const std::string& address, const std::string& name) {
    const std::string text = HttpGet(address, "/metrics");
    const size_t place = text.find(absl::StrCat("\n", name, " "));
    if (place == std::string::npos) {
      ADD_FAILURE() << "no metric " << name;
      return -1;
    }
    return std::stod(text.substr(place + name.size() + 2));
  }
  static bool WaitUntil(const std::function<bool()>& done) {
    for (const auto end = steady_clock::now() + kCallDeadline; steady_clock::now() < end;) {
      if (done()) return true;
      std::this_thread::yield();
    }
    return false;
  }

 private:
  TemporaryFolder folder_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<Client> client_;
};

// For tests in which time passes on purpose.
WatcherLimits Quick() {
  WatcherLimits limits;
  limits.interval = milliseconds(20);
  limits.rights_interval = milliseconds(20);
  return limits;
}

TEST_F(WatchTest, ASnapshotIsFollowedByWhatChangesAndNothingElse) {
  Start(Quick());
  client().Submit({MakeResult("r1", 1, 5, "kent"), MakeResult("r1", 1, 2, "surrey")});
  Watch watch(client());
  ASSERT_TRUE(watch.Next());
  EXPECT_TRUE(watch.followed().was_snapshot());
  EXPECT_THAT(watch.Changed(), testing::UnorderedElementsAre("kent 5", "surrey 2"));
  ExpectEqualsQuery(watch);

  const int64_t position = client().SubmitOne(MakeResult("r1", 2, 7, "kent")).position();
  ASSERT_TRUE(watch.NextUntil(position));
  EXPECT_FALSE(watch.followed().was_snapshot());
  EXPECT_THAT(watch.Changed(), ElementsAre("kent 7"));
  ExpectEqualsQuery(watch);

  const int64_t last = client().SubmitOne(MakeResult("r1", 1, 3, "essex")).position();
  ASSERT_TRUE(watch.NextUntil(last));
  EXPECT_THAT(watch.Changed(), ElementsAre("essex 3"));
  ExpectEqualsQuery(watch);
}

TEST_F(WatchTest, ARowWhoseResultsAreRetractedIsGone) {
  Start(Quick());
  client().Submit({MakeResult("r1", 1, 5, "kent"), MakeResult("r1", 1, 2, "surrey")});
  Watch watch(client());
  ASSERT_TRUE(watch.Next());
  ASSERT_TRUE(watch.NextUntil(client().SubmitOne(MakeRetraction("r1", 2, "kent")).position()));
  EXPECT_THAT(watch.Changed(), ElementsAre("kent gone"));
  ExpectEqualsQuery(watch);
  ASSERT_TRUE(watch.NextUntil(client().SubmitOne(MakeResult("r1", 3, 9, "kent")).position()));
  EXPECT_THAT(watch.Changed(), ElementsAre("kent 9"));
  ExpectEqualsQuery(watch);
}

TEST_F(WatchTest, ARowThatOnlyTheBaselineHasStays) {
  Start(Quick());
  v1::OperationResult then = MakeResult("r1", 1, 9, "kent");
  then.set_operation(kFebruary2023);
  then.set_start_date("2023-03-01");
  then.set_end_date("2023-03-01");
  client().Submit({MakeResult("r1", 1, 5, "kent"), then});
  v1::TotalsQuery query = ArrestsByForce();
  query.set_baseline_operation(kFebruary2023);
  Watch watch(client(), query);
  ASSERT_TRUE(watch.Next());
  ASSERT_TRUE(watch.NextUntil(client().SubmitOne(MakeRetraction("r1", 2, "kent")).position()));
  ASSERT_EQ(watch.totals().rows_size(), 1);
  EXPECT_FALSE(watch.totals().rows(0).has_total());
  EXPECT_EQ(watch.totals().rows(0).baseline().sum(), 9);
  ExpectEqualsQuery(watch, query);
  then.set_revision(2);
  then.mutable_figures(0)->set_value(10);
  ASSERT_TRUE(watch.NextUntil(client().SubmitOne(then).position()));
  EXPECT_EQ(watch.totals().rows(0).baseline().sum(), 10);
}

TEST_F(WatchTest, WhatIsAcknowledgedBeforeAWatchBeginsIsInItsSnapshot) {
  Start();
  Watch busy(client());  // So that the answer is young, and would be told again a quarter of a second later only.
  ASSERT_TRUE(busy.Next());
  for (int64_t count = 1; count <= 20; ++count) {
    const int64_t position = client().SubmitOne(MakeResult(absl::StrCat("r", count), 1, 1, "kent")).position();
    Watch watch(client());
    ASSERT_TRUE(watch.Next());
    EXPECT_GE(watch.totals().position(), position);
    ASSERT_EQ(watch.totals().rows_size(), 1);
    EXPECT_EQ(watch.totals().rows(0).total().sum(), count);
  }
}

TEST_F(WatchTest, ChangesThatComeQuicklyAreToldTogetherAndInOrder) {
  Start();
  Watch watch(client());
  ASSERT_TRUE(watch.Next());
  const auto begin = steady_clock::now();
  int64_t position = 0;
  for (int index = 0; index < 200; ++index) {
    position = client().SubmitOne(MakeResult(absl::StrCat("r", index), 1, 1, "kent")).position();
  }
  int64_t before = 0;
  while (before < 200) {
    ASSERT_TRUE(watch.Next());
    ASSERT_FALSE(watch.totals().rows().empty());
    EXPECT_GT(watch.totals().rows(0).total().sum(), before) << "a message without news";
    before = watch.totals().rows(0).total().sum();
  }
  EXPECT_EQ(watch.totals().position(), position);
  const auto passed = steady_clock::now() - begin;
  EXPECT_LE(watch.messages(), 2 + passed / milliseconds(250));
  ExpectEqualsQuery(watch);
}

TEST_F(WatchTest, AReaderThatComesBackGetsWhatItMissed) {
  Start(Quick());
  client().Submit({MakeResult("r1", 1, 5, "kent"), MakeResult("r1", 1, 2, "surrey"), MakeResult("r1", 1, 1, "essex")});
  std::string token;
  {
    Watch watch(client());
    ASSERT_TRUE(watch.Next());
    token = watch.followed().resume_token();
  }
  client().Submit({MakeResult("r1", 2, 6, "kent"), MakeRetraction("r1", 2, "surrey")});
  Watch watch(client(), ArrestsByForce(), token);
  ASSERT_TRUE(watch.Next());
  EXPECT_FALSE(watch.followed().was_snapshot());
  EXPECT_THAT(watch.Changed(), ElementsAre("surrey gone", "kent 6"));
  // Of the same reader again, who missed nothing this time.
  Watch again(client(), ArrestsByForce(), watch.followed().resume_token());
  ASSERT_TRUE(again.Next());
  EXPECT_FALSE(again.followed().was_snapshot());
  EXPECT_THAT(again.Changed(), IsEmpty());
}

TEST_F(WatchTest, AfterARestartOrAfterTheServerForgotAReaderGetsASnapshot) {
  WatcherLimits limits = Quick();
  limits.memory = milliseconds(0);
  Start(limits);
  client().SubmitOne(MakeResult("r1", 1, 5, "kent"));
  std::string token;
  {
    Watch watch(client());
    ASSERT_TRUE(watch.Next());
    token = watch.followed().resume_token();
    ASSERT_TRUE(WaitUntil([&] { return Metric("muster_watched_questions") == 1; }));  // Told after the reader.
  }
  ASSERT_TRUE(WaitUntil([&] { return Metric("muster_watched_questions") == 0; }));
  client().SubmitOne(MakeResult("r1", 2, 6, "kent"));
  {
    Watch watch(client(), ArrestsByForce(), token);
    ASSERT_TRUE(watch.Next());
    EXPECT_TRUE(watch.followed().was_snapshot());
  }
  Start(Quick());
  Watch watch(client(), ArrestsByForce(), token);
  ASSERT_TRUE(watch.Next());
  EXPECT_TRUE(watch.followed().was_snapshot());
  EXPECT_THAT(watch.Changed(), ElementsAre("kent 6"));
}

TEST_F(WatchTest, TheClientGoesOnByItselfAfterARestart) {
  Start(Quick());
  const std::string address = server().address();
  client().SubmitOne(MakeResult("r1", 1, 5, "kent"));
  ClientOptions options;
  options.server_address = address;
  MusterClient watching(std::move(options));
  std::vector<int64_t> sums;
  bool broke = false;
  const absl::Status status = watching.WatchTotals(ArrestsByForce(), {}, [&](const WatchNews& news) {
    if (!news.problem.ok()) {
      EXPECT_NE(news.totals, nullptr);
      if (!broke) Start(Quick(), address);
      broke = true;
      return true;
    }
    const v1::QueryTotalsResponse& totals = news.totals->totals();
    const int64_t sum = totals.rows_size() == 1 ? totals.rows(0).total().sum() : -1;
    if (sums.empty() || sums.back() != sum) sums.push_back(sum);
    if (sum == 5 && !broke) Stop();
    if (sum == 5 && broke) client().SubmitOne(MakeResult("r1", 2, 6, "kent"));
    return sum != 6;
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_TRUE(broke);
  EXPECT_THAT(sums, ElementsAre(5, 6));
}

TEST_F(WatchTest, WhenNothingChangesTheReaderIsToldForWhichTimeItsFiguresStand) {
  WatcherLimits limits = Quick();
  limits.heartbeat = milliseconds(50);
  Start(limits);
  client().SubmitOne(MakeResult("r1", 1, 5, "kent"));
  Watch watch(client());
  ASSERT_TRUE(watch.Next());
  auto before = watch.totals().as_of_time();
  for (int beat = 0; beat < 5; ++beat) {
    ASSERT_TRUE(watch.Next());
    EXPECT_THAT(watch.Changed(), IsEmpty());
    EXPECT_GT(std::pair(watch.totals().as_of_time().seconds(), watch.totals().as_of_time().nanos()),
              std::pair(before.seconds(), before.nanos()));
    before = watch.totals().as_of_time();
    EXPECT_EQ(watch.totals().rows(0).total().sum(), 5);
  }
  // What is of no concern to it moves its position all the same.
  v1::OperationResult other = MakeResult("r1", 1, 1, "kent");
  other.set_operation(kFebruary2023);
  other.set_start_date("2023-03-01");
  other.set_end_date("2023-03-01");
  ASSERT_TRUE(watch.NextUntil(client().SubmitOne(other).position()));
  EXPECT_THAT(watch.Changed(), IsEmpty());
  ExpectEqualsQuery(watch);
}

TEST_F(WatchTest, AForceThatBecomesLateIsToldThoughNothingWasSubmitted) {
  Start(Quick());
  v1::CreateOperationRequest create;
  v1::Operation& operation = *create.mutable_operation();
  operation.set_id("week-due");
  operation.set_title("Due in a moment");
  operation.set_start_date("2024-07-01");
  operation.set_end_date("2024-07-07");
  operation.add_expected_forces("kent");
  operation.add_expected_metrics("arrests");
  operation.mutable_due_time()->set_seconds(
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count() +
      2);
  v1::CreateOperationResponse created;
  ASSERT_THAT(MUSTER_CALL(client(), catalogue, CreateOperation, create, &created), IsOkCall());
  v1::TotalsQuery query;
  query.add_operations("week-due");
  Watch watch(client(), query);
  ASSERT_TRUE(watch.Next());
  ASSERT_EQ(watch.totals().coverage().forces_size(), 1);
  EXPECT_FALSE(watch.totals().coverage().forces(0).late());
  ASSERT_TRUE(watch.Next());
  EXPECT_TRUE(watch.totals().coverage().forces(0).late());
}

TEST_F(WatchTest, AHundredWatchersAreAllToldWhileResultsComeIn) {
  Start();
  constexpr int kWatchers = 100;
  constexpr int kResults = 100;
  std::vector<std::thread> threads;
  std::atomic<int> snapshots = 0;
  std::atomic<int> complete = 0;
  threads.reserve(kWatchers);
  for (int number = 0; number < kWatchers; ++number) {
    threads.emplace_back([&, number] {
      v1::TotalsQuery query = ArrestsByForce();
      if (number % 2 == 1) query.clear_group_by();  // Two questions.
      Watch watch(client(), query);
      int64_t before = -1;
      while (watch.Next()) {
        if (before == -1) ++snapshots;
        const int64_t sum = watch.totals().rows().empty() ? 0 : watch.totals().rows(0).total().sum();
        EXPECT_GE(sum, before);
        before = sum;
        if (sum == kResults) {
          ++complete;
          break;
        }
      }
    });
  }
  ASSERT_TRUE(WaitUntil([&] { return snapshots == kWatchers; }));
  EXPECT_TRUE(WaitUntil([&] { return Metric("muster_watchers") == kWatchers; }));
  EXPECT_TRUE(WaitUntil([&] { return Metric("muster_watched_questions") == 2; }));
  for (int index = 0; index < kResults; ++index) {
    client().SubmitOne(MakeResult(absl::StrCat("r", index), 1, 1, "kent"));
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(complete, kWatchers);
  EXPECT_TRUE(WaitUntil([&] { return Metric("muster_watchers") == 0; }));
  EXPECT_GE(Metric("muster_watch_messages_total"), 2 * kWatchers);
}

// Many rows, far more than a connection takes of what is not read.
v1::TotalsQuery ManyRows() {
  v1::TotalsQuery query;
  query.add_operations(kOctober2021);
  query.add_group_by(v1::GROUP_BY_FORCE);
  query.add_group_by(v1::GROUP_BY_DATE);
  query.add_group_by(v1::GROUP_BY_CATEGORY);
  return query;
}

class SlowReaderTest : public WatchTest {
 protected:
  void StartFilled() {
    WatcherLimits limits = Quick();
    limits.patience = milliseconds(300);
    Start(limits);
    std::vector<v1::OperationResult> results;
    int rows = 0;
    const std::shared_ptr<const Catalogue> catalogue = ShippedCatalogue();
    for (ForceIndex force = 0; force < catalogue->force_count() && results.size() < 300; ++force) {
      if (catalogue->force(force).kind() != v1::FORCE_KIND_TERRITORIAL) continue;
      for (int day = 11; day <= 17; ++day) {
        v1::OperationResult result = MakeResult(absl::StrCat("d", day), 1, 1, catalogue->force(force).id());
        result.set_start_date(absl::StrCat("2021-10-", day));
        result.set_end_date(result.start_date());
        for (const std::string drug : {"heroin", "crack-cocaine", "powder-cocaine", "mdma", "lsd", "cannabis-herbal"}) {
          *result.add_figures() = MakeFigure("drug-wraps", 1, {drug});
        }
        rows += 7;
        results.push_back(std::move(result));
      }
    }
    const v1::SubmitResultsResponse response = client().Submit(results);
    for (const v1::Receipt& receipt : response.receipts()) ASSERT_FALSE(receipt.has_problem());
    ASSERT_GT(rows, 2'000);
    // A window that does not grow.
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 16 << 10);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    slow_ = v1::TotalsService::NewStub(
        grpc::CreateCustomChannel(server().address(), grpc::InsecureChannelCredentials(), arguments));
  }
  std::unique_ptr<v1::TotalsService::Stub> slow_;
};

TEST_F(SlowReaderTest, WhoDoesNotReadIsDroppedAndToldSoWhileResultsAndOthersGoOn) {
  StartFilled();
  v1::WatchTotalsRequest request;
  *request.mutable_query() = ManyRows();
  const auto context = ContextOf("");
  const auto stream = slow_->WatchTotals(context.get(), request);
  Watch good(client(), ManyRows());
  ASSERT_TRUE(good.Next());
  ASSERT_TRUE(WaitUntil([&] { return Metric("muster_watchers") == 2; }));
  // Changes wait for it from here on.
  int64_t position = 0;
  for (int64_t revision = 1; Metric("muster_watchers_too_slow_total") == 0; ++revision) {
    const auto begin = steady_clock::now();
    position = client().SubmitOne(MakeResult("again", revision, revision, "kent")).position();
    EXPECT_GT(position, 0);
    EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(10));
    ASSERT_TRUE(good.NextUntil(position));
  }
  // Who reads in the end gets what was on its way, and then why it was dropped.
  v1::WatchTotalsResponse message;
  while (stream->Read(&message)) {
  }
  const grpc::Status status = stream->Finish();
  EXPECT_THAT(status, FailsWith(grpc::ABORTED, "WATCHER_TOO_SLOW"));
  EXPECT_TRUE(ErrorOf(status).has_retry);
  ExpectEqualsQuery(good, ManyRows());
}

TEST_F(SlowReaderTest, WhoNeverReadsAgainHoldsNothingForLong) {
  StartFilled();
  v1::WatchTotalsRequest request;
  *request.mutable_query() = ManyRows();
  const auto context = ContextOf("");
  const auto stream = slow_->WatchTotals(context.get(), request);
  ASSERT_TRUE(WaitUntil([&] { return Metric("muster_watchers") == 1; }));
  for (int64_t revision = 1; Metric("muster_watchers_too_slow_total") == 0; ++revision) {
    client().SubmitOne(MakeResult("again", revision, revision, "kent"));
  }
  EXPECT_TRUE(WaitUntil([&] { return Metric("muster_watchers") == 0; }));
  context->TryCancel();
  stream->Finish();
}

TEST_F(SlowReaderTest, AStopDoesNotWaitForWhoDoesNotRead) {
  StartFilled();
  v1::WatchTotalsRequest request;
  *request.mutable_query() = ManyRows();
  const auto context = ContextOf("");
  const auto stream = slow_->WatchTotals(context.get(), request);
  Watch good(client());
  ASSERT_TRUE(good.Next());
  ASSERT_TRUE(WaitUntil([&] { return Metric("muster_watch_messages_total") >= 1; }));
  const auto begin = steady_clock::now();
  std::thread stopping([&] { server().Stop(); });
  EXPECT_THAT(good.WaitForEnd(), FailsWith(grpc::UNAVAILABLE, "SERVER_STOPPING"));
  EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(5));
  context->TryCancel();
  stream->Finish();
  stopping.join();
  Watch late(client());
  EXPECT_EQ(late.WaitForEnd().error_code(), grpc::UNAVAILABLE);
}

TEST_F(WatchTest, OnlySoManyMayWatchAndOneWhoGoesMakesRoom) {
  WatcherLimits limits = Quick();
  limits.max_watchers = 3;
  limits.max_watchers_per_caller = 2;
  Start(limits, "127.0.0.1:0", WritePolicy("rules { callers: 'operator/*' read_totals_of: 'all' }"));
  Watch first(client());
  auto second = std::make_unique<Watch>(client());
  ASSERT_TRUE(first.Next());
  ASSERT_TRUE(second->Next());
  EXPECT_THAT(Watch(client()).WaitForEnd(), FailsWith(grpc::RESOURCE_EXHAUSTED, "WATCHES_FULL"));
  Watch other(client(), ArrestsByForce(), "", "operator/sam");
  ASSERT_TRUE(other.Next());
  EXPECT_THAT(Watch(client(), ArrestsByForce(), "", "operator/kim").WaitForEnd(),
              FailsWith(grpc::RESOURCE_EXHAUSTED, "WATCHES_FULL"));
  second.reset();
  ASSERT_TRUE(WaitUntil([&] { return Metric("muster_watchers") == 2; }));
  Watch third(client());
  EXPECT_TRUE(third.Next());
}

TEST_F(WatchTest, TooManyRowsAreRefusedAlsoWhenTheyComeLater) {
  WatcherLimits limits = Quick();
  limits.max_rows_of_question = 2;
  limits.max_rows = 3;
  Start(limits);
  client().Submit({MakeResult("r1", 1, 5, "kent"), MakeResult("r1", 1, 2, "surrey")});
  Watch watch(client());
  ASSERT_TRUE(watch.Next());
  v1::TotalsQuery by_date = ArrestsByForce();
  by_date.add_group_by(v1::GROUP_BY_DATE);
  EXPECT_THAT(Watch(client(), by_date).WaitForEnd(), FailsWith(grpc::RESOURCE_EXHAUSTED, "WATCHES_FULL"));
  client().SubmitOne(MakeResult("r1", 1, 1, "essex"));
  EXPECT_THAT(watch.WaitForEnd(), FailsWith(grpc::RESOURCE_EXHAUSTED, "TOO_MANY_ROWS"));
}

TEST_F(WatchTest, BadQuestionsAndTokensAreRefused) {
  Start(Quick());
  v1::TotalsQuery unknown = ArrestsByForce();
  unknown.add_metrics("arests");
  v1::TotalsQuery past = ArrestsByForce();
  past.set_as_of_position(1);
  past.mutable_as_of_time()->set_seconds(1);
  grpc::Status status = Watch(client(), unknown).WaitForEnd();
  EXPECT_THAT(status, FailsWith(grpc::INVALID_ARGUMENT, "INVALID_QUERY"));
  EXPECT_THAT(ErrorOf(status).violations, ElementsAre(Violation{"query.metrics[1]", "UNKNOWN_METRIC"}));
  status = Watch(client(), past).WaitForEnd();
  EXPECT_THAT(status, FailsWith(grpc::INVALID_ARGUMENT, "INVALID_QUERY"));
  EXPECT_THAT(ErrorOf(status).violations, ElementsAre(Violation{"query.as_of_position", "NOT_WATCHABLE"},
                                                      Violation{"query.as_of_time", "NOT_WATCHABLE"}));

  Watch watch(client());
  ASSERT_TRUE(watch.Next());
  v1::TotalsQuery other = ArrestsByForce();
  other.add_forces("kent");
  std::string text;
  ASSERT_TRUE(absl::WebSafeBase64Unescape(watch.followed().resume_token(), &text));
  for (const std::string& token :
       {std::string("x"), std::string("===="), absl::WebSafeBase64Escape("watch\na\nb\nc\n1"),
        absl::WebSafeBase64Escape(absl::StrCat(text, "x")), absl::WebSafeBase64Escape(absl::StrCat(text, "\n1"))}) {
    status = Watch(client(), ArrestsByForce(), token).WaitForEnd();
    EXPECT_THAT(status, FailsWith(grpc::INVALID_ARGUMENT, "INVALID_RESUME_TOKEN")) << token;
    EXPECT_THAT(ErrorOf(status).violations, ElementsAre(Violation{"resume_token", "INVALID_RESUME_TOKEN"}));
  }
  EXPECT_THAT(Watch(client(), other, watch.followed().resume_token()).WaitForEnd(),
              FailsWith(grpc::INVALID_ARGUMENT, "INVALID_RESUME_TOKEN"));
  // A position that was made up says nothing of what its reader has, so it gets all.
  Watch ahead(client(), ArrestsByForce(),
              absl::WebSafeBase64Escape(absl::StrCat(text.substr(0, text.rfind('\n')), "\n999")));
  ASSERT_TRUE(ahead.Next());
  EXPECT_TRUE(ahead.followed().was_snapshot());
}

TEST_F(WatchTest, EachSeesWhatAQueryOfItsOwnWouldShow) {
  Start(Quick(), "127.0.0.1:0",
        WritePolicy("rules { callers: 'force/*' submit_for: 'own' read_totals_of: 'own' }\n"
                    "rules { callers: 'operator/*' read_totals_of: 'all' }"));
  client().Submit({MakeResult("r1", 1, 5, "kent"), MakeResult("r1", 1, 2, "surrey")});
  v1::TotalsQuery kent = ArrestsByForce();
  kent.add_forces("kent");
  Watch own(client(), kent, "", "force/kent");
  ASSERT_TRUE(own.Next());
  EXPECT_THAT(own.Changed(), ElementsAre("kent 5"));
  EXPECT_THAT(Watch(client(), kent, "", "force/surrey").WaitForEnd(),
              FailsWith(grpc::PERMISSION_DENIED, "FORCE_NOT_YOURS"));
  // What one may see says nothing to another: it begins anew.
  Watch all(client(), kent, own.followed().resume_token(), "operator/sam");
  ASSERT_TRUE(all.Next());
  EXPECT_TRUE(all.followed().was_snapshot());
}

TEST_F(WatchTest, AWatchEndsWhenItsCallerMaySeeLessOrMore) {
  const std::string wide = "rules { callers: 'force/*' read_totals_of: 'all' }";
  Start(Quick(), "127.0.0.1:0", WritePolicy(wide));
  client().Submit({MakeResult("r1", 1, 5, "kent"), MakeResult("r1", 1, 2, "surrey")});
  v1::TotalsQuery surrey = ArrestsByForce();
  surrey.add_forces("surrey");
  Watch watch(client(), surrey, "", "force/kent");
  ASSERT_TRUE(watch.Next());
  WritePolicy("rules { callers: 'force/*' read_totals_of: 'own' }");
  EXPECT_THAT(watch.WaitForEnd(), FailsWith(grpc::PERMISSION_DENIED, "FORCE_NOT_YOURS"));
}

}  // namespace
}  // namespace muster
