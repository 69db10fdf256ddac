// What a store does when its disk fails, or holds other bytes than were written: it says so, and serves none of them.
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <ostream>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rocksdb/env.h"
#include "rocksdb/file_system.h"
#include "storage/keys.h"
#include "storage/log_chunk.h"
#include "storage/position_mark.h"
#include "storage/records.h"
#include "storage/store.h"
#include "tests/storage/store_fixture.h"

namespace muster {
namespace {

namespace fs = std::filesystem;
using store::v1::LogEntry;
using testing::_;
using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;

constexpr absl::StatusCode kDataLoss = absl::StatusCode::kDataLoss;

std::string KeyBytes(LogPosition position) {
  const std::array<char, kPositionKeyBytes> key = EncodePositionKey(position);
  return std::string(key.data(), key.size());
}

std::string ChunkOf(const std::vector<LogEntry>& entries, int64_t accept_time_us = 1'700'000'000'000'000) {
  LogChunkWriter writer;
  EXPECT_EQ(writer.Write(accept_time_us, EncodedEntries(entries).entries()), entries.size());
  return std::string(writer.bytes());
}

std::string Chunk(LogPosition first, int count, int64_t accept_time_us = 1'700'000'000'000'000) {
  std::vector<LogEntry> entries;
  entries.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) entries.push_back(ResultEntry("op", "thames-valley", absl::StrCat(first + i)));
  return ChunkOf(entries, accept_time_us);
}

absl::Status ReplayAll(const Store& store) {
  return store.Replay(1, [](const LoggedEntry&) { return absl::OkStatus(); });
}

absl::Status ReadParts(const Store& store) {
  return store.ReadCheckpoint([](const CheckpointPart&) { return absl::OkStatus(); });
}

std::vector<std::string> FilesStartingWith(const std::string& folder, absl::string_view beginning) {
  std::vector<std::string> paths;
  for (const auto& [name, size] : FilesOf(folder)) {
    if (absl::StartsWith(name, beginning)) paths.push_back(absl::StrCat(folder, "/", name));
  }
  return paths;
}

absl::StatusOr<std::unique_ptr<Store>> OpenAt(const std::string& directory, rocksdb::Env* environment = nullptr) {
  StoreOptions options;
  options.directory = directory;
  options.environment = environment;
  return Store::Open(options);
}

class DamageTest : public StoreTest {
 protected:
  // Three chunks: 1 to 64, 65 to 100, 101 to 130; an operation at 131; a checkpoint at 131 with two parts, of which the
  // second was written at 131 and the first before. Closed, with everything in table files.
  void SetUp() override {
    Open();
    AppendResults(100);
    AppendResults(30);
    AppendGroup({OperationEntry("op", "Title")});
    WriteCheckpoint(100, {"kent", "surrey"});
    WriteCheckpoint(131, {"surrey"});
    ASSERT_THAT(store().Flush(), IsOk());
    Close();
  }

  void WriteCheckpoint(LogPosition position, const std::vector<std::string>& forces, bool replace = false) {
    store::v1::CheckpointHeader header;
    header.set_position(position);
    std::vector<CheckpointPart> parts;
    for (const std::string& force : forces) {
      parts.push_back({"op", force, {}});
      parts.back().cube.set_result_count(position);
    }
    ASSERT_THAT(store().WriteCheckpoint(header, parts, replace), IsOk());
  }

  std::string FlipAByteInTheTableOf(absl::string_view family) {
    std::vector<std::string> files;
    {
      RawDatabase raw(StorePath());
      files = raw.TableFiles(family);
    }
    EXPECT_THAT(files, SizeIs(1));
    FlipByte(files[0], 20);  // In the first block of data.
    return fs::path(files[0]).filename();
  }
};

TEST_F(DamageTest, AFlippedByteInTheLogIsFoundAndItsFileNamed) {
  const std::string file = FlipAByteInTheTableOf("log");
  const auto opened = OpenAt(StorePath());
  // The end of the log is read at once, the rest when it is asked for.
  const absl::Status status = opened.ok() ? ReplayAll(**opened) : opened.status();
  EXPECT_THAT(status, StatusIs(kDataLoss, AllOf(HasSubstr(file), HasSubstr(StorePath()), HasSubstr("backup"))));
}

TEST_F(DamageTest, AFlippedByteInTheOperationsIsFoundAndItsFileNamed) {
  const std::string file = FlipAByteInTheTableOf("operation");
  Open();
  EXPECT_THAT(store().ReadOperations(), StatusIs(kDataLoss, HasSubstr(file)));
}

TEST_F(DamageTest, ADamagedCheckpointIsSaidToBeDerivedAndIsReplaced) {
  const std::string file = FlipAByteInTheTableOf("checkpoint");
  Open();
  EXPECT_THAT(store().ReadCheckpointHeader(), StatusIs(kDataLoss, AllOf(HasSubstr(file), HasSubstr("derived"))));
  EXPECT_THAT(ReadParts(store()), StatusIs(kDataLoss, AllOf(HasSubstr(file), HasSubstr("derived"))));
  EXPECT_THAT(store().WriteCheckpoint({}, {}, false), StatusIs(kDataLoss, HasSubstr(file)));
  EXPECT_THAT(ReplayAll(store()), IsOk());
  AppendResults(1);
  WriteCheckpoint(132, {"kent"}, true);
  EXPECT_THAT(ReadParts(store()), IsOk());
  ASSERT_THAT(store().Flush(), IsOk());
  Open();
  EXPECT_THAT(ReadParts(store()), IsOk());
  EXPECT_EQ((*store().ReadCheckpointHeader())->position(), 132);
}

TEST_F(DamageTest, AMissingTableFileIsFoundAndNamed) {
  std::string file;
  {
    RawDatabase raw(StorePath());
    file = raw.TableFiles("log").front();
  }
  fs::remove(file);
  EXPECT_THAT(OpenAt(StorePath()), StatusIs(kDataLoss, HasSubstr(fs::path(file).stem().string())));
}

// With its end the manifest loses all that was ever added to the database, which then looks as if it were being made.
TEST_F(DamageTest, AManifestCutToItsBeginningIsNotTakenForAStoreThatWasNeverFinished) {
  const std::vector<std::string> manifests = FilesStartingWith(StorePath(), "MANIFEST-");
  ASSERT_THAT(manifests, SizeIs(1));
  const std::string whole = ReadFile(manifests[0]);
  const size_t families = whole.find("index");  // Where the second of ours is added.
  ASSERT_NE(families, std::string::npos);
  for (size_t length = 0; length < families; ++length) {
    WriteFile(manifests[0], whole.substr(0, length));
    EXPECT_THAT(OpenAt(StorePath()), StatusIs(kDataLoss, AllOf(HasSubstr(StorePath()), HasSubstr("backup")))) << length;
  }
  WriteFile(manifests[0], whole);
  Open();
  EXPECT_THAT(ReplayAll(store()), IsOk());
}

// Each row changes one record behind the store's back, as no checksum can see.
struct BadRecordCase {
  std::string name;
  std::function<void(RawDatabase&)> spoil;
  std::function<absl::Status(const Store&)> read;
  std::string want;
  friend void PrintTo(const BadRecordCase& row, std::ostream* out) { *out << row.name; }
};

class ARecordThatIsNoneIsDataLoss : public DamageTest, public testing::WithParamInterface<BadRecordCase> {};

TEST_P(ARecordThatIsNoneIsDataLoss, AndItsPlaceIsNamed) {
  {
    RawDatabase raw(StorePath());
    GetParam().spoil(raw);
  }
  const auto opened = OpenAt(StorePath());
  const absl::Status status = opened.ok() ? GetParam().read(**opened) : opened.status();
  EXPECT_THAT(status, StatusIs(kDataLoss, AllOf(HasSubstr(StorePath()), HasSubstr(GetParam().want))));
}

absl::Status ReadPosition65(const Store& store) { return store.ReadEntries({65}).status(); }
absl::Status ReadOperations(const Store& store) { return store.ReadOperations().status(); }
absl::Status ReadHeader(const Store& store) { return store.ReadCheckpointHeader().status(); }

std::vector<BadRecordCase> BadRecords() {
  const std::string chunk = Chunk(65, 36);
  CheckpointHeaderRecord header;
  header.header.set_position(132);
  return {
      {"AHoleInTheLog", [](auto& raw) { raw.Delete("log", KeyBytes(65)); }, ReplayAll, "position 65"},
      {"AHoleInTheLogReadByPosition", [](auto& raw) { raw.Delete("log", KeyBytes(65)); }, ReadPosition65,
       "position 65"},
      {"TheBeginningOfTheLog", [](auto& raw) { raw.Delete("log", KeyBytes(1)); }, ReplayAll, "position 1 "},
      {"AnEntryTooFew", [](auto& raw) { raw.Put("log", KeyBytes(65), Chunk(65, 35)); }, ReplayAll, "position 100"},
      {"AnEntryTooMany", [](auto& raw) { raw.Put("log", KeyBytes(65), Chunk(65, 37)); }, ReplayAll, "position 102"},
      {"AChunkAtAnotherPlace", [=](auto& raw) { raw.Put("log", KeyBytes(66), chunk); }, ReplayAll, "position 101"},
      {"AnAcceptTimeThatFalls", [](auto& raw) { raw.Put("log", KeyBytes(65), Chunk(65, 36, 1)); }, ReplayAll,
       "accept time"},
      {"AChunkThatIsNone", [](auto& raw) { raw.Put("log", KeyBytes(65), "garbage"); }, ReplayAll, "position 65"},
      {"AnEmptyChunk", [](auto& raw) { raw.Put("log", KeyBytes(65), ""); }, ReadPosition65, "position 65"},
      {"AnEntryThatIsNone",
       [](auto& raw) {
         std::string bytes = Chunk(65, 1);
         bytes[bytes.find('\x0a')] = '\x1a';
         raw.Put("log", KeyBytes(65), bytes);
       },
       ReadPosition65, "position 65"},
      {"ARevisionOfWhatIsNotThere",
       [](auto& raw) { raw.Put("log", KeyBytes(131), ChunkOf({RevisionEntry("op", "kent", "a", 2, 7)})); }, ReplayAll,
       "position 131 is damaged: it replaces"},
      {"ARevisionOfAnotherResult",
       [](auto& raw) { raw.Put("log", KeyBytes(131), ChunkOf({RevisionEntry("op", "thames-valley", "8", 2, 7)})); },
       ReplayAll, "position 131 is damaged: it replaces"},
      {"AResultWithoutForce", [](auto& raw) { raw.Put("log", KeyBytes(131), ChunkOf({ResultEntry("op", "", "a")})); },
       ReplayAll, "position 131 is damaged: force"},
      {"ALogKeyThatIsNone", [=](auto& raw) { raw.Put("log", "zzz", chunk); }, ReplayAll, "key of a position"},
      {"TheLastChunk", [](auto& raw) { raw.Put("log", KeyBytes(131), "garbage"); }, ReplayAll, "position 131"},
      {"AnOperationThatIsNone", [](auto& raw) { raw.Put("operation", "op", "\xff"); }, ReadOperations, "key 'op'"},
      {"AnotherOperation", [](auto& raw) { raw.Put("operation", "op-2", ""); }, ReadOperations, "key 'op-2'"},
      {"AnOperationKeyThatIsNone", [](auto& raw) { raw.Put("operation", std::string("o\0p", 3), ""); }, ReadOperations,
       "column family 'operation'"},
      {"ACheckpointHeaderThatIsNone", [](auto& raw) { raw.Put("checkpoint", "H", "garbage"); }, ReadHeader, "derived"},
      {"ACheckpointPartThatIsNone", [](auto& raw) { raw.Put("checkpoint", std::string("Pop\0kent", 8), "garbage"); },
       ReadParts, "derived"},
      {"ACheckpointKeyThatIsNone", [](auto& raw) { raw.Put("checkpoint", "X", ""); }, ReadParts,
       "column family 'checkpoint'"},
      {"AMissingCheckpointPart", [](auto& raw) { raw.Delete("checkpoint", std::string("Pop\0kent", 8)); }, ReadParts,
       "part is missing"},
      {"AnOldCheckpointPart",
       [](auto& raw) { raw.Put("checkpoint", std::string("Pop\0surrey", 10), EncodeCheckpointPartRecord(100, {})); },
       ReadParts, "older"},
      {"AMissingCheckpointHeader", [](auto& raw) { raw.Delete("checkpoint", "H"); }, ReadParts, "part is missing"},
      {"ACheckpointOfALaterLog", [=](auto& raw) { raw.Put("checkpoint", "H", EncodeCheckpointHeaderRecord(header)); },
       [](const Store&) { return absl::OkStatus(); }, "ends at position 131"},
  };
}

INSTANTIATE_TEST_SUITE_P(Records, ARecordThatIsNoneIsDataLoss, testing::ValuesIn(BadRecords()),
                         [](const auto& row) { return row.param.name; });

// A store with groups of 10, 20, 300 and 40 results in its write-ahead log, the third longer than one block of it.
class WriteAheadLogTest : public StoreTest {
 protected:
  void SetUp() override {
    Open();
    for (const int count : {10, 20, 300, 40}) {
      AppendResults(count);
      lengths_.push_back(fs::file_size(FilesEndingIn(StorePath(), ".log").back()));
      marks_.push_back(ReadFile(MarkOf(StorePath())));
    }
    ASSERT_THAT(FilesEndingIn(StorePath(), ".log"), SizeIs(1));
  }

  static std::string MarkOf(const std::string& folder) { return absl::StrCat(folder, "/", kPositionMarkFile); }

  // A copy as a kill leaves it; returns the path of its write-ahead log too.
  std::pair<std::string, std::string> Copy(int number) {
    const std::string copy = CopyAsKilled(absl::StrCat("copy-", number));
    return {copy, FilesEndingIn(copy, ".log").back()};
  }

  const std::vector<LogPosition> ends_ = {10, 30, 330, 370};  // Last position of each group.
  std::vector<uint64_t> lengths_;                             // Of the write-ahead log after each group.
  std::vector<std::string> marks_;                            // The file POSITION after each group.
};

// The process was killed before the group was synced, and so before its mark was written.
TEST_F(WriteAheadLogTest, ATornTailLosesTheUnfinishedGroupWholeAndNothingElse) {
  int number = 0;
  for (size_t group = 1; group < ends_.size(); ++group) {
    const uint64_t begin = lengths_[group - 1];
    const uint64_t end = lengths_[group];
    for (const uint64_t length : {begin, begin + 1, begin + 7, (begin + end) / 2, end - 1}) {
      const auto [copy, log] = Copy(++number);
      fs::resize_file(log, length);
      WriteFile(MarkOf(copy), marks_[group - 1]);
      {
        const auto opened = OpenAt(copy);
        ASSERT_THAT(opened, IsOk()) << "cut at " << length;
        EXPECT_EQ((*opened)->last_position(), ends_[group - 1]);
        EXPECT_THAT(ReplayAll(**opened), IsOk());
        const std::string next = absl::StrCat(ends_[group - 1] + 1);
        const auto newest = (*opened)->ReadNewest({ResultKey{"op", "thames-valley", next}});
        ASSERT_THAT(newest, IsOk());
        EXPECT_FALSE(newest->front().has_value());
        const EncodedEntries again({ResultEntry("op", "thames-valley", next)});
        EXPECT_THAT((*opened)->Append(GroupOf(ends_[group - 1] + 1, 1'700'000'000'000'000, again)), IsOk());
      }
      EXPECT_EQ((*OpenAt(copy))->last_position(), ends_[group - 1] + 1);
    }
  }
}

// What is cut off was acknowledged. The write-ahead log alone looks like that of a store that never wrote it.
TEST_F(WriteAheadLogTest, ALostTailThatWasAcknowledgedKeepsTheStoreClosed) {
  int number = 0;
  for (size_t group = 1; group < ends_.size(); ++group) {
    for (const uint64_t length : {lengths_[group - 1], lengths_[group] - 1}) {
      const auto [copy, log] = Copy(++number);
      fs::resize_file(log, length);
      WriteFile(MarkOf(copy), marks_[group]);
      for (int times = 0; times < 2; ++times) {  // The first attempt must not make the second one succeed.
        EXPECT_THAT(OpenAt(copy), StatusIs(kDataLoss, AllOf(HasSubstr(copy), HasSubstr("backup"),
                                                            HasSubstr(absl::StrCat("position ", ends_[group - 1], ",")),
                                                            HasSubstr(absl::StrCat("up to ", ends_[group])))))
            << "cut at " << length;
      }
    }
  }
}

TEST_F(WriteAheadLogTest, AWriteAheadLogThatIsGoneKeepsTheStoreClosed) {
  {
    const auto [copy, log] = Copy(1);
    fs::resize_file(log, 0);
    EXPECT_THAT(OpenAt(copy), StatusIs(kDataLoss, AllOf(HasSubstr("position 0"), HasSubstr("up to 370"))));
  }
  {
    const auto [copy, log] = Copy(2);
    fs::remove(log);
    EXPECT_THAT(OpenAt(copy), StatusIs(kDataLoss, AllOf(HasSubstr("position 0"), HasSubstr("up to 370"))));
  }
}

// A power cut may leave any earlier mark, or none: the log is what it is.
TEST_F(WriteAheadLogTest, AMarkThatIsBehindTheLogIsNoProblem) {
  int number = 0;
  for (const std::string& mark : {marks_[0], marks_[2], std::string()}) {
    const std::string copy = Copy(++number).first;
    WriteFile(MarkOf(copy), mark);
    const auto opened = OpenAt(copy);
    ASSERT_THAT(opened, IsOk());
    EXPECT_EQ((*opened)->last_position(), 370);
  }
  const std::string copy = Copy(++number).first;
  fs::remove(MarkOf(copy));
  EXPECT_THAT(OpenAt(copy), IsOk());
}

TEST_F(WriteAheadLogTest, AFlippedByteKeepsTheStoreClosed) {
  int number = 0;
  for (const uint64_t offset : {lengths_[0] - 20, lengths_[1] - 20, lengths_[2] - 20, lengths_[3] - 1}) {
    const auto [copy, log] = Copy(++number);
    FlipByte(log, offset);
    EXPECT_THAT(OpenAt(copy), StatusIs(kDataLoss, AllOf(HasSubstr(copy), HasSubstr("backup")))) << offset;
  }
}

TEST_F(WriteAheadLogTest, ZeroesInTheMiddleKeepTheStoreClosed) {
  const auto [copy, log] = Copy(1);
  std::string bytes = ReadFile(log);
  bytes.replace(lengths_[0], lengths_[1] - lengths_[0], lengths_[1] - lengths_[0], '\0');
  WriteFile(log, bytes);
  EXPECT_THAT(OpenAt(copy), StatusIs(kDataLoss, AllOf(HasSubstr(copy), HasSubstr("backup"))));
}

// A file of the write-ahead log that is not the last one ends early. RocksDB takes that for a torn tail.
TEST_F(StoreTest, AHoleInTheWriteAheadLogKeepsTheStoreClosed) {
  Open();
  Close();
  const std::string copy = Path("copy");
  {
    RawDatabase raw(StorePath());
    raw.Put("log", KeyBytes(1), Chunk(1, 10));
    raw.Put("log", KeyBytes(11), Chunk(11, 10));
    raw.Put("operation", "op", "");
    raw.Flush("operation");
    raw.Put("log", KeyBytes(21), Chunk(21, 10));
    fs::create_directory(copy);
    for (const auto& [name, size] : FilesOf(StorePath())) {
      if (name != "LOCK") fs::copy(absl::StrCat(StorePath(), "/", name), absl::StrCat(copy, "/", name));
    }
  }
  const std::vector<std::string> logs = FilesEndingIn(copy, ".log");
  ASSERT_THAT(logs, SizeIs(2));
  fs::resize_file(logs[0], fs::file_size(logs[0]) - 100);
  EXPECT_THAT(OpenAt(copy), StatusIs(kDataLoss, HasSubstr("position 20")));
}

// What is recovered must go on where the table files end.
TEST_F(StoreTest, ALostBeginningOfTheWriteAheadLogKeepsTheStoreClosed) {
  for (const LogPosition lost : {1, 11}) {
    const std::string folder = Path(absl::StrCat("lost-", lost));
    { ASSERT_THAT(OpenAt(folder), IsOk()); }
    {
      RawDatabase raw(folder);
      if (lost > 1) {
        raw.Put("log", KeyBytes(1), Chunk(1, 10));
        raw.Flush("log");
      }
      raw.Put("log", KeyBytes(lost + 10), Chunk(lost + 10, 10));
    }
    EXPECT_THAT(OpenAt(folder), StatusIs(kDataLoss, HasSubstr(absl::StrCat("position ", lost + 9))));
  }
}

// A disk that can be told to fail: writing or syncing of whatever is open for writing, or writing of the mark alone.
class FailingFileSystem : public rocksdb::FileSystemWrapper {
 public:
  explicit FailingFileSystem(const std::shared_ptr<rocksdb::FileSystem>& target) : FileSystemWrapper(target) {}
  const char* Name() const override { return "FailingFileSystem"; }

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* debug) override {
    rocksdb::IOStatus opened = target()->NewWritableFile(name, options, result, debug);
    if (opened.ok()) *result = std::make_unique<File>(*this, std::move(*result));
    return opened;
  }

  rocksdb::IOStatus NewRandomRWFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSRandomRWFile>* result,
                                    rocksdb::IODebugContext* debug) override {
    rocksdb::IOStatus opened = target()->NewRandomRWFile(name, options, result, debug);
    if (opened.ok()) *result = std::make_unique<RandomFile>(*this, std::move(*result));
    return opened;
  }

  void FailRandomWrites(const rocksdb::IOStatus& status) {
    failure_ = status;
    fail_random_writes_ = true;
  }
  void FailWrites(const rocksdb::IOStatus& status) {
    failure_ = status;
    fail_writes_ = true;
  }
  void FailSyncs(const rocksdb::IOStatus& status) {
    failure_ = status;
    fail_syncs_ = true;
  }
  void Mend() {
    fail_writes_ = false;
    fail_syncs_ = false;
    fail_random_writes_ = false;
  }

 private:
  class File : public rocksdb::FSWritableFileOwnerWrapper {
   public:
    File(FailingFileSystem& disk, std::unique_ptr<rocksdb::FSWritableFile>&& target)
        : FSWritableFileOwnerWrapper(std::move(target)), disk_(disk) {}
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* debug) override {
      return disk_.fail_writes_ ? disk_.failure_ : target()->Append(data, options, debug);
    }
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             const rocksdb::DataVerificationInfo& info, rocksdb::IODebugContext* debug) override {
      return disk_.fail_writes_ ? disk_.failure_ : target()->Append(data, options, info, debug);
    }
    rocksdb::IOStatus Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override {
      return disk_.fail_syncs_ ? disk_.failure_ : target()->Sync(options, debug);
    }

   private:
    FailingFileSystem& disk_;
  };

  class RandomFile : public rocksdb::FSRandomRWFileOwnerWrapper {
   public:
    RandomFile(FailingFileSystem& disk, std::unique_ptr<rocksdb::FSRandomRWFile>&& target)
        : FSRandomRWFileOwnerWrapper(std::move(target)), disk_(disk) {}
    rocksdb::IOStatus Write(uint64_t offset, const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                            rocksdb::IODebugContext* debug) override {
      return disk_.fail_random_writes_ ? disk_.failure_ : target()->Write(offset, data, options, debug);
    }

   private:
    FailingFileSystem& disk_;
  };

  std::atomic<bool> fail_writes_ = false;
  std::atomic<bool> fail_syncs_ = false;
  std::atomic<bool> fail_random_writes_ = false;
  rocksdb::IOStatus failure_;  // Set before either is.
};

class FailingDiskTest : public StoreTest {
 protected:
  void OpenOnFailingDisk() {
    store_.reset();
    auto opened = OpenAt(StorePath(), environment_.get());
    ASSERT_THAT(opened, IsOk());
    store_ = *std::move(opened);
  }

  absl::Status Append() {
    const LogPosition position = store_->last_position() + 1;
    const EncodedEntries entries({ResultEntry("op", "kent", absl::StrCat(position))});
    return store_->Append(GroupOf(position, position, entries));
  }

  // What follows the first failure, whatever it was.
  void ExpectStoppedForWritesOnly(LogPosition last) {
    EXPECT_THAT(Append(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("until it is opened again")));
    EXPECT_THAT(store_->WriteCheckpoint({}, {}, false), StatusIs(absl::StatusCode::kUnavailable, _));
    EXPECT_THAT(store_->Flush(), StatusIs(absl::StatusCode::kUnavailable, _));
    EXPECT_EQ(store_->last_position(), last);
    EXPECT_THAT(ReplayAll(*store_), IsOk());
    EXPECT_THAT(store_->ReadEntries({last}), IsOk());
    // Nothing of the group that failed is seen.
    const std::string ids[] = {absl::StrCat(last), absl::StrCat(last + 1)};
    const auto newest = store_->ReadNewest({ResultKey{"op", "kent", ids[0]}, ResultKey{"op", "kent", ids[1]}});
    ASSERT_THAT(newest, IsOk());
    ASSERT_TRUE((*newest)[0].has_value());
    EXPECT_EQ((*newest)[0]->position, last);
    EXPECT_FALSE((*newest)[1].has_value());
    const auto listed = store_->ListNewest("op", "kent", 0, 10);
    ASSERT_THAT(listed, IsOk());
    EXPECT_THAT(*listed, SizeIs(static_cast<size_t>(last)));
  }

  // Whatever the failed group left, acknowledged ones are there and the store goes on.
  void ExpectGoodAfterReopening(LogPosition acknowledged) {
    OpenOnFailingDisk();
    EXPECT_GE(store_->last_position(), acknowledged);
    EXPECT_LE(store_->last_position(), acknowledged + 1);
    EXPECT_THAT(ReplayAll(*store_), IsOk());
    EXPECT_THAT(Append(), IsOk());
  }

  std::shared_ptr<FailingFileSystem> disk_ = std::make_shared<FailingFileSystem>(rocksdb::FileSystem::Default());
  std::unique_ptr<rocksdb::Env> environment_ = rocksdb::NewCompositeEnv(disk_);
  std::unique_ptr<Store> store_;
};

TEST_F(FailingDiskTest, AfterAFailedSyncNothingMoreIsWritten) {
  OpenOnFailingDisk();
  ASSERT_THAT(Append(), IsOk());
  ASSERT_THAT(Append(), IsOk());
  disk_->FailSyncs(rocksdb::IOStatus::IOError("sync failed"));
  EXPECT_THAT(Append(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("sync failed")));
  disk_->Mend();
  ExpectStoppedForWritesOnly(2);
  ExpectGoodAfterReopening(2);
}

TEST_F(FailingDiskTest, AfterAFailedWriteNothingMoreIsWritten) {
  OpenOnFailingDisk();
  ASSERT_THAT(Append(), IsOk());
  disk_->FailWrites(rocksdb::IOStatus::IOError("write failed"));
  EXPECT_THAT(Append(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("write failed")));
  disk_->Mend();
  ExpectStoppedForWritesOnly(1);
  ExpectGoodAfterReopening(1);
}

// The group is on disk, but its loss would not be noticed: it is not acknowledged.
TEST_F(FailingDiskTest, AfterAMarkThatCannotBeWrittenNothingMoreIsWritten) {
  OpenOnFailingDisk();
  ASSERT_THAT(Append(), IsOk());
  disk_->FailRandomWrites(rocksdb::IOStatus::IOError("mark failed"));
  EXPECT_THAT(Append(), StatusIs(absl::StatusCode::kUnavailable,
                                 AllOf(HasSubstr("mark failed"), HasSubstr(std::string(kPositionMarkFile)))));
  disk_->Mend();
  ExpectStoppedForWritesOnly(1);
  ExpectGoodAfterReopening(1);
}

TEST_F(FailingDiskTest, AFullDiskIsSaidToBeFull) {
  OpenOnFailingDisk();
  ASSERT_THAT(Append(), IsOk());
  disk_->FailWrites(rocksdb::IOStatus::NoSpace("full"));
  EXPECT_THAT(Append(), StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("full")));
  disk_->Mend();
  ExpectStoppedForWritesOnly(1);
  ExpectGoodAfterReopening(1);
}

// The write-ahead log is one: what a checkpoint did to it is not known either.
TEST_F(FailingDiskTest, AFailedCheckpointStopsWritesToo) {
  OpenOnFailingDisk();
  ASSERT_THAT(Append(), IsOk());
  disk_->FailSyncs(rocksdb::IOStatus::IOError("sync failed"));
  EXPECT_THAT(store_->WriteCheckpoint({}, {}, false), StatusIs(absl::StatusCode::kUnavailable, _));
  disk_->Mend();
  ExpectStoppedForWritesOnly(1);
  ExpectGoodAfterReopening(1);
}

}  // namespace
}  // namespace muster
