// Those who mean it ill, or know no better: the real program among them, and a good client beside them.
#include "service/limits.h"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/service/musterd_process.h"
#include "tests/service/raw_http2.h"
#include "tests/service/server_fixture.h"

namespace muster {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

using Clock = std::chrono::steady_clock;

// A sanitizer keeps what is freed for a while.
#ifdef __SANITIZE_ADDRESS__
constexpr int64_t kMemoryFactor = 4;
#else
constexpr int64_t kMemoryFactor = 1;
#endif

const std::string kGetCatalogue = "/muster.v1.CatalogueService/GetCatalogue";
const std::string kStreamResults = "/muster.v1.IngestService/StreamResults";
const std::string kNobody = "/nobody/Knows";
const std::string kEmptyMessage(5, '\0');

// How long pairs of calls took.
struct Latencies {
  std::vector<Clock::duration> from_due = {};    // Of each, from when it was due.
  std::vector<Clock::duration> from_begin = {};  // From when it was begun: earlier ones may have kept it waiting.
};

std::chrono::microseconds Percentile(std::vector<Clock::duration> times, size_t percent) {
  std::sort(times.begin(), times.end());
  return std::chrono::duration_cast<std::chrono::microseconds>(times[(times.size() - 1) * percent / 100]);
}

// Hands in a result every few milliseconds and asks for the total, as good clients do.
class GoodClient {
 public:
  explicit GoodClient(const std::string& address) : client_(address) {}

  // Makes pairs of calls as long as `under_way`, and so many at least.
  Latencies CallWhile(const std::atomic<bool>& under_way, size_t at_least) {
    Latencies latencies;
    const Clock::time_point begin = Clock::now();
    while (under_way || latencies.from_due.size() < at_least) {
      const Clock::time_point due = begin + kInterval * latencies.from_due.size();
      std::this_thread::sleep_until(due);  // Not to wait for anything: so often it calls.
      const Clock::time_point pair_begin = Clock::now();
      CallPair();
      latencies.from_due.push_back(Clock::now() - due);
      latencies.from_begin.push_back(Clock::now() - pair_begin);
    }
    return latencies;
  }
  Latencies Call(size_t pairs) { return CallWhile(std::atomic<bool>(false), pairs); }

  // Every receipt is kept: the result is there once, and the totals equal the log.
  void ExpectNothingIsLost() {
    EXPECT_EQ(client_.TotalOf(kOctober2021, "arrests")->sum(), acknowledged_);
    const v1::VerifyTotalsResponse verified = client_.Verify();
    EXPECT_EQ(verified.mismatches_size(), 0);
    EXPECT_GE(verified.position(), acknowledged_);
  }

 private:
  static constexpr std::chrono::milliseconds kInterval{5};

  void CallPair() {
    const v1::Receipt receipt = client_.SubmitOne(MakeResult(absl::StrCat("good-", ++acknowledged_), 1, 1));
    EXPECT_EQ(receipt.outcome(), v1::OUTCOME_ACCEPTED);
    EXPECT_EQ(client_.TotalOf(kOctober2021, "arrests")->sum(), acknowledged_);
  }

  Client client_;
  int64_t acknowledged_ = 0;
};

// Those who mean it ill have machines of their own. Here they share a processor with the good client, which goes first,
// so that what it feels is what the server makes of them. Of one object at a time.
class Processors {
 public:
  Processors() {
    sched_getaffinity(0, sizeof(before_), &before_);
    for (size_t processor = 0; processor < CPU_SETSIZE; ++processor) {
      if (!CPU_ISSET(processor, &before_)) continue;
      cpu_set_t clients;
      CPU_ZERO(&clients);
      CPU_SET(processor, &clients);
      sched_setaffinity(0, sizeof(clients), &clients);  // Threads that are made from now on have it too.
      return;
    }
  }
  ~Processors() { sched_setaffinity(0, sizeof(before_), &before_); }
  Processors(const Processors&) = delete;
  Processors& operator=(const Processors&) = delete;

  // The calling thread is one of an attacker.
  static void GoLast() {
    constexpr int kMuchNicer = 19;
    setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), getpriority(PRIO_PROCESS, 0) + kMuchNicer);
  }

 private:
  cpu_set_t before_{};
};

// Prints what docs/security.md says of a quiet machine: from when pairs were due, so that one that is held up does not
// hide how long the next ones would have waited. At most twice what it was is what is wanted. Tests share their machine
// with others, where a client that falls behind its schedule never catches up, so what is expected is only that no pair
// itself is held up for long.
void ExpectAboutAsQuick(const Latencies& before, const Latencies& during) {
  for (const auto& [name, latencies] : {std::pair("before", &before), std::pair("during", &during)}) {
    const std::vector<Clock::duration>& times = latencies->from_due;
    std::cout << name << ": p50 " << Percentile(times, 50).count() << " us, p99 " << Percentile(times, 99).count()
              << " us, slowest " << Percentile(times, 100).count() << " us of " << times.size() << "\n";
    testing::Test::RecordProperty(absl::StrCat("p99_", name, "_us"), absl::StrCat(Percentile(times, 99).count()));
  }
  constexpr std::chrono::microseconds kBearable{500'000};
  EXPECT_LE(Percentile(during.from_begin, 99), std::max(4 * Percentile(before.from_begin, 99), kBearable));
}

grpc::Status CallAny(Client& client) {
  v1::GetCatalogueResponse response;
  return MUSTER_CALL(client, catalogue, GetCatalogue, v1::GetCatalogueRequest(), &response);
}

class LimitsTest : public testing::Test {
 protected:
  explicit LimitsTest(const std::vector<std::string>& run_by = {})
      : server_(ServeStore(folder_.Path("store")), folder_.Path("log"), run_by) {
    processors_ = std::make_unique<Processors>();  // The server has them all.
    address_ = server_.WaitUntilListening();
    EXPECT_THAT(address_, MatchesRegex("127\\.0\\.0\\.1:[0-9]+")) << server_.Log();
    good_ = std::make_unique<GoodClient>(address_);
    before_ = good_->Call(100);  // Warms up too.
    before_ = good_->Call(200);
    descriptors_before_ = Descriptors();
    memory_before_ = MemoryMebibytes();
  }
  ~LimitsTest() override {
    good_->ExpectNothingIsLost();
    good_.reset();
    server_.Signal(SIGTERM);
    EXPECT_EQ(server_.WaitUntilEnded(), 0) << server_.Log();
  }

  int Descriptors() const {
    int count = 0;
    for ([[maybe_unused]] const auto& one :
         std::filesystem::directory_iterator(absl::StrCat("/proc/", server_.id(), "/fd"))) {
      ++count;
    }
    return count;
  }
  int64_t MemoryMebibytes() const { return StatusMebibytes("VmRSS:"); }
  int64_t PeakMemoryMebibytes() const { return StatusMebibytes("VmHWM:"); }
  void AwaitDescriptors(int at_most) const {
    const auto deadline = Clock::now() + kProcessDeadline;
    while (Descriptors() > at_most) {
      ASSERT_LT(Clock::now(), deadline) << "there are still " << Descriptors();
      std::this_thread::yield();
    }
  }
  // What the good client's calls take while `attack` goes on.
  template <typename Attack>
  Latencies During(const Attack& attack) {
    std::atomic<bool> under_way{true};
    std::thread attacker([&] {
      Processors::GoLast();
      attack();
      under_way = false;
    });
    Latencies during = good_->CallWhile(under_way, 200);
    attacker.join();
    return during;
  }

  const std::string& address() const { return address_; }
  std::string Log() const { return server_.Log(); }

  Latencies before_;
  int descriptors_before_ = 0;
  int64_t memory_before_ = 0;

 private:
  int64_t StatusMebibytes(const std::string& name) const {
    std::ifstream file(absl::StrCat("/proc/", server_.id(), "/status"));
    std::string word;
    int64_t kibibytes = 0;
    while (file >> word) {
      if (word == name) file >> kibibytes;
    }
    return kibibytes / 1'024;
  }

  TemporaryFolder folder_;
  MusterdProcess server_;
  std::string address_;
  std::unique_ptr<Processors> processors_;
  std::unique_ptr<GoodClient> good_;
};

// The server raises its limit of descriptors itself, and so do tests for their own end.
void RaiseOwnDescriptorLimit() {
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = limit.rlim_max;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

TEST_F(LimitsTest, AThousandHalfOpenHandshakesHoldNobodyUpAndAreClosed) {
  RaiseOwnDescriptorLimit();
  constexpr int kConnections = 1'000;
  constexpr int kMost = kMaxSilentConnectionsOfAddress;
  static_assert(kMost < kConnections);
  std::vector<std::unique_ptr<RawConnection>> silent;
  const auto begin = Clock::now();
  const auto during = During([&] {
    for (int connection = 0; connection < kConnections; ++connection) {
      silent.push_back(std::make_unique<RawConnection>(address()));
    }
  });
  ExpectAboutAsQuick(before_, during);
  // Of one address so many are waited for; the others are closed without more ado.
  AwaitDescriptors(descriptors_before_ + kMost + 10);
  EXPECT_LT(Clock::now() - begin, kHandshakeTimeout);  // For which gRPC keeps them.
  EXPECT_LE(MemoryMebibytes(), memory_before_ + 50 * kMemoryFactor);
  // Each is given its time, and no more; also one that has said half of how HTTP/2 begins.
  silent.push_back(std::make_unique<RawConnection>(address()));
  silent.back()->SendBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  ASSERT_TRUE(silent.back()->Flush());
  for (const auto& connection : silent) {
    connection->ReadToTheEnd();
    ASSERT_TRUE(connection->IsClosed());
  }
  EXPECT_LT(Clock::now() - begin, 3 * kHandshakeTimeout);
  AwaitDescriptors(descriptors_before_ + 10);
}

// Few enough that they are used up between two looks of the connection guard.
constexpr int kFewDescriptors = 2'048;

class FewDescriptorsTest : public LimitsTest {
 protected:
  static constexpr int kConnections = 10'000;
  static constexpr int kMost = kFewDescriptors / kDescriptorsForConnection;

  FewDescriptorsTest() : LimitsTest({"prlimit", absl::StrCat("--nofile=", kFewDescriptors, ":", kFewDescriptors)}) {
    RaiseOwnDescriptorLimit();
  }

  // So many connections, as fast as they are taken; `begin` makes one. They are there until the end of the test.
  template <typename Begin>
  Latencies DuringConnections(const Begin& begin) {
    return During([&] {
      for (int connection = 0; connection < kConnections; ++connection) {
        connections_.push_back(std::make_unique<RawConnection>(address()));
        begin(*connections_.back());
      }
    });
  }
  // The packaged gRPC would never take one again once it had no descriptor for one.
  void ExpectThatOthersGetIn() {
    EXPECT_THAT(Log(), testing::Not(HasSubstr("Too many open files")));
    Client other(address());
    EXPECT_THAT(CallAny(other), IsOkCall());
  }

 private:
  std::vector<std::unique_ptr<RawConnection>> connections_;
};

TEST_F(FewDescriptorsTest, MoreSilentConnectionsThanThereAreDescriptorsLeaveRoomForOthers) {
  ExpectAboutAsQuick(before_, DuringConnections([](RawConnection& /*connection*/) {}));
  AwaitDescriptors(descriptors_before_ + kFewDescriptors / kDescriptorsForSilentConnection + 10);
  EXPECT_THAT(Log(), HasSubstr("too many connections at once"));
  ExpectThatOthersGetIn();
}

TEST_F(FewDescriptorsTest, MoreConnectionsThanThereAreDescriptorsLeaveRoomForOthers) {
  ExpectAboutAsQuick(before_, DuringConnections([](RawConnection& connection) {
                       connection.Begin();
                       connection.Flush();
                     }));
  AwaitDescriptors(descriptors_before_ + kMost + 10);  // Those that are left wait for what they never ask.
  EXPECT_THAT(Log(), HasSubstr(absl::StrCat("more than ", kMost, " connections")));
  ExpectThatOthersGetIn();
}

TEST_F(LimitsTest, TwoHundredStreamsAtAByteASecondHoldNobodyUp) {
  constexpr int kConnections = 4;
  constexpr int kStreamsOfEach = 50;
  constexpr int kSeconds = 4;
  std::vector<std::unique_ptr<RawConnection>> connections;
  for (int index = 0; index < kConnections; ++index) {
    connections.push_back(std::make_unique<RawConnection>(address()));
    connections.back()->Begin();
    for (uint32_t stream = 0; stream < kStreamsOfEach; ++stream) {
      connections.back()->SendHeaders(2 * stream + 1, CallHeaders(kStreamResults));
    }
    ASSERT_TRUE(connections.back()->Flush());
  }
  const auto during = During([&] {
    // The head of a message of 1,000 bytes, and its first ones.
    const std::string message = std::string("\0\0\0\x03\xe8", 5) + "\x0a\x7f";
    std::mutex mutex;
    std::condition_variable never;
    std::unique_lock<std::mutex> lock(mutex);
    for (size_t second = 0; second < kSeconds; ++second) {
      for (const auto& connection : connections) {
        for (uint32_t stream = 0; stream < kStreamsOfEach; ++stream) {
          connection->SendData(2 * stream + 1, message.substr(second, 1), false);
        }
        EXPECT_TRUE(connection->Flush());
      }
      never.wait_for(lock, std::chrono::seconds(1));  // That is what is tested: they are slow.
    }
  });
  ExpectAboutAsQuick(before_, during);
  EXPECT_LE(Descriptors(), descriptors_before_ + kConnections + 10);
  EXPECT_LE(MemoryMebibytes(), memory_before_ + 100 * kMemoryFactor);
  connections.clear();
  AwaitDescriptors(descriptors_before_ + 10);
}

// How calls are opened and cancelled at once.
struct CancelledCalls {
  const char* name;
  const std::string& path;
  uint32_t with_message_of_ten;  // So many come with their message.
};

class CancelledCallsTest : public LimitsTest, public testing::WithParamInterface<CancelledCalls> {};

TEST_P(CancelledCallsTest, AHundredThousandHoldNobodyUp) {
  constexpr uint32_t kCalls = 100'000;
  const CancelledCalls& calls = GetParam();
  uint32_t sent = 0;
  const auto during = During([&] {
    const auto end = Clock::now() + std::chrono::seconds(4);
    while (sent < kCalls && Clock::now() < end) {  // Whenever it is cut off, it comes again.
      RawConnection connection(address());
      connection.Begin();
      for (uint32_t stream = 1; sent < kCalls && !connection.IsClosed(); stream += 2) {
        connection.SendHeaders(stream, CallHeaders(calls.path));
        if (++sent % 10 < calls.with_message_of_ten) connection.SendData(stream, kEmptyMessage, true);
        connection.SendReset(stream);
      }
      connection.Flush();
    }
  });
  ExpectAboutAsQuick(before_, during);
  EXPECT_THAT(Log(), HasSubstr("had more calls than they may"));
  EXPECT_LE(Descriptors(), descriptors_before_ + kMaxSilentConnectionsOfAddress + 10);
  EXPECT_LE(PeakMemoryMebibytes(), memory_before_ + 200 * kMemoryFactor);
}

INSTANTIATE_TEST_SUITE_P(All, CancelledCallsTest,
                         testing::Values(CancelledCalls{"HalfOfThemWithTheirMessage", kGetCatalogue, 5},
                                         CancelledCalls{"Streams", kStreamResults, 0},
                                         CancelledCalls{"OfNobody", kNobody, 5}),
                         [](const testing::TestParamInfo<CancelledCalls>& test) { return test.param.name; });

// A client whose calls all run into their deadline at once does no harm by it.
TEST_F(LimitsTest, AllCallsOfAConnectionMayBeCancelledAtOnce) {
  RawConnection connection(address());
  connection.Begin();
  for (uint32_t call = 0; call < kMaxCallsOfConnection; ++call) {
    connection.SendHeaders(2 * call + 1, CallHeaders(kStreamResults));
  }
  for (uint32_t call = 0; call < kMaxCallsOfConnection; ++call) connection.SendReset(2 * call + 1);
  const uint32_t next = 2 * kMaxCallsOfConnection + 1;
  connection.SendHeaders(next, CallHeaders(kGetCatalogue));
  connection.SendData(next, kEmptyMessage, true);
  ASSERT_TRUE(connection.Flush());
  EXPECT_TRUE(connection.ReadUntil("arrests"));  // The catalogue.
  EXPECT_FALSE(connection.IsClosed());
}

TEST_F(LimitsTest, HeadersOverTheLimitAreRefusedAndHarmNobody) {
  Client client(address());
  const auto call_with = [&](size_t bytes) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
    context.AddMetadata("x-pad", std::string(bytes, 'a'));
    v1::GetCatalogueResponse response;
    return client.catalogue->GetCatalogue(&context, v1::GetCatalogueRequest(), &response);
  };
  EXPECT_THAT(call_with(kMaxMetadataBytes - 1'000), IsOkCall());
  EXPECT_EQ(call_with(kMaxMetadataBytes + 1'000).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  // gRPC may hang up on the connection, and on whatever is sent on it next; the client makes another.
  grpc::Status next;
  const auto deadline = Clock::now() + kProcessDeadline;
  do {
    next = call_with(100);
  } while (next.error_code() == grpc::StatusCode::UNAVAILABLE && Clock::now() < deadline);
  EXPECT_THAT(next, IsOkCall());

  // By hand: also such as have made other versions of gRPC abort, or read on without end.
  const auto during = During([&] {
    for (const auto& [name, value] : HeaderList{{"te", "x"},
                                                {":scheme", "x"},
                                                {"grpclb_client_stats", "x"},
                                                {"x-bin", "no base64, no base64"},
                                                {"content-type", "text/plain"},
                                                {"x", "y"}}) {
      for (const size_t pad_bytes : {9'000U, 100'000U, 3'000'000U}) {
        HeaderList headers = CallHeaders(kGetCatalogue);
        std::erase_if(headers, [name = name](const auto& header) { return header.first == name; });
        headers.emplace_back(name, value);
        headers.emplace_back("x-pad", std::string(pad_bytes, 'a'));
        headers.emplace_back("x-pad-2", std::string(9'000, 'a'));
        RawConnection connection(address());
        connection.Begin();
        connection.SendHeaders(1, headers);
        connection.SendData(1, kEmptyMessage, true);
        connection.SendPing();
        connection.Flush();
        // It has looked at all of it when it answers what came last, or hangs up.
        EXPECT_TRUE(connection.ReadUntil("pingping") || connection.IsClosed());
      }
    }
  });
  ExpectAboutAsQuick(before_, during);
  AwaitDescriptors(descriptors_before_ + 10);
  EXPECT_LE(MemoryMebibytes(), memory_before_ + 100 * kMemoryFactor);
}

// The settings that a server tells, as the bytes of SETTINGS frames: a number of two bytes, a value of four.
std::string Setting(uint16_t number, uint32_t value) {
  std::string bytes;
  for (const int shift : {8, 0}) bytes.push_back(static_cast<char>(number >> shift & 0xff));
  for (const int shift : {24, 16, 8, 0}) bytes.push_back(static_cast<char>(value >> shift & 0xff));
  return bytes;
}

TEST_F(LimitsTest, AConnectionIsToldHowManyCallsItMayHaveAndHowLargeHeadersMayBe) {
  RawConnection connection(address());
  connection.Begin();
  ASSERT_TRUE(connection.Flush());
  const std::string settings = connection.ReadAtLeast(9 + 4 * 6);
  EXPECT_THAT(settings, HasSubstr(Setting(3, kMaxCallsOfConnection)));
  EXPECT_THAT(settings, HasSubstr(Setting(6, kMaxMetadataBytes)));
}

TEST_F(LimitsTest, WhoPingsWithoutEndIsCutOff) {
  RawConnection connection(address());
  connection.Begin();
  for (int ping = 0; ping < 100; ++ping) connection.SendPing();
  connection.Flush();
  EXPECT_THAT(connection.ReadToTheEnd(), HasSubstr("too_many_pings"));
  EXPECT_TRUE(connection.IsClosed());
}

// In this process, with rates that are soon met.
class SlowRatesTest : public testing::Test {
 protected:
  explicit SlowRatesTest(RateLimits rates) {
    ServerOptions options;
    options.store_directory = folder_.Path("store");
    options.listen_address = "127.0.0.1:0";
    options.catalogue = ShippedCatalogue();
    options.local_operator_rates = rates;
    absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(options);
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    client_ = std::make_unique<Client>(server_->address());
  }

  TemporaryFolder folder_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<Client> client_;
};

constexpr Rate kPlenty = {.per_second = 1'000'000'000, .burst = 1'000'000'000};

class FewCallsTest : public SlowRatesTest {
 protected:
  FewCallsTest() : SlowRatesTest({.calls = {.per_second = 2, .burst = 10}, .bytes = kPlenty}) {}
};

TEST_F(FewCallsTest, WhoCallsTooOftenIsToldToWaitAndNothingIsDone) {
  v1::SubmitResultsRequest request;
  *request.add_results() = MakeResult("r", 1, 1);
  v1::SubmitResultsResponse response;
  int taken = 0;
  grpc::Status status;
  while (taken < 100 && (status = client_->TrySubmit(request, &response)).ok()) {
    ++taken;
    request.mutable_results(0)->set_result_id(absl::StrCat("r", taken));
  }
  EXPECT_GE(taken, 10);
  EXPECT_LT(taken, 100);
  EXPECT_THAT(status, FailsWith(grpc::RESOURCE_EXHAUSTED, "CALLER_RATE_EXCEEDED"));
  EXPECT_TRUE(ErrorOf(status).has_retry);
  EXPECT_TRUE(ErrorOf(status).has_quota);
  // Every call counts, and each is told the same.
  v1::GetCatalogueResponse catalogue;
  while (status.ok()) status = MUSTER_CALL(*client_, catalogue, GetCatalogue, v1::GetCatalogueRequest(), &catalogue);
  EXPECT_THAT(status, FailsWith(grpc::RESOURCE_EXHAUSTED, "CALLER_RATE_EXCEEDED"));

  // Whoever goes on trying comes through, with what was refused before.
  const auto deadline = Clock::now() + kCallDeadline;
  while (!(status = client_->TrySubmit(request, &response)).ok()) ASSERT_LT(Clock::now(), deadline);
  EXPECT_EQ(response.receipts(0).outcome(), v1::OUTCOME_ACCEPTED);
  EXPECT_EQ(response.position(), taken + 1);
}

constexpr int64_t kSlowBytesPerSecond = 200'000;
constexpr int64_t kSlowBytesAtOnce = 100'000;

class FewBytesTest : public SlowRatesTest {
 protected:
  FewBytesTest()
      : SlowRatesTest({.calls = kPlenty, .bytes = {.per_second = kSlowBytesPerSecond, .burst = kSlowBytesAtOnce}}) {}
};

TEST_F(FewBytesTest, AStreamThatIsTooQuickIsReadMoreSlowlyAndLosesNothing) {
  constexpr int kMessages = 40;
  constexpr int kResultsOfEach = 100;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
  const auto stream = client_->ingest->StreamResults(&context);
  const auto begin = Clock::now();
  int64_t bytes = 0;
  std::thread writer([&] {
    for (int message = 0; message < kMessages; ++message) {
      v1::StreamResultsRequest request;
      for (int index = 0; index < kResultsOfEach; ++index) {
        *request.add_results() = MakeResult(absl::StrCat("m", message, ".", index), 1, 1);
      }
      bytes += static_cast<int64_t>(request.ByteSizeLong());
      EXPECT_TRUE(stream->Write(request));
    }
    stream->WritesDone();
  });
  v1::StreamResultsResponse answer;
  int64_t accepted = 0;
  while (stream->Read(&answer)) {
    for (const v1::Receipt& receipt : answer.receipts()) {
      EXPECT_EQ(receipt.outcome(), v1::OUTCOME_ACCEPTED);
      EXPECT_EQ(receipt.position(), ++accepted);
    }
  }
  writer.join();
  EXPECT_THAT(stream->Finish(), IsOkCall());
  EXPECT_EQ(accepted, kMessages * kResultsOfEach);
  const double least_seconds = static_cast<double>(bytes - kSlowBytesAtOnce) / static_cast<double>(kSlowBytesPerSecond);
  ASSERT_GT(least_seconds, 0.5);
  EXPECT_GE(std::chrono::duration<double>(Clock::now() - begin).count(), least_seconds * 0.9);
}

class HardlyAnyBytesTest : public SlowRatesTest {
 protected:
  HardlyAnyBytesTest() : SlowRatesTest({.calls = kPlenty, .bytes = {.per_second = 1'000, .burst = 1'000}}) {}
};

TEST_F(HardlyAnyBytesTest, AStreamThatWaitsForItsRateEndsAtOnceWhenTheServerStops) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
  const auto stream = client_->ingest->StreamResults(&context);
  v1::StreamResultsRequest request;
  for (int index = 0; index < 1'000; ++index) {
    // Together minutes' worth, which is longer than a server has to stop.
    *request.add_results() = MakeResult(absl::StrCat("r", index), 1, 1);
    request.mutable_results(index)->set_reason(std::string(500, 'x'));
  }
  v1::StreamResultsResponse answer;
  ASSERT_TRUE(stream->Write(request));
  ASSERT_TRUE(stream->Read(&answer));
  // Of more than fits its window a client sends nothing while nobody reads.
  request.mutable_results()->DeleteSubrange(1, request.results_size() - 1);
  ASSERT_TRUE(stream->Write(request));
  const auto begin = Clock::now();
  server_->Stop();
  EXPECT_LT(Clock::now() - begin, kDrainDeadline);
  while (stream->Read(&answer)) {
  }
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(FewBytesTest, ALargeRequestIsTakenAndTheNextMustWait) {
  v1::SubmitResultsRequest request;
  for (int index = 0; index < 1'000; ++index) {
    *request.add_results() = MakeResult(absl::StrCat("r", index), 1, 1);
    request.mutable_results(index)->set_reason(std::string(500, 'x'));
  }
  v1::SubmitResultsResponse response;
  ASSERT_THAT(client_->TrySubmit(request, &response), IsOkCall());
  EXPECT_THAT(client_->TrySubmit(request, &response), FailsWith(grpc::RESOURCE_EXHAUSTED, "CALLER_RATE_EXCEEDED"));
}

}  // namespace
}  // namespace muster
