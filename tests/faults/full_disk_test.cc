// A disk that is full. Nothing acknowledged is lost and reading goes on. That the server says so to callers, and goes
// on by itself when there is room, is tested on a small file system of its own.
#include <sys/mount.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rocksdb/db.h"
#include "storage/database.h"
#include "tests/domain/random_seed.h"
#include "tests/faults/faulty_disk.h"
#include "tests/faults/journal.h"
#include "tests/faults/memory_folder.h"
#include "tests/faults/reporter.h"
#include "tests/faults/running_muster.h"
#include "tests/faults/soak.h"
#include "tests/service/musterd_process.h"
#include "tests/service/server_fixture.h"

namespace muster {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr int kRounds = 40;
constexpr int kReporters = 2;

// Reports, makes checkpoints and flushes until the disk has no room. Returns what is wrong then.
std::vector<std::string> FillUp(RunningMuster& muster, std::vector<Reporter>& reporters, Journal& journal) {
  std::vector<absl::Status> ends(reporters.size());
  std::vector<std::thread> threads;
  for (size_t i = 0; i < reporters.size(); ++i) {
    threads.emplace_back([&, i] {
      Reporter& reporter = reporters[i];
      while (ends[i].ok()) {
        ends[i] = muster.Submit(reporter.Next(), journal);
        if (i > 0) continue;
        if (reporter.OneIn(8)) ends[i].Update(muster.checkpointer().WriteNow());
        if (reporter.OneIn(8)) ends[i].Update(muster.store().Flush());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  std::vector<std::string> wrong;
  for (const absl::Status& end : ends) {
    if (end.code() != absl::StatusCode::kUnavailable && end.code() != absl::StatusCode::kResourceExhausted) {
      wrong.push_back(absl::StrCat("refuses wrongly: ", end.ToString()));
    }
  }
  // Whatever was there can be read.
  for (const std::string& law : journal.BrokenLaws(muster.store(), muster.cubes())) {
    wrong.push_back(absl::StrCat("while it is full: ", law));
  }
  return wrong;
}

TEST(FullDiskTest, LosesNothingAndIsReadOn) {
  const uint32_t seed = RandomSeed();
  const int rounds = SoakRounds(kRounds);
  int rounds_with_a_failed_write = 0;
  for (int round = 0; round < rounds; ++round) {
    SCOPED_TRACE(absl::StrCat("MUSTER_SEED=", seed, ", round ", round));
    std::seed_seq seeds{seed, static_cast<uint32_t>(round)};
    std::mt19937 random(seeds);
    const MemoryFolder folder;
    FaultyDisk disk(folder.Path("lost"), seed + static_cast<uint32_t>(round));
    StoreOptions options;
    options.directory = folder.Path("store");
    options.environment = disk.environment();
    options.keep_free_bytes = 1;  // So that RocksDB meets the end of the disk in the middle of what it does.
    Journal journal(ShippedCatalogue());
    std::vector<Reporter> reporters;
    reporters.reserve(kReporters);
    for (int i = 0; i < kReporters; ++i) reporters.emplace_back(seed + static_cast<uint32_t>(round), i);
    {
      const auto muster = RunningMuster::Start(options, ShippedCatalogue());
      ASSERT_TRUE(muster.ok()) << muster.status();
      disk.SetFreeBytes(std::uniform_int_distribution<int64_t>(0, 200'000)(random));
      ASSERT_THAT(FillUp(**muster, reporters, journal), IsEmpty());
      // Else the last write took exactly what was left, and the store began no other.
      if (disk.HasFailed()) ++rounds_with_a_failed_write;
    }
    // It does not start without any room; or it does, and then nothing is missing.
    if (const auto muster = RunningMuster::Start(options, ShippedCatalogue()); muster.ok()) {
      EXPECT_THAT(journal.BrokenLaws((*muster)->store(), (*muster)->cubes()), IsEmpty());
    } else {
      EXPECT_THAT(std::string(muster.status().message()), HasSubstr("No space left on device"));
    }
    if (round % 2 == 0) {
      disk.Mend();
    } else {
      disk.Restart();
    }
    const auto muster = RunningMuster::Start(options, ShippedCatalogue());
    ASSERT_TRUE(muster.ok()) << muster.status();
    EXPECT_THAT(journal.BrokenLaws((*muster)->store(), (*muster)->cubes()), IsEmpty());
    EXPECT_EQ((*muster)->Submit(reporters[0].Next(), journal), absl::OkStatus());
  }
  EXPECT_GT(rounds_with_a_failed_write, rounds / 2);
}

// RocksDB goes on by itself when there is room again, in a thread of its own.
TEST(FullDiskTest, TheDatabaseGoesOnAfterAFamilyThatWasNotReplaced) {
  const MemoryFolder folder;
  FaultyDisk disk(folder.Path("lost"), 1);
  StoreOptions options;
  options.directory = folder.Path("store");
  options.environment = disk.environment();
  const auto database = Database::Open(options);
  ASSERT_TRUE(database.ok()) << database.status();

  rocksdb::WriteOptions synced;
  synced.sync = true;
  const auto put = [&] { return (*database)->db().Put(synced, "key", "value"); };
  ASSERT_TRUE(put().ok());  // Something to flush: so it begins another write-ahead log when it goes on.
  disk.FailAt(DiskAction::kWrite, 1, DiskError::kNoSpace, false);
  EXPECT_EQ((*database)->ReplaceFamily(Family::kCheckpoint).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(disk.FirstFailure(), HasSubstr("/MANIFEST-"));
  disk.FailAt(DiskAction::kWrite, 1, DiskError::kNoSpace, false);
  EXPECT_TRUE(put().IsNoSpace());

  const auto begin = std::chrono::steady_clock::now();
  rocksdb::Status last = put();
  while (!last.ok() && std::chrono::steady_clock::now() - begin < std::chrono::seconds(30)) last = put();
  EXPECT_TRUE(last.ok()) << last.ToString();
}

// The real program on a file system of 48 MiB, in memory. Mounting one needs root: skipped without.
class SmallFileSystemTest : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directory(Path(""));
    if (mount("tmpfs", Path("").c_str(), "tmpfs", 0, "size=48m") != 0) {
      GTEST_SKIP() << "NOT TESTED: a small file system could not be mounted (" << std::generic_category().message(errno)
                   << "); run the tests as root.";
    }
    is_mounted_ = true;
  }
  void TearDown() override {
    client_.reset();
    server_.reset();
    EXPECT_EQ(is_mounted_ ? umount2(Path("").c_str(), MNT_DETACH) : 0, 0);
  }

  std::string Path(const std::string& name) const { return folder_.Path(absl::StrCat("disk/", name)); }
  std::string LogFile() const { return folder_.Path("log"); }
  // With a store, and a receipt.
  void Start() {
    server_ = std::make_unique<MusterdProcess>(ServeStore(Path("store")), LogFile());
    const std::string address = server_->WaitUntilListening();
    ASSERT_NE(address, "") << server_->Log();
    client_ = std::make_unique<Client>(address);
  }
  grpc::Status Submit(const v1::OperationResult& result) {
    journal_.Send(result);
    v1::SubmitResultsRequest request;
    *request.add_results() = result;
    v1::SubmitResultsResponse response;
    grpc::Status status = client_->TrySubmit(request, &response);
    if (status.ok()) journal_.Acknowledge(result, response.receipts(0).outcome());
    return status;
  }
  // Of other forces than the others here.
  static v1::OperationResult LargeResult(int number) {
    v1::OperationResult result = MakeResult(absl::StrCat("large-", number), 1, 1);
    result.set_force(number % 2 == 0 ? "kent" : "essex");
    result.set_reason(std::string(500, 'r'));
    return result;
  }
  void FillDisk() {
    std::ofstream ballast(Path("ballast"), std::ios::binary);
    const std::string bytes(4'096, 'b');
    while (ballast.write(bytes.data(), static_cast<std::streamsize>(bytes.size())).flush()) {
    }
  }

  const MemoryFolder folder_;
  Journal journal_{ShippedCatalogue()};
  std::unique_ptr<MusterdProcess> server_;
  std::unique_ptr<Client> client_;

 private:
  bool is_mounted_ = false;
};

TEST_F(SmallFileSystemTest, CallersAreToldReadingGoesOnAndSoDoesIngestWhenThereIsRoom) {
  Start();
  ASSERT_THAT(Submit(MakeResult("before", 1, 5)), IsOkCall());
  for (int round = 0; round < 3; ++round) {
    FillDisk();
    grpc::Status refused;
    for (int i = 0; refused.ok(); ++i) refused = Submit(LargeResult(round * 10'000 + i));
    EXPECT_EQ(refused.error_code(), grpc::RESOURCE_EXHAUSTED) << refused.error_message();
    EXPECT_TRUE(ErrorOf(refused).has_retry);
    v1::TotalsQuery query;
    query.add_operations(kOctober2021);
    query.add_forces("thames-valley");
    query.add_metrics("arrests");
    ASSERT_EQ(client_->Query(query).rows_size(), 1);
    EXPECT_EQ(client_->Query(query).rows(0).total().sum(), 5);
    EXPECT_EQ(client_->Verify().mismatch_count(), 0);

    fs::remove(Path("ballast"));
    const auto begin = std::chrono::steady_clock::now();
    grpc::Status taken;
    do {
      taken = Submit(MakeResult(absl::StrCat("after-", round), 1, 0));
    } while (!taken.ok() && std::chrono::steady_clock::now() - begin < std::chrono::seconds(30));
    ASSERT_THAT(taken, IsOkCall());
  }

  client_.reset();
  server_->Signal(SIGKILL);
  server_->WaitUntilEnded();
  StoreOptions options;
  options.directory = Path("store");
  const auto muster = RunningMuster::Start(options, ShippedCatalogue());
  ASSERT_TRUE(muster.ok()) << muster.status();
  EXPECT_THAT(journal_.BrokenLaws((*muster)->store(), (*muster)->cubes()), IsEmpty());
}

TEST_F(SmallFileSystemTest, AStartWithoutRoomIsRefusedInWords) {
  Start();
  ASSERT_THAT(Submit(MakeResult("before", 1, 5)), IsOkCall());
  client_.reset();
  server_->Signal(SIGKILL);
  server_->WaitUntilEnded();
  FillDisk();
  server_ = std::make_unique<MusterdProcess>(ServeStore(Path("store")), LogFile());
  EXPECT_EQ(server_->WaitUntilListening(), "");
  EXPECT_EQ(server_->WaitUntilEnded(), 1);
  EXPECT_THAT(server_->Log(), HasSubstr("No space left on device"));
  fs::remove(Path("ballast"));
  Start();
  EXPECT_EQ(client_->TotalOf(kOctober2021, "arrests")->sum(), 5);
}

}  // namespace
}  // namespace muster
