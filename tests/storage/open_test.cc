// How a folder becomes a store, and which folders do not.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rocksdb/db.h"
#include "rocksdb/options.h"
#include "storage/position_mark.h"
#include "storage/records.h"
#include "storage/store.h"
#include "tests/storage/store_fixture.h"

namespace muster {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;

constexpr absl::StatusCode kFailedPrecondition = absl::StatusCode::kFailedPrecondition;
constexpr absl::StatusCode kDataLoss = absl::StatusCode::kDataLoss;

absl::StatusOr<std::unique_ptr<Store>> OpenAt(const std::string& directory) {
  StoreOptions options;
  options.directory = directory;
  return Store::Open(options);
}

class OpenTest : public StoreTest {
 protected:
  // A store with ten results, closed.
  void MakeStore() {
    Open();
    AppendResults(10);
    Close();
  }

  // Makes a database that is nobody's store: with a column family of each of these names beside `default`.
  void MakeForeignDatabase(const std::vector<std::string>& families, bool with_data) {
    rocksdb::Options options;
    options.create_if_missing = true;
    rocksdb::DB* opened = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open(options, StorePath(), &opened).ok());
    const std::unique_ptr<rocksdb::DB> db(opened);
    for (const std::string& name : families) {
      rocksdb::ColumnFamilyHandle* handle = nullptr;
      ASSERT_TRUE(db->CreateColumnFamily(rocksdb::ColumnFamilyOptions(), name, &handle).ok());
      delete handle;
    }
    if (with_data) {
      ASSERT_TRUE(db->Put(rocksdb::WriteOptions(), "theirs", "data").ok());
    }
  }

  std::string FormatBytes() { return RawDatabase(StorePath()).ReadAll("default")["format"]; }
};

TEST_F(OpenTest, MakesItsFolder) {
  EXPECT_FALSE(fs::exists(StorePath()));
  EXPECT_THAT(OpenAt(StorePath()), IsOk());
  EXPECT_TRUE(fs::exists(StorePath() + "/CURRENT"));
}

TEST_F(OpenTest, TakesAFolderThatIsThereAndEmpty) {
  fs::create_directory(StorePath());
  EXPECT_THAT(OpenAt(StorePath()), IsOk());
  fs::create_directories(Path("mounted/lost+found"));
  EXPECT_THAT(OpenAt(Path("mounted")), IsOk());
}

TEST_F(OpenTest, AFolderMayEndInASlash) {
  EXPECT_THAT(OpenAt(StorePath() + "/"), IsOk());
  EXPECT_THAT(OpenAt(StorePath()), IsOk());
}

TEST_F(OpenTest, DoesNotMakeParents) {
  EXPECT_THAT(OpenAt(Path("no/store")), StatusIs(kFailedPrecondition, HasSubstr(Path("no/store"))));
  EXPECT_FALSE(fs::exists(Path("no")));
}

TEST_F(OpenTest, InspectingSaysWhetherThereIsAStoreAndMakesNone) {
  absl::StatusOr<StoreInspection> inspection = Store::Inspect(StorePath());
  ASSERT_THAT(inspection, IsOk());
  EXPECT_FALSE(inspection->holds_store);
  EXPECT_GT(inspection->free_bytes, 0);
  EXPECT_GE(inspection->keep_free_bytes, uint64_t{16} << 20);
  EXPECT_FALSE(fs::exists(StorePath()));
  fs::create_directory(StorePath());
  inspection = Store::Inspect(StorePath() + "/");
  ASSERT_THAT(inspection, IsOk());
  EXPECT_FALSE(inspection->holds_store);
  EXPECT_TRUE(fs::is_empty(StorePath()));
  MakeStore();
  const auto files = FilesOf(StorePath());
  inspection = Store::Inspect(StorePath());
  ASSERT_THAT(inspection, IsOk());
  EXPECT_TRUE(inspection->holds_store);
  EXPECT_EQ(FilesOf(StorePath()), files);
}

TEST_F(OpenTest, InspectingRefusesWhatOpeningWould) {
  WriteFile(Path("file"), "text");
  EXPECT_THAT(Store::Inspect(Path("file")), StatusIs(kFailedPrecondition, HasSubstr("is a file")));
  EXPECT_THAT(Store::Inspect(Path("no/store")), StatusIs(kFailedPrecondition, HasSubstr("/no'")));
  MakeForeignDatabase({"theirs"}, true);
  EXPECT_THAT(Store::Inspect(StorePath()), StatusIs(kFailedPrecondition, HasSubstr("not a Muster store")));
}

TEST_F(OpenTest, AStoreThatIsOpenIsNotInspected) {
  Open();
  EXPECT_THAT(Store::Inspect(StorePath()), StatusIs(kFailedPrecondition, HasSubstr("in use by another process")));
  AppendResults(1);
}

TEST_F(OpenTest, NeedsAName) { EXPECT_THAT(OpenAt(""), StatusIs(kFailedPrecondition, HasSubstr("no folder"))); }

TEST_F(OpenTest, RefusesAFile) {
  WriteFile(StorePath(), "text");
  EXPECT_THAT(OpenAt(StorePath()), StatusIs(kFailedPrecondition, AllOf(HasSubstr(StorePath()), HasSubstr("file"))));
}

TEST_F(OpenTest, RefusesAFolderThatCannotBeWritten) {
  // Not even root may make files there.
  EXPECT_THAT(OpenAt("/proc/self/fdinfo"), StatusIs(kFailedPrecondition, HasSubstr("/proc/self/fdinfo")));
  EXPECT_THAT(OpenAt("/proc/muster"), StatusIs(kFailedPrecondition, HasSubstr("/proc/muster")));
}

TEST_F(OpenTest, RefusesAFolderOfOtherThings) {
  fs::create_directory(StorePath());
  WriteFile(StorePath() + "/holiday.jpg", "picture");
  EXPECT_THAT(OpenAt(StorePath()),
              StatusIs(kFailedPrecondition, AllOf(HasSubstr("holiday.jpg"), HasSubstr("not empty"))));
  EXPECT_THAT(FilesOf(StorePath()), SizeIs(2));  // The lock file is made, and nothing else.
}

TEST_F(OpenTest, ASecondStoreInTheSameProcessIsRefused) {
  Open();
  EXPECT_THAT(OpenAt(StorePath()),
              StatusIs(kFailedPrecondition, AllOf(HasSubstr(StorePath()), HasSubstr("in use by another process"))));
  AppendResults(1);
  Close();
  EXPECT_THAT(OpenAt(StorePath()), IsOk());
}

// The name of a folder: the test, run again as a second process, opens the store there, says so, and waits.
constexpr char kHoldStore[] = "MUSTER_TEST_HOLD_STORE";

TEST_F(OpenTest, ASecondProcessIsRefused) {
  if (const char* const held = std::getenv(kHoldStore); held != nullptr) {
    const auto store = OpenAt(held);
    std::fputs(store.ok() ? "opened\n" : "refused\n", stderr);
    while (std::getchar() != EOF) {
    }
    fs::remove_all(Path(""));  // Nothing is closed, so nobody else does.
    _exit(0);
  }

  int said[2];
  int finish[2];
  ASSERT_EQ(pipe2(said, O_CLOEXEC), 0);
  ASSERT_EQ(pipe2(finish, O_CLOEXEC), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    dup2(finish[0], STDIN_FILENO);
    dup2(said[1], STDERR_FILENO);
    setenv(kHoldStore, StorePath().c_str(), 1);
    execl("/proc/self/exe", "open_test", "--gtest_filter=OpenTest.ASecondProcessIsRefused", nullptr);
    _exit(1);
  }
  close(said[1]);
  close(finish[0]);
  std::string line;
  for (char byte = 0; read(said[0], &byte, 1) == 1 && byte != '\n';) line.push_back(byte);
  EXPECT_EQ(line, "opened");
  EXPECT_THAT(OpenAt(StorePath()),
              StatusIs(kFailedPrecondition, AllOf(HasSubstr(StorePath()), HasSubstr("in use by another process"))));

  close(finish[1]);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  close(said[0]);
  // The other process went without closing anything.
  EXPECT_THAT(OpenAt(StorePath()), IsOk());
}

TEST_F(OpenTest, TheFormatRecordIsWrittenOnceAndKept) {
  MakeStore();
  const std::string bytes = FormatBytes();
  const absl::StatusOr<FormatRecord> record = DecodeFormatRecord(bytes);
  ASSERT_THAT(record, IsOk());
  EXPECT_EQ(record->version, kFormatVersion);
  MakeStore();
  EXPECT_EQ(FormatBytes(), bytes);
  fs::remove_all(StorePath());
  MakeStore();
  EXPECT_NE(DecodeFormatRecord(FormatBytes())->identity, record->identity);
}

TEST_F(OpenTest, ANewerFormatIsRefusedAndLeftAlone) {
  MakeStore();
  const std::string bytes = FormatBytes();
  const auto write_format = [&](const std::string& value) {
    RawDatabase raw(StorePath());
    raw.Put("default", "format", value);
    raw.Flush("default");
  };
  std::string newer = bytes;
  newer[9] = 2;
  write_format(newer);
  const auto files = FilesOf(StorePath());
  EXPECT_THAT(OpenAt(StorePath()),
              StatusIs(kFailedPrecondition, AllOf(HasSubstr(StorePath()), HasSubstr("format version 2"),
                                                  HasSubstr("versions up to 1"), HasSubstr("newer one"))));
  EXPECT_EQ(FilesOf(StorePath()), files);
  write_format(bytes);
  Open();
  EXPECT_EQ(store().last_position(), 10);
}

TEST_F(OpenTest, ANewerFormatIsRefusedWhateverElseItHas) {
  MakeStore();
  std::string newer = FormatBytes() + "more fields";
  newer[6] = 1;
  RawDatabase(StorePath()).Put("default", "format", newer);
  EXPECT_THAT(OpenAt(StorePath()), StatusIs(kFailedPrecondition, HasSubstr("format version 16777217")));
}

TEST_F(OpenTest, AFormatRecordThatIsNoneIsDataLoss) {
  MakeStore();
  for (const char* garbage : {"", "garbage", "muster"}) {
    RawDatabase(StorePath()).Put("default", "format", garbage);
    EXPECT_THAT(OpenAt(StorePath()), StatusIs(kDataLoss, HasSubstr("format record")));
  }
}

TEST_F(OpenTest, AStoreThatLostItsFormatRecordIsDataLoss) {
  MakeStore();
  RawDatabase(StorePath()).Delete("default", "format");
  EXPECT_THAT(OpenAt(StorePath()), StatusIs(kDataLoss, HasSubstr("no format record")));
}

TEST_F(OpenTest, ADatabaseOfSomebodyElseIsRefusedAndLeftAlone) {
  MakeForeignDatabase({}, true);
  const auto files = FilesOf(StorePath());
  EXPECT_THAT(OpenAt(StorePath()),
              StatusIs(kFailedPrecondition, AllOf(HasSubstr(StorePath()), HasSubstr("not a Muster store"))));
  EXPECT_EQ(FilesOf(StorePath()), files);
}

TEST_F(OpenTest, ADatabaseWithOtherColumnFamiliesIsRefusedAndLeftAlone) {
  MakeForeignDatabase({"log", "theirs"}, false);
  const auto files = FilesOf(StorePath());
  EXPECT_THAT(OpenAt(StorePath()),
              StatusIs(kFailedPrecondition, AllOf(HasSubstr("not a Muster store"), HasSubstr("theirs"))));
  EXPECT_EQ(FilesOf(StorePath()), files);
}

// What a process leaves that is stopped while it makes a store; nothing of anybody's is in it.
TEST_F(OpenTest, AnUnfinishedStoreIsFinished) {
  MakeForeignDatabase({"log", "index"}, false);
  Open();
  AppendResults(3);
  Open();
  EXPECT_EQ(store().last_position(), 3);
}

TEST_F(OpenTest, FilesFromBeforeThereIsADatabaseAreNotInTheWay) {
  fs::create_directory(StorePath());
  for (const char* name : {"LOCK", "LOG", "LOG.old.1", "IDENTITY", "MANIFEST-000001", "000001.dbtmp"}) {
    WriteFile(StorePath() + "/" + name, "");
  }
  EXPECT_THAT(OpenAt(StorePath()), IsOk());
}

// The mark is made after the database: alone, it is what is left of a store.
TEST_F(OpenTest, AMarkWithoutADatabaseIsNoEmptyFolder) {
  MakeStore();
  const std::string mark = absl::StrCat(StorePath(), "/", kPositionMarkFile);
  const std::string bytes = ReadFile(mark);
  fs::remove_all(StorePath());
  fs::create_directory(StorePath());
  WriteFile(mark, bytes);
  EXPECT_THAT(OpenAt(StorePath()), StatusIs(kFailedPrecondition, HasSubstr(std::string(kPositionMarkFile))));
  EXPECT_EQ(ReadFile(mark), bytes);
}

TEST_F(OpenTest, AColumnFamilyThatIsMissingIsDataLoss) {
  for (const char* family : {"log", "operation"}) {
    MakeStore();
    RawDatabase(StorePath()).Drop(family);
    EXPECT_THAT(OpenAt(StorePath()), StatusIs(kDataLoss, HasSubstr(absl::StrCat("'", family, "' is missing"))));
    fs::remove_all(StorePath());
  }
}

TEST_F(OpenTest, CheckpointsAreMadeAnewWhereTheyAreMissing) {
  MakeStore();
  RawDatabase(StorePath()).Drop("checkpoint");
  Open();
  EXPECT_EQ(store().last_position(), 10);
  EXPECT_EQ(*store().ReadCheckpointHeader(), std::nullopt);
  EXPECT_THAT(store().WriteCheckpoint({}, {}, false), IsOk());
}

// RocksDB would make a new database there, and delete the files of the old one.
TEST_F(OpenTest, AStoreWithoutItsCurrentFileIsDataLossAndLeftAlone) {
  MakeStore();
  { RawDatabase(StorePath()).Flush("log"); }
  fs::remove(StorePath() + "/CURRENT");
  const auto files = FilesOf(StorePath());
  EXPECT_THAT(OpenAt(StorePath()), StatusIs(kDataLoss, HasSubstr("CURRENT")));
  EXPECT_EQ(FilesOf(StorePath()), files);
}

// A line of it that a full disk refuses would end the process.
TEST_F(OpenTest, RocksDbKeepsNoInfoLog) {
  MakeStore();
  MakeStore();
  for (const auto& [name, size] : FilesOf(StorePath())) {
    EXPECT_FALSE(name == "LOG" || name.rfind("LOG.", 0) == 0) << name;
  }
}

}  // namespace
}  // namespace muster
