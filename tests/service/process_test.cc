// The real program: how it starts, how it refuses to, how it stops, and what a kill leaves behind.
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "service/limits.h"
#include "tests/domain/random_seed.h"
#include "tests/service/musterd_process.h"
#include "tests/service/server_fixture.h"

namespace muster {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

class ProcessTest : public testing::Test {
 protected:
  std::string Path(const std::string& name) const { return folder_.Path(name); }
  // A file of its own for each process.
  std::string LogFile() { return Path(absl::StrCat("log-", ++log_count_)); }
  std::unique_ptr<MusterdProcess> Run(const std::vector<std::string>& arguments) {
    return std::make_unique<MusterdProcess>(arguments, LogFile());
  }
  // Starts a server on the store of this test, and a client of it.
  void Start() {
    server_ = Run(ServeStore(Path("store")));
    address_ = server_->WaitUntilListening();
    ASSERT_THAT(address_, MatchesRegex("127\\.0\\.0\\.1:[0-9]+")) << server_->Log();
    client_ = std::make_unique<Client>(address_);
  }
  void StopWell() {
    client_
        .reset();  // An idle connection would be closed only when its client looks, which it does every five seconds.
    server_->Signal(SIGTERM);
    EXPECT_EQ(server_->WaitUntilEnded(), 0) << server_->Log();
  }

  MusterdProcess& server() { return *server_; }
  Client& client() { return *client_; }
  const std::string& address() const { return address_; }

 private:
  TemporaryFolder folder_;
  int log_count_ = 0;
  std::string address_;
  std::unique_ptr<MusterdProcess> server_;
  std::unique_ptr<Client> client_;
};

// All totals, as finely as they can be asked for, with their coverage; without the time of the answer.
std::string EveryTotal(Client& client) {
  v1::TotalsQuery query;
  for (const v1::GroupBy by :
       {v1::GROUP_BY_OPERATION, v1::GROUP_BY_REGION, v1::GROUP_BY_FORCE, v1::GROUP_BY_DATE, v1::GROUP_BY_CATEGORY}) {
    query.add_group_by(by);
  }
  v1::QueryTotalsResponse answer = client.Query(query);
  EXPECT_GT(answer.rows_size(), 0);
  answer.clear_as_of_time();
  return answer.DebugString();
}

TEST_F(ProcessTest, ItSaysWhereItListensAndThatItIsOpenToAllOnThisMachine) {
  Start();
  EXPECT_EQ(client().SubmitOne(MakeResult("r1", 1, 7)).outcome(), v1::OUTCOME_ACCEPTED);
  StopWell();
  EXPECT_EQ(server().RestOfOutput(), "") << "one line is all that it prints";
  EXPECT_THAT(server().Log(), HasSubstr("no TLS"));
}

TEST_F(ProcessTest, AnInterruptStopsItAsWell) {
  Start();
  server().Signal(SIGINT);
  EXPECT_EQ(server().WaitUntilEnded(), 0);
}

TEST_F(ProcessTest, HelpAndVersionAnswerAndStartNothing) {
  const auto help = Run({"--help"});
  EXPECT_EQ(help->WaitUntilEnded(), 0);
  const std::string text = help->RestOfOutput();
  for (const std::string option : {"--store", "--listen", "--catalogue", "--version"}) {
    EXPECT_THAT(text, HasSubstr(option));
  }
  const auto version = Run({"--version"});
  EXPECT_EQ(version->WaitUntilEnded(), 0);
  EXPECT_THAT(version->RestOfOutput(), MatchesRegex("musterd [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST_F(ProcessTest, WhatAFileSaysCountsUnlessAFlagSaysOtherwise) {
  std::ofstream(Path("m.toml")) << "store = \"" << Path("of-the-file") << "\"\nlisten = \"127.0.0.1:0\"\n";
  const auto by_file = Run({"--config", Path("m.toml")});
  EXPECT_NE(by_file->WaitUntilListening(), "") << by_file->Log();
  EXPECT_TRUE(std::filesystem::exists(Path("of-the-file")));
  const auto by_flag = Run({"--config", Path("m.toml"), "--store", Path("of-the-flag")});
  EXPECT_NE(by_flag->WaitUntilListening(), "") << by_flag->Log();
  EXPECT_TRUE(std::filesystem::exists(Path("of-the-flag")));
}

// Arguments with which it must not start, and what it must say on standard error.
struct RefusedStart {
  std::string name;
  std::vector<std::string> arguments;  // FOLDER stands for the folder of the test.
  std::vector<std::string> says;
  friend void PrintTo(const RefusedStart& row, std::ostream* out) { *out << row.name; }
};

class RefusedStartTest : public ProcessTest, public testing::WithParamInterface<RefusedStart> {};

TEST_P(RefusedStartTest, SaysWhyAndExitsWithAnError) {
  std::filesystem::create_directory(Path("bad-catalogue"));
  std::ofstream(Path("bad-catalogue/forces.textproto")) << "forces {\n  id: \"a\"\n  name: 7\n}\n";
  std::filesystem::create_directory(Path("empty-catalogue"));
  std::ofstream(Path("a-file")) << "not a folder\n";
  std::ofstream(Path("bad.toml")) << "store = 7\ncatalog = \"/c\"\n";
  std::vector<std::string> arguments = GetParam().arguments;
  for (std::string& argument : arguments) {
    if (argument.rfind("FOLDER", 0) == 0) argument = Path(argument.substr(7));
  }
  const auto process = Run(arguments);
  EXPECT_EQ(process->WaitUntilListening(), "");
  const std::optional<int> code = process->WaitUntilEnded();
  ASSERT_TRUE(code.has_value());
  EXPECT_NE(*code, 0);
  EXPECT_LT(*code, 128) << "ended by a signal";
  for (const std::string& words : GetParam().says) EXPECT_THAT(process->Log(), HasSubstr(words));
}

INSTANTIATE_TEST_SUITE_P(
    Arguments, RefusedStartTest,
    testing::ValuesIn<RefusedStart>({
        {"NoStore", {}, {"--store"}},
        {"UnknownOption", {"--store", "FOLDER/store", "--port", "1"}, {"no flag is called \"--port\"\n"}},
        {"MisspeltOption", {"--stor=FOLDER/store"}, {"\"--stor\"; did you mean \"--store\"?", "no folder is given"}},
        {"AWordTooMany", {"--store", "FOLDER/store", "start"}, {"no flag is called \"start\""}},
        {"OptionWithoutValue", {"--store"}, {"--store"}},
        {"NoConfigurationFile", {"--config", "FOLDER/none.toml"}, {"none.toml", "No such file"}},
        {"EveryFaultOfAConfigurationFile",
         {"--config", "FOLDER/bad.toml", "--lisen", "127.0.0.1:0"},
         {"bad.toml:1:9: store is 7;", "bad.toml:2:1: no setting is called \"catalog\"; did you mean \"catalogue\"?",
          "\"--lisen\"; did you mean \"--listen\"?"}},
        {"EveryAddress", {"--store", "FOLDER/store", "--listen", "0.0.0.0:0"}, {"0.0.0.0:0", "loopback", "TLS"}},
        {"EveryAddressOfSix", {"--store", "FOLDER/store", "--listen", "[::]:0"}, {"[::]:0", "loopback"}},
        {"AnAddressOfTheNetwork", {"--store", "FOLDER/store", "--listen", "192.0.2.1:0"}, {"192.0.2.1", "loopback"}},
        {"ANameThatBeginsLikeLoopback",
         {"--store", "FOLDER/store", "--listen", "127.0.0.1.example.org:0"},
         {"127.0.0.1.example.org"}},
        {"AddressWithoutPort", {"--store", "FOLDER/store", "--listen", "127.0.0.1"}, {"127.0.0.1", "PORT"}},
        {"PortBeyondAll", {"--store", "FOLDER/store", "--listen", "127.0.0.1:65536"}, {"65536"}},
        {"StoreBelowNoFolder", {"--store", "FOLDER/none/store", "--listen", "127.0.0.1:0"}, {"none/store"}},
        {"StoreIsAFile", {"--store", "FOLDER/a-file", "--listen", "127.0.0.1:0"}, {"a-file"}},
        {"CatalogueIsNoFolder",
         {"--store", "FOLDER/store", "--listen", "127.0.0.1:0", "--catalogue", "FOLDER/none"},
         {"none"}},
        {"CatalogueWithAFault",
         {"--store", "FOLDER/store", "--listen", "127.0.0.1:0", "--catalogue", "FOLDER/bad-catalogue"},
         {"bad-catalogue/forces.textproto:3:", "mend"}},
        {"CatalogueOfNothing",
         {"--store", "FOLDER/store", "--listen", "127.0.0.1:0", "--catalogue", "FOLDER/empty-catalogue"},
         {"no force", "no metric"}},
    }),
    [](const auto& row) { return row.param.name; });

TEST_F(ProcessTest, ASecondServerOnTheSameStoreIsRefusedAndTheFirstGoesOn) {
  Start();
  const auto second = Run(ServeStore(Path("store")));
  EXPECT_EQ(second->WaitUntilListening(), "");
  EXPECT_EQ(second->WaitUntilEnded(), 1);
  EXPECT_THAT(second->Log(), HasSubstr("in use"));
  EXPECT_THAT(second->Log(), HasSubstr(Path("store")));
  EXPECT_EQ(client().SubmitOne(MakeResult("r1", 1, 7)).outcome(), v1::OUTCOME_ACCEPTED);
  StopWell();
}

TEST_F(ProcessTest, AnAddressThatIsTakenIsRefused) {
  Start();
  const auto second = Run({"--store", Path("other"), "--listen", address()});
  EXPECT_EQ(second->WaitUntilListening(), "");
  EXPECT_EQ(second->WaitUntilEnded(), 1);
  EXPECT_THAT(second->Log(), HasSubstr(address()));
  EXPECT_EQ(client().SubmitOne(MakeResult("r1", 1, 7)).outcome(), v1::OUTCOME_ACCEPTED);
}

TEST_F(ProcessTest, AStopKeepsEverythingAndTheNextStartReplaysNothing) {
  Start();
  for (int index = 0; index < 30; ++index) {
    client().SubmitOne(MakeResult(absl::StrCat("r", index), 1, index, index % 2 == 0 ? "kent" : "sussex"));
  }
  client().SubmitOne(MakeResult("r3", 2, 1'000, "sussex"));
  client().SubmitOne(MakeRetraction("r4", 2, "kent"));
  const std::string before = EveryTotal(client());
  StopWell();

  Start();
  EXPECT_THAT(server().Log(), HasSubstr("position 32, of which 0 replayed"));
  EXPECT_EQ(EveryTotal(client()), before);
  EXPECT_EQ(client().Verify().mismatch_count(), 0);
  EXPECT_EQ(client().SubmitOne(MakeResult("r3", 2, 1'000, "sussex")).outcome(), v1::OUTCOME_DUPLICATE);
  EXPECT_EQ(client().SubmitOne(MakeResult("r30", 1, 1)).position(), 33);
}

TEST_F(ProcessTest, AfterAKillOnlyWhatFollowsTheCheckpointIsReplayed) {
  Start();
  for (int index = 0; index < 20; ++index) client().SubmitOne(MakeResult(absl::StrCat("r", index), 1, index));
  StopWell();  // Writes a checkpoint at 20.
  Start();
  for (int index = 20; index < 25; ++index) client().SubmitOne(MakeResult(absl::StrCat("r", index), 1, index));
  const std::string before = EveryTotal(client());
  server().Signal(SIGKILL);
  EXPECT_EQ(server().WaitUntilEnded(), 128 + SIGKILL);

  Start();
  // Five; or fewer, where the server was slow and its own checkpoint came in between.
  EXPECT_THAT(server().Log(), testing::ContainsRegex("position 25, of which [0-5] replayed"));
  EXPECT_EQ(EveryTotal(client()), before);
  EXPECT_EQ(client().Verify().mismatch_count(), 0);
}

// What senders were told. Thread-safe.
class Acknowledged {
 public:
  void Add(const v1::Receipt& receipt) {
    EXPECT_THAT(receipt.outcome(), testing::AnyOf(v1::OUTCOME_ACCEPTED, v1::OUTCOME_DUPLICATE));
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto [found, added] = positions_.emplace(receipt.result_id(), receipt.position());
    EXPECT_TRUE(added || found->second == receipt.position())
        << receipt.result_id() << " was at " << found->second << " and is now at " << receipt.position();
    changed_.notify_all();
  }
  // Waits until so many results were acknowledged.
  bool WaitFor(size_t count) {
    std::unique_lock<std::mutex> lock(mutex_);
    return changed_.wait_for(lock, kProcessDeadline, [&] { return positions_.size() >= count; });
  }
  std::map<std::string, int64_t> positions() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return positions_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, int64_t> positions_;  // By result_id.
};

// Sends results over one stream, a few a message and without waiting for answers; takes down what was acknowledged.
// Returns how the call ended.
grpc::Status SendOverStream(const std::string& address, const std::vector<v1::OperationResult>& results,
                            Acknowledged* acknowledged) {
  constexpr size_t kResultsPerMessage = 4;
  Client sender(address);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
  const auto stream = sender.ingest->StreamResults(&context);
  std::thread writer([&] {
    for (size_t begin = 0; begin < results.size(); begin += kResultsPerMessage) {
      v1::StreamResultsRequest message;
      for (size_t index = begin; index < std::min(begin + kResultsPerMessage, results.size()); ++index) {
        *message.add_results() = results[index];
      }
      if (!stream->Write(message)) break;
    }
    stream->WritesDone();
  });
  v1::StreamResultsResponse answer;
  while (stream->Read(&answer)) {
    for (const v1::Receipt& receipt : answer.receipts()) acknowledged->Add(receipt);
  }
  writer.join();
  return stream->Finish();
}

// Everything that is stored of Kent in October 2021.
std::map<std::string, int64_t> StoredPositions(Client& client) {
  std::map<std::string, int64_t> positions;
  v1::ListResultsRequest request;
  request.set_operation(kOctober2021);
  request.set_force("kent");
  request.set_page_size(1'000);
  v1::ListResultsResponse page;
  do {
    EXPECT_THAT(MUSTER_CALL(client, ingest, ListResults, request, &page), IsOkCall());
    for (const v1::StoredResult& stored : page.results()) {
      positions[stored.result().result_id()] = stored.receipt().position();
    }
    request.set_page_token(page.next_page_token());
  } while (!page.next_page_token().empty());
  return positions;
}

// Every acknowledged result is stored where its receipt said.
void ExpectStored(const std::map<std::string, int64_t>& acknowledged, const std::map<std::string, int64_t>& stored) {
  int missing = 0;
  for (const auto& [id, position] : acknowledged) {
    const auto found = stored.find(id);
    if (found == stored.end() || found->second != position) ++missing;
  }
  EXPECT_EQ(missing, 0) << "acknowledged results that are not where their receipts said, of " << acknowledged.size();
}

TEST_F(ProcessTest, AKillInTheMiddleOfEightStreamsLosesNothingAcknowledgedAndCountsNothingTwice) {
  constexpr int kCycles = 3;
  constexpr size_t kStreams = 8;
  constexpr size_t kNewPerStream = 200;  // In each cycle; what was sent before is sent again.
  std::mt19937 random(RandomSeed());
  Acknowledged acknowledged;
  std::vector<std::vector<v1::OperationResult>> shares(kStreams);
  int64_t arrests = 0;
  size_t sent = 0;
  for (int cycle = 0; cycle < kCycles; ++cycle) {
    Start();
    for (std::vector<v1::OperationResult>& share : shares) {
      for (size_t index = 0; index < kNewPerStream; ++index) {
        const auto value = static_cast<int64_t>(random() % 100);
        share.push_back(MakeResult(absl::StrCat("r", sent++), 1, value, "kent"));
        arrests += value;
      }
      std::shuffle(share.begin(), share.end(), random);
    }
    const size_t before = acknowledged.positions().size();
    const size_t kill_at = before + 1 + random() % (sent - before) * 3 / 4;
    std::cout << "cycle " << cycle << ": " << before << " acknowledged, kill at " << kill_at << " of " << sent
              << std::endl;
    std::vector<std::thread> senders;
    senders.reserve(shares.size());
    for (const std::vector<v1::OperationResult>& share : shares) {
      senders.emplace_back([&] { SendOverStream(address(), share, &acknowledged); });
    }
    EXPECT_TRUE(acknowledged.WaitFor(kill_at));
    server().Signal(SIGKILL);
    for (std::thread& sender : senders) sender.join();
    EXPECT_EQ(server().WaitUntilEnded(), 128 + SIGKILL);

    Start();
    const std::map<std::string, int64_t> stored = StoredPositions(client());
    ExpectStored(acknowledged.positions(), stored);
    EXPECT_EQ(client().Position(), static_cast<int64_t>(stored.size())) << "each result was logged once";
    EXPECT_EQ(client().Verify().mismatch_count(), 0);
    server().Signal(SIGKILL);
    server().WaitUntilEnded();
  }

  Start();
  std::vector<std::thread> senders;
  senders.reserve(shares.size());
  for (const std::vector<v1::OperationResult>& share : shares) {
    senders.emplace_back([&] { EXPECT_THAT(SendOverStream(address(), share, &acknowledged), IsOkCall()); });
  }
  for (std::thread& sender : senders) sender.join();
  EXPECT_EQ(acknowledged.positions().size(), sent);
  EXPECT_EQ(StoredPositions(client()), acknowledged.positions());
  EXPECT_EQ(client().Position(), static_cast<int64_t>(sent));
  EXPECT_EQ(client().TotalOf(kOctober2021, "arrests")->sum(), arrests);
  EXPECT_EQ(client().TotalOf(kOctober2021, "arrests")->result_count(), static_cast<int64_t>(sent));
  const v1::VerifyTotalsResponse verified = client().Verify();
  EXPECT_EQ(verified.mismatch_count(), 0);
  EXPECT_EQ(verified.entry_count(), static_cast<int64_t>(sent));
  const std::string totals = EveryTotal(client());
  StopWell();
  Start();
  EXPECT_EQ(EveryTotal(client()), totals);
}

TEST_F(ProcessTest, AStopDuringCallsSaysSoEndsThemAndLosesNothing) {
  Start();
  Acknowledged acknowledged;
  std::atomic<bool> stopped{false};
  std::vector<std::thread> senders;
  senders.reserve(6);
  // Callers that send one result after another, until they are told that the server is gone.
  for (int caller = 0; caller < 3; ++caller) {
    senders.emplace_back([&, caller] {
      Client sender(address());
      for (int index = 0;; ++index) {
        v1::SubmitResultsRequest request;
        *request.add_results() = MakeResult(absl::StrCat("call-", caller, "-", index), 1, 1, "kent");
        v1::SubmitResultsResponse response;
        const grpc::Status status = sender.TrySubmit(request, &response);
        if (!status.ok()) {
          EXPECT_TRUE(stopped) << status.error_message();
          // gRPC cancels a call that arrives between the end of its requests and the end of its connection.
          EXPECT_THAT(status.error_code(), testing::AnyOf(grpc::UNAVAILABLE, grpc::CANCELLED))
              << status.error_message();
          return;
        }
        acknowledged.Add(response.receipts(0));
      }
    });
  }
  // Streams that send and send; and one that has sent something, and waits.
  for (int sender = 0; sender < 3; ++sender) {
    senders.emplace_back([&, sender] {
      std::vector<v1::OperationResult> results;
      results.reserve(20'000);
      for (int index = 0; index < 20'000; ++index) {
        results.push_back(MakeResult(absl::StrCat("stream-", sender, "-", index), 1, 1, "kent"));
      }
      const grpc::Status status = SendOverStream(address(), results, &acknowledged);
      // A fast server is through before it is stopped.
      EXPECT_TRUE(status.ok() || status.error_code() == grpc::UNAVAILABLE) << status.error_message();
    });
  }
  grpc::ClientContext idle_context;
  idle_context.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
  const auto idle = client().ingest->StreamResults(&idle_context);
  v1::StreamResultsRequest message;
  *message.add_results() = MakeResult("idle", 1, 1, "kent");
  ASSERT_TRUE(idle->Write(message));
  v1::StreamResultsResponse answer;
  ASSERT_TRUE(idle->Read(&answer));
  acknowledged.Add(answer.receipts(0));

  grpc::ClientContext health_context;
  health_context.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
  const auto health_stub = grpc::health::v1::Health::NewStub(client().channel);
  const auto health = health_stub->Watch(&health_context, grpc::health::v1::HealthCheckRequest());
  grpc::health::v1::HealthCheckResponse state;
  ASSERT_TRUE(health->Read(&state));
  EXPECT_EQ(state.status(), grpc::health::v1::HealthCheckResponse::SERVING);

  EXPECT_TRUE(acknowledged.WaitFor(200));
  stopped = true;
  const auto begin = std::chrono::steady_clock::now();
  server().Signal(SIGTERM);
  ASSERT_TRUE(health->Read(&state));
  EXPECT_EQ(state.status(), grpc::health::v1::HealthCheckResponse::NOT_SERVING);
  health_context.TryCancel();  // The stop would wait for it until its deadline.
  EXPECT_FALSE(idle->Read(&answer));
  const grpc::Status idle_end = idle->Finish();
  EXPECT_THAT(idle_end, FailsWith(grpc::UNAVAILABLE, "STORE_UNAVAILABLE"));
  EXPECT_TRUE(ErrorOf(idle_end).has_retry) << "the next server takes it";
  for (std::thread& sender : senders) sender.join();
  EXPECT_EQ(server().WaitUntilEnded(), 0) << server().Log();
  const auto took = std::chrono::steady_clock::now() - begin;
  std::cout << "stopped after " << std::chrono::duration_cast<std::chrono::milliseconds>(took).count() << " ms, "
            << acknowledged.positions().size() << " acknowledged" << std::endl;
  EXPECT_LT(took, kDrainDeadline) << "something was waited for that does not end by itself";

  Start();
  EXPECT_THAT(server().Log(), HasSubstr("of which 0 replayed"));
  const std::map<std::string, int64_t> stored = StoredPositions(client());
  ExpectStored(acknowledged.positions(), stored);
  EXPECT_EQ(client().TotalOf(kOctober2021, "arrests")->sum(), static_cast<int64_t>(stored.size()));
  EXPECT_EQ(client().Verify().mismatch_count(), 0);
}

}  // namespace
}  // namespace muster
