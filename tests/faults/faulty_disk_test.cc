// The disk that fails as told, on files of its own.
#include "tests/faults/faulty_disk.h"

#include <filesystem>
#include <future>
#include <memory>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rocksdb/env.h"
#include "tests/faults/memory_folder.h"
#include "tests/storage/store_fixture.h"

namespace muster {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::StartsWith;

MATCHER(Works, "") {
  *result_listener << "is " << arg.ToString();
  return arg.ok();
}

// A folder "data" whose name is synced, on a disk with faults.
class FaultyDiskTest : public testing::Test {
 protected:
  FaultyDiskTest() { NewDisk(1); }

  std::string Path(absl::string_view name) const { return folder_.Path(name); }

  void NewDisk(uint32_t seed) {
    disk_.reset();
    disk_ = std::make_unique<FaultyDisk>(Path("lost"), seed);
    fs::remove_all(Path("data"));
    fs::create_directory(Path("data"));
  }
  std::string Data(absl::string_view name) const { return absl::StrCat(Path("data"), "/", name); }
  rocksdb::Env& env() { return *disk_->environment(); }

  std::unique_ptr<rocksdb::WritableFile> Make(absl::string_view name) {
    std::unique_ptr<rocksdb::WritableFile> file;
    EXPECT_THAT(env().NewWritableFile(Data(name), &file, rocksdb::EnvOptions()), Works());
    return file;
  }
  // A file with synced content and name.
  void MakeSynced(absl::string_view name, const std::string& content) {
    const auto file = Make(name);
    EXPECT_THAT(file->Append(content), Works());
    EXPECT_THAT(file->Sync(), Works());
    EXPECT_THAT(SyncFolder(), Works());
  }
  rocksdb::Status SyncFolder() {
    std::unique_ptr<rocksdb::Directory> folder;
    const rocksdb::Status opened = env().NewDirectory(Path("data"), &folder);
    return opened.ok() ? folder->Fsync() : opened;
  }
  std::set<std::string> Names() const {
    std::set<std::string> names;
    for (const auto& [name, size] : FilesOf(Path("data"))) names.insert(name);
    return names;
  }

  const MemoryFolder folder_;
  std::unique_ptr<FaultyDisk> disk_;
};

TEST_F(FaultyDiskTest, WhatIsWrittenCanBeReadAtOnce) {
  const auto file = Make("a");
  EXPECT_THAT(file->Append("written"), Works());
  EXPECT_EQ(ReadFile(Data("a")), "written");
}

TEST_F(FaultyDiskTest, APowerCutKeepsWhatWasSyncedAndAPrefixOfTheRest) {
  std::set<std::string> seen;
  for (uint32_t seed = 0; seed < 200; ++seed) {
    NewDisk(seed);
    {
      const auto file = Make("a");
      EXPECT_THAT(SyncFolder(), Works());
      EXPECT_THAT(file->Append("synced;"), Works());
      EXPECT_THAT(file->Sync(), Works());
      EXPECT_THAT(file->Append("one,"), Works());
      EXPECT_THAT(file->Append("two"), Works());
    }
    disk_->Restart();
    const std::string left = ReadFile(Data("a"));
    EXPECT_EQ(left, std::string("synced;one,two").substr(0, left.size()));
    EXPECT_THAT(left, StartsWith("synced;"));
    seen.insert(left.substr(7));
  }
  // Nothing, all, and torn at every byte.
  EXPECT_THAT(seen, ElementsAre("", "o", "on", "one", "one,", "one,t", "one,tw", "one,two"));
}

TEST_F(FaultyDiskTest, APowerCutKeepsNoNameWithoutASyncOfItsFolderButMay) {
  std::set<std::set<std::string>> seen;
  for (uint32_t seed = 0; seed < 100; ++seed) {
    NewDisk(seed);
    MakeSynced("old", "old");
    EXPECT_THAT(Make("new")->Sync(), Works());
    EXPECT_THAT(env().RenameFile(Data("old"), Data("renamed")), Works());
    EXPECT_THAT(env().DeleteFile(Data("renamed")), Works());
    EXPECT_THAT(Names(), ElementsAre("new"));
    disk_->Restart();
    seen.insert(Names());
    for (const char* const name : {"old", "renamed"}) {
      EXPECT_EQ(fs::exists(Data(name)) ? ReadFile(Data(name)) : "old", "old");
    }
  }
  using Set = std::set<std::string>;
  EXPECT_THAT(seen, testing::UnorderedElementsAre(Set{"old"}, Set{"new", "old"}, Set{"new", "renamed"}, Set{"new"}));
}

TEST_F(FaultyDiskTest, ASyncOfTheFolderKeepsNewNamesRenamedOnesAndRemovals) {
  MakeSynced("a", "a");
  MakeSynced("b", "b");
  MakeSynced("c", "c");
  EXPECT_THAT(env().RenameFile(Data("a"), Data("b")), Works());
  EXPECT_THAT(env().DeleteFile(Data("c")), Works());
  EXPECT_THAT(SyncFolder(), Works());
  disk_->Restart();
  EXPECT_THAT(Names(), ElementsAre("b"));
  EXPECT_EQ(ReadFile(Data("b")), "a");
}

TEST_F(FaultyDiskTest, AFileMadeAnewUnderAnOldNameMayComeBackAsItWas) {
  std::set<std::string> seen;
  for (uint32_t seed = 0; seed < 50; ++seed) {
    NewDisk(seed);
    MakeSynced("a", "old");
    {
      const auto file = Make("a");
      EXPECT_THAT(file->Append("new"), Works());
      EXPECT_THAT(file->Sync(), Works());
    }
    disk_->Restart();
    seen.insert(ReadFile(Data("a")));
  }
  EXPECT_THAT(seen, ElementsAre("new", "old"));
}

TEST_F(FaultyDiskTest, AFolderGoesWithItsFilesUnlessItsNameIsSynced) {
  std::set<bool> seen;
  for (uint32_t seed = 0; seed < 50; ++seed) {
    NewDisk(seed);
    EXPECT_THAT(env().CreateDir(Data("folder")), Works());
    EXPECT_THAT(Make("folder/a")->Sync(), Works());
    std::unique_ptr<rocksdb::Directory> folder;
    EXPECT_THAT(env().NewDirectory(Data("folder"), &folder), Works());
    EXPECT_THAT(folder->Fsync(), Works());
    const bool is_synced = seed % 2 == 0;
    if (is_synced) {
      EXPECT_THAT(SyncFolder(), Works());
    }
    disk_->Restart();
    EXPECT_EQ(fs::exists(Data("folder/a")), fs::exists(Data("folder")));
    if (is_synced) {
      EXPECT_TRUE(fs::exists(Data("folder")));
    } else {
      seen.insert(fs::exists(Data("folder")));
    }
  }
  EXPECT_THAT(seen, ElementsAre(false, true));
}

TEST_F(FaultyDiskTest, WhatAFailedSyncLostNoLaterSyncBringsBack) {
  std::set<std::string> seen;
  for (uint32_t seed = 0; seed < 20; ++seed) {
    NewDisk(seed);
    {
      const auto file = Make("a");
      EXPECT_THAT(SyncFolder(), Works());
      EXPECT_THAT(file->Append("lost;"), Works());
      disk_->FailAt(DiskAction::kSync, 1, DiskError::kInputOutput, false);
      EXPECT_FALSE(file->Sync().ok());
      EXPECT_THAT(file->Append("kept"), Works());
      EXPECT_THAT(file->Sync(), Works());
    }
    disk_->Restart();
    seen.insert(ReadFile(Data("a")));
  }
  EXPECT_THAT(seen, ElementsAre(std::string("\0\0\0\0\0kept", 9)));
}

TEST_F(FaultyDiskTest, WritesInTheMiddleAreLostToo) {
  std::set<std::string> seen;
  for (uint32_t seed = 0; seed < 200; ++seed) {
    NewDisk(seed);
    MakeSynced("a", "abcdef");
    {
      std::unique_ptr<rocksdb::RandomRWFile> file;
      EXPECT_THAT(env().NewRandomRWFile(Data("a"), &file, rocksdb::EnvOptions()), Works());
      EXPECT_THAT(file->Write(1, "XY"), Works());
      EXPECT_THAT(file->Sync(), Works());
      EXPECT_THAT(file->Write(4, "123"), Works());
      EXPECT_EQ(ReadFile(Data("a")), "aXYd123");
    }
    disk_->Restart();
    seen.insert(ReadFile(Data("a")));
  }
  EXPECT_THAT(seen, ElementsAre("aXYd12", "aXYd123", "aXYd1f", "aXYdef"));
}

TEST_F(FaultyDiskTest, ACutIsAtTheActionThatWasNamedAndEndsEverything) {
  std::set<std::string> seen;
  for (uint32_t seed = 0; seed < 50; ++seed) {
    NewDisk(seed);
    MakeSynced("a", "a");
    {
      disk_->CutPowerAt(3);
      const auto file = Make("b");                // 1
      EXPECT_THAT(file->Append("bcd"), Works());  // 2
      EXPECT_FALSE(disk_->IsOff());
      EXPECT_FALSE(SyncFolder().ok());  // 3
      EXPECT_TRUE(disk_->IsOff());
      EXPECT_FALSE(file->Append("e").ok());
      EXPECT_FALSE(file->Sync().ok());
      EXPECT_FALSE(env().FileExists(Data("a")).ok());
      std::unique_ptr<rocksdb::WritableFile> other;
      EXPECT_FALSE(env().NewWritableFile(Data("c"), &other, rocksdb::EnvOptions()).ok());
      EXPECT_EQ(ReadFile(Data("b")), "bcd");
    }
    disk_->Restart();
    EXPECT_FALSE(disk_->IsOff());
    EXPECT_EQ(ReadFile(Data("a")), "a");
    seen.insert(fs::exists(Data("b")) ? ReadFile(Data("b")) : "gone");
    MakeSynced("c", "c");
  }
  EXPECT_THAT(seen, ElementsAre("", "b", "bc", "bcd", "gone"));
}

// Once, or from then on.
class FaultyDiskFailsTest : public FaultyDiskTest, public testing::WithParamInterface<bool> {};

TEST_P(FaultyDiskFailsTest, AtTheWriteThatWasNamedLeavingSomeOfIt) {
  std::set<std::string> seen;
  for (uint32_t seed = 0; seed < 50; ++seed) {
    NewDisk(seed);
    const auto file = Make("a");
    disk_->FailAt(DiskAction::kWrite, 2, DiskError::kInputOutput, GetParam());
    EXPECT_THAT(file->Append("1"), Works());
    EXPECT_FALSE(disk_->HasFailed());
    EXPECT_TRUE(file->Append("23").IsIOError());
    EXPECT_TRUE(disk_->HasFailed());
    seen.insert(ReadFile(Data("a")));
    EXPECT_THAT(file->Sync(), Works());
    std::string content;
    EXPECT_THAT(rocksdb::ReadFileToString(&env(), Data("a"), &content), Works());
    EXPECT_EQ(env().DeleteFile(Data("a")).ok(), !GetParam());
    disk_->Mend();
    EXPECT_FALSE(disk_->HasFailed());
    EXPECT_THAT(file->Append("4"), Works());
  }
  EXPECT_THAT(seen, ElementsAre("1", "12", "123"));
}

TEST_P(FaultyDiskFailsTest, AtTheSyncThatWasNamed) {
  const auto file = Make("a");
  disk_->FailAt(DiskAction::kSync, 2, DiskError::kNoSpace, GetParam());
  EXPECT_THAT(file->Sync(), Works());
  EXPECT_TRUE(file->Sync().IsNoSpace());
  EXPECT_EQ(SyncFolder().ok(), !GetParam());
  EXPECT_THAT(file->Append("1"), Works());
}

TEST_P(FaultyDiskFailsTest, AtTheReadThatWasNamed) {
  MakeSynced("a", "a");
  disk_->FailAt(DiskAction::kRead, 2, DiskError::kInputOutput, GetParam());
  std::string content;
  EXPECT_FALSE(rocksdb::ReadFileToString(&env(), Data("a"), &content).ok());  // It is opened, and then read.
  EXPECT_EQ(rocksdb::ReadFileToString(&env(), Data("a"), &content).ok(), !GetParam());
  EXPECT_THAT(Make("b")->Append("b"), Works());
}

INSTANTIATE_TEST_SUITE_P(How, FaultyDiskFailsTest, testing::Bool(),
                         [](const auto& row) { return row.param ? "ForEver" : "Once"; });

TEST_F(FaultyDiskTest, AFullDiskTakesWhatFitsUntilSomethingIsRemoved) {
  MakeSynced("old", "12345");
  disk_->SetFreeBytes(4);
  const auto file = Make("a");
  EXPECT_THAT(file->Append("123"), Works());
  EXPECT_TRUE(file->Append("456").IsNoSpace());
  EXPECT_EQ(ReadFile(Data("a")), "1234");
  std::unique_ptr<rocksdb::WritableFile> other;
  EXPECT_TRUE(env().NewWritableFile(Data("b"), &other, rocksdb::EnvOptions()).IsNoSpace());
  uint64_t free_bytes = 1;
  EXPECT_THAT(env().GetFreeSpace(Path("data"), &free_bytes), Works());
  EXPECT_EQ(free_bytes, 0);
  EXPECT_TRUE(disk_->HasFailed());
  EXPECT_THAT(env().DeleteFile(Data("old")), Works());
  EXPECT_THAT(file->Append("56789"), Works());
  EXPECT_TRUE(file->Append("0").IsNoSpace());
  EXPECT_EQ(ReadFile(Data("a")), "123456789");
}

TEST_F(FaultyDiskTest, WhatIsHeldWaitsUntilItIsReleased) {
  const auto file = Make("a");
  disk_->Hold(DiskAction::kSync);
  EXPECT_THAT(file->Append("not held"), Works());
  std::future<rocksdb::Status> synced = std::async(std::launch::async, [&] { return file->Sync(); });
  disk_->AwaitHeld(1);
  EXPECT_EQ(synced.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  EXPECT_EQ(disk_->Count(DiskAction::kSync), 0);
  disk_->Release();
  EXPECT_THAT(synced.get(), Works());
  EXPECT_THAT(file->Sync(), Works());
  EXPECT_EQ(disk_->Count(DiskAction::kSync), 2);
}

TEST_F(FaultyDiskTest, ALieAboutSyncsKeepsNothingOfTheFilesThatItIsAbout) {
  std::set<std::string> seen;
  for (uint32_t seed = 0; seed < 50; ++seed) {
    NewDisk(seed);
    disk_->LieAboutSyncsOf(".log");
    MakeSynced("a.log", "log");
    MakeSynced("a.sst", "sst");
    disk_->Restart();
    seen.insert(ReadFile(Data("a.log")));
    EXPECT_EQ(ReadFile(Data("a.sst")), "sst");
  }
  EXPECT_THAT(seen, testing::IsSupersetOf({"", "log"}));
}

TEST_F(FaultyDiskTest, ALieAboutSyncsOfFoldersKeepsNoNames) {
  std::set<bool> seen;
  for (uint32_t seed = 0; seed < 50; ++seed) {
    NewDisk(seed);
    disk_->LieAboutSyncsOfFolders();
    MakeSynced("a", "a");
    disk_->Restart();
    seen.insert(fs::exists(Data("a")));
  }
  EXPECT_THAT(seen, ElementsAre(false, true));
}

// A whole store works on it, and is as it was after a power cut once it is closed: all that counts was synced.
TEST_F(FaultyDiskTest, AStoreOnItIsThereAfterAPowerCut) {
  StoreOptions options;
  options.directory = Data("store");
  options.environment = disk_->environment();
  LogGroup group;
  {
    auto opened = Store::Open(options);
    ASSERT_THAT(opened, IsOk());
    group.first_position = 1;
    group.accept_time_us = 1;
    const store::v1::LogEntry entry = ResultEntry("op", "kent", "1");
    const std::string bytes = entry.result().SerializeAsString();
    group.entries = {{bytes, "", KeyOf(entry.result().result()), 0}};
    ASSERT_THAT((*opened)->Append(group), IsOk());
  }
  for (int i = 0; i < 3; ++i) {
    disk_->Restart();
    const auto opened = Store::Open(options);
    ASSERT_THAT(opened, IsOk());
    EXPECT_EQ((*opened)->last_position(), 1);
    EXPECT_THAT(i == 1 ? (*opened)->Flush() : absl::OkStatus(), IsOk());
  }
  EXPECT_GT(disk_->Count(DiskAction::kSync), 0);
  EXPECT_GT(disk_->Count(DiskAction::kRead), 0);
}

}  // namespace
}  // namespace muster
