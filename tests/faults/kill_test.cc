// A killed server loses nothing that it acknowledged and counts nothing twice: killed at random moments under eight
// streams, and at every named step. MUSTER_SOAK runs the random kills at length, MUSTER_KILL_CYCLES says how many.
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <random>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "storage/failpoint.h"
#include "tests/domain/random_seed.h"
#include "tests/faults/sender_journal.h"
#include "tests/service/child_process.h"

namespace muster {
namespace {

using Message = std::vector<v1::OperationResult>;

constexpr char kMusterd[] = MUSTER_BINARY_DIR "/musterd";
constexpr char kMusterdFailpoints[] = MUSTER_BINARY_DIR "/musterd_failpoints";
constexpr size_t kStreams = 8;

// One sender: what it made, what of that is not answered, and what it may correct.
class Sender {
 public:
  Sender(SenderJournal& journal, size_t number, uint32_t seed) : journal_(journal), number_(number), random_(seed) {}

  // Sends what is unanswered and then `count` new messages over one stream, until the server is gone. Returns how the
  // call ended.
  grpc::Status SendNew(const std::string& address, int count) {
    for (int index = 0; index < count; ++index) unanswered_.push_back(MakeMessage());
    return Send(address);
  }

  grpc::Status Send(const std::string& address) {
    Client client(address);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
    const auto stream = client.ingest->StreamResults(&context);
    std::thread writer([&] {
      for (const Message& message : unanswered_) {
        journal_.Send(message);
        v1::StreamResultsRequest request;
        for (const v1::OperationResult& result : message) *request.add_results() = result;
        if (!stream->Write(request)) break;
      }
      stream->WritesDone();
    });
    v1::StreamResultsResponse answer;
    size_t answered = 0;
    while (stream->Read(&answer)) journal_.Acknowledge(unanswered_[answered++], answer);
    writer.join();
    for (size_t index = 0; index < answered; ++index) {
      for (const v1::OperationResult& result : unanswered_[index]) newest_[result.result_id()] = result;
    }
    unanswered_.erase(unanswered_.begin(), unanswered_.begin() + static_cast<std::ptrdiff_t>(answered));
    return stream->Finish();
  }

 private:
  // New results, corrections and retractions of answered ones, and answered ones once more. No result twice in all that
  // is unanswered.
  Message MakeMessage() {
    Message message;
    const size_t count = 1 + random_() % 6;
    while (message.size() < count) {
      const auto choice = random_() % 10;
      if (choice < 3 && !newest_.empty()) {
        auto picked = newest_.begin();
        std::advance(picked, static_cast<std::ptrdiff_t>(random_() % newest_.size()));
        v1::OperationResult result = picked->second;
        newest_.erase(picked);  // Until it is answered.
        if (choice > 0) result = MakeRevision(result.result_id(), result.revision() + 1, choice == 1);
        message.push_back(std::move(result));
      } else {
        message.push_back(MakeRevision(absl::StrCat("s", number_, "-", made_++), 1, false));
      }
    }
    return message;
  }

  v1::OperationResult MakeRevision(const std::string& id, int64_t revision, bool retracted) {
    if (retracted) return MakeRetraction(id, revision, "kent");
    v1::OperationResult result = MakeResult(id, revision, static_cast<int64_t>(random_() % 1'000), "kent");
    if (random_() % 2 == 0) *result.add_figures() = MakeFigure("charges", static_cast<int64_t>(random_() % 100));
    if (random_() % 3 == 0) *result.add_figures() = MakeFigure("stop-searches", static_cast<int64_t>(random_() % 100));
    return result;
  }

  SenderJournal& journal_;
  const size_t number_;
  std::mt19937 random_;
  int made_ = 0;
  std::vector<Message> unanswered_;                    // In the order of sending.
  std::map<std::string, v1::OperationResult> newest_;  // Answered, by id.
};

class KillTest : public testing::Test {
 protected:
  KillTest() : random_(RandomSeed()), journal_(folder_.Path("journal")) {
    for (size_t number = 0; number < kStreams; ++number) {
      senders_.push_back(std::make_unique<Sender>(journal_, number, static_cast<uint32_t>(random_())));
    }
  }

  // Runs a server; with a failpoint if one is given. It may end before it listens: the address is empty then.
  void Run(const std::string& failpoint = "") {
    server_.reset();
    std::vector<std::string> words = {kMusterd};
    if (!failpoint.empty()) words = {"/usr/bin/env", "MUSTER_FAILPOINT=" + failpoint, kMusterdFailpoints};
    for (const std::string& word : {std::string("--config"), std::string("/dev/null"), std::string("--store"),
                                    folder_.Path(store_), std::string("--listen"), std::string("127.0.0.1:0")}) {
      words.push_back(word);
    }
    server_ = std::make_unique<ChildProcess>(words, folder_.Path("log"));
  }
  void AwaitAddress() {
    const std::string prefix = "listening on ";
    const std::string line = server_->ReadLine().value_or("");
    address_ = line.rfind(prefix, 0) == 0 ? line.substr(prefix.size()) : "";
  }
  void Start() {
    Run();
    AwaitAddress();
    ASSERT_NE(address_, "") << server_->Log();
  }
  void Kill() {
    server_->Signal(SIGKILL);
    EXPECT_EQ(server_->WaitUntilEnded(), 128 + SIGKILL) << server_->Log();
  }
  uint64_t Random(uint64_t below) { return random_() % below; }

  // All senders at once, until they are done or the server is gone.
  void SendNew(int messages) {
    std::vector<std::thread> threads;
    for (const auto& sender : senders_) {
      threads.emplace_back([&, messages] { static_cast<void>(sender->SendNew(address_, messages)); });
    }
    for (std::thread& thread : threads) thread.join();
  }
  // What is unanswered, all of it.
  void SendRest() {
    std::vector<std::thread> threads;
    for (const auto& sender : senders_) {
      threads.emplace_back([&] { EXPECT_THAT(sender->Send(address_), IsOkCall()); });
    }
    for (std::thread& thread : threads) thread.join();
  }
  // Starts again, and holds the store to the journal before and after the rest is sent.
  SenderJournal::Figures StartAndCompare() {
    Start();
    if (HasFatalFailure()) return {};
    Client client(address_);
    journal_.Compare(client, false);
    SendRest();
    return journal_.Compare(client, true);
  }

  TemporaryFolder folder_;
  std::string store_ = "store";
  std::mt19937 random_;
  SenderJournal journal_;
  std::vector<std::unique_ptr<Sender>> senders_;
  std::unique_ptr<ChildProcess> server_;
  std::string address_;
};

int Cycles() {
  if (const char* const cycles = std::getenv("MUSTER_KILL_CYCLES"); cycles != nullptr) return std::stoi(cycles);
  return std::getenv("MUSTER_SOAK") != nullptr ? 1'000 : 50;
}

// A store serves so many cycles, then another one begins: comparing takes as long as the store is large.
constexpr int kCyclesPerStore = 25;
constexpr int kMessages = 30;  // Of each stream and cycle.

TEST_F(KillTest, AtRandomMomentsUnderEightStreamsNothingIsLostOrCountedTwice) {
  SenderJournal::Figures all;
  const int cycles = Cycles();
  int done = 0;
  for (int store = 0; done < cycles && !HasFailure(); ++store) {
    store_ = absl::StrCat("store-", store);
    SenderJournal journal(folder_.Path(absl::StrCat("journal-", store)));
    std::vector<std::unique_ptr<Sender>> senders;
    for (size_t number = 0; number < kStreams; ++number) {
      senders.push_back(std::make_unique<Sender>(journal, number, static_cast<uint32_t>(random_())));
    }
    SenderJournal::Figures figures;
    Start();
    for (int cycle = 0; cycle < kCyclesPerStore && done < cycles && !HasFailure(); ++cycle, ++done) {
      const int64_t kill_at = journal.receipt_count() + 1 + static_cast<int64_t>(Random(kStreams * kMessages * 3));
      std::vector<std::thread> threads;
      threads.reserve(senders.size());
      for (const auto& sender : senders) {
        threads.emplace_back([&] { static_cast<void>(sender->SendNew(address_, kMessages)); });
      }
      journal.WaitForReceipts(kill_at, std::chrono::seconds(10));
      std::this_thread::sleep_for(std::chrono::microseconds(Random(3'000)));  // Anywhere in a group.
      Kill();
      for (std::thread& thread : threads) thread.join();
      if (Random(4) == 0) {  // And while it starts.
        Run();
        std::this_thread::sleep_for(std::chrono::milliseconds(Random(60)));
        Kill();
      }
      Start();
      ASSERT_FALSE(HasFatalFailure());
      Client client(address_);
      journal.Compare(client, false);
      threads.clear();
      for (const auto& sender : senders) {
        threads.emplace_back([&] { EXPECT_THAT(sender->Send(address_), IsOkCall()); });
      }
      for (std::thread& thread : threads) thread.join();
      figures = journal.Compare(client, true);
    }
    all.results += figures.results;
    all.revisions += figures.revisions;
    all.lost += figures.lost;
    all.twice += figures.twice;
    all.wrong += figures.wrong;
  }
  std::cout << done << " cycles, " << all.results << " results, " << all.revisions << " revisions, " << all.lost
            << " lost, " << all.twice << " twice, " << all.wrong << " wrong" << std::endl;
  EXPECT_EQ(done, cycles);
}

class FailpointTest : public KillTest, public testing::WithParamInterface<Failpoint> {};

TEST_P(FailpointTest, TwentyKillsThereLoseNothingAndCountNothingTwice) {
  constexpr int kKills = 20;
  const Failpoint& failpoint = GetParam();
  const std::string name(failpoint.name);
  SenderJournal::Figures figures;
  for (int kill = 0; kill < kKills && !HasFailure(); ++kill) {
    // These are passed by the first server of a store alone, or while it has no checkpoint yet.
    const bool making = failpoint.phase == FailpointPhase::kMaking;
    if (making || name == "checkpoint:dropped" || name == "checkpoint:replaced") {
      store_ = absl::StrCat("store-", kill);
      SenderJournal journal(folder_.Path(absl::StrCat("journal-", kill)));
      Sender sender(journal, 0, static_cast<uint32_t>(random_()));
      Run(name + ":1");
      AwaitAddress();
      ASSERT_EQ(address_.empty(), making) << server_->Log();
      if (!making) {
        EXPECT_THAT(sender.SendNew(address_, 3), IsOkCall());
        server_->Signal(SIGTERM);
      }
      ASSERT_EQ(server_->WaitUntilEnded(), 128 + SIGKILL) << name << " was not hit\n" << server_->Log();
      Start();
      EXPECT_THAT(sender.SendNew(address_, 3), IsOkCall());
      Client client(address_);
      figures = journal.Compare(client, true);
      Kill();
      continue;
    }
    const bool submitting = failpoint.phase == FailpointPhase::kSubmitting;
    Run(absl::StrCat(name, ":", submitting && !name.starts_with("index-run") ? 1 + Random(2) : 1));
    AwaitAddress();
    ASSERT_NE(address_, "") << server_->Log();
    SendNew(submitting ? 10 : 3);
    if (!submitting) server_->Signal(SIGTERM);
    ASSERT_EQ(server_->WaitUntilEnded(), 128 + SIGKILL) << name << " was not hit\n" << server_->Log();
    figures = StartAndCompare();
    Kill();
  }
  std::cout << name << ": " << kKills << " kills, " << figures.results << " results in the last store, " << figures.lost
            << " lost, " << figures.twice << " twice" << std::endl;
}

INSTANTIATE_TEST_SUITE_P(Every, FailpointTest, testing::ValuesIn(kFailpoints), [](const auto& row) {
  return absl::StrReplaceAll(std::string(row.param.name), {{":", "_"}, {"-", "_"}});
});

// The names of failpoints that a program holds.
int FailpointsIn(const char* program) {
  std::ifstream in(program, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  EXPECT_GT(bytes.size(), 100'000u) << program;
  return static_cast<int>(std::count_if(kFailpoints.begin(), kFailpoints.end(), [&](const Failpoint& failpoint) {
    return bytes.find(failpoint.name) != std::string::npos;
  }));
}

TEST(FailpointsTest, OnlyTheProgramForTestsHoldsThem) {
  EXPECT_EQ(FailpointsIn(kMusterd), 0);
  EXPECT_EQ(FailpointsIn(kMusterdFailpoints), static_cast<int>(kFailpoints.size()));
}

}  // namespace
}  // namespace muster
