// StoreService.Backup: what it answers, what it refuses, and that what it makes is worth something.
#include <atomic>
#include <filesystem>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "storage/backup.h"
#include "tests/service/server_fixture.h"

namespace muster {
namespace {

using testing::HasSubstr;

class BackupCallsTest : public ServerTest {
 protected:
  grpc::Status TryBackup(const std::string& directory, v1::BackupResponse* response) {
    v1::BackupRequest request;
    request.set_directory(directory);
    return MUSTER_CALL(client(), store, Backup, request, response);
  }
  v1::BackupResponse Backup(const std::string& directory) {
    v1::BackupResponse response;
    EXPECT_THAT(TryBackup(directory, &response), IsOkCall());
    return response;
  }
};

TEST_F(BackupCallsTest, ItSaysWhatWasBackedUp) {
  client().Submit({MakeResult("a", 1, 7), MakeResult("b", 1, 8)});
  const v1::BackupResponse first = Backup(folder().Path("backups"));
  EXPECT_EQ(first.backup_id(), 1);
  EXPECT_EQ(first.position(), 2);
  EXPECT_EQ(first.backup_count(), 1);
  EXPECT_EQ(first.new_bytes(), first.total_bytes());
  const v1::BackupResponse second = Backup(folder().Path("backups"));
  EXPECT_EQ(second.backup_id(), 2);
  EXPECT_EQ(second.backup_count(), 2);
  EXPECT_LT(second.new_bytes(), second.total_bytes());
}

TEST_F(BackupCallsTest, AFolderThatMayNotBeUsedIsRefused) {
  client().SubmitOne(MakeResult("a", 1, 7));
  v1::BackupResponse response;
  for (const char* const relative : {"", "backups", "./backups"}) {
    const grpc::Status status = TryBackup(relative, &response);
    EXPECT_THAT(status, FailsWith(grpc::StatusCode::INVALID_ARGUMENT, "INVALID_REQUEST")) << relative;
    ASSERT_EQ(ErrorOf(status).violations.size(), 1U);
  }
  for (const std::string& directory :
       {folder().Path("store"), folder().Path("store/backups"), folder().Path("absent/backups")}) {
    const grpc::Status status = TryBackup(directory, &response);
    EXPECT_THAT(status, FailsWith(grpc::StatusCode::FAILED_PRECONDITION, "BACKUP_FAILED"));
    EXPECT_THAT(status.error_message(), HasSubstr(directory)) << "an operator must know which";
    EXPECT_FALSE(ErrorOf(status).has_retry) << "again would be the same";
  }
}

TEST_F(BackupCallsTest, ABackupUnderLoadRestoresToTotalsThatEqualItsLogWithAllThatWasAcknowledged) {
  std::atomic<int64_t> acknowledged = 0;  // Results, each stating one arrest.
  std::atomic<bool> done = false;
  const std::string at = address();
  std::thread sender([&] {
    Client own(at);
    for (int64_t message = 0; !done; ++message) {
      std::vector<v1::OperationResult> results;
      results.reserve(200);
      for (int i = 0; i < 200; ++i) results.push_back(MakeResult(absl::StrCat("m", message, "-", i), 1, 1));
      own.Submit(results);
      acknowledged += 200;
    }
  });
  while (acknowledged < 1'000) std::this_thread::yield();
  const int64_t before = acknowledged;
  const v1::BackupResponse backup = Backup(folder().Path("backups"));
  EXPECT_GE(backup.position(), before);
  done = true;
  sender.join();
  Stop();

  const absl::StatusOr<RestoreReport> restored =
      RestoreBackup({.backup_directory = folder().Path("backups"), .store_directory = folder().Path("restored")});
  ASSERT_TRUE(restored.ok()) << restored.status();
  const std::unique_ptr<Server> server = StartServer(folder().Path("restored"));
  ASSERT_NE(server, nullptr);
  Client of_restored(server->address());
  EXPECT_GE(of_restored.Position(), backup.position());
  EXPECT_EQ(of_restored.Position(), restored->position);
  const v1::VerifyTotalsResponse verified = of_restored.Verify();
  EXPECT_EQ(verified.mismatch_count(), 0);
  EXPECT_EQ(verified.entry_count(), restored->position);
  EXPECT_EQ(of_restored.TotalOf(kOctober2021, "arrests")->sum(), restored->position) << "one arrest an entry";
}

TEST_F(BackupCallsTest, OneBackupAtATime) {
  client().SubmitOne(MakeResult("a", 1, 7));
  std::atomic<int> running = 0;
  std::atomic<int> made = 0;
  std::vector<std::thread> callers;
  const std::string at = address();
  callers.reserve(8);
  for (int caller = 0; caller < 8; ++caller) {
    callers.emplace_back([&] {
      Client own(at);
      v1::BackupRequest request;
      request.set_directory(folder().Path("backups"));
      v1::BackupResponse response;
      const grpc::Status status = MUSTER_CALL(own, store, Backup, request, &response);
      if (status.ok()) {
        ++made;
        return;
      }
      EXPECT_THAT(status, FailsWith(grpc::StatusCode::RESOURCE_EXHAUSTED, "BACKUP_RUNNING"));
      EXPECT_TRUE(ErrorOf(status).has_retry);
      ++running;
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_GE(made, 1);
  EXPECT_EQ(made + running, 8);
  EXPECT_EQ(Backup(folder().Path("backups")).backup_id(), made + 1);
}

}  // namespace
}  // namespace muster
