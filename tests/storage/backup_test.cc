// Backups: what is in them, what they share, what is refused, and that damage and disk errors are told.
#include "storage/backup.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <ostream>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rocksdb/env.h"
#include "rocksdb/file_system.h"
#include "storage/position_mark.h"
#include "storage/store.h"

namespace muster {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

MATCHER_P2(Fails, code, message, "") {
  *result_listener << "is " << arg.status();
  return arg.status().code() == code &&
         testing::ExplainMatchResult(message, std::string(arg.status().message()), result_listener);
}

// A disk whose new files below a folder cannot be written.
class RefusingDisk : public rocksdb::FileSystemWrapper {
 public:
  RefusingDisk(std::string folder, rocksdb::IOStatus error)
      : rocksdb::FileSystemWrapper(rocksdb::FileSystem::Default()),
        folder_(std::move(folder)),
        error_(std::move(error)) {}
  const char* Name() const override { return "RefusingDisk"; }
  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override {
    if (refuses && absl::StartsWith(path, folder_)) return error_;
    return rocksdb::FileSystemWrapper::NewWritableFile(path, options, file, debug);
  }
  std::atomic<bool> refuses = false;

 private:
  const std::string folder_;
  const rocksdb::IOStatus error_;
};

class BackupTest : public testing::Test {
 protected:
  BackupTest() {
    folder_ = absl::StrCat(testing::TempDir(), "/muster-backup-XXXXXX");
    if (mkdtemp(folder_.data()) == nullptr) std::abort();
    OpenStore();
  }
  ~BackupTest() override {
    store_.reset();
    fs::remove_all(folder_);
  }

  std::string Path(absl::string_view name) const { return absl::StrCat(folder_, "/", name); }

  void OpenStore(rocksdb::Env* environment = nullptr) {
    store_.reset();
    absl::StatusOr<std::unique_ptr<Store>> opened =
        Store::Open({.directory = Path("store"), .environment = environment});
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
  }
  Store& store() { return *store_; }
  void CloseStore() { store_.reset(); }

  // Results whose ids are their positions; each of about `padding` bytes.
  static absl::Status Append(Store& store, int count, size_t padding = 100) {
    std::vector<std::string> heads;
    std::vector<std::string> ids;
    const LogPosition first = store.last_position() + 1;
    for (int i = 0; i < count; ++i) {
      ids.push_back(absl::StrCat("r", first + i));
      store::v1::LoggedResult logged;
      logged.mutable_result()->set_operation("op");
      logged.mutable_result()->set_force("kent");
      logged.mutable_result()->set_result_id(ids.back());
      logged.mutable_result()->set_revision(1);
      // Noise, so that compression does not make all sizes alike.
      std::minstd_rand noise(static_cast<unsigned>(first + i));
      std::string reason;
      while (reason.size() < padding) reason.push_back(static_cast<char>('!' + noise() % 90));
      logged.mutable_result()->set_reason(reason);
      heads.push_back(logged.SerializeAsString());
    }
    LogGroup group;
    group.first_position = first;
    group.accept_time_us = 1'600'000'000'000'000 + first;
    for (size_t i = 0; i < heads.size(); ++i) group.entries.push_back({heads[i], {}, {"op", "kent", ids[i]}, 0});
    return store.Append(group);
  }
  void AppendResults(int count, size_t padding = 100) { ASSERT_TRUE(Append(store(), count, padding).ok()); }

  absl::StatusOr<BackupReport> Backup(absl::string_view name = "backups") {
    return store().Backup({.directory = Path(name), .should_stop = nullptr});
  }
  BackupReport MustBackup(absl::string_view name = "backups") {
    const absl::StatusOr<BackupReport> report = Backup(name);
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? *report : BackupReport();
  }
  absl::StatusOr<RestoreReport> Restore(absl::string_view to, int64_t id = 0, absl::string_view from = "backups") {
    return RestoreBackup({.backup_directory = Path(from), .store_directory = Path(to), .backup_id = id});
  }

  // Opens a store and counts what a replay of its whole log shows; -1 if it cannot be opened or read.
  int64_t EntriesOf(absl::string_view name) const {
    absl::StatusOr<std::unique_ptr<Store>> opened = Store::Open({.directory = Path(name)});
    if (!opened.ok()) ADD_FAILURE() << opened.status();
    if (!opened.ok()) return -1;
    int64_t count = 0;
    const absl::Status replayed = (*opened)->Replay(1, [&](const LoggedEntry& entry) {
      EXPECT_EQ(entry.entry.result().result().result_id(), absl::StrCat("r", entry.position));
      ++count;
      return absl::OkStatus();
    });
    EXPECT_TRUE(replayed.ok()) << replayed;
    return count;
  }

  // The files below a folder whose path has such a part, largest first.
  std::vector<std::string> FilesWith(absl::string_view folder, absl::string_view part) const {
    std::vector<std::string> paths;
    for (const fs::directory_entry& file : fs::recursive_directory_iterator(Path(folder))) {
      if (file.is_regular_file() && file.file_size() > 0 && absl::StrContains(file.path().string(), part)) {
        paths.push_back(file.path().string());
      }
    }
    std::sort(paths.begin(), paths.end(),
              [](const auto& a, const auto& b) { return fs::file_size(a) > fs::file_size(b); });
    return paths;
  }

  static void FlipTheByteInTheMiddleOf(const std::string& path) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    const auto middle = static_cast<std::streamoff>(fs::file_size(path) / 2);
    file.seekg(middle);
    const char turned = static_cast<char>(~file.get());
    file.seekp(middle);
    file.put(turned);
  }

 private:
  std::string folder_;
  std::unique_ptr<Store> store_;
};

TEST_F(BackupTest, ARestoredStoreHasTheLogOfTheBackupAndGoesOnFromThere) {
  AppendResults(100);
  const BackupReport report = MustBackup();
  EXPECT_EQ(report.backup_id, 1);
  EXPECT_EQ(report.position, 100);
  EXPECT_EQ(report.backup_count, 1);
  AppendResults(50);

  const absl::StatusOr<RestoreReport> restored = Restore("restored");
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(restored->backup_id, 1);
  EXPECT_EQ(restored->position, 100);
  EXPECT_EQ(EntriesOf("restored"), 100);
  {
    const absl::StatusOr<std::unique_ptr<Store>> opened = Store::Open({.directory = Path("restored")});
    ASSERT_TRUE(opened.ok()) << opened.status();
    EXPECT_TRUE(Append(**opened, 7).ok());
  }
  EXPECT_EQ(EntriesOf("restored"), 107) << "its mark is of its own life";
}

// The copied store was synced up to 150, and its mark says so; with that mark the restored one would have lost its end.
TEST_F(BackupTest, TheMarkOfTheLongerLifeIsNotRestored) {
  AppendResults(100);
  MustBackup();
  AppendResults(50);
  EXPECT_TRUE(FilesWith("backups", absl::StrCat("/", kPositionMarkFile)).empty());
  ASSERT_TRUE(Restore("restored").ok());
  CloseStore();
  fs::copy_file(absl::StrCat(Path("store"), "/", kPositionMarkFile),
                absl::StrCat(Path("restored"), "/", kPositionMarkFile), fs::copy_options::overwrite_existing);
  EXPECT_THAT(Store::Open({.directory = Path("restored")}),
              Fails(absl::StatusCode::kDataLoss, HasSubstr("was synced up to 150")));
}

TEST_F(BackupTest, ASecondBackupCopiesOnlyWhatIsNew) {
  AppendResults(19'999);
  AppendResults(1);  // With what the index knows of those before.
  const BackupReport first = MustBackup();
  EXPECT_EQ(first.new_bytes, first.total_bytes);
  AppendResults(10);
  const BackupReport second = MustBackup();
  EXPECT_EQ(second.backup_id, 2);
  EXPECT_EQ(second.backup_count, 2);
  EXPECT_GT(second.total_bytes, first.total_bytes);
  EXPECT_LT(second.new_bytes, first.total_bytes / 10);
  uint64_t on_disk = 0;
  for (const std::string& path : FilesWith("backups", "")) on_disk += fs::file_size(path);
  EXPECT_LT(on_disk, static_cast<uint64_t>(first.total_bytes) * 11 / 10) << "what they share is there once";
  ASSERT_TRUE(Restore("first", 1).ok());
  ASSERT_TRUE(Restore("second").ok());
  EXPECT_EQ(EntriesOf("first"), 20'000);
  EXPECT_EQ(EntriesOf("second"), 20'010);
}

TEST_F(BackupTest, TheNewestSevenAreKept) {
  for (int i = 0; i < kKeptBackups + 2; ++i) {
    AppendResults(1);
    EXPECT_EQ(MustBackup().backup_count, std::min(i + 1, kKeptBackups));
  }
  EXPECT_THAT(Restore("second", 2), Fails(absl::StatusCode::kFailedPrecondition,
                                          AllOf(HasSubstr("no backup 2"), HasSubstr("3, 4, 5, 6, 7, 8, 9"))));
  ASSERT_TRUE(Restore("third", 3).ok());
  EXPECT_EQ(EntriesOf("third"), 3);
}

TEST_F(BackupTest, WhateverWasAppendedBeforeABackupUnderLoadBeganIsInIt) {
  AppendResults(500);
  std::atomic<bool> done = false;
  std::thread writer([&] {
    while (!done) EXPECT_TRUE(Append(store(), 100).ok());
  });
  for (int id = 1; id <= 5; ++id) {
    const LogPosition before = store().last_position();
    const BackupReport report = MustBackup();
    EXPECT_GE(report.position, before);
    const std::string to = absl::StrCat("restored-", id);
    const absl::StatusOr<RestoreReport> restored = Restore(to);
    ASSERT_TRUE(restored.ok()) << restored.status();
    EXPECT_GE(restored->position, report.position);
    EXPECT_EQ(EntriesOf(to), restored->position) << "no gap, and nothing half";
  }
  done = true;
  writer.join();
}

// A checkpoint that replaces another drops a column family and makes a new one. Writing buffers to table files, which a
// backup does too, must not meet the dropped one.
TEST_F(BackupTest, NeitherABackupNorAFlushMeetsACheckpointThatIsBeingReplaced) {
  AppendResults(1);
  std::atomic<bool> done = false;
  std::thread replacing([&] {
    while (!done) {
      store::v1::CheckpointHeader header;
      header.set_position(1);
      const absl::Status written = store().WriteCheckpoint(header, {{"op", "kent", {}}}, /*replace=*/true);
      EXPECT_TRUE(written.ok()) << written;
      if (!written.ok()) break;
    }
  });
  for (int round = 0; round < 40; ++round) {
    const absl::Status flushed = store().Flush();
    EXPECT_TRUE(flushed.ok()) << flushed;
    const absl::StatusOr<BackupReport> backup = Backup();
    EXPECT_TRUE(backup.ok()) << backup.status();
    if (HasFailure()) break;
  }
  done = true;
  replacing.join();
}

TEST_F(BackupTest, ABackupCanBeStoppedAndTheNextOneSucceeds) {
  AppendResults(60'000);  // Beyond the piece after which the engine asks.
  EXPECT_THAT(store().Backup({.directory = Path("backups"), .should_stop = [] { return true; }}),
              Fails(absl::StatusCode::kCancelled, HasSubstr("was stopped")));
  EXPECT_THAT(Restore("restored"), Fails(absl::StatusCode::kFailedPrecondition, HasSubstr("no backups")));
  EXPECT_EQ(MustBackup().backup_count, 1);
  ASSERT_TRUE(Restore("restored").ok());
  EXPECT_EQ(EntriesOf("restored"), 60'000);
}

// --- What is refused ---

TEST_F(BackupTest, AFolderThatIsNotForTheBackupsOfThisStoreIsRefused) {
  AppendResults(3);
  EXPECT_THAT(Backup(""), Fails(absl::StatusCode::kFailedPrecondition, HasSubstr("something else")));
  EXPECT_THAT(Backup("store"), Fails(absl::StatusCode::kFailedPrecondition, HasSubstr("within the store")));
  EXPECT_THAT(Backup("store/backups"), Fails(absl::StatusCode::kFailedPrecondition, HasSubstr("within the store")));
  EXPECT_THAT(Backup("x/../store/b"), Fails(absl::StatusCode::kFailedPrecondition, HasSubstr("within the store")));
  EXPECT_THAT(Backup("absent/backups"), Fails(absl::StatusCode::kFailedPrecondition, HasSubstr("cannot make")));
  std::ofstream(Path("file")) << "x";
  EXPECT_THAT(Backup("file"), Fails(absl::StatusCode::kFailedPrecondition, HasSubstr("file")));
  EXPECT_TRUE(Backup("store-backups").ok()) << "its name begins alike, that is all";
}

TEST_F(BackupTest, AFolderWithBackupsOfAnotherStoreIsRefused) {
  AppendResults(3);
  MustBackup();
  const absl::StatusOr<std::unique_ptr<Store>> other = Store::Open({.directory = Path("other")});
  ASSERT_TRUE(other.ok());
  EXPECT_THAT((*other)->Backup({.directory = Path("backups"), .should_stop = nullptr}),
              Fails(absl::StatusCode::kFailedPrecondition, HasSubstr("another store")));
  EXPECT_EQ(MustBackup().backup_count, 2);
}

TEST_F(BackupTest, OnlyOneBackupIsWrittenToAFolderAtATime) {
  AppendResults(3);
  fs::create_directory(Path("backups"));
  rocksdb::FileLock* lock = nullptr;
  ASSERT_TRUE(rocksdb::Env::Default()->LockFile(Path("backups/LOCK"), &lock).ok());
  EXPECT_THAT(Backup(), Fails(absl::StatusCode::kFailedPrecondition, HasSubstr("is being written")));
  EXPECT_THAT(Restore("restored"), Fails(absl::StatusCode::kFailedPrecondition, HasSubstr("is being written")));
  ASSERT_TRUE(rocksdb::Env::Default()->UnlockFile(lock).ok());
  MustBackup();
}

TEST_F(BackupTest, ARestoreGoesOnlyIntoAnAbsentOrEmptyFolder) {
  AppendResults(3);
  MustBackup();
  EXPECT_THAT(Restore("store"), Fails(absl::StatusCode::kFailedPrecondition, HasSubstr("is not empty")));
  CloseStore();
  EXPECT_THAT(Restore("store"), Fails(absl::StatusCode::kFailedPrecondition, HasSubstr("is not empty")));
  EXPECT_EQ(EntriesOf("store"), 3) << "nothing in it was changed";
  fs::create_directory(Path("marked"));
  std::ofstream(absl::StrCat(Path("marked"), "/", kPositionMarkFile)) << "x";
  EXPECT_THAT(Restore("marked"), Fails(absl::StatusCode::kFailedPrecondition, HasSubstr("POSITION")))
      << "not even the mark of another life";
  EXPECT_THAT(Restore("absent/store"), Fails(absl::StatusCode::kFailedPrecondition, HasSubstr("cannot make")));
  fs::create_directory(Path("empty"));
  EXPECT_TRUE(Restore("empty").ok());
  EXPECT_EQ(EntriesOf("empty"), 3);
}

TEST_F(BackupTest, WhatIsNotThereIsNotRestored) {
  EXPECT_THAT(Restore("restored", 0, "nowhere"), Fails(absl::StatusCode::kFailedPrecondition, HasSubstr("nowhere")));
  AppendResults(3);
  MustBackup();
  EXPECT_THAT(Restore("restored", 9), Fails(absl::StatusCode::kFailedPrecondition, HasSubstr("no backup 9")));
  EXPECT_FALSE(fs::exists(Path("restored"))) << "checks come before writing";
}

// --- Damage ---

struct DamageCase {
  std::string name;
  std::string part;  // Of the path of a file of the backup.
  std::function<void(const std::string& path)> damage;
  friend void PrintTo(const DamageCase& row, std::ostream* out) { *out << row.name; }
};

class DamagedBackupTest : public BackupTest, public testing::WithParamInterface<DamageCase> {
 public:
  static void Flip(const std::string& path) { FlipTheByteInTheMiddleOf(path); }
  static void Cut(const std::string& path) { fs::resize_file(path, fs::file_size(path) / 2); }
  static void Remove(const std::string& path) { fs::remove(path); }
};

TEST_P(DamagedBackupTest, IsRefusedAndNamed) {
  AppendResults(2'000);
  MustBackup();
  const std::vector<std::string> files = FilesWith("backups", GetParam().part);
  ASSERT_FALSE(files.empty());
  GetParam().damage(files.front());
  EXPECT_THAT(Restore("restored"), Fails(absl::StatusCode::kDataLoss, HasSubstr("backup 1 in ")));
  EXPECT_FALSE(fs::exists(Path("restored"))) << "checks come before writing";
}

INSTANTIATE_TEST_SUITE_P(Files, DamagedBackupTest,
                         testing::ValuesIn<DamageCase>({
                             {"AByteOfATable", ".sst", DamagedBackupTest::Flip},
                             {"AByteOfTheManifest", "/MANIFEST-", DamagedBackupTest::Flip},
                             {"ACutTable", ".sst", DamagedBackupTest::Cut},
                             {"AMissingTable", ".sst", DamagedBackupTest::Remove},
                             {"ACutBackupRecord", "meta/1", DamagedBackupTest::Cut},
                         }),
                         [](const auto& row) { return row.param.name; });

TEST_F(BackupTest, ADamagedNewestBackupIsNotReplacedByAnOlderOneInSilence) {
  AppendResults(10);
  MustBackup();
  AppendResults(2'000);
  MustBackup();
  fs::remove(FilesWith("backups", ".sst").front());
  EXPECT_THAT(Restore("restored"),
              Fails(absl::StatusCode::kDataLoss, AllOf(HasSubstr("backup 2"), HasSubstr("Others here: 1"))));
  ASSERT_TRUE(Restore("restored", 1).ok());
  EXPECT_EQ(EntriesOf("restored"), 10);
}

TEST_F(BackupTest, ABackupThatSharesADamagedFileIsNoBackup) {
  AppendResults(2'000);
  MustBackup();
  const std::string damaged = FilesWith("backups", ".sst").front();
  FlipTheByteInTheMiddleOf(damaged);
  AppendResults(10);
  EXPECT_THAT(Backup(), Fails(absl::StatusCode::kDataLoss,
                              AllOf(HasSubstr(fs::path(damaged).filename().string()), HasSubstr("new folder"))));
  EXPECT_EQ(MustBackup("fresh").backup_count, 1);
  ASSERT_TRUE(Restore("restored", 0, "fresh").ok());
  EXPECT_EQ(EntriesOf("restored"), 2'010);
}

TEST_F(BackupTest, ADamagedTableOfTheStoreDoesNotGetIntoABackupUnseen) {
  AppendResults(2'000);
  ASSERT_TRUE(store().Flush().ok());
  const std::string damaged = FilesWith("store", ".sst").front();
  FlipTheByteInTheMiddleOf(damaged);
  EXPECT_THAT(Backup(), Fails(absl::StatusCode::kDataLoss, HasSubstr("Restore the store from a backup")));
}

// --- Disks that refuse ---

struct DiskCase {
  std::string name;
  rocksdb::IOStatus error;
  absl::StatusCode want;
  friend void PrintTo(const DiskCase& row, std::ostream* out) { *out << row.name; }
};

class RefusingDiskTest : public BackupTest, public testing::WithParamInterface<DiskCase> {};

TEST_P(RefusingDiskTest, IsReportedAndTheStoreGoesOn) {
  const auto disk = std::make_shared<RefusingDisk>(Path("backups"), GetParam().error);
  const std::unique_ptr<rocksdb::Env> environment = rocksdb::NewCompositeEnv(disk);
  OpenStore(environment.get());
  AppendResults(100);
  disk->refuses = true;
  EXPECT_THAT(Backup(), Fails(GetParam().want, HasSubstr("backups")));
  AppendResults(100);
  disk->refuses = false;
  MustBackup();
  CloseStore();  // Before its environment goes.
  ASSERT_TRUE(Restore("restored").ok());
  EXPECT_EQ(EntriesOf("restored"), 200);
}

TEST_P(RefusingDiskTest, IsReportedByARestoreWhichCanBeTriedAgain) {
  AppendResults(100);
  MustBackup();
  const auto disk = std::make_shared<RefusingDisk>(Path("restored"), GetParam().error);
  const std::unique_ptr<rocksdb::Env> environment = rocksdb::NewCompositeEnv(disk);
  disk->refuses = true;
  EXPECT_THAT(
      RestoreBackup(
          {.backup_directory = Path("backups"), .store_directory = Path("restored"), .environment = environment.get()}),
      Fails(GetParam().want, HasSubstr("restored")));
  ASSERT_TRUE(Restore("restored").ok());
  EXPECT_EQ(EntriesOf("restored"), 100);
}

INSTANTIATE_TEST_SUITE_P(
    Errors, RefusingDiskTest,
    testing::ValuesIn<DiskCase>({
        {"Broken", rocksdb::IOStatus::IOError("the disk is broken"), absl::StatusCode::kUnavailable},
        {"Full", rocksdb::IOStatus::NoSpace("the disk is full"), absl::StatusCode::kResourceExhausted},
    }),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace muster
