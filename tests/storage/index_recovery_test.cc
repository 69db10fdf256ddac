// The index that is kept on disk: read at a start, and made again from the log when it is not what it should be.
#include <filesystem>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/store/v1/index.pb.h"
#include "storage/keys.h"
#include "storage/log_chunk.h"
#include "storage/position_mark.h"
#include "storage/store.h"
#include "tests/storage/colliding_keys.h"
#include "tests/storage/store_fixture.h"

namespace muster {
namespace {

namespace fs = std::filesystem;
using store::v1::IndexRun;
using store::v1::LogEntry;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr absl::StatusCode kDataLoss = absl::StatusCode::kDataLoss;

// Entries from which on a run is written, with the next group.
constexpr int kRunEntries = 16'384;
constexpr LogPosition kFirst[] = {1, kRunEntries + 1, 2 * kRunEntries + 1};  // Of each run.
constexpr LogPosition kEndOfRuns = 3 * kRunEntries;

std::string KeyBytes(LogPosition position) {
  const std::array<char, kPositionKeyBytes> key = EncodePositionKey(position);
  return std::string(key.data(), key.size());
}

IndexRun ReadRun(RawDatabase& raw, LogPosition first) {
  IndexRun run;
  EXPECT_TRUE(run.ParseFromString(raw.ReadAll("index")[KeyBytes(first)]));
  return run;
}

void PutRun(RawDatabase& raw, LogPosition first, const IndexRun& run) {
  raw.Put("index", KeyBytes(first), run.SerializeAsString());
}

absl::StatusOr<std::unique_ptr<Store>> OpenAt(const std::string& directory) {
  StoreOptions options;
  options.directory = directory;
  return Store::Open(options);
}

// A store of three runs and five entries that are in no run. Closed.
class IndexRecoveryTest : public StoreTest {
 protected:
  void SetUp() override {
    Open();
    for (int run = 0; run < 3; ++run) AppendResults(kRunEntries);
    AppendGroup({RevisionEntry("op", "thames-valley", "7", 2, 7), OperationEntry("op", "Title"),
                 ResultEntry("op", "kent", "a"), RevisionEntry("op", "thames-valley", "20000", 2, 20'000),
                 RevisionEntry("op", "thames-valley", "49152", 2, 49'152)});
    Close();
  }

  // Opens the store and looks for every result.
  void ExpectWhole() {
    Open();
    if (HasFatalFailure()) return;
    ASSERT_EQ(store().last_position(), kEndOfRuns + 5);
    std::vector<std::string> ids;
    for (LogPosition id = 1; id <= kEndOfRuns + 1; ++id) ids.push_back(absl::StrCat(id));
    std::vector<ResultKey> keys;
    keys.reserve(ids.size());
    for (const std::string& id : ids) keys.push_back({"op", "thames-valley", id});
    const auto newest = store().ReadNewest(keys);
    ASSERT_THAT(newest, IsOk());
    for (LogPosition id = 1; id <= kEndOfRuns; ++id) {
      const std::optional<LoggedEntry>& entry = (*newest)[static_cast<size_t>(id) - 1];
      ASSERT_TRUE(entry.has_value()) << id;
      const LogPosition want = id == 7        ? kEndOfRuns + 1
                               : id == 20'000 ? kEndOfRuns + 4
                               : id == 49'152 ? kEndOfRuns + 5
                                              : id;
      ASSERT_EQ(entry->position, want) << id;
    }
    EXPECT_FALSE(newest->back().has_value());
    EXPECT_EQ(NewestPosition("op", "kent", "a"), kEndOfRuns + 3);
    const auto list = [this](absl::string_view force, LogPosition after) {
      return ListPositions("op", force, after, 3);
    };
    EXPECT_THAT(list("thames-valley", 5), ElementsAre(6, 8, 9));
    EXPECT_THAT(list("thames-valley", 19'998), ElementsAre(19'999, 20'001, 20'002));
    EXPECT_THAT(list("thames-valley", kEndOfRuns - 1), ElementsAre(kEndOfRuns + 1, kEndOfRuns + 4, kEndOfRuns + 5));
    EXPECT_THAT(list("kent", 0), ElementsAre(kEndOfRuns + 3));
    Close();
  }

  // What is kept must follow each other from position 1, and leave little to be read from the log at the next start.
  void ExpectKept() {
    RawDatabase raw(StorePath());
    LogPosition next = 1;
    for (const auto& [key, value] : raw.ReadAll("index")) {
      IndexRun run;
      ASSERT_TRUE(run.ParseFromString(value));
      EXPECT_EQ(run.first_position(), next);
      EXPECT_EQ(key, KeyBytes(next));
      EXPECT_LE(run.fingerprints_size(), kRunEntries);
      next += run.fingerprints_size();
    }
    EXPECT_EQ(next, kEndOfRuns + 1);
  }
};

// Each row changes what is kept behind the store's back.
struct BadIndexCase {
  std::string name;
  std::function<void(RawDatabase&)> spoil;
  friend void PrintTo(const BadIndexCase& row, std::ostream* out) { *out << row.name; }
};

class AnIndexIsMadeAgain : public IndexRecoveryTest, public testing::WithParamInterface<BadIndexCase> {};

TEST_P(AnIndexIsMadeAgain, AndEveryResultIsFoundAndItIsKept) {
  {
    RawDatabase raw(StorePath());
    GetParam().spoil(raw);
  }
  ExpectWhole();
  ExpectKept();
  ExpectWhole();
}

INSTANTIATE_TEST_SUITE_P(
    Runs, AnIndexIsMadeAgain,
    testing::ValuesIn<BadIndexCase>({
        {"UnlessItIsAsItShouldBe", [](auto&) {}},
        {"TheFirstRunIsMissing", [](auto& raw) { raw.Delete("index", KeyBytes(kFirst[0])); }},
        {"AMiddleRunIsMissing", [](auto& raw) { raw.Delete("index", KeyBytes(kFirst[1])); }},
        {"TheLastRunIsMissing", [](auto& raw) { raw.Delete("index", KeyBytes(kFirst[2])); }},
        {"AllRunsAreMissing",
         [](auto& raw) {
           for (const LogPosition first : kFirst) raw.Delete("index", KeyBytes(first));
         }},
        {"TheFamilyIsMissing", [](auto& raw) { raw.Drop("index"); }},
        {"TheFirstRunIsNone", [](auto& raw) { raw.Put("index", KeyBytes(kFirst[0]), "garbage"); }},
        {"TheLastRunIsNone", [](auto& raw) { raw.Put("index", KeyBytes(kFirst[2]), "garbage"); }},
        {"ARunIsEmpty", [](auto& raw) { raw.Put("index", KeyBytes(kFirst[1]), ""); }},
        {"ARunIsCutOff",
         [](auto& raw) {
           const std::string bytes = ReadRun(raw, kFirst[1]).SerializeAsString();
           raw.Put("index", KeyBytes(kFirst[1]), bytes.substr(0, bytes.size() / 2));
         }},
        {"ARunIsAnEntryShort",
         [](auto& raw) {
           IndexRun run = ReadRun(raw, kFirst[1]);
           run.mutable_fingerprints()->RemoveLast();
           run.mutable_force_indexes()->RemoveLast();
           PutRun(raw, kFirst[1], run);
         }},
        {"ARunIsAnEntryLong",
         [](auto& raw) {
           IndexRun run = ReadRun(raw, kFirst[1]);
           run.add_fingerprints(1);
           run.add_force_indexes(0);
           PutRun(raw, kFirst[1], run);
         }},
        {"TwoRunsChangedPlaces",
         [](auto& raw) {
           const IndexRun run = ReadRun(raw, kFirst[0]);
           PutRun(raw, kFirst[0], ReadRun(raw, kFirst[1]));
           PutRun(raw, kFirst[1], run);
         }},
        {"ARunIsThereTwice", [](auto& raw) { PutRun(raw, kFirst[1] + 5, ReadRun(raw, kFirst[1])); }},
        {"ARunOfEarlierEntriesFollowsTheLast", [](auto& raw) { PutRun(raw, kEndOfRuns + 1, ReadRun(raw, kFirst[0])); }},
        {"AKeyIsNone", [](auto& raw) { raw.Put("index", "zzz", "garbage"); }},
        {"AResultIsUnderAnotherFingerprint",
         [](auto& raw) {
           IndexRun run = ReadRun(raw, kFirst[0]);
           run.set_fingerprints(6, ~run.fingerprints(6));  // What the log replaces later is not there.
           PutRun(raw, kFirst[0], run);
         }},
    }),
    [](const auto& row) { return row.param.name; });

TEST_F(IndexRecoveryTest, AFlippedByteInATableOfTheIndexMakesItAgain) {
  std::vector<std::string> files;
  {
    RawDatabase raw(StorePath());
    files = raw.TableFiles("index");
  }
  ASSERT_THAT(files, SizeIs(1));
  FlipByte(files[0], 100'000);
  ExpectWhole();
  ExpectKept();
  ExpectWhole();
}

// RocksDB opens every table file before anything can be said about what is in it.
TEST_F(IndexRecoveryTest, AMissingTableFileOfTheIndexKeepsTheStoreClosed) {
  std::vector<std::string> files;
  {
    RawDatabase raw(StorePath());
    files = raw.TableFiles("index");
  }
  ASSERT_THAT(files, SizeIs(1));
  fs::remove(files[0]);
  EXPECT_THAT(OpenAt(StorePath()), StatusIs(kDataLoss, HasSubstr(fs::path(files[0]).stem().string())));
}

// A run is written after the entries that it speaks of are on disk. One that knows later entries than the log has says
// that the log lost them.
TEST_F(IndexRecoveryTest, AnIndexThatGoesBeyondTheLogKeepsTheStoreClosed) {
  {
    RawDatabase raw(StorePath());
    for (const auto& [key, chunk] : raw.ReadAll("log")) {
      if (key > KeyBytes(40'000)) raw.Delete("log", key);
    }
  }
  fs::remove(absl::StrCat(StorePath(), "/", kPositionMarkFile));  // Which would say the same.
  for (int times = 0; times < 2; ++times) {
    EXPECT_THAT(OpenAt(StorePath()), StatusIs(kDataLoss, AllOf(HasSubstr(StorePath()), HasSubstr("the log"),
                                                               HasSubstr(absl::StrCat(kEndOfRuns)))));
  }
}

// The log is not read at a start where it is indexed: what is wrong there is found when it is asked for.
TEST_F(IndexRecoveryTest, ADamagedLogIsFoundThroughTheIndex) {
  {
    RawDatabase raw(StorePath());
    raw.Put("log", KeyBytes(65), "garbage");
  }
  Open();
  EXPECT_THAT(store().ReadNewest({ResultKey{"op", "thames-valley", "66"}}),
              StatusIs(kDataLoss, HasSubstr("position 65")));
  EXPECT_THAT(store().ListNewest("op", "thames-valley", 70, 1), StatusIs(kDataLoss, HasSubstr("position 65")));
  EXPECT_EQ(NewestPosition("op", "thames-valley", "64"), 64);
  AppendResults(1);
}

// No checksum sees it, and nothing at a start: but what is found is not what was looked for.
TEST_F(IndexRecoveryTest, AFingerprintThatLeadsToAnotherResultIsDataLoss) {
  {
    RawDatabase raw(StorePath());
    IndexRun run = ReadRun(raw, kFirst[0]);
    const uint64_t fingerprint = run.fingerprints(9);
    run.set_fingerprints(9, run.fingerprints(10));
    run.set_fingerprints(10, fingerprint);
    PutRun(raw, kFirst[0], run);
  }
  Open();
  for (const absl::string_view id : {"10", "11"}) {
    EXPECT_THAT(store().ReadNewest({ResultKey{"op", "thames-valley", id}}),
                StatusIs(kDataLoss, AllOf(HasSubstr("the index"), HasSubstr(StorePath()), HasSubstr("derived"))));
  }
  EXPECT_EQ(NewestPosition("op", "thames-valley", "12"), 12);
}

TEST_F(IndexRecoveryTest, AFingerprintThatLeadsToAnOperationIsDataLoss) {
  Open();
  AppendResults(1);
  AppendGroup({OperationEntry("op", "Another title")});
  AppendResults(kRunEntries);
  AppendResults(1);
  Close();
  {
    RawDatabase raw(StorePath());
    const LogPosition operation = kEndOfRuns + 7;
    const LogPosition first = kEndOfRuns + 1;
    IndexRun run = ReadRun(raw, first);
    const int index = static_cast<int>(operation - first);
    ASSERT_EQ(run.fingerprints(index), 0U);
    run.set_fingerprints(index, run.fingerprints(index - 1));
    run.set_fingerprints(index - 1, 0);
    PutRun(raw, first, run);
  }
  Open();
  EXPECT_THAT(store().ReadNewest({ResultKey{"op", "thames-valley", "49158"}}),
              StatusIs(kDataLoss, HasSubstr("the index")));
}

TEST_F(StoreTest, ARunIsKeptWithTheGroupAfterItIsFull) {
  Open();
  int copies = 0;
  const auto runs = [&] {
    std::vector<std::pair<LogPosition, int>> kept;
    RawDatabase raw(CopyAsKilled(absl::StrCat("copy-", ++copies)));
    for (const auto& [key, value] : raw.ReadAll("index")) {
      IndexRun run;
      EXPECT_TRUE(run.ParseFromString(value));
      kept.emplace_back(*DecodePositionKey(key), run.fingerprints_size());
    }
    return kept;
  };
  AppendResults(kRunEntries - 1);
  AppendResults(100);
  EXPECT_THAT(runs(), IsEmpty());
  AppendResults(1);
  EXPECT_THAT(runs(), ElementsAre(std::pair(1, kRunEntries + 99)));
  AppendResults(kRunEntries - 2);
  AppendResults(1);  // The run would have one entry too few.
  EXPECT_THAT(runs(), SizeIs(1));
  AppendResults(1);
  EXPECT_THAT(runs(), ElementsAre(std::pair(1, kRunEntries + 99), std::pair(kRunEntries + 100, kRunEntries)));
}

// Two results that share their first fingerprint.
class CollisionTest : public StoreTest {
 protected:
  void SetUp() override { MakeWithIdentity(kCollisionIdentity); }

  static LogEntry Entry(int which) {
    const ResultKey& key = kCollidingKeys[static_cast<size_t>(which)];
    return ResultEntry(key.operation, key.force, key.result_id);
  }
  static LogEntry Revision(int which, int64_t revision, LogPosition replaced_position) {
    const ResultKey& key = kCollidingKeys[static_cast<size_t>(which)];
    return RevisionEntry(key.operation, key.force, key.result_id, revision, replaced_position);
  }

  // Positions of the newest revisions of both.
  std::vector<LogPosition> Newest() {
    const auto newest = store().ReadNewest(kCollidingKeys);
    EXPECT_THAT(newest, IsOk());
    std::vector<LogPosition> positions;
    for (const std::optional<LoggedEntry>& entry : *newest) positions.push_back(entry ? entry->position : 0);
    return positions;
  }
};

TEST_F(CollisionTest, AResultThatIsNotThereIsNotTakenForTheOther) {
  AppendGroup({Entry(0)});
  EXPECT_THAT(Newest(), ElementsAre(1, 0));
  Open();
  EXPECT_THAT(Newest(), ElementsAre(1, 0));
}

TEST_F(CollisionTest, BothAreKeptApartWhicheverComesFirst) {
  AppendGroup({Entry(1)});
  AppendGroup({Entry(0)});
  EXPECT_THAT(Newest(), ElementsAre(2, 1));
  AppendGroup({Revision(1, 2, 1)});
  EXPECT_THAT(Newest(), ElementsAre(2, 3));
  AppendGroup({Revision(0, 2, 2), Revision(1, 3, 3), Revision(0, 3, 4)});
  for (int times = 0; times < 2; ++times) {
    EXPECT_THAT(Newest(), ElementsAre(6, 5));
    EXPECT_THAT(*store().ListNewest("op", "kent", 0, 10), SizeIs(2));
    Open();
  }
}

TEST_F(CollisionTest, BothAreKeptApartInOneGroup) {
  AppendGroup({Entry(0), Entry(1), Revision(1, 2, 2), Revision(0, 2, 1)});
  for (int times = 0; times < 2; ++times) {
    EXPECT_THAT(Newest(), ElementsAre(4, 3));
    Open();
  }
}

TEST_F(CollisionTest, BothAreKeptApartInARunOfTheIndex) {
  AppendGroup({Entry(0), Entry(1)});
  AppendResults(kRunEntries);
  AppendGroup({Revision(1, 2, 2)});
  Close();
  {
    RawDatabase raw(StorePath());
    ASSERT_THAT(raw.ReadAll("index"), SizeIs(1));
  }
  Open();
  EXPECT_THAT(Newest(), ElementsAre(1, kRunEntries + 3));
  AppendGroup({Revision(0, 2, 1)});
  EXPECT_THAT(Newest(), ElementsAre(kRunEntries + 4, kRunEntries + 3));
}

}  // namespace
}  // namespace muster
